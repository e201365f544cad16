// The one routine that knows where the pointers of an object are. Marker, verifier, barriers and snapshots are visitors.
//
// An object's pointers are described in one of five ways (SlotKind): not at all, by bits in the span's tail, as the single word, by the type in
// the header, or by the type of the large span (blocks: in their header). A type's mask covers its first PtrBytes bytes and repeats every Size bytes: memory
// with a type is an array of values, its tail beyond the last value is zero.

using System.Numerics;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Sees the pointer slots of an object.</summary>
public unsafe interface IPointerVisitor
{
    void Visit(nuint* slot);
}

/// <summary>Where pointers are.</summary>
public static unsafe class ObjectWalk
{
    /// <summary>All pointer slots of the object in a slot of the garbage-collected heap.</summary>
    public static void Pointers<TVisitor>(ref TVisitor visitor, MSpan* span, byte* slot)
        where TVisitor : struct, IPointerVisitor, allows ref struct
    {
        SlotInfo* info = &SlotInfo.Table[span->Class.Value + 1];
        switch (info->Kind)
        {
            case SlotKind.Bits:
                Bits(ref visitor, (nuint*)slot, HeapBits.Get(slot, info->ElemBytes / HeapConsts.PtrBytes));
                break;
            case SlotKind.Word:
                visitor.Visit((nuint*)slot);
                break;
            default:
                TypeDesc* t = TypeOf(span, info->Kind, slot, out byte* start, out nuint bytes);
                if (t != null)
                    Typed(ref visitor, t, start, 0, bytes);
                break;
        }
    }

    /// <summary>The type, start and length of an object that carries its type; null for others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TypeDesc* TypeOf(MSpan* span, SlotKind kind, byte* slot, out byte* start, out nuint bytes)
    {
        start = slot;
        bytes = span->ElemBytes;
        if (kind == SlotKind.Large)
            return span->LargeType;
        if (kind == SlotKind.Block)
        {
            start += Blocks.HeaderBytes;
            bytes = Blocks.BytesOf(slot) - Blocks.HeaderBytes;
            return Blocks.TypeOf(*(ulong*)slot);
        }
        if (kind != SlotKind.Header)
            return null;
        start += HeapConsts.MallocHeaderBytes;
        bytes -= HeapConsts.MallocHeaderBytes;
        return *(TypeDesc**)slot;
    }

    /// <summary>Up to 64 words with their bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bits<TVisitor>(ref TVisitor visitor, nuint* words, ulong mask)
        where TVisitor : struct, IPointerVisitor, allows ref struct
    {
        while (mask != 0)
        {
            visitor.Visit(words + BitOperations.TrailingZeroCount(mask));
            mask &= mask - 1;
        }
    }

    /// <summary>The pointer slots in bytes [from, to) of memory that holds values of type t in a row from <paramref name="start"/>.</summary>
    public static void Typed<TVisitor>(ref TVisitor visitor, TypeDesc* t, byte* start, nuint from, nuint to)
        where TVisitor : struct, IPointerVisitor, allows ref struct
    {
        nuint size = t->Size, pointers = t->PtrBytes;
        if (pointers == 0)
            return;
        ulong* mask = PointerMask.Of(t);
        if (size == HeapConsts.PtrBytes)
        {
            for (nuint* p = (nuint*)(start + from), end = (nuint*)(start + to); p < end; p++)
                visitor.Visit(p);
            return;
        }
        nuint value = from == 0 ? 0 : from - from % size;
        if (pointers <= 64 * HeapConsts.PtrBytes && value == from)
        {
            // Whole values of few words: the common slice of structures.
            ulong bits = *mask;
            for (; value + pointers <= to; value += size)
                Bits(ref visitor, (nuint*)(start + value), bits);
        }
        for (; value < to; value += size)
        {
            nuint low = nuint.Max(from, value) - value, high = nuint.Min(to - value, pointers);
            if (low < high)
                Masked(ref visitor, (nuint*)(start + value), mask, low / HeapConsts.PtrBytes, high / HeapConsts.PtrBytes);
        }
    }

    /// <summary>The words [from, to) of a value, with its mask.</summary>
    public static void Masked<TVisitor>(ref TVisitor visitor, nuint* words, ulong* mask, nuint from, nuint to)
        where TVisitor : struct, IPointerVisitor, allows ref struct
    {
        for (nuint w = from / 64; w * 64 < to; w++)
            Bits(ref visitor, words + w * 64, Clipped(mask, w, from, to));
    }

    /// <summary>Word w of a mask: only its bits in [from, to), which it has some of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Clipped(ulong* mask, nuint w, nuint from, nuint to)
    {
        ulong bits = mask[w];
        if (w == from / 64)
            bits &= ulong.MaxValue << (int)(from % 64);
        if (to - w * 64 < 64)
            bits &= (1UL << (int)(to - w * 64)) - 1;
        return bits;
    }
}

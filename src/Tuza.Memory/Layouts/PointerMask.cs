// Pointer masks of types: one bit per word of the first PtrBytes bytes.
//
// A mask is padded with zero bits to a multiple of 8 bytes, so that it can be read a word at a time. Types with TFlag.GCMaskOnDemand have in
// GCData the address of a slot; the mask is made from the type's structure when somebody needs it first, and put there.

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Reading and making of pointer masks.</summary>
public static unsafe class PointerMask
{
    /// <summary>The mask of a type with pointers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Of(TypeDesc* t) => (t->TFlag & TFlag.GCMaskOnDemand) == 0 ? (ulong*)t->GCData : OnDemand(t);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ulong* OnDemand(TypeDesc* t)
    {
        nuint* slot = (nuint*)t->GCData;
        nuint mask = Volatile.Read(ref *slot);
        if (mask != 0)
            return (ulong*)mask;
        MHeap* h = MHeap.Current;
        nuint words = t->PtrBytes / HeapConsts.PtrBytes;
        var made = (ulong*)h->PersistentAlloc((words + 63) / 64 * 8, 8, &h->Stats.OtherSys);
        Build(t, made, 0);
        // Two threads may both make one; the first stays, the other is a few lost bytes.
        nuint before = Interlocked.CompareExchange(ref *slot, (nuint)made, 0);
        return before != 0 ? (ulong*)before : made;
    }

    /// <summary>Sets the bits of a value of type t at word <paramref name="at"/>.</summary>
    static void Build(TypeDesc* t, ulong* mask, nuint at)
    {
        if (t->PtrBytes == 0)
            return;
        if ((t->TFlag & TFlag.GCMaskOnDemand) == 0)
        {
            var own = (ulong*)t->GCData;
            for (nuint i = 0, n = t->PtrBytes / HeapConsts.PtrBytes; i < n; i++)
            {
                if ((own[i / 64] >> (int)(i % 64) & 1) != 0)
                    mask[(at + i) / 64] |= 1UL << (int)((at + i) % 64);
            }
            return;
        }
        if (t->Kind == Kind.Array)
        {
            var array = (ArrayTypeDesc*)t;
            nuint step = array->Elem->Size / HeapConsts.PtrBytes;
            for (nuint i = 0; i < array->Len; i++)
                Build(array->Elem, mask, at + i * step);
            return;
        }
        if (t->Kind == Kind.Struct)
        {
            GoSlice fields = ((StructTypeDesc*)t)->Fields;
            for (nint i = 0; i < fields.Len; i++)
            {
                StructFieldDesc* f = (StructFieldDesc*)fields.Array + i;
                Build(f->Type, mask, at + f->Offset / HeapConsts.PtrBytes);
            }
            return;
        }
        Fatal.Throw("pointer mask on demand for a type that is neither array nor struct");
    }

    /// <summary>The mask of at most 64 words of values of type t in a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Tile(TypeDesc* t, uint bytes)
    {
        ulong mask = *Of(t);
        return bytes > t->Size ? TileSlow(t, mask, bytes) : mask;
    }

    static ulong TileSlow(TypeDesc* t, ulong mask, uint bytes)
    {
        int words = (int)(bytes / HeapConsts.PtrBytes);
        // Doubles what is there; the last step may write bits beyond the end.
        for (int have = (int)(t->Size / HeapConsts.PtrBytes); have < words; have *= 2)
            mask |= mask << have;
        return words == 64 ? mask : mask & ((1UL << words) - 1);
    }

    /// <summary>Pointer words among the first <paramref name="words"/> of a mask.</summary>
    public static int Count(ulong* mask, nuint words)
    {
        int n = 0;
        for (nuint i = 0; i < words / 64; i++)
            n += BitOperations.PopCount(mask[i]);
        if (words % 64 != 0)
            n += BitOperations.PopCount(mask[words / 64] & ((1UL << (int)(words % 64)) - 1));
        return n;
    }
}

// The write barrier: on while marking runs beside the program.
//
// Hybrid: a store *slot = value into the heap shades the old value (deletion: what the slot was the last to know is not lost) and the new
// one (insertion: a black object never points to a white one that only an unscanned stack knows). Both go into a buffer of the P, whatever
// they are, and the marker takes them from there. Stores to frames have no barrier.
//
// Bulk operations (copy, clear) find the pointers of the memory by its type and record all of them before the memory changes.
//
// With a stop-the-world collector Enabled stays 0 and a barrier costs one test.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Values recorded by the barrier of one P.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct BarrierBuffer
{
    public const int Capacity = 512;

    public int Count;
    int _pad;
    public fixed ulong Values[Capacity];
}

/// <summary>Pointer stores that the collector must see.</summary>
public static unsafe class Barrier
{
    /// <summary>Not 0 while marking runs beside the program. Changes only with the world stopped; emitted code reads it before pointer stores.</summary>
    public static int Enabled;

    /// <summary>*slot = value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WritePointer(MCache* c, void** slot, void* value)
    {
        if (Enabled != 0)
            Record(c, (nuint)(*slot), (nuint)value);
        *slot = value;
    }

    /// <summary>Records the value a slot loses and the one it gets.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Record(MCache* c, nuint oldValue, nuint newValue)
    {
        Add(c, oldValue);
        Add(c, newValue);
    }

    /// <summary>The collector must not lose this object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Shade(MCache* c, void* value)
    {
        if (Enabled != 0)
            Add(c, (nuint)value);
    }

    static void Add(MCache* c, nuint value)
    {
        if (value < HeapConsts.MinLegalPointer)
            return;
        BarrierBuffer* b = &c->Barrier;
        if (b->Count == BarrierBuffer.Capacity)
            c->Heap->Gc.TakeBarrierBuffer(b);
        b->Values[b->Count++] = value;
    }

    // ---- bulk

    readonly ref struct OldValues(MCache* cache) : IPointerVisitor
    {
        readonly MCache* _cache = cache;

        public void Visit(nuint* slot) => Add(_cache, *slot);
    }

    readonly ref struct OldAndNew(MCache* cache, nint toSource) : IPointerVisitor
    {
        readonly MCache* _cache = cache;
        readonly nint _toSource = toSource;

        public void Visit(nuint* slot)
        {
            Add(_cache, *slot);
            Add(_cache, *(nuint*)((byte*)slot + _toSource));
        }
    }

    /// <summary>Before bytes [from, to) of values of type t at dst are overwritten with those at src (null: with zero).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void RecordBulk(MCache* c, TypeDesc* t, byte* dst, byte* src, nuint from, nuint to)
    {
        if (t->PtrBytes == 0 || !IsHeapOrData(dst))
            return;
        if (src == null)
        {
            var old = new OldValues(c);
            ObjectWalk.Typed(ref old, t, dst, from, to);
        }
        else
        {
            var both = new OldAndNew(c, (nint)(src - dst));
            ObjectWalk.Typed(ref both, t, dst, from, to);
        }
    }

    /// <summary>Frames have no barriers: a destination in a manual span (a stack) is skipped.</summary>
    static bool IsHeapOrData(byte* p)
    {
        ulong word = ArenaMap.WordOf((nuint)p);
        return ArenaMap.TagOf(word) != 0 || ArenaMap.SpanOf(word) == null;
    }

    /// <summary>Copies one value.</summary>
    public static void TypedMemMove(MCache* c, TypeDesc* t, void* dst, void* src)
    {
        if (dst == src)
            return;
        if (Enabled != 0)
            RecordBulk(c, t, (byte*)dst, (byte*)src, 0, t->Size);
        Buffer.MemoryCopy(src, dst, t->Size, t->Size);
    }

    /// <summary>Zeroes one value.</summary>
    public static void TypedMemClr(MCache* c, TypeDesc* t, void* p)
    {
        if (Enabled != 0)
            RecordBulk(c, t, (byte*)p, null, 0, t->Size);
        NativeMemory.Clear(p, t->Size);
    }

    /// <summary>Zeroes the bytes [offset, offset + bytes) of a value of which <paramref name="p"/> is the address of the first such byte.</summary>
    public static void TypedMemClrPartial(MCache* c, TypeDesc* t, void* p, nuint offset, nuint bytes)
    {
        if (Enabled != 0)
            RecordBulk(c, t, (byte*)p - offset, null, offset, offset + bytes);
        NativeMemory.Clear(p, bytes);
    }

    /// <summary>Zeroes n values in a row.</summary>
    public static void TypedArrayClear(MCache* c, TypeDesc* t, void* p, nuint n)
    {
        if (Enabled != 0)
            RecordBulk(c, t, (byte*)p, null, 0, t->Size * n);
        NativeMemory.Clear(p, t->Size * n);
    }

    /// <summary>Copies as many values as both sides have room for; returns how many.</summary>
    public static nint TypedSliceCopy(MCache* c, TypeDesc* t, void* dst, nint dstLength, void* src, nint srcLength)
    {
        nint n = dstLength < srcLength ? dstLength : srcLength;
        if (n == 0 || dst == src)
            return n;
        nuint bytes = t->Size * (nuint)n;
        if (Enabled != 0)
            RecordBulk(c, t, (byte*)dst, (byte*)src, 0, bytes);
        Buffer.MemoryCopy(src, dst, bytes, bytes);
        return n;
    }

    /// <summary>Copies n values into fresh zeroed memory: only what is new must be shaded.</summary>
    public static void TypedCopyFresh(MCache* c, TypeDesc* t, void* dst, void* src, nuint bytes)
    {
        if (Enabled != 0 && t->PtrBytes != 0)
        {
            var values = new OldValues(c);
            ObjectWalk.Typed(ref values, t, (byte*)src, 0, bytes);
        }
        Buffer.MemoryCopy(src, dst, bytes, bytes);
    }

    /// <summary>Zeroes memory of the heap whose type is not known to the caller.</summary>
    public static void MemClrHasPointers(MCache* c, void* p, nuint bytes)
    {
        if (Enabled != 0)
            RecordUntyped(c, (nuint)p, bytes);
        NativeMemory.Clear(p, bytes);
    }

    readonly ref struct OldInRange(MCache* cache, nuint low, nuint high) : IPointerVisitor
    {
        readonly MCache* _cache = cache;
        readonly nuint _low = low;
        readonly nuint _high = high;

        public void Visit(nuint* slot)
        {
            if ((nuint)slot >= _low && (nuint)slot < _high)
                Add(_cache, *slot);
        }
    }

    static void RecordUntyped(MCache* c, nuint p, nuint bytes)
    {
        if (!FindObject.Find(p, out FoundObject found))
            return;
        var visitor = new OldInRange(c, p, p + bytes);
        ObjectWalk.Pointers(ref visitor, found.Span, found.Slot);
    }
}

// The write barrier: on while marking runs beside the program.
//
// Three kinds (BarrierKind). Deletion is what a program gets without a choice.
//
// Deletion: a store into the heap or into a data segment records the value that the slot loses. Marking begins with a snapshot: every goroutine's stack is
// scanned before the goroutine runs again (by the collector, or at the latest when it is resumed), new objects are born black. So whatever the
// program can reach later was reachable in the snapshot or is new, and it is marked, as long as no word of the heap loses its value unseen. The value a slot
// gets needs no record: that half of Go's hybrid barrier protects stacks that are not scanned yet, and here there are none that run.
// Stores to frames and to memory that has just been allocated have no barrier.
//
// Hybrid: as Go has it. The first stop scans no stack; every goroutine that runs then scans its own at its next safepoint, and until then the barrier also
// records the value a slot gets. Insertion: only that value is recorded, for the whole cycle; stacks are scanned, and what the runtime holds once
// more, in the last stop. A P whose goroutine has a stack that is not black is grey (MCache.Grey): its objects are born white, so that stores into memory that
// nobody else knows yet need no barrier under any kind.
//
// Emitted code knows deletion alone. Functions with a frame append the old value to the P's buffer by themselves, at MCache.BarrierTop, and call only when
// that buffer is full; under the other kinds BarrierTop stays null, so that they always call, and the buffer ends at MCache.OtherTop.
//
// The values go into a buffer of the P as they are: addresses of objects, of data and, now and then, of stacks. (So no page may be a stack's first and then
// one of objects while marking goes on: see StackAlloc.) Who has filled it marks what it holds, mostly nothing that is not marked yet, and gives what it
// found to the markers: a program that stores much could fill buffers as fast as they are emptied, and marking would not end.
//
// Bulk operations (copy, clear) find the pointers of the memory by its type and record all of them before the memory changes.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Pointer stores that the collector must see.</summary>
public static unsafe class Barrier
{
    /// <summary>Not 0 while marking runs beside the program. Where a program runs only <see cref="Switch"/> writes it, or emitted code would not know.</summary>
    public static int Enabled;

    /// <summary>The same for emitted code, which reads it before pointer stores: at a low address, which an instruction can contain. Null without a program.</summary>
    public static int* EnabledForCode { get; set; }

    /// <summary>Both, with the world stopped.</summary>
    internal static void Switch(int enabled)
    {
        Volatile.Write(ref Enabled, enabled);
        if (EnabledForCode != null)
            Volatile.Write(ref *EnabledForCode, enabled);
    }

    /// <summary>*slot = value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WritePointer(MCache* c, void** slot, void* value)
    {
        if (Enabled != 0)
            Record(c, (nuint)(*slot), (nuint)value);
        *slot = value;
    }

    static BarrierKind s_kind;

    /// <summary>The barrier of all cycles; before the first.</summary>
    public static void Use(MHeap* h, BarrierKind kind) => s_kind = h->Gc.Barrier = kind;

    /// <summary>Records the value a slot loses, and the one it gets when that is not known already.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Record(MCache* c, nuint oldValue, nuint newValue)
    {
        if (s_kind != BarrierKind.Deletion || c == null)
        {
            RecordSlow(c, oldValue, newValue);
            return;
        }
        if (TryRecord(c, oldValue))
            return;
        c->BarrierTop = NextBuffer(c, c->BarrierTop);
        _ = TryRecord(c, oldValue);
    }

    /// <summary>
    /// Records the value a slot loses if there is room, which is almost always: the way of emitted code in functions with a frame, inlined. A call there, taken
    /// or not, would have RyuJIT keep what lives across it in memory. False for whatever needs the call: no room, no buffer yet, no P, another kind of barrier.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRecord(MCache* c, nuint oldValue)
    {
        if (c == null)
            return false;
        nuint* top = c->BarrierTop;
        if (((nuint)top & (WorkBuf.Bytes - 1)) == 0)
            return false;
        // As Add, but nothing branches on the value: it has mostly just been asked of memory that is not in cache, and the processor would go on
        // in a wrong direction for as long as that takes. What it refers to is looked up when the buffer is full.
        *top = oldValue;
        c->BarrierTop = (nuint*)((nuint)top + ((nuint)(-(nint)oldValue) >> 63 << 3));
        return true;
    }

    /// <summary>Where a P's buffer ends; see above.</summary>
    static nuint** TopOf(MCache* c) => s_kind == BarrierKind.Deletion ? &c->BarrierTop : &c->OtherTop;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void RecordSlow(MCache* c, nuint oldValue, nuint newValue)
    {
        if (s_kind != BarrierKind.Insertion)
            Add(c, oldValue);
        if (s_kind != BarrierKind.Deletion && IsGrey(c))
            Add(c, newValue);
    }

    // Without a P: for nobody, or for a goroutine that lost its own.
    static bool IsGrey(MCache* c) => c == null || c->Grey != 0;

    /// <summary>A word gets this value; what it lost is recorded elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ShadeNew(MCache* c, void* value)
    {
        if (Enabled != 0 && s_kind != BarrierKind.Deletion && IsGrey(c))
            Add(c, (nuint)value);
    }

    /// <summary>The goroutine of a grey P is scanned: what it allocates from now on is black. No window may be in use.</summary>
    public static void Blacken(MCache* c)
    {
        if (s_kind != BarrierKind.Hybrid || c->Grey == 0)
            return;
        c->Flush();
        c->Grey = 0;
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
        if (value == 0)
            return;
        if (c == null)
        {
            AddAlone(value);
            return;
        }
        nuint** end = TopOf(c);
        nuint* top = *end;
        if (((nuint)top & (WorkBuf.Bytes - 1)) == 0)
            top = NextBuffer(c, top);
        *top = value;
        *end = top + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static nuint* NextBuffer(MCache* c, nuint* top)
    {
        if (top == null)
            return WorkBuf.Items(c->Heap->Gc.Work.NewBuffer());
        nuint* items = WorkBuf.Items(WorkBuf.Of(top - 1));
        Assist.MarkRecorded(c, items, WorkBuf.Capacity);
        return items;
    }

    /// <summary>From a thread without a P.</summary>
    static void AddAlone(nuint value)
    {
        ref WorkPool pool = ref MHeap.Current->Gc.Work;
        WorkBuf* b = pool.NewBuffer();
        *WorkBuf.Items(b) = value;
        pool.Put(b, 1, raw: true);
    }

    /// <summary>World stopped: gives what the barriers of a P recorded to the markers.</summary>
    public static void Flush(MCache* c)
    {
        nuint** end = TopOf(c);
        nuint* top = *end;
        if (top == null)
            return;
        *end = null;
        WorkBuf* b = WorkBuf.Of(top - 1);
        int count = (int)(top - WorkBuf.Items(b));
        if (count != 0)
            c->Heap->Gc.Work.Put(b, count, raw: true);
        else
            c->Heap->Gc.Work.Free(b);
    }

    // ---- bulk

    readonly ref struct Values(MCache* cache) : IPointerVisitor
    {
        readonly MCache* _cache = cache;

        public void Visit(nuint* slot) => Add(_cache, *slot);
    }

    /// <summary>Before bytes [from, to) of values of type t at dst are overwritten.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void RecordBulk(MCache* c, TypeDesc* t, byte* dst, byte* src, nuint from, nuint to)
    {
        if (t->PtrBytes == 0)
            return;
        var values = new Values(c);
        if (s_kind != BarrierKind.Insertion && IsHeapOrData(dst))
            ObjectWalk.Typed(ref values, t, dst, from, to);
        // Also into another goroutine's frame, which may have been scanned.
        if (src != null && s_kind != BarrierKind.Deletion && IsGrey(c))
            ObjectWalk.Typed(ref values, t, src, from, to);
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

    /// <summary>Copies values into memory that held nothing, or where nothing it held was known to the collector: a fresh object, a frame. Nothing is lost.</summary>
    public static void TypedCopyFresh(void* dst, void* src, nuint bytes) => Buffer.MemoryCopy(src, dst, bytes, bytes);

    /// <summary>Zeroes memory of the heap whose type is not known to the caller.</summary>
    public static void MemClrHasPointers(MCache* c, void* p, nuint bytes)
    {
        if (Enabled != 0 && s_kind != BarrierKind.Insertion)
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

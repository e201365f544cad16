// Marking: from the roots through every pointer to every object that lives.
//
// Idea. What costs is waiting for memory. A pointer that was found is looked up and its mark bit tested and set at once: bits are dense, a line of them
// covers a page of objects. The object's own lines, its words and their pointer bits, are requested and the object goes into a small ring; the
// oldest entry of the ring, whose lines have arrived by now, is scanned. When the ring is full objects go to the mark stack; when it runs low
// it is filled from there. (Measured against bits tested late, and against two rings: a pointer to what is marked already costs least this way.)
//
// Terms. white: mark bit clear. grey: marked, in the ring or on the stack. black: marked and scanned.
//
// Steps for one pointer: (1) slot number by multiplication with the class's magic number; (2) mark bit set already: done; (3) set it; (4) no
// pointers: count its bytes, done; (5) later, visit its pointers. Objects above PieceBytes are scanned in pieces, so that the stack stays short.
//
// Invariants.
//   I1. Only slots below ElemCount are ever marked (an address behind the last slot is a bad pointer).
//   I2. Small objects are handled without touching their MSpan (HeapArena's page word says it all).
//   I3. When Drain returns false ring and stack are empty, and the pool was.
//   I4. While the program runs, it may change any word at any time; what a word loses is recorded by its barrier.
//
// Where objects lie scattered, batches of them are taken step by step (Marker.Scattered.cs).
//
// Several markers work at a time, on buffers of the WorkPool; each is used by one thread.
//
// Differs from Go: no span queue (Green Tea); the rings do for random access what span batches do for dense spans.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>One marking thread's state. Lives from the start of a cycle to its end.</summary>
public unsafe partial struct Marker : IPointerVisitor
{
    const int RingSlots = 64;      // measured 16 .. 128 on random graphs and trees: flat from 32 on
    const int RingLow = 32;
    const int FoundBatch = 16;
    const long PortionBytes = 1 << 20;
    const nuint PieceBytes = 4096;

    static nuint Continue => unchecked((nuint)0x8000_0000_0000_0000);

    /// <summary>A marked object whose lines are on their way.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct Grey
    {
        public byte* Slot;
        public SlotInfo* Info;
    }

    /// <summary>A pointer to an object whose mark bit's line is on its way.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct Found
    {
        public ulong* Mark;
        public byte* Slot;
        public SlotInfo* Info;
        public int Bit;
    }

    Grey* _ring;
    uint _head;            // oldest entry; counts up for ever
    uint _tail;
    HeapArena** _arenas;
    SlotInfo* _slots;
    MHeap* _heap;
    nuint* _top;           // next free place of the top buffer of the mark stack; a buffer is an aligned page, so full and empty show in _top
    WorkBuf* _spare;
    WorkBuf* _ringBuffer;
    long _noScanBytes;
    bool _shared;          // other markers or the program run at the same time

    /// <summary>Bytes of slots marked, since the last <see cref="Publish"/>.</summary>
    public long BytesMarked;

    /// <summary>Bytes of roots scanned: stacks (told by the world), data.</summary>
    public long StackScanBytes;
    public long GlobalsScanBytes;

    /// <summary>shared: mark bits are set by atomic operations.</summary>
    public Marker(MHeap* heap, bool shared = false)
    {
        _heap = heap;
        _shared = shared;
        _arenas = ArenaMap.Table;
        _slots = SlotInfo.Table;
        _ringBuffer = heap->Gc.Work.NewBuffer();
        _ring = (Grey*)WorkBuf.Items(_ringBuffer);
        _top = WorkBuf.Items(heap->Gc.Work.NewBuffer());
    }

    /// <summary>Has its buffers.</summary>
    public readonly bool IsReady => _ringBuffer != null;

    /// <summary>Bytes marked that can hold pointers.</summary>
    public readonly long BytesScanned => BytesMarked - _noScanBytes;

    // ---- roots

    /// <summary>A pointer held outside the heap. Addresses outside the heap are ignored.</summary>
    public void Root(nuint address) => Enqueue(address);

    /// <summary>Memory outside the heap with one bit per word.</summary>
    public void RootBlock(byte* start, ulong* mask, nuint words) => ObjectWalk.Masked(ref this, (nuint*)start, mask, 0, words);

    /// <summary>Memory outside the heap of which every word is a pointer.</summary>
    public void RootRange(nuint* start, nuint words)
    {
        EnqueueMany(start, words, recorded: false);
    }

    /// <summary>Marks what an object points to, but not the object (finalizers).</summary>
    public void RootContents(MSpan* span, byte* slot) => ObjectWalk.Pointers(ref this, span, slot);

    public void Visit(nuint* slot) => Enqueue(*slot);

    // ---- finding

    /// <summary>The entries of a barrier's buffer.</summary>
    void TakeRaw(WorkBuf* b)
    {
        TakeRecorded(WorkBuf.Items(b), b->Count);
        _heap->Gc.Work.Free(b);
    }

    /// <summary>What a barrier recorded.</summary>
    internal void TakeRecorded(nuint* items, int count) => EnqueueMany(items, (nuint)count, recorded: true);

    /// <summary>
    /// Many pointers in a row: the lines of the mark bits of several are requested before the first is looked at. recorded: what is no object (a stack of
    /// then may be pages of objects now, and the reverse) is of no interest.
    /// </summary>
    void EnqueueMany(nuint* words, nuint n, bool recorded)
    {
        Found* found = stackalloc Found[FoundBatch];
        for (nuint from = 0; from < n; from += FoundBatch)
        {
            int count = FindMarks(words + from, (int)nuint.Min(FoundBatch, n - from), found, recorded);
            for (int k = 0; k < count; k++)
            {
                Found* f = found + k;
                ulong bit = 1UL << (f->Bit & 63);
                if ((*f->Mark & bit) != 0)
                    continue;
                if (_shared)
                    Together.Set(f->Mark, bit);
                else
                    Alone.Set(f->Mark, bit);
                TakeGrey(f->Slot, f->Info);
            }
        }
    }

    /// <summary>An object has just been marked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void TakeGrey(byte* slot, SlotInfo* info)
    {
        if (info->Kind == SlotKind.NoScan)
        {
            BytesMarked += info->ElemBytes;
            _noScanBytes += info->ElemBytes;
            return;
        }
        if (_tail - _head >= RingSlots)
        {
            Push((nuint)slot);
            return;
        }
        Request(slot);
        Grey* e = _ring + (_tail++ & (RingSlots - 1));
        e->Slot = slot;
        e->Info = info;
    }

    /// <summary>A pointer was found: request the memory its marking will need, look at it later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Enqueue(nuint address)
    {
        nuint i = address >> HeapConsts.ArenaShift;
        if (i >= ArenaMap.Slots)
            return;
        HeapArena* arena = _arenas[i];
        if (arena != null)
            EnqueueHeap(address, arena);
    }

    /// <summary>The word of an object's mark bit. The bits of a span are with its first page, which may be in the arena before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong* MarkWord(HeapArena* arena, int page, ulong word, uint index)
    {
        ulong* m = (ulong*)ArenaMap.SideOf(arena, page - ArenaMap.PageOf(word)) + (index >> 6);
        return ArenaMap.PageOf(word) > page ? ArenaMap.SpanOf(word)->MarkBits + (index >> 6) : m;
    }

    void EnqueueHeap(nuint address, HeapArena* arena)
    {
        int page = ArenaMap.PageIndex(address);
        ulong word = arena->Pages[page];
        uint tag = ArenaMap.TagOf(word);
        SlotInfo* info = _slots + tag;
        byte* start = (byte*)((address & ~(nuint)(HeapConsts.PageBytes - 1)) - ((nuint)ArenaMap.PageOf(word) << HeapConsts.PageShift));
        uint index = (uint)((ulong)(address - (nuint)start) * info->DivMagic >> 32);
        if (index >= info->ElemCount || tag <= 2)
        {
            Unusual(address, word);
            return;
        }
        ulong* m = MarkWord(arena, page, word, index);
        ulong bit = 1UL << (int)(index & 63);
        if ((*m & bit) != 0)
            return;
        if (_shared)
            Together.Set(m, bit);
        else
            Alone.Set(m, bit);
        TakeGrey(start + (nuint)(index * info->ElemBytes), info);
    }

    /// <summary>Requests the lines of an object that will be scanned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Request(byte* slot)
    {
        Prefetch(slot);
        Prefetch(HeapBits.TailOf((byte*)((nuint)slot & ~(nuint)(HeapConsts.PageBytes - 1))) + ((nuint)slot >> 6 & 127));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(void* p)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(p);
    }

    /// <summary>How a mark bit is set.</summary>
    interface IMarkMode
    {
        static abstract void Set(ulong* word, ulong bit);
    }

    readonly struct Alone : IMarkMode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Set(ulong* word, ulong bit) => *word |= bit;
    }

    // Two markers that meet at one object in the same moment both scan it: that costs a little time and counts its bytes twice.
    readonly struct Together : IMarkMode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Set(ulong* word, ulong bit) => Interlocked.Or(ref *word, bit);
    }

    /// <summary>Marks everything reachable from what was enqueued.</summary>
    public void Drain()
    {
        while (Drain(PortionBytes))
        {
        }
    }

    /// <summary>
    /// Marks until about <paramref name="budget"/> bytes with pointers were scanned (true: there may be more to do), or neither this marker nor the pool
    /// has anything left (false).
    /// </summary>
    public bool Drain(long budget)
    {
        if (IsScattered)
            return _shared ? DrainScattered<Together>(budget) : DrainScattered<Alone>(budget);
        return _shared ? DrainLoop<Together>(budget) : DrainLoop<Alone>(budget);
    }

    /// <summary>
    /// The loop of the collector: the ring's ends and the stack's top are locals here (as fields they are a chain of dependent stores; measured: a
    /// quarter of the time), written back around everything that is not the common case.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool DrainLoop<TMode>(long budget)
        where TMode : struct, IMarkMode
    {
        Grey* ring = _ring;
        HeapArena** arenas = _arenas;
        SlotInfo* slots = _slots;
        uint head = _head, tail = _tail;
        nuint* top = _top;
        long scanned = 0, noScan = 0;
        bool more = true;
        while (scanned < budget)
        {
            while (tail - head < RingLow)
            {
                if (((nuint)top & (WorkBuf.Bytes - 1)) == WorkBuf.HeaderBytes)
                {
                    _head = head;
                    _tail = tail;
                    nuint* below = PopBuffer(top);
                    tail = _tail;
                    if (below == null)
                        break;
                    top = below;
                    continue;
                }
                nuint address = *--top;
                if ((address & Continue) != 0)
                {
                    _head = head;
                    _tail = tail;
                    _top = top;
                    ScanPiece(address & ~Continue);
                    budget -= (long)PieceBytes;
                    tail = _tail;
                    top = _top;
                    continue;
                }
                Grey* g = ring + (tail++ & (RingSlots - 1));
                Request((byte*)address);
                g->Slot = (byte*)address;
                g->Info = slots + ArenaMap.TagOf(arenas[address >> HeapConsts.ArenaShift]->Pages[ArenaMap.PageIndex(address)]);
            }
            if (head == tail)
            {
                more = false;
                break;
            }

            Grey* next = ring + (head++ & (RingSlots - 1));
            byte* slot = next->Slot;
            SlotInfo* info = next->Info;
            uint bytes = info->ElemBytes;
            scanned += bytes;
            ulong bits;
            if (info->Kind == SlotKind.Bits)
            {
                bits = HeapBits.Get(slot, bytes / HeapConsts.PtrBytes);
            }
            else if (info->Kind == SlotKind.Word)
            {
                bits = 1;
            }
            else
            {
                ulong header = *(ulong*)slot;
                TypeDesc* t = (TypeDesc*)header;
                if (info->Kind == SlotKind.Block)
                {
                    t = Blocks.TypeOf(header);
                    bytes = (uint)Blocks.BytesOf(slot);
                    scanned += bytes;
                }
                if (t != null)
                {
                    _head = head;
                    _tail = tail;
                    _top = top;
                    ScanTyped(t, slot + HeapConsts.MallocHeaderBytes, 0, bytes - HeapConsts.MallocHeaderBytes);
                    tail = _tail;
                    top = _top;
                }
                bits = 0;
            }

            // Enqueue, once more, on locals.
            for (; bits != 0; bits &= bits - 1)
            {
                nuint found = ((nuint*)slot)[BitOperations.TrailingZeroCount(bits)];
                nuint i = found >> HeapConsts.ArenaShift;
                if (found == 0 || i >= ArenaMap.Slots)
                    continue;
                HeapArena* arena = arenas[i];
                if (arena == null)
                    continue;
                int page = ArenaMap.PageIndex(found);
                ulong w = arena->Pages[page];
                uint tag = ArenaMap.TagOf(w);
                SlotInfo* of = slots + tag;
                byte* start = (byte*)((found & ~(nuint)(HeapConsts.PageBytes - 1)) - ((nuint)ArenaMap.PageOf(w) << HeapConsts.PageShift));
                uint index = (uint)((ulong)(found - (nuint)start) * of->DivMagic >> 32);
                if (index >= of->ElemCount || tag <= 2)
                {
                    _head = head;
                    _tail = tail;
                    _top = top;
                    Unusual(found, w);
                    tail = _tail;
                    top = _top;
                    continue;
                }
                ulong* m = MarkWord(arena, page, w, index);
                ulong bit = 1UL << (int)(index & 63);
                if ((*m & bit) != 0)
                    continue;
                TMode.Set(m, bit);
                uint size = of->ElemBytes;
                if ((tag & 1) == 0)
                {
                    noScan += size;
                    continue;
                }
                start += (nuint)index * size;
                if (tail - head >= RingSlots)
                {
                    if (((nuint)top & (WorkBuf.Bytes - 1)) == 0)
                        top = PushBuffer(top);
                    *top++ = (nuint)start;
                    continue;
                }
                Request(start);
                Grey* e = ring + (tail++ & (RingSlots - 1));
                e->Slot = start;
                e->Info = of;
            }
        }
        BytesMarked += scanned + noScan;
        _noScanBytes += noScan;
        _head = head;
        _tail = tail;
        _top = top;
        return more;
    }

    /// <summary>A pointer to a large object, or to none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Unusual(nuint address, ulong word)
    {
        if (ArenaMap.TagOf(word) is 1 or 2)
            MarkLarge(ArenaMap.SpanOf(word));
        else if (ArenaMap.TagOf(word) == Blocks.Tag && Blocks.Find(ArenaMap.SpanOf(word), address, out int index))
            MarkBlock(ArenaMap.SpanOf(word), index);
        else
            NotObject(address, word);
    }

    void MarkBlock(MSpan* span, int index)
    {
        ulong* m = span->MarkBits + (index >> 6);
        ulong bit = 1UL << (index & 63);
        if ((Interlocked.Or(ref *m, bit) & bit) != 0)
            return;
        byte* block = span->Slot(index);
        if (Blocks.TypeOf(*(ulong*)block) != null)
        {
            Push((nuint)block);
            return;
        }
        BytesMarked += (long)Blocks.BytesOf(block);
        _noScanBytes += (long)Blocks.BytesOf(block);
    }

    void MarkLarge(MSpan* span)
    {
        if ((Interlocked.Or(ref *span->MarkBits, 1) & 1) != 0)
            return;
        BytesMarked += (long)span->ElemBytes;
        if (span->Class.NoScan)
            _noScanBytes += (long)span->ElemBytes;
        else if (span->LargeType != null)
            ScanTyped(span->LargeType, span->Base, 0, span->ElemBytes);
    }

    /// <summary>Scans one piece of a typed object; the rest waits on the stack until what the piece points to is done.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void ScanTyped(TypeDesc* t, byte* start, nuint from, nuint bytes)
    {
        nuint to = bytes;
        if (bytes - from > 2 * PieceBytes)
        {
            to = from + PieceBytes;
            Push((nuint)(start + to) | Continue);
        }
        if (t->Size == HeapConsts.PtrBytes && t->PtrBytes != 0)
            EnqueueMany((nuint*)(start + from), (to - from) / HeapConsts.PtrBytes, recorded: false);
        else
            ObjectWalk.Typed(ref this, t, start, from, to);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void ScanPiece(nuint address)
    {
        MSpan* span = ArenaMap.SpanOfAddress(address);
        byte* slot = span->Class.SizeClass == 0 ? span->Base : span->Slot(FindObject.IndexIn(span, address));
        TypeDesc* t = ObjectWalk.TypeOf(span, SlotInfo.Table[span->Class.Value + 1].Kind, slot, out byte* start, out nuint bytes);
        ScanTyped(t, start, address - (nuint)start, bytes);
    }

    /// <summary>An address in an arena that is no object: fine for stacks, a broken program otherwise.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void NotObject(nuint address, ulong word)
    {
        MSpan* span = ArenaMap.SpanOf(word);
        if (span != null && span->State == SpanState.Manual)
            return;
        if (_heap->Gc.InvalidPtrCheck != 0)
            Fatal.BadPointer(address, span, span == null ? "to unallocated span" : span->Class.IsBlocks ? "into a free block" : "behind the last object of its span");
    }

    // ---- the mark stack

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Push(nuint entry)
    {
        nuint* top = _top;
        if (((nuint)top & (WorkBuf.Bytes - 1)) == 0)
            top = PushBuffer(top);
        *top = entry;
        _top = top + 1;
    }

    /// <summary>The top buffer is full: the first place of a new one. The full one goes to those who wait.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    nuint* PushBuffer(nuint* top)
    {
        WorkBuf* full = WorkBuf.Of(top - 1);
        WorkBuf* b = _spare != null ? _spare : _heap->Gc.Work.NewBuffer();
        _spare = null;
        if (_shared && _heap->Gc.Work.WantsWork)
        {
            b->Below = full->Below;
            _heap->Gc.Work.Put(full, WorkBuf.Capacity, raw: false);
        }
        else
        {
            b->Below = full;
        }
        return WorkBuf.Items(b);
    }

    /// <summary>The top buffer is empty: the place behind the last entry of the next one, or null.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    nuint* PopBuffer(nuint* top)
    {
        WorkBuf* empty = WorkBuf.Of(top);
        WorkBuf* below = empty->Below;
        if (below != null)
        {
            if (_spare != null)
                _heap->Gc.Work.Free(_spare);
            _spare = empty;
            return (nuint*)((byte*)below + WorkBuf.Bytes);
        }
        // An active marker takes from the pool without a pause.
        _top = top;
        WorkBuf* b;
        while (_shared && (b = _heap->Gc.Work.Take(activate: false)) != null)
        {
            if (b->Raw == 0)
            {
                _heap->Gc.Work.Free(empty);
                return WorkBuf.Items(b) + b->Count;
            }
            TakeRaw(b);
            if (_tail - _head >= RingLow || _top != top)
                return _top;
        }
        return null;
    }

    /// <summary>Becomes the owner of a buffer out of the pool. The stack is empty.</summary>
    public void Adopt(WorkBuf* b)
    {
        if (b->Raw != 0)
        {
            TakeRaw(b);
            return;
        }
        nuint* items = WorkBuf.Items(b);
        for (int i = 0; i < b->Count; i++)
            Push(items[i]);
        _heap->Gc.Work.Free(b);
    }

    /// <summary>Gives a part of the stack to those who wait: the oldest part that is at hand.</summary>
    public void Share()
    {
        WorkBuf* b = WorkBuf.Of(_top - 1);
        if (((nuint)_top & (WorkBuf.Bytes - 1)) == WorkBuf.HeaderBytes)
            b = WorkBuf.Of(_top);
        if (b->Below != null)
        {
            WorkBuf* full = b->Below;
            b->Below = full->Below;
            _heap->Gc.Work.Put(full, WorkBuf.Capacity, raw: false);
            return;
        }
        nuint* items = WorkBuf.Items(b);
        int count = (int)(_top - items);
        int half = count / 2;
        if (half == 0)
            return;
        WorkBuf* other = _heap->Gc.Work.NewBuffer();
        for (int i = 0; i < half; i++)
            WorkBuf.Items(other)[i] = items[i];
        for (int i = half; i < count; i++)
            items[i - half] = items[i];
        _top -= half;
        _heap->Gc.Work.Put(other, half, raw: false);
    }

    /// <summary>Gives everything to the pool.</summary>
    public void ShareAll()
    {
        for (; _head != _tail; _head++)
            Push((nuint)_ring[_head & (RingSlots - 1)].Slot);
        while (true)
        {
            bool empty = ((nuint)_top & (WorkBuf.Bytes - 1)) == WorkBuf.HeaderBytes;
            WorkBuf* b = empty ? WorkBuf.Of(_top) : WorkBuf.Of(_top - 1);
            WorkBuf* below = b->Below;
            if (empty && below == null)
                return;
            int count = (int)(_top - WorkBuf.Items(b));
            if (empty)
                _heap->Gc.Work.Free(b);
            else
                _heap->Gc.Work.Put(b, count, raw: false);
            _top = below != null ? (nuint*)((byte*)below + WorkBuf.Bytes) : WorkBuf.Items(_heap->Gc.Work.NewBuffer());
        }
    }

    /// <summary>Nothing is in the ring or on the stack.</summary>
    public readonly bool IsEmpty =>
        _head == _tail && ((nuint)_top & (WorkBuf.Bytes - 1)) == WorkBuf.HeaderBytes && WorkBuf.Of(_top)->Below == null;

    /// <summary>Adds what was counted since the last call to the cycle's counters; says how many bytes with pointers were scanned.</summary>
    public long Publish()
    {
        long work = BytesMarked - _noScanBytes;
        CollectorState* gc = &_heap->Gc;
        if (BytesMarked != 0)
            Interlocked.Add(ref gc->BytesMarked, BytesMarked);
        if (work != 0)
            Interlocked.Add(ref gc->HeapScanWork, work);
        if (StackScanBytes != 0)
            Interlocked.Add(ref gc->StackScanWork, StackScanBytes);
        if (GlobalsScanBytes != 0)
            Interlocked.Add(ref gc->GlobalsScanWork, GlobalsScanBytes);
        work += StackScanBytes + GlobalsScanBytes;
        BytesMarked = _noScanBytes = StackScanBytes = GlobalsScanBytes = 0;
        return work;
    }

    /// <summary>Gives the buffers back. Nothing grey may be left.</summary>
    public void Dispose()
    {
        Debug.Assert(IsEmpty);
        if (_spare != null)
            _heap->Gc.Work.Free(_spare);
        _heap->Gc.Work.Free(WorkBuf.Of(_top));
        _heap->Gc.Work.Free(_ringBuffer);
        _spare = _ringBuffer = null;
        _top = null;
    }

    // ---- objects born during marking

    /// <summary>Objects of a window are born black.</summary>
    public static void MarkWindow(MCache* c, MSpan* span, int first, ulong slots)
    {
        Interlocked.Or(ref span->MarkBits[first >> 6], slots << (first & 63));
        c->BornBlackBytes += BitOperations.PopCount(slots) * (long)span->ElemBytes;
    }

    /// <summary>The slots of a window that no object took.</summary>
    public static void UnmarkWindow(MCache* c, MSpan* span, int first, ulong slots)
    {
        Interlocked.And(ref span->MarkBits[first >> 6], ~(slots << (first & 63)));
        c->BornBlackBytes -= BitOperations.PopCount(slots) * (long)span->ElemBytes;
    }
}

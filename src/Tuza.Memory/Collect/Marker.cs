// Marking: from the roots through every pointer to every object that lives.
//
// Idea. What costs is waiting for memory: per object its mark bit, its pointer bits and its words. So a pointer that was found is not looked at at
// once. It goes into a small ring, the lines it needs are requested, and the oldest entry of the ring, whose lines have arrived by now, is
// worked on. When the ring is full pointers go to the mark stack as they are; when it runs low it is filled from there.
//
// Terms. white: mark bit clear. grey: in the ring or on the stack, or marked and not scanned yet. black: marked and scanned.
//
// Steps for one entry: (1) slot number by multiplication with the class's magic number; (2) mark bit set already: done; (3) set it, count
// its bytes; (4) no pointers: done; (5) visit its pointers. Objects above PieceBytes are scanned in pieces, so that the stack stays short.
//
// Invariants.
//   I1. Only slots below ElemCount are ever marked (an address behind the last slot is a bad pointer).
//   I2. Small objects are handled without touching their MSpan (HeapArena's page word says it all).
//   I3. At the end of Drain ring and stack are empty: no grey object is left.
//
// Differs from Go: no span queue (Green Tea); the ring does for random access what span batches do for dense spans.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>One marking thread's state. Lives from the start of a cycle to its end.</summary>
public unsafe struct Marker : IPointerVisitor
{
    const int RingSlots = 32;      // measured 16 .. 128 on random graphs: flat from 24 on
    const int RingLow = 16;
    const nuint PieceBytes = 4096;
    static nuint Continue => unchecked((nuint)0x8000_0000_0000_0000);

    [StructLayout(LayoutKind.Sequential)]
    struct Entry
    {
        public nuint Address;
        public ulong Word;
        public ulong* Marks;
        ulong _pad;
    }

    [InlineArray(RingSlots)]
    struct Ring
    {
        Entry _first;
    }

    Ring _ring;
    uint _head;            // oldest entry
    uint _count;
    HeapArena** _arenas;
    SlotInfo* _slots;
    MHeap* _heap;
    nuint* _top;           // next free place of the mark stack's top buffer
    nuint* _bottom;
    nuint* _limit;
    WorkBuf* _buffer;
    WorkBuf* _spare;

    /// <summary>Bytes of slots marked, and of pointer-holding memory scanned.</summary>
    public long BytesMarked;
    public long BytesScanned;
    public long ObjectsMarked;

    /// <summary>Bytes of roots scanned: stacks (told by the world), data.</summary>
    public long StackScanBytes;
    public long GlobalsScanBytes;

    public Marker(MHeap* heap)
    {
        _heap = heap;
        _arenas = ArenaMap.Table;
        _slots = SlotInfo.Table;
    }

    // ---- roots

    /// <summary>A pointer held outside the heap. Addresses outside the heap are ignored.</summary>
    public void Root(nuint address) => Enqueue(address);

    /// <summary>Memory outside the heap with one bit per word.</summary>
    public void RootBlock(byte* start, ulong* mask, nuint words) => ObjectWalk.Masked(ref this, (nuint*)start, mask, 0, words);

    /// <summary>Memory outside the heap of which every word is a pointer.</summary>
    public void RootRange(nuint* start, nuint words)
    {
        for (nuint i = 0; i < words; i++)
            Enqueue(start[i]);
    }

    /// <summary>Marks what an object points to, but not the object (finalizers).</summary>
    public void RootContents(MSpan* span, byte* slot) => ObjectWalk.Pointers(ref this, span, slot);

    public void Visit(nuint* slot) => Enqueue(*slot);

    // ---- the ring

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void EnqueueHeap(nuint address, HeapArena* arena)
    {
        int page = ArenaMap.PageIndex(address);
        ulong word = arena->Pages[page];
        uint tag = ArenaMap.TagOf(word);
        if (tag == 0)
        {
            NotObject(address, word);
            return;
        }
        if (_count >= RingSlots)
        {
            Push(address);
            return;
        }
        // The bits of a span are those of its first page, which may lie in the arena before. Large spans are looked up when their turn comes.
        int first = page - (int)(word & 63);
        ulong* marks = first >= 0 ? (ulong*)(arena->Side + first * HeapArena.SideBytes) : ArenaMap.SpanOf(word)->MarkBits;
        Prefetch(marks);
        if ((tag & 1) != 0)
        {
            Prefetch((void*)address);
            Prefetch(HeapBits.TailOf((byte*)(address & ~(nuint)(HeapConsts.PageBytes - 1))) + (address >> 6 & 127));
        }
        ref Entry e = ref Unsafe.Add(ref Unsafe.As<Ring, Entry>(ref _ring), (_head + _count) & (RingSlots - 1));
        e.Address = address;
        e.Word = word;
        e.Marks = marks;
        _count++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(void* p)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(p);
    }

    /// <summary>Marks everything reachable from what was enqueued.</summary>
    public void Drain()
    {
        while (true)
        {
            while (_count < RingLow && TryPop(out nuint address))
            {
                if ((address & Continue) != 0)
                    ScanPiece(address & ~Continue);
                else
                    Enqueue(address);
            }
            if (_count == 0)
                return;
            ref Entry e = ref Unsafe.Add(ref Unsafe.As<Ring, Entry>(ref _ring), _head);
            nuint a = e.Address;
            ulong word = e.Word;
            ulong* marks = e.Marks;
            _head = (_head + 1) & (RingSlots - 1);
            _count--;
            Mark(a, word, marks);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Mark(nuint address, ulong word, ulong* marks)
    {
        uint tag = ArenaMap.TagOf(word);
        SlotInfo* info = _slots + tag;
        if (tag <= 2)
        {
            MarkLarge(word);
            return;
        }
        byte* spanBase = (byte*)((address & ~(nuint)(HeapConsts.PageBytes - 1)) - ((nuint)(word & 63) << HeapConsts.PageShift));
        uint index = (uint)((ulong)(address - (nuint)spanBase) * info->DivMagic >> 32);
        if (index >= info->ElemCount)
        {
            NotObject(address, word);
            return;
        }
        ulong bit = 1UL << (int)(index & 63);
        ulong* m = marks + (index >> 6);
        if ((*m & bit) != 0)
            return;
        *m |= bit;
        uint bytes = info->ElemBytes;
        BytesMarked += bytes;
        ObjectsMarked++;
        byte* slot = spanBase + (nuint)index * bytes;
        switch (info->Kind)
        {
            case SlotKind.Bits:
                ObjectWalk.Bits(ref this, (nuint*)slot, HeapBits.Get(slot, bytes / HeapConsts.PtrBytes));
                BytesScanned += bytes;
                break;
            case SlotKind.Word:
                Enqueue(*(nuint*)slot);
                BytesScanned += bytes;
                break;
            case SlotKind.Header:
                TypeDesc* t = *(TypeDesc**)slot;
                if (t != null)
                    ScanTyped(t, slot + HeapConsts.MallocHeaderBytes, 0, bytes - HeapConsts.MallocHeaderBytes);
                break;
        }
    }

    void MarkLarge(ulong word)
    {
        MSpan* span = ArenaMap.SpanOf(word);
        if ((*span->MarkBits & 1) != 0)
            return;
        *span->MarkBits |= 1;
        BytesMarked += (long)span->ElemBytes;
        ObjectsMarked++;
        if (!span->Class.NoScan && span->LargeType != null)
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
        BytesScanned += (long)(to - from);
        ObjectWalk.Typed(ref this, t, start, from, to);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void ScanPiece(nuint address)
    {
        MSpan* span = ArenaMap.SpanOfAddress(address);
        byte* slot = span->Class.SizeClass == 0 ? span->Base : span->Slot(span->IndexOf(address));
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
            Fatal.BadPointer(address, span, span == null ? "to unallocated span" : "behind the last object of its span");
    }

    // ---- the mark stack

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Push(nuint entry)
    {
        if (_top == _limit)
            PushBuffer();
        *_top++ = entry;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void PushBuffer()
    {
        WorkBuf* b = _spare;
        _spare = null;
        if (b == null)
        {
            MSpan* span = _heap->AllocManual(WorkBuf.Bytes >> HeapConsts.PageShift, ManualKind.WorkBuf);
            if (span == null)
                Fatal.OutOfMemory(WorkBuf.Bytes, (ulong)_heap->Stats.HeapInUse);
            b = (WorkBuf*)span->Base;
            b->Span = span;
        }
        b->Below = _buffer;
        Use(b);
        _top = _bottom;
    }

    void Use(WorkBuf* b)
    {
        _buffer = b;
        _bottom = WorkBuf.Items(b);
        _limit = _bottom + WorkBuf.Capacity;
        _top = _limit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool TryPop(out nuint entry)
    {
        if (_top == _bottom && !PopBuffer())
        {
            entry = 0;
            return false;
        }
        entry = *--_top;
        return true;
    }

    bool PopBuffer()
    {
        WorkBuf* empty = _buffer;
        if (empty == null || empty->Below == null)
            return false;
        Use(empty->Below);
        if (_spare != null)
            _heap->FreeManual(_spare->Span);
        _spare = empty;
        return true;
    }

    /// <summary>Gives the buffers back. Nothing grey may be left.</summary>
    public void Dispose()
    {
        Debug.Assert(_count == 0 && _top == _bottom);
        if (_spare != null)
            _heap->FreeManual(_spare->Span);
        if (_buffer != null)
            _heap->FreeManual(_buffer->Span);
        _spare = _buffer = null;
        _top = _bottom = _limit = null;
    }

    // ---- objects born during marking

    /// <summary>Objects of a window are born black.</summary>
    public static void MarkWindow(MSpan* span, int first, ulong slots)
    {
        System.Threading.Interlocked.Or(ref span->MarkBits[first >> 6], slots << (first & 63));
        System.Threading.Interlocked.Add(ref MHeap.Current->Gc.BornBlackBytes, BitOperations.PopCount(slots) * (long)span->ElemBytes);
    }

    /// <summary>The slots of a window that no object took.</summary>
    public static void UnmarkWindow(MSpan* span, int first, ulong slots)
    {
        System.Threading.Interlocked.And(ref span->MarkBits[first >> 6], ~(slots << (first & 63)));
        System.Threading.Interlocked.Add(ref MHeap.Current->Gc.BornBlackBytes, -BitOperations.PopCount(slots) * (long)span->ElemBytes);
    }
}

// The cache of a P: one span per span class, and of each a window of slots that can be handed out without looking anywhere else.
//
// Idea. The fast path of an allocation is a look at two words, Windows[class].{Free, First}: take the lowest set bit of Free, clear it,
// the object is First + bit * size. When the word is empty, FillWindow looks for the next free slots in the span's alloc bits, at
// most 64; when the span is full, Refill exchanges it.
//
// Terms. window: up to 64 consecutive slots of the cached span. All its free slots are marked as allocated in AllocBits while
// they are in the window; Flush clears what was not used. So nothing is counted and no bit is set per object.
//
// Invariants.
//   I1. Only the P that owns the cache touches it, or anybody with the world stopped.
//   I2. Slots in the window are zero when SlotInfo.PreZero says so, and their pointer bits are clear.
//   I3. During marking the slots of a window are marked when it is filled (objects are born black), and unmarked when it is flushed; not while the cache
//       is grey. The colour of a cache changes only when its windows are empty.
//
// Differs from Go: the window; there, each allocation updates freeindex and allocCount of the span.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Slots of one span class that are ready to be handed out.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct AllocWindow
{
    /// <summary>Bit i: slot First + i * size is free.</summary>
    public ulong Free;
    public byte* First;
}

/// <summary>The allocation state of one P. Emitted code passes it to <see cref="Malloc"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MCache
{
    public const int TempRootCount = 8;

    [InlineArray(HeapConsts.NumSpanClasses)]
    public struct WindowArray
    {
        AllocWindow _first;
    }

    public struct SpanArray
    {
        public fixed ulong At[HeapConsts.NumSpanClasses];
    }

    // ---- tiny allocator: the current 16-byte block and how much of it is used
    public byte* Tiny;
    public nuint TinyOffset;
    public long TinyAllocs;

    public WindowArray Windows;
    public SpanArray Spans;

    public MHeap* Heap;
    public MCache* Next;
    public PageCache Pages;

    /// <summary>
    /// Pointers that C# code of the runtime holds across an allocation, when they are in no frame: roots of a collection. Set by the
    /// runtime, cleared by it. See <see cref="IWorld"/>.
    /// </summary>
    public fixed ulong TempRoots[TempRootCount];

    /// <summary>Next free place of the buffer for what the write barrier records; null before the first. See <see cref="Barrier"/>.</summary>
    public nuint* BarrierTop;
    /// <summary>The same under the other kinds of barriers, for which emitted code knows nothing and calls.</summary>
    public nuint* OtherTop;

    /// <summary>Bytes of objects born during this cycle's marking.</summary>
    public long BornBlackBytes;

    /// <summary>Bytes allocated during marking for which no mark work was done yet; negative: work done in advance.</summary>
    public long AssistDebt;

    /// <summary>Its last assist found no work, and the pool counts it among those who look for some.</summary>
    public bool AssistHungry;

    /// <summary>Marks on behalf of this P's allocations; made when first needed.</summary>
    public Marker* Assistant;

    /// <summary>Heap profile: bytes until the next sample, the rate they were drawn for, and that the slot just taken is the sample.</summary>
    public long NextSample;
    public long SampleRate;
    public int SampleNow;
    uint _random;
    fixed ulong _samplePending[3];

    /// <summary>Not 0: every allocation takes the slow path and asks for a collection (gcstress).</summary>
    public int Stress;

    /// <summary>Not 0: every new slot takes the slow path, which notes where it was made (<see cref="AllocTrace"/>).</summary>
    public int Trace;

    /// <summary>While traced: the current tiny block, how much of it is used, and the size of the tiny object that opens the next one.</summary>
    public byte* HeldTiny;
    public nuint HeldTinyOffset;
    public uint TracedBytes;

    /// <summary>Not 0: small objects are blocks (<see cref="BlockHeap"/>); windows stay empty.</summary>
    public int Blocks;

    /// <summary>
    /// Not 0 while marking runs and the goroutine on this P has a stack that is not scanned: its objects are born white, and the barrier shades
    /// what it stores. See <see cref="Barrier"/>.
    /// </summary>
    public int Grey;

    /// <summary>Bytes of blocks since the last look at the pacer.</summary>
    public long BlockBytes;

    /// <summary>Not 0: every new slot takes the slow path, which adds up what was asked for.</summary>
    public int Measure;
    public long RequestedBytes;

    /// <summary>With Trace the windows' free slots are here, so that fast paths find none.</summary>
    public HeldArray Held;

    public struct HeldArray
    {
        public fixed ulong At[HeapConsts.NumSpanClasses];
    }

    /// <summary>Made by the first traced allocation, never given back.</summary>
    public TraceState* Tracing;

    MCache* Self => (MCache*)Unsafe.AsPointer(ref this);

    public void Init(MHeap* heap)
    {
        Heap = heap;
        for (int i = 0; i < HeapConsts.NumSpanClasses; i++)
            Spans.At[i] = (ulong)heap->EmptySpan;
    }

    /// <summary>The window of a span class.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AllocWindow* Window(MCache* c, int spanClass) => (AllocWindow*)&c->Windows + spanClass;

    /// <summary>Finds the next free slots of the cached span; false when it is full.</summary>
    public bool FillWindow(int spanClass)
    {
        MSpan* s = (MSpan*)Spans.At[spanClass];
        SlotInfo* info = &SlotInfo.Table[spanClass + 1];
        int limit = (Stress | Measure) != 0 ? 1 : info->WindowSlots;
        if (*ProfileRate != SampleRate)
            DrawSample();
        int count = s->ElemCount;
        for (int i = s->FreeIndex; i < count;)
        {
            ulong free = ~s->AllocBits[i >> 6] >> (i & 63);
            if (free == 0)
            {
                i = (i | 63) + 1;
                continue;
            }
            i += BitOperations.TrailingZeroCount(free);
            int n = int.Min(int.Min(limit, 64 - (i & 63)), count - i);
            if (n <= 0)
                break;
            free = (~s->AllocBits[i >> 6] >> (i & 63)) & (ulong.MaxValue >> (64 - n));
            if (SampleRate != 0)
            {
                free = UpToSample(spanClass, free, info->ElemBytes);
                n = 64 - BitOperations.LeadingZeroCount(free);
            }
            s->AllocBits[i >> 6] |= free << (i & 63);
            s->AllocCount += BitOperations.PopCount(free);
            s->FreeIndex = i + n;
            s->WindowStart = i;
            if (Heap->Gc.Phase != Phase.Off && Grey == 0)
                Marker.MarkWindow(Self, s, i, free);
            AllocWindow* w = Window(Self, spanClass);
            w->First = s->Slot(i);
            if (Trace == 0)
                w->Free = free;
            else
                Held.At[spanClass] = free;
            if (info->PreZero != 0 && s->NeedZero != 0)
                ZeroSlots(w->First, free, info, s->Base);
            return true;
        }
        s->FreeIndex = count;
        return false;
    }

    /// <summary>`runtime.MemProfileRate`: mean bytes between samples of the heap profile; 0 none, 1 everything.</summary>
    public static long* ProfileRate = (long*)NativeMemory.AllocZeroed(8);

    /// <summary>How many bytes until the next sample: exponentially distributed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void DrawSample()
    {
        long rate = *ProfileRate;
        SampleRate = rate;
        if (rate <= 1)
        {
            NextSample = 0;
            return;
        }
        if (_random == 0)
            _random = (uint)((nuint)Self >> 6) | 1;
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        NextSample = (long)(-Math.Log((_random + 0.5) / 4294967296.0) * rate);
    }

    /// <summary>
    /// Heap profile: a window ends before the slot at which the next sample falls due; that slot becomes a window of its own, whatever
    /// other classes do meanwhile. Returns the slots of the window.
    /// </summary>
    ulong UpToSample(int spanClass, ulong free, uint elemBytes)
    {
        int keep;
        if ((_samplePending[spanClass >> 6] & (1UL << (spanClass & 63))) != 0)
        {
            _samplePending[spanClass >> 6] &= ~(1UL << (spanClass & 63));
            SampleNow = 1;
            keep = 1;
        }
        else
        {
            int slots = BitOperations.PopCount(free);
            if (NextSample >= slots * (long)elemBytes)
            {
                NextSample -= slots * (long)elemBytes;
                return free;
            }
            keep = (int)(NextSample / elemBytes);
            DrawSample();
            if (keep == 0)
            {
                SampleNow = 1;
                keep = 1;
            }
            else
            {
                _samplePending[spanClass >> 6] |= 1UL << (spanClass & 63);
            }
        }
        ulong kept = 0;
        for (; keep > 0; keep--, free &= free - 1)
            kept |= free & (0 - free);
        return kept;
    }

    /// <summary>A large object: is it a sample?</summary>
    public bool TakesSample(long bytes)
    {
        if (*ProfileRate != SampleRate)
            DrawSample();
        if (SampleRate == 0)
            return false;
        NextSample -= bytes;
        if (NextSample >= 0 && SampleRate != 1)
            return false;
        DrawSample();
        return true;
    }

    /// <summary>The slot just taken is in the heap profile.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Sample(byte* slot, long bytes)
    {
        SampleNow = 0;
        World.Current.SampleAlloc(Self, slot, bytes);
    }

    /// <summary>Zeroes the free slots, run by run, and clears their pointer bits.</summary>
    static void ZeroSlots(byte* first, ulong free, SlotInfo* info, byte* spanBase)
    {
        int at = 0;
        while (free != 0)
        {
            int skip = BitOperations.TrailingZeroCount(free);
            free >>= skip;
            at += skip;
            int run = BitOperations.TrailingZeroCount(~free);
            byte* p = first + (nuint)(uint)at * info->ElemBytes;
            uint bytes = (uint)run * info->ElemBytes;
            new Span<byte>(p, (int)bytes).Clear();
            if (info->Kind == SlotKind.Bits)
                HeapBits.Clear(spanBase, (int)((p - spanBase) >> 3), (int)(bytes >> 3));
            if (run == 64)
                return;
            free >>= run;
            at += run;
        }
    }

    /// <summary>Exchanges a full span for one with free slots, and fills the window. Collects before, if it is time.</summary>
    public void Refill(int spanClass)
    {
        MHeap* h = Heap;
        Uncache(spanClass);
        MSpan* s = h->Centrals[spanClass].CacheSpan(Self);
        if (s == null)
            Fatal.OutOfMemory((ulong)SizeClasses.Pages(spanClass >> 1) << HeapConsts.PageShift, (ulong)h->Stats.HeapInUse);
        s->SweepGen = h->SweepGen + 3;
        s->AllocCountBeforeCache = s->AllocCount;
        Spans.At[spanClass] = (ulong)s;
        // The whole span counts as allocated at once; Uncache takes the unused part back.
        long bytes = (long)((nuint)s->FreeSlots * s->ElemBytes);
        h->Pacer.AddHeapLive(bytes);
        if (Barrier.Enabled != 0)
            AssistDebt += bytes;
        bool filled = FillWindow(spanClass);
        Debug.Assert(filled, "cached a span without free slots");
    }

    /// <summary>Gives the span of a class back; its counts go into the heap's.</summary>
    void Uncache(int spanClass)
    {
        MSpan* s = (MSpan*)Spans.At[spanClass];
        MHeap* h = Heap;
        if (s == h->EmptySpan)
            return;
        AllocWindow* w = Window(Self, spanClass);
        ulong unused = w->Free | Held.At[spanClass];
        Held.At[spanClass] = 0;
        if (unused != 0)
        {
            int word = s->WindowStart >> 6, shift = s->WindowStart & 63;
            s->AllocBits[word] &= ~(unused << shift);
            if (h->Gc.Phase != Phase.Off && Grey == 0)
                Marker.UnmarkWindow(Self, s, s->WindowStart, unused);
            s->AllocCount -= BitOperations.PopCount(unused);
            // A sample that was due behind the window is drawn anew: the distribution has no memory.
            if ((_samplePending[spanClass >> 6] & (1UL << (spanClass & 63))) != 0)
                _samplePending[spanClass >> 6] &= ~(1UL << (spanClass & 63));
            else if (SampleRate > 1)
                NextSample += BitOperations.PopCount(unused) * (long)s->ElemBytes;
            s->FreeIndex = s->WindowStart + BitOperations.TrailingZeroCount(unused);
        }
        *w = default;
        Spans.At[spanClass] = (ulong)h->EmptySpan;

        h->AddSmallAllocs(s->Class.SizeClass, s->AllocCount - s->AllocCountBeforeCache);
        // In a span that went stale the free slots were already discounted when HeapLive was set from the marked bytes.
        if (s->SweepGen != h->SweepGen + 1)
            h->Pacer.AddHeapLive(-(long)((nuint)s->FreeSlots * s->ElemBytes));
        h->Centrals[spanClass].UncacheSpan(s);
    }

    /// <summary>Gives all spans back and drops the tiny block: before a collection, for exact statistics, when the P goes.</summary>
    public void Flush()
    {
        DropWindows();
        Tiny = HeldTiny = null;
        TinyOffset = HeldTinyOffset = 0;
        Heap->AddTinyAllocs(TinyAllocs);
        TinyAllocs = 0;
        if (BlockBytes != 0)
            Heap->Pacer.AddHeapLive(BlockBytes);
        BlockBytes = 0;
    }

    /// <summary>Gives all spans back.</summary>
    public void DropWindows()
    {
        for (int i = 0; i < HeapConsts.NumSpanClasses; i++)
            Uncache(i);
    }

    public readonly MSpan* SpanOf(int spanClass) => (MSpan*)Spans.At[spanClass];
}

// Sweeping: what was not marked becomes free slots, a span at a time, mostly when an allocation needs the span.
//
// Who sweeps. (1) MCentral, looking for a span of its class. (2) AllocSpan, in proportion to what is allocated, so that sweeping is complete before
// the next cycle begins, and to free whole spans before it takes new pages. (3) the start of the next cycle and runtime.GC: all that is left.
//
// Sweep(span): specials of dead objects (a finalizer revives its object), then the mark bits become the alloc bits.
//
// Memory is not cleared; a window of slots is when it is filled. With Poison set freed slots are overwritten with 0xdeadbeef.
//
// See GOROOT/src/runtime/mgcsweep.go and mheap.go (reclaim).

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>The sweep phase of a heap.</summary>
public unsafe struct Sweeper
{
    internal const uint PoisonWord = 0xdeadbeef;

    MHeap* _heap;
    int _done;
    int _centralCursor;    // next central to look at; centrals before it have nothing unswept
    int _arenaCursor;      // span reclaimer: next arena and page
    int _pageCursor;
    long _reclaimCredit;   // pages freed beyond what was asked for
    long _pagesSwept;
    long _liveBasis;
    double _pagesPerByte;
    SpinLock32 _lock;
    int _sweeping;         // threads that have taken a span from an unswept set and are not done with it

    /// <summary>Fill freed slots with a pattern (GODEBUG=clobberfree=1).</summary>
    public int Poison;

    public void Init(MHeap* heap)
    {
        _heap = heap;
        _done = 1;
    }

    /// <summary>Every span is swept.</summary>
    public readonly bool IsDone => Volatile.Read(in _done) != 0;

    /// <summary>World stopped, marking done: everything is to be swept from now on.</summary>
    public void Start()
    {
        _heap->SweepGen += 2;
        _centralCursor = 0;
        _arenaCursor = _pageCursor = 0;
        _reclaimCredit = 0;
        _pagesSwept = 0;
        _liveBasis = _heap->Pacer.HeapLive;
        long pages = _heap->Stats.HeapInUse >> HeapConsts.PageShift;
        _pagesPerByte = pages / (double)_heap->Pacer.SweepDistance;
        BlockHeap.Current?.SweepBegins();
        Volatile.Write(ref _done, 0);
    }

    /// <summary>Sweeps what is left, and waits for what others sweep.</summary>
    public void Finish()
    {
        while (SweepOne() >= 0)
        {
        }
        WaitForSweepers();
    }

    /// <summary>Sweeps one span: pages freed, or -1 when there is none left.</summary>
    public long SweepOne()
    {
        if (IsDone)
            return -1;
        uint gen = _heap->SweepGen;
        Interlocked.Increment(ref _sweeping);
        long result = -1;
        for (MSpan* s; result < 0 && (s = NextUnswept(gen)) != null;)
        {
            nuint pages = s->PageCount;
            if (MSpan.TryAcquire(s, gen))
                result = Sweep(_heap, s, keep: false) ? (long)pages : 0;
        }
        if (result < 0 && BlockHeap.Current != null)
        {
            result = BlockHeap.Current.SweepOne();
            if (result >= 0)
                Interlocked.Add(ref _pagesSwept, Blocks.ChunkPages);
        }
        Interlocked.Decrement(ref _sweeping);
        if (result < 0)
            Volatile.Write(ref _done, 1);
        return result;
    }

    /// <summary>Those who began to sweep a span are done with it.</summary>
    public void WaitForSweepers()
    {
        var spin = default(SpinWait);
        while (Volatile.Read(ref _sweeping) != 0)
            spin.SpinOnce(sleep1Threshold: -1);
    }

    internal void BeginSweep() => Interlocked.Increment(ref _sweeping);

    internal void EndSweep() => Interlocked.Decrement(ref _sweeping);

    MSpan* NextUnswept(uint gen)
    {
        for (int i = Volatile.Read(ref _centralCursor); i < HeapConsts.NumSpanClasses; i++)
        {
            MCentral* c = _heap->Centrals + i;
            MSpan* s = c->FullUnswept(gen)->Pop();
            if (s == null)
                s = c->PartialUnswept(gen)->Pop();
            if (s != null)
                return s;
            // Other threads may have gone further; a cursor that falls back only costs time.
            Volatile.Write(ref _centralCursor, i + 1);
        }
        return null;
    }

    /// <summary>Before <paramref name="bytes"/> more are taken: sweep the share of pages that belongs to the allocation so far.</summary>
    public void PayForSpan(long bytes)
    {
        if (IsDone)
            return;
        long target = (long)(_pagesPerByte * (_heap->Pacer.HeapLive - _liveBasis + bytes));
        while (target > Volatile.Read(ref _pagesSwept) && SweepOne() >= 0)
        {
        }
    }

    /// <summary>
    /// Before pages are taken while sweeping is unfinished: frees at least as many, if whole spans without a marked object can be found. Looks at
    /// the marks in page order, without touching spans.
    /// </summary>
    public void Reclaim(nuint pages)
    {
        PayForSpan((long)(pages << HeapConsts.PageShift));
        if (IsDone)
            return;
        _lock.Enter(LockRank.Sweep);
        long need = (long)pages;
        if (_reclaimCredit >= need)
        {
            _reclaimCredit -= need;
            _lock.Exit(LockRank.Sweep);
            return;
        }
        need -= _reclaimCredit;
        _reclaimCredit = 0;
        _lock.Exit(LockRank.Sweep);

        BeginSweep();
        while (need > 0 && NextReclaimWord(out HeapArena* arena, out int word))
            need -= ReclaimWord(arena, word);
        EndSweep();
        if (need < 0)
            Interlocked.Add(ref _reclaimCredit, -need);
    }

    bool NextReclaimWord(out HeapArena* arena, out int word)
    {
        _lock.Enter(LockRank.Sweep);
        bool any = _arenaCursor < _heap->ArenaCount;
        arena = any ? _heap->Arena(_arenaCursor) : null;
        word = _pageCursor;
        if (any && ++_pageCursor == HeapConsts.PagesPerArena / 64)
        {
            _pageCursor = 0;
            _arenaCursor++;
        }
        _lock.Exit(LockRank.Sweep);
        return any;
    }

    long ReclaimWord(HeapArena* arena, int word)
    {
        long freed = 0;
        uint gen = _heap->SweepGen;
        ulong inUse = arena->PageInUse[word];
        while (inUse != 0)
        {
            int page = word * 64 + BitOperations.TrailingZeroCount(inUse);
            inUse &= inUse - 1;
            ulong* marks = (ulong*)ArenaMap.SideOf(arena, page);
            ulong any = marks[0] | marks[1] | marks[2] | marks[3] | marks[4] | marks[5] | marks[6] | marks[7];
            if (any != 0)
                continue;
            // Racy: the span may be freed or taken at this moment. TryAcquire decides; records of spans are never unmapped.
            MSpan* s = ArenaMap.SpanOf(arena->Pages[page]);
            if (s == null || s->State != SpanState.InUse || s->Class.IsBlocks || !MSpan.TryAcquire(s, gen))
                continue;
            nuint pages = s->PageCount;
            if (Sweep(_heap, s, keep: false))
                freed += (long)pages;
        }
        return freed;
    }

    /// <summary>Makes sure that a span is swept in this cycle: before its objects' specials are touched.</summary>
    public static void EnsureSwept(MHeap* heap, MSpan* span)
    {
        uint gen = heap->SweepGen;
        if (span->SweepGen == gen || span->SweepGen == gen + 3)
            return;
        if (span->Class.IsBlocks)
        {
            BlockHeap.Current!.EnsureSwept(span);
            return;
        }
        if (MSpan.TryAcquire(span, gen))
        {
            Sweep(heap, span, keep: false);
            return;
        }
        var spin = default(SpinWait);
        while (true)
        {
            uint g = Volatile.Read(ref span->SweepGen);
            if (g == gen || g == gen + 3)
                return;
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>
    /// Sweeps a span that the caller has acquired (SweepGen h-1). keep: the span stays with the caller, whatever is left in it; otherwise it goes to
    /// the central list or, empty, back to the page heap. Says whether it was given back.
    /// </summary>
    public static bool Sweep(MHeap* heap, MSpan* s, bool keep)
    {
        uint gen = heap->SweepGen;
        Debug.Assert(s->SweepGen == gen - 1 && s->State == SpanState.InUse);
        Interlocked.Add(ref heap->Sweeper._pagesSwept, (long)s->PageCount);
        if (s->Specials != null)
            Specials.SweepSpan(heap, s);

        int words = (s->ElemCount + 63) >> 6;
        int alive = 0;
        ulong* marks = s->MarkBits, allocs = s->AllocBits;
        ulong zombies = 0;
        if (heap->Sweeper.Poison != 0)
            PoisonDead(s);
        for (int i = 0; i < words; i++)
        {
            ulong m = marks[i];
            zombies |= m & ~allocs[i];
            alive += BitOperations.PopCount(m);
            allocs[i] = m;
            marks[i] = 0;
        }
        if (zombies != 0)
            Fatal.BadPointer((nuint)s->Base, s, "(found pointer to free object)");

        int freed = s->AllocCount - alive;
        s->AllocCount = alive;
        s->FreeIndex = 0;
        if (s->Class.SizeClass == 0)
        {
            if (alive == 0)
            {
                heap->AddLargeFree((long)s->SpanBytes);
                Volatile.Write(ref s->SweepGen, gen);
                heap->FreeSpan(s);
                return true;
            }
            s->FreeIndex = 1;
            Volatile.Write(ref s->SweepGen, gen);
            heap->Centrals[s->Class.Value].FullSwept(gen)->Push(heap, s);
            return false;
        }

        if (freed > 0)
        {
            s->NeedZero = 1;
            heap->AddSmallFrees(s->Class.SizeClass, freed);
        }
        Volatile.Write(ref s->SweepGen, gen);
        if (keep)
            return false;
        if (alive == 0)
        {
            heap->FreeSpan(s);
            return true;
        }
        MCentral* c = heap->Centrals + s->Class.Value;
        (s->FreeSlots > 0 ? c->PartialSwept(gen) : c->FullSwept(gen))->Push(heap, s);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void PoisonDead(MSpan* s)
    {
        for (int i = 0; i < s->ElemCount; i++)
        {
            if (s->IsAllocated(i) && !s->IsMarked(i))
                new Span<uint>(s->Slot(i), (int)(s->ElemBytes / 4)).Fill(PoisonWord);
        }
    }
}

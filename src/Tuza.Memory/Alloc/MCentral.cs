// Central lists: the spans of one class that no cache holds.
//
// Idea. A cache takes a whole span, never one object, so this structure is touched once per span of objects.
//
// Terms. partial: has a free slot. full: has none. swept: the marks of the last cycle are already free slots.
//
// Invariants.
//   I1. A span is in one cache, or in the hands of one sweeper, or in a set; stale entries of sets are recognised by their sweep generation.
//   I2. Swept and unswept swap roles when SweepGen advances by 2; no span moves for that.
//
// See GOROOT/src/runtime/mcentral.go.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>The spans of one <see cref="SpanClass"/> that are in no cache.</summary>
[StructLayout(LayoutKind.Sequential, Size = 192)]
public unsafe struct MCentral
{
    /// <summary>How many unswept spans to try before growing; 100 bounds the pause of one allocation.</summary>
    const int SweepBudgetSpans = 100;

    public SpanClass Class;
    MHeap* _heap;
    SpanSet _partial0;
    SpanSet _partial1;
    SpanSet _full0;
    SpanSet _full1;

    public void Init(MHeap* heap, SpanClass spanClass)
    {
        _heap = heap;
        Class = spanClass;
    }

    MCentral* Self => (MCentral*)Unsafe.AsPointer(ref this);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SpanSet* PartialSwept(uint sweepGen) => (sweepGen / 2 & 1) == 0 ? &Self->_partial0 : &Self->_partial1;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SpanSet* PartialUnswept(uint sweepGen) => (sweepGen / 2 & 1) != 0 ? &Self->_partial0 : &Self->_partial1;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SpanSet* FullSwept(uint sweepGen) => (sweepGen / 2 & 1) == 0 ? &Self->_full0 : &Self->_full1;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SpanSet* FullUnswept(uint sweepGen) => (sweepGen / 2 & 1) != 0 ? &Self->_full0 : &Self->_full1;

    /// <summary>Returns a swept span with a free slot for a cache, or null when there is no memory.</summary>
    public MSpan* CacheSpan(MCache* cache)
    {
        uint gen = _heap->SweepGen;
        MSpan* span = PartialSwept(gen)->Pop();
        if (span == null && !_heap->Sweeper.IsDone)
        {
            _heap->Sweeper.BeginSweep();
            span = SweepForSpan(gen);
            _heap->Sweeper.EndSweep();
        }
        if (span == null)
            span = _heap->AllocSpan(cache, (nuint)SizeClasses.Pages(Class.SizeClass), Class);
        Debug.Assert(span == null || (span->FreeSlots > 0 && span->Class == Class && span->SweepGen == gen));
        return span;
    }

    MSpan* SweepForSpan(uint gen)
    {
        int budget = SweepBudgetSpans;
        for (; budget > 0; budget--)
        {
            MSpan* span = PartialUnswept(gen)->Pop();
            if (span == null)
                break;
            if (MSpan.TryAcquire(span, gen))
            {
                Sweeper.Sweep(_heap, span, keep: true);
                return span;
            }
        }
        for (; budget > 0; budget--)
        {
            MSpan* span = FullUnswept(gen)->Pop();
            if (span == null)
                break;
            if (!MSpan.TryAcquire(span, gen))
                continue;
            Sweeper.Sweep(_heap, span, keep: true);
            if (span->FreeSlots > 0)
                return span;
            FullSwept(gen)->Push(_heap, span);
        }
        return null;
    }

    /// <summary>Takes a span back from a cache.</summary>
    public void UncacheSpan(MSpan* span)
    {
        uint gen = _heap->SweepGen;
        if (span->SweepGen == gen + 1)
        {
            // Cached before this sweep phase began: it is swept now, as if it had been taken from the unswept set.
            span->SweepGen = gen - 1;
            Sweeper.Sweep(_heap, span, keep: false);
            return;
        }
        span->SweepGen = gen;
        (span->FreeSlots > 0 ? PartialSwept(gen) : FullSwept(gen))->Push(_heap, span);
    }
}

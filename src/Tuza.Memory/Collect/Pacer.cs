// When to collect: the heap goal.
//
//   goal = marked + (marked + stacks + globals) * GOGC / 100, at least 4 MiB * GOGC / 100
//
// and, under a memory limit, not more than the limit leaves for the heap after everything else. With the stop-the-world collector the trigger is the
// goal itself: nothing is allocated while it marks.
//
// HeapLive over-estimates: a span counts as fully allocated from the moment a cache takes it, and what the cache gives back is taken off.
// At the end of marking it is set to the bytes marked.
//
// Two brakes. While a sweep is unfinished the next cycle waits for at least 1 MiB of allocation, however small GOGC is. A memory limit that the
// live heap exceeds must not stop the program: cycles that only the limit asks for take at most half of the time.
//
// See GOROOT/src/runtime/mgcpacer.go and mgclimit.go.

using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Memory;

/// <summary>Heap size against goal.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Pacer
{
    const long DefaultHeapMinimum = 4 << 20;
    const long HeadroomMinimum = 1 << 20;
    const long HeadroomPercent = 3;
    const long SweepMinHeapDistance = 1 << 20;
    public const long NoLimit = long.MaxValue;

    MHeap* _heap;
    long _heapLive;       // any P adds
    long _trigger;
    long _gcPercentGoal;
    long _liveAtCommit;

    /// <summary>GOGC; negative: off.</summary>
    public int GcPercent;

    /// <summary>GOMEMLIMIT in bytes.</summary>
    public long MemoryLimit;

    /// <summary>Bytes that the last cycle found alive, and the root bytes it scanned.</summary>
    public long HeapMarked;
    public long LastStackScan;
    public long GlobalsScan;
    public long LastHeapScan;
    public long LastHeapGoal;

    /// <summary>0 until the runtime is ready to be collected.</summary>
    public int Enabled;

    public void Init(MHeap* heap)
    {
        _heap = heap;
        GcPercent = 100;
        MemoryLimit = NoLimit;
        HeapMarked = 0;
        Commit();
    }

    public readonly long HeapLive => Volatile.Read(in _heapLive);

    public readonly long Trigger => _trigger;

    public void AddHeapLive(long bytes) => Interlocked.Add(ref _heapLive, bytes);

    /// <summary>The heap has reached its trigger and a cycle may start.</summary>
    public readonly bool ShouldCollect
    {
        get
        {
            long live = Volatile.Read(in _heapLive);
            if (live < _trigger && MemoryLimit == NoLimit)
                return false;
            return Enabled != 0 && _heap->Gc.Phase == Phase.Off && ShouldCollectSlow(live);
        }
    }

    readonly bool ShouldCollectSlow(long live)
    {
        if (live >= SweepFloor(_gcPercentGoal))
            return true;
        if (MemoryLimit == NoLimit || live < SweepFloor(LimitGoal()))
            return false;
        CollectorState* gc = &_heap->Gc;
        return World.Current.NanoTime() - gc->LastEndNanos >= gc->LastPauseNanos;
    }

    readonly long SweepFloor(long goal) => _heap->Sweeper.IsDone ? goal : long.Max(goal, _liveAtCommit + SweepMinHeapDistance);

    /// <summary>World stopped, marking done: what lives is what was marked.</summary>
    public void EndCycle(long marked, long heapScan, long stackScan, long globalsScan)
    {
        LastHeapGoal = HeapGoal;
        HeapMarked = marked;
        LastHeapScan = heapScan;
        LastStackScan = stackScan;
        GlobalsScan = globalsScan;
        Volatile.Write(ref _heapLive, marked);
        Commit();
    }

    /// <summary>Sets GOGC; returns the old value.</summary>
    public int SetGcPercent(int percent)
    {
        int old = GcPercent;
        GcPercent = percent < 0 ? -1 : percent;
        Commit();
        return old;
    }

    /// <summary>Sets the memory limit if not negative; returns the old value.</summary>
    public long SetMemoryLimit(long bytes)
    {
        long old = MemoryLimit;
        if (bytes >= 0)
        {
            MemoryLimit = bytes;
            Commit();
        }
        return old;
    }

    /// <summary>Recomputes goal and trigger from the last cycle and the settings.</summary>
    public void Commit()
    {
        if (GcPercent < 0)
        {
            _gcPercentGoal = long.MaxValue;
        }
        else
        {
            long minimum = DefaultHeapMinimum / 100 * GcPercent + DefaultHeapMinimum % 100 * GcPercent / 100;
            long goal = HeapMarked + (long)((System.Int128)(HeapMarked + LastStackScan + GlobalsScan) * GcPercent / 100);
            _gcPercentGoal = long.Max(goal, minimum);
        }
        _liveAtCommit = HeapLive;
        _trigger = _gcPercentGoal;
    }

    /// <summary>`NextGC`.</summary>
    public readonly long HeapGoal =>
        long.Min(SweepFloor(_gcPercentGoal), MemoryLimit == NoLimit ? long.MaxValue : LimitGoal());

    readonly long LimitGoal()
    {
        HeapStats* s = &_heap->Stats;
        long ready = s->MappedReady, inObjects = _heap->HeapAllocBytes();
        long nonHeap = long.Max(0, ready - s->HeapFree - inObjects);
        long over = long.Max(0, ready - MemoryLimit);
        if (nonHeap + over >= MemoryLimit)
            return HeapMarked;
        long goal = MemoryLimit - nonHeap - over;
        long headroom = long.Max(HeadroomMinimum, goal / 100 * HeadroomPercent);
        goal = goal < 2 * headroom ? long.Min(goal, headroom) : goal - headroom;
        return long.Max(goal, HeapMarked);
    }

    /// <summary>The bytes that may still be allocated before the next cycle: what proportional sweeping has to be spread over.</summary>
    public readonly long SweepDistance => long.Max(HeapGoal - HeapLive - SweepMinHeapDistance, Abi.HeapConsts.PageBytes);
}

// When to collect: the heap goal, the trigger before it, and how much the program helps.
//
//   goal = marked + (marked + stacks + globals) * GOGC / 100, at least 4 MiB * GOGC / 100
//
// and, under a memory limit, not more than the limit leaves for the heap after everything else.
//
// Marking beside the program must begin before the goal. The trigger is the goal less the runway: what the program is expected to allocate while
// marking runs, from the ratio of allocation to scan work in the last cycles, at their share of the processors. Between 70 % and 95 % of the way
// to the goal. With the stop-the-world collector the trigger is the goal itself.
//
// Assists. While marking runs every byte allocated costs AssistWorkPerByte of scan work: what is left to scan over what is left to the goal.
// The work that the collector's threads have done is credit that pays for it first.
//
// HeapLive over-estimates: a span counts as fully allocated from the moment a cache takes it, and what the cache gives back is taken off.
// At the end of marking it is set to the bytes marked.
//
// Two brakes. While a sweep is unfinished the next cycle waits for at least 1 MiB of allocation, however small GOGC is. A memory limit that the
// live heap exceeds must not stop the program: cycles that only the limit asks for take at most half of the time. A hard limit has no such
// brake: past it allocation waits for marking, and the next cycle runs in one stop, so that it counts what lives and nothing else.
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
    const int TriggerParts = 64, TriggerMinParts = 45, TriggerMaxParts = 61;
    const int RatioHistory = 4;
    const double MarkShareGoal = 0.25;
    const long MinScanWork = 1000;
    const double RetainFactor = 1.1;
    const long LimitPercent = 95;
    const long HardLimitParts = 64, HardLimitMinimum = 256 << 10;
    public const long NoLimit = long.MaxValue;

    MHeap* _heap;
    long _heapLive;       // any P adds
    long _trigger;
    long _gcPercentGoal;
    long _liveAtCommit;
    fixed double _ratios[RatioHistory];
    uint _ratioCount;
    double _markShare;
    long _triggered;
    long _cycleGoal;
    long _cycleMaxWork;

    /// <summary>Scan work owed per byte allocated while marking runs, and its inverse.</summary>
    public double AssistWorkPerByte;
    public double AssistBytesPerWork;

    /// <summary>GOGC; negative: off.</summary>
    public int GcPercent;

    /// <summary>GOMEMLIMIT in bytes.</summary>
    public long MemoryLimit;

    /// <summary>
    /// Bytes of live objects and stacks beyond which the program is to end: a heap that seems to be larger is collected at once, whatever that costs, so that it is known.
    /// </summary>
    public long HardLimit;

    /// <summary>Bytes that the last cycle found alive, and the root bytes it scanned.</summary>
    public long HeapMarked;
    public long LastStackScan;
    public long GlobalsScan;
    public long LastHeapScan;
    public long LastHeapGoal;

    /// <summary>Pages in use when the last cycle ended, in bytes.</summary>
    public long LastHeapInUse;

    /// <summary>0 until the runtime is ready to be collected.</summary>
    public int Enabled;

    public void Init(MHeap* heap)
    {
        _heap = heap;
        GcPercent = 100;
        MemoryLimit = NoLimit;
        HardLimit = NoLimit;
        HeapMarked = 0;
        _markShare = MarkShareGoal;
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
        if (live >= SweepFloor(_trigger) || OverHardLimit)
            return true;
        if (MemoryLimit == NoLimit || live < SweepFloor(TriggerFor(LimitGoal())))
            return false;
        CollectorState* gc = &_heap->Gc;
        return World.Current.NanoTime() - gc->LastEndNanos >= gc->LastMarkNanos;
    }

    /// <summary>By a little more than caches may hold back: a heap just below the limit is not collected at every step.</summary>
    public readonly bool OverHardLimit => HardLimit != NoLimit && HeapLive + _heap->Stats.StackInUse > HardLimit + long.Max(HardLimit / HardLimitParts, HardLimitMinimum);

    readonly long SweepFloor(long goal) => _heap->Sweeper.IsDone ? goal : long.Max(goal, _liveAtCommit + SweepMinHeapDistance);

    /// <summary>The heap size at which a cycle must begin to be done at the goal.</summary>
    readonly long TriggerFor(long goal)
    {
        if (goal == long.MaxValue || HeapMarked >= goal || _heap->Gc.Concurrent == 0)
            return goal;
        long part = (goal - HeapMarked) / TriggerParts;
        long low = HeapMarked + part * TriggerMinParts;
        long high = long.Max(HeapMarked + part * TriggerMaxParts, goal - DefaultHeapMinimum);
        double ratio = 0;
        for (int i = 0; i < RatioHistory; i++)
            ratio = double.Max(ratio, _ratios[i]);
        double runway = ratio * (1 - _markShare) / _markShare * ExpectedScanWork;
        return runway >= goal - low ? low : long.Clamp(goal - (long)runway, low, high);
    }

    /// <summary>Bytes with pointers that the next cycle will scan, if it is like the last.</summary>
    public readonly long ExpectedScanWork => LastHeapScan + LastStackScan + GlobalsScan;

    /// <summary>World stopped, marking begins.</summary>
    public void StartCycle()
    {
        _triggered = HeapLive;
        _cycleGoal = long.Max(HeapGoal, _triggered + (64 << 10));
        _cycleMaxWork = long.Min(_triggered, LastHeapScan + (_triggered - HeapMarked)) + LastStackScan + GlobalsScan;
        Revise();
    }

    /// <summary>Marking runs: what an allocated byte costs now.</summary>
    public void Revise()
    {
        CollectorState* gc = &_heap->Gc;
        long done = gc->HeapScanWork + gc->StackScanWork + gc->GlobalsScanWork;
        long expected = ExpectedScanWork, goal = _cycleGoal, live = HeapLive;
        if (done > expected)
        {
            // More lives than the last cycle saw. The goal may move, up to what GOGC would allow for the heap as it is.
            double most = goal * (1 + (GcPercent < 0 ? 100 : GcPercent) / 100.0);
            double extended = expected <= 0 ? most : (goal - _triggered) / (double)expected * _cycleMaxWork + _triggered;
            goal = (long)double.Min(most, double.Max(extended, goal));
            expected = _cycleMaxWork;
        }
        if (live > goal)
        {
            goal = (long)(goal * 1.1);
            expected = long.Max(expected, _cycleMaxWork);
        }
        double work = long.Max(MinScanWork, expected - done), distance = long.Max(1, goal - live);
        AssistWorkPerByte = work / distance;
        AssistBytesPerWork = distance / work;
    }

    /// <summary>The heap has outgrown what this cycle was to end at by far: allocation has to wait.</summary>
    public readonly bool FarOverGoal => OverHardLimit || HeapLive > _cycleGoal + long.Max(_cycleGoal / 10, HeadroomMinimum);

    /// <summary>World stopped, marking done: how fast the program allocated against how fast marking went.</summary>
    public void Measure(long markNanos, long workerNanos, int procs)
    {
        CollectorState* gc = &_heap->Gc;
        long work = gc->HeapScanWork + gc->StackScanWork + gc->GlobalsScanWork;
        long allocated = HeapLive - _triggered;
        if (work <= 0 || allocated <= 0 || markNanos <= 0)
            return;
        double all = (double)markNanos * procs;
        double share = double.Clamp((workerNanos + gc->CycleAssistNanos) / all, 0.05, 0.95);
        _ratios[_ratioCount++ % RatioHistory] = allocated * share / (work * (1 - share));
        _markShare = double.Clamp(workerNanos / all, MarkShareGoal, 0.9);
    }

    /// <summary>World stopped, marking done: what lives is what was marked.</summary>
    public void EndCycle(long marked, long heapScan, long stackScan, long globalsScan)
    {
        LastHeapGoal = HeapGoal;
        HeapMarked = marked;
        LastHeapInUse = _heap->Stats.HeapInUse;
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
            long scanned = HeapMarked + LastStackScan + GlobalsScan;
            long goal = HeapMarked + scanned / 100 * GcPercent + scanned % 100 * GcPercent / 100;
            _gcPercentGoal = long.Max(goal, minimum);
        }
        _liveAtCommit = HeapLive;
        _trigger = TriggerFor(_gcPercentGoal);
    }

    /// <summary>
    /// Bytes that the heap keeps without need: free pages beyond a tenth more than the next cycle will see in use, or what comes too near to the
    /// memory limit.
    /// </summary>
    public readonly long ReleaseExcess
    {
        get
        {
            HeapStats* s = &_heap->Stats;
            long excess = 0;
            if (LastHeapGoal > 0 && GcPercent >= 0)
            {
                double keep = RetainFactor * LastHeapInUse * ((double)_gcPercentGoal / LastHeapGoal);
                excess = s->HeapInUse + s->HeapFree - (long)double.Min(keep, long.MaxValue / 2);
            }
            if (MemoryLimit != NoLimit)
                excess = long.Max(excess, s->MappedReady - MemoryLimit / 100 * LimitPercent);
            return long.Min(excess, s->HeapFree);
        }
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

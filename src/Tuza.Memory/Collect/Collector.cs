// A collection cycle.
//
//   1. sweep termination   all spans of the last cycle are swept; the world stops; caches give their spans back; runtime pools are dropped
//   2. mark                phase Mark, the barrier is on, the stacks of running goroutines are scanned; the world runs again. Markers work through roots and heap;
//                          new objects are black; the program assists
//   3. mark termination    nothing is left: the world stops, what barriers recorded last is marked (if that is much, back to 2), caches are flushed,
//                          the barrier goes off, goal and trigger are computed, sweep generation + 2; the world runs again
//   4. sweep               in the background and by those who allocate
//
// In the mode without concurrency 1 to 3 are one stop, on the thread that asks. So they are in a cycle whose world keeps some of its roots back until the
// rest is marked (the search for leaked goroutines).
//
// Invariants. I1: all spans are swept before marking begins. I2: mark bits are clear outside of marking and unswept spans. I3: caches hold no spans
// when phases change. I4: at the end of marking no grey object is left, every root is scanned, every barrier buffer is empty.
//
// See GOROOT/src/runtime/mgc.go.

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Runs cycles.</summary>
public static unsafe class Collector
{
    /// <summary>How long a stop may be used to mark what barriers recorded last.</summary>
    const long FinalMarkNanos = 200_000;

    /// <summary>
    /// One whole cycle up to the end of marking, in one stop. The caller is where every live pointer of the program is visible to
    /// <see cref="IWorld.ScanRoots"/>; no lock is held. False when a cycle beside the program was under way, which nobody has hurried.
    /// </summary>
    public static bool Collect(MHeap* h, GcTrigger trigger)
    {
        IWorld world = World.Current;
        if (h->Gc.Concurrent != 0)
            h->Sweeper.Finish();
        world.StopTheWorld();
        try
        {
            if (h->Gc.Phase != Phase.Off)
                return false;
            var t = new CycleTimes { Start = world.NanoTime(), Stopped = world.NanoTime() };
            long goal = h->Pacer.HeapGoal, live = h->Pacer.HeapLive;
            var marker = new Marker(h, shared: h->Gc.MaxMarkers > 1);
            BeginMark(h, world, ref marker, barrier: false);
            t.Mark = world.NanoTime();
            MarkWork.SetStopped(true);
            do
                _ = MarkWork.Run(h, ref marker, long.MaxValue);
            while (world.ScanHeldBack(ref marker));
            MarkWork.SetStopped(false);
            t.Termination = t.TerminationStopped = world.NanoTime();
            h->Gc.CycleDedicatedNanos = t.Termination - t.Mark;
            EndMark(h, world, ref marker, trigger, live, goal, ref t);
            return true;
        }
        finally
        {
            world.StartTheWorld();
        }
    }

    /// <summary>A cycle without concurrency, and the sweep of everything.</summary>
    public static bool CollectAndSweep(MHeap* h, GcTrigger trigger = GcTrigger.Forced)
    {
        bool done = Collect(h, trigger);
        h->Sweeper.Finish();
        return done;
    }

    /// <summary>debug.FreeOSMemory, after a cycle and its sweep: every free page back to the system.</summary>
    public static void ReleaseFreePages(MHeap* h)
    {
        World.Current.StopTheWorld();
        h->FlushPageCaches();
        World.Current.StartTheWorld();
        h->Scavenge(nuint.MaxValue, force: true);
    }

    /// <summary>When the steps of a cycle happened.</summary>
    struct CycleTimes
    {
        public long Start;                 // the stop was asked for
        public long Stopped;
        public long Mark;                  // the world ran again
        public long Termination;           // the last stop was asked for
        public long TerminationStopped;
        public long ExtraPause;            // stops after which marking had to go on
    }

    // The cycle that runs beside the program; there is one at a time.
    static CycleTimes s_times;
    static GcTrigger s_trigger;
    static long s_goal;
    static long s_live;

    /// <summary>One cycle beside the program, up to the end of marking. On the collector's own thread.</summary>
    public static void CollectConcurrently(MHeap* h, GcTrigger trigger)
    {
        Begin(h, trigger);
        Complete(h);
    }

    /// <summary>
    /// The first stop of a cycle beside the program: by the collector's thread, or by the one that found the heap at its trigger. That one runs
    /// already: there is no thread to be woken, and none that has to make room.
    /// </summary>
    public static void Begin(MHeap* h, GcTrigger trigger)
    {
        IWorld world = World.Current;
        h->Sweeper.Finish();
        var t = new CycleTimes { Start = world.NanoTime() };
        world.StopTheWorld();
        t.Stopped = world.NanoTime();
        s_trigger = trigger;
        s_goal = h->Pacer.HeapGoal;
        s_live = h->Pacer.HeapLive;
        var marker = new Marker(h, shared: true);
        BeginMark(h, world, ref marker, barrier: true);
        marker.Publish();
        marker.ShareAll();
        marker.Dispose();
        s_times = t;
        s_times.Mark = world.NanoTime();
        world.StartTheWorld();
    }

    /// <summary>The rest of a cycle that has begun, up to the end of marking. On the collector's own thread.</summary>
    public static void Complete(MHeap* h)
    {
        var marker = new Marker(h, shared: true);
        do
            MarkWork.Run(h, ref marker, long.MaxValue);
        while (!TryEnd(h, ref marker));
    }

    /// <summary>The same by the thread that began the cycle, if it can be done until the deadline. At a safepoint; false: the cycle goes on.</summary>
    internal static bool CompleteHere(MHeap* h, long deadline)
    {
        var marker = new Marker(h, shared: true);
        if (MarkWork.RunHere(h, ref marker, deadline) && TryEnd(h, ref marker))
            return true;
        marker.Dispose();
        return false;
    }

    /// <summary>Nothing seems to be left to mark: the last stop. False when there is too much left for it; then the marker has its buffers still.</summary>
    static bool TryEnd(MHeap* h, ref Marker marker)
    {
        CollectorState* gc = &h->Gc;
        IWorld world = World.Current;
        ref CycleTimes t = ref s_times;
        t.Termination = world.NanoTime();
        world.StopTheWorld();
        t.TerminationStopped = world.NanoTime();
        for (MCache* c = h->Caches; c != null; c = c->Next)
            Barrier.Flush(c);
        if (gc->Barrier != BarrierKind.Deletion)
            ScanAgain(h, world, ref marker);
        if (!gc->RootsDone || !marker.IsEmpty || !gc->Work.IsIdle())
        {
            // What stacks hold is known only now under insertion: that cannot be left for later. The other barrier with a second look goes on once at most:
            // every stop looks again.
            bool whole = gc->Barrier == BarrierKind.Insertion || (gc->Barrier == BarrierKind.Hybrid && t.ExtraPause != 0);
            long deadline = whole ? long.MaxValue : world.NanoTime() + FinalMarkNanos;
            MarkWork.SetStopped(true);
            bool done = MarkWork.Run(h, ref marker, deadline);
            MarkWork.SetStopped(false);
            if (!done)
            {
                t.ExtraPause += world.NanoTime() - t.Termination;
                world.StartTheWorld();
                return false;
            }
        }
        gc->CycleDedicatedNanos = gc->Incremental != 0 ? 0 : t.Termination - t.Mark - t.ExtraPause - gc->CycleSleepNanos;
        EndMark(h, world, ref marker, s_trigger, s_live, s_goal, ref t);
        world.StartTheWorld();
        gc->Work.Trim();
        return true;
    }

    /// <summary>By an allocating thread that found nothing left to mark, at a safepoint.</summary>
    internal static bool EndSteps(MHeap* h)
    {
        var marker = new Marker(h, shared: true);
        if (TryEnd(h, ref marker))
            return true;
        marker.Dispose();
        return false;
    }

    /// <summary>World stopped, at the end of marking with a barrier that leaves stacks grey: they are scanned, and with them what the runtime holds.</summary>
    static void ScanAgain(MHeap* h, IWorld world, ref Marker marker)
    {
        CollectorState* gc = &h->Gc;
        bool all = gc->Barrier == BarrierKind.Insertion;
        for (MCache* c = h->Caches; c != null; c = c->Next)
        {
            Barrier.Blacken(c);
            marker.RootRange((nuint*)c->TempRoots, MCache.TempRootCount);
        }
        marker.Publish();
        world.ScanRootsAgain(ref marker, all);
        gc->BeginRootsAgain(all);
    }

    /// <summary>World stopped: everything up to the first step of marking.</summary>
    static void BeginMark(MHeap* h, IWorld world, ref Marker marker, bool barrier)
    {
        CollectorState* gc = &h->Gc;
        h->Sweeper.Finish();
        ResetUnswept(h);
        world.CycleStart();
        FlushAllCaches(h);
        gc->BeginRoots(stacksLater: barrier);
        gc->CycleAssistNanos = gc->IdleNanos = gc->CycleSleepNanos = 0;
        for (MCache* c = h->Caches; c != null; c = c->Next)
        {
            c->BornBlackBytes = 0;
            c->AssistDebt = 0;
        }
        for (MCache* c = h->Caches; c != null; c = c->Next)
            c->Grey = barrier && gc->Barrier == BarrierKind.Insertion ? 1 : 0;
        h->Pacer.StartCycle();
        gc->StartedCount++;
        gc->Limiter.Settle(world, world.NanoTime(), gc->StartedCount);
        gc->Phase = Phase.Mark;
        if (barrier)
            Barrier.Switch(1);
        for (MCache* c = h->Caches; c != null; c = c->Next)
            marker.RootRange((nuint*)c->TempRoots, MCache.TempRootCount);
        world.ScanRoots(ref marker, later: barrier);
    }

    /// <summary>World stopped, everything is marked: the rest of the cycle.</summary>
    static void EndMark(MHeap* h, IWorld world, ref Marker marker, GcTrigger trigger, long heapAtStart, long goal, ref CycleTimes t)
    {
        CollectorState* gc = &h->Gc;
        marker.Publish();
        marker.Dispose();
        world.MarkingDone();
        gc->Phase = Phase.MarkTermination;
        Barrier.Switch(0);
        long heapAtEnd = h->Pacer.HeapLive;
        FlushAllCaches(h);
        long marked = gc->BytesMarked;
        for (MCache* c = h->Caches; c != null; c = c->Next)
        {
            marked += c->BornBlackBytes;
            c->Grey = 0;
            Assist.Rest(c);
        }
        if (gc->VerifyAfterCycle != 0 || gc->CheckMarks != 0)
            HeapVerifier.CheckMarksStw(h, world);
        gc->Phase = Phase.Off;
        h->Pacer.Measure(t.Termination - t.Mark, gc->CycleDedicatedNanos + gc->IdleNanos, world.Processors);
        h->Pacer.EndCycle(marked, gc->HeapScanWork, gc->StackScanWork, gc->GlobalsScanWork);
        h->Sweeper.Start();
        h->FlushPageCaches();

        long end = world.NanoTime();
        bool concurrent = t.Termination != t.TerminationStopped || gc->Concurrent != 0;
        long first = t.Mark - t.Start, last = end - t.Termination;
        long pause = concurrent ? first + last + t.ExtraPause : end - t.Start;
        int slot = (int)(gc->CycleCount % CollectorState.PauseHistory);
        gc->PauseNanos[slot] = pause;
        gc->PauseEndUnixNanos[slot] = gc->LastEndUnixNanos = world.UnixNano();
        gc->LastEndNanos = end;
        gc->LastPauseNanos = pause;
        gc->LastMarkNanos = end - t.Start;
        gc->PauseTotalNanos += pause;
        gc->AssistNanos += gc->CycleAssistNanos;
        gc->IdleTotalNanos += gc->IdleNanos;
        gc->DedicatedNanos += gc->CycleDedicatedNanos;
        gc->Limiter.Spent(pause * world.Processors);
        gc->Limiter.Settle(world, end, gc->StartedCount);
        gc->PauseCpuNanos += concurrent ? (first + last) * world.Processors : pause;
        gc->CycleCount++;
        if (trigger == GcTrigger.Forced)
            gc->ForcedCount++;
        if (gc->VerifyAfterCycle != 0)
            HeapVerifier.RunStw(h);
        world.CycleDone(new CycleStats
        {
            Cycle = gc->CycleCount,
            Trigger = trigger,
            HeapAtStart = heapAtStart,
            HeapAtEnd = heapAtEnd,
            HeapMarked = marked,
            InOneStop = t.Termination == t.TerminationStopped,
            Goal = goal,
            StackScanBytes = gc->StackScanWork,
            GlobalsScanBytes = gc->GlobalsScanWork,
            StartNanos = t.Start,
            FirstPauseNanos = first,
            FirstStoppingNanos = t.Stopped - t.Start,
            MarkNanos = t.Termination - t.Mark,
            LastPauseNanos = last,
            LastStoppingNanos = t.TerminationStopped - t.Termination,
            AssistNanos = gc->CycleAssistNanos,
            DedicatedNanos = gc->CycleDedicatedNanos,
            IdleNanos = gc->IdleNanos,
        });
    }

    /// <summary>World stopped: every cache gives its spans back.</summary>
    public static void FlushAllCaches(MHeap* h)
    {
        for (MCache* c = h->Caches; c != null; c = c->Next)
            c->Flush();
    }

    /// <summary>The sweep is finished: what the unswept sets still hold are stale entries.</summary>
    static void ResetUnswept(MHeap* h)
    {
        for (int i = 0; i < HeapConsts.NumSpanClasses; i++)
        {
            h->Centrals[i].PartialUnswept(h->SweepGen)->Reset();
            h->Centrals[i].FullUnswept(h->SweepGen)->Reset();
        }
    }
}

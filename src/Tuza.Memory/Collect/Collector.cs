// A collection cycle: mark with the world stopped, sweep lazily.
//
//   1. stop the world
//   2. finish the last sweep; drop caches (tiny blocks, spans of caches, pools of the runtime)
//   3. phase Mark: roots (data, specials, queued finalizers, temporary roots of caches, whatever the world shows), then drain
//   4. phase Off: sweep generation + 2, new goal
//   5. start the world; spans are swept when somebody needs them
//
// Invariants. I1: all spans are swept before marking begins. I2: mark bits are clear outside of marking and unswept spans. I3: the barrier is off.
//
// Everything the steps use (born-black windows, stale cached spans, barrier buffers) is written for marking beside the program as well; that needs
// the phases between two stops instead of one, and nothing else here.
//
// See GOROOT/src/runtime/mgc.go.

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Runs cycles.</summary>
public static unsafe class Collector
{
    /// <summary>
    /// One whole cycle up to the end of marking. The caller is where every live pointer of the program is visible to
    /// <see cref="IWorld.ScanRoots"/>; no lock is held.
    /// </summary>
    public static void Collect(MHeap* h, GcTrigger trigger)
    {
        IWorld world = World.Current;
        world.StopTheWorld();
        try
        {
            if (h->Gc.Phase == Phase.Off)
                CollectStw(h, world, trigger);
        }
        finally
        {
            world.StartTheWorld();
        }
    }

    /// <summary>runtime.GC: a cycle, and the sweep of everything.</summary>
    public static void CollectAndSweep(MHeap* h, GcTrigger trigger = GcTrigger.Forced)
    {
        Collect(h, trigger);
        h->Sweeper.Finish();
    }

    /// <summary>debug.FreeOSMemory: a cycle, a sweep, and every free page back to the system.</summary>
    public static void FreeOSMemory(MHeap* h)
    {
        CollectAndSweep(h);
        World.Current.StopTheWorld();
        h->FlushPageCaches();
        World.Current.StartTheWorld();
        h->Scavenge(nuint.MaxValue, force: true);
    }

    static void CollectStw(MHeap* h, IWorld world, GcTrigger trigger)
    {
        long start = world.NanoTime();
        long heapAtStart = h->Pacer.HeapLive;
        long goal = h->Pacer.HeapGoal;

        h->Sweeper.Finish();
        ResetUnswept(h);
        world.CycleStart();
        FlushAllCaches(h);

        h->Gc.Phase = Phase.Mark;
        h->Gc.BornBlackBytes = 0;
        long markStart = world.NanoTime();
        var marker = new Marker(h);
        MarkRoots(h, world, ref marker);
        marker.Drain();
        while (h->Gc.DrainShaded(ref marker))
            marker.Drain();
        marker.Dispose();
        long markEnd = world.NanoTime();
        h->Gc.Phase = Phase.MarkTermination;

        if (h->Gc.VerifyAfterCycle != 0)
            HeapVerifier.CheckMarksStw(h, world);
        h->Gc.Phase = Phase.Off;
        h->Pacer.EndCycle(marker.BytesMarked + h->Gc.BornBlackBytes, marker.BytesScanned, marker.StackScanBytes, marker.GlobalsScanBytes);
        h->Sweeper.Start();
        h->FlushPageCaches();

        long end = world.NanoTime();
        CollectorState* gc = &h->Gc;
        int slot = (int)(gc->CycleCount % CollectorState.PauseHistory);
        gc->PauseNanos[slot] = end - start;
        gc->PauseEndUnixNanos[slot] = gc->LastEndUnixNanos = world.UnixNano();
        gc->LastEndNanos = end;
        gc->LastPauseNanos = end - start;
        gc->PauseTotalNanos += end - start;
        gc->GcCpuNanos += end - start;
        gc->CycleCount++;
        if (trigger == GcTrigger.Forced)
            gc->ForcedCount++;
        if (gc->VerifyAfterCycle != 0)
            HeapVerifier.RunStw(h);
        world.CycleDone(new CycleStats(gc->CycleCount, trigger, heapAtStart, h->Pacer.HeapMarked, goal, h->Pacer.HeapGoal,
            h->Pacer.LastStackScan, h->Pacer.GlobalsScan, start, end - start, markEnd - markStart));
    }

    /// <summary>World stopped: every cache gives its spans back, every barrier buffer its values.</summary>
    public static void FlushAllCaches(MHeap* h)
    {
        for (MCache* c = h->Caches; c != null; c = c->Next)
        {
            c->Flush();
            if (c->Barrier.Count != 0)
                h->Gc.TakeBarrierBuffer(&c->Barrier);
        }
    }

    /// <summary>All roots. Also used by the verifier's second marking.</summary>
    static void MarkRoots(MHeap* h, IWorld world, ref Marker marker)
    {
        h->Gc.MarkDataRoots(ref marker);
        h->FinQueue.MarkRoots(ref marker);
        Specials.MarkRoots(h, ref marker);
        for (MCache* c = h->Caches; c != null; c = c->Next)
            marker.RootRange((nuint*)c->TempRoots, MCache.TempRootCount);
        marker.Drain();
        world.ScanRoots(ref marker);
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

// The collector's own thread: it runs the cycles that the allocator or the program asks for, sweeps after them, starts one when there was none for
// two minutes, and gives unused memory back to the system.
//
// The thread that finds the heap at its trigger does the first, short stop itself if it can; this thread marks, stops the world for the end, and sweeps.
// To wake this thread costs more than to mark a small heap; and where the program wants all processors, this thread gets one only when the system thinks that
// it is its turn, some milliseconds later, and as long every store pays for the barrier. So in both cases the one that began marks for a while, and ends the
// cycle if that was all. The sweep is left to those who allocate, to the next one that begins a cycle, or to this thread, which the world wakes for it.
// A request costs the one who asks a test and, the first time, a wake-up. Who wants a whole cycle (runtime.GC) asks for the number of the cycle that must
// end, and learns of it through IWorld.SweepDone.

using System.Threading;

namespace Tuza.Memory;

/// <summary>Cycles beside the program.</summary>
public static unsafe class GcDriver
{
    const long ForcePeriodNanos = 120_000_000_000;
    const int TickMillis = 1000;

    // A thread of the program marks as long as this, if all processors are busy or so little is expected: half a millisecond's work.
    const long MarkHereNanos = 2_000_000;
    const long SmallWork = 1 << 20;

    // A step of giving memory back: 1 MiB, then a pause of a hundred times as long as it took, about a hundredth of a processor.
    const int ReleaseMillis = 10;
    const long ReleaseBytes = 1 << 20;
    const long ReleaseRest = 100;

    static readonly SemaphoreSlim s_wake = new(0);
    static readonly Lock s_start = new();
    static Thread? s_thread;
    static int s_requested;
    static int s_busy;         // a cycle is under way, sweep included; taken by who begins it, given back by who has swept after it, or kept for the next
    static int s_begun;        // by an allocating thread
    static int s_ending;       // incremental: somebody is about to end the cycle
    static int s_ended;        // by an allocating thread: the cycle is over, but for its sweep
    static uint s_wanted;      // cycles that must have been started
    static uint s_swept;       // cycles completed, sweep included

    /// <summary>Completed cycles, their sweep included.</summary>
    public static uint Swept => Volatile.Read(ref s_swept);

    /// <summary>A cycle is under way, its sweep included, or has been asked for; when that is over, <see cref="IWorld.CollectorRests"/> is called.</summary>
    public static bool IsBusy => Volatile.Read(ref s_requested) != 0 || Volatile.Read(ref s_busy) != 0 && !IsLeftToAllocation;

    /// <summary>Incremental marking goes on only when somebody allocates.</summary>
    static bool IsLeftToAllocation => MHeap.Current->Gc.Incremental != 0 && MHeap.Current->Gc.Phase == Phase.Mark;

    /// <summary>The heap has reached its trigger.</summary>
    public static void Request()
    {
        if (Volatile.Read(ref s_requested) != 0 || Interlocked.Exchange(ref s_requested, 1) != 0)
            return;
        Wake();
    }

    /// <summary>
    /// The heap has reached its trigger, and the caller is at a safepoint where it can stop the world: it begins the cycle itself.
    /// </summary>
    public static void BeginHere(MHeap* h)
    {
        if (h->Gc.Incremental == 0 && TakeEnded())
        {
            Sweep(h);
        }
        else if (Volatile.Read(ref s_busy) != 0 || Interlocked.CompareExchange(ref s_busy, 1, 0) != 0)
        {
            if (h->Gc.Incremental == 0)
                Request();
            return;
        }
        if (!h->Pacer.ShouldCollect)
        {
            Volatile.Write(ref s_busy, 0);
            return;
        }
        Collector.Begin(h, GcTrigger.Heap);
        if (h->Gc.Incremental != 0)
            return;
        if (IsMarkedHere(h) && Collector.CompleteHere(h, World.Current.NanoTime() + MarkHereNanos))
        {
            Volatile.Write(ref s_requested, 0);
            Volatile.Write(ref s_ended, 1);
            if (!World.Current.CallsForSweep)
                Wake();
            return;
        }
        Volatile.Write(ref s_begun, 1);
        Wake();
    }

    /// <summary>Who begins a cycle is to end it if that does not take long.</summary>
    static bool IsMarkedHere(MHeap* h) => h->Gc.CheckColours == 0 && (World.Current.MarkShare < 1 || h->Pacer.ExpectedScanWork < SmallWork);

    /// <summary>A cycle has ended on a thread of the program and nobody has seen to its sweep yet: now the caller does, who has s_busy with it.</summary>
    static bool TakeEnded() => Volatile.Read(ref s_ended) != 0 && Interlocked.Exchange(ref s_ended, 0) != 0;

    /// <summary>
    /// Now and then, and when the program has gone to sleep: what a cycle has left to sweep that ended on a thread of the program. Those who allocate have swept
    /// most of it by now.
    /// </summary>
    public static void SweepLeft()
    {
        if (Volatile.Read(ref s_ended) != 0)
            Wake();
    }

    /// <summary>Incremental: nothing is left to mark. The caller is at a safepoint where it can stop the world; it ends the cycle if nobody else does.</summary>
    public static void EndHere(MHeap* h)
    {
        if (Interlocked.CompareExchange(ref s_ending, 1, 0) != 0)
            return;
        if (h->Gc.Phase == Phase.Mark && Collector.EndSteps(h))
        {
            Volatile.Write(ref s_ended, 1);
            Wake();
        }
        Volatile.Write(ref s_ending, 0);
    }

    /// <summary>On the collector's thread: somebody waits for a cycle that allocating goroutines have begun, and may never allocate again.</summary>
    static void EndForThem(MHeap* h)
    {
        while (Volatile.Read(ref s_ended) == 0 && h->Gc.Phase == Phase.Mark)
        {
            if (Interlocked.CompareExchange(ref s_ending, 1, 0) != 0)
            {
                Thread.Sleep(1);
                continue;
            }
            if (h->Gc.Phase == Phase.Mark)
            {
                Collector.Complete(h);
                Volatile.Write(ref s_ended, 1);
            }
            Volatile.Write(ref s_ending, 0);
        }
    }

    /// <summary>Asks for a cycle that begins after this call; returns its number. It is over when <see cref="Swept"/> has reached it.</summary>
    public static uint RequestForced(MHeap* h)
    {
        uint target;
        lock (s_start)
        {
            target = Volatile.Read(ref h->Gc.StartedCount) + 1;
            if ((int)(target - s_wanted) > 0)
                Volatile.Write(ref s_wanted, target);
        }
        Wake();
        return target;
    }

    static void Wake()
    {
        if (s_thread == null)
        {
            lock (s_start)
            {
                if (s_thread == null)
                {
                    s_thread = new Thread(Run, 1 << 20) { IsBackground = true, Name = "gc" };
                    s_thread.Start();
                }
            }
        }
        s_wake.Release();
    }

    static bool IsWanted(MHeap* h, out GcTrigger trigger)
    {
        trigger = GcTrigger.Forced;
        if ((int)(Volatile.Read(ref s_wanted) - h->Gc.StartedCount) > 0)
            return true;
        if (Volatile.Read(ref s_requested) != 0)
        {
            trigger = GcTrigger.Heap;
            if (h->Pacer.ShouldCollect)
                return true;
            Volatile.Write(ref s_requested, 0);
        }
        trigger = GcTrigger.Time;
        return h->Pacer.GcPercent >= 0 && h->Gc.CycleCount != 0 && World.Current.NanoTime() - h->Gc.LastEndNanos > ForcePeriodNanos;
    }

    static void Run()
    {
        MHeap* h = MHeap.Current;
        while (true)
        {
            _ = s_wake.Wait(Release(h));
            while (true)
            {
                if (TakeEnded())
                {
                    // Only its sweep is left.
                }
                else if (Volatile.Read(ref s_begun) != 0)
                {
                    Volatile.Write(ref s_begun, 0);
                    Collector.Complete(h);
                }
                else if (!IsWanted(h, out GcTrigger trigger))
                {
                    break;
                }
                else if (Interlocked.CompareExchange(ref s_busy, 1, 0) != 0)
                {
                    // Somebody begins one at this moment, and wakes this thread when it has.
                    if (h->Gc.Incremental != 0)
                        EndForThem(h);
                    _ = s_wake.Wait(1);
                    continue;
                }
                else
                {
                    if (trigger == GcTrigger.Time)
                        World.Current.ForcedByTime();
                    // Under incremental marking allocating goroutines mark too, but this thread ends the cycle.
                    while (h->Gc.Incremental != 0 && Interlocked.CompareExchange(ref s_ending, 1, 0) != 0)
                        Thread.Sleep(1);
                    if (World.Current.WantsOneStop)
                        Collector.Collect(h, trigger);
                    else
                        Collector.CollectConcurrently(h, trigger);
                    Volatile.Write(ref s_ending, 0);
                }
                Volatile.Write(ref s_requested, 0);
                Sweep(h);
                Volatile.Write(ref s_busy, 0);
            }
            World.Current.CollectorRests();
        }
    }

    /// <summary>Gives a little of what the heap keeps without need back to the system; says how long to wait for the next time.</summary>
    static int Release(MHeap* h)
    {
        long excess = h->Pacer.ReleaseExcess;
        if (excess < ReleaseBytes)
            return TickMillis;
        long start = World.Current.NanoTime();
        if (h->Scavenge((nuint)ReleaseBytes, force: false) == 0)
            return TickMillis;
        long nanos = World.Current.NanoTime() - start;
        Interlocked.Add(ref h->Gc.ScavengeNanos, nanos);
        return (int)long.Clamp(nanos * ReleaseRest / 1_000_000, ReleaseMillis, TickMillis);
    }

    /// <summary>In the background, or before the next cycle.</summary>
    static void Sweep(MHeap* h)
    {
        while (h->Sweeper.SweepOne() >= 0)
        {
        }
        h->Sweeper.WaitForSweepers();
        Volatile.Write(ref s_swept, h->Gc.StartedCount);
        World.Current.SweepDone();
    }
}

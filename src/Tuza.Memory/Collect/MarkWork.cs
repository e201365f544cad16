// Marking threads: the one that runs the cycle, and helpers when processors are idle or the world is stopped.
//
// Each has a marker. The cycle's own thread marks until there is nothing left anywhere; a helper as long as it is allowed to. Who has work and sees others
// wait gives them a part. All of them take root jobs first come, first served.
//
// Marking is complete when the root jobs are taken, the pool is empty and nobody is active: only active markers make new work (the barriers'
// buffers are looked at in the stop that follows).

using System.Threading;

namespace Tuza.Memory;

/// <summary>Runs markers.</summary>
public static unsafe class MarkWork
{
    internal const long ChunkBytes = 128 << 10;
    const int ChunksBeforeHelp = 2;
    const int SpinsBeforeSleep = 200, SpinsBeforeNap = 8;
    const uint NapMicros = 20;
    const long SliceNanos = 1_000_000;

    static readonly SemaphoreSlim s_wake = new(0);
    static int s_helpers;      // threads made
    static int s_helping;      // of them awake
    static int s_stopped;      // the world is stopped while marking goes on

    /// <summary>Marking goes on with the world stopped: helpers need not care for the program.</summary>
    public static void SetStopped(bool stopped) => Volatile.Write(ref s_stopped, stopped ? 1 : 0);

    static int Allowed(MHeap* h)
    {
        int most = h->Gc.MaxMarkers - 1;
        return most <= 0 || Volatile.Read(ref s_stopped) != 0 ? most : int.Min(most, World.Current.IdleProcessors);
    }

    /// <summary>
    /// The cycle's thread: marks until all is marked (true) or the time is over (false; then the marker's work is in the pool).
    /// </summary>
    public static bool Run(MHeap* h, ref Marker marker, long deadline)
    {
        CollectorState* gc = &h->Gc;
        ref WorkPool pool = ref gc->Work;
        pool.Activate();
        long slice = World.Current.NanoTime();
        int checks = 0;
        for (int chunks = 0; ; chunks++)
        {
            if (Step(gc, ref marker))
            {
                if (chunks >= ChunksBeforeHelp)
                    WakeHelpers(h);
                if (Volatile.Read(ref s_stopped) == 0)
                    Yield(gc, ref marker, ref slice);
                if (gc->CheckColours != 0 && s_stopped == 0 && gc->RootsDone && System.Numerics.BitOperations.IsPow2(++checks))
                    ColourCheck.Run(h, ref marker);
            }
            else
            {
                pool.Deactivate();
                if (!Wait(h, ref marker, helper: 0))
                {
                    Account(gc, slice);
                    return true;
                }
            }
            if (deadline != long.MaxValue && World.Current.NanoTime() >= deadline)
            {
                marker.ShareAll();
                pool.Deactivate();
                Account(gc, slice);
                return gc->RootsDone && pool.IsIdle();
            }
        }
    }

    /// <summary>
    /// A thread of the program marks: all there is (true), or until the deadline. What is left is in the pool then.
    /// </summary>
    internal static bool RunHere(MHeap* h, ref Marker marker, long deadline)
    {
        CollectorState* gc = &h->Gc;
        ref WorkPool pool = ref gc->Work;
        long start = World.Current.NanoTime(), now = start;
        bool active = true, done = false;
        pool.Activate();
        while (!done && now < deadline)
        {
            WorkBuf* b;
            if (active)
            {
                active = Step(gc, ref marker);
                if (!active)
                    pool.Deactivate();
            }
            else if (gc->RootsDone && pool.IsIdle())
            {
                done = true;
            }
            else if ((b = pool.Take(activate: true)) != null)
            {
                marker.Adopt(b);
                active = true;
            }
            else
            {
                Thread.SpinWait(SpinsBeforeSleep); // the rest is with somebody's assist
            }
            now = World.Current.NanoTime();
        }
        if (active)
        {
            marker.ShareAll();
            pool.Deactivate();
        }
        gc->Limiter.Spent(now - start);
        return done;
    }

    /// <summary>What a stop takes is accounted by who stops.</summary>
    static void Account(CollectorState* gc, long since)
    {
        if (Volatile.Read(ref s_stopped) == 0)
            gc->Limiter.Spent(World.Current.NanoTime() - since);
    }

    /// <summary>
    /// Keeps the collector's thread at its share when the program wants all processors: after a slice of work it sleeps. Its work is in the pool
    /// meanwhile, for assists.
    /// </summary>
    static void Yield(CollectorState* gc, ref Marker marker, ref long slice)
    {
        long now = World.Current.NanoTime();
        if (now - slice < SliceNanos)
            return;
        gc->Limiter.Spent(now - slice);
        double share = World.Current.MarkShare;
        if (share < 1)
        {
            marker.ShareAll();
            gc->Work.Deactivate();
            Thread.Sleep((int)double.Clamp((1 - share) / share, 1, 8));
            gc->Work.Activate();
            long end = World.Current.NanoTime();
            gc->CycleSleepNanos += end - now;
            now = end;
        }
        slice = now;
    }

    /// <summary>A portion of work; false when neither roots nor the pool have any.</summary>
    static bool Step(CollectorState* gc, ref Marker marker)
    {
        bool more = marker.Drain(ChunkBytes);
        long work = marker.Publish();
        if (work != 0)
            Interlocked.Add(ref gc->AssistCredit, work);
        if (!more)
            return gc->MarkSomeRoots(ref marker);
        if (gc->Work.WantsWork)
            marker.Share();
        return true;
    }

    /// <summary>Not active: waits for work (true: active again, with some) or for the end of marking.</summary>
    static bool Wait(MHeap* h, ref Marker marker, int helper)
    {
        CollectorState* gc = &h->Gc;
        ref WorkPool pool = ref gc->Work;
        pool.AddHungry(1);
        var spin = default(SpinWait);
        WorkBuf* b;
        for (int i = 0; ; i++)
        {
            b = pool.Take(activate: true);
            if (b != null || (gc->RootsDone && pool.IsIdle()) || gc->Phase != Phase.Mark || helper > Allowed(h))
                break;
            if (i > SpinsBeforeSleep && helper != 0)
                Thread.Sleep(1);
            else if (i > SpinsBeforeNap)
                KernelMemory.Nap(NapMicros); // an assist or the other worker has the rest
            else
                spin.SpinOnce(sleep1Threshold: -1);
        }
        pool.AddHungry(-1);
        if (b == null)
            return false;
        marker.Adopt(b);
        return true;
    }

    // ---- helpers

    static void WakeHelpers(MHeap* h)
    {
        int allowed = Allowed(h);
        while (Volatile.Read(ref s_helping) < allowed)
        {
            int number = Interlocked.Increment(ref s_helping);
            if (number > s_helpers)
            {
                s_helpers = number;
                new Thread(Help, 1 << 20) { IsBackground = true, Name = "gc helper" }.Start();
            }
            s_wake.Release();
        }
    }

    /// <summary>The heap is about to go: waits until no helper looks at it any more.</summary>
    internal static void AwaitHelpers()
    {
        while (Volatile.Read(ref s_helping) != 0)
            Thread.Yield();
    }

    static void Help()
    {
        while (true)
        {
            s_wake.Wait();
            MHeap* h = MHeap.Current;
            if (h != null && h->Gc.Phase == Phase.Mark)
                HelpCycle(h);
            Interlocked.Decrement(ref s_helping);
        }
    }

    static void HelpCycle(MHeap* h)
    {
        CollectorState* gc = &h->Gc;
        ref WorkPool pool = ref gc->Work;
        // Between the look at the phase and this the cycle may have ended: then there is nothing to take, and nobody waits for this marker.
        var marker = default(Marker);
        pool.AddHungry(1);
        WorkBuf* b = null;
        for (int i = 0; b == null && i < SpinsBeforeSleep && gc->Phase == Phase.Mark; i++)
        {
            b = pool.Take(activate: true);
            if (b == null)
                Thread.Yield();
        }
        pool.AddHungry(-1);
        if (b == null)
            return;
        marker = new Marker(h, shared: true);
        marker.Adopt(b);
        while (true)
        {
            long start = World.Current.NanoTime();
            bool any = Step(gc, ref marker);
            long nanos = World.Current.NanoTime() - start;
            Interlocked.Add(ref gc->IdleNanos, nanos);
            if (Volatile.Read(ref s_stopped) == 0)
                gc->Limiter.IdleMarked(nanos);
            if (any && Allowed(h) >= 1)
                continue;
            if (any)
            {
                marker.ShareAll();
                pool.Deactivate();
                break;
            }
            pool.Deactivate();
            if (!Wait(h, ref marker, helper: 1))
                break;
        }
        marker.Dispose();
    }
}

// What one look at the heap cannot show: looks at regular times, of which only what changed is kept.
//
//   growth    goroutines by go statement: how many at the first and the last look, how often they had become more, how often fewer
//   busy      goroutines that have run, or could have, since a look some time ago without ever waiting
//   deferred  goroutines with many deferred calls, since when
//   samples   the numbers of `tuza run -monitor`, one row a period
//
// A thread of its own stops the world for each look. When a look takes long (a million goroutines), the next one comes later: looks cost about
// a twentieth of the time at most. Everything here is touched with the world stopped only, which one thread at a time can do.

using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>One row of the monitor. Live: at the end of the last collection. Resident: what the system says of the process.</summary>
public readonly record struct WatchSample(double Seconds, long Live, long Allocated, long InUse, long Released, long Stacks, long Goroutines, long Cycles, long TotalAllocated, long Objects, long Resident);

/// <summary>Goroutines of one go statement over several looks.</summary>
sealed class WatchedGrowth
{
    public int First, Last, Looks, Rises, Falls;
    public long Since;
    /// <summary>At the look that is being taken.</summary>
    public int Now;
}

/// <summary>Looks at the program while it runs, if the plan for snapshots says so.</summary>
static unsafe class Watch
{
    const int LookMillis = 250, MostBusy = 10_000, RestFactor = 20, LongestPauseMillis = 10_000;

    static SnapshotPlan? s_plan;
    static readonly Dictionary<ulong, WatchedGrowth> s_growth = [];
    static Dictionary<long, (long WaitSince, long Nanos)> s_busy = [], s_busyNext = [];
    static Dictionary<long, long> s_deferred = [], s_deferredNext = [];
    static long s_live, s_start, s_looked, s_sampled;
    static uint s_cycles;
    static int s_ended, s_told;

    /// <summary>The heap is there, the program has not begun.</summary>
    internal static void Start(SnapshotPlan? plan)
    {
        if (plan == null)
            return;
        s_plan = plan;
        s_start = s_sampled = Clock.Nano();
        new Thread(Loop) { IsBackground = true, Name = "watch" }.Start();
    }

    /// <summary>Goroutines by go statement (packed pc).</summary>
    internal static IEnumerable<KeyValuePair<ulong, WatchedGrowth>> Growth => s_growth;

    internal static long NanosOf(in WatchedGrowth g) => s_looked - g.Since;

    /// <summary>How long a goroutine has gone without waiting, as far as was looked; 0 for not long.</summary>
    internal static long BusyNanos(G* g) => s_busy.TryGetValue(g->Goid, out var b) ? s_looked - b.Nanos : 0;

    /// <summary>How long a goroutine has had many deferred calls; 0 if it has not, or nobody has looked.</summary>
    internal static long DeferNanos(G* g) => s_deferred.TryGetValue(g->Goid, out long since) ? s_looked - since : 0;

    /// <summary>The end of a cycle, world stopped.</summary>
    internal static void CycleDone(long live)
    {
        s_live = live;
        s_cycles++;
    }

    static void Loop()
    {
        SnapshotPlan plan = s_plan!;
        long period = plan.MonitorEvery is { } every ? (long)every.TotalMilliseconds : 0;
        int pause = period > 0 ? (int)Math.Min(period, LookMillis) : LookMillis;
        uint seen = 0;
        while (Volatile.Read(ref s_ended) == 0)
        {
            Thread.Sleep(pause);
            long began = Clock.Nano();
            WatchSample sample = default;
            bool due = period > 0 && began - s_sampled >= period * 1_000_000 - 1_000_000;
            Sched.StopTheWorldFromOutside();
            long stopped = Clock.Nano();
            Look();
            if (due)
                sample = Sample();
            bool suspects = Limits.Look();
            bool still = seen == s_cycles;
            long took = (Clock.Nano() - stopped) / 1_000_000;
            Sched.StartTheWorldFromOutside();
            if (due)
            {
                s_sampled = began;
                seen = s_cycles;
                if (still)
                    AskForCycle();
                plan.Sampled?.Invoke(sample);
            }
            else if (suspects)
            {
                AskForCycle();
            }
            pause = (int)Math.Max(period > 0 ? Math.Min(period, LookMillis) : LookMillis, Math.Min(took * RestFactor, LongestPauseMillis));
        }
    }

    /// <summary>Live memory is known at the end of a collection: who watches it asks for one a period.</summary>
    static void AskForCycle()
    {
        if (MHeap.Current->Gc.Concurrent != 0 && MHeap.Current->Gc.Incremental == 0)
        {
            _ = GcDriver.RequestForced(MHeap.Current);
            return;
        }
        Snapshots.AskForStop();
    }

    /// <summary>World stopped.</summary>
    internal static void Look()
    {
        s_looked = Clock.Nano();
        s_busyNext.Clear();
        s_deferredNext.Clear();
        foreach (WatchedGrowth w in s_growth.Values)
            w.Now = 0;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (gs->Status is GStatus.Dead or GStatus.Idle || gs->IsSystem != 0)
                continue;
            if (gs->GoPc != 0)
            {
                if (!s_growth.TryGetValue(gs->GoPc, out WatchedGrowth? w))
                    s_growth[gs->GoPc] = w = new WatchedGrowth { Since = s_looked };
                w.Now++;
            }
            if (gs->Status is GStatus.Running or GStatus.Runnable && s_busyNext.Count < MostBusy)
                s_busyNext[g->Goid] = s_busy.TryGetValue(g->Goid, out var before) && before.WaitSince == gs->WaitSince ? before : (gs->WaitSince, s_looked);
            if (HasManyDefers(g))
                s_deferredNext[g->Goid] = s_deferred.TryGetValue(g->Goid, out long since) ? since : s_looked;
        }
        foreach (WatchedGrowth w in s_growth.Values)
        {
            if (w.Looks++ == 0)
                w.First = w.Now;
            else if (w.Now > w.Last)
                w.Rises++;
            else if (w.Now < w.Last)
                w.Falls++;
            w.Last = w.Now;
        }
        (s_busy, s_busyNext) = (s_busyNext, s_busy);
        (s_deferred, s_deferredNext) = (s_deferredNext, s_deferred);
    }

    static bool HasManyDefers(G* g)
    {
        int n = 0;
        for (var d = (DeferRecord*)g->Defer; d != null && n < SnapshotFormat.ManyDefers; d = d->Link)
        {
            n++;
            for (DeferRecord* h = d->Head; h != null && n < SnapshotFormat.ManyDefers; h = h->Link)
                n++;
        }
        return n >= SnapshotFormat.ManyDefers;
    }

    static WatchSample Sample()
    {
        MemStats m;
        MemStats.Read(MHeap.Current, Gc.StartNanos, Sched.MaxProcsInUse, &m);
        long goroutines = 0;
        foreach (WatchedGrowth w in s_growth.Values)
            goroutines += w.Last;
        return new WatchSample((s_looked - s_start) / 1e9, s_live, (long)m.HeapAlloc, (long)m.HeapInuse, (long)m.HeapReleased, (long)m.StackInuse, goroutines + 1,
            m.NumGC, (long)m.TotalAlloc, (long)m.HeapObjects, Resident());
    }

    static long Resident()
    {
        try
        {
            string[] words = File.ReadAllText("/proc/self/statm").Split(' ');
            return words.Length > 1 && long.TryParse(words[1], out long pages) ? pages * Environment.SystemPageSize : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>The process is about to end, the world is stopped: the last row.</summary>
    internal static void LastRow()
    {
        if (Interlocked.Exchange(ref s_ended, 1) != 0 || s_plan is not { MonitorEvery: not null } plan)
            return;
        Look();
        plan.Sampled?.Invoke(Sample());
    }

    /// <summary>No more rows.</summary>
    internal static void End()
    {
        Volatile.Write(ref s_ended, 1);
        if (s_plan is { MonitorEvery: not null } plan && Interlocked.Exchange(ref s_told, 1) == 0)
            plan.Ended?.Invoke();
    }
}

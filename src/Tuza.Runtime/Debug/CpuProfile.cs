// The CPU profile: what goroutines do when a clock ticks.
//
// A thread ticks with the rate of the profile. At each tick every P that runs a goroutine gets one more tick to account for, and its goroutine is asked
// to come by; at its next safepoint (a function's entry, the end of a loop's round) it writes down its own stack with all ticks since the last
// time. So no stack is read while it changes, and time in code without safepoints is charged to the first one after it.
//
// The samples wait in memory as records of words, as runtime/pprof reads them: length, time, count, pcs; for each a label pointer, which is a root.

using System;
using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Samples of running goroutines.</summary>
public static unsafe class CpuProfile
{
    const int MaxDepth = 64, MaxWords = 1 << 20;
    const int HeaderWords = 3;

    static readonly Lock s_lock = new();
    static readonly List<ulong> s_words = [];
    static List<nint>? s_labels; // null until a profile was wanted: .NET would compile its part of this list in every program that collects
    static long s_hz;
    static int s_generation;

    internal static void MarkRoots(ref Marker marker)
    {
        lock (s_lock)
        {
            if (s_labels is not { } labels)
                return;
            foreach (nint label in labels)
                marker.Root((nuint)label);
        }
    }

    /// <summary>`setcpuprofilerate(hz int)`: starts, or with 0 ends.</summary>
    [GoFunc("runtime.setcpuprofilerate", Safepoint = false)]
    public static void SetRate(G* g, long hz)
    {
        lock (s_lock)
        {
            s_generation++;
            s_hz = Math.Clamp(hz, 0, 10_000);
            if (s_hz == 0)
                return;
            s_words.Clear();
            s_labels ??= [];
            s_labels.Clear();
            s_words.AddRange([HeaderWords, 0, (ulong)s_hz]);
            s_labels.Add(0);
            int generation = s_generation;
            new Thread(() => Tick(generation), 256 << 10) { IsBackground = true, Name = "profile" }.Start();
        }
    }

    static void Tick(int generation)
    {
        long next = Clock.Nano();
        while (Volatile.Read(ref s_generation) == generation)
        {
            next += 1_000_000_000 / s_hz;
            long pause = next - Clock.Nano();
            if (pause > 0)
                Thread.Sleep(TimeSpan.FromTicks(Math.Max(pause / 100, 1)));
            for (int i = 0; i < Sched.PCount; i++)
            {
                P* p = Sched.PAt(i);
                M* m = p->M;
                G* g = m == null ? null : m->CurG;
                if (p->Status != PStatus.Running || g == null)
                    continue;
                Interlocked.Increment(ref p->ProfileTicks);
                Sysmon.Ask(g);
            }
        }
    }

    /// <summary>The running goroutine accounts for the ticks of its P.</summary>
    internal static void Sample(G* g, P* p)
    {
        int ticks = Interlocked.Exchange(ref p->ProfileTicks, 0);
        ulong* pcs = stackalloc ulong[MaxDepth];
        int n = FrameWalk.Callers(g, 0, pcs, MaxDepth);
        if (n == 0)
            return;
        // The reader takes the first for the place of an interrupt and makes it look like a return.
        pcs[0]--;
        void* label = Sched.State(g)->ProfLabels;
        lock (s_lock)
        {
            if (s_hz == 0 || s_words.Count > MaxWords)
                return;
            s_words.Add((ulong)(HeaderWords + n));
            s_words.Add((ulong)Clock.Nano());
            s_words.Add((ulong)ticks);
            for (int i = 0; i < n; i++)
                s_words.Add(pcs[i]);
            s_labels!.Add((nint)label);
        }
        TypedMem.Shade(label);
    }

    /// <summary>`cpuprofilesize() (words, records int, eof bool)`: what is there to be read.</summary>
    [GoFunc("runtime.cpuprofilesize", Safepoint = false)]
    public static long Size(G* g)
    {
        lock (s_lock)
        {
            g->R[1] = (ulong)(s_labels?.Count ?? 0);
            g->R[2] = s_hz == 0 ? 1UL : 0;
            return s_words.Count;
        }
    }

    /// <summary>`cpuprofileword(i int) uint64`.</summary>
    [GoFunc("runtime.cpuprofileword", Safepoint = false)]
    public static ulong Word(G* g, long i)
    {
        lock (s_lock)
            return s_words[(int)i];
    }

    [GoFunc("runtime.cpuprofilelabel", Safepoint = false)]
    public static void* Label(G* g, long i)
    {
        lock (s_lock)
            return (void*)s_labels![(int)i];
    }

    /// <summary>`cpuprofiledrop(words, records int)`: they have been read.</summary>
    [GoFunc("runtime.cpuprofiledrop", Safepoint = false)]
    public static void Drop(G* g, long words, long records)
    {
        lock (s_lock)
        {
            s_words.RemoveRange(0, (int)words);
            s_labels?.RemoveRange(0, (int)records);
        }
    }
}

// Clocks.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Monotonic and wall time.</summary>
public static unsafe class Clock
{
    const int Realtime = 0, Monotonic = 1;

    [GoFunc("runtime.nanotime", Safepoint = false)]
    [GoFunc("internal/poll.runtimeNano", Safepoint = false)]
    [GoFunc("internal/sync.runtime_nanotime", Safepoint = false)]
    [GoFunc("crypto/internal/fips140deps/time.monoTime", Safepoint = false)]
    public static long NanoTime(G* g) => Nano();

    /// <summary>In a bubble of testing/synctest: its time.</summary>
    [GoFunc("time.runtimeNano", Safepoint = false)]
    public static long RuntimeNano(G* g) => Bubbles.NowOf(g);

    [GoFunc("time.runtimeNow", Safepoint = false)]
    public static long RuntimeNow(G* g)
    {
        if (Bubbles.Of(g) == null)
            return Now(g);
        long now = Bubbles.NowOf(g);
        g->R[1] = (ulong)(now % 1_000_000_000);
        g->R[2] = 0; // no monotonic time: it would agree neither with times from outside nor among those from within
        return now / 1_000_000_000;
    }

    public static long Nano()
    {
        long* t = stackalloc long[2];
        _ = Libc.ClockGetTime(Monotonic, t);
        return t[0] * 1_000_000_000 + t[1];
    }

    public static long UnixNano()
    {
        long* t = stackalloc long[2];
        _ = Libc.ClockGetTime(Realtime, t);
        return t[0] * 1_000_000_000 + t[1];
    }

    [GoFunc("time.now", Safepoint = false)]
    [GoFunc("runtime.time_now", Safepoint = false)]
    public static long Now(G* g)
    {
        long* t = stackalloc long[2];
        _ = Libc.ClockGetTime(Realtime, t);
        g->R[1] = (ulong)t[1];
        g->R[2] = (ulong)Nano();
        return t[0];
    }

    /// <summary>sec, nsec.</summary>
    [GoFunc("runtime.walltime", Safepoint = false)]
    public static long WallTime(G* g)
    {
        long* t = stackalloc long[2];
        _ = Libc.ClockGetTime(Realtime, t);
        g->R[1] = (ulong)t[1];
        return t[0];
    }
}

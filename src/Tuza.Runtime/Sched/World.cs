// Stopping the world, and what the collector's driver and the scheduler want of each other. CONTRACT FILE.
//
// StopTheWorld: called by a thread that holds a P and is at a safepoint (all pointers of its goroutine are visible). When it returns, no
// other thread runs Go code or touches a P: every other P is idle, its thread waits in place at a safepoint, or its goroutine is in a
// system call and cannot leave it. Stops do not nest; a second thread that wants one waits at a safepoint until the first is through.
// The caller does not park, yield or enter a system call before StartTheWorld.
//
// ForEachP: runs a function once for every P, by its holder at a safepoint, or by the caller if nobody holds it; returns when all are
// done. The world goes on. The function must not park or stop the world. Not for use inside a stop.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Why the world is stopped: for statistics.</summary>
public enum StopReason { GcMarkStart, GcMarkTermination, GcFull, MaxProcs, AllStacks, MemStats, Other }

/// <summary>What the scheduler asks of the collector's driver. Set once, before goroutines run; may be null.</summary>
public static unsafe class GcHooks
{
    /// <summary>
    /// The holder of a P without a goroutine offers its time: (P, idle: nothing else to run). Does a slice of marking or sweeping
    /// on this thread and returns whether there was any. Returns soon after P.Preempt is set. Not idle: called once per scheduling round
    /// while <see cref="WorkerWanted"/> is not 0, so it decides by its own accounts (25 %).
    /// </summary>
    public static delegate*<P*, bool, bool> RunWorker;

    /// <summary>Not 0 while the collector wants its share of processors.</summary>
    public static int WorkerWanted;

    /// <summary>A P comes into being or leaves (GOMAXPROCS), world stopped. The driver makes or flushes what it keeps per P.</summary>
    public static delegate*<P*, bool, void> PChanged;
}

public static unsafe partial class Sched
{
    /// <summary>Ps in use: GOMAXPROCS. Changes only with the world stopped.</summary>
    public static int PCount => 1;

    public static P* PAt(int index) => s_p;

    /// <summary>The P of the calling thread, or null.</summary>
    public static P* ThisP => s_p;

    public static void StopTheWorld(StopReason reason) { }

    public static void StartTheWorld() { }

    public static void ForEachP(delegate*<P*, void> fn)
    {
        for (int i = 0; i < PCount; i++)
            fn(PAt(i));
    }

    /// <summary>Idle Ps look for work again (there is marking to be done). From any thread.</summary>
    public static void WakeIdlePs() { }
}

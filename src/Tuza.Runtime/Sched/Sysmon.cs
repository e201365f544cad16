// The system monitor: a thread that wakes now and then, asks a goroutine that has run for 10 ms to yield, takes the P from a
// thread that sits in a system call while there is other work, and wakes an idle holder when a timer was set from elsewhere.

using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Started with the first go statement or timer.</summary>
public static unsafe class Sysmon
{
    const int TickMillis = 5;
    const long SliceNanos = 10_000_000;

    static int s_started;
    static long s_coarseNanos = Clock.Nano();

    /// <summary>The time when this thread last looked: good enough to tell minutes of waiting.</summary>
    public static long CoarseNanos => Volatile.Read(ref s_coarseNanos);

    public static void Start()
    {
        if (s_started != 0 || DebugFlags.AsyncPreemptOff)
            return;
        s_started = 1;
        new Thread(Run, 256 << 10) { IsBackground = true, Name = "sysmon" }.Start();
    }

    static void Run()
    {
        uint tick = 0, syscallTick = 0;
        long since = Clock.Nano();
        int wait = 1;
        for (; ; )
        {
            Thread.Sleep(wait);
            P* p = Sched.CurrentP;
            int status = Volatile.Read(ref p->Status);
            long now = Clock.Nano();
            Volatile.Write(ref s_coarseNanos, now);
            if (status >= 2)
            {
                // Two looks at the same system call: it is a long one.
                if (p->SyscallTick == syscallTick && (Sched.HasWork(p) || Timers.NextWhen != long.MaxValue))
                    Sched.Retake(status);
                syscallTick = p->SyscallTick;
                tick = p->SchedTick;
                since = now;
                wait = 1;
                continue;
            }
            wait = TickMillis;
            if (status == 0 || p->SchedTick != tick)
            {
                tick = p->SchedTick;
                since = now;
                continue;
            }
            if (now - since >= SliceNanos)
                PreemptOne(p);
        }
    }

    /// <summary>Asks the running goroutine to come to a safepoint and yield.</summary>
    static void PreemptOne(P* p)
    {
        M* m = p->M;
        G* g = m == null ? null : m->CurG;
        if (g == null)
            return;
        Sched.State(g)->PreemptWanted = 1;
        Ask(g);
    }

    /// <summary>Raises the guard: the next prologue or back edge goes the slow way. A race with a switch costs one slow prologue.</summary>
    public static void Ask(G* g)
    {
        Volatile.Write(ref g->Preempt, 1);
        Volatile.Write(ref *(nuint*)&g->Guard, nuint.MaxValue);
    }
}

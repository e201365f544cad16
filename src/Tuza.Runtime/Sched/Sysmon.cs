// The system monitor: a thread without a P that looks at all Ps now and then.
//
//   - a goroutine that has used up its time slice of 10 ms is asked to yield;
//   - a P whose thread sits in a system call since the last look is given to another thread, if there is a use for it;
//   - a goroutine that sat in RunNext since the last look is put where idle Ps can take it;
//   - the network is polled if nobody did for 10 ms; timers that are overdue because all are busy wake an idle P;
//   - the collector's thread is woken for the rest of a sweep;
//   - after some collections, resident pages of code that is no longer used are given back.
//
// It looks every millisecond while there is something to correct, less often otherwise, and sleeps when all Ps are idle.

using System;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Started with the first go statement, timer or system call.</summary>
public static unsafe class Sysmon
{
    const int MinTickMicros = 1000, MaxTickMicros = 5000, SyscallTickMicros = 200;
    const long PollNanos = 10_000_000;

    static readonly long s_sliceNanos = DebugFlags.HasSeed ? 1_000_000_000 : 10_000_000;
    static readonly int* s_note = (int*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(64);
    static int s_started;
    static int s_asleep; // under the scheduler's lock
    static long s_coarseNanos = Clock.Nano();

    /// <summary>The time when this thread last looked: good enough to tell minutes of waiting.</summary>
    public static long CoarseNanos => Volatile.Read(ref s_coarseNanos);

    public static bool IsRunning => s_started != 0;

    public static void Start()
    {
        if (s_started == 0)
            StartSlow();
    }

    static void StartSlow()
    {
        if (DebugFlags.AsyncPreemptOff || Interlocked.Exchange(ref s_started, 1) != 0)
            return;
        new Thread(Run, 256 << 10) { IsBackground = true, Name = "sysmon" }.Start();
    }

    static void Run()
    {
        int micros = MinTickMicros;
        for (; ; )
        {
            KernelMemory.Nap((uint)micros);
            if (Sched.AllIdle && Sched.BeginMonitorSleep(ref s_asleep))
            {
                GcDriver.SweepLeft(); // now: who runs after this wakes the monitor
                Futex.NoteSleep(s_note);
                micros = MinTickMicros;
            }
            long now = Clock.Nano();
            Volatile.Write(ref s_coarseNanos, now);
            bool useful = Look(now, out bool inSyscall);
            micros = inSyscall ? SyscallTickMicros : useful ? MinTickMicros : Math.Min(micros + (micros >> 1), MaxTickMicros);
        }
    }

    /// <summary>A P leaves the idle list. Caller holds the scheduler's lock.</summary>
    internal static void WakeLocked()
    {
        if (s_asleep == 0)
            return;
        s_asleep = 0;
        Futex.NoteWake(s_note);
    }

    static bool Look(long now, out bool inSyscall)
    {
        bool useful = false;
        inSyscall = false;
        for (int i = 0; i < Sched.PCount; i++)
        {
            P* p = Sched.PAt(i);
            int status = Volatile.Read(ref p->Status);
            if (PStatus.IsSyscall(status))
            {
                if (p->MonSyscallTick != p->SyscallTick)
                {
                    p->MonSyscallTick = p->SyscallTick;
                    p->MonSyscallSince = now;
                    inSyscall = true;
                }
                else if (Sched.RetakeIsUseful(p) || now - p->MonSyscallSince >= PollNanos)
                {
                    useful |= Sched.Retake(p, status);
                }
            }
            if (status == PStatus.Running || PStatus.IsSyscall(status))
            {
                if (p->MonTick != p->SchedTick)
                {
                    p->MonTick = p->SchedTick;
                    p->MonSince = now;
                }
                else if (now - p->MonSince >= s_sliceNanos)
                {
                    PreemptOne(p);
                }
            }
            if (status == PStatus.Running)
            {
                uint tick = p->SwitchTick;
                G* next = p->RunNext;
                if (next != null && tick == p->MonSwitchTick && next == p->MonNext && Sched.SomeIdle)
                {
                    Sched.AskForNext(p);
                    useful = true;
                }
                p->MonNext = next;
                p->MonSwitchTick = tick;
            }
        }
        if (NetPoll.HasWaiters && now - NetPoll.LastPollNanos >= PollNanos && Sched.NobodyPolls)
            useful |= NetPoll.Poll();
        useful |= Sched.WakeForForgotten();
        GcDriver.SweepLeft();
        FilePages.Attend(now, MHeap.Current);
        return useful;
    }

    /// <summary>From any thread: one of the running goroutines shall yield.</summary>
    internal static void PreemptAny()
    {
        for (int i = 0; i < Sched.PCount; i++)
        {
            P* p = Sched.PAt(i);
            M* m = p->M;
            if (p->Status != PStatus.Running || m == null || m->CurG == null)
                continue;
            PreemptOne(p);
            return;
        }
    }

    /// <summary>Asks the running goroutine to come to a safepoint and yield.</summary>
    static void PreemptOne(P* p)
    {
        M* m = p->M;
        G* g = m == null ? null : m->CurG;
        Volatile.Write(ref p->Preempt, 1);
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

public static unsafe partial class Sched
{
    internal static bool AllIdle => Volatile.Read(ref s_idlePCount) == s_maxProcs;

    internal static bool SomeIdle => Volatile.Read(ref s_idlePCount) != 0;

    internal static bool NobodyPolls => Volatile.Read(ref s_inPoller) == 0;

    internal static bool BeginMonitorSleep(ref int asleep)
    {
        s_lock.Enter();
        bool sleep = s_idlePCount == s_maxProcs && s_stopWanted == 0 && !NobodyAwaits;
        if (sleep)
            asleep = 1;
        s_lock.Exit();
        return sleep;
    }

    /// <summary>Would another thread with this P, now in a system call, have something to do?</summary>
    internal static bool RetakeIsUseful(P* p) => !LocalEmpty(p) || GlobalWaiting || s_idlePCount == 0 && Volatile.Read(ref s_spinning) == 0;

    /// <summary>Work in queues, timers or waiters of the network while Ps are idle and nobody looks: wakes one.</summary>
    internal static bool WakeForForgotten()
    {
        if (s_idlePCount == 0 || Volatile.Read(ref s_spinning) != 0)
            return false;
        if (!AnyWork() && !NobodyAwaits)
            return false;
        WakeP();
        return true;
    }
}

// Stopping the world, Ps by number, and what the collector's driver and the scheduler want of each other. CONTRACT FILE.
//
// StopTheWorld: called by a thread that holds a P and is at a safepoint (all pointers of its goroutine are visible). When it returns, no
// other thread runs Go code or touches a P: every other P is idle, its thread waits in place at a safepoint, or its goroutine is in a
// system call and cannot leave it. Stops do not nest; a second thread that wants one waits at a safepoint until the first is through.
// The caller does not park, yield or enter a system call before StartTheWorld.
//
// ForEachP: runs a function once for every P, by its holder at a safepoint, or by the caller if nobody holds it; returns when all are
// done. The world goes on. The function must not park or stop the world. Not for use inside a stop.
//
// A thread stopped in place keeps its P, native frames and all. So a P that GOMAXPROCS takes away is only marked as dying when a
// thread holds it; the holder gives it up when it next looks for work.

using System;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Why the world is stopped: for statistics.</summary>
public enum StopReason { GcMarkStart, GcMarkTermination, GcFull, Pools, MaxProcs, AllStacks, MemStats, Other }

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

    /// <summary>A P comes into being or leaves (GOMAXPROCS). The driver makes or flushes what it keeps per P; P.MCache is the driver's to set.</summary>
    public static delegate*<P*, bool, void> PChanged;

    /// <summary>A running goroutine with GState.ScanWanted, at a safepoint: scans its own stack and clears the wish.</summary>
    public static delegate*<G*, void> ScanSelf;
}

public static unsafe partial class Sched
{
    const int MostPs = 1 << 10;
    const long AskAgainNanos = 100_000;

    static readonly P** s_ps = (P**)NativeMemory.AllocZeroed(MostPs, (nuint)sizeof(nint));
    static int s_psMade;
    static int s_maxProcs = 1;
    // Who stops the world or runs ForEachP takes a ticket and waits for its turn. In order: who is stopped while it waits could otherwise lose for ever
    // to one that stops the world again and again.
    static long s_worldTickets;
    static long s_worldServing = 1;
    static long s_stopSince;   // by who has stopped the world: when a stop that is not the collector's was asked for, or 0
    static StopReason s_stopReason;
    static int s_stopWanted;   // set under s_lock
    static int s_stopWait;     // under s_lock: Ps not stopped yet
    static readonly int* s_notes = (int*)NativeMemory.AllocZeroed(64);
    static int* StopNote => s_notes;
    static int* PointNote => s_notes + 4;
    static delegate*<P*, void> s_pointFn;
    static int s_pointWait;

    /// <summary>Ps ever made: the bound of <see cref="PAt"/>. Some may be Dead.</summary>
    public static int PCount => s_psMade;

    public static P* PAt(int index) => s_ps[index];

    /// <summary>GOMAXPROCS in effect.</summary>
    public static int MaxProcsInUse => s_maxProcs;

    /// <summary>The P of the calling thread, or null.</summary>
    public static P* ThisP
    {
        get
        {
            M* m = Threads.Current;
            return m == null || m->LostP != 0 ? null : m->P;
        }
    }

    /// <summary>Before threads run, the first P.</summary>
    static P* ThisPOrFirst => Threads.Current == null && s_mCount == 0 ? s_ps[0] : ThisP;

    static P* MakeP(int id, void* mcache)
    {
        P* p = s_ps[id];
        if (p == null)
        {
            p = (P*)NativeMemory.AlignedAlloc((nuint)(sizeof(P) + 127) & ~(nuint)127, 128);
            new Span<byte>(p, sizeof(P)).Clear();
            s_ps[id] = p;
            s_psMade = Math.Max(s_psMade, id + 1);
        }
        p->Id = id;
        p->Dying = 0;
        p->Rand = Rand.Seed() + (ulong)id * 0x9e3779b97f4a7c15;
        p->Timers.Next = long.MaxValue;
        if (mcache != null)
            p->MCache = mcache;
        else if (GcHooks.PChanged != null)
            GcHooks.PChanged(p, true);
        else if (p->MCache == null)
            p->MCache = Gc.NewCache();
        return p;
    }

    // ---- stop

    public static void StopTheWorld(StopReason reason)
    {
        M* m = Threads.Current;
        if (m == null)  // before the program runs
            return;
        // The collector keeps accounts of its own.
        bool counts = reason is not (StopReason.GcMarkStart or StopReason.GcMarkTermination or StopReason.GcFull);
        long start = counts ? Clock.Nano() : 0;
        StopWorld(m);
        s_stopSince = start;
        s_stopReason = reason;
        if (counts)
            Metrics.Stopping(reason, Clock.Nano() - start);
    }

    /// <summary>The same from a thread that is no M: the collector's own.</summary>
    public static void StopTheWorldFromOutside() => StopWorld(null);

    static void StopWorld(M* m)
    {
        OwnWorld(m);
        P* own = m == null ? null : m->P;
        s_lock.Enter();
        s_stopWait = 0;
        for (int i = 0; i < s_psMade; i++)
            if (s_ps[i]->Status != PStatus.Dead)
                s_stopWait++;
        Volatile.Write(ref s_stopWanted, 1);
        Volatile.Write(ref Memory.World.StopWanted, 1);
        Interlocked.MemoryBarrier();
        AskAll(own);
        if (own != null)
        {
            own->Status = PStatus.Stopped;
            s_stopWait--;
        }
        StopSyscallsLocked();
        for (P* p; (p = IdleGetLocked()) != null;)
        {
            p->Status = PStatus.Stopped;
            s_stopWait--;
        }
        bool wait = s_stopWait > 0;
        s_lock.Exit();
        if (!wait)
            return;
        for (int spin = 0; spin < 200 && Volatile.Read(ref s_stopWait) > 0; spin++)
            Futex.Pause(10);
        while (Volatile.Read(ref s_stopWait) > 0)
        {
            if (Futex.NoteSleep(StopNote, AskAgainNanos))
                continue;
            AskAll(own);
            // One may have entered a system call just before it could see the wish.
            s_lock.Enter();
            StopSyscallsLocked();
            s_lock.Exit();
        }
        // Who stopped last leaves its locked section before we go on.
        s_lock.Enter();
        Volatile.Write(ref *StopNote, 0);
        s_lock.Exit();
    }

    static void StopSyscallsLocked()
    {
        for (int i = 0; i < s_psMade; i++)
        {
            P* p = s_ps[i];
            int status = Volatile.Read(ref p->Status);
            if (PStatus.IsSyscall(status) && Interlocked.CompareExchange(ref p->Status, PStatus.Stopped, status) == status)
            {
                p->SyscallTick++;
                s_stopWait--;
            }
        }
    }

    public static void StartTheWorld()
    {
        M* m = Threads.Current;
        if (m == null)
            return;
        long since = s_stopSince;
        s_stopSince = 0;
        if (since != 0)
            Metrics.Paused(s_stopReason, Clock.Nano() - since);
        StartWorld(m);
    }

    public static void StartTheWorldFromOutside() => StartWorld(null);

    static void StartWorld(M* m)
    {
        P* own = m == null ? null : m->P;
        s_lock.Enter();
        Volatile.Write(ref s_stopWanted, 0);
        Volatile.Write(ref Memory.World.StopWanted, 0);
        if (own != null)
            own->Status = PStatus.Running;
        P* withWork = null;
        for (int i = 0; i < s_psMade; i++)
        {
            P* p = s_ps[i];
            if (p == own || p->Status != PStatus.Stopped)
                continue;
            M* holder = p->M;
            if (holder != null && holder->StoppedHere != 0 && holder->P == p)
            {
                holder->StoppedHere = 0;
                p->Status = PStatus.Running;
                Futex.NoteWake(&holder->Note);
            }
            else if (p->Dying != 0 || !LocalEmpty(p))
            {
                p->M = null;
                p->IdleLink = withWork;
                withWork = p;
            }
            else
            {
                IdlePutLocked(p);
            }
        }
        s_lock.Exit();
        while (withWork != null)
        {
            P* p = withWork;
            withWork = p->IdleLink;
            p->IdleLink = null;
            StartM(p, spinning: false);
        }
        DisownWorld();
        // Finalizers and pools too: what a collection found for them waits for somebody who looks.
        if (s_idlePCount != 0 && (GlobalWaiting || Timers.FirstOfAll() != long.MaxValue || NetPoll.HasWaiters || Gc.FinalizersWait))
            WakeP();
        WakeStopWaiters();
        if (m == null)
            CheckDead();
    }

    /// <summary>The process dies: the other threads shall stop where they can. Waits a little, for what does not listen too.</summary>
    internal static void Freeze()
    {
        M* m = Threads.Current;
        Volatile.Write(ref s_worldServing, long.MaxValue);
        Volatile.Write(ref s_stopWait, int.MaxValue);
        Volatile.Write(ref s_stopWanted, 1);
        Volatile.Write(ref Memory.World.StopWanted, 1);
        for (int i = 0; i < 5; i++)
        {
            AskAll(m == null ? null : m->P);
            bool running = false;
            for (int k = 0; k < s_psMade; k++)
                running |= s_ps[k]->Status == PStatus.Running && (m == null || s_ps[k] != m->P);
            if (!running)
                return;
            KernelMemory.Nap(1000);
        }
    }

    /// <summary>Another thread ends the process: this one, at a safepoint or no M, only lets itself be stopped.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    internal static void AwaitEnd()
    {
        for (; ; )
            LetOthersStop();
    }

    /// <summary>A thread at a safepoint, or no M, waits for something others do: a moment, in which the world can be stopped.</summary>
    internal static void LetOthersStop()
    {
        M* m = Threads.Current;
        if (m != null && m->P != null)
        {
            if (Volatile.Read(ref s_stopWanted) != 0)
                StopHere(m);
            if (m->P->RunSafePointFn != 0)
                RunSafePointFn(m->P);
        }
        KernelMemory.Nap(500);
    }

    /// <summary>After <see cref="Freeze"/> or in a stop: the goroutine still runs, its frames cannot be read.</summary>
    internal static bool RunsElsewhere(G* g)
    {
        GState* gs = State(g);
        M* m = (M*)g->M;
        return gs->Status == GStatus.Running && m != null && m != Threads.Current && m->CurG == g && m->StoppedHere == 0;
    }

    static void OwnWorld(M* m)
    {
        long ticket = Interlocked.Increment(ref s_worldTickets);
        while (Volatile.Read(ref s_worldServing) != ticket)
        {
            // Somebody else is at it: be stopped.
            if (m == null)
            {
                _ = Futex.Yield();
                continue;
            }
            if (Volatile.Read(ref s_stopWanted) != 0)
                StopHere(m);
            if (m->P->RunSafePointFn != 0)
                RunSafePointFn(m->P);
            Futex.Pause(20);
            _ = Futex.Yield();
        }
    }

    /// <summary>The next one's turn. Of a dying process (<see cref="Freeze"/>) nobody's.</summary>
    static void DisownWorld() => Interlocked.Increment(ref s_worldServing);

    /// <summary>From any thread: running goroutines come to a safepoint soon, and an idle P looks whether something is pending.</summary>
    internal static void AskEverybody()
    {
        AskAll(null);
        WakeIdlePs();
    }

    /// <summary>Raises the guards of all running goroutines but the caller's.</summary>
    static void AskAll(P* but)
    {
        for (int i = 0; i < s_psMade; i++)
        {
            P* p = s_ps[i];
            if (p == but || p->Status == PStatus.Dead)
                continue;
            Volatile.Write(ref p->Preempt, 1);
            M* m = p->M;
            G* g = m == null ? null : m->CurG;
            if (g != null)
                Sysmon.Ask(g);
        }
    }

    /// <summary>The thread waits where it is, with its P, until the world goes on.</summary>
    static void StopHere(M* m)
    {
        P* p = m->P;
        s_lock.Enter();
        if (s_stopWanted == 0)
        {
            s_lock.Exit();
            return;
        }
        m->StoppedHere = 1;
        StopPLocked(p);
        s_lock.Exit();
        Futex.NoteSleep(&m->Note);
    }

    static void StopPLocked(P* p)
    {
        p->Status = PStatus.Stopped;
        if (--s_stopWait == 0)
            Futex.NoteWake(StopNote);
    }

    // ---- every P

    public static void ForEachP(delegate*<P*, void> fn)
    {
        M* m = Threads.Current;
        if (m == null)
        {
            for (int i = 0; i < s_psMade; i++)
                fn(s_ps[i]);
            return;
        }
        OwnWorld(m);
        P* own = m->P;
        s_lock.Enter();
        s_pointFn = fn;
        s_pointWait = 0;
        for (int i = 0; i < s_psMade; i++)
        {
            P* p = s_ps[i];
            if (p == own || p->Status == PStatus.Dead)
                continue;
            p->RunSafePointFn = 1;
            s_pointWait++;
        }
        Interlocked.MemoryBarrier();
        AskAll(own);
        for (P* p = s_idleP; p != null; p = p->IdleLink)
            RunSafePointFnLocked(p);
        s_lock.Exit();
        fn(own);
        while (Volatile.Read(ref s_pointWait) > 0)
        {
            for (int i = 0; i < s_psMade; i++)
            {
                P* p = s_ps[i];
                int status = Volatile.Read(ref p->Status);
                if (p->RunSafePointFn != 0 && PStatus.IsSyscall(status)
                    && Interlocked.CompareExchange(ref p->Status, PStatus.Idle, status) == status)
                {
                    p->SyscallTick++;
                    p->M = null;
                    RunSafePointFn(p);
                    HandOff(p);
                }
            }
            if (Volatile.Read(ref s_pointWait) > 0 && !Futex.NoteSleep(PointNote, AskAgainNanos))
                AskAll(own);
        }
        s_lock.Enter();
        Volatile.Write(ref *PointNote, 0);
        s_lock.Exit();
        DisownWorld();
    }

    static void RunSafePointFn(P* p)
    {
        s_lock.Enter();
        RunSafePointFnLocked(p);
        s_lock.Exit();
    }

    static void RunSafePointFnLocked(P* p)
    {
        if (p->RunSafePointFn == 0)
            return;
        p->RunSafePointFn = 0;
        s_pointFn(p);
        if (--s_pointWait == 0)
            Futex.NoteWake(PointNote);
    }

    // ---- GOMAXPROCS

    /// <summary>Before the program runs: that many Ps.</summary>
    static void MakeFirstPs(int n)
    {
        s_maxProcs = n;
        for (int i = s_psMade; i < n; i++)
        {
            P* p = MakeP(i, null);
            IdlePutLocked(p);
        }
    }

    /// <summary>Changes the number of Ps; the caller holds one.</summary>
    public static void SetMaxProcs(int n)
    {
        n = Math.Clamp(n, 1, MostPs);
        if (n == s_maxProcs)
            return;
        StopTheWorld(StopReason.MaxProcs);
        int old = s_maxProcs;
        s_maxProcs = n;
        for (int i = 0; i < Math.Max(old, n); i++)
        {
            P* p = s_ps[i];
            if (i >= n)
            {
                if (p->Status == PStatus.Dead)
                    continue;
                M* holder = p->M;
                p->Dying = 1;
                if (p != ThisP && (holder == null || holder->StoppedHere == 0))
                    DestroyP(p);
            }
            else if (p == null || p->Status == PStatus.Dead)
            {
                p = MakeP(i, null);
                p->M = null;
                p->Status = PStatus.Stopped;
            }
            else
            {
                p->Dying = 0;
            }
        }
        StartTheWorld();
        G* g = Threads.CurrentG();
        if (ThisP->Dying != 0 && g != null)
        {
            State(g)->PreemptWanted = 1;
            Sysmon.Ask(g);
        }
        WakeP();
    }

    /// <summary>A P without holder, or whose holder gives it up, goes.</summary>
    static void DestroyP(P* p)
    {
        // All of it while the P is still ours: as a dead one it counts as stopped, and can be brought back to life.
        Timers.MoveAll(p, s_ps[0]);
        DrainFree(p, 0);
        if (GcHooks.PChanged != null)
            GcHooks.PChanged(p, false);
        else
            Gc.FlushCache(p->MCache);
        s_lock.Enter();
        DrainLocked(p);
        if (p->RunSafePointFn != 0)
            RunSafePointFnLocked(p);
        bool stopping = s_stopWanted != 0 && p->Status == PStatus.Running;
        p->M = null;
        p->Status = PStatus.Dead;
        if (stopping && --s_stopWait == 0)
            Futex.NoteWake(StopNote);
        s_lock.Exit();
        if (s_idlePCount != 0 && GlobalWaiting)
            WakeP();
    }
}

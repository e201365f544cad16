// The loop of an M: find a goroutine, run it, see why it came back.
//
// Finding, in this order: every 61st slice the global queue; the P's own; the global queue; the network, not waiting; other Ps' rings and
// timers. An M that looks at others is "spinning"; at most half of the busy Ps' number of Ms spin. With nothing found the P becomes idle.
// Then, because work may have come between the look and the count, all queues are looked at once more. One idle M waits in the poller, until
// the first timer of all Ps; the others sleep on their notes.
//
// Who makes work wakes an M if a P is idle and none spins; an M that finds work and was the last spinning one wakes another. So work does not
// wait while Ps are idle, and at most one M is on its way at a time.
//
// If the last M goes to sleep and nobody waits in the poller, all goroutines are asleep: a deadlock.

using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

public static unsafe partial class Sched
{
    const int StealRounds = 4;
    const int NextPatienceSpins = 16;

    static M* s_idleM;         // under s_lock
    static int s_idleMCount;   // under s_lock: Ms asleep, also those that wait for their wired goroutine
    static int s_mCount;       // under s_lock: Ms made
    static int s_spinning;     // Ms that look for work
    static P* s_idleP;         // under s_lock
    static int s_idlePCount;   // changed under s_lock
    static long s_pollUntil;   // when the M in the poller wakes by itself; 0 until it knows
    static int s_inPoller;     // an M waits in the poller

    /// <summary>
    /// Not 0 while stacks are scanned beside the program. Changes only with the world stopped. A scanner takes ScanLock of a goroutine
    /// that is Waiting, Runnable or Syscall; a goroutine becomes Running only under it.
    /// </summary>
    public static int ScanActive;

    /// <summary>Body of a thread.</summary>
    static void Loop(M* m)
    {
        for (; ; )
        {
            G* g;
            bool inherits = false;
            if (m->LockedG != null)
            {
                StopLockedM(m);
                g = m->LockedG;
                State(g)->SchedLink = null;
            }
            else
            {
                g = FindRunnable(m, out inherits);
            }
            while (g != null)
            {
                g = Run(m, g, inherits);
                inherits = true;
            }
        }
    }

    /// <summary>Runs one goroutine; returns the one that must run next, or null.</summary>
    static G* Run(M* m, G* g, bool inherits)
    {
        GState* gs = State(g);
        P* p = m->P;
        if (m->Spinning != 0)
            StopSpinning(m);
        if (gs->LockedM != null && gs->LockedM != m)
        {
            HandToLockedM(m, gs->LockedM);
            return null;
        }
        if (!inherits)
            p->SchedTick++;
        p->SwitchTick++;
        m->CurG = g;
        g->M = m;
        g->MCache = p->MCache;
        g->Args = m->Args;
        g->MoreR = m->MoreR;
        g->Preempt = 0;
        gs->PreemptWanted = 0;
        if (ScanActive != 0)
            RunUnderScanLock(g, gs);
        else
            gs->Status = GStatus.Running;
        if (gs->ReadySince != 0)
        {
            Metrics.Latency.Add(Clock.Nano() - (gs->ReadySince & ~1L), (gs->ReadySince & 1) != 0 ? P.LatencyWeight : 1);
            gs->ReadySince = 0;
        }
        if (gs->BlockStart != 0)
            BlockProfile.GoesOn(g, gs);
        if (gs->OnWake != null)
        {
            delegate*<G*, bool> onWake = gs->OnWake;
            gs->OnWake = null;
            if (!onWake(g))
            {
                m->CurG = null;
                return null;
            }
        }
        Stacks.ResetGuard(g);
        if (Volatile.Read(ref s_stopWanted) != 0 || p->RunSafePointFn != 0 || GcPending != 0 || gs->ScanWanted != 0)
            Sysmon.Ask(g);
        bool alive = Trampoline.Run(g, gs);
        if (m->LostP != 0)
        {
            LostP(m, g);
            return null;
        }
        p = m->P;
        if (!alive)
        {
            m->CurG = null;
            Finish(p, g);
            if (m->LockedG == g)
                m->LockedG = null;
            return null;
        }
        switch (gs->ParkKind)
        {
            case ParkKind.Yield:
                m->CurG = null;
                gs->Status = GStatus.Runnable;
                if (--p->ReadyTick < 0)
                    p->MeasureLatency(gs);
                GlobalPut(g);
                return null;
            case ParkKind.YieldLocal:
                m->CurG = null;
                gs->Status = GStatus.Runnable;
                if (--p->ReadyTick < 0)
                    p->MeasureLatency(gs);
                LocalPut(p, g);
                return null;
            case ParkKind.Switch:
                m->CurG = null;
                G* next = gs->SwitchTo;
                gs->SwitchTo = null;
                gs->Status = GStatus.Waiting;
                if (gs->Bubble != null || State(next)->Bubble != null)
                    Bubbles.Switched(g, next);
                return next;
            case ParkKind.Wait:
                m->CurG = null;
                Lock32* held = gs->ParkLock;
                delegate*<G*, bool> commit = gs->ParkCommit;
                gs->ParkLock = null;
                gs->ParkCommit = null;
                Volatile.Write(ref *(int*)&gs->Status, (int)GStatus.Waiting);
                if (gs->Bubble != null)
                    return ParkInBubble(g, gs, held, commit);
                // From the release on the goroutine may run elsewhere: it is not touched any more.
                if (held != null)
                    held->Exit();
                else if (commit != null && !commit(g))
                {
                    gs->Status = GStatus.Runnable;
                    return g;
                }
                return null;
            case ParkKind.Continue:
            default:
                Throw.Fatal("scheduler: goroutine came back to go on");
                return null;
        }
    }

    /// <summary>A goroutine of a bubble is counted before it can be found; a sleeper, which only the bubble's root wakes, after its timer is set.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static G* ParkInBubble(G* g, GState* gs, Lock32* held, delegate*<G*, bool> commit)
    {
        bool sleeps = gs->WaitReason == WaitReason.Sleep;
        if (sleeps && commit != null)
            _ = commit(g);
        Bubbles.Parked(g);
        if (held != null)
            held->Exit();
        else if (!sleeps && commit != null && !commit(g))
        {
            if (gs->BubbleIdle != 0)
                Bubbles.Woken(g);
            gs->Status = GStatus.Runnable;
            return g;
        }
        return null;
    }

    static void RunUnderScanLock(G* g, GState* gs)
    {
        TakeScanLock(gs);
        if (gs->ScanCycle != Gc.ScanCycle)
            Gc.ScanBeforeRun(g, gs);
        Memory.Barrier.Blacken((Memory.MCache*)ThisP->MCache);
        gs->Status = GStatus.Running;
        Volatile.Write(ref gs->ScanLock, 0);
    }

    static void TakeScanLock(GState* gs)
    {
        while (Interlocked.CompareExchange(ref gs->ScanLock, 1, 0) != 0)
            Futex.Pause(10);
    }

    /// <summary>For a scanner: owns the goroutine, which does not run, until <see cref="EndScan"/>. False: it runs; ask it to scan itself.</summary>
    public static bool TryBeginScan(G* g)
    {
        GState* gs = State(g);
        TakeScanLock(gs);
        if (Volatile.Read(ref *(int*)&gs->Status) != (int)GStatus.Running)
            return true;
        Volatile.Write(ref gs->ScanLock, 0);
        return false;
    }

    /// <summary>World stopped: markers, which go on, do not move the stack of a goroutine until <see cref="EndScan"/>. False: there are none.</summary>
    internal static bool HoldStack(G* g)
    {
        if (ScanActive == 0)
            return false;
        TakeScanLock(State(g));
        return true;
    }

    /// <summary>The same for a process that dies: it does not wait for ever.</summary>
    internal static bool TryHoldStack(G* g)
    {
        for (int i = 0; i < HoldSpins && ScanActive != 0; i++)
        {
            if (Interlocked.CompareExchange(ref State(g)->ScanLock, 1, 0) == 0)
                return true;
            Futex.Pause(10);
        }
        return false;
    }

    const int HoldSpins = 100_000;

    public static void EndScan(G* g) => Volatile.Write(ref State(g)->ScanLock, 0);

    // ---- finding work

    const uint NapMicros = 5;

    static G* FindRunnable(M* m, out bool inherits)
    {
    top:
        inherits = false;
        P* p = m->P;
        if (p == null)
        {
            StopM(m);
            goto top;
        }
        if (Volatile.Read(ref s_stopWanted) != 0)
        {
            if (m->Spinning != 0)
                UnSpin(m);
            StopHere(m);
            goto top;
        }
        if (p->Dying != 0)
        {
            if (m->Spinning != 0)
                UnSpin(m);
            DestroyP(p);
            m->P = null;
            goto top;
        }
        p->Preempt = 0;
        if (p->RunSafePointFn != 0)
            RunSafePointFn(p);
        if (GcPending != 0)
            Gc.CollectIdle(p);
        Timers.Run(p);
        if (Gc.FinalizersWait)
            _ = Gc.TryWakeFinalizers();
        if (p->GiveNext != 0)
            ServeNext(p);

        G* g;
        if ((p->SchedTick % GlobalFirstEvery == 0 || s_urgent != 0) && GlobalWaiting)
        {
            g = GlobalGet(p, 1);
            if (g != null)
                return g;
        }
        if (GcHooks.WorkerWanted != 0 && GcHooks.RunWorker != null && GcHooks.RunWorker(p, false))
            goto top;
        g = LocalGet(p, out inherits);
        if (g != null)
            return g;
        g = GlobalGet(p, P.QueueSize);
        if (g != null)
            return g;
        if (NetPoll.HasWaiters && s_inPoller == 0 && NetPoll.Poll())
            goto top;

        if (s_maxProcs > 1 && (m->Spinning != 0 || 2 * Volatile.Read(ref s_spinning) < s_maxProcs - s_idlePCount))
        {
            if (m->Spinning == 0)
            {
                m->Spinning = 1;
                Interlocked.Increment(ref s_spinning);
            }
            g = StealWork(p, out bool again);
            if (g != null)
                return g;
            if (again)
                goto top;
        }
        if (GcHooks.RunWorker != null && GcHooks.RunWorker(p, true))
            goto top;

        // Give the P up.
        s_lock.Enter();
        if (s_stopWanted != 0 || p->RunSafePointFn != 0 || p->Dying != 0)
        {
            s_lock.Exit();
            goto top;
        }
        if (s_global.Count != 0)
        {
            g = GlobalGetLocked(p, P.QueueSize);
            s_lock.Exit();
            return g;
        }
        m->P = null;
        IdlePutLocked(p);
        s_lock.Exit();

        bool wasSpinning = m->Spinning != 0;
        if (wasSpinning)
        {
            // Work that comes in small pieces: whoever makes it need not wake anybody as long as this M counts as spinning. The kernel makes some 50
            // microseconds of it, as long as waking another thread would take. Not when this M is the one to wait for the network or for timers.
            if (s_stopWanted == 0 && !AnyWork() && (s_inPoller != 0 || !NetPoll.HasWaiters && Timers.FirstOfAll() == long.MaxValue))
                KernelMemory.Nap(NapMicros);
            m->Spinning = 0;
            Interlocked.Decrement(ref s_spinning);
        }
        else
        {
            Interlocked.MemoryBarrier();
        }
        // Once more: work may have come before the counts changed.
        if (AnyWork() && TryTakeIdleP(m))
        {
            if (wasSpinning)
            {
                m->Spinning = 1;
                Interlocked.Increment(ref s_spinning);
            }
            goto top;
        }
        // One waits in the poller.
        long until = Timers.FirstOfAll();
        if ((until != long.MaxValue || NetPoll.HasWaiters) && Interlocked.CompareExchange(ref s_inPoller, 1, 0) == 0)
        {
            Interlocked.MemoryBarrier();
            if (!AnyWork() && s_stopWanted == 0)
                _ = NetPoll.Sleep();
            Volatile.Write(ref s_pollUntil, 0);
            Volatile.Write(ref s_inPoller, 0);
            if (TryTakeIdleP(m))
            {
                m->Spinning = 1;
                Interlocked.Increment(ref s_spinning);
                goto top;
            }
        }
        else if (until != long.MaxValue)
        {
            WakePoller(until);
        }
        StopM(m);
        goto top;
    }

    /// <summary>Something is queued on any P, or a collection waits for one.</summary>
    static bool AnyWork()
    {
        if (GlobalWaiting || Gc.FinalizersWait || GcPending != 0)
            return true;
        for (int i = 0; i < s_psMade; i++)
        {
            P* p = s_ps[i];
            if (p->Status != PStatus.Dead && Volatile.Read(ref p->QueueHead) != Volatile.Read(ref p->QueueTail))
                return true;
        }
        return false;
    }

    static G* StealWork(P* thief, out bool again)
    {
        again = false;
        uint n = (uint)s_psMade;
        for (int round = 0; round < StealRounds; round++)
        {
            uint start = Rand.Below(thief, n);
            for (uint k = 0; k < n; k++)
            {
                P* victim = s_ps[(start + k) % n];
                if (victim == thief || victim->Status is PStatus.Dead)
                    continue;
                if (Volatile.Read(ref s_stopWanted) != 0)
                {
                    again = true;
                    return null;
                }
                if (round == StealRounds - 1 && Timers.IsDue(victim))
                {
                    Timers.Run(victim);
                    if (!LocalEmpty(thief))
                    {
                        again = true;
                        return null;
                    }
                }
                G* g = Steal(thief, victim);
                if (g != null)
                    return g;
                if (round == StealRounds - 1 && victim->Eager != 0 && Volatile.Read(ref *(nint*)&victim->RunNext) != 0 && WaitForNext(victim))
                {
                    g = Steal(thief, victim);
                    if (g != null)
                        return g;
                }
            }
            Futex.Pause(8);
        }
        return null;
    }

    /// <summary>
    /// A goroutine sits in RunNext of a P where the monitor has seen one wait for long: if it does so for microseconds, asks the holder for it.
    /// True: worth another look.
    /// </summary>
    static bool WaitForNext(P* victim)
    {
        uint tick = Volatile.Read(ref victim->SwitchTick);
        for (int i = 0; i < NextPatienceSpins; i++)
        {
            Futex.Pause(4);
            if (Volatile.Read(ref victim->SwitchTick) != tick || victim->RunNext == null)
                return false;
        }
        AskForNext(victim);
        for (int i = 0; i < NextPatienceSpins; i++)
        {
            Futex.Pause(4);
            if (Volatile.Read(ref victim->QueueHead) != Volatile.Read(ref victim->QueueTail))
                return true;
        }
        return false;
    }

    internal static void AskForNext(P* victim)
    {
        Volatile.Write(ref victim->GiveNext, 1);
        M* m = victim->M;
        G* g = m == null ? null : m->CurG;
        if (g != null)
            Sysmon.Ask(g);
    }

    // ---- spinning, waking

    /// <summary>For a mutex: its holder may be running on another P, and this P has nothing better to do.</summary>
    internal static bool OthersRun(P* p) =>
        s_maxProcs > 1 && Volatile.Read(ref s_idlePCount) + Volatile.Read(ref s_spinning) + 1 < s_maxProcs && LocalEmpty(p);

    static void StopSpinning(M* m)
    {
        m->Spinning = 0;
        if (Interlocked.Decrement(ref s_spinning) == 0)
            WakeP();
    }

    static void UnSpin(M* m)
    {
        m->Spinning = 0;
        Interlocked.Decrement(ref s_spinning);
    }

    /// <summary>If a P is idle and no M looks for work, sends one to look.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void WakeP()
    {
        if (s_idlePCount == 0 || Volatile.Read(ref s_spinning) != 0 || Interlocked.CompareExchange(ref s_spinning, 1, 0) != 0)
            return;
        s_lock.Enter();
        P* p = s_stopWanted != 0 ? null : IdleGetLocked();
        s_lock.Exit();
        if (p == null)
        {
            Interlocked.Decrement(ref s_spinning);
            return;
        }
        StartM(p, spinning: true);
    }

    public static int IdlePs => Volatile.Read(ref s_idlePCount);

    /// <summary>Idle Ps look for work again (there is marking to be done). From any thread.</summary>
    public static void WakeIdlePs()
    {
        WakeP();
        NetPoll.Wake();
    }

    /// <summary>A timer was set: the M in the poller, if any, must not sleep longer than until then; if nobody is there, somebody should be.</summary>
    internal static void WakePoller(long when)
    {
        if (s_maxProcs == 1 && s_idlePCount == 0)
            return;
        if (Volatile.Read(ref s_inPoller) != 0)
        {
            long until = Volatile.Read(ref s_pollUntil);
            if (until == 0 || until > when)
                NetPoll.Wake();
        }
        else
        {
            WakeP();
        }
    }

    /// <summary>
    /// By the M in the poller, which can be woken: the first timer of all. It is looked for once more, and only what is found now is published: the timer
    /// for which the M came here may have run meanwhile, and nobody would wake it for a later one.
    /// </summary>
    internal static long PollUntil()
    {
        long until = Timers.FirstOfAll();
        Volatile.Write(ref s_pollUntil, until);
        return until;
    }

    /// <summary>Takes an idle P for an M without one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryTakeIdleP(M* m)
    {
        if (Volatile.Read(ref s_idlePCount) == 0)
            return false;
        s_lock.Enter();
        P* p = s_stopWanted != 0 ? null : IdleGetLocked();
        s_lock.Exit();
        if (p == null)
            return false;
        Acquire(m, p);
        return true;
    }

    static void Acquire(M* m, P* p)
    {
        m->P = p;
        p->M = m;
        Volatile.Write(ref p->Status, PStatus.Running);
    }

    static void IdlePutLocked(P* p)
    {
        p->M = null;
        p->Status = PStatus.Idle;
        p->IdleLink = s_idleP;
        s_idleP = p;
        Volatile.Write(ref s_idlePCount, s_idlePCount + 1);
    }

    static P* IdleGetLocked()
    {
        P* p = s_idleP;
        if (p == null)
            return null;
        s_idleP = p->IdleLink;
        p->IdleLink = null;
        Volatile.Write(ref s_idlePCount, s_idlePCount - 1);
        Sysmon.WakeLocked();
        return p;
    }

    /// <summary>Starts an M, asleep or new, with this P. The P is in no list.</summary>
    static void StartM(P* p, bool spinning)
    {
        s_lock.Enter();
        M* m = s_idleM;
        if (m != null)
        {
            s_idleM = m->IdleLink;
            m->IdleLink = null;
            s_idleMCount--;
        }
        else
        {
            s_mCount++;
        }
        s_lock.Exit();
        bool fresh = m == null;
        if (fresh)
            m = Threads.NewM();
        m->NextP = p;
        m->Spinning = spinning ? 1 : 0;
        if (fresh)
            Threads.Start(m);
        else
            Futex.NoteWake(&m->Note);
    }

    /// <summary>An M without a P sleeps until it gets one.</summary>
    static void StopM(M* m)
    {
        s_lock.Enter();
        m->IdleLink = s_idleM;
        s_idleM = m;
        s_idleMCount++;
        CheckDeadLocked();
        s_lock.Exit();
        Futex.NoteSleep(&m->Note);
        Acquire(m, m->NextP);
        m->NextP = null;
    }

    /// <summary>From a thread that has let go of what could have made a goroutine ready, or has kept Ms from looking: the world, a collection.</summary>
    internal static void CheckDead()
    {
        s_lock.Enter();
        CheckDeadLocked();
        s_lock.Exit();
    }

    /// <summary>All Ms are asleep: nobody will ever make a goroutine ready again.</summary>
    static void CheckDeadLocked()
    {
        if (s_mCount != s_idleMCount || s_mCount == 0 || s_stopWanted != 0 || Throw.IsDying != 0 || Signals.AnyoneListens || Gc.IsBusy || Gc.FinalizersWait)
            return;
        if (s_global.Count != 0 || Timers.FirstOfAll() != long.MaxValue || NetPoll.HasWaiters)
            return;
        s_lock.Exit();
        if (s_mainGone)
            Throw.FatalAtSafepoint("no goroutines (main called runtime.Goexit) - deadlock!");
        Throw.Deadlock();
    }

    /// <summary>A P that nobody holds: to an M if there is work for it, else it is idle.</summary>
    static void HandOff(P* p)
    {
        if (!LocalEmpty(p) || GlobalWaiting || p->Dying != 0 || GcPending != 0)
        {
            StartM(p, spinning: false);
            return;
        }
        if (Volatile.Read(ref s_spinning) == 0 && s_idlePCount == 0 && Interlocked.CompareExchange(ref s_spinning, 1, 0) == 0)
        {
            StartM(p, spinning: true);
            return;
        }
        s_lock.Enter();
        if (s_stopWanted != 0)
        {
            StopPLocked(p);
            s_lock.Exit();
            return;
        }
        if (p->RunSafePointFn != 0)
            RunSafePointFnLocked(p);
        if (s_global.Count != 0)
        {
            s_lock.Exit();
            StartM(p, spinning: false);
            return;
        }
        IdlePutLocked(p);
        long when = Volatile.Read(ref p->Timers.Next);
        s_lock.Exit();
        Interlocked.MemoryBarrier();
        if (NobodyAwaits)
            WakeP();
        else if (when != long.MaxValue)
            WakePoller(when);
    }

    /// <summary>The last M that looked for work saw neither timers nor waiters of the network; by now there are some.</summary>
    static bool NobodyAwaits => Volatile.Read(ref s_inPoller) == 0 && (NetPoll.HasWaiters || Timers.FirstOfAll() != long.MaxValue);

    // ---- wired goroutines

    /// <summary>The P goes to the thread that alone may run the goroutine just taken; this one looks for another P.</summary>
    static void HandToLockedM(M* m, M* locked)
    {
        P* p = m->P;
        m->P = null;
        s_lock.Enter();
        s_idleMCount--;
        s_lock.Exit();
        locked->NextP = p;
        Futex.NoteWake(&locked->Note);
    }

    /// <summary>The goroutine of this thread waits: its P goes on without it.</summary>
    static void StopLockedM(M* m)
    {
        if (m->Spinning != 0)
            UnSpin(m);
        if (m->P != null)
        {
            P* p = m->P;
            m->P = null;
            p->M = null;
            HandOff(p);
        }
        s_lock.Enter();
        s_idleMCount++;
        CheckDeadLocked();
        s_lock.Exit();
        Futex.NoteSleep(&m->Note);
        Acquire(m, m->NextP);
        m->NextP = null;
    }

    [GoFunc("runtime.LockOSThread", Safepoint = false)]
    public static void LockOSThread(G* g)
    {
        GState* gs = State(g);
        gs->LockCount++;
        gs->LockedM = (M*)g->M;
        ((M*)g->M)->LockedG = g;
    }

    [GoFunc("runtime.UnlockOSThread", Safepoint = false)]
    public static void UnlockOSThread(G* g)
    {
        GState* gs = State(g);
        if (gs->LockCount == 0 || --gs->LockCount != 0)
            return;
        gs->LockedM->LockedG = null;
        gs->LockedM = null;
    }
}

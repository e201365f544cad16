// The network poller: one epoll instance and one eventfd to wake whoever sleeps in it.
//
// It is also where one idle M sleeps, until the first timer. A descriptor is registered once, edge-triggered, for both
// directions. Per direction a word says: nothing (0), ready (1), somebody is about to wait (2), or the goroutine that waits. It changes by
// compare-and-swap: pollers and deadlines run on any thread.
//
// Deadlines are timers of the runtime; when one fires, waiters are woken with the timeout error, as Go does it. The other fields of a
// descriptor are under its lock. A descriptor's record is never freed; events carry its sequence number, so that
// an old event does not wake a new user.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>`pollDesc`.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct PollDesc
{
    public PollDesc* Link;
    public int Fd;
    public Lock32 Lock;
    public int Closing;
    /// <summary>0, 1 (ready), 2 (about to wait) or the waiting G*, for reading and writing.</summary>
    public nint ReadWait, WriteWait;
    /// <summary>Absolute deadlines; 0 none, below 0 expired.</summary>
    public long ReadDeadline, WriteDeadline;
    public Timer ReadTimer, WriteTimer;
    public int EventError;
    /// <summary>Below 2^15: it is packed above the address in the event.</summary>
    public uint Sequence;
}

/// <summary>internal/poll.runtime_poll*.</summary>
public static unsafe class NetPoll
{
    const int EpollIn = 1, EpollOut = 4, EpollErr = 8, EpollHup = 16, EpollRdHup = 0x2000;
    const uint EpollEdge = 1u << 31;
    const int CtlAdd = 1, CtlDel = 2;
    const int CloseOnExec = 0x80000, NonBlock = 0x800;
    const int NoError = 0, ErrClosing = 1, ErrTimeout = 2, ErrNotPollable = 3;
    const int EventBytes = 12, MaxEvents = 64;

    static int s_epoll = -1, s_wake = -1;
    static int s_waiters;
    static int s_sleeping;
    static int s_wakeSent;
    static PollDesc* s_free;
    static Lock32 s_freeLock;
    static readonly Lock s_initLock = new();
    static long s_lastPoll;

    const int SequenceBits = 15, AddressBits = 48;

    public static bool HasWaiters => Volatile.Read(ref s_waiters) != 0;

    public static long LastPollNanos => Volatile.Read(ref s_lastPoll);

    static void Init()
    {
        if (s_epoll >= 0)
            return;
        lock (s_initLock)
        {
            if (s_epoll >= 0)
                return;
            s_wake = (int)Libc.Syscall(Libc.SysEventfd2, 0, CloseOnExec | NonBlock, 0, 0, 0, 0);
            int epoll = (int)Libc.Syscall(Libc.SysEpollCreate1, CloseOnExec, 0, 0, 0, 0, 0);
            if (epoll < 0 || s_wake < 0)
                Throw.Fatal("runtime: netpollinit failed");
            byte* e = stackalloc byte[EventBytes];
            *(uint*)e = EpollIn;
            *(long*)(e + 4) = 0;
            _ = Libc.Syscall(Libc.SysEpollCtl, epoll, CtlAdd, s_wake, (nint)e, 0, 0);
            Volatile.Write(ref s_epoll, epoll);
        }
    }

    /// <summary>Wakes the M that sleeps here. From any thread.</summary>
    public static void Wake()
    {
        if (Volatile.Read(ref s_sleeping) == 0 || Interlocked.Exchange(ref s_wakeSent, 1) != 0)
            return;
        ulong one = 1;
        _ = Libc.Syscall(Libc.SysWrite, s_wake, (nint)(&one), 8, 0, 0, 0);
    }

    /// <summary>
    /// Makes ready whoever can go on, without waiting. True if a goroutine was made ready.
    /// </summary>
    public static bool Poll() => s_waiters != 0 && Poll(sleeps: false);

    /// <summary>
    /// The same; if there is nothing it sleeps until the first timer of all, or until <see cref="Wake"/>. One M at a time may wait.
    /// </summary>
    public static bool Sleep() => Poll(sleeps: true);

    static bool Poll(bool sleeps)
    {
        Init();
        byte* buffer = stackalloc byte[EventBytes * MaxEvents];
        int millis = 0;
        if (sleeps)
        {
            Volatile.Write(ref s_sleeping, 1);
            Interlocked.MemoryBarrier();
            // Wake does nothing before it can see s_sleeping: who queued a goroutine or set a timer before that is seen here, and only here.
            if (!Sched.GlobalWaiting)
                millis = MillisUntil(Sched.PollUntil());
        }
        long n = Libc.Syscall(Libc.SysEpollWait, s_epoll, (nint)buffer, MaxEvents, millis, 0, 0);
        if (sleeps)
            Volatile.Write(ref s_sleeping, 0);
        Volatile.Write(ref s_lastPoll, Clock.Nano());
        bool any = false;
        for (int i = 0; i < n; i++)
        {
            byte* e = buffer + i * EventBytes;
            uint events = *(uint*)e;
            ulong data = *(ulong*)(e + 4);
            if (data == 0)
            {
                if (!sleeps)
                    continue; // for the one that sleeps
                ulong count;
                _ = Libc.Syscall(Libc.SysRead, s_wake, (nint)(&count), 8, 0, 0, 0);
                Volatile.Write(ref s_wakeSent, 0);
                continue;
            }
            PollDesc* pd = (PollDesc*)(data & ((1UL << AddressBits) - 1));
            if (data >> AddressBits != Volatile.Read(ref pd->Sequence))
                continue;
            pd->EventError = events == EpollErr ? 1 : 0;
            if ((events & (EpollIn | EpollRdHup | EpollHup | EpollErr)) != 0)
                any |= Unblock(&pd->ReadWait, ioReady: true);
            if ((events & (EpollOut | EpollHup | EpollErr)) != 0)
                any |= Unblock(&pd->WriteWait, ioReady: true);
        }
        return any;
    }

    /// <summary>As epoll_wait has it: -1 for ever, 0 if it is over, else at least 1.</summary>
    static int MillisUntil(long when)
    {
        if (when == long.MaxValue)
            return -1;
        long nanos = when - Clock.Nano();
        return nanos <= 0 ? 0 : (int)System.Math.Clamp(nanos / 1_000_000, 1, 1_000_000_000);
    }

    const nint Nobody = 0, IsReady = 1, Coming = 2;

    /// <summary>Wakes who waits; notes readiness if it came from the descriptor.</summary>
    static bool Unblock(nint* wait, bool ioReady)
    {
        for (; ; )
        {
            nint old = Volatile.Read(ref *wait);
            if (old == IsReady || old == Nobody && !ioReady)
                return false;
            if (Interlocked.CompareExchange(ref *wait, ioReady ? IsReady : Nobody, old) != old)
                continue;
            if (old is Nobody or Coming)
                return false;
            Sched.Ready((G*)old);
            // Only now: the monitor polls too, and it is not counted among those that could make a goroutine ready. With no waiter, no
            // queued goroutine and all Ms asleep the program is taken for deadlocked.
            Interlocked.Decrement(ref s_waiters);
            return true;
        }
    }

    static nint* WaitWord(PollDesc* pd, long mode) => mode == 'r' ? &pd->ReadWait : &pd->WriteWait;

    static int CheckError(PollDesc* pd, long mode)
    {
        if (pd->Closing != 0)
            return ErrClosing;
        if (mode == 'r' && pd->ReadDeadline < 0 || mode == 'w' && pd->WriteDeadline < 0)
            return ErrTimeout;
        return mode == 'r' && pd->EventError != 0 ? ErrNotPollable : NoError;
    }

    // ---- symbols of internal/poll

    [GoFunc("internal/poll.runtime_pollServerInit", Safepoint = false)]
    public static void ServerInit(G* g) => Init();

    [GoFunc("internal/poll.runtime_isPollServerDescriptor", Safepoint = false)]
    public static int IsServerDescriptor(G* g, ulong fd) => (int)fd == s_epoll || (int)fd == s_wake ? 1 : 0;

    [GoFunc("internal/poll.runtime_pollOpen", Safepoint = false)]
    public static ulong Open(G* g, ulong fd)
    {
        s_freeLock.Enter();
        PollDesc* pd = s_free;
        if (pd != null)
            s_free = pd->Link;
        s_freeLock.Exit();
        if (pd == null)
            pd = (PollDesc*)NativeMemory.AllocZeroed((nuint)sizeof(PollDesc));
        // A deadline of the last user may be firing: it finds out under the lock that it comes too late.
        pd->Lock.Enter();
        pd->Fd = (int)fd;
        pd->Closing = pd->EventError = 0;
        pd->ReadWait = pd->WriteWait = Nobody;
        pd->ReadDeadline = pd->WriteDeadline = 0;
        pd->Sequence = (pd->Sequence + 1) & ((1 << SequenceBits) - 1);
        pd->Lock.Exit();
        byte* e = stackalloc byte[EventBytes];
        *(uint*)e = EpollIn | EpollOut | EpollRdHup | EpollEdge;
        *(ulong*)(e + 4) = (ulong)pd | (ulong)pd->Sequence << AddressBits;
        if (Libc.Syscall(Libc.SysEpollCtl, s_epoll, CtlAdd, (nint)fd, (nint)e, 0, 0) < 0)
        {
            g->R[1] = (ulong)Marshal.GetLastPInvokeError();
            Recycle(pd);
            return 0;
        }
        g->R[1] = 0;
        return (ulong)pd;
    }

    static void Recycle(PollDesc* pd)
    {
        s_freeLock.Enter();
        pd->Link = s_free;
        s_free = pd;
        s_freeLock.Exit();
    }

    [GoFunc("internal/poll.runtime_pollClose", Safepoint = false)]
    public static void Close(G* g, ulong context)
    {
        PollDesc* pd = (PollDesc*)context;
        byte* e = stackalloc byte[EventBytes];
        _ = Libc.Syscall(Libc.SysEpollCtl, s_epoll, CtlDel, pd->Fd, (nint)e, 0, 0);
        Timers.Remove(&pd->ReadTimer);
        Timers.Remove(&pd->WriteTimer);
        Volatile.Write(ref pd->Sequence, (pd->Sequence + 1) & ((1 << SequenceBits) - 1));
        Recycle(pd);
    }

    [GoFunc("internal/poll.runtime_pollReset", Safepoint = false)]
    public static long Reset(G* g, ulong context, long mode)
    {
        PollDesc* pd = (PollDesc*)context;
        int error = CheckError(pd, mode);
        if (error == NoError)
            Volatile.Write(ref *WaitWord(pd, mode), Nobody);
        return error;
    }

    [GoFunc("internal/poll.runtime_pollWait", Parks = true)]
    public static long Wait(G* g, ulong context, long mode)
    {
        PollDesc* pd = (PollDesc*)context;
        int error = CheckError(pd, mode);
        if (error != NoError)
            return error;
        nint* word = WaitWord(pd, mode);
        if (BeginWait(word))
            return CheckError(pd, mode);
        // A deadline or close that came before Coming was set has changed the fields by now.
        error = CheckError(pd, mode);
        if (error != NoError)
        {
            Interlocked.CompareExchange(ref *word, Nobody, Coming);
            return error;
        }
        GState* gs = Sched.State(g);
        gs->Scratch0 = (long)context;
        gs->Scratch1 = mode;
        gs->OnWake = &AfterWait;
        Sched.Park(g, WaitReason.IOWait, &CommitWait);
        return 0;
    }

    /// <summary>True: it was ready, and that is used up. False: the word says that somebody is coming.</summary>
    static bool BeginWait(nint* word)
    {
        for (; ; )
        {
            nint old = Interlocked.CompareExchange(ref *word, Coming, Nobody);
            if (old == Nobody)
                return false;
            if (old != IsReady)
                Throw.Fatal("runtime: double wait");
            if (Interlocked.CompareExchange(ref *word, Nobody, IsReady) == IsReady)
                return true;
        }
    }

    /// <summary>Parked: now others may wake it.</summary>
    static bool CommitWait(G* g)
    {
        GState* gs = Sched.State(g);
        nint* word = WaitWord((PollDesc*)gs->Scratch0, gs->Scratch1);
        Interlocked.Increment(ref s_waiters);
        if (Interlocked.CompareExchange(ref *word, (nint)g, Coming) == Coming)
            return true;
        Interlocked.Decrement(ref s_waiters);
        return false;
    }

    static bool AfterWait(G* g)
    {
        GState* gs = Sched.State(g);
        PollDesc* pd = (PollDesc*)gs->Scratch0;
        nint* word = WaitWord(pd, gs->Scratch1);
        Interlocked.CompareExchange(ref *word, Nobody, IsReady);
        g->R[0] = (ulong)CheckError(pd, gs->Scratch1);
        gs->Scratch1 = 0;
        return true;
    }

    [GoFunc("internal/poll.runtime_pollWaitCanceled", Safepoint = false)]
    public static void WaitCanceled(G* g, ulong context, long mode) { }

    [GoFunc("internal/poll.runtime_pollSetDeadline", Safepoint = false)]
    public static void SetDeadline(G* g, ulong context, long deadline, long mode)
    {
        PollDesc* pd = (PollDesc*)context;
        if (pd->Closing != 0)
            return;
        if (deadline > 0)
        {
            deadline += Clock.Nano();
            if (deadline <= 0)
                deadline = long.MaxValue - 1;
        }
        P* p = Sched.POf(g);
        pd->Lock.Enter();
        if (mode == 'r' || mode == 'r' + 'w')
            ArmLocked(p, pd, deadline, &pd->ReadDeadline, &pd->ReadTimer);
        if (mode == 'w' || mode == 'r' + 'w')
            ArmLocked(p, pd, deadline, &pd->WriteDeadline, &pd->WriteTimer);
        pd->Lock.Exit();
        if (deadline >= 0)
            return;
        Interlocked.MemoryBarrier();
        if (mode == 'r' || mode == 'r' + 'w')
            Unblock(&pd->ReadWait, ioReady: false);
        if (mode == 'w' || mode == 'r' + 'w')
            Unblock(&pd->WriteWait, ioReady: false);
    }

    static void ArmLocked(P* p, PollDesc* pd, long deadline, long* field, Timer* timer)
    {
        Timers.Remove(timer);
        *field = deadline;
        if (deadline <= 0)
            return;
        timer->Native = field == &pd->ReadDeadline ? &ReadExpired : &WriteExpired;
        timer->NativeArg = pd;
        timer->When = deadline;
        Timers.Add(p, timer);
        Sysmon.Start();
    }

    static void ReadExpired(Timer* t) => Expired((PollDesc*)t->NativeArg, &((PollDesc*)t->NativeArg)->ReadDeadline, t, &((PollDesc*)t->NativeArg)->ReadWait);

    static void WriteExpired(Timer* t) => Expired((PollDesc*)t->NativeArg, &((PollDesc*)t->NativeArg)->WriteDeadline, t, &((PollDesc*)t->NativeArg)->WriteWait);

    static void Expired(PollDesc* pd, long* field, Timer* t, nint* wait)
    {
        pd->Lock.Enter();
        // Set anew between firing and here: then it is in a heap again.
        bool mine = t->Owner == null && *field > 0 && *field <= Clock.Nano();
        if (mine)
            *field = -1;
        pd->Lock.Exit();
        if (!mine)
            return;
        Interlocked.MemoryBarrier();
        Unblock(wait, ioReady: false);
    }

    [GoFunc("internal/poll.runtime_pollUnblock", Safepoint = false)]
    public static void PollUnblock(G* g, ulong context)
    {
        PollDesc* pd = (PollDesc*)context;
        pd->Lock.Enter();
        pd->Closing = 1;
        pd->Lock.Exit();
        Interlocked.MemoryBarrier();
        Unblock(&pd->ReadWait, ioReady: false);
        Unblock(&pd->WriteWait, ioReady: false);
        Timers.Remove(&pd->ReadTimer);
        Timers.Remove(&pd->WriteTimer);
    }
}

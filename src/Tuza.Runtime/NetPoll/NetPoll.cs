// The network poller: one epoll instance and one eventfd to wake whoever sleeps in it.
//
// It is also where the holder of the P sleeps when there is nothing to run. A descriptor is registered once, edge-triggered, for both
// directions. Per direction a word says: nothing (0), ready (1), or the goroutine that waits.
//
// Deadlines are timers of the runtime; when one fires, waiters are woken with the timeout error, as Go does it.

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
    public int Closing;
    /// <summary>0, 1 (ready) or the waiting G*, for reading and writing.</summary>
    public nint ReadWait, WriteWait;
    /// <summary>Absolute deadlines; 0 none, below 0 expired.</summary>
    public long ReadDeadline, WriteDeadline;
    public Timer ReadTimer, WriteTimer;
    public int EventError;
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
    static PollDesc* s_free;
    static readonly byte* s_events = (byte*)NativeMemory.Alloc(EventBytes * MaxEvents);
    static readonly Lock s_initLock = new();

    public static bool HasWaiters => s_waiters != 0;

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

    /// <summary>Wakes the holder of the P if it sleeps. From any thread.</summary>
    public static void Wake()
    {
        if (Volatile.Read(ref s_sleeping) == 0)
            return;
        Init();
        ulong one = 1;
        _ = Libc.Syscall(Libc.SysWrite, s_wake, (nint)(&one), 8, 0, 0, 0);
    }

    /// <summary>Makes ready whoever can go on. Waits up to that many nanoseconds, for ever if negative, until something happens.</summary>
    public static void Poll(long delayNanos)
    {
        if (delayNanos == 0 && s_waiters == 0)
            return;
        Init();
        int millis = delayNanos < 0 ? -1 : delayNanos == 0 ? 0 : delayNanos < 1_000_000 ? 1 : (int)System.Math.Min(delayNanos / 1_000_000, 1_000_000_000);
        if (millis != 0)
        {
            Volatile.Write(ref s_sleeping, 1);
            Interlocked.MemoryBarrier();
            // Who put something into the global queue before it could see s_sleeping is seen here.
            if (Sched.GlobalWaiting)
                millis = 0;
        }
        long n = Libc.Syscall(Libc.SysEpollWait, s_epoll, (nint)s_events, MaxEvents, millis, 0, 0);
        Volatile.Write(ref s_sleeping, 0);
        for (int i = 0; i < n; i++)
        {
            byte* e = s_events + i * EventBytes;
            uint events = *(uint*)e;
            PollDesc* pd = *(PollDesc**)(e + 4);
            if (pd == null)
            {
                ulong count;
                _ = Libc.Syscall(Libc.SysRead, s_wake, (nint)(&count), 8, 0, 0, 0);
                continue;
            }
            pd->EventError = events == EpollErr ? 1 : 0;
            if ((events & (EpollIn | EpollRdHup | EpollHup | EpollErr)) != 0)
                Unblock(&pd->ReadWait, ioReady: true);
            if ((events & (EpollOut | EpollHup | EpollErr)) != 0)
                Unblock(&pd->WriteWait, ioReady: true);
        }
    }

    static void Unblock(nint* wait, bool ioReady)
    {
        nint old = *wait;
        if (old == 1 || old == 0 && !ioReady)
            return;
        *wait = ioReady ? 1 : 0;
        if (old > 1)
        {
            s_waiters--;
            Sched.Ready((G*)old);
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
        PollDesc* pd = s_free;
        if (pd != null)
            s_free = pd->Link;
        else
            pd = (PollDesc*)NativeMemory.AllocZeroed((nuint)sizeof(PollDesc));
        uint sequence = pd->Sequence;
        *pd = default;
        pd->Sequence = sequence + 1;
        pd->Fd = (int)fd;
        byte* e = stackalloc byte[EventBytes];
        *(uint*)e = EpollIn | EpollOut | EpollRdHup | EpollEdge;
        *(PollDesc**)(e + 4) = pd;
        if (Libc.Syscall(Libc.SysEpollCtl, s_epoll, CtlAdd, (nint)fd, (nint)e, 0, 0) < 0)
        {
            g->R[1] = (ulong)Marshal.GetLastPInvokeError();
            pd->Link = s_free;
            s_free = pd;
            return 0;
        }
        g->R[1] = 0;
        return (ulong)pd;
    }

    [GoFunc("internal/poll.runtime_pollClose", Safepoint = false)]
    public static void Close(G* g, ulong context)
    {
        PollDesc* pd = (PollDesc*)context;
        byte* e = stackalloc byte[EventBytes];
        _ = Libc.Syscall(Libc.SysEpollCtl, s_epoll, CtlDel, pd->Fd, (nint)e, 0, 0);
        Timers.Remove(&pd->ReadTimer);
        Timers.Remove(&pd->WriteTimer);
        pd->Link = s_free;
        s_free = pd;
    }

    [GoFunc("internal/poll.runtime_pollReset", Safepoint = false)]
    public static long Reset(G* g, ulong context, long mode)
    {
        PollDesc* pd = (PollDesc*)context;
        int error = CheckError(pd, mode);
        if (error == NoError)
            *WaitWord(pd, mode) = 0;
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
        if (*word == 1)
        {
            *word = 0;
            return CheckError(pd, mode);
        }
        *word = (nint)g;
        s_waiters++;
        GState* gs = Sched.State(g);
        gs->Scratch0 = (long)context;
        gs->Scratch1 = mode;
        gs->OnWake = &AfterWait;
        Sched.Park(g, WaitReason.IOWait);
        return 0;
    }

    static bool AfterWait(G* g)
    {
        GState* gs = Sched.State(g);
        PollDesc* pd = (PollDesc*)gs->Scratch0;
        nint* word = WaitWord(pd, gs->Scratch1);
        if (*word == 1)
            *word = 0;
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
        if (mode == 'r' || mode == 'r' + 'w')
            Arm(pd, deadline, &pd->ReadDeadline, &pd->ReadTimer, &pd->ReadWait);
        if (mode == 'w' || mode == 'r' + 'w')
            Arm(pd, deadline, &pd->WriteDeadline, &pd->WriteTimer, &pd->WriteWait);
    }

    static void Arm(PollDesc* pd, long deadline, long* field, Timer* timer, nint* wait)
    {
        Timers.Remove(timer);
        *field = deadline;
        if (deadline > 0)
        {
            timer->Native = field == &pd->ReadDeadline ? &ReadExpired : &WriteExpired;
            timer->NativeArg = pd;
            timer->When = deadline;
            Timers.Add(timer);
        }
        else if (deadline < 0)
        {
            Unblock(wait, ioReady: false);
        }
    }

    static void ReadExpired(Timer* t)
    {
        PollDesc* pd = (PollDesc*)t->NativeArg;
        pd->ReadDeadline = -1;
        Unblock(&pd->ReadWait, ioReady: false);
    }

    static void WriteExpired(Timer* t)
    {
        PollDesc* pd = (PollDesc*)t->NativeArg;
        pd->WriteDeadline = -1;
        Unblock(&pd->WriteWait, ioReady: false);
    }

    [GoFunc("internal/poll.runtime_pollUnblock", Safepoint = false)]
    public static void PollUnblock(G* g, ulong context)
    {
        PollDesc* pd = (PollDesc*)context;
        pd->Closing = 1;
        Unblock(&pd->ReadWait, ioReady: false);
        Unblock(&pd->WriteWait, ioReady: false);
        Timers.Remove(&pd->ReadTimer);
        Timers.Remove(&pd->WriteTimer);
    }
}

// Signals, as a Go program sees them.
//
// Handlers are a few instructions of machine code, since managed code cannot run in one: either nothing at all, or a write of the signal's number to a
// pipe. The goroutine of os/signal reads the pipe, in a system call as far as the scheduler knows, so that a program that listens is not deadlocked.
//
//   default      SIGHUP, SIGINT, SIGTERM kill; the host's own handlers for them are taken away, unless the signal was ignored from outside.
//                With a plan for snapshots they go to a pipe of their own, whose reader writes what there is to write and then lets the signal kill
//   quit         SIGQUIT: the stacks of all goroutines, then the end; the thread that the process began with waits for it at a pipe of its own
//   no action    what Go catches and forgets: user signals, alarms, real-time signals
//   host         faults, and the signals with which the host stops its threads, stay with the host
//   listened to  after signal.Notify: the pipe

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Symbols of os/signal and signal helpers of os.</summary>
public static unsafe class Signals
{
    const int SigQuit = 3, SigPipe = 13, Count = 65;
    const long Default = 0, Ignore = 1;

    static readonly byte[] s_code =
    [
        0x57,                                                       // push rdi
        0xb8, 0x01, 0, 0, 0,                                        // mov eax, 1 (write)
        0xbf, 0, 0, 0, 0,                                           // mov edi, the pipe
        0x48, 0x89, 0xe6, 0xba, 0x01, 0, 0, 0,                      // mov rsi, rsp; mov edx, 1
        0x0f, 0x05, 0x5f, 0xc3,                                     // syscall; pop rdi; ret
        0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05,                            // mov eax, 15 (rt_sigreturn); syscall
    ];
    const int PipeOffset = 7, ReturnOffset = 22, RestorerOffset = 23, QuitOffset = 64, EndingOffset = 128;

    /// <summary>struct kernel_sigaction.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Action
    {
        public long Handler;
        public ulong Flags;
        public long Restorer;
        public ulong Mask;
    }

    static readonly Lock s_lock = new();
    static byte* s_page;
    static int s_readEnd = -1;
    static int s_quitEnd = -1;
    static ulong s_wanted;
    static ulong s_ignoredAtStart;
    static int s_reading;

    public static bool AnyoneListens => s_wanted != 0;

    /// <summary>Was the signal ignored when the process started (by nohup, for instance)?</summary>
    public static bool IgnoredByParent(int signal) => signal < Count - 1 && (s_ignoredAtStart >> signal & 1) != 0;

    static bool IsHosts(int signal) => signal is <= 0 or >= Count or 4 or 5 or 7 or 8 or 9 or 11 or 19 or 32 or 33 or 34;

    /// <summary>Go's runtime catches it and does nothing.</summary>
    static bool IsNoAction(int signal) => signal is 10 or 12 or 14 or 23 or 24 or 25 or 26 or 27 or 29 or 30 or >= 35;

    internal static Action Get(int signal)
    {
        Action a = default;
        _ = Libc.Syscall(Libc.SysRtSigaction, signal, 0, (nint)(&a), 8, 0, 0);
        return a;
    }

    /// <summary>A handler in front of the present one, which it calls.</summary>
    internal static void Precede(int signal, long handler)
    {
        Action a = Get(signal);
        if (a.Handler is Default or Ignore)
            return;
        a.Handler = handler;
        _ = Libc.Syscall(Libc.SysRtSigaction, signal, (nint)(&a), 0, 8, 0, 0);
    }

    static void Set(int signal, long handler)
    {
        const ulong OnStack = 0x08000000, Restart = 0x10000000, Restorer = 0x04000000;
        Action a = new() { Handler = handler };
        if (handler is not (Default or Ignore))
        {
            a.Flags = OnStack | Restart | Restorer;
            a.Restorer = (long)(s_page + RestorerOffset);
            a.Mask = ulong.MaxValue;
        }
        _ = Libc.Syscall(Libc.SysRtSigaction, signal, (nint)(&a), 0, 8, 0, 0);
    }

    const int PageBytes = 4096;

    /// <summary>Before the program starts: dispositions as Go has them.</summary>
    public static void Init()
    {
        s_page = KernelMemory.Map(null, PageBytes, KernelMemory.Read | KernelMemory.Write, 0);
        if (s_page == null)
        {
            Faults.Install(-1);
            return;
        }
        Marshal.Copy(s_code, 0, (nint)s_page, s_code.Length);
        Marshal.Copy(s_code, 0, (nint)(s_page + QuitOffset), s_code.Length);
        s_quitEnd = NewPipe(s_page + QuitOffset);
        Faults.Install(s_quitEnd < 0 ? -1 : *(int*)(s_page + QuitOffset + PipeOffset));
        HearEndings();
        if (!KernelMemory.Protect(s_page, PageBytes, KernelMemory.Read | KernelMemory.Execute))
        {
            s_page = null;
            return;
        }
        for (int signal = 1; signal < Count; signal++)
        {
            if (IsHosts(signal) || signal == SigPipe || !(signal is 1 or 2 or 3 or 15 || IsNoAction(signal)))
                continue;
            // As Go does: nohup and background jobs of a shell stay undisturbed.
            if (signal is 1 or 2 && Get(signal).Handler == Ignore)
                s_ignoredAtStart |= 1UL << signal;
            else
                Set(signal, Usual(signal));
        }
    }

    /// <summary>On the thread that the process began with, which has nothing else to do: waits for SIGQUIT, or a fault in the C library; returns only if it cannot wait.</summary>
    internal static void AwaitQuit()
    {
        const int Interrupted = 4; // EINTR
        byte signal;
        while (s_quitEnd >= 0)
        {
            if (Libc.Syscall(Libc.SysRead, s_quitEnd, (nint)(&signal), 1, 0, 0, 0) == 1)
            {
                if (signal != SigQuit)
                    Faults.DieInLibrary();
                Throw.Quit();
            }
            if (Marshal.GetLastPInvokeError() != Interrupted)
                return;
        }
    }

    /// <summary>A pipe, its number in the handler at <paramref name="code"/>, which can be written; the end to read from, or -1.</summary>
    static int NewPipe(byte* code)
    {
        const int SysPipe2 = 293, CloseOnExec = 0x80000, NonBlock = 0x800, SetFlags = 4;
        int* fd = stackalloc int[2];
        if (Libc.Syscall(SysPipe2, (nint)fd, CloseOnExec, 0, 0, 0, 0) != 0)
            return -1;
        _ = Libc.Syscall(Libc.SysFcntl, fd[1], SetFlags, NonBlock, 0, 0, 0);
        *(int*)(code + PipeOffset) = fd[1];
        return fd[0];
    }

    static bool s_hearsEndings;

    /// <summary>A third copy of the handler, with a pipe that a thread of the host's reads. The page can still be written.</summary>
    static void HearEndings()
    {
        if (!Snapshots.HearsInterrupts)
            return;
        Marshal.Copy(s_code, 0, (nint)(s_page + EndingOffset), s_code.Length);
        int pipe = NewPipe(s_page + EndingOffset);
        if (pipe < 0)
            return;
        s_hearsEndings = true;
        new Thread(() => End(pipe)) { IsBackground = true, Name = "signals that end" }.Start();
    }

    static void End(int pipe)
    {
        byte signal = 0;
        while (Libc.Syscall(Libc.SysRead, pipe, (nint)(&signal), 1, 0, 0, 0) != 1)
        {
        }
        // A second one kills at once.
        s_hearsEndings = false;
        lock (s_lock)
        {
            foreach (int s in (int[])[1, 2, 15])
            {
                if ((s_wanted >> s & 1) == 0 && !IgnoredByParent(s))
                    Set(s, Default);
            }
        }
        Snapshots.Interrupted();
        Exit.Leave();
        Set(signal, Default);
        _ = Libc.Syscall(Libc.SysKill, (nint)Libc.Syscall(Libc.SysGetpid, 0, 0, 0, 0, 0, 0), signal, 0, 0, 0, 0);
    }

    static long Usual(int signal) =>
        signal == SigQuit && s_quitEnd >= 0 ? (long)(s_page + QuitOffset)
        : s_hearsEndings && signal is (1 or 2 or 15) ? (long)(s_page + EndingOffset)
        : Disposition(signal);

    static long Disposition(int signal) => IsNoAction(signal) ? (long)(s_page + ReturnOffset) : signal == SigPipe ? Ignore : Default;

    /// <summary>The pipe, and its number in the handler. Lock held.</summary>
    static bool OpenPipe()
    {
        if (s_readEnd >= 0)
            return true;
        if (s_page == null)
            return false;
        // The handlers of other signals, in the same page, must be able to run meanwhile.
        if (!KernelMemory.Protect(s_page, PageBytes, KernelMemory.Read | KernelMemory.Write | KernelMemory.Execute))
            return false;
        s_readEnd = NewPipe(s_page);
        _ = KernelMemory.Protect(s_page, PageBytes, KernelMemory.Read | KernelMemory.Execute);
        return s_readEnd >= 0;
    }

    [GoFunc("os/signal.signal_enable", Safepoint = false)]
    public static void Enable(G* g, uint signal)
    {
        lock (s_lock)
        {
            if (IsHosts((int)signal) || !OpenPipe())
                return;
            s_wanted |= 1UL << (int)signal;
            Set((int)signal, (long)s_page);
        }
    }

    [GoFunc("os/signal.signal_disable", Safepoint = false)]
    public static void Disable(G* g, uint signal)
    {
        lock (s_lock)
        {
            if (IsHosts((int)signal) || s_page == null)
                return;
            s_wanted &= ~(1UL << (int)signal);
            Set((int)signal, IgnoredByParent((int)signal) ? Ignore : Usual((int)signal));
        }
    }

    [GoFunc("os/signal.signal_ignore", Safepoint = false)]
    public static void IgnoreIt(G* g, uint signal)
    {
        lock (s_lock)
        {
            if (IsHosts((int)signal))
                return;
            s_wanted &= ~(1UL << (int)signal);
            Set((int)signal, Ignore);
        }
    }

    [GoFunc("os/signal.signal_ignored", Safepoint = false)]
    public static int IsIgnored(G* g, uint signal)
    {
        lock (s_lock)
        {
            if (signal is 0 or >= Count)
                return 0;
            // The host ignores SIGPIPE, which Go does not count.
            return Get((int)signal).Handler == Ignore && signal != SigPipe ? 1 : 0;
        }
    }

    /// <summary>`sigwait() uint32`: the next signal that came while somebody wanted it, or 0 to be called again. Blocks; called as a system call.</summary>
    [GoFunc("runtime.sigwait")]
    public static uint Wait(G* g)
    {
        lock (s_lock)
        {
            if (!OpenPipe())
                Throw.Fatal("signal_recv: no pipe");
        }
        byte signal;
        Volatile.Write(ref s_reading, 1);
        long n = Libc.Syscall(Libc.SysRead, s_readEnd, (nint)(&signal), 1, 0, 0, 0);
        Volatile.Write(ref s_reading, 0);
        return n == 1 ? signal : 0u;
    }

    /// <summary>`sigidle() bool`: nothing that was sent is still to be delivered.</summary>
    [GoFunc("runtime.sigidle", Safepoint = false)]
    public static int Idle(G* g)
    {
        const int SysIoctl = 16, BytesReadable = 0x541B;
        int unread = 0;
        if (s_readEnd >= 0)
            _ = Libc.Syscall(SysIoctl, s_readEnd, BytesReadable, (nint)(&unread), 0, 0, 0);
        return unread == 0 && (s_readEnd < 0 || Volatile.Read(ref s_reading) != 0) ? 1 : 0;
    }

    [GoFunc("os.sigpipe", Safepoint = false)]
    public static void SigPipeDefault(G* g)
    {
        if (((s_wanted >> SigPipe) & 1) != 0)
            return;
        Set(SigPipe, Default);
        _ = Libc.Syscall(Libc.SysKill, (nint)Libc.Syscall(Libc.SysGetpid, 0, 0, 0, 0, 0, 0), SigPipe, 0, 0, 0, 0);
        Exit.Now(2);
    }

    [GoFunc("os.ignoreSIGSYS", Safepoint = false)]
    public static void IgnoreSigSys(G* g) { }

    [GoFunc("os.restoreSIGSYS", Safepoint = false)]
    public static void RestoreSigSys(G* g) { }
}

// System calls, exit, processes: syscall, internal/runtime/syscall/linux, internal/syscall/unix.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Raw system calls.</summary>
public static unsafe class Syscalls
{
    /// <summary>`Syscall6(num, a1..a6) (r1, r2, errno)`.</summary>
    [GoFunc("internal/runtime/syscall/linux.Syscall6")]
    public static ulong Syscall6(G* g, ulong number, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5, ulong a6)
    {
        long r = Libc.Syscall((long)number, (nint)a1, (nint)a2, (nint)a3, (nint)a4, (nint)a5, (nint)a6);
        g->R[1] = 0;
        g->R[2] = r == -1 ? (ulong)Marshal.GetLastPInvokeError() : 0;
        return (ulong)r;
    }

    [GoFunc("syscall.rawSyscallNoError")]
    public static ulong RawNoError(G* g, ulong number, ulong a1, ulong a2, ulong a3)
    {
        g->R[1] = 0;
        return (ulong)Libc.Syscall((long)number, (nint)a1, (nint)a2, (nint)a3, 0, 0, 0);
    }

    /// <summary>`fcntl(fd, cmd, arg int32) (value, errno int32)`.</summary>
    [GoFunc("internal/syscall/unix.fcntl", Safepoint = false)]
    [GoFunc("runtime.fcntl", Safepoint = false)]
    public static int Fcntl(G* g, int fd, int command, int argument)
    {
        long r = Libc.Syscall(Libc.SysFcntl, fd, command, argument, 0, 0, 0);
        g->R[1] = r < 0 ? (ulong)Marshal.GetLastPInvokeError() : 0;
        return (int)r;
    }

    /// <summary>`vgetrandom(p []byte, flags uint32) (ret int, supported bool)`: not offered, callers use the system call.</summary>
    [GoFunc("internal/syscall/unix.vgetrandom", Safepoint = false)]
    [GoFunc("runtime.vgetrandom", Safepoint = false)]
    public static long VGetRandom(G* g, void* p, long len, long cap, uint flags)
    {
        g->R[1] = 0;
        return -1;
    }

    [GoFunc("syscall.gettimeofday", Safepoint = false)]
    public static void* GetTimeOfDay(G* g, void* tv)
    {
        long ns = Clock.UnixNano();
        ((long*)tv)[0] = ns / 1_000_000_000;
        ((long*)tv)[1] = ns % 1_000_000_000 / 1000;
        g->R[1] = 0;
        return null; // nil error: type word, data word
    }

    [GoFunc("syscall.Exit", NoReturn = true)]
    [GoFunc("runtime.exit", NoReturn = true)]
    public static void ExitNow(G* g, long code) => Exit.Now((int)code);

    [GoFunc("syscall.Getpagesize", Safepoint = false)]
    public static long PageSize(G* g) => Libc.GetPageSize();

    [GoFunc("syscall.runtime_BeforeFork", Safepoint = false)]
    public static void BeforeFork(G* g) { }

    [GoFunc("syscall.runtime_AfterFork", Safepoint = false)]
    public static void AfterFork(G* g) { }

    [GoFunc("syscall.runtime_AfterForkInChild", Safepoint = false)]
    public static void AfterForkInChild(G* g) { }

    [GoFunc("syscall.runtime_BeforeExec", Safepoint = false)]
    public static void BeforeExec(G* g) { }

    [GoFunc("syscall.runtime_AfterExec", Safepoint = false)]
    public static void AfterExec(G* g) { }

    const int NotSupported = 38; // ENOSYS

    [GoFunc("syscall.runtime_doAllThreadsSyscall", Safepoint = false)]
    public static ulong AllThreads(G* g, ulong trap, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5, ulong a6)
    {
        g->R[1] = 0;
        g->R[2] = NotSupported;
        return ulong.MaxValue;
    }

    [GoFunc("syscall.rawVforkSyscall", Safepoint = false)]
    public static ulong RawVfork(G* g, ulong trap, ulong a1, ulong a2, ulong a3)
    {
        g->R[1] = NotSupported;
        return ulong.MaxValue;
    }

    [GoFunc("internal/godebug.write", Safepoint = false)]
    [GoFunc("runtime.write", Safepoint = false)]
    public static int Write(G* g, ulong fd, void* p, int n) => (int)Libc.Write((int)fd, (byte*)p, n);
}

// The C library, as little of it as possible: everything else goes through the raw system call.

using System.Runtime.InteropServices;

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Calls into libc.</summary>
public static unsafe partial class Libc
{
    public const int SysRead = 0, SysWrite = 1, SysOpen = 2, SysPread = 17, SysExitGroup = 231, SysEpollCreate1 = 291, SysEpollCtl = 233, SysEpollWait = 232,
        SysEventfd2 = 290, SysClose = 3, SysKill = 62, SysGetpid = 39, SysFcntl = 72, SysGetrandom = 318, SysRtSigaction = 13;

    /// <summary>Flags of open.</summary>
    public const int OpenReadCloseOnExec = 0x80000;

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long Syscall(long number, nint a1, nint a2, nint a3, nint a4, nint a5, nint a6);

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    internal static partial int ClockGetTime(int clock, long* time);

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "getpagesize")]
    internal static partial int GetPageSize();

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "sched_getaffinity")]
    internal static partial int SchedGetAffinity(int pid, nuint bytes, byte* mask);

    /// <summary>Gives back the free pages of all of malloc's arenas but this many bytes: whether there were any.</summary>
    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "malloc_trim")]
    internal static partial int MallocTrim(nuint keep);

    public static long Write(int fd, byte* p, long n) => Syscall(SysWrite, fd, (nint)p, (nint)n, 0, 0, 0);

    /// <summary>From now on file descriptor fd is what from is.</summary>
    public static bool Redirect(int fd, int from)
    {
        const int SysDup2 = 33;
        return Syscall(SysDup2, from, fd, 0, 0, 0, 0) == fd;
    }

    public static void ExitGroup(int code) => Syscall(SysExitGroup, code, 0, 0, 0, 0, 0);
}

// The system calls that change the address space. All of this process's own go through here, so that a debug switch can make the n-th one fail.
//
// What a refusal means is the caller's business: some have another way (a hint that is taken, large pages), some end the program with Go's text.

using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Memory;

/// <summary>mmap, munmap, mprotect, madvise.</summary>
public static unsafe partial class KernelMemory
{
    public const int None = 0, Read = 1, Write = 2, Execute = 4;
    public const int Private = 2, Fixed = 0x10, Anonymous = 0x20, NoReserve = 0x4000, FixedNoReplace = 0x100000;
    public const int DontNeed = 4, HugePage = 14, NoHugePage = 15;

    static long s_failAt;
    static long s_calls;

    /// <summary>The call with this number, from 1 on, fails; 0: none. Before the first call.</summary>
    public static void FailAt(long number) => s_failAt = number;

    static bool Fails() => s_failAt != 0 && Interlocked.Increment(ref s_calls) == s_failAt;

    /// <summary>Private memory without a file; null when the system refuses.</summary>
    public static byte* Map(void* address, nuint bytes, int protection, int flags)
    {
        if (Fails())
            return null;
        byte* p = MMap((byte*)address, bytes, protection, flags | Private | Anonymous, -1, 0);
        return p == (byte*)-1 ? null : p;
    }

    /// <summary>The C library, by the name the loader has it under: for other names .NET tries several files first.</summary>
    public const string CLibrary = "libc.so.6";

    public static void Unmap(void* address, nuint bytes) => _ = MUnmap((byte*)address, bytes);

    public static bool Protect(void* address, nuint bytes, int protection) => !Fails() && MProtect((byte*)address, bytes, protection) == 0;

    public static bool Advise(void* address, nuint bytes, int advice) => !Fails() && MAdvise((byte*)address, bytes, advice) == 0;

    [LibraryImport(CLibrary, EntryPoint = "mmap")]
    private static partial byte* MMap(byte* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport(CLibrary, EntryPoint = "munmap")]
    private static partial int MUnmap(byte* address, nuint bytes);

    [LibraryImport(CLibrary, EntryPoint = "mprotect")]
    private static partial int MProtect(byte* address, nuint bytes, int protection);

    [LibraryImport(CLibrary, EntryPoint = "madvise")]
    private static partial int MAdvise(byte* address, nuint bytes, int advice);

    /// <summary>The thread sleeps that long, and as long as the kernel likes besides: some 50 microseconds.</summary>
    public static void Nap(uint micros) => _ = USleep(micros);

    [LibraryImport(CLibrary, EntryPoint = "usleep")]
    private static partial int USleep(uint micros);
}

// Memory of data segments: low addresses, as in a statically linked program.
//
// A low address fits the short immediate of an instruction, and programs expect variables in the first 256 MiB (nil checks of far fields). Pages
// are asked for from the system at fixed places that must be free; where they are not, any memory does. Nothing is given back.

using System;
using System.Runtime.InteropServices;

namespace Tuza.Runtime;

static unsafe partial class DataMemory
{
    const nuint FirstAddress = 64 << 20, LastAddress = 0x7000_0000, Page = 4096, Slab = 1 << 20;

    static nuint s_next = FirstAddress;
    static byte* s_slab;
    static long s_left;

    /// <summary>Zeroed memory, aligned to 64 bytes.</summary>
    public static byte* Alloc(long bytes)
    {
        bytes = (bytes + 63) & -64;
        if (bytes >= (long)Slab / 2)
            return Map((nuint)bytes);
        if (bytes > s_left)
        {
            s_slab = Map(Slab);
            s_left = (long)Slab;
        }
        byte* p = s_slab;
        s_slab += bytes;
        s_left -= bytes;
        return p;
    }

    static byte* Map(nuint bytes)
    {
        const int ProtReadWrite = 3, MapPrivateAnonNoreserve = 0x4022, MapFixedNoreplace = 0x100000;
        bytes = (bytes + Page - 1) & ~(Page - 1);
        for (; s_next + bytes < LastAddress; s_next += Slab)
        {
            void* p = Mmap((void*)s_next, bytes, ProtReadWrite, MapPrivateAnonNoreserve | MapFixedNoreplace, -1, 0);
            if ((nuint)p == s_next)
            {
                s_next += bytes;
                return (byte*)p;
            }
            if ((nint)p != -1)
                _ = Munmap(p, bytes); // an old system that does not know the flag
        }
        void* any = Mmap(null, bytes, ProtReadWrite, MapPrivateAnonNoreserve, -1, 0);
        return (nint)any != -1 ? (byte*)any : throw new InvalidOperationException("no memory for variables");
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Mmap(void* addr, nuint length, int prot, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(void* addr, nuint length);
}

// Memory of data segments: low addresses, as in a statically linked program.
//
// A low address fits the short immediate of an instruction, and programs expect variables in the first 256 MiB (nil checks of far fields). Pages
// are asked for from the system at fixed places that must be free; where they are not, any memory does. Nothing is given back.

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class DataMemory
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
        const int ReadWrite = KernelMemory.Read | KernelMemory.Write;
        bytes = (bytes + Page - 1) & ~(Page - 1);
        for (; s_next + bytes < LastAddress; s_next += Slab)
        {
            byte* p = KernelMemory.Map((void*)s_next, bytes, ReadWrite, KernelMemory.NoReserve | KernelMemory.FixedNoReplace);
            if ((nuint)p == s_next)
            {
                s_next += bytes;
                return p;
            }
            if (p != null)
                KernelMemory.Unmap(p, bytes); // an old system that does not know the flag
        }
        byte* any = KernelMemory.Map(null, bytes, ReadWrite, KernelMemory.NoReserve);
        if (any == null)
            Throw.Fatal("runtime: cannot allocate memory");
        return any;
    }
}

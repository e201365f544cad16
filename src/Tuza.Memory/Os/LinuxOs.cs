// IOs on Linux: mmap, mprotect, madvise.

using System.Runtime.InteropServices;

namespace Tuza.Memory;

/// <summary>The address space of this process.</summary>
public sealed unsafe partial class LinuxOs : IOs
{
    const int ProtNone = 0, ProtRead = 1, ProtWrite = 2;
    const int MapPrivate = 2, MapFixed = 0x10, MapAnonymous = 0x20, MapNoReserve = 0x4000;
    const int AdviseDontNeed = 4, AdviseHugePage = 14;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MMap(byte* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(byte* address, nuint bytes);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(byte* address, nuint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(byte* address, nuint bytes, int advice);

    static byte* Ok(byte* p) => p == (byte*)-1 ? null : p;

    public byte* Reserve(byte* hint, nuint bytes) =>
        Ok(MMap(hint, bytes, ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0));

    public bool Map(byte* address, nuint bytes) =>
        MMap(address, bytes, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapFixed | MapNoReserve, -1, 0) == address;

    public void Used(byte* address, nuint bytes) { }

    public void Unused(byte* address, nuint bytes) => _ = MAdvise(address, bytes, AdviseDontNeed);

    public void LargePages(byte* address, nuint bytes) => _ = MAdvise(address, bytes, AdviseHugePage);

    public void Fault(byte* address, nuint bytes)
    {
        _ = MProtect(address, bytes, ProtNone);
        _ = MAdvise(address, bytes, AdviseDontNeed);
    }

    public byte* Alloc(nuint bytes) =>
        Ok(MMap(null, bytes, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0));

    public void Free(byte* address, nuint bytes) => _ = MUnmap(address, bytes);
}

// IOs on Linux: mmap, mprotect, madvise. What was asked for is kept, for accounts of resident memory.

using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

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

    static readonly Lock s_lock = new();
    static readonly Dictionary<nuint, nuint> s_mapped = [];

    /// <summary>Address and bytes of what was reserved or allocated and not freed.</summary>
    public static List<(nuint Address, nuint Bytes)> Mapped()
    {
        List<(nuint, nuint)> list = [];
        lock (s_lock)
        {
            foreach ((nuint address, nuint bytes) in s_mapped)
                list.Add((address, bytes));
        }
        return list;
    }

    /// <summary>Parts of what was reserved may be given back: what is left stays known.</summary>
    static void Forget(nuint from, nuint to)
    {
        foreach ((nuint at, nuint bytes) in new List<KeyValuePair<nuint, nuint>>(s_mapped))
        {
            nuint end = at + bytes;
            if (at >= to || end <= from)
                continue;
            s_mapped.Remove(at);
            if (at < from)
                s_mapped[at] = from - at;
            if (end > to)
                s_mapped[to] = end - to;
        }
    }

    static byte* Note(byte* p, nuint bytes)
    {
        if (p != null)
        {
            lock (s_lock)
                s_mapped[(nuint)p] = bytes;
        }
        return p;
    }

    public byte* Reserve(byte* hint, nuint bytes) =>
        Note(Ok(MMap(hint, bytes, ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0)), bytes);

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
        Note(Ok(MMap(null, bytes, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0)), bytes);

    public void Free(byte* address, nuint bytes)
    {
        lock (s_lock)
            Forget((nuint)address, (nuint)address + bytes);
        _ = MUnmap(address, bytes);
    }
}

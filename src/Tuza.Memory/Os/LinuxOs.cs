// IOs on Linux: mmap, mprotect, madvise. What was asked for is kept, for accounts of resident memory (in an array: a List of these would have to be
// compiled at every start).

using System;
using System.Diagnostics;
using System.Threading;

namespace Tuza.Memory;

/// <summary>The address space of this process.</summary>
public sealed unsafe class LinuxOs : IOs
{
    static readonly Lock s_lock = new();
    static Mapping[] s_mapped = new Mapping[64]; // not overlapping
    static int s_mappedCount;

    /// <summary>A range that was reserved or allocated.</summary>
    public readonly record struct Mapping(nuint Address, nuint Bytes);

    /// <summary>What was reserved or allocated and not freed.</summary>
    public static Mapping[] Mapped()
    {
        lock (s_lock)
            return s_mapped[..s_mappedCount];
    }

    static void Add(nuint from, nuint to)
    {
        if (s_mappedCount == s_mapped.Length)
        {
            Mapping[] larger = new Mapping[2 * s_mappedCount];
            Array.Copy(s_mapped, larger, s_mappedCount);
            s_mapped = larger;
        }
        s_mapped[s_mappedCount++] = new Mapping(from, to - from);
    }

    /// <summary>Parts of what was reserved may be given back: what is left stays known.</summary>
    static void Forget(nuint from, nuint to)
    {
        for (int i = s_mappedCount - 1; i >= 0; i--)
        {
            nuint at = s_mapped[i].Address, end = at + s_mapped[i].Bytes;
            if (at >= to || end <= from)
                continue;
            s_mapped[i] = s_mapped[--s_mappedCount];
            if (at < from)
                Add(at, from);
            if (end > to)
                Add(to, end);
        }
    }

    static byte* Note(byte* p, nuint bytes)
    {
        if (p != null)
        {
            lock (s_lock)
                Add((nuint)p, (nuint)p + bytes);
        }
        return p;
    }

    public byte* Reserve(byte* hint, nuint bytes) =>
        Note(KernelMemory.Map(hint, bytes, KernelMemory.None, KernelMemory.NoReserve), bytes);

    public bool Map(byte* address, nuint bytes) =>
        KernelMemory.Map(address, bytes, KernelMemory.Read | KernelMemory.Write, KernelMemory.Fixed | KernelMemory.NoReserve) == address;

    public void Used(byte* address, nuint bytes) { }

    // When the kernel does not want to take the pages, a new mapping in the place of the old one; else they stay.
    public void Unused(byte* address, nuint bytes)
    {
        if (!KernelMemory.Advise(address, bytes, KernelMemory.DontNeed))
            _ = Map(address, bytes);
    }

    // A first touch of 2 MiB takes a tenth of a millisecond, of which most is clearing; if the host of a virtual machine must find the memory first, five.
    const nuint LargePageBytes = 2 << 20;
    const int SlowMicros = 1000;

    public bool LargePages(byte* address, nuint bytes)
    {
        _ = KernelMemory.Advise(address, bytes, KernelMemory.HugePage);
        byte* first = (byte*)(((nuint)address + LargePageBytes - 1) & ~(LargePageBytes - 1));
        if (first + LargePageBytes > address + bytes)
            return true;
        long start = Stopwatch.GetTimestamp();
        Volatile.Write(ref *first, 0);
        if (Stopwatch.GetElapsedTime(start).TotalMicroseconds <= SlowMicros)
            return true;
        SmallPages(address, bytes);
        return false;
    }

    public void SmallPages(byte* address, nuint bytes) => _ = KernelMemory.Advise(address, bytes, KernelMemory.NoHugePage);

    public void Fault(byte* address, nuint bytes)
    {
        _ = KernelMemory.Protect(address, bytes, KernelMemory.None);
        _ = KernelMemory.Advise(address, bytes, KernelMemory.DontNeed);
    }

    public byte* Alloc(nuint bytes) =>
        Note(KernelMemory.Map(null, bytes, KernelMemory.Read | KernelMemory.Write, KernelMemory.NoReserve), bytes);

    public void Free(byte* address, nuint bytes)
    {
        lock (s_lock)
            Forget((nuint)address, (nuint)address + bytes);
        KernelMemory.Unmap(address, bytes);
    }
}

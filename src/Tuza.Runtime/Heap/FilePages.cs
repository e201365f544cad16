// Gives back the resident pages of code that has done its work.
//
// A program's process holds some 40 MB of mapped files: .NET itself, its libraries, Tuza's, and the images of packages. Most of it was used once, to
// start. Pages of a file that were never written can leave at any time, since the file has them: who needs one again takes it from the system's cache
// for the price of a minor fault. So a program that collects its heap, whose resident memory matters, sheds them.
//
// Only private mappings that cannot be written, of shared objects and assemblies, seen in the same place at an earlier look: no loader is at work on
// them any more. Pages that are not the file's own (relocated, or changed by a debugger) stay. The monitor calls it, beside the program.

using System;
using System.Runtime.InteropServices;

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class FilePages
{
    struct Range
    {
        public ulong From, To;
    }

    const int TextBytes = 64 << 10, PageWords = 2048, PageShift = 12;
    const ulong Present = 1UL << 63, Swapped = 1UL << 62, OfFile = 1UL << 61;
    const int Growth = 4;

    static Range[] s_known = new Range[1];
    static Range[] s_found = new Range[1];
    static int s_knownCount, s_foundCount;
    static bool s_looked;
    static uint s_nextCycle = 1;

    /// <summary>To be called now and then with the number of collections so far: looks at the first, and then ever more seldom.</summary>
    internal static void AfterCollections(uint cycles)
    {
        if (cycles < s_nextCycle)
            return;
        // The second look, which can give something back, soon; then rarely, even if a look cannot be taken at all.
        s_nextCycle = s_looked ? Math.Max(cycles, s_nextCycle * (Growth - 1)) + 1 : cycles + 1;
        s_looked = true;
        Look();
    }

    /// <summary>Reads the mappings; gives back the pages of those that were there at the last look.</summary>
    internal static void Look()
    {
        int maps = Open("/proc/self/maps\0"u8), pages = Open("/proc/self/pagemap\0"u8);
        byte* text = (byte*)NativeMemory.Alloc(TextBytes + PageWords * sizeof(ulong));
        if (maps >= 0 && pages >= 0 && ReadMappings(maps, text))
        {
            for (int i = 0, k = 0; i < s_foundCount; i++)
            {
                // Both are in the order of addresses.
                while (k < s_knownCount && s_known[k].From < s_found[i].From)
                    k++;
                if (k < s_knownCount && s_known[k].From == s_found[i].From && s_known[k].To == s_found[i].To)
                    Drop(pages, s_found[i], (ulong*)(text + TextBytes));
            }
            (s_known, s_found) = (s_found, s_known);
            s_knownCount = s_foundCount;
        }
        NativeMemory.Free(text);
        Close(maps);
        Close(pages);
    }

    static int Open(ReadOnlySpan<byte> path)
    {
        fixed (byte* p = path)
            return (int)Libc.Syscall(Libc.SysOpen, (nint)p, Libc.OpenReadCloseOnExec, 0, 0, 0, 0);
    }

    static void Close(int fd)
    {
        if (fd >= 0)
            _ = Libc.Syscall(Libc.SysClose, fd, 0, 0, 0, 0, 0);
    }

    static bool ReadMappings(int maps, byte* text)
    {
        s_foundCount = 0;
        long have = 0;
        for (; ; )
        {
            long n = Libc.Syscall(Libc.SysRead, maps, (nint)(text + have), (nint)(TextBytes - have), 0, 0, 0);
            if (n < 0)
                return false;
            if (n == 0)
                return true;
            have += n;
            ReadOnlySpan<byte> rest = new(text, (int)have);
            for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
                Note(rest[..end]);
            rest.CopyTo(new Span<byte>(text, TextBytes));
            have = rest.Length;
            if (have == TextBytes)
                return false; // a path longer than all this
        }
    }

    /// <summary>A line is "from-to rwxp offset device inode   path".</summary>
    static void Note(ReadOnlySpan<byte> line)
    {
        int dash = line.IndexOf((byte)'-'), blank = line.IndexOf((byte)' '), path = line.IndexOf((byte)'/');
        if (dash < 0 || blank < dash || path < blank || line[blank + 2] == 'w' || line[blank + 4] != 'p' || !IsCode(line[path..]))
            return;
        if (s_foundCount == s_found.Length)
        {
            Range[] larger = new Range[2 * s_found.Length + 256];
            s_found.AsSpan().CopyTo(larger);
            s_found = larger;
        }
        s_found[s_foundCount++] = new Range { From = Hex(line[..dash]), To = Hex(line[(dash + 1)..blank]) };
    }

    static bool IsCode(ReadOnlySpan<byte> path) => path.EndsWith(".dll"u8) || path.EndsWith(".so"u8) || path.IndexOf(".so."u8) > 0;

    static ulong Hex(ReadOnlySpan<byte> digits)
    {
        ulong n = 0;
        foreach (byte d in digits)
            n = n << 4 | (uint)(d <= '9' ? d - '0' : d - 'a' + 10);
        return n;
    }

    /// <summary>Advises runs without a page of the process's own.</summary>
    static void Drop(int pagemap, Range r, ulong* words)
    {
        ulong run = 0;
        bool inRun = false;
        ulong page = r.From >> PageShift, end = r.To >> PageShift;
        while (page < end)
        {
            nint want = (nint)Math.Min(PageWords, end - page) * sizeof(ulong);
            long got = Libc.Syscall(Libc.SysPread, pagemap, (nint)words, want, (nint)(page * sizeof(ulong)), 0, 0) / sizeof(ulong);
            if (got <= 0)
                break;
            for (long i = 0; i < got; i++, page++)
            {
                bool files = (words[i] & (Present | OfFile)) == (Present | OfFile);
                bool own = !files && (words[i] & (Present | Swapped)) != 0;
                if (files && !inRun)
                {
                    inRun = true;
                    run = page;
                }
                else if (own && inRun)
                {
                    inRun = false;
                    GiveBack(run, page);
                }
            }
        }
        if (inRun)
            GiveBack(run, page);
    }

    static void GiveBack(ulong from, ulong to) =>
        _ = KernelMemory.Advise((void*)(from << PageShift), (nuint)((to - from) << PageShift), KernelMemory.DontNeed);
}

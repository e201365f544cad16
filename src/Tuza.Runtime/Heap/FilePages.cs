// Gives back the resident pages of code that has done its work.
//
// A program's process holds some 40 MB of mapped files: .NET itself, its libraries, Tuza's, and the images of packages. Most of it was used once, to
// start. Pages of a file that were never written can leave at any time, since the file has them: who needs one again takes it from the system's cache
// for the price of a minor fault. So a program whose resident memory matters sheds them.
//
// It takes a few milliseconds of processor time, which a small and short program would spend for nothing: see LookTimes.
//
// Only mappings that cannot be written, of shared objects and assemblies, seen in the same place at an earlier look: no loader is at work on
// them any more. (.NET maps an assembly twice: its code, and the file as it is, shared, for its metadata.) Pages that are not the file's own
// (relocated, or changed by a debugger) stay. The monitor calls it, beside the program.

using System;
using System.Runtime.InteropServices;

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class FilePages
{
    struct Range
    {
        public ulong From, To;
        public bool IsShared;
    }

    const int TextBytes = 64 << 10, PageWords = 2048, PageShift = 12;
    /// <summary>Less is not worth a call of the system.</summary>
    const ulong FewestPages = 8;
    const ulong Present = 1UL << 63, Swapped = 1UL << 62, OfFile = 1UL << 61;

    static Range[] s_known = new Range[1];
    static Range[] s_found = new Range[1];
    static int s_knownCount, s_foundCount;
    static LookTimes s_times;

    /// <summary>To be called now and then: looks when it is time to.</summary>
    internal static void Attend(long now, MHeap* heap)
    {
        if (heap->Gc.CycleCount > 0 && s_times.IsDue(now - Gc.StartNanos, heap->Stats.MappedReady))
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
        if (dash < 0 || blank < dash || path < blank || line[blank + 2] == 'w' || !IsCode(line[path..]))
            return;
        if (s_foundCount == s_found.Length)
        {
            Range[] larger = new Range[2 * s_found.Length + 256];
            s_found.AsSpan().CopyTo(larger);
            s_found = larger;
        }
        Range r = new() { From = Hex(line[..dash]), To = Hex(line[(dash + 1)..blank]), IsShared = line[blank + 4] == 's' };
        if (r.To - r.From >= FewestPages << PageShift)
            s_found[s_foundCount++] = r;
    }

    static bool IsCode(ReadOnlySpan<byte> path) => path.EndsWith(".dll"u8) || path.EndsWith(".so"u8) || path.IndexOf(".so."u8) > 0;

    static ulong Hex(ReadOnlySpan<byte> digits)
    {
        ulong n = 0;
        foreach (byte d in digits)
            n = n << 4 | (uint)(d <= '9' ? d - '0' : d - 'a' + 10);
        return n;
    }

    /// <summary>Advises runs without a page of the process's own: a shared mapping has none.</summary>
    static void Drop(int pagemap, Range r, ulong* words)
    {
        if (r.IsShared)
        {
            GiveBack(r.From >> PageShift, r.To >> PageShift);
            return;
        }
        ulong run = 0, resident = 0; // of the run that began last: its first page, and how many are there
        ulong page = r.From >> PageShift, end = r.To >> PageShift;
        while (page < end)
        {
            nint want = (nint)Math.Min(PageWords, end - page) * sizeof(ulong);
            long got = Libc.Syscall(Libc.SysPread, pagemap, (nint)words, want, (nint)(page * sizeof(ulong)), 0, 0) / sizeof(ulong);
            if (got <= 0)
                break;
            for (long i = 0; i < got; i++, page++)
            {
                if ((words[i] & (Present | OfFile)) == (Present | OfFile))
                {
                    if (resident++ == 0)
                        run = page;
                }
                else if ((words[i] & (Present | Swapped)) != 0)
                {
                    if (resident >= FewestPages)
                        GiveBack(run, page);
                    resident = 0;
                }
            }
        }
        if (resident >= FewestPages)
            GiveBack(run, page);
    }

    static void GiveBack(ulong from, ulong to) =>
        _ = KernelMemory.Advise((void*)(from << PageShift), (nuint)((to - from) << PageShift), KernelMemory.DontNeed);
}

/// <summary>
/// When a program's mappings are looked at: when its heap has become large beside them, or when it has run for long, and again whenever either has
/// grown by as much once more. The first look only notes what is there; the second follows it at once.
/// </summary>
struct LookTimes
{
    const long LargeBytes = 32 << 20, LongNanos = 3_000_000_000;

    long _nextBytes, _nextAge;
    bool _noted;

    /// <summary>age: of the program. bytes: of its heap, as mapped.</summary>
    public bool IsDue(long age, long bytes)
    {
        if (bytes < Math.Max(_nextBytes, LargeBytes) && age < Math.Max(_nextAge, LongNanos))
            return false;
        if (_noted)
        {
            _nextBytes = Math.Max(2 * bytes, _nextBytes);
            _nextAge = Math.Max(2 * age, LongNanos);
        }
        _noted = true;
        return true;
    }
}

// Resident memory, to the page, by what it is for: for `tuza stat`.
//
// The sum is the system's: smaps says of each mapping how much of it is resident. Inside the ranges that the memory system mapped, pagemap says of
// each page whether it is, and the heap's tables say what the page is for. The rest is named by the mapping's file. So every resident page is counted
// once; the world is stopped meanwhile, only threads of .NET itself can change something between the two readings.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class Residency
{
    readonly record struct Range(ulong From, ulong To, string Use);

    const string Unused = "Go heap, free pages", Data = "program: variables and constants", Files = "code and data from files (.NET, images, libraries)",
        Jit = "machine code made at run time", Native = "native heap", Stack = "stack of the first thread", Anonymous = ".NET's heap, thread stacks, C libraries", Runtime = "memory system: tables, bitmaps, notes";

    /// <summary>Lines of bytes, tab, use; the sum of all is the last. From a thread that is no M.</summary>
    internal static string Report()
    {
        Dictionary<string, long> sums = [];
        long total = 0;
        Sched.StopTheWorldFromOutside();
        try
        {
            List<Range> known = Ranges();
            using FileStream pages = new("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
            ulong from = 0, to = 0;
            string file = "";
            foreach (string line in File.ReadLines("/proc/self/smaps"))
            {
                if (line.Length > 0 && line[0] is >= '0' and <= '9' or >= 'a' and <= 'f' && Header(line, out ulong a, out ulong b, out string f))
                {
                    (from, to, file) = (a, b, f);
                    continue;
                }
                if (!line.StartsWith("Rss:", StringComparison.Ordinal) || !long.TryParse(line.AsSpan(4).Trim(" kB"), NumberStyles.None, CultureInfo.InvariantCulture, out long kib) || kib == 0)
                    continue;
                long left = kib * 1024;
                total += left;
                foreach (Range r in known)
                {
                    if (r.From >= to || r.To <= from)
                        continue;
                    long bytes = Math.Min(left, Resident(pages, Math.Max(from, r.From), Math.Min(to, r.To)));
                    Add(sums, r.Use, bytes);
                    left -= bytes;
                }
                if (left > 0)
                    Add(sums, InArena(from, to) ? Unused : UseOf(file), left);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "0\t" + e.Message + "\n";
        }
        finally
        {
            Sched.StartTheWorldFromOutside();
        }
        StringBuilder text = new();
        List<string> uses = [];
        foreach (string use in sums.Keys)
            uses.Add(use);
        uses.Sort((x, y) => sums[x] != sums[y] ? sums[y].CompareTo(sums[x]) : string.CompareOrdinal(x, y));
        foreach (string use in uses)
            text.Append(CultureInfo.InvariantCulture, $"{sums[use]}\t{use}\n");
        return text.Append(CultureInfo.InvariantCulture, $"{total}\ttotal\n").ToString();
    }

    static void Add(Dictionary<string, long> sums, string use, long bytes)
    {
        if (bytes > 0)
            sums[use] = sums.GetValueOrDefault(use) + bytes;
    }

    static bool Header(string line, out ulong from, out ulong to, out string file)
    {
        int dash = line.IndexOf('-', StringComparison.Ordinal), blank = line.IndexOf(' ', StringComparison.Ordinal);
        from = to = 0;
        file = "";
        if (dash < 0 || blank < dash || !ulong.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out from)
            || !ulong.TryParse(line.AsSpan(dash + 1, blank - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out to))
            return false;
        int name = line.IndexOfAny(['/', '['], blank);
        file = name < 0 ? "" : line[name..];
        return true;
    }

    static string UseOf(string file) =>
        file == "" || file.StartsWith("[anon", StringComparison.Ordinal) ? Anonymous
        : file.Contains("doublemapper", StringComparison.Ordinal) ? Jit
        : file[0] == '/' ? Files
        : file == "[heap]" ? Native
        : file == "[stack]" ? Stack : Anonymous;

    static bool InArena(ulong from, ulong to)
    {
        MHeap* h = MHeap.Current;
        for (int i = 0; i < h->ArenaCount; i++)
        {
            ulong at = (ulong)h->Arena(i)->Start;
            if (at < to && at + HeapConsts.ArenaBytes > from)
                return true;
        }
        return false;
    }

    /// <summary>World stopped. Ranges that do not overlap.</summary>
    static List<Range> Ranges()
    {
        List<Range> list = [];
        MHeap* h = MHeap.Current;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s == null || s->State == SpanState.Dead)
                continue;
            string use = s->State == SpanState.InUse ? "Go heap, spans of objects" : s->Manual == ManualKind.Stack ? "Go stacks" : "collector's work buffers";
            list.Add(new Range((ulong)s->Base, (ulong)s->Base + s->PageCount * HeapConsts.PageBytes, use));
        }
        List<Range> data = [];
        foreach (DataSegment d in ImageLoader.DataSegments())
        {
            if (d.Bytes > 0)
                data.Add(new Range((ulong)d.Base & ~4095UL, ((ulong)d.Base + (ulong)d.Bytes + 4095) & ~4095UL, Data));
        }
        foreach ((nuint at, nuint bytes) in LinuxOs.Mapped())
        {
            bool arena = InArena(at, at + bytes);
            if (!arena)
                data.Add(new Range(at, at + bytes, Runtime));
        }
        data.Sort(static (x, y) => x.From.CompareTo(y.From));
        ulong end = 0;
        foreach (Range r in data)
        {
            if (r.To <= end)
                continue;
            list.Add(r with { From = Math.Max(r.From, end) });
            end = r.To;
        }
        return list;
    }

    /// <summary>Bytes of the pages in a range that are in memory.</summary>
    static long Resident(FileStream pages, ulong from, ulong to)
    {
        const ulong PageBytes = 4096, Present = 1UL << 63;
        long n = 0;
        ulong[] words = new ulong[4096];
        Span<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan());
        for (ulong at = from / PageBytes, end = to / PageBytes; at < end;)
        {
            int want = (int)Math.Min((ulong)words.Length, end - at);
            pages.Position = (long)at * 8;
            int got = pages.ReadAtLeast(bytes[..(want * 8)], want * 8, throwOnEndOfStream: false) / 8;
            for (int i = 0; i < got; i++)
                n += (words[i] & Present) != 0 ? (long)PageBytes : 0;
            if (got < want)
                break;
            at += (ulong)got;
        }
        return n;
    }
}

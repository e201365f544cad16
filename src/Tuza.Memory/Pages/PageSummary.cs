// The page bitmap in chunks of 4 MiB, and the summary word over a run of pages.
//
//   63          62       42 41       21 20        0
//   +-----------+----------+-----------+-----------+
//   | full free |   end    |    max    |   start   |     in pages
//   +-----------+----------+-----------+-----------+
//
//   start  free pages at the beginning, end: at the end, max: longest run of free pages anywhere in the region.
//   2^21 pages (16 GiB, one entry of the root level) do not fit 21 bits: the top bit says that all three are that.

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tuza.Memory;

/// <summary>Free runs of a region: at its start, its longest, at its end.</summary>
public readonly record struct PageSummary(ulong Bits)
{
    public const int FieldBits = 21;
    public const uint MaxPages = 1u << FieldBits;
    const ulong FieldMask = MaxPages - 1;
    const ulong AllFree = 1UL << 63;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PageSummary Pack(uint start, uint max, uint end) => max == MaxPages
        ? new PageSummary(AllFree)
        : new PageSummary(start | (ulong)max << FieldBits | (ulong)end << (2 * FieldBits));

    public uint Start
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Bits & AllFree) != 0 ? MaxPages : (uint)(Bits & FieldMask);
    }

    public uint Max
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Bits & AllFree) != 0 ? MaxPages : (uint)((Bits >> FieldBits) & FieldMask);
    }

    public uint End
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Bits & AllFree) != 0 ? MaxPages : (uint)((Bits >> (2 * FieldBits)) & FieldMask);
    }

    // Written out: the compiler's own asks a comparer of ulong, a virtual call.
    public bool Equals(PageSummary other) => Bits == other.Bits;

    public override int GetHashCode() => Bits.GetHashCode();

    /// <summary>The summary of <paramref name="count"/> neighbours of <paramref name="pagesEach"/> pages.</summary>
    public static unsafe PageSummary Merge(PageSummary* parts, int count, uint pagesEach)
    {
        uint start = 0, max = 0, run = 0;
        bool whole = true;     // everything so far is free
        for (int i = 0; i < count; i++)
        {
            PageSummary p = parts[i];
            uint s = p.Start;
            if (whole)
                start += s;
            whole &= s == pagesEach;
            uint across = run + s;
            if (across > max)
                max = across;
            if (p.Max > max)
                max = p.Max;
            run = s == pagesEach ? across : p.End;
        }
        return Pack(start, max, run);
    }
}

/// <summary>One chunk: 512 pages, a bit each; 1 = in use. And 512 bits: 1 = the system has the page back (or never gave it).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PageChunk
{
    public const int Pages = 512;
    public const int Shift = 22;
    const int Words = Pages / 64;

    public fixed ulong Used[Words];
    public fixed ulong Scavenged[Words];

    public PageSummary Summarize()
    {
        uint start = 0, max = 0, run = 0;
        bool whole = true;
        for (int i = 0; i < Words; i++)
        {
            ulong used = Used[i];
            if (used == 0)
            {
                run += 64;
                continue;
            }
            uint low = (uint)BitOperations.TrailingZeroCount(used);
            run += low;
            if (whole)
            {
                start = run;
                whole = false;
            }
            if (run > max)
                max = run;
            run = (uint)BitOperations.LeadingZeroCount(used);
            if (64 - low - run > max)
                max = uint.Max(max, LongestFree(used));
        }
        if (whole)
            return PageSummary.Pack(Pages, Pages, Pages);
        return PageSummary.Pack(start, uint.Max(max, run), run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint LongestFree(ulong used)
    {
        // Shrinks every run of free bits by one per round; few rounds, since runs inside a word are short.
        ulong free = ~used;
        uint n = 0;
        while (free != 0)
        {
            free &= free >> 1;
            n++;
        }
        return n;
    }

    /// <summary>First run of <paramref name="pages"/> free pages at or after <paramref name="from"/>, or -1.</summary>
    public int Find(uint pages, int from)
    {
        uint run = 0;
        int start = from;
        for (int i = from; i < Pages;)
        {
            int rest = 64 - (i & 63);
            int free = int.Min(rest, BitOperations.TrailingZeroCount(Used[i >> 6] >> (i & 63)));
            if (run == 0)
                start = i;
            run += (uint)free;
            if (run >= pages)
                return start;
            i += free;
            if (free == rest)
                continue;
            i += BitOperations.TrailingZeroCount(~(Used[i >> 6] >> (i & 63)));
            run = 0;
        }
        return -1;
    }

    /// <summary>Marks pages used and no longer scavenged; says how many were scavenged.</summary>
    public uint Take(int first, uint pages)
    {
        uint scavenged = 0;
        for (int i = first, end = first + (int)pages; i < end;)
        {
            ulong mask = MaskAt(i, end);
            scavenged += (uint)BitOperations.PopCount(Scavenged[i >> 6] & mask);
            Used[i >> 6] |= mask;
            Scavenged[i >> 6] &= ~mask;
            i = (i | 63) + 1;
        }
        return scavenged;
    }

    public void Give(int first, uint pages)
    {
        for (int i = first, end = first + (int)pages; i < end; i = (i | 63) + 1)
            Used[i >> 6] &= ~MaskAt(i, end);
    }

    public void SetScavenged(int first, uint pages)
    {
        for (int i = first, end = first + (int)pages; i < end; i = (i | 63) + 1)
            Scavenged[i >> 6] |= MaskAt(i, end);
    }

    /// <summary>The bits of word i/64 from bit i up to <paramref name="end"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong MaskAt(int i, int end)
    {
        int low = i & 63, high = int.Min(end - (i & ~63), 64);
        return (ulong.MaxValue >> (64 - (high - low))) << low;
    }
}

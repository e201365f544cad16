// Memory that is kept alive for less than the whole of it: what no string, slice or other reference can reach any more.
//
// Judged are objects that only strings and slices refer to (ReferenceWindows): these say which bytes they can reach.
//
// A slice reaches its elements up to its capacity: a buffer that grows needs the rest. But one that shows less than an eighth of a block of some
// size, and more than nothing (an empty one is a buffer to be filled again), is a part that was cut out, and is counted by its length.

using System;
using System.Collections.Generic;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>An object of which only Reachable bytes can be reached, by References strings or slices.</summary>
public readonly record struct WastedObject(int Object, long Reachable, int References, bool HoldsPointers, bool ByStrings)
{
    public long Wasted(Snapshot s) => s.Bytes[Object] - Reachable;
}

public static class Waste
{
    /// <summary>Objects with unreachable bytes beyond what the rounding to size classes costs; most wasted first.</summary>
    public static List<WastedObject> Find(Snapshot s, long least)
    {
        List<WastedObject> found = [];
        foreach ((int o, List<SnapshotUse> uses) in ReferenceWindows.Of(s))
        {
            List<(long From, long To)> parts = Parts(s, o, uses);
            long reachable = Union(parts);
            if (s.Bytes[o] - Math.Max(reachable, Rounded(reachable)) >= least)
                found.Add(new WastedObject(o, reachable, parts.Count, (s.Flags[o] & SnapshotFlags.NoScan) == 0, uses.Exists(static u => u.IsString)));
        }
        found.Sort((a, b) => b.Wasted(s) != a.Wasted(s) ? b.Wasted(s).CompareTo(a.Wasted(s)) : a.Object.CompareTo(b.Object));
        return found;
    }

    static List<(long From, long To)> Parts(Snapshot s, int o, List<SnapshotUse> uses)
    {
        List<(long From, long To)> parts = new(uses.Count);
        foreach (SnapshotUse u in uses)
        {
            long from = (long)(u.Address - s.Address[o]);
            parts.Add((from, Math.Min(s.Bytes[o], from + (u.IsString || IsCutOut(u, s.Bytes[o]) ? u.Bytes : u.Capacity))));
        }
        return parts;
    }

    /// <summary>The bytes of one object that strings and slices reach, as parts that do not touch, in order.</summary>
    public static List<(long From, long To)> PartsOf(Snapshot s, int o)
    {
        List<(long From, long To)> merged = [];
        if (!ReferenceWindows.Of(s).TryGetValue(o, out List<SnapshotUse>? uses))
            return merged;
        List<(long From, long To)> parts = Parts(s, o, uses);
        parts.Sort();
        foreach ((long from, long to) in parts)
        {
            if (merged.Count > 0 && from <= merged[^1].To)
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            else
                merged.Add((from, to));
        }
        return merged;
    }

    const int CutOutFrom = 4096, CutOutShare = 8;

    static bool IsCutOut(SnapshotUse u, long block) => block >= CutOutFrom && u.Bytes > 0 && u.Bytes <= u.Capacity / CutOutShare;

    /// <summary>What a copy of so many bytes would take.</summary>
    static long Rounded(long bytes) => bytes <= 0 ? 0 : (long)SizeClasses.RoundUp((nuint)bytes, noscan: true);

    static long Union(List<(long From, long To)> parts)
    {
        parts.Sort();
        long sum = 0, end = 0;
        foreach ((long from, long to) in parts)
        {
            if (to <= end)
                continue;
            sum += to - Math.Max(from, end);
            end = to;
        }
        return sum;
    }
}

// Memory that is kept alive for less than the whole of it: what no string, slice or other reference can reach any more.
//
// For each object all references are counted. Those from strings and slices say which bytes they can reach; any other reference, an interior pointer
// or one from a stack, may reach everything, so such objects are left out.
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
        int[] references = new int[s.ObjectCount];
        foreach (int to in s.EdgeTo)
            references[to]++;
        foreach (SnapshotRoot r in s.Roots)
        {
            foreach ((int o, _) in r.Refs)
                references[o]++;
        }
        Dictionary<int, List<(long From, long To)>> reach = [];
        HashSet<int> byStrings = [];
        foreach (SnapshotUse u in s.Uses)
        {
            if (s.Find(u.Address) is not (>= 0 and var o))
                continue;
            references[o]--;
            if (!reach.TryGetValue(o, out List<(long, long)>? parts))
                reach[o] = parts = [];
            if (u.IsString)
                byStrings.Add(o);
            long from = (long)(u.Address - s.Address[o]);
            parts.Add((from, Math.Min(s.Bytes[o], from + (u.IsString || IsCutOut(u, s.Bytes[o]) ? u.Bytes : u.Capacity))));
        }
        List<WastedObject> found = [];
        foreach ((int o, List<(long From, long To)> parts) in reach)
        {
            if (references[o] > 0)
                continue;
            long reachable = Union(parts);
            if (s.Bytes[o] - Math.Max(reachable, Rounded(reachable)) >= least)
                found.Add(new WastedObject(o, reachable, parts.Count, (s.Flags[o] & SnapshotFlags.NoScan) == 0, byStrings.Contains(o)));
        }
        found.Sort((a, b) => b.Wasted(s) != a.Wasted(s) ? b.Wasted(s).CompareTo(a.Wasted(s)) : a.Object.CompareTo(b.Object));
        return found;
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

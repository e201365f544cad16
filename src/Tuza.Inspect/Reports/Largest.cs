// What a program had most of when a limit ended it, in a few lines: what holds memory, which go statements made the goroutines.

using System;
using System.Collections.Generic;

namespace Tuza.Inspect;

public static class Largest
{
    const int LeastShare = 100;

    /// <summary>"largest holders: main.keep (cache.go:9) 58.0 MiB, …": variables and goroutines by what would be freed without each, and what several of them share, by type and place.</summary>
    public static List<string> Holders(Snapshot s, int most)
    {
        HeapGraph graph = HeapGraph.Of(s);
        Dominators tree = Dominators.Of(graph);
        Dictionary<string, long> sums = [];
        long total = 0;
        for (int v = 1; v < graph.Count; v++)
        {
            if (tree.Parent[v] != 0 || tree.Retained[v] == 0 || v < graph.FirstObject && v > s.Roots.Count)
                continue;
            string name = Name(s, graph, v);
            sums[name] = sums.GetValueOrDefault(name) + tree.Retained[v];
            total += tree.Retained[v];
        }
        List<KeyValuePair<string, long>> list = [.. sums];
        list.RemoveAll(p => p.Value < total / LeastShare);
        list.Sort(static (a, b) => b.Value != a.Value ? b.Value.CompareTo(a.Value) : string.CompareOrdinal(a.Key, b.Key));
        List<string> lines = [];
        foreach ((string name, long bytes) in list.GetRange(0, Math.Min(most, list.Count)))
            lines.Add(Units.Printable($"{(lines.Count == 0 ? "largest holders: " : "                 ")}{name} {Units.Bytes(bytes)}"));
        return lines;
    }

    static string Name(Snapshot s, HeapGraph graph, int node)
    {
        if (node >= graph.FirstObject)
        {
            int o = node - graph.FirstObject;
            string site = s.Site(o);
            return $"several hold {s.TypeName(o)}" + (site == "" ? "" : $" (allocated at {site})");
        }
        SnapshotRoot root = s.Roots[node - 1];
        SnapshotGoroutine? g = root.IsGoroutine ? s.Goroutines.Find(g => g.Id == root.Goroutine) : null;
        string place = g?.At.Function is null ? LeakFinder.Place(root.Declared) : Snapshot.Describe(g.At);
        return root.Name + (place == "" ? "" : $" ({place})");
    }

    /// <summary>Goroutines by go statement and by what they wait for.</summary>
    public static List<string> Goroutines(Snapshot s, int most)
    {
        Dictionary<(string Created, string Reason, SnapshotFrame At), int> groups = [];
        foreach (SnapshotGoroutine g in s.Goroutines)
        {
            if (g.IsSystem)
                continue;
            SnapshotFrame made = g.Created == 0 ? default : s.UserFrame(g.Created);
            var key = (made.Function == null ? "" : Snapshot.Describe(made), g.Reason == "" ? "can run" : g.Reason, g.At);
            groups[key] = groups.GetValueOrDefault(key) + 1;
        }
        List<KeyValuePair<(string Created, string Reason, SnapshotFrame At), int>> list = [.. groups];
        list.Sort(static (a, b) => b.Value.CompareTo(a.Value));
        List<string> lines = [];
        foreach (((string created, string reason, SnapshotFrame at), int count) in list.GetRange(0, Math.Min(most, list.Count)))
            lines.Add(Units.Printable($"{(lines.Count == 0 ? "largest groups: " : "                ")}{count} {reason}{(at.Function == null ? "" : " in " + Snapshot.Describe(at))}{(created == "" ? "" : $" (go statement {created})")}"));
        return lines;
    }
}

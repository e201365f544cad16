// Views of one snapshot, each a table: what is there by type and by place, who keeps it, what it holds for nothing.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>Answers about one snapshot. Graph and dominators are made when a question needs them.</summary>
public sealed partial class HeapViews(Snapshot s)
{
    HeapGraph? _graph;
    Dominators? _dominators;

    HeapGraph Graph => _graph ??= HeapGraph.Of(s);
    Dominators Tree => _dominators ??= Dominators.Of(Graph);

    string Summary => $"{s.ObjectCount} object{(s.ObjectCount == 1 ? "" : "s")}, {Units.Bytes(s.TotalBytes)}"
        + (s.Meta.TryGetValue("program", out string? p) ? $"  {Units.Printable(p)}" : "") + (s.Meta.TryGetValue("moment", out string? m) ? $" at {Units.Printable(m)}" : "");

    /// <summary>Bytes and objects per type, or per place of allocation.</summary>
    public ReportTable Top(int rows, bool bySite)
    {
        Dictionary<string, (long Bytes, long Count)> sums = new(StringComparer.Ordinal);
        for (int i = 0; i < s.ObjectCount; i++)
        {
            string key = bySite ? s.Site(i) : s.TypeName(i);
            if (key == "")
                key = "(not traced)";
            (long bytes, long count) = sums.GetValueOrDefault(key);
            sums[key] = (bytes + s.Bytes[i], count + 1);
        }
        ReportTable t = new(bySite ? "heap.sites" : "heap.types", ("bytes", ColumnKind.Bytes), ("share", ColumnKind.Percent), ("objects", ColumnKind.Count), (bySite ? "allocated at" : "type", ColumnKind.Words));
        t.Head.Add(Summary);
        List<KeyValuePair<string, (long Bytes, long Count)>> list = [.. sums];
        list.Sort(static (a, b) => b.Value.Bytes != a.Value.Bytes ? b.Value.Bytes.CompareTo(a.Value.Bytes) : string.CompareOrdinal(a.Key, b.Key));
        for (int i = 0; i < Math.Min(rows, list.Count); i++)
            t.Add(list[i].Value.Bytes, 100.0 * list[i].Value.Bytes / Math.Max(1, s.TotalBytes), list[i].Value.Count, list[i].Key);
        if (list.Count > rows)
            t.Tail.Add($"… and {list.Count - rows} more (-n {list.Count})");
        return t;
    }

    /// <summary>Objects of one type, largest retained size first.</summary>
    public ReportTable OfType(string name, int rows)
    {
        List<int> found = [];
        for (int i = 0; i < s.ObjectCount; i++)
        {
            if (s.TypeName(i) == name)
                found.Add(i);
        }
        return Ranked("heap.objects", found, rows);
    }

    /// <summary>Roots and objects by what would be freed without them; objects below a root or object listed already are left out.</summary>
    public ReportTable Retained(int rows)
    {
        ReportTable t = new("heap.retained", ("retained", ColumnKind.Bytes), ("share", ColumnKind.Percent), ("self", ColumnKind.Bytes), ("address", ColumnKind.Address), ("what", ColumnKind.Words));
        t.Head.Add(Summary);
        List<int> top = [];
        for (int v = 1; v < Graph.Count; v++)
        {
            if (Tree.Parent[v] == 0 || Tree.Parent[v] > 0 && Tree.Parent[v] < Graph.FirstObject)
                top.Add(v);
        }
        top.Sort((a, b) => Tree.Retained[b].CompareTo(Tree.Retained[a]));
        for (int i = 0; i < Math.Min(rows, top.Count); i++)
        {
            int v = top[i];
            t.Add(Tree.Retained[v], 100.0 * Tree.Retained[v] / Math.Max(1, s.TotalBytes), Graph.Bytes[v], v < Graph.FirstObject ? 0UL : s.Address[v - Graph.FirstObject], NameOf(v));
        }
        return t;
    }

    ReportTable Ranked(string kind, List<int> objects, int rows)
    {
        ReportTable t = new(kind, ("retained", ColumnKind.Bytes), ("self", ColumnKind.Bytes), ("address", ColumnKind.Address), ("type", ColumnKind.Words), ("allocated at", ColumnKind.Words));
        objects.Sort((a, b) => Tree.Retained[Graph.FirstObject + b].CompareTo(Tree.Retained[Graph.FirstObject + a]));
        foreach (int i in objects.GetRange(0, Math.Min(rows, objects.Count)))
            t.Add(Tree.Retained[Graph.FirstObject + i], s.Bytes[i], s.Address[i], s.TypeName(i), s.Site(i));
        t.Tail.Add($"{objects.Count} object{(objects.Count == 1 ? "" : "s")}");
        return t;
    }

    string NameOf(int node)
    {
        if (node < Graph.FirstObject)
            return node - 1 < s.Roots.Count ? (s.Roots[node - 1].IsGoroutine ? "" : "variable ") + s.Roots[node - 1].Name : "(no root reaches it)";
        int i = node - Graph.FirstObject;
        string site = s.Site(i);
        return site == "" ? s.TypeName(i) : $"{s.TypeName(i)}  allocated at {site}";
    }

    /// <summary>Who keeps the object around an address: one shortest path from a root. Null when there is no such object.</summary>
    public string? Why(ulong address)
    {
        int target = s.Find(address);
        if (target < 0)
            return null;
        int node = Graph.FirstObject + target;
        Holders holders = new(s, Graph);
        StringWriter o = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        o.WriteLine($"{Units.Printable(s.TypeName(target))}  {Units.Bytes(s.Bytes[target])} at 0x{s.Address[target]:x}{ClassOf(target)}{AgeOf(target)}, retains {Units.Bytes(Tree.Retained[node])}");
        foreach (SnapshotFrame f in s.Stacks[s.Stack[target]])
            o.WriteLine($"\tallocated at {Units.Printable(f.Function)}  {Units.Printable(f.File)}:{f.Line}");
        WastedObject used = Waste.Find(s, 1).Find(w => w.Object == target);
        if (used.References > 0)
            o.WriteLine($"used: {used.Reachable} B by {used.References} {(used.ByStrings ? "string" : "slice")}{(used.References == 1 ? "" : "s")} ({PartsOf(target)}), {used.Wasted(s)} B unreachable through any reference");
        List<int> path = holders.PathTo(target);
        if (path.Count == 0)
        {
            o.WriteLine("kept by: no root of the program reaches it");
            return o.ToString();
        }
        o.WriteLine("kept by:");
        string declared = LeakFinder.Place(s.Roots[path[0] - 1].Declared);
        o.WriteLine("  " + Units.Printable(holders.RootName(path[0], path[1] - Graph.FirstObject)) + (declared == "" ? "" : "  declared " + Units.Printable(declared)));
        for (int i = 1; i < path.Count; i++)
        {
            int at = path[i] - Graph.FirstObject;
            string via = i + 1 < path.Count ? holders.Part(at, path[i + 1] - Graph.FirstObject) : "";
            o.WriteLine(i + 1 == path.Count ? "  -> this object" : $"  -> 0x{s.Address[at]:x}  {Units.Printable(s.TypeName(at) + via)}{(s.Site(at) is { Length: > 0 } site ? "  allocated at " + Units.Printable(site) : "")}");
        }
        if (used.References == 1)
            o.WriteLine($"it would be freed if what refers to it kept a copy of its {used.Reachable} bytes: {(used.ByStrings ? "strings.Clone" : used.HoldsPointers ? "slices.Clone" : "bytes.Clone or slices.Clone")}");
        else
            o.WriteLine(FreedIf(path, holders));
        return o.ToString();
    }

    /// <summary>", size class 48", ", large (128 pages)"; "" when its span is not in the file.</summary>
    string ClassOf(int o)
    {
        SnapshotSpan span = s.Spans.Find(x => s.Address[o] >= x.Address && s.Address[o] - x.Address < (ulong)x.Pages * HeapConsts.PageBytes);
        int c = span.Class >> 1;
        return span.Pages == 0 || c >= HeapConsts.NumSizeClasses ? "" : c == 0 ? $", size class: large ({span.Pages} page{(span.Pages == 1 ? "" : "s")})" : $", size class {SizeClasses.Bytes(c)}";
    }

    /// <summary>", age 12 GCs"; "" when nobody watched it being made.</summary>
    string AgeOf(int o) => s.Age[o] == SnapshotFormat.UnknownAge ? "" : $", age {s.Age[o]} GC{(s.Age[o] == 1 ? "" : "s")}";

    /// <summary>"bytes 0-49", "bytes 0-49, 100-149 and 3 more parts": what the references to an object reach.</summary>
    string PartsOf(int o)
    {
        const int MostParts = 3;
        List<(long From, long To)> parts = Waste.PartsOf(s, o);
        List<string> words = [];
        foreach ((long from, long to) in parts.GetRange(0, Math.Min(MostParts, parts.Count)))
            words.Add(to == from ? $"none at {from}" : to == from + 1 ? $"{from}" : $"{from}-{to - 1}");
        return (parts.Count == 1 && parts[0].To == parts[0].From + 1 ? "byte " : "bytes ") + string.Join(", ", words) + (parts.Count > MostParts ? $" and {parts.Count - MostParts} more parts" : "");
    }

    /// <summary>Which reference of a way is the only one: without it the last node would be freed.</summary>
    string FreedIf(List<int> path, Holders holders)
    {
        int dominator = Tree.Parent[path[^1]], at = path.LastIndexOf(dominator);
        if (dominator == 0 || at < 0)
            return "this way is not the only one: it would not be freed without it";
        string part = at == 0 ? Units.Printable(holders.RootName(path[0], path[1] - Graph.FirstObject))
            : $"0x{s.Address[path[at] - Graph.FirstObject]:x}{Units.Printable(holders.Part(path[at] - Graph.FirstObject, path[at + 1] - Graph.FirstObject))}";
        return at == path.Count - 2 ? $"it would be freed if {part} no longer referred to it" : $"every way to it leads through {part}, several from there on: it would be freed with that";
    }

    /// <summary>Goroutines that do the same at the same place, one row each.</summary>
    public ReportTable Goroutines(int rows)
    {
        ReportTable t = new("heap.goroutines", ("goroutines", ColumnKind.Count), ("first", ColumnKind.Count), ("state", ColumnKind.Words), ("seconds", ColumnKind.Count), ("stack", ColumnKind.Bytes), ("defers", ColumnKind.Count), ("at", ColumnKind.Words), ("created at", ColumnKind.Words));
        Dictionary<(SnapshotStatus, string, SnapshotFrame, int), (long Count, long First, long Nanos, long Stack, long Defers)> sums = [];
        long count = 0;
        foreach (SnapshotGoroutine g in s.Goroutines)
        {
            if (g.IsSystem)
                continue;
            count++;
            var key = (g.Status, g.Reason, g.At, g.Created);
            var v = sums.TryGetValue(key, out var before) ? before : (0, g.Id, 0, 0, 0);
            sums[key] = (v.Count + 1, Math.Min(v.First, g.Id), Math.Max(v.Nanos, g.WaitNanos), v.Stack + g.StackBytes, v.Defers + g.Defers);
        }
        t.Head.Add($"{count} goroutine{(count == 1 ? "" : "s")}");
        List<KeyValuePair<(SnapshotStatus Status, string Reason, SnapshotFrame At, int Created), (long Count, long First, long Nanos, long Stack, long Defers)>> list = [.. sums];
        list.Sort(static (a, b) => a.Value.Count != b.Value.Count ? b.Value.Count.CompareTo(a.Value.Count) : a.Value.First.CompareTo(b.Value.First));
        foreach (var ((status, reason, at, created), v) in list.GetRange(0, Math.Min(rows, list.Count)))
            t.Add(v.Count, v.First, reason != "" ? reason : StatusWord(status), v.Nanos / 1_000_000_000, v.Stack, v.Defers, at.Function == null ? "" : Snapshot.Describe(at), s.SiteOf(created));
        if (list.Count > rows)
            t.Tail.Add($"… and {list.Count - rows} more (-n {list.Count})");
        return t;
    }

    internal static string StatusWord(SnapshotStatus status) => status switch
    {
        SnapshotStatus.Running => "running",
        SnapshotStatus.SystemCall => "system call",
        SnapshotStatus.Waiting => "waiting",
        _ => "runnable",
    };

    public ReportTable Spans()
    {
        ReportTable t = new("heap.spans", ("class", ColumnKind.Words), ("spans", ColumnKind.Count), ("bytes", ColumnKind.Bytes), ("slots", ColumnKind.Count), ("used", ColumnKind.Count), ("in use", ColumnKind.Percent));
        SortedDictionary<(SnapshotSpanState State, int Class), (long Spans, long Bytes, long Slots, long Used)> sums = [];
        foreach (SnapshotSpan span in s.Spans)
        {
            var key = (span.State, span.Class);
            var v = sums.GetValueOrDefault(key);
            sums[key] = (v.Spans + 1, v.Bytes + span.Pages * HeapConsts.PageBytes, v.Slots + span.Slots, v.Used + span.Used);
        }
        foreach (((SnapshotSpanState state, int c), var v) in sums)
        {
            string name = state != SnapshotSpanState.Objects ? "runtime (stacks, work buffers)" : c >> 1 == 0 ? "large" : c >> 1 >= HeapConsts.NumSizeClasses ? "blocks" : $"{SizeClasses.Bytes(c >> 1)} B";
            if (state == SnapshotSpanState.Objects && (c & 1) != 0)
                name += " noscan";
            t.Add(name, v.Spans, v.Bytes, v.Slots, v.Used, v.Slots == 0 ? 100.0 : 100.0 * v.Used / v.Slots);
        }
        return t;
    }
}

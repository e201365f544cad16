// Views of what is held for nothing: parts of blocks out of reach, equal strings, and what came since another snapshot.

using System;
using System.Collections.Generic;

namespace Tuza.Inspect;

public sealed partial class HeapViews
{
    /// <summary>Blocks that strings or slices keep alive for a part of them, by the place that made the blocks.</summary>
    public ReportTable Wasted(int rows, long least = 64)
    {
        Dictionary<(string Site, string Type), (long Wasted, long Held, long Reachable, long Count, int Example, bool Pointers)> sums = [];
        foreach (WastedObject w in Waste.Find(s, least))
        {
            var key = (s.Site(w.Object), s.TypeName(w.Object));
            var v = sums.TryGetValue(key, out var before) ? before : (0, 0, 0, 0, w.Object, w.HoldsPointers);
            sums[key] = (v.Wasted + w.Wasted(s), v.Held + s.Bytes[w.Object], v.Reachable + w.Reachable, v.Count + 1, v.Example, v.Pointers);
        }
        ReportTable t = new("heap.waste", ("wasted", ColumnKind.Bytes), ("held", ColumnKind.Bytes), ("used", ColumnKind.Bytes), ("blocks", ColumnKind.Count), ("example", ColumnKind.Address), ("type", ColumnKind.Words), ("allocated at", ColumnKind.Words), ("mend", ColumnKind.Words));
        t.Head.Add(Summary);
        List<((string Site, string Type) Key, (long Wasted, long Held, long Reachable, long Count, int Example, bool Pointers) Sum)> list = [];
        foreach (var (key, sum) in sums)
            list.Add((key, sum));
        list.Sort(static (a, b) => b.Sum.Wasted != a.Sum.Wasted ? b.Sum.Wasted.CompareTo(a.Sum.Wasted) : string.CompareOrdinal(a.Key.Site, b.Key.Site));
        foreach (var (key, sum) in list.GetRange(0, Math.Min(rows, list.Count)))
            t.Add(sum.Wasted, sum.Held, sum.Reachable, sum.Count, s.Address[sum.Example], key.Type, key.Site, sum.Pointers ? "slices.Clone the part that is kept" : "strings.Clone or bytes.Clone the part that is kept");
        if (list.Count == 0)
            t.Tail.Add("nothing: every string and slice reaches all of its block");
        return t;
    }

    /// <summary>Strings whose bytes are equal but lie in several blocks.</summary>
    public ReportTable EqualStrings(int rows)
    {
        ReportTable t = new("heap.duplicates", ("wasted", ColumnKind.Bytes), ("copies", ColumnKind.Count), ("string", ColumnKind.Words), ("allocated at", ColumnKind.Words));
        t.Head.Add(Summary);
        List<EqualStrings> list = Duplicates.Find(s);
        foreach (EqualStrings d in list.GetRange(0, Math.Min(rows, list.Count)))
            t.Add(d.Wasted, d.Copies, d.Text, s.Site(d.Example));
        if (list.Count > rows)
            t.Tail.Add($"… and {list.Count - rows} more (-n {list.Count})");
        if (list.Count == 0)
            t.Tail.Add(s.Meta.ContainsKey("redacted") ? "the snapshot has no data (-redact)" : "no two equal strings");
        return t;
    }

    /// <summary>Growth per type and place since an older snapshot.</summary>
    public ReportTable Since(Snapshot older, int rows)
    {
        Dictionary<(string Type, string Site), (long Bytes, long Count)> sums = [];
        Sum(s, 1);
        Sum(older, -1);
        ReportTable t = new("heap.diff", ("growth", ColumnKind.Bytes), ("objects", ColumnKind.Count), ("type", ColumnKind.Words), ("allocated at", ColumnKind.Words));
        t.Head.Add($"{Units.Bytes(older.TotalBytes)} -> {Units.Bytes(s.TotalBytes)}, {older.ObjectCount} -> {s.ObjectCount} objects");
        List<KeyValuePair<(string Type, string Site), (long Bytes, long Count)>> list = [.. sums];
        list.RemoveAll(static p => p.Value == (0, 0));
        list.Sort(static (a, b) => Math.Abs(b.Value.Bytes) != Math.Abs(a.Value.Bytes) ? Math.Abs(b.Value.Bytes).CompareTo(Math.Abs(a.Value.Bytes)) : a.Key.CompareTo(b.Key));
        foreach (var p in list.GetRange(0, Math.Min(rows, list.Count)))
            t.Add(p.Value.Bytes, p.Value.Count, p.Key.Type, p.Key.Site);
        return t;

        void Sum(Snapshot snapshot, int sign)
        {
            for (int i = 0; i < snapshot.ObjectCount; i++)
            {
                var key = (snapshot.TypeName(i), snapshot.Site(i));
                (long bytes, long count) = sums.GetValueOrDefault(key);
                sums[key] = (bytes + sign * snapshot.Bytes[i], count + sign);
            }
        }
    }
}

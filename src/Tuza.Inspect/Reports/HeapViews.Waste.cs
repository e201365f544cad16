// Views of what is held for nothing: parts of blocks out of reach, equal strings, and what came since another snapshot.

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using Tuza.Abi;

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

    /// <summary>Strings whose bytes are equal but lie in several blocks. path: the snapshot's file, where the bytes are.</summary>
    public ReportTable Duplicates(string path, int rows)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        HashSet<(ulong, long)> seen = [];
        Dictionary<string, (long Count, long Bytes, string Text, int Example)> sums = new(StringComparer.Ordinal);
        byte[] buffer = new byte[SnapshotFormat.MostNoScanBody];
        foreach (SnapshotUse u in s.Uses)
        {
            if (!u.IsString || u.Bytes is 0 or > SnapshotFormat.MostNoScanBody || !seen.Add((u.Address, u.Bytes)) || s.Find(u.Address) is not (>= 0 and var o))
                continue;
            long from = (long)(u.Address - s.Address[o]);
            if (s.BodyOffset[o] == 0 || from + u.Bytes > Math.Min(s.Bytes[o], SnapshotFormat.MostNoScanBody))
                continue;
            file.Position = s.BodyOffset[o] + from;
            Span<byte> text = buffer.AsSpan(0, (int)u.Bytes);
            if (file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length)
                throw new SnapshotException("the file is cut off");
            string key = Convert.ToHexString(SHA256.HashData(text));
            var v = sums.TryGetValue(key, out var before) ? before : (0, 0, Shown(text), o);
            sums[key] = (v.Count + 1, v.Bytes + u.Bytes, v.Text, v.Example);
        }
        ReportTable t = new("heap.duplicates", ("wasted", ColumnKind.Bytes), ("copies", ColumnKind.Count), ("string", ColumnKind.Words), ("allocated at", ColumnKind.Words));
        t.Head.Add(Summary);
        List<(long Count, long Bytes, string Text, int Example)> list = [];
        foreach (var v in sums.Values)
        {
            if (v.Count > 1)
                list.Add(v);
        }
        list.Sort(static (a, b) => (b.Bytes - b.Bytes / b.Count).CompareTo(a.Bytes - a.Bytes / a.Count));
        foreach (var (count, bytes, text, example) in list.GetRange(0, Math.Min(rows, list.Count)))
            t.Add(bytes - bytes / count, count, text, s.Site(example));
        if (list.Count == 0)
            t.Tail.Add(s.Meta.ContainsKey("redacted") ? "the snapshot has no data (-redact)" : "no two equal strings");
        return t;
    }

    static string Shown(ReadOnlySpan<byte> text)
    {
        const int most = 40;
        string shown = System.Text.Encoding.UTF8.GetString(text[..Math.Min(most, text.Length)]);
        return "\"" + shown + "\"" + (text.Length > most ? $"… ({text.Length} bytes)" : "");
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

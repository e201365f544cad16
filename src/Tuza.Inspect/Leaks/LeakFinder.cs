// From a snapshot to leaks: memory and goroutines that the program holds and cannot use. One method per family, each finding with what it costs,
// where it was made, what keeps it and how to mend it; the most expensive first.
//
// A finding is a fact about this snapshot, not a guess: parts of blocks that no reference reaches, goroutines that nobody who can run could wake,
// finalizers whose object reaches itself. What only may be a leak (many deferred calls, goroutines that only grow in number or run all the time)
// says how much there is and since when.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>A leak. Bytes: what it holds for nothing. At: the user's line, its Function null when there is none. Holder: what keeps it, or "".</summary>
public sealed record Leak(string Family, long Bytes, long Count, string Text, SnapshotFrame At, string Fix, ulong Example, string Holder = "")
{
    /// <summary>file:line, or "".</summary>
    public string Where => LeakFinder.Place(At);
}

public sealed partial class LeakFinder
{
    const int MapRoomFactor = 4, ManyCopies = 10;
    const long LeastMapRoom = 16 << 10, LeastEqual = 64 << 10;

    readonly Snapshot _s;
    readonly HeapGraph _graph;
    readonly HashSet<SnapshotGoroutine> _blocked = []; // waits for ever: not to be counted by other families
    readonly Dominators _tree;
    readonly Holders _holders;
    readonly List<Leak> _leaks = [];

    LeakFinder(Snapshot s)
    {
        _s = s;
        _graph = HeapGraph.Of(s);
        _tree = Dominators.Of(_graph);
        _holders = new Holders(s, _graph);
    }

    /// <summary>least: blocks that waste less are passed over.</summary>
    public static List<Leak> Find(Snapshot s, long least = 256)
    {
        LeakFinder f = new(s);
        f.Retained(least);
        f.LostElements();
        f.BlockedGoroutines();
        f.GrowingGoroutines();
        f.BusyGoroutines();
        f.Tickers();
        f.FinalizerCycles();
        f.PendingDefers();
        f.RoomyMaps();
        f.RepeatedStrings();
        f._leaks.Sort(static (a, b) => b.Bytes != a.Bytes ? b.Bytes.CompareTo(a.Bytes) : string.CompareOrdinal(a.Family + a.Where, b.Family + b.Where));
        return f._leaks;
    }

    static string Number(long n, string one) => n == 1 ? $"1 {one}" : $"{n.ToString(CultureInfo.InvariantCulture)} {one}s";

    // ---- substrings and sub-slices

    /// <summary>Blocks that one line made and that are kept for a part: sums, and whether all are of one size.</summary>
    struct KeptParts
    {
        public long Wasted, Held, Used, Blocks, References, Largest, Smallest, MostUsed, LeastUsed;
        public int Example;
    }

    /// <summary>Kept by a sync.Pool alone: memory to be used again, which the collector takes when nobody does.</summary>
    bool IsPooled(int o)
    {
        const int MostSteps = 64;
        int node = _tree.Parent[_graph.FirstObject + o];
        for (int i = 0; i < MostSteps && node >= _graph.FirstObject; i++, node = _tree.Parent[node])
        {
            if (_s.Types[_s.Type[node - _graph.FirstObject]].Name.StartsWith("sync.pool", StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    void Retained(long least)
    {
        Dictionary<(bool Strings, SnapshotFrame At), KeptParts> sums = [];
        foreach (WastedObject w in Waste.Find(_s, least))
        {
            if (IsPooled(w.Object))
                continue;
            var key = (w.ByStrings, UserFrame(_s.Stack[w.Object]));
            long held = _s.Bytes[w.Object];
            KeptParts v = sums.TryGetValue(key, out KeptParts before) ? before : new() { Smallest = held, LeastUsed = w.Reachable, Example = w.Object };
            v.Wasted += w.Wasted(_s);
            v.Held += held;
            v.Used += w.Reachable;
            v.Blocks++;
            v.References += w.References;
            (v.Largest, v.Smallest) = (Math.Max(v.Largest, held), Math.Min(v.Smallest, held));
            (v.MostUsed, v.LeastUsed) = (Math.Max(v.MostUsed, w.Reachable), Math.Min(v.LeastUsed, w.Reachable));
            sums[key] = v;
        }
        foreach (((bool strings, SnapshotFrame at), KeptParts v) in sums)
        {
            bool each = v.References == v.Blocks && v.MostUsed == v.LeastUsed, even = v.Largest == v.Smallest;
            string text = $"{Number(v.References, strings ? "string" : "slice")} of {Units.Bytes(each ? v.MostUsed : v.Used)}{(each || v.References == 1 ? "" : " in all")} {(v.References == 1 ? "keeps" : "keep")} "
                + (v.Blocks == 1 ? "a block" : Number(v.Blocks, "block")) + $" of {Units.Bytes(even ? v.Largest : v.Held)}{(even ? "" : " in all")}";
            _leaks.Add(new Leak(strings ? "retain/substring" : "retain/subslice", v.Wasted, v.Blocks, text, at, strings ? "keep a copy of the part: strings.Clone" : "keep a copy of the part: slices.Clone or bytes.Clone", _s.Address[v.Example], _holders.Of(v.Example)));
        }
    }

    // ---- pointers in elements that no slice shows

    void LostElements()
    {
        foreach ((int o, List<SnapshotUse> uses) in ReferenceWindows.Of(_s))
        {
            if (!uses.TrueForAll(static u => u.Pointers))
                continue;
            long held = 0, count = 0;
            HashSet<int> seen = [];
            for (int e = _s.EdgeStart[o]; e < _s.EdgeStart[o + 1]; e++)
            {
                long at = _s.EdgeOffset[e];
                if (uses.Exists(u => (long)(u.Address - _s.Address[o]) is var from && at >= from && at < from + u.Bytes))
                    continue;
                count++;
                int target = _graph.FirstObject + _s.EdgeTo[e];
                if (_tree.Parent[target] == _graph.FirstObject + o && seen.Add(target))
                    held += _tree.Retained[target];
            }
            if (count > 0 && held > 0)
                _leaks.Add(new Leak("retain/lostelems", held, count, $"{Number(count, "pointer")} in elements that no slice shows keep {Units.Bytes(held)}", UserFrame(_s.Stack[o]), "set elements to nil before slicing them away, or use slices.Delete", _s.Address[o], _holders.Of(o)));
        }
    }

    // ---- tickers, finalizers, deferred calls

    /// <summary>Tickers that tick for nobody: no goroutine waits for them or has them in a variable of its own.</summary>
    void Tickers()
    {
        HashSet<int> used = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            foreach (ulong a in g.WaitsOn)
                used.Add(_s.Find(a));
            foreach ((int o, _) in g.Root.Refs)
                used.Add(o);
        }
        Dictionary<(SnapshotFrame Site, long Period), (long Count, long Bytes, SnapshotTimer Example)> groups = [];
        foreach (SnapshotTimer t in _s.Timers)
        {
            if (t.PeriodNanos == 0 || _s.Find(t.Address) is not (>= 0 and var o) || used.Contains(o) || used.Contains(_s.Find(t.Channel)))
                continue;
            var key = (UserFrame(_s.Stack[o]), t.PeriodNanos);
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, t);
            groups[key] = (v.Count + 1, v.Bytes + _tree.Retained[_graph.FirstObject + o], v.Example);
        }
        foreach (((SnapshotFrame site, long period), var v) in groups)
            _leaks.Add(new Leak("timer/ticker", v.Bytes, v.Count, $"{Number(v.Count, "ticker")} every {(period / 1e9).ToString("0.###", CultureInfo.InvariantCulture)} s {(v.Count == 1 ? "was" : "were")} not stopped and {(v.Count == 1 ? "ticks" : "tick")} for nobody (go 1.23 and later: kept because something refers to {(v.Count == 1 ? "it" : "them")}; before: kept for ever)", site, "defer ticker.Stop(), and drop the reference", v.Example.Address, _holders.Of(_s.Find(v.Example.Address))));
    }

    void FinalizerCycles()
    {
        Dictionary<(SnapshotFrame Site, string Text), (long Count, long Bytes, int Example)> groups = [];
        foreach (SnapshotSpecial special in _s.Specials)
        {
            if (special.Kind != SnapshotSpecialKind.Finalizer || _s.Find(special.Address) is not (>= 0 and var start) || _holders.PathTo(start).Count > 0)
                continue;
            List<int> cycle = CycleOf(start);
            if (cycle.Count == 0)
                continue;
            var key = (UserFrame(_s.Stack[start]), $"finalizer {special.Function}: {Way(cycle)}");
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, start);
            groups[key] = (v.Count + 1, v.Bytes + _tree.Retained[_graph.FirstObject + start], v.Example);
        }
        foreach (((SnapshotFrame site, string text), var v) in groups)
            _leaks.Add(new Leak("finalizer/cycle", v.Bytes, v.Count, $"{Number(v.Count, "object")} with a finalizer {(v.Count == 1 ? "reaches itself and is" : "reach themselves and are")} never freed ({text})", site, "break the cycle, or use runtime.AddCleanup", _s.Address[v.Example]));
    }

    /// <summary>Objects on a way from one back to itself, itself at both ends; empty if there is none.</summary>
    List<int> CycleOf(int start)
    {
        Dictionary<int, int> from = [];
        Queue<int> queue = new([start]);
        while (queue.TryDequeue(out int o))
        {
            for (int e = _s.EdgeStart[o]; e < _s.EdgeStart[o + 1]; e++)
            {
                int to = _s.EdgeTo[e];
                if (to == start)
                {
                    List<int> way = [start, o];
                    for (int v = o; v != start; v = from[v])
                        way.Add(from[v]);
                    way.Reverse();
                    return o == start ? [start, start] : way;
                }
                if (from.TryAdd(to, o))
                    queue.Enqueue(to);
            }
        }
        return [];
    }

    /// <summary>"main.node.left -> main.node.up -> main.node".</summary>
    string Way(List<int> objects)
    {
        List<string> words = [];
        for (int i = 0; i < objects.Count; i++)
            words.Add(_s.TypeName(objects[i]) + (i + 1 < objects.Count ? _holders.Field(objects[i], objects[i + 1]) : ""));
        return string.Join(" -> ", words);
    }

    void PendingDefers()
    {
        Dictionary<SnapshotFrame, (long Count, long Goroutines, long Bytes, long Oldest)> groups = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            if (g.Defers < SnapshotFormat.ManyDefers)
                continue;
            // Records are made by the defer statement.
            SnapshotFrame own = g.Deferred.Length == 0 ? default : UserFrame(_s.Stack[g.Deferred[0]]);
            if (own.Function == null)
                own = UserFrame(g);
            // What only they keep: their records and functions, and the variables of these.
            long bytes = 0;
            foreach (int o in g.Deferred)
            {
                int node = _graph.FirstObject + o;
                bytes += _tree.Parent[node] == g.Root.Index + 1 ? _tree.Retained[node] : 0;
            }
            var v = groups.GetValueOrDefault(own);
            groups[own] = (v.Count + g.Defers, v.Goroutines + 1, v.Bytes + bytes, Math.Max(v.Oldest, g.DeferNanos));
        }
        foreach ((SnapshotFrame at, var v) in groups)
            _leaks.Add(new Leak("defer/loop", v.Bytes, v.Count, $"{Number(v.Goroutines, "goroutine")} {(v.Goroutines == 1 ? "has" : "have")} {v.Count} deferred calls pending{(v.Oldest > 0 ? $", many for {Seconds(v.Oldest)} s" : "")}", at, "make the loop's body a function of its own", 0));
    }

    // ---- maps

    /// <summary>Maps never shrink: their tables are as large as they were with the most entries.</summary>
    void RoomyMaps()
    {
        const double FullestLoad = 7.0 / 8;
        const int SlotsOfGroup = 8;
        Dictionary<SnapshotFrame, (long Count, long Wasted, long Held, long Entries, int Example)> groups = [];
        foreach ((int map, long entries) in _s.Maps)
        {
            if (entries < 0 || entries > _s.TotalBytes)
                continue;
            long held = 0, group = 0;
            HashSet<int> seen = [map];
            Stack<int> work = new([map]);
            while (work.TryPop(out int o))
            {
                for (int e = _s.EdgeStart[o]; e < _s.EdgeStart[o + 1]; e++)
                {
                    int to = _s.EdgeTo[e];
                    SnapshotType t = _s.Types[_s.Type[to]];
                    bool slots = t.Name == "map.group";
                    if (!slots && t.Name is not ("maps.table" or "*maps.table") || !seen.Add(to))
                        continue;
                    held += _s.Bytes[to];
                    if (slots)
                        group = t.Bytes;
                    else
                        work.Push(to);
                }
            }
            if (group == 0)
                continue;
            double slotsNeeded = BitOperations.RoundUpToPowerOf2((ulong)Math.Ceiling(Math.Max(entries, 1) / FullestLoad));
            long needed = (long)Math.Max(1, slotsNeeded / SlotsOfGroup) * group;
            if (held - needed < LeastMapRoom || held < MapRoomFactor * needed)
                continue;
            SnapshotFrame site = UserFrame(_s.Stack[map]);
            var v = groups.TryGetValue(site, out var before) ? before : (0, 0, 0, 0, map);
            groups[site] = (v.Count + 1, v.Wasted + held - needed, v.Held + held, v.Entries + entries, v.Example);
        }
        foreach ((SnapshotFrame site, var v) in groups)
            _leaks.Add(new Leak("map/room", v.Wasted, v.Count, $"{Number(v.Count, "map")} with {(v.Entries == 1 ? "1 entry" : $"{v.Entries} entries")} {(v.Count == 1 ? "has" : "in all have")} room of {Units.Bytes(v.Held)}: maps do not shrink", site, "make a new map and copy what is left: maps.Copy (maps.Clone keeps the room)", _s.Address[v.Example], _holders.Of(v.Example)));
    }

    // ---- strings

    /// <summary>One text many times, each in an object of its own.</summary>
    void RepeatedStrings()
    {
        Dictionary<SnapshotFrame, (long Copies, long Wasted, long Texts, EqualStrings Most)> groups = [];
        foreach (EqualStrings d in Duplicates.Find(_s))
        {
            if (d.Copies < ManyCopies)
                continue;
            SnapshotFrame at = UserFrame(_s.Stack[d.Example]);
            var v = groups.TryGetValue(at, out var before) ? before : (0, 0, 0, d);
            groups[at] = (v.Copies + d.Copies, v.Wasted + d.Wasted, v.Texts + 1, v.Most);
        }
        foreach ((SnapshotFrame at, var v) in groups)
        {
            if (v.Wasted >= LeastEqual)
                _leaks.Add(new Leak("retain/duplicate", v.Wasted, v.Copies, $"{v.Copies} strings are copies of {(v.Texts == 1 ? "one" : v.Texts.ToString(CultureInfo.InvariantCulture))}, {v.Most.Copies} of {v.Most.Text}", at, "keep each text once: unique.Make(s).Value(), or a map of those already seen", _s.Address[v.Most.Example], _holders.Of(v.Most.Example)));
        }
    }

    // ---- places

    internal static string Place(SnapshotFrame f) => f.Function == null ? "" : $"{Snapshot.FileName(f.File)}:{f.Line}";

    static string Seconds(long nanos) => (nanos / 1e9).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>The user's frame of a stack; the innermost outside the runtime when all are the library's.</summary>
    SnapshotFrame UserFrame(int stack) => _s.UserFrame(stack) is { Function: not null } own ? own : Array.Find(_s.Stacks[stack], static f => !Snapshot.IsRuntime(f));

    string UserSite(int stack) => Place(UserFrame(stack));
}

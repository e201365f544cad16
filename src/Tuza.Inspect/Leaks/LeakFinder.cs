// From a snapshot to leaks: memory and goroutines that the program holds and cannot use. One method per family, each finding with what it costs,
// where it was made, what keeps it and how to mend it; the most expensive first.
//
// A finding is a fact about this snapshot, not a guess: parts of blocks that no reference reaches, goroutines that nobody who can run could wake,
// finalizers whose object reaches itself. What only may be a leak (many deferred calls, goroutines that only grow in number or run all the time)
// says how much there is and since when.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Numerics;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>A leak. Bytes: what it holds for nothing. Where: file:line, or "".</summary>
public sealed record Leak(string Family, long Bytes, long Count, string Text, string Where, string Fix, ulong Example);

public sealed class LeakFinder
{
    const int ManyGoroutines = 10, TimesSeen = 4, MapRoomFactor = 4;
    const long BusyNanos = 1_000_000_000, LeastMapRoom = 16 << 10;

    readonly Snapshot _s;
    readonly HeapGraph _graph;
    readonly HashSet<SnapshotGoroutine> _blocked = []; // waits for ever: not to be counted by other families
    readonly Dominators _tree;
    readonly List<Leak> _leaks = [];

    LeakFinder(Snapshot s)
    {
        _s = s;
        _graph = HeapGraph.Of(s);
        _tree = Dominators.Of(_graph);
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
        f._leaks.Sort(static (a, b) => b.Bytes != a.Bytes ? b.Bytes.CompareTo(a.Bytes) : string.CompareOrdinal(a.Family + a.Where, b.Family + b.Where));
        return f._leaks;
    }

    static string Number(long n, string one) => n == 1 ? $"1 {one}" : $"{n.ToString(CultureInfo.InvariantCulture)} {one}s";

    // ---- substrings and sub-slices

    void Retained(long least)
    {
        Dictionary<(string Family, string Site), (long Wasted, long Held, long Used, long Blocks, long References, int Example)> sums = [];
        foreach (WastedObject w in Waste.Find(_s, least))
        {
            var key = (w.ByStrings ? "retain/substring" : "retain/subslice", UserSite(_s.Stack[w.Object]));
            var v = sums.TryGetValue(key, out var before) ? before : (0, 0, 0, 0, 0, w.Object);
            sums[key] = (v.Wasted + w.Wasted(_s), v.Held + _s.Bytes[w.Object], v.Used + w.Reachable, v.Blocks + 1, v.References + w.References, v.Example);
        }
        foreach (((string family, string site), var v) in sums)
        {
            bool strings = family == "retain/substring";
            string text = $"{Number(v.References, strings ? "string" : "slice")} of {Units.Bytes(v.Used)} in all {(v.References == 1 ? "keeps" : "keep")} {Number(v.Blocks, "block")} of {Units.Bytes(v.Held)}";
            _leaks.Add(new Leak(family, v.Wasted, v.Blocks, text, site, strings ? "keep a copy: strings.Clone" : "keep a copy: slices.Clone or bytes.Clone", _s.Address[v.Example]));
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
                _leaks.Add(new Leak("retain/lostelems", held, count, $"{Number(count, "pointer")} in elements that no slice shows keep {Units.Bytes(held)}", UserSite(_s.Stack[o]), "set elements to nil before slicing them away, or use slices.Delete", _s.Address[o]));
        }
    }

    // ---- goroutines

    /// <summary>
    /// As the goroutineleak profile: what the variables and the goroutines that can run reach is alive; a goroutine that waits on something alive
    /// can be woken, so it is alive too; the others wait for ever.
    /// </summary>
    void BlockedGoroutines()
    {
        bool[] alive = new bool[_s.ObjectCount];
        Stack<int> work = new();
        Dictionary<int, List<SnapshotGoroutine>> waiters = []; // by object: who could be woken through it
        HashSet<SnapshotGoroutine> waiting = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            if (!g.IsSystem && IsBlocked(g))
                waiting.Add(g);
        }
        HashSet<ulong> timed = []; // channels that a timer sends on
        foreach (SnapshotTimer t in _s.Timers)
            timed.Add(t.Channel);
        timed.Remove(0);
        foreach (SnapshotGoroutine g in (List<SnapshotGoroutine>)[.. waiting])
        {
            if (Array.Exists(g.WaitsOn, timed.Contains))
            {
                waiting.Remove(g);
                continue;
            }
            foreach (ulong a in g.WaitsOn)
            {
                int o = a == 0 ? -1 : _s.Find(a);
                if (o >= 0)
                {
                    if (!waiters.TryGetValue(o, out List<SnapshotGoroutine>? list))
                        waiters[o] = list = [];
                    list.Add(g);
                }
                else if (a != 0)
                {
                    waiting.Remove(g); // on something outside the heap: a variable
                }
            }
        }
        HashSet<SnapshotRoot> doubtful = [];
        foreach (SnapshotGoroutine g in waiting)
            doubtful.Add(g.Root);
        foreach (SnapshotRoot r in _s.Roots)
        {
            if (!doubtful.Contains(r))
                Push(r);
        }
        while (work.TryPop(out int o))
        {
            for (int e = _s.EdgeStart[o]; e < _s.EdgeStart[o + 1]; e++)
                PushObject(_s.EdgeTo[e]);
            if (!waiters.Remove(o, out List<SnapshotGoroutine>? woken))
                continue;
            foreach (SnapshotGoroutine g in woken)
            {
                if (waiting.Remove(g))
                    Push(g.Root);
            }
        }
        Dictionary<(string Created, string At, string Reason), (long Count, long Bytes, long Oldest, SnapshotGoroutine Example)> groups = [];
        foreach (SnapshotGoroutine g in waiting)
        {
            _blocked.Add(g);
            SnapshotFrame at = g.At;
            var key = (UserSite(g.Created), at.Function == null ? "" : Place(at), g.Reason);
            long bytes = g.StackBytes + _tree.Retained[g.Root.Index + 1];
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, 0, g);
            groups[key] = (v.Count + 1, v.Bytes + bytes, Math.Max(v.Oldest, g.WaitNanos), v.Example);
        }
        foreach (((string created, string at, string reason), var v) in groups)
        {
            string text = $"{Number(v.Count, "goroutine")} {(v.Count == 1 ? "waits" : "wait")} for ever: {reason}" + (created == "" ? "" : $" (go statement {created})");
            _leaks.Add(new Leak("goroutine/blocked", v.Bytes, v.Count, text, at, "let the other side send, receive or close, or select on a context's Done too", v.Example.WaitsOn.Length > 0 ? v.Example.WaitsOn[0] : 0));
        }

        void Push(SnapshotRoot r)
        {
            foreach ((int o, _) in r.Refs)
                PushObject(o);
        }

        void PushObject(int o)
        {
            if (alive[o])
                return;
            alive[o] = true;
            work.Push(o);
        }
    }

    /// <summary>Waits that only another goroutine ends.</summary>
    static bool IsBlocked(SnapshotGoroutine g) => g.Reason.StartsWith("chan ", StringComparison.Ordinal) || g.Reason.StartsWith("select", StringComparison.Ordinal)
        || g.Reason.StartsWith("sync.", StringComparison.Ordinal) || g.Reason.StartsWith("sema", StringComparison.Ordinal);

    /// <summary>Something could still wake them, but of all that a go statement started, none has been seen to end.</summary>
    void GrowingGoroutines()
    {
        foreach (SnapshotGrowth w in _s.Growth)
        {
            if (w.Seen < TimesSeen || w.Falls > 0 || w.Rises < TimesSeen - 1 || w.Rises * 2 < w.Seen - 1 || w.Last - w.First < ManyGoroutines)
                continue;
            List<SnapshotGoroutine> here = _s.Goroutines.FindAll(g => g.Created == w.Created && !_blocked.Contains(g));
            if (here.Count < ManyGoroutines)
                continue;
            long bytes = 0;
            foreach (SnapshotGoroutine g in here)
                bytes += g.StackBytes + _tree.Retained[g.Root.Index + 1];
            SnapshotGoroutine last = here[^1];
            string text = $"{Number(here.Count, "goroutine")} only grow in number: {w.First} to {w.Last} in {Seconds(w.Nanos)} s, none has ended{(last.Reason == "" ? "" : $"; now: {last.Reason}")} (go statement {UserSite(w.Created)})";
            _leaks.Add(new Leak("goroutine/growing", bytes, here.Count, text, last.At.Function == null ? "" : Place(last.At), "plan how each ends: close the channel, cancel a context, or use a fixed number of workers", last.WaitsOn.Length > 0 ? last.WaitsOn[0] : 0));
        }
    }

    /// <summary>Run all the time: nobody waits for their result when the program ends, or they wait for something by looking at it again and again.</summary>
    void BusyGoroutines()
    {
        Dictionary<(string Created, string At), (long Count, long Bytes, long Longest)> groups = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            if (g.IsSystem || g.BusyNanos < BusyNanos || g.At.Function == null || g.Created == 0
                || Array.Exists(g.Frames, static f => f.Function is "os.Exit" or "runtime.mainExit"))
                continue;
            SnapshotFrame own = Array.Find(g.Frames, f => !_s.IsLibrary(f));
            var key = (UserSite(g.Created), Place(own.Function == null ? g.At : own));
            var v = groups.GetValueOrDefault(key);
            groups[key] = (v.Count + 1, v.Bytes + g.StackBytes, Math.Max(v.Longest, g.BusyNanos));
        }
        foreach (((string created, string at), var v) in groups)
            _leaks.Add(new Leak("goroutine/busy", v.Bytes, v.Count, $"{Number(v.Count, "goroutine")} {(v.Count == 1 ? "has" : "have")} run for {Seconds(v.Longest)} s without waiting once: a loop without end? (go statement {created})", at, "end the loop on a context's Done or a closed channel, and wait for events instead of looking again and again", 0));
    }

    static string Seconds(long nanos) => (nanos / 1e9).ToString("0.0", CultureInfo.InvariantCulture);

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
        Dictionary<(string Site, long Period), (long Count, long Bytes, SnapshotTimer Example)> groups = [];
        foreach (SnapshotTimer t in _s.Timers)
        {
            if (t.PeriodNanos == 0 || _s.Find(t.Address) is not (>= 0 and var o) || used.Contains(o) || used.Contains(_s.Find(t.Channel)))
                continue;
            var key = (UserSite(_s.Stack[o]), t.PeriodNanos);
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, t);
            groups[key] = (v.Count + 1, v.Bytes + _tree.Retained[_graph.FirstObject + o], v.Example);
        }
        foreach (((string site, long period), var v) in groups)
            _leaks.Add(new Leak("timer/ticker", v.Bytes, v.Count, $"{Number(v.Count, "ticker")} every {(period / 1e9).ToString("0.###", CultureInfo.InvariantCulture)} s {(v.Count == 1 ? "was" : "were")} not stopped and {(v.Count == 1 ? "ticks" : "tick")} for nobody (go 1.23 and later: kept because something refers to {(v.Count == 1 ? "it" : "them")}; before: kept for ever)", site, "defer ticker.Stop(), and drop the reference", v.Example.Address));
    }

    void FinalizerCycles()
    {
        Dictionary<(string Site, string Text), (long Count, long Bytes, int Example)> groups = [];
        foreach (SnapshotSpecial special in _s.Specials)
        {
            if (special.Kind != SnapshotSpecialKind.Finalizer || _s.Find(special.Address) is not (>= 0 and var start) || IsRooted(start))
                continue;
            List<int> cycle = CycleOf(start);
            if (cycle.Count == 0)
                continue;
            var key = (UserSite(_s.Stack[start]), $"finalizer {special.Function}: {string.Join(" -> ", cycle.ConvertAll(_s.TypeName))}");
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, start);
            groups[key] = (v.Count + 1, v.Bytes + _tree.Retained[_graph.FirstObject + start], v.Example);
        }
        foreach (((string site, string text), var v) in groups)
            _leaks.Add(new Leak("finalizer/cycle", v.Bytes, v.Count, $"{Number(v.Count, "object")} with a finalizer {(v.Count == 1 ? "reaches itself and is" : "reach themselves and are")} never freed ({text})", site, "break the cycle, or use runtime.AddCleanup", _s.Address[v.Example]));
    }

    RootPaths? _paths;

    bool IsRooted(int o)
    {
        List<int> path = (_paths ??= new RootPaths(_graph)).To(_graph.FirstObject + o);
        return path.Count > 0 && path[0] < _graph.RootCount;
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

    void PendingDefers()
    {
        Dictionary<string, (long Count, long Goroutines, long Oldest)> groups = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            if (g.Defers < SnapshotFormat.ManyDefers)
                continue;
            SnapshotFrame own = Array.Find(g.Frames, f => !_s.IsLibrary(f));
            string at = own.Function != null ? Place(own) : g.At.Function == null ? "" : Place(g.At);
            var v = groups.GetValueOrDefault(at);
            groups[at] = (v.Count + g.Defers, v.Goroutines + 1, Math.Max(v.Oldest, g.DeferNanos));
        }
        foreach ((string at, var v) in groups)
            _leaks.Add(new Leak("defer/loop", 0, v.Count, $"{Number(v.Goroutines, "goroutine")} {(v.Goroutines == 1 ? "has" : "have")} {v.Count} deferred calls pending{(v.Oldest > 0 ? $", many for {Seconds(v.Oldest)} s" : "")}", at, "make the loop's body a function of its own", 0));
    }

    // ---- maps

    /// <summary>Maps never shrink: their tables are as large as they were with the most entries.</summary>
    void RoomyMaps()
    {
        const double FullestLoad = 7.0 / 8;
        const int SlotsOfGroup = 8;
        Dictionary<string, (long Count, long Wasted, long Held, long Entries, int Example)> groups = [];
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
            string site = UserSite(_s.Stack[map]);
            var v = groups.TryGetValue(site, out var before) ? before : (0, 0, 0, 0, map);
            groups[site] = (v.Count + 1, v.Wasted + held - needed, v.Held + held, v.Entries + entries, v.Example);
        }
        foreach ((string site, var v) in groups)
            _leaks.Add(new Leak("map/room", v.Wasted, v.Count, $"{Number(v.Count, "map")} with {(v.Entries == 1 ? "1 entry" : $"{v.Entries} entries")} in all {(v.Count == 1 ? "has" : "have")} room of {Units.Bytes(v.Held)}: maps do not shrink", site, "make a new map and copy what is left: maps.Copy (maps.Clone keeps the room)", _s.Address[v.Example]));
    }

    // ---- places

    static string Place(SnapshotFrame f) => $"{Path.GetFileName(f.File)}:{f.Line}";

    /// <summary>The user's frame of a stack, as file:line.</summary>
    string UserSite(int stack)
    {
        string site = _s.SiteOf(stack);
        int blank = site.LastIndexOf(' ');
        return blank < 0 ? site : site[(blank + 1)..];
    }
}

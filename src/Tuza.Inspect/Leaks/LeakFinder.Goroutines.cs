// Leaks: goroutines that nobody can wake, that only grow in number, that never wait.

using System;
using System.Collections.Generic;

namespace Tuza.Inspect;

public sealed partial class LeakFinder
{
    const int ManyGoroutines = 10, TimesSeen = 4;
    const long BusyNanos = 1_000_000_000;

    /// <summary>Where a goroutine is, in the user's code if it has a frame there.</summary>
    SnapshotFrame UserFrame(SnapshotGoroutine g) => Array.Find(g.Frames, f => !_s.IsLibrary(f)) is { Function: not null } own ? own : g.At;

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
        Dictionary<(int Created, SnapshotFrame At, string Reason, SnapshotFrame Made), (long Count, long Bytes, long Oldest, SnapshotGoroutine Example)> groups = [];
        foreach (SnapshotGoroutine g in waiting)
        {
            _blocked.Add(g);
            int o = g.WaitsOn.Length == 1 ? _s.Find(g.WaitsOn[0]) : -1;
            var key = (g.Created, UserFrame(g), g.Reason, o < 0 ? default : UserFrame(_s.Stack[o]));
            long bytes = g.StackBytes + _tree.Retained[g.Root.Index + 1];
            var v = groups.TryGetValue(key, out var before) ? before : (0, 0, 0, g);
            groups[key] = (v.Count + 1, v.Bytes + bytes, Math.Max(v.Oldest, g.WaitNanos), v.Example);
        }
        foreach (((int created, SnapshotFrame at, string reason, SnapshotFrame made), var v) in groups)
        {
            bool channel = reason.StartsWith("chan ", StringComparison.Ordinal);
            string on = made.Function == null ? "" : channel ? $" on a channel made at {Place(made)}" : $" on what was made at {Place(made)}";
            string go = UserSite(created);
            string text = $"{Number(v.Count, "goroutine")} {(v.Count == 1 ? "waits" : "wait")} for ever: {reason}{on}{(go == "" ? "" : $" (go statement {go})")}{(v.Oldest >= 1_000_000_000 ? $", the longest for {Seconds(v.Oldest)} s" : "")}";
            _leaks.Add(new Leak("goroutine/blocked", v.Bytes, v.Count, text, at, MendOf(reason), v.Example.WaitsOn.Length > 0 ? v.Example.WaitsOn[0] : 0));
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

    static string MendOf(string reason) => reason switch
    {
        "chan send" => "give the channel room for the answer (make(chan T, 1)), or select on a context's Done too",
        "chan receive" => "let the sender close the channel when it has no more, or select on a context's Done too",
        "select (no cases)" => "end the goroutine, or let it wait for something that comes",
        "sync.Cond.Wait" => "signal it once more when the last event has come, or let it wait on a channel that is closed",
        _ when reason.StartsWith("chan ", StringComparison.Ordinal) => "make the channel: a nil channel is never ready",
        _ when reason.StartsWith("select", StringComparison.Ordinal) => "add a case that ends it: a context's Done, or a channel that is closed",
        _ => "release the lock, or call Done, on every way out of the other side: defer it",
    };

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
            _leaks.Add(new Leak("goroutine/growing", bytes, here.Count, text, UserFrame(last), "plan how each ends: close the channel, cancel a context, or use a fixed number of workers", last.WaitsOn.Length > 0 ? last.WaitsOn[0] : 0, HolderOf(last, here)));
        }
    }

    /// <summary>Who, besides goroutines of the same kind, has what one of them waits for, and could wake it.</summary>
    string HolderOf(SnapshotGoroutine g, List<SnapshotGoroutine> same)
    {
        if (g.WaitsOn.Length == 0 || _s.Find(g.WaitsOn[0]) is not (>= 0 and var o))
            return "";
        HashSet<int> roots = [];
        foreach (SnapshotGoroutine other in same)
            roots.Add(other.Root.Index + 1);
        return new Holders(_s, _graph, roots).Of(o);
    }

    /// <summary>Run all the time: nobody waits for their result when the program ends, or they wait for something by looking at it again and again.</summary>
    void BusyGoroutines()
    {
        Dictionary<(string Created, SnapshotFrame At), (long Count, long Bytes, long Longest)> groups = [];
        foreach (SnapshotGoroutine g in _s.Goroutines)
        {
            if (g.IsSystem || g.BusyNanos < BusyNanos || g.At.Function == null || g.Created == 0
                || Array.Exists(g.Frames, static f => f.Function is "os.Exit" or "runtime.mainExit" or "runtime.fatalpanic" or "runtime.throw" or "runtime.fatal"))
                continue;
            var key = (UserSite(g.Created), UserFrame(g));
            var v = groups.GetValueOrDefault(key);
            groups[key] = (v.Count + 1, v.Bytes + g.StackBytes, Math.Max(v.Longest, g.BusyNanos));
        }
        foreach (((string created, SnapshotFrame at), var v) in groups)
            _leaks.Add(new Leak("goroutine/busy", v.Bytes, v.Count, $"{Number(v.Count, "goroutine")} {(v.Count == 1 ? "has" : "have")} run for {Seconds(v.Longest)} s without waiting once: a loop without end? (go statement {created})", at, "end the loop on a context's Done or a closed channel, and wait for events instead of looking again and again", 0));
    }
}

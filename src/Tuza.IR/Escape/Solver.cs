// Solves one batch: which locations must be on the heap, and how parameters leak.
//
// From each location the solver walks backwards over the edges with the smallest number of derefs. What it reaches with an address (less than zero
// derefs) is pointed to by the root, and escapes when the root outlives it. A location whose attributes grew is walked again, until nothing changes.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class Solver(EscapeBatch batch, EscapeReport report)
{
    readonly LinkedList<Location> _outer = new();
    readonly HashSet<Function> _lostResults = [];
    int _generation;

    public void Run()
    {
        Enqueue(batch.Heap, false);
        Enqueue(batch.Callee, false);
        Enqueue(batch.Mutator, false);
        for (int i = batch.Locations.Count - 1; i >= 0; i--)
            Enqueue(batch.Locations[i], false);
        while (_outer.First is { } first)
        {
            _outer.RemoveFirst();
            first.Value.InQueue = false;
            WalkFrom(first.Value);
        }
    }

    void Enqueue(Location l, bool front)
    {
        if (l.InQueue)
            return;
        l.InQueue = true;
        if (front)
            _outer.AddFirst(l);
        else
            _outer.AddLast(l);
    }

    void WalkFrom(Location root)
    {
        LoseResults(root);
        int generation = ++_generation;
        root.WalkGeneration = generation;
        root.Distance = 0;
        root.Dst = null;
        var queue = new Queue<Location>();
        queue.Enqueue(root);
        while (queue.TryDequeue(out var l))
        {
            l.QueuedGeneration = 0;
            int derefs = l.Distance;
            bool address = derefs < 0;
            Attrs grow = Attrs.None;
            if (address)
            {
                derefs = 0;
                if (Outlives(root, l))
                {
                    if (!l.Escapes)
                        report.Escapes(root, l);
                    grow = Attrs.All;
                }
                else if ((root.Attrs & Attrs.Persists) != 0)
                {
                    grow = Attrs.Persists;
                }
            }
            if (derefs == 0)
                grow |= root.Attrs & (Attrs.Mutates | Attrs.Calls);
            if (l.IsParam)
                RecordLeaks(root, l, derefs);
            if ((grow & ~l.Attrs) != 0)
            {
                l.Attrs |= grow;
                Enqueue(l, l.Escapes);
                if (l.Escapes)
                    continue;
            }
            for (int i = 0; i < l.Edges.Count; i++)
            {
                Location src = l.Edges[i].Src;
                if (src.Escapes)
                    continue;
                int d = derefs + l.Edges[i].Derefs;
                if (src.WalkGeneration != generation || src.Distance > d)
                {
                    src.WalkGeneration = generation;
                    src.Distance = d;
                    src.Dst = l;
                    src.DstEdge = i;
                    if (src.QueuedGeneration != generation)
                    {
                        src.QueuedGeneration = generation;
                        queue.Enqueue(src);
                    }
                }
            }
        }
    }

    /// <summary>A literal that is called in unknown ways: its results may go anywhere.</summary>
    void LoseResults(Location root)
    {
        if ((root.Attrs & Attrs.Calls) != 0 && root.Node is ClosureNode { Func: var f } && batch.Contains(f) && _lostResults.Add(f))
            foreach (var result in f.Results)
                Enqueue(batch.LocationOf(result), false);
    }

    void RecordLeaks(Location root, Location param, int derefs)
    {
        if (Outlives(root, param))
        {
            if (!param.Escapes)
                report.Leaks(root, param, derefs);
            int result = root.ResultIndex;
            if (result > 0 && result <= Leaks.MaxResults && root.Owner == param.Owner && !root.Escapes)
                param.Leaks = param.Leaks.With(Leaks.FirstResult + result - 1, derefs);
            else
                param.Leaks = param.Leaks.With(Leaks.Heap, derefs);
        }
        if ((root.Attrs & Attrs.Mutates) != 0)
            param.Leaks = param.Leaks.With(Leaks.Mutator, derefs);
        if ((root.Attrs & Attrs.Calls) != 0)
            param.Leaks = param.Leaks.With(Leaks.Callee, derefs);
    }

    /// <summary>Can a value in a live longer than b's place on the stack?</summary>
    bool Outlives(Location a, Location b)
    {
        if (a.Escapes)
            return true;
        if (a == batch.Mutator || a == batch.Callee)
            return false;
        if (a.ResultIndex > 0)
            return !(Contains(b.Owner, a.Owner) && !_lostResults.Contains(a.Owner!));
        if (a.Owner == b.Owner && a.Depth < b.Depth)
            return true;
        return Contains(a.Owner, b.Owner);
    }

    /// <summary>Is inner a literal (transitively) inside outer?</summary>
    static bool Contains(Function? outer, Function? inner)
    {
        for (var f = inner?.Outer; f != null; f = f.Outer)
            if (f == outer)
                return true;
        return false;
    }
}

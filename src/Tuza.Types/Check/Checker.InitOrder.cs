// The order in which package variables are initialised, and cycles in it.
//
// Idea. Variables, constants and functions form a graph: x depends on y if x's initializer or body mentions y. Functions need no
// initialisation, so they are taken out and whatever they mention is charged to whoever mentions them. Then the variables are picked
// in order of their number of open dependencies, and of the source where that is equal.
//
// A variable picked with open dependencies is part of a cycle. See GOROOT/src/cmd/compile/internal/types2/initorder.go.

using System.Collections.Generic;

namespace Tuza.Types;

public sealed partial class Checker
{
    sealed class InitNode(Obj obj, DeclInfo info)
    {
        public readonly Obj Obj = obj;
        public readonly DeclInfo Info = info;
        public readonly HashSet<InitNode> Pred = [], Succ = [];
        public int Open;
    }

    /// <summary>Constants first, then fewest open dependencies, then source order.</summary>
    sealed class InitNodeOrder : IComparer<InitNode>
    {
        public int Compare(InitNode? x, InitNode? y)
        {
            bool cx = x!.Obj is Const, cy = y!.Obj is Const;
            if (cx != cy)
                return cx ? -1 : 1;
            return x.Open != y.Open ? x.Open.CompareTo(y.Open) : x.Info.Order.CompareTo(y.Info.Order);
        }
    }

    void ComputeInitOrder()
    {
        _info.InitOrder.Clear();
        var queue = new SortedSet<InitNode>(new InitNodeOrder());
        foreach (InitNode n in DependencyGraph())
            queue.Add(n);
        var emitted = new HashSet<DeclInfo>();
        while (queue.Count > 0)
        {
            InitNode n = queue.Min!;
            queue.Remove(n);
            if (n.Open > 0 && FindPath(n.Obj, n.Obj, new HashSet<Obj>(ReferenceEqualityComparer.Instance)) is { } cycle)
                ReportInitCycle(cycle);
            foreach (InitNode p in n.Pred)
            {
                // The order depends on Open, so p has to leave the set while it changes.
                bool queued = queue.Remove(p);
                p.Open--;
                if (queued)
                    queue.Add(p);
            }
            if (n.Obj is Var v && n.Info.HasInitializer && emitted.Add(n.Info))
                _info.InitOrder.Add(new Initializer(n.Info.Lhs ?? [v], n.Info.Init!));
        }
    }

    List<InitNode> DependencyGraph()
    {
        var nodes = new Dictionary<Obj, InitNode>(ReferenceEqualityComparer.Instance);
        foreach (Obj obj in _objList)
            if (obj is Const or Var or Func)
                nodes[obj] = new InitNode(obj, _objMap[obj]);
        var vars = new List<InitNode>();
        var funcs = new List<InitNode>();
        foreach (InitNode n in nodes.Values)
        {
            foreach (Obj d in n.Info.Deps ?? [])
                if (nodes.TryGetValue(d, out InitNode? to))
                {
                    n.Succ.Add(to);
                    to.Pred.Add(n);
                }
            (n.Obj is Func ? funcs : vars).Add(n);
        }

        // Cheap functions first, which keeps the number of edges down.
        funcs.Sort((a, b) => ((long)a.Pred.Count * a.Succ.Count).CompareTo((long)b.Pred.Count * b.Succ.Count));
        foreach (InitNode f in funcs)
        {
            foreach (InitNode p in f.Pred)
            {
                if (ReferenceEquals(p, f))
                    continue;
                foreach (InitNode s in f.Succ)
                    if (!ReferenceEquals(s, f))
                    {
                        p.Succ.Add(s);
                        s.Pred.Add(p);
                    }
                p.Succ.Remove(f);
            }
            foreach (InitNode s in f.Succ)
                s.Pred.Remove(f);
        }
        foreach (InitNode n in vars)
            n.Open = n.Succ.Count;
        return vars;
    }

    /// <summary>A path of dependencies from one object to another, last step first, or null.</summary>
    List<Obj>? FindPath(Obj from, Obj to, HashSet<Obj> seen)
    {
        if (!seen.Add(from))
            return null;
        var deps = new List<Obj>(_objMap[from].Deps ?? []);
        deps.Sort((a, b) => _objMap[a].Order.CompareTo(_objMap[b].Order));
        foreach (Obj d in deps)
        {
            if (ReferenceEquals(d, to))
                return [d];
            if (FindPath(d, to, seen) is { } path)
            {
                path.Add(d);
                return path;
            }
        }
        return null;
    }

    void ReportInitCycle(List<Obj> cycle)
    {
        Obj obj = cycle[0];
        if (cycle.Count == 1)
        {
            Error(obj, "initialization cycle: %s refers to itself", obj.Name);
            return;
        }
        ErrorDesc err = NewError();
        err.Add(obj.Pos, "initialization cycle for %s", obj.Name);
        for (int i = cycle.Count - 1; i >= 0; i--)
        {
            Obj next = cycle[i];
            err.Add(obj.Pos, "%s refers to %s", obj.Name, next.Name);
            obj = next;
        }
        err.Report();
    }
}

// Flows of statements. Depth counts the loops around; a location belongs to the depth at which it comes into existence.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class EscapeBatch
{
    /// <summary>Statements whose depth is restored afterwards.</summary>
    void Block(List<StmtNode> list)
    {
        int depth = _depth;
        List(list);
        _depth = depth;
    }

    void List(List<StmtNode>? list)
    {
        if (list == null)
            return;
        for (int i = 0; i < list.Count; i++)
            Stmt(list[i]);
    }

    void Stmt(StmtNode s)
    {
        if (s is ForNode { PerIteration.Count: > 0 } loop)
        {
            ForWithFreshVariables(loop);
            return;
        }
        List(s.Init);
        switch (s)
        {
            case DeclNode d:
                LocationOf(d.Local).Depth = _depth;
                break;
            case LabelNode l:
                if (_loopingLabels.Contains(l.Label))
                    _depth++;
                break;
            case GotoNode or BranchNode or InlineMarkNode:
                break;
            case BlockNode b:
                List(b.List);
                break;
            case IfNode i:
                Expr(Discard, i.Cond);
                Block(i.Then);
                Block(i.Else);
                break;
            case ForNode f:
                _depth++;
                if (f.Cond != null)
                    Expr(Discard, f.Cond);
                List(f.Post);
                Block(f.Body);
                _depth--;
                break;
            case RangeNode r:
                Range(r);
                break;
            case SwitchNode sw:
                if (sw.Tag != null)
                    Expr(Discard, sw.Tag);
                foreach (var c in sw.Cases)
                {
                    foreach (var e in c.Exprs)
                        Expr(Discard, e);
                    Block(c.Body);
                }
                break;
            case TypeSwitchNode ts:
                TypeSwitch(ts);
                break;
            case SelectNode sel:
                foreach (var c in sel.Cases)
                {
                    if (c.Comm != null)
                        Stmt(c.Comm);
                    Block(c.Body);
                }
                break;
            case SendNode send:
                Expr(Discard, send.Chan);
                Expr(Because(HeapHole, send, "send"), send.Value);
                break;
            case AssignNode a:
                AssignList(s, [a.X], [a.Y], "assign");
                break;
            case Assign2Node a:
                AssignList(s, a.X, a.Y, "assign-pair");
                break;
            case AssignOkNode a:
                AssignList(s, [a.X, a.Ok], [a.Y], a.Y switch
                {
                    TypeAssertNode => "assign-pair-dot-type",
                    MapIndexNode => "assign-pair-mapr",
                    _ => "assign-pair-receive",
                });
                break;
            case AssignOpNode a:
                AssignList(s, [a.X], [a.Y], "assign");
                break;
            case AssignCallNode a:
                AssignCall(a);
                break;
            case ReturnNode r:
                Return(r);
                break;
            case ExprStmtNode e:
                if (e.X is CallNode or BuiltinNode or InlinedCallNode)
                {
                    List(e.X.Init);
                    Call(null, e.X);
                }
                else
                {
                    Expr(Discard, e.X);
                }
                break;
            case GoNode g:
                GoDefer(g.Call, HeapHole);
                break;
            case DeferNode d:
                if (d.At != null)
                    Expr(Discard, d.At);
                d.OnHeap = _depth != 1 || d.InLoop || d.At != null;
                GoDefer(d.Call, d.OnHeap ? HeapHole : Later(Discard));
                break;
            case CheckNilNode c:
                Expr(Discard, c.X);
                break;
            default:
                throw new InvalidOperationException($"escape analysis of {s.GetType().Name} in {_current.LinkName}");
        }
    }

    void AssignCall(AssignCallNode a)
    {
        List(a.Call.Init);
        var holes = new Hole[a.X.Count];
        for (int i = 0; i < holes.Length; i++)
            holes[i] = Address(a.X[i]);
        Call(holes, a.Call);
        Reassign(a, holes);
    }

    /// <summary>The value of a variable that is fresh in each iteration is carried by a hidden variable outside: it takes the initial value, gives
    /// its value to the fresh variable at the start of an iteration and takes it back at the end. What follows an iteration happens in the next.</summary>
    void ForWithFreshVariables(ForNode f)
    {
        var carriers = new List<(Location Carrier, Local Fresh)>();
        foreach (var v in f.PerIteration)
        {
            var carrier = NewLocation(null, true);
            carriers.Add((carrier, v));
            _carriers[v] = carrier;
        }
        List(f.Init);
        foreach (var (carrier, v) in carriers)
            carrier.Depth = _depth;
        _carriers.Clear();
        _depth++;
        int depth = _depth;
        foreach (var (carrier, v) in carriers)
        {
            Location fresh = LocationOf(v);
            fresh.Depth = _depth;
            Copy(fresh, carrier, v);
        }
        Block(f.Post);
        if (f.Cond != null)
            Expr(Discard, f.Cond);
        List(f.Body);
        foreach (var (carrier, v) in carriers)
            Copy(carrier, LocationOf(v), v);
        _depth = depth - 1;
    }

    void Copy(Location to, Location from, Local variable)
    {
        if (Flatten.HasPointers(variable.Type))
            Flow(HoleOf(to), from);
    }

    void Range(RangeNode r)
    {
        var x = NewLocation(null, true);
        Expr(HoleOf(x), r.X);
        // Variables of the loop belong to it as a whole, unless each iteration has its own: those get their values from hidden ones.
        if (r.Define)
            foreach (var target in (ExprNode?[])[r.Key, r.Value])
                if (target is LocalNode l)
                    LocationOf(l.Local).Depth = _depth;
        _depth++;
        Hole[] holes = [RangeTarget(r, r.Key, out var freshKey), RangeTarget(r, r.Value, out var freshValue)];
        Flow(r.X.Type.Underlying is ArrayType ? Because(holes[1], r, "range") : Deref(holes[1], r, "range-deref"), x);
        Reassign(r, holes);
        int depth = _depth;
        // The last variable is unshared first.
        foreach (var (fresh, hole) in (IEnumerable<(Location?, Hole)>)[(freshValue, holes[1]), (freshKey, holes[0])])
            if (fresh != null)
            {
                fresh.Depth = _depth;
                Copy(fresh, hole.Dst, fresh.Local!);
                fresh.Reassigned = true;
            }
        List(r.Body);
        _depth = depth - 1;
    }

    Hole RangeTarget(RangeNode r, ExprNode? target, out Location? fresh)
    {
        fresh = null;
        if (r.Define && target is LocalNode l && LoopVariables.IsFresh(r, l.Local))
        {
            fresh = LocationOf(l.Local);
            var hidden = NewLocation(null, true);
            hidden.Depth = 1;
            return HoleOf(hidden);
        }
        return Address(target);
    }

    void TypeSwitch(TypeSwitchNode ts)
    {
        var holes = new List<Hole>();
        foreach (var c in ts.Cases)
        {
            if (c.Var == null)
                continue;
            Location loc = LocationOf(c.Var);
            loc.Depth = _depth;
            if (Flatten.HasPointers(c.Var.Type))
                holes.Add(FromInterface(HoleOf(loc), c.Var.Type, c, "switch case"));
        }
        Expr(Tee([.. holes]), ts.X);
        foreach (var c in ts.Cases)
            Block(c.Body);
    }

    void Return(ReturnNode r)
    {
        var results = _current.Results;
        var holes = new Hole[results.Count];
        for (int i = 0; i < holes.Length; i++)
            holes[i] = HoleOf(LocationOf(results[i]));
        for (int i = 0; i < r.Values.Count; i++)
            Expr(Because(holes[i], r, "return"), r.Values[i]);
        Reassign(r, holes);
    }
}

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
        foreach (var s in list)
            Stmt(s);
    }

    void Stmt(StmtNode s)
    {
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
                For(f);
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
                Expr(HeapHole, send.Value);
                break;
            case AssignNode a:
                AssignList(s, [a.X], [a.Y]);
                break;
            case Assign2Node a:
                AssignList(s, a.X, a.Y);
                break;
            case AssignOkNode a:
                AssignList(s, [a.X, a.Ok], [a.Y, null]);
                break;
            case AssignOpNode a:
                AssignList(s, [a.X], [a.Y]);
                break;
            case AssignCallNode a:
                var holes = new Hole[a.X.Count];
                for (int i = 0; i < holes.Length; i++)
                    holes[i] = Address(a.X[i]);
                Call(holes, a.Call);
                Reassign(s, a.X);
                break;
            case ReturnNode r:
                Return(r);
                break;
            case ExprStmtNode e:
                if (e.X is CallNode or BuiltinNode or InlinedCallNode)
                    Call([], e.X);
                else
                    Expr(Discard, e.X);
                break;
            case GoNode g:
                GoDefer(g.Call, HeapHole);
                break;
            case DeferNode d:
                if (d.At != null)
                    Expr(Discard, d.At);
                GoDefer(d.Call, _depth == 1 && !d.InLoop && d.At == null ? Later(Discard) : HeapHole);
                break;
            case CheckNilNode c:
                Expr(Discard, c.X);
                break;
            default:
                throw new InvalidOperationException($"escape analysis of {s.GetType().Name} in {_current.LinkName}");
        }
    }

    void For(ForNode f)
    {
        _depth++;
        foreach (var v in f.PerIteration)
            LocationOf(v).Depth = _depth;
        if (f.Cond != null)
            Expr(Discard, f.Cond);
        List(f.Post);
        Block(f.Body);
        _depth--;
    }

    void Range(RangeNode r)
    {
        var x = NewLocation(null, true);
        Expr(HoleOf(x), r.X);
        _depth++;
        if (r.Define)
            foreach (var target in new[] { r.Key, r.Value })
                if (target is LocalNode l)
                    LocationOf(l.Local).Depth = _depth;
        if (r.Key != null)
            Address(r.Key);
        Hole value = Address(r.Value);
        Flow(r.X.Type.Underlying is ArrayType ? value : value.Deref, x);
        foreach (var target in new[] { r.Key, r.Value })
            if (target is LocalNode l)
                LocationOf(l.Local).Reassigned = true;
        Block(r.Body);
        _depth--;
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
            GoType t = c.Var.Type;
            if (Flatten.HasPointers(t))
                holes.Add(t.Underlying is InterfaceType || Flatten.IsDirectIface(t) ? HoleOf(loc) : HoleOf(loc).Deref);
        }
        Expr(Tee([.. holes]), ts.X);
        foreach (var c in ts.Cases)
            Block(c.Body);
    }

    void Return(ReturnNode r)
    {
        var results = _current.Results;
        var holes = new List<Hole>();
        foreach (var result in results)
            holes.Add(HoleOf(LocationOf(result)));
        for (int i = 0; i < r.Values.Count; i++)
            Expr(holes[i], r.Values[i]);
        foreach (var result in results)
            LocationOf(result).Reassigned = true;
    }

    // ---- assignments

    void AssignList(StmtNode s, IReadOnlyList<ExprNode?> dsts, IReadOnlyList<ExprNode?> srcs)
    {
        var holes = new Hole[dsts.Count];
        for (int i = 0; i < holes.Length; i++)
            holes[i] = Address(dsts[i]);
        for (int i = 0; i < holes.Length; i++)
        {
            if (srcs[i] is not { } src)
                continue;
            if (dsts[i] is FieldNode { ThroughPtr: true } field && IsHeaderData(field))
                UnsafeValue(HeapHole, src);
            else
                Expr(dsts[i] != null && IsSelfAssignment(dsts[i]!, src) ? Discard : holes[i], src);
        }
        Reassign(s, dsts);
    }

    /// <summary>Marks the variables that a statement assigns, except by their own declaration.</summary>
    void Reassign(StmtNode s, IReadOnlyList<ExprNode?> dsts)
    {
        foreach (var dst in dsts)
            if (Outermost(dst) is { } local && !Declares(s, local))
                LocationOf(local).Reassigned = true;
    }

    static bool Declares(StmtNode s, Local local)
    {
        if (s.Init != null)
            foreach (var init in s.Init)
                if (init is DeclNode d && d.Local == local)
                    return true;
        return false;
    }

    /// <summary>The variable that a store to n changes: n itself, or what it is a field or array element of.</summary>
    static Local? Outermost(ExprNode? n)
    {
        while (true)
        {
            switch (n)
            {
                case LocalNode l:
                    return l.Local;
                case FieldNode { ThroughPtr: false } f:
                    n = f.X;
                    break;
                case IndexNode i when i.X.Type.Underlying is ArrayType:
                    n = i.X;
                    break;
                default:
                    return null;
            }
        }
    }

    /// <summary>Hole for storing into n.</summary>
    Hole Address(ExprNode? n)
    {
        switch (n)
        {
            case null:
                return Discard;
            case LocalNode l:
                return HoleOf(LocationOf(l.Local));
            case GlobalNode:
                return HeapHole;
            case FieldNode { ThroughPtr: false } f:
                return Address(f.X);
            case IndexNode i when i.X.Type.Underlying is ArrayType:
                Expr(Discard, i.Index);
                return Address(i.X);
            case IndexNode i:
                Expr(Discard, i.Index);
                Expr(MutatorHole, i.X);
                return HeapHole;
            case FieldNode f:
                Expr(MutatorHole, f.X);
                return HeapHole;
            case DerefNode d:
                Expr(MutatorHole, d.X);
                return HeapHole;
            case MapIndexNode m:
                Expr(Discard, m.Map);
                Expr(HeapHole, m.Key);
                return HeapHole;
            case ConvNode { Kind: ConvKind.Nop } c:
                return Address(c.X);
            default:
                throw new InvalidOperationException($"assignment to {n.GetType().Name} in {_current.LinkName}");
        }
    }

    /// <summary>`p.x = p.y[:n]` and `v.x, v.y = v.y, v.x`: nothing new becomes reachable.</summary>
    static bool IsSelfAssignment(ExprNode dst, ExprNode src)
    {
        Local? Base(ExprNode n) => n switch
        {
            DerefNode { X: LocalNode l } => l.Local,
            FieldNode { ThroughPtr: true, X: LocalNode l } => l.Local,
            _ => null,
        };
        if (src is SliceNode slice && Base(dst) is { } v && slice.X is not AddrNode && Base(slice.X) == v)
            return true;
        return (dst, src) switch
        {
            (FieldNode a, FieldNode b) when a.ThroughPtr == b.ThroughPtr => SameSafe(a.X, b.X),
            (IndexNode a, IndexNode b) => NoSideEffects(a.Index) && NoSideEffects(b.Index) && SameSafe(a.X, b.X),
            _ => false,
        };
    }

    static bool SameSafe(ExprNode a, ExprNode b) => (a, b) switch
    {
        (ConvNode { Kind: ConvKind.Nop } c, _) => SameSafe(c.X, b),
        (_, ConvNode { Kind: ConvKind.Nop } c) => SameSafe(a, c.X),
        (LocalNode x, LocalNode y) => Canonical(x.Local) == Canonical(y.Local),
        (GlobalNode x, GlobalNode y) => x.Global == y.Global,
        (FieldNode x, FieldNode y) => x.Field == y.Field && x.ThroughPtr == y.ThroughPtr && SameSafe(x.X, y.X),
        (DerefNode x, DerefNode y) => SameSafe(x.X, y.X),
        (IndexNode x, IndexNode y) => SameSafe(x.X, y.X) && SameSafe(x.Index, y.Index),
        (ConstNode { Value: IntConstant x }, ConstNode { Value: IntConstant y }) => x.Value == y.Value,
        _ => false,
    };

    static bool NoSideEffects(ExprNode n) => n switch
    {
        LocalNode or GlobalNode or ConstNode => true,
        FieldNode f => NoSideEffects(f.X),
        DerefNode d => NoSideEffects(d.X),
        IndexNode i => NoSideEffects(i.X) && NoSideEffects(i.Index),
        UnaryNode u => NoSideEffects(u.X),
        BinaryNode b => NoSideEffects(b.X) && NoSideEffects(b.Y),
        ConvNode { Kind: ConvKind.Nop or ConvKind.Numeric } c => NoSideEffects(c.X),
        _ => false,
    };
}

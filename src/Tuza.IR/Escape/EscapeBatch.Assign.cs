// Assignments: where a store goes, which variables a statement changes, and assignments of a thing to itself.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class EscapeBatch
{
    void AssignList(StmtNode s, IReadOnlyList<ExprNode?> dsts, IReadOnlyList<ExprNode?> srcs, string why)
    {
        var holes = new Hole[dsts.Count];
        for (int i = 0; i < holes.Length; i++)
            holes[i] = Address(dsts[i]);
        for (int i = 0; i < holes.Length; i++)
        {
            if (i >= srcs.Count || srcs[i] is not { } src)
                continue;
            if (dsts[i] is FieldNode { ThroughPtr: true } field && IsHeaderData(field))
            {
                UnsafeValue(Because(HeapHole, s, why), src);
                continue;
            }
            Hole k = holes[i];
            if (dsts[i] != null && src is not ZeroNode && IsSelfAssignment(dsts[i]!, src))
            {
                Report.SelfAssignment(_current, s);
                k = Discard;
            }
            Expr(Because(k, s, why), src);
        }
        Reassign(s, holes);
    }

    /// <summary>Marks the variables that a statement assigns, except by their own definition (a loop defines again and again).</summary>
    void Reassign(StmtNode s, IReadOnlyList<Hole> holes)
    {
        if (s is AssignNode { Y: ZeroNode { Implicit: true }, X: LocalNode zeroed } && _context.Values.StatementOf(zeroed.Local) == null)
            return;
        foreach (var k in holes)
            if (k.Dst.Local is not { } v || s is RangeNode || !ReferenceEquals(_context.Values.StatementOf(v), s))
                k.Dst.Reassigned = true;
    }

    /// <summary>Hole for storing into n.</summary>
    Hole Address(ExprNode? n)
    {
        switch (n)
        {
            case null:
                return Discard;
            case LocalNode l:
                return HoleOf(Home(l.Local));
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
                Expr(Because(HeapHole, m, "key of map put"), m.Key);
                return HeapHole;
            case ConvNode { Kind: ConvKind.Nop } c:
                return Address(c.X);
            default:
                throw new InvalidOperationException($"assignment to {n.GetType().Name} in {_current.LinkName}");
        }
    }

    /// <summary>While a loop's initial statement is walked, its variables stand for what carries their values from one iteration to the next.</summary>
    readonly Dictionary<Local, Location> _carriers = new(ReferenceEqualityComparer.Instance);

    Location Home(Local l) => _carriers.Count > 0 && _carriers.TryGetValue(l, out var carrier) ? carrier : LocationOf(l);

    // ---- self-assignment

    /// <summary>`p.x = p.y[:n]` and `v.x = v.y`: nothing new becomes reachable.</summary>
    static bool IsSelfAssignment(ExprNode dst, ExprNode src)
    {
        static ExprNode? Base(ExprNode n) => n switch
        {
            DerefNode { X: LocalNode or GlobalNode } d => d.X,
            FieldNode { ThroughPtr: true, X: LocalNode or GlobalNode } f => f.X,
            _ => null,
        };
        if (src is SliceNode slice && Base(dst) is { } v && slice.X is not AddrNode && Base(slice.X) is { } w && SameSafe(v, w))
            return true;
        return (dst, src) switch
        {
            (FieldNode a, FieldNode b) when a.ThroughPtr == b.ThroughPtr => SameSafe(a.X, b.X),
            (IndexNode a, IndexNode b) => NoSideEffects(a.Index) && NoSideEffects(b.Index) && SameSafe(a.X, b.X),
            _ => false,
        };
    }

    static bool SameSafe(ExprNode a, ExprNode b)
    {
        while (a is ConvNode ca && Definitions.IsNopConversion(ca))
            a = ca.X;
        while (b is ConvNode cb && Definitions.IsNopConversion(cb))
            b = cb.X;
        if (a.GetType() != b.GetType() || a.Type is TupleType || !Identical.Same(a.Type, b.Type))
            return false;
        return (a, b) switch
        {
            (LocalNode x, LocalNode y) => x.Local == y.Local,
            (GlobalNode x, GlobalNode y) => x.Global == y.Global,
            (FuncNode x, FuncNode y) => x.Func == y.Func,
            (FieldNode x, FieldNode y) => x.FieldVar.Name == y.FieldVar.Name && x.ThroughPtr == y.ThroughPtr && SameSafe(x.X, y.X),
            (DerefNode x, DerefNode y) => SameSafe(x.X, y.X),
            (UnaryNode x, UnaryNode y) => x.Op == y.Op && SameSafe(x.X, y.X),
            (ConvNode { Kind: ConvKind.Numeric } x, ConvNode { Kind: ConvKind.Numeric } y) => SameSafe(x.X, y.X),
            (IndexNode x, IndexNode y) => SameSafe(x.X, y.X) && SameSafe(x.Index, y.Index),
            (MapIndexNode x, MapIndexNode y) => SameSafe(x.Map, y.Map) && SameSafe(x.Key, y.Key),
            (BinaryNode x, BinaryNode y) => x.Op == y.Op && SameSafe(x.X, y.X) && SameSafe(x.Y, y.Y),
            (ConstNode x, ConstNode y) => x.Value.Kind == y.Value.Kind && ConstantOps.Compare(x.Value, Syntax.Token.Eql, y.Value),
            (NilNode, NilNode) => true,
            _ => false,
        };
    }

    static bool NoSideEffects(ExprNode n) => n switch
    {
        LocalNode or GlobalNode or FuncNode or ConstNode or NilNode => true,
        FieldNode f => NoSideEffects(f.X),
        DerefNode d => NoSideEffects(d.X),
        IndexNode i => NoSideEffects(i.X) && NoSideEffects(i.Index),
        UnaryNode u => NoSideEffects(u.X),
        BinaryNode b => NoSideEffects(b.X) && NoSideEffects(b.Y),
        ConvNode { Kind: ConvKind.Nop or ConvKind.Numeric or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer or ConvKind.UnsafePointer } c => NoSideEffects(c.X),
        BuiltinNode { Op: BuiltinOp.Len or BuiltinOp.Cap } b => NoSideEffects(b.Args[0]),
        _ => false,
    };
}

// What of a statement must be evaluated first: everything with effects, from left to right, into temporaries.
//
// The rules are gc's (its pass "order"): calls, receives, inlined bodies, appends, logical operators with effects inside and whatever
// initialisation hangs on a node run now; lengths, slicings, type assertions and boxed memory values are copied now if anything in the same
// statement has effects; variables, fields, elements and map elements are read late. A statement without effects is not touched.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>Values computed ahead; each is taken out by the one who consumes it.</summary>
    readonly Dictionary<ExprNode, Val> _done = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<ExprNode> _initDone = new(ReferenceEqualityComparer.Instance);

    void Order(ExprNode? e)
    {
        if (e != null && HasEffects(e))
            OrderNow(e);
    }

    void OrderAll(IReadOnlyList<ExprNode?> list)
    {
        for (int i = 0; i < list.Count; i++)
            if (list[i] is { } e && HasEffects(e))
            {
                // From here on everything is ordered: also what stands left of the effect.
                for (int k = 0; k < list.Count; k++)
                    if (list[k] != null)
                        OrderNow(list[k]!);
                return;
            }
    }

    /// <summary>Orders the operands of an expression that the caller evaluates right after.</summary>
    void OrderOperands(ExprNode e)
    {
        if (HasEffects(e))
        {
            RunInit(e);
            Walk.Children(e, OrderNow, static _ => { });
        }
    }

    void RunInit(ExprNode e)
    {
        if (e.Init is { Count: > 0 } && _initDone.Add(e))
        {
            var save = _pos;
            Stmts(e.Init);
            _pos = save;
        }
    }

    static bool HasEffects(ExprNode e)
    {
        if (e.Init is { Count: > 0 })
            return true;
        switch (e)
        {
            case ConstNode or NilNode or ZeroNode or LocalNode or GlobalNode or FuncNode or NewNode or ClosureNode: return false;
            case InlinedCallNode or RecvNode or MapLitNode: return true;
            case CallNode c:
                if (!Intrinsics.IsPure(c))
                    return true;
                return AnyEffects(c.Args);
            case BuiltinNode b:
                return b.Op is not (BuiltinOp.Len or BuiltinOp.Cap or BuiltinOp.Real or BuiltinOp.Imag or BuiltinOp.Complex or BuiltinOp.Min or BuiltinOp.Max
                    or BuiltinOp.UnsafeAdd or BuiltinOp.UnsafeSlice or BuiltinOp.UnsafeSliceData or BuiltinOp.UnsafeString
                    or BuiltinOp.UnsafeStringData or BuiltinOp.GetClosurePtr) || AnyEffects(b.Args);
            case AddrNode a: return HasEffects(a.X);
            case DerefNode d: return HasEffects(d.X);
            case FieldNode f: return HasEffects(f.X);
            case IndexNode i: return HasEffects(i.X) || HasEffects(i.Index);
            case MapIndexNode m: return HasEffects(m.Map) || HasEffects(m.Key);
            case SliceNode s: return HasEffects(s.X) || (s.Lo != null && HasEffects(s.Lo)) || (s.Hi != null && HasEffects(s.Hi)) || (s.Max != null && HasEffects(s.Max));
            case TypeAssertNode t: return HasEffects(t.X);
            case UnaryNode u: return HasEffects(u.X);
            case BinaryNode b: return HasEffects(b.X) || HasEffects(b.Y);
            case CompareNode c: return HasEffects(c.X) || HasEffects(c.Y);
            case LogicalNode l: return HasEffects(l.X) || HasEffects(l.Y);
            case AddStringNode s: return AnyEffects(s.List);
            case ConvNode c: return HasEffects(c.X);
            case MakeSliceNode m: return HasEffects(m.Len) || (m.Cap != null && HasEffects(m.Cap));
            case MakeMapNode m: return m.Hint != null && HasEffects(m.Hint);
            case MakeChanNode m: return m.Size != null && HasEffects(m.Size);
            case CompositeNode c:
                foreach (var (_, v) in c.Elems)
                    if (HasEffects(v))
                        return true;
                return false;
            case MethodValueNode m: return HasEffects(m.X);
            default: throw Bug($"order: unknown node {e.GetType().Name}");
        }
    }

    static bool AnyEffects(List<ExprNode> list)
    {
        foreach (var e in list)
            if (HasEffects(e))
                return true;
        return false;
    }

    /// <summary>Evaluates what has effects in e and copies what must not be read late.</summary>
    void OrderNow(ExprNode e)
    {
        if (_done.ContainsKey(e))
            return;
        RunInit(e);
        switch (e)
        {
            case LogicalNode l:
                // Branch orders both sides itself.
                _done[e] = Val.Of(BoolValue(l));
                return;
            case MapLitNode:
                // Entries are evaluated and inserted one after the other.
                _done[e] = Hoisted(e);
                return;
            case CallNode or RecvNode:
                Walk.Children(e, OrderNow, static _ => { });
                _done[e] = Hoisted(e);
                return;
            case InlinedCallNode c:
                InlinedBody(c);
                _done[e] = InlinedResult(c);
                return;
            case BuiltinNode { Op: BuiltinOp.Append } b when IsAppendOfMake(b):
                OrderNow(b.Args[0]);
                Walk.Children(b.Args[1], OrderNow, static _ => { });
                _done[e] = Hoisted(e);
                return;
            case BuiltinNode { Op: BuiltinOp.Len or BuiltinOp.Cap } b when b.Args[0] is ConvNode { Kind: ConvKind.StringToRunes or ConvKind.BytesToString } conv:
                OrderNow(conv.X);
                _done[e] = Hoisted(e);
                return;
            case BuiltinNode b:
                foreach (var a in b.Args)
                    OrderNow(a);
                _done[e] = Hoisted(e);
                return;
            case SliceNode or MakeSliceNode or MakeMapNode or MakeChanNode or TypeAssertNode:
                Walk.Children(e, OrderNow, static _ => { });
                _done[e] = Hoisted(e);
                return;
            case ConvNode { Kind: ConvKind.StringToBytes or ConvKind.StringToRunes }:
                Walk.Children(e, OrderNow, static _ => { });
                _done[e] = Hoisted(e);
                return;
            case ConvNode { Kind: ConvKind.ToInterface } c:
                OrderNow(c.X);
                if (!Predicates.IsInterface(c.X.Type) && Flatten.Of(c.X.Type).Scalars.Length != 1 && !Predicates.IsString(c.X.Type) && c.X.Type.Underlying is not SliceType
                    && !_done.ContainsKey(c.X) && !IsReadLate(c.X))
                    _done[e] = Hoisted(e);
                return;
            default:
                Walk.Children(e, OrderNow, static _ => { });
                return;
        }
    }

    /// <summary>A boxed value is copied from where it lies when the box is made, unless it lies in registers.</summary>
    bool IsReadLate(ExprNode x)
    {
        if (!IsAddressable(x))
            return false;
        while (x is FieldNode { ThroughPtr: false } or IndexNode { X.Type.Underlying: ArrayType })
            x = x is FieldNode f ? f.X : ((IndexNode)x).X;
        return x is not LocalNode l || l.Local.OnHeap || HomeOf(l.Local).Scalars == null;
    }

    /// <summary>Evaluates e now (its operands are ordered) into temporaries.</summary>
    Val Hoisted(ExprNode e)
    {
        if (e.Type is null or TupleType)
        {
            Discard(e);
            return Val.Of();
        }
        return CopyOutFresh(Value(e), e);
    }

    /// <summary>Calls leave their results in fresh temporaries already; other values are copied.</summary>
    Val CopyOutFresh(Val v, ExprNode e)
    {
        if (e is CallNode or RecvNode or MapLitNode && (v.IsMemory || System.Array.TrueForAll(v.Scalars!, static s => L.IsSimple(s))))
            return v;
        return CopyOut(v, e.Type);
    }

    void InlinedBody(InlinedCallNode c)
    {
        var save = _pos;
        Stmts(c.Body);
        _pos = save;
    }

    Val InlinedResult(InlinedCallNode c)
    {
        if (c.Results.Count != 1)
            return Val.Of();
        var r = c.Results[0];
        var place = HomePlace(r);
        return place.IsMemory ? Val.At(place.Mem) : new Val(LoadPlace(place, Flatten.Of(r.Type)), default);
    }
}

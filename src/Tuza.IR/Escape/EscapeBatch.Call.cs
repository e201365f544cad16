// Flows of calls. A callee in the batch is connected through its variables, any other known one through its tags, an unknown one is the heap.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class EscapeBatch
{
    /// <summary>Evaluates a call; holes: one per result, or none when results are unused.</summary>
    void Call(Hole[] holes, ExprNode n)
    {
        switch (n)
        {
            case InlinedCallNode inl:
                List(inl.Init);
                List(inl.Body);
                for (int i = 0; i < holes.Length && i < inl.Results.Count; i++)
                    Flow(holes[i], LocationOf(inl.Results[i]));
                break;
            case BuiltinNode b:
                List(b.Init);
                Builtin(holes.Length > 0 ? holes[0] : Discard, b);
                break;
            case CallNode { Iface: not null } c:
                List(c.Init);
                Expr(HeapHole, c.Iface!);
                foreach (var a in c.Args)
                    Expr(HeapHole, a);
                break;
            case CallNode c:
                List(c.Init);
                FunctionCall(holes, c);
                break;
            default:
                Expr(holes.Length > 0 ? holes[0] : Discard, n);
                break;
        }
    }

    void FunctionCall(Hole[] holes, CallNode c)
    {
        List<Function> callees = _values.Callees(c.Fun!);
        foreach (var f in callees)
            if (_members.Contains(f))
                for (int i = 0; i < holes.Length && i < f.Results.Count; i++)
                    Flow(holes[i], LocationOf(f.Results[i]));
        bool used = Array.Exists(holes, h => h.Dst != _blank);
        Expr(callees.Count == 0 && used ? new Hole(Callee, 0, false) : Discard, c.Fun!);
        for (int i = 0; i < c.Args.Count; i++)
            Argument(holes, callees, i, c.Args[i]);
    }

    void Argument(Hole[] holes, List<Function> callees, int i, ExprNode arg)
    {
        if (callees.Count == 0)
        {
            Expr(HeapHole, arg);
            return;
        }
        var into = new List<Hole>();
        foreach (var f in callees)
        {
            if (KeepsUintptrs(f) && UintptrSource(arg) is { } p)
            {
                Expr(HeapHole, p);
                return;
            }
            into.Add(IsEscapeNonString(f) ? arg.Type is { } t && HasNonStringPointers(t) ? HeapHole : Discard : ParamHole(holes, f, i));
        }
        Expr(Tee([.. into]), arg);
    }

    /// <summary>The callee keeps `uintptr(unsafe.Pointer(p))` arguments alive. The object must not move either, and a stack does: the heap.</summary>
    static bool KeepsUintptrs(Function f) => (f.Pragma & (Pragma.UintptrEscapes | Pragma.UintptrKeepAlive)) != 0 || (f.Body == null && f.Obj?.Decl?.Body == null);

    static ExprNode? UintptrSource(ExprNode arg) => arg is ConvNode { Kind: ConvKind.PointerToUintptr } c ? c.X : null;

    static bool IsEscapeNonString(Function f) => f.LinkName.StartsWith("internal/abi.EscapeNonString", StringComparison.Ordinal);

    static bool HasNonStringPointers(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind == BasicKind.UnsafePointer,
        StructType s => s.Fields.Exists(f => HasNonStringPointers(f.Type)),
        ArrayType a => a.Len > 0 && HasNonStringPointers(a.Elem),
        _ => true,
    };

    Hole ParamHole(Hole[] holes, Function f, int i)
    {
        if (i >= f.Params.Count)
            return HeapHole;
        Local p = f.Params[i];
        if (_members.Contains(f))
            return p.Name is "_" ? Discard : HoleOf(LocationOf(p));
        if (!Flatten.HasPointers(p.Type))
            return Discard;
        Leaks leaks = TagsOf(f, i);
        var into = new List<Hole>();
        if (leaks[Leaks.Heap] is >= 0 and var h)
            into.Add(HeapHole.Shift2(h));
        if (leaks[Leaks.Mutator] is >= 0 and var m)
            into.Add(MutatorHole.Shift2(m));
        if (leaks[Leaks.Callee] is >= 0 and var c)
            into.Add(new Hole(Callee, c, false));
        for (int r = 0; r < holes.Length && r < Leaks.MaxResults; r++)
            if (leaks[Leaks.FirstResult + r] is >= 0 and var d)
                into.Add(holes[r].Shift2(d));
        return Tee([.. into]);
    }

    Leaks TagsOf(Function f, int i)
    {
        if (f.EscapeTags is EscapeTags tags)
            return tags.Params[i];
        if (f.Body == null)
        {
            if ((f.Pragma & Pragma.Noescape) != 0)
                return Leaks.Noescape;
            if (_tags?.Find(f.LinkName) is { } stored && i < stored.Params.Length)
                return stored.Params[i];
        }
        return Leaks.ToHeap;
    }

    void Builtin(Hole k, BuiltinNode b)
    {
        switch (b.Op)
        {
            case BuiltinOp.Append:
                Append(k, b);
                break;
            case BuiltinOp.Copy:
                Expr(MutatorHole, b.Args[0]);
                Expr(HasPointerElems(b.Args[1].Type) ? HeapHole.Deref : Discard, b.Args[1]);
                break;
            case BuiltinOp.Panic:
                Expr(HeapHole, b.Args[0]);
                break;
            case BuiltinOp.Min or BuiltinOp.Max:
                foreach (var a in b.Args)
                    Expr(k, a);
                break;
            case BuiltinOp.Clear:
                Expr(MutatorHole, b.Args[0]);
                break;
            case BuiltinOp.UnsafeAdd or BuiltinOp.UnsafeSlice or BuiltinOp.UnsafeString or BuiltinOp.UnsafeSliceData or BuiltinOp.UnsafeStringData:
                Expr(k, b.Args[0]);
                for (int i = 1; i < b.Args.Count; i++)
                    Expr(Discard, b.Args[i]);
                break;
            default:
                foreach (var a in b.Args)
                    Expr(Discard, a);
                break;
        }
    }

    static bool HasPointerElems(GoType t) => t.Underlying is SliceType s && Flatten.HasPointers(s.Elem);

    void Append(Hole k, BuiltinNode b)
    {
        Hole into = Tee(k, MutatorHole);
        if (HasPointerElems(b.Args[0].Type))
            into = Tee(into, HeapHole.Deref);
        Expr(into, b.Args[0]);
        if (b.HasDots)
            Expr(HasPointerElems(b.Args[1].Type) ? HeapHole.Deref : Discard, b.Args[1]);
        else
            for (int i = 1; i < b.Args.Count; i++)
                Expr(HeapHole, b.Args[i]);
        var array = NewLocation(b, false);
        array.Depth = 0;
        Flow(k.Addr, array);
    }

    /// <summary>go and defer: a call without arguments of a function value that goes to k.</summary>
    void GoDefer(ExprNode call, Hole k)
    {
        if (call is CallNode { Iface: null } c)
        {
            List(c.Init);
            Expr(k, c.Fun!);
            foreach (var a in c.Args)
                Expr(HeapHole, a);
        }
        else
        {
            Call([], call);
        }
    }
}

static class HoleShift
{
    /// <summary>Adds derefs (any number, not negative).</summary>
    public static Hole Shift2(this Hole k, int derefs) => new(k.Dst, k.Derefs + derefs, false);
}

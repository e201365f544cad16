// Flows of calls. A callee in the batch is connected through its variables, any other known one through its tags, an unknown one is the heap.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class EscapeBatch
{
    /// <summary>Evaluates a call whose Init has been walked. holes: one per result, or null when the results are unused.</summary>
    void Call(Hole[]? holes, ExprNode n)
    {
        switch (n)
        {
            case InlinedCallNode inl:
                List(inl.Body);
                for (int i = 0; i < inl.Results.Count; i++)
                {
                    Hole k = holes == null ? Discard : holes[i];
                    if (k.Derefs < 0 || Flatten.HasPointers(inl.Results[i].Type))
                        Flow(k, LocationOf(inl.Results[i]));
                }
                break;
            case BuiltinNode b:
                Builtin(holes is { Length: > 0 } ? holes[0] : Discard, b);
                break;
            case CallNode { Iface: { } iface } c:
                Expr(Because(HeapHole, c, "call parameter"), iface);
                foreach (var a in c.Args)
                    Expr(Because(HeapHole, c, "call parameter"), a);
                break;
            case CallNode c:
                FunctionCall(holes, c);
                break;
            default:
                ExprWithoutInit(holes is { Length: > 0 } ? holes[0] : Discard, n);
                break;
        }
    }

    void FunctionCall(Hole[]? holes, CallNode c)
    {
        List<Function> callees = c.Imprecise ? [] : _context.Values.Callees(c.Fun!);
        if (holes != null)
            foreach (var f in callees)
                if (_members.Contains(f))
                    for (int i = 0; i < holes.Length && i < f.Results.Count; i++)
                        if (holes[i].Derefs < 0 || Flatten.HasPointers(f.Results[i].Type))
                            Flow(holes[i], LocationOf(f.Results[i]));
        bool used = holes != null && Array.Exists(holes, h => h.Dst != _blank);
        if (c.Imprecise && c.Args.Count > 0 && c.Args[0] is DerefNode { Implicit: true } receiver)
        {
            // The method found by the type parameter takes the operand itself.
            Expr(Because(HeapHole, c, "call parameter"), receiver.X);
            foreach (var a in c.Args.GetRange(1, c.Args.Count - 1))
                Expr(Because(HeapHole, c, "call parameter"), a);
            return;
        }
        Expr(callees.Count == 0 && used ? Because(new Hole(Callee, 0, false), c, "callee operand") : Discard, c.Fun!);
        Pragma pragma = Pragma.None;
        foreach (var f in callees)
            pragma |= f.Pragma | (IsBodyless(f) ? Pragma.UintptrKeepAlive : Pragma.None);
        for (int i = 0; i < c.Args.Count; i++)
        {
            if ((pragma & (Pragma.UintptrEscapes | Pragma.UintptrKeepAlive)) != 0)
                UintptrArguments(c.Args[i], (pragma & Pragma.UintptrEscapes) != 0);
            Expr(Because(Argument(holes, callees, i, c.Args[i]), c, "call parameter"), c.Args[i]);
        }
    }

    Hole Argument(Hole[]? holes, List<Function> callees, int i, ExprNode arg)
    {
        if (callees.Count == 0)
            return HeapHole;
        if (callees.Count == 1 && IsEscapeNonString(callees[0]))
            return HasNonStringPointers(arg.Type) ? HeapHole : Discard;
        var into = new Hole[callees.Count];
        for (int n = 0; n < into.Length; n++)
            into[n] = ParamHole(holes, callees[n], i);
        return Tee(into);
    }

    static bool IsBodyless(Function f) => f.Body == null && f.Obj?.Decl?.Body == null;

    /// <summary>Pointers that are passed as uintptr to a callee that takes them for pointers: alive, and perhaps on the heap, until it returns.</summary>
    void UintptrArguments(ExprNode arg, bool escape)
    {
        if (arg is CompositeNode { Type.Underlying: SliceType } list)
            foreach (var (_, value) in list.Elems)
                One(value);
        else
            One(arg);

        void One(ExprNode n)
        {
            if (n is not ConvNode { Kind: ConvKind.PointerToUintptr } c || c.X.Type.Underlying is not BasicType { Kind: BasicKind.UnsafePointer })
                return;
            // Like a temporary that holds the pointer until the call returns.
            var copy = NewLocation(null, true);
            Expr(HoleOf(copy), c.X);
            Flow(escape ? Because(HeapHole, c, "//go:uintptrescapes") : MutatorHole, copy);
        }
    }

    static bool IsEscapeNonString(Function f) => f.LinkName.StartsWith("internal/abi.EscapeNonString", StringComparison.Ordinal);

    static bool HasNonStringPointers(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind == BasicKind.UnsafePointer,
        StructType s => s.Fields.Exists(f => HasNonStringPointers(f.Type)),
        ArrayType a => a.Len > 0 && HasNonStringPointers(a.Elem),
        _ => true,
    };

    Hole ParamHole(Hole[]? holes, Function f, int i)
    {
        if (i >= f.Params.Count)
            return HeapHole;
        Local p = f.Params[i];
        if (_members.Contains(f) && f.Body != null)
            return p.Name.StartsWith("~p", StringComparison.Ordinal) ? Discard : HoleOf(LocationOf(p));
        if (!Flatten.HasPointers(p.Type))
            return Discard;
        Leaks leaks = TagsOf(f, i);
        var into = new List<Hole>();
        if (leaks[Leaks.Heap] is >= 0 and var h)
            into.Add(HeapHole.Plus(h));
        if (leaks[Leaks.Mutator] is >= 0 and var m)
            into.Add(MutatorHole.Plus(m));
        if (leaks[Leaks.Callee] is >= 0 and var c)
            into.Add(new Hole(Callee, c, false));
        if (holes != null)
            for (int r = 0; r < holes.Length && r < Leaks.MaxResults; r++)
                if (leaks[Leaks.FirstResult + r] is >= 0 and var d)
                    into.Add(holes[r].Plus(d));
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
            if (_context.Tags?.Find(f.LinkName) is { } stored && i < stored.Params.Length)
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
                Operand(MutatorHole, b, 0);
                Operand(HasPointerElems(b.Args[1].Type) ? Deref(HeapHole, b, "copied slice") : Discard, b, 1);
                break;
            case BuiltinOp.Panic:
                Operand(HeapHole, b, 0);
                break;
            case BuiltinOp.Min or BuiltinOp.Max:
                for (int i = 0; i < b.Args.Count; i++)
                    Operand(k, b, i);
                break;
            case BuiltinOp.Clear:
                Operand(MutatorHole, b, 0);
                break;
            case BuiltinOp.UnsafeAdd or BuiltinOp.UnsafeSlice or BuiltinOp.UnsafeString or BuiltinOp.UnsafeSliceData or BuiltinOp.UnsafeStringData:
                Operand(k, b, 0);
                for (int i = 1; i < b.Args.Count; i++)
                    Expr(Discard, b.Args[i]);
                break;
            default:
                foreach (var a in b.Args)
                    Expr(Discard, a);
                break;
        }
    }

    void Operand(Hole k, BuiltinNode b, int i) => Expr(Because(k, b, "call parameter"), b.Args[i]);

    static bool HasPointerElems(GoType t) => t.Underlying is SliceType s && Flatten.HasPointers(s.Elem);

    void Append(Hole k, BuiltinNode b)
    {
        Hole into = Tee(k, MutatorHole);
        if (HasPointerElems(b.Args[0].Type))
            into = Tee(into, Deref(HeapHole, b, "appendee slice"));
        Operand(into, b, 0);
        if (b.HasDots)
            Operand(HasPointerElems(b.Args[1].Type) ? Deref(HeapHole, b, "appended slice...") : Discard, b, 1);
        else
            for (int i = 1; i < b.Args.Count; i++)
                Operand(HeapHole, b, i);
        // A buffer for the first growth is used once per activation, so it lies outside of all loops.
        Spill(k, b).Dst.Depth = 0;
    }

    /// <summary>go and defer: a call without arguments of a function value that goes to k.</summary>
    void GoDefer(ExprNode call, Hole k)
    {
        List(call.Init);
        if (call is CallNode { Iface: null } c)
        {
            Expr(k, c.Fun!);
            foreach (var a in c.Args)
                Expr(HeapHole, a);
        }
        else
        {
            Call(null, call);
        }
    }
}

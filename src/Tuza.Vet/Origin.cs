// Where the memory behind a string or slice comes from, and how much it is.
//
// The answer is for messages and for a judgement: a part of something small, constant or kept anyway is no leak. Variables are followed to
// their assignments, parameters to the calls of the function, calls into the functions they call.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

enum OriginKind : byte
{
    /// <summary>Nothing is known: a parameter nobody passes here, an element, the result of an unknown function.</summary>
    Unknown,
    /// <summary>Made of a constant; costs nothing or is small.</summary>
    Constant,
    /// <summary>Lives on by itself: a package variable, a field, an array.</summary>
    Kept,
    /// <summary>Made by an allocation of known size.</summary>
    Sized,
    /// <summary>Read as a whole from a file or connection.</summary>
    ReadAll,
}

/// <summary>One answer. Bytes: size if known, else 0. Text: how it is made, for a sentence "x is …".</summary>
sealed record Origin(OriginKind Kind, long Bytes, Pos Pos, string Text);

static class Origins
{
    const int MaxDepth = 5;

    /// <summary>All origins of a value; empty when they are endless (recursion).</summary>
    public static List<Origin> Of(CallIndex index, FuncView v, Expr e)
    {
        List<Origin> list = [];
        Collect(index, v, e, list, [], 0);
        return list;
    }

    static void Collect(CallIndex index, FuncView v, Expr e, List<Origin> list, HashSet<object> seen, int depth, bool copied = false)
    {
        e = FuncView.Strip(e);
        if (depth > MaxDepth || list.Count > 32)
        {
            list.Add(new(OriginKind.Unknown, 0, e.Pos, "made"));
            return;
        }
        if (v.ConstOf(e) is { })
        {
            list.Add(new(OriginKind.Constant, 0, e.Pos, "a constant"));
            return;
        }
        switch (e)
        {
            case SliceExpr when copied:
                list.Add(new(OriginKind.Unknown, 0, e.Pos, "copied"));
                return;
            case SliceExpr s:
                if (v.TypeOf(s.X) is { } t && (t.Underlying is ArrayType || t.Underlying is PointerType))
                    list.Add(new(OriginKind.Kept, 0, e.Pos, "an array"));
                else
                    Collect(index, v, s.X, list, seen, depth);
                return;
            case CompositeLit lit:
                list.Add(new(OriginKind.Sized, lit.Elems.Count * ElemBytes(v, lit), StatementOf(v, lit), "written out here"));
                return;
            case Ident i when v.VarOf(i) is { } x:
                Variable(index, v, x, list, seen, depth, copied);
                return;
            case Ident { Name: "nil" }:
                return;
            case SelectorExpr:
                list.Add(new(OriginKind.Kept, 0, e.Pos, "a field"));
                return;
            case CallExpr c:
                Call(index, v, c, list, seen, depth);
                return;
            default:
                list.Add(new(OriginKind.Unknown, 0, e.Pos, "made"));
                return;
        }
    }

    static void Variable(CallIndex index, FuncView v, Var x, List<Origin> list, HashSet<object> seen, int depth, bool copied)
    {
        if (x.IsGlobal)
        {
            list.Add(new(OriginKind.Kept, 0, x.Pos, "a package variable"));
            return;
        }
        if (!seen.Add(x))
            return;
        int p = v.Params.IndexOf(x);
        if (p >= 0)
        {
            IReadOnlyList<(FuncView View, CallExpr Call)> callers = v.Obj is { } f ? index.CallersOf(f) : [];
            int before = list.Count;
            foreach (var (caller, call) in callers)
            {
                List<Expr> args = caller.AllArgs(call);
                if (p < args.Count && !call.HasDots)
                    Collect(index, caller, args[p], list, seen, depth + 1, copied);
            }
            if (list.Count == before)
                list.Add(new(OriginKind.Unknown, 0, x.Pos, "given by the caller"));
        }
        foreach (Assignment a in v.AssignmentsOf(x))
        {
            if (a.Value == null)
                continue;
            if (a.IsRange)
                list.Add(new(OriginKind.Unknown, 0, a.Stmt.Pos, "taken from a range"));
            else if (a.Result >= 0 && FuncView.Strip(a.Value) is not CallExpr)
                list.Add(new(OriginKind.Unknown, 0, a.Stmt.Pos, "read"));
            else
                Collect(index, v, a.Value, list, seen, depth, copied);
        }
        if (p < 0 && v.AssignmentsOf(x).Count == 0)
            list.Add(new(OriginKind.Unknown, 0, x.Pos, "given"));
    }

    static void Call(CallIndex index, FuncView v, CallExpr c, List<Origin> list, HashSet<object> seen, int depth)
    {
        if (v.IsConversion(c) && c.Args is [var from])
        {
            // A conversion copies between strings and slices: as large as what is converted, and fresh.
            List<Origin> inner = [];
            Collect(index, v, from, inner, seen, depth, copied: true);
            if (inner.Exists(o => o.Kind == OriginKind.Unknown))
                inner.RemoveAll(o => o.Kind != OriginKind.Unknown);
            foreach (Origin o in inner)
                list.Add(o.Kind == OriginKind.Kept ? new(OriginKind.Unknown, 0, c.Pos, "converted") : o);
            return;
        }
        if (v.BuiltinOf(c) is { } b)
        {
            if (b == BuiltinId.Make && c.Args.Count > 1)
            {
                long? n = LengthOf(index, v, c.Args[^1]);
                list.Add(new(n != null ? OriginKind.Sized : OriginKind.Unknown, (n ?? 0) * ElemBytes(v, c), StatementOf(v, c), n != null ? $"made here with {(n ?? 0) * ElemBytes(v, c)} bytes" : "made"));
            }
            else if (b == BuiltinId.Append)
                Collect(index, v, c.Args[0], list, seen, depth);
            else
                list.Add(new(OriginKind.Unknown, 0, c.Pos, "made"));
            return;
        }
        string? name = v.CalleeName(c);
        switch (name)
        {
            case "io.ReadAll" or "os.ReadFile" or "io/ioutil.ReadAll" or "io/ioutil.ReadFile" or "io/fs.ReadFile" or "embed.FS.ReadFile":
                list.Add(new(OriginKind.ReadAll, 0, StatementOf(v, c), "read here with " + name.Replace("io/ioutil", "ioutil", StringComparison.Ordinal).Replace("io/fs", "fs", StringComparison.Ordinal)));
                return;
            case "strings.Repeat" or "bytes.Repeat":
                long? times = v.IntOf(c.Args[1]);
                long unit = v.ConstOf(c.Args[0]) is StringConstant s ? s.Length : 1;
                list.Add(new(times != null ? OriginKind.Sized : OriginKind.Unknown, (times ?? 0) * unit, StatementOf(v, c), times != null ? $"made here with {times * unit} bytes" : "made"));
                return;
        }
        if (v.CalleeOf(c) is { } f && index.ViewOf(f) is { } callee && seen.Add(callee))
        {
            int before = list.Count;
            foreach (Node n in callee.Nodes)
            {
                if (n is ReturnStmt { Results.Count: > 0 } r && callee.FunctionAround(r) is FuncDecl)
                    Collect(index, callee, r.Results[0], list, seen, depth + 1);
            }
            if (list.Count > before)
                return;
        }
        list.Add(new(OriginKind.Unknown, 0, SourceText.StartPos(c), $"given by {ExprText.Of(c.Fun)}"));
    }

    /// <summary>A constant, or the largest constant that a caller passes for the parameter.</summary>
    static long? LengthOf(CallIndex index, FuncView v, Expr e)
    {
        if (v.IntOf(e) is { } n)
            return n;
        if (v.VarOf(e) is not { } x || v.Params.IndexOf(x) is not (>= 0 and var p) || v.AssignmentsOf(x).Count > 0 || v.Obj is not { } f)
            return null;
        long? most = null;
        foreach (var (caller, call) in index.CallersOf(f))
        {
            List<Expr> args = caller.AllArgs(call);
            if (p < args.Count && caller.IntOf(args[p]) is { } size)
                most = Math.Max(most ?? 0, size);
        }
        return most;
    }

    /// <summary>Where the statement around a node begins: the line to look at.</summary>
    static Pos StatementOf(FuncView v, Node n)
    {
        for (Node? p = n; p != null; p = v.Parent(p))
        {
            if (p is Stmt and not BlockStmt)
                return SourceText.StartPos(p);
            if (p is FuncLit or FuncDecl)
                break;
        }
        return SourceText.StartPos(n);
    }

    static long ElemBytes(FuncView v, Expr e) => v.TypeOf(e)?.Underlying switch
    {
        SliceType s when s.Elem is not TypeParam && !Subst.HasTypeParam(s.Elem) => Math.Max(Sizes.Amd64.Sizeof(s.Elem), 1),
        _ => 1,
    };
}

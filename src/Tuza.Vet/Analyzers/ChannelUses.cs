// What a program does with a channel: who sends, receives, ranges, closes, in which goroutine, and whether the channel gets out of sight.
//
// A channel is known by the variable or field that holds it. Uses are followed into declared functions that get it as an argument, and into
// literals that are called or started on the spot. Any other use (assigned on, returned, stored, given to a function without a body at hand)
// lets the channel escape: then nothing is said about it.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

enum ChannelOp : byte { Send, Receive, Range, Close }

/// <summary>One operation. Go: the go statement whose goroutine does it, null for the function that owns the channel. Unsure: in a literal that may
/// run anywhere. Select: the select statement it is a case of, if there are other ways on.</summary>
sealed record ChannelUse(ChannelOp Op, Node Node, FuncView View, GoStmt? Go, FuncView? GoView, bool Unsure, SelectStmt? Select)
{
    public Pos Pos => Node.Pos;
}

/// <summary>All uses of one channel variable or field.</summary>
sealed class ChannelUses(VetProgram program)
{
    const int MaxDepth = 4;

    readonly HashSet<Var> _visited = new(ReferenceEqualityComparer.Instance);

    public List<ChannelUse> List { get; } = [];
    public bool Escapes { get; private set; }

    /// <summary>Package-level variables that hold the channel, too, in a slice, map or field; not counted as an escape.</summary>
    public List<Var> Holders { get; } = [];

    public bool Any(ChannelOp op) => List.Exists(u => u.Op == op);
    public bool HasSender => Any(ChannelOp.Send);
    public bool HasReceiver => Any(ChannelOp.Receive) || Any(ChannelOp.Range);
    public bool IsClosed => Any(ChannelOp.Close);

    /// <summary>Adds the uses of a variable inside one view. go: the goroutine that runs the view's function itself.</summary>
    public void AddVariable(FuncView v, Var x, GoStmt? go, FuncView? goView, int depth = 0)
    {
        if (!_visited.Add(x))
        {
            Escapes |= depth > 0 && !x.IsGlobal && !x.IsField; // a second way to the same parameter: recursion
            return;
        }
        AddUses(v, x, go, goView, depth);
    }

    /// <summary>Adds the uses of a field or package-level variable in one view; to be called for every view of the package.</summary>
    public void AddUses(FuncView v, Var x, GoStmt? go, FuncView? goView, int depth = 0)
    {
        foreach (Node n in v.Nodes)
        {
            if (n is not Ident i || !ReferenceEquals((v.Info.Uses.GetValueOrDefault(i) as Var)?.Origin, x.Origin))
                continue;
            Expr use = i;
            if (v.Parent(i) is SelectorExpr s && ReferenceEquals(s.Sel, i))
                use = s;
            Classify(v, use, go, goView, depth);
        }
    }

    void Classify(FuncView v, Expr use, GoStmt? go, FuncView? goView, int depth)
    {
        Node? parent = v.Parent(use);
        while (parent is ParenExpr)
            (use, parent) = ((Expr)parent, v.Parent(parent));
        switch (parent)
        {
            case SendStmt s when ReferenceEquals(s.Chan, use):
                Add(ChannelOp.Send, s);
                break;
            case UnaryExpr { Op: Token.Arrow } u:
                Add(ChannelOp.Receive, u);
                break;
            case RangeStmt r when ReferenceEquals(r.X, use):
                Add(ChannelOp.Range, r);
                break;
            case BinaryExpr or AssignStmt { Define: false } when parent is BinaryExpr || IsMakeTarget((AssignStmt)parent, use):
                break;
            case KeyValueExpr kv when ReferenceEquals(kv.Key, use):
                Escapes |= !IsMake(v, kv.Value);
                break;
            case CallExpr { Args: [var list, ..] } c when v.BuiltinOf(c) == BuiltinId.Append && !ReferenceEquals(use, c.Args[0]) && HolderOf(v, list) is { } holder && v.Parent(c) is AssignStmt { Lhs: [var into] }
                && HolderOf(v, into) == holder:
                Holders.Add(holder);
                break;
            case AssignStmt { Lhs: [IndexExpr into], Rhs: [var value] } when ReferenceEquals(FuncView.Strip(value), use) && HolderOf(v, into.X) is { } holder:
                Holders.Add(holder);
                break;
            case CallExpr c when v.BuiltinOf(c) is { } b:
                if (b == BuiltinId.Close)
                    Add(ChannelOp.Close, c);
                else
                    Escapes |= b is not (BuiltinId.Len or BuiltinId.Cap);
                break;
            case CallExpr c when depth < MaxDepth && Parameter(v, c, use) is { } p:
                (GoStmt? callGo, FuncView? callView, bool unsure) = ThreadOf(v, c, go, goView);
                Escapes |= unsure;
                if (v.Parent(c) is GoStmt g)
                    (callGo, callView) = (g, v);
                AddVariable(p.View, p.Var, callGo, callView, depth + 1);
                break;
            default:
                Escapes = true;
                break;
        }

        void Add(ChannelOp op, Node n)
        {
            (GoStmt? thread, FuncView? threadView, bool unsure) = ThreadOf(v, n, go, goView);
            List.Add(new ChannelUse(op, n, v, thread, threadView, unsure, SelectOf(v, n)));
        }

        bool IsMakeTarget(AssignStmt a, Expr target)
        {
            int k = a.Lhs.FindIndex(e => ReferenceEquals(FuncView.Strip(e), target));
            return k >= 0 && a.Lhs.Count == a.Rhs.Count && IsMake(v, a.Rhs[k]);
        }
    }

    /// <summary>An unexported package-level slice or map of the package, named directly.</summary>
    static Var? HolderOf(FuncView v, Expr e) => FuncView.Strip(e) is Ident i && v.VarOf(i) is { IsGlobal: true, Exported: false } x && x.Type.Underlying is SliceType or MapType ? v.VarOf(e) : null;

    public static bool IsMake(FuncView v, Expr e) => FuncView.Strip(e) is CallExpr c && v.BuiltinOf(c) == BuiltinId.Make;

    /// <summary>The parameter that a channel argument becomes; null when the callee cannot be looked into.</summary>
    (FuncView View, Var Var)? Parameter(FuncView v, CallExpr c, Expr argument)
    {
        int k = c.Args.FindIndex(a => ReferenceEquals(FuncView.Strip(a), argument));
        if (k < 0)
            return null;
        if (v.LiteralOf(c.Fun) is { } lit)
            return k < lit.Type.Params.Count && lit.Type.Params[k] is { Name: { } name, Type: not EllipsisExpr } && v.Info.Defs.GetValueOrDefault(name) is Var x ? (v, x) : null;
        if (v.CalleeOf(c) is not { } f || program.DeclOf(f) is not { } d || f.Sig.Variadic)
            return null;
        FuncView callee = FuncView.Of(d.Package, d.Decl);
        int index = k + (v.ReceiverOf(c) != null ? 1 : 0);
        return index < callee.Params.Count && callee.Params[index] is { Name: not "_" } p ? (callee, p) : null;
    }

    /// <summary>The goroutine that runs a node: literals started by go are their own, literals called or deferred on the spot belong outside.</summary>
    public static (GoStmt? Go, FuncView? View, bool Unsure) ThreadOf(FuncView v, Node n, GoStmt? go, FuncView? goView)
    {
        for (Node? p = v.Parent(n); p != null; p = v.Parent(p))
        {
            if (p is not FuncLit lit)
                continue;
            Node? use = v.Parent(lit);
            while (use is ParenExpr)
                use = v.Parent(use);
            if (use is not CallExpr c || !ReferenceEquals(FuncView.Strip(c.Fun), lit))
                return use is AssignStmt { Define: true } a && NamedStart(v, a, lit) is { } started ? (started, v, false) : (null, null, true);
            if (v.Parent(c) is GoStmt g)
                return (g, v, false);
        }
        return (go, goView, false);
    }

    /// <summary>`f := func() {...}; go f()` with no other use of f.</summary>
    static GoStmt? NamedStart(FuncView v, AssignStmt a, FuncLit lit)
    {
        int k = a.Rhs.FindIndex(e => ReferenceEquals(FuncView.Strip(e), lit));
        if (k < 0 || k >= a.Lhs.Count || v.VarOf(a.Lhs[k]) is not { } f || v.AssignmentsOf(f).Count != 1)
            return null;
        GoStmt? found = null;
        foreach (Node n in v.Nodes)
        {
            if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), f))
            {
                if (v.Parent(i) is not CallExpr c || v.Parent(c) is not GoStmt g || found != null)
                    return null;
                found = g;
            }
        }
        return found;
    }

    /// <summary>The select statement of which the operation is a case, when it has another case.</summary>
    static SelectStmt? SelectOf(FuncView v, Node n)
    {
        Node? p = n is SendStmt ? v.Parent(n) : v.Parent(n);
        while (p is ExprStmt or AssignStmt or ParenExpr)
            p = v.Parent(p);
        return p is CommClause && v.Parent(p) is SelectStmt { Cases.Count: > 1 } s ? s : null;
    }
}

// Where a value goes: forward flow through one program, from an expression to what keeps it.
//
// The walk is optimistic, as a finder of leaks must be: what it cannot see (functions without a body at hand, values read back out of
// containers) keeps nothing. So each sink found is real for some path of the program:
//   Global      stored in a package-level variable or in memory that is reached through one;
//   Memory      stored in memory that a parameter of the function reaches, and no caller is known to lose that;
//   Container   put into a local variable that was declared before the loop in which the value is made;
//   Return      given back by a function whose callers do not say more.
// Calls are followed into declared functions, and from returns and stores into parameters back to the callers.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

enum SinkKind : byte { Global, Memory, Container, Return }

/// <summary>What keeps a value. Var: the variable (not for Return). Pos: where it is stored.</summary>
sealed record Sink(SinkKind Kind, Var? Var, Pos Pos, FuncView? View = null, Stmt? Loop = null);

/// <summary>The program with an index of its calls.</summary>
sealed class CallIndex
{
    readonly Dictionary<Func, List<(FuncView View, CallExpr Call)>> _callers = new(ReferenceEqualityComparer.Instance);

    public CallIndex(VetProgram program)
    {
        Program = program;
        foreach (FuncView v in FuncView.All(program))
        {
            foreach (Node n in v.Nodes)
            {
                if (n is not CallExpr c || v.CalleeOf(c) is not { } f)
                    continue;
                if (!_callers.TryGetValue(f.Origin, out List<(FuncView, CallExpr)>? list))
                    _callers[f.Origin] = list = [];
                list.Add((v, c));
            }
        }
    }

    public VetProgram Program { get; }
    public IReadOnlyList<(FuncView View, CallExpr Call)> CallersOf(Func f) => _callers.TryGetValue(f.Origin, out var list) ? list : [];
    public FuncView? ViewOf(Func f) => Program.DeclOf(f) is { } d ? FuncView.Of(d.Package, d.Decl) : null;
}

/// <summary>One walk. ThroughSlices: a part of the value counts as the value.</summary>
sealed class Flow(CallIndex index, bool throughSlices)
{
    const int MaxDepth = 4;

    readonly HashSet<(Node, int)> _seen = [];
    readonly HashSet<(Var, bool)> _seenVars = [];
    readonly Dictionary<Var, List<Expr>> _uses = new(ReferenceEqualityComparer.Instance);

    public List<Sink> Sinks { get; } = [];

    public bool Reaches(SinkKind kind) => Sinks.Exists(s => s.Kind == kind);

    /// <summary>Follows the value of an expression.</summary>
    public void From(FuncView v, Expr e, int depth = 0)
    {
        if (depth > MaxDepth || !_seen.Add((e, depth)))
            return;
        switch (v.Parent(e))
        {
            case ParenExpr or CompositeLit or TypeAssertExpr:
                From(v, (Expr)v.Parent(e)!, depth);
                break;
            case KeyValueExpr kv when ReferenceEquals(kv.Value, e) || v.TypeOf((Expr)v.Parent(kv)!)?.Underlying is MapType:
                From(v, (Expr)v.Parent(kv)!, depth);
                break;
            case UnaryExpr { Op: Token.And } u:
                From(v, u, depth);
                break;
            case SliceExpr s when throughSlices && ReferenceEquals(s.X, e):
                From(v, s, depth);
                break;
            case CallExpr c:
                Argument(v, c, e, depth);
                break;
            case AssignStmt a:
                for (int i = 0; i < a.Rhs.Count && i < a.Lhs.Count; i++)
                {
                    if (ReferenceEquals(a.Rhs[i], e) && a.Op == Token.None)
                        Target(v, a.Lhs[i], e, depth);
                }
                break;
            case VarDecl d:
                int k = d.Values.IndexOf(e);
                if (k >= 0 && k < d.Names.Count)
                    Target(v, d.Names[k], e, depth);
                break;
            case ReturnStmt r:
                Returned(v, r, r.Results.IndexOf(e), depth);
                break;
            case IndexExpr x when x.Indices.Count == 1 && ReferenceEquals(x.Indices[0], e) && v.TypeOf(x.X)?.Underlying is MapType && v.Parent(x) is AssignStmt a && a.Lhs.Contains(x):
                Into(v, x.X, e, depth); // a new key of a map
                break;
        }
    }

    /// <summary>Follows all uses of a local variable.</summary>
    public void FromVar(FuncView v, Var x, int depth)
    {
        if (x.IsGlobal || !_seenVars.Add((x, true)))
            return;
        foreach (Expr use in UsesOf(v, x))
            From(v, use, depth);
    }

    List<Expr> UsesOf(FuncView v, Var x)
    {
        if (!_uses.TryGetValue(x, out List<Expr>? list))
        {
            _uses[x] = list = [];
            foreach (Node n in v.Nodes)
            {
                if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x))
                    list.Add(i);
            }
        }
        return list;
    }

    void Target(FuncView v, Expr target, Expr value, int depth)
    {
        target = FuncView.Strip(target);
        if (target is Ident { Name: "_" })
            return;
        if (v.VarOf(target) is { } x && target is Ident)
        {
            if (x.IsGlobal)
                Sinks.Add(new Sink(SinkKind.Global, x, target.Pos));
            else
            {
                Accumulates(v, x, target, value);
                FromVar(v, x, depth);
            }
            return;
        }
        Into(v, target, value, depth);
    }

    /// <summary>A variable that lives through the rounds of a loop collects what is appended to it in each.</summary>
    void Accumulates(FuncView v, Var x, Expr target, Expr value)
    {
        Stmt? loop = v.LoopAround(target);
        if (loop != null && !FuncView.DeclaredIn(x, loop) && x.Type.Underlying is SliceType && FuncView.Strip(value) is CallExpr c && v.BuiltinOf(c) == BuiltinId.Append)
            Sinks.Add(new Sink(SinkKind.Container, x, target.Pos, v, loop));
    }

    /// <summary>The value is stored in memory behind a path.</summary>
    void Into(FuncView v, Expr path, Expr value, int depth)
    {
        if (v.RootVar(path) is not { } root)
            return;
        Stmt? loop = v.LoopAround(path);
        if (!root.IsGlobal && loop != null && !FuncView.DeclaredIn(root, loop) && !v.IsParam(root) && root.Type.Underlying is MapType or SliceType or PointerType or ArrayType && v.Parent(value) is AssignStmt or IndexExpr or CallExpr
            && path is IndexExpr or Ident && GrowsByIndex(v, path))
            Sinks.Add(new Sink(SinkKind.Container, root, path.Pos, v, loop));
        IntoVar(v, root, path.Pos, depth);
    }

    /// <summary>An element at a constant place is one value, not a collection.</summary>
    static bool GrowsByIndex(FuncView v, Expr path) => path is not IndexExpr { Indices: [var i] } || v.ConstOf(i) == null;

    void IntoVar(FuncView v, Var root, Pos at, int depth)
    {
        if (root.IsGlobal)
        {
            Sinks.Add(new Sink(SinkKind.Global, root, at));
            return;
        }
        if (depth > MaxDepth || !_seenVars.Add((root, false)))
            return;
        int p = v.Params.IndexOf(root);
        if (p >= 0 && IsReference(root.Type))
        {
            Sinks.Add(new Sink(SinkKind.Memory, root, at));
            if (v.Obj is { } f)
            {
                foreach (var (caller, call) in index.CallersOf(f))
                {
                    List<Expr> args = caller.AllArgs(call);
                    if (p < args.Count && caller.RootVar(args[p]) is { } outer)
                        IntoVar(caller, outer, call.Pos, depth + 1);
                }
            }
        }
        // The memory may be known under another name: where the variable's value came from, and where it goes.
        foreach (Assignment a in v.AssignmentsOf(root))
        {
            if (a.Value != null && IsReference(root.Type) && FuncView.Strip(a.Value) is not CallExpr && v.RootVar(a.Value) is { } from && !ReferenceEquals(from, root))
                IntoVar(v, from, at, depth);
        }
        FromVar(v, root, depth);
    }

    static bool IsReference(GoType t) => t.Underlying is PointerType or SliceType or MapType or InterfaceType or ChanType;

    void Argument(FuncView v, CallExpr c, Expr e, int depth)
    {
        int i = c.Args.IndexOf(e);
        if (i < 0)
            return;
        if (v.IsConversion(c))
        {
            // Between strings and byte slices, and into arrays, the bytes are copied.
            if (v.TypeOf(c) is { Underlying: not ArrayType } to && v.TypeOf(e) is { } from && Predicates.IsString(to) == Predicates.IsString(from))
                From(v, c, depth);
            return;
        }
        if (v.BuiltinOf(c) is { } b)
        {
            if (b is BuiltinId.Append && (i == 0 || !c.HasDots || ElementsRefer(v, e)) || b is BuiltinId.Min or BuiltinId.Max)
                From(v, c, depth);
            return;
        }
        if (v.CalleeOf(c) is not { } f)
            return;
        switch (FuncView.NameOf(f))
        {
            case "container/list.List.PushBack" or "container/list.List.PushFront" or "sync.Map.Store" or "sync.Map.LoadOrStore" or "sync.Map.Swap" or "sync/atomic.Value.Store":
                if (v.ReceiverOf(c) is { } recv)
                    Into(v, recv, e, depth);
                return;
            case "strings.TrimSpace" or "strings.Trim" or "strings.TrimPrefix" or "strings.TrimSuffix" or "strings.TrimLeft" or "strings.TrimRight"
                or "bytes.TrimSpace" or "bytes.Trim" or "bytes.TrimPrefix" or "bytes.TrimSuffix":
                if (i == 0)
                    From(v, c, depth);
                return;
        }
        if (index.ViewOf(f) is { } callee)
        {
            int p = i + (v.ReceiverOf(c) != null ? 1 : 0);
            if (f.Sig.Variadic && p >= callee.Params.Count - 1)
                return;
            if (p < callee.Params.Count && callee.Params[p] is { } x)
                FromVar(callee, x, depth + 1);
        }
    }

    static bool ElementsRefer(FuncView v, Expr e) => v.TypeOf(e)?.Underlying is SliceType s && Sizes.Amd64.HasPointers(s.Elem);

    void Returned(FuncView v, ReturnStmt r, int result, int depth)
    {
        if (v.FunctionAround(r) is not FuncDecl || v.Obj is not { } f)
            return;
        Sinks.Add(new Sink(SinkKind.Return, null, r.Pos));
        foreach (var (caller, call) in index.CallersOf(f))
        {
            if (f.Sig.Results.Count <= 1)
                From(caller, call, depth + 1);
            else if (caller.Parent(call) is AssignStmt a && result < a.Lhs.Count && a.Rhs.Count == 1)
                Target(caller, a.Lhs[result], call, depth + 1);
        }
    }
}

// One function body prepared for questions: who contains a node, what a variable is assigned, which declared function a call calls.
//
// Literals inside the body belong to the view: their variables and those around them are seen together. Nothing here is exact about order
// or branches: an assignment is "somewhere in the function".

using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>Where a variable gets a value. Value: the expression (null: zero value). Result: which of several results; -1 for the only one.
/// Range: Value is what a range statement goes over, and the variable gets its keys (0) or values (1).</summary>
public readonly record struct Assignment(Node Stmt, Expr? Value, int Result, bool IsRange);

/// <summary>A function declaration (or a package-level initialiser) with indexes.</summary>
public sealed class FuncView
{
    static readonly ConditionalWeakTable<Node, FuncView> s_known = [];

    readonly Dictionary<Node, Node> _parents = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Var, List<Assignment>> _assigned = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Var> _addressed = new(ReferenceEqualityComparer.Instance);

    FuncView(VetPackage package, Node root)
    {
        Package = package;
        Root = root;
        Visit(root);
        if (root is FuncDecl f)
        {
            Collect(f.Recv != null ? [f.Recv] : []);
            Collect(f.Type.Params);
        }
    }

    public VetPackage Package { get; }
    public Node Root { get; }
    public TypeInfo Info => Package.Info;
    /// <summary>All nodes in text order.</summary>
    public List<Node> Nodes { get; } = [];
    /// <summary>Receiver first.</summary>
    public List<Var?> Params { get; } = [];
    public FuncDecl? Decl => Root as FuncDecl;
    public Func? Obj => Decl != null ? Info.Defs.GetValueOrDefault(Decl.Name) as Func : null;

    public static FuncView Of(VetPackage package, Node root) => s_known.GetValue(root, r => new FuncView(package, r));

    /// <summary>The views of all functions and package-level initialisers of a program.</summary>
    public static IEnumerable<FuncView> All(VetProgram program)
    {
        foreach (VetPackage p in program.Packages)
        {
            foreach (FuncView v in All(p))
                yield return v;
        }
    }

    public static IEnumerable<FuncView> All(VetPackage p)
    {
        foreach (FileNode file in p.Pkg.Files)
        {
            foreach (Decl d in file.Decls)
            {
                if (d is FuncDecl { Body: not null } || d is VarDecl { Values.Count: > 0 })
                    yield return Of(p, d);
            }
        }
    }

    void Collect(List<Field> fields)
    {
        foreach (Field f in fields)
            Params.Add(f.Name != null ? Info.Defs.GetValueOrDefault(f.Name) as Var : Info.Implicits.GetValueOrDefault(f) as Var);
    }

    void Visit(Node n)
    {
        Nodes.Add(n);
        switch (n)
        {
            case AssignStmt a: Assign(a); break;
            case RangeStmt r:
                Set(r.Key, new(r, r.X, 0, true));
                Set(r.Value, new(r, r.X, 1, true));
                break;
            case VarDecl d:
                for (int i = 0; i < d.Names.Count; i++)
                    Set(d.Names[i], new(d, d.Values.Count == d.Names.Count ? d.Values[i] : d.Values.Count == 1 ? d.Values[0] : null, d.Values.Count == 1 && d.Names.Count > 1 ? i : -1, false));
                break;
            case UnaryExpr { Op: Token.And, X: var x }:
                if (StorageOf(x) is { } v)
                    _addressed.Add(v);
                break;
        }
        Walk.Children(n, child =>
        {
            _parents[child] = n;
            Visit(child);
        });
    }

    void Assign(AssignStmt a)
    {
        for (int i = 0; i < a.Lhs.Count; i++)
        {
            bool pair = a.Rhs.Count == a.Lhs.Count;
            Set(a.Lhs[i], new(a, pair ? a.Rhs[i] : a.Rhs[0], pair ? -1 : i, false));
        }
    }

    void Set(Expr? target, Assignment assignment)
    {
        if (target != null && Strip(target) is Ident name && VarOf(name) is { } v)
        {
            if (!_assigned.TryGetValue(v, out List<Assignment>? list))
                _assigned[v] = list = [];
            list.Add(assignment);
        }
    }

    // ---- questions

    public Node? Parent(Node n) => _parents.GetValueOrDefault(n);

    /// <summary>Something in it, outside of function literals, returns or jumps.</summary>
    public static bool HasJump(Node s)
    {
        bool found = false;
        Walk.Tree(s, n =>
        {
            found |= n is ReturnStmt or BranchStmt;
            return n is not FuncLit;
        });
        return found;
    }

    public static Expr Strip(Expr e)
    {
        while (e is ParenExpr p)
            e = p.X;
        return e;
    }

    public Var? VarOf(Expr e) => Strip(e) is Ident i ? (Info.Defs.GetValueOrDefault(i) ?? Info.Uses.GetValueOrDefault(i)) as Var : null;

    public IReadOnlyList<Assignment> AssignmentsOf(Var v) => _assigned.TryGetValue(v, out List<Assignment>? list) ? list : [];

    public bool IsAddressed(Var v) => _addressed.Contains(v);

    /// <summary>The only value a local variable ever gets by assignment; null when there are several, none, or its address is taken.</summary>
    public Expr? OnlyValue(Var v)
    {
        IReadOnlyList<Assignment> list = AssignmentsOf(v);
        return !v.IsGlobal && !IsParam(v) && !IsAddressed(v) && list.Count == 1 && list[0] is { IsRange: false, Result: -1 or 0, Value: { } value } ? value : null;
    }

    public bool IsParam(Var v) => Params.Contains(v);

    public GoType? TypeOf(Expr e) => Info.Types.TryGetValue(e, out TypeAndValue tv) ? tv.Type : VarOf(e)?.Type;

    public Constant? ConstOf(Expr e) => Info.Types.TryGetValue(e, out TypeAndValue tv) ? tv.Value : null;

    public long? IntOf(Expr? e) => e != null && ConstOf(e) is IntConstant { Value: var v } && v >= long.MinValue && v <= long.MaxValue ? (long)v : null;

    /// <summary>The variable at the root of a path of fields, elements and derefs.</summary>
    public Var? RootVar(Expr e)
    {
        while (true)
        {
            switch (e)
            {
                case ParenExpr p: e = p.X; break;
                case SelectorExpr s when Info.Uses.GetValueOrDefault(s.Sel) is Var { IsField: false } g: return g; // pkg.Var
                case SelectorExpr s: e = s.X; break;
                case IndexExpr i: e = i.X; break;
                case StarExpr s: e = s.X; break;
                case SliceExpr s: e = s.X; break;
                case UnaryExpr { Op: Token.And } u: e = u.X; break;
                case TypeAssertExpr t: e = t.X; break;
                case Ident i: return VarOf(i);
                default: return null;
            }
        }
    }

    /// <summary>The variable whose own memory a path lies in; null when the path goes through a pointer, slice or map.</summary>
    public Var? StorageOf(Expr e)
    {
        e = Strip(e);
        return e switch
        {
            Ident i => VarOf(i),
            SelectorExpr s when TypeOf(s.X)?.Underlying is StructType => StorageOf(s.X),
            IndexExpr i when TypeOf(i.X)?.Underlying is ArrayType => StorageOf(i.X),
            _ => null,
        };
    }

    /// <summary>The declared function or method that a call certainly calls (interface methods too); null for builtins, conversions, func values.</summary>
    public Func? CalleeOf(CallExpr call)
    {
        Expr fun = Strip(call.Fun);
        if (fun is IndexExpr generic)
            fun = Strip(generic.X);
        return fun switch
        {
            Ident i => Info.Uses.GetValueOrDefault(i) as Func,
            SelectorExpr s => (Info.Selections.TryGetValue(s, out Selection? sel) ? sel.Obj : Info.Uses.GetValueOrDefault(s.Sel)) as Func,
            _ => null,
        };
    }

    /// <summary>The built-in function that is called, or null.</summary>
    public BuiltinId? BuiltinOf(CallExpr call) => Strip(call.Fun) switch
    {
        Ident i when Info.Uses.GetValueOrDefault(i) is Builtin b => b.Id,
        SelectorExpr s when Info.Uses.GetValueOrDefault(s.Sel) is Builtin b => b.Id,
        _ => null,
    };

    public bool IsConversion(CallExpr call) => Info.Types.TryGetValue(call.Fun, out TypeAndValue tv) && tv.IsType;

    /// <summary>The literal that a call calls: `func() {...}()`, or a variable that only ever holds one literal.</summary>
    public FuncLit? LiteralOf(Expr fun) => Strip(fun) switch
    {
        FuncLit f => f,
        Ident i when VarOf(i) is { } v && OnlyValue(v) is { } value => Strip(value) as FuncLit,
        _ => null,
    };

    /// <summary>`pkg/path.Name` or `pkg/path.Recv.Name`.</summary>
    public static string NameOf(Func f)
    {
        f = f.Origin;
        string pkg = f.Pkg?.Path ?? "";
        if (f.Sig.Recv?.Type is { } recv && Lookup.Deref(recv, out _) is NamedType n)
            return $"{pkg}.{n.Obj.Name}.{f.Name}";
        return $"{pkg}.{f.Name}";
    }

    public string? CalleeName(CallExpr call) => CalleeOf(call) is { } f ? NameOf(f) : null;

    /// <summary>The receiver of a method call `x.m()`, or null.</summary>
    public Expr? ReceiverOf(CallExpr call) =>
        Strip(call.Fun) is SelectorExpr s && Info.Selections.TryGetValue(s, out Selection? sel) && sel.Kind == SelectionKind.MethodVal ? s.X : null;

    /// <summary>The arguments in the order of Params: receiver first for methods.</summary>
    public List<Expr> AllArgs(CallExpr call)
    {
        List<Expr> args = [];
        if (ReceiverOf(call) is { } recv)
            args.Add(recv);
        args.AddRange(call.Args);
        return args;
    }

    /// <summary>The nearest enclosing literal, or the declaration.</summary>
    public Node FunctionAround(Node n)
    {
        for (Node? p = Parent(n); p != null; p = Parent(p))
        {
            if (p is FuncLit)
                return p;
        }
        return Root;
    }

    /// <summary>The nearest loop around a node inside the same function; null when there is none.</summary>
    public Stmt? LoopAround(Node n)
    {
        Node child = n;
        for (Node? p = Parent(n); p is not (null or FuncLit or FuncDecl); child = p, p = Parent(p))
        {
            if (p is ForStmt f && (ReferenceEquals(child, f.Body) || ReferenceEquals(child, f.Post)) || p is RangeStmt r && ReferenceEquals(child, r.Body))
                return (Stmt)p;
        }
        return null;
    }

    public bool Inside(Node n, Node outer)
    {
        for (Node? p = n; p != null; p = Parent(p))
        {
            if (ReferenceEquals(p, outer))
                return true;
        }
        return false;
    }

    /// <summary>Is the variable declared inside the node?</summary>
    public static bool DeclaredIn(Var v, Node outer) => v.Pos >= SourceText.StartPos(outer) && v.Pos.FileId == outer.Pos.FileId && v.Pos <= Positions.End(outer);
}

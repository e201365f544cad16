// FINCYCLE: a finalizer on an object that can be reached from itself, or from the finalizer.
//
// runtime.SetFinalizer keeps everything reachable from the object alive until the finalizer has run, and the finalizer runs only when the object cannot be
// reached: an object that refers to itself, through however many others, is never freed. So is one that its own finalizer refers to (a
// literal that captures the variable, a bound method). runtime.AddCleanup allows cycles, but its function and argument must not reach the object.
//
// The graph: local variables of one function stand for the objects they hold or point to; an edge is a store into a field or element, or a
// field of a literal. Declared functions that store one parameter into another's memory count as stores where they are called.

using System;
using System.Collections.Generic;
using System.Linq;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The FINCYCLE analyzer.</summary>
public static class FinalizerCycle
{
    sealed record Link(Var From, string Path, Var To, Pos Pos);

    public static void Run(VetProgram program, Action<Finding> report)
    {
        foreach (FuncView v in FuncView.All(program))
        {
            List<Link>? links = null;
            foreach (Node n in v.Nodes)
            {
                if (n is not CallExpr { Args.Count: >= 2 } call)
                    continue;
                string? name = v.CalleeName(call);
                bool cleanup = name == "runtime.AddCleanup";
                if (name != "runtime.SetFinalizer" && !cleanup || v.RootVar(call.Args[0]) is not { IsGlobal: false } x || IsPath(call.Args[0]))
                    continue;
                links ??= Links(program, v);
                if (Captures(v, call.Args[1], x) is { } capture)
                    Report(v, call, x, cleanup, [capture], $"its {(cleanup ? "cleanup" : "finalizer")} refers to {x.Name}");
                else if (cleanup && call.Args.Count > 2 && Referred(v, call.Args[2]).Any(r => ReferenceEquals(r.To, x) || Cycle(links, r.To, x) != null))
                    Report(v, call, x, true, [new Related(call.Args[2].Pos, $"this argument of the cleanup refers to {x.Name}")], $"its cleanup's argument refers to {x.Name}");
                else if (!cleanup && Cycle(links, x, x) is { } cycle)
                    Report(v, call, x, false, cycle.ConvertAll(l => new Related(l.Pos, $"{l.From.Name}{l.Path} refers to {l.To.Name}")), "it is reachable from itself: " + Text(cycle));
            }
        }

        void Report(FuncView v, CallExpr call, Var x, bool cleanup, List<Related> proof, string why)
        {
            string what = cleanup ? "cleanup" : "finalizer";
            GoType type = Lookup.Deref(x.Type, out bool _);
            report(new Finding(SourceText.StartPos(call), SourceText.Of(call)!.EndPos(call), "FINCYCLE", "finalizer/cycle",
                $"{what} on *{type.ToString(v.Package.Pkg)} ({x.Name}) never runs and the memory is never freed: {why}")
            {
                Related = proof,
                Advice = cleanup ? $"give the cleanup what it needs without {x.Name}: a copy of a field, not the object"
                    : "use runtime.AddCleanup, which allows cycles (its function must not refer to the object), or take the reference out of the cycle",
                Fix = cleanup ? null : ToCleanup(v, call, x) ?? ToCleanupOfFields(program, v, call, x) ?? ToParameter(v, call, x),
            });
        }
    }

    static bool IsPath(Expr e)
    {
        e = FuncView.Strip(e);
        if (e is UnaryExpr { Op: Token.And } u)
            e = FuncView.Strip(u.X);
        return e is not Ident;
    }

    static string Text(List<Link> cycle)
    {
        List<string> parts = [];
        foreach (Link l in cycle)
            parts.Add(l.From.Name + l.Path);
        return string.Join(" -> ", parts) + " -> " + cycle[^1].To.Name;
    }

    static Related? Captures(FuncView v, Expr function, Var x)
    {
        Expr f = FuncView.Strip(function);
        if (v.LiteralOf(f) is { } lit)
        {
            Related? found = null;
            Walk.Tree(lit.Body, n =>
            {
                if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x))
                    found ??= new Related(i.Pos, $"the function captures {x.Name}");
                return found == null;
            });
            return found;
        }
        if (f is SelectorExpr s && v.Info.Selections.TryGetValue(s, out Selection? sel) && sel.Kind == SelectionKind.MethodVal && ReferenceEquals(v.RootVar(s.X), x))
            return new Related(s.Pos, $"the bound method {ExprText.Of(s)} holds {x.Name}");
        return null;
    }

    // ---- the graph

    static List<Link> Links(VetProgram program, FuncView v)
    {
        List<Link> links = [];
        foreach (Node n in v.Nodes)
        {
            switch (n)
            {
                case AssignStmt a when a.Lhs.Count == a.Rhs.Count:
                    for (int i = 0; i < a.Lhs.Count; i++)
                        Store(a.Lhs[i], a.Rhs[i]);
                    break;
                case VarDecl d when d.Names.Count == d.Values.Count:
                    for (int i = 0; i < d.Names.Count; i++)
                        Store(d.Names[i], d.Values[i]);
                    break;
                case CallExpr c when v.CalleeOf(c) is { } f && program.DeclOf(f) is { } callee:
                    foreach ((int into, int what, string path) in StoresOf(callee.Package, callee.Decl))
                    {
                        List<Expr> args = v.AllArgs(c);
                        if (into < args.Count && what < args.Count && Local(args[into]) is { } from && Local(args[what]) is { } to)
                            links.Add(new(from, path, to, c.Pos));
                    }
                    break;
            }
        }
        return links;

        Var? Local(Expr e) => v.RootVar(e) is { IsGlobal: false } x ? x : null;

        void Store(Expr target, Expr value)
        {
            if (Local(target) is not { } from)
                return;
            string path = PathOf(target);
            foreach ((Var to, string field, Pos pos) in Referred(v, value))
            {
                bool alias = path == "" && field == "" && from.Type.Underlying is PointerType;
                if (alias)
                {
                    // The same object under two names.
                    links.Add(new(from, "", to, pos));
                    links.Add(new(to, "", from, pos));
                }
                else if (path != "" || field != "")
                    links.Add(new(from, path + field, to, pos));
            }
        }
    }

    static string PathOf(Expr e)
    {
        e = FuncView.Strip(e);
        return e switch
        {
            SelectorExpr s => PathOf(s.X) + "." + s.Sel.Name,
            IndexExpr i => PathOf(i.X) + "[]",
            StarExpr s => PathOf(s.X),
            _ => "",
        };
    }

    /// <summary>Local variables whose objects a value refers to directly, with the field of a literal through which it does.</summary>
    static IEnumerable<(Var To, string Field, Pos Pos)> Referred(FuncView v, Expr value)
    {
        value = FuncView.Strip(value);
        switch (value)
        {
            case UnaryExpr { Op: Token.And, X: var x } when FuncView.Strip(x) is CompositeLit lit:
                return Referred(v, lit);
            case UnaryExpr { Op: Token.And, X: var x }:
                return v.RootVar(x) is { IsGlobal: false } root ? [(root, "", value.Pos)] : [];
            case Ident i when v.VarOf(i) is { IsGlobal: false } r && r.Type.Underlying is PointerType or MapType or SliceType or InterfaceType:
                return [(r, "", i.Pos)];
            case CompositeLit lit:
                {
                    List<(Var, string, Pos)> list = [];
                    foreach (Expr e in lit.Elems)
                    {
                        string name = e is KeyValueExpr { Key: Ident k } && v.TypeOf(lit)?.Underlying is StructType ? "." + k.Name : "[]";
                        foreach ((Var to, string field, Pos pos) in Referred(v, e is KeyValueExpr kv ? kv.Value : e))
                            list.Add((to, name + field, pos));
                    }
                    return list;
                }
            case FuncLit lit:
                {
                    List<(Var, string, Pos)> list = [];
                    Walk.Tree(lit.Body, n =>
                    {
                        if (n is Ident i && v.Info.Uses.GetValueOrDefault(i) is Var { IsGlobal: false, IsField: false } x && !FuncView.DeclaredIn(x, lit))
                            list.Add((x, ".(func)", i.Pos));
                        return true;
                    });
                    return list;
                }
            case CallExpr c when v.BuiltinOf(c) == BuiltinId.Append:
                {
                    List<(Var, string, Pos)> list = [];
                    for (int i = 1; i < c.Args.Count; i++)
                        foreach ((Var to, string field, Pos pos) in Referred(v, c.Args[i]))
                            list.Add((to, "[]" + field, pos));
                    return list;
                }
            default:
                return [];
        }
    }

    static List<(int Into, int What, string Path)> StoresOf(VetPackage package, FuncDecl decl)
    {
        FuncView v = FuncView.Of(package, decl);
        List<(int, int, string)> list = [];
        foreach (Node n in v.Nodes)
        {
            if (n is not AssignStmt a || a.Lhs.Count != a.Rhs.Count)
                continue;
            for (int i = 0; i < a.Lhs.Count; i++)
            {
                string path = PathOf(a.Lhs[i]);
                if (path == "" || v.RootVar(a.Lhs[i]) is not { } into || v.Params.IndexOf(into) is not (>= 0 and var k))
                    continue;
                foreach ((Var to, string field, Pos _) in Referred(v, a.Rhs[i]))
                {
                    if (v.Params.IndexOf(to) is >= 0 and var j)
                        list.Add((k, j, path + field));
                }
            }
        }
        return list;
    }

    /// <summary>The shortest way from one object to another with at least one field on it.</summary>
    static List<Link>? Cycle(List<Link> links, Var from, Var to)
    {
        Dictionary<Var, Link> cameBy = new(ReferenceEqualityComparer.Instance);
        Queue<Var> queue = new([from]);
        HashSet<Var> seen = new(ReferenceEqualityComparer.Instance) { from };
        while (queue.TryDequeue(out Var? x))
        {
            foreach (Link l in links)
            {
                if (!ReferenceEquals(l.From, x))
                    continue;
                if (ReferenceEquals(l.To, to))
                {
                    List<Link> path = [l];
                    for (Var at = x; !ReferenceEquals(at, from) || path.Count == 0; at = path[0].From)
                    {
                        if (!cameBy.TryGetValue(at, out Link? before))
                            break;
                        path.Insert(0, before);
                    }
                    if (path.Exists(p => p.Path != ""))
                        return path;
                    continue;
                }
                if (seen.Add(l.To))
                {
                    cameBy[l.To] = l;
                    queue.Enqueue(l.To);
                }
            }
        }
        return null;
    }

    // ---- the fix

    /// <summary>A finalizer that does not look at its object can be a cleanup.</summary>
    static Fix? ToCleanup(FuncView v, CallExpr call, Var x)
    {
        if (v.Package.GoMinor < 24 || v.LiteralOf(call.Args[1]) is not { } lit || Captures(v, call.Args[1], x) != null || lit.Type is not { Params: [var p], Results.Count: 0 }
            || FuncView.Strip(call.Fun) is not SelectorExpr { Sel: var sel })
            return null;
        if (p.Name != null && v.Info.Defs.GetValueOrDefault(p.Name) is Var t)
        {
            foreach (Node n in v.Nodes)
            {
                if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), t))
                    return null;
            }
        }
        SourceText text = SourceText.Of(call)!;
        int argStart = text.Start(call.Args[1]), argEnd = text.End(call.Args[1]);
        string function = FuncView.Strip(call.Args[1]) is FuncLit
            ? "func(struct{}) " + text.Slice(text.Offset(lit.Body.Pos), text.Offset(lit.Body.Rbrace) + 1)
            : $"func(struct{{}}) {{ {text.Slice(argStart, argEnd)}(nil) }}";
        return new Fix("runtime.AddCleanup, which allows cycles", [
            new TextEdit(text.File, text.Start(sel), text.End(sel), "AddCleanup"),
            new TextEdit(text.File, argStart, argEnd, function + ", struct{}{}"),
        ]);
    }

    /// <summary>A finalizer that only reads fields of its object, which are not changed any more, can be a cleanup with a copy of these: of one alone, or of several in a struct.</summary>
    static Fix? ToCleanupOfFields(VetProgram program, FuncView v, CallExpr call, Var x)
    {
        if (v.Package.GoMinor < 24 || FuncView.Strip(call.Args[1]) is not FuncLit lit || Captures(v, lit, x) != null || lit.Type is not { Params: [{ Name: { } name }], Results.Count: 0 }
            || v.Info.Defs.GetValueOrDefault(name) is not Var own || FuncView.Strip(call.Fun) is not SelectorExpr { Sel: var sel } || FuncView.Strip(call.Args[0]) is not Ident)
            return null;
        List<(Var Field, string Type)> fields = [];
        List<SelectorExpr> reads = [];
        foreach (Node n in v.Nodes)
        {
            if (n is not Ident i || !ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), own))
                continue;
            if (v.Parent(i) is not SelectorExpr s || v.Info.Uses.GetValueOrDefault(s.Sel) is not Var { IsField: true } f)
                return null;
            reads.Add(s);
            if (fields.Exists(k => ReferenceEquals(k.Field, f)))
                continue;
            if (TypeText(v, f.Type) is not { } type || ChangesLater(program, v, call, f))
                return null;
            fields.Add((f, type));
        }
        // The types are written out where the finalizer is: nothing may have their names there.
        if (fields.Count == 0 || v.Nodes.Exists(n => n is Ident d && fields.Exists(f => d.Name == f.Type) && v.Info.Defs.GetValueOrDefault(d) is Var { IsField: false }))
            return null;
        SourceText text = SourceText.Of(call)!;
        Field p = lit.Type.Params[0];
        List<TextEdit> edits = [new(text.File, text.Start(sel), text.End(sel), "AddCleanup")];
        int end = text.End(call.Args[1]);
        string at = text.Text(call.Args[0]);
        if (fields is [(var field, var only)])
        {
            bool taken = v.Nodes.Exists(n => n is Ident d && d.Name == field.Name && v.Info.Defs.GetValueOrDefault(d) is Var { IsField: false });
            Walk.Tree(lit.Body, n =>
            {
                taken |= n is Ident i && i.Name == field.Name && v.Parent(i) is not SelectorExpr;
                return !taken;
            });
            if (!taken)
            {
                edits.Add(new TextEdit(text.File, text.Start(name), text.End(p.Type), $"{field.Name} {only}"));
                foreach (SelectorExpr s in reads)
                    edits.Add(new TextEdit(text.File, text.Start(s), text.End(s), field.Name));
                edits.Add(new TextEdit(text.File, end, end, $", {at}.{field.Name}"));
                return new Fix($"runtime.AddCleanup with a copy of {field.Name}, which allows cycles", edits);
            }
        }
        string copies = $"struct{{ {string.Join("; ", fields.ConvertAll(f => $"{f.Field.Name} {f.Type}"))} }}";
        edits.Add(new TextEdit(text.File, text.Start(p.Type), text.End(p.Type), copies));
        edits.Add(new TextEdit(text.File, end, end, $", {copies}{{{string.Join(", ", fields.ConvertAll(f => $"{at}.{f.Field.Name}"))}}}"));
        return new Fix($"runtime.AddCleanup with a copy of {string.Join(", ", fields.ConvertAll(f => f.Field.Name))}, which allows cycles", edits);
    }

    /// <summary>How a type without pointers to the object is written in the package; null for others.</summary>
    static string? TypeText(FuncView v, GoType type) => type switch
    {
        BasicType { Kind: not BasicKind.UnsafePointer } b => b.ToString(),
        NamedType { Underlying: BasicType { Kind: not BasicKind.UnsafePointer } } named when ReferenceEquals(named.Obj.Pkg, v.Package.Pkg) && ReferenceEquals(v.Package.Pkg.Scope.Lookup(named.Obj.Name), named.Obj) => named.Obj.Name,
        _ => null,
    };

    /// <summary>Is a field written anywhere but in literals, and in this function before the call; or its address taken?</summary>
    static bool ChangesLater(VetProgram program, FuncView v, CallExpr call, Var field)
    {
        foreach (FuncView w in FuncView.All(program))
        {
            foreach (Node n in w.Nodes)
            {
                if (n is not SelectorExpr s || !ReferenceEquals((w.Info.Uses.GetValueOrDefault(s.Sel) as Var)?.Origin, field.Origin))
                    continue;
                Node? p = w.Parent(s);
                bool written = p is IncDecStmt or UnaryExpr { Op: Token.And } || p is RangeStmt r && !ReferenceEquals(r.X, s) || p is AssignStmt a && a.Lhs.Exists(l => ReferenceEquals(FuncView.Strip(l), s));
                if (written && !(ReferenceEquals(w, v) && p is AssignStmt && s.Pos < call.Pos && ReferenceEquals(v.FunctionAround(s), v.FunctionAround(call)) && v.LoopAround(s) == null))
                    return true;
            }
        }
        return false;
    }

    /// <summary>A finalizer that captures its object uses its parameter instead, which is the object.</summary>
    static Fix? ToParameter(FuncView v, CallExpr call, Var x)
    {
        if (FuncView.Strip(call.Args[1]) is not FuncLit lit || Captures(v, lit, x) == null || lit.Type is not { Params: [var p] } || v.TypeOf(p.Type) is not { } type || !Identical.Same(type, x.Type) || !IsNeverAnother(v, x)
            || FuncView.Strip(call.Args[0]) is not Ident)
            return null;
        SourceText text = SourceText.Of(lit)!;
        if (p.Name is not { Name: not "_" } name)
        {
            int start = p.Name != null ? text.Start(p.Name) : text.Start(p.Type), end = p.Name != null ? text.End(p.Name) : start;
            return new Fix($"let the finalizer use its parameter: func({x.Name} {text.Text(p.Type)})", [new TextEdit(text.File, start, end, p.Name != null ? x.Name : x.Name + " ")]);
        }
        List<TextEdit> edits = [];
        bool hidden = false;
        Walk.Tree(lit.Body, n =>
        {
            if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x))
                edits.Add(new TextEdit(text.File, text.Start(i), text.End(i), name.Name));
            hidden |= n is Ident d && d.Name == name.Name && v.Info.Defs.GetValueOrDefault(d) != null;
            return true;
        });
        return hidden || v.Info.Defs.GetValueOrDefault(name) is not Var own || v.AssignmentsOf(own).Count > 0 ? null : new Fix($"let the finalizer use its parameter {name.Name}", edits);
    }

    /// <summary>The variable names the same object wherever the function runs: it is set once.</summary>
    static bool IsNeverAnother(FuncView v, Var x) => !v.IsAddressed(x) && v.AssignmentsOf(x).Count == (v.IsParam(x) ? 0 : 1);
}

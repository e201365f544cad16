// Copies of trees: what inlining puts in place of a call, and what keeps a body as it was before passes change it.
//
// A copy belongs to a target function. Variables that the map knows are replaced; other variables of the copied function get a new
// variable in the target; variables of any other function are an error. Function literals inside are copied with their bodies; they are
// listed in Literals and named by the caller. Decisions of earlier passes (escape data) are not copied.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

public sealed class TreeCopy(Function from, Function target)
{
    readonly Dictionary<Local, Local> _locals = new(ReferenceEqualityComparer.Instance);

    /// <summary>Variables to use for those of the copied function, set before copying (parameters and results of an inlined call).</summary>
    public void Map(Local old, Local now) => _locals[old] = now;

    /// <summary>New label for an old one; the same if not set.</summary>
    public Func<string, string>? Label { get; init; }
    /// <summary>The symbol of the copy of a literal; the same if not set.</summary>
    public Func<Function, string>? LiteralName { get; init; }
    /// <summary>Position in the copy for one in the original (not in literals' bodies); the same if not set.</summary>
    public Func<Pos, Pos>? Place { get; init; }
    /// <summary>Copies of the literals that were met, outer ones first.</summary>
    public List<Function> Literals { get; init; } = [];

    /// <summary>The whole function again, under the same name, with its own variables.</summary>
    public static Function WholeFunction(Function f, List<Function> literals)
    {
        var copy = Shell(f, f.LinkName, f.Outer);
        var tree = new TreeCopy(f, copy) { Literals = literals };
        tree.FillShell();
        return copy;
    }

    Pos PosOf(Pos p) => Place == null ? p : Place(p);

    public List<StmtNode> Body(List<StmtNode> list)
    {
        var copy = new List<StmtNode>(list.Count);
        foreach (var s in list)
            copy.Add(Stmt(s));
        return copy;
    }

    public Local Local(Local l)
    {
        if (_locals.TryGetValue(l, out var known))
            return known;
        if (!ReferenceEquals(l.Owner, from))
            throw new InvalidOperationException($"TreeCopy: {l.Name} of {l.Owner.LinkName} in the body of {from.LinkName}");
        if (l.Class == LocalClass.Captured && ReferenceEquals(from, target))
            return l;
        var now = target.NewLocal(l.Name, l.Type, PosOf(l.Pos));
        now.IsTemp = l.IsTemp;
        now.HomePkg = l.HomePkg ?? (ReferenceEquals(from.Pkg, target.Pkg) ? null : from.Pkg);
        now.AddrTaken = l.AddrTaken;
        now.Reassigned = l.Reassigned;
        now.IsCapturedByClosure = l.IsCapturedByClosure;
        return _locals[l] = now;
    }

    public ExprNode Expr(ExprNode n)
    {
        var c = n.ShallowCopy();
        c.Data = null;
        c.Escapes = false;
        c.Pos = PosOf(c.Pos);
        if (c.Init != null)
            c.Init = [.. c.Init];
        switch (c)
        {
            case LocalNode l: l.Local = Local(l.Local); break;
            case AddStringNode s: s.List = [.. s.List]; break;
            case CompositeNode l: l.Elems = [.. l.Elems]; break;
            case MapLitNode m: m.Entries = [.. m.Entries]; break;
            case CallNode k:
                k.Args = [.. k.Args];
                k.Replacement = null;
                k.Tried = false;
                break;
            case BuiltinNode b: b.Args = [.. b.Args]; break;
            case InlinedCallNode i:
                i.Body = [.. i.Body];
                i.Results = i.Results.ConvertAll(Local);
                break;
            case ClosureNode f: f.Func = Literal(f.Func); break;
        }
        Walk.Edit(c, Expr, InPlace);
        return c;
    }

    public StmtNode Stmt(StmtNode n)
    {
        var c = n.ShallowCopy();
        c.Pos = PosOf(c.Pos);
        if (c.Init != null)
            c.Init = [.. c.Init];
        switch (c)
        {
            case DeclNode d: d.Local = Local(d.Local); break;
            case Assign2Node a:
                a.X = [.. a.X];
                a.Y = [.. a.Y];
                break;
            case AssignCallNode a: a.X = [.. a.X]; break;
            case ReturnNode r: r.Values = [.. r.Values]; break;
            case IfNode i:
                i.Then = [.. i.Then];
                i.Else = [.. i.Else];
                break;
            case ForNode f:
                f.Label = Named(f.Label);
                f.Post = [.. f.Post];
                f.Body = [.. f.Body];
                f.PerIteration = f.PerIteration.ConvertAll(Local);
                break;
            case RangeNode r:
                r.Label = Named(r.Label);
                r.Body = [.. r.Body];
                break;
            case SwitchNode s:
                s.Label = Named(s.Label);
                s.Cases = s.Cases.ConvertAll(Case);
                break;
            case TypeSwitchNode s:
                s.Label = Named(s.Label);
                s.Cases = s.Cases.ConvertAll(Case);
                break;
            case SelectNode s:
                s.Label = Named(s.Label);
                s.Cases = s.Cases.ConvertAll(x => new CommNode { Pos = PosOf(x.Pos), Comm = x.Comm == null ? null : Stmt(x.Comm), Body = Body(x.Body) });
                return EditInit(s);
            case BlockNode b: b.List = [.. b.List]; break;
            case LabelNode l: l.Label = Named(l.Label)!; break;
            case GotoNode g: g.Label = Named(g.Label)!; break;
            case BranchNode b: b.Label = Named(b.Label); break;
        }
        Walk.Edit(c, Expr, InPlace);
        return c;
    }

    StmtNode EditInit(StmtNode s)
    {
        if (s.Init != null)
            InPlace(s.Init);
        return s;
    }

    CaseNode Case(CaseNode c) => new()
    {
        Pos = PosOf(c.Pos),
        IsDefault = c.IsDefault,
        Exprs = [.. c.Exprs],
        Types = c.Types,
        Var = c.Var == null ? null : Local(c.Var),
        Body = [.. c.Body],
        Fallthrough = c.Fallthrough,
    };

    void InPlace(List<StmtNode> list)
    {
        for (int i = 0; i < list.Count; i++)
            list[i] = Stmt(list[i]);
    }

    string? Named(string? label) => label == null || Label == null ? label : Label(label);

    // ---- functions

    Function Literal(Function f)
    {
        var copy = Shell(f, LiteralName?.Invoke(f) ?? f.LinkName, target);
        Literals.Add(copy);
        var inner = new TreeCopy(f, copy) { LiteralName = LiteralName, Literals = Literals };
        foreach (var v in f.ClosureVars)
        {
            var now = inner.NewCaptured(v);
            now.Outer = v.Outer == null ? null : Local(v.Outer);
        }
        inner.FillShell();
        return copy;
    }

    /// <summary>In the target's package, so the name of another one stands before the function's.</summary>
    static string ShortName(string name, Tuza.Types.Package from, Tuza.Types.Package to)
    {
        string prefix = Names.Prefix(from) + ".";
        name = Names.Shown(name);
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
            return name;
        name = name[prefix.Length..];
        return ReferenceEquals(from, to) ? name : from.Name + "." + name;
    }

    static Function Shell(Function f, string name, Function? outer) => new()
    {
        LinkName = name,
        ShortName = name == f.LinkName ? f.ShortName : ShortName(name, f.Pkg, outer?.Pkg ?? f.Pkg),
        Pkg = outer != null && name != f.LinkName ? outer.Pkg : f.Pkg,
        Pos = f.Pos,
        EndPos = f.EndPos,
        Sig = f.Sig,
        Pragma = f.Pragma,
        LinknameRemote = f.LinknameRemote,
        IsClosure = f.IsClosure,
        Outer = outer,
        IsWrapper = f.IsWrapper,
        IsRangeFuncBody = f.IsRangeFuncBody,
        IsUnreported = f.IsUnreported,
        MessageName = f.MessageName,
        IsMessageOnly = f.IsMessageOnly,
        HasDefer = f.HasDefer,
        HasRecover = f.HasRecover,
        IsInstance = f.IsInstance,
        Obj = f.Obj,
        Source = f.Source,
    };

    Local NewCaptured(Local v)
    {
        var now = new Local
        {
            Name = v.Name,
            Type = v.Type,
            Class = LocalClass.Captured,
            Pos = v.Pos,
            Owner = target,
            ByValue = v.ByValue,
            AddrTaken = v.AddrTaken,
            Reassigned = v.Reassigned,
            IsCapturedByClosure = v.IsCapturedByClosure,
        };
        target.ClosureVars.Add(now);
        _locals[v] = now;
        return now;
    }

    void FillShell()
    {
        foreach (var l in from.Locals)
        {
            var now = Local(l);
            now.Class = l.Class;
            now.Index = l.Index;
        }
        target.Params = from.Params.ConvertAll(Local);
        target.Results = from.Results.ConvertAll(Local);
        target.TempCount = from.TempCount;
        if (from.ClosureVars.Count > 0 && target.ClosureVars.Count == 0)
            foreach (var v in from.ClosureVars)
                NewCaptured(v).Outer = v.Outer;
        target.Body = from.Body == null ? null : Body(from.Body);
    }
}

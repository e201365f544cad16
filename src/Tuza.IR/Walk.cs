// Going through trees: the children of a node, in evaluation order (Init first). Bodies of function literals are not children: they are
// functions of their own. Inlining, escape analysis, lowering and the verifier share these.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class Walk
{
    /// <summary>What a statement assigns to; targets left out (blank) are null.</summary>
    public static void Targets(StmtNode s, Action<ExprNode?> target)
    {
        switch (s)
        {
            case AssignNode a: target(a.X); break;
            case AssignOpNode a: target(a.X); break;
            case Assign2Node a: a.X.ForEach(target); break;
            case AssignCallNode a: a.X.ForEach(target); break;
            case AssignOkNode a:
                target(a.X);
                target(a.Ok);
                break;
            case RangeNode r:
                target(r.Key);
                target(r.Value);
                break;
        }
    }

    /// <summary>Calls the visitors for the direct children of an expression.</summary>
    public static void Children(ExprNode n, Action<ExprNode> expr, Action<StmtNode> stmt)
    {
        Each(n.Init, stmt);
        switch (n)
        {
            case ConstNode or NilNode or ZeroNode or LocalNode or GlobalNode or FuncNode or NewNode or ClosureNode: break;
            case AddrNode a: expr(a.X); break;
            case DerefNode d: expr(d.X); break;
            case FieldNode f: expr(f.X); break;
            case IndexNode i: expr(i.X); expr(i.Index); break;
            case MapIndexNode m: expr(m.Map); expr(m.Key); break;
            case SliceNode s: expr(s.X); Opt(s.Lo, expr); Opt(s.Hi, expr); Opt(s.Max, expr); break;
            case TypeAssertNode t: expr(t.X); break;
            case UnaryNode u: expr(u.X); break;
            case BinaryNode b: expr(b.X); expr(b.Y); break;
            case CompareNode c: expr(c.X); expr(c.Y); break;
            case LogicalNode l: expr(l.X); expr(l.Y); break;
            case AddStringNode s: Each(s.List, expr); break;
            case ConvNode c: expr(c.X); break;
            case RecvNode r: expr(r.Chan); break;
            case MakeSliceNode m: expr(m.Len); Opt(m.Cap, expr); break;
            case MakeMapNode m: Opt(m.Hint, expr); break;
            case MakeChanNode m: Opt(m.Size, expr); break;
            case CompositeNode c:
                foreach (var (_, v) in c.Elems)
                    expr(v);
                break;
            case MapLitNode m:
                foreach (var (k, v) in m.Entries)
                {
                    expr(k);
                    expr(v);
                }
                break;
            case MethodValueNode m: expr(m.X); break;
            case CallNode c: Opt(c.Fun, expr); Opt(c.Iface, expr); Each(c.Args, expr); break;
            case BuiltinNode b: Each(b.Args, expr); break;
            case InlinedCallNode c: Each(c.Body, stmt); break;
            default: throw Unknown(n);
        }
    }

    public static void Children(StmtNode n, Action<ExprNode> expr, Action<StmtNode> stmt)
    {
        Each(n.Init, stmt);
        switch (n)
        {
            case DeclNode or LabelNode or GotoNode or BranchNode or InlineMarkNode: break;
            case AssignNode a: Opt(a.X, expr); expr(a.Y); break;
            case Assign2Node a: EachOpt(a.X, expr); Each(a.Y, expr); break;
            case AssignCallNode a: EachOpt(a.X, expr); expr(a.Call); break;
            case AssignOkNode a: Opt(a.X, expr); Opt(a.Ok, expr); expr(a.Y); break;
            case AssignOpNode a: expr(a.X); expr(a.Y); break;
            case ExprStmtNode e: expr(e.X); break;
            case SendNode s: expr(s.Chan); expr(s.Value); break;
            case GoNode g: expr(g.Call); break;
            case DeferNode d: expr(d.Call); Opt(d.At, expr); break;
            case ReturnNode r: Each(r.Values, expr); break;
            case IfNode i: expr(i.Cond); Each(i.Then, stmt); Each(i.Else, stmt); break;
            case ForNode f: Opt(f.Cond, expr); Each(f.Post, stmt); Each(f.Body, stmt); break;
            case RangeNode r: expr(r.X); Opt(r.Key, expr); Opt(r.Value, expr); Each(r.Body, stmt); break;
            case SwitchNode s:
                Opt(s.Tag, expr);
                foreach (var c in s.Cases)
                {
                    Each(c.Exprs, expr);
                    Each(c.Body, stmt);
                }
                break;
            case TypeSwitchNode s:
                expr(s.X);
                foreach (var c in s.Cases)
                    Each(c.Body, stmt);
                break;
            case SelectNode s:
                foreach (var c in s.Cases)
                {
                    if (c.Comm != null)
                        stmt(c.Comm);
                    Each(c.Body, stmt);
                }
                break;
            case BlockNode b: Each(b.List, stmt); break;
            case CheckNilNode c: expr(c.X); break;
            default: throw Unknown(n);
        }
    }

    /// <summary>Replaces the direct children of an expression. <paramref name="list"/> edits statement lists in place.</summary>
    public static void Edit(ExprNode n, Func<ExprNode, ExprNode> expr, Action<List<StmtNode>> list)
    {
        if (n.Init != null)
            list(n.Init);
        switch (n)
        {
            case ConstNode or NilNode or ZeroNode or LocalNode or GlobalNode or FuncNode or NewNode or ClosureNode: break;
            case AddrNode a: a.X = expr(a.X); break;
            case DerefNode d: d.X = expr(d.X); break;
            case FieldNode f: f.X = expr(f.X); break;
            case IndexNode i: i.X = expr(i.X); i.Index = expr(i.Index); break;
            case MapIndexNode m: m.Map = expr(m.Map); m.Key = expr(m.Key); break;
            case SliceNode s: s.X = expr(s.X); s.Lo = EditOpt(s.Lo, expr); s.Hi = EditOpt(s.Hi, expr); s.Max = EditOpt(s.Max, expr); break;
            case TypeAssertNode t: t.X = expr(t.X); break;
            case UnaryNode u: u.X = expr(u.X); break;
            case BinaryNode b: b.X = expr(b.X); b.Y = expr(b.Y); break;
            case CompareNode c: c.X = expr(c.X); c.Y = expr(c.Y); break;
            case LogicalNode l: l.X = expr(l.X); l.Y = expr(l.Y); break;
            case AddStringNode s: EditAll(s.List, expr); break;
            case ConvNode c: c.X = expr(c.X); break;
            case RecvNode r: r.Chan = expr(r.Chan); break;
            case MakeSliceNode m: m.Len = expr(m.Len); m.Cap = EditOpt(m.Cap, expr); break;
            case MakeMapNode m: m.Hint = EditOpt(m.Hint, expr); break;
            case MakeChanNode m: m.Size = EditOpt(m.Size, expr); break;
            case CompositeNode c:
                for (int i = 0; i < c.Elems.Count; i++)
                    c.Elems[i] = (c.Elems[i].Index, expr(c.Elems[i].Value));
                break;
            case MapLitNode m:
                for (int i = 0; i < m.Entries.Count; i++)
                    m.Entries[i] = (expr(m.Entries[i].Key), expr(m.Entries[i].Value));
                break;
            case MethodValueNode m: m.X = expr(m.X); break;
            case CallNode c: c.Fun = EditOpt(c.Fun, expr); c.Iface = EditOpt(c.Iface, expr); EditAll(c.Args, expr); break;
            case BuiltinNode b: EditAll(b.Args, expr); break;
            case InlinedCallNode c: list(c.Body); break;
            default: throw Unknown(n);
        }
    }

    public static void Edit(StmtNode n, Func<ExprNode, ExprNode> expr, Action<List<StmtNode>> list)
    {
        if (n.Init != null)
            list(n.Init);
        switch (n)
        {
            case DeclNode or LabelNode or GotoNode or BranchNode or InlineMarkNode: break;
            case AssignNode a: a.X = EditOpt(a.X, expr); a.Y = expr(a.Y); break;
            case Assign2Node a: EditAllOpt(a.X, expr); EditAll(a.Y, expr); break;
            case AssignCallNode a: EditAllOpt(a.X, expr); a.Call = expr(a.Call); break;
            case AssignOkNode a: a.X = EditOpt(a.X, expr); a.Ok = EditOpt(a.Ok, expr); a.Y = expr(a.Y); break;
            case AssignOpNode a: a.X = expr(a.X); a.Y = expr(a.Y); break;
            case ExprStmtNode e: e.X = expr(e.X); break;
            case SendNode s: s.Chan = expr(s.Chan); s.Value = expr(s.Value); break;
            case GoNode g: g.Call = expr(g.Call); break;
            case DeferNode d: d.Call = expr(d.Call); d.At = EditOpt(d.At, expr); break;
            case ReturnNode r: EditAll(r.Values, expr); break;
            case IfNode i: i.Cond = expr(i.Cond); list(i.Then); list(i.Else); break;
            case ForNode f: f.Cond = EditOpt(f.Cond, expr); list(f.Post); list(f.Body); break;
            case RangeNode r: r.X = expr(r.X); r.Key = EditOpt(r.Key, expr); r.Value = EditOpt(r.Value, expr); list(r.Body); break;
            case SwitchNode s:
                s.Tag = EditOpt(s.Tag, expr);
                foreach (var c in s.Cases)
                {
                    EditAll(c.Exprs, expr);
                    list(c.Body);
                }
                break;
            case TypeSwitchNode s:
                s.X = expr(s.X);
                foreach (var c in s.Cases)
                    list(c.Body);
                break;
            case SelectNode s:
                foreach (var c in s.Cases)
                {
                    if (c.Comm != null)
                        Edit(c.Comm, expr, list);
                    list(c.Body);
                }
                break;
            case BlockNode b: list(b.List); break;
            case CheckNilNode c: c.X = expr(c.X); break;
            default: throw Unknown(n);
        }
    }

    /// <summary>All expressions and statements of a body, parents first; a visitor that returns false skips the children.</summary>
    public static void Preorder(IReadOnlyList<StmtNode> body, Func<ExprNode, bool>? expr, Func<StmtNode, bool>? stmt)
    {
        void OnExpr(ExprNode e)
        {
            if (expr == null || expr(e))
                Children(e, OnExpr, OnStmt);
        }
        void OnStmt(StmtNode s)
        {
            if (stmt == null || stmt(s))
                Children(s, OnExpr, OnStmt);
        }
        for (int i = 0; i < body.Count; i++)
            OnStmt(body[i]);
    }

    static void Opt(ExprNode? e, Action<ExprNode> f)
    {
        if (e != null)
            f(e);
    }

    static void Each<T>(List<T>? list, Action<T> f)
    {
        if (list != null)
            for (int i = 0; i < list.Count; i++)
                f(list[i]);
    }

    static void EachOpt(List<ExprNode?> list, Action<ExprNode> f)
    {
        foreach (var e in list)
            Opt(e, f);
    }

    static ExprNode? EditOpt(ExprNode? e, Func<ExprNode, ExprNode> f) => e == null ? null : f(e);

    static void EditAll(List<ExprNode> list, Func<ExprNode, ExprNode> f)
    {
        for (int i = 0; i < list.Count; i++)
            list[i] = f(list[i]);
    }

    static void EditAllOpt(List<ExprNode?> list, Func<ExprNode, ExprNode> f)
    {
        for (int i = 0; i < list.Count; i++)
            list[i] = EditOpt(list[i], f);
    }

    static InvalidOperationException Unknown(object n) => new($"Walk: unknown node {n.GetType().Name}");
}

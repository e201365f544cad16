// Assignments to local variables that are never used are dropped, with literals that only they mention.
//
// Only values that do nothing when evaluated are dropped (names, constants, function literals). `_ = x` counts as a use of x when it stands alone
// or among blanks; in a list with variables the blank discards. A literal whose only mention is dropped is still a function, but nobody makes it.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

static class DeadLocals
{
    /// <summary>f: an outermost function, or a literal that captures nothing. Its capturing literals are visited with it.</summary>
    public static void Run(Function f)
    {
        if (f.Body == null || Batches.Captures(f))
            return;
        var v = new Visitor();
        v.List(f.Body);
        v.Drop();
    }

    sealed class Visitor
    {
        readonly record struct Assignment(StmtNode Statement, int Index, ExprNode Value);

        /// <summary>Assignments that can go if the variable is not used; null: it is used.</summary>
        readonly Dictionary<Local, List<Assignment>?> _pending = new(ReferenceEqualityComparer.Instance);

        public void List(List<StmtNode>? list)
        {
            if (list != null)
                for (int i = 0; i < list.Count; i++)
                    Stmt(list[i]);
        }

        void Stmt(StmtNode s)
        {
            switch (s)
            {
                case DeclNode:
                    List(s.Init);
                    break;
                case AssignNode a:
                    List(s.Init);
                    Assign(s, 0, a.X, a.Y);
                    break;
                case Assign2Node a:
                    List(s.Init);
                    bool discards = a.X.Exists(x => x != null);
                    for (int i = 0; i < a.X.Count; i++)
                        if (discards && a.X[i] == null && !HasEffects(a.Y[i]))
                            a.Y[i] = Zero(a.Y[i]);
                        else
                            Assign(s, i, a.X[i], a.Y[i]);
                    break;
                default:
                    Walk.Children(s, Expr, Stmt);
                    break;
            }
        }

        void Assign(StmtNode s, int index, ExprNode? x, ExprNode y)
        {
            if (x is LocalNode { Init: null, Local: var l } && Definitions.Canonical(l) is { Class: LocalClass.Auto or LocalClass.Param } v && !HasEffects(y)
                && (!_pending.TryGetValue(v, out var known) || known != null))
            {
                if (known == null)
                    _pending[v] = known = [];
                known.Add(new Assignment(s, index, y));
                return;
            }
            if (x != null && x is not LocalNode)
                Expr(x);
            Expr(y);
        }

        static bool HasEffects(ExprNode n) => n.Init is { Count: > 0 } || n is not (LocalNode or GlobalNode or FuncNode { IsMethodExpr: false } or ConstNode or NilNode or ClosureNode or ZeroNode);

        void Expr(ExprNode n)
        {
            switch (n)
            {
                case LocalNode l:
                    List(n.Init);
                    Use(l.Local);
                    break;
                case ClosureNode c:
                    List(n.Init);
                    foreach (var v in c.Func.ClosureVars)
                        Use(v);
                    if (Batches.Captures(c.Func))
                        List(c.Func.Body);
                    break;
                case InlinedCallNode i:
                    Walk.Children(n, Expr, Stmt);
                    foreach (var r in i.Results)
                        Use(r);
                    break;
                default:
                    Walk.Children(n, Expr, Stmt);
                    break;
            }
        }

        void Use(Local l)
        {
            l = Definitions.Canonical(l);
            _pending.TryGetValue(l, out var waiting);
            _pending[l] = null;
            foreach (var a in waiting ?? [])
                Expr(a.Value);
        }

        public void Drop()
        {
            foreach (var list in _pending.Values)
                foreach (var a in list ?? [])
                {
                    switch (a.Statement)
                    {
                        case AssignNode s:
                            (s.X, s.Y, s.Define) = (null, Zero(a.Value), false);
                            break;
                        case Assign2Node s:
                            (s.X[a.Index], s.Y[a.Index]) = (null, Zero(a.Value));
                            break;
                    }
                }
        }

        static ConstNode Zero(ExprNode of) => new() { Value = ConstantOps.MakeInt(0), Type = Universe.Int, Pos = of.Pos };
    }
}

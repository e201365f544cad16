// Which variables of a loop each iteration has for itself.
//
// Go says: all that the loop declares. It can only be seen when a literal captures the variable or its address is taken inside the loop; then the
// variable is unshared. Both under a return statement do not count: the loop ends there. (Unless there is another loop in between.) This runs
// on the final tree, after inlining.

using System.Collections.Generic;

namespace Tuza.IR;

static class LoopVariables
{
    /// <summary>Restricts loops' lists of fresh variables to those that need to be fresh.</summary>
    public static void Narrow(Function f)
    {
        if (f.Body == null)
            return;
        var visit = new Visitor();
        foreach (var s in f.Body)
            visit.Stmt(s);
    }

    public static bool IsFresh(RangeNode r, Local l) => r.Fresh != null && r.Fresh.Contains(l);

    sealed class Visitor
    {
        /// <summary>Candidates, and whether they must be fresh.</summary>
        readonly Dictionary<Local, bool> _candidates = new(ReferenceEqualityComparer.Instance);
        int _depth, _returnDepth;

        void Leak(Local l)
        {
            l = Definitions.Canonical(l);
            if (_returnDepth < _depth && _candidates.ContainsKey(l))
                _candidates[l] = true;
        }

        public void Stmt(StmtNode s)
        {
            switch (s)
            {
                case ReturnNode:
                    int saved = _returnDepth;
                    _returnDepth = _depth;
                    Walk.Children(s, Expr, Stmt);
                    _returnDepth = saved;
                    break;
                case RangeNode { Define: true } r:
                    var vars = new List<Local>();
                    foreach (var target in (ExprNode?[])[r.Key, r.Value])
                        if (target is LocalNode l)
                            vars.Add(l.Local);
                    r.Fresh = Loop(s, vars);
                    break;
                case ForNode { PerIteration.Count: > 0 } f:
                    f.PerIteration = Loop(s, f.PerIteration) ?? [];
                    break;
                default:
                    Walk.Children(s, Expr, Stmt);
                    break;
            }
        }

        List<Local>? Loop(StmtNode s, List<Local> vars)
        {
            foreach (var v in vars)
                _candidates[v] = false;
            _depth++;
            Walk.Children(s, Expr, Stmt);
            _depth--;
            List<Local>? fresh = null;
            foreach (var v in vars)
                if (_candidates[v])
                    (fresh ??= []).Add(v);
            return fresh;
        }

        void Expr(ExprNode n)
        {
            switch (n)
            {
                case ClosureNode c:
                    foreach (var v in c.Func.ClosureVars)
                        if (v.Outer != null)
                            Leak(v);
                    break;
                case AddrNode { IsPtrLit: false } a when Definitions.Outermost(a.X) is { } l:
                    Leak(l);
                    break;
            }
            Walk.Children(n, Expr, Stmt);
        }
    }
}

// The calls of one function, in the order in which gc tries them: arguments before the call they belong to; calls in inlined bodies behind all
// others.

using System.Collections.Generic;

namespace Tuza.IR;

public sealed partial class Inliner
{
    /// <summary>How many calls were ever seen to call a literal: one that is called once may be big.</summary>
    readonly Dictionary<Function, int> _useCounts = new(ReferenceEqualityComparer.Instance);

    sealed class CallSites
    {
        readonly Inliner _inliner;
        readonly Function _fn;
        readonly bool _big;
        readonly List<CallNode> _sites = [];
        readonly HashSet<CallNode> _known = new(ReferenceEqualityComparer.Instance);
        readonly Dictionary<CallNode, Function> _resolved = new(ReferenceEqualityComparer.Instance);

        public CallSites(Inliner inliner, Function fn)
        {
            _inliner = inliner;
            _fn = fn;
            if (inliner._level != 0 && !IsLateWrapper(fn) && InlineCost.IsBig(fn))
            {
                _big = true;
                if (inliner._messages.Wants(2))
                    inliner._messages.Print(PosOf(fn), $"function {InlineText.Name(fn, inliner._package.Pkg)} considered 'big'; reducing max cost of inlinees");
            }
            foreach (var s in fn.Body!)
                Stmt(s);
        }

        public void ResolveAll()
        {
            foreach (var c in _sites)
                Resolve(c);
        }

        /// <summary>One round over all sites, with those that appear meanwhile.</summary>
        public bool TryAll()
        {
            bool changed = false;
            int from = 0, to = _sites.Count;
            while (from < to)
            {
                for (int i = from; i < to; i++)
                    changed |= Try(_sites[i]);
                (from, to) = (to, _sites.Count);
                // A group of new sites is resolved before any of it is inlined, so that calls of one literal are counted first.
                for (int i = from; i < to; i++)
                    Resolve(_sites[i]);
            }
            return changed;
        }

        bool Try(CallNode site)
        {
            if (Assignments.Current(site) is InlinedCallNode)
                return false;
            if (Resolve(site) is not { } callee)
                return false;
            var call = (CallNode)Assignments.Current(site);
            bool once = callee.IsClosure && _inliner._useCounts[callee] == 1;
            if (call.Tried || !_inliner.MayInline(_fn, call, callee, _big, once, true))
                return false;
            if (_inliner.Inline(_fn, call, callee) is not { } body)
            {
                call.Tried = true;
                return false;
            }
            Children(body);
            return true;
        }

        Function? Resolve(CallNode site)
        {
            if (_resolved.TryGetValue(site, out var known))
                return known;
            if (Assignments.Current(site) is not CallNode call)
                return null;
            if (call.Iface != null && _inliner._devirtualizer.Try(call) is { } direct)
            {
                call.Replacement = direct;
                call = direct;
            }
            if (_inliner._level == 0 || !MightInline(call) || _inliner.CalleeOf(_fn, call) is not { } callee)
                return null;
            _resolved.Add(site, callee);
            _inliner._useCounts[callee] = _inliner._useCounts.GetValueOrDefault(callee) + 1;
            return callee;
        }

        // ---- finding

        void Children(ExprNode e) => Walk.Children(e, Expr, Stmt);

        void Expr(ExprNode e)
        {
            if (e is CallNode c && !_known.Add(c))
                return;
            Children(e);
            if (e is CallNode call)
                _sites.Add(call);
        }

        void Stmt(StmtNode s)
        {
            if (s is GoNode { Call: CallNode g })
                _known.Add(g);
            else if (s is DeferNode { Call: CallNode d })
                _known.Add(d);
            Walk.Children(s, Expr, Stmt);
        }
    }
}

// Puts the body of a function in place of a call.
//
// Parameters and results become variables of the caller; arguments are assigned to them first, as one parallel assignment. A return
// assigns the results and jumps behind the body. When there is exactly one return, with values, and no result has a name, the results come
// into existence there; otherwise they are declared, zero, before the body. Labels get new names. Function literals in the body are copied as
// new functions of the caller.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

/// <summary>One inlining of callee into caller.</summary>
sealed class InlineBody
{
    readonly Function _caller, _callee;
    readonly CallNode _call;
    readonly InlinedCall _where;
    readonly List<Local> _results = [];
    readonly string _end;
    readonly bool _delayResults;
    bool _jumps;

    InlineBody(Function caller, CallNode call, Function callee, int number)
    {
        _caller = caller;
        _call = call;
        _callee = callee;
        _where = new InlinedCall(call.Pos, Names.Shown(callee.LinkName), callee.Pos, callee.IsWrapper);
        _end = ".i" + number;
        _delayResults = CanDelayResults(callee);
    }

    /// <summary>Makes the body; number tells the inlined bodies of one function apart. Literals receives the copies of function literals.</summary>
    public static InlinedCallNode Make(Function caller, CallNode call, Function callee, int number, Func<Function, string> literalName, List<Function> literals) =>
        new InlineBody(caller, call, callee, number).Make(literalName, literals);

    InlinedCallNode Make(Func<Function, string> literalName, List<Function> literals)
    {
        var copy = new TreeCopy(_callee, _caller) { Place = _where.Place, Label = l => l + _end, LiteralName = literalName, Literals = literals };
        foreach (var v in _callee.ClosureVars)
            if (v.Outer != null)
                copy.Map(v, v.Outer);
        List<StmtNode> init = _call.Init == null ? [] : [.. _call.Init];
        if (_call.Fun is { Init: { } effects } and not FuncNode)
            init.AddRange(effects);
        Arguments(copy, init);
        foreach (var r in _callee.Results)
        {
            var l = NewVariable(copy, r);
            _results.Add(l);
            if (!_delayResults)
                init.Add(new DeclNode { Local = l, Pos = _call.Pos });
        }
        init.Add(new InlineMarkNode { Callee = _callee, Pos = _call.Pos });
        var body = copy.Body(_callee.Body!);
        Returns(body, true);
        if (_jumps)
            body.Add(new LabelNode { Label = _end, Pos = _call.Pos });
        return new InlinedCallNode { Pos = _call.Pos, Type = _call.Type, Init = init, Body = body, Results = _results, Callee = _callee };
    }

    Local NewVariable(TreeCopy copy, Local old)
    {
        var l = _caller.NewLocal(old.Name, old.Type, _where.Place(old.Pos));
        l.HomePkg = old.HomePkg ?? (ReferenceEquals(_callee.Pkg, _caller.Pkg) ? null : _callee.Pkg);
        l.AddrTaken = old.AddrTaken;
        l.Reassigned = old.Reassigned;
        l.IsCapturedByClosure = old.IsCapturedByClosure;
        copy.Map(old, l);
        return l;
    }

    void Arguments(TreeCopy copy, List<StmtNode> init)
    {
        var parameters = _callee.Params;
        if (parameters.Count != _call.Args.Count)
            throw new InvalidOperationException($"inlining {_callee.LinkName} into {_caller.LinkName}: {_call.Args.Count} arguments for {parameters.Count} parameters");
        if (parameters.Count == 0)
            return;
        var decls = new List<StmtNode>();
        var targets = new List<ExprNode?>();
        foreach (var p in parameters)
        {
            if (p.Name.StartsWith('~')) // has no name, so nobody can mention it
            {
                targets.Add(null);
                continue;
            }
            var l = NewVariable(copy, p);
            decls.Add(new DeclNode { Local = l, Pos = _call.Pos });
            targets.Add(new LocalNode { Local = l, Type = l.Type, Pos = _call.Pos });
        }
        bool define = decls.Count > 0;
        init.Add(new Assign2Node { X = targets, Y = [.. _call.Args], Define = define, Pos = _call.Pos, Init = define ? decls : null });
    }

    // ---- returns

    /// <summary>Replaces the returns in a list; tail: what follows the list is the end of the body.</summary>
    void Returns(List<StmtNode> list, bool tail)
    {
        for (int i = 0; i < list.Count; i++)
        {
            bool last = tail && i == list.Count - 1;
            switch (list[i])
            {
                case ReturnNode r:
                    list[i] = Return(r, last);
                    break;
                case IfNode s:
                    Returns(s.Then, last);
                    Returns(s.Else, last);
                    break;
                case BlockNode s:
                    Returns(s.List, last);
                    break;
                case ForNode s:
                    Returns(s.Body, false);
                    break;
                case RangeNode s:
                    Returns(s.Body, false);
                    break;
                case SwitchNode s:
                    foreach (var c in s.Cases)
                        Returns(c.Body, false);
                    break;
                case TypeSwitchNode s:
                    foreach (var c in s.Cases)
                        Returns(c.Body, false);
                    break;
                case SelectNode s:
                    foreach (var c in s.Cases)
                        Returns(c.Body, false);
                    break;
            }
        }
    }

    BlockNode Return(ReturnNode r, bool last)
    {
        List<StmtNode> list = r.Init == null ? [] : [.. r.Init];
        if (r.Values.Count > 0)
        {
            var targets = _results.ConvertAll(v => (ExprNode?)new LocalNode { Local = v, Type = v.Type, Pos = _call.Pos });
            List<StmtNode>? decls = _delayResults ? _results.ConvertAll(v => (StmtNode)new DeclNode { Local = v, Pos = _call.Pos }) : null;
            list.Add(new Assign2Node { X = targets, Y = r.Values, Define = _delayResults, Pos = r.Pos, Init = decls });
        }
        if (!last)
        {
            _jumps = true;
            list.Add(new GotoNode { Label = _end, Pos = r.Pos });
        }
        return new BlockNode { List = list, Pos = r.Pos };
    }

    /// <summary>Exactly one return, with values, and no named result.</summary>
    static bool CanDelayResults(Function f)
    {
        int returns = 0;
        Walk.Preorder(f.Body!, null, s =>
        {
            if (s is ReturnNode r)
                returns += r.Values.Count == 0 ? 2 : 1;
            return true;
        });
        return returns == 1 && f.Results.TrueForAll(static r => r.Name.StartsWith('~'));
    }
}

// The end of inlining: replacements take the places of calls; what nobody needs any more goes.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

public sealed partial class Inliner
{
    static void Settle(Function f)
    {
        if (f.Body != null)
            SettleList(f.Body);
    }

    static void SettleList(List<StmtNode> list)
    {
        foreach (var s in list)
            Walk.Edit(s, SettleExpr, SettleList);
    }

    static ExprNode SettleExpr(ExprNode e)
    {
        e = Assignments.Current(e);
        Walk.Edit(e, SettleExpr, SettleList);
        return e;
    }

    /// <summary>Literals that no function makes any more, because all their calls were inlined. One that captures has no meaning alone.</summary>
    void DropUnused(int first)
    {
        var functions = _package.Functions;
        var used = new HashSet<Function>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<Function>();
        for (int i = first; i < functions.Count; i++)
            if (functions[i] is { IsClosure: false } or { Outer: null } or { ClosureVars.Count: 0 })
                pending.Push(functions[i]);
        while (pending.TryPop(out var f))
            Batches.References(f, g =>
            {
                if (g.IsClosure && used.Add(g))
                    pending.Push(g);
            });
        for (int i = first; i < functions.Count; i++)
            if (functions[i] is { IsClosure: true, Outer: not null, ClosureVars.Count: > 0 } f && !used.Contains(f))
                f.Body = null;
    }

    /// <summary>Symbols for the literals of one inlined body: the caller's name, the names of the functions inlined there, and a number.</summary>
    sealed class LiteralNames
    {
        readonly Inliner _inliner;
        readonly Function _caller;
        readonly string _prefix;
        readonly Dictionary<Function, string> _names = new(ReferenceEqualityComparer.Instance);

        public LiteralNames(Inliner inliner, Function caller, Pos at, Function callee)
        {
            _inliner = inliner;
            _caller = caller;
            string chain = "";
            for (var i = at.Inlined; i != null; i = i.At.Inlined)
                chain = "." + Short(i.Function) + chain;
            _prefix = caller.LinkName + chain + "." + Short(callee.LinkName);
        }

        /// <summary>The symbol without its package.</summary>
        static string Short(string symbol)
        {
            int end = symbol.IndexOf('[');
            int slash = symbol.LastIndexOf('/', end < 0 ? symbol.Length - 1 : end);
            int dot = symbol.IndexOf('.', slash + 1);
            return dot < 0 ? symbol : symbol[(dot + 1)..];
        }

        public string Of(Function literal)
        {
            string name;
            if (literal.Outer is { } outer && _names.TryGetValue(outer, out var above))
                name = above + literal.LinkName[outer.LinkName.Length..];
            else
            {
                string kind = literal.IsRangeFuncBody ? "-range"
                    : literal.IsWrapper ? literal.LinkName.Contains(".deferwrap", StringComparison.Ordinal) ? ".deferwrap" : ".gowrap"
                    : _caller.IsClosure ? "." : ".func";
                name = _prefix + kind + _inliner.NextNumber(_caller, kind);
            }
            return _names[literal] = name;
        }
    }

    Dictionary<(Function, string), int>? _numbers;

    /// <summary>The next free number for literals of a function, behind those of its source.</summary>
    int NextNumber(Function f, string kind)
    {
        if (_numbers == null)
        {
            _numbers = [];
            foreach (var l in _package.Functions)
                if (l.IsClosure && l.Outer is { } outer && l.LinkName.Length > outer.LinkName.Length)
                {
                    string tail = l.LinkName[outer.LinkName.Length..];
                    int digits = tail.Length;
                    while (digits > 0 && char.IsAsciiDigit(tail[digits - 1]))
                        digits--;
                    if (int.TryParse(tail[digits..], out int n))
                        _numbers[(outer, tail[..digits])] = Math.Max(n, _numbers.GetValueOrDefault((outer, tail[..digits])));
                }
        }
        int next = _numbers.GetValueOrDefault((f, kind)) + 1;
        return _numbers[(f, kind)] = next;
    }
}

// The end of inlining: replacements take the places of calls; what nobody needs any more goes.

using System;
using System.Collections.Generic;

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

    /// <summary>Names for the literals of one inlined body: those of the function they were written in. Symbols must differ between copies, so they
    /// end in `#...#`, which is for the linker only.</summary>
    sealed class LiteralNames(Function caller, Function callee, int copy)
    {
        readonly Dictionary<Function, string> _names = new(ReferenceEqualityComparer.Instance);

        public string Of(Function literal)
        {
            string old = Names.Shown(literal.LinkName), name;
            if (literal.Outer is { } outer && _names.TryGetValue(outer, out string? above))
                name = above + old[Names.Shown(outer.LinkName).Length..];
            else
            {
                int digits = old.Length;
                while (char.IsAsciiDigit(old[digits - 1]))
                    digits--;
                string kind = literal.IsRangeFuncBody ? "-range"
                    : literal.IsWrapper ? old.Contains(".deferwrap", StringComparison.Ordinal) ? ".deferwrap" : ".gowrap"
                    : caller.IsClosure ? "." : ".func";
                name = Names.Shown(callee.LinkName) + kind + old[digits..];
            }
            _names[literal] = name;
            return $"{name}#{caller.LinkName}.{copy}#";
        }
    }
}

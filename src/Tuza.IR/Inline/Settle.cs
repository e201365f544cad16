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

// The table of analyzers, and what is done with their findings: silenced ones dropped, the rest sorted and given to the packages.
//
// A finding is silenced by a comment `//tuza:ignore CATEGORY REASON` on its line or on the line above; CATEGORY may be the rule's name too. Without
// a reason the comment does nothing, and is itself a finding.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Vet;

/// <summary>One analyzer. Help: one line for the command's help and for SARIF.</summary>
public sealed record Rule(string Name, string Category, string Help, Action<VetProgram, Action<Finding>> Run);

/// <summary>Runs analyzers.</summary>
public static class Rules
{
    const string IgnoreMark = "//tuza:ignore", NoAllocMark = "tuza:noalloc";

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("SUBSTR", "retain/substring", "a short substring that is kept keeps its whole string alive", Retention.RunStrings),
        new("SUBSLICE", "retain/subslice", "a short part of a slice that is kept keeps its whole array alive", Retention.RunSlices),
        new("LOSTPTR", "retain/elements", "elements that no slice can reach any more keep what they point to alive", LostElements.Run),
        new("GOLEAK", "goroutine/blocked", "a goroutine that can never end", BlockedGoroutine.Run),
        new("TICKER", "timer/ticker", "a ticker that is never stopped", Ticker.Run),
        new("FINCYCLE", "finalizer/cycle", "a finalizer on an object that refers to itself never runs, and the object is never freed", FinalizerCycle.Run),
        new("DEFERLOOP", "defer/loop", "deferred calls in a loop run only when the function returns", DeferInLoop.Run),
        new("ATOMIC32", "layout/atomic32", "a 64-bit atomic operation that panics on 32-bit machines", AtomicUses.Run),
        new("PADDING", "layout/padding", "another order of the fields makes the struct much smaller", Padding.Run),
        // NoAlloc works on compiled trees, which the command makes only where a function is marked.
        new("NOALLOC", "alloc/noalloc", "a function marked //tuza:noalloc that can allocate", (_, _) => { }),
        new("IGNORE", "vet/ignore", "a //tuza:ignore comment without a reason", (_, _) => { }),
    ];

    /// <summary>The rule of a name or category in any case; null when there is none.</summary>
    public static Rule? Find(string name)
    {
        foreach (Rule r in All)
        {
            if (string.Equals(r.Name, name, StringComparison.OrdinalIgnoreCase) || string.Equals(r.Category, name, StringComparison.OrdinalIgnoreCase))
                return r;
        }
        return null;
    }

    /// <summary>The findings of each root package, in the order of the text. more: findings made elsewhere.</summary>
    public static List<(VetPackage Package, List<Finding> Findings)> Run(VetProgram program, IReadOnlyCollection<Rule> rules, IEnumerable<Finding> more)
    {
        List<Finding> all = [.. more];
        bool promises = false;
        foreach (Rule r in rules)
        {
            r.Run(program, all.Add);
            promises |= r.Name == "NOALLOC";
        }
        Dictionary<string, (VetPackage Package, List<Finding> List)> byFile = [];
        List<(VetPackage, List<Finding>)> result = [];
        Ignores ignores = new();
        foreach (VetPackage p in program.Packages)
        {
            if (!p.IsRoot)
                continue;
            List<Finding> list = [];
            result.Add((p, list));
            foreach (FileNode file in p.Pkg.Files)
            {
                byFile[file.Source.Path] = (p, list);
                ignores.Read(file, rules.Count == All.Count ? list.Add : _ => { });
                if (promises)
                    Promises(file, all.Add);
            }
        }
        HashSet<(string, int, int, string)> seen = [];
        foreach (Finding f in all)
        {
            if (f.Pos.File is { } file && byFile.TryGetValue(file.Path, out var where) && !ignores.Silences(f) && seen.Add((file.Path, f.Pos.Line, f.Pos.Column, f.Rule)))
                where.List.Add(f);
        }
        foreach (var (_, list) in result)
            list.Sort((a, b) => Compare(a, b));
        return result;
    }

    /// <summary>Marks that promise nothing, since no function with a body follows: who wrote them believes otherwise.</summary>
    static void Promises(FileNode file, Action<Finding> report)
    {
        HashSet<int> checkedLines = [];
        foreach (Decl d in file.Decls)
        {
            if (d is not FuncDecl f)
                continue;
            foreach (Directive mark in f.Directives)
            {
                if (Pragmas.Verb(mark) == NoAllocMark && f.Body != null)
                    checkedLines.Add(mark.Pos.Line);
            }
        }
        foreach (Comment c in file.Comments)
        {
            if (c.Text.StartsWith("//" + NoAllocMark, StringComparison.Ordinal) && c.Text.AsSpan(2 + NoAllocMark.Length) is [] or [' ' or '\t', ..] && !checkedLines.Contains(c.Pos.Line))
                report(new Finding(c.Pos, c.End, "NOALLOC", "alloc/noalloc", "//tuza:noalloc is checked only right above a function with a body"));
        }
    }

    static int Compare(Finding a, Finding b)
    {
        int c = string.CompareOrdinal(a.Pos.File?.Path, b.Pos.File?.Path);
        if (c == 0)
            c = (a.Pos.Line, a.Pos.Column).CompareTo((b.Pos.Line, b.Pos.Column));
        return c != 0 ? c : string.CompareOrdinal(a.Rule, b.Rule);
    }

    sealed class Ignores
    {
        readonly Dictionary<(string File, int Line), List<string>> _lines = [];

        public void Read(FileNode file, Action<Finding> report)
        {
            foreach (Comment c in file.Comments)
            {
                if (!c.Text.StartsWith(IgnoreMark, StringComparison.Ordinal))
                    continue;
                string[] words = c.Text[IgnoreMark.Length..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (words.Length < 2 || Find(words[0]) == null)
                {
                    report(new Finding(c.Pos, c.End, "IGNORE", "vet/ignore", words.Length == 0 ? "//tuza:ignore needs a rule and a reason: //tuza:ignore retain/substring because …"
                        : Find(words[0]) == null ? $"//tuza:ignore {words[0]}: no such rule" : "//tuza:ignore needs a reason: //tuza:ignore " + words[0] + " because …"));
                    continue;
                }
                foreach (int line in (int[])[c.Pos.Line, c.Pos.Line + 1])
                {
                    if (!_lines.TryGetValue((file.Source.Path, line), out List<string>? list))
                        _lines[(file.Source.Path, line)] = list = [];
                    list.Add(Find(words[0])!.Name);
                }
            }
        }

        public bool Silences(Finding f) => _lines.TryGetValue((f.Pos.File?.Path ?? "", f.Pos.Line), out List<string>? list) && list.Contains(f.Rule);
    }
}

// TICKER: a ticker that is never stopped.
//
// Up to Go 1.22 the timer heap of the runtime refers to every running ticker: one that nobody stops stays for ever. Since Go 1.23 (by the version in
// go.mod) an unreferenced ticker is collected; there the finding is a note. Looked at are tickers in local variables that do not leave the
// function, on each path to its end, and `time.NewTicker(d).C`, which nobody can stop. Functions that never end are left to GOLEAK.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The TICKER analyzer.</summary>
public static class Ticker
{
    const int CollectedSince = 23;

    public static void Run(VetProgram program, Action<Finding> report)
    {
        foreach (FuncView v in FuncView.All(program))
        {
            foreach (Node n in v.Nodes)
            {
                if (n is not CallExpr call || v.CalleeName(call) is not ("time.NewTicker" or "time.Tick"))
                    continue;
                if (v.CalleeName(call) == "time.Tick")
                {
                    if (v.Package.GoMinor < CollectedSince && BodyAround(v, call) is { } around && !PathCheck.IsEndless(v, around) && !IsMain(v, call))
                        Report(v, call, "the ticker of time.Tick cannot be stopped", null, null);
                    continue;
                }
                switch (v.Parent(call))
                {
                    case SelectorExpr { Sel.Name: "C" }:
                        Report(v, call, "the ticker can never be stopped: only its channel is kept", null, null);
                        break;
                    case ExprStmt or AssignStmt { Lhs: [Ident { Name: "_" }] }:
                        Report(v, call, "the ticker can never be stopped: nothing refers to it", null, null);
                        break;
                    case AssignStmt { Lhs: [var target] } when FuncView.Strip(target) is SelectorExpr { Sel: var sel } && v.Info.Uses.GetValueOrDefault(sel) is Var { IsField: true } f:
                        Field(v, call, f);
                        break;
                    case KeyValueExpr { Key: Ident key } when v.Info.Uses.GetValueOrDefault(key) is Var { IsField: true } f:
                        Field(v, call, f);
                        break;
                    case AssignStmt { Lhs: [Ident name], Define: true } a when v.VarOf(name) is { } t:
                        Local(v, call, a, t);
                        break;
                }
            }
        }

        // A field that nothing in the package stops, and that other packages cannot see.
        void Field(FuncView v, CallExpr call, Var f)
        {
            if (f.Exported || v.Package.GoMinor >= CollectedSince)
                return;
            foreach (FuncView w in FuncView.All(v.Package))
            {
                foreach (Node n in w.Nodes)
                {
                    if (n is Ident i && ReferenceEquals((w.Info.Uses.GetValueOrDefault(i) as Var)?.Origin, f.Origin) && w.Parent(i) is SelectorExpr s && w.Parent(s) is not SelectorExpr { Sel.Name: "C" or "Reset" } and not AssignStmt)
                        return;
                }
            }
            Report(v, call, $"nothing stops the ticker in field {f.Name}", null, StopBehind(v, call, f));
        }

        // A field that no other function uses is a variable of the function that sets it.
        static Fix? StopBehind(FuncView v, CallExpr call, Var f)
        {
            if (v.Parent(call) is not AssignStmt { Lhs: [var target], Rhs.Count: 1 } a || v.LoopAround(a) != null || v.Parent(a) is not (BlockStmt or CaseClause or CommClause) || FuncView.Strip(target) is not SelectorExpr { X: Ident })
                return null;
            foreach (FuncView w in FuncView.All(v.Package))
            {
                foreach (Node n in w.Nodes)
                {
                    if (n is Ident i && ReferenceEquals((w.Info.Uses.GetValueOrDefault(i) as Var)?.Origin, f.Origin)
                        && (!ReferenceEquals(w, v) || !ReferenceEquals(v.FunctionAround(i), v.FunctionAround(a)) || v.Parent(i) is SelectorExpr s && v.Parent(s) is AssignStmt other && !ReferenceEquals(other, a)))
                        return null;
                }
            }
            SourceText text = SourceText.Of(a)!;
            string stop = $"defer {text.Text(target)}.Stop()";
            return new Fix(stop, [text.LineAfter(text.End(a), text.Indent(a.Pos), stop)]);
        }

        void Local(FuncView v, CallExpr call, AssignStmt a, Var t)
        {
            if (v.AssignmentsOf(t).Count != 1 || v.IsAddressed(t) || Leaves(v, t) || BodyAround(v, call) is not { } body || PathCheck.IsEndless(v, body))
                return;
            Node? end = PathCheck.EndWithout(v, body, a, x => IsStop(v, x, t));
            if (end == null || (IsMain(v, call) && v.LoopAround(a) == null))
                return;
            bool anyStop = v.Nodes.Exists(x => IsStop(v, x, t));
            Pos at = ReferenceEquals(end, body) ? body.Rbrace : end.Pos;
            SourceText text = SourceText.Of(a)!;
            Fix? fix = null;
            // A second Stop does nothing.
            if (v.LoopAround(a) == null && v.Parent(a) is BlockStmt or CaseClause or CommClause)
                fix = new Fix($"defer {t.Name}.Stop()", [text.LineAfter(text.End(a), text.Indent(a.Pos), $"defer {t.Name}.Stop()")]);
            else if (!anyStop && v.LoopAround(a) != null && v.Parent(a) is BlockStmt block && block.List is [.., var last] && last is not (ReturnStmt or BranchStmt) && !FuncView.HasJump(block))
                fix = new Fix($"{t.Name}.Stop() at the end of the round", [text.LineAfter(text.End(last), text.Indent(a.Pos), $"{t.Name}.Stop()")]);
            Report(v, call, $"ticker {t.Name} is {(anyStop ? "not stopped on every path" : "never stopped")}",
                new Related(at, ReferenceEquals(end, a) ? "the next round makes another one" : "the function can end here with the ticker running"), fix);
        }

        void Report(FuncView v, CallExpr call, string cause, Related? proof, Fix? fix)
        {
            bool old = v.Package.GoMinor < CollectedSince;
            string version = v.Package.GoVersion.Replace("go1", "go 1", StringComparison.Ordinal);
            report(new Finding(SourceText.StartPos(call), SourceText.Of(call)!.EndPos(call), "TICKER", "timer/ticker", old
                ? $"{cause}: with \"{version}\" in go.mod (before go 1.23) the runtime keeps it for ever"
                : $"{cause}: before Go 1.23 the runtime would keep it for ever; with {version} it ticks until it is collected")
            {
                Severity = old ? Severity.Warning : Severity.Note,
                Related = proof != null ? [proof] : [],
                Advice = "stop it when it is no longer needed: defer t.Stop()",
                Fix = fix,
            });
        }
    }

    static bool IsMain(FuncView v, Node n) => v.Decl is { Recv: null, Name.Name: "main" } && v.Package.Pkg.Name == "main" && ReferenceEquals(v.FunctionAround(n), v.Root);

    internal static BlockStmt? BodyAround(FuncView v, Node n) => v.FunctionAround(n) switch { FuncLit f => f.Body, FuncDecl d => d.Body, _ => null };

    static bool IsStop(FuncView v, Node n, Var t) => n is CallExpr { Fun: SelectorExpr { X: var x, Sel.Name: "Stop" } } && ReferenceEquals(v.VarOf(x), t);

    /// <summary>Used for more than its channel and its methods: given away.</summary>
    static bool Leaves(FuncView v, Var t)
    {
        foreach (Node n in v.Nodes)
        {
            if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), t) && v.Parent(i) is not SelectorExpr { Sel.Name: "C" or "Stop" or "Reset" }
                && v.Parent(i) is not AssignStmt { Lhs: [Ident { Name: "_" }] })
                return true;
        }
        return false;
    }
}

// DEFERLOOP: a defer statement in a loop. The calls run when the function returns, so each round adds one, with what it holds: files, locks, memory.
//
// Not reported: loops that run at most a few times for certain, and places from which the loop is always left. The fix wraps the body into a
// function, so that the calls run at the end of each round. It is offered when that cannot change the meaning: the calls only give back what their round took,
// and the loop is not left in two ways; what the function returns then says whether, and with which results.

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The DEFERLOOP analyzer.</summary>
public static class DeferInLoop
{
    /// <summary>So many pending calls are no leak.</summary>
    const int FewRounds = 16;

    public static void Run(VetProgram program, Action<Finding> report)
    {
        foreach (FuncView v in FuncView.All(program))
        {
            HashSet<Stmt> mended = new(ReferenceEqualityComparer.Instance);
            foreach (Node n in v.Nodes)
            {
                if (n is not DeferStmt d || v.LoopAround(d) is not { } loop || RunsFewTimes(v, loop) || LeavesLoop(v, d, loop) || RunsOnce(v, d, loop) || OnceByTimer(v, d, loop))
                    continue;
                Stmt outer = loop;
                SourceText text = SourceText.Of(d)!;
                string call = ExprText.Of(d.Call is CallExpr { Fun: FuncLit } ? ((CallExpr)d.Call).Fun : d.Call);
                report(new Finding(d.Pos, text.EndPos(d), "DEFERLOOP", "defer/loop",
                    $"defer {call} in a loop: the calls pile up, and what they release stays held until the function returns")
                {
                    Related = [new Related(outer.Pos, "one more deferred call for each round of this loop")],
                    Advice = "put the loop's body into a function of its own, so that the call runs at the end of each round",
                    Fix = mended.Add(loop) ? Wrap(v, loop) : null,
                });
            }
        }
    }

    static bool RunsFewTimes(FuncView v, Stmt loop)
    {
        switch (loop)
        {
            case RangeStmt r:
                if (v.IntOf(r.X) is { } n)
                    return n <= FewRounds;
                if (IsShortList(v, FuncView.Strip(r.X)))
                    return true;
                GoType? t = v.TypeOf(r.X)?.Underlying;
                return t is ArrayType { Len: <= FewRounds } or PointerType { Elem.Underlying: ArrayType { Len: <= FewRounds } };
            case ForStmt { Init: AssignStmt { Define: true, Rhs: [var from] }, Cond: BinaryExpr { Op: Token.Lss or Token.Leq, Y: var to }, Post: IncDecStmt { Op: Token.Add } }:
                return v.IntOf(from) is { } lo && v.IntOf(to) is { } hi && hi - lo <= FewRounds;
            default:
                return false;
        }
    }

    /// <summary>A literal of few elements, or a variable that only ever holds one, or parts of itself.</summary>
    static bool IsShortList(FuncView v, Expr list)
    {
        if (list is CompositeLit lit)
            return lit.Elems.Count <= FewRounds;
        if (v.VarOf(list) is not { IsGlobal: false } x || v.IsParam(x) || v.IsAddressed(x) || v.AssignmentsOf(x) is not { Count: > 0 } values)
            return false;
        foreach (Assignment a in values)
        {
            Expr? value = a.IsRange || a.Result > 0 || a.Value == null ? null : FuncView.Strip(a.Value);
            if (value is not CompositeLit { Elems.Count: <= FewRounds } && !(value is SliceExpr part && ReferenceEquals(v.VarOf(part.X), x) && (part.Hi == null || v.IntOf(part.Hi) <= FewRounds)))
                return false;
        }
        return true;
    }

    /// <summary>
    /// In the case of a select that receives from a timer made before the loop: it fires once. Resets count only under `if t.Stop()`, which
    /// says that it has not fired yet.
    /// </summary>
    static bool OnceByTimer(FuncView v, DeferStmt d, Stmt loop)
    {
        for (Node? n = d; n != null && !ReferenceEquals(n, loop); n = v.Parent(n))
        {
            Expr? from = n is not CommClause { Comm: { } comm } ? null : comm switch { ExprStmt e => FuncView.Strip(e.X), AssignStmt { Rhs: [var e] } => FuncView.Strip(e), _ => null };
            if (from is not UnaryExpr { Op: Token.Arrow, X: var channel } || FuncView.Strip(channel) is not SelectorExpr { Sel.Name: "C", X: var timer } || v.VarOf(timer) is not { } t
                || FuncView.DeclaredIn(t, loop) || v.OnlyValue(t) is not CallExpr made || v.CalleeName(made) is not "time.NewTimer")
                continue;
            return v.Nodes.TrueForAll(c => c is not CallExpr call || v.CalleeName(call) is not "time.Timer.Reset" || v.ReceiverOf(call) is not { } r || !ReferenceEquals(v.VarOf(r), t) || UnderStop(v, call, t));
        }
        return false;
    }

    static bool UnderStop(FuncView v, Node reset, Var timer)
    {
        for (Node n = reset; v.Parent(n) is { } p; n = p)
        {
            if (p is IfStmt i && ReferenceEquals(n, i.Then) && Stops(i.Cond))
                return true;
        }
        return false;

        bool Stops(Expr e) => FuncView.Strip(e) switch
        {
            BinaryExpr { Op: Token.AndAnd, X: var x, Y: var y } => Stops(x) || Stops(y),
            CallExpr c => v.CalleeName(c) is "time.Timer.Stop" && v.ReceiverOf(c) is { } r && ReferenceEquals(v.VarOf(r), timer),
            _ => false,
        };
    }

    /// <summary>Inside `if x == nil { x = …; defer … }`, x living through the loop.</summary>
    static bool RunsOnce(FuncView v, DeferStmt d, Stmt loop)
    {
        for (Node? n = d; n != null && !ReferenceEquals(n, loop); n = v.Parent(n))
        {
            if (v.Parent(n) is not IfStmt { Cond: BinaryExpr { Op: Token.Eql, X: var x, Y: Ident { Name: "nil" } } } i || !ReferenceEquals(n, i.Then) || v.RootVar(x) is not { } root
                || FuncView.DeclaredIn(root, loop))
                continue;
            string text = ExprText.Of(x);
            if (i.Then.List.Exists(s => s is AssignStmt a && a.Lhs.Exists(l => ExprText.Of(l) == text)))
                return true;
        }
        return false;
    }

    /// <summary>After the defer, the statements up to the loop's body end in a jump out of the loop.</summary>
    static bool LeavesLoop(FuncView v, DeferStmt d, Stmt loop)
    {
        for (Node? n = d; n != null && !ReferenceEquals(n, loop); n = v.Parent(n))
        {
            List<Stmt>? list = v.Parent(n) switch { BlockStmt b => b.List, CaseClause c => c.Body, CommClause c => c.Body, _ => null };
            if (list is [.., var last] && Leaves(v, last, loop))
                return true;
        }
        return false;
    }

    static bool Leaves(FuncView v, Stmt s, Stmt loop) => s switch
    {
        ReturnStmt => true,
        BranchStmt { Tok: Token.Break, Target: { } t } => ReferenceEquals(t, loop) || !v.Inside(t, loop),
        BranchStmt { Tok: Token.Goto } => true,
        ExprStmt { X: CallExpr c } => v.BuiltinOf(c) == BuiltinId.Panic || v.CalleeName(c) is "os.Exit" or "log.Fatal" or "log.Fatalf",
        BlockStmt b => b.List is [.., var last] && Leaves(v, last, loop),
        IfStmt { Else: { } e } i => Leaves(v, i.Then, loop) && Leaves(v, e, loop),
        _ => false,
    };

    // ---- the fix

    static Fix? Wrap(FuncView v, Stmt loop)
    {
        BlockStmt body = loop is ForStmt f ? f.Body : ((RangeStmt)loop).Body;
        SourceText text = SourceText.Of(loop)!;
        List<ReturnStmt> returns = [];
        List<BranchStmt> continues = [], breaks = [];
        bool possible = true;
        Walk.Tree(body, n =>
        {
            switch (n)
            {
                case FuncLit: return false;
                case DeferStmt d: possible &= Releases(v, d, loop); return false;
                case ReturnStmt r: returns.Add(r); break;
                case LabeledStmt or BranchStmt { Tok: Token.Goto }: possible = false; break;
                case BranchStmt { Tok: Token.Continue, Target: { } t } b when ReferenceEquals(t, loop): continues.Add(b); break;
                case BranchStmt { Tok: Token.Break, Target: { } t } b when ReferenceEquals(t, loop): breaks.Add(b); break;
                case BranchStmt { Tok: Token.Break or Token.Continue, Target: { } t } when !v.Inside(t, body): possible = false; break;
            }
            return true;
        });
        int open = text.Offset(body.Pos), close = text.Offset(body.Rbrace);
        if (!possible || body.List.Count == 0 || text[open] != '{' || text.Slice(open, close).Contains('`', StringComparison.Ordinal) || text.PosAt(open).Line == text.PosAt(close).Line
            || text.Slice(open + 1, text.LineEnd(body.Pos.Line)).Trim() is not "" || text.Slice(text.LineStart(body.Rbrace.Line), close).Trim() != "")
            return null;
        if (Way(v, loop, returns, breaks, body) is not { } way)
            return null;
        string indent = text.Indent(loop.Pos) + "\t";
        StringBuilder b = new();
        b.Append(indent).Append(way.Head).Append('\n');
        int at = text.LineEnd(body.Pos.Line);
        Dictionary<int, (int End, string New)> replaced = [];
        foreach (BranchStmt c in continues)
            replaced[text.Offset(c.Pos)] = (text.Offset(c.Pos) + "continue".Length + (c.Label != null ? c.Label.Name.Length + 1 : 0), way.GoOn);
        foreach (BranchStmt c in breaks)
            replaced[text.Offset(c.Pos)] = (text.Offset(c.Pos) + "break".Length + (c.Label != null ? c.Label.Name.Length + 1 : 0), "return true");
        foreach (ReturnStmt r in returns)
            replaced[text.Offset(r.Pos)] = (text.Offset(r.Pos) + "return".Length, way.Return);
        int end = text.LineStart(body.Rbrace.Line);
        StringBuilder inner = new();
        while (at < end)
        {
            if (replaced.TryGetValue(at, out var r))
            {
                inner.Append(r.New);
                at = r.End;
                continue;
            }
            int next = end;
            foreach (int k in replaced.Keys)
            {
                if (k > at)
                    next = Math.Min(next, k);
            }
            inner.Append(text.Slice(at, next));
            at = next;
        }
        foreach (string line in inner.ToString().TrimEnd('\n').Split('\n'))
            b.Append(line.Trim() == "" || line.StartsWith('#') ? "" : "\t").Append(line).Append('\n');
        if (way.Tail != "" && body.List[^1] is not (ReturnStmt or BranchStmt))
            b.Append(indent).Append('\t').Append(way.GoOn).Append('\n');
        b.Append(indent).Append("}()");
        if (way.Tail != "")
            b.Append("; ").Append(way.Test).Append(" {\n").Append(indent).Append('\t').Append(way.Tail).Append('\n').Append(indent).Append('}');
        b.Append('\n');
        List<TextEdit> edits = [new(text.File, text.LineEnd(body.Pos.Line), end, b.ToString())];
        if (v.Parent(loop) is LabeledStmt labeled && (continues.Exists(static c => c.Label != null) || breaks.Exists(static c => c.Label != null)))
        {
            // Nothing names the label any more.
            int first = text.LineStart(labeled.Pos.Line), behind = text.LineStart(loop.Pos.Line);
            if (text.Slice(first, behind).Trim() != labeled.Label.Name + ":")
                return null;
            edits.Insert(0, new TextEdit(text.File, first, behind, ""));
        }
        return new Fix("wrap the loop's body into a function", edits);
    }

    static readonly string[] s_releasing = ["close", "stop", "unlock", "runlock", "done", "cancel", "release", "free", "rollback", "shutdown", "put", "cleanup", "remove", "removeall", "dispose", "disconnect", "logout", "munmap"];

    /// <summary>Does a deferred call only give back what its round took, so that it may as well run at the round's end? Locks of several objects may be held together on purpose,
    /// and what other calls do, and in which order, is the author's to say.</summary>
    static bool Releases(FuncView v, DeferStmt d, Stmt loop)
    {
        if (d.Call is not CallExpr call)
            return false;
        if (FuncView.Strip(call.Fun) is not FuncLit lit)
            return IsRelease(call);
        bool only = true;
        Walk.Tree(lit.Body, n =>
        {
            only &= n is CallExpr c ? IsRelease(c) || v.IsConversion(c)
                : n is AssignStmt a ? a.Define || a.Lhs.TrueForAll(static l => l is Ident { Name: "_" }) : n is not (IncDecStmt or SendStmt or GoStmt or FuncLit);
            return only;
        });
        return only;

        bool IsRelease(CallExpr c)
        {
            if (v.BuiltinOf(c) is { } builtin)
                return builtin == BuiltinId.Close;
            string name = FuncView.Strip(c.Fun) switch { SelectorExpr s => s.Sel.Name, Ident i => i.Name, _ => "" };
            if (!Array.Exists(s_releasing, r => string.Equals(r, name, StringComparison.OrdinalIgnoreCase)))
                return false;
            return v.CalleeName(c) is not ("sync.Mutex.Unlock" or "sync.RWMutex.Unlock") || v.ReceiverOf(c) is { } lockOf && v.RootVar(lockOf) is { } root && !FuncView.DeclaredIn(root, loop) && !IsSetIn(root);
        }

        bool IsSetIn(Var x)
        {
            foreach (Assignment a in v.AssignmentsOf(x))
            {
                if (v.Inside(a.Stmt, loop))
                    return true;
            }
            return false;
        }
    }

    /// <summary>How the function tells the loop what to do. Head: its first line; Return: stands for the word return; GoOn: the statement for the next round; Test, Tail: the condition behind the call, and what is done then.</summary>
    sealed record Signals(string Head, string Return, string GoOn, string Test, string Tail);

    static Signals? Way(FuncView v, Stmt loop, List<ReturnStmt> returns, List<BranchStmt> breaks, BlockStmt body)
    {
        if (returns.Count == 0 && breaks.Count == 0)
            return new("func() {", "", "return", "", "");
        if (returns.Count > 0 && breaks.Count > 0)
            return null;
        if (breaks.Count > 0)
            return new("if stop := func() bool {", "", "return false", "stop", "break");
        FuncTypeExpr type = v.FunctionAround(loop) switch { FuncLit f => f.Type, FuncDecl d => d.Type, _ => new FuncTypeExpr() };
        if (type.Results.Count == 0)
            return new("if stop := func() bool {", "return true", "return false", "stop", "return");
        if (ReturnsOneError(v, loop) && returns.TrueForAll(r => r.Results is [var e] && IsNonNilError(v, r, e)))
            return new("if err := func() error {", "return", "return nil", "err != nil", "return err");
        // Results with names may be changed by deferred calls; a call with several results cannot have a word before them.
        if (type.Results.Exists(static r => r.Name != null) || returns.Exists(r => r.Results.Count != type.Results.Count))
            return null;
        SourceText text = SourceText.Of(loop)!;
        List<string> names = ["stop"], declared = ["stop bool"];
        for (int i = 0; i < type.Results.Count; i++)
        {
            names.Add(type.Results.Count == 1 ? "result" : $"result{i + 1}");
            declared.Add($"{names[^1]} {text.Text(type.Results[i].Type)}");
        }
        bool taken = false;
        Walk.Tree(body, n =>
        {
            taken |= n is Ident x && names.Contains(x.Name);
            return !taken;
        });
        string all = string.Join(", ", names);
        return taken ? null : new($"if {all} := func() ({string.Join(", ", declared)}) {{", "return true,", "return", "stop", "return " + string.Join(", ", names.GetRange(1, names.Count - 1)));
    }

    static bool ReturnsOneError(FuncView v, Stmt loop)
    {
        FuncTypeExpr type = v.FunctionAround(loop) switch { FuncLit f => f.Type, FuncDecl d => d.Type, _ => new FuncTypeExpr() };
        return type.Results is [{ Type: Ident { Name: "error" } }];
    }

    /// <summary>`return err` where `err != nil` was just tested, or an error that was just made.</summary>
    static bool IsNonNilError(FuncView v, ReturnStmt r, Expr e)
    {
        if (e is CallExpr c)
            return v.CalleeName(c) is "fmt.Errorf" or "errors.New";
        if (e is UnaryExpr { Op: Token.And, X: CompositeLit } or CompositeLit)
            return true;
        if (v.VarOf(e) is not { } x)
            return false;
        for (Node? n = r, p = v.Parent(r); p is not (null or FuncLit); n = p, p = v.Parent(p))
        {
            if (p is IfStmt { Cond: BinaryExpr { Op: Token.Neq, X: var a, Y: Ident { Name: "nil" } } } i && ReferenceEquals(n, i.Then) && ReferenceEquals(v.VarOf(a), x))
                return true;
        }
        return false;
    }
}

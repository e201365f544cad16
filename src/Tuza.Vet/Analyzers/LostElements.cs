// LOSTPTR: elements that are cut off a slice of pointers stay in its array: no slice reaches them any more, the collector does.
//
// Two forms are found:
//   1. a part of a slice that was filled here (a literal, a loop, append) is returned or kept, and the elements left out were not cleared;
//   2. the old idiom of deletion, append(s[:i], s[j:]...), whose tail keeps the last elements a second time.
// Elements that are only strings or numbers are not reported. Any assignment of nil to an element of the slice, and any clear of it, counts
// as care taken.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The LOSTPTR analyzer.</summary>
public static class LostElements
{
    public static void Run(VetProgram program, Action<Finding> report)
    {
        CallIndex index = new(program);
        foreach (FuncView v in FuncView.All(program))
        {
            foreach (Node n in v.Nodes)
            {
                if (n is SliceExpr s && v.TypeOf(s.X)?.Underlying is SliceType t && !Subst.HasTypeParam(t.Elem) && Holds(t.Elem, 0))
                {
                    Cut(index, v, s, report);
                    SelfCut(v, s, report);
                }
                else if (n is CallExpr c && v.BuiltinOf(c) == BuiltinId.Append)
                    Deletion(index, v, c, report);
            }
        }
    }

    /// <summary>Does an element keep memory that is worth a finding?</summary>
    static bool Holds(GoType t, int depth) => t.Underlying switch
    {
        PointerType or MapType or ChanType or SliceType or Signature => true,
        InterfaceType => !IsError(t),
        StructType s => depth < 4 && s.Fields.Exists(f => Holds(f.Type, depth + 1)),
        ArrayType a => a.Len > 0 && Holds(a.Elem, depth + 1),
        _ => false,
    };

    static bool IsError(GoType t) => t is NamedType { Obj: { Pkg: null, Name: "error" } };

    // ---- 1: a part of what was filled here

    static void Cut(CallIndex index, FuncView v, SliceExpr s, Action<Finding> report)
    {
        if (v.Parent(s) is CallExpr { HasDots: true, Args: [_, _] } c && v.BuiltinOf(c) == BuiltinId.Append)
            return; // elements are copied; the deletion idiom has a finding of its own
        if (FuncView.Strip(s.X) is not Ident name || v.VarOf(name) is not { IsGlobal: false } x || Cleared(v, name))
            return;
        bool filled;
        long? length = v.IsParam(x) ? FilledByCallers(index, v, x, out filled) : FilledLength(v, x, out filled);
        if (!filled || LostBy(v, s, length) is not { } lost)
            return;
        if (v.Parent(s) is AssignStmt a && a.Rhs.IndexOf(s) is >= 0 and var i && i < a.Lhs.Count && ReferenceEquals(v.VarOf(a.Lhs[i]), x))
            return;
        Flow flow = new(index, throughSlices: true);
        flow.From(v, s);
        Sink? keeper = flow.Sinks.Find(k => k.Kind == SinkKind.Global) ?? flow.Sinks.Find(k => k.Kind == SinkKind.Return) ?? flow.Sinks.Find(k => k.Kind == SinkKind.Memory);
        Flow whole = new(index, throughSlices: false);
        whole.FromVar(v, x, 0);
        if (keeper == null || whole.Reaches(SinkKind.Global) || whole.Reaches(SinkKind.Return) || whole.Reaches(SinkKind.Memory))
            return;
        report(new Finding(SourceText.StartPos(s), SourceText.Of(s)!.EndPos(s), "LOSTPTR", "retain/elements",
            $"{lost} of {name.Name} stay in the array and keep what they point to alive, though no slice reaches them")
        {
            Related = [new(keeper.Pos, keeper.Kind == SinkKind.Global ? $"package variable {keeper.Var!.Name} keeps the array" : keeper.Kind == SinkKind.Return ? "the part is returned here, and the array with it" : $"memory of {keeper.Var!.Name} keeps the array")],
            Advice = $"clear the elements first, or copy the part: slices.Clone({ExprText.Of(s)})",
            Fix = ClearFix(v, s, name.Name),
        });
    }

    /// <summary>`kept = kept[1:3]` on a package variable or a field: what is cut off is still in the array. A queue that drops its first element,
    /// and a stack that drops its last, go on to use their arrays; they are left alone.</summary>
    static void SelfCut(FuncView v, SliceExpr s, Action<Finding> report)
    {
        if (v.Parent(s) is not AssignStmt { Op: Token.None } a || a.Lhs.Count != a.Rhs.Count || a.Rhs.IndexOf(s) is not (>= 0 and var i))
            return;
        string text = ExprText.Of(FuncView.Strip(s.X));
        if (ExprText.Of(FuncView.Strip(a.Lhs[i])) != text || v.RootVar(s.X) is not { } root || !root.IsGlobal && FuncView.Strip(s.X) is Ident || Cleared(v, s.X))
            return;
        long? lo = s.Lo == null ? 0 : v.IntOf(s.Lo), hi = s.Hi == null ? null : v.IntOf(s.Hi);
        bool shifted = s.Lo == null && s.Hi is { } end && FuncView.Strip(end) is BinaryExpr { Op: Token.Sub, X: var whole, Y: var one } && v.IntOf(one) is > 0 && Retention.IsLenOf(v, whole, s.X) && ShiftedBefore(v, a, text);
        bool half = s.Hi != null && FuncView.Strip(s.Hi) is BinaryExpr { Op: Token.Div, X: var x, Y: var y } && v.IntOf(y) is { } && Retention.IsLenOf(v, x, s.X);
        if (hi is not > 0 && !half && !shifted && !(lo is > 1 && s.Hi == null) || hi is { } most && NeverLonger(v, s.X, most))
            return;
        report(new Finding(SourceText.StartPos(s), SourceText.Of(s)!.EndPos(s), "LOSTPTR", "retain/elements",
            $"the elements cut off {text} stay in the array and keep what they point to alive, though no slice reaches them")
        {
            Related = [new(a.Pos, $"{text} goes on with a part of itself")],
            Advice = $"clear the elements first, or copy the part: slices.Clone({ExprText.Of(s)})",
            Fix = ClearFix(v, s, text),
        });
    }

    /// <summary>`if len(x) > most { panic(…) }` somewhere: then x[:most] makes it longer, if anything.</summary>
    static bool NeverLonger(FuncView v, Expr whole, long most) => v.Nodes.Exists(n => n is IfStmt { Cond: BinaryExpr { Op: Token.Gtr, X: var length, Y: var bound }, Then.List: [.., var last] }
        && v.IntOf(bound) == most && (Retention.IsLenOf(v, length, whole) || v.VarOf(length) is { } x && v.OnlyValue(x) is { } only && Retention.IsLenOf(v, only, whole))
        && last is ReturnStmt or ExprStmt { X: CallExpr { Fun: Ident { Name: "panic" } } });

    /// <summary>`copy(s[i:], s[i+1:])` stands before: the deletion that leaves the last element twice.</summary>
    static bool ShiftedBefore(FuncView v, AssignStmt cut, string text)
    {
        List<Stmt>? list = v.Parent(cut) switch { BlockStmt b => b.List, CaseClause c => c.Body, CommClause c => c.Body, _ => null };
        int at = list?.IndexOf(cut) ?? -1;
        return at > 0 && list![at - 1] is ExprStmt { X: CallExpr { Args: [SliceExpr { X: var into }, SliceExpr { X: var from }] } call } && v.BuiltinOf(call) == BuiltinId.Copy
            && ExprText.Of(FuncView.Strip(into)) == text && ExprText.Of(FuncView.Strip(from)) == text;
    }

    /// <summary>Has every element of a variable's slice been given a value here? The length when it is known.</summary>
    static long? FilledLength(FuncView v, Var x, out bool filled)
    {
        filled = false;
        IReadOnlyList<Assignment> list = v.AssignmentsOf(x);
        if (list.Count == 0 || v.IsAddressed(x))
            return null;
        bool appended = false;
        long? length = null;
        foreach (Assignment a in list)
        {
            if (a.IsRange || a.Result > 0)
                return null;
            switch (a.Value == null ? null : FuncView.Strip(a.Value))
            {
                case null or Ident { Name: "nil" }: break;
                case CompositeLit lit:
                    length = lit.Elems.Count;
                    filled |= lit.Elems.Count > 0 && lit.KeyCount == 0 && lit.Elems.TrueForAll(e => FuncView.Strip(e) is not Ident { Name: "nil" });
                    break;
                case CallExpr c when v.BuiltinOf(c) == BuiltinId.Append && c.Args.Count > 1 && ReferenceEquals(v.VarOf(c.Args[0]), x):
                    appended = true;
                    break;
                case CallExpr c when v.BuiltinOf(c) == BuiltinId.Make && c.Args.Count > 1:
                    length = v.IntOf(c.Args[1]);
                    filled |= length != 0 && FilledByLoop(v, x);
                    break;
                case SliceExpr part when ReferenceEquals(v.VarOf(part.X), x): break;
                default: return null;
            }
        }
        filled |= appended;
        return appended ? null : length;
    }

    /// <summary>A parameter for which every caller passes a slice that it has filled and does not keep itself.</summary>
    static long? FilledByCallers(CallIndex index, FuncView v, Var x, out bool filled)
    {
        filled = false;
        if (v.Obj is not { } f || v.AssignmentsOf(x).Count > 0 || v.Params.IndexOf(x) is not (>= 0 and var p))
            return null;
        long? length = null;
        foreach (var (caller, call) in index.CallersOf(f))
        {
            List<Expr> args = caller.AllArgs(call);
            if (p >= args.Count || caller.VarOf(args[p]) is not { IsGlobal: false } given || caller.IsParam(given))
                return null;
            long? one = FilledLength(caller, given, out filled);
            Flow kept = new(index, throughSlices: false);
            kept.FromVar(caller, given, 0);
            if (!filled || kept.Reaches(SinkKind.Global) || UsedAfter(caller, given, call))
                return null;
            length ??= one;
        }
        return length;
    }

    /// <summary>The caller goes on with the whole slice: then its elements are not lost.</summary>
    static bool UsedAfter(FuncView v, Var x, CallExpr call) =>
        v.Nodes.Exists(n => n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x) && i.Pos > call.Rparen);

    /// <summary>`for i := range x { x[i] = … }` or a counting loop that assigns x[i].</summary>
    static bool FilledByLoop(FuncView v, Var x)
    {
        foreach (Node n in v.Nodes)
        {
            if (n is not AssignStmt a || v.Parent(a) is not BlockStmt block)
                continue;
            foreach (Expr target in a.Lhs)
            {
                if (FuncView.Strip(target) is IndexExpr { Indices: [var i] } e && ReferenceEquals(v.VarOf(e.X), x) && v.VarOf(i) is { } counter && v.Parent(block) is { } loop
                    && (loop is RangeStmt r && r.Key != null && ReferenceEquals(v.VarOf(r.Key), counter) || loop is ForStmt { Init: AssignStmt { Lhs: [var first] } } && ReferenceEquals(v.VarOf(first), counter)))
                    return true;
            }
        }
        return false;
    }

    /// <summary>What a part leaves out, in words; null when nothing is certainly left out.</summary>
    static string? LostBy(FuncView v, SliceExpr s, long? length)
    {
        long? lo = s.Lo == null ? 0 : v.IntOf(s.Lo), hi = s.Hi == null ? length : v.IntOf(s.Hi);
        bool front = s.Lo != null && lo != 0 && IsPlain(v, s.Lo, s.X), back = s.Hi != null && IsPlain(v, s.Hi, s.X) && !(length != null && hi == length) && v.IntOf(s.Hi) != 0;
        if (!front && !back || s.Hi != null && v.IntOf(s.Hi) == 0)
            return null;
        if (lo is { } l && hi is { } h && length is { } n && l + (n - h) > 0)
            return $"{l + (n - h)} of the {n} elements";
        return front && back ? "the elements before and behind the part" : front ? (lo is { } k ? $"the first {k} elements" : "the elements before the part") : "the elements behind the part";
    }

    /// <summary>A constant, or something computed from the length: not a counter of how many elements are in use.</summary>
    static bool IsPlain(FuncView v, Expr e, Expr whole)
    {
        e = FuncView.Strip(e);
        return v.IntOf(e) is { } n && n != 0 || e is BinaryExpr { Op: Token.Sub or Token.Div, X: var x, Y: var y } && v.IntOf(y) is { } && Retention.IsLenOf(v, x, whole);
    }

    /// <summary>Some element of the slice is set to nil (or its zero value), or a part of it is cleared.</summary>
    static bool Cleared(FuncView v, Expr slice)
    {
        string text = ExprText.Of(FuncView.Strip(slice));
        foreach (Node n in v.Nodes)
        {
            switch (n)
            {
                case AssignStmt a when a.Lhs.Count == a.Rhs.Count:
                    for (int i = 0; i < a.Lhs.Count; i++)
                    {
                        if (FuncView.Strip(a.Lhs[i]) is IndexExpr e && ExprText.Of(FuncView.Strip(e.X)) == text && FuncView.Strip(a.Rhs[i]) is Ident { Name: "nil" } or CompositeLit { Elems.Count: 0 })
                            return true;
                    }
                    break;
                case CallExpr { Args: [var arg] } c when v.BuiltinOf(c) == BuiltinId.Clear:
                    Expr x = FuncView.Strip(arg);
                    if (ExprText.Of(x is SliceExpr part ? FuncView.Strip(part.X) : x) == text)
                        return true;
                    break;
            }
        }
        return false;
    }

    static Fix? ClearFix(FuncView v, SliceExpr s, string name)
    {
        Node n = s;
        while (v.Parent(n) is { } p && n is not Stmt)
            n = p;
        if (v.Package.GoMinor < 21 || n is not Stmt stmt || v.Parent(stmt) is not (BlockStmt or CaseClause or CommClause) || v.Package.Pkg.Scope.Lookup("clear") != null)
            return null;
        SourceText text = SourceText.Of(s)!;
        List<string> lines = [];
        if (s.Lo != null && v.IntOf(s.Lo) != 0)
            lines.Add($"clear({name}[:{text.Text(s.Lo)}])");
        if (s.Hi != null)
            lines.Add($"clear({name}[{text.Text(s.Hi)}:])");
        if (lines.Count == 0)
            return null;
        int at = text.Start(stmt);
        string indent = text.Indent(stmt.Pos);
        return new Fix(string.Join("; ", lines), [new TextEdit(text.File, at, at, string.Concat(lines.ConvertAll(l => l + "\n" + indent)))]);
    }

    // ---- 2: the old deletion

    static void Deletion(CallIndex index, FuncView v, CallExpr c, Action<Finding> report)
    {
        if (!c.HasDots || c.Args is not [var first, var second] || FuncView.Strip(first) is not SliceExpr { Lo: null, Hi: { } i, Max: null } head || FuncView.Strip(second) is not SliceExpr { Lo: { } j, Hi: null } tail)
            return;
        string name = ExprText.Of(FuncView.Strip(head.X));
        if (name != ExprText.Of(FuncView.Strip(tail.X)) || v.TypeOf(head.X)?.Underlying is not SliceType t || Subst.HasTypeParam(t.Elem) || !Holds(t.Elem, 0) || Cleared(v, head.X))
            return;
        // A slice that dies with the function keeps nothing.
        if (v.RootVar(head.X) is not { } root)
            return;
        bool lives = root.IsGlobal || FuncView.Strip(head.X) is SelectorExpr or IndexExpr;
        if (!lives)
        {
            Flow flow = new(index, throughSlices: true);
            flow.From(v, c);
            lives = flow.Sinks.Count > 0;
        }
        if (!lives)
            return;
        SourceText text = SourceText.Of(c)!;
        Fix? fix = null;
        if (v.Package.GoMinor >= 22 && ImportEdits.Use(v, "slices") is { } import)
        {
            int start = text.Start(c), end = text.End(c);
            string call = $"{import.Name}.Delete({text.Text(head.X)}, {text.Text(i)}, {text.Text(j)})";
            List<TextEdit> edits = [new(text.File, start, end, call)];
            if (import.Edit != null)
                edits.Add(import.Edit);
            fix = new Fix(call, edits);
        }
        report(new Finding(SourceText.StartPos(c), text.EndPos(c), "LOSTPTR", "retain/elements",
            $"the deleted places at the end of {name} still hold pointers: the last elements are kept alive behind the slice's end")
        {
            Advice = "use slices.Delete, which clears them (since Go 1.22), or set them to nil",
            Fix = fix,
        });
    }
}

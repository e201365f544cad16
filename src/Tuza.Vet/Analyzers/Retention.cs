// SUBSTR and SUBSLICE: a small part of a string or slice is kept, and with it the whole block.
//
// A part x[lo:hi] is a candidate when its length is bounded by a constant (s[:50], s[len(s)-30:], s[i:i+8]), or when the whole is known to be
// large (made with so many bytes, read with io.ReadAll). It is a finding when Flow shows what keeps it, and Origins that the whole is
// neither small nor kept anyway. Copies (strings.Clone, conversions, append into another slice) end the flow.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The two analyzers.</summary>
public static class Retention
{
    /// <summary>Parts above this are no "small part"; wholes from LargeBytes on are large enough to count without a bound of the part.</summary>
    const long SmallBytes = 4096, LargeBytes = 64 << 10, FactorOfWhole = 4;

    public static void RunStrings(VetProgram program, Action<Finding> report) => Run(program, strings: true, report);
    public static void RunSlices(VetProgram program, Action<Finding> report) => Run(program, strings: false, report);

    static void Run(VetProgram program, bool strings, Action<Finding> report)
    {
        CallIndex index = new(program);
        foreach (FuncView v in FuncView.All(program))
        {
            foreach (Node n in v.Nodes)
            {
                if (n is Expr part && PartOf(v, part) is { } whole && v.TypeOf(whole) is { } t && (strings ? Predicates.IsString(t) : t.Underlying is SliceType))
                    Check(index, v, part, whole, t, strings, report);
            }
        }
    }

    /// <summary>The string or slice of which an expression is a part: x[lo:hi], or what functions of package strings cut out.</summary>
    static Expr? PartOf(FuncView v, Expr e)
    {
        switch (e)
        {
            case SliceExpr s:
                return v.Parent(s) is SliceExpr || (s.Lo == null && s.Hi == null) ? null : s.X;
            case IndexExpr { Indices: [_] } i:
                Expr list = FuncView.Strip(i.X);
                if (v.VarOf(list) is { } x && v.OnlyValue(x) is { } only)
                    list = FuncView.Strip(only);
                return list is CallExpr { Args.Count: > 0 } split && v.CalleeName(split) is "strings.Split" or "strings.SplitN" or "strings.Fields" or "strings.SplitAfter" ? ((CallExpr)list).Args[0] : null;
            default:
                return null;
        }
    }

    static void Check(CallIndex index, FuncView v, Expr s, Expr of, GoType type, bool strings, Action<Finding> report)
    {
        Expr whole = FuncView.Strip(of);
        while (whole is SliceExpr inner)
            whole = FuncView.Strip(inner.X);
        if (whole is not (Ident or CallExpr))
            return;
        GoType? elem = (type.Underlying as SliceType)?.Elem;
        if (elem != null && Subst.HasTypeParam(elem))
            return;
        long unit = elem != null ? Sizes.Amd64.Sizeof(elem) : 1;
        long? count = s is SliceExpr cut ? LengthOf(v, cut) : null;
        if (count is { } c && (c == 0 || c * unit > SmallBytes) || unit == 0)
            return;
        List<Origin> origins = Origins.Of(index, v, whole);
        if (origins.Count == 0 || origins.Exists(o => o.Kind == OriginKind.Kept) || origins.TrueForAll(o => o.Kind == OriginKind.Constant))
            return;
        Origin? large = origins.Find(o => o.Kind == OriginKind.ReadAll || o.Kind == OriginKind.Sized && o.Bytes >= LargeBytes);
        Origin? sized = origins.Find(o => o.Kind == OriginKind.Sized && o.Bytes >= FactorOfWhole * Math.Max(count ?? 1, 1) * unit && o.Bytes >= 256);
        bool unknown = origins.Exists(o => o.Kind == OriginKind.Unknown);
        if (count == null ? large == null : large == null && sized == null && !unknown)
            return;
        Flow flow = new(index, throughSlices: true);
        flow.From(v, s);
        Sink? keeper = flow.Sinks.Find(k => k.Kind == SinkKind.Global)
            ?? (large != null || count != null ? flow.Sinks.Find(k => k.Kind == SinkKind.Memory) : null)
            ?? (large != null || sized != null ? flow.Sinks.Find(k => k.Kind == SinkKind.Container && InLoop(k, large ?? sized!)) : null);
        if (keeper == null || IsKeptWhole(index, v, whole) || IsSelf(v, s, whole) || IsCarved(v, whole))
            return;
        Report(v, s, whole, strings, count, unit, large ?? sized, keeper, elem, report);
    }

    /// <summary>The whole is made anew in each round of the loop that collects the parts: in the loop itself, or by a function it calls.</summary>
    static bool InLoop(Sink sink, Origin origin)
    {
        if (sink is not { Loop: { } loop, View: { } v })
            return false;
        return Within(origin.Pos, loop) || !Within(origin.Pos, v.Root);
    }

    static bool Within(Pos pos, Node n) => pos.FileId == n.Pos.FileId && pos >= n.Pos && pos <= Positions.End(n);

    /// <summary>`x = x[...]`: the variable goes on with a part of itself.</summary>
    static bool IsSelf(FuncView v, Expr s, Expr whole) =>
        v.VarOf(whole) is { } x && v.Parent(s) is AssignStmt a && a.Rhs.IndexOf(s) is >= 0 and var i && i < a.Lhs.Count && ReferenceEquals(v.VarOf(a.Lhs[i]), x);

    /// <summary>`part, x = x[:n:n], x[n:]`: one block is handed out in parts, all of it.</summary>
    static bool IsCarved(FuncView v, Expr whole)
    {
        if (v.VarOf(whole) is not { } x)
            return false;
        foreach (Assignment a in v.AssignmentsOf(x))
        {
            if (a.Value != null && FuncView.Strip(a.Value) is SliceExpr { Lo: not null, Hi: null } rest && ReferenceEquals(v.VarOf(rest.X), x))
                return true;
        }
        return false;
    }

    /// <summary>The whole is stored for good, too.</summary>
    static bool IsKeptWhole(CallIndex index, FuncView v, Expr whole)
    {
        if (v.VarOf(whole) is not { } x)
            return false;
        Flow all = new(index, throughSlices: false);
        all.FromVar(v, x, 0);
        return all.Reaches(SinkKind.Global);
    }

    /// <summary>The length of a part when it is a constant whatever the whole is.</summary>
    internal static long? LengthOf(FuncView v, SliceExpr s)
    {
        long? lo = s.Lo == null ? 0 : v.IntOf(s.Lo), hi = v.IntOf(s.Hi);
        if (lo is { } l && hi is { } h)
            return h - l;
        Expr? from = s.Lo != null ? FuncView.Strip(s.Lo) : null;
        if (s.Hi == null && from is BinaryExpr { Op: Token.Sub, X: var length, Y: var k } && IsLenOf(v, length, s.X))
            return v.IntOf(k);
        if (s.Hi is { } to && from != null && FuncView.Strip(to) is BinaryExpr { Op: Token.Add, X: var a, Y: var b })
        {
            string text = ExprText.Of(from);
            return ExprText.Of(a) == text ? v.IntOf(b) : ExprText.Of(b) == text ? v.IntOf(a) : null;
        }
        return null;
    }

    internal static bool IsLenOf(FuncView v, Expr e, Expr whole) =>
        FuncView.Strip(e) is CallExpr { Args: [var arg] } c && v.BuiltinOf(c) == BuiltinId.Len && ExprText.Of(FuncView.Strip(arg)) == ExprText.Of(FuncView.Strip(whole));

    static void Report(FuncView v, Expr s, Expr whole, bool strings, long? count, long unit, Origin? size, Sink keeper, GoType? elem, Action<Finding> report)
    {
        string name = ExprText.Of(whole);
        string seen = size is { Kind: OriginKind.Sized } ? $" (up to {size.Bytes} bytes seen)" : "";
        string part = count == null ? "a part of it" : strings || unit == 1 ? $"{count} bytes" : $"{count} elements ({count * unit} bytes)";
        List<Related> proof = [];
        if (size != null)
            proof.Add(new(size.Pos, $"{name} is {size.Text}"));
        proof.Add(new(keeper.Pos, keeper.Kind == SinkKind.Global ? $"package variable {keeper.Var!.Name} keeps it" : keeper.Kind == SinkKind.Memory ? $"memory of {keeper.Var!.Name} keeps it" : $"{keeper.Var!.Name} keeps one such part for each round of the loop"));
        Fix? fix;
        int go = v.Package.GoMinor;
        if (strings)
            fix = go >= 18 ? ImportEdits.CallAround(v, s, "strings", "Clone") : Around(s, "string([]byte(", "))");
        else if (Predicates.IsBytesOrRunes(new SliceType(elem!)) && unit == 1 && go >= 20)
            fix = ImportEdits.CallAround(v, s, "bytes", "Clone");
        else
            fix = go >= 21 ? ImportEdits.CallAround(v, s, "slices", "Clone") : Around(s, $"append({v.TypeOf(s)!.ToString(v.Package.Pkg)}(nil), ", "...)");
        report(new Finding(SourceText.StartPos(s), SourceText.Of(s)!.EndPos(s), strings ? "SUBSTR" : "SUBSLICE", strings ? "retain/substring" : "retain/subslice",
            $"keeps all of {name}{seen} alive for {part}")
        {
            Related = proof,
            Advice = strings ? "copy the part: strings.Clone" : "copy the part: slices.Clone",
            Fix = fix,
        });
    }

    static Fix Around(Expr e, string before, string after)
    {
        SourceText text = SourceText.Of(e)!;
        int start = text.Start(e), end = text.End(e);
        return new Fix(before + text.Slice(start, end) + after, [new(text.File, start, start, before), new(text.File, end, end, after)]);
    }
}

// Inlining and devirtualization of one package, with gc's decisions (design: escape analysis, sections 11 and 12).
//
// First every function is weighed, callees first: may it be inlined at all, and at what cost. Then call sites are tried, again
// bottom up, until nothing changes: a call of a method of an interface with a known type becomes a direct one, a call of a function that
// is cheap enough becomes its body, whose calls are tried in turn. Bodies are inlined as they were written, not as they are after calls
// in them were inlined; so while this goes on trees keep their calls, and what stands for a call hangs at CallNode.Replacement. At
// the end Settle puts it in place.
//
// Functions of other packages are known by the facts of their images; their bodies are built from source when they are needed first.
// Calls that Lower or the linker replaces (intrinsics, symbols with an implementation in C#) are decided on and reported like any other,
// but stay calls.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

/// <summary>Costs of functions of packages compiled before.</summary>
public interface IInlineFacts
{
    /// <summary>Null when it cannot be inlined.</summary>
    int? CostOf(Function f);
}

/// <summary>What is known of a function: Cost, or the reason why it is never inlined.</summary>
sealed record InlineInfo(int Cost, string? Reason)
{
    public bool CanInline => Reason == null;
}

public sealed partial class Inliner
{
    readonly PackageIR _package;
    readonly IInlineFacts _imports;
    readonly Func<Function, bool> _staysCall;
    /// <summary>0: off (only devirtualization), 4: calls inside inlined functions are cheap, otherwise normal.</summary>
    readonly int _level;
    readonly Assignments _assignments = new();
    readonly Devirtualizer _devirtualizer;
    readonly Dictionary<Function, InlineInfo> _infos = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Function> _own = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Function, Function?> _imported = new(ReferenceEqualityComparer.Instance);
    /// <summary>Literals that came with a body: as in gc they are not inlined into, only inlined.</summary>
    readonly HashSet<Function> _copies = new(ReferenceEqualityComparer.Instance);
    CompileDiagnostics _messages;
    int _done, _bodies;

    static readonly InlineInfo s_never = new(0, "");
    static readonly CompileDiagnostics s_silent = new();

    public Inliner(PackageIR package, IInlineFacts imports, int level, Func<Function, bool> staysCall)
    {
        _package = package;
        _imports = imports;
        _level = level;
        _staysCall = staysCall;
        _devirtualizer = new Devirtualizer(package, _assignments);
        _messages = package.Diagnostics;
    }

    /// <summary>Works on the functions that were added since the last time: at first all of the package.</summary>
    public void Run()
    {
        var functions = _package.Functions;
        int first = _done;
        while (_done < functions.Count)
        {
            var fresh = functions.GetRange(_done, functions.Count - _done);
            fresh.RemoveAll(_copies.Contains);
            _done = functions.Count;
            _own.UnionWith(fresh);
            Run(fresh);
            // Instances that inlined bodies need: as good as the others, but gc says nothing about them.
            _messages = s_silent;
        }
        if (first == functions.Count)
            return;
        for (int i = first; i < functions.Count; i++)
            Settle(functions[i]);
    }

    void Run(List<Function> fresh)
    {
        // As in gc the initialisers of variables come first.
        List<Function> declared = [.. fresh.FindAll(IsInitialiser), .. fresh.FindAll(f => !IsInitialiser(f) && !IsLateWrapper(f) && (f.Body != null || f.Obj != null))];
        if (_level != 0)
            foreach (var batch in Batches.BottomUp(declared))
                foreach (var f in batch)
                    Weigh(f);
        var plain = declared.FindAll(static f => f.Body != null);
        var states = new Dictionary<Function, CallSites>(ReferenceEqualityComparer.Instance);
        foreach (var f in plain)
            states.Add(f, new CallSites(this, f));
        foreach (var f in plain)
            states[f].ResolveAll();
        foreach (var (callee, pos) in _package.StaticCalls)
            if (_messages.Wants(1) && _level != 0 && InfoOf(callee).CanInline)
                _messages.Print(pos, "inlining call to " + InlineText.Name(callee, _package.Pkg));
        foreach (var batch in Batches.BottomUp(plain))
            Fixpoint(batch.ConvertAll(f => states[f]));
        foreach (var f in fresh)
            if (f.Body != null && IsLateWrapper(f))
            {
                var sites = new CallSites(this, f);
                Fixpoint([sites]);
            }
    }

    /// <summary>Method wrappers come after everything else: they are inlined into, never inlined.</summary>
    static bool IsLateWrapper(Function f) => f.IsWrapper && (!f.IsClosure || f.Outer == null);

    static void Fixpoint(List<CallSites> batch)
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (var sites in batch)
                changed |= sites.TryAll();
        }
    }

    // ---- who may be inlined

    /// <summary>Weighs a function once.</summary>
    InlineInfo Weigh(Function f)
    {
        if (_infos.TryGetValue(f, out var known))
            return known;
        if (IsInitialiser(f))
            return _infos[f] = s_never;
        _infos[f] = s_never; // while it is being weighed
        string? reason = Impossible(f);
        int cost = 0;
        if (reason == null)
        {
            var weight = InlineCost.Of(f, _level, (call, big) => CostOfInlined(f, call, big));
            cost = weight.Cost;
            int budget = f.IsClosure ? InlineCost.OnceBudget : InlineCost.MaxBudget;
            reason = weight.Reason ?? (cost > budget ? $"function too complex: cost {cost} exceeds budget {budget}" : null);
        }
        Report(f, cost, reason);
        return _infos[f] = new InlineInfo(cost, reason);
    }

    void Report(Function f, int cost, string? reason)
    {
        if (reason != null)
        {
            if (_messages.Wants(2) && !f.IsUnreported)
                _messages.Print(PosOf(f), $"cannot inline {InlineText.Name(f, _package.Pkg)}: {reason}");
        }
        else if (f.IsUnreported)
        {
            // Another instance of its shape has been reported.
        }
        else if (_messages.Wants(2))
            _messages.Print(PosOf(f), $"can inline {InlineText.Name(f, _package.Pkg)} with cost {cost} as: {InlineText.Body(f, _package.Pkg)}");
        else if (_messages.Wants(1))
            _messages.Print(PosOf(f), $"can inline {InlineText.Name(f, _package.Pkg)}");
    }

    /// <summary>The token behind `func`: the name, or the receiver's parenthesis.</summary>
    static Syntax.Pos PosOf(Function f) => f is { IsClosure: false, Obj.Decl: { } decl } ? decl.Pos : f.Pos;

    /// <summary>The functions that run initialisers of variables.</summary>
    bool IsInitialiser(Function f) =>
        f.Obj == null && !f.IsClosure && (f.LinkName == Names.Prefix(_package.Pkg) + ".init" || f.LinkName.StartsWith(Names.Prefix(_package.Pkg) + ".map.init.", StringComparison.Ordinal));

    string? Impossible(Function f)
    {
        if ((f.Pragma & Pragma.Noinline) != 0)
            return "marked go:noinline";
        if ((f.Pragma & Pragma.UintptrKeepAlive) != 0) // uintptrescapes includes it
            return "marked as having a keep-alive uintptr argument";
        return f.Body == null || _staysCall(f) || GcIntrinsics.IsAssembly(f.LinkName) ? "no function body" : null; // what we do in C#, gc does in assembly
    }

    InlineInfo InfoOf(Function f)
    {
        if (_infos.TryGetValue(f, out var known))
            return known;
        if (_own.Contains(f))
            return f.IsClosure ? Weigh(f) : s_never; // others are weighed in their turn
        int? cost = f.IsClosure ? null : f.Pkg.Path == "runtime" ? GcIntrinsics.CostInRuntime(f.LinkName) : _staysCall(f) ? null : _imports.CostOf(f);
        return _infos[f] = cost is { } c ? new InlineInfo(c, null) : s_never;
    }

    /// <summary>While weighing: the cost of the body that stands for a call.</summary>
    int? CostOfInlined(Function caller, CallNode call, bool bigCaller) =>
        CalleeOf(caller, call) is { } callee && MayInline(caller, call, callee, bigCaller, false, false) ? InfoOf(callee).Cost : null;

    /// <summary>The function that a call calls, if it is known; for a literal that captures, only in the function around it.</summary>
    Function? CalleeOf(Function caller, CallNode call)
    {
        if (call.Fun == null)
            return null;
        switch (_assignments.StaticValue(call.Fun))
        {
            case FuncNode { Func: { } f }:
                return f.IsWrapper ? null : f;
            case ClosureNode { Func: var literal }:
                if (literal.ClosureVars.Count > 0 && !ReferenceEquals(literal.ClosureVars[0].Outer?.Owner, caller))
                    return null;
                _own.Add(literal);
                return literal;
            default:
                return null;
        }
    }

    /// <summary>Whether it makes sense to ask: neither `go` nor `defer` nor an instruction of gc's.</summary>
    static bool MightInline(CallNode call) =>
        call.Iface == null && !call.NoInline
        && !(call.StaticCallee is { } f && (GcIntrinsics.Contains(f.LinkName) && !IsOrdinaryHere(f) || f.LinkName.StartsWith("internal/abi.EscapeNonString[", StringComparison.Ordinal)));

    /// <summary>gc has an instruction for it, we have not.</summary>
    static bool IsOrdinaryHere(Function f) => !Intrinsics.IsIntrinsic(f);

    bool MayInline(Function caller, CallNode call, Function callee, bool bigCaller, bool calledOnce, bool log)
    {
        var info = InfoOf(callee);
        if (!info.CanInline)
            return false;
        int limit = bigCaller ? InlineCost.BigFunctionBudget : InlineCost.MaxBudget;
        if (callee.IsClosure)
        {
            limit *= 2;
            if (calledOnce)
                limit = Math.Max(limit, InlineCost.OnceBudget);
        }
        if (info.Cost > limit)
            return false;
        var here = call.Pos.Innermost;
        for (var i = call.Pos.Inlined; i != null; i = i.At.Inlined)
            if (i.At.Innermost == here)
                return false; // the call came out of itself
        for (var i = call.Pos.Inlined; i != null; i = i.At.Inlined)
            if (i.Function == Names.Shown(callee.LinkName))
            {
                if (log && _messages.Wants(2) && !caller.IsUnreported)
                    _messages.Print(call.Pos, $"cannot inline {InlineText.Name(callee, _package.Pkg)} into {InlineText.Name(caller, _package.Pkg)}: repeated recursive cycle");
                return false;
            }
        return true;
    }

    // ---- bodies

    /// <summary>The tree to copy: the function's own as it was written, or one built from the source of another package.</summary>
    Function? TreeOf(Function f)
    {
        if (_own.Contains(f))
            return f;
        if (!_imported.TryGetValue(f, out var tree))
            _imported.Add(f, tree = _package.Builder!.BuildCopy(f, []));
        return tree;
    }

    InlinedCallNode? Inline(Function caller, CallNode call, Function callee)
    {
        if (_messages.Wants(1) && !caller.IsUnreported && !GcIntrinsics.Contains(callee.LinkName))
        {
            string text = "inlining call to " + InlineText.Name(callee, _package.Pkg);
            if (call.Pos.Outermost is { IsKnown: true } pos)
                _messages.Print(pos, text);
            else
                _messages.Autogenerated(text);
        }
        if (TreeOf(callee) is not { Body: not null } tree)
            return null;
        if (Intrinsics.IsIntrinsic(callee))
        {
            if (_messages.Wants(1))
                ReportCallsIn(tree, call.Pos);
            return null;
        }
        var literals = new List<Function>();
        int number = _bodies++;
        var body = InlineBody.Make(caller, call, tree, number, new LiteralNames(caller, tree, number).Of, literals);
        foreach (var l in literals)
        {
            _own.Add(l);
            _copies.Add(l);
            _package.Functions.Add(l);
        }
        call.Replacement = body;
        _assignments.Inlined(caller, body);
        return body;
    }

    /// <summary>What gc would say about the calls in a body that an instruction stands for here.</summary>
    void ReportCallsIn(Function f, Syntax.Pos pos) => Walk.Preorder(f.Body!, e =>
    {
        if (e is CallNode { StaticCallee: { } callee } call && MightInline(call) && InfoOf(callee).CanInline && !GcIntrinsics.Contains(callee.LinkName))
            _messages.Print(pos, "inlining call to " + InlineText.Name(callee, _package.Pkg));
        return true;
    }, null);

    /// <summary>The facts for the package's image.</summary>
    public byte[] Write() => InlineFacts.Write(_infos, _own);
}

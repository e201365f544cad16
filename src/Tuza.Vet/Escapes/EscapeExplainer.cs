// Escape decisions in words: the way a value takes from where it is made to where the stack cannot hold it, one sentence a step, with positions
// in the source as it was written (not where a body was inlined to); what it costs; the smallest change that would keep it on the stack.
//
// The ways are those of the analysis (EscapeStory). Where a way ends in a call of a function that keeps its parameter, the parameter's own way
// goes on below it. The change is chosen by the last step: it is what made the value outlive its frame.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>One sentence of an explanation. Depth: in how many calls.</summary>
public sealed record EscapeWord(string Text, Pos Pos, int Depth);

/// <summary>Why something is on the heap. Bytes: of one value, -1 if known at run time only.</summary>
public sealed record EscapeExplanation(Pos Pos, string Name, string Function, string Type, bool OnHeap, bool IsVariable, long Bytes, long ClassBytes, List<EscapeWord> Words, string Change, string Compiler)
{
    /// <summary>From a traced run: how often it was made there, and its bytes; -1 without.</summary>
    public long Made { get; set; } = -1;
    public long MadeBytes { get; set; } = -1;
    /// <summary>The line makes other values too, which are in these numbers.</summary>
    public bool MadeTogether { get; set; }
}

public sealed class EscapeExplainer
{
    const int MostCalls = 6;

    readonly Dictionary<Function, List<EscapeStory>> _leaks = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Local, EscapeStory> _moved = new(ReferenceEqualityComparer.Instance);

    EscapeExplainer(IReadOnlyList<PackageIR> packages)
    {
        foreach (PackageIR p in packages)
        {
            foreach (EscapeStory s in p.Diagnostics.Stories ?? [])
            {
                if (!s.IsParameter)
                {
                    if (s is { Variable: { } v, Flows.Count: > 0 })
                        _moved.TryAdd(v, s);
                    continue;
                }
                if (!_leaks.TryGetValue(s.In, out List<EscapeStory>? list))
                    _leaks[s.In] = list = [];
                list.Add(s);
            }
        }
    }

    /// <summary>Explanations of what is decided in some packages, in the order of the source. packages: all whose stories are known.</summary>
    public static List<EscapeExplanation> Explain(IReadOnlyList<PackageIR> packages, Predicate<PackageIR> wanted)
    {
        EscapeExplainer e = new(packages);
        List<EscapeExplanation> all = [];
        HashSet<(Pos, string, bool)> seen = [];
        foreach (PackageIR p in packages)
        {
            if (!wanted(p))
                continue;
            HashSet<object> told = new(ReferenceEqualityComparer.Instance);
            foreach (EscapeStory s in p.Diagnostics.Stories ?? [])
            {
                if (s.IsParameter || s.Flows.Count > 0 && !told.Add((object?)s.Variable ?? s.Node!))
                    continue;
                if (s.Flows.Count == 0 && (told.Contains((object?)s.Variable ?? s.Node!) || s.Escapes))
                    continue;
                EscapeExplanation x = e.Of(s);
                if (x.Pos.IsKnown && seen.Add((x.Pos, x.Name, x.OnHeap)))
                    all.Add(x);
            }
        }
        // A body that was inlined somewhere has copies: what escapes in one speaks for the line.
        all.RemoveAll(x => !x.OnHeap && all.Exists(y => y.OnHeap && y.Pos == x.Pos));
        all.Sort(static (a, b) => string.CompareOrdinal(a.Pos.File?.Name, b.Pos.File?.Name) is not 0 and var c ? c
            : a.Pos.Line != b.Pos.Line ? a.Pos.Line.CompareTo(b.Pos.Line) : a.Pos.Column.CompareTo(b.Pos.Column));
        return all;
    }

    EscapeExplanation Of(EscapeStory s)
    {
        GoType? type = s.Variable?.Type ?? MadeType(s.Node!);
        long bytes = s.Variable != null ? Sizes.Amd64.Sizeof(s.Variable.Type) : BytesOf(s.Node!);
        List<EscapeWord> words = [];
        string change = "";
        if (s.Flows.Count > 0)
        {
            Walk(s, words, 0, [], null);
            change = ChangeOf(s);
        }
        long block = bytes <= 0 ? bytes : (long)SizeClasses.RoundUp((nuint)bytes, type == null || !Flatten.HasPointers(type));
        string compiler = s.Variable != null && s.Escapes ? "moved to heap: " + s.Name : s.Name + (s.Escapes ? " escapes to heap" : " does not escape");
        return new EscapeExplanation(s.Pos.Innermost, s.Name, s.In.ShortName, type?.ToString() ?? "", s.Escapes, s.Variable != null, bytes, block, words, change, compiler);
    }

    static GoType? MadeType(ExprNode n) => n switch
    {
        NewNode or AddrNode { IsPtrLit: true } => (n.Type.Underlying as PointerType)?.Elem,
        ConvNode { Kind: ConvKind.ToInterface } c => c.X.Type,
        _ => n.Type,
    };

    static long BytesOf(ExprNode n)
    {
        switch (n)
        {
            case NewNode or AddrNode { IsPtrLit: true }:
                return Sizes.Amd64.Sizeof(((PointerType)n.Type.Underlying).Elem);
            case ConvNode { Kind: ConvKind.ToInterface } c:
                return Sizes.Amd64.Sizeof(c.X.Type);
            case MakeSliceNode { Type.Underlying: SliceType slice } m:
                return (m.Cap ?? m.Len) is ConstNode { Value: IntConstant k } && k.Value < int.MaxValue ? (long)k.Value * Sizes.Amd64.Sizeof(slice.Elem) : -1;
            case CompositeNode { Type.Underlying: SliceType slice } c:
                return c.Elems.Count * Sizes.Amd64.Sizeof(slice.Elem);
            case ClosureNode c:
                long size = HeapConsts.PtrBytes;
                foreach (Local v in c.Func.ClosureVars)
                    size += v.ByValue ? Sizes.Amd64.Sizeof(v.Type) : HeapConsts.PtrBytes;
                return size;
            default:
                return -1;
        }
    }

    // ---- the way

    /// <summary>A call that a way leads into, and the one around it.</summary>
    sealed record Entered(CallNode Call, Entered? Outer);

    /// <summary>call: the one that hands over the parameter that the story is about.</summary>
    void Walk(EscapeStory s, List<EscapeWord> words, int depth, HashSet<EscapeStory> seen, Entered? call)
    {
        if (!seen.Add(s) || depth > MostCalls)
            return;
        foreach (EscapeFlow f in s.Flows)
        {
            for (int i = 0; i < f.Steps.Count; i++)
            {
                EscapeStep step = f.Steps[i];
                if (Sentence(f, step, i) is not { } text)
                    continue;
                words.Add(new EscapeWord(text.Text, text.Pos, depth));
                if (step.Why is "assign" or "assign-pair" && f.ToHeap && TargetBase(step, out ExprNode? pointer) == null && pointer != null)
                    Pointee(s, pointer, words, depth, call);
                if (step.Why == "call parameter" && step.Where is CallNode { StaticCallee: { } callee } next && LeakOf(callee, next, f, i) is { } leak)
                    Walk(leak, words, depth + 1, seen, new Entered(next, call));
            }
        }
    }

    /// <summary>
    /// A store through a pointer counts as a store to the heap. Where the pointer visibly holds the address of one variable, that variable says whether it really is one.
    /// </summary>
    void Pointee(EscapeStory s, ExprNode pointer, List<EscapeWord> words, int depth, Entered? call)
    {
        words.Add(new EscapeWord("a store through a pointer counts as a store to the heap: the analysis does not follow what it points to", default, depth));
        if (pointer is not LocalNode { Local: var p })
            return;
        ExprNode? value = null;
        int values = 0;
        for (Local? from = p; from != null && call is { Call: { StaticCallee: { } callee } c } && callee.Params.IndexOf(from) is >= 0 and var arg && arg < c.Args.Count; call = call.Outer)
        {
            value = c.Args[arg];
            values = 1;
            from = (value as LocalNode)?.Local;
        }
        if (values == 0 && s.In.Body is { } body)
        {
            IR.Walk.Preorder(body, null, n =>
            {
                for (int i = 0; n is Assign2Node pair && i < pair.X.Count && i < pair.Y.Count; i++)
                    Note(pair.X[i], pair.Y[i]);
                if (n is AssignNode one)
                    Note(one.X, one.Y);
                return true;
            });
        }
        if (values != 1 || value is not AddrNode { X: LocalNode { Local: var target }, IsPtrLit: false })
            return;
        List<EscapeWord> why = [];
        if (_moved.TryGetValue(target, out EscapeStory? moved) && moved.Flows is [.., { Steps: [.., var last] } flow] && Sentence(flow, last, flow.Steps.Count - 1) is { } reason)
            words.Add(new EscapeWord($"the store is also real here: {p.Name} points to {target.Name}, of which the same is true: {reason.Text}", reason.Pos, depth));
        else if (!target.OnHeap)
            words.Add(new EscapeWord($"here {p.Name} points to {target.Name}, which stays in the frame: no store to the heap in fact", default, depth));

        void Note(ExprNode? x, ExprNode y)
        {
            if (x is LocalNode { Local: var l } && ReferenceEquals(l, p))
            {
                value = y;
                values++;
            }
        }
    }

    /// <summary>How the parameter that takes a value leaves a function.</summary>
    EscapeStory? LeakOf(Function callee, CallNode call, EscapeFlow f, int step)
    {
        if (!_leaks.TryGetValue(callee, out List<EscapeStory>? leaks))
            return null;
        object? inner = step > 0 ? f.Steps[step - 1].Where : null;
        for (int i = 0; i < call.Args.Count && i < callee.Params.Count; i++)
        {
            bool here = call.Args[i] is LocalNode l && l.Local.Name == f.From;
            if (!here && inner is ExprNode e)
                IR.Walk.Preorder([new ExprStmtNode { X = call.Args[i] }], n => !(here |= ReferenceEquals(n, e)), null);
            Local p = callee.Params[i];
            if (here && leaks.Find(s => ReferenceEquals(s.Variable, p) && (!f.ToHeap || s.Root == "{heap}")) is { } leak)
                return leak;
        }
        return leaks.Count == 1 ? leaks[0] : null;
    }

    (string Text, Pos Pos)? Sentence(EscapeFlow f, EscapeStep s, int index)
    {
        Pos at = s.Pos.Innermost;
        if (s.Why is "assign" or "assign-pair" && f.ToLocal is { } local && local.Pos.Inlined is { } copy && copy.At == s.Pos)
            return ($"it is passed to {Short(copy.Function)} as {f.To}", at);
        if (s.Why is "assign" or "assign-pair" && f.To.StartsWith("~r", StringComparison.Ordinal))
            return s.Pos.Inlined is { } call ? ($"{Short(call.Function)} returns it", at) : null;
        switch (s.Why)
        {
            case "spill": return index == 0 && f.Steps.Count > 1 ? null : ($"{s.Text} needs memory of its own", at);
            case "address-of": return ($"its address is taken: {s.Text}", at);
            case "return": return f.To.StartsWith("~r", StringComparison.Ordinal) || f.ToLocal == null ? ("it is returned", at) : ($"it is returned as {f.To}", at);
            case "captured by a closure": return ("a function literal uses it", at);
            case "reference": return ("by its address, since it changes after that or is large", at);
            case "call parameter": return (CallSentence(s), at);
            case "callee operand": return ("it is called as a function that is not known here", at);
            case "interface-converted": return ("it is put into an interface", at);
            case "struct literal element": return ("it becomes a field of a struct", at);
            case "array literal element" or "slice-literal-element": return ("it becomes an element of a literal", at);
            case "map literal key" or "map literal value" or "key of map put": return ("it is put into a map: the elements of a map are on the heap", at);
            case "send": return ("it is sent on a channel: another goroutine may receive it", at);
            case "appended slice..." or "appendee slice": return ($"it is appended: {s.Text}", at);
            case "copied slice": return ("its elements are copied to another slice", at);
            case "slice": return ($"a part of it is taken: {s.Text}", at);
            case "too large for stack": return ($"{s.Text} is too large for the stack", at);
            case "too aligned for stack": return ($"{s.Text} needs a stricter alignment than the stack has", at);
            case "zero-sized element": return ("its elements have no size", at);
            case "assign" or "assign-pair" when f.ToHeap: return (StoreSentence(s), at);
            case "assign" or "assign-pair" or "assign-pair-dot-type" or "assign-pair-mapr" or "assign-pair-receive":
                return f.To.StartsWith('{') ? ($"in {s.Text}", at) : ($"it is assigned to {f.To}", at);
            case "range" or "range-deref": return ($"it is an element that a loop goes over: {s.Text}", at);
            case "switch case": return ("a type switch takes it out of its interface", at);
            case "indirection" or "dot" or "dot of pointer" or "fixed-array-index-of": return ($"through {s.Text}", at);
            default: return ($"{s.Text} ({s.Why})", at);
        }
    }

    string CallSentence(EscapeStep s)
    {
        if (s.Where is not CallNode c)
            return $"it is passed on: {s.Text}";
        if (c.StaticCallee is { } callee)
            return $"it is passed to {Short(callee.LinkName)}" + (_leaks.ContainsKey(callee) ? "" : callee.Body == null ? ", which has no Go body: it is assumed to keep it" : ", which keeps it");
        return c.Iface != null ? $"it is passed to the interface method {c.Method?.Name}: which one is not known, so it is assumed to keep it"
            : "it is passed to a function value: which function is not known, so it is assumed to keep it";
    }

    static ExprNode? Target(EscapeStep s) => s.Where switch
    {
        AssignNode a => a.X,
        Assign2Node { X.Count: 1 } a => a.X[0],
        _ => null,
    };

    /// <summary>What a store stores to: the package variable, map or plain variable, else null with the pointer (or slice) that the store goes through.</summary>
    static ExprNode? TargetBase(EscapeStep s, out ExprNode? pointer)
    {
        pointer = null;
        for (ExprNode? x = Target(s); x != null;)
        {
            switch (x)
            {
                case MapIndexNode or GlobalNode:
                    return x;
                case FieldNode f:
                    x = f.X;
                    break;
                case IndexNode i:
                    x = i.X;
                    break;
                case DerefNode d:
                    pointer = d.X;
                    return null;
                default:
                    return x;
            }
            if (x.Type.Underlying is SliceType or PointerType)
            {
                pointer = x;
                return null;
            }
        }
        return null;
    }

    static string StoreSentence(EscapeStep s)
    {
        ExprNode? target = TargetBase(s, out ExprNode? pointer);
        return target is GlobalNode g ? $"it is kept in the package variable {g.Global.LinkName[(g.Global.LinkName.LastIndexOf('.') + 1)..]}: {s.Text}"
            : target is MapIndexNode ? $"it is put into a map: {s.Text}"
            : pointer != null ? $"it is stored through {(pointer.Type.Underlying is SliceType ? "a slice" : "a pointer")}: {s.Text}" : $"it is stored: {s.Text}";
    }

    static string Short(string symbol) => symbol.StartsWith("main.", StringComparison.Ordinal) ? symbol[5..] : symbol[(symbol.LastIndexOf('/') + 1)..];

    // ---- the change

    string ChangeOf(EscapeStory s)
    {
        EscapeFlow end = s.Flows[^1];
        EscapeStep? last = end.Steps.Count > 0 ? end.Steps[^1] : null;
        bool boxed = s.Node is ConvNode { Kind: ConvKind.ToInterface };
        switch (last?.Why)
        {
            case "return" when s.Node is ClosureNode:
                return "call it here, or return a value with a method instead of a function literal";
            case "return" when s.Node is BuiltinNode { Op: BuiltinOp.Append }:
                return "if the size is known, make the slice large enough before, or let the caller give the memory";
            case "return":
                return s.Node is MakeSliceNode or CompositeNode { Type.Underlying: SliceType } ? "let the caller give the memory: take a slice, append to it and return it"
                    : boxed ? "return the concrete type instead of an interface" : "return the value instead of its address, or let the caller give the memory to fill";
            case "call parameter" when last.Where is CallNode { StaticCallee: { } callee }:
                return boxed ? $"avoid the interface: call a function for {MadeType(s.Node!)} instead of {Short(callee.LinkName)}"
                    : _leaks.ContainsKey(callee) ? $"let {Short(callee.LinkName)} copy what it keeps, or give it the value instead of the address" : $"give {Short(callee.LinkName)} the value instead of the address";
            case "call parameter" when last.Where is not CallNode:
                return "append values instead of addresses";
            case "call parameter":
                return "call a method of the concrete type, or make the function generic: then the analysis sees what is called";
            case "callee operand":
                return "call the function by its name";
            case "send":
                return "send the value instead of its address";
            case "captured by a closure" or "reference":
                return "pass it to the function literal as an argument";
            case "too large for stack":
                return s.Node is MakeSliceNode ? "make it no larger than 64 KiB, or use one buffer again and again" : "make it no larger than 128 KiB, or use one buffer again and again";
            case "key of map put" or "map literal key" or "map literal value":
                return "put the value into the map instead of its address";
            case "appended slice..." or "appendee slice":
                return "append values instead of addresses";
            case "assign" or "assign-pair":
                switch (TargetBase(last, out _))
                {
                    case GlobalNode g: return $"keep a copy in {g.Global.LinkName[(g.Global.LinkName.LastIndexOf('.') + 1)..]}: a value instead of an address, with a type without pointers to it";
                    case MapIndexNode: return "put the value into the map instead of its address";
                }
                return "return it to the caller and let that one store it, or store the value instead of its address";
            case "spill" when s.Node is ClosureNode:
                return "if it is started with go, nothing: goroutines outlive frames; else call it where it stands";
            case null:
                return "";
            default:
                return "keep the value instead of its address where the way ends";
        }
    }
}

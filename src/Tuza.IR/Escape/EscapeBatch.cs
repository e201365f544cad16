// Escape analysis of one batch of functions: builds the graph, solves it, writes the decisions into the tree.
//
// Decisions: Local.OnHeap for variables, ExprNode.Escapes for allocating expressions, Local.ByValue for captures, Function.EscapeTags for callers.
// The graph's rules are in EscapeBatch.{Stmt,Assign,Expr,Call}.cs.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Tags of functions whose trees are not at hand: they come with the package's image.</summary>
public interface IEscapeTagSource
{
    EscapeTags? Find(string linkName);
}

/// <summary>What all batches of a package share.</summary>
sealed record EscapeContext(Definitions Values, IEscapeTagSource? Tags, EscapeReport Report, bool SmallFrames, bool ZeroCopy);

sealed partial class EscapeBatch
{
    /// <summary>Captured by value only up to this size.</summary>
    const long MaxByValueBytes = 128;
    const long WordBytes = 8;

    readonly List<Function> _functions;
    readonly HashSet<Function> _members;
    readonly EscapeContext _context;
    readonly Dictionary<Local, Location> _locals = new(ReferenceEqualityComparer.Instance);
    readonly List<(Hole Hole, ClosureNode Node)> _closures = [];
    readonly HashSet<Function> _walked = new(ReferenceEqualityComparer.Instance);
    Function _current = null!;
    int _depth;
    HashSet<string> _loopingLabels = [];

    public List<Location> Locations { get; } = [];
    public Location Heap { get; } = new() { Attrs = Attrs.All, IsHeap = true };
    public Location Mutator { get; } = new() { Attrs = Attrs.Mutates };
    public Location Callee { get; } = new() { Attrs = Attrs.Calls };
    readonly Location _blank = new();

    EscapeBatch(List<Function> functions, EscapeContext context)
    {
        _functions = functions;
        _members = [.. functions];
        _context = context;
    }

    EscapeReport Report => _context.Report;

    public static void Analyze(List<Function> functions, EscapeContext context)
    {
        var batch = new EscapeBatch(functions, context);
        batch.Build();
        new Solver(batch, context.Report).Run();
        batch.Finish();
    }

    public bool Contains(Function f) => _members.Contains(f);
    public Location LocationOf(Local l) => _locals[Definitions.Canonical(l)];

    /// <summary>Wrappers of methods are nobody's text; wrappers of go and defer statements are.</summary>
    static bool IsUnreported(Function f) => f.IsUnreported || f.IsWrapper && f.Outer == null;

    static bool IsCapturing(Function f) => Batches.Captures(f);

    void Build()
    {
        foreach (var f in _functions)
        {
            foreach (var local in f.Locals)
                if (local.Class != LocalClass.Captured || local.Outer == null)
                    AddLocal(f, local);
            foreach (var v in f.ClosureVars) // the bound receiver of a method value
                if (v.Outer == null)
                    AddLocal(f, v);
        }
        foreach (var f in _functions)
            if (f.Body != null && (!IsCapturing(f) || !_members.Contains(f.Outer!)))
                WalkFunction(f);
        FlowClosures();
        foreach (var loc in Locations.ToArray())
        {
            Literals.Rewrite(loc.Node, _context.Values);
            if (HeapReason(loc) is { } why)
                Flow(Addr(HeapHole, (object?)loc.Node ?? loc.Local!, why), loc);
        }
    }

    void AddLocal(Function f, Local local)
    {
        if (_locals.ContainsKey(local))
            return;
        var loc = new Location { Local = local, Owner = f, Depth = 1, Attrs = Attrs.Persists, Unreported = IsUnreported(f) };
        loc.IsParam = local.Class == LocalClass.Param;
        if (local.Class == LocalClass.Result)
            loc.ResultIndex = local.Index + 1;
        _locals.Add(local, loc);
        Locations.Add(loc);
    }

    void WalkFunction(Function f)
    {
        var (current, depth, labels) = (_current, _depth, _loopingLabels);
        (_current, _depth) = (f, 1);
        LoopVariables.Narrow(f);
        _loopingLabels = LoopingLabels(f.Body!);
        Block(f.Body!);
        (_current, _depth, _loopingLabels) = (current, depth, labels);
    }

    /// <summary>Labels to which a goto jumps back.</summary>
    static HashSet<string> LoopingLabels(List<StmtNode> body)
    {
        var seen = new HashSet<string>();
        var looping = new HashSet<string>();
        Walk.Preorder(body, null, s =>
        {
            if (s is LabelNode l)
                seen.Add(l.Label);
            else if (s is GotoNode g && seen.Contains(g.Label))
                looping.Add(g.Label);
            return true;
        });
        return looping;
    }

    /// <summary>After all bodies: how each literal captures, and what flows into it.</summary>
    void FlowClosures()
    {
        foreach (var (hole, node) in _closures)
        {
            foreach (var captured in node.Func.ClosureVars)
            {
                if (captured.Outer == null)
                    continue;
                Local variable = Definitions.Canonical(captured);
                Location loc = _locals[variable];
                bool byValue = !loc.AddrTaken && !loc.Reassigned && Flatten.SizeOf(variable.Type) <= MaxByValueBytes;
                captured.ByValue = byValue;
                Report.Capture(loc, byValue);
                Hole k = byValue ? hole : Addr(hole, captured, "reference");
                Flow(Because(k, captured, "captured by a closure"), loc);
            }
            Report.CaptureOfDictionary(node.Func);
        }
    }

    // ---- locations and flows

    Location NewLocation(ExprNode? node, bool persists)
    {
        var loc = new Location { Node = node, Owner = _current, Depth = _depth, Attrs = persists ? Attrs.Persists : Attrs.None, Unreported = IsUnreported(_current) };
        Locations.Add(loc);
        return loc;
    }

    void Flow(Hole k, Location src)
    {
        if (k.AddrTaken)
            src.AddrTaken = true;
        Location dst = k.Dst;
        if (dst == _blank || (dst == src && k.Derefs >= 0))
            return;
        if (dst.Escapes && k.Derefs < 0)
        {
            Report.EscapesAtOnce(k, src);
            src.Attrs |= Attrs.All;
            return;
        }
        dst.Edges.Add(new Edge(src, k.Derefs, k.Notes));
    }

    Hole Discard => new(_blank, 0, false);
    Hole HeapHole => new(Heap, 0, false);
    Hole MutatorHole => new(Mutator, 0, false);
    static Hole HoleOf(Location l) => new(l, 0, false);

    // Every change of a hole may leave a note why; nobody reads them below -m=2.

    Hole Because(Hole k, object where, string why) => Report.Explains ? k with { Notes = new Note(k.Notes, where, why) } : k;

    Hole Deref(Hole k, object where, string why) => Because(new Hole(k.Dst, k.Derefs + 1, false, k.Notes), where, why);

    Hole Addr(Hole k, object where, string why)
    {
        if (k.Derefs < 0)
            throw new InvalidOperationException($"escape analysis of {_current?.LinkName}: address of an address");
        return Because(new Hole(k.Dst, k.Derefs - 1, true, k.Notes), where, why);
    }

    /// <summary>For a value of type t that comes out of an interface.</summary>
    Hole FromInterface(Hole k, GoType t, object where, string why) =>
        Because(t.Underlying is InterfaceType || Flatten.IsDirectIface(t) ? k : k.Plus(1), where, why);

    /// <summary>A new location for n whose address goes to k.</summary>
    Hole Spill(Hole k, ExprNode n)
    {
        var loc = NewLocation(n, false);
        Flow(Addr(k, n, "spill"), loc);
        return HoleOf(loc);
    }

    Hole Tee(params ReadOnlySpan<Hole> holes)
    {
        if (holes.Length == 0)
            return Discard;
        if (holes.Length == 1)
            return holes[0];
        var loc = NewLocation(null, false);
        foreach (var k in holes)
            Flow(k, loc);
        return HoleOf(loc);
    }

    Hole Later(Hole k)
    {
        var loc = NewLocation(null, true);
        Flow(k, loc);
        return HoleOf(loc);
    }

    // ---- decisions

    /// <summary>Why a location must be on the heap whatever flows where; null if it need not.</summary>
    string? HeapReason(Location loc)
    {
        // Larger variables, and larger values behind new and the like, live on the heap.
        long maxVar = _context.SmallFrames ? 64 << 10 : 128 << 10, maxImplicit = _context.SmallFrames ? 16 << 10 : 64 << 10;
        const string TooLarge = "too large for stack";
        if (loc.Local is { } local)
            return local.Class == LocalClass.Auto && Flatten.SizeOf(local.Type) > maxVar ? TooLarge : null;
        switch (loc.Node)
        {
            case null:
                return null;
            case NewNode or AddrNode { IsPtrLit: true }:
                return Flatten.SizeOf(((PointerType)loc.Node.Type.Underlying).Elem) > maxImplicit ? TooLarge : null;
            case MethodValueNode m:
                return WordBytes + Flatten.SizeOf(m.X.Type) > maxImplicit ? TooLarge : null;
            case MakeSliceNode make:
                long elem = Flatten.SizeOf(((SliceType)make.Type.Underlying).Elem);
                if (elem == 0)
                    return "zero-sized element";
                return (make.Cap ?? make.Len) is ConstNode { Value: IntConstant c } && c.Value <= int.MaxValue && c.Value > maxImplicit / elem ? TooLarge : null;
            default:
                return loc.Node.Type is not TupleType && Flatten.SizeOf(loc.Node.Type) > maxVar ? TooLarge : null;
        }
    }

    void Finish()
    {
        foreach (var f in _functions)
        {
            var leaks = new Leaks[f.Params.Count];
            for (int i = 0; i < leaks.Length; i++)
                leaks[i] = TagOf(f, i);
            f.EscapeTags = new EscapeTags(leaks);
        }
        foreach (var loc in Locations)
        {
            if (loc.Local is { } local)
            {
                local.OnHeap = loc.Escapes;
                Report.Location(loc);
            }
            else if (loc.Node is { } n)
            {
                n.Escapes = loc.Escapes;
                Report.Location(loc);
                if (n is ConvNode { Kind: ConvKind.StringToBytes } c && (loc.Attrs & Attrs.Mutates) == 0 && _context.ZeroCopy)
                {
                    c.ZeroCopy = true;
                    if (!loc.Unreported)
                        Report.ZeroCopy(n);
                }
            }
        }
    }

    Leaks TagOf(Function f, int index)
    {
        Local p = f.Params[index];
        bool report = Report.Wanted && !f.IsWrapper && !f.IsInstance && !f.IsMessageOnly;
        bool isUintptr = p.Type.Underlying is BasicType { Kind: BasicKind.Uintptr };
        bool unnamed = p.Name.StartsWith("~p", StringComparison.Ordinal);
        string name = unnamed ? $"arg#{index + 1}" : p.Name;
        if (f.Body == null)
        {
            // Whoever implements it is assumed to know pointers in integers, and to keep pointers, unless it promises not to.
            if (isUintptr)
            {
                if (report)
                    Report.Warn(p.Pos, $"assuming {name} is unsafe uintptr");
                return Leaks.None;
            }
            if (!Flatten.HasPointers(p.Type))
                return Leaks.None;
            bool kept = (f.Pragma & Pragma.Noescape) == 0;
            if (report && !unnamed)
                Report.Warn(p.Pos, kept ? $"leaking param: {name}" : $"{name} does not escape");
            return kept ? Leaks.ToHeap : Leaks.Noescape;
        }
        if ((f.Pragma & Pragma.UintptrEscapes) != 0)
        {
            bool dots = f.Sig.Variadic && index == f.Params.Count - 1 && p.Type.Underlying is SliceType { Elem.Underlying: BasicType { Kind: BasicKind.Uintptr } };
            if (isUintptr || dots)
            {
                if (report)
                    Report.Warn(p.Pos, $"marking {name} as escaping {(dots ? "..." : "")}uintptr");
                return Leaks.ToHeap;
            }
        }
        if (!Flatten.HasPointers(p.Type) || unnamed)
            return Leaks.None;
        Location loc = _locals[p];
        var leaks = loc.Leaks.Optimized();
        if (report && !loc.Escapes)
            Report.Parameter(f, p, leaks);
        return leaks;
    }
}

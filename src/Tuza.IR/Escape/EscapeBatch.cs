// Escape analysis of one batch of functions: builds the graph, solves it, writes the decisions into the tree.
//
// Decisions: Local.OnHeap for variables, ExprNode.Escapes for allocating expressions, Local.ByValue for captures, Function.EscapeTags for callers.
// The graph's rules are in EscapeBatch.{Stmt,Expr,Call}.cs.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Tags of functions whose trees are not at hand: they come with the package's image.</summary>
public interface IEscapeTagSource
{
    EscapeTags? Find(string linkName);
}

sealed partial class EscapeBatch
{
    /// <summary>Larger variables, and larger values behind new, live on the heap (`ir.MaxStackVarSize`, `ir.MaxImplicitStackVarSize`).</summary>
    const long MaxStackVarBytes = 128 << 10, MaxImplicitStackVarBytes = 64 << 10;

    /// <summary>Captured by value only up to this size.</summary>
    const long MaxByValueBytes = 128;

    readonly List<Function> _functions;
    readonly HashSet<Function> _members;
    readonly IEscapeTagSource? _tags;
    readonly Dictionary<Local, Location> _locals = [];
    readonly List<(Hole Hole, ClosureNode Node)> _closures = [];
    readonly StaticValues _values;
    Function _current = null!;
    int _depth;
    HashSet<string> _loopingLabels = [];

    public List<Location> Locations { get; } = [];
    public Location Heap { get; } = new() { Attrs = Attrs.All };
    public Location Mutator { get; } = new() { Attrs = Attrs.Mutates };
    public Location Callee { get; } = new() { Attrs = Attrs.Calls };
    readonly Location _blank = new();

    EscapeBatch(List<Function> functions, StaticValues values, IEscapeTagSource? tags)
    {
        _functions = functions;
        _members = [.. functions];
        _values = values;
        _tags = tags;
    }

    public static void Analyze(List<Function> functions, StaticValues values, IEscapeTagSource? tags)
    {
        var batch = new EscapeBatch(functions, values, tags);
        batch.Build();
        new Solver(batch).Run();
        batch.Finish();
    }

    public bool Contains(Function f) => _members.Contains(f);
    public Location LocationOf(Local l) => _locals[Canonical(l)];

    /// <summary>The variable itself, behind the captures of nested literals.</summary>
    static Local Canonical(Local l)
    {
        while (l.Class == LocalClass.Captured && l.Outer != null)
            l = l.Outer;
        return l;
    }

    static bool IsCapturing(Function f) => f.IsClosure && f.Outer != null && f.ClosureVars.Count > 0;

    void Build()
    {
        foreach (var f in _functions)
            foreach (var local in f.Locals)
                if (local.Class != LocalClass.Captured || local.Outer == null)
                    AddLocal(f, local);
        foreach (var f in _functions)
        {
            foreach (var v in f.ClosureVars) // the bound receiver of a method value
                if (v.Outer == null)
                    AddLocal(f, v);
            if (!IsCapturing(f) || !_members.Contains(f.Outer!))
                WalkFunction(f);
        }
        FlowClosures();
        foreach (var loc in Locations.ToArray())
            if (HeapReason(loc))
                Flow(new Hole(Heap, 0, false).Addr, loc);
    }

    void AddLocal(Function f, Local local)
    {
        if (_locals.ContainsKey(local))
            return;
        var loc = new Location { Local = local, Owner = f, Depth = 1, Attrs = Attrs.Persists };
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
            foreach (var captured in node.Func.ClosureVars)
            {
                if (captured.Outer == null)
                    continue;
                Local variable = Canonical(captured);
                Location loc = _locals[variable];
                captured.ByValue = !loc.AddrTaken && !loc.Reassigned && Flatten.SizeOf(variable.Type) <= MaxByValueBytes;
                Flow(captured.ByValue ? hole : hole.Addr, loc);
            }
    }

    // ---- locations and flows

    Location NewLocation(ExprNode? node, bool persists)
    {
        var loc = new Location { Node = node, Owner = _current, Depth = _depth, Attrs = persists ? Attrs.Persists : Attrs.None };
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
            src.Attrs |= Attrs.All;
            return;
        }
        dst.Edges.Add(new Edge(src, k.Derefs));
    }

    Hole Discard => new(_blank, 0, false);
    Hole HeapHole => new(Heap, 0, false);
    Hole MutatorHole => new(Mutator, 0, false);
    static Hole HoleOf(Location l) => new(l, 0, false);

    /// <summary>A new location for n whose address goes to k.</summary>
    Hole Spill(Hole k, ExprNode n)
    {
        var loc = NewLocation(n, false);
        Flow(k.Addr, loc);
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

    static bool HeapReason(Location loc)
    {
        if (loc.Local is { } local)
            return local.Class == LocalClass.Auto && Flatten.SizeOf(local.Type) > MaxStackVarBytes;
        switch (loc.Node)
        {
            case null:
                return false;
            case NewNode or AddrNode { IsPtrLit: true }:
                return Flatten.SizeOf(((PointerType)loc.Node.Type.Underlying).Elem) > MaxImplicitStackVarBytes;
            case MakeSliceNode make:
                long elem = Flatten.SizeOf(((SliceType)make.Type.Underlying).Elem);
                if (elem == 0)
                    return true;
                return (make.Cap ?? make.Len) is ConstNode { Value: IntConstant c } && c.Value <= int.MaxValue && c.Value > MaxImplicitStackVarBytes / elem;
            case ConvNode or AddStringNode or MapLitNode or MakeMapNode:
                return false;
            default:
                return Flatten.SizeOf(loc.Node.Type) > MaxStackVarBytes;
        }
    }

    void Finish()
    {
        foreach (var loc in Locations)
        {
            if (loc.Local is { } local)
                local.OnHeap = loc.Escapes;
            else if (loc.Node != null)
                loc.Node.Escapes = loc.Escapes;
        }
        foreach (var f in _functions)
        {
            var leaks = new Leaks[f.Params.Count];
            for (int i = 0; i < leaks.Length; i++)
                leaks[i] = TagOf(f, f.Params[i]);
            f.EscapeTags = new EscapeTags(leaks);
        }
    }

    Leaks TagOf(Function f, Local p)
    {
        if ((f.Pragma & Pragma.UintptrEscapes) != 0 && p.Type.Underlying is BasicType { Kind: BasicKind.Uintptr })
            return Leaks.None;
        if (!Flatten.HasPointers(p.Type))
            return Leaks.None;
        Location loc = _locals[p];
        return loc.Escapes ? Leaks.ToHeap : loc.Leaks.Optimized();
    }
}

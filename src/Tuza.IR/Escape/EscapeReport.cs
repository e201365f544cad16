// The lines of -m about escapes, and the explanations of -m=2, in gc's words.
//
// Explanations are printed while the graph is built and solved, whenever a location is first found to escape or a parameter to leak; the
// results of a batch follow at its end: parameters of each function, then all locations in order of their creation.

using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed class EscapeReport(CompileDiagnostics diagnostics, Package local)
{
    readonly NodeText _text = new(local);

    public bool Wanted { get; } = diagnostics.Wants(1);
    public bool Explains { get; } = diagnostics.Wants(2);
    /// <summary>`-d=escapemutationscalls`.</summary>
    public bool Mutations { get; } = diagnostics.MutationsAndCalls;

    // ---- results

    public void Location(Location l)
    {
        if (!Wanted || l.Unreported)
            return;
        if (diagnostics.Stories is { } stories && l.Owner != null && (l.Node != null || l.AddrTaken || l.Escapes))
            stories.Add(new EscapeStory(l.Owner, l.Local, l.Node, Name(l), l.Escapes, IsParameter: false, "", []));
        if (l.Local is { } v)
        {
            if (l.Escapes)
                diagnostics.Warn(v.Pos, "moved to heap: " + _text.Of(v));
            return;
        }
        if (l.Node is not { } n || n is ClosureNode { Func.IsWrapper: true })
            return;
        string name = n is BuiltinNode { Op: BuiltinOp.Append } ? "append" : _text.Of(n);
        diagnostics.Warn(n.Pos, name + (l.Escapes ? " escapes to heap" : " does not escape"));
    }

    public void ZeroCopy(ExprNode n)
    {
        if (Wanted)
            diagnostics.Warn(n.Pos, "zero-copy string->[]byte conversion");
    }

    /// <summary>What callers must know of a parameter.</summary>
    public void Parameter(Function f, Local p, Leaks leaks)
    {
        string name = p.Name;
        bool warned = false;
        if (leaks[IR.Leaks.Heap] is >= 0 and var heap)
        {
            diagnostics.Warn(p.Pos, heap == 0 ? $"leaking param: {name}" : $"leaking param content: {name}");
            warned = true;
        }
        for (int i = 0; i < IR.Leaks.MaxResults && i < f.Results.Count; i++)
            if (leaks[IR.Leaks.FirstResult + i] is >= 0 and var level)
            {
                diagnostics.Warn(p.Pos, $"leaking param: {name} to result {f.Results[i].Name} level={level}");
                warned = true;
            }
        if (Mutations)
        {
            if (leaks[IR.Leaks.Mutator] is >= 0 and var mutates)
            {
                diagnostics.Warn(p.Pos, $"mutates param: {name} derefs={mutates}");
                warned = true;
            }
            if (leaks[IR.Leaks.Callee] is >= 0 and var calls)
            {
                diagnostics.Warn(p.Pos, $"calls param: {name} derefs={calls}");
                warned = true;
            }
        }
        if (!warned)
            diagnostics.Warn(p.Pos, name + (Mutations ? " does not escape, mutate, or call" : " does not escape"));
    }

    public void Warn(Pos pos, string text) => diagnostics.Warn(pos, text);

    public void SelfAssignment(Function f, StmtNode s)
    {
        if (Wanted && !f.IsUnreported)
            diagnostics.Warn(s.Pos, $"{_text.Symbol(f)} ignoring self-assignment in {_text.Of(s)}");
    }

    public void Capture(Location l, bool byValue)
    {
        if (!Explains || l.Unreported)
            return;
        var v = l.Local!;
        diagnostics.Warn(v.Pos, $"{_text.Symbol(l.Owner!)} capturing by {(byValue ? "value" : "ref")}: {_text.Of(v)} "
            + $"(addr={Word(l.AddrTaken)} assign={Word(l.Reassigned)} width={Flatten.SizeOf(v.Type)})");
    }

    /// <summary>In instances, literals capture the dictionary with the types, too.</summary>
    public void CaptureOfDictionary(Function literal)
    {
        if (!Explains || !literal.IsInstance || literal.IsWrapper || literal.IsUnreported)
            return;
        var f = literal;
        while (f.Outer != null)
            f = f.Outer;
        string dict = ReferenceEquals(f.Pkg, local) ? ".dict" : f.Pkg.Name + "..dict";
        diagnostics.Warn(PackageBuilder.PosOfDeclaration(f), $"{_text.Symbol(f)} capturing by value: {dict} (addr=false assign=false width=8)");
    }

    static string Word(bool b) => b ? "true" : "false";

    // ---- explanations

    /// <summary>The address of src flows over one edge into something that is on the heap already.</summary>
    public void EscapesAtOnce(Hole k, Location src)
    {
        if (!Explains || src.Unreported)
            return;
        var text = new StringBuilder($"{Name(src)} escapes to heap in {NodeText.Name(src.Owner!)}:");
        Tell(src, k.Dst, isParameter: false);
        Flow(text, k.Dst, src, k.Derefs, k.Notes);
        diagnostics.Print(PosOf(src), text.ToString());
    }

    public void Escapes(Location root, Location l)
    {
        if (!Explains || l.Unreported)
            return;
        var text = new StringBuilder($"{Name(l)} escapes to heap in {NodeText.Name(l.Owner!)}:");
        Tell(l, root, isParameter: false);
        Path(text, root, l);
        diagnostics.Print(PosOf(l), text.ToString());
    }

    public void Leaks(Location root, Location param, int derefs)
    {
        if (!Explains || param.Unreported)
            return;
        var text = new StringBuilder($"parameter {Name(param)} leaks to {Place(root)} for {NodeText.Name(param.Owner!)} with derefs={derefs}:");
        Tell(param, root, isParameter: true);
        Path(text, root, param);
        diagnostics.Print(PosOf(param), text.ToString());
    }

    /// <summary>The flows that follow belong to this decision.</summary>
    void Tell(Location l, Location root, bool isParameter)
    {
        _story = diagnostics.Stories == null ? null : new EscapeStory(l.Owner!, l.Local, l.Node, Name(l), !isParameter, isParameter, Place(root), []);
        if (_story != null)
            diagnostics.Stories!.Add(_story);
    }

    EscapeStory? _story;

    void Path(StringBuilder text, Location root, Location src)
    {
        var seen = new HashSet<Location>();
        while (true)
        {
            if (!seen.Add(src))
            {
                text.Append("\n  warning: truncated explanation due to assignment cycle; see golang.org/issue/35518");
                return;
            }
            if (src.Dst is not { } dst)
                return;
            var edge = dst.Edges[src.DstEdge];
            Flow(text, dst, src, edge.Derefs, edge.Notes);
            if (dst == root)
                return;
            src = dst;
        }
    }

    void Flow(StringBuilder text, Location dst, Location src, int derefs, Note? notes)
    {
        text.Append("\n  flow: ").Append(Place(dst)).Append(" ← ").Append(derefs < 0 ? "&" : new string('*', derefs)).Append(Place(src)).Append(':');
        EscapeFlow? flow = _story == null ? null : new EscapeFlow(Place(src), Place(dst), dst.IsHeap, dst.Local, derefs, []);
        if (flow != null)
            _story!.Flows.Add(flow);
        for (var note = notes; note != null; note = note.Next)
        {
            var (what, pos) = note.Where switch
            {
                ExprNode e => (_text.Of(e), e.Pos),
                StmtNode s => (_text.Of(s), s.Pos),
                Local v => (_text.Of(v), v.Pos),
                CaseNode c => (_text.Of(c), c.Pos),
                _ => ("?", default),
            };
            flow?.Steps.Add(new EscapeStep(what, note.Why, pos, note.Where));
            text.Append("\n    from ").Append(what).Append(" (").Append(note.Why).Append(") at ").Append(Place(pos));
        }
    }

    string Name(Location l) => l.Local is { } v ? _text.Of(v) : l.Node is { } n ? _text.Of(n) : "{temp}";

    string Place(Location l)
    {
        if (l.IsHeap)
            return "{heap}";
        if (l.Local is { } v)
            return _text.Of(v);
        return l.Node is { } n ? $"{{storage for {_text.Of(n)}}}" : "{temp}";
    }

    static string Place(Pos pos) => pos.IsKnown ? Positions.Text(pos.Outermost) : "<unknown line number>";

    static Pos PosOf(Location l) => l.Local?.Pos ?? l.Node?.Pos ?? default;
}

// GOLEAK: goroutines that can never end.
//
// The proofs, in the order in which they are looked for:
//   1. an operation that nothing can complete: a channel that nobody else sends to, receives from or closes; a nil channel; select without
//      cases; a lock taken twice, a wait group or condition that nobody signals;
//   2. a range over (or an endless loop that receives from) a channel that nobody closes: the goroutine waits after the last value;
//   3. more sends than receives: several goroutines send to a channel without room, one value is taken;
//   4. the function that started the goroutine can return without taking its value.
// Only channels whose every use is seen are judged (ChannelUses). A program ends with main: what 2 and 4 find in main itself is a note.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The GOLEAK analyzer.</summary>
public sealed class BlockedGoroutine
{
    /// <summary>Stands for the sends of a loop.</summary>
    const long ManySends = 1000;

    readonly VetProgram _program;
    readonly Action<Finding> _report;
    readonly GoroutineFixes _fixes = new();
    readonly HashSet<GoStmt> _reported = new(ReferenceEqualityComparer.Instance);

    BlockedGoroutine(VetProgram program, Action<Finding> report)
    {
        _program = program;
        _report = report;
    }

    public static void Run(VetProgram program, Action<Finding> report)
    {
        BlockedGoroutine b = new(program, report);
        foreach (VetPackage p in program.Packages)
        {
            if (p.IsRoot)
                b.Package(p);
        }
    }

    void Package(VetPackage p)
    {
        List<FuncView> views = [.. FuncView.All(p)];
        foreach (FuncView v in views)
        {
            foreach (Node n in v.Nodes)
            {
                if (n is Ident i && v.Info.Defs.GetValueOrDefault(i) is Var { IsField: false, IsGlobal: false } x && x.Type.Underlying is ChanType)
                    Local(v, x);
                else if (n is GoStmt g)
                    Hopeless(v, g);
            }
        }
        Shared(p, views);
    }

    // ---- channels in local variables

    void Local(FuncView v, Var x)
    {
        if (v.IsParam(x) || v.IsAddressed(x))
            return;
        IReadOnlyList<Assignment> assigned = v.AssignmentsOf(x);
        bool nil = assigned.Count == 0 || assigned.Count == 1 && assigned[0] is { Value: null, Stmt: VarDecl };
        CallExpr? make = assigned.Count == 1 && assigned[0].Value is { } value && assigned[0].Result < 0 && FuncView.Strip(value) is CallExpr c && ChannelUses.IsMake(v, c) ? c : null;
        if (!nil && make == null || nil && !IsDeclared(v, x))
            return;
        ChannelUses uses = new(_program);
        uses.AddVariable(v, x, null, null);
        if (uses.Escapes || uses.List.Exists(u => u.Unsure))
            return;
        if (uses.Holders.Count > 0)
        {
            Held(v, x, uses);
            return;
        }
        long? room = nil ? 0 : make!.Args.Count < 2 ? 0 : v.IntOf(make.Args[1]);
        foreach (ChannelUse u in uses.List)
        {
            if (u.Go == null || u.GoView == null)
                continue;
            if (nil)
                Absolute(u, x, null, $"{x.Name} is nil: an operation on a nil channel never ends");
            else if (u.Op is ChannelOp.Receive or ChannelOp.Range && !uses.HasSender && !uses.IsClosed)
                Absolute(u, x, GoroutineFixes.CloseLocal(v, x, uses), $"nothing sends to {x.Name} or closes it");
            else if (u.Op == ChannelOp.Send && !uses.HasReceiver && room is { } r && SendsOf(uses, u.Go) > r)
                Absolute(u, x, (SendsOf(uses, u.Go) < ManySends ? GoroutineFixes.Room(v, make!, null, (int)SendsOf(uses, u.Go)) : null) ?? (r == 0 ? _fixes.Done(v, x, uses) : null), r == 0 ? $"nothing receives from {x.Name}" : $"nothing receives from {x.Name}, and it has room for {r} only");
            else if (make != null)
                Conditional(v, x, make, room, uses, u);
        }
    }

    /// <summary>The channel lies in a package-level collection, too. If the whole package has no send to and no close of a channel of this type
    /// (no receive, for goroutines that send), then nobody ever completes the operation.</summary>
    void Held(FuncView v, Var x, ChannelUses uses)
    {
        bool sends = false, receives = false;
        foreach (FuncView w in FuncView.All(v.Package))
        {
            foreach (Node n in w.Nodes)
            {
                switch (n)
                {
                    case SendStmt s when Same(w, s.Chan): sends = true; break;
                    case CallExpr { Args: [var c] } call when w.BuiltinOf(call) == BuiltinId.Close && Same(w, c): sends = true; break;
                    case UnaryExpr { Op: Token.Arrow } u when Same(w, u.X): receives = true; break;
                    case RangeStmt r when Same(w, r.X): receives = true; break;
                }
            }
        }
        string holder = uses.Holders[0].Name;
        if (uses.Holders.Exists(h => IsGivenAway(v.Package, h)))
            return;
        foreach (ChannelUse u in uses.List)
        {
            if (u.Go == null || u.GoView == null)
                continue;
            if (u.Op is ChannelOp.Receive or ChannelOp.Range && !sends)
                Absolute(u, x, GoroutineFixes.CloseHeld(v, x, uses), $"{x.Name} is kept in {holder}, but nothing in this package sends to such a channel or closes it");
            else if (u.Op == ChannelOp.Send && !receives)
                Absolute(u, x, null, $"{x.Name} is kept in {holder}, but nothing in this package receives from such a channel");
        }

        // A channel made in a local variable is another one, unless it is x itself.
        bool Same(FuncView w, Expr channel) => w.TypeOf(channel)?.Underlying is ChanType c && Identical.Same(c.Elem, ((ChanType)x.Type.Underlying).Elem)
            && !(w.VarOf(channel) is { } other && !ReferenceEquals(other, x) && w.OnlyValue(other) is { } value && ChannelUses.IsMake(w, value));
    }

    /// <summary>A collection whose elements are given to other packages: returned, or passed to calls other than built-in ones.</summary>
    static bool IsGivenAway(VetPackage p, Var holder)
    {
        foreach (FuncView w in FuncView.All(p))
        {
            foreach (Node n in w.Nodes)
            {
                if (n is not Ident i || !ReferenceEquals(w.Info.Uses.GetValueOrDefault(i), holder))
                    continue;
                Node? use = w.Parent(i);
                if (use is IndexExpr or SliceExpr)
                    use = w.Parent(use);
                if (use is ReturnStmt || use is CallExpr c && w.BuiltinOf(c) == null)
                    return true;
            }
        }
        return false;
    }

    static bool IsDeclared(FuncView v, Var x) => v.Nodes.Exists(n => n is VarDecl { Values.Count: 0 } d && d.Names.Exists(i => ReferenceEquals(v.Info.Defs.GetValueOrDefault(i), x)));

    static long SendsOf(ChannelUses uses, GoStmt go)
    {
        long n = 0;
        foreach (ChannelUse u in uses.List)
        {
            if (u.Op == ChannelOp.Send && u.Go == go)
                n += u.View.LoopAround(u.Node) != null || u.GoView!.LoopAround(go) != null ? ManySends : 1;
            else if (u.Op == ChannelOp.Send)
                n++;
        }
        return n;
    }

    void Absolute(ChannelUse u, Var x, Fix? fix, string why)
    {
        if (u.Select is { } select && !AllHopeless(u.View, select))
            return;
        string what = u.Op switch { ChannelOp.Send => "send to", ChannelOp.Range => "range over", _ => "receive from" };
        Report(u, $"this goroutine waits for ever in the {what} {x.Name}: {why}", [], "give the goroutine a way out: a done channel or context that is closed, or close the channel", fix, Severity.Warning);
    }

    /// <summary>No case of a select can ever go on: each channel is made here and has no other side.</summary>
    bool AllHopeless(FuncView v, SelectStmt select)
    {
        foreach (CommClause c in select.Cases)
        {
            Expr? channel = c.Comm switch
            {
                SendStmt s => s.Chan,
                ExprStmt { X: var x } => FuncView.Strip(x) is UnaryExpr { Op: Token.Arrow } u ? u.X : null,
                AssignStmt { Rhs: [var x] } => FuncView.Strip(x) is UnaryExpr { Op: Token.Arrow } u ? u.X : null,
                _ => null,
            };
            if (channel == null || v.VarOf(channel) is not { IsGlobal: false } x2 || v.OnlyValue(x2) is not { } value || !ChannelUses.IsMake(v, value))
                return false;
            ChannelUses uses = new(_program);
            uses.AddVariable(v, x2, null, null);
            if (uses.Escapes || uses.IsClosed || (c.Comm is SendStmt ? uses.HasReceiver : uses.HasSender))
                return false;
        }
        return true;
    }

    // ---- what depends on how often and when

    void Conditional(FuncView v, Var x, CallExpr make, long? room, ChannelUses uses, ChannelUse u)
    {
        bool main = v.Decl is { Recv: null, Name.Name: "main" } && v.Package.Pkg.Name == "main";
        bool repeated = u.GoView == v && v.LoopAround(u.Go!) is { } l && FuncView.DeclaredIn(x, l);
        Severity severity = main && !repeated ? Severity.Note : Severity.Warning;
        if (u.Op == ChannelOp.Range && !uses.IsClosed)
        {
            Report(u, $"this goroutine never ends: it ranges over {x.Name}, which nobody closes", [], $"close({x.Name}) after the last send", GoroutineFixes.CloseBehindSends(v, x, uses) ?? GoroutineFixes.CloseInSender(v, x, uses), severity);
            return;
        }
        if (u.Op == ChannelOp.Receive && !uses.IsClosed && u.Select is not { } && IsEndlessAround(u))
        {
            Report(u, $"this goroutine never ends: its loop receives from {x.Name} and has no way out", [], "return when the channel is closed, or add a done channel or context to the loop", GoroutineFixes.CloseBehindSends(v, x, uses) ?? GoroutineFixes.CloseInSender(v, x, uses), severity);
            return;
        }
        if (u.Op != ChannelOp.Send || u.Select != null || u.GoView != v || room is not { } r)
            return;
        if (uses.List.Exists(o => o.Op is ChannelOp.Receive or ChannelOp.Range && (o.Go != null || o.View != v)))
            return; // another goroutine receives: how much is not known
        Stmt? goLoop = v.LoopAround(u.Go!);
        bool goInLoop = goLoop != null && !FuncView.DeclaredIn(x, goLoop);
        bool sendInLoop = InLoopOfGoroutine(u);
        List<ChannelUse> receives = uses.List.FindAll(o => o.Op is ChannelOp.Receive or ChannelOp.Range);
        bool loopReceives = receives.Exists(o => o.Op == ChannelOp.Range || v.LoopAround(o.Node) is { } lo && !FuncView.DeclaredIn(x, lo));
        HashSet<GoStmt> senders = new(ReferenceEqualityComparer.Instance);
        foreach (ChannelUse o in uses.List)
        {
            if (o is { Op: ChannelOp.Send, Go: { } g })
                senders.Add(g);
        }
        if (!loopReceives && (goInLoop ? r < FewestRounds(v, goLoop!) - receives.Count : !sendInLoop && senders.Count - receives.Count > r))
        {
            string rounds = goInLoop ? "one goroutine for each round of the loop sends" : $"{senders.Count} goroutines send";
            Report(u, $"goroutines wait for ever to send to {x.Name}: {rounds}, {Times(receives.Count)} taken, and the channel has {(r == 0 ? "no room" : $"room for {r}")}",
                receives.Count > 0 ? [new Related(receives[0].Pos, "the value is received here")] : [], "give the channel room for all values",
                GoroutineFixes.Room(v, make, goInLoop ? goLoop : null, senders.Count) ?? (r == 0 ? _fixes.Done(v, x, uses) : null), severity);
            return;
        }
        if (r > 0 && (goInLoop || sendInLoop || senders.Count > r))
            return;
        if (r > 0 || Ticker.BodyAround(v, u.Go!) is not { } body || !ReferenceEquals(v.FunctionAround(u.Go!), v.FunctionAround(make)))
            return;
        if (goInLoop && loopReceives && !LeavesDrain(v, receives, out _))
            return;
        Node? end = LeavesDrain(v, receives, out Node? exit) && (sendInLoop || goInLoop) ? exit : goInLoop || sendInLoop ? null
            : PathCheck.EndWithout(v, body, u.Go!, n => IsReceive(receives, n));
        if (end != null)
        {
            Pos at = ReferenceEquals(end, body) ? body.Rbrace : end.Pos;
            Report(u, $"this goroutine can wait for ever to send to {x.Name}: nobody receives once {NameOf(v)} has returned",
                [new Related(at, $"{NameOf(v)} can {(end is BranchStmt ? "stop receiving" : "end")} here without taking the value")],
                sendInLoop ? "select on the send and a done channel that the receiver closes" : "give the channel room for one value, so that the send never waits",
                sendInLoop || goInLoop ? _fixes.Done(v, x, uses) : GoroutineFixes.Room(v, make, null, senders.Count), main ? Severity.Note : Severity.Warning);
        }
    }

    static string Times(int n) => n switch { 0 => "none is", 1 => "one value is", _ => $"{n} values are" };

    static string NameOf(FuncView v) => v.Decl?.Name.Name ?? "the initialiser";

    static bool IsEndlessAround(ChannelUse u)
    {
        Node around = u.View.FunctionAround(u.Node);
        BlockStmt? body = around switch { FuncLit f => f.Body, FuncDecl d => d.Body, _ => null };
        return body != null && u.View.LoopAround(u.Node) is ForStmt { Cond: null } && PathCheck.IsEndless(u.View, body);
    }

    static bool InLoopOfGoroutine(ChannelUse u) => u.View.LoopAround(u.Node) != null;

    static bool IsReceive(List<ChannelUse> receives, Node n) => receives.Exists(r => ReferenceEquals(r.Node, n))
        || n is CommClause c && c.Comm != null && receives.Exists(r => ReferenceEquals(Inner(c.Comm), r.Node));

    static Node? Inner(Stmt comm) => comm switch
    {
        ExprStmt e => FuncView.Strip(e.X),
        AssignStmt { Rhs: [var x] } => FuncView.Strip(x),
        _ => comm,
    };

    /// <summary>A loop that receives can be left by return or break before everything is taken.</summary>
    static bool LeavesDrain(FuncView v, List<ChannelUse> receives, out Node? exit)
    {
        Node? found = null;
        foreach (ChannelUse r in receives)
        {
            Stmt? loop = r.Op == ChannelOp.Range ? (RangeStmt)r.Node : v.LoopAround(r.Node);
            BlockStmt? body = loop switch { RangeStmt x => x.Body, ForStmt x => x.Body, _ => null };
            if (body == null)
                continue;
            // An endless loop keeps its own books about what is still to come.
            if (r.Op == ChannelOp.Receive && (r.Select != null || loop is ForStmt { Cond: null }))
                continue;
            // `v, ok := <-c` loops end when the channel is closed: their break is no early end.
            if (r.Op == ChannelOp.Receive && v.Parent(r.Node) is AssignStmt { Lhs.Count: 2 })
                continue;
            Walk.Tree(body, n =>
            {
                if (n is ReturnStmt || n is BranchStmt { Tok: Token.Break, Target: { } t } && (ReferenceEquals(t, loop) || !v.Inside(t, loop!)))
                    found ??= n;
                return n is not FuncLit;
            });
        }
        exit = found;
        return found != null;
    }

    static long FewestRounds(FuncView v, Stmt loop)
    {
        if (loop is ForStmt { Cond: BinaryExpr { Op: Token.Lss, Y: var to } } && v.IntOf(to) is { } n)
            return n;
        if (loop is RangeStmt r && v.IntOf(r.X) is { } m)
            return m;
        if (loop is RangeStmt { X: var over })
        {
            Expr x = FuncView.Strip(over);
            if (v.VarOf(x) is { } list && v.OnlyValue(list) is { } value)
                x = FuncView.Strip(value);
            if (x is CompositeLit lit)
                return lit.Elems.Count;
        }
        return ManySends;
    }

    // ---- channels in package-level variables and fields

    void Shared(VetPackage p, List<FuncView> views)
    {
        Dictionary<Func, (GoStmt Go, FuncView View)> started = new(ReferenceEqualityComparer.Instance);
        HashSet<Var> channels = new(ReferenceEqualityComparer.Instance);
        foreach (FuncView v in views)
        {
            foreach (Node n in v.Nodes)
            {
                if (n is GoStmt { Call: CallExpr c } g && v.CalleeOf(c) is { } f)
                    started.TryAdd(f.Origin, (g, v));
                if (n is Ident i && v.Info.Uses.GetValueOrDefault(i) is Var x && (x.IsField || x.IsGlobal) && !x.Exported && ReferenceEquals(x.Pkg, p.Pkg) && x.Type.Underlying is ChanType)
                    channels.Add(x.Origin);
            }
        }
        foreach (Var x in channels)
        {
            ChannelUses uses = new(_program);
            bool unknown = false;
            foreach (FuncView v in views)
            {
                if (v.Root is VarDecl d)
                {
                    // `var c = make(chan T)`: the name is a definition, no use; any other value makes it unknown.
                    for (int k = 0; k < d.Names.Count; k++)
                        if (ReferenceEquals(v.Info.Defs.GetValueOrDefault(d.Names[k]), x) && (d.Values.Count != d.Names.Count || !ChannelUses.IsMake(v, d.Values[k])))
                            unknown = true;
                }
                (GoStmt? go, FuncView? goView) = v.Obj is { } f && started.TryGetValue(f.Origin, out var s) ? (s.Go, s.View) : (null, null);
                uses.AddUses(v, x, go, goView);
            }
            if (uses.Escapes || unknown)
                continue;
            foreach (ChannelUse u in uses.List)
            {
                if (u.Go == null || u.GoView == null)
                    continue;
                if (u.Op is ChannelOp.Receive or ChannelOp.Range && !uses.HasSender && !uses.IsClosed)
                    Absolute(u, x, x.IsField ? GoroutineFixes.CloseField(views, x, uses) : GoroutineFixes.CloseGlobal(p, x, uses), $"nothing in this package sends to {x.Name} or closes it");
                else if (u.Op == ChannelOp.Send && !uses.HasReceiver)
                    Absolute(u, x, null, $"nothing in this package receives from {x.Name}");
            }
        }
    }

    // ---- without channels

    void Hopeless(FuncView v, GoStmt g)
    {
        if (g.Call is not CallExpr { } call)
            return;
        (FuncView View, BlockStmt Body)? body = v.LiteralOf(call.Fun) is { } lit ? (v, lit.Body)
            : v.CalleeOf(call) is { } f && _program.DeclOf(f) is { } d ? (FuncView.Of(d.Package, d.Decl), d.Decl.Body!) : null;
        if (body is not { } b)
            return;
        FuncView w = b.View;
        Endless(v, g, b.View, b.Body);
        Walk.Tree(b.Body, n =>
        {
            switch (n)
            {
                case FuncLit or GoStmt:
                    return false;
                case SelectStmt { Cases.Count: 0 }:
                    ReportAt(v, g, n.Pos, n.Pos, "this goroutine waits for ever: select without cases", null);
                    break;
                case UnaryExpr { Op: Token.Arrow, X: var x } when ChannelUses.IsMake(w, x):
                    ReportAt(v, g, n.Pos, n.Pos, "this goroutine waits for ever: nobody else can know the channel that is made here", null);
                    break;
                case CallExpr c when Signal(w, c, b.Body) is { } why:
                    ReportAt(v, g, SourceText.StartPos(c), SourceText.Of(c)!.EndPos(c), "this goroutine waits for ever: " + why, null);
                    break;
            }
            return true;
        });
    }

    /// <summary>A body that is one loop without a way out, started by a function that can be called again: each call leaves one goroutine more.
    /// Only loops that wait on channels of the starting function count; others may wait for the world.</summary>
    void Endless(FuncView v, GoStmt g, FuncView w, BlockStmt body)
    {
        if (!PathCheck.IsEndless(w, body) || v.Decl is null or { Recv: null, Name.Name: "main" or "init" } && v.LoopAround(g) == null)
            return;
        Node? wait = null;
        bool other = false;
        Walk.Tree(body, n =>
        {
            Expr? channel = n switch { SendStmt s => s.Chan, UnaryExpr { Op: Token.Arrow } u => u.X, _ => null };
            if (channel != null && w.RootVar(channel) is { IsGlobal: false } x && FuncView.Strip(channel) is Ident && IsOwn(v, g, w, x))
                wait ??= n;
            else if (channel != null)
                other = true;
            return n is not FuncLit;
        });
        if (wait != null && !other && w.LoopAround(wait) is ForStmt { Cond: null })
            ReportAt(v, g, wait is SendStmt ? SourceText.StartPos(wait) : wait.Pos, SourceText.Of(wait)!.EndPos(wait), $"this goroutine never ends: its loop has no way out, and every call of {NameOf(v)} starts another one", null);
    }

    /// <summary>Is a channel of the goroutine made by the function that starts it?</summary>
    static bool IsOwn(FuncView v, GoStmt g, FuncView w, Var x)
    {
        if (ReferenceEquals(v, w))
            return v.OnlyValue(x) is { } value && ChannelUses.IsMake(v, value);
        int p = w.Params.IndexOf(x);
        List<Expr> args = g.Call is CallExpr c ? v.AllArgs(c) : [];
        return p >= 0 && p < args.Count && v.VarOf(args[p]) is { } outer && v.OnlyValue(outer) is { } made && ChannelUses.IsMake(v, made);
    }

    /// <summary>Why a call of a method of package sync never returns; the receiver is a local variable that no other function sees.</summary>
    static string? Signal(FuncView v, CallExpr c, BlockStmt body)
    {
        string? name = v.CalleeName(c);
        if (name is not ("sync.WaitGroup.Wait" or "sync.Cond.Wait" or "sync.Mutex.Lock") || v.ReceiverOf(c) is not { } recv || v.VarOf(recv) is not { } x || !FuncView.DeclaredIn(x, body))
            return null;
        List<string> methods = [];
        CallExpr? lastLock = null;
        foreach (Node n in v.Nodes)
        {
            if (n is not Ident i || !ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x))
                continue;
            Node? p = v.Parent(i);
            if (p is SelectorExpr { Sel.Name: "L" })
                continue;
            if (p is not SelectorExpr s || v.Parent(s) is not CallExpr call || !ReferenceEquals(call.Fun, s) || v.FunctionAround(call) != v.FunctionAround(c))
                return null; // given away, or used in another function
            if (name == "sync.Mutex.Lock" && ReferenceEquals(call, c))
                return lastLock != null && methods is [.., "Lock"] && ReferenceEquals(v.Parent(v.Parent(lastLock)!), v.Parent(v.Parent(c)!)) ? $"{x.Name} is locked already" : null;
            lastLock = call;
            methods.Add(s.Sel.Name);
        }
        return name switch
        {
            "sync.WaitGroup.Wait" when methods.Contains("Add") && !methods.Contains("Done") && !methods.Contains("Go") => $"nobody calls {x.Name}.Done",
            "sync.Cond.Wait" when !methods.Contains("Signal") && !methods.Contains("Broadcast") => $"nobody calls {x.Name}.Signal or Broadcast",
            _ => null,
        };
    }

    // ---- reports

    void Report(ChannelUse u, string message, List<Related> proof, string advice, Fix? fix, Severity severity)
    {
        if (!_reported.Add(u.Go!))
            return;
        SourceText text = SourceText.Of(u.Node)!;
        Pos pos = u.Node is UnaryExpr or RangeStmt ? u.Node.Pos : SourceText.StartPos(u.Node);
        proof.Insert(0, new Related(u.Go!.Pos, "the goroutine is started here"));
        _report(new Finding(pos, u.Node is RangeStmt r ? text.EndPos(r.X) : text.EndPos(u.Node), "GOLEAK", "goroutine/blocked", message)
        {
            Related = proof,
            Advice = advice,
            Fix = fix,
            Severity = severity,
        });
    }

    void ReportAt(FuncView v, GoStmt g, Pos pos, Pos end, string message, Fix? fix)
    {
        if (_reported.Add(g) && v.Package.IsRoot)
            _report(new Finding(pos, end, "GOLEAK", "goroutine/blocked", message)
            {
                Related = [new Related(g.Pos, "the goroutine is started here")],
                Advice = "give the goroutine a way out",
                Fix = fix,
            });
    }
}

// Edits that give a goroutine a way out.
//
// They change nothing but the end of goroutines that would wait for ever:
//   room    a channel that takes all values, where their number is known: no send waits;
//   close   the channel is closed behind the last send, or, when nobody sends, by whoever made it (a package-level one by main). A receiver that would then go
//           on with a value that nobody sent asks whether the channel is closed, and returns;
//   done    a second channel, closed when the function that receives returns; each send is a select on both.
// Where the maker of a channel gives it away (a constructor that returns what holds it, an exported function of a library) only the author knows when the
// goroutine has done its work: there is no edit then.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>Makes the fixes of one run of GOLEAK.</summary>
sealed class GoroutineFixes
{
    /// <summary>Names of variables that fixes declare: no two of one function are equal.</summary>
    readonly HashSet<(FuncView, string)> _taken = [];
    readonly Dictionary<Var, Fix?> _done = new(ReferenceEqualityComparer.Instance);

    // ---- room

    /// <summary>Room for all senders: their number, or the number of rounds when that can be said where the channel is made.</summary>
    public static Fix? Room(FuncView v, CallExpr make, Stmt? loop, int senders)
    {
        if (make.Args.Count != 1)
            return null;
        SourceText text = SourceText.Of(make)!;
        string? room = senders.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (loop != null)
        {
            Expr? count = loop switch
            {
                ForStmt { Init: AssignStmt { Rhs: [var from] }, Cond: BinaryExpr { Op: Token.Lss, Y: var to }, Post: IncDecStmt { Op: Token.Add } } when v.IntOf(from) == 0 => to,
                RangeStmt { X: var x } => x,
                _ => null,
            };
            if (count == null)
                return null;
            bool isRange = loop is RangeStmt && v.IntOf(count) == null && !Predicates.IsInteger(v.TypeOf(count)!);
            if (v.IntOf(count) == null && !IsKnownBefore(v, count, make.Pos))
                return null;
            room = isRange ? $"len({text.Text(count)})" : text.Text(count);
        }
        int at = text.End(make.Args[0]);
        return new Fix($"make({text.Text(make.Args[0])}, {room})", [new TextEdit(text.File, at, at, ", " + room)]);
    }

    static bool IsKnownBefore(FuncView v, Expr e, Pos at)
    {
        e = FuncView.Strip(e);
        if (e is CallExpr { Args: [var arg] } c && v.BuiltinOf(c) == BuiltinId.Len)
            return IsKnownBefore(v, arg, at);
        return v.VarOf(e) is { } x && (x.IsGlobal || x.Pos < at && v.AssignmentsOf(x).Count <= 1 && (v.IsParam(x) || v.AssignmentsOf(x).Count == 1));
    }

    // ---- close

    /// <summary>close(x) behind the last statement that sends, when all sends stand in the function that made the channel.</summary>
    public static Fix? CloseBehindSends(FuncView v, Var x, ChannelUses uses)
    {
        if (Made(v, x) is not { } made || v.Parent(made) is not BlockStmt block || ReceiverEdits(uses, strict: false) is not { } edits)
            return null;
        int last = -1;
        foreach (ChannelUse s in uses.List)
        {
            if (s.Op != ChannelOp.Send)
                continue;
            if (s.Go != null || s.View != v || StatementOf(v, s.Node, block) is not { } stmt)
                return null;
            last = Math.Max(last, block.List.IndexOf(stmt));
        }
        if (last < 0)
            return null;
        SourceText text = SourceText.Of(made)!;
        edits.Insert(0, text.LineAfter(text.End(block.List[last]), text.Indent(made.Pos), $"close({x.Name})"));
        return new Fix($"close({x.Name}) after the last send", edits);
    }

    /// <summary>close(x) by the only goroutine that sends, behind its last send, or deferred when it can return before.</summary>
    public static Fix? CloseInSender(FuncView v, Var x, ChannelUses uses)
    {
        if (!CanClose(x) || uses.List.Find(static u => u.Op == ChannelOp.Send) is not { Go: { Call: CallExpr call } go } || v.LiteralOf(call.Fun) is not { } sender || ReceiverEdits(uses, strict: false) is not { } edits
            || v.LoopAround(go) is { } loop && !FuncView.DeclaredIn(x, loop))
            return null;
        int last = -1;
        foreach (ChannelUse s in uses.List)
        {
            if (s.Op != ChannelOp.Send)
                continue;
            if (!ReferenceEquals(s.Go, go) || s.View != v || !ReferenceEquals(v.FunctionAround(s.Node), sender) || StatementOf(v, s.Node, sender.Body) is not { } stmt)
                return null;
            last = Math.Max(last, sender.Body.List.IndexOf(stmt));
        }
        SourceText text = SourceText.Of(sender)!;
        Stmt first = sender.Body.List[0];
        edits.Insert(0, sender.Body.List.GetRange(0, last + 1).Exists(FuncView.HasJump)
            ? text.Lines(first, i => $"defer close({x.Name})\n{i}{text.Text(first)}")
            : text.LineAfter(text.End(sender.Body.List[last]), text.Indent(sender.Body.List[last].Pos), $"close({x.Name})"));
        return new Fix($"close({x.Name}) after the last send", edits);
    }

    /// <summary>The channel of a local variable that nobody sends to is closed by the function that made it.</summary>
    public static Fix? CloseLocal(FuncView v, Var x, ChannelUses uses)
    {
        if (Made(v, x) is not { } made || v.Parent(made) is not BlockStmt block || !CanClose(x) || ReceiverEdits(uses, strict: true) is not { } edits)
            return null;
        SourceText text = SourceText.Of(made)!;
        if (v.LoopAround(made) == null)
        {
            edits.Insert(0, text.LineAfter(text.End(made), text.Indent(made.Pos), $"defer close({x.Name})"));
            return new Fix($"defer close({x.Name})", edits);
        }
        // A deferred call would wait for the end of the loop: behind the last use of the round.
        int first = block.List.IndexOf(made), last = first;
        for (int i = first + 1; i < block.List.Count; i++)
        {
            if (Mentions(v, block.List[i], x))
                last = i;
        }
        for (int i = first; i <= last; i++)
        {
            if (FuncView.HasJump(block.List[i]))
                return null;
        }
        edits.Insert(0, text.LineAfter(text.End(block.List[last]), text.Indent(made.Pos), $"close({x.Name})"));
        return new Fix($"close({x.Name}) when the goroutine is started", edits);
    }

    /// <summary>A package-level channel that nobody sends to, of a program: main closes it when it ends.</summary>
    public static Fix? CloseGlobal(VetPackage p, Var x, ChannelUses uses)
    {
        if (!CanClose(x) || ReceiverEdits(uses, strict: true) is not { } edits || AtStartOfMain(p, x, $"defer close({x.Name})") is not { } edit)
            return null;
        edits.Insert(0, edit);
        return new Fix($"defer close({x.Name}) in main", edits);
    }

    /// <summary>Channels that a package-level slice or map of a program collects: main closes them when it ends. Only what is made here gets into the collection, once each.</summary>
    public static Fix? CloseHeld(FuncView v, Var x, ChannelUses uses)
    {
        if (uses.Holders is not [var holder] || !CanClose(x) || Made(v, x) == null || !ReferenceEquals(holder.Pkg, v.Package.Pkg) || !HoldsOnly(v, holder, x)
            || ReceiverEdits(uses, strict: true) is not { } edits)
            return null;
        string name = x.Name == holder.Name ? "c" : x.Name;
        string loop = $"defer func() {{\n\t\tfor _, {name} := range {holder.Name} {{\n\t\t\tclose({name})\n\t\t}}\n\t}}()";
        if (AtStartOfMain(v.Package, holder, loop) is not { } edit)
            return null;
        edits.Insert(0, edit);
        return new Fix($"close the channels of {holder.Name} at the end of main", edits);
    }

    /// <summary>The channel of an unexported field that nobody sends to. It is made in one place, for a variable that its function gives to methods only: the
    /// function closes it when it ends.</summary>
    public static Fix? CloseField(List<FuncView> views, Var field, ChannelUses uses)
    {
        (FuncView View, Var Owner, Stmt Stmt)? place = null;
        foreach (FuncView v in views)
        {
            foreach (Node n in v.Nodes)
            {
                if (n is not Ident i || !ReferenceEquals((v.Info.Uses.GetValueOrDefault(i) as Var)?.Origin, field))
                    continue;
                Node? at = v.Parent(i);
                if (at is KeyValueExpr { Value: var made } kv && ReferenceEquals(kv.Key, i))
                {
                    Node? literal = v.Parent(kv), value = literal is CompositeLit && v.Parent(literal) is UnaryExpr { Op: Token.And } u ? u : literal;
                    if (place != null || !ChannelUses.IsMake(v, made) || value == null || v.Parent(value) is not AssignStmt { Define: true, Lhs: [Ident name] } a || v.VarOf(name) is not { } owner)
                        return null;
                    place = (v, owner, a);
                }
                else if (at is SelectorExpr s && v.Parent(s) is AssignStmt { Lhs: [var target] } b && ReferenceEquals(FuncView.Strip(target), s))
                {
                    if (place != null || FuncView.Strip(s.X) is not Ident name || v.VarOf(name) is not { IsGlobal: false } owner || v.IsParam(owner))
                        return null;
                    place = (v, owner, b);
                }
            }
        }
        if (place is not { } p || !CanClose(field) || p.View.Parent(p.Stmt) is not BlockStmt || p.View.LoopAround(p.Stmt) != null || !StaysWithMethods(p.View, p.Owner)
            || !ReferenceEquals(p.View.FunctionAround(p.Stmt), p.View.Root) || ReceiverEdits(uses, strict: true) is not { } edits)
            return null;
        SourceText text = SourceText.Of(p.Stmt)!;
        string close = $"defer close({p.Owner.Name}.{field.Name})";
        edits.Insert(0, text.LineAfter(text.End(p.Stmt), text.Indent(p.Stmt.Pos), close));
        return new Fix(close, edits);
    }

    static bool StaysWithMethods(FuncView v, Var owner)
    {
        if (v.AssignmentsOf(owner).Count != 1)
            return false;
        foreach (Node n in v.Nodes)
        {
            if (n is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), owner) && v.Parent(i) is not SelectorExpr)
                return false;
        }
        return true;
    }

    /// <summary>Everything that is done with the collection: the one channel is put in where it is made, it is ranged over, counted, emptied.</summary>
    static bool HoldsOnly(FuncView v, Var holder, Var x)
    {
        int stores = 0;
        foreach (FuncView w in FuncView.All(v.Package))
        {
            foreach (Node n in w.Nodes)
            {
                if (n is not Ident i)
                    continue;
                if (ReferenceEquals(w.Info.Defs.GetValueOrDefault(i), holder) && w.Parent(i) is VarDecl { Values: [_, ..] } d
                    && !(d.Names.Count == 1 && FuncView.Strip(d.Values[0]) is CompositeLit { Elems.Count: 0 } or CallExpr { Args.Count: 1 }))
                    return false;
                if (!ReferenceEquals(w.Info.Uses.GetValueOrDefault(i), holder))
                    continue;
                switch (w.Parent(i))
                {
                    case RangeStmt r when ReferenceEquals(r.X, i):
                    case CallExpr c when w.BuiltinOf(c) is BuiltinId.Len or BuiltinId.Cap:
                    case AssignStmt { Rhs: [Ident { Name: "nil" }] }:
                    case AssignStmt { Rhs: [CallExpr f] } when w.BuiltinOf(f) == BuiltinId.Append:
                        break;
                    case CallExpr { Args: [_, var value] } c when w.BuiltinOf(c) == BuiltinId.Append && !c.HasDots && Stored(w, value, c):
                    case IndexExpr e when w.Parent(e) is AssignStmt { Rhs: [var stored] } a && ReferenceEquals(a.Lhs[0], e) && Stored(w, stored, a):
                        stores++;
                        break;
                    default:
                        return false;
                }
            }
        }
        return stores == 1;

        bool Stored(FuncView w, Expr value, Node at) =>
            ReferenceEquals(w, v) && ReferenceEquals(v.VarOf(value), x) && (v.LoopAround(at) is not { } loop || FuncView.DeclaredIn(x, loop)) && ReferenceEquals(v.FunctionAround(at), v.FunctionAround(Made(v, x)!));
    }

    /// <summary>A line at the start of main of the program; null in libraries, and where main cannot name the variable.</summary>
    static TextEdit? AtStartOfMain(VetPackage p, Var x, string line)
    {
        if (p.Pkg.Name != "main")
            return null;
        foreach (FuncView v in FuncView.All(p))
        {
            if (v.Decl is not { Recv: null, Name.Name: "main", Body: { } body } || v.Nodes.Exists(n => n is Ident i && i.Name == x.Name && v.Info.Defs.GetValueOrDefault(i) != null))
                continue;
            SourceText text = SourceText.Of(body)!;
            int at = text.Offset(body.Pos) + 1, end = text.LineEnd(body.Pos.Line);
            string rest = text.Slice(at, end).Trim();
            return rest == "" || rest.StartsWith("//", StringComparison.Ordinal) ? new TextEdit(text.File, end, end, "\t" + line + "\n") : null;
        }
        return null;
    }

    // ---- receivers

    /// <summary>Edits after which each goroutine that receives ends when the channel is closed; null when that cannot be said. strict: nothing may run behind
    /// the end of the channel that did not run before, also behind a range.</summary>
    static List<TextEdit>? ReceiverEdits(ChannelUses uses, bool strict)
    {
        List<TextEdit> edits = [];
        foreach (ChannelUse u in uses.List)
        {
            if (u.Op is not (ChannelOp.Receive or ChannelOp.Range))
                continue;
            if (u.Go == null || u.GoView == null)
            {
                if (strict)
                    return null;
                continue;
            }
            bool ends = u.Op == ChannelOp.Range ? !strict || EndsBehind(u.View, (Stmt)u.Node) && IsOfGoroutine(u) : IsOfGoroutine(u) && Return(u, edits);
            if (!ends)
                return null;
        }
        return edits;
    }

    /// <summary>Is the operation in the body of the function that the go statement starts, so that a return ends the goroutine?</summary>
    static bool IsOfGoroutine(ChannelUse u)
    {
        if (u.Go!.Call is not CallExpr call)
            return false;
        Node function = u.View.FunctionAround(u.Node);
        return function switch
        {
            FuncLit lit => lit.Type.Results.Count == 0 && ReferenceEquals(u.View, u.GoView) && ReferenceEquals(u.View.LiteralOf(call.Fun), lit),
            FuncDecl d => d.Type.Results.Count == 0 && u.View.Obj is { } f && ReferenceEquals(u.GoView!.CalleeOf(call)?.Origin, f.Origin),
            _ => false,
        };
    }

    /// <summary>Makes a receive return when the channel is closed.</summary>
    static bool Return(ChannelUse u, List<TextEdit> edits)
    {
        FuncView v = u.View;
        SourceText text = SourceText.Of(u.Node)!;
        string receive = text.Text(u.Node), ok = FreeName(v, "ok", "open", "more");
        Node? stmt = v.Parent(u.Node);
        while (stmt is ParenExpr)
            stmt = v.Parent(stmt);
        Node? around = stmt != null ? v.Parent(stmt) : null;
        if (stmt is AssignStmt { Lhs.Count: 2, Rhs.Count: 1 })
            return true; // it asks already
        if (stmt is not Stmt simple)
            return stmt is CallExpr c && Hoist(u, c, edits);
        string indent = text.Indent(stmt.Pos);
        if (around is CommClause clause)
        {
            if (EndsBehind(v, clause.Body, clause))
                return true;
            switch (simple)
            {
                case ExprStmt:
                    edits.Add(new TextEdit(text.File, text.Start(u.Node), text.Start(u.Node), $"_, {ok} := "));
                    break;
                case AssignStmt { Define: true, Lhs: [var name] }:
                    edits.Add(new TextEdit(text.File, text.End(name), text.End(name), ", " + ok));
                    break;
                default:
                    return false;
            }
            int colon = text.Offset(clause.Colon) + 1;
            edits.Add(new TextEdit(text.File, colon, colon, $"\n{indent}\tif !{ok} {{\n{indent}\t\treturn\n{indent}\t}}"));
            return true;
        }
        if (around is not (BlockStmt or CaseClause))
            return false;
        switch (simple)
        {
            case ExprStmt when EndsBehind(v, simple):
                return true;
            case ExprStmt:
                edits.Add(text.Lines(simple, i => $"if _, {ok} := {receive}; !{ok} {{\n{i}\treturn\n{i}}}"));
                return true;
            case AssignStmt { Define: true, Lhs: [var name] }:
                edits.Add(text.Lines(simple, i => $"{text.Text(name)}, {ok} := {receive}\n{i}if !{ok} {{\n{i}\treturn\n{i}}}"));
                return true;
            default:
                return false;
        }
    }

    /// <summary>`f(&lt;-c)` as a statement, where nothing else in it does anything: the value is received in a line of its own.</summary>
    static bool Hoist(ChannelUse u, CallExpr call, List<TextEdit> edits)
    {
        FuncView v = u.View;
        if (v.Parent(call) is not ExprStmt stmt || v.Parent(stmt) is not (BlockStmt or CaseClause or CommClause) || !IsPlain(call.Fun) || call.Args.Exists(a => !ReferenceEquals(FuncView.Strip(a), u.Node) && !IsPlain(a)))
            return false;
        SourceText text = SourceText.Of(call)!;
        string value = FreeName(v, "v", "value", "received"), ok = FreeName(v, "ok", "open", "more"), receive = text.Text(u.Node);
        string with = text.Slice(text.Start(stmt), text.Start(u.Node)) + value + text.Slice(text.End(u.Node), text.End(stmt));
        edits.Add(text.Lines(stmt, i => $"{value}, {ok} := {receive}\n{i}if !{ok} {{\n{i}\treturn\n{i}}}\n{i}{with}"));
        return true;

        static bool IsPlain(Expr e) => FuncView.Strip(e) switch
        {
            Ident or BasicLit => true,
            SelectorExpr s => IsPlain(s.X),
            _ => false,
        };
    }

    /// <summary>Is there nothing of its function behind a statement that can run? Deferred calls would.</summary>
    static bool EndsBehind(FuncView v, Stmt s)
    {
        for (Node n = s; ;)
        {
            Node? p = v.Parent(n);
            List<Stmt>? list = p switch { BlockStmt b => b.List, CaseClause c => c.Body, CommClause c => c.Body, _ => null };
            if (list != null && n is Stmt inList)
            {
                int at = list.IndexOf(inList);
                if (at + 1 < list.Count)
                    return list[at + 1] is ReturnStmt { Results.Count: 0 } && !HasDefer(v, s);
            }
            else if (p is FuncLit or FuncDecl)
                return !HasDefer(v, s);
            else if (p is ForStmt or RangeStmt or null)
                return false;
            n = p!;
        }
    }

    static bool EndsBehind(FuncView v, List<Stmt> body, CommClause clause) => body.Count == 0 ? EndsBehind(v, (SelectStmt)v.Parent(clause)!) : body[0] is ReturnStmt { Results.Count: 0 } && !HasDefer(v, clause);

    static bool HasDefer(FuncView v, Node n)
    {
        Node function = v.FunctionAround(n);
        return v.Nodes.Exists(x => x is DeferStmt && ReferenceEquals(v.FunctionAround(x), function));
    }

    // ---- done

    /// <summary>Each send to a channel without room becomes a select on the send and a channel that is closed when its maker returns. For channels that only the maker receives from.</summary>
    public Fix? Done(FuncView v, Var x, ChannelUses uses)
    {
        if (_done.TryGetValue(x, out Fix? known))
            return known;
        return _done[x] = MakeDone(v, x, uses);
    }

    Fix? MakeDone(FuncView v, Var x, ChannelUses uses)
    {
        if (Made(v, x) is not { } made || v.Parent(made) is not BlockStmt || v.LoopAround(made) != null)
            return null;
        string? done = null;
        foreach (string name in (string[])["done", "left", x.Name + "Done"])
        {
            if (!v.Nodes.Exists(n => n is Ident i && i.Name == name) && _taken.Add((v, name)))
            {
                done = name;
                break;
            }
        }
        if (done == null)
            return null;
        SourceText text = SourceText.Of(made)!;
        string outer = text.Indent(made.Pos);
        List<TextEdit> edits = [text.LineAfter(text.End(made), outer, $"{done} := make(chan struct{{}})\n{outer}defer close({done})")];
        foreach (ChannelUse u in uses.List)
        {
            if (u.Op != ChannelOp.Send || u.Go == null)
                continue;
            if (u.Node is not SendStmt s || !ReferenceEquals(u.View, v) || v.Parent(s) is not (BlockStmt or CaseClause or CommClause) || v.Parent(s) is CommClause { Comm: var comm } && ReferenceEquals(comm, s) || !IsOfGoroutine(u))
                return null;
            edits.Add(text.Lines(s, i => $"select {{\n{i}case {text.Text(s)}:\n{i}case <-{done}:\n{i}\treturn\n{i}}}"));
        }
        return new Fix($"select on the send and a channel {done} that {v.Decl?.Name.Name ?? "the function"} closes", edits);
    }

    // ---- small questions

    static bool CanClose(Var x) => x.Type.Underlying is ChanType { Dir: not ChanDir.Recv };

    /// <summary>The statement `x := make(…)` or `var x = make(…)`.</summary>
    static Stmt? Made(FuncView v, Var x)
    {
        if (v.AssignmentsOf(x) is not [{ Stmt: var stmt, Value: { } value, Result: -1 }] || !ChannelUses.IsMake(v, value))
            return null;
        return stmt switch
        {
            AssignStmt { Define: true, Lhs.Count: 1 } a => a,
            VarDecl { Group: null } when v.Parent(stmt) is DeclStmt { Decls.Count: 1 } d => d,
            _ => null,
        };
    }

    static Stmt? StatementOf(FuncView v, Node? n, BlockStmt block)
    {
        while (n != null && !ReferenceEquals(v.Parent(n), block))
            n = v.Parent(n);
        return n as Stmt;
    }

    static bool Mentions(FuncView v, Node n, Var x)
    {
        bool found = false;
        Walk.Tree(n, c =>
        {
            found |= c is Ident i && ReferenceEquals(v.Info.Uses.GetValueOrDefault(i), x);
            return !found;
        });
        return found;
    }

    static string FreeName(FuncView v, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (!v.Nodes.Exists(n => n is Ident i && i.Name == name))
                return name;
        }
        return names[^1] + "1";
    }
}

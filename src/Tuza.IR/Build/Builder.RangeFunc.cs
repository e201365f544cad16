// Loops over functions: `for x := range f { body }` becomes a call of f with the body as a function literal.
//
// Control flow that leaves the body is turned into `return false` after noting in #next what is to happen once f has returned; checks after
// the call carry it out, loop by loop:
//   #next == -1        return from the function (results were stored in its result variables);
//   #next <= -2        a goto, or break/continue of a loop that is not over a function: one number per (jump, label);
//   #next == 2n        break out of the n-th enclosing loop over a function (the outermost is 1), 2n - 1: continue it.
// Each loop has a #stateN that catches iterators which call the body after it has ended, concurrently, or swallow its panics:
//   0 done, 1 ready, 2 running or panicked, 3 iterator returned, 4 (only reported) panic swallowed. runtime.panicrangestate(state) panics.
// Deferred calls in the body belong to the enclosing function: #defers is a token of it, taken before the outermost loop.
//
// See GOROOT/src/cmd/compile/internal/rangefunc. There it is a rewriting of syntax; here the pieces are built directly. A body is built
// before the checks after its loop, so that by then it is known which checks are needed.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    const int StateDone = 0, StateReady = 1, StatePanic = 2, StateExhausted = 3, StateMissingPanic = 4;
    const int NextReturn = -1, PerLoopStep = 2;

    sealed class FuncLoop
    {
        public required RangeStmt Stmt;
        public required Var State;
        public string? Label;
        /// <summary>The outermost has 1.</summary>
        public int Depth;
        public bool CheckReturn, CheckBreak, CheckContinue;
        public List<(Token Tok, string Label)> Branches = [];
    }

    /// <summary>The builder of the function that the programmer wrote: this one, or for bodies of loops the nearest that is none.</summary>
    Builder _real;
    /// <summary>The loop this builder builds the body of, or null.</summary>
    FuncLoop? _loop;
    Var[] _resultVars = [];

    // Of the real function:
    readonly List<FuncLoop> _funcLoops = [];
    readonly List<StmtNode> _loopDecls = [];
    readonly Dictionary<(Token, string), int> _branchCodes = [];
    Dictionary<string, RangeStmt?>? _labelHome;
    List<Stmt>? _bodySyntax;
    Var? _next, _deferToken;
    Builder? _declSite;
    int _stateCount, _declIndex;

    bool IsRangeFunc(RangeStmt s) => TypeOf(s.X).Underlying is Signature;

    void RangeOverFunc(RangeStmt s, List<StmtNode> into, string? label)
    {
        var real = _real;
        Pos start = s.Pos, end = s.Body.Rbrace;
        bool outermost = real._funcLoops.Count == 0;
        if (outermost)
        {
            real._declSite = this;
            real._declIndex = _fn.Locals.Count;
        }
        var loop = new FuncLoop { Stmt = s, Label = label, Depth = real._funcLoops.Count + 1, State = new Var { Name = $"#state{++real._stateCount}", Type = Universe.Int } };
        var stateDecl = DeclareHelper(loop.State, IntConst(StateReady, start), start);
        real._funcLoops.Add(loop);

        var list = new List<StmtNode> { stateDecl };
        Function? body = null;
        var call = CallTo(Unparen(s.X), start, false, sig =>
        {
            var yieldType = (Signature)sig.Params.At(0).Underlying;
            body = LoopBody(s, loop, yieldType, start, end);
            var closure = new ClosureNode { Func = body, Type = yieldType, Pos = start };
            var holder = _fn.NewLocal($"#yield{real._stateCount}", yieldType, start);
            list.Add(new AssignNode { X = Ref(holder, start), Y = closure, Define = true, Pos = start, Init = [new DeclNode { Local = holder, Pos = start }] });
            return [ImplicitConv(sig.Params.At(0), Ref(holder, start))];
        });
        list.Add(new ExprStmtNode { X = call, Pos = start });
        list.Add(new IfNode
        {
            Cond = Compare(Token.Eql, loop.State, StatePanic, end),
            Then = [PanicState(IntConst(StateMissingPanic, start), start)],
            Pos = end,
        });
        list.Add(SetVar(loop.State, StateExhausted, end));
        Checks(loop, list, end);

        real._funcLoops.RemoveAt(real._funcLoops.Count - 1);
        if (outermost)
        {
            into.AddRange(real._loopDecls);
            real._loopDecls.Clear();
            real._next = real._deferToken = null;
            real._declSite = null;
        }
        into.AddRange(list);
    }

    Function LoopBody(RangeStmt s, FuncLoop loop, Signature type, Pos start, Pos end)
    {
        var targets = new List<Expr>();
        if (s.Key != null)
            targets.Add(Unparen(s.Key));
        if (s.Value != null)
            targets.Add(Unparen(s.Value));
        var vars = new List<Var>();
        for (int i = 0; i < type.Params.Count; i++)
        {
            Var? defined = s.Define && i < targets.Count && targets[i] is Ident id ? _info.Defs.GetValueOrDefault(id) as Var : null;
            vars.Add(defined ?? new Var { Name = $"#p{i + 1}", Type = type.Params.At(i), Pos = start, IsParam = true });
        }
        var sig = new Signature { Params = new TupleType(vars.ConvertAll(v => new Var { Name = v.Name, Type = _env.Of(v.Type), Pos = v.Pos, IsParam = true })), Results = type.Results };
        var fn = NewLiteral(sig, $"{_fn.LinkName}-range{++_rangeLits}", start);
        fn.IsRangeFuncBody = true;
        var b = new Builder(_pb, fn, _info, _env, outer: this) { _real = _real, _loop = loop };
        for (int i = 0; i < vars.Count; i++)
            b._vars[vars[i]] = fn.Params[i];
        var code = fn.Body = [];
        if (!s.Define)
            for (int i = 0; i < targets.Count; i++)
            {
                var decls = new List<StmtNode>();
                var target = b.Target(targets[i], decls);
                if (target != null)
                    code.Add(new AssignNode { X = target, Y = ImplicitConv(target.Type, b.Ref(vars[i], targets[i].Pos)), Pos = targets[i].Pos });
            }
        // The state is read and set to "running" before it is judged: a second call meanwhile finds it so.
        var seen = fn.NewLocal("#tmpState", Universe.Int, start);
        code.Add(new AssignNode { X = Ref(seen, start), Y = b.Ref(loop.State, start), Define = true, Pos = start, Init = [new DeclNode { Local = seen, Pos = start }] });
        code.Add(b.SetVar(loop.State, StatePanic, start));
        code.Add(new IfNode
        {
            Cond = new CompareNode { Op = Token.Neq, X = Ref(seen, start), Y = IntConst(StateReady, start), Type = Universe.Bool, Pos = start },
            Then = [b.PanicState(Ref(seen, start), start)],
            Pos = start,
        });
        b.StmtList(s.Body.List, code);
        code.Add(b.SetVar(loop.State, StateReady, end));
        code.Add(ReturnBool(true, end));
        fn.EndPos = end;
        return fn;
    }

    // ---- leaving a body

    void ReturnFromLoop(ReturnStmt r, List<StmtNode> into)
    {
        var real = _real;
        if (r.Results.Count > 0)
        {
            var targets = new List<ExprNode?>();
            for (int i = 0; i < real._resultVars.Length; i++)
            {
                var v = real._resultVars[i];
                if (real._vars.TryGetValue(v, out var result) && result.Name == $"~r{i}")
                    result.Name = $"#rv{i + 1}"; // it has a name now: the body stores to it
                var t = Ref(v, r.Pos);
                MarkAssigned(t);
                targets.Add(t);
            }
            AddAssign(r.Pos, targets, MultiExpr(r.Pos, r.Results, i => targets[i]!.Type, false), [], into);
        }
        foreach (var l in real._funcLoops)
            l.CheckReturn = true;
        Leave(NextReturn, r.Pos, into);
    }

    /// <summary>Sets #next, marks the current loop as done, and stops its iterator.</summary>
    void Leave(int next, Pos pos, List<StmtNode> into)
    {
        into.Add(SetNext(next, pos));
        into.Add(SetVar(_loop!.State, StateDone, pos));
        into.Add(ReturnBool(false, pos));
    }

    /// <summary>Handles a jump inside a body; false when it stays inside and is an ordinary one.</summary>
    bool BranchFromLoop(BranchStmt b, List<StmtNode> into)
    {
        var loops = _real._funcLoops;
        int current = loops.Count - 1;
        bool isGoto = b.Tok == Token.Goto, isContinue = b.Tok == Token.Continue;
        int target = current;
        if (b.Label == null)
        {
            if ((isContinue ? _loopDepth : _breakDepth) > 0)
                return false;
        }
        else
        {
            target = isGoto ? -1 : loops.FindLastIndex(l => l.Label == b.Label.Name);
        }

        if (target < 0)
        {
            // A goto, or a jump to a labelled statement that is not a loop over a function.
            string label = b.Label!.Name;
            var home = LabelHome(label);
            if (ReferenceEquals(home, loops[current].Stmt))
                return false;
            int exitFrom = home == null ? 0 : loops.FindLastIndex(l => ReferenceEquals(l.Stmt, home)) + 1;
            loops[exitFrom].Branches.Add((b.Tok, label));
            for (int i = exitFrom + 1; i <= current; i++)
                loops[i].CheckReturn = true;
            Leave(BranchCode(b.Tok, label), b.Pos, into);
            return true;
        }
        if (target == current)
        {
            into.Add(SetVar(_loop!.State, isContinue ? StateReady : StateDone, b.Pos));
            into.Add(ReturnBool(isContinue, b.Pos));
            return true;
        }
        int from = target + 1;
        if (isContinue)
            loops[from].CheckContinue = true;
        else
            loops[from = target].CheckBreak = true;
        for (int i = from + 1; i <= current; i++)
            loops[i].CheckBreak = true;
        Leave(PerLoopStep * (target + 1) - (isContinue ? 1 : 0), b.Pos, into);
        return true;
    }

    int BranchCode(Token tok, string label)
    {
        var codes = _real._branchCodes;
        if (!codes.TryGetValue((tok, label), out int code))
            codes.Add((tok, label), code = NextReturn - 1 - codes.Count);
        return code;
    }

    /// <summary>What happens after the iterator has returned.</summary>
    void Checks(FuncLoop loop, List<StmtNode> list, Pos pos)
    {
        var done = new HashSet<(Token, string)>();
        foreach (var (tok, label) in loop.Branches)
        {
            if (!done.Add((tok, label)))
                continue;
            StmtNode jump = tok == Token.Goto
                ? new GotoNode { Label = label, Pos = pos }
                : new BranchNode { IsContinue = tok == Token.Continue, Label = label, Pos = pos };
            _hasGoto |= tok == Token.Goto;
            list.Add(IfNext(Token.Eql, BranchCode(tok, label), true, pos, jump));
        }
        if (loop.Depth == 1)
        {
            if (loop.CheckReturn)
                list.Add(IfNext(Token.Eql, NextReturn, false, pos, new ReturnNode { Pos = pos }));
            return;
        }
        int step = PerLoopStep * (loop.Depth - 1);
        var outer = _real._funcLoops[loop.Depth - 2].State;
        if (loop.CheckReturn)
            list.Add(IfNext(Token.Lss, 0, false, pos, SetVar(outer, StateDone, pos), ReturnBool(false, pos)));
        list.Add(IfNext(Token.Gtr, step, false, pos, PanicState(IntConst(StateDone, pos), pos)));
        if (loop.CheckContinue)
            list.Add(IfNext(Token.Eql, step - 1, true, pos, SetVar(outer, StateReady, pos), ReturnBool(true, pos)));
        if (loop.CheckBreak)
            list.Add(IfNext(Token.Eql, step, true, pos, SetVar(outer, StateDone, pos), ReturnBool(false, pos)));
        if (loop.CheckContinue || loop.CheckBreak)
            list.Add(IfNext(Token.Gtr, 0, false, pos, SetVar(outer, StateDone, pos), ReturnBool(false, pos)));
    }

    // ---- helper variables

    AssignNode DeclareHelper(Var v, ExprNode init, Pos pos)
    {
        var l = Declare(v, pos);
        return new AssignNode { X = Ref(l, pos), Y = init, Define = true, Pos = pos, Init = [new DeclNode { Local = l, Pos = pos }] };
    }

    Var NextVar()
    {
        var real = _real;
        if (real._next == null)
        {
            real._next = new Var { Name = "#next", Type = Universe.Int };
            var next = real._declSite!.DeclareHelper(real._next, new ZeroNode { Type = Universe.Int }, default);
            next.Define = false;
            real._loopDecls.Add(next);
            // Known to be needed only now, but it comes before the variables of its loops.
            var locals = real._declSite._fn.Locals;
            locals.Insert(real._declIndex, locals[^1]);
            locals.RemoveAt(locals.Count - 1);
        }
        return real._next;
    }

    LocalNode DeferToken(Pos pos)
    {
        var real = _real;
        if (real._deferToken == null)
        {
            real._deferToken = new Var { Name = "#defers", Type = Universe.EmptyInterface };
            var f = _ctx.Runtime("runtime.deferrangefunc", [], [Universe.EmptyInterface]);
            var call = new CallNode { Fun = FuncRef(f, pos), Type = Universe.EmptyInterface, Pos = pos };
            real._loopDecls.Add(real._declSite!.DeclareHelper(real._deferToken, call, pos));
        }
        return Ref(real._deferToken, pos);
    }

    AssignNode SetNext(int value, Pos pos) => SetVar(NextVar(), value, pos);

    AssignNode SetVar(Var v, int value, Pos pos)
    {
        var x = Ref(v, pos);
        MarkAssigned(x);
        return new AssignNode { X = x, Y = IntConst(value, pos), Pos = pos };
    }

    CompareNode Compare(Token op, Var v, int value, Pos pos) => new() { Op = op, X = Ref(v, pos), Y = IntConst(value, pos), Type = Universe.Bool, Pos = pos };

    IfNode IfNext(Token op, int code, bool clear, Pos pos, params StmtNode[] then)
    {
        var n = new IfNode { Cond = Compare(op, NextVar(), code, pos), Pos = pos };
        if (clear)
            n.Then.Add(SetNext(0, pos));
        n.Then.AddRange(then);
        return n;
    }

    static ReturnNode ReturnBool(bool value, Pos pos) => new() { Values = [BoolConst(value, pos)], Pos = pos };

    ExprStmtNode PanicState(ExprNode state, Pos pos)
    {
        var f = _ctx.Runtime("runtime.panicrangestate", [Universe.Int], []);
        return new ExprStmtNode { X = new CallNode { Fun = FuncRef(f, pos), Args = [state], Type = TupleType.Empty, Pos = pos }, Pos = pos };
    }

    // ---- labels

    /// <summary>The innermost loop over a function that a label is declared in, or null.</summary>
    RangeStmt? LabelHome(string label)
    {
        var real = _real;
        if (real._labelHome == null)
        {
            real._labelHome = [];
            foreach (var s in real._bodySyntax!)
                FindLabels(s, null, real._labelHome);
        }
        return real._labelHome.GetValueOrDefault(label);
    }

    void FindLabels(Stmt? s, RangeStmt? home, Dictionary<string, RangeStmt?> into)
    {
        switch (s)
        {
            case LabeledStmt l:
                into.TryAdd(l.Label.Name, home);
                FindLabels(l.Stmt, home, into);
                break;
            case BlockStmt b:
                foreach (var x in b.List)
                    FindLabels(x, home, into);
                break;
            case IfStmt i:
                FindLabels(i.Then, home, into);
                FindLabels(i.Else, home, into);
                break;
            case ForStmt f:
                FindLabels(f.Body, home, into);
                break;
            case RangeStmt r:
                FindLabels(r.Body, IsRangeFunc(r) ? r : home, into);
                break;
            case SwitchStmt sw:
                foreach (var c in sw.Cases)
                    foreach (var x in c.Body)
                        FindLabels(x, home, into);
                break;
            case TypeSwitchStmt ts:
                foreach (var c in ts.Cases)
                    foreach (var x in c.Body)
                        FindLabels(x, home, into);
                break;
            case SelectStmt sel:
                foreach (var c in sel.Cases)
                    foreach (var x in c.Body)
                        FindLabels(x, home, into);
                break;
        }
    }
}

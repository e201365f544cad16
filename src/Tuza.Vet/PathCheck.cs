// Can a function end after some statement without an event in between?
//
// The state of a path is one of: before the start, open (the start has happened, the event has not), done. Sets of states flow through the
// statements; loops are walked twice, which is enough for three states. Branches are all taken as possible. goto gives up: the answer is
// then "no". A start that is met again while open counts as an end (the first one is lost).

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The path analysis of one function body.</summary>
public sealed class PathCheck
{
    [Flags]
    enum States { None = 0, Before = 1, Open = 2, Done = 4 }

    readonly FuncView _view;
    readonly Node _start;
    readonly Func<Node, bool> _isEvent;
    readonly Dictionary<Stmt, States> _breaks = new(ReferenceEqualityComparer.Instance), _continues = new(ReferenceEqualityComparer.Instance);
    bool _gaveUp, _restarted;
    Node? _leak;

    PathCheck(FuncView view, Node start, Func<Node, bool> isEvent)
    {
        _view = view;
        _start = start;
        _isEvent = isEvent;
    }

    /// <summary>The statement at which the function can end without the event (the body's closing brace stands for its end); null when it cannot.
    /// isEvent is asked about statements, expressions and select clauses.</summary>
    public static Node? EndWithout(FuncView view, BlockStmt body, Node start, Func<Node, bool> isEvent)
    {
        PathCheck c = new(view, start, isEvent);
        States end = c.Block(body.List, States.Before);
        if (c._gaveUp)
            return null;
        if ((end & States.Open) != 0)
            c._leak ??= body;
        return c._leak ?? (c._restarted ? start : null);
    }

    States Block(List<Stmt> list, States s)
    {
        foreach (Stmt x in list)
            s = One(x, s);
        return s;
    }

    States One(Stmt x, States s)
    {
        if (s == States.None)
            return s; // dead code
        switch (x)
        {
            case BlockStmt b: return Block(b.List, s);
            case LabeledStmt l: return One(l.Stmt, s);
            case IfStmt i:
                s = Simple(i.Init, s);
                s = Simple(i.Cond, s);
                return One(i.Then, s) | (i.Else != null ? One(i.Else, s) : s);
            case ForStmt f: return Loop(f, f.Init, f.Cond, f.Post, f.Body, s, endless: f.Cond == null);
            case RangeStmt r: return Loop(r, null, r.X, null, r.Body, s, endless: false);
            case SwitchStmt w: return Switch(w, Simple(w.Tag, Simple(w.Init, s)), w.Cases);
            case TypeSwitchStmt w: return Switch(w, Simple(w.X, Simple(w.Init, s)), w.Cases);
            case SelectStmt w:
                {
                    States after = States.None;
                    _breaks[w] = States.None;
                    foreach (CommClause c in w.Cases)
                        after |= Block(c.Body, _isEvent(c) ? Happen(s) : Simple(c.Comm, s));
                    return after | _breaks[w];
                }
            case BranchStmt { Tok: Token.Break, Target: { } t }:
                _breaks[t] = _breaks.GetValueOrDefault(t) | s;
                return States.None;
            case BranchStmt { Tok: Token.Continue, Target: { } t }:
                _continues[t] = _continues.GetValueOrDefault(t) | s;
                return States.None;
            case BranchStmt { Tok: Token.Goto }:
                _gaveUp = true;
                return States.None;
            case BranchStmt: return s;
            case ReturnStmt:
                s = Simple(x, s);
                if ((s & States.Open) != 0)
                    _leak ??= x;
                return States.None;
            default:
                s = Simple(x, s);
                return NeverReturns(x) ? States.None : s;
        }
    }

    States Loop(Stmt loop, Stmt? init, Expr? cond, Stmt? post, BlockStmt body, States s, bool endless)
    {
        _breaks[loop] = States.None;
        _continues[loop] = States.None;
        s = Simple(init, s);
        States head = s, exit = States.None;
        for (int round = 0; round < 3; round++)
        {
            head = Simple(cond, head);
            if (!endless)
                exit |= head;
            States end = Block(body.List, head) | _continues[loop];
            head |= Simple(post, end);
        }
        return exit | (endless ? States.None : head) | _breaks[loop];
    }

    States Switch(Stmt w, States s, List<CaseClause> cases)
    {
        _breaks[w] = States.None;
        States after = States.None, fall = States.None;
        bool hasDefault = false;
        foreach (CaseClause c in cases)
        {
            hasDefault |= c.Exprs == null;
            States end = Block(c.Body, s | fall);
            fall = c.Body is [.., BranchStmt { Tok: Token.Fallthrough }] ? end : States.None;
            after |= end;
        }
        return after | (hasDefault ? States.None : s) | _breaks[w];
    }

    /// <summary>A node without control flow of its own: the start and events in it happen.</summary>
    States Simple(Node? n, States s)
    {
        if (n == null)
            return s;
        bool start = false, happened = false;
        Walk.Tree(n, x =>
        {
            if (ReferenceEquals(x, _start))
            {
                start = true;
                return false; // what the started thing does itself is no event of this path
            }
            happened |= _isEvent(x);
            return true;
        });
        if (happened)
            s = Happen(s);
        if (start)
        {
            _restarted |= (s & States.Open) != 0;
            s = (s & ~(States.Before | States.Done)) | States.Open;
        }
        return s;
    }

    static States Happen(States s) => (s & States.Open) != 0 ? (s & ~States.Open) | States.Done : s;

    bool NeverReturns(Stmt x)
    {
        if (x is not ExprStmt { X: CallExpr call })
            return false;
        if (_view.BuiltinOf(call) == BuiltinId.Panic)
            return true;
        return _view.CalleeName(call) is "os.Exit" or "runtime.Goexit" or "log.Fatal" or "log.Fatalf" or "log.Fatalln" or "log.Panic" or "log.Panicf"
            or "testing.common.Fatal" or "testing.common.Fatalf" or "testing.common.FailNow" or "testing.common.SkipNow" or "testing.common.Skip" or "testing.common.Skipf";
    }

    /// <summary>True when control cannot come behind a body: it ends in a loop without a way out.</summary>
    public static bool IsEndless(FuncView view, BlockStmt body)
    {
        Node marker = body.List.Count > 0 ? body.List[0] : body;
        PathCheck c = new(view, marker, _ => false);
        States end = c.Block(body.List, States.Open);
        return !c._gaveUp && end == States.None && c._leak == null && c._breaks.Count > 0;
    }
}

// Statements: lists, assignments, declarations, conditions, loops, jumps. Switches are in Builder.Switch.cs, loops over functions in
// Builder.RangeFunc.cs.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    /// <summary>Statements around the current one, inside this function, that break or continue without label could mean.</summary>
    int _breakDepth, _loopDepth;
    bool _hasGoto;
    readonly List<DeferNode> _defers = [];

    void StmtList(List<Stmt> list, List<StmtNode> into)
    {
        int lastLabel = -1;
        for (int i = 0; i < list.Count; i++)
            if (list[i] is LabeledStmt)
                lastLabel = i;
        bool dead = false;
        for (int i = 0; i < list.Count; i++)
        {
            // Nothing can jump over the last label, so what follows a terminating statement there is unreachable.
            if (dead && i > lastLabel && list[i] is not LabeledStmt)
                continue;
            Stmt(list[i], into, null);
            dead = Terminates(list[i]);
        }
    }

    void Stmt(Stmt s, List<StmtNode> into, string? label)
    {
        switch (s)
        {
            case EmptyStmt:
                break;
            case BlockStmt b:
                StmtList(b.List, into);
                break;
            case ExprStmt e:
                ExprStatement(e, into);
                break;
            case SendStmt send:
                {
                    var c = Expr(send.Chan);
                    var value = ImplicitConv(((ChanType)c.Type.Underlying).Elem, send.Value);
                    into.Add(new SendNode { Chan = c, Value = value, Pos = send.Pos });
                    break;
                }
            case AssignStmt { Op: not Token.None } a:
                {
                    var x = Expr(a.Lhs[0]);
                    var y = a.Op is Token.Shl or Token.Shr ? ShiftCount(a.Rhs[0]) : ImplicitConv(x.Type, a.Rhs[0]);
                    MarkAssigned(x);
                    into.Add(new AssignOpNode { Op = a.Op, X = x, Y = y, Pos = a.Pos });
                    break;
                }
            case AssignStmt a:
                Assign(a.Pos, a.Lhs, a.Rhs, into);
                break;
            case IncDecStmt i:
                {
                    var x = Expr(i.X);
                    MarkAssigned(x);
                    into.Add(new AssignOpNode { Op = i.Op, X = x, Y = new ConstNode { Value = Fit(ConstantOps.MakeInt(1), x.Type), Type = x.Type, Pos = i.Pos }, IncDec = true, Pos = i.Pos });
                    break;
                }
            case LabeledStmt l:
                if (l.Label.Name != "_")
                    into.Add(new LabelNode { Label = l.Label.Name, Pos = l.Pos });
                Stmt(l.Stmt, into, l.Label.Name);
                break;
            case BranchStmt b:
                Branch(b, into);
                break;
            case GoStmt g:
                GoDefer(g.Call, false, g.Pos, into);
                break;
            case DeferStmt d:
                GoDefer(d.Call, true, d.Pos, into);
                break;
            case ReturnStmt r:
                Return(r, into);
                break;
            case IfStmt i:
                If(i, into);
                break;
            case ForStmt f:
                For(f, into, label);
                break;
            case RangeStmt r:
                Range(r, into, label);
                break;
            case SwitchStmt sw:
                Switch(sw, into, label);
                break;
            case TypeSwitchStmt ts:
                TypeSwitch(ts, into, label);
                break;
            case SelectStmt sel:
                Select(sel, into, label);
                break;
            case DeclStmt d:
                foreach (var decl in d.Decls)
                    LocalDecl(decl, into);
                break;
            default:
                throw Bad(s, $"statement {s.GetType().Name}");
        }
    }

    void ExprStatement(ExprStmt e, List<StmtNode> into)
    {
        var x = Expr(e.X);
        into.Add(new ExprStmtNode { X = x, Pos = x.Pos });
    }

    void LocalDecl(Decl decl, List<StmtNode> into)
    {
        switch (decl)
        {
            case VarDecl v:
                Assign(v.Pos, v.Names.ConvertAll(n => (Expr)n), v.Values, into);
                break;
            case TypeDecl t when _info.Defs.GetValueOrDefault(t.Name) is TypeName { IsAlias: false, Type: NamedType { TypeParams.Count: 0 } named }:
                if (_env.IsEmpty)
                    _pb.AddLocalType(named);
                break;
        }
    }

    // ---- assignments

    /// <summary>A target of an assignment: null is blank. New variables are declared; their declarations are added to decls.</summary>
    ExprNode? Target(Expr e, List<StmtNode> decls)
    {
        e = Unparen(e);
        if (e is Ident id)
        {
            if (id.Name == "_")
                return null;
            if (_info.Defs.GetValueOrDefault(id) is Var v)
            {
                var l = Declare(v, id.Pos);
                decls.Add(new DeclNode { Local = l, Pos = id.Pos });
                return Ref(l, id.Pos);
            }
        }
        var x = Expr(e);
        MarkAssigned(x);
        return x;
    }

    static bool IsCommaOk(List<Expr> lhs, List<Expr> rhs) =>
        lhs.Count == 2 && rhs.Count == 1 && Unparen(rhs[0]) is IndexExpr or TypeAssertExpr or UnaryExpr { Op: Token.Arrow };

    void Assign(Pos pos, List<Expr> lhs, List<Expr> rhs, List<StmtNode> into)
    {
        var decls = new List<StmtNode>();
        var targets = new List<ExprNode?>(lhs.Count);
        foreach (var e in lhs)
            targets.Add(Target(e, decls));
        if (rhs.Count == 0)
        {
            for (int i = 0; i < targets.Count; i++)
                if (targets[i] is LocalNode l)
                    into.Add(new AssignNode { X = l, Y = new ZeroNode { Type = l.Type, Pos = pos, Implicit = true }, Pos = pos, Init = [new DeclNode { Local = l.Local, Pos = pos }] });
            return;
        }
        var values = MultiExpr(pos, rhs, i => targets[i]?.Type, IsCommaOk(lhs, rhs));
        AddAssign(pos, targets, values, decls, into);
    }

    static void AddAssign(Pos pos, List<ExprNode?> targets, List<ExprNode> values, List<StmtNode> decls, List<StmtNode> into)
    {
        bool define = decls.Count > 0;
        into.Add(targets.Count == 1
            ? new AssignNode { X = targets[0], Y = values[0], Define = define, Pos = pos, Init = define ? decls : null }
            : new Assign2Node { X = targets, Y = values, Define = define, Pos = pos, Init = define ? decls : null });
    }

    void GoDefer(Expr e, bool isDefer, Pos pos, List<StmtNode> into)
    {
        var init = new List<StmtNode>();
        var call = GoDeferCall(Expr(e), isDefer, pos, init);
        if (!isDefer)
        {
            into.Add(new GoNode { Call = call, Pos = pos, Init = init.Count > 0 ? init : null });
            return;
        }
        var d = new DeferNode { Call = call, Pos = pos, Init = init.Count > 0 ? init : null, InLoop = _loopDepth > 0 || _hasGoto };
        _defers.Add(d);
        if (_loop != null)
        {
            d.InLoop = true;
            d.At = DeferToken(pos);
            _real._fn.HasDefer = true;
        }
        else
        {
            _fn.HasDefer = true;
        }
        into.Add(d);
    }

    void Return(ReturnStmt r, List<StmtNode> into)
    {
        foreach (var v in _real._resultVars)
            if (_real._vars.TryGetValue(v, out var l))
                l.Reassigned = true;
        if (_loop != null)
        {
            ReturnFromLoop(r, into);
            return;
        }
        var n = new ReturnNode { Pos = r.Pos };
        if (r.Results.Count > 0)
            n.Values = MultiExpr(r.Pos, r.Results, i => _fn.Results[i].Type, false);
        into.Add(n);
    }

    // ---- if

    void If(IfStmt s, List<StmtNode> into)
    {
        var cond = s.Cond;
        int known = StaticBool(ref cond);
        var init = new List<StmtNode>();
        if (s.Init != null)
            Stmt(s.Init, init, null);
        if (known != 0)
        {
            into.AddRange(init);
            var c = Expr(cond);
            if (c is not ConstNode)
                into.Add(new AssignNode { Y = c, Pos = s.Pos });
            if (known > 0)
                StmtList(s.Then.List, into);
            else if (s.Else != null)
                Stmt(s.Else, into, null);
            return;
        }
        var n = new IfNode { Cond = Expr(cond), Pos = s.Pos, Init = init.Count > 0 ? init : null };
        StmtList(s.Then.List, n.Then);
        if (s.Else != null)
            Stmt(s.Else, n.Else, null);
        into.Add(n);
    }

    /// <summary>Root only: conditions with constant parts, and what is left of them.</summary>
    readonly Dictionary<Expr, Expr> _simplified = new(ReferenceEqualityComparer.Instance);

    /// <summary>+1 always true, -1 always false, 0 unknown; e becomes what is left to evaluate. Parts of e are simplified, too.</summary>
    int StaticBool(ref Expr e)
    {
        var before = e = Unparen(e);
        int known = StaticValue(ref e);
        if (!ReferenceEquals(before, e))
            _root._simplified[before] = e;
        return known;
    }

    int StaticValue(ref Expr e)
    {
        if (_info.Types.TryGetValue(e, out var tv) && tv.Value is BoolConstant b)
            return b.Value ? 1 : -1;
        switch (e)
        {
            case UnaryExpr { Op: Token.Not } u:
                {
                    var x = u.X;
                    return -StaticBool(ref x);
                }
            case BinaryExpr { Op: Token.AndAnd or Token.OrOr } l:
                {
                    int decisive = l.Op == Token.AndAnd ? -1 : 1;
                    Expr x = l.X, y = l.Y;
                    int xv = StaticBool(ref x);
                    if (xv == decisive)
                    {
                        e = x;
                        return xv;
                    }
                    int yv = StaticBool(ref y);
                    if (xv == -decisive || yv == decisive)
                    {
                        if (_info.Types.TryGetValue(Unparen(x), out var xt) && xt.Value != null)
                            e = y;
                        return yv;
                    }
                    return 0;
                }
            default:
                return 0;
        }
    }

    /// <summary>Control never reaches the statement after s.</summary>
    bool Terminates(Stmt? s)
    {
        switch (s)
        {
            case BranchStmt b:
                return b.Tok == Token.Goto;
            case ReturnStmt:
                return true;
            case ExprStmt e:
                return Unparen(e.X) is CallExpr c && BuiltinOf(Unparen(c.Fun)) is { Id: BuiltinId.Panic };
            case IfStmt i:
                {
                    var cond = i.Cond;
                    int known = StaticBool(ref cond);
                    return (known < 0 || Terminates(i.Then)) && (known > 0 || Terminates(i.Else));
                }
            case BlockStmt b:
                {
                    for (int i = b.List.Count - 1; i >= 0; i--)
                        if (b.List[i] is not EmptyStmt)
                            return Terminates(b.List[i]);
                    return false;
                }
            default:
                return false;
        }
    }

    // ---- loops

    void For(ForStmt s, List<StmtNode> into, string? label)
    {
        var init = new List<StmtNode>();
        int before = _fn.Locals.Count;
        if (s.Init != null)
            Stmt(s.Init, init, null);
        var vars = new List<Local>();
        if (s.Init is AssignStmt { Define: true } && !_ctx.Facts(_fn.Pkg).SharedLoopVars(s.Pos))
            foreach (var l in _fn.Locals.GetRange(before, _fn.Locals.Count - before))
                if (!l.IsTemp)
                    vars.Add(l);
        var cond = s.Cond;
        int known = cond == null ? 1 : StaticBool(ref cond);
        if (known < 0 && cond != null && _info.Types.TryGetValue(Unparen(cond), out var tv) && tv.Value != null)
        {
            into.AddRange(init);
            return;
        }
        var n = new ForNode { Label = label, Cond = Opt(cond), Pos = s.Pos, Init = init.Count > 0 ? init : null };
        _breakDepth++;
        _loopDepth++;
        if (known >= 0)
        {
            if (s.Post != null)
                Stmt(s.Post, n.Post, null);
            StmtList(s.Body.List, n.Body);
        }
        _loopDepth--;
        _breakDepth--;
        if (vars.Count > 0)
            _root._loops.Add((n, vars));
        into.Add(n);
    }

    void Range(RangeStmt s, List<StmtNode> into, string? label)
    {
        if (IsRangeFunc(s))
        {
            RangeOverFunc(s, into, label);
            return;
        }
        // The operand does not see the variables of the loop; but they are declared first, as gc numbers them.
        var decls = new List<StmtNode>();
        var n = new RangeNode { Label = label, X = null!, Pos = s.Pos, Define = s.Define };
        n.BlankKey = s.Key != null && Unparen(s.Key) is Ident { Name: "_" };
        n.BlankValue = s.Value != null && Unparen(s.Value) is Ident { Name: "_" };
        n.Key = s.Key == null ? null : Target(s.Key, decls);
        n.Value = s.Value == null ? null : Target(s.Value, decls);
        n.X = s.Value == null && ArrayLen(TypeOf(s.X)) is { } len && !SyntaxCalls(s.X) ? IntConst(len, s.X.Pos) : Expr(s.X);
        if (s.Define && _ctx.Facts(_fn.Pkg).SharedLoopVars(s.Pos))
        {
            n.Define = false;
            n.Init = decls;
            MarkAssigned(n.Key);
            MarkAssigned(n.Value);
        }
        if (n.X is ConstNode { Type: var t } c && Predicates.IsInteger(t) && n.Key != null && !Identical.Same(t, n.Key.Type) && Predicates.IsInteger(n.Key.Type))
            n.X = new ConstNode { Value = c.Value, Type = n.Key.Type, Pos = c.Pos };
        if (n.X.Type.Underlying is ArrayType array && n.Value != null)
            _copiedBytes += Flatten.Sizes.Sizeof(array);
        var bodyStart = SplitTargets(n, s.Pos);
        _breakDepth++;
        _loopDepth++;
        n.Body.AddRange(bodyStart);
        StmtList(s.Body.List, n.Body);
        _loopDepth--;
        _breakDepth--;
        into.Add(n);
    }

    /// <summary>Length of an array or of what a pointer to an array points to; a loop over its indices alone does not evaluate the operand.</summary>
    static long? ArrayLen(GoType t)
    {
        var u = t.Underlying is PointerType p ? p.Elem.Underlying : t.Underlying;
        return u is ArrayType a ? a.Len : null;
    }

    /// <summary>The expression calls a function or receives.</summary>
    bool SyntaxCalls(Expr e)
    {
        if (_info.Types.TryGetValue(e, out var tv) && tv.Value != null)
            return false;
        return Unparen(e) switch
        {
            Ident or BasicLit or FuncLit => false,
            SelectorExpr s => SyntaxCalls(s.X),
            StarExpr s => SyntaxCalls(s.X),
            IndexExpr i => SyntaxCalls(i.X) || SyntaxCalls(i.Indices[0]),
            _ => true,
        };
    }

    /// <summary>Targets whose type is not the loop's own (an interface that takes the key or value) get the value through a temporary.</summary>
    List<StmtNode> SplitTargets(RangeNode n, Pos pos)
    {
        var start = new List<StmtNode>();
        if (n.Define)
            return start;
        var (key, value) = RangeTypes(n.X.Type);
        n.Key = Split(n.Key, key);
        n.Value = Split(n.Value, value);
        return start;

        ExprNode? Split(ExprNode? target, GoType? type)
        {
            if (target == null || type == null || Identical.Same(target.Type, type))
                return target;
            var tmp = _fn.NewTemp(type.Unalias, pos);
            (n.Init ??= []).Add(new DeclNode { Local = tmp, Pos = pos });
            tmp.Reassigned = true;
            start.Add(new AssignNode { X = target, Y = ImplicitConv(target.Type, Ref(tmp, pos)), Pos = pos });
            return Ref(tmp, pos);
        }
    }

    internal static (GoType? Key, GoType? Value) RangeTypes(GoType t) => t.Underlying switch
    {
        BasicType { Kind: BasicKind.String } => (Universe.Int, Universe.Rune),
        BasicType => (t, null),
        ArrayType a => (Universe.Int, a.Elem.Unalias),
        PointerType { Elem: var e } => (Universe.Int, ((ArrayType)e.Underlying).Elem.Unalias),
        SliceType s => (Universe.Int, s.Elem.Unalias),
        MapType m => (m.Key.Unalias, m.Elem.Unalias),
        ChanType c => (c.Elem.Unalias, null),
        _ => (null, null),
    };

    // ---- jumps

    void Branch(BranchStmt b, List<StmtNode> into)
    {
        if (b.Tok == Token.Fallthrough)
            return; // noted by the clause
        if (_loop != null && BranchFromLoop(b, into))
            return;
        if (b.Tok == Token.Goto)
        {
            _hasGoto = true;
            foreach (var d in _defers)
                d.InLoop = true;
            into.Add(new GotoNode { Label = b.Label!.Name, Pos = b.Pos });
            return;
        }
        into.Add(new BranchNode { IsContinue = b.Tok == Token.Continue, Label = b.Label?.Name, Pos = b.Pos });
    }
}

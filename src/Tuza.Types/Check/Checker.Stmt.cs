// Statements and function bodies.
//
// Labels, break, continue, goto and fallthrough were checked with the syntax. Here: types, scopes, unused variables. Actions that a
// statement delays (function literals, mostly) run when it is done, before the names declared after it exist.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    void FuncBody(DeclInfo? decl, Signature sig, Scope scope, BlockStmt body, Constant? iota)
    {
        Environment saved = _env;
        _env = new Environment { Decl = decl, Scope = scope, Version = saved.Version, Iota = iota, Sig = sig, Locals = [] };
        StmtList(body.List);
        if (sig.Results.Count > 0 && !IsTerminating(body, ""))
            Error(body.Rbrace, "missing return");
        foreach (Var v in _env.Locals)
            if (!v.Used)
                SoftError(v.Pos, "declared and not used: %s", v.Name);
        _env = saved;
    }

    void StmtList(List<Stmt> list)
    {
        foreach (Stmt s in list)
            CheckStmt(s);
    }

    void SimpleStmt(Stmt? s)
    {
        if (s != null)
            CheckStmt(s);
    }

    void CheckStmt(Stmt s)
    {
        if (StackIsShort())
        {
            OnFreshStack(() => CheckStmt(s));
            return;
        }
        int top = _delayed.Count;
        Scope scope = _env.Scope;
        StmtInner(s);
        _env.Scope = scope;
        ProcessDelayed(top);
    }

    void StmtInner(Stmt s0)
    {
        switch (s0)
        {
            case EmptyStmt or BadStmt or BranchStmt:
                break;
            case DeclStmt s:
                DeclStmt(s.Decls);
                break;
            case LabeledStmt s:
                CheckStmt(s.Stmt);
                break;
            case ExprStmt s:
                CheckExprStmt(s);
                break;
            case SendStmt s:
                CheckSend(s);
                break;
            case IncDecStmt s:
                CheckIncDec(s);
                break;
            case AssignStmt s:
                CheckAssign(s);
                break;
            case GoStmt s:
                SuspendedCall("go", s.Call);
                break;
            case DeferStmt s:
                SuspendedCall("defer", s.Call);
                break;
            case ReturnStmt s:
                CheckReturn(s);
                break;
            case BlockStmt s:
                OpenScope(s, "block");
                StmtList(s.List);
                break;
            case IfStmt s:
                OpenScope(s, "if");
                SimpleStmt(s.Init);
                Condition(s.Cond, "if");
                CheckStmt(s.Then);
                SimpleStmt(s.Else);
                break;
            case SwitchStmt s:
                OpenScope(s, "switch");
                SimpleStmt(s.Init);
                CheckSwitch(s);
                break;
            case TypeSwitchStmt s:
                OpenScope(s, "switch");
                SimpleStmt(s.Init);
                CheckTypeSwitch(s);
                break;
            case SelectStmt s:
                CheckSelect(s);
                break;
            case ForStmt s:
                OpenScope(s, "for");
                SimpleStmt(s.Init);
                if (s.Cond != null)
                    Condition(s.Cond, "for");
                SimpleStmt(s.Post);
                CheckStmt(s.Body);
                break;
            case RangeStmt s:
                CheckRange(s);
                break;
            default:
                throw new System.InvalidOperationException($"Checker.StmtInner: {s0.GetType().Name} at {s0.Pos}");
        }
    }

    void Condition(Expr cond, string what)
    {
        var x = new Operand();
        CheckExpr(null, x, cond);
        if (x.IsValid && !Predicates.AllBoolean(x.Type))
            Error(cond, "non-boolean condition in %s statement", what);
    }

    void CheckExprStmt(ExprStmt s)
    {
        var x = new Operand();
        ExprKind kind = RawExpr(null, x, s.X, null, false);
        switch (x.Mode)
        {
            case OperandMode.Builtin:
                Error(x, "%s must be called", x);
                break;
            case OperandMode.TypeExpr:
                Error(x, "%s is not an expression", x);
                break;
            default:
                if (kind != ExprKind.Statement)
                    Error(x, "%s is not used", x);
                break;
        }
    }

    void CheckSend(SendStmt s)
    {
        var ch = new Operand();
        var val = new Operand();
        CheckExpr(null, ch, s.Chan);
        GenericExpr(val, s.Value, null);
        if (!ch.IsValid || !val.IsValid)
            return;
        if (ChanElem(StartPos(s), ch, false) is { } elem)
            Assignment(val, elem, "send");
    }

    void CheckIncDec(IncDecStmt s)
    {
        var x = new Operand();
        CheckExpr(null, x, s.X);
        if (!x.IsValid)
            return;
        if (!Predicates.AllNumeric(x.Type))
        {
            Error(s.X, InvalidOp + "%s%s%s (non-numeric type %s)", s.X, s.Op, s.Op, x.Type);
            return;
        }
        AssignVar(s.X, null, x, "assignment");
    }

    void CheckAssign(AssignStmt s)
    {
        if (s.Define)
        {
            ShortVarDecl(s.Pos, s.Lhs, s.Rhs);
            return;
        }
        if (s.Op == Token.None)
        {
            AssignVars(s.Lhs, s.Rhs);
            return;
        }
        if (s.Lhs.Count != 1 || s.Rhs.Count != 1)
        {
            Error(s, "assignment operation %s requires single-valued expressions", s.Op);
            return;
        }
        var x = new Operand();
        Binary(x, null, s.Lhs[0], s.Rhs[0], s.Op);
        AssignVar(s.Lhs[0], null, x, "assignment");
    }

    void SuspendedCall(string keyword, Expr call)
    {
        if (call is not CallExpr)
        {
            Error(call, "expression in %s must be function call", keyword);
            Use(call);
            return;
        }
        var x = new Operand();
        switch (RawExpr(null, x, call, null, false))
        {
            case ExprKind.Conversion:
                Error(x, "%s requires function call, not conversion %s", keyword, x);
                break;
            case ExprKind.Expression:
                Error(x, "%s discards result of %s", keyword, x);
                break;
        }
    }

    void CheckReturn(ReturnStmt s)
    {
        TupleType results = _env.Sig!.Results;
        if (s.Results.Count == 0 && results.Count > 0 && results.Vars[0].Name != "")
        {
            foreach (Var obj in results.Vars)
                if (LookupName(obj.Name) is { } alt && !ReferenceEquals(alt, obj))
                {
                    ErrorDesc err = NewError();
                    err.Add(s, "result parameter %s not in scope at return", obj.Name);
                    err.Add(alt.Pos, "inner declaration of %s", obj);
                    err.Report();
                }
            return;
        }
        if (results.Count > 0)
            InitVars(results.Vars, s.Results, s);
        else if (s.Results.Count > 0)
            InitVars([], s.Results, s);
    }

    // ---- switch

    void MultipleDefaults(List<CaseClause> clauses)
    {
        CaseClause? first = null;
        foreach (CaseClause c in clauses)
            if (c.Exprs == null)
                if (first != null)
                    Error(c, "multiple defaults (first at %s)", first.Pos);
                else
                    first = c;
    }

    void CheckSwitch(SwitchStmt s)
    {
        var x = new Operand();
        if (s.Tag != null)
        {
            CheckExpr(null, x, s.Tag);
            // By assigning x to nothing an untyped constant gets its default type.
            Assignment(x, null, "switch expression");
            if (x.IsValid && !Predicates.Comparable(x.Type) && !Predicates.HasNil(x.Type))
            {
                Error(x, "cannot switch on %s (%s is not comparable)", x, x.Type);
                x.Invalidate();
            }
        }
        else
        {
            x.Mode = OperandMode.Constant;
            x.Type = Universe.Bool;
            x.Value = ConstantOps.MakeBool(true);
            x.Expr = new Ident { Name = "true", Pos = s.Cases.Count > 0 ? s.Cases[0].Pos : s.Rbrace };
        }
        MultipleDefaults(s.Cases);
        var seen = new Dictionary<string, List<(Pos Pos, GoType Type)>>();
        foreach (CaseClause clause in s.Cases)
        {
            if (clause.Exprs != null)
                CaseValues(x, clause.Exprs, seen);
            OpenScope(clause, "case");
            StmtList(clause.Body);
            CloseScope();
        }
    }

    void CaseValues(Operand x, List<Expr> values, Dictionary<string, List<(Pos Pos, GoType Type)>> seen)
    {
        foreach (Expr e in values)
        {
            var v = new Operand();
            CheckExpr(null, v, e);
            if (!x.IsValid || !v.IsValid)
                continue;
            ConvertUntyped(v, x.Type);
            if (!v.IsValid)
                continue;
            Operand result = v.Clone();
            Comparison(result, x, Token.Eql, true);
            if (!result.IsValid || v.Mode != OperandMode.Constant || v.Value!.Kind is not (ConstantKind.Int or ConstantKind.Float or ConstantKind.String))
                continue;
            string key = ConstantKey(v.Value);
            if (!seen.TryGetValue(key, out var types))
                seen.Add(key, types = []);
            int dup = types.FindIndex(t => Identical.Same(t.Type, v.Type));
            if (dup < 0)
            {
                types.Add((v.Pos, v.Type));
                continue;
            }
            ErrorDesc err = NewError();
            err.Add(PosOf(v), "duplicate case %s in expression switch", v);
            err.Add(types[dup].Pos, "previous case");
            err.Report();
        }
    }

    void CheckTypeSwitch(TypeSwitchStmt s)
    {
        Ident? lhs = s.Name;
        if (lhs is { Name: "_" })
        {
            SoftError(lhs, "no new variable on left side of :=");
            lhs = null;
        }
        else if (lhs != null)
            _info.Defs[lhs] = null;

        Operand? sx = null;
        var x = new Operand();
        CheckExpr(null, x, s.X);
        if (x.IsValid)
        {
            if (Predicates.IsTypeParam(x.Type))
                Error(x, "cannot use type switch on type parameter value %s", x);
            else if (Predicates.IsInterface(x.Type))
                sx = x;
            else
                Error(x, "%s is not an interface", x);
        }
        MultipleDefaults(s.Cases);

        var vars = new List<Var>();
        var seen = new List<(GoType? Type, Expr Expr)>();
        foreach (CaseClause clause in s.Cases)
        {
            GoType type = CaseTypes(sx, clause.Exprs ?? [], seen);
            OpenScope(clause, "case");
            if (lhs != null)
            {
                Var obj = NewVar(lhs.Pos, lhs.Name, type);
                _env.Scope.Insert(obj);
                obj.ScopePos = clause.Colon;
                _info.Implicits[clause] = obj;
                vars.Add(obj);
            }
            StmtList(clause.Body);
            CloseScope();
        }
        // One use in any clause will do. Function literals in the clauses have been checked by now.
        if (lhs != null && !vars.Exists(v => v.Used))
            SoftError(lhs, "%s declared and not used", lhs.Name);
    }

    bool IsNilExpr(Expr e) => Unparen(e) is Ident name && LookupName(name.Name) is Nil;

    /// <summary>Checks the types of a clause; returns the type of the clause's variable.</summary>
    GoType CaseTypes(Operand? x, List<Expr> types, List<(GoType? Type, Expr Expr)> seen)
    {
        GoType? type = null;
        foreach (Expr e in types)
        {
            if (IsNilExpr(e))
            {
                type = null;
                CheckExpr(null, new Operand(), e);
            }
            else
            {
                type = VarType(e);
                if (!Predicates.IsValid(type))
                    continue;
            }
            GoType? t = type;
            int dup = seen.FindIndex(o => t == null ? o.Type == null : o.Type != null && Identical.Same(t, o.Type));
            if (dup >= 0)
            {
                ErrorDesc err = NewError();
                err.Add(e, "duplicate case %s in type switch", t == null ? "nil" : Str(t));
                err.Add(seen[dup].Expr, "previous case");
                err.Report();
                continue;
            }
            seen.Add((t, e));
            if (x != null && t != null)
                TypeAssertion(e, x, t, true);
        }
        if (types.Count == 1 && type != null)
            return type;
        return x?.Type ?? Universe.Invalid;
    }

    void CheckSelect(SelectStmt s)
    {
        CommClause? first = null;
        foreach (CommClause c in s.Cases)
            if (c.Comm == null)
                if (first != null)
                    Error(c, "multiple defaults (first at %s)", first.Pos);
                else
                    first = c;
        foreach (CommClause clause in s.Cases)
        {
            Expr? rhs = clause.Comm switch
            {
                AssignStmt { Rhs.Count: 1 } a => a.Rhs[0],
                ExprStmt e => e.X,
                _ => null,
            };
            bool valid = clause.Comm is null or SendStmt || rhs != null && Unparen(rhs) is UnaryExpr { Op: Token.Arrow };
            if (!valid)
            {
                Error(clause.Comm!, "select case must be send or receive (possibly with assignment)");
                continue;
            }
            OpenScope(clause, "case");
            SimpleStmt(clause.Comm);
            StmtList(clause.Body);
            CloseScope();
        }
    }

    // ---- range

    void CheckRange(RangeStmt s)
    {
        var x = new Operand();
        bool saved = _env.HasCallOrRecv;
        _env.HasCallOrRecv = false;
        CheckExpr(null, x, s.X);
        bool hasCall = _env.HasCallOrRecv;
        _env.HasCallOrRecv = saved || hasCall;

        GoType? key = null, val = null;
        if (x.IsValid)
        {
            (GoType? k, GoType? v, string cause, bool ok) = RangeKeyVal(x.Type);
            if (!ok && cause != "")
                SoftError(x, "cannot range over %s: %s", x, cause);
            else if (!ok)
                SoftError(x, "cannot range over %s", x);
            else if (k == null && s.Key != null)
                SoftError(s.Key, "range over %s permits no iteration variables", x);
            else if (v == null && s.Value != null)
                SoftError(s.Value, "range over %s permits only one iteration variable", x);
            else if (s.Extra != null)
                SoftError(s.Extra, "range clause permits at most two iteration variables");
            if (ok)
                (key, val) = (k, v);
            else
                key = val = Universe.Invalid;
        }

        OpenScope(s, "range");
        bool overInt = x.IsValid && Predicates.IsInteger(x.Type);
        if (s.Define)
            RangeDefine(s, x, key, val, overInt);
        else if (s.Key != null)
            RangeAssign(s, x, key, val, overInt);
        else if (overInt)
            Assignment(x, null, "range clause");
        CheckStmt(s.Body);
        CloseScope();
    }

    void RangeDefine(RangeStmt s, Operand x, GoType? key, GoType? val, bool overInt)
    {
        var vars = new List<Var>();
        foreach ((Expr? lhs, GoType? type) in ((Expr?, GoType?)[])[(s.Key, key), (s.Value, val)])
        {
            if (lhs == null)
                continue;
            Var obj;
            if (lhs is Ident ident)
            {
                obj = NewVar(ident.Pos, ident.Name, null);
                _info.Defs[ident] = obj;
                if (ident.Name != "_")
                    vars.Add(obj);
            }
            else
            {
                Error(lhs, "invalid syntax tree: cannot declare %s", lhs);
                obj = NewVar(lhs.Pos, "_", null);
            }
            if (type == null || ReferenceEquals(type, Universe.Invalid))
            {
                obj.Type = Universe.Invalid;
                obj.Used = true;
                continue;
            }
            if (overInt)
                InitVar(obj, x, "range clause");
            else
                InitVar(obj, new Operand { Mode = OperandMode.Value, Expr = lhs, Type = type }, "assignment");
        }
        if (vars.Count == 0)
        {
            Error(s, "no new variables on left side of :=");
            return;
        }
        foreach (Var v in vars)
            Declare(_env.Scope, null, v, s.Body.Pos);
    }

    void RangeAssign(RangeStmt s, Operand x, GoType? key, GoType? val, bool overInt)
    {
        foreach ((Expr? lhs, GoType? type) in ((Expr?, GoType?)[])[(s.Key, key), (s.Value, val)])
        {
            if (lhs == null || type == null || ReferenceEquals(type, Universe.Invalid))
                continue;
            if (!overInt)
            {
                AssignVar(lhs, null, new Operand { Mode = OperandMode.Value, Expr = lhs, Type = type }, "assignment");
                continue;
            }
            AssignVar(lhs, null, x, "range clause");
            // The iteration variable gets the type of the left side if x is untyped.
            if (x.IsValid && !Predicates.IsInteger(x.Type))
                SoftError(lhs, "cannot use iteration variable of type %s", x.Type);
        }
    }

    /// <summary>Key and value types of a range over type (null: no such value); not ok with a cause or none.</summary>
    (GoType? Key, GoType? Val, string Cause, bool Ok) RangeKeyVal(GoType orig)
    {
        static (GoType?, GoType?, string, bool) Bad(string? cause) => (null, null, cause ?? "", false);

        GoType? type = Predicates.CommonUnder(orig, (t, u) => u is ChanType { Dir: ChanDir.Send } ? Sprintf("receive from send-only channel %s", t) : null,
            Env, out string? why);
        if (type == null)
            return Bad(why);
        switch (ArrayPtrDeref(type))
        {
            case BasicType t when Predicates.IsString(t):
                return (Universe.Int, Universe.Rune, "", true);
            case BasicType t when Predicates.IsInteger(t):
                return AllowVersion(22) ? (orig, null, "", true) : Bad("requires go1.22 or later");
            case ArrayType t:
                return (Universe.Int, t.Elem, "", true);
            case SliceType t:
                return (Universe.Int, t.Elem, "", true);
            case MapType t:
                return (t.Key, t.Elem, "", true);
            case ChanType t:
                return (t.Elem, null, "", true);
            case Signature t:
                return RangeFunc(t, Bad);
            default:
                return Bad("");
        }
    }

    (GoType?, GoType?, string, bool) RangeFunc(Signature t, System.Func<string?, (GoType?, GoType?, string, bool)> bad)
    {
        const string must = "func must be func(yield func(...) bool): ";
        if (!AllowVersion(23))
            return bad("requires go1.23 or later");
        if (t.Params.Count != 1)
            return bad(must + "wrong argument count");
        if (t.Results.Count != 0)
            return bad(must + "unexpected results");
        GoType? u = Predicates.CommonUnder(t.Params.At(0), null, Env, out string? why);
        if (u is not Signature yield)
            return bad(why != null ? must + "in yield type, " + why : must + "argument is not func");
        if (yield.Params.Count > 2)
            return bad(must + "yield func has too many parameters");
        if (yield.Results.Count != 1 || !Identical.Same(yield.Results.At(0), Universe.Bool))
            return bad(yield.Results.Count == 1 && Predicates.IsBoolean(yield.Results.At(0))
                ? must + "yield func returns user-defined boolean, not bool"
                : must + "yield func does not return bool");
        if (yield.Variadic)
            return bad(Sprintf("yield func of type %s cannot be variadic", yield));
        return (yield.Params.Count >= 1 ? yield.Params.At(0) : null, yield.Params.Count >= 2 ? yield.Params.At(1) : null, "", true);
    }
}

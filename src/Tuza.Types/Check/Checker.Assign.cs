// Assignments of all kinds: initialisation, `=`, `:=`, arguments, results.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Where a value is assigned, for messages; made into text only when there is one.</summary>
    readonly record struct Context(string What, Expr? Of = null)
    {
        public static implicit operator Context(string what) => new(what);
        public override string ToString() => Of == null ? What : What + " " + ExprString(Of);
    }

    /// <summary>Checks that x can be assigned to type (null: any), converting an untyped x.</summary>
    void Assignment(Operand x, GoType? type, Context context)
    {
        SingleValue(x);
        switch (x.Mode)
        {
            case OperandMode.Invalid:
                return;
            case OperandMode.Constant or OperandMode.Variable or OperandMode.MapIndex or OperandMode.Value or OperandMode.NilValue
                or OperandMode.CommaOk or OperandMode.CommaErr or OperandMode.CgoFunc:
                break;
            default:
                Error(x, "cannot assign %s to %s in %s", x, type, context.ToString());
                x.Invalidate();
                return;
        }
        if (Predicates.IsUntyped(x.Type) && !AssignUntyped(x, type, context))
            return;

        // A generic function may be assigned to a function type, which instantiates it.
        if (x.Type is Signature { TypeParams.Count: > 0 } || x.Type is AliasType or NamedType)
        {
            NonGeneric(x.Type is Signature ? NewTarget(type, context.ToString()) : null, x);
            if (!x.IsValid)
                return;
        }
        if (type == null || ReferenceEquals(type, x.Type))
            return;
        if (Relations.AssignableTo(Env, x, type, out string cause))
            return;
        if (cause != "")
            Error(x, "cannot use %s as %s value in %s: %s", x, type, context.ToString(), cause);
        else
            Error(x, "cannot use %s as %s value in %s", x, type, context.ToString());
        x.Invalidate();
    }

    bool AssignUntyped(Operand x, GoType? type, Context context)
    {
        GoType target;
        if (x.IsNil)
        {
            if (type == null)
            {
                Error(x, "use of untyped nil in %s", context.ToString());
                x.Invalidate();
                return false;
            }
            target = type;
        }
        else
            target = type == null || Predicates.IsNonTypeParamInterface(type) ? Predicates.Default(x.Type) : type;

        GoType? newType = Relations.ImplicitType(Env, x, target, out Constant? value, out ConversionError error);
        if (newType == null || error != ConversionError.None)
        {
            string suffix = error switch
            {
                ConversionError.TruncatedFloat => " (truncated)",
                ConversionError.NumericOverflow => " (overflows)",
                _ => "",
            };
            Error(x, "cannot use %s as %s value in %s%s", x, target, context.ToString(), suffix);
            x.Invalidate();
            return false;
        }
        if (value != null)
        {
            x.Value = value;
            UpdateExprVal(x.Expr!, value);
        }
        if (!ReferenceEquals(newType, x.Type))
        {
            x.Type = newType;
            UpdateExprType(x.Expr!, newType, false);
        }
        return true;
    }

    void InitConst(Const lhs, Operand x)
    {
        if (!x.IsValid || !Predicates.IsValid(x.Type) || lhs.Type != null! && !Predicates.IsValid(lhs.Type))
        {
            lhs.Type ??= Universe.Invalid;
            return;
        }
        if (x.Mode != OperandMode.Constant)
        {
            Error(x, "%s is not constant", x);
            lhs.Type ??= Universe.Invalid;
            return;
        }
        lhs.Type ??= x.Type;
        Assignment(x, lhs.Type, "constant declaration");
        if (x.IsValid)
            lhs.Value = x.Value;
    }

    void InitVar(Var lhs, Operand x, string context)
    {
        if (!x.IsValid || !Predicates.IsValid(x.Type) || lhs.Type != null! && !Predicates.IsValid(lhs.Type))
        {
            lhs.Type ??= Universe.Invalid;
            x.Invalidate();
            return;
        }
        if (lhs.Type == null!)
        {
            GoType type = x.Type;
            if (Predicates.IsUntyped(type))
            {
                if (x.IsNil)
                {
                    Error(x, "use of untyped nil in %s", context);
                    lhs.Type = Universe.Invalid;
                    x.Invalidate();
                    return;
                }
                type = Predicates.Default(type);
            }
            lhs.Type = type;
        }
        Assignment(x, lhs.Type, context);
    }

    /// <summary>The type of an assignment's left side: null for `_`, Invalid after an error.</summary>
    GoType? LhsVar(Expr lhs)
    {
        var ident = Unparen(lhs) as Ident;
        if (ident is { Name: "_" })
        {
            _info.Defs[ident] = null;
            return null;
        }
        // Being assigned to is not being used.
        Var? v = ident != null && LookupName(ident.Name) is Var found && ReferenceEquals(found.Pkg, _pkg) ? found : null;
        bool used = v?.Used ?? false;
        var x = new Operand();
        CheckExpr(null, x, lhs);
        if (v != null)
            v.Used = used;
        if (!x.IsValid || !Predicates.IsValid(x.Type))
            return Universe.Invalid;
        if (x.Mode is OperandMode.Variable or OperandMode.MapIndex)
            return x.Type;
        if (x.Expr is SelectorExpr sel)
        {
            var op = new Operand();
            CheckExpr(null, op, sel.X);
            if (op.Mode == OperandMode.MapIndex)
            {
                Error(x, "cannot assign to struct field %s in map", x.Expr);
                return Universe.Invalid;
            }
        }
        Error(x, "cannot assign to %s (neither addressable nor a map index expression)", x.Expr);
        return Universe.Invalid;
    }

    /// <summary>Assigns rhs (or the operand x, if given) to lhs.</summary>
    void AssignVar(Expr lhs, Expr? rhs, Operand? x, string context)
    {
        GoType? type = LhsVar(lhs);
        if (type != null && !Predicates.IsValid(type))
        {
            if (x != null)
                x.Invalidate();
            else
                Use(rhs!);
            return;
        }
        if (x == null)
        {
            Target? target = type?.Underlying is Signature ? NewTarget(type, ExprString(lhs)) : null;
            x = new Operand();
            CheckExpr(target, x, rhs!);
        }
        if (type == null && context == "assignment")
            context = "assignment to _ identifier";
        Assignment(x, type, context);
    }

    void AssignError(List<Expr> rhs, int l, int r)
    {
        string vars = Measure(l, "variable"), vals = Measure(r, "value");
        if (rhs.Count == 1 && Unparen(rhs[0]) is CallExpr call)
            Error(rhs[0], "assignment mismatch: %s but %s returns %s", vars, call.Fun, vals);
        else
            Error(rhs[0], "assignment mismatch: %s but %s", vars, vals);
    }

    void ReturnError(Stmt at, List<Var> lhs, List<Operand> rhs)
    {
        int l = lhs.Count, r = rhs.Count;
        Pos pos = r > l ? PosOf(rhs[l]) : r > 0 ? PosOf(rhs[r - 1]) : StartPos(at);
        ErrorDesc err = NewError();
        err.Add(pos, "%s return values", r > l ? "too many" : "not enough");
        err.Add(default(Pos), "have %s", TypesSummary(rhs.ConvertAll(x => x.Type), false, false));
        err.Add(default(Pos), "want %s", TypesSummary(lhs.ConvertAll(v => v.Type), false, false));
        err.Report();
    }

    /// <summary>`var lhs = rhs`, `lhs := rhs`, and `return rhs` (returnStmt set).</summary>
    void InitVars(List<Var> lhs, List<Expr> rhs, Stmt? returnStmt)
    {
        int l = lhs.Count, r = rhs.Count;
        string context = returnStmt != null ? "return statement" : l > 1 ? "multiple assignment" : "assignment";
        bool isCall = r == 1 && Unparen(rhs[0]) is CallExpr;
        if (l == r && !isCall)
        {
            for (int i = 0; i < l; i++)
            {
                var x = new Operand();
                string desc = returnStmt != null && lhs[i].Name == "" ? "result variable" : lhs[i].Name;
                CheckExpr(lhs[i].Type is { } t && t.Underlying is Signature or InterfaceType ? NewTarget(lhs[i].Type, desc) : null, x, rhs[i]);
                InitVar(lhs[i], x, context);
            }
            return;
        }
        if (r != 1)
        {
            if (Use(rhs))
            {
                if (returnStmt != null)
                    ReturnError(returnStmt, lhs, ExprList(rhs));
                else
                    AssignError(rhs, l, r);
            }
            foreach (Var v in lhs)
                v.Type ??= Universe.Invalid;
            return;
        }
        List<Operand> vals = MultiExpr(rhs[0], l == 2 && returnStmt == null, out bool commaOk);
        if (vals.Count == l)
        {
            for (int i = 0; i < l; i++)
                InitVar(lhs[i], vals[i], context);
            if (commaOk && vals[0].IsValid && vals[1].IsValid)
                RecordCommaOk(rhs[0], vals[0], vals[1]);
            return;
        }
        if (vals.Count == 0 || vals[0].IsValid)
        {
            if (returnStmt != null)
                ReturnError(returnStmt, lhs, vals);
            else
                AssignError(rhs, l, vals.Count);
        }
        foreach (Var v in lhs)
            v.Type ??= Universe.Invalid;
    }

    void AssignVars(List<Expr> lhs, List<Expr> rhs)
    {
        int l = lhs.Count, r = rhs.Count;
        string context = l > 1 ? "multiple assignment" : "assignment";
        bool isCall = r == 1 && Unparen(rhs[0]) is CallExpr;
        if (l == r && !isCall)
        {
            for (int i = 0; i < l; i++)
                AssignVar(lhs[i], rhs[i], null, context);
            return;
        }
        if (r != 1)
        {
            bool okLhs = UseLhs(lhs), okRhs = Use(rhs);
            if (okLhs && okRhs)
                AssignError(rhs, l, r);
            return;
        }
        List<Operand> vals = MultiExpr(rhs[0], l == 2, out bool commaOk);
        if (vals.Count == l)
        {
            for (int i = 0; i < l; i++)
                AssignVar(lhs[i], null, vals[i], context);
            if (commaOk && vals[0].IsValid && vals[1].IsValid)
                RecordCommaOk(rhs[0], vals[0], vals[1]);
            return;
        }
        if (vals.Count == 0 || vals[0].IsValid)
            AssignError(rhs, l, vals.Count);
        UseLhs(lhs);
    }

    /// <summary>`lhs := rhs`: declares the names that are new in this scope.</summary>
    void ShortVarDecl(Pos pos, List<Expr> lhs, List<Expr> rhs)
    {
        int top = _delayed.Count;
        Scope scope = _env.Scope;
        var seen = new HashSet<string>();
        var lhsVars = new List<Var>();
        var newVars = new List<Var>();
        bool hasError = false;
        foreach (Expr e in lhs)
        {
            Var? obj = ShortVar(e, scope, seen, newVars, ref hasError);
            lhsVars.Add(obj ?? NewVar(e.Pos, "_", null));
        }
        InitVars(lhsVars, rhs, null);
        for (int i = 0; i < lhs.Count; i++)
            if (lhs[i] is Ident and not { Name: "_" })
                RecordTypeAndValue(lhs[i], OperandMode.Variable, lhsVars[i].Type, null);
        ProcessDelayed(top);
        if (newVars.Count == 0 && !hasError)
        {
            SoftError(pos, "no new variables on left side of :=");
            return;
        }
        Pos scopePos = Positions.End(rhs[^1]);
        foreach (Var v in newVars)
            Declare(scope, null, v, scopePos);
    }

    Var? ShortVar(Expr e, Scope scope, HashSet<string> seen, List<Var> newVars, ref bool hasError)
    {
        if (e is not Ident ident)
        {
            Use1(e, true);
            Error(e, "non-name %s on left side of :=", e);
            hasError = true;
            return null;
        }
        string name = ident.Name;
        if (name != "_" && !seen.Add(name))
        {
            Error(e, "%s repeated on left side of :=", e);
            hasError = true;
            return null;
        }
        if (scope.Lookup(name) is { } alt)
        {
            _info.Uses[ident] = alt;
            if (alt is Var old)
                return old;
            Error(e, "cannot assign to %s", e);
            hasError = true;
            return null;
        }
        Var obj = NewVar(ident.Pos, name, null);
        if (name != "_")
            newVars.Add(obj);
        _info.Defs[ident] = obj;
        return obj;
    }
}

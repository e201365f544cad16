// Expressions.
//
// Every expression goes through RawExpr, which fills an Operand and records the result. An expression of untyped type (a constant, a
// comparison, a shift of a constant) is kept in _untyped; when its context gives a type, UpdateExprType walks down again and records the
// final type for the expression and for the operands that take part in it. So the record holds the types that exist at run time.
//
// A failed expression leaves an invalid operand behind and an error reported; its users stay silent.

using System;
using System.Collections.Generic;
using System.Numerics;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>The function type that an expression is assigned to, which can supply type arguments for a generic function.</summary>
    sealed record Target(Signature Sig, string Desc);

    static Target? NewTarget(GoType? type, string desc) =>
        type != null && Predicates.CommonUnder(type) is Signature sig ? new Target(sig, desc) : null;

    const int NoValueBit = 1 << (int)OperandMode.NoValue, BuiltinBit = 1 << (int)OperandMode.Builtin, TypeBit = 1 << (int)OperandMode.TypeExpr;

    // ---- entry points

    /// <summary>Checks e, which must be a single value.</summary>
    void CheckExpr(Target? target, Operand x, Expr e)
    {
        RawExpr(target, x, e, null, false);
        Exclude(x, NoValueBit | BuiltinBit | TypeBit);
        SingleValue(x);
    }

    /// <summary>Like CheckExpr, but a generic function may stay uninstantiated. <paramref name="hint"/> is the type of an elided composite literal.</summary>
    void GenericExpr(Operand x, Expr e, GoType? hint)
    {
        RawExpr(null, x, e, hint, true);
        Exclude(x, NoValueBit | BuiltinBit | TypeBit);
        SingleValue(x);
    }

    /// <summary>Checks e, which may have several values, or a second one (`v, ok`) if <paramref name="allowCommaOk"/>.</summary>
    List<Operand> MultiExpr(Expr e, bool allowCommaOk, out bool commaOk)
    {
        commaOk = false;
        var x = new Operand();
        RawExpr(null, x, e, null, false);
        Exclude(x, NoValueBit | BuiltinBit | TypeBit);
        var list = new List<Operand>();
        if (x.IsValid && x.Type is TupleType tuple)
        {
            for (int i = 0; i < tuple.Count; i++)
                list.Add(new Operand { Mode = OperandMode.Value, Expr = Dummy(e, Nth(i + 1) + " function result"), Type = tuple.At(i) });
            return list;
        }
        list.Add(x);
        if (allowCommaOk && x.Mode is OperandMode.MapIndex or OperandMode.CommaOk or OperandMode.CommaErr && allowCommaOk)
        {
            list.Add(new Operand { Mode = OperandMode.Value, Expr = Dummy(e, "ok value of (comma, ok) expression"), Type = Universe.UntypedBool });
            commaOk = true;
        }
        return list;
    }

    static Ident Dummy(Expr at, string name) => new() { Name = name, Pos = StartPos(at) };

    static string Nth(int n) => n switch { 1 => "1st", 2 => "2nd", 3 => "3rd", _ => $"{n}th" };

    void ExprOrType(Operand x, Expr e, bool allowGeneric)
    {
        RawExpr(null, x, e, null, allowGeneric);
        Exclude(x, NoValueBit);
        SingleValue(x);
    }

    ExprKind RawExpr(Target? target, Operand x, Expr e, GoType? hint, bool allowGeneric)
    {
        if (StackIsShort())
        {
            ExprKind result = ExprKind.Expression;
            OnFreshStack(() => result = RawExpr(target, x, e, hint, allowGeneric));
            return result;
        }
        ExprKind kind = ExprInternal(target, x, e, hint);
        if (!allowGeneric)
            NonGeneric(target, x);
        Record(x);
        return kind;
    }

    /// <summary>Turns a generic function into an instance if the target tells how, else reports it; generic types are errors.</summary>
    void NonGeneric(Target? target, Operand x)
    {
        if (!x.IsValid || x.Mode == OperandMode.NoValue)
            return;
        string what;
        if (x.Type is Signature { TypeParams.Count: > 0 })
        {
            if (target != null)
            {
                FuncInst(target, x.Pos, x, null, true);
                return;
            }
            what = "function";
        }
        else if (x.Type is AliasType or NamedType && Predicates.IsGeneric(x.Type))
            what = "type";
        else
            return;
        Error(x.Expr!, "cannot use generic %s %s without instantiation", what, x.Expr);
        x.Invalidate();
        x.Type = Universe.Invalid;
    }

    void Exclude(Operand x, int modes)
    {
        if ((modes & (1 << (int)x.Mode)) == 0)
            return;
        string msg = x.Mode switch
        {
            OperandMode.NoValue => (modes & TypeBit) != 0 ? "%s used as value" : "%s used as value or type",
            OperandMode.Builtin => "%s must be called",
            _ => "%s is not an expression",
        };
        Error(x, msg, x);
        x.Invalidate();
    }

    void SingleValue(Operand x)
    {
        if (x.Mode == OperandMode.Value && x.Type is TupleType)
        {
            Error(x, "multiple-value %s in single-value context", x);
            x.Invalidate();
        }
    }

    // ---- the switch

    ExprKind ExprInternal(Target? target, Operand x, Expr e0, GoType? hint)
    {
        x.Invalidate();
        x.Type = Universe.Invalid;
        x.Value = null;
        ExprKind kind = ExprKind.Expression;
        bool ok;
        switch (e0)
        {
            case BadExpr:
                ok = false;
                break;
            case Ident e:
                UseIdent(x, e, false);
                ok = true;
                break;
            case BasicLit e:
                ok = !e.Bad && Literal(x, e);
                break;
            case FuncLit e:
                CheckFuncLit(x, e);
                ok = x.IsValid;
                break;
            case CompositeLit e:
                CheckCompositeLit(x, e, hint);
                ok = x.IsValid;
                break;
            case ParenExpr e:
                kind = RawExpr(null, x, e.X, null, false);
                x.Expr = e;
                return kind;
            case SelectorExpr e:
                Selector(x, e, false);
                ok = true;
                break;
            case IndexExpr e:
                if (Index(x, e))
                    FuncInst(target, e.Pos, x, e, true);
                ok = x.IsValid;
                break;
            case SliceExpr e:
                CheckSliceExpr(x, e);
                ok = x.IsValid;
                break;
            case TypeAssertExpr e:
                ok = CheckTypeAssert(x, e);
                break;
            case CallExpr e:
                return Call(x, e);
            case StarExpr e:
                ok = Star(x, e);
                break;
            case UnaryExpr e:
                Unary(x, e);
                ok = x.IsValid;
                if (ok && e.Op == Token.Arrow)
                    kind = ExprKind.Statement;
                break;
            case BinaryExpr e:
                Binary(x, e, e.X, e.Y, e.Op);
                ok = x.IsValid;
                break;
            case KeyValueExpr:
                Error(e0, "invalid syntax tree: no key:value expected");
                ok = false;
                break;
            case EllipsisExpr:
                Error(e0, "invalid syntax tree: invalid use of ...");
                ok = false;
                break;
            case ArrayTypeExpr or SliceTypeExpr or StructTypeExpr or FuncTypeExpr or InterfaceTypeExpr or MapTypeExpr or ChanTypeExpr:
                x.Mode = OperandMode.TypeExpr;
                x.Type = Typ(e0);
                ok = true;
                break;
            default:
                throw new InvalidOperationException($"Checker.ExprInternal: {e0.GetType().Name} at {e0.Pos}");
        }
        x.Expr = e0;
        if (ok)
            return kind;
        x.Invalidate();
        return ExprKind.Statement; // silences "is not used"
    }

    bool Star(Operand x, StarExpr e)
    {
        ExprOrType(x, e.X, false);
        if (!x.IsValid)
            return false;
        if (x.Mode == OperandMode.TypeExpr)
        {
            ValidVarType(e.X, x.Type);
            x.Type = new PointerType(x.Type);
            return true;
        }
        GoType? elem = null;
        bool ok = Predicates.UnderIs(x.Type, u =>
        {
            if (u is not PointerType p)
            {
                Error(x, InvalidOp + "cannot indirect %s", x);
                return false;
            }
            if (elem != null && !Identical.Same(p.Elem, elem))
            {
                Error(x, InvalidOp + "pointers of %s must have identical base types", x);
                return false;
            }
            elem = p.Elem;
            return true;
        });
        if (!ok || !IsComplete(elem!))
            return false;
        x.Mode = OperandMode.Variable;
        x.Type = elem!;
        return true;
    }

    bool CheckTypeAssert(Operand x, TypeAssertExpr e)
    {
        CheckExpr(null, x, e.X);
        if (!x.IsValid)
            return false;
        if (e.Type == null)
        {
            Error(e, "invalid syntax tree: use of .(type) outside type switch");
            return false;
        }
        if (Predicates.IsTypeParam(x.Type))
        {
            Error(x, InvalidOp + "cannot use type assertion on type parameter value %s", x);
            return false;
        }
        if (!Predicates.IsInterface(x.Type))
        {
            Error(x, InvalidOp + "%s is not an interface", x);
            return false;
        }
        GoType type = VarType(e.Type);
        if (!Predicates.IsValid(type) || !IsComplete(type))
            return false;
        TypeAssertion(e, x, type, false);
        x.Mode = OperandMode.CommaOk;
        x.Type = type;
        return true;
    }

    /// <summary>Reports an assertion from interface x to a type that cannot be in it.</summary>
    void TypeAssertion(Expr e, Operand x, GoType type, bool typeSwitch)
    {
        // Only concrete types can be ruled out.
        if (Predicates.IsInterface(type) || Relations.HasAllMethods(Env, type, x.Type, false, null, out string cause))
            return;
        if (typeSwitch)
            Error(e, "impossible type switch case: %s\n\t%s cannot have dynamic type %s %s", e, x, type, cause);
        else
            Error(e, "impossible type assertion: %s\n\t%s does not implement %s %s", e, type, x.Type, cause);
    }

    // ---- unary

    bool OpDefined(Operand x, Token op, bool defined)
    {
        if (!defined)
            Error(x, InvalidOp + "operator %s not defined on %s", op, x);
        return defined;
    }

    static Pos OpPos(Expr? e) => e switch
    {
        null => default,
        UnaryExpr or BinaryExpr or StarExpr => e.Pos,
        _ => StartPos(e),
    };

    void Unary(Operand x, UnaryExpr e)
    {
        CheckExpr(null, x, e.X);
        if (!x.IsValid)
            return;
        Token op = e.Op;
        switch (op)
        {
            case Token.And:
                if (Unparen(e.X) is not CompositeLit && x.Mode != OperandMode.Variable)
                {
                    Error(x, InvalidOp + "cannot take address of %s", x);
                    x.Invalidate();
                    return;
                }
                x.Mode = OperandMode.Value;
                x.Type = new PointerType(x.Type);
                return;
            case Token.Arrow:
                if (ChanElem(PosOf(x), x, true) is { } elem && IsComplete(elem))
                {
                    x.Mode = OperandMode.CommaOk;
                    x.Type = elem;
                    _env.HasCallOrRecv = true;
                }
                else
                    x.Invalidate();
                return;
            case Token.Tilde:
                if (!Predicates.AllInteger(x.Type))
                {
                    Error(e, "cannot use ~ outside of interface or type constraint");
                    x.Invalidate();
                    return;
                }
                Error(e, "cannot use ~ outside of interface or type constraint (use ^ for bitwise complement)");
                op = Token.Xor;
                break;
        }
        bool defined = op switch
        {
            Token.Add or Token.Sub => Predicates.AllNumeric(x.Type),
            Token.Xor => Predicates.AllInteger(x.Type),
            Token.Not => Predicates.AllBoolean(x.Type),
            _ => false,
        };
        if (!OpDefined(x, op, defined))
        {
            x.Invalidate();
            return;
        }
        if (x.Mode == OperandMode.Constant)
        {
            if (x.Value!.Kind == ConstantKind.Unknown)
                return;
            int bits = Predicates.IsUnsigned(x.Type) ? (int)Env.Sizes.Sizeof(x.Type) * 8 : 0;
            x.Value = ConstantOps.Unary(op, x.Value, bits);
            x.Expr = e;
            Overflow(x, OpPos(e));
            return;
        }
        x.Mode = OperandMode.Value;
    }

    /// <summary>The element type of a channel operand that is received from or sent to, or null after an error.</summary>
    GoType? ChanElem(Pos pos, Operand x, bool recv)
    {
        GoType? u = Predicates.CommonUnder(x.Type, (t, under) =>
        {
            if (under == null)
                return "no specific channel type";
            if (under is not ChanType ch)
                return Sprintf("non-channel %s", t);
            if (recv && ch.Dir == ChanDir.Send)
                return Sprintf("send-only channel %s", t);
            if (!recv && ch.Dir == ChanDir.Recv)
                return Sprintf("receive-only channel %s", t);
            return null;
        }, Env, out string? cause);
        if (u is ChanType chan)
            return chan.Elem;
        string verb = recv ? "receive from" : "send to";
        if (Predicates.IsTypeParam(x.Type))
            Error(pos, InvalidOp + "cannot %s %s: %s", verb, x, cause);
        else
            Error(pos, InvalidOp + "cannot %s %s %s", verb, cause, x);
        return null;
    }

    // ---- untyped expressions

    /// <summary>Gives e and its untyped operands the type that the context decided; final: nothing will change it any more.</summary>
    void UpdateExprType(Expr e, GoType type, bool final)
    {
        if (!_untyped.TryGetValue(e, out Untyped old))
            return;
        switch (e)
        {
            case ParenExpr p:
                UpdateExprType(p.X, type, final);
                break;
            case UnaryExpr u when old.Value == null:
                UpdateExprType(u.X, type, final);
                break;
            case BinaryExpr b when old.Value == null && !IsComparison(b.Op):
                UpdateExprType(b.X, type, final);
                if (!IsShift(b.Op))
                    UpdateExprType(b.Y, type, final);
                break;
        }
        if (!final && Predicates.IsUntyped(type))
        {
            _untyped[e] = old with { Type = (BasicType)type.Underlying };
            return;
        }
        _untyped.Remove(e);
        if (old.IsShiftLhs && !Predicates.AllInteger(type))
        {
            Error(e, InvalidOp + "shifted operand %s (type %s) must be integer", e, type);
            return;
        }
        if (old.Value != null)
        {
            var c = new Operand { Mode = old.Mode, Expr = e, Type = old.Type, Value = old.Value };
            ConvertUntyped(c, type);
            if (!c.IsValid)
                return;
        }
        RecordTypeAndValue(e, old.Mode, type, old.Value);
    }

    void UpdateExprVal(Expr e, Constant value)
    {
        if (_untyped.TryGetValue(e, out Untyped u))
            _untyped[e] = u with { Value = value };
    }

    void ConvertUntyped(Operand x, GoType target)
    {
        GoType? type = Relations.ImplicitType(Env, x, target, out Constant? value, out ConversionError error);
        if (type == null || error != ConversionError.None)
        {
            GoType t = Predicates.IsTypeParam(target) ? target : NamedResolver.SafeUnderlying(target) ?? target;
            InvalidConversion(error, x, t);
            x.Invalidate();
            return;
        }
        if (value != null)
        {
            x.Value = value;
            UpdateExprVal(x.Expr!, value);
        }
        if (!ReferenceEquals(type, x.Type))
        {
            x.Type = type;
            UpdateExprType(x.Expr!, type, false);
        }
    }

    void InvalidConversion(ConversionError error, Operand x, GoType target) => Error(x, error switch
    {
        ConversionError.TruncatedFloat => "%s truncated to %s",
        ConversionError.NumericOverflow => "%s overflows %s",
        _ => "cannot convert %s to type %s",
    }, x, target);

    // ---- constants

    /// <summary>Reports a constant that its type, or untyped precision, cannot hold.</summary>
    void Overflow(Operand x, Pos opPos)
    {
        if (x.Value!.Kind == ConstantKind.Unknown)
        {
            Error(opPos, "constant result is not representable");
            return;
        }
        if (Predicates.IsTyped(x.Type))
        {
            CheckRepresentable(x, (BasicType)x.Type.Underlying);
            return;
        }
        const int maxBits = 512;
        if (x.Value is IntConstant n && BitLength(n.Value) > maxBits)
        {
            string op = x.Expr switch
            {
                UnaryExpr { Op: Token.Xor } => "bitwise complement ",
                BinaryExpr { Op: Token.Add } => "addition ",
                BinaryExpr { Op: Token.Sub } => "subtraction ",
                BinaryExpr { Op: Token.Xor } => "bitwise XOR ",
                BinaryExpr { Op: Token.Mul } => "multiplication ",
                BinaryExpr { Op: Token.Shl } => "shift ",
                _ => "",
            };
            Error(opPos, "constant %soverflow", op);
            x.Value = UnknownConstant.Instance;
        }
    }

    static long BitLength(BigInteger n) => BigInteger.Abs(n).GetBitLength();

    void CheckRepresentable(Operand x, BasicType type)
    {
        Constant? v = Relations.Representation(Env, x, type, out ConversionError error);
        if (v == null || error != ConversionError.None)
        {
            InvalidConversion(error, x, type);
            x.Invalidate();
            return;
        }
        x.Value = v;
    }
}

// Binary operators: arithmetic, comparisons, shifts.
//
// Both operands are brought to one type first, except for shifts, whose right side stands alone. Of two constants the value is computed at
// once. An untyped left side of a shift by a variable gets its type from the context, so only the record of untyped expressions knows it.

using System;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    static bool IsShift(Token op) => op is Token.Shl or Token.Shr;
    static bool IsComparison(Token op) => op is Token.Eql or Token.Neq or Token.Lss or Token.Leq or Token.Gtr or Token.Geq;

    /// <summary>Checks `lhs op rhs`; e is the whole expression, null for `lhs op= rhs`.</summary>
    void Binary(Operand x, Expr? e, Expr lhs, Expr rhs, Token op)
    {
        var y = new Operand();
        CheckExpr(null, x, lhs);
        CheckExpr(null, y, rhs);
        if (!x.IsValid)
            return;
        if (!y.IsValid)
        {
            x.Invalidate();
            x.Expr = y.Expr;
            return;
        }
        if (IsShift(op))
        {
            Shift(x, y, e, op);
            return;
        }
        MatchTypes(x, y);
        if (!x.IsValid)
            return;
        if (IsComparison(op))
        {
            Comparison(x, y, op, false);
            return;
        }
        if (!Identical.Same(x.Type, y.Type))
        {
            if (Predicates.IsValid(x.Type) && Predicates.IsValid(y.Type))
            {
                if (e != null)
                    Error(x, InvalidOp + "%s (mismatched types %s and %s)", e, x.Type, y.Type);
                else
                    Error(x, InvalidOp + "%s %s= %s (mismatched types %s and %s)", lhs, op, rhs, x.Type, y.Type);
            }
            x.Invalidate();
            return;
        }
        bool defined = op switch
        {
            Token.Add => Predicates.AllNumericOrString(x.Type),
            Token.Sub or Token.Mul or Token.Div => Predicates.AllNumeric(x.Type),
            Token.Rem or Token.And or Token.Or or Token.Xor or Token.AndNot => Predicates.AllInteger(x.Type),
            Token.AndAnd or Token.OrOr => Predicates.AllBoolean(x.Type),
            _ => false,
        };
        if (!OpDefined(x, op, defined))
        {
            x.Invalidate();
            return;
        }
        bool constants = x.Mode == OperandMode.Constant && y.Mode == OperandMode.Constant;
        if (op is Token.Div or Token.Rem && DividesByZero(x, y, constants))
        {
            Error(y, InvalidOp + "division by zero");
            x.Invalidate();
            return;
        }
        if (!constants)
        {
            x.Mode = OperandMode.Value;
            return;
        }
        if (x.Value!.Kind == ConstantKind.Unknown || y.Value!.Kind == ConstantKind.Unknown)
        {
            x.Value = UnknownConstant.Instance;
            return;
        }
        x.Value = ConstantOps.Binary(x.Value, op, y.Value, op == Token.Div && Predicates.IsInteger(x.Type));
        x.Expr = e ?? x.Expr;
        Overflow(x, OpPos(x.Expr));
    }

    static bool DividesByZero(Operand x, Operand y, bool constants)
    {
        if (y.Mode != OperandMode.Constant || y.Value!.Kind == ConstantKind.Unknown || !constants && !Predicates.AllInteger(x.Type))
            return false;
        if (ConstantOps.Sign(y.Value) == 0)
            return true;
        // A complex divisor is zero too if the square of its absolute value is rounded to zero.
        if (!Predicates.IsComplex(x.Type))
            return false;
        Constant re = ConstantOps.Real(y.Value), im = ConstantOps.Imag(y.Value);
        return ConstantOps.Sign(ConstantOps.Binary(re, Token.Mul, re, false)) == 0 && ConstantOps.Sign(ConstantOps.Binary(im, Token.Mul, im, false)) == 0;
    }

    /// <summary>Converts an untyped operand to the type of the other one, where that makes sense.</summary>
    void MatchTypes(Operand x, Operand y)
    {
        if (!MayConvert(x, y))
            return;
        ConvertUntyped(x, y.Type);
        if (!x.IsValid)
            return;
        ConvertUntyped(y, x.Type);
        if (!y.IsValid)
            x.Invalidate();
    }

    static bool MayConvert(Operand x, Operand y)
    {
        if (Predicates.IsTyped(x.Type) && Predicates.IsTyped(y.Type))
            return false;
        if (Predicates.AllNumeric(x.Type) != Predicates.AllNumeric(y.Type))
            return false;
        if (Predicates.IsNonTypeParamInterface(x.Type) || Predicates.IsNonTypeParamInterface(y.Type))
            return true;
        if (Predicates.AllBoolean(x.Type) != Predicates.AllBoolean(y.Type) || Predicates.AllString(x.Type) != Predicates.AllString(y.Type))
            return false;
        if (x.IsNil)
            return Predicates.HasNil(y.Type);
        if (y.IsNil)
            return Predicates.HasNil(x.Type);
        return !Predicates.IsPointer(x.Type) && !Predicates.IsPointer(y.Type);
    }

    void Comparison(Operand x, Operand y, Token op, bool switchCase)
    {
        if (!Predicates.IsValid(x.Type) || !Predicates.IsValid(y.Type))
        {
            x.Invalidate();
            return;
        }
        if (switchCase)
            op = Token.Eql;
        if (ComparisonError(x, y, op, out string cause) is { } errOp)
        {
            if (cause == "")
                if (Predicates.IsTypeParam(x.Type) || Predicates.IsTypeParam(y.Type))
                {
                    if (!Predicates.IsTypeParam(x.Type))
                        errOp = y;
                    cause = Sprintf("type parameter %s cannot use operator %s", errOp.Type, op);
                }
                else
                {
                    string what = Operand.CompositeKind(errOp.Type);
                    cause = Sprintf("operator %s not defined on %s", op, what != "" ? what : errOp.Type);
                }
            if (switchCase)
                Error(x, "invalid case %s in switch on %s (%s)", x.Expr, y.Expr, cause);
            else
                Error(errOp, InvalidOp + "%s %s %s (%s)", x.Expr, op, y.Expr, cause);
            x.Invalidate();
            return;
        }
        if (x.Mode == OperandMode.Constant && y.Mode == OperandMode.Constant)
        {
            x.Value = x.Value!.Kind == ConstantKind.Unknown || y.Value!.Kind == ConstantKind.Unknown ? UnknownConstant.Instance
                : ConstantOps.MakeBool(ConstantOps.Compare(x.Value, op, y.Value));
        }
        else
        {
            x.Mode = OperandMode.Value;
            // The operands are final now: they do not take part in the type of the result.
            UpdateExprType(x.Expr!, Predicates.Default(x.Type), true);
            UpdateExprType(y.Expr!, Predicates.Default(y.Type), true);
        }
        x.Type = Universe.UntypedBool;
    }

    /// <summary>The operand that forbids the comparison, with the reason ("": op is not defined on it), or null.</summary>
    Operand? ComparisonError(Operand x, Operand y, Token op, out string cause)
    {
        cause = "";
        if (!Relations.AssignableTo(Env, x, y.Type, out _) && !Relations.AssignableTo(Env, y, x.Type, out _))
        {
            cause = Sprintf("mismatched types %s and %s", x.Type, y.Type);
            return y;
        }
        if (op is Token.Eql or Token.Neq)
        {
            if (x.IsNil || y.IsNil)
                return Predicates.HasNil(x.IsNil ? y.Type : x.Type) ? null : y;
            foreach (Operand o in (ReadOnlySpan<Operand>)[x, y])
                if (!Predicates.Comparable(o.Type))
                {
                    cause = IncomparableCause(o.Type);
                    return o;
                }
            return null;
        }
        return !Predicates.AllOrdered(x.Type) ? x : !Predicates.AllOrdered(y.Type) ? y : null;
    }

    string IncomparableCause(GoType type) => type.Underlying is SliceType or Signature or MapType
        ? Operand.CompositeKind(type) + " can only be compared to nil"
        : Predicates.ComparableReason(type, true, Str) ?? "";

    void Shift(Operand x, Operand y, Expr? e, Token op)
    {
        Constant? xval = x.Mode == OperandMode.Constant ? ConstantOps.ToInt(x.Value!) : null;
        bool xIsInt = Predicates.AllInteger(x.Type) || Predicates.IsUntyped(x.Type) && xval is { Kind: ConstantKind.Int };
        if (!xIsInt)
        {
            Error(x, InvalidOp + "shifted operand %s must be integer", x);
            x.Invalidate();
            return;
        }
        if (!ShiftCount(y, out Constant? yval))
        {
            x.Invalidate();
            return;
        }
        if (x.Mode == OperandMode.Constant)
        {
            if (y.Mode == OperandMode.Constant)
            {
                ConstantShift(x, y, xval!, yval!, e, op);
                return;
            }
            // A non-constant shift of an untyped constant: the constant takes the type that the whole shift gets from its context.
            if (Predicates.IsUntyped(x.Type))
            {
                if (_untyped.TryGetValue(x.Expr!, out Untyped u))
                    _untyped[x.Expr!] = u with { IsShiftLhs = true };
                x.Mode = OperandMode.Value;
                return;
            }
        }
        if (!Predicates.AllInteger(x.Type))
        {
            Error(x, InvalidOp + "shifted operand %s must be integer", x);
            x.Invalidate();
            return;
        }
        x.Mode = OperandMode.Value;
    }

    bool ShiftCount(Operand y, out Constant? yval)
    {
        yval = null;
        if (y.Mode == OperandMode.Constant)
        {
            yval = ConstantOps.ToInt(y.Value!);
            if (yval.Kind == ConstantKind.Int && ConstantOps.Sign(yval) < 0)
            {
                Error(y, InvalidOp + "negative shift count %s", y);
                return false;
            }
            if (!Predicates.IsUntyped(y.Type))
                return true;
            // The count may be an untyped constant that becomes uint; a typed one keeps its type.
            CheckRepresentable(y, Universe.Uint);
            return y.IsValid;
        }
        if (Predicates.AllInteger(y.Type))
            return Predicates.AllUnsigned(y.Type) || VerifyVersion(PosOf(y), 13, InvalidOp + "signed shift count %s", y);
        if (Predicates.IsUntyped(y.Type))
        {
            ConvertUntyped(y, Universe.Uint);
            return y.IsValid;
        }
        Error(y, InvalidOp + "shift count %s must be integer", y);
        return false;
    }

    void ConstantShift(Operand x, Operand y, Constant xval, Constant yval, Expr? e, Token op)
    {
        if (x.Value!.Kind == ConstantKind.Unknown || y.Value!.Kind == ConstantKind.Unknown)
        {
            x.Value = UnknownConstant.Instance;
            if (!Predicates.IsInteger(x.Type))
                x.Type = Universe.UntypedInt;
            return;
        }
        // Big enough for the smallest denormal float64, 1 / (1<<1074).
        const ulong maxCount = 1023 - 1 + 52;
        if (!ConstantOps.ToUInt64(yval, out ulong count) || count > maxCount)
        {
            Error(y, InvalidOp + "invalid shift count %s", y);
            x.Invalidate();
            return;
        }
        if (!Predicates.IsInteger(x.Type))
            x.Type = Universe.UntypedInt;
        x.Value = ConstantOps.Shift(xval, op, (uint)count);
        x.Expr = e ?? x.Expr;
        Overflow(x, OpPos(x.Expr));
    }
}

// Conversions T(x).

using System.Text;

namespace Tuza.Types;

public sealed partial class Checker
{
    void Conversion(Operand x, GoType type)
    {
        bool constArg = x.Mode == OperandMode.Constant;
        bool ok = false;
        string cause = "";
        if (constArg && Predicates.IsConstType(type))
        {
            ok = ConstConvertible(x, type, out Constant value);
            // Messages show the value as far as it was converted.
            x.Value = ok || !Predicates.IsInteger(type) || ConstantOps.ToInt(x.Value!).Kind != ConstantKind.Int ? value : ConstantOps.ToInt(x.Value!);
            if (!ok && Predicates.IsInteger(x.Type) && Predicates.IsInteger(type))
            {
                Error(x, "constant %s overflows %s", ConstantOps.String(x.Value!), type);
                x.Invalidate();
                return;
            }
        }
        else if (constArg && Predicates.IsTypeParam(type))
        {
            // Every type of the type set must hold the constant; the result is a value.
            ok = Predicates.UnderIs(type, u =>
            {
                if (u == null)
                {
                    cause = Sprintf("%s does not contain specific types", type);
                    return false;
                }
                if (Predicates.IsString(x.Type) && Predicates.IsBytesOrRunes(u) || ConstConvertible(x, u, out _))
                    return true;
                cause = Predicates.IsInteger(x.Type) && Predicates.IsInteger(u)
                    ? Sprintf("constant %s overflows %s (in %s)", ConstantOps.String(x.Value!), u, type)
                    : Sprintf("cannot convert %s to type %s (in %s)", x, u, type);
                return false;
            });
            x.Mode = OperandMode.Value;
        }
        else if (Relations.ConvertibleTo(Env, x, type, out cause))
        {
            ok = true;
            x.Mode = OperandMode.Value;
        }
        if (!ok)
        {
            if (cause != "")
                Error(x, "cannot convert %s to type %s: %s", x, type, cause);
            else
                Error(x, "cannot convert %s to type %s", x, type);
            x.Invalidate();
            return;
        }
        // An untyped argument gets its final type: the target, except where the target is no type for constants.
        if (Predicates.IsUntyped(x.Type))
        {
            GoType final = type;
            if (x.Type is BasicType { Kind: BasicKind.UntypedNil })
                final = type;
            else if (Predicates.IsNonTypeParamInterface(type) || constArg && !Predicates.IsConstType(type))
                final = Predicates.Default(x.Type);
            else if (x.Mode == OperandMode.Constant && Predicates.IsInteger(x.Type) && Predicates.AllString(type))
                final = x.Type;
            UpdateExprType(x.Expr!, final, true);
        }
        x.Type = type;
    }

    /// <summary>The constant x can be converted to the constant type t: representable, or an integer to a string.</summary>
    bool ConstConvertible(Operand x, GoType t, out Constant value)
    {
        value = x.Value!;
        if (t.Underlying is not BasicType basic)
            return false;
        if (Relations.Representable(x.Value!, basic, Env.Sizes, out Constant rounded))
        {
            value = rounded;
            return true;
        }
        if (!Predicates.IsInteger(x.Type) || !Predicates.IsString(basic))
            return false;
        int rune = 0xFFFD;
        if (ConstantOps.ToUInt64(x.Value!, out ulong i) && Rune.IsValid((uint)System.Math.Min(i, uint.MaxValue)))
            rune = (int)i;
        value = new StringConstant(Encoding.UTF8.GetBytes(new Rune(rune).ToString()));
        return true;
    }
}

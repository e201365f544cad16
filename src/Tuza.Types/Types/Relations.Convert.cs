// Conversions of values that are not constant.

using System;

namespace Tuza.Types;

public static partial class Relations
{
    /// <summary>The non-constant conversion T(x) is valid.</summary>
    public static bool ConvertibleTo(TypeEnv env, Operand x, GoType t, out string cause)
    {
        if (AssignableTo(env, x, t, out cause))
            return true;

        GoType original = t, v = x.Type.Unalias;
        t = t.Unalias;
        GoType vu = v.Underlying, tu = t.Underlying;
        var vp = v as TypeParam;
        var tp = t as TypeParam;

        if (Identical.Same(vu, tu, true) && vp == null && tp == null)
            return true;
        if (v is PointerType pv && t is PointerType pt && Identical.Same(pv.Elem.Underlying, pt.Elem.Underlying, true)
            && !Predicates.IsTypeParam(pv.Elem) && !Predicates.IsTypeParam(pt.Elem))
            return true;
        if (Predicates.IsIntegerOrFloat(vu) && Predicates.IsIntegerOrFloat(tu) || Predicates.IsComplex(vu) && Predicates.IsComplex(tu))
            return true;
        if ((Predicates.IsInteger(vu) || Predicates.IsBytesOrRunes(vu)) && Predicates.IsString(tu))
            return true;
        if (Predicates.IsString(vu) && Predicates.IsBytesOrRunes(tu))
            return true;
        if ((Predicates.IsPointer(vu) || Predicates.IsUintptr(vu)) && Predicates.IsUnsafePointer(tu))
            return true;
        if (Predicates.IsUnsafePointer(vu) && (Predicates.IsPointer(tu) || Predicates.IsUintptr(tu)))
            return true;

        if (vu is SliceType s)
        {
            if (tu is ArrayType a && Identical.Same(s.Elem, a.Elem))
            {
                if (env.AllowVersion(20))
                    return true;
                cause = "conversion of slice to array requires go1.20 or later";
                return false;
            }
            if (tu is PointerType { Elem.Underlying: ArrayType pa } && Identical.Same(s.Elem, pa.Elem))
            {
                if (env.AllowVersion(17))
                    return true;
                cause = "conversion of slice to array pointer requires go1.17 or later";
                return false;
            }
        }
        if (vp == null && tp == null)
            return false;
        return ConvertGeneric(env, x, vp, tp, t, original, ref cause);
    }

    /// <summary>Every specific type of V must be convertible to every specific type of T.</summary>
    static bool ConvertGeneric(TypeEnv env, Operand x, TypeParam? vp, TypeParam? tp, GoType t, GoType original, ref string cause)
    {
        string why = cause;
        var y = x.Clone();

        bool One(GoType to, Func<string> outer)
        {
            if (ConvertibleTo(env, y, to, out string inner))
                return true;
            // Without a reason of its own the reason of the failed assignment stays.
            why = Chain(outer(), inner != "" ? inner : why);
            return false;
        }

        bool ToAll(Func<GoType, string> outer) =>
            tp!.Iface.TypeSet.Is(term => term != null && One(term.Type, () => outer(term.Type)));

        bool ok;
        if (vp != null)
            ok = vp.Iface.TypeSet.Is(term =>
            {
                if (term == null)
                    return false;
                y.Type = term.Type;
                return tp != null
                    ? ToAll(to => $"cannot convert {env.Text(term.Type)} (in {env.Text(vp)}) to type {env.Text(to)} (in {env.Text(tp)})")
                    : One(t, () => $"cannot convert {env.Text(term.Type)} (in {env.Text(vp)}) to type {env.Text(original)}");
            });
        else
            ok = ToAll(to => $"cannot convert {env.Text(x.Type)} to type {env.Text(to)} (in {env.Text(tp!)})");
        cause = ok ? "" : why;
        return ok;
    }
}

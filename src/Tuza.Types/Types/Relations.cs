// How types relate: implements and satisfies, assignable, convertible, and whether a constant fits a basic type.
//
// Every relation that can fail returns the reason in gc's words. The reason is a fragment or sentence that the caller appends in
// parentheses or after a colon; it is "" where there is nothing to add.

using System;
using System.Collections.Generic;

namespace Tuza.Types;

public enum ConversionError : byte { None, TruncatedFloat, NumericOverflow, InvalidConstVal, InvalidUntypedConversion }

public static partial class Relations
{
    // ---- implements

    /// <summary>V implements interface T (or satisfies constraint T). Cause is a complete sentence: "V does not implement T (missing method M)".</summary>
    public static bool Implements(TypeEnv env, GoType v, GoType t, bool constraint, out string cause)
    {
        cause = "";
        GoType vu = v.Underlying, tu = t.Underlying;
        if (!Predicates.IsValid(vu) || !Predicates.IsValid(tu) || vu is PointerType p && !Predicates.IsValid(p.Elem.Underlying))
            return true;   // reported elsewhere

        string verb = constraint ? "satisfy" : "implement";
        if (tu is not InterfaceType ti)
        {
            string detail = IsInterfacePtr(tu) ? InterfacePtrError(env, t) : env.Text(t) + " is not an interface";
            cause = $"{env.Text(v)} does not {verb} {env.Text(t)} ({detail})";
            return false;
        }
        var tset = ti.TypeSet;
        if (tset.IsAll)
            return true;
        var vset = (vu as InterfaceType)?.TypeSet;
        if (vset is { IsEmpty: true })
            return true;   // the empty set is a subset of any set
        if (tset.IsEmpty)
        {
            cause = $"cannot {verb} {env.Text(t)} (empty type set)";
            return false;
        }
        if (!HasAllMethods(env, v, t, true, null, out cause))
        {
            cause = $"{env.Text(v)} does not {verb} {env.Text(t)} {cause}";
            return false;
        }
        if (tset.HasTerms)
        {
            if (vset != null)
            {
                if (!vset.SubsetOf(tset))
                {
                    cause = $"{env.Text(v)} does not {verb} {env.Text(t)}";
                    return false;
                }
            }
            else if (!InTerms(env, v, t, ti, out string detail))
            {
                cause = $"{env.Text(v)} does not {verb} {env.Text(t)} ({detail})";
                return false;
            }
        }
        return IsComparableEnough(env, v, tset, constraint, verb, out cause);
    }

    static bool InTerms(TypeEnv env, GoType v, GoType t, InterfaceType ti, out string detail)
    {
        detail = "";
        GoType? missingTilde = null;
        foreach (var term in ti.TypeSet.Terms.Items)
        {
            if (term.Includes(v))
                return true;
            if (missingTilde == null && !term.Tilde && Identical.Same(term.Type, term.Type.Underlying) && (term with { Tilde = true }).Includes(v))
                missingTilde = term.Type;
        }
        if (missingTilde != null)
            detail = $"possibly missing ~ for {env.Text(missingTilde)} in {env.Text(t)}";
        else if (Mentions(ti, v))
            detail = $"{env.Text(t)} mentions {env.Text(v)}, but {env.Text(v)} is not in the type set of {env.Text(t)}";
        else
            detail = $"{env.Text(v)} missing in {ti.TypeSet.Terms.Text(TypeWriter.FullText)}";
        return false;
    }

    static bool IsComparableEnough(TypeEnv env, GoType v, TypeSet tset, bool constraint, string verb, out string cause)
    {
        cause = "";
        if (!tset.IsComparable() || Predicates.ComparableReason(v, false) == null)
            return true;
        if (constraint && Predicates.ComparableReason(v, true) == null)
        {
            if (env.AllowVersion(20))
                return true;
            cause = $"{env.Text(v)} to {verb} comparable requires go1.20 or later";
            return false;
        }
        cause = $"{env.Text(v)} does not {verb} comparable";
        return false;
    }

    static bool Mentions(GoType t, GoType what) => t switch
    {
        InterfaceType i => i.Embeddeds.Exists(e => Mentions(e, what)),
        UnionType u => u.Terms.Exists(x => Mentions(x.Type, what)),
        _ => Identical.Same(t, what),
    };

    // ---- methods

    enum Missing { None, NotFound, WrongName, Unexported, WrongSig, Ambiguous, PtrRecv, Field, NoInterface }

    /// <summary>The first method of T (an interface) that V lacks, or null. Not static: an interface V may lack methods, those it has must
    /// agree. Cause is "(missing method M)" and the like.</summary>
    public static Func? MissingMethod(TypeEnv env, GoType v, GoType t, bool isStatic, Func<GoType, GoType, bool>? equivalent,
        out bool wrongType, out string cause)
    {
        wrongType = false;
        cause = "";
        equivalent ??= static (x, y) => Identical.Same(x, y);
        var methods = ((InterfaceType)t.Underlying).TypeSet.Methods;
        var vset = (v.Underlying as InterfaceType)?.TypeSet;
        foreach (var m in methods)
        {
            Func? f = null;
            var state = vset != null ? CompareWithSet(vset, m, isStatic, equivalent, ref f) : CompareWithType(v, m, equivalent, ref f);
            if (state == Missing.None)
                continue;
            wrongType = state is Missing.WrongSig or Missing.PtrRecv;
            cause = MissingCause(env, v, t, m, f, state);
            return m;
        }
        return null;
    }

    static Missing CompareWithSet(TypeSet vset, Func m, bool isStatic, Func<GoType, GoType, bool> equivalent, ref Func? f)
    {
        f = vset.Lookup(m.Pkg, m.Name);
        if (f == null)
            return isStatic ? Missing.NotFound : Missing.None;
        return equivalent(f.Sig, m.Sig) ? Missing.None : Missing.WrongSig;
    }

    static Missing CompareWithType(GoType v, Func m, Func<GoType, GoType, bool> equivalent, ref Func? f)
    {
        var r = Lookup.Find(v, false, m.Pkg, m.Name, false);
        if (r.Obj == null)
        {
            if (r.Index != null)
                return Missing.Ambiguous;
            if (r.Indirect)
                return Missing.PtrRecv;
            f = Lookup.Find(v, false, m.Pkg, m.Name, true).Obj as Func;
            return f == null ? Missing.NotFound : f.Name == m.Name ? Missing.Unexported : Missing.WrongName;
        }
        f = r.Obj as Func;
        if (f == null)
            return Missing.Field;
        if (f.Origin.Decl?.Directives.Exists(d => d.Text == "go:nointerface") == true)
            return Missing.NoInterface;
        return equivalent(f.Sig, m.Sig) ? Missing.None : Missing.WrongSig;
    }

    static string MissingCause(TypeEnv env, GoType v, GoType t, Func m, Func? f, Missing state)
    {
        switch (state)
        {
            case Missing.NotFound:
                if (IsInterfacePtr(v))
                    return "(" + InterfacePtrError(env, v) + ")";
                if (IsInterfacePtr(t))
                    return "(" + InterfacePtrError(env, t) + ")";
                return $"(missing method {m.Name})";
            case Missing.WrongName:
                return $"(missing method {m.Name})\n\t\thave {FuncText(env, f!, false)}\n\t\twant {FuncText(env, m, false)}";
            case Missing.Unexported:
                return $"(unexported method {m.Name})";
            case Missing.WrongSig:
                {
                    string have = FuncText(env, f!, false), want = FuncText(env, m, false);
                    if (have == want)
                        (have, want) = (FuncText(env, f!, true), FuncText(env, m, true));
                    return have == want ? $"(wrong type for method {m.Name})" : $"(wrong type for method {m.Name})\n\t\thave {have}\n\t\twant {want}";
                }
            case Missing.Ambiguous:
                return $"(ambiguous selector {env.Text(v)}.{m.Name})";
            case Missing.PtrRecv:
                return $"(method {m.Name} has pointer receiver)";
            case Missing.Field:
                return $"({env.Text(v)}.{m.Name} is a field, not a method)";
            default:
                return $"({m.Name} method is marked 'nointerface')";
        }
    }

    /// <summary>Name and signature without parameter names; with package information: full paths.</summary>
    public static string FuncText(TypeEnv env, Func f, bool packageInfo)
    {
        var w = new TypeWriter { Qualifier = packageInfo ? null : env.Qualify, PackageInfo = packageInfo, ParamNames = false };
        return w.Text(f.Name).Signature(f.Sig).ToString();
    }

    /// <summary>As MissingMethod, but true when V is invalid or embeds something invalid that might have the method.</summary>
    public static bool HasAllMethods(TypeEnv env, GoType v, GoType t, bool isStatic, Func<GoType, GoType, bool>? equivalent, out string cause)
    {
        cause = "";
        if (!Predicates.IsValid(v))
            return true;
        return MissingMethod(env, v, t, isStatic, equivalent, out _, out cause) == null || HasInvalidEmbedded(v, null);
    }

    static bool HasInvalidEmbedded(GoType t, HashSet<GoType>? seen)
    {
        if (Lookup.DerefStructPtr(t).Underlying is not StructType s)
            return false;
        seen ??= new(ReferenceEqualityComparer.Instance);
        if (!seen.Add(s))
            return false;
        foreach (var f in s.Fields)
            if (f.Embedded && (!Predicates.IsValid(f.Type) || HasInvalidEmbedded(f.Type, seen)))
                return true;
        return false;
    }

    public static bool IsInterfacePtr(GoType t) => t.Underlying is PointerType p && Predicates.IsInterface(p.Elem);

    public static string InterfacePtrError(TypeEnv env, GoType t) => t.Underlying is PointerType p && Predicates.IsTypeParam(p.Elem)
        ? $"type {env.Text(t)} is pointer to type parameter, not type parameter"
        : $"type {env.Text(t)} is pointer to interface, not interface";

    /// <summary>x.(T) is possible for x of interface type V. Cause is "(missing method M)" and the like.</summary>
    public static bool AssertableTo(TypeEnv env, GoType v, GoType t, out string cause)
    {
        cause = "";
        return Predicates.IsInterface(t) || HasAllMethods(env, t, v, false, null, out cause);
    }

    // ---- assignable

    public static bool AssignableTo(TypeEnv env, Operand x, GoType t, out string cause)
    {
        cause = "";
        if (!x.IsValid || !Predicates.IsValid(t))
            return true;
        GoType original = t, v = x.Type.Unalias;
        t = t.Unalias;
        if (Identical.Same(v, t))
            return true;
        GoType vu = v.Underlying, tu = t.Underlying;
        var vp = v as TypeParam;
        var tp = t as TypeParam;

        if (Predicates.IsUntyped(vu))
        {
            if (tp != null)
                return tp.Iface.TypeSet.Is(term => term != null && ImplicitType(env, x, term.Type, out _, out _) != null);
            return ImplicitType(env, x, t, out _, out _) != null;
        }

        if (Identical.Same(vu, tu) && (!Predicates.HasName(v) || !Predicates.HasName(t)) && vp == null && tp == null)
            return true;

        if (tu is InterfaceType && tp == null || IsInterfacePtr(tu))
        {
            if (Implements(env, v, t, false, out cause))
                return true;
            if (vp == null)
                return false;
            cause = "";
        }

        if (vu is InterfaceType && vp == null && Implements(env, t, v, false, out _))
        {
            cause = "need type assertion";
            return false;
        }

        if (vu is ChanType { Dir: Syntax.ChanDir.Both } vc && tu is ChanType tc && Identical.Same(vc.Elem, tc.Elem))
            return !Predicates.HasName(v) || !Predicates.HasName(t);

        if (vp == null && tp == null)
            return false;

        if (!Predicates.HasName(v) && tp != null)
        {
            string why = "";
            bool ok = tp.Iface.TypeSet.Is(term =>
            {
                if (term == null)
                    return false;
                if (AssignableTo(env, x, term.Type, out why))
                    return true;
                why = Chain($"cannot assign {env.Text(x.Type)} to {env.Text(term.Type)} (in {env.Text(tp)})", why);
                return false;
            });
            cause = why;
            return ok;
        }
        if (vp != null && !Predicates.HasName(t))
        {
            string why = "";
            var y = x.Clone();
            bool ok = vp.Iface.TypeSet.Is(term =>
            {
                if (term == null)
                    return false;
                y.Type = term.Type;
                if (AssignableTo(env, y, t, out why))
                    return true;
                why = Chain($"cannot assign {env.Text(term.Type)} (in {env.Text(vp)}) to {env.Text(original)}", why);
                return false;
            });
            cause = why;
            return ok;
        }
        return false;
    }

    static string Chain(string outer, string inner) => inner != "" ? outer + "\n\t" + inner : outer;

    /// <summary>The type an untyped x takes when it meets target (null: impossible, see error), and its rounded value if constant.</summary>
    public static GoType? ImplicitType(TypeEnv env, Operand x, GoType target, out Constant? value, out ConversionError error)
    {
        value = null;
        error = ConversionError.None;
        if (!x.IsValid || Predicates.IsTyped(x.Type) || !Predicates.IsValid(target))
            return x.Type;

        if (Predicates.IsUntyped(target))
        {
            var max = Predicates.MaxType(x.Type, target);
            error = max == null ? ConversionError.InvalidUntypedConversion : ConversionError.None;
            return max;
        }
        if (x.IsNil)
        {
            if (Predicates.HasNil(target))
                return target;
            error = ConversionError.InvalidUntypedConversion;
            return null;
        }
        bool ok;
        switch (target.Underlying)
        {
            case BasicType b when x.Mode == OperandMode.Constant:
                value = Representation(env, x, b, out error);
                return value != null ? target : null;
            case BasicType:
                ok = ((BasicType)x.Type).Kind switch
                {
                    BasicKind.UntypedBool => Predicates.IsBoolean(target),
                    BasicKind.UntypedInt or BasicKind.UntypedRune or BasicKind.UntypedFloat or BasicKind.UntypedComplex => Predicates.IsNumeric(target),
                    BasicKind.UntypedString => Predicates.IsString(target),
                    _ => false,
                };
                break;
            case InterfaceType when Predicates.IsTypeParam(target):
                ok = Predicates.UnderIs(target, u => u != null && ImplicitType(env, x, u, out _, out _) != null);
                break;
            case InterfaceType i:
                if (i.TypeSet.IsAll)
                    return Predicates.Default(x.Type);   // values have concrete types
                ok = false;
                break;
            default:
                ok = false;
                break;
        }
        if (ok)
            return target;
        error = ConversionError.InvalidUntypedConversion;
        return null;
    }

    // ---- constants

    /// <summary>Constant operand x as a value of basic type t, rounded; null with the kind of misfit.</summary>
    public static Constant? Representation(TypeEnv env, Operand x, BasicType t, out ConversionError error)
    {
        error = ConversionError.None;
        if (Representable(x.Value!, t, env.Sizes, out var rounded))
            return rounded;
        if (!Predicates.IsNumeric(x.Type) || !Predicates.IsNumeric(t))
            error = ConversionError.InvalidConstVal;
        else if (!Predicates.IsInteger(x.Type) && Predicates.IsInteger(t))
            error = ConversionError.TruncatedFloat;
        else
            error = ConversionError.NumericOverflow;
        return null;
    }

    /// <summary>Value x fits basic type t; rounded is the value t would hold (x itself where it does not apply).</summary>
    public static bool Representable(Constant x, BasicType t, Sizes sizes, out Constant rounded)
    {
        rounded = x;
        if (x.Kind == ConstantKind.Unknown)
            return true;
        var info = Predicates.InfoOf(t.Kind);
        if ((info & BasicInfo.Integer) != 0)
        {
            if (ConstantOps.ToInt(x) is not IntConstant i)
                return false;
            rounded = i;
            if (t.Kind is BasicKind.UntypedInt or BasicKind.UntypedRune)
                return t.Kind == BasicKind.UntypedInt || ConstantOps.ToInt64(i, out _);
            int bits = (int)sizes.Sizeof(t) * 8;
            // GetBitLength counts two's complement without the sign bit.
            return (info & BasicInfo.Unsigned) != 0 ? i.Value.Sign >= 0 && i.Value.GetBitLength() <= bits : i.Value.GetBitLength() <= bits - 1;
        }
        if ((info & BasicInfo.Float) != 0)
        {
            var f = ConstantOps.ToFloat(x);
            if (f.Kind != ConstantKind.Float)
                return false;
            return t.Kind == BasicKind.UntypedFloat || Round(f, t.Kind == BasicKind.Float32, ref rounded);
        }
        if ((info & BasicInfo.Complex) != 0)
        {
            if (ConstantOps.ToComplex(x) is not ComplexConstant c)
                return false;
            if (t.Kind == BasicKind.UntypedComplex)
                return true;
            Constant re = c.Re, im = c.Im;
            bool single = t.Kind == BasicKind.Complex64;
            if (!Round(c.Re, single, ref re) || !Round(c.Im, single, ref im))
                return false;
            rounded = new ComplexConstant(re, im);
            return true;
        }
        if ((info & BasicInfo.String) != 0)
            return x.Kind == ConstantKind.String;
        return (info & BasicInfo.Boolean) != 0 && x.Kind == ConstantKind.Bool;
    }

    static bool Round(Constant x, bool single, ref Constant rounded)
    {
        double d = single ? ConstantOps.ToSingle(x) : ConstantOps.ToDouble(x);
        if (!double.IsFinite(d))
            return false;
        rounded = ConstantOps.MakeDouble(d);
        return true;
    }
}

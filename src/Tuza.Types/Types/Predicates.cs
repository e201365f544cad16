// Questions with a yes or no about one type. IsX looks at the underlying type and is false for type parameters; AllX holds for a type
// parameter if it holds for every specific type of its type set.

using System;
using System.Collections.Generic;

namespace Tuza.Types;

[Flags]
public enum BasicInfo : byte
{
    None = 0, Boolean = 1, Integer = 2, Unsigned = 4, Float = 8, Complex = 16, String = 32, Untyped = 64,
    Ordered = Integer | Float | String, Numeric = Integer | Float | Complex, ConstType = Boolean | Numeric | String,
}

public static class Predicates
{
    public static BasicInfo InfoOf(BasicKind kind) => kind switch
    {
        BasicKind.Invalid or BasicKind.UnsafePointer => BasicInfo.None,
        BasicKind.Bool => BasicInfo.Boolean,
        BasicKind.Int or BasicKind.Int8 or BasicKind.Int16 or BasicKind.Int32 or BasicKind.Int64 => BasicInfo.Integer,
        BasicKind.Uint or BasicKind.Uint8 or BasicKind.Uint16 or BasicKind.Uint32 or BasicKind.Uint64 or BasicKind.Uintptr =>
            BasicInfo.Integer | BasicInfo.Unsigned,
        BasicKind.Float32 or BasicKind.Float64 => BasicInfo.Float,
        BasicKind.Complex64 or BasicKind.Complex128 => BasicInfo.Complex,
        BasicKind.String => BasicInfo.String,
        BasicKind.UntypedBool => BasicInfo.Boolean | BasicInfo.Untyped,
        BasicKind.UntypedInt or BasicKind.UntypedRune => BasicInfo.Integer | BasicInfo.Untyped,
        BasicKind.UntypedFloat => BasicInfo.Float | BasicInfo.Untyped,
        BasicKind.UntypedComplex => BasicInfo.Complex | BasicInfo.Untyped,
        BasicKind.UntypedString => BasicInfo.String | BasicInfo.Untyped,
        BasicKind.UntypedNil => BasicInfo.Untyped,
    };

    /// <summary>An alias whose right-hand side is still being checked counts as valid.</summary>
    public static bool IsValid(GoType t)
    {
        while (t is AliasType a)
        {
            if ((a.Actual ?? a.FromRhs) is not { } next)
                return true;
            t = next;
        }
        return t != Universe.Invalid;
    }

    public static bool IsBasic(GoType t, BasicInfo info) => t.Underlying is BasicType b && (InfoOf(b.Kind) & info) != 0;
    public static bool IsBoolean(GoType t) => IsBasic(t, BasicInfo.Boolean);
    public static bool IsInteger(GoType t) => IsBasic(t, BasicInfo.Integer);
    public static bool IsUnsigned(GoType t) => IsBasic(t, BasicInfo.Unsigned);
    public static bool IsFloat(GoType t) => IsBasic(t, BasicInfo.Float);
    public static bool IsComplex(GoType t) => IsBasic(t, BasicInfo.Complex);
    public static bool IsNumeric(GoType t) => IsBasic(t, BasicInfo.Numeric);
    public static bool IsString(GoType t) => IsBasic(t, BasicInfo.String);
    public static bool IsIntegerOrFloat(GoType t) => IsBasic(t, BasicInfo.Integer | BasicInfo.Float);
    public static bool IsConstType(GoType t) => IsBasic(t, BasicInfo.ConstType);

    public static bool AllBasic(GoType t, BasicInfo info) =>
        t.Unalias is TypeParam p ? p.Iface.TypeSet.Is(term => term is { } x && IsBasic(x.Type, info)) : IsBasic(t, info);
    public static bool AllBoolean(GoType t) => AllBasic(t, BasicInfo.Boolean);
    public static bool AllInteger(GoType t) => AllBasic(t, BasicInfo.Integer);
    public static bool AllUnsigned(GoType t) => AllBasic(t, BasicInfo.Unsigned);
    public static bool AllNumeric(GoType t) => AllBasic(t, BasicInfo.Numeric);
    public static bool AllString(GoType t) => AllBasic(t, BasicInfo.String);
    public static bool AllOrdered(GoType t) => AllBasic(t, BasicInfo.Ordered);
    public static bool AllNumericOrString(GoType t) => AllBasic(t, BasicInfo.Numeric | BasicInfo.String);

    /// <summary>Predeclared, defined types and type parameters have names.</summary>
    public static bool HasName(GoType t) => t.Unalias is BasicType or NamedType or TypeParam;
    /// <summary>Type literals and basic types.</summary>
    public static bool IsTypeLit(GoType t) => t.Unalias is not (NamedType or TypeParam);
    public static bool IsUntyped(GoType t) => t is BasicType b && b.Kind >= BasicKind.UntypedBool;
    public static bool IsTyped(GoType t) => !IsUntyped(t);
    public static bool IsUntypedNumeric(GoType t) => t is BasicType { Kind: >= BasicKind.UntypedInt and <= BasicKind.UntypedComplex };

    /// <summary>Interfaces, and type parameters too.</summary>
    public static bool IsInterface(GoType t) => t.Underlying is InterfaceType;
    public static bool IsTypeParam(GoType t) => t.Unalias is TypeParam;
    public static bool IsNonTypeParamInterface(GoType t) => !IsTypeParam(t) && IsInterface(t);
    public static bool IsPointer(GoType t) => t.Underlying is PointerType;
    public static bool IsUnsafePointer(GoType t) => t.Underlying is BasicType { Kind: BasicKind.UnsafePointer };
    public static bool IsUintptr(GoType t) => t.Underlying is BasicType { Kind: BasicKind.Uintptr };
    public static bool IsBytesOrRunes(GoType t) =>
        t.Underlying is SliceType s && s.Elem.Underlying is BasicType { Kind: BasicKind.Uint8 or BasicKind.Int32 };

    /// <summary>Never forces the type set: false while it is unknown.</summary>
    public static bool HasEmptyTypeSet(GoType t) =>
        t.Unalias is TypeParam { Bound: { } bound } && NamedResolver.SafeUnderlying(bound) is InterfaceType { TypeSetCache.IsEmpty: true };

    /// <summary>A generic type that has not been instantiated.</summary>
    public static bool IsGeneric(GoType t) =>
        t is AliasType { TypeParams.Count: > 0, TypeArgs.Count: 0 } || t.Unalias is NamedType { IsInstance: false, TypeParams.Count: > 0 };

    public static bool Comparable(GoType t) => ComparableReason(t, true) == null;

    /// <summary>Null when values of type t can be compared, else why not ("" when there is nothing to add). Dynamic: ordinary
    /// interfaces count as comparable.</summary>
    public static string? ComparableReason(GoType t, bool dynamic, Func<GoType, string>? text = null, HashSet<GoType>? seen = null)
    {
        seen ??= new(ReferenceEqualityComparer.Instance);
        if (!seen.Add(t))
            return null;
        text ??= static x => x.ToString();
        switch (t.Underlying)
        {
            case BasicType b:
                return b.Kind == BasicKind.UntypedNil ? "" : null;
            case PointerType or ChanType:
                return null;
            case StructType s:
                foreach (var f in s.Fields)
                    if (ComparableReason(f.Type, dynamic, text, seen) != null)
                        return $"struct containing {text(f.Type)} cannot be compared";
                return null;
            case ArrayType a:
                return ComparableReason(a.Elem, dynamic, text, seen) != null ? $"{text(t)} cannot be compared" : null;
            case InterfaceType i:
                if (dynamic && !IsTypeParam(t) || i.TypeSet.IsComparable(seen))
                    return null;
                return i.TypeSet.IsEmpty ? "empty type set" : "incomparable types in type set";
            default:
                return "";
        }
    }

    public static bool HasNil(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind == BasicKind.UnsafePointer,
        SliceType or PointerType or Signature or MapType or ChanType => true,
        InterfaceType => !IsTypeParam(t) || UnderIs(t, u => u != null && HasNil(u)),
        _ => false,
    };

    /// <summary>f(t, underlying) for each specific type of a type parameter, f(null, null) when it has none; otherwise f(t, its underlying type).</summary>
    public static bool All(GoType t, Func<GoType?, GoType?, bool> f) => t.Unalias is TypeParam p ? p.Iface.TypeSet.All(f) : f(t, t.Underlying);
    public static bool UnderIs(GoType t, Func<GoType?, bool> f) => All(t, (_, u) => f(u));

    /// <summary>The underlying type that all types of t's type set share (channels: the most restricted one), or null and why there is none.
    /// cond, if given, is asked first for each (type, underlying type), with (null, null) when there are no specific types; a
    /// non-null answer ends the search with that reason.</summary>
    public static GoType? CommonUnder(GoType t, Func<GoType?, GoType?, string?>? cond, TypeEnv? env, out string? reason)
    {
        GoType? ct = null, cu = null;
        string? why = null;
        string Text(GoType? x) => env?.Text(x) ?? x!.ToString();
        bool ok = All(t, (x, u) =>
        {
            why = cond?.Invoke(x, u);
            if (why != null)
                return false;
            if (u == null)
                why = "no specific type";
            else if (cu == null)
                (ct, cu) = (x, u);
            else if (cu is ChanType a && u is ChanType b)
            {
                if (!Identical.Same(a.Elem, b.Elem))
                    why = $"channels {Text(ct)} and {Text(x)} have different element types";
                else if (a.Dir == b.Dir)
                    return true;
                else if (a.Dir == Syntax.ChanDir.Both)
                    (ct, cu) = (x, u);
                else if (b.Dir != Syntax.ChanDir.Both)
                    why = $"channels {Text(ct)} and {Text(x)} have conflicting directions";
            }
            else if (!Identical.Same(cu, u))
                why = $"{Text(ct)} and {Text(x)} have different underlying types";
            return why == null;
        });
        reason = ok ? null : why;
        return ok ? cu : null;
    }

    public static GoType? CommonUnder(GoType t) => CommonUnder(t, null, null, out _);

    /// <summary>The type an untyped operand gets when nothing else decides.</summary>
    public static GoType Default(GoType t) => t is not BasicType b ? t : b.Kind switch
    {
        BasicKind.UntypedBool => Universe.Bool,
        BasicKind.UntypedInt => Universe.Int,
        BasicKind.UntypedRune => Universe.Rune,
        BasicKind.UntypedFloat => Universe.Float64,
        BasicKind.UntypedComplex => Universe.Complex128,
        BasicKind.UntypedString => Universe.String,
        _ => t,
    };

    /// <summary>The larger of two untyped numeric types, x if they are the same, else null.</summary>
    public static GoType? MaxType(GoType x, GoType y)
    {
        if (ReferenceEquals(x, y))
            return x;
        if (!IsUntypedNumeric(x) || !IsUntypedNumeric(y))
            return null;
        return ((BasicType)x).Kind > ((BasicType)y).Kind ? x : y;
    }

    /// <summary>Same name and, unless exported, same package. FoldCase ignores case and then package.</summary>
    public static bool SameId(Obj obj, Package? pkg, string name, bool foldCase = false)
    {
        if (foldCase && string.Equals(obj.Name, name, StringComparison.OrdinalIgnoreCase))
            return true;
        return obj.Name == name && (obj.Exported || SamePkg(obj.Pkg, pkg));
    }

    public static bool SamePkg(Package? a, Package? b) => a == null || b == null ? a == b : ReferenceEquals(a, b) || a.Path == b.Path;
}

// Type identity, and the hash that goes with it.
//
// Two types are identical if they are the same object, or have the same shape of identical parts; defined types are identical if
// they come from the same declaration with identical type arguments; interfaces if they have the same type set; type parameters
// only if they are the same object, except those that two generic signatures declare themselves, which correspond by position.
//
// Interfaces are the only types that can be cyclic without a name in the cycle. A stack of the pairs being compared ends that:
// a pair met again is taken as equal, a difference would show elsewhere.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Tuza.Types;

public static class Identical
{
    /// <summary>A stack of interface pairs under comparison.</summary>
    internal sealed class Pair(InterfaceType x, InterfaceType y, Pair? previous)
    {
        public Pair? Previous => previous;

        public static bool Contains(Pair? stack, InterfaceType x, InterfaceType y)
        {
            for (; stack != null; stack = stack.Previous)
                if (stack.Is(x, y))
                    return true;
            return false;
        }

        bool Is(InterfaceType a, InterfaceType b) => x == a && y == b || x == b && y == a;
    }

    public static bool Same(GoType? x, GoType? y, bool ignoreTags = false)
    {
        if (ReferenceEquals(x, y))
            return true;
        return x != null && y != null && Compare(x, y, ignoreTags, null);
    }

    /// <summary>Both come from the same declaration, whatever their type arguments.</summary>
    public static bool SameOrigin(NamedType x, NamedType y) => ReferenceEquals(x.Origin, y.Origin);

    static bool Compare(GoType x, GoType y, bool ignoreTags, Pair? stack)
    {
        x = x.Unalias;
        y = y.Unalias;
        if (ReferenceEquals(x, y))
            return true;
        switch (x)
        {
            case BasicType a:
                return y is BasicType b && a.Kind == b.Kind;
            case ArrayType a:
                return y is ArrayType ya && (a.Len < 0 || ya.Len < 0 || a.Len == ya.Len) && Compare(a.Elem, ya.Elem, ignoreTags, stack);
            case SliceType a:
                return y is SliceType ys && Compare(a.Elem, ys.Elem, ignoreTags, stack);
            case PointerType a:
                return y is PointerType yp && Compare(a.Elem, yp.Elem, ignoreTags, stack);
            case MapType a:
                return y is MapType ym && Compare(a.Key, ym.Key, ignoreTags, stack) && Compare(a.Elem, ym.Elem, ignoreTags, stack);
            case ChanType a:
                return y is ChanType yc && a.Dir == yc.Dir && Compare(a.Elem, yc.Elem, ignoreTags, stack);
            case StructType a:
                return y is StructType yst && CompareStructs(a, yst, ignoreTags, stack);
            case TupleType a:
                return y is TupleType yt && CompareTuples(a, yt, ignoreTags, stack);
            case Signature a:
                return y is Signature ysig && CompareSignatures(a, ysig, ignoreTags, stack);
            case UnionType a:
                return y is UnionType yu && TypeSet.OfUnion(a).Terms.EqualTo(TypeSet.OfUnion(yu).Terms);
            case InterfaceType a:
                return y is InterfaceType yi && CompareInterfaces(a, yi, ignoreTags, stack);
            case NamedType a:
                return y is NamedType yn && CompareNamed(a, yn);
            case TypeParam:
                return false;
            default:
                throw new InvalidOperationException("Identical: unknown type " + x.GetType().Name);
        }
    }

    static bool CompareStructs(StructType x, StructType y, bool ignoreTags, Pair? stack)
    {
        if (x.Fields.Count != y.Fields.Count)
            return false;
        for (int i = 0; i < x.Fields.Count; i++)
        {
            Var f = x.Fields[i], g = y.Fields[i];
            if (f.Embedded != g.Embedded || !ignoreTags && x.Tag(i) != y.Tag(i) || !Predicates.SameId(f, g.Pkg, g.Name)
                || !Compare(f.Type, g.Type, ignoreTags, stack))
                return false;
        }
        return true;
    }

    static bool CompareTuples(TupleType x, TupleType y, bool ignoreTags, Pair? stack)
    {
        if (x.Count != y.Count)
            return false;
        for (int i = 0; i < x.Count; i++)
            if (!Compare(x.At(i), y.At(i), ignoreTags, stack))
                return false;
        return true;
    }

    static bool CompareSignatures(Signature x, Signature y, bool ignoreTags, Pair? stack)
    {
        if (x.TypeParams.Count != y.TypeParams.Count || x.Variadic != y.Variadic)
            return false;
        TupleType yparams = y.Params, yresults = y.Results;
        if (x.TypeParams.Count > 0)
        {
            var map = new SubstMap(y.TypeParams, x.TypeParams);
            for (int i = 0; i < x.TypeParams.Count; i++)
                if (!Compare(x.TypeParams[i].Bound, Subst.Apply(y.TypeParams[i].Bound, map), ignoreTags, stack))
                    return false;
            yparams = (TupleType)Subst.Apply(yparams, map);
            yresults = (TupleType)Subst.Apply(yresults, map);
        }
        return CompareTuples(x.Params, yparams, ignoreTags, stack) && CompareTuples(x.Results, yresults, ignoreTags, stack);
    }

    static bool CompareInterfaces(InterfaceType x, InterfaceType y, bool ignoreTags, Pair? stack)
    {
        TypeSet a = x.TypeSet, b = y.TypeSet;
        if (a.ComparableOnly != b.ComparableOnly || a.Methods.Count != b.Methods.Count || !a.Terms.EqualTo(b.Terms))
            return false;
        if (Pair.Contains(stack, x, y))
            return true;
        var deeper = new Pair(x, y, stack);
        for (int i = 0; i < a.Methods.Count; i++)
        {
            Func f = a.Methods[i], g = b.Methods[i];
            if (!Predicates.SameId(f, g.Pkg, g.Name) || !Compare(f.Sig, g.Sig, ignoreTags, deeper))
                return false;
        }
        return true;
    }

    static bool CompareNamed(NamedType x, NamedType y)
    {
        if (!ReferenceEquals(x.Origin, y.Origin) || x.TypeArgs.Count != y.TypeArgs.Count)
            return false;
        for (int i = 0; i < x.TypeArgs.Count; i++)
            if (!Same(x.TypeArgs[i], y.TypeArgs[i]))
                return false;
        return x.TypeArgs.Count > 0;
    }
}

/// <summary>Identity as a dictionary comparer. Hashes look a few levels deep; interfaces hash by their method names.</summary>
public sealed class TypeHasher : IEqualityComparer<GoType>
{
    const int MaxDepth = 4;

    public static readonly TypeHasher Instance = new();

    public bool Equals(GoType? x, GoType? y) => Identical.Same(x, y);
    public int GetHashCode(GoType t) => Hash(t, MaxDepth);

    public static int HashList(IReadOnlyList<GoType> list)
    {
        int h = list.Count;
        for (int i = 0; i < list.Count; i++)
            h = HashCode.Combine(h, Hash(list[i], MaxDepth));
        return h;
    }

    static int Hash(GoType type, int depth)
    {
        type = type.Unalias;
        if (depth == 0)
            return type.GetType().GetHashCode();
        switch (type)
        {
            case BasicType t:
                return (int)t.Kind * 31 + 7;
            case ArrayType t:   // a length of -1 is identical to every length
                return HashCode.Combine(1, Hash(t.Elem, depth - 1));
            case SliceType t:
                return HashCode.Combine(2, Hash(t.Elem, depth - 1));
            case PointerType t:
                return HashCode.Combine(3, Hash(t.Elem, depth - 1));
            case MapType t:
                return HashCode.Combine(4, Hash(t.Key, depth - 1), Hash(t.Elem, depth - 1));
            case ChanType t:
                return HashCode.Combine(5, t.Dir, Hash(t.Elem, depth - 1));
            case StructType t:
                {
                    int h = HashCode.Combine(6, t.Fields.Count);
                    foreach (var f in t.Fields)
                        h = HashCode.Combine(h, string.GetHashCode(f.Name, StringComparison.Ordinal), Hash(f.Type, depth - 1));
                    return h;
                }
            case TupleType t:
                return HashTuple(t, depth);
            case Signature t:
                return t.TypeParams.Count > 0
                    ? HashCode.Combine(7, t.TypeParams.Count, t.Params.Count, t.Results.Count)
                    : HashCode.Combine(8, t.Variadic, HashTuple(t.Params, depth), HashTuple(t.Results, depth));
            case InterfaceType t:
                {
                    int h = 9;
                    foreach (var m in t.TypeSet.Methods)
                        h = HashCode.Combine(h, string.GetHashCode(m.Name, StringComparison.Ordinal));
                    return h;
                }
            case NamedType t:
                {
                    int h = RuntimeHelpers.GetHashCode(t.Origin);
                    foreach (var arg in t.TypeArgs)
                        h = HashCode.Combine(h, Hash(arg, depth - 1));
                    return h;
                }
            case UnionType t:
                return 10;
            default:
                return RuntimeHelpers.GetHashCode(type);
        }
    }

    static int HashTuple(TupleType t, int depth)
    {
        int h = t.Count;
        foreach (var v in t.Vars)
            h = HashCode.Combine(h, Hash(v.Type, depth - 1));
        return h;
    }
}

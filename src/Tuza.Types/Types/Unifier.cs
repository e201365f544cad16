// Unification: making two types identical (or assignable) by choosing types for type parameters.
//
// Each type parameter being solved for has a handle, a cell with the type inferred so far. Two parameters that are unified share
// one handle. Modes: Exact wants identity; otherwise a defined type and a type literal unify if the underlying types do, channel
// directions are ignored, and an interface unifies with a type that has its methods. Assign is inexact at the top and exact for
// the parts.
//
// When a parameter has met several types that match inexactly, the defined type wins, then a directed channel, so that the result
// does not depend on the order of arguments.
//
// See GOROOT/src/cmd/compile/internal/types2/unify.go.

using System;
using System.Collections.Generic;

namespace Tuza.Types;

[Flags]
public enum UnifyMode : byte { Inexact = 0, Assign = 1, Exact = 2 }

public sealed class Unifier
{
    /// <summary>Deeper recursion is taken as failure.</summary>
    const int MaxDepth = 50;

    sealed class Handle
    {
        public GoType? Type;
    }

    readonly Dictionary<TypeParam, Handle> _handles = new(ReferenceEqualityComparer.Instance);
    readonly bool _interfaceInference;
    int _depth;

    /// <summary>targs may be shorter than tparams and hold nulls. InterfaceInference: since go1.21.</summary>
    public Unifier(IReadOnlyList<TypeParam> tparams, IReadOnlyList<GoType?> targs, bool interfaceInference)
    {
        for (int i = 0; i < tparams.Count; i++)
            _handles[tparams[i]] = new Handle { Type = i < targs.Count ? targs[i] : null };
        _interfaceInference = interfaceInference;
    }

    public GoType? At(TypeParam p) => _handles[p].Type;
    public void Set(TypeParam p, GoType t) => _handles[p].Type = t;

    /// <summary>Parameters without a type.</summary>
    public int Unknowns
    {
        get
        {
            int n = 0;
            foreach (var h in _handles.Values)
                if (h.Type == null)
                    n++;
            return n;
        }
    }

    public List<GoType?> Inferred(List<TypeParam> tparams) => tparams.ConvertAll(At);

    public bool Unify(GoType x, GoType y, UnifyMode mode)
    {
        _depth = 0;
        return Nify(x, y, mode, null);
    }

    TypeParam? Bound(GoType t) => t.Unalias is TypeParam p && _handles.ContainsKey(p) ? p : null;

    static InterfaceType? AsInterface(GoType t) => t.Unalias is TypeParam ? null : t.Underlying as InterfaceType;
    static NamedType? AsNamed(GoType t) => t.Unalias as NamedType;

    /// <summary>Lets x and y share a handle; false if both already have types.</summary>
    bool Join(TypeParam x, TypeParam y)
    {
        Handle hx = _handles[x], hy = _handles[y];
        if (hx == hy)
            return true;
        if (hx.Type != null && hy.Type != null)
            return false;
        var (from, to) = hx.Type != null ? (hy, hx) : (hx, hy);
        foreach (var p in new List<TypeParam>(_handles.Keys))
            if (_handles[p] == from)
                _handles[p] = to;
        return true;
    }

    bool Nify(GoType x, GoType y, UnifyMode mode, Identical.Pair? stack)
    {
        if (ReferenceEquals(x, y) || ReferenceEquals(x.Unalias, y.Unalias))
            return true;
        if (_depth >= MaxDepth)
            return false;
        _depth++;
        bool result = Step(x, y, mode, stack);
        _depth--;
        return result;
    }

    bool Step(GoType x, GoType y, UnifyMode mode, Identical.Pair? stack)
    {
        bool exact = (mode & UnifyMode.Exact) != 0;

        // A defined type goes to y, a parameter we solve for goes to x.
        if (AsNamed(x) != null || Bound(y) != null)
            (x, y) = (y, x);

        if (!exact && AsNamed(y) is { } ny && Predicates.IsTypeLit(x) && !(_interfaceInference && Predicates.IsInterface(x)))
        {
            y = ny.Underlying;
            if (ReferenceEquals(x, y) || ReferenceEquals(x.Unalias, y.Unalias))
                return true;
        }

        if (Bound(x) is { } px)
        {
            if (Bound(y) is { } py)
                return Join(px, py) || Nify(At(px)!, At(py)!, mode, stack);
            if (At(px) is { } known)
                return Nify(known, y, mode, stack) && Refine(px, known, y, exact);
            Set(px, y);
            return true;
        }

        if (_interfaceInference && !exact)
        {
            InterfaceType? xi = AsInterface(x), yi = AsInterface(y);
            if (xi != null && yi != null)
                return CommonMethods(xi, yi, stack);
            if (xi != null || yi != null)
                return HasMethods(xi ?? yi!, xi != null ? y : x, stack);
        }

        if (Predicates.IsTypeParam(y))
            (x, y) = (y, x);
        return Parts(x, y, mode, stack);
    }

    /// <summary>px had the type known, which has just unified with y: checks the pair and keeps the better of the two.</summary>
    bool Refine(TypeParam px, GoType known, GoType y, bool exact)
    {
        InterfaceType? xi = AsInterface(known), yi = AsInterface(y);
        bool xnamed = AsNamed(known) != null, ynamed = AsNamed(y) != null;
        if (xi != null && yi != null)
        {
            if (xnamed && ynamed)
                return Identical.Same(known, y);
            if (xi.TypeSet.Methods.Count != yi.TypeSet.Methods.Count)
                return false;
        }
        else if (xi != null || yi != null)
            return false;   // either could be meant
        if (!exact && !xnamed && (ynamed || y.Underlying is ChanType { Dir: not Syntax.ChanDir.Both }))
            Set(px, y);
        return true;
    }

    bool CommonMethods(InterfaceType x, InterfaceType y, Identical.Pair? stack)
    {
        TypeSet a = x.TypeSet, b = y.TypeSet;
        if (a.ComparableOnly != b.ComparableOnly || !a.Terms.EqualTo(b.Terms))
            return false;
        if (Identical.Pair.Contains(stack, x, y))
            return true;
        var deeper = new Identical.Pair(x, y, stack);
        var (fewer, more) = a.Methods.Count <= b.Methods.Count ? (a, b) : (b, a);
        foreach (var m in fewer.Methods)
            if (more.Lookup(m.Pkg, m.Name) is not { } other || !Nify(m.Sig, other.Sig, UnifyMode.Exact, deeper))
                return false;
        return true;
    }

    bool HasMethods(InterfaceType iface, GoType t, Identical.Pair? stack)
    {
        foreach (var m in iface.TypeSet.Methods)
            if (Lookup.FieldOrMethod(t, false, m.Pkg, m.Name).Obj is not Func f || f.Sig.TypeParams.Count > 0
                || !Nify(m.Sig, f.Sig, UnifyMode.Exact, stack))
                return false;
        return true;
    }

    bool Parts(GoType xo, GoType yo, UnifyMode mode, Identical.Pair? stack)
    {
        var part = (mode & UnifyMode.Assign) != 0 ? mode | UnifyMode.Exact : mode;
        GoType x = xo.Unalias, y = yo.Unalias;
        switch (x)
        {
            case BasicType a:
                return y is BasicType b && a.Kind == b.Kind;
            case ArrayType a:
                return y is ArrayType ya && (a.Len < 0 || ya.Len < 0 || a.Len == ya.Len) && Nify(a.Elem, ya.Elem, part, stack);
            case SliceType a:
                return y is SliceType ys && Nify(a.Elem, ys.Elem, part, stack);
            case PointerType a:
                return y is PointerType yp && Nify(a.Elem, yp.Elem, part, stack);
            case MapType a:
                return y is MapType ym && Nify(a.Key, ym.Key, part, stack) && Nify(a.Elem, ym.Elem, part, stack);
            case ChanType a:
                return y is ChanType yc && ((mode & UnifyMode.Exact) == 0 || a.Dir == yc.Dir) && Nify(a.Elem, yc.Elem, part, stack);
            case StructType a:
                return y is StructType yst && Structs(a, yst, part, stack);
            case TupleType a:
                return y is TupleType yt && Tuples(a, yt, mode, stack);
            case Signature a:
                return y is Signature ysig && a.Variadic == ysig.Variadic
                    && Tuples(a.Params, ysig.Params, part, stack) && Tuples(a.Results, ysig.Results, part, stack);
            case InterfaceType a:
                return y is InterfaceType yi && Interfaces(a, yi, stack);
            case NamedType a:
                return y is NamedType yn && Named(a, yn, mode, stack);
            case TypeParam a:
                // Not one we solve for: its core type tells the shape of what it can stand for.
                return Predicates.CommonUnder(a) is { } core && Nify(core, yo, UnifyMode.Assign, stack);
            default:
                return false;
        }
    }

    bool Structs(StructType x, StructType y, UnifyMode part, Identical.Pair? stack)
    {
        if (x.Fields.Count != y.Fields.Count)
            return false;
        for (int i = 0; i < x.Fields.Count; i++)
        {
            Var f = x.Fields[i], g = y.Fields[i];
            if (f.Embedded != g.Embedded || x.Tag(i) != y.Tag(i) || !Predicates.SameId(f, g.Pkg, g.Name) || !Nify(f.Type, g.Type, part, stack))
                return false;
        }
        return true;
    }

    bool Tuples(TupleType x, TupleType y, UnifyMode mode, Identical.Pair? stack)
    {
        if (x.Count != y.Count)
            return false;
        for (int i = 0; i < x.Count; i++)
            if (!Nify(x.At(i), y.At(i), mode, stack))
                return false;
        return true;
    }

    bool Interfaces(InterfaceType x, InterfaceType y, Identical.Pair? stack)
    {
        TypeSet a = x.TypeSet, b = y.TypeSet;
        if (a.ComparableOnly != b.ComparableOnly || a.Methods.Count != b.Methods.Count || !a.Terms.EqualTo(b.Terms))
            return false;
        if (Identical.Pair.Contains(stack, x, y))
            return true;
        var deeper = new Identical.Pair(x, y, stack);
        for (int i = 0; i < a.Methods.Count; i++)
        {
            Func f = a.Methods[i], g = b.Methods[i];
            if (!Predicates.SameId(f, g.Pkg, g.Name) || !Nify(f.Sig, g.Sig, UnifyMode.Exact, deeper))
                return false;
        }
        return true;
    }

    bool Named(NamedType x, NamedType y, UnifyMode mode, Identical.Pair? stack)
    {
        if (x.TypeArgs.Count != y.TypeArgs.Count)
            return false;
        // Arguments first: they are worth inferring for the message even if the origins differ.
        for (int i = 0; i < x.TypeArgs.Count; i++)
            if (!Nify(x.TypeArgs[i], y.TypeArgs[i], mode, stack))
                return false;
        return Identical.SameOrigin(x, y);
    }
}

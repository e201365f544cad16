// Substitution of types for type parameters. The incoming type is never changed; where nothing changes, the same object returns.
//
// An instance of a generic type becomes the instance for the substituted arguments, made lazily, which ends cycles. A generic
// signature met on the way keeps its own type parameters but gets fresh copies of them, because their bounds may mention what is
// substituted.
//
// Types declared inside a generic function belong to each instance of the function anew. The checker treats them as one type; who
// compiles an instance of the function asks for copies (SubstMap.WithLocals), which are canonical per (type, arguments).

using System;
using System.Collections.Generic;

namespace Tuza.Types;

public sealed class SubstMap
{
    readonly Dictionary<TypeParam, GoType> _map = new(ReferenceEqualityComparer.Instance);

    /// <summary>Missing or null targets leave their parameter alone.</summary>
    public SubstMap(IReadOnlyList<TypeParam> from, IReadOnlyList<GoType?> to)
    {
        for (int i = 0; i < from.Count && i < to.Count; i++)
            if (to[i] is { } t)
                _map[from[i]] = t;
    }

    SubstMap(SubstMap other)
    {
        _map = new(other._map, ReferenceEqualityComparer.Instance);
        LocalArgs = other.LocalArgs;
    }

    /// <summary>A map for the body of a function instance: types local to the function are copied for these arguments.</summary>
    public static SubstMap WithLocals(IReadOnlyList<TypeParam> from, IReadOnlyList<GoType> to) => new(from, to) { LocalArgs = to };

    public IReadOnlyList<GoType>? LocalArgs { get; private init; }
    public bool IsEmpty => _map.Count == 0 && LocalArgs == null;
    public bool Has(TypeParam p) => _map.ContainsKey(p);
    public GoType Lookup(TypeParam p) => _map.TryGetValue(p, out var t) ? t : p;

    public SubstMap Extended(IReadOnlyList<TypeParam> from, IReadOnlyList<GoType> to)
    {
        var result = new SubstMap(this);
        for (int i = 0; i < from.Count; i++)
            result._map[from[i]] = to[i];
        return result;
    }
}

public static class Subst
{
    /// <summary>type with the parameters in map replaced; the same object when none occurs.</summary>
    public static GoType Apply(GoType type, SubstMap map) => map.IsEmpty ? type : Type(type, map);

    /// <summary>Fresh type parameters (for self-recursive inference) and the type renamed to use them.</summary>
    public static (List<TypeParam> Params, GoType Type) Rename(List<TypeParam> tparams, GoType type)
    {
        if (tparams.Count == 0)
            return (tparams, type);
        var fresh = Fresh(tparams);
        var map = new SubstMap(tparams, fresh);
        for (int i = 0; i < fresh.Count; i++)
            fresh[i].Bound = Apply(tparams[i].Bound, map);
        return (fresh, Apply(type, map));
    }

    static List<TypeParam> Fresh(List<TypeParam> tparams)
    {
        var fresh = new List<TypeParam>();
        foreach (var p in tparams)
        {
            var name = new TypeName { Name = p.Obj.Name, Pkg = p.Obj.Pkg, Pos = p.Obj.Pos };
            var copy = NamedResolver.NewTypeParam(name, p.Index, null!);
            copy.CanonicalOrNull = p.Canonical;
            fresh.Add(copy);
        }
        return fresh;
    }

    static GoType Type(GoType type, SubstMap map)
    {
        switch (type)
        {
            case BasicType:
                return type;
            case TypeParam t:
                return map.Lookup(t);
            case AliasType t:
                {
                    if (t.TypeArgs.Count == 0)
                    {
                        // A local alias may name the type parameters of the enclosing function.
                        if (t.TypeParams.Count > 0 || !IsLocal(t.Obj))
                            return t;
                        var actual = Type(t.Unalias, map);
                        return ReferenceEquals(actual, t.Unalias) ? t : actual;
                    }
                    return List(t.TypeArgs, map) is { } targs ? Instances.Alias(t.Origin!, targs) : t;
                }
            case NamedType t:
                if (t.TypeArgs.Count > 0 && t.Origin.TypeParams.Count > 0 && t.TypeArgs.Count != t.Origin.TypeParams.Count)
                    return Universe.Invalid;   // reported where it was written
                if (t.TypeArgs.Count > 0)
                    return List(t.TypeArgs, map) is { } nargs ? Instances.Named(t.Origin, nargs) : t;
                return map.LocalArgs != null && t.LocalArgs == null && IsLocal(t.Obj) ? Instances.Local(t, map) : t;
            case ArrayType t:
                return Type(t.Elem, map) is var ae && !ReferenceEquals(ae, t.Elem) ? new ArrayType(ae, t.Len) : t;
            case SliceType t:
                return Type(t.Elem, map) is var se && !ReferenceEquals(se, t.Elem) ? new SliceType(se) : t;
            case PointerType t:
                return Type(t.Elem, map) is var pe && !ReferenceEquals(pe, t.Elem) ? new PointerType(pe) : t;
            case ChanType t:
                return Type(t.Elem, map) is var ce && !ReferenceEquals(ce, t.Elem) ? new ChanType(t.Dir, ce) : t;
            case MapType t:
                {
                    GoType key = Type(t.Key, map), elem = Type(t.Elem, map);
                    return ReferenceEquals(key, t.Key) && ReferenceEquals(elem, t.Elem) ? t : new MapType(key, elem);
                }
            case StructType t:
                return Vars(t.Fields, map) is { } fields ? new StructType(fields, t.Tags) : t;
            case TupleType t:
                return Vars(t.Vars, map) is { } vars ? new TupleType(vars) : t;
            case Signature t:
                return Sig(t, map);
            case UnionType t:
                return Union(t, map);
            case InterfaceType t:
                return Interface(t, map);
            default:
                throw new InvalidOperationException("Subst: unknown type " + type.GetType().Name);
        }
    }

    /// <summary>Declared inside a function.</summary>
    public static bool IsLocal(TypeName obj) => obj.Pkg != null && obj.Parent != null && !ReferenceEquals(obj.Parent, obj.Pkg.Scope);

    static List<GoType>? List(List<GoType> list, SubstMap map)
    {
        List<GoType>? result = null;
        for (int i = 0; i < list.Count; i++)
        {
            var t = Type(list[i], map);
            if (!ReferenceEquals(t, list[i]))
                (result ??= [.. list])[i] = t;
        }
        return result;
    }

    static List<Var>? Vars(List<Var> list, SubstMap map)
    {
        List<Var>? result = null;
        for (int i = 0; i < list.Count; i++)
        {
            var v = list[i];
            var t = Type(v.Type ?? Universe.Invalid, map);
            if (!ReferenceEquals(t, v.Type))
                (result ??= [.. list])[i] = Clone(v, t);
        }
        return result;
    }

    internal static Var Clone(Var v, GoType type) => new()
    {
        Name = v.Name,
        Pos = v.Pos,
        Pkg = v.Pkg,
        Type = type,
        Parent = v.Parent,
        ScopePos = v.ScopePos,
        IsField = v.IsField,
        Embedded = v.Embedded,
        IsParam = v.IsParam,
        Used = v.Used,
        OriginOrNull = v.Origin,
    };

    internal static Func Clone(Func f, Signature sig) => new()
    {
        Name = f.Name,
        Pos = f.Pos,
        Pkg = f.Pkg,
        Type = sig,
        Parent = f.Parent,
        ScopePos = f.ScopePos,
        Decl = f.Decl,
        PtrRecv = f.PtrRecv,
        IsInterfaceMethod = f.IsInterfaceMethod,
        OriginOrNull = f.Origin,
    };

    internal static Signature Clone(Signature s) => new()
    {
        Recv = s.Recv,
        TypeParams = s.TypeParams,
        RecvTypeParams = s.RecvTypeParams,
        Params = s.Params,
        Results = s.Results,
        Variadic = s.Variadic,
    };

    static Signature Sig(Signature s, SubstMap map)
    {
        var tparams = s.TypeParams;
        if (tparams.Count > 0 && !map.Has(tparams[0]))
        {
            var fresh = Fresh(tparams);
            map = map.Extended(tparams, fresh);
            for (int i = 0; i < fresh.Count; i++)
                fresh[i].Bound = Type(tparams[i].Bound, map);
            tparams = fresh;
        }
        var pars = (TupleType)Type(s.Params, map);
        var results = (TupleType)Type(s.Results, map);
        if (ReferenceEquals(pars, s.Params) && ReferenceEquals(results, s.Results) && ReferenceEquals(tparams, s.TypeParams))
            return s;
        return new Signature
        {
            Recv = s.Recv,
            RecvTypeParams = s.RecvTypeParams,
            TypeParams = tparams,
            Params = pars,
            Results = results,
            Variadic = s.Variadic,
        };
    }

    static UnionType Union(UnionType u, SubstMap map)
    {
        List<UnionTerm>? terms = null;
        for (int i = 0; i < u.Terms.Count; i++)
        {
            var t = Type(u.Terms[i].Type, map);
            if (!ReferenceEquals(t, u.Terms[i].Type))
                (terms ??= [.. u.Terms])[i] = u.Terms[i] with { Type = t };
        }
        return terms != null ? new UnionType(terms) : u;
    }

    static InterfaceType Interface(InterfaceType t, SubstMap map)
    {
        List<Func>? methods = null;
        for (int i = 0; i < t.Methods.Count; i++)
        {
            var old = t.Methods[i].Sig;
            var sig = Sig(old, map);
            if (!ReferenceEquals(sig, old))
                (methods ??= [.. t.Methods])[i] = Clone(t.Methods[i], sig);
        }
        var embeddeds = List(t.Embeddeds, map);
        if (methods == null && embeddeds == null)
            return t;
        var result = new InterfaceType { Embeddeds = embeddeds ?? t.Embeddeds, EmbedPos = t.EmbedPos, Implicit = t.Implicit, Incomplete = t.Incomplete };
        result.Methods = ReplaceRecv(methods ?? t.Methods, t, result) ?? methods ?? t.Methods;
        return result;
    }

    /// <summary>Copies of the methods whose receiver is old, with the receiver replaced; null when there is none.</summary>
    internal static List<Func>? ReplaceRecv(List<Func> methods, GoType old, GoType replacement)
    {
        List<Func>? result = null;
        for (int i = 0; i < methods.Count; i++)
        {
            var sig = methods[i].Sig;
            if (sig.Recv == null || !ReferenceEquals(sig.Recv.Type, old))
                continue;
            var copy = Clone(sig);
            copy.Recv = Clone(sig.Recv, replacement);
            (result ??= [.. methods])[i] = Clone(methods[i], copy);
        }
        return result;
    }

    // ---- occurrence

    /// <summary>Whether one of the parameters occurs in the type (parameters that a signature declares itself do not count).</summary>
    public static bool IsParameterized(IReadOnlyList<TypeParam> tparams, GoType type) => new Finder(tparams).Type(type);

    /// <summary>Whether any type parameter at all occurs in the type.</summary>
    public static bool HasTypeParam(GoType type) => new Finder(null).Type(type);

    sealed class Finder(IReadOnlyList<TypeParam>? tparams)
    {
        readonly Dictionary<GoType, bool> _seen = new(ReferenceEqualityComparer.Instance);

        public bool Type(GoType type)
        {
            switch (type)
            {
                case BasicType:
                    return false;
                case TypeParam p:
                    return Contains(p);
            }
            if (_seen.TryGetValue(type, out bool known))
                return known;
            _seen[type] = false;
            bool result = type switch
            {
                AliasType t => Type(t.Unalias),
                ArrayType t => Type(t.Elem),
                SliceType t => Type(t.Elem),
                PointerType t => Type(t.Elem),
                ChanType t => Type(t.Elem),
                MapType t => Type(t.Key) || Type(t.Elem),
                StructType t => Vars(t.Fields),
                TupleType t => Vars(t.Vars),
                Signature t => Vars(t.Params.Vars) || Vars(t.Results.Vars),
                InterfaceType t => t.TypeSet.Methods.Exists(m => Type(m.Sig)) || t.TypeSet.Terms.Items.Exists(x => Type(x.Type)),
                UnionType t => t.Terms.Exists(x => Type(x.Type)),
                NamedType t => t.TypeArgs.Exists(Type),
                _ => throw new InvalidOperationException("Subst.IsParameterized: unknown type " + type.GetType().Name),
            };
            _seen[type] = result;
            return result;
        }

        bool Contains(TypeParam p)
        {
            if (tparams == null)
                return true;
            for (int i = 0; i < tparams.Count; i++)
                if (ReferenceEquals(tparams[i], p))
                    return true;
            return false;
        }

        bool Vars(List<Var> list)
        {
            foreach (var v in list)
                if (v.Type != null && Type(v.Type))
                    return true;
            return false;
        }
    }
}

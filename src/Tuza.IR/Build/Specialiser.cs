// Types of a generic function in one instance of it: type parameters replaced by type arguments, everywhere.
//
// A type declared inside a generic function is a different type in each instance, even if it does not mention a type parameter; such types
// are copied for each instance (BuildContext.LocalInstance). Alias names vanish on the way. A function that is not generic has the
// empty specialiser, which returns types as they are.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed class Specialiser
{
    readonly BuildContext _ctx;
    readonly Dictionary<TypeParam, GoType> _map = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Scope> _scopes = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<GoType, GoType> _cache = new(ReferenceEqualityComparer.Instance);
    readonly List<GoType> _args = [];

    public Specialiser(BuildContext ctx) => _ctx = ctx;

    public Specialiser(BuildContext ctx, Func origin, IReadOnlyList<GoType> recvArgs, IReadOnlyList<GoType> args) : this(ctx)
    {
        Add(origin.Sig.RecvTypeParams, recvArgs);
        Add(origin.Sig.TypeParams, args);
    }

    public bool IsEmpty => _map.Count == 0;

    void Add(List<TypeParam> parameters, IReadOnlyList<GoType> args)
    {
        for (int i = 0; i < parameters.Count && i < args.Count; i++)
        {
            _map[parameters[i]] = args[i];
            if (parameters[i].Obj.Parent is { } scope)
                _scopes.Add(scope);
            _args.Add(args[i]);
        }
    }

    /// <summary>The type in this instance, without an alias name on top.</summary>
    public GoType Of(GoType t)
    {
        t = t.Unalias;
        if (_map.Count == 0 || t is BasicType)
            return t;
        if (_cache.TryGetValue(t, out var r))
            return r;
        r = Make(t).Unalias;
        _cache[t] = r;
        return r;
    }

    public List<GoType> Of(IReadOnlyList<GoType> types)
    {
        var list = new List<GoType>(types.Count);
        foreach (var t in types)
            list.Add(Of(t));
        return list;
    }

    /// <summary>A function type without type parameters of its own and without receiver.</summary>
    public Signature OfSignature(Signature s)
    {
        if (_map.Count == 0 && s.TypeParams.Count == 0 && s.RecvTypeParams.Count == 0)
            return s;
        return new Signature { Params = OfTuple(s.Params), Results = OfTuple(s.Results), Variadic = s.Variadic };
    }

    GoType Make(GoType t)
    {
        switch (t)
        {
            case TypeParam p:
                return _map.TryGetValue(p, out var arg) ? arg : p;
            case ArrayType a:
                return Of(a.Elem) is var ae && Kept(ae, a.Elem) ? a : new ArrayType(ae, a.Len);
            case SliceType s:
                return Of(s.Elem) is var se && Kept(se, s.Elem) ? s : new SliceType(se);
            case PointerType p:
                return Of(p.Elem) is var pe && Kept(pe, p.Elem) ? p : new PointerType(pe);
            case ChanType c:
                return Of(c.Elem) is var ce && Kept(ce, c.Elem) ? c : new ChanType(c.Dir, ce);
            case MapType m:
                {
                    GoType k = Of(m.Key), v = Of(m.Elem);
                    return Kept(k, m.Key) && Kept(v, m.Elem) ? m : new MapType(k, v);
                }
            case StructType s:
                return OfVars(s.Fields) is var fields && ReferenceEquals(fields, s.Fields) ? s : new StructType(fields, s.Tags);
            case TupleType tuple:
                return OfTuple(tuple);
            case Signature s:
                {
                    TupleType p = OfTuple(s.Params), r = OfTuple(s.Results);
                    return ReferenceEquals(p, s.Params) && ReferenceEquals(r, s.Results) && s.TypeParams.Count == 0
                        ? s : new Signature { Recv = s.Recv, Params = p, Results = r, Variadic = s.Variadic };
                }
            case InterfaceType i:
                return OfInterface(i);
            case UnionType u:
                return new UnionType(u.Terms.ConvertAll(x => new UnionTerm(x.Tilde, Of(x.Type))));
            case NamedType n:
                return OfNamed(n);
            default:
                return t;
        }
    }

    static bool Kept(GoType now, GoType before) => ReferenceEquals(now, before) || ReferenceEquals(now, before.Unalias);

    TupleType OfTuple(TupleType t) => OfVars(t.Vars) is var vars && ReferenceEquals(vars, t.Vars) ? t : new TupleType(vars);

    List<Var> OfVars(List<Var> vars)
    {
        List<Var>? changed = null;
        for (int i = 0; i < vars.Count; i++)
        {
            var v = vars[i];
            var type = Of(v.Type);
            if (changed == null && Kept(type, v.Type))
                continue;
            changed ??= [.. vars];
            changed[i] = new Var
            {
                Name = v.Name,
                Pos = v.Pos,
                Pkg = v.Pkg,
                Type = type,
                IsField = v.IsField,
                Embedded = v.Embedded,
                IsParam = v.IsParam,
                OriginOrNull = v.Origin,
            };
        }
        return changed ?? vars;
    }

    InterfaceType OfInterface(InterfaceType i)
    {
        List<Func>? methods = null;
        for (int k = 0; k < i.Methods.Count; k++)
        {
            var m = i.Methods[k];
            var sig = (Signature)Of(m.Sig);
            if (ReferenceEquals(sig, m.Sig))
                continue;
            methods ??= [.. i.Methods];
            methods[k] = new Func
            {
                Name = m.Name,
                Pos = m.Pos,
                Pkg = m.Pkg,
                Type = sig,
                Decl = m.Decl,
                OriginOrNull = m.Origin,
                IsInterfaceMethod = true,
            };
        }
        List<GoType>? embedded = null;
        for (int k = 0; k < i.Embeddeds.Count; k++)
        {
            var e = Of(i.Embeddeds[k]);
            if (!Kept(e, i.Embeddeds[k]))
                (embedded ??= [.. i.Embeddeds])[k] = e;
        }
        if (methods == null && embedded == null)
            return i;
        return new InterfaceType { Methods = methods ?? i.Methods, Embeddeds = embedded ?? i.Embeddeds, EmbedPos = i.EmbedPos, Implicit = i.Implicit };
    }

    NamedType OfNamed(NamedType n)
    {
        if (n.TypeArgs.Count > 0)
        {
            var args = Of(n.TypeArgs);
            bool same = true;
            for (int k = 0; k < args.Count; k++)
                same &= Kept(args[k], n.TypeArgs[k]);
            if (IsLocal(n.Origin))
                return Instances.Named(Local(n.Origin), args);
            return same ? n : Instances.Named(n.Origin, args);
        }
        return IsLocal(n) ? Local(n) : n;
    }

    NamedType Local(NamedType n) => _ctx.LocalInstance(n, _args, () => Of(n.FromRhs ?? n.Underlying));

    /// <summary>Declared as it is, in a package: neither an instance nor local to one.</summary>
    public static bool IsPlain(NamedType n) => !n.IsInstance && n.LocalArgs == null;

    /// <summary>Declared inside the generic function that this is an instance of.</summary>
    bool IsLocal(NamedType n)
    {
        if (n.Obj.Pkg == null || n.LocalArgs != null)
            return false;
        for (var s = n.Obj.Parent; s != null && !ReferenceEquals(s, n.Obj.Pkg.Scope); s = s.Parent)
            if (_scopes.Contains(s))
                return true;
        return false;
    }
}

// Lazy completion of named types: underlying types and methods of instances, constraints of type parameters.
//
// A declared type's right-hand side (FromRhs) is set by the checker; its underlying type is found by following named types and
// aliases to the first type that is neither. An instance takes its right-hand side from its origin, with the arguments substituted.
// While a declaration is still being checked there is no right-hand side: the answer is then Invalid and nothing is remembered.
//
// Invariant: UnderlyingOrNull, once set, never changes, except to Invalid by the checker for an invalid recursive type. Readers
// take no lock; writers hold Instances.Guard.

using System.Collections.Generic;
using System.Threading;

namespace Tuza.Types;

public static class NamedResolver
{
    static int s_lastTypeParamId;

    public static TypeParam NewTypeParam(TypeName name, int index, GoType bound)
    {
        var p = new TypeParam { Obj = name, Index = index, Bound = bound, Id = Interlocked.Increment(ref s_lastTypeParamId) };
        name.Type ??= p;
        return p;
    }

    public static GoType Underlying(NamedType type)
    {
        var known = Volatile.Read(ref type.UnderlyingOrNull);
        return known ?? Resolve(type);
    }

    /// <summary>Like Underlying, but null instead of computing anything when it is not known yet.</summary>
    public static GoType? SafeUnderlying(GoType type) => type.Unalias is NamedType n ? n.UnderlyingOrNull : type.Underlying;

    static GoType Resolve(NamedType type)
    {
        lock (Instances.Guard)
        {
            var path = new List<NamedType>();
            GoType? rhs = type;
            GoType? result = null;
            while (result == null)
            {
                switch (rhs)
                {
                    case null:
                        return Universe.Invalid;   // still being declared
                    case AliasType a:
                        rhs = a.Actual ?? a.FromRhs;
                        break;
                    case NamedType n when n.UnderlyingOrNull != null:
                        result = n.UnderlyingOrNull;
                        break;
                    case NamedType n:
                        if (path.Contains(n))
                            return Universe.Invalid;   // a cycle, reported by the checker
                        path.Add(n);
                        rhs = Rhs(n);
                        break;
                    case TypeParam:
                        result = Universe.Invalid;   // `type T[P any] P`, reported by the checker
                        break;
                    default:
                        result = rhs;
                        break;
                }
            }
            if (result is InterfaceType { Incomplete: true } && path[^1].IsInstance)
                return result;   // a copy of something unfinished
            foreach (var n in path)
                Volatile.Write(ref n.UnderlyingOrNull, result);
            return type.UnderlyingOrNull ?? Universe.Invalid;
        }
    }

    /// <summary>The right-hand side of a declaration or instance; null while unknown.</summary>
    static GoType? Rhs(NamedType n)
    {
        if (!n.IsInstance || n.FromRhs != null)
            return n.FromRhs;
        var origin = n.Origin;
        var rhs = origin.FromRhs ?? origin.UnderlyingOrNull;
        if (rhs == null)
        {
            origin.Obj?.EnsureComplete();
            rhs = origin.FromRhs ?? origin.UnderlyingOrNull;
            if (rhs == null)
                return null;
        }
        if (origin.TypeParams.Count != n.TypeArgs.Count)
            return n.FromRhs = Universe.Invalid;

        var made = Subst.Apply(rhs, new SubstMap(origin.TypeParams, n.TypeArgs));
        if (made is InterfaceType iface && Subst.ReplaceRecv(iface.Methods, origin, n) is { } methods)
            made = new InterfaceType { Methods = methods, Embeddeds = iface.Embeddeds, EmbedPos = iface.EmbedPos, Incomplete = iface.Incomplete };
        if (made is InterfaceType { Incomplete: true })
            return made;
        return n.FromRhs = made;
    }

    /// <summary>The i-th declared method; of an instance, the origin's method with the receiver's type arguments substituted.</summary>
    public static Func Method(NamedType type, int i)
    {
        if (!type.IsInstance)
            return type.DeclaredMethods[i];
        var cache = Volatile.Read(ref type.ExpandedMethods);
        if (cache != null && i < cache.Length && cache[i] is { } known)
            return known;
        lock (Instances.Guard)
        {
            // The list can still grow while the package is being checked (methods are collected file by file).
            if (type.ExpandedMethods == null || type.ExpandedMethods.Length < type.MethodCount)
            {
                var grown = new Func?[type.MethodCount];
                type.ExpandedMethods?.CopyTo(grown, 0);
                Volatile.Write(ref type.ExpandedMethods, grown);
            }
            return type.ExpandedMethods[i] ??= Expand(type, type.Origin.DeclaredMethods[i]);
        }
    }

    static Func Expand(NamedType type, Func declared)
    {
        var old = declared.Sig;
        var sig = old;
        if (old.RecvTypeParams.Count == type.TypeArgs.Count)
            sig = (Signature)Subst.Apply(old, new SubstMap(old.RecvTypeParams, type.TypeArgs));
        if (ReferenceEquals(sig, old))
            sig = Subst.Clone(old);
        GoType recv = Lookup.HasPtrRecv(declared) ? new PointerType(type) : type;
        sig.Recv = old.Recv != null ? Subst.Clone(old.Recv, recv) : new Var { Type = recv, IsParam = true };
        sig.RecvTypeParams = [];
        return Subst.Clone(declared, sig);
    }

    /// <summary>Index of the declared method of that name, -1 if there is none.</summary>
    public static int MethodIndex(NamedType type, Package? pkg, string name, bool foldCase)
    {
        if (name == "_" || !(foldCase || Predicates.SamePkg(type.Obj.Pkg, pkg) || Obj.ExportedName(name)))
            return -1;
        var list = type.Origin.DeclaredMethods;
        for (int i = 0; i < list.Count; i++)
            if (foldCase ? string.Equals(list[i].Name, name, System.StringComparison.OrdinalIgnoreCase) : list[i].Name == name)
                return i;
        return -1;
    }

    /// <summary>The constraint as an interface; a bound that is none is wrapped in an implicit one.</summary>
    public static InterfaceType ConstraintInterface(TypeParam type)
    {
        var bound = type.Bound;
        if (bound == null)
            return Universe.EmptyInterface;
        switch (bound.Underlying)
        {
            case BasicType { Kind: BasicKind.Invalid }:
                return Universe.EmptyInterface;
            case InterfaceType i:
                return Predicates.IsTypeParam(bound) ? Universe.EmptyInterface : i;
            default:
                var wrapped = new InterfaceType { Embeddeds = [bound], Implicit = true };
                type.Bound = wrapped;
                return wrapped;
        }
    }
}

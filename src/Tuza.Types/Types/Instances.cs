// Instances of generic types and functions.
//
// There is one NamedType object per origin and list of identical arguments: the table lives in the origin, so it dies with it. An
// instance is born empty and expanded on first use (NamedResolver); that is what makes recursive generic types possible. Making and
// expanding instances is serialised by one lock, because packages are checked and compiled in parallel and instances cross them.
//
// Function signatures and aliases are not kept: they have no identity.

using System;
using System.Collections.Generic;

namespace Tuza.Types;

public static class Instances
{
    /// <summary>Guards instance tables and expansion; reentrant, because completing a method may check code that makes instances.</summary>
    internal static readonly object Guard = new();

    /// <summary>The one instance object for origin and identical arguments; expanded lazily. With a wrong number of arguments the instance
    /// is invalid (its underlying type is Invalid).</summary>
    public static NamedType Named(NamedType origin, IReadOnlyList<GoType> targs)
    {
        var key = new Key(targs);
        lock (Guard)
        {
            origin.InstanceTable ??= new Dictionary<Key, NamedType>();
            var table = (Dictionary<Key, NamedType>)origin.InstanceTable;
            if (table.TryGetValue(key, out var known))
                return known;
            var made = new NamedType { Obj = origin.Obj, Origin = origin, TypeArgs = [.. targs] };
            table.Add(key, made);
            return made;
        }
    }

    /// <summary>The copy of a type declared in a generic function that belongs to one instance of the function.</summary>
    internal static NamedType Local(NamedType local, SubstMap map)
    {
        var args = map.LocalArgs!;
        var key = new Key(args);
        lock (Guard)
        {
            local.InstanceTable ??= new Dictionary<Key, NamedType>();
            var table = (Dictionary<Key, NamedType>)local.InstanceTable;
            if (table.TryGetValue(key, out var known))
                return known;
            var made = new NamedType { Obj = local.Obj, LocalArgs = [.. args], LocalOrigin = local };
            table.Add(key, made);
            made.FromRhs = Subst.Apply(local.FromRhs ?? local.Underlying, map);
            return made;
        }
    }

    public static GoType Alias(AliasType origin, IReadOnlyList<GoType> targs)
    {
        if (origin.TypeParams.Count != targs.Count)
            return Universe.Invalid;
        if (targs.Count == 0)
            return origin;
        var rhs = Subst.Apply(origin.FromRhs ?? Universe.Invalid, new SubstMap(origin.TypeParams, targs));
        return new AliasType { Obj = origin.Obj, TypeParams = origin.TypeParams, Origin = origin, TypeArgs = [.. targs], FromRhs = rhs };
    }

    public static Signature Function(Signature origin, IReadOnlyList<GoType> targs)
    {
        if (origin.TypeParams.Count != targs.Count)
            throw new InvalidOperationException($"Instances.Function: {origin.TypeParams.Count} type parameters, {targs.Count} arguments");
        var sig = (Signature)Subst.Apply(origin, new SubstMap(origin.TypeParams, targs));
        if (ReferenceEquals(sig, origin))
            sig = Subst.Clone(origin);
        sig.TypeParams = [];
        return sig;
    }

    /// <summary>Any of the three.</summary>
    public static GoType Of(GoType origin, IReadOnlyList<GoType> targs) => origin switch
    {
        NamedType t => Named(t, targs),
        AliasType t => Alias(t, targs),
        Signature t => Function(t, targs),
        _ => throw new InvalidOperationException("Instances.Of: cannot instantiate " + origin),
    };

    /// <summary>null, or "not enough type arguments for type T: have 1, want 2".</summary>
    public static string? CheckCount(string name, int want, int got) => got == want ? null
        : $"{(got < want ? "not enough" : "too many")} type arguments for type {name}: have {got}, want {want}";

    /// <summary>Index of the first type argument that does not satisfy its constraint, with the reason, or -1.</summary>
    public static int Verify(TypeEnv env, IReadOnlyList<TypeParam> tparams, IReadOnlyList<GoType> targs, out string cause)
    {
        var map = new SubstMap(tparams, targs);
        for (int i = 0; i < tparams.Count; i++)
        {
            _ = tparams[i].Iface;   // wraps a bound that is no interface
            if (!Relations.Implements(env, targs[i], Subst.Apply(tparams[i].Bound, map), true, out cause))
                return i;
        }
        cause = "";
        return -1;
    }

    /// <summary>A list of types as a dictionary key, compared by identity of types.</summary>
    readonly struct Key(IReadOnlyList<GoType> types) : IEquatable<Key>
    {
        readonly IReadOnlyList<GoType> _types = types;
        readonly int _hash = TypeHasher.HashList(types);

        public bool Equals(Key other)
        {
            if (_types.Count != other._types.Count)
                return false;
            for (int i = 0; i < _types.Count; i++)
                if (!Identical.Same(_types[i], other._types[i]))
                    return false;
            return true;
        }

        public override bool Equals(object? obj) => obj is Key k && Equals(k);
        public override int GetHashCode() => _hash;
    }
}

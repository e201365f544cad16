// Method sets with the way to each method: what interfaces are made from, and what wrappers have to follow.
//
// The set of T has the methods with receiver T, that of *T also those with receiver *T; embedded fields promote theirs. The sets
// are computed by collecting all names reachable and looking each up, so that shadowing and ambiguity have one definition (Lookup).

using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Tuza.Types;

/// <summary>One method of a type's method set: Index leads through embedded fields to the method. Indirect: a pointer is followed on
/// the way (the receiver itself included).</summary>
public sealed record MethodSelection(Func Method, int[] Index, bool Indirect)
{
    /// <summary>Reached through at least one embedded field.</summary>
    public bool IsPromoted => Index.Length > 1;
}

public static class MethodSet
{
    static readonly ConditionalWeakTable<GoType, IReadOnlyList<MethodSelection>> s_cache = [];

    /// <summary>The method set of t (t may be a pointer or an interface), sorted as in interfaces, cached. Ask only for complete types.</summary>
    public static IReadOnlyList<MethodSelection> Of(GoType t)
    {
        t = t.Unalias;
        if (s_cache.TryGetValue(t, out var known))
            return known;
        var made = Compute(t);
        s_cache.AddOrUpdate(t, made);
        return made;
    }

    static List<MethodSelection> Compute(GoType t)
    {
        var result = new List<MethodSelection>();
        if (t.Underlying is InterfaceType iface && t is not TypeParam)
        {
            var methods = iface.TypeSet.Methods;
            for (int i = 0; i < methods.Count; i++)
                result.Add(new(methods[i], [i], false));
            return result;
        }
        var names = new Dictionary<string, (Package? Pkg, string Name)>();
        if (t is not NamedType { Underlying: PointerType })
            Collect(Lookup.Deref(t, out _), names, new(TypeHasher.Instance));
        foreach (var (pkg, name) in names.Values)
        {
            var r = Lookup.FieldOrMethod(t, false, pkg, name);
            if (r.Obj is Func f)
                result.Add(new(f, r.Index!, r.Indirect));
        }
        result.Sort((a, b) => TypeSet.CompareMethods(a.Method, b.Method));
        return result;
    }

    static void Collect(GoType t, Dictionary<string, (Package?, string)> names, HashSet<GoType> seen)
    {
        void Add(Func m)
        {
            if (m.Name != "_")
                names.TryAdd(m.Exported ? m.Name : m.Name + "\0" + m.Pkg?.Path, (m.Pkg, m.Name));
        }

        if (t.Unalias is NamedType n)
        {
            if (!seen.Add(n))
                return;
            foreach (var m in n.Origin.DeclaredMethods)
                Add(m);
        }
        switch (t.Underlying)
        {
            case StructType s:
                foreach (var f in s.Fields)
                    if (f.Embedded)
                        Collect(Lookup.Deref(f.Type, out _), names, seen);
                break;
            case InterfaceType i:
                foreach (var m in i.TypeSet.Methods)
                    Add(m);
                break;
        }
    }
}

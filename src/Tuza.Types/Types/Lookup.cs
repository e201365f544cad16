// Finding a field or method by name in a type, through embedded fields, breadth first.
//
// At each depth all embedded types are looked at; the first depth that has the name decides, and if it has it twice the name is
// ambiguous. A named type seen at a shallower depth is not looked at again (recursive types, shadowing).

using System.Collections.Generic;
using System.Text;

namespace Tuza.Types;

/// <summary>Obj null: not found; then Index non-null means ambiguous, and Indirect means that the method has a pointer receiver
/// and the value is not addressable. The last index counts declared methods (of the origin), all methods of an interface, or fields.</summary>
public readonly record struct LookupResult(Obj? Obj, int[]? Index, bool Indirect);

public static class Lookup
{
    /// <summary>Multiples: the type occurs several times at this depth, so what it holds is ambiguous.</summary>
    sealed class Embedded(GoType type, int[] index, bool indirect, bool multiples)
    {
        public readonly GoType Type = type;
        public readonly int[] Index = index;
        public readonly bool Indirect = indirect;
        public bool Multiples = multiples;
    }

    public static LookupResult FieldOrMethod(GoType t, bool addressable, Package? pkg, string name, bool foldCase = false)
    {
        // A defined pointer type has the fields of its base, but not its methods.
        if (t.Unalias is NamedType n && n.Underlying is PointerType p)
        {
            var r = Find(p, false, pkg, name, foldCase);
            return r.Obj is Func ? default : r;
        }
        return Find(t, addressable, pkg, name, foldCase);
    }

    /// <summary>As FieldOrMethod, except that defined pointer types have nothing.</summary>
    internal static LookupResult Find(GoType t, bool addressable, Package? pkg, string name, bool foldCase)
    {
        if (name == "_")
            return default;
        var start = Deref(t, out bool isPointer);
        if (isPointer && start.Underlying is InterfaceType)
            return default;

        var current = new List<Embedded> { new(start, [], isPointer, false) };
        HashSet<GoType>? seen = null;
        while (current.Count > 0)
        {
            var next = new List<Embedded>();
            Obj? found = null;
            int[]? index = null;
            bool indirect = false;
            foreach (var e in current)
            {
                if (e.Type.Unalias is NamedType named)
                {
                    seen ??= new(TypeHasher.Instance);
                    if (!seen.Add(named))
                        continue;
                    int i = NamedResolver.MethodIndex(named, pkg, name, foldCase);
                    if (i >= 0)
                    {
                        index = [.. e.Index, i];
                        if (found != null || e.Multiples)
                            return new(null, index, false);
                        found = named.Method(i);
                        indirect = e.Indirect;
                        continue;
                    }
                }
                switch (e.Type.Underlying)
                {
                    case StructType s:
                        for (int i = 0; i < s.Fields.Count; i++)
                        {
                            var f = s.Fields[i];
                            if (Predicates.SameId(f, pkg, name, foldCase))
                            {
                                index = [.. e.Index, i];
                                if (found != null || e.Multiples)
                                    return new(null, index, false);
                                found = f;
                                indirect = e.Indirect;
                                continue;
                            }
                            if (found == null && f.Embedded)
                            {
                                var ft = Deref(f.Type, out bool fp);
                                next.Add(new(ft, [.. e.Index, i], e.Indirect || fp, e.Multiples));
                            }
                        }
                        break;
                    case InterfaceType it:
                        {
                            int i = it.TypeSet.IndexOf(pkg, name, foldCase);
                            if (i < 0)
                                break;
                            index = [.. e.Index, i];
                            if (found != null || e.Multiples)
                                return new(null, index, false);
                            found = it.TypeSet.Methods[i];
                            indirect = e.Indirect;
                            break;
                        }
                }
            }
            if (found != null)
            {
                if (found is Func f && HasPtrRecv(f) && !indirect && !addressable)
                    return new(null, null, true);
                return new(found, index, indirect);
            }
            current = Consolidate(next);
        }
        return default;
    }

    /// <summary>Merges entries of identical type into one marked as multiple.</summary>
    static List<Embedded> Consolidate(List<Embedded> list)
    {
        if (list.Count <= 1)
            return list;
        var first = new Dictionary<GoType, Embedded>(TypeHasher.Instance);
        var result = new List<Embedded>();
        foreach (var e in list)
        {
            if (first.TryGetValue(e.Type, out var other))
            {
                other.Multiples = true;
                continue;
            }
            first.Add(e.Type, e);
            result.Add(e);
        }
        return result;
    }

    /// <summary>Base of an unnamed pointer type and true, else the type itself.</summary>
    public static GoType Deref(GoType t, out bool isPointer)
    {
        if (t.Unalias is PointerType p)
        {
            isPointer = true;
            return p.Elem ?? Universe.Invalid;
        }
        isPointer = false;
        return t;
    }

    /// <summary>The struct type behind a (named or unnamed) pointer to a struct, else the type itself.</summary>
    public static GoType DerefStructPtr(GoType t) => t.Underlying is PointerType p && p.Elem.Underlying is StructType ? p.Elem : t;

    /// <summary>"a.b.c" for an index path.</summary>
    public static string FieldPath(GoType t, IReadOnlyList<int> index)
    {
        var b = new StringBuilder();
        foreach (int i in index)
        {
            if (DerefStructPtr(t).Underlying is not StructType s)
                break;
            b.Append(b.Length > 0 ? "." : "").Append(s.Fields[i].Name);
            t = s.Fields[i].Type;
        }
        return b.ToString();
    }

    /// <summary>Whether the receiver is a pointer; known from the declaration's syntax before the signature is checked.</summary>
    public static bool HasPtrRecv(Func method)
    {
        if (method.Type is Signature { Recv.Type: { } recv })
            return Deref(recv, out bool isPointer) is not null && isPointer;
        return method.PtrRecv;
    }
}

// Type sets: what an interface means. Methods, declared and embedded, are kept apart from the terms; the set is the types that have
// all the methods and are in the union of the terms.
//
// Terms. A term T is the set {T}; ~T is all types whose underlying type is T. A term list is a union of disjoint terms, or All.
//
// Invariants.
//   I1. ComparableOnly implies Terms.IsAll: a comparable list of specific types is filtered instead.
//   I2. Methods are sorted: exported names first, then by name, then by package path. Itabs and descriptors rely on it.
//   I3. An interface that is still being declared (Incomplete) answers with the set of all types and nothing is cached.
//
// Sets are computed on demand, possibly by several threads at once (the results are equal, the last one stays); a thread that meets
// an interface it is computing itself sees the set of all types (an invalid cycle, reported elsewhere).

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed class TypeSet
{
    /// <summary>Unions of more terms are refused, as gc does.</summary>
    public const int MaxTermCount = 100;

#pragma warning disable IDE1006 // t_ marks thread statics
    [ThreadStatic] static HashSet<InterfaceType>? t_computing;
#pragma warning restore IDE1006

    /// <summary>All methods, declared and embedded, sorted (exported first, then by name, then by package).</summary>
    public List<Func> Methods = [];
    public TermList Terms = TermList.All;
    /// <summary>Only comparable types are meant; only with Terms.IsAll.</summary>
    public bool ComparableOnly;

    static readonly TypeSet s_top = new();
    /// <summary>The type set of the predeclared comparable.</summary>
    public static TypeSet ComparableSet { get; } = new() { ComparableOnly = true };

    public bool IsEmpty => Terms.IsEmpty;
    public bool IsAll => IsMethodSet && Methods.Count == 0;
    /// <summary>An ordinary interface: nothing but methods.</summary>
    public bool IsMethodSet => !ComparableOnly && Terms.IsAll;
    public bool HasTerms => !Terms.IsEmpty && !Terms.IsAll;

    public int IndexOf(Package? pkg, string name, bool foldCase = false)
    {
        if (name != "_")
            for (int i = 0; i < Methods.Count; i++)
                if (Predicates.SameId(Methods[i], pkg, name, foldCase))
                    return i;
        return -1;
    }

    public Func? Lookup(Package? pkg, string name, bool foldCase = false) =>
        IndexOf(pkg, name, foldCase) is >= 0 and var i ? Methods[i] : null;

    public bool IsComparable(HashSet<GoType>? seen = null)
    {
        if (Terms.IsAll)
            return ComparableOnly;
        return Is(t => t != null && Predicates.ComparableReason(t.Type, false, null, seen) == null);
    }

    public bool SubsetOf(TypeSet other) => Terms.SubsetOf(other.Terms);

    /// <summary>f for each specific term until one says no, or f(null) if there are none.</summary>
    public bool Is(Func<Term?, bool> f)
    {
        if (!HasTerms)
            return f(null);
        foreach (var t in Terms.Items)
            if (!f(t))
                return false;
        return true;
    }

    /// <summary>f(type, underlying type) for each specific term, or f(null, null).</summary>
    public bool All(Func<GoType?, GoType?, bool> f)
    {
        if (!HasTerms)
            return f(null, null);
        foreach (var t in Terms.Items)
            if (!f(t.Type, t.Tilde ? t.Type.Unalias : t.Type.Underlying))
                return false;
        return true;
    }

    public override string ToString() => (ComparableOnly ? "comparable; " : "") + string.Join("; ", Methods.ConvertAll(m => m.Name)) + " " + Terms;

    // ---- computing

    public static TypeSet Of(InterfaceType type) => type.TypeSetCache ?? Compute(type, null, null);

    /// <summary>Computes the type set and reports duplicate methods and oversized unions: report(pos, message, position of the other
    /// declaration or none). Duplicates among embedded interfaces need complete signatures: those checks are handed to later. Without
    /// overlaps (before Go 1.14) they are errors in any case. A caller that wants reports gets them even if the set is known already.</summary>
    public static TypeSet Compute(InterfaceType type, Action<Pos, string, Pos>? report, Action<Action>? later, bool overlaps = true)
    {
        if (report == null && type.TypeSetCache is { } known)
            return known;
        if (type.Incomplete)
            return s_top;
        t_computing ??= new(ReferenceEqualityComparer.Instance);
        if (!t_computing.Add(type))
            return s_top;
        try
        {
            return new Builder(report, later, overlaps).Build(type);
        }
        finally
        {
            t_computing.Remove(type);
        }
    }

    public static TypeSet OfUnion(UnionType union) => new() { Terms = new Builder(null, null, true).UnionTerms(union, default, out _) ?? TermList.Empty };

    public static int CompareMethods(Func a, Func b)
    {
        if (a.Exported != b.Exported)
            return a.Exported ? -1 : 1;
        int c = string.CompareOrdinal(a.Name, b.Name);
        return c != 0 || a.Exported ? c : string.CompareOrdinal(a.Pkg?.Path, b.Pkg?.Path);
    }

    sealed class Builder(Action<Pos, string, Pos>? report, Action<Action>? later, bool overlaps)
    {
        readonly List<Func> _methods = [];
        readonly Dictionary<string, (Func Method, Pos Pos)> _seen = [];

        public TypeSet Build(InterfaceType type)
        {
            foreach (var m in type.Methods)
                AddMethod(m.Pos, m, true);

            var terms = TermList.All;
            bool comparable = false, whole = true;
            for (int i = 0; i < type.Embeddeds.Count; i++)
            {
                Pos pos = i < type.EmbedPos.Count ? type.EmbedPos[i] : default;
                GoType embedded = type.Embeddeds[i];
                TermList part;
                bool partComparable = false;
                switch (embedded.Underlying)
                {
                    case InterfaceType u:
                        var set = Of(u);
                        whole &= u.TypeSetCache != null;
                        partComparable = set.ComparableOnly;
                        foreach (var m in set.Methods)
                            AddMethod(pos, m, false);
                        part = set.Terms;
                        break;
                    case UnionType u:
                        if (UnionTerms(u, pos, out bool unionWhole) is not { } unionTerms)
                            continue;
                        whole &= unionWhole;
                        part = unionTerms;
                        break;
                    default:
                        if (!Predicates.IsValid(embedded.Underlying))
                        {
                            whole &= embedded.Unalias is not NamedType { UnderlyingOrNull: null };
                            continue;
                        }
                        part = new TermList([new Term(false, embedded)]);
                        break;
                }
                (terms, comparable) = Intersect(terms, comparable, part, partComparable);
            }

            _methods.Sort(CompareMethods);
            var result = new TypeSet { Methods = _methods, Terms = terms, ComparableOnly = comparable };
            if (whole)
                type.TypeSetCache = result;
            return result;
        }

        void AddMethod(Pos pos, Func m, bool isExplicit)
        {
            string id = m.Exported ? m.Name : m.Name + "\0" + m.Pkg?.Path;
            if (_seen.TryAdd(id, (m, pos)))
            {
                _methods.Add(m);
                return;
            }
            var (other, otherPos) = _seen[id];
            if (report == null)
                return;
            if (isExplicit)
            {
                report(pos, "duplicate method " + m.Name, otherPos);
                return;
            }
            void Check()
            {
                if (!overlaps || !Identical.Same(m.Sig, other.Sig))
                    report(pos, "duplicate method " + m.Name, otherPos);
            }
            if (later != null)
                later(Check);
            else
                Check();
        }

        /// <summary>The terms of a union, or null when there are too many.</summary>
        public TermList? UnionTerms(UnionType union, Pos pos, out bool whole)
        {
            whole = true;
            var all = TermList.Empty;
            foreach (var t in union.Terms)
            {
                var u = t.Type.Underlying;
                TermList part;
                if (u is InterfaceType ui)
                {
                    part = Of(ui).Terms;
                    whole &= ui.TypeSetCache != null;
                }
                else if (!Predicates.IsValid(u))
                {
                    whole &= t.Type.Unalias is not NamedType { UnderlyingOrNull: null };
                    continue;
                }
                else if (t.Tilde && !Identical.Same(t.Type, u))
                    part = TermList.Empty;   // no type has a defined type as its underlying type
                else
                    part = new TermList([new Term(t.Tilde, t.Type)]);
                all = all.Union(part);
                if (all.Items.Count > MaxTermCount)
                {
                    report?.Invoke(pos, $"cannot handle more than {MaxTermCount} union terms (implementation limitation)", default);
                    return null;
                }
            }
            return all;
        }

        static (TermList, bool) Intersect(TermList x, bool xcomp, TermList y, bool ycomp)
        {
            var terms = x.Intersect(y);
            bool comp = xcomp || ycomp;
            if (comp && !terms.IsAll)
            {
                terms = new TermList(terms.Items.FindAll(t => Predicates.ComparableReason(t.Type, false) == null));
                comp = false;
            }
            return (terms, comp);
        }
    }
}

/// <summary>A type, or with Tilde all types with that underlying type.</summary>
public sealed record Term(bool Tilde, GoType Type)
{
    public bool Includes(GoType t) => Identical.Same(Type, Tilde ? t.Underlying : t);

    public bool Disjoint(Term other)
    {
        var a = other.Tilde ? Type.Underlying : Type;
        var b = Tilde ? other.Type.Underlying : other.Type;
        return !Identical.Same(a, b);
    }

    public bool SubsetOf(Term other) => !Disjoint(other) && (!Tilde || other.Tilde);

    public string Text(Func<GoType, string> text) => (Tilde ? "~" : "") + text(Type);
    public override string ToString() => Text(static t => t.ToString());
}

/// <summary>A union of disjoint terms, or the set of all types.</summary>
public sealed class TermList(List<Term> items, bool isAll = false)
{
    public static readonly TermList All = new([], true);
    public static readonly TermList Empty = new([]);

    public List<Term> Items { get; } = items;
    public bool IsAll { get; } = isAll;
    public bool IsEmpty => !IsAll && Items.Count == 0;

    public TermList Union(TermList other)
    {
        if (IsAll || other.IsAll)
            return All;
        return new TermList(Normal([.. Items, .. other.Items]));
    }

    public TermList Intersect(TermList other)
    {
        if (IsAll)
            return other;
        if (other.IsAll)
            return this;
        var list = new List<Term>();
        foreach (var x in Items)
            foreach (var y in other.Items)
                if (!x.Disjoint(y))
                    list.Add(!x.Tilde || y.Tilde ? x : y);
        return new TermList(Normal(list));
    }

    public bool Includes(GoType t) => IsAll || Items.Exists(x => x.Includes(t));

    public bool SubsetOf(TermList other)
    {
        if (other.IsAll)
            return true;
        return !IsAll && Items.TrueForAll(x => other.Items.Exists(x.SubsetOf));
    }

    public bool EqualTo(TermList other) => ReferenceEquals(this, other) || SubsetOf(other) && other.SubsetOf(this);

    /// <summary>Joins overlapping terms: of T and ~T the wider one stays, in the place of the first.</summary>
    static List<Term> Normal(List<Term> list)
    {
        var result = new List<Term>();
        var used = new bool[list.Count];
        for (int i = 0; i < list.Count; i++)
        {
            if (used[i])
                continue;
            var x = list[i];
            for (int j = i + 1; j < list.Count; j++)
                if (!used[j] && !x.Disjoint(list[j]))
                {
                    if (!x.Tilde && list[j].Tilde)
                        x = list[j];
                    used[j] = true;
                }
            result.Add(x);
        }
        return result;
    }

    public string Text(Func<GoType, string> text)
    {
        if (IsAll)
            return "𝓤";
        if (Items.Count == 0)
            return "∅";
        var b = new StringBuilder();
        foreach (var t in Items)
            b.Append(b.Length > 0 ? " | " : "").Append(t.Text(text));
        return b.ToString();
    }

    public override string ToString() => Text(static t => t.ToString());
}

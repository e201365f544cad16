namespace Tuza.Types;
using System; using System.Collections.Generic; using Tuza.Syntax;
public sealed class TypeSet
{
    /// <summary>All methods, declared and embedded, sorted (exported first, then by name, then by package).</summary>
    public List<Func> Methods = [];
    public TermList Terms = TermList.All;
    /// <summary>Only comparable types are meant; only with Terms.IsAll.</summary>
    public bool ComparableOnly;
    public bool IsEmpty => throw new NotImplementedException();
    public bool IsAll => throw new NotImplementedException();
    public bool IsMethodSet => throw new NotImplementedException();
    public bool HasTerms => throw new NotImplementedException();
    public static TypeSet ComparableSet => null!;
    /// <summary>The type set, computed once the interface is complete.</summary>
    public static TypeSet Of(InterfaceType type) => throw new NotImplementedException();
    /// <summary>Computes the type set and reports duplicate methods and oversized unions: report(pos, message, otherPos or none). Duplicates among
    /// embedded interfaces need complete signatures: those checks are handed to later.</summary>
    public static TypeSet Compute(InterfaceType type, Action<Pos, string, Pos>? report, Action<Action>? later) => throw new NotImplementedException();
    public int IndexOf(Package? pkg, string name, bool foldCase = false) => throw new NotImplementedException();
    public Func? Lookup(Package? pkg, string name, bool foldCase = false) => throw new NotImplementedException();
    public bool IsComparable(HashSet<GoType>? seen = null) => throw new NotImplementedException();
    public bool SubsetOf(TypeSet other) => throw new NotImplementedException();
    /// <summary>f for each specific term, or f(null) if there are none.</summary>
    public bool Is(Func<Term?, bool> f) => throw new NotImplementedException();
    public bool All(Func<GoType?, GoType?, bool> f) => throw new NotImplementedException();
}
/// <summary>A type, or with Tilde all types with that underlying type.</summary>
public sealed record Term(bool Tilde, GoType Type)
{
    public bool Includes(GoType t) => throw new NotImplementedException();
    public bool Disjoint(Term other) => throw new NotImplementedException();
}
public sealed class TermList { public static readonly TermList All = new(); }

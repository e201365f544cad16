namespace Tuza.Types;
using System; using System.Collections.Generic;
/// <summary>Obj null: not found; then Index non-null means ambiguous, and Indirect means that the method has a pointer receiver.</summary>
public readonly record struct LookupResult(Obj? Obj, int[]? Index, bool Indirect);
public static class Lookup
{
    public static LookupResult FieldOrMethod(GoType t, bool addressable, Package? pkg, string name, bool foldCase = false) => throw new NotImplementedException();
    /// <summary>Base of an unnamed pointer type and true, else the type itself.</summary>
    public static GoType Deref(GoType t, out bool isPointer) => throw new NotImplementedException();
    public static GoType DerefStructPtr(GoType t) => throw new NotImplementedException();
    /// <summary>"a.b.c" for an index path.</summary>
    public static string FieldPath(GoType t, IReadOnlyList<int> index) => throw new NotImplementedException();
    public static bool HasPtrRecv(Func method) => throw new NotImplementedException();
}

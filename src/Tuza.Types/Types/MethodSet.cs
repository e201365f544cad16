namespace Tuza.Types;
using System; using System.Collections.Generic;
/// <summary>One method of a type's method set: Index leads through embedded fields to the method.</summary>
public sealed record MethodSelection(Func Method, int[] Index, bool Indirect);
public static class MethodSet
{
    /// <summary>The method set of t (t may be a pointer), sorted as in interfaces, cached.</summary>
    public static IReadOnlyList<MethodSelection> Of(GoType t) => throw new NotImplementedException();
}

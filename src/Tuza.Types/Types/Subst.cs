namespace Tuza.Types;
using System; using System.Collections.Generic;
public sealed class SubstMap
{
    public SubstMap(IReadOnlyList<TypeParam> from, IReadOnlyList<GoType?> to) => throw new NotImplementedException();
}
public static class Subst
{
    /// <summary>type with the parameters in map replaced; the same object when none occurs.</summary>
    public static GoType Apply(GoType type, SubstMap map) => throw new NotImplementedException();
    /// <summary>Fresh type parameters (for self-recursive inference) and the type renamed to use them.</summary>
    public static (List<TypeParam> Params, GoType Type) Rename(List<TypeParam> tparams, GoType type) => throw new NotImplementedException();
    public static bool IsParameterized(IReadOnlyList<TypeParam> tparams, GoType type) => throw new NotImplementedException();
    /// <summary>Whether any type parameter at all occurs in the type (a function body with it needs instantiation).</summary>
    public static bool HasTypeParam(GoType type) => throw new NotImplementedException();
}

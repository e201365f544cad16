namespace Tuza.Types;
using System; using System.Collections.Generic; using Tuza.Syntax;
public static class Instances
{
    /// <summary>The one instance object for origin and identical arguments; expanded lazily. The number of arguments must be right, or the instance
    /// is invalid (underlying type Invalid).</summary>
    public static NamedType Named(NamedType origin, IReadOnlyList<GoType> targs) => throw new NotImplementedException();
    public static GoType Alias(AliasType origin, IReadOnlyList<GoType> targs) => throw new NotImplementedException();
    public static Signature Function(Signature origin, IReadOnlyList<GoType> targs) => throw new NotImplementedException();
    /// <summary>Any of the three.</summary>
    public static GoType Of(GoType origin, IReadOnlyList<GoType> targs) => throw new NotImplementedException();
    /// <summary>null, or "not enough type arguments for type T: have 1, want 2".</summary>
    public static string? CheckCount(string name, int want, int got) => throw new NotImplementedException();
    /// <summary>Index of the first type argument that does not satisfy its constraint, with the reason, or -1.</summary>
    public static int Verify(TypeEnv env, IReadOnlyList<TypeParam> tparams, IReadOnlyList<GoType> targs, out string cause) => throw new NotImplementedException();
}

namespace Tuza.Types;
using System; using System.Collections.Generic;
public static class Identical
{
    public static bool Same(GoType? x, GoType? y, bool ignoreTags = false) => throw new NotImplementedException();
    public static bool SameOrigin(NamedType x, NamedType y) => throw new NotImplementedException();
}
public sealed class TypeHasher : IEqualityComparer<GoType>
{
    public static readonly TypeHasher Instance = new();
    public bool Equals(GoType? x, GoType? y) => Identical.Same(x, y);
    public int GetHashCode(GoType t) => throw new NotImplementedException();
}

namespace Tuza.Types;
public static class NamedResolver
{
    public static GoType Underlying(NamedType type) => type.UnderlyingOrNull ?? Universe.Invalid;
    /// <summary>Like Underlying, but null instead of computing anything when it is not known yet.</summary>
    public static GoType? SafeUnderlying(GoType type) => type is NamedType n ? n.UnderlyingOrNull : type.Underlying;
    public static Func Method(NamedType type, int i) => type.DeclaredMethods[i];
    public static InterfaceType ConstraintInterface(TypeParam type) => (InterfaceType)type.Bound;
}

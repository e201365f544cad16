// Lazy completion of named types: underlying types and methods of instances.

namespace Tuza.Types;

public static class NamedResolver
{
    public static GoType Underlying(NamedType type) => type.UnderlyingOrNull ?? Universe.Invalid;
    public static Func Method(NamedType type, int i) => type.DeclaredMethods[i];
    public static InterfaceType ConstraintInterface(TypeParam type) => (InterfaceType)type.Bound;
}

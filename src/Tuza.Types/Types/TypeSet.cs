// Type sets of interfaces.

namespace Tuza.Types;

public sealed class TypeSet
{
    public static TypeSet Of(InterfaceType type) => throw new System.InvalidOperationException(type.ToString());
}

// Types as text.

namespace Tuza.Types;

public static class TypeWriter
{
    public static string Write(GoType type, Package? relativeTo) => type.GetType().Name + relativeTo;
}

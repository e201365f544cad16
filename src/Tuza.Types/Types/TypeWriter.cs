namespace Tuza.Types;
using System; using System.Text;
public sealed class TypeWriter
{
    public Func<Package, string> Qualifier = null!;
    public bool ParamNames = true;
    public TypeWriter Type(GoType t) => throw new NotImplementedException();
    /// <summary>`(x int, y string) error`, without the word func.</summary>
    public TypeWriter Signature(Signature s) => throw new NotImplementedException();
    public static string Write(GoType type, Package? relativeTo) => throw new NotImplementedException();
    /// <summary>Unique over the whole program: full package paths, local types disambiguated by `·N`.</summary>
    public static string LinkName(GoType type) => throw new NotImplementedException();
    /// <summary>As reflect.Type.String prints it.</summary>
    public static string ReflectName(GoType type) => throw new NotImplementedException();
    /// <summary>`func (T) m()`, `var x int`, `type T struct{}`, as types2 prints objects.</summary>
    public static string ObjectString(Obj obj, Func<Package, string>? qualifier) => throw new NotImplementedException();
}

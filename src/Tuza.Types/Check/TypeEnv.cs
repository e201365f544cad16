// Where a question about types is asked: the package (for qualifying names in messages), the sizes of the target (for int and
// uintptr constants) and the language version of the current file. The checker owns one and passes it to every relation that can
// fail with a message.

using System.Collections.Generic;

namespace Tuza.Types;

public sealed class TypeEnv(Package? package, Sizes sizes)
{
    public const int NewestMinor = 27;

    Dictionary<string, HashSet<string>>? _pathsByName;

    public Package? Package { get; } = package;
    public Sizes Sizes { get; } = sizes;

    /// <summary>Language version 1.N in force at the place being checked.</summary>
    public int GoMinor = NewestMinor;

    public bool AllowVersion(int minor) => GoMinor >= minor;

    public string Text(GoType? type) => type == null ? "nil" : new TypeWriter { Qualifier = Qualify }.Type(type).ToString();
    public string Text(Obj obj) => TypeWriter.ObjectString(obj, Qualify);
    public string Text(Operand x) => x.ToString(this);

    /// <summary>The prefix that names of <paramref name="pkg"/> get in messages: none at home, the path where names clash.</summary>
    public string Qualify(Package pkg)
    {
        if (ReferenceEquals(pkg, Package))
            return "";
        if (Package == null)
            return pkg.Name;
        if (_pathsByName == null)
        {
            _pathsByName = [];
            MarkImports(Package, _pathsByName, []);
        }
        return _pathsByName.TryGetValue(pkg.Name, out var paths) && paths.Count > 1 ? $"\"{pkg.Path}\"" : pkg.Name;
    }

    static void MarkImports(Package pkg, Dictionary<string, HashSet<string>> map, HashSet<Package> seen)
    {
        if (!seen.Add(pkg))
            return;
        if (!map.TryGetValue(pkg.Name, out var paths))
            map.Add(pkg.Name, paths = []);
        paths.Add(pkg.Path);
        foreach (var imported in pkg.Imports)
            MarkImports(imported, map, seen);
    }
}

// What the analyzers look at: the typed packages named on the command line, and those of the same modules that they import.
//
// A package is read with function bodies when its source belongs to the analysed modules; of all others only the declarations are known, and
// what analyzers must know of their functions stands in tables. Analyzers never change anything here.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>One package with what the loader knows about it. GoVersion: the language version of its module ("go1.27").</summary>
public sealed record VetPackage(Package Pkg, string ImportPath, string GoVersion, bool IsRoot)
{
    public TypeInfo Info => Pkg.Info;

    /// <summary>The N of go1.N; 99 when it is not said.</summary>
    public int GoMinor => GoVersion.StartsWith("go1.", System.StringComparison.Ordinal) && int.TryParse(GoVersion[4..].Split('.', 'r', 'b')[0], out int n) ? n : 99;
}

/// <summary>All packages with bodies, dependencies first.</summary>
public sealed class VetProgram
{
    readonly Dictionary<Func, (VetPackage Package, FuncDecl Decl)> _functions = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Package, VetPackage> _byPackage = new(ReferenceEqualityComparer.Instance);

    public VetProgram(IReadOnlyList<VetPackage> packages)
    {
        Packages = packages;
        foreach (VetPackage p in packages)
        {
            _byPackage[p.Pkg] = p;
            foreach (FileNode file in p.Pkg.Files)
            {
                foreach (Decl d in file.Decls)
                {
                    if (d is FuncDecl { Body: not null } f && p.Info.Defs.GetValueOrDefault(f.Name) is Func obj)
                        _functions[obj.Origin] = (p, f);
                }
            }
        }
    }

    public IReadOnlyList<VetPackage> Packages { get; }

    public IEnumerable<KeyValuePair<Func, (VetPackage Package, FuncDecl Decl)>> Functions => _functions;

    /// <summary>The declaration of a function whose body is at hand.</summary>
    public (VetPackage Package, FuncDecl Decl)? DeclOf(Func f) => _functions.TryGetValue(f.Origin, out var d) ? d : null;

    public VetPackage? PackageOf(Package p) => _byPackage.GetValueOrDefault(p);
}

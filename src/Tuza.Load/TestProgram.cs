// Test binaries: the package under test with its _test.go files, the external test package, and a generated main.
//
// The package with its test files stands in for the package itself in the whole program, so every package between it and the tests is
// taken as a variant of its own with changed imports; the parsed files are shared.

using System.Collections.Generic;
using System.Linq;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>What one `tuza test` program is made of. Packages: everything, dependencies first; Main is the last.</summary>
public sealed record TestProgram(LoadedPackage Tested, LoadedPackage? Main, List<LoadedPackage> Packages, List<string> Errors)
{
    /// <summary>False: the package has no test files.</summary>
    public bool HasTests => Main != null;
}

public sealed partial class Loader
{
    /// <summary>What the generated main imports by itself.</summary>
    static readonly string[] s_mainImports = ["os", "reflect", "testing", "testing/internal/testdeps"];

    /// <summary>Builds the test program of a root that was loaded with LoadOptions.Tests.</summary>
    public TestProgram TestOf(LoadedPackage p)
    {
        List<string> errors = [];
        if (p.TestFiles.Count + p.ExternalTestFiles.Count == 0)
            return new TestProgram(p, null, [], p.Error != null ? [p.Error] : errors);
        foreach (string path in s_mainImports)
            Need(path, null);
        Run();

        Dictionary<LoadedPackage, LoadedPackage> variants = [];
        LoadedPackage tested = p;
        if (p.TestFiles.Count > 0)
        {
            tested = p.Variant(p.ImportPath, withTestFiles: true);
            if (tested.Name == "")
                tested.Name = p.TestFiles[0].PackageName.Name;
            variants[p] = tested;
            foreach ((string path, LoadedPackage q) in Imported(p.TestFiles, p.TestImports))
                tested.Imports[path] = q;
        }
        foreach (ImportError e in p.TestImportErrors)
            errors.Add($"{_paths.Short(e.Pos.File!.Path)}:{e.Pos.Line}:{e.Pos.Column}: {e.Text}");

        LoadedPackage? external = null;
        if (p.ExternalTestFiles.Count > 0)
        {
            external = new LoadedPackage
            {
                ImportPath = p.ImportPath + "_test",
                Name = p.ExternalTestFiles[0].PackageName.Name,
                Dir = p.Dir,
                IsStd = p.IsStd,
                Module = p.Module,
                GoVersion = p.GoVersion,
                ForTest = p.ImportPath,
                Imports = Imported(p.ExternalTestFiles, p.TestImports).ToDictionary(),
            };
            external.Files.AddRange(p.ExternalTestFiles);
            foreach ((string pattern, List<string> files) in p.Embeds)
                external.Embeds[pattern] = files;
            foreach (Diagnostic d in p.Diagnostics.List)
            {
                if (p.ExternalTestFiles.Exists(f => f.Source.Id == d.Pos.FileId))
                    external.Diagnostics.List.Add(d);
            }
        }

        LoadedPackage main = TestMain.Generate(tested, external, p, errors);
        main.Godebug = p.IsStd ? "" : GodebugOf([.. p.Files, .. p.TestFiles, .. p.ExternalTestFiles]);
        foreach (string path in main.Files[0].Decls.OfType<ImportDecl>().Select(d => GoText.Unquote(d.Path.Text)!))
        {
            if (external != null && path == external.ImportPath)
                main.Imports[path] = external;
            else if (path == p.ImportPath)
                main.Imports[path] = tested;
            else if (_packages.TryGetValue(path, out LoadedPackage? q))
                main.Imports[path] = q;
            else
                errors.Add($"package {path} is not in std");
        }

        if (tested != p)
        {
            Dictionary<LoadedPackage, bool> depends = new() { [p] = true, [tested] = true };
            Retarget(tested, p, variants, depends);
            if (external != null)
                Retarget(external, p, variants, depends);
            Retarget(main, p, variants, depends);
        }
        GraphCheck check = new(_paths, _modules, _options);
        List<LoadedPackage> roots = [];
        foreach (string path in _options.Implicit)
        {
            if (_packages.TryGetValue(path, out LoadedPackage? q))
                roots.Add(variants.GetValueOrDefault(q, q));
        }
        roots.Add(main);
        List<LoadedPackage> sorted = check.Sort(roots);
        errors.AddRange(check.Errors);
        return new TestProgram(p, main, sorted, errors);
    }

    static Dictionary<string, LoadedPackage> Imported(List<FileNode> files, Dictionary<string, LoadedPackage> from)
    {
        Dictionary<string, LoadedPackage> map = [];
        foreach (FileNode f in files)
        {
            foreach (Decl d in f.Decls)
            {
                if (d is ImportDecl i && GoText.Unquote(i.Path.Text) is { } path && from.TryGetValue(path, out LoadedPackage? q))
                    map[path] = q;
            }
        }
        return map;
    }

    /// <summary>Replaces imports of the package under test, directly or in variants of the packages between.</summary>
    static void Retarget(LoadedPackage p, LoadedPackage tested, Dictionary<LoadedPackage, LoadedPackage> variants, Dictionary<LoadedPackage, bool> depends)
    {
        foreach (string path in p.SortedImports())
        {
            LoadedPackage q = p.Imports[path];
            if (variants.TryGetValue(q, out LoadedPackage? variant))
                p.Imports[path] = variant;
            else if (DependsOn(q, depends) && q.ForTest == "")
            {
                variant = q.Variant(tested.ImportPath, withTestFiles: false);
                variants[q] = variant;
                p.Imports[path] = variant;
                Retarget(variant, tested, variants, depends);
            }
        }
    }

    static bool DependsOn(LoadedPackage p, Dictionary<LoadedPackage, bool> depends)
    {
        if (depends.TryGetValue(p, out bool known))
            return known;
        depends[p] = false;
        bool any = false;
        foreach (LoadedPackage q in p.Imports.Values)
            any |= DependsOn(q, depends);
        return depends[p] = any;
    }
}

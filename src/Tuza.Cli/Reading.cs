// Programs that are looked at, not compiled: loaded with the go command's choice of files for some GOARCH, and type-checked.
//
// Function bodies of packages outside the main module are left unchecked, unless such a package is named itself.

using System;
using System.Collections.Generic;
using Tuza.Load;
using Tuza.Types;
using Tuza.Vet;

namespace Tuza.Cli;

/// <summary>A checked program for layout and vet.</summary>
sealed record Reading(List<CheckedPackage> Packages, HashSet<LoadedPackage> Roots, bool Broken)
{
    /// <summary>Loads and checks; null after errors, which are printed. goOn: packages with errors are printed and left out.</summary>
    public static Reading? Load(Session session, IReadOnlyList<string> arguments, string goarch, bool bodies, bool goOn = false)
    {
        Loader loader = session.NewReader(goarch);
        LoadResult loaded = loader.Load(arguments);
        session.Steps.Done($"loaded {loaded.Packages.Count} packages");
        if (Session.Report(loaded, loader) && !goOn)
            return null;
        HashSet<LoadedPackage> roots = [.. loaded.Roots];
        List<CheckedPackage> all = Check(loaded, roots, goarch, bodies);
        session.Steps.Done("checked them");
        bool failed = false;
        foreach (CheckedPackage c in all)
        {
            if (!c.Sink.HasErrors)
                continue;
            failed = true;
            Driver.Write(Console.Error, Driver.Header(c.Loaded) + "\n" + CompileErrors.Format(c.Sink.List, all: false));
        }
        return failed && !goOn ? null : new Reading(all.FindAll(c => !c.Failed), roots, failed || loaded.Errors.Count > 0);
    }

    /// <summary>Type-checks what was loaded, errors and all.</summary>
    public static List<CheckedPackage> Check(LoadResult loaded, HashSet<LoadedPackage> roots, string goarch, bool bodies) => Checking.Run(loaded.Packages, p => new CheckOptions
    {
        GoVersion = p.GoVersion,
        IsStd = p.IsStd,
        GoArch = goarch,
        Complete = !p.HasAsm && !p.IsStd,
        IgnoreFuncBodies = !bodies || !(roots.Contains(p) || p.Module is { IsMain: true } || p.IsCommandLine),
    }, p => p.LinkPath);

    public VetProgram ToProgram()
    {
        List<VetPackage> list = [];
        foreach (CheckedPackage c in Packages)
        {
            if (!c.BodiesLeft)
                list.Add(new VetPackage(c.Package!, c.Loaded.ImportPath, c.Loaded.GoVersion, Roots.Contains(c.Loaded)));
        }
        return new VetProgram(list);
    }
}

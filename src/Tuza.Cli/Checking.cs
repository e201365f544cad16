// Type-checks the packages of a build, dependencies first, several at a time.
//
// A package is ready when all that it imports has been checked; it is skipped when one of them had errors. What the checker needs of
// other packages it gets by the import maps of the loader, so that one import path can mean different packages (vendoring, tests).

using System;
using System.Collections.Generic;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Cli;

/// <summary>A package with what the checker said about it.</summary>
sealed class CheckedPackage(LoadedPackage loaded)
{
    public LoadedPackage Loaded { get; } = loaded;
    public Package? Package { get; set; }
    public DiagnosticSink Sink { get; } = new();

    /// <summary>The bodies of its functions are checked only when somebody needs one of them.</summary>
    public bool BodiesLeft { get; set; }

    /// <summary>A package that it imports has errors: not checked at all.</summary>
    public bool Skipped { get; set; }
    public bool Failed => Skipped || Sink.HasErrors || Package == null;
}

/// <summary>Checks a whole build.</summary>
sealed class Checking
{
    readonly Dictionary<LoadedPackage, CheckedPackage> _all = [];
    readonly Func<LoadedPackage, CheckOptions> _optionsOf;
    readonly Func<LoadedPackage, string> _pathOf;

    Checking(Func<LoadedPackage, CheckOptions> optionsOf, Func<LoadedPackage, string> pathOf)
    {
        _optionsOf = optionsOf;
        _pathOf = pathOf;
    }

    /// <summary>Checks packages given dependencies first; the result is in the same order. optionsOf leaves the importer to this class.</summary>
    public static List<CheckedPackage> Run(List<LoadedPackage> packages, Func<LoadedPackage, CheckOptions> optionsOf, Func<LoadedPackage, string> pathOf)
    {
        Checking c = new(optionsOf, pathOf);
        foreach (LoadedPackage p in packages)
            c._all[p] = new CheckedPackage(p);
        Schedule.Run(packages, "checking", parallel: true, p => c.Check(c._all[p]));
        return packages.ConvertAll(p => c._all[p]);
    }

    void Check(CheckedPackage c)
    {
        LoadedPackage p = c.Loaded;
        foreach (LoadedPackage q in p.Imports.Values)
        {
            if (_all.TryGetValue(q, out CheckedPackage? import) && import.Failed)
            {
                c.Skipped = true;
                return;
            }
        }
        c.Sink.List.AddRange(p.Diagnostics.List);
        if (CompileErrors.HasSyntaxError(c.Sink))
            return;
        CheckOptions options = _optionsOf(p);
        options.Importer = new ImporterOf(p, _all);
        c.BodiesLeft = options.IgnoreFuncBodies;
        c.Package = Checker.Check(_pathOf(p), p.Files, options, c.Sink);
        if (c.Sink.HasErrors)
            return;
        foreach (FileNode f in p.Files)
            Pragmas.Check(f, c.Sink);
    }

    sealed class ImporterOf(LoadedPackage loaded, Dictionary<LoadedPackage, CheckedPackage> all) : IImporter
    {
        public Package? Import(string path, Package from, out string error)
        {
            error = "";
            if (loaded.Imports.TryGetValue(path, out LoadedPackage? p) && all.TryGetValue(p, out CheckedPackage? c) && c.Package != null)
                return c.Package;
            error = path == "main" ? "cannot import \"main\""
                : path == from.Path ? $"import {GoText.Quote(path)} while compiling that package (import cycle)"
                : path.StartsWith('/') ? "import path cannot be absolute path"
                : "open : no such file or directory";
            return null;
        }
    }
}

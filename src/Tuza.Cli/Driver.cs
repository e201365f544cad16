// From loaded packages to a compilation without errors, or to the errors printed.
//
//   Load ─ packages ─▶ Checking ─ typed packages ─▶ Backend (IR, passes, lowering, emit) ─ images ─▶ host
//
// Errors come per package under a line `# import/path`; packages that import a faulty one are left out silently, as go build does.

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Emit;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Cli;

/// <summary>A checked build: every package, dependencies first.</summary>
sealed record Compilation(Session Session, List<CheckedPackage> Packages, HashSet<LoadedPackage> Roots);

/// <summary>Checks builds and prints what is wrong.</summary>
static class Driver
{
    /// <summary>Type-checks everything; null when there were errors, which are printed then.</summary>
    public static Compilation? Check(Session session, IReadOnlyList<LoadedPackage> roots, List<LoadedPackage> packages, bool compileOnly = false)
    {
        session.Steps.Done($"loaded {packages.Count} packages");
        HashSet<LoadedPackage> rootSet = [.. roots];
        ImageCache cache = new();
        bool aloneWithoutImages = compileOnly && session.Flags.For(roots[0], isRoot: true).Optimizations == 0;
        string PathOf(LoadedPackage p) => compileOnly && rootSet.Contains(p) ? session.Flags.For(p, true).PackagePath : p.LinkPath;
        List<CheckedPackage> all = Checking.Run(packages, p =>
        {
            GcFlags flags = session.Flags.For(p, rootSet.Contains(p));
            CheckOptions options = OptionsOf(flags, p, compileOnly && rootSet.Contains(p));
            options.IgnoreFuncBodies = aloneWithoutImages ? !rootSet.Contains(p) : !session.Flags.Rebuild && Backend.IsCached(p, PathOf(p), flags, cache, rootSet.Contains(p), session.Flags.InliningBelow(p, rootSet.Contains));
            return options;
        }, PathOf);
        session.Steps.Done("checked them");
        bool failed = false;
        foreach (CheckedPackage c in all)
        {
            if (c.Loaded.Name == "main" && rootSet.Contains(c.Loaded) && !compileOnly && !c.Failed && !HasMain(c))
                c.Sink.Error(Pos.None, "runtime.main_main·f: function main is undeclared in the main package");
            if (!c.Sink.HasErrors)
                continue;
            failed = true;
            GcFlags flags = session.Flags.For(c.Loaded, rootSet.Contains(c.Loaded));
            string text = CompileErrors.Format(c.Sink.List, flags.AllErrors);
            Write(Console.Error, (compileOnly ? "" : "# " + c.Loaded + "\n") + text);
        }
        return failed ? null : new Compilation(session, all, rootSet);
    }

    static CheckOptions OptionsOf(GcFlags flags, LoadedPackage p, bool compileOnly) => new()
    {
        GoVersion = flags.Lang != "" ? flags.Lang : compileOnly ? "go1." + BuildContext.GoMinor : p.GoVersion,
        IsStd = p.IsStd,
        Complete = compileOnly ? flags.Complete : !p.HasAsm,
    };

    static bool HasMain(CheckedPackage c) => c.Package!.Scope.Lookup("main") is Func;

    /// <summary>Console writers are for text that is already decided: one write, so that lines of processes do not mix.</summary>
    public static void Write(System.IO.TextWriter to, string text)
    {
        if (to == Console.Out)
            Terminal.End();
        to.Write(text);
        to.Flush();
    }

    /// <summary>The name a package has in a header line, for messages made elsewhere.</summary>
    public static string Header(LoadedPackage p) => new StringBuilder("# ").Append(p).ToString();

    /// <summary>Programs need package main; anything else is said so.</summary>
    public static LoadedPackage ProgramOf(LoadResult loaded)
    {
        if (loaded.Roots.Count == 0)
            throw new ExitException(1, "go: no packages loaded");
        if (loaded.Roots.Count > 1)
            throw new ExitException(1, "go: pattern matches multiple packages");
        LoadedPackage root = loaded.Roots[0];
        if (root.Name != "main")
            throw new ExitException(1, $"package {root.ImportPath} is not a main package");
        return root;
    }
}

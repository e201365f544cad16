// tuza build: compile packages; a program becomes an executable launcher of its images.
//
// With -gcflags=-p=PATH, other than main, listed files are only compiled, as a package of that path: nothing is linked.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Load;

namespace Tuza.Cli;

static class BuildCommand
{
    public static int Run(List<string> args)
    {
        BuildFlags build = new();
        // Flags may also follow the packages here.
        Flags flags = build.Register(new Flags("build")).Bool("json", _ => { }, "").Bool("v", _ => { }, "print the names of packages").Bool("i", _ => { }, "");
        List<string> rest = flags.Parse(args);
        Session session = Session.Start(build);
        string path = build.ForRoots().PackagePath;
        bool files = rest.Count > 0 && rest[0].EndsWith(".go", StringComparison.Ordinal);
        bool compileOnly = files && path is not ("" or "main");
        Loader loader = session.NewLoader(compileOnly: compileOnly);
        LoadResult loaded = loader.Load(rest);
        if (compileOnly ? ReportFiles(loaded) : Session.Report(loaded, loader))
            return 1;
        if (Driver.Check(session, loaded.Roots, loaded.Packages, compileOnly) is not { } compilation)
            return 1;
        if (compileOnly)
            return Backend.CompileOnly(compilation, loaded.Roots[0]);
        List<LoadedPackage> programs = loaded.Roots.FindAll(p => p.Name == "main");
        if (build.Output == "" && (programs.Count != 1 || loaded.Roots.Count != 1))
            return Backend.CompileOnly(compilation, null);
        if (programs.Count == 0)
            return Backend.CompileOnly(compilation, null);
        foreach (LoadedPackage program in programs)
        {
            int code = Backend.Build(compilation, program, OutputOf(build.Output, program, loaded.Roots.Count, files ? rest[0] : null, session.WorkDir));
            if (code != 0)
                return code;
        }
        return 0;
    }

    static bool ReportFiles(LoadResult loaded)
    {
        foreach (string error in loaded.Errors)
            Console.Error.WriteLine(error);
        return loaded.Errors.Count > 0;
    }

    static string OutputOf(string output, LoadedPackage program, int roots, string? firstFile, string workDir)
    {
        string name = firstFile != null ? Path.GetFileNameWithoutExtension(firstFile) : Path.GetFileName(program.ImportPath);
        if (output == "")
            return Path.Combine(workDir, name);
        output = Path.Combine(workDir, output);
        return roots > 1 || output.EndsWith('/') || Directory.Exists(output) ? Path.Combine(output, name) : output;
    }
}

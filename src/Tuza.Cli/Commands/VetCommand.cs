// tuza vet: findings about memory in the source of packages.
//
// Text goes to standard error under `# import/path` lines, JSON and diffs to standard output. Exit code: 1 when there are findings (notes do not
// count), or with -json and -sarif only if -exit is given. With -fix the source is looked at again until there is nothing to mend: what is reported is left.

using System;
using System.Collections.Generic;
using Tuza.Inspect;
using Tuza.Syntax;
using Tuza.Vet;

namespace Tuza.Cli;

static class VetCommand
{
    const int MaxRounds = 5;

    internal sealed class Options
    {
        public bool Fix, Diff, Json, Exit, Force;
        public string Sarif = "", Only = "";
    }

    public static Flags Register(BuildFlags build, Options o) => build.Register(new Flags("vet"))
        .Bool("fix", b => o.Fix = b, "mend what can be mended, in the source")
        .Bool("diff", b => o.Diff = b, "with or without -fix: only print what it would change, as a diff")
        .Bool("json", b => o.Json = b, "print JSON in the shape of go vet -json")
        .Text("sarif", s => o.Sarif = s, "write a SARIF 2.1.0 log to this file (- is standard output)")
        .Bool("f", b => o.Force = b, "overwrite that file")
        .Bool("exit", b => o.Exit = b, "exit with 1 on findings also with -json and -sarif")
        .Text("only", s => o.Only = s, "rules to run, separated by commas: names (SUBSTR) or categories (retain/substring)");

    public static int Run(List<string> args)
    {
        Options options = new();
        BuildFlags build = new();
        List<string> rest = Register(build, options).ParseAnywhere(args);
        List<Rule> rules = [];
        foreach (string name in options.Only.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            rules.Add(Rules.Find(name) ?? throw new UsageException($"tuza vet: no rule {name}\nRun 'tuza help vet' for the rules."));
        if (rules.Count == 0)
            rules.AddRange(Rules.All);
        Session session = Session.Start(build);
        OutputFile.Check(options.Sarif, options.Force, "-sarif");
        string arch = Environment.GetEnvironmentVariable("GOARCH") is { Length: > 0 } a ? a : "amd64";
        if (Types.Sizes.ForArch(arch) == null)
            throw new UsageException($"tuza vet: unknown GOARCH {arch}");
        for (int round = 1; ; round++)
        {
            if (Reading.Load(session, rest, arch, bodies: true, goOn: true) is not { } reading)
                return 1;
            bool broken = reading.Broken;
            List<Finding> more = rules.Exists(r => r.Name == "NOALLOC") && !broken ? Promises(session, reading, rest) : [];
            var found = Rules.Run(reading.ToProgram(), rules, more);
            session.Steps.Done("analysed");
            // What is mended can uncover more, and fixes that meet wait for each other.
            if (options.Fix && !options.Diff && round < MaxRounds && Mend(found))
                continue;
            return Report(options, found, session) || broken ? 1 : 0;
        }
    }

    /// <summary>What is wrong with the promises of functions marked //tuza:noalloc.</summary>
    internal static List<Finding> Promises(Session session, Reading reading, List<string> arguments) => HasNoAlloc(reading) ? CheckNoAlloc(session, arguments) : [];

    static bool HasNoAlloc(Reading reading)
    {
        foreach (CheckedPackage c in reading.Packages)
        {
            if (reading.Roots.Contains(c.Loaded) && c.Package!.Files.Exists(f => f.Decls.Exists(d => d is FuncDecl && Pragmas.Has(d.Directives, "tuza:noalloc"))))
                return true;
        }
        return false;
    }

    /// <summary>The promise is checked on the trees that are compiled: those of the files this toolchain selects, inlined and analysed.</summary>
    static List<Finding> CheckNoAlloc(Session session, List<string> arguments)
    {
        Load.Loader loader = session.NewLoader();
        Load.LoadResult loaded = loader.Load(arguments);
        List<CheckedPackage> packages = Checking.Run(loaded.Packages, p => new Types.CheckOptions { GoVersion = p.GoVersion, IsStd = p.IsStd, Complete = !p.HasAsm }, p => p.LinkPath);
        if (packages.Exists(p => p.Failed))
            throw new ExitException(1, "tuza vet: //tuza:noalloc cannot be checked: the packages do not compile for linux/amd64");
        HashSet<Load.LoadedPackage> roots = [.. loaded.Roots];
        List<IR.PackageIR> trees = Backend.Trees(new Compilation(session, packages, roots), roots.Contains);
        session.Steps.Done("built trees for //tuza:noalloc");
        // The same files were read twice: findings go to those that the other analyzers saw.
        return NoAlloc.Check(trees);
    }

    /// <summary>True when the exit code is to say that something was found.</summary>
    static bool Report(Options options, List<(VetPackage Package, List<Finding> Findings)> found, Session session)
    {
        List<Finding> all = [];
        foreach (var (_, list) in found)
            all.AddRange(list);
        bool changes = options.Diff && ShowDiff(all);
        if (options.Diff && !options.Json && options.Sarif == "")
            return changes || all.Exists(f => f.Severity == Severity.Warning);
        if (options.Sarif != "")
        {
            List<(string, string, string)> rules = [];
            foreach (Rule r in Rules.All)
                rules.Add((r.Name, r.Category, r.Help));
            string log = FindingSarif.Write(all, rules, VersionCommand.Version, session.WorkDir);
            OutputFile.Write(options.Sarif, log, options.Force, "-sarif");
        }
        if (options.Json)
        {
            List<(string, IReadOnlyList<Finding>)> packages = [];
            foreach (var (p, list) in found)
                packages.Add((p.ImportPath, list));
            Driver.Write(Console.Out, FindingJson.Write(packages));
        }
        bool any = all.Exists(f => f.Severity == Severity.Warning);
        if (options.Json || options.Sarif != "")
            return any && options.Exit;
        foreach (var (p, list) in found)
        {
            if (list.Count > 0)
                Driver.Write(Console.Error, $"# {p.ImportPath}\n" + FindingText.Write(list, Terminal.Error));
        }
        return any;
    }

    /// <summary>Applies the fixes; false when there was none.</summary>
    static bool Mend(List<(VetPackage Package, List<Finding> Findings)> found)
    {
        List<Finding> all = [];
        foreach (var (_, list) in found)
            all.AddRange(list);
        List<TextEdit> edits = EditsOf(all, []);
        Edits.Apply(edits);
        return edits.Count > 0;
    }

    /// <summary>Prints what the fixes would change, and the findings that have none; true when anything would change.</summary>
    static bool ShowDiff(List<Finding> all)
    {
        List<Finding> left = [];
        List<TextEdit> edits = EditsOf(all, left);
        foreach ((SourceFile file, byte[] text) in Edits.Results(edits))
            Driver.Write(Console.Out, Edits.Diff(FindingText.Place(Pos.Make(file.Id, 1, 1))[..^4], file.Text, text));
        Driver.Write(Console.Error, FindingText.Write(left, Terminal.Error));
        return edits.Count > 0;
    }

    /// <summary>A fix is applied as a whole or, when it meets another one, not at all: it can be in the next round.</summary>
    static List<TextEdit> EditsOf(List<Finding> all, List<Finding> left)
    {
        List<TextEdit> edits = [];
        foreach (Finding f in all)
        {
            if (f.Fix is { } fix && !Edits.Overlap(edits, fix.Edits))
                edits.AddRange(fix.Edits);
            else
                left.Add(f);
        }
        return edits;
    }
}

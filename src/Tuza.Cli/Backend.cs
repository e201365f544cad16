// The second half of the way: typed packages to images, and images to a running program.
//
// Packages are compiled in dependency order. An image is found in the cache by its key (the compiler, the package's deep hash, the flags that
// change code); only packages without one are built, so the trees of a cached package are never made.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using Tuza.Emit;
using Tuza.IR;
using Tuza.Load;
using Tuza.Runtime;

namespace Tuza.Cli;

static class Backend
{
    public static int Run(Compilation compilation, LoadedPackage program, List<string> args)
    {
        if (Compile(compilation) is not { } images)
            return 1;
        compilation.Session.Steps.Done("compiled");
        string name = ProgramName(program);
        compilation.Session.Plan?.Save(compilation, images, name);
        string goroot = compilation.Session.Goroot;
        PutGoInPath(goroot);
        Terminal.End();
        Action<string>? write = !images.TrueForAll(i => i.FilePath != null) ? null
            : path => ExecCommand.WriteLauncher(path, images.ConvertAll(i => i.FilePath!), goroot, name);
        // The program runs in this process: what compiling took, several times as much as most programs need, goes back to the system before.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Host.Run(images, (List<string>)[ExecCommand.TemporaryName(name, IsTest(name)), .. args], goroot, write);
    }

    /// <summary>As for go run and go test: the go command of the installation comes first.</summary>
    static void PutGoInPath(string goroot)
    {
        string bin = goroot + "/bin";
        if (RawFiles.Exists(bin + "/go"))
            Environment.SetEnvironmentVariable("PATH", bin + ":" + Environment.GetEnvironmentVariable("PATH"));
    }

    /// <summary>The program of a plan.</summary>
    public static int Run(PlannedRun plan, ReadOnlySpan<string> args)
    {
        PutGoInPath(plan.Goroot);
        List<string> all = [ExecCommand.TemporaryName(plan.Name, IsTest(plan.Name))];
        foreach (string arg in args)
            all.Add(arg);
        return Host.Run(plan.Images, all, plan.Goroot, path => ExecCommand.WriteLauncher(path, plan.Images, plan.Goroot, plan.Name));
    }

    static bool IsTest(string name) => name.EndsWith(".test", StringComparison.Ordinal);

    static string ProgramName(LoadedPackage program) =>
        program.IsCommandLine && program.Files.Count > 0 ? Path.GetFileNameWithoutExtension(program.Files[0].Source.Path) : Path.GetFileName(program.ImportPath);

    /// <summary>Writes a program: a script that runs its images.</summary>
    public static int Build(Compilation compilation, LoadedPackage program, string output)
    {
        if (Compile(compilation) is not { } images)
            return 1;
        if (output == "/dev/null")
            return 0;
        if (!images.TrueForAll(i => i.FilePath != null))
        {
            Console.Error.WriteLine("tuza: the cache of images cannot be written; set TUZACACHE to a folder that can");
            return 1;
        }
        ExecCommand.WriteLauncher(output, images.ConvertAll(i => i.FilePath!), compilation.Session.Goroot, program.ImportPath);
        return 0;
    }

    /// <summary>Compiles without linking, for errors and -m. A package that is compiled alone needs no images of what it imports, unless
    /// decisions are printed.</summary>
    public static int CompileOnly(Compilation compilation, LoadedPackage? alone)
    {
        if (alone == null || compilation.Session.Flags.For(alone, isRoot: true).Optimizations > 0)
            return Compile(compilation, alone == null) == null ? 1 : 0;
        CheckedPackage root = compilation.Packages.Find(c => c.Loaded == alone)!;
        PackageIR ir = PackageBuilder.Build(root.Package!, ContextOf(compilation));
        if (ir.Errors.Count == 0)
            return 0;
        Driver.Write(Console.Error, CompileErrors.Format(ir.Errors, compilation.Session.Flags.For(alone, isRoot: true).AllErrors));
        return 1;
    }

    static IR.BuildContext ContextOf(Compilation compilation) => new(Flatten.Sizes) { Embed = EmbedsOf(compilation), EnsureBody = EnsureBody };

    /// <summary>The analysed trees of all packages, dependencies first, without images: for tools that look at what the compiler decides. The
    /// packages must have been checked with function bodies. explain: packages whose decisions are wanted in words, with
    /// stories as data, too.</summary>
    public static List<PackageIR> Trees(Compilation compilation, Predicate<LoadedPackage> explain, bool stories = false)
    {
        var context = ContextOf(compilation);
        TreeFacts facts = new();
        List<PackageIR> all = [];
        foreach (CheckedPackage c in compilation.Packages)
        {
            PackageIR ir = PackageBuilder.Build(c.Package!, context);
            ir.Diagnostics = new CompileDiagnostics(explain(c.Loaded) ? 2 : 0) { Stories = stories && explain(c.Loaded) ? [] : null };
            facts.Add(c.Package!.Path, PackageCompiler.Analyse(ir, facts));
            all.Add(ir);
        }
        return all;
    }

    sealed class TreeFacts : IInlineFacts
    {
        readonly Dictionary<string, InlineFacts> _packages = [];
        public void Add(string path, InlineFacts facts) => _packages[path] = facts;
        public int? CostOf(Function f) => _packages.TryGetValue(f.Pkg.Path, out InlineFacts? facts) ? facts.CostOf(f.LinkName) : null;
    }

    /// <summary>The images of all packages, dependencies first; null after errors, which are printed.</summary>
    static List<ImageReader>? Compile(Compilation compilation, bool headers = true)
    {
        Session session = compilation.Session;
        var context = ContextOf(compilation);
        var cache = new ImageCache();
        Precompiler? ahead = Precompiler.Find();
        ConcurrentBag<LoadedPackage> plain = [];
        ConcurrentDictionary<LoadedPackage, ImageReader> done = [];
        Dictionary<LoadedPackage, CheckedPackage> packages = [];
        foreach (CheckedPackage c in compilation.Packages)
            packages[c.Loaded] = c;
        List<(LoadedPackage Package, string Text)> errors = [], messages = [];
        // A body that is checked late changes its package's records, which others may be reading: then one at a time.
        bool parallel = !compilation.Packages.Exists(c => c.BodiesLeft);
        Schedule.Run([.. packages.Keys], "compiling", parallel, One);
        foreach ((LoadedPackage p, string text) in (List<(LoadedPackage, string)>)[.. messages, .. errors])
            Driver.Write(Console.Error, (headers ? Driver.Header(p) + "\n" : "") + text);
        if (errors.Count > 0)
            return null;
        List<ImageReader> all = [];
        foreach (CheckedPackage c in compilation.Packages)
        {
            if (done.TryGetValue(c.Loaded, out ImageReader? image))
                all.Add(image);
        }
        if (!plain.IsEmpty)
        {
            List<ImageReader> wanted = [];
            foreach (LoadedPackage p in plain)
                wanted.Add(done[p]);
            PrecompileCommand.Order(ahead!, wanted, all);
        }
        return all;

        void One(LoadedPackage p)
        {
            CheckedPackage c = packages[p];
            foreach (LoadedPackage q in p.Imports.Values)
            {
                if (!done.ContainsKey(q))
                    return; // it has errors
            }
            GcFlags flags = session.Flags.For(p, compilation.Roots.Contains(p));
            bool isAhead = ahead != null && IsAhead(p, flags, compilation.Roots.Contains(p));
            string key = KeyOf(p, c.Package!.Path, flags, isAhead, session.Flags.InliningBelow(p, q => compilation.Roots.Contains(q)));
            bool wanted = MustCompile(flags), anew = wanted || session.Flags.Rebuild;
            ImageReader? image = anew ? null : cache.Find(key);
            string said = MessagesOf(p, flags);
            string? text = flags.Optimizations == 0 ? "" : anew ? null : cache.FindText(key, said);
            if (image == null || text == null)
            {
                PackageIR ir = PackageBuilder.Build(c.Package, context);
                if (ir.Errors.Count > 0)
                {
                    lock (errors)
                        errors.Add((p, CompileErrors.Format(ir.Errors, flags.AllErrors)));
                    return;
                }
                ir.Diagnostics = new CompileDiagnostics(flags.Optimizations) { MutationsAndCalls = flags.Debug.Contains("escapemutationscalls") };
                byte[] bytes = PackageCompiler.Compile(ir, Below(p, done), key, OptionsOf(flags, isAhead, p.Godebug));
                image = wanted ? new ImageReader(bytes) : cache.Add(key, bytes);
                text = CompileMessages.Format(ir.Diagnostics.Messages);
                if (flags.Optimizations > 0 && !wanted)
                    cache.AddText(key, said, text);
            }
            if (text != "")
                lock (messages)
                    messages.Add((p, text));
            done[p] = image;
            if (isAhead && image is { IsPrecompiled: false, FilePath: not null })
                plain.Add(p);
        }
    }

    /// <summary>Packages that get their machine code in advance: the standard library's, compiled as always.</summary>
    static bool IsAhead(LoadedPackage p, GcFlags flags, bool isRoot) => p.IsStd && !isRoot && flags.Debug.Count == 0;

    static string KeyOf(LoadedPackage p, string path, GcFlags flags, bool isAhead, string below) =>
        new ImageCache.KeyBuilder().Add(p.DeepHash).Add(path).Add(isAhead ? "ahead" : "").Add(string.Join(',', flags.Debug)).Add(flags.Lang)
            .Add($"{flags.NoInline} {flags.NoOptimize} {flags.NoBounds} {flags.SmallFrames}").Add(below).Finish();

    /// <summary>What the lines of -m depend on besides the image: the level, and how paths are printed.</summary>
    static string MessagesOf(LoadedPackage p, GcFlags flags) => $"m{flags.Optimizations} {(p.Files.Count > 0 ? p.Files[0].Source.Name : "")}";

    static bool MustCompile(GcFlags flags) => flags.Debug.Exists(static d => d is "il" or "ir" or "low" or "frames" or "escape" or "nocache");

    /// <summary>True when an image (and what -m printed) is at hand, so that the package's function bodies need not be checked.</summary>
    public static bool IsCached(LoadedPackage p, string path, GcFlags flags, ImageCache cache, bool isRoot, string below)
    {
        if (MustCompile(flags))
            return false;
        string key = KeyOf(p, path, flags, Precompiler.Find() != null && IsAhead(p, flags, isRoot), below);
        return cache.Has(key) && (flags.Optimizations == 0 || cache.FindText(key, MessagesOf(p, flags)) != null);
    }

    /// <summary>Bodies of cached packages are checked when an instance of a generic function or an inlined call needs them.</summary>
    static void EnsureBody(Types.Func f) => Types.Checker.CheckBody(f, new Syntax.DiagnosticSink());

    /// <summary>The loader has expanded the patterns already.</summary>
    static EmbedResolver EmbedsOf(Compilation compilation)
    {
        Dictionary<Types.Package, LoadedPackage> loaded = [];
        foreach (CheckedPackage c in compilation.Packages)
            loaded[c.Package!] = c.Loaded;
        return Resolve;

        List<EmbedFile>? Resolve(Types.Package pkg, Syntax.SourceFile file, IReadOnlyList<string> patterns, out string error)
        {
            List<EmbedFile> files = [];
            HashSet<string> seen = [];
            error = "";
            foreach (string pattern in patterns)
            {
                if (!loaded[pkg].Embeds.TryGetValue(pattern, out List<string>? names))
                {
                    error = $"pattern {pattern}: no matching files found";
                    return null;
                }
                foreach (string name in names)
                    if (seen.Add(name))
                        files.Add(new EmbedFile(name, File.ReadAllBytes(Path.Combine(loaded[pkg].Dir, name))));
            }
            return files;
        }
    }

    /// <summary>`-d=ir`: the trees as they are lowered. `-d=escape`: where each variable lives.</summary>
    static void DumpTrees(PackageIR ir, GcFlags flags)
    {
        foreach (Function f in ir.Functions)
        {
            if (f.Body == null)
                continue;
            if (flags.Debug.Contains("ir"))
                Console.Error.WriteLine(Printer.Print(f));
            if (!flags.Debug.Contains("escape"))
                continue;
            Console.Error.WriteLine($"func {f.LinkName}");
            foreach (Local l in f.Locals)
                Console.Error.WriteLine($"  {l.Name} {l.Type}: {(l.OnHeap ? "heap" : l.AddrTaken || l.IsCapturedByClosure ? "frame memory" : "value")}");
        }
    }

    static CompileOptions OptionsOf(GcFlags flags, bool isAhead, string godebug) => new()
    {
        Godebug = godebug,
        Escape = !flags.Debug.Contains("off:escape"),
        SmallFrames = flags.SmallFrames,
        ZeroCopy = !flags.Debug.Contains("zerocopy=0"),
        Inline = flags.NoInline switch { 0 => 1, 1 => 0, int n => n },
        AfterEscape = flags.Debug.Contains("ir") || flags.Debug.Contains("escape") ? ir => DumpTrees(ir, flags) : null,
        Image = new ImageOptions
        {
            Dump = flags.Debug.Contains("il") ? Console.Error.WriteLine : null,
            DumpLow = flags.Debug.Contains("low") ? Console.Error.WriteLine : null,
            DumpFrames = flags.Debug.Contains("frames") ? Console.Error.WriteLine : null,
            Verify = flags.Debug.Contains("verify"),
            OptimiseAtOnce = !isAhead && !flags.Debug.Contains("tiered"),
        },
    };

    /// <summary>The images of everything a package imports, directly and indirectly, dependencies first.</summary>
    static List<ImageReader> Below(LoadedPackage package, ConcurrentDictionary<LoadedPackage, ImageReader> done)
    {
        List<ImageReader> list = [];
        HashSet<LoadedPackage> seen = [];
        Visit(package);
        return list;

        void Visit(LoadedPackage p)
        {
            foreach (LoadedPackage q in p.Imports.Values)
                if (seen.Add(q))
                {
                    Visit(q);
                    if (done.TryGetValue(q, out ImageReader? image))
                        list.Add(image);
                }
        }
    }
}

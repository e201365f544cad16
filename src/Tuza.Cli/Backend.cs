// The second half of the way: typed packages to images, and images to a running program.
//
// Packages are compiled in dependency order. An image is found in the cache by its key (the compiler, the package's deep hash, the flags that
// change code); only packages without one are built, so the trees of a cached package are never made.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Tuza.Emit;
using Tuza.IR;
using Tuza.Load;

namespace Tuza.Cli;

static class Backend
{
    public static int Run(Compilation compilation, LoadedPackage program, List<string> args)
    {
        if (Compile(compilation) is not { } images)
            return 1;
        List<string> arguments = [Path.Combine(Path.GetTempPath(), ProgramName(program)), .. args];
        return Host.Run(images, arguments, compilation.Session.Goroot);
    }

    static string ProgramName(LoadedPackage program) =>
        program.IsCommandLine && program.Files.Count > 0 ? Path.GetFileNameWithoutExtension(program.Files[0].Source.Path) : Path.GetFileName(program.ImportPath);

    public static int Build(Compilation compilation, LoadedPackage program, string output) => Missing();

    /// <summary>Compiles without linking, for errors and -m. program: the package compiled alone, or null for all roots.</summary>
    public static int CompileOnly(Compilation compilation, LoadedPackage? package) => 0;

    /// <summary>The images of all packages, dependencies first; null after errors, which are printed.</summary>
    static List<ImageReader>? Compile(Compilation compilation)
    {
        Session session = compilation.Session;
        var context = new IR.BuildContext(Flatten.Sizes) { Embed = EmbedsOf(compilation) };
        var cache = new ImageCache();
        Dictionary<LoadedPackage, ImageReader> done = [];
        List<ImageReader> all = [];
        bool failed = false;
        foreach (CheckedPackage c in compilation.Packages)
        {
            if (c.Package!.IsUnsafe)
                continue;
            GcFlags flags = session.Flags.For(c.Loaded, compilation.Roots.Contains(c.Loaded));
            string key = new ImageCache.KeyBuilder().Add(c.Loaded.DeepHash).Add(c.Package.Path).Add(string.Join(',', flags.Debug)).Finish();
            bool wanted = flags.Debug.Contains("il") || flags.Debug.Contains("nocache");
            ImageReader? image = wanted ? null : cache.Find(key);
            if (image == null)
            {
                PackageIR ir = PackageBuilder.Build(c.Package, context);
                if (ir.Errors.Count > 0)
                {
                    Driver.Write(Console.Error, Driver.Header(c.Loaded) + "\n" + CompileErrors.Format(ir.Errors, flags.AllErrors));
                    failed = true;
                    continue;
                }
                byte[] bytes = PackageCompiler.Compile(ir, Below(c.Loaded, done), key, OptionsOf(flags));
                image = wanted ? new ImageReader(bytes) : cache.Add(key, bytes);
            }
            done.Add(c.Loaded, image);
            all.Add(image);
        }
        return failed ? null : all;
    }

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

    static CompileOptions OptionsOf(GcFlags flags) => new()
    {
        Escape = !flags.Debug.Contains("off:escape"),
        Image = new ImageOptions
        {
            Dump = flags.Debug.Contains("il") ? Console.Error.WriteLine : null,
            Verify = flags.Debug.Contains("verify"),
        },
    };

    /// <summary>The images of everything a package imports, directly and indirectly, dependencies first.</summary>
    static List<ImageReader> Below(LoadedPackage package, Dictionary<LoadedPackage, ImageReader> done)
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

    static int Missing()
    {
        Console.Error.WriteLine("tuza: building executables is not there yet; use tuza run");
        return 3;
    }
}

// tuza layout: how types lie in memory.
//
// Arguments are types, each optionally with its package: `Entry`, `store.Entry`, `net/http.Request`, `List[int]`; packages and files to look in
// are recognised by their form (./x, x/..., x.go, std). Without a package the folder's own is meant. The first GOARCH of -arch decides
// about the best order and -fix; the program is read once for each, because its files and constants can differ.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;
using Tuza.Vet;

namespace Tuza.Cli;

static class LayoutCommand
{
    sealed record Options(string[] Arches, bool Fix, bool Svg, bool Json, bool All, int Waste, string Output, bool Force);

    public static Flags Register(BuildFlags build, Action<string> arch, Action<bool> fix, Action<bool> svg, Action<bool> json, Action<bool> all, Action<int> waste, Action<bool> force) =>
        build.Register(new Flags("layout"))
            .Text("arch", arch, "GOARCHes, separated by commas (default amd64)")
            .Bool("fix", fix, "put the fields in the best order, in the source")
            .Bool("svg", svg, "draw a picture (SVG) instead of text")
            .Bool("json", json, "print one JSON object")
            .Bool("all", all, "all struct types of the packages, the most wasteful first")
            .Number("waste", waste, "with -all: only types that waste at least so many bytes")
            .Bool("f", force, "overwrite the file of -o");

    public static int Run(List<string> args)
    {
        string arch = "";
        bool fix = false, svg = false, json = false, all = false, force = false;
        int waste = -1;
        BuildFlags build = new();
        List<string> rest = Register(build, s => arch = s, b => fix = b, b => svg = b, b => json = b, b => all = b, n => waste = n, b => force = b).ParseAnywhere(args);
        if (arch == "")
            arch = Environment.GetEnvironmentVariable("GOARCH") is { Length: > 0 } a ? a : "amd64";
        Options options = new(arch.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), fix, svg, json, all || waste >= 0, Math.Max(waste, 0), build.Output, force);
        foreach (string one in options.Arches)
        {
            if (Sizes.ForArch(one) == null)
                throw new UsageException($"unknown GOARCH {one}: known are 386, amd64, arm, arm64, loong64, mips, mips64, mips64le, mipsle, ppc64, ppc64le, riscv64, s390x, wasm");
        }
        List<string> places = [], types = [];
        foreach (string x in rest)
            (options.All && !IsTypeName(x) || IsPlace(x) ? places : types).Add(x);
        if (types.Count == 0 && !options.All)
            throw new UsageException("tuza layout: which type?\n" + HelpCommand.Text("layout"));
        Session session = Session.Start(build);
        OutputFile.Check(options.Output, force);
        return options.All ? ListAll(session, options, places) : Show(session, options, places, types);
    }

    static bool IsPlace(string x) => Patterns.IsLocal(x) && !IsTypeName(x) || x.Contains("...", StringComparison.Ordinal) || x.EndsWith(".go", StringComparison.Ordinal) || x is "std" or "all";

    /// <summary>`pkg.Type` or `Type`: the part behind the last slash has a dot or begins with a capital letter.</summary>
    static bool IsTypeName(string x)
    {
        if (x.EndsWith(".go", StringComparison.Ordinal) || x.Contains("...", StringComparison.Ordinal))
            return false;
        (string package, string name) = Split(x);
        if (IsInFolder(x))
            return IsInFolder(package) && name != "" && char.IsLetter(name[0]) && Directory.Exists(package) && !Directory.Exists(x);
        return name != "" && (char.IsLetter(name[0]) || name[0] == '_') && x is not ("std" or "all") && (x.Contains('.', StringComparison.Ordinal) && !x.StartsWith('.') || char.IsUpper(name[0]));
    }

    /// <summary>`./store.Entry` has the package in a folder.</summary>
    static bool IsInFolder(string package) => package.StartsWith("./", StringComparison.Ordinal) || package.StartsWith("../", StringComparison.Ordinal) || package.StartsWith('/');

    /// <summary>Package part ("" for none) and type name; the bracket of type arguments belongs to the name.</summary>
    static (string Package, string Name) Split(string x)
    {
        int bracket = x.IndexOf('[', StringComparison.Ordinal);
        string head = bracket < 0 ? x : x[..bracket];
        int slash = head.LastIndexOf('/');
        int dot = head.IndexOf('.', slash + 1);
        return dot < 0 ? ("", x) : (x[..dot], x[(dot + 1)..]);
    }

    // ---- one or some types

    static int Show(Session session, Options options, List<string> places, List<string> types)
    {
        List<(string Type, string Arch, TypeLayout Layout, Package Pkg)> found = [];
        List<AtomicUse> atomics = [];
        Dictionary<string, (VetProgram Program, NamedType Type)> declared = [];
        foreach (string arch in options.Arches)
        {
            bool first = arch == options.Arches[0];
            HashSet<string> missing = [.. types];
            foreach ((List<string> load, List<string> wanted) in Loads(session, places, types))
            {
                if (Reading.Load(session, load, arch, bodies: true) is not { } reading)
                    return 1;
                VetProgram program = reading.ToProgram();
                List<AtomicUse> uses = AtomicUses.Of(program);
                atomics.AddRange(uses);
                foreach (string x in wanted)
                {
                    if (Find(reading, x) is not { } t)
                        continue;
                    missing.Remove(x);
                    (string pkg, string name) = Split(x);
                    if (t.Type is NamedType { TypeArgs.Count: 0, TypeParams.Count: > 0 })
                        throw new ExitException(1, $"tuza layout: {x} is generic: name an instance, as {x}[int]");
                    string shown = t.Type is NamedType { Obj.Pkg: { } owner } && owner.Name != "main" ? t.Type.ToString() : x;
                    TypeLayout layout = TypeLayout.Of(shown, t.Type, arch);
                    if (layout.Type.Underlying is StructType s && (options.Fix || layout.Sizes.WordBytes == 4))
                        layout.Best = TypeLayout.BestOrder(s, layout.Sizes, f => uses.Exists(u => ReferenceEquals(u.Field.Origin, f.Origin)));
                    found.Add((x, arch, layout, t.Pkg));
                    if (first && t.Type is NamedType n)
                        declared[x] = (program, n.Origin);
                }
            }
            foreach (string x in types)
            {
                if (missing.Contains(x))
                    throw new ExitException(1, $"tuza layout: no type {x} {(Split(x).Package == "" ? "in this package" : "found")}; tuza layout -all lists the struct types of a package");
            }
        }
        // All machines of one type stand together.
        found.Sort((a, b) => types.IndexOf(a.Type) is var i && types.IndexOf(b.Type) is var j && i != j ? i.CompareTo(j) : Array.IndexOf(options.Arches, a.Arch).CompareTo(Array.IndexOf(options.Arches, b.Arch)));
        if (options.Fix)
            return Fix(found, declared, options.Arches[0]);
        if (options.Json)
            Out(options, LayoutJson.Write(found.ConvertAll(f => f.Layout), atomics) + "\n");
        else if (options.Svg)
            Out(options, LayoutSvg.Write(found.ConvertAll(f => f.Layout)));
        else
            Out(options, string.Concat(found.ConvertAll(f => LayoutText.Write(f.Layout, atomics, MaxLength(options.Arches), f.Pkg))));
        return 0;
    }

    static int MaxLength(string[] words)
    {
        int n = 0;
        foreach (string w in words)
            n = Math.Max(n, w.Length);
        return n;
    }

    /// <summary>What to load for which types: listed places serve all; else each type says its package.</summary>
    static List<(List<string> Load, List<string> Types)> Loads(Session session, List<string> places, List<string> types)
    {
        if (places.Count > 0)
            return [(places, types)];
        List<(List<string>, List<string>)> list = [];
        foreach (string x in types)
        {
            string pkg = Split(x).Package;
            List<string> load = pkg == "" ? ["."] : pkg.Contains('/', StringComparison.Ordinal) || Directory.Exists(Path.Combine(session.Goroot, "src", pkg)) ? [pkg] : ["./..."];
            if (list.Find(l => l.Item1.Count == load.Count && l.Item1[0] == load[0]) is { Item2: { } known })
                known.Add(x);
            else
                list.Add((load, [x]));
        }
        return list;
    }

    static (GoType Type, Package Pkg)? Find(Reading reading, string x)
    {
        (string pkg, string name) = Split(x);
        int bracket = name.IndexOf('[', StringComparison.Ordinal);
        string plain = bracket < 0 ? name : name[..bracket];
        List<(GoType, Package)> local = [];
        // The path itself, else a named package of that name, else any.
        List<CheckedPackage> candidates = reading.Packages.FindAll(c => pkg == "" || IsInFolder(pkg) ? reading.Roots.Contains(c.Loaded) : c.Loaded.ImportPath == pkg);
        if (candidates.Count == 0)
            candidates = reading.Packages.FindAll(c => reading.Roots.Contains(c.Loaded) && c.Package!.Name == pkg);
        if (candidates.Count == 0)
            candidates = reading.Packages.FindAll(c => c.Package!.Name == pkg);
        foreach (CheckedPackage c in candidates)
        {
            if (bracket >= 0)
            {
                foreach (Instance i in c.Package!.Info.Instances.Values)
                {
                    if (i.Type is NamedType n && n.ToString(c.Package) == name)
                        return (n, c.Package);
                }
                continue;
            }
            if (c.Package!.Scope.Lookup(plain) is TypeName t)
                return (t.Type.Unalias, c.Package);
            foreach (Obj? o in c.Package.Info.Defs.Values)
            {
                if (o is TypeName tn && tn.Name == plain && tn.Type is not TypeParam)
                    local.Add((tn.Type.Unalias, c.Package));
            }
        }
        return local.Count > 0 ? local[0] : null;
    }

    static int Fix(List<(string Type, string Arch, TypeLayout Layout, Package Pkg)> found, Dictionary<string, (VetProgram Program, NamedType Type)> declared, string arch)
    {
        int code = 0;
        foreach (var f in found)
        {
            if (f.Arch != arch || f.Layout.Best is not { } best)
                continue;
            if (!declared.TryGetValue(f.Type, out var d) || FindDecl(d.Program, d.Type) is not { } node)
            {
                Console.Error.WriteLine($"tuza layout: {f.Type}: its declaration is not in this module");
                code = 1;
                continue;
            }
            if (StructRewriter.Blockers(d.Program, d.Type) is { Count: > 0 } reasons)
            {
                Console.Error.WriteLine($"tuza layout: {f.Type} is left alone: {reasons[0]}");
                code = 1;
                continue;
            }
            if (best.Size == f.Layout.Size && best.PtrBytes == f.Layout.PtrBytes)
                continue;
            if (StructRewriter.Reorder(node, best.Order) is not { } edit)
            {
                Console.Error.WriteLine($"tuza layout: {f.Type} is left alone: its fields do not stand one per line");
                code = 1;
                continue;
            }
            Edits.Apply([edit]);
            Console.Error.WriteLine($"{Positions.Text(node.Pos)}: {f.Layout.Name} now {best.Size} B instead of {f.Layout.Size} B ({LayoutText.Saves(f.Layout, best)})");
        }
        return code;
    }

    internal static StructTypeExpr? FindDecl(VetProgram program, NamedType type)
    {
        foreach (VetPackage p in program.Packages)
        {
            StructTypeExpr? found = null;
            foreach (FileNode file in p.Pkg.Files)
            {
                if (file.Source.Id == type.Obj.Pos.FileId)
                    Walk.Tree(file, n =>
                    {
                        if (n is TypeDecl { Type: StructTypeExpr s } d && ReferenceEquals(p.Info.Defs.GetValueOrDefault(d.Name), type.Obj))
                            found = s;
                        return found == null;
                    });
            }
            if (found != null)
                return found;
        }
        return null;
    }

    // ---- all types

    static int ListAll(Session session, Options options, List<string> places)
    {
        List<TypeLayout> list = [];
        foreach (string arch in options.Arches)
        {
            if (Reading.Load(session, places, arch, bodies: false) is not { } reading)
                return 1;
            foreach (CheckedPackage c in reading.Packages)
            {
                if (!reading.Roots.Contains(c.Loaded))
                    continue;
                foreach (Obj o in c.Package!.Scope.Elems.Values)
                {
                    if (o is TypeName { IsAlias: false, Type: NamedType { TypeParams.Count: 0 } t } && t.Underlying is StructType)
                        list.Add(TypeLayout.Of(c.Loaded.ImportPath + "." + o.Name, t, arch));
                }
            }
        }
        list = list.FindAll(t => t.Waste >= options.Waste);
        list.Sort((a, b) => b.Waste != a.Waste ? b.Waste.CompareTo(a.Waste) : string.CompareOrdinal(a.Name + a.Arch, b.Name + b.Arch));
        if (options.Json)
            Out(options, LayoutJson.Write(list, []) + "\n");
        else if (options.Svg)
            Out(options, LayoutSvg.Write(list));
        else
            Out(options, string.Concat(list.ConvertAll(t => (options.Arches.Length > 1 ? t.Arch.PadRight(8) : "") + LayoutText.Line(t) + "\n")));
        return 0;
    }

    static void Out(Options options, string text) => OutputFile.Write(options.Output, text, options.Force);
}

// Reads one folder as a package: which files belong to it, what they say.
//
// A file counts if its name and constraints fit the build; files that import "C" do not, cgo being off. Files named _test.go are only
// read for tests; those of package NAME_test form a package of their own. All others must agree on the package name, except for
// `documentation`, which is not compiled.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>Fills a <see cref="LoadedPackage"/> from its folder.</summary>
sealed class PackageReader(BuildContext context, DisplayPaths paths)
{
    public void ReadFolder(LoadedPackage p, bool tests)
    {
        bool unknownArch = p.IsStd && !context.IsReading && Selections.IsUnknownArch(p.ImportPath);
        List<string> go = [], asm = [];
        foreach (string path in Directory.EnumerateFiles(p.Dir))
        {
            string name = Path.GetFileName(path);
            if (name[0] is '_' or '.')
                continue;
            if (name.EndsWith(".go", StringComparison.Ordinal))
                go.Add(name);
            else if (name.EndsWith(".s", StringComparison.Ordinal))
                asm.Add(name);
        }
        go.Sort(StringComparer.Ordinal);
        Dictionary<string, byte[]> texts = [];
        int ignored = 0;
        List<string> selected = Select(unknownArch);
        p.HasAsm = p.IsStd || asm.Exists(s => Fits(s, unknownArch));
        if (!p.IsStd && !context.IsReading && p.HasAsm && asm.TrueForAll(s => !Fits(s, unknown: true)))
        {
            // Assembly is never assembled: prefer the portable files, if there are any.
            List<string> portable = Select(unknown: true);
            if (!portable.SequenceEqual(selected))
                selected = portable;
        }
        Parse(p, selected.ConvertAll(name => (Path.Combine(p.Dir, name), texts[name])), tests, ref ignored);
        if (p.Files.Count == 0 && p.Error == null)
        {
            p.IsExcluded = ignored > 0 && p.TestFiles.Count + p.ExternalTestFiles.Count == 0;
            p.Error = ignored > 0 ? "build constraints exclude all Go files in " + p.Dir
                : go.Exists(n => n.EndsWith("_test.go", StringComparison.Ordinal)) ? "no non-test Go files in " + p.Dir
                : "no Go files in " + p.Dir;
        }
        Embeds(p);

        byte[] Text(string name)
        {
            if (!texts.TryGetValue(name, out byte[]? text))
                texts[name] = text = p.IsStd && !p.IsOverlay && !context.IsReading ? Patches.Apply(p.ImportPath, name, File.ReadAllBytes(Path.Combine(p.Dir, name))) : File.ReadAllBytes(Path.Combine(p.Dir, name));
            return text;
        }

        bool Fits(string name, bool unknown) => context.MatchesName(name, unknown) && context.MatchesConstraints(Text(name), unknown, out _);

        List<string> Select(bool unknown)
        {
            List<string> list = [];
            ignored = 0;
            foreach (string name in go)
            {
                bool isTest = name.EndsWith("_test.go", StringComparison.Ordinal);
                if (isTest && !tests)
                    continue;
                bool? decided = p.IsStd && !p.IsOverlay && !context.IsReading ? Selections.Decide(p.ImportPath, name) : null;
                bool fits = decided ?? context.MatchesName(name, unknown);
                if (fits && decided == null)
                {
                    fits = context.MatchesConstraints(Text(name), unknown, out string? error);
                    if (error != null)
                        p.Error ??= paths.Short(Path.Combine(p.Dir, name)) + ": " + error;
                }
                if (!fits)
                {
                    ignored += isTest ? 0 : 1;
                    continue;
                }
                Text(name);
                list.Add(name);
            }
            return list;
        }
    }

    /// <summary>Listed files are taken whatever their names and constraints say.</summary>
    public void ReadFiles(LoadedPackage p, List<string> files)
    {
        int ignored = 0;
        Parse(p, files.ConvertAll(f => (f, File.ReadAllBytes(f))), tests: true, ref ignored);
        foreach (string s in Directory.EnumerateFiles(p.Dir, "*.s"))
            p.HasAsm |= s.Length > 0;
        Embeds(p);
    }

    void Parse(LoadedPackage p, List<(string Path, byte[] Text)> files, bool tests, ref int ignored)
    {
        string firstFile = "";
        foreach ((string path, byte[] text) in files)
        {
            bool isTest = path.EndsWith("_test.go", StringComparison.Ordinal) && !p.IsCommandLine;
            SourceFile source = new(path, paths.ForMessage(path), text);
            DiagnosticSink sink = new();
            FileNode f = Parser.Parse(source, sink, new ParseOptions(KeepComments: (isTest && tests) || context.IsReading, IsStd: p.IsStd, IsRuntime: p.IsStd && IsRuntimePackage(p.ImportPath)));
            string name = f.PackageName.Name;
            if (name == "documentation" || (ImportsC(f) && !p.IsCommandLine))
            {
                ignored += isTest ? 0 : 1;
                continue;
            }
            foreach (Diagnostic d in sink.List)
                p.Diagnostics.List.Add(d);
            bool external = isTest && name.EndsWith("_test", StringComparison.Ordinal);
            if (external)
            {
                p.ExternalTestFiles.Add(f);
                continue;
            }
            if (f.PackageName.Name != "_" || f.Decls.Count > 0)
            {
                if (p.Name == "")
                    (p.Name, firstFile) = (name, Path.GetFileName(path));
                else if (p.Name != name)
                    p.Error ??= $"found packages {p.Name} ({firstFile}) and {name} ({Path.GetFileName(path)}) in {p.Dir}";
            }
            (isTest ? p.TestFiles : p.Files).Add(f);
        }
    }

    static bool IsRuntimePackage(string path) => path is "runtime" or "reflect" or "syscall" or "internal/bytealg" or "internal/abi" or "internal/cpu"
        || path.StartsWith("runtime/internal/", StringComparison.Ordinal) || path.StartsWith("internal/runtime/", StringComparison.Ordinal);

    static bool ImportsC(FileNode f)
    {
        foreach (Decl d in f.Decls)
        {
            if (d is not ImportDecl i)
                break;
            if (i.Path.Text == "\"C\"")
                return true;
        }
        return false;
    }

    void Embeds(LoadedPackage p)
    {
        foreach (FileNode f in p.Files.Concat(p.TestFiles).Concat(p.ExternalTestFiles))
        {
            foreach (Directive d in f.Directives)
            {
                if (Pragmas.Verb(d) != "go:embed")
                    continue;
                foreach (string pattern in Parser.EmbedPatterns(d.Text["go:embed".Length..], out _))
                {
                    if (p.Embeds.ContainsKey(pattern))
                        continue;
                    List<string>? files = Embed.Resolve(p.Dir, pattern, out string why);
                    if (files != null)
                        p.Embeds[pattern] = files;
                    else if (p.Error == null)
                    {
                        int column = d.Pos.Column + Encoding.UTF8.GetByteCount(d.Text[..Math.Max(d.Text.IndexOf(pattern, StringComparison.Ordinal), 0)]);
                        p.Error = $"{paths.Short(f.Source.Path)}:{d.Pos.Line}:{column}: pattern {pattern}: {why}";
                    }
                }
            }
        }
    }
}

// What the loader hands on: packages with parsed files and resolved imports. CONTRACT FILE: the checker and the driver read it.

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>An import that could not be resolved.</summary>
public sealed record ImportError(string Path, Pos Pos, string Text);

/// <summary>One package of a build. Written by the loader, then left alone.</summary>
public sealed class LoadedPackage
{
    /// <summary>The path that identifies the package: its import path, `command-line-arguments` for listed files, `vendor/...` inside std.</summary>
    public required string ImportPath { get; init; }
    public string Name { get; set; } = "";
    public required string Dir { get; init; }
    public bool IsStd { get; init; }
    public bool IsOverlay { get; init; }
    public bool IsCommandLine { get; init; }
    public Module? Module { get; init; }

    /// <summary>The language version ("go1.27") of the module; files may have their own (<see cref="FileNode.GoVersion"/>).</summary>
    public string GoVersion { get; set; } = "go1." + BuildContext.GoMinor;

    /// <summary>For programs: what GODEBUG is without the environment, `key=value` with commas between; see <see cref="ModuleGraph.Godebug"/>.</summary>
    public string Godebug { get; set; } = "";

    /// <summary>The package under test when this is a variant made for its tests; otherwise "".</summary>
    public string ForTest { get; init; } = "";

    /// <summary>The folder holds assembly: functions may lack a body.</summary>
    public bool HasAsm { get; set; }

    /// <summary>Parsed files, in the order of their names.</summary>
    public List<FileNode> Files { get; private set; } = [];

    /// <summary>By import path as written in the files. `unsafe` is not there.</summary>
    public Dictionary<string, LoadedPackage> Imports { get; init; } = [];

    /// <summary>`//go:embed` pattern → sorted files, as slash paths relative to Dir.</summary>
    public Dictionary<string, List<string>> Embeds { get; private set; } = [];

    /// <summary>What the parser found; empty when the files are fine.</summary>
    public DiagnosticSink Diagnostics { get; private set; } = new();

    public List<ImportError> ImportErrors { get; } = [];

    /// <summary>What is wrong with the folder as a whole ("no Go files in ..."), without position.</summary>
    public string? Error { get; set; }

    /// <summary>There are Go files, but none for this build: an error where the package is named, nothing where a pattern met it.</summary>
    public bool IsExcluded { get; set; }

    /// <summary>Files of the package under test and of the package NAME_test; only read for tests.</summary>
    public List<FileNode> TestFiles { get; } = [];
    public List<FileNode> ExternalTestFiles { get; } = [];
    internal List<ImportError> TestImportErrors { get; } = [];
    internal Dictionary<string, LoadedPackage> TestImports { get; } = [];
    internal string? ExternalTestName { get; set; }

    /// <summary>The path that names of the package carry at run time: `main` for programs.</summary>
    public string LinkPath => Name == "main" && ForTest == "" ? "main" : ImportPath;

    /// <summary>Hash of the package's own text, names, embedded files and language version.</summary>
    public string ContentHash => field ??= OwnHash();

    /// <summary>Hash of the package and of all that it imports, for caches of compiled packages.</summary>
    public string DeepHash
    {
        get
        {
            if (field == null)
            {
                StringBuilder b = new(ContentHash);
                foreach (string path in SortedImports())
                    b.Append('\n').Append(path).Append(' ').Append(Imports[path].DeepHash);
                field = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(b.ToString())));
            }
            return field;
        }
    }

    /// <summary>The keys of Imports in ordinal order: the order of initialisation where dependencies leave a choice.</summary>
    public List<string> SortedImports()
    {
        List<string> paths = [.. Imports.Keys];
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    string OwnHash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string s) => hash.AppendData(Encoding.UTF8.GetBytes(s + "\n"));
        Add(ImportPath);
        Add(Name);
        Add(GoVersion);
        Add(Godebug);
        foreach (FileNode f in Files)
        {
            Add(f.Source.Path);
            hash.AppendData(f.Source.Text);
        }
        foreach ((string pattern, List<string> files) in Embeds)
        {
            Add(pattern);
            foreach (string file in files)
            {
                Add(file);
                hash.AppendData(File.ReadAllBytes(Path.Combine(Dir, file)));
            }
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>A variant for the tests of forTest, with its own map of imports and, where it is the package under test, more files.</summary>
    internal LoadedPackage Variant(string forTest, bool withTestFiles)
    {
        LoadedPackage p = new()
        {
            ImportPath = ImportPath,
            Name = Name,
            Dir = Dir,
            IsStd = IsStd,
            IsOverlay = IsOverlay,
            IsCommandLine = IsCommandLine,
            Module = Module,
            GoVersion = GoVersion,
            ForTest = forTest,
            HasAsm = HasAsm,
            Imports = new Dictionary<string, LoadedPackage>(Imports),
            Files = withTestFiles ? [.. Files, .. TestFiles] : Files,
            Embeds = Embeds,
            Diagnostics = Diagnostics,
        };
        return p;
    }

    public override string ToString() => ForTest == "" ? ImportPath : $"{ImportPath} [{ForTest}.test]";
}

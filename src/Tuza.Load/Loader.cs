// The loader: from package arguments to all packages of a build, parsed, with their imports resolved, dependencies first.
//
// Steps.
//   1. Arguments become root packages: folders, import paths, patterns, or listed .go files.
//   2. From the roots on, each package's folder is read and parsed; its imports are resolved to folders and read in turn. Several
//      threads share this work; what a package becomes does not depend on their order.
//   3. The graph is checked: cycles, internal packages, imports of programs.
//
// Import paths resolve, in this order, to the overlay and the standard library, then to the modules of the build. Packages of the
// standard library see its own vendor folder for golang.org/x.
//
// Errors are collected as text in the words and the form of go build; a package with errors stays in the graph.

using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>What a load depends on besides the arguments. Implicit: packages that every program needs (the runtime).</summary>
public sealed record LoadOptions(string WorkDir, string Goroot, Overlay Overlay, BuildContext Context, Func<string, string?> Environment)
{
    public string Mod { get; init; } = "";
    public IReadOnlyList<string> Implicit { get; init; } = ["runtime"];

    /// <summary>Read test files of the root packages too.</summary>
    public bool Tests { get; init; }

    /// <summary>Listed files are compiled without being linked: import errors are left to the checker, packages need not fit together.</summary>
    public bool CompileOnly { get; init; }
}

/// <summary>The outcome of a load. Packages: everything, dependencies first.</summary>
public sealed record LoadResult(List<LoadedPackage> Roots, List<LoadedPackage> Packages, List<string> Errors);

/// <summary>Loads packages; one loader serves one invocation.</summary>
public sealed partial class Loader
{
    /// <summary>Deep nesting in a source file is stopped by the parser, which needs room to get there.</summary>
    const int ThreadStackBytes = 16 << 20;

    readonly LoadOptions _options;
    readonly DisplayPaths _paths;
    readonly PackageReader _reader;
    readonly ModuleGraph _modules;
    readonly Dictionary<string, LoadedPackage> _packages = [];
    readonly HashSet<LoadedPackage> _matched = []; // by patterns alone
    readonly Dictionary<LoadedPackage, Action> _jobs = [];
    readonly Queue<LoadedPackage> _queue = new();
    readonly List<string> _errors = [];
    readonly object _lock = new();
    int _busy;
    Exception? _failure;

    public Loader(LoadOptions options)
    {
        _options = options;
        _paths = new DisplayPaths(options.WorkDir);
        _reader = new PackageReader(options.Context, _paths);
        _modules = ModuleGraph.Load(_paths.WorkDir, options.Environment, _paths.Short, options.Mod);
    }

    public ModuleGraph Modules => _modules;
    public DisplayPaths Paths => _paths;

    string SrcDir => Path.Combine(_options.Goroot, "src");

    /// <summary>Loads the packages that the arguments name, and all that they import.</summary>
    public LoadResult Load(IReadOnlyList<string> arguments)
    {
        _errors.AddRange(_modules.Errors);
        List<LoadedPackage> roots = [];
        if (_errors.Count == 0)
        {
            roots = arguments.Count > 0 && arguments[0].EndsWith(".go", StringComparison.Ordinal) && IsFileList(arguments)
                ? FilePackage(arguments)
                : Expand(arguments.Count == 0 ? ["."] : arguments);
            foreach (string path in _options.Implicit)
                Need(path, null);
            Run();
            roots.RemoveAll(p => p.IsExcluded && _matched.Contains(p));
        }
        return Finish(roots);
    }

    /// <summary>Loads one standard package more, with what it imports: what generated code needs.</summary>
    public LoadedPackage? LoadStd(string importPath)
    {
        LoadedPackage? p = Need(importPath, null);
        Run();
        return p;
    }

    string GodebugOf(IEnumerable<FileNode> files)
    {
        List<string> settings = [.. _modules.Godebug];
        foreach (FileNode f in files)
            settings.AddRange(f.Godebug);
        return string.Join(',', settings);
    }

    internal LoadResult Finish(List<LoadedPackage> roots)
    {
        foreach (LoadedPackage p in roots)
        {
            if (p.Name == "main")
                p.Godebug = GodebugOf(p.Files);
        }
        GraphCheck check = new(_paths, _modules, _options);
        List<LoadedPackage> all = [.. roots];
        foreach (string path in _options.Implicit)
        {
            if (_packages.TryGetValue(path, out LoadedPackage? p))
                all.Insert(0, p);
        }
        List<LoadedPackage> sorted = check.Sort(all);
        if (!_options.CompileOnly)
        {
            foreach (string error in check.Errors)
                _errors.Add(error);
        }
        return new LoadResult(roots, sorted, _errors);
    }

    // ---- roots

    static bool IsFileList(IReadOnlyList<string> arguments)
    {
        foreach (string a in arguments)
        {
            if (!a.EndsWith(".go", StringComparison.Ordinal))
                return false;
        }
        return arguments.Count > 1 || !Directory.Exists(arguments[0]);
    }

    List<LoadedPackage> FilePackage(IReadOnlyList<string> arguments)
    {
        List<string> files = [];
        string? dir = null;
        foreach (string a in arguments)
        {
            string path = Path.GetFullPath(Path.Combine(_paths.WorkDir, a));
            if (!File.Exists(path))
            {
                _errors.Add(Directory.Exists(path) ? $"{a} is a directory, should be a Go file" : $"stat {a}: no such file or directory");
                return [];
            }
            string folder = Path.GetDirectoryName(path)!;
            dir ??= folder;
            if (dir != folder && !_options.CompileOnly)
            {
                _errors.Add($"named files must all be in one directory; have {_paths.Short(dir)} and {_paths.Short(folder)}");
                return [];
            }
            files.Add(path);
        }
        Module? module = _modules.MainModuleOf(dir!)?.Module ?? (_modules.Main.Count > 0 ? _modules.Main[0] : null);
        LoadedPackage p = new()
        {
            ImportPath = "command-line-arguments",
            Dir = dir!,
            IsCommandLine = true,
            Module = module,
            GoVersion = module?.LangVersion ?? "go1." + BuildContext.GoMinor,
        };
        Enqueue(p, () => _reader.ReadFiles(p, files));
        return [p];
    }

    List<LoadedPackage> Expand(IReadOnlyList<string> arguments)
    {
        List<LoadedPackage> roots = [];
        void Add(LoadedPackage? p)
        {
            if (p != null && !roots.Contains(p))
                roots.Add(p);
        }

        foreach (string argument in arguments)
        {
            if (argument.Contains("...", StringComparison.Ordinal) || argument is "std" or "cmd")
            {
                int before = roots.Count;
                foreach (LoadedPackage p in ExpandPattern(argument))
                    Add(p);
                if (roots.Count == before && _errors.Count == 0)
                    Warnings.Add($"go: warning: \"{argument}\" matched no packages");
            }
            else if (Patterns.IsLocal(argument))
                Add(Folder(argument));
            else if (argument.EndsWith(".go", StringComparison.Ordinal) && File.Exists(Path.Combine(_paths.WorkDir, argument)))
                _errors.Add($"named files must be .go files: {argument}");
            else
                Add(Root(argument));
        }
        return roots;
    }

    /// <summary>What does not stop a build but should be said.</summary>
    public List<string> Warnings { get; } = [];

    LoadedPackage? Root(string importPath)
    {
        if (Resolve(importPath, null, out string error) is not { } where)
        {
            _errors.Add(error);
            return null;
        }
        return Get(where, _options.Tests);
    }

    LoadedPackage? Folder(string argument)
    {
        string dir = Path.GetFullPath(Path.Combine(_paths.WorkDir, argument)).TrimEnd('/');
        if (!Directory.Exists(dir))
        {
            _errors.Add(File.Exists(dir) ? $"{argument} is not a directory" : $"stat {dir}: directory not found");
            return null;
        }
        if (FolderPackage(dir) is { } where)
            return Get(where, _options.Tests);
        _errors.Add(_modules.HasModules
            ? $"{(argument.StartsWith('/') ? "directory " + argument : "directory " + _paths.Short(dir))} outside {_modules.Named}"
            : "go: go.mod file not found in current directory or any parent directory; see 'go help modules'");
        return null;
    }

    readonly record struct Place(string ImportPath, string Dir, bool IsStd, bool IsOverlay, Module? Module);

    Place? FolderPackage(string dir)
    {
        if (ModuleGraph.IsUnder(dir, SrcDir) && dir != SrcDir)
            return Std(Path.GetRelativePath(SrcDir, dir));
        if (_modules.MainModuleOf(dir) is not { } found)
            return null;
        string path = found.Rel == "" ? found.Module.Path : found.Module.Path + "/" + found.Rel;
        return new Place(path, dir, false, false, found.Module);
    }

    List<LoadedPackage> ExpandPattern(string pattern)
    {
        List<LoadedPackage> list = [];
        if (pattern is "std" or "cmd")
        {
            foreach (string dir in Patterns.PackageFolders(pattern == "cmd" ? Path.Combine(SrcDir, "cmd") : SrcDir, isStd: true))
            {
                string path = Path.GetRelativePath(SrcDir, dir);
                bool isCmd = path == "cmd" || path.StartsWith("cmd/", StringComparison.Ordinal);
                if (dir != SrcDir && isCmd == (pattern == "cmd"))
                    AddMatch(Std(path));
            }
        }
        else if (Patterns.IsLocal(pattern))
        {
            int dots = pattern.IndexOf("...", StringComparison.Ordinal);
            string prefix = pattern[..dots];
            string root = Path.GetFullPath(Path.Combine(_paths.WorkDir, prefix[..(prefix.LastIndexOf('/') + 1)])).TrimEnd('/');
            if (!Directory.Exists(root))
            {
                _errors.Add($"pattern {pattern}: lstat {prefix}: no such file or directory");
                return list;
            }
            if (FolderPackage(root) == null && !ModuleGraph.IsUnder(root, SrcDir))
            {
                _errors.Add($"pattern {pattern}: directory prefix {_paths.Short(root)} does not contain {_modules.Named}");
                return list;
            }
            Func<string, bool> match = Patterns.Matcher(Path.GetFullPath(_paths.WorkDir + "/" + prefix + "\u0001").Replace("\u0001", "", StringComparison.Ordinal) + pattern[dots..]);
            foreach (string dir in Patterns.PackageFolders(root == "" ? "/" : root, ModuleGraph.IsUnder(root, SrcDir)))
            {
                if (match(dir))
                    AddMatch(FolderPackage(dir));
            }
        }
        else
        {
            Func<string, bool> match = Patterns.Matcher(pattern);
            foreach (string dir in Patterns.PackageFolders(SrcDir, isStd: true))
            {
                string path = Path.GetRelativePath(SrcDir, dir);
                if (dir != SrcDir && match(path))
                    AddMatch(Std(path));
            }
            foreach (Module m in _modules.All)
            {
                if (m.Dir == null)
                    continue;
                foreach (string dir in Patterns.PackageFolders(m.Dir, isStd: false))
                {
                    string rel = Path.GetRelativePath(m.Dir, dir);
                    string path = rel == "." ? m.Path : m.Path + "/" + rel;
                    if (match(path))
                        AddMatch(new Place(path, dir, false, false, m));
                }
            }
        }
        return list;

        void AddMatch(Place? where)
        {
            if (where is { } w and not { IsStd: true, ImportPath: "builtin" } && HasFittingFile(w)) // builtin is documentation
                list.Add(Matched(w));
        }
    }

    LoadedPackage Matched(Place where)
    {
        bool isNew = !_packages.ContainsKey(where.ImportPath);
        LoadedPackage p = Get(where, _options.Tests);
        if (isNew)
            _matched.Add(p);
        return p;
    }

    /// <summary>Patterns pass over folders without a file for this build.</summary>
    bool HasFittingFile(Place where)
    {
        foreach (string path in Directory.EnumerateFiles(where.Dir, "*.go"))
        {
            string name = Path.GetFileName(path);
            if (name[0] is '_' or '.' || (name.EndsWith("_test.go", StringComparison.Ordinal) && !_options.Tests) || !_options.Context.MatchesName(name, false))
                continue;
            if (_options.Context.MatchesConstraints(File.ReadAllBytes(path), false, out _))
                return true;
        }
        return false;
    }

    // ---- import paths

    Place Std(string path)
    {
        string? overlay = _options.Overlay.FolderOf(path);
        return new Place(path, overlay ?? Path.Combine(SrcDir, path), true, overlay != null, null);
    }

    bool IsStd(string path) => _options.Overlay.FolderOf(path) != null || ModuleGraph.HasGoFiles(Path.Combine(SrcDir, path));

    Place? Resolve(string path, LoadedPackage? importer, out string error)
    {
        error = "";
        if (Invalid(path) is { } why)
        {
            error = why;
            return null;
        }
        if (importer is { IsStd: true })
        {
            bool isCmd = importer.ImportPath.StartsWith("cmd/", StringComparison.Ordinal);
            string vendored = (isCmd ? "cmd/vendor/" : "vendor/") + path;
            if (path.Contains('.') && IsStd(vendored))
                return Std(vendored);
        }
        if (IsStd(path))
            return Std(path);
        if (_modules.Find(path, out error) is { } found)
            return new Place(path, found.Dir, false, false, found.Module);
        if (error != "")
            return null;
        bool looksStd = !path.Split('/')[0].Contains('.');
        error = looksStd ? $"package {path} is not in std ({Path.Combine(SrcDir, path)})"
            : _modules.HasModules ? $"no required module provides package {path}; to add it:\n\tgo get {path}"
            : $"no required module provides package {path}: go.mod file not found in current directory or any parent directory; see 'go help modules'";
        return null;
    }

    static string? Invalid(string path)
    {
        if (path == "")
            return "invalid import path: \"\"";
        if (path.StartsWith('/'))
            return $"cannot import absolute path";
        if (path is "." or ".." || path.StartsWith("./", StringComparison.Ordinal) || path.StartsWith("../", StringComparison.Ordinal))
            return $"\"{path}\" is relative, but relative import paths are not supported in module mode";
        foreach (char c in path)
        {
            if (c is <= ' ' or '!' or '"' or '#' or '$' or '%' or '&' or '\'' or '(' or ')' or '*' or ',' or ':' or ';' or '<' or '=' or '>' or '?'
                or '[' or '\\' or ']' or '^' or '`' or '{' or '|' or '}' or '\ufffd')
                return $"malformed import path {GoText.Quote(path)}: invalid char {GoText.QuoteRune(c)}";
        }
        return null;
    }

    /// <summary>The package of a path, queued for reading if it is new; null when there is none.</summary>
    LoadedPackage? Need(string path, LoadedPackage? importer)
    {
        if (path == "unsafe")
            return null;
        lock (_lock)
            return Resolve(path, importer, out _) is { } where ? Get(where) : null;
    }

    LoadedPackage Get(Place where, bool tests = false)
    {
        lock (_lock)
        {
            if (_packages.TryGetValue(where.ImportPath, out LoadedPackage? p))
                return p;
            p = new LoadedPackage
            {
                ImportPath = where.ImportPath,
                Dir = where.Dir,
                IsStd = where.IsStd,
                IsOverlay = where.IsOverlay,
                Module = where.Module,
                GoVersion = where.Module?.LangVersion ?? "go1." + BuildContext.GoMinor,
            };
            _packages[where.ImportPath] = p;
            Enqueue(p, () => _reader.ReadFolder(p, tests));
            return p;
        }
    }

    void Enqueue(LoadedPackage p, Action read)
    {
        lock (_lock)
        {
            _jobs[p] = read;
            _queue.Enqueue(p);
            Monitor.Pulse(_lock);
        }
    }

    // ---- reading, by several threads

    void Run()
    {
        int threads = Math.Clamp(Environment.ProcessorCount, 1, 8);
        List<Thread> workers = [];
        for (int i = 0; i < threads; i++)
        {
            Thread t = new(Work, ThreadStackBytes) { IsBackground = true };
            workers.Add(t);
            t.Start();
        }
        foreach (Thread t in workers)
            t.Join();
        if (_failure != null)
            throw new InvalidOperationException("Loader: reading packages failed", _failure);
    }

    void Work()
    {
        while (true)
        {
            LoadedPackage p;
            Action read;
            lock (_lock)
            {
                while (_queue.Count == 0 && _busy > 0 && _failure == null)
                    Monitor.Wait(_lock);
                if (_queue.Count == 0 || _failure != null)
                {
                    Monitor.PulseAll(_lock);
                    return;
                }
                p = _queue.Dequeue();
                read = _jobs[p];
                _jobs.Remove(p);
                _busy++;
            }
            try
            {
                read();
                ResolveImports(p, p.Files, p.Imports, p.ImportErrors);
                ResolveImports(p, p.TestFiles, p.TestImports, p.TestImportErrors);
                ResolveImports(p, p.ExternalTestFiles, p.TestImports, p.TestImportErrors);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                p.Error ??= e.Message;
            }
            catch (Exception e)
            {
                _failure = e;
            }
            lock (_lock)
            {
                _busy--;
                Monitor.PulseAll(_lock);
            }
        }
    }

    void ResolveImports(LoadedPackage p, List<FileNode> files, Dictionary<string, LoadedPackage> into, List<ImportError> errors)
    {
        SortedDictionary<string, Pos> paths = new(StringComparer.Ordinal);
        foreach (FileNode f in files)
        {
            foreach (Decl d in f.Decls)
            {
                if (d is ImportDecl { Path.Bad: false } i && GoText.Unquote(i.Path.Text) is { } path)
                    paths.TryAdd(path, i.Pos);
            }
        }
        foreach ((string path, Pos pos) in paths)
        {
            if (path == "unsafe" || into.ContainsKey(path))
                continue;
            lock (_lock)
            {
                if (Resolve(path, p, out string error) is { } where)
                    into[path] = Get(where);
                else if (path == "C")
                    errors.Add(new ImportError(path, pos, "import \"C\": cgo is not supported"));
                else
                    errors.Add(new ImportError(path, pos, error));
            }
        }
    }
}

// The import graph: order, cycles, and who may import whom.
//
// One depth-first walk gives the packages dependencies first, imports in the order of their paths, and the errors in the order and the
// form in which go build lists them.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>Sorts packages and collects the errors of the graph.</summary>
sealed class GraphCheck(DisplayPaths paths, ModuleGraph modules, LoadOptions options)
{
    readonly Dictionary<LoadedPackage, bool> _state = []; // false: on the way, true: done
    readonly List<(LoadedPackage Package, string From)> _stack = [];
    readonly List<LoadedPackage> _sorted = [];

    public List<string> Errors { get; } = [];

    public List<LoadedPackage> Sort(IEnumerable<LoadedPackage> roots)
    {
        foreach (LoadedPackage p in roots)
        {
            if (!_state.ContainsKey(p))
                Visit(p, "");
        }
        return _sorted;
    }

    void Visit(LoadedPackage p, string from)
    {
        _state[p] = false;
        _stack.Add((p, from));
        foreach (string path in p.SortedImports())
        {
            LoadedPackage q = p.Imports[path];
            (string file, Pos pos) = ImportPlace(p, path);
            if (!_state.TryGetValue(q, out bool done))
                Visit(q, file);
            else if (!done)
            {
                Cycle(q, file);
                continue;
            }
            if (q.Name == "main" && q.ForTest == "" && q.Error == null)
                Errors.Add($"{Text(pos)}: import \"{path}\" is a program, not an importable package");
            else if (!MayImport(p, q))
                Errors.Add($"package {string.Join("\n\timports ", _stack.ConvertAll(s => s.Package.ImportPath))}\n\t{Text(pos)}: use of internal package {q.ImportPath} not allowed");
        }
        foreach (ImportError e in p.ImportErrors)
            Errors.Add($"{Text(e.Pos)}: {e.Text}");
        if (p.Error != null && _stack.Count == 1 && p.Files.Count == 0 && !p.Error.StartsWith("no Go files", StringComparison.Ordinal) && !p.Error.Contains(": ", StringComparison.Ordinal))
            Errors.Add((p.IsExcluded ? "package " : "") + $"{p.ImportPath}: {p.Error}");
        else if (p.Error != null)
            Errors.Add(_stack.Count == 1 || p.Error.Contains(": ", StringComparison.Ordinal) ? p.Error : $"package {string.Join("\n\timports ", _stack.ConvertAll(s => s.Package.ImportPath))}: {p.Error}");
        _stack.RemoveAt(_stack.Count - 1);
        _state[p] = true;
        _sorted.Add(p);
    }

    string Text(Pos pos) => pos.File is { } f ? $"{paths.Short(f.Path)}:{pos.Line}:{pos.Column}" : "-";

    void Cycle(LoadedPackage q, string lastFile)
    {
        int start = _stack.FindIndex(s => s.Package == q);
        List<string> lines = [];
        for (int i = start; i < _stack.Count; i++)
            lines.Add(i == start ? _stack[i].Package.ImportPath : $"{_stack[i].Package.ImportPath} from {_stack[i].From}");
        lines.Add($"{q.ImportPath} from {lastFile}");
        Errors.Add("package " + string.Join("\n\timports ", lines) + (q.ForTest != "" ? ": import cycle not allowed in test" : ": import cycle not allowed"));
    }

    static (string File, Pos Pos) ImportPlace(LoadedPackage p, string path)
    {
        foreach (FileNode f in p.Files)
        {
            foreach (Decl d in f.Decls)
            {
                if (d is ImportDecl i && GoText.Unquote(i.Path.Text) == path)
                    return (Path.GetFileName(f.Source.Path), i.Pos);
            }
        }
        return ("", Pos.None);
    }

    /// <summary>A path with the element `internal` is open only to packages below the parent of that element.</summary>
    bool MayImport(LoadedPackage p, LoadedPackage q)
    {
        int i = InternalElement(q.ImportPath);
        if (i < 0 || p.ForTest != "" || q.ForTest != "")
            return true;
        if (q.IsStd)
            return p.IsStd || ModuleGraph.IsUnder(p.Dir, Path.Combine(options.Goroot, "src")) || ModuleGraph.IsUnder(p.Dir, RealStd());
        string parent = q.ImportPath[..Math.Max(i - 1, 0)];
        string importer = p.ImportPath;
        if (p.IsCommandLine)
        {
            if (modules.MainModuleOf(p.Dir) is not { } found)
                return false;
            importer = found.Rel == "" ? found.Module.Path : found.Module.Path + "/" + found.Rel;
        }
        return parent == "" || importer == parent || importer.StartsWith(parent + "/", StringComparison.Ordinal);
    }

    /// <summary>GOROOT/src without links: what the working folder is called when it lies there.</summary>
    string RealStd()
    {
        string src = Path.Combine(options.Goroot, "src");
        return Directory.ResolveLinkTarget(src, returnFinalTarget: true)?.FullName ?? src;
    }

    /// <summary>Where the last element `internal` begins, or -1.</summary>
    static int InternalElement(string path)
    {
        if (path.EndsWith("/internal", StringComparison.Ordinal))
            return path.Length - "internal".Length;
        int i = path.LastIndexOf("/internal/", StringComparison.Ordinal);
        if (i >= 0)
            return i + 1;
        return path == "internal" || path.StartsWith("internal/", StringComparison.Ordinal) ? 0 : -1;
    }
}

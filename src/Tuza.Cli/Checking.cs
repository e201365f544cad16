// Type-checks the packages of a build, dependencies first, several at a time.
//
// A package is ready when all that it imports has been checked; it is skipped when one of them had errors. What the checker needs of
// other packages it gets by the import maps of the loader, so that one import path can mean different packages (vendoring, tests).

using System;
using System.Collections.Generic;
using System.Threading;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Cli;

/// <summary>A package with what the checker said about it.</summary>
sealed class CheckedPackage(LoadedPackage loaded)
{
    public LoadedPackage Loaded { get; } = loaded;
    public Package? Package { get; set; }
    public DiagnosticSink Sink { get; } = new();

    /// <summary>A package that it imports has errors: not checked at all.</summary>
    public bool Skipped { get; set; }
    public bool Failed => Skipped || Sink.HasErrors || Package == null;
}

/// <summary>Checks a whole build.</summary>
sealed class Checking
{
    readonly Dictionary<LoadedPackage, CheckedPackage> _all = [];
    readonly Dictionary<LoadedPackage, int> _missing = [];
    readonly Dictionary<LoadedPackage, List<LoadedPackage>> _users = [];
    readonly Queue<LoadedPackage> _ready = new();
    readonly Func<LoadedPackage, CheckOptions> _optionsOf;
    readonly Func<LoadedPackage, string> _pathOf;
    readonly object _lock = new();
    int _left;
    Exception? _failure;

    Checking(Func<LoadedPackage, CheckOptions> optionsOf, Func<LoadedPackage, string> pathOf)
    {
        _optionsOf = optionsOf;
        _pathOf = pathOf;
    }

    /// <summary>Checks packages given dependencies first; the result is in the same order. optionsOf leaves the importer to this class.</summary>
    public static List<CheckedPackage> Run(List<LoadedPackage> packages, Func<LoadedPackage, CheckOptions> optionsOf, Func<LoadedPackage, string> pathOf)
    {
        Checking c = new(optionsOf, pathOf);
        foreach (LoadedPackage p in packages)
            c.Add(p);
        c.RunAll(packages);
        return packages.ConvertAll(p => c._all[p]);
    }

    void Add(LoadedPackage p)
    {
        _all[p] = new CheckedPackage(p);
        HashSet<LoadedPackage> imports = [];
        foreach (LoadedPackage q in p.Imports.Values)
        {
            if (_all.ContainsKey(q) && imports.Add(q))
            {
                if (!_users.TryGetValue(q, out List<LoadedPackage>? users))
                    _users[q] = users = [];
                users.Add(p);
            }
        }
        _missing[p] = imports.Count;
        if (imports.Count == 0)
            _ready.Enqueue(p);
    }

    void RunAll(List<LoadedPackage> packages)
    {
        _left = packages.Count;
        List<Thread> threads = [];
        for (int i = 0; i < Math.Clamp(Environment.ProcessorCount, 1, 8); i++)
        {
            Thread t = new(Work) { IsBackground = true, Name = "check" };
            threads.Add(t);
            t.Start();
        }
        foreach (Thread t in threads)
            t.Join();
        if (_failure != null)
            throw new InvalidOperationException(_failure.Message, _failure);
    }

    void Work()
    {
        while (true)
        {
            LoadedPackage? p;
            lock (_lock)
            {
                while (!_ready.TryDequeue(out p))
                {
                    if (_left == 0 || _failure != null)
                        return;
                    Monitor.Wait(_lock);
                }
            }
            try
            {
                Check(_all[p]);
            }
            catch (Exception e)
            {
                _failure = new InvalidOperationException($"checking package {p}: {e.Message}", e);
            }
            lock (_lock)
            {
                _left--;
                if (_users.TryGetValue(p, out List<LoadedPackage>? users))
                {
                    foreach (LoadedPackage user in users)
                    {
                        if (--_missing[user] == 0)
                            _ready.Enqueue(user);
                    }
                }
                Monitor.PulseAll(_lock);
            }
        }
    }

    void Check(CheckedPackage c)
    {
        LoadedPackage p = c.Loaded;
        foreach (LoadedPackage q in p.Imports.Values)
        {
            if (_all.TryGetValue(q, out CheckedPackage? import) && import.Failed)
            {
                c.Skipped = true;
                return;
            }
        }
        c.Sink.List.AddRange(p.Diagnostics.List);
        if (CompileErrors.HasSyntaxError(c.Sink))
            return;
        CheckOptions options = _optionsOf(p);
        options.Importer = new ImporterOf(p, _all);
        c.Package = Checker.Check(_pathOf(p), p.Files, options, c.Sink);
        if (c.Sink.HasErrors)
            return;
        foreach (FileNode f in p.Files)
            Pragmas.Check(f, c.Sink);
    }

    sealed class ImporterOf(LoadedPackage loaded, Dictionary<LoadedPackage, CheckedPackage> all) : IImporter
    {
        public Package? Import(string path, Package from, out string error)
        {
            error = "";
            if (loaded.Imports.TryGetValue(path, out LoadedPackage? p) && all.TryGetValue(p, out CheckedPackage? c) && c.Package != null)
                return c.Package;
            error = path == "main" ? "cannot import \"main\""
                : path == from.Path ? $"import {GoText.Quote(path)} while compiling that package (import cycle)"
                : path.StartsWith('/') ? "import path cannot be absolute path"
                : "open : no such file or directory";
            return null;
        }
    }
}

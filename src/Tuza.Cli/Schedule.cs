// Work on the packages of a build, dependencies first, several at a time: a package is ready when all that it imports are done.

using System;
using System.Collections.Generic;
using System.Threading;
using Tuza.Load;

namespace Tuza.Cli;

/// <summary>Runs one action per package.</summary>
sealed class Schedule
{
    readonly Dictionary<LoadedPackage, int> _missing = [];
    readonly Dictionary<LoadedPackage, List<LoadedPackage>> _users = [];
    readonly Queue<LoadedPackage> _ready = new();
    readonly Action<LoadedPackage> _work;
    readonly object _lock = new();
    readonly string _what;
    readonly int _all;
    int _left;
    Exception? _failure;

    Schedule(List<LoadedPackage> packages, string what, Action<LoadedPackage> work)
    {
        _work = work;
        _what = what;
        _all = _left = packages.Count;
        foreach (LoadedPackage p in packages)
            Add(p);
    }

    /// <summary>packages: dependencies first; imports that are not among them do not count. what: for the message of a failure.</summary>
    public static void Run(List<LoadedPackage> packages, string what, bool parallel, Action<LoadedPackage> work)
    {
        Schedule s = new(packages, what, work);
        List<Thread> threads = [];
        for (int i = 0; i < (parallel ? Math.Clamp(Environment.ProcessorCount, 1, 8) : 1); i++)
        {
            Thread t = new(s.Work, 256 << 20) { IsBackground = true, Name = what };
            threads.Add(t);
            t.Start();
        }
        foreach (Thread t in threads)
            t.Join();
        if (s._failure != null)
            throw new InvalidOperationException($"{what} {s._failure.Message}", s._failure);
    }

    void Add(LoadedPackage p)
    {
        HashSet<LoadedPackage> imports = [];
        foreach (LoadedPackage q in p.Imports.Values)
        {
            if (!_missing.ContainsKey(q) || !imports.Add(q))
                continue;
            if (!_users.TryGetValue(q, out List<LoadedPackage>? users))
                _users[q] = users = [];
            users.Add(p);
        }
        _missing[p] = imports.Count;
        if (imports.Count == 0)
            _ready.Enqueue(p);
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
                if (_failure != null)
                    return;
            }
            Exception? failure = null;
            try
            {
                _work(p);
            }
            catch (Exception e)
            {
                failure = new InvalidOperationException($"package {p}: {e.Message}", e);
            }
            lock (_lock)
            {
                _failure ??= failure;
                _left--;
                Terminal.Doing($"{_what} {_all - _left} of {_all} packages");
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
}

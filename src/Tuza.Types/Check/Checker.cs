// The type checker: from the syntax trees of one package to a typed package.
//
// The work goes in phases, each a partial file of this class:
//   1. Resolve     every package-level name gets an object and a DeclInfo; imports are fetched; methods are tied to base types
//   2. Decl        objects are typed in source order, others on demand (an object whose Type is null is not typed yet)
//   3. delayed     checks that need complete types, and function bodies, run from a queue
//   4. InitOrder   package variables are sorted by their dependencies
//   5. untyped     constants that never met a type keep their untyped type in the record
//   6. Directives  rules about `//go:` lines and bodiless functions, if there was no error
//
// Terms. Object path: the stack of objects being typed; meeting one of them again is a cycle, valid or not.
// Untyped bookkeeping: an expression of untyped type stays in _untyped until its context gives the final type (Expr).
//
// Function bodies can wait: with IgnoreFuncBodies they are kept in _pending and checked by CheckBody or CheckBodies, one thread at a
// time per package. Types cross packages only after phase 3 of the imported package, so no lock is needed to read them.
//
// See GOROOT/src/cmd/compile/internal/types2 for the original division of work.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using Tuza.Syntax;

namespace Tuza.Types;

/// <summary>How a package-level object (or method) was declared.</summary>
sealed class DeclInfo
{
    public required Scope File;
    public LangVersion Version;
    public int Order;
    /// <summary>All variables of `var a, b = f()`, which share one initializer; else null.</summary>
    public List<Var>? Lhs;
    public Expr? TypeExpr;
    public Expr? Init;
    /// <summary>The initializer is repeated from an earlier constant of the group.</summary>
    public bool Inherited;
    public TypeDecl? TypeDecl;
    public FuncDecl? FuncDecl;
    /// <summary>Package-level objects that the initializer or body mentions.</summary>
    public HashSet<Obj>? Deps;

    public bool HasInitializer => Init != null || FuncDecl?.Body != null;
}

public sealed partial class Checker
{
    /// <summary>What the checker knows about the place it is at; saved and restored around declarations and bodies.</summary>
    struct Environment
    {
        public DeclInfo? Decl;
        public Scope Scope;
        public LangVersion Version;
        public Constant? Iota;
        /// <summary>Errors of an inherited constant initializer are reported here.</summary>
        public Pos ErrPos;
        public bool InTypeParams;
        public Signature? Sig;
        public HashSet<CallExpr>? PanicCalls;
        public bool HasCallOrRecv;
        /// <summary>Local variables of the function, for the check that all are used; null outside functions.</summary>
        public List<Var>? Locals;
    }

    readonly record struct Delayed(LangVersion Version, Action Run);

    readonly CheckOptions _options;
    DiagnosticSink _sink;
    readonly Package _pkg;
    readonly TypeInfo _info;
    readonly TypeEnv _typeEnv;
    readonly Lock _lock = new();

    readonly Dictionary<Obj, DeclInfo> _objMap = new(ReferenceEqualityComparer.Instance);
    readonly List<Obj> _objList = [];
    readonly Dictionary<FileNode, LangVersion> _versions = new(ReferenceEqualityComparer.Instance);
    readonly List<PkgName> _imports = [];
    readonly Dictionary<(Scope, string), PkgName> _dotImports = [];
    Dictionary<TypeName, List<Func>>? _methods;

    readonly Dictionary<Expr, Untyped> _untyped = new(ReferenceEqualityComparer.Instance);
    readonly List<Delayed> _delayed = [];
    readonly List<Obj> _path = [];
    readonly Dictionary<Obj, int> _pathIndex = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Signature, Scope> _funcScopes = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Package> _fake = [];

    /// <summary>Bodies not checked yet, by the object whose declaration holds them.</summary>
    readonly Dictionary<Obj, List<Delayed>> _pending = new(ReferenceEqualityComparer.Instance);
    Environment _env;
    bool _bodiesNow;
    bool _errors;
    Obj? _bodyOwner;

    Checker(Package pkg, CheckOptions options, DiagnosticSink sink)
    {
        _pkg = pkg;
        _info = pkg.Info;
        _options = options;
        _sink = sink;
        _bodiesNow = !options.IgnoreFuncBodies;
        _typeEnv = new TypeEnv(pkg, Sizes.ForArch(options.GoArch) ?? Sizes.ForArch("amd64")!);
    }

    /// <summary>Checks a package. Errors go to <paramref name="sink"/>; the package is returned in any case.</summary>
    public static Package Check(string path, IReadOnlyList<FileNode> files, CheckOptions opts, DiagnosticSink sink)
    {
        var pkg = new Package(path, "") { GoVersion = opts.GoVersion, IsStd = opts.IsStd };
        var checker = new Checker(pkg, opts, sink);
        pkg.Checker = checker;
        checker.Locked(() => checker.CheckFiles(files));
        return pkg;
    }

    void CheckFiles(IReadOnlyList<FileNode> files)
    {
        InitFiles(files);
        CollectObjects();
        DirectCycles();
        PackageObjects();
        ProcessDelayed(0);
        if (_bodiesNow)
            Finish();
    }

    /// <summary>What can be done only when all bodies have been checked.</summary>
    void Finish()
    {
        ComputeInitOrder();
        UnusedImports();
        RecordUntyped();
        if (!_errors)
            Monomorph();
        if (!_errors && !_sink.HasErrors)
            CheckDirectives();
        _pkg.HasErrors = _errors || _sink.HasErrors;
    }

    /// <summary>Checks the bodies that belong to one function (or to the initializer of one variable), if that is still to do.</summary>
    public void CheckBody(Obj obj, DiagnosticSink sink)
    {
        lock (_lock)
            if (!_pending.ContainsKey(obj))
                return;
        Locked(() =>
        {
            _sink = sink;
            RunPending(obj);
            RecordUntyped();
            _pkg.HasErrors = _errors;
        });
    }

    /// <summary>Checks all remaining bodies and finishes the package: initialisation order, unused imports.</summary>
    public void CheckBodies(DiagnosticSink sink)
    {
        Locked(() =>
        {
            if (_bodiesNow)
                return;
            _sink = sink;
            foreach (Obj obj in _objList)
                RunPending(obj);
            _bodiesNow = true;
            Finish();
        });
    }

    /// <summary>Checks one function's body in whatever package it lives.</summary>
    public static void CheckBody(Func func, DiagnosticSink sink) => func.Origin.Pkg?.Checker?.CheckBody((Obj)func.Origin, sink);

    /// <summary>Runs alone in this package, on a stack deep enough for nearly all source.</summary>
    void Locked(Action run) => OnFreshStack(() =>
    {
        lock (_lock)
            run();
    }, 64 << 20);

    void RunPending(Obj obj)
    {
        if (!_pending.Remove(obj, out List<Delayed>? bodies))
            return;
        bool saved = _bodiesNow;
        _bodiesNow = true;
        foreach (Delayed body in bodies)
        {
            _delayed.Add(body);
            ProcessDelayed(0);
        }
        _bodiesNow = saved;
    }

    /// <summary>Queues the check of a body, or keeps it for later when bodies are ignored for now.</summary>
    void LaterBody(Obj? owner, Action run)
    {
        if (_bodiesNow)
        {
            Later(run);
            return;
        }
        if (owner == null)
            return;
        if (!_pending.TryGetValue(owner, out List<Delayed>? list))
            _pending.Add(owner, list = []);
        list.Add(new Delayed(_env.Version, run));
    }

    void Later(Action run) => _delayed.Add(new Delayed(_env.Version, run));

    /// <summary>Runs the delayed actions from index <paramref name="top"/> on, and those that they add.</summary>
    void ProcessDelayed(int top)
    {
        if (_delayed.Count == top)
            return;
        LangVersion saved = _env.Version;
        for (int i = top; i < _delayed.Count; i++)
        {
            _env.Version = _delayed[i].Version;
            _delayed[i].Run();
        }
        _delayed.RemoveRange(top, _delayed.Count - top);
        _env.Version = saved;
    }

    void InitFiles(IReadOnlyList<FileNode> files)
    {
        foreach (FileNode file in files)
        {
            string name = file.PackageName.Name;
            if (_pkg.Name == "")
            {
                if (name == "_")
                    Error(file.PackageName, "invalid package name _");
                else
                    _pkg.Name = name;
            }
            else if (_pkg.Name != name)
            {
                Error(file, "package %s; expected package %s", name, _pkg.Name);
                continue;
            }
            _pkg.Files.Add(file);
        }

        LangVersion version = LangVersion.Parse(_options.GoVersion);
        if (version.Minor > LangVersion.Current && files.Count > 0)
            Error(files[0], "package requires newer Go version %s (application built with go1.%d)", version, LangVersion.Current);
        foreach (FileNode file in _pkg.Files)
        {
            LangVersion v = version;
            LangVersion own = LangVersion.Parse(file.GoVersion);
            if (own.IsValid)
            {
                v = new LangVersion(Math.Max(own.Minor, 21));
                if (own.Minor > LangVersion.Current)
                    Error(file.PackageName, "file requires newer Go version %s", own);
                if (v != version)
                    _info.FileVersions[file] = v.ToString();
            }
            _versions[file] = v;
        }
    }

    bool AllowVersion(int minor) => !_env.Version.IsValid || _env.Version.Minor >= minor;

    /// <summary>The surroundings that the relations between types are asked in, at the present place.</summary>
    TypeEnv Env
    {
        get
        {
            _typeEnv.GoMinor = _env.Version.IsValid ? _env.Version.Minor : TypeEnv.NewestMinor;
            return _typeEnv;
        }
    }

    /// <summary>Notes that the declaration being checked depends on a package-level object.</summary>
    void AddDeclDep(Obj to)
    {
        if (_env.Decl is { } from && _objMap.ContainsKey(to))
            (from.Deps ??= new HashSet<Obj>(ReferenceEqualityComparer.Instance)).Add(to);
    }

    void Push(Obj obj)
    {
        _pathIndex[obj] = _path.Count;
        _path.Add(obj);
    }

    void Pop()
    {
        Obj obj = _path[^1];
        _path.RemoveAt(_path.Count - 1);
        _pathIndex.Remove(obj);
    }

    Scope? LookupScope(string name, out Obj? obj)
    {
        for (Scope? s = _env.Scope; s != null; s = s.Parent)
            if (s.Lookup(name) is { } found)
            {
                obj = found;
                return s;
            }
        obj = null;
        return null;
    }

    Obj? LookupName(string name)
    {
        LookupScope(name, out Obj? obj);
        return obj;
    }

    void OpenScope(Node node, string comment)
    {
        var scope = new Scope(_env.Scope, node.Pos, Positions.End(node), comment);
        _info.Scopes[node] = scope;
        _env.Scope = scope;
    }

    void CloseScope() => _env.Scope = _env.Scope.Parent!;

    /// <summary>Types an object of this package on behalf of the type algebra (methods of named types).</summary>
    void Complete(Obj obj)
    {
        if (obj.Type == null! && _objMap.ContainsKey(obj))
            ObjDecl(obj);
    }

    /// <summary>Source nests as deep as it likes: when this stack is nearly used up, the work goes on on a fresh one. Except that a thread
    /// that holds the lock of the instance tables must go on by itself, because the fresh one would wait for it.</summary>
    static bool StackIsShort() => !RuntimeHelpers.TryEnsureSufficientExecutionStack() && !Monitor.IsEntered(Instances.Guard);

    static void OnFreshStack(Action run, int stackBytes = 512 << 20)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                run();
            }
            catch (Exception e)
            {
                failure = e;
            }
        }, stackBytes);
        thread.Start();
        thread.Join();
        if (failure != null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }
}

// What all packages of one compilation share while their trees are built.
//
// Packages are built in parallel, one PackageBuilder each; everything here is safe to use from several threads. The rule of sharing:
//   - a declared function, method or variable that is not generic is one Function or Global object per compilation, owned (its Body,
//     its Init) by the builder of its package; the others see it as a reference and must not look at its Body;
//   - instances of generic functions, literals inside them, wrappers of types that belong to no package, and read-only data are made by
//     every package that needs them, for itself.

using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>A file for `//go:embed`: its slash-separated path relative to the package folder.</summary>
public sealed record EmbedFile(string Name, byte[] Data);

/// <summary>Expands the patterns of one `//go:embed` directive; returns null and an error text when a pattern is wrong.</summary>
public delegate List<EmbedFile>? EmbedResolver(Package pkg, SourceFile file, IReadOnlyList<string> patterns, out string error);

/// <summary>Remote symbol (null for the one-argument form) of a linkname directive; Std for linknamestd.</summary>
public sealed record Linkname(string Local, string? Remote, bool Std, Pos Pos);

public sealed class BuildContext(Sizes sizes)
{
    readonly ConcurrentDictionary<string, Function> _functions = new();
    readonly ConcurrentDictionary<string, Function> _runtime = new();
    readonly ConcurrentDictionary<string, Global> _globals = new();
    readonly ConcurrentDictionary<Package, PackageFacts> _facts = new();
    readonly Dictionary<(NamedType, string), NamedType> _localInstances = [];
    readonly Lock _localLock = new();

    public Sizes Sizes { get; } = sizes;
    public EmbedResolver? Embed { get; set; }

    /// <summary>Called before the body of a function of another package is built (an instance, a copy for inlining): the checker may have left
    /// that body for later. Whoever checks bodies while packages are built must see to it that nobody reads that package's TypeInfo meanwhile.</summary>
    public System.Action<Func>? EnsureBody { get; set; }

    /// <summary>The one object of a declared function or method without type parameters (its own or its receiver's).</summary>
    public Function FunctionOf(Func obj)
    {
        string name = Names.OfFunc(obj);
        return _functions.TryGetValue(name, out var f) ? f : _functions.GetOrAdd(name, NewFunction(name, obj));
    }

    /// <summary>A function that is known by its symbol only, for instance a method wrapper of another package's type.</summary>
    public Function FunctionBySymbol(string linkName, Package pkg, Signature sig, GoType? recv) =>
        _functions.TryGetValue(linkName, out var f) ? f : _functions.GetOrAdd(linkName, NewFunction(linkName, pkg, sig, recv));

    /// <summary>A function of the runtime that the compiler calls by itself; it may exist as a declared one, too.</summary>
    public Function Runtime(string linkName, GoType[] parameters, GoType[] results)
    {
        if (_runtime.TryGetValue(linkName, out var f))
            return f;
        var sig = new Signature { Params = Tuple(parameters), Results = Tuple(results) };
        return _runtime.GetOrAdd(linkName, NewFunction(linkName, RuntimePackage, sig, null));
    }

    static readonly Package s_runtime = new("runtime", "runtime");
    public static Package RuntimePackage => s_runtime;

    static TupleType Tuple(GoType[] types)
    {
        if (types.Length == 0)
            return TupleType.Empty;
        var vars = new List<Var>();
        foreach (var t in types)
            vars.Add(new Var { Type = t });
        return new TupleType(vars);
    }

    /// <summary>The one object of a package-level variable.</summary>
    public Global GlobalOf(Var v)
    {
        v = v.Origin;
        var pkg = v.Pkg!;
        string name = Names.Prefix(pkg) + "." + v.Name;
        if (Facts(pkg).Linknames.TryGetValue(v.Name, out var link) && link.Remote != null)
            name = link.Remote;
        string key = name + "\0" + pkg.Path;
        return _globals.TryGetValue(key, out var g) ? g : _globals.GetOrAdd(key, new Global { LinkName = name, Type = v.Type, Pos = v.Pos, Obj = v });
    }

    /// <summary>Directives and versions of a package's files.</summary>
    public PackageFacts Facts(Package pkg) => _facts.TryGetValue(pkg, out var f) ? f : _facts.GetOrAdd(pkg, new PackageFacts(pkg));

    /// <summary>A new function object with its parameters and results, receiver first.</summary>
    public static Function NewFunction(string linkName, Package pkg, Signature sig, GoType? recv, string recvName = "")
    {
        string prefix = Names.Prefix(pkg) + ".";
        var f = new Function
        {
            LinkName = linkName,
            Pkg = pkg,
            Sig = sig,
            ShortName = linkName.StartsWith(prefix, System.StringComparison.Ordinal) ? linkName[prefix.Length..] : linkName,
        };
        int unnamed = 0;
        void Param(string name, GoType type, Pos pos)
        {
            var l = f.NewLocal(name is "" or "_" ? "~p" + unnamed++ : name, type.Unalias, pos, LocalClass.Param);
            l.Index = f.Params.Count;
            f.Params.Add(l);
        }
        if (recv != null)
            Param(recvName, recv, sig.Recv?.Pos ?? default);
        foreach (var v in sig.Params.Vars)
            Param(v.Name, v.Type, v.Pos);
        foreach (var v in sig.Results.Vars)
        {
            var l = f.NewLocal(v.Name is "" or "_" ? "~r" + f.Results.Count : v.Name, v.Type.Unalias, v.Pos, LocalClass.Result);
            l.Index = f.Results.Count;
            f.Results.Add(l);
        }
        return f;
    }

    Function NewFunction(string name, Func obj)
    {
        var sig = obj.Sig;
        var f = NewFunction(name, obj.Pkg!, sig, sig.Recv?.Type, sig.Recv?.Name ?? "");
        f.Obj = obj;
        f.Pos = obj.Pos;
        SetPragmas(f, obj, obj.Decl);
        return f;
    }

    /// <summary>Reads the directives of a declaration: pragmas, and the linkname of a function.</summary>
    internal void SetPragmas(Function f, Func obj, FuncDecl? decl)
    {
        if (decl == null)
            return;
        foreach (var d in decl.Directives)
        {
            int space = d.Text.IndexOf(' ');
            f.Pragma |= (space < 0 ? d.Text : d.Text[..space]) switch
            {
                "go:noinline" => Pragma.Noinline,
                "go:noescape" => Pragma.Noescape,
                "go:nosplit" => Pragma.Nosplit,
                "go:norace" => Pragma.Norace,
                "go:nocheckptr" => Pragma.NoCheckPtr,
                "go:systemstack" => Pragma.Systemstack,
                "go:uintptrescapes" => Pragma.UintptrEscapes | Pragma.UintptrKeepAlive,
                "go:uintptrkeepalive" => Pragma.UintptrKeepAlive,
                "tuza:noalloc" => Pragma.NoAlloc,
                _ => Pragma.None,
            };
        }
        if (decl.Recv != null || f.IsInstance || !Facts(obj.Pkg!).Linknames.TryGetValue(obj.Name, out var link))
            return;
        f.Pragma |= Pragma.Linkname;
        if (link.Remote != null && link.Remote != f.LinkName)
            f.LinknameRemote = link.Remote;
    }

    /// <summary>The copy of a type declared inside a generic function that belongs to one instance of that function; it may be generic itself.
    /// <paramref name="rhs"/> computes the right-hand side of its declaration with the function's type arguments put in.</summary>
    internal NamedType LocalInstance(NamedType declared, List<GoType> targs, System.Func<GoType> rhs)
    {
        var key = (declared, Names.TypeArgs(targs));
        lock (_localLock) // re-entered by recursive types: others must not see a type without its underlying type
        {
            if (_localInstances.TryGetValue(key, out var known))
                return known;
            var t = new NamedType { Obj = declared.Obj, LocalArgs = targs, LocalOrigin = declared, TypeParams = declared.TypeParams };
            _localInstances.Add(key, t);
            t.FromRhs = rhs();
            return t;
        }
    }
}

/// <summary>What the syntax of a package says beside its types.</summary>
public sealed class PackageFacts
{
    /// <summary>By local name.</summary>
    public Dictionary<string, Linkname> Linknames { get; } = [];
    readonly Dictionary<int, FileNode> _files = [];
    readonly HashSet<int> _sharedLoopVars = [];
    readonly Package _pkg;

    internal PackageFacts(Package pkg)
    {
        _pkg = pkg;
        foreach (var file in pkg.Files)
        {
            _files[file.Source.Id] = file;
            string version = pkg.Info.FileVersions.TryGetValue(file, out var v) && v != "" ? v : pkg.GoVersion;
            if (Minor(version) < 22)
                _sharedLoopVars.Add(file.Source.Id);
            foreach (var d in file.Directives)
                AddLinkname(d);
        }
    }

    public FileNode? FileAt(Pos pos) => _files.GetValueOrDefault(pos.FileId);

    /// <summary>Loop variables are per loop, not per iteration (before Go 1.22).</summary>
    public bool SharedLoopVars(Pos pos) => _sharedLoopVars.Contains(pos.FileId);

    public override string ToString() => _pkg.Path;

    void AddLinkname(Directive d)
    {
        bool std = d.Text.StartsWith("go:linknamestd ", System.StringComparison.Ordinal);
        if (!std && !d.Text.StartsWith("go:linkname ", System.StringComparison.Ordinal))
            return;
        var parts = d.Text.Split([' ', '\t'], System.StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 2 or 3)
            Linknames.TryAdd(parts[1], new Linkname(parts[1], parts.Length == 3 ? parts[2] : null, std, d.Pos));
    }

    static int Minor(string version) =>
        version.StartsWith("go1.", System.StringComparison.Ordinal) && int.TryParse(version[4..].Split('.', 'r', 'b')[0], out int n) ? n : 99;
}

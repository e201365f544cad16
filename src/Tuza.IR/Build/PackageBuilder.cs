// Builds the trees of one package: declared functions first, then what they turned out to need: instances of generic functions, wrappers.
//
// A PackageBuilder belongs to one thread. After Build, later passes may still ask it for functions (MethodFor, BuildCopy); such functions
// are appended to the PackageIR's list, so whoever walks that list must do so by index until its end.
//
// Names of instances and wrappers are program-wide symbols: two packages that make the same one make the same code, and the linker keeps
// either.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Where the body of a function comes from.</summary>
sealed record FuncSource(Func Obj, Specialiser Env, Specialiser? Shapes = null);

public sealed partial class PackageBuilder
{
    readonly Dictionary<string, Function> _made = [];
    readonly Queue<Function> _pending = new();
    readonly List<Function> _literals = [], _instances = [], _wrappers = [];
    readonly HashSet<NamedType> _localTypes = new(ReferenceEqualityComparer.Instance);
    List<Function>? _literalsOfCopy;
    bool _built;
    int _readOnlyCount;

    public PackageBuilder(Package pkg, BuildContext ctx)
    {
        Pkg = pkg;
        Ctx = ctx;
        IR = new PackageIR { Pkg = pkg, Builder = this };
        Plain = new Specialiser(ctx);
    }

    public Package Pkg { get; }
    public BuildContext Ctx { get; }
    public PackageIR IR { get; }
    internal Specialiser Plain { get; }

    public static PackageIR Build(Package pkg, BuildContext ctx) => new PackageBuilder(pkg, ctx).Build();

    public PackageIR Build()
    {
        int inits = 0;
        var initFunctions = new List<Function>();
        foreach (var file in Pkg.Files)
            foreach (var decl in file.Decls)
            {
                if (decl is FuncDecl fd && Pkg.Info.Defs.GetValueOrDefault(fd.Name) is Func obj)
                {
                    if (fd.Name.Name == "_" || obj.Sig.TypeParams.Count > 0 || obj.Sig.RecvTypeParams.Count > 0)
                        continue;
                    AddressSpace.Check(IR, obj.Sig, fd.Name.Pos);
                    bool isInit = fd.Recv == null && fd.Name.Name == "init";
                    var f = isInit ? NewInit(obj, inits++) : Ctx.FunctionOf(obj);
                    f.Obj = obj;
                    f.Source = new FuncSource(obj, Plain);
                    Ctx.SetPragmas(f, obj, fd);
                    IR.Functions.Add(f);
                    if (isInit)
                        initFunctions.Add(f);
                }
                else if (decl is TypeDecl { TypeParams.Count: 0 } alias && Pkg.Info.Defs.GetValueOrDefault(alias.Name) is TypeName { IsAlias: true } other)
                {
                    AddressSpace.Check(IR, other.Type.Unalias, alias.Name.Pos);
                }
                else if (decl is TypeDecl td && Pkg.Info.Defs.GetValueOrDefault(td.Name) is TypeName { IsAlias: false, Type: NamedType named }
                    && named.TypeParams.Count == 0 && td.Name.Name != "_")
                {
                    IR.DeclaredTypes.Add(named);
                    AddressSpace.Check(IR, named.Underlying, td.Name.Pos);
                }
                else if (decl is VarDecl vd)
                {
                    DeclareGlobals(vd);
                }
            }

        if (IR.Errors.Count > 0)
            return IR;
        int declared = IR.Functions.Count;
        for (int i = 0; i < declared; i++)
            BuildBody(IR.Functions[i]);
        BuildInit();
        IR.InitFunctions.AddRange(initFunctions);
        BuildEmbeds();

        foreach (var t in _localTypes)
            IR.DeclaredTypes.Add(t);
        foreach (var t in IR.DeclaredTypes.ToArray())
            MakeWrappers((NamedType)t);
        BuildPending();

        IR.Functions.AddRange(_literals);
        IR.Functions.AddRange(_instances);
        IR.Functions.AddRange(_wrappers);
        _built = true;
        return IR;
    }

    Function NewInit(Func obj, int number)
    {
        var f = BuildContext.NewFunction($"{Names.Prefix(Pkg)}.init.{number}", Pkg, obj.Sig, null);
        f.Pos = obj.Pos;
        return f;
    }

    void DeclareGlobals(VarDecl decl)
    {
        foreach (var name in decl.Names)
            if (name.Name != "_" && Pkg.Info.Defs.GetValueOrDefault(name) is Var v)
            {
                AddressSpace.Check(IR, v.Type.Unalias, name.Pos);
                var g = Ctx.GlobalOf(v);
                var link = Ctx.Facts(Pkg).Linknames.GetValueOrDefault(v.Name);
                // `//go:linkname local remote` on a variable without value shares the remote's storage.
                g.Defined = link?.Remote == null || decl.Values.Count > 0 || link.Remote == Names.Prefix(Pkg) + "." + v.Name;
                IR.Globals.Add(g);
            }
    }

    // ---- bodies

    void BuildBody(Function f)
    {
        var (obj, env, shapes) = (FuncSource)f.Source!;
        if (obj.Origin.Decl?.Body == null)
            return;
        if (!ReferenceEquals(obj.Origin.Pkg, Pkg))
            Ctx.EnsureBody?.Invoke(obj.Origin);
        try
        {
            var b = new Builder(this, f, obj.Origin.Pkg!.Info, env, shapes);
            b.DeclaredBody(obj.Origin.Decl);
            Static.AttachImages(f.Body!);
            foreach (var literal in b.Closures)
                Static.AttachImages(literal.Body!);
        }
        catch (System.Exception e) when (e is not BuildException)
        {
            throw new BuildException($"IR build of {f.LinkName} ({f.Pos}): {e.Message}", e);
        }
    }

    internal void BuildPending()
    {
        while (_pending.TryDequeue(out var f))
            BuildBody(f);
    }

    /// <summary>A fresh tree of a function that has a declaration (of any package), for inlining: a new Function with the same name. Its
    /// literals are new functions too; they are added to <paramref name="literals"/>, not to the package. Null when there is no body to build.</summary>
    public Function? BuildCopy(Function f, List<Function> literals)
    {
        var source = f.Source as FuncSource ?? (f.Obj is { } o ? new FuncSource(o, Plain) : null);
        if (source?.Obj.Origin.Decl?.Body == null)
            return null;
        var copy = BuildContext.NewFunction(f.LinkName, f.Pkg, f.Sig, f.Params.Count > f.Sig.Params.Count ? f.Params[0].Type : null,
            f.Params.Count > f.Sig.Params.Count ? f.Params[0].Name : "");
        copy.Obj = source.Obj;
        copy.Source = source;
        copy.Pos = f.Pos;
        copy.MessageName = f.MessageName;
        copy.IsUnreported = f.IsUnreported;
        copy.Pragma = f.Pragma;
        copy.IsInstance = f.IsInstance;
        var saved = _literalsOfCopy;
        _literalsOfCopy = literals;
        try
        {
            BuildBody(copy);
        }
        finally
        {
            _literalsOfCopy = saved;
        }
        BuildPending();
        return copy;
    }

    // ---- what bodies need

    internal void AddLiteral(Function f)
    {
        if (_literalsOfCopy != null)
            _literalsOfCopy.Add(f);
        else if (_built)
            IR.Functions.Add(f);
        else
            _literals.Add(f);
    }

    void AddMade(List<Function> list, Function f)
    {
        _made.Add(f.LinkName, f);
        if (_built)
            IR.Functions.Add(f);
        else
            list.Add(f);
    }

    internal void AddLocalType(NamedType t) => _localTypes.Add(t);

    /// <summary>
    /// A declared function, or an instance of a generic one when there are type arguments. recvShapes: how the instance that asks knows recvArgs,
    /// for messages; shapes: the same for args.
    /// </summary>
    internal Function FunctionFor(Func f, IReadOnlyList<GoType> recvArgs, IReadOnlyList<GoType> args, IReadOnlyList<GoType>? recvShapes = null, IReadOnlyList<GoType>? shapes = null)
    {
        var origin = f.Origin;
        if (recvArgs.Count == 0 && args.Count == 0)
            return Ctx.FunctionOf(origin);
        string name = Names.OfFunc(origin, recvArgs, args);
        if (_made.TryGetValue(name, out var known))
        {
            known.HasPlainName = known.HasPlainName || IsPlain(recvShapes ?? recvArgs) && IsPlain(shapes ?? args);
            return known;
        }
        var env = new Specialiser(Ctx, origin, recvArgs, args);
        var sig = origin.Sig;
        var made = BuildContext.NewFunction(name, origin.Pkg!, env.OfSignature(sig), sig.Recv == null ? null : env.Of(sig.Recv.Type), sig.Recv?.Name ?? "");
        made.Obj = origin;
        made.Pos = origin.Pos;
        made.IsInstance = true;
        made.Source = new FuncSource(origin, env, NameByShape(made, origin, recvShapes ?? recvArgs, shapes ?? args));
        Ctx.SetPragmas(made, origin, origin.Decl);
        AddMade(_instances, made);
        _pending.Enqueue(made);
        if (_built && _literalsOfCopy == null)
            BuildPending();
        return made;
    }

    /// <summary>A global that only this package knows: the data behind a literal.</summary>
    internal Global NewStatic(GoType type, Pos pos, bool readOnly)
    {
        var g = new Global
        {
            LinkName = $"{Names.Prefix(Pkg)}..stmp_{_readOnlyCount++}",
            Type = type,
            Pos = pos,
            ReadOnly = readOnly,
            Defined = true,
            Init = new StaticData(Ctx.Sizes.Sizeof(type)),
        };
        IR.Globals.Add(g);
        return g;
    }
}

/// <summary>A tree could not be built: a bug, never the fault of the program.</summary>
public sealed class BuildException(string message, System.Exception? inner = null) : System.Exception(message, inner);

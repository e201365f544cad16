// Collecting the package-level objects: names get objects and DeclInfos, imports get packages, methods get base types.
//
// Nothing is typed here. A file has a scope of its own for its imports, below the package scope in lookup order: a name is looked up
// in the file scope first, then in the package, then in the universe. Conflicts between the two are errors of the package's name.

using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    readonly record struct MethodDecl(Func Func, bool Ptr, Ident Recv);

    void CollectObjects()
    {
        var imported = new HashSet<Package>();
        var methods = new List<MethodDecl>();
        var fileScopes = new List<Scope>();

        foreach (FileNode file in _pkg.Files)
        {
            _env = new Environment { Version = _versions[file] };
            _info.Defs[file.PackageName] = null;
            // The file's imports come before the package's names.
            var fileScope = new Scope(_pkg.Scope, file.Pos, file.EndPos, file.Source.Name);
            fileScopes.Add(fileScope);
            _info.Scopes[file] = fileScope;
            _env.Scope = fileScope;

            foreach (Decl decl in file.Decls)
                switch (decl)
                {
                    case ImportDecl s:
                        CollectImport(s, fileScope, imported);
                        break;
                    case ConstDecl s:
                        CollectConsts(s, fileScope);
                        break;
                    case VarDecl s:
                        CollectVars(s, fileScope);
                        break;
                    case TypeDecl s:
                        DeclarePkgObj(s.Name, new TypeName { Name = s.Name.Name, Pos = s.Name.Pos, Pkg = _pkg, IsAlias = s.IsAlias, Complete = Complete },
                            new DeclInfo { File = fileScope, Version = _env.Version, TypeDecl = s });
                        break;
                    case FuncDecl s:
                        CollectFunc(s, fileScope, methods);
                        break;
                    case BadDecl:
                        break;
                    default:
                        Error(decl, "unknown declaration %s", decl.GetType().Name);
                        break;
                }
        }

        foreach (Scope scope in fileScopes)
            foreach ((string name, Obj obj) in scope.Elems)
                if (_pkg.Scope.Lookup(name) is { } alt)
                {
                    ErrorDesc err = NewError();
                    if (obj is PkgName pkgName)
                    {
                        err.Add(alt.Pos, "%s already declared through import of %s", alt.Name, PackageText(pkgName.Imported));
                        err.AddOther(pkgName);
                    }
                    else
                    {
                        err.Add(alt.Pos, "%s already declared through dot-import of %s", alt.Name, PackageText(obj.Pkg!));
                        err.AddOther(_dotImports.TryGetValue((scope, name), out PkgName? via) ? via : obj);
                    }
                    err.Report();
                }

        _methods = new Dictionary<TypeName, List<Func>>(ReferenceEqualityComparer.Instance);
        foreach (MethodDecl m in methods)
        {
            bool ptr = m.Ptr;
            if (ResolveBaseTypeName(ref ptr, m.Recv) is not { } type)
                continue;
            m.Func.PtrRecv = ptr;
            if (!_methods.TryGetValue(type, out List<Func>? list))
                _methods.Add(type, list = []);
            list.Add(m.Func);
        }
    }

    static string PackageText(Package pkg) => $"package {pkg.Name} (\"{pkg.Path}\")";

    void AddToMap(Obj obj, DeclInfo info)
    {
        info.Order = _objList.Count + 1;
        _objMap[obj] = info;
        _objList.Add(obj);
    }

    void DeclarePkgObj(Ident ident, Obj obj, DeclInfo info)
    {
        if (ident.Name == "init")
        {
            Error(ident, "cannot declare init - must be func");
            return;
        }
        if (ident.Name == "main" && _pkg.Name == "main")
        {
            Error(ident, "cannot declare main - must be func");
            return;
        }
        Declare(_pkg.Scope, ident, obj, default);
        AddToMap(obj, info);
    }

    void CollectImport(ImportDecl s, Scope fileScope, HashSet<Package> imported)
    {
        if (s.Path == null! || s.Path.Bad)
            return;
        if (!ValidImportPath(s.Path.Text, out string path, out string problem))
        {
            Error(s.Path, "invalid import path (%s)", problem);
            return;
        }
        Package imp = ImportPackage(s.Path.Pos, path);
        string name = s.Name?.Name ?? imp.Name;
        if (name == "init")
        {
            Error(s, "cannot import package as init - init must be a func");
            return;
        }
        if (imported.Add(imp))
            _pkg.Imports.Add(imp);

        var pkgName = new PkgName { Name = name, Pos = s.Pos, Pkg = _pkg, Imported = imp, Decl = s, Type = Universe.Invalid };
        if (s.Name != null)
            _info.Defs[s.Name] = pkgName;
        else
            _info.Implicits[s] = pkgName;
        if (_fake.Contains(imp))
            pkgName.Used = true;
        _imports.Add(pkgName);

        if (name != ".")
        {
            Declare(fileScope, null, pkgName, default);
            return;
        }
        foreach ((string exportName, Obj obj) in imp.Scope.Elems)
        {
            if (!Obj.ExportedName(exportName))
                continue;
            if (fileScope.Lookup(exportName) is { } alt)
            {
                ErrorDesc err = NewError();
                err.Add(s.Name!, "%s redeclared in this block", alt.Name);
                err.AddOther(alt);
                err.Report();
                continue;
            }
            fileScope.InsertAs(exportName, obj);
            _dotImports[(fileScope, exportName)] = pkgName;
        }
    }

    Package ImportPackage(Pos pos, string path)
    {
        string problem = "no importer";
        Package? imp = path == "unsafe" ? Universe.UnsafePackage : _options.Importer?.Import(path, _pkg, out problem);
        if (imp != null && imp.Name is "" or "_")
        {
            problem = $"invalid package name: \"{imp!.Name}\"";
            imp = null;
        }
        if (imp != null)
            return imp;

        Error(pos, "could not import %s (%s)", path, problem);
        foreach (Package known in _fake)
            if (known.Path == path)
                return known;
        string name = path.TrimEnd('/');
        var fake = new Package(path, name[(name.LastIndexOf('/') + 1)..]);
        _fake.Add(fake);
        return fake;
    }

    static bool ValidImportPath(string literal, out string path, out string problem)
    {
        problem = "";
        path = "";
        if (ConstantOps.FromLiteral(LitKind.String, literal) is not StringConstant text)
        {
            problem = "invalid syntax";
            return false;
        }
        path = Encoding.UTF8.GetString(text.Value);
        if (path == "")
        {
            problem = "empty string";
            return false;
        }
        foreach (Rune r in path.EnumerateRunes())
        {
            bool graphic = Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            if (graphic && !Rune.IsWhiteSpace(r) && (r.Value > 0x7f || "!\"#$%&'()*,:;<=>?[\\]^{|}`".IndexOf((char)r.Value) < 0) && r.Value != 0xFFFD)
                continue;
            problem = graphic ? $"invalid character U+{r.Value:X4} '{r}'" : $"invalid character U+{r.Value:X4}";
            return false;
        }
        return true;
    }

    void CollectConsts(ConstDecl s, Scope fileScope)
    {
        ConstDecl from = ConstSource(s, out bool inherited);
        for (int i = 0; i < s.Names.Count; i++)
        {
            Ident name = s.Names[i];
            var obj = new Const { Name = name.Name, Pos = name.Pos, Pkg = _pkg, Value = ConstantOps.MakeInt(s.Iota) };
            DeclarePkgObj(name, obj, new DeclInfo
            {
                File = fileScope,
                Version = _env.Version,
                TypeExpr = from.Type,
                Init = i < from.Values.Count ? from.Values[i] : null,
                Inherited = inherited,
            });
        }
        Arity(s.Pos, s.Names, from.Values, true, inherited);
    }

    /// <summary>The spec that a const spec takes its type and values from: itself, or the last one with values.</summary>
    static ConstDecl ConstSource(ConstDecl s, out bool inherited)
    {
        inherited = false;
        if (s.Type != null || s.Values.Count > 0)
            return s;
        ConstDecl from = s;
        while (from.Inherit != null && from.Type == null && from.Values.Count == 0)
            from = from.Inherit;
        inherited = !ReferenceEquals(from, s);
        return from;
    }

    void CollectVars(VarDecl s, Scope fileScope)
    {
        var lhs = new List<Var>();
        // One initializer for several variables: they share the DeclInfo, and are initialised together.
        DeclInfo? shared = s.Values.Count == 1
            ? new DeclInfo { File = fileScope, Version = _env.Version, Lhs = s.Names.Count > 1 ? lhs : null, TypeExpr = s.Type, Init = s.Values[0] }
            : null;
        for (int i = 0; i < s.Names.Count; i++)
        {
            Ident name = s.Names[i];
            Var obj = NewVar(name.Pos, name.Name, null);
            obj.Used = true;
            lhs.Add(obj);
            DeclarePkgObj(name, obj, shared ?? new DeclInfo
            {
                File = fileScope,
                Version = _env.Version,
                TypeExpr = s.Type,
                Init = i < s.Values.Count ? s.Values[i] : null,
            });
        }
        if (s.Type == null || s.Values.Count > 0)
            Arity(s.Pos, s.Names, s.Values, false, false);
    }

    void CollectFunc(FuncDecl s, Scope fileScope, List<MethodDecl> methods)
    {
        string name = s.Name.Name;
        var obj = new Func { Name = name, Pos = s.Name.Pos, Pkg = _pkg, Decl = s, Complete = Complete };
        if (s.Recv == null)
        {
            if (name == "init" || name == "main" && _pkg.Name == "main")
            {
                if (s.TypeParams.Count > 0)
                    SoftError(s.TypeParams[0].Pos, "func %s must have no type parameters", name);
                if (s.Type.Params.Count > 0 || s.Type.Results.Count > 0)
                    SoftError(s.Name, "func %s must have no arguments and no return values", name);
            }
            else if (s.TypeParams.Count > 0)
                VerifyVersion(s.TypeParams[0].Pos, 18, "type parameter");

            if (name == "init")
            {
                obj.Parent = _pkg.Scope;
                _info.Defs[s.Name] = obj;
                if (s.Body == null)
                    SoftError(obj.Pos, "func init must have a body");
            }
            else
                Declare(_pkg.Scope, s.Name, obj, default);
        }
        else
        {
            UnpackRecv(s.Recv.Type, out bool ptr, out Expr baseExpr, null);
            if (baseExpr is Ident recv && name != "_")
                methods.Add(new MethodDecl(obj, ptr, recv));
            if (s.TypeParams.Count > 0)
                VerifyVersion(s.TypeParams[0].Pos, 27, "generic method");
            _info.Defs[s.Name] = obj;
        }
        AddToMap(obj, new DeclInfo { File = fileScope, Version = _env.Version, FuncDecl = s });
    }

    /// <summary>Takes a receiver type apart: `*`, base, and the names of the receiver's type parameters (null: not wanted).</summary>
    void UnpackRecv(Expr type, out bool ptr, out Expr baseExpr, List<Ident>? typeParams)
    {
        ptr = false;
        baseExpr = Unparen(type);
        if (baseExpr is StarExpr star)
        {
            ptr = true;
            baseExpr = Unparen(star.X);
        }
        if (baseExpr is not IndexExpr index)
            return;
        baseExpr = index.X;
        if (typeParams == null)
            return;
        foreach (Expr arg in index.Indices)
        {
            if (arg is Ident name)
            {
                typeParams.Add(name);
                continue;
            }
            if (arg is not BadExpr)
                Error(arg, "receiver type parameter %s must be an identifier", arg);
            typeParams.Add(new Ident { Name = "_", Pos = arg.Pos });
        }
    }

    /// <summary>Follows aliases (and one pointer) from a receiver's type name to the defined type, by syntax alone.</summary>
    TypeName? ResolveBaseTypeName(ref bool ptr, Ident name)
    {
        HashSet<TypeName>? seen = null;
        Ident? next = name;
        while (next != null)
        {
            if (_pkg.Scope.Lookup(next.Name) is not TypeName type || seen != null && seen.Contains(type))
                return null;
            TypeDecl decl = _objMap[type].TypeDecl!;
            if (!decl.IsAlias)
                return type;
            if (decl.TypeParams.Count > 0)
                return null;
            (seen ??= []).Add(type);
            Expr rhs = Unparen(decl.Type);
            if (rhs is StarExpr star)
            {
                if (ptr)
                    return null;
                ptr = true;
                rhs = Unparen(star.X);
            }
            next = rhs as Ident;
        }
        return null;
    }

    void Arity(Pos pos, List<Ident> names, List<Expr> inits, bool isConst, bool inherited)
    {
        int l = names.Count, r = inits.Count;
        if (l < r)
        {
            if (inherited)
                Error(pos, "extra init expr at %s", inits[l].Pos);
            else
                Error(inits[l], "extra init expr %s", inits[l]);
        }
        else if (l > r && (isConst || r != 1))
            Error(names[r], "missing init expr for %s", names[r].Name);
    }

    /// <summary>Types everything. Types come first, aliases next, the rest last: so a type is complete when its methods are used.</summary>
    void PackageObjects()
    {
        var aliases = new List<Obj>();
        var others = new List<Obj>();
        foreach (Obj obj in _objList)
            if (obj is TypeName { Type: not null } typed)
                CollectMethods(typed);
        foreach (Obj obj in _objList)
            if (obj is not TypeName name)
                others.Add(obj);
            else if (name.IsAlias)
                aliases.Add(obj);
            else
                ObjDecl(obj);
        foreach (Obj obj in aliases)
            ObjDecl(obj);
        foreach (Obj obj in others)
            ObjDecl(obj);
        _methods = null;
        foreach (Obj obj in _objList)
            obj.Complete = null;
    }

    void UnusedImports()
    {
        foreach (PkgName obj in _imports)
        {
            if (obj.Name == "_" || obj.Used)
                continue;
            string path = obj.Imported.Path;
            string elem = path[(path.LastIndexOf('/') + 1)..];
            if (obj.Name is "" or "." || obj.Name == elem)
                SoftError(obj.Pos, "%q imported and not used", path);
            else
                SoftError(obj.Pos, "%q imported as %s and not used", path, obj.Name);
        }
    }

    static Expr Unparen(Expr e)
    {
        while (e is ParenExpr p)
            e = p.X;
        return e;
    }
}

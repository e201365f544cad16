// Declarations: constants, variables, types, functions; at package level on demand, in functions in order.
//
// ObjDecl is the door: it types an object that has no type yet, inside an environment of its own. While an object is being typed it is
// on the object path; meeting it again means a cycle, and ValidCycle decides whether that is allowed (Cycles).

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Enters obj into a scope under its name and records the identifier.</summary>
    void Declare(Scope scope, Ident? id, Obj obj, Pos scopePos)
    {
        if (obj.Name != "_")
        {
            if (scope.Insert(obj) is { } alt)
            {
                ErrorDesc err = NewError();
                err.Add(obj.Pos, "%s redeclared in this block", obj.Name);
                err.AddOther(alt);
                err.Report();
                return;
            }
            obj.ScopePos = scopePos;
            if (obj is Var { IsParam: false } v)
                _env.Locals?.Add(v);
        }
        if (id != null)
            _info.Defs[id] = obj;
    }

    void ObjDecl(Obj obj)
    {
        if (_pathIndex.ContainsKey(obj))
        {
            bool valid = ValidCycle(obj);
            if (obj is Const or Var && (!valid || obj.Type == null!) || obj is TypeName && !valid)
                obj.Type = Universe.Invalid;
            return;
        }
        if (obj.Type != null! || !_objMap.TryGetValue(obj, out DeclInfo? d))
            return;
        if (StackIsShort())
        {
            OnFreshStack(() => ObjDecl(obj));
            return;
        }

        Push(obj);
        Environment saved = _env;
        _env = new Environment { Scope = d.File, Version = d.Version };
        Obj? savedOwner = _bodyOwner;
        _bodyOwner = obj;
        switch (obj)
        {
            case Const c:
                _env.Decl = d;
                CheckConst(c, d.TypeExpr, d.Init, d.Inherited);
                break;
            case Var v:
                _env.Decl = d;
                CheckVar(v, d.Lhs, d.TypeExpr, d.Init);
                break;
            case TypeName t:
                CheckTypeDecl(t, d.TypeDecl!);
                CollectMethods(t);
                break;
            case Func f:
                CheckFunc(f, d);
                break;
        }
        _bodyOwner = savedOwner;
        _env = saved;
        Pop();
    }

    void CheckConst(Const obj, Expr? typeExpr, Expr? init, bool inherited)
    {
        (Constant? savedIota, Pos savedErrPos) = (_env.Iota, _env.ErrPos);
        _env.Iota = obj.Value;
        _env.ErrPos = default;
        obj.Value = UnknownConstant.Instance;
        CheckConstInner(obj, typeExpr, init, inherited);
        (_env.Iota, _env.ErrPos) = (savedIota, savedErrPos);
    }

    void CheckConstInner(Const obj, Expr? typeExpr, Expr? init, bool inherited)
    {
        if (typeExpr != null)
        {
            GoType t = Typ(typeExpr);
            if (!Predicates.IsConstType(t))
            {
                if (Predicates.IsValid(t.Underlying))
                    Error(typeExpr, "invalid constant type %s", t);
                obj.Type = Universe.Invalid;
                return;
            }
            obj.Type = t;
        }
        var x = new Operand();
        if (init != null)
        {
            if (inherited)
                _env.ErrPos = obj.Pos;
            CheckExpr(null, x, init);
        }
        InitConst(obj, x);
    }

    void CheckVar(Var obj, List<Var>? lhs, Expr? typeExpr, Expr? init)
    {
        if (typeExpr != null)
            obj.Type = VarType(typeExpr);
        if (init == null)
        {
            if (typeExpr == null)
                obj.Type = Universe.Invalid;
            return;
        }
        if (lhs == null || lhs.Count == 1)
        {
            var x = new Operand();
            CheckExpr(NewTarget(obj.Type, obj.Name), x, init);
            InitVar(obj, x, "variable declaration");
            return;
        }
        if (typeExpr != null)
            foreach (Var v in lhs)
                v.Type = obj.Type!;
        InitVars(lhs, [init], null);
    }

    static bool IsImportedConstraint(GoType? type, Package here) =>
        type?.Unalias is NamedType { Obj.Pkg: { } pkg } named && !ReferenceEquals(pkg, here)
        && named.Underlying is InterfaceType iface && !iface.TypeSet.IsMethodSet;

    void CheckTypeDecl(TypeName obj, TypeDecl decl)
    {
        bool versionError = false;
        GoType? rhs = null;
        Later(() =>
        {
            if (obj.Type?.Unalias is NamedType t)
                ValidType(t);
            if (!versionError && IsImportedConstraint(rhs, _pkg))
                VerifyVersion(decl.Type, 18, "using type constraint %s", rhs);
        });

        Scope savedScope = _env.Scope;
        Field? param0 = decl.TypeParams.Count > 0 ? decl.TypeParams[0] : null;
        if (decl.IsAlias)
        {
            versionError = param0 != null && !VerifyVersion(param0.Pos, 23, "generic type alias") || !VerifyVersion(decl.Pos, 9, "type alias");
            var alias = new AliasType { Obj = obj };
            obj.IsAlias = true;
            obj.Type ??= alias;
            if (param0 != null)
            {
                OpenScope(decl, "type parameters");
                CollectTypeParams(list => alias.TypeParams = list, decl.TypeParams);
            }
            rhs = DeclaredType(decl.Type, obj);
            // A cycle error may have set the right-hand side already.
            alias.FromRhs ??= rhs;
            if (rhs is TypeParam tp && alias.TypeParams.Contains(tp))
            {
                Error(decl.Type, "cannot use type parameter declared in alias declaration as RHS");
                alias.FromRhs = Universe.Invalid;
            }
            alias.Actual = alias.FromRhs.Unalias;
            _env.Scope = savedScope;
            return;
        }

        if (param0 != null)
            versionError = !VerifyVersion(param0.Pos, 18, "type parameter");
        var named = new NamedType { Obj = obj };
        obj.Type ??= named;
        if (param0 != null)
        {
            OpenScope(decl, "type parameters");
            CollectTypeParams(list => named.TypeParams = list, decl.TypeParams);
        }
        rhs = DeclaredType(decl.Type, obj);
        named.FromRhs = rhs;
        if (Predicates.IsTypeParam(rhs))
        {
            Error(decl.Type, "cannot use a type parameter as RHS in type declaration");
            named.FromRhs = Universe.Invalid;
        }
        _env.Scope = savedScope;
    }

    /// <summary>Declares type parameters in the current scope. <paramref name="bind"/> receives the list before the bounds are typed,
    /// because bounds may mention the generic type itself.</summary>
    void CollectTypeParams(System.Action<List<TypeParam>> bind, List<Field> list)
    {
        var tparams = new List<TypeParam>();
        foreach (Field f in list)
            tparams.Add(DeclareTypeParam(f.Name!, list[0].Pos, tparams.Count));
        bind(tparams);

        bool saved = _env.InTypeParams;
        _env.InTypeParams = true;
        GoType bound = Universe.Invalid;
        for (int i = 0; i < list.Count; i++)
        {
            if (i == 0 || !ReferenceEquals(list[i].Type, list[i - 1].Type))
            {
                bound = Bound(list[i].Type);
                if (Predicates.IsTypeParam(bound))
                {
                    Error(list[i].Type, "cannot use a type parameter as constraint");
                    bound = Universe.Invalid;
                }
            }
            tparams[i].Bound = bound;
        }
        _env.InTypeParams = saved;
    }

    GoType Bound(Expr e)
    {
        if (e is UnaryExpr { Op: Token.Tilde } or BinaryExpr { Op: Token.Or })
        {
            var iface = new InterfaceTypeExpr { Pos = e.Pos, Elems = [new Field { Pos = e.Pos, Type = e, Embedded = true }] };
            GoType t = Typ(iface);
            if (t is InterfaceType it)
                it.Implicit = true;
            return t;
        }
        return Typ(e);
    }

    TypeParam DeclareTypeParam(Ident name, Pos scopePos, int index)
    {
        var obj = new TypeName { Name = name.Name, Pos = name.Pos, Pkg = _pkg };
        var tparam = NamedResolver.NewTypeParam(obj, index, Universe.Invalid);
        Declare(_env.Scope, name, obj, scopePos);
        return tparam;
    }

    /// <summary>Hands the methods collected for a type name to its type.</summary>
    void CollectMethods(TypeName obj)
    {
        if (_methods == null || !_methods.Remove(obj, out List<Func>? methods))
            return;
        var named = obj.Type as NamedType;
        if (named != null)
            Later(() => CheckFieldUniqueness(named));

        var seen = new Dictionary<string, Func>();
        foreach (Func m in methods)
        {
            if (!seen.TryAdd(m.Name, m))
            {
                Error(m.Pos, "method %s.%s already declared at %s", obj.Name, m.Name, seen[m.Name].Pos);
                continue;
            }
            named?.DeclaredMethods.Add(m);
        }
    }

    void CheckFieldUniqueness(NamedType named)
    {
        if (named.Underlying is not StructType st)
            return;
        var methods = new Dictionary<string, Func>();
        foreach (Func m in named.DeclaredMethods)
            methods[m.Name] = m;
        foreach (Var f in st.Fields)
            if (f.Name != "_" && methods.TryGetValue(f.Name, out Func? alt))
            {
                ErrorDesc err = NewError();
                err.Add(alt.Pos, "field and method with the same name %s", f.Name);
                err.AddOther(f);
                err.Report();
            }
    }

    void CheckFunc(Func obj, DeclInfo info)
    {
        var sig = new Signature();
        obj.Type = sig;
        FuncDecl decl = info.FuncDecl!;
        Scope scope = TypFunc(sig, decl.Recv, decl.TypeParams, decl.Type);
        scope.Pos = decl.Pos;
        scope.End = Positions.End(decl);
        if (decl.TypeParams.Count > 0 && decl.Body == null)
            SoftError(decl, "generic function is missing function body");
        if (decl.Body != null)
            LaterBody(obj, () =>
            {
                Obj? saved = _bodyOwner;
                _bodyOwner = obj;
                FuncBody(info, sig, scope, decl.Body, null);
                _bodyOwner = saved;
            });
    }

    void DeclStmt(List<Decl> decls)
    {
        foreach (Decl decl in decls)
            switch (decl)
            {
                case ConstDecl s:
                    LocalConsts(s);
                    break;
                case VarDecl s:
                    LocalVars(s);
                    break;
                case TypeDecl s:
                    var obj = new TypeName { Name = s.Name.Name, Pos = s.Name.Pos, Pkg = _pkg, IsAlias = s.IsAlias };
                    Declare(_env.Scope, s.Name, obj, s.Name.Pos);
                    Push(obj);
                    CheckTypeDecl(obj, s);
                    Pop();
                    break;
                case BadDecl:
                    break;
                default:
                    Error(decl, "unknown declaration %s", decl.GetType().Name);
                    break;
            }
    }

    void LocalConsts(ConstDecl s)
    {
        int top = _delayed.Count;
        ConstDecl from = ConstSource(s, out bool inherited);
        var objs = new List<Const>();
        for (int i = 0; i < s.Names.Count; i++)
        {
            var obj = new Const { Name = s.Names[i].Name, Pos = s.Names[i].Pos, Pkg = _pkg, Value = ConstantOps.MakeInt(s.Iota) };
            objs.Add(obj);
            CheckConst(obj, from.Type, i < from.Values.Count ? from.Values[i] : null, inherited);
        }
        Arity(s.Pos, s.Names, from.Values, true, inherited);
        ProcessDelayed(top);
        Pos scopePos = Positions.End(s);
        for (int i = 0; i < objs.Count; i++)
            Declare(_env.Scope, s.Names[i], objs[i], scopePos);
    }

    readonly List<VarDecl> _localEmbeds = [];

    void LocalVars(VarDecl s)
    {
        if (s.Directives.Exists(d => Pragmas.Verb(d) == "go:embed"))
            _localEmbeds.Add(s);
        int top = _delayed.Count;
        var vars = new List<Var>();
        foreach (Ident name in s.Names)
            vars.Add(NewVar(name.Pos, name.Name, null));
        for (int i = 0; i < vars.Count; i++)
        {
            List<Var>? lhs = null;
            Expr? init = null;
            if (s.Values.Count == vars.Count)
                init = s.Values[i];
            else if (s.Values.Count == 1)
            {
                lhs = vars;
                init = s.Values[0];
            }
            else if (i < s.Values.Count)
                init = s.Values[i];
            CheckVar(vars[i], lhs, s.Type, init);
            if (s.Values.Count == 1)
                break;
        }
        if (s.Type == null || s.Values.Count > 0)
            Arity(s.Pos, s.Names, s.Values, false, false);
        ProcessDelayed(top);
        Pos scopePos = Positions.End(s);
        for (int i = 0; i < vars.Count; i++)
        {
            vars[i].Type ??= Universe.Invalid;
            Declare(_env.Scope, s.Names[i], vars[i], scopePos);
        }
    }
}

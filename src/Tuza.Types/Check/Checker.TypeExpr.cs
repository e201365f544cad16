// Identifiers and type expressions.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Resolves an identifier into x. <paramref name="wantType"/>: a type is expected here.</summary>
    void UseIdent(Operand x, Ident e, bool wantType)
    {
        x.Invalidate();
        x.Expr = e;
        Scope? scope = LookupScope(e.Name, out Obj? obj);
        if (obj == null)
        {
            if (e.Name == "_")
                Error(e, "cannot use _ as value or type");
            else if (IsValidName(e.Name))
                Error(e, "undefined: %s", e.Name);
            return;
        }
        if ((ReferenceEquals(obj, Universe.AnyName) || ReferenceEquals(obj, Universe.ComparableName)) && !VerifyVersion(e, 18, "predeclared %s", e.Name))
            return;
        _info.Uses[e] = obj;

        bool isType = obj is TypeName;
        if (!isType && wantType)
        {
            Error(e, "%s (%s) is not a type", obj.Name, ObjectKind(obj));
            if (obj is Var v && ReferenceEquals(v.Pkg, _pkg))
                v.Used = true;
            return;
        }
        // A type wanted as a type is always passed through ObjDecl, which sees cycles.
        if (obj.Type == null! || isType && wantType && ReferenceEquals(obj.Pkg, _pkg))
            ObjDecl(obj);
        GoType type = obj.Type ?? Universe.Invalid;

        if (_dotImports.Count > 0 && scope != null && _dotImports.TryGetValue((scope, obj.Name), out PkgName? via))
            via.Used = true;

        switch (obj)
        {
            case PkgName:
                Error(e, "use of package %s not in selector", obj.Name);
                return;
            case Const c:
                AddDeclDep(c);
                if (!Predicates.IsValid(type))
                    return;
                if (ReferenceEquals(c, Universe.Iota))
                {
                    if (_env.Iota == null)
                    {
                        Error(e, "cannot use iota outside constant declaration");
                        return;
                    }
                    x.Value = _env.Iota;
                }
                else
                    x.Value = c.Value ?? UnknownConstant.Instance;
                x.Mode = OperandMode.Constant;
                break;
            case TypeName:
                x.Mode = OperandMode.TypeExpr;
                break;
            case Var v:
                if (ReferenceEquals(v.Pkg, _pkg))
                    v.Used = true;
                AddDeclDep(v);
                if (!Predicates.IsValid(type))
                    return;
                x.Mode = OperandMode.Variable;
                break;
            case Func:
                AddDeclDep(obj);
                x.Mode = OperandMode.Value;
                break;
            case Builtin b:
                x.Id = b.Id;
                x.Mode = OperandMode.Builtin;
                break;
            case Nil:
                x.Mode = OperandMode.NilValue;
                break;
            default:
                throw new System.InvalidOperationException($"Checker.Ident: {obj.GetType().Name}");
        }
        x.Type = type;
    }

    /// <summary>False for names with characters that the scanner has complained about.</summary>
    static bool IsValidName(string name)
    {
        bool first = true;
        foreach (System.Text.Rune r in name.EnumerateRunes())
        {
            if (!(System.Text.Rune.IsLetter(r) || r.Value == '_' || !first && System.Text.Rune.IsDigit(r)))
                return false;
            first = false;
        }
        return true;
    }

    static string ObjectKind(Obj obj) => obj switch
    {
        PkgName => "package name",
        Const => "constant",
        TypeName { IsAlias: true } => "type alias",
        TypeName { Type: TypeParam } => "type parameter",
        TypeName => "defined type",
        Var { IsField: true } => "struct field",
        Var { IsGlobal: true } => "package-level variable",
        Var { IsParam: true } => "parameter",
        Var => "local variable",
        Func { Type: Signature { Recv: not null } } => "method",
        Func => "function",
        Label => "label",
        Builtin => "built-in function",
        Nil => "untyped nil",
        _ => "unknown symbol",
    };

    /// <summary>The type that e denotes; it may not be a generic type without arguments.</summary>
    GoType Typ(Expr e) => DeclaredType(e, null);

    /// <summary>Like Typ, for the type of a variable: a constraint interface is no such type.</summary>
    GoType VarType(Expr e)
    {
        GoType type = DeclaredType(e, null);
        ValidVarType(e, type);
        return type;
    }

    void ValidVarType(Expr e, GoType type)
    {
        if (type is BasicType or PointerType or SliceType || Predicates.IsTypeParam(type))
            return;
        Later(() =>
        {
            if (type.Underlying is not InterfaceType iface)
                return;
            TypeSet set = iface.TypeSet;
            if (set.IsMethodSet)
                return;
            SoftError(e, set.ComparableOnly
                ? "cannot use type %s outside a type constraint: interface is (or embeds) comparable"
                : "cannot use type %s outside a type constraint: interface contains type constraints", type);
        });
    }

    /// <summary>The type that e denotes. <paramref name="def"/> is the type name being declared as e, if any.</summary>
    GoType DeclaredType(Expr e, TypeName? def)
    {
        GoType type = TypInternal(e, def);
        if (Predicates.IsGeneric(type))
        {
            Error(e, "cannot use generic type %s without instantiation", type);
            type = Universe.Invalid;
        }
        RecordTypeAndValue(e, OperandMode.TypeExpr, type, null);
        return type;
    }

    GoType GenericType(Expr e, out string cause)
    {
        cause = "";
        GoType type = TypInternal(e, null);
        if (Predicates.IsValid(type) && !Predicates.IsGeneric(type))
        {
            cause = Sprintf("%s is not a generic type", type);
            type = Universe.Invalid;
        }
        RecordTypeAndValue(e, OperandMode.TypeExpr, type, null);
        return type;
    }

    GoType TypInternal(Expr e0, TypeName? def)
    {
        if (StackIsShort())
        {
            GoType result = Universe.Invalid;
            OnFreshStack(() => result = TypInternal(e0, def));
            return result;
        }
        switch (e0)
        {
            case BadExpr:
                return Universe.Invalid;
            case Ident or SelectorExpr:
                return TypName(e0);
            case IndexExpr e:
                VerifyVersion(e, 18, "type instantiation");
                return InstantiatedType(e.X, e.Indices);
            case ParenExpr e:
                return DeclaredType(e.X, def);
            case ArrayTypeExpr e:
                long len = -1;
                if (e.Len != null)
                    len = ArrayLength(e.Len);
                else
                    Error(e, "invalid use of [...] array (outside a composite literal)");
                GoType elem = VarType(e.Elem);
                return len >= 0 ? new ArrayType(elem, len) : Universe.Invalid;
            case SliceTypeExpr e:
                return new SliceType(VarType(e.Elem));
            case EllipsisExpr:
                Error(e0, "invalid syntax tree: invalid use of ...");
                return Universe.Invalid;
            case StructTypeExpr e:
                return TypStruct(e);
            case StarExpr e:
                GoType pointee = VarType(e.X);
                return Predicates.IsValid(pointee) ? new PointerType(pointee) : Universe.Invalid;
            case FuncTypeExpr e:
                var sig = new Signature();
                TypFunc(sig, null, [], e);
                return sig;
            case InterfaceTypeExpr e:
                var iface = new InterfaceType();
                TypInterface(iface, e, def);
                return iface;
            case MapTypeExpr e:
                return TypMap(e);
            case ChanTypeExpr e:
                return new ChanType(e.Dir, VarType(e.Elem));
            default:
                Error(e0, "%s is not a type", e0);
                Use(e0);
                return Universe.Invalid;
        }
    }

    GoType TypName(Expr e)
    {
        var x = new Operand();
        if (e is Ident id)
            UseIdent(x, id, true);
        else
            Selector(x, (SelectorExpr)e, true);
        switch (x.Mode)
        {
            case OperandMode.TypeExpr:
                return x.Type;
            case OperandMode.Invalid:
                break;
            case OperandMode.NoValue:
                Error(x, "%s used as type", x);
                break;
            default:
                Error(x, "%s is not a type", x);
                break;
        }
        return Universe.Invalid;
    }

    MapType TypMap(MapTypeExpr e)
    {
        var type = new MapType(VarType(e.Key), VarType(e.Value));
        if (type.Key is not BasicType { Kind: not BasicKind.Invalid })
            Later(() =>
            {
                if (!Predicates.Comparable(type.Key))
                    Error(e.Key, "invalid map key type %s%s", type.Key, Predicates.IsTypeParam(type.Key) ? " (missing comparable constraint)" : "");
            });
        return type;
    }

    GoType InstantiatedType(Expr x, List<Expr> args)
    {
        GoType generic = GenericType(x, out string cause);
        if (cause != "")
            Error(x, InvalidOp + "%s%s (%s)", x, args, cause);
        if (!Predicates.IsValid(generic))
            return generic;
        if (TypeList(args) is not { } targs)
            return Universe.Invalid;

        (string name, List<TypeParam> tparams) = generic switch
        {
            AliasType a => (a.Obj.Name, a.TypeParams),
            NamedType n => (n.Obj.Name, n.TypeParams),
            _ => throw new System.InvalidOperationException("Checker.InstantiatedType"),
        };
        if (generic is AliasType && !ValidateTypeArgCount(x, name, tparams.Count, targs.Count))
            return Universe.Invalid;
        GoType inst = Instances.Of(generic, targs);
        if (inst is NamedType made)
            _instancePos.TryAdd(made, x.Pos);
        Later(() =>
        {
            RecordInstance(x, targs, inst);
            if (generic is NamedType g)
                tparams = g.TypeParams;
            if (generic is AliasType || ValidateTypeArgCount(x, name, tparams.Count, targs.Count))
                VerifyInstance(x.Pos, tparams, targs, args);
        });
        return inst;
    }

    /// <summary>Checks that type arguments satisfy their constraints, and notes the instance for the detection of infinite ones.</summary>
    void VerifyInstance(Pos pos, List<TypeParam> tparams, List<GoType> targs, List<Expr> args)
    {
        int i = Instances.Verify(Env, tparams, targs, out string cause);
        if (i < 0)
        {
            MonoRecord(pos, tparams, targs, args);
            return;
        }
        SoftError(i < args.Count ? StartPos(args[i]) : pos, "%s", cause);
    }

    bool ValidateTypeArgCount(Expr at, string name, int want, int got)
    {
        if (got == want)
            return true;
        Error(at.Pos, "%s type arguments for type %s: have %d, want %d", got < want ? "not enough" : "too many", name, got, want);
        return false;
    }

    long ArrayLength(Expr e)
    {
        // A name may be a misspelt constant, or a type parameter list that looks like an array type.
        if (e is Ident name)
        {
            Obj? obj = LookupName(name.Name);
            if (obj == null)
            {
                Error(name, "undefined array length %s or missing type constraint", name.Name);
                return -1;
            }
            if (obj is not Const)
            {
                Error(name, "invalid array length %s", name.Name);
                return -1;
            }
        }
        var x = new Operand();
        CheckExpr(null, x, e);
        if (x.Mode != OperandMode.Constant)
        {
            if (x.IsValid)
                Error(x, "array length %s must be constant", x);
            return -1;
        }
        if (Predicates.IsUntyped(x.Type) || Predicates.IsInteger(x.Type))
        {
            Constant val = ConstantOps.ToInt(x.Value!);
            if (val is IntConstant && Relations.Representable(val, Universe.Int, Env.Sizes, out _) && ConstantOps.ToInt64(val, out long len) && len >= 0)
                return len;
        }
        Error(x, Predicates.IsInteger(x.Type) ? "invalid array length %s" : "array length %s must be integer", x);
        return -1;
    }

    /// <summary>The types in a list of type arguments, or null if one is invalid.</summary>
    List<GoType>? TypeList(List<Expr> list)
    {
        var types = new List<GoType>(list.Count);
        bool ok = true;
        foreach (Expr e in list)
        {
            GoType t = VarType(e);
            ok &= Predicates.IsValid(t);
            types.Add(t);
        }
        return ok ? types : null;
    }
}

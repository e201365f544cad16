// Calls, conversions by call, instantiation of generic functions, selectors.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>
    /// Instantiates the generic function x with the type arguments of <paramref name="inst"/> (if any), inferring the rest from
    /// <paramref name="target"/>. When not all are known and <paramref name="infer"/> is false, returns the given ones and leaves x generic.
    /// </summary>
    List<GoType>? FuncInst(Target? target, Pos pos, Operand x, IndexExpr? inst, bool infer)
    {
        Pos errPos = inst?.Pos ?? pos;
        if (inst != null)
            x.Expr = inst;
        bool versionError = !VerifyVersion(errPos, 18, "function instantiation");

        List<GoType> targs = [];
        List<Expr> args = [];
        if (inst != null)
        {
            args = inst.Indices;
            if (TypeList(args) is not { } given)
            {
                x.Invalidate();
                return null;
            }
            targs = given;
        }
        var sig = (Signature)x.Type;
        int got = targs.Count, want = sig.TypeParams.Count;
        if (got > want)
        {
            Error(args[got - 1], "got %d type arguments but want %d", got, want);
            x.Invalidate();
            return null;
        }
        if (got < want)
        {
            if (!infer)
                return targs;
            List<GoType>? all = InferFromTarget(target, pos, x, sig, targs, inst, errPos, versionError);
            if (all == null)
            {
                x.Invalidate();
                return null;
            }
            targs = all;
        }
        x.Type = InstantiateSignature(x.Pos, x.Expr!, sig, targs, args);
        x.Mode = OperandMode.Value;
        return null;
    }

    List<GoType>? InferFromTarget(Target? target, Pos pos, Operand x, Signature sig, List<GoType> targs, IndexExpr? inst, Pos errPos, bool versionError)
    {
        // The assignment is checked like a call of a function that takes the generic function's type, with a target as argument.
        List<Var> pars = [];
        List<Operand> args = [];
        bool reverse = false;
        if (target != null && sig.TypeParams.Count > 0)
        {
            if (!versionError && !AllowVersion(21))
                VersionError(errPos, 21, inst != null ? "partially instantiated function in assignment" : "implicitly instantiated function in assignment");
            var plain = new Signature { Params = sig.Params, Results = sig.Results, Variadic = sig.Variadic };
            pars.Add(NewParam(x.Pos, "", plain));
            args.Add(new Operand { Mode = OperandMode.Value, Expr = new Ident { Name = target.Desc, Pos = x.Pos }, Type = target.Sig });
            reverse = true;
        }
        (List<TypeParam> tparams, GoType renamed) = Subst.Rename(sig.TypeParams, new TupleType(pars));
        return Infer.TypeArgs(Env, pos, tparams, targs.ConvertAll<GoType?>(t => t), (TupleType)renamed, args, reverse, (at, msg) => Error(at, "%s", msg));
    }

    Signature InstantiateSignature(Pos pos, Expr e, Signature sig, List<GoType> targs, List<Expr> args)
    {
        Signature inst = Instances.Function(sig, targs);
        // The instance of a method is recorded with its receiver.
        RecordInstance(e, targs, inst);
        Later(() => VerifyInstance(pos, sig.TypeParams, targs, args));
        return inst;
    }

    ExprKind Call(Operand x, CallExpr call)
    {
        IndexExpr? inst = null;
        if (call.Fun is IndexExpr index)
        {
            if (Index(x, index))
                inst = index;
            x.Expr = index;
            Record(x);
        }
        else
            ExprOrType(x, call.Fun, true);

        switch (x.Mode)
        {
            case OperandMode.Invalid:
                Use(call.Args);
                x.Expr = call;
                return ExprKind.Statement;
            case OperandMode.TypeExpr:
                ConversionCall(x, call);
                return ExprKind.Conversion;
            case OperandMode.Builtin:
                BuiltinId id = x.Id;
                if (!CheckBuiltin(x, call, id))
                    x.Invalidate();
                x.Expr = call;
                // Built-ins that are not constant count as calls for len and cap of arrays.
                if (x.IsValid && x.Mode != OperandMode.Constant)
                    _env.HasCallOrRecv = true;
                return BuiltinFacts.Of(id).Kind;
        }

        GoType? under = Predicates.CommonUnder(x.Type, (t, u) => u != null && u is not Signature ? Sprintf("%s is not a function", t) : null, Env, out string? why);
        if (under is not Signature sig)
        {
            Error(x, InvalidOp + "cannot call %s: %s", x, why);
            x.Invalidate();
            x.Expr = call;
            return ExprKind.Statement;
        }
        FunctionCall(x, call, inst, sig);
        x.Expr = call;
        return ExprKind.Statement;
    }

    void ConversionCall(Operand x, CallExpr call)
    {
        NonGeneric(null, x);
        if (!x.IsValid)
        {
            x.Expr = call;
            return;
        }
        GoType type = x.Type;
        x.Invalidate();
        if (!IsComplete(type))
        {
            x.Expr = call;
            return;
        }
        switch (call.Args.Count)
        {
            case 0:
                Error(call, "missing argument in conversion to %s", type);
                break;
            case 1:
                CheckExpr(NewTarget(type, "conversion"), x, call.Args[0]);
                if (!x.IsValid)
                    break;
                if (!Predicates.IsTypeParam(type) && type.Underlying is InterfaceType iface && !iface.TypeSet.IsMethodSet)
                {
                    Error(call, "cannot use interface %s in conversion (contains specific type constraints or is comparable)", type);
                    x.Invalidate();
                    break;
                }
                if (call.HasDots)
                {
                    Error(call.Args[0], "invalid use of ... in conversion to %s", type);
                    x.Invalidate();
                    break;
                }
                Conversion(x, type);
                break;
            default:
                Use(call.Args);
                Error(call.Args[^1], "too many arguments in conversion to %s", type);
                break;
        }
        x.Expr = call;
    }

    void FunctionCall(Operand x, CallExpr call, IndexExpr? inst, Signature sig)
    {
        bool wasGeneric = sig.TypeParams.Count > 0;
        List<Expr> typeExprs = [];
        List<GoType?> targs = [];
        if (inst != null)
        {
            typeExprs = inst.Indices;
            if (TypeList(typeExprs) is not { } given)
            {
                Use(call.Args);
                x.Invalidate();
                return;
            }
            int got = given.Count, want = sig.TypeParams.Count;
            if (got > want)
            {
                Error(typeExprs[want], "got %d type arguments but want %d", got, want);
                Use(call.Args);
                x.Invalidate();
                return;
            }
            if (got == want && want > 0)
            {
                VerifyVersion(inst, 18, "function instantiation");
                sig = InstantiateSignature(inst.Pos, inst, sig, given, typeExprs);
                typeExprs = [];
            }
            else
                targs = given.ConvertAll<GoType?>(t => t);
        }

        List<Operand> args = GenericExprList(call.Args, out List<List<GoType>?> argTypeArgs);
        sig = Arguments(call, sig, targs, typeExprs, args, argTypeArgs);
        if (wasGeneric && sig.TypeParams.Count == 0)
            RecordTypeAndValue(call.Fun, OperandMode.Value, sig, null);

        switch (sig.Results.Count)
        {
            case 0:
                x.Mode = OperandMode.NoValue;
                x.Type = TupleType.Empty;
                break;
            case 1:
                GoType type = sig.Results.At(0);
                if (!IsComplete(type))
                {
                    x.Invalidate();
                    return;
                }
                x.Mode = OperandMode.Value;
                x.Type = type;
                break;
            default:
                x.Mode = OperandMode.Value;
                x.Type = sig.Results;
                break;
        }
        _env.HasCallOrRecv = true;
        // After failed inference the result may mention the function's own type parameters.
        if (x.Mode == OperandMode.Value && sig.TypeParams.Count > 0 && Subst.IsParameterized(sig.TypeParams, x.Type))
            x.Invalidate();
    }

    /// <summary>Checks expressions, one of which may have several values if it is the only one.</summary>
    List<Operand> ExprList(List<Expr> exprs)
    {
        if (exprs.Count == 1)
            return MultiExpr(exprs[0], false, out _);
        var list = new List<Operand>(exprs.Count);
        foreach (Expr e in exprs)
        {
            var x = new Operand();
            CheckExpr(null, x, e);
            list.Add(x);
        }
        return list;
    }

    /// <summary>Like ExprList, but generic functions may stay uninstantiated; their given type arguments come in the second list.</summary>
    List<Operand> GenericExprList(List<Expr> exprs, out List<List<GoType>?> targs)
    {
        targs = [];
        var list = new List<Operand>(exprs.Count);
        // Before Go 1.21 a partially instantiated argument had to be inferable by itself.
        bool infer = exprs.Count == 0 || !AllowVersion(21);
        foreach (Expr e in exprs)
        {
            var x = new Operand();
            if (e is IndexExpr inst && Index(x, inst))
            {
                List<GoType>? given = FuncInst(null, x.Pos, x, inst, infer);
                targs.Add(given);
                if (given != null)
                    x.Expr = inst;
                else
                    Record(x);
                list.Add(x);
                continue;
            }
            targs.Add(null);
            if (e is IndexExpr)
            {
                // Index has filled x, as RawExpr would have done.
                x.Expr = e;
                Record(x);
            }
            else
                RawExpr(null, x, e, null, true);
            Exclude(x, NoValueBit | BuiltinBit | TypeBit);
            if (exprs.Count > 1)
                SingleValue(x);
            else if (x.IsValid && x.Type is TupleType tuple)
            {
                targs = [];
                for (int i = 0; i < tuple.Count; i++)
                    list.Add(new Operand { Mode = OperandMode.Value, Expr = e, Type = tuple.At(i) });
                return list;
            }
            list.Add(x);
        }
        return list;
    }

    /// <summary>Checks arguments against a signature, inferring type arguments. Returns the instantiated signature, or the given one after an error.</summary>
    Signature Arguments(CallExpr call, Signature sig, List<GoType?> targs, List<Expr> typeExprs, List<Operand> args, List<List<GoType>?> argTypeArgs)
    {
        Signature result = sig;
        int nargs = args.Count, npars = sig.Params.Count;
        TupleType pars = sig.Params;
        bool adjusted = false;
        if (sig.Variadic)
        {
            if (call.HasDots)
            {
                if (call.Args.Count == 1 && nargs > 1)
                {
                    Error(call, "cannot use ... with %d-valued %s", nargs, call.Args[0]);
                    return result;
                }
            }
            else if (nargs >= npars - 1)
            {
                // f(a, b...) with parameters (a A, b ...B): one B parameter for each argument.
                var vars = new List<Var>(nargs);
                for (int i = 0; i < npars - 1; i++)
                    vars.Add(sig.Params.Vars[i]);
                Var last = sig.Params.Vars[npars - 1];
                GoType elem = last.Type.Underlying is SliceType s ? s.Elem : Universe.Byte;
                while (vars.Count < nargs)
                    vars.Add(new Var { Name = last.Name, Pos = last.Pos, Pkg = last.Pkg, Type = elem, IsParam = true, Used = true });
                pars = new TupleType(vars);
                adjusted = true;
                npars = nargs;
            }
            else
                npars--; // for the message
        }
        else if (call.HasDots)
        {
            Error(call, "cannot use ... in call to non-variadic %s", call.Fun);
            return result;
        }

        if (nargs != npars)
        {
            Pos at = StartPos(nargs > npars ? args[npars].Expr! : nargs > 0 ? args[nargs - 1].Expr! : call);
            // gc reports a missing argument at the closing parenthesis' call, or at the last argument.
            ErrorDesc err = NewError();
            err.Add(at, "%s arguments in call to %s", nargs > npars ? "too many" : "not enough", call.Fun);
            err.Add(default(Pos), "have %s", TypesSummary(args.ConvertAll(a => a.Type), false, call.HasDots));
            err.Add(default(Pos), "want %s", TypesSummary(sig.Params.Vars.ConvertAll(v => v.Type), sig.Variadic, false));
            err.Report();
            return result;
        }

        int own = sig.TypeParams.Count;
        List<TypeParam> tparams = [];
        if (own > 0)
        {
            if (!AllowVersion(18))
            {
                if (call.Fun is IndexExpr)
                    VersionError(StartPos(call.Fun), 18, "function instantiation");
                else
                    VersionError(StartPos(call), 18, "implicit function instantiation");
            }
            // Fresh parameters: a generic function may call itself with other type arguments.
            (tparams, GoType renamed) = Subst.Rename(sig.TypeParams, pars);
            tparams = [.. tparams];
            pars = (TupleType)renamed;
            while (targs.Count < tparams.Count)
                targs.Add(null);
        }

        List<int>? genericArgs = null;
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i].Type is not Signature { TypeParams.Count: > 0 } argSig)
                continue;
            (List<TypeParam> renamedParams, GoType renamed) = Subst.Rename(argSig.TypeParams, argSig);
            var copy = (Signature)renamed;
            if (ReferenceEquals(copy, argSig))
                copy = CopySignature(argSig);
            copy.TypeParams = renamedParams;
            args[i].Type = copy;
            tparams.AddRange(renamedParams);
            if (i < argTypeArgs.Count && argTypeArgs[i] is { } given)
                targs.AddRange(given);
            while (targs.Count < tparams.Count)
                targs.Add(null);
            (genericArgs ??= []).Add(i);
        }
        if (genericArgs != null)
            VerifyVersion(PosOf(args[genericArgs[0]]), 21, "implicitly instantiated function as argument");

        if (tparams.Count > 0)
        {
            List<GoType>? inferred = Infer.TypeArgs(Env, call.Pos, tparams, targs, pars, args, false,
                (at, msg) => Error(at, "in call to %s, %s", call.Fun, msg));
            if (inferred == null)
                return result;
            if (own > 0)
            {
                List<GoType> ownArgs = inferred.GetRange(0, own);
                result = InstantiateSignature(call.Pos, call.Fun, sig, ownArgs, typeExprs);
                pars = adjusted ? (TupleType)Subst.Apply(pars, new SubstMap(tparams.GetRange(0, own), ownArgs)) : result.Params;
            }
            int next = own;
            foreach (int i in genericArgs ?? [])
            {
                Operand arg = args[i];
                var argSig = (Signature)arg.Type;
                int n = argSig.TypeParams.Count;
                arg.Type = InstantiateSignature(call.Pos, arg.Expr!, argSig, inferred.GetRange(next, n), []);
                Record(arg);
                next += n;
            }
        }

        for (int i = 0; i < args.Count; i++)
            Assignment(args[i], pars.At(i), new Context("argument to", call.Fun));
        return result;
    }

    static Signature CopySignature(Signature s) => new()
    {
        Recv = s.Recv,
        TypeParams = s.TypeParams,
        RecvTypeParams = s.RecvTypeParams,
        Params = s.Params,
        Results = s.Results,
        Variadic = s.Variadic,
    };

    string TypesSummary(List<GoType> types, bool variadic, bool hasDots)
    {
        var parts = new List<string>();
        for (int i = 0; i < types.Count; i++)
        {
            GoType t = types[i];
            string s;
            if (!Predicates.IsValid(t))
                s = "unknown type";
            else if (Predicates.IsUntyped(t))
                s = Predicates.IsNumeric(t) ? "number" : ((BasicType)t).Name.Replace("untyped ", "");
            else
                s = Str(t);
            if (i == types.Count - 1)
                if (variadic)
                    s = "..." + (t is SliceType slice ? Str(slice.Elem) : s);
                else if (hasDots)
                    s += "...";
            parts.Add(s);
        }
        return "(" + string.Join(", ", parts) + ")";
    }

    // ---- selectors

    void Selector(Operand x, SelectorExpr e, bool wantType)
    {
        string sel = e.Sel.Name;
        if (e.X is Ident ident && LookupName(ident.Name) is PkgName pkgName)
        {
            if (!Qualified(x, e, ident, pkgName))
                SelectorFailed(x, e);
            return;
        }
        ExprOrType(x, e.X, false);
        if (x.Mode == OperandMode.Builtin)
        {
            Error(e.Pos, "invalid use of %s in selector expression", x);
            SelectorFailed(x, e);
            return;
        }
        if (!x.IsValid || !IsComplete(x.Type))
        {
            SelectorFailed(x, e);
            return;
        }
        if (wantType)
        {
            Error(e.Sel, "%s is not a type", e);
            SelectorFailed(x, e);
            return;
        }
        if (x.Type.Underlying is PointerType ptr && !IsComplete(ptr.Elem))
        {
            SelectorFailed(x, e);
            return;
        }
        LookupResult found = Lookup.FieldOrMethod(x.Type, x.Mode == OperandMode.Variable, _pkg, sel);
        bool ok = found.Obj switch
        {
            Var field => SelectField(x, e, field, found),
            Func method => SelectMethod(x, e, method, found),
            _ => SelectNothing(x, e, found),
        };
        if (!ok)
            SelectorFailed(x, e);
    }

    static void SelectorFailed(Operand x, SelectorExpr e)
    {
        x.Invalidate();
        x.Type = Universe.Invalid;
        x.Expr = e;
    }

    /// <summary>`pkg.Name`.</summary>
    bool Qualified(Operand x, SelectorExpr e, Ident ident, PkgName pkgName)
    {
        string sel = e.Sel.Name;
        _info.Uses[ident] = pkgName;
        pkgName.Used = true;
        Package pkg = pkgName.Imported;
        Obj? exp = pkg.Scope.Lookup(sel);
        if (exp == null)
        {
            if (_fake.Contains(pkg) || !IsValidName(sel))
                return false;
            Obj? alt = null;
            foreach (Obj o in pkg.Scope.Elems.Values)
                if (o.Exported && string.Equals(o.Name, sel, System.StringComparison.OrdinalIgnoreCase) && (alt == null || string.CompareOrdinal(o.Name, alt.Name) < 0))
                    alt = o;
            if (alt != null)
                Error(e.Sel, "undefined: %s (but have %s)", e, alt.Name);
            else
                Error(e.Sel, "undefined: %s", e);
            return false;
        }
        if (!exp.Exported)
            Error(e.Sel, "name %s not exported by package %s", sel, pkg.Name);
        _info.Uses[e.Sel] = exp;
        GoType type = exp.Type ?? Universe.Invalid;
        if (exp is not Builtin && !Predicates.IsValid(type))
            return false; // an error of the other package
        switch (exp)
        {
            case Const c:
                x.Mode = OperandMode.Constant;
                x.Value = c.Value ?? UnknownConstant.Instance;
                break;
            case TypeName:
                x.Mode = OperandMode.TypeExpr;
                break;
            case Var:
                x.Mode = OperandMode.Variable;
                break;
            case Func:
                x.Mode = OperandMode.Value;
                break;
            case Builtin b:
                x.Mode = OperandMode.Builtin;
                x.Id = b.Id;
                break;
        }
        x.Type = type;
        x.Expr = e;
        return true;
    }

    bool SelectNothing(Operand x, SelectorExpr e, LookupResult found)
    {
        string sel = e.Sel.Name;
        if (!Predicates.IsValid(x.Type.Underlying))
            return false;
        if (found.Index != null)
            Error(e.Sel, "ambiguous selector %s.%s", x.Expr, sel);
        else if (found.Indirect)
        {
            if (x.Mode == OperandMode.TypeExpr)
                Error(e.Sel, "invalid method expression %s.%s (needs pointer receiver (*%s).%s)", x.Type, sel, x.Type, sel);
            else
                Error(e.Sel, "cannot call pointer method %s on %s", sel, x.Type);
        }
        else
        {
            string why = Relations.IsInterfacePtr(x.Type) ? Relations.InterfacePtrError(Env, x.Type)
                : LookupError(x.Type, sel, Lookup.FieldOrMethod(x.Type, x.Mode == OperandMode.Variable, _pkg, sel, true).Obj, false);
            Error(e.Sel, "%s.%s undefined (%s)", x.Expr, sel, why);
        }
        return false;
    }

    bool SelectField(Operand x, SelectorExpr e, Var field, LookupResult found)
    {
        if (x.Mode == OperandMode.TypeExpr)
        {
            Error(e.X, "operand for field selector %s must be value of type %s", e.Sel.Name, x.Type);
            return false;
        }
        RecordSelection(e, SelectionKind.FieldVal, x.Type, field, found.Index!, found.Indirect, field.Type);
        x.Mode = x.Mode == OperandMode.Variable || found.Indirect ? OperandMode.Variable : OperandMode.Value;
        x.Type = field.Type;
        x.Expr = e;
        return true;
    }

    bool SelectMethod(Operand x, SelectorExpr e, Func method, LookupResult found)
    {
        method.Origin.EnsureComplete();
        AddDeclDep(method.Origin);
        Signature sig = method.Sig;
        Signature result = CopySignature(sig);
        result.Recv = null;
        result.RecvTypeParams = [];
        if (x.Mode == OperandMode.TypeExpr)
        {
            if (sig.Recv == null)
            {
                Error(e, "illegal cycle in method declaration");
                return false;
            }
            // The receiver becomes the first parameter; it needs a name if the others have one.
            string name = sig.Params.Count > 0 && sig.Params.Vars[0].Name != "" ? sig.Recv.Name == "" ? "_" : sig.Recv.Name : "";
            var pars = new List<Var> { new() { Name = name, Pos = sig.Recv.Pos, Pkg = sig.Recv.Pkg, Type = x.Type, IsParam = true, Used = true } };
            pars.AddRange(sig.Params.Vars);
            result.Params = new TupleType(pars);
            RecordSelection(e, SelectionKind.MethodExpr, x.Type, method, found.Index!, found.Indirect, result);
        }
        else
            RecordSelection(e, SelectionKind.MethodVal, x.Type, method, found.Index!, found.Indirect, result);
        x.Mode = OperandMode.Value;
        x.Type = result;
        x.Expr = e;
        return true;
    }

    /// <summary>Why a selector finds nothing, with the name that was perhaps meant.</summary>
    string LookupError(GoType type, string sel, Obj? obj, bool structLit)
    {
        string kind = "missing", alt = "";
        if (obj != null)
        {
            alt = obj.Name;
            if (ReferenceEquals(obj.Pkg, _pkg))
                kind = "misspelled";
            else if (Obj.ExportedName(sel))
                kind = Obj.ExportedName(alt) ? "misspelled" : Tail(sel) == Tail(alt) ? "unexported" : kind;
            else if (Obj.ExportedName(alt))
                kind = Tail(sel) == Tail(alt) ? "misspelled" : kind;
            else if (sel == alt)
                kind = "inaccessible";
        }
        if (structLit)
            return kind switch
            {
                "misspelled" => Sprintf("unknown field %s in struct literal of type %s, but does have %s", sel, type, alt),
                "unexported" => Sprintf("unknown field %s in struct literal of type %s, but does have unexported %s", sel, type, alt),
                "inaccessible" => Sprintf("cannot refer to unexported field %s in struct literal of type %s", alt, type),
                _ => Sprintf("unknown field %s in struct literal of type %s", sel, type),
            };
        string what = obj switch { Var => "field", Func => "method", _ => "object" };
        return kind switch
        {
            "misspelled" => Sprintf("type %s has no field or method %s, but does have %s %s", type, sel, what, alt),
            "unexported" => Sprintf("type %s has no field or method %s, but does have unexported %s %s", type, sel, what, alt),
            "inaccessible" => Sprintf("cannot refer to unexported %s %s", what, alt),
            _ => Sprintf("type %s has no field or method %s", type, sel),
        };
    }

    static string Tail(string s) => s.Length == 0 ? s : s[(char.IsHighSurrogate(s[0]) && s.Length > 1 ? 2 : 1)..];

    // ---- using expressions whose value does not matter

    /// <summary>Checks expressions after an error elsewhere, so that their own errors and uses are seen.</summary>
    bool Use(List<Expr> exprs)
    {
        bool ok = true;
        foreach (Expr e in exprs)
            ok &= Use1(e, false);
        return ok;
    }

    bool Use(Expr e) => Use1(e, false);

    bool UseLhs(List<Expr> exprs)
    {
        bool ok = true;
        foreach (Expr e in exprs)
            ok &= Use1(e, true);
        return ok;
    }

    bool Use1(Expr e, bool lhs)
    {
        var x = new Operand { Mode = OperandMode.Value };
        if (Unparen(e) is not Ident name)
        {
            RawExpr(null, x, e, null, true);
            return x.IsValid;
        }
        if (name.Name == "_")
            return true;
        // An assignment is no use.
        Var? v = lhs && LookupName(name.Name) is Var found && ReferenceEquals(found.Pkg, _pkg) ? found : null;
        bool used = v?.Used ?? false;
        ExprOrType(x, name, true);
        if (v != null)
            v.Used = used;
        return x.IsValid;
    }
}

// Calls of built-in functions and of package unsafe.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Checks a call of a built-in into x; false after an error.</summary>
    bool CheckBuiltin(Operand x, CallExpr call, BuiltinId id)
    {
        BuiltinFacts facts = BuiltinFacts.Of(id);
        if (call.HasDots && id != BuiltinId.Append)
        {
            Error(call, InvalidOp + "invalid use of ... with built-in %s", facts.Name);
            Use(call.Args);
            return false;
        }
        // len and cap of an array are constant if the argument contains no call or receive.
        bool savedCalls = _env.HasCallOrRecv;
        if (id is BuiltinId.Len or BuiltinId.Cap)
            _env.HasCallOrRecv = false;
        bool ok = BuiltinArgs(x, call, id, facts);
        if (id is BuiltinId.Len or BuiltinId.Cap)
            _env.HasCallOrRecv = savedCalls;
        return ok;
    }

    bool BuiltinArgs(Operand x, CallExpr call, BuiltinId id, BuiltinFacts facts)
    {
        List<Operand> args = [];
        int nargs = call.Args.Count;
        // These take types, or look at the form of the argument.
        if (id is not (BuiltinId.Make or BuiltinId.New or BuiltinId.UnsafeOffsetof))
        {
            args = ExprList(call.Args);
            nargs = args.Count;
            foreach (Operand a in args)
                if (!a.IsValid)
                    return false;
            if (nargs > 0)
                x.Assign(args[0]);
        }
        string few = nargs < facts.ArgCount ? "not enough" : !facts.Variadic && nargs > facts.ArgCount ? "too many" : "";
        if (few != "")
        {
            Error(call, InvalidOp + "%s arguments for %s (expected %d, found %d)", few, call, facts.ArgCount, nargs);
            return false;
        }
        switch (id)
        {
            case BuiltinId.Append:
                return Append(x, call, args);
            case BuiltinId.Cap or BuiltinId.Len:
                return LenCap(x, call, id, facts.Name);
            case BuiltinId.Clear:
                return Clear(x, call);
            case BuiltinId.Close:
                return Close(x, call);
            case BuiltinId.Complex:
                return MakeComplex(x, args[1], call);
            case BuiltinId.Copy:
                return Copy(x, args[1], call);
            case BuiltinId.Delete:
                return Delete(x, args[1], call);
            case BuiltinId.Imag or BuiltinId.Real:
                return RealImag(x, call, id);
            case BuiltinId.Make:
                return Make(x, call);
            case BuiltinId.Max or BuiltinId.Min:
                return MinMax(x, args, call, id, facts.Name);
            case BuiltinId.New:
                return New(x, call);
            case BuiltinId.Panic:
                if (_env.Sig is { Results.Count: > 0 })
                    (_env.PanicCalls ??= new HashSet<CallExpr>(ReferenceEqualityComparer.Instance)).Add(call);
                Assignment(x, Universe.EmptyInterface, "argument to panic");
                if (!x.IsValid)
                    return false;
                x.Mode = OperandMode.NoValue;
                RecordBuiltin(call.Fun, MakeSig(null, Universe.EmptyInterface));
                return true;
            case BuiltinId.Print or BuiltinId.Println:
                var types = new List<GoType>();
                foreach (Operand a in args)
                {
                    Assignment(a, null, "argument to built-in " + facts.Name);
                    if (!a.IsValid)
                        return false;
                    types.Add(a.Type);
                }
                x.Mode = OperandMode.NoValue;
                RecordBuiltin(call.Fun, MakeSig(null, [.. types]));
                return true;
            case BuiltinId.Recover:
                x.Mode = OperandMode.Value;
                x.Type = Universe.EmptyInterface;
                RecordBuiltin(call.Fun, MakeSig(x.Type));
                return true;
            default:
                return UnsafeBuiltin(x, args, call, id);
        }
    }

    /// <summary>The signature of a built-in in one call; untyped arguments count with their default type.</summary>
    static Signature MakeSig(GoType? result, params GoType[] args)
    {
        var pars = new List<Var>();
        foreach (GoType t in args)
            pars.Add(new Var { Type = Predicates.Default(t), IsParam = true, Used = true });
        var sig = new Signature { Params = new TupleType(pars) };
        if (result != null)
            sig.Results = new TupleType([new Var { Type = result, IsParam = true, Used = true }]);
        return sig;
    }

    /// <summary>The element type that all slice types of x share, or null with the reason.</summary>
    GoType? SliceElem(Operand x, out string why)
    {
        GoType? elem = null;
        string reason = "";
        bool ok = Predicates.All(x.Type, (_, u) =>
        {
            if (u is not SliceType s)
            {
                reason = x.IsNil ? "argument must be a slice; have untyped nil" : Sprintf("argument must be a slice; have %s", x);
                return false;
            }
            if (elem == null)
                elem = s.Elem;
            else if (!Identical.Same(elem, s.Elem))
            {
                reason = Sprintf("mismatched slice element types %s and %s in %s", elem, s.Elem, x);
                return false;
            }
            return true;
        });
        why = reason;
        return ok ? elem : null;
    }

    bool IsByteSlice(Operand x) => Relations.AssignableTo(Env, x, s_bytes, out _);

    static readonly SliceType s_bytes = new(Universe.Byte);

    /// <summary>All types of y are byte slices or strings; hasString: at least one is a string.</summary>
    static bool BytesOrStrings(Operand y, out bool hasString)
    {
        bool str = false;
        bool ok = Predicates.All(y.Type, (_, u) =>
        {
            if (u is SliceType s && Identical.Same(s.Elem, Universe.Byte))
                return true;
            if (u == null || !Predicates.IsString(u))
                return false;
            str = true;
            return true;
        });
        hasString = str;
        return ok;
    }

    bool Append(Operand x, CallExpr call, List<Operand> args)
    {
        GoType? elem = SliceElem(x, out string why);
        if (elem == null)
        {
            Error(x, "invalid append: %s", why);
            return false;
        }
        GoType type = x.Type;
        Signature sig;
        // append([]byte, string...) is special.
        if (args.Count == 2 && call.HasDots && IsByteSlice(x) && BytesOrStrings(args[1], out bool hasString) && hasString)
        {
            if (Predicates.IsUntyped(args[1].Type))
                ConvertUntyped(args[1], Universe.String);
            sig = MakeSig(type, type, args[1].Type);
            sig.Variadic = true;
        }
        else
        {
            sig = MakeSig(type, type, new SliceType(elem));
            sig.Variadic = true;
            Arguments(call, sig, [], [], args, []);
        }
        RecordBuiltin(call.Fun, sig);
        x.Mode = OperandMode.Value;
        x.Type = type;
        return true;
    }

    static GoType ArrayPtrDeref(GoType t) => t.Unalias is PointerType p && p.Elem.Underlying is ArrayType a ? a : t;

    bool LenCap(Operand x, CallExpr call, BuiltinId id, string name)
    {
        bool isLen = id == BuiltinId.Len;
        OperandMode mode = OperandMode.Invalid;
        Constant? value = null;
        switch (ArrayPtrDeref(x.Type.Underlying))
        {
            case BasicType t when isLen && Predicates.IsString(t):
                mode = OperandMode.Value;
                if (x.Mode == OperandMode.Constant)
                {
                    mode = OperandMode.Constant;
                    value = x.Value is StringConstant s ? ConstantOps.MakeInt(s.Value.Length) : UnknownConstant.Instance;
                }
                break;
            case ArrayType t:
                mode = OperandMode.Value;
                if (!_env.HasCallOrRecv)
                {
                    mode = OperandMode.Constant;
                    value = t.Len >= 0 ? ConstantOps.MakeInt(t.Len) : UnknownConstant.Instance;
                }
                break;
            case SliceType or ChanType:
                mode = OperandMode.Value;
                break;
            case MapType when isLen:
                mode = OperandMode.Value;
                break;
            case InterfaceType when Predicates.IsTypeParam(x.Type):
                if (Predicates.UnderIs(x.Type, u => u != null && ArrayPtrDeref(u) switch
                {
                    BasicType t => isLen && Predicates.IsString(t),
                    ArrayType or SliceType or ChanType => true,
                    MapType => isLen,
                    _ => false,
                }))
                    mode = OperandMode.Value;
                break;
        }
        if (mode == OperandMode.Invalid)
        {
            if (Predicates.IsValid(x.Type.Underlying))
                Error(x, InvalidArg + "%s for built-in %s", x, name);
            return false;
        }
        if (mode != OperandMode.Constant)
            RecordBuiltin(call.Fun, MakeSig(Universe.Int, x.Type));
        // An untyped string argument has no other context.
        if (mode == OperandMode.Value && Predicates.IsUntyped(x.Type))
            ConvertUntyped(x, Predicates.Default(x.Type));
        x.Mode = mode;
        x.Type = Universe.Int;
        x.Value = value;
        return true;
    }

    bool Clear(Operand x, CallExpr call)
    {
        VerifyVersion(call.Fun, 21, "clear");
        if (!Predicates.UnderIs(x.Type, u =>
        {
            if (u is MapType or SliceType)
                return true;
            Error(x, InvalidArg + "cannot clear %s: argument must be (or constrained by) map or slice", x);
            return false;
        }))
            return false;
        x.Mode = OperandMode.NoValue;
        RecordBuiltin(call.Fun, MakeSig(null, x.Type));
        return true;
    }

    bool Close(Operand x, CallExpr call)
    {
        if (!Predicates.UnderIs(x.Type, u =>
        {
            if (u is not ChanType ch)
                Error(x, InvalidOp + "cannot close non-channel %s", x);
            else if (ch.Dir == ChanDir.Recv)
                Error(x, InvalidOp + "cannot close receive-only channel %s", x);
            else
                return true;
            return false;
        }))
            return false;
        x.Mode = OperandMode.NoValue;
        RecordBuiltin(call.Fun, MakeSig(null, x.Type));
        return true;
    }

    bool MakeComplex(Operand x, Operand y, CallExpr call)
    {
        bool ux = Predicates.IsUntyped(x.Type), uy = Predicates.IsUntyped(y.Type);
        if (ux && !uy)
            ConvertUntyped(x, y.Type);
        else if (uy && !ux)
            ConvertUntyped(y, x.Type);
        else if (ux && uy)
        {
            if (x.Mode == OperandMode.Constant && y.Mode == OperandMode.Constant)
            {
                foreach (Operand o in (ReadOnlySpan<Operand>)[x, y])
                    if (Predicates.IsNumeric(o.Type) && o.Value!.Kind != ConstantKind.Unknown && ConstantOps.Sign(ConstantOps.Imag(o.Value)) == 0)
                        o.Type = Universe.UntypedFloat;
            }
            else
            {
                ConvertUntyped(x, Universe.Float64);
                ConvertUntyped(y, Universe.Float64);
            }
        }
        if (!x.IsValid || !y.IsValid)
            return false;
        if (!Identical.Same(x.Type, y.Type))
        {
            Error(x, InvalidOp + "%s (mismatched types %s and %s)", call, x.Type, y.Type);
            return false;
        }
        GoType? result = ApplyTypeFunc(t => t.Underlying is BasicType b ? b.Kind switch
        {
            BasicKind.Float32 => Universe.Complex64,
            BasicKind.Float64 => Universe.Complex128,
            BasicKind.UntypedFloat => Universe.UntypedComplex,
            _ => null,
        } : null, x, BuiltinId.Complex);
        if (result == null)
        {
            Error(x, InvalidArg + "arguments have type %s, expected floating-point", x.Type);
            return false;
        }
        if (x.Mode == OperandMode.Constant && y.Mode == OperandMode.Constant)
            x.Value = x.Value!.Kind == ConstantKind.Unknown || y.Value!.Kind == ConstantKind.Unknown ? UnknownConstant.Instance
                : ConstantOps.Binary(ConstantOps.ToFloat(x.Value), Token.Add, ConstantOps.MakeImag(ConstantOps.ToFloat(y.Value)), false);
        else
        {
            x.Mode = OperandMode.Value;
            RecordBuiltin(call.Fun, MakeSig(result, x.Type, x.Type));
        }
        x.Type = result;
        return true;
    }

    /// <summary>Maps x's type by f; a type parameter by all its types, which gives a new type parameter.</summary>
    GoType? ApplyTypeFunc(Func<GoType, GoType?> f, Operand x, BuiltinId id)
    {
        if (x.Type.Unalias is not TypeParam tp)
            return f(x.Type);
        var terms = new List<UnionTerm>();
        if (!tp.Iface.TypeSet.Is(t =>
        {
            if (t == null || f(t.Type) is not { } mapped)
                return false;
            terms.Add(new UnionTerm(t.Tilde, mapped));
            return true;
        }))
            return null;
        SoftError(x, "%s not supported as argument to built-in %s for go1.18 (see go.dev/issue/50937)", x, BuiltinFacts.Of(id).Name);
        var obj = new TypeName { Name = tp.Obj.Name, Pkg = _pkg };
        return NamedResolver.NewTypeParam(obj, tp.Index, new InterfaceType { Embeddeds = [new UnionType(terms)], EmbedPos = [default] });
    }

    bool Copy(Operand x, Operand y, CallExpr call)
    {
        GoType? dst = SliceElem(x, out string why);
        if (dst == null)
        {
            Error(x, "invalid copy: %s", why);
            return false;
        }
        if (!(IsByteSlice(x) && BytesOrStrings(y, out _)))
        {
            GoType? src = SliceElem(y, out why);
            if (src == null)
            {
                if (!Predicates.AllString(y.Type))
                {
                    Error(y, "invalid copy: %s", why);
                    return false;
                }
                src = Universe.Byte;
            }
            if (!Identical.Same(dst, src))
            {
                Error(x, "invalid copy: arguments %s and %s have different element types %s and %s", x, y, dst, src);
                return false;
            }
        }
        if (Predicates.IsUntyped(y.Type))
            ConvertUntyped(y, Predicates.Default(y.Type));
        RecordBuiltin(call.Fun, MakeSig(Universe.Int, x.Type, y.Type));
        x.Mode = OperandMode.Value;
        x.Type = Universe.Int;
        return true;
    }

    bool Delete(Operand x, Operand keyArg, CallExpr call)
    {
        GoType map = x.Type;
        GoType? key = null;
        if (!Predicates.UnderIs(map, u =>
        {
            if (u is not MapType m)
            {
                Error(x, InvalidArg + "%s is not a map", x);
                return false;
            }
            if (key != null && !Identical.Same(m.Key, key))
            {
                Error(x, InvalidArg + "maps of %s must have identical key types", x);
                return false;
            }
            key = m.Key;
            return true;
        }))
            return false;
        x.Assign(keyArg);
        Assignment(x, key, "argument to delete");
        if (!x.IsValid)
            return false;
        x.Mode = OperandMode.NoValue;
        RecordBuiltin(call.Fun, MakeSig(null, map, key!));
        return true;
    }

    bool RealImag(Operand x, CallExpr call, BuiltinId id)
    {
        if (Predicates.IsUntyped(x.Type))
        {
            if (x.Mode == OperandMode.Constant)
            {
                if (Predicates.IsNumeric(x.Type))
                    x.Type = Universe.UntypedComplex;
            }
            else
            {
                ConvertUntyped(x, Universe.Complex128);
                if (!x.IsValid)
                    return false;
            }
        }
        GoType? result = ApplyTypeFunc(t => t.Underlying is BasicType b ? b.Kind switch
        {
            BasicKind.Complex64 => Universe.Float32,
            BasicKind.Complex128 => Universe.Float64,
            BasicKind.UntypedComplex => Universe.UntypedFloat,
            _ => null,
        } : null, x, id);
        if (result == null)
        {
            Error(x, InvalidArg + "argument has type %s, expected complex type", x.Type);
            return false;
        }
        if (x.Mode == OperandMode.Constant)
        {
            if (x.Value!.Kind != ConstantKind.Unknown)
                x.Value = id == BuiltinId.Real ? ConstantOps.Real(x.Value) : ConstantOps.Imag(x.Value);
        }
        else
        {
            x.Mode = OperandMode.Value;
            RecordBuiltin(call.Fun, MakeSig(result, x.Type));
        }
        x.Type = result;
        return true;
    }

    bool Make(Operand x, CallExpr call)
    {
        Expr arg0 = call.Args[0];
        GoType type = VarType(arg0);
        if (!Predicates.IsValid(type))
            return false;
        GoType? under = Predicates.CommonUnder(type, (_, u) => u switch
        {
            SliceType or MapType or ChanType => null,
            null => "no specific type",
            _ => "type must be slice, map, or channel",
        }, Env, out string? why);
        if (under == null)
        {
            Error(arg0, InvalidArg + "cannot make %s: %s", arg0, why);
            return false;
        }
        int nargs = call.Args.Count, min = under is SliceType ? 2 : 1;
        if (nargs < min || min + 1 < nargs)
        {
            Error(call, InvalidOp + "%s expects %d or %d arguments; found %d", call, min, min + 1, nargs);
            return false;
        }
        var types = new List<GoType> { type };
        var sizes = new List<long>();
        foreach (Expr arg in call.Args.GetRange(1, nargs - 1))
        {
            types.Add(IndexValue(arg, -1, out long size));
            if (size >= 0)
                sizes.Add(size);
        }
        if (sizes.Count == 2 && sizes[0] > sizes[1])
            Error(call.Args[1], InvalidArg + "length and capacity swapped");
        x.Mode = OperandMode.Value;
        x.Type = type;
        RecordBuiltin(call.Fun, MakeSig(type, [.. types]));
        return true;
    }

    bool MinMax(Operand x, List<Operand> args, CallExpr call, BuiltinId id, string name)
    {
        VerifyVersion(call.Fun, 21, "built-in %s", name);
        Token op = id == BuiltinId.Max ? Token.Gtr : Token.Lss;
        for (int i = 0; i < args.Count; i++)
        {
            Operand a = args[i];
            if (!a.IsValid)
                return false;
            if (!Predicates.AllOrdered(a.Type))
            {
                Error(a, InvalidArg + "%s cannot be ordered", a);
                return false;
            }
            if (i == 0)
                continue;
            MatchTypes(x, a);
            if (!x.IsValid)
                return false;
            if (!Identical.Same(x.Type, a.Type))
            {
                Error(a, InvalidArg + "mismatched types %s (previous argument) and %s (type of %s)", x.Type, a.Type, a.Expr);
                return false;
            }
            if (x.Mode == OperandMode.Constant && a.Mode == OperandMode.Constant)
            {
                if (ConstantOps.Compare(a.Value!, op, x.Value!))
                    x.Assign(a);
            }
            else
                x.Mode = OperandMode.Value;
        }
        if (x.Mode != OperandMode.Constant)
        {
            x.Mode = OperandMode.Value;
            // Untyped arguments that are not all constant get their default type.
            Assignment(x, Universe.EmptyInterface, "argument to built-in " + name);
            if (!x.IsValid)
                return false;
        }
        foreach (Operand a in args)
            UpdateExprType(a.Expr!, x.Type, true);
        if (x.Mode != OperandMode.Constant)
        {
            var types = new GoType[args.Count];
            Array.Fill(types, x.Type);
            RecordBuiltin(call.Fun, MakeSig(x.Type, types));
        }
        return true;
    }

    bool New(Operand x, CallExpr call)
    {
        Expr arg = call.Args[0];
        ExprOrType(x, arg, false);
        Exclude(x, NoValueBit | BuiltinBit);
        if (!x.IsValid)
            return false;
        if (x.Mode == OperandMode.TypeExpr)
            ValidVarType(arg, x.Type);
        else
        {
            // new(expr): a variable initialised with the expression.
            if (Predicates.IsUntyped(x.Type))
            {
                Assignment(x, null, "argument to new");
                if (!x.IsValid)
                    return false;
            }
            VerifyVersion(call.Fun, 26, "new(%s)", arg);
        }
        GoType type = x.Type;
        x.Mode = OperandMode.Value;
        x.Type = new PointerType(type);
        RecordBuiltin(call.Fun, MakeSig(x.Type, type));
        return true;
    }

    bool UnsafeBuiltin(Operand x, List<Operand> args, CallExpr call, BuiltinId id)
    {
        switch (id)
        {
            case BuiltinId.UnsafeAdd:
                VerifyVersion(call.Fun, 17, "unsafe.Add");
                Assignment(x, Universe.UnsafePointer, "argument to unsafe.Add");
                if (!x.IsValid || !ValidIndex(args[1], "length", true))
                    return false;
                return UnsafeResult(x, call, Universe.UnsafePointer, Universe.UnsafePointer, args[1].Type);
            case BuiltinId.UnsafeAlignof or BuiltinId.UnsafeSizeof:
                return SizeOrAlign(x, call, id == BuiltinId.UnsafeSizeof);
            case BuiltinId.UnsafeOffsetof:
                return Offsetof(x, call);
            case BuiltinId.UnsafeSlice:
                VerifyVersion(call.Fun, 17, "unsafe.Slice");
                if (Predicates.CommonUnder(x.Type) is not PointerType ptr)
                {
                    Error(x, InvalidArg + "%s is not a pointer", x);
                    return false;
                }
                return ValidIndex(args[1], "length", false) && UnsafeResult(x, call, new SliceType(ptr.Elem), ptr, args[1].Type);
            case BuiltinId.UnsafeSliceData:
                VerifyVersion(call.Fun, 20, "unsafe.SliceData");
                if (Predicates.CommonUnder(x.Type) is not SliceType slice)
                {
                    Error(x, InvalidArg + "%s is not a slice", x);
                    return false;
                }
                return UnsafeResult(x, call, new PointerType(slice.Elem), slice);
            case BuiltinId.UnsafeString:
                VerifyVersion(call.Fun, 20, "unsafe.String");
                var bytePtr = new PointerType(Universe.Byte);
                Assignment(x, bytePtr, "argument to unsafe.String");
                return x.IsValid && ValidIndex(args[1], "length", false) && UnsafeResult(x, call, Universe.String, bytePtr, args[1].Type);
            case BuiltinId.UnsafeStringData:
                VerifyVersion(call.Fun, 20, "unsafe.StringData");
                Assignment(x, Universe.String, "argument to unsafe.StringData");
                return x.IsValid && UnsafeResult(x, call, new PointerType(Universe.Byte), Universe.String);
            default:
                throw new InvalidOperationException($"Checker.UnsafeBuiltin: {id}");
        }
    }

    bool UnsafeResult(Operand x, CallExpr call, GoType result, params GoType[] pars)
    {
        x.Mode = OperandMode.Value;
        x.Type = result;
        RecordBuiltin(call.Fun, MakeSig(result, pars));
        return true;
    }

    bool SizeOrAlign(Operand x, CallExpr call, bool size)
    {
        Assignment(x, null, size ? "argument to unsafe.Sizeof" : "argument to unsafe.Alignof");
        if (!x.IsValid)
            return false;
        if (HasVarSize(x.Type))
            return UnsafeResult(x, call, Universe.Uintptr, x.Type);
        long n = size ? Env.Sizes.Sizeof(x.Type) : Env.Sizes.Alignof(x.Type);
        if (n < 0)
        {
            Error(x, "%s is too large", x);
            return false;
        }
        x.Mode = OperandMode.Constant;
        x.Value = ConstantOps.MakeInt(n);
        x.Type = Universe.Uintptr;
        return true;
    }

    bool Offsetof(Operand x, CallExpr call)
    {
        Expr arg0 = call.Args[0];
        if (Unparen(arg0) is not SelectorExpr sel)
        {
            Error(arg0, InvalidArg + "%s is not a selector expression", arg0);
            Use(arg0);
            return false;
        }
        CheckExpr(null, x, sel.X);
        if (!x.IsValid)
            return false;
        GoType baseType = Lookup.DerefStructPtr(x.Type);
        LookupResult found = Lookup.FieldOrMethod(baseType, false, _pkg, sel.Sel.Name);
        if (found.Obj == null)
        {
            Error(x, InvalidArg + "%s has no single field %s", baseType, sel.Sel.Name);
            return false;
        }
        if (found.Obj is Func)
        {
            Error(arg0, InvalidArg + "%s is a method value", arg0);
            return false;
        }
        if (found.Indirect)
        {
            Error(x, InvalidArg + "field %s is embedded via a pointer in %s", sel.Sel.Name, baseType);
            return false;
        }
        GoType fieldType = found.Obj.Type;
        RecordSelection(sel, SelectionKind.FieldVal, baseType, found.Obj, found.Index!, false, fieldType);
        for (Expr e = arg0; ; e = ((ParenExpr)e).X)
        {
            RecordTypeAndValue(e, x.Mode == OperandMode.Variable ? OperandMode.Variable : OperandMode.Value, fieldType, null);
            if (e is not ParenExpr)
                break;
        }
        if (HasVarSize(baseType))
            return UnsafeResult(x, call, Universe.Uintptr, fieldType);
        long offset = Env.Sizes.Offsetof(baseType, found.Index!);
        if (offset < 0)
        {
            Error(x, "%s is too large", x);
            return false;
        }
        x.Mode = OperandMode.Constant;
        x.Value = ConstantOps.MakeInt(offset);
        x.Type = Universe.Uintptr;
        return true;
    }
}

// Calls, conversions, built-in functions, and lists of expressions where one call may stand for several values.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    ExprNode Call(CallExpr e)
    {
        var fun = Unparen(e.Fun);
        if (IsType(fun))
        {
            var arg = Expr(e.Args[0]);
            var conv = Convert(arg, TypeOf(fun), e.Args[0].Pos, false);
            return RawTypeOf(fun) is { } raw ? Shaped(conv, raw) : conv;
        }
        if (BuiltinOf(fun) is { } builtin)
            return BuiltinCall(e, builtin.Id);
        return CallTo(fun, e.Pos, e.HasDots, sig => MultiExpr(e.Pos, e.Args, i => ParamType(sig, i, e.HasDots), false));
    }

    Builtin? BuiltinOf(Expr fun) => fun switch
    {
        Ident id => _info.Uses.GetValueOrDefault(id) as Builtin,
        SelectorExpr s when IsQualified(s) => _info.Uses.GetValueOrDefault(s.Sel) as Builtin,
        _ => null,
    };

    static GoType ParamType(Signature sig, int i, bool dots)
    {
        int last = sig.Params.Count - 1;
        return sig.Variadic && !dots && i >= last ? ((SliceType)sig.Params.At(last).Underlying).Elem : sig.Params.At(i);
    }

    /// <summary>A call of what fun denotes. The arguments are built after the function expression, as they are evaluated.</summary>
    CallNode CallTo(Expr fun, Pos pos, bool dots, Func<Signature, List<ExprNode>> makeArgs)
    {
        var call = new CallNode { Pos = pos };
        Signature sig;
        ExprNode? recv = null;
        var inner = fun is IndexExpr ix && Unparen(ix.X) is SelectorExpr generic && _info.Instances.ContainsKey(generic.Sel) ? generic : fun;
        if (inner is SelectorExpr sel && _info.Selections.TryGetValue(sel, out var s) && s.Kind == SelectionKind.MethodVal)
        {
            var b = Receiver(sel, s);
            call.Imprecise = !_env.IsEmpty && IsTypeParamOrPointerTo(s.Recv);
            if (b.Fn == null)
            {
                call.Iface = b.Recv;
                call.Method = b.Method;
                sig = b.Method.Sig;
            }
            else
            {
                call.Fun = FuncRef(b.Fn, sel.Pos, true);
                recv = b.Recv;
                sig = b.Fn.Sig;
            }
        }
        else
        {
            call.Fun = Expr(fun);
            sig = call.Fun is FuncNode { Func: var f, IsMethodExpr: false } ? f.Sig : (Signature)call.Fun.Type.Underlying;
        }
        var args = makeArgs(sig);
        FinishCall(call, sig, recv, args, dots);
        return call;
    }

    /// <summary>Fills in arguments, variadic slice and type; hoists the callee when evaluating it calls something.</summary>
    void FinishCall(CallNode call, Signature sig, ExprNode? recv, List<ExprNode> args, bool dots)
    {
        if (sig.Variadic && !dots)
            PackVariadic(sig, args, call.Pos);
        call.HasDots = dots || sig.Variadic;
        if (recv != null)
            call.Args.Add(recv);
        call.Args.AddRange(args);
        call.Type = ResultType(sig);
        if (call.Fun is not (null or FuncNode) && CallsOrReceives(call.Fun))
            call.Fun = Hoist(call.Fun, call);
        else if (call.Iface != null && CallsOrReceives(call.Iface))
            call.Iface = Hoist(call.Iface, call);
    }

    LocalNode Hoist(ExprNode x, CallNode call) => Ref(TempCopy(x, call.Init ??= [], call.Pos), call.Pos);

    internal static void PackVariadic(Signature sig, List<ExprNode> args, Pos pos)
    {
        int fixedCount = sig.Params.Count - 1;
        var type = sig.Params.At(fixedCount).Unalias;
        ExprNode slice;
        if (args.Count == fixedCount)
        {
            slice = new NilNode { Type = type, Pos = pos, Implicit = true };
        }
        else
        {
            var lit = new CompositeNode { Type = type, Len = args.Count - fixedCount, Implicit = true, Pos = pos };
            for (int i = fixedCount; i < args.Count; i++)
                lit.Elems.Add((i - fixedCount, args[i]));
            args.RemoveRange(fixedCount, args.Count - fixedCount);
            slice = lit;
        }
        args.Add(slice);
    }

    /// <summary>Whether evaluating x calls something or receives; new(T) does not count.</summary>
    static bool CallsOrReceives(ExprNode x)
    {
        bool found = false;
        void OnExpr(ExprNode n)
        {
            found |= n is CallNode or RecvNode or BuiltinNode;
            if (!found)
                Walk.Children(n, OnExpr, OnStmt);
        }
        void OnStmt(StmtNode n)
        {
            found |= n is AssignCallNode;
            if (!found)
                Walk.Children(n, OnExpr, OnStmt);
        }
        OnExpr(x);
        return found;
    }

    // ---- lists

    /// <summary>The expressions converted to their destinations' types (null: as they are). One call with several results, or with
    /// <paramref name="commaOk"/> one comma-ok form, stands for several values: they go through temporaries declared on the way.</summary>
    List<ExprNode> MultiExpr(Pos pos, List<Expr> exprs, Func<int, GoType?> dst, bool commaOk)
    {
        var list = new List<ExprNode>(exprs.Count);
        if (exprs.Count == 1)
        {
            var e = Unparen(exprs[0]);
            bool tuple = e is CallExpr && _info.Types.TryGetValue(e, out var tv) && tv.Type is TupleType { Count: > 1 };
            if (tuple || commaOk)
                return MultiValue(pos, Expr(e), dst);
        }
        for (int i = 0; i < exprs.Count; i++)
            list.Add(ImplicitConv(dst(i), exprs[i]));
        return list;
    }

    List<ExprNode> MultiValue(Pos pos, ExprNode y, Func<int, GoType?> dst)
    {
        var decls = new List<StmtNode>();
        Local Temp(GoType type)
        {
            var t = _fn.NewTemp(type.Unalias, pos);
            decls.Add(new DeclNode { Local = t, Pos = pos });
            return t;
        }
        var temps = new List<Local>();
        StmtNode assign;
        if (y.Type is TupleType results)
        {
            foreach (var v in results.Vars)
                temps.Add(Temp(v.Type));
            assign = new AssignCallNode { X = temps.ConvertAll(t => (ExprNode?)Ref(t, pos)), Call = y, Define = true, Pos = pos, Init = decls };
        }
        else
        {
            temps.Add(Temp(y.Type));
            temps.Add(Temp(Universe.Bool));
            assign = new AssignOkNode { X = Ref(temps[0], pos), Ok = Ref(temps[1], pos), Y = y, Define = true, Pos = pos, Init = decls };
        }
        var list = new List<ExprNode>(temps.Count);
        for (int i = 0; i < temps.Count; i++)
            list.Add(ImplicitConv(dst(i), Ref(temps[i], pos)));
        list[0].Init = [assign];
        return list;
    }

    // ---- built-in functions

    ExprNode BuiltinCall(CallExpr e, BuiltinId id)
    {
        var pos = e.Pos;
        switch (id)
        {
            case BuiltinId.Make:
                return Shaped(Make(e), RawTypeOf(e)!);
            case BuiltinId.New:
                {
                    if (IsType(e.Args[0]))
                        return Shaped(new NewNode { Type = TypeOf(e), Pos = pos }, RawTypeOf(e)!);
                    var x = ImplicitConv(((PointerType)TypeOf(e).Underlying).Elem, e.Args[0]);
                    var init = new List<StmtNode>();
                    var addr = AddrOf(Ref(TempCopy(x, init, pos), pos), pos, false);
                    addr.Init = init;
                    return addr;
                }
            case BuiltinId.UnsafeSizeof:
                return IntConst(_ctx.Sizes.Sizeof(TypeOf(e.Args[0])), pos, Universe.Uintptr);
            case BuiltinId.UnsafeAlignof:
                return IntConst(_ctx.Sizes.Alignof(TypeOf(e.Args[0])), pos, Universe.Uintptr);
            case BuiltinId.UnsafeOffsetof:
                {
                    var sel = (SelectorExpr)Unparen(e.Args[0]);
                    var of = TypeOf(sel.X);
                    if (of.Underlying is PointerType p)
                        of = p.Elem;
                    return IntConst(_ctx.Sizes.Offsetof(of, _info.Selections[sel].Index), pos, Universe.Uintptr);
                }
            case BuiltinId.Recover:
                _fn.HasRecover = true;
                return new BuiltinNode { Op = BuiltinOp.Recover, Type = Universe.EmptyInterface, Pos = pos };
            case BuiltinId.Len or BuiltinId.Cap:
                return LenOrCap(Expr(e.Args[0]), id, pos);
            case BuiltinId.Min or BuiltinId.Max:
                {
                    var type = TypeOf(e);
                    return MakeBuiltin(id == BuiltinId.Min ? BuiltinOp.Min : BuiltinOp.Max, type, MultiExpr(pos, e.Args, _ => type, false), pos);
                }
            case BuiltinId.Panic:
                return MakeBuiltin(BuiltinOp.Panic, TupleType.Empty, MultiExpr(pos, e.Args, _ => Universe.EmptyInterface, false), pos);
            case BuiltinId.Append:
                {
                    var type = TypeOf(e);
                    var elem = ((SliceType)type.Underlying).Elem;
                    var args = MultiExpr(pos, e.Args, i => i == 0 ? type : e.HasDots ? null : elem, false);
                    var n = MakeBuiltin(BuiltinOp.Append, type, args, pos);
                    n.HasDots = e.HasDots;
                    return n;
                }
            case BuiltinId.Delete:
                {
                    MapType? map = null;
                    var args = MultiExpr(pos, e.Args, i => i == 0 ? null : map?.Key, false);
                    map = (MapType)args[0].Type.Underlying;
                    args[1] = ImplicitConv(map.Key, args[1]);
                    return MakeBuiltin(BuiltinOp.Delete, TupleType.Empty, args, pos);
                }
            case BuiltinId.Complex:
                {
                    var type = TypeOf(e);
                    var part = type.Underlying is BasicType { Kind: BasicKind.Complex64 } ? Universe.Float32 : Universe.Float64;
                    return MakeBuiltin(BuiltinOp.Complex, type, MultiExpr(pos, e.Args, i => null, false).ConvertAll(x => x is ConstNode ? Retype(x, part) : x), pos);
                }
            default:
                {
                    var (op, hasResult) = id switch
                    {
                        BuiltinId.Clear => (BuiltinOp.Clear, false),
                        BuiltinId.Close => (BuiltinOp.Close, false),
                        BuiltinId.Copy => (BuiltinOp.Copy, true),
                        BuiltinId.Imag => (BuiltinOp.Imag, true),
                        BuiltinId.Real => (BuiltinOp.Real, true),
                        BuiltinId.Print => (BuiltinOp.Print, false),
                        BuiltinId.Println => (BuiltinOp.Println, false),
                        BuiltinId.UnsafeAdd => (BuiltinOp.UnsafeAdd, true),
                        BuiltinId.UnsafeSlice => (BuiltinOp.UnsafeSlice, true),
                        BuiltinId.UnsafeSliceData => (BuiltinOp.UnsafeSliceData, true),
                        BuiltinId.UnsafeString => (BuiltinOp.UnsafeString, true),
                        BuiltinId.UnsafeStringData => (BuiltinOp.UnsafeStringData, true),
                        _ => throw Bad(e, $"built-in {id}"),
                    };
                    var type = id == BuiltinId.Copy ? Universe.Int : hasResult ? TypeOf(e) : TupleType.Empty;
                    // A pointer of a named type becomes a plain one.
                    GoType? first = id switch
                    {
                        BuiltinId.UnsafeString => new PointerType(Universe.Byte),
                        BuiltinId.UnsafeAdd => Universe.UnsafePointer,
                        _ => null,
                    };
                    return MakeBuiltin(op, type, MultiExpr(pos, e.Args, i => i == 0 ? first : null, false), pos);
                }
        }
    }

    static ExprNode Retype(ExprNode x, GoType type) =>
        x is ConstNode c && Predicates.IsNumeric(c.Type) && !Predicates.IsFloat(c.Type) ? new ConstNode { Value = Fit(c.Value, type), Type = type, Pos = c.Pos } : x;

    static BuiltinNode MakeBuiltin(BuiltinOp op, GoType type, List<ExprNode> args, Pos pos) => new() { Op = op, Type = type, Args = args, Pos = pos };

    /// <summary>Of an array it is a constant; the operand is evaluated only for what it does.</summary>
    static ExprNode LenOrCap(ExprNode x, BuiltinId id, Pos pos)
    {
        var u = x.Type.Underlying;
        if (u is PointerType { Elem: var pointee })
            u = pointee.Underlying;
        if (u is ArrayType a)
        {
            var n = IntConst(a.Len, pos);
            if (HasEffects(x))
                n.Init = [new AssignNode { Y = x, Pos = pos }];
            return n;
        }
        if (x is ConstNode { Value: StringConstant s } && id == BuiltinId.Len)
            return IntConst(s.Value.Length, pos);
        return new BuiltinNode { Op = id == BuiltinId.Len ? BuiltinOp.Len : BuiltinOp.Cap, Args = [x], Type = Universe.Int, Pos = pos };
    }

    /// <summary>Whether evaluating x may do anything but read memory (a panic counts).</summary>
    static bool HasEffects(ExprNode x) => x switch
    {
        { Init: not null } => true,
        LocalNode or GlobalNode or ConstNode or NilNode or FuncNode or ZeroNode => false,
        FieldNode { ThroughPtr: false } f => HasEffects(f.X),
        ConvNode { Kind: ConvKind.Nop } c => HasEffects(c.X),
        _ => true,
    };

    ExprNode Make(CallExpr e)
    {
        var type = TypeOf(e);
        ExprNode? Arg(int i) => e.Args.Count > i ? Expr(e.Args[i]) : null;
        switch (type.Underlying)
        {
            case SliceType:
                {
                    var len = Arg(1)!;
                    return new MakeSliceNode { Len = len, Cap = Arg(2), Type = type, Pos = e.Pos };
                }
            case MapType:
                return new MakeMapNode { Hint = Arg(1), Type = type, Pos = e.Pos };
            case ChanType:
                return new MakeChanNode { Size = Arg(1), Type = type, Pos = e.Pos };
            default:
                throw Bad(e, $"make of {type}");
        }
    }

    // ---- go and defer

    /// <summary>The call of a go or defer statement as a call without arguments and results: itself if it is one, else of a wrapper literal that
    /// captures the operands, which are evaluated here.</summary>
    CallNode GoDeferCall(ExprNode x, bool isDefer, Pos pos, List<StmtNode> init)
    {
        if (x.Init != null)
        {
            init.AddRange(x.Init);
            x.Init = null;
        }
        if (x is CallNode { Fun: not null, Args.Count: 0, Type: TupleType { Count: 0 } } plain)
            return plain;

        string name = $"{_fn.LinkName}.{(isDefer ? "deferwrap" : "gowrap")}{++_wraps}";
        var wrapper = BuildContext.NewFunction(name, _fn.Pkg, s_noParams, null);
        wrapper.Pos = wrapper.EndPos = pos;
        wrapper.IsClosure = wrapper.IsWrapper = true;
        wrapper.Outer = _fn;
        wrapper.IsInstance = _fn.IsInstance;
        wrapper.NameAfter(_fn);
        var inner = new Builder(_pb, wrapper, _info, _env, outer: this);
        var temps = new List<ExprNode?>();
        var values = new List<ExprNode>();
        var decls = new List<StmtNode>();

        ExprNode Visit(ExprNode arg)
        {
            switch (arg)
            {
                case ConstNode { Init: null } or NilNode { Init: null } or FuncNode or NewNode or ZeroNode:
                    return arg;
                case ConvNode { Kind: ConvKind.PointerToUintptr } c:
                    c.X = Visit(c.X);
                    return c;
                case CompositeNode { Init: null } lit:
                    for (int i = 0; i < lit.Elems.Count; i++)
                        lit.Elems[i] = (lit.Elems[i].Index, Visit(lit.Elems[i].Value));
                    return lit;
            }
            return Capture(arg);
        }
        ExprNode Capture(ExprNode arg)
        {
            var at = arg is LocalNode or GlobalNode or FuncNode or ConstNode or NilNode ? pos : arg.Pos;
            var tmp = _fn.NewTemp(arg.Type, at);
            decls.Add(new DeclNode { Local = tmp, Pos = at });
            temps.Add(Ref(tmp, at));
            values.Add(arg);
            return Ref(inner.Capture(tmp, at), arg.Pos);
        }
        bool checkNil = false;
        switch (x)
        {
            case CallNode { Iface: { } iface } c:
                c.Iface = Capture(iface); // must be first: it is checked below
                checkNil = true;
                VisitAll(c.Args);
                break;
            case CallNode c:
                c.Fun = Visit(c.Fun!);
                VisitAll(c.Args);
                break;
            case BuiltinNode b:
                VisitAll(b.Args);
                if (b.Op == BuiltinOp.Recover)
                    wrapper.HasRecover = true;
                break;
            default:
                throw new BuildException($"{pos}: {x.GetType().Name} in a go or defer statement");
        }
        void VisitAll(List<ExprNode> args)
        {
            for (int i = 0; i < args.Count; i++)
                args[i] = Visit(args[i]);
        }

        if (values.Count > 0)
        {
            init.AddRange(decls);
            init.Add(new Assign2Node { X = temps, Y = values, Pos = pos });
            if (checkNil)
                init.Add(new CheckNilNode { X = Ref(((LocalNode)temps[0]!).Local, pos), Pos = pos });
        }
        wrapper.Body = [new ExprStmtNode { X = x, Pos = pos }];
        _root._closures.Add(wrapper);
        _pb.AddLiteral(wrapper);
        return new CallNode { Fun = new ClosureNode { Func = wrapper, Type = s_noParams, Pos = pos }, Type = TupleType.Empty, Pos = x.Pos };
    }

    static readonly Signature s_noParams = new();
}

// Expressions.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    public ExprNode Expr(Expr e)
    {
        e = Unparen(e);
        if (_root._simplified.TryGetValue(e, out var simpler))
            e = Unparen(simpler);
        if (_info.Types.TryGetValue(e, out var tv))
        {
            if (tv.IsType)
                throw Bad(e, "type used as a value");
            if (tv.Value != null)
                return Shaped(Const(tv.Value, TypeOf(e), e.Pos), Predicates.Default(tv.Type));
            if (tv.Mode == OperandMode.NilValue)
                return new NilNode { Type = TypeOf(e), Pos = e.Pos };
        }
        switch (e)
        {
            case Ident id: return Name(id);
            case CompositeLit lit: return Composite(lit);
            case FuncLit lit: return Literal(lit);
            case SelectorExpr sel: return Selector(sel);
            case IndexExpr ix: return Index(ix);
            case SliceExpr s: return Slice(s);
            case TypeAssertExpr t: return Assert(t);
            case StarExpr s: return Deref(Expr(s.X), s.Pos, false);
            case UnaryExpr u: return Unary(u);
            case BinaryExpr b: return Binary(b);
            case CallExpr c: return Call(c);
            default: throw Bad(e, $"{e.GetType().Name} is not an expression");
        }
    }

    // ---- constants

    static ExprNode Const(Constant value, GoType type, Pos pos)
    {
        var u = type.Underlying;
        if (u is InterfaceType)
        {
            // A constant that was given an interface type holds its default type.
            var kind = value.Kind switch
            {
                ConstantKind.Bool => Universe.Bool,
                ConstantKind.String => Universe.String,
                ConstantKind.Int => Universe.Int,
                ConstantKind.Float => Universe.Float64,
                _ => Universe.Complex128,
            };
            return Convert(Const(value, kind, pos), type, pos, true);
        }
        if (u is BasicType { Kind: BasicKind.UnsafePointer } or PointerType)
            return Convert(Const(value, Universe.Uintptr, pos), type, pos, true);
        value = Fit(value, type);
        return new ConstNode { Value = value, Type = type, Pos = pos };
    }

    /// <summary>The value in the representation of a type: integers as IntConstant, and so on.</summary>
    static Constant Fit(Constant value, GoType type)
    {
        if (Predicates.IsInteger(type))
            return ConstantOps.ToInt(value);
        if (Predicates.IsFloat(type))
            return ConstantOps.ToFloat(value);
        if (Predicates.IsComplex(type))
            return ConstantOps.ToComplex(value);
        return value;
    }

    // ---- names

    ExprNode Name(Ident id)
    {
        var obj = _info.Uses.GetValueOrDefault(id) ?? _info.Defs.GetValueOrDefault(id);
        return Object(obj, id, id.Pos);
    }

    ExprNode Object(Obj? obj, Ident id, Pos pos)
    {
        switch (obj)
        {
            case Nil:
                return new NilNode { Type = TypeOf(id), Pos = pos };
            case Var v when v.IsGlobal:
                return new GlobalNode { Global = _ctx.GlobalOf(v), Type = _env.Of(v.Type), Pos = pos };
            case Var v:
                return Ref(v, pos);
            case Func f:
                {
                    List<GoType> args = _info.Instances.TryGetValue(id, out var inst) ? _env.Of(inst.TypeArgs) : [];
                    return FuncRef(_pb.FunctionFor(f, [], args, null, inst.TypeArgs == null ? null : ShapesOf(inst.TypeArgs)), pos);
                }
            case Const c when c.Value != null:
                return Const(c.Value, _env.Of(Predicates.Default(c.Type)), pos);
            default:
                throw Bad(id, $"name {id.Name} is not a value");
        }
    }

    // ---- selectors

    ExprNode Selector(SelectorExpr e)
    {
        if (IsQualified(e))
            return Object(_info.Uses.GetValueOrDefault(e.Sel), e.Sel, e.Pos);
        if (!_info.Selections.TryGetValue(e, out var sel))
            throw Bad(e, $"selector {e.Sel.Name} was not resolved");
        return sel.Kind switch
        {
            SelectionKind.FieldVal => Path(Expr(e.X), sel.Index, sel.Index.Length, e.Pos),
            SelectionKind.MethodVal => MethodValue(e, sel),
            SelectionKind.MethodExpr => MethodExpr(e, sel),
        };
    }

    bool IsQualified(SelectorExpr e) => e.X is Ident id && _info.Uses.GetValueOrDefault(id) is PkgName;

    /// <summary>x followed by the first <paramref name="count"/> fields of an index path; all but an explicit last one are implicit.</summary>
    static ExprNode Path(ExprNode x, int[] index, int count, Pos pos)
    {
        for (int i = 0; i < count; i++)
        {
            x = Field(x, index[i], pos);
            x.Implicit = i < index.Length - 1;
        }
        return x;
    }

    internal static FieldNode ImplicitField(ExprNode x, int field)
    {
        var f = Field(x, field, default);
        f.Implicit = true;
        return f;
    }

    static FieldNode Field(ExprNode x, int field, Pos pos)
    {
        var u = x.Type.Underlying;
        bool ptr = u is PointerType;
        if (u is PointerType p)
            u = p.Elem.Underlying;
        if (u is not StructType s)
            throw new BuildException($"{pos}: field {field} of {x.Type}");
        var f = s.Fields[field];
        return new FieldNode { X = x, Field = field, FieldVar = f, ThroughPtr = ptr, Type = f.Type.Unalias, Pos = pos };
    }

    static DerefNode Deref(ExprNode x, Pos pos, bool isImplicit)
    {
        if (x.Type.Underlying is not PointerType p)
            throw new BuildException($"{pos}: dereference of {x.Type}");
        return new DerefNode { X = x, Type = p.Elem.Unalias, Pos = pos, Implicit = isImplicit };
    }

    static AddrNode AddrOf(ExprNode x, Pos pos, bool isImplicit)
    {
        MarkAddrTaken(x);
        return new AddrNode { X = x, Type = new PointerType(x.Type), Pos = pos, Implicit = isImplicit };
    }

    /// <summary>A bound method: receiver expression of the method's receiver type, and the function (null for an interface method).</summary>
    internal readonly record struct Bound(ExprNode Recv, Func Method, Function? Fn);

    Bound Receiver(SelectorExpr e, Selection sel)
    {
        var x = Expr(e.X);
        var method = (Func)sel.Obj;
        List<GoType> args = _info.Instances.TryGetValue(e.Sel, out var inst) ? _env.Of(inst.TypeArgs) : [];
        return Bind(x, sel, method, args, e.Pos, RawTypeOf(e.X), inst.TypeArgs == null ? null : ShapesOf(inst.TypeArgs));
    }

    Bound Bind(ExprNode x, Selection sel, Func method, List<GoType> args, Pos pos, GoType? raw, List<GoType>? shapes)
    {
        int[] index = sel.Index;
        if (!_env.IsEmpty && IsTypeParamOrPointerTo(sel.Recv))
        {
            // A method of the constraint; in this instance it is whatever the type argument has under that name.
            var r = Lookup.FieldOrMethod(x.Type, true, method.Pkg, method.Name);
            if (r.Obj is not Func || r.Index == null)
                throw new BuildException($"{pos}: {x.Type} has no method {method.Name} in {_fn.LinkName}");
            index = r.Index;
        }
        x = Path(x, index, index.Length - 1, pos);
        return BindHere(_pb, x, method, args, pos, ReceiverShapes(raw, index), shapes);
    }

    static bool IsTypeParamOrPointerTo(GoType t) => t.Unalias is TypeParam || t.Unalias is PointerType { Elem: var e } && e.Unalias is TypeParam;

    /// <summary>Binds a method of x's own type (not promoted): adds the implicit &amp; or *.</summary>
    internal static Bound BindHere(PackageBuilder pb, ExprNode x, Func method, List<GoType> args, Pos pos, List<GoType>? recvShapes = null, List<GoType>? shapes = null)
    {
        var t = x.Type.Unalias;
        if (t.Underlying is InterfaceType iface)
        {
            var m = iface.TypeSet.Lookup(method.Pkg, method.Name) ?? throw new BuildException($"{pos}: {t} has no method {method.Name}");
            return new Bound(x, m, null);
        }
        bool isPtr = t is PointerType;
        var named = (isPtr ? ((PointerType)t).Elem.Unalias : t) as NamedType
            ?? throw new BuildException($"{pos}: method {method.Name} of {t}");
        var found = MethodNamed(named, method) ?? throw new BuildException($"{pos}: {named} has no method {method.Name}");
        var fn = pb.FunctionFor(found, named.TypeArgs, args, recvShapes?.Count == named.TypeArgs.Count ? recvShapes : null, shapes);
        bool wantsPtr = fn.Params[0].Type is PointerType;
        if (isPtr && !wantsPtr)
            x = Deref(x, pos, true);
        else if (!isPtr && wantsPtr)
            x = AddrOf(x, pos, true);
        return new Bound(x, found, fn);
    }

    internal static Func? MethodNamed(NamedType t, Func method)
    {
        var declared = t.Origin.DeclaredMethods;
        for (int i = 0; i < declared.Count; i++)
            if (Predicates.SameId(declared[i], method.Pkg, method.Name))
                return t.Method(i);
        return null;
    }

    MethodValueNode MethodValue(SelectorExpr e, Selection sel)
    {
        var b = Receiver(e, sel);
        var sig = b.Fn?.Sig ?? b.Method.Sig;
        return new MethodValueNode
        {
            X = b.Recv,
            Method = b.Fn,
            Obj = b.Method,
            Wrapper = _pb.MethodValueWrapper(b.Recv.Type, b.Method, b.Fn),
            Type = new Signature { Params = sig.Params, Results = sig.Results, Variadic = sig.Variadic },
            Pos = e.Pos,
        };
    }

    FuncNode MethodExpr(SelectorExpr e, Selection sel)
    {
        List<GoType> args = _info.Instances.TryGetValue(e.Sel, out var inst) ? _env.Of(inst.TypeArgs) : [];
        var fn = _pb.MethodFor(TypeOf(e.X), (Func)sel.Obj, args);
        return FuncRef(fn, e.Pos, true);
    }

    // ---- index and slice

    ExprNode Index(IndexExpr e)
    {
        var inner = Unparen(e.X);
        if (IsType(e.Indices[0]) || e.Indices.Count > 1)
            return Expr(inner); // an instantiation: the arguments are recorded with the name
        var x = Expr(inner);
        if (x.Type.Underlying is MapType m)
            return new MapIndexNode { Map = x, Key = ImplicitConv(m.Key, e.Indices[0]), Type = m.Elem.Unalias, Pos = e.Pos };
        if (x.Type.Underlying is PointerType { Elem: var pointee } && pointee.Underlying is ArrayType)
            x = Deref(x, e.Pos, true);
        var elem = ElemOf(x.Type) ?? throw Bad(e, $"index of {x.Type}");
        return new IndexNode { X = x, Index = Expr(e.Indices[0]), Type = elem, Pos = e.Pos };
    }

    static GoType? ElemOf(GoType t) => t.Underlying switch
    {
        ArrayType a => a.Elem.Unalias,
        SliceType s => s.Elem.Unalias,
        BasicType { Kind: BasicKind.String or BasicKind.UntypedString } => Universe.Byte,
        _ => null,
    };

    SliceNode Slice(SliceExpr e)
    {
        var x = Expr(e.X);
        GoType type = x.Type;
        if (x.Type.Underlying is ArrayType a)
        {
            type = new SliceType(a.Elem);
            x = AddrOf(x, e.Pos, true);
        }
        else if (x.Type.Underlying is PointerType { Elem: var pointee } && pointee.Underlying is ArrayType pa)
        {
            type = new SliceType(pa.Elem);
        }
        return new SliceNode { X = x, Lo = Opt(e.Lo), Hi = Opt(e.Hi), Max = Opt(e.Max), Full = e.Full, Type = type, Pos = e.Pos };
    }

    ExprNode? Opt(Expr? e) => e == null ? null : Expr(e);

    // ---- operators

    ExprNode Unary(UnaryExpr e)
    {
        switch (e.Op)
        {
            case Token.And:
                {
                    var x = Expr(e.X);
                    if (x is CompositeNode or MapLitNode && Unparen(e.X) is CompositeLit)
                        return new AddrNode { X = x, IsPtrLit = true, Type = new PointerType(x.Type), Pos = e.Pos };
                    return AddrOf(x, e.Pos, false);
                }
            case Token.Arrow:
                {
                    var c = Expr(e.X);
                    return new RecvNode { Chan = c, Type = ((ChanType)c.Type.Underlying).Elem.Unalias, Pos = e.Pos };
                }
            default:
                {
                    var x = Expr(e.X);
                    return new UnaryNode { Op = e.Op, X = x, Type = x.Type, Pos = e.Pos };
                }
        }
    }

    ExprNode Binary(BinaryExpr e)
    {
        switch (e.Op)
        {
            case Token.AndAnd or Token.OrOr:
                {
                    var type = TypeOf(e);
                    return new LogicalNode { IsAnd = e.Op == Token.AndAnd, X = Expr(e.X), Y = Expr(e.Y), Type = type, Pos = e.Pos };
                }
            case Token.Shl or Token.Shr:
                {
                    var x = Expr(e.X);
                    return new BinaryNode { Op = e.Op, X = x, Y = ShiftCount(e.Y), Type = x.Type, Pos = e.Pos };
                }
            case Token.Eql or Token.Neq or Token.Lss or Token.Leq or Token.Gtr or Token.Geq:
                {
                    var (x, y) = SameType(Expr(e.X), e.X.Pos, Expr(e.Y), e.Y.Pos);
                    return new CompareNode { Op = e.Op, X = x, Y = y, Type = TypeOf(e), Pos = e.Pos };
                }
            default:
                {
                    var (x, y) = SameType(Expr(e.X), e.X.Pos, Expr(e.Y), e.Y.Pos);
                    if (e.Op == Token.Add && Predicates.IsString(x.Type))
                    {
                        if (x is not AddStringNode { Init: null } sum)
                        {
                            sum = new AddStringNode { Type = x.Type };
                            AddOperand(sum, x);
                        }
                        sum.Pos = e.Pos;
                        AddOperand(sum, y);
                        return sum;
                    }
                    return new BinaryNode { Op = e.Op, X = x, Y = y, Type = x.Type, Pos = e.Pos };
                }
        }
    }

    /// <summary>A constant count may be written as a float, and need not fit the type that a constant has by default.</summary>
    ExprNode ShiftCount(Expr e)
    {
        var y = Expr(e);
        if (y is ConstNode untyped && IsUntypedConst(e))
            return new ConstNode { Value = ConstantOps.ToInt(untyped.Value), Type = Universe.Uint, Pos = untyped.Pos };
        return y is ConstNode c && (!Predicates.IsInteger(c.Type) || !ConstantOps.ToInt64(c.Value, out _))
            ? new ConstNode { Value = ConstantOps.ToInt(c.Value), Type = Universe.Uint, Pos = c.Pos } : y;
    }

    /// <summary>A constant that has no type of its own: literals, names of such constants, and what is computed from them.</summary>
    bool IsUntypedConst(Expr e) => Unparen(e) switch
    {
        BasicLit => true,
        Ident id => _info.Uses.GetValueOrDefault(id) is Const { Type: var t } && Predicates.IsUntyped(t),
        SelectorExpr s => _info.Uses.GetValueOrDefault(s.Sel) is Const { Type: var t } && Predicates.IsUntyped(t),
        UnaryExpr u => IsUntypedConst(u.X),
        BinaryExpr b => IsUntypedConst(b.X) && IsUntypedConst(b.Y),
        _ => false,
    };

    static void AddOperand(AddStringNode sum, ExprNode x)
    {
        if (x is AddStringNode { Init: null } inner)
            sum.List.AddRange(inner.List);
        else
            sum.List.Add(x);
    }

    /// <summary>Operands of a binary operator, converted to the type of one of them.</summary>
    static (ExprNode, ExprNode) SameType(ExprNode x, Pos xPos, ExprNode y, Pos yPos)
    {
        if (x is NilNode && Predicates.IsUntyped(x.Type))
            return (new NilNode { Type = y.Type, Pos = x.Pos }, y);
        if (y is NilNode && Predicates.IsUntyped(y.Type))
            return (x, new NilNode { Type = x.Type, Pos = y.Pos });
        if (Identical.Same(x.Type, y.Type))
            return (x, y);
        bool xi = x.Type.Underlying is InterfaceType, yi = y.Type.Underlying is InterfaceType;
        bool toY = xi == yi
            ? xi ? HasMethodsOf((InterfaceType)x.Type.Underlying, (InterfaceType)y.Type.Underlying) : !Predicates.HasName(x.Type) || IsBidirectional(x.Type)
            : yi;
        return toY ? (Convert(x, y.Type, xPos, true), y) : (x, Convert(y, x.Type, yPos, true));
    }

    static bool IsBidirectional(GoType t) => t.Underlying is ChanType { Dir: ChanDir.Both };

    static bool HasMethodsOf(InterfaceType x, InterfaceType y)
    {
        foreach (var m in y.TypeSet.Methods)
            if (x.TypeSet.Lookup(m.Pkg, m.Name) == null)
                return false;
        return true;
    }

    // ---- conversions

    /// <summary>e as a value of type dst; nothing happens when it has that type already (or dst is null: the blank identifier).</summary>
    ExprNode ImplicitConv(GoType? dst, Expr e) => ImplicitConv(dst, Expr(e), e.Pos);

    internal static ExprNode ImplicitConv(GoType? dst, ExprNode x) => ImplicitConv(dst, x, x.Pos);

    static ExprNode ImplicitConv(GoType? dst, ExprNode x, Pos pos)
    {
        if (dst == null)
            return x;
        dst = dst.Unalias;
        return Identical.Same(x.Type, dst) ? x : Convert(x, dst, pos, true);
    }

    internal static ExprNode Convert(ExprNode x, GoType dst, Pos pos, bool isImplicit)
    {
        dst = dst.Unalias;
        if (x is NilNode && (Predicates.IsUntyped(x.Type) || isImplicit && KindOf(x.Type, dst) == ConvKind.Nop))
            return new NilNode { Type = dst, Pos = x.Pos };
        if (x is ConstNode { Value: var value } && dst.Underlying is BasicType && ConstKindFits(value, dst) && !isImplicit)
        {
            // A constant converted to the type argument of a type parameter is not constant any more.
            var fitted = Fit(value, dst);
            if (fitted.Kind != ConstantKind.Unknown && Predicates.IsNumeric(dst) == Predicates.IsNumeric(x.Type))
                return new ConvNode { Kind = ConvKind.Nop, X = new ConstNode { Value = fitted, Type = dst, Pos = x.Pos }, Type = dst, Pos = pos, Implicit = true };
        }
        var kind = KindOf(x.Type, dst);
        if (kind == ConvKind.StringToRunes && x is ConstNode { Value: StringConstant s })
            return RunesLiteral(s.Value, dst, pos);
        return new ConvNode { Kind = kind, X = x, Type = dst, Pos = pos, Implicit = isImplicit };
    }

    static bool ConstKindFits(Constant v, GoType dst) => v.Kind switch
    {
        ConstantKind.Bool => Predicates.IsBoolean(dst),
        ConstantKind.String => Predicates.IsString(dst),
        ConstantKind.Int or ConstantKind.Float or ConstantKind.Complex => Predicates.IsNumeric(dst),
        _ => false,
    };

    static CompositeNode RunesLiteral(byte[] text, GoType type, Pos pos)
    {
        var lit = new CompositeNode { Type = type, Pos = pos };
        var elem = ((SliceType)type.Underlying).Elem.Unalias;
        for (int i = 0; i < text.Length;)
        {
            if (System.Text.Rune.DecodeFromUtf8(text.AsSpan(i), out var rune, out int n) != System.Buffers.OperationStatus.Done)
                n = 1; // Go replaces each bad byte, .NET a maximal bad prefix
            lit.Elems.Add((lit.Len++, new ConstNode { Value = ConstantOps.MakeInt(rune.Value), Type = elem, Pos = pos }));
            i += n;
        }
        return lit;
    }

    internal static ConvKind KindOf(GoType src, GoType dst)
    {
        GoType s = src.Underlying, d = dst.Underlying;
        bool identical = Identical.Same(src, dst);
        if (d is InterfaceType di)
        {
            if (identical)
                return ConvKind.Nop;
            return s is InterfaceType si && si.TypeSet.Methods.Count == 0 && di.TypeSet.Methods.Count == 0 ? ConvKind.Nop : ConvKind.ToInterface;
        }
        bool sameFloat = s is BasicType fb && (Predicates.InfoOf(fb.Kind) & (BasicInfo.Float | BasicInfo.Complex)) != 0;
        if (identical || Identical.Same(s, d, true))
            return sameFloat ? ConvKind.Numeric : ConvKind.Nop;
        if (s is BasicType sb && d is BasicType db)
        {
            var (si, dinfo) = (Predicates.InfoOf(sb.Kind), Predicates.InfoOf(db.Kind));
            if ((si & BasicInfo.Numeric) != 0 && (dinfo & BasicInfo.Numeric) != 0)
                return (si & BasicInfo.Integer) != 0 && (dinfo & BasicInfo.Integer) != 0 && SameClass(sb.Kind, db.Kind) ? ConvKind.Nop : ConvKind.Numeric;
            if ((si & BasicInfo.Integer) != 0 && (dinfo & BasicInfo.String) != 0)
                return ConvKind.RuneToString;
            if (sb.Kind == BasicKind.UnsafePointer)
                return ConvKind.PointerToUintptr;
            if (db.Kind == BasicKind.UnsafePointer)
                return ConvKind.UintptrToPointer;
        }
        if (s is BasicType { Kind: BasicKind.UnsafePointer } || d is BasicType { Kind: BasicKind.UnsafePointer })
            return ConvKind.UnsafePointer;
        if (Predicates.IsString(d) && s is SliceType from)
            return IsByte(from.Elem) ? ConvKind.BytesToString : ConvKind.RunesToString;
        if (Predicates.IsString(s) && d is SliceType to)
            return IsByte(to.Elem) ? ConvKind.StringToBytes : ConvKind.StringToRunes;
        if (s is SliceType && d is ArrayType)
            return ConvKind.SliceToArray;
        if (s is SliceType && d is PointerType)
            return ConvKind.SliceToArrayPtr;
        return ConvKind.Nop;
    }

    static bool IsByte(GoType t) => t.Underlying is BasicType { Kind: BasicKind.Uint8 };

    /// <summary>Integers of one size and signedness.</summary>
    static bool SameClass(BasicKind a, BasicKind b)
    {
        static BasicKind Sim(BasicKind k) => k switch
        {
            BasicKind.Int => BasicKind.Int64,
            BasicKind.Uint or BasicKind.Uintptr => BasicKind.Uint64,
            _ => k,
        };
        return Sim(a) == Sim(b);
    }

    ExprNode Assert(TypeAssertExpr e)
    {
        var x = Expr(e.X);
        var type = TypeOf(e.Type!);
        GoType? written = null;
        if (!_env.IsEmpty && !CanHold(x.Type, type))
        {
            written = x.Type;
            x = Convert(x, Universe.EmptyInterface, x.Pos, true); // it will fail: there is no itab to compare with
        }
        return Shaped(new TypeAssertNode { X = x, Type = type, Pos = e.Pos, Written = written }, RawTypeOf(e.Type!)!);
    }

    /// <summary>An interface value can hold a value of type t. Only in instances of generic functions can the answer be no.</summary>
    static bool CanHold(GoType iface, GoType t)
    {
        if (t.Underlying is InterfaceType)
            return true;
        foreach (var m in ((InterfaceType)iface.Underlying).TypeSet.Methods)
            if (Lookup.FieldOrMethod(t, false, m.Pkg, m.Name).Obj is not Func f || !Identical.Same(PlainSig(f.Sig), PlainSig(m.Sig)))
                return false;
        return true;
    }

    static Signature PlainSig(Signature s) => new() { Params = s.Params, Results = s.Results, Variadic = s.Variadic };

    // ---- composite literals

    ExprNode Composite(CompositeLit e)
    {
        var type = TypeOf(e);
        if (type.Underlying is PointerType p)
        {
            var x = Composite(e, p.Elem.Unalias);
            if (_shapeEnv?.Of(RawTypeOf(e)!).Underlying is PointerType shape && !ReferenceEquals(shape.Elem.Unalias, x.Type))
                x.ShapeType = shape.Elem.Unalias;
            return new AddrNode { X = x, IsPtrLit = true, Type = type, Pos = e.Pos };
        }
        return Shaped(Composite(e, type), RawTypeOf(e)!);
    }

    ExprNode Composite(CompositeLit e, GoType type)
    {
        switch (type.Underlying)
        {
            case StructType s:
                return StructLit(e, type, s);
            case ArrayType a:
                return Elements(e, new CompositeNode { Type = type, Len = a.Len, Pos = e.Pos }, a.Elem, false);
            case SliceType s:
                return Elements(e, new CompositeNode { Type = type, Pos = e.Pos }, s.Elem, true);
            case MapType m:
                {
                    var lit = new MapLitNode { Type = type, Pos = e.Pos };
                    foreach (var el in e.Elems)
                    {
                        var kv = (KeyValueExpr)el;
                        var key = ImplicitConv(m.Key, kv.Key);
                        lit.Entries.Add((key, ImplicitConv(m.Elem, kv.Value)));
                    }
                    return lit;
                }
            default:
                throw Bad(e, $"composite literal of type {type}");
        }
    }

    CompositeNode Elements(CompositeLit e, CompositeNode lit, GoType elem, bool slice)
    {
        long i = 0, max = 0;
        lit.Elems.Capacity = e.Elems.Count;
        foreach (var el in e.Elems)
        {
            var value = el;
            if (el is KeyValueExpr kv)
            {
                (lit.Keyed ??= new bool[e.Elems.Count])[lit.Elems.Count] = true;
                if (!_info.Types.TryGetValue(kv.Key, out var tv) || tv.Value == null || !ConstantOps.ToInt64(ConstantOps.ToInt(tv.Value), out i))
                    throw Bad(kv, "index of an element is not constant");
                value = kv.Value;
            }
            lit.Elems.Add((i++, ImplicitConv(elem, value)));
            max = System.Math.Max(max, i);
        }
        if (slice)
            lit.Len = max;
        return lit;
    }

    CompositeNode StructLit(CompositeLit e, GoType type, StructType s)
    {
        var lit = new CompositeNode { Type = type, Pos = e.Pos };
        if (e.KeyCount == 0 && (e.Elems.Count == 0 || e.Elems[0] is not KeyValueExpr))
        {
            for (int i = 0; i < e.Elems.Count; i++)
                lit.Elems.Add((i, ImplicitConv(s.Fields[i].Type, e.Elems[i])));
            return lit;
        }
        List<StmtNode>? spills = null;
        bool promoted = false;
        foreach (var el in e.Elems)
            promoted |= FieldNamed(s, ((Ident)((KeyValueExpr)el).Key).Name) < 0;
        foreach (var el in e.Elems)
        {
            var kv = (KeyValueExpr)el;
            var key = (Ident)kv.Key;
            int f = FieldNamed(s, key.Name);
            if (f >= 0)
            {
                var value = ImplicitConv(s.Fields[f].Type, kv.Value);
                lit.Elems.Add((f, promoted ? Spill(value, ref spills) : value));
                continue;
            }
            // The key names a promoted field: put the value into the literal of the embedded struct it lives in.
            var pkg = (_info.Uses.GetValueOrDefault(key) as Var)?.Pkg;
            var found = Lookup.FieldOrMethod(type, false, pkg, key.Name);
            if (found.Obj is not Var field || found.Index == null)
                throw Bad(key, $"unknown field {key.Name} in literal of {type}");
            var inner = lit;
            for (int k = 0; k < found.Index.Length - 1; k++)
                inner = InnerLiteral(inner, found.Index[k], key.Pos);
            inner.Elems.Add((found.Index[^1], Spill(ImplicitConv(field.Type, kv.Value), ref spills)));
        }
        lit.Init = spills;
        return lit;
    }

    /// <summary>Keeps the order of evaluation when values move to inner literals.</summary>
    ExprNode Spill(ExprNode x, ref List<StmtNode>? spills)
    {
        if (x is ConstNode or NilNode or FuncNode)
            return x;
        return Ref(TempCopy(x, spills ??= [], x.Pos), x.Pos);
    }

    static CompositeNode InnerLiteral(CompositeNode outer, int field, Pos pos)
    {
        foreach (var (i, v) in outer.Elems)
            if (i == field)
                return (CompositeNode)v;
        var type = ((StructType)outer.Type.Underlying).Fields[field].Type.Unalias;
        var inner = new CompositeNode { Type = type, Pos = pos, Implicit = true };
        outer.Elems.Add((field, inner));
        return inner;
    }

    static int FieldNamed(StructType s, string name)
    {
        for (int i = 0; i < s.Fields.Count; i++)
            if (s.Fields[i].Name == name)
                return i;
        return -1;
    }
}

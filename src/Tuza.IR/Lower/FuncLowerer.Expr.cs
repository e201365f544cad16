// Expressions: to scalar lists, to memory, to places.

using System;
using System.Numerics;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    Val Value(ExprNode e) => Flatten.IsMemory(e.Type) ? Val.At(Memory(e)) : new Val(Scalars(e), default);

    /// <summary>The value of an expression that is exactly one scalar.</summary>
    LowExpr One(ExprNode e)
    {
        var s = Scalars(e);
        return s.Length == 1 ? s[0] : throw Bug($"{e.GetType().Name} of type {e.Type} is not one scalar");
    }

    /// <summary>An integer expression as I64 or U64 (narrower ones extended as their type says).</summary>
    LowExpr Word(ExprNode e)
    {
        var x = One(e);
        return x.Type is LowType.I64 or LowType.U64 ? x : L.Conv(LowType.I64, x);
    }

    static LowExpr AsI64(LowExpr e) => L.Conv(LowType.I64, e);

    /// <summary>Evaluates for effects and checks only.</summary>
    void Discard(ExprNode e)
    {
        if (_done.Remove(e))
            return;
        if (e is CallNode c)
            Call(c, null);
        else if (e is InlinedCallNode i)
        {
            RunInit(i);
            InlinedBody(i);
        }
        else if (e is BuiltinNode b)
            BuiltinStmt(b);
        else if (e.Type is TupleType or null)
            throw Bug($"cannot discard {e.GetType().Name}");
        else if (Flatten.IsMemory(e.Type))
            Memory(e);
        else
            Scalars(e);
    }

    LowExpr[] Scalars(ExprNode e)
    {
        if (_done.Count > 0 && _done.Remove(e, out var v))
            return ScalarsOf(v, e.Type);
        RunInit(e);
        var save = MoveTo(e);
        var r = ScalarsCore(e);
        _pos = save;
        return r;
    }

    LowExpr[] ScalarsCore(ExprNode e)
    {
        switch (e)
        {
            case ConstNode c: return Constant(c.Value, c.Type);
            case NilNode or ZeroNode: return Zeros(Flatten.Of(e.Type));
            case LocalNode or GlobalNode: return LoadPlace(PlaceOf(e), Flatten.Of(e.Type));
            case FuncNode f: return [new LowFuncVal { Type = LowType.Ptr, Func = f.Func }];
            case AddrNode a: return [AddressOf(a)];
            case DerefNode d when IsBitCast(d) is { } l: return [BitCast(d, l)];
            case DerefNode d: return LoadScalars(new Addr(NonNil(One(d.X)), AddrKind.Heap), Flatten.Of(e.Type));
            case FieldNode f: return Field(f);
            case IndexNode i: return Index(i);
            case MapIndexNode m: return MapGet(m);
            case SliceNode s: return Slice(s);
            case TypeAssertNode t: return TypeAssert(t);
            case UnaryNode u: return Unary(u);
            case BinaryNode b: return Binary(b.Op, b.Type, b.X, b.Y);
            case CompareNode c: return [Compare(c)];
            case LogicalNode l: return [BoolValue(l)];
            case AddStringNode s: return Concat(s);
            case ConvNode c: return Convert(c);
            case RecvNode r: return ScalarsOf(Receive(r, out _, false), r.Type);
            case NewNode n: return [New(n)];
            case MakeSliceNode m: return MakeSlice(m);
            case MakeMapNode m: return [MakeMap(m)];
            case MakeChanNode m: return [MakeChan(m)];
            case CompositeNode c: return Composite(c);
            case MapLitNode m: return [MapLiteral(m)];
            case ClosureNode c: return [Closure(c)];
            case MethodValueNode m: return [MethodValue(m)];
            case CallNode c: return CallScalars(c);
            case BuiltinNode b: return Builtin(b);
            case InlinedCallNode c:
                InlinedBody(c);
                return ScalarsOf(InlinedResult(c), c.Type);
            default: throw Bug($"unknown expression {e.GetType().Name}");
        }
    }

    /// <summary>The memory that holds the value of an expression of a memory type; readable until the next effect.</summary>
    Addr Memory(ExprNode e)
    {
        if (_done.Count > 0 && _done.Remove(e, out var v))
            return v.Mem;
        RunInit(e);
        var save = MoveTo(e);
        var r = MemoryCore(e);
        _pos = save;
        return r;
    }

    /// <summary>What follows happens at the line of this expression; returns the position to go back to.</summary>
    Syntax.Pos MoveTo(ExprNode e)
    {
        var save = _pos;
        if (e.Pos.IsKnown)
            _pos = e.Pos;
        return save;
    }

    Addr MemoryCore(ExprNode e)
    {
        switch (e)
        {
            case LocalNode or GlobalNode or DerefNode: return PlaceOf(e).Mem;
            case FieldNode { ThroughPtr: true } f: return PlaceOf(f).Mem;
            case FieldNode f: return Memory(f.X).Plus(Flatten.Of(f.X.Type).FieldOffsets[f.Field]);
            case IndexNode i: return ElementAddr(i);
            case ConvNode { Kind: ConvKind.Nop } c: return Memory(c.X);
            case ConvNode { Kind: ConvKind.SliceToArray } c: return SliceToArray(c);
            case MapIndexNode m: return MapElement(m);
            case TypeAssertNode t: return AssertMemory(t);
            case RecvNode r: return Receive(r, out _, false).Mem;
            case CallNode c: return CallMemory(c);
            case InlinedCallNode c:
                InlinedBody(c);
                return InlinedResult(c).Mem;
            case CompositeNode { Image: { } image }: return new Addr(L.GlobalAddr(image), AddrKind.Heap);
            case CompositeNode or ZeroNode or NilNode:
                {
                    if (e is CompositeNode comp && StaticImage(comp) is { } g)
                        return new Addr(L.GlobalAddr(g), AddrKind.Heap);
                    if (e is not CompositeNode && Flatten.SizeOf(e.Type) <= 1024)
                        return new Addr(L.GlobalAddr(ZeroVal), AddrKind.Heap);
                    var dst = new Addr(L.SlotAddr(TempSlot(e.Type)), AddrKind.Stack);
                    Into(dst, e);
                    return dst;
                }
            default: throw Bug($"{e.GetType().Name} of memory type {e.Type}");
        }
    }

    /// <summary>Evaluates e into memory. Nothing in e may read that memory.</summary>
    void Into(Addr dst, ExprNode e)
    {
        if (_done.ContainsKey(e) || !Flatten.IsMemory(e.Type))
        {
            if (Flatten.IsMemory(e.Type))
                CopyMemory(dst, Memory(e), e.Type, false);
            else
                StoreScalars(dst, Flatten.Of(e.Type), [.. Scalars(e)]);
            return;
        }
        RunInit(e);
        var save = MoveTo(e);
        switch (e)
        {
            case NilNode or ZeroNode: ZeroMemory(dst, e.Type); break;
            case CompositeNode { Image: null } c when StaticImage(c) == null: CompositeInto(dst, c); break;
            case ConvNode { Kind: ConvKind.Nop } c: Into(dst, c.X); break;
            case CallNode c when dst is { Base: LowSlotAddr { Offset: 0, Slot: { AddrTaken: false } s }, Offset: 0, Index: null } && s.Size == Flatten.SizeOf(e.Type):
                Call(c, [dst.Base]);
                break;
            default: CopyMemory(dst, Memory(e), e.Type, true); break;
        }
        _pos = save;
    }

    /// <summary>The place that an addressable expression denotes, with its checks.</summary>
    Place PlaceOf(ExprNode e)
    {
        var save = MoveTo(e);
        var r = PlaceCore(e);
        _pos = save;
        return r;
    }

    Place PlaceCore(ExprNode e)
    {
        switch (e)
        {
            case LocalNode l: return HomePlace(l.Local);
            case GlobalNode g: return Place.At(new Addr(L.GlobalAddr(g.Global), AddrKind.Heap));
            case DerefNode d: return Place.At(new Addr(NonNil(One(d.X)), AddrKind.Heap));
            case FieldNode { ThroughPtr: true } f:
                return Place.At(new Addr(NonNil(One(f.X)), AddrKind.Heap, FieldOffset(f)));
            case FieldNode f:
                {
                    var outer = InnerPlace(f.X);
                    if (outer.IsMemory)
                        return Place.At(outer.Mem.Plus(FieldOffset(f)));
                    var flat = Flatten.Of(f.X.Type);
                    return new Place(outer.Locals, outer.Start + flat.FieldScalars[f.Field], Flatten.Of(f.Type).Scalars.Length, default);
                }
            case IndexNode { X.Type.Underlying: ArrayType array } i:
                {
                    var outer = InnerPlace(i.X);
                    if (outer.IsMemory)
                        return Place.At(ElementOf(outer.Mem, i));
                    CheckIndex(i, Word(i.Index), L.I64(array.Len));
                    return array.Len == 1 ? outer : Place.At(new Addr(L.GlobalAddr(ZeroBase), AddrKind.Stack));
                }
            case IndexNode i: return Place.At(ElementAddr(i));
            case ConvNode { Kind: ConvKind.Nop } c: return PlaceOf(c.X);
            default: throw Bug($"{e.GetType().Name} is not a place");
        }
    }

    /// <summary>The operand of a field or element: a place, or a value in memory.</summary>
    Place InnerPlace(ExprNode x)
    {
        if (_done.Count > 0 && _done.TryGetValue(x, out var v) && v.IsMemory)
        {
            _done.Remove(x);
            return Place.At(v.Mem);
        }
        return x is LocalNode or GlobalNode or DerefNode or FieldNode or IndexNode or ConvNode { Kind: ConvKind.Nop } || !Flatten.IsMemory(x.Type)
            ? PlaceOf(x) : Place.At(Memory(x));
    }

    static long FieldOffset(FieldNode f)
    {
        var t = f.X.Type;
        if (f.ThroughPtr)
            t = ((PointerType)t.Underlying).Elem;
        return Flatten.Of(t).FieldOffsets[f.Field];
    }

    LowExpr[] Field(FieldNode f)
    {
        var flat = Flatten.Of(f.Type);
        if (f.ThroughPtr)
            return LoadScalars(PlaceOf(f).Mem, flat);
        var outer = Flatten.Of(f.X.Type);
        if (outer.IsMemory)
            return LoadScalars(Memory(f.X).Plus(outer.FieldOffsets[f.Field]), flat);
        var all = Scalars(f.X);
        return all.AsSpan(outer.FieldScalars[f.Field], flat.Scalars.Length).ToArray();
    }

    static bool Escapes(ExprNode e) => e.Escapes;

    LowExpr AddressOf(AddrNode a)
    {
        var x = a.X;
        while (x is ConvNode { Kind: ConvKind.Nop } c && !_done.ContainsKey(x))
            x = c.X;
        if (x is CompositeNode or ZeroNode && !_done.ContainsKey(x))
            return NewValue(x, Escapes(a) || Escapes(x));
        if (x is LocalNode or GlobalNode or DerefNode or FieldNode or IndexNode && !_done.ContainsKey(x) && IsAddressable(x))
        {
            var place = PlaceOf(x);
            if (!place.IsMemory)
                throw Bug($"address of {(x as LocalNode)?.Local.Name ?? x.GetType().Name}, which lives in registers");
            // The pointer is not known to be distinct from what it points into: keep &x.f together.
            return place.Mem.Expr;
        }
        return NewValue(x, Escapes(a));
    }

    static bool IsAddressable(ExprNode x) => x switch
    {
        LocalNode or GlobalNode or DerefNode => true,
        FieldNode f => f.ThroughPtr || IsAddressable(f.X),
        IndexNode i => i.X.Type.Underlying is not ArrayType || IsAddressable(i.X),
        _ => false,
    };

    /// <summary>New memory that holds the value of x: an object, or a slot when it does not escape.</summary>
    LowExpr NewValue(ExprNode x, bool escapes)
    {
        var flat = Flatten.Of(x.Type);
        if (flat.Size == 0)
        {
            Scalars(x);
            return L.GlobalAddr(ZeroBase);
        }
        if (escapes)
        {
            // Scalars are evaluated before the allocation, so that no half-made object is held across it.
            if (!flat.IsMemory)
            {
                var values = Scalars(x);
                var p = NewObject(x.Type);
                StoreScalars(new Addr(p, AddrKind.Fresh), flat, [.. values]);
                return p;
            }
            var obj = NewObject(x.Type);
            var dst = new Addr(obj, AddrKind.Fresh);
            Into(dst, x);
            return obj;
        }
        var slot = AddressedSlot(x.Type, null);
        var at = new Addr(L.SlotAddr(slot), AddrKind.Stack);
        if (!flat.IsMemory)
            StoreScalars(at, flat, [.. Scalars(x)]);
        else
            Into(at, x);
        return L.SlotAddr(slot);
    }

    /// <summary>Whether evaluating x reads anything but constants and scalar locals.</summary>
    bool ReadsMemory(ExprNode x)
    {
        if (_done.ContainsKey(x))
            return false;
        switch (x)
        {
            case ConstNode or NilNode or ZeroNode or FuncNode or NewNode or ClosureNode: return false;
            case LocalNode l: return HomeOf(l.Local).Scalars == null;
            case CompositeNode { Type.Underlying: not SliceType } c:
                foreach (var (_, v) in c.Elems)
                    if (ReadsMemory(v))
                        return true;
                return false;
            case ConvNode { Kind: ConvKind.Nop or ConvKind.Numeric or ConvKind.UnsafePointer } c: return ReadsMemory(c.X);
            case BinaryNode b when b.Op is Syntax.Token.Add or Syntax.Token.Sub or Syntax.Token.Mul: return ReadsMemory(b.X) || ReadsMemory(b.Y);
            case FieldNode { ThroughPtr: false } f: return ReadsMemory(f.X);
            case AddrNode { X: LocalNode or GlobalNode }: return false;
            default: return true;
        }
    }

    // ---- constants

    static LowExpr[] Constant(Constant value, GoType type)
    {
        switch (type.Underlying)
        {
            case BasicType { Kind: BasicKind.String or BasicKind.UntypedString }:
                {
                    byte[] bytes = ConstantOps.StringBytes(value);
                    return [L.StringAddr(bytes), L.I64(bytes.Length)];
                }
            case BasicType { Kind: BasicKind.Complex64 }:
                return [L.Float(LowType.F32, ConstantOps.ToSingle(ConstantOps.Real(value))), L.Float(LowType.F32, ConstantOps.ToSingle(ConstantOps.Imag(value)))];
            case BasicType { Kind: BasicKind.Complex128 or BasicKind.UntypedComplex }:
                return [L.Float(LowType.F64, ConstantOps.ToDouble(ConstantOps.Real(value))), L.Float(LowType.F64, ConstantOps.ToDouble(ConstantOps.Imag(value)))];
            case BasicType { Kind: BasicKind.Float32 }: return [L.Float(LowType.F32, ConstantOps.ToSingle(value))];
            case BasicType { Kind: BasicKind.Float64 or BasicKind.UntypedFloat }: return [L.Float(LowType.F64, ConstantOps.ToDouble(value))];
            case BasicType { Kind: BasicKind.Bool or BasicKind.UntypedBool }: return [L.Bool(((BoolConstant)value).Value)];
            case BasicType b: return [Integer(value, Flatten.OfBasic(b.Kind))];
            case PointerType or MapType or ChanType or Signature: return [Integer(value, LowType.Ptr)];
            default: throw Bug($"constant of type {type}");
        }
    }

    static LowExpr Integer(Constant value, LowType type)
    {
        if (value is not IntConstant)
            value = ConstantOps.ToInt(value);
        return value is IntConstant i ? L.FromBig(type, i.Value) : throw Bug("integer constant without an integer value");
    }

    /// <summary>The value of a constant integer expression.</summary>
    static BigInteger? ConstInt(ExprNode? e) => e switch
    {
        ConstNode { Value: IntConstant i } => i.Value,
        ConstNode { Value: FloatConstant } c when ConstantOps.ToInt(c.Value) is IntConstant i => i.Value,
        ConvNode { Kind: ConvKind.Nop } c => ConstInt(c.X),
        _ => null,
    };
}

// Built-in functions.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    LowExpr[] Builtin(BuiltinNode b)
    {
        var a = b.Args;
        switch (b.Op)
        {
            case BuiltinOp.Len: return [Len(a[0])];
            case BuiltinOp.Cap: return [Cap(a[0])];
            case BuiltinOp.Append: return Append(b);
            case BuiltinOp.MoveToHeap: return MoveToHeap(b);
            case BuiltinOp.Copy: return [Copy(a[0], a[1])];
            case BuiltinOp.Complex: return [One(a[0]), One(a[1])];
            case BuiltinOp.Real: return [Scalars(a[0])[0]];
            case BuiltinOp.Imag: return [Scalars(a[0])[1]];
            case BuiltinOp.Min or BuiltinOp.Max: return MinMax(b);
            case BuiltinOp.Recover: return CallRuntime("runtime.gorecover");
            case BuiltinOp.UnsafeAdd: return [L.PtrAdd(One(a[0]), AsI64(Word(a[1])))];
            case BuiltinOp.UnsafeSlice: return UnsafeSlice(b);
            case BuiltinOp.UnsafeString: return UnsafeString(b);
            case BuiltinOp.UnsafeSliceData or BuiltinOp.UnsafeStringData: return [Scalars(a[0])[0]];
            case BuiltinOp.GetClosurePtr: return [new LowCtx { Type = LowType.Ptr }];
            default:
                BuiltinStmt(b);
                return [];
        }
    }

    void BuiltinStmt(BuiltinNode b)
    {
        var a = b.Args;
        switch (b.Op)
        {
            case BuiltinOp.Copy: Copy(a[0], a[1]); break;
            case BuiltinOp.Clear: Clear(a[0]); break;
            case BuiltinOp.Close: CallRuntime("runtime.closechan", One(a[0])); break;
            case BuiltinOp.Delete: MapCall("runtime.mapdelete", a[0].Type, One(a[0]), LookupKey(a[1])); break;
            case BuiltinOp.Panic:
                var v = Scalars(a[0]);
                CallRuntime("runtime.gopanic", v[0], v[1]);
                break;
            case BuiltinOp.Print or BuiltinOp.Println: Print(b); break;
            default: Builtin(b); break;
        }
    }

    LowExpr Len(ExprNode x)
    {
        if (x is ConvNode { Kind: ConvKind.StringToRunes } runes && !_done.ContainsKey(x))
        {
            var s = Text(runes.X);
            return CallRuntime1("runtime.countrunes", s[0], s[1]);
        }
        switch (x.Type.Underlying)
        {
            case MapType: return MapLen(One(x));
            case ChanType: return CallRuntime1("runtime.chanlen", One(x));
            case ArrayType or PointerType: return ArrayLen(x);
            default: return Text(x)[1];
        }
    }

    LowExpr Cap(ExprNode x) => x.Type.Underlying switch
    {
        ChanType => CallRuntime1("runtime.chancap", One(x)),
        ArrayType or PointerType => ArrayLen(x),
        _ => Scalars(x)[2],
    };

    LowExpr ArrayLen(ExprNode x)
    {
        var t = x.Type.Underlying is PointerType p ? p.Elem.Underlying : x.Type.Underlying;
        if (HasEffects(x))
            Discard(x);
        return L.I64(((ArrayType)t).Len);
    }

    /// <summary>The count is the first word of a map; a nil map has none.</summary>
    LowExpr MapLen(LowExpr map)
    {
        map = Use(map);
        var n = NewTemp(LowType.I64);
        var some = NewBlock();
        var done = NewBlock();
        Assign(n, L.I64(0));
        Branch(L.Cmp(LowOp.Ne, map, L.Nil), some, done);
        _cur = some;
        Assign(n, L.Load(LowType.I64, map));
        Start(done);
        return L.Ref(n);
    }

    // ---- append, copy, clear

    static bool IsAppendOfMake(BuiltinNode b) =>
        b is { Op: BuiltinOp.Append, HasDots: true } && b.Args is [_, MakeSliceNode { Cap: null, Init: null or { Count: 0 } } m] && !HasStackMake(m);

    static bool HasStackMake(MakeSliceNode m) => ConstInt(m.Len) is { } n && n == 0;

    LowExpr[] Append(BuiltinNode b)
    {
        if (b.HasDots)
            return AppendSlice(b);
        var elem = ((SliceType)b.Type.Underlying).Elem;
        var flat = Flatten.Of(elem);
        int n = b.Args.Count - 1;
        if (n == 0)
            return Scalars(b.Args[0]);
        var s = Scalars(b.Args[0]);
        // Values first: they may mention the slice that is about to grow.
        var values = new Val[n];
        for (int i = 0; i < n; i++)
        {
            var v = Value(b.Args[i + 1]);
            values[i] = v.IsMemory ? v : new Val(UseAll(v.Scalars!), default);
        }
        var (ptr, len, newLen, cap) = Grow(s, L.I64(n), elem, BufferOf(b), b.UseBuffer);
        for (int i = 0; i < n && flat.Size > 0; i++)
        {
            var dst = new Addr(ptr, AddrKind.Heap, i * flat.Size).PlusIndex(L.Scale(len, flat.Size));
            StoreVal(Place.At(dst), values[i], elem);
        }
        return [ptr, newLen, cap];
    }

    /// <summary>
    /// Makes room for n more elements: pointer, old length, new length, capacity. buffer: memory of the frame that growth may use; climb: every
    /// growth uses it, by size classes, as long as the elements fit. home: the slice's variable, which gets the new pointer and capacity.
    /// </summary>
    (LowExpr Ptr, LowExpr Len, LowExpr NewLen, LowExpr Cap) Grow(LowExpr[] s, LowExpr n, GoType elem, GrowthBuffer? buffer = null, bool climb = false, Addr? home = null)
    {
        var ptr = NewTemp(LowType.Ptr);
        var cap = NewTemp(LowType.I64);
        Assign(ptr, s[0]);
        Assign(cap, s[2]);
        var len = Keep(s[1]);
        var newLen = Keep(L.Bin(LowOp.Add, LowType.I64, len, n));
        var grow = NewBlock();
        var done = NewBlock();
        Branch(L.Cmp(LowOp.LtU, L.Ref(cap), newLen), grow, done, true);
        _cur = grow;
        if (buffer is { Taken: false } && !climb)
            GrowIntoBuffer(buffer, len, newLen, ptr, cap, done);
        bool climbs = climb && buffer != null;
        Emit(new LowCall
        {
            Kind = LowCallKind.Runtime,
            Symbol = climbs ? "runtime.growsliceBuf" : "runtime.growslice",
            Args = climbs
                ? [L.Ref(ptr), newLen, L.Ref(cap), n, L.TypeAddr(elem), L.SlotAddr(buffer!.Slot), L.I64(buffer.Elems)]
                : [L.Ref(ptr), newLen, L.Ref(cap), n, L.TypeAddr(elem)],
            ResultTypes = [LowType.Ptr, LowType.I64, LowType.I64],
            Results = [ptr, null, cap],
        });
        if (home is { } at)
        {
            StoreScalar(at, LowType.Ptr, L.Ref(ptr), true);
            StoreScalar(at, LowType.I64, L.Ref(cap), false, 2 * 8);
        }
        Jump(done);
        _cur = done;
        return (L.Ref(ptr), len, newLen, L.Ref(cap));
    }

    LowExpr[] AppendSlice(BuiltinNode b)
    {
        var elem = ((SliceType)b.Type.Underlying).Elem;
        long size = Flatten.SizeOf(elem);
        bool pointers = Flatten.HasPointers(elem);
        var s = Scalars(b.Args[0]);
        if (IsAppendOfMake(b) && !_done.ContainsKey(b.Args[1]))
        {
            s = Materialize(s);
            var count = Use(AsI64(Word(((MakeSliceNode)b.Args[1]).Len)));
            Check(L.Cmp(LowOp.GeS, count, L.I64(0)), "runtime.panicmakeslicelen");
            var (p, l, nl, c) = Grow(s, count, elem);
            if (size > 0)
                ZeroRange(L.PtrAdd(p, L.Scale(l, size)), L.Scale(count, size), pointers);
            return [p, nl, c];
        }
        if (b.Args[1] is NilNode or ZeroNode)
            return s;
        var t = Text(b.Args[1]);
        t = UseAll([t[0], t[1]]);
        var (ptr, len, newLen, cap) = Grow(s, t[1], elem);
        if (size > 0)
            CopyRange(elem, L.PtrAdd(ptr, L.Scale(len, size)), t[0], t[1], true);
        return [ptr, newLen, cap];
    }

    /// <summary>Copies n elements.</summary>
    void CopyRange(GoType elem, LowExpr dst, LowExpr src, LowExpr n, bool mayOverlap)
    {
        if (Flatten.HasPointers(elem))
            CallRuntime("runtime.typedslicecopy", L.TypeAddr(elem), dst, n, src, n);
        else
            Emit(new LowCopy { Dst = dst, Src = src, Size = L.Scale(n, Flatten.SizeOf(elem)), MayOverlap = mayOverlap });
    }

    void ZeroRange(LowExpr dst, LowExpr bytes, bool pointers)
    {
        if (pointers)
            CallRuntime("runtime.memclrHasPointers", dst, L.Conv(LowType.U64, bytes));
        else
            Emit(new LowZero { Dst = dst, Size = bytes });
    }

    LowExpr Copy(ExprNode dstNode, ExprNode srcNode)
    {
        var elem = ((SliceType)dstNode.Type.Underlying).Elem;
        var dst = UseAll(Scalars(dstNode)[..2]);
        var src = UseAll(Text(srcNode)[..2]);
        if (Flatten.HasPointers(elem))
            return CallRuntime1("runtime.typedslicecopy", L.TypeAddr(elem), dst[0], dst[1], src[0], src[1]);
        var n = InTemp(L.Select(L.Cmp(LowOp.LtS, src[1], dst[1]), src[1], dst[1]));
        if (Flatten.SizeOf(elem) > 0)
            CopyRange(elem, dst[0], src[0], n, true);
        return n;
    }

    void Clear(ExprNode x)
    {
        if (x.Type.Underlying is MapType)
        {
            CallRuntime("runtime.mapclear", L.TypeAddr(x.Type), One(x));
            return;
        }
        var elem = ((SliceType)x.Type.Underlying).Elem;
        var s = UseAll(Scalars(x)[..2]);
        if (Flatten.SizeOf(elem) > 0)
            ZeroRange(s[0], L.Scale(s[1], Flatten.SizeOf(elem)), Flatten.HasPointers(elem));
    }

    // ---- min, max

    LowExpr[] MinMax(BuiltinNode b)
    {
        bool min = b.Op == BuiltinOp.Min;
        var values = new List<LowExpr[]>();
        foreach (var a in b.Args)
            values.Add(UseAll(Scalars(a)));
        var best = values[0];
        for (int i = 1; i < values.Count; i++)
        {
            var v = values[i];
            if (best.Length == 2)
            {
                var order = CallRuntime1("runtime.cmpstring", v[0], v[1], best[0], best[1]);
                var better = Use(L.Cmp(min ? LowOp.LtS : LowOp.GtS, order, L.I64(0)));
                best = [Use(L.Select(better, v[0], best[0])), Use(L.Select(better, v[1], best[1]))];
            }
            else if (L.IsFloat(v[0].Type))
                best = [L.Bin(min ? LowOp.MinF : LowOp.MaxF, v[0].Type, best[0], v[0])];
            else
            {
                bool signed = L.IsSigned(v[0].Type);
                var less = L.Cmp(min ? (signed ? LowOp.LtS : LowOp.LtU) : signed ? LowOp.GtS : LowOp.GtU, v[0], best[0]);
                best = [Use(L.Select(less, v[0], best[0]))];
            }
        }
        return best;
    }

    // ---- unsafe

    LowExpr[] UnsafeSlice(BuiltinNode b)
    {
        var elem = ((PointerType)b.Args[0].Type.Underlying).Elem;
        var p = Use(One(b.Args[0]));
        var n = Use(AsI64(Word(b.Args[1])));
        CheckUnsafe(p, n, Flatten.SizeOf(elem), "runtime.panicunsafeslicelen", "runtime.panicunsafeslicenilptr");
        return [p, n, n];
    }

    LowExpr[] UnsafeString(BuiltinNode b)
    {
        var p = Use(One(b.Args[0]));
        var n = Use(AsI64(Word(b.Args[1])));
        CheckUnsafe(p, n, 1, "runtime.panicunsafestringlen", "runtime.panicunsafestringnilptr");
        return [p, n];
    }

    /// <summary>n elements of the size at p: n is not negative, the memory does not wrap around, and nil has none.</summary>
    void CheckUnsafe(LowExpr p, LowExpr n, long size, string badLen, string badPtr)
    {
        long most = size > 1 ? long.MaxValue / size : long.MaxValue;
        Check(L.Cmp(LowOp.LeU, n, L.I64(most)), badLen);
        if (n is LowConst { Bits: 0 })
            return;
        Check(L.Bin(LowOp.Or, LowType.I32, L.Cmp(LowOp.Ne, p, L.Nil), L.Cmp(LowOp.Eq, n, L.I64(0))), badPtr);
        if (size > 0)
            Check(L.Cmp(LowOp.LeU, L.Conv(LowType.U64, L.Scale(n, size)), L.Un(LowOp.Neg, LowType.U64, L.Conv(LowType.U64, p))), badLen);
    }

    // ---- print

    void Print(BuiltinNode b)
    {
        bool line = b.Op == BuiltinOp.Println;
        var values = new List<LowExpr[]>();
        foreach (var a in b.Args)
            values.Add(UseAll(Scalars(a)));
        CallRuntime("runtime.printlock");
        for (int i = 0; i < values.Count; i++)
        {
            if (line && i > 0)
                CallRuntime("runtime.printsp");
            PrintValue(b.Args[i].Type, values[i]);
        }
        if (line)
            CallRuntime("runtime.printnl");
        CallRuntime("runtime.printunlock");
    }

    void PrintValue(GoType type, LowExpr[] v)
    {
        switch (type.Underlying)
        {
            case InterfaceType: CallRuntime(IsEmptyInterface(type) ? "runtime.printeface" : "runtime.printiface", v); break;
            case SliceType: CallRuntime("runtime.printslice", v); break;
            case BasicType { Kind: BasicKind.String or BasicKind.UntypedString }: CallRuntime("runtime.printstring", v); break;
            case BasicType { Kind: BasicKind.Bool or BasicKind.UntypedBool }: CallRuntime("runtime.printbool", v); break;
            case BasicType { Kind: BasicKind.Complex128 or BasicKind.UntypedComplex }: CallRuntime("runtime.printcomplex", v); break;
            case BasicType { Kind: BasicKind.Complex64 }: CallRuntime("runtime.printcomplex64", v); break;
            default:
                var t = v[0].Type;
                if (t == LowType.Ptr)
                    CallRuntime("runtime.printpointer", v);
                else if (t == LowType.F32)
                    CallRuntime("runtime.printfloat32", v);
                else if (t == LowType.F64)
                    CallRuntime("runtime.printfloat", v);
                else if (L.IsSigned(t))
                    CallRuntime("runtime.printint", L.Conv(LowType.I64, v[0]));
                else if (type is NamedType { Obj: { Name: "hex", Pkg.Path: "runtime" } })
                    CallRuntime("runtime.printhex", L.Conv(LowType.U64, v[0]));
                else
                    CallRuntime("runtime.printuint", L.Conv(LowType.U64, v[0]));
                break;
        }
    }
}

// Interface values: making them (boxing), taking them apart (assertions).
//
// An empty interface has the type's descriptor as first word, others an itab. Pointer-shaped values are the data word themselves; other values are
// in memory that is never written again: static for constants, zero sizes, bytes and booleans; on the stack when the interface does
// not escape; else a fresh object.

using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    const int ItabType = 8;
    const int MaxStackBox = 1024;

    static bool IsEmptyInterface(GoType t) => ((InterfaceType)t.Underlying).TypeSet.Methods.Count == 0;

    /// <summary>The first word of an interface of type iface that holds a value of the concrete type.</summary>
    static LowExpr TypeWord(GoType concrete, GoType iface) =>
        IsEmptyInterface(iface) ? L.TypeAddr(concrete)
            : new LowItabAddr { Type = LowType.Ptr, Key = new ItabKey(concrete, iface) };

    LowExpr[] ToInterface(ConvNode c)
    {
        if (Predicates.IsInterface(c.X.Type))
            return IfaceToIface(c);
        var word = TypeWord(c.X.Type, c.Type);
        return [word, DataWord(c)];
    }

    LowExpr DataWord(ConvNode c)
    {
        var type = c.X.Type;
        var flat = Flatten.Of(type);
        if (flat.Size == 0)
        {
            Discard(c.X);
            return L.GlobalAddr(ZeroBase);
        }
        if (Flatten.IsDirectIface(type))
            return One(c.X);
        if (!_done.ContainsKey(c.X) && BoxedStatic(c.Known ?? c.X) is { } image)
            return L.GlobalAddr(image);
        if (flat is { Size: 1, IsSingle: true })
        {
            var b = L.Conv(LowType.I64, ByteOf(One(c.X)));
            return L.PtrAdd(L.GlobalAddr(StaticUint64s), L.Scale(b, 8));
        }
        if (!Escapes(c) && flat.Size <= MaxStackBox)
        {
            var slot = AddressedSlot(type, null);
            var dst = new Addr(L.SlotAddr(slot), AddrKind.Stack);
            if (flat.IsMemory)
                CopyMemory(dst, Memory(c.X), type, false);
            else
                StoreScalars(dst, flat, [.. Scalars(c.X)]);
            return L.SlotAddr(slot);
        }
        if (!flat.IsMemory)
            return BoxScalars(type, flat, Scalars(c.X));
        var src = Memory(c.X);
        return CallRuntime1("runtime.convT", L.TypeAddr(type), src.Expr);
    }

    static LowExpr ByteOf(LowExpr e) => e.Type == LowType.I8 ? L.Conv(LowType.U8, e) : e;

    /// <summary>An object with the scalars. Small integers need none.</summary>
    LowExpr BoxScalars(GoType type, FlatType flat, LowExpr[] values)
    {
        if (flat is { IsSingle: true, HasPointers: false } && flat.Size is 2 or 4 or 8)
        {
            var v = Use(values[0]);
            var bits = L.IsFloat(v.Type) ? L.BitCast(v.Type == LowType.F32 ? LowType.U32 : LowType.U64, v) : v;
            var wide = L.Conv(LowType.U64, bits.Type is LowType.I16 ? L.Conv(LowType.U16, bits) : bits.Type is LowType.I32 ? L.Conv(LowType.U32, bits) : bits);
            var result = NewTemp(LowType.Ptr);
            var small = NewBlock();
            var big = NewBlock();
            var done = NewBlock();
            wide = Use(wide);
            Branch(L.Cmp(LowOp.LtU, wide, L.U64(256)), small, big);
            _cur = small;
            Assign(result, L.PtrAdd(L.GlobalAddr(StaticUint64s), L.Scale(L.Conv(LowType.I64, wide), 8)));
            Jump(done);
            _cur = big;
            var p = NewObject(type);
            StoreScalars(new Addr(p, AddrKind.Fresh), flat, [v]);
            Assign(result, p);
            Start(done);
            return L.Ref(result);
        }
        if (type.Underlying is BasicType { Kind: BasicKind.String } or SliceType)
        {
            // The empty string and the nil slice are shared.
            values = UseAll(values);
            var result = NewTemp(LowType.Ptr);
            var some = NewBlock();
            var done = NewBlock();
            Assign(result, L.GlobalAddr(ZeroVal));
            Branch(type.Underlying is SliceType ? L.Cmp(LowOp.Ne, values[0], L.Nil) : L.Cmp(LowOp.Ne, values[1], L.I64(0)), some, done);
            _cur = some;
            var p = NewObject(type);
            StoreScalars(new Addr(p, AddrKind.Fresh), flat, [.. values]);
            Assign(result, p);
            Start(done);
            return L.Ref(result);
        }
        values = Materialize(values);
        var obj = NewObject(type);
        StoreScalars(new Addr(obj, AddrKind.Fresh), flat, [.. values]);
        return obj;
    }

    /// <summary>Interface to interface, statically implied: the type word changes, the data word stays.</summary>
    LowExpr[] IfaceToIface(ConvNode c)
    {
        var x = Scalars(c.X);
        bool fromEmpty = IsEmptyInterface(c.X.Type), toEmpty = IsEmptyInterface(c.Type);
        if ((fromEmpty && toEmpty) || Identical.Same(c.X.Type, c.Type))
            return x;
        x = UseAll(x);
        if (toEmpty)
            return [TypeOfIface(x[0], false), x[1]];
        // nil stays nil; otherwise the itab exists or is made.
        var word = NewTemp(LowType.Ptr, false);
        var some = NewBlock();
        var done = NewBlock();
        var t = TypeOfIface(x[0], fromEmpty);
        t = Use(t);
        Assign(word, L.Nil);
        Branch(L.Cmp(LowOp.Ne, t, L.Nil), some, done);
        _cur = some;
        Assign(word, CallRuntime1("runtime.getitab", L.TypeAddr(c.Type), t, L.False));
        Start(done);
        return [L.Ref(word), x[1]];
    }

    /// <summary>The dynamic type of an interface value (nil for nil).</summary>
    LowExpr TypeOfIface(LowExpr word, bool empty)
    {
        if (empty)
            return word;
        word = Use(word);
        var t = NewTemp(LowType.Ptr, false);
        var some = NewBlock();
        var done = NewBlock();
        Assign(t, L.Nil);
        Branch(L.Cmp(LowOp.Ne, word, L.Nil), some, done);
        _cur = some;
        Assign(t, L.Load(LowType.Ptr, word, ItabType));
        Start(done);
        return L.Ref(t);
    }

    // ---- assertions

    LowExpr[] TypeAssert(TypeAssertNode a)
    {
        var x = UseAll(Scalars(a.X));
        if (Predicates.IsInterface(a.Type))
            return [AssertIface(a, x[0]), x[1]];
        AssertConcrete(a, x[0]);
        return Unboxed(a.Type, x[1]);
    }

    Addr AssertMemory(TypeAssertNode a)
    {
        var x = UseAll(Scalars(a.X));
        AssertConcrete(a, x[0]);
        return new Addr(x[1], AddrKind.Heap);
    }

    /// <summary>The scalars of a value of the concrete type behind a data word.</summary>
    LowExpr[] Unboxed(GoType type, LowExpr data) =>
        Flatten.IsDirectIface(type) ? [data] : LoadScalars(new Addr(data, AddrKind.Heap), Flatten.Of(type));

    /// <summary>Panics unless the first word says the concrete type.</summary>
    void AssertConcrete(TypeAssertNode a, LowExpr word)
    {
        bool empty = IsEmptyInterface(a.X.Type);
        if (a.NilPanic)
            NonNil(word);
        Check(L.Cmp(LowOp.Eq, word, TypeWord(a.Type, a.X.Type)), empty ? "runtime.panicdottypeE" : "runtime.panicdottypeI", word, L.TypeAddr(a.Type), L.TypeAddr(a.Written ?? a.X.Type));
    }

    /// <summary>x.(I): the first word of the result; panics.</summary>
    LowExpr AssertIface(TypeAssertNode a, LowExpr word)
    {
        var t = TypeOfIface(word, IsEmptyInterface(a.X.Type));
        t = Use(t);
        var bad = NewBlock();
        var ok = NewBlock();
        if (!IsEmptyInterface(a.Type))
        {
            // Only what panics is a call that needs a frame.
            var itab = NewTemp(LowType.Ptr, false);
            Assign(itab, CallRuntime1("runtime.assertE2I2", L.TypeAddr(a.Type), t));
            Branch(L.Cmp(LowOp.Eq, L.Ref(itab), L.Nil), bad, ok, true);
            _cur = bad;
            CallRuntime("runtime.assertE2I", L.TypeAddr(a.Type), t);
            Jump(ok);
            _cur = ok;
            return L.Ref(itab);
        }
        Branch(L.Cmp(LowOp.Eq, t, L.Nil), bad, ok, true);
        _cur = bad;
        CallRuntime("runtime.assertE2I", L.TypeAddr(a.Type), t);
        Jump(ok);
        _cur = ok;
        return t;
    }

    /// <summary>x, ok := y.(T) into temporaries.</summary>
    (Val Value, LowExpr Ok) AssertOk(TypeAssertNode a, bool wantValue)
    {
        var x = UseAll(Scalars(a.X));
        bool empty = IsEmptyInterface(a.X.Type);
        if (Predicates.IsInterface(a.Type))
        {
            var t = TypeOfIface(x[0], empty);
            LowExpr word;
            if (IsEmptyInterface(a.Type))
                word = Use(t);
            else
            {
                var w = NewTemp(LowType.Ptr, false);
                var some = NewBlock();
                var done = NewBlock();
                t = Use(t);
                Assign(w, L.Nil);
                Branch(L.Cmp(LowOp.Ne, t, L.Nil), some, done);
                _cur = some;
                Assign(w, CallRuntime1("runtime.assertE2I2", L.TypeAddr(a.Type), t));
                Start(done);
                word = L.Ref(w);
            }
            var found = L.Cmp(LowOp.Ne, word, L.Nil);
            return (Val.Of(word, L.Select(found, x[1], L.Nil)), found);
        }
        var ok = L.Cmp(LowOp.Eq, x[0], TypeWord(a.Type, a.X.Type));
        var flat = Flatten.Of(a.Type);
        if (!wantValue || flat.Size == 0)
            return (flat.IsMemory ? Val.At(default) : new Val(Zeros(flat), default), ok);
        if (Flatten.IsDirectIface(a.Type))
            return (Val.Of(L.Select(ok, x[1], L.Nil)), ok);
        ok = InTemp(ok);
        var yes = NewBlock();
        var no = NewBlock();
        var end = NewBlock();
        if (flat.IsMemory)
        {
            var slot = new Addr(L.SlotAddr(TempSlot(a.Type)), AddrKind.Stack);
            Branch(ok, yes, no);
            _cur = yes;
            CopyMemory(slot, new Addr(x[1], AddrKind.Heap), a.Type, false);
            Jump(end);
            _cur = no;
            ZeroMemory(slot, a.Type);
            Start(end);
            return (Val.At(slot), ok);
        }
        var locals = new LowLocal[flat.Scalars.Length];
        for (int i = 0; i < locals.Length; i++)
            locals[i] = NewTemp(flat.Scalars[i].Type, flat.Scalars[i].Tracked);
        Branch(ok, yes, no);
        _cur = yes;
        AssignLocals(locals, 0, LoadScalars(new Addr(x[1], AddrKind.Heap), flat));
        Jump(end);
        _cur = no;
        AssignLocals(locals, 0, Zeros(flat));
        Start(end);
        return (new Val(Refs(locals), default), ok);
    }
}

// range loops over integers, arrays, slices, strings, maps and channels.
//
// The operand is evaluated once. A hidden index runs; the loop's variables are set from it at the start of each iteration, fresh ones each
// time when they live on the heap.

using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>The blocks of a loop: head tests, next steps.</summary>
    readonly record struct Loop(LowBlock Head, LowBlock Next, LowBlock End);

    const int IterBytes = 96;
    static readonly bool[] s_iterPointers = [true, true, true, true, false, false, false, false, false, true, true, false];

    void Range(RangeNode r)
    {
        OrderRange(r);
        switch (r.X.Type.Underlying)
        {
            case BasicType b when b.Kind is BasicKind.String or BasicKind.UntypedString: RangeText(r); break;
            case BasicType: RangeInt(r); break;
            case SliceType s: RangeSlice(r, s.Elem); break;
            case ArrayType a: RangeArray(r, a); break;
            case PointerType p: RangeArrayPointer(r, (ArrayType)p.Elem.Underlying); break;
            case MapType m: RangeMap(r, m); break;
            case ChanType c: RangeChan(r, c.Elem); break;
            default: throw Bug($"range over {r.X.Type}");
        }
    }

    void OrderRange(RangeNode r)
    {
        if (r.X is ConvNode { Kind: ConvKind.StringToBytes } c)
            Order(c.X);
        else
            Order(r.X);
    }

    /// <summary>for cond { key, value = …; body; step }: cond and items are emitted by the callers.</summary>
    void LoopBody(RangeNode r, Loop loop)
    {
        _scopes.Add(new Scope(r.Label, loop.End, loop.Next));
        Stmts(r.Body);
        _scopes.RemoveAt(_scopes.Count - 1);
        Start(loop.Next);
    }

    Loop StartLoop()
    {
        var loop = new Loop(NewBlock(), NewBlock(), NewBlock());
        Start(loop.Head);
        return loop;
    }

    void SetItems(RangeNode r, Val? key, Val? value)
    {
        if (r.Define)
        {
            if (r.Key is LocalNode k && key is { } kv)
                DeclareWith(k.Local, kv);
            if (r.Value is LocalNode v && value is { } vv)
                DeclareWith(v.Local, vv);
            return;
        }
        if (r.Key == null && r.Value == null)
            return;
        int mark = TempMark;
        if (value == null || r.Value == null)
        {
            if (r.Key != null)
            {
                OrderAll([r.Key]);
                StoreTarget(r.Key, key!.Value, r.Key.Type);
            }
        }
        else if (r.Key == null)
        {
            OrderAll([r.Value]);
            StoreTarget(r.Value, value.Value, r.Value.Type);
        }
        else
            AssignMany([r.Key, r.Value], [key!.Value, value.Value]);
        ReleaseTemps(mark);
    }

    void RangeInt(RangeNode r)
    {
        var n = Keep(One(r.X));
        var i = NewTemp(n.Type);
        Assign(i, L.Int(n.Type, 0));
        var loop = StartLoop();
        var body = NewBlock();
        Branch(L.Cmp(L.IsSigned(n.Type) ? LowOp.LtS : LowOp.LtU, L.Ref(i), n), body, loop.End);
        _cur = body;
        SetItems(r, Val.Of(L.Ref(i)), null);
        LoopBody(r, loop);
        Step(i, L.Int(n.Type, 1), loop);
    }

    void Step(LowLocal i, LowExpr by, Loop loop)
    {
        Assign(i, L.Bin(LowOp.Add, i.Type, L.Ref(i), by));
        Jump(loop.Head);
        _cur = loop.End;
    }

    /// <summary>The common shape of arrays and slices: elements at base + i·size.</summary>
    void RangeElements(RangeNode r, Addr items, LowExpr len, GoType elem)
    {
        var i = NewTemp(LowType.I64);
        Assign(i, L.I64(0));
        var loop = StartLoop();
        loop.Head.Bounded = true;
        var body = NewBlock();
        Branch(L.Cmp(LowOp.LtS, L.Ref(i), len), body, loop.End);
        _cur = body;
        Val? value = null;
        if (r.Value != null)
        {
            var at = items.PlusIndex(L.Scale(L.Ref(i), Flatten.SizeOf(elem)));
            value = Flatten.IsMemory(elem) ? Val.At(at) : new Val(LoadScalars(at, Flatten.Of(elem)), default);
        }
        SetItems(r, Val.Of(L.Ref(i)), value);
        LoopBody(r, loop);
        Step(i, L.I64(1), loop);
    }

    void RangeSlice(RangeNode r, GoType elem)
    {
        LowExpr[] s;
        // The bytes of a string are read in place.
        if (r.X is ConvNode { Kind: ConvKind.StringToBytes } c && !_done.ContainsKey(r.X))
            s = Scalars(c.X);
        else
            s = Scalars(r.X);
        var len = Keep(s[1]);
        var ptr = r.Value == null ? L.Nil : Keep(s[0]);
        RangeElements(r, new Addr(ptr, AddrKind.Heap), len, elem);
    }

    void RangeArray(RangeNode r, ArrayType a)
    {
        if (r.Value == null || Flatten.SizeOf(a) == 0)
        {
            if (HasEffects(r.X))
                Discard(r.X);
            RangeElements(r, new Addr(L.Nil, AddrKind.Heap), L.I64(a.Len), a.Elem);
            return;
        }
        Addr copy;
        if (!Flatten.IsMemory(r.X.Type))
            copy = new Addr(L.SlotAddr(Spill([.. Scalars(r.X)], r.X.Type)), AddrKind.Stack);
        else
        {
            copy = new Addr(L.SlotAddr(TempSlot(r.X.Type)), AddrKind.Stack);
            Into(copy, r.X);
        }
        RangeElements(r, copy, L.I64(a.Len), a.Elem);
    }

    void RangeArrayPointer(RangeNode r, ArrayType a)
    {
        if (r.Value == null)
        {
            if (HasEffects(r.X))
                Discard(r.X);
            RangeElements(r, new Addr(L.Nil, AddrKind.Heap), L.I64(a.Len), a.Elem);
            return;
        }
        var p = Keep(One(r.X));
        if (a.Len > 0)
            NonNil(p);
        RangeElements(r, new Addr(p, AddrKind.Heap), L.I64(a.Len), a.Elem);
    }

    void RangeText(RangeNode r)
    {
        var s = Scalars(r.X);
        var ptr = Keep(s[0]);
        var len = Keep(s[1]);
        var i = NewTemp(LowType.I64);
        var next = NewTemp(LowType.I64);
        var rune = NewTemp(LowType.I32);
        Assign(i, L.I64(0));
        var loop = StartLoop();
        loop.Head.Bounded = true;
        var first = NewBlock();
        var ascii = NewBlock();
        var wide = NewBlock();
        var body = NewBlock();
        Branch(L.Cmp(LowOp.LtS, L.Ref(i), len), first, loop.End);
        _cur = first;
        Assign(rune, L.Conv(LowType.I32, LoadScalar(new Addr(ptr, AddrKind.Heap).PlusIndex(L.Ref(i)), LowType.U8)));
        Branch(L.Cmp(LowOp.LtU, L.Ref(rune), L.Int(LowType.I32, 0x80)), ascii, wide);
        _cur = ascii;
        Assign(next, L.Bin(LowOp.Add, LowType.I64, L.Ref(i), L.I64(1)));
        Jump(body);
        _cur = wide;
        Emit(new LowCall
        {
            Kind = LowCallKind.Runtime,
            Symbol = "runtime.decoderune",
            Args = [ptr, len, L.Ref(i)],
            ResultTypes = [LowType.I32, LowType.I64],
            Results = [rune, next],
        });
        Start(body);
        SetItems(r, Val.Of(L.Ref(i)), Val.Of(L.Ref(rune)));
        LoopBody(r, loop);
        Assign(i, L.Ref(next));
        Jump(loop.Head);
        _cur = loop.End;
    }

    void RangeMap(RangeNode r, MapType m)
    {
        var map = One(r.X);
        var iter = _low.NewSlot(IterBytes, 8, s_iterPointers, ".iter");
        Emit(new LowZeroSlot { Slot = iter });
        var at = new Addr(L.SlotAddr(iter), AddrKind.Stack);
        CallRuntime("runtime.mapIterStart", L.TypeAddr(r.X.Type), map, at.Base);
        var loop = StartLoop();
        var body = NewBlock();
        var key = Use(LoadScalar(at, LowType.Ptr));
        Branch(L.Cmp(LowOp.Ne, key, L.Nil), body, loop.End);
        _cur = body;
        Val? k = null, v = null;
        if (r.Key != null)
            k = ItemAt(new Addr(key, AddrKind.Heap), m.Key);
        if (r.Value != null)
            v = ItemAt(new Addr(Use(LoadScalar(at, LowType.Ptr, 8)), AddrKind.Heap), m.Elem);
        SetItems(r, k, v);
        LoopBody(r, loop);
        CallRuntime("runtime.mapIterNext", at.Base);
        Jump(loop.Head);
        _cur = loop.End;
    }

    Val ItemAt(Addr at, GoType type)
    {
        var flat = Flatten.Of(type);
        return flat.IsMemory ? Val.At(at) : new Val(LoadScalars(at, flat), default);
    }

    void RangeChan(RangeNode r, GoType elem)
    {
        var chan = Keep(One(r.X));
        var flat = Flatten.Of(elem);
        var loop = StartLoop();
        LowExpr dst = L.Nil;
        if (flat.Size != 0 && r.Key != null)
        {
            var slot = TempSlot(elem);
            Emit(new LowZeroSlot { Slot = slot });
            dst = L.SlotAddr(slot);
        }
        var ok = CallRuntime1("runtime.chanrecv2", chan, dst);
        var body = NewBlock();
        Branch(ok, body, loop.End);
        _cur = body;
        if (r.Key != null)
            SetItems(r, ItemAt(new Addr(dst, AddrKind.Stack), elem), null);
        LoopBody(r, loop);
        Jump(loop.Head);
        _cur = loop.End;
    }
}

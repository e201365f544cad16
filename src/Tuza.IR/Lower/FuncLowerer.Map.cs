// Maps and channels.
//
// Maps with keys of 4 or 8 bytes of plain memory, or strings, and elements of at most 128 bytes use the fast entry points, which take the
// key by value; others take its address. An access gives the address of the element (of a zero value if there is none).

using Tuza.Types;

namespace Tuza.IR;

enum MapKind : byte { Slow, Fast32, Fast64, Fast64Ptr, FastText }

sealed partial class FuncLowerer
{
    const int MaxZeroVal = 1024;

    static MapKind KindOf(MapType m)
    {
        if (Flatten.SizeOf(m.Elem) > 128)
            return MapKind.Slow;
        if (Predicates.IsString(m.Key))
            return MapKind.FastText;
        var key = Flatten.Of(m.Key);
        if (key.Size is not (4 or 8) || !TypeFuncs.IsPlainMemory(m.Key))
            return MapKind.Slow;
        return key.Size == 4 ? MapKind.Fast32 : key.HasPointers ? MapKind.Fast64Ptr : MapKind.Fast64;
    }

    /// <summary>Calls `name` or its fast variant with map type, map and key.</summary>
    LowExpr[] MapCall(string name, GoType mapType, LowExpr map, Val key)
    {
        var m = (MapType)mapType.Underlying;
        var kind = KindOf(m);
        var t = L.TypeAddr(mapType);
        switch (kind)
        {
            case MapKind.FastText:
                {
                    var s = ScalarsOf(key, m.Key);
                    return CallRuntime(name + "_faststr", t, map, s[0], s[1]);
                }
            case MapKind.Fast32: return CallRuntime(name + "_fast32", t, map, KeyWord(key, m.Key, LowType.I32));
            case MapKind.Fast64Ptr when name == "runtime.mapassign":
                return CallRuntime(name + "_fast64ptr", t, map, KeyWord(key, m.Key, LowType.Ptr));
            case MapKind.Fast64 or MapKind.Fast64Ptr: return CallRuntime(name + "_fast64", t, map, KeyWord(key, m.Key, LowType.U64));
            default: return CallRuntime(name, t, map, KeyAddr(key, m.Key));
        }
    }

    LowExpr KeyWord(Val key, GoType type, LowType word)
    {
        if (!key.IsMemory && key.Scalars!.Length == 1)
            return L.Conv(word, key.Scalars[0]);
        var addr = key.IsMemory ? key.Mem : new Addr(L.SlotAddr(Spill([.. key.Scalars!], type)), AddrKind.Stack);
        return LoadScalar(addr, word);
    }

    LowExpr KeyAddr(Val key, GoType type)
    {
        if (Flatten.SizeOf(type) == 0)
            return L.GlobalAddr(ZeroBase);
        return key.IsMemory ? key.Mem.Expr : L.SlotAddr(Spill([.. key.Scalars!], type));
    }

    /// <summary>A key that is only looked at: strings made of bytes are not copied.</summary>
    Val LookupKey(ExprNode key) => Predicates.IsString(key.Type) ? new Val(Text(key), default) : Value(key);

    Addr MapElement(MapIndexNode m)
    {
        var map = One(m.Map);
        var key = LookupKey(m.Key);
        long size = Flatten.SizeOf(m.Type);
        if (size <= MaxZeroVal)
            return new Addr(MapCall("runtime.mapaccess1", m.Map.Type, map, key)[0], AddrKind.Heap);
        var r = MapCall("runtime.mapaccess2", m.Map.Type, map, key);
        var result = NewTemp(LowType.Ptr);
        var absent = NewBlock();
        var done = NewBlock();
        Assign(result, r[0]);
        Branch(r[1], done, absent);
        _cur = absent;
        var slot = AddressedSlot(m.Type, null);
        Emit(new LowZeroSlot { Slot = slot });
        Assign(result, L.SlotAddr(slot));
        Start(done);
        return new Addr(L.Ref(result), AddrKind.Heap);
    }

    LowExpr[] MapGet(MapIndexNode m) => LoadScalars(MapElement(m), Flatten.Of(m.Type));

    /// <summary>v, ok := m[k]; the value is in memory of the map, or the zero value.</summary>
    (Val Value, LowExpr Ok) MapOk(MapIndexNode m, bool wantValue)
    {
        var flat = Flatten.Of(m.Type);
        var map = One(m.Map);
        var r = MapCall("runtime.mapaccess2", m.Map.Type, map, LookupKey(m.Key));
        var at = new Addr(r[0], AddrKind.Heap);
        if (!wantValue || flat.Size == 0)
            return (flat.IsMemory ? Val.At(at) : new Val(Zeros(flat), default), r[1]);
        if (flat.Size <= MaxZeroVal)
            return (flat.IsMemory ? Val.At(at) : new Val(LoadScalars(at, flat), default), r[1]);
        var slot = new Addr(L.SlotAddr(TempSlot(m.Type)), AddrKind.Stack);
        var yes = NewBlock();
        var no = NewBlock();
        var end = NewBlock();
        Branch(r[1], yes, no);
        _cur = yes;
        CopyMemory(slot, at, m.Type, false);
        Jump(end);
        _cur = no;
        ZeroMemory(slot, m.Type);
        Start(end);
        return (Val.At(slot), r[1]);
    }

    /// <summary>The place of the element for key, which is made if absent. All operands are evaluated before.</summary>
    Addr MapAssign(GoType mapType, LowExpr map, Val key) =>
        new(MapCall("runtime.mapassign", mapType, map, key)[0], AddrKind.Heap);

    /// <summary>m[k] = y, with operands ordered.</summary>
    void AssignMap(MapIndexNode m, ExprNode y)
    {
        var map = Use(One(m.Map));
        var key = KeepKey(Value(m.Key));
        var v = BeforeInsert(Value(y), y);
        StoreVal(Place.At(MapAssign(m.Map.Type, map, key)), v, m.Type);
    }

    void AssignMapVal(GoType mapType, LowExpr map, Val key, Val v, GoType elem) =>
        StoreVal(Place.At(MapAssign(mapType, map, key)), v, elem);

    Val KeepKey(Val key) => key.IsMemory ? key : new Val(UseAll(key.Scalars!), default);

    /// <summary>The right side is complete (with all its checks) before the map is touched; memory of a map may move on insertion.</summary>
    Val BeforeInsert(Val v, ExprNode y)
    {
        if (!v.IsMemory)
            return new Val(UseAll(v.Scalars!), default);
        return ContainsMapRead(y) ? CopyOut(v, y.Type) : v;
    }

    static bool ContainsMapRead(ExprNode y) => y switch
    {
        MapIndexNode => true,
        FieldNode { ThroughPtr: false } f => ContainsMapRead(f.X),
        IndexNode { X.Type.Underlying: ArrayType } i => ContainsMapRead(i.X),
        ConvNode { Kind: ConvKind.Nop } c => ContainsMapRead(c.X),
        _ => false,
    };

    LowExpr MapLiteral(MapLitNode m)
    {
        var type = (MapType)m.Type.Underlying;
        var map = !Escapes(m) ? MapInFrame(m.Type, L.I64(System.Math.Max(m.Entries.Count, m.StaticCount)))
            : m.Entries.Count <= 8 && m.StaticCount <= 8
            ? CallRuntime1("runtime.makemap_small")
            : CallRuntime1("runtime.makemap", L.TypeAddr(m.Type), L.I64(System.Math.Max(m.Entries.Count, m.StaticCount)), L.Nil);
        if (m.StaticKeys is { } keys && m.StaticValues is { } values)
            InsertStatic(m.Type, type, map, keys, values, m.StaticCount);
        for (int i = 0; i < m.Entries.Count; i++)
        {
            if (m.IsStatic != null && m.IsStatic[i])
                continue;
            var (k, v) = m.Entries[i];
            int mark = TempMark;
            OrderAll([k, v]);
            var key = KeepKey(Value(k));
            AssignMapVal(m.Type, map, key, BeforeInsert(Value(v), v), type.Elem);
            ReleaseTemps(mark);
        }
        return map;
    }

    void InsertStatic(GoType mapType, MapType type, LowExpr map, Global keys, Global values, int count)
    {
        var i = NewTemp(LowType.I64);
        Assign(i, L.I64(0));
        var head = NewBlock();
        var body = NewBlock();
        var done = NewBlock();
        Start(head);
        Branch(L.Cmp(LowOp.LtS, L.Ref(i), L.I64(count)), body, done);
        _cur = body;
        var keyAt = new Addr(L.GlobalAddr(keys), AddrKind.Heap).PlusIndex(L.Scale(L.Ref(i), Flatten.SizeOf(type.Key)));
        var valueAt = new Addr(L.GlobalAddr(values), AddrKind.Heap).PlusIndex(L.Scale(L.Ref(i), Flatten.SizeOf(type.Elem)));
        var key = Flatten.IsMemory(type.Key) ? Val.At(keyAt) : new Val(UseAll(LoadScalars(keyAt, Flatten.Of(type.Key))), default);
        var value = Flatten.IsMemory(type.Elem) ? Val.At(valueAt) : new Val(UseAll(LoadScalars(valueAt, Flatten.Of(type.Elem))), default);
        AssignMapVal(mapType, map, key, value, type.Elem);
        Assign(i, L.Bin(LowOp.Add, LowType.I64, L.Ref(i), L.I64(1)));
        Jump(head);
        _cur = done;
    }

    // ---- channels

    /// <summary>Receives into a temporary slot.</summary>
    Val Receive(RecvNode r, out LowExpr ok, bool wantOk)
    {
        var elem = ((ChanType)r.Chan.Type.Underlying).Elem;
        var flat = Flatten.Of(elem);
        var chan = One(r.Chan);
        LowExpr dst = L.Nil;
        if (flat.Size != 0)
        {
            var slot = TempSlot(elem);
            Emit(new LowZeroSlot { Slot = slot });
            dst = L.SlotAddr(slot);
        }
        ok = L.True;
        if (wantOk)
            ok = CallRuntime1("runtime.chanrecv2", chan, dst);
        else
            CallRuntime("runtime.chanrecv1", chan, dst);
        var at = new Addr(dst, AddrKind.Stack);
        return flat.IsMemory ? Val.At(at) : new Val(flat.Size == 0 ? Zeros(flat) : LoadScalars(at, flat), default);
    }

    void Send(SendNode s)
    {
        OrderAll([s.Chan, s.Value]);
        var chan = Use(One(s.Chan));
        CallRuntime("runtime.chansend1", chan, AddressToRead(s.Value));
    }

    /// <summary>Memory that holds the value, to be read by the runtime.</summary>
    LowExpr AddressToRead(ExprNode e)
    {
        if (Flatten.SizeOf(e.Type) == 0)
        {
            Discard(e);
            return L.GlobalAddr(ZeroBase);
        }
        if (!_done.ContainsKey(e) && BoxedStatic(e) is { } image)
            return L.GlobalAddr(image);
        if (Flatten.IsMemory(e.Type))
        {
            // Copied: another goroutine may read it while this one is parked, after the variable has changed.
            var slot = TempSlot(e.Type);
            Into(new Addr(L.SlotAddr(slot), AddrKind.Stack), e);
            return L.SlotAddr(slot);
        }
        return L.SlotAddr(Spill([.. Scalars(e)], e.Type));
    }
}

// Memory of the frame for things that do not escape and whose size is known only at run time: slices of a few bytes, the first elements of a
// slice that grows, small maps. Limits and rules are gc's, because programs can count allocations.
//
// A growing slice gets one buffer per variable, at the first append in the text, used once per call of the function (a flag tells). A slice
// that leaves the function at one place only (SliceBuffers) may use it too: there it is moved to the heap, if it still lies in the buffer.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    const int MapHeaderBytes = 48, MapDirOffset = 16, GroupSlots = 8, MaxInlineMapPart = 128;
    const long EmptyControl = unchecked((long)0x8080808080808080UL);

    static readonly bool[] s_mapPointers = [false, false, true, false, false, false];

    // ---- make

    /// <summary>make with a size that is not constant, of elements so small that some fit a buffer: decided at run time.</summary>
    LowExpr[] MakeSmallSlice(GoType elem, LowExpr len, LowExpr cap, long limit)
    {
        var ptr = NewTemp(LowType.Ptr);
        var small = NewBlock();
        var big = NewBlock();
        var done = NewBlock();
        Branch(L.Cmp(LowOp.LeU, cap, L.I64(limit)), small, big);
        _cur = small;
        Check(L.Cmp(LowOp.LeU, len, cap), "runtime.panicmakeslicelen");
        var slot = AddressedSlot(new ArrayType(elem, limit), null);
        Emit(new LowZeroSlot { Slot = slot });
        Assign(ptr, L.SlotAddr(slot));
        Jump(done);
        _cur = big;
        Assign(ptr, CallRuntime1("runtime.makeslice", L.TypeAddr(elem), len, cap));
        Start(done);
        return [L.Ref(ptr), len, cap];
    }

    /// <summary>A map whose header, and whose first group unless more is expected, lie in the frame.</summary>
    LowExpr MapInFrame(GoType type, LowExpr hint)
    {
        var header = AddressedSlot(MapHeaderBytes, 8, s_mapPointers, ".map");
        Emit(new LowZeroSlot { Slot = header });
        if (L.IsConst(hint, out long n))
        {
            if (n <= GroupSlots)
                GroupInFrame(type, header);
        }
        else
        {
            hint = Use(hint);
            var small = NewBlock();
            var done = NewBlock();
            Branch(L.Cmp(LowOp.LeS, hint, L.I64(GroupSlots)), small, done);
            _cur = small;
            GroupInFrame(type, header);
            Start(done);
        }
        return CallRuntime1("runtime.makemap", L.TypeAddr(type), hint, L.SlotAddr(header));
    }

    void GroupInFrame(GoType type, LowSlot header)
    {
        var map = (MapType)type.Underlying;
        static GoType Part(GoType t) => Flatten.SizeOf(t) > MaxInlineMapPart ? new PointerType(t) : t;
        static Var Field(string name, GoType t) => new() { Name = name, Type = t, IsField = true };
        var entry = new StructType([Field("key", Part(map.Key)), Field("elem", Part(map.Elem))], []);
        var group = new StructType([Field("ctrl", Universe.Basic(BasicKind.Uint64)), Field("slots", new ArrayType(entry, GroupSlots))], []);
        var slot = AddressedSlot(group, ".group");
        Emit(new LowZeroSlot { Slot = slot });
        Emit(new LowStore { StoreType = LowType.I64, Addr = L.SlotAddr(slot), Value = L.I64(EmptyControl) });
        Emit(new LowStore { StoreType = LowType.Ptr, Addr = L.SlotAddr(header), Offset = MapDirOffset, Value = L.SlotAddr(slot) });
    }

    // ---- append

    /// <summary>The buffer of one slice variable.</summary>
    sealed class GrowthBuffer
    {
        public required LowSlot Slot;
        public required long Elems;
        /// <summary>1 once the buffer is in use; null when growth climbs inside the buffer.</summary>
        public LowLocal? Used;
        /// <summary>Some append has the code for it already.</summary>
        public bool Taken;
    }

    readonly Dictionary<object, GrowthBuffer> _buffers = new(ReferenceEqualityComparer.Instance);

    /// <summary>The buffer that an append may use, or null.</summary>
    GrowthBuffer? BufferOf(BuiltinNode append)
    {
        if (Escapes(append) || _low.Entry == null)
            return null;
        var first = append.Args[0];
        return GrowthBufferOf(first is LocalNode l ? l.Local : append, first, ((SliceType)append.Type.Underlying).Elem);
    }

    GrowthBuffer? GrowthBufferOf(object key, ExprNode slice, GoType elem)
    {
        long size = Flatten.SizeOf(elem);
        if (size is 0 or > BufferBytes || !InRegisters(slice))
            return null;
        if (!_buffers.TryGetValue(key, out var buffer))
        {
            long n = BufferBytes / size;
            buffer = new GrowthBuffer { Slot = AddressedSlot(new ArrayType(elem, n), ".append"), Elems = n };
            _buffers.Add(key, buffer);
        }
        return buffer;
    }

    /// <summary>Not a place in memory: growing it in place needs its address.</summary>
    bool InRegisters(ExprNode x) => x switch
    {
        LocalNode l => !l.Local.OnHeap && HomeOf(l.Local).Scalars != null,
        FieldNode { ThroughPtr: false } f => InRegisters(f.X),
        GlobalNode or FieldNode or IndexNode or MapIndexNode or DerefNode => false,
        _ => true,
    };

    /// <summary>In a block of growth: uses the buffer if it is free and the slice was empty; goes on in the current block if not.</summary>
    void GrowIntoBuffer(GrowthBuffer buffer, LowExpr len, LowExpr newLen, LowLocal ptr, LowLocal cap, LowBlock done)
    {
        buffer.Taken = true;
        buffer.Used = NewTemp(LowType.I32);
        _low.Entry.Instrs.Insert(0, new LowAssign { Local = buffer.Used, Value = L.Int(LowType.I32, 0) });
        var use = NewBlock();
        var grow = NewBlock();
        var fits = L.Bin(LowOp.And, LowType.I32, L.Cmp(LowOp.LeU, newLen, L.I64(buffer.Elems)), L.Cmp(LowOp.Eq, len, L.I64(0)));
        Branch(L.Bin(LowOp.And, LowType.I32, fits, L.Cmp(LowOp.Eq, L.Ref(buffer.Used), L.Int(LowType.I32, 0))), use, grow);
        _cur = use;
        Emit(new LowZeroSlot { Slot = buffer.Slot });
        Assign(ptr, L.SlotAddr(buffer.Slot));
        Assign(cap, L.I64(buffer.Elems));
        Assign(buffer.Used, L.Int(LowType.I32, 1));
        Jump(done);
        _cur = grow;
    }

    /// <summary>The slice, copied to the heap if it lies in its buffer.</summary>
    LowExpr[] MoveToHeap(BuiltinNode b)
    {
        var elem = ((SliceType)b.Type.Underlying).Elem;
        var s = Scalars(b.Args[0]);
        object key = b.Args[0] is LocalNode l ? l.Local : b;
        if (!_buffers.TryGetValue(key, out var buffer) && (buffer = GrowthBufferOf(key, b.Args[0], elem)) != null)
            _low.Entry.Instrs.Insert(0, new LowZeroSlot { Slot = buffer.Slot }); // perhaps no append that can be reached uses it
        if (buffer == null)
            return s;
        var (ptr, len, cap) = (NewTemp(LowType.Ptr), Keep(s[1]), NewTemp(LowType.I64));
        Assign(ptr, s[0]);
        Assign(cap, s[2]);
        var move = NewBlock();
        var done = NewBlock();
        var distance = L.Bin(LowOp.Sub, LowType.U64, L.Conv(LowType.U64, L.Ref(ptr)), L.Conv(LowType.U64, L.SlotAddr(buffer.Slot)));
        Branch(L.Cmp(LowOp.LtU, distance, L.U64((ulong)buffer.Slot.Size)), move, done, true);
        _cur = move;
        Emit(new LowCall
        {
            Kind = LowCallKind.Runtime,
            Symbol = "runtime.moveslice",
            Args = [L.TypeAddr(elem), L.Ref(ptr), len, L.Ref(cap), b.HasDots ? L.Int(LowType.I32, 1) : L.False],
            ResultTypes = [LowType.Ptr, LowType.I64, LowType.I64],
            Results = [ptr, null, cap],
        });
        Jump(done);
        _cur = done;
        return [L.Ref(ptr), len, L.Ref(cap)];
    }

    // ---- small variables on the heap share an object

    const int SharedObjectBytes = 16;

    /// <summary>The object that the last small variables of this block share: its allocation, its pointer, and how much of it is taken.</summary>
    LowBlock? _sharedIn;
    int _sharedMark;
    LowCall? _shared;
    LowLocal? _sharedPtr;
    long _sharedBytes;

    /// <summary>Memory for a variable: a new object, or the rest of one made just before in the same block, if both are small and have no pointers.</summary>
    LowExpr NewVariable(GoType type)
    {
        var flat = Flatten.Of(type);
        if (flat.Size is 0 or >= SharedObjectBytes || flat.HasPointers)
            return NewObject(type);
        long at = (_sharedBytes + flat.Align - 1) / flat.Align * flat.Align;
        if (_shared != null && _sharedIn == _cur && at + flat.Size <= SharedObjectBytes && !ChecksSince(_sharedIn!, _sharedMark))
        {
            _sharedBytes = at + flat.Size;
            _shared.Args[0] = L.TypeAddr(new ArrayType(Universe.Basic(_sharedBytes > 8 ? BasicKind.Uint64 : BasicKind.Uint8), _sharedBytes > 8 ? 2 : _sharedBytes));
            return L.PtrAdd(L.Ref(_sharedPtr!), L.I64(at));
        }
        var p = Use(NewObject(type));
        if (p is LowLocalRef { Local: var local } && _cur is { } block && block.Instrs.FindLastIndex(i => i is LowCall { Symbol: "runtime.newobject" }) is >= 0 and var index)
            (_sharedIn, _sharedMark, _shared, _sharedPtr, _sharedBytes) = (block, index, (LowCall)block.Instrs[index], local, flat.Size);
        return p;
    }

    /// <summary>A check ends a block in gc's terms.</summary>
    static bool ChecksSince(LowBlock block, int index)
    {
        for (int i = index + 1; i < block.Instrs.Count; i++)
            if (block.Instrs[i] is LowCheck)
                return true;
        return false;
    }
}

// Homes of variables, places, values; loads, stores, copies; temporaries.
//
// A variable's home is: scalar locals (the normal case: nobody takes its address), a slot of the frame (memory types, and variables
// whose address is taken but does not escape), or an address in a local (moved to the heap, captured by reference, memory parameters).
//
// A *place* can be assigned to. An *address* is base + index + offset, kept apart so that slot addresses never sit in a local (the frame
// then knows exactly which slot an access touches) and so that every part is simple enough to be used twice.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>What is known of the memory at an address. Stack: this frame or the caller's, stores need no barrier. Fresh: a heap object just
/// allocated, still zero.</summary>
enum AddrKind : byte { Heap, Stack, Fresh }

readonly record struct Addr(LowExpr Base, AddrKind Kind, long Offset = 0, LowExpr? Index = null)
{
    public Addr Plus(long offset) => this with { Offset = Offset + offset };
    public Addr PlusIndex(LowExpr bytes) =>
        bytes is LowConst c ? Plus(c.Bits) : this with { Index = Index == null ? bytes : L.Bin(LowOp.Add, LowType.I64, Index, bytes) };
    public LowExpr BaseAndIndex => Index == null ? Base : L.PtrAdd(Base, Index);
    /// <summary>The whole address as one expression.</summary>
    public LowExpr Expr
    {
        get
        {
            long offset = Offset;
            var b = Base;
            L.Fold(ref b, ref offset);
            if (Index != null)
                b = L.PtrAdd(b, Index);
            return L.PtrAdd(b, offset);
        }
    }
}

/// <summary>A value: scalars, or the memory it lies in.</summary>
readonly record struct Val(LowExpr[]? Scalars, Addr Mem)
{
    public static Val Of(params LowExpr[] scalars) => new(scalars, default);
    public static Val At(Addr mem) => new(null, mem);
    public bool IsMemory => Scalars == null;
}

/// <summary>Something assignable: some scalars of a variable, or memory.</summary>
readonly record struct Place(LowLocal[]? Locals, int Start, int Count, Addr Mem)
{
    public static Place At(Addr mem) => new(null, 0, 0, mem);
    public bool IsMemory => Locals == null;
}

sealed class Home
{
    public required FlatType Flat;
    public LowLocal[]? Scalars;
    public LowSlot? Slot;
    /// <summary>Holds the address; Offset is added to it.</summary>
    public LowLocal? Ptr;
    public long Offset;
    /// <summary>The address may lie in the heap.</summary>
    public bool Heap;
}

sealed partial class FuncLowerer
{
    readonly Dictionary<Local, Home> _homes = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Local> _addressed = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<GoType, Stack<LowSlot>> _freeSlots = new(ReferenceEqualityComparer.Instance);
    readonly List<(GoType Type, LowSlot Slot)> _tempSlots = [];

    // ---- homes

    /// <summary>Variables whose address is taken: by &amp;, by capture by reference. They cannot live in locals.</summary>
    void FindAddressed()
    {
        var targets = DerefTargets();
        Walk.Preorder(_tree.Body!, e =>
        {
            if (e is AddrNode a)
                Address(a.X);
            else if (e is DerefNode d && !targets.Contains(d) && IsBitCast(d) != null)
                return false;
            else if (e is ClosureNode c)
                foreach (var v in c.Func.ClosureVars)
                    if (!v.ByValue && v.Outer != null)
                        _addressed.Add(v.Outer);
            return true;
        }, null);

        void Address(ExprNode x)
        {
            switch (x)
            {
                case LocalNode l: _addressed.Add(l.Local); break;
                case FieldNode { ThroughPtr: false } f: Address(f.X); break;
                case IndexNode { X.Type.Underlying: ArrayType } i: Address(i.X); break;
                case ConvNode { Kind: ConvKind.Nop } c: Address(c.X); break;
            }
        }
    }

    /// <summary>`*(*T)(unsafe.Pointer(&amp;x))` with x and T of one scalar each and one size: the bits of x as a T, no memory needed.</summary>
    static LocalNode? IsBitCast(DerefNode d)
    {
        var x = d.X;
        while (x is ConvNode { Kind: ConvKind.UnsafePointer or ConvKind.Nop, Init: null or { Count: 0 } } c)
            x = c.X;
        if (x is not AddrNode { X: LocalNode l, Init: null or { Count: 0 } } || ReferenceEquals(x, d.X))
            return null;
        var from = Flatten.Of(l.Type);
        var to = Flatten.Of(d.Type);
        return from.IsSingle && to.IsSingle && from.Size == to.Size && from.Scalars[0].Type == LowType.Ptr == (to.Scalars[0].Type == LowType.Ptr) ? l : null;
    }

    /// <summary>Dereferences that are assigned to or have their address taken.</summary>
    HashSet<ExprNode> DerefTargets()
    {
        var set = new HashSet<ExprNode>(ReferenceEqualityComparer.Instance);
        void Target(ExprNode? x)
        {
            while (x is FieldNode { ThroughPtr: false } or IndexNode { X.Type.Underlying: ArrayType } or ConvNode { Kind: ConvKind.Nop })
                x = x switch { FieldNode f => f.X, IndexNode i => i.X, _ => ((ConvNode)x).X };
            if (x is DerefNode)
                set.Add(x);
        }
        Walk.Preorder(_tree.Body!, e =>
        {
            if (e is AddrNode a)
                Target(a.X);
            return true;
        }, s =>
        {
            Walk.Targets(s, Target);
            return true;
        });
        return set;
    }

    LowExpr BitCast(DerefNode d, LocalNode l)
    {
        var place = HomePlace(l.Local);
        var to = Flatten.Of(d.Type).Scalars[0].Type;
        if (place.IsMemory)
            return LoadScalar(place.Mem, to);
        var v = L.Ref(place.Locals![place.Start]);
        return L.IsFloat(v.Type) == L.IsFloat(to) ? L.Conv(to, v) : L.BitCast(to, v);
    }

    bool IsAddressed(Local l) => _addressed.Contains(l);

    Home HomeOf(Local l)
    {
        if (_homes.TryGetValue(l, out var home))
            return home;
        if (l.Owner != _tree && l.Class == LocalClass.Captured)
            throw Bug($"variable {l.Name} of {l.Owner.LinkName} is not captured");
        if (l.OnHeap)
        {
            // Declared by a statement that is never reached first, or not at all: an object of its own.
            home = new Home { Flat = Flatten.Of(l.Type), Ptr = NewTemp(LowType.Ptr, true), Heap = true };
            home.Ptr.Name = "&" + l.Name;
            return _homes[l] = home;
        }
        return Flatten.IsMemory(l.Type) || IsAddressed(l) ? NewSlotHome(l) : NewScalarHome(l);
    }

    Home NewScalarHome(Local l)
    {
        var flat = Flatten.Of(l.Type);
        var scalars = new LowLocal[flat.Scalars.Length];
        for (int i = 0; i < scalars.Length; i++)
        {
            scalars[i] = _low.NewLocal(flat.Scalars[i].Type, l.Name);
            scalars[i].NotTracked = flat.Scalars[i] is { Type: LowType.Ptr, Tracked: false };
        }
        MarkLengths(l.Type, scalars);
        return _homes[l] = new Home { Flat = flat, Scalars = scalars };
    }

    /// <summary>The length (and capacity) of a string or slice. Slices of elements without size can be of any length.</summary>
    static void MarkLengths(GoType type, LowLocal[] scalars)
    {
        if (type.Underlying is SliceType s ? Flatten.SizeOf(s.Elem) > 0 : Predicates.IsString(type))
            for (int i = 1; i < scalars.Length; i++)
                scalars[i].IsLength = true;
    }

    Home NewSlotHome(Local l)
    {
        var flat = Flatten.Of(l.Type);
        var slot = _low.NewSlot(flat.Size, flat.Align, flat.PtrWords, l.Name);
        slot.AddrTaken = IsAddressed(l);
        return _homes[l] = new Home { Flat = flat, Slot = slot };
    }

    /// <summary>Allocates the variable's object now.</summary>
    Home NewHeapHome(Local l)
    {
        if (!_homes.TryGetValue(l, out var home))
        {
            home = new Home { Flat = Flatten.Of(l.Type), Ptr = NewTemp(LowType.Ptr, true), Heap = true };
            home.Ptr.Name = "&" + l.Name;
            _homes[l] = home;
        }
        Assign(home.Ptr!, NewVariable(l.Type));
        return home;
    }

    Addr HomeAddr(Home h) =>
        h.Slot is { Size: 0 } ? new Addr(L.GlobalAddr(ZeroBase), AddrKind.Stack) : h.Slot != null ? new Addr(L.SlotAddr(h.Slot), AddrKind.Stack) : new Addr(L.Ref(h.Ptr!), h.Heap ? AddrKind.Heap : AddrKind.Stack, h.Offset);

    Place HomePlace(Home h) => h.Scalars != null ? new Place(h.Scalars, 0, h.Scalars.Length, default) : Place.At(HomeAddr(h));
    Place HomePlace(Local l) => HomePlace(HomeOf(l));

    /// <summary>A slot of which pointers exist: it lives as long as they do.</summary>
    LowSlot AddressedSlot(long size, int align, bool[]? ptrWords, string? name)
    {
        var s = _low.NewSlot(size, align, ptrWords, name);
        s.AddrTaken = true;
        return s;
    }

    LowSlot AddressedSlot(GoType type, string? name)
    {
        var f = Flatten.Of(type);
        return AddressedSlot(f.Size, f.Align, f.PtrWords, name);
    }

    /// <summary>A slot for a value of the type until the end of the current statement. Its content is undefined.</summary>
    LowSlot TempSlot(GoType type)
    {
        LowSlot slot;
        if (_freeSlots.TryGetValue(type, out var free) && free.Count > 0)
            slot = free.Pop();
        else
        {
            var f = Flatten.Of(type);
            slot = _low.NewSlot(f.Size, f.Align, f.PtrWords, null);
        }
        _tempSlots.Add((type, slot));
        return slot;
    }

    int TempMark => _tempSlots.Count;

    void ReleaseTemps(int mark)
    {
        for (int i = _tempSlots.Count - 1; i >= mark; i--)
        {
            var (type, slot) = _tempSlots[i];
            if (!_freeSlots.TryGetValue(type, out var free))
                _freeSlots.Add(type, free = new Stack<LowSlot>());
            free.Push(slot);
        }
        _tempSlots.RemoveRange(mark, _tempSlots.Count - mark);
    }

    // ---- locals

    LowLocal NewTemp(LowType type, bool tracked = true)
    {
        var l = _low.NewLocal(type);
        l.NotTracked = type == LowType.Ptr && !tracked;
        return l;
    }

    void Assign(LowLocal local, LowExpr value) => Emit(new LowAssign { Local = local, Value = value });

    static LowExpr[] Refs(LowLocal[] locals)
    {
        var refs = new LowExpr[locals.Length];
        for (int i = 0; i < refs.Length; i++)
            refs[i] = L.Ref(locals[i]);
        return refs;
    }

    LowExpr InTemp(LowExpr e)
    {
        var t = NewTemp(IsBoolExpr(e) ? LowType.U8 : e.Type, IsTracked(e));
        Assign(t, e);
        return L.Ref(t);
    }

    /// <summary>Comparisons and their combinations stand for booleans.</summary>
    static bool IsBoolExpr(LowExpr e) =>
        e is LowBin b && (L.IsCompare(b.Op) || (b.Op is LowOp.And or LowOp.Or && b.Type == LowType.I32 && IsBoolExpr(b.A)));

    /// <summary>Type words and static addresses need not be seen by the collector.</summary>
    static bool IsTracked(LowExpr e) => e switch
    {
        LowTypeAddr or LowItabAddr or LowFuncVal or LowGlobalAddr or LowStringAddr or LowCodePtr or LowG => false,
        LowLocalRef r => !r.Local.NotTracked,
        LowSelect s => IsTracked(s.A) || IsTracked(s.B),
        _ => true,
    };

    /// <summary>The expression itself if it is free to repeat, else a local that holds its value.</summary>
    LowExpr Use(LowExpr e) => L.IsSimple(e) ? e : InTemp(e);

    /// <summary>As <see cref="Use"/>, and independent of later assignments to variables.</summary>
    LowExpr Keep(LowExpr e) => L.IsInvariant(e) ? e : InTemp(e);

    LowExpr[] Materialize(LowExpr[] scalars)
    {
        var r = new LowExpr[scalars.Length];
        for (int i = 0; i < r.Length; i++)
            r[i] = Keep(scalars[i]);
        return r;
    }

    LowExpr[] UseAll(LowExpr[] scalars)
    {
        var r = new LowExpr[scalars.Length];
        for (int i = 0; i < r.Length; i++)
            r[i] = Use(scalars[i]);
        return r;
    }

    /// <summary>An address whose parts may be repeated.</summary>
    Addr Stable(Addr a) => a with { Base = Use(a.Base), Index = a.Index == null ? null : Use(a.Index) };

    // ---- loads

    static LowExpr LoadScalar(Addr a, FlatScalar s) => L.Load(s.Type, a.BaseAndIndex, a.Offset + s.Offset);
    static LowExpr LoadScalar(Addr a, LowType type, long offset = 0) => L.Load(type, a.BaseAndIndex, a.Offset + offset);

    LowExpr[] LoadScalars(Addr a, FlatType flat)
    {
        if (flat.Scalars.Length > 1)
            a = Stable(a);
        var r = new LowExpr[flat.Scalars.Length];
        for (int i = 0; i < r.Length; i++)
            r[i] = LoadScalar(a, flat.Scalars[i]);
        return r;
    }

    LowExpr[] LoadPlace(Place p, FlatType flat) => p.IsMemory ? LoadScalars(p.Mem, flat) : Refs(p.Locals!.AsSpan(p.Start, p.Count).ToArray());

    /// <summary>The scalars of a value of a scalar type.</summary>
    LowExpr[] ScalarsOf(Val v, GoType type) => v.Scalars ?? LoadScalars(v.Mem, Flatten.Of(type));

    /// <summary>A copy of the value that nothing later changes.</summary>
    Val CopyOut(Val v, GoType type)
    {
        var flat = Flatten.Of(type);
        if (!flat.IsMemory)
            return new Val(Materialize(ScalarsOf(v, type)), default);
        var slot = TempSlot(type);
        CopyMemory(new Addr(L.SlotAddr(slot), AddrKind.Stack), v.Mem, type, false);
        return Val.At(new Addr(L.SlotAddr(slot), AddrKind.Stack));
    }

    // ---- stores

    /// <summary>A fresh object's words lose nothing, and nobody else knows it yet: no kind of barrier needs to see what they get.</summary>
    static bool NeedsBarrier(Addr dst) => dst.Kind == AddrKind.Heap;

    void StoreScalar(Addr dst, LowType type, LowExpr value, bool tracked, long offset = 0)
    {
        if (dst.Kind == AddrKind.Fresh && value is LowConst { Bits: 0 })
            return;
        var addr = dst.BaseAndIndex;
        long off = dst.Offset + offset;
        L.Fold(ref addr, ref off);
        Emit(new LowStore { StoreType = type, Addr = addr, Offset = off, Value = value, Barrier = type == LowType.Ptr && tracked && NeedsBarrier(dst) });
    }

    /// <summary>Stores all scalars; all of them are read before the first is written.</summary>
    void StoreScalars(Addr dst, FlatType flat, LowExpr[] values)
    {
        if (values.Length > 1)
        {
            dst = Stable(dst);
            for (int i = 1; i < values.Length; i++)
                if (L.HasLoad(values[i]))
                    values[i] = InTemp(values[i]);
        }
        for (int i = 0; i < values.Length; i++)
        {
            var s = flat.Scalars[i];
            StoreScalar(dst, s.Type, values[i], s.Tracked, s.Offset);
        }
    }

    void AssignLocals(LowLocal[] locals, int start, LowExpr[] values)
    {
        for (int i = 1; i < values.Length; i++)
            for (int k = 0; k < i; k++)
                if (!L.IsInvariant(values[i]) && L.Reads(values[i], locals[start + k]))
                {
                    values[i] = InTemp(values[i]);
                    break;
                }
        for (int i = 0; i < values.Length; i++)
            if (values[i] is not LowLocalRef r || r.Local != locals[start + i])
                Assign(locals[start + i], values[i]);
    }

    void StoreVal(Place p, Val v, GoType type)
    {
        var flat = Flatten.Of(type);
        if (flat.IsMemory)
            CopyMemory(p.Mem, v.Mem, type, true);
        else if (p.IsMemory)
            StoreScalars(p.Mem, flat, [.. ScalarsOf(v, type)]);
        else
            AssignLocals(p.Locals!, p.Start, [.. ScalarsOf(v, type)]);
    }

    /// <summary>Copies a value of the type.</summary>
    void CopyMemory(Addr dst, Addr src, GoType type, bool mayOverlap)
    {
        var flat = Flatten.Of(type);
        if (flat.Size == 0)
            return;
        if (dst == src)
            return;
        bool barrier = NeedsBarrier(dst) && flat.HasPointers;
        Emit(new LowCopy { Dst = dst.Expr, Src = src.Expr, Size = L.I64(flat.Size), MayOverlap = mayOverlap, BarrierType = barrier ? type : null });
    }

    void ZeroMemory(Addr dst, GoType type)
    {
        var flat = Flatten.Of(type);
        if (flat.Size == 0 || dst.Kind == AddrKind.Fresh)
            return;
        if (!flat.IsMemory && flat.Scalars.Length <= 4)
        {
            var zeros = new LowExpr[flat.Scalars.Length];
            for (int i = 0; i < zeros.Length; i++)
                zeros[i] = L.Zero(flat.Scalars[i].Type);
            StoreScalars(dst, flat, zeros);
            return;
        }
        if (dst is { Base: LowSlotAddr { Offset: 0 } s, Offset: 0, Index: null } && s.Slot.Size == flat.Size)
            Emit(new LowZeroSlot { Slot = s.Slot });
        else
            Emit(new LowZero { Dst = dst.Expr, Size = L.I64(flat.Size), BarrierType = dst.Kind != AddrKind.Stack && flat.HasPointers ? type : null });
    }

    static LowExpr[] Zeros(FlatType flat)
    {
        var zeros = new LowExpr[flat.Scalars.Length];
        for (int i = 0; i < zeros.Length; i++)
            zeros[i] = L.Zero(flat.Scalars[i].Type);
        return zeros;
    }

    /// <summary>Puts scalars where a pointer to them can be passed: in a fresh temporary slot.</summary>
    LowSlot Spill(LowExpr[] scalars, GoType type)
    {
        var slot = TempSlot(type);
        StoreScalars(new Addr(L.SlotAddr(slot), AddrKind.Stack), Flatten.Of(type), scalars);
        return slot;
    }

    // ---- checks

    /// <summary>Faults when p is nil; returns p in a form that may be repeated.</summary>
    LowExpr NonNil(LowExpr p)
    {
        p = Use(p);
        if (!IsNeverNil(p))
            Emit(new LowNilCheck { Ptr = p });
        return p;
    }

    static bool IsNeverNil(LowExpr p) =>
        p is LowSlotAddr or LowGlobalAddr or LowStringAddr or LowTypeAddr or LowItabAddr or LowFuncVal or LowG or LowCtx;

    void Check(LowExpr cond, string panic, params LowExpr[] args)
    {
        if (cond is LowConst { Bits: not 0 })
            return;
        Emit(new LowCheck { Cond = cond, Panic = panic, Args = [.. args] });
    }

    // ---- runtime calls

    /// <summary>Calls a runtime function; the results are in fresh locals.</summary>
    LowExpr[] CallRuntime(string symbol, params LowExpr[] args)
    {
        if (!Abi.RuntimeFn.All.TryGetValue(symbol, out var sig))
            throw Bug($"unknown runtime function {symbol}");
        if (sig.Params.Length != args.Length)
            throw Bug($"{symbol} takes {sig.Params.Length} arguments, not {args.Length}");
        var call = new LowCall { Kind = LowCallKind.Runtime, Symbol = symbol, NoReturn = sig.NoReturn };
        for (int i = 0; i < args.Length; i++)
        {
            var want = CallConv.OfLetter(sig.Params[i]);
            call.Args.Add(args[i].Type == want || L.IsFloat(want) ? args[i] : Coerce(args[i], want));
        }
        var results = new LowExpr[sig.Results.Length];
        for (int i = 0; i < results.Length; i++)
        {
            var t = NewTemp(CallConv.OfLetter(sig.Results[i]));
            call.ResultTypes.Add(t.Type);
            call.Results.Add(t);
            results[i] = L.Ref(t);
        }
        Emit(call);
        if (sig.NoReturn)
            Terminate(new LowUnreachable());
        return results;
    }

    LowExpr CallRuntime1(string symbol, params LowExpr[] args) => CallRuntime(symbol, args)[0];

    static LowExpr Coerce(LowExpr e, LowType want)
    {
        if (want == LowType.U8 && e is LowBin b && L.IsCompare(b.Op))
            return e;
        return L.Conv(want, e);
    }

    /// <summary>A zeroed object of the type; the shared address for types of size zero.</summary>
    LowExpr NewObject(GoType type) =>
        Flatten.SizeOf(type) == 0 ? L.GlobalAddr(ZeroBase) : CallRuntime1("runtime.newobject", L.TypeAddr(type));

    Global ZeroBase => _lowerer.Extern("runtime.zerobase", Universe.Uintptr);
    Global ZeroVal => _lowerer.Extern("runtime.zeroVal", s_zeroValType);
    static readonly ArrayType s_zeroValType = new(Universe.Byte, 1024);
    static readonly ArrayType s_staticUint64s = new(Universe.Basic(BasicKind.Uint64), 256);
    Global StaticUint64s => _lowerer.Extern("runtime.staticuint64s", s_staticUint64s);
}

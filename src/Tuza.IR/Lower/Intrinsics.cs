// Functions of std that become instructions: bit operations, float rounding, atomics, and the few that only a compiler can write.
//
// Pure ones (IsPure) depend on their arguments alone and never fail, so they are ordinary operators for the order of evaluation. Atomic stores
// are exchanges, as on amd64 under gc: sequentially consistent.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class Intrinsics
{
    delegate Val[] Maker(FuncLowerer f, CallNode c);

    static readonly Dictionary<string, Maker> s_all = [];
    static readonly HashSet<string> s_pure = [];

    /// <summary>Calls of the function are replaced by instructions; it should not be inlined.</summary>
    public static bool IsIntrinsic(Function f) => s_all.ContainsKey(NameOf(f));

    public static bool Has(string symbol) => s_all.ContainsKey(symbol);

    /// <summary>The symbol; instances of the one generic intrinsic share it.</summary>
    static string NameOf(Function f)
    {
        const string EscapeNonString = "internal/abi.EscapeNonString";
        return f.IsInstance && f.LinkName.StartsWith(EscapeNonString, StringComparison.Ordinal) ? EscapeNonString : f.LinkName;
    }

    internal static bool IsPure(CallNode c) => c.StaticCallee is { } f && s_pure.Contains(f.LinkName);

    internal static bool TryLower(FuncLowerer f, CallNode c, out Val[] vals)
    {
        if (c.StaticCallee is { } callee && s_all.TryGetValue(NameOf(callee), out var make))
        {
            vals = make(f, c);
            return true;
        }
        vals = [];
        return false;
    }

    static void Pure(string name, Func<LowExpr[], LowExpr> make)
    {
        s_pure.Add(name);
        s_all.Add(name, (f, c) => [Val.Of(make(f.IntrinsicArgs(c)))]);
    }

    static void Pure(string name, Func<LowExpr[], LowExpr[]> make)
    {
        s_pure.Add(name);
        s_all.Add(name, (f, c) => Array.ConvertAll(make(f.IntrinsicArgs(c)), static x => Val.Of(x)));
    }

    static Intrinsics()
    {
        Bits();
        Floats();
        foreach (var (type, name) in new[] { (LowType.I32, "Int32"), (LowType.I64, "Int64"), (LowType.U32, "Uint32"), (LowType.U64, "Uint64"), (LowType.U64, "Uintptr") })
        {
            const string P = "sync/atomic.";
            Load(P + "Load" + name, type);
            Store(P + "Store" + name, type);
            Exchange(P + "Swap" + name, type);
            Add(P + "Add" + name, type);
            Cas(P + "CompareAndSwap" + name, type);
            Logic(P + "And" + name, type, LowAtomicKind.And);
            Logic(P + "Or" + name, type, LowAtomicKind.Or);
        }
        Load("sync/atomic.LoadPointer", LowType.Ptr);
        RuntimeAtomics();
        Machine();
    }

    // ---- bits

    static LowExpr Conv64(LowExpr e) => L.Conv(LowType.I64, e);

    static LowExpr Len(LowExpr x) =>
        Conv64(L.Bin(LowOp.Sub, LowType.I32, L.Int(LowType.I32, L.Bits(x.Type)), L.Un(LowOp.Lzcnt, LowType.I32, x)));

    static void Bits()
    {
        foreach (string p in new[] { "math/bits.", "internal/runtime/sys." })
        {
            foreach (string n in new[] { "8", "16", "32", "64", "" })
            {
                Pure(p + "Len" + n, static a => Len(a[0]));
                Pure(p + "TrailingZeros" + n, static a => Conv64(L.Un(LowOp.Tzcnt, LowType.I32, a[0])));
                Pure(p + "LeadingZeros" + n, static a => Conv64(L.Un(LowOp.Lzcnt, LowType.I32, a[0])));
                Pure(p + "OnesCount" + n, static a => Conv64(L.Un(LowOp.Popcnt, LowType.I32, a[0])));
                if (p != "math/bits.")
                    continue;
                Pure(p + "RotateLeft" + n, static a =>
                    L.Bin(LowOp.RotL, a[0].Type, a[0], L.Bin(LowOp.And, LowType.I32, L.Conv(LowType.I32, a[1]), L.Int(LowType.I32, L.Bits(a[0].Type) - 1))));
                if (n != "8")
                    Pure(p + "ReverseBytes" + n, static a => L.Un(LowOp.Bswap, a[0].Type, a[0]));
            }
        }
        Pure("internal/runtime/sys.Bswap32", static a => L.Un(LowOp.Bswap, a[0].Type, a[0]));
        Pure("internal/runtime/sys.Bswap64", static a => L.Un(LowOp.Bswap, a[0].Type, a[0]));
        foreach (string name in new[] { "math/bits.Add64", "math/bits.Add", "internal/runtime/math.Add64" })
            Pure(name, static a =>
            {
                const LowType U = LowType.U64;
                var (x, y) = (a[0], a[1]);
                var sum = a[2] is LowConst { Bits: 0 } ? L.Bin(LowOp.Add, U, x, y) : L.Bin(LowOp.Add, U, L.Bin(LowOp.Add, U, x, y), a[2]);
                // The carry: both top bits, or one of them and no top bit in the sum.
                var carry = a[2] is LowConst { Bits: 0 }
                    ? L.Conv(U, L.Cmp(LowOp.LtU, sum, x))
                    : L.Bin(LowOp.ShrU, U, L.Bin(LowOp.Or, U, L.Bin(LowOp.And, U, x, y), L.Bin(LowOp.AndNot, U, L.Bin(LowOp.Or, U, x, y), sum)), L.Int(LowType.I32, 63));
                return new[] { sum, carry };
            });
        foreach (string name in new[] { "math/bits.Sub64", "math/bits.Sub" })
            Pure(name, static a =>
            {
                const LowType U = LowType.U64;
                var (x, y) = (a[0], a[1]);
                var diff = a[2] is LowConst { Bits: 0 } ? L.Bin(LowOp.Sub, U, x, y) : L.Bin(LowOp.Sub, U, L.Bin(LowOp.Sub, U, x, y), a[2]);
                var borrow = a[2] is LowConst { Bits: 0 }
                    ? L.Conv(U, L.Cmp(LowOp.LtU, x, y))
                    : L.Bin(LowOp.ShrU, U, L.Bin(LowOp.Or, U, L.Bin(LowOp.AndNot, U, y, x), L.Bin(LowOp.And, U, L.Un(LowOp.Not, U, L.Bin(LowOp.Xor, U, x, y)), diff)), L.Int(LowType.I32, 63));
                return new[] { diff, borrow };
            });
        foreach (string name in new[] { "math/bits.Mul64", "math/bits.Mul", "internal/runtime/math.Mul64", "math/big.mulWW" })
            Pure(name, static a => new[] { L.Bin(LowOp.MulHiU, LowType.U64, a[0], a[1]), L.Bin(LowOp.Mul, LowType.U64, a[0], a[1]) });
        Pure("internal/runtime/math.MulUintptr", static a => new[]
        {
            L.Bin(LowOp.Mul, LowType.U64, a[0], a[1]),
            L.Cmp(LowOp.Ne, L.Bin(LowOp.MulHiU, LowType.U64, a[0], a[1]), L.U64(0)),
        });
    }

    static void Floats()
    {
        foreach (var (name, op) in new[]
        {
            ("sqrt", LowOp.Sqrt), ("Sqrt", LowOp.Sqrt), ("Floor", LowOp.Floor), ("Ceil", LowOp.Ceil), ("Trunc", LowOp.Trunc),
            ("RoundToEven", LowOp.RoundEven), ("Abs", LowOp.Abs),
        })
            Pure("math." + name, a => L.Un(op, LowType.F64, a[0]));
        Pure("math.Copysign", static a => L.Bin(LowOp.CopySign, LowType.F64, a[0], a[1]));
        Pure("math.FMA", static a => new LowBin { Type = LowType.F64, Op = LowOp.Fma3, A = a[0], B = a[1], C = a[2] });
        Pure("math.Float64bits", static a => L.BitCast(LowType.U64, a[0]));
        Pure("math.Float64frombits", static a => L.BitCast(LowType.F64, a[0]));
        Pure("math.Float32bits", static a => L.BitCast(LowType.U32, a[0]));
        Pure("math.Float32frombits", static a => L.BitCast(LowType.F32, a[0]));
    }

    // ---- atomics

    static void Load(string name, LowType type) => s_all.Add(name, (f, c) => [Val.Of(f.AtomicLoad(type, f.IntrinsicArgs(c)[0]))]);

    static void Store(string name, LowType type) => s_all.Add(name, (f, c) =>
    {
        var a = f.IntrinsicArgs(c);
        f.Atomic(LowAtomicKind.Xchg, type, a, false, null);
        return [];
    });

    static void Exchange(string name, LowType type) =>
        s_all.Add(name, (f, c) => [Val.Of(f.Atomic(LowAtomicKind.Xchg, type, f.IntrinsicArgs(c), false, type)!)]);

    static void Add(string name, LowType type) =>
        s_all.Add(name, (f, c) => [Val.Of(f.Atomic(LowAtomicKind.Xadd, type, f.IntrinsicArgs(c), true, type)!)]);

    static void Cas(string name, LowType type) =>
        s_all.Add(name, (f, c) => [Val.Of(f.Atomic(LowAtomicKind.Cas, type, f.IntrinsicArgs(c), false, LowType.U8)!)]);

    static void Logic(string name, LowType type, LowAtomicKind kind, bool result = true) =>
        s_all.Add(name, (f, c) =>
        {
            var r = f.Atomic(kind, type, f.IntrinsicArgs(c), false, result ? type : null);
            return r == null ? [] : [Val.Of(r)];
        });

    static void RuntimeAtomics()
    {
        const string P = "internal/runtime/atomic.";
        foreach (var (n, t) in new[]
        {
            ("Load", LowType.U32), ("Load8", LowType.U8), ("Load64", LowType.U64), ("LoadAcq", LowType.U32), ("LoadAcq64", LowType.U64),
            ("LoadAcquintptr", LowType.U64), ("Loadp", LowType.Ptr), ("Loadint32", LowType.I32), ("Loadint64", LowType.I64),
            ("Loaduint", LowType.U64), ("Loaduintptr", LowType.U64),
        })
            Load(P + n, t);
        foreach (var (n, t) in new[]
        {
            ("Store", LowType.U32), ("Store64", LowType.U64), ("StoreRel", LowType.U32), ("StoreRel64", LowType.U64),
            ("StoreReluintptr", LowType.U64), ("StorepNoWB", LowType.Ptr), ("Storeint32", LowType.I32), ("Storeint64", LowType.I64), ("Storeuintptr", LowType.U64),
        })
            Store(P + n, t);
        s_all.Add(P + "Store8", static (f, c) =>
        {
            var a = f.IntrinsicArgs(c);
            f.VolatileStore(LowType.U8, a[0], a[1]);
            return [];
        });
        foreach (var (n, t) in new[] { ("Xchg", LowType.U32), ("Xchg8", LowType.U8), ("Xchg64", LowType.U64), ("Xchgint32", LowType.I32), ("Xchgint64", LowType.I64), ("Xchguintptr", LowType.U64) })
            Exchange(P + n, t);
        foreach (var (n, t) in new[] { ("Xadd", LowType.U32), ("Xadd64", LowType.U64), ("Xaddint32", LowType.I32), ("Xaddint64", LowType.I64), ("Xadduintptr", LowType.U64) })
            Add(P + n, t);
        foreach (var (n, t) in new[]
        {
            ("Cas", LowType.U32), ("CasRel", LowType.U32), ("Cas64", LowType.U64), ("Casint32", LowType.I32), ("Casint64", LowType.I64),
            ("Casuintptr", LowType.U64), ("Casp1", LowType.Ptr),
        })
            Cas(P + n, t);
        Logic(P + "And", LowType.U32, LowAtomicKind.And, false);
        Logic(P + "Or", LowType.U32, LowAtomicKind.Or, false);
        foreach (var (n, t) in new[] { ("32", LowType.U32), ("64", LowType.U64), ("uintptr", LowType.U64) })
        {
            Logic(P + "And" + n, t, LowAtomicKind.And);
            Logic(P + "Or" + n, t, LowAtomicKind.Or);
        }
        s_all.Add(P + "And8", static (f, c) => f.AtomicByte(LowAtomicKind.And, f.IntrinsicArgs(c)));
        s_all.Add(P + "Or8", static (f, c) => f.AtomicByte(LowAtomicKind.Or, f.IntrinsicArgs(c)));
    }

    // ---- the machine

    static void Machine()
    {
        const string Sys = "internal/runtime/sys.";
        s_all.Add(Sys + "GetCallerPC", static (_, _) => [Val.Of(L.U64(0))]);
        s_all.Add(Sys + "GetCallerSP", static (_, _) => [Val.Of(new LowFrameToken { Type = LowType.U64 })]);
        s_all.Add(Sys + "GetClosurePtr", static (_, _) => [Val.Of(L.Conv(LowType.U64, new LowCtx { Type = LowType.Ptr }))]);
        foreach (string n in new[] { "Prefetch", "PrefetchStreamed" })
            s_all.Add(Sys + n, static (f, c) =>
            {
                f.IntrinsicArgs(c);
                return [];
            });
        Pure("crypto/internal/constanttime.boolToUint8", static a => L.Conv(LowType.U8, a[0]));
        Pure("crypto/internal/constanttime.Select", static a => L.Select(L.Cmp(LowOp.Ne, a[0], L.I64(0)), a[1], a[2]));
        s_all.Add("internal/abi.FuncPCABI0", static (f, c) => [Val.Of(f.FuncPC(c))]);
        s_all.Add("internal/abi.FuncPCABIInternal", static (f, c) => [Val.Of(f.FuncPC(c))]);
        // Only escape analysis cares; the argument is evaluated.
        s_all.Add("internal/abi.EscapeNonString", static (f, c) =>
        {
            f.IntrinsicArgs(c);
            return [];
        });
        s_all.Add("runtime.KeepAlive", static (f, c) =>
        {
            f.KeepArgAlive(c);
            return [];
        });
        s_all.Add("runtime.deferrangefunc", static (f, _) => f.DeferRangeToken());
    }
}

sealed partial class FuncLowerer
{
    /// <summary>The scalar arguments of an intrinsic, in a form that may be repeated.</summary>
    internal LowExpr[] IntrinsicArgs(CallNode c)
    {
        var args = new List<LowExpr>();
        foreach (var a in c.Args)
            args.AddRange(Scalars(a));
        return UseAll([.. args]);
    }

    internal LowExpr AtomicLoad(LowType type, LowExpr p) => InTemp(L.Load(type, NonNil(p), 0, true));

    internal void VolatileStore(LowType type, LowExpr p, LowExpr value) =>
        Emit(new LowStore { StoreType = type, Addr = NonNil(p), Value = value, Volatile = true });

    internal LowExpr? Atomic(LowAtomicKind kind, LowType type, LowExpr[] args, bool returnsNew, LowType? result)
    {
        var local = result is { } t ? NewTemp(t) : null;
        Emit(new LowAtomic { Kind = kind, MemType = type, Addr = NonNil(args[0]), Args = [.. args[1..]], Result = local, ReturnsNew = returnsNew });
        return local == null ? null : L.Ref(local);
    }

    /// <summary>And8, Or8: on the aligned 32-bit word around the byte.</summary>
    internal Val[] AtomicByte(LowAtomicKind kind, LowExpr[] args)
    {
        const LowType U = LowType.U32;
        var p = NonNil(args[0]);
        var word = L.Conv(LowType.U64, p);
        var shift = L.Bin(LowOp.Shl, LowType.I32, L.Conv(LowType.I32, L.Bin(LowOp.And, LowType.U64, word, L.U64(3))), L.Int(LowType.I32, 3));
        shift = Use(shift);
        var v = L.Bin(LowOp.Shl, U, L.Conv(U, args[1]), shift);
        if (kind == LowAtomicKind.And)
            v = L.Bin(LowOp.Or, U, v, L.Un(LowOp.Not, U, L.Bin(LowOp.Shl, U, L.Int(U, 0xff), shift)));
        var aligned = InTemp(L.PtrAdd(p, L.Un(LowOp.Neg, LowType.I64, L.Conv(LowType.I64, L.Bin(LowOp.And, LowType.U64, word, L.U64(3))))));
        Emit(new LowAtomic { Kind = kind, MemType = U, Addr = aligned, Args = [v] });
        return [];
    }

    /// <summary>The code word of a function given as an interface value.</summary>
    internal LowExpr FuncPC(CallNode c)
    {
        var x = c.Args[0];
        while (x is ConvNode conv && !_done.ContainsKey(x))
            x = conv.X;
        if (x is FuncNode f)
            return L.Conv(LowType.U64, new LowCodePtr { Type = LowType.Ptr, Func = f.Func });
        var s = Scalars(x);
        return L.Load(LowType.U64, NonNil(s[^1]));
    }

    internal void KeepArgAlive(CallNode c)
    {
        var x = c.Args[0];
        if (x is ConvNode { Kind: ConvKind.ToInterface } conv && !_done.ContainsKey(x) && !Flatten.IsMemory(conv.X.Type))
            x = conv.X;
        foreach (var s in Scalars(x))
            if (s.Type == LowType.Ptr)
                KeepAlive(s);
    }

    /// <summary>runtime.deferrangefunc: a value of type any that names this frame for deferprocat.</summary>
    internal Val[] DeferRangeToken()
    {
        var token = new LowFrameToken { Type = LowType.U64 };
        var result = new[] { NewTemp(LowType.Ptr, false), NewTemp(LowType.Ptr) };
        Emit(new LowCall
        {
            Kind = LowCallKind.Direct,
            Func = _lowerer.Symbol("runtime.deferrangefunc", [token], 2),
            Args = [token],
            ResultTypes = [LowType.Ptr, LowType.Ptr],
            Results = [.. result],
        });
        return [new Val(Refs(result), default)];
    }
}

// Makers of low expressions, with the folding that keeps trees small.
//
// Low expressions are immutable once made, so they may be shared between parents. "Simple" expressions (constants, locals, addresses)
// may be repeated freely: they cost nothing and have no inputs that a statement could change in between except locals themselves.

using System;
using System.Numerics;
using Tuza.Types;

namespace Tuza.IR;

static class L
{
    public static readonly LowConst Nil = new() { Type = LowType.Ptr, Bits = 0 };
    public static readonly LowConst True = new() { Type = LowType.U8, Bits = 1 };
    public static readonly LowConst False = new() { Type = LowType.U8, Bits = 0 };

    public static LowConst I64(long v) => new() { Type = LowType.I64, Bits = v };
    public static LowConst U64(ulong v) => new() { Type = LowType.U64, Bits = (long)v };
    public static LowConst Bool(bool v) => v ? True : False;
    /// <summary>An integer constant wrapped to its type.</summary>
    public static LowConst Int(LowType type, long v) => new() { Type = type, Bits = Wrap(type, v) };
    public static LowConst Float(LowType type, double v) => new() { Type = type, Bits = BitConverter.DoubleToInt64Bits(type == LowType.F32 ? (float)v : v) };
    public static LowExpr Zero(LowType type) => type == LowType.Ptr ? Nil : new LowConst { Type = type, Bits = 0 };

    public static LowExpr Ref(LowLocal local) => new LowLocalRef { Type = local.Type, Local = local };
    public static LowExpr SlotAddr(LowSlot slot, long offset = 0) => new LowSlotAddr { Type = LowType.Ptr, Slot = slot, Offset = offset };
    public static LowExpr GlobalAddr(Global global, long offset = 0) => new LowGlobalAddr { Type = LowType.Ptr, Global = global, Offset = offset };
    public static LowExpr TypeAddr(GoType type) => new LowTypeAddr { Type = LowType.Ptr, GoType = type };
    public static LowExpr StringAddr(byte[] bytes) => bytes.Length == 0 ? Nil : new LowStringAddr { Type = LowType.Ptr, Bytes = new StringBytes(bytes) };

    public static bool IsFloat(LowType t) => t is LowType.F32 or LowType.F64;
    public static bool IsSigned(LowType t) => t is LowType.I8 or LowType.I16 or LowType.I32 or LowType.I64;
    public static int Bits(LowType t) => Flatten.SizeOfLow(t) * 8;

    /// <summary>What a register of the type holds for the integer v.</summary>
    public static long Wrap(LowType type, long v) => type switch
    {
        LowType.I8 => (sbyte)v,
        LowType.U8 => (byte)v,
        LowType.I16 => (short)v,
        LowType.U16 => (ushort)v,
        LowType.I32 => (int)v,
        LowType.U32 => (uint)v,
        _ => v,
    };

    public static bool IsConst(LowExpr e, out long bits)
    {
        if (e is LowConst c)
        {
            bits = c.Bits;
            return true;
        }
        bits = 0;
        return false;
    }

    public static bool IsConstInt(LowExpr e, out long bits) => IsConst(e, out bits) && !IsFloat(e.Type);

    /// <summary>Free to repeat, and unchanged by anything but an assignment to the local itself.</summary>
    public static bool IsSimple(LowExpr e) =>
        e is LowConst or LowLocalRef or LowSlotAddr or LowGlobalAddr or LowStringAddr or LowTypeAddr or LowItabAddr or LowFuncVal or LowG;

    /// <summary>Does not change while the function runs.</summary>
    public static bool IsInvariant(LowExpr e) =>
        e is LowConst or LowSlotAddr or LowGlobalAddr or LowStringAddr or LowTypeAddr or LowItabAddr or LowFuncVal or LowG;

    public static LowExpr Load(LowType type, LowExpr addr, long offset = 0, bool isVolatile = false)
    {
        Fold(ref addr, ref offset);
        return new LowLoad { Type = type, Addr = addr, Offset = offset, Volatile = isVolatile };
    }

    /// <summary>Moves constant parts between an address and its offset: slot and global addresses carry their offset themselves.</summary>
    public static void Fold(ref LowExpr addr, ref long offset)
    {
        while (addr is LowBin { Op: LowOp.Add, Type: LowType.Ptr, B: LowConst c } add)
        {
            offset += c.Bits;
            addr = add.A;
        }
        if (addr is LowSlotAddr s)
        {
            addr = SlotAddr(s.Slot, s.Offset + offset);
            offset = 0;
        }
        else if (addr is LowGlobalAddr g)
        {
            addr = GlobalAddr(g.Global, g.Offset + offset);
            offset = 0;
        }
    }

    public static LowExpr PtrAdd(LowExpr p, long offset)
    {
        Fold(ref p, ref offset);
        return offset == 0 ? p : new LowBin { Type = LowType.Ptr, Op = LowOp.Add, A = p, B = I64(offset) };
    }

    public static LowExpr PtrAdd(LowExpr p, LowExpr bytes) =>
        bytes is LowConst c ? PtrAdd(p, c.Bits) : new LowBin { Type = LowType.Ptr, Op = LowOp.Add, A = p, B = bytes };

    /// <summary>index · size as I64 bytes.</summary>
    public static LowExpr Scale(LowExpr index, long size)
    {
        if (index is LowConst c)
            return I64(c.Bits * size);
        if (size == 1)
            return index;
        return new LowBin { Type = LowType.I64, Op = LowOp.Mul, A = index, B = I64(size) };
    }

    public static LowExpr Un(LowOp op, LowType type, LowExpr a) => new LowBin { Type = type, Op = op, A = a };

    public static LowExpr Bin(LowOp op, LowType type, LowExpr a, LowExpr b)
    {
        if (!IsFloat(type) && type != LowType.Ptr)
        {
            if (a is LowConst ca && b is LowConst cb && FoldInt(op, type, ca.Bits, cb.Bits) is { } v)
                return Int(type, v);
            if (b is LowConst k)
                switch (op)
                {
                    case LowOp.Add or LowOp.Sub or LowOp.Or or LowOp.Xor or LowOp.Shl or LowOp.ShrS or LowOp.ShrU when k.Bits == 0 && a.Type == type:
                    case LowOp.Mul or LowOp.DivS or LowOp.DivU when k.Bits == 1 && a.Type == type:
                        return a;
                    case LowOp.And or LowOp.Mul when k.Bits == 0 && IsSimple(a):
                        return Int(type, 0);
                }
        }
        return new LowBin { Type = type, Op = op, A = a, B = b };
    }

    static long? FoldInt(LowOp op, LowType type, long a, long b)
    {
        ulong ua = (ulong)a, ub = (ulong)b;
        return op switch
        {
            LowOp.Add => a + b,
            LowOp.Sub => a - b,
            LowOp.Mul => a * b,
            LowOp.And => a & b,
            LowOp.Or => a | b,
            LowOp.Xor => a ^ b,
            LowOp.AndNot => a & ~b,
            LowOp.Shl when ub < 64 => a << (int)ub,
            LowOp.ShrU when ub < 64 && !IsSigned(type) => (long)(ua >> (int)ub),
            LowOp.ShrS when ub < 64 => a >> (int)ub,
            LowOp.DivS when b is not (0 or -1) => a / b,
            LowOp.DivU when b != 0 => (long)(ua / ub),
            LowOp.RemS when b is not (0 or -1) => a % b,
            LowOp.RemU when b != 0 => (long)(ua % ub),
            _ => null,
        };
    }

    /// <summary>A comparison; the result is 0 or 1.</summary>
    public static LowExpr Cmp(LowOp op, LowExpr a, LowExpr b)
    {
        if (a is LowConst ca && b is LowConst cb && !IsFloat(a.Type))
        {
            long x = ca.Bits, y = cb.Bits;
            ulong ux = (ulong)x, uy = (ulong)y;
            return Bool(op switch
            {
                LowOp.Eq => x == y,
                LowOp.Ne => x != y,
                LowOp.LtS => x < y,
                LowOp.LeS => x <= y,
                LowOp.GtS => x > y,
                LowOp.GeS => x >= y,
                LowOp.LtU => ux < uy,
                LowOp.LeU => ux <= uy,
                LowOp.GtU => ux > uy,
                LowOp.GeU => ux >= uy,
                _ => throw new InvalidOperationException($"L.Cmp: {op}"),
            });
        }
        return new LowBin { Type = LowType.I32, Op = op, A = a, B = b };
    }

    public static bool IsCompare(LowOp op) => op is >= LowOp.Eq and <= LowOp.GeU;

    /// <summary>Negates a condition.</summary>
    public static LowExpr Not(LowExpr e)
    {
        if (e is LowConst c)
            return Bool(c.Bits == 0);
        if (e is LowBin b && IsCompare(b.Op) && (!IsFloat(b.A.Type) || b.Op is LowOp.Eq or LowOp.Ne))
            return new LowBin { Type = LowType.I32, Op = Negated(b.Op), A = b.A, B = b.B };
        return new LowBin { Type = LowType.I32, Op = LowOp.Eq, A = e, B = Int(e.Type, 0) };
    }

    public static LowOp Negated(LowOp op) => op switch
    {
        LowOp.Eq => LowOp.Ne,
        LowOp.Ne => LowOp.Eq,
        LowOp.LtS => LowOp.GeS,
        LowOp.LeS => LowOp.GtS,
        LowOp.GtS => LowOp.LeS,
        LowOp.GeS => LowOp.LtS,
        LowOp.LtU => LowOp.GeU,
        LowOp.LeU => LowOp.GtU,
        LowOp.GtU => LowOp.LeU,
        LowOp.GeU => LowOp.LtU,
        _ => throw new InvalidOperationException($"L.Negated: {op}"),
    };

    public static LowExpr Select(LowExpr cond, LowExpr a, LowExpr b) =>
        cond is LowConst c ? (c.Bits != 0 ? a : b) : new LowSelect { Type = a.Type, Cond = cond, A = a, B = b };

    /// <summary>Numeric conversion; reinterprets between Ptr and U64 or I64.</summary>
    public static LowExpr Conv(LowType type, LowExpr a)
    {
        if (a.Type == type)
            return a;
        if (a is LowConst c)
        {
            if (!IsFloat(type) && !IsFloat(a.Type))
                return type == LowType.Ptr ? new LowConst { Type = type, Bits = c.Bits } : Int(type, c.Bits);
            if (IsFloat(type) && IsFloat(a.Type))
                return Float(type, BitConverter.Int64BitsToDouble(c.Bits));
        }
        return new LowConv { Type = type, A = a };
    }

    public static LowExpr BitCast(LowType type, LowExpr a) => a.Type == type ? a : new LowConv { Type = type, A = a, BitCast = true };

    /// <summary>Whether the tree satisfies the predicate anywhere.</summary>
    public static bool Any(LowExpr e, Func<LowExpr, bool> p)
    {
        if (p(e))
            return true;
        return e switch
        {
            LowBin b => Any(b.A, p) || (b.B != null && Any(b.B, p)) || (b.C != null && Any(b.C, p)),
            LowConv c => Any(c.A, p),
            LowLoad l => Any(l.Addr, p),
            LowSelect s => Any(s.Cond, p) || Any(s.A, p) || Any(s.B, p),
            _ => false,
        };
    }

    public static bool HasLoad(LowExpr e) => Any(e, static x => x is LowLoad);
    public static bool Reads(LowExpr e, LowLocal local) => Any(e, x => x is LowLocalRef r && r.Local == local);

    /// <summary>An upper bound of the value as an unsigned number, or null when nothing is known.</summary>
    public static ulong? UpperBound(LowExpr e)
    {
        ulong? byType = e.Type switch { LowType.U8 => 255, LowType.U16 => 65535, LowType.U32 => uint.MaxValue, _ => null };
        switch (e)
        {
            case LowConst c:
                return (ulong)c.Bits;
            case LowConv { BitCast: false } c when !IsFloat(c.A.Type) && !IsFloat(c.Type):
                {
                    ulong? inner = UpperBound(c.A);
                    if (inner is { } u && (e.Type is LowType.I64 or LowType.U64 || u <= (1UL << (Bits(e.Type) - 1)) - 1))
                        return u;
                    return byType;
                }
            case LowBin { Op: LowOp.And } b:
                return Min(UpperBound(b.A), UpperBound(b.B!)) ?? byType;
            case LowBin { Op: LowOp.RemU, B: LowConst { Bits: > 0 } k }:
                return (ulong)k.Bits - 1;
            case LowBin { Op: LowOp.ShrU, B: LowConst { Bits: >= 0 and < 64 } k } b:
                return (UpperBound(b.A) ?? (Bits(b.Type) == 64 ? ulong.MaxValue : null)) >> (int)k.Bits ?? byType;
            case LowBin { Op: LowOp.ShrU } b when b.B != null:
                return UpperBound(b.A) ?? byType;
            case LowBin { Op: LowOp.DivU, B: LowConst { Bits: > 0 } k } b:
                return UpperBound(b.A) / (ulong)k.Bits ?? byType;
            case LowBin b when IsCompare(b.Op):
                return 1;
            default:
                return byType;
        }
    }

    static ulong? Min(ulong? a, ulong? b) => a == null ? b : b == null ? a : Math.Min(a.Value, b.Value);

    /// <summary>The bits of an integer constant of Go as a register of the type holds them.</summary>
    public static LowExpr FromBig(LowType type, BigInteger v) => Int(type, (long)(ulong)(v & ulong.MaxValue));
}

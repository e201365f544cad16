// Expressions: pure trees to stack code, with Go's meaning of every operator.
//
// Integers narrower than 32 bits lie on the stack extended as their type says; whatever may break that is normalised at once. Pointers
// (native int) and 64-bit integers are the same thing to RyuJIT on 64-bit machines and mix freely.

using System;
using System.Reflection.Metadata;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

sealed partial class FunctionEmitter
{
    static bool Is64(LowType t) => t is LowType.I64 or LowType.U64 or LowType.Ptr;
    static bool IsFloat(LowType t) => t is LowType.F32 or LowType.F64;
    static bool IsSigned(LowType t) => t is LowType.I8 or LowType.I16 or LowType.I32 or LowType.I64;

    /// <summary>Pushes e as a value of type t; only the width is adapted.</summary>
    void Expr(LowExpr e, LowType t)
    {
        if (e is LowConst c && c.Type != t && !IsFloat(t) && !IsFloat(c.Type))
        {
            Const(c.Bits, t);
            return;
        }
        Expr(e);
        Convert(e.Type, t);
    }

    /// <summary>Between types of one class that differ in width (a bool kept as int32 in a byte, a pointer taken as integer).</summary>
    void Convert(LowType from, LowType to)
    {
        if (from == to)
            return;
        if (IsFloat(from) || IsFloat(to))
            throw Bug($"value of type {from} where {to} is wanted");
        if (Is64(to) && !Is64(from))
            _il.Unary(IsSigned(from) ? ILOpCode.Conv_i8 : ILOpCode.Conv_u8);
        else if (Is64(from) && !Is64(to))
            Narrow(to);
        else if (!Is64(to) && Flatten.SizeOfLow(to) < 4 && (Flatten.SizeOfLow(from) > Flatten.SizeOfLow(to) || IsSigned(from) != IsSigned(to)))
            Narrow(to);
    }

    void Narrow(LowType to) => _il.Unary(to switch
    {
        LowType.I8 => ILOpCode.Conv_i1,
        LowType.U8 => ILOpCode.Conv_u1,
        LowType.I16 => ILOpCode.Conv_i2,
        LowType.U16 => ILOpCode.Conv_u2,
        _ => ILOpCode.Conv_i4,
    });

    void Normalise(LowType t)
    {
        if (Flatten.SizeOfLow(t) < 4)
            Narrow(t);
    }

    void Const(long bits, LowType t)
    {
        switch (t)
        {
            case LowType.I8: _il.LdcI4((sbyte)bits); break;
            case LowType.U8: _il.LdcI4((byte)bits); break;
            case LowType.I16: _il.LdcI4((short)bits); break;
            case LowType.U16: _il.LdcI4((ushort)bits); break;
            case LowType.I32 or LowType.U32: _il.LdcI4((int)bits); break;
            case LowType.Ptr: _il.LdcI(bits); break;
            case LowType.F32: _il.LdcR4((float)BitConverter.Int64BitsToDouble(bits)); break;
            case LowType.F64: _il.LdcR8(BitConverter.Int64BitsToDouble(bits)); break;
            default: _il.LdcI8(bits); break;
        }
    }

    void Expr(LowExpr e)
    {
        switch (e)
        {
            case LowConst c:
                Const(c.Bits, c.Type);
                break;
            case LowLocalRef l:
                Load(l.Local);
                Convert(l.Local.Type, l.Type);
                break;
            case LowBin b:
                Bin(b);
                break;
            case LowConv c:
                Conv(c);
                break;
            case LowLoad l:
                Address(l.Addr, l.Offset);
                if (l.Volatile)
                    _il.Prefix(ILOpCode.Volatile);
                _il.Unary(MemLoad(l.Type));
                break;
            case LowSelect s:
                Select(s);
                break;
            case LowSlotAddr or LowGlobalAddr or LowStringAddr or LowFuncVal or LowTypeAddr or LowItabAddr:
                Address(e, 0);
                break;
            case LowCodePtr p:
                var callee = _image.ResolveCode(p.Func);
                if (callee.Token != 0)
                    _il.Token(ILOpCode.Ldftn, callee.Token, 0, 1, callee.Name);
                else
                {
                    var shape = CallConv.Of(p.Func);
                    ImportWord(_image.ImportCode(callee.Name, ImageMetadata.Signature(false, shape.Params, shape.Results), _f.Pkg));
                }
                break;
            case LowCtx:
                Load(_frame.Ctx!);
                break;
            case LowFrameToken:
                LdG(nameof(G.StackHi));
                _il.Ldloc(_fp);
                _il.Binary(ILOpCode.Sub);
                break;
            case LowG:
                _il.Ldarg(0);
                break;
            default:
                throw Bug($"unknown expression {e.GetType().Name}");
        }
    }

    /// <summary>Pushes e + offset for an e that is an address.</summary>
    void Address(LowExpr e, long offset)
    {
        switch (e)
        {
            case LowSlotAddr s:
                if (_frame.SlotOffset[s.Slot.Id] == 0)
                    throw Bug($"slot {s.Slot.Id} {s.Slot.Name} has no place");
                FpAdd(_frame.SlotOffset[s.Slot.Id] + s.Offset + offset);
                break;
            case LowGlobalAddr g:
                long at = _image.GlobalOffset(g.Global);
                if (at >= 0)
                    DataAddr(at + g.Offset + offset);
                else
                {
                    ImportWord(_image.ImportGlobal(g.Global));
                    AddConst(g.Offset + offset);
                }
                break;
            case LowStringAddr s:
                DataAddr(_image.StringOffset(s.Bytes) + offset);
                break;
            case LowFuncVal v:
                DataAddr(_image.FuncValOffset(v.Func) + offset);
                break;
            case LowTypeAddr t:
                TypeAddr(t.GoType);
                AddConst(offset);
                break;
            case LowItabAddr i:
                ImportWord(_image.ImportItab(i.Key));
                AddConst(offset);
                break;
            case LowBin { Op: LowOp.Add, B: LowConst c } b when Is64(b.Type) && Is64(b.A.Type):
                Address(b.A, offset + c.Bits);
                break;
            default:
                Expr(e);
                AddConst(offset);
                break;
        }
    }

    void DataAddr(long offset)
    {
        _il.Token(ILOpCode.Ldsfld, _image.DataField, 0, 1, "data");
        AddConst(offset);
    }

    void TypeAddr(GoType t) => ImportWord(_image.ImportType(t));

    /// <summary>A word of the import table, which the loader fills with an address.</summary>
    void ImportWord(int index)
    {
        _il.Token(ILOpCode.Ldsfld, _image.ImportsField, 0, 1, "imports");
        AddConst(8L * index);
        _il.Unary(ILOpCode.Ldind_i);
    }

    void Select(LowSelect s)
    {
        int no = _il.NewLabel(), end = _il.NewLabel();
        BranchIf(s.Cond, no, false);
        Expr(s.A, s.Type);
        _il.Branch(ILOpCode.Br, end);
        // The value of the other side comes to lie where that of the first lay.
        _il.Mark(no);
        Expr(s.B, s.Type);
        _il.Mark(end);
    }

    // ---- operators

    void Bin(LowBin b)
    {
        var t = b.Type;
        var at = b.A.Type;
        switch (b.Op)
        {
            case LowOp.Add: Two(b, at, ILOpCode.Add); Normalise(t); break;
            case LowOp.Sub: Two(b, at, ILOpCode.Sub); Normalise(t); break;
            case LowOp.Mul: Two(b, at, ILOpCode.Mul); Normalise(t); break;
            case LowOp.DivU: Two(b, at, ILOpCode.Div_un); break;
            case LowOp.RemU: Two(b, at, ILOpCode.Rem_un); break;
            case LowOp.DivS or LowOp.RemS: DivS(b); break;
            case LowOp.And: Two(b, at, ILOpCode.And); break;
            case LowOp.Or: Two(b, at, ILOpCode.Or); break;
            case LowOp.Xor: Two(b, at, ILOpCode.Xor); break;
            case LowOp.AndNot:
                Expr(b.A);
                Expr(b.B!, at);
                _il.Unary(ILOpCode.Not);
                _il.Binary(ILOpCode.And);
                break;
            case LowOp.Shl: Shift(b, ILOpCode.Shl); Normalise(t); break;
            case LowOp.ShrS: Shift(b, ILOpCode.Shr); break;
            case LowOp.ShrU: Shift(b, ILOpCode.Shr_un); break;
            case >= LowOp.Eq and <= LowOp.GeU: Compare(b); break;
            case LowOp.Neg: Expr(b.A); _il.Unary(ILOpCode.Neg); Normalise(t); break;
            case LowOp.Not: Expr(b.A); _il.Unary(ILOpCode.Not); Normalise(t); break;
            case LowOp.RotL:
                Expr(b.A);
                Expr(b.B!, LowType.I32);
                Helper(Is64(at) ? nameof(Arith.Rotl64) : Flatten.SizeOfLow(at) switch { 1 => nameof(Arith.Rotl8), 2 => nameof(Arith.Rotl16), _ => nameof(Arith.Rotl32) }, 2, 1);
                Normalise(t);
                break;
            default: Intrinsic(b); break;
        }
        // Bit counts are int32 in C#, whatever Go's result type is.
        if (b.Op is LowOp.Lzcnt or LowOp.Tzcnt or LowOp.Popcnt && Is64(t))
            _il.Unary(ILOpCode.Conv_u8);
    }

    void Two(LowBin b, LowType operand, ILOpCode op)
    {
        Expr(b.A);
        Expr(b.B!, operand);
        _il.Binary(op);
    }

    void DivS(LowBin b)
    {
        bool div = b.Op == LowOp.DivS;
        if (IsFloat(b.A.Type))
        {
            Two(b, b.A.Type, div ? ILOpCode.Div : throw Bug("remainder of floats"));
            return;
        }
        if (b.B is LowConst { Bits: not 0 and not -1 } || Flatten.SizeOfLow(b.A.Type) < 4)
        {
            Two(b, b.A.Type, div ? ILOpCode.Div : ILOpCode.Rem);
            if (div)
                Normalise(b.Type);
            return;
        }
        Expr(b.A);
        Expr(b.B!, b.A.Type);
        Helper((div, Is64(b.A.Type)) switch
        {
            (true, true) => nameof(Arith.Div64),
            (true, false) => nameof(Arith.Div32),
            (false, true) => nameof(Arith.Rem64),
            _ => nameof(Arith.Rem32),
        }, 2, 1);
    }

    void Shift(LowBin b, ILOpCode op)
    {
        Expr(b.A);
        Expr(b.B!, LowType.I32);
        _il.Binary(op);
    }

    void Intrinsic(LowBin b)
    {
        var at = b.A.Type;
        bool f32 = at == LowType.F32;
        int size = Flatten.SizeOfLow(at);
        // Operands of the rounding functions are float64; float32 ones go there and back, which is exact.
        bool widen = f32 && b.Op is LowOp.Floor or LowOp.Ceil or LowOp.Trunc or LowOp.RoundEven;
        Expr(b.A);
        if (widen && f32)
            _il.Unary(ILOpCode.Conv_r8);
        if (b.B != null)
            Expr(b.B, at);
        if (b.C != null)
            Expr(b.C, at);
        string name = b.Op switch
        {
            LowOp.MulHiU => size == 8 ? nameof(Arith.MulHiU) : nameof(Arith.MulHiU32),
            LowOp.MulHiS => size == 8 ? nameof(Arith.MulHiS) : nameof(Arith.MulHiS32),
            LowOp.Sqrt => f32 ? nameof(Arith.Sqrt32) : nameof(Arith.Sqrt),
            LowOp.Floor => nameof(Arith.Floor),
            LowOp.Ceil => nameof(Arith.Ceil),
            LowOp.Trunc => nameof(Arith.Trunc),
            LowOp.RoundEven => nameof(Arith.RoundEven),
            LowOp.Abs => f32 ? nameof(Arith.Abs32) : nameof(Arith.Abs),
            LowOp.CopySign => f32 ? nameof(Arith.CopySign32) : nameof(Arith.CopySign),
            LowOp.Fma3 => f32 ? nameof(Arith.Fma32) : nameof(Arith.Fma),
            LowOp.MinF => f32 ? nameof(Arith.Min32) : nameof(Arith.Min),
            LowOp.MaxF => f32 ? nameof(Arith.Max32) : nameof(Arith.Max),
            LowOp.Lzcnt => "Lzcnt" + N(8 * size),
            LowOp.Tzcnt => "Tzcnt" + N(8 * size),
            LowOp.Popcnt => "Popcnt" + N(8 * size),
            LowOp.Bswap => "Bswap" + N(8 * size),
            _ => throw Bug($"unknown operator {b.Op}"),
        };
        Helper(name, b.C != null ? 3 : b.B != null ? 2 : 1, 1);
        if (widen && f32)
            _il.Unary(ILOpCode.Conv_r4);
    }

    void Compare(LowBin b)
    {
        bool f = IsFloat(b.A.Type);
        Expr(b.A);
        Expr(b.B!, b.A.Type);
        var (op, negate) = b.Op switch
        {
            LowOp.Eq => (ILOpCode.Ceq, false),
            LowOp.Ne => (ILOpCode.Ceq, true),
            LowOp.LtS => (ILOpCode.Clt, false),
            LowOp.GtS => (ILOpCode.Cgt, false),
            // Of floats the negated test must be true for NaN: the unordered forms.
            LowOp.LeS => (f ? ILOpCode.Cgt_un : ILOpCode.Cgt, true),
            LowOp.GeS => (f ? ILOpCode.Clt_un : ILOpCode.Clt, true),
            LowOp.LtU => (ILOpCode.Clt_un, false),
            LowOp.GtU => (ILOpCode.Cgt_un, false),
            LowOp.LeU => (ILOpCode.Cgt_un, true),
            _ => (ILOpCode.Clt_un, true),
        };
        _il.Binary(op);
        if (negate)
        {
            _il.LdcI4(0);
            _il.Binary(ILOpCode.Ceq);
        }
    }

    /// <summary>Branches to label if the condition has the given value.</summary>
    void BranchIf(LowExpr cond, int label, bool sense)
    {
        switch (cond)
        {
            case LowConst c:
                if (c.Bits != 0 == sense)
                    _il.Branch(ILOpCode.Br, label);
                return;
            // !x is written x ^ 1 or x == 0
            case LowBin { Op: LowOp.Xor, B: LowConst { Bits: 1 } } x when IsBool(x.A):
                BranchIf(x.A, label, !sense);
                return;
            case LowBin { Op: LowOp.Eq or LowOp.Ne, B: LowConst { Bits: 0 } } z when !IsFloat(z.A.Type):
                if (IsBool(z.A))
                    BranchIf(z.A, label, sense == (z.Op == LowOp.Ne));
                else
                {
                    Expr(z.A);
                    _il.Branch(sense == (z.Op == LowOp.Ne) ? ILOpCode.Brtrue : ILOpCode.Brfalse, label);
                }
                return;
            case LowBin { Op: >= LowOp.Eq and <= LowOp.GeU } c:
                Expr(c.A);
                Expr(c.B!, c.A.Type);
                _il.Branch(BranchOp(c.Op, sense, IsFloat(c.A.Type)), label);
                return;
            default:
                Expr(cond);
                _il.Branch(sense ? ILOpCode.Brtrue : ILOpCode.Brfalse, label);
                return;
        }
    }

    static bool IsBool(LowExpr e) => e is LowBin { Op: >= LowOp.Eq and <= LowOp.GeU };

    static ILOpCode BranchOp(LowOp op, bool sense, bool f) => (op, sense) switch
    {
        (LowOp.Eq, true) or (LowOp.Ne, false) => ILOpCode.Beq,
        (LowOp.Eq, false) or (LowOp.Ne, true) => ILOpCode.Bne_un,
        (LowOp.LtS, true) => ILOpCode.Blt,
        (LowOp.LeS, true) => ILOpCode.Ble,
        (LowOp.GtS, true) => ILOpCode.Bgt,
        (LowOp.GeS, true) => ILOpCode.Bge,
        // The negation of a float comparison holds for NaN too.
        (LowOp.LtS, false) => f ? ILOpCode.Bge_un : ILOpCode.Bge,
        (LowOp.LeS, false) => f ? ILOpCode.Bgt_un : ILOpCode.Bgt,
        (LowOp.GtS, false) => f ? ILOpCode.Ble_un : ILOpCode.Ble,
        (LowOp.GeS, false) => f ? ILOpCode.Blt_un : ILOpCode.Blt,
        (LowOp.LtU, true) or (LowOp.GeU, false) => ILOpCode.Blt_un,
        (LowOp.LeU, true) or (LowOp.GtU, false) => ILOpCode.Ble_un,
        (LowOp.GtU, true) or (LowOp.LeU, false) => ILOpCode.Bgt_un,
        _ => ILOpCode.Bge_un,
    };

    // ---- conversions

    void Conv(LowConv c)
    {
        var from = c.A.Type;
        var to = c.Type;
        Expr(c.A);
        if (from == to)
            return;
        if (c.BitCast && IsFloat(from) != IsFloat(to))
        {
            Helper((from, to) switch
            {
                (LowType.F64, _) => nameof(Arith.Bits64),
                (LowType.F32, _) => nameof(Arith.Bits32),
                (_, LowType.F64) => nameof(Arith.FromBits64),
                // Known bits would be folded by way of a double, which makes signaling NaNs quiet.
                _ when c.A is LowConst => nameof(Arith.FromKnownBits32),
                _ => nameof(Arith.FromBits32),
            }, 1, 1);
            return;
        }
        if (IsFloat(from))
            FromFloat(from == LowType.F32, to);
        else if (IsFloat(to))
            ToFloat(from, to == LowType.F32);
        else
            Convert(from, to);
    }

    void FromFloat(bool f32, LowType to)
    {
        switch (to)
        {
            case LowType.F32: _il.Unary(ILOpCode.Conv_r4); break;
            case LowType.F64: _il.Unary(ILOpCode.Conv_r8); break;
            case LowType.I64: Helper(f32 ? nameof(Arith.F32ToI64) : nameof(Arith.F64ToI64), 1, 1); break;
            case LowType.U64 or LowType.Ptr: Helper(f32 ? nameof(Arith.F32ToU64) : nameof(Arith.F64ToU64), 1, 1); break;
            case LowType.U32:
                Helper(f32 ? nameof(Arith.F32ToI64) : nameof(Arith.F64ToI64), 1, 1);
                _il.Unary(ILOpCode.Conv_i4);
                break;
            default:
                Helper(f32 ? nameof(Arith.F32ToI32) : nameof(Arith.F64ToI32), 1, 1);
                Normalise(to);
                break;
        }
    }

    void ToFloat(LowType from, bool f32)
    {
        if (from is LowType.U64 or LowType.Ptr)
        {
            Helper(f32 ? nameof(Arith.U64ToF32) : nameof(Arith.U64ToF64), 1, 1);
            return;
        }
        if (from == LowType.U32)
            _il.Unary(ILOpCode.Conv_u8);
        _il.Unary(f32 ? ILOpCode.Conv_r4 : ILOpCode.Conv_r8);
    }
}

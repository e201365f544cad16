// Numbers: arithmetic, shifts, division with its checks, complex numbers, conversions.

using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    static bool IsComplex(GoType t) => t.Underlying is BasicType { Kind: BasicKind.Complex64 or BasicKind.Complex128 or BasicKind.UntypedComplex };

    LowExpr[] Unary(UnaryNode u)
    {
        var x = Scalars(u.X);
        switch (u.Op)
        {
            case Token.Add: return x;
            case Token.Sub:
                var r = new LowExpr[x.Length];
                for (int i = 0; i < r.Length; i++)
                    r[i] = x[i] is LowConst c && !L.IsFloat(c.Type) ? L.Int(c.Type, -c.Bits) : L.Un(LowOp.Neg, x[i].Type, x[i]);
                return r;
            case Token.Not: return [L.Not(x[0])];
            case Token.Xor: return [x[0] is LowConst k ? L.Int(k.Type, ~k.Bits) : L.Un(LowOp.Not, x[0].Type, x[0])];
            default: throw Bug($"unary {u.Op}");
        }
    }

    LowExpr[] Binary(Token op, GoType type, ExprNode xNode, ExprNode yNode)
    {
        if (op is Token.Shl or Token.Shr)
            return [Shift(op, One(xNode), ShiftCount(yNode))];
        if (Predicates.IsString(type))
            throw Bug("string concatenation as a binary node");
        var x = Scalars(xNode);
        var y = Scalars(yNode);
        return IsComplex(type) ? ComplexArith(op, x, y) : [Arith(op, x[0], y[0])];
    }

    /// <summary>A constant count may be larger than its type says (an untyped one beyond int).</summary>
    LowExpr ShiftCount(ExprNode y) =>
        !_done.ContainsKey(y) && ConstInt(y) is { Sign: >= 0 } k ? L.U64(k > 1000 ? 1000 : (ulong)k) : One(y);

    /// <summary>x op y for numbers of one machine type (not shifts).</summary>
    LowExpr Arith(Token op, LowExpr x, LowExpr y)
    {
        var t = x.Type;
        bool signed = L.IsSigned(t);
        switch (op)
        {
            case Token.Add: return L.Bin(LowOp.Add, t, x, y);
            case Token.Sub: return L.Bin(LowOp.Sub, t, x, y);
            case Token.Mul: return L.Bin(LowOp.Mul, t, x, y);
            case Token.And: return L.Bin(LowOp.And, t, x, y);
            case Token.Or: return L.Bin(LowOp.Or, t, x, y);
            case Token.Xor: return L.Bin(LowOp.Xor, t, x, y);
            case Token.AndNot: return y is LowConst c ? L.Bin(LowOp.And, t, x, L.Int(t, ~c.Bits)) : L.Bin(LowOp.AndNot, t, x, y);
            case Token.Div when L.IsFloat(t): return L.Bin(LowOp.DivS, t, x, y);
            case Token.Div or Token.Rem:
                if (!L.IsConstInt(y, out long k) || k == 0)
                {
                    y = Use(y);
                    Check(L.Cmp(LowOp.Ne, y, L.Int(t, 0)), "runtime.panicdivide");
                }
                return L.Bin(op == Token.Div ? (signed ? LowOp.DivS : LowOp.DivU) : signed ? LowOp.RemS : LowOp.RemU, t, x, y);
            default: throw Bug($"binary {op}");
        }
    }

    /// <summary>Go's shifts: any count is meaningful; a negative one panics.</summary>
    LowExpr Shift(Token op, LowExpr x, LowExpr y)
    {
        var t = x.Type;
        int bits = L.Bits(t);
        bool left = op == Token.Shl;
        var lowOp = left ? LowOp.Shl : L.IsSigned(t) ? LowOp.ShrS : LowOp.ShrU;
        if (L.IsConstInt(y, out long k))
        {
            if (L.IsSigned(y.Type) && k < 0)
                Check(L.False, "runtime.panicshift");
            if ((ulong)k >= (ulong)bits)
            {
                if (lowOp != LowOp.ShrS)
                    return L.Int(t, 0);
                k = bits - 1;
            }
            return L.Bin(lowOp, t, x, L.Int(LowType.I32, k));
        }
        if (L.UpperBound(y) is { } max && max < (ulong)bits)
            return L.Bin(lowOp, t, x, L.Conv(LowType.I32, y));
        y = Use(y);
        if (L.IsSigned(y.Type))
            Check(L.Cmp(LowOp.GeS, y, L.Int(y.Type, 0)), "runtime.panicshift");
        var inRange = L.Cmp(LowOp.LtU, y, L.Int(y.Type, bits));
        int mask = bits == 64 ? 63 : 31;
        if (lowOp == LowOp.ShrS)
        {
            var n = L.Select(inRange, L.Conv(LowType.I32, y), L.Int(LowType.I32, bits - 1));
            return L.Bin(lowOp, t, x, n);
        }
        var shifted = L.Bin(lowOp, t, x, L.Bin(LowOp.And, LowType.I32, L.Conv(LowType.I32, y), L.Int(LowType.I32, mask)));
        return L.Select(inRange, shifted, L.Int(t, 0));
    }

    /// <summary>Complex products and quotients are computed in float64, as gc does.</summary>
    LowExpr[] ComplexArith(Token op, LowExpr[] x, LowExpr[] y)
    {
        var t = x[0].Type;
        switch (op)
        {
            case Token.Add: return [L.Bin(LowOp.Add, t, x[0], y[0]), L.Bin(LowOp.Add, t, x[1], y[1])];
            case Token.Sub: return [L.Bin(LowOp.Sub, t, x[0], y[0]), L.Bin(LowOp.Sub, t, x[1], y[1])];
        }
        x = UseAll(x);
        y = UseAll(y);
        const LowType W = LowType.F64;
        var (a, b, c, d) = (L.Conv(W, x[0]), L.Conv(W, x[1]), L.Conv(W, y[0]), L.Conv(W, y[1]));
        if (op == Token.Mul)
            return
            [
                L.Conv(t, L.Bin(LowOp.Sub, W, L.Bin(LowOp.Mul, W, a, c), L.Bin(LowOp.Mul, W, b, d))),
                L.Conv(t, L.Bin(LowOp.Add, W, L.Bin(LowOp.Mul, W, a, d), L.Bin(LowOp.Mul, W, b, c))),
            ];
        if (op != Token.Div)
            throw Bug($"complex {op}");
        var q = CallRuntime("runtime.complex128div", a, b, c, d);
        return [L.Conv(t, q[0]), L.Conv(t, q[1])];
    }

    // ---- conversions

    LowExpr[] Convert(ConvNode c)
    {
        switch (c.Kind)
        {
            case ConvKind.Nop when c.Type.Underlying is InterfaceType && c.X.Type.Underlying is InterfaceType:
                return IfaceToIface(c);
            case ConvKind.Nop:
                {
                    var x = Scalars(c.X);
                    // Same representation; integers may differ in signedness.
                    var flat = Flatten.Of(c.Type);
                    if (x.Length != flat.Scalars.Length)
                        throw Bug($"conversion from {c.X.Type} to {c.Type} changes representation");
                    for (int i = 0; i < x.Length; i++)
                        if (x[i].Type != flat.Scalars[i].Type && !IsBoolCompare(x[i], flat.Scalars[i].Type))
                        {
                            var copy = (LowExpr[])x.Clone();
                            for (int k = i; k < x.Length; k++)
                                if (!IsBoolCompare(copy[k], flat.Scalars[k].Type))
                                    copy[k] = L.Conv(flat.Scalars[k].Type, copy[k]);
                            return copy;
                        }
                    return x;
                }
            case ConvKind.Numeric: return Numeric(c);
            case ConvKind.PointerToUintptr: return [L.Conv(LowType.U64, One(c.X))];
            case ConvKind.UintptrToPointer: return [L.Conv(LowType.Ptr, One(c.X))];
            case ConvKind.UnsafePointer: return [One(c.X)];
            case ConvKind.ToInterface: return ToInterface(c);
            case ConvKind.BytesToString: return BytesToString(c);
            case ConvKind.StringToBytes: return StringToBytes(c);
            case ConvKind.RunesToString:
                var runes = Scalars(c.X);
                return CallRuntime("runtime.slicerunetostring", Buffer(c), runes[0], runes[1]);
            case ConvKind.StringToRunes:
                var text = Scalars(c.X);
                return CallRuntime("runtime.stringtoslicerune", Buffer(c, 4 * BufferBytes), text[0], text[1]);
            case ConvKind.RuneToString: return CallRuntime("runtime.intstring", Buffer(c, 4), RuneWord(c.X));
            case ConvKind.SliceToArrayPtr: return [SliceToArrayPtr(c)];
            case ConvKind.SliceToArray:
                {
                    var flat = Flatten.Of(c.Type);
                    return LoadScalars(SliceToArray(c), flat);
                }
            default: throw Bug($"conversion {c.Kind}");
        }
    }

    static bool IsBoolCompare(LowExpr e, LowType want) => want == LowType.U8 && e is LowBin b && L.IsCompare(b.Op);

    /// <summary>An integer converted to string: unsigned values that do not fit become negative, hence U+FFFD.</summary>
    LowExpr RuneWord(ExprNode x) => AsI64(One(x));

    LowExpr[] Numeric(ConvNode c)
    {
        var x = Scalars(c.X);
        var flat = Flatten.Of(c.Type);
        if (IsComplex(c.Type))
        {
            var t = flat.Scalars[0].Type;
            return [L.Conv(t, x[0]), L.Conv(t, x[1])];
        }
        return [L.Conv(flat.Scalars[0].Type, x[0])];
    }
}

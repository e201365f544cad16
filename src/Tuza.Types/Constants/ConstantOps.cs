// Operations on constants. Exact as far as programs can tell: integers and fractions have no limit of their own (the checker refuses
// integers of more than 512 bits), and a fraction whose parts pass 4096 bits becomes a 512-bit float, as in gc.
//
// Operands of different kinds are first brought to the larger one: int, fraction, float, complex. Unknown absorbs everything.
// Differs from Go: nothing a program can see. See GOROOT/src/go/constant.

using System;
using System.Numerics;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public static partial class ConstantOps
{
    /// <summary>Fractions with larger parts (bits), and literals with larger binary exponents, become floats.</summary>
    const int MaxFractionBits = 4 << 10;

    static readonly UnknownConstant s_unknown = UnknownConstant.Instance;
    static readonly FloatConstant s_zeroFloat = new(BigInteger.Zero, BigInteger.One, 0, true);

    // ---- making

    public static Constant MakeInt(long v) => new IntConstant(v);
    public static Constant MakeInt(BigInteger v) => new IntConstant(v);
    public static Constant MakeBool(bool v) => new BoolConstant(v);
    public static Constant MakeString(string v) => new StringConstant(Encoding.UTF8.GetBytes(v));

    /// <summary>Unknown for infinities and NaN; -0 becomes 0.</summary>
    public static Constant MakeDouble(double v)
    {
        if (!double.IsFinite(v))
            return s_unknown;
        if (v == 0)
            return new FloatConstant(BigInteger.Zero, BigInteger.One, 0);
        long bits = BitConverter.DoubleToInt64Bits(v);
        int exp = (int)((bits >> 52) & 0x7FF);
        long mantissa = bits & ((1L << 52) - 1);
        if (exp == 0)
            exp++;
        else
            mantissa |= 1L << 52;
        if (v < 0)
            mantissa = -mantissa;
        exp -= 1075;
        return exp >= 0 ? Fraction(new BigInteger(mantissa) << exp, BigInteger.One) : Fraction(mantissa, BigInteger.One << -exp);
    }

    static Constant MakeComplex(Constant re, Constant im) =>
        re.Kind == ConstantKind.Unknown || im.Kind == ConstantKind.Unknown ? s_unknown : new ComplexConstant(re, im);

    static FloatConstant Fraction(BigInteger num, BigInteger den)
    {
        if (den.Sign < 0)
            (num, den) = (-num, -den);
        var gcd = BigInteger.GreatestCommonDivisor(num, den);
        if (!gcd.IsOne && !gcd.IsZero)
        {
            num /= gcd;
            den /= gcd;
        }
        return new FloatConstant(num, den, 0);
    }

    /// <summary>A fraction as the result of an operation: a float if it has grown too large.</summary>
    static Constant MakeFraction(BigInteger num, BigInteger den)
    {
        var f = Fraction(num, den);
        return BigFloat.BitLength(f.Numerator) < MaxFractionBits && BigFloat.BitLength(f.Denominator) < MaxFractionBits ? f : MakeFloat(BigFloat.Of(f));
    }

    static Constant MakeFloat(BigFloat f)
    {
        if (f.IsZero)
            return s_zeroFloat;
        return f.IsInfinite ? s_unknown : new FloatConstant(f.Mantissa, BigInteger.One, f.Exp, true);
    }

    // ---- kinds

    static BigFloat FloatOf(Constant x) => x is IntConstant i ? BigFloat.Round(i.Value, 0) : BigFloat.Of((FloatConstant)x);

    static (BigInteger Num, BigInteger Den) FractionOf(Constant x) =>
        x is IntConstant i ? (i.Value, BigInteger.One) : (((FloatConstant)x).Numerator, ((FloatConstant)x).Denominator);

    static bool IsRounded(Constant x) => x is FloatConstant { Rounded: true };
    static bool IsSmall(BigFloat f) => f.Exponent is > -MaxFractionBits and < MaxFractionBits;

    /// <summary>The integer that x is, or Unknown. A float within a few bits of an integer is taken as that integer.</summary>
    public static Constant ToInt(Constant x)
    {
        switch (x)
        {
            case IntConstant:
                return x;
            case FloatConstant { Rounded: false } f:
                return f.Denominator.IsOne ? new IntConstant(f.Numerator) : s_unknown;
            case FloatConstant f:
                {
                    const int Slack = 4;
                    var v = BigFloat.Of(f);
                    if (v.IsZero)
                        return new IntConstant(BigInteger.Zero);
                    if (!IsSmall(v))
                        return s_unknown;
                    if (v.Exp >= 0)
                        return new IntConstant(v.Mantissa << v.Exp);
                    int drop = BigFloat.BitLength(v.Mantissa) - (BigFloat.Precision - Slack);
                    if (drop <= 0 || v.Exp + drop < -BigFloat.Precision)
                        return s_unknown;
                    var m = BigInteger.Abs(v.Mantissa);
                    var down = m >> drop;
                    if (Integer(down, v.Exp + drop) is { } a)
                        return new IntConstant(v.Mantissa.Sign * a);
                    if (Integer(down + 1, v.Exp + drop) is { } b)
                        return new IntConstant(v.Mantissa.Sign * b);
                    return s_unknown;
                }
            case ComplexConstant:
                return ToFloat(x) is FloatConstant re ? ToInt(re) : s_unknown;
            default:
                return s_unknown;
        }
    }

    static BigInteger? Integer(BigInteger m, int exp)
    {
        if (exp >= 0)
            return m << exp;
        return BigFloat.TrailingZeros(m) >= -exp ? m >> -exp : null;
    }

    /// <summary>x as a float (an exact fraction where possible), or Unknown.</summary>
    public static Constant ToFloat(Constant x) => x switch
    {
        IntConstant i => BigFloat.BitLength(i.Value) < MaxFractionBits ? new FloatConstant(i.Value, BigInteger.One, 0) : MakeFloat(BigFloat.Round(i.Value, 0)),
        FloatConstant => x,
        ComplexConstant c when Sign(c.Im) == 0 => ToFloat(c.Re),
        _ => s_unknown,
    };

    public static Constant ToComplex(Constant x) => x switch
    {
        IntConstant or FloatConstant => new ComplexConstant(x, MakeInt(0)),
        ComplexConstant => x,
        _ => s_unknown,
    };

    public static Constant Real(Constant x) => x is ComplexConstant c ? c.Re : x;
    public static Constant Imag(Constant x) => x switch
    {
        ComplexConstant c => c.Im,
        UnknownConstant => x,
        _ => MakeInt(0),
    };
    public static Constant MakeImag(Constant x) => x.Kind == ConstantKind.Unknown ? x : new ComplexConstant(MakeInt(0), x);

    // ---- asking

    /// <summary>Bits needed for |x| of an integer.</summary>
    public static int BitLen(Constant x) => x is IntConstant i ? BigFloat.BitLength(i.Value) : 0;

    /// <summary>-1, 0, 1; for complex values 0 only if zero; 1 for unknown ones.</summary>
    public static int Sign(Constant x) => x switch
    {
        IntConstant i => i.Value.Sign,
        FloatConstant f => f.Numerator.Sign,
        ComplexConstant c => Sign(c.Re) | Sign(c.Im),
        _ => 1,
    };

    public static bool ToInt64(Constant x, out long v)
    {
        if (x is IntConstant i && i.Value.GetBitLength() <= 63)
        {
            v = (long)i.Value;
            return true;
        }
        v = 0;
        return false;
    }

    public static bool ToUInt64(Constant x, out ulong v)
    {
        if (x is IntConstant i && i.Value.Sign >= 0 && i.Value.GetBitLength() <= 64)
        {
            v = (ulong)i.Value;
            return true;
        }
        v = 0;
        return false;
    }

    /// <summary>Correctly rounded; infinite when too large.</summary>
    public static double ToDouble(Constant x) => Nearest(x, 53, -1074);
    public static float ToSingle(Constant x) => (float)Nearest(x, 24, -149);

    static double Nearest(Constant x, int bits, int minExp) => x switch
    {
        IntConstant i => BigFloat.Nearest(i.Value, BigInteger.One, 0, bits, minExp),
        FloatConstant f => BigFloat.Nearest(f.Numerator, f.Denominator, f.Exp2, bits, minExp),
        ComplexConstant c => Nearest(c.Re, bits, minExp),
        _ => 0,
    };

    public static byte[] StringBytes(Constant x) => x is StringConstant s ? s.Value : [];

    // ---- operations

    /// <summary>+ - ! ^; unsignedBits limits ^ of unsigned types, 0 otherwise.</summary>
    public static Constant Unary(Token op, Constant x, int unsignedBits)
    {
        switch (op, x)
        {
            case (_, UnknownConstant):
            case (Token.Add, _):
                return x;
            case (Token.Sub, IntConstant i):
                return new IntConstant(-i.Value);
            case (Token.Sub, FloatConstant f):
                return new FloatConstant(-f.Numerator, f.Denominator, f.Exp2, f.Rounded);
            case (Token.Sub, ComplexConstant c):
                return MakeComplex(Unary(op, c.Re, 0), Unary(op, c.Im, 0));
            case (Token.Xor, IntConstant i):
                {
                    var z = -i.Value - 1;
                    if (unsignedBits > 0)
                        z &= (BigInteger.One << unsignedBits) - 1;
                    return new IntConstant(z);
                }
            case (Token.Not, BoolConstant b):
                return MakeBool(!b.Value);
            default:
                throw new InvalidOperationException($"ConstantOps.Unary: {op} {String(x)}");
        }
    }

    /// <summary>Add Sub Mul Div Rem And Or Xor AndNot AndAnd OrOr; integerDivision makes Div truncate. Division by zero (which the caller
    /// reports) gives Unknown.</summary>
    public static Constant Binary(Constant x, Token op, Constant y, bool integerDivision)
    {
        if (op is Token.Div or Token.Rem && Sign(y) == 0)
            return s_unknown;
        switch (x, y)
        {
            case (UnknownConstant, _):
                return x;
            case (_, UnknownConstant):
                return y;
            case (BoolConstant a, BoolConstant b):
                return MakeBool(op == Token.AndAnd ? a.Value && b.Value : a.Value || b.Value);
            case (StringConstant a, StringConstant b):
                return new StringConstant(a, b);
            case (IntConstant a, IntConstant b):
                return Integers(a.Value, op, b.Value, integerDivision);
            case (ComplexConstant, _):
            case (_, ComplexConstant):
                return Complexes((ComplexConstant)ToComplex(x), op, (ComplexConstant)ToComplex(y));
        }
        if (IsRounded(x) || IsRounded(y))
        {
            BigFloat a = FloatOf(x), b = FloatOf(y);
            return MakeFloat(op switch
            {
                Token.Add => a + b,
                Token.Sub => a - b,
                Token.Mul => a * b,
                Token.Div => a / b,
                _ => throw new InvalidOperationException("ConstantOps.Binary: float " + op),
            });
        }
        var (an, ad) = FractionOf(x);
        var (bn, bd) = FractionOf(y);
        return op switch
        {
            Token.Add => MakeFraction(an * bd + bn * ad, ad * bd),
            Token.Sub => MakeFraction(an * bd - bn * ad, ad * bd),
            Token.Mul => MakeFraction(an * bn, ad * bd),
            Token.Div => MakeFraction(an * bd, ad * bn),
            _ => throw new InvalidOperationException("ConstantOps.Binary: fraction " + op),
        };
    }

    static Constant Integers(BigInteger a, Token op, BigInteger b, bool integerDivision) => op switch
    {
        Token.Add => new IntConstant(a + b),
        Token.Sub => new IntConstant(a - b),
        Token.Mul => new IntConstant(a * b),
        Token.Div => integerDivision ? new IntConstant(BigInteger.Divide(a, b)) : MakeFraction(a, b),
        Token.Rem => new IntConstant(BigInteger.Remainder(a, b)),
        Token.And => new IntConstant(a & b),
        Token.Or => new IntConstant(a | b),
        Token.Xor => new IntConstant(a ^ b),
        Token.AndNot => new IntConstant(a & (-b - 1)),
        _ => throw new InvalidOperationException("ConstantOps.Binary: integer " + op),
    };

    static Constant Complexes(ComplexConstant x, Token op, ComplexConstant y)
    {
        static Constant Do(Constant p, Token o, Constant q) => Binary(p, o, q, false);
        Constant a = x.Re, b = x.Im, c = y.Re, d = y.Im;
        switch (op)
        {
            case Token.Add:
            case Token.Sub:
                return MakeComplex(Do(a, op, c), Do(b, op, d));
            case Token.Mul:
                return MakeComplex(Do(Do(a, op, c), Token.Sub, Do(b, op, d)), Do(Do(b, op, c), Token.Add, Do(a, op, d)));
            case Token.Div:
                {
                    var s = Do(Do(c, Token.Mul, c), Token.Add, Do(d, Token.Mul, d));
                    var re = Do(Do(a, Token.Mul, c), Token.Add, Do(b, Token.Mul, d));
                    var im = Do(Do(b, Token.Mul, c), Token.Sub, Do(a, Token.Mul, d));
                    return MakeComplex(Do(re, op, s), Do(im, op, s));
                }
            default:
                throw new InvalidOperationException("ConstantOps.Binary: complex " + op);
        }
    }

    /// <summary>Shl or Shr of an integer; the caller bounds the count.</summary>
    public static Constant Shift(Constant x, Token op, uint count) => x is not IntConstant i || count == 0 ? x
        : new IntConstant(op == Token.Shl ? i.Value << (int)count : i.Value >> (int)Math.Min(count, int.MaxValue));

    /// <summary>Eql Neq Lss Leq Gtr Geq; false if either is unknown.</summary>
    public static bool Compare(Constant x, Token op, Constant y)
    {
        switch (x, y)
        {
            case (UnknownConstant, _):
            case (_, UnknownConstant):
                return false;
            case (BoolConstant a, BoolConstant b):
                return op == Token.Eql ? a.Value == b.Value : a.Value != b.Value;
            case (StringConstant a, StringConstant b):
                return Holds(a.Value.AsSpan().SequenceCompareTo(b.Value), op);
            case (IntConstant a, IntConstant b):
                return Holds(a.Value.CompareTo(b.Value), op);
            case (ComplexConstant, _):
            case (_, ComplexConstant):
                {
                    bool equal = Compare(Real(x), Token.Eql, Real(y)) && Compare(Imag(x), Token.Eql, Imag(y));
                    return op == Token.Eql ? equal : !equal;
                }
        }
        if (IsRounded(x) || IsRounded(y))
            return Holds(FloatOf(x).CompareTo(FloatOf(y)), op);
        var (an, ad) = FractionOf(x);
        var (bn, bd) = FractionOf(y);
        return Holds((an * bd).CompareTo(bn * ad), op);
    }

    static bool Holds(int order, Token op) => op switch
    {
        Token.Eql => order == 0,
        Token.Neq => order != 0,
        Token.Lss => order < 0,
        Token.Leq => order <= 0,
        Token.Gtr => order > 0,
        Token.Geq => order >= 0,
        _ => throw new InvalidOperationException("ConstantOps.Compare: " + op),
    };
}

// Binary floating point with 512 bits of mantissa, rounded to nearest, ties to even: what constants fall back to when their exact
// fractions would grow too large.
//
// A value is Mantissa · 2^Exp. Normal form: the mantissa is odd (or zero with Exp 0) and has at most 512 bits. The exponent is kept
// within 32 bits: beyond, results are Overflow or zero, so no operation can make a number that does not fit into memory.

using System;
using System.Numerics;

namespace Tuza.Types;

readonly struct BigFloat
{
    public const int Precision = 512;
    const long MaxExp = int.MaxValue;

    public BigInteger Mantissa { get; }
    public int Exp { get; }
    public bool IsInfinite { get; }

    BigFloat(BigInteger mantissa, int exp, bool infinite = false)
    {
        Mantissa = mantissa;
        Exp = exp;
        IsInfinite = infinite;
    }

    public static readonly BigFloat Zero = new(BigInteger.Zero, 0);
    static readonly BigFloat s_overflow = new(BigInteger.One, 0, true);

    public bool IsZero => Mantissa.IsZero;
    public static int BitLength(BigInteger x) => (int)BigInteger.Abs(x).GetBitLength();

    /// <summary>e such that 2^(e-1) ≤ |x| &lt; 2^e.</summary>
    public long Exponent => Exp + (long)BitLength(Mantissa);

    /// <summary>mantissa · 2^exp, rounded; sticky: the true value is slightly larger in magnitude.</summary>
    public static BigFloat Round(BigInteger mantissa, long exp, bool sticky = false, int precision = Precision)
    {
        if (mantissa.IsZero)
            return Zero;
        bool negative = mantissa.Sign < 0;
        var m = BigInteger.Abs(mantissa);
        int excess = BitLength(m) - precision;
        if (excess > 0)
        {
            var kept = m >> excess;
            var rest = m - (kept << excess);
            int order = rest.CompareTo(BigInteger.One << (excess - 1));
            if (order > 0 || order == 0 && (sticky || !kept.IsEven))
                kept += 1;
            m = kept;
            exp += excess;
        }
        int zeros = TrailingZeros(m);
        m >>= zeros;
        exp += zeros;
        if (exp + BitLength(m) > MaxExp)
            return s_overflow;
        if (exp < -MaxExp)
            return Zero;
        return new BigFloat(negative ? -m : m, (int)exp);
    }

    public static int TrailingZeros(BigInteger m)
    {
        if (m.IsZero)
            return 0;
        int n = 0;
        foreach (byte b in m.ToByteArray())
        {
            if (b != 0)
                return n + BitOperations.TrailingZeroCount(b);
            n += 8;
        }
        return n;
    }

    public static BigFloat Of(FloatConstant x) =>
        x.Rounded || x.Denominator.IsOne ? Round(x.Numerator, x.Exp2) : Quotient(x.Numerator, x.Denominator, x.Exp2);

    public static BigFloat Quotient(BigInteger a, BigInteger b, long exp, int precision = Precision)
    {
        int shift = Math.Max(0, precision + 2 + BitLength(b) - BitLength(a));
        var q = BigInteger.DivRem(BigInteger.Abs(a) << shift, BigInteger.Abs(b), out var rest);
        bool negative = a.Sign * b.Sign < 0;
        return Round(negative ? -q : q, exp - shift, !rest.IsZero, precision);
    }

    public static BigFloat operator +(BigFloat x, BigFloat y)
    {
        if (x.IsZero || y.IsZero)
            return x.IsZero ? y : x;
        // So far apart that the smaller cannot change the larger, which is representable itself.
        long distance = x.Exponent - y.Exponent;
        if (distance > 2 * Precision + 8)
            return x;
        if (distance < -(2 * Precision + 8))
            return y;
        int exp = Math.Min(x.Exp, y.Exp);
        return Round((x.Mantissa << (x.Exp - exp)) + (y.Mantissa << (y.Exp - exp)), exp);
    }

    public static BigFloat operator -(BigFloat x) => new(-x.Mantissa, x.Exp);
    public static BigFloat operator -(BigFloat x, BigFloat y) => x + -y;
    public static BigFloat operator *(BigFloat x, BigFloat y) => Multiply(x, y, Precision);
    public static BigFloat operator /(BigFloat x, BigFloat y) => Quotient(x.Mantissa, y.Mantissa, (long)x.Exp - y.Exp);

    public static BigFloat Multiply(BigFloat x, BigFloat y, int precision) =>
        x.IsInfinite || y.IsInfinite ? s_overflow : Round(x.Mantissa * y.Mantissa, (long)x.Exp + y.Exp, false, precision);

    public int CompareTo(BigFloat y)
    {
        if (Mantissa.Sign != y.Mantissa.Sign)
            return Mantissa.Sign.CompareTo(y.Mantissa.Sign);
        if (IsZero)
            return 0;
        int magnitude = Exponent.CompareTo(y.Exponent);
        if (magnitude != 0)
            return magnitude * Mantissa.Sign;
        int exp = Math.Min(Exp, y.Exp);
        return (Mantissa << (Exp - exp)).CompareTo(y.Mantissa << (y.Exp - exp));
    }

    /// <summary>digits · 10^exp10, with guard bits so that the last of the 512 bits is right but for rare ties.</summary>
    public static BigFloat FromDecimal(BigInteger digits, long exp10)
    {
        const int Guarded = Precision + 128;
        if (digits.IsZero)
            return Zero;
        if (exp10 > int.MaxValue)
            return s_overflow;
        if (exp10 < -(long)int.MaxValue)
            return Zero;
        var power = Round(BigInteger.One, 0);
        var square = Round(new BigInteger(5), 0);
        for (long n = Math.Abs(exp10); n > 0; n >>= 1)
        {
            if ((n & 1) != 0)
                power = Multiply(power, square, Guarded);
            if (n > 1)
                square = Multiply(square, square, Guarded);
            if (power.IsInfinite)
                return exp10 > 0 ? s_overflow : Zero;
        }
        if (exp10 >= 0)
            return Round(digits * power.Mantissa, power.Exp + exp10);
        return Quotient(digits, power.Mantissa, exp10 - power.Exp);
    }

    /// <summary>The nearest value with the given mantissa width and least exponent (of the last bit) as a double; num/den · 2^exp2, den positive.</summary>
    public static double Nearest(BigInteger num, BigInteger den, long exp2, int mantissaBits, int minExp)
    {
        if (num.IsZero)
            return 0;
        double sign = num.Sign;
        var n = BigInteger.Abs(num);
        long e = BitLength(n) - BitLength(den) + exp2;   // 2^(e-1) < value < 2^(e+1)
        if (e > 1100)
            return sign * double.PositiveInfinity;
        if (e < -1200)
            return 0 * sign;
        long ulp = Math.Max(e - mantissaBits, minExp);
        BigInteger q, rest, divisor;
        while (true)
        {
            long shift = exp2 - ulp;
            var dividend = shift >= 0 ? n << (int)shift : n;
            divisor = shift >= 0 ? den : den << (int)-shift;
            q = BigInteger.DivRem(dividend, divisor, out rest);
            if (BitLength(q) <= mantissaBits)
                break;
            ulp++;
        }
        int order = (rest << 1).CompareTo(divisor);
        if (order > 0 || order == 0 && !q.IsEven)
            q += 1;
        return sign * Math.ScaleB((double)(ulong)q, (int)ulp);
    }
}

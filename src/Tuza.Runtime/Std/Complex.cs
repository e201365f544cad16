// Division of complex numbers, by Smith's method; where that gives no number, infinities and zeros as C99 (annex G) wants them.

using System;
using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe class Complex
{
    /// <summary>(a+bi) / (c+di).</summary>
    [GoFunc("runtime.complex128div", Safepoint = false)]
    public static double Divide(G* g, double a, double b, double c, double d)
    {
        double re, im;
        if (Math.Abs(c) >= Math.Abs(d))
        {
            double ratio = d / c, denom = c + (ratio * d);
            re = (a + (b * ratio)) / denom;
            im = (b - (a * ratio)) / denom;
        }
        else
        {
            double ratio = c / d, denom = d + (ratio * c);
            re = ((a * ratio) + b) / denom;
            im = ((b * ratio) - a) / denom;
        }
        if (double.IsNaN(re) || double.IsNaN(im))
        {
            if (c == 0 && d == 0 && !(double.IsNaN(a) && double.IsNaN(b)))
            {
                re = Math.CopySign(double.PositiveInfinity, c) * a;
                im = Math.CopySign(double.PositiveInfinity, c) * b;
            }
            else if ((double.IsInfinity(a) || double.IsInfinity(b)) && double.IsFinite(c) && double.IsFinite(d))
            {
                (a, b) = (UnitOfInfinity(a), UnitOfInfinity(b));
                re = double.PositiveInfinity * ((a * c) + (b * d));
                im = double.PositiveInfinity * ((b * c) - (a * d));
            }
            else if ((double.IsInfinity(c) || double.IsInfinity(d)) && double.IsFinite(a) && double.IsFinite(b))
            {
                (c, d) = (UnitOfInfinity(c), UnitOfInfinity(d));
                re = 0 * ((a * c) + (b * d));
                im = 0 * ((b * c) - (a * d));
            }
        }
        g->R[1] = BitConverter.DoubleToUInt64Bits(im);
        return re;
    }

    /// <summary>1 for infinities, 0 for others, with the sign of x.</summary>
    static double UnitOfInfinity(double x) => Math.CopySign(double.IsInfinity(x) ? 1 : 0, x);
}

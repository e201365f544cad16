// The inner loops of package math/big: arithmetic on vectors of 64-bit words.
//
// Signatures are the flattened Go ones (a []Word is pointer, length, capacity). All vectors of a call have the length of z. z may be the same
// memory as an operand; for the shifts it may also overlap it, in the direction in which they go through it.

using System;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>addVV and its relatives.</summary>
static unsafe class BigWords
{
    [GoFunc("math/big.addVV", Safepoint = false)]
    public static ulong AddVV(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong* y, long yn, long yc)
    {
        ulong c = 0;
        for (long i = 0; i < n; i++)
        {
            ulong a = x[i], s = a + y[i], t = s + c;
            c = (s < a ? 1UL : 0) | (t < s ? 1UL : 0);
            z[i] = t;
        }
        return c;
    }

    [GoFunc("math/big.subVV", Safepoint = false)]
    public static ulong SubVV(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong* y, long yn, long yc)
    {
        ulong c = 0;
        for (long i = 0; i < n; i++)
        {
            ulong a = x[i], b = y[i], d = a - b, t = d - c;
            c = (a < b ? 1UL : 0) | (d < c ? 1UL : 0);
            z[i] = t;
        }
        return c;
    }

    [GoFunc("math/big.lshVU", Safepoint = false)]
    public static ulong LshVU(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong s)
    {
        if (n == 0)
            return 0;
        int up = (int)s, down = 64 - up;
        if (up == 0)
        {
            Buffer.MemoryCopy(x, z, n * 8, n * 8);
            return 0;
        }
        ulong w = x[n - 1], c = w >> down;
        for (long i = n - 1; i > 0; i--)
        {
            ulong next = x[i - 1];
            z[i] = w << up | next >> down;
            w = next;
        }
        z[0] = w << up;
        return c;
    }

    [GoFunc("math/big.rshVU", Safepoint = false)]
    public static ulong RshVU(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong s)
    {
        if (n == 0)
            return 0;
        int down = (int)s, up = 64 - down;
        if (down == 0)
        {
            Buffer.MemoryCopy(x, z, n * 8, n * 8);
            return 0;
        }
        ulong w = x[0], c = w << up;
        for (long i = 1; i < n; i++)
        {
            ulong next = x[i];
            z[i - 1] = w >> down | next << up;
            w = next;
        }
        z[n - 1] = w >> down;
        return c;
    }

    /// <summary>One step: a * b + add + carry; returns the low word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong MulAdd(ulong a, ulong b, ulong add, ref ulong carry)
    {
        // Math.BigMul passes the low word through memory; two multiplications are quicker.
        ulong hi = (ulong)Arith.MulHiU((long)a, (long)b), lo = a * b;
        lo += add;
        hi += lo < add ? 1UL : 0;
        lo += carry;
        carry = hi + (lo < carry ? 1UL : 0);
        return lo;
    }

    [GoFunc("math/big.mulAddVWW", Safepoint = false)]
    public static ulong MulAddVWW(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong m, ulong a)
    {
        ulong c = a;
        for (long i = 0; i < n; i++)
        {
            ulong w = x[i], hi = (ulong)Arith.MulHiU((long)w, (long)m), lo = w * m;
            lo += c;
            c = hi + (lo < c ? 1UL : 0);
            z[i] = lo;
        }
        return c;
    }

    [GoFunc("math/big.addMulVVWW", Safepoint = false)]
    public static ulong AddMulVVWW(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong* y, long yn, long yc, ulong m, ulong a)
    {
        ulong c = a;
        long i = 0;
        for (; i <= n - 4; i += 4)
        {
            z[i] = MulAdd(y[i], m, x[i], ref c);
            z[i + 1] = MulAdd(y[i + 1], m, x[i + 1], ref c);
            z[i + 2] = MulAdd(y[i + 2], m, x[i + 2], ref c);
            z[i + 3] = MulAdd(y[i + 3], m, x[i + 3], ref c);
        }
        for (; i < n; i++)
            z[i] = MulAdd(y[i], m, x[i], ref c);
        return c;
    }
}

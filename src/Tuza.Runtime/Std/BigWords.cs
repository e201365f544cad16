// The inner loops of package math/big: arithmetic on vectors of 64-bit words.
//
// Signatures are the flattened Go ones (a []Word is pointer, length, capacity). All vectors of a call have the length of z. z may be the same
// memory as an operand; for the shifts it may also overlap it, in the direction in which they go through it.
//
// Chains of carries are machine code put together here (MachineCode), because C# has no carry flag. Processors without mulx and adcx take
// plain C#.

using System;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>addVV and its relatives.</summary>
static unsafe class BigWords
{
    /// <summary>Words that the machine code does in one round (a power of two); the odd ones come first.</summary>
    const byte Round = 8, LogRound = 3;

    // (z, x, y, n) and (z, x, factor, y, n, carry); the last word's carry comes back.
    static readonly delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong*, long, ulong> s_add = MakeSum(MachineCode.AddCarry), s_sub = MakeSum(MachineCode.SubBorrow);
    static readonly delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong, ulong*, long, ulong, ulong> s_mulAdd = MakeProduct(false), s_addMul = MakeProduct(true);

    static delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong*, long, ulong> MakeSum(int op)
    {
        if (!X86Base.X64.IsSupported)
            return null;
        const int Z = MachineCode.Rdi, X = MachineCode.Rsi, Y = MachineCode.Rdx, Rounds = MachineCode.Rcx, Odd = MachineCode.R9, T = MachineCode.Rax;
        var c = new MachineCode();
        void Words(int count, int counter)
        {
            int start = c.Here;
            for (int at = 0; at < 8 * count; at += 8)
            {
                c.Integer(MachineCode.LoadWord, T, X, at);
                c.Integer(op, T, Y, at);
                c.Integer(MachineCode.StoreWord, T, Z, at);
            }
            foreach (int p in (ReadOnlySpan<int>)[Z, X, Y])
                c.Integer(MachineCode.Address, p, p, 8 * count);
            c.CountDown(counter, start);
        }
        c.Integers(MachineCode.LoadWord, Odd, Rounds);
        c.ShiftRight(Rounds, LogRound);
        c.Mask(Odd, Round - 1);
        int skip = c.SkipIfZero();
        Words(1, Odd);
        c.Land(skip);
        c.Test(Rounds);
        skip = c.SkipIfZero();
        Words(Round, Rounds);
        c.Land(skip);
        c.Integers(MachineCode.SubBorrow, T, T);
        c.Negate(T);
        return (delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong*, long, ulong>)c.Finish();
    }

    /// <summary>z = y * factor + carry, and with x added: two chains of carries, which meet at the end of each round.</summary>
    static delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong, ulong*, long, ulong, ulong> MakeProduct(bool add)
    {
        const int Features = 7, Adx = 1 << 19;
        if (!Bmi2.X64.IsSupported || X86Base.CpuId(0, 0).Eax < Features || (X86Base.CpuId(Features, 0).Ebx & Adx) == 0)
            return null;
        const int Z = MachineCode.Rdi, X = MachineCode.Rsi, Y = MachineCode.Rcx, Rounds = MachineCode.R8, Carry = MachineCode.R9, Low = MachineCode.R10, High = MachineCode.R11, T = MachineCode.Rax;
        var c = new MachineCode();
        void Next(int count)
        {
            foreach (int p in (ReadOnlySpan<int>)[Z, X, Y])
                if (add || p != X)
                    c.Integer(MachineCode.Address, p, p, 8 * count);
        }
        c.Integers(MachineCode.LoadWord, T, Rounds);
        c.ShiftRight(Rounds, LogRound);
        c.Mask(T, Round - 1);
        int skip = c.SkipIfZero();
        int start = c.Here;
        c.Product(High, Low, Y, 0);
        c.Integers(MachineCode.AddWord, Low, Carry);
        c.Zero(Carry);
        c.Integers(MachineCode.AddCarry, Carry, High);
        if (add)
        {
            c.Integer(MachineCode.AddWord, Low, X, 0);
            c.Zero(High);
            c.Integers(MachineCode.AddCarry, Carry, High);
        }
        c.Integer(MachineCode.StoreWord, Low, Z, 0);
        Next(1);
        c.CountDown(T, start);
        c.Land(skip);
        c.Test(Rounds);
        skip = c.SkipIfZero();
        start = c.Here;
        c.Clear(T);
        for (int i = 0; i < Round; i++)
        {
            var (high, last) = (i & 1) == 0 ? (High, Carry) : (Carry, High);
            c.Product(high, Low, Y, 8 * i);
            c.AddWithCarry(Low, last);
            if (add)
                c.AddWithOverflow(Low, X, 8 * i);
            c.Integer(MachineCode.StoreWord, Low, Z, 8 * i);
        }
        c.AddWithCarry(Carry, T);
        if (add)
            c.AddWithOverflow(Carry, T);
        Next(Round);
        c.CountDown(Rounds, start);
        c.Land(skip);
        c.Integers(MachineCode.LoadWord, T, Carry);
        return (delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong, ulong*, long, ulong, ulong>)c.Finish();
    }

    [GoFunc("math/big.addVV", Safepoint = false)]
    public static ulong AddVV(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong* y, long yn, long yc)
    {
        if (s_add != null)
            return s_add(z, x, y, n);
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
        if (s_sub != null)
            return s_sub(z, x, y, n);
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

    [GoFunc("math/big.mulAddVWW", Safepoint = false)]
    public static ulong MulAddVWW(G* g, ulong* z, long n, long zc, ulong* x, long xn, long xc, ulong m, ulong a)
    {
        if (s_mulAdd != null)
            return s_mulAdd(z, null, m, x, n, a);
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
        if (s_addMul != null)
            return s_addMul(z, x, m, y, n, a);
        ulong c = a;
        for (long i = 0; i < n; i++)
        {
            // Math.BigMul passes the low word through memory; two multiplications are quicker.
            ulong hi = (ulong)Arith.MulHiU((long)y[i], (long)m), lo = y[i] * m;
            lo += x[i];
            hi += lo < x[i] ? 1UL : 0;
            lo += c;
            c = hi + (lo < c ? 1UL : 0);
            z[i] = lo;
        }
        return c;
    }
}

// What gc's library has in amd64 assembly because of special instructions: cpuid, AES, CRC-32.
//
// The Go side asks internal/cpu whether the machine has them, so none of these is called on one that has not. Signatures are the flattened
// Go ones. AES key schedules: a round key is its 16 bytes as they are; decryption has its keys in the order of use, all but the first and last
// through InvMixColumns, as the instructions want them.

using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

using AesNi = System.Runtime.Intrinsics.X86.Aes;

namespace Tuza.Runtime;

/// <summary>Functions of internal/cpu, crypto/internal/fips140/aes and hash/crc32.</summary>
static unsafe class CpuInstructions
{
    // ---- internal/cpu

    [GoFunc("internal/cpu.cpuid", Safepoint = false)]
    public static uint CpuId(G* g, uint eax, uint ecx)
    {
        if (!X86Base.IsSupported)
        {
            g->R[1] = g->R[2] = g->R[3] = 0;
            return 0;
        }
        var (a, b, c, d) = X86Base.CpuId((int)eax, (int)ecx);
        g->R[1] = (uint)b;
        g->R[2] = (uint)c;
        g->R[3] = (uint)d;
        return (uint)a;
    }

    /// <summary>Register states the system saves: .NET has looked already.</summary>
    [GoFunc("internal/cpu.xgetbv", Safepoint = false)]
    public static uint XGetBv(G* g)
    {
        g->R[1] = 0;
        return Avx512F.IsSupported ? 0xe7u : Avx.IsSupported ? 7u : 3u;
    }

    [GoFunc("internal/cpu.getGOAMD64level", Safepoint = false)]
    public static int Level(G* g) => 1;

    // ---- AES

    const string AesPackage = "crypto/internal/fips140/aes.";

    static uint SubWord(uint w) => AesNi.KeygenAssist(Vector128.Create(0, w, 0, 0).AsByte(), 0).AsUInt32().ToScalar();

    [GoFunc(AesPackage + "expandKeyAsm", Safepoint = false)]
    public static void ExpandKey(G* g, long rounds, void* key, void* enc, void* dec)
    {
        uint* w = (uint*)enc;
        int words = (int)rounds - 6, all = 4 * ((int)rounds + 1);
        Buffer.MemoryCopy(key, w, 4 * words, 4 * words);
        uint rcon = 1;
        for (int i = words; i < all; i++)
        {
            uint t = w[i - 1];
            if (i % words == 0)
            {
                t = uint.RotateRight(SubWord(t), 8) ^ rcon;
                rcon = rcon << 1 ^ (rcon >> 7) * 0x11b;
            }
            else if (words > 6 && i % words == 4)
                t = SubWord(t);
            w[i] = w[i - words] ^ t;
        }
        if (dec == null)
            return;
        var from = (Vector128<byte>*)enc;
        var to = (Vector128<byte>*)dec;
        for (int r = 0; r <= rounds; r++)
        {
            var k = Vector128.Load((byte*)(from + (rounds - r)));
            (r == 0 || r == rounds ? k : AesNi.InverseMixColumns(k)).Store((byte*)(to + r));
        }
    }

    [GoFunc(AesPackage + "encryptBlockAsm", Safepoint = false)]
    public static void EncryptBlock(G* g, long rounds, void* keys, void* dst, void* src)
    {
        byte* k = (byte*)keys;
        var s = Vector128.Load((byte*)src) ^ Vector128.Load(k);
        for (long r = 1; r < rounds; r++)
            s = AesNi.Encrypt(s, Vector128.Load(k + (16 * r)));
        AesNi.EncryptLast(s, Vector128.Load(k + (16 * rounds))).Store((byte*)dst);
    }

    [GoFunc(AesPackage + "decryptBlockAsm", Safepoint = false)]
    public static void DecryptBlock(G* g, long rounds, void* keys, void* dst, void* src)
    {
        byte* k = (byte*)keys;
        var s = Vector128.Load((byte*)src) ^ Vector128.Load(k);
        for (long r = 1; r < rounds; r++)
            s = AesNi.Decrypt(s, Vector128.Load(k + (16 * r)));
        AesNi.DecryptLast(s, Vector128.Load(k + (16 * rounds))).Store((byte*)dst);
    }

    /// <summary>The counter block, big-endian; the counter goes on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> Counter(ref ulong lo, ref ulong hi)
    {
        var block = Vector128.Create(BinaryPrimitives.ReverseEndianness(hi), BinaryPrimitives.ReverseEndianness(lo)).AsByte();
        if (++lo == 0)
            hi++;
        return block;
    }

    [GoFunc(AesPackage + "ctrBlocks1Asm", Safepoint = false)]
    public static void Ctr1(G* g, long rounds, void* keys, void* dst, void* src, ulong lo, ulong hi)
    {
        byte* k = (byte*)keys;
        var s = Counter(ref lo, ref hi) ^ Vector128.Load(k);
        for (long r = 1; r < rounds; r++)
            s = AesNi.Encrypt(s, Vector128.Load(k + (16 * r)));
        (AesNi.EncryptLast(s, Vector128.Load(k + (16 * rounds))) ^ Vector128.Load((byte*)src)).Store((byte*)dst);
    }

    [GoFunc(AesPackage + "ctrBlocks2Asm", Safepoint = false)]
    public static void Ctr2(G* g, long rounds, void* keys, void* dst, void* src, ulong lo, ulong hi)
    {
        Ctr1(g, rounds, keys, dst, src, lo, hi);
        if (++lo == 0)
            hi++;
        Ctr1(g, rounds, keys, (byte*)dst + 16, (byte*)src + 16, lo, hi);
    }

    /// <summary>Four blocks side by side, so that the latency of the instructions is hidden.</summary>
    [GoFunc(AesPackage + "ctrBlocks4Asm", Safepoint = false)]
    public static void Ctr4(G* g, long rounds, void* keys, void* dst, void* src, ulong lo, ulong hi)
    {
        byte* k = (byte*)keys, d = (byte*)dst, s = (byte*)src;
        var key = Vector128.Load(k);
        var a = Counter(ref lo, ref hi) ^ key;
        var b = Counter(ref lo, ref hi) ^ key;
        var c = Counter(ref lo, ref hi) ^ key;
        var e = Counter(ref lo, ref hi) ^ key;
        for (long r = 1; r < rounds; r++)
        {
            key = Vector128.Load(k + (16 * r));
            a = AesNi.Encrypt(a, key);
            b = AesNi.Encrypt(b, key);
            c = AesNi.Encrypt(c, key);
            e = AesNi.Encrypt(e, key);
        }
        key = Vector128.Load(k + (16 * rounds));
        a = AesNi.EncryptLast(a, key) ^ Vector128.Load(s);
        b = AesNi.EncryptLast(b, key) ^ Vector128.Load(s + 16);
        c = AesNi.EncryptLast(c, key) ^ Vector128.Load(s + 32);
        e = AesNi.EncryptLast(e, key) ^ Vector128.Load(s + 48);
        a.Store(d);
        b.Store(d + 16);
        c.Store(d + 32);
        e.Store(d + 48);
    }

    [GoFunc(AesPackage + "ctrBlocks8Asm", Safepoint = false)]
    public static void Ctr8(G* g, long rounds, void* keys, void* dst, void* src, ulong lo, ulong hi)
    {
        Ctr4(g, rounds, keys, dst, src, lo, hi);
        ulong next = lo + 4;
        Ctr4(g, rounds, keys, (byte*)dst + 64, (byte*)src + 64, next, next < lo ? hi + 1 : hi);
    }

    // ---- CRC-32

    [GoFunc("hash/crc32.castagnoliSSE42", Safepoint = false)]
    public static uint Castagnoli(G* g, uint crc, void* p, long n, long cap)
    {
        byte* b = (byte*)p, end = b + n;
        ulong c = crc;
        for (; end - b >= 8; b += 8)
            c = Sse42.X64.Crc32(c, *(ulong*)b);
        for (; b < end; b++)
            c = Sse42.Crc32((uint)c, *b);
        return (uint)c;
    }

    /// <summary>Three pieces side by side, 24 bytes of each a round.</summary>
    [GoFunc("hash/crc32.castagnoliSSE42Triple", Safepoint = false)]
    public static uint Castagnoli3(G* g, uint crcA, uint crcB, uint crcC, void* pa, long na, long ca, void* pb, long nb, long cb, void* pc, long nc, long cc, uint rounds)
    {
        ulong a = crcA, b = crcB, c = crcC;
        ulong* x = (ulong*)pa, y = (ulong*)pb, z = (ulong*)pc;
        for (long i = 0; i < 3L * rounds; i++)
        {
            a = Sse42.X64.Crc32(a, x[i]);
            b = Sse42.X64.Crc32(b, y[i]);
            c = Sse42.X64.Crc32(c, z[i]);
        }
        g->R[1] = (uint)b;
        g->R[2] = (uint)c;
        return (uint)a;
    }

    /// <summary>x times the pair of constants, plus the next 16 bytes: moves x on by as many bits as the constants say.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Fold(Vector128<ulong> x, Vector128<ulong> by, Vector128<ulong> next) =>
        Pclmulqdq.CarrylessMultiply(x, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, by, 0x11) ^ next;

    /// <summary>The reflected CRC of at least 64 bytes, a multiple of 16: folding by carry-less products, then Barrett's reduction.</summary>
    [GoFunc("hash/crc32.ieeeCLMUL", Safepoint = false)]
    public static uint Ieee(G* g, uint crc, void* p, long n, long cap)
    {
        ulong* b = (ulong*)p;
        var by64 = Vector128.Create(0x154442bd4UL, 0x1c6e41596UL);
        var by16 = Vector128.Create(0x1751997d0UL, 0x0ccaa009eUL);
        var x = Vector128.Load(b) ^ Vector128.Create(crc, 0UL);
        var y = Vector128.Load(b + 2);
        var z = Vector128.Load(b + 4);
        var w = Vector128.Load(b + 6);
        b += 8;
        for (n -= 64; n >= 64; n -= 64, b += 8)
        {
            x = Fold(x, by64, Vector128.Load(b));
            y = Fold(y, by64, Vector128.Load(b + 2));
            z = Fold(z, by64, Vector128.Load(b + 4));
            w = Fold(w, by64, Vector128.Load(b + 6));
        }
        x = Fold(x, by16, y);
        x = Fold(x, by16, z);
        x = Fold(x, by16, w);
        for (; n >= 16; n -= 16, b += 2)
            x = Fold(x, by16, Vector128.Load(b));
        // 128 bits to 64, to 32.
        var low32 = Vector128.Create(0xffffffffUL, 0xffffffffUL);
        x = Sse2.ShiftRightLogical128BitLane(x, 8) ^ Pclmulqdq.CarrylessMultiply(x, by16, 0x10);
        x = Sse2.ShiftRightLogical128BitLane(x, 4) ^ Pclmulqdq.CarrylessMultiply(x & low32, Vector128.Create(0x163cd6124UL, 0UL), 0x00);
        var poly = Vector128.Create(0x1db710641UL, 0x1f7011641UL);
        var q = Pclmulqdq.CarrylessMultiply(x & low32, poly, 0x10);
        x ^= Pclmulqdq.CarrylessMultiply(q & low32, poly, 0x00);
        return x.AsUInt32().GetElement(1);
    }
}

// What gc's library has in amd64 assembly because of special instructions: cpuid, CRC-32. AES is in Crypto/AesBlocks.cs.
//
// The Go side asks internal/cpu whether the machine has them, so none of these is called on one that has not. Signatures are the flattened
// Go ones.

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Functions of internal/cpu and hash/crc32.</summary>
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

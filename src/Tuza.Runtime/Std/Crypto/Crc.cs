// hash/crc32: the update with slicing tables, which is given the table. For the two polynomials that the processor helps with (known by their
// tables) it takes the place of Go's assembly: carry-less multiplication folds 64 bytes at a time for IEEE, Castagnoli has an instruction of its own.

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>hash/crc32.</summary>
public static unsafe class Crc
{
    const int TableEntries = 256, MinimumFold = 64;
    // Entry 1 of the first table of each polynomial.
    const uint Ieee = 0x77073096, Castagnoli = 0xF26B8303;

    /// <summary>`slicingUpdate(crc uint32, tab *slicing8Table, p []byte) uint32`.</summary>
    [GoFunc("hash/crc32.slicingUpdate", Safepoint = false)]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Update(G* g, uint crc, void* table, void* data, long length, long capacity)
    {
        uint* tab = (uint*)table;
        byte* p = (byte*)data;
        crc = ~crc;
        if (tab[1] == Castagnoli && Sse42.X64.IsSupported)
        {
            ulong wide = crc;
            for (; length >= 8; length -= 8, p += 8)
                wide = Sse42.X64.Crc32(wide, *(ulong*)p);
            crc = (uint)wide;
        }
        else if (tab[1] == Ieee && Pclmulqdq.IsSupported && Sse41.IsSupported && length >= MinimumFold)
        {
            long whole = length & ~15L;
            crc = Fold(crc, p, whole);
            p += whole;
            length -= whole;
        }
        for (; length >= 8; length -= 8, p += 8)
        {
            uint a = crc ^ *(uint*)p, b = *(uint*)(p + 4);
            crc = tab[(7 * TableEntries) + (byte)a] ^ tab[(6 * TableEntries) + (byte)(a >> 8)] ^ tab[(5 * TableEntries) + (byte)(a >> 16)]
                ^ tab[(4 * TableEntries) + (a >> 24)] ^ tab[(3 * TableEntries) + (byte)b] ^ tab[(2 * TableEntries) + (byte)(b >> 8)]
                ^ tab[TableEntries + (byte)(b >> 16)] ^ tab[b >> 24];
        }
        for (; length > 0; length--)
            crc = tab[(byte)(crc ^ *p++)] ^ (crc >> 8);
        return ~crc;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Shift(Vector128<ulong> x, Vector128<ulong> k) =>
        Pclmulqdq.CarrylessMultiply(x, k, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, k, 0x11);

    /// <summary>The remainder of whole 16-byte blocks, at least four. The constants are powers of x modulo the polynomial, bits reversed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static uint Fold(uint crc, byte* p, long length)
    {
        var by64 = Vector128.Create(0x0154442bd4UL, 0x01c6e41596);
        var by16 = Vector128.Create(0x01751997d0UL, 0x00ccaa009e);
        var to64 = Vector128.Create(0x0163cd6124UL, 0);
        var barrett = Vector128.Create(0x01db710641UL, 0x01f7011641);
        var words = Vector128.Create(uint.MaxValue, 0, uint.MaxValue, 0).AsUInt64();

        Vector128<ulong> x1 = Vector128.Load((ulong*)p) ^ Vector128.CreateScalar(crc).AsUInt64();
        Vector128<ulong> x2 = Vector128.Load((ulong*)(p + 16)), x3 = Vector128.Load((ulong*)(p + 32)), x4 = Vector128.Load((ulong*)(p + 48));
        p += 64;
        length -= 64;
        for (; length >= 64; length -= 64, p += 64)
        {
            x1 = Shift(x1, by64) ^ Vector128.Load((ulong*)p);
            x2 = Shift(x2, by64) ^ Vector128.Load((ulong*)(p + 16));
            x3 = Shift(x3, by64) ^ Vector128.Load((ulong*)(p + 32));
            x4 = Shift(x4, by64) ^ Vector128.Load((ulong*)(p + 48));
        }
        x1 = Shift(x1, by16) ^ x2;
        x1 = Shift(x1, by16) ^ x3;
        x1 = Shift(x1, by16) ^ x4;
        for (; length >= 16; length -= 16, p += 16)
            x1 = Shift(x1, by16) ^ Vector128.Load((ulong*)p);

        // 128 bits to 64, then to 32.
        x1 = Pclmulqdq.CarrylessMultiply(x1, by16, 0x10) ^ Sse2.ShiftRightLogical128BitLane(x1, 8);
        x1 = Pclmulqdq.CarrylessMultiply(x1 & words, to64, 0x00) ^ Sse2.ShiftRightLogical128BitLane(x1, 4);
        Vector128<ulong> q = Pclmulqdq.CarrylessMultiply(x1 & words, barrett, 0x10);
        x1 ^= Pclmulqdq.CarrylessMultiply(q & words, barrett, 0x00);
        return x1.AsUInt32()[1];
    }
}

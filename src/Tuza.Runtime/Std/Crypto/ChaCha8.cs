// The block function of internal/chacha8rand: ChaCha with 8 rounds over four blocks at once.
//
// Word i of the four blocks lies in one vector, so a quarter round is a handful of vector operations and no lane ever moves. The output keeps
// that layout, as Go's definition of the generator wants it. Only the words that hold the key are added back at the end.

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>internal/chacha8rand.</summary>
public static unsafe class ChaCha8
{
    /// <summary>`block(seed *[4]uint64, blocks *[32]uint64, counter uint32)`.</summary>
    [GoFunc("internal/chacha8rand.block", Safepoint = false)]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(G* g, void* seed, void* blocks, uint counter)
    {
        uint* key = (uint*)seed;
        var b0 = Vector128.Create(0x61707865u);
        var b1 = Vector128.Create(0x3320646eu);
        var b2 = Vector128.Create(0x79622d32u);
        var b3 = Vector128.Create(0x6b206574u);
        var k4 = Vector128.Create(key[0]);
        var k5 = Vector128.Create(key[1]);
        var k6 = Vector128.Create(key[2]);
        var k7 = Vector128.Create(key[3]);
        var k8 = Vector128.Create(key[4]);
        var k9 = Vector128.Create(key[5]);
        var k10 = Vector128.Create(key[6]);
        var k11 = Vector128.Create(key[7]);
        Vector128<uint> b4 = k4, b5 = k5, b6 = k6, b7 = k7, b8 = k8, b9 = k9, b10 = k10, b11 = k11;
        var b12 = Vector128.Create(counter) + Vector128.Create(0u, 1, 2, 3);
        Vector128<uint> b13 = default, b14 = default, b15 = default;
        for (int round = 0; round < 4; round++)
        {
            Quarter(ref b0, ref b4, ref b8, ref b12);
            Quarter(ref b1, ref b5, ref b9, ref b13);
            Quarter(ref b2, ref b6, ref b10, ref b14);
            Quarter(ref b3, ref b7, ref b11, ref b15);
            Quarter(ref b0, ref b5, ref b10, ref b15);
            Quarter(ref b1, ref b6, ref b11, ref b12);
            Quarter(ref b2, ref b7, ref b8, ref b13);
            Quarter(ref b3, ref b4, ref b9, ref b14);
        }
        uint* to = (uint*)blocks;
        b0.Store(to);
        b1.Store(to + 4);
        b2.Store(to + 8);
        b3.Store(to + 12);
        (b4 + k4).Store(to + 16);
        (b5 + k5).Store(to + 20);
        (b6 + k6).Store(to + 24);
        (b7 + k7).Store(to + 28);
        (b8 + k8).Store(to + 32);
        (b9 + k9).Store(to + 36);
        (b10 + k10).Store(to + 40);
        (b11 + k11).Store(to + 44);
        b12.Store(to + 48);
        b13.Store(to + 52);
        b14.Store(to + 56);
        b15.Store(to + 60);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Quarter(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        a += b;
        d ^= a;
        d = Rotate(d, 16);
        c += d;
        b ^= c;
        b = Rotate(b, 12);
        a += b;
        d ^= a;
        d = Rotate(d, 8);
        c += d;
        b ^= c;
        b = Rotate(b, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<uint> Rotate(Vector128<uint> v, int bits) => (v << bits) | (v >>> (32 - bits));
}

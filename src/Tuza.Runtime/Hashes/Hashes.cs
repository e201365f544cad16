// Hashes of memory for maps, by multiply and fold over 8-byte words.
//
// Package internal/runtime/maps hashes 4- and 8-byte keys and strings by itself in its fast paths, and calls the map type's hasher elsewhere (growing,
// reflection). Both must agree: Mem is the function of its runtime_hash64.go with hash keys of zero. Every map has a random seed of its own.

using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>memhash and its relatives.</summary>
public static unsafe class Hashes
{
    static readonly ulong s_key0 = Rand.Seed() | 1, s_key1 = Rand.Next() | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Fold(ulong a, ulong b)
    {
        return (ulong)Arith.MulHiU((long)a, (long)b) ^ a * b;
    }

    const ulong M5 = 0x1d8e4e27c47d124f;

    public static ulong Mem(byte* p, ulong seed, ulong n)
    {
        ulong a, b;
        if (n <= 16)
        {
            if (n >= 8)
            {
                a = *(ulong*)p;
                b = *(ulong*)(p + n - 8);
            }
            else if (n >= 4)
            {
                a = *(uint*)p;
                b = *(uint*)(p + n - 4);
            }
            else
            {
                if (n == 0)
                    return seed;
                a = p[0] | (ulong)p[n >> 1] << 8 | (ulong)p[n - 1] << 16;
                b = 0;
            }
            return Fold(M5 ^ n, Fold(a, b ^ seed));
        }
        ulong left = n;
        if (left > 48)
        {
            ulong seed1 = seed, seed2 = seed;
            for (; left > 48; left -= 48, p += 48)
            {
                seed = Fold(*(ulong*)p, *(ulong*)(p + 8) ^ seed);
                seed1 = Fold(*(ulong*)(p + 16), *(ulong*)(p + 24) ^ seed1);
                seed2 = Fold(*(ulong*)(p + 32), *(ulong*)(p + 40) ^ seed2);
            }
            seed ^= seed1 ^ seed2;
        }
        for (; left > 16; left -= 16, p += 16)
            seed = Fold(*(ulong*)p, *(ulong*)(p + 8) ^ seed);
        return Fold(M5 ^ n, Fold(*(ulong*)(p + left - 16), *(ulong*)(p + left - 8) ^ seed));
    }

    [GoFunc("hash/maphash.runtime_memhash", Safepoint = false)]
    public static ulong MemHash(G* g, void* p, ulong seed, ulong n) => Mem((byte*)p, seed, n);

    public static ulong StrHash(G* g, void* p, ulong seed) => Mem(((GoString*)p)->Ptr, seed, (ulong)((GoString*)p)->Len);

    // 0 and -0 are equal, so they hash alike; a NaN equals nothing, so any number will do and a random one spreads them.

    [GoFunc("runtime.f32hash", Safepoint = false)]
    public static ulong F32Hash(G* g, void* p, ulong seed)
    {
        float f = *(float*)p;
        return f == 0 ? Fold(seed ^ s_key0, s_key1) : float.IsNaN(f) ? Fold(seed ^ Rand.Next(), s_key1) : Mem((byte*)p, seed, 4);
    }

    [GoFunc("runtime.f64hash", Safepoint = false)]
    public static ulong F64Hash(G* g, void* p, ulong seed)
    {
        double f = *(double*)p;
        return f == 0 ? Fold(seed ^ s_key0, s_key1) : double.IsNaN(f) ? Fold(seed ^ Rand.Next(), s_key1) : Mem((byte*)p, seed, 8);
    }

    [GoFunc("runtime.c64hash", Safepoint = false)]
    public static ulong C64Hash(G* g, void* p, ulong seed) => F32Hash(g, (float*)p + 1, F32Hash(g, p, seed));

    [GoFunc("runtime.c128hash", Safepoint = false)]
    public static ulong C128Hash(G* g, void* p, ulong seed) => F64Hash(g, (double*)p + 1, F64Hash(g, p, seed));
}

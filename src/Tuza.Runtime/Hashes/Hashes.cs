// Hashes of memory for maps: multiply-fold over 8-byte words with a random key per process. Values are private to the process.

using System;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>memhash and its relatives.</summary>
public static unsafe class Hashes
{
    static readonly ulong s_key0 = Rand.Seed() | 1, s_key1 = Rand.Next() | 1, s_key2 = Rand.Next() | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Fold(ulong a, ulong b)
    {
        ulong hi = Math.BigMul(a, b, out ulong lo);
        return hi ^ lo;
    }

    static ulong Tail(byte* p, ulong n)
    {
        ulong v = 0;
        for (ulong i = 0; i < n; i++)
            v |= (ulong)p[i] << (int)(8 * i);
        return v;
    }

    public static ulong Mem(byte* p, ulong seed, ulong n)
    {
        ulong h = seed ^ s_key0 ^ n;
        ulong left = n;
        for (; left >= 16; left -= 16, p += 16)
            h = Fold(*(ulong*)p ^ s_key1, *(ulong*)(p + 8) ^ h);
        if (left >= 8)
        {
            h = Fold(*(ulong*)p ^ s_key2, h ^ s_key1);
            left -= 8;
            p += 8;
        }
        if (left > 0)
            h = Fold(Tail(p, left) ^ s_key1, h ^ s_key2);
        return Fold(h ^ s_key2, n ^ s_key0 ^ 0x9e3779b97f4a7c15);
    }

    [GoFunc("runtime.memhash", Safepoint = false)]
    [GoFunc("hash/maphash.runtime_memhash", Safepoint = false)]
    public static ulong MemHash(G* g, void* p, ulong seed, ulong n) => Mem((byte*)p, seed, n);

    [GoFunc("runtime.memhash32", Safepoint = false)]
    public static ulong MemHash32(G* g, void* p, ulong seed) => Mem((byte*)p, seed, 4);

    [GoFunc("runtime.memhash64", Safepoint = false)]
    public static ulong MemHash64(G* g, void* p, ulong seed) => Mem((byte*)p, seed, 8);

    [GoFunc("runtime.strhash", Safepoint = false)]
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

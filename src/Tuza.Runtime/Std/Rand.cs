// Random numbers of the runtime: wyrand per process, seeded by the kernel, or by TUZADEBUG=seed=n for repeatable runs.

using System;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Cheap random numbers; not for cryptography.</summary>
public static unsafe class Rand
{
    static ulong s_state = Seed();

    public static ulong Seed()
    {
        if (DebugFlags.HasSeed)
            return (ulong)DebugFlags.Seed * 0x9e3779b97f4a7c15;
        ulong seed;
        if (Libc.Syscall(Libc.SysGetrandom, (nint)(&seed), 8, 0, 0, 0, 0) != 8)
            seed = (ulong)Clock.Nano() * 0x9e3779b97f4a7c15;
        return seed;
    }

    public static ulong Next()
    {
        ulong s = Interlocked.Add(ref s_state, 0xa0761d6478bd642f);
        ulong hi = Math.BigMul(s, s ^ 0xe7037ed1a0b428db, out ulong lo);
        return hi ^ lo;
    }

    public static uint Next32() => (uint)(Next() >> 32);

    /// <summary>Uniform enough below n.</summary>
    public static uint Below(uint n) => (uint)((ulong)Next32() * n >> 32);

    /// <summary>The same from a P's own numbers, without an interlocked operation.</summary>
    public static uint Below(P* p, uint n)
    {
        ulong s = p->Rand += 0xa0761d6478bd642f;
        ulong hi = Math.BigMul(s, s ^ 0xe7037ed1a0b428db, out ulong lo);
        return (uint)(((hi ^ lo) >> 32) * n >> 32);
    }

    [GoFunc("runtime.rand", Safepoint = false)]
    [GoFunc("runtime.bootstrapRand", Safepoint = false)]
    [GoFunc("internal/runtime/maps.rand", Safepoint = false)]
    [GoFunc("internal/runtime/maps.bootstrapRand", Safepoint = false)]
    [GoFunc("internal/sync.runtime_rand", Safepoint = false)]
    [GoFunc("hash/maphash.runtime_rand", Safepoint = false)]
    [GoFunc("math/rand.runtime_rand", Safepoint = false)]
    [GoFunc("math/rand/v2.runtime_rand", Safepoint = false)]
    [GoFunc("net.runtime_rand", Safepoint = false)]
    [GoFunc("os.runtime_rand", Safepoint = false)]
    [GoFunc("unique.runtime_rand", Safepoint = false)]
    public static ulong Rand64(G* g)
    {
        P* p = Sched.POf(g);
        ulong s = p->Rand += 0xa0761d6478bd642f;
        ulong hi = Math.BigMul(s, s ^ 0xe7037ed1a0b428db, out ulong lo);
        return hi ^ lo;
    }

    [GoFunc("runtime.cheaprand", Safepoint = false)]
    public static uint CheapRand(G* g) => (uint)(Rand64(g) >> 32);

    [GoFunc("runtime.randn", Safepoint = false)]
    [GoFunc("sync.runtime_randn", Safepoint = false)]
    public static uint RandN(G* g, uint n) => Below(Sched.POf(g), n);
}

// Block and mutex profiles: where goroutines wait, and who makes them wait.
//
// A goroutine that parks while one of the profiles is on remembers when. When it goes on, the time is charged to its own stack (block profile);
// when an unlock ends the wait for a mutex, to the stack of the goroutine that unlocks (mutex profile). Times are nanoseconds. Short waits are
// sampled in proportion to their length, and counted for those that were left out.

using System;
using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Symbols of runtime.BlockProfile and MutexProfile.</summary>
public static unsafe class BlockProfile
{
    const int MaxDepth = 128;

    sealed class Record
    {
        public required ulong[] Stack;
        public double Count;
        public double Nanos;
    }

    sealed class Profile
    {
        readonly Dictionary<ulong, List<Record>> _byHash = [];
        public List<Record> All { get; } = [];

        public void Add(ReadOnlySpan<ulong> stack, double count, double nanos)
        {
            ulong hash = 14695981039346656037;
            foreach (ulong pc in stack)
                hash = (hash ^ pc) * 1099511628211;
            if (!_byHash.TryGetValue(hash, out List<Record>? list))
                _byHash.Add(hash, list = []);
            Record? r = null;
            foreach (Record known in list)
                if (stack.SequenceEqual(known.Stack))
                    r = known;
            if (r == null)
            {
                r = new Record { Stack = stack.ToArray() };
                list.Add(r);
                All.Add(r);
            }
            r.Count += count;
            r.Nanos += nanos;
        }
    }

    static readonly Lock s_lock = new();
    static readonly Profile[] s_profiles = [new(), new()];
    static long s_blockRate, s_mutexFraction;

    /// <summary>One of the profiles is on: who parks notes the time.</summary>
    public static bool On;

    static bool IsCounted(WaitReason reason) => reason is WaitReason.ChanReceive or WaitReason.ChanSend or WaitReason.Select or WaitReason.SyncCondWait
        or WaitReason.SyncMutexLock or WaitReason.SyncRWMutexLock or WaitReason.SyncRWMutexRLock or WaitReason.SyncWaitGroupWait
        or WaitReason.SynctestChanReceive or WaitReason.SynctestChanSend or WaitReason.SynctestSelect or WaitReason.SynctestWaitGroup;

    internal static void Parking(GState* gs, WaitReason reason) => gs->BlockStart = IsCounted(reason) ? Clock.Nano() : 0;

    /// <summary>A goroutine that had parked goes on.</summary>
    internal static void GoesOn(G* g, GState* gs)
    {
        long nanos = Math.Max(Clock.Nano() - gs->BlockStart, 1);
        gs->BlockStart = 0;
        long rate = s_blockRate;
        if (rate <= 0 || (rate > nanos && (long)(Rand.Next() >> 1) % rate > nanos))
            return;
        // A wait shorter than the rate stands for those that were not sampled.
        Add(0, g, rate > nanos ? (double)rate / nanos : 1, Math.Max(rate, nanos));
    }

    /// <summary>The running goroutine ends a wait for a mutex.</summary>
    internal static void Unlocks(G* g, G* waiter)
    {
        long start = Sched.State(waiter)->BlockStart, fraction = s_mutexFraction;
        if (start != 0 && fraction > 0 && Rand.Next() % (ulong)fraction == 0)
            Add(1, g, fraction, (double)(Clock.Nano() - start) * fraction);
    }

    static void Add(int profile, G* g, double count, double nanos)
    {
        ulong* pcs = stackalloc ulong[MaxDepth];
        int n = FrameWalk.Callers(g, 0, pcs, MaxDepth);
        lock (s_lock)
            s_profiles[profile].Add(new(pcs, n), count, nanos);
    }

    [GoFunc("runtime.setblockprofilerate", Safepoint = false)]
    public static void SetRate(G* g, long nanos)
    {
        s_blockRate = Math.Max(nanos, 0);
        On = s_blockRate > 0 || s_mutexFraction > 0;
    }

    [GoFunc("runtime.setmutexprofilefraction", Safepoint = false)]
    public static long SetFraction(G* g, long fraction)
    {
        long old = s_mutexFraction;
        if (fraction >= 0)
            s_mutexFraction = fraction;
        On = s_blockRate > 0 || s_mutexFraction > 0;
        return old;
    }

    /// <summary>`blockprofilelen(profile int) int`: 0 block, 1 mutex.</summary>
    [GoFunc("runtime.blockprofilelen", Safepoint = false)]
    public static long Length(G* g, long profile)
    {
        lock (s_lock)
            return s_profiles[profile].All.Count;
    }

    /// <summary>`blockprofileat(profile, i int, pcs *uintptr, max int) (depth int, count, nanos int64)`.</summary>
    [GoFunc("runtime.blockprofileat", Safepoint = false)]
    public static long At(G* g, long profile, long i, void* pcs, long max)
    {
        lock (s_lock)
        {
            Record r = s_profiles[profile].All[(int)i];
            g->R[1] = (ulong)(long)r.Count;
            g->R[2] = (ulong)(long)r.Nanos;
            int n = (int)Math.Min(max, r.Stack.Length);
            r.Stack.AsSpan(0, n).CopyTo(new Span<ulong>(pcs, n));
            return n;
        }
    }
}

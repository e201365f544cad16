// The heap profile: for each place in the program (a stack) and size, how many of the sampled objects were allocated and freed.
//
// The memory system says which allocations are samples and when a sampled object dies. Frees become known with a delay, in the sweep after a cycle,
// so a profile that counted everything at once would show garbage as live. Counts therefore pass through three stages: an allocation in
// cycle C is shown after the end of cycle C+1, when the frees of the objects that died with it are known. Before the first cycle everything is shown.
//
// See GOROOT/src/runtime/mprof.go.

using System;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Buckets of allocation sites.</summary>
public static unsafe class MemProfile
{
    const int HashBuckets = 179999;
    const int MaxDepth = 128;
    const int Stages = 3;

    [StructLayout(LayoutKind.Sequential)]
    struct Counts
    {
        public long Allocs;
        public long Frees;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Bucket
    {
        public Bucket* Next;       // same hash
        public Bucket* All;
        public ulong Hash;
        public long Bytes;
        public int Depth;
        public Counts Shown;
        public Counts Stage0;
        public Counts Stage1;
        public Counts Stage2;

        public static Counts* Stage(Bucket* b, uint cycle) => &b->Stage0 + cycle % Stages;
        public static ulong* Pcs(Bucket* b) => (ulong*)(b + 1);
    }

    static Lock32 s_lock;
    static Bucket** s_table;
    static Bucket* s_all;
    static Bucket* s_cursor;
    static bool s_cursorZero;
    static uint s_cycle;

    [GoFunc("runtime.setmemprofilerate", Safepoint = false)]
    public static void SetRate(G* g, void* variable) => MCache.ProfileRate = (long*)variable;

    /// <summary>The rate was assigned to: slots that the caches hold ready were taken for the old one.</summary>
    [GoFunc("runtime.memprofilerateset")]
    public static void RateSet(G* g)
    {
        Sched.StopTheWorld(StopReason.Other);
        for (int i = 0; i < Sched.PCount; i++)
        {
            var c = (MCache*)Sched.PAt(i)->MCache;
            if (c != null)
                c->DropWindows();
        }
        Sched.StartTheWorld();
    }

    internal static void Alloc(MCache* cache, byte* slot, long bytes)
    {
        G* g = Threads.CurrentG();
        if (g == null || g->Sp == null)
            return;
        ulong* pcs = stackalloc ulong[MaxDepth];
        int depth = FrameWalk.Callers(g, 0, pcs, MaxDepth);
        if (depth == 0)
            return;
        ulong hash = (ulong)bytes;
        for (int i = 0; i < depth; i++)
            hash = (hash ^ pcs[i]) * 0x9E3779B97F4A7C15;
        s_lock.Enter();
        Bucket* b = FindLocked(pcs, depth, bytes, hash);
        Bucket.Stage(b, s_cycle + 2)->Allocs++;
        s_lock.Exit();
        Specials.AddProfile(cache->Heap, slot, b);
    }

    internal static void Free(void* bucket)
    {
        s_lock.Enter();
        Bucket.Stage((Bucket*)bucket, s_cycle + 1)->Frees++;
        s_lock.Exit();
    }

    static Bucket* FindLocked(ulong* pcs, int depth, long bytes, ulong hash)
    {
        MHeap* h = MHeap.Current;
        if (s_table == null)
            s_table = (Bucket**)h->PersistentAlloc(HashBuckets * (nuint)sizeof(Bucket*), 8, &h->Stats.BuckHashSys);
        Bucket** link = &s_table[(hash >> 20) % HashBuckets];
        for (Bucket* b = *link; b != null; b = b->Next)
        {
            if (b->Hash == hash && b->Bytes == bytes && b->Depth == depth
                && new ReadOnlySpan<ulong>(Bucket.Pcs(b), depth).SequenceEqual(new ReadOnlySpan<ulong>(pcs, depth)))
                return b;
        }
        var fresh = (Bucket*)h->PersistentAlloc((nuint)(sizeof(Bucket) + depth * 8), 8, &h->Stats.BuckHashSys);
        fresh->Hash = hash;
        fresh->Bytes = bytes;
        fresh->Depth = depth;
        new ReadOnlySpan<ulong>(pcs, depth).CopyTo(new Span<ulong>(Bucket.Pcs(fresh), depth));
        fresh->Next = *link;
        *link = fresh;
        fresh->All = s_all;
        s_all = fresh;
        return fresh;
    }

    /// <summary>World stopped, marking done: allocations age.</summary>
    internal static void NextCycle()
    {
        s_lock.Enter();
        s_cycle++;
        ShowLocked(s_cycle);
        s_lock.Exit();
    }

    /// <summary>A forced cycle is swept: what it found dead is shown now, not after the next one.</summary>
    internal static void Swept()
    {
        s_lock.Enter();
        ShowLocked(s_cycle + 1);
        s_lock.Exit();
    }

    static void ShowLocked(uint cycle)
    {
        for (Bucket* b = s_all; b != null; b = b->All)
        {
            Counts* stage = Bucket.Stage(b, cycle);
            b->Shown.Allocs += stage->Allocs;
            b->Shown.Frees += stage->Frees;
            *stage = default;
        }
    }

    static bool IsShown(Bucket* b, bool zero) => zero || b->Shown.Allocs != b->Shown.Frees;

    /// <summary>`memprofstart(inuseZero bool) int`: how many records there are; memprofnext then gives them.</summary>
    [GoFunc("runtime.memprofstart", Safepoint = false)]
    public static long Start(G* g, int inUseZero)
    {
        s_lock.Enter();
        ShowLocked(s_cycle);
        bool any = false;
        for (Bucket* b = s_all; b != null; b = b->All)
            any |= b->Shown.Allocs != 0 || b->Shown.Frees != 0;
        if (!any)
        {
            for (uint stage = 0; stage < Stages; stage++)
                ShowLocked(stage);
        }
        long n = 0;
        for (Bucket* b = s_all; b != null; b = b->All)
            n += IsShown(b, inUseZero != 0) ? 1 : 0;
        s_cursor = s_all;
        s_cursorZero = inUseZero != 0;
        s_lock.Exit();
        return n;
    }

    /// <summary>`memprofnext(counts *[3]int64, pcs *uintptr, max int) int`: size, allocations and frees of the next record; its depth, -1 behind the last.</summary>
    [GoFunc("runtime.memprofnext", Safepoint = false)]
    public static long Next(G* g, void* counts, void* pcs, long max)
    {
        s_lock.Enter();
        while (s_cursor != null && !IsShown(s_cursor, s_cursorZero))
            s_cursor = s_cursor->All;
        Bucket* b = s_cursor;
        s_cursor = b == null ? null : b->All;
        s_lock.Exit();
        if (b == null)
            return -1;
        ((long*)counts)[0] = b->Bytes;
        ((long*)counts)[1] = b->Shown.Allocs;
        ((long*)counts)[2] = b->Shown.Frees;
        int n = (int)Math.Min(max, b->Depth);
        new ReadOnlySpan<ulong>(Bucket.Pcs(b), n).CopyTo(new Span<ulong>(pcs, n));
        return n;
    }
}

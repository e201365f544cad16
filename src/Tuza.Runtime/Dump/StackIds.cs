// Numbers for call stacks: the same number for the same stack, as long as the process lives.
//
// A stack is the frame headers (function, site) of the innermost frames; inlined bodies follow from the sites. The table is open addressing under
// a lock that is held for a lookup; an entry's frames lie in memory that is never given back.

using System;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class StackIds
{
    /// <summary>Deeper frames are cut off.</summary>
    public const int MostFrames = 16;

    [StructLayout(LayoutKind.Sequential)]
    struct Entry
    {
        public ulong Hash;
        public uint Id;
        public int Count;
        public ulong* Frames;
    }

    static Entry* s_table;
    static uint s_capacity, s_count;
    static Entry** s_byId;
    static uint s_byIdCapacity;
    static Lock32 s_lock;

    /// <summary>Of the goroutine that allocates; the allocator's caller has its frame in order.</summary>
    public static uint Current(MCache* c)
    {
        _ = c;
        G* g = Threads.CurrentG();
        if (g == null || g->Sp == null || g->Unwinding != UnwindReason.None)
            return 0;
        ulong* frames = stackalloc ulong[MostFrames];
        int n = 0;
        ulong hash = 0x9E3779B97F4A7C15;
        for (var f = new FrameCursor(g); f.Valid && n < MostFrames; f.Next())
        {
            ulong header = (ulong)f.FuncId << 32 | (uint)f.Site;
            frames[n++] = header;
            hash = (hash ^ header) * 0xFF51AFD7ED558CCD;
            hash ^= hash >> 32;
        }
        return n == 0 ? 0 : Intern(frames, n, hash | 1);
    }

    /// <summary>The number of a stack of one frame.</summary>
    public static uint OfPc(ulong pc)
    {
        if (!Pcs.IsPc(pc))
            return 0;
        ulong header = (ulong)Pcs.PcFunc(pc) << 32 | (uint)Pcs.PcSite(pc);
        return Intern(&header, 1, header * 0xFF51AFD7ED558CCD | 1);
    }

    static uint Intern(ulong* frames, int n, ulong hash)
    {
        s_lock.Enter();
        if (s_count * 2 >= s_capacity)
            Grow();
        for (uint i = (uint)hash & (s_capacity - 1); ; i = (i + 1) & (s_capacity - 1))
        {
            Entry* e = s_table + i;
            if (e->Hash == 0)
            {
                e->Hash = hash;
                e->Count = n;
                e->Frames = (ulong*)NativeMemory.Alloc((nuint)n, sizeof(ulong));
                new Span<ulong>(frames, n).CopyTo(new Span<ulong>(e->Frames, n));
                e->Id = ++s_count;
            }
            else if (e->Hash != hash || e->Count != n || !new Span<ulong>(frames, n).SequenceEqual(new Span<ulong>(e->Frames, n)))
            {
                continue;
            }
            uint id = e->Id;
            s_lock.Exit();
            return id;
        }
    }

    static void Grow()
    {
        Entry* old = s_table;
        uint oldCapacity = s_capacity;
        s_capacity = Math.Max(1024, oldCapacity * 2);
        s_table = (Entry*)NativeMemory.AllocZeroed(s_capacity, (nuint)sizeof(Entry));
        for (uint k = 0; k < oldCapacity; k++)
        {
            if (old[k].Hash == 0)
                continue;
            uint i = (uint)old[k].Hash & (s_capacity - 1);
            while (s_table[i].Hash != 0)
                i = (i + 1) & (s_capacity - 1);
            s_table[i] = old[k];
        }
        NativeMemory.Free(old);
    }

    /// <summary>World stopped: all stacks by number, from 1.</summary>
    public static int Count => (int)s_count;

    /// <summary>World stopped: the frame headers of a stack, innermost first.</summary>
    public static ReadOnlySpan<ulong> Frames(uint id)
    {
        Index();
        return id == 0 || id > s_count ? default : new ReadOnlySpan<ulong>(s_byId[id]->Frames, s_byId[id]->Count);
    }

    static uint s_indexed, s_indexedCapacity;

    static void Index()
    {
        if (s_indexed == s_count && s_indexedCapacity == s_capacity)
            return;
        if (s_byIdCapacity <= s_count)
        {
            NativeMemory.Free(s_byId);
            s_byIdCapacity = s_count + 1024;
            s_byId = (Entry**)NativeMemory.AllocZeroed(s_byIdCapacity, (nuint)sizeof(Entry*));
        }
        for (uint i = 0; i < s_capacity; i++)
        {
            if (s_table[i].Hash != 0)
                s_byId[s_table[i].Id] = s_table + i;
        }
        (s_indexed, s_indexedCapacity) = (s_count, s_capacity);
    }
}

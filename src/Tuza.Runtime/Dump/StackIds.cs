// Numbers for call stacks: the same number for the same stack, as long as the process lives.
//
// A stack is the frame headers (function, site) of the innermost frames; inlined bodies follow from the sites. Of frames in a row of one function,
// a recursion, the innermost stands for all: otherwise a tree would have as many stacks as ways down. The table is open addressing under
// a lock that is held for a lookup; an entry's frames lie in memory that is never given back.
//
// Every traced allocation asks, so the common case must not walk frames (each step waits for the last one's function). Each P remembers the frames
// it met last, outermost first, as Shadow: where each begins and which function it is. A remembered frame is still right when the one inside it is
// and its own header names the same function, since a function's frames have one size. So frames left are popped, new ones pushed, and the headers
// are read independently of each other. Numbers are remembered by the hash of the headers.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class StackIds
{
    /// <summary>Deeper frames are cut off: those of a stack's number, and those looked at for it.</summary>
    public const int MostFrames = 16, MostWalked = 16;

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

    struct Shadow
    {
        public const int Capacity = 128, Numbers = 2048;

        public struct Frame
        {
            public byte* Fp;
            public uint Func;
        }

        public struct Number
        {
            public ulong Hash;
            public uint Id;
        }

        [InlineArray(Capacity)]
        public struct FrameArray
        {
            Frame _first;
        }

        [InlineArray(Numbers)]
        public struct NumberArray
        {
            Number _first;
        }

        /// <summary>Whose cache it is; null until a goroutine was met.</summary>
        public P* Owner;
        public byte* Hi;
        public int Count;
        /// <summary>The first frame is the stack's outermost.</summary>
        public bool FromBottom;
        public FrameArray Frames;
        public NumberArray Known;
        /// <summary>What was made by each stack on this P.</summary>
        public Sum* Sums;
        public uint SumCapacity;
        /// <summary>The next one of all.</summary>
        public Shadow* Next;

        public struct Sum
        {
            public long Count, Bytes;
        }

        public void Add(uint id, long bytes)
        {
            if (id >= SumCapacity)
                MoreSums(id);
            Sums[id].Count++;
            Sums[id].Bytes += bytes;
        }

        void MoreSums(uint id)
        {
            uint capacity = Math.Max(1024, id * 2);
            var more = (Sum*)NativeMemory.AllocZeroed(capacity, (nuint)sizeof(Sum));
            new Span<Sum>(Sums, (int)SumCapacity).CopyTo(new Span<Sum>(more, (int)capacity));
            NativeMemory.Free(Sums);
            Sums = more;
            SumCapacity = capacity;
        }
    }

    static Shadow* s_shadows;

    static Shadow* NewShadow()
    {
        var shadow = (Shadow*)NativeMemory.AllocZeroed((nuint)sizeof(Shadow));
        s_lock.Enter();
        shadow->Next = s_shadows;
        s_shadows = shadow;
        s_lock.Exit();
        return shadow;
    }

    /// <summary>World stopped: objects made by a stack, and their bytes.</summary>
    public static (long Count, long Bytes) MadeBy(uint id)
    {
        long count = 0, bytes = 0;
        for (Shadow* s = s_shadows; s != null; s = s->Next)
        {
            if (id < s->SumCapacity)
            {
                count += s->Sums[id].Count;
                bytes += s->Sums[id].Bytes;
            }
        }
        return (count, bytes);
    }

    /// <summary>Of the goroutine that allocates; the allocator's caller has its frame in order.</summary>
    public static uint Current(MCache* c, long bytes)
    {
        var shadow = (Shadow*)c->Tracing->Stacks;
        if (shadow == null)
            c->Tracing->Stacks = shadow = NewShadow();
        G* g;
        if (shadow->Owner is var p && p != null && p->MCache == c && p->M != null)
        {
            g = p->M->CurG;
        }
        else
        {
            g = Threads.CurrentG();
            if (g != null)
                shadow->Owner = Sched.POf(g);
        }
        if (g == null || g->Sp == null || g->Sp == g->StackHi || g->Unwinding != UnwindReason.None)
            return 0;
        if (shadow->Hi != g->StackHi)
            Forget(shadow, g);
        var frames = (Shadow.Frame*)&shadow->Frames;
        int count = shadow->Count;
        while (count > 0 && frames[count - 1].Fp < g->Sp)
            count--;
        shadow->Count = count;
        if (count == 0 || frames[count - 1].Fp != g->Sp)
            Push(shadow, g);
        for (; ; )
        {
            count = shadow->Count;
            int n = Math.Min(count, MostWalked), i = 0, kept = 0;
            ulong hash = 0;
            uint last = 0;
            for (Shadow.Frame* f = frames + count - 1; i < n; i++, f--)
            {
                ulong header = *(ulong*)f->Fp;
                if ((uint)(header >> 32) != f->Func)
                    break;
                if (f->Func == last)
                    continue;
                last = f->Func;
                hash += Mixed(header, kept);
                if (++kept == MostFrames)
                {
                    i = n;
                    break;
                }
            }
            if (i < n || n < MostWalked && kept < MostFrames && !shadow->FromBottom)
            {
                Forget(shadow, g);
                Push(shadow, g);
                continue;
            }
            hash = Finished(hash + (ulong)kept);
            Shadow.Number* known = (Shadow.Number*)&shadow->Known + (hash >> 32 & (Shadow.Numbers - 1));
            if (known->Hash != hash)
                *known = new Shadow.Number { Hash = hash, Id = InternShadow(frames + count - 1, n, hash) };
            shadow->Add(known->Id, bytes);
            return known->Id;
        }
    }

    static ReadOnlySpan<ulong> Factors =>
    [
        0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB,
        0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9C6E6877736C46E3, 0xB492B66FBE98F273,
    ];

    /// <summary>Part of a hash: a header at a depth. Parts do not wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Mixed(ulong header, int depth)
    {
        ulong x = (header ^ header >> 32) * Factors[depth & (MostFrames - 1)];
        return x ^ x >> 29;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Finished(ulong hash)
    {
        hash = (hash ^ hash >> 32) * 0xFF51AFD7ED558CCD;
        return hash ^ hash >> 33 | 1;
    }

    static void Forget(Shadow* shadow, G* g)
    {
        shadow->Hi = g->StackHi;
        shadow->Count = 0;
        shadow->FromBottom = false;
    }

    /// <summary>Frames from the innermost out to the first that is remembered, or as many as fit.</summary>
    static void Push(Shadow* shadow, G* g)
    {
        var frames = (Shadow.Frame*)&shadow->Frames;
        const int Most = Shadow.Capacity / 2;
        Shadow.Frame* fresh = stackalloc Shadow.Frame[Most];
        int n = 0, count = shadow->Count;
        byte* fp = g->Sp;
        while (fp < g->StackHi && n < Most)
        {
            uint func = (uint)(*(ulong*)fp >> 32);
            while (count > 0 && frames[count - 1].Fp < fp)
                count--;
            if (count > 0 && frames[count - 1].Fp == fp && frames[count - 1].Func == func)
                break;
            fresh[n++] = new Shadow.Frame { Fp = fp, Func = func };
            FuncDesc* f = Pcs.Get(func);
            if (f == null)
                Throw.BadFrame(fp, *(ulong*)fp);
            fp += f->FrameBytes;
        }
        if (fp >= g->StackHi)
        {
            count = 0;
            shadow->FromBottom = true;
        }
        else if (n == Most)
        {
            count = 0;
            shadow->FromBottom = false;
        }
        if (count + n > Shadow.Capacity)
        {
            int keep = Shadow.Capacity - n;
            new Span<Shadow.Frame>(frames + count - keep, keep).CopyTo(new Span<Shadow.Frame>(frames, keep));
            count = keep;
            shadow->FromBottom = false;
        }
        while (n > 0)
            frames[count++] = fresh[--n];
        shadow->Count = count;
    }

    static uint InternShadow(Shadow.Frame* innermost, int n, ulong hash)
    {
        ulong* headers = stackalloc ulong[MostFrames];
        int kept = 0;
        uint last = 0;
        for (int i = 0; i < n && kept < MostFrames; i++)
        {
            if (innermost[-i].Func != last)
                headers[kept++] = *(ulong*)innermost[-i].Fp;
            last = innermost[-i].Func;
        }
        return Intern(headers, kept, hash);
    }

    /// <summary>The number of a stack of one frame.</summary>
    public static uint OfPc(ulong pc)
    {
        if (!Pcs.IsPc(pc))
            return 0;
        ulong header = (ulong)Pcs.PcFunc(pc) << 32 | (uint)Pcs.PcSite(pc);
        return Intern(&header, 1, Finished(1 + Mixed(header, 0)));
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

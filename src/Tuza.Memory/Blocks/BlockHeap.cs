// The heap of blocks: what allocates small objects when a policy other than Go's is chosen.
//
// Idea. The caches of the Ps stay empty, so every allocation takes the slow path, which comes here: a lock, the policy's choice of a free block, a header,
// a bit. Objects above 32 KiB have pages of their own under every policy. Tiny objects do not share blocks.
//
// Life of a chunk. Grow takes a span of 1 MiB. The sweep of a chunk turns dead blocks into free ones and joins neighbours; a chunk without objects goes
// back to the page heap. Chunks are swept when a search comes to them, by the background sweep, and before the next cycle.
//
// Invariants.
//   I1. Allocated and free blocks tile a chunk; the bits agree with the headers.
//   I2. A chunk is acquired for sweeping with the lock held, so that nobody waits for another under it.
//   I3. Nothing is taken from a chunk that is not swept; during marking all chunks are.
//
// Counts and bytes of objects are reported by the size class that Go would have used, so that a program's MemStats do not depend on the
// policy; what blocks really take is in Usage.

using System;
using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>What a policy made of the requests.</summary>
public readonly record struct BlockUsage(long Objects, long RequestedBytes, long PlacedBytes, long UsedBytes, long HeldBytes, long Steps);

/// <summary>Chunks, their lock and their sweep.</summary>
public sealed unsafe class BlockHeap
{
    const long SettleBytes = 8 << 10;

    readonly MHeap* _heap;
    readonly Placement _placement;
    readonly List<nint> _chunks = [];
    SpinLock32 _lock;
    int _sweepCursor;
    long _objects;
    long _requested;
    long _placed;
    long _used;

    BlockHeap(MHeap* heap, AllocPolicy policy)
    {
        _heap = heap;
        _placement = Placement.Of(policy, this);
    }

    /// <summary>Null under Go's policy.</summary>
    public static BlockHeap? Current { get; private set; }

    /// <summary>Chooses the policy of a heap: before its first object. Caches must be told: <see cref="MCache.Blocks"/>.</summary>
    public static void Use(MHeap* heap, AllocPolicy policy) => Current = policy == AllocPolicy.Go ? null : new BlockHeap(heap, policy);

    internal static void Forget() => Current = null;

    public int ChunkCount => _chunks.Count;

    public BlockChunk* Chunk(int index) => (BlockChunk*)_chunks[index];

    public BlockUsage Usage => new(_objects, _requested, _placed, Volatile.Read(ref _used), (long)_chunks.Count * Blocks.ChunkBytes, _placement.Steps);

    // ---- allocation

    /// <summary>An object of 1 ..= 32760 bytes; t is null when it holds no pointers. sizeClass: Go's, for the counters. A safepoint.</summary>
    public static void* New(MCache* c, uint size, TypeDesc* t, int sizeClass, bool needZero) => Current!.Allocate(c, size, t, sizeClass, needZero || t != null);

    /// <summary>The same for an object of the runtime; no safepoint.</summary>
    public static void* NewOwn(MCache* c, uint size, int sizeClass) => Current!.Allocate(c, size, null, sizeClass, zero: true, settles: false);

    void* Allocate(MCache* c, uint size, TypeDesc* t, int sizeClass, bool zero, bool settles = true)
    {
        int granules = _placement.Rounded((int)((size + Blocks.HeaderBytes + Blocks.GranuleBytes - 1) >> Blocks.GranuleShift));
        nuint bytes = (nuint)granules << Blocks.GranuleShift;
        c->BlockBytes += (long)bytes;
        if (settles && (c->BlockBytes >= SettleBytes || c->Stress != 0))
            Settle(c);
        ulong header = Blocks.Header(t, granules, sizeClass);
        byte* block;
        while ((block = Take(c, granules, header, size)) == null)
            Grow(c, granules);
        _heap->AddSmallAllocs(sizeClass, 1);
        byte* value = block + Blocks.HeaderBytes;
        if (zero)
            new Span<byte>(value, (int)bytes - Blocks.HeaderBytes).Clear();
        if (c->Trace != 0)
        {
            AllocTrace.Born(c, block, (long)bytes);
            if (t != null)
                AllocTrace.SetType(c, block, t);
        }
        if (c->TakesSample((long)bytes))
            c->Sample(block, (long)bytes);
        return value;
    }

    /// <summary>Every few KiB: is it time for a cycle, and what does this P owe to the one that runs?</summary>
    void Settle(MCache* c)
    {
        long bytes = c->BlockBytes;
        c->BlockBytes = 0;
        if (_heap->Pacer.ShouldCollect || c->Stress != 0)
            World.Current.RequestCollect(c);
        if (Barrier.Enabled != 0)
            Assist.Pay(c, bytes);
        _heap->Pacer.AddHeapLive(bytes);
    }

    byte* Take(MCache* c, int granules, ulong header, uint size)
    {
        _lock.Enter(LockRank.Blocks);
        byte* block = null;
        if (_placement.Place(granules, out BlockChunk* k, out int at))
        {
            block = Blocks.At(k, at);
            int rest = Blocks.FreeAt(k, at) - granules;
            Blocks.Clear(k->FreeBits, at);
            if (rest > 0)
            {
                Blocks.MakeFree(k, at + granules, rest);
                _placement.Remainder(k, at + granules);
            }
            *(ulong*)block = header;
            if (_heap->Gc.Phase != Phase.Off && c->Grey == 0)
            {
                Interlocked.Or(ref k->MarkBits[at >> 6], 1UL << (at & 63));
                c->BornBlackBytes += (long)granules << Blocks.GranuleShift;
            }
            Volatile.Write(ref k->AllocBits[at >> 6], k->AllocBits[at >> 6] | (1UL << (at & 63)));
            k->Span->AllocCount++;
            _objects++;
            _requested += size;
            _placed += (long)granules << Blocks.GranuleShift;
            _used += (long)granules << Blocks.GranuleShift;
        }
        _lock.Exit(LockRank.Blocks);
        return block;
    }

    void Grow(MCache* c, int granules)
    {
        MSpan* s = _heap->AllocSpan(c, Blocks.ChunkPages, new SpanClass(SpanClass.BlocksValue));
        if (s == null)
            Fatal.OutOfMemory((ulong)granules << Blocks.GranuleShift, (ulong)_heap->Stats.HeapInUse);
        BlockChunk* k = Blocks.ChunkOf(s);
        _lock.Enter(LockRank.Blocks);
        k->Index = _chunks.Count;
        k->MaxFree = Blocks.Granules;
        _chunks.Add((nint)k);
        Blocks.MakeFree(k, 0, Blocks.Granules);
        _placement.Grown(k);
        _lock.Exit(LockRank.Blocks);
    }

    // ---- sweeping

    /// <summary>World stopped, marking done.</summary>
    public void SweepBegins()
    {
        _sweepCursor = 0;
        _placement.SweepBegins();
    }

    /// <summary>Lock held: the chunk is swept; false when it had no objects and is gone.</summary>
    public bool EnsureSwept(BlockChunk* k)
    {
        uint gen = _heap->SweepGen;
        return k->Span->SweepGen == gen || !MSpan.TryAcquire(k->Span, gen) || !SweepLocked(k);
    }

    /// <summary>Sweeps a chunk: pages freed, or -1 when all are swept.</summary>
    public long SweepOne()
    {
        long pages = -1;
        _lock.Enter(LockRank.Blocks);
        uint gen = _heap->SweepGen;
        for (; _sweepCursor < _chunks.Count && pages < 0; _sweepCursor++)
        {
            BlockChunk* k = Chunk(_sweepCursor);
            if (!MSpan.TryAcquire(k->Span, gen))
                continue;
            pages = 0;
            if (SweepLocked(k))
            {
                pages = Blocks.ChunkPages;
                _sweepCursor--;
            }
        }
        _lock.Exit(LockRank.Blocks);
        return pages;
    }

    /// <summary>Before specials of an object are touched.</summary>
    public void EnsureSwept(MSpan* span)
    {
        _lock.Enter(LockRank.Blocks);
        if (MSpan.TryAcquire(span, _heap->SweepGen))
            _ = SweepLocked(Blocks.ChunkOf(span));
        _lock.Exit(LockRank.Blocks);
    }

    /// <summary>The chunk is acquired. Dead blocks become free; says whether the chunk is gone.</summary>
    bool SweepLocked(BlockChunk* k)
    {
        MSpan* s = k->Span;
        if (s->Specials != null)
            Specials.SweepSpan(_heap, s);
        int* freed = stackalloc int[HeapConsts.NumSizeClasses];
        new Span<int>(freed, HeapConsts.NumSizeClasses).Clear();
        int alive = 0, run = -1, edge = _placement.Edge(k), largest = 0;
        bool join = _placement.Coalesces;
        long bytes = 0;
        for (int w = 0; w < Blocks.Words; w++)
        {
            if ((k->MarkBits[w] & ~k->AllocBits[w]) != 0)
                Fatal.BadPointer((nuint)s->Base + ((nuint)w << (6 + Blocks.GranuleShift)), s, "(found mark of a free block)");
        }
        for (int at = 0, size; at < Blocks.Granules; at += size)
        {
            ulong header = *(ulong*)Blocks.At(k, at);
            bool allocated = Blocks.Bit(k->AllocBits, at);
            size = allocated ? Blocks.GranulesOf(header) : (int)header;
            if (size <= 0)
                Fatal.Throw("heap of blocks: header without a size");
            if (allocated && Blocks.Bit(k->MarkBits, at))
            {
                CloseRun(k, ref run, at, ref largest);
                alive++;
                continue;
            }
            if (allocated)
            {
                Blocks.Clear(k->AllocBits, at);
                freed[Blocks.ClassOf(header)]++;
                bytes += (long)size << Blocks.GranuleShift;
                if (_heap->Sweeper.Poison != 0)
                    new Span<uint>(Blocks.At(k, at) + Blocks.HeaderBytes, ((size << Blocks.GranuleShift) - Blocks.HeaderBytes) / 4).Fill(Sweeper.PoisonWord);
            }
            else
            {
                Blocks.Clear(k->FreeBits, at);
            }
            if (!join || at == edge)
                CloseRun(k, ref run, at, ref largest);
            if (run < 0)
                run = at;
        }
        CloseRun(k, ref run, Blocks.Granules, ref largest);
        new Span<ulong>(k->MarkBits, Blocks.Words).Clear();
        for (int c = 0; c < HeapConsts.NumSizeClasses; c++)
        {
            if (freed[c] != 0)
                _heap->AddSmallFrees(c, freed[c]);
        }
        s->AllocCount = alive;
        Volatile.Write(ref _used, _used - bytes);
        k->MaxFree = largest;
        new Span<int>(k->From, BlockChunk.FromSizes).Clear();
        Volatile.Write(ref s->SweepGen, _heap->SweepGen);
        if (alive == 0 && s->Specials == null && !_placement.Keeps(k))
        {
            int index = k->Index;
            _chunks.RemoveAt(index);
            for (int i = index; i < _chunks.Count; i++)
                Chunk(i)->Index = i;
            _placement.Gone(index);
            if (index < _sweepCursor)
                _sweepCursor--;
            Blocks.Release(_heap, k);
            return true;
        }
        if (alive == 0 && join)
        {
            new Span<ulong>(k->FreeBits, Blocks.Words).Clear();
            Blocks.MakeFree(k, 0, Blocks.Granules);
            k->MaxFree = Blocks.Granules;
        }
        _placement.Swept(k);
        return false;
    }

    static void CloseRun(BlockChunk* k, ref int run, int end, ref int largest)
    {
        if (run < 0)
            return;
        Blocks.MakeFree(k, run, end - run);
        largest = int.Max(largest, end - run);
        run = -1;
    }

    // ---- checks

    /// <summary>World stopped: what is wrong with a chunk, or null.</summary>
    public static string? Verify(MSpan* s)
    {
        BlockChunk* k = Blocks.ChunkOf(s);
        if (k == null || k->Span != s || k->AllocBits != s->AllocBits || k->MarkBits != s->MarkBits)
            return "chunk record";
        int allocated = 0, free = 0;
        for (int at = 0, size; at < Blocks.Granules; at += size)
        {
            bool isAllocated = Blocks.Bit(k->AllocBits, at), isFree = Blocks.Bit(k->FreeBits, at);
            if (isAllocated == isFree)
                return isFree ? "block both free and allocated" : "blocks do not tile the chunk";
            ulong header = *(ulong*)Blocks.At(k, at);
            size = isAllocated ? Blocks.GranulesOf(header) : (int)header;
            if (size <= 0 || at + size > Blocks.Granules)
                return "block with a wrong size";
            allocated += isAllocated ? 1 : 0;
            free += isFree ? 1 : 0;
        }
        int allocBits = 0, freeBits = 0;
        for (int w = 0; w < Blocks.Words; w++)
        {
            allocBits += System.Numerics.BitOperations.PopCount(k->AllocBits[w]);
            freeBits += System.Numerics.BitOperations.PopCount(k->FreeBits[w]);
            if ((k->MarkBits[w] & ~k->AllocBits[w]) != 0)
                return "mark on a free block";
        }
        if (allocBits != allocated || freeBits != free)
            return "bit inside a block";
        return allocated == s->AllocCount ? null : "allocated blocks differ from AllocCount";
    }
}

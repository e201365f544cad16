// Which free block an object gets: the policies of the textbook.
//
// All of them see the same chunks and the same free blocks, in the order of addresses. What they differ in is the choice, and what they remember to make it
// fast. What is remembered never changes the choice: first fit takes the block that a walk from the head of the list would take, best fit a smallest
// one. Between two sweeps free blocks only shrink, so "there is none before here" stays true; a sweep of the chunk forgets it.

using System;
using System.Numerics;

namespace Tuza.Memory;

/// <summary>How small objects are placed. Go is the allocator of size classes; the others cut blocks.</summary>
public enum AllocPolicy
{
    Go,
    Bump,
    FirstFit,
    NextFit,
    BestFit,
    SegregatedFit,
}

/// <summary>The choice of a free block. Every member is called under the lock of the heap.</summary>
public abstract unsafe class Placement(BlockHeap heap)
{
    protected BlockHeap Heap { get; } = heap;

    /// <summary>Free blocks looked at.</summary>
    protected long StepCount;

    public long Steps => StepCount;

    public static Placement Of(AllocPolicy policy, BlockHeap heap) => policy switch
    {
        AllocPolicy.Bump => new BumpPlacement(heap),
        AllocPolicy.FirstFit => new FirstFitPlacement(heap),
        AllocPolicy.NextFit => new NextFitPlacement(heap),
        AllocPolicy.BestFit => new BestFitPlacement(heap),
        AllocPolicy.SegregatedFit => new SegregatedPlacement(heap),
        _ => throw new ArgumentOutOfRangeException(nameof(policy), policy, "places no blocks"),
    };

    /// <summary>What a request of this many granules takes.</summary>
    public virtual int Rounded(int granules) => granules;

    /// <summary>A free block large enough; false: the heap must grow.</summary>
    public abstract bool Place(int granules, out BlockChunk* chunk, out int at);

    /// <summary>What is left behind an object is free.</summary>
    public virtual void Remainder(BlockChunk* k, int at) { }

    /// <summary>A fresh chunk, all of it one free block.</summary>
    public virtual void Grown(BlockChunk* k) { }

    /// <summary>World stopped: every chunk is to be swept.</summary>
    public virtual void SweepBegins() { }

    /// <summary>Neighbours that are free become one block.</summary>
    public virtual bool Coalesces => true;

    /// <summary>A granule at which free blocks are not joined, or -1.</summary>
    public virtual int Edge(BlockChunk* k) => -1;

    /// <summary>A chunk without objects stays; it is one free block.</summary>
    public virtual bool Keeps(BlockChunk* k) => false;

    public virtual void Swept(BlockChunk* k) { }

    /// <summary>The chunk goes; those behind it have moved up.</summary>
    public virtual void Gone(int index) { }
}

/// <summary>Bump: from the bottom to the top, never back. Only chunks without any object are used again.</summary>
sealed unsafe class BumpPlacement(BlockHeap heap) : Placement(heap)
{
    BlockChunk* _current;
    int _top;

    public override bool Place(int granules, out BlockChunk* chunk, out int at)
    {
        chunk = _current;
        at = _top;
        if (_current == null || !Heap.EnsureSwept(_current) || _top + granules > Blocks.Granules)
            return false;
        StepCount++;
        at = _top;
        _top += granules;
        return true;
    }

    public override void Grown(BlockChunk* k)
    {
        _current = k;
        _top = 0;
    }

    public override int Edge(BlockChunk* k) => k == _current ? _top : -1;

    public override bool Keeps(BlockChunk* k) => k == _current;

    public override void Swept(BlockChunk* k)
    {
        if (k == _current && k->Span->AllocCount == 0)
            _top = 0;
    }
}

/// <summary>First fit: the first block from the head of the list that is large enough.</summary>
unsafe class FirstFitPlacement(BlockHeap heap) : Placement(heap)
{
    readonly int[] _firstChunk = new int[BlockChunk.FromSizes];

    public override bool Place(int granules, out BlockChunk* chunk, out int at)
    {
        int size = int.Min(granules, BlockChunk.FromSizes - 1);
        for (int i = _firstChunk[size]; i < Heap.ChunkCount;)
        {
            chunk = Heap.Chunk(i);
            if (!Heap.EnsureSwept(chunk))
                continue;
            if (Search(chunk, size, granules, out at))
            {
                if (size == granules)
                    _firstChunk[size] = i;
                return true;
            }
            i++;
        }
        chunk = null;
        at = -1;
        return false;
    }

    /// <summary>The first fitting block of a chunk.</summary>
    protected bool Search(BlockChunk* k, int size, int granules, out int at)
    {
        at = -1;
        if (k->MaxFree < granules)
            return false;
        at = Blocks.FindFree(k, k->From[size], granules, ref StepCount);
        if (at < 0)
        {
            k->MaxFree = granules - 1;
            return false;
        }
        if (size == granules)
            k->From[size] = at;
        return true;
    }

    public override void Swept(BlockChunk* k)
    {
        for (int i = 0; i < _firstChunk.Length; i++)
            _firstChunk[i] = int.Min(_firstChunk[i], k->Index);
    }

    public override void Gone(int index)
    {
        for (int i = 0; i < _firstChunk.Length; i++)
            _firstChunk[i] = int.Min(_firstChunk[i], index);
    }
}

/// <summary>Next fit: as first fit, from where the last search ended.</summary>
sealed unsafe class NextFitPlacement(BlockHeap heap) : FirstFitPlacement(heap)
{
    int _chunk;
    int _at;

    public override bool Place(int granules, out BlockChunk* chunk, out int at)
    {
        int size = int.Min(granules, BlockChunk.FromSizes - 1);
        int left = Heap.ChunkCount;
        for (int i = _chunk, from = _at; left > 0;)
        {
            if (i >= Heap.ChunkCount)
                i = from = 0;
            chunk = Heap.Chunk(i);
            if (!Heap.EnsureSwept(chunk))
            {
                from = 0;
                left--;
                continue;
            }
            if (from > chunk->From[size] && chunk->MaxFree >= granules)
                at = Blocks.FindFree(chunk, from, granules, ref StepCount);
            else if (!Search(chunk, size, granules, out at))
                at = -1;
            if (at >= 0)
            {
                _chunk = i;
                _at = at + granules;
                return true;
            }
            i++;
            from = 0;
            left--;
        }
        // Once around: the blocks before the place where the search began.
        if (_chunk < Heap.ChunkCount && Heap.EnsureSwept(Heap.Chunk(_chunk)) && Search(chunk = Heap.Chunk(_chunk), size, granules, out at))
        {
            _at = at + granules;
            return true;
        }
        chunk = null;
        at = -1;
        return false;
    }

    public override void Gone(int index)
    {
        base.Gone(index);
        if (index < _chunk)
            _chunk--;
        else if (index == _chunk)
            _at = 0;
    }
}

/// <summary>Best fit: a smallest block that is large enough. A list per size; between equals the one with the lowest address after a sweep.</summary>
sealed unsafe class BestFitPlacement(BlockHeap heap) : Placement(heap)
{
    readonly nint[] _lists = new nint[Blocks.Granules + 1];
    readonly ulong[] _used = new ulong[Blocks.Granules / 64 + 1];
    bool _stale = true;

    public override bool Place(int granules, out BlockChunk* chunk, out int at)
    {
        if (_stale)
            Rebuild();
        chunk = null;
        at = -1;
        int w = granules >> 6;
        ulong bits = _used[w] & (ulong.MaxValue << (granules & 63));
        while (bits == 0)
        {
            if (++w == _used.Length)
                return false;
            bits = _used[w];
        }
        int size = (w << 6) + BitOperations.TrailingZeroCount(bits);
        var block = (byte*)_lists[size];
        StepCount++;
        if ((_lists[size] = *(nint*)(block + Blocks.HeaderBytes)) == 0)
            _used[w] &= ~(1UL << (size & 63));
        chunk = Blocks.ChunkOf(ArenaMap.SpanOfAddress((nuint)block));
        at = (int)((nuint)(block - chunk->Base) >> Blocks.GranuleShift);
        return true;
    }

    void Push(BlockChunk* k, int at)
    {
        byte* block = Blocks.At(k, at);
        int size = Blocks.FreeAt(k, at);
        *(nint*)(block + Blocks.HeaderBytes) = _lists[size];
        _lists[size] = (nint)block;
        _used[size >> 6] |= 1UL << (size & 63);
    }

    public override void Remainder(BlockChunk* k, int at) => Push(k, at);

    public override void Grown(BlockChunk* k)
    {
        if (!_stale)
            Push(k, 0);
    }

    public override void SweepBegins() => _stale = true;

    /// <summary>The choice needs all free blocks: whoever allocates first after a cycle sweeps all chunks.</summary>
    void Rebuild()
    {
        for (int i = 0; i < Heap.ChunkCount;)
        {
            if (Heap.EnsureSwept(Heap.Chunk(i)))
                i++;
        }
        Array.Clear(_lists);
        Array.Clear(_used);
        for (int i = Heap.ChunkCount - 1; i >= 0; i--)
        {
            BlockChunk* k = Heap.Chunk(i);
            for (int w = Blocks.Words - 1; w >= 0; w--)
            {
                for (ulong bits = k->FreeBits[w]; bits != 0;)
                {
                    int bit = 63 - BitOperations.LeadingZeroCount(bits);
                    bits &= ~(1UL << bit);
                    Push(k, (w << 6) + bit);
                }
            }
        }
        _stale = false;
    }
}

/// <summary>
/// Segregated fit: lists of blocks of equal size, four sizes per doubling. A run of 128 KiB is cut into blocks of one size; blocks are neither split
/// nor joined, but a run without objects is whole again and may be cut for another size.
/// </summary>
sealed unsafe class SegregatedPlacement(BlockHeap heap) : Placement(heap)
{
    readonly nint[] _lists = new nint[Blocks.RunGranules + 1];
    nint _runs;
    bool _stale = true;

    public override bool Coalesces => false;

    /// <summary>1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, …</summary>
    public override int Rounded(int granules)
    {
        if (granules <= 8)
            return granules;
        int step = 1 << (29 - BitOperations.LeadingZeroCount((uint)(granules - 1)));
        return (granules + step - 1) & -step;
    }

    public override bool Place(int granules, out BlockChunk* chunk, out int at)
    {
        if (_stale)
            Rebuild();
        chunk = null;
        at = -1;
        StepCount++;
        if (_lists[granules] == 0 && !CutRun(granules))
            return false;
        var block = (byte*)_lists[granules];
        _lists[granules] = Next(block);
        chunk = ChunkOf(block);
        at = IndexIn(chunk, block);
        return true;
    }

    static ref nint Next(byte* block) => ref *(nint*)(block + Blocks.HeaderBytes);

    static BlockChunk* ChunkOf(byte* block) => Blocks.ChunkOf(ArenaMap.SpanOfAddress((nuint)block));

    static int IndexIn(BlockChunk* k, byte* block) => (int)((nuint)(block - k->Base) >> Blocks.GranuleShift);

    bool CutRun(int granules)
    {
        var run = (byte*)_runs;
        if (run == null)
            return false;
        _runs = Next(run);
        BlockChunk* k = ChunkOf(run);
        int start = IndexIn(k, run), count = Blocks.RunGranules / granules;
        k->RunGranules[start / Blocks.RunGranules] = granules;
        int rest = Blocks.RunGranules - count * granules;
        if (rest != 0)
            Blocks.MakeFree(k, start + count * granules, rest);
        for (int i = count - 1; i >= 0; i--)
            Push(k, start + i * granules, granules);
        return true;
    }

    void Push(BlockChunk* k, int at, int granules)
    {
        Blocks.MakeFree(k, at, granules);
        byte* block = Blocks.At(k, at);
        Next(block) = _lists[granules];
        _lists[granules] = (nint)block;
    }

    void PushRun(BlockChunk* k, int start)
    {
        byte* block = Blocks.At(k, start);
        Next(block) = _runs;
        _runs = (nint)block;
    }

    public override void Grown(BlockChunk* k)
    {
        MakeRuns(k);
        for (int r = Blocks.RunsPerChunk - 1; r >= 0 && !_stale; r--)
            PushRun(k, r * Blocks.RunGranules);
    }

    static void MakeRuns(BlockChunk* k)
    {
        for (int r = Blocks.RunsPerChunk - 1; r >= 0; r--)
        {
            k->RunGranules[r] = 0;
            Blocks.MakeFree(k, r * Blocks.RunGranules, Blocks.RunGranules);
        }
    }

    public override void SweepBegins() => _stale = true;

    public override void Swept(BlockChunk* k)
    {
        const int RunWords = Blocks.RunGranules / 64;
        for (int r = 0; r < Blocks.RunsPerChunk; r++)
        {
            bool any = false;
            for (int w = 0; w < RunWords && !any; w++)
                any = k->AllocBits[r * RunWords + w] != 0;
            if (any)
                continue;
            new Span<ulong>(k->FreeBits + r * RunWords, RunWords).Clear();
            k->RunGranules[r] = 0;
            Blocks.MakeFree(k, r * Blocks.RunGranules, Blocks.RunGranules);
        }
    }

    void Rebuild()
    {
        for (int i = 0; i < Heap.ChunkCount;)
        {
            if (Heap.EnsureSwept(Heap.Chunk(i)))
                i++;
        }
        Array.Clear(_lists);
        _runs = 0;
        for (int i = Heap.ChunkCount - 1; i >= 0; i--)
        {
            BlockChunk* k = Heap.Chunk(i);
            for (int r = Blocks.RunsPerChunk - 1; r >= 0; r--)
            {
                int start = r * Blocks.RunGranules, granules = k->RunGranules[r];
                if (granules == 0)
                {
                    PushRun(k, start);
                    continue;
                }
                for (int at = start + (Blocks.RunGranules / granules - 1) * granules; at >= start; at -= granules)
                {
                    if (Blocks.Bit(k->FreeBits, at))
                        Push(k, at, granules);
                }
            }
        }
        _stale = false;
    }
}

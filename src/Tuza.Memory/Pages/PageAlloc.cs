// The page allocator: address-ordered first fit over the whole address space.
//
// Idea. A bit per page says used or free. Over the bitmap stands a tree of summaries: five levels, each entry the merge of eight
// below it, the root level one entry per 16 GiB, the leaves one per chunk of 4 MiB. A search walks down the tree, at each level
// along the entries of one block, carrying the free run that ends at the current boundary; it enters the first entry
// whose longest run fits and stops early when a run across a boundary fits.
//
// Invariants.
//   I1. Every free page is at or above _searchAddress.
//   I2. A summary equals the merge of its children; a leaf equals the summary of its chunk.
//   I3. Pages of a chunk that was never grown into are used as far as the tree is concerned (summary 0).
//
// All methods need the heap lock. See GOROOT/src/runtime/mpagealloc.go.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Free and used pages.</summary>
public unsafe struct PageAlloc
{
    const int Levels = 5;
    const int LevelBits = 3;
    const int RootBits = HeapConsts.HeapAddrBits - PageChunk.Shift - (Levels - 1) * LevelBits;
    const int ChunksPerTable = 1 << 13;
    const int ChunkTables = 1 << (HeapConsts.HeapAddrBits - PageChunk.Shift - 13);
    static nuint NoAddress => nuint.MaxValue;

    // Reserved for the whole address space, touched where the heap is.
    SummaryLevels _levels;
    PageChunk** _tables;
    MHeap* _heap;

    /// <summary>Chunks [start, end) were grown into, with holes.</summary>
    nuint _startChunk;
    nuint _endChunk;
    nuint _searchAddress;

    struct SummaryLevels
    {
        public fixed ulong At[Levels];
    }

    readonly PageSummary* Level(int level) => (PageSummary*)_levels.At[level];

    static int ShiftOf(int level) => PageChunk.Shift + (Levels - 1 - level) * LevelBits;

    static uint PagesOf(int level) => 1u << (ShiftOf(level) - HeapConsts.PageShift);

    public void Init(MHeap* heap)
    {
        _heap = heap;
        for (int i = 0; i < Levels; i++)
            _levels.At[i] = (nuint)MHeap.OsAllocLazy((nuint)sizeof(PageSummary) << (RootBits + i * LevelBits));
        _tables = (PageChunk**)MHeap.OsAllocLazy(ChunkTables * (nuint)sizeof(PageChunk*));
        _startChunk = nuint.MaxValue;
        _searchAddress = NoAddress;
    }

    public readonly void Release()
    {
        for (int i = 0; i < Levels; i++)
            MHeap.OsFreeLazy((void*)_levels.At[i], (nuint)sizeof(PageSummary) << (RootBits + i * LevelBits));
        for (int i = 0; i < ChunkTables; i++)
        {
            if (_startChunk != nuint.MaxValue && (nuint)i >= _startChunk / ChunksPerTable && (nuint)i <= _endChunk / ChunksPerTable
                && _tables[i] != null)
                MHeap.OsFreeLazy(_tables[i], ChunksPerTable * (nuint)sizeof(PageChunk));
        }
        MHeap.OsFreeLazy(_tables, ChunkTables * (nuint)sizeof(PageChunk*));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly PageChunk* Chunk(nuint chunk) => _tables[chunk / ChunksPerTable] + chunk % ChunksPerTable;

    static nuint ChunkOf(nuint address) => address >> PageChunk.Shift;

    static int PageInChunk(nuint address) => (int)(address >> HeapConsts.PageShift) & (PageChunk.Pages - 1);

    /// <summary>Adds chunk-aligned memory as free and scavenged.</summary>
    public void Grow(nuint address, nuint bytes)
    {
        nuint first = ChunkOf(address), end = ChunkOf(address + bytes);
        Debug.Assert((address & ((1 << PageChunk.Shift) - 1)) == 0 && (bytes & ((1 << PageChunk.Shift) - 1)) == 0);
        for (nuint c = first; c < end; c++)
        {
            if (_tables[c / ChunksPerTable] == null)
                _tables[c / ChunksPerTable] = (PageChunk*)MHeap.OsAllocLazy(ChunksPerTable * (nuint)sizeof(PageChunk));
            Chunk(c)->SetScavenged(0, PageChunk.Pages);
        }
        _startChunk = nuint.Min(_startChunk, first);
        _endChunk = nuint.Max(_endChunk, end);
        _searchAddress = nuint.Min(_searchAddress, address);
        Update(first, end);
    }

    /// <summary>Takes <paramref name="pages"/> pages: their address, or 0. Says how many of them were scavenged.</summary>
    public nuint Alloc(uint pages, out uint scavenged)
    {
        scavenged = 0;
        if (_searchAddress == NoAddress)
            return 0;
        nuint address = Find(pages, out nuint firstFree);
        if (firstFree > _searchAddress)
            _searchAddress = firstFree;
        if (address == 0)
        {
            if (pages == 1)
                _searchAddress = NoAddress;
            return 0;
        }
        scavenged = AllocRange(address, pages);
        return address;
    }

    /// <summary>Marks a free range used.</summary>
    public uint AllocRange(nuint address, nuint pages)
    {
        uint scavenged = 0;
        nuint first = ChunkOf(address), end = ChunkOf(address + (pages << HeapConsts.PageShift) - 1) + 1;
        for (nuint c = first, left = pages; c < end; c++)
        {
            int from = c == first ? PageInChunk(address) : 0;
            uint n = (uint)nuint.Min(left, (nuint)(PageChunk.Pages - from));
            scavenged += Chunk(c)->Take(from, n);
            left -= n;
        }
        Update(first, end);
        return scavenged;
    }

    public void Free(nuint address, nuint pages)
    {
        nuint first = ChunkOf(address), end = ChunkOf(address + (pages << HeapConsts.PageShift) - 1) + 1;
        for (nuint c = first, left = pages; c < end; c++)
        {
            int from = c == first ? PageInChunk(address) : 0;
            uint n = (uint)nuint.Min(left, (nuint)(PageChunk.Pages - from));
            Chunk(c)->Give(from, n);
            left -= n;
        }
        Update(first, end);
        _searchAddress = nuint.Min(_searchAddress, address);
    }

    /// <summary>Takes all free pages of the aligned 64 pages around the first free page: for a page cache. Null bits when nothing is free.</summary>
    public PageCache AllocToCache()
    {
        if (_searchAddress == NoAddress)
            return default;
        nuint address = Find(1, out _);
        if (address == 0)
        {
            _searchAddress = NoAddress;
            return default;
        }
        nuint start = address & ~(((nuint)PageCache.Pages << HeapConsts.PageShift) - 1);
        PageChunk* chunk = Chunk(ChunkOf(start));
        int word = PageInChunk(start) >> 6;
        var cache = new PageCache { Base = (byte*)start, Free = ~chunk->Used[word], Scavenged = chunk->Scavenged[word] & ~chunk->Used[word] };
        chunk->Used[word] = ulong.MaxValue;
        chunk->Scavenged[word] &= ~cache.Scavenged;
        Update(ChunkOf(start), ChunkOf(start) + 1);
        _searchAddress = start + ((nuint)(PageCache.Pages - 1) << HeapConsts.PageShift);
        return cache;
    }

    /// <summary>Gives what is left in a page cache back.</summary>
    public void FlushCache(in PageCache cache)
    {
        if (cache.Free == 0)
            return;
        nuint start = (nuint)cache.Base;
        PageChunk* chunk = Chunk(ChunkOf(start));
        int word = PageInChunk(start) >> 6;
        chunk->Used[word] &= ~cache.Free;
        chunk->Scavenged[word] |= cache.Scavenged & cache.Free;
        Update(ChunkOf(start), ChunkOf(start) + 1);
        _searchAddress = nuint.Min(_searchAddress, start);
    }

    /// <summary>
    /// Gives free pages back to the system, highest addresses first, at most <paramref name="maxPages"/>; says how many.
    /// A chunk that is nearly full is left alone unless forced.
    /// </summary>
    public readonly nuint Scavenge(nuint maxPages, bool force)
    {
        const int DensePages = 496;
        nuint done = 0;
        for (nuint c = _endChunk; c-- > _startChunk && done < maxPages;)
        {
            if (_tables[c / ChunksPerTable] == null)
            {
                c -= c % ChunksPerTable;
                continue;
            }
            // Between arenas there may be chunks that are not ours: the tree promises nothing there.
            if (Level(Levels - 1)[c].Bits == 0)
                continue;
            PageChunk* chunk = Chunk(c);
            int used = 0;
            for (int w = 0; w < PageChunk.Pages / 64; w++)
                used += BitOperations.PopCount(chunk->Used[w]);
            if (used == PageChunk.Pages || (used >= DensePages && !force))
                continue;
            HeapArena* arena = ArenaMap.ArenaOf(c << PageChunk.Shift);
            for (int w = PageChunk.Pages / 64; w-- > 0 && done < maxPages;)
            {
                ulong back = ~(chunk->Used[w] | chunk->Scavenged[w]);
                if (back != 0 && !arena->HasHoles)
                    HeapArena.BeginHoles(arena);
                while (back != 0)
                {
                    int low = BitOperations.TrailingZeroCount(back);
                    int n = BitOperations.TrailingZeroCount(~(back >> low));
                    MHeap.Os.Unused((byte*)((c << PageChunk.Shift) + ((nuint)(w * 64 + low) << HeapConsts.PageShift)),
                        (nuint)n << HeapConsts.PageShift);
                    chunk->SetScavenged(w * 64 + low, (uint)n);
                    done += (nuint)n;
                    back &= n == 64 ? 0 : ~(((1UL << n) - 1) << low);
                }
            }
        }
        return done;
    }

    nuint Find(uint pages, out nuint firstFree)
    {
        firstFree = 0;
        nuint entry = 0;
        for (int level = 0; level < Levels; level++)
        {
            int shift = ShiftOf(level);
            uint pagesEach = PagesOf(level);
            nuint from, to;
            nuint search = _searchAddress >> shift;
            if (level == 0)
            {
                from = search;
                to = ((_endChunk - 1) >> (shift - PageChunk.Shift)) + 1;
            }
            else
            {
                from = entry << LevelBits;
                to = from + (1 << LevelBits);
                if (search > from && search < to)
                    from = search;
            }

            uint run = 0;
            nuint runStart = 0;
            PageSummary* entries = Level(level);
            bool down = false, first = level == 0 || firstFree >> ShiftOf(level - 1) == entry;
            for (nuint i = from; i < to; i++)
            {
                PageSummary s = entries[i];
                if (s.Bits == 0)
                {
                    run = 0;
                    continue;
                }
                if (first)
                {
                    firstFree = i << shift;
                    first = false;
                }
                uint start = s.Start;
                if (run + start >= pages)
                {
                    if (run == 0)
                        runStart = i << shift;
                    return runStart;
                }
                if (s.Max >= pages)
                {
                    entry = i;
                    down = true;
                    break;
                }
                if (run == 0 || start < pagesEach)
                {
                    run = s.End;
                    runStart = ((i + 1) << shift) - ((nuint)run << HeapConsts.PageShift);
                    continue;
                }
                run += pagesEach;
            }
            if (!down)
            {
                Debug.Assert(level == 0, "summary promises a run that is not there");
                return 0;
            }
        }

        int page = Chunk(entry)->Find(pages, 0);
        Debug.Assert(page >= 0, "chunk summary promises a run that is not there");
        return (entry << PageChunk.Shift) + ((nuint)page << HeapConsts.PageShift);
    }

    /// <summary>Brings the tree up to date over chunks [first, end).</summary>
    readonly void Update(nuint first, nuint end)
    {
        bool changed = false;
        PageSummary* leaves = Level(Levels - 1);
        for (nuint c = first; c < end; c++)
        {
            PageSummary s = Chunk(c)->Summarize();
            changed |= s != leaves[c];
            leaves[c] = s;
        }
        for (int level = Levels - 2; level >= 0 && changed; level--)
        {
            changed = false;
            first >>= LevelBits;
            end = ((end - 1) >> LevelBits) + 1;
            PageSummary* here = Level(level), below = Level(level + 1);
            for (nuint i = first; i < end; i++)
            {
                PageSummary s = PageSummary.Merge(below + (i << LevelBits), 1 << LevelBits, PagesOf(level + 1));
                changed |= s != here[i];
                here[i] = s;
            }
        }
    }

    /// <summary>For the verifier: null, or what is wrong. Counts free and scavenged pages.</summary>
    public readonly string? Verify(out nuint freePages, out nuint scavengedPages)
    {
        freePages = scavengedPages = 0;
        if (_endChunk == 0)
            return null;
        for (nuint c = _startChunk; c < _endChunk; c++)
        {
            PageSummary leaf = Level(Levels - 1)[c];
            if (_tables[c / ChunksPerTable] == null)
            {
                if (leaf.Bits != 0)
                    return "summary of a chunk that does not exist";
                continue;
            }
            PageChunk* chunk = Chunk(c);
            // A chunk in a hole between arenas is all zero: neither grown into nor promised by the tree.
            if (leaf.Bits == 0 && chunk->Used[0] == 0)
                continue;
            if (chunk->Summarize() != leaf)
                return "page summary differs from its chunk";
            for (int w = 0; w < PageChunk.Pages / 64; w++)
            {
                freePages += (nuint)BitOperations.PopCount(~chunk->Used[w]);
                scavengedPages += (nuint)BitOperations.PopCount(chunk->Scavenged[w]);
                if ((chunk->Used[w] & chunk->Scavenged[w]) != 0)
                    return "page both used and scavenged";
                if (chunk->Used[w] != ulong.MaxValue && ((c << PageChunk.Shift) + ((nuint)w << (HeapConsts.PageShift + 6))
                    + ((nuint)BitOperations.TrailingZeroCount(~chunk->Used[w]) << HeapConsts.PageShift)) < _searchAddress)
                    return "free page below the search address";
            }
        }
        return null;
    }
}

/// <summary>Up to 64 pages that one P may hand out without the heap lock.</summary>
public unsafe struct PageCache
{
    public const int Pages = 64;

    public byte* Base;

    /// <summary>One bit per page: 1 = free.</summary>
    public ulong Free;
    public ulong Scavenged;

    /// <summary>The lowest run of <paramref name="pages"/> free pages, or null. Says how many of them were scavenged.</summary>
    public byte* Alloc(uint pages, out uint scavenged)
    {
        scavenged = 0;
        ulong runs = Free;
        for (uint i = 1; i < pages && runs != 0; i++)
            runs &= Free >> (int)i;
        if (runs == 0)
            return null;
        int first = BitOperations.TrailingZeroCount(runs);
        ulong mask = ((1UL << (int)pages) - 1) << first;
        scavenged = (uint)BitOperations.PopCount(Scavenged & mask);
        Free &= ~mask;
        Scavenged &= ~mask;
        return Base + ((nuint)first << HeapConsts.PageShift);
    }
}

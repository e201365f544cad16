// The heap: arenas, the page heap over them, the spans, the central lists.
//
// Growing. The heap asks the system for whole arenas (64 MiB of reserved address space) and takes them into use in steps of 4 MiB, the unit
// of the page bitmap. Everything is handed out in runs of pages, one span each.
//
// Locks. _lock protects the page allocator, the page words, the list of spans and the page counters. Everything else has its own.
//
// See GOROOT/src/runtime/mheap.go and malloc.go (sysAlloc).

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>The one heap of a process (tests make several, one after the other).</summary>
public unsafe struct MHeap
{
    static nuint FirstArenaHint => unchecked((nuint)0xc0_0000_0000);
    const nuint PersistentChunkBytes = 256 << 10;
    const nuint PersistentMaxBlock = 64 << 10;
    const int SideBlockArenas = 32;

    // Large pages: marking waits for address translation, and the first touch of 2 MiB costs a seventh of what 512 small ones cost, if the system has
    // the memory at hand. If it has not (a virtual machine whose host must find it first), one takes milliseconds, where small pages are mostly ones that
    // somebody has just given back. So the first page of what the heap grows by is tried; if that is slow, the heap grows by small pages for a while.
    const long LargePagesFrom = 32 << 20;
    const long LargeSidesFrom = 1 << 30;
    const int FirstSmallGrowths = 8, MostSmallGrowths = 64;
    const int CachedPagesLimit = PageCache.Pages / 4;

    static IOs s_os = null!;

    /// <summary>The heap in use.</summary>
    public static MHeap* Current;

    SpinLock32 _lock;
    SpinLock32 _persistentLock;
    SpinLock32 _specialLock;
    byte* _persistent;
    nuint _persistentLeft;
    MetaLists _metaFree;

    PageAlloc _pages;
    byte* _curArena;       // reserved, not yet prepared
    byte* _curArenaEnd;
    int _smallGrowths, _smallGrowthsNext; // how often the heap still grows without large pages; how often after the next slow one
    bool _pagesRefused;        // the system did not make reserved address space usable
    nuint _hint;
    byte* _side;           // side tables not yet given to an arena
    byte* _sideEnd;

    HeapArena** _arenas;   // in order of birth
    int _arenaCount;
    int _arenaCapacity;

    MSpan** _allSpans;
    int _spanCount;
    int _spanCapacity;
    FixAlloc _spanAlloc;
    FixAlloc _cacheAlloc;
    FixAlloc _specialAlloc;

    /// <summary>Every cache ever made and not destroyed, linked through MCache.Next.</summary>
    public MCache* Caches;

    /// <summary>An always full span: what a cache holds for a class it has not used.</summary>
    public MSpan* EmptySpan;

    /// <summary>Grows by 2 per cycle, world stopped. See <see cref="MSpan"/>.</summary>
    public uint SweepGen;

    public HeapStats Stats;
    public Pacer Pacer;
    public Sweeper Sweeper;
    public FinQueue FinQueue;
    public CollectorState Gc;
    public MCentral* Centrals;

    struct MetaLists
    {
        public fixed ulong Head[16];
    }

    // The system. One for all heaps: an unmanaged structure cannot hold the reference.
    public static IOs Os => s_os;

    public readonly int SpanCount => _spanCount;

    public readonly MSpan* Span(int index) => _allSpans[index];

    public readonly int ArenaCount => _arenaCount;

    public readonly HeapArena* Arena(int index) => _arenas[index];

    // ---- birth and death

    /// <summary>Makes the heap of this process and sets <see cref="Current"/>.</summary>
    public static MHeap* Create(IOs os)
    {
        s_os = os;
        MHeap* h = (MHeap*)os.Alloc(RoundToOsPage((nuint)sizeof(MHeap)));
        if (h == null)
            Fatal.NoSystemMemory();
        h->Init();
        Current = h;
        return h;
    }

    void Init()
    {
        MHeap* self = Self;
        Stats.GCMiscSys += (long)RoundToOsPage((nuint)sizeof(MHeap));
        _hint = FirstArenaHint;
        SweepGen = 2;
        ArenaMap.Table = (HeapArena**)OsAllocLazy(ArenaMap.Slots * (nuint)sizeof(HeapArena*));
        _pages.Init(self);
        _spanAlloc.Init(self, MSpan.Bytes, 64, &self->Stats.MSpanSys);
        _cacheAlloc.Init(self, (nuint)sizeof(MCache), 64, &self->Stats.MCacheSys);
        _specialAlloc.Init(self, (nuint)sizeof(Special), 8, &self->Stats.OtherSys);
        EmptySpan = (MSpan*)_spanAlloc.Alloc();
        Centrals = (MCentral*)PersistentAlloc(HeapConsts.NumSpanClasses * (nuint)sizeof(MCentral), 64, &self->Stats.OtherSys);
        for (int i = 0; i < HeapConsts.NumSpanClasses; i++)
            Centrals[i].Init(self, new SpanClass((byte)i));
        SlotInfo.Init();
        Pacer.Init(self);
        Sweeper.Init(self);
        FinQueue.Init(self);
        Gc.Init(self);
    }

    MHeap* Self => (MHeap*)Unsafe.AsPointer(ref this);

    /// <summary>Gives all memory back. For tests: nothing may touch the heap afterwards.</summary>
    public static void Destroy(MHeap* h)
    {
        Current = null;
        BlockHeap.Forget();
        MarkWork.AwaitHelpers();
        for (int i = 0; i < h->_arenaCount; i++)
        {
            HeapArena* a = h->_arenas[i];
            s_os.Free(a->Start, (nuint)HeapConsts.ArenaBytes);
        }
        h->_pages.Release();
        OsFreeLazy(ArenaMap.Table, ArenaMap.Slots * (nuint)sizeof(HeapArena*));
        // Persistent chunks are few; they go with the process.
        s_os.Free((byte*)h, RoundToOsPage((nuint)sizeof(MHeap)));
        ArenaMap.Table = null;
        Current = null;
    }

    static nuint RoundToOsPage(nuint bytes) => (bytes + 4095) & ~(nuint)4095;

    // ---- memory of the runtime

    /// <summary>Address space that is touched piece by piece and not accounted.</summary>
    public static void* OsAllocLazy(nuint bytes)
    {
        void* p = Os.Alloc(RoundToOsPage(bytes));
        if (p == null)
            Fatal.NoSystemMemory();
        return p;
    }

    public static void OsFreeLazy(void* p, nuint bytes) => Os.Free((byte*)p, RoundToOsPage(bytes));

    /// <summary>Zeroed memory that is never freed, charged to <paramref name="stat"/>.</summary>
    public void* PersistentAlloc(nuint bytes, nuint alignment, long* stat)
    {
        Debug.Assert((alignment & (alignment - 1)) == 0 && alignment <= 4096);
        if (bytes >= PersistentMaxBlock)
        {
            void* big = OsAllocLazy(bytes);
            Interlocked.Add(ref *stat, (long)RoundToOsPage(bytes));
            return big;
        }
        _persistentLock.Enter(LockRank.Persistent);
        byte* p = (byte*)(((nuint)_persistent + alignment - 1) & ~(alignment - 1));
        if (_persistent == null || p + bytes > _persistent + _persistentLeft)
        {
            _persistent = (byte*)OsAllocLazy(PersistentChunkBytes);
            _persistentLeft = PersistentChunkBytes;
            Stats.OtherSys += (long)PersistentChunkBytes;
            p = _persistent;
        }
        _persistentLeft -= (nuint)(p + bytes - _persistent);
        _persistent = p + bytes;
        Stats.OtherSys -= (long)bytes;
        *stat += (long)bytes;
        _persistentLock.Exit(LockRank.Persistent);
        return p;
    }

    /// <summary>Memory for tables that grow: powers of two, reused, charged to GCMiscSys. Not zeroed when reused.</summary>
    public void* MetaAlloc(nuint bytes)
    {
        int order = MetaOrder(bytes);
        if (order >= 16)
        {
            Interlocked.Add(ref Stats.GCMiscSys, (long)((nuint)1 << order));
            return OsAllocLazy((nuint)1 << order);
        }
        _persistentLock.Enter(LockRank.Persistent);
        ulong* p = (ulong*)_metaFree.Head[order];
        if (p != null)
            _metaFree.Head[order] = *p;
        _persistentLock.Exit(LockRank.Persistent);
        return p != null ? p : PersistentAlloc((nuint)1 << order, 64, &Self->Stats.GCMiscSys);
    }

    public void MetaFree(void* p, nuint bytes)
    {
        if (p == null)
            return;
        int order = MetaOrder(bytes);
        if (order >= 16)
        {
            Interlocked.Add(ref Stats.GCMiscSys, -(long)((nuint)1 << order));
            OsFreeLazy(p, (nuint)1 << order);
            return;
        }
        _persistentLock.Enter(LockRank.Persistent);
        *(ulong*)p = _metaFree.Head[order];
        _metaFree.Head[order] = (ulong)p;
        _persistentLock.Exit(LockRank.Persistent);
    }

    static int MetaOrder(nuint bytes) => Math.Max(6, 64 - System.Numerics.BitOperations.LeadingZeroCount(bytes - 1));

    /// <summary>A cache for a P.</summary>
    public MCache* NewCache()
    {
        _lock.Enter(LockRank.Heap);
        MCache* c = (MCache*)_cacheAlloc.Alloc();
        c->Next = Caches;
        Caches = c;
        _lock.Exit(LockRank.Heap);
        c->Init(Self);
        c->Grey = Gc.Phase != Phase.Off && Gc.Barrier == BarrierKind.Insertion ? 1 : 0;
        return c;
    }

    /// <summary>A cache that nobody will use for a while gives everything back. It stays valid.</summary>
    public void RetireCache(MCache* cache)
    {
        cache->Flush();
        Barrier.Flush(cache);
        _lock.Enter(LockRank.Heap);
        FlushPageCacheLocked(cache);
        _lock.Exit(LockRank.Heap);
    }

    /// <summary>Takes a cache out of use, for example when GOMAXPROCS shrinks.</summary>
    public void FreeCache(MCache* cache)
    {
        cache->Flush();
        Barrier.Flush(cache);
        Assist.Rest(cache);
        System.Runtime.InteropServices.NativeMemory.Free(cache->Assistant);
        _lock.Enter(LockRank.Heap);
        FlushPageCacheLocked(cache);
        MCache** link = &Self->Caches;
        while (*link != cache)
            link = &(*link)->Next;
        *link = cache->Next;
        _cacheAlloc.Free(cache);
        _lock.Exit(LockRank.Heap);
    }

    /// <summary>Folds a cache's count of new small objects in.</summary>
    public void AddSmallAllocs(int sizeClass, int count) => Interlocked.Add(ref Stats.SmallAllocCount[sizeClass], count);

    public void AddSmallFrees(int sizeClass, int count) => Interlocked.Add(ref Stats.SmallFreeCount[sizeClass], count);

    public void AddTinyAllocs(long count) => Interlocked.Add(ref Stats.TinyAllocCount, count);

    public void AddLargeAlloc(long bytes)
    {
        Interlocked.Increment(ref Stats.LargeAllocCount);
        Interlocked.Add(ref Stats.LargeAllocBytes, bytes);
    }

    public void AddLargeFree(long bytes)
    {
        Interlocked.Increment(ref Stats.LargeFreeCount);
        Interlocked.Add(ref Stats.LargeFreeBytes, bytes);
    }

    /// <summary>Bytes of objects, as far as caches have reported them.</summary>
    public readonly long HeapAllocBytes()
    {
        long bytes = Stats.LargeAllocBytes - Stats.LargeFreeBytes;
        for (int c = 0; c < HeapConsts.NumSizeClasses; c++)
            bytes += (Stats.SmallAllocCount[c] - Stats.SmallFreeCount[c]) * SizeClasses.Bytes(c);
        return bytes;
    }

    public readonly long CacheInUseBytes => _cacheAlloc.InUseBytes;
    public readonly long SpanInUseBytes => _spanAlloc.InUseBytes;

    public Special* NewSpecial()
    {
        _specialLock.Enter(LockRank.Specials);
        Special* s = (Special*)_specialAlloc.Alloc();
        _specialLock.Exit(LockRank.Specials);
        return s;
    }

    public void FreeSpecial(Special* special)
    {
        _specialLock.Enter(LockRank.Specials);
        _specialAlloc.Free(special);
        _specialLock.Exit(LockRank.Specials);
    }

    // ---- spans

    /// <summary>A span for objects; its slots, bits and words are set up.</summary>
    public MSpan* AllocSpan(MCache* cache, nuint pages, SpanClass spanClass)
    {
        // While a sweep is unfinished, growing must not outrun it.
        if (!Sweeper.IsDone)
            Sweeper.Reclaim(pages);
        MSpan* s = AllocPages(cache, pages, ManualKind.None);
        if (s == null)
            return null;
        InitObjects(s, spanClass);
        _lock.Enter(LockRank.Heap);
        ArenaMap.SetSpan(s, heap: true);
        nuint a = (nuint)s->Base;
        ArenaMap.ArenaOf(a)->PageInUse[ArenaMap.PageIndex(a) >> 6] |= 1UL << (ArenaMap.PageIndex(a) & 63);
        Stats.HeapInUse += (long)s->SpanBytes;
        Volatile.Write(ref *(byte*)&s->State, (byte)SpanState.InUse);
        _lock.Exit(LockRank.Heap);
        return s;
    }

    /// <summary>Pages for the runtime: stacks, work buffers. Not zeroed.</summary>
    public MSpan* AllocManual(nuint pages, ManualKind kind)
    {
        MSpan* s = AllocPages(null, pages, kind);
        if (s == null)
            return null;
        s->Limit = s->End;
        s->Manual = kind;
        _lock.Enter(LockRank.Heap);
        ArenaMap.SetSpan(s, heap: false);
        *ManualCounter(kind) += (long)s->SpanBytes;
        Volatile.Write(ref *(byte*)&s->State, (byte)SpanState.Manual);
        _lock.Exit(LockRank.Heap);
        return s;
    }

    long* ManualCounter(ManualKind kind)
    {
        MHeap* self = Self;
        return kind == ManualKind.Stack ? &self->Stats.StackInUse : &self->Stats.WorkBufInUse;
    }

    public void FreeManual(MSpan* span)
    {
        Debug.Assert(span->State == SpanState.Manual);
        _lock.Enter(LockRank.Heap);
        *ManualCounter(span->Manual) -= (long)span->SpanBytes;
        FreeSpanLocked(span);
        _lock.Exit(LockRank.Heap);
    }

    /// <summary>Gives an object span without objects back.</summary>
    public void FreeSpan(MSpan* span)
    {
        Debug.Assert(span->State == SpanState.InUse && span->AllocCount == 0 && span->Specials == null);
        _lock.Enter(LockRank.Heap);
        nuint a = (nuint)span->Base;
        HeapArena* arena = ArenaMap.ArenaOf(a);
        int page = ArenaMap.PageIndex(a);
        arena->PageInUse[page >> 6] &= ~(1UL << (page & 63));
        arena->PageSpecials[page >> 6] &= ~(1UL << (page & 63));
        Stats.HeapInUse -= (long)span->SpanBytes;
        FreeSpanLocked(span);
        _lock.Exit(LockRank.Heap);
    }

    void FreeSpanLocked(MSpan* span)
    {
        Debug.Assert(_lock.IsHeld);
        Volatile.Write(ref *(byte*)&span->State, (byte)SpanState.Dead);
        ArenaMap.ClearSpan(span);
        _pages.Free((nuint)span->Base, span->PageCount);
        MSpan* last = _allSpans[--_spanCount];
        _allSpans[span->Index] = last;
        last->Index = span->Index;
        _spanAlloc.Free(span);
    }

    /// <summary>Lays slots, mark and alloc bits over fresh pages.</summary>
    static void InitObjects(MSpan* s, SpanClass spanClass)
    {
        s->Class = spanClass;
        if (spanClass.IsBlocks)
        {
            Blocks.InitSpan(Current, s);
            return;
        }
        int c = spanClass.SizeClass;
        nuint a = (nuint)s->Base;
        byte* side = ArenaMap.SideOf(ArenaMap.ArenaOf(a), ArenaMap.PageIndex(a));
        new Span<byte>(side, HeapArena.SideBytes).Clear();
        s->MarkBits = (ulong*)side;
        s->AllocBits = (ulong*)(side + HeapArena.SideBytes / 2);
        if (c == 0)
        {
            s->ElemBytes = s->SpanBytes;
            s->ElemCount = 1;
            s->DivMagic = 0;
            s->Limit = s->End;
        }
        else
        {
            s->ElemBytes = (nuint)SizeClasses.Bytes(c);
            s->ElemCount = SizeClasses.ObjectsPerSpan(c, spanClass.NoScan);
            s->DivMagic = SizeClasses.DivMagic(c);
            s->Limit = s->Base + (nuint)s->ElemCount * s->ElemBytes;
            if (s->ElemCount > HeapArena.SideBytes / 2 * 8)
            {
                s->AllocBits = (ulong*)HeapBits.WordTailOf(s->Base);
                new Span<byte>(s->AllocBits, HeapArena.SideBytes).Clear();
            }
        }
    }

    /// <summary>A record over a run of pages that nobody else has; null when the system has no more.</summary>
    MSpan* AllocPages(MCache* cache, nuint pages, ManualKind kind)
    {
        byte* address = null;
        uint scavenged = 0;
        _lock.Enter(LockRank.Heap);
        if (cache != null && pages < CachedPagesLimit)
        {
            address = cache->Pages.Alloc((uint)pages, out scavenged);
            if (address == null)
            {
                FlushPageCacheLocked(cache);
                cache->Pages = _pages.AllocToCache();
                address = cache->Pages.Alloc((uint)pages, out scavenged);
            }
        }
        if (address == null)
            address = (byte*)_pages.Alloc((uint)pages, out scavenged);
        if (address == null)
        {
            if (pages >= PageSummary.MaxPages || !GrowLocked(pages))
            {
                bool refused = _pagesRefused;
                _lock.Exit(LockRank.Heap);
                if (refused)
                    Fatal.NoPages();
                return null;
            }
            address = (byte*)_pages.Alloc((uint)pages, out scavenged);
            if (address == null)
                Fatal.Throw("grew heap, but no adequate free space found");
        }

        MSpan* s = (MSpan*)_spanAlloc.Alloc();
        s->Base = address;
        s->PageCount = pages;
        s->SweepGen = SweepGen;
        s->NeedZero = NeedsZeroLocked(address, pages) && kind == ManualKind.None ? (byte)1 : (byte)0;
        s->Index = _spanCount;
        if (_spanCount == _spanCapacity)
            GrowSpanTable();
        _allSpans[_spanCount++] = s;
        if (scavenged != 0)
        {
            s_os.Used(address, pages << HeapConsts.PageShift);
            Stats.HeapReleased -= (long)scavenged << HeapConsts.PageShift;
            ScavengeForLimitLocked();
        }
        _lock.Exit(LockRank.Heap);
        return s;
    }

    /// <summary>What has grown beyond the memory limit is given back elsewhere, unless collecting takes most of the time already.</summary>
    void ScavengeForLimitLocked()
    {
        long over = Stats.MappedReady - Pacer.MemoryLimit;
        if (over <= 0 || Pacer.MemoryLimit == Pacer.NoLimit || Gc.Limiter.Limiting)
            return;
        long start = World.Current.NanoTime();
        Stats.HeapReleased += (long)_pages.Scavenge((nuint)over >> HeapConsts.PageShift, force: true) << HeapConsts.PageShift;
        long nanos = World.Current.NanoTime() - start;
        Gc.ScavengeAssistNanos += nanos;
        Gc.Limiter.Spent(nanos);
    }

    /// <summary>Gives a cache's page cache back; heap lock held or world stopped.</summary>
    void FlushPageCacheLocked(MCache* cache)
    {
        _pages.FlushCache(cache->Pages);
        cache->Pages = default;
    }

    /// <summary>World stopped: the pages that caches hold in reserve go back.</summary>
    public void FlushPageCaches()
    {
        _lock.Enter(LockRank.Heap);
        for (MCache* c = Caches; c != null; c = c->Next)
            FlushPageCacheLocked(c);
        _lock.Exit(LockRank.Heap);
    }

    /// <summary>Pages above an arena's zeroed base were never used and are zero. A span may cover several arenas.</summary>
    static bool NeedsZeroLocked(byte* address, nuint pages)
    {
        bool dirty = false;
        byte* end = address + (pages << HeapConsts.PageShift);
        while (address < end)
        {
            HeapArena* arena = ArenaMap.ArenaOf((nuint)address);
            nuint from = (nuint)(address - arena->Start);
            nuint to = nuint.Min((nuint)(end - arena->Start), (nuint)HeapConsts.ArenaBytes);
            dirty |= from < arena->ZeroedBase;
            arena->ZeroedBase = nuint.Max(arena->ZeroedBase, to);
            address = arena->Start + to;
        }
        return dirty;
    }

    void GrowSpanTable()
    {
        int capacity = Math.Max(1024, _spanCapacity * 2);
        var table = (MSpan**)MetaAlloc((nuint)capacity * (nuint)sizeof(MSpan*));
        Buffer.MemoryCopy(_allSpans, table, (long)capacity * sizeof(MSpan*), (long)_spanCount * sizeof(MSpan*));
        MetaFree(_allSpans, (nuint)_spanCapacity * (nuint)sizeof(MSpan*));
        _allSpans = table;
        _spanCapacity = capacity;
    }

    // ---- growing

    bool GrowLocked(nuint pages)
    {
        Debug.Assert(_lock.IsHeld);
        const nuint ChunkMask = ((nuint)1 << PageChunk.Shift) - 1;
        nuint ask = ((pages << HeapConsts.PageShift) + ChunkMask) & ~ChunkMask;
        if ((nuint)(_curArenaEnd - _curArena) < ask)
        {
            byte* fresh = AllocArenas(ask, out nuint got);
            if (fresh == null)
                return false;
            if (fresh == _curArenaEnd)
            {
                _curArenaEnd = fresh + got;
            }
            else
            {
                // What is left of the old arena joins the heap; the new memory is a new current arena.
                if (_curArenaEnd != _curArena && !Prepare(_curArena, (nuint)(_curArenaEnd - _curArena)))
                    return false;
                _curArena = fresh;
                _curArenaEnd = fresh + got;
            }
        }
        byte* start = _curArena;
        if (!Prepare(start, ask))
            return false;
        _curArena += ask;
        return true;
    }

    bool Prepare(byte* address, nuint bytes)
    {
        if (!s_os.Map(address, bytes))
        {
            _pagesRefused = true;
            return false;
        }
        if (Stats.HeapMapped >= LargePagesFrom)
        {
            if (Stats.HeapMapped >= LargeSidesFrom && Stats.HeapMapped - LargeSidesFrom < 1 << PageChunk.Shift)
                _ = s_os.LargePages(_side, (nuint)(_sideEnd - _side));
            AskForLargePages(address, bytes);
        }
        Stats.HeapMapped += (long)bytes;
        Stats.HeapReleased += (long)bytes;
        _pages.Grow((nuint)address, bytes);
        return true;
    }

    /// <summary>But not in arenas that have given pages back: the system would fill their holes.</summary>
    void AskForLargePages(byte* address, nuint bytes)
    {
        if (_smallGrowths != 0)
        {
            _smallGrowths--;
            return;
        }
        bool slow = false;
        for (byte* end = address + bytes; address < end;)
        {
            HeapArena* arena = ArenaMap.ArenaOf((nuint)address);
            byte* to = (byte*)nuint.Min((nuint)end, (nuint)(arena->Start + HeapConsts.ArenaBytes));
            if (!arena->HasHoles)
            {
                arena->AskedForLargePages = true;
                slow |= !s_os.LargePages(address, (nuint)(to - address));
            }
            address = to;
        }
        _smallGrowthsNext = slow ? Math.Clamp(8 * _smallGrowthsNext, FirstSmallGrowths, MostSmallGrowths) : 0;
        _smallGrowths = _smallGrowthsNext;
    }

    /// <summary>Reserves arenas for at least <paramref name="bytes"/>, next to the last ones if possible.</summary>
    byte* AllocArenas(nuint bytes, out nuint got)
    {
        const nuint ArenaMask = (nuint)HeapConsts.ArenaBytes - 1;
        got = (bytes + ArenaMask) & ~ArenaMask;
        byte* start = null;
        for (int attempt = 0; attempt < 0x7f && start == null; attempt++)
        {
            byte* p = s_os.Reserve((byte*)_hint, got);
            if (p == (byte*)_hint)
            {
                start = p;
                _hint += got;
                break;
            }
            if (p == null)
                break;
            s_os.Free(p, got);
            _hint = ((_hint >> 40) + 1 << 40) | FirstArenaHint;
        }
        if (start == null)
        {
            // Anywhere: reserve one arena more, to cut out an aligned part.
            byte* p = s_os.Reserve(null, got + (nuint)HeapConsts.ArenaBytes);
            if (p == null)
                return null;
            start = (byte*)(((nuint)p + ArenaMask) & ~ArenaMask);
            if (start != p)
                s_os.Free(p, (nuint)(start - p));
            nuint tail = (nuint)HeapConsts.ArenaBytes - (nuint)(start - p);
            if (tail != 0)
                s_os.Free(start + got, tail);
        }
        for (nuint off = 0; off < got; off += (nuint)HeapConsts.ArenaBytes)
        {
            if (!AddArena(start + off))
                return null;
        }
        return start;
    }

    bool AddArena(byte* start)
    {
        nuint structBytes = RoundToOsPage((nuint)sizeof(HeapArena));
        nuint sideBytes = HeapConsts.PagesPerArena * (nuint)HeapArena.SideBytes;
        HeapArena* arena = (HeapArena*)s_os.Alloc(structBytes);
        if (arena == null)
            return false;
        if (_side == _sideEnd)
        {
            // Sides of neighbours in one mapping, so that the system can back them with large pages.
            _side = s_os.Alloc(SideBlockArenas * sideBytes);
            if (_side == null)
                return false;
            _sideEnd = _side + SideBlockArenas * sideBytes;
            if (Stats.HeapMapped >= LargeSidesFrom)
                _ = s_os.LargePages(_side, (nuint)(_sideEnd - _side));
        }
        arena->Start = start;
        arena->Side = _side;
        _side += sideBytes;
        Stats.GCMiscSys += (long)(structBytes + sideBytes);
        if (_arenaCount == _arenaCapacity)
        {
            int capacity = Math.Max(64, _arenaCapacity * 2);
            var table = (HeapArena**)MetaAlloc((nuint)capacity * (nuint)sizeof(HeapArena*));
            Buffer.MemoryCopy(_arenas, table, (long)capacity * sizeof(HeapArena*), (long)_arenaCount * sizeof(HeapArena*));
            MetaFree(_arenas, (nuint)_arenaCapacity * (nuint)sizeof(HeapArena*));
            _arenas = table;
            _arenaCapacity = capacity;
        }
        _arenas[_arenaCount++] = arena;
        Volatile.Write(ref *(nuint*)&ArenaMap.Table[(nuint)start >> HeapConsts.ArenaShift], (nuint)arena);
        return true;
    }

    // ---- giving memory back

    /// <summary>Returns free pages to the system; all of them, or up to <paramref name="maxBytes"/>. Says how many bytes.</summary>
    public nuint Scavenge(nuint maxBytes, bool force)
    {
        _lock.Enter(LockRank.Heap);
        nuint pages = _pages.Scavenge(maxBytes >> HeapConsts.PageShift, force);
        Stats.HeapReleased += (long)pages << HeapConsts.PageShift;
        _lock.Exit(LockRank.Heap);
        return pages << HeapConsts.PageShift;
    }

    /// <summary>Every free page back to the system, but those that caches hold in reserve.</summary>
    public void ReleaseFree() => Scavenge(nuint.MaxValue, force: true);

    /// <summary>For the verifier: the page tree is consistent and agrees with the counters.</summary>
    public readonly string? VerifyPages()
    {
        string? wrong = _pages.Verify(out nuint free, out nuint scavenged);
        if (wrong != null)
            return wrong;
        nuint cachedFree = 0, cachedScavenged = 0;
        for (MCache* c = Caches; c != null; c = c->Next)
        {
            cachedFree += (nuint)System.Numerics.BitOperations.PopCount(c->Pages.Free);
            cachedScavenged += (nuint)System.Numerics.BitOperations.PopCount(c->Pages.Scavenged);
        }
        if ((long)(free + cachedFree) << HeapConsts.PageShift != Stats.HeapFree + Stats.HeapReleased)
            return "free pages differ from HeapFree + HeapReleased";
        if ((long)(scavenged + cachedScavenged) << HeapConsts.PageShift != Stats.HeapReleased)
            return "scavenged pages differ from HeapReleased";
        return null;
    }
}

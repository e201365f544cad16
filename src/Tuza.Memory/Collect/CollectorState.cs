// What the collector remembers between cycles: phase, roots outside the heap, pause history.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Memory outside the heap with pointers into it.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct DataRoot
{
    public byte* Start;
    public nuint Words;

    /// <summary>One bit per word; null: every word may be a pointer.</summary>
    public ulong* Mask;
}

/// <summary>The collector's part of the heap.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CollectorState
{
    public const int PauseHistory = 256;

    MHeap* _heap;
    DataRoot* _roots;
    int _rootCount;
    int _rootCapacity;
    nuint* _immortal;      // open addressing: pairs (address, handle)
    int _immortalCount;
    int _immortalCapacity;
    SpinLock32 _lock;

    public Phase Phase;

    /// <summary>1: a pointer to free memory is fatal (GODEBUG=invalidptr).</summary>
    public int InvalidPtrCheck;

    /// <summary>1: verify the heap after each cycle (TUZADEBUG=heapverify).</summary>
    public int VerifyAfterCycle;

    /// <summary>1: a second look at everything marked before the marks are used (GODEBUG=gccheckmark).</summary>
    public int CheckMarks;

    /// <summary>1: marking runs beside the program, on the collector's own thread; 0: cycles happen in one stop, on the thread that asks.</summary>
    public int Concurrent;

    /// <summary>1: marking is done in steps by those who allocate, and by nobody else.</summary>
    public int Incremental;

    /// <summary>Changes only before the first cycle.</summary>
    public BarrierKind Barrier;

    /// <summary>1: between portions of marking the invariants of the colours are checked (TUZADEBUG=tricolor).</summary>
    public int CheckColours;

    /// <summary>How many threads may mark at a time, the first one included.</summary>
    public int MaxMarkers;

    public WorkPool Work;
    public CpuLimiter Limiter;

    /// <summary>This cycle: bytes of slots marked, bytes with pointers scanned, bytes of stacks and of data scanned.</summary>
    public long BytesMarked;
    public long HeapScanWork;
    public long StackScanWork;
    public long GlobalsScanWork;

    /// <summary>Scan work done by the collector's threads that assists may take as theirs.</summary>
    public long AssistCredit;

    /// <summary>Root jobs: stacks, finalizer queue, data roots in shards, specials by arena.</summary>
    int _rootCursor;
    nuint _rootOffset;
    int _specialCursor;
    int _specialArenas;    // arenas when marking began: specials in later ones belong to new objects
    int _queueDone;
    int _stackCursor;
    int _stacksDone;

    /// <summary>Cycles completed; those of them that runtime.GC asked for.</summary>
    public uint CycleCount;
    public uint ForcedCount;

    /// <summary>Cycles begun.</summary>
    public uint StartedCount;
    public long LastEndUnixNanos;
    public long LastEndNanos;
    public long LastPauseNanos;
    public long LastMarkNanos;
    public long PauseTotalNanos;

    /// <summary>Processor time of the collector: all cycles, and the current one's share.</summary>
    public long AssistNanos;
    public long DedicatedNanos;
    public long IdleTotalNanos;
    public long PauseCpuNanos;
    public long ScavengeNanos;
    public long ScavengeAssistNanos;
    public long CycleAssistNanos;
    public long CycleDedicatedNanos;
    public long CycleSleepNanos;
    public long IdleNanos;

    public readonly long GcCpuNanos => AssistNanos + DedicatedNanos + PauseCpuNanos;
    public fixed long PauseNanos[PauseHistory];
    public fixed long PauseEndUnixNanos[PauseHistory];

    public void Init(MHeap* heap)
    {
        _heap = heap;
        InvalidPtrCheck = 1;
        MaxMarkers = 1;
        Work.Init(heap);
    }

    // ---- roots

    /// <summary>Registers a data segment; it stays for ever. Before its first pointer into the heap is stored.</summary>
    public void AddDataRoot(byte* start, nuint words, ulong* mask)
    {
        _lock.Enter(LockRank.FinQueue);
        if (_rootCount == _rootCapacity)
        {
            int capacity = int.Max(64, _rootCapacity * 2);
            var table = (DataRoot*)_heap->MetaAlloc((nuint)capacity * (nuint)sizeof(DataRoot));
            for (int i = 0; i < _rootCount; i++)
                table[i] = _roots[i];
            _heap->MetaFree(_roots, (nuint)_rootCapacity * (nuint)sizeof(DataRoot));
            _roots = table;
            _rootCapacity = capacity;
        }
        _roots[_rootCount++] = new DataRoot { Start = start, Words = words, Mask = mask };
        _lock.Exit(LockRank.FinQueue);
    }

    /// <summary>Registers one word outside the heap as a root.</summary>
    public void AddRootSlot(void** slot) => AddDataRoot((byte*)slot, 1, null);

    const nuint ShardWords = 32 << 10;
    const int StacksPerJob = 32;

    /// <summary>World stopped: all roots are to be scanned.</summary>
    public void BeginRoots(bool stacksLater)
    {
        _rootCursor = _specialCursor = _queueDone = _stackCursor = 0;
        _stacksDone = stacksLater ? 0 : 1;
        _rootOffset = 0;
        _specialArenas = _heap->ArenaCount;
        BytesMarked = HeapScanWork = StackScanWork = GlobalsScanWork = AssistCredit = 0;
    }

    /// <summary>World stopped, at the end of marking: what else but stacks and the runtime's own may have got pointers without a barrier, again.</summary>
    public void BeginRootsAgain(bool data)
    {
        _specialCursor = _queueDone = 0;
        if (!data)
            return;
        _rootCursor = 0;
        _rootOffset = 0;
    }

    /// <summary>Every root job was taken.</summary>
    public readonly bool RootsDone =>
        Volatile.Read(in _stacksDone) != 0 && Volatile.Read(in _queueDone) != 0 && Volatile.Read(in _rootCursor) >= _rootCount && Volatile.Read(in _specialCursor) >= _specialArenas;

    /// <summary>Takes and does one root job: enqueues a part of the roots that are neither stacks nor the runtime's own; false when none is left.</summary>
    public bool MarkSomeRoots(ref Marker marker)
    {
        if (RootsDone)
            return false;
        if (Volatile.Read(ref _stacksDone) == 0)
        {
            int from = Interlocked.Add(ref _stackCursor, StacksPerJob) - StacksPerJob;
            if (!World.Current.ScanStacks(ref marker, from, from + StacksPerJob))
                Volatile.Write(ref _stacksDone, 1);
            return true;
        }
        if (Interlocked.Exchange(ref _queueDone, 1) == 0)
        {
            _heap->FinQueue.MarkRoots(ref marker);
            return true;
        }
        _lock.Enter(LockRank.FinQueue);
        if (_rootCursor < _rootCount)
        {
            DataRoot root = _roots[_rootCursor];
            nuint from = _rootOffset, to = nuint.Min(from + ShardWords, root.Words);
            _rootOffset = to;
            if (to == root.Words)
            {
                _rootOffset = 0;
                Volatile.Write(ref _rootCursor, _rootCursor + 1);
            }
            _lock.Exit(LockRank.FinQueue);
            if (root.Mask == null)
                marker.RootRange((nuint*)root.Start + from, to - from);
            else
                ObjectWalk.Masked(ref marker, (nuint*)root.Start, root.Mask, from, to);
            marker.GlobalsScanBytes += (long)(to - from) * HeapConsts.PtrBytes;
            return true;
        }
        _lock.Exit(LockRank.FinQueue);
        int arena = Interlocked.Increment(ref _specialCursor) - 1;
        if (arena >= _specialArenas)
            return false;
        Specials.MarkRoots(_heap, arena, ref marker);
        return true;
    }

    // ---- weak handles of objects outside the heap

    /// <summary>The handle of an address outside the heap.</summary>
    public void* ImmortalHandle(void* p)
    {
        _lock.Enter(LockRank.FinQueue);
        if (_immortalCount * 2 >= _immortalCapacity)
            GrowImmortal();
        nuint* pair = ImmortalPair(_immortal, _immortalCapacity, (nuint)p);
        if (pair[0] == 0)
        {
            var handle = (nuint*)_heap->PersistentAlloc(HeapConsts.TinyBytes, HeapConsts.TinyBytes, &_heap->Stats.OtherSys);
            *handle = (nuint)p;
            pair[0] = (nuint)p;
            pair[1] = (nuint)handle;
            _immortalCount++;
        }
        _lock.Exit(LockRank.FinQueue);
        return (void*)pair[1];
    }

    static nuint* ImmortalPair(nuint* table, int capacity, nuint p)
    {
        uint i = (uint)((ulong)p * 0x9E3779B97F4A7C15 >> 32);
        while (true)
        {
            nuint* pair = table + 2 * (i & (uint)(capacity - 1));
            if (pair[0] == 0 || pair[0] == p)
                return pair;
            i++;
        }
    }

    void GrowImmortal()
    {
        int capacity = int.Max(64, _immortalCapacity * 2);
        nuint bytes = (nuint)capacity * 16;
        var table = (nuint*)_heap->MetaAlloc(bytes);
        NativeMemory.Clear(table, bytes);
        for (int i = 0; i < _immortalCapacity; i++)
        {
            if (_immortal[2 * i] == 0)
                continue;
            nuint* pair = ImmortalPair(table, capacity, _immortal[2 * i]);
            pair[0] = _immortal[2 * i];
            pair[1] = _immortal[2 * i + 1];
        }
        _heap->MetaFree(_immortal, (nuint)_immortalCapacity * 16);
        _immortal = table;
        _immortalCapacity = capacity;
    }
}

// What the collector remembers between cycles: phase, roots outside the heap, pause history.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

    /// <summary>Bytes of objects born during marking.</summary>
    public long BornBlackBytes;

    /// <summary>Cycles completed; those of them that runtime.GC asked for.</summary>
    public uint CycleCount;
    public uint ForcedCount;
    public long LastEndUnixNanos;
    public long LastEndNanos;
    public long LastPauseNanos;
    public long PauseTotalNanos;
    public long GcCpuNanos;
    public fixed long PauseNanos[PauseHistory];
    public fixed long PauseEndUnixNanos[PauseHistory];

    public void Init(MHeap* heap)
    {
        _heap = heap;
        InvalidPtrCheck = 1;
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

    /// <summary>World stopped: all data roots.</summary>
    public readonly void MarkDataRoots(ref Marker marker)
    {
        for (int i = 0; i < _rootCount; i++)
        {
            DataRoot* r = &_roots[i];
            if (r->Mask == null)
                marker.RootRange((nuint*)r->Start, r->Words);
            else
                marker.RootBlock(r->Start, r->Mask, r->Words);
            marker.GlobalsScanBytes += (long)r->Words * HeapConsts.PtrBytes;
        }
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

    // ---- what barriers recorded

    /// <summary>A full barrier buffer: its values become grey. The caller's P owns the buffer.</summary>
    public void TakeBarrierBuffer(BarrierBuffer* buffer)
    {
        _lock.Enter(LockRank.FinQueue);
        for (int i = 0; i < buffer->Count; i++)
        {
            if (_shadedCount == _shadedCapacity)
                GrowShaded();
            _shaded[_shadedCount++] = (nuint)buffer->Values[i];
        }
        buffer->Count = 0;
        _lock.Exit(LockRank.FinQueue);
    }

    nuint* _shaded;
    int _shadedCount;
    int _shadedCapacity;

    [MethodImpl(MethodImplOptions.NoInlining)]
    void GrowShaded()
    {
        int capacity = int.Max(4096, _shadedCapacity * 2);
        var table = (nuint*)_heap->MetaAlloc((nuint)capacity * 8);
        for (int i = 0; i < _shadedCount; i++)
            table[i] = _shaded[i];
        _heap->MetaFree(_shaded, (nuint)_shadedCapacity * 8);
        _shaded = table;
        _shadedCapacity = capacity;
    }

    /// <summary>Hands what barriers recorded to the marker; false when there was nothing.</summary>
    public bool DrainShaded(ref Marker marker)
    {
        _lock.Enter(LockRank.FinQueue);
        int n = _shadedCount;
        for (int i = 0; i < n; i++)
            marker.Root(_shaded[i]);
        _shadedCount = 0;
        _lock.Exit(LockRank.FinQueue);
        return n != 0;
    }
}

// Mark work: buffers of one page, and the pool through which markers share them.
//
// A marker keeps a chain of buffers as its stack. A buffer travels through the pool when another marker has nothing to do, when an assist ends, or when
// a write barrier has filled one. The pool also counts who may still hold work: marking is complete when no marker is active, the pool is empty and
// no root is left.
//
// Invariants.
//   I1. A marker that holds entries is counted in Active; it becomes active under the lock, together with the buffer it takes.
//   I2. Entries of raw buffers come from write barriers: whatever a pointer can hold but nil, not looked up yet.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>A page of mark work. Entries are addresses; the top bit says "continue scanning a big object here".</summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderBytes)]
public unsafe struct WorkBuf
{
    public const int Bytes = HeapConsts.PageBytes;
    public const int HeaderBytes = 32;
    public const int Capacity = (Bytes - HeaderBytes) / 8;

    public WorkBuf* Below;
    public MSpan* Span;

    /// <summary>Entries, while the buffer is in the pool.</summary>
    public int Count;
    public int Raw;

    public static nuint* Items(WorkBuf* b) => (nuint*)((byte*)b + HeaderBytes);

    public static WorkBuf* Of(nuint* item) => (WorkBuf*)((nuint)item & ~(nuint)(Bytes - 1));
}

/// <summary>Buffers that nobody works on, and the count of those who work.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct WorkPool
{
    const int KeepFree = 16;

    MHeap* _heap;
    WorkBuf* _full;
    WorkBuf* _free;
    int _freeCount;
    SpinLock32 _lock;
    int _fullCount;
    int _active;
    int _hungry;

    public void Init(MHeap* heap) => _heap = heap;

    /// <summary>Full buffers in the pool.</summary>
    public readonly int Full => Volatile.Read(in _fullCount);

    /// <summary>Markers that look for work.</summary>
    public readonly int Hungry => Volatile.Read(in _hungry);

    /// <summary>For checks with the world stopped: the buffers with entries.</summary>
    internal readonly WorkBuf* FullList => _full;

    public readonly int Active => Volatile.Read(in _active);

    /// <summary>Others wait and there is nothing for them.</summary>
    public readonly bool WantsWork => Volatile.Read(in _hungry) > Volatile.Read(in _fullCount);

    public void AddHungry(int n) => Interlocked.Add(ref _hungry, n);

    public WorkBuf* NewBuffer()
    {
        _lock.Enter(LockRank.Work);
        WorkBuf* b = _free;
        if (b != null)
        {
            _free = b->Below;
            _freeCount--;
        }
        _lock.Exit(LockRank.Work);
        if (b == null)
        {
            MSpan* span = _heap->AllocManual(WorkBuf.Bytes >> HeapConsts.PageShift, ManualKind.WorkBuf);
            if (span == null)
                Fatal.OutOfMemory(WorkBuf.Bytes, (ulong)_heap->Stats.HeapInUse);
            b = (WorkBuf*)span->Base;
            b->Span = span;
        }
        b->Below = null;
        b->Count = 0;
        b->Raw = 0;
        return b;
    }

    public void Free(WorkBuf* b)
    {
        _lock.Enter(LockRank.Work);
        b->Below = _free;
        _free = b;
        _freeCount++;
        _lock.Exit(LockRank.Work);
    }

    /// <summary>Gives most free buffers back: after a cycle.</summary>
    public void Trim()
    {
        while (true)
        {
            _lock.Enter(LockRank.Work);
            WorkBuf* b = _freeCount > KeepFree ? _free : null;
            if (b != null)
            {
                _free = b->Below;
                _freeCount--;
            }
            _lock.Exit(LockRank.Work);
            if (b == null)
                return;
            _heap->FreeManual(b->Span);
        }
    }

    /// <summary>Puts a buffer with entries into the pool.</summary>
    public void Put(WorkBuf* b, int count, bool raw)
    {
        b->Count = count;
        b->Raw = raw ? 1 : 0;
        _lock.Enter(LockRank.Work);
        b->Below = _full;
        _full = b;
        Volatile.Write(ref _fullCount, _fullCount + 1);
        _lock.Exit(LockRank.Work);
    }

    /// <summary>A buffer with entries, or null. <paramref name="activate"/>: the caller was not active and becomes so if it gets one.</summary>
    public WorkBuf* Take(bool activate)
    {
        if (Volatile.Read(ref _fullCount) == 0)
            return null;
        _lock.Enter(LockRank.Work);
        WorkBuf* b = _full;
        if (b != null)
        {
            _full = b->Below;
            b->Below = null;
            Volatile.Write(ref _fullCount, _fullCount - 1);
            if (activate)
                Volatile.Write(ref _active, _active + 1);
        }
        _lock.Exit(LockRank.Work);
        return b;
    }

    public void Activate()
    {
        _lock.Enter(LockRank.Work);
        Volatile.Write(ref _active, _active + 1);
        _lock.Exit(LockRank.Work);
    }

    /// <summary>The caller holds no entries any more.</summary>
    public void Deactivate()
    {
        _lock.Enter(LockRank.Work);
        Volatile.Write(ref _active, _active - 1);
        _lock.Exit(LockRank.Work);
    }

    /// <summary>Nobody holds entries and the pool has none.</summary>
    public bool IsIdle()
    {
        if (Volatile.Read(ref _active) != 0 || Volatile.Read(ref _fullCount) != 0)
            return false;
        _lock.Enter(LockRank.Work);
        bool idle = _active == 0 && _full == null;
        _lock.Exit(LockRank.Work);
        return idle;
    }
}

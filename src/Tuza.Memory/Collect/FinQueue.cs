// Finalizers and cleanups whose time has come, in the order in which they were found. The runtime takes them and has Go code run them.
//
// What is queued is a root: an entry keeps its function, its argument and, for a finalizer, the object. After TryTake the caller must have made these
// visible before anything can collect.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>A finalizer or a cleanup to run.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FinEntry
{
    public SpecialKind Kind;
    public FuncVal* Fn;

    /// <summary>Finalizer: the object. Cleanup: the argument.</summary>
    public void* Argument;

    /// <summary>Finalizer: the parameter's type.</summary>
    public void* Type;

    /// <summary>Finalizer: type of the pointer given to SetFinalizer.</summary>
    public void* PointerType;

    /// <summary>Finalizer: bytes of results. Cleanup: its number.</summary>
    public ulong Number;
}

/// <summary>The queue.</summary>
public unsafe struct FinQueue
{
    FinEntry* _ring;
    int _head;
    int _count;
    int _capacity;
    MHeap* _heap;
    SpinLock32 _lock;

    /// <summary>Ever queued and ever taken, by kind.</summary>
    public long FinalizersQueued;
    public long FinalizersTaken;
    public long CleanupsQueued;
    public long CleanupsTaken;

    public void Init(MHeap* heap) => _heap = heap;

    public readonly int Count => _count;

    public void Add(Special* s, byte* obj)
    {
        _lock.Enter(LockRank.FinQueue);
        if (_count == _capacity)
            Grow();
        FinEntry* e = &_ring[(_head + _count++) & (_capacity - 1)];
        e->Kind = s->Kind;
        e->Fn = s->Fn;
        e->Type = s->Type;
        e->Number = s->Number;
        if (s->Kind == SpecialKind.Finalizer)
        {
            e->Argument = obj;
            e->PointerType = s->Value;
            FinalizersQueued++;
        }
        else
        {
            e->Argument = s->Value;
            e->PointerType = null;
            CleanupsQueued++;
        }
        _lock.Exit(LockRank.FinQueue);
    }

    /// <summary>The oldest entry.</summary>
    public bool TryTake(MCache* c, out FinEntry entry)
    {
        _lock.Enter(LockRank.FinQueue);
        bool any = _count != 0;
        entry = any ? _ring[_head] : default;
        if (any)
        {
            _head = (_head + 1) & (_capacity - 1);
            _count--;
            if (entry.Kind == SpecialKind.Finalizer)
                FinalizersTaken++;
            else
                CleanupsTaken++;
        }
        _lock.Exit(LockRank.FinQueue);
        if (any)
        {
            Barrier.Shade(c, entry.Fn);
            Barrier.Shade(c, entry.Argument);
            Barrier.Shade(c, entry.Type);
            Barrier.Shade(c, entry.PointerType);
        }
        return any;
    }

    /// <summary>What is queued lives. Nothing is queued while marking runs; who takes an entry meanwhile shades it.</summary>
    public void MarkRoots(ref Marker marker)
    {
        const int Batch = 256;
        _lock.Enter(LockRank.FinQueue);
        for (int i = 0; i < _count; i++)
        {
            FinEntry* e = &_ring[(_head + i) & (_capacity - 1)];
            marker.Root((nuint)e->Fn);
            marker.Root((nuint)e->Argument);
            marker.Root((nuint)e->Type);
            marker.Root((nuint)e->PointerType);
            if (i % Batch != Batch - 1)
                continue;
            // Entries taken meanwhile make the rest move up: some are then looked at by their takers only.
            int head = _head;
            _lock.Exit(LockRank.FinQueue);
            _lock.Enter(LockRank.FinQueue);
            i = int.Max(i - ((_head - head) & (_capacity - 1)), -1);
        }
        _lock.Exit(LockRank.FinQueue);
    }

    void Grow()
    {
        int capacity = int.Max(64, _capacity * 2);
        var ring = (FinEntry*)_heap->MetaAlloc((nuint)capacity * (nuint)sizeof(FinEntry));
        for (int i = 0; i < _count; i++)
            ring[i] = _ring[(_head + i) & (_capacity - 1)];
        _heap->MetaFree(_ring, (nuint)_capacity * (nuint)sizeof(FinEntry));
        _ring = ring;
        _head = 0;
        _capacity = capacity;
    }
}

// A set of spans: a stack of pointers under a lock.
//
// Invariant: a span may stay in a set after somebody else has swept, freed or reused it; who pops it looks at its sweep generation
// and throws stale entries away. So nothing is ever searched or removed from the middle.
//
// Differs from Go: a growing array under a spin lock instead of a lock-free spine of blocks; it is touched once per span.

using System;

namespace Tuza.Memory;

/// <summary>An unordered set of spans.</summary>
public unsafe struct SpanSet
{
    MSpan** _items;
    int _count;
    int _capacity;
    SpinLock32 _lock;

    public readonly int Count => _count;

    /// <summary>For verifiers, world stopped.</summary>
    public readonly MSpan* this[int index] => _items[index];

    public void Push(MHeap* heap, MSpan* span)
    {
        _lock.Enter(LockRank.SpanSet);
        if (_count == _capacity)
            Grow(heap);
        _items[_count++] = span;
        _lock.Exit(LockRank.SpanSet);
    }

    /// <summary>Some span, or null.</summary>
    public MSpan* Pop()
    {
        if (_count == 0)
            return null;       // racy look: a span pushed at this moment is found by the next caller
        _lock.Enter(LockRank.SpanSet);
        MSpan* span = _count == 0 ? null : _items[--_count];
        _lock.Exit(LockRank.SpanSet);
        return span;
    }

    /// <summary>World stopped: forgets all entries.</summary>
    public void Reset() => _count = 0;

    void Grow(MHeap* heap)
    {
        int capacity = Math.Max(64, _capacity * 2);
        var items = (MSpan**)heap->MetaAlloc((nuint)capacity * (nuint)sizeof(MSpan*));
        new Span<byte>(_items, _count * sizeof(MSpan*)).CopyTo(new Span<byte>(items, capacity * sizeof(MSpan*)));
        heap->MetaFree(_items, (nuint)_capacity * (nuint)sizeof(MSpan*));
        _items = items;
        _capacity = capacity;
    }
}

// What of a goroutine's stack lives: the words its sites call live, and the stack objects that live pointers lead to.
//
// Idea. A variable whose address was taken is not used by name any more, but through pointers, so no map can say whether it lives. It is a
// stack object: the site says where it lies, and it lives if a pointer to it does. Pointers are followed here as the collector follows
// them in the heap; nothing outside the stack points into it, except what Roots lists.
//
// Steps
//  1. Frames, innermost first: live words go to the visitor, unless they point into this stack: those are kept for step 3. Objects are listed; they come in
//     order of their addresses.
//  2. The roots beside the frames, in the same way.
//  3. Each pointer into the stack is looked up among the objects; the words of an object are treated as in step 1 when it is first found.
//
// Stacks without stack objects cost a comparison per word; nothing is kept for them that is not looked up in vain.

using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Follows the pointers of one stack, whose goroutine does not run. A marker gets the live words that point elsewhere.</summary>
public unsafe ref struct StackTracer
{
    /// <summary>An object of the frame at Fp.</summary>
    struct StackObject
    {
        public byte* Fp;
        public SiteDesc* Site;
        public int Offset, Bytes;
        public bool Reached;
    }

    readonly G* _g;
    readonly ref Marker _marker; // null: nobody gets them
    readonly byte* _lo;
    readonly nuint _bytes;
    NativeList<StackObject> _objects;
    NativeList<nuint> _inside;

    StackTracer(G* g, ref Marker marker)
    {
        _g = g;
        _marker = ref marker;
        _lo = g->StackLo;
        _bytes = (nuint)(g->StackHi - g->StackLo);
    }

    /// <summary>Only to ask <see cref="LiveWords"/>.</summary>
    public static StackTracer Run(G* g) => Run(g, ref Unsafe.NullRef<Marker>());

    /// <summary>Visits all there is. The tracer then answers <see cref="LiveWords"/> until it is disposed of.</summary>
    public static StackTracer Run(G* g, ref Marker marker)
    {
        StackTracer t = new(g, ref marker);
        t.Frames();
        StackRoots.Visit(g, ref t);
        t.Follow();
        return t;
    }

    public void Visit(nuint* slot)
    {
        nuint p = *slot;
        if (p - (nuint)_lo < _bytes)
            _inside.Add(p);
        else if (!Unsafe.IsNullRef(ref _marker))
            _marker.Visit(slot);
    }

    // Not by ObjectWalk: .NET does not find the code in advance of another assembly's generics over structures of this one.
    void Words(nuint* words, ulong* mask, nuint from, nuint to)
    {
        for (nuint w = from / 64; w * 64 < to; w++)
        {
            for (ulong bits = ObjectWalk.Clipped(mask, w, from, to); bits != 0; bits &= bits - 1)
                Visit(words + w * 64 + BitOperations.TrailingZeroCount(bits));
        }
    }

    void Frames()
    {
        for (var c = new FrameCursor(_g); c.Valid; c.Next())
        {
            SiteDesc* site = FrameWalk.SiteOf(c.Func, c.Site);
            if (site->PtrWordCount == 0)
                continue;
            Words((nuint*)c.Fp, site->PtrMask, 0, (nuint)site->PtrWordCount);
            for (int i = 0; i < site->ObjectCount; i++)
            {
                ulong o = site->Objects[i];
                _objects.Add(new StackObject { Fp = c.Fp, Site = site, Offset = (int)(o >> 32), Bytes = (int)(uint)o });
            }
        }
    }

    void Follow()
    {
        if (_objects.Count == 0)
            return;
        while (_inside.Count > 0)
        {
            byte* p = (byte*)_inside.Pop();
            int i = LastUpTo(p);
            if (i < 0)
                continue;
            ref StackObject o = ref _objects[i];
            if (o.Reached || p >= o.Fp + o.Offset + o.Bytes)
                continue;
            o.Reached = true;
            Words((nuint*)o.Fp, o.Site->ObjectMask, (nuint)o.Offset / 8, nuint.Min((nuint)(o.Offset + o.Bytes + 7) / 8, (nuint)o.Site->PtrWordCount));
        }
    }

    /// <summary>The last object that begins at p or before, or -1.</summary>
    readonly int LastUpTo(byte* p)
    {
        int low = 0, high = _objects.Count;
        while (low < high)
        {
            int mid = (low + high) >> 1;
            if (_objects[mid].Fp + _objects[mid].Offset <= p)
                low = mid + 1;
            else
                high = mid;
        }
        return low - 1;
    }

    /// <summary>Word w (a multiple of 64) and the 63 behind it of the frame at fp: which of them are live pointers.</summary>
    public readonly ulong LiveWords(byte* fp, SiteDesc* site, int w)
    {
        ulong live = site->PtrMask[w >> 6];
        for (int i = site->ObjectCount == 0 ? -1 : LastUpTo(fp + 8L * site->PtrWordCount); i >= 0 && _objects[i].Fp >= fp; i--)
        {
            if (_objects[i].Fp != fp || !_objects[i].Reached)
                continue;
            int from = Math.Max(_objects[i].Offset / 8 - w, 0), to = Math.Min((_objects[i].Offset + _objects[i].Bytes + 7) / 8 - w, 64);
            if (from < to)
                live |= site->ObjectMask[w >> 6] & ulong.MaxValue << from & ulong.MaxValue >> (64 - to);
        }
        return live;
    }

    public void Dispose()
    {
        _objects.Free();
        _inside.Free();
    }
}

/// <summary>Pointers of a goroutine outside its frames. The stack copier adjusts those that may point into the stack (<see cref="FrameWalk"/>).</summary>
public static unsafe class StackRoots
{
    public static void Visit(G* g, ref StackTracer tracer)
    {
        GState* gs = Sched.State(g);
        for (int i = 0; i < g->ArgCount; i++)
            tracer.Visit((nuint*)&g->Args[i]);
        tracer.Visit((nuint*)&gs->Entry);
        tracer.Visit((nuint*)&gs->ProfLabels);
        tracer.Visit((nuint*)&gs->Bubble);
        // In a system call it is the innermost frame.
        if (gs->Status != GStatus.Syscall)
            tracer.Visit((nuint*)&gs->Keep0);
        tracer.Visit((nuint*)&gs->Keep1);
        if (gs->Keep0 != null)
        {
            for (int i = 0; i < gs->KeepWords; i++)
                tracer.Visit((nuint*)gs->Keep0 + i);
        }
        if (gs->Coro != null)
            tracer.Visit((nuint*)&((CoroState*)gs->Coro)->F);
        for (Sudog** link = &gs->Waiting; *link != null; link = &(*link)->WaitLink)
        {
            Sudog* s = *link;
            tracer.Visit((nuint*)link);
            tracer.Visit((nuint*)&s->Elem);
            tracer.Visit((nuint*)&s->C);
        }
        DeferList((DeferRecord**)&g->Defer, ref tracer);
        for (PanicRecord* p = (PanicRecord*)g->Panic; p != null; p = p->Link)
        {
            tracer.Visit((nuint*)&p->ArgType);
            tracer.Visit((nuint*)&p->ArgData);
        }
    }

    static void DeferList(DeferRecord** link, ref StackTracer tracer)
    {
        for (DeferRecord* d = *link; d != null; link = &d->Link, d = *link)
        {
            if (d->OnHeap != 0)
                tracer.Visit((nuint*)link);
            tracer.Visit((nuint*)&d->Fn);
            if (d->Head != null)
                DeferList(&d->Head, ref tracer);
        }
    }
}

/// <summary>A list in unmanaged memory, empty by default, for structures that the collector works with.</summary>
unsafe struct NativeList<T>
    where T : unmanaged
{
    T* _items;
    int _capacity;

    public int Count { get; private set; }

    public readonly ref T this[int i] => ref _items[i];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        if (Count == _capacity)
            Grow();
        _items[Count++] = item;
    }

    public T Pop() => _items[--Count];

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Grow()
    {
        _capacity = Math.Max(64, _capacity * 2);
        _items = (T*)NativeMemory.Realloc(_items, (nuint)_capacity * (nuint)sizeof(T));
    }

    public void Free()
    {
        NativeMemory.Free(_items);
        this = default;
    }
}

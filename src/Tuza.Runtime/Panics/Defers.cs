// Where records of deferred calls come from.
//
// A statement that runs once in its function has its record in the frame, which emitted code fills (Abi/Frames/DeferRecord). A defer in a loop may queue any
// number of calls; their records are objects of the heap, as in Go: they are counted, paced and given back like everything else. A few free ones stay with
// the P, more in a list for all, which a collection drops.
//
// No barriers. A goroutine that runs while marking goes on has been scanned before, its list of records with it; those made since are born marked.
// So every record that can be reached here is marked, and so is what it held at that time. The free ones of a P are roots.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Makes and frees records of deferred calls.</summary>
public static unsafe class Defers
{
    const int MostPerP = 32;

    static Lock32 s_lock;
    static DeferRecord* s_shared; // free ones for every P
    static readonly TypeDesc* s_type = RecordType();

    static TypeDesc* RecordType()
    {
        var t = (TypeDesc*)NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc) + 8);
        t->Size = (nuint)sizeof(DeferRecord);
        t->PtrBytes = 5 * 8;
        t->Kind = Kind.Struct;
        t->Align = t->FieldAlign = 8;
        t->GCData = (byte*)(t + 1);
        *t->GCData = 1 << 0 | 1 << 1 | 1 << 4; // Link, Fn, Head
        return t;
    }

    internal static TypeDesc* ObjectType => s_type;

    /// <summary>A record in the heap. May collect; the caller's frame keeps what it holds.</summary>
    static DeferRecord* NewOnHeap(G* g)
    {
        P* p = Sched.POf(g);
        if (p->HeapDefers == null && s_shared != null)
            TakeShared(p);
        DeferRecord* d = p->HeapDefers;
        if (d == null)
        {
            d = (DeferRecord*)Alloc.New(g, (nuint)sizeof(DeferRecord), s_type);
        }
        else
        {
            p->HeapDefers = d->Link;
            p->HeapDeferCount--;
            d->Link = null;
        }
        d->OnHeap = 1;
        return d;
    }

    /// <summary>Nothing refers to the record any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Free(G* g, DeferRecord* d)
    {
        if (d->OnHeap != 0)
            FreeOnHeap(g, d);
    }

    static void FreeOnHeap(G* g, DeferRecord* d)
    {
        P* p = Sched.POf(g);
        *d = default;
        if (p->HeapDeferCount == MostPerP)
            Share(p);
        d->Link = p->HeapDefers;
        p->HeapDefers = d;
        p->HeapDeferCount++;
    }

    /// <summary>Half of what the P may have.</summary>
    static void TakeShared(P* p)
    {
        s_lock.Enter();
        while (s_shared != null && p->HeapDeferCount < MostPerP / 2)
        {
            DeferRecord* d = s_shared;
            s_shared = d->Link;
            d->Link = p->HeapDefers;
            p->HeapDefers = d;
            p->HeapDeferCount++;
        }
        s_lock.Exit();
    }

    static void Share(P* p)
    {
        s_lock.Enter();
        while (p->HeapDeferCount > MostPerP / 2)
        {
            DeferRecord* d = p->HeapDefers;
            p->HeapDefers = d->Link;
            p->HeapDeferCount--;
            d->Link = s_shared;
            s_shared = d;
        }
        s_lock.Exit();
    }

    /// <summary>World stopped, marking begins.</summary>
    internal static void MarkRoots(ref Marker marker)
    {
        s_shared = null;
        for (int i = 0; i < Sched.PCount; i++)
        {
            // Each by itself: the P takes the list apart before the marker comes to it.
            for (DeferRecord* d = Sched.PAt(i)->HeapDefers; d != null; d = d->Link)
                marker.Root((nuint)d);
        }
    }

    static void Push(G* g, DeferRecord* d, void* fn, ulong frame)
    {
        d->Fn = (FuncVal*)fn;
        d->Frame = frame;
        d->Link = (DeferRecord*)g->Defer;
        g->Defer = d;
    }

    [GoFunc("runtime.deferproc")]
    public static void DeferProc(G* g, void* fn, ulong frame) => Push(g, NewOnHeap(g), fn, frame);

    /// <summary>`deferrangefunc() any`: the token is the data word; the type word is nil, nobody looks at it.</summary>
    [GoFunc("runtime.deferrangefunc")]
    public static void* DeferRangeFunc(G* g, ulong frame)
    {
        DeferRecord* d = NewOnHeap(g);
        d->RangeFunc = 1;
        Push(g, d, null, frame);
        g->R[1] = (ulong)d;
        return null;
    }

    [GoFunc("runtime.deferprocat")]
    public static void DeferProcAt(G* g, void* fn, void* type, void* token)
    {
        DeferRecord* d = NewOnHeap(g);
        var list = (DeferRecord*)token;
        d->Fn = (FuncVal*)fn;
        d->Frame = list->Frame;
        d->Link = list->Head;
        list->Head = d;
    }
}

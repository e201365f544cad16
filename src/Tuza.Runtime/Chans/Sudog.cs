// A goroutine on a waiting list: of a channel, of a semaphore, of a notify list. One goroutine may be on several lists (select), one list
// holds many goroutines. What it points to is shown to the collector through GState.Waiting.
//
// Records are objects of the heap, as large as Go's and reused as there: a P keeps up to 128, the rest is in a list for all that a collection drops. To the
// collector they hold no pointers; those in use are marked with their goroutine, the free ones of the Ps are roots.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>`sudog`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Sudog
{
    public G* G;
    public Sudog* Next;
    public Sudog* Prev;
    /// <summary>Data element: may point into the goroutine's stack.</summary>
    public byte* Elem;
    public HChan* C;
    /// <summary>Next sudog of the same goroutine (select).</summary>
    public Sudog* WaitLink;
    /// <summary>Semaphores: next waiter of the same address, and the last one.</summary>
    public Sudog* WaitTail;
    public uint Ticket;
    public int CaseIndex;
    public byte IsSelect;
    public byte IsSend;
    /// <summary>Woken because the channel was closed: false.</summary>
    public byte Success;
    public byte Queued;
    /// <summary>When it began to wait for a mutex, for one in <see cref="P.MutexEvery"/>; else 0.</summary>
    public long Since;

    const int MostPerP = 128, Batch = 64;

    /// <summary>What one takes from the heap.</summary>
    internal const int ObjectBytes = 104;

    static Sudog* s_free;
    static Lock32 s_lock;

    /// <summary>A cleared record for the running goroutine, from its P's cache.</summary>
    public static Sudog* Acquire(G* g)
    {
        P* p = Sched.POf(g);
        Sudog* s = p->FreeSudogs;
        if (s == null)
            s = Refill(p);
        p->FreeSudogs = s->Next;
        p->FreeSudogCount--;
        *s = default;
        s->G = g;
        return s;
    }

    public static void Release(P* p, Sudog* s)
    {
        if (p->FreeSudogCount == MostPerP)
            Drain(p);
        s->Next = p->FreeSudogs;
        p->FreeSudogs = s;
        p->FreeSudogCount++;
    }

    /// <summary>World stopped, marking begins.</summary>
    internal static void MarkRoots(ref Marker marker)
    {
        s_free = null;
        for (int i = 0; i < Sched.PCount; i++)
        {
            for (Sudog* s = Sched.PAt(i)->FreeSudogs; s != null; s = s->Next)
                marker.Root((nuint)s);
        }
    }

    /// <summary>For what looks at all objects: the free ones.</summary>
    internal static void VisitFree(System.Action<nint> visit)
    {
        for (Sudog* s = s_free; s != null; s = s->Next)
            visit((nint)s);
        for (int i = 0; i < Sched.PCount; i++)
        {
            for (Sudog* s = Sched.PAt(i)->FreeSudogs; s != null; s = s->Next)
                visit((nint)s);
        }
    }

    /// <summary>Locks the channels a parked goroutine waits on, in the order of select: that of their addresses. The records of one channel follow each other.</summary>
    internal static void LockChannels(Sudog* first)
    {
        HChan* last = null;
        for (Sudog* s = first; s != null; s = s->WaitLink)
        {
            if (s->C != null && s->C != last)
                s->C->Lock.Enter();
            last = s->C;
        }
    }

    internal static void UnlockChannels(Sudog* first)
    {
        HChan* last = null;
        for (Sudog* s = first; s != null; s = s->WaitLink)
        {
            if (s->C != null && s->C != last)
                s->C->Lock.Exit();
            last = s->C;
        }
    }

    static Sudog* Refill(P* p)
    {
        s_lock.Enter();
        for (int i = 0; i < Batch && s_free != null; i++)
        {
            Sudog* s = s_free;
            s_free = s->Next;
            s->Next = p->FreeSudogs;
            p->FreeSudogs = s;
            p->FreeSudogCount++;
        }
        s_lock.Exit();
        if (p->FreeSudogs == null)
        {
            p->FreeSudogs = (Sudog*)Alloc.OwnObject(p, ObjectBytes);
            p->FreeSudogCount = 1;
        }
        return p->FreeSudogs;
    }

    static void Drain(P* p)
    {
        s_lock.Enter();
        for (int i = 0; i < Batch; i++)
        {
            Sudog* s = p->FreeSudogs;
            p->FreeSudogs = s->Next;
            s->Next = s_free;
            s_free = s;
        }
        s_lock.Exit();
        p->FreeSudogCount -= Batch;
    }
}

/// <summary>`waitq`: a list of sudogs in order of arrival. Under the channel's lock.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct WaitQ
{
    public Sudog* First;
    public Sudog* Last;

    public void Enqueue(Sudog* s)
    {
        s->Queued = 1;
        s->Next = null;
        s->Prev = Last;
        if (Last == null)
            First = s;
        else
            Last->Next = s;
        Last = s;
    }

    /// <summary>
    /// Takes the first waiter off. Who waits in a select, on several channels, can be woken by one of them only: the first that sets
    /// SelectDone; the others drop its record here.
    /// </summary>
    public Sudog* Dequeue()
    {
        for (; ; )
        {
            Sudog* s = First;
            if (s == null)
                return null;
            Remove(s);
            if (s->IsSelect == 0 || Interlocked.CompareExchange(ref GState.Of(s->G)->SelectDone, 1, 0) == 0)
                return s;
        }
    }

    public void Remove(Sudog* s)
    {
        if (s->Prev != null)
            s->Prev->Next = s->Next;
        else
            First = s->Next;
        if (s->Next != null)
            s->Next->Prev = s->Prev;
        else
            Last = s->Prev;
        s->Next = s->Prev = null;
        s->Queued = 0;
    }
}

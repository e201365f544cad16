// A goroutine on a waiting list: of a channel, of a semaphore, of a notify list. One goroutine may be on several lists (select), one list
// holds many goroutines. Records are unmanaged and reused; what they point to is shown to the collector through GState.Waiting.

using System.Runtime.InteropServices;

using Tuza.Abi;

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

    static Sudog* s_free;

    public static Sudog* Acquire(G* g)
    {
        Sudog* s = s_free;
        if (s != null)
        {
            s_free = s->Next;
            *s = default;
        }
        else
        {
            s = (Sudog*)NativeMemory.AllocZeroed((nuint)sizeof(Sudog));
        }
        s->G = g;
        return s;
    }

    public static void Release(Sudog* s)
    {
        s->Next = s_free;
        s_free = s;
    }
}

/// <summary>`waitq`: a list of sudogs in order of arrival.</summary>
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

    /// <summary>Takes the first waiter off and, if it is in a select, its other sudogs off their lists.</summary>
    public Sudog* Dequeue()
    {
        Sudog* s = First;
        if (s == null)
            return null;
        Remove(s);
        if (s->IsSelect != 0)
            for (Sudog* o = GState.Of(s->G)->Waiting; o != null; o = o->WaitLink)
                if (o != s && o->Queued != 0)
                {
                    WaitQ* q = o->IsSend != 0 ? &o->C->SendQ : &o->C->RecvQ;
                    q->Remove(o);
                }
        return s;
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

// The waiting list of sync.Cond. Tickets are handed out by notifyListAdd; a ticket below notify is already notified.
//
// Layout as in package sync: wait, notify uint32; lock uintptr; head, tail pointers.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

[StructLayout(LayoutKind.Sequential)]
unsafe struct NotifyListLayout
{
    public uint Wait;
    public uint Notify;
    public nuint Lock;
    public Sudog* Head;
    public Sudog* Tail;
}

/// <summary>sync.runtime_notifyList*.</summary>
public static unsafe class NotifyList
{
    static bool Less(uint a, uint b) => (int)(a - b) < 0;

    [GoFunc("sync.runtime_notifyListAdd", Safepoint = false)]
    public static uint Add(G* g, void* list) => Interlocked.Increment(ref ((NotifyListLayout*)list)->Wait) - 1;

    [GoFunc("sync.runtime_notifyListWait", Parks = true)]
    public static void Wait(G* g, void* list, uint ticket)
    {
        NotifyListLayout* l = (NotifyListLayout*)list;
        if (Less(ticket, l->Notify))
            return;
        Sudog* s = Sudog.Acquire(g);
        s->Ticket = ticket;
        s->Elem = (byte*)list;
        Sched.State(g)->Waiting = s;
        if (l->Tail == null)
            l->Head = s;
        else
            l->Tail->Next = s;
        l->Tail = s;
        Sched.State(g)->OnWake = &AfterWait;
        Sched.Park(g, WaitReason.SyncCondWait);
    }

    static bool AfterWait(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog.Release(gs->Waiting);
        gs->Waiting = null;
        return true;
    }

    [GoFunc("sync.runtime_notifyListNotifyAll", Safepoint = false)]
    public static void NotifyAll(G* g, void* list)
    {
        NotifyListLayout* l = (NotifyListLayout*)list;
        Sudog* s = l->Head;
        l->Head = l->Tail = null;
        l->Notify = l->Wait;
        while (s != null)
        {
            Sudog* next = s->Next;
            s->Next = null;
            Sched.Ready(s->G);
            s = next;
        }
    }

    [GoFunc("sync.runtime_notifyListNotifyOne", Safepoint = false)]
    public static void NotifyOne(G* g, void* list)
    {
        NotifyListLayout* l = (NotifyListLayout*)list;
        if (l->Wait == l->Notify)
            return;
        uint t = l->Notify++;
        Sudog* before = null;
        for (Sudog* s = l->Head; s != null; before = s, s = s->Next)
        {
            if (s->Ticket != t)
                continue;
            if (before != null)
                before->Next = s->Next;
            else
                l->Head = s->Next;
            if (s->Next == null)
                l->Tail = before;
            s->Next = null;
            Sched.Ready(s->G);
            return;
        }
    }

    [GoFunc("sync.runtime_notifyListCheck", Safepoint = false)]
    public static void Check(G* g, ulong size)
    {
        if (size != (ulong)sizeof(NotifyListLayout))
            Throw.Fatal("bad notifyList size");
    }
}

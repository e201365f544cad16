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
    public Lock32 Lock;
    int _pad;
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
        l->Lock.Enter();
        if (Less(ticket, l->Notify))
        {
            l->Lock.Exit();
            return;
        }
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
        Sched.Park(g, WaitReason.SyncCondWait, &l->Lock);
    }

    static bool AfterWait(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog.Release(Sched.POf(g), gs->Waiting);
        gs->Waiting = null;
        return true;
    }

    [GoFunc("sync.runtime_notifyListNotifyAll", Safepoint = false)]
    public static void NotifyAll(G* g, void* list)
    {
        NotifyListLayout* l = (NotifyListLayout*)list;
        if (Volatile.Read(ref l->Wait) == Volatile.Read(ref l->Notify))
            return;
        l->Lock.Enter();
        Sudog* s = l->Head;
        l->Head = l->Tail = null;
        Volatile.Write(ref l->Notify, Volatile.Read(ref l->Wait));
        l->Lock.Exit();
        P* p = Sched.POf(g);
        while (s != null)
        {
            Sudog* next = s->Next;
            s->Next = null;
            Sched.Ready(p, s->G, next: true);
            s = next;
        }
    }

    [GoFunc("sync.runtime_notifyListNotifyOne", Safepoint = false)]
    public static void NotifyOne(G* g, void* list)
    {
        NotifyListLayout* l = (NotifyListLayout*)list;
        if (Volatile.Read(ref l->Wait) == Volatile.Read(ref l->Notify))
            return;
        l->Lock.Enter();
        Sudog* s = null;
        if (l->Wait != l->Notify)
            s = TakeLocked(l, l->Notify++);
        l->Lock.Exit();
        if (s != null)
            Sched.Ready(Sched.POf(g), s->G, next: true);
    }

    /// <summary>The waiter with this ticket, or null: it has not come to wait yet and will see that it need not.</summary>
    static Sudog* TakeLocked(NotifyListLayout* l, uint ticket)
    {
        Sudog* before = null;
        for (Sudog* s = l->Head; s != null; before = s, s = s->Next)
        {
            if (s->Ticket != ticket)
                continue;
            if (before != null)
                before->Next = s->Next;
            else
                l->Head = s->Next;
            if (s->Next == null)
                l->Tail = before;
            s->Next = null;
            return s;
        }
        return null;
    }

    [GoFunc("sync.runtime_notifyListCheck", Safepoint = false)]
    public static void Check(G* g, ulong size)
    {
        if (size != (ulong)sizeof(NotifyListLayout))
            Throw.Fatal("bad notifyList size");
    }
}

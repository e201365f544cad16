// Semaphores: the sleeping place of sync.Mutex, RWMutex, WaitGroup and the poller's descriptor locks.
//
// A semaphore is a uint32 in Go memory. Waiters of an address hang in a table of buckets: one sudog per address in the bucket's
// list, further waiters of the same address behind it (WaitLink, last in WaitTail). Release increments the word and wakes the first waiter, who
// tries to decrement it; with handoff the waker decrements it for him (Ticket) and yields to him.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>sync.runtime_Semacquire and relatives.</summary>
public static unsafe class Sema
{
    const int Buckets = 251; // prime, so that aligned addresses spread

    static readonly Sudog** s_table = (Sudog**)NativeMemory.AllocZeroed(Buckets, (nuint)sizeof(Sudog*));

    static Sudog** Bucket(void* address) => &s_table[(nuint)address / 8 % Buckets];

    static bool TryAcquire(uint* s)
    {
        for (; ; )
        {
            uint v = Volatile.Read(ref *s);
            if (v == 0)
                return false;
            if (Interlocked.CompareExchange(ref *s, v - 1, v) == v)
                return true;
        }
    }

    static void Enqueue(Sudog* s, uint* address, bool lifo)
    {
        Sudog** link = Bucket(address);
        s->Elem = (byte*)address;
        for (Sudog* t; (t = *link) != null; link = &t->Next)
        {
            if (t->Elem != (byte*)address)
                continue;
            if (lifo)
            {
                s->Next = t->Next;
                s->Prev = t;
                s->WaitTail = t->WaitTail != null ? t->WaitTail : t;
                t->Next = null;
                t->WaitTail = null;
                *link = s;
            }
            else
            {
                Sudog* last = t->WaitTail;
                if (last == null)
                    t->Prev = s;
                else
                    last->Prev = s;
                t->WaitTail = s;
            }
            return;
        }
        *link = s;
    }

    /// <summary>Takes the first waiter of the address. Prev links waiters of one address.</summary>
    static Sudog* Dequeue(uint* address)
    {
        Sudog** link = Bucket(address);
        for (Sudog* t; (t = *link) != null; link = &t->Next)
        {
            if (t->Elem != (byte*)address)
                continue;
            Sudog* second = t->Prev;
            if (second != null)
            {
                second->Next = t->Next;
                second->WaitTail = t->WaitTail == second ? null : t->WaitTail;
                *link = second;
            }
            else
            {
                *link = t->Next;
            }
            t->Next = t->Prev = t->WaitTail = null;
            return t;
        }
        return null;
    }

    static void Acquire(G* g, uint* address, bool lifo, WaitReason reason)
    {
        if (TryAcquire(address))
            return;
        GState* gs = Sched.State(g);
        Sudog* s = Sudog.Acquire(g);
        gs->Waiting = s;
        Enqueue(s, address, lifo);
        gs->Scratch0 = (long)reason;
        gs->OnWake = &AfterWake;
        Sched.Park(g, reason);
    }

    static bool AfterWake(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* s = gs->Waiting;
        if (s->Ticket != 0 || TryAcquire((uint*)s->Elem))
        {
            gs->Waiting = null;
            Sudog.Release(s);
            return true;
        }
        Enqueue(s, (uint*)s->Elem, lifo: false);
        Sched.ParkAgain(g, (WaitReason)gs->Scratch0, &AfterWake);
        return false;
    }

    static void Release(G* g, uint* address, bool handoff)
    {
        Interlocked.Increment(ref *address);
        Sudog* s = Dequeue(address);
        if (s == null)
            return;
        if (handoff && TryAcquire(address))
            s->Ticket = 1;
        Sched.Ready(s->G);
        if (s->Ticket == 1 && Sched.State(g)->Locks == 0)
        {
            // Direct hand-off: the waiter runs now, we go to the end of the local queue.
            Sched.Gosched(g);
        }
    }

    [GoFunc("sync.runtime_Semacquire", Parks = true)]
    [GoFunc("internal/poll.runtime_Semacquire", Parks = true)]
    public static void Semacquire(G* g, void* s) => Acquire(g, (uint*)s, false, WaitReason.Semacquire);

    [GoFunc("sync.runtime_SemacquireWaitGroup", Parks = true)]
    public static void SemacquireWaitGroup(G* g, void* s, int durable) => Acquire(g, (uint*)s, false, WaitReason.SyncWaitGroupWait);

    [GoFunc("internal/sync.runtime_SemacquireMutex", Parks = true)]
    [GoFunc("sync.runtime_SemacquireMutex", Parks = true)]
    public static void SemacquireMutex(G* g, void* s, int lifo, long skip) => Acquire(g, (uint*)s, lifo != 0, WaitReason.SyncMutexLock);

    [GoFunc("sync.runtime_SemacquireRWMutexR", Parks = true)]
    public static void SemacquireRWMutexR(G* g, void* s, int lifo, long skip) => Acquire(g, (uint*)s, lifo != 0, WaitReason.SyncRWMutexRLock);

    [GoFunc("sync.runtime_SemacquireRWMutex", Parks = true)]
    public static void SemacquireRWMutex(G* g, void* s, int lifo, long skip) => Acquire(g, (uint*)s, lifo != 0, WaitReason.SyncRWMutexLock);

    [GoFunc("internal/sync.runtime_Semrelease", Parks = true)]
    [GoFunc("sync.runtime_Semrelease", Parks = true)]
    public static void Semrelease(G* g, void* s, int handoff, long skip) => Release(g, (uint*)s, handoff != 0);

    [GoFunc("internal/poll.runtime_Semrelease", Parks = true)]
    public static void SemreleasePoll(G* g, void* s) => Release(g, (uint*)s, handoff: false);
}

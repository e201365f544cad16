// Semaphores: the sleeping place of sync.Mutex, RWMutex, WaitGroup and the poller's descriptor locks.
//
// A semaphore is a uint32 in Go memory. Waiters of an address hang in a table of buckets: one sudog per address in the bucket's
// list, further waiters of the same address behind it (Prev, last in WaitTail). Release increments the word and wakes the first waiter, who
// tries to decrement it; with handoff the waker decrements it for him (Ticket) and makes room for him.
//
// A bucket has a lock, kept by a parking goroutine until it has parked, and the number of waiters, which Release reads without the lock:
// the waiter counts itself before it looks at the word for the last time, the releaser increments the word before it looks at the count.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>The waiters of some addresses.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
unsafe struct SemaRoot
{
    public Lock32 Lock;
    public int Waiters;
    public Sudog* Head;
}

/// <summary>sync.runtime_Semacquire and relatives.</summary>
public static unsafe class Sema
{
    const int Buckets = 1021; // prime, so that aligned addresses spread

    static readonly SemaRoot* s_table = MakeTable();

    static SemaRoot* MakeTable()
    {
        var table = (SemaRoot*)NativeMemory.AlignedAlloc((nuint)(Buckets * sizeof(SemaRoot)), 64);
        new System.Span<byte>(table, Buckets * sizeof(SemaRoot)).Clear();
        return table;
    }

    static SemaRoot* Root(void* address) => &s_table[(nuint)address / 8 % Buckets];

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

    static void EnqueueLocked(SemaRoot* root, Sudog* s, uint* address, bool lifo)
    {
        Sudog** link = &root->Head;
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
    static Sudog* DequeueLocked(SemaRoot* root, uint* address)
    {
        Sudog** link = &root->Head;
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
        SemaRoot* root = Root(address);
        root->Lock.Enter();
        Interlocked.Increment(ref root->Waiters);
        if (TryAcquire(address))
        {
            Interlocked.Decrement(ref root->Waiters);
            root->Lock.Exit();
            return;
        }
        GState* gs = Sched.State(g);
        Sudog* s = Sudog.Acquire(g);
        gs->Waiting = s;
        EnqueueLocked(root, s, address, lifo);
        gs->Scratch0 = (long)reason;
        Sample(g, s, reason);
        gs->OnWake = &AfterWake;
        Sched.Park(g, reason, &root->Lock);
    }

    static bool AfterWake(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* s = gs->Waiting;
        uint* address = (uint*)s->Elem;
        if (s->Ticket == 0 && !TryAcquire(address))
        {
            SemaRoot* root = Root(address);
            root->Lock.Enter();
            Interlocked.Increment(ref root->Waiters);
            if (!TryAcquire(address))
            {
                EnqueueLocked(root, s, address, lifo: false);
                Sample(g, s, (WaitReason)gs->Scratch0);
                Sched.ParkAgain(g, (WaitReason)gs->Scratch0, &AfterWake, &root->Lock);
                return false;
            }
            Interlocked.Decrement(ref root->Waiters);
            root->Lock.Exit();
        }
        gs->Waiting = null;
        Sudog.Release(Sched.POf(g), s);
        return true;
    }

    /// <summary>One wait in some is timed, for all: <see cref="Metrics.MutexWaitNanos"/>. Before the waiter can be found.</summary>
    static void Sample(G* g, Sudog* s, WaitReason reason) =>
        s->Since = reason is WaitReason.SyncMutexLock or WaitReason.SyncRWMutexRLock or WaitReason.SyncRWMutexLock && ++Sched.POf(g)->MutexTick % P.MutexEvery == 0
            ? Clock.Nano() : 0;

    static void Release(G* g, uint* address, bool handoff)
    {
        Interlocked.Increment(ref *address);
        SemaRoot* root = Root(address);
        if (Volatile.Read(ref root->Waiters) == 0)
            return;
        root->Lock.Enter();
        Sudog* s = root->Waiters == 0 ? null : DequeueLocked(root, address);
        if (s != null)
            Interlocked.Decrement(ref root->Waiters);
        root->Lock.Exit();
        if (s == null)
            return;
        if (s->Since != 0)
            Interlocked.Add(ref Metrics.MutexWaitNanos, (Clock.Nano() - s->Since) * P.MutexEvery);
        if (BlockProfile.On)
            BlockProfile.Unlocks(g, s->G);
        bool handed = handoff && TryAcquire(address);
        if (handed)
            s->Ticket = 1;
        Sched.Ready(Sched.POf(g), s->G, next: true);
        if (handed && Sched.State(g)->Locks == 0)
        {
            // Direct hand-off: the waiter runs now, we go to the end of the local queue.
            Sched.State(g)->ParkKind = ParkKind.YieldLocal;
            Trampoline.StartUnwind(g, UnwindReason.Park);
        }
    }

    [GoFunc("sync.runtime_Semacquire", Parks = true)]
    [GoFunc("internal/poll.runtime_Semacquire", Parks = true)]
    public static void Semacquire(G* g, void* s) => Acquire(g, (uint*)s, false, WaitReason.Semacquire);

    [GoFunc("sync.runtime_SemacquireWaitGroup", Parks = true)]
    public static void SemacquireWaitGroup(G* g, void* s, int durable) =>
        Acquire(g, (uint*)s, false, durable != 0 ? WaitReason.SynctestWaitGroup : WaitReason.SyncWaitGroupWait);

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

// Queues of runnable goroutines.
//
// Per P: RunNext, the goroutine made ready last, which runs first and inherits the time slice; and a ring of 256. The holder puts at the tail of
// the ring; the holder and thieves take at the head by compare-and-swap. A full ring sends half of itself to the global queue.
//
// RunNext belongs to the holder alone, so a hand-over between two goroutines costs no atomic instruction. The monitor, if it sees one wait there for a
// millisecond while a P is idle, and then for a while thieves too, set GiveNext and raise the guard of the running goroutine; at its next safepoint the
// holder moves RunNext into the ring.
//
// The global queue is a list under the scheduler's lock. Yielding, preempted and woken-from-afar goroutines go there. Every 61st slice
// of a P looks there first; a P without work takes its share of it.

using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>A list of goroutines linked by SchedLink.</summary>
unsafe struct GList
{
    public G* Head;
    public G* Tail;
    public int Count;

    public void Push(G* g)
    {
        GState.Of(g)->SchedLink = null;
        if (Tail == null)
            Head = g;
        else
            GState.Of(Tail)->SchedLink = g;
        Tail = g;
        Count++;
    }

    public void PushFront(G* g)
    {
        GState.Of(g)->SchedLink = Head;
        Head = g;
        if (Tail == null)
            Tail = g;
        Count++;
    }

    public G* Pop()
    {
        G* g = Head;
        if (g == null)
            return null;
        Head = GState.Of(g)->SchedLink;
        if (Head == null)
            Tail = null;
        GState.Of(g)->SchedLink = null;
        Count--;
        return g;
    }
}

public static unsafe partial class Sched
{
    const int GlobalFirstEvery = 61;

    static GList s_global; // under s_lock; Count is read without

    static int s_urgent;   // under s_lock: the first of the global queue shall not wait for the Ps' own

    internal static bool GlobalWaiting => Volatile.Read(ref s_global.Count) != 0;

    // ---- global

    /// <summary>Puts a runnable goroutine at the end of the global queue; from any thread.</summary>
    static void GlobalPut(G* g)
    {
        s_lock.Enter();
        s_global.Push(g);
        s_lock.Exit();
    }

    /// <summary>The first goroutine of the global queue, and this P's share of the others into its ring.</summary>
    static G* GlobalGet(P* p, int most)
    {
        if (Volatile.Read(ref s_global.Count) == 0)
            return null;
        s_lock.Enter();
        G* g = GlobalGetLocked(p, most);
        s_lock.Exit();
        return g;
    }

    static G* GlobalGetLocked(P* p, int most)
    {
        int n = s_global.Count / s_maxProcs + 1;
        n = System.Math.Min(System.Math.Min(n, s_global.Count), System.Math.Min(most, P.QueueSize / 2));
        G* g = s_global.Pop();
        Volatile.Write(ref s_urgent, 0);
        uint tail = p->QueueTail;
        uint room = P.QueueSize - (tail - Volatile.Read(ref p->QueueHead));
        for (; n > 1 && room > 0; n--, room--)
            p->Queue[tail++ % P.QueueSize] = (ulong)s_global.Pop();
        Volatile.Write(ref p->QueueTail, tail);
        return g;
    }

    // ---- local

    static bool LocalEmpty(P* p) => Volatile.Read(ref p->QueueHead) == Volatile.Read(ref p->QueueTail) && p->RunNext == null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void LocalPut(P* p, G* g)
    {
        uint tail = p->QueueTail;
        if (tail - Volatile.Read(ref p->QueueHead) < P.QueueSize)
        {
            p->Queue[tail % P.QueueSize] = (ulong)g;
            Volatile.Write(ref p->QueueTail, tail + 1);
        }
        else
        {
            LocalPutSlow(p, g);
        }
    }

    /// <summary>The ring is full: half of it goes to the global queue, then this one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void LocalPutSlow(P* p, G* g)
    {
        const uint Half = P.QueueSize / 2;
        for (; ; )
        {
            uint head = Volatile.Read(ref p->QueueHead), tail = p->QueueTail;
            if (tail - head < P.QueueSize)
            {
                LocalPut(p, g);
                return;
            }
            ulong* batch = stackalloc ulong[(int)Half];
            for (uint i = 0; i < Half; i++)
                batch[i] = p->Queue[(head + i) % P.QueueSize];
            if (Interlocked.CompareExchange(ref p->QueueHead, head + Half, head) != head)
                continue;
            s_lock.Enter();
            for (uint i = 0; i < Half; i++)
                s_global.Push((G*)batch[i]);
            s_global.Push(g);
            s_lock.Exit();
            return;
        }
    }

    /// <summary>The next goroutine of this P; whether it goes on in the running time slice.</summary>
    static G* LocalGet(P* p, out bool inherits)
    {
        G* g = p->RunNext;
        if (g != null)
        {
            p->RunNext = null;
            inherits = true;
            return g;
        }
        inherits = false;
        for (; ; )
        {
            uint head = Volatile.Read(ref p->QueueHead);
            if (head == p->QueueTail)
                return null;
            g = (G*)p->Queue[head % P.QueueSize];
            if (Interlocked.CompareExchange(ref p->QueueHead, head + 1, head) == head)
                return g;
        }
    }

    /// <summary>Somebody waits for RunNext: now all can see it.</summary>
    static void ServeNext(P* p)
    {
        p->GiveNext = 0;
        G* g = p->RunNext;
        if (g == null)
            return;
        p->RunNext = null;
        LocalPut(p, g);
        p->Eager = EagerReadies;
        WakeP();
    }

    // ---- stealing

    /// <summary>Takes half of another P's ring: one is returned, the others go to the thief's ring, which is empty.</summary>
    static G* Steal(P* thief, P* victim)
    {
        for (; ; )
        {
            uint head = Volatile.Read(ref victim->QueueHead), tail = Volatile.Read(ref victim->QueueTail);
            uint n = tail - head;
            n -= n / 2;
            if (n == 0)
                return null;
            if (n > P.QueueSize / 2)
                continue; // head and tail are of different moments
            uint own = thief->QueueTail;
            for (uint i = 0; i < n; i++)
                thief->Queue[(own + i) % P.QueueSize] = victim->Queue[(head + i) % P.QueueSize];
            if (Interlocked.CompareExchange(ref victim->QueueHead, head + n, head) != head)
                continue;
            n--;
            G* g = (G*)thief->Queue[(own + n) % P.QueueSize];
            if (n != 0)
                Volatile.Write(ref thief->QueueTail, own + n);
            return g;
        }
    }

    /// <summary>All of a P's goroutines go to the global queue: the P is given up. Caller holds s_lock.</summary>
    static void DrainLocked(P* p)
    {
        G* g;
        while ((g = LocalGet(p, out _)) != null)
            s_global.Push(g);
    }
}

// Memory of stacks: powers of two from 2 KiB. The small orders are blocks of spans of 32 KiB, handed out through lists per P that are
// filled and emptied by batches; larger ones are spans of their own. All are manual spans of the heap, so that StackInuse counts them and the marker
// knows that they are no objects.
//
// A shared span counts its blocks in use (AllocCount), lists in Ps included. Spans with free blocks are in a list per order. A span without blocks in
// use goes back to the heap, and so does a large one, but not while the collector marks: then at the end of the cycle. Barriers record words that may be
// addresses of stacks, and look at them later (Barrier.Record). The lists of the Ps are emptied at the end of each cycle.

using System.Numerics;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.Runtime;

/// <summary>Stack memory, counted in StackInuse.</summary>
public static unsafe class StackAlloc
{
    public const int PooledOrders = 5; // 2, 4, 8, 16, 32 KiB
    const int BlockBytes = 32 << 10;

    /// <summary>What a P keeps of one order at most.</summary>
    const int CacheBytes = 64 << 10;

    static readonly nint[] s_partial = new nint[PooledOrders]; // MSpan*: those with free blocks
    static MSpan* s_large; // freed while the collector marks
    static Lock32 s_lock;

    static int Order(long bytes) => BitOperations.Log2((ulong)bytes) - 11;

    public static byte* Alloc(long bytes)
    {
        int order = Order(bytes);
        if (order >= PooledOrders)
            return AllocLarge(bytes);
        P* owner = Sched.ThisP;
        if (owner == null)
        {
            s_lock.Enter();
            byte* shared = TakeLocked(order);
            s_lock.Exit();
            return shared;
        }
        if (owner->StackFree[order] == 0)
            Refill(owner, order);
        byte* p = (byte*)owner->StackFree[order];
        owner->StackFree[order] = *(ulong*)p;
        owner->StackCount[order]--;
        return p;
    }

    public static void Free(byte* p, long bytes)
    {
        int order = Order(bytes);
        if (order >= PooledOrders)
        {
            FreeLarge(ArenaMap.SpanOfAddress((nuint)p));
            return;
        }
        P* owner = Sched.ThisP;
        if (owner == null)
        {
            s_lock.Enter();
            PutLocked(p, order);
            s_lock.Exit();
            return;
        }
        *(ulong*)p = owner->StackFree[order];
        owner->StackFree[order] = (ulong)p;
        if (++owner->StackCount[order] * bytes > CacheBytes)
            Drain(owner, order, (CacheBytes / 2) >> (11 + order));
    }

    static byte* AllocLarge(long bytes)
    {
        byte* kept = Volatile.Read(ref Barrier.Enabled) != 0 ? TakeLarge((nuint)bytes >> HeapConsts.PageShift) : null;
        return kept != null ? kept : AllocSpan(bytes)->Base;
    }

    /// <summary>A stack of exactly this size that is kept until marking ends, or null.</summary>
    static byte* TakeLarge(nuint pages)
    {
        byte* found = null;
        s_lock.Enter();
        MSpan* last = null;
        for (MSpan* s = s_large; s != null; last = s, s = s->Next)
        {
            if (s->PageCount != pages)
                continue;
            if (last == null)
                s_large = s->Next;
            else
                last->Next = s->Next;
            s->Next = null;
            found = s->Base;
            break;
        }
        s_lock.Exit();
        return found;
    }

    static void FreeLarge(MSpan* s)
    {
        if (Volatile.Read(ref Barrier.Enabled) == 0)
        {
            MHeap.Current->FreeManual(s);
            return;
        }
        s_lock.Enter();
        s->Next = s_large;
        s_large = s;
        s_lock.Exit();
    }

    /// <summary>Marking is over.</summary>
    internal static void FreeKept()
    {
        while (s_large != null)
        {
            MSpan* s = s_large;
            s_large = s->Next;
            s->Next = null;
            MHeap.Current->FreeManual(s);
        }
    }

    /// <summary>World stopped, a cycle ends: what Ps keep goes back, and so do the spans that are empty.</summary>
    internal static void DrainCaches()
    {
        for (int i = 0; i < Sched.PCount; i++)
            for (int order = 0; order < PooledOrders; order++)
                Drain(Sched.PAt(i), order, Sched.PAt(i)->StackCount[order]);
        FreeKept();
        for (int order = 0; order < PooledOrders; order++)
            for (MSpan* s = (MSpan*)s_partial[order]; s != null;)
            {
                MSpan* next = s->Next;
                if (s->AllocCount == 0)
                {
                    Unlink(s, order);
                    MHeap.Current->FreeManual(s);
                }
                s = next;
            }
    }

    static MSpan* AllocSpan(long bytes)
    {
        MSpan* s = MHeap.Current->AllocManual((nuint)bytes >> HeapConsts.PageShift, ManualKind.Stack);
        if (s == null)
            Throw.Fatal("out of memory");
        return s;
    }

    // ---- under s_lock

    static byte* TakeLocked(int order)
    {
        MSpan* s = (MSpan*)s_partial[order];
        if (s == null)
        {
            long bytes = 2048L << order;
            s = AllocSpan(BlockBytes);
            s->AllocCount = 0;
            s->ManualFreeList = null;
            for (long at = BlockBytes - bytes; at >= 0; at -= bytes)
            {
                *(void**)(s->Base + at) = s->ManualFreeList;
                s->ManualFreeList = s->Base + at;
            }
            Link(s, order);
        }
        byte* p = (byte*)s->ManualFreeList;
        s->ManualFreeList = *(void**)p;
        s->AllocCount++;
        if (s->ManualFreeList == null)
            Unlink(s, order);
        return p;
    }

    static void PutLocked(byte* p, int order)
    {
        MSpan* s = ArenaMap.SpanOfAddress((nuint)p);
        if (s->ManualFreeList == null)
            Link(s, order);
        *(void**)p = s->ManualFreeList;
        s->ManualFreeList = p;
        if (--s->AllocCount != 0 || Volatile.Read(ref Barrier.Enabled) != 0)
            return;
        Unlink(s, order);
        MHeap.Current->FreeManual(s);
    }

    static void Link(MSpan* s, int order)
    {
        MSpan* first = (MSpan*)s_partial[order];
        s->Prev = null;
        s->Next = first;
        if (first != null)
            first->Prev = s;
        s_partial[order] = (nint)s;
    }

    static void Unlink(MSpan* s, int order)
    {
        if (s->Prev != null)
            s->Prev->Next = s->Next;
        else
            s_partial[order] = (nint)s->Next;
        if (s->Next != null)
            s->Next->Prev = s->Prev;
        s->Next = s->Prev = null;
    }

    /// <summary>Half of what a P may keep.</summary>
    static void Refill(P* owner, int order)
    {
        s_lock.Enter();
        int n = System.Math.Max(1, (CacheBytes / 2) >> (11 + order));
        for (int i = 0; i < n; i++)
        {
            byte* p = TakeLocked(order);
            *(ulong*)p = owner->StackFree[order];
            owner->StackFree[order] = (ulong)p;
            owner->StackCount[order]++;
        }
        s_lock.Exit();
    }

    static void Drain(P* owner, int order, int n)
    {
        if (n == 0)
            return;
        s_lock.Enter();
        for (; n > 0; n--)
        {
            byte* p = (byte*)owner->StackFree[order];
            owner->StackFree[order] = *(ulong*)p;
            owner->StackCount[order]--;
            PutLocked(p, order);
        }
        s_lock.Exit();
    }
}

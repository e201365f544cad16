// Memory of stacks: powers of two from 2 KiB. The small orders come from lists per P, refilled by batches from lists over blocks of
// 32 KiB that all share; larger ones are spans of their own.

using System.Numerics;

namespace Tuza.Runtime;

/// <summary>Stack memory, counted in StackInuse.</summary>
public static unsafe partial class StackAlloc
{
    public const int PooledOrders = 5; // 2, 4, 8, 16, 32 KiB
    const int BlockBytes = 32 << 10;

    /// <summary>What a P keeps of one order at most.</summary>
    const int CacheBytes = 64 << 10;

    static readonly nint[] s_free = new nint[PooledOrders];
    static Lock32 s_lock;

    static int Order(long bytes) => BitOperations.Log2((ulong)bytes) - 11;

    public static byte* Alloc(long bytes)
    {
        int order = Order(bytes);
        if (order >= PooledOrders)
            return AllocSpan(bytes);
        P* owner = Sched.ThisP;
        if (owner == null)
            return AllocShared(order);
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
            FreeSpan(p, bytes);
            return;
        }
        P* owner = Sched.ThisP;
        if (owner == null)
        {
            s_lock.Enter();
            *(nint*)p = s_free[order];
            s_free[order] = (nint)p;
            s_lock.Exit();
            return;
        }
        *(ulong*)p = owner->StackFree[order];
        owner->StackFree[order] = (ulong)p;
        if (++owner->StackCount[order] * bytes > CacheBytes)
            Drain(owner, order);
    }

    static byte* AllocShared(int order)
    {
        s_lock.Enter();
        byte* p = TakeLocked(order);
        s_lock.Exit();
        return p;
    }

    static byte* TakeLocked(int order)
    {
        byte* p = (byte*)s_free[order];
        if (p == null)
        {
            long bytes = 2048L << order;
            byte* block = AllocSpan(BlockBytes);
            for (long at = 0; at < BlockBytes; at += bytes)
            {
                *(nint*)(block + at) = s_free[order];
                s_free[order] = (nint)(block + at);
            }
            p = (byte*)s_free[order];
        }
        s_free[order] = *(nint*)p;
        return p;
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

    static void Drain(P* owner, int order)
    {
        s_lock.Enter();
        for (int n = (CacheBytes / 2) >> (11 + order); n > 0; n--)
        {
            byte* p = (byte*)owner->StackFree[order];
            owner->StackFree[order] = *(ulong*)p;
            owner->StackCount[order]--;
            *(nint*)p = s_free[order];
            s_free[order] = (nint)p;
        }
        s_lock.Exit();
    }
}

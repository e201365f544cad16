// Memory of stacks: powers of two from 2 KiB. The small orders come from free lists over blocks of 32 KiB, larger ones are spans of their own.

using System.Numerics;


namespace Tuza.Runtime;

/// <summary>Stack memory, counted in StackInuse.</summary>
public static unsafe partial class StackAlloc
{
    const int PooledOrders = 5; // 2, 4, 8, 16, 32 KiB
    const int BlockBytes = 32 << 10;

    static readonly nint[] s_free = new nint[PooledOrders];

    static int Order(long bytes) => BitOperations.Log2((ulong)bytes) - 11;

    public static byte* Alloc(long bytes)
    {
        int order = Order(bytes);
        if (order >= PooledOrders)
            return AllocSpan(bytes);
        byte* p = (byte*)s_free[order];
        if (p == null)
        {
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

    public static void Free(byte* p, long bytes)
    {
        int order = Order(bytes);
        if (order >= PooledOrders)
        {
            FreeSpan(p, bytes);
            return;
        }
        *(nint*)p = s_free[order];
        s_free[order] = (nint)p;
    }
}

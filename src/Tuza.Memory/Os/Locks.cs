// Locks of the heap: short sections, never held across a call to the world, never held when a thread can be stopped.
//
// Order. A thread that holds a lock may only take locks of a higher rank. Debug builds check it.

using System.Diagnostics;
using System.Threading;

namespace Tuza.Memory;

/// <summary>The order in which locks may be taken.</summary>
public enum LockRank
{
    None = 0,
    Blocks = 1,
    FinQueue = 2,
    Sweep = 3,
    SpanSpecials = 4,
    SpanSet = 5,
    Work = 6,
    Heap = 7,
    Specials = 8,
    Persistent = 9,
}

/// <summary>A lock that spins, then yields.</summary>
public struct SpinLock32
{
    [System.ThreadStatic]
    static int s_threadRanks;

    int _held;

    public readonly bool IsHeld => _held != 0;

    public void Enter(LockRank rank)
    {
        CheckRank(rank);
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
            EnterSlow();
    }

    void EnterSlow()
    {
        var spin = default(SpinWait);
        do
            spin.SpinOnce(sleep1Threshold: -1);
        while (Volatile.Read(ref _held) != 0 || Interlocked.CompareExchange(ref _held, 1, 0) != 0);
    }

    public void Exit(LockRank rank)
    {
        Debug.Assert(_held != 0);
        DropRank(rank);
        Volatile.Write(ref _held, 0);
    }

    [Conditional("DEBUG")]
    static void CheckRank(LockRank rank)
    {
        Debug.Assert(s_threadRanks >> (int)rank == 0, "lock order");
        s_threadRanks |= 1 << (int)rank;
    }

    [Conditional("DEBUG")]
    static void DropRank(LockRank rank) => s_threadRanks &= ~(1 << (int)rank);
}

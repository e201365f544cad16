// Keeps the collector from taking the program's processors when memory is short.
//
// A bucket that holds one second per processor: the collector's processor time fills it, the program's drains it. While it is full the collector is limited:
// nobody assists, and allocation gives nothing back for the sake of a memory limit, so that the heap outgrows its limit rather than the program standing
// still. Only who collects for more than half of the time, for seconds, gets there.
//
// Who collects reports what it spent, and apart from it what was marked on processors that nobody wanted, which counts on neither side; the rest of what the process
// used since the last look is the program's.
//
// See GOROOT/src/runtime/mgclimit.go.

using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Memory;

/// <summary>Processor time of the collector against the program's.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CpuLimiter
{
    public const long CapacityPerProcessor = 1_000_000_000;

    /// <summary>Who could be limited looks this often.</summary>
    public const long WindowNanos = 10_000_000;

    SpinLock32 _lock;
    long _fill;
    long _spent;        // by collectors since the last look
    long _idleMarking;  // likewise, where the program wanted nothing
    long _lookedAt;     // wall clock
    long _processNanos; // processor time of the process then
    int _limiting;

    /// <summary>The cycle in which the bucket was last full; 0: never.</summary>
    public uint LastLimited;

    public readonly bool Limiting => Volatile.Read(in _limiting) != 0;

    /// <summary>Nanoseconds in the bucket.</summary>
    public readonly long Fill => _fill;

    /// <summary>A collecting thread has worked, or the world stood still for all processors.</summary>
    public void Spent(long nanos) => Interlocked.Add(ref _spent, nanos);

    /// <summary>A helper has marked on an idle processor.</summary>
    public void IdleMarked(long nanos) => Interlocked.Add(ref _idleMarking, nanos);

    /// <summary>Settles if the last look is long ago; says whether the collector is limited.</summary>
    public bool Check(IWorld world, uint cycle)
    {
        long now = world.NanoTime();
        if (now - Volatile.Read(ref _lookedAt) >= WindowNanos)
            Settle(world, now, cycle);
        return Limiting;
    }

    /// <summary>Accounts for the time since the last look.</summary>
    public void Settle(IWorld world, long now, uint cycle)
    {
        _lock.Enter(LockRank.Work);
        long process = world.ProcessorNanos();
        long used = process - _processNanos;
        long spent = Interlocked.Exchange(ref _spent, 0);
        long idle = Interlocked.Exchange(ref _idleMarking, 0);
        if (_lookedAt != 0)
            Account(long.Min(spent, used), long.Max(0, used - spent - idle), world.Processors, cycle);
        _processNanos = process;
        Volatile.Write(ref _lookedAt, now);
        _lock.Exit(LockRank.Work);
    }

    void Account(long collector, long program, int processors, uint cycle)
    {
        long capacity = processors * CapacityPerProcessor;
        _fill = long.Clamp(_fill + collector - program, 0, capacity);
        bool full = _fill == capacity;
        if (full)
            LastLimited = cycle;
        Volatile.Write(ref _limiting, full ? 1 : 0);
    }
}

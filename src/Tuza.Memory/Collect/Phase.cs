// Where the collector is. Changes only with the world stopped.

namespace Tuza.Memory;

/// <summary>Off -> Mark -> MarkTermination -> Off; the stop-the-world collector goes Off -> Mark -> Off in one stop.</summary>
public enum Phase
{
    /// <summary>No marking; the write barrier is off; sweeping may be under way.</summary>
    Off = 0,

    /// <summary>Marking; new objects are born black; the write barrier is on when the world runs.</summary>
    Mark = 1,

    /// <summary>World stopped, marking is complete.</summary>
    MarkTermination = 2,
}

/// <summary>What the write barrier records. See <see cref="Barrier"/>.</summary>
public enum BarrierKind
{
    /// <summary>The value that a word loses; every stack is scanned before its goroutine runs on.</summary>
    Deletion,

    /// <summary>That, and the value a word gets while the goroutine's own stack is not scanned yet; stacks are scanned while the program runs.</summary>
    Hybrid,

    /// <summary>The value that a word gets; stacks stay grey and are scanned again in the last stop.</summary>
    Insertion,
}

/// <summary>Why a cycle starts.</summary>
public enum GcTrigger
{
    /// <summary>The heap reached its trigger.</summary>
    Heap,

    /// <summary>Two minutes without a cycle.</summary>
    Time,

    /// <summary>runtime.GC: counts as forced.</summary>
    Forced,

    /// <summary>A stress mode asks.</summary>
    Stress,
}

/// <summary>One collection, for reports. Times in nanoseconds.</summary>
public struct CycleStats
{
    public uint Cycle;
    public GcTrigger Trigger;

    /// <summary>HeapLive when the cycle began and when marking was done, and what was found alive.</summary>
    public long HeapAtStart;
    public long HeapAtEnd;
    public long HeapMarked;

    /// <summary>The program stood still: nothing counts as alive because it was allocated meanwhile.</summary>
    public bool InOneStop;

    /// <summary>The goal of this cycle.</summary>
    public long Goal;
    public long StackScanBytes;
    public long GlobalsScanBytes;
    public long StartNanos;
    public long FirstPauseNanos;
    public long FirstStoppingNanos;
    public long MarkNanos;
    public long LastPauseNanos;
    public long LastStoppingNanos;

    /// <summary>Who marked how long.</summary>
    public long AssistNanos;
    public long DedicatedNanos;
    public long IdleNanos;
}

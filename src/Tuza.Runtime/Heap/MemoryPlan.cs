// How the memory system of this process works, chosen before it starts: the allocator's policy, the collector's mode, the write barrier.

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Who marks, and when.</summary>
public enum CollectorMode
{
    /// <summary>Beside the program, on threads of its own.</summary>
    Concurrent,

    /// <summary>In steps, by those who allocate.</summary>
    Incremental,

    /// <summary>In one stop.</summary>
    StopTheWorld,
}

/// <summary>The choice. Without one everything is as Go has it.</summary>
public static class MemoryPlan
{
    public static AllocPolicy Alloc { get; set; }

    public static CollectorMode Collector { get; set; }

    public static BarrierKind Barrier { get; set; }

    /// <summary>Where to write what the run cost; null: nowhere.</summary>
    public static string? ReportFile { get; set; }

    /// <summary>Add up what the program asks for; slow.</summary>
    public static bool Measure { get; set; }
}

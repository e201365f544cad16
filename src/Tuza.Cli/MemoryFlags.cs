// The flags of `tuza run` that choose how memory is managed: -alloc, -gc, -barrier; and what `tuza explain` needs to know of a run.

using System.Collections.Generic;
using Tuza.Memory;
using Tuza.Runtime;

namespace Tuza.Cli;

/// <summary>Allocator, collector and barrier of the program that will run in this process.</summary>
static class MemoryFlags
{
    // Made when asked for: every run registers the flags, few set them.
    public static Dictionary<string, AllocPolicy> Policies => new()
    {
        ["go"] = AllocPolicy.Go,
        ["bump"] = AllocPolicy.Bump,
        ["first-fit"] = AllocPolicy.FirstFit,
        ["next-fit"] = AllocPolicy.NextFit,
        ["best-fit"] = AllocPolicy.BestFit,
        ["segregated-fit"] = AllocPolicy.SegregatedFit,
    };

    public static Dictionary<string, CollectorMode> Collectors => new()
    {
        ["concurrent"] = CollectorMode.Concurrent,
        ["incremental"] = CollectorMode.Incremental,
        ["stw"] = CollectorMode.StopTheWorld,
    };

    public static Dictionary<string, BarrierKind> Barriers => new()
    {
        ["deletion"] = BarrierKind.Deletion,
        ["hybrid"] = BarrierKind.Hybrid,
        ["insertion"] = BarrierKind.Insertion,
    };

    public static Flags Register(Flags flags) => flags
        .Text("alloc", t => MemoryPlan.Alloc = Choice("alloc", Policies, t), "how small objects are placed: go, bump, first-fit, next-fit, best-fit, segregated-fit")
        .Text("gc", t => MemoryPlan.Collector = Choice("gc", Collectors, t), "when the collector marks: concurrent, incremental, stw")
        .Text("barrier", t => MemoryPlan.Barrier = Choice("barrier", Barriers, t), "what the write barrier records: deletion, hybrid, insertion")
        .Text("memory-report", t => MemoryPlan.ReportFile = t, "write what the run cost to this file")
        .Bool("memory-measure", b => MemoryPlan.Measure = b, "add up what the program asks the allocator for (slow)");

    public static T Choice<T>(string flag, Dictionary<string, T> choices, string text) =>
        choices.TryGetValue(text, out T? value) ? value : throw new UsageException($"invalid value \"{text}\" for flag -{flag}: {string.Join(", ", choices.Keys)}\nRun 'tuza help run' for details.");
}

// What a run cost: time, collections, pauses, fragmentation, peak. Written to a file when the process ends, for `tuza explain`.
//
// Fragmentation is looked at when the heap is largest: at the ends of cycles, before the sweep, and at the end of the program.
//
//   internal   of what objects took, the part that nobody asked for: rounding, headers. Over all objects of the run.
//   external   of what the heap held for objects, the part in no object: free slots and free blocks beside objects.

using System;
using System.Globalization;
using System.IO;
using System.Text;

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>The report of one run.</summary>
static unsafe class MemoryReport
{
    static long s_start;
    static long s_longestPause;
    static long s_held;
    static long s_usedThen;

    /// <summary>The program begins.</summary>
    internal static void Start() => s_start = Clock.Nano();

    /// <summary>A cycle ends; world stopped.</summary>
    internal static void CycleDone(in CycleStats cycle)
    {
        if (MemoryPlan.ReportFile == null)
            return;
        s_longestPause = Math.Max(s_longestPause, Math.Max(cycle.FirstPauseNanos, cycle.LastPauseNanos));
        if (MHeap.Current->Gc.Concurrent == 0)
            s_longestPause = Math.Max(s_longestPause, MHeap.Current->Gc.LastPauseNanos);
        Look(MHeap.Current);
    }

    /// <summary>World stopped, caches empty.</summary>
    static void Look(MHeap* h)
    {
        HeapStats* s = &h->Stats;
        if (s->HeapInUse <= s_held)
            return;
        s_held = s->HeapInUse;
        s_usedThen = BlockHeap.Current is { } blocks ? blocks.Usage.UsedBytes + s->LargeAllocBytes - s->LargeFreeBytes : h->HeapAllocBytes();
    }

    internal static void AtExit()
    {
        if (MemoryPlan.ReportFile is not { } file || Sched.ThisP == null)
            return;
        MemoryPlan.ReportFile = null;
        long nanos = Clock.Nano() - s_start;
        World.Current.StopTheWorld();
        MHeap* h = MHeap.Current;
        Collector.FlushAllCaches(h);
        Look(h);
        World.Current.StartTheWorld();

        HeapStats* s = &h->Stats;
        long requested = 0, placed = s->LargeAllocBytes, steps = 0, objects = s->LargeAllocCount;
        for (MCache* c = h->Caches; c != null; c = c->Next)
            requested += c->RequestedBytes;
        if (BlockHeap.Current is { } blocks)
        {
            BlockUsage u = blocks.Usage;
            requested += u.RequestedBytes;
            placed += u.PlacedBytes;
            objects += u.Objects;
            steps = u.Steps;
        }
        else
        {
            for (int c = 0; c < Abi.HeapConsts.NumSizeClasses; c++)
            {
                placed += s->SmallAllocCount[c] * Abi.SizeClasses.Bytes(c);
                objects += s->SmallAllocCount[c];
            }
            if (!MemoryPlan.Measure)
                requested = 0;
        }
        StringBuilder b = new();
        Add(b, "nanos", nanos);
        Add(b, "cycles", h->Gc.CycleCount);
        Add(b, "pauseTotal", h->Gc.PauseTotalNanos);
        Add(b, "pauseLongest", s_longestPause);
        Add(b, "objects", objects);
        Add(b, "requested", requested);
        Add(b, "placed", placed);
        Add(b, "steps", steps);
        Add(b, "held", s_held);
        Add(b, "used", s_usedThen);
        Add(b, "resident", Resident());
        try
        {
            File.WriteAllText(file, b.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Print.Text("tuza: " + file + ": " + e.Message + "\n");
        }
    }

    static void Add(StringBuilder b, string name, long value) => b.Append(name).Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>The most that the process had in memory, in bytes; 0 where the system does not say.</summary>
    static long Resident()
    {
        const string Field = "VmHWM:";
        try
        {
            foreach (string line in File.ReadLines("/proc/self/status"))
            {
                if (line.StartsWith(Field, StringComparison.Ordinal) && long.TryParse(line.AsSpan(Field.Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long kib))
                    return kib << 10;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        return 0;
    }
}

// The line of GODEBUG=gctrace=1.

using System;
using System.Globalization;

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class GcTrace
{
    public static void Print(in CycleStats c)
    {
        long total = Math.Max(1, Clock.Nano() - Gc.StartNanos);
        double pause = c.PauseNanos / 1e6;
        string line = string.Create(CultureInfo.InvariantCulture,
            $"gc {c.Cycle} @{(c.StartNanos - Gc.StartNanos) / 1e9:F3}s {MHeap.Current->Gc.GcCpuNanos * 100 / total}%: {pause:G2}+0+0 ms clock, ");
        string rest = string.Create(CultureInfo.InvariantCulture,
            $"{pause:G2}+0/0/0+0 ms cpu, {c.HeapAtStart >> 20}->{c.HeapAtStart >> 20}->{c.HeapMarked >> 20} MB, {c.Goal >> 20} MB goal, ");
        string end = string.Create(CultureInfo.InvariantCulture,
            $"{c.StackScanBytes >> 20} MB stacks, {c.GlobalsScanBytes >> 20} MB globals, {MaxProcs.Value} P{(c.Trigger == GcTrigger.Forced ? " (forced)" : "")}\n");
        Runtime.Print.Begin();
        Runtime.Print.Text(line);
        Runtime.Print.Text(rest);
        Runtime.Print.Text(end);
        Runtime.Print.End();
    }
}

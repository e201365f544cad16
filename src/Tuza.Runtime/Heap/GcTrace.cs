// The line of GODEBUG=gctrace=1, in the words of gc.

using System;
using System.Globalization;
using System.Text;

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe class GcTrace
{
    /// <summary>Milliseconds with at most three digits that count: 0.033, 0.11, 2.0, 18.</summary>
    static string Millis(long nanos)
    {
        if (nanos >= 10_000_000)
            return Text(nanos / 1_000_000);
        long micros = nanos / 1000;
        if (micros == 0)
            return "0";
        int digits = 3;
        while (micros >= 100)
        {
            micros /= 10;
            digits--;
        }
        double value = micros / Math.Pow(10, digits);
        return value.ToString("F" + Text(digits), CultureInfo.InvariantCulture);
    }

    static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);

    public static void Print(in CycleStats c, int procs)
    {
        long total = Math.Max(1, (c.StartNanos + c.FirstPauseNanos + c.MarkNanos + c.LastPauseNanos - Gc.StartNanos) * procs);
        long since = (c.StartNanos - Gc.StartNanos) / 1_000_000;
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"gc {c.Cycle} @{since / 1000}.{since % 1000:D3}s {MHeap.Current->Gc.GcCpuNanos * 100 / total}%: ");
        line.Append(CultureInfo.InvariantCulture, $"{Millis(c.FirstPauseNanos)}+{Millis(c.MarkNanos)}+{Millis(c.LastPauseNanos)} ms clock, ");
        line.Append(CultureInfo.InvariantCulture, $"{Millis(c.FirstPauseNanos * procs)}+{Millis(c.AssistNanos)}/{Millis(c.DedicatedNanos)}/{Millis(c.IdleNanos)}");
        line.Append(CultureInfo.InvariantCulture, $"+{Millis(c.LastPauseNanos * procs)} ms cpu, ");
        line.Append(CultureInfo.InvariantCulture, $"{c.HeapAtStart >> 20}->{c.HeapAtEnd >> 20}->{c.HeapMarked >> 20} MB, {c.Goal >> 20} MB goal, ");
        line.Append(CultureInfo.InvariantCulture, $"{c.StackScanBytes >> 20} MB stacks, {c.GlobalsScanBytes >> 20} MB globals, {procs} P");
        line.Append(c.Trigger == GcTrigger.Forced ? " (forced)\n" : "\n");
        Runtime.Print.Begin();
        Runtime.Print.Text(line.ToString());
        Runtime.Print.End();
    }
}

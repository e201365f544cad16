// `tuza run -mem, -time, -goroutines`: a program that goes too far is ended, with exit code 4 and with what it holds.
//
//   memory       objects that are alive, and stacks. The limit is the collector's soft limit too, so that garbage is collected before it counts. A heap that seems to be past
//                it (Pacer.HardLimit) is collected in one stop, which decides: a program ends within two per cent of its limit, and never because of garbage.
//   time         since its start
//   goroutines   that live at one time, the runtime's own not counted
//
// What is found is acted upon at the end of a cycle's marking, world stopped, where mark bits say what is alive: a snapshot is written, the plan makes a text of it. A program that
// comes to no safepoint for some time ends without.

using System;
using System.IO;
using System.Threading;

using Tuza.Memory;

namespace Tuza.Runtime;

public enum LimitKind { None, Memory, Time, Goroutines }

/// <summary>A limit that was reached, what the program had then, and the snapshot that says who has it ("" when none could be written).</summary>
public readonly record struct LimitReached(LimitKind Kind, long Heap, long Stacks, long Goroutines, string Snapshot);

/// <summary>How far a program may go; 0 and null: as far as it likes.</summary>
public sealed class RunLimits
{
    public const int ExitCode = 4;

    public long Memory { get; init; }
    public TimeSpan? Time { get; init; }
    public int Goroutines { get; init; }

    /// <summary>The message, whole lines.</summary>
    public required Func<LimitReached, string> Describe { get; init; }
}

static unsafe class Limits
{
    const int PatienceMillis = 10_000, MostStacks = 10;

    static RunLimits? s_limits;
    static System.Threading.Timer? s_timer;
    static int s_reached, s_ending;

    /// <summary>A table of goroutines as large as this has more than are allowed, perhaps.</summary>
    internal static int GoroutineTable = int.MaxValue;

    /// <summary>The heap is there, the program has not begun.</summary>
    internal static void Start(RunLimits? limits)
    {
        if (limits == null)
            return;
        s_limits = limits;
        if (limits.Memory > 0 && MHeap.Current->Pacer.MemoryLimit > limits.Memory)
            _ = MHeap.Current->Pacer.SetMemoryLimit(limits.Memory);
        if (limits.Memory > 0)
            MHeap.Current->Pacer.HardLimit = limits.Memory;
        if (limits.Goroutines > 0)
            GoroutineTable = limits.Goroutines;
        if (limits.Time is { } time)
            s_timer = new System.Threading.Timer(static _ => Reached(LimitKind.Time), null, time, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Now and then, world stopped: a limit that no collection would notice. True if one is wanted.</summary>
    internal static bool Look()
    {
        if (s_limits is not { } limits || s_reached != 0)
            return false;
        if (limits.Goroutines > 0 && Sched.LiveCount > limits.Goroutines)
            Volatile.Write(ref s_reached, (int)LimitKind.Goroutines);
        return s_reached != 0 || limits.Memory > 0 && MHeap.Current->Stats.MappedReady > limits.Memory;
    }

    /// <summary>The table of goroutines grows.</summary>
    internal static void ManyGoroutines()
    {
        if (Sched.LiveCount <= s_limits!.Goroutines || Interlocked.CompareExchange(ref s_reached, (int)LimitKind.Goroutines, 0) != 0)
            return;
        Snapshots.AskForStop();
    }

    /// <summary>On a thread that is no M.</summary>
    static void Reached(LimitKind kind)
    {
        if (Interlocked.CompareExchange(ref s_reached, (int)kind, 0) != 0)
            return;
        Snapshots.AskForStop();
        Thread.Sleep(PatienceMillis);
        if (Interlocked.Exchange(ref s_ending, 1) == 0)
            End(kind, 0, 0, "");
    }

    /// <summary>The end of a cycle's marking, world stopped: the program ends here if it has gone too far.</summary>
    internal static void CycleDone(long live, bool inOneStop, SnapshotPlan plan)
    {
        if (s_limits is not { } limits)
            return;
        MemStats stats;
        MemStats.Read(MHeap.Current, Gc.StartNanos, Sched.MaxProcsInUse, &stats);
        LimitKind kind = (LimitKind)Volatile.Read(ref s_reached);
        if (kind == LimitKind.None && limits.Memory > 0 && live + (long)stats.StackInuse > limits.Memory)
        {
            // What was allocated beside the marking counts as alive: a cycle in one stop decides.
            if (inOneStop)
                kind = LimitKind.Memory;
            else
                Snapshots.AskForStop();
        }
        if (kind == LimitKind.None || Interlocked.Exchange(ref s_ending, 1) != 0)
            return;
        bool kept = Snapshots.BeginEnd(plan);
        string path = kept ? plan.Path : Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".tuza");
        string? error = Snapshots.Write(plan, path, plan.Redact || !kept, "a limit");
        End(kind, live, (long)stats.StackInuse, error == null ? path : "", kept);
    }

    static void End(LimitKind kind, long heap, long stacks, string snapshot, bool kept = false)
    {
        Sched.Freeze();
        string text = s_limits!.Describe(new LimitReached(kind, heap, stacks, Sched.LiveCount, snapshot));
        if (!kept && snapshot != "")
            File.Delete(snapshot);
        Print.TakeOver();
        Print.Begin();
        Print.Text(text);
        Traceback.Some(MostStacks);
        Print.End();
        if (kept)
            Snapshots.Tell();
        Exit.WithoutMore(RunLimits.ExitCode);
    }
}

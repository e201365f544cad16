// When snapshots are taken: at exit, at the end of each collection that left more than all before (peak), after some times, on SIGUSR1. Each of these moments has a file
// of its own if several are asked for; a new peak takes the place of the last one, a further signal gets a further file.
//
// Exit, a panic, a fatal error: the world is collected first, so what is in the file is what the program still held. The others are taken at the end of a cycle's marking,
// world stopped, when mark bits say what is live; a time or a signal asks for a cycle.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>What to write, when, where.</summary>
public sealed class SnapshotPlan
{
    /// <summary>The file of the end.</summary>
    public required string Path { get; init; }
    public bool AtExit { get; init; }
    /// <summary>The file of the peak; "" for none.</summary>
    public string AtPeak { get; init; } = "";
    /// <summary>The file of a SIGUSR1, from the first (1) on; null for none.</summary>
    public Func<int, string>? OnSignal { get; init; }
    /// <summary>After so long, to these files; the words say when, for who reads them.</summary>
    public IReadOnlyList<(TimeSpan Time, string Words, string Path)> After { get; init; } = [];
    /// <summary>After so long the process ends, with the file of the end; null for never.</summary>
    public TimeSpan? EndAfter { get; init; }
    /// <summary>Nothing of the program's data but pointers and lengths.</summary>
    public bool Redact { get; init; }
    /// <summary>For the file: the program's name and arguments.</summary>
    public string Program { get; init; } = "";
    public string Name { get; init; } = "";
    public string Goroot { get; init; } = "";
    /// <summary>Allocations are traced: types and places are known of all objects. Programs take up to three times as long.</summary>
    public bool Trace { get; init; } = true;
    /// <summary>A row of numbers each period; null for none.</summary>
    public TimeSpan? MonitorEvery { get; init; }
    /// <summary>Takes the rows of the monitor, then the news that there are no more.</summary>
    public Action<WatchSample>? Sampled { get; init; }
    public Action? Ended { get; init; }
    /// <summary>The socket at which other processes of this user may ask; "" for none.</summary>
    public string Control { get; init; } = "";
    /// <summary>How far the program may go; null for as far as it likes.</summary>
    public RunLimits? Limits { get; init; }
    /// <summary>The exit code, from the program's; asked when all is written.</summary>
    public Func<int, int>? ExitCode { get; init; }
    /// <summary>Called after a file was written, before the process goes on or ends; gets the path and how long it took. Not of further peaks.</summary>
    public Action<string, TimeSpan>? Written { get; init; }
}

/// <summary>The snapshots of this process.</summary>
public static unsafe class Snapshots
{
    const double MoreThanBefore = 1.05;

    static SnapshotPlan? s_plan;
    static List<IDisposable>? s_triggers; // a timer or a signal registration ends when nobody holds it
    static ConcurrentQueue<(string Words, string Path)>? s_wanted;
    static int s_exiting, s_signals, s_endWanted;
    static long s_peak;

    /// <summary>The program without its folder and ending, for the names of files.</summary>
    internal static string ProgramName => s_plan?.Name ?? "";

    /// <summary>Allocations are traced: caches are made for it.</summary>
    internal static bool Tracing => s_plan is { Trace: true };

    /// <summary>Once, before the heap is made.</summary>
    internal static void Init(SnapshotPlan? plan)
    {
        s_plan = plan;
        if (plan == null)
            return;
        s_triggers = [];
        s_wanted = new();
        if (plan.Trace)
            AllocTrace.StackOf = &StackIds.Current;
        foreach ((TimeSpan time, string words, string path) in plan.After)
            s_triggers.Add(new System.Threading.Timer(_ => Want(words, path), null, time, Timeout.InfiniteTimeSpan));
        if (plan.EndAfter is { } end)
        {
            s_triggers.Add(new System.Threading.Timer(static _ =>
            {
                Volatile.Write(ref s_endWanted, 1);
                AskForStop();
            }, null, end, Timeout.InfiniteTimeSpan));
        }
        if (plan.OnSignal is { } pathOf && !OperatingSystem.IsWindows())
        {
            const int SigUsr1 = 10;
            s_triggers.Add(System.Runtime.InteropServices.PosixSignalRegistration.Create((System.Runtime.InteropServices.PosixSignal)SigUsr1, c =>
            {
                c.Cancel = true;
                Want("signal", pathOf(Interlocked.Increment(ref s_signals)));
            }));
        }
    }

    static void Want(string words, string path)
    {
        s_wanted!.Enqueue((words, path));
        AskForStop();
    }

    /// <summary>A cycle in one stop, at the next safepoint of anybody.</summary>
    internal static void AskForStop()
    {
        Volatile.Write(ref Sched.GcPending, 1);
        Sched.AskEverybody();
    }

    /// <summary>A snapshot that somebody asked for, and the answer: null, or why there is none.</summary>
    sealed class Request(string path, bool redact, string moment)
    {
        public string Moment => moment;
        public string Path => path;
        public bool Redact => redact;
        public string? Error { get; set; }
        public ManualResetEventSlim Done { get; } = new();
    }

    static Request? s_request;
    static readonly Lock s_requestLock = new();
    const int RequestSeconds = 120;

    /// <summary>From a thread that is no M: collects, writes a file, waits for it. Null, or what went wrong.</summary>
    internal static string? Take(string path, bool redact, string moment = "request", int seconds = RequestSeconds)
    {
        lock (s_requestLock)
        {
            Request r = new(path, redact, moment);
            Volatile.Write(ref s_request, r);
            AskForStop();
            // Whoever has taken the request writes it to its end.
            return r.Done.Wait(TimeSpan.FromSeconds(seconds)) || Interlocked.CompareExchange(ref s_request, null, r) != r && r.Done.Wait(TimeSpan.FromSeconds(RequestSeconds))
                ? r.Error : "the program did not come to a safe point in time";
        }
    }

    /// <summary>End of a cycle's marking, world stopped.</summary>
    internal static void CycleDone(long liveBytes, bool inOneStop)
    {
        if (s_plan is not { } plan)
            return;
        Watch.CycleDone(liveBytes);
        Limits.CycleDone(liveBytes, inOneStop, plan);
        if (Interlocked.Exchange(ref s_request, null) is { } request)
        {
            request.Error = Write(plan, request.Path, request.Redact || plan.Redact, request.Moment);
            request.Done.Set();
        }
        while (s_wanted!.TryDequeue(out (string Words, string Path) wanted))
            Write(plan, wanted.Path, wanted.Words, tell: true);
        if (plan.AtPeak != "" && liveBytes > s_peak * MoreThanBefore)
        {
            Write(plan, plan.AtPeak, "peak", tell: s_peak == 0);
            s_peak = liveBytes;
        }
        if (Interlocked.Exchange(ref s_endWanted, 0) != 0)
        {
            Write(plan, plan.Path, "its time", tell: true);
            Exit.WithoutMore(CodeFor(0));
        }
    }

    /// <summary>The exit code of a program that ends with one.</summary>
    internal static int CodeFor(int code) => s_plan?.ExitCode is { } change ? change(code) : code;

    /// <summary>A signal that ends the process came: what there is to write is written before. On a thread that is no M.</summary>
    internal static void Interrupted()
    {
        if (s_plan is not { } plan)
            return;
        if (Interlocked.Exchange(ref s_exiting, 1) != 0)
            Sched.AwaitEnd();
        if (plan.AtExit)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            Tell(plan, plan.Path, Take(plan.Path, plan.Redact, "interrupt"), start);
        }
        Watch.End();
    }

    /// <summary>Signals that end the process are told first.</summary>
    internal static bool HearsInterrupts => s_plan is { AtExit: true } or { MonitorEvery: not null } or { Control: not "" };

    /// <summary>
    /// The process is about to end; nothing is printed about it yet. Collects, stops the world for good, writes what there is to write. The caller is at a
    /// safepoint of a goroutine, or has found that all are asleep. Who comes second waits for the end that the first one makes.
    /// </summary>
    internal static void LastLook(string moment)
    {
        if (s_looked || s_plan is not { } plan || !plan.AtExit && plan.MonitorEvery == null)
            return;
        if (Interlocked.Exchange(ref s_exiting, 1) != 0)
            Sched.AwaitEnd();
        if (plan.AtExit)
            CollectAll();
        World.Current.StopTheWorld();
        Watch.LastRow();
        if (plan.AtExit)
        {
            s_lookStart = System.Diagnostics.Stopwatch.GetTimestamp();
            s_lookError = Write(plan, plan.Path, plan.Redact, moment);
            s_lookEnd = System.Diagnostics.Stopwatch.GetTimestamp();
        }
        s_looked = true;
    }

    /// <summary>SIGQUIT will end the process, on a thread that is no M: what there is to write is written if the program comes to a safe point soon, and told behind the stacks.</summary>
    internal static void LookBeforeQuit()
    {
        const int PatienceSeconds = 3;
        if (s_plan is not { AtExit: true } plan || Interlocked.Exchange(ref s_exiting, 1) != 0)
            return;
        s_lookStart = System.Diagnostics.Stopwatch.GetTimestamp();
        s_lookError = Take(plan.Path, plan.Redact, "SIGQUIT", PatienceSeconds);
        s_lookEnd = System.Diagnostics.Stopwatch.GetTimestamp();
        s_looked = true;
    }

    const long PatienceNanos = 2_000_000_000;

    /// <summary>A whole cycle. One that was under way keeps what died since it began: it is let end first.</summary>
    static void CollectAll()
    {
        long since = Clock.Nano();
        while (!Collector.CollectAndSweep(MHeap.Current) && Clock.Nano() - since < PatienceNanos)
            Sched.LetOthersStop();
    }

    /// <summary>A limit ends the process, world stopped: nobody else will. True when the plan wants a file of the end: then that is the one, and Tell tells of it.</summary>
    internal static bool BeginEnd(SnapshotPlan plan)
    {
        Volatile.Write(ref s_exiting, 1);
        s_looked = true;
        Watch.LastRow();
        return plan.AtExit;
    }

    static bool s_looked;
    static string? s_lookError;
    static long s_lookStart, s_lookEnd;

    /// <summary>The last thing before the process ends: says what the last look saw, or why there was none.</summary>
    internal static void Tell()
    {
        if (s_plan is not { } plan)
            return;
        if (s_looked)
        {
            if (plan.AtExit)
                Tell(plan, plan.Path, s_lookError, s_lookStart, s_lookEnd);
            Watch.End();
        }
        else if (plan.AtExit)
        {
            Print.Text("tuza: no heap snapshot: the program ended where its memory cannot be read\n");
        }
    }

    static void Tell(SnapshotPlan plan, string path, string? error, long start, long end = 0)
    {
        if (error != null)
            Print.Text("tuza: snapshot " + path + ": " + error + "\n");
        else
            plan.Written?.Invoke(path, System.Diagnostics.Stopwatch.GetElapsedTime(start, end != 0 ? end : System.Diagnostics.Stopwatch.GetTimestamp()));
    }

    static void Write(SnapshotPlan plan, string path, string moment, bool tell)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        string? error = Write(plan, path, plan.Redact, moment);
        if (tell || error != null)
            Tell(plan, path, error, start);
    }

    /// <summary>World stopped. Null, or what went wrong.</summary>
    internal static string? Write(SnapshotPlan plan, string path, bool redact, string moment)
    {
        Watch.Look();
        MemStats stats;
        MemStats.Read(MHeap.Current, Gc.StartNanos, Sched.MaxProcsInUse, &stats);
        List<(string, string)> meta =
        [
            ("program", plan.Program),
            ("goroot", plan.Goroot),
            ("pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)),
            ("moment", moment),
            ("time", DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture)),
            ("traced", plan.Trace ? "1" : "0"),
            ("heap.alloc", stats.HeapAlloc.ToString(CultureInfo.InvariantCulture)),
            ("heap.sys", stats.HeapSys.ToString(CultureInfo.InvariantCulture)),
            ("heap.inuse", stats.HeapInuse.ToString(CultureInfo.InvariantCulture)),
            ("heap.released", stats.HeapReleased.ToString(CultureInfo.InvariantCulture)),
            ("stack.inuse", stats.StackInuse.ToString(CultureInfo.InvariantCulture)),
            ("sys", stats.Sys.ToString(CultureInfo.InvariantCulture)),
            ("numgc", stats.NumGC.ToString(CultureInfo.InvariantCulture)),
        ];
        if (redact)
            meta.Add(("redacted", "1"));
        try
        {
            SnapshotWriter.Write(path, redact, meta);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}

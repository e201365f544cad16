// All environment variables of the run-time floor, read once.
//
// TUZADEBUG (ours), comma separated: stackstress=1 (every slow prologue moves the stack), unwindstress=1 (prologues unwind at random),
// preemptstress=1 (every slow prologue yields),
// parallel=0 (one P whatever GOMAXPROCS says), gcstress=n (collect at every n-th allocation), stackpoison=1 (fill left stacks), seed=n (deterministic random numbers and scheduling), heapverify=1,
// tricolor=1 (check the colours while marking runs), poison=1 (as clobberfree), markers=n (threads that mark), stackstats=1 (what growing stacks costs, at exit),
// failmap=n (the n-th mmap, mprotect or madvise fails). GODEBUG: adaptivestackstart,
// asyncpreemptoff, clobberfree, gcshrinkstackoff, gctrace, invalidptr, panicnil. GOGC, GOMEMLIMIT, GOMAXPROCS, GOTRACEBACK as in Go.

using System;
using System.Globalization;

namespace Tuza.Runtime;

/// <summary>Switches of the runtime.</summary>
public static class DebugFlags
{
    static readonly string s_tuza = Environment.GetEnvironmentVariable("TUZADEBUG") ?? "";
    static readonly string s_go = Environment.GetEnvironmentVariable("GODEBUG") ?? "";

    public static readonly bool StackStress = Tuza("stackstress") != 0;
    public static readonly bool UnwindStress = Tuza("unwindstress") != 0;
    public static readonly bool PreemptStress = Tuza("preemptstress") != 0;
    /// <summary>Every prologue takes its slow path.</summary>
    public static readonly bool SlowPrologues = UnwindStress || StackStress || PreemptStress;
    public static readonly long GcStress = Tuza("gcstress");
    public static readonly bool StackPoison = Tuza("stackpoison") != 0 || StackStress;
    /// <summary>What growing stacks costs, at exit.</summary>
    public static readonly bool StackStats = Tuza("stackstats") != 0;
    public static readonly bool AdaptiveStackStart = Go("adaptivestackstart", unset: 1) != 0;
    public static readonly bool ShrinkStackOff = Go("gcshrinkstackoff") != 0;
    public static readonly bool HeapVerify = Tuza("heapverify") != 0;
    /// <summary>The invariants of the colours are checked while marking runs.</summary>
    public static readonly bool CheckColours = Tuza("tricolor") != 0;
    /// <summary>Threads that may mark at a time; 0: as many as fit.</summary>
    public static readonly long Markers = Tuza("markers");
    /// <summary>As many Ps as GOMAXPROCS says; else one.</summary>
    public static readonly bool Parallel = Find(s_tuza, "parallel", unset: 1) != 0;
    public static readonly long FailMap = Tuza("failmap");
    public static readonly long Seed = Tuza("seed");
    public static readonly bool HasSeed = Seed != 0;

    public static readonly bool AsyncPreemptOff = Go("asyncpreemptoff") != 0;
    /// <summary>Dead objects are overwritten when they are swept.</summary>
    public static readonly bool ClobberFree = Go("clobberfree") != 0 || Tuza("poison") != 0;

    /// <summary>A pointer to free memory is fatal when the collector meets it.</summary>
    public static readonly bool InvalidPtr = Go("invalidptr", unset: 1) != 0;
    public static readonly bool GcTrace = Go("gctrace") != 0;
    public static readonly bool GcCheckMark = Go("gccheckmark") != 0;
    public static readonly bool GcStopTheWorld = Go("gcstoptheworld") != 0;

    /// <summary>GOGC: percentage; -1 is off.</summary>
    public static readonly int GcPercent = ReadGcPercent();

    /// <summary>GOMEMLIMIT in bytes; long.MaxValue is none.</summary>
    public static readonly long MemoryLimit = ReadMemoryLimit();

    /// <summary>GOMAXPROCS, or 0 if unset.</summary>
    public static readonly int MaxProcs = ReadMaxProcs();

    /// <summary>Exit code when an error happens while dying.</summary>
    public const int ExitCodeDying = 3;

    /// <summary>GOTRACEBACK level: 0 none, 1 single, 2 system; All shows every goroutine, Crash aborts at the end.</summary>
    public static int TracebackLevel { get; private set; } = 1;

    public static bool TracebackAll { get; private set; }

    public static bool TracebackCrash { get; private set; }

    // What is not set is not parsed: .NET loads much before it reads its first number.
    static DebugFlags()
    {
        if (Environment.GetEnvironmentVariable("GOTRACEBACK") is { Length: > 0 } level)
            SetTraceback(level);
    }

    public static void SetTraceback(string level)
    {
        TracebackLevel = level switch
        {
            "none" => 0,
            "single" or "" or "all" => 1,
            "system" or "crash" or "wer" => 2,
            _ => int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 1,
        };
        TracebackAll = level is not ("none" or "single" or "");
        TracebackCrash = level is "crash" or "wer";
    }

    static long Tuza(string name) => Find(s_tuza, name);

    static long Go(string name, long unset = 0) => Find(s_go, name, unset);

    static long Find(string list, string name, long unset = 0)
    {
        if (list.Length == 0)
            return unset;
        long value = unset;
        foreach (string part in list.Split(','))
        {
            int eq = part.IndexOf('=', StringComparison.Ordinal);
            if ((eq < 0 ? part : part[..eq]).Trim() != name)
                continue;
            if (eq < 0)
                value = 1;
            else
                _ = long.TryParse(part.AsSpan(eq + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        }
        return value;
    }

    static int ReadGcPercent()
    {
        string text = Environment.GetEnvironmentVariable("GOGC") ?? "";
        return text.Length == 0 ? 100
            : text == "off" ? -1
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) ? n : 100;
    }

    static long ReadMemoryLimit()
    {
        string text = Environment.GetEnvironmentVariable("GOMEMLIMIT") ?? "";
        if (text.Length == 0 || text == "off")
            return long.MaxValue;
        int shift = 0;
        ReadOnlySpan<char> number = text;
        (string Suffix, int Shift)[] units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
        foreach ((string suffix, int s) in units)
            if (text.EndsWith(suffix, StringComparison.Ordinal))
            {
                number = text.AsSpan(0, text.Length - suffix.Length);
                shift = s;
                break;
            }
        if (long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n <= long.MaxValue >> shift)
            return n << shift;
        Print.Text("GOMEMLIMIT=" + text + "\n");
        Throw.Fatal("malformed GOMEMLIMIT; see `go doc runtime/debug.SetMemoryLimit`");
        return 0;
    }

    static int ReadMaxProcs() =>
        Environment.GetEnvironmentVariable("GOMAXPROCS") is { Length: > 0 } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n > 0 ? n : 0;
}

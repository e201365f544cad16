// The flags of `tuza run` that look at the heap: -snapshot-at, -snapshot, -redact; -leaks, which judges the snapshot at exit; -monitor, a row of
// numbers each period; -attach, which lets other processes ask.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Emit;
using Tuza.Inspect;
using Tuza.Runtime;

namespace Tuza.Cli;

/// <summary>When to write the heap to a file, and to which.</summary>
sealed class SnapshotFlags
{
    string _at = "", _file = "", _every = "", _rows = "";
    bool _redact, _force, _leaks, _attach;

    public Flags Register(Flags flags) => flags
        .Text("snapshot-at", t => _at = t, "when to write a heap snapshot: exit, peak, signal (SIGUSR1) or a time like 5s; several with commas")
        .Text("snapshot", t => _file = t, "the snapshot's file (default PROGRAM.PID.tuza)")
        .Bool("redact", b => _redact = b, "write pointers and lengths only, no data")
        .Bool("leaks", b => _leaks = b, "at exit, say what memory and which goroutines are held for nothing")
        .Text("monitor", t => _every = t, "each period, as 1s, write a row of memory figures; at exit, say whether live memory rises")
        .Text("monitor-file", t => _rows = t, "the rows' file (default PROGRAM.PID.csv)")
        .Bool("attach", b => _attach = b, "let tuza snapshot, tuza leaks and tuza stat look at the program while it runs")
        .Bool("f", b => _force = b, "overwrite these files");

    /// <summary>Hands the plan to the host. target: what is run.</summary>
    public void Apply(string target, List<string> arguments, string goroot)
    {
        bool writes = _at != "" || _file != "" || _leaks;
        if (!writes && !_attach && _every == "")
            return;
        bool exit = writes && (_at == "" || _leaks), peak = false, signal = false;
        TimeSpan? after = null;
        foreach (string part in _at.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (part.Trim())
            {
                case "exit": exit = true; break;
                case "peak": peak = true; break;
                case "signal": signal = true; break;
                default:
                    after = Duration(part.Trim()) ?? throw new UsageException($"invalid value \"{part.Trim()}\" for flag -snapshot-at: exit, peak, signal or a time like 5s\nRun 'tuza help run' for details.");
                    break;
            }
        }
        string program = Path.GetFileNameWithoutExtension(target.TrimEnd('/'));
        string name = $"{(program is "" or "." ? "main" : program)}.{Environment.ProcessId}";
        string path = Path.GetFullPath(_file != "" ? _file : name + ".tuza");
        if (writes && File.Exists(path) && !_force)
            throw new ExitException(2, $"tuza: {path} exists: choose another file with -snapshot, or overwrite it with -f");
        TimeSpan? every = _every == "" ? null : Duration(_every) ?? throw new UsageException($"invalid value \"{_every}\" for flag -monitor: a time like 1s\nRun 'tuza help run' for details.");
        MemoryMonitor? monitor = every == null ? null : MonitorTo(Path.GetFullPath(_rows != "" ? _rows : name + ".csv"));
        string control = ControlClient.PathOf(Environment.ProcessId);
        if (_attach && control == "")
            throw new ExitException(1, "tuza: the path of the socket for -attach is too long: set XDG_RUNTIME_DIR or TUZACACHE to a shorter folder");
        Host.Snapshots = new SnapshotPlan
        {
            Path = path,
            AtExit = exit,
            AtPeak = peak,
            OnSignal = signal,
            After = after,
            Redact = _redact,
            Trace = writes || _attach,
            MonitorEvery = every,
            Sampled = monitor == null ? null : monitor.Add,
            Ended = monitor == null ? null : monitor.End,
            Control = control,
            Goroot = goroot,
            Program = string.Join(' ', (List<string>)[target, .. arguments]),
            Written = Written,
        };
    }

    void Written(string file, TimeSpan took)
    {
        if (!_leaks)
        {
            Driver.Write(Console.Error, $"tuza: heap snapshot {file} ({Units.Bytes(new FileInfo(file).Length)} in {took.TotalSeconds:0.00} s)\ntuza: next: tuza heap {file} top\n");
            return;
        }
        try
        {
            Driver.Write(Console.Error, LeakReport.Text(LeakFinder.Find(SnapshotReader.Read(file)), $"tuza heap {Path.GetFileName(file)} why ADDRESS, waste, retained, goroutines"));
        }
        catch (SnapshotException e)
        {
            Driver.Write(Console.Error, $"tuza: {file}: {e.Message}\n");
        }
    }

    MemoryMonitor MonitorTo(string path)
    {
        if (File.Exists(path) && !_force)
            throw new ExitException(2, $"tuza: {path} exists: choose another file with -monitor-file, or overwrite it with -f");
        try
        {
            return new MemoryMonitor(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExitException(1, $"tuza: {path}: {e.Message}");
        }
    }

    /// <summary>Go's notation, of one unit: 500ms, 5s, 1.5m, 2h; null for anything else.</summary>
    internal static TimeSpan? Duration(string text)
    {
        (string Suffix, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];
        foreach ((string suffix, double seconds) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal) && double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n)
                && n * seconds is > 0 and < 1e6)
                return TimeSpan.FromSeconds(n * seconds);
        }
        return null;
    }
}

// The flags of `tuza run` that write heap snapshots: -snapshot-at, -snapshot, -redact; and -leaks, which judges the one at exit.

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
    string _at = "", _file = "";
    bool _redact, _force, _leaks;

    public Flags Register(Flags flags) => flags
        .Text("snapshot-at", t => _at = t, "when to write a heap snapshot: exit, peak, signal (SIGUSR1) or a time like 5s; several with commas")
        .Text("snapshot", t => _file = t, "the snapshot's file (default PROGRAM.PID.tuza)")
        .Bool("redact", b => _redact = b, "write pointers and lengths only, no data")
        .Bool("leaks", b => _leaks = b, "at exit, say what memory and which goroutines are held for nothing")
        .Bool("f", b => _force = b, "overwrite the snapshot's file");

    /// <summary>Hands the plan to the host. target: what is run.</summary>
    public void Apply(string target, List<string> arguments, string goroot)
    {
        if (_at == "" && _file == "" && !_leaks)
            return;
        bool exit = _at == "" || _leaks, peak = false, signal = false;
        TimeSpan? after = null;
        foreach (string part in _at.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (part.Trim())
            {
                case "exit": exit = true; break;
                case "peak": peak = true; break;
                case "signal": signal = true; break;
                default: after = Duration(part.Trim()); break;
            }
        }
        string program = Path.GetFileNameWithoutExtension(target.TrimEnd('/'));
        string path = Path.GetFullPath(_file != "" ? _file : $"{(program is "" or "." ? "main" : program)}.{Environment.ProcessId}.tuza");
        if (File.Exists(path) && !_force)
            throw new ExitException(2, $"tuza: {path} exists: choose another file with -snapshot, or overwrite it with -f");
        Host.Snapshots = new SnapshotPlan
        {
            Path = path,
            AtExit = exit,
            AtPeak = peak,
            OnSignal = signal,
            After = after,
            Redact = _redact,
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

    /// <summary>Go's notation, of one unit: 500ms, 5s, 1.5m, 2h.</summary>
    static TimeSpan Duration(string text)
    {
        (string Suffix, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];
        foreach ((string suffix, double seconds) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal) && double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n)
                && n * seconds is > 0 and < 1e6)
                return TimeSpan.FromSeconds(n * seconds);
        }
        throw new UsageException($"invalid value \"{text}\" for flag -snapshot-at: exit, peak, signal or a time like 5s\nRun 'tuza help run' for details.");
    }
}

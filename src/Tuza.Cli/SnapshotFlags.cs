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

/// <summary>How `tuza leaks` judges and tells: also what makes it differ from `tuza run -leaks`.</summary>
sealed class LeakOptions
{
    public bool Exit, Force;
    public JsonMode Json;
    public string Sarif = "", For = "", Until = "exit";

    public Flags Register(Flags flags) => flags
        .Json(m => Json = m, "the leaks for programs, on standard output; what the program prints goes to standard error")
        .Text("sarif", t => Sarif = t, "write them as a SARIF 2.1.0 log to this file (- is standard output)")
        .Bool("exit", b => Exit = b, "exit with 1 if there are leaks");

    public Flags RegisterRun(Flags flags) => Register(flags)
        .Text("for", t => For = t, "judge after this time, as 30s, and end the program")
        .Text("until", t => Until = t, "exit: judge when the program ends (as without it)");

    public bool TakesOutput => Json != JsonMode.None || Sarif == "-";

    /// <summary>Prints leaks in the form that was asked for.</summary>
    public void Tell(List<Leak> leaks, TextWriter words, string next)
    {
        if (Json != JsonMode.None)
            Driver.Write(Console.Out, LeakReport.Table(leaks).ToJson(Json == JsonMode.Stream));
        if (Sarif != "")
            OutputFile.Write(Sarif, FindingSarif.Write(leaks, VersionCommand.Version, Directory.GetCurrentDirectory()), Force, "-sarif");
        if (!TakesOutput)
            Driver.Write(words, LeakReport.Text(leaks, next, words == Console.Out ? Terminal.Out : Terminal.Error));
    }
}

/// <summary>When to write the heap to a file, and to which.</summary>
sealed class SnapshotFlags(LeakOptions? judge = null)
{
    string _at = "", _file = "", _every = "", _rows = "", _format = "tuza";
    bool _redact, _force, _attach, _toOutput, _leaks = judge != null;
    int _found;
    string _report = "";
    readonly LimitFlags _limits = new();

    public Flags Register(Flags flags) => _limits.Register(flags)
        .Text("snapshot-at", t => _at = t, "when to write a heap snapshot: exit, peak, signal (SIGUSR1) or a time like 5s; several with commas, each to a file of its own")
        .Text("snapshot", t => _file = t, "the snapshot's file (default PROGRAM.PID.tuza; - is standard output, what the program prints goes to standard error then)")
        .Bool("redact", b => _redact = b, "write pointers and lengths only, no data")
        .Bool("leaks", b => _leaks = b, "at exit, say what memory and which goroutines are held for nothing")
        .Text("monitor", t => _every = t, "each period, as 1s, write a row of memory figures; at exit, say whether live memory rises")
        .Text("monitor-file", t => _rows = t, "the rows' file (default PROGRAM.PID.csv; - as for -snapshot)")
        .Bool("attach", b => _attach = b, "let tuza snapshot, tuza leaks and tuza stat look at the program while it runs")
        .Bool("f", b => _force = b, "overwrite these files");

    /// <summary>The flags of `tuza snapshot` of a program: the same, by its names.</summary>
    public Flags RegisterSnapshot(Flags flags) => flags
        .Text("o", t => _file = t, "the snapshot's file (default PROGRAM.PID.tuza; - is standard output)")
        .Text("format", t => _format = t, "tuza, or pprof or heapsnapshot: written beside it");

    /// <summary>For the tests of one package: what they leave is told in a file, and the snapshot stays, only if there is something.</summary>
    public static SnapshotFlags ForTests(string snapshot, string report) => new() { _leaks = true, _force = true, _file = snapshot, _report = report };

    public SnapshotFlags AtLeastAtExit()
    {
        if (_at == "")
            _at = "exit";
        return this;
    }

    /// <summary>Hands the plan to the host. target: what is run.</summary>
    public void Apply(string target, List<string> arguments, string goroot)
    {
        bool writes = _at != "" || _file != "" || _leaks || _format != "tuza";
        TimeSpan? limit = judge is not { For: { Length: > 0 } time } ? null : Duration(time) ?? throw new UsageException($"invalid value \"{time}\" for flag -for: a time like 30s\nRun 'tuza help leaks' for details.");
        if (judge is { Until: not "exit" })
            throw new UsageException($"invalid value \"{judge.Until}\" for flag -until: exit; for a time there is -for\nRun 'tuza help leaks' for details.");
        if (_format is not ("tuza" or "pprof" or "heapsnapshot"))
            throw new UsageException($"invalid value \"{_format}\" for flag -format: tuza, pprof or heapsnapshot\nRun 'tuza help snapshot' for details.");
        if (judge != null)
        {
            judge.Force = _force;
            OutputFile.Check(judge.Sarif, _force, "-sarif");
        }
        bool looks = writes || _attach || _every != "";
        if (!looks && !_limits.Any)
            return;
        HashSet<string> moments = [.. _at.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        if (writes && (_at == "" || _leaks))
            moments.Add("exit");
        foreach (string moment in moments)
        {
            if (moment is not ("exit" or "peak" or "signal") && Duration(moment) == null)
                throw new UsageException($"invalid value \"{moment}\" for flag -snapshot-at: exit, peak, signal or a time like 5s\nRun 'tuza help run' for details.");
        }
        string program = Path.GetFileNameWithoutExtension(target.TrimEnd('/'));
        if (program is "" or ".")
            program = "main";
        string name = $"{program}.{Environment.ProcessId}";
        _toOutput = _file == "-";
        string path = _toOutput ? Path.Combine(Path.GetTempPath(), name + ".tuza") : Path.GetFullPath(_file != "" ? _file : name + ".tuza");
        if (writes)
            CheckPlace(path);
        if (_toOutput && _leaks)
            throw new ExitException(2, "tuza: -: with -leaks the snapshot needs a file of its own");
        if (_toOutput && moments.Count > 1)
            throw new ExitException(2, "tuza: -: several snapshots need files of their own");
        List<(TimeSpan, string, string)> after = [];
        foreach (string moment in moments)
        {
            string file = FileOf(path, moment, moments.Count);
            if (File.Exists(file) && !_force)
                throw new ExitException(2, $"tuza: {file} exists: choose another file with -snapshot, or overwrite it with -f");
            if (Duration(moment) is { } wait)
                after.Add((wait, moment, file));
        }
        TimeSpan? every = _every == "" ? null : Duration(_every) ?? throw new UsageException($"invalid value \"{_every}\" for flag -monitor: a time like 1s\nRun 'tuza help run' for details.");
        MemoryMonitor? monitor = every == null ? null : MonitorTo(_rows == "-" ? "-" : Path.GetFullPath(_rows != "" ? _rows : name + ".csv"));
        string control = looks ? ControlClient.PathOf(Environment.ProcessId) : "";
        if (_attach && control == "")
            throw new ExitException(1, "tuza: the path of the socket for -attach is too long: set XDG_RUNTIME_DIR or TUZACACHE to a shorter folder");
        if (judge is { TakesOutput: true } || _toOutput || _rows == "-")
            TakeOutput();
        Host.Snapshots = new SnapshotPlan
        {
            Path = path,
            AtExit = moments.Contains("exit"),
            AtPeak = moments.Contains("peak") ? FileOf(path, "peak", moments.Count) : "",
            OnSignal = moments.Contains("signal") ? n => SignalFile(path, n, moments.Count) : null,
            After = after,
            EndAfter = limit,
            ExitCode = judge is { Exit: true } ? code => code == 0 && _found > 0 ? 1 : code : null,
            Redact = _redact,
            Trace = writes || _attach,
            MonitorEvery = every,
            Sampled = monitor == null ? null : monitor.Add,
            Ended = monitor == null ? null : monitor.End,
            Control = control,
            Limits = _limits.Plan(),
            Goroot = goroot,
            Name = program,
            Program = string.Join(' ', (List<string>)[target, .. arguments]),
            Written = Written,
        };
    }

    /// <summary>The file of a moment: the one that was named if it is the only one or the end, else with the moment before its ending.</summary>
    static string FileOf(string path, string moment, int moments) => moments == 1 || moment == "exit" ? path : Beside(path, moment);

    static string Beside(string path, string word) => Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}.{word}{Path.GetExtension(path)}");

    /// <summary>Of the n-th signal: no file that is there already is taken, unless that is allowed.</summary>
    string SignalFile(string path, int n, int moments)
    {
        string file = n == 1 ? FileOf(path, "signal", moments) : Beside(path, string.Create(CultureInfo.InvariantCulture, $"signal{n}"));
        for (int more = n + 1; n > 1 && !_force && File.Exists(file); more++)
            file = Beside(path, string.Create(CultureInfo.InvariantCulture, $"signal{more}"));
        return file;
    }

    void Written(string file, TimeSpan took)
    {
        if (_toOutput)
        {
            GiveOut(file);
            return;
        }
        if (!_leaks || file != Host.Snapshots?.Path)
        {
            if (_format != "tuza")
            {
                Export(file);
                return;
            }
            Driver.Write(Console.Error, $"tuza: heap snapshot {file} ({Units.Bytes(new FileInfo(file).Length)} in {took.TotalSeconds:0.00} s)\ntuza: next: tuza heap {file} top\n");
            return;
        }
        try
        {
            List<Leak> leaks = LeakFinder.Find(SnapshotReader.Read(file));
            _found = leaks.Count;
            string next = NextLine(Path.GetFileName(file), leaks);
            if (_report != "")
                LeaveReport(file, leaks, next);
            else if (judge == null)
                Driver.Write(Console.Error, LeakReport.Text(leaks, next, Terminal.Error));
            else
                judge.Tell(leaks, Console.Error, next);
        }
        catch (SnapshotException e)
        {
            Driver.Write(Console.Error, $"tuza: {file}: {e.Message}\n");
        }
        catch (ExitException e)
        {
            Driver.Write(Console.Error, e.Message + "\n");
        }
    }

    /// <summary>-o -: the file was only a stop on the way.</summary>
    void GiveOut(string file)
    {
        try
        {
            if (_format == "tuza")
                SnapshotCommand.ToOutput(file);
            else
                HeapCommand.Export(SnapshotReader.Read(file), file, _format, "-", _force);
        }
        catch (Exception e) when (e is SnapshotException or ExitException or IOException)
        {
            Driver.Write(Console.Error, $"tuza: {e.Message}\n");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>A snapshot is written beside its place and moved there when it is complete: devices are no place.</summary>
    internal static void CheckPlace(string path)
    {
        if (Path.GetFileName(path) is "" or "-" || path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal))
            throw new ExitException(2, $"tuza: {path}: a snapshot needs a file of its own");
    }

    /// <summary>What to ask next: about the first finding that has an object.</summary>
    internal static string NextLine(string file, List<Leak> leaks) =>
        leaks.Find(static l => l.Example != 0) is { } l ? $"tuza heap {file} why 0x{l.Example:x}, or waste, retained, goroutines" : $"tuza heap {file} goroutines, or top, retained";

    void LeaveReport(string file, List<Leak> leaks, string next)
    {
        if (leaks.Count == 0)
            File.Delete(file);
        else
            File.WriteAllText(_report, LeakReport.Text(leaks, next));
    }

    /// <summary>What the program prints on standard output goes to standard error; the console, which has a descriptor of its own, stays.</summary>
    static void TakeOutput()
    {
        Console.Out.Flush();
        if (!Libc.Redirect(1, 2))
            throw new ExitException(1, "tuza: standard output cannot be sent elsewhere");
    }

    void Export(string file)
    {
        try
        {
            HeapCommand.Export(SnapshotReader.Read(file), file, _format, "", _force);
        }
        catch (Exception e) when (e is SnapshotException or ExitException)
        {
            Driver.Write(Console.Error, e is ExitException ? e.Message + "\n" : $"tuza: {file}: {e.Message}\n");
        }
    }

    MemoryMonitor MonitorTo(string path)
    {
        OutputFile.Check(path, _force, "-monitor-file");
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

// tuza run -monitor=1s: a row of numbers each period, as CSV, and at the end the verdict: does live memory rise, does the number of goroutines?

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Inspect;
using Tuza.Runtime;

namespace Tuza.Cli;

sealed class MemoryMonitor
{
    const double LeastBytes = 64 << 10, LeastGoroutines = 10;
    internal const string Head = "seconds,live,allocated,inuse,released,stacks,goroutines,cycles,total_allocated,objects,resident";

    readonly string _path;
    readonly StreamWriter _file;
    readonly List<(double Seconds, double Value)> _live = [], _goroutines = [];
    double _seconds;

    public MemoryMonitor(string path)
    {
        _path = path;
        if (path == "-")
        {
            _file = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true, NewLine = "\n" };
            _file.WriteLine(Head);
            return;
        }
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        _file = new StreamWriter(path, options) { AutoFlush = true, NewLine = "\n" };
        _file.WriteLine(Head);
    }

    public void Add(WatchSample s)
    {
        try
        {
            _file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Seconds:0.000},{s.Live},{s.Allocated},{s.InUse},{s.Released},{s.Stacks},{s.Goroutines},{s.Cycles},{s.TotalAllocated},{s.Objects},{s.Resident}"));
        }
        catch (IOException)
        {
            // A full disk is no reason to end the program; the verdict needs no file.
        }
        // Before the first collection nothing is known of what is live.
        if (s.Cycles > 0)
            _live.Add((s.Seconds, s.Live));
        _goroutines.Add((s.Seconds, s.Goroutines));
        _seconds = s.Seconds;
    }

    public void End() => Driver.Write(Console.Error, Verdict(_live, _goroutines, _seconds) + (_path == "-" ? "" : $"tuza: next: {_path}\n"));

    internal static string Verdict(IReadOnlyList<(double Seconds, double Value)> live, IReadOnlyList<(double Seconds, double Value)> goroutines, double seconds)
    {
        const int Few = 6;
        if (live.Count < Few)
            return string.Create(CultureInfo.InvariantCulture, $"tuza: {live.Count} rows in {seconds:0.0} s are too few to judge whether live memory rises\n");
        MemoryTrend memory = MemoryTrend.Of(live, LeastBytes), number = MemoryTrend.Of(goroutines, LeastGoroutines);
        string text = memory.Rises
            ? string.Create(CultureInfo.InvariantCulture, $"tuza: live memory rises: {Units.Bytes((long)memory.PerSecond)} a second, from {Units.Bytes((long)memory.From)} to {Units.Bytes((long)memory.To)} in the last {memory.Seconds:0.0} s\n")
            : $"tuza: live memory does not rise: {Units.Bytes((long)memory.To)}\n";
        if (number.Rises)
            text += string.Create(CultureInfo.InvariantCulture, $"tuza: the number of goroutines rises: {number.PerSecond:0.0} a second, from {number.From} to {number.To}\n");
        return memory.Rises || number.Rises ? text + "tuza: who: tuza run -leaks, or tuza leaks PID while it runs\n" : text;
    }
}

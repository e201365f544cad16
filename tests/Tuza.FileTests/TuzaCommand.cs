// Runs the tuza command that was built with the tests, as a process of its own: programs may crash, hang or exit as they like.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;

namespace Tuza.FileTests;

public sealed record RunResult(int ExitCode, string Output, bool TimedOut);

static class TuzaCommand
{
    /// <summary>tests/data of the source tree: the folder above the build output that has it.</summary>
    public static string DataFolder { get; } = FindData();

    static string FindData()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d != null; d = d.Parent)
            if (Directory.Exists(Path.Combine(d.FullName, "tests", "data", "run")))
                return Path.Combine(d.FullName, "tests", "data");
        throw new DirectoryNotFoundException("tests/data is not above " + AppContext.BaseDirectory);
    }

    /// <summary>Standard output and error merged in the order written, like a terminal shows them.</summary>
    public static RunResult Run(IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, int seconds = 120)
    {
        using var process = Start(args, environment);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(seconds * 1000))
        {
            process.Kill(entireProcessTree: true);
            return new RunResult(-1, "", true);
        }
        // The text is bytes of the program: compared as UTF-8 by way of Latin-1.
        return new RunResult(process.ExitCode, Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(output.Result)), false);
    }

    public static Process Start(IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null)
    {
        var line = new StringBuilder("exec dotnet ").Append(Quote(Path.Combine(AppContext.BaseDirectory, "tuza.dll")));
        foreach (string a in args)
            line.Append(' ').Append(Quote(a));
        line.Append(" 2>&1");
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardInput = true, StandardOutputEncoding = Encoding.Latin1 };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(line.ToString());
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    static string Quote(string s) => "'" + s.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}

// tests/data/leaks, run: `tuza run -leaks` names the family of each leaky program and finds nothing in the repaired one.
// Tickers are no leak for Go 1.23 and later when nobody refers to them, and deferred calls are gone at exit: these programs are for vet alone.
// tests/data/leaks/running has programs whose leaks only show while they run, or that vet leaves alone.

using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace Tuza.FileTests;

public class LeakTests
{
    [Theory]
    [InlineData("substring", "retain/substring")]
    [InlineData("subslice", "retain/subslice")]
    [InlineData("elements", "retain/lostelems")]
    [InlineData("query", "goroutine/blocked")]
    [InlineData("workers", "goroutine/blocked")]
    [InlineData("finalizer", "finalizer/cycle")]
    [InlineData("running/ticker", "20 tickers every 3600 s were not stopped")]
    [InlineData("running/defer", "1 goroutine has 500 deferred calls pending")]
    [InlineData("running/busy", "goroutine/busy")]
    [InlineData("running/growing", "goroutine/growing")]
    [InlineData("running/map", "1 map with 10 entries in all has room of 3.3 MiB")]
    public void LeaksAreFoundAndRepairsAreSilent(string name, string family)
    {
        Assert.Contains(family, Leaks(name + "_leaky"));
        Assert.Contains("tuza: no leaks found", Leaks(name + "_repaired"));
    }

    static readonly string[] s_growing = ["package main", "import (\"strings\"; \"time\")", "var keep []string", "func main() { for i := 0; i < N; i++ { keep = append(keep[:i%K], strings.Repeat(\"x\", 100_000)); time.Sleep(20 * time.Millisecond) } }"];

    /// <summary>The rows are there, and the verdict is right for a program that keeps everything and for one that does not.</summary>
    [Theory]
    [InlineData("1000000", "tuza: live memory rises: ")]
    [InlineData("5", "tuza: live memory does not rise: ")]
    public void TheMonitorSaysWhetherMemoryRises(string keep, string verdict)
    {
        string folder = Directory.CreateTempSubdirectory("tuza-monitor-").FullName;
        try
        {
            string file = Path.Combine(folder, "x.go"), rows = Path.Combine(folder, "x.csv");
            File.WriteAllText(file, string.Join('\n', s_growing).Replace("%K", "%" + keep, System.StringComparison.Ordinal).Replace("< N", "< 150", System.StringComparison.Ordinal));
            RunResult result = TuzaCommand.Run(["run", "-monitor=100ms", "-monitor-file", rows, file], seconds: 300);
            Assert.Contains(verdict, result.Output);
            string[] lines = File.ReadAllLines(rows);
            Assert.StartsWith("seconds,live,", lines[0], System.StringComparison.Ordinal);
            Assert.InRange(lines.Length, 7, 100);
            Assert.All(lines, l => Assert.Equal(lines[0].Split(',').Length, l.Split(',').Length));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>A program that waits for its input's end is asked while it waits.</summary>
    [Fact]
    public void RunningProgramsAnswer()
    {
        string folder = Directory.CreateTempSubdirectory("tuza-attach-").FullName;
        var environment = new Dictionary<string, string> { ["XDG_RUNTIME_DIR"] = folder };
        string file = Path.Combine(folder, "x.go"), snapshot = Path.Combine(folder, "x.tuza");
        try
        {
            File.WriteAllText(file, "package main\n\nimport \"time\"\n\nvar keep = make([]string, 0, 1000)\n\nfunc main() {\n\tfor i := 0; i < 1000; i++ {\n\t\tkeep = append(keep, string(make([]byte, 10_000))[:10])\n\t}\n\ttime.Sleep(60 * time.Second)\n}\n");
            using Process program = TuzaCommand.Start(["run", "-attach", file], environment);
            try
            {
                string pid = Pid(Path.Combine(folder, "tuza"));
                RunResult leaks = new(0, "", false);
                for (int i = 0; i < 100 && !leaks.Output.Contains("1000 strings of 9.8 KiB", System.StringComparison.Ordinal); i++)
                {
                    System.Threading.Thread.Sleep(100);
                    leaks = TuzaCommand.Run(["leaks", "-exit", pid], environment);
                }
                Assert.Contains("1000 strings of 9.8 KiB in all keep 1000 blocks of 9.8 MiB", leaks.Output);
                Assert.Equal(1, leaks.ExitCode);
                Assert.Equal(0, TuzaCommand.Run(["snapshot", "-o", snapshot, pid], environment).ExitCode);
                Assert.Equal(2, TuzaCommand.Run(["snapshot", "-o", snapshot, pid], environment).ExitCode);
                Assert.Contains("[]string", TuzaCommand.Run(["heap", snapshot, "top"]).Output);

                using var json = System.Text.Json.JsonDocument.Parse(TuzaCommand.Run(["stat", "-json", pid], environment).Output);
                long sum = 0, total = 0, objects = 0;
                foreach (var row in json.RootElement.GetProperty("rows").EnumerateArray())
                {
                    long bytes = row.GetProperty("bytes").GetInt64();
                    string what = row.GetProperty("what").GetString()!;
                    if (what == "total")
                        total = bytes;
                    else
                        sum += bytes;
                    if (what == "Go heap, spans of objects")
                        objects = bytes;
                }
                Assert.Equal(total, sum);
                Assert.InRange(objects, 10_000_000, 40_000_000);
            }
            finally
            {
                program.Kill(entireProcessTree: true);
                program.WaitForExit();
            }
            Assert.Contains("it has ended", TuzaCommand.Run(["stat", Pid(Path.Combine(folder, "tuza"))], environment).Output);
            Assert.Contains("lets itself be asked", TuzaCommand.Run(["stat", "1"], environment).Output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>The process number of the only socket in a folder, when it is there.</summary>
    static string Pid(string folder)
    {
        for (int i = 0; i < 600; i++)
        {
            string[] sockets = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.sock") : [];
            if (sockets.Length == 1)
                return Path.GetFileNameWithoutExtension(sockets[0]);
            System.Threading.Thread.Sleep(100);
        }
        throw new IOException("no program has opened a socket in " + folder);
    }

    static string Leaks(string program)
    {
        string snapshot = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".tuza");
        try
        {
            RunResult result = TuzaCommand.Run(["run", "-leaks", "-snapshot", snapshot, Path.Combine(TuzaCommand.DataFolder, "leaks", program + ".go")], seconds: 300);
            Assert.False(result.TimedOut, "timed out");
            Assert.Equal(0, result.ExitCode);
            return result.Output;
        }
        finally
        {
            File.Delete(snapshot);
        }
    }
}

// tests/data/leaks/running: programs whose leaks only show while they run, or that vet leaves alone. `tuza run -leaks` names the family of each leaky program and
// finds nothing in the repaired one. The pairs that vet judges, too, are LeakCorpusTests'.

using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace Tuza.FileTests;

public class LeakTests
{
    [Theory]
    [InlineData("running/busy", "goroutine/busy")]
    [InlineData("running/growing", "goroutine/growing")]
    [InlineData("running/duplicate", "5000 strings are copies of 7, 715 of \"THE_TOWN_AT_THE_END_OF_THE_ROAD_0\"")]
    [InlineData("running/map", "1 map with 10 entries has room of 3.3 MiB")]
    public void LeaksAreFoundAndRepairsAreSilent(string name, string family)
    {
        Assert.Contains(family, Leaks(name + "_leaky"));
        Assert.Contains("tuza: no leaks found", Leaks(name + "_repaired"));
    }

    /// <summary>What deferred calls keep is counted, where the defer statement stands; without the program's data all but texts is found.</summary>
    [Theory]
    [InlineData("pending", "defer/loop", "pending_leaky.go:20", 24_000, 60_000)]
    [InlineData("running/map", "map/room", "map_leaky.go:6", 3_000_000, 4_000_000)]
    [InlineData("substring", "retain/substring", "substring_leaky.go:17", 67_000_000, 67_200_000)]
    public void LeaksAsDataWithoutTheProgramsData(string name, string family, string where, long least, long most)
    {
        string snapshot = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".tuza");
        try
        {
            RunResult result = TuzaCommand.Run(["leaks", "-json", "-redact", "-exit", "-snapshot", snapshot, Path.Combine(TuzaCommand.DataFolder, "leaks", name + "_leaky.go")], seconds: 300);
            Assert.Equal(1, result.ExitCode);
            string line = System.Array.Find(result.Output.Split('\n'), static l => l.StartsWith("{\"v\":1,\"kind\":\"leaks\"", System.StringComparison.Ordinal))!;
            using var json = System.Text.Json.JsonDocument.Parse(line);
            var leak = json.RootElement.GetProperty("rows")[0];
            Assert.Equal(family, leak.GetProperty("family").GetString());
            Assert.Equal(where, leak.GetProperty("where").GetString());
            Assert.InRange(leak.GetProperty("bytes").GetInt64(), least, most);
        }
        finally
        {
            File.Delete(snapshot);
        }
    }

    /// <summary>After some time, and when it is interrupted, a program is judged, and ends.</summary>
    [Fact]
    public void ProgramsWithoutEndAreJudged()
    {
        string folder = Directory.CreateTempSubdirectory("tuza-endless-").FullName;
        try
        {
            string file = Path.Combine(folder, "x.go"), snapshot = Path.Combine(folder, "x.tuza"), sarif = Path.Combine(folder, "x.sarif");
            File.WriteAllText(file, "package main\n\nimport \"time\"\n\nvar keep []string\n\nfunc main() {\n\tfor {\n\t\tkeep = append(keep, string(make([]byte, 10_000))[:10])\n\t\ttime.Sleep(time.Millisecond)\n\t}\n}\n");
            RunResult timed = TuzaCommand.Run(["leaks", "-for", "1s", "-exit", "-sarif", sarif, "-snapshot", snapshot, file], seconds: 300);
            Assert.Equal(1, timed.ExitCode);
            Assert.Contains("kept by: variable main.keep -> []string", timed.Output);
            using (var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(sarif)))
            {
                var place = json.RootElement.GetProperty("runs")[0].GetProperty("results")[0].GetProperty("locations")[0].GetProperty("physicalLocation");
                Assert.Equal(9, place.GetProperty("region").GetProperty("startLine").GetInt32());
                Assert.EndsWith("x.go", place.GetProperty("artifactLocation").GetProperty("uri").GetString(), System.StringComparison.Ordinal);
            }
            var environment = new Dictionary<string, string> { ["XDG_RUNTIME_DIR"] = folder };
            using Process program = TuzaCommand.Start(["run", "-leaks", "-f", "-snapshot", snapshot, file], environment);
            Assert.True(int.TryParse(Pid(Path.Combine(folder, "tuza")), out int pid));
            System.Threading.Thread.Sleep(500);
            Assert.Equal(0, SendSignal(pid, SigTerm)); // not SIGINT: whoever runs the tests may have had it ignored
            Assert.True(program.WaitForExit(60_000));
            Assert.Equal(128 + SigTerm, program.ExitCode);
            Assert.Contains("[]string", TuzaCommand.Run(["heap", snapshot, "top"]).Output);
            Assert.Empty(Directory.GetFiles(Path.Combine(folder, "tuza")));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    static extern int SendSignal(int pid, int signal);

    const int SigTerm = 15;

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
                for (int i = 0; i < 100 && !leaks.Output.Contains("1000 strings of 10 B", System.StringComparison.Ordinal); i++)
                {
                    System.Threading.Thread.Sleep(100);
                    leaks = TuzaCommand.Run(["leaks", "-exit", pid], environment);
                }
                Assert.Contains("1000 strings of 10 B keep 1000 blocks of 10.0 KiB", leaks.Output);
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

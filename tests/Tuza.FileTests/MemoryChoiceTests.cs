// tests/data/memory: programs that allocate much print the same under every allocator, mode of the collector and write barrier; with the heap verified, the
// marks checked and the colours watched. tuza explain runs one of them under two allocators.

using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Tuza.FileTests;

public class MemoryChoiceTests
{
    [Theory]
    [InlineData("-alloc=bump")]
    [InlineData("-alloc=first-fit")]
    [InlineData("-alloc=next-fit")]
    [InlineData("-alloc=best-fit")]
    [InlineData("-alloc=segregated-fit")]
    [InlineData("-gc=incremental")]
    [InlineData("-gc=stw")]
    [InlineData("-barrier=hybrid")]
    [InlineData("-barrier=insertion")]
    [InlineData("-gc=incremental", "-barrier=hybrid", "-alloc=best-fit")]
    [InlineData("-gc=incremental", "-barrier=insertion")]
    public void ProgramsPrintTheSame(params string[] flags)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(TuzaCommand.DataFolder, "memory"), "*.go"))
        {
            var environment = new Dictionary<string, string> { ["TUZADEBUG"] = "heapverify=1,tricolor=1", ["GODEBUG"] = "gccheckmark=1" };
            RunResult result = TuzaCommand.Run([.. (string[])["run", .. flags, file]], environment, seconds: 300);
            Assert.False(result.TimedOut, "timed out");
            Assert.Equal(File.ReadAllText(Path.ChangeExtension(file, ".out")), result.Output);
            Assert.Equal(0, result.ExitCode);
        }
    }

    [Fact]
    public void ExplainPutsChoicesSideBySide()
    {
        string file = Path.Combine(TuzaCommand.DataFolder, "memory", "trees.go");
        RunResult result = TuzaCommand.Run(["explain", "alloc", "-alloc=go,first-fit", "-json", file], seconds: 300);
        Assert.Equal(0, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement rows = json.RootElement.GetProperty("rows");
        Assert.Equal(2, rows.GetArrayLength());
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(i == 0 ? "go" : "first-fit", rows[i].GetProperty("alloc").GetString());
            Assert.Equal("same", rows[i].GetProperty("answer").GetString());
            Assert.True(rows[i].GetProperty("cycles").GetInt64() > 0);
            Assert.True(rows[i].GetProperty("peak heap").GetInt64() > 1 << 20);
            Assert.InRange(rows[i].GetProperty("internal").GetDouble(), 0.1, 60);
        }
    }

    [Fact]
    public void WrongChoicesAreExplained()
    {
        RunResult result = TuzaCommand.Run(["run", "-alloc=worst-fit", "x.go"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("invalid value \"worst-fit\" for flag -alloc: go, bump, first-fit", result.Output, System.StringComparison.Ordinal);
    }
}

// tests/data/leaks: the pairs that both tools judge. For each of the seven families, goroutines twice, `tuza vet` names the leak in the source and
// `tuza run -leaks` the leak of a run, both find nothing in the repaired program, and what `tuza vet -fix` makes of the leaky one is found clean by both and
// prints the same. `scripts/leak-corpus.py` counts the same and has real Go compile what was mended.

using System;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public sealed class LeakCorpusTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("tuza-corpus-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("substring", "retain/substring", "retain/substring")]
    [InlineData("subslice", "retain/subslice", "retain/subslice")]
    [InlineData("elements", "retain/elements", "retain/lostelems")]
    [InlineData("query", "goroutine/blocked", "goroutine/blocked")]
    [InlineData("workers", "goroutine/blocked", "goroutine/blocked")]
    [InlineData("services", "timer/ticker", "20 tickers every 3600 s were not stopped")]
    [InlineData("finalizer", "finalizer/cycle", "finalizer/cycle")]
    [InlineData("pending", "defer/loop", "1 goroutine has 500 deferred calls pending")]
    public void BothToolsFindItAndItsRepairIsSilent(string name, string category, string found)
    {
        Module(name + "_leaky.go");
        Assert.Contains($"[{category}]", TuzaCommand.Run(["vet", "-C", _folder]).Output);
        string leaky = Leaks();
        Assert.Contains(found, leaky);

        RunResult mend = TuzaCommand.Run(["vet", "-C", _folder, "-fix"]);
        Assert.Equal("", mend.Output);
        Assert.Equal(0, mend.ExitCode);
        string mended = Leaks();
        Assert.Contains("tuza: no leaks found", mended);
        Assert.Equal(OfProgram(leaky), OfProgram(mended));

        Module(name + "_repaired.go");
        Assert.Equal("", TuzaCommand.Run(["vet", "-C", _folder]).Output);
        Assert.Contains("tuza: no leaks found", Leaks());
    }

    /// <summary>More ways to wait, to make cycles, and to leave loops: all are mended, and the programs say what they said.</summary>
    [Theory]
    [InlineData("channels")]
    [InlineData("cycles")]
    [InlineData("loops")]
    public void MendedProgramsSayTheSame(string name)
    {
        Module(name + "_leaky.go");
        string leaky = OfProgram(Leaks());
        Assert.Equal("", TuzaCommand.Run(["vet", "-C", _folder, "-fix"]).Output);
        string mended = Leaks();
        Assert.Contains("tuza: no leaks found", mended);
        Assert.Equal(leaky, OfProgram(mended));
    }

    void Module(string file)
    {
        string text = File.ReadAllText(Path.Combine(TuzaCommand.DataFolder, "leaks", file));
        Match version = Regex.Match(text, @"^// go\.mod: go (\S+)");
        File.WriteAllText(Path.Combine(_folder, "go.mod"), $"module example.com/leaks\n\ngo {(version.Success ? version.Groups[1].Value : "1.27")}\n");
        File.WriteAllText(Path.Combine(_folder, "x.go"), text);
    }

    string Leaks()
    {
        RunResult result = TuzaCommand.Run(["run", "-C", _folder, "-leaks", "-f", "-snapshot", Path.Combine(_folder, "x.tuza"), "."], seconds: 300);
        Assert.False(result.TimedOut, "timed out");
        Assert.Equal(0, result.ExitCode);
        return result.Output;
    }

    static string OfProgram(string output) => output[..output.IndexOf("tuza: ", StringComparison.Ordinal)];
}

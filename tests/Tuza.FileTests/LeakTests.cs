// tests/data/leaks, run: `tuza run -leaks` names the family of each leaky program and finds nothing in the repaired one.
// Tickers are no leak for Go 1.23 and later when nobody refers to them, and deferred calls are gone at exit: both are for vet alone.

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
    public void LeaksAreFoundAndRepairsAreSilent(string name, string family)
    {
        Assert.Contains(family, Leaks(name + "_leaky"));
        Assert.Contains("tuza: no leaks found", Leaks(name + "_repaired"));
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

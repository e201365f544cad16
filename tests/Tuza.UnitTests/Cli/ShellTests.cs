// What the command line offers besides compiling: completion scripts, budgets, limits, the words for JSON.

using System.Diagnostics;
using System.IO;
using Tuza.Cli;
using Tuza.Inspect;
using Xunit;

namespace Tuza.UnitTests.Cli;

public class ShellTests
{
    /// <summary>Every command is offered, and each flag by its command only, by bash itself.</summary>
    [Fact]
    public void BashCompletes()
    {
        string script = Path.GetTempFileName();
        try
        {
            StringWriter text = new();
            (TextWriter before, int code) = (System.Console.Out, 0);
            System.Console.SetOut(text);
            try
            {
                code = CompletionCommand.Run(["bash"]);
            }
            finally
            {
                System.Console.SetOut(before);
            }
            Assert.Equal(0, code);
            File.WriteAllText(script, text + "\ntry() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _tuza; echo \"${COMPREPLY[*]}\"; }\n"
                + "try tuza ''; try tuza le; try tuza run -snap; try tuza vet -snap; try tuza heap x.tuza du; try tuza test -allocb; try tuza test -bencht; try tuza run x.g\n");
            ProcessStartInfo start = new("bash", script) { RedirectStandardOutput = true };
            using Process bash = Process.Start(start)!;
            string[] lines = bash.StandardOutput.ReadToEnd().Split('\n');
            bash.WaitForExit();
            Assert.Equal(string.Join(' ', HelpCommand.Commands), lines[0]);
            Assert.Equal(["leaks", "-snapshot-at -snapshot", "", "dups", "-allocbudget", "-benchtime", ""], lines[1..8]);
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Fact]
    public void ShellsThatAreNotKnownAreWrongUsage() => Assert.Throws<UsageException>(() => CompletionCommand.Run(["tcsh"]));

    const string Output = "goos: linux\nBenchmarkTwo-2   \t     100\t      2850 ns/op\t     176 B/op\t       2 allocs/op\nBenchmarkSub/large-2 \t 100\t 103.6 ns/op\t 112 B/op\t 1 allocs/op\nBenchmarkSub/x=-8-2 \t 100\t 1 ns/op\t 9.5 MB/s\t 0 B/op\t 0 allocs/op\nPASS\n";

    [Theory]
    [InlineData("BenchmarkTwo 2 176", "")]
    [InlineData("BenchmarkTwo 1", "b.txt:1: BenchmarkTwo: 2 allocs/op, the budget is 1\n")]
    [InlineData("BenchmarkTwo 0 100 # both", "b.txt:1: BenchmarkTwo: 2 allocs/op, the budget is 0\nb.txt:1: BenchmarkTwo: 176 B/op, the budget is 100\n")]
    [InlineData("example.com/a.BenchmarkSub/large 0", "b.txt:1: BenchmarkSub/large: 1 allocs/op, the budget is 0\n")]
    [InlineData("BenchmarkSub/x=-8 0", "")]
    [InlineData("example.com/other.BenchmarkTwo 0", "", false)]
    [InlineData("BenchmarkThree 0", "", false)]
    public void BudgetsOfAllocations(string line, string over, bool met = true)
    {
        AllocBudget b = AllocBudget.Parse("b.txt", [line]);
        Assert.Equal(over, b.Check("example.com/a", Output));
        Assert.Equal(met, b.Unmet().Count == 0);
    }

    [Theory]
    [InlineData("BenchmarkX")]
    [InlineData("BenchmarkX many")]
    [InlineData("BenchmarkX -1")]
    [InlineData("TestX 1")]
    [InlineData("BenchmarkX 1 2 3")]
    public void BudgetsThatAreNoneSayWhere(string line) =>
        Assert.StartsWith("tuza: b.txt:2: ", Assert.Throws<ExitException>(() => AllocBudget.Parse("b.txt", ["# first", line])).Message, System.StringComparison.Ordinal);

    [Fact]
    public void BudgetsRunTheirBenchmarksUnlessTold()
    {
        AllocBudget b = AllocBudget.Parse("b.txt", ["BenchmarkB/sub 1", "p.BenchmarkA 1", "BenchmarkB 2"]);
        Assert.Equal(["-test.benchmem=true", "-test.bench=^(BenchmarkA|BenchmarkB)$", "-test.benchtime=100x"], b.TestFlags([]));
        Assert.Equal(["-test.benchmem=true"], b.TestFlags(["-test.bench=.", "-test.benchtime=1s"]));
    }

    [Theory]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("512KiB", 512L << 10)]
    [InlineData("100", 100L)]
    [InlineData("100B", 100L)]
    [InlineData("9000000TiB", null)]
    [InlineData("0MiB", null)]
    [InlineData("-1MiB", null)]
    [InlineData("64M", null)]
    [InlineData("", null)]
    public void SizesAreThoseOfGomemlimit(string text, long? bytes) => Assert.Equal(bytes, LimitFlags.Bytes(text));

    /// <summary>What help says of tables is what they print.</summary>
    [Fact]
    public void TheTopicJsonNamesTheTables()
    {
        string help = JsonTopic.Text();
        foreach (string kind in (string[])["heap.types", "heap.sites", "heap.objects", "heap.retained", "heap.waste", "heap.duplicates", "heap.diff", "heap.goroutines", "heap.spans", "leaks", "stat"])
            Assert.Contains($"  {kind}: \"", help, System.StringComparison.Ordinal);
        Assert.Contains("  stat: \"resident\" number, \"bytes\" number, \"share\" number, \"what\" text\n", help, System.StringComparison.Ordinal);
    }

    [Fact]
    public void TheNextLineKnowsWhatToAsk()
    {
        Leak without = new("goroutine/busy", 1, 1, "", default, "", 0), with = new("retain/substring", 1, 1, "", default, "", 0xc000);
        Assert.Equal("tuza heap x.tuza goroutines, or top, retained", SnapshotFlags.NextLine("x.tuza", [without]));
        Assert.Equal("tuza heap x.tuza why 0xc000, or waste, retained, goroutines", SnapshotFlags.NextLine("x.tuza", [without, with]));
    }

    [Fact]
    public void ReportsHaveNoSourceUnlessAllowed()
    {
        string folder = Directory.CreateTempSubdirectory("tuza-bug-").FullName;
        (TextReader input, TextWriter error) = (System.Console.In, System.Console.Error);
        try
        {
            string source = Path.Combine(folder, "x.go"), report = Path.Combine(folder, "report");
            File.WriteAllText(source, "package secret");
            System.Console.SetError(new StringWriter());
            System.Console.SetIn(new StringReader("n\n"));
            Assert.Equal(0, BugCommand.Run(["-o", report, source]));
            Assert.DoesNotContain("package secret", File.ReadAllText(report), System.StringComparison.Ordinal);
            Assert.Throws<ExitException>(() => BugCommand.Run(["-o", report, source]));
            System.Console.SetIn(new StringReader("y\n"));
            Assert.Equal(0, BugCommand.Run(["-o", report, "-f", source]));
            Assert.Contains("## x.go\n\npackage secret\n", File.ReadAllText(report), System.StringComparison.Ordinal);
            Assert.Contains("\nGOROOT   ", File.ReadAllText(report), System.StringComparison.Ordinal);
        }
        finally
        {
            System.Console.SetIn(input);
            System.Console.SetError(error);
            Directory.Delete(folder, true);
        }
    }
}

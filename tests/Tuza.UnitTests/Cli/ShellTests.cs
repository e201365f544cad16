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
            string text = Script("bash");
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

    static string Script(string shell)
    {
        StringWriter text = new();
        TextWriter before = System.Console.Out;
        System.Console.SetOut(text);
        try
        {
            Assert.Equal(0, CompletionCommand.Run([shell]));
        }
        finally
        {
            System.Console.SetOut(before);
        }
        return text.ToString();
    }

    /// <summary>The same by fish itself, and zsh reads its script without an error, on machines that have them.</summary>
    [Theory]
    [InlineData("fish", "complete -C 'tuza le'; complete -C 'tuza vet -sa'; complete -C 'tuza heap x.tuza du'", "leaks -sarif dups")]
    [InlineData("zsh", "autoload -Uz compinit; compinit -D -u; source $SCRIPT; print ${_comps[tuza]} $+functions[_tuza]", "_tuza 1")]
    public void OtherShellsComplete(string shell, string ask, string answer)
    {
        string? found = System.Array.Find(["/bin/", "/usr/bin/", "/usr/local/bin/"], f => File.Exists(f + shell));
        string text = Script(shell);
        Assert.Contains("-sarif", text.Replace(" -o sarif", " -sarif", System.StringComparison.Ordinal), System.StringComparison.Ordinal);
        if (found == null)
            return;
        string script = Path.GetTempFileName();
        try
        {
            File.WriteAllText(script, text);
            ProcessStartInfo start = new(found + shell) { RedirectStandardOutput = true, RedirectStandardError = true };
            if (shell == "zsh")
                start.ArgumentList.Add("-f");
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add((shell == "fish" ? $"source {script}; " : "") + ask.Replace("$SCRIPT", script, System.StringComparison.Ordinal));
            using Process p = Process.Start(start)!;
            string[] lines = p.StandardOutput.ReadToEnd().Split('\n', System.StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("", p.StandardError.ReadToEnd());
            p.WaitForExit();
            Assert.Equal(answer, string.Join(' ', System.Array.ConvertAll(lines, static l => l.Split('\t')[0])));
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

    [Theory]
    [InlineData("auto", "", true, true)]
    [InlineData("auto", "", false, false)]
    [InlineData("auto", "TERM=dumb", true, false)]
    [InlineData("auto", "NO_COLOR=1", true, false)]
    [InlineData("auto", "NO_COLOR=", true, true)]
    [InlineData("auto", "CLICOLOR_FORCE=1", false, true)]
    [InlineData("auto", "CLICOLOR_FORCE=0", false, false)]
    [InlineData("auto", "FORCE_COLOR=1 TERM=dumb", false, true)]
    [InlineData("auto", "FORCE_COLOR=1 NO_COLOR=1", true, false)]
    [InlineData("always", "NO_COLOR=1 TERM=dumb", false, true)]
    [InlineData("never", "FORCE_COLOR=1", true, false)]
    public void ColoursAreWhereTheyAreWanted(string when, string variables, bool terminal, bool wanted)
    {
        string? Value(string name) => System.Array.Find(variables.Split(' '), v => v.StartsWith(name + "=", System.StringComparison.Ordinal)) is { } v ? v[(name.Length + 1)..] : null;
        Assert.Equal(wanted, Terminal.HasColor(when, Value, terminal));
    }

    /// <summary>What is painted reads the same when the colours are taken out.</summary>
    [Fact]
    public void ColoursSayNothing()
    {
        ReportTable t = new("x", ("bytes", ColumnKind.Bytes), ("what", ColumnKind.Words));
        t.Add(10L, "a");
        Leak leak = new("retain/substring", 1, 1, "text", new SnapshotFrame("f", "x.go", 3), "clone", 0, "variable x");
        foreach ((string plain, string painted) in (System.Collections.Generic.List<(string, string)>)[(t.ToText(), t.ToText(new Paint(true))), (LeakReport.Text([leak], "next"), LeakReport.Text([leak], "next", new Paint(true)))])
        {
            Assert.Contains('\u001b', painted);
            Assert.Equal(plain, System.Text.RegularExpressions.Regex.Replace(painted, "\u001b\\[[0-9;]*m", ""));
        }
    }

    [Theory]
    [InlineData("/home/me", "at /home/me/src/x.go, /home/me and \"/home/me\"", "at ~/src/x.go, ~ and \"~\"")]
    [InlineData("/root", "in /root/x.go:3, not /rooted, /srv/root or x/root/y", "in ~/x.go:3, not /rooted, /srv/root or x/root/y")]
    [InlineData("/root/", "GOPATH=/root/go:/root", "GOPATH=~/go:~")]
    [InlineData("/", "/etc", "/etc")]
    [InlineData(null, "/etc", "/etc")]
    public void HomeIsAFolderNotAWord(string? home, string text, string without) => Assert.Equal(without, BugCommand.WithoutHome(text, home));

    [Fact]
    public void FilesAreNotOverwrittenSilently()
    {
        string folder = Directory.CreateTempSubdirectory("tuza-out-").FullName;
        try
        {
            string file = Path.Combine(folder, "x");
            OutputFile.Write(file, "one", force: false);
            Assert.Equal(2, Assert.Throws<ExitException>(() => OutputFile.Write(file, "two", force: false)).Code);
            Assert.Equal("one", File.ReadAllText(file));
            OutputFile.Write(file, "2", force: true);
            Assert.Equal("2", File.ReadAllText(file));
            if (!System.OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            OutputFile.Write("/dev/null", "x", force: false);
            Assert.True(File.Exists("/dev/null"));
            Assert.Equal(1, Assert.Throws<ExitException>(() => OutputFile.Write(folder + "/none/x", "x", force: false)).Code);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
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

// How programs end that are looked at: by a panic, a fatal error, a deadlock, os.Exit, a limit. The verdict stands behind the program's own message.

using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public class EndingTests
{
    const string Program = """
        package main

        import (
        	"os"
        	"strings"
        	"sync"
        	"time"
        )

        var kept []string

        func main() {
        	for range 8 {
        		kept = append(kept, strings.Repeat("x", 1<<20)[:50])
        	}
        	if os.Args[2] == "busy" {
        		go func() {
        			for {
        			}
        		}()
        	}
        	switch os.Args[1] {
        	case "panic":
        		panic("boom")
        	case "nil":
        		var p *int
        		*p = 1
        	case "exit":
        		os.Exit(3)
        	case "unlock":
        		var m sync.Mutex
        		m.Unlock()
        	case "deadlock":
        		<-make(chan int)
        	case "overflow":
        		panic(deep(0))
        	case "many":
        		for i := range 20 {
        			go func() { time.Sleep(time.Millisecond); panic(i) }()
        		}
        		time.Sleep(time.Minute)
        	}
        }

        func deep(n int) int { return deep(n+1) + 1 }
        """;

    /// <summary>SIGQUIT: the stacks, then the verdict, also of a program that never waits.</summary>
    [Theory]
    [InlineData("wait")]
    [InlineData("busy")]
    public void QuitIsJudgedToo(string how)
    {
        string folder = Directory.CreateTempSubdirectory("tuza-quit-").FullName;
        try
        {
            string file = Path.Combine(folder, "x.go");
            File.WriteAllText(file, """
                package main

                import (
                	"fmt"
                	"os"
                	"strings"
                	"time"
                )

                var kept []string

                func main() {
                	for range 8 {
                		kept = append(kept, strings.Repeat("x", 1<<20)[:50])
                	}
                	fmt.Println("ready")
                	for os.Args[1] == "busy" {
                	}
                	time.Sleep(time.Minute)
                }
                """);
            using System.Diagnostics.Process program = TuzaCommand.Start(["run", "-leaks", "-snapshot", Path.Combine(folder, "x.tuza"), file, how]);
            Assert.Equal("ready", program.StandardOutput.ReadLine());
            Assert.Equal(0, SendSignal(program.Id, 3));
            string output = program.StandardOutput.ReadToEnd();
            Assert.True(program.WaitForExit(60_000));
            Assert.Equal(2, program.ExitCode);
            Assert.StartsWith("SIGQUIT: quit\n", output, System.StringComparison.Ordinal);
            Assert.True(output.IndexOf("goroutine 1 [", System.StringComparison.Ordinal) is > 0 and var stacks && output.IndexOf(Verdict, System.StringComparison.Ordinal) > stacks, output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    static extern int SendSignal(int pid, int signal);

    /// <summary>-gostatus: what go run says and gives.</summary>
    [Theory]
    [InlineData("panic", "exit status 2", 1)]
    [InlineData("exit", "exit status 3", 1)]
    [InlineData("unlock", "exit status 2", 1)]
    [InlineData("none", "", 0)]
    public void StatusAsGoGivesIt(string how, string said, int code)
    {
        string folder = Directory.CreateTempSubdirectory("tuza-status-").FullName;
        try
        {
            string file = Path.Combine(folder, "x.go");
            File.WriteAllText(file, Program);
            RunResult result = TuzaCommand.Run(["run", "-gostatus", file, how, "quiet"]);
            Assert.Equal(code, result.ExitCode);
            Assert.EndsWith(said == "" ? "" : said + "\n", result.Output, System.StringComparison.Ordinal);
            Assert.Equal(said != "", result.Output.Contains("exit status", System.StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    const string Verdict = "8 strings of 50 B keep 8 blocks of 1.0 MiB";

    [Theory]
    [InlineData("panic", "busy", 2, "panic: boom\n", Verdict)]
    [InlineData("panic", "alone", 2, "panic: boom\n", Verdict)]
    [InlineData("nil", "busy", 2, "panic: runtime error: invalid memory address or nil pointer dereference\n", Verdict)]
    [InlineData("exit", "busy", 3, "", Verdict)]
    [InlineData("unlock", "busy", 2, "fatal error: sync: unlock of unlocked mutex\n", Verdict)]
    [InlineData("deadlock", "alone", 2, "fatal error: all goroutines are asleep - deadlock!\n", Verdict)]
    [InlineData("deadlock", "alone", 2, "fatal error: all goroutines are asleep - deadlock!\n", "1 goroutine waits for ever: chan receive on a channel made at x.go:34")]
    [InlineData("many", "busy", 2, "panic: ", Verdict)]
    [InlineData("overflow", "alone", 2, "fatal error: stack overflow\n", "tuza: no heap snapshot: the program ended where its memory cannot be read\n")]
    public void LeaksAreToldBehindTheEnd(string how, string beside, int code, string message, string verdict) => InFolder(file =>
    {
        File.WriteAllText(file, Program);
        RunResult result = TuzaCommand.Run(["run", "-leaks", "-snapshot", file + ".tuza", file, how, beside]);
        Assert.False(result.TimedOut, "timed out");
        Assert.Equal(code, result.ExitCode);
        int said = result.Output.IndexOf(message, System.StringComparison.Ordinal), told = result.Output.IndexOf(verdict, System.StringComparison.Ordinal);
        Assert.True(said >= 0 && told > said - 1, result.Output);
    });

    const string Greedy = """
        package main

        import (
        	"os"
        	"time"
        )

        var keep [][]byte

        func main() {
        	switch os.Args[1] {
        	case "keep":
        		for {
        			keep = append(keep, make([]byte, 100_000))
        		}
        	case "drop":
        		n := 0
        		for range 5_000 {
        			n += len(make([]byte, 100_000))
        		}
        		println("fine", n)
        	case "deep":
        		deep(3_000_000)
        	case "sleep":
        		time.Sleep(time.Minute)
        	case "spin":
        		for {
        		}
        	case "start":
        		for {
        			go func() { select {} }()
        		}
        	}
        }

        func deep(n int) int {
        	if n == 0 {
        		time.Sleep(time.Minute)
        	}
        	return deep(n-1) + 1
        }
        """;

    [Theory]
    [InlineData("keep", "-mem=32MiB", 4, "fatal error: out of memory: limit 32.0 MiB (tuza run -mem), heap ", "largest holders: ")]
    [InlineData("drop", "-mem=32MiB", 0, "fine 500000000\n", "")]
    [InlineData("deep", "-mem=32MiB", 4, "fatal error: out of memory: limit 32.0 MiB (tuza run -mem), heap ", "main.deep()")]
    [InlineData("sleep", "-time=1s", 4, "fatal error: out of time: limit 1s (tuza run -time), 1 goroutine, heap ", "goroutine 1 [sleep]:")]
    [InlineData("spin", "-time=1s", 4, "fatal error: out of time: limit 1s (tuza run -time), 1 goroutine, heap ", "goroutine 1 [running]:")]
    [InlineData("start", "-goroutines=100", 4, "fatal error: too many goroutines: limit 100 (tuza run -goroutines), ", "(go statement main.main x.go:31)")]
    public void LimitsEndPrograms(string how, string limit, int code, string message, string detail) => InFolder(file =>
    {
        File.WriteAllText(file, Greedy);
        RunResult result = TuzaCommand.Run(["run", limit, file, how]);
        Assert.False(result.TimedOut, "timed out");
        Assert.Contains(message, result.Output);
        Assert.Contains(detail, result.Output);
        Assert.Equal(code, result.ExitCode);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!));
        // A heap of objects ends near its limit, whatever the machine is busy with.
        if (how == "keep")
            Assert.InRange(double.Parse(Regex.Match(result.Output, @", heap ([0-9.]+) MiB").Groups[1].Value, CultureInfo.InvariantCulture), 31.5, 33.5);
    });

    /// <summary>Each moment has a file of its own; what is on the stack has its name.</summary>
    [Fact]
    public void SeveralMomentsAndNamesOfVariables() => InFolder(file =>
    {
        File.WriteAllText(file, """
            package main

            import "time"

            type node struct {
            	next *node
            	data [100]int
            }

            func main() {
            	var head *node
            	for range 1000 {
            		head = &node{next: head}
            	}
            	time.Sleep(time.Second)
            	println(head != nil)
            	head = nil
            	time.Sleep(time.Second)
            }
            """);
        string path = file + ".tuza";
        RunResult result = TuzaCommand.Run(["run", "-snapshot-at", "500ms,exit,peak", "-snapshot", path, file]);
        Assert.Equal(0, result.ExitCode);
        string timed = file + ".500ms.tuza";
        Assert.Contains($"heap snapshot {timed}", result.Output);
        Assert.True(File.Exists(file + ".peak.tuza"));
        Assert.DoesNotContain("main.node", TuzaCommand.Run(["heap", path, "top", "-n", "99"]).Output);
        Assert.Contains("1000  main.node", TuzaCommand.Run(["heap", timed, "top"]).Output);
        string address = TuzaCommand.Run(["heap", timed, "query", "select address from objects where type = 'main.node' limit 1"]).Output.Split('\n')[1].Trim();
        Assert.Contains("variable head of main.main", TuzaCommand.Run(["heap", timed, "why", address]).Output);
    });

    [Fact]
    public void TestsAreJudgedAndBudgetsKept() => InFolder(file =>
    {
        string folder = Path.GetDirectoryName(file)!;
        File.WriteAllText(Path.Combine(folder, "go.mod"), "module example.com/judged\n\ngo 1.27\n");
        File.WriteAllText(file, "package judged\n\nvar kept []string\n\nfunc Keep(s string) { kept = append(kept, s[:10]) }\n");
        File.WriteAllText(Path.Combine(folder, "x_test.go"), "package judged\n\nimport (\"strings\"; \"testing\")\n\nfunc TestKeep(t *testing.T) { Keep(strings.Repeat(\"x\", 100_000)) }\n\nvar sink []byte\n\nfunc BenchmarkTwo(b *testing.B) {\n\tfor b.Loop() {\n\t\tsink = make([]byte, 100)\n\t\tsink = make([]byte, 50)\n\t}\n}\n");
        RunResult leaks = TuzaCommand.Run(["test", "-C", folder, "-leaks"], seconds: 300);
        Assert.Equal(0, leaks.ExitCode);
        Assert.Contains("1 string of 10 B keeps a block of 104.0 KiB", leaks.Output);
        Assert.Contains("ok  \texample.com/judged\t", leaks.Output);
        Assert.Single(Directory.GetFiles(folder, "*.tuza"));
        RunResult strict = TuzaCommand.Run(["test", "-C", folder, "-leaks", "-exit", "-run", "TestKeep"], seconds: 300);
        Assert.Equal(1, strict.ExitCode);
        RunResult none = TuzaCommand.Run(["test", "-C", folder, "-leaks", "-exit", "-run", "TestNone"], seconds: 300);
        Assert.Equal(0, none.ExitCode);

        string budget = Path.Combine(folder, "budget");
        File.WriteAllText(budget, "BenchmarkTwo 1\n");
        RunResult over = TuzaCommand.Run(["test", "-C", folder, "-allocbudget", budget], seconds: 300);
        Assert.Equal(1, over.ExitCode);
        Assert.Contains("budget:1: BenchmarkTwo: 2 allocs/op, the budget is 1\nFAIL\texample.com/judged\t", over.Output);
        File.WriteAllText(budget, "example.com/judged.BenchmarkTwo 2 176\n");
        Assert.Equal(0, TuzaCommand.Run(["test", "-C", folder, "-allocbudget", budget], seconds: 300).ExitCode);
    });

    static void InFolder(System.Action<string> test)
    {
        string folder = Directory.CreateTempSubdirectory("tuza-ending-").FullName;
        try
        {
            test(Path.Combine(folder, "x.go"));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}

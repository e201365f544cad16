// The system refuses memory: the n-th mmap, mprotect or madvise fails. Each time the program ends with one of Go's messages, or does not mind.

using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public class FaultTests
{
    const string Normal = "10000 5000 true 1\n";

    static readonly Regex s_fatal = new("""
        \A(runtime: out of memory: cannot allocate \d+-byte block \(\d+ in use\)\n)?fatal error: (runtime: )?(out of memory|cannot allocate memory)\n
        """.Trim());

    [Fact]
    public void RefusedMemoryEndsInAMessageOrDoesNotMatter()
    {
        string file = Path.Combine(TuzaCommand.DataFolder, "faults", "heap.go");
        int fatal = 0, normal = 0;
        // Every kind of call is among the first; then the heap grows and gives back, again and again.
        foreach (int n in (int[])[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 30, 50, 80, 90, 100, 1000])
        {
            var environment = new Dictionary<string, string> { ["TUZADEBUG"] = "failmap=" + n.ToString(CultureInfo.InvariantCulture) };
            RunResult result = TuzaCommand.Run(["run", file], environment);
            Assert.False(result.TimedOut, $"call {n} failing: timed out");
            if (result.ExitCode == 0)
            {
                normal++;
                Assert.Equal(Normal, result.Output);
            }
            else
            {
                fatal++;
                Assert.True(result.ExitCode == 2 && s_fatal.IsMatch(result.Output), $"call {n} failing: exit {result.ExitCode}\n{result.Output}");
            }
        }
        Assert.True(fatal > 5 && normal > 2, $"{fatal} fatal, {normal} normal");
    }
}

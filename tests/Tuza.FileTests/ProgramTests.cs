// tests/data/run: programs whose output (recorded from real Go) must be printed and whose exit code is 0; plain and under the stress modes.
// tests/data/crash: programs that end badly; the first line of the .out file is the exit code, then the text up to the first goroutine trace,
// addresses masked as 0x?.

using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public class ProgramTests
{
    // Modes that check the runtime from inside; see docs/ARCHITECTURE.md. The plain run of each program is mode "".
    static readonly string[] s_stress = ["gcstress=1", "stackstress=1", "unwindstress=1", "preemptstress=1", "heapverify=1"];

    public static TheoryData<string> Programs() => Files("run");
    public static TheoryData<string> Crashes() => Files("crash");

    public static TheoryData<string, string> Stressed()
    {
        var data = new TheoryData<string, string>();
        foreach (string file in Directory.GetFiles(Path.Combine(TuzaCommand.DataFolder, "run"), "*.go"))
            foreach (string mode in s_stress)
                if (!TooSlow(mode, Path.GetFileNameWithoutExtension(file)))
                    data.Add(Path.GetFileNameWithoutExtension(file), mode);
        return data;

        // Collecting at each allocation of a program that allocates much, and copying a deep stack at each call, takes minutes.
        static bool TooSlow(string mode, string name) => (mode, name) is ("gcstress=1", "stdlib" or "maps" or "parallel" or "goroutine_churn") or ("stackstress=1", "stacks" or "stdlib" or "goroutines");
    }

    static TheoryData<string> Files(string kind)
    {
        var data = new TheoryData<string>();
        foreach (string file in Directory.GetFiles(Path.Combine(TuzaCommand.DataFolder, kind), "*.go"))
            data.Add(Path.GetFileNameWithoutExtension(file));
        return data;
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void PrintsWhatGoPrints(string name) => CheckRun(name, "");

    [Theory]
    [MemberData(nameof(Stressed))]
    public void PrintsTheSameUnderStress(string name, string mode) => CheckRun(name, mode);

    static void CheckRun(string name, string mode)
    {
        string file = Path.Combine(TuzaCommand.DataFolder, "run", name + ".go");
        var environment = mode == "" ? null : new Dictionary<string, string> { ["TUZADEBUG"] = mode };
        var result = TuzaCommand.Run(["run", file], environment, seconds: 300);
        Assert.False(result.TimedOut, "timed out");
        Assert.Equal(File.ReadAllText(Path.ChangeExtension(file, ".out")), result.Output);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Crashes))]
    public void CrashesAsGoDoes(string name)
    {
        string file = Path.Combine(TuzaCommand.DataFolder, "crash", name + ".go");
        var result = TuzaCommand.Run(["run", file]);
        string text = Regex.Split(result.Output, "\n\n(?:goroutine [0-9]+|runtime stack)")[0];
        text = Regex.Replace(text, "0x[0-9a-f]+", "0x?").TrimEnd('\n');
        Assert.Equal(File.ReadAllText(Path.ChangeExtension(file, ".out")), $"exit {result.ExitCode}\n{text}\n");
    }
}

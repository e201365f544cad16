// The second run of a program takes what the first one made, as long as nothing that mattered has changed (RunPlan).

using System;
using System.Collections.Generic;
using System.IO;
using Xunit;

namespace Tuza.FileTests;

public sealed class RunAgainTests : IDisposable
{
    static readonly DateTime s_before = DateTime.UtcNow.AddHours(-2);

    readonly string _folder = Directory.CreateTempSubdirectory("tuza-again-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    string Write(string name, string text, DateTime changed)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, changed);
        return path;
    }

    const string Main = "package main\n\nimport \"os\"\n\nfunc main() { println(word, len(os.Args)) }\n";

    static string Word(string word) => $"package main\n\nconst word = \"{word}\"\n";

    static string Run(params string[] args) => TuzaCommand.Run(["run", .. args]).Output;

    [Fact]
    public void WhatHasChangedIsCompiledAnew()
    {
        string main = Write("a.go", Main, s_before), word = Write("b.go", Word("one"), s_before);
        Assert.Equal("one 1\n", Run(main, word));
        Assert.Equal("one 3\n", Run(main, word, "x", "y.txt"));
        // Neither size nor time tell the difference: the first run's program is taken, so there is a plan.
        Write("b.go", Word("two"), s_before);
        Assert.Equal("one 1\n", Run(main, word));
        Write("b.go", Word("two"), s_before.AddSeconds(1));
        Assert.Equal("two 1\n", Run(main, word));
        Write("b.go", Word("three"), s_before.AddSeconds(1));
        Assert.Equal("three 1\n", Run(main, word));
        File.Delete(word);
        Assert.Contains("b.go", Run(main, word), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherVariablesAreAnotherCall()
    {
        string main = Write("a.go", Main, s_before), word = Write("b.go", Word("one"), s_before);
        Assert.Equal("one 1\n", Run(main, word));
        RunResult r = TuzaCommand.Run(["run", main, word], new Dictionary<string, string> { ["GOROOT"] = _folder });
        Assert.Equal(1, r.ExitCode);
        Assert.StartsWith("tuza: GOROOT ", r.Output, StringComparison.Ordinal);
    }

    /// <summary>A plan is a file like others: it may be damaged.</summary>
    [Fact]
    public void ADamagedPlanIsNone()
    {
        string main = Write("a.go", Main, s_before), word = Write("b.go", Word("one"), s_before), cache = Path.Combine(_folder, "cache");
        // The folder of plans alone is another one: images come from where they are.
        Directory.CreateDirectory(cache);
        string images = Environment.GetEnvironmentVariable("TUZACACHE") is { Length: > 0 } set ? set
            : Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? Path.GetTempPath(), ".cache"), "tuza");
        Assert.Equal("one 1\n", Run(main, word));
        foreach (string folder in Directory.EnumerateDirectories(images))
        {
            if (Path.GetFileName(folder) != "plans")
                Directory.CreateSymbolicLink(Path.Combine(cache, Path.GetFileName(folder)), folder);
        }
        Dictionary<string, string> variables = new() { ["TUZACACHE"] = cache };
        string RunHere() => TuzaCommand.Run(["run", main, word], variables).Output;
        Assert.Equal("one 1\n", RunHere());
        string plan = Assert.Single(Directory.GetFiles(Path.Combine(cache, "plans")));
        byte[] whole = File.ReadAllBytes(plan);
        byte[][] damaged = [[], whole[..1], whole[..(whole.Length / 2)], whole[..^3], [.. whole, (byte)'x'], [.. "c \n"u8, .. whole], new byte[100]];
        foreach (byte[] bytes in damaged)
        {
            File.WriteAllBytes(plan, bytes);
            Assert.Equal("one 1\n", RunHere());
        }
    }
}

// tests/data/leaks: NAME_leaky.go has `// LEAK category` at every line where `tuza vet` must find something (and nothing elsewhere); in
// NAME_repaired.go it must find nothing. What `-fix` makes of a leaky program must type-check and be silent, but for //tuza:noalloc: whether the promise or the
// code is wrong is the author's to say.
// tests/data/layout, tests/data/escapewords: the first line is a comment with a tuza command; NAME.txt is what it prints (TUZA_BLESS=1 writes it).

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public sealed class VetTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("tuza-vet-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    public static TheoryData<string> Leaky() => Named("leaks", "*_leaky.go");
    public static TheoryData<string> Repaired() => Named("leaks", "*_repaired.go");
    public static TheoryData<string> Layouts() => Named("layout", "*.go");
    public static TheoryData<string> EscapeWords() => Named("escapewords", "*.go");

    static TheoryData<string> Named(string kind, string pattern)
    {
        var data = new TheoryData<string>();
        foreach (string file in Directory.GetFiles(Path.Combine(TuzaCommand.DataFolder, kind), pattern).Order())
            data.Add(Path.GetFileName(file));
        return data;
    }

    /// <summary>A module with one program; its first line may say the Go version.</summary>
    string Module(string kind, string file)
    {
        string text = File.ReadAllText(Path.Combine(TuzaCommand.DataFolder, kind, file));
        Match version = Regex.Match(text, @"^// go\.mod: go (\S+)");
        File.WriteAllText(Path.Combine(_folder, "go.mod"), $"module example.com/leaks\n\ngo {(version.Success ? version.Groups[1].Value : "1.27")}\n");
        File.WriteAllText(Path.Combine(_folder, file), text);
        return Path.Combine(_folder, file);
    }

    static List<string> Found(string output) => [.. Regex.Matches(output, @"(?m)^[\w.]+:(\d+):\d+: (?!note: ).* \[([\w/]+)\]$").Select(m => m.Groups[1].Value + " " + m.Groups[2].Value).Order()];

    static List<string> Wanted(string file)
    {
        List<string> list = [];
        string[] lines = File.ReadAllLines(file);
        for (int i = 0; i < lines.Length; i++)
        {
            if (Regex.Match(lines[i], @"// LEAK (\S+)") is { Success: true } m)
                list.Add($"{i + 1} {m.Groups[1].Value}");
        }
        list.Sort(StringComparer.Ordinal);
        return list;
    }

    [Theory]
    [MemberData(nameof(Leaky))]
    public void FindsEveryLeak(string name)
    {
        string file = Module("leaks", name);
        var result = TuzaCommand.Run(["vet", "-C", _folder]);
        var found = Found(result.Output);
        found.Sort(StringComparer.Ordinal);
        Assert.Equal(Wanted(file), found);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Repaired))]
    public void FindsNothingInRepairedPrograms(string name)
    {
        Module("leaks", name);
        var result = TuzaCommand.Run(["vet", "-C", _folder]);
        Assert.Equal("", result.Output);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Leaky))]
    public void FixedProgramsAreSilent(string name)
    {
        Module("leaks", name);
        RunResult mend = TuzaCommand.Run(["vet", "-C", _folder, "-fix"]);
        string after = TuzaCommand.Run(["vet", "-C", _folder]).Output;
        Assert.Equal(mend.Output, after);
        Assert.DoesNotContain("(tuza vet -fix)", after);
        List<string> left = Found(after);
        Assert.All(left, static l => Assert.EndsWith(" alloc/noalloc", l, StringComparison.Ordinal));
        Assert.Equal(left.Count == 0 ? 0 : 1, mend.ExitCode);
        foreach (string line in after.Split('\n'))
            Assert.True(line == "" || line[0] is '#' or '\t' || line.EndsWith(']'), "not a finding: " + line);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void PrintsLayouts(string name) => Prints("layout", name);

    [Theory]
    [MemberData(nameof(EscapeWords))]
    public void ExplainsEscapes(string name) => Prints("escapewords", name);

    void Prints(string kind, string name)
    {
        string file = Module(kind, name);
        string[] command = File.ReadLines(file).First()[3..].Split(' ');
        var result = TuzaCommand.Run([command[0], "-C", _folder, .. command[1..]]);
        string output = Regex.Replace(result.Output, @" \S+/src/", " $$GOROOT/src/"); // wherever Go is installed
        string golden = Path.Combine(TuzaCommand.DataFolder, kind, Path.ChangeExtension(name, ".txt"));
        if (Environment.GetEnvironmentVariable("TUZA_BLESS") == "1")
            File.WriteAllText(golden, output);
        Assert.Equal(File.ReadAllText(golden), output);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void EscapesAsDataAndAsPicture()
    {
        Module("escapewords", "at.go");
        var result = TuzaCommand.Run(["escape", "-C", _folder, "-json"]);
        using var json = System.Text.Json.JsonDocument.Parse(result.Output);
        var b = Assert.Single(json.RootElement.GetProperty("escapes").EnumerateArray(), static x => x.GetProperty("name").GetString() == "b");
        Assert.True(b.GetProperty("heap").GetBoolean());
        Assert.Equal(8, b.GetProperty("bytes").GetInt64());
        Assert.Equal([0, 0, 1, 2, 2, 2], b.GetProperty("because").EnumerateArray().Select(static w => w.GetProperty("depth").GetInt32()));
        Assert.EndsWith("at.go:20:9", b.GetProperty("because")[3].GetProperty("pos").GetString(), StringComparison.Ordinal);

        string file = Path.Combine(_folder, "ways.svg");
        Assert.Equal(0, TuzaCommand.Run(["escape", "-C", _folder, "-graph", "svg", "-o", file]).ExitCode);
        var svg = System.Xml.Linq.XDocument.Load(file);
        var texts = svg.Descendants().Where(static e => e.Name.LocalName == "text").Select(static e => e.Value).ToList();
        Assert.Equal(2, texts.Count(static t => t == "the heap"));
        Assert.Contains(texts, static t => t.Contains("x.next = y", StringComparison.Ordinal));
    }

    [Fact]
    public void EscapesOfARunAreCounted()
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/count\n\ngo 1.27\n");
        string file = Path.Combine(_folder, "x.go"), snapshot = Path.Combine(_folder, "x.tuza");
        File.WriteAllText(file, "package main\n\ntype node struct{ a, b *node }\n\nvar keep [100]*node\n\nfunc main() {\n\tfor i := range keep {\n\t\tkeep[i], more[i] = &node{}, new(int32)\n\t}\n}\n\nvar more [100]*int32\n");
        Assert.Equal(0, TuzaCommand.Run(["run", "-snapshot", snapshot, file]).ExitCode);
        var result = TuzaCommand.Run(["escape", "-C", _folder, "-at", "x.go:9", "-with", snapshot]);
        Assert.Contains("&node{} is made on the heap (16 B, size class 16; made 100 times in that run, 1600 B)", result.Output);
        Assert.Contains("new(int32) is made on the heap (4 B, size class 8; made 100 times in that run, 400 B)", result.Output);
    }

    [Fact]
    public void ElementsOfOddSizeAreNotAligned()
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/odd\n\ngo 1.27\n");
        File.WriteAllText(Path.Combine(_folder, "x.go"), """
            package odd

            import "sync/atomic"

            var odd [3]struct {
            	kind int32
            	n    int64
            }

            var even [3]struct{ n, m int64 }

            func Odd(i int) { atomic.AddInt64(&odd[i].n, 1) }

            func Even(i int) { atomic.AddInt64(&even[i].m, 1) }
            """);
        var result = TuzaCommand.Run(["vet", "-C", _folder, "-only", "ATOMIC32", "."]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("odd[i].n is not 8-aligned on 32-bit machines", result.Output);
        Assert.DoesNotContain("even[i].m is not", result.Output);
    }

    [Theory]
    [InlineData("-at", "x", "invalid value \"x\" for flag -at", 2)]
    [InlineData("-graph", "png", "unknown format png of -graph", 2)]
    [InlineData("-at", "at.go:3", "nothing is made at at.go:3", 1)]
    public void WrongQuestionsAboutEscapesSaySo(string flag, string value, string message, int code)
    {
        Module("escapewords", "at.go");
        var result = TuzaCommand.Run(["escape", "-C", _folder, flag, value]);
        Assert.Contains(message, result.Output);
        Assert.Equal(code, result.ExitCode);
    }

    [Fact]
    public void FlagsMayFollowTheType()
    {
        Module("layout", "entry.go");
        var result = TuzaCommand.Run(["layout", "Entry", "-C", _folder, "-arch", "amd64,386", "-json"]);
        using var json = System.Text.Json.JsonDocument.Parse(result.Output);
        var types = json.RootElement.GetProperty("types");
        Assert.Equal(["amd64", "386"], types.EnumerateArray().Select(t => t.GetProperty("arch").GetString()));
        Assert.Equal([40L, 24L], types.EnumerateArray().Select(t => t.GetProperty("size").GetInt64()));
        Assert.False(types[1].GetProperty("fields")[1].GetProperty("atomic64Aligned").GetBoolean());
    }

    [Fact]
    public void LayoutFixKeepsCommentsAndSkipsUnkeyedLiterals()
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/fix\n\ngo 1.27\n");
        string file = Path.Combine(_folder, "x.go");
        const string Source = "package fix\n\ntype Entry struct {\n\t// a comes first\n\ta bool // one byte\n\tb int64\n\n\tc, d bool\n\te *int // a pointer\n}\n";
        File.WriteAllText(file, Source);
        TuzaCommand.Run(["layout", "-C", _folder, "-fix", "Entry"]);
        Assert.Equal("package fix\n\ntype Entry struct {\n\te *int // a pointer\n\tb int64\n\t// a comes first\n\ta bool // one byte\n\n\tc, d bool\n}\n", File.ReadAllText(file));

        string unkeyed = Source + "\nvar x = Entry{true, 1, false, false, nil}\n";
        File.WriteAllText(file, unkeyed);
        var result = TuzaCommand.Run(["layout", "-C", _folder, "-fix", "Entry"]);
        Assert.Contains("left alone: ", result.Output);
        Assert.Contains("a literal without field names", result.Output);
        Assert.Equal(unkeyed, File.ReadAllText(file));
    }

    [Fact]
    public void IgnoreNeedsAReason()
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/ignore\n\ngo 1.27\n");
        string file = Path.Combine(_folder, "x.go");
        File.WriteAllText(file, "package ignore\n\nvar kept string\n\nfunc keep(s string) {\n\t//tuza:ignore retain/substring s is short\n\tkept = s[:50]\n}\n");
        Assert.Equal("", TuzaCommand.Run(["vet", "-C", _folder]).Output);
        File.WriteAllText(file, "package ignore\n\nvar kept string\n\nfunc keep(s string) {\n\tkept = s[:50] //tuza:ignore SUBSTR\n}\n");
        string output = TuzaCommand.Run(["vet", "-C", _folder]).Output;
        Assert.Contains("[retain/substring]", output);
        Assert.Contains("x.go:6:16: //tuza:ignore needs a reason: //tuza:ignore SUBSTR because … [vet/ignore]", output);
    }

    /// <summary>Where only the author can say what is meant there is a finding and no edit.</summary>
    [Theory]
    [InlineData("defer/loop", "func f(list []int) {\n\tfor _, x := range list {\n\t\tdefer println(x)\n\t}\n}")]
    [InlineData("defer/loop", "type node struct {\n\tmu sync.Mutex\n\tup *node\n}\n\nfunc f(n *node) {\n\tfor ; n != nil; n = n.up {\n\t\tn.mu.Lock()\n\t\tdefer n.mu.Unlock()\n\t}\n}")]
    [InlineData("defer/loop", "func f(list []func()) {\n\tfor _, g := range list {\n\t\tdefer func() { recover() }()\n\t\tg()\n\t}\n}")]
    [InlineData("goroutine/blocked", "type s struct{ quit chan int }\n\nfunc New() *s {\n\tx := &s{quit: make(chan int)}\n\tgo x.run()\n\treturn x\n}\n\nfunc (x *s) run() { <-x.quit }")]
    [InlineData("goroutine/blocked", "var stop = make(chan int)\n\nfunc f() {\n\tgo func() { <-stop }()\n}")]
    [InlineData("goroutine/blocked", "func f(g func()) {\n\tvar c chan int\n\tgo func() {\n\t\t<-c\n\t\tg()\n\t}()\n}")]
    [InlineData("finalizer/cycle", "type s struct {\n\tself *s\n\tn    int\n}\n\nfunc f() {\n\tx := &s{}\n\tx.self = x\n\truntime.SetFinalizer(x, func(x *s) { println(x.n, x.self) })\n}")]
    [InlineData("finalizer/cycle", "type s struct {\n\tself *s\n\tn    int\n}\n\nfunc f() *s {\n\tx := &s{}\n\tx.self = x\n\truntime.SetFinalizer(x, func(x *s) { println(x.n) })\n\treturn x\n}\n\nfunc g(x *s) { x.n++ }")]
    public void TheAuthorDecides(string category, string code)
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/own\n\ngo 1.27\n");
        string file = Path.Combine(_folder, "x.go"), import = code.Contains("sync.", StringComparison.Ordinal) ? "import \"sync\"\n\n" : code.Contains("runtime.", StringComparison.Ordinal) ? "import \"runtime\"\n\n" : "";
        string text = "package own\n\n" + import + code + "\n";
        File.WriteAllText(file, text);
        RunResult result = TuzaCommand.Run(["vet", "-C", _folder, "-fix"]);
        Assert.Contains($"[{category}]", result.Output);
        Assert.DoesNotContain("(tuza vet -fix)", result.Output);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(text, File.ReadAllText(file));
    }

    [Fact]
    public void JsonHasTheShapeOfGoVet()
    {
        Module("leaks", "substring_leaky.go");
        var result = TuzaCommand.Run(["vet", "-C", _folder, "-json"]);
        Assert.Equal(0, result.ExitCode);
        using var json = System.Text.Json.JsonDocument.Parse(result.Output);
        var list = json.RootElement.GetProperty("example.com/leaks").GetProperty("retain/substring");
        Assert.Equal(2, list.GetArrayLength());
        string path = Path.Combine(_folder, "substring_leaky.go");
        Assert.Equal(path + ":22:22", list[0].GetProperty("posn").GetString());
        var edit = list[0].GetProperty("suggested_fixes")[0].GetProperty("edits")[0];
        Assert.Equal(path, edit.GetProperty("filename").GetString());
        Assert.Equal("strings.Clone(", edit.GetProperty("new").GetString());
        Assert.Equal("s[:50]", File.ReadAllText(path)[edit.GetProperty("start").GetInt32()..][..6]);
        Assert.Equal(1, TuzaCommand.Run(["vet", "-C", _folder, "-json", "-exit"]).ExitCode);
    }

    [Fact]
    public void SarifNamesRulesAndPlaces()
    {
        Module("leaks", "defer_leaky.go");
        var result = TuzaCommand.Run(["vet", "-C", _folder, "-sarif", "-"]);
        using var json = System.Text.Json.JsonDocument.Parse(result.Output);
        Assert.Equal("2.1.0", json.RootElement.GetProperty("version").GetString());
        var run = json.RootElement.GetProperty("runs")[0];
        var found = run.GetProperty("results")[0];
        Assert.Equal("DEFERLOOP", found.GetProperty("ruleId").GetString());
        Assert.Equal("DEFERLOOP", run.GetProperty("tool").GetProperty("driver").GetProperty("rules")[found.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString());
        var place = found.GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.Equal("defer_leaky.go", place.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(17, place.GetProperty("region").GetProperty("startLine").GetInt32());
    }
}

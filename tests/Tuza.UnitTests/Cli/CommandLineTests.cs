// The command line: flags in Go's style, compiler flags, and the form in which diagnostics are printed.

using System.Collections.Generic;
using System.Linq;
using Tuza.Cli;
using Tuza.Syntax;
using Xunit;

namespace Tuza.UnitTests.Cli;

public class CommandLineTests
{
    [Fact]
    public void FlagsAreReadAsGoDoes()
    {
        string o = "", tags = "";
        bool v = false;
        Flags flags = new Flags("build").Text("o", s => o = s, "").Text("tags", s => tags = s, "").Bool("v", b => v = b, "");
        Assert.Equal(["x.go", "-o", "arg"], flags.Parse(["-o", "out", "--tags=a,b", "-v", "x.go", "-o", "arg"]));
        Assert.Equal(("out", "a,b", true), (o, tags, v));
        Assert.StartsWith("flag provided but not defined: -z\n", Assert.Throws<UsageException>(() => flags.Parse(["-z"])).Message, System.StringComparison.Ordinal);
        Assert.StartsWith("flag needs an argument: -o\n", Assert.Throws<UsageException>(() => flags.Parse(["-o"])).Message, System.StringComparison.Ordinal);
        Assert.StartsWith("invalid boolean value \"maybe\" for -v: parse error\n", Assert.Throws<UsageException>(() => flags.Parse(["-v=maybe"])).Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public void CompilerFlags()
    {
        GcFlags g = new();
        g.Add("-e -m=2 -l=4 -N -lang=go1.21 -p=some/path -d=il,verify");
        Assert.True(g.AllErrors && g.NoOptimize);
        Assert.Equal((2, 4, "go1.21", "some/path"), (g.Optimizations, g.NoInline, g.Lang, g.PackagePath));
        Assert.Equal(["il", "verify"], g.Debug);
        Assert.Throws<UsageException>(() => new GcFlags().Add("-nosuch"));
    }

    [Fact]
    public void DiagnosticsAreSortedOnceAndTen()
    {
        SourceFile f = new("/w/x.go", "./x.go", []);
        List<Diagnostic> list = [];
        void Add(int line, int col, string text) => list.Add(new Diagnostic(Pos.Make(f.Id, line, col), text));
        Add(3, 1, "late");
        Add(1, 300, "far right");
        Add(2, 5, "syntax error: one");
        Add(2, 9, "syntax error: same line");
        Add(1, 2, "twice");
        Add(1, 2, "twice");
        Assert.Equal("./x.go:1:2: twice\n./x.go:1: far right\n./x.go:2:5: syntax error: one\n./x.go:3:1: late\n", CompileErrors.Format(list, all: false));
        for (int i = 10; i < 30; i++)
            Add(i, 1, "more");
        string ten = CompileErrors.Format(list, all: false);
        Assert.Equal(11, ten.Count(c => c == '\n'));
        Assert.EndsWith("./x.go:15:1: too many errors\n", ten, System.StringComparison.Ordinal);
        Assert.Equal(24, CompileErrors.Format(list, all: true).Count(c => c == '\n'));
    }
}

// The parser: errors in gc's words, positions, hostile input, and the round trip through the printer.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Tuza.Syntax;
using Xunit;

namespace Tuza.UnitTests.Syntax;

public class ParserTests
{
    static (FileNode File, List<string> Errors) Parse(string text, ParseOptions options = default) => Parse(Encoding.UTF8.GetBytes(text), options);

    static (FileNode File, List<string> Errors) Parse(byte[] text, ParseOptions options = default)
    {
        DiagnosticSink sink = new();
        FileNode f = Parser.Parse(new SourceFile("/x.go", "x.go", text), sink, options);
        return (f, [.. sink.List.OrderBy(d => d.Pos).Select(d => $"{d.Pos.Line}:{d.Pos.Column}: {d.Text}")]);
    }

    [Theory]
    [InlineData("package p\nfunc f() { x := }\n", "2:17: syntax error: unexpected }, expected expression")]
    [InlineData("package p\nfunc f()\n{\n}\n", "3:1: syntax error: unexpected semicolon or newline before {")]
    [InlineData("package p\nvar x = 'ab'\n", "2:9: more than one character in rune literal")]
    [InlineData("package p\nvar x = 0b12\n", "2:12: invalid digit '2' in binary literal")]
    [InlineData("package p\nvar x = 1__0\n", "2:11: '_' must separate successive digits")]
    [InlineData("package p\nvar x = \"\\q\"\n", "2:11: unknown escape")]
    [InlineData("package p\nfunc f() { if x = 1 {} }\n", "2:17: syntax error: cannot use assignment x = 1 as value")]
    [InlineData("package p\nfunc f() { L: for { break M } }\n", "2:12: label L defined and not used|2:27: break label not defined: M")]
    [InlineData("package p\nfunc f() { defer (f()) }\n", "2:18: expression in defer must not be parenthesized")]
    [InlineData("package p\ntype T[P any, Q] int\n", "2:16: syntax error: missing type constraint")]
    [InlineData("func f() {}\n", "1:1: syntax error: package statement must be first")]
    [InlineData("package p\n//go:noinline\nvar x int; //go:nosplit\n", "3:14: misplaced compiler directive")]
    public void Errors(string text, string errors) => Assert.Equal(errors.Split('|'), Parse(text).Errors);

    [Fact]
    public void BadBytes()
    {
        Assert.Equal(["1:11: invalid NUL character", "1:12: invalid UTF-8 encoding"], Parse([.. "package p "u8, 0, 0xff, 10]).Errors);
        Assert.Empty(Parse("\ufeffpackage p\n").Errors);
        Assert.Equal(["1:10: invalid BOM in the middle of the file"], Parse("package p\ufeff\n").Errors);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("!", "")]
    [InlineData("[]", "")]
    [InlineData("func() { x = ", "}")]
    [InlineData("T{", "}")]
    public void DeepNestingIsAnErrorNotACrash(string open, string close)
    {
        const int Depth = 300_000;
        StringBuilder b = new("package p\nfunc f() { x = ");
        b.Insert(b.Length, open, Depth).Append('1').Insert(b.Length, close, Depth).Append("}\n");
        Assert.Contains("nesting too deep", Parse(b.ToString()).Errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void LongChainsAreNotNesting()
    {
        StringBuilder b = new("package p\nvar x = 1");
        b.Insert(b.Length, " + 1", 100_000).Append("\nfunc f() { if a {}");
        b.Insert(b.Length, " else if a {}", 50_000).Append(" }\n");
        Assert.Empty(Parse(b.ToString()).Errors);
    }

    [Fact]
    public void DirectivesAndVersion()
    {
        (FileNode f, List<string> errors) = Parse("//go:build go1.21 && linux\n\npackage p\n\n//go:noinline\n//go:linkname a b\nfunc a() {}\n//line y.go:7\nvar v int\n");
        Assert.Empty(errors);
        Assert.Equal("go1.21", f.GoVersion);
        Assert.Equal(["go:noinline", "go:linkname a b"], f.Decls[0].Directives.Select(d => d.Text));
        Assert.Equal("y.go:7", Positions.Text(f.Decls[1].Pos));
    }

    [Fact]
    public void MessagesShowExpressionsShort()
    {
        (FileNode f, _) = Parse("package p\nvar x = g(func(a, b int) (c string) { return }, []T{1, 2}, x.(*T), a[1:2], <-c, struct{a int; b, c string}{})\n");
        Assert.Equal("g(func(a, b int) (c string) {…}, []T{…}, x.(*T), a[1:2], <-c, struct{a int; b, c string}{})",
            ExprPrinter.Text(((VarDecl)f.Decls[0]).Values[0]));
    }

    /// <summary>print(parse(x)) parses to the same tree, for the sources of some packages.</summary>
    [Fact]
    public void RoundTripOfGoroot()
    {
        string? src = new[] { Environment.GetEnvironmentVariable("GOROOT"), "/usr/lib/go-1.27", "/usr/local/go" }
            .Where(r => r != null).Select(r => r + "/src").FirstOrDefault(Directory.Exists);
        if (src == null)
            return;
        foreach (string package in new[] { "fmt", "reflect", "go/types", "net/http", "slices" })
        {
            foreach (string path in Directory.EnumerateFiles(Path.Combine(src, package), "*.go"))
            {
                (FileNode f, List<string> errors) = Parse(File.ReadAllBytes(path), new ParseOptions(IsStd: true));
                Assert.Empty(errors);
                string text = Printer.Text(f);
                (FileNode again, errors) = Parse(text, new ParseOptions(IsStd: true));
                Assert.True(errors.Count == 0, path + ": " + string.Join("\n", errors));
                Assert.Equal(text, Printer.Text(again));
                Assert.Equal(Shape(f), Shape(again));
            }
        }
    }

    static string Shape(Node node)
    {
        StringBuilder b = new();
        Visit(node);
        return b.ToString();

        void Visit(Node n)
        {
            b.Append(n.GetType().Name).Append('(');
            Walk.Children(n, Visit);
            b.Append(')');
        }
    }
}

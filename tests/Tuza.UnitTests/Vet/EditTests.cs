// Edits, diffs, and what findings look like.

using System.Text;
using Tuza.Inspect;
using Tuza.Syntax;
using Tuza.Vet;
using Xunit;

namespace Tuza.UnitTests.Vet;

public class EditTests
{
    static SourceFile File(string text) => new("/src/x.go", "./x.go", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void EditsApplyInOrderAndOnce()
    {
        var file = File("abcdef");
        var results = Edits.Results([new(file, 4, 6, "Z"), new(file, 0, 0, "<"), new(file, 0, 0, "<"), new(file, 1, 2, "")]);
        Assert.Equal("<acdZ", Encoding.UTF8.GetString(Assert.Single(results).Text));
    }

    [Fact]
    public void OverlapsAreSeen()
    {
        var file = File("abcdef");
        Assert.True(Edits.Overlap([new(file, 1, 4, "x")], [new(file, 3, 5, "y")]));
        Assert.False(Edits.Overlap([new(file, 1, 3, "x")], [new(file, 3, 5, "y")]));
        Assert.False(Edits.Overlap([new(file, 1, 3, "x")], [new(file, 1, 3, "x")]));
        Assert.False(Edits.Overlap([new(File("q"), 0, 1, "x")], [new(file, 0, 1, "x")]));
    }

    [Fact]
    public void DiffIsUnified()
    {
        byte[] old = Encoding.UTF8.GetBytes("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), text = Encoding.UTF8.GetBytes("1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
        Assert.Equal("--- x.go\n+++ x.go\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n", Edits.Diff("x.go", old, text));
        Assert.Equal("", Edits.Diff("x.go", old, old));
        byte[] far = Encoding.UTF8.GetBytes("one\n2\n3\n4\n5\n6\n7\n8\nnine\n");
        Assert.Equal("--- x.go\n+++ x.go\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n", Edits.Diff("x.go", old, far));
    }

    [Fact]
    public void FindingsPrintCauseProofAndFix()
    {
        var file = File("a\nb\n");
        Pos at = Pos.Make(file.Id, 2, 1);
        var finding = new Finding(at, at, "SUBSTR", "retain/substring", "keeps s alive\u001b[31m")
        {
            Related = [new(Pos.Make(file.Id, 1, 1), "s is made here")],
            Fix = new Fix("strings.Clone(s[:50])", []),
        };
        Assert.Equal("x.go:2:1: keeps s alive\\x1b[31m [retain/substring]\n\tx.go:1:1: s is made here\n\tx.go:2:1: fix: strings.Clone(s[:50])     (tuza vet -fix)\n", FindingText.Write([finding]));
        Assert.StartsWith("x.go:2:1: note: keeps", FindingText.Write([finding with { Severity = Severity.Note }]));
    }

    [Theory]
    [InlineData("s[1:2 /* ] */]")]
    [InlineData("f(a,\n\tb,\n)")]
    [InlineData("m[k][`x\ny`].f")]
    [InlineData("(x.(T))")]
    [InlineData("[]int{1, 2}[0:1:2]")]
    [InlineData("func(a int) { g() }(1)")]
    public void ExtentsOfExpressionsAreExact(string expr)
    {
        byte[] text = Encoding.UTF8.GetBytes("package p\n\nvar v = " + expr + " // end\n");
        var file = Parser.Parse(new SourceFile("x.go", "x.go", text), new DiagnosticSink());
        Expr value = ((VarDecl)file.Decls[0]).Values[0];
        Assert.Equal(expr, SourceText.Of(value)!.Text(value));
    }
}

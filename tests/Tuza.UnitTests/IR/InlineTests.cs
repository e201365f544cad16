// Decisions of the inliner, read from its messages, and the trees that it leaves.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;
using Printer = Tuza.IR.Printer;
using Walk = Tuza.IR.Walk;

namespace Tuza.UnitTests.IR;

public sealed class InlineTests
{
    sealed class NoImports : IInlineFacts
    {
        public int? CostOf(Function f) => null;
    }

    static (PackageIR IR, List<string> Said, Inliner Inliner) Run(string body, int level = 1)
    {
        var sink = new DiagnosticSink();
        var file = Parser.Parse(new SourceFile("t.go", "t.go", Encoding.UTF8.GetBytes("package p\n" + body)), sink);
        var pkg = Checker.Check("p", [file], new CheckOptions { Complete = false }, sink);
        Assert.Empty(sink.List.Select(d => d.Text));
        var ir = PackageBuilder.Build(pkg, new BuildContext(Sizes.ForArch("amd64")!));
        ir.Diagnostics = new CompileDiagnostics(2);
        var inliner = new Inliner(ir, new NoImports(), level, static _ => false);
        inliner.Run();
        foreach (var f in ir.Functions)
            Assert.Empty(Verifier.Check(f));
        return (ir, ir.Diagnostics.Messages.Select(m => m.Text).ToList(), inliner);
    }

    static string Text(PackageIR ir, string name) => Printer.Print(ir.Functions.Single(f => f.LinkName == name));

    [Theory] // the numbers are gc's
    [InlineData("func f(a, b int) int { return a + b }", 4)]
    [InlineData("func f() {}", 0)]
    [InlineData("func f(a int) int { x := a; return x }", 7)]
    [InlineData("func f() int { var x int; return x }", 6)]
    [InlineData("func f(s []int) []int { return s[0:len(s)] }", 3)]
    [InlineData("func f(a int) int64 { return int64(a) }", 2)]
    [InlineData("func f(a int) uint { return uint(a) }", 3)]
    [InlineData("type S struct{ a, b int }; func f(s *S) *int { return &s.a }", 2)]
    [InlineData("type S struct{ a, b int }; func f(s *S) *int { return &s.b }", 4)]
    [InlineData("func f(m map[int]int, k int) (int, bool) { v, ok := m[k]; return v, ok }", 13)]
    [InlineData("func f() { panic(1) }", 3)]
    public void CostsAreThoseOfGc(string code, int cost) =>
        Assert.Contains(Run(code).Said, s => s.StartsWith($"can inline f with cost {cost} as: "));

    [Theory]
    [InlineData("//go:noinline\nfunc f() {}", "marked go:noinline")]
    [InlineData("func f() { recover() }", "call to recover")]
    [InlineData("func f() { go f() }", "unhandled op GO")]
    [InlineData("func f() { defer f() }", "unhandled op DEFER")]
    [InlineData("func f()", "no function body")]
    [InlineData("func g()\nfunc f() { g(); g() }", "function too complex: cost 118 exceeds budget 80")]
    public void SomeFunctionsAreNeverInlined(string code, string reason) => Assert.Contains("cannot inline f: " + reason, Run(code).Said);

    [Fact]
    public void CallsBecomeBodies()
    {
        var (ir, said, _) = Run("""
            func two(x int) (int, string) { if x > 3 { return x, "big" }; return -x, "small" }
            func f(n int) string { _, s := two(n); return s }
            """);
        Assert.Contains("inlining call to two", said);
        Assert.DoesNotContain("p.two(", Text(ir, "p.f"));
        Assert.Contains("goto", Text(ir, "p.f")); // the first return leaves the body early
    }

    [Fact]
    public void WithoutInliningOnlyDevirtualizes()
    {
        var (ir, said, _) = Run("type I interface{ M() int }; type T int; func (T) M() int { return 1 }; func f() int { var i I = T(1); return i.M() }", 0);
        Assert.Equal(["devirtualizing i.M to T"], said);
        Assert.Contains("p.T.M(", Text(ir, "p.f"));
    }

    [Fact]
    public void InterfacesWithTwoTypesStay()
    {
        var (_, said, _) = Run("""
            type I interface{ M() int }
            type T int
            func (T) M() int { return 1 }
            type U int
            func (U) M() int { return 2 }
            func f(b bool) int { var i I = T(1); if b { i = U(1) }; return i.M() }
            func g(b bool) int { var i I; if b { i = U(1) }; return i.M() }
            """);
        Assert.Equal(["devirtualizing i.M to U"], said.FindAll(s => s.Contains("devirtualizing")));
    }

    [Fact]
    public void RecursionIsInlinedOnce()
    {
        var (ir, said, _) = Run("func r(n int) int { if n == 0 { return 0 }; return n + r(n-1) }\nfunc f() int { return r(3) }");
        Assert.Contains("cannot inline r into f: repeated recursive cycle", said);
        Assert.Contains("p.r(", Text(ir, "p.f"));
    }

    [Fact]
    public void ALiteralThatIsCalledOnceMayBeBig()
    {
        const string Calls = "g(); g(); g(); g()";
        var (_, once, _) = Run($"func g()\nfunc f() {{ h := func() {{ {Calls} }}; h() }}");
        var (_, twice, _) = Run($"func g()\nfunc f() {{ h := func() {{ {Calls} }}; h(); h() }}");
        Assert.Contains("inlining call to f.func1", once);
        Assert.DoesNotContain("inlining call to f.func1", twice);
    }

    [Fact]
    public void CopiesOfLiteralsKeepTheirNames()
    {
        var (ir, _, _) = Run("func mk(n int) func() int { return func() int { n++; return n } }\nvar a, b = mk(1), mk(2)\nfunc f() { g(mk(1)); g(mk(2)) }\nfunc g(func() int)");
        var copies = ir.Functions.FindAll(l => l.IsClosure && l.Outer?.LinkName == "p.f");
        Assert.Equal(2, copies.Select(c => c.LinkName).Distinct().Count());
        Assert.All(copies, c => Assert.Equal("p.mk.func1", Names.Shown(c.LinkName)));
    }

    [Fact]
    public void PositionsLeadToTheCall()
    {
        var (ir, _, _) = Run("func at(s []int) int {\n\treturn s[0]\n}\nfunc mid(s []int) int {\n\treturn at(s)\n}\nfunc f(s []int) int {\n\treturn mid(s)\n}\n");
        IndexNode? index = null;
        Walk.Preorder(ir.Functions.Single(f => f.LinkName == "p.f").Body!, e =>
        {
            index ??= e as IndexNode;
            return true;
        }, null);
        Assert.NotNull(index);
        Assert.Equal(3, index.Pos.Line);
        Assert.Equal(("p.at", 6), (index.Pos.Inlined!.Function, index.Pos.Inlined.At.Line));
        Assert.Equal(("p.mid", 9), (index.Pos.Inlined.At.Inlined!.Function, index.Pos.Outermost.Line));
    }

    [Fact]
    public void FactsAreForImporters()
    {
        var facts = new InlineFacts(Run("func f() int { return 1 }\nfunc g() { recover() }\ntype T struct{}\nfunc (*T) M(x int) int { return x }").Inliner.Write());
        Assert.Equal(2, facts.CostOf("p.f"));
        Assert.Equal(2, facts.CostOf("p.(*T).M"));
        Assert.Null(facts.CostOf("p.g"));
    }
}

// Lowering: small functions as low-level text; everything that is lowered is verified.

using System.Linq;
using System.Text;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;

namespace Tuza.UnitTests.IR;

public sealed class LowerTests
{
    static PackageIR Build(string body)
    {
        var sink = new DiagnosticSink();
        var file = Parser.Parse(new SourceFile("t.go", "t.go", Encoding.UTF8.GetBytes("package p\n" + body)), sink);
        var pkg = Checker.Check("p", [file], new CheckOptions { Complete = false }, sink);
        Assert.Empty(sink.List.Select(d => d.Text));
        var ir = PackageBuilder.Build(pkg, new BuildContext(Sizes.ForArch("amd64")!));
        EscapeAnalysis.Run(ir.Functions, null);
        return ir;
    }

    /// <summary>The text of p.f without its first line.</summary>
    static string Lower(string body)
    {
        var ir = Build(body);
        var lowerer = new Lowerer(ir);
        string text = "";
        foreach (var f in ir.Functions.ToList())
        {
            if (f.Body == null)
                continue;
            var low = lowerer.Lower(f);
            Assert.Empty(LowVerifier.Check(low));
            if (f.LinkName == "p.f")
                text = LowPrinter.Print(low);
        }
        while (lowerer.Generated.TryDequeue(out var made))
            Assert.Empty(LowVerifier.Check(made));
        return text[(text.IndexOf('\n') + 1)..].ReplaceLineEndings("\n");
    }

    [Fact]
    public void SmallStructsAreScalars()
    {
        string text = Lower("type T struct{ x, y int }\nfunc f(a, b int) T { t := T{x: a, y: b}; t.y += t.x; return t }");
        Assert.DoesNotContain("slot", text, System.StringComparison.Ordinal);
        Assert.DoesNotContain("store", text, System.StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("for x != 0 { n += int(x & -x); x &= x - 1 }", false)]
    [InlineData("for ; x != 0; x = x & (x - 1) { n++ }", false)]
    [InlineData("for x != 0 { n++; x = x & (x - 2) }", true)]
    [InlineData("for x != 0 { if n > 3 { x &= x - 1 }; n++ }", true)]
    [InlineData("for x != 0 { x &= x - 1; if n > 3 { x |= 8 }; n++ }", true)]
    [InlineData("for n < 9 { x &= x - 1; n += int(x) }", true)]
    public void LoopsThatTakeBitsFromAWordHaveNoPoll(string loop, bool polled)
    {
        string text = Lower("func f(x uint64, n int) int { " + loop + "; return n }");
        Assert.Equal(polled, text.Contains("loop", System.StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("return &T{p: q, n: 1}", 0)]
    [InlineData("return &T{p: q, t: &T{p: q}}", 0)]
    [InlineData("return &T{t: f(q, t), p: q}", 0)]
    [InlineData("x := T{p: q}; return &x", 0)]
    [InlineData("x := new(T); x.p = q; return x", 0)]
    [InlineData("x := new(T); x.p = q; y := x; y.t = t; return x", 0)]
    [InlineData("x := new(T); y := x; t.n++; y.p = q; return x", 0)]
    [InlineData("x := new(T); f(q, nil); x.p = q; return x", 1)]
    [InlineData("x := new(T); *sink = x; x.p = q; return x", 2)]
    [InlineData("x := new(T); y := x; *sink = y; x.p = q; return x", 2)]
    [InlineData("x := new(T); x.t = x; *sink = x.t; x.p = q; return x", 2)]
    [InlineData("x := new(T); for i := 0; i < t.n; i++ { x.p = q }; return x", 1)]
    [InlineData("t.p = q; return t", 1)]
    public void StoresIntoObjectsThatNobodyElseKnowsHaveNoBarrier(string body, int barriers)
    {
        string text = Lower("var sink **T\ntype T struct{ p *int; t *T; n int }\n//go:noinline\nfunc f(q *int, t *T) *T { " + body + " }");
        Assert.Contains("store.ptr", text, System.StringComparison.Ordinal);
        Assert.Equal(barriers, text.Split(" barrier").Length - 1);
    }

    [Fact]
    public void VariablesAreReadAfterCallsOfTheSameStatement()
    {
        string text = Lower("var x int\nfunc g() int { x++; return x }\n//go:noinline\nfunc f() int { return x + g() }");
        Assert.True(text.IndexOf("call p.g", System.StringComparison.Ordinal) < text.IndexOf("load.i64 [&p.x]", System.StringComparison.Ordinal), text);
    }

    [Fact]
    public void AssignmentsInParallelReadFirst()
    {
        string text = Lower("func f(a []int, i, j int) { a[i], a[j] = a[j], a[i] }");
        Assert.Contains("= load.i64 [add.ptr(a.0, mul.i64(i.3, 8))]\n", text, System.StringComparison.Ordinal);
        Assert.Equal(2, text.Split("check ltu").Length - 1);
    }

    [Fact]
    public void LoopsOverTheLengthNeedNoChecks()
    {
        Assert.DoesNotContain("check", Lower("func f(s []int) (t int) { n := len(s); for i := 0; i < n; i++ { t += s[i] }; return t }"), System.StringComparison.Ordinal);
        Assert.DoesNotContain("check", Lower("func f(s string) (t byte) { for i := range len(s) { t += s[i] }; return t }"), System.StringComparison.Ordinal);
        Assert.Contains("check", Lower("func f(s []int) (t int) { for i := 0; i < len(s); i++ { i--; t += s[i] }; return t }"), System.StringComparison.Ordinal);
        Assert.Equal(1, Lower("func f(b []byte) uint32 { _ = b[3]; return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[3]) }").Split("check").Length - 1);
    }

    [Fact]
    public void SlicesAssignedToThemselvesStoreWhatChanges()
    {
        const string T = "type T struct { s []*int }\n";
        string text = Lower(T + "func f(t *T, n int) { t.s = t.s[:n] }");
        Assert.Contains("store.i64 [t.0+8]", text, System.StringComparison.Ordinal);
        Assert.Equal(1, text.Split("store").Length - 1);
        text = Lower(T + "func f(t *T, p *int) { t.s = append(t.s, p) }");
        Assert.True(text.IndexOf("store.ptr [t.0]", System.StringComparison.Ordinal) is var grown and > 0
            && grown < text.IndexOf("b2:\n", System.StringComparison.Ordinal), text);
        Assert.Equal(4, text.Split("store").Length - 1);
        text = Lower(T + "func f(t, u *T, n int) { t.s = u.s[:n]; t.s = t.s[n:] }");
        Assert.Equal(6, text.Split("store").Length - 1);
    }

    [Fact]
    public void ShiftsHaveGosMeaning()
    {
        Assert.Contains("select(ltu(n.1, 32), shl.i32(x.0, and.i32(conv.i32(n.1), 31)), 0)", Lower("func f(x int32, n uint) int32 { return x << n }"), System.StringComparison.Ordinal);
        Assert.Contains("return shl.i32(x.0, conv.i32(and.u64(n.1, 31)))", Lower("func f(x int32, n uint) int32 { return x << (n & 31) }"), System.StringComparison.Ordinal);
        Assert.Contains("runtime.panicshift", Lower("func f(x int32, n int) int32 { return x << n }"), System.StringComparison.Ordinal);
    }

    [Fact]
    public void ResultsOfDeferringFunctionsLiveInMemory()
    {
        string text = Lower("func g()\nfunc f() (r int) { defer g(); r = 1; return 2 }");
        Assert.Contains("slot r.s0 8 addressed", text, System.StringComparison.Ordinal);
        Assert.Contains("deferreturn\n", text, System.StringComparison.Ordinal);
        Assert.Contains("return load.i64 [&r.s0]", text, System.StringComparison.Ordinal);
    }

    [Fact]
    public void MapsOfSimpleKeysUseFastVariants()
    {
        Assert.Contains("runtime.mapaccess1_faststr", Lower("func f(m map[string]int, b []byte) int { return m[string(b)] }"), System.StringComparison.Ordinal);
        Assert.Contains("runtime.mapassign_fast64ptr", Lower("func f(m map[*int]int, k *int) { m[k]++ }"), System.StringComparison.Ordinal);
        Assert.Contains("call runtime.mapaccess2(", Lower("func f(m map[float64]int, k float64) bool { _, ok := m[k]; return ok }"), System.StringComparison.Ordinal);
    }

    [Fact]
    public void NilIsCheckedOnce()
    {
        string text = Lower("type T struct{ a, b, c, d, e int }\nfunc f(p *T) int { p.a = 1; if p.b > 0 { return p.c }; return p.d }");
        Assert.Equal(1, text.Split("nilcheck").Length - 1);
    }

    [Fact]
    public void BitsOfFloatsNeedNoMemory()
    {
        Assert.Equal("b0:\n  return bits.u64(x.0)\n", Lower("import \"unsafe\"\nfunc f(x float64) uint64 { return *(*uint64)(unsafe.Pointer(&x)) }"));
    }

    [Fact]
    public void EqualityAndHashOfTypes()
    {
        var ir = Build("type T struct { a, b int32; s string; _ int; f float64; e any }\nvar x T");
        var lowerer = new Lowerer(ir);
        var t = ir.Globals.Single(g => g.LinkName == "p.x").Type;
        foreach (var made in new[] { lowerer.TypeFuncs.Equal(t), lowerer.TypeFuncs.Hash(t) })
            Assert.Empty(LowVerifier.Check(made));
        string hash = LowPrinter.Print(lowerer.TypeFuncs.Hash(t));
        Assert.Contains("runtime.memhash(p0.0, ", hash, System.StringComparison.Ordinal);
        Assert.Contains("runtime.strhash", hash, System.StringComparison.Ordinal);
        Assert.Contains("runtime.nilinterhash", hash, System.StringComparison.Ordinal);
        Assert.Same(lowerer.TypeFuncs.Equal(Universe.Int), lowerer.TypeFuncs.Equal(new PointerType(t)));
    }

    [Theory]
    [InlineData("struct{ a, b, c, d int }", 4)]
    [InlineData("struct{ a, b, c, d, e int }", -1)]
    [InlineData("[1]struct{ s string; e any }", 4)]
    [InlineData("[2]byte", -1)]
    [InlineData("struct{ x [0]int; y struct{} }", 0)]
    [InlineData("complex64", 2)]
    public void FlattenedTypes(string type, int scalars)
    {
        var flat = Flatten.Of(Build("var x " + type).Globals.Single(g => g.LinkName == "p.x").Type);
        Assert.Equal(scalars < 0, flat.IsMemory);
        if (scalars >= 0)
            Assert.Equal(scalars, flat.Scalars.Length);
    }
}

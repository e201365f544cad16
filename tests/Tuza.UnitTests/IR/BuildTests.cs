// Trees from typed syntax: each test is a small package; its trees are verified, and looked at as text where the shape matters.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;
using Printer = Tuza.IR.Printer;

namespace Tuza.UnitTests.IR;

public sealed class BuildTests
{
    static PackageIR Build(string body)
    {
        var sink = new DiagnosticSink();
        var file = Parser.Parse(new SourceFile("t.go", "t.go", Encoding.UTF8.GetBytes("package p\n" + body)), sink);
        var pkg = Checker.Check("p", [file], new CheckOptions { Complete = false }, sink);
        Assert.Empty(sink.List.Select(d => d.Text));
        var ir = PackageBuilder.Build(pkg, new BuildContext(Sizes.ForArch("amd64")!));
        foreach (var f in ir.Functions)
        {
            Assert.Empty(Verifier.Check(f));
            if (f.IsClosure)
                continue;
            var literals = new List<Function>();
            var copy = TreeCopy.WholeFunction(f, literals);
            Assert.Equal(Printer.Print(f), Printer.Print(copy));
            foreach (var c in literals.Append(copy))
                Assert.Empty(Verifier.Check(c));
        }
        return ir;
    }

    static string Text(PackageIR ir, string name) => Printer.Print(ir.Functions.Single(f => f.LinkName == name));
    static Global Var(PackageIR ir, string name) => ir.Globals.Single(g => g.LinkName == name);

    [Fact]
    public void CapturesByValueOnlyWhatNeverChanges()
    {
        var ir = Build("""
            func f(a, b int) func() int {
                c, d := 1, 2
                p := &d
                return func() int { b++; return a + b + c + d + *p }
            }
            """);
        Assert.Contains("captures &b int, a int, c int, &d int, p *int", Text(ir, "p.f.func1"));
    }

    [Fact]
    public void LoopVariablesAreFreshOnlyWhenCaptured()
    {
        var ir = Build("func f() { var g []func(); for i, j := 0, 9; i < j; i++ { g = append(g, func() { _ = i }) } }");
        Assert.Contains("// per iteration: i\n", Text(ir, "p.f"));
    }

    [Fact]
    public void NamesOfLiteralsInstancesAndWrappers()
    {
        var ir = Build("""
            type T struct{ *U }
            type U struct{}
            func (U) M() {}
            func g[X any](x X) func() X { return func() X { return x } }
            type L[E any] struct{ e E }
            func (l *L[E]) Get() E { return l.e }
            func f() {
                func() { func() {}() }()
                go println(1)
                defer println(2)
                g(T{})
                l := &L[string]{}
                h := l.Get
                _ = h
            }
            func init() {}
            func init() {}
            """);
        var names = ir.Functions.Select(f => f.LinkName).ToHashSet();
        Assert.Superset(new HashSet<string>
        {
            "p.f.func1", "p.f.func1.1", "p.f.gowrap1", "p.f.deferwrap2", "p.g[p.T]", "p.g[p.T].func1", "p.(*L[string]).Get", "p.(*L[string]).Get-fm",
            "p.init.0", "p.init.1", "p.T.M", "p.(*T).M", "p.(*U).M",
        }, names);
    }

    [Fact]
    public void LocalTypesDifferBetweenInstances()
    {
        var ir = Build("func g[X any]() any { type t struct{ x int }; return t{} }\nfunc f() { _, _ = g[int](), g[string]() }");
        // Messages call both p.t; as types of the program they differ.
        Assert.NotEqual(LinkNameOfReturned(ir, "p.g[int]"), LinkNameOfReturned(ir, "p.g[string]"));

        static string LinkNameOfReturned(PackageIR ir, string function)
        {
            var body = ir.Functions.Find(f => f.LinkName == function)!.Body!;
            var boxed = (ConvNode)((ReturnNode)body[^1]).Values[0];
            return TypeWriter.LinkName(boxed.X.Type);
        }
    }

    [Fact]
    public void MethodsOfTypeParametersBecomeStaticOrDynamicCalls()
    {
        var ir = Build("""
            type I interface{ M() int }
            type A int
            func (a *A) M() int { return int(*a) }
            type B struct{ *A }
            func call[X I](x X) int { return x.M() }
            func f(a *A, b B, i I) int { return call(a) + call(b) + call(i) }
            """);
        Assert.Contains("return p.(*A).M(x)", Text(ir, "p.call[*p.A]"));
        Assert.Contains("return p.(*A).M(x.A)", Text(ir, "p.call[p.B]"));
        Assert.Contains("return x.M()", Text(ir, "p.call[p.I]"));
    }

    [Fact]
    public void StaticValuesNeedNoCode()
    {
        var ir = Build("""
            type E struct{ s string }
            func (e *E) Error() string { return e.s }
            func mk(s string) error { return &E{s} }
            var a = []int{1, 2, 3}
            var b = &a
            var c = a
            var d = map[string]int{}
            var e = mk("x")
            var f = func() int { return 1 }
            var g any = 7
            var h = [2]struct{ x float64; p *int }{{1.5, nil}, {2, &k[1]}}
            var k [2]int
            var i = undone()
            var j = c
            func undone() int { return a[0] }
            """);
        string init = Text(ir, "p.init");
        Assert.Contains("p.d = map[string]int{}", init);
        Assert.Contains("p.i = p.undone()", init);
        Assert.Contains("p.j = p.c", init); // the call before it could have changed c
        Assert.Equal(3, init.Split('\n').Count(l => l.Contains(" = ")));
        Assert.Same(Var(ir, "p.a").Init!.Relocs[0].Target, Var(ir, "p.c").Init!.Relocs[0].Target);
        Assert.IsType<ItabKey>(Var(ir, "p.e").Init!.Relocs[0].Target);
        Assert.IsType<Function>(Var(ir, "p.f").Init!.Relocs.Single().Target);
        Assert.Equal(new Reloc(24, Var(ir, "p.k"), 8), Var(ir, "p.h").Init!.Relocs.Single());
        Assert.Equal(1.5, System.BitConverter.ToDouble(Var(ir, "p.h").Init!.Bytes));
    }

    [Fact]
    public void BigLiteralsHaveImages()
    {
        var ir = Build("func f() ([]string, []*int) { return []string{\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"}, []*int{new(int), nil, nil, nil, nil, nil, nil, nil} }");
        Assert.Single(ir.Globals, g => g.ReadOnly);
    }

    [Fact]
    public void JumpsOutOfLoopsOverFunctions()
    {
        var ir = Build("""
            func seq(yield func(int) bool) {}
            func f() (r int) {
            outer:
                for x := range seq {
                    for y := range seq {
                        switch {
                        case y == 1: continue outer
                        case y == 2: break outer
                        case y == 3: return x
                        case y == 4: goto end
                        case y == 5: continue
                        case y == 6: break
                        }
                        defer println(y)
                    }
                }
            end:
                return 0
            }
            """);
        string body = Text(ir, "p.f-range1-range1");
        Assert.Contains("^#next = 1\n", body);
        Assert.Contains("^#next = 2\n", body);
        Assert.Contains("^#next = -1\n", body);
        Assert.Contains("^#next = -2\n", body);
        Assert.Contains("at ^#defers", body);
        string f = Text(ir, "p.f");
        Assert.Contains("goto end", f);
        Assert.Contains("#defers := runtime.deferrangefunc()", f);
    }

    [Fact]
    public void SeveralResultsPassThroughTemporaries()
    {
        var ir = Build("""
            func two() (int, string) { return 1, "" }
            func any2(...any) {}
            func f(m map[int]bool) (a any, s string) {
                any2(two())
                if v, ok := m[1]; v && ok { return two() }
                x, y := two()
                _, _ = x, y
                return
            }
            """);
        Assert.Contains("interface{}<ToInterface>(.autotmp_", Text(ir, "p.f"));
    }

    [Fact]
    public void TypedNilIsNotNilInAnInterface()
    {
        var ir = Build("type T int\nfunc f() any { return (*T)(nil) }\nfunc g() any { return nil }");
        Assert.Contains("<ToInterface>", Text(ir, "p.f"));
        Assert.Contains("return nil", Text(ir, "p.g"));
    }
}

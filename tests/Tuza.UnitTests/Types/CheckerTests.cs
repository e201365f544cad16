// The checker: messages as gc words them, initialisation order, and a record that leaves no expression out.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;

namespace Tuza.UnitTests.Types;

public sealed class CheckerTests
{
    const string Many = """
        import "unsafe"

        type List[T any] struct { head *node[T]; size int }
        type node[T any] struct { v T; next *node[T] }

        func (l *List[T]) Push(v T) { l.head = &node[T]{v: v, next: l.head}; l.size++ }
        func (l *List[T]) All() func(yield func(int, T) bool) {
            return func(yield func(int, T) bool) {
                i := 0
                for n := l.head; n != nil; n = n.next {
                    if !yield(i, n.v) { return }
                    i++
                }
            }
        }

        func Map[S ~[]E, E, R any](s S, f func(E) R) (r []R) {
            for _, e := range s { r = append(r, f(e)) }
            return
        }

        type Shape interface { Area() float64 }
        type Sq struct { Shape; side float64 }
        func (s Sq) Area() float64 { return s.side * s.side }

        const ( A = 1 << iota; B; C )
        var big = uint64(1<<63 - 1 + 1<<63)
        var m = map[string][]int{"a": {1, 2}, "b": nil}

        func Use(x any, c chan int, s uint) (n int, err error) {
            var l List[string]
            l.Push("x")
            for i, v := range l.All() { n += i + len(v) }
            for i := range 3 { n += i << s }
            switch y := x.(type) {
            case int, string: _ = y
            case Shape: n += int(y.Area())
            case nil: n++
            }
            if v, ok := m["a"]; ok && len(v) > 0 { n = v[0] }
            select { case v := <-c: n = v; default: }
            q := Map([]int{1, 2, 3}, func(i int) string { return string(rune(i)) })
            n += len(q) + int(unsafe.Sizeof(l)) + min(n, 2, 3)
            f := Sq.Area
            n += int(f(Sq{side: 2.5})) + int(1.0<<s)
            p := new(42)
            defer func() { recover() }()
            return n + *p, nil
        }
        """;

    [Theory]
    [InlineData("func f() { x := 1 }", "declared and not used: x")]
    [InlineData("func f() { return 1 }", "too many return values\n\thave (number)\n\twant ()")]
    [InlineData("func f() int { for {} }\nfunc g() int { }", "missing return")]
    [InlineData("var x int = \"a\"", "cannot use \"a\" (untyped string constant) as int value in variable declaration")]
    [InlineData("var x uint8 = 256", "cannot use 256 (untyped int constant) as uint8 value in variable declaration (overflows)")]
    [InlineData("type T struct { t T }", "invalid recursive type: T refers to itself")]
    [InlineData("var a = b\nvar b = c\nvar c = f()\nfunc f() int { return a }",
        "initialization cycle for a\n\tx.go:2:5: a refers to b\n\tx.go:3:5: b refers to c\n\tx.go:4:5: c refers to f\n\tx.go:5:6: f refers to a")]
    [InlineData("type I interface { M() }\ntype T int\nfunc (*T) M() {}\nvar _ I = T(0)",
        "cannot use T(0) (constant 0 of int type T) as I value in variable declaration: T does not implement I (method M has pointer receiver)")]
    [InlineData("func f[T int | string](x T) {}\nvar _ = f[bool]", "bool does not satisfy int | string (bool missing in int | string)")]
    [InlineData("func f(x int, y ...string) {}\nfunc g() { f(\"a\") }", "cannot use \"a\" (untyped string constant) as int value in argument to f")]
    [InlineData("func f() { switch 1 { case 1, 2, 1: } }", "duplicate case 1 (constant of type int) in expression switch\n\tx.go:2:28: previous case")]
    [InlineData("var x = y", "undefined: y")]
    [InlineData("func f[T any]() { f[*T]() }", "instantiation cycle:\n\tx.go:2:21: T instantiated as *T")]
    [InlineData("func f()", "missing function body")]
    public void MessagesAreGcs(string source, string message) => Assert.Equal([message], Snippet.Errors(source));

    [Fact]
    public void EveryExpressionHasAType()
    {
        Package pkg = Snippet.Ok(Many);
        AssertComplete(pkg);
    }

    [Fact]
    public void BodiesCanWait()
    {
        var sink = new DiagnosticSink();
        FileNode file = Parser.Parse(new SourceFile("x.go", "x.go", Encoding.UTF8.GetBytes("package p\n" + Many)), sink);
        Package pkg = Checker.Check("p", [file], new CheckOptions { IgnoreFuncBodies = true }, sink);
        int before = pkg.Info.Types.Count;
        Checker.CheckBody((Func)pkg.Scope.Lookup("Map")!, sink);
        int after = pkg.Info.Types.Count;
        Assert.True(after > before);
        Checker.CheckBody((Func)pkg.Scope.Lookup("Map")!, sink);
        Assert.Equal(after, pkg.Info.Types.Count);
        pkg.Checker!.CheckBodies(sink);
        Assert.Empty(sink.List);
        AssertComplete(pkg);
        Assert.Equal(["big", "m"], pkg.Info.InitOrder.Select(i => i.Lhs[0].Name));
    }

    [Fact]
    public void VariablesAreSortedByDependencies()
    {
        Package pkg = Snippet.Ok("""
            var a = f()
            var b = 1
            var c, d = g()
            var e = func() int { return a }()
            func f() int { return h() + d }
            func h() int { return b }
            func g() (int, int) { return func() int { return b }(), 2 }
            """);
        Assert.Equal(["b", "c", "a", "e"], pkg.Info.InitOrder.Select(i => i.Lhs[0].Name));
    }

    [Fact]
    public void LanguageVersionsAreObeyed()
    {
        var sink = new DiagnosticSink();
        FileNode file = Parser.Parse(new SourceFile("x.go", "x.go", "package p\nfunc f[T any]() {}"u8.ToArray()), sink);
        Checker.Check("p", [file], new CheckOptions { GoVersion = "go1.17" }, sink);
        Assert.Equal("type parameter requires go1.18 or later (-lang was set to go1.17; check go.mod)", sink.List[0].Text);
    }

    [Fact]
    public void BadProgramsAreReportedNotCrashedOn()
    {
        string[] words = Many.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var random = new Random(42);
        for (int i = 0; i < 200; i++)
        {
            var text = new List<string>(words);
            for (int n = random.Next(1, 4); n > 0; n--)
                text[random.Next(text.Count)] = words[random.Next(words.Length)];
            Snippet.Check(string.Join(' ', text).Replace("{ ", "{\n").Replace(" }", "\n}\n").Replace("; ", "\n"), out _);
        }
    }

    static void AssertComplete(Package pkg)
    {
        var missing = new List<string>();
        foreach (FileNode file in pkg.Files)
            Walk.Tree(file, node =>
            {
                switch (node)
                {
                    case ImportDecl or BranchStmt or LabeledStmt:
                        return false;
                    case Ident id when id.Name != "_" && !pkg.Info.Defs.ContainsKey(id) && !pkg.Info.Uses.ContainsKey(id):
                        missing.Add($"{id.Pos} {id.Name}");
                        break;
                    case BinaryExpr or CallExpr or SelectorExpr or IndexExpr or CompositeLit or StarExpr or UnaryExpr or TypeAssertExpr:
                        if (!pkg.Info.Types.TryGetValue((Expr)node, out TypeAndValue tv))
                            missing.Add($"{node.Pos} {node.GetType().Name}");
                        else if (Predicates.IsUntyped(tv.Type) && !tv.IsConst)
                            missing.Add($"{node.Pos} untyped");
                        break;
                }
                return true;
            });
        Assert.Empty(missing);
    }
}

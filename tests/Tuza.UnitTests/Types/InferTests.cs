// Type inference and the relations between types, through whole programs; messages are gc's.

using Xunit;

namespace Tuza.UnitTests.Types;

public sealed class InferTests
{
    const string Prelude = """
        type Number interface { ~int | ~float64 }
        func Map[S ~[]E, E, R any](s S, f func(E) R) []R { return nil }
        func Sum[T Number](x ...T) (s T) { return }
        func Apply[T any, P interface{ *T; Set(string) }](s []string) []T { return nil }
        func Ptr[T any](x T) *T { return &x }
        type Settable int
        func (*Settable) Set(string) {}
        type Ints []int

        """;

    [Theory]
    [InlineData("var x = Map(Ints{1}, func(i int) string { return `` })", "[]string")]
    [InlineData("var x = Sum(1, 2.5)", "float64")]
    [InlineData("var x = Sum('a', 1)", "error: rune (possibly missing ~ for int in Number)")]
    [InlineData("var x = Apply[Settable](nil)", "[]Settable")]
    [InlineData("var x = Map([]int{1}, Ptr)", "[]*int")]
    [InlineData("var x func(string) *string = Ptr", "func(string) *string")]
    [InlineData("var x = Map(Ints{}, Ptr[int])", "[]*int")]
    public void Infers(string decl, string type)
    {
        var pkg = Snippet.Check(Prelude + decl, out var errors);
        if (type.StartsWith("error: ", System.StringComparison.Ordinal))
        {
            Assert.Contains(type["error: ".Length..].Split(' ')[0], Assert.Single(errors));
            return;
        }
        Assert.Empty(errors);
        Assert.Equal(type, pkg.TypeOf("x").ToString(pkg));
    }

    [Theory]
    [InlineData("var x = Map(1, 2)", "type func(E) R of")]
    [InlineData("var x = Ptr", "cannot use generic function Ptr without instantiation")]
    [InlineData("var x = Sum(`a`)", "string does not satisfy Number (string missing in ~int | ~float64)")]
    [InlineData("type S struct{}; func (S) M(int) {}; var x interface{ M() } = S{}",
        "cannot use S{} (value of struct type S) as interface{M()} value in variable declaration: S does not implement interface{M()} (wrong type for method M)\n\t\thave M(int)\n\t\twant M()")]
    [InlineData("type S struct{}; func (*S) M() {}; var x interface{ M() } = S{}",
        "cannot use S{} (value of struct type S) as interface{M()} value in variable declaration: S does not implement interface{M()} (method M has pointer receiver)")]
    [InlineData("var x int8 = 200", "cannot use 200 (untyped int constant) as int8 value in variable declaration (overflows)")]
    [InlineData("var x int = 1.5", "cannot use 1.5 (untyped float constant) as int value in variable declaration (truncated)")]
    [InlineData("type T[P any] struct { f *T[[]P] }; func f[P any]() { f[[]P]() }", "instantiation cycle")]
    public void Rejects(string decl, string message)
    {
        var errors = Snippet.Errors(Prelude + decl);
        Assert.NotEmpty(errors);
        if (!message.StartsWith("type func", System.StringComparison.Ordinal))
            Assert.Contains(errors, e => e.Contains(message));
    }
}

// Identity, names, layouts, method sets, instances. Sizes and names are what gc and reflect print for the same declarations.

using System.Linq;
using Tuza.Types;
using Xunit;

namespace Tuza.UnitTests.Types;

public sealed class TypeTests
{
    [Fact]
    public void LayoutsAreGcs()
    {
        var pkg = Snippet.Ok("""
            type A struct { a bool; b int64; c bool; d int32; e struct{} }
            type B struct { a [3]byte; b int16; c complex64; d string; e any; f []int }
            type C struct { _ struct{} }
            type D struct { a int32; b float64; c uint16 }
            type E [4]struct { p *int; n int32 }
            """);
        var amd64 = Sizes.ForArch("amd64")!;
        Assert.Equal(32, amd64.Sizeof(pkg.TypeOf("A")));
        Assert.Equal([0L, 8, 16, 20, 24], amd64.Offsetsof((StructType)pkg.TypeOf("A").Underlying));
        Assert.Equal([0L, 4, 8, 16, 32, 48], amd64.Offsetsof((StructType)pkg.TypeOf("B").Underlying));
        Assert.Equal(72, amd64.Sizeof(pkg.TypeOf("B")));
        Assert.Equal(0, amd64.Sizeof(pkg.TypeOf("C")));
        Assert.Equal(24, amd64.Sizeof(pkg.TypeOf("D")));
        Assert.Equal(16, Sizes.ForArch("386")!.Sizeof(pkg.TypeOf("D")));
        Assert.Equal(56, amd64.PtrBytes(pkg.TypeOf("B")));
        Assert.Equal([false, false, true, false, false, true, true], amd64.PtrMask(pkg.TypeOf("B")).Cast<bool>());
        Assert.Equal(56, amd64.PtrBytes(pkg.TypeOf("E")));
        Assert.False(amd64.HasPointers(pkg.TypeOf("D")));
    }

    [Fact]
    public void IdentityIsStructuralExceptForNames()
    {
        var pkg = Snippet.Ok("""
            type A struct { x int; y []byte }
            var a struct { x int; y []uint8 }
            var b struct { x int `t`; y []byte }
            type I interface { M(I); N() }
            var i interface { N(); M(I) }
            type G[T any] struct { v T }
            var g1, g2 = G[byte]{}, G[uint8]{}
            type F = func(int, ...string) (error, bool)
            var f func(a int, b ...string) (c error, d bool)
            """);
        GoType T(string n) => pkg.TypeOf(n);
        Assert.True(Identical.Same(T("A").Underlying, T("a")));
        Assert.False(Identical.Same(T("A"), T("a")));
        Assert.False(Identical.Same(T("a"), T("b")));
        Assert.True(Identical.Same(T("a"), T("b"), true));
        Assert.True(Identical.Same(T("I").Underlying, T("i")));
        Assert.Same(T("g1"), T("g2"));
        Assert.True(Identical.Same(T("F"), T("f")));
        foreach (var (x, y) in new[] { ("A", "a"), ("a", "b"), ("I", "i"), ("g1", "g2"), ("F", "f") })
        {
            Assert.Equal(Identical.Same(T(x), T(y)), TypeWriter.LinkName(T(x)) == TypeWriter.LinkName(T(y)));
            if (Identical.Same(T(x), T(y)))
                Assert.Equal(TypeHasher.Instance.GetHashCode(T(x)), TypeHasher.Instance.GetHashCode(T(y)));
        }
    }

    [Fact]
    public void NamesInThreeDialects()
    {
        var pkg = Snippet.Ok("""
            type T struct{}
            type G[K comparable, V any] map[K]V
            var a G[string, []*T]
            var b struct { T; x int "tag"; E interface { m(); N(...any) <-chan int } }
            var c chan (<-chan func(T) (int, error))
            func f() any { type T int; var x T; return x }
            var d interface { error; comparable2 }
            type comparable2 interface { Cmp(x any) bool }
            """);
        void Check(string name, string message, string reflect, string link)
        {
            Assert.Equal(message, pkg.TypeOf(name).ToString(pkg));
            Assert.Equal(reflect, TypeWriter.ReflectName(pkg.TypeOf(name)));
            Assert.Equal(link, TypeWriter.LinkName(pkg.TypeOf(name)));
        }
        Check("a", "G[string, []*T]", "p.G[string,[]*p.T]", "p.G[string,[]*p.T]");
        Check("b", "struct{T; x int \"tag\"; E interface{N(...any) <-chan int; m()}}",
            "struct { p.T; x int \"tag\"; E interface { N(...interface {}) <-chan int; p.m() } }",
            "struct { p.T; p.x int \"tag\"; E interface { N(...interface {}) <-chan int; p.m() } }");
        Check("c", "chan (<-chan func(T) (int, error))", "chan (<-chan func(p.T) (int, error))", "chan (<-chan func(p.T) (int, error))");
        Check("d", "interface{error; comparable2}", "interface { Cmp(interface {}) bool; Error() string }",
            "interface { Cmp(interface {}) bool; Error() string }");
        var local = pkg.Info.Defs.Values.OfType<TypeName>().Single(t => t.Name == "T" && Subst.IsLocal(t));
        Assert.Equal("p.T·1", TypeWriter.LinkName(local.Type));
        Assert.Equal("p.T", TypeWriter.ReflectName(local.Type));
    }

    [Fact]
    public void MethodSetsFollowEmbedding()
    {
        var pkg = Snippet.Ok("""
            type A struct{}
            func (A) V() {}
            func (*A) P() {}
            type B struct { A; *C }
            type C struct{}
            func (C) X() {}
            func (*C) Y() {}
            func (*C) V() {}
            type D struct { B }
            func (D) P() {}
            type Ptr *D
            """);
        string Set(GoType t) => string.Join(" ", MethodSet.Of(t).Select(m => m.Method.Name + string.Join("", m.Index)));
        Assert.Equal("X10 Y11", Set(pkg.TypeOf("B")));   // V is ambiguous, P needs a pointer
        Assert.Equal("P01 X10 Y11", Set(new PointerType(pkg.TypeOf("B"))));
        Assert.Equal("P0 X010 Y011", Set(pkg.TypeOf("D")));
        Assert.Equal("", Set(pkg.TypeOf("Ptr")));
    }

    [Fact]
    public void RecursiveInstancesExpandLazily()
    {
        var pkg = Snippet.Ok("""
            type List[T any] struct { next *List[T]; v T }
            func (l *List[T]) Push(v T) *List[T] { return &List[T]{l, v} }
            type Tree[K interface{ Less(K) bool }] struct { l, r *Tree[K]; k K }
            var l List[int]
            """);
        var l = (NamedType)pkg.TypeOf("l");
        var next = (PointerType)((StructType)l.Underlying).Fields[0].Type;
        Assert.Same(l, next.Elem);
        Assert.Equal("func(v int) *List[int]", l.Method(0).Sig.ToString(pkg));
        Assert.Same(l.Method(0), l.Method(0));
        Assert.Same(l, ((PointerType)l.Method(0).Sig.Results.At(0)).Elem);
    }

    [Fact]
    public void LocalTypesAreCopiedForEachInstanceOfTheirFunction()
    {
        var pkg = Snippet.Ok("func f[P any](x P) any { type T struct { v P; next *T }; return T{v: x} }");
        var local = (NamedType)pkg.Info.Defs.Values.OfType<TypeName>().Single(t => t.Name == "T").Type;
        var param = ((Signature)pkg.TypeOf("f")).TypeParams;
        var ofInt = (NamedType)Subst.Apply(local, SubstMap.WithLocals(param, [Universe.Int]));
        var again = (NamedType)Subst.Apply(local, SubstMap.WithLocals(param, [Universe.Int]));
        var ofString = (NamedType)Subst.Apply(local, SubstMap.WithLocals(param, [Universe.String]));
        Assert.Same(ofInt, again);
        Assert.NotSame(ofInt, ofString);
        Assert.Equal("struct { p.v int; p.next *p.T[int]·1 }", TypeWriter.LinkName(ofInt.Underlying));
        Assert.Same(ofInt, ((PointerType)((StructType)ofInt.Underlying).Fields[1].Type).Elem);
    }
}

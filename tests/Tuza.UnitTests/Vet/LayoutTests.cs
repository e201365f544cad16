// Layouts: sizes, blocks, the best order, and its edit in the source.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;
using Tuza.UnitTests.Types;
using Tuza.Vet;
using Xunit;

namespace Tuza.UnitTests.Vet;

public class LayoutTests
{
    static TypeLayout Layout(string fields, string arch) => TypeLayout.Of("T", Snippet.Ok("type T struct {" + fields + "}").TypeOf("T"), arch);

    [Theory]
    [InlineData("a int8; b int64; c int16", "amd64", 24, 8, "0 8 16", 16)]
    [InlineData("a int8; b int64; c int16", "386", 16, 4, "0 4 12", 12)]
    [InlineData("a int8; b int64; c int16", "arm64", 24, 8, "0 8 16", 16)]
    [InlineData("n int32; z struct{}", "amd64", 8, 4, "0 4", 4)]
    [InlineData("z struct{}", "amd64", 0, 1, "0", 0)]
    [InlineData("a bool; s string; b bool; f func()", "amd64", 40, 8, "0 8 24 32", 32)]
    [InlineData("c complex128; b byte", "386", 20, 4, "0 16", 20)]
    public void PlacesFields(string fields, string arch, long size, long align, string offsets, long best)
    {
        TypeLayout t = Layout(fields, arch);
        Assert.Equal(size, t.Size);
        Assert.Equal(align, t.Align);
        Assert.Equal(offsets, string.Join(' ', t.Fields.Select(f => f.Offset)));
        Assert.Equal(best, t.Best!.Size);
    }

    [Theory]
    [InlineData(0, false, 8, 0)]
    [InlineData(40, true, 8, 48)]
    [InlineData(512, true, 8, 512)]
    [InlineData(513, true, 8, 576)]   // with a header: 521
    [InlineData(128, true, 4, 128)]
    [InlineData(129, true, 4, 144)]   // on 32-bit machines the header begins at 128: 137
    [InlineData(129, false, 4, 144)]
    [InlineData(32760, false, 8, 32768)]
    [InlineData(32761, false, 8, 32768)]  // whole pages
    [InlineData(32769, false, 8, 40960)]
    public void BlocksAreSizeClasses(long size, bool pointers, int word, long block) => Assert.Equal(block, TypeLayout.BlockOf(size, pointers, word));

    [Fact]
    public void BestOrderIsMinimalAmongAllOrders()
    {
        string[] types = ["bool", "int16", "int32", "int64", "*int", "string", "struct{}", "[3]byte", "any"];
        var random = new System.Random(7);
        for (int round = 0; round < 60; round++)
        {
            int n = random.Next(2, 6);
            var fields = string.Join("; ", Enumerable.Range(0, n).Select(i => $"f{i} {types[random.Next(types.Length)]}"));
            foreach (string arch in (string[])["amd64", "386"])
            {
                TypeLayout t = Layout(fields, arch);
                var s = (StructType)t.Type.Underlying;
                long least = Orders(Enumerable.Range(0, n).ToList()).Min(o => TypeLayout.Measure(s, t.Sizes, o).Size);
                Assert.True(least == t.Best!.Size, $"{fields} on {arch}: best order has {t.Best.Size} bytes, {least} are possible");
                Assert.True(t.Best.Size < t.Size || t.Best.PtrBytes <= t.PtrBytes);
            }
        }
    }

    static IEnumerable<List<int>> Orders(List<int> items)
    {
        if (items.Count == 0)
            yield return [];
        foreach (int x in items)
        {
            foreach (List<int> rest in Orders([.. items.Where(y => y != x)]))
                yield return [x, .. rest];
        }
    }

    [Fact]
    public void MapsMarkPointerWords()
    {
        TypeLayout t = Layout("a int; s []byte; e any; x [2]*int; f struct { n int; p *int }", "amd64");
        Assert.Equal(["", "P..", ".P", "PP", ".P"], t.Fields.Select(f => f.PtrMap));
    }

    static string Reordered(string type)
    {
        byte[] text = Encoding.UTF8.GetBytes("package p\n\ntype T " + type + "\n");
        var file = Parser.Parse(new SourceFile("x.go", "x.go", text), new DiagnosticSink());
        var pkg = Checker.Check("p", [file], new CheckOptions(), new DiagnosticSink());
        TypeLayout t = TypeLayout.Of("T", pkg.TypeOf("T"), "amd64");
        TextEdit? edit = StructRewriter.Reorder((StructTypeExpr)((TypeDecl)file.Decls[0]).Type, t.Best!.Order);
        return edit == null ? "" : Encoding.UTF8.GetString(Edits.Results([edit]).Single().Text)["package p\n\ntype T ".Length..].TrimEnd('\n');
    }

    [Fact]
    public void ReorderingKeepsComments()
    {
        Assert.Equal("struct { p *int; a bool; c bool }", Reordered("struct { a bool; p *int; c bool }"));
        Assert.Equal("struct {\n\t// the pointer\n\tp *int\n\ta bool // first\n\n\tb bool /* last */\n}",
            Reordered("struct {\n\ta bool // first\n\t// the pointer\n\tp *int\n\n\tb bool /* last */\n}"));
        Assert.Equal("", Reordered("struct {\n\ta bool; p *int\n\tb bool\n}")); // two on one line: left alone
    }
}

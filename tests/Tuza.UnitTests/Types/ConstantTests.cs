// Constants: literals, exactness, rounding, text. Expected values are those of Go's go/constant.

using System;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;

namespace Tuza.UnitTests.Types;

public sealed class ConstantTests
{
    static Constant Lit(string s) => ConstantOps.FromLiteral(
        s[0] is '"' or '`' ? LitKind.String : s[0] == '\'' ? LitKind.Rune : s.EndsWith('i') ? LitKind.Imaginary
        : s.Contains('.') || s.Contains('p') || !s.StartsWith("0x", StringComparison.Ordinal) && s.Contains('e') ? LitKind.Float : LitKind.Int, s);

    [Theory]
    [InlineData("0x_FF", "255")]
    [InlineData("0b1010", "10")]
    [InlineData("0o17", "15")]
    [InlineData("017", "15")]
    [InlineData("1_000_000_000_000_000_000_000", "1000000000000000000000")]
    [InlineData("'\\u4e16'", "19990")]
    [InlineData("'\\377'", "255")]
    [InlineData("1.5", "1.5")]
    [InlineData("0x1p-2", "0.25")]
    [InlineData("1e100000", "1e+100000")]
    [InlineData("1e-100000", "1e-100000")]
    [InlineData("123456789.0", "1.23457e+08")]
    [InlineData("0123i", "(0 + 123i)")]
    [InlineData("\"a\\x00\\u00e9\\n\"", "\"a\\x00é\\n\"")]
    [InlineData("`a\\b`", "\"a\\\\b\"")]
    public void Literals(string literal, string text) => Assert.Equal(text, ConstantOps.String(Lit(literal)));

    [Fact]
    public void FractionsStayExact()
    {
        var third = ConstantOps.Binary(Lit("1"), Token.Div, Lit("3"), false);
        var one = ConstantOps.Binary(third, Token.Mul, Lit("3"), false);
        Assert.Equal("1", ConstantOps.String(ConstantOps.ToInt(one)));
        Assert.Equal("1/3", ConstantOps.ExactString(third));
    }

    [Fact]
    public void HugeExponentsTakeNoMemory()
    {
        Assert.Equal(ConstantKind.Unknown, Lit("1e9999999999").Kind);
        Assert.Equal(0, ConstantOps.Sign(Lit("1e-9999999999")));
        var big = Lit("1e600000000");
        Assert.Equal(ConstantKind.Unknown, ConstantOps.Binary(big, Token.Mul, big, false).Kind);
        Assert.Equal(double.PositiveInfinity, ConstantOps.ToDouble(big));
    }

    [Theory]
    [InlineData("0.1", 0.1)]
    [InlineData("4.9406564584124654e-324", double.Epsilon)]
    [InlineData("2.4703282292062327e-324", 0.0)]
    [InlineData("2.4703282292062329e-324", double.Epsilon)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("1.7976931348623159e308", double.PositiveInfinity)]
    [InlineData("9007199254740993", 9007199254740992.0)]
    public void DoublesAreRoundedToNearestEven(string literal, double value) => Assert.Equal(value, ConstantOps.ToDouble(Lit(literal)));

    [Fact]
    public void SinglesAreRoundedOnce()
    {
        // Just above the middle between two floats, but on it as a double.
        Assert.Equal(1.00000012f, ConstantOps.ToSingle(Lit("1.000000059604644775390625000000000000000000001")));
        Assert.Equal(float.PositiveInfinity, ConstantOps.ToSingle(Lit("3.4028236e38")));
    }

    [Fact]
    public void BitOperationsFollowTwosComplement()
    {
        Assert.Equal("-6", ConstantOps.String(ConstantOps.Unary(Token.Xor, Lit("5"), 0)));
        Assert.Equal("250", ConstantOps.String(ConstantOps.Unary(Token.Xor, Lit("5"), 8)));
        Assert.Equal("8", ConstantOps.String(ConstantOps.Binary(Lit("12"), Token.AndNot, Lit("7"), false)));
        Assert.Equal("-1", ConstantOps.String(ConstantOps.Shift(ConstantOps.Unary(Token.Sub, Lit("3"), 0), Token.Shr, 5)));
    }

    [Fact]
    public void ComplexArithmetic()
    {
        var x = ConstantOps.Binary(Lit("1"), Token.Add, Lit("2i"), false);
        Assert.Equal("(-3 + 4i)", ConstantOps.String(ConstantOps.Binary(x, Token.Mul, x, false)));
        Assert.Equal("(1 + 0i)", ConstantOps.String(ConstantOps.Binary(x, Token.Div, x, false)));
        Assert.Equal("5", ConstantOps.String(ConstantOps.ToInt(ConstantOps.Binary(Lit("5"), Token.Add, Lit("0i"), false))));
    }

    [Fact]
    public void LongConcatenationIsLinear()
    {
        Constant s = Lit("\"\"");
        for (int i = 0; i < 200_000; i++)
            s = ConstantOps.Binary(s, Token.Add, Lit("\"x\""), false);
        Assert.Equal(200_000, ConstantOps.StringBytes(s).Length);
    }

    [Fact]
    public void LongStringsAreShortenedInMessages()
    {
        string text = ConstantOps.String(Lit("\"" + new string('a', 100) + "\""));
        Assert.Equal("\"" + new string('a', 68) + "...", text);
    }
}

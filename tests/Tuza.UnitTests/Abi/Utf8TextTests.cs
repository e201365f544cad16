// The short ways for ASCII and .NET's own encoder must agree.

using System.Text;

using Tuza.Abi;

using Xunit;

namespace Tuza.UnitTests;

public sealed unsafe class Utf8TextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("GODEBUG=gctrace=1")]
    [InlineData("/tmp/Übung/größe")]
    [InlineData("a\0b")]
    [InlineData("\u007F\u0080")]
    [InlineData("内存 🙂")]
    [InlineData("unpaired \uD83D")]
    public void BothWaysAreTheEncoders(string text)
    {
        byte[] expected = Encoding.UTF8.GetBytes(text);
        Assert.Equal([.. expected, 0], Utf8Text.ZeroEnded(text));
        Assert.Equal(expected, Utf8Text.Bytes(text).ToArray());
        byte* native = Utf8Text.Native(text, out int bytes);
        Assert.Equal(expected.Length, bytes);
        Assert.Equal(expected, new System.ReadOnlySpan<byte>(native, bytes).ToArray());
        Assert.Equal(0, native[bytes]);
        Assert.Equal(Encoding.UTF8.GetString(expected), Utf8Text.Of(native, bytes));
    }

    [Fact]
    public void EndsAtTheZero()
    {
        fixed (byte* text = "größe\0rest"u8)
            Assert.Equal("größe", Utf8Text.Of(text));
    }

    [Fact]
    public void BytesThatAreNotUtf8AreReplaced()
    {
        fixed (byte* text = new byte[] { (byte)'a', 0xFF, (byte)'b' })
            Assert.Equal("a\uFFFDb", Utf8Text.Of(text, 3));
    }
}

// UTF-8 from and to .NET's strings, for the start of programs.
//
// Almost all of it is ASCII, which is copied here byte by byte: .NET's encoders, wide as a vector, take a millisecond to be loaded, as long as
// reading all that a start reads. Other text is left to them.

using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Tuza.Abi;

public static unsafe class Utf8Text
{
    public static string Of(byte* text, int bytes)
    {
        string s = new('\0', bytes);
        fixed (char* to = s)
        {
            for (int i = 0; i < bytes; i++)
            {
                if (text[i] >= 0x80)
                    return Encoding.UTF8.GetString(text, bytes);
                to[i] = (char)text[i];
            }
        }
        return s;
    }

    /// <summary>Of text that ends at a zero.</summary>
    public static string Of(byte* text)
    {
        int n = 0;
        while (text[n] != 0)
            n++;
        return Of(text, n);
    }

    /// <summary>The bytes and a zero behind them.</summary>
    public static byte[] ZeroEnded(string s)
    {
        byte[] bytes = new byte[s.Length + 1];
        for (int i = 0; i < s.Length; i++)
        {
            if (s[i] >= 0x80)
            {
                bytes = new byte[Encoding.UTF8.GetByteCount(s) + 1];
                _ = Encoding.UTF8.GetBytes(s, 0, s.Length, bytes, 0);
                break;
            }
            bytes[i] = (byte)s[i];
        }
        return bytes;
    }

    public static ReadOnlySpan<byte> Bytes(string s)
    {
        byte[] bytes = ZeroEnded(s);
        return new ReadOnlySpan<byte>(bytes, 0, bytes.Length - 1);
    }

    /// <summary>With a zero behind, in native memory, never freed. bytes: without the zero.</summary>
    public static byte* Native(string s, out int bytes)
    {
        byte[] text = ZeroEnded(s);
        byte* p = (byte*)NativeMemory.Alloc((nuint)text.Length);
        for (int i = 0; i < text.Length; i++)
            p[i] = text[i];
        bytes = text.Length - 1;
        return p;
    }
}

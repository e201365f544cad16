// Text in Go's own spelling: quoted strings and runes as strconv.Quote and fmt's %q and %#U print them, because diagnostics
// show them, and the reverse direction for literals.
//
// Strings here are .NET strings holding text; Go strings with arbitrary bytes are handled as byte arrays.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Tuza.Syntax;

/// <summary>Quotes and unquotes text the way Go does.</summary>
public static class GoText
{
    /// <summary>True where Go's unicode.IsPrint is: letters, marks, numbers, punctuation, symbols and the plain space.</summary>
    public static bool IsPrint(int rune)
    {
        if (rune < 0x80)
            return rune is >= 0x20 and < 0x7f;
        if (!Rune.IsValid(rune))
            return false;
        return Rune.GetUnicodeCategory(new Rune(rune)) switch
        {
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
            _ => true,
        };
    }

    public static bool IsLetter(int rune) => Rune.IsValid(rune) && Rune.IsLetter(new Rune(rune));

    public static bool IsDigit(int rune) => Rune.IsValid(rune) && Rune.GetUnicodeCategory(new Rune(rune)) == UnicodeCategory.DecimalDigitNumber;

    /// <summary>`U+0040 '@'`, as fmt's %#U.</summary>
    public static string UnicodeName(int rune)
    {
        string s = "U+" + rune.ToString("X4");
        return IsPrint(rune) ? s + " '" + char.ConvertFromUtf32(rune) + "'" : s;
    }

    public static string QuoteRune(int rune)
    {
        StringBuilder b = new("'");
        AppendEscaped(b, Rune.IsValid(rune) ? rune : 0xfffd, '\'');
        return b.Append('\'').ToString();
    }

    public static string Quote(string text)
    {
        StringBuilder b = new("\"");
        foreach (Rune r in text.EnumerateRunes())
            AppendEscaped(b, r.Value, '"');
        return b.Append('"').ToString();
    }

    /// <summary>Quotes the bytes of a Go string; bytes that are not UTF-8 become \x escapes.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        StringBuilder b = new("\"");
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune r, out int n) == System.Buffers.OperationStatus.Done)
            {
                AppendEscaped(b, r.Value, '"');
            }
            else
            {
                n = 1;
                b.Append("\\x").Append(bytes[0].ToString("x2"));
            }
            bytes = bytes[n..];
        }
        return b.Append('"').ToString();
    }

    static void AppendEscaped(StringBuilder b, int rune, char quote)
    {
        if (rune == quote || rune == '\\')
        {
            b.Append('\\').Append((char)rune);
        }
        else if (IsPrint(rune))
        {
            b.Append(char.ConvertFromUtf32(rune));
        }
        else
        {
            switch (rune)
            {
                case '\a': b.Append("\\a"); break;
                case '\b': b.Append("\\b"); break;
                case '\f': b.Append("\\f"); break;
                case '\n': b.Append("\\n"); break;
                case '\r': b.Append("\\r"); break;
                case '\t': b.Append("\\t"); break;
                case '\v': b.Append("\\v"); break;
                case < ' ' or 0x7f: b.Append("\\x").Append(rune.ToString("x2")); break;
                case < 0x10000: b.Append("\\u").Append(rune.ToString("x4")); break;
                default: b.Append("\\U").Append(rune.ToString("x8")); break;
            }
        }
    }

    /// <summary>The bytes of a string literal as written (quotes included), or null when it is malformed.</summary>
    public static byte[]? UnquoteBytes(string literal)
    {
        if (literal.Length < 2 || literal[0] != literal[^1])
            return null;
        ReadOnlySpan<char> body = literal.AsSpan(1, literal.Length - 2);
        if (literal[0] == '`')
            return Encoding.UTF8.GetBytes(body.Contains('\r') ? body.ToString().Replace("\r", "", StringComparison.Ordinal) : body.ToString());
        if (literal[0] != '"')
            return null;
        if (!body.Contains('\\'))
        {
            byte[] plain = new byte[Encoding.UTF8.GetByteCount(body)];
            Encoding.UTF8.GetBytes(body, plain);
            return plain;
        }
        List<byte> bytes = new(body.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = 0; i < body.Length;)
        {
            int value = NextChar(body, ref i, '"', out bool isByte);
            if (value < 0)
                return null;
            if (isByte)
            {
                bytes.Add((byte)value);
            }
            else
            {
                int n = new Rune(value).EncodeToUtf8(utf8);
                foreach (byte u in utf8[..n])
                    bytes.Add(u);
            }
        }
        return [.. bytes];
    }

    /// <summary>The text of a string literal, or null when it is malformed.</summary>
    public static string? Unquote(string literal) => UnquoteBytes(literal) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>The value of a rune literal (quotes included), or -1 when it is malformed.</summary>
    public static int UnquoteRune(string literal)
    {
        if (literal.Length < 3 || literal[0] != '\'' || literal[^1] != '\'')
            return -1;
        ReadOnlySpan<char> body = literal.AsSpan(1, literal.Length - 2);
        int i = 0;
        int value = NextChar(body, ref i, '\'', out _);
        return i == body.Length ? value : -1;
    }

    /// <summary>Decodes one character or escape; isByte when it stands for one byte (\x41, \101).</summary>
    static int NextChar(ReadOnlySpan<char> s, ref int i, char quote, out bool isByte)
    {
        isByte = false;
        if (s[i] != '\\')
        {
            Rune.DecodeFromUtf16(s[i..], out Rune r, out int n);
            i += n;
            return r.Value;
        }
        if (++i >= s.Length)
            return -1;
        char c = s[i++];
        switch (c)
        {
            case 'a': return '\a';
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'v': return '\v';
            case '\\': return '\\';
            case '\'' or '"': return c == quote ? c : -1;
            case 'x': isByte = true; return Digits(s, ref i, 2, 16);
            case 'u': return ValidRune(Digits(s, ref i, 4, 16));
            case 'U': return ValidRune(Digits(s, ref i, 8, 16));
            case >= '0' and <= '7':
                i--;
                isByte = true;
                int value = Digits(s, ref i, 3, 8);
                return value > 255 ? -1 : value;
            default: return -1;
        }
    }

    static int ValidRune(int value) => Rune.IsValid(value) ? value : -1;

    static int Digits(ReadOnlySpan<char> s, ref int i, int count, int radix)
    {
        long value = 0;
        for (; count > 0; count--)
        {
            if (i >= s.Length || !char.IsAsciiHexDigit(s[i]))
                return -1;
            int d = char.IsAsciiDigit(s[i]) ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10;
            if (d >= radix)
                return -1;
            value = value * radix + d;
            i++;
        }
        return value > int.MaxValue ? -1 : (int)value;
    }
}

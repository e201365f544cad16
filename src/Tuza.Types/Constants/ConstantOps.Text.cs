// Constants from literals, and back to text for messages.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public static partial class ConstantOps
{
    /// <summary>Unknown when the literal is malformed or too large.</summary>
    public static Constant FromLiteral(LitKind kind, string text) => kind switch
    {
        LitKind.Int => IntLiteral(text),
        LitKind.Float => FloatLiteral(text),
        LitKind.Imaginary => text.EndsWith('i') ? MakeImag(FloatLiteral(text[..^1])) : s_unknown,
        LitKind.Rune => RuneLiteral(text),
        LitKind.String => StringLiteral(text) is { } bytes ? new StringConstant(bytes) : s_unknown,
    };

    static Constant IntLiteral(string text)
    {
        string s = text.Replace("_", "", StringComparison.Ordinal);
        int radix = 10, start = 0;
        if (s.Length > 1 && s[0] == '0')
        {
            (radix, start) = (s[1] | 0x20) switch
            {
                'x' => (16, 2),
                'b' => (2, 2),
                'o' => (8, 2),
                _ => (8, 1),
            };
        }
        return Digits(s, start, radix) is { } v ? new IntConstant(v) : s_unknown;
    }

    static BigInteger? Digits(string s, int start, int radix)
    {
        if (start >= s.Length)
            return null;
        if (radix == 10)
            return BigInteger.TryParse(s.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : null;
        if (s.Length - start <= 15)
        {
            ulong small = 0;
            for (int i = start; i < s.Length; i++)
            {
                int d = HexValue(s[i]);
                if (d < 0 || d >= radix)
                    return null;
                small = small * (ulong)radix + (ulong)d;
            }
            return small;
        }
        var big = BigInteger.Zero;
        for (int i = start; i < s.Length; i++)
        {
            int d = HexValue(s[i]);
            if (d < 0 || d >= radix)
                return null;
            big = big * radix + d;
        }
        return big;
    }

    static int HexValue(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'f' => c - 'a' + 10,
        >= 'A' and <= 'F' => c - 'A' + 10,
        _ => -1,
    };

    /// <summary>Decimal or hexadecimal float; also the integers (of any base) that imaginary literals may have.</summary>
    static Constant FloatLiteral(string text)
    {
        string s = text.Replace("_", "", StringComparison.Ordinal);
        bool hex = s.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!hex && s.Length > 1 && s[0] == '0' && (s[1] | 0x20) is 'b' or 'o')
            return ToFloat(IntLiteral(s));

        int radix = hex ? 16 : 10;
        var digits = new StringBuilder();
        long scale = 0;   // digits after the point
        int i = hex ? 2 : 0;
        bool point = false;
        for (; i < s.Length; i++)
        {
            if (s[i] == '.' && !point)
                point = true;
            else if (HexValue(s[i]) is >= 0 and var d && d < radix)
            {
                digits.Append(s[i]);
                if (point)
                    scale++;
            }
            else
                break;
        }
        long exp = 0;
        if (i < s.Length)
        {
            if ((s[i] | 0x20) != (hex ? 'p' : 'e'))
                return s_unknown;
            var rest = s.AsSpan(i + 1);
            if (!long.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exp))
                return IsExponent(rest) && digits.ToString().AsSpan().Trim('0').Length == 0 ? Fraction(BigInteger.Zero, BigInteger.One)
                    : IsExponent(rest) && rest[0] == '-' ? new FloatConstant(BigInteger.Zero, BigInteger.One, 0) : s_unknown;
        }
        if (Digits(digits.ToString(), 0, radix) is not { } m)
            return s_unknown;
        if (m.IsZero)
            return new FloatConstant(BigInteger.Zero, BigInteger.One, 0);
        if (hex)
            return FromBinary(m, exp - 4 * scale);
        return FromDecimal(m, exp - scale);
    }

    static bool IsExponent(ReadOnlySpan<char> s) => s.Length > 1 && s.TrimStart("+-").TrimStart("0123456789").Length == 0;

    static Constant FromBinary(BigInteger m, long exp)
    {
        long size = exp + BigFloat.BitLength(m);
        if (size is <= -MaxFractionBits or >= MaxFractionBits)
            return size > int.MaxValue ? s_unknown : size < -int.MaxValue ? s_zeroFloat : MakeFloat(BigFloat.Round(m, exp));
        return exp >= 0 ? new FloatConstant(m << (int)exp, BigInteger.One, 0) : Fraction(m, BigInteger.One << (int)-exp);
    }

    static Constant FromDecimal(BigInteger m, long exp)
    {
        // 2^4096 is about 10^1233: only near that range is the exact form worth computing.
        var approximate = BigFloat.FromDecimal(m, exp);
        if (approximate.IsInfinite)
            return s_unknown;
        if (approximate.IsZero)
            return new FloatConstant(BigInteger.Zero, BigInteger.One, 0);
        if (!IsSmall(approximate))
            return MakeFloat(approximate);
        return exp >= 0 ? new FloatConstant(m * BigInteger.Pow(10, (int)exp), BigInteger.One, 0) : Fraction(m, BigInteger.Pow(10, (int)-exp));
    }

    static Constant RuneLiteral(string text)
    {
        if (text.Length < 3 || text[0] != '\'' || text[^1] != '\'')
            return s_unknown;
        int i = 1;
        if (text[i] != '\\')
            return MakeInt(char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? char.ConvertToUtf32(text, i) : text[i]);
        return Escape(text, ref i, out int value, out _) ? MakeInt(value) : s_unknown;
    }

    /// <summary>The bytes of a string literal, interpreted or raw; null if malformed.</summary>
    public static byte[]? StringLiteral(string text)
    {
        if (text.Length < 2)
            return null;
        if (text[0] == '`')
        {
            string raw = text[1..^1];
            return Encoding.UTF8.GetBytes(raw.Contains('\r') ? raw.Replace("\r", "", StringComparison.Ordinal) : raw);
        }
        if (text[0] != '"' || text[^1] != '"')
            return null;
        if (!text.Contains('\\'))
            return Encoding.UTF8.GetBytes(text, 1, text.Length - 2);

        var result = new List<byte>(text.Length);
        int i = 1;
        var utf8 = new byte[4];
        while (i < text.Length - 1)
        {
            if (text[i] != '\\')
            {
                int end = text.IndexOf('\\', i);
                if (end < 0)
                    end = text.Length - 1;
                result.AddRange(Encoding.UTF8.GetBytes(text, i, end - i));
                i = end;
                continue;
            }
            if (!Escape(text, ref i, out int value, out bool isByte))
                return null;
            if (isByte)
                result.Add((byte)value);
            else if (Rune.TryCreate(value, out var rune))
                result.AddRange(utf8.AsSpan(0, rune.EncodeToUtf8(utf8)));
            else
                return null;
        }
        return [.. result];
    }

    /// <summary>Reads the escape at text[i] and steps over it.</summary>
    static bool Escape(string text, ref int i, out int value, out bool isByte)
    {
        value = 0;
        isByte = false;
        if (i + 1 >= text.Length)
            return false;
        char c = text[i + 1];
        i += 2;
        int digits, radix;
        switch (c)
        {
            case 'a': value = 7; return true;
            case 'b': value = 8; return true;
            case 'f': value = 12; return true;
            case 'n': value = 10; return true;
            case 'r': value = 13; return true;
            case 't': value = 9; return true;
            case 'v': value = 11; return true;
            case '\\' or '\'' or '"': value = c; return true;
            case 'x': (digits, radix, isByte) = (2, 16, true); break;
            case 'u': (digits, radix) = (4, 16); break;
            case 'U': (digits, radix) = (8, 16); break;
            case >= '0' and <= '7': (digits, radix, isByte) = (3, 8, true); i--; break;
            default: return false;
        }
        long v = 0;
        for (int n = 0; n < digits; n++, i++)
        {
            int d = i < text.Length ? HexValue(text[i]) : -1;
            if (d < 0 || d >= radix)
                return false;
            v = v * radix + d;
        }
        if (v > (isByte ? 255 : 0x10FFFF))
            return false;
        value = (int)v;
        return true;
    }

    // ---- text

    /// <summary>Short form for messages: long strings end in "...", floats have six digits.</summary>
    public static string String(Constant x) => x switch
    {
        BoolConstant b => b.Value ? "true" : "false",
        StringConstant s => Shortened(s),
        IntConstant i => i.Value.ToString(CultureInfo.InvariantCulture),
        FloatConstant f => FloatText(BigFloat.Of(f)),
        ComplexConstant c => $"({String(c.Re)} + {String(c.Im)}i)",
        _ => "unknown",
    };

    public static string ExactString(Constant x) => x switch
    {
        StringConstant s => Quote(s.Value),
        FloatConstant { Rounded: false } f => f.Denominator.IsOne ? f.Numerator.ToString(CultureInfo.InvariantCulture)
            : f.Numerator.ToString(CultureInfo.InvariantCulture) + "/" + f.Denominator.ToString(CultureInfo.InvariantCulture),
        FloatConstant f => f.Numerator.ToString(CultureInfo.InvariantCulture) + "p" + f.Exp2.ToString("+0;-0", CultureInfo.InvariantCulture),
        ComplexConstant c => $"({ExactString(c.Re)} + {ExactString(c.Im)}i)",
        _ => String(x),
    };

    static string Shortened(StringConstant s)
    {
        const int MaxRunes = 72;
        // Only so many bytes can show: quoting never makes text shorter.
        var bytes = s.Value.Length > 8 * MaxRunes ? s.Value.AsSpan(0, 8 * MaxRunes).ToArray() : s.Value;
        string q = Quote(bytes);
        int i = 0;
        var cuts = 0;
        int count = 0;
        foreach (var r in q.EnumerateRunes())
        {
            if (count++ < MaxRunes - 3)
                cuts += r.Utf16SequenceLength;
            i += r.Utf16SequenceLength;
        }
        return count > MaxRunes ? q[..cuts] + "..." : q;
    }

    /// <summary>A Go string literal for the bytes.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        var b = new StringBuilder("\"");
        while (bytes.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var r, out int n);
            if (status != System.Buffers.OperationStatus.Done)
            {
                b.Append("\\x").Append(bytes[0].ToString("x2", CultureInfo.InvariantCulture));
                bytes = bytes[1..];
                continue;
            }
            bytes = bytes[n..];
            switch (r.Value)
            {
                case '"': b.Append("\\\""); break;
                case '\\': b.Append("\\\\"); break;
                case 7: b.Append("\\a"); break;
                case 8: b.Append("\\b"); break;
                case 12: b.Append("\\f"); break;
                case 10: b.Append("\\n"); break;
                case 13: b.Append("\\r"); break;
                case 9: b.Append("\\t"); break;
                case 11: b.Append("\\v"); break;
                case < 0x20 or 0x7F: b.Append("\\x").Append(r.Value.ToString("x2", CultureInfo.InvariantCulture)); break;
                default:
                    if (IsPrintable(r))
                        b.Append(r.ToString());
                    else if (r.Value < 0x10000)
                        b.Append("\\u").Append(r.Value.ToString("x4", CultureInfo.InvariantCulture));
                    else
                        b.Append("\\U").Append(r.Value.ToString("x8", CultureInfo.InvariantCulture));
                    break;
            }
        }
        return b.Append('"').ToString();
    }

    static bool IsPrintable(Rune r)
    {
        if (r.Value == ' ')
            return true;
        return Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
    }

    static string FloatText(BigFloat f)
    {
        if (f.IsZero)
            return "0";
        double d = BigFloat.Nearest(f.Mantissa, BigInteger.One, f.Exp, 53, -1074);
        if (d != 0 && double.IsFinite(d))
        {
            string s = General(d, 6);
            return f.Exp < 0 && !s.Contains('.') ? General(d, -1) : s;
        }
        // Outside the range of a double: m · 10^e by logarithms.
        long exp = f.Exponent;
        double m = BigFloat.Nearest(f.Mantissa, BigInteger.One, f.Exp - exp, 53, -1074);
        double log = exp * (Math.Log(2) / Math.Log(10));
        long e = (long)log;
        m *= Math.Pow(10, log - e);
        if (Math.Abs(m) < 1 - 0.5e-6)
        {
            m *= 10;
            e--;
        }
        else if (Math.Abs(m) >= 10)
        {
            m /= 10;
            e++;
        }
        return General(m, 6) + "e" + e.ToString("+0;-0", CultureInfo.InvariantCulture);
    }

    /// <summary>C's %.Ng with trailing zeros removed; digits -1: as many as identify the value.</summary>
    static string General(double d, int digits)
    {
        string e = d.ToString(digits < 0 ? "E16" : "E" + (digits - 1), CultureInfo.InvariantCulture);
        if (digits < 0)
            for (int n = 0; n <= 16; n++)
            {
                e = d.ToString("E" + n, CultureInfo.InvariantCulture);
                if (double.Parse(e, CultureInfo.InvariantCulture) == d)
                    break;
            }
        int mark = e.IndexOf('E', StringComparison.Ordinal);
        int exp = int.Parse(e.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = d < 0 ? "-" : "";
        string m = e[sign.Length..mark].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        if (m == "")
            m = "0";
        if (exp < -4 || exp >= (digits < 0 ? 6 : Math.Max(digits, 1)))
        {
            string fraction = m.Length > 1 ? "." + m[1..] : "";
            return $"{sign}{m[0]}{fraction}e{(exp < 0 ? '-' : '+')}{Math.Abs(exp):00}";
        }
        if (exp < 0)
            return sign + "0." + new string('0', -exp - 1) + m;
        if (m.Length <= exp + 1)
            return sign + m.PadRight(exp + 1, '0');
        return sign + m[..(exp + 1)] + "." + m[(exp + 1)..];
    }
}

// print and println of Go, and everything the runtime says: unbuffered on standard error, but one write for what stands between
// printlock and printunlock.

using System;
using System.Globalization;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Text on file descriptor 2.</summary>
public static unsafe class Print
{
    const int BufferBytes = 8192;

    static readonly byte* s_buffer = (byte*)NativeMemory.Alloc(BufferBytes);
    static int s_used;
    static int s_depth;
    static byte* s_target; // runtime.Stack: text goes here instead
    static long s_targetLeft, s_targetUsed;

    public static void Begin() => s_depth++;

    public static void End()
    {
        if (--s_depth <= 0)
        {
            s_depth = 0;
            Flush();
        }
    }

    public static void Flush()
    {
        if (s_target != null)
        {
            long fits = Math.Min(s_used, s_targetLeft);
            Buffer.MemoryCopy(s_buffer, s_target + s_targetUsed, fits, fits);
            s_targetUsed += fits;
            s_targetLeft -= fits;
            s_used = 0;
            return;
        }
        int at = 0;
        while (at < s_used)
        {
            long n = Libc.Write(2, s_buffer + at, s_used - at);
            if (n <= 0)
                break;
            at += (int)n;
        }
        s_used = 0;
    }

    /// <summary>Until EndRedirect, text goes to memory.</summary>
    public static void Redirect(byte* target, long bytes)
    {
        Flush();
        s_depth++;
        s_target = target;
        s_targetLeft = bytes;
        s_targetUsed = 0;
    }

    public static long EndRedirect()
    {
        Flush();
        s_depth--;
        s_target = null;
        return s_targetUsed;
    }

    public static void Byte(byte b)
    {
        if (s_used == BufferBytes)
            Flush();
        s_buffer[s_used++] = b;
        if (s_depth == 0)
            Flush();
    }

    public static void Bytes(byte* p, long n)
    {
        for (long i = 0; i < n; i++)
        {
            if (s_used == BufferBytes)
                Flush();
            s_buffer[s_used++] = p[i];
        }
        if (s_depth == 0)
            Flush();
    }

    public static void Bytes(ReadOnlySpan<byte> text)
    {
        fixed (byte* p = text)
            Bytes(p, text.Length);
    }

    /// <summary>ASCII text of the runtime.</summary>
    public static void Text(string text)
    {
        foreach (char c in text)
        {
            if (s_used == BufferBytes)
                Flush();
            s_buffer[s_used++] = (byte)c;
        }
        if (s_depth == 0)
            Flush();
    }

    public static void Int(long v)
    {
        Span<byte> text = stackalloc byte[24];
        v.TryFormat(text, out int n, default, CultureInfo.InvariantCulture);
        Bytes(text[..n]);
    }

    public static void Uint(ulong v)
    {
        Span<byte> text = stackalloc byte[24];
        v.TryFormat(text, out int n, default, CultureInfo.InvariantCulture);
        Bytes(text[..n]);
    }

    public static void Hex(ulong v)
    {
        Span<byte> text = stackalloc byte[24];
        v.TryFormat(text, out int n, "x", CultureInfo.InvariantCulture);
        Bytes("0x"u8);
        Bytes(text[..n]);
    }

    /// <summary>Go's format of print for floats: seven digits, sign and three-digit exponent.</summary>
    public static void Float(double v)
    {
        if (double.IsNaN(v))
        {
            Text("NaN");
            return;
        }
        if (double.IsInfinity(v))
        {
            Text(v > 0 ? "+Inf" : "-Inf");
            return;
        }
        const int Digits = 7;
        Span<byte> buf = stackalloc byte[Digits + 7];
        buf[0] = (byte)'+';
        int e = 0;
        if (v == 0)
        {
            if (double.IsNegative(v))
                buf[0] = (byte)'-';
        }
        else
        {
            if (v < 0)
            {
                v = -v;
                buf[0] = (byte)'-';
            }
            // Normalise to 1 <= v < 10, then round half up at the last digit.
            while (v >= 10)
            {
                e++;
                v /= 10;
            }
            while (v < 1)
            {
                e--;
                v *= 10;
            }
            double half = 5.0;
            for (int i = 0; i < Digits; i++)
                half /= 10;
            v += half;
            if (v >= 10)
            {
                e++;
                v /= 10;
            }
        }
        for (int i = 0; i < Digits; i++)
        {
            int d = (int)v;
            buf[i + 2] = (byte)(d + '0');
            v -= d;
            v *= 10;
        }
        buf[1] = buf[2];
        buf[2] = (byte)'.';
        buf[Digits + 2] = (byte)'e';
        buf[Digits + 3] = (byte)(e < 0 ? '-' : '+');
        e = Math.Abs(e);
        buf[Digits + 4] = (byte)(e / 100 + '0');
        buf[Digits + 5] = (byte)(e / 10 % 10 + '0');
        buf[Digits + 6] = (byte)(e % 10 + '0');
        Bytes(buf);
    }

    public static void Complex(double re, double im)
    {
        Begin();
        Text("(");
        Float(re);
        Float(im);
        Text("i)");
        End();
    }
}

/// <summary>The symbols behind print and println.</summary>
public static unsafe class PrintFns
{
    [GoFunc("runtime.printlock", Safepoint = false)]
    public static void Lock(G* g) => Print.Begin();

    [GoFunc("runtime.printunlock", Safepoint = false)]
    public static void Unlock(G* g) => Print.End();

    [GoFunc("runtime.printsp", Safepoint = false)]
    public static void Space(G* g) => Print.Byte((byte)' ');

    [GoFunc("runtime.printnl", Safepoint = false)]
    public static void NewLine(G* g) => Print.Byte((byte)'\n');

    [GoFunc("runtime.printbool", Safepoint = false)]
    public static void Bool(G* g, int v) => Print.Text(v != 0 ? "true" : "false");

    [GoFunc("runtime.printint", Safepoint = false)]
    public static void Int(G* g, long v) => Print.Int(v);

    [GoFunc("runtime.printuint", Safepoint = false)]
    public static void Uint(G* g, ulong v) => Print.Uint(v);

    [GoFunc("runtime.printhex", Safepoint = false)]
    public static void Hex(G* g, ulong v) => Print.Hex(v);

    [GoFunc("runtime.printfloat", Safepoint = false)]
    public static void Float(G* g, double v) => Print.Float(v);

    [GoFunc("runtime.printfloat32", Safepoint = false)]
    public static void Float32(G* g, float v) => Print.Float(v);

    [GoFunc("runtime.printcomplex", Safepoint = false)]
    public static void Complex(G* g, double re, double im) => Print.Complex(re, im);

    [GoFunc("runtime.printcomplex64", Safepoint = false)]
    public static void Complex64(G* g, float re, float im) => Print.Complex(re, im);

    [GoFunc("runtime.printstring", Safepoint = false)]
    public static void String(G* g, void* p, long n) => Print.Bytes((byte*)p, n);

    [GoFunc("runtime.printpointer", Safepoint = false)]
    public static void Pointer(G* g, void* p) => Print.Hex((ulong)p);

    [GoFunc("runtime.printslice", Safepoint = false)]
    public static void Slice(G* g, void* p, long len, long cap)
    {
        Print.Begin();
        Print.Text("[");
        Print.Int(len);
        Print.Text("/");
        Print.Int(cap);
        Print.Text("]");
        Print.Hex((ulong)p);
        Print.End();
    }

    [GoFunc("runtime.printeface", Safepoint = false)]
    public static void Eface(G* g, void* type, void* data)
    {
        Print.Begin();
        Print.Text("(");
        Print.Hex((ulong)type);
        Print.Text(",");
        Print.Hex((ulong)data);
        Print.Text(")");
        Print.End();
    }

    [GoFunc("runtime.printiface", Safepoint = false)]
    public static void Iface(G* g, void* tab, void* data) => Eface(g, tab, data);
}

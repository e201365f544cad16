// print and println of Go, and everything the runtime says: unbuffered on standard error, but one write for what stands between
// printlock and printunlock.

using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Text on file descriptor 2.</summary>
public static unsafe class Print
{
    const int BufferBytes = 8192;

    static readonly byte* s_buffer = (byte*)NativeMemory.Alloc(BufferBytes);
    static int s_used;
    static int s_depth;
    static Lock32 s_lock;    // held by who prints, as long as s_depth is not 0
    static int s_owner;      // managed thread id of the holder
    static byte* s_target; // runtime.Stack: text goes here instead
    static long s_targetLeft, s_targetUsed;

    /// <summary>What follows, up to End, is one write, and nobody else prints meanwhile. The thread must not run another goroutine before End.</summary>
    public static void Begin()
    {
        int me = Environment.CurrentManagedThreadId;
        if (Volatile.Read(ref s_owner) != me)
        {
            s_lock.Enter();
            Volatile.Write(ref s_owner, me);
        }
        s_depth++;
    }

    public static void End()
    {
        if (s_depth == 0 || --s_depth != 0)
            return;
        Flush();
        Volatile.Write(ref s_owner, 0);
        s_lock.Exit();
    }

    /// <summary>The process dies: who holds the lock may be stopped for ever.</summary>
    internal static void TakeOver()
    {
        if (s_owner == Environment.CurrentManagedThreadId)
            return;
        for (int i = 0; i < 100 && !s_lock.TryEnter(); i++)
            KernelMemory.Nap(1000);
        s_target = null;
        s_depth = 0;
        s_owner = Environment.CurrentManagedThreadId;
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
        Begin();
        Flush();
        s_target = target;
        s_targetLeft = bytes;
        s_targetUsed = 0;
    }

    public static long EndRedirect()
    {
        Flush();
        s_target = null;
        long used = s_targetUsed;
        End();
        return used;
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

    /// <summary>The shortest decimal that reads back as the same number, in the form of strconv's 'g': exponents from -4 to 5 are written out.</summary>
    public static void Float(double v) => Float(v, single: false);

    public static void Float(double v, bool single)
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
        if (v == 0)
        {
            Text(double.IsNegative(v) ? "-0" : "0");
            return;
        }
        // Shortest digits and exponent, from the "E16" form that the library writes for round trips: d.dddE+xxx.
        Span<byte> text = stackalloc byte[40];
        int n;
        if (single)
            ((float)v).TryFormat(text, out n, "R", CultureInfo.InvariantCulture);
        else
            v.TryFormat(text, out n, "R", CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[40];
        int count = 0, exponent = 0, point = -1, written = 0;
        bool negative = false;
        for (int i = 0; i < n; i++)
        {
            byte c = text[i];
            if (c == '-')
                negative = true;
            else if (c == '.')
                point = written;
            else if (c is (byte)'E')
            {
                exponent = int.Parse(text[(i + 1)..n], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                break;
            }
            else
            {
                written++;
                if (count > 0 || c != '0')
                    digits[count++] = c;
                else
                    exponent--; // leading zero: 0.000ddd
            }
        }
        if (point < 0)
            point = written;
        // Value is 0.ddd * 10^(point + exponent), counting the leading zeros taken off above.
        int exp10 = point + exponent - 1;
        while (count > 1 && digits[count - 1] == '0')
            count--;
        Begin();
        if (negative)
            Text("-");
        if (exp10 < -4 || exp10 >= 6)
        {
            Bytes(digits[..1]);
            if (count > 1)
            {
                Text(".");
                Bytes(digits[1..count]);
            }
            Text(exp10 < 0 ? "e-" : "e+");
            int e = Math.Abs(exp10);
            if (e < 10)
                Text("0");
            Int(e);
        }
        else if (exp10 < 0)
        {
            Text("0.");
            for (int i = -1; i > exp10; i--)
                Text("0");
            Bytes(digits[..count]);
        }
        else
        {
            for (int i = 0; i <= exp10; i++)
                Byte(i < count ? digits[i] : (byte)'0');
            if (count > exp10 + 1)
            {
                Text(".");
                Bytes(digits[(exp10 + 1)..count]);
            }
        }
        End();
    }

    public static void Complex(double re, double im, bool single)
    {
        Begin();
        Text("(");
        Float(re, single);
        if (!(im < 0) && !double.IsNegative(im) && !double.IsInfinity(im))
            Text("+");
        Float(im, single);
        Text("i)");
        End();
    }
}

/// <summary>The symbols behind print and println.</summary>
public static unsafe class PrintFns
{
    [GoFunc("runtime.printlock", Safepoint = false)]
    public static void Lock(G* g)
    {
        Sched.State(g)->Locks++;
        Print.Begin();
    }

    [GoFunc("runtime.printunlock", Safepoint = false)]
    public static void Unlock(G* g)
    {
        Print.End();
        Sched.State(g)->Locks--;
    }

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
    public static void Float32(G* g, float v) => Print.Float(v, single: true);

    [GoFunc("runtime.printcomplex", Safepoint = false)]
    public static void Complex(G* g, double re, double im) => Print.Complex(re, im, single: false);

    [GoFunc("runtime.printcomplex64", Safepoint = false)]
    public static void Complex64(G* g, float re, float im) => Print.Complex(re, im, single: true);

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

// The profiler labels of a goroutine in the header of its traceback: {key: value, key: value}, quoted where a letter needs it.
//
// The program's labels are a Go slice of string pairs; it may be read while the goroutine is stopped or is the one that prints.

using System;
using System.Buffers;
using System.Globalization;
using System.Text;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

static unsafe class GoroutineLabels
{
    static int s_shown;

    /// <summary>Setting tracebacklabels of GODEBUG has a new value.</summary>
    [GoFunc("runtime.settracebacklabels", Safepoint = false)]
    public static void Show(G* g, int shown) => Volatile.Write(ref s_shown, shown);

    public static void Write(GState* gs)
    {
        var set = (GoSlice*)gs->ProfLabels;
        if (set == null || set->Len == 0 || Volatile.Read(ref s_shown) == 0)
            return;
        var texts = (GoString*)set->Array;
        Print.Text(" {");
        for (nint i = 0; i < 2 * (nint)set->Len; i++)
        {
            if (i > 0)
                Print.Text(i % 2 == 0 ? ", " : ": ");
            Write(new ReadOnlySpan<byte>(texts[i].Ptr, (int)texts[i].Len));
        }
        Print.Text("}");
    }

    static void Write(ReadOnlySpan<byte> text)
    {
        if (!text.ContainsAnyExcept(s_plain))
        {
            Print.Bytes(text);
            return;
        }
        Print.Byte((byte)'"');
        while (!text.IsEmpty)
        {
            bool isRune = Rune.DecodeFromUtf8(text, out Rune r, out int n) == OperationStatus.Done;
            if (!isRune)
                Hex("\\x", text[0], "x2");
            else
                Write(r.Value);
            text = text[(isRune ? n : 1)..];
        }
        Print.Byte((byte)'"');
    }

    static readonly SearchValues<byte> s_plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_"u8);

    static void Write(int rune)
    {
        switch (rune)
        {
            case '\n': Print.Text("\\n"); break;
            case '\r': Print.Text("\\r"); break;
            case '\t': Print.Text("\\t"); break;
            case '\\' or '"': Print.Byte((byte)'\\'); Print.Byte((byte)rune); break;
            case >= ' ' and <= '~': Print.Byte((byte)rune); break;
            case < 127: Hex("\\x", rune, "x2"); break;
            case < 0x1_0000: Hex("\\u", rune, "x4"); break;
            default: Hex("\\U", rune, "x8"); break;
        }
    }

    static void Hex(string prefix, int value, string format)
    {
        Span<byte> digits = stackalloc byte[8];
        value.TryFormat(digits, out int n, format, CultureInfo.InvariantCulture);
        Print.Text(prefix);
        Print.Bytes(digits[..n]);
    }
}

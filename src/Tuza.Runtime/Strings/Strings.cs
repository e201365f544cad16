// Strings: concatenation, conversions, comparison.
//
// A conversion that makes a string or slice allocates; what it reads must be visible to the collector meanwhile, so its pointer is put into
// g->Args for the time of the allocation (concatstrings reads an array in its caller's frame).
//
// Conversions get a buffer in the caller's frame, or null: what fits is put there and needs no allocation. Only a caller whose result does not
// outlive the frame gives one.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>String primitives of the compiler.</summary>
public static unsafe class Strings
{
    const int RuneError = 0xFFFD, MaxRune = 0x10FFFF;

    static void* Result(G* g, void* p, long n)
    {
        g->R[1] = (ulong)n;
        return p;
    }

    static byte* NewBytes(G* g, long n) => (byte*)Alloc.NoScanUncleared(g, (nuint)n, null);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Move(byte* dst, byte* src, long n) => Buffer.MemoryCopy(src, dst, n, n);

    static bool OnStack(G* g, byte* p) => p >= g->StackLo && p < g->StackHi;

    const int BufferBytes = 32;

    /// <summary>Length of all together; filled counts those that are not empty, the last of which is last.</summary>
    static long TotalOf(GoString* s, long count, out long filled, out long last)
    {
        long total = 0;
        (filled, last) = (0, -1);
        for (long i = 0; i < count; i++)
        {
            if (s[i].Len == 0)
                continue;
            total += s[i].Len;
            filled++;
            last = i;
        }
        if (total < 0)
            Throw.Fatal("string concatenation too long");
        return total;
    }

    static void Join(byte* at, GoString* s, long count)
    {
        for (long i = 0; i < count; i++)
        {
            Move(at, s[i].Ptr, s[i].Len);
            at += s[i].Len;
        }
    }

    [GoFunc("runtime.concatstrings")]
    public static void* Concat(G* g, void* buffer, void* array, long count)
    {
        GoString* s = (GoString*)array;
        long total = TotalOf(s, count, out long filled, out long last);
        if (filled == 0)
            return Result(g, null, 0);
        if (filled == 1 && (buffer != null || !OnStack(g, s[last].Ptr)))
            return Result(g, s[last].Ptr, s[last].Len);
        byte* p = buffer != null && total <= BufferBytes ? (byte*)buffer : NewBytes(g, total);
        Join(p, s, count);
        return Result(g, p, total);
    }

    [GoFunc("runtime.concatbytes")]
    public static void* ConcatBytes(G* g, void* buffer, void* array, long count)
    {
        GoString* s = (GoString*)array;
        long total = TotalOf(s, count, out _, out _);
        byte* p = BytesFor(g, buffer, null, total);
        Join(p, s, count);
        return p;
    }

    /// <summary>Memory for n bytes, the rest of its capacity zero; sets the results but the pointer. live is a pointer to keep.</summary>
    static byte* BytesFor(G* g, void* buffer, void** live, long n)
    {
        nuint cap;
        byte* p;
        if (buffer != null && n <= BufferBytes)
        {
            cap = BufferBytes;
            p = (byte*)buffer;
        }
        else
        {
            cap = Alloc.RoundUp((nuint)n, noscan: true);
            p = (byte*)Alloc.NoScanUncleared(g, cap, live);
        }
        TypedMem.ClearBytes(p + n, cap - (nuint)n);
        g->R[1] = (ulong)n;
        g->R[2] = cap;
        return p;
    }

    [GoFunc("runtime.slicebytetostring")]
    public static void* FromBytes(G* g, void* buffer, void* bytes, long n)
    {
        if (n == 0)
            return Result(g, null, 0);
        if (n == 1)
            return Result(g, OneByte(*(byte*)bytes), 1);
        byte* p = buffer != null && n <= BufferBytes ? (byte*)buffer : (byte*)Alloc.NoScanUncleared(g, (nuint)n, &bytes);
        Move(p, (byte*)bytes, n);
        return Result(g, p, n);
    }

    static readonly byte* s_bytes = MakeBytes();

    static byte* MakeBytes()
    {
        byte* p = (byte*)NativeMemory.Alloc(256);
        for (int i = 0; i < 256; i++)
            p[i] = (byte)i;
        return p;
    }

    /// <summary>A static string of one byte.</summary>
    public static byte* OneByte(byte b) => s_bytes + b;

    [GoFunc("runtime.stringtoslicebyte")]
    public static void* ToBytes(G* g, void* buffer, void* s, long n)
    {
        byte* p = BytesFor(g, buffer, &s, n);
        Move(p, (byte*)s, n);
        return p;
    }

    static int Encode(byte* p, int r)
    {
        if ((uint)r < 0x80)
        {
            p[0] = (byte)r;
            return 1;
        }
        if ((uint)r < 0x800)
        {
            p[0] = (byte)(0xC0 | r >> 6);
            p[1] = (byte)(0x80 | r & 0x3F);
            return 2;
        }
        if ((uint)r > MaxRune || r >= 0xD800 && r < 0xE000)
            r = RuneError;
        if (r < 0x10000)
        {
            p[0] = (byte)(0xE0 | r >> 12);
            p[1] = (byte)(0x80 | r >> 6 & 0x3F);
            p[2] = (byte)(0x80 | r & 0x3F);
            return 3;
        }
        p[0] = (byte)(0xF0 | r >> 18);
        p[1] = (byte)(0x80 | r >> 12 & 0x3F);
        p[2] = (byte)(0x80 | r >> 6 & 0x3F);
        p[3] = (byte)(0x80 | r & 0x3F);
        return 4;
    }

    /// <summary>The rune at p, and its length; (RuneError, 1) for bytes that are not UTF-8.</summary>
    static int Decode(byte* p, long n, out int width)
    {
        int c = p[0];
        width = 1;
        if (c < 0x80)
            return c;
        if (c < 0xC2 || c > 0xF4)
            return RuneError;
        if (c < 0xE0)
        {
            if (n < 2 || (p[1] & 0xC0) != 0x80)
                return RuneError;
            width = 2;
            return (c & 0x1F) << 6 | p[1] & 0x3F;
        }
        if (c < 0xF0)
        {
            int lo = c == 0xE0 ? 0xA0 : 0x80, hi = c == 0xED ? 0x9F : 0xBF;
            if (n < 3 || p[1] < lo || p[1] > hi || (p[2] & 0xC0) != 0x80)
                return RuneError;
            width = 3;
            return (c & 0x0F) << 12 | (p[1] & 0x3F) << 6 | p[2] & 0x3F;
        }
        int lo4 = c == 0xF0 ? 0x90 : 0x80, hi4 = c == 0xF4 ? 0x8F : 0xBF;
        if (n < 4 || p[1] < lo4 || p[1] > hi4 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80)
            return RuneError;
        width = 4;
        return (c & 0x07) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | p[3] & 0x3F;
    }

    [GoFunc("runtime.decoderune", Safepoint = false)]
    public static int DecodeRune(G* g, void* s, long n, long k)
    {
        int r = Decode((byte*)s + k, n - k, out int width);
        g->R[1] = (ulong)(k + width);
        return r;
    }

    [GoFunc("runtime.countrunes", Safepoint = false)]
    public static long CountRunes(G* g, void* s, long n)
    {
        long count = 0;
        for (long i = 0; i < n; count++)
        {
            if (((byte*)s)[i] < 0x80)
            {
                i++;
                continue;
            }
            _ = Decode((byte*)s + i, n - i, out int width);
            i += width;
        }
        return count;
    }

    [GoFunc("runtime.intstring")]
    public static void* IntString(G* g, void* buffer, long v)
    {
        byte* p = buffer != null ? (byte*)buffer : NewBytes(g, 4);
        return Result(g, p, Encode(p, v is < 0 or > MaxRune ? RuneError : (int)v));
    }

    [GoFunc("runtime.slicerunetostring")]
    public static void* FromRunes(G* g, void* buffer, void* runes, long n)
    {
        byte* buf = stackalloc byte[4];
        long bytes = 0;
        for (long i = 0; i < n; i++)
            bytes += Encode(buf, ((int*)runes)[i]);
        if (bytes == 0)
            return Result(g, null, 0);
        byte* p = buffer != null && bytes <= BufferBytes ? (byte*)buffer : (byte*)Alloc.NoScanUncleared(g, (nuint)bytes, &runes);
        byte* at = p;
        for (long i = 0; i < n; i++)
        {
            int width = Encode(buf, ((int*)runes)[i]);
            for (int k = 0; k < width; k++)
                at[k] = buf[k];
            at += width;
        }
        return Result(g, p, bytes);
    }

    [GoFunc("runtime.stringtoslicerune")]
    public static void* ToRunes(G* g, void* buffer, void* s, long n)
    {
        long count = CountRunes(g, s, n);
        bool fits = buffer != null && count <= BufferBytes;
        nuint bytes = fits ? BufferBytes * 4 : Alloc.RoundUp((nuint)count * 4, noscan: true);
        int* p = fits ? (int*)buffer : (int*)Alloc.NoScanUncleared(g, bytes, &s);
        long k = 0;
        for (long i = 0; i < n; k++)
        {
            p[k] = Decode((byte*)s + i, n - i, out int width);
            i += width;
        }
        TypedMem.ClearBytes((byte*)(p + count), bytes - (nuint)count * 4);
        g->R[1] = (ulong)count;
        g->R[2] = bytes / 4;
        return p;
    }

    [GoFunc("runtime.memequal", Safepoint = false)]
    public static int MemEqual(G* g, void* a, void* b, ulong n)
    {
        if (a == b)
            return 1;
        byte* x = (byte*)a, y = (byte*)b;
        if (n <= 16)
        {
            if (n >= 8)
                return *(ulong*)x == *(ulong*)y && *(ulong*)(x + n - 8) == *(ulong*)(y + n - 8) ? 1 : 0;
            if (n >= 4)
                return *(uint*)x == *(uint*)y && *(uint*)(x + n - 4) == *(uint*)(y + n - 4) ? 1 : 0;
            for (; n > 0; n--)
                if (x[n - 1] != y[n - 1])
                    return 0;
            return 1;
        }
        for (; n > int.MaxValue; x += 1 << 30, y += 1 << 30, n -= 1 << 30)
            if (!new ReadOnlySpan<byte>(x, 1 << 30).SequenceEqual(new ReadOnlySpan<byte>(y, 1 << 30)))
                return 0;
        return new ReadOnlySpan<byte>(x, (int)n).SequenceEqual(new ReadOnlySpan<byte>(y, (int)n)) ? 1 : 0;
    }

    /// <summary>`MakeNoZero(n int) []byte`.</summary>
    [GoFunc("internal/bytealg.MakeNoZero", Parks = true)]
    public static void* MakeNoZero(G* g, long n)
    {
        if (n < 0 || (ulong)n > 1UL << 48)
        {
            Trampoline.Inject(g, GoCall.PanicMakeSliceLen);
            return null;
        }
        nuint cap = Alloc.RoundUp((nuint)n, noscan: true);
        g->R[1] = (ulong)n;
        g->R[2] = cap;
        return Alloc.NoScanUncleared(g, cap, null);
    }
}

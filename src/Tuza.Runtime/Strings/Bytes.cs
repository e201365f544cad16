// Package internal/bytealg's searches and comparisons, on the vector code of .NET's spans.
//
// Signatures are the flattened Go ones: a []byte is pointer, length, capacity; a string pointer and length. Lengths beyond what a span can
// hold are worked off in pieces.

using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>IndexByte, Count, Compare, Index.</summary>
static unsafe class Bytes
{
    const int Piece = 1 << 30;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ReadOnlySpan<byte> Span(void* p, long n) => new(p, (int)n);

    static long LongIndexByte(byte* p, long n, byte c)
    {
        for (long at = 0; at < n; at += Piece)
            if (Span(p + at, Math.Min(n - at, Piece)).IndexOf(c) is var i and >= 0)
                return at + i;
        return -1;
    }

    const int PageBytes = 4096;

    /// <summary>Bit i: byte p[i] of sixteen is c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Equal(byte* p, Vector128<byte> c) => Vector128.Equals(Vector128.Load(p), c).ExtractMostSignificantBits();

    /// <summary>Most searches are short: up to 64 bytes are compared here, sixteen at a time, the last ones overlapping those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long ShortIndexByte(byte* p, long n, uint c)
    {
        if (n > 64)
            return LongIndexByte(p, n, (byte)c);
        if (n == 0)
            return -1;
        var want = Vector128.Create((byte)c);
        uint found;
        if (n < 8)
        {
            // Sixteen bytes from p on, or, where they could cross into the next page, up to the end.
            found = ((uint)p & (PageBytes - 1)) <= PageBytes - 16 ? Equal(p, want) & ((1u << (int)n) - 1) : Equal(p + n - 16, want) >> (int)(16 - n);
            return found == 0 ? -1 : BitOperations.TrailingZeroCount(found);
        }
        if (n < 16)
        {
            // The first and the last eight: what was written just now is not waited for, as a load of more than one store wrote would be.
            found = Vector128.Equals(Vector128.Create(*(ulong*)p, *(ulong*)(p + n - 8)).AsByte(), want).ExtractMostSignificantBits();
            return found == 0 ? -1 : (byte)found != 0 ? BitOperations.TrailingZeroCount(found) : n - 16 + BitOperations.TrailingZeroCount(found);
        }
        for (long at = 0; at <= n - 16; at += 16)
            if ((found = Equal(p + at, want)) != 0)
                return at + BitOperations.TrailingZeroCount(found);
        found = Equal(p + n - 16, want);
        return found == 0 ? -1 : n - 16 + BitOperations.TrailingZeroCount(found);
    }

    [GoFunc("internal/bytealg.IndexByte", Safepoint = false)]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long IndexByte(G* g, void* p, long n, long cap, uint c) => ShortIndexByte((byte*)p, n, c);

    [GoFunc("internal/bytealg.IndexByteString", Safepoint = false)]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long IndexByteString(G* g, void* p, long n, uint c) => ShortIndexByte((byte*)p, n, c);

    [GoFunc("internal/bytealg.Count", Safepoint = false)]
    public static long Count(G* g, void* p, long n, long cap, uint c) => CountString(g, p, n, c);

    [GoFunc("internal/bytealg.CountString", Safepoint = false)]
    public static long CountString(G* g, void* p, long n, uint c)
    {
        long count = 0;
        for (long at = 0; at < n; at += Piece)
            count += Span((byte*)p + at, Math.Min(n - at, Piece)).Count((byte)c);
        return count;
    }

    [GoFunc("internal/bytealg.Compare", Safepoint = false)]
    public static long Compare(G* g, void* p, long n, long pcap, void* q, long m, long qcap) => CompareString(g, p, n, q, m);

    [GoFunc("internal/bytealg.abigen_runtime_cmpstring", Safepoint = false)]
    [GoFunc("runtime.cmpstring", Safepoint = false)]
    public static long CompareString(G* g, void* p, long n, void* q, long m)
    {
        if (p == q)
            return n.CompareTo(m);
        byte* a = (byte*)p, b = (byte*)q;
        long both = Math.Min(n, m);
        if (both > 64)
            return LongCompare(a, n, b, m);
        // Word by word, the last one overlapping the one before.
        if (both >= 8)
        {
            for (long at = 0; ; at = Math.Min(at + 8, both - 8))
            {
                ulong x = *(ulong*)(a + at), y = *(ulong*)(b + at);
                if (x != y)
                    return BinaryPrimitives.ReverseEndianness(x) < BinaryPrimitives.ReverseEndianness(y) ? -1 : 1;
                if (at == both - 8)
                    return n.CompareTo(m);
            }
        }
        for (long at = 0; at < both; at++)
            if (a[at] != b[at])
                return a[at] < b[at] ? -1 : 1;
        return n.CompareTo(m);
    }

    static long LongCompare(byte* p, long n, byte* q, long m)
    {
        for (long at = 0, both = Math.Min(n, m); at < both; at += Piece)
        {
            int piece = (int)Math.Min(both - at, Piece);
            int order = Span(p + at, piece).SequenceCompareTo(Span(q + at, piece));
            if (order != 0)
                return order < 0 ? -1 : 1;
        }
        return n.CompareTo(m);
    }

    [GoFunc("internal/bytealg.Index", Safepoint = false)]
    public static long Index(G* g, void* p, long n, long pcap, void* q, long m, long qcap) => IndexString(g, p, n, q, m);

    /// <summary>The caller looks for no more than 63 bytes.</summary>
    [GoFunc("internal/bytealg.IndexString", Safepoint = false)]
    public static long IndexString(G* g, void* p, long n, void* q, long m)
    {
        var what = Span(q, m);
        if (n <= Piece)
            return Span(p, n).IndexOf(what);
        // Pieces overlap by what a match may need.
        for (long at = 0; at <= n - m; at += Piece)
            if (Span((byte*)p + at, Math.Min(n - at, Piece + m - 1)).IndexOf(what) is var i and >= 0)
                return at + i;
        return -1;
    }
}

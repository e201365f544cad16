// The block functions of SHA-256 and SHA-1 with the processor's SHA extensions; without them in plain C#.
//
// State registers hold the words in the order the instructions want: SHA-256 as ABEF and CDGH, SHA-1 as ABCD from the top down, with E in the top
// word of a second register. Four message words are in each of four registers, which are extended in turn while the rounds go on.

using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>crypto/internal/fips140/sha256 and crypto/sha1.</summary>
public static unsafe class Sha
{
    const int BlockBytes = 64;

    static readonly uint[] s_k256 =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
        0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    // The constants of the machine code: byte order for pshufb, then K.
    static readonly byte* s_constants256 = Constants([0x0405060700010203, 0x0c0d0e0f08090a0b], s_k256);
    static readonly byte* s_constants1 = Constants([0x08090a0b0c0d0e0f, 0x0001020304050607], []);
    static readonly delegate* unmanaged<uint*, byte*, long, byte*, void> s_code256 = HasShaExtensions() ? Make256() : null;
    static readonly delegate* unmanaged<uint*, byte*, long, byte*, void> s_code1 = HasShaExtensions() ? Make1() : null;

    static bool HasShaExtensions()
    {
        const int Features = 7, Sha = 1 << 29;
        return Sse41.IsSupported && X86Base.CpuId(0, 0).Eax >= Features && (X86Base.CpuId(Features, 0).Ebx & Sha) != 0;
    }

    static byte* Constants(ReadOnlySpan<ulong> order, ReadOnlySpan<uint> k)
    {
        const nuint Alignment = 16;
        byte* p = (byte*)NativeMemory.AlignedAlloc((nuint)(16 + (4 * k.Length)), Alignment);
        MemoryMarshal.AsBytes(order).CopyTo(new Span<byte>(p, 16));
        MemoryMarshal.AsBytes(k).CopyTo(new Span<byte>(p + 16, 4 * k.Length));
        return p;
    }

    // ---- SHA-256

    static delegate* unmanaged<uint*, byte*, long, byte*, void> Make256()
    {
        // xmm0 is the implicit operand of sha256rnds2.
        const int Message = 0, Abef = 1, Cdgh = 2, Temp = 7, SavedAbef = 8, SavedCdgh = 9, Order = 10, Groups = 16;
        static int W(int i) => 3 + (i & 3);
        var c = new MachineCode();
        c.EmitMemory(MachineCode.Load, Abef, MachineCode.Rdi, 0);
        c.EmitMemory(MachineCode.Load, Cdgh, MachineCode.Rdi, 16);
        c.EmitMemory(MachineCode.Load, Order, MachineCode.Rcx, 0);
        int start = c.Here;
        c.Emit(MachineCode.Move, SavedAbef, Abef);
        c.Emit(MachineCode.Move, SavedCdgh, Cdgh);
        for (int i = 0; i < Groups; i++)
        {
            if (i < 4)
            {
                c.EmitMemory(MachineCode.Load, W(i), MachineCode.Rsi, 16 * i);
                c.Emit(MachineCode.ShuffleBytes, W(i), Order);
            }
            c.Emit(MachineCode.Move, Message, W(i));
            c.EmitMemory(MachineCode.AddWords, Message, MachineCode.Rcx, 16 + (16 * i));
            c.Emit(MachineCode.Sha256Rounds2, Cdgh, Abef);
            if (i is >= 3 and < Groups - 1)
            {
                c.Emit(MachineCode.Move, Temp, W(i));
                c.Emit(MachineCode.AlignRight, Temp, W(i - 1), 4);
                c.Emit(MachineCode.AddWords, W(i + 1), Temp);
                c.Emit(MachineCode.Sha256Msg2, W(i + 1), W(i));
            }
            c.Emit(MachineCode.ShuffleWords, Message, Message, 0x0E);
            c.Emit(MachineCode.Sha256Rounds2, Abef, Cdgh);
            if (i is >= 1 and < Groups - 3)
                c.Emit(MachineCode.Sha256Msg1, W(i - 1), W(i));
        }
        c.Emit(MachineCode.AddWords, Abef, SavedAbef);
        c.Emit(MachineCode.AddWords, Cdgh, SavedCdgh);
        c.Loop(BlockBytes, start);
        c.EmitMemory(MachineCode.Store, Abef, MachineCode.Rdi, 0);
        c.EmitMemory(MachineCode.Store, Cdgh, MachineCode.Rdi, 16);
        return (delegate* unmanaged<uint*, byte*, long, byte*, void>)c.Finish();
    }

    /// <summary>`blockGeneric(dig *Digest, p []byte)`: the digest begins with its eight words.</summary>
    [GoFunc("crypto/internal/fips140/sha256.blockGeneric", Safepoint = false)]
    public static void Block256(G* g, void* digest, void* data, long length, long capacity)
    {
        uint* h = (uint*)digest;
        long blocks = length / BlockBytes;
        if (blocks == 0)
            return;
        if (s_code256 == null)
        {
            for (byte* p = (byte*)data; blocks > 0; blocks--, p += BlockBytes)
                Plain256(h, p);
            return;
        }
        uint* s = stackalloc uint[8] { h[5], h[4], h[1], h[0], h[7], h[6], h[3], h[2] };
        s_code256(s, (byte*)data, blocks, s_constants256);
        (h[5], h[4], h[1], h[0]) = (s[0], s[1], s[2], s[3]);
        (h[7], h[6], h[3], h[2]) = (s[4], s[5], s[6], s[7]);
    }

    static void Plain256(uint* state, byte* p)
    {
        uint* w = stackalloc uint[64];
        for (int i = 0; i < 16; i++)
            w[i] = BinaryPrimitives.ReverseEndianness(((uint*)p)[i]);
        for (int i = 16; i < 64; i++)
        {
            uint x = w[i - 15], y = w[i - 2];
            uint s0 = BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3);
            uint s1 = BitOperations.RotateRight(y, 17) ^ BitOperations.RotateRight(y, 19) ^ (y >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++)
        {
            uint s1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint t1 = h + s1 + ((e & f) ^ (~e & g)) + s_k256[i] + w[i];
            uint s0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    // ---- SHA-1

    static delegate* unmanaged<uint*, byte*, long, byte*, void> Make1()
    {
        const int Abcd = 0, SavedAbcd = 8, SavedE = 9, Order = 10, Groups = 20, GroupsPerConstant = 5;
        static int W(int i) => 3 + (i & 3);
        static int E(int i) => 1 + (i & 1);
        var c = new MachineCode();
        c.EmitMemory(MachineCode.Load, Abcd, MachineCode.Rdi, 0);
        c.EmitMemory(MachineCode.Load, E(0), MachineCode.Rdi, 16);
        c.EmitMemory(MachineCode.Load, Order, MachineCode.Rcx, 0);
        int start = c.Here;
        c.Emit(MachineCode.Move, SavedAbcd, Abcd);
        c.Emit(MachineCode.Move, SavedE, E(0));
        for (int i = 0; i < Groups; i++)
        {
            if (i < 4)
            {
                c.EmitMemory(MachineCode.Load, W(i), MachineCode.Rsi, 16 * i);
                c.Emit(MachineCode.ShuffleBytes, W(i), Order);
            }
            c.Emit(i == 0 ? MachineCode.AddWords : MachineCode.Sha1NextE, E(i), W(i));
            c.Emit(MachineCode.Move, E(i + 1), Abcd);
            if (i is >= 3 and < Groups - 1)
                c.Emit(MachineCode.Sha1Msg2, W(i + 1), W(i));
            c.Emit(MachineCode.Sha1Rounds4, Abcd, E(i), i / GroupsPerConstant);
            if (i is >= 1 and < Groups - 3)
                c.Emit(MachineCode.Sha1Msg1, W(i - 1), W(i));
            if (i is >= 2 and < Groups - 2)
                c.Emit(MachineCode.Xor, W(i + 2), W(i));
        }
        c.Emit(MachineCode.Sha1NextE, E(0), SavedE);
        c.Emit(MachineCode.AddWords, Abcd, SavedAbcd);
        c.Loop(BlockBytes, start);
        c.EmitMemory(MachineCode.Store, Abcd, MachineCode.Rdi, 0);
        c.EmitMemory(MachineCode.Store, E(0), MachineCode.Rdi, 16);
        return (delegate* unmanaged<uint*, byte*, long, byte*, void>)c.Finish();
    }

    /// <summary>`blockGeneric(dig *digest, p []byte)`: the digest begins with its five words.</summary>
    [GoFunc("crypto/sha1.blockGeneric", Safepoint = false)]
    public static void Block1(G* g, void* digest, void* data, long length, long capacity)
    {
        uint* h = (uint*)digest;
        long blocks = length / BlockBytes;
        if (blocks == 0)
            return;
        if (s_code1 == null)
        {
            for (byte* p = (byte*)data; blocks > 0; blocks--, p += BlockBytes)
                Plain1(h, p);
            return;
        }
        uint* s = stackalloc uint[8] { h[3], h[2], h[1], h[0], 0, 0, 0, h[4] };
        s_code1(s, (byte*)data, blocks, s_constants1);
        (h[3], h[2], h[1], h[0], h[4]) = (s[0], s[1], s[2], s[3], s[7]);
    }

    static void Plain1(uint* state, byte* p)
    {
        uint* w = stackalloc uint[80];
        for (int i = 0; i < 16; i++)
            w[i] = BinaryPrimitives.ReverseEndianness(((uint*)p)[i]);
        for (int i = 16; i < 80; i++)
            w[i] = BitOperations.RotateLeft(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int i = 0; i < 80; i++)
        {
            uint f = (i / 20) switch
            {
                0 => ((b & c) | (~b & d)) + 0x5A827999,
                1 => (b ^ c ^ d) + 0x6ED9EBA1,
                2 => ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC,
                _ => (b ^ c ^ d) + 0xCA62C1D6,
            };
            uint t = BitOperations.RotateLeft(a, 5) + f + e + w[i];
            (e, d, c, b, a) = (d, c, BitOperations.RotateLeft(b, 30), a, t);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}

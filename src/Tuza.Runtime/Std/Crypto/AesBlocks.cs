// AES and the authentication of GCM with the processor's instructions. Without them Go's own generic code is compiled (GoFuncAttribute.Needs).
//
// Go keeps round keys as words of big-endian meaning, which are brought into the order of the bytes when they are loaded; the keys for decryption
// are those of the equivalent inverse cipher, as the instructions want them. In counter modes eight blocks are on their way at a time.
//
// GHASH multiplies polynomials with their bits reversed: bytes are reversed on the way in and out, and each product is shifted by one bit.

using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>crypto/internal/fips140/aes and aes/gcm.</summary>
public static unsafe class AesBlocks
{
    const int BlockBytes = 16, MaxRounds = 14, Lanes = 8;

    /// <summary>blockExpanded: number of rounds, keys for both directions.</summary>
    struct Expanded
    {
        public long Rounds;
        public fixed uint Encrypt[60];
        public fixed uint Decrypt[60];
    }

    static Vector128<byte> WordOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    }

    static Vector128<byte> Reversal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void LoadKeys(uint* from, long rounds, Vector128<byte>* to)
    {
        for (int i = 0; i <= rounds; i++)
            to[i] = Ssse3.Shuffle(Vector128.Load((byte*)(from + (4 * i))), WordOrder);
    }

    static void NeedBlock(long dst, long src)
    {
        if (dst < BlockBytes || src < BlockBytes)
            Throw.Fatal("crypto/aes: less than a block");
    }

    [GoFunc("crypto/internal/fips140/aes.encryptBlockGeneric", Safepoint = false, Needs = "aes")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encrypt(G* g, void* c, void* dst, long dstLength, long dstCapacity, void* src, long srcLength, long srcCapacity)
    {
        NeedBlock(dstLength, srcLength);
        var k = (Expanded*)c;
        Vector128<byte> order = WordOrder;
        Vector128<byte> x = Vector128.Load((byte*)src) ^ Ssse3.Shuffle(Vector128.Load((byte*)k->Encrypt), order);
        long rounds = k->Rounds;
        for (int i = 1; i < rounds; i++)
            x = Aes.Encrypt(x, Ssse3.Shuffle(Vector128.Load((byte*)(k->Encrypt + (4 * i))), order));
        Aes.EncryptLast(x, Ssse3.Shuffle(Vector128.Load((byte*)(k->Encrypt + (4 * rounds))), order)).Store((byte*)dst);
    }

    [GoFunc("crypto/internal/fips140/aes.decryptBlockGeneric", Safepoint = false, Needs = "aes")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decrypt(G* g, void* c, void* dst, long dstLength, long dstCapacity, void* src, long srcLength, long srcCapacity)
    {
        NeedBlock(dstLength, srcLength);
        var k = (Expanded*)c;
        Vector128<byte> order = WordOrder;
        Vector128<byte> x = Vector128.Load((byte*)src) ^ Ssse3.Shuffle(Vector128.Load((byte*)k->Decrypt), order);
        long rounds = k->Rounds;
        for (int i = 1; i < rounds; i++)
            x = Aes.Decrypt(x, Ssse3.Shuffle(Vector128.Load((byte*)(k->Decrypt + (4 * i))), order));
        Aes.DecryptLast(x, Ssse3.Shuffle(Vector128.Load((byte*)(k->Decrypt + (4 * rounds))), order)).Store((byte*)dst);
    }

    /// <summary>Encrypts n (at most 8) vectors in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void EncryptAll(Vector128<byte>* x, int n, Vector128<byte>* keys, long rounds)
    {
        if (n == Lanes)
        {
            Vector128<byte> k = keys[0];
            Vector128<byte> a = x[0] ^ k, b = x[1] ^ k, c = x[2] ^ k, d = x[3] ^ k, e = x[4] ^ k, f = x[5] ^ k, g = x[6] ^ k, h = x[7] ^ k;
            for (int i = 1; i < rounds; i++)
            {
                k = keys[i];
                a = Aes.Encrypt(a, k);
                b = Aes.Encrypt(b, k);
                c = Aes.Encrypt(c, k);
                d = Aes.Encrypt(d, k);
                e = Aes.Encrypt(e, k);
                f = Aes.Encrypt(f, k);
                g = Aes.Encrypt(g, k);
                h = Aes.Encrypt(h, k);
            }
            k = keys[rounds];
            x[0] = Aes.EncryptLast(a, k);
            x[1] = Aes.EncryptLast(b, k);
            x[2] = Aes.EncryptLast(c, k);
            x[3] = Aes.EncryptLast(d, k);
            x[4] = Aes.EncryptLast(e, k);
            x[5] = Aes.EncryptLast(f, k);
            x[6] = Aes.EncryptLast(g, k);
            x[7] = Aes.EncryptLast(h, k);
            return;
        }
        for (int j = 0; j < n; j++)
        {
            Vector128<byte> v = x[j] ^ keys[0];
            for (int i = 1; i < rounds; i++)
                v = Aes.Encrypt(v, keys[i]);
            x[j] = Aes.EncryptLast(v, keys[rounds]);
        }
    }

    /// <summary>dst = src ^ stream; all of src is read before dst is written, block group by block group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void XorStream(byte* dst, byte* src, Vector128<byte>* stream, int bytes)
    {
        Vector128<byte>* data = stackalloc Vector128<byte>[Lanes];
        Buffer.MemoryCopy(src, data, Lanes * BlockBytes, bytes);
        for (int i = 0; i * BlockBytes < bytes; i++)
            data[i] ^= stream[i];
        Buffer.MemoryCopy(data, dst, bytes, bytes);
    }

    /// <summary>`ctrBlocks(b *Block, dst, src []byte, ivlo, ivhi uint64)`: whole blocks.</summary>
    [GoFunc("crypto/internal/fips140/aes.ctrBlocks", Safepoint = false, Needs = "aes")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ctr(G* g, void* b, void* dst, long dstLength, long dstCapacity, void* src, long srcLength, long srcCapacity, ulong low, ulong high)
    {
        if (dstLength < srcLength || srcLength % BlockBytes != 0)
            Throw.Fatal("crypto/aes: not whole blocks");
        var k = (Expanded*)b;
        Vector128<byte>* keys = stackalloc Vector128<byte>[MaxRounds + 1];
        LoadKeys(k->Encrypt, k->Rounds, keys);
        Vector128<byte>* x = stackalloc Vector128<byte>[Lanes];
        for (long at = 0; at < srcLength; at += Lanes * BlockBytes)
        {
            int bytes = (int)Math.Min(Lanes * BlockBytes, srcLength - at);
            for (int i = 0; i < Lanes; i++)
            {
                x[i] = Vector128.Create(BinaryPrimitives.ReverseEndianness(high), BinaryPrimitives.ReverseEndianness(low)).AsByte();
                if (++low == 0)
                    high++;
            }
            EncryptAll(x, bytes / BlockBytes, keys, k->Rounds);
            XorStream((byte*)dst + at, (byte*)src + at, x, bytes);
        }
    }

    /// <summary>`gcmCounterCryptGeneric(b *aes.Block, out, src []byte, counter *[16]byte)`: the last 32 bits of the counter count.</summary>
    [GoFunc("crypto/internal/fips140/aes/gcm.gcmCounterCryptGeneric", Safepoint = false, Needs = "aes")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GcmCounter(G* g, void* b, void* dst, long dstLength, long dstCapacity, void* src, long srcLength, long srcCapacity, void* counter)
    {
        if (dstLength < srcLength)
            Throw.Fatal("crypto/cipher: output is too short");
        var k = (Expanded*)b;
        Vector128<byte>* keys = stackalloc Vector128<byte>[MaxRounds + 1];
        LoadKeys(k->Encrypt, k->Rounds, keys);
        Vector128<byte>* x = stackalloc Vector128<byte>[Lanes];
        Vector128<uint> start = Vector128.Load((uint*)counter);
        uint count = BinaryPrimitives.ReverseEndianness(start[3]);
        for (long at = 0; at < srcLength; at += Lanes * BlockBytes)
        {
            int bytes = (int)Math.Min(Lanes * BlockBytes, srcLength - at);
            int blocks = (bytes + BlockBytes - 1) / BlockBytes;
            for (int i = 0; i < blocks; i++)
                x[i] = start.WithElement(3, BinaryPrimitives.ReverseEndianness(count++)).AsByte();
            EncryptAll(x, blocks, keys, k->Rounds);
            XorStream((byte*)dst + at, (byte*)src + at, x, bytes);
        }
        ((uint*)counter)[3] = BinaryPrimitives.ReverseEndianness(count);
    }

    // ---- GHASH

    /// <summary>`ghash(out, H *[16]byte, inputs ...[]byte)`: each input is padded to whole blocks.</summary>
    [GoFunc("crypto/internal/fips140/aes/gcm.ghash", Safepoint = false, Needs = "pclmul")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GHash(G* g, void* result, void* key, void* inputs, long count, long capacity)
    {
        Vector128<byte> reversal = Reversal;
        Vector128<ulong> h = Ssse3.Shuffle(Vector128.Load((byte*)key), reversal).AsUInt64();
        Vector128<ulong> y = default;
        byte* padded = stackalloc byte[BlockBytes];
        for (long i = 0; i < count; i++)
        {
            var input = ((GoSlice*)inputs)[i];
            byte* p = input.Array;
            nint left = input.Len;
            for (; left >= BlockBytes; left -= BlockBytes, p += BlockBytes)
                y = Multiply(y ^ Ssse3.Shuffle(Vector128.Load(p), reversal).AsUInt64(), h);
            if (left > 0)
            {
                Vector128<byte>.Zero.Store(padded);
                Buffer.MemoryCopy(p, padded, BlockBytes, left);
                y = Multiply(y ^ Ssse3.Shuffle(Vector128.Load(padded), reversal).AsUInt64(), h);
            }
        }
        Ssse3.Shuffle(y.AsByte(), reversal).Store((byte*)result);
    }

    /// <summary>The product in GF(2^128) of two reversed polynomials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b)
    {
        Vector128<ulong> low = Pclmulqdq.CarrylessMultiply(a, b, 0x00), high = Pclmulqdq.CarrylessMultiply(a, b, 0x11);
        Vector128<ulong> middle = Pclmulqdq.CarrylessMultiply(a, b, 0x10) ^ Pclmulqdq.CarrylessMultiply(a, b, 0x01);
        low ^= Sse2.ShiftLeftLogical128BitLane(middle, 8);
        high ^= Sse2.ShiftRightLogical128BitLane(middle, 8);
        // One bit to the left, over 256 bits.
        Vector128<uint> l = low.AsUInt32(), u = high.AsUInt32();
        Vector128<uint> carryLow = l >>> 31, carryHigh = u >>> 31;
        l = (l << 1) | Sse2.ShiftLeftLogical128BitLane(carryLow, 4);
        u = (u << 1) | Sse2.ShiftLeftLogical128BitLane(carryHigh, 4) | Sse2.ShiftRightLogical128BitLane(carryLow, 12);
        // Modulo x^128 + x^7 + x^2 + x + 1.
        Vector128<uint> t = (l << 31) ^ (l << 30) ^ (l << 25);
        l ^= Sse2.ShiftLeftLogical128BitLane(t, 12);
        Vector128<uint> r = (l >>> 1) ^ (l >>> 2) ^ (l >>> 7) ^ Sse2.ShiftRightLogical128BitLane(t, 4);
        return (u ^ l ^ r).AsUInt64();
    }
}

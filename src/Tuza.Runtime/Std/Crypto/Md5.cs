// The block function of MD5.
//
// Each step waits for the one before, so what counts is the length of that chain: a word of the message and its constant are added up before the sum
// with the state, and the choice of the second round is a sum of two masks, of which only one depends on the newest word.

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>crypto/md5.</summary>
public static unsafe class Md5
{
    const int BlockBytes = 64, Steps = 16;

    static readonly uint* s_sines = Constants(
    [
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    ]);

    static uint* Constants(System.ReadOnlySpan<uint> values)
    {
        var p = (uint*)NativeMemory.Alloc((nuint)values.Length, sizeof(uint));
        values.CopyTo(new System.Span<uint>(p, values.Length));
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint F(uint a, uint b, uint c, uint d, uint x, int turn) => b + BitOperations.RotateLeft(a + x + (((c ^ d) & b) ^ d), turn);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint G(uint a, uint b, uint c, uint d, uint x, int turn) => b + BitOperations.RotateLeft(a + x + (c & ~d) + (b & d), turn);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint H(uint a, uint b, uint c, uint d, uint x, int turn) => b + BitOperations.RotateLeft(a + x + (c ^ d ^ b), turn);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint I(uint a, uint b, uint c, uint d, uint x, int turn) => b + BitOperations.RotateLeft(a + x + (c ^ (b | ~d)), turn);

    /// <summary>`block(dig *digest, p []byte)`: the digest begins with its four words.</summary>
    [GoFunc("crypto/md5.block", Safepoint = false)]
    [GoFunc("crypto/md5.blockGeneric", Safepoint = false)]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(G* g, void* digest, void* data, long length, long capacity)
    {
        uint* state = (uint*)digest, x = (uint*)data, k = s_sines;
        uint a = state[0], b = state[1], c = state[2], d = state[3];
        for (; length >= BlockBytes; length -= BlockBytes, x += BlockBytes / sizeof(uint))
        {
            var (a0, b0, c0, d0) = (a, b, c, d);
            for (int i = 0; i < Steps; i += 4)
            {
                a = F(a, b, c, d, x[i] + k[i], 7);
                d = F(d, a, b, c, x[i + 1] + k[i + 1], 12);
                c = F(c, d, a, b, x[i + 2] + k[i + 2], 17);
                b = F(b, c, d, a, x[i + 3] + k[i + 3], 22);
            }
            for (int i = Steps; i < 2 * Steps; i += 4)
            {
                int n = (5 * i) + 1;
                a = G(a, b, c, d, x[n & 15] + k[i], 5);
                d = G(d, a, b, c, x[(n + 5) & 15] + k[i + 1], 9);
                c = G(c, d, a, b, x[(n + 10) & 15] + k[i + 2], 14);
                b = G(b, c, d, a, x[(n + 15) & 15] + k[i + 3], 20);
            }
            for (int i = 2 * Steps; i < 3 * Steps; i += 4)
            {
                int n = (3 * i) + 5;
                a = H(a, b, c, d, x[n & 15] + k[i], 4);
                d = H(d, a, b, c, x[(n + 3) & 15] + k[i + 1], 11);
                c = H(c, d, a, b, x[(n + 6) & 15] + k[i + 2], 16);
                b = H(b, c, d, a, x[(n + 9) & 15] + k[i + 3], 23);
            }
            for (int i = 3 * Steps; i < 4 * Steps; i += 4)
            {
                int n = 7 * i;
                a = I(a, b, c, d, x[n & 15] + k[i], 6);
                d = I(d, a, b, c, x[(n + 7) & 15] + k[i + 1], 10);
                c = I(c, d, a, b, x[(n + 14) & 15] + k[i + 2], 15);
                b = I(b, c, d, a, x[(n + 21) & 15] + k[i + 3], 21);
            }
            a += a0;
            b += b0;
            c += c0;
            d += d0;
        }
        (state[0], state[1], state[2], state[3]) = (a, b, c, d);
    }
}

// Operations whose Go meaning differs from the IL instruction. Emitted code calls them; RyuJIT inlines them.
//
// Conversions of floats to integers give what gc's amd64 code gives, also out of range: the "integer indefinite" value of CVTTSD2SQ.

using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tuza.Abi;

public static class Arith
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // ---- division: the quotient of the smallest integer and -1 wraps
    [MethodImpl(Inline)] public static long Div64(long a, long b) => b == -1 ? -a : a / b;
    [MethodImpl(Inline)] public static int Div32(int a, int b) => b == -1 ? -a : a / b;
    [MethodImpl(Inline)] public static long Rem64(long a, long b) => b == -1 ? 0 : a % b;
    [MethodImpl(Inline)] public static int Rem32(int a, int b) => b == -1 ? 0 : a % b;

    // ---- floats to integers
    [MethodImpl(Inline)] public static long F64ToI64(double x) => double.ConvertToIntegerNative<long>(x);
    [MethodImpl(Inline)] public static int F64ToI32(double x) => double.ConvertToIntegerNative<int>(x);
    [MethodImpl(Inline)] public static long F32ToI64(float x) => float.ConvertToIntegerNative<long>(x);
    [MethodImpl(Inline)] public static int F32ToI32(float x) => float.ConvertToIntegerNative<int>(x);

    [MethodImpl(Inline)]
    public static long F64ToU64(double x) =>
        x < 9223372036854775808.0 ? double.ConvertToIntegerNative<long>(x) : double.ConvertToIntegerNative<long>(x - 9223372036854775808.0) | long.MinValue;

    [MethodImpl(Inline)]
    public static long F32ToU64(float x) =>
        x < 9223372036854775808.0f ? float.ConvertToIntegerNative<long>(x) : float.ConvertToIntegerNative<long>(x - 9223372036854775808.0f) | long.MinValue;

    // ---- unsigned integers to floats, rounded once
    [MethodImpl(Inline)]
    public static double U64ToF64(long x) => x >= 0 ? x : 2.0 * ((long)((ulong)x >> 1) | (x & 1));

    [MethodImpl(Inline)]
    public static float U64ToF32(long x) => x >= 0 ? x : 2.0f * (float)((long)((ulong)x >> 1) | (x & 1));

    // ---- bits
    [MethodImpl(Inline)] public static long MulHiU(long a, long b) => (long)(Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags((ulong)a, (ulong)b) : Math.BigMul((ulong)a, (ulong)b, out _));
    [MethodImpl(Inline)] public static long MulHiS(long a, long b) => Math.BigMul(a, b, out _);
    [MethodImpl(Inline)] public static int MulHiU32(int a, int b) => (int)(((ulong)(uint)a * (uint)b) >> 32);
    [MethodImpl(Inline)] public static int MulHiS32(int a, int b) => (int)(((long)a * b) >> 32);
    [MethodImpl(Inline)] public static long Rotl64(long a, int k) => (long)BitOperations.RotateLeft((ulong)a, k);
    [MethodImpl(Inline)] public static int Rotl32(int a, int k) => (int)BitOperations.RotateLeft((uint)a, k);
    [MethodImpl(Inline)] public static int Rotl16(int a, int k) => (a << (k & 15)) | ((a & 0xffff) >> (16 - (k & 15)));
    [MethodImpl(Inline)] public static int Rotl8(int a, int k) => (a << (k & 7)) | ((a & 0xff) >> (8 - (k & 7)));
    [MethodImpl(Inline)] public static int Lzcnt64(long a) => BitOperations.LeadingZeroCount((ulong)a);
    [MethodImpl(Inline)] public static int Lzcnt32(int a) => BitOperations.LeadingZeroCount((uint)a);
    [MethodImpl(Inline)] public static int Lzcnt16(int a) => BitOperations.LeadingZeroCount((uint)a & 0xffff) - 16;
    [MethodImpl(Inline)] public static int Lzcnt8(int a) => BitOperations.LeadingZeroCount((uint)a & 0xff) - 24;
    [MethodImpl(Inline)] public static int Tzcnt64(long a) => BitOperations.TrailingZeroCount((ulong)a);
    [MethodImpl(Inline)] public static int Tzcnt32(int a) => BitOperations.TrailingZeroCount((uint)a);
    [MethodImpl(Inline)] public static int Tzcnt16(int a) => BitOperations.TrailingZeroCount((uint)a | 0x10000);
    [MethodImpl(Inline)] public static int Tzcnt8(int a) => BitOperations.TrailingZeroCount((uint)a | 0x100);
    [MethodImpl(Inline)] public static int Popcnt64(long a) => BitOperations.PopCount((ulong)a);
    [MethodImpl(Inline)] public static int Popcnt32(int a) => BitOperations.PopCount((uint)a);
    [MethodImpl(Inline)] public static int Popcnt16(int a) => BitOperations.PopCount((uint)a & 0xffff);
    [MethodImpl(Inline)] public static int Popcnt8(int a) => BitOperations.PopCount((uint)a & 0xff);
    [MethodImpl(Inline)] public static long Bswap64(long a) => BinaryPrimitives.ReverseEndianness(a);
    [MethodImpl(Inline)] public static int Bswap32(int a) => BinaryPrimitives.ReverseEndianness(a);
    [MethodImpl(Inline)] public static int Bswap16(int a) => BinaryPrimitives.ReverseEndianness((ushort)a);

    // ---- floats
    [MethodImpl(Inline)] public static double Sqrt(double a) => Math.Sqrt(a);
    [MethodImpl(Inline)] public static float Sqrt32(float a) => MathF.Sqrt(a);
    [MethodImpl(Inline)] public static double Floor(double a) => Math.Floor(a);
    [MethodImpl(Inline)] public static double Ceil(double a) => Math.Ceiling(a);
    [MethodImpl(Inline)] public static double Trunc(double a) => Math.Truncate(a);
    [MethodImpl(Inline)] public static double RoundEven(double a) => Math.Round(a, MidpointRounding.ToEven);
    [MethodImpl(Inline)] public static double Abs(double a) => Math.Abs(a);
    [MethodImpl(Inline)] public static float Abs32(float a) => MathF.Abs(a);
    [MethodImpl(Inline)] public static double CopySign(double a, double b) => Math.CopySign(a, b);
    [MethodImpl(Inline)] public static float CopySign32(float a, float b) => MathF.CopySign(a, b);
    [MethodImpl(Inline)] public static double Fma(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);
    [MethodImpl(Inline)] public static float Fma32(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
    [MethodImpl(Inline)] public static double Min(double a, double b) => Math.Min(a, b);
    [MethodImpl(Inline)] public static double Max(double a, double b) => Math.Max(a, b);
    [MethodImpl(Inline)] public static float Min32(float a, float b) => MathF.Min(a, b);
    [MethodImpl(Inline)] public static float Max32(float a, float b) => MathF.Max(a, b);

    [MethodImpl(Inline)] public static long Bits64(double a) => BitConverter.DoubleToInt64Bits(a);
    [MethodImpl(Inline)] public static double FromBits64(long a) => BitConverter.Int64BitsToDouble(a);
    [MethodImpl(Inline)] public static int Bits32(float a) => BitConverter.SingleToInt32Bits(a);
    [MethodImpl(MethodImplOptions.NoInlining)] public static float FromKnownBits32(int a) => BitConverter.Int32BitsToSingle(a);
    [MethodImpl(Inline)] public static float FromBits32(int a) => BitConverter.Int32BitsToSingle(a);
}

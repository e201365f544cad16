// Exact constant values, immutable. CONTRACT FILE (operations live beside it in ConstantOps).
// Kinds form a chain Int < Rational/Float < Complex; a value is kept in the smallest kind that represents it only where ToInt etc. are asked.

using System.Numerics;

namespace Tuza.Types;

public enum ConstantKind : byte { Unknown, Bool, String, Int, Float, Complex }

public abstract class Constant
{
    public abstract ConstantKind Kind { get; }
}

/// <summary>The value of an erroneous constant expression; silences follow-ups.</summary>
public sealed class UnknownConstant : Constant
{
    public static readonly UnknownConstant Instance = new();
    public override ConstantKind Kind => ConstantKind.Unknown;
}

public sealed class BoolConstant(bool value) : Constant
{
    public bool Value { get; } = value;
    public override ConstantKind Kind => ConstantKind.Bool;
}

/// <summary>A string of bytes: Go strings need not be valid UTF-8.</summary>
public sealed class StringConstant(byte[] value) : Constant
{
    public byte[] Value { get; } = value;
    public override ConstantKind Kind => ConstantKind.String;
}

public sealed class IntConstant(BigInteger value) : Constant
{
    public BigInteger Value { get; } = value;
    public override ConstantKind Kind => ConstantKind.Int;
}

/// <summary>Numerator / Denominator · 2^Exp2: exact for what programs write; rounded to 512 bits of mantissa when parts grow beyond that.</summary>
public sealed class FloatConstant(BigInteger numerator, BigInteger denominator, int exp2) : Constant
{
    public BigInteger Numerator { get; } = numerator;
    public BigInteger Denominator { get; } = denominator;
    public int Exp2 { get; } = exp2;
    public override ConstantKind Kind => ConstantKind.Float;
}

/// <summary>Re and Im are IntConstant or FloatConstant.</summary>
public sealed class ComplexConstant(Constant re, Constant im) : Constant
{
    public Constant Re { get; } = re;
    public Constant Im { get; } = im;
    public override ConstantKind Kind => ConstantKind.Complex;
}

// Exact constant values, immutable. CONTRACT FILE (operations live beside it in ConstantOps).
// Kinds form a chain Int < Rational/Float < Complex; a value is kept in the smallest kind that represents it only where ToInt etc. are asked.

using System.Collections.Generic;
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

/// <summary>A string of bytes: Go strings need not be valid UTF-8. A concatenation stays a tree until its value is asked for, so that long
/// chains of `+` cost linear time.</summary>
public sealed class StringConstant : Constant
{
    readonly StringConstant? _left, _right;
    byte[]? _value;

    public StringConstant(byte[] value)
    {
        _value = value;
        Length = value.Length;
    }

    public StringConstant(StringConstant left, StringConstant right)
    {
        _left = left;
        _right = right;
        Length = left.Length + right.Length;
    }

    public long Length { get; }
    public byte[] Value => _value ?? Flatten();
    public override ConstantKind Kind => ConstantKind.String;

    byte[] Flatten()
    {
        lock (this)
        {
            if (_value != null)
                return _value;
            var result = new byte[Length];
            int end = result.Length;
            var todo = new Stack<StringConstant>();
            todo.Push(this);
            while (todo.TryPop(out var s))
            {
                var (value, left, right) = (s._value, s._left, s._right);
                if (value != null)
                {
                    end -= value.Length;
                    value.CopyTo(result, end);
                    continue;
                }
                todo.Push(left!);
                todo.Push(right!);   // on top: filled from the end
            }
            _value = result;
            return result;
        }
    }
}

public sealed class IntConstant(BigInteger value) : Constant
{
    public BigInteger Value { get; } = value;
    public override ConstantKind Kind => ConstantKind.Int;
}

/// <summary>Numerator / Denominator · 2^Exp2: exact for what programs write; rounded to 512 bits of mantissa when parts grow beyond that.
/// Two forms: a fraction in lowest terms (Exp2 0, not Rounded), or a binary float (Denominator 1, odd Numerator of at most 512 bits, Rounded);
/// what has become a float stays one.</summary>
public sealed class FloatConstant(BigInteger numerator, BigInteger denominator, int exp2, bool rounded = false) : Constant
{
    public bool Rounded { get; } = rounded;
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

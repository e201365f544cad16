namespace Tuza.Types;
using System; using System.Numerics; using Tuza.Syntax;
public static class ConstantOps
{
    /// <summary>Unknown when the literal is malformed or too large.</summary>
    public static Constant FromLiteral(LitKind kind, string text) => throw new NotImplementedException();
    public static Constant MakeInt(long v) => new IntConstant(v);
    public static Constant MakeInt(BigInteger v) => new IntConstant(v);
    public static Constant MakeDouble(double v) => throw new NotImplementedException();
    public static Constant MakeString(string v) => throw new NotImplementedException();
    public static Constant MakeBool(bool v) => new BoolConstant(v);
    /// <summary>+ - ! ^; unsignedBits limits ^ of unsigned types, 0 otherwise.</summary>
    public static Constant Unary(Token op, Constant x, int unsignedBits) => throw new NotImplementedException();
    /// <summary>Add Sub Mul Div Rem And Or Xor AndNot AndAnd OrOr; integerDivision makes Div truncate. Division by zero: caller checks.</summary>
    public static Constant Binary(Constant x, Token op, Constant y, bool integerDivision) => throw new NotImplementedException();
    public static Constant Shift(Constant x, Token op, uint count) => throw new NotImplementedException();
    public static bool Compare(Constant x, Token op, Constant y) => throw new NotImplementedException();
    public static Constant ToInt(Constant x) => throw new NotImplementedException();
    public static Constant ToFloat(Constant x) => throw new NotImplementedException();
    public static Constant ToComplex(Constant x) => throw new NotImplementedException();
    public static Constant Real(Constant x) => throw new NotImplementedException();
    public static Constant Imag(Constant x) => throw new NotImplementedException();
    public static Constant MakeImag(Constant x) => throw new NotImplementedException();
    public static int BitLen(Constant x) => throw new NotImplementedException();
    public static int Sign(Constant x) => throw new NotImplementedException();
    public static bool ToInt64(Constant x, out long v) => throw new NotImplementedException();
    public static bool ToUInt64(Constant x, out ulong v) => throw new NotImplementedException();
    /// <summary>Correctly rounded; infinite when too large.</summary>
    public static double ToDouble(Constant x) => throw new NotImplementedException();
    public static float ToSingle(Constant x) => throw new NotImplementedException();
    public static byte[] StringBytes(Constant x) => ((StringConstant)x).Value;
    /// <summary>Short form for messages.</summary>
    public static string String(Constant x) => throw new NotImplementedException();
    public static string ExactString(Constant x) => throw new NotImplementedException();
}

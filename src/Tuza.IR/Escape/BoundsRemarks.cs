// "index bounds check elided": indexes that cannot be out of range, by their type or by a mask, and are not constant.
//
// This is only the remark. Which checks really disappear is decided by lowering, which sees more.

using System.Collections.Generic;
using System.Numerics;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

static class BoundsRemarks
{
    public static void Report(IReadOnlyList<Function> functions, CompileDiagnostics diagnostics)
    {
        var appended = new HashSet<IndexNode>(ReferenceEqualityComparer.Instance);
        foreach (var f in functions)
            if (f.Body != null && !f.IsUnreported && !(f.IsWrapper && f.Outer == null))
                Walk.Preorder(f.Body, n =>
                {
                    if (n is BuiltinNode { Op: BuiltinOp.Append, HasDots: false } append)
                        foreach (var a in append.Args)
                            if (a is IndexNode direct)
                                appended.Add(direct);
                    if (n is IndexNode i && i.Index is not ConstNode && Length(i.X) is { } length && (appended.Contains(i) ? Named(i, length) : InRange(i.Index, length)))
                        diagnostics.Warn(i.Pos, "index bounds check elided");
                    return true;
                }, null);
    }

    /// <summary>An operand of append: a name as index stays unseen, anything else is a temporary by then, of which only the type is known.</summary>
    static bool Named(IndexNode i, long length) => i.Index is not (LocalNode or GlobalNode) && ByType(i.Index.Type, length, 8 * Flatten.SizeOf(i.Index.Type));

    static bool ByType(GoType t, long length, long bits) => Predicates.IsUnsigned(t) && bits <= 62 && 1L << (int)bits <= length;

    static long? Length(ExprNode x) => x switch
    {
        ConstNode { Value: StringConstant s } => s.Value.Length,
        _ when x.Type.Underlying is ArrayType a => a.Len,
        _ => null,
    };

    static bool InRange(ExprNode n, long length)
    {
        if (!Predicates.IsInteger(n.Type))
            return false;
        bool signed = !Predicates.IsUnsigned(n.Type);
        long bits = 8 * Flatten.SizeOf(n.Type);
        if (n is BinaryNode b)
            switch (b.Op)
            {
                case Token.And or Token.AndNot:
                    BigInteger mask = -1;
                    if (Constant(b.X) is { } left)
                        mask = left;
                    else if (Constant(b.Y) is { } right)
                    {
                        mask = right;
                        if (b.Op == Token.AndNot)
                        {
                            mask = ~mask;
                            if (!signed)
                                mask &= (BigInteger.One << (int)bits) - 1;
                        }
                    }
                    if (mask >= 0 && mask < length)
                        return true;
                    break;
                case Token.Rem when !signed && Constant(b.Y) is { } modulus:
                    if (modulus >= 0 && modulus <= length)
                        return true;
                    break;
                case Token.Div when !signed && Constant(b.Y) is { } divisor:
                    for (; bits > 0 && divisor >= 2; divisor >>= 1)
                        bits--;
                    break;
                case Token.Shr when !signed && Constant(b.Y) is { } count:
                    if (count > bits)
                        return length > 0;
                    bits -= (long)count;
                    break;
            }
        return ByType(n.Type, length, bits);
    }

    static BigInteger? Constant(ExprNode n) => n is ConstNode { Value: IntConstant c } && c.Value >= int.MinValue && c.Value <= int.MaxValue ? c.Value : null;
}

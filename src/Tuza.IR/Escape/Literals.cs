// Values that are known although they are not written where they are used: `n := 10; make([]byte, n)` is as good as make([]byte, 10).
//
// The value is put in place of the expression in sizes of slices and in conversions to interfaces; the expression itself is still evaluated for
// what it does.

using Tuza.Types;

namespace Tuza.IR;

static class Literals
{
    public static void Rewrite(ExprNode? n, Definitions values)
    {
        switch (n)
        {
            case MakeSliceNode m:
                var size = m.Cap ?? m.Len;
                if (size is ConstNode)
                    return;
                ConstNode? known = values.StaticValue(size) switch
                {
                    ConstNode { Value: IntConstant { Value.Sign: >= 0 } c } => new ConstNode { Value = c, Type = size.Type, Pos = m.Pos },
                    BuiltinNode { Op: BuiltinOp.Len } len when values.StaticValue(len.Args[0]) is CompositeNode { Type.Underlying: SliceType } lit =>
                        new ConstNode { Value = ConstantOps.MakeInt(lit.Len), Type = Universe.Int, Pos = m.Pos },
                    _ => null,
                };
                if (known == null)
                    return;
                KeepEffects(m, size);
                if (m.Cap != null)
                    m.Cap = known;
                else
                    m.Len = known;
                break;
            case ConvNode { Kind: ConvKind.ToInterface, X: not ConstNode } c when c.X.Type.Underlying is not InterfaceType:
                if (values.StaticValue(c.X) is ConstNode v && Fits(v.Value, c.X.Type))
                {
                    KeepEffects(c, c.X);
                    c.X = new ConstNode { Value = v.Value, Type = c.X.Type, Pos = c.Pos };
                }
                else if (c.X is LocalNode { Init: null } && values.StaticValue(c.X) is CompositeNode { Type.Underlying: not SliceType } literal && IsConstant(literal))
                {
                    c.Known = literal;
                }
                break;
        }
    }

    static bool IsConstant(ExprNode n) => n is { Init: null } and (ConstNode or NilNode or ZeroNode)
        || n is CompositeNode { Init: null, Type.Underlying: not SliceType } c && c.Elems.TrueForAll(e => IsConstant(e.Value));

    static bool Fits(Constant value, GoType t) => value switch
    {
        BoolConstant => Predicates.IsBoolean(t),
        StringConstant => Predicates.IsString(t),
        IntConstant => Predicates.IsInteger(t),
        FloatConstant => Predicates.IsFloat(t),
        ComplexConstant => Predicates.IsComplex(t),
        _ => false,
    };

    static void KeepEffects(ExprNode n, ExprNode old)
    {
        if (old is not LocalNode { Init: null })
            (n.Init ??= []).Add(new AssignNode { Y = old, Pos = n.Pos });
    }
}

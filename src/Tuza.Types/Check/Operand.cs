// An operand: the intermediate result of checking an expression: mode, type, and value for constants. Mutable while an expression
// is being checked, as in go/types; a fresh one is an invalid operand.

using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed class Operand
{
    static readonly string[] s_modes =
    [
        "invalid operand", "no value", "built-in", "type", "constant", "variable", "map index expression", "value", "nil",
        "comma, ok expression", "comma, error expression", "cgo function",
    ];

    public OperandMode Mode;
    public Expr? Expr;
    public GoType Type = Universe.Invalid;
    /// <summary>Set when Mode is Constant.</summary>
    public Constant? Value;
    /// <summary>Set when Mode is Builtin.</summary>
    public BuiltinId Id;

    public bool IsValid => Mode != OperandMode.Invalid;
    public bool IsNil => Mode == OperandMode.NilValue;
    public Pos Pos => Expr?.Pos ?? default;
    public void Invalidate() => Mode = OperandMode.Invalid;
    public Operand Clone() => (Operand)MemberwiseClone();

    public void Assign(Operand other)
    {
        Mode = other.Mode;
        Expr = other.Expr;
        Type = other.Type;
        Value = other.Value;
        Id = other.Id;
    }

    /// <summary>Makes this the untyped constant of a literal; invalid when the literal has no value.</summary>
    public void SetLiteral(LitKind kind, string text)
    {
        var value = ConstantOps.FromLiteral(kind, text);
        if (value.Kind == ConstantKind.Unknown)
        {
            Invalidate();
            Type = Universe.Invalid;
            return;
        }
        Mode = OperandMode.Constant;
        Value = value;
        Type = Universe.Basic(kind switch
        {
            LitKind.Int => BasicKind.UntypedInt,
            LitKind.Float => BasicKind.UntypedFloat,
            LitKind.Imaginary => BasicKind.UntypedComplex,
            LitKind.Rune => BasicKind.UntypedRune,
            LitKind.String => BasicKind.UntypedString,
        });
    }

    /// <summary>As gc describes operands in messages: `x (variable of type int)`.</summary>
    public string ToString(TypeEnv env)
    {
        if (Mode == OperandMode.NilValue)
            return !Predicates.IsValid(Type) ? "nil (with invalid type)"
                : Type == Universe.UntypedNil ? "nil" : $"nil (of type {env.Text(Type)})";

        var b = new StringBuilder();
        string text = Expr != null ? ExprText.Of(Expr) : Mode switch
        {
            OperandMode.Builtin => Universe.BuiltinName(Id),
            OperandMode.TypeExpr => env.Text(Type),
            OperandMode.Constant => ConstantOps.String(Value!),
            _ => "",
        };
        if (text != "")
            b.Append(text).Append(" (");

        bool hasType = false;
        if (Mode is not (OperandMode.Invalid or OperandMode.NoValue or OperandMode.Builtin or OperandMode.TypeExpr))
        {
            if (Predicates.IsUntyped(Type))
                b.Append(((BasicType)Type).Name).Append(' ');
            else
                hasType = true;
        }
        b.Append(s_modes[(int)Mode]);
        if (Mode == OperandMode.Constant && ConstantOps.String(Value!) is var value && value != text)
            b.Append(' ').Append(value);
        if (hasType)
            AppendType(b, env);
        if (text != "")
            b.Append(')');
        return b.ToString();
    }

    void AppendType(StringBuilder b, TypeEnv env)
    {
        if (!Predicates.IsValid(Type))
        {
            b.Append(" with invalid type");
            return;
        }
        b.Append(" of ");
        if (Predicates.IsGeneric(Type))
            b.Append("generic ");
        var param = Type.Unalias as TypeParam;
        if (param == null && Type is AliasType or NamedType)
        {
            string kind = CompositeKind(Type);
            b.Append(kind != "" ? kind : (Type.Underlying as BasicType)?.Name).Append(' ');
        }
        b.Append("type ").Append(env.Text(Type));
        if (param != null)
        {
            b.Append(" constrained by ").Append(env.Text(param.Bound));
            if (Predicates.HasEmptyTypeSet(param))
                b.Append(" with empty type set");
        }
    }

    /// <summary>"array", "slice", and so on for the underlying type; "" for basic types.</summary>
    public static string CompositeKind(GoType type) => type.Underlying switch
    {
        ArrayType => "array",
        SliceType => "slice",
        StructType => "struct",
        PointerType => "pointer",
        Signature => "func",
        InterfaceType => "interface",
        MapType => "map",
        ChanType => "chan",
        TupleType => "tuple",
        UnionType => "union",
        _ => "",
    };
}

// The built-in functions: name, arity, and whether a call may stand alone as a statement.

namespace Tuza.Types;

/// <summary>What kind of statement-worthiness an expression has.</summary>
enum ExprKind : byte { Conversion, Expression, Statement }

/// <summary>Name, argument count and statement-worthiness of the built-in functions.</summary>
readonly record struct BuiltinFacts(string Name, int ArgCount, bool Variadic, ExprKind Kind)
{
    public static BuiltinFacts Of(BuiltinId id) => id switch
    {
        BuiltinId.Append => new("append", 1, true, ExprKind.Expression),
        BuiltinId.Cap => new("cap", 1, false, ExprKind.Expression),
        BuiltinId.Clear => new("clear", 1, false, ExprKind.Statement),
        BuiltinId.Close => new("close", 1, false, ExprKind.Statement),
        BuiltinId.Complex => new("complex", 2, false, ExprKind.Expression),
        BuiltinId.Copy => new("copy", 2, false, ExprKind.Statement),
        BuiltinId.Delete => new("delete", 2, false, ExprKind.Statement),
        BuiltinId.Imag => new("imag", 1, false, ExprKind.Expression),
        BuiltinId.Len => new("len", 1, false, ExprKind.Expression),
        BuiltinId.Make => new("make", 1, true, ExprKind.Expression),
        BuiltinId.Max => new("max", 1, true, ExprKind.Expression),
        BuiltinId.Min => new("min", 1, true, ExprKind.Expression),
        BuiltinId.New => new("new", 1, false, ExprKind.Expression),
        BuiltinId.Panic => new("panic", 1, false, ExprKind.Statement),
        BuiltinId.Print => new("print", 0, true, ExprKind.Statement),
        BuiltinId.Println => new("println", 0, true, ExprKind.Statement),
        BuiltinId.Real => new("real", 1, false, ExprKind.Expression),
        BuiltinId.Recover => new("recover", 0, false, ExprKind.Statement),
        BuiltinId.UnsafeAdd => new("Add", 2, false, ExprKind.Expression),
        BuiltinId.UnsafeAlignof => new("Alignof", 1, false, ExprKind.Expression),
        BuiltinId.UnsafeOffsetof => new("Offsetof", 1, false, ExprKind.Expression),
        BuiltinId.UnsafeSizeof => new("Sizeof", 1, false, ExprKind.Expression),
        BuiltinId.UnsafeSlice => new("Slice", 2, false, ExprKind.Expression),
        BuiltinId.UnsafeSliceData => new("SliceData", 1, false, ExprKind.Expression),
        BuiltinId.UnsafeString => new("String", 2, false, ExprKind.Expression),
        BuiltinId.UnsafeStringData => new("StringData", 1, false, ExprKind.Expression),
    };
}

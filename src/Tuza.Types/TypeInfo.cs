// The meaning of a syntax tree: what the checker found out about each node. CONTRACT FILE.
// Invariant: after a check without errors every expression has a TypeAndValue, every identifier is in Defs or Uses (or is `_`).

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public enum OperandMode : byte { Invalid, NoValue, Builtin, TypeExpr, Constant, Variable, MapIndex, Value, NilValue, CommaOk, CommaErr, CgoFunc }

/// <summary>Type, mode and (for constants) value of an expression. Untyped expressions carry their final type after conversion.</summary>
public readonly record struct TypeAndValue(OperandMode Mode, GoType Type, Constant? Value)
{
    public bool IsType => Mode == OperandMode.TypeExpr;
    public bool IsConst => Value != null;
    public bool IsVoid => Mode == OperandMode.NoValue;
    public bool Addressable => Mode == OperandMode.Variable;
    public bool CommaOk => Mode is OperandMode.CommaOk or OperandMode.MapIndex;
}

public enum SelectionKind : byte { FieldVal, MethodVal, MethodExpr }

/// <summary>What `x.f` means: the path of field indices from Recv to Obj (last index is the field or method index), whether a pointer was
/// followed on the way. Type is the type of the whole expression (for MethodExpr: the function type with the receiver first).</summary>
public sealed record Selection(SelectionKind Kind, GoType Recv, Obj Obj, int[] Index, bool Indirect, GoType Type);

public readonly record struct Instance(List<GoType> TypeArgs, GoType Type);

/// <summary>`lhs... = rhs` at package level, in initialisation order.</summary>
public sealed record Initializer(List<Var> Lhs, Expr Rhs);

public sealed class TypeInfo
{
    public Dictionary<Expr, TypeAndValue> Types { get; } = new(ReferenceEqualityComparer.Instance);
    /// <summary>Identifiers that declare (also the symbolic variable of a type switch maps to null here; see Implicits).</summary>
    public Dictionary<Ident, Obj?> Defs { get; } = new(ReferenceEqualityComparer.Instance);
    public Dictionary<Ident, Obj> Uses { get; } = new(ReferenceEqualityComparer.Instance);
    /// <summary>CaseClause of a type switch with a variable → its Var; Field (unnamed parameter) → Var; ImportDecl → PkgName.</summary>
    public Dictionary<Node, Obj> Implicits { get; } = new(ReferenceEqualityComparer.Instance);
    public Dictionary<SelectorExpr, Selection> Selections { get; } = new(ReferenceEqualityComparer.Instance);
    /// <summary>The identifier (or the selector's Sel) of a generic function or type that was instantiated, explicitly or by inference.</summary>
    public Dictionary<Ident, Instance> Instances { get; } = new(ReferenceEqualityComparer.Instance);
    public Dictionary<Node, Scope> Scopes { get; } = new(ReferenceEqualityComparer.Instance);
    public List<Initializer> InitOrder { get; } = [];
    /// <summary>Language version by file ("go1.21"), where it differs from the package's.</summary>
    public Dictionary<FileNode, string> FileVersions { get; } = new(ReferenceEqualityComparer.Instance);
}

// Expression and type-expression nodes. CONTRACT FILE (see Nodes.cs).

using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Stands where the parser found an error; already reported.</summary>
public sealed class BadExpr : Expr;

public sealed class Ident : Expr
{
    public required string Name;
    public override string ToString() => Name;
}

public enum LitKind : byte { Int, Float, Imaginary, Rune, String }

/// <summary>A literal as written. Bad: malformed, already reported.</summary>
public sealed class BasicLit : Expr
{
    public LitKind Kind;
    public required string Text;
    public bool Bad;
}

/// <summary>`Type{elems}`; Type is null for an elided inner literal.</summary>
public sealed class CompositeLit : Expr
{
    public Expr? Type;
    public List<Expr> Elems = [];   // KeyValueExpr or value
    public int KeyCount;            // elements that have a key
    public Pos Rbrace;
}

public sealed class KeyValueExpr : Expr { public Expr Key = null!; public Expr Value = null!; }

public sealed class FuncLit : Expr { public FuncTypeExpr Type = null!; public BlockStmt Body = null!; }

public sealed class ParenExpr : Expr { public Expr X = null!; }

public sealed class SelectorExpr : Expr { public Expr X = null!; public Ident Sel = null!; }

/// <summary>`x[a]`, `x[A, B]` (instantiation): one or more indices.</summary>
public sealed class IndexExpr : Expr { public Expr X = null!; public List<Expr> Indices = []; }

/// <summary>`x[lo:hi:max]`; absent bounds are null. Full: written with two colons.</summary>
public sealed class SliceExpr : Expr { public Expr X = null!; public Expr? Lo, Hi, Max; public bool Full; }

/// <summary>`x.(T)`; Type is null for `x.(type)` where no type switch is: the parser turns a proper guard into a TypeSwitchStmt.
/// GuardName: the `v` of such a stray `v := x.(type)`.</summary>
public sealed class TypeAssertExpr : Expr { public Expr X = null!; public Expr? Type; public Ident? GuardName; }

/// <summary>A call or conversion.</summary>
public sealed class CallExpr : Expr
{
    public Expr Fun = null!;
    public List<Expr> Args = [];
    public bool HasDots;
    public Pos Lparen, Rparen;
}

/// <summary>`*x`: dereference or pointer type.</summary>
public sealed class StarExpr : Expr { public Expr X = null!; }

/// <summary>`+x -x !x ^x &amp;x &lt;-x ~x`.</summary>
public sealed class UnaryExpr : Expr { public Token Op; public Expr X = null!; }

public sealed class BinaryExpr : Expr { public Token Op; public Expr X = null!; public Expr Y = null!; }

// ---- types

/// <summary>`[n]T`; Len null with IsEllipsis for `[...]T`.</summary>
public sealed class ArrayTypeExpr : Expr { public Expr? Len; public bool IsEllipsis; public Expr Elem = null!; }
public sealed class SliceTypeExpr : Expr { public Expr Elem = null!; }
/// <summary>`...T` as the last parameter's type.</summary>
public sealed class EllipsisExpr : Expr { public Expr Elem = null!; }
public sealed class MapTypeExpr : Expr { public Expr Key = null!; public Expr Value = null!; }
public enum ChanDir : byte { Both, Send, Recv }
public sealed class ChanTypeExpr : Expr { public ChanDir Dir; public Expr Elem = null!; }
public sealed class StructTypeExpr : Expr { public List<Field> Fields = []; public Pos Rbrace; }
/// <summary>Methods have a Name and a FuncTypeExpr; embedded elements have Name null and a type, `~T` or `A | B` expression.</summary>
public sealed class InterfaceTypeExpr : Expr { public List<Field> Elems = []; public Pos Rbrace; }
public sealed class FuncTypeExpr : Expr { public List<Field> Params = []; public List<Field> Results = []; }

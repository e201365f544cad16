// Statement and declaration nodes. CONTRACT FILE (see Nodes.cs).

using System.Collections.Generic;

namespace Tuza.Syntax;

public sealed class BadStmt : Stmt;
public sealed class EmptyStmt : Stmt;
public sealed class BlockStmt : Stmt { public List<Stmt> List = []; public Pos Rbrace; }
public sealed class ExprStmt : Stmt { public Expr X = null!; }
public sealed class SendStmt : Stmt { public Expr Chan = null!; public Expr Value = null!; }

/// <summary>`lhs = rhs`, `lhs := rhs` (Define), `x op= y` (Op is the binary operator, otherwise Token.None).</summary>
public sealed class AssignStmt : Stmt
{
    public List<Expr> Lhs = [];
    public List<Expr> Rhs = [];
    public bool Define;
    public Token Op;
}

/// <summary>`x++` (Op Add) or `x--` (Op Sub).</summary>
public sealed class IncDecStmt : Stmt { public Expr X = null!; public Token Op; }

public sealed class LabeledStmt : Stmt { public Ident Label = null!; public Stmt Stmt = null!; }
/// <summary>break, continue, goto, fallthrough. Target: the statement that a break or continue leaves or goes on with, the labeled
/// statement of a goto; null for fallthrough and in faulty programs.</summary>
public sealed class BranchStmt : Stmt { public Token Tok; public Ident? Label; public Stmt? Target; }
public sealed class GoStmt : Stmt { public Expr Call = null!; }
public sealed class DeferStmt : Stmt { public Expr Call = null!; }
public sealed class ReturnStmt : Stmt { public List<Expr> Results = []; }
/// <summary>Else is null, an IfStmt or a BlockStmt.</summary>
public sealed class IfStmt : Stmt { public Stmt? Init; public Expr Cond = null!; public BlockStmt Then = null!; public Stmt? Else; }
/// <summary>`for init; cond; post {}`; a range loop is a RangeStmt.</summary>
public sealed class ForStmt : Stmt { public Stmt? Init; public Expr? Cond; public Stmt? Post; public BlockStmt Body = null!; }
/// <summary>`for key, value = range x {}`. RangePos: the keyword range. Extra: a third variable, which is an error.</summary>
public sealed class RangeStmt : Stmt { public Expr? Key, Value, Extra; public bool Define; public Expr X = null!; public BlockStmt Body = null!; public Pos RangePos; }

/// <summary>`switch init; tag {}`.</summary>
public sealed class SwitchStmt : Stmt { public Stmt? Init; public Expr? Tag; public List<CaseClause> Cases = []; public Pos Rbrace; }
/// <summary>`switch init; v := x.(type) {}`; Name is null without a variable. GuardPos: the dot of `.(type)`.</summary>
public sealed class TypeSwitchStmt : Stmt { public Pos GuardPos; public Stmt? Init; public Ident? Name; public Expr X = null!; public List<CaseClause> Cases = []; public Pos Rbrace; }
/// <summary>Exprs is null for default.</summary>
public sealed class CaseClause : Node { public List<Expr>? Exprs; public List<Stmt> Body = []; public Pos Colon; }
public sealed class SelectStmt : Stmt { public List<CommClause> Cases = []; public Pos Rbrace; }
/// <summary>Comm is null for default; else SendStmt, ExprStmt (receive) or AssignStmt.</summary>
public sealed class CommClause : Node { public Stmt? Comm; public List<Stmt> Body = []; public Pos Colon; }

/// <summary>A declaration inside a function: one Decl per spec, in order.</summary>
public sealed class DeclStmt : Stmt { public List<Decl> Decls = []; }

// ---- declarations

public sealed class BadDecl : Decl;
/// <summary>Name: null, `_`, `.` or the local name. Group: specs of one parenthesised declaration share one object.</summary>
public sealed class ImportDecl : Decl { public Ident? Name; public BasicLit Path = null!; public object? Group; }

/// <summary>One const spec. Iota is its index in the group; when Type and Values are both absent the checker repeats the previous spec's
/// (Inherit points to it).</summary>
public sealed class ConstDecl : Decl
{
    public List<Ident> Names = [];
    public Expr? Type;
    public List<Expr> Values = [];
    public int Iota;
    public ConstDecl? Inherit;
    public object? Group;
}

public sealed class VarDecl : Decl { public List<Ident> Names = []; public Expr? Type; public List<Expr> Values = []; public object? Group; }

public sealed class TypeDecl : Decl { public Ident Name = null!; public List<Field> TypeParams = []; public bool IsAlias; public Expr Type = null!; public object? Group; }

/// <summary>Recv null for functions. Body null for declarations without one. TypeParams may be present on methods too (generic methods of Go 1.27).</summary>
public sealed class FuncDecl : Decl
{
    public Field? Recv;
    public Ident Name = null!;
    public List<Field> TypeParams = [];
    public FuncTypeExpr Type = null!;
    public BlockStmt? Body;
}

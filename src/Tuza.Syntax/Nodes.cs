// The syntax tree: base classes, files, fields. CONTRACT FILE: parser writes it, checker and IR builder read it.
//
// Nodes are plain managed objects with identity; meaning lives in Types.TypeInfo, keyed by node, never in the tree.
// Pos of a node is the position that gc's own syntax tree gives it (the operator of a binary expression, and so on, see
// GOROOT/src/cmd/compile/internal/syntax), because diagnostics print it; Syntax.Positions.Start and End give the extent.

using System.Collections.Generic;

namespace Tuza.Syntax;

public abstract class Node
{
    public Pos Pos;
}

public abstract class Expr : Node;
public abstract class Stmt : Node;
public abstract class Decl : Node
{
    /// <summary>Pragma lines (`//go:noinline`, `//go:embed x`, `//go:linkname a b`, `//tuza:noalloc`) right above the declaration.</summary>
    public List<Directive> Directives = [];
}

/// <summary>A `//go:` or `//tuza:` comment: its position and its text without the slashes.</summary>
public sealed record Directive(Pos Pos, string Text);

/// <summary>One parsed file. Decls holds FuncDecl, and one Decl per spec: ImportDecl, ConstDecl, TypeDecl, VarDecl.</summary>
public sealed class FileNode : Node
{
    public required SourceFile Source;
    public Ident PackageName = null!;
    /// <summary>Directives right above the package clause.</summary>
    public List<Directive> PackageDirectives = [];
    public List<Decl> Decls = [];
    /// <summary>All `//go:` directives of the file in order, attached to a declaration or not.</summary>
    public List<Directive> Directives = [];
    /// <summary>Version from a `//go:build go1.N` line ("go1.21"), or "" when the file has none.</summary>
    public string GoVersion = "";

    /// <summary>`key=value` of the `//go:debug` lines before the package clause.</summary>
    public readonly List<string> Godebug = [];
    public Pos EndPos;
    /// <summary>`// Output:` examples and doc comments are rarely needed; kept when the parser is asked to keep comments.</summary>
    public List<Comment> Comments = [];
}

public sealed record Comment(Pos Pos, Pos End, string Text);

/// <summary>A parameter, result, receiver, type parameter, struct field or interface element. Name is null when absent (embedded or unnamed).
/// `a, b int` makes two fields that share the same Type node.</summary>
public sealed class Field : Node
{
    public Ident? Name;
    public Expr Type = null!;
    /// <summary>Struct fields only: the tag literal.</summary>
    public BasicLit? Tag;
    /// <summary>Struct fields only: an embedded field (Type is the type name, `*T`, or generic instance).</summary>
    public bool Embedded;
}

// Declarations: import, const, type, var, func.

using System.Collections.Generic;

namespace Tuza.Syntax;

public sealed partial class Parser
{
    /// <summary>A declaration keyword and its one spec or parenthesised group.</summary>
    void Group(List<Decl> into)
    {
        Token keyword = Tok;
        Advance();
        if (Tok != Token.Lparen)
        {
            ConstDecl? none = null;
            into.Add(Spec(keyword, null, 0, ref none));
            return;
        }
        object group = new();
        DropDirectives();
        Advance();
        int index = 0;
        ConstDecl? last = null;
        List("grouped declaration", Token.Semi, Token.Rparen, () =>
        {
            into.Add(Spec(keyword, group, index++, ref last));
            return false;
        });
    }

    Decl Spec(Token keyword, object? group, int iota, ref ConstDecl? last)
    {
        switch (keyword)
        {
            case Token.Import: return ImportSpec(group);
            case Token.Const: return ConstSpec(group, iota, ref last);
            case Token.Type: return TypeSpec(group);
            default: return VarSpec(group);
        }
    }

    ImportDecl ImportSpec(object? group)
    {
        ImportDecl d = new() { Pos = TokenPos, Group = group };
        TakeDirectives(d.Directives);
        if (Tok == Token.Name)
        {
            d.Name = Name();
        }
        else if (Tok == Token.Dot)
        {
            d.Name = new Ident { Pos = TokenPos, Name = "." };
            Advance();
        }
        BasicLit? path = LiteralOrNull();
        if (path == null)
        {
            d.Path = new BasicLit { Pos = TokenPos, Text = "\"\"", Kind = LitKind.String, Bad = true };
            SyntaxError("missing import path");
            Skip(Token.Semi, Token.Rparen);
            return d;
        }
        d.Path = path;
        if (!path.Bad && path.Kind != LitKind.String)
        {
            SyntaxErrorAt(path.Pos, "import path must be a string");
            path.Bad = true;
        }
        return d;
    }

    ConstDecl ConstSpec(object? group, int iota, ref ConstDecl? last)
    {
        ConstDecl d = new() { Pos = TokenPos, Group = group, Iota = iota };
        TakeDirectives(d.Directives);
        d.Names = NameList(Name());
        if (Tok is not (Token.EOF or Token.Semi or Token.Rparen))
        {
            d.Type = TypeOrNull();
            if (GotAssign())
                d.Values = ExprList();
        }
        if (d.Type != null || d.Values.Count > 0)
            last = d;
        else
            d.Inherit = last;
        return d;
    }

    VarDecl VarSpec(object? group)
    {
        VarDecl d = new() { Pos = TokenPos, Group = group };
        TakeDirectives(d.Directives);
        d.Names = NameList(Name());
        if (GotAssign())
        {
            d.Values = ExprList();
            return d;
        }
        d.Type = Type();
        if (GotAssign())
            d.Values = ExprList();
        return d;
    }

    TypeDecl TypeSpec(object? group)
    {
        TypeDecl d = new() { Pos = TokenPos, Group = group };
        TakeDirectives(d.Directives);
        d.Name = Name();
        Expr? type;
        if (Tok == Token.Lbrack)
        {
            Pos pos = TokenPos;
            Advance();
            if (Tok == Token.Name)
                type = ArrayOrTypeParams(d, pos);
            else if (Got(Token.Rbrack))
                type = SliceType(pos);
            else
                type = ArrayType(pos, null);
        }
        else
        {
            d.IsAlias = GotAssign();
            type = TypeOrNull();
        }
        if (type == null)
        {
            type = BadOperand();
            SyntaxError("in type declaration");
            Skip(Token.Semi, Token.Rparen);
        }
        d.Type = type;
        return d;
    }

    /// <summary>
    /// After `type T [name`: an array length or type parameters. What follows is read as an expression, unless another bracket shows
    /// that a constraint like []E comes; if it can be split into a name and a type element, parameters it is. Where both readings are
    /// possible, a comma afterwards decides for parameters.
    /// </summary>
    Expr? ArrayOrTypeParams(TypeDecl d, Pos pos)
    {
        Expr x = Name();
        if (Tok != Token.Lbrack)
        {
            _exprLevel++;
            x = Binary(Primary(x, keepParens: false), 0);
            _exprLevel--;
        }
        (Ident? name, Expr? type) = SplitTypeParam(x, force: Tok == Token.Comma);
        if (name == null || (type == null && Tok == Token.Rbrack))
            return ArrayType(pos, x);
        d.TypeParams = ParamList(name, type, Token.Rbrack, requireNames: true, dotsOk: false);
        d.IsAlias = GotAssign();
        return TypeOrNull();
    }

    /// <summary>Splits `P *E`, `P (E)`, `P *E|F`, read as an expression, into the name and the constraint, if the constraint is a type
    /// element for certain, or when forced. Just a name gives (name, null); anything else (null, x).</summary>
    static (Ident? Name, Expr? Type) SplitTypeParam(Expr x, bool force)
    {
        switch (x)
        {
            case Ident name:
                return (name, null);
            case BinaryExpr { Op: Token.Mul, X: Ident name } b when force || IsTypeElem(b.Y):
                return (name, new StarExpr { Pos = b.Pos, X = b.Y });
            case BinaryExpr { Op: Token.Or } b:
                (Ident? left, Expr? term) = SplitTypeParam(b.X, force || IsTypeElem(b.Y));
                if (left != null && term != null)
                    return (left, new BinaryExpr { Pos = b.Pos, Op = Token.Or, X = term, Y = b.Y });
                break;
            case CallExpr { Fun: Ident name, Args.Count: 1, HasDots: false } c when force || IsTypeElem(c.Args[0]):
                return (name, Unparen(c.Args[0]));
        }
        return (null, x);
    }

    /// <summary>True if x can only be a type element, not a value.</summary>
    internal static bool IsTypeElem(Expr x) => x switch
    {
        ArrayTypeExpr or StructTypeExpr or FuncTypeExpr or InterfaceTypeExpr or SliceTypeExpr or MapTypeExpr or ChanTypeExpr => true,
        BinaryExpr b => IsTypeElem(b.X) || IsTypeElem(b.Y),
        UnaryExpr u => u.Op == Token.Tilde || IsTypeElem(u.X),
        StarExpr s => IsTypeElem(s.X),
        ParenExpr p => IsTypeElem(p.X),
        _ => false,
    };

    FuncDecl FunctionDecl()
    {
        FuncDecl f = new() { Pos = TokenPos };
        TakeDirectives(f.Directives);
        bool hasRecv = Got(Token.Lparen);
        if (hasRecv)
        {
            List<Field> recv = ParamList(null, null, Token.Rparen, requireNames: false, dotsOk: false);
            if (recv.Count == 0)
                ErrorAt(TokenPos, "method has no receiver");
            else if (recv.Count > 1)
                ErrorAt(TokenPos, "method has multiple receivers");
            if (recv.Count > 0)
                f.Recv = recv[0];
        }
        if (Tok == Token.Name)
        {
            f.Name = Name();
            (f.TypeParams, f.Type) = FuncType("");
        }
        else
        {
            f.Name = new Ident { Pos = TokenPos, Name = "_" };
            f.Type = new FuncTypeExpr { Pos = TokenPos };
            SyntaxError(hasRecv ? "expected name" : "expected name or (");
            Skip(Token.Lbrace, Token.Semi);
        }
        if (Tok == Token.Lbrace)
            f.Body = FuncBody();
        return f;
    }

    BlockStmt FuncBody()
    {
        _functionNesting++;
        int errors = _errorCount;
        BlockStmt body = Block("");
        _functionNesting--;
        if (errors == _errorCount) // after a syntax error, complaints about labels would mislead
            Branches.Check(body, _sink);
        return body;
    }
}

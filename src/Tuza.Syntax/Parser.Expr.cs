// Expressions.

using System.Collections.Generic;

namespace Tuza.Syntax;

public sealed partial class Parser
{
    Expr Expression() => Binary(null, 0);

    List<Expr> ExprList()
    {
        List<Expr> list = [Expression()];
        while (Got(Token.Comma))
            list.Add(Expression());
        return list;
    }

    Expr Binary(Expr? x, int prec)
    {
        x ??= Unary();
        while (Tokens.IsBinary(Tok) && Prec > prec)
        {
            BinaryExpr b = new() { Pos = TokenPos, Op = Op, X = x };
            int inner = Prec;
            Advance();
            b.Y = Binary(null, inner);
            x = b;
        }
        return x;
    }

    Expr Unary()
    {
        if (!Enter())
        {
            Leave();
            return BadOperand();
        }
        Expr x = UnaryHere();
        Leave();
        return x;
    }

    Expr UnaryHere()
    {
        Pos pos = TokenPos;
        switch (Tok)
        {
            case Token.Mul:
                Advance();
                return new StarExpr { Pos = pos, X = Unary() };
            case Token.Add or Token.Sub or Token.Not or Token.Xor or Token.Tilde:
                {
                    Token op = Tok;
                    Advance();
                    return new UnaryExpr { Pos = pos, Op = op, X = Unary() };
                }
            case Token.And:
                Advance();
                return new UnaryExpr { Pos = pos, Op = Token.And, X = Unparen(Unary()) }; // &(T{}) is &T{}
            case Token.Arrow:
                {
                    Advance();
                    Expr x = Unary();
                    if (x is ChanTypeExpr)
                        return ReceiveOnly(x);
                    return new UnaryExpr { Pos = pos, Op = Token.Arrow, X = x };
                }
            default:
                return Primary(null, keepParens: true); // parentheses are kept to reject (x) := 1
        }
    }

    /// <summary>`&lt;-` stood before a channel type: `&lt;-(chan T)` means `(&lt;-chan T)`, and the arrow of each `chan&lt;-` moves on to the
    /// element, which must then be a channel too.</summary>
    Expr ReceiveOnly(Expr x)
    {
        ChanDir dir = ChanDir.Send;
        Expr t = x;
        while (dir == ChanDir.Send && t is ChanTypeExpr c)
        {
            dir = c.Dir;
            if (dir == ChanDir.Recv)
                SyntaxError("unexpected <-, expected chan");
            c.Dir = ChanDir.Recv;
            t = c.Elem;
        }
        if (dir == ChanDir.Send)
            SyntaxError("unexpected " + ExprPrinter.Text(t) + ", expected chan");
        return x;
    }

    Expr Operand(bool keepParens)
    {
        Pos pos = TokenPos;
        switch (Tok)
        {
            case Token.Name:
                return Name();
            case Token.Literal:
                return LiteralOrNull()!;
            case Token.Lparen:
                {
                    Advance();
                    _exprLevel++;
                    Expr x = Expression();
                    _exprLevel--;
                    Want(Token.Rparen);
                    // A brace may make this a composite literal with a parenthesised type, which is reported; so remember.
                    return keepParens || Tok == Token.Lbrace ? new ParenExpr { Pos = pos, X = x } : x;
                }
            case Token.Func:
                {
                    Advance();
                    FuncTypeExpr type = FuncType("function type").Type;
                    if (Tok != Token.Lbrace)
                        return type;
                    _exprLevel++;
                    FuncLit f = new() { Pos = pos, Type = type, Body = FuncBody() };
                    _exprLevel--;
                    return f;
                }
            case Token.Lbrack or Token.Chan or Token.Map or Token.Struct or Token.Interface:
                return Type();
            default:
                BadExpr bad = BadOperand();
                SyntaxError("expected expression");
                Skip(Token.Rparen, Token.Rbrack, Token.Rbrace);
                return bad;
        }
    }

    /// <summary>An operand and the selectors, indices, calls and literals applied to it. x is the operand if it was read already.</summary>
    Expr Primary(Expr? x, bool keepParens)
    {
        x ??= Operand(keepParens);
        while (true)
        {
            switch (Tok)
            {
                case Token.Dot:
                    x = Selector(x);
                    break;
                case Token.Lbrack:
                    x = IndexOrSlice(x);
                    break;
                case Token.Lparen:
                    {
                        CallExpr call = new() { Pos = TokenPos, Lparen = TokenPos, Fun = x };
                        Advance();
                        Arguments(call);
                        x = call;
                        break;
                    }
                case Token.Lbrace:
                    {
                        // A literal, or the block of the statement whose header this is.
                        Expr type = Unparen(x);
                        bool literal = type switch
                        {
                            Ident or SelectorExpr => _exprLevel >= 0,
                            IndexExpr => _exprLevel >= 0 && !IsValue(type),
                            ArrayTypeExpr or SliceTypeExpr or StructTypeExpr or MapTypeExpr => true,
                            _ => false,
                        };
                        if (!literal)
                            return x;
                        if (type != x)
                            SyntaxError("cannot parenthesize type in composite literal");
                        CompositeLit lit = LiteralValue();
                        lit.Type = x;
                        x = lit;
                        break;
                    }
                default:
                    return x;
            }
        }
    }

    Expr Selector(Expr x)
    {
        Pos pos = TokenPos;
        Advance();
        if (Tok == Token.Name)
            return new SelectorExpr { Pos = pos, X = x, Sel = Name() };
        if (Got(Token.Lparen))
        {
            TypeAssertExpr a = new() { Pos = pos, X = x };
            if (!Got(Token.Type))
                a.Type = Type();
            Want(Token.Rparen);
            return a;
        }
        SyntaxError("expected name or (");
        Skip(Token.Semi, Token.Rparen);
        return x;
    }

    Expr IndexOrSlice(Expr x)
    {
        Pos pos = TokenPos;
        Advance();
        Expr? low = null;
        if (Tok != Token.Colon)
        {
            List<Expr> indices;
            bool comma = false;
            if (Tok == Token.Rbrack)
            {
                SyntaxError("expected operand");
                indices = [BadOperand()];
            }
            else
            {
                indices = TypeList(strict: false, out comma);
            }

            if (comma || Tok == Token.Rbrack)
            {
                Want(Token.Rbrack);
                return new IndexExpr { Pos = pos, X = x, Indices = indices };
            }
            low = indices[0];
        }
        if (!Got(Token.Colon))
        {
            SyntaxError("expected comma, : or ]");
            Skip(Token.Comma, Token.Colon, Token.Rbrack);
        }
        _exprLevel++;
        SliceExpr s = new() { Pos = pos, X = x, Lo = low };
        if (Tok is not (Token.Colon or Token.Rbrack))
            s.Hi = Expression();
        if (Tok == Token.Colon)
        {
            s.Full = true;
            if (s.Hi == null)
            {
                ErrorAt(TokenPos, "middle index required in 3-index slice");
                s.Hi = BadOperand();
            }
            Advance();
            if (Tok != Token.Rbrack)
            {
                s.Max = Expression();
            }
            else
            {
                ErrorAt(TokenPos, "final index required in 3-index slice");
                s.Max = BadOperand();
            }
        }
        _exprLevel--;
        Want(Token.Rbrack);
        return s;
    }

    /// <summary>After `(`: the arguments and the closing bracket.</summary>
    void Arguments(CallExpr call)
    {
        _exprLevel++;
        call.Rparen = List("argument list", Token.Comma, Token.Rparen, () =>
        {
            call.Args.Add(Expression());
            return call.HasDots = Got(Token.DotDotDot);
        });
        _exprLevel--;
    }

    CompositeLit LiteralValue()
    {
        CompositeLit lit = new() { Pos = TokenPos };
        if (!Enter())
        {
            Leave();
            return lit;
        }
        _exprLevel++;
        Want(Token.Lbrace);
        lit.Rbrace = List("composite literal", Token.Comma, Token.Rbrace, () =>
        {
            Expr e = Element();
            if (Tok == Token.Colon)
            {
                KeyValueExpr pair = new() { Pos = TokenPos, Key = e };
                Advance();
                pair.Value = Element();
                e = pair;
                lit.KeyCount++;
            }
            lit.Elems.Add(e);
            return false;
        });
        _exprLevel--;
        Leave();
        return lit;
    }

    Expr Element() => Tok == Token.Lbrace ? LiteralValue() : Expression();

    /// <summary>True if x can only be a value, not a type.</summary>
    static bool IsValue(Expr x)
    {
        switch (x)
        {
            case BasicLit or CompositeLit or FuncLit or SliceExpr or TypeAssertExpr or CallExpr or UnaryExpr or BinaryExpr:
                return true;
            case ParenExpr p:
                return IsValue(p.X);
            case IndexExpr i:
                return IsValue(i.X) || (i.Indices.Count == 1 && IsValue(i.Indices[0]));
            default:
                return false;
        }
    }

    /// <summary>x without the parentheses around it.</summary>
    public static Expr Unparen(Expr x)
    {
        while (x is ParenExpr p)
            x = p.X;
        return x;
    }
}

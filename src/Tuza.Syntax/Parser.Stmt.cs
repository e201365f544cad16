// Statements.

using System.Collections.Generic;

namespace Tuza.Syntax;

public sealed partial class Parser
{
    List<Stmt> StmtList()
    {
        List<Stmt> list = [];
        while (Tok is not (Token.EOF or Token.Rbrace or Token.Case or Token.Default))
        {
            Stmt? s = StmtOrNull();
            DropDirectives();
            if (s == null)
                break;
            list.Add(s);
            if (!Got(Token.Semi) && Tok != Token.Rbrace)
            {
                SyntaxError("at end of statement");
                Skip(Token.Semi, Token.Rbrace, Token.Case, Token.Default);
                Got(Token.Semi);
            }
        }
        return list;
    }

    /// <summary>A statement, or null without an error when none begins here.</summary>
    Stmt? StmtOrNull()
    {
        Stmt? s = null;
        if (Enter())
            s = StmtHere();
        Leave();
        return s;
    }

    Stmt? StmtHere()
    {
        if (Tok == Token.Name)
        {
            DropDirectives();
            List<Expr> lhs = ExprList();
            if (lhs.Count == 1 && lhs[0] is Ident label && Tok == Token.Colon)
                return Labeled(label);
            return SimpleStmt(lhs, Token.None);
        }
        Pos pos = TokenPos;
        if (Tok is Token.Var or Token.Const or Token.Type)
        {
            DeclStmt d = new() { Pos = pos };
            Group(d.Decls);
            return d;
        }
        DropDirectives();
        switch (Tok)
        {
            case Token.Lbrace:
                return Block("");
            case Token.Add or Token.Sub or Token.Mul or Token.And or Token.Xor or Token.Not:
            case Token.Literal or Token.Func or Token.Lparen or Token.Lbrack or Token.Struct or Token.Map or Token.Chan or Token.Interface or Token.Arrow:
                return SimpleStmt(null, Token.None);
            case Token.For:
                return For();
            case Token.Switch:
                return Switch();
            case Token.Select:
                return Select();
            case Token.If:
                return If();
            case Token.Fallthrough:
                Advance();
                return new BranchStmt { Pos = pos, Tok = Token.Fallthrough };
            case Token.Break or Token.Continue:
                {
                    BranchStmt b = new() { Pos = pos, Tok = Tok };
                    Advance();
                    if (Tok == Token.Name)
                        b.Label = Name();
                    return b;
                }
            case Token.Goto:
                Advance();
                return new BranchStmt { Pos = pos, Tok = Token.Goto, Label = Name() };
            case Token.Go:
                return new GoStmt { Pos = pos, Call = CallOf("go") };
            case Token.Defer:
                return new DeferStmt { Pos = pos, Call = CallOf("defer") };
            case Token.Return:
                {
                    ReturnStmt r = new() { Pos = pos };
                    Advance();
                    if (Tok is not (Token.Semi or Token.Rbrace))
                        r.Results = ExprList();
                    return r;
                }
            case Token.Semi:
                return new EmptyStmt { Pos = pos };
            default:
                return null;
        }
    }

    /// <summary>What follows `go` or `defer`.</summary>
    Expr CallOf(string keyword)
    {
        Advance();
        Expr x = Primary(null, keepParens: Tok == Token.Lparen);
        Expr bare = Unparen(x);
        if (bare != x)
            ErrorAt(x.Pos, "expression in " + keyword + " must not be parenthesized");
        return bare;
    }

    LabeledStmt? Labeled(Ident label)
    {
        LabeledStmt s = new() { Pos = TokenPos, Label = label };
        Want(Token.Colon);
        if (Tok == Token.Rbrace)
        {
            s.Stmt = new EmptyStmt { Pos = TokenPos };
            return s;
        }
        if (StmtOrNull() is { } stmt)
        {
            s.Stmt = stmt;
            return s;
        }
        SyntaxErrorAt(s.Pos, "missing statement after label");
        return null;
    }

    /// <summary>A statement without keyword. keyword: the statement whose header this is in; `for` allows a range clause, which comes
    /// back as a RangeStmt without body, `switch` a guard, which comes back as an ExprStmt of the type assertion.</summary>
    Stmt SimpleStmt(List<Expr>? lhs, Token keyword)
    {
        if (keyword == Token.For && Tok == Token.Range)
            return RangeClause([], define: false);
        lhs ??= ExprList();
        Pos pos = TokenPos;
        if (lhs.Count == 1 && Tok is not (Token.Assign or Token.Define))
        {
            switch (Tok)
            {
                case Token.AssignOp:
                    {
                        Token op = Op;
                        Advance();
                        return new AssignStmt { Pos = pos, Op = op, Lhs = lhs, Rhs = [Expression()] };
                    }
                case Token.IncOp:
                    {
                        IncDecStmt s = new() { Pos = pos, Op = Op, X = lhs[0] };
                        Advance();
                        return s;
                    }
                case Token.Arrow:
                    Advance();
                    return new SendStmt { Pos = pos, Chan = lhs[0], Value = Expression() };
                default:
                    return new ExprStmt { Pos = lhs[0].Pos, X = lhs[0] };
            }
        }
        if (Tok is not (Token.Assign or Token.Define))
        {
            SyntaxError("expected := or = or comma");
            Skip(Token.Semi, Token.Rbrace);
            return new ExprStmt { Pos = lhs[0].Pos, X = lhs[0] };
        }
        bool define = Tok == Token.Define;
        Advance();
        if (keyword == Token.For && Tok == Token.Range)
            return RangeClause(lhs, define);
        List<Expr> rhs = ExprList();
        if (keyword == Token.Switch && define && rhs.Count == 1 && lhs.Count == 1 && lhs[0] is Ident name
            && rhs[0] is TypeAssertExpr { Type: null } guard)
        {
            guard.GuardName = name;
            return new ExprStmt { Pos = guard.Pos, X = guard };
        }
        return new AssignStmt { Pos = pos, Define = define, Lhs = lhs, Rhs = rhs };
    }

    RangeStmt RangeClause(List<Expr> lhs, bool define)
    {
        RangeStmt r = new() { RangePos = TokenPos, Pos = TokenPos, Define = define };
        Advance();
        if (lhs.Count > 0)
            r.Key = lhs[0];
        if (lhs.Count > 1)
            r.Value = lhs[1];
        if (lhs.Count > 2)
            r.Extra = lhs[2];
        r.X = Expression();
        return r;
    }

    /// <summary>A block; context is what it must follow, empty when a brace is certain.</summary>
    BlockStmt Block(string context)
    {
        BlockStmt b = new() { Pos = TokenPos };
        if (!Enter())
        {
            Leave();
            return b;
        }
        if (!Got(Token.Lbrace))
        {
            SyntaxError("expected { after " + context);
            Skip(Token.Name, Token.Rbrace);
            b.Rbrace = TokenPos;
            if (Got(Token.Rbrace))
            {
                Leave();
                return b;
            }
        }
        b.List = StmtList();
        b.Rbrace = TokenPos;
        Want(Token.Rbrace);
        Leave();
        return b;
    }

    Stmt For()
    {
        Pos pos = TokenPos;
        (Stmt? init, Expr? cond, Stmt? post) = Header(Token.For);
        BlockStmt body = Block("for clause");
        if (init is RangeStmt range)
        {
            range.Pos = pos;
            range.Body = body;
            return range;
        }
        return new ForStmt { Pos = pos, Init = init, Cond = cond, Post = post, Body = body };
    }

    /// <summary>The header of if, for and switch, up to the brace.</summary>
    (Stmt? Init, Expr? Cond, Stmt? Post) Header(Token keyword)
    {
        Want(keyword);
        if (Tok == Token.Lbrace)
        {
            if (keyword != Token.If)
                return default;
            SyntaxError("missing condition in if statement");
            return (null, BadOperand(), null);
        }

        int outer = _exprLevel;
        _exprLevel = -1;
        Stmt? init = null, condition = null, post = null;
        if (Tok != Token.Semi)
        {
            if (Got(Token.Var))
                SyntaxError("var declaration not allowed in " + Tokens.Text(keyword) + " initializer");
            init = SimpleStmt(null, keyword);
            if (init is RangeStmt)
            {
                _exprLevel = outer;
                return (init, null, null);
            }
        }

        Pos semi = Pos.None;
        string semiText = "";
        if (Tok == Token.Lbrace)
        {
            (condition, init) = (init, null);
        }
        else
        {
            if (Tok == Token.Semi)
            {
                semi = TokenPos;
                semiText = Lit;
                Advance();
            }
            else
            {
                Want(Token.Lbrace); // asking for the brace gives the better message
                if (Tok != Token.Lbrace)
                    Skip(Token.Lbrace, Token.Rbrace);
            }
            if (keyword == Token.For)
                (condition, post) = ForClauses();
            else if (Tok != Token.Lbrace)
                condition = SimpleStmt(null, keyword);
        }
        Expr? cond = ConditionOf(condition, keyword, semi, semiText);
        _exprLevel = outer;
        return (init, cond, post);
    }

    (Stmt? Condition, Stmt? Post) ForClauses()
    {
        Stmt? condition = null, post = null;
        if (Tok != Token.Semi)
        {
            if (Tok == Token.Lbrace)
            {
                SyntaxError("expected for loop condition");
                return default;
            }
            condition = SimpleStmt(null, Token.None);
        }
        Want(Token.Semi);
        if (Tok != Token.Lbrace)
        {
            post = SimpleStmt(null, Token.None);
            if (post is AssignStmt { Define: true })
                SyntaxErrorAt(post.Pos, "cannot declare in post statement of for loop");
        }
        return (condition, post);
    }

    Expr? ConditionOf(Stmt? s, Token keyword, Pos semi, string semiText)
    {
        switch (s)
        {
            case null:
                if (keyword != Token.If || !semi.IsKnown)
                    return null;
                if (semiText != "semicolon")
                    SyntaxErrorAt(semi, "unexpected " + semiText + ", expected { after if clause");
                else
                    SyntaxErrorAt(semi, "missing condition in if statement");
                return new BadExpr { Pos = semi };
            case ExprStmt e:
                return e.X;
            default:
                string text = s is AssignStmt { Define: false, Op: Token.None } a
                    ? "assignment " + Emphasized(a.Lhs) + " = " + Emphasized(a.Rhs)
                    : ExprPrinter.Text(s);
                SyntaxErrorAt(s.Pos, "cannot use " + text + " as value");
                return keyword == Token.If ? new BadExpr { Pos = s.Pos } : null;
        }
    }

    /// <summary>The operands of a mistaken `=`, binary expressions in parentheses so that it stands out.</summary>
    static string Emphasized(List<Expr> list)
    {
        string text = ExprPrinter.Text(list);
        return list.Count == 1 && list[0] is BinaryExpr ? "(" + text + ")" : text;
    }

    IfStmt If()
    {
        IfStmt first = IfWithoutElse();
        // A long chain of else-ifs is a loop here, so that its length does not nest the parser.
        for (IfStmt s = first; Got(Token.Else);)
        {
            if (Tok == Token.If)
            {
                IfStmt next = IfWithoutElse();
                s.Else = next;
                s = next;
                continue;
            }
            if (Tok == Token.Lbrace)
            {
                s.Else = Block("");
            }
            else
            {
                SyntaxError("else must be followed by if or statement block");
                Skip(Token.Name, Token.Rbrace);
            }
            break;
        }
        return first;
    }

    IfStmt IfWithoutElse()
    {
        IfStmt s = new() { Pos = TokenPos };
        (s.Init, Expr? cond, _) = Header(Token.If);
        s.Cond = cond ?? new BadExpr { Pos = TokenPos };
        s.Then = Block("if clause");
        return s;
    }

    Stmt Switch()
    {
        Pos pos = TokenPos;
        (Stmt? init, Expr? tag, _) = Header(Token.Switch);
        if (!Got(Token.Lbrace))
        {
            SyntaxError("missing { after switch clause");
            Skip(Token.Case, Token.Default, Token.Rbrace);
        }
        List<CaseClause> cases = [];
        while (Tok is not (Token.EOF or Token.Rbrace))
        {
            CaseClause c = new() { Pos = TokenPos };
            if (Got(Token.Case))
            {
                c.Exprs = ExprList();
            }
            else if (!Got(Token.Default))
            {
                SyntaxError("expected case or default or }");
                Skip(Token.Colon, Token.Case, Token.Default, Token.Rbrace);
            }
            c.Colon = TokenPos;
            Want(Token.Colon);
            c.Body = StmtList();
            cases.Add(c);
        }
        Pos rbrace = TokenPos;
        Want(Token.Rbrace);
        if (tag is TypeAssertExpr { Type: null } guard)
            return new TypeSwitchStmt { Pos = pos, Init = init, Name = guard.GuardName, X = guard.X, GuardPos = guard.Pos, Cases = cases, Rbrace = rbrace };
        return new SwitchStmt { Pos = pos, Init = init, Tag = tag, Cases = cases, Rbrace = rbrace };
    }

    SelectStmt Select()
    {
        SelectStmt s = new() { Pos = TokenPos };
        Want(Token.Select);
        if (!Got(Token.Lbrace))
        {
            SyntaxError("missing { after select clause");
            Skip(Token.Case, Token.Default, Token.Rbrace);
        }
        while (Tok is not (Token.EOF or Token.Rbrace))
        {
            CommClause c = new() { Pos = TokenPos };
            if (Got(Token.Case))
            {
                c.Comm = SimpleStmt(null, Token.None);
            }
            else if (!Got(Token.Default))
            {
                SyntaxError("expected case or default or }");
                Skip(Token.Colon, Token.Case, Token.Default, Token.Rbrace);
            }
            c.Colon = TokenPos;
            Want(Token.Colon);
            c.Body = StmtList();
            s.Cases.Add(c);
        }
        s.Rbrace = TokenPos;
        Want(Token.Rbrace);
        return s;
    }
}

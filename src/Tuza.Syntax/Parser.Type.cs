// Types, parameter lists, struct fields, interface elements.

using System.Collections.Generic;

namespace Tuza.Syntax;

public sealed partial class Parser
{
    Expr Type()
    {
        Expr? type = TypeOrNull();
        if (type == null)
        {
            type = BadOperand();
            SyntaxError("expected type");
            Skip(Token.Comma, Token.Colon, Token.Semi, Token.Rparen, Token.Rbrack, Token.Rbrace);
        }
        return type;
    }

    /// <summary>A type, or null without an error when no type begins here.</summary>
    Expr? TypeOrNull()
    {
        if (!Enter())
        {
            Leave();
            return BadOperand();
        }
        Expr? type = TypeHere();
        Leave();
        return type;
    }

    Expr? TypeHere()
    {
        Pos pos = TokenPos;
        switch (Tok)
        {
            case Token.Mul:
                Advance();
                return new StarExpr { Pos = pos, X = Type() };
            case Token.Arrow:
                Advance();
                Want(Token.Chan);
                return new ChanTypeExpr { Pos = pos, Dir = ChanDir.Recv, Elem = ChanElem() };
            case Token.Func:
                Advance();
                return FuncType("function type").Type;
            case Token.Lbrack:
                Advance();
                return Got(Token.Rbrack) ? SliceType(pos) : ArrayType(pos, null);
            case Token.Chan:
                {
                    Advance();
                    ChanDir dir = Got(Token.Arrow) ? ChanDir.Send : ChanDir.Both;
                    return new ChanTypeExpr { Pos = pos, Dir = dir, Elem = ChanElem() };
                }
            case Token.Map:
                {
                    Advance();
                    Want(Token.Lbrack);
                    MapTypeExpr map = new() { Pos = pos, Key = Type() };
                    Want(Token.Rbrack);
                    map.Value = Type();
                    return map;
                }
            case Token.Struct:
                return StructType();
            case Token.Interface:
                return InterfaceType();
            case Token.Name:
                return QualifiedName(null);
            case Token.Lparen:
                {
                    Advance();
                    Expr type = Type(); // parentheses around types are not kept
                    Want(Token.Rparen);
                    return type;
                }
            default:
                return null;
        }
    }

    Expr QualifiedName(Ident? first)
    {
        Expr x;
        if (first != null)
        {
            x = first;
        }
        else if (Tok == Token.Name)
        {
            x = Name();
        }
        else
        {
            x = new Ident { Pos = TokenPos, Name = "_" };
            SyntaxError("expected name");
            Skip(Token.Dot, Token.Semi, Token.Rbrace);
        }
        if (Tok == Token.Dot)
        {
            SelectorExpr s = new() { Pos = TokenPos, X = x };
            Advance();
            s.Sel = Name();
            x = s;
        }
        return Tok == Token.Lbrack ? TypeInstance(x) : x;
    }

    IndexExpr TypeInstance(Expr type)
    {
        IndexExpr x = new() { Pos = TokenPos, X = type };
        Want(Token.Lbrack);
        if (Tok == Token.Rbrack)
        {
            SyntaxError("expected type argument list");
            x.Indices.Add(BadOperand());
        }
        else
        {
            x.Indices = TypeList(strict: true, out _);
        }

        Want(Token.Rbrack);
        return x;
    }

    /// <summary>`arg { "," arg } [ "," ]`: types, but unless strict the first may be a value. comma: there was at least one.</summary>
    List<Expr> TypeList(bool strict, out bool comma)
    {
        _exprLevel++;
        List<Expr> list = [strict ? Type() : Expression()];
        comma = false;
        while (Got(Token.Comma))
        {
            comma = true;
            Expr? type = TypeOrNull();
            if (type == null)
                break;
            list.Add(type);
        }
        _exprLevel--;
        return list;
    }

    /// <summary>The signature after `func`; a non-empty context says why type parameters are not allowed.</summary>
    (List<Field> TypeParams, FuncTypeExpr Type) FuncType(string context)
    {
        FuncTypeExpr type = new() { Pos = TokenPos };
        List<Field> typeParams = [];
        if (Got(Token.Lbrack))
        {
            if (context != "")
                SyntaxErrorAt(type.Pos, context + " must have no type parameters");
            if (Tok == Token.Rbrack)
            {
                SyntaxError("empty type parameter list");
                Advance();
            }
            else
            {
                typeParams = ParamList(null, null, Token.Rbrack, requireNames: true, dotsOk: false);
            }
        }
        Want(Token.Lparen);
        type.Params = ParamList(null, null, Token.Rparen, requireNames: false, dotsOk: true);
        type.Results = FuncResult();
        return (typeParams, type);
    }

    List<Field> FuncResult()
    {
        if (Got(Token.Lparen))
            return ParamList(null, null, Token.Rparen, requireNames: false, dotsOk: false);
        Pos pos = TokenPos;
        return TypeOrNull() is { } type ? [new Field { Pos = pos, Type = type }] : [];
    }

    /// <summary>After `[`, at pos; len is the length if it was read already.</summary>
    ArrayTypeExpr ArrayType(Pos pos, Expr? len)
    {
        bool dots = false;
        if (len == null && !(dots = Got(Token.DotDotDot)))
        {
            _exprLevel++;
            len = Expression();
            _exprLevel--;
        }
        if (Tok == Token.Comma)
        {
            SyntaxError("unexpected comma; expected ]");
            Advance();
        }
        Want(Token.Rbrack);
        return new ArrayTypeExpr { Pos = pos, Len = len, IsEllipsis = dots, Elem = Type() };
    }

    SliceTypeExpr SliceType(Pos pos) => new() { Pos = pos, Elem = Type() };

    Expr ChanElem()
    {
        if (TypeOrNull() is { } type)
            return type;
        BadExpr bad = BadOperand();
        SyntaxError("missing channel element type");
        return bad;
    }

    // ---- structs

    StructTypeExpr StructType()
    {
        StructTypeExpr type = new() { Pos = TokenPos };
        Want(Token.Struct);
        Want(Token.Lbrace);
        type.Rbrace = List("struct type", Token.Semi, Token.Rbrace, () =>
        {
            StructField(type.Fields);
            return false;
        });
        return type;
    }

    void StructField(List<Field> into)
    {
        Pos pos = TokenPos;
        switch (Tok)
        {
            case Token.Name:
                {
                    Ident name = Name();
                    if (Tok is Token.Dot or Token.Literal or Token.Semi or Token.Rbrace)
                    {
                        Embed(pos, QualifiedName(name));
                        break;
                    }
                    List<Ident> names = NameList(name);
                    Expr type;
                    if (names.Count == 1 && Tok == Token.Lbrack)
                    {
                        type = ArrayOrTypeArgs();
                        if (type is IndexExpr instance)
                        {
                            instance.X = name;
                            Embed(pos, instance);
                            break;
                        }
                    }
                    else
                    {
                        type = Type();
                    }

                    BasicLit? tag = LiteralOrNull();
                    foreach (Ident n in names)
                        into.Add(new Field { Pos = n.Pos, Name = n, Type = type, Tag = tag });
                    break;
                }
            case Token.Mul:
                {
                    Advance();
                    Expr type;
                    if (Tok == Token.Lparen)
                    {
                        SyntaxError("cannot parenthesize embedded type");
                        Advance();
                        type = QualifiedName(null);
                        Got(Token.Rparen);
                    }
                    else
                    {
                        type = QualifiedName(null);
                    }

                    Embed(pos, new StarExpr { Pos = pos, X = type });
                    break;
                }
            case Token.Lparen:
                {
                    SyntaxError("cannot parenthesize embedded type");
                    Advance();
                    Expr type;
                    Pos star = TokenPos;
                    if (Got(Token.Mul))
                        type = new StarExpr { Pos = star, X = QualifiedName(null) };
                    else
                        type = QualifiedName(null);
                    Got(Token.Rparen);
                    Embed(pos, type);
                    break;
                }
            default:
                SyntaxError("expected field name or embedded type");
                Skip(Token.Semi, Token.Rbrace);
                break;
        }

        void Embed(Pos at, Expr type) => into.Add(new Field { Pos = at, Type = type, Embedded = true, Tag = LiteralOrNull() });
    }

    /// <summary>At `[` after a name: an array or slice type, or type arguments (an IndexExpr without X).</summary>
    Expr ArrayOrTypeArgs()
    {
        Pos pos = TokenPos;
        Want(Token.Lbrack);
        if (Got(Token.Rbrack))
            return SliceType(pos);
        List<Expr> list = TypeList(strict: false, out bool comma);
        Want(Token.Rbrack);
        if (!comma && TypeOrNull() is { } elem)
            return new ArrayTypeExpr { Pos = pos, Len = list[0], Elem = elem };
        return new IndexExpr { Pos = pos, Indices = list };
    }

    // ---- interfaces

    InterfaceTypeExpr InterfaceType()
    {
        InterfaceTypeExpr type = new() { Pos = TokenPos };
        Want(Token.Interface);
        Want(Token.Lbrace);
        type.Rbrace = List("interface type", Token.Semi, Token.Rbrace, () =>
        {
            Field? f = Tok == Token.Name ? MethodOrEmbedded() : null;
            if (f?.Name == null)
                f = EmbeddedElem(f);
            type.Elems.Add(f);
            return false;
        });
        return type;
    }

    Field MethodOrEmbedded()
    {
        const string Context = "interface method";
        Field f = new() { Pos = TokenPos };
        Ident name = Name();
        switch (Tok)
        {
            case Token.Lparen:
                f.Name = name;
                f.Type = FuncType(Context).Type;
                break;
            case Token.Lbrack:
                BracketAfterMethodName(f, name, Context);
                break;
            default:
                f.Type = QualifiedName(name);
                break;
        }
        return f;
    }

    /// <summary>`m[T C](...)`, which is not allowed, or the embedded `T[P1, P2]`; both read as a parameter list first.</summary>
    void BracketAfterMethodName(Field f, Ident name, string context)
    {
        Pos pos = TokenPos;
        Advance();
        if (Tok == Token.Rbrack)
        {
            Pos close = TokenPos;
            Advance();
            if (Tok == Token.Lparen)
            {
                ErrorAt(close, "empty type parameter list");
                f.Name = name;
                f.Type = FuncType(context).Type;
            }
            else
            {
                ErrorAt(close, "empty type argument list");
                f.Type = name;
            }
            return;
        }
        List<Field> list = ParamList(null, null, Token.Rbrack, requireNames: false, dotsOk: false);
        if (list.Count == 0)
        {
            if (Tok == Token.Lparen)
            {
                f.Name = name;
                f.Type = FuncType(context).Type;
            }
            else
            {
                f.Type = name;
            }

            return;
        }
        if (list[0].Name != null)
        {
            f.Name = name;
            f.Type = FuncType(context).Type;
            ErrorAt(pos, "interface method must have no type parameters");
            return;
        }
        IndexExpr instance = new() { Pos = pos, X = name };
        foreach (Field arg in list)
            instance.Indices.Add(arg.Type);
        f.Type = instance;
    }

    /// <summary>`term { "|" term }`; f holds the first term if it was read already.</summary>
    Field EmbeddedElem(Field? f)
    {
        f ??= new Field { Pos = TokenPos, Type = EmbeddedTerm() };
        while (Tok == Token.Or)
        {
            BinaryExpr union = new() { Pos = TokenPos, Op = Token.Or, X = f.Type };
            Advance();
            union.Y = EmbeddedTerm();
            f.Type = union;
        }
        return f;
    }

    Expr EmbeddedTerm()
    {
        if (Tok == Token.Tilde)
        {
            Pos pos = TokenPos;
            Advance();
            return new UnaryExpr { Pos = pos, Op = Token.Tilde, X = Type() };
        }
        if (TypeOrNull() is { } type)
            return type;
        BadExpr bad = BadOperand();
        SyntaxError("expected ~ term or type");
        while (Tok is not (Token.EOF or Token.Semi or Token.Rparen or Token.Rbrack or Token.Rbrace) && !Tokens.IsPureOperator(Tok)
            && !(_functionNesting > 0 && StartsStatement(Tok)))
        {
            Advance();
        }

        return bad;
    }

    // ---- parameters

    /// <summary>One parameter: a name, a type or both; null after an error. follow is the closing token; in brackets, type sets are allowed.</summary>
    Field? ParamOrNull(Ident? name, Token follow)
    {
        bool typeSets = follow == Token.Rbrack;
        Pos pos = name?.Pos ?? TokenPos;
        if (name == null && typeSets && Tok == Token.Tilde)
            return EmbeddedElem(null);

        Field f = new() { Pos = pos };
        if (name != null || Tok == Token.Name)
        {
            name ??= Name();
            if (Tok == Token.Lbrack)
            {
                f.Type = ArrayOrTypeArgs();
                if (f.Type is IndexExpr instance)
                    instance.X = name;
                else
                    f.Name = name;
                return typeSets && Tok == Token.Or ? EmbeddedElem(f) : f;
            }
            if (Tok == Token.Dot)
            {
                f.Type = QualifiedName(name);
                return typeSets && Tok == Token.Or ? EmbeddedElem(f) : f;
            }
            if (typeSets && Tok == Token.Or)
            {
                f.Type = name;
                return EmbeddedElem(f);
            }
            f.Name = name;
        }

        if (Tok == Token.DotDotDot)
        {
            EllipsisExpr dots = new() { Pos = TokenPos };
            Advance();
            Expr? elem = TypeOrNull();
            if (elem == null)
            {
                f.Type = BadOperand();
                SyntaxError("... is missing type");
            }
            else
            {
                dots.Elem = elem;
                f.Type = dots;
            }
            return f;
        }
        if (typeSets && Tok == Token.Tilde)
        {
            f.Type = EmbeddedElem(null).Type;
            return f;
        }
        Expr? type = TypeOrNull();
        if (type != null)
        {
            f.Type = type;
            if (typeSets && Tok == Token.Or)
                f = EmbeddedElem(f);
        }
        if (f.Name != null || type != null)
            return f;
        SyntaxError("expected " + Tokens.Words(follow));
        Skip(Token.Comma, follow);
        return null;
    }

    /// <summary>
    /// The parameters up to close; the opening bracket is gone already, and so may be the first name, or name and type. In the result
    /// all parameters are named or none is.
    /// </summary>
    List<Field> ParamList(Ident? name, Expr? type, Token close, bool requireNames, bool dotsOk)
    {
        if (name != null && type != null && Tok == close)
        {
            Advance();
            return [new Field { Pos = name.Pos, Name = name, Type = type }];
        }
        List<Field> list = [];
        int named = 0, typed = 0;
        Pos end = List("parameter list", Token.Comma, close, () =>
        {
            Field? par = type != null ? new Field { Pos = name!.Pos, Name = name, Type = type } : ParamOrNull(name, close);
            name = null;
            type = null;
            if (par != null)
            {
                if (par.Name != null && par.Type != null)
                    named++;
                if (par.Type != null)
                    typed++;
                list.Add(par);
            }
            return false;
        });
        if (list.Count == 0)
            return list;

        if (named == 0 && !requireNames)
        {
            foreach (Field par in list)
            {
                if (par.Name != null)
                {
                    par.Type = par.Name;
                    par.Name = null;
                }
            }
        }
        else if (named != list.Count)
        {
            DistributeTypes(list, end, named == typed, requireNames);
        }

        CheckDots(list, dotsOk);
        return list;
    }

    /// <summary>`a, b int`: gives each bare name the type to its right, and complains about what stays without name or type.</summary>
    void DistributeTypes(List<Field> list, Pos end, bool missingTypes, bool requireNames)
    {
        Pos error = Pos.None;
        Expr? current = null;
        for (int i = list.Count - 1; i >= 0; i--)
        {
            Field par = list[i];
            if (par.Type != null)
            {
                current = par.Type;
                if (par.Name == null)
                {
                    error = Positions.Start(current);
                    par.Name = new Ident { Pos = error, Name = "_" };
                }
            }
            else if (current != null)
            {
                par.Type = current;
            }
            else
            {
                error = par.Name!.Pos;
                par.Type = new BadExpr { Pos = error };
            }
        }
        if (!error.IsKnown)
            return;
        if (missingTypes)
            SyntaxErrorAt(end, requireNames ? "missing type constraint" : "missing parameter type");
        else if (!requireNames)
            SyntaxErrorAt(error, "missing parameter name");
        else
            SyntaxErrorAt(error, list.Count == 1 ? "missing type parameter name or invalid array length" : "missing type parameter name");
    }

    void CheckDots(List<Field> list, bool dotsOk)
    {
        bool first = true;
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i].Type is not EllipsisExpr dots || (dotsOk && i + 1 == list.Count))
                continue;
            if (first)
                ErrorAt(dots.Pos, dotsOk ? "can only use ... with final parameter" : "invalid use of ...");
            first = false;
            list[i].Type = dots.Elem;
        }
    }
}

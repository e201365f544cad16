// The parser: tokens to the tree, by recursive descent. This file has the machinery, the siblings one subject each.
//
// Idea. It accepts more than Go where that lets it go on after an error, and says what gc says, where gc says it: the wording
// "unexpected X, expected Y", the places, and how many tokens are skipped afterwards are those of gc's own parser
// (GOROOT/src/cmd/compile/internal/syntax/parser.go), because users and test suites know them.
//
// Invariants.
//   I1. Nothing here throws for any input. Nesting is bounded by the native stack: before it runs short, one error is reported
//       and the rest of the file is skipped.
//   I2. Every error message that stops checking begins with "syntax error"; the others (bad literals, labels) do not.
//   I3. Node positions are those of gc's tree: the operator of a binary expression, the dot of a selector, the bracket of a call.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Tuza.Syntax;

/// <summary>What to read of a file. IsStd and IsRuntime relax and tighten the rules for `//go:` directives.</summary>
public readonly record struct ParseOptions(bool KeepComments = false, bool ImportsOnly = false, bool IsStd = false, bool IsRuntime = false);

/// <summary>Parses one file.</summary>
public sealed partial class Parser : Scanner
{
    readonly SourceFile _file;
    readonly DiagnosticSink _sink;
    readonly ParseOptions _options;
    readonly FileNode _node;
    bool _anyError;             // an error other than a branch error was reported
    int _errorCount;
    int _functionNesting;       // inside a function, statement keywords stop the skipping after an error
    int _exprLevel;             // below zero in the header of a control statement, where T{ begins a block
    int _depth;
    bool _atTop = true;         // before the package clause
    bool _gaveUp;

    Parser(SourceFile file, DiagnosticSink sink, ParseOptions options) : base(file.Text, options.KeepComments)
    {
        _file = file;
        _sink = sink;
        _options = options;
        _node = new FileNode { Source = file };
    }

    /// <summary>Parses a file. With a bad package clause the result has no declarations.</summary>
    public static FileNode Parse(SourceFile file, DiagnosticSink sink, ParseOptions options = default)
    {
        Parser p = new(file, sink, options);
        p.Start();
        p.File();
        return p._node;
    }

    // ---- tokens

    bool Got(Token tok)
    {
        if (Tok != tok)
            return false;
        Advance();
        return true;
    }

    void Want(Token tok)
    {
        if (!Got(tok))
        {
            SyntaxError("expected " + Tokens.Words(tok));
            Skip();
        }
    }

    /// <summary>Next, unless the parser gave up: then the file is at its end.</summary>
    void Advance()
    {
        if (!_gaveUp)
            Next();
    }

    /// <summary>Like Got(Assign), but takes := too, with an error.</summary>
    bool GotAssign()
    {
        if (Tok == Token.Define)
            SyntaxError("expected =");
        else if (Tok != Token.Assign)
            return false;
        Advance();
        return true;
    }

    // ---- errors

    Pos TokenPos => Pos.Make(_file.Id, Line, Col);

    void ErrorAt(Pos pos, string message)
    {
        if (_gaveUp)
            return;
        _anyError = true;
        _errorCount++;
        _sink.Error(pos, message);
    }

    protected override void OnError(int line, int col, string message) => ErrorAt(Pos.Make(_file.Id, line, col), message);

    void SyntaxError(string message) => SyntaxErrorAt(TokenPos, message);

    /// <summary>Messages that begin with "in ", "at ", "after " or "expected " are prefixed with what was found instead.</summary>
    void SyntaxErrorAt(Pos pos, string message)
    {
        if (Tok == Token.EOF && _anyError)
            return; // a consequence of an earlier error
        if (message.StartsWith("in ", StringComparison.Ordinal) || message.StartsWith("at ", StringComparison.Ordinal)
            || message.StartsWith("after ", StringComparison.Ordinal))
        {
            message = " " + message;
        }
        else if (message.StartsWith("expected ", StringComparison.Ordinal))
        {
            message = ", " + message;
        }
        else if (message != "")
        {
            ErrorAt(pos, "syntax error: " + message);
            return;
        }
        string found = Tok switch
        {
            Token.Name => "name " + Lit,
            Token.Semi => Lit,
            Token.Literal => "literal " + Lit,
            Token.AssignOp => Tokens.Text(Op) + "=",
            Token.IncOp => Tokens.Text(Op) + Tokens.Text(Op),
            _ => Tokens.Words(Tok),
        };
        ErrorAt(pos, "syntax error: unexpected " + found + message);
    }

    static bool StartsStatement(Token tok) => tok is Token.Break or Token.Const or Token.Continue or Token.Defer or Token.Fallthrough or Token.For
        or Token.Go or Token.Goto or Token.If or Token.Return or Token.Select or Token.Switch or Token.Type or Token.Var;

    /// <summary>Skips to one of the given tokens, or inside a function to a statement keyword; without tokens, skips exactly one.</summary>
    void Skip(params ReadOnlySpan<Token> follow)
    {
        if (follow.Length == 0)
        {
            if (Tok != Token.EOF)
                Advance();
            return;
        }
        while (Tok != Token.EOF && !(_functionNesting > 0 && StartsStatement(Tok)) && !follow.Contains(Tok))
            Advance();
    }

    // ---- nesting

    /// <summary>False when the native stack is nearly used up; then the rest of the file is skipped.</summary>
    bool Enter()
    {
        if ((++_depth & 7) != 0 || RuntimeHelpers.TryEnsureSufficientExecutionStack())
            return !_gaveUp;
        if (!_gaveUp)
        {
            ErrorAt(TokenPos, "syntax error: nesting too deep");
            _gaveUp = true;
            Tok = Token.EOF;
        }
        return false;
    }

    void Leave() => _depth--;

    // ---- files

    void File()
    {
        FileNode f = _node;
        f.Pos = TokenPos;
        _atTop = false;
        f.PackageName = new Ident { Pos = TokenPos, Name = "_" };
        if (!Got(Token.Package))
        {
            SyntaxError("package statement must be first");
            return;
        }
        TakeDirectives(f.PackageDirectives);
        f.PackageName = Name();
        Want(Token.Semi);
        if (_anyError)
            return;

        Token previous = Token.Import;
        while (Tok != Token.EOF)
        {
            if (_options.ImportsOnly && Tok != Token.Import)
                return;
            if (Tok == Token.Import && previous != Token.Import)
                SyntaxError("imports must appear before other declarations");
            previous = Tok;
            switch (Tok)
            {
                case Token.Import or Token.Const or Token.Type or Token.Var:
                    Group(f.Decls);
                    break;
                case Token.Func:
                    Advance();
                    f.Decls.Add(FunctionDecl());
                    break;
                default:
                    if (Tok == Token.Lbrace && f.Decls.Count > 0 && f.Decls[^1] is FuncDecl { Body: null })
                        SyntaxError("unexpected semicolon or newline before {");
                    else
                        SyntaxError("non-declaration statement outside function body");
                    Skip(Token.Import, Token.Const, Token.Type, Token.Var, Token.Func);
                    continue;
            }
            DropDirectives(); // before the semicolon: the comments after it belong to what follows
            if (Tok != Token.EOF && !Got(Token.Semi))
            {
                SyntaxError("after top level declaration");
                Skip(Token.Import, Token.Const, Token.Type, Token.Var, Token.Func);
            }
        }
        DropDirectives();
        f.EndPos = TokenPos;
    }

    /// <summary>`[ item { sep item } [sep] ] close`. item returns true when it must be the last. The result is the place of close.</summary>
    Pos List(string context, Token sep, Token close, Func<bool> item)
    {
        bool done = false;
        while (Tok != Token.EOF && Tok != close && !done)
        {
            done = item();
            if (!Got(sep) && Tok != close)
            {
                SyntaxError("in " + context + "; possibly missing " + Tokens.Words(sep) + " or " + Tokens.Words(close));
                Skip(Token.Rparen, Token.Rbrack, Token.Rbrace);
                if (Tok != close)
                    return TokenPos;
            }
        }
        Pos pos = TokenPos;
        Want(close);
        return pos;
    }

    Ident Name()
    {
        if (Tok == Token.Name)
        {
            Ident name = new() { Pos = TokenPos, Name = Lit };
            Advance();
            return name;
        }
        Ident blank = new() { Pos = TokenPos, Name = "_" };
        SyntaxError("expected name");
        Skip();
        return blank;
    }

    List<Ident> NameList(Ident first)
    {
        List<Ident> names = [first];
        while (Got(Token.Comma))
            names.Add(Name());
        return names;
    }

    BasicLit? LiteralOrNull()
    {
        if (Tok != Token.Literal)
            return null;
        BasicLit lit = new() { Pos = TokenPos, Text = Lit, Kind = Kind, Bad = Bad };
        Advance();
        return lit;
    }

    BadExpr BadOperand() => new() { Pos = TokenPos };
}

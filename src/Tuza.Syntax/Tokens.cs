// The spelling of tokens, and the words that syntax errors use for them.

using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Facts about <see cref="Token"/>s.</summary>
public static class Tokens
{
    static readonly string[] s_text =
    [
        "none", "EOF", "name", "literal",
        "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "|", "^", "*", "/", "%", "&", "&^", "<<", ">>",
        "!", "~", "<-", "=", ":=", "op=", "opop",
        "(", "[", "{", ")", "]", "}", ",", ";", ":", ".", "...",
        "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for", "func", "go", "goto", "if", "import",
        "interface", "map", "package", "range", "return", "select", "struct", "switch", "type", "var",
    ];

    public static IReadOnlyDictionary<string, Token> Keywords { get; } = MakeKeywords();

    static Dictionary<string, Token> MakeKeywords()
    {
        Dictionary<string, Token> map = [];
        for (Token t = Token.Break; t <= Token.Var; t++)
            map[s_text[(int)t]] = t;
        return map;
    }

    public static string Text(Token tok) => s_text[(int)tok];

    public static bool IsKeyword(Token tok) => tok >= Token.Break;

    /// <summary>Operators that stand alone as a token: not `*`, not `&lt;-`, which have other roles too.</summary>
    internal static bool IsPureOperator(Token tok) => tok is >= Token.OrOr and <= Token.Tilde and not Token.Mul;

    /// <summary>True for operators that can stand between two operands.</summary>
    public static bool IsBinary(Token tok) => tok is >= Token.OrOr and <= Token.Shr;

    /// <summary>Binding strength of a binary operator: 1 (||) to 5 (*), 0 for others.</summary>
    public static int Precedence(Token tok) => tok switch
    {
        Token.OrOr => 1,
        Token.AndAnd => 2,
        >= Token.Eql and <= Token.Geq => 3,
        >= Token.Add and <= Token.Xor => 4,
        >= Token.Mul and <= Token.Shr => 5,
        _ => 0,
    };

    /// <summary>The token in words, as syntax errors say it.</summary>
    internal static string Words(Token tok) => tok switch
    {
        Token.Comma => "comma",
        Token.Semi => "semicolon or newline",
        _ => IsKeyword(tok) ? "keyword " + Text(tok) : Text(tok),
    };
}

// The scanner: bytes of UTF-8 to tokens, with automatic semicolons.
//
// It reads the text of one SourceFile. Next() sets Tok and what belongs to it: Line and Col of its first byte, Lit for names,
// literals and semicolons ("semicolon", "newline" or "EOF", the word for the message), Op and Prec for operators. An operator is
// its own token; the assigning and incrementing ones are AssignOp and IncOp with Op saying which.
//
// Invariants.
//   I1. _ch is the character at byte _chPos, -1 at the end; _r is the byte after it; the column of _ch is _chPos - _lineStart + 1.
//   I2. NUL, malformed UTF-8 and a byte order mark that is not at the very start are reported once each and skipped.
//   I3. A malformed literal is reported at the byte where it goes wrong and still becomes one token, with Bad set.
//
// Comments go to OnComment when they hold a directive (or all of them when asked); they come in text order, before the token
// that follows them. See GOROOT/src/cmd/compile/internal/syntax/scanner.go for the rules.

using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;

namespace Tuza.Syntax;

/// <summary>Turns source text into tokens; the parser derives from it.</summary>
public abstract class Scanner
{
    readonly byte[] _text;
    readonly int _end;
    readonly bool _allComments;
    readonly NameTable _names = NameTable.ForThisThread();
    int _ch, _chPos, _r;
    int _line, _lineStart;
    bool _nlsemi;
    int _start;                 // byte where the current token begins

    protected int Line, Col;    // of the current token
    protected bool Blank;       // nothing but blanks before the token (or comment) on its line
    protected Token Tok;
    protected string Lit = "";
    protected LitKind Kind;
    protected bool Bad;
    protected Token Op;
    protected int Prec;         // binding strength of a binary operator, 0 for none

    protected Scanner(byte[] text, bool allComments)
    {
        _text = text;
        _end = text.Length;
        _allComments = allComments;
        _line = 1;
        _ch = ' ';
    }

    /// <summary>Reads the first character and the first token.</summary>
    protected void Start()
    {
        NextCh();
        Next();
    }

    /// <summary>A lexical error at a place of the file.</summary>
    protected abstract void OnError(int line, int col, string message);

    /// <summary>A comment, with its delimiters, without the final newline.</summary>
    protected abstract void OnComment(int line, int col, string text);

    void Error(string message) => OnError(_line, _chPos - _lineStart + 1, message);
    void ErrorAt(int offset, string message) => OnError(Line, Col + offset, message);

    void NextCh()
    {
    redo:
        if (_ch == '\n')
        {
            _line++;
            _lineStart = _r;
        }
        _chPos = _r;
        if (_r >= _end)
        {
            _ch = -1;
            return;
        }
        int b = _text[_r];
        if (b < 0x80)
        {
            _r++;
            _ch = b;
            if (b != 0)
                return;
            Error("invalid NUL character");
            goto redo;
        }
        if (Rune.DecodeFromUtf8(_text.AsSpan(_r), out Rune rune, out int width) != OperationStatus.Done)
        {
            _ch = ' ';
            _r++;
            Error("invalid UTF-8 encoding");
            goto redo;
        }
        _r += width;
        _ch = rune.Value;
        if (_ch == 0xfeff)
        {
            if (_chPos > 0)
                Error("invalid BOM in the middle of the file");
            goto redo;
        }
    }

    string Segment() => Encoding.UTF8.GetString(_text, _start, _chPos - _start);

    static bool IsLetter(int ch) => (uint)((ch | 0x20) - 'a') <= 'z' - 'a' || ch == '_';
    static bool IsDecimal(int ch) => (uint)(ch - '0') <= 9;
    static bool IsHex(int ch) => IsDecimal(ch) || (uint)((ch | 0x20) - 'a') <= 5;
    static int Lower(int ch) => ch | 0x20;

    /// <summary>Advances to the next token.</summary>
    protected void Next()
    {
        bool nlsemi = _nlsemi;
        _nlsemi = false;

    redo:
        int startLine = _line, startCol = _chPos - _lineStart;
        while (_ch is ' ' or '\t' or '\r' || (_ch == '\n' && !nlsemi))
            NextCh();

        Line = _line;
        Col = _chPos - _lineStart + 1;
        Blank = Line > startLine || startCol == 0;
        _start = _chPos;
        if (IsLetter(_ch) || (_ch >= 0x80 && AtIdentChar(first: true)))
        {
            NextCh();
            Identifier();
            return;
        }

        int ch = _ch;
        switch (ch)
        {
            case -1:
                if (nlsemi)
                {
                    Lit = "EOF";
                    Tok = Token.Semi;
                    return;
                }
                Tok = Token.EOF;
                return;
            case '\n':
                NextCh();
                Lit = "newline";
                Tok = Token.Semi;
                return;
            case '"':
                StdString();
                return;
            case '`':
                RawString();
                return;
            case '\'':
                RuneLiteral();
                return;
            case >= '0' and <= '9':
                Number(seenPoint: false);
                return;
            case '/':
                NextCh();
                if (_ch == '/')
                {
                    NextCh();
                    LineComment();
                    goto redo;
                }
                if (_ch == '*')
                {
                    NextCh();
                    FullComment();
                    if (_line > Line && nlsemi)
                    {
                        Lit = "newline";
                        Tok = Token.Semi;
                        return;
                    }
                    goto redo;
                }
                Operator(Token.Div, 5);
                return;
            case '.':
                NextCh();
                if (IsDecimal(_ch))
                {
                    Number(seenPoint: true);
                    return;
                }
                Tok = Token.Dot;
                if (_ch == '.' && _r < _end && _text[_r] == '.')
                {
                    NextCh();
                    NextCh();
                    Tok = Token.DotDotDot;
                }
                return;
        }
        if (!Punctuation(ch))
        {
            Error("invalid character " + GoText.UnicodeName(ch));
            NextCh();
            goto redo;
        }
    }

    bool Punctuation(int ch)
    {
        switch (ch)
        {
            case '(': NextCh(); Tok = Token.Lparen; return true;
            case '[': NextCh(); Tok = Token.Lbrack; return true;
            case '{': NextCh(); Tok = Token.Lbrace; return true;
            case ',': NextCh(); Tok = Token.Comma; return true;
            case ';': NextCh(); Tok = Token.Semi; Lit = "semicolon"; return true;
            case ')': NextCh(); Tok = Token.Rparen; _nlsemi = true; return true;
            case ']': NextCh(); Tok = Token.Rbrack; _nlsemi = true; return true;
            case '}': NextCh(); Tok = Token.Rbrace; _nlsemi = true; return true;
            case ':': NextCh(); Tok = Got('=') ? Token.Define : Token.Colon; return true;
            case '+': NextCh(); AddOrInc('+', Token.Add); return true;
            case '-': NextCh(); AddOrInc('-', Token.Sub); return true;
            case '*': NextCh(); Operator(Token.Mul, 5); return true;
            case '%': NextCh(); Operator(Token.Rem, 5); return true;
            case '^': NextCh(); Operator(Token.Xor, 4); return true;
            case '&':
                NextCh();
                if (Got('&'))
                    Plain(Token.AndAnd, 2);
                else
                    Operator(Got('^') ? Token.AndNot : Token.And, 5);
                return true;
            case '|':
                NextCh();
                if (Got('|'))
                    Plain(Token.OrOr, 1);
                else
                    Operator(Token.Or, 4);
                return true;
            case '<':
                NextCh();
                if (Got('='))
                    Plain(Token.Leq, 3);
                else if (Got('<'))
                    Operator(Token.Shl, 5);
                else if (Got('-'))
                    Tok = Token.Arrow;
                else
                    Plain(Token.Lss, 3);
                return true;
            case '>':
                NextCh();
                if (Got('='))
                    Plain(Token.Geq, 3);
                else if (Got('>'))
                    Operator(Token.Shr, 5);
                else
                    Plain(Token.Gtr, 3);
                return true;
            case '=':
                NextCh();
                if (Got('='))
                    Plain(Token.Eql, 3);
                else
                    Tok = Token.Assign;
                return true;
            case '!':
                NextCh();
                if (Got('='))
                    Plain(Token.Neq, 3);
                else
                    Plain(Token.Not, 0);
                return true;
            case '~': NextCh(); Plain(Token.Tilde, 0); return true;
            default: return false;
        }
    }

    bool Got(int ch)
    {
        if (_ch != ch)
            return false;
        NextCh();
        return true;
    }

    void Plain(Token op, int prec) => (Tok, Op, Prec) = (op, op, prec);

    void Operator(Token op, int prec) => (Op, Prec, Tok) = (op, prec, Got('=') ? Token.AssignOp : op);

    void AddOrInc(int ch, Token op)
    {
        if (Got(ch))
        {
            Op = op;
            _nlsemi = true;
            Tok = Token.IncOp;
        }
        else
        {
            Operator(op, 4);
        }
    }

    void Identifier()
    {
        while (IsLetter(_ch) || IsDecimal(_ch))
            NextCh();
        if (_ch >= 0x80)
        {
            while (AtIdentChar(first: false))
                NextCh();
        }
        ReadOnlySpan<byte> bytes = _text.AsSpan(_start, _chPos - _start);
        string name = _names.Get(bytes, out Token keyword);
        if (keyword != Token.None)
        {
            _nlsemi = keyword is Token.Break or Token.Continue or Token.Fallthrough or Token.Return;
            Tok = keyword;
            return;
        }
        _nlsemi = true;
        Lit = name;
        Tok = Token.Name;
    }

    bool AtIdentChar(bool first)
    {
        if (GoText.IsLetter(_ch) || _ch == '_')
            return true;
        if (GoText.IsDigit(_ch))
        {
            if (first)
                Error("identifier cannot begin with digit " + GoText.UnicodeName(_ch));
            return true;
        }
        if (_ch < 0x80)
            return false;
        Error("invalid character " + GoText.UnicodeName(_ch) + " in identifier");
        return true;
    }

    void SetLit(LitKind kind, bool ok)
    {
        _nlsemi = true;
        Tok = Token.Literal;
        Lit = Segment();
        Bad = !ok;
        Kind = kind;
    }

    // ---- numbers

    const int Digit = 1, Separator = 2;

    /// <summary>Reads digits and underscores; the result says which of the two were seen. invalid becomes the offset of the first
    /// decimal digit that the radix does not have.</summary>
    int Digits(int radix, ref int invalid)
    {
        int seen = 0;
        while (_ch == '_' || (radix <= 10 ? IsDecimal(_ch) : IsHex(_ch)))
        {
            if (_ch == '_')
            {
                seen |= Separator;
            }
            else
            {
                seen |= Digit;
                if (radix <= 10 && _ch >= '0' + radix && invalid < 0)
                    invalid = _chPos - _start;
            }
            NextCh();
        }
        return seen;
    }

    void Number(bool seenPoint)
    {
        bool ok = true;
        LitKind kind = LitKind.Int;
        int radix = 10, prefix = 0, seen = 0, invalid = -1;

        if (!seenPoint)
        {
            if (_ch == '0')
            {
                NextCh();
                switch (Lower(_ch))
                {
                    case 'x': NextCh(); (radix, prefix) = (16, 'x'); break;
                    case 'o': NextCh(); (radix, prefix) = (8, 'o'); break;
                    case 'b': NextCh(); (radix, prefix) = (2, 'b'); break;
                    default: (radix, prefix) = (8, '0'); seen = Digit; break;
                }
            }
            seen |= Digits(radix, ref invalid);
            if (_ch == '.')
            {
                if (prefix is 'o' or 'b')
                {
                    Error("invalid radix point in " + RadixName(radix) + " literal");
                    ok = false;
                }
                NextCh();
                seenPoint = true;
            }
        }
        if (seenPoint)
        {
            kind = LitKind.Float;
            seen |= Digits(radix, ref invalid);
        }
        if ((seen & Digit) == 0 && ok)
        {
            Error(RadixName(radix) + " literal has no digits");
            ok = false;
        }

        int e = Lower(_ch);
        if (e is 'e' or 'p')
        {
            if (ok && e == 'e' && prefix is not (0 or '0'))
            {
                Error(GoText.QuoteRune(_ch) + " exponent requires decimal mantissa");
                ok = false;
            }
            else if (ok && e == 'p' && prefix != 'x')
            {
                Error(GoText.QuoteRune(_ch) + " exponent requires hexadecimal mantissa");
                ok = false;
            }
            NextCh();
            kind = LitKind.Float;
            if (_ch is '+' or '-')
                NextCh();
            int ignored = 0;
            seen = Digits(10, ref ignored) | (seen & Separator);
            if ((seen & Digit) == 0 && ok)
            {
                Error("exponent has no digits");
                ok = false;
            }
        }
        else if (prefix == 'x' && kind == LitKind.Float && ok)
        {
            Error("hexadecimal mantissa requires a 'p' exponent");
            ok = false;
        }

        if (_ch == 'i')
        {
            kind = LitKind.Imaginary;
            NextCh();
        }
        SetLit(kind, ok);
        if (kind == LitKind.Int && invalid >= 0 && ok)
        {
            ErrorAt(invalid, "invalid digit " + GoText.QuoteRune(Lit[invalid]) + " in " + RadixName(radix) + " literal");
            ok = false;
        }
        if ((seen & Separator) != 0 && ok && MisplacedSeparator(Lit) is >= 0 and int at)
        {
            ErrorAt(at, "'_' must separate successive digits");
            ok = false;
        }
        Bad = !ok;
    }

    static string RadixName(int radix) => radix switch { 2 => "binary", 8 => "octal", 10 => "decimal", _ => "hexadecimal" };

    /// <summary>The offset of the first underscore without a digit (or radix prefix) before and a digit after it, or -1.</summary>
    static int MisplacedSeparator(string lit)
    {
        bool prefixed = lit.Length >= 2 && lit[0] == '0' && (lit[1] | 0x20) is 'x' or 'o' or 'b';
        bool hex = prefixed && (lit[1] | 0x20) == 'x';
        bool digitBefore = prefixed;
        for (int i = prefixed ? 2 : 0; i < lit.Length; i++)
        {
            if (lit[i] == '_')
            {
                if (!digitBefore)
                    return i;
                if (i + 1 == lit.Length || !IsDigitOf(lit[i + 1]) && lit[i + 1] != '_')
                    return i;
                digitBefore = false;
            }
            else
            {
                digitBefore = IsDigitOf(lit[i]);
            }
        }
        return -1;

        bool IsDigitOf(char c) => IsDecimal(c) || (hex && IsHex(c));
    }

    // ---- text literals

    void RuneLiteral()
    {
        bool ok = true;
        NextCh();
        for (int n = 0; ; n++)
        {
            if (_ch == '\'')
            {
                if (ok && n == 0)
                {
                    Error("empty rune literal or unescaped '");
                    ok = false;
                }
                else if (ok && n != 1)
                {
                    ErrorAt(0, "more than one character in rune literal");
                    ok = false;
                }
                NextCh();
                break;
            }
            if (_ch == '\\')
            {
                NextCh();
                ok &= Escape('\'');
                continue;
            }
            if (_ch == '\n')
            {
                if (ok)
                    Error("newline in rune literal");
                ok = false;
                break;
            }
            if (_ch < 0)
            {
                if (ok)
                    ErrorAt(0, "rune literal not terminated");
                ok = false;
                break;
            }
            NextCh();
        }
        SetLit(LitKind.Rune, ok);
    }

    void StdString()
    {
        bool ok = true;
        NextCh();
        while (true)
        {
            if (_ch == '"')
            {
                NextCh();
                break;
            }
            if (_ch == '\\')
            {
                NextCh();
                ok &= Escape('"');
                continue;
            }
            if (_ch == '\n')
            {
                Error("newline in string");
                ok = false;
                break;
            }
            if (_ch < 0)
            {
                ErrorAt(0, "string not terminated");
                ok = false;
                break;
            }
            NextCh();
        }
        SetLit(LitKind.String, ok);
    }

    void RawString()
    {
        bool ok = true;
        NextCh();
        while (_ch != '`')
        {
            if (_ch < 0)
            {
                ErrorAt(0, "string not terminated");
                ok = false;
                break;
            }
            NextCh();
        }
        if (ok)
            NextCh();
        SetLit(LitKind.String, ok);
    }

    bool Escape(int quote)
    {
        int count, radix;
        uint max;
        switch (_ch)
        {
            case 'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v' or '\\':
                NextCh();
                return true;
            case >= '0' and <= '7': (count, radix, max) = (3, 8, 255); break;
            case 'x': NextCh(); (count, radix, max) = (2, 16, 255); break;
            case 'u': NextCh(); (count, radix, max) = (4, 16, 0x10ffff); break;
            case 'U': NextCh(); (count, radix, max) = (8, 16, 0x10ffff); break;
            default:
                if (_ch == quote)
                {
                    NextCh();
                    return true;
                }
                if (_ch < 0)
                    return true; // the caller reports the missing end
                Error("unknown escape");
                return false;
        }
        uint value = 0;
        for (; count > 0; count--)
        {
            if (_ch < 0)
                return true;
            uint d = IsDecimal(_ch) ? (uint)(_ch - '0') : IsHex(_ch) ? (uint)(Lower(_ch) - 'a' + 10) : 16;
            if (d >= radix)
            {
                Error("invalid character " + GoText.QuoteRune(_ch) + " in " + RadixName(radix) + " escape");
                return false;
            }
            value = value * (uint)radix + d;
            NextCh();
        }
        if (value > max && radix == 8)
        {
            Error("octal escape value " + value + " > 255");
            return false;
        }
        if (value > max || value is >= 0xd800 and < 0xe000)
        {
            Error("escape is invalid Unicode code point " + (value <= 0x10ffff ? GoText.UnicodeName((int)value) : "U+" + value.ToString("X4")));
            return false;
        }
        return true;
    }

    // ---- comments

    void SkipLine()
    {
        // Plain bytes are by far the most; whatever needs care goes through NextCh.
        while (_ch >= 0 && _ch != '\n')
        {
            int r = _r;
            while (r < _end && _text[r] is >= 0x20 and < 0x80 or (byte)'\t')
                r++;
            _r = r;
            NextCh();
        }
    }

    void LineComment()
    {
        bool directive = At("go:"u8) || At("line "u8) || At("tuza:"u8);
        SkipLine();
        if (directive || _allComments)
            OnComment(Line, Col, Segment());
    }

    void FullComment()
    {
        bool directive = At("line "u8);
        while (_ch >= 0)
        {
            if (_ch == '*')
            {
                NextCh();
                if (_ch == '/')
                {
                    NextCh();
                    if (directive || _allComments)
                        OnComment(Line, Col, Segment());
                    return;
                }
                continue;
            }
            NextCh();
        }
        ErrorAt(0, "comment not terminated");
    }

    bool At(ReadOnlySpan<byte> prefix) => _text.AsSpan(_chPos).StartsWith(prefix);

    /// <summary>Names seen so far, so that equal names share one string; keywords are in it with their tokens.</summary>
    sealed class NameTable
    {
        [ThreadStatic] static NameTable? s_tableOfThread;

        (uint Hash, string Name, Token Keyword)[] _slots = new (uint, string, Token)[1 << 12];
        int _count;

        public static NameTable ForThisThread() => s_tableOfThread ??= new NameTable();

        NameTable()
        {
            foreach (KeyValuePair<string, Token> kw in Tokens.Keywords)
            {
                byte[] bytes = Encoding.ASCII.GetBytes(kw.Key);
                Add(Hash(bytes), kw.Key, kw.Value);
            }
        }

        static uint Hash(ReadOnlySpan<byte> bytes)
        {
            uint h = 2166136261;
            foreach (byte b in bytes)
                h = (h ^ b) * 16777619;
            return h | 1; // zero marks an empty slot
        }

        public string Get(ReadOnlySpan<byte> bytes, out Token keyword)
        {
            uint hash = Hash(bytes);
            int mask = _slots.Length - 1;
            for (int i = (int)((hash >> 1) & mask); ; i = (i + 1) & mask)
            {
                ref (uint Hash, string Name, Token Keyword) slot = ref _slots[i];
                if (slot.Hash == 0)
                {
                    string name = Encoding.UTF8.GetString(bytes);
                    Add(hash, name, Token.None);
                    keyword = Token.None;
                    return name;
                }
                if (slot.Hash == hash && Same(bytes, slot.Name))
                {
                    keyword = slot.Keyword;
                    return slot.Name;
                }
            }
        }

        static bool Same(ReadOnlySpan<byte> bytes, string name)
        {
            if (bytes.Length == name.Length)
            {
                for (int i = 0; i < bytes.Length; i++)
                {
                    if (bytes[i] != name[i])
                        return false;
                }
                return true;
            }
            return bytes.Length > name.Length && Encoding.UTF8.GetString(bytes) == name;
        }

        void Add(uint hash, string name, Token keyword)
        {
            if (++_count * 2 > _slots.Length)
            {
                (uint Hash, string Name, Token Keyword)[] old = _slots;
                _slots = new (uint, string, Token)[old.Length * 2];
                foreach ((uint Hash, string Name, Token Keyword) slot in old)
                {
                    if (slot.Hash != 0)
                        Put(slot.Hash, slot.Name, slot.Keyword);
                }
            }
            Put(hash, name, keyword);
        }

        void Put(uint hash, string name, Token keyword)
        {
            int mask = _slots.Length - 1;
            int i = (int)((hash >> 1) & mask);
            while (_slots[i].Hash != 0)
                i = (i + 1) & mask;
            _slots[i] = (hash, name, keyword);
        }
    }
}

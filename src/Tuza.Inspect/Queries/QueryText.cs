// The language of `tuza heap FILE query`: a small part of SQL, read from front to back into a tree.
//
//   query  = select ITEM,… from TABLE [where EXPR] [group by EXPR,…] [order by EXPR [asc|desc],…] [limit N]
//   item   = * | EXPR [as NAME]
//   expr   = or, and, not; = != <> < <= > >=; like (with % and _); + - * /; count(*) count sum min max avg; columns, numbers, 'texts', 0xaddresses

using System;
using System.Collections.Generic;
using System.Globalization;

namespace Tuza.Inspect;

/// <summary>The query is wrong; the message says what and where.</summary>
public sealed class QueryException(string message) : Exception(message);

enum QueryOp { Column, Constant, Not, Negate, Or, And, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Like, Add, Subtract, Multiply, Divide, Count, Sum, Min, Max, Avg }

/// <summary>Left is also the argument of functions; null for count(*).</summary>
sealed record QueryExpr(QueryOp Op, QueryExpr? Left, QueryExpr? Right, string Name, QueryValue Value)
{
    public bool IsAggregate => Op is >= QueryOp.Count and <= QueryOp.Avg;
}

/// <summary>A number or a text.</summary>
readonly record struct QueryValue(double Number, string? Text) : IComparable<QueryValue>
{
    public static QueryValue Of(bool b) => new(b ? 1 : 0, null);

    public bool IsTrue => Text != null ? Text != "" : Number != 0;

    public int CompareTo(QueryValue other) => Text != null && other.Text != null ? string.CompareOrdinal(Text, other.Text)
        : Text != null ? 1 : other.Text != null ? -1 : Number.CompareTo(other.Number);
}

sealed class QueryTree
{
    public List<(QueryExpr Expr, string Name)> Items { get; } = [];
    public bool All { get; set; }
    public string Table { get; set; } = "";
    public QueryExpr? Where { get; set; }
    public List<QueryExpr> GroupBy { get; } = [];
    public List<(QueryExpr Expr, bool Down)> OrderBy { get; } = [];
    public int Limit { get; set; } = -1;
}

/// <summary>Reads one query.</summary>
sealed class QueryParser
{
    const int MostDepth = 200;

    readonly List<(string Word, int At, bool IsText)> _words = [];
    int _next, _depth;

    QueryParser(string text) => Split(text);

    public static QueryTree Parse(string text)
    {
        QueryParser p = new(text);
        QueryTree q = p.Query();
        if (p._next < p._words.Count)
            throw p.Wrong("the end of the query");
        return q;
    }

    // ---- words

    void Split(string s)
    {
        for (int i = 0; i < s.Length;)
        {
            int from = i;
            if (char.IsWhiteSpace(s[i]))
            {
                i++;
                continue;
            }
            if (s[i] is '\'' or '"')
            {
                char quote = s[i++];
                string text = "";
                for (; ; i++)
                {
                    if (i >= s.Length)
                        throw new QueryException($"query: the text that begins at {from + 1} does not end");
                    if (s[i] != quote)
                        text += s[i];
                    else if (i + 1 < s.Length && s[i + 1] == quote)
                        text += s[i++];
                    else
                        break;
                }
                i++;
                _words.Add((text, from, true));
                continue;
            }
            if (IsWord(s[i]))
            {
                while (i < s.Length && IsWord(s[i]))
                    i++;
            }
            else
            {
                i += i + 1 < s.Length && s.Substring(i, 2) is "<=" or ">=" or "!=" or "<>" ? 2 : 1;
            }
            _words.Add((s[from..i], from, false));
        }
    }

    static bool IsWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '.';

    string Peek => _next < _words.Count && !_words[_next].IsText ? _words[_next].Word.ToLowerInvariant() : "";

    bool Take(string word)
    {
        if (Peek != word)
            return false;
        _next++;
        return true;
    }

    void Need(string word)
    {
        if (!Take(word))
            throw Wrong(word);
    }

    QueryException Wrong(string wanted) => _next < _words.Count
        ? new($"query: {wanted} expected at {_words[_next].At + 1}, not {_words[_next].Word}")
        : new($"query: {wanted} expected at the end");

    // ---- clauses

    QueryTree Query()
    {
        QueryTree q = new();
        Need("select");
        if (Take("*"))
        {
            q.All = true;
        }
        else
        {
            do
            {
                int from = _next;
                QueryExpr e = Expr();
                string name = "";
                for (int i = from; i < _next; i++)
                    name += (name != "" && char.IsLetterOrDigit(name[^1]) && char.IsLetterOrDigit(_words[i].Word.Length > 0 ? _words[i].Word[0] : ' ') ? " " : "") + _words[i].Word;
                if (Take("as"))
                    name = Name();
                q.Items.Add((e, name));
            }
            while (Take(","));
        }
        Need("from");
        q.Table = Name();
        if (Take("where"))
            q.Where = Expr();
        if (Take("group"))
        {
            Need("by");
            do
                q.GroupBy.Add(Expr());
            while (Take(","));
        }
        if (Take("order"))
        {
            Need("by");
            do
            {
                QueryExpr e = Expr();
                bool down = Take("desc");
                if (!down)
                    Take("asc");
                q.OrderBy.Add((e, down));
            }
            while (Take(","));
        }
        if (Take("limit"))
        {
            if (!int.TryParse(Peek, NumberStyles.None, CultureInfo.InvariantCulture, out int n))
                throw Wrong("a number");
            _next++;
            q.Limit = n;
        }
        return q;
    }

    string Name()
    {
        if (Peek == "" || !char.IsLetter(Peek[0]) && Peek[0] != '_')
            throw Wrong("a name");
        return _words[_next++].Word.ToLowerInvariant();
    }

    // ---- expressions

    static QueryExpr Binary(QueryOp op, QueryExpr x, QueryExpr y) => new(op, x, y, "", default);

    QueryExpr Expr()
    {
        if (++_depth > MostDepth)
            throw new QueryException("query: too many parentheses");
        QueryExpr x = AndExpr();
        while (Take("or"))
            x = Binary(QueryOp.Or, x, AndExpr());
        _depth--;
        return x;
    }

    QueryExpr AndExpr()
    {
        QueryExpr x = NotExpr();
        while (Take("and"))
            x = Binary(QueryOp.And, x, NotExpr());
        return x;
    }

    QueryExpr NotExpr()
    {
        bool not = false;
        while (Take("not"))
            not = !not;
        QueryExpr x = Comparison();
        return not ? new QueryExpr(QueryOp.Not, x, null, "", default) : x;
    }

    QueryExpr Comparison()
    {
        QueryExpr x = Sum();
        QueryOp? op = Peek switch
        {
            "=" => QueryOp.Equal,
            "!=" or "<>" => QueryOp.NotEqual,
            "<" => QueryOp.Less,
            "<=" => QueryOp.LessEqual,
            ">" => QueryOp.Greater,
            ">=" => QueryOp.GreaterEqual,
            "like" => QueryOp.Like,
            _ => null,
        };
        if (op == null)
            return x;
        _next++;
        return Binary(op.Value, x, Sum());
    }

    QueryExpr Sum()
    {
        QueryExpr x = Product();
        while (Peek is "+" or "-")
        {
            QueryOp op = Take("+") ? QueryOp.Add : QueryOp.Subtract;
            if (op == QueryOp.Subtract)
                _next++;
            x = Binary(op, x, Product());
        }
        return x;
    }

    QueryExpr Product()
    {
        QueryExpr x = Operand();
        while (Peek is "*" or "/")
        {
            QueryOp op = Take("*") ? QueryOp.Multiply : QueryOp.Divide;
            if (op == QueryOp.Divide)
                _next++;
            x = Binary(op, x, Operand());
        }
        return x;
    }

    QueryExpr Operand()
    {
        bool negative = false;
        while (Take("-"))
            negative = !negative;
        QueryExpr x = Primary();
        return negative ? new QueryExpr(QueryOp.Negate, x, null, "", default) : x;
    }

    QueryExpr Primary()
    {
        if (_next >= _words.Count)
            throw Wrong("a value");
        var (word, _, isText) = _words[_next];
        if (isText)
        {
            _next++;
            return new QueryExpr(QueryOp.Constant, null, null, "", new QueryValue(0, word));
        }
        if (Take("("))
        {
            QueryExpr x = Expr();
            Need(")");
            return x;
        }
        if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && ulong.TryParse(word[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address))
        {
            _next++;
            return new QueryExpr(QueryOp.Constant, null, null, "", new QueryValue(0, "0x" + address.ToString("x", CultureInfo.InvariantCulture)));
        }
        if (char.IsDigit(word[0]))
        {
            if (!double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n))
                throw Wrong("a number");
            _next++;
            return new QueryExpr(QueryOp.Constant, null, null, "", new QueryValue(n, null));
        }
        string name = Name();
        if (!Take("("))
            return new QueryExpr(QueryOp.Column, null, null, name, default);
        QueryOp function = name switch
        {
            "count" => QueryOp.Count,
            "sum" => QueryOp.Sum,
            "min" => QueryOp.Min,
            "max" => QueryOp.Max,
            "avg" => QueryOp.Avg,
            _ => throw new QueryException($"query: no function {name}: there are count, sum, min, max and avg"),
        };
        QueryExpr? argument = function == QueryOp.Count && Take("*") ? null : Expr();
        Need(")");
        return new QueryExpr(function, argument, null, "", default);
    }
}

// Build constraints: the expressions of `//go:build` lines and the older `// +build` lines.
//
//   Or = And { "||" And }    And = Not { "&&" Not }    Not = "!" Not | "(" Or ")" | tag
//
// In a `// +build` line, options separated by blanks are or-ed, terms separated by commas are and-ed, and lines are and-ed.

using System;

namespace Tuza.Syntax;

/// <summary>A parsed constraint expression.</summary>
public sealed class BuildConstraint
{
    enum Kind { Tag, Not, And, Or }

    readonly Kind _kind;
    readonly string _tag = "";
    readonly BuildConstraint? _x, _y;

    BuildConstraint(string tag) => (_kind, _tag) = (Kind.Tag, tag);
    BuildConstraint(Kind kind, BuildConstraint x, BuildConstraint? y) => (_kind, _x, _y) = (kind, x, y);

    public static bool IsGoBuildLine(string line) => Rest(line, "//go:build") != null;

    /// <summary>True for a comment line of the form `// +build ...`.</summary>
    public static bool IsPlusBuildLine(string line) =>
        line.StartsWith("//", StringComparison.Ordinal) && Rest(line[2..].Trim(), "+build") != null;

    /// <summary>Parses a whole `//go:build` or `// +build` comment line; null with a reason when it is malformed.</summary>
    public static BuildConstraint? Parse(string line, out string? error)
    {
        error = null;
        if (Rest(line, "//go:build") is { } expr)
        {
            Reader r = new(expr);
            BuildConstraint? x = r.Or();
            r.Skip();
            if (r.Error == null && !r.AtEnd)
                r.Error = "unexpected token " + r.Peek();
            error = r.Error;
            return r.Error == null ? x : null;
        }
        if (line.StartsWith("//", StringComparison.Ordinal) && Rest(line[2..].Trim(), "+build") is { } options)
        {
            BuildConstraint? any = null;
            foreach (string option in options.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                BuildConstraint? all = null;
                foreach (string term in option.Split(','))
                {
                    bool negate = term.StartsWith('!');
                    string tag = negate ? term[1..] : term;
                    BuildConstraint t = new(IsTag(tag) ? tag : "ignore");
                    if (negate && IsTag(tag))
                        t = new(Kind.Not, t, null);
                    all = all == null ? t : new(Kind.And, all, t);
                }
                any = any == null ? all : new(Kind.Or, any, all);
            }
            return any ?? new("ignore");
        }
        error = "not a build constraint";
        return null;
    }

    public static BuildConstraint And(BuildConstraint x, BuildConstraint y) => new(Kind.And, x, y);

    public bool Eval(Func<string, bool> satisfied) => _kind switch
    {
        Kind.Tag => satisfied(_tag),
        Kind.Not => !_x!.Eval(satisfied),
        Kind.And => _x!.Eval(satisfied) & _y!.Eval(satisfied),
        Kind.Or => _x!.Eval(satisfied) | _y!.Eval(satisfied),
    };

    /// <summary>Calls visit for every tag of the expression.</summary>
    public void Tags(Action<string> visit)
    {
        if (_kind == Kind.Tag)
            visit(_tag);
        _x?.Tags(visit);
        _y?.Tags(visit);
    }

    /// <summary>The smallest Go version that the expression implies ("go1.21"), or "".</summary>
    public string GoVersion()
    {
        int v = MinVersion(positive: true);
        return v < 0 ? "" : v == 0 ? "go1" : "go1." + v;
    }

    int MinVersion(bool positive)
    {
        switch (_kind)
        {
            case Kind.Tag:
                if (!positive)
                    return -1;
                if (_tag == "go1")
                    return 0;
                return _tag.StartsWith("go1.", StringComparison.Ordinal) && int.TryParse(_tag.AsSpan(4), out int n) && n >= 0 ? n : -1;
            case Kind.Not:
                return _x!.MinVersion(!positive);
            default:
                int a = _x!.MinVersion(positive), b = _y!.MinVersion(positive);
                return (_kind == Kind.And) == positive ? Math.Max(a, b) : Math.Min(a, b);
        }
    }

    /// <summary>What follows the keyword, or null when the line does not begin with it as a word.</summary>
    static string? Rest(string line, string keyword)
    {
        if (!line.StartsWith(keyword, StringComparison.Ordinal))
            return null;
        string rest = line[keyword.Length..];
        return rest.Length == 0 || char.IsWhiteSpace(rest[0]) ? rest.Trim() : null;
    }

    static bool IsTag(string s)
    {
        foreach (char c in s)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('_' or '.'))
                return false;
        }
        return s.Length > 0;
    }

    /// <summary>A recursive-descent reader; nesting is bounded so that hostile lines cannot exhaust the stack.</summary>
    sealed class Reader(string text)
    {
        const int MaxDepth = 500;

        int _pos, _depth;
        public string? Error;

        public bool AtEnd => _pos >= text.Length;
        public string Peek() => text[_pos..Math.Min(text.Length, _pos + 2)];

        public void Skip()
        {
            while (_pos < text.Length && text[_pos] is ' ' or '\t')
                _pos++;
        }

        bool Got(string op)
        {
            Skip();
            if (string.CompareOrdinal(text, _pos, op, 0, op.Length) != 0)
                return false;
            _pos += op.Length;
            return true;
        }

        public BuildConstraint? Or()
        {
            BuildConstraint? x = Conjunction();
            while (Error == null && Got("||"))
            {
                BuildConstraint? y = Conjunction();
                x = x == null || y == null ? null : new(Kind.Or, x, y);
            }
            return x;
        }

        BuildConstraint? Conjunction()
        {
            BuildConstraint? x = Not();
            while (Error == null && Got("&&"))
            {
                BuildConstraint? y = Not();
                x = x == null || y == null ? null : new(Kind.And, x, y);
            }
            return x;
        }

        BuildConstraint? Not()
        {
            if (++_depth > MaxDepth)
                return Fail("expression too deeply nested");
            try
            {
                if (Got("!"))
                {
                    if (Got("!"))
                        return Fail("double negation not allowed");
                    return Not() is { } x ? new(Kind.Not, x, null) : null;
                }
                if (Got("("))
                {
                    BuildConstraint? x = Or();
                    if (Error == null && !Got(")"))
                        return Fail("missing close paren");
                    return x;
                }
                Skip();
                int start = _pos;
                while (_pos < text.Length && (char.IsLetterOrDigit(text[_pos]) || text[_pos] is '_' or '.'))
                    _pos++;
                if (start == _pos)
                    return Fail(AtEnd ? "unexpected end of expression" : "unexpected token " + Peek());
                return new(text[start.._pos]);
            }
            finally
            {
                _depth--;
            }
        }

        BuildConstraint? Fail(string why)
        {
            Error ??= why;
            return null;
        }
    }
}

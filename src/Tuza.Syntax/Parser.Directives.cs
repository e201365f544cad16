// Comments that mean something: `//line`, `//go:` and `//tuza:` directives.
//
// A directive on a line of its own waits in _pending until the next declaration takes it. Where something else comes first, the
// ones that only make sense on a declaration are reported as misplaced. The rules and the words are gc's (GOROOT/src/cmd/compile/
// internal/noder/noder.go).

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Tuza.Syntax;

public sealed partial class Parser
{
    readonly List<Directive> _pending = [];

    protected override void OnComment(int line, int col, string text)
    {
        if (_options.KeepComments)
        {
            Pos at = Pos.Make(_file.Id, line, col);
            _node.Comments.Add(new Comment(at, EndOf(at, text), text));
        }
        string body = text[1] == '*' ? text[2..^2] : text[2..].TrimEnd('\r');
        if ((col == 1 || text[1] == '*') && body.StartsWith("line ", StringComparison.Ordinal))
        {
            AddLineDirective(line, col, text, body[5..]);
            return;
        }
        if (text[1] == '*')
            return;
        if (body.StartsWith("go:", StringComparison.Ordinal))
        {
            if (_atTop && BuildConstraint.IsGoBuildLine(text) && BuildConstraint.Parse(text.TrimEnd('\r'), out _) is { } constraint)
                _node.GoVersion = constraint.GoVersion();
            if (_atTop && (body.StartsWith("go:debug ", StringComparison.Ordinal) || body.StartsWith("go:debug\t", StringComparison.Ordinal)) && body.Contains('=', StringComparison.Ordinal))
                _node.Godebug.Add(body["go:debug".Length..].Trim());
            GoDirective(new Directive(Pos.Make(_file.Id, line, col + 2), body));
        }
        else if (body.StartsWith("tuza:", StringComparison.Ordinal) && Blank)
        {
            _pending.Add(new Directive(Pos.Make(_file.Id, line, col + 2), body));
        }
    }

    static Pos EndOf(Pos start, string text)
    {
        int last = text.LastIndexOf('\n');
        if (last < 0)
            return Pos.Make(start.FileId, start.Line, start.Column + System.Text.Encoding.UTF8.GetByteCount(text));
        int lines = 0;
        foreach (char c in text)
            lines += c == '\n' ? 1 : 0;
        return Pos.Make(start.FileId, start.Line + lines, text.Length - last);
    }

    // ---- //line

    void AddLineDirective(int line, int col, string comment, string text)
    {
        if (!TrailingNumber(text, out int at, out long n, out bool isNumber))
            return;
        Pos ErrorPos(int index) => Pos.Make(_file.Id, line, col + 2 + 5 + index);
        if (!isNumber)
        {
            ErrorAt(ErrorPos(at), "invalid line number: " + text[at..]);
            return;
        }
        long newLine = n, newCol = 0;
        bool hasCol = TrailingNumber(text[..(at - 1)], out int at2, out long n2, out bool isNumber2) && isNumber2;
        string name = text[..(at - 1)];
        if (hasCol)
        {
            (newLine, newCol) = (n2, n);
            if (newCol is <= 0 or > MaxPosition)
            {
                ErrorAt(ErrorPos(at), "invalid column number: " + text[at..]);
                return;
            }
            name = text[..(at2 - 1)];
            text = text[..(at - 1)];
            at = at2;
        }
        if (newLine is <= 0 or > MaxPosition)
        {
            ErrorAt(ErrorPos(at), "invalid line number: " + text[at..]);
            return;
        }
        if (name == "" && hasCol)
        {
            name = _file.LineDirectives.Count > 0 ? _file.LineDirectives[^1].Name : _file.Name;
        }
        else if (name != "" && !Path.IsPathRooted(name))
        {
            string dir = Path.GetDirectoryName(_file.Name) ?? "";
            name = CleanPath(dir is "" or "." ? name : dir + "/" + name);
        }
        else if (name != "")
        {
            name = CleanPath(name);
        }

        if (comment[1] == '/')
            _file.LineDirectives.Add(new LineDirective(line + 1, 1, name, (int)newLine, (int)newCol));
        else if (!comment.Contains('\n'))
            _file.LineDirectives.Add(new LineDirective(line, col + System.Text.Encoding.UTF8.GetByteCount(comment), name, (int)newLine, (int)newCol));
    }

    const int MaxPosition = 1 << 30;

    /// <summary>False without a colon; otherwise the index after the last colon, and the number there if it is one.</summary>
    static bool TrailingNumber(string text, out int index, out long number, out bool isNumber)
    {
        index = text.LastIndexOf(':') + 1;
        number = 0;
        isNumber = index > 0 && ulong.TryParse(text.AsSpan(index), NumberStyles.None, CultureInfo.InvariantCulture, out ulong n)
            && (number = (long)Math.Min(n, long.MaxValue)) >= 0;
        return index > 0;
    }

    /// <summary>The shortest equivalent path, by its text alone.</summary>
    static string CleanPath(string path)
    {
        bool rooted = path.StartsWith('/');
        List<string> parts = [];
        foreach (string part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0 && parts[^1] != "..")
                parts.RemoveAt(parts.Count - 1);
            else if (!rooted)
                parts.Add(part);
        }
        string clean = string.Join('/', parts);
        return rooted ? "/" + clean : clean == "" ? "." : clean;
    }

    // ---- //go:

    void GoDirective(Directive d)
    {
        if (!Blank)
        {
            ErrorAt(d.Pos, "misplaced compiler directive");
            return;
        }
        string[] words = d.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string verb = words[0];
        switch (verb)
        {
            case "go:linkname" or "go:linknamestd" when d.Text.Length > verb.Length:
                if (words.Length is not (2 or 3))
                {
                    ErrorAt(d.Pos, "usage: //" + verb + " localname [linkname]");
                    return;
                }
                break;
            case "go:wasmimport" when d.Text.Length > verb.Length:
                if (words.Length != 3)
                    ErrorAt(d.Pos, "usage: //go:wasmimport importmodule importname");
                break;
            case "go:wasmexport" when d.Text.Length > verb.Length:
                if (words.Length != 2)
                    ErrorAt(d.Pos, "usage: //go:wasmexport exportname");
                break;
            case "go:embed":
                List<string> patterns = EmbedPatterns(d.Text["go:embed".Length..], out string? error);
                if (error != null)
                    ErrorAt(d.Pos, error);
                if (patterns.Count == 0)
                {
                    ErrorAt(d.Pos, "usage: //go:embed pattern...");
                    return;
                }
                break;
            default:
                if (!_options.IsStd && verb.StartsWith("go:cgo_", StringComparison.Ordinal) && verb != "go:cgo_import_dynamic"
                    && !Path.GetFileName(_file.Path).StartsWith("_cgo_", StringComparison.Ordinal))
                {
                    ErrorAt(d.Pos, "//" + d.Text + " only allowed in cgo-generated code");
                }

                if (!_options.IsRuntime && verb is "go:systemstack" or "go:nowritebarrier" or "go:nowritebarrierrec" or "go:yeswritebarrierrec")
                    ErrorAt(d.Pos, "//" + verb + " only allowed in runtime");
                if (!_options.IsStd && verb == "go:uintptrkeepalive")
                    ErrorAt(d.Pos, "//" + verb + " is only allowed in the standard library");
                break;
        }
        _node.Directives.Add(d);
        _pending.Add(d);
    }

    /// <summary>The patterns of a go:embed directive: words, or quoted Go strings.</summary>
    public static List<string> EmbedPatterns(string args, out string? error)
    {
        error = null;
        List<string> patterns = [];
        for (args = args.Trim(); args != ""; args = args.Trim())
        {
            int end;
            string? pattern;
            if (args[0] == '`')
            {
                end = args.IndexOf('`', 1) + 1;
                pattern = end > 0 ? args[1..(end - 1)] : null;
            }
            else if (args[0] == '"')
            {
                end = 1;
                while (end < args.Length && args[end] != '"')
                    end += args[end] == '\\' ? 2 : 1;
                end++;
                pattern = end <= args.Length ? GoText.Unquote(args[..end]) : null;
                if (pattern == null && end <= args.Length)
                    args = args[..end];
            }
            else
            {
                end = 0;
                while (end < args.Length && !char.IsWhiteSpace(args[end]))
                    end++;
                pattern = args[..end];
            }
            if (pattern == null || (end < args.Length && !char.IsWhiteSpace(args[end])))
            {
                error = "invalid quoted string in //go:embed: " + args[Math.Min(pattern == null ? 0 : end, args.Length)..];
                return [];
            }
            patterns.Add(pattern);
            args = args[end..];
        }
        return patterns;
    }

    void TakeDirectives(List<Directive> into)
    {
        if (_pending.Count == 0)
            return;
        into.AddRange(_pending);
        _pending.Clear();
    }

    /// <summary>Something that is not a declaration follows: what waits here is out of place.</summary>
    void DropDirectives()
    {
        if (_pending.Count == 0)
            return;
        foreach (Directive d in _pending)
        {
            if (Pragmas.Verb(d) is var verb && verb == "go:embed")
                ErrorAt(d.Pos, "misplaced go:embed directive");
            else if (Pragmas.IsKnown(verb))
                ErrorAt(d.Pos, "misplaced compiler directive");
        }
        _pending.Clear();
    }
}

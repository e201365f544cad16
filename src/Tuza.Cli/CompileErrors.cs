// Diagnostics of one package as gc prints them: in the order of the text, each once, ten and then no more.
//
// The rules: of several syntax errors in one line only the first counts; the same message twice in a row for one line counts once; after
// the tenth error (unless -e) what there is gets printed, and "too many errors" at the place of the tenth. Columns from 255 on are not
// printed.

using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Cli;

/// <summary>Prints diagnostics.</summary>
static class CompileErrors
{
    const int Limit = 10, FirstColumnNotPrinted = 255;

    /// <summary>True when a message stops the package from being type-checked.</summary>
    public static bool HasSyntaxError(DiagnosticSink sink)
    {
        foreach (Diagnostic d in sink.List)
        {
            if (d.Text.StartsWith("syntax error", System.StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    public static string Format(IReadOnlyList<Diagnostic> reported, bool all)
    {
        List<Diagnostic> kept = [];
        Pos lastSyntax = Pos.None, lastOther = Pos.None;
        string lastText = "";
        Pos? tooMany = null;
        foreach (Diagnostic d in reported)
        {
            if (d.Text.StartsWith("syntax error", System.StringComparison.Ordinal))
            {
                if (SameLine(lastSyntax, d.Pos))
                    continue;
                lastSyntax = d.Pos;
            }
            else
            {
                if (SameLine(lastOther, d.Pos) && lastText == d.Text)
                    continue;
                (lastOther, lastText) = (d.Pos, d.Text);
            }
            kept.Add(d);
            if (kept.Count >= Limit && !all)
            {
                tooMany = d.Pos;
                break;
            }
        }
        // A stable sort: messages of one place stay in the order of their discovery.
        List<(Diagnostic D, int Index)> sorted = [];
        for (int i = 0; i < kept.Count; i++)
            sorted.Add((kept[i], i));
        sorted.Sort((a, b) => a.D.Pos.CompareTo(b.D.Pos) is not 0 and int c ? c : a.Index.CompareTo(b.Index));
        StringBuilder text = new();
        string previous = "";
        foreach ((Diagnostic d, _) in sorted)
        {
            string line = $"{Place(d.Pos)}{d.Text}\n";
            if (line != previous)
                text.Append(line);
            previous = line;
        }
        if (tooMany is { } pos)
            text.Append(Place(pos)).Append("too many errors\n");
        return text.ToString();
    }

    static bool SameLine(Pos a, Pos b) => a.IsKnown && a.FileId == b.FileId && a.Line == b.Line;

    /// <summary>`file:line:col: `, or nothing without a position.</summary>
    public static string Place(Pos pos)
    {
        if (!pos.IsKnown)
            return "";
        (string name, int line, int column) = Positions.Resolve(pos);
        return column is <= 0 or >= FirstColumnNotPrinted ? $"{name}:{line}: " : $"{name}:{line}:{column}: ";
    }
}

// Findings as text: go vet's lines, a category in brackets, the proof and the fix indented below.
//
//   # example.com/app/store
//   store/cache.go:42:9: keeps all of s alive for 50 bytes [retain/substring]
//   	store/cache.go:40:2: s is read here with io.ReadAll
//   	store/cache.go:42:9: fix: strings.Clone(s[:50])     (tuza vet -fix)

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Inspect;

/// <summary>Prints findings.</summary>
public static class FindingText
{
    public static string Write(IReadOnlyList<Finding> findings, Paint paint = default)
    {
        StringBuilder b = new();
        foreach (Finding f in findings)
        {
            b.Append(paint.Place(Place(f.Pos) + ":")).Append(' ').Append(f.Severity == Severity.Note ? "note: " : "").Append(paint.Head(Escape(f.Message))).Append(' ').Append(f.Severity == Severity.Note ? $"[{f.Category}]" : paint.Alarm($"[{f.Category}]")).Append('\n');
            foreach (Related r in f.Related)
                b.Append('\t').Append(paint.Place(Place(r.Pos) + ":")).Append(' ').Append(Escape(r.Message)).Append('\n');
            if (f.Fix is { } fix)
                b.Append('\t').Append(paint.Place(Place(f.Pos) + ":")).Append(" fix: ").Append(paint.Mend(Escape(fix.Message))).Append("     (tuza vet -fix)\n");
            else if (f.Advice is { } advice)
                b.Append('\t').Append(paint.Place(Place(f.Pos) + ":")).Append(" fix: ").Append(paint.Mend(Escape(advice))).Append('\n');
        }
        return b.ToString();
    }

    /// <summary>`dir/file.go:line:col`, as go vet prints it: without a leading `./`.</summary>
    public static string Place(Pos pos)
    {
        string s = Positions.Text(pos);
        return s.StartsWith("./", StringComparison.Ordinal) ? s[2..] : s;
    }

    /// <summary>Text of the analysed program never reaches a terminal as control characters.</summary>
    public static string Escape(string s)
    {
        foreach (char c in s)
        {
            if (char.IsControl(c) || c is '\u202a' or '\u202b' or '\u202d' or '\u202e' or '\u2066' or '\u2067' or '\u2068' or '\u2069' or '\u200b')
                return GoText.Quote(s)[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal);
        }
        return s;
    }
}

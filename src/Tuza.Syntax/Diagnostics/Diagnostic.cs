// Diagnostics: what is wrong with a program, where, in gc's words. CONTRACT FILE.

using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>One message. Text may have further lines, each beginning with a tab. Soft: reported only when nothing harder was found
/// (unused variables and imports).</summary>
public sealed record Diagnostic(Pos Pos, string Text, bool Soft = false, string Code = "");

/// <summary>Collects the diagnostics of one package; safe to use from one thread at a time.</summary>
public sealed class DiagnosticSink
{
    public List<Diagnostic> List { get; } = [];
    public bool HasErrors => List.Count > 0;
    /// <summary>gc goes on to check types only if there is none of these; other errors of the parser do not stop it.</summary>
    public bool HasSyntaxErrors => List.Exists(d => d.Text.StartsWith("syntax error", System.StringComparison.Ordinal));
    public void Error(Pos pos, string text) => List.Add(new Diagnostic(pos, text));
    public void Soft(Pos pos, string text, string code = "") => List.Add(new Diagnostic(pos, text, true, code));
}

// Findings: what a tool says about a program that compiles. Waist (5) of the house: the analyzers write them, the reports read them.
//
// Invariants. A finding names the line to change. Its message says the cause in one line; Related holds the proof, in the order in which it is to
// be read; the edits of a fix do not overlap, and the program with all of them applied compiles and has the finding no more.

using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Warning: memory is held for nothing, or an operation would panic. Note: so under other circumstances, which the message names.</summary>
public enum Severity : byte { Warning, Note }

/// <summary>One finding. Rule is the analyzer's short name (SUBSTR), Category what is printed in brackets (retain/substring).</summary>
public sealed record Finding(Pos Pos, Pos End, string Rule, string Category, string Message)
{
    public Severity Severity { get; init; } = Severity.Warning;
    /// <summary>Steps of the proof.</summary>
    public IReadOnlyList<Related> Related { get; init; } = [];
    /// <summary>What to do, in words; null when there is no advice beyond the message.</summary>
    public string? Advice { get; init; }
    /// <summary>The same as edits, when it can be done by machine.</summary>
    public Fix? Fix { get; init; }
}

public sealed record Related(Pos Pos, string Message);

public sealed record Fix(string Message, IReadOnlyList<TextEdit> Edits);

/// <summary>Replaces the bytes Start ..&lt; End of a file.</summary>
public sealed record TextEdit(SourceFile File, int Start, int End, string NewText);

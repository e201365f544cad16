// What escape analysis found out, as data instead of text: for each place that had to go to the heap, and each parameter that leaks, the way its
// value takes. Collected on request, beside the messages of -m=2 and from the same walk, so that the two never say different things.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

/// <summary>One step inside a statement. Where: the ExprNode, StmtNode, CaseNode or captured Local it happens at.</summary>
public sealed record EscapeStep(string Text, string Why, Pos Pos, object Where);

/// <summary>The value of From (its address if Derefs is -1) goes to To; ToLocal if that is a variable.</summary>
public sealed record EscapeFlow(string From, string To, bool ToHeap, Local? ToLocal, int Derefs, List<EscapeStep> Steps);

/// <summary>One decision. Variable or Node: what it is about. Escapes: on the heap; without flows it stays in the frame.</summary>
public sealed record EscapeStory(Function In, Local? Variable, ExprNode? Node, string Name, bool Escapes, bool IsParameter, string Root, List<EscapeFlow> Flows)
{
    public Pos Pos => Variable?.Pos ?? Node?.Pos ?? default;
}

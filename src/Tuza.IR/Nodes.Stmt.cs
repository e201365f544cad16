// Tree-level statements. CONTRACT FILE.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public abstract class StmtNode
{
    public Pos Pos;
    public List<StmtNode>? Init;
    internal StmtNode ShallowCopy() => (StmtNode)MemberwiseClone();
}

/// <summary>ODCL: the variable comes into existence (zeroed; a fresh one each time for variables that escape or are captured).</summary>
public sealed class DeclNode : StmtNode { public required Local Local; }
/// <summary>OAS: X null for evaluating Y only (`_ = y`). Define: declares (DeclNode is in Init).</summary>
public sealed class AssignNode : StmtNode { public ExprNode? X; public required ExprNode Y; public bool Define; }
/// <summary>OAS2: parallel assignment; all right sides and operands of left sides are evaluated first. Null targets are blank.</summary>
public sealed class Assign2Node : StmtNode { public List<ExprNode?> X = []; public List<ExprNode> Y = []; public bool Define; }
/// <summary>OAS2FUNC: several results of one call into targets (fresh temporaries, see L16); null targets are blank.</summary>
public sealed class AssignCallNode : StmtNode { public List<ExprNode?> X = []; public required ExprNode Call; public bool Define; }
/// <summary>OAS2MAPR, OAS2DOTTYPE, OAS2RECV: Y is MapIndexNode, TypeAssertNode or RecvNode; X, Ok targets, null = blank.</summary>
public sealed class AssignOkNode : StmtNode { public ExprNode? X, Ok; public required ExprNode Y; public bool Define; }
/// <summary>OASOP: X op= Y (also ++ and --, IncDec); X evaluated once. String += included.</summary>
public sealed class AssignOpNode : StmtNode { public Token Op; public required ExprNode X, Y; public bool IncDec; }
public sealed class ExprStmtNode : StmtNode { public required ExprNode X; }
public sealed class SendNode : StmtNode { public required ExprNode Chan, Value; }
/// <summary>OGO: Call is a CallNode without arguments and results (L17).</summary>
public sealed class GoNode : StmtNode { public required ExprNode Call; }
/// <summary>ODEFER: as GoNode. InLoop: may run more than once per activation. At: inside the body of a range-over-func, the token (of type any, made by
/// runtime.deferrangefunc) of the function whose return runs the deferred call.
/// OnHeap (set by escape analysis): its record and its function value are objects of the heap.</summary>
public sealed class DeferNode : StmtNode { public required ExprNode Call; public bool InLoop; public ExprNode? At; public bool OnHeap; }
/// <summary>ORETURN. Values has one entry per result or is empty (results already set). A multi-value call was split by the builder.</summary>
public sealed class ReturnNode : StmtNode { public List<ExprNode> Values = []; }
public sealed class IfNode : StmtNode { public required ExprNode Cond; public List<StmtNode> Then = [], Else = []; public bool Likely; }
/// <summary>OFOR. Label for labelled break and continue. PerIteration: variables fresh in each iteration (Go 1.22) that escape or are captured.</summary>
public sealed class ForNode : StmtNode
{
    public string? Label;
    public ExprNode? Cond;
    public List<StmtNode> Post = [], Body = [];
    public List<Local> PerIteration = [];
}
/// <summary>ORANGE over array, slice, string, map, channel, integer (functions are rewritten by the builder). Key, Value: targets or null.
/// Define: they are new variables of the loop (fresh in each iteration; the loop declares them, there is no DeclNode). Files older than Go 1.22
/// get Define = false and DeclNodes in Init. X is evaluated once; an array is a copy of its value unless Value is null.</summary>
public sealed class RangeNode : StmtNode
{
    public string? Label;
    public ExprNode? Key, Value;
    /// <summary>Written as `_` (gc keeps a node for it).</summary>
    public bool BlankKey, BlankValue;
    public bool Define;
    /// <summary>Set by escape analysis: the variables of the loop of which each iteration needs one of its own; null for none.</summary>
    public List<Local>? Fresh;
    public required ExprNode X;
    public List<StmtNode> Body = [];
}
/// <summary>OSWITCH on values. Tag null: true. Cases hold conditions comparable with the tag (CompareNode is made by lowering), list empty + IsDefault for default.</summary>
public sealed class SwitchNode : StmtNode { public string? Label; public ExprNode? Tag; public List<CaseNode> Cases = []; }
public sealed class CaseNode
{
    public Pos Pos;
    public bool IsDefault;
    /// <summary>Value switch: expressions (already converted to the comparison's types). </summary>
    public List<ExprNode> Exprs = [];
    /// <summary>Type switch: types; null stands for `nil`.</summary>
    public List<GoType?> Types = [];
    /// <summary>Type switch: the clause's variable or null.</summary>
    public Local? Var;
    public List<StmtNode> Body = [];
    /// <summary>The body ends in fallthrough.</summary>
    public bool Fallthrough;
}
/// <summary>OSWITCH on the dynamic type of X.</summary>
public sealed class TypeSwitchNode : StmtNode { public string? Label; public required ExprNode X; public List<CaseNode> Cases = []; }
public sealed class SelectNode : StmtNode { public string? Label; public List<CommNode> Cases = []; }
/// <summary>One select case. Comm null: default; SendNode; AssignOkNode with RecvNode (X and Ok may be null).</summary>
public sealed class CommNode { public Pos Pos; public StmtNode? Comm; public List<StmtNode> Body = []; }
public sealed class BlockNode : StmtNode { public List<StmtNode> List = []; }
public sealed class LabelNode : StmtNode { public required string Label; }
public sealed class GotoNode : StmtNode { public required string Label; }
/// <summary>break or continue; Label null for the innermost.</summary>
public sealed class BranchNode : StmtNode { public bool IsContinue; public string? Label; }
/// <summary>OCHECKNIL.</summary>
public sealed class CheckNilNode : StmtNode { public required ExprNode X; }
/// <summary>OINLMARK: start of an inlined body.</summary>
public sealed class InlineMarkNode : StmtNode { public required Function Callee; }

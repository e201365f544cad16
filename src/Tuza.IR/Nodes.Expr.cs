// Tree-level expressions. CONTRACT FILE. Each class says which gc operator it stands for.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public abstract class ExprNode
{
    public Pos Pos;
    public GoType Type = null!;
    /// <summary>Statements to run before the value is computed (gc's Init list); almost always null.</summary>
    public List<StmtNode>? Init;
    /// <summary>Made by the compiler, not written (printed without).</summary>
    public bool Implicit;
    /// <summary>Escape decision for nodes that allocate: true = heap. Meaning of default false: not decided or stack.</summary>
    public bool Escapes;
    /// <summary>In instances of generic functions: the type that messages show, when it is not Type.</summary>
    public GoType? ShapeType;
    /// <summary>For escape analysis: its location.</summary>
    public object? Data;
    /// <summary>A node with the same fields; children and lists are shared (see TreeCopy).</summary>
    internal ExprNode ShallowCopy() => (ExprNode)MemberwiseClone();
}

/// <summary>OLITERAL: Value of type Type (typed; untyped nil is NilNode).</summary>
public sealed class ConstNode : ExprNode { public required Constant Value; }
/// <summary>ONIL.</summary>
public sealed class NilNode : ExprNode;
/// <summary>Zero value of any type (`var x T`).</summary>
public sealed class ZeroNode : ExprNode;
/// <summary>ONAME local.</summary>
public sealed class LocalNode : ExprNode { public required Local Local; }
/// <summary>ONAME extern.</summary>
public sealed class GlobalNode : ExprNode { public required Global Global; }
/// <summary>ONAME func, or OMETHEXPR (IsMethodExpr): a declared function as operand; in CallNode.Fun it makes a direct call.</summary>
public sealed class FuncNode : ExprNode { public required Function Func; public bool IsMethodExpr; }
/// <summary>OADDR, or OPTRLIT when X is a CompositeNode and IsPtrLit.</summary>
public sealed class AddrNode : ExprNode { public required ExprNode X; public bool IsPtrLit; }
/// <summary>ODEREF (with nil check).</summary>
public sealed class DerefNode : ExprNode { public required ExprNode X; }
/// <summary>ODOT, or ODOTPTR when X is a pointer: field number Field of the struct.</summary>
public sealed class FieldNode : ExprNode { public required ExprNode X; public int Field; public required Var FieldVar; public bool ThroughPtr; }
/// <summary>OINDEX of array, slice, string. Bounded: proven in range.</summary>
public sealed class IndexNode : ExprNode { public required ExprNode X, Index; public bool Bounded; }
/// <summary>OINDEXMAP. As an assignment target it is the left side of a map store. CommaOk uses are MapIndexOk assignments.</summary>
public sealed class MapIndexNode : ExprNode { public required ExprNode Map, Key; }
/// <summary>OSLICE, OSLICESTR, OSLICEARR (X is then a pointer to array), OSLICE3, OSLICE3ARR.</summary>
public sealed class SliceNode : ExprNode { public required ExprNode X; public ExprNode? Lo, Hi, Max; public bool Full; }
/// <summary>ODOTTYPE: single-value form panics; comma-ok form is in an AssignOkNode.
/// NilPanic: known to hold unless X is nil, which panics as a call of a method of nil does.
/// Written: the type of X for messages, if X had to be converted.</summary>
public sealed class TypeAssertNode : ExprNode { public required ExprNode X; public bool NilPanic; public GoType? Written; }
/// <summary>OPLUS, ONEG, ONOT, OBITNOT.</summary>
public sealed class UnaryNode : ExprNode { public Token Op; public required ExprNode X; }
/// <summary>Arithmetic and shifts; both operands have Type (shifts: Y has its own type). String concatenation is AddStringNode.</summary>
public sealed class BinaryNode : ExprNode { public Token Op; public required ExprNode X, Y; }
/// <summary>Comparison, result bool; operands have identical types (any comparable type; or one is NilNode).</summary>
public sealed class CompareNode : ExprNode { public Token Op; public required ExprNode X, Y; }
/// <summary>OANDAND, OOROR.</summary>
public sealed class LogicalNode : ExprNode { public bool IsAnd; public required ExprNode X, Y; }
/// <summary>OADDSTR: flattened.</summary>
public sealed class AddStringNode : ExprNode { public List<ExprNode> List = []; }

public enum ConvKind : byte
{
    /// <summary>OCONVNOP: same representation.</summary>
    Nop,
    /// <summary>OCONV: numeric.</summary>
    Numeric,
    /// <summary>OCONVIFACE: concrete to interface, or interface to interface that is statically implied.</summary>
    ToInterface,
    BytesToString, RunesToString, StringToBytes, StringToRunes, RuneToString,
    SliceToArray, SliceToArrayPtr,
    /// <summary>unsafe.Pointer ↔ uintptr, typed pointer ↔ unsafe.Pointer.</summary>
    PointerToUintptr, UintptrToPointer, UnsafePointer,
}

/// <summary>ZeroCopy: the bytes of a StringToBytes are never written, so that it may share the string's.</summary>
/// <remarks>Known: what a variable that is converted to an interface is known to hold: a literal of constants.</remarks>
public sealed class ConvNode : ExprNode { public ConvKind Kind; public required ExprNode X; public bool ZeroCopy; public CompositeNode? Known; /* Type is the target */ }
/// <summary>ORECV in expression position (comma-ok: AssignOkNode).</summary>
public sealed class RecvNode : ExprNode { public required ExprNode Chan; }
/// <summary>ONEW.</summary>
public sealed class NewNode : ExprNode { /* Type is *T */ }
public sealed class MakeSliceNode : ExprNode { public required ExprNode Len; public ExprNode? Cap; }
public sealed class MakeMapNode : ExprNode { public ExprNode? Hint; }
public sealed class MakeChanNode : ExprNode { public ExprNode? Size; }

/// <summary>OSTRUCTLIT, OARRAYLIT, OSLICELIT: Elems with field number or index; missing ones are zero. Slice: Len is the backing array's length.</summary>
public sealed class CompositeNode : ExprNode
{
    public List<(long Index, ExprNode Value)> Elems = [];
    public long Len;
    /// <summary>Arrays and slices: which elements were written with an index (gc keeps a node for it), null if none.</summary>
    public bool[]? Keyed;
    /// <summary>Set by the builder on big literals of which every part is static: a read-only global with the whole value (slices: with the
    /// backing array). Lowering copies it instead of storing each element; the elements stay for escape analysis.</summary>
    public Global? Image;
}

/// <summary>OMAPLIT.</summary>
public sealed class MapLitNode : ExprNode
{
    public List<(ExprNode Key, ExprNode Value)> Entries = [];
    /// <summary>Set by the builder on big literals: read-only arrays (Global.Type is an ArrayType) with the keys and values of the StaticCount
    /// entries of which both parts are static. Lowering inserts these in a loop, then the entries for which IsStatic is false one by one.</summary>
    public Global? StaticKeys, StaticValues;
    public int StaticCount;
    public bool[]? IsStatic;
}
/// <summary>OCLOSURE: makes a funcval of Func capturing Func.ClosureVars[i].Outer.</summary>
public sealed class ClosureNode : ExprNode { public required Function Func; }
/// <summary>OMETHVALUE: bound method x.M. X has the method's receiver type already. Method is the concrete function, or null for a method of the
/// interface X (then X must be checked for nil when the value is made). Wrapper ("T.M-fm") is the closure body: its only captured variable
/// `.this` (ByValue, Outer null) is the receiver; the value is a funcval { Wrapper, X }.</summary>
public sealed class MethodValueNode : ExprNode { public required ExprNode X; public Function? Method; public required Func Obj; public required Function Wrapper; }

/// <summary>OCALLFUNC, OCALLINTER. Exactly one of Fun (FuncNode = static call incl. methods with receiver as first argument; else a func value) or
/// (Iface, Method) is set. Args include the receiver for static methods; variadic arguments are already a slice literal (Implicit) or nil.
/// Type: the single result's type, TupleType for several, TupleType.Empty for none.</summary>
public sealed class CallNode : ExprNode
{
    public ExprNode? Fun;
    public ExprNode? Iface;
    public Func? Method;
    public List<ExprNode> Args = [];
    public bool HasDots;
    public bool NoInline;
    /// <summary>In an instance: the method is that of a type parameter, which gc finds at run time. Escape analysis must not know it better.</summary>
    public bool Imprecise;
    /// <summary>The closing parenthesis' position is not kept; Pos is gc's call position.</summary>
    public Function? StaticCallee => (Fun as FuncNode)?.Func;
    /// <summary>While the package is being inlined: what stands for this call, the inlined body or a call of a concrete method. The call stays
    /// as it was written, because bodies are inlined as they were before.</summary>
    internal ExprNode? Replacement;
    /// <summary>Decided to be inlined, but stays a call.</summary>
    internal bool Tried;
}

public enum BuiltinOp : byte
{
    Append, Cap, Clear, Close, Complex, Copy, Delete, Imag, Len, Max, Min, Panic, Print, Println, Real, Recover,
    UnsafeAdd, UnsafeSlice, UnsafeSliceData, UnsafeString, UnsafeStringData,
    /// <summary>runtime.getcallersp-like intrinsics are CallNodes of body-less functions; not here.</summary>
    GetClosurePtr,
    /// <summary>Made after escape analysis (SliceBuffers): Args[0], a slice variable, with its elements moved to the heap if they lie in the
    /// frame; HasDots: with its capacity.</summary>
    MoveToHeap,
}

/// <summary>A built-in call (OAPPEND, OLEN …).</summary>
/// <remarks>UseBuffer: an append that climbs inside a buffer of the frame (SliceBuffers).</remarks>
public sealed class BuiltinNode : ExprNode { public BuiltinOp Op; public List<ExprNode> Args = []; public bool HasDots, UseBuffer; }

/// <summary>OINLCALL: an inlined call: Body runs, then the values of Results (locals) are the result(s).</summary>
public sealed class InlinedCallNode : ExprNode { public List<StmtNode> Body = []; public List<Local> Results = []; public required Function Callee; }

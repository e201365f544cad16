// What it costs to inline a function: gc's measure, one for every node of the tree with corrections (design: escape analysis, section 11.2).
//
// The trees are close to gc's, but not the same; each case below charges for the nodes that gc has there. Nodes counts them without
// corrections and prices: a function with many of them is "big".

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Weighs one function body.</summary>
sealed class InlineCost
{
    public const int MaxBudget = 80, BigFunctionNodes = 5000, BigFunctionBudget = 20, OnceBudget = 800;
    const int CallCost = 57, ParamCallCost = 17, PanicCost = 1, ClosureCost = 15;
    /// <summary>Nodes of a dictionary as argument: in an instance an element of its own one, elsewhere the address of a symbol.</summary>
    const int InnerDictNodes = 4, OuterDictNodes = 2;

    static readonly HashSet<string> s_cheap = Cheap();

    readonly Function _fn;
    readonly int _callCost;
    /// <summary>Cost of the body that would be inlined for a call, or null if none would.</summary>
    readonly Func<CallNode, bool, int?> _inlinedCost;
    readonly bool _big;

    public int Cost { get; private set; }
    public int Nodes { get; private set; }
    /// <summary>Why it cannot be inlined at all, or null.</summary>
    public string? Reason { get; private set; }

    InlineCost(Function fn, int level, bool big, Func<CallNode, bool, int?> inlinedCost)
    {
        _fn = fn;
        _callCost = level == 4 ? 1 : CallCost;
        _big = big;
        _inlinedCost = inlinedCost;
    }

    public static InlineCost Of(Function f, int level, Func<CallNode, bool, int?> inlinedCost)
    {
        var c = new InlineCost(f, level, false, inlinedCost);
        c.List(f.Body);
        if (c.Nodes < BigFunctionNodes)
            return c;
        c = new InlineCost(f, level, true, inlinedCost);
        c.List(f.Body);
        return c;
    }

    public static bool IsBig(Function f)
    {
        var c = new InlineCost(f, 1, false, static (_, _) => null);
        c.List(f.Body);
        return c.Nodes >= BigFunctionNodes;
    }

    static HashSet<string> Cheap()
    {
        var set = new HashSet<string> { "internal/abi.NoEscape" };
        foreach (string op in new[] { "", "Put", "Append" })
            foreach (string bits in new[] { "16", "32", "64" })
            {
                set.Add($"encoding/binary.littleEndian.{op}Uint{bits}");
                set.Add($"encoding/binary.bigEndian.{op}Uint{bits}");
                set.Add($"internal/byteorder.LE{op}Uint{bits}");
                set.Add($"internal/byteorder.BE{op}Uint{bits}");
            }
        return set;
    }

    /// <summary>A node: costs one, and something more or less.</summary>
    void Node(int more = 0)
    {
        Nodes++;
        Cost += 1 + more;
    }

    void Free()
    {
        Nodes++;
    }

    void Impossible(string reason) => Reason ??= reason;

    // ---- statements

    void List(List<StmtNode>? list)
    {
        if (list != null)
            foreach (var s in list)
                Stmt(s);
    }

    void Stmt(StmtNode s)
    {
        if (Reason != null)
            return;
        switch (s)
        {
            case DeclNode:
                Node();
                Node();
                return;
            case ExprStmtNode e:
                List(s.Init);
                Expr(e.X);
                return;
            case BlockNode b:
                Free();
                List(s.Init);
                List(b.List);
                return;
            case IfNode { Cond: ConstNode { Value: BoolConstant b } } i:
                Free();
                List(s.Init);
                List(b.Value ? i.Then : i.Else);
                return;
            case GoNode:
                Impossible("unhandled op GO");
                return;
            case DeferNode:
                Impossible("unhandled op DEFER");
                return;
            case InlineMarkNode:
                return;
        }
        Node();
        List(s.Init);
        switch (s)
        {
            case AssignNode a:
                Target(a.X);
                if (a.Y is not ZeroNode)
                    Expr(a.Y);
                break;
            case Assign2Node a:
                a.X.ForEach(Target);
                // A list from one call or comma-ok form goes through temporaries, which are not to count.
                if (a.Y.Count > 0 && a.Y[0].Init is [AssignCallNode or AssignOkNode or Assign2Node])
                {
                    int free = 4 * a.X.Count + 1;
                    Cost -= free;
                    Nodes -= free;
                }
                a.Y.ForEach(Expr);
                break;
            case AssignCallNode a:
                a.X.ForEach(Target);
                Expr(a.Call);
                break;
            case AssignOkNode a:
                Target(a.X);
                Target(a.Ok);
                Expr(a.Y);
                break;
            case AssignOpNode a:
                Expr(a.X);
                Expr(a.Y);
                break;
            case SendNode x:
                Expr(x.Chan);
                Expr(x.Value);
                break;
            case ReturnNode r:
                r.Values.ForEach(Expr);
                break;
            case IfNode i:
                Expr(i.Cond);
                List(i.Then);
                List(i.Else);
                break;
            case ForNode f:
                Opt(f.Cond);
                List(f.Post);
                List(f.Body);
                break;
            case RangeNode r:
                Range(r);
                break;
            case SwitchNode x:
                Opt(x.Tag);
                foreach (var c in x.Cases)
                {
                    Node();
                    c.Exprs.ForEach(Expr);
                    List(c.Body);
                }
                break;
            case TypeSwitchNode x:
                TypeSwitch(x);
                break;
            case SelectNode x:
                foreach (var c in x.Cases)
                {
                    Node();
                    if (c.Comm != null)
                        Stmt(c.Comm);
                    List(c.Body);
                }
                break;
            case CheckNilNode c:
                Expr(c.X);
                break;
            case LabelNode or GotoNode or BranchNode:
                break;
            default:
                throw new InvalidOperationException($"inlining cost of {s.GetType().Name} in {_fn.LinkName}");
        }
    }

    /// <summary>A blank target is a name, too.</summary>
    void Target(ExprNode? x)
    {
        if (x == null)
            Node();
        else
            Expr(x);
    }

    void Range(RangeNode r)
    {
        if (r.Define)
            foreach (var v in new[] { r.Key, r.Value })
                if (v != null)
                {
                    Node();
                    Node();
                }
        Expr(r.X);
        if (r.Key != null || r.BlankKey)
            Target(r.Key);
        if (r.Value != null || r.BlankValue)
            Target(r.Value);
        List(r.Body);
    }

    void TypeSwitch(TypeSwitchNode s)
    {
        Node(); // the guard
        if (s.Cases.Exists(static c => c.Var != null))
            Node(); // its name
        Expr(s.X);
        foreach (var c in s.Cases)
        {
            Node();
            if (c.Var != null)
                Node();
            foreach (var t in c.Types)
                if (t == null)
                    Node();
                else
                    Free();
            List(c.Body);
        }
    }

    // ---- expressions

    void Opt(ExprNode? e)
    {
        if (e != null)
            Expr(e);
    }

    void Expr(ExprNode e)
    {
        if (Reason != null)
            return;
        switch (e)
        {
            case ConvNode { Kind: ConvKind.Nop or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer or ConvKind.UnsafePointer }:
                Free();
                break;
            case ConvNode { Kind: ConvKind.Numeric } c when SameWords(c.Type, c.X.Type):
                Free();
                break;
            case FuncNode { IsMethodExpr: true }:
                Free();
                Free();
                break;
            case CallNode c:
                Call(c);
                return;
            case BuiltinNode b:
                Builtin(b);
                return;
            case MethodValueNode:
                Node(1);
                break;
            case CompositeNode c:
                Composite(c);
                return;
            case MapLitNode m:
                Node();
                List(e.Init);
                foreach (var (k, v) in m.Entries)
                {
                    Node();
                    Expr(k);
                    Expr(v);
                }
                return;
            case ClosureNode:
                Node(ClosureCost);
                break;
            case AddrNode { X: FieldNode { X: LocalNode or GlobalNode } f }:
                Node(OffsetOf(f) == 0 ? -2 : 0);
                break;
            case DerefNode d:
                Node(IsAddressBehindConversions(d.X) ? -1 : 0);
                break;
            case SliceNode s:
                Node((IsZero(s.Lo) ? -1 : 0) + (IsLenOf(s.Hi, s.X) ? -2 : 0));
                break;
            case MakeMapNode { Hint: null } or MakeChanNode { Size: null }:
                Node();
                Node(); // the zero
                break;
            default:
                Node();
                break;
        }
        Walk.Children(e, Expr, Stmt);
    }

    void Composite(CompositeNode c)
    {
        bool isStruct = c.Type.Underlying is StructType;
        Node(c.Type.Underlying is SliceType ? 1 : 0);
        List(c.Init);
        for (int i = 0; i < c.Elems.Count; i++)
        {
            if (isStruct)
                Node(); // STRUCTKEY
            else if (c.Keyed is { } keyed && keyed[i])
            {
                Node(); // KEY
                Node(); // its literal
            }
            Expr(c.Elems[i].Value);
        }
    }

    static bool IsZero(ExprNode? e) => e is ConstNode { Value: IntConstant { Value.IsZero: true } };

    /// <summary>len of the same variable (gc compares nodes, and only variables share theirs).</summary>
    static bool IsLenOf(ExprNode? hi, ExprNode x) => hi is BuiltinNode { Op: BuiltinOp.Len, Args: [var of] } && (of, x) switch
    {
        (LocalNode a, LocalNode b) => a.Local == b.Local,
        (GlobalNode a, GlobalNode b) => a.Global == b.Global,
        _ => false,
    };

    static bool IsAddressBehindConversions(ExprNode e)
    {
        while (e is ConvNode { Kind: ConvKind.Nop or ConvKind.UnsafePointer or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer } c)
            e = c.X;
        return e is AddrNode { IsPtrLit: false };
    }

    static long OffsetOf(FieldNode f)
    {
        var t = f.X.Type;
        if (t.Underlying is PointerType p)
            t = p.Elem;
        return t.Underlying is StructType s ? Flatten.Sizes.Offsetsof(s)[f.Field] : -1;
    }

    /// <summary>Integers of one size and sign: gc's conversion between them is a no-op.</summary>
    static bool SameWords(GoType a, GoType b) =>
        Predicates.IsInteger(a) && Predicates.IsInteger(b) && Predicates.IsUnsigned(a) == Predicates.IsUnsigned(b) && Flatten.SizeOf(a) == Flatten.SizeOf(b);

    void Builtin(BuiltinNode b)
    {
        switch (b.Op)
        {
            case BuiltinOp.Recover:
                Impossible("call to recover");
                return;
            case BuiltinOp.Panic:
                Node(PanicCost - (b.Args[0] is ConvNode { Kind: ConvKind.ToInterface, Implicit: true } ? 1 : 0));
                break;
            default:
                Node();
                break;
        }
        List(b.Init);
        b.Args.ForEach(Expr);
    }

    // ---- calls

    void Call(CallNode c)
    {
        Node();
        if (c.Iface != null)
        {
            Cost += _callCost;
            List(c.Init);
            Node();
            Expr(c.Iface);
        }
        else
        {
            int? price = PriceOf(c);
            if (price == null)
                return;
            Cost += price.Value;
            List(c.Init);
            Expr(c.Fun!);
            if (c.StaticCallee is { IsInstance: true, IsWrapper: false, IsClosure: false })
            {
                int dict = _fn.IsInstance ? InnerDictNodes : OuterDictNodes;
                Cost += dict;
                Nodes += dict;
            }
        }
        c.Args.ForEach(Expr);
    }

    /// <summary>What a call costs beside its nodes; null makes inlining impossible.</summary>
    int? PriceOf(CallNode c)
    {
        int cost = _callCost;
        if (c.Fun is FuncNode { Func: var f })
        {
            string name = f.LinkName;
            switch (name)
            {
                case "internal/runtime/sys.GetCallerPC" or "internal/runtime/sys.GetCallerSP":
                    Impossible("call to " + name["internal/runtime/sys.".Length..]);
                    return null;
                case "runtime.panicrangestate":
                    return 0;
                case "runtime.deferrangefunc":
                    Impossible("defer call in range func");
                    return null;
            }
            if (s_cheap.Contains(name) || name.StartsWith("internal/abi.EscapeNonString[", StringComparison.Ordinal) || GcIntrinsics.Contains(name))
                return 0;
        }
        else if (c.Fun is LocalNode { Local.Class: LocalClass.Param or LocalClass.Captured })
            cost = Math.Min(cost, ParamCallCost);
        return _inlinedCost(c, _big) ?? cost;
    }
}

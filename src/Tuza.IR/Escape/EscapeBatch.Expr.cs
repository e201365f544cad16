// Flows of expressions: Expr(k, n) evaluates n into hole k.

using System;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class EscapeBatch
{
    void Expr(Hole k, ExprNode n)
    {
        List(n.Init);
        ExprWithoutInit(k, n);
    }

    void ExprWithoutInit(Hole k, ExprNode n)
    {
        if (k.Derefs >= 0 && n.Type is { } type and not TupleType && !Flatten.HasPointers(type))
            k = k with { Dst = _blank };
        switch (n)
        {
            case ConstNode or NilNode or ZeroNode or GlobalNode or FuncNode:
                break;
            case LocalNode l:
                Flow(k, Home(l.Local));
                break;
            case AddrNode { IsPtrLit: true } a:
                Expr(Spill(k, n), a.X);
                break;
            case AddrNode a:
                Expr(Addr(k, n, "address-of"), a.X);
                break;
            case DerefNode d:
                Expr(Deref(k, n, "indirection"), d.X);
                break;
            case FieldNode f:
                Expr(f.ThroughPtr ? Deref(k, n, "dot of pointer") : Because(k, n, "dot"), f.X);
                break;
            case IndexNode i:
                Expr(i.X.Type.Underlying is ArrayType ? Because(k, n, "fixed-array-index-of") : Deref(k, n, "dot of pointer"), i.X);
                Expr(Discard, i.Index);
                break;
            case MapIndexNode m:
                Expr(Discard, m.Map);
                Expr(Discard, m.Key);
                break;
            case SliceNode s:
                Expr(Because(k, n, "slice"), s.X);
                DiscardOpt(s.Lo);
                DiscardOpt(s.Hi);
                DiscardOpt(s.Max);
                break;
            case TypeAssertNode t:
                Expr(FromInterface(k, t.Type, n, "dot"), t.X);
                break;
            case ConvNode c:
                Conversion(k, c);
                break;
            case UnaryNode u:
                Expr(Discard, u.X);
                break;
            case BinaryNode b:
                Expr(Discard, b.X);
                Expr(Discard, b.Y);
                break;
            case CompareNode c:
                Expr(Discard, c.X);
                Expr(Discard, c.Y);
                break;
            case LogicalNode l:
                Expr(Discard, l.X);
                Expr(Discard, l.Y);
                break;
            case RecvNode r:
                Expr(Discard, r.Chan);
                break;
            case NewNode:
                Spill(k, n);
                break;
            case MakeSliceNode m:
                Spill(k, n);
                Expr(Discard, m.Len);
                DiscardOpt(m.Cap);
                break;
            case MakeMapNode m:
                Spill(k, n);
                DiscardOpt(m.Hint);
                break;
            case MakeChanNode m:
                n.Escapes = true;
                DiscardOpt(m.Size);
                break;
            case CompositeNode c:
                Composite(k, c);
                break;
            case MapLitNode m:
                Spill(k, n);
                foreach (var (key, value) in m.Entries)
                {
                    Expr(Because(HeapHole, n, "map literal key"), key);
                    Expr(Because(HeapHole, n, "map literal value"), value);
                }
                break;
            case ClosureNode c:
                Closure(k, c);
                break;
            case MethodValueNode m:
                MethodValue(k, m);
                break;
            case AddStringNode a:
                Spill(k, n);
                foreach (var e in a.List)
                    Expr(Discard, e);
                break;
            case CallNode or BuiltinNode or InlinedCallNode:
                Call([k], n);
                break;
            default:
                throw new InvalidOperationException($"escape analysis of {n.GetType().Name} in {_current.LinkName}");
        }
    }

    void DiscardOpt(ExprNode? n)
    {
        if (n != null)
            Expr(Discard, n);
    }

    void Composite(Hole k, CompositeNode c)
    {
        string why = c.Type.Underlying switch
        {
            SliceType => "slice-literal-element",
            ArrayType => "array literal element",
            _ => "struct literal element",
        };
        if (c.Type.Underlying is SliceType)
            k = Spill(k, c);
        foreach (var (_, value) in c.Elems)
            Expr(Because(k, c, why), value);
    }

    void Conversion(Hole k, ConvNode c)
    {
        switch (c.Kind)
        {
            case ConvKind.ToInterface:
                bool asIs = c.X.Type.Underlying is InterfaceType || Flatten.IsDirectIface(c.X.Type);
                Expr(Because(asIs ? k : Spill(k, c), c, "interface-converted"), c.X);
                break;
            case ConvKind.BytesToString or ConvKind.RunesToString or ConvKind.StringToBytes or ConvKind.StringToRunes or ConvKind.RuneToString:
                Spill(k, c);
                Expr(Discard, c.X);
                break;
            case ConvKind.SliceToArray:
                Expr(Deref(k, c, "slice-to-array"), c.X);
                break;
            case ConvKind.UintptrToPointer:
                UnsafeValue(k, c.X);
                break;
            default:
                Expr(k, c.X);
                break;
        }
    }

    /// <summary>Evaluates a uintptr whose bits become a pointer: follows `uintptr(unsafe.Pointer(p)) + n` back to p.</summary>
    void UnsafeValue(Hole k, ExprNode n)
    {
        List(n.Init);
        switch (n)
        {
            case ConvNode { Kind: ConvKind.Nop or ConvKind.Numeric or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer or ConvKind.UnsafePointer } c:
                Expr(c.X.Type.Underlying is BasicType { Kind: BasicKind.UnsafePointer } ? k : Discard, c.X);
                break;
            case FieldNode { ThroughPtr: true } f:
                Expr(IsHeaderData(f) ? Deref(k, f, "reflect.Header.Data") : Discard, f.X);
                break;
            case UnaryNode u:
                UnsafeValue(k, u.X);
                break;
            case BinaryNode { Op: Syntax.Token.Shl or Syntax.Token.Shr } b:
                UnsafeValue(k, b.X);
                Expr(Discard, b.Y);
                break;
            case BinaryNode b:
                UnsafeValue(k, b.X);
                UnsafeValue(k, b.Y);
                break;
            default:
                ExprWithoutInit(Discard, n);
                break;
        }
    }

    /// <summary>`p.Data` of reflect.SliceHeader or StringHeader: a uintptr that is a pointer.</summary>
    static bool IsHeaderData(FieldNode f) =>
        f.FieldVar.Name == "Data" && f.X.Type.Underlying is PointerType { Elem: var elem } && elem.Unalias is NamedType { Obj: { Pkg.Path: "reflect", Name: "SliceHeader" or "StringHeader" } };

    void Closure(Hole k, ClosureNode c)
    {
        Hole hole = Spill(k, c);
        _closures.Add((hole, c));
        foreach (var captured in c.Func.ClosureVars)
        {
            if (captured.Outer == null)
                continue;
            Location loc = LocationOf(captured);
            if (!loc.Captured)
            {
                loc.Captured = true;
                // What was assigned before the first capture, in the same loop, does not matter to the literal.
                if (loc.Depth == _depth)
                    loc.Reassigned = false;
            }
        }
        if (IsCapturing(c.Func) && _members.Contains(c.Func) && _walked.Add(c.Func))
            WalkFunction(c.Func);
    }

    void MethodValue(Hole k, MethodValueNode m)
    {
        Hole record = Spill(k, m);
        Hole receiver = HeapHole;
        if (m.Method != null && m.Method.Params.Count > 0)
        {
            var results = new Hole[m.Method.Results.Count]; // nobody knows how it will be called
            Array.Fill(results, HeapHole);
            receiver = ParamHole(results, m.Method, 0);
        }
        Expr(Tee(receiver, record), m.X);
    }
}

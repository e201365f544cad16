// Checks the invariants of trees: every expression has a type without type parameters, operand types fit the operation, variables belong to
// the function they are used in, captured ones to the literal, labels exist. A violation is a bug of the pass that ran before.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public sealed class Verifier
{
    readonly Function _fn;
    readonly List<string> _errors = [];
    readonly HashSet<Local> _owned = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<string> _labels = [];
    readonly List<string> _gotos = [];

    Verifier(Function fn) => _fn = fn;

    /// <summary>What is wrong, at most a few lines; empty when the function is well formed.</summary>
    public static IReadOnlyList<string> Check(Function fn)
    {
        var v = new Verifier(fn);
        v.Run();
        return v._errors;
    }

    /// <summary>As Check, but throws.</summary>
    public static void Require(Function fn, string pass)
    {
        var errors = Check(fn);
        if (errors.Count > 0)
            throw new InvalidOperationException($"after {pass}: {fn.LinkName}:\n  {string.Join("\n  ", errors)}");
    }

    void Fail(Pos pos, string text)
    {
        if (_errors.Count < 10)
            _errors.Add($"{pos}: {text}");
    }

    void Run()
    {
        foreach (var l in _fn.Locals)
        {
            _owned.Add(l);
            if (!ReferenceEquals(l.Owner, _fn))
                Fail(l.Pos, $"variable {l.Name} is listed in {_fn.LinkName} but owned by {l.Owner.LinkName}");
            CheckType(l.Type, l.Pos, "variable " + l.Name);
        }
        foreach (var l in _fn.ClosureVars)
        {
            _owned.Add(l);
            if (l.Outer != null && !ReferenceEquals(l.Outer.Owner, _fn.Outer))
                Fail(l.Pos, $"captured {l.Name} comes from {l.Outer.Owner.LinkName}, not from the enclosing {_fn.Outer?.LinkName}");
        }
        if (_fn.Body == null)
            return;
        foreach (var s in _fn.Body)
            Stmt(s);
        foreach (var g in _gotos)
            if (!_labels.Contains(g))
                Fail(_fn.Pos, $"goto {g}: no such label");
    }

    static bool Same(GoType a, GoType b) => Identical.Same(a, b);

    void CheckType(GoType? t, Pos pos, string what)
    {
        if (t == null)
            Fail(pos, what + " has no type");
        else if (t is not TupleType && (Subst.HasTypeParam(t) || Predicates.IsUntyped(t) && t is not BasicType { Kind: BasicKind.UntypedNil } || !Predicates.IsValid(t)))
            Fail(pos, $"{what} has type {t}");
    }

    void Stmt(StmtNode s)
    {
        if (!_seen.Add(s))
            Fail(s.Pos, $"{s.GetType().Name} occurs twice");
        Walk.Children(s, Expr, Stmt);
        switch (s)
        {
            case DeclNode d: Own(d.Local, s.Pos); break;
            case AssignNode { X: { } x, Y: var y }: Assignable(x, y.Type, s.Pos); break;
            case Assign2Node a:
                if (a.X.Count != a.Y.Count)
                    Fail(s.Pos, $"{a.X.Count} targets, {a.Y.Count} values");
                for (int i = 0; i < a.X.Count && i < a.Y.Count; i++)
                    if (a.X[i] is { } x)
                        Assignable(x, a.Y[i].Type, s.Pos);
                break;
            case AssignCallNode a:
                {
                    if (a.Call.Type is not TupleType t || t.Count != a.X.Count)
                    {
                        Fail(s.Pos, $"{a.X.Count} targets for a call of type {a.Call.Type}");
                        break;
                    }
                    for (int i = 0; i < a.X.Count; i++)
                        if (a.X[i] is { } x)
                            Assignable(x, t.At(i), s.Pos);
                    break;
                }
            case AssignOkNode a:
                if (a.Y is not (MapIndexNode or TypeAssertNode or RecvNode))
                    Fail(s.Pos, $"comma-ok form of {a.Y.GetType().Name}");
                if (a.X != null)
                    Assignable(a.X, a.Y.Type, s.Pos);
                if (a.Ok != null && !Predicates.IsBoolean(a.Ok.Type))
                    Fail(s.Pos, $"ok of type {a.Ok.Type}");
                break;
            case AssignOpNode a when a.Op is not (Token.Shl or Token.Shr):
                Assignable(a.X, a.Y.Type, s.Pos);
                break;
            case SendNode c:
                if (c.Chan.Type.Underlying is not ChanType ch || !Same(ch.Elem, c.Value.Type))
                    Fail(s.Pos, $"send of {c.Value.Type} to {c.Chan.Type}");
                break;
            case GoNode { Call: var c }: Plain(c, s.Pos); break;
            case DeferNode { Call: var c }: Plain(c, s.Pos); break;
            case ReturnNode r:
                if (r.Values.Count == 0)
                    break;
                if (r.Values.Count != _fn.Results.Count)
                    Fail(s.Pos, $"return of {r.Values.Count} values, want {_fn.Results.Count}");
                for (int i = 0; i < r.Values.Count && i < _fn.Results.Count; i++)
                    if (!Same(r.Values[i].Type, _fn.Results[i].Type))
                        Fail(s.Pos, $"return of {r.Values[i].Type} as {_fn.Results[i].Type}");
                break;
            case IfNode i: Bool(i.Cond); break;
            case ForNode { Cond: { } c }: Bool(c); break;
            case RangeNode r:
                {
                    var (key, value) = Builder.RangeTypes(r.X.Type);
                    if (key == null || r.Value != null && value == null)
                        Fail(s.Pos, $"range over {r.X.Type}");
                    else
                    {
                        if (r.Key != null)
                            Assignable(r.Key, key, s.Pos);
                        if (r.Value != null)
                            Assignable(r.Value, value!, s.Pos);
                    }
                    break;
                }
            case SwitchNode sw:
                foreach (var c in sw.Cases)
                    foreach (var e in c.Exprs)
                        if (!Same(e.Type, sw.Tag?.Type ?? Universe.Bool) && e.Type.Underlying is not InterfaceType && !(sw.Tag == null && Predicates.IsBoolean(e.Type)))
                            Fail(c.Pos, $"case of {e.Type} for a tag of {sw.Tag?.Type}");
                break;
            case TypeSwitchNode ts:
                if (ts.X.Type.Underlying is not InterfaceType)
                    Fail(s.Pos, $"type switch on {ts.X.Type}");
                foreach (var c in ts.Cases)
                {
                    if (c.Var != null)
                        Own(c.Var, c.Pos);
                    foreach (var t in c.Types)
                        if (t != null)
                            CheckType(t, c.Pos, "case");
                }
                break;
            case LabelNode l: _labels.Add(l.Label); break;
            case GotoNode g: _gotos.Add(g.Label); break;
        }
    }

    void Plain(ExprNode call, Pos pos)
    {
        if (call is not CallNode { Args.Count: 0, Type: TupleType { Count: 0 } })
            Fail(pos, $"go/defer of {Printer.Print(call)}");
    }

    void Bool(ExprNode e)
    {
        if (!Predicates.IsBoolean(e.Type))
            Fail(e.Pos, $"condition of type {e.Type}");
    }

    void Assignable(ExprNode x, GoType type, Pos pos)
    {
        if (x is not (LocalNode or GlobalNode or DerefNode or FieldNode or IndexNode or MapIndexNode or ConvNode { Kind: ConvKind.Nop }))
            Fail(pos, $"assignment to {x.GetType().Name}");
        if (!Same(x.Type, type))
            Fail(pos, $"assignment of {type} to {Printer.Print(x)} of type {x.Type}");
    }

    void Own(Local l, Pos pos)
    {
        if (!_owned.Contains(l))
            Fail(pos, $"variable {l.Name} of {l.Owner.LinkName} used in {_fn.LinkName}");
    }

    void Expr(ExprNode e)
    {
        if (!_seen.Add(e))
            Fail(e.Pos, $"{e.GetType().Name} occurs twice: {Printer.Print(e)}");
        if (e.Type == null)
        {
            Fail(e.Pos, $"{e.GetType().Name} has no type");
            return;
        }
        Walk.Children(e, Expr, Stmt);
        CheckType(e.Type, e.Pos, e.GetType().Name);
        string? wrong = Wrong(e);
        if (wrong != null)
            Fail(e.Pos, $"{wrong}: {Printer.Print(e)}");
    }

    string? Wrong(ExprNode e)
    {
        switch (e)
        {
            case ConstNode c:
                return c.Value.Kind switch
                {
                    ConstantKind.Bool => Predicates.IsBoolean(c.Type),
                    ConstantKind.String => Predicates.IsString(c.Type),
                    ConstantKind.Int => Predicates.IsNumeric(c.Type),
                    ConstantKind.Float => Predicates.IsFloat(c.Type) || Predicates.IsComplex(c.Type),
                    ConstantKind.Complex => Predicates.IsComplex(c.Type),
                    _ => false,
                } ? null : $"constant {c.Value.Kind} of type {c.Type}";
            case NilNode n:
                return Predicates.HasNil(n.Type) ? null : $"nil of type {n.Type}";
            case LocalNode l:
                Own(l.Local, e.Pos);
                return Same(l.Type, l.Local.Type) ? null : $"variable of type {l.Local.Type} used as {l.Type}";
            case GlobalNode g:
                return Same(g.Type, g.Global.Type) ? null : $"global of type {g.Global.Type} used as {g.Type}";
            case AddrNode a:
                return a.Type.Underlying is PointerType p && Same(p.Elem, a.X.Type) ? null : $"address of {a.X.Type} as {a.Type}";
            case DerefNode d:
                return d.X.Type.Underlying is PointerType dp && Same(dp.Elem, d.Type) ? null : $"dereference of {d.X.Type} as {d.Type}";
            case FieldNode f:
                {
                    var u = f.X.Type.Underlying;
                    if (f.ThroughPtr)
                        u = u is PointerType fp ? fp.Elem.Underlying : u;
                    return u is StructType s && f.Field < s.Fields.Count && Same(s.Fields[f.Field].Type, f.Type) ? null : $"field {f.Field} of {f.X.Type} as {f.Type}";
                }
            case IndexNode i:
                return (i.X.Type.Underlying switch
                {
                    ArrayType a => Same(a.Elem, i.Type),
                    SliceType s => Same(s.Elem, i.Type),
                    BasicType => Predicates.IsString(i.X.Type) && Same(i.Type, Universe.Uint8),
                    _ => false,
                }) && Predicates.IsInteger(i.Index.Type) ? null : $"index of {i.X.Type} by {i.Index.Type} as {i.Type}";
            case MapIndexNode m:
                return m.Map.Type.Underlying is MapType mt && Same(mt.Key, m.Key.Type) && Same(mt.Elem, m.Type) ? null : $"index of {m.Map.Type} by {m.Key.Type} as {m.Type}";
            case SliceNode s:
                return s.X.Type.Underlying is SliceType or PointerType || Predicates.IsString(s.X.Type) ? null : $"slice of {s.X.Type}";
            case TypeAssertNode t:
                return t.X.Type.Underlying is InterfaceType ? null : $"assertion on {t.X.Type}";
            case UnaryNode u:
                return Same(u.X.Type, u.Type) && (u.Op == Token.Not ? Predicates.IsBoolean(u.Type) : Predicates.IsNumeric(u.Type)) ? null : $"unary on {u.X.Type} as {u.Type}";
            case BinaryNode { Op: Token.Shl or Token.Shr } b:
                return Same(b.X.Type, b.Type) && Predicates.IsInteger(b.Type) && Predicates.IsInteger(b.Y.Type) ? null : $"shift of {b.X.Type} by {b.Y.Type} as {b.Type}";
            case BinaryNode b:
                return Same(b.X.Type, b.Type) && Same(b.Y.Type, b.Type) && Predicates.IsNumeric(b.Type) ? null : $"binary on {b.X.Type} and {b.Y.Type} as {b.Type}";
            case CompareNode c:
                return Same(c.X.Type, c.Y.Type) && Predicates.IsBoolean(c.Type) ? null : $"comparison of {c.X.Type} and {c.Y.Type} as {c.Type}";
            case LogicalNode l:
                return Predicates.IsBoolean(l.X.Type) && Predicates.IsBoolean(l.Y.Type) && Predicates.IsBoolean(l.Type) ? null : "operands are not boolean";
            case AddStringNode s:
                return s.List.TrueForAll(x => Same(x.Type, s.Type)) ? null : "operands are not of one string type";
            case ConvNode c:
                return Builder.KindOf(c.X.Type, c.Type) == c.Kind || c.Kind == ConvKind.Nop ? null : $"conversion {c.Kind} of {c.X.Type} to {c.Type}";
            case RecvNode r:
                return r.Chan.Type.Underlying is ChanType ch && Same(ch.Elem, r.Type) ? null : $"receive from {r.Chan.Type}";
            case CompositeNode c:
                foreach (var (i, v) in c.Elems)
                {
                    var want = c.Type.Underlying switch
                    {
                        StructType s when i < s.Fields.Count => s.Fields[(int)i].Type,
                        ArrayType a when i < a.Len => a.Elem,
                        SliceType s when i < c.Len => s.Elem,
                        _ => null,
                    };
                    if (want == null || !Same(want, v.Type))
                        return $"element {i} of type {v.Type} in literal of {c.Type}";
                }
                return null;
            case MapLitNode m:
                return m.Type.Underlying is MapType mm && m.Entries.TrueForAll(x => Same(x.Key.Type, mm.Key) && Same(x.Value.Type, mm.Elem)) ? null : "entry types differ";
            case ClosureNode c:
                return ReferenceEquals(c.Func.Outer, _fn) ? null : $"literal of {c.Func.Outer?.LinkName} in {_fn.LinkName}";
            case CallNode c:
                return WrongCall(c);
            default:
                return null;
        }
    }

    static string? WrongCall(CallNode c)
    {
        Signature sig;
        if (c.Iface != null)
        {
            if (c.Iface.Type.Underlying is not InterfaceType || c.Method == null)
                return $"interface call on {c.Iface.Type}";
            sig = c.Method.Sig;
        }
        else if (c.Fun?.Type.Underlying is Signature s)
        {
            sig = s;
        }
        else
        {
            return "callee is not a function";
        }
        if (sig.Params.Count != c.Args.Count)
            return $"{c.Args.Count} arguments, want {sig.Params.Count}";
        for (int i = 0; i < c.Args.Count; i++)
            if (!Same(sig.Params.At(i), c.Args[i].Type))
                return $"argument {i} of type {c.Args[i].Type}, want {sig.Params.At(i)}";
        return null;
    }
}

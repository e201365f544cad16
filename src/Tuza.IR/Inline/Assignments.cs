// What variables are assigned, as far as inlining and devirtualization want to know: the function behind a func-typed expression and the
// concrete type behind an interface.
//
// A function is looked at when one of its variables is asked for first, together with the literals in it; bodies that are inlined later
// are added. A right-hand side is kept as the node in the tree, so a call that is inlined meanwhile shows its result variable.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed class Assignments
{
    /// <summary>One value: an expression, result Index of a call, or (both null) anything of an interface type; else Type.</summary>
    readonly record struct Value(ExprNode? Node, AssignCallNode? Call, int Index, GoType? Type);

    sealed class Facts
    {
        /// <summary>The statement that defines the variable (`:=`, `var x = y`), and which of its values.</summary>
        public StmtNode? Definition;
        public int Index;
        public bool Reassigned;
        /// <summary>Interface variables only.</summary>
        public List<Value>? Values;
    }

    readonly Dictionary<Local, Facts> _facts = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<Function> _seen = new(ReferenceEqualityComparer.Instance);

    public static Local Canonical(Local l)
    {
        while (l.Class == LocalClass.Captured && l.Outer != null)
            l = l.Outer;
        return l;
    }

    /// <summary>What stands in the tree now.</summary>
    public static ExprNode Current(ExprNode n)
    {
        while (n is CallNode { Replacement: { } r })
            n = r;
        return n;
    }

    // ---- questions

    /// <summary>Follows conversions, results of inlined calls and variables that are assigned once, by their definition.</summary>
    public ExprNode StaticValue(ExprNode n)
    {
        while (true)
        {
            n = Current(n);
            switch (n)
            {
                case ConvNode { Kind: ConvKind.Nop } c:
                    n = c.X;
                    continue;
                case InlinedCallNode { Results: [var result] }:
                    if (DefinedValue(result) is not { } r)
                        return n;
                    n = r;
                    continue;
                case LocalNode l when DefinedValue(l.Local) is { } value:
                    n = value;
                    continue;
                default:
                    return n;
            }
        }
    }

    ExprNode? DefinedValue(Local local)
    {
        var l = Canonical(local);
        if (l.Class != LocalClass.Auto || l.AddrTaken || FactsOf(l) is not { Definition: { } definition, Reassigned: false } f)
            return null;
        return definition is AssignNode a ? a.Y : ((Assign2Node)definition).Y[f.Index];
    }

    /// <summary>The one concrete type that an interface value can have (or it is nil); null when unknown.</summary>
    public GoType? ConcreteType(ExprNode n)
    {
        var t = ConcreteType(n, [], out bool none);
        return none ? null : t;
    }

    GoType? ConcreteType(ExprNode n, HashSet<Local> seen, out bool none)
    {
        none = false;
        while (true)
        {
            n = Current(n);
            if (n.Type is not TupleType && !Predicates.IsInterface(n.Type))
                return n.Type.Unalias;
            switch (n)
            {
                case ConvNode { Kind: ConvKind.Nop or ConvKind.ToInterface } c:
                    n = c.X;
                    continue;
                case TypeAssertNode t:
                    n = t.X;
                    continue;
                case InlinedCallNode { Results: [var result] }:
                    return ConcreteType(result, seen, out none);
                case LocalNode l:
                    return ConcreteType(l.Local, seen, out none);
                default:
                    return null;
            }
        }
    }

    GoType? ConcreteType(Local local, HashSet<Local> seen, out bool none)
    {
        none = false;
        if (!Predicates.IsInterface(local.Type))
            return local.Type.Unalias;
        var l = Canonical(local);
        if (l.Class != LocalClass.Auto || l.AddrTaken)
            return null;
        none = true;
        if (!seen.Add(l))
            return null;
        GoType? type = null;
        if (FactsOf(l)?.Values is { } values)
            for (int i = 0; i < values.Count; i++)
            {
                if (TypeOf(values[i], seen, out bool nothing) is { } t)
                {
                    if (type != null && !SameConcrete(type, t))
                    {
                        none = false;
                        return null;
                    }
                    type = t;
                }
                else if (!nothing)
                {
                    none = false;
                    return null;
                }
            }
        none = type == null;
        return type;
    }

    GoType? TypeOf(Value v, HashSet<Local> seen, out bool none)
    {
        none = false;
        if (v.Node != null)
            return ConcreteType(v.Node, seen, out none);
        if (v.Call == null)
            return v.Type;
        if (Current(v.Call.Call) is InlinedCallNode inlined)
            return ConcreteType(inlined.Results[v.Index], seen, out none);
        return Concrete(((TupleType)v.Call.Call.Type).At(v.Index));
    }

    /// <summary>gc compares descriptions of types; each mention of an unnamed struct has its own.</summary>
    static bool SameConcrete(GoType a, GoType b)
    {
        var named = a;
        while (named is PointerType p)
            named = p.Elem.Unalias;
        return named is NamedType ? Identical.Same(a, b) : ReferenceEquals(a, b);
    }

    static GoType? Concrete(GoType t) => Predicates.IsInterface(t) ? null : t.Unalias;

    Facts? FactsOf(Local l)
    {
        if (!_seen.Contains(l.Owner))
            Look(l.Owner);
        return _facts.GetValueOrDefault(l);
    }

    // ---- looking

    /// <summary>A body came into a function.</summary>
    public void Inlined(Function caller, InlinedCallNode body)
    {
        if (_seen.Contains(caller))
            Expr(body);
    }

    void Look(Function f)
    {
        if (_seen.Add(f) && f.Body != null)
            foreach (var s in f.Body)
                Stmt(s);
    }

    void Expr(ExprNode n)
    {
        if (n is ClosureNode c)
            Look(c.Func);
        else if (n is CallNode { Replacement: { } now })
        {
            Expr(now);
            if (now is InlinedCallNode)
                return; // its arguments are there
        }
        Walk.Children(n, Expr, Stmt);
    }

    void Stmt(StmtNode s)
    {
        switch (s)
        {
            case AssignNode a:
                Assign(s, a.X, 0, a.Define, new Value(a.Y, null, 0, null));
                break;
            case Assign2Node a:
                for (int i = 0; i < a.X.Count; i++)
                    Assign(s, a.X[i], i, a.Define, new Value(a.Y[i], null, 0, null));
                break;
            case AssignCallNode a:
                for (int i = 0; i < a.X.Count; i++)
                    Assign(s, a.X[i], i, false, new Value(null, a, i, null));
                break;
            case AssignOkNode a:
                Assign(s, a.X, 0, false, a.Y is TypeAssertNode ? new Value(a.Y, null, 0, null) : new Value(null, null, 0, Concrete(a.Y.Type)));
                Assign(s, a.Ok, 0, false, default);
                break;
            case AssignOpNode a:
                Assign(s, a.X, 0, false, default);
                break;
            case RangeNode r:
                Range(r, r.Key);
                Range(r, r.Value);
                break;
            case TypeSwitchNode t:
                foreach (var c in t.Cases)
                    if (c.Var != null)
                        Assign(t, new LocalNode { Local = c.Var, Type = c.Var.Type }, 0, false, new Value(t.X, null, 0, null));
                break;
        }
        Walk.Children(s, Expr, Stmt);
    }

    void Range(RangeNode r, ExprNode? target)
    {
        if (target != null)
            Assign(r, target, 0, false, new Value(null, null, 0, Concrete(target.Type)));
    }

    void Assign(StmtNode s, ExprNode? target, int index, bool define, Value value)
    {
        var x = target;
        while (x is FieldNode { ThroughPtr: false } or IndexNode { X.Type.Underlying: ArrayType } or ConvNode { Kind: ConvKind.Nop })
            x = x switch { FieldNode f => f.X, IndexNode i => i.X, _ => ((ConvNode)x).X };
        if (x is not LocalNode l)
            return;
        var v = Canonical(l.Local);
        if (!_facts.TryGetValue(v, out var facts))
            _facts.Add(v, facts = new Facts());
        if (ReferenceEquals(x, target) && define && Declares(s, v))
        {
            facts.Definition = s;
            facts.Index = index;
        }
        else if (!ReferenceEquals(facts.Definition, s))
            facts.Reassigned = true;
        if (v.Class == LocalClass.Auto && ReferenceEquals(x, target) && Predicates.IsInterface(v.Type) && value.Node is not (NilNode or ZeroNode))
            (facts.Values ??= []).Add(value);
    }

    static bool Declares(StmtNode s, Local l)
    {
        if (s.Init != null)
            foreach (var i in s.Init)
                if (i is DeclNode d && d.Local == l)
                    return true;
        return false;
    }
}

// What a function-typed expression is known to be: follows conversions and variables that are assigned once.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class StaticValues
{
    sealed class Assignments
    {
        public List<ExprNode> Values = [];
        /// <summary>Assigned in ways that are not followed, or its address is taken.</summary>
        public bool Unknown;
    }

    readonly Dictionary<Local, Assignments> _locals = [];

    /// <summary>Collects the assignments to variables of all functions (literals change variables of the functions around them).</summary>
    public static StaticValues Of(IReadOnlyList<Function> functions)
    {
        var v = new StaticValues();
        foreach (var f in functions)
            if (f.Body != null)
                Walk.Preorder(f.Body, v.Visit, v.Visit);
        return v;
    }

    static Local Canonical(Local l)
    {
        while (l.Class == LocalClass.Captured && l.Outer != null)
            l = l.Outer;
        return l;
    }

    Assignments Get(Local l)
    {
        l = Canonical(l);
        if (!_locals.TryGetValue(l, out var a))
            _locals.Add(l, a = new Assignments());
        return a;
    }

    static bool Interesting(Local l) => l.Type.Underlying is Types.Signature;

    bool Visit(ExprNode n)
    {
        if (n is AddrNode { X: LocalNode l } && Interesting(l.Local))
            Get(l.Local).Unknown = true;
        return true;
    }

    bool Visit(StmtNode s)
    {
        switch (s)
        {
            case AssignNode a:
                Assign(a.X, a.Y);
                break;
            case Assign2Node a:
                for (int i = 0; i < a.X.Count; i++)
                    Assign(a.X[i], a.Y[i]);
                break;
            case AssignCallNode a:
                foreach (var x in a.X)
                    Spoil(x);
                break;
            case AssignOkNode a:
                Spoil(a.X);
                break;
            case RangeNode r:
                Spoil(r.Key);
                Spoil(r.Value);
                break;
            case TypeSwitchNode ts:
                foreach (var c in ts.Cases)
                    if (c.Var != null && Interesting(c.Var))
                        Get(c.Var).Unknown = true;
                break;
        }
        return true;
    }

    void Assign(ExprNode? x, ExprNode y)
    {
        if (x is LocalNode l && Interesting(l.Local) && y is not (NilNode or ZeroNode))
            Get(l.Local).Values.Add(y);
    }

    void Spoil(ExprNode? x)
    {
        if (x is LocalNode l && Interesting(l.Local))
            Get(l.Local).Unknown = true;
    }

    /// <summary>The functions that the callee expression can be; empty when unknown.</summary>
    public List<Function> Callees(ExprNode fun)
    {
        var found = new List<Function>();
        return Collect(fun, found, 0) ? found : [];
    }

    bool Collect(ExprNode fun, List<Function> found, int depth)
    {
        switch (fun)
        {
            case FuncNode f:
                found.Add(f.Func);
                return true;
            case ClosureNode c:
                found.Add(c.Func);
                return true;
            case ConvNode { Kind: ConvKind.Nop } c:
                return Collect(c.X, found, depth);
            case LocalNode l when depth < 10:
                Local v = Canonical(l.Local);
                if (v.Class != LocalClass.Auto || !_locals.TryGetValue(v, out var a) || a.Unknown || a.Values.Count == 0)
                    return false;
                foreach (var value in a.Values)
                    if (!Collect(value, found, depth + 1))
                        return false;
                return true;
            default:
                return false;
        }
    }
}

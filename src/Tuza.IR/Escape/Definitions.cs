// How variables get their values: which statement defines a variable, whether another one assigns to it, whether its address is taken.
//
// One walk over all functions of the package answers for all of them: literals change variables of the functions around them, but no function
// changes variables of a function that does not contain it. Escape analysis asks for static values: what a variable is known to be because
// it is defined once and never changed.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class Definitions
{
    sealed class Facts
    {
        /// <summary>The statement that declares the variable and gives it a value; null for `var x T`.</summary>
        public StmtNode? Statement;
        /// <summary>That value, when the statement is an assignment of single values.</summary>
        public ExprNode? Value;
        public bool IsSingleAssign;
        /// <summary>Assigned by anything but its definition.</summary>
        public bool Reassigned;
        /// <summary>Function values that plain assignments give it; invalid after assignments of other forms.</summary>
        public List<ExprNode>? Functions;
        public bool FunctionsUnknown;
    }

    readonly Dictionary<Local, Facts> _locals = new(ReferenceEqualityComparer.Instance);

    public static Definitions Of(IReadOnlyList<Function> functions)
    {
        var d = new Definitions();
        foreach (var f in functions)
            if (f.Body != null)
                Walk.Preorder(f.Body, null, d.Define);
        foreach (var f in functions)
            if (f.Body != null)
                Walk.Preorder(f.Body, null, d.Visit);
        return d;
    }

    /// <summary>The variable itself, behind the captures of nested literals.</summary>
    public static Local Canonical(Local l)
    {
        while (l.Class == LocalClass.Captured && l.Outer != null)
            l = l.Outer;
        return l;
    }

    /// <summary>The statement that defines the variable, if it has one.</summary>
    public StmtNode? StatementOf(Local l) => _locals.GetValueOrDefault(l)?.Statement;

    Facts Get(Local l)
    {
        if (!_locals.TryGetValue(l, out var f))
            _locals.Add(l, f = new Facts());
        return f;
    }

    // ---- collecting

    static bool IsNew(StmtNode s, Local l)
    {
        if (s.Init != null)
            foreach (var init in s.Init)
                if (init is DeclNode d && d.Local == l)
                    return true;
        return false;
    }

    bool Define(StmtNode s)
    {
        switch (s)
        {
            case AssignNode { Define: true, X: LocalNode l } a when IsNew(a, l.Local):
                Define(l.Local, s, a.Y, true);
                break;
            case Assign2Node { Define: false } a when a.X.TrueForAll(x => x is LocalNode { Local.IsTemp: true }):
                // Operands of a go or defer statement: declared just before, and never changed.
                for (int i = 0; i < a.X.Count; i++)
                    Define(((LocalNode)a.X[i]!).Local, s, a.Y[i], false);
                break;
            case Assign2Node { Define: true } a:
                for (int i = 0; i < a.X.Count; i++)
                    if (a.X[i] is LocalNode x && IsNew(a, x.Local))
                        Define(x.Local, s, a.Y[i], false);
                break;
            case AssignCallNode { Define: true } a:
                foreach (var x in a.X)
                    if (x is LocalNode v && IsNew(a, v.Local))
                        Define(v.Local, s, null, false);
                break;
            case AssignOkNode { Define: true } a:
                foreach (var x in (ExprNode?[])[a.X, a.Ok])
                    if (x is LocalNode v && IsNew(a, v.Local))
                        Define(v.Local, s, null, false);
                break;
            case RangeNode { Define: true } r:
                foreach (var x in (ExprNode?[])[r.Key, r.Value])
                    if (x is LocalNode v)
                        Define(v.Local, s, null, false);
                break;
        }
        return true;
    }

    void Define(Local l, StmtNode s, ExprNode? value, bool single)
    {
        var f = Get(l);
        (f.Statement, f.Value, f.IsSingleAssign) = (s, value, single);
    }

    bool Visit(StmtNode s)
    {
        switch (s)
        {
            case AssignNode a:
                Assigned(s, a.X);
                if (a.X is LocalNode l && IsFunction(l.Local) && !IsNil(a.Y))
                    (Get(Canonical(l.Local)).Functions ??= []).Add(a.Y);
                break;
            case Assign2Node a:
                foreach (var x in a.X)
                    Other(s, x);
                break;
            case AssignCallNode a:
                foreach (var x in a.X)
                    Other(s, x);
                break;
            case AssignOkNode a:
                Other(s, a.X);
                Other(s, a.Ok);
                break;
            case AssignOpNode a:
                Other(s, a.X);
                break;
            case RangeNode r:
                Other(s, r.Key);
                Other(s, r.Value);
                break;
            case TypeSwitchNode ts:
                foreach (var c in ts.Cases)
                    if (c.Var != null)
                        Get(c.Var).FunctionsUnknown = true;
                break;
        }
        return true;
    }

    static bool IsNil(ExprNode n)
    {
        while (n is ConvNode c && IsNopConversion(c))
            n = c.X;
        return n is NilNode or ZeroNode;
    }

    static bool IsFunction(Local l) => l.Type.Underlying is Types.Signature;

    void Assigned(StmtNode s, ExprNode? x)
    {
        if (Outermost(x) is not { } l)
            return;
        var f = Get(Canonical(l));
        f.Reassigned |= !ReferenceEquals(f.Statement, s) && !(f.Statement == null && IsNew(s, l));
    }

    void Other(StmtNode s, ExprNode? x)
    {
        Assigned(s, x);
        if (Outermost(x) is { } l && IsFunction(l))
            Get(Canonical(l)).FunctionsUnknown = true;
    }

    /// <summary>The variable that a store to n changes: n itself, or what it is a field or array element of.</summary>
    public static Local? Outermost(ExprNode? n)
    {
        while (true)
        {
            switch (n)
            {
                case LocalNode l:
                    return l.Local;
                case FieldNode { ThroughPtr: false } f:
                    n = f.X;
                    break;
                case IndexNode i when i.X.Type.Underlying is Types.ArrayType:
                    n = i.X;
                    break;
                case ConvNode { Kind: ConvKind.Nop } c:
                    n = c.X;
                    break;
                default:
                    return null;
            }
        }
    }

    // ---- questions

    /// <summary>A conversion that leaves the bits as they are (OCONVNOP).</summary>
    public static bool IsNopConversion(ConvNode c) => c.Kind switch
    {
        ConvKind.Nop or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer or ConvKind.UnsafePointer => true,
        ConvKind.Numeric => SameBits(c.X.Type, c.Type),
        _ => false,
    };

    static bool SameBits(Types.GoType a, Types.GoType b) =>
        Types.Predicates.IsInteger(a) && Types.Predicates.IsInteger(b) && Flatten.SizeOf(a) == Flatten.SizeOf(b) && Types.Predicates.IsUnsigned(a) == Types.Predicates.IsUnsigned(b);

    /// <summary>What the expression is known to be: n itself when nothing better is known.</summary>
    public ExprNode StaticValue(ExprNode n)
    {
        while (true)
        {
            switch (n)
            {
                case ConvNode c when IsNopConversion(c):
                    n = c.X;
                    continue;
                case InlinedCallNode { Results: [var result] }:
                    n = new LocalNode { Local = result, Type = result.Type, Pos = n.Pos };
                    continue;
                case LocalNode l when Canonical(l.Local) is { Class: LocalClass.Auto, AddrTaken: false } v
                    && _locals.TryGetValue(v, out var f) && f is { Reassigned: false, Statement: not null, Value: { } value }:
                    n = value;
                    continue;
                default:
                    return n;
            }
        }
    }

    static Function? CalleeOf(ExprNode n) => n switch
    {
        FuncNode f => f.Func,
        ClosureNode c => c.Func,
        _ => null,
    };

    /// <summary>The functions that a callee expression can be; empty when unknown.</summary>
    public List<Function> Callees(ExprNode fun)
    {
        var value = StaticValue(fun);
        if (CalleeOf(value) is { } one)
            return [one];
        if (value is not LocalNode l || Canonical(l.Local) is not { Class: LocalClass.Auto, AddrTaken: false } v || !IsFunction(v) || !_locals.TryGetValue(v, out var f))
            return [];
        if (f.FunctionsUnknown || f.Functions == null || f.Statement != null && !f.IsSingleAssign)
            return [];
        var all = new List<Function>();
        foreach (var y in f.Functions)
        {
            if (CalleeOf(y) is not { } callee || (callee.Pragma & (Pragma.UintptrKeepAlive | Pragma.UintptrEscapes)) != 0)
                return [];
            all.Add(callee);
        }
        return all;
    }
}

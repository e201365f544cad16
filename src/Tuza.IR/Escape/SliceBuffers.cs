// Slices that grow by append and then leave the function at one place: until there their elements may lie in the frame.
//
// A variable s qualifies when every mention of it is understood: nothing else can get hold of its memory before the one statement (the
// transition) that copies s, returns it, or ranges over it. Before that statement `s = movetoheap(s)` is inserted, and the appends to s count as
// not escaping, so that they use a buffer of the frame. If some mention shows the capacity, growth must give the capacities that a copy keeps.
// This runs after escape analysis has spoken: -m still calls these appends escaping.
//
// See GOROOT/src/cmd/compile/internal/slice.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

static class SliceBuffers
{
    const long MaxElemBytes = 32;

    public static void Run(Function f, Definitions values, IEscapeTagSource? tags)
    {
        if (f.Body == null)
            return;
        var visitor = new Visitor(f, values, tags);
        if (visitor.Tracks)
            visitor.Run();
    }

    sealed class Facts
    {
        public int Mentions, Understood, DeclDepth, Weight;
        public StmtNode? Transition;
        public List<BuiltinNode> Appends = [];
        public bool ShowsCapacity, Dropped;
    }

    sealed class Visitor
    {
        readonly Dictionary<Local, Facts> _facts = new(ReferenceEqualityComparer.Instance);
        readonly List<Local> _namedResults = [];
        readonly Function _function;
        readonly Definitions _values;
        readonly IEscapeTagSource? _tags;
        int _depth;

        public Visitor(Function f, Definitions values, IEscapeTagSource? tags)
        {
            (_function, _values, _tags) = (f, values, tags);
            foreach (var l in f.Locals)
                if (l.Class != LocalClass.Captured && l.Type.Underlying is SliceType s && Flatten.SizeOf(s.Elem) <= MaxElemBytes)
                {
                    _facts[l] = new Facts();
                    if (l.Class == LocalClass.Result)
                        _namedResults.Add(l);
                }
        }

        public bool Tracks => _facts.Count > 0;

        public void Run()
        {
            foreach (var s in _function.Body!)
                Stmt(s);
            foreach (var l in _function.Locals)
                if (_facts.TryGetValue(l, out var f) && !f.Dropped && f.Understood == f.Mentions && f.Transition is { } at && f.Weight >= 2 && f.Appends.Exists(a => !a.HasDots))
                    Apply(l, f, at);
        }

        static void Apply(Local l, Facts f, StmtNode at)
        {
            LocalNode Ref() => new() { Local = l, Type = l.Type, Pos = at.Pos };
            var move = new BuiltinNode { Op = BuiltinOp.MoveToHeap, Args = [Ref()], HasDots = f.ShowsCapacity, Type = l.Type, Pos = at.Pos };
            (at.Init ??= []).Insert(0, new AssignNode { X = Ref(), Y = move, Pos = at.Pos });
            foreach (var a in f.Appends)
            {
                a.Escapes = false;
                a.UseBuffer = f.ShowsCapacity;
            }
        }

        Facts? Of(ExprNode? n) => n is LocalNode { Init: null } l && _facts.TryGetValue(l.Local, out var f) && !f.Dropped ? f : null;

        void Leave(Facts f, StmtNode at)
        {
            if (f.Transition != null || _depth > f.DeclDepth)
                f.Dropped = true;
            else
                f.Transition = at;
        }

        void Assign(ExprNode? x, ExprNode y, StmtNode s)
        {
            if (Of(x) is { } f)
                switch (y)
                {
                    case NilNode or ZeroNode:
                        f.Understood++;
                        break;
                    case CompositeNode { Type.Underlying: SliceType }:
                        f.Understood++;
                        f.ShowsCapacity = true;
                        break;
                    case SliceNode slice when Of(slice.X) == f:
                        f.Understood += 2;
                        f.ShowsCapacity = true;
                        break;
                    case BuiltinNode { Op: BuiltinOp.Append } append when Of(append.Args[0]) == f:
                        f.Understood += 2;
                        f.Appends.Add(append);
                        f.Weight += 1 + _depth - f.DeclDepth;
                        break;
                }
            if (Of(y) is { } source)
            {
                source.Understood++;
                Leave(source, s);
            }
        }

        void Stmt(StmtNode s)
        {
            bool loop = s is ForNode or RangeNode;
            switch (s)
            {
                case DeclNode d when _facts.TryGetValue(d.Local, out var f):
                    f.DeclDepth = _depth;
                    break;
                case AssignNode a:
                    Assign(a.X, a.Y, s);
                    break;
                case Assign2Node a:
                    for (int i = 0; i < a.X.Count; i++)
                        Assign(a.X[i], a.Y[i], s);
                    break;
                case RangeNode r when Of(r.X) is { } f:
                    f.Understood++;
                    Leave(f, s);
                    break;
                case ReturnNode r:
                    foreach (var v in r.Values)
                        if (Of(v) is { } f)
                        {
                            f.Understood++;
                            Leave(f, s);
                        }
                    if (r.Values.Count == 0)
                        foreach (var l in _namedResults)
                            if (!_facts[l].Dropped)
                                Leave(_facts[l], s);
                    break;
            }
            if (loop)
                _depth++;
            Walk.Children(s, Expr, Stmt);
            if (loop)
                _depth--;
        }

        void Expr(ExprNode n)
        {
            switch (n)
            {
                case LocalNode l when _facts.TryGetValue(l.Local, out var f):
                    f.Mentions++;
                    break;
                case IndexNode i when Of(i.X) is { } f:
                    f.Understood++;
                    break;
                case BuiltinNode { Op: BuiltinOp.Len } b when Of(b.Args[0]) is { } f:
                    f.Understood++;
                    break;
                case BuiltinNode { Op: BuiltinOp.Cap } b when Of(b.Args[0]) is { } f:
                    f.Understood++;
                    f.ShowsCapacity = true;
                    break;
                case AddrNode a:
                    for (var x = a.X; ;)
                    {
                        if (x is FieldNode { ThroughPtr: false } field)
                            x = field.X;
                        else if (x is IndexNode { X.Type.Underlying: ArrayType } element)
                            x = element.X;
                        else
                        {
                            if (x is IndexNode e && Of(e.X) is { } f)
                                f.Dropped = true;
                            break;
                        }
                    }
                    break;
                case CallNode { Fun: { } fun } c:
                    for (int k = 0; k < c.Args.Count; k++)
                        if (Of(c.Args[k]) is { } f && !Leaks(c, fun, k))
                        {
                            f.Understood++;
                            f.ShowsCapacity = true;
                        }
                    break;
                case InlinedCallNode i:
                    foreach (var r in i.Results)
                        if (_facts.TryGetValue(r, out var f))
                            f.Mentions++;
                    break;
                case ClosureNode c:
                    foreach (var v in c.Func.ClosureVars)
                        if (v.Outer != null && _facts.TryGetValue(Definitions.Canonical(v), out var f))
                            f.Mentions++;
                    break;
            }
            Walk.Children(n, Expr, Stmt);
        }

        bool Leaks(CallNode c, ExprNode fun, int argument)
        {
            if (c.Imprecise || _values.Callees(fun) is not [var callee])
                return true;
            var tags = callee.EscapeTags as EscapeTags ?? (callee.Body == null ? _tags?.Find(callee.LinkName) : null);
            return tags == null || argument >= tags.Params.Length || tags.Params[argument].ToBits() != 0;
        }
    }
}

// `//tuza:noalloc` on a function: no path through it, and through what it calls, allocates on the heap.
//
// The check reads the trees after inlining and escape analysis, so that it judges what runs. What allocates: values and variables that escape,
// sizes known only at run time, growth (append, stores into maps), concatenation and conversions of strings, boxing into interfaces, go statements,
// channels, deferred calls in loops. A call of an unknown function (an interface method, a func value) cannot be proven and breaks the promise,
// too. Panics of the language itself (bounds, nil) do not count; an explicit panic's argument does. Cycles of calls add nothing of their own.

using System.Collections.Generic;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>Checks functions that promise not to allocate.</summary>
public sealed class NoAlloc
{
    /// <summary>Why a function can allocate: what at Pos. Callee: it does so in there. Node or Local: what the compiler's messages speak of.</summary>
    sealed record Reason(Pos Pos, string Text, Function? Callee);

    readonly Dictionary<Function, Reason?> _known = new(ReferenceEqualityComparer.Instance);

    public static List<Finding> Check(IReadOnlyList<PackageIR> packages)
    {
        NoAlloc check = new();
        List<Finding> findings = [];
        foreach (PackageIR p in packages)
        {
            for (int i = 0; i < p.Functions.Count; i++)
            {
                Function f = p.Functions[i];
                if ((f.Pragma & Pragma.NoAlloc) != 0 && f.Body != null && check.WhyOf(f) is { } why)
                    findings.Add(Report(p, f, why, check));
            }
        }
        return findings;
    }

    static Finding Report(PackageIR p, Function f, Reason why, NoAlloc check)
    {
        List<Related> proof = [];
        Reason? r = why;
        for (int depth = 0; r is { Callee: { } callee } && depth < 20; depth++)
        {
            r = check._known.GetValueOrDefault(callee);
            if (r != null)
                proof.Add(new Related(r.Pos, $"{callee.LinkName}: {r.Text}"));
        }
        foreach (CompileMessage m in p.Diagnostics.Messages)
        {
            // The compiler's own words, with the way that the value takes.
            if (r != null && m.Pos == r.Pos.Outermost && (m.Text.Contains("escapes to heap", System.StringComparison.Ordinal) || m.Text.StartsWith("moved to heap", System.StringComparison.Ordinal)))
            {
                foreach (string line in m.Text.Split('\n'))
                    proof.Add(new Related(m.Pos, line.TrimEnd().TrimEnd(':')));
                break;
            }
        }
        Pos at = why.Pos.Outermost;
        if (at != why.Pos)
            proof.Insert(0, new Related(why.Pos, "in a call that is inlined: " + why.Text));
        return new Finding(at, at, "NOALLOC", "alloc/noalloc", $"{f.ShortName} is marked //tuza:noalloc but can allocate: {why.Text}") { Related = proof };
    }

    Reason? WhyOf(Function f)
    {
        if (_known.TryGetValue(f, out Reason? known))
            return known;
        _known[f] = null; // while it is looked at: a cycle adds nothing
        Reason? why = f.Body == null ? OfNative(f) : new Scan(this, f).Run();
        _known[f] = why;
        return why;
    }

    /// <summary>Functions without a body are the runtime's; those that give memory are known by their names.</summary>
    static Reason? OfNative(Function f)
    {
        string name = f.LinkName[(f.LinkName.LastIndexOf('.') + 1)..];
        bool gives = name is "unsafe_New" or "unsafe_NewArray" or "mallocgc" or "newobject" or "newarray" or "makemap" or "makechan" or "rawbyteslice" or "rawstring" or "growslice"
            or "MakeNoZero" or "newproc" or "reflect_unsafe_New" or "maps_newobject" or "maps_newarray" or "concatstrings" or "slicebytetostring" or "stringtoslicebyte";
        return gives ? new Reason(f.Pos, "gets memory from the allocator", null) : null;
    }

    /// <summary>One body.</summary>
    sealed class Scan(NoAlloc owner, Function f)
    {
        Reason? _why;
        readonly HashSet<ExprNode> _copyFree = new(ReferenceEqualityComparer.Instance);

        public Reason? Run()
        {
            foreach (Local l in f.Locals)
            {
                if (l.OnHeap && l.Class != LocalClass.Captured)
                    Because(l.Pos, $"{l.Name} is moved to the heap");
            }
            IR.Walk.Preorder(f.Body!, Expr, Stmt);
            return _why;
        }

        void Because(Pos pos, string text, Function? callee = null) => _why ??= new Reason(pos, text, callee);

        bool Stmt(StmtNode s)
        {
            switch (s)
            {
                case GoNode: Because(s.Pos, "a go statement makes a goroutine"); break;
                case DeferNode { InLoop: true }: Because(s.Pos, "a deferred call in a loop is kept on the heap"); break;
                case DeferNode d: Call(d.Call); break;
                case AssignNode { X: MapIndexNode x }: Grows(x); break;
                case AssignOpNode { X: MapIndexNode x }: Grows(x); break;
                case AssignOpNode { Op: Token.Add } a when Predicates.IsString(a.X.Type): Because(s.Pos, "strings are concatenated"); break;
                case Assign2Node a: Targets(a.X); break;
                case AssignCallNode a: Targets(a.X); break;
                case RangeNode { X: ConvNode c }: _copyFree.Add(c); break;
                case SwitchNode { Tag: ConvNode c }: _copyFree.Add(c); break;
            }
            return _why == null;
        }

        void Targets(List<ExprNode?> targets)
        {
            foreach (ExprNode? x in targets)
            {
                if (x is MapIndexNode m)
                    Grows(m);
            }
        }

        void Grows(MapIndexNode x) => Because(x.Pos, "a store into a map can make it grow");

        bool Expr(ExprNode n)
        {
            switch (n)
            {
                case CompareNode c:
                    _copyFree.Add(c.X);
                    _copyFree.Add(c.Y);
                    break;
                case MapIndexNode m: _copyFree.Add(m.Key); break;
                case AddStringNode a:
                    foreach (ExprNode part in a.List)
                        _copyFree.Add(part);
                    Because(n.Pos, "strings are concatenated");
                    break;
                case NewNode or AddrNode { IsPtrLit: true } when n.Escapes: Because(n.Pos, "a new " + Elem(n.Type) + " escapes to the heap"); break;
                case CompositeNode c when n.Escapes && c.Type.Underlying is SliceType: Because(n.Pos, "a slice literal escapes to the heap"); break;
                case ClosureNode c when n.Escapes && c.Func.ClosureVars.Count > 0: Because(n.Pos, "a function literal that captures variables escapes to the heap"); break;
                case MethodValueNode when n.Escapes: Because(n.Pos, "a method value escapes to the heap"); break;
                case MakeSliceNode m when n.Escapes: Because(n.Pos, "make of a slice escapes to the heap"); break;
                case MakeSliceNode m when (m.Cap ?? m.Len) is not ConstNode: Because(n.Pos, "make of a slice whose size is known only at run time"); break;
                case MakeMapNode or MapLitNode when n.Escapes: Because(n.Pos, "a map escapes to the heap"); break;
                case MakeMapNode { Hint: not (null or ConstNode) }: Because(n.Pos, "make of a map whose size is known only at run time"); break;
                case MakeChanNode: Because(n.Pos, "a channel is made"); break;
                case ConvNode c: Conversion(c); break;
                case BuiltinNode { Op: BuiltinOp.Append }: Because(n.Pos, "append can grow its slice"); break;
                case CallNode: Call(n); break;
            }
            return _why == null;
        }

        static string Elem(GoType t) => t.Underlying is PointerType p ? p.Elem.ToString() : t.ToString();

        void Conversion(ConvNode c)
        {
            switch (c.Kind)
            {
                case ConvKind.ToInterface when c.Escapes && c.X is not (ConstNode or NilNode or ZeroNode or GlobalNode) && Boxes(c.X.Type):
                    Because(c.Pos, $"a value of type {c.X.Type} is boxed into an interface");
                    break;
                case ConvKind.BytesToString or ConvKind.RunesToString or ConvKind.StringToBytes or ConvKind.StringToRunes or ConvKind.RuneToString when !_copyFree.Contains(c) && !c.ZeroCopy && c.X is not ConstNode:
                    Because(c.Pos, $"the conversion to {c.Type} copies");
                    break;
            }
        }

        /// <summary>Pointers fit into the data word as they are; single bytes and empty values have theirs ready.</summary>
        static bool Boxes(GoType t) => t.Underlying is not (PointerType or MapType or ChanType or Signature or InterfaceType or BasicType { Kind: BasicKind.UnsafePointer or BasicKind.Bool or BasicKind.Int8 or BasicKind.Uint8 })
            && Sizes.Amd64.Sizeof(t) > 0;

        void Call(ExprNode n)
        {
            if (n is not CallNode c)
                return;
            Function? callee = c.StaticCallee ?? (c.Fun as ClosureNode)?.Func;
            if (callee != null)
            {
                if (owner.WhyOf(callee) != null)
                    Because(c.Pos, $"it calls {callee.LinkName}, which can", callee);
            }
            else if (c.Iface != null)
                Because(c.Pos, $"what the interface method {c.Method?.Name} does is not known here");
            else
                Because(c.Pos, "what the called function value does is not known here");
        }
    }
}

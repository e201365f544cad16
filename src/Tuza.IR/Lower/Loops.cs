// Loops of a low function: dominators, natural loops, and where polls go.
//
// A back edge is one that a depth-first walk finds going to a block on its path; a loop is the set of blocks from which its back edges are
// reached without its header. Where the header does not dominate the source of a back edge (goto into a loop), nothing is known of the loop.
//
// Polls. A loop is polled at its end, not at its head: the poll is a block of its own through which all back edges go, so that the JIT still sees
// a loop that begins with its condition and can turn it round. No poll gets an innermost loop that runs no longer than some array, slice
// or string is long: one that lowering knows as such (Bounded), or one that indexes something with a counter in every iteration. The bounds
// check of a[i + c] passes for len(a) different values at most, and a counter does not take a value twice. Nor does one that takes a bit from an integer in
// each iteration and ends when none is left. The package of maps has no polls at all: its loops go over a table of at most 1024 slots, or call what polls.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class Loops
{
    public sealed class Loop
    {
        public required LowBlock Header;
        public readonly List<LowBlock> Sources = [];
        /// <summary>The blocks; null if the header does not dominate them.</summary>
        public HashSet<LowBlock>? Blocks = new(ReferenceEqualityComparer.Instance);
        public bool Innermost = true;
    }

    readonly LowFunction _f;
    readonly List<LowBlock> _order = [];
    readonly int[] _idom;
    readonly List<int>[] _preds;
    public List<Loop> All { get; } = [];

    /// <summary>Blocks get their number in reverse postorder as Id.</summary>
    public Loops(LowFunction f)
    {
        _f = f;
        var back = new List<(LowBlock From, LowBlock To)>();
        Walk(back);
        _preds = new List<int>[_order.Count];
        for (int i = 0; i < _preds.Length; i++)
            _preds[i] = [];
        foreach (var b in _order)
            foreach (var s in LowUses.Successors(b.Term))
                _preds[s.Id].Add(b.Id);
        _idom = new int[_order.Count];
        Dominators();
        var byHeader = new Dictionary<LowBlock, Loop>(ReferenceEqualityComparer.Instance);
        foreach (var (from, to) in back)
        {
            if (!byHeader.TryGetValue(to, out var loop))
            {
                byHeader.Add(to, loop = new Loop { Header = to });
                All.Add(loop);
            }
            if (!loop.Sources.Contains(from))
                loop.Sources.Add(from);
        }
        foreach (var loop in All)
            Fill(loop);
        foreach (var loop in All)
            foreach (var other in All)
                if (other != loop && (loop.Blocks == null || loop.Blocks.Contains(other.Header)))
                    loop.Innermost = false;
    }

    void Walk(List<(LowBlock, LowBlock)> back)
    {
        var state = new Dictionary<LowBlock, int>(ReferenceEqualityComparer.Instance);
        var stack = new Stack<(LowBlock Block, IEnumerator<LowBlock> Next)>();
        void Push(LowBlock b)
        {
            state[b] = 1;
            stack.Push((b, LowUses.Successors(b.Term).GetEnumerator()));
        }
        void From(LowBlock root)
        {
            if (state.ContainsKey(root))
                return;
            Push(root);
            while (stack.TryPeek(out var top))
            {
                if (!top.Next.MoveNext())
                {
                    stack.Pop();
                    state[top.Block] = 2;
                    _order.Add(top.Block);
                }
                else if (!state.TryGetValue(top.Next.Current, out int s))
                    Push(top.Next.Current);
                else if (s == 1)
                    back.Add((top.Block, top.Next.Current));
            }
        }
        if (_f.DeferReturn != null)
            From(_f.DeferReturn);
        From(_f.Entry);
        _order.Reverse();
        for (int i = 0; i < _order.Count; i++)
            _order[i].Id = i;
    }

    /// <summary>Immediate dominators; roots (the entry, the deferred return) are their own, and -1 stands above them.</summary>
    void Dominators()
    {
        System.Array.Fill(_idom, -2);
        bool IsRoot(int b) => ReferenceEquals(_order[b], _f.Entry) || ReferenceEquals(_order[b], _f.DeferReturn);
        int Meet(int a, int b)
        {
            while (a != b)
            {
                if (a < 0 || b < 0)
                    return -1;
                if (a > b)
                    a = _idom[a];
                else
                    b = _idom[b];
            }
            return a;
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int b = 0; b < _order.Count; b++)
            {
                int dom = -2;
                if (IsRoot(b))
                    dom = -1;
                else
                    foreach (int p in _preds[b])
                        if (_idom[p] != -2 || IsRoot(p))
                            dom = dom == -2 ? p : Meet(dom, p);
                if (dom != _idom[b])
                {
                    _idom[b] = dom;
                    changed = true;
                }
            }
        }
    }

    public bool Dominates(LowBlock a, LowBlock b)
    {
        int i = b.Id;
        while (i > a.Id)
            i = _idom[i];
        return i == a.Id;
    }

    void Fill(Loop loop)
    {
        var blocks = loop.Blocks!;
        blocks.Add(loop.Header);
        var work = new Stack<LowBlock>();
        foreach (var s in loop.Sources)
        {
            if (!Dominates(loop.Header, s))
            {
                loop.Blocks = null;
                return;
            }
            if (blocks.Add(s))
                work.Push(s);
        }
        while (work.TryPop(out var b))
            foreach (int p in _preds[b.Id])
                if (blocks.Add(_order[p]))
                    work.Push(_order[p]);
    }

    // ---- polls

    /// <summary>Sets LoopHeader where polls go, and only there.</summary>
    public static void PlacePolls(LowFunction f, HashSet<LowBlock> bounded)
    {
        var loops = new Loops(f);
        foreach (var b in f.Blocks)
            b.LoopHeader = false;
        foreach (var loop in loops.All)
        {
            if (bounded.Contains(loop.Header))
                continue;
            var head = loop.Header;
            var latch = new LowBlock
            {
                LoopHeader = true,
                Term = new LowJump { Target = head, Pos = head.Instrs.Count > 0 ? head.Instrs[0].Pos : head.Term.Pos },
            };
            foreach (var s in loop.Sources)
                Redirect(s.Term, head, latch);
            f.Blocks.Insert(f.Blocks.IndexOf(loop.Sources[^1]) + 1, latch);
        }
        for (int i = 0; i < f.Blocks.Count; i++)
            f.Blocks[i].Id = i;
    }

    static void Redirect(LowTerm term, LowBlock from, LowBlock to)
    {
        switch (term)
        {
            case LowJump j:
                j.Target = to;
                break;
            case LowBranch b:
                if (b.Then == from)
                    b.Then = to;
                if (b.Else == from)
                    b.Else = to;
                break;
            case LowSwitch s:
                if (s.Default == from)
                    s.Default = to;
                for (int i = 0; i < s.Targets.Count; i++)
                    if (s.Targets[i] == from)
                        s.Targets[i] = to;
                break;
        }
    }

    /// <summary>Headers of the loops that need no poll. To be asked while all bounds checks are there.</summary>
    public static HashSet<LowBlock> FindBounded(LowFunction f)
    {
        var result = new HashSet<LowBlock>(ReferenceEqualityComparer.Instance);
        if (!f.Blocks.Exists(static b => b.LoopHeader))
            return result;
        var loops = new Loops(f);
        foreach (var loop in loops.All)
            if (Brief(f) || loop is { Innermost: true, Blocks: not null } && (loop.Header.Bounded || loops.Indexes(loop) || loops.TakesBits(loop)))
                result.Add(loop.Header);
        for (int i = 0; i < f.Blocks.Count; i++)
            f.Blocks[i].Id = i;
        return result;
    }

    /// <summary>No loop of the function runs for long without a call that can stop it.</summary>
    static bool Brief(LowFunction f) => f.Pkg?.Path == "internal/runtime/maps";

    /// <summary>Every iteration clears the lowest bit of a variable (x &amp; (x - 1)), and an empty one leaves the loop.</summary>
    bool TakesBits(Loop loop)
    {
        LowLocal? bits = null;
        foreach (var b in loop.Blocks!)
            if (loop.Sources.TrueForAll(s => Dominates(b, s)))
                foreach (var i in b.Instrs)
                    if (i is LowAssign { Value: LowBin { Op: LowOp.And, A: LowLocalRef { Local: var x }, B: LowBin { Op: LowOp.Sub, A: LowLocalRef { Local: var y }, B: LowConst { Bits: 1 } } } } a && a.Local == x && x == y
                        && ZeroLeaves(x))
                        bits = x;
        if (bits == null)
            return false;
        int count = 0;
        foreach (var b in loop.Blocks)
            foreach (var i in b.Instrs)
                count += i switch
                {
                    LowAssign a => a.Local == bits ? 1 : 0,
                    LowAtomic { Result: { } r } => r == bits ? 1 : 0,
                    LowCall c => c.Results.Contains(bits) ? 1 : 0,
                    _ => 0,
                };
        return count == 1;

        bool ZeroLeaves(LowLocal x)
        {
            foreach (var b in loop.Blocks)
                if (b.Term is LowBranch { Cond: LowBin { Op: LowOp.Eq or LowOp.Ne, A: LowLocalRef { Local: var y }, B: LowConst { Bits: 0 } } c } t && x == y
                    && !loop.Blocks.Contains(c.Op == LowOp.Eq ? t.Then : t.Else) && loop.Sources.TrueForAll(s => Dominates(b, s)))
                    return true;
            return false;
        }
    }

    /// <summary>Every iteration checks an index that grows or shrinks by a constant against a limit that does not change.</summary>
    bool Indexes(Loop loop)
    {
        var defs = new Dictionary<LowLocal, (int Count, LowExpr? Value, LowBlock Block)>(ReferenceEqualityComparer.Instance);
        bool checks = false;
        foreach (var b in loop.Blocks!)
            foreach (var i in b.Instrs)
            {
                switch (i)
                {
                    case LowAssign a: Def(a.Local, a.Value); break;
                    case LowAtomic { Result: { } r }: Def(r, null); break;
                    case LowCall c:
                        foreach (var r in c.Results)
                            Def(r, null);
                        break;
                    case LowCheck: checks = true; break;
                }
                void Def(LowLocal? l, LowExpr? value)
                {
                    if (l != null)
                        defs[l] = (defs.TryGetValue(l, out var d) ? d.Count + 1 : 1, value, b);
                }
            }
        if (!checks)
            return false;
        foreach (var b in loop.Blocks)
            if (Always(b))
                foreach (var i in b.Instrs)
                    if (i is LowCheck { Cond: LowBin { Op: LowOp.LtU or LowOp.LeU, B: { } limit } c } check && CheckElim.IsBoundsPanic(check.Panic) && Fixed(limit) && Counts(c.A, 0))
                        return true;
        return false;

        bool Always(LowBlock b) => loop.Sources.TrueForAll(s => Dominates(b, s));
        bool Fixed(LowExpr e) => e switch
        {
            LowConst => true,
            LowLocalRef r => !defs.ContainsKey(r.Local),
            LowConv { BitCast: false } c => Fixed(c.A),
            LowBin { Op: LowOp.Add or LowOp.Sub or LowOp.Mul, B: { } y } x => Fixed(x.A) && Fixed(y),
            _ => false,
        };
        // A counter plus something fixed.
        bool Counts(LowExpr e, int depth) => e switch
        {
            LowLocalRef r when defs.TryGetValue(r.Local, out var d) && d is { Count: 1, Value: { } v } && depth < 4 && Always(d.Block) => Steps(r.Local, v) || Counts(v, depth + 1),
            LowConv { BitCast: false } c => Counts(c.A, depth),
            LowBin { Op: LowOp.Add, B: { } y } x => Counts(x.A, depth) && Fixed(y) || Fixed(x.A) && Counts(y, depth),
            LowBin { Op: LowOp.Sub, B: { } y } x => Counts(x.A, depth) && Fixed(y),
            _ => false,
        };
        static bool Steps(LowLocal l, LowExpr v) =>
            v is LowBin { Op: LowOp.Add or LowOp.Sub, A: LowLocalRef { Local: var x }, B: LowConst { Bits: not 0 and > -4096 and < 4096 } } && x == l && L.Bits(l.Type) >= 32;
    }
}

// Removes nil checks and bounds checks that cannot fail: a forward must-analysis of facts.
//
// Facts: local p is not nil; local i is not negative; a < b and a <= b, signed or unsigned, for the pairs of simple operands (locals, constants) that
// occur in checks. A fact begins with a check that passed, with the side of a branch that was taken, or with an assignment; it ends when one of
// its locals is assigned. Two steps beyond that make loops work: i + c keeps "not negative" while i is known to be less than something (so it
// cannot overflow), and a signed comparison of a number that is not negative holds unsigned as well.
//
// Before, copies of parameters and of locals assigned once in the entry block are replaced by their originals, so that `n := len(s)` and len(s) are one, and locals
// that hold the address of a slot by the address: inlining leaves many.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

sealed class CheckElim
{
    /// <summary>Functions beyond this product of blocks and facts are left alone.</summary>
    const long MaxWork = 8_000_000;

    /// <summary>The facts about one ordered pair, as consecutive bits.</summary>
    const int LtU = 0, LeU = 1, LtS = 2, LeS = 3, PerPair = 4;

    readonly record struct Operand(LowLocal? Local, long Bits)
    {
        public bool IsConst => Local == null;
    }

    readonly LowFunction _f;
    readonly Dictionary<LowLocal, int> _nonNil = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<LowLocal, int> _nonNeg = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<(Operand, Operand), int> _pairs = [];
    /// <summary>Per local: the facts that an assignment to it ends.</summary>
    readonly Dictionary<LowLocal, List<int>> _kills = new(ReferenceEqualityComparer.Instance);
    /// <summary>Per local: pairs with it on one side and a constant on the other.</summary>
    readonly Dictionary<LowLocal, List<(long Bits, int Base, bool ConstFirst)>> _byConst = new(ReferenceEqualityComparer.Instance);
    /// <summary>Per local: pairs with it on the left.</summary>
    readonly Dictionary<LowLocal, List<int>> _left = new(ReferenceEqualityComparer.Instance);
    /// <summary>Per local: the other operands of those pairs.</summary>
    readonly Dictionary<LowLocal, List<(Operand Limit, int Base)>> _right = new(ReferenceEqualityComparer.Instance);
    readonly List<int> _inherited = [];
    int _count;

    CheckElim(LowFunction f) => _f = f;

    public static void Run(LowFunction f)
    {
        int checks = 0;
        foreach (var b in f.Blocks)
            foreach (var i in b.Instrs)
                if (i is LowCheck or LowNilCheck)
                    checks++;
        if (checks == 0)
            return;
        CopyPropagation.Run(f);
        if (checks == 1 && f.Blocks.Count == 1)
            return;
        new CheckElim(f).Run();
    }

    void Run()
    {
        Collect();
        if (_count == 0 || (long)_count * _f.Blocks.Count > MaxWork)
            return;
        var at = Solve();
        foreach (var b in _f.Blocks)
        {
            var now = at[b.Id];
            bool any = false;
            for (int k = 0; k < b.Instrs.Count; k++)
            {
                bool known = b.Instrs[k] switch
                {
                    LowNilCheck n => NotNil(n.Ptr, now),
                    LowCheck { Cond: LowBin c } => Known(c, now),
                    _ => false,
                };
                if (known)
                {
                    b.Instrs[k] = null!;
                    any = true;
                }
                else
                    Step(b.Instrs[k], now);
            }
            if (any)
                b.Instrs.RemoveAll(static i => i == null);
        }
    }

    // ---- the facts of this function

    static Operand? OperandOf(LowExpr? e) => e switch
    {
        LowConst c when !L.IsFloat(c.Type) => new Operand(null, c.Bits),
        LowLocalRef r when r.Type is not (LowType.Ptr or LowType.F32 or LowType.F64) => new Operand(r.Local, 0),
        LowConv { BitCast: false, Type: LowType.I64 or LowType.U64, A: LowLocalRef { Type: LowType.I64 or LowType.U64 } r } => new Operand(r.Local, 0),
        _ => null,
    };

    void Collect()
    {
        foreach (var b in _f.Blocks)
            foreach (var i in b.Instrs)
                if (i is LowNilCheck { Ptr: LowLocalRef r })
                    _nonNil.TryAdd(r.Local, 0);
                else if (i is LowCheck { Cond: LowBin { Op: LowOp.LtU or LowOp.LeU } c } && L.Bits(c.A.Type) == 64 && OperandOf(c.A) is { } x && OperandOf(c.B) is { } y)
                    _pairs.TryAdd((x, y), 0);
        AddSourcesOfCopies();
        foreach (var l in new List<LowLocal>(_nonNil.Keys))
            _nonNil[l] = Fact(l);
        foreach (var (x, y) in new List<(Operand, Operand)>(_pairs.Keys))
        {
            int at = _count;
            _pairs[(x, y)] = at;
            for (int k = 0; k < PerPair; k++)
                Fact(x.Local, y.Local);
            if (x.Local is { } l)
            {
                if (!_nonNeg.ContainsKey(l))
                    _nonNeg[l] = Fact(l);
                List(_left, l).Add(at);
                List(_right, l).Add((y, at));
                if (y.IsConst)
                    List(_byConst, l).Add((y.Bits, at, false));
            }
            else if (y.Local is { } n)
                List(_byConst, n).Add((x.Bits, at, true));
        }
    }

    /// <summary>What is known of r is known of l after l = r (the hidden counter of a range loop and its variable): pairs of l are pairs of r too.</summary>
    void AddSourcesOfCopies()
    {
        for (bool more = _nonNil.Count > 0; more;)
        {
            more = false;
            foreach (var b in _f.Blocks)
                foreach (var i in b.Instrs)
                    if (i is LowAssign { Value: LowLocalRef { Type: LowType.Ptr } r } a && _nonNil.ContainsKey(a.Local))
                        more |= _nonNil.TryAdd(r.Local, 0);
        }
        var byLeft = new Dictionary<LowLocal, List<Operand>>(ReferenceEqualityComparer.Instance);
        foreach (var (x, y) in _pairs.Keys)
            if (x.Local is { } l)
                List(byLeft, l).Add(y);
        foreach (var b in _f.Blocks)
            foreach (var i in b.Instrs)
                if (i is LowAssign { Value: LowLocalRef r } a && r.Type == a.Local.Type && byLeft.TryGetValue(a.Local, out var limits))
                    foreach (var y in limits)
                        if (y.Local != a.Local)
                            _pairs.TryAdd((new Operand(r.Local, 0), y), 0);
    }

    int Fact(LowLocal? a, LowLocal? b = null)
    {
        if (a != null)
            List(_kills, a).Add(_count);
        if (b != null)
            List(_kills, b).Add(_count);
        return _count++;
    }

    static List<T> List<T>(Dictionary<LowLocal, List<T>> map, LowLocal l)
    {
        if (!map.TryGetValue(l, out var list))
            map.Add(l, list = []);
        return list;
    }

    // ---- dataflow

    /// <summary>Facts at the start of each block, by block id.</summary>
    BitSet[] Solve()
    {
        var blocks = _f.Blocks;
        var at = new BitSet[blocks.Count];
        for (int i = 0; i < at.Length; i++)
        {
            blocks[i].Id = i;
            at[i] = new BitSet(_count);
            at[i].Fill();
        }
        at[_f.Entry.Id].Clear();
        if (_f.DeferReturn != null)
            at[_f.DeferReturn.Id].Clear();
        var now = new BitSet(_count);
        var edge = new BitSet(_count);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var b in blocks)
            {
                now.Set(at[b.Id]);
                foreach (var i in b.Instrs)
                    Step(i, now);
                if (b.Term is LowBranch br)
                {
                    changed |= Meet(at, br.Then, now, edge, br.Cond, true);
                    changed |= Meet(at, br.Else, now, edge, br.Cond, false);
                }
                else
                    foreach (var s in LowUses.Successors(b.Term))
                        changed |= Meet(at, s, now, edge, null, true);
            }
        }
        return at;
    }

    bool Meet(BitSet[] at, LowBlock target, BitSet now, BitSet edge, LowExpr? cond, bool taken)
    {
        edge.Set(now);
        if (cond != null)
            Assume(cond, taken, edge);
        var t = at[target.Id];
        var before = t.Copy();
        t.And(edge);
        return !before.SameAs(t);
    }

    // ---- what follows

    bool NonNegative(Operand o, BitSet now) => o.IsConst ? o.Bits >= 0 : _nonNeg.TryGetValue(o.Local!, out int f) && now[f];

    bool Known(LowBin c, BitSet now)
    {
        if (c.Op is not (LowOp.LtU or LowOp.LeU) || L.Bits(c.A.Type) != 64 || OperandOf(c.A) is not { } x || OperandOf(c.B) is not { } y || !_pairs.TryGetValue((x, y), out int p))
            return false;
        bool positive = NonNegative(x, now);
        if (now[p + LtU] || (positive && now[p + LtS]))
            return true;
        return c.Op == LowOp.LeU && (now[p + LeU] || (positive && now[p + LeS]));
    }

    /// <summary>The condition turned out true (or false).</summary>
    void Assume(LowExpr cond, bool truth, BitSet now)
    {
        if (cond is not LowBin c)
            return;
        if (c.Op == LowOp.And && truth)
        {
            Assume(c.A, true, now);
            Assume(c.B!, true, now);
            return;
        }
        if (!L.IsCompare(c.Op) || c.A.Type is LowType.F32 or LowType.F64)
            return;
        if (c.A is LowLocalRef { Type: LowType.Ptr } p && c.B is LowConst { Bits: 0 })
        {
            if (c.Op == LowOp.Ne == truth && c.Op is LowOp.Ne or LowOp.Eq && _nonNil.TryGetValue(p.Local, out int f))
                now.Add(f);
            return;
        }
        if (OperandOf(c.A) is not { } a || OperandOf(c.B) is not { } b || L.Bits(c.A.Type) != 64)
            return;
        switch (truth ? c.Op : L.Negated(c.Op))
        {
            case LowOp.LtS: Less(a, b, LtS, now); break;
            case LowOp.LeS: Less(a, b, LeS, now); break;
            case LowOp.GtS: Less(b, a, LtS, now); break;
            case LowOp.GeS: Less(b, a, LeS, now); break;
            case LowOp.LtU: Less(a, b, LtU, now); break;
            case LowOp.LeU: Less(a, b, LeU, now); break;
            case LowOp.GtU: Less(b, a, LtU, now); break;
            case LowOp.GeU: Less(b, a, LeU, now); break;
            case LowOp.Eq:
                Less(a, b, LeU, now);
                Less(b, a, LeU, now);
                Less(a, b, LeS, now);
                Less(b, a, LeS, now);
                break;
            case LowOp.Ne when b is { IsConst: true, Bits: 0 }: // unsigned, more than nothing
                Less(b, a, LtU, now);
                break;
        }
    }

    /// <summary>a kind b holds; with a constant on one side also for every weaker constant.</summary>
    void Less(Operand a, Operand b, int kind, BitSet now)
    {
        if (_pairs.TryGetValue((a, b), out int p))
        {
            now.Add(p + kind);
            now.Add(p + (kind | 1));
        }
        if (a.IsConst && b.Local is { } n)
        {
            // c < n: c' < n for c' <= c, and c' <= n for c' <= c + 1 (strict) or c' <= c.
            if (a.Bits < 0)
                return;
            if (kind is LtS or LeS && _nonNeg.TryGetValue(n, out int f))
                now.Add(f);
            if (_byConst.TryGetValue(n, out var list))
                foreach (var (bits, at, first) in list)
                    if (first && bits >= 0)
                    {
                        bool strict = kind is LtU or LtS;
                        if (strict ? bits <= a.Bits : bits < a.Bits)
                            now.Add(at + LtU);
                        if (bits <= (strict ? a.Bits + 1 : a.Bits))
                            now.Add(at + LeU);
                    }
        }
        else if (b.IsConst && a.Local is { } i && b.Bits >= 0 && _byConst.TryGetValue(i, out var list))
            foreach (var (bits, at, first) in list)
                if (!first && bits >= b.Bits)
                {
                    now.Add(at + (kind is LtU or LeU ? LeU : LeS));
                    if (kind is LtU or LtS || bits > b.Bits)
                        now.Add(at + (kind is LtU or LeU ? LtU : LtS));
                }
    }

    void Step(LowInstr instr, BitSet now)
    {
        switch (instr)
        {
            case LowNilCheck { Ptr: LowLocalRef r }:
                if (_nonNil.TryGetValue(r.Local, out int f))
                    now.Add(f);
                break;
            case LowCheck c:
                Assume(c.Cond, true, now);
                if (c.Cond is LowBin { Op: LowOp.LtU or LowOp.LeU } bound && IsBoundsPanic(c.Panic) && OperandOf(bound.A) is { } i && OperandOf(bound.B) is { } n)
                {
                    // The limit is a length: what is not beyond it, taken as unsigned, is not negative.
                    if (i.Local != null && _nonNeg.TryGetValue(i.Local, out int positive))
                        now.Add(positive);
                    Less(i, n, bound.Op == LowOp.LtU ? LtS : LeS, now);
                }
                break;
            case LowAssign a:
                Assigned(a.Local, a.Value, now);
                break;
            case LowAtomic { Result: { } r }:
                Kill(r, now);
                break;
            case LowCall c:
                foreach (var r in c.Results)
                    if (r != null)
                        Kill(r, now);
                if (c.Kind == LowCallKind.Runtime && c.Results.Count > 0 && c.Results[0] is { } p && NeverNil(c.Symbol!) && _nonNil.TryGetValue(p, out int fact))
                    now.Add(fact);
                break;
        }
    }

    public static bool IsBoundsPanic(string symbol) =>
        symbol.StartsWith("runtime.panicIndex", StringComparison.Ordinal) || symbol.StartsWith("runtime.panicSlice", StringComparison.Ordinal);

    static bool NeverNil(string symbol) =>
        symbol is "runtime.newobject" or "runtime.makeslice" or "runtime.makechan" || symbol.StartsWith("runtime.makemap", StringComparison.Ordinal)
        || symbol.StartsWith("runtime.mapaccess", StringComparison.Ordinal) || symbol.StartsWith("runtime.mapassign", StringComparison.Ordinal);

    void Kill(LowLocal l, BitSet now)
    {
        if (_kills.TryGetValue(l, out var list))
            foreach (int f in list)
                now.Remove(f);
    }

    void Assigned(LowLocal l, LowExpr value, BitSet now)
    {
        if (!_kills.ContainsKey(l))
            return;
        bool nonNil = false, nonNeg = false;
        if (l.Type == LowType.Ptr)
            nonNil = NotNil(value, now);
        else if (_nonNeg.ContainsKey(l))
            nonNeg = NotNegative(value, now);
        _inherited.Clear();
        if (value is LowLocalRef { Local: var r } && r != l && r.Type == l.Type && _right.TryGetValue(l, out var mine))
            foreach (var (y, at) in mine)
                if (y.Local != l && _pairs.TryGetValue((new Operand(r, 0), y), out int from))
                    for (int k = 0; k < PerPair; k++)
                        if (now[from + k])
                            _inherited.Add(at + k);
        Kill(l, now);
        foreach (int k in _inherited)
            now.Add(k);
        if (nonNil && _nonNil.TryGetValue(l, out int f))
            now.Add(f);
        if (nonNeg)
            now.Add(_nonNeg[l]);
    }

    bool NotNil(LowExpr e, BitSet now) => e switch
    {
        LowLocalRef r => _nonNil.TryGetValue(r.Local, out int f) && now[f],
        LowBin { Op: LowOp.Add, B: LowConst } b => NotNil(b.A, now),
        LowSlotAddr or LowGlobalAddr or LowStringAddr or LowTypeAddr or LowItabAddr or LowFuncVal or LowG or LowCtx => true,
        _ => false,
    };

    bool NotNegative(LowExpr e, BitSet now)
    {
        if (L.UpperBound(e) is { } max && max <= long.MaxValue)
            return true;
        switch (e)
        {
            case LowLocalRef r:
                return _nonNeg.TryGetValue(r.Local, out int f) && now[f];
            case LowBin { Op: LowOp.Add, Type: LowType.I64, A: LowLocalRef r, B: LowConst { Bits: 1 } }:
                // Less than something, so one more does not overflow.
                if (!_nonNeg.TryGetValue(r.Local, out f) || !now[f])
                    return false;
                if (_left.TryGetValue(r.Local, out var pairs))
                    foreach (int p in pairs)
                        if (now[p + LtS])
                            return true;
                return false;
            case LowBin { Op: LowOp.Add, Type: LowType.I64, B: { } y } sum:
                return IsSmall(sum.A, now) && IsSmall(y, now);
            default: return false;
        }
    }

    /// <summary>Not negative, and far below the largest integer.</summary>
    bool IsSmall(LowExpr e, BitSet now)
    {
        const ulong Far = 1UL << 60;
        if (L.UpperBound(e) is { } max)
            return max < Far;
        switch (e)
        {
            case LowBin { Op: LowOp.Add, Type: LowType.I64, A: { } x, B: LowConst { Bits: >= 0 and < 1 << 30 } }:
                return IsSmall(x, now);
            case LowLocalRef { Type: LowType.I64 } r:
                if (r.Local.IsLength)
                    return true;
                if (!_nonNeg.TryGetValue(r.Local, out int f) || !now[f] || !_right.TryGetValue(r.Local, out var limits))
                    return false;
                foreach (var (limit, at) in limits)
                    if ((limit.IsConst ? limit.Bits is >= 0 and < (long)Far : limit.Local!.IsLength) && (now[at + LtS] || now[at + LeS] || now[at + LtU] || now[at + LeU]))
                        return true;
                return false;
            default:
                return false;
        }
    }
}

/// <summary>Replaces uses of copies: locals assigned once, from something that never changes.</summary>
static class CopyPropagation
{
    public static void Run(LowFunction f)
    {
        var defs = LowDefs.Count(f);
        var fixedLocals = new HashSet<LowLocal>(ReferenceEqualityComparer.Instance);
        foreach (var p in f.ParamLocals)
            if (defs[p] == 1)
                fixedLocals.Add(p);
        if (!f.Entry.LoopHeader)
            foreach (var i in f.Entry.Instrs)
            {
                if (i is LowAssign a && defs[a.Local] == 1)
                    fixedLocals.Add(a.Local);
                else if (i is LowCall c)
                    foreach (var r in c.Results)
                        if (r != null && defs[r] == 1)
                            fixedLocals.Add(r);
            }
        var map = new Dictionary<LowLocal, LowExpr>(ReferenceEqualityComparer.Instance);
        foreach (var b in f.Blocks)
            foreach (var i in b.Instrs)
                if (i is LowAssign { Value: LowLocalRef r } a && defs[a.Local] == 1 && a.Local.Type == r.Type && fixedLocals.Contains(r.Local)
                    && a.Local.NotTracked == r.Local.NotTracked && f.DeferReturn == null)
                    map[a.Local] = r;
        AddressesOfSlots(f, defs, map);
        if (map.Count == 0)
            return;
        LowExpr Find(LowLocalRef r)
        {
            LowExpr e = r;
            while (e is LowLocalRef x && map.TryGetValue(x.Local, out var next))
                e = next;
            return e;
        }
        Rewrite.Function(f, e => e is LowLocalRef r ? Find(r) : e);
        foreach (var b in f.Blocks)
            b.Instrs.RemoveAll(i => i is LowAssign a && map.ContainsKey(a.Local) || i is LowNilCheck { Ptr: LowSlotAddr });
    }

    /// <summary>
    /// Locals assigned once, the address of a slot or such a local. Only slots without pointers: one with pointers lives while it is mentioned, which should not be longer than
    /// the pointer lives.
    /// </summary>
    static void AddressesOfSlots(LowFunction f, Dictionary<LowLocal, int> defs, Dictionary<LowLocal, LowExpr> map)
    {
        if (f.DeferReturn != null)
            return;
        for (bool more = true; more;)
        {
            more = false;
            foreach (var b in f.Blocks)
                foreach (var i in b.Instrs)
                    if (i is LowAssign a && defs[a.Local] == 1 && !map.ContainsKey(a.Local)
                        && (a.Value is LowSlotAddr { Slot.PtrWords: null } || a.Value is LowLocalRef r && map.TryGetValue(r.Local, out var source) && source is LowSlotAddr))
                    {
                        map[a.Local] = a.Value is LowLocalRef x ? map[x.Local] : a.Value;
                        more = true;
                    }
        }
    }
}

static class LowDefs
{
    /// <summary>How often each local is assigned; a parameter's value at entry is one assignment.</summary>
    public static Dictionary<LowLocal, int> Count(LowFunction f)
    {
        var defs = new Dictionary<LowLocal, int>(ReferenceEqualityComparer.Instance);
        void Def(LowLocal? l)
        {
            if (l != null)
                defs[l] = defs.GetValueOrDefault(l) + 1;
        }
        f.ParamLocals.ForEach(Def);
        foreach (var b in f.Blocks)
            foreach (var i in b.Instrs)
                switch (i)
                {
                    case LowAssign a: Def(a.Local); break;
                    case LowAtomic a: Def(a.Result); break;
                    case LowCall c: c.Results.ForEach(Def); break;
                }
        return defs;
    }
}

/// <summary>Rebuilds the expressions of a function where a leaf or a load is replaced.</summary>
static class Rewrite
{
    public static void Function(LowFunction f, Func<LowExpr, LowExpr> leaf, Func<LowLoad, LowExpr>? load = null)
    {
        LowExpr E(LowExpr e) => Expr(e, leaf, load);
        foreach (var b in f.Blocks)
        {
            foreach (var i in b.Instrs)
                switch (i)
                {
                    case LowAssign a: a.Value = E(a.Value); break;
                    case LowStore s: s.Addr = E(s.Addr); s.Value = E(s.Value); break;
                    case LowCopy c: c.Dst = E(c.Dst); c.Src = E(c.Src); c.Size = E(c.Size); break;
                    case LowZero z: z.Dst = E(z.Dst); z.Size = E(z.Size); break;
                    case LowNilCheck n: n.Ptr = E(n.Ptr); break;
                    case LowCheck c: c.Cond = E(c.Cond); All(c.Args); break;
                    case LowAtomic a: a.Addr = E(a.Addr); All(a.Args); break;
                    case LowCall c:
                        if (c.Target != null)
                            c.Target = E(c.Target);
                        All(c.Args);
                        break;
                }
            switch (b.Term)
            {
                case LowBranch br: br.Cond = E(br.Cond); break;
                case LowSwitch s: s.Value = E(s.Value); break;
                case LowReturn r: All(r.Values); break;
            }
        }
        void All(List<LowExpr> list)
        {
            for (int i = 0; i < list.Count; i++)
                list[i] = E(list[i]);
        }
    }

    static LowExpr Expr(LowExpr e, Func<LowExpr, LowExpr> leaf, Func<LowLoad, LowExpr>? load)
    {
        switch (e)
        {
            case LowBin b:
                {
                    var x = Expr(b.A, leaf, load);
                    var y = b.B == null ? null : Expr(b.B, leaf, load);
                    var z = b.C == null ? null : Expr(b.C, leaf, load);
                    return x == b.A && y == b.B && z == b.C ? b : new LowBin { Type = b.Type, Op = b.Op, A = x, B = y, C = z };
                }
            case LowConv c:
                {
                    var x = Expr(c.A, leaf, load);
                    return x == c.A ? c : new LowConv { Type = c.Type, A = x, BitCast = c.BitCast };
                }
            case LowLoad l:
                {
                    var x = Expr(l.Addr, leaf, load);
                    var made = x == l.Addr ? l : new LowLoad { Type = l.Type, Addr = x, Offset = l.Offset, Volatile = l.Volatile };
                    return load == null ? made : load(made);
                }
            case LowSelect s:
                {
                    var (c, x, y) = (Expr(s.Cond, leaf, load), Expr(s.A, leaf, load), Expr(s.B, leaf, load));
                    return c == s.Cond && x == s.A && y == s.B ? s : new LowSelect { Type = s.Type, Cond = c, A = x, B = y };
                }
            default: return leaf(e);
        }
    }
}

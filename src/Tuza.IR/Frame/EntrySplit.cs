// Splits the quick way out off a function: `if n < 2 { return n }` in front of a long body.
//
// The first tests of many functions (recursive ones above all) return at once for most calls. With a frame, such a call pays for the
// prologue and for saving registers it does not need. So the function F is cut in two:
//   F      the tests and the returns they lead to; without a frame; otherwise it ends in a call of F·body, whose results are F's
//   F·body the rest; its parameters are the locals that are live where it begins
// F is small, and the JIT inlines it into its callers, so that the quick way costs no call at all.
//
// The cut follows the spine of first blocks: each ends in a branch of which one side soon returns. Both functions share their Locals and
// Slots lists, and may share blocks that return (they are emitted twice).

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class EntrySplit
{
    public const string BodySuffix = "·body";

    /// <summary>The spine and the returns together must stay cheap to copy into callers.</summary>
    const int MaxInstrs = 12, MaxSpine = 3, MaxIntArgs = 6, MaxFloatArgs = 8;

    /// <summary>Cuts f and returns the new body function, or returns null and leaves f as it is.</summary>
    public static LowFunction? Run(LowFunction f, Func<LowCall, CallInfo> classify)
    {
        if (f.HasCtx || f.DeferReturn != null || f.Nosplit || f.Room != 0 || f.IsWrapper || f.Entry.Term is not LowBranch)
            return null;
        int budget = MaxInstrs;
        var spine = new List<LowBlock>();
        var quick = new HashSet<LowBlock>();
        var b = f.Entry;
        while (spine.Count < MaxSpine && !spine.Contains(b) && b is { LoopHeader: false, Term: LowBranch br } && Light(b, ref budget))
        {
            var ways = new List<LowBlock>();
            LowBlock? next = Returns(br.Then, ways, ref budget) ? br.Else : Returns(br.Else, ways, ref budget) ? br.Then : null;
            if (next == null)
                break;
            spine.Add(b);
            quick.UnionWith(ways);
            b = next;
        }
        if (spine.Count == 0 || spine.Contains(b) || !Heavy(b, f, classify))
            return null;

        if (LiveAt(b, f) is not { } live)
            return null;
        int ints = 1, floats = 0;
        foreach (var l in live)
            if (l.Type is LowType.F32 or LowType.F64)
                floats++;
            else
                ints++;
        if (ints > MaxIntArgs || floats > MaxFloatArgs)
            return null;

        var tree = new Function { LinkName = f.LinkName + BodySuffix, ShortName = f.LinkName, Pkg = f.Pkg, Sig = new Types.Signature(), Pos = f.Pos };
        var body = new LowFunction
        {
            LinkName = tree.LinkName,
            Pkg = f.Pkg,
            Pos = f.Pos,
            Locals = f.Locals,
            Slots = f.Slots,
            ResultTypes = f.ResultTypes,
            Entry = b,
            DisplayName = f.DisplayName ?? f.LinkName,
        };
        var call = new LowCall { Kind = LowCallKind.Direct, Func = tree, Tail = true, Pos = f.Pos, ResultTypes = f.ResultTypes };
        foreach (var l in live)
        {
            body.ParamLocals.Add(l);
            body.ParamTypes.Add(l.Type);
            call.Args.Add(new LowLocalRef { Local = l, Type = l.Type });
        }
        var ret = new LowReturn { Pos = f.Pos };
        foreach (var t in f.ResultTypes)
        {
            var r = f.NewLocal(t);
            call.Results.Add(r);
            ret.Values.Add(new LowLocalRef { Local = r, Type = t });
        }
        body.Blocks = Reachable(b);
        var last = new LowBlock { Instrs = { call }, Term = ret };
        // The spine may be reachable from the body (a loop to the start): the body then has its own copy of the last branch.
        foreach (var s in spine)
            if (body.Blocks.Contains(s))
                return null;
        var br2 = (LowBranch)spine[^1].Term;
        spine[^1].Term = new LowBranch
        {
            Cond = br2.Cond,
            Pos = br2.Pos,
            Then = ReferenceEquals(br2.Then, b) ? last : br2.Then,
            Else = ReferenceEquals(br2.Else, b) ? last : br2.Else,
        };
        f.Blocks = [.. spine, .. quick, last];
        return body;
    }

    /// <summary>Only cheap instructions without calls; they are taken off the budget.</summary>
    static bool Light(LowBlock b, ref int budget)
    {
        int left = budget;
        foreach (var i in b.Instrs)
            if (i is not (LowAssign or LowNilCheck or LowCheck or LowStore { Barrier: false }) || --left < 0 || UsesSlot(i))
                return false;
        budget = left;
        return true;
    }

    static bool UsesSlot(LowInstr i)
    {
        var u = new LowUses(0) { Ctx = new LowLocal { Id = 0 } };
        u.SlotProbe = true;
        u.Of(i);
        return u.SlotSeen;
    }

    /// <summary>From b only light blocks lead to a return.</summary>
    static bool Returns(LowBlock b, List<LowBlock> way, ref int budget)
    {
        int left = budget;
        var blocks = new List<LowBlock>();
        for (int n = 0; n < 3; n++)
        {
            if (b.LoopHeader || blocks.Contains(b) || !Light(b, ref left))
                return false;
            blocks.Add(b);
            if (b.Term is LowReturn r)
            {
                var u = new LowUses(0) { Ctx = new LowLocal { Id = 0 }, SlotProbe = true };
                u.Of(r);
                if (u.SlotSeen)
                    return false;
                budget = left;
                way.AddRange(blocks);
                return true;
            }
            if (b.Term is not LowJump j)
                return false;
            b = j.Target;
        }
        return false;
    }

    /// <summary>The rest is worth it: it contains something that needs a frame.</summary>
    static bool Heavy(LowBlock start, LowFunction f, Func<LowCall, CallInfo> classify)
    {
        if (f.Slots.Count > 0)
            return true;
        foreach (var b in Reachable(start))
            foreach (var i in b.Instrs)
                if (i is LowCall { NoReturn: false } c && classify(c).Effect is CallEffect.Safepoint or CallEffect.Moves)
                    return true;
        return false;
    }

    static List<LowBlock> Reachable(LowBlock start)
    {
        var list = new List<LowBlock> { start };
        var seen = new HashSet<LowBlock> { start };
        for (int i = 0; i < list.Count; i++)
            foreach (var s in LowUses.Successors(list[i].Term))
                if (seen.Add(s))
                    list.Add(s);
        return list;
    }

    /// <summary>Locals live at the start of b, in order of their ids.</summary>
    static List<LowLocal>? LiveAt(LowBlock start, LowFunction f)
    {
        var blocks = Reachable(start);
        int n = f.Locals.Count;
        if ((long)n * blocks.Count > 4_000_000)
            return null;
        var u = new LowUses(n) { Ctx = new LowLocal { Id = 0 }, SlotProbe = true };
        Dictionary<LowBlock, (BitSet Gen, BitSet Kill, BitSet In)> facts = [];
        foreach (var b in blocks)
        {
            BitSet gen = new(n), kill = new(n);
            u.Of(b.Term);
            foreach (int v in u.Uses)
                gen.Add(v);
            for (int i = b.Instrs.Count - 1; i >= 0; i--)
            {
                u.Of(b.Instrs[i]);
                foreach (var d in u.Defs)
                {
                    gen.Remove(d.Id);
                    kill.Add(d.Id);
                }
                foreach (int v in u.Uses)
                    gen.Add(v);
            }
            facts[b] = (gen, kill, gen.Copy());
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = blocks.Count - 1; i >= 0; i--)
            {
                var (gen, kill, live) = facts[blocks[i]];
                var o = new BitSet(n);
                foreach (var s in LowUses.Successors(blocks[i].Term))
                    o.Or(facts[s].In);
                o.AndNot(kill);
                o.Or(gen);
                changed |= live.Or(o);
            }
        }
        var result = new List<LowLocal>();
        var at = facts[start].In;
        for (int v = at.Next(0); v >= 0; v = at.Next(v + 1))
            result.Add(f.Locals[v]);
        return result;
    }
}

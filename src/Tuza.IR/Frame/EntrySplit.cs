// Splits the quick way through a function off: `if n < 2 { return n }` in front of a long body, `if b.full() { b.grow() }` on a way that calls nothing else.
//
// Most calls of many functions take a way that needs no frame. With a frame, such a call pays for the
// prologue and for saving registers it does not need. So the function F is cut in two:
//   F      the quick ways to a return, without a frame; where it leaves them it ends in a call of F-body, whose results are F's
//   F-body the rest; its parameters are the locals that are live where it begins
//
// Spine. The first tests lead to returns, and that is little code: the JIT inlines F into its callers, so that the quick way costs no call at all.
// The spine is made of first blocks; each ends in a branch of which one side soon returns.
// Ways. Otherwise F keeps all blocks that need no frame and from which a return is reached through such blocks alone. What they lead to begins a body each
// (F-body2, F-body3); .NET compiles one when it is called first. A way back from a body to a block that leaves F would be a loop, which is not cut.
//
// The functions share their Locals and Slots lists, and may share blocks (they are emitted twice).

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class EntrySplit
{
    /// <summary>With a character that no name in Go has, so that it is nobody's method; ASCII, as profilers want names.</summary>
    public const string BodySuffix = "-body";

    /// <summary>The spine and the returns together must stay cheap to copy into callers.</summary>
    const int MaxInstrs = 12, MaxSpine = 3, MaxIntArgs = 6, MaxFloatArgs = 8;
    /// <summary>Ways: so much without a frame, in so many bodies, that repeat no more than what the function has, and a little.</summary>
    const int MaxWayInstrs = 48, MaxBodies = 3, MaxRepeated = 24;

    /// <summary>Cuts f and returns the new body functions; none: f is left as it is. Inline: f is worth a copy in its callers.</summary>
    public static List<LowFunction> Run(LowFunction f, Func<LowCall, CallInfo> classify, out bool inline)
    {
        inline = false;
        if (f.HasCtx || f.DeferReturn != null || f.Nosplit || f.Room != 0 || f.IsWrapper)
            return [];
        if (Spine(f, classify) is { } body)
        {
            inline = true;
            return [body];
        }
        return Ways(f, classify);
    }

    // ---- the spine

    static LowFunction? Spine(LowFunction f, Func<LowCall, CallInfo> classify)
    {
        if (f.Entry.Term is not LowBranch)
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
        // The spine may be reachable from the body (a loop to the start): the body then has its own copy of the last branch.
        var rest = Reachable(b);
        foreach (var s in spine)
            if (rest.Contains(s))
                return null;
        if (Begin(f, b, rest, BodySuffix) is not var (body, last))
            return null;
        Lead(spine[^1], b, last);
        f.Blocks = [.. spine, .. quick, last];
        return body;
    }

    /// <summary>The function that begins at the block, and the block that calls it and returns.</summary>
    static (LowFunction Body, LowBlock Call)? Begin(LowFunction f, LowBlock start, List<LowBlock> blocks, string suffix)
    {
        if (LiveAt(start, f) is not { } live)
            return null;
        int ints = 1, floats = 0;
        foreach (var l in live)
            if (l.Type is LowType.F32 or LowType.F64)
                floats++;
            else
                ints++;
        if (ints > MaxIntArgs || floats > MaxFloatArgs)
            return null;
        var tree = new Function { LinkName = f.LinkName + suffix, ShortName = f.LinkName, Pkg = f.Pkg, Sig = new Types.Signature(), Pos = f.Pos };
        var body = new LowFunction
        {
            LinkName = tree.LinkName,
            Pkg = f.Pkg,
            Pos = f.Pos,
            Locals = f.Locals,
            Slots = f.Slots,
            ResultTypes = f.ResultTypes,
            Entry = start,
            Blocks = blocks,
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
        return (body, new LowBlock { Instrs = { call }, Term = ret });
    }

    /// <summary>Gives the block a terminator of its own that leads to another block in place of one.</summary>
    static void Lead(LowBlock b, LowBlock from, LowBlock to)
    {
        LowBlock Of(LowBlock x) => ReferenceEquals(x, from) ? to : x;
        b.Term = b.Term switch
        {
            LowBranch t => new LowBranch { Cond = t.Cond, Pos = t.Pos, Then = Of(t.Then), Else = Of(t.Else), ThenUnlikely = t.ThenUnlikely },
            LowJump t => new LowJump { Pos = t.Pos, Target = Of(t.Target) },
            LowSwitch t => new LowSwitch { Value = t.Value, Pos = t.Pos, Targets = t.Targets.ConvertAll(Of), Default = Of(t.Default) },
            var t => t,
        };
    }

    // ---- ways

    static List<LowFunction> Ways(LowFunction f, Func<LowCall, CallInfo> classify)
    {
        if (!NeedsNoFrame(f.Entry, classify))
            return [];
        var light = new List<LowBlock> { f.Entry };
        var seen = new HashSet<LowBlock> { f.Entry };
        int size = 0;
        for (int i = 0; i < light.Count; i++)
        {
            foreach (var s in LowUses.Successors(light[i].Term))
                if (seen.Add(s) && NeedsNoFrame(s, classify))
                    light.Add(s);
        }
        if (light.Count == seen.Count)
            return []; // no frame at all
        // Kept are the blocks from which a return is reached, and those that can only panic.
        HashSet<LowBlock> kept = [], ends = [];
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var b in light)
            {
                bool any = b.Term is LowReturn, all = b.Term is not LowReturn;
                foreach (var s in LowUses.Successors(b.Term))
                {
                    any |= kept.Contains(s);
                    all &= ends.Contains(s);
                }
                changed |= any && kept.Add(b) || all && ends.Add(b);
            }
        }
        if (!kept.Contains(f.Entry))
            return [];
        kept.UnionWith(ends);
        var blocks = new List<LowBlock> { f.Entry };
        var targets = new List<LowBlock>();
        var leaving = new List<(LowBlock From, LowBlock To)>();
        for (int i = 0; i < blocks.Count; i++)
        {
            size += blocks[i].Instrs.Count;
            foreach (var s in LowUses.Successors(blocks[i].Term))
                if (!kept.Contains(s))
                {
                    if (!targets.Contains(s))
                        targets.Add(s);
                    if (!leaving.Contains((blocks[i], s)))
                        leaving.Add((blocks[i], s));
                }
                else if (!blocks.Contains(s))
                    blocks.Add(s);
        }
        if (targets.Count is 0 or > MaxBodies || size > MaxWayInstrs)
            return [];
        var rests = targets.ConvertAll(Reachable);
        int repeated = 0;
        var counted = new HashSet<LowBlock>();
        foreach (var rest in rests)
        {
            foreach (var (from, _) in leaving)
                if (rest.Contains(from))
                    return [];
            foreach (var b in rest)
                if (!counted.Add(b))
                    repeated += b.Instrs.Count;
        }
        if (repeated > MaxRepeated + size)
            return [];
        var bodies = new List<LowFunction>();
        var calls = new List<LowBlock>();
        for (int i = 0; i < targets.Count; i++)
        {
            if (Begin(f, targets[i], rests[i], i == 0 ? BodySuffix : BodySuffix + (i + 1)) is not var (body, call))
                return [];
            bodies.Add(body);
            calls.Add(call);
        }
        foreach (var (from, to) in leaving)
            Lead(from, to, calls[targets.IndexOf(to)]);
        f.Blocks = [.. blocks, .. calls];
        return bodies;
    }

    static bool NeedsNoFrame(LowBlock b, Func<LowCall, CallInfo> classify)
    {
        if (b.LoopHeader)
            return false;
        foreach (var i in b.Instrs)
            if (i is LowZeroSlot or LowCopy { BarrierType: not null } or LowZero { BarrierType: not null } || UsesSlot(i)
                || i is LowCall { NoReturn: false } c && classify(c).Effect != CallEffect.None)
                return false;
        var u = new LowUses(0) { Ctx = new LowLocal { Id = 0 }, SlotProbe = true };
        u.Of(b.Term);
        return !u.SlotSeen;
    }

    // ---- parts

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

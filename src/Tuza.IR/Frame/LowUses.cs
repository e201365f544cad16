// Which locals and slots an instruction reads and writes. Sets are over "variables": locals by id, then slots at SlotBase + id.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

/// <summary>Facts about one instruction; the object is reused from instruction to instruction.</summary>
sealed class LowUses(int slotBase)
{
    public int SlotBase { get; } = slotBase;
    /// <summary>Variables read.</summary>
    public readonly List<int> Uses = [];
    /// <summary>Locals written.</summary>
    public readonly List<LowLocal> Defs = [];
    /// <summary>Slots written: range from Offset, Size bytes (Size &lt; 0: unknown part).</summary>
    public readonly List<(LowSlot Slot, long Offset, long Size)> SlotDefs = [];
    /// <summary>Slots handed to a call as input or output.</summary>
    public readonly List<LowSlot> SlotArgs = [];
    /// <summary>Slots whose address goes where it is lost.</summary>
    public readonly List<LowSlot> Escapes = [];
    public LowLocal? Ctx;
    /// <summary>Slots are only noticed (SlotSeen), not listed among Uses.</summary>
    public bool SlotProbe;
    public bool SlotSeen;

    void UseSlot(LowSlot s)
    {
        SlotSeen = true;
        if (!SlotProbe)
            Uses.Add(SlotBase + s.Id);
    }

    public void Of(LowInstr instr)
    {
        Uses.Clear();
        Defs.Clear();
        SlotDefs.Clear();
        SlotArgs.Clear();
        Escapes.Clear();
        switch (instr)
        {
            case LowAssign a:
                Value(a.Value);
                Defs.Add(a.Local);
                break;
            case LowStore s:
                Value(s.Value);
                Dest(s.Addr, s.Offset, SizeOf(s.StoreType));
                break;
            case LowCopy c:
                Value(c.Size);
                Address(c.Src);
                Dest(c.Dst, 0, c.Size is LowConst k ? k.Bits : -1);
                break;
            case LowZero z:
                Value(z.Size);
                Dest(z.Dst, 0, z.Size is LowConst zk ? zk.Bits : -1);
                break;
            case LowZeroSlot z:
                SlotSeen = true;
                SlotDefs.Add((z.Slot, 0, z.Slot.Size));
                break;
            case LowNilCheck n:
                Value(n.Ptr);
                break;
            case LowCheck c:
                Value(c.Cond);
                foreach (var a in c.Args)
                    Value(a);
                break;
            case LowAtomic a:
                Address(a.Addr);
                foreach (var x in a.Args)
                    Value(x);
                if (a.Result != null)
                    Defs.Add(a.Result);
                break;
            case LowCall c:
                if (c.Target != null)
                    Value(c.Target);
                for (int i = 0; i < c.Args.Count; i++)
                {
                    if (SlotBaseOf(c.Args[i], out _) is not { } s)
                        Value(c.Args[i]);
                    else if (i < c.MemResults && c.Args[i] is LowSlotAddr { Offset: 0 })
                        SlotDefs.Add((s, 0, s.Size));
                    else
                    {
                        Address(c.Args[i]);
                        SlotArgs.Add(s);
                    }
                }
                foreach (var r in c.Results)
                    if (r != null)
                        Defs.Add(r);
                break;
            default:
                throw new InvalidOperationException($"frame: unknown instruction {instr.GetType().Name}");
        }
    }

    public void Of(LowTerm term)
    {
        Uses.Clear();
        Defs.Clear();
        SlotDefs.Clear();
        SlotArgs.Clear();
        Escapes.Clear();
        switch (term)
        {
            case LowBranch b: Value(b.Cond); break;
            case LowSwitch s: Value(s.Value); break;
            case LowReturn r:
                foreach (var v in r.Values)
                    Value(v);
                break;
        }
    }

    /// <summary>The slot whose address e is, with a constant offset (-1: a variable one); null if e is no slot address.</summary>
    public static LowSlot? SlotBaseOf(LowExpr e, out long offset)
    {
        offset = 0;
        switch (e)
        {
            case LowSlotAddr s:
                offset = s.Offset;
                return s.Slot;
            case LowBin { Op: LowOp.Add, A: var a, B: var b }:
                var slot = SlotBaseOf(a, out long o);
                offset = slot != null && o >= 0 && b is LowConst c ? o + c.Bits : -1;
                return slot;
            default:
                return null;
        }
    }

    void Dest(LowExpr addr, long offset, long size)
    {
        if (SlotBaseOf(addr, out long o) is not { } slot)
        {
            Value(addr);
            return;
        }
        SlotSeen = true;
        SlotDefs.Add((slot, o + offset, o < 0 ? -1 : size));
        for (var e = addr; e is LowBin b; e = b.A)
            Value(b.B!);
    }

    /// <summary>An expression used as an address to read from.</summary>
    void Address(LowExpr e)
    {
        if (SlotBaseOf(e, out _) is not { } slot)
        {
            Value(e);
            return;
        }
        UseSlot(slot);
        for (; e is LowBin b; e = b.A)
            Value(b.B!);
    }

    void Value(LowExpr e)
    {
        switch (e)
        {
            case LowLocalRef l: Uses.Add(l.Local.Id); break;
            case LowFrameToken: SlotSeen = true; break;
            case LowCtx: Uses.Add(Ctx!.Id); break;
            case LowBin b:
                Value(b.A);
                if (b.B != null)
                    Value(b.B);
                if (b.C != null)
                    Value(b.C);
                break;
            case LowConv c: Value(c.A); break;
            case LowLoad l: Address(l.Addr); break;
            case LowSelect s: Value(s.Cond); Value(s.A); Value(s.B); break;
            case LowSlotAddr s:
                UseSlot(s.Slot);
                Escapes.Add(s.Slot);
                break;
        }
    }

    public static int SizeOf(LowType t) => t switch
    {
        LowType.I8 or LowType.U8 => 1,
        LowType.I16 or LowType.U16 => 2,
        LowType.I32 or LowType.U32 or LowType.F32 => 4,
        _ => 8,
    };

    public static IEnumerable<LowBlock> Successors(LowTerm t)
    {
        switch (t)
        {
            case LowJump j:
                yield return j.Target;
                break;
            case LowBranch b:
                yield return b.Then;
                yield return b.Else;
                break;
            case LowSwitch s:
                foreach (var x in s.Targets)
                    yield return x;
                yield return s.Default;
                break;
        }
    }

    public static bool UsesCtx(LowFunction f)
    {
        foreach (var b in f.Blocks)
        {
            foreach (var i in b.Instrs)
                if (InInstr(i))
                    return true;
            if (b.Term is LowBranch br && InExpr(br.Cond) || b.Term is LowSwitch s && InExpr(s.Value) || b.Term is LowReturn r && r.Values.Exists(InExpr))
                return true;
        }
        return false;
    }

    static bool InInstr(LowInstr i) => i switch
    {
        LowAssign a => InExpr(a.Value),
        LowStore s => InExpr(s.Addr) || InExpr(s.Value),
        LowCopy c => InExpr(c.Dst) || InExpr(c.Src) || InExpr(c.Size),
        LowZero z => InExpr(z.Dst) || InExpr(z.Size),
        LowNilCheck n => InExpr(n.Ptr),
        LowCheck c => InExpr(c.Cond) || c.Args.Exists(InExpr),
        LowAtomic a => InExpr(a.Addr) || a.Args.Exists(InExpr),
        LowCall c => c.Target != null && InExpr(c.Target) || c.Args.Exists(InExpr),
        _ => false,
    };

    static bool InExpr(LowExpr e) => e switch
    {
        LowCtx => true,
        LowBin b => InExpr(b.A) || b.B != null && InExpr(b.B) || b.C != null && InExpr(b.C),
        LowConv c => InExpr(c.A),
        LowLoad l => InExpr(l.Addr),
        LowSelect s => InExpr(s.Cond) || InExpr(s.A) || InExpr(s.B),
        _ => false,
    };
}

// Stores into objects that nobody else can know yet have no write barrier: `n := new(node); n.next = head`.
//
// From the allocation to the next call of its block an object belongs to this goroutine alone as long as its pointer is only copied to other locals:
// no safepoint lies between, so no cycle begins or ends there, and the collector has not seen the object. What such a store overwrites was never in
// a snapshot, and what it writes is found where the object is. The locals that hold the pointer are one group; it ends at a call, and when the pointer
// goes anywhere but into a local or the address of a store.
//
// Literals need no such search: see AddrKind.Fresh.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class FreshStores
{
    // The objects of the block that are still ours, by the locals that hold them: a number each.
    readonly Dictionary<LowLocal, int> _fresh = new(ReferenceEqualityComparer.Instance);
    int _count;

    public static void Run(LowFunction f)
    {
        FreshStores pass = new();
        foreach (LowBlock b in f.Blocks)
        {
            pass._fresh.Clear();
            foreach (LowInstr i in b.Instrs)
                pass.Visit(i);
        }
    }

    void Visit(LowInstr instr)
    {
        if (instr is LowCall call)
        {
            _fresh.Clear();
            if (call is { Symbol: "runtime.newobject", Results: [{ } result, ..] })
                _fresh[result] = ++_count;
            return;
        }
        if (_fresh.Count == 0)
            return;
        switch (instr)
        {
            case LowAssign { Value: LowLocalRef r } a when _fresh.TryGetValue(r.Local, out int group):
                _fresh[a.Local] = group;
                break;
            case LowAssign a:
                Lose(a.Value);
                _fresh.Remove(a.Local);
                break;
            case LowStore s:
                if (IsFresh(s.Addr))
                    s.Barrier = false;
                Lose(s.Value);
                break;
            case LowCopy c:
                if (IsFresh(c.Dst))
                    c.BarrierType = null;
                Lose(c.Src);
                break;
            case LowZero z:
                if (IsFresh(z.Dst))
                    z.BarrierType = null;
                break;
            case LowZeroSlot or LowNilCheck or LowCheck: // what a panic is given matters to nobody here
                break;
            default:
                _fresh.Clear();
                break;
        }
    }

    /// <summary>An address within one of the objects.</summary>
    bool IsFresh(LowExpr address) => address switch
    {
        LowLocalRef r => _fresh.ContainsKey(r.Local),
        LowBin { Op: LowOp.Add, Type: LowType.Ptr } sum => IsFresh(sum.A),
        _ => false,
    };

    /// <summary>Objects whose pointer this value may hold are known to others from now on.</summary>
    void Lose(LowExpr value)
    {
        _ = L.Any(value, e =>
        {
            if (e is LowLocalRef r && _fresh.TryGetValue(r.Local, out int group))
            {
                List<LowLocal> known = [];
                foreach ((LowLocal local, int g) in _fresh)
                {
                    if (g == group)
                        known.Add(local);
                }
                known.ForEach(l => _fresh.Remove(l));
            }
            return false;
        });
    }
}

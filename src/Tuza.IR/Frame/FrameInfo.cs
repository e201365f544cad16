// What Emit must know of a function's Go frame: its layout, its safepoint sites, and which definitions are stored to a home.
// Made by FrameBuilder; docs/ARCHITECTURE.md section 3 has the picture of a frame.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

/// <summary>What a call may do to its caller's frame. Each includes the ones before; NoReturn also never comes back.</summary>
public enum CallEffect : byte { None, Safepoint, Moves, NoReturn }

public enum SiteKind : byte { Entry, DeferReturn, Call, Poll, Panic }

/// <summary>A safepoint. Where it may park (Resumable) the resume body has an entry for it.</summary>
public sealed class FrameSite
{
    public int Id;
    public SiteKind Kind;
    public Pos Pos;
    public LowCall? Call;
    /// <summary>Kind Poll: the loop header. Kind DeferReturn: the block to go on with.</summary>
    public LowBlock? Block;
    public CallEffect Effect;
    /// <summary>Pointer locals live after it; each has a home.</summary>
    public List<LowLocal> Ptrs = [];
    /// <summary>Other locals live after it; the i-th is saved in the i-th word of the save area when unwinding.</summary>
    public List<LowLocal> Scalars = [];
    /// <summary>Word indices of the frame (from fp) that hold pointers.</summary>
    public List<int> PtrWords = [];
    /// <summary>Parts of the frame that live if a live pointer leads to them, by offset; and their words that hold pointers.</summary>
    public List<(int Offset, int Size)> Objects = [];
    public List<int> ObjectWords = [];
    /// <summary>Slots live after it.</summary>
    public List<LowSlot> Slots = [];
    /// <summary>Call in an unlikely block: it stores the pointers it wants itself, so that definitions on the usual way need not.</summary>
    public bool StoresHomes;
    /// <summary>What such a call stores: the pointers whose homes are not valid already.</summary>
    public List<LowLocal> HomesToStore = [];
    /// <summary>The whole header must be written; otherwise the function id is known to be there already.</summary>
    public bool FullHeader = true;
    public bool Resumable => Kind is SiteKind.Entry or SiteKind.DeferReturn or SiteKind.Poll || (Kind == SiteKind.Call && Effect == CallEffect.Moves);
}

public sealed class FrameInfo
{
    public const int MinFrameBytes = 16;
    /// <summary>More pointer parameters than this cannot be handed over to the stack's slow path (G.Args).</summary>
    public const int MaxPtrParams = 64;

    public required LowFunction Function;
    /// <summary>False: no prologue, nothing to resume; panics push a minimal frame of MinFrameBytes.</summary>
    public bool HasFrame;
    public int FrameBytes;
    /// <summary>Indexed by site id; entries 0 and 1 exist only for functions with a frame (1: only with defer), else null.</summary>
    public List<FrameSite?> Sites = [];
    public Dictionary<LowInstr, FrameSite> SiteOf = [];
    public Dictionary<LowBlock, FrameSite> PollOf = [];
    /// <summary>Headers of the loops around a resumable site, the outermost first; sites in no loop, or in one with several entries, are left out.</summary>
    public Dictionary<FrameSite, List<LowBlock>> LoopsAround = [];
    /// <summary>A wrapper's last call, that returns what it returns: made without a frame.</summary>
    public HashSet<LowCall> TailCalls = [];
    /// <summary>Offset from fp of each pointer local's home, by local id; 0 = none.</summary>
    public int[] Home = [];
    public int SaveAreaOffset;
    /// <summary>Offset from fp of each slot, by slot id; 0 = unused slot.</summary>
    public long[] SlotOffset = [];
    /// <summary>Byte ranges of the frame to be zeroed in the prologue.</summary>
    public List<(int Offset, int Size)> ZeroAtEntry = [];
    /// <summary>Parameters stored to their homes in the prologue; uninitialised locals to be given zero there.</summary>
    public List<LowLocal> StoreAtEntry = [];
    public List<LowLocal> ZeroLocals = [];
    /// <summary>Definitions that are stored to the local's home: the instruction, and for calls each result separately.</summary>
    public HashSet<(LowInstr, LowLocal)> HomeStores = [];
    /// <summary>Of each store with a barrier: the locals that are read by it or behind it, which the way through the barrier's call has to keep.</summary>
    public Dictionary<LowStore, List<LowLocal>> LiveAtBarrier = [];
    /// <summary>Blocks in emission order, the entry first; unreachable ones are left out.</summary>
    public List<LowBlock> Order = [];
    /// <summary>The closure context as a local, or null when unused.</summary>
    public LowLocal? Ctx;
    /// <summary>Touches nothing that its callers would have to protect: no safepoint, no panic.</summary>
    public bool IsPure;
}

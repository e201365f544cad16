// Computes a function's Go frame: which calls are safepoints, what is live there, where it is kept.
//
// Steps
//  1. Order blocks; find slots whose address escapes; find the sites (calls with an effect, polls, panics).
//     A function whose only sites are panics, and that uses no slot, has no frame and is done.
//  2. Liveness of locals and slots, backwards. A call that may panic has an edge to the DeferReturn block.
//  3. Homes. A pointer local live across a safepoint call is stored to its home when it is defined, but only where a safepoint that
//     wants it can follow (set Wanted). Polls and the entry store what they want in their cold path. Two locals interfere when one
//     is stored (or wanted at a poll or at the entry) while the other's home is wanted; interfering locals get different homes.
//     A call in an unlikely block stores what it wants itself, just before it.
//  4. Slots. A slot lives from its first touch to its last mention. Slots that do not live at the same time share memory, except those
//     whose address escapes: their memory is theirs to the end. A word of a slot is in a site's map if the slot is live and the word has been
//     written on every path; where that cannot be shown, the slot is zeroed in the prologue and counts as written from there on.
//     Why maps never show stale words: between the write and the site the slot is live all the way, hence in all maps between.
//     Stack objects. A slot of which pointers may exist, but which is mentioned no more, lives while such a pointer lives. At a site it is listed as an
//     object; who scans the stack looks into it when a live word points to it (StackTracer). The same holds for arguments in memory, during the
//     call: the callee's pointer keeps them alive. What is neither live nor pointed to can only come back to life by being written anew.
//     Pointers for results in memory do not count as mentions by the program, but look the same: an addressed slot that a call fills is live until then.
//  5. Layout and maps.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.IR;

/// <summary>How a call behaves. Native: implemented in C#, which holds its pointer arguments only natively, so that the caller keeps them alive.</summary>
public readonly record struct CallInfo(CallEffect Effect, bool Native);

public sealed partial class FrameBuilder
{
    readonly LowFunction _f;
    readonly Func<LowCall, CallInfo> _classify;
    readonly FrameInfo _info;
    readonly LowUses _u;
    readonly Dictionary<LowCall, CallInfo> _calls = [];
    readonly HashSet<LowLocal> _params;
    readonly int _slotBase, _vars;
    BitSet[] _liveIn = [], _liveOut = [];
    /// <summary>Variables live at the DeferReturn block, live therefore at every site that may panic.</summary>
    BitSet? _deferLive;
    /// <summary>Slots mentioned at the sites (in addition to locals): by site.</summary>

    FrameBuilder(LowFunction f, Func<LowCall, CallInfo> classify)
    {
        _f = f;
        _classify = classify;
        _info = new FrameInfo { Function = f };
        _params = [.. f.ParamLocals];
        if (LowUses.UsesCtx(f))
            _info.Ctx = f.NewLocal(LowType.Ptr, "ctx");
        Hoist();
        _slotBase = f.Locals.Count;
        _vars = _slotBase + f.Slots.Count;
        _u = new LowUses(_slotBase) { Ctx = _info.Ctx };
    }

    public static FrameInfo Build(LowFunction f, Func<LowCall, CallInfo> classify)
    {
        try
        {
            var b = new FrameBuilder(f, classify);
            b.Run();
            return b._info;
        }
        catch (Exception e) when (e is not InvalidOperationException { Source: nameof(FrameBuilder) })
        {
            throw new InvalidOperationException($"frame: {f.LinkName}: {e.Message}", e) { Source = nameof(FrameBuilder) };
        }
    }

    void Run()
    {
        if (!FindSites())
            return;
        _info.HasFrame = true;
        _info.Home = new int[_f.Locals.Count];
        _info.SlotOffset = new long[_f.Slots.Count];
        Liveness();
        SiteLiveness();
        int homes = AssignHomes();
        SlotFlow();
        Layout(homes);
        HeaderFlow();
        Maps();
        FindLoops();
    }

    void FindLoops()
    {
        if (!_info.Sites.Exists(static s => s is { Resumable: true, Kind: SiteKind.Call or SiteKind.Poll }))
            return;
        var loops = new Loops(_f).All;
        for (int i = 0; i < _info.Order.Count; i++)
            _info.Order[i].Id = i;
        loops.Sort(static (a, b) => (b.Blocks?.Count ?? int.MaxValue).CompareTo(a.Blocks?.Count ?? int.MaxValue));
        if (loops.Count == 0 || loops[0].Blocks == null)
            return;
        foreach (var b in _info.Order)
        {
            var around = loops.FindAll(l => l.Blocks!.Contains(b)).ConvertAll(static l => l.Header);
            if (around.Count == 0)
                continue;
            if (_info.PollOf.TryGetValue(b, out var poll))
                _info.LoopsAround.Add(poll, around);
            foreach (var i in b.Instrs)
                if (_info.SiteOf.TryGetValue(i, out var s) && s.Resumable)
                    _info.LoopsAround.TryAdd(s, around);
        }
    }

    static bool Tracked(LowLocal l) => l.Type == LowType.Ptr && !l.NotTracked;

    /// <summary>Pointer arguments of C# functions must lie in locals, because the site keeps them alive.</summary>
    void Hoist()
    {
        foreach (var b in _f.Blocks)
        {
            List<LowInstr>? copy = null;
            for (int i = 0; i < b.Instrs.Count; i++)
            {
                var instr = b.Instrs[i];
                if (instr is LowCall call)
                {
                    var ci = _classify(call);
                    if (call.NoReturn)
                        ci = ci with { Effect = CallEffect.NoReturn };
                    _calls[call] = ci;
                    if (ci is { Native: true, Effect: CallEffect.Safepoint or CallEffect.Moves })
                        for (int k = 0; k < call.Args.Count; k++)
                            if (call.Args[k] is { Type: LowType.Ptr } a and (LowLoad or LowBin or LowSelect or LowConv) && LowUses.SlotBaseOf(a, out _) == null)
                            {
                                if (copy == null)
                                {
                                    copy = [];
                                    for (int j = 0; j < i; j++)
                                        copy.Add(b.Instrs[j]);
                                }
                                var t = _f.NewLocal(LowType.Ptr);
                                copy.Add(new LowAssign { Local = t, Value = a, Pos = call.Pos });
                                call.Args[k] = new LowLocalRef { Local = t, Type = LowType.Ptr };
                            }
                }
                copy?.Add(instr);
            }
            if (copy != null)
                b.Instrs = copy;
        }
    }

    // ---- 1. order and sites

    /// <summary>Reverse postorder; the else side (usually the way out of a loop) is placed after the then side, unlikely blocks last.</summary>
    void OrderBlocks()
    {
        var seen = new HashSet<LowBlock>();
        var post = new List<LowBlock>();
        var stack = new Stack<(LowBlock, List<LowBlock>, int)>();
        void Push(LowBlock b)
        {
            if (!seen.Add(b))
                return;
            List<LowBlock> succ;
            if (b.Term is LowBranch { ThenUnlikely: true } u)
                succ = [u.Then, u.Else];
            else if (b.Term is LowBranch br)
                succ = [br.Else, br.Then];
            else
            {
                succ = [.. LowUses.Successors(b.Term)];
                succ.Reverse();
            }
            stack.Push((b, succ, 0));
        }
        void Walk(LowBlock root)
        {
            Push(root);
            while (stack.TryPop(out var top))
            {
                var (b, succ, i) = top;
                if (i == succ.Count)
                    post.Add(b);
                else
                {
                    stack.Push((b, succ, i + 1));
                    Push(succ[i]);
                }
            }
        }
        if (_f.DeferReturn != null)
            Walk(_f.DeferReturn);
        Walk(_f.Entry);
        post.Reverse();
        _info.Order = post;
        for (int i = 0; i < post.Count; i++)
            post[i].Id = i;
    }

    FrameSite AddSite(SiteKind kind, CallEffect effect, Syntax.Pos pos)
    {
        var s = new FrameSite { Id = _info.Sites.Count, Kind = kind, Effect = effect, Pos = pos };
        _info.Sites.Add(s);
        return s;
    }

    /// <summary>False if the function needs no frame.</summary>
    bool FindSites()
    {
        OrderBlocks();
        bool slots = false, tails = false, hard = _f.DeferReturn != null;
        foreach (var b in _info.Order)
        {
            for (int i = 0; i < b.Instrs.Count; i++)
            {
                var instr = b.Instrs[i];
                _u.Of(instr);
                slots |= _u.SlotDefs.Count > 0 || _u.SlotArgs.Count > 0;
                foreach (int v in _u.Uses)
                    slots |= v >= _slotBase;
                foreach (var s in _u.Escapes)
                    s.AddrTaken = true;
                if (instr is LowCall call && _calls[call].Effect is CallEffect.Safepoint or CallEffect.Moves)
                {
                    if (IsTail(b, i))
                        tails = true;
                    else
                        hard = true;
                }
            }
            _u.Of(b.Term);
            foreach (int v in _u.Uses)
                slots |= v >= _slotBase;
            foreach (var s in _u.Escapes)
                s.AddrTaken = true;
            hard |= b.LoopHeader && !_f.Nosplit;
        }
        bool frame = hard || slots;
        if (frame)
        {
            _info.Sites.Add(null);
            _info.Sites.Add(null);
            if (!_f.Nosplit)
                _info.Sites[SiteIds.Entry] = new FrameSite { Id = SiteIds.Entry, Kind = SiteKind.Entry, Effect = CallEffect.Moves, Pos = _f.Pos };
            if (_f.DeferReturn != null)
                _info.Sites[SiteIds.DeferReturn] = new FrameSite { Id = SiteIds.DeferReturn, Kind = SiteKind.DeferReturn, Effect = CallEffect.Moves, Pos = _f.Pos, Block = _f.DeferReturn };
        }
        else
        {
            _info.FrameBytes = FrameInfo.MinFrameBytes;
            if (tails)
                foreach (var b in _info.Order)
                    for (int i = 0; i < b.Instrs.Count; i++)
                        if (b.Instrs[i] is LowCall c && _calls[c].Effect is CallEffect.Safepoint or CallEffect.Moves)
                            _info.TailCalls.Add(c);
            // Site numbers 0 and 1 have fixed meanings.
            _info.Sites.Add(null);
            _info.Sites.Add(null);
        }
        var panics = new Dictionary<int, FrameSite>();
        foreach (var b in _info.Order)
        {
            if (b.LoopHeader && frame && !_f.Nosplit)
            {
                var s = AddSite(SiteKind.Poll, CallEffect.Moves, b.Instrs.Count > 0 ? b.Instrs[0].Pos : b.Term.Pos);
                s.Block = b;
                _info.PollOf.Add(b, s);
            }
            foreach (var instr in b.Instrs)
                switch (instr)
                {
                    case LowCall call when _calls[call].Effect != CallEffect.None && !_info.TailCalls.Contains(call):
                        var s = AddSite(_calls[call].Effect == CallEffect.NoReturn ? SiteKind.Panic : SiteKind.Call, _calls[call].Effect, call.Pos);
                        s.Call = call;
                        _info.SiteOf.Add(call, s);
                        break;
                    case LowCheck or LowNilCheck when !frame:
                        // Without a frame nothing but the line distinguishes panics.
                        int line = Positions.Resolve(instr.Pos).Line;
                        if (!panics.TryGetValue(line, out var p))
                            panics.Add(line, p = AddSite(SiteKind.Panic, CallEffect.NoReturn, instr.Pos));
                        _info.SiteOf.Add(instr, p);
                        break;
                    case LowCheck or LowNilCheck:
                        _info.SiteOf.Add(instr, AddSite(SiteKind.Panic, CallEffect.NoReturn, instr.Pos));
                        break;
                }
        }
        _info.IsPure = !frame && _info.Sites.Count == SiteIds.FirstCall && !tails;
        return frame;
    }

    /// <summary>A call (a wrapper's own, or one marked so) whose results are returned as they are, and that is handed nothing of the frame.</summary>
    bool IsTail(LowBlock b, int i)
    {
        if (b.Instrs[i] is not LowCall call || !(call.Tail || _f.IsWrapper && call.Pos.Inlined == null) || _f.DeferReturn != null || i != b.Instrs.Count - 1 || b.Term is not LowReturn ret)
            return false;
        if (call.NoReturn || ret.Values.Count != call.ResultTypes.Count || call.Results.Count != ret.Values.Count || ret.Values.Count != _f.ResultTypes.Count)
            return false;
        for (int k = 0; k < ret.Values.Count; k++)
            if (ret.Values[k] is not LowLocalRef l || !ReferenceEquals(l.Local, call.Results[k]) || call.ResultTypes[k] != _f.ResultTypes[k])
                return false;
        return true;
    }

    // ---- 2. liveness

    void Liveness()
    {
        int n = _info.Order.Count;
        _liveIn = new BitSet[n];
        _liveOut = new BitSet[n];
        var gen = new BitSet[n];
        var kill = new BitSet[n];
        var panics = new bool[n];
        foreach (var b in _info.Order)
        {
            var g = new BitSet(_vars);
            var k = new BitSet(_vars);
            _u.Of(b.Term);
            foreach (int v in _u.Uses)
                g.Add(v);
            for (int i = b.Instrs.Count - 1; i >= 0; i--)
            {
                var instr = b.Instrs[i];
                _u.Of(instr);
                if (_info.SiteOf.TryGetValue(instr, out var site))
                    panics[b.Id] |= site.Effect >= CallEffect.Moves;
                foreach (var d in _u.Defs)
                {
                    g.Remove(d.Id);
                    k.Add(d.Id);
                }
                foreach (var (s, off, size) in _u.SlotDefs)
                    if (off == 0 && size == s.Size && Kills(instr, s))
                    {
                        g.Remove(_slotBase + s.Id);
                        k.Add(_slotBase + s.Id);
                    }
                KeepArgs(instr, g);
                foreach (int v in _u.Uses)
                    g.Add(v);
            }
            gen[b.Id] = g;
            kill[b.Id] = k;
            _liveIn[b.Id] = new BitSet(_vars);
            _liveOut[b.Id] = new BitSet(_vars);
        }
        var tmp = new BitSet(_vars);
        for (bool changed = true; changed;)
        {
            changed = false;
            if (_f.DeferReturn != null)
            {
                _deferLive ??= new BitSet(_vars);
                changed |= _deferLive.Or(_liveIn[_f.DeferReturn.Id]);
            }
            for (int i = n - 1; i >= 0; i--)
            {
                var b = _info.Order[i];
                var o = _liveOut[b.Id];
                foreach (var s in LowUses.Successors(b.Term))
                    o.Or(_liveIn[s.Id]);
                tmp.Set(o);
                tmp.AndNot(kill[b.Id]);
                tmp.Or(gen[b.Id]);
                if (panics[b.Id] && _deferLive != null)
                    tmp.Or(_deferLive);
                changed |= _liveIn[b.Id].Or(tmp);
            }
        }
        var entry = _liveIn[_f.Entry.Id];
        for (int v = entry.Next(0); v >= 0 && v < _slotBase; v = entry.Next(v + 1))
        {
            var l = _f.Locals[v];
            if (!IsParam(l))
                _info.ZeroLocals.Add(l);
        }
    }

    /// <summary>A slot that is written as a whole did not live before.</summary>
    static bool Kills(LowInstr instr, LowSlot s) => !s.AddrTaken || instr is not LowCall;

    bool IsParam(LowLocal l) => ReferenceEquals(l, _info.Ctx) || _params.Contains(l);

    /// <summary>Input slots are read during the call; pointer arguments of C# functions stay alive during the call. For what lives before it.</summary>
    void KeepArgs(LowInstr instr, BitSet set)
    {
        foreach (var s in _u.SlotArgs)
            set.Add(_slotBase + s.Id);
        if (instr is LowCall)
            foreach (var (s, _, _) in _u.SlotDefs)
                if (s.AddrTaken)
                    set.Add(_slotBase + s.Id);
        KeepNative(instr, set);
    }

    void KeepNative(LowInstr instr, BitSet set)
    {
        if (instr is LowCall c && IsNative(c))
            foreach (var a in c.Args)
                if (a is LowLocalRef { Local: var l } && Tracked(l))
                    set.Add(l.Id);
    }

    bool IsNative(LowCall c) => _calls[c] is { Native: true, Effect: CallEffect.Safepoint or CallEffect.Moves };

    /// <summary>What lives during the call beyond what lives after it. The input slots of a Go function live as long as its pointers to them.</summary>
    void KeepDuring(FrameSite site, LowInstr instr, BitSet set)
    {
        if (site.Effect != CallEffect.NoReturn)
        {
            if (instr is LowCall c && !IsNative(c))
            {
                foreach (var (s, _, _) in _u.SlotDefs)
                    if (s.AddrTaken)
                        set.Add(_slotBase + s.Id);
                return;
            }
            KeepNative(instr, set);
        }
        foreach (var s in _u.SlotArgs)
            set.Add(_slotBase + s.Id);
    }

    void SiteLiveness()
    {
        var live = new BitSet(_vars);
        var at = new BitSet(_vars);
        foreach (var b in _info.Order)
        {
            live.Set(_liveOut[b.Id]);
            _u.Of(b.Term);
            foreach (int v in _u.Uses)
                live.Add(v);
            for (int i = b.Instrs.Count - 1; i >= 0; i--)
            {
                var instr = b.Instrs[i];
                _u.Of(instr);
                foreach (var d in _u.Defs)
                    live.Remove(d.Id);
                foreach (var (s, off, size) in _u.SlotDefs)
                    if (off == 0 && size == s.Size && Kills(instr, s))
                        live.Remove(_slotBase + s.Id);
                if (_info.SiteOf.TryGetValue(instr, out var site))
                {
                    if (site.Effect == CallEffect.NoReturn && site.Kind == SiteKind.Panic && instr is LowCall)
                        live.Clear();
                    at.Set(live);
                    if (site.Effect == CallEffect.NoReturn)
                        at.Clear();
                    KeepDuring(site, instr, at);
                    if (site.Effect >= CallEffect.Moves && _deferLive != null)
                    {
                        at.Or(_deferLive);
                        live.Or(_deferLive);
                    }
                    Record(site, at);
                }
                KeepArgs(instr, live);
                foreach (int v in _u.Uses)
                    live.Add(v);
                if (instr is LowStore { Barrier: true } store)
                    _info.LiveAtBarrier.Add(store, LocalsIn(live));
            }
            if (_info.PollOf.TryGetValue(b, out var poll))
                Record(poll, _liveIn[b.Id]);
        }
        if (_info.Sites[SiteIds.Entry] is { } e)
            Record(e, _liveIn[_f.Entry.Id]);
        if (_info.Sites[SiteIds.DeferReturn] is { } d2)
            Record(d2, _liveIn[_f.DeferReturn!.Id]);
    }

    List<LowLocal> LocalsIn(BitSet live)
    {
        var locals = new List<LowLocal>();
        for (int v = live.Next(0); v >= 0 && v < _slotBase; v = live.Next(v + 1))
            locals.Add(_f.Locals[v]);
        return locals;
    }

    void Record(FrameSite site, BitSet at)
    {
        var slots = new List<LowSlot>();
        for (int v = at.Next(0); v >= 0; v = at.Next(v + 1))
        {
            if (v >= _slotBase)
            {
                slots.Add(_f.Slots[v - _slotBase]);
                continue;
            }
            var l = _f.Locals[v];
            if (site.Kind == SiteKind.Entry && !IsParam(l))
                continue;
            (Tracked(l) ? site.Ptrs : site.Scalars).Add(l);
        }
        if (site.Kind == SiteKind.Panic)
            site.Scalars.Clear();
        if (site.Kind != SiteKind.Entry)
            site.Slots = slots;
    }
}

/// <summary>Fixed site numbers; the same as in the run-time's SiteDesc.</summary>
public static class SiteIds
{
    public const int Entry = 0, DeferReturn = 1, FirstCall = 2;
}

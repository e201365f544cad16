// FrameBuilder, second half: homes, slots, offsets, maps. The steps are numbered in FrameBuilder.cs.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public sealed partial class FrameBuilder
{
    // ---- 3. homes

    /// <summary>Gives every wanted pointer local a home number (in Home, from 1); returns how many homes there are.</summary>
    int AssignHomes()
    {
        int n = _info.Order.Count, locals = _slotBase;
        foreach (var b in Unlikely())
            foreach (var instr in b.Instrs)
                if (_info.SiteOf.TryGetValue(instr, out var cold) && cold is { Kind: SiteKind.Call, Effect: CallEffect.Safepoint or CallEffect.Moves })
                    cold.StoresHomes = true;
        // Wanted, backwards: locals whose home some later safepoint call will rely on.
        var wantIn = new BitSet[n];
        for (int i = 0; i < n; i++)
            wantIn[i] = new BitSet(locals);
        BitSet cur = new(locals);
        BitSet? deferWant = null;
        if (_f.DeferReturn != null)
        {
            deferWant = new BitSet(locals);
            foreach (var l in _info.Sites[SiteIds.DeferReturn]!.Ptrs)
                deferWant.Add(l.Id);
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = n - 1; i >= 0; i--)
            {
                WalkWanted(_info.Order[i], wantIn, cur, null);
                changed |= wantIn[i].Or(cur);
            }
        }

        // Number the locals that need a home, in order of appearance.
        var index = new int[locals];
        var list = new List<LowLocal>();
        void Need(LowLocal l)
        {
            if (index[l.Id] == 0)
            {
                list.Add(l);
                index[l.Id] = list.Count;
            }
        }
        foreach (var s in _info.Sites)
            if (s != null)
                foreach (var l in s.Ptrs)
                    Need(l);

        var clash = new BitSet?[list.Count + 1];
        void Clash(int a, int b)
        {
            if (a == 0 || b == 0 || a == b)
                return;
            (clash[a] ??= new BitSet(list.Count + 1)).Add(b);
            (clash[b] ??= new BitSet(list.Count + 1)).Add(a);
        }
        void Together(List<LowLocal> ptrs)
        {
            for (int i = 0; i < ptrs.Count; i++)
                for (int j = 0; j < i; j++)
                    Clash(index[ptrs[i].Id], index[ptrs[j].Id]);
        }
        foreach (var b in _info.Order)
        {
            WalkWanted(b, wantIn, cur, (instr, local, wanted) =>
            {
                if (local == null)
                {
                    var site = _info.SiteOf[instr];
                    site.HomesToStore = site.Ptrs.FindAll(p => !wanted[p.Id]);
                    Together(site.Ptrs);
                    return;
                }
                _info.HomeStores.Add((instr, local));
                for (int v = wanted.Next(0); v >= 0; v = wanted.Next(v + 1))
                    Clash(index[local.Id], index[v]);
            });
            if (_info.PollOf.TryGetValue(b, out var poll))
                Together(poll.Ptrs);
        }
        var atEntry = wantIn[_f.Entry.Id];
        var entryPtrs = new List<LowLocal>();
        for (int v = atEntry.Next(0); v >= 0; v = atEntry.Next(v + 1))
            entryPtrs.Add(_f.Locals[v]);
        _info.StoreAtEntry.AddRange(entryPtrs);
        if (_info.Sites[SiteIds.Entry] is { } e)
            foreach (var l in e.Ptrs)
                if (!entryPtrs.Contains(l))
                    entryPtrs.Add(l);
        Together(entryPtrs);

        int colours = 0;
        var used = new BitSet(list.Count + 2);
        for (int i = 1; i <= list.Count; i++)
        {
            used.Clear();
            if (clash[i] is { } c)
                for (int v = c.Next(0); v >= 0; v = c.Next(v + 1))
                    if (_info.Home[list[v - 1].Id] is var h and > 0)
                        used.Add(h);
            int colour = 1;
            while (used[colour])
                colour++;
            _info.Home[list[i - 1].Id] = colour;
            colours = Math.Max(colours, colour);
        }
        return colours;

        void WalkWanted(LowBlock b, BitSet[] want, BitSet w, Action<LowInstr, LowLocal?, BitSet>? onStore)
        {
            w.Clear();
            foreach (var s in LowUses.Successors(b.Term))
                w.Or(want[s.Id]);
            for (int i = b.Instrs.Count - 1; i >= 0; i--)
            {
                var instr = b.Instrs[i];
                if (instr is LowAssign { Local: var l })
                {
                    if (w[l.Id])
                    {
                        onStore?.Invoke(instr, l, w);
                        w.Remove(l.Id);
                    }
                }
                else if (instr is LowAtomic { Result: { } r } && w[r.Id])
                {
                    onStore?.Invoke(instr, r, w);
                    w.Remove(r.Id);
                }
                else if (instr is LowCall call)
                {
                    foreach (var d in call.Results)
                        if (d != null && w[d.Id])
                            onStore?.Invoke(instr, d, w);
                    foreach (var d in call.Results)
                        if (d != null)
                            w.Remove(d.Id);
                }
                if (_info.SiteOf.TryGetValue(instr, out var site))
                {
                    if (site.Effect >= CallEffect.Moves && deferWant != null)
                        w.Or(deferWant);
                    if (site.StoresHomes)
                        onStore?.Invoke(instr, null, w);
                    else
                        foreach (var p in site.Ptrs)
                            w.Add(p.Id);
                }
            }
        }
    }

    /// <summary>Blocks that are entered through unlikely branches only.</summary>
    List<LowBlock> Unlikely()
    {
        var likely = new HashSet<LowBlock>(ReferenceEqualityComparer.Instance);
        var work = new Stack<LowBlock>();
        void Push(LowBlock b)
        {
            if (likely.Add(b))
                work.Push(b);
        }
        Push(_f.Entry);
        if (_f.DeferReturn != null)
            Push(_f.DeferReturn);
        while (work.TryPop(out var b))
            if (b.Term is LowBranch { ThenUnlikely: true } br)
                Push(br.Else);
            else
                foreach (var s in LowUses.Successors(b.Term))
                    Push(s);
        return _info.Order.FindAll(b => !likely.Contains(b));
    }

    // ---- 4. slots

    /// <summary>Per slot: first bit of its pointer words in the set of written words, and how many bits (1 for large slots, whatever their words).</summary>
    (int First, int Count)[] _wordBits = [];
    int _bits;
    readonly HashSet<LowSlot> _zeroed = [];
    readonly Dictionary<FrameSite, BitSet> _written = [], _touchedAt = [];
    BitSet[] _touchedOut = [];
    const int MaxTrackedWords = 64;

    void SlotFlow()
    {
        _wordBits = new (int, int)[_f.Slots.Count];
        foreach (var s in _f.Slots)
        {
            int words = s.PtrWords?.Length ?? 0;
            int count = !HasPtrs(s) ? 0 : words <= MaxTrackedWords ? words : 1;
            _wordBits[s.Id] = (_bits, count);
            _bits += count;
        }
        int n = _info.Order.Count;
        _touchedOut = new BitSet[n];
        var preds = new List<int>[n];
        for (int i = 0; i < n; i++)
        {
            _touchedOut[i] = new BitSet(_f.Slots.Count);
            preds[i] = [];
        }
        if (_f.Slots.Count == 0)
            return;
        foreach (var b in _info.Order)
            foreach (var s in LowUses.Successors(b.Term))
                preds[s.Id].Add(b.Id);
        var outW = new BitSet[n];
        var done = new bool[n];
        for (int i = 0; i < n; i++)
            outW[i] = new BitSet(_bits);
        BitSet w = new(_bits), t = new(_f.Slots.Count);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var b in _info.Order)
            {
                Enter(b);
                foreach (var instr in b.Instrs)
                    Touch(instr, w, t);
                if (!done[b.Id] || !outW[b.Id].SameAs(w))
                {
                    done[b.Id] = true;
                    outW[b.Id].Set(w);
                    changed = true;
                }
                changed |= _touchedOut[b.Id].Or(t);
            }
        }
        // What each site finds written; a live slot that may be half written is zeroed in the prologue.
        foreach (var b in _info.Order)
        {
            Enter(b);
            if (_info.PollOf.TryGetValue(b, out var poll))
                AtSite(poll, w, t);
            if (ReferenceEquals(b, _f.DeferReturn))
                AtSite(_info.Sites[SiteIds.DeferReturn]!, w, t);
            foreach (var instr in b.Instrs)
            {
                if (_info.SiteOf.TryGetValue(instr, out var site))
                    AtSite(site, w, t, instr);
                Touch(instr, w, t);
            }
        }

        void Enter(LowBlock b)
        {
            t.Clear();
            bool first = true;
            bool root = ReferenceEquals(b, _f.Entry) || ReferenceEquals(b, _f.DeferReturn);
            w.Clear();
            foreach (int p in preds[b.Id])
            {
                t.Or(_touchedOut[p]);
                if (root || !done[p])
                    continue;
                if (first)
                    w.Set(outW[p]);
                else
                    w.And(outW[p]);
                first = false;
            }
            if (ReferenceEquals(b, _f.DeferReturn))
                t.Fill();
        }
    }

    static bool HasPtrs(LowSlot s) => s.PtrWords != null && Array.IndexOf(s.PtrWords, true) >= 0;

    /// <summary>The effect of an instruction on written words and touched slots.</summary>
    void Touch(LowInstr instr, BitSet written, BitSet touched)
    {
        _u.Of(instr);
        foreach (var (s, off, size) in _u.SlotDefs)
        {
            touched.Add(s.Id);
            var (first, count) = _wordBits[s.Id];
            if (size < 0 || count == 0)
                continue;
            if (off <= 0 && off + size >= s.Size)
                for (int i = 0; i < count; i++)
                    written.Add(first + i);
            else if (count > 1)
                for (long i = (off + 7) >> 3; (i + 1) << 3 <= off + size && i < count; i++)
                    written.Add(first + (int)i);
        }
        foreach (var s in _u.SlotArgs)
        {
            touched.Add(s.Id);
            for (int i = 0; i < _wordBits[s.Id].Count; i++)
                written.Add(_wordBits[s.Id].First + i);
        }
        foreach (int v in _u.Uses)
            if (v >= _slotBase)
                touched.Add(v - _slotBase);
    }

    void AtSite(FrameSite site, BitSet written, BitSet touched, LowInstr? instr = null)
    {
        _written[site] = written.Copy();
        var reachable = touched.Copy();
        if (instr != null)
        {
            // What the call itself is handed.
            _u.Of(instr);
            foreach (var s in _u.SlotArgs)
                reachable.Add(s.Id);
            foreach (int v in _u.Uses)
                if (v >= _slotBase)
                    reachable.Add(v - _slotBase);
        }
        _touchedAt[site] = reachable;
        var live = site.Slots;
        foreach (var s in live)
            if (touched[s.Id])
                Check(s);
        foreach (var s in _f.Slots)
            if (s.AddrTaken && reachable[s.Id])
                Check(s);
        if (instr is LowCall)
            foreach (var s in _u.SlotArgs)
                if (touched[s.Id])
                    Check(s);

        void Check(LowSlot s)
        {
            var (first, count) = _wordBits[s.Id];
            for (int i = 0; i < count; i++)
                if (!written[first + i] && (count == 1 || s.PtrWords![i]))
                {
                    _zeroed.Add(s);
                    return;
                }
        }
    }

    // ---- 5. layout and maps

    void Layout(int homes)
    {
        long at = 8;
        for (int i = 0; i < _info.Home.Length; i++)
            if (_info.Home[i] != 0)
                _info.Home[i] = 8 * _info.Home[i];
        at += 8L * homes;
        _info.SaveAreaOffset = (int)at;
        int save = 0;
        foreach (var s in _info.Sites)
            if (s is { Resumable: true } && s.Kind != SiteKind.DeferReturn)
                save = Math.Max(save, s.Scalars.Count);
        at += 8L * save;

        // A scalar wanted by DeferReturn would not be there: nothing is saved when a panic passes.
        if (_info.Sites[SiteIds.DeferReturn] is { Scalars.Count: > 0 } d)
            throw new InvalidOperationException($"scalar local {d.Scalars[0].Name ?? d.Scalars[0].Id.ToString(System.Globalization.CultureInfo.InvariantCulture)} is live at the deferred return");

        var order = new List<LowSlot>();
        foreach (var s in _f.Slots)
            if (IsTouched(s))
                order.Add(s);
        order.Sort((a, b) => HasPtrs(a) != HasPtrs(b) ? (HasPtrs(a) ? -1 : 1) : a.Size != b.Size ? a.Size.CompareTo(b.Size) : a.Id.CompareTo(b.Id));
        var clash = SlotClashes();
        long end = at;
        var placed = new List<LowSlot>();
        foreach (var s in order)
        {
            long align = Math.Clamp(s.Align, 1, 16), size = Math.Max(s.Size, 1);
            long off = Up(at, Math.Max(align, 8));
            // First fit between the placed slots that s clashes with.
            for (bool moved = true; moved;)
            {
                moved = false;
                foreach (var o in placed)
                    if ((clash == null || clash[s.Id] is not { } cs || cs[o.Id] || s.AddrTaken || o.AddrTaken) && off < _info.SlotOffset[o.Id] + Math.Max(o.Size, 1) && _info.SlotOffset[o.Id] < off + size)
                    {
                        off = Up(_info.SlotOffset[o.Id] + Math.Max(o.Size, 1), Math.Max(align, 8));
                        moved = true;
                    }
            }
            _info.SlotOffset[s.Id] = off;
            placed.Add(s);
            end = Math.Max(end, off + size);
        }
        end = Up(end, 16);
        if (end > int.MaxValue / 2)
            throw new InvalidOperationException("stack frame too large");
        _info.FrameBytes = (int)end;

        foreach (var s in order)
            if (_zeroed.Contains(s))
                _info.ZeroAtEntry.Add(((int)_info.SlotOffset[s.Id], (int)Up(PtrEnd(s), 8)));
        _info.ZeroAtEntry.Sort();
        for (int i = _info.ZeroAtEntry.Count - 1; i > 0; i--)
        {
            var (o, z) = _info.ZeroAtEntry[i - 1];
            var next = _info.ZeroAtEntry[i];
            if (o + z >= next.Offset)
            {
                _info.ZeroAtEntry[i - 1] = (o, Math.Max(z, next.Offset + next.Size - o));
                _info.ZeroAtEntry.RemoveAt(i);
            }
        }
    }

    static long Up(long x, long align) => (x + align - 1) & -align;
    static long PtrEnd(LowSlot s) => 8L * (Array.LastIndexOf(s.PtrWords!, true) + 1);

    bool IsTouched(LowSlot s)
    {
        foreach (var t in _touchedOut)
            if (t[s.Id])
                return true;
        return false;
    }

    /// <summary>By slot id: the slots it must not share memory with (only for slots whose address does not escape). Null: too many to bother.</summary>
    BitSet?[]? SlotClashes()
    {
        int n = _f.Slots.Count;
        var clash = new BitSet?[n];
        for (int i = 0; i < n; i++)
            clash[i] = new BitSet(n);
        void Add(int a, int b)
        {
            if (a != b)
            {
                clash[a]!.Add(b);
                clash[b]!.Add(a);
            }
        }
        foreach (var z in _zeroed)
            foreach (var y in _zeroed)
                Add(z.Id, y.Id);
        var live = new BitSet(_vars);
        var here = new List<int>();
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
                here.Clear();
                foreach (var (s, _, _) in _u.SlotDefs)
                    here.Add(s.Id);
                foreach (var s in _u.SlotArgs)
                    here.Add(s.Id);
                foreach (int v in _u.Uses)
                    if (v >= _slotBase)
                        here.Add(v - _slotBase);
                if (here.Count > 0)
                {
                    foreach (int a in here)
                    {
                        foreach (int c in here)
                            Add(a, c);
                        for (int v = live.Next(_slotBase); v >= 0; v = live.Next(v + 1))
                            if (_touchedOut[b.Id][v - _slotBase] || _zeroed.Contains(_f.Slots[v - _slotBase]))
                                Add(a, v - _slotBase);
                    }
                }
                foreach (var (s, off, size) in _u.SlotDefs)
                    if (off == 0 && size == s.Size && Kills(instr, s))
                        live.Remove(_slotBase + s.Id);
                if (_deferLive != null && _info.SiteOf.TryGetValue(instr, out var site) && site.Effect >= CallEffect.Moves)
                    live.Or(_deferLive);
                KeepArgs(instr, live);
                foreach (int v in _u.Uses)
                    live.Add(v);
            }
        }
        return clash;
    }

    /// <summary>Where the function id is surely in the header already, a site writes only its number.</summary>
    void HeaderFlow()
    {
        int n = _info.Order.Count;
        var hasIn = new bool[n];
        Array.Fill(hasIn, true);
        hasIn[_f.Entry.Id] = false;
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var b in _info.Order)
            {
                bool h = hasIn[b.Id];
                foreach (var instr in b.Instrs)
                    if (_info.SiteOf.TryGetValue(instr, out var site) && site.Kind == SiteKind.Call)
                        h = true;
                foreach (var s in LowUses.Successors(b.Term))
                    if (hasIn[s.Id] && !h)
                    {
                        hasIn[s.Id] = false;
                        changed = true;
                    }
            }
        }
        foreach (var b in _info.Order)
        {
            bool h = hasIn[b.Id];
            foreach (var instr in b.Instrs)
                if (_info.SiteOf.TryGetValue(instr, out var site))
                {
                    site.FullHeader = !h;
                    if (site.Kind == SiteKind.Call)
                        h = true;
                }
        }
    }

    void Maps()
    {
        _listed = new BitSet(_info.FrameBytes / 8 + 1);
        foreach (var site in _info.Sites)
        {
            if (site == null)
                continue;
            var words = new List<int>();
            foreach (var l in site.Ptrs)
                AddWord(words, _info.Home[l.Id] >> 3);
            if (site.Kind != SiteKind.Entry)
                foreach (var s in site.Slots)
                    AddSlot(site, s, words);
            InOrder(words, site.PtrWords);
            if (site.Kind != SiteKind.Entry)
                Objects(site);
        }
        MergePanics();
    }

    /// <summary>Pointer words of the slot that surely hold something.</summary>
    void AddSlot(FrameSite site, LowSlot s, List<int> words)
    {
        var (first, count) = _wordBits[s.Id];
        if (count == 0)
            return;
        bool all = _zeroed.Contains(s);
        int at = (int)(_info.SlotOffset[s.Id] >> 3);
        for (int i = 0; i < s.PtrWords!.Length; i++)
            if (s.PtrWords[i] && (all || (_written.TryGetValue(site, out var w) && w[first + (count == 1 ? 0 : i)])))
                AddWord(words, at + i);
    }

    /// <summary>Slots that are not live, but to which there may be live pointers.</summary>
    void Objects(FrameSite site)
    {
        _touchedAt.TryGetValue(site, out var touched);
        List<LowSlot> args = [];
        if (site.Call != null && site.Effect != CallEffect.NoReturn)
        {
            _u.Of(site.Call);
            args = _u.SlotArgs;
        }
        var live = new BitSet(_f.Slots.Count);
        foreach (var s in site.Slots)
            live.Add(s.Id);
        var words = new List<int>();
        foreach (var s in _f.Slots)
        {
            if (live[s.Id] || _wordBits[s.Id].Count == 0 || _info.SlotOffset[s.Id] == 0 || !(s.AddrTaken && touched != null && touched[s.Id] || args.Contains(s)))
                continue;
            int before = words.Count;
            AddSlot(site, s, words);
            if (words.Count > before)
                site.Objects.Add(((int)_info.SlotOffset[s.Id], (int)s.Size));
        }
        site.Objects.Sort();
        InOrder(words, site.ObjectWords);
    }

    // The words of one list, see AddWord.
    BitSet _listed = new(0);

    /// <summary>Each word is there once.</summary>
    void AddWord(List<int> words, int word)
    {
        if (_listed[word])
            return;
        _listed.Add(word);
        words.Add(word);
    }

    /// <summary>A list is complete.</summary>
    void InOrder(List<int> words, List<int> to)
    {
        foreach (int w in words)
            _listed.Remove(w);
        words.Sort();
        to.AddRange(words);
    }

    /// <summary>Panic sites of one line that have the same map are one site (one cold block then serves them all).</summary>
    void MergePanics()
    {
        var seen = new Dictionary<(int, string), FrameSite>();
        var keep = new List<FrameSite?>();
        var to = new Dictionary<FrameSite, FrameSite>();
        foreach (var s in _info.Sites)
        {
            if (s is { Kind: SiteKind.Panic })
            {
                var key = (s.Pos.Line, string.Join(',', s.PtrWords) + ";" + string.Join(',', s.ObjectWords));
                if (seen.TryGetValue(key, out var first))
                {
                    first.FullHeader |= s.FullHeader;
                    to[s] = first;
                    continue;
                }
                seen.Add(key, s);
            }
            if (s != null)
                s.Id = keep.Count;
            keep.Add(s);
        }
        if (to.Count == 0)
            return;
        _info.Sites = keep;
        foreach (var (instr, s) in new List<KeyValuePair<LowInstr, FrameSite>>(_info.SiteOf))
            if (to.TryGetValue(s, out var first))
                _info.SiteOf[instr] = first;
    }
}

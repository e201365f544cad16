// Slots become locals when nobody needs their address.
//
// Inlining leaves many variables in memory: a method with a pointer receiver has taken their address, and once its body is in place the pointer is only
// read and written through. If every mention of a slot is a load, a store or a zeroing at a known place, and the places do not overlap, each is a
// local of its own. Pointers that are assigned once, to the slot's address plus a constant, are seen through.
//
// Not in functions with deferred calls: what a panic leaves behind is read from memory. The new locals are zeroed in the entry block, which therefore must not be a loop's head.

using System.Collections.Generic;

namespace Tuza.IR;

sealed class SlotScalars
{
    const int MostFields = 16;

    readonly record struct Place(LowSlot Slot, long Offset);

    readonly LowFunction _f;
    readonly Dictionary<LowLocal, int> _defs;
    readonly Dictionary<LowLocal, Place> _pointers = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<LowSlot> _kept = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<LowSlot, SortedDictionary<long, LowType>> _types = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Place, LowLocal> _fields = [];

    SlotScalars(LowFunction f) => (_f, _defs) = (f, LowDefs.Count(f));

    public static void Run(LowFunction f)
    {
        if (f.DeferReturn == null && f.Slots.Count != 0 && !f.Entry.LoopHeader)
            new SlotScalars(f).Run();
    }

    void Run()
    {
        foreach (var s in _f.Slots)
            _types[s] = [];
        FindPointers();
        foreach (var b in _f.Blocks)
        {
            foreach (var i in b.Instrs)
                Look(i);
            Look(b.Term);
        }
        MakeFields();
        if (_kept.Count == _f.Slots.Count)
            return;
        foreach (var b in _f.Blocks)
            Replace(b);
        Rewrite.Function(_f, e => e, Read);
        Initialise();
        _f.Slots.RemoveAll(s => !_kept.Contains(s));
        for (int i = 0; i < _f.Slots.Count; i++)
            _f.Slots[i].Id = i;
    }

    // ---- which pointers

    void FindPointers()
    {
        for (bool more = true; more;)
        {
            more = false;
            foreach (var b in _f.Blocks)
                foreach (var i in b.Instrs)
                    if (i is LowAssign a && _defs[a.Local] == 1 && !_pointers.ContainsKey(a.Local) && PlaceOf(a.Value) is { } place)
                    {
                        _pointers.Add(a.Local, place);
                        more = true;
                    }
        }
    }

    Place? PlaceOf(LowExpr e) => e switch
    {
        LowSlotAddr s => new Place(s.Slot, s.Offset),
        LowLocalRef r => _pointers.TryGetValue(r.Local, out var p) ? p : null,
        LowBin { Op: LowOp.Add, A: var a, B: LowConst k } => PlaceOf(a) is { } p ? p with { Offset = p.Offset + k.Bits } : null,
        _ => null,
    };

    // ---- which slots

    void Look(LowInstr i)
    {
        switch (i)
        {
            case LowAssign a:
                if (!_pointers.ContainsKey(a.Local))
                    Value(a.Value);
                break;
            case LowStore s:
                Value(s.Value);
                if (PlaceOf(s.Addr) is { } to)
                    Access(to, s.Offset, s.StoreType, s.Volatile);
                else
                    Value(s.Addr);
                break;
            case LowZero z:
                if (PlaceOf(z.Dst) is not { } place)
                    Value(z.Dst);
                else if (z.Size is not LowConst || z.BarrierType != null)
                    _kept.Add(place.Slot);
                Value(z.Size);
                break;
            case LowCopy c:
                Value(c.Dst);
                Value(c.Src);
                Value(c.Size);
                break;
            case LowNilCheck n:
                if (PlaceOf(n.Ptr) == null)
                    Value(n.Ptr);
                break;
            case LowCheck c:
                Value(c.Cond);
                c.Args.ForEach(Value);
                break;
            case LowAtomic a:
                Value(a.Addr);
                a.Args.ForEach(Value);
                break;
            case LowCall c:
                if (c.Target != null)
                    Value(c.Target);
                c.Args.ForEach(Value);
                break;
        }
    }

    void Look(LowTerm t)
    {
        switch (t)
        {
            case LowBranch b: Value(b.Cond); break;
            case LowSwitch s: Value(s.Value); break;
            case LowReturn r: r.Values.ForEach(Value); break;
        }
    }

    /// <summary>An expression whose value is used: an address in it must stay one.</summary>
    void Value(LowExpr e)
    {
        if (PlaceOf(e) is { } place)
        {
            _kept.Add(place.Slot);
            return;
        }
        switch (e)
        {
            case LowLoad l:
                if (PlaceOf(l.Addr) is { } from)
                    Access(from, l.Offset, l.Type, l.Volatile);
                else
                    Value(l.Addr);
                break;
            case LowBin b:
                Value(b.A);
                if (b.B != null)
                    Value(b.B);
                if (b.C != null)
                    Value(b.C);
                break;
            case LowConv c:
                Value(c.A);
                break;
            case LowSelect s:
                Value(s.Cond);
                Value(s.A);
                Value(s.B);
                break;
        }
    }

    void Access(Place p, long offset, LowType type, bool isVolatile)
    {
        var types = _types[p.Slot];
        offset += p.Offset;
        if (isVolatile || offset < 0 || offset + Flatten.SizeOfLow(type) > p.Slot.Size || types.TryGetValue(offset, out var known) && !Same(known, type))
            _kept.Add(p.Slot);
        else
            types.TryAdd(offset, type);
    }

    /// <summary>One local can stand for both: integers of one size.</summary>
    static bool Same(LowType a, LowType b) => a == b || IsInteger(a) && IsInteger(b) && Flatten.SizeOfLow(a) == Flatten.SizeOfLow(b);

    static bool IsInteger(LowType t) => t != LowType.Ptr && !L.IsFloat(t);

    void MakeFields()
    {
        foreach (var (slot, types) in _types)
        {
            long end = 0;
            foreach (var (offset, type) in types)
            {
                if (offset < end || types.Count > MostFields)
                    _kept.Add(slot);
                end = offset + Flatten.SizeOfLow(type);
            }
        }
        foreach (var b in _f.Blocks)
            foreach (var i in b.Instrs)
                if (i is LowZero { Size: LowConst k } z && PlaceOf(z.Dst) is { } place && !ZeroesWholeFields(place, k.Bits))
                    _kept.Add(place.Slot);
        foreach (var (slot, types) in _types)
        {
            if (_kept.Contains(slot))
                continue;
            foreach (var (offset, type) in types)
                _fields.Add(new Place(slot, offset), _f.NewLocal(type, slot.Name));
        }
    }

    bool ZeroesWholeFields(Place p, long bytes)
    {
        foreach (var (offset, type) in _types[p.Slot])
        {
            long end = offset + Flatten.SizeOfLow(type);
            if (offset < p.Offset + bytes && end > p.Offset && (offset < p.Offset || end > p.Offset + bytes))
                return false;
        }
        return true;
    }

    // ---- the change

    bool Goes(LowExpr address, out Place place)
    {
        place = PlaceOf(address) ?? default;
        return place.Slot != null && !_kept.Contains(place.Slot);
    }

    void Replace(LowBlock b)
    {
        List<LowInstr> list = new(b.Instrs.Count);
        foreach (var i in b.Instrs)
        {
            switch (i)
            {
                case LowAssign a when _pointers.TryGetValue(a.Local, out var p) && !_kept.Contains(p.Slot):
                case LowNilCheck n when Goes(n.Ptr, out _):
                    break;
                case LowStore s when Goes(s.Addr, out var to):
                    LowLocal field = _fields[to with { Offset = to.Offset + s.Offset }];
                    list.Add(new LowAssign { Pos = s.Pos, Local = field, Value = As(field.Type, s.Value) });
                    break;
                case LowZero { Size: LowConst k } z when Goes(z.Dst, out var from):
                    Zero(list, z, from, k.Bits);
                    break;
                case LowZeroSlot z when !_kept.Contains(z.Slot):
                    Zero(list, z, new Place(z.Slot, 0), z.Slot.Size);
                    break;
                default:
                    list.Add(i);
                    break;
            }
        }
        b.Instrs = list;
    }

    void Zero(List<LowInstr> list, LowInstr at, Place from, long bytes)
    {
        foreach (var (offset, type) in _types[from.Slot])
            if (offset >= from.Offset && offset < from.Offset + bytes)
                list.Add(new LowAssign { Pos = at.Pos, Local = _fields[new Place(from.Slot, offset)], Value = L.Zero(type) });
    }

    LowExpr Read(LowLoad l)
    {
        if (!Goes(l.Addr, out var place))
            return l;
        return As(l.Type, L.Ref(_fields[place with { Offset = place.Offset + l.Offset }]));
    }

    static LowExpr As(LowType type, LowExpr value) => value.Type == type ? value : new LowConv { Type = type, A = value };

    /// <summary>Every local is assigned before it is read; memory of a slot need not be.</summary>
    void Initialise()
    {
        List<LowInstr> zeros = new(_fields.Count);
        foreach (var local in _fields.Values)
            zeros.Add(new LowAssign { Pos = _f.Pos, Local = local, Value = L.Zero(local.Type) });
        _f.Entry.Instrs.InsertRange(0, zeros);
    }
}

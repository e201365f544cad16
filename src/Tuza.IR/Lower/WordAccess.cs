// Bytes that are read or written one by one become words: `uint32(b[0]) | uint32(b[1])<<8 | …` is one load, the stores of byte(v), byte(v>>8), …
// are one store; in the other order of bytes with a swap.
//
// Runs when the bounds checks that are not needed are gone: checks stand in front of the expression that needs them, so joining loads is
// always right; stores are joined only if nothing that can stop stands between them. Addresses are compared as base + offset, where a
// local that was made in the same block as another one plus a constant is seen through (the i+1 of b[i+1]).

using System;
using System.Collections.Generic;

namespace Tuza.IR;

sealed class WordAccess
{
    /// <summary>Part of a word: size bytes at base + offset, at this bit of the whole. Swapped: with the most significant byte first.</summary>
    readonly record struct Piece(LowExpr Base, LowLocal? Index, long Offset, int Size, int Shift, bool Swapped);

    /// <summary>Locals that are another one plus a constant, in the block at hand.</summary>
    readonly Dictionary<LowLocal, (LowLocal Of, long Plus)> _sums = new(ReferenceEqualityComparer.Instance);
    readonly List<Piece> _pieces = [];

    public static void Run(LowFunction f)
    {
        var w = new WordAccess();
        foreach (var b in f.Blocks)
            w.Block(b);
    }

    void Block(LowBlock b)
    {
        _sums.Clear();
        bool stores = false;
        foreach (var i in b.Instrs)
        {
            switch (i)
            {
                case LowAssign a:
                    a.Value = Join(a.Value);
                    Defined(a.Local);
                    if (a is { Local.Type: LowType.I64 or LowType.U64, Value: LowBin { Op: LowOp.Add or LowOp.Sub, A: LowLocalRef { Local: var of }, B: LowConst k } sum } && of != a.Local && of.Type == a.Local.Type)
                        _sums[a.Local] = (of, sum.Op == LowOp.Add ? k.Bits : -k.Bits);
                    break;
                case LowStore s:
                    s.Value = Join(s.Value);
                    stores |= s is { StoreType: LowType.U8, Volatile: false };
                    break;
                case LowCheck c:
                    c.Cond = Join(c.Cond);
                    break;
                case LowCall c:
                    for (int n = 0; n < c.Args.Count; n++)
                        c.Args[n] = Join(c.Args[n]);
                    foreach (var r in c.Results)
                        Defined(r);
                    break;
                case LowAtomic a:
                    Defined(a.Result);
                    break;
            }
        }
        switch (b.Term)
        {
            case LowBranch br: br.Cond = Join(br.Cond); break;
            case LowSwitch s: s.Value = Join(s.Value); break;
            case LowReturn r:
                for (int n = 0; n < r.Values.Count; n++)
                    r.Values[n] = Join(r.Values[n]);
                break;
        }
        if (stores)
            Stores(b);
    }

    void Defined(LowLocal? l)
    {
        if (l == null || _sums.Count == 0)
            return;
        _sums.Remove(l);
        foreach (var (sum, (of, _)) in new List<KeyValuePair<LowLocal, (LowLocal Of, long)>>(_sums))
            if (of == l)
                _sums.Remove(sum);
    }

    // ---- loads

    LowExpr Join(LowExpr e)
    {
        switch (e)
        {
            case LowBin b:
                {
                    if (b.Op is LowOp.Or or LowOp.Add or LowOp.Xor && L.Bits(b.Type) >= 16 && b.Type is not (LowType.Ptr or LowType.F32 or LowType.F64))
                    {
                        _pieces.Clear();
                        if (Collect(b, 0) && Whole() is { } word)
                            return L.Conv(b.Type, word);
                    }
                    var x = Join(b.A);
                    var y = b.B == null ? null : Join(b.B);
                    var z = b.C == null ? null : Join(b.C);
                    return x == b.A && y == b.B && z == b.C ? b : new LowBin { Type = b.Type, Op = b.Op, A = x, B = y, C = z };
                }
            case LowConv c:
                {
                    var x = Join(c.A);
                    return x == c.A ? c : new LowConv { Type = c.Type, A = x, BitCast = c.BitCast };
                }
            case LowSelect s:
                {
                    var (c, x, y) = (Join(s.Cond), Join(s.A), Join(s.B));
                    return c == s.Cond && x == s.A && y == s.B ? s : new LowSelect { Type = s.Type, Cond = c, A = x, B = y };
                }
            default:
                return e;
        }
    }

    /// <summary>Takes a tree of or, shift and widening apart; false if there is anything else in it.</summary>
    bool Collect(LowExpr e, int shift)
    {
        switch (e)
        {
            case LowBin { Op: LowOp.Or or LowOp.Add or LowOp.Xor, B: { } y } b when b.Type is not (LowType.Ptr or LowType.F32 or LowType.F64):
                return Collect(b.A, shift) && Collect(y, shift);
            case LowBin { Op: LowOp.Shl, B: LowConst k } b when (k.Bits & 7) == 0 && k.Bits < L.Bits(b.Type) && b.Type is LowType.I32 or LowType.U32 or LowType.I64 or LowType.U64 or LowType.U16:
                return Fits(b.A, L.Bits(b.Type) - (int)k.Bits) && Collect(b.A, shift + (int)k.Bits);
            case LowConv { BitCast: false } c when c.Type is not (LowType.Ptr or LowType.F32 or LowType.F64) && !L.IsFloat(c.A.Type) && c.A.Type != LowType.Ptr && L.Bits(c.Type) >= L.Bits(c.A.Type) && !L.IsSigned(c.A.Type):
                return Collect(c.A, shift);
            case LowBin { Op: LowOp.Bswap, A: LowLoad { Volatile: false } l } when l.Type is LowType.U16 or LowType.U32:
                return Add(l, shift, true);
            case LowLoad { Volatile: false, Type: LowType.U8 or LowType.U16 or LowType.U32 } l:
                return Add(l, shift, false);
            default:
                return false;
        }
    }

    /// <summary>A shift loses no bits of e.</summary>
    static bool Fits(LowExpr e, int bits) => L.UpperBound(e) is { } max && (bits >= 64 || max >> bits == 0);

    bool Add(LowLoad l, int shift, bool swapped)
    {
        var (at, index, offset) = Split(l.Addr, l.Offset);
        _pieces.Add(new Piece(at, index, offset, Flatten.SizeOfLow(l.Type), shift, swapped));
        return _pieces.Count <= 8;
    }

    (LowExpr Base, LowLocal? Index, long Offset) Split(LowExpr addr, long offset)
    {
        while (addr is LowBin { Op: LowOp.Add, Type: LowType.Ptr, B: LowConst k } add)
        {
            offset += k.Bits;
            addr = add.A;
        }
        if (addr is not LowBin { Op: LowOp.Add, Type: LowType.Ptr, B: { } y } sum)
            return (addr, null, offset);
        // base + index, base + (index + constant)
        if (y is LowBin { Op: LowOp.Add, A: { } z, B: LowConst c })
        {
            offset += c.Bits;
            y = z;
        }
        if (y is not LowLocalRef r)
            return (addr, null, offset);
        var local = r.Local;
        while (_sums.TryGetValue(local, out var s))
        {
            local = s.Of;
            offset += s.Plus;
        }
        return (sum.A, local, offset);
    }

    static bool SameBase(LowExpr a, LowExpr b) => ReferenceEquals(a, b) || (a, b) switch
    {
        (LowLocalRef x, LowLocalRef y) => x.Local == y.Local,
        (LowSlotAddr x, LowSlotAddr y) => x.Slot == y.Slot && x.Offset == y.Offset,
        (LowGlobalAddr x, LowGlobalAddr y) => x.Global == y.Global && x.Offset == y.Offset,
        (LowLoad { Volatile: false } x, LowLoad { Volatile: false } y) => x.Offset == y.Offset && x.Type == y.Type && SameBase(x.Addr, y.Addr),
        (LowBin { Op: LowOp.Add, B: { } xb } x, LowBin { Op: LowOp.Add, B: { } yb } y) => x.Type == y.Type && SameBase(x.A, y.A) && SameBase(xb, yb),
        (LowConst x, LowConst y) => x.Bits == y.Bits && x.Type == y.Type,
        _ => false,
    };

    /// <summary>The load of all pieces, or null if they are no word. Pieces of slots and globals carry their offset in the base.</summary>
    LowExpr? Whole()
    {
        if (_pieces.Count < 2)
            return null;
        for (int i = 0; i < _pieces.Count; i++)
            if (_pieces[i].Base is LowSlotAddr s)
                _pieces[i] = _pieces[i] with { Base = L.SlotAddr(s.Slot), Offset = _pieces[i].Offset + s.Offset };
            else if (_pieces[i].Base is LowGlobalAddr g)
                _pieces[i] = _pieces[i] with { Base = L.GlobalAddr(g.Global), Offset = _pieces[i].Offset + g.Offset };
        _pieces.Sort(static (a, b) => a.Shift.CompareTo(b.Shift));
        var low = _pieces[0];
        if (low.Shift != 0)
            return null;
        bool up = true, down = true;
        int bytes = low.Size;
        long min = low.Offset;
        for (int i = 0; i < _pieces.Count; i++)
        {
            var p = _pieces[i];
            if (p.Size > 1)
            {
                up &= !p.Swapped;
                down &= p.Swapped;
            }
            if (i == 0)
                continue;
            var last = _pieces[i - 1];
            if (p.Index != low.Index || !SameBase(p.Base, low.Base) || p.Shift != 8 * bytes)
                return null;
            up &= p.Offset == last.Offset + last.Size;
            down &= p.Offset == last.Offset - p.Size;
            min = Math.Min(min, p.Offset);
            bytes += p.Size;
        }
        if (!up && !down || bytes is not (2 or 4 or 8))
            return null;
        var type = bytes == 2 ? LowType.U16 : bytes == 4 ? LowType.U32 : LowType.U64;
        var load = L.Load(type, Address(low.Base, low.Index), min);
        return up ? load : L.Un(LowOp.Bswap, type, load);
    }

    static LowExpr Address(LowExpr at, LowLocal? index) => index == null ? at : L.PtrAdd(at, L.Ref(index));

    // ---- stores

    readonly record struct ByteStore(int Place, LowExpr Base, LowLocal? Index, long Offset, LowLocal Value, int Shift);

    void Stores(LowBlock b)
    {
        _sums.Clear();
        var run = new List<ByteStore>();
        var gone = new HashSet<int>();
        for (int i = 0; i < b.Instrs.Count; i++)
        {
            var instr = b.Instrs[i];
            if (instr is LowStore { StoreType: LowType.U8, Volatile: false, Barrier: false } s && ByteOf(s.Value, out var value, out int shift))
            {
                var (at, index, offset) = Split(s.Addr, s.Offset);
                if (at is LowSlotAddr slot)
                    (at, offset) = (L.SlotAddr(slot.Slot), offset + slot.Offset);
                var store = new ByteStore(i, at, index, offset, value, shift);
                if (run.Count > 0 && !(run[0].Value == value && run[0].Index == index && SameBase(run[0].Base, at)))
                    run.Clear();
                if (L.Any(at, static e => e is LowLoad))
                {
                    run.Clear(); // the bytes could be written over what the address is read from
                    continue;
                }
                run.Add(store);
                Flush(b, run, gone);
                continue;
            }
            if (instr is LowAssign { Value: LowBin { Op: LowOp.Add or LowOp.Sub, A: LowLocalRef { Local: var of }, B: LowConst k } sum } a && of != a.Local && of.Type == a.Local.Type && a.Local.Type is LowType.I64 or LowType.U64
                && !run.Exists(r => r.Index == a.Local || r.Value == a.Local || L.Any(r.Base, e => e is LowLocalRef { Local: var x } && x == a.Local)))
            {
                Defined(a.Local);
                _sums[a.Local] = (of, sum.Op == LowOp.Add ? k.Bits : -k.Bits);
                continue;
            }
            run.Clear();
            if (instr is LowAssign { Local: var l })
                Defined(l);
            else if (instr is LowCall c)
                c.Results.ForEach(Defined);
            else if (instr is LowAtomic { Result: { } r })
                Defined(r);
        }
        if (gone.Count == 0)
            return;
        var kept = new List<LowInstr>();
        for (int i = 0; i < b.Instrs.Count; i++)
            if (!gone.Contains(i))
                kept.Add(b.Instrs[i]);
        b.Instrs = kept;
    }

    /// <summary>byte(v >> shift).</summary>
    static bool ByteOf(LowExpr e, out LowLocal value, out int shift)
    {
        value = null!;
        shift = 0;
        while (e is LowConv { BitCast: false } c && !L.IsFloat(c.A.Type) && c.A.Type != LowType.Ptr)
            e = c.A;
        if (e is LowBin { Op: LowOp.ShrU or LowOp.ShrS, B: LowConst k } s && (k.Bits & 7) == 0 && k.Bits < L.Bits(s.Type))
        {
            shift = (int)k.Bits;
            e = s.A;
            // What is shifted must be the variable itself: a narrowing in between would lose bits, a widening is harmless.
            while (e is LowConv { BitCast: false } c && L.Bits(c.Type) >= L.Bits(c.A.Type) && !L.IsFloat(c.A.Type) && c.A.Type != LowType.Ptr)
                e = c.A;
        }
        if (e is not LowLocalRef { Type: LowType.U16 or LowType.I16 or LowType.U32 or LowType.I32 or LowType.U64 or LowType.I64 } r)
            return false;
        value = r.Local;
        return shift < L.Bits(value.Type);
    }

    /// <summary>Replaces the last 8, 4 or 2 stores of the run by one if they are a word.</summary>
    static void Flush(LowBlock b, List<ByteStore> run, HashSet<int> gone)
    {
        foreach (int n in (ReadOnlySpan<int>)[8, 4, 2])
            if (run.Count >= n && (n == 8 || IsLast(b, run, n)) && WordOf(run.GetRange(run.Count - n, n)) is { } word)
            {
                for (int i = 2; i <= n; i++)
                    gone.Add(run[^i].Place);
                int last = run[^1].Place;
                word.Pos = b.Instrs[last].Pos;
                b.Instrs[last] = word;
                run.Clear();
                return;
            }
    }

    static LowStore? WordOf(List<ByteStore> part)
    {
        int n = part.Count;
        part.Sort(static (x, y) => x.Offset.CompareTo(y.Offset));
        bool up = true, down = true;
        for (int i = 1; i < n; i++)
        {
            if (part[i].Offset != part[0].Offset + i)
                return null;
            up &= part[i].Shift == part[i - 1].Shift + 8;
            down &= part[i].Shift == part[i - 1].Shift - 8;
        }
        int low = up ? part[0].Shift : part[^1].Shift;
        var type = n == 2 ? LowType.U16 : n == 4 ? LowType.U32 : LowType.U64;
        var word = L.Ref(part[0].Value);
        if (!up && !down || L.Bits(word.Type) < low + (8 * n))
            return null;
        if (low > 0)
            word = L.Bin(LowOp.ShrU, word.Type, word, L.Int(LowType.I32, low));
        word = L.Conv(type, word);
        if (down)
            word = L.Un(LowOp.Bswap, type, word);
        return new LowStore { StoreType = type, Addr = L.PtrAdd(Address(part[0].Base, part[0].Index), part[0].Offset), Value = word };
    }

    /// <summary>The store that follows does not make the word longer.</summary>
    static bool IsLast(LowBlock b, List<ByteStore> run, int n)
    {
        for (int i = run[^1].Place + 1; i < b.Instrs.Count; i++)
            switch (b.Instrs[i])
            {
                case LowStore { StoreType: LowType.U8, Volatile: false, Barrier: false } s:
                    return !(ByteOf(s.Value, out var value, out _) && value == run[^1].Value && L.Bits(value.Type) > 8 * n);
                case LowAssign { Value: LowBin { Op: LowOp.Add or LowOp.Sub, B: LowConst } }:
                    continue;
                default:
                    return true;
            }
        return true;
    }
}

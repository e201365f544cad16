// Assignments of a slice to itself: s = s[:n], s = append(s, ...), where s is in memory.
//
// Only the words that change are stored. The pointer changes when append grows; so the fast path has no store of a pointer, and no barrier.
//
// Invariants. Both sides name the same variable by a path without effects (locals, globals, fields, elements of slices at constants or locals), so it is evaluated
// once. An appended value that is read from memory when it is stored, or an element that could hold the slice itself, excludes the short form: the slice
// would change too early.

using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>Does it if the assignment has this form.</summary>
    bool TryInPlace(AssignNode a)
    {
        if (a.Define || a.Y.Init is { Count: > 0 } || _done.ContainsKey(a.Y))
            return false;
        switch (a.Y)
        {
            case SliceNode { X.Type.Underlying: not PointerType } s when (s.Lo == null || ConstInt(s.Lo) == 0) && IsSame(a.X!, s.X) && !InRegisters(s.X):
                Reslice(a.X!, s);
                return true;
            case BuiltinNode { Op: BuiltinOp.Append, UseBuffer: false, Args.Count: > 1 } b
                when Escapes(b) && IsSame(a.X!, b.Args[0]) && !InRegisters(b.Args[0]) && IsPlainAppend(b):
                AppendInPlace(a.X!, b);
                return true;
            default:
                return false;
        }
    }

    static bool IsPlainAppend(BuiltinNode b)
    {
        var elem = ((SliceType)b.Type.Underlying).Elem;
        if (b.HasDots)
            return !Flatten.HasPointers(elem) && !IsAppendOfMake(b) && b.Args[1] is not (NilNode or ZeroNode);
        return !Flatten.IsMemory(elem) && (!Flatten.HasPointers(elem) || Flatten.Of(elem).Scalars.Length <= 2);
    }

    /// <summary>Both are the same path.</summary>
    static bool IsSame(ExprNode a, ExprNode b)
    {
        if (a.Init is { Count: > 0 } || b.Init is { Count: > 0 })
            return false;
        return (a, b) switch
        {
            (LocalNode x, LocalNode y) => x.Local == y.Local,
            (GlobalNode x, GlobalNode y) => x.Global == y.Global,
            (DerefNode x, DerefNode y) => IsSame(x.X, y.X),
            (FieldNode x, FieldNode y) => x.Field == y.Field && x.ThroughPtr == y.ThroughPtr && IsSame(x.X, y.X),
            (IndexNode { X.Type.Underlying: SliceType } x, IndexNode y) => IsSame(x.X, y.X)
                && (ConstInt(x.Index) is { } i ? ConstInt(y.Index) == i : x.Index is LocalNode && IsSame(x.Index, y.Index)),
            _ => false,
        };
    }

    void Reslice(ExprNode x, SliceNode s)
    {
        OrderAll([s.Hi, s.Max]);
        var v = Scalars(s);
        var mem = PlaceOf(x).Mem;
        var flat = Flatten.Of(s.Type);
        if (s.Max != null && L.HasLoad(v[2]))
            v[2] = InTemp(v[2]);
        mem = Stable(mem);
        if (s.Hi != null)
            StoreScalar(mem, LowType.I64, v[1], false, flat.Scalars[1].Offset);
        if (s.Max != null)
            StoreScalar(mem, LowType.I64, v[2], false, flat.Scalars[2].Offset);
    }

    void AppendInPlace(ExprNode x, BuiltinNode b)
    {
        var elem = ((SliceType)b.Type.Underlying).Elem;
        var flat = Flatten.Of(elem);
        var slice = Flatten.Of(b.Type);
        var rest = b.Args.GetRange(1, b.Args.Count - 1);
        OrderAll(rest);
        var mem = Stable(PlaceOf(x).Mem);
        var s = LoadScalars(mem, slice);
        if (b.HasDots)
        {
            var t = Text(rest[0]);
            t = UseAll([t[0], t[1]]);
            var (to, from, all, _) = Grow(s, t[1], elem, home: mem);
            if (flat.Size > 0)
                CopyRange(elem, L.PtrAdd(to, L.Scale(from, flat.Size)), t[0], t[1], true);
            StoreScalar(mem, LowType.I64, all, false, slice.Scalars[1].Offset);
            return;
        }
        var values = new Val[rest.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = new Val(UseAll(Scalars(rest[i])), default);
        var (ptr, len, newLen, _) = Grow(s, L.I64(values.Length), elem, home: mem);
        for (int i = 0; i < values.Length && flat.Size > 0; i++)
            StoreVal(Place.At(new Addr(ptr, AddrKind.Heap, i * flat.Size).PlusIndex(L.Scale(len, flat.Size))), values[i], elem);
        StoreScalar(mem, LowType.I64, newLen, false, slice.Scalars[1].Offset);
    }
}

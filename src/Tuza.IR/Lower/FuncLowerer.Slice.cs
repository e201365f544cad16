// Indexing and slicing of arrays, slices and strings, with their bounds checks.
//
// A slice of no capacity keeps the old base pointer: a pointer just past the end of an object would keep the next object alive. So the offset is
// masked with "new capacity > 0".

using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    LowExpr[] Index(IndexNode i)
    {
        var flat = Flatten.Of(i.Type);
        switch (i.X.Type.Underlying)
        {
            case BasicType: // string
                {
                    var s = Text(i.X);
                    var idx = CheckIndex(i, Word(i.Index), s[1]);
                    return [LoadScalar(new Addr(s[0], AddrKind.Heap).PlusIndex(idx), LowType.U8)];
                }
            case ArrayType a when !Flatten.IsMemory(i.X.Type):
                {
                    if (i.X is LocalNode or GlobalNode or DerefNode or FieldNode or IndexNode && IsAddressable(i.X) && InnerIsMemory(i.X))
                        return LoadScalars(PlaceOf(i).Mem, flat);
                    var x = Scalars(i.X);
                    CheckIndex(i, Word(i.Index), L.I64(a.Len));
                    return a.Len == 1 ? x : Zeros(flat);
                }
            default:
                return LoadScalars(ElementAddr(i), flat);
        }
    }

    /// <summary>The place of an addressable expression is memory whatever its type.</summary>
    bool InnerIsMemory(ExprNode x) => x switch
    {
        LocalNode l => HomeOf(l.Local).Scalars == null,
        FieldNode { ThroughPtr: false } f => InnerIsMemory(f.X),
        IndexNode { X.Type.Underlying: ArrayType } i => InnerIsMemory(i.X),
        _ => Flatten.SizeOf(x.Type) > 0,
    };

    /// <summary>The address of an element of an array in memory or of a slice.</summary>
    Addr ElementAddr(IndexNode i)
    {
        if (i.X.Type.Underlying is ArrayType a)
        {
            var outer = InnerPlace(i.X);
            if (outer.IsMemory)
                return ElementOf(outer.Mem, i);
            // No elements: the check fails.
            CheckIndex(i, Word(i.Index), L.I64(a.Len));
            return new Addr(L.GlobalAddr(ZeroBase), AddrKind.Stack);
        }
        var s = Scalars(i.X);
        var idx = CheckIndex(i, Word(i.Index), s[1]);
        return new Addr(s[0], AddrKind.Heap).PlusIndex(L.Scale(AsI64(idx), Flatten.SizeOf(i.Type)));
    }

    Addr ElementOf(Addr array, IndexNode i)
    {
        long len = ((ArrayType)i.X.Type.Underlying).Len;
        var raw = Word(i.Index);
        if (!L.IsConst(raw, out _) && !L.IsInvariant(array.Base) && array.Base is not LowLocalRef)
            array = Stable(array);
        var idx = CheckIndex(i, raw, L.I64(len));
        return array.PlusIndex(L.Scale(AsI64(idx), Flatten.SizeOf(i.Type)));
    }

    /// <summary>Checks 0 ≤ index &lt; len; returns the index in a form that may be repeated.</summary>
    LowExpr CheckIndex(IndexNode node, LowExpr index, LowExpr len)
    {
        if (node.Bounded)
            return index;
        ulong? max = L.UpperBound(index);
        if (L.IsConst(len, out long n) && max is { } m && m < (ulong)n)
            return index;
        index = Use(index);
        var save = MoveTo(node);
        CheckBound(LowOp.LtU, index, len, "runtime.panicIndex");
        _pos = save;
        return index;
    }

    void CheckBound(LowOp op, LowExpr index, LowExpr limit, string panic)
    {
        var cond = L.Cmp(op, index, index.Type == LowType.U64 ? L.Conv(LowType.U64, limit) : limit);
        Check(cond, index.Type == LowType.U64 ? panic + "U" : panic, index, limit);
    }

    LowExpr[] Slice(SliceNode s)
    {
        LowExpr ptr, len, cap;
        long size = 1;
        bool isText = false, isArray = false;
        if (s.X.Type.Underlying is PointerType p)
        {
            var array = (ArrayType)p.Elem.Underlying;
            size = Flatten.SizeOf(array.Elem);
            ptr = NonNil(One(s.X));
            len = cap = L.I64(array.Len);
            isArray = true;
        }
        else if (s.X.Type.Underlying is SliceType st)
        {
            size = Flatten.SizeOf(st.Elem);
            var x = Scalars(s.X);
            (ptr, len, cap) = (x[0], Use(x[1]), Use(x[2]));
        }
        else
        {
            var x = Scalars(s.X);
            ptr = x[0];
            len = cap = Use(x[1]);
            isText = true;
        }
        // The operand's words are read before the bounds are checked: they may come from memory.
        if (L.HasLoad(ptr))
            ptr = Use(ptr);
        var lo = s.Lo == null ? null : Use(Word(s.Lo));
        var hi = s.Hi == null ? null : Use(Word(s.Hi));
        var max = s.Max == null ? null : Use(Word(s.Max));
        bool byCap = !isText && !isArray;
        if (max != null)
        {
            Bound(max, cap, byCap ? "runtime.panicSlice3Acap" : "runtime.panicSlice3Alen");
            Bound(hi!, max, "runtime.panicSlice3B");
            if (lo != null)
                Bound(lo, hi!, "runtime.panicSlice3C");
        }
        else
        {
            if (hi != null && !ReferenceEquals(hi, len))
                Bound(hi, cap, byCap ? "runtime.panicSliceAcap" : "runtime.panicSliceAlen");
            if (lo != null)
                Bound(lo, hi ?? len, "runtime.panicSliceB");
        }
        lo = lo == null ? L.I64(0) : AsI64(lo);
        hi = hi == null ? len : AsI64(hi);
        max = max == null ? cap : AsI64(max);
        var newLen = L.Bin(LowOp.Sub, LowType.I64, hi, lo);
        if (lo is LowConst { Bits: 0 })
            return isText ? [ptr, newLen] : [ptr, newLen, max];
        newLen = isText ? Use(newLen) : newLen;
        var newCap = isText ? newLen : Use(L.Bin(LowOp.Sub, LowType.I64, max, lo));
        if (newCap is LowConst { Bits: > 0 })
            ptr = L.PtrAdd(ptr, L.Scale(lo, size));
        else if (size != 0)
        {
            var mask = L.Bin(LowOp.ShrS, LowType.I64, L.Un(LowOp.Neg, LowType.I64, newCap), L.Int(LowType.I32, 63));
            ptr = L.PtrAdd(ptr, L.Bin(LowOp.And, LowType.I64, L.Scale(lo, size), mask));
        }
        return isText ? [ptr, newLen] : [ptr, newLen, newCap];
    }

    /// <summary>Checks index ≤ limit, both taken as unsigned.</summary>
    void Bound(LowExpr index, LowExpr limit, string panic)
    {
        if (L.IsConst(index, out long i) && i == 0)
            return;
        if (SameSimple(index, limit))
            return;
        if (L.IsConst(limit, out long n) && L.UpperBound(index) is { } max && max <= (ulong)n)
            return;
        CheckBound(LowOp.LeU, index, AsI64(limit), panic);
    }

    static bool SameSimple(LowExpr a, LowExpr b) =>
        ReferenceEquals(a, b) || (a is LowLocalRef x && b is LowLocalRef y && x.Local == y.Local) || (a is LowConst c && b is LowConst d && c.Bits == d.Bits);

    /// <summary>[N]T(s): the slice's memory, after checking its length.</summary>
    Addr SliceToArray(ConvNode c) => new(SliceToArrayPointer(c, ((ArrayType)c.Type.Underlying).Len), AddrKind.Heap);

    LowExpr SliceToArrayPtr(ConvNode c) =>
        SliceToArrayPointer(c, ((ArrayType)((PointerType)c.Type.Underlying).Elem.Underlying).Len);

    LowExpr SliceToArrayPointer(ConvNode c, long n)
    {
        var s = Scalars(c.X);
        if (n > 0)
            Check(L.Cmp(LowOp.LeU, L.I64(n), s[1]), "runtime.panicSliceConvert", s[1], L.I64(n));
        return s[0];
    }
}

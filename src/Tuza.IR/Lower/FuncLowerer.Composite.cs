// Things that make memory: literals, new, make, closures, method values; and the static images of constant parts.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Where captured variables lie in a funcval: behind the code word, in order.</summary>
sealed class ClosureLayout
{
    public required long[] Offsets;
    public required long Size;
    public required bool HasPointers;
    public required StructType Type;

    public static ClosureLayout Of(Function f)
    {
        var fields = new List<Var> { new() { Name = "F", IsField = true, Type = Universe.Uintptr, Pkg = f.Pkg } };
        foreach (var v in f.ClosureVars)
            fields.Add(new Var { Name = "X" + (fields.Count - 1), IsField = true, Type = v.ByValue ? v.Type : new PointerType(v.Type), Pkg = f.Pkg });
        var type = new StructType(fields, []);
        var flat = Flatten.Of(type);
        return new ClosureLayout { Offsets = flat.FieldOffsets[1..], Size = flat.Size, HasPointers = flat.HasPointers, Type = type };
    }
}

sealed partial class FuncLowerer
{
    const long MaxStackArray = 64 << 10;
    readonly Dictionary<CompositeNode, Global?> _images = new(ReferenceEqualityComparer.Instance);

    LowExpr[] Composite(CompositeNode c)
    {
        var flat = Flatten.Of(c.Type);
        if (c.Type.Underlying is SliceType st)
            return SliceLiteral(c, st);
        var values = Zeros(flat);
        foreach (var (index, v) in c.Elems)
        {
            var part = Scalars(v);
            part.CopyTo(values, flat.FieldScalars.Length > 0 ? flat.FieldScalars[index] : 0);
        }
        return values;
    }

    /// <summary>Builds a struct or array literal in memory that nothing in it reads.</summary>
    void CompositeInto(Addr dst, CompositeNode c)
    {
        dst = Stable(dst);
        var flat = Flatten.Of(c.Type);
        if (c.Type.Underlying is StructType s)
        {
            bool complete = true;
            var present = new bool[s.Fields.Count];
            foreach (var (index, _) in c.Elems)
                present[index] = true;
            int missing = 0;
            for (int i = 0; i < present.Length; i++)
                if (!present[i])
                {
                    complete = false;
                    var f = Flatten.Of(s.Fields[i].Type);
                    missing += f.IsMemory ? 5 : f.Scalars.Length;
                }
            if (missing > 4)
                ZeroMemory(dst, c.Type);
            else if (!complete)
                for (int i = 0; i < present.Length; i++)
                    if (!present[i])
                        ZeroMemory(dst.Plus(flat.FieldOffsets[i]), s.Fields[i].Type);
            bool zeroed = missing > 4 || dst.Kind == AddrKind.Fresh;
            foreach (var (index, v) in c.Elems)
                if (!zeroed || !IsZero(v))
                    Into(dst.Plus(flat.FieldOffsets[index]), v);
            return;
        }
        var array = (ArrayType)c.Type.Underlying;
        long size = Flatten.SizeOf(array.Elem);
        bool sparse = c.Elems.Count < array.Len;
        if (sparse)
            ZeroMemory(dst, c.Type);
        foreach (var (index, v) in c.Elems)
            if (!(sparse || dst.Kind == AddrKind.Fresh) || !IsZero(v))
                Into(dst.Plus(index * size), v);
    }

    bool IsZero(ExprNode e)
    {
        if (_done.ContainsKey(e))
            return false;
        return e switch
        {
            ZeroNode or NilNode => true,
            ConstNode { Value: BoolConstant b } => !b.Value,
            ConstNode { Value: IntConstant i } => i.Value.IsZero,
            ConstNode { Value: StringConstant s } => s.Value.Length == 0,
            _ => false,
        };
    }

    LowExpr[] SliceLiteral(CompositeNode c, SliceType type)
    {
        var n = L.I64(c.Len);
        if (c.Len == 0 || Flatten.SizeOf(type.Elem) == 0)
        {
            foreach (var (_, v) in c.Elems)
                Discard(v);
            return [L.GlobalAddr(ZeroBase), n, n];
        }
        var array = new ArrayType(type.Elem, c.Len);
        LowExpr p;
        Addr dst;
        var flat = Flatten.Of(array);
        bool onHeap = Escapes(c) || flat.Size > MaxStackArray;
        if (onHeap)
        {
            p = NewObject(array);
            dst = new Addr(p, AddrKind.Fresh);
        }
        else
        {
            p = L.SlotAddr(AddressedSlot(array, null));
            dst = new Addr(p, AddrKind.Stack);
        }
        if (c.Image != null)
            CopyMemory(dst, new Addr(L.GlobalAddr(c.Image), AddrKind.Heap), array, false);
        else if (ElementsImage(c.Elems, array) is { } image)
            CopyMemory(dst, new Addr(L.GlobalAddr(image), AddrKind.Heap), array, false);
        else
        {
            long size = Flatten.SizeOf(type.Elem);
            bool sparse = c.Elems.Count < c.Len;
            if (sparse)
                ZeroMemory(dst, array);
            foreach (var (index, v) in c.Elems)
                if (!(sparse || onHeap) || !IsZero(v))
                    Into(dst.Plus(index * size), v);
        }
        return [p, n, n];
    }

    LowExpr New(NewNode n)
    {
        var elem = ((PointerType)n.Type.Underlying).Elem;
        if (Escapes(n) || Flatten.SizeOf(elem) == 0 || Flatten.SizeOf(elem) > MaxStackArray)
            return NewObject(elem);
        var slot = AddressedSlot(elem, null);
        Emit(new LowZeroSlot { Slot = slot });
        return L.SlotAddr(slot);
    }

    LowExpr[] MakeSlice(MakeSliceNode m)
    {
        var elem = ((SliceType)m.Type.Underlying).Elem;
        var len = Use(Word(m.Len));
        var cap = m.Cap == null ? len : Use(Word(m.Cap));
        len = AsI64(len);
        cap = AsI64(cap);
        if (!Escapes(m) && cap is LowConst { Bits: >= 0 } k && k.Bits * Math.Max(1, Flatten.SizeOf(elem)) <= MaxStackArray)
        {
            Check(L.Cmp(LowOp.GeS, len, L.I64(0)), "runtime.panicmakeslicelen");
            Check(L.Cmp(LowOp.LeU, len, cap), "runtime.panicmakeslicecap");
            if (k.Bits == 0 || Flatten.SizeOf(elem) == 0)
                return [L.GlobalAddr(ZeroBase), len, cap];
            var slot = AddressedSlot(new ArrayType(elem, k.Bits), null);
            Emit(new LowZeroSlot { Slot = slot });
            return [L.SlotAddr(slot), len, cap];
        }
        long limit = Flatten.SizeOf(elem) == 0 ? 0 : BufferBytes / Flatten.SizeOf(elem);
        if (!Escapes(m) && limit > 0 && !L.IsConst(cap, out _))
            return MakeSmallSlice(elem, len, cap, limit);
        return [CallRuntime1("runtime.makeslice", L.TypeAddr(elem), len, cap), len, cap];
    }

    LowExpr MakeMap(MakeMapNode m)
    {
        if (!Escapes(m))
            return MapInFrame(m.Type, m.Hint == null ? L.I64(0) : AsI64(Word(m.Hint)));
        if (m.Hint == null || ConstInt(m.Hint) is { } k && k <= 8)
            return CallRuntime1("runtime.makemap_small");
        return CallRuntime1("runtime.makemap", L.TypeAddr(m.Type), AsI64(Word(m.Hint)), L.Nil);
    }

    LowExpr MakeChan(MakeChanNode m) =>
        CallRuntime1("runtime.makechan", L.TypeAddr(m.Type), m.Size == null ? L.I64(0) : AsI64(Word(m.Size)));

    // ---- closures

    LowExpr Closure(ClosureNode c)
    {
        if (c.Func.ClosureVars.Count == 0)
            return new LowFuncVal { Type = LowType.Ptr, Func = c.Func };
        var layout = ClosureLayout.Of(c.Func);
        var dst = NewFuncVal(layout, c.Func, Escapes(c));
        for (int i = 0; i < layout.Offsets.Length; i++)
        {
            var v = c.Func.ClosureVars[i];
            var outer = v.Outer ?? throw Bug($"captured variable {v.Name} without outer variable");
            var home = HomeOf(outer);
            var at = dst.Plus(layout.Offsets[i]);
            if (v.ByValue)
                StoreVal(Place.At(at), home.Scalars != null ? new Val(Refs(home.Scalars), default) : Val.At(HomeAddr(home)), v.Type);
            else if (home.Scalars != null)
                throw Bug($"{outer.Name} is captured by reference but lives in registers");
            else
                StoreScalar(at, LowType.Ptr, HomeAddr(home).Expr, true);
        }
        return dst.Base;
    }

    /// <summary>A funcval with its code word set.</summary>
    Addr NewFuncVal(ClosureLayout layout, Function code, bool escapes)
    {
        Addr dst;
        if (escapes)
            dst = new Addr(CallRuntime1("runtime.newobject", L.TypeAddr(layout.Type)), AddrKind.Fresh);
        else
        {
            var flat = Flatten.Of(layout.Type);
            dst = new Addr(L.SlotAddr(AddressedSlot(flat.Size, 8, flat.PtrWords, ".closure")), AddrKind.Stack);
        }
        Emit(new LowStore { StoreType = LowType.Ptr, Addr = dst.Base, Value = new LowCodePtr { Type = LowType.Ptr, Func = code } });
        return dst;
    }

    LowExpr MethodValue(MethodValueNode m)
    {
        var x = Value(m.X);
        var layout = ClosureLayout.Of(m.Wrapper);
        if (Predicates.IsInterface(m.X.Type))
        {
            x = new Val(UseAll(x.Scalars!), default);
            NonNil(x.Scalars![0]);
        }
        else if (!x.IsMemory)
            x = new Val(UseAll(x.Scalars!), default);
        var dst = NewFuncVal(layout, m.Wrapper, Escapes(m));
        StoreVal(Place.At(dst.Plus(layout.Offsets[0])), x, m.X.Type);
        return dst.Base;
    }

    // ---- static images

    /// <summary>Read-only memory with the value of a literal of which everything is constant, if that is worth it.</summary>
    Global? StaticImage(CompositeNode c)
    {
        if (c.Image != null)
            return c.Image;
        if (c.Type.Underlying is SliceType || c.Elems.Count < 4)
            return null;
        if (!_images.TryGetValue(c, out var image))
            _images.Add(c, image = ImageOf(c));
        return image;
    }

    Global? ImageOf(ExprNode e)
    {
        var data = new StaticData(Flatten.SizeOf(e.Type)) { Bytes = new byte[Flatten.SizeOf(e.Type)] };
        return FillStatic(data, 0, e) ? _lowerer.NewStatic("", e.Type, data) : null;
    }

    Global? ElementsImage(List<(long Index, ExprNode Value)> elems, ArrayType array)
    {
        if (elems.Count < 4)
            return null;
        var data = new StaticData(Flatten.SizeOf(array)) { Bytes = new byte[Flatten.SizeOf(array)] };
        long size = Flatten.SizeOf(array.Elem);
        foreach (var (i, v) in elems)
            if (!FillStatic(data, i * size, v))
                return null;
        return _lowerer.NewStatic("", array, data);
    }

    /// <summary>Writes the value of a static expression; false if it is none.</summary>
    bool FillStatic(StaticData data, long at, ExprNode e)
    {
        if (_done.ContainsKey(e) || e.Init is { Count: > 0 })
            return false;
        switch (e)
        {
            case ZeroNode or NilNode: return true;
            case ConstNode c:
                var flat = Flatten.Of(c.Type);
                var values = Constant(c.Value, c.Type);
                for (int i = 0; i < values.Length; i++)
                    PutScalar(data, at + flat.Scalars[i].Offset, flat.Scalars[i].Type, values[i]);
                return true;
            case CompositeNode { Type.Underlying: StructType } s:
                var fields = Flatten.Of(s.Type).FieldOffsets;
                foreach (var (i, v) in s.Elems)
                    if (!FillStatic(data, at + fields[i], v))
                        return false;
                return true;
            case CompositeNode { Type.Underlying: ArrayType a } s:
                long size = Flatten.SizeOf(a.Elem);
                foreach (var (i, v) in s.Elems)
                    if (!FillStatic(data, at + (i * size), v))
                        return false;
                return true;
            case FuncNode f:
                data.Relocs.Add(new Reloc(at, f.Func, 0));
                return true;
            case ConvNode { Kind: ConvKind.Nop } c when Flatten.Of(c.X.Type).Size == Flatten.Of(c.Type).Size: return FillStatic(data, at, c.X);
            default: return false;
        }
    }

    static void PutScalar(StaticData data, long at, LowType type, LowExpr value)
    {
        switch (value)
        {
            case LowStringAddr s:
                data.Relocs.Add(new Reloc(at, s.Bytes, 0));
                break;
            case LowConst c:
                long bits = type switch
                {
                    LowType.F32 => BitConverter.SingleToInt32Bits((float)BitConverter.Int64BitsToDouble(c.Bits)),
                    _ => c.Bits,
                };
                for (int i = 0; i < Flatten.SizeOfLow(type); i++)
                    data.Bytes[at + i] = (byte)(bits >> (8 * i));
                break;
            default: throw Bug($"static {value.GetType().Name}");
        }
    }

    /// <summary>Static memory with a constant that is put into an interface.</summary>
    Global? BoxedStatic(ExprNode e) => e switch
    {
        ConstNode { Value: StringConstant { Value.Length: 0 } } or ZeroNode when Flatten.SizeOf(e.Type) <= 1024 => ZeroVal,
        ConstNode or CompositeNode { Type.Underlying: not SliceType, Image: null } => ImageOf(e),
        CompositeNode { Type.Underlying: not SliceType, Image: { } image } => image,
        ConvNode { Kind: ConvKind.Nop, X: ConstNode or CompositeNode or ZeroNode } c => BoxedStatic(c.X),
        _ => null,
    };
}

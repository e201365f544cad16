// Equality and hash functions of types, for descriptors and for comparisons in code.
//
//   type:.eq.T    func(p, q unsafe.Pointer) bool
//   type:.hash.T  func(p unsafe.Pointer, seed uintptr) uintptr
//
// Types of plain memory (no floats, strings, interfaces, gaps or blank fields) of one size share one function. Fields are compared in order, runs
// of plain fields at once; unequal is the way out, so a panic of a dynamic comparison comes only if everything before is equal.

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Makes the functions of one package on demand; each is made once and also queued for emission.</summary>
public sealed class TypeFuncs
{
    static readonly GoType s_pointer = Universe.UnsafePointer;

    readonly Lowerer _lowerer;
    readonly Dictionary<string, LowFunction> _made = [];

    internal TypeFuncs(Lowerer lowerer) => _lowerer = lowerer;

    public LowFunction Equal(GoType type) => Make("type:.eq." + Key(type), [s_pointer, s_pointer], Universe.Bool, f => f.MakeEqual(type));
    public LowFunction Hash(GoType type) => Make("type:.hash." + Key(type), [s_pointer, Universe.Uintptr], Universe.Uintptr, f => f.MakeHash(type));

    /// <summary>The function as a symbol to call directly.</summary>
    public Function EqualRef(GoType type) => Equal(type).Tree!;
    public Function HashRef(GoType type) => Hash(type).Tree!;

    LowFunction Make(string name, GoType[] parameters, GoType result, Func<FuncLowerer, LowFunction> make)
    {
        if (_made.TryGetValue(name, out var low))
            return low;
        var tree = Lowerer.NewSymbol(name, _lowerer.Package.Pkg, parameters, [result]);
        var machine = new FuncLowerer(_lowerer, tree);
        _made.Add(name, machine.Low);
        low = make(machine);
        _lowerer.Generated.Enqueue(low);
        return low;
    }

    /// <summary>Types with the same key have the same functions.</summary>
    static string Key(GoType t)
    {
        if (IsPlainMemory(t))
            return "mem" + Flatten.SizeOf(t);
        return t.Underlying switch
        {
            BasicType b => b.Name,
            InterfaceType i => i.TypeSet.Methods.Count == 0 ? "nilinter" : "inter",
            var u => TypeWriter.LinkName(t is NamedType ? t : u),
        };
    }

    /// <summary>Two values are equal exactly if their bytes are.</summary>
    public static bool IsPlainMemory(GoType t)
    {
        switch (t.Underlying)
        {
            case BasicType b:
                return b.Kind is BasicKind.Bool or (>= BasicKind.Int and <= BasicKind.Uintptr) or BasicKind.UnsafePointer or BasicKind.UntypedBool
                    or BasicKind.UntypedInt or BasicKind.UntypedRune;
            case PointerType or ChanType: return true;
            case MapType or Signature or SliceType or InterfaceType: return false;
            case ArrayType a: return a.Len == 0 || IsPlainMemory(a.Elem);
            case StructType s:
                var flat = Flatten.Of(t);
                long at = 0;
                for (int i = 0; i < s.Fields.Count; i++)
                {
                    var f = s.Fields[i];
                    if (f.Name == "_" || flat.FieldOffsets[i] != at || !IsPlainMemory(f.Type))
                        return false;
                    at += Flatten.SizeOf(f.Type);
                }
                return at == flat.Size;
            default: return false;
        }
    }
}

sealed partial class FuncLowerer
{
    internal LowFunction Low => _low;

    void BeginSynthetic()
    {
        _low.Entry = _cur = _low.NewBlock();
        Prologue();
    }

    LowFunction FinishSynthetic()
    {
        Cleanup.Run(_low);
        Loops.PlacePolls(_low, Loops.FindBounded(_low));
        return _low;
    }

    LowExpr ParamRef(int i) => L.Ref(_low.ParamLocals[i]);

    internal LowFunction MakeEqual(GoType type)
    {
        BeginSynthetic();
        var no = NewBlock();
        var p = new Addr(ParamRef(0), AddrKind.Heap);
        var q = new Addr(ParamRef(1), AddrKind.Heap);
        EqualParts(type, p, q, no);
        Terminate(new LowReturn { Values = [L.True] });
        _cur = no;
        Terminate(new LowReturn { Values = [L.False] });
        return FinishSynthetic();
    }

    void EqualParts(GoType type, Addr p, Addr q, LowBlock no)
    {
        if (Flatten.SizeOf(type) == 0)
            return;
        if (TypeFuncs.IsPlainMemory(type))
        {
            EqualMemory(type, p, q, no);
            return;
        }
        switch (type.Underlying)
        {
            case StructType s:
                var flat = Flatten.Of(type);
                CheapFirst(() =>
                {
                    foreach (var (field, offset, size) in Runs(s, flat))
                        if (field != null)
                            EqualField(field, p.Plus(offset), q.Plus(offset), no);
                        else
                            EqualMemory(new ArrayType(Universe.Uint8, size), p.Plus(offset), q.Plus(offset), no);
                });
                break;
            case ArrayType a:
                ForEach(a.Len, i =>
                {
                    var at = L.Scale(i, Flatten.SizeOf(a.Elem));
                    EqualField(a.Elem, p.PlusIndex(at), q.PlusIndex(at), no);
                });
                break;
            default:
                EqualTo(type, Val.At(p), Val.At(q), no);
                break;
        }
    }

    void EqualField(GoType type, Addr p, Addr q, LowBlock no)
    {
        if (Flatten.IsMemory(type))
            EqualMemory(type, p, q, no);
        else
            EqualTo(type, Val.At(p), Val.At(q), no);
    }

    /// <summary>The parts of a struct in order: fields, and runs of at least two plain fields without gaps (field null).</summary>
    static List<(GoType? Field, long Offset, long Size)> Runs(StructType s, FlatType flat)
    {
        var list = new List<(GoType?, long, long)>();
        for (int i = 0; i < s.Fields.Count; i++)
        {
            var t = s.Fields[i].Type;
            long at = flat.FieldOffsets[i], size = Flatten.SizeOf(t);
            if (s.Fields[i].Name == "_" || size == 0)
                continue;
            if (!TypeFuncs.IsPlainMemory(t))
            {
                list.Add((t, at, size));
                continue;
            }
            int k = i + 1;
            long end = at + size;
            while (k < s.Fields.Count && s.Fields[k].Name != "_" && flat.FieldOffsets[k] == end && TypeFuncs.IsPlainMemory(s.Fields[k].Type))
                end += Flatten.SizeOf(s.Fields[k++].Type);
            list.Add((k == i + 1 ? t : null, at, end - at));
            i = k - 1;
        }
        return list;
    }

    void ForEach(long count, Action<LowExpr> body)
    {
        if (count == 0)
            return;
        var i = NewTemp(LowType.I64);
        Assign(i, L.I64(0));
        var loop = StartLoop();
        loop.Head.Bounded = true;
        var inner = NewBlock();
        Branch(L.Cmp(LowOp.LtS, L.Ref(i), L.I64(count)), inner, loop.End);
        _cur = inner;
        body(L.Ref(i));
        Start(loop.Next);
        Step(i, L.I64(1), loop);
    }

    internal LowFunction MakeHash(GoType type)
    {
        BeginSynthetic();
        var h = NewTemp(LowType.U64);
        Assign(h, ParamRef(1));
        var p = new Addr(ParamRef(0), AddrKind.Heap);
        // Keys that the fast map functions take must hash as those do.
        if (TypeFuncs.IsPlainMemory(type) && Flatten.SizeOf(type) is 4 or 8)
            HashBy(Flatten.SizeOf(type) == 4 ? "runtime.memhash32" : "runtime.memhash64", p, h);
        else
            HashParts(type, p, h);
        Terminate(new LowReturn { Values = [L.Ref(h)] });
        return FinishSynthetic();
    }

    void HashParts(GoType type, Addr p, LowLocal h)
    {
        if (Flatten.SizeOf(type) == 0)
            return;
        if (TypeFuncs.IsPlainMemory(type))
        {
            HashBytes(p, Flatten.SizeOf(type), h);
            return;
        }
        switch (type.Underlying)
        {
            case BasicType b:
                HashBy(b.Kind switch
                {
                    BasicKind.String => "runtime.strhash",
                    BasicKind.Float32 => "runtime.f32hash",
                    BasicKind.Float64 => "runtime.f64hash",
                    BasicKind.Complex64 => "runtime.c64hash",
                    BasicKind.Complex128 => "runtime.c128hash",
                    _ => throw Bug($"hash of {b.Name}"),
                }, p, h);
                break;
            case InterfaceType i:
                HashBy(i.TypeSet.Methods.Count == 0 ? "runtime.nilinterhash" : "runtime.interhash", p, h);
                break;
            case StructType s:
                foreach (var (field, offset, size) in Runs(s, Flatten.Of(type)))
                    if (field == null)
                        HashBytes(p.Plus(offset), size, h);
                    else
                        HashParts(field, p.Plus(offset), h);
                break;
            case ArrayType a:
                ForEach(a.Len, i => HashParts(a.Elem, Stable(p.PlusIndex(L.Scale(i, Flatten.SizeOf(a.Elem)))), h));
                break;
            default: throw Bug($"hash of {type}");
        }
    }

    void HashBy(string symbol, Addr p, LowLocal h) => Assign(h, CallRuntime1(symbol, p.Expr, L.Ref(h)));

    void HashBytes(Addr p, long size, LowLocal h) => Assign(h, CallRuntime1("runtime.memhash", p.Expr, L.Ref(h), L.U64((ulong)size)));
}

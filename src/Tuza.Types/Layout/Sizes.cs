// THE size, alignment, offset and pointer-map algorithm, gc's for every GOARCH.
//
// Rules. Fields lie in order at the next multiple of their alignment; a struct is as aligned as its most aligned field, its size a
// multiple of that. A struct that is not empty but ends in a field of size zero gets a byte more, so that a pointer to that field
// stays inside. An empty struct named align64 of the atomic packages is 8-aligned on all machines. int64 and float64 are aligned to
// the word on 32-bit machines.
//
// Pointer maps: one bit per word. The first word of an interface is no pointer for the collector (type descriptors and itabs are
// not in the heap); pointers to types marked not-in-heap are none either.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Tuza.Types;

public sealed class Sizes
{
    static readonly Dictionary<string, Sizes> s_byArch = new()
    {
        ["386"] = new(4, 4),
        ["amd64"] = new(8, 8),
        ["amd64p32"] = new(4, 8),
        ["arm"] = new(4, 4),
        ["arm64"] = new(8, 8),
        ["loong64"] = new(8, 8),
        ["mips"] = new(4, 4),
        ["mipsle"] = new(4, 4),
        ["mips64"] = new(8, 8),
        ["mips64le"] = new(8, 8),
        ["ppc64"] = new(8, 8),
        ["ppc64le"] = new(8, 8),
        ["riscv64"] = new(8, 8),
        ["s390x"] = new(8, 8),
        ["sparc64"] = new(8, 8),
        ["wasm"] = new(8, 8),
    };

    readonly ConditionalWeakTable<StructType, StructLayout> _structs = [];

    Sizes(int wordBytes, int maxAlign)
    {
        WordBytes = wordBytes;
        MaxAlign = maxAlign;
    }

    sealed record StructLayout(long[] Offsets, long Size, long Align);

    public int WordBytes { get; }
    public int MaxAlign { get; }

    /// <summary>The largest type gc accepts.</summary>
    public long MaxTypeBytes => WordBytes == 8 ? 1L << 50 : (1L << 31) - 1;

    public static readonly Sizes Amd64 = s_byArch["amd64"];

    /// <summary>null for an unknown GOARCH.</summary>
    public static Sizes? ForArch(string goarch) => s_byArch.GetValueOrDefault(goarch);

    /// <summary>Bytes of a value; -1 when they do not fit 63 bits. Not for type parameters.</summary>
    public long Sizeof(GoType t)
    {
        switch (t.Underlying)
        {
            case BasicType b:
                return b.Kind switch
                {
                    BasicKind.Bool or BasicKind.Int8 or BasicKind.Uint8 => 1,
                    BasicKind.Int16 or BasicKind.Uint16 => 2,
                    BasicKind.Int32 or BasicKind.Uint32 or BasicKind.Float32 => 4,
                    BasicKind.Int64 or BasicKind.Uint64 or BasicKind.Float64 or BasicKind.Complex64 => 8,
                    BasicKind.Complex128 => 16,
                    BasicKind.String => 2 * WordBytes,
                    _ => WordBytes,
                };
            case ArrayType a:
                {
                    if (a.Len <= 0)
                        return 0;
                    long elem = Sizeof(a.Elem);
                    if (elem <= 0)
                        return elem;
                    return elem > long.MaxValue / a.Len ? -1 : elem * a.Len;
                }
            case SliceType:
                return 3 * WordBytes;
            case StructType s:
                return Layout(s).Size;
            case InterfaceType:
                return 2 * WordBytes;
            default:
                return WordBytes;
        }
    }

    public long Alignof(GoType t)
    {
        switch (t.Underlying)
        {
            case ArrayType a:
                return Alignof(a.Elem);
            case StructType s:
                return s.Fields.Count == 0 && IsAlign64(t) ? 8 : Layout(s).Align;
            case SliceType or InterfaceType:
                return WordBytes;
            case BasicType { Kind: BasicKind.String }:
                return WordBytes;
            default:
                long n = Sizeof(t);
                if (Predicates.IsComplex(t))
                    n /= 2;
                return Math.Clamp(n, 1, MaxAlign);
        }
    }

    static bool IsAlign64(GoType t) =>
        t.Unalias is NamedType { Obj: { Name: "align64", Pkg.Path: "sync/atomic" or "internal/runtime/atomic" } };

    /// <summary>Byte offset of every field; -1 from the field on that lies too far.</summary>
    public long[] Offsetsof(StructType t) => Layout(t).Offsets;

    /// <summary>Offset of the field at the end of an index path without pointers; -1 when too large.</summary>
    public long Offsetof(GoType t, IReadOnlyList<int> index)
    {
        long sum = 0;
        foreach (int i in index)
        {
            var s = (StructType)t.Underlying;
            long offset = Layout(s).Offsets[i];
            if (offset < 0 || (sum += offset) < 0)
                return -1;
            t = s.Fields[i].Type;
        }
        return sum;
    }

    StructLayout Layout(StructType t)
    {
        if (_structs.TryGetValue(t, out var known))
            return known;
        var made = Compute(t);
        if (t.Fields.TrueForAll(f => IsKnown(f.Type)))
            _structs.AddOrUpdate(t, made);
        return made;
    }

    /// <summary>False while a declaration is being checked whose size would be wrong to remember.</summary>
    bool IsKnown(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind != BasicKind.Invalid,
        ArrayType a => a.Len >= 0 && IsKnown(a.Elem),
        StructType s => _structs.TryGetValue(s, out _),
        _ => true,
    };

    StructLayout Compute(StructType t)
    {
        var offsets = new long[t.Fields.Count];
        long at = 0, align = 1, last = 0;
        for (int i = 0; i < offsets.Length; i++)
        {
            long a = Alignof(t.Fields[i].Type);
            align = Math.Max(align, a);
            if (at >= 0)
                at = AlignUp(at, a);
            offsets[i] = at < 0 ? -1 : at;
            last = Sizeof(t.Fields[i].Type);
            at = at < 0 || last < 0 || at > long.MaxValue - last ? -1 : at + last;
        }
        if (at > 0 && last == 0)
            at++;
        return new(offsets, at < 0 ? -1 : AlignUp(at, align), align);
    }

    static long AlignUp(long x, long align) => x > long.MaxValue - align ? -1 : (x + align - 1) & -align;

    // ---- pointers

    /// <summary>Declared in the runtime as never living in the collected heap; so are structs and arrays that contain such a type.</summary>
    public static bool IsNotInHeap(GoType t) => t.Unalias switch
    {
        NamedType { Obj: { Name: "nih", Pkg.Path: "internal/runtime/sys" } } => true,
        NamedType n => n.Underlying is StructType or ArrayType && IsNotInHeap(n.Underlying),
        ArrayType a => IsNotInHeap(a.Elem),
        StructType s => s.Fields.Exists(f => IsNotInHeap(f.Type)),
        _ => false,
    };

    public bool HasPointers(GoType t) => PtrBytes(t) > 0;

    /// <summary>Length of the prefix of a value that holds all its pointers; 0 without pointers.</summary>
    public long PtrBytes(GoType t)
    {
        switch (t.Underlying)
        {
            case BasicType b:
                return b.Kind is BasicKind.String or BasicKind.UnsafePointer or BasicKind.UntypedString or BasicKind.UntypedNil ? WordBytes : 0;
            case PointerType p:
                return IsNotInHeap(p.Elem) ? 0 : WordBytes;
            case SliceType s:
                return IsNotInHeap(s.Elem) ? 0 : WordBytes;
            case MapType or ChanType or Signature:
                return WordBytes;
            case InterfaceType:
                return 2 * WordBytes;
            case ArrayType a:
                {
                    long elem = a.Len > 0 ? PtrBytes(a.Elem) : 0;
                    return elem == 0 ? 0 : Sizeof(a.Elem) * (a.Len - 1) + elem;
                }
            case StructType s:
                {
                    var offsets = Layout(s).Offsets;
                    for (int i = s.Fields.Count - 1; i >= 0; i--)
                        if (PtrBytes(s.Fields[i].Type) is > 0 and var n)
                            return offsets[i] + n;
                    return 0;
                }
            default:
                return 0;
        }
    }

    /// <summary>Calls visit with the byte offset of every pointer word, ascending.</summary>
    public void ForEachPointer(GoType t, long at, Action<long> visit)
    {
        switch (t.Underlying)
        {
            case InterfaceType:
                visit(at + WordBytes);
                break;
            case ArrayType a:
                if (a.Len <= 0 || PtrBytes(a.Elem) == 0)
                    break;
                long size = Sizeof(a.Elem);
                for (long i = 0; i < a.Len; i++)
                    ForEachPointer(a.Elem, at + i * size, visit);
                break;
            case StructType s:
                var offsets = Layout(s).Offsets;
                for (int i = 0; i < offsets.Length; i++)
                    if (PtrBytes(s.Fields[i].Type) > 0)
                        ForEachPointer(s.Fields[i].Type, at + offsets[i], visit);
                break;
            default:
                if (PtrBytes(t) > 0)
                    visit(at);
                break;
        }
    }

    /// <summary>One bit per word of the pointer prefix, lowest bit first. Costs memory in proportion to the type: not for huge arrays.</summary>
    public BitArray PtrMask(GoType t)
    {
        var mask = new BitArray((int)(PtrBytes(t) / WordBytes));
        ForEachPointer(t, 0, offset => mask[(int)(offset / WordBytes)] = true);
        return mask;
    }
}

// Which Go types are scalars and which are memory: the only place that knows.
//
// A type is *scalars* when its values are carried in at most MaxScalars machine values: basic types, pointers, strings (2), slices (3),
// interfaces (2), complex numbers (2), structs whose flattened fields are at most MaxScalars, arrays of length 1 of such, and
// everything of size zero (no scalars). Every other type is *memory*: its values exist only at an address.
// Each scalar remembers its byte offset in the memory form of the type, so the same list serves loads, stores and calls.
//
// A scalar is *tracked* when the collector must see it: pointers are, the type word of an interface is not (descriptors and itabs
// never move and are never freed).

using System;
using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>One machine value of a flattened type, at Offset in the memory form.</summary>
public readonly record struct FlatScalar(LowType Type, long Offset, bool Tracked);

/// <summary>The layout of one type as lowering and emission see it.</summary>
public sealed class FlatType
{
    bool[]? _ptrWords;
    bool _ptrWordsDone;

    public required GoType Type { get; init; }
    public required long Size { get; init; }
    public required int Align { get; init; }
    /// <summary>Values live only at an address.</summary>
    public required bool IsMemory { get; init; }
    /// <summary>Empty for memory types and for types of size zero.</summary>
    public required FlatScalar[] Scalars { get; init; }
    /// <summary>Structs: byte offset of each field, and number of its first scalar (meaningless for memory types).</summary>
    public long[] FieldOffsets { get; init; } = [];
    public int[] FieldScalars { get; init; } = [];
    public required bool HasPointers { get; init; }
    /// <summary>Exactly one scalar.</summary>
    public bool IsSingle => Scalars.Length == 1;

    /// <summary>One flag per word up to the last pointer, padded to the whole size; null without pointers.</summary>
    public bool[]? PtrWords
    {
        get
        {
            if (!_ptrWordsDone)
            {
                if (HasPointers)
                {
                    var words = new bool[(Size + 7) / 8];
                    Flatten.MarkPointers(Type, 0, words);
                    _ptrWords = words;
                }
                _ptrWordsDone = true;
            }
            return _ptrWords;
        }
    }
}

public static class Flatten
{
    public const int MaxScalars = 4;

    static readonly Lazy<Sizes> s_sizes = new(static () => Sizes.ForArch("amd64")!);
    public static Sizes Sizes => s_sizes.Value;

    public static FlatType Of(GoType type)
    {
        if (type.FlatCache is FlatType f)
            return f;
        f = Compute(type);
        type.FlatCache = f;
        return f;
    }

    public static long SizeOf(GoType type) => Of(type).Size;
    public static bool IsMemory(GoType type) => Of(type).IsMemory;
    public static bool HasPointers(GoType type) => Of(type).HasPointers;

    /// <summary>Values are stored directly in the data word of an interface: exactly one word, and that a pointer.</summary>
    public static bool IsDirectIface(GoType type)
    {
        var f = Of(type);
        return f is { IsSingle: true, Size: 8 } && f.Scalars[0] is { Type: LowType.Ptr, Tracked: true };
    }

    /// <summary>Machine type of a basic type that is one scalar.</summary>
    public static LowType OfBasic(BasicKind kind) => kind switch
    {
        BasicKind.Bool or BasicKind.UntypedBool or BasicKind.Uint8 => LowType.U8,
        BasicKind.Int8 => LowType.I8,
        BasicKind.Int16 => LowType.I16,
        BasicKind.Uint16 => LowType.U16,
        BasicKind.Int32 or BasicKind.UntypedRune => LowType.I32,
        BasicKind.Uint32 => LowType.U32,
        BasicKind.Int or BasicKind.Int64 or BasicKind.UntypedInt => LowType.I64,
        BasicKind.Uint or BasicKind.Uint64 or BasicKind.Uintptr => LowType.U64,
        BasicKind.Float32 => LowType.F32,
        BasicKind.Float64 or BasicKind.UntypedFloat => LowType.F64,
        BasicKind.UnsafePointer or BasicKind.UntypedNil => LowType.Ptr,
        _ => throw new InvalidOperationException($"Flatten: no machine type for {kind}"),
    };

    public static int SizeOfLow(LowType type) => type switch
    {
        LowType.I8 or LowType.U8 => 1,
        LowType.I16 or LowType.U16 => 2,
        LowType.I32 or LowType.U32 or LowType.F32 => 4,
        _ => 8,
    };

    static readonly FlatScalar[] s_string = [new(LowType.Ptr, 0, true), new(LowType.I64, 8, false)];
    static readonly FlatScalar[] s_slice = [new(LowType.Ptr, 0, true), new(LowType.I64, 8, false), new(LowType.I64, 16, false)];
    static readonly FlatScalar[] s_iface = [new(LowType.Ptr, 0, false), new(LowType.Ptr, 8, true)];
    static readonly FlatScalar[] s_complex64 = [new(LowType.F32, 0, false), new(LowType.F32, 4, false)];
    static readonly FlatScalar[] s_complex128 = [new(LowType.F64, 0, false), new(LowType.F64, 8, false)];
    static readonly FlatScalar[] s_pointer = [new(LowType.Ptr, 0, true)];

    static FlatType Compute(GoType type)
    {
        switch (type.Underlying)
        {
            case BasicType { Kind: BasicKind.String or BasicKind.UntypedString }:
                return Simple(type, 16, 8, s_string, true);
            case BasicType { Kind: BasicKind.Complex64 }:
                return Simple(type, 8, 4, s_complex64, false);
            case BasicType { Kind: BasicKind.Complex128 or BasicKind.UntypedComplex }:
                return Simple(type, 16, 8, s_complex128, false);
            case BasicType b:
                {
                    var low = OfBasic(b.Kind);
                    int size = SizeOfLow(low);
                    return low == LowType.Ptr ? Simple(type, 8, 8, s_pointer, true) : Simple(type, size, size, [new(low, 0, false)], false);
                }
            case PointerType or MapType or ChanType or Signature:
                return Simple(type, 8, 8, s_pointer, true);
            case SliceType:
                return Simple(type, 24, 8, s_slice, true);
            case InterfaceType:
                return Simple(type, 16, 8, s_iface, true);
            case ArrayType a:
                return ComputeArray(type, a);
            case StructType s:
                return ComputeStruct(type, s);
            default:
                throw new InvalidOperationException($"Flatten: {type} has no values");
        }
    }

    static FlatType Simple(GoType type, long size, int align, FlatScalar[] scalars, bool pointers) =>
        new() { Type = type, Size = size, Align = align, IsMemory = false, Scalars = scalars, HasPointers = pointers };

    static FlatType ComputeArray(GoType type, ArrayType array)
    {
        var elem = Of(array.Elem);
        long size = Sizes.Sizeof(type);
        bool memory = size != 0 && (elem.IsMemory || array.Len != 1);
        return new()
        {
            Type = type,
            Size = size,
            Align = elem.Align,
            IsMemory = memory,
            Scalars = memory || size == 0 ? [] : elem.Scalars,
            HasPointers = array.Len > 0 && elem.HasPointers,
        };
    }

    static FlatType ComputeStruct(GoType type, StructType s)
    {
        long size = Sizes.Sizeof(type);
        long[] offsets = Sizes.Offsetsof(s);
        var starts = new int[offsets.Length];
        var scalars = new List<FlatScalar>();
        bool memory = false, pointers = false;
        for (int i = 0; i < offsets.Length; i++)
        {
            var f = Of(s.Fields[i].Type);
            pointers |= f.HasPointers;
            memory |= f.IsMemory;
            starts[i] = scalars.Count;
            if (memory)
                continue;
            foreach (var x in f.Scalars)
                scalars.Add(x with { Offset = x.Offset + offsets[i] });
            memory = scalars.Count > MaxScalars;
        }
        return new()
        {
            Type = type,
            Size = size,
            Align = (int)Sizes.Alignof(type),
            IsMemory = memory,
            Scalars = memory ? [] : [.. scalars],
            FieldOffsets = offsets,
            FieldScalars = starts,
            HasPointers = pointers,
        };
    }

    /// <summary>Sets the flag of each pointer word of a value of the type at byte offset <paramref name="offset"/>.</summary>
    public static void MarkPointers(GoType type, long offset, bool[] words)
    {
        switch (type.Underlying)
        {
            case ArrayType a:
                {
                    var elem = Of(a.Elem);
                    if (elem.HasPointers)
                        for (long i = 0; i < a.Len; i++)
                            MarkPointers(a.Elem, offset + (i * elem.Size), words);
                    break;
                }
            case StructType s:
                {
                    var f = Of(type);
                    if (f.HasPointers)
                        for (int i = 0; i < s.Fields.Count; i++)
                            MarkPointers(s.Fields[i].Type, offset + f.FieldOffsets[i], words);
                    break;
                }
            default:
                foreach (var x in Of(type).Scalars)
                    if (x.Tracked)
                        words[(offset + x.Offset) / 8] = true;
                break;
        }
    }
}

// The type descriptors of one image, as specs for the loader (Abi/TypeSectionFormat).
//
// Emitting code asks for the index of a type or itab; asking for one type pulls in every type its descriptor refers to. A declared type
// belongs to the image of its package, which describes it (and the pointer to it) whether its code mentions it or not; other
// images refer to it by link name. Everything else (unnamed types, instances of generic types, predeclared types) is described
// by each image that needs it, and interned at load.
//
// Descriptors refer to code: methods, equality and hash functions. Those references are numbered in <see cref="Code"/>; asking for types may
// thus ask for more functions to be compiled, so that the image's compiler works until both lists stop growing.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

/// <summary>What the descriptors need from the compiler of the image.</summary>
public interface ITypeCode
{
    /// <summary>The function for a method of a method set: declared, promoted, or the wrapper that takes a pointer for a value receiver.</summary>
    Function MethodOf(GoType receiver, MethodSelection method);

    /// <summary>`func(p, q unsafe.Pointer) bool` for the type; only asked for comparable types.</summary>
    LowFunction EqualOf(GoType type);

    /// <summary>`func(p unsafe.Pointer, seed uintptr) uintptr` for map keys of the type.</summary>
    LowFunction HashOf(GoType type);

    /// <summary>reflect's way to functions of the type: see <see cref="FuncBridge"/>.</summary>
    LowFunction BridgeOf(Signature type, FuncBridge bridge);
}

public enum TypeCodeKind : byte
{
    /// <summary>The function itself: called through an itab with the data word as receiver.</summary>
    MethodEntry,
    /// <summary>The function as the body of a func value: takes ctx.</summary>
    FuncValueEntry,
    /// <summary>A generated function (Low), which takes ctx already.</summary>
    Generated,
}

/// <summary>A function that descriptors refer to, by its number.</summary>
public readonly record struct TypeCodeRef(TypeCodeKind Kind, Function? Func, LowFunction? Low);

public sealed partial class TypeSection(Package package, ITypeCode code)
{
    readonly Dictionary<string, int> _indices = [];
    readonly Dictionary<GoType, int> _byType = new(ReferenceEqualityComparer.Instance);
    readonly List<TypeSpec> _specs = [];
    readonly Dictionary<ItabKey, int> _itabs = new(ItabComparer.Instance);
    readonly List<(int Inter, int Type)> _itabPairs = [];
    readonly Dictionary<(TypeCodeKind, object), uint> _codeIds = [];
    readonly Queue<TypeSpec> _pending = new();
    bool _draining;

    /// <summary>Functions that the section refers to; grows while types are asked for.</summary>
    public List<TypeCodeRef> Code { get; } = [];
    public int TypeCount => _specs.Count;
    public int ItabCount => _itabPairs.Count;

    /// <summary>The section's index of a type.</summary>
    public int IndexOf(GoType type)
    {
        type = type.Unalias;
        if (_byType.TryGetValue(type, out int known))
            return known;
        string link = TypeWriter.LinkName(type);
        if (!_indices.TryGetValue(link, out int index))
            index = Add(new TypeSpec { Type = type, Link = link, Extern = IsExtern(type) });
        _byType[type] = index;
        Drain();
        return index;
    }

    /// <summary>The section's index of an itab.</summary>
    public int ItabIndexOf(ItabKey key)
    {
        if (_itabs.TryGetValue(key, out int index))
            return index;
        index = _itabPairs.Count;
        _itabs.Add(key, index);
        _itabPairs.Add(default);
        _itabPairs[index] = (IndexOf(key.Interface), IndexOf(key.Concrete));
        return index;
    }

    int Add(TypeSpec spec)
    {
        int index = _specs.Count;
        _specs.Add(spec);
        _indices.Add(spec.Link, index);
        if (!spec.Extern)
            _pending.Enqueue(spec);
        return index;
    }

    /// <summary>Describes what was added. Not recursive: long chains of types must not overflow the stack.</summary>
    void Drain()
    {
        if (_draining)
            return;
        _draining = true;
        while (_pending.TryDequeue(out var spec))
            Describe(spec);
        _draining = false;
    }

    bool IsExtern(GoType type)
    {
        if (type is PointerType p)
            type = p.Elem.Unalias;
        return type is NamedType { IsInstance: false } n && n.Obj.Pkg is { } pkg && pkg.Path != package.Path && !pkg.IsUnsafe;
    }

    uint CodeId(TypeCodeKind kind, object function)
    {
        if (!_codeIds.TryGetValue((kind, function), out uint id))
        {
            id = (uint)Code.Count;
            _codeIds.Add((kind, function), id);
            Code.Add(new TypeCodeRef(kind, function as Function, function as LowFunction));
        }
        return id;
    }

    readonly Dictionary<string, LowFunction> _generated = [];

    /// <summary>Generated functions are shared by name: many types have the same equality.</summary>
    uint GeneratedId(LowFunction f)
    {
        if (!_generated.TryAdd(f.LinkName, f))
            f = _generated[f.LinkName];
        return CodeId(TypeCodeKind.Generated, f);
    }

    sealed class ItabComparer : IEqualityComparer<ItabKey>
    {
        public static readonly ItabComparer Instance = new();
        public bool Equals(ItabKey? x, ItabKey? y) => Identical.Same(x!.Concrete, y!.Concrete) && Identical.Same(x.Interface, y.Interface);
        public int GetHashCode(ItabKey k) => HashCode.Combine(TypeHasher.Instance.GetHashCode(k.Concrete), TypeHasher.Instance.GetHashCode(k.Interface));
    }

    /// <summary>One type on its way into the section.</summary>
    sealed class TypeSpec
    {
        public required GoType Type;
        public required string Link;
        public bool Extern;
        public TypeRecord Record;
        public uint[] Tail = [];
    }
}

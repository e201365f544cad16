// From a Go type to its record: sizes, flags, the kind's own part, methods.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

public sealed partial class TypeSection
{
    /// <summary>Masks longer than this many bytes are made by the runtime when first needed (as gc does).</summary>
    const int MaxMaskBytes = 2048;

    /// <summary>Keys and elements larger than this are kept in map slots as pointers (`abi.MapMaxKeyBytes`).</summary>
    const int MaxMapSlotBytes = 128;

    void Describe(TypeSpec spec)
    {
        GoType t = spec.Type;
        FlatType flat = Flatten.Of(t);
        var tail = new List<uint>();
        Kind kind = KindOf(t);
        long ptrBytes = PtrBytes(t);
        spec.Record = new TypeRecord
        {
            Size = (ulong)flat.Size,
            PtrBytes = (ulong)ptrBytes,
            Align = (byte)flat.Align,
            Kind = kind,
            StrName = Name(TypeWriter.ReflectName(t), exported: t is NamedType n && Obj.ExportedName(n.Obj.Name)),
            EqualCode = Predicates.Comparable(t) ? GeneratedId(code.EqualOf(t)) : TypeSectionFormat.NoRef,
        };
        TFlag flags = 0;
        if (t is NamedType or BasicType)
            flags |= TFlag.Named;
        if (IsRegularMemory(t))
            flags |= TFlag.RegularMemory;
        if (Flatten.IsDirectIface(t))
            flags |= TFlag.DirectIface;
        SetMask(ref spec.Record, ref flags, flat, ptrBytes);
        DescribeKind(t.Underlying, tail);

        var methods = t.Underlying is InterfaceType ? [] : Methods(t);
        if (t is NamedType or BasicType || methods.Count > 0)
        {
            flags |= TFlag.Uncommon;
            DescribeMethods(t, methods, tail);
        }
        spec.Record.TFlag = flags;
        spec.Tail = [.. tail];

        // reflect makes pointer types itself, but without methods: where there are some, the pointer's descriptor has to exist.
        if (t is StructType or NamedType { IsInstance: true } && t.Underlying is not (InterfaceType or PointerType))
        {
            var pointer = new PointerType(t);
            if (Methods(pointer).Count > 0)
                IndexOf(pointer);
        }
    }

    void SetMask(ref TypeRecord record, ref TFlag flags, FlatType flat, long ptrBytes)
    {
        record.Mask = TypeSectionFormat.NoRef;
        if (ptrBytes == 0)
            return;
        if (ptrBytes / 64 > MaxMaskBytes)
            flags |= TFlag.GCMaskOnDemand;
        else
            record.Mask = Mask(flat.PtrWords!, (int)(ptrBytes / 8));
    }

    void DescribeKind(GoType u, List<uint> tail)
    {
        switch (u)
        {
            case BasicType:
                break;
            case PointerType p:
                tail.Add((uint)IndexOf(p.Elem));
                break;
            case SliceType s:
                tail.Add((uint)IndexOf(s.Elem));
                break;
            case ArrayType a:
                tail.Add((uint)IndexOf(a.Elem));
                tail.Add((uint)IndexOf(new SliceType(a.Elem)));
                AddLong(tail, a.Len);
                break;
            case ChanType c:
                tail.Add((uint)IndexOf(c.Elem));
                tail.Add(c.Dir switch { Syntax.ChanDir.Recv => 1u, Syntax.ChanDir.Send => 2u, _ => 3u });
                break;
            case Signature f:
                tail.Add((uint)f.Params.Count);
                tail.Add((uint)f.Results.Count | (f.Variadic ? 0x8000u : 0));
                for (var bridge = FuncBridge.Invoke; bridge <= FuncBridge.MethodStub; bridge++)
                    tail.Add(GeneratedId(code.BridgeOf(f, bridge)));
                foreach (var v in f.Params.Vars)
                    tail.Add((uint)IndexOf(v.Type));
                foreach (var v in f.Results.Vars)
                    tail.Add((uint)IndexOf(v.Type));
                break;
            case InterfaceType i:
                DescribeInterface(i, tail);
                break;
            case StructType s:
                DescribeStruct(s, tail);
                break;
            case MapType m:
                DescribeMap(m, tail);
                break;
            default:
                throw new InvalidOperationException($"type descriptor of {u}");
        }
    }

    void DescribeInterface(InterfaceType i, List<uint> tail)
    {
        var methods = new List<Func>(i.TypeSet.Methods);
        methods.Sort(CompareMethods);
        var unexported = methods.Find(m => !m.Exported);
        tail.Add(unexported?.Pkg is { } pkg ? Name(pkg.Path, false) : TypeSectionFormat.NoRef);
        tail.Add((uint)methods.Count);
        foreach (var m in methods)
        {
            tail.Add(MethodName(m, null));
            tail.Add((uint)IndexOf(FuncType(m.Sig)));
        }
    }

    void DescribeStruct(StructType s, List<uint> tail)
    {
        var unexported = s.Fields.Find(f => !f.Exported);
        tail.Add(unexported?.Pkg is { } pkg ? Name(pkg.Path, false) : TypeSectionFormat.NoRef);
        tail.Add((uint)s.Fields.Count);
        FlatType flat = Flatten.Of(s);
        for (int i = 0; i < s.Fields.Count; i++)
        {
            Var f = s.Fields[i];
            tail.Add(Name(f.Name, f.Exported, s.Tag(i), f.Embedded));
            tail.Add((uint)IndexOf(f.Type));
            AddLong(tail, flat.FieldOffsets[i]);
        }
    }

    /// <summary>See GOROOT/src/internal/runtime/maps: a group is a control word and eight slots of key and element.</summary>
    void DescribeMap(MapType m, List<uint> tail)
    {
        long keySize = Flatten.SizeOf(m.Key), elemSize = Flatten.SizeOf(m.Elem);
        bool indirectKey = keySize > MaxMapSlotBytes, indirectElem = elemSize > MaxMapSlotBytes;
        GoType key = indirectKey ? new PointerType(m.Key) : m.Key, elem = indirectElem ? new PointerType(m.Elem) : m.Elem;
        var slot = new StructType([Field("key", key), Field("elem", elem)], []);
        var slots = new ArrayType(slot, 8);
        var group = new StructType([Field("ctrl", Universe.Basic(BasicKind.Uint64)), Field("slots", slots)], []);
        MapFlags flags = 0;
        if (NeedsKeyUpdate(m.Key))
            flags |= MapFlags.NeedKeyUpdate;
        if (HashMightPanic(m.Key))
            flags |= MapFlags.HashMightPanic;
        if (indirectKey)
            flags |= MapFlags.IndirectKey;
        if (indirectElem)
            flags |= MapFlags.IndirectElem;

        tail.Add((uint)IndexOf(m.Key));
        tail.Add((uint)IndexOf(m.Elem));
        tail.Add((uint)GroupIndex(m, group));
        tail.Add(GeneratedId(code.HashOf(m.Key)));
        AddLong(tail, Flatten.SizeOf(group));
        tail.Add((uint)Flatten.SizeOf(slot));
        tail.Add((uint)Flatten.Of(slot).FieldOffsets[1]);
        tail.Add((uint)flags);
    }

    static Var Field(string name, GoType type) => new() { Name = name, Type = type, IsField = true };

    /// <summary>The group type: only its size and pointers matter, so it is described as a struct without visible fields.</summary>
    int GroupIndex(MapType m, StructType group)
    {
        string link = "map.group " + TypeWriter.LinkName(m);
        if (_indices.TryGetValue(link, out int index))
            return index;
        var spec = new TypeSpec { Type = group, Link = link };
        index = _specs.Count;
        _specs.Add(spec);
        _indices.Add(link, index);
        FlatType flat = Flatten.Of(group);
        TFlag flags = 0;
        long ptrBytes = PtrBytes(group);
        spec.Record = new TypeRecord
        {
            Size = (ulong)flat.Size,
            PtrBytes = (ulong)ptrBytes,
            Align = (byte)flat.Align,
            Kind = Kind.Struct,
            StrName = Name("map.group", false),
            EqualCode = TypeSectionFormat.NoRef,
        };
        SetMask(ref spec.Record, ref flags, flat, ptrBytes);
        spec.Record.TFlag = flags;
        spec.Tail = [TypeSectionFormat.NoRef, 0];
        return index;
    }

    // ---- methods

    static List<MethodSelection> Methods(GoType t)
    {
        if (t is PointerType { Elem: var elem } && elem.Underlying is InterfaceType or PointerType)
            return [];
        var list = new List<MethodSelection>(MethodSet.Of(t));
        list.RemoveAll(m => m.Method.Sig.TypeParams.Count > 0); // generic methods are not in descriptors
        list.Sort((a, b) => CompareMethods(a.Method, b.Method));
        return list;
    }

    /// <summary>Exported first, then by name, then by package path: descriptors of types and interfaces agree on this.</summary>
    static int CompareMethods(Func a, Func b)
    {
        if (a.Exported != b.Exported)
            return a.Exported ? -1 : 1;
        int c = string.CompareOrdinal(a.Name, b.Name);
        return c != 0 || a.Exported ? c : string.CompareOrdinal(a.Pkg?.Path, b.Pkg?.Path);
    }

    void DescribeMethods(GoType t, List<MethodSelection> methods, List<uint> tail)
    {
        bool isPointer = t is PointerType, direct = Flatten.IsDirectIface(t);
        Package? pkg = t is NamedType n ? n.Obj.Pkg : t is PointerType { Elem: var e } && e.Unalias is NamedType en ? en.Obj.Pkg : null;
        uint exported = 0;
        foreach (var m in methods)
        {
            Function own = code.MethodOf(t, m);
            // Through an interface the receiver is the data word: the value itself, or a pointer to it.
            Function entry = own;
            if (!isPointer && !direct)
                entry = code.MethodOf(new PointerType(t), FindIn(new PointerType(t), m));
            tail.Add(MethodName(m.Method, pkg));
            tail.Add((uint)IndexOf(FuncType(m.Method.Sig)));
            tail.Add(CodeId(TypeCodeKind.MethodEntry, entry));
            tail.Add(CodeId(TypeCodeKind.FuncValueEntry, own));
            if (m.Method.Exported)
                exported++;
        }
        string? path = t is BasicType { Kind: BasicKind.UnsafePointer } ? "unsafe" : pkg?.Path;
        tail.Add(path != null ? Name(path, false) : TypeSectionFormat.NoRef);
        tail.Add((uint)methods.Count);
        tail.Add(exported);
    }

    static MethodSelection FindIn(GoType t, MethodSelection wanted)
    {
        foreach (var m in MethodSet.Of(t))
            if (m.Method.Name == wanted.Method.Name && (m.Method.Exported || m.Method.Pkg == wanted.Method.Pkg))
                return m;
        throw new InvalidOperationException($"{t} has no method {wanted.Method.Name}");
    }

    static Signature FuncType(Signature sig) =>
        sig.Recv == null ? sig : new Signature { Params = sig.Params, Results = sig.Results, Variadic = sig.Variadic };

    /// <summary>A name carries its package when that is not the package of the type (null: the type has none).</summary>
    uint MethodName(Func m, Package? home) => Name(m.Name, m.Exported, "", false, m.Exported || m.Pkg == home ? null : m.Pkg?.Path);

    // ---- predicates of the representation

    static Kind KindOf(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind switch
        {
            BasicKind.Bool => Kind.Bool,
            BasicKind.String => Kind.String,
            BasicKind.UnsafePointer => Kind.UnsafePointer,
            >= BasicKind.Int and <= BasicKind.Complex128 => (Kind)(Kind.Int + (b.Kind - BasicKind.Int)),
            _ => throw new InvalidOperationException($"type descriptor of {b.Name}"),
        },
        ArrayType => Kind.Array,
        ChanType => Kind.Chan,
        Signature => Kind.Func,
        InterfaceType => Kind.Interface,
        MapType => Kind.Map,
        PointerType => Kind.Pointer,
        SliceType => Kind.Slice,
        StructType => Kind.Struct,
        _ => throw new InvalidOperationException($"type descriptor of {t}"),
    };

    /// <summary>Length of the prefix that holds pointers.</summary>
    static long PtrBytes(GoType t)
    {
        if (!Flatten.HasPointers(t))
            return 0;
        switch (t.Underlying)
        {
            case ArrayType a:
                return ((a.Len - 1) * Flatten.SizeOf(a.Elem)) + PtrBytes(a.Elem);
            case StructType s:
                for (int i = s.Fields.Count - 1; i >= 0; i--)
                    if (PtrBytes(s.Fields[i].Type) is > 0 and var n)
                        return Flatten.Of(s).FieldOffsets[i] + n;
                return 0;
            case InterfaceType:
                return 16;
            default:
                return 8;
        }
    }

    /// <summary>Equality is equality of the bytes.</summary>
    static bool IsRegularMemory(GoType t)
    {
        switch (t.Underlying)
        {
            case BasicType b:
                return b.Kind is BasicKind.Bool or (>= BasicKind.Int and <= BasicKind.Uintptr) or BasicKind.UnsafePointer;
            case PointerType or ChanType:
                return true;
            case ArrayType a:
                return IsRegularMemory(a.Elem);
            case StructType s:
                long at = 0;
                for (int i = 0; i < s.Fields.Count; i++)
                {
                    if (s.Fields[i].Name == "_" || Flatten.Of(s).FieldOffsets[i] != at || !IsRegularMemory(s.Fields[i].Type))
                        return false;
                    at += Flatten.SizeOf(s.Fields[i].Type);
                }
                return at == Flatten.SizeOf(s);
            default:
                return false;
        }
    }

    /// <summary>Equal keys may differ in representation (floats, strings, interfaces): an overwrite stores the key again.</summary>
    static bool NeedsKeyUpdate(GoType t) => t.Underlying switch
    {
        BasicType b => b.Kind is BasicKind.String or (>= BasicKind.Float32 and <= BasicKind.Complex128),
        InterfaceType => true,
        ArrayType a => NeedsKeyUpdate(a.Elem),
        StructType s => s.Fields.Exists(f => NeedsKeyUpdate(f.Type)),
        _ => false,
    };

    static bool HashMightPanic(GoType t) => t.Underlying switch
    {
        InterfaceType => true,
        ArrayType a => HashMightPanic(a.Elem),
        StructType s => s.Fields.Exists(f => HashMightPanic(f.Type)),
        _ => false,
    };

    static void AddLong(List<uint> tail, long value)
    {
        tail.Add((uint)value);
        tail.Add((uint)(value >> 32));
    }
}

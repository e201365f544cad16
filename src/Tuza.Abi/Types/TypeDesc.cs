// Type descriptors, laid out as Go's internal/abi has them, so that the stock reflect reads them.
//
// A descriptor is unmanaged memory: static data written by the compiler, or heap objects made by reflect. The collector needs
// three fields of it: Size, PtrBytes and GCData (one bit per word, set where the word may hold a pointer).

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>`abi.Kind`: the shape of a type.</summary>
public enum Kind : byte
{
    Invalid, Bool, Int, Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64, Uintptr, Float32, Float64, Complex64, Complex128,
    Array, Chan, Func, Interface, Map, Pointer, Slice, String, Struct, UnsafePointer,
}

/// <summary>`abi.TFlag`.</summary>
[Flags]
public enum TFlag : byte
{
    None = 0,
    Uncommon = 1 << 0,
    ExtraStar = 1 << 1,
    Named = 1 << 2,
    RegularMemory = 1 << 3,
    GCMaskOnDemand = 1 << 4,
    DirectIface = 1 << 5,
}

/// <summary>`abi.Type`: the head of every type descriptor, 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TypeDesc
{
    /// <summary>`Size_`: bytes of a value.</summary>
    public nuint Size;

    /// <summary>Length of the prefix that holds pointers; 0 for a type without pointers.</summary>
    public nuint PtrBytes;
    public uint Hash;
    public TFlag TFlag;
    public byte Align;
    public byte FieldAlign;
    public Kind Kind;

    /// <summary>A func value `func(unsafe.Pointer, unsafe.Pointer) bool`, or null for types without ==.</summary>
    public FuncVal* Equal;

    /// <summary>One bit per word of PtrBytes; with <see cref="TFlag.GCMaskOnDemand"/> the address of a slot that holds the mask's address.</summary>
    public byte* GCData;

    /// <summary>`NameOff` of the type's string.</summary>
    public int Str;

    /// <summary>`TypeOff` of the type of pointers to this, or 0.</summary>
    public int PtrToThis;

    public readonly bool HasPointers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PtrBytes != 0;
    }

    public readonly bool IsDirectIface => (TFlag & TFlag.DirectIface) != 0;
}

/// <summary>`abi.ArrayType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ArrayTypeDesc
{
    public TypeDesc Type;
    public TypeDesc* Elem;
    public TypeDesc* Slice;
    public nuint Len;
}

/// <summary>`abi.ChanType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ChanTypeDesc
{
    public TypeDesc Type;
    public TypeDesc* Elem;
    public nint Dir;
}

/// <summary>`abi.FuncType`; the parameter and result types follow (after the uncommon part, if any).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuncTypeDesc
{
    public TypeDesc Type;
    public ushort InCount;

    /// <summary>The top bit is set for a variadic function.</summary>
    public ushort OutCount;
}

/// <summary>`abi.InterfaceType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct InterfaceTypeDesc
{
    public TypeDesc Type;
    public byte* PkgPath;

    /// <summary>Slice of <see cref="Imethod"/>, sorted by name.</summary>
    public GoSlice Methods;
}

/// <summary>`abi.Imethod`: a method of an interface type.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Imethod
{
    public int Name;
    public int Type;
}

/// <summary>`abi.MapType` (interleaved slots).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MapTypeDesc
{
    public TypeDesc Type;
    public TypeDesc* Key;
    public TypeDesc* Elem;
    public TypeDesc* Group;

    /// <summary>A func value `func(unsafe.Pointer, uintptr) uintptr`.</summary>
    public FuncVal* Hasher;
    public nuint GroupSize;
    public nuint KeysOff;
    public nuint KeyStride;
    public nuint ElemsOff;
    public nuint ElemStride;
    public nuint ElemOff;
    public MapFlags Flags;
}

/// <summary>Flags of <see cref="MapTypeDesc"/>.</summary>
[Flags]
public enum MapFlags : uint
{
    None = 0,
    NeedKeyUpdate = 1 << 0,
    HashMightPanic = 1 << 1,
    IndirectKey = 1 << 2,
    IndirectElem = 1 << 3,
}

/// <summary>`abi.PtrType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PtrTypeDesc
{
    public TypeDesc Type;
    public TypeDesc* Elem;
}

/// <summary>`abi.SliceType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SliceTypeDesc
{
    public TypeDesc Type;
    public TypeDesc* Elem;
}

/// <summary>`abi.StructType`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct StructTypeDesc
{
    public TypeDesc Type;
    public byte* PkgPath;

    /// <summary>Slice of <see cref="StructFieldDesc"/>.</summary>
    public GoSlice Fields;
}

/// <summary>`abi.StructField`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct StructFieldDesc
{
    public byte* Name;
    public TypeDesc* Type;
    public nuint Offset;
}

/// <summary>`abi.UncommonType`: package and methods, behind the kind's own descriptor when <see cref="TFlag.Uncommon"/> is set.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct UncommonTypeDesc
{
    public int PkgPath;
    public ushort MethodCount;
    public ushort ExportedCount;

    /// <summary>Offset from this structure to the array of <see cref="MethodDesc"/>.</summary>
    public uint MethodsOffset;
    public uint Unused;
}

/// <summary>`abi.Method`.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MethodDesc
{
    public int Name;
    public int Mtyp;
    public int Ifn;
    public int Tfn;
}

/// <summary>`abi.ITab`: a concrete type seen through an interface; <see cref="Fun"/> is the first of the method code words.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Itab
{
    public InterfaceTypeDesc* Inter;
    public TypeDesc* Type;
    public uint Hash;

    /// <summary>The code word of the first method; 0 means that Type does not implement Inter.</summary>
    public void* Fun;
}

// The multi-word values of Go in memory: what a string, slice or interface variable is when it is not taken apart into scalars.

using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>A string header.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct GoString
{
    public byte* Ptr;
    public nint Len;
}

/// <summary>A slice header.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct GoSlice
{
    public byte* Array;
    public nint Len;
    public nint Cap;
}

/// <summary>An interface value with methods: `iface`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Iface
{
    public Itab* Tab;
    public void* Data;
}

/// <summary>An interface value without methods: `eface`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Eface
{
    public TypeDesc* Type;
    public void* Data;
}

/// <summary>A closure: the code word, then the captured variables. A func value is a pointer to this.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FuncVal
{
    public void* Code;
}

// The type section of an image: how the compiler hands type descriptors to the loader. CONTRACT FILE: written by Emit/TypeDescs, read by Runtime/Ifaces.
//
// Little-endian, in this order:
//   u32 types, u32 itabs, u32 nameBytes, u32 maskBytes, u32 nameRelocs, u32 linkBytes
//   names: abi.Name encodings one after another; a name with a package path ends in 4 bytes that a relocation fills
//   masks: pointer masks, one bit per word, each padded to 8 bytes
//   links: UTF-8 link names
//   name relocations: (u32 position in names, u32 name) pairs
//   records, one per type: see TypeRecord; then the kind's own part, all u32 unless said otherwise:
//       Array    elem, slice, u64 len            Chan elem, dir              Ptr, Slice elem
//       Func     in, out (bit 15: variadic), 4 codes (FuncBridge), then in+out types               Interface pkgPath name, n, then n × (name, type)
//       Map      key, elem, group, hasher code, u64 groupSize, slotSize, elemOff, flags
//       Struct   pkgPath name, n, then n × (name, type, u64 offset)
//     and, with the Uncommon flag: pkgPath name, methods, exported, then methods × (name, func type, Ifn code, Tfn code)
//   itabs: pairs (interface type, concrete type)
// References to types are indices of this section, to names and masks byte offsets, to code indices into the image's code list. NoRef = none.

using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>Generated functions that lead from reflect to functions of a type and back (arguments in memory on reflect's side). Their CodeTable numbers
/// lie right before the type's descriptor, as int[4].</summary>
public enum FuncBridge
{
    /// <summary>func(fn, frame): calls the func value fn with arguments from frame.</summary>
    Invoke,
    /// <summary>The same for a method's code word; the receiver word comes first in the frame.</summary>
    InvokeMethod,
    /// <summary>The code of a func value that reflect.MakeFunc makes.</summary>
    FuncStub,
    /// <summary>The code of a method value that reflect makes.</summary>
    MethodStub,
}

public static class TypeSectionFormat
{
    public const int BridgeCount = 4;
    public const uint NoRef = 0xFFFF_FFFF;
}

/// <summary>The fixed head of a type record.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct TypeRecord
{
    /// <summary>64-bit FNV-1a of the link name.</summary>
    public ulong LinkHash;
    public ulong Size;
    public ulong PtrBytes;
    public uint LinkOffset, LinkLength;
    public uint Hash;
    /// <summary>Offset of the name whose text is the type's string.</summary>
    public uint StrName;
    public uint Mask;
    /// <summary>Code of the equality function, or NoRef.</summary>
    public uint EqualCode;
    /// <summary>Bytes of the kind's own part and the uncommon part that follow.</summary>
    public uint TailBytes;
    public Kind Kind;
    public TFlag TFlag;
    public byte Align;
    /// <summary>1: declared by another image that is already loaded; only the link name counts.</summary>
    public byte Extern;
    public uint Reserved;
}

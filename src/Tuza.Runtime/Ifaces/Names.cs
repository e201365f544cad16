// Names, offsets and the other accessors of descriptors (internal/abi's Name, NameOff, TypeOff, TextOff).

using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe partial class TypeTable
{
    const int NameExported = 1, NameHasTag = 2, NameHasPkgPath = 4;

    // Things made by reflect at run time: id -1, -2, … ↔ address. They are kept forever, as in Go.
    // In a class of their own: most programs make none.
    static class ReflectMade
    {
        internal static readonly List<nint> Offs = [0];
        internal static readonly Dictionary<nint, int> Ids = [];
    }

    static bool s_reflectMakes;

    /// <summary>World stopped: what reflection has pinned is a root.</summary>
    internal static void MarkRoots(ref Tuza.Memory.Marker marker)
    {
        if (!Volatile.Read(ref s_reflectMakes))
            return;
        for (int i = 1; i < ReflectMade.Offs.Count; i++)
            marker.Root((nuint)ReflectMade.Offs[i]);
    }

    static int ReadVarint(ref byte* p)
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = *p++;
            value |= (b & 0x7F) << shift;
            if ((b & 0x80) == 0)
                return value;
        }
    }

    public static bool IsExportedName(byte* name) => (*name & NameExported) != 0;

    public static ReadOnlySpan<byte> NameText(byte* name)
    {
        if (name == null)
            return default;
        byte* p = name + 1;
        int n = ReadVarint(ref p);
        return new(p, n);
    }

    static bool SameText(byte* a, byte* b) => a == b || NameText(a).SequenceEqual(NameText(b));

    /// <summary>The package path carried by the name itself, or null.</summary>
    static byte* NamePkgPath(byte* name, TypeDesc* owner)
    {
        if ((*name & NameHasPkgPath) == 0)
            return null;
        byte* p = name + 1;
        int bytes = ReadVarint(ref p);
        p += bytes;
        if ((*name & NameHasTag) != 0)
        {
            bytes = ReadVarint(ref p);
            p += bytes;
        }
        int off;
        Buffer.MemoryCopy(p, &off, 4, 4);
        return NameAt(off, owner);
    }

    /// <summary>Resolves a NameOff. Positive offsets are in the type region; negative ones were made by reflect.</summary>
    public static byte* NameAt(int off, TypeDesc* owner)
    {
        _ = owner;
        return off > 0 ? s_base + off : off < 0 ? (byte*)ReflectOff(off) : null;
    }

    public static TypeDesc* TypeAt(int off, TypeDesc* owner)
    {
        _ = owner;
        return off > 0 ? (TypeDesc*)(s_base + off) : off < -1 ? (TypeDesc*)ReflectOff(off) : null;
    }

    /// <summary>Resolves a TextOff: a CodeTable number, or (negative) a code word that reflect registered.</summary>
    public static void* TextAt(int off) => off > 0 ? CodeTable.Resolve(off) : off < -1 ? (void*)ReflectOff(off) : null;

    static nint ReflectOff(int id)
    {
        lock (ReflectMade.Offs)
            return -id < ReflectMade.Offs.Count ? ReflectMade.Offs[-id] : throw new InvalidOperationException($"bad reflect offset {id}");
    }

    /// <summary>The id of a pointer for reflect's made types; -1 stays free (it means "removed").</summary>
    public static int AddReflectOff(void* p)
    {
        lock (ReflectMade.Offs)
        {
            if (ReflectMade.Offs.Count == 1)
                ReflectMade.Offs.Add(0);
            if (!ReflectMade.Ids.TryGetValue((nint)p, out int id))
            {
                id = -ReflectMade.Offs.Count;
                ReflectMade.Offs.Add((nint)p);
                Volatile.Write(ref s_reflectMakes, true);
                ReflectMade.Ids.Add((nint)p, id);
            }
            return id;
        }
    }

    public static UncommonTypeDesc* Uncommon(TypeDesc* t) => (t->TFlag & TFlag.Uncommon) == 0 ? null : (UncommonTypeDesc*)((byte*)t + HeadBytes(t->Kind));

    /// <summary>Bytes of a descriptor of this kind before what follows it: the uncommon part and the lists.</summary>
    public static int HeadBytes(Kind kind) => kind switch
    {
        Kind.Array => sizeof(ArrayTypeDesc),
        Kind.Chan => sizeof(ChanTypeDesc),
        Kind.Func => sizeof(FuncTypeDesc),
        Kind.Interface => sizeof(InterfaceTypeDesc),
        Kind.Map => sizeof(MapTypeDesc),
        Kind.Pointer => sizeof(PtrTypeDesc),
        Kind.Slice => sizeof(SliceTypeDesc),
        Kind.Struct => sizeof(StructTypeDesc),
        _ => sizeof(TypeDesc),
    };

    /// <summary>The type's string as UTF-8 (what reflect's String returns).</summary>
    public static ReadOnlySpan<byte> TypeText(TypeDesc* t)
    {
        var s = NameText(NameAt(t->Str, t));
        return (t->TFlag & TFlag.ExtraStar) != 0 ? s[1..] : s;
    }

    public static string TypeString(TypeDesc* t) => Encoding.UTF8.GetString(TypeText(t));
}

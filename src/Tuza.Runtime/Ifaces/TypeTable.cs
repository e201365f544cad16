// All type descriptors of the program, one per type.
//
// Images bring descriptors as specs (Abi/TypeSectionFormat). Loading interns them by link name: the first image that describes a type makes its
// descriptor, later ones get the same address, so that identical types compare equal by address, as reflect and type switches need.
//
// All descriptors, names and masks live in one reserved range of addresses, the type region: a 32-bit offset from its start (NameOff, TypeOff)
// finds any of them, and "was it made by the compiler" is one comparison. Ids for things that reflect makes at run time are negative.
//
// Invariants.
//   T1. Equal link names ⇔ same descriptor address.
//   T2. A descriptor is complete when Load returns; nothing reads it before (loading happens before any Go code runs, or under the loader's lock).

using System;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

public static unsafe partial class TypeTable
{
    /// <summary>Address space for descriptors: 1 GiB, so that every offset fits 31 bits with room to spare. Only touched pages cost memory.</summary>
    const nuint RegionBytes = 1u << 30;

    /// <summary>Offset 0 must mean "none": the region's first bytes are never handed out.</summary>
    const nuint FirstOffset = 64;

    static byte* s_base;
    static nuint s_next = FirstOffset;
    static readonly Lock s_lock = new();

    // Open-addressing table from link name to descriptor.
    struct Entry
    {
        public ulong Hash;
        public byte* Link;
        public uint LinkLength;
        public TypeDesc* Type;
    }

    static Entry[] s_entries = new Entry[4096];
    static int s_count;

    // Equality and hash functions: funcvals are shared per code number, which is the index here.
    static nint[] s_funcVals = new nint[1024];

    public static byte* RegionBase => s_base;

    static int* Bridges(TypeDesc* func) => (int*)func - TypeSectionFormat.BridgeCount;

    /// <summary>CodeTable number of a bridge of a function type; 0 for types that reflect made (reflect.FuncOf).</summary>
    public static int BridgeOf(TypeDesc* func, FuncBridge bridge) => Contains(func) ? Bridges(func)[(int)bridge] : 0;

    /// <summary>A shared funcval of the function with this CodeTable number.</summary>
    public static FuncVal* FuncValOfCode(int code)
    {
        lock (s_lock)
            return FuncValOf(code);
    }

    /// <summary>Is the address inside the type region?</summary>
    public static bool Contains(void* p) => (nuint)((byte*)p - s_base) < RegionBytes;

    /// <summary>Loads the type section of an image. <paramref name="codeBase"/> is the first CodeTable number of the image.
    /// Fills types and itabs, which have as many elements as the section says.</summary>
    public static void Load(byte* section, int codeBase, void** types, void** itabs)
    {
        lock (s_lock)
        {
            if (s_base == null)
                Reserve();
            new Loader(section, codeBase, (TypeDesc**)types).Run((Itab**)itabs);
        }
    }

    public static (int Types, int Itabs) Counts(byte* section) => (((int*)section)[0], ((int*)section)[1]);

    /// <summary>The descriptor with this link name, or null.</summary>
    public static TypeDesc* Find(string linkName)
    {
        ReadOnlySpan<byte> utf8 = Utf8Text.Bytes(linkName);
        fixed (byte* p = utf8)
        {
            lock (s_lock)
                return s_entries[Slot(Fnv64(p, (uint)utf8.Length), p, (uint)utf8.Length)].Type;
        }
    }

    static void Reserve()
    {
        s_base = KernelMemory.Map(null, RegionBytes, KernelMemory.Read | KernelMemory.Write, KernelMemory.NoReserve);
        if (s_base == null)
            Throw.Fatal("runtime: cannot allocate memory");
    }

    static byte* Alloc(nuint bytes)
    {
        nuint at = (s_next + 7) & ~(nuint)7;
        s_next = at + bytes;
        if (s_next > RegionBytes)
            throw new InvalidOperationException("type descriptors need more than 1 GiB");
        return s_base + at;
    }

    internal static ulong Fnv64(byte* p, uint length)
    {
        ulong h = 14695981039346656037;
        for (uint i = 0; i < length; i++)
            h = (h ^ p[i]) * 1099511628211;
        return h;
    }

    static int Slot(ulong hash, byte* link, uint length)
    {
        int mask = s_entries.Length - 1;
        for (int i = (int)hash & mask; ; i = (i + 1) & mask)
        {
            ref Entry e = ref s_entries[i];
            if (e.Type == null)
                return i;
            if (e.Hash == hash && e.LinkLength == length && new ReadOnlySpan<byte>(e.Link, (int)length).SequenceEqual(new(link, (int)length)))
                return i;
        }
    }

    static void Insert(ulong hash, byte* link, uint length, TypeDesc* type)
    {
        if (s_count * 2 >= s_entries.Length)
        {
            var old = s_entries;
            s_entries = new Entry[old.Length * 2];
            foreach (ref Entry e in old.AsSpan())
                if (e.Type != null)
                    s_entries[Slot(e.Hash, e.Link, e.LinkLength)] = e;
        }
        s_entries[Slot(hash, link, length)] = new Entry { Hash = hash, Link = link, LinkLength = length, Type = type };
        s_count++;
    }

    static FuncVal* FuncValOf(int code)
    {
        if (code >= s_funcVals.Length)
        {
            nint[] larger = new nint[Math.Max(code + 1, s_funcVals.Length * 2)];
            Array.Copy(s_funcVals, larger, s_funcVals.Length);
            s_funcVals = larger;
        }
        if (s_funcVals[code] == 0)
        {
            var fv = (FuncVal*)Alloc((nuint)sizeof(FuncVal));
            fv->Code = CodeTable.Resolve(code);
            s_funcVals[code] = (nint)fv;
        }
        return (FuncVal*)s_funcVals[code];
    }

    /// <summary>Every descriptor, in no order.</summary>
    internal static void ForEach(Action<nint> visit)
    {
        lock (s_lock)
            foreach (Entry e in s_entries)
                if (e.Type != null)
                    visit((nint)e.Type);
    }
}

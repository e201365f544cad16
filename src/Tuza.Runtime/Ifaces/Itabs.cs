// Itabs: a concrete type seen through an interface, made once per pair and kept forever.
//
// Methods of types and interfaces are sorted alike (exported first, then by name, then by package), so finding all methods of the interface in the
// type is one merge. See GOROOT/src/runtime/iface.go. The table is read without a lock: entries are only added, and published last.
// Before it emitted code looks into Recent, inline: one place per hash with the answer that was last asked for there.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe partial class TypeTable
{
    /// <summary>What the table answers for (Inter, Type).</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct ItabRef
    {
        public void* Inter;
        public void* Type;
        public Itab* Itab;
        /// <summary>Null when methods are missing.</summary>
        public Itab* Answer;
    }

    sealed class ItabSet(int capacity)
    {
        public readonly nint[] Slots = new nint[capacity];
        public int Count;
    }

    static ItabSet s_itabs = new(1024);
    // The first interface type with its methods, by hash of these.
    static nint[] s_canonical = new nint[256];
    static int s_canonicalCount;

    static uint ItabHash(void* inter, void* type) => ((uint)(nuint)inter >> 4) * 0x9E3779B1u ^ ((uint)(nuint)type >> 4) * 0x85EBCA77u;

    /// <summary>The last answer for each hash: one place to look, without locks, in emitted code.</summary>
    static class Recent
    {
        const int Bits = 10;

        static readonly ItabRef** s_refs = (ItabRef**)NativeMemory.AllocZeroed(1 << Bits, (nuint)sizeof(void*));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ItabRef** Of(void* inter, void* type) => s_refs + (((uint)(nuint)inter * 3 + (uint)(nuint)type) * 0x9E3779B1u >> (32 - Bits));
    }

    /// <summary>The itab of (inter, type); null when type lacks a method.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Itab* GetItab(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        ItabRef* r = *Recent.Of(inter, type);
        return r != null && r->Inter == inter && r->Type == type ? r->Answer : GetItabSlow(inter, type);
    }

    /// <summary>Negative answers are kept too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Itab* GetItabSlow(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        ItabRef* r = Lookup(Volatile.Read(ref s_itabs), inter, type);
        if (r == null)
        {
            lock (s_lock)
            {
                _ = Make(inter, type);
                r = Lookup(s_itabs, inter, type);
            }
        }
        Volatile.Write(ref *(nint*)Recent.Of(inter, type), (nint)r);
        return r->Answer;
    }

    static Itab* GetItabLocked(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        Itab* t = Make(inter, type);
        if (t->Fun == null && inter->Methods.Len != 0)
            throw new InvalidOperationException($"{TypeString(type)} does not implement {TypeString(&inter->Type)}");
        return t;
    }

    static ItabRef* Lookup(ItabSet set, void* inter, void* type)
    {
        int mask = set.Slots.Length - 1;
        for (int i = (int)ItabHash(inter, type) & mask; ; i = (i + 1) & mask)
        {
            var r = (ItabRef*)Volatile.Read(ref set.Slots[i]);
            if (r == null)
                return null;
            if (r->Inter == inter && r->Type == type)
                return r;
        }
    }

    static Itab* Make(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        ItabRef* known = Lookup(s_itabs, inter, type);
        if (known != null)
            return known->Itab;
        InterfaceTypeDesc* canonical = Canonical(inter);
        Itab* t = canonical == inter ? Build(inter, type) : Make(canonical, type);
        var r = (ItabRef*)NativeMemory.Alloc((nuint)sizeof(ItabRef));
        *r = new ItabRef { Inter = inter, Type = type, Itab = t, Answer = t->Fun == null && inter->Methods.Len != 0 ? null : t };
        AddItab(r);
        return t;
    }

    /// <summary>Interface types with the same methods share itabs, so that a value keeps its itab from one to the other and comparing itabs compares types.</summary>
    static InterfaceTypeDesc* Canonical(InterfaceTypeDesc* inter)
    {
        if (s_canonicalCount * 2 >= s_canonical.Length)
        {
            nint[] old = s_canonical;
            s_canonical = new nint[old.Length * 2];
            foreach (nint i in old)
                if (i != 0)
                    s_canonical[CanonicalSlot((InterfaceTypeDesc*)i)] = i;
        }
        ref nint slot = ref s_canonical[CanonicalSlot(inter)];
        if (slot == 0)
        {
            slot = (nint)inter;
            s_canonicalCount++;
        }
        return (InterfaceTypeDesc*)slot;
    }

    /// <summary>Where the interface type with these methods is, or would be.</summary>
    static int CanonicalSlot(InterfaceTypeDesc* inter)
    {
        var methods = (Imethod*)inter->Methods.Array;
        ulong hash = (ulong)inter->Methods.Len;
        for (nint i = 0; i < inter->Methods.Len; i++)
        {
            ReadOnlySpan<byte> name = NameText(NameAt(methods[i].Name, &inter->Type));
            fixed (byte* p = name)
                hash = (hash ^ Fnv64(p, (uint)name.Length)) * 0x9E3779B97F4A7C15 + (uint)methods[i].Type;
        }
        int mask = s_canonical.Length - 1;
        for (int i = (int)(hash >> 32) & mask; ; i = (i + 1) & mask)
        {
            var there = (InterfaceTypeDesc*)s_canonical[i];
            if (there == null || SameMethods(there, inter))
                return i;
        }
    }

    static bool SameMethods(InterfaceTypeDesc* a, InterfaceTypeDesc* b)
    {
        if (a->Methods.Len != b->Methods.Len)
            return false;
        var x = (Imethod*)a->Methods.Array;
        var y = (Imethod*)b->Methods.Array;
        for (nint i = 0; i < a->Methods.Len; i++)
        {
            if (x[i].Type != y[i].Type)
                return false;
            byte* m = NameAt(x[i].Name, &a->Type), n = NameAt(y[i].Name, &b->Type);
            if (!SameText(m, n))
                return false;
            if (!IsExportedName(m) && !SameText(PackageOf(m, a), PackageOf(n, b)))
                return false;
        }
        return true;
    }

    /// <summary>The package of a method's name that is not exported.</summary>
    static byte* PackageOf(byte* name, InterfaceTypeDesc* inter) => NamePkgPath(name, &inter->Type) is var p and not null ? p : inter->PkgPath;

    static Itab* Build(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        var t = (Itab*)NativeMemory.AllocZeroed((nuint)sizeof(Itab) + 8 * (nuint)inter->Methods.Len);
        t->Inter = inter;
        t->Type = type;
        t->Hash = type->Hash;
        if (FirstMissing(inter, type, &t->Fun) >= 0)
            t->Fun = null;
        return t;
    }

    static void AddItab(ItabRef* r)
    {
        ItabSet set = s_itabs;
        if (set.Count * 2 >= set.Slots.Length)
        {
            var bigger = new ItabSet(set.Slots.Length * 2);
            foreach (nint old in set.Slots)
                if (old != 0)
                    Put(bigger, (ItabRef*)old);
            Volatile.Write(ref s_itabs, set = bigger);
        }
        Put(set, r);
    }

    static void Put(ItabSet set, ItabRef* r)
    {
        int mask = set.Slots.Length - 1;
        int i = (int)ItabHash(r->Inter, r->Type) & mask;
        while (set.Slots[i] != 0)
            i = (i + 1) & mask;
        Volatile.Write(ref set.Slots[i], (nint)r);
        set.Count++;
    }

    /// <summary>Index of the first interface method that type lacks, or -1; fills fun when it is not null.</summary>
    public static int FirstMissing(InterfaceTypeDesc* inter, TypeDesc* type, void** fun)
    {
        var wanted = (Imethod*)inter->Methods.Array;
        UncommonTypeDesc* u = Uncommon(type);
        int have = u == null ? 0 : u->MethodCount;
        var methods = u == null ? null : (MethodDesc*)((byte*)u + u->MethodsOffset);
        int j = 0;
        for (int i = 0; i < inter->Methods.Len; i++)
        {
            byte* name = NameAt(wanted[i].Name, &inter->Type);
            byte* wantPkg = null;
            if (!IsExportedName(name))
                wantPkg = PackageOf(name, inter);
            TypeDesc* want = TypeAt(wanted[i].Type, &inter->Type);
            for (; ; j++)
            {
                if (j >= have)
                    return i;
                if (TypeAt(methods[j].Mtyp, type) == want && SameText(NameAt(methods[j].Name, type), name) && SamePackage(wantPkg, methods[j].Name, type, u))
                    break;
            }
            if (fun != null)
                fun[i] = TextAt(methods[j].Ifn);
            j++;
        }
        return -1;
    }

    static bool SamePackage(byte* wantPkg, int nameOff, TypeDesc* type, UncommonTypeDesc* u)
    {
        if (wantPkg == null)
            return true;
        byte* pkg = NamePkgPath(NameAt(nameOff, type), type);
        if (pkg == null)
            pkg = NameAt(u->PkgPath, type);
        return pkg != null && SameText(pkg, wantPkg);
    }
}

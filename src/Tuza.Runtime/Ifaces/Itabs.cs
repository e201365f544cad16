// Itabs: a concrete type seen through an interface, made once per pair and kept forever.
//
// Methods of types and interfaces are sorted alike (exported first, then by name, then by package), so finding all methods of the interface in the
// type is one merge. See GOROOT/src/runtime/iface.go. The table is read without a lock: entries are only added, and published last.

using System.Runtime.InteropServices;
using System.Threading;
using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe partial class TypeTable
{
    sealed class ItabSet(int capacity)
    {
        public readonly nint[] Slots = new nint[capacity];
        public int Count;
    }

    static ItabSet s_itabs = new(1024);

    static uint ItabHash(void* inter, void* type) => ((uint)(nuint)inter >> 4) * 0x9E3779B1u ^ ((uint)(nuint)type >> 4) * 0x85EBCA77u;

    /// <summary>The itab of (inter, type); null when type lacks a method. Negative answers are cached too (Fun = 0).</summary>
    public static Itab* GetItab(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        Itab* t = Lookup(Volatile.Read(ref s_itabs), inter, type);
        if (t == null)
            lock (s_lock)
                t = Make(inter, type);
        return t->Fun == null && inter->Methods.Len != 0 ? null : t;
    }

    static Itab* GetItabLocked(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        Itab* t = Make(inter, type);
        if (t->Fun == null && inter->Methods.Len != 0)
            throw new System.InvalidOperationException($"{TypeString(type)} does not implement {TypeString(&inter->Type)}");
        return t;
    }

    static Itab* Lookup(ItabSet set, void* inter, void* type)
    {
        int mask = set.Slots.Length - 1;
        for (int i = (int)ItabHash(inter, type) & mask; ; i = (i + 1) & mask)
        {
            var t = (Itab*)Volatile.Read(ref set.Slots[i]);
            if (t == null || (t->Inter == inter && t->Type == type))
                return t;
        }
    }

    static Itab* Make(InterfaceTypeDesc* inter, TypeDesc* type)
    {
        Itab* t = Lookup(s_itabs, inter, type);
        if (t != null)
            return t;
        nint n = inter->Methods.Len;
        t = (Itab*)NativeMemory.AllocZeroed((nuint)sizeof(Itab) + 8 * (nuint)n);
        t->Inter = inter;
        t->Type = type;
        t->Hash = type->Hash;
        if (FirstMissing(inter, type, &t->Fun) >= 0)
            t->Fun = null;
        AddItab(t);
        return t;
    }

    static void AddItab(Itab* t)
    {
        ItabSet set = s_itabs;
        if (set.Count * 2 >= set.Slots.Length)
        {
            var bigger = new ItabSet(set.Slots.Length * 2);
            foreach (nint old in set.Slots)
                if (old != 0)
                    Put(bigger, (Itab*)old);
            Volatile.Write(ref s_itabs, set = bigger);
        }
        Put(set, t);
    }

    static void Put(ItabSet set, Itab* t)
    {
        int mask = set.Slots.Length - 1;
        int i = (int)ItabHash(t->Inter, t->Type) & mask;
        while (set.Slots[i] != 0)
            i = (i + 1) & mask;
        Volatile.Write(ref set.Slots[i], (nint)t);
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
            {
                wantPkg = NamePkgPath(name, &inter->Type);
                if (wantPkg == null)
                    wantPkg = inter->PkgPath;
            }
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

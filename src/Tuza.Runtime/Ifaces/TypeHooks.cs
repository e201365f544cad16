// The symbols of package runtime, reflect and internal/reflectlite that resolve offsets, find itabs and list types.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Go symbols over <see cref="TypeTable"/>.</summary>
public static unsafe class TypeHooks
{
    static byte* s_links;
    static nint s_linkCount;

    [GoFunc("reflect.resolveNameOff", Safepoint = false)]
    [GoFunc("internal/reflectlite.resolveNameOff", Safepoint = false)]
    [GoFunc("runtime.resolveNameOff", Safepoint = false)]
    public static void* ResolveNameOff(G* g, void* inModule, int off) => TypeTable.NameAt(off, null);

    [GoFunc("reflect.resolveTypeOff", Safepoint = false)]
    [GoFunc("internal/reflectlite.resolveTypeOff", Safepoint = false)]
    [GoFunc("runtime.resolveTypeOff", Safepoint = false)]
    public static void* ResolveTypeOff(G* g, void* type, int off) => TypeTable.TypeAt(off, null);

    [GoFunc("reflect.resolveTextOff", Safepoint = false)]
    [GoFunc("runtime.resolveTextOff", Safepoint = false)]
    public static void* ResolveTextOff(G* g, void* type, int off) => TypeTable.TextAt(off);

    [GoFunc("reflect.addReflectOff", Safepoint = false)]
    public static int AddReflectOff(G* g, void* p) => TypeTable.AddReflectOff(p);

    /// <summary>The itab of (interface type, concrete type), or nil when a method is missing.</summary>
    [GoFunc("runtime.itabOrNil", Safepoint = false)]
    public static void* ItabOrNil(G* g, void* inter, void* type) => TypeTable.GetItab((InterfaceTypeDesc*)inter, (TypeDesc*)type);

    /// <summary>Type assertion with ok: nil also for a nil interface.</summary>
    [GoFunc("runtime.assertE2I2", Safepoint = false)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void* AssertE2I2(G* g, void* inter, void* type) => type == null ? null : TypeTable.GetItab((InterfaceTypeDesc*)inter, (TypeDesc*)type);

    /// <summary>The func value that calls functions of the type for reflect: (function type, is a method). Nil for types made by reflect.FuncOf.</summary>
    [GoFunc("runtime.reflectInvoker", Safepoint = false)]
    public static void* ReflectInvoker(G* g, void* type, int method)
    {
        int code = TypeTable.BridgeOf((TypeDesc*)type, method != 0 ? FuncBridge.InvokeMethod : FuncBridge.Invoke);
        return code == 0 ? null : TypeTable.FuncValOfCode(code);
    }

    /// <summary>Code word of a func value made by reflect.MakeFunc for a function type.</summary>
    [GoFunc("runtime.reflectFuncStub", Safepoint = false)]
    public static ulong ReflectFuncStub(G* g, void* type) => StubCode(type, FuncBridge.FuncStub);

    /// <summary>Code word of a method value made by reflect for a function type.</summary>
    [GoFunc("runtime.reflectMethodStub", Safepoint = false)]
    public static ulong ReflectMethodStub(G* g, void* type) => StubCode(type, FuncBridge.MethodStub);

    static ulong StubCode(void* type, FuncBridge bridge)
    {
        int code = TypeTable.BridgeOf((TypeDesc*)type, bridge);
        return code == 0 ? 0 : (ulong)CodeTable.Resolve(code);
    }

    /// <summary>Name of the first method of inter that type lacks: address and length of its text; empty when it implements it.</summary>
    [GoFunc("runtime.missingMethod", Safepoint = false)]
    public static void* MissingMethod(G* g, void* inter, void* type)
    {
        int i = TypeTable.FirstMissing((InterfaceTypeDesc*)inter, (TypeDesc*)type, null);
        if (i < 0)
        {
            g->R[1] = 0;
            return null;
        }
        var name = TypeTable.NameText(TypeTable.NameAt(((Imethod*)((InterfaceTypeDesc*)inter)->Methods.Array)[i].Name, null));
        g->R[1] = (ulong)name.Length;
        return (void*)MemoryMarshal.GetReference(name).AddressOf();
    }

    /// <summary>`reflect.compiledTypelinks() ([]*abi.Type, [][]*abi.Type)`: every unnamed pointer, array, chan, func, map, slice and struct type of the
    /// images, sorted by string; the second result is nil.</summary>
    [GoFunc("reflect.compiledTypelinks", Safepoint = false)]
    public static void* CompiledTypelinks(G* g)
    {
        if (s_links == null)
            MakeLinks();
        g->R[1] = g->R[2] = (ulong)s_linkCount;
        g->R[3] = g->R[4] = g->R[5] = 0;
        return s_links;
    }

    static void MakeLinks()
    {
        var list = new List<nint>();
        TypeTable.ForEach(p =>
        {
            var t = (TypeDesc*)p;
            if ((t->TFlag & TFlag.Named) == 0 && t->Kind is Kind.Pointer or Kind.Array or Kind.Chan or Kind.Func or Kind.Map or Kind.Slice or Kind.Struct)
                list.Add(p);
        });
        list.Sort((a, b) => TypeTable.TypeText((TypeDesc*)a).SequenceCompareTo(TypeTable.TypeText((TypeDesc*)b)));
        var links = (nint*)NativeMemory.Alloc((nuint)Math.Max(1, list.Count), 8);
        for (int i = 0; i < list.Count; i++)
            links[i] = list[i];
        s_linkCount = list.Count;
        s_links = (byte*)links;
    }

    /// <summary>`reflect.typelinks`, for packages that reach for it: no sections; the offsets form is not offered.</summary>
    [GoFunc("reflect.typelinks", Safepoint = false)]
    public static void* Typelinks(G* g)
    {
        for (int i = 1; i <= 5; i++)
            g->R[i] = 0;
        return null;
    }
}

static unsafe class SpanAddress
{
    /// <summary>The address behind a reference into unmanaged memory.</summary>
    public static byte* AddressOf(this ref byte r) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref r);
}

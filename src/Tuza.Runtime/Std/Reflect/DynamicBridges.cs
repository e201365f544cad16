// Calls of functions whose type reflect made at run time (reflect.FuncOf, and the types of methods as functions).
//
// Types of images bring compiled bridges between argument frames and flattened calls. For others the bridges are made here, as IL methods:
//
//   invoker   ulong (G*, void* fn, byte* frame): loads the arguments from the frame, calls fn, returns the first scalar result as bits
//   stub      the code of a func value made by reflect.MakeFunc: has exactly the type's flattened signature; puts its arguments into a frame
//             on the heap and calls runtime.reflectDynStub (ctxt, frame, shape, hidden results)
//
// Neither has a frame on the Go stack, and neither does anything after its call but hand the result on. So when the callee parks, native
// frames return through them, and later the Go function around them is resumed with the results in g->R, as if it had made the call itself.
// That is why results are stored by a second hook (reflectDynResults), which Go code calls, and loaded by reflectDynLoad.
//
// A memory argument of an invoker is passed in the frame itself, which is reflect's own copy.

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Emit;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;
using Barrier = Tuza.Memory.Barrier;

namespace Tuza.Runtime;

/// <summary>Bridges for types made at run time.</summary>
public static unsafe class DynamicBridges
{
    /// <summary>Memory results of one MakeFunc function (runtime.reflectDynStub has so many parameters).</summary>
    const int MaxHidden = 8;
    const int MaxArgs = 64;
    const int MaxResults = 32;

    sealed class Bridge
    {
        public required int Id;
        public required FlatShape Shape;
        public nint Invoker;
        public readonly nint[] Stubs = new nint[2];
    }

    static readonly Lock s_lock = new();
    static readonly Dictionary<(nint Type, bool Method), Bridge> s_byType = [];
    static readonly Dictionary<(string Key, bool Method), Bridge> s_byShape = [];
    static Bridge[] s_all = []; // grows by copying: read without the lock
    static ModuleBuilder? s_module;

    static Bridge Of(void* type, bool method)
    {
        lock (s_lock)
        {
            if (s_byType.TryGetValue(((nint)type, method), out Bridge? b))
                return b;
            var shape = new FlatShape((FuncTypeDesc*)type, method);
            if (!s_byShape.TryGetValue((shape.Key, method), out b))
            {
                b = new Bridge { Id = s_all.Length, Shape = shape };
                Volatile.Write(ref s_all, [.. s_all, b]);
                s_byShape.Add((shape.Key, method), b);
            }
            s_byType.Add(((nint)type, method), b);
            return b;
        }
    }

    // ---- hooks

    /// <summary>`reflectDynCall(ftyp, method, fn, frame) uint64`: calls and leaves the results where a call leaves them.</summary>
    [GoFunc("runtime.reflectDynCall", Parks = true)]
    public static ulong Call(G* g, void* type, int method, void* fn, void* frame)
    {
        Bridge b = Of(type, method != 0);
        if (b.Invoker == 0)
        {
            lock (s_lock)
                if (b.Invoker == 0)
                    b.Invoker = MakeInvoker(b.Shape, method != 0);
        }
        return ((delegate*<G*, void*, byte*, ulong>)b.Invoker)(g, fn, (byte*)frame);
    }

    /// <summary>`reflectDynResults(ftyp, method, frame, first)`: stores the results of the call just made into its frame.</summary>
    [GoFunc("runtime.reflectDynResults", Safepoint = false)]
    public static void Results(G* g, void* type, int method, void* frame, ulong first)
    {
        g->R[0] = first;
        int k = 0;
        foreach (FlatPart part in Of(type, method != 0).Shape.Results)
        {
            foreach (FlatScalar s in part.Scalars)
            {
                byte* to = (byte*)frame + s.Offset;
                ulong bits = *G.Result(g, k++);
                if (s.Tracked)
                    Barrier.WritePointer((MCache*)g->MCache, (void**)to, (void*)bits);
                else
                    Store(to, s.Size, bits);
            }
        }
    }

    static void Store(byte* to, int size, ulong bits)
    {
        switch (size)
        {
            case 1:
                *to = (byte)bits;
                break;
            case 2:
                *(ushort*)to = (ushort)bits;
                break;
            case 4:
                *(uint*)to = (uint)bits;
                break;
            default:
                *(ulong*)to = bits;
                break;
        }
    }

    /// <summary>`reflectDynStubCode(ftyp, method) uintptr`: the code word of a func value of the type.</summary>
    [GoFunc("runtime.reflectDynStubCode", Safepoint = false)]
    public static ulong StubCode(G* g, void* type, int methodValue)
    {
        Bridge b = Of(type, false);
        if (b.Shape.MemoryResults > MaxHidden)
            return 0;
        lock (s_lock)
        {
            ref nint code = ref b.Stubs[methodValue];
            if (code == 0)
                code = MakeStub(b, methodValue != 0);
            return (ulong)code;
        }
    }

    /// <summary>Called by stubs: a frame with the arguments. Pointers are in g->Args, the others (bits, addresses of memory arguments) in the buffer,
    /// both in order.</summary>
    public static void* Enter(G* g, ulong* others, int pointers, int id)
    {
        FlatShape shape = s_all[id].Shape;
        g->ArgCount = pointers;
        byte* frame = (byte*)Alloc.New(g, (nuint)Math.Max(shape.FrameBytes, 8), shape.FrameType);
        g->ArgCount = 0;
        var cache = (MCache*)g->MCache;
        ulong* from = g->Args + 1;
        foreach (FlatPart part in shape.Params)
        {
            if (part.IsMemory)
                Barrier.TypedCopyFresh(frame + part.Offset, (void*)*others++, part.Type->Size);
            foreach (FlatScalar s in part.Scalars)
            {
                if (s.Tracked)
                    Barrier.WritePointer(cache, (void**)(frame + s.Offset), (void*)*from++);
                else
                    Store(frame + s.Offset, s.Size, *others++);
            }
        }
        return frame;
    }

    /// <summary>`reflectDynLoad(shape, frame, h0..h7) uint64`: takes the results out of the frame; memory results go to the hidden addresses.</summary>
    [GoFunc("runtime.reflectDynLoad", Safepoint = false)]
    public static ulong Load(G* g, ulong id, void* frame, void* h0, void* h1, void* h2, void* h3, void* h4, void* h5, void* h6, void* h7)
    {
        void** hidden = stackalloc void*[MaxHidden] { h0, h1, h2, h3, h4, h5, h6, h7 };
        int k = 0;
        foreach (FlatPart part in s_all[(int)id].Shape.Results)
        {
            byte* at = (byte*)frame + part.Offset;
            if (part.IsMemory)
                Buffer.MemoryCopy(at, *hidden++, part.Type->Size, part.Type->Size);
            foreach (FlatScalar s in part.Scalars)
                *G.Result(g, k++) = Bits((byte*)frame + s.Offset, s);
        }
        return k == 0 ? 0 : g->R[0];
    }

    static ulong Bits(byte* p, FlatScalar s) => s.Size switch
    {
        1 => s.Signed ? (ulong)*(sbyte*)p : *p,
        2 => s.Signed ? (ulong)*(short*)p : *(ushort*)p,
        4 => s.Signed ? (ulong)*(int*)p : *(uint*)p,
        _ => *(ulong*)p,
    };

    // ---- code

    static Type TypeOf(char letter) => letter switch
    {
        FlatScalar.Pointer => typeof(nint),
        FlatScalar.Long => typeof(long),
        FlatScalar.Word => typeof(int),
        FlatScalar.Double => typeof(double),
        _ => typeof(float),
    };

    static Type ResultOf(FlatShape shape)
    {
        foreach (FlatPart r in shape.Results)
            if (r.Scalars.Count > 0)
                return TypeOf(r.Scalars[0].Letter);
        return typeof(void);
    }

    static nint Define(string name, Type result, Type[] parameters, Action<ILGenerator> write)
    {
        s_module ??= AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Go.reflect.made"), AssemblyBuilderAccess.Run).DefineDynamicModule("main");
        TypeBuilder type = s_module.DefineType(name, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        MethodBuilder method = type.DefineMethod("Run", MethodAttributes.Public | MethodAttributes.Static, result, parameters);
        write(method.GetILGenerator());
        return type.CreateType().GetMethod("Run")!.MethodHandle.GetFunctionPointer();
    }

    static nint MakeInvoker(FlatShape shape, bool method)
    {
        if (shape.ScalarResults > MaxResults)
            Throw.Fatal("reflect: too many results");
        return Define($"Invoker{s_module?.GetTypes().Length ?? 0}", typeof(ulong), [typeof(nint), typeof(nint), typeof(nint)], il =>
        {
            var types = new List<Type> { typeof(nint) };
            il.Emit(OpCodes.Ldarg_0);
            if (!method)
            {
                il.Emit(OpCodes.Ldarg_1);
                types.Add(typeof(nint));
            }
            foreach (FlatPart r in shape.Results)
                if (r.IsMemory)
                    Address(il, r.Offset, types);
            if (method)
            {
                il.Emit(OpCodes.Ldarg_2);
                il.Emit(OpCodes.Ldind_I);
                types.Add(typeof(nint));
            }
            foreach (FlatPart p in shape.Params)
            {
                if (p.IsMemory)
                    Address(il, p.Offset, types);
                foreach (FlatScalar s in p.Scalars)
                {
                    Address(il, s.Offset, types);
                    il.Emit(LoadOf(s));
                    types[^1] = TypeOf(s.Letter);
                }
            }
            il.Emit(OpCodes.Ldarg_1);
            if (!method)
                il.Emit(OpCodes.Ldind_I);
            Type result = ResultOf(shape);
            il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, result, [.. types], null);
            ToBits(il, result);
            il.Emit(OpCodes.Ret);
        });
    }

    static void Address(ILGenerator il, int offset, List<Type> types)
    {
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
        types.Add(typeof(nint));
    }

    static OpCode LoadOf(FlatScalar s) => s.Letter switch
    {
        FlatScalar.Pointer => OpCodes.Ldind_I,
        FlatScalar.Long => OpCodes.Ldind_I8,
        FlatScalar.Double => OpCodes.Ldind_R8,
        FlatScalar.Float => OpCodes.Ldind_R4,
        _ => (s.Size, s.Signed) switch
        {
            (1, true) => OpCodes.Ldind_I1,
            (1, false) => OpCodes.Ldind_U1,
            (2, true) => OpCodes.Ldind_I2,
            (2, false) => OpCodes.Ldind_U2,
            _ => OpCodes.Ldind_I4,
        },
    };

    /// <summary>From a result of this type to its bits.</summary>
    static void ToBits(ILGenerator il, Type result)
    {
        if (result == typeof(void))
            il.Emit(OpCodes.Ldc_I8, 0L);
        else if (result == typeof(double))
            il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToInt64Bits))!);
        else if (result == typeof(float))
        {
            il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.SingleToInt32Bits))!);
            il.Emit(OpCodes.Conv_U8);
        }
        else if (result != typeof(long))
            il.Emit(OpCodes.Conv_I8);
    }

    static void FromBits(ILGenerator il, Type result)
    {
        if (result == typeof(void))
            il.Emit(OpCodes.Pop);
        else if (result == typeof(double))
            il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.Int64BitsToDouble))!);
        else if (result == typeof(float))
        {
            il.Emit(OpCodes.Conv_I4);
            il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(nameof(BitConverter.Int32BitsToSingle))!);
        }
        else if (result == typeof(int))
            il.Emit(OpCodes.Conv_I4);
        else if (result == typeof(nint))
            il.Emit(OpCodes.Conv_I);
    }

    static nint MakeStub(Bridge b, bool methodValue)
    {
        FlatShape shape = b.Shape;
        var types = new List<Type> { typeof(nint), typeof(nint) };
        for (int i = 0; i < shape.MemoryResults; i++)
            types.Add(typeof(nint));
        int first = types.Count;
        var order = new List<FlatScalar?>(); // null: the address of a memory argument
        foreach (FlatPart p in shape.Params)
        {
            if (p.IsMemory)
                order.Add(null);
            foreach (FlatScalar s in p.Scalars)
                order.Add(s);
        }
        foreach (FlatScalar? s in order)
            types.Add(s == null ? typeof(nint) : TypeOf(s.Value.Letter));
        if (order.Count >= MaxArgs)
            Throw.Fatal("reflect: too many arguments");

        G sample = default;
        int args = (int)((byte*)&sample.Args - (byte*)&sample);
        MethodInfo enter = typeof(DynamicBridges).GetMethod(nameof(Enter))!;
        int go = FuncTable.ByName(methodValue ? "runtime.reflectDynMethodStub" : "runtime.reflectDynStub");
        if (go == 0)
            Throw.Fatal("no Go function runtime.reflectDynStub");
        nint goCode = (nint)FuncTable.EntryOf(go);
        Type result = ResultOf(shape);
        return Define($"Stub{b.Id}{(methodValue ? "m" : "")}", result, [.. types], il =>
        {
            // Args[0] is the context: it must survive the allocation, too.
            StoreArg(il, args, 0, 1);
            LocalBuilder buffer = il.DeclareLocal(typeof(nint));
            il.Emit(OpCodes.Ldc_I4, (order.Count + 1) * 8);
            il.Emit(OpCodes.Conv_U);
            il.Emit(OpCodes.Localloc);
            il.Emit(OpCodes.Stloc, buffer);
            int pointers = 1, others = 0;
            for (int i = 0; i < order.Count; i++)
            {
                if (order[i] is { Tracked: true })
                {
                    StoreArg(il, args, pointers++, first + i);
                    continue;
                }
                il.Emit(OpCodes.Ldloc, buffer);
                il.Emit(OpCodes.Ldc_I4, 8 * others++);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Ldarg, (short)(first + i));
                ToBits(il, types[first + i]);
                il.Emit(OpCodes.Stind_I8);
            }
            LocalBuilder frame = il.DeclareLocal(typeof(nint));
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldloc, buffer);
            il.Emit(OpCodes.Ldc_I4, pointers);
            il.Emit(OpCodes.Ldc_I4, b.Id);
            il.Emit(OpCodes.Call, enter);
            il.Emit(OpCodes.Stloc, frame);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldloc, frame);
            il.Emit(OpCodes.Ldc_I8, (long)b.Id);
            for (int i = 0; i < MaxHidden; i++)
            {
                if (i < shape.MemoryResults)
                    il.Emit(OpCodes.Ldarg, (short)(2 + i));
                else
                {
                    il.Emit(OpCodes.Ldc_I4_0);
                    il.Emit(OpCodes.Conv_I);
                }
            }
            il.Emit(OpCodes.Ldc_I8, goCode);
            il.Emit(OpCodes.Conv_I);
            var goTypes = new Type[4 + MaxHidden];
            Array.Fill(goTypes, typeof(nint));
            goTypes[3] = typeof(long);
            il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, typeof(long), goTypes, null);
            FromBits(il, result);
            il.Emit(OpCodes.Ret);
        });
    }

    /// <summary>g->Args[index] = the argument; args is the offset of g->Args, a pointer to memory of the thread.</summary>
    static void StoreArg(ILGenerator il, int args, int index, int arg)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, args);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
        il.Emit(OpCodes.Ldc_I4, 8 * index);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldarg, (short)arg);
        il.Emit(OpCodes.Stind_I);
    }
}

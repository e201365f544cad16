// Copies and clears of typed memory.

using System;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.Runtime;

/// <summary>typedmemmove and relatives.</summary>
public static unsafe class TypedMem
{
    static MCache* Cache(G* g) => (MCache*)g->MCache;

    /// <summary>For code that runs for no goroutine: the cache of the thread's P, or null.</summary>
    static MCache* ThisCache => Sched.ThisP == null ? null : (MCache*)Sched.ThisP->MCache;

    public static void Move(TypeDesc* type, void* dst, void* src)
    {
        if (Barrier.Enabled != 0)
            Barrier.TypedMemMove(ThisCache, type, dst, src);
        else
            MoveBytes(dst, src, type->Size);
    }

    public static void Clear(TypeDesc* type, void* p)
    {
        if (Barrier.Enabled != 0)
            Barrier.TypedMemClr(ThisCache, type, p);
        else
            ClearBytes((byte*)p, type->Size);
    }

    /// <summary>A pointer that only the runtime knew of goes to the program, or is overwritten: the collector must not lose the object.</summary>
    public static void Shade(void* p)
    {
        if (Barrier.Enabled != 0)
            Barrier.Shade(ThisCache, p);
    }

    public static void ClearBytes(byte* p, nuint bytes)
    {
        for (; bytes > int.MaxValue; p += 1 << 30, bytes -= 1 << 30)
            new Span<byte>(p, 1 << 30).Clear();
        new Span<byte>(p, (int)bytes).Clear();
    }

    static void MoveBytes(void* dst, void* src, nuint bytes) => Buffer.MemoryCopy(src, dst, bytes, bytes);

    [GoFunc("runtime.memmove", Safepoint = false)]
    [GoFunc("reflect.memmove", Safepoint = false)]
    public static void MemMove(G* g, void* dst, void* src, ulong bytes) => MoveBytes(dst, src, (nuint)bytes);

    [GoFunc("runtime.typedmemmove", Safepoint = false)]
    [GoFunc("reflect.typedmemmove", Safepoint = false)]
    [GoFunc("internal/reflectlite.typedmemmove", Safepoint = false)]
    [GoFunc("internal/runtime/maps.typedmemmove", Safepoint = false)]
    public static void TypedMemMove(G* g, void* type, void* dst, void* src) => Barrier.TypedMemMove(Cache(g), (TypeDesc*)type, dst, src);

    [GoFunc("runtime.typedmemclr", Safepoint = false)]
    [GoFunc("reflect.typedmemclr", Safepoint = false)]
    [GoFunc("internal/runtime/maps.typedmemclr", Safepoint = false)]
    public static void TypedMemClr(G* g, void* type, void* p) => Barrier.TypedMemClr(Cache(g), (TypeDesc*)type, p);

    [GoFunc("reflect.typedmemclrpartial", Safepoint = false)]
    public static void TypedMemClrPartial(G* g, void* type, void* p, ulong offset, ulong bytes) =>
        Barrier.TypedMemClrPartial(Cache(g), (TypeDesc*)type, p, (nuint)offset, (nuint)bytes);

    [GoFunc("reflect.typedarrayclear", Safepoint = false)]
    public static void TypedArrayClear(G* g, void* type, void* p, long n) =>
        Barrier.TypedArrayClear(Cache(g), (TypeDesc*)type, p, (nuint)n);

    [GoFunc("runtime.memclrHasPointers", Safepoint = false)]
    public static void MemClrHasPointers(G* g, void* p, ulong bytes) => Barrier.MemClrHasPointers(Cache(g), p, (nuint)bytes);

    [GoFunc("runtime.memclrNoHeapPointers", Safepoint = false)]
    public static void MemClr(G* g, void* p, ulong bytes) => ClearBytes((byte*)p, (nuint)bytes);

    [GoFunc("runtime.typedslicecopy", Safepoint = false)]
    public static long TypedSliceCopy(G* g, void* elem, void* dst, long dstLen, void* src, long srcLen) =>
        Barrier.TypedSliceCopy(Cache(g), (TypeDesc*)elem, dst, (nint)dstLen, src, (nint)srcLen);

    [GoFunc("reflect.typedslicecopy", Safepoint = false)]
    public static long ReflectSliceCopy(G* g, void* elem, void* dst, long dstLen, long dstCap, void* src, long srcLen, long srcCap) =>
        TypedSliceCopy(g, elem, dst, dstLen, src, srcLen);

    // ---- atomic pointer operations: the value that the slot loses is recorded when it is known, before the next safepoint

    static void Exchanged(G* g, void* old, void* value)
    {
        if (Barrier.Enabled != 0)
            Barrier.Record(Cache(g), (nuint)old, (nuint)value);
    }

    [GoFunc("internal/runtime/atomic.storePointer", Parks = true)]
    [GoFunc("sync/atomic.StorePointer", Parks = true)]
    [GoFunc("runtime.atomicstorep", Parks = true)]
    public static void StorePointer(G* g, void* p, void* value)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Exchanged(g, (void*)Interlocked.Exchange(ref *(nint*)p, (nint)value), value);
    }

    [GoFunc("internal/runtime/atomic.casPointer", Parks = true)]
    [GoFunc("sync/atomic.CompareAndSwapPointer", Parks = true)]
    public static int CasPointer(G* g, void* p, void* old, void* value)
    {
        if (p != null)
        {
            if (Interlocked.CompareExchange(ref *(nint*)p, (nint)value, (nint)old) != (nint)old)
                return 0;
            Exchanged(g, old, value);
            return 1;
        }
        Trampoline.Inject(g, GoCall.PanicMem);
        return 0;
    }

    [GoFunc("sync/atomic.SwapPointer", Parks = true)]
    public static void* SwapPointer(G* g, void* p, void* value)
    {
        if (p != null)
        {
            void* old = (void*)Interlocked.Exchange(ref *(nint*)p, (nint)value);
            Exchanged(g, old, value);
            return old;
        }
        Trampoline.Inject(g, GoCall.PanicMem);
        return null;
    }
}

// Copies and clears of typed memory.

using System;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>typedmemmove and relatives.</summary>
public static unsafe class TypedMem
{
    public static void Move(TypeDesc* type, void* dst, void* src) => Buffer.MemoryCopy(src, dst, type->Size, type->Size);

    public static void Clear(TypeDesc* type, void* p) => ClearBytes((byte*)p, type->Size);

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
    public static void TypedMemMove(G* g, void* type, void* dst, void* src) => Move((TypeDesc*)type, dst, src);

    [GoFunc("runtime.typedmemclr", Safepoint = false)]
    [GoFunc("reflect.typedmemclr", Safepoint = false)]
    [GoFunc("internal/runtime/maps.typedmemclr", Safepoint = false)]
    public static void TypedMemClr(G* g, void* type, void* p) => Clear((TypeDesc*)type, p);

    [GoFunc("reflect.typedmemclrpartial", Safepoint = false)]
    public static void TypedMemClrPartial(G* g, void* type, void* p, ulong offset, ulong bytes) => ClearBytes((byte*)p, (nuint)bytes);

    [GoFunc("reflect.typedarrayclear", Safepoint = false)]
    public static void TypedArrayClear(G* g, void* type, void* p, long n) => ClearBytes((byte*)p, ((TypeDesc*)type)->Size * (nuint)n);

    [GoFunc("runtime.memclrHasPointers", Safepoint = false)]
    [GoFunc("runtime.memclrNoHeapPointers", Safepoint = false)]
    public static void MemClr(G* g, void* p, ulong bytes) => ClearBytes((byte*)p, (nuint)bytes);

    [GoFunc("runtime.typedslicecopy", Safepoint = false)]
    public static long TypedSliceCopy(G* g, void* elem, void* dst, long dstLen, void* src, long srcLen)
    {
        long n = Math.Min(dstLen, srcLen);
        if (n > 0 && dst != src)
            MoveBytes(dst, src, (nuint)n * ((TypeDesc*)elem)->Size);
        return n;
    }

    [GoFunc("reflect.typedslicecopy", Safepoint = false)]
    public static long ReflectSliceCopy(G* g, void* elem, void* dst, long dstLen, long dstCap, void* src, long srcLen, long srcCap) =>
        TypedSliceCopy(g, elem, dst, dstLen, src, srcLen);

    // ---- atomic pointer operations: the collector stops the world to mark, so an interlocked operation is all there is to do

    [GoFunc("internal/runtime/atomic.storePointer", Parks = true)]
    [GoFunc("sync/atomic.StorePointer", Parks = true)]
    [GoFunc("runtime.atomicstorep", Parks = true)]
    public static void StorePointer(G* g, void* p, void* value)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(nint*)p, (nint)value);
    }

    [GoFunc("internal/runtime/atomic.casPointer", Parks = true)]
    [GoFunc("sync/atomic.CompareAndSwapPointer", Parks = true)]
    public static int CasPointer(G* g, void* p, void* old, void* value)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(nint*)p, (nint)value, (nint)old) == (nint)old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return 0;
    }

    [GoFunc("sync/atomic.SwapPointer", Parks = true)]
    public static void* SwapPointer(G* g, void* p, void* value)
    {
        if (p != null)
            return (void*)Interlocked.Exchange(ref *(nint*)p, (nint)value);
        Trampoline.Inject(g, GoCall.PanicMem);
        return null;
    }
}

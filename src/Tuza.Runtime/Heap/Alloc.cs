// Allocation for emitted code and for C# primitives.
//
// An allocation may collect before it takes memory. What a primitive needs afterwards must be visible then: in the caller's frame, or in g->Args.

using System;
using System.Runtime.CompilerServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Objects on the Go heap.</summary>
public static unsafe class Alloc
{
    public static byte* ZeroBase => Malloc.ZeroBase;

    /// <summary>A zeroed object of a type (null: no pointers). Everything the caller needs afterwards must be in frames or in g->Args.</summary>
    public static void* New(G* g, nuint bytes, TypeDesc* type) => Malloc.MallocGC((MCache*)g->MCache, bytes, type, needZero: true);

    /// <summary>The same without a collection before it.</summary>
    public static void* NewNoCollect(G* g, nuint bytes, TypeDesc* type)
    {
        Gc.NoCollect++;
        void* p = Malloc.MallocGC((MCache*)g->MCache, bytes, type, needZero: true);
        Gc.NoCollect--;
        return p;
    }

    /// <summary>
    /// A zeroed object that the runtime keeps for itself, without a collection before it, nor, up to 32760 bytes, mark work: locks may be held. The runtime marks it
    /// in every cycle (<see cref="Gc.ScanRoots"/>); in the one it is born in it lives. Not in the heap if there is none (tests).
    /// </summary>
    internal static void* OwnObject(P* p, int bytes)
    {
        if (p->MCache == null)
            return System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)bytes);
        Gc.NoCollect++;
        var c = (MCache*)p->MCache;
        void* o = bytes > HeapConsts.MaxSmallAlloc ? Malloc.NewNoScan(c, (nuint)bytes) : Malloc.NewOwn(c, (uint)bytes);
        if (c->Grey != 0)
            Barrier.Shade(c, o);
        Gc.NoCollect--;
        return o;
    }

    /// <summary>Bytes without pointers, not cleared. <paramref name="keep"/>: a pointer of the caller that must survive a collection (may be null).</summary>
    public static void* NoScanUncleared(G* g, nuint bytes, void** keep)
    {
        if (keep != null)
        {
            g->Args[0] = (ulong)*keep;
            g->ArgCount = 1;
        }
        void* p = Malloc.NewNoScan((MCache*)g->MCache, bytes, needZero: false);
        g->ArgCount = 0;
        return p;
    }

    public static nuint RoundUp(nuint bytes, bool noscan) => bytes == 0 ? 0 : Malloc.RoundUpSize(bytes, noscan);

    [GoFunc("runtime.newobject")]
    [GoFunc("reflect.unsafe_New")]
    [GoFunc("internal/reflectlite.unsafe_New")]
    [GoFunc("internal/runtime/maps.newobject")]
    public static void* NewObject(G* g, void* type) => Malloc.NewObject((MCache*)g->MCache, (TypeDesc*)type);

    /// <summary>runtime.newobject of a type known at compile time; see <see cref="Malloc.NewFixed"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void* NewFixed(G* g, void* type, int size, int spanClass, int slotBytes, long pointerBits) =>
        Malloc.NewFixed((MCache*)g->MCache, (TypeDesc*)type, (uint)size, spanClass, (uint)slotBytes, (ulong)pointerBits);

    [GoFunc("runtime.mallocNoscan")]
    public static void* NoScan(G* g, ulong bytes) => Malloc.NewNoScan((MCache*)g->MCache, (nuint)bytes);

    [GoFunc("runtime.mallocgc")]
    public static void* MallocGC(G* g, ulong bytes, void* type, int needZero) =>
        Malloc.MallocGC((MCache*)g->MCache, (nuint)bytes, (TypeDesc*)type, needZero != 0);

    /// <summary>The object is in use up to here; no instruction is left of it.</summary>
    [GoFunc("runtime.keepAlive", Safepoint = false)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void KeepAlive(G* g, void* p) { }

    [GoFunc("runtime.convT")]
    public static void* ConvT(G* g, void* type, void* value)
    {
        TypeDesc* t = (TypeDesc*)type;
        g->Args[0] = (ulong)value;
        g->ArgCount = 1;
        void* p = Malloc.NewObject((MCache*)g->MCache, t);
        g->ArgCount = 0;
        Copy(p, value, t->Size);
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(void* dst, void* src, nuint bytes)
    {
        if (bytes == 8)
            *(long*)dst = *(long*)src;
        else
            Buffer.MemoryCopy(src, dst, bytes, bytes);
    }
}

// Allocation for C# primitives.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Objects on the Go heap.</summary>
public static unsafe class Alloc
{
    public static readonly byte* ZeroBase = (byte*)NativeMemory.AlignedAlloc(64, 64);

    /// <summary>A zeroed object of a type (null: no pointers). Everything the caller needs afterwards must be in frames or in g->Args.</summary>
    public static void* New(G* g, nuint bytes, TypeDesc* type) => bytes == 0 ? ZeroBase : NativeMemory.AllocZeroed(bytes);

    /// <summary>The same without a collection before it.</summary>
    public static void* NewNoCollect(G* g, nuint bytes, TypeDesc* type) => New(g, bytes, type);

    /// <summary>Bytes without pointers, not cleared. <paramref name="keep"/>: a pointer of the caller that must survive a collection (may be null).</summary>
    public static void* NoScanUncleared(G* g, nuint bytes, void** keep) => New(g, bytes, null);

    public static nuint RoundUp(nuint bytes, bool noscan) => (bytes + 15) & ~(nuint)15;

    [GoFunc("runtime.newobject")]
    [GoFunc("reflect.unsafe_New")]
    [GoFunc("internal/reflectlite.unsafe_New")]
    [GoFunc("internal/runtime/maps.newobject")]
    public static void* NewObject(G* g, void* type) => New(g, ((TypeDesc*)type)->Size, (TypeDesc*)type);

    [GoFunc("runtime.mallocNoscan")]
    public static void* NoScan(G* g, ulong bytes) => New(g, (nuint)bytes, null);

    [GoFunc("runtime.convT")]
    public static void* ConvT(G* g, void* type, void* value)
    {
        TypeDesc* t = (TypeDesc*)type;
        g->Args[0] = (ulong)value;
        g->ArgCount = 1;
        void* p = New(g, t->Size, t);
        g->ArgCount = 0;
        System.Buffer.MemoryCopy(value, p, t->Size, t->Size);
        return p;
    }
}

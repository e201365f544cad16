// Allocation for C# primitives.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Objects on the Go heap.</summary>
public static unsafe class Alloc
{
    /// <summary>A zeroed object of a type (null: no pointers). Everything the caller needs afterwards must be in frames or in g->Args.</summary>
    public static void* New(G* g, nuint bytes, TypeDesc* type) => NativeMemory.AllocZeroed(bytes);

    /// <summary>The same without a collection before it.</summary>
    public static void* NewNoCollect(G* g, nuint bytes, TypeDesc* type) => NativeMemory.AllocZeroed(bytes);

    [GoFunc("runtime.newobject")]
    [GoFunc("reflect.unsafe_New")]
    [GoFunc("internal/reflectlite.unsafe_New")]
    [GoFunc("internal/runtime/maps.newobject")]
    public static void* NewObject(G* g, void* type) => New(g, ((TypeDesc*)type)->Size, (TypeDesc*)type);

    [GoFunc("runtime.mallocNoscan")]
    public static void* NoScan(G* g, ulong bytes) => New(g, (nuint)bytes, null);
}

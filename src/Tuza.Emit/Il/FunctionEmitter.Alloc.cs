// Allocation of one object of a type known at compile time: the allocator's fast path, inlined into the emitted method.
//
// runtime.newobject(type) with a constant type becomes Alloc.NewFixed(g, type, size, span class, slot bytes, pointer bits), all constants, so that
// RyuJIT folds every choice the allocator makes by size and type. Zero-sized and large types stay with the general entry.

using Tuza.Abi;
using Tuza.IR;

namespace Tuza.Emit;

sealed partial class FunctionEmitter
{
    /// <summary>G and the descriptor are on the stack: calls the fixed allocation if it applies.</summary>
    bool NewFixed(LowCall c)
    {
        if (c.Symbol != "runtime.newobject" || c.Args[0] is not LowTypeAddr t)
            return false;
        FlatType flat = Flatten.Of(t.GoType);
        if (flat.Size is 0 or > HeapConsts.MaxSmallAlloc)
            return false;
        bool[] words = flat.PtrWords ?? [];
        bool noscan = System.Array.IndexOf(words, true) < 0;
        int spanClass = SizeClasses.SpanClassOf((nuint)flat.Size, noscan);
        if (spanClass < 0)
            return false;
        ulong bits = 0;
        for (int i = 0; i < words.Length && flat.Size <= HeapConsts.MaxHeapBitsBytes; i++)
            bits |= words[i] ? 1UL << i : 0;
        _il.LdcI4((int)flat.Size);
        _il.LdcI4(spanClass);
        _il.LdcI4(SizeClasses.Bytes(spanClass >> 1));
        _il.LdcI8((long)bits);
        Helper(nameof(Runtime.Alloc.NewFixed), 6, 1, typeof(Runtime.Alloc));
        return true;
    }
}

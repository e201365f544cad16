// Slices: making and growing. The rule of growth and the rounding to size classes are Go's, because cap() shows them.

using System;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Slice primitives of the compiler and of reflect.</summary>
public static unsafe class Slices
{
    const ulong MaxAlloc = 1UL << 48;
    const long DoublingLimit = 256;

    static bool Bytes(TypeDesc* elem, long n, out nuint bytes)
    {
        ulong hi = Math.BigMul(elem->Size, (ulong)n, out ulong lo);
        bytes = (nuint)lo;
        return n >= 0 && hi == 0 && lo <= MaxAlloc;
    }

    [GoFunc("runtime.makeslice", Parks = true)]
    public static void* MakeSlice(G* g, void* elem, long len, long cap)
    {
        TypeDesc* t = (TypeDesc*)elem;
        if (!Bytes(t, cap, out nuint bytes) || len < 0 || len > cap)
        {
            Trampoline.Inject(g, Bytes(t, len, out _) ? GoCall.PanicMakeSliceCap : GoCall.PanicMakeSliceLen);
            return null;
        }
        return Alloc.New(g, bytes, t);
    }

    [GoFunc("runtime.makeslicecopy", Parks = true)]
    public static void* MakeSliceCopy(G* g, void* elem, long toLen, long fromLen, void* from)
    {
        TypeDesc* t = (TypeDesc*)elem;
        if (!Bytes(t, toLen, out nuint bytes))
        {
            Trampoline.Inject(g, GoCall.PanicMakeSliceLen);
            return null;
        }
        g->Args[0] = (ulong)from;
        g->ArgCount = 1;
        byte* p = (byte*)Alloc.New(g, bytes, t);
        g->ArgCount = 0;
        nuint copied = Math.Min(bytes, (nuint)fromLen * t->Size);
        Buffer.MemoryCopy(from, p, copied, copied);
        return p;
    }

    internal static long NextCap(long newLen, long oldCap)
    {
        long doubled = oldCap + oldCap;
        if (newLen > doubled)
            return newLen;
        if (oldCap < DoublingLimit)
            return doubled;
        long cap = oldCap;
        do
            cap += (cap + 3 * DoublingLimit) >> 2;
        while ((ulong)cap < (ulong)newLen);
        return cap <= 0 ? newLen : cap;
    }

    /// <summary>Results: pointer, newLen, capacity.</summary>
    [GoFunc("runtime.growslice", Parks = true)]
    public static void* Grow(G* g, void* old, long newLen, long oldCap, long num, void* elem)
    {
        TypeDesc* t = (TypeDesc*)elem;
        long oldLen = newLen - num;
        g->R[1] = (ulong)newLen;
        if (newLen < 0)
        {
            Trampoline.Inject(g, GoCall.PanicGrowSlice);
            return null;
        }
        if (t->Size == 0)
        {
            g->R[2] = (ulong)newLen;
            return Alloc.ZeroBase;
        }
        long cap = NextCap(newLen, oldCap);
        ulong hi = Math.BigMul(t->Size, (ulong)cap, out ulong wanted);
        if (hi != 0 || wanted > MaxAlloc)
        {
            Trampoline.Inject(g, GoCall.PanicGrowSlice);
            return null;
        }
        bool noscan = !t->HasPointers;
        nuint bytes = Alloc.RoundUp((nuint)wanted, noscan);
        cap = (long)(bytes / t->Size);
        bytes = (nuint)cap * t->Size;
        nuint used = (nuint)oldLen * t->Size;
        byte* p;
        if (noscan)
        {
            p = (byte*)Alloc.NoScanUncleared(g, bytes, &old);
            nuint filled = (nuint)newLen * t->Size;
            TypedMem.ClearBytes(p + filled, bytes - filled);
        }
        else
        {
            g->Args[0] = (ulong)old;
            g->ArgCount = 1;
            p = (byte*)Alloc.New(g, bytes, t);
            g->ArgCount = 0;
        }
        Buffer.MemoryCopy(old, p, used, used);
        g->R[2] = (ulong)cap;
        return p;
    }

    /// <summary>As Grow, but what fits the buffer goes there, one size class after the other, so that a later copy on the heap wastes nothing.</summary>
    [GoFunc("runtime.growsliceBuf", Parks = true)]
    public static void* GrowInBuffer(G* g, void* old, long newLen, long oldCap, long num, void* elem, void* buffer, long elems)
    {
        TypeDesc* t = (TypeDesc*)elem;
        if (newLen < 0 || newLen > elems)
            return Grow(g, old, newLen, oldCap, num, elem);
        nuint used = (nuint)(newLen - num) * t->Size, filled = (nuint)newLen * t->Size;
        if (old != buffer && used != 0)
            Buffer.MemoryCopy(old, buffer, used, used);
        long cap = (long)(Alloc.RoundUp(filled, !t->HasPointers) / t->Size);
        TypedMem.ClearBytes((byte*)buffer + filled, (nuint)cap * t->Size - filled);
        g->R[1] = (ulong)newLen;
        g->R[2] = (ulong)cap;
        return buffer;
    }

    /// <summary>A copy on the heap of a slice in the caller's frame, with its capacity or with what the size class gives.</summary>
    [GoFunc("runtime.moveslice")]
    public static void* MoveToHeap(G* g, void* elem, void* p, long len, long cap, int keepCap)
    {
        TypeDesc* t = (TypeDesc*)elem;
        if (keepCap == 0)
            cap = (long)(Alloc.RoundUp((nuint)len * t->Size, !t->HasPointers) / t->Size);
        void* copy = Alloc.New(g, (nuint)cap * t->Size, t);
        nuint bytes = (nuint)(keepCap != 0 ? cap : len) * t->Size;
        Buffer.MemoryCopy(p, copy, bytes, bytes);
        g->R[1] = (ulong)len;
        g->R[2] = (ulong)cap;
        return copy;
    }

    /// <summary>`growslice(t, old Slice, num int) Slice`: keeps the length.</summary>
    [GoFunc("reflect.growslice", Parks = true)]
    public static void* ReflectGrow(G* g, void* elem, void* old, long len, long cap, long num)
    {
        TypeDesc* t = (TypeDesc*)elem;
        num -= cap - len;
        void* p = Grow(g, old, cap + num, cap, num, elem);
        if (g->Unwinding != UnwindReason.None)
            return null;
        // Everything behind the old length must be zero, also what was between length and capacity.
        long newCap = (long)g->R[2];
        if (t->Size != 0)
        {
            nuint from = (nuint)len * t->Size;
            TypedMem.ClearBytes((byte*)p + from, (nuint)newCap * t->Size - from);
        }
        g->R[1] = (ulong)len;
        return p;
    }

    [GoFunc("reflect.unsafe_NewArray", Parks = true)]
    [GoFunc("internal/runtime/maps.newarray", Parks = true)]
    [GoFunc("runtime.newarray", Parks = true)]
    public static void* NewArray(G* g, void* elem, long n)
    {
        if (!Bytes((TypeDesc*)elem, n, out nuint bytes))
        {
            Trampoline.Inject(g, GoCall.AllocTooLarge);
            return null;
        }
        return Alloc.New(g, bytes, (TypeDesc*)elem);
    }

    [GoFunc("reflect.unsafeslice", Parks = true)]
    public static void UnsafeSlice(G* g, void* elem, void* p, long len)
    {
        if (!Bytes((TypeDesc*)elem, len, out nuint bytes))
            Trampoline.Inject(g, GoCall.PanicUnsafeSliceLen);
        else if (p == null && bytes > 0)
            Trampoline.Inject(g, GoCall.PanicUnsafeSliceNil);
        else if (bytes > (nuint)0 - (nuint)p)
            Trampoline.Inject(g, GoCall.PanicUnsafeSliceLen);
    }
}

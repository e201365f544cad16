// Pointer bits of small objects: one bit per word of a one-page span, in the 128 bytes before the last 128 of the page.
//
// Invariant: the bits of a free slot that lies in a cache's window are clear, so that an allocation only has to set bits. Bits of
// other free slots are stale. They are cleared when the slot enters a window (MCache.FillWindow).

using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Reading and writing of pointer bits.</summary>
public static unsafe class HeapBits
{
    const int TailOffset = HeapConsts.PageBytes - HeapConsts.SpanInlineMarkBytes - HeapConsts.SpanHeapBitsBytes;

    /// <summary>The 128 bytes at the end of a one-page span.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* TailOf(byte* spanBase) => spanBase + TailOffset;

    /// <summary>The end of a span of 8-byte slots: only 128 bytes are reserved there, for its alloc bits.</summary>
    public static byte* WordTailOf(byte* spanBase) => spanBase + HeapConsts.PageBytes - HeapConsts.SpanHeapBitsBytes;

    /// <summary>Sets the bits of an object whose slot's bits are clear. <paramref name="words"/> is the slot's size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(byte* obj, ulong mask, uint words)
    {
        byte* page = (byte*)((nuint)obj & ~(nuint)(HeapConsts.PageBytes - 1));
        uint word = (uint)((nuint)obj >> 3) & (HeapConsts.PageBytes / 8 - 1);
        ulong* bits = (ulong*)(page + TailOffset) + (word >> 6);
        int shift = (int)(word & 63);
        *bits |= mask << shift;
        // Slots of a power of two never straddle; for a constant size the test folds away.
        if ((words & (words - 1)) != 0 && shift + (int)words > 64)
            bits[1] |= mask >> 1 >> (63 - shift);
    }

    /// <summary>The bits of a slot, word 0 in bit 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Get(byte* slot, uint words)
    {
        byte* page = (byte*)((nuint)slot & ~(nuint)(HeapConsts.PageBytes - 1));
        uint word = (uint)((nuint)slot >> 3) & (HeapConsts.PageBytes / 8 - 1);
        ulong* bits = (ulong*)(page + TailOffset) + (word >> 6);
        int shift = (int)(word & 63);
        ulong mask = *bits >> shift;
        if (shift + (int)words > 64)
            mask |= bits[1] << 1 << (63 - shift);
        return mask & (ulong.MaxValue >> (64 - (int)words));
    }

    /// <summary>Clears the bits of the words [first, first + count) of a page.</summary>
    public static void Clear(byte* spanBase, int first, int count)
    {
        ulong* bits = (ulong*)TailOf(spanBase);
        for (int i = first, end = first + count; i < end; i = (i | 63) + 1)
        {
            int high = int.Min(end - (i & ~63), 64);
            bits[i >> 6] &= ~((ulong.MaxValue >> (64 - (high - (i & 63)))) << (i & 63));
        }
    }
}

// The 68 size classes of Go: which block an allocation of n bytes gets.
//
// One size-class table for everybody: the allocator looks sizes up at run time, the compiler at compile time (it passes the
// span class of a fixed-size object as a constant), append and strings round capacities up with it.
//
// Terms. class: 0..67, 0 means "a span of its own". span class: 2*class, plus 1 if the objects hold no pointers.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>Size-class tables and lookups.</summary>
public static class SizeClasses
{
    const int SmallSizeMax = 1024;

    static ReadOnlySpan<ushort> BytesTable =>
    [
        0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480,
        512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376,
        6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576,
        27264, 28672, 32768,
    ];

    static ReadOnlySpan<byte> PagesTable =>
    [
        0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1, 3,
        2, 3, 1, 3, 2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8, 3, 10, 7, 4,
    ];

    // Class by (size + 7) / 8 up to 1024 bytes, and by (size - 1024 + 127) / 128 above: derived once from the sizes.
    static readonly byte[] s_class8 = MakeLookup(0, SmallSizeMax, 8);
    static readonly byte[] s_class128 = MakeLookup(SmallSizeMax, HeapConsts.MaxSmallBytes, 128);

    static byte[] MakeLookup(int from, int to, int step)
    {
        var table = new byte[(to - from) / step + 1];
        int c = 0;
        for (int i = 0; i < table.Length; i++)
        {
            while (BytesTable[c] < from + i * step)
                c++;
            table[i] = (byte)c;
        }
        return table;
    }

    /// <summary>The class whose blocks hold <paramref name="bytes"/> (1 ..= 32768); no header is added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ClassOf(nuint bytes) => bytes <= SmallSizeMax - 8
        ? Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(s_class8), (bytes + 7) >> 3)
        : Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(s_class128), (bytes - SmallSizeMax + 127) >> 7);

    /// <summary>Block size of a class.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bytes(int sizeClass) => Unsafe.Add(ref MemoryMarshal.GetReference(BytesTable), sizeClass);

    /// <summary>Pages of a span of a class.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Pages(int sizeClass) => Unsafe.Add(ref MemoryMarshal.GetReference(PagesTable), sizeClass);

    /// <summary>2^32 / size rounded up: offset * DivMagic >> 32 is offset / size for every offset in a span.</summary>
    public static uint DivMagic(int sizeClass) => sizeClass == 0 ? 0 : (uint)(uint.MaxValue / (uint)Bytes(sizeClass)) + 1;

    /// <summary>Objects in a span, after the room for pointer bits and inline marks is taken off.</summary>
    public static int ObjectsPerSpan(int sizeClass, bool noscan)
    {
        if (sizeClass == 0)
            return 1;
        int bytes = Bytes(sizeClass), room = Pages(sizeClass) << HeapConsts.PageShift;
        if (!noscan && bytes <= HeapConsts.MaxHeapBitsBytes)
            room -= HeapConsts.SpanHeapBitsBytes;
        if (bytes is >= 16 and <= HeapConsts.MaxHeapBitsBytes)
            room -= HeapConsts.SpanInlineMarkBytes;
        return room / bytes;
    }

    /// <summary>
    /// Span class of an object of <paramref name="bytes"/> bytes, header included where one is needed; -1 for a large object.
    /// The compiler calls this for fixed-size allocations, so that the fast path sees a constant.
    /// </summary>
    public static int SpanClassOf(nuint bytes, bool noscan)
    {
        if (!noscan && bytes > HeapConsts.MaxHeapBitsBytes)
            bytes += HeapConsts.MallocHeaderBytes;
        if (bytes > HeapConsts.MaxSmallBytes || (noscan && bytes > HeapConsts.MaxSmallAlloc))
            return -1;
        return (ClassOf(bytes) << 1) | (noscan ? 1 : 0);
    }

    /// <summary>The bytes an allocation of <paramref name="bytes"/> really provides: what append may use as capacity.</summary>
    public static nuint RoundUp(nuint bytes, bool noscan)
    {
        nuint request = bytes;
        if (!noscan && bytes > HeapConsts.MaxHeapBitsBytes)
            bytes += HeapConsts.MallocHeaderBytes;
        if (request <= HeapConsts.MaxSmallAlloc)
            return (nuint)Bytes(ClassOf(bytes)) - (bytes - request);
        nuint up = request + (HeapConsts.PageBytes - 1);
        return up < request ? request : up & ~(nuint)(HeapConsts.PageBytes - 1);
    }
}

// What the tag of a page word stands for, in 16 bytes: how to get from an address to its slot without touching the span.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Where the pointers of a slot are described.</summary>
public enum SlotKind : byte
{
    None = 0,
    NoScan = 1,        // nowhere: there are none
    Bits = 2,          // pointer bits in the tail of the one-page span
    Word = 3,          // 8-byte slots: the one word is a pointer
    Header = 4,        // first word of the slot is the TypeDesc*
    Large = 5,         // own span with pointers: MSpan.LargeType
    LargeNoScan = 6,
    Block = 7,         // the word before the object: see Blocks
}

/// <summary>Facts of a span class, by tag (span class + 1).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SlotInfo
{
    public uint DivMagic;
    public uint ElemBytes;
    public ushort ElemCount;
    public SlotKind Kind;

    /// <summary>Slots are zeroed (and their pointer bits cleared) when they enter a window, not when they are taken.</summary>
    public byte PreZero;

    /// <summary>Most slots in a window.</summary>
    public int WindowSlots;

    /// <summary>By tag: entry 0 is for addresses that are no object.</summary>
    public static readonly SlotInfo* Table = Make();

    public static void Init() => _ = Table;

    // A window is zeroed at once, which also draws its lines into the cache: 4 KiB is what the first-level cache takes without losing
    // the program's own lines (measured: 1 KiB and 8 KiB are slower in binary trees).
    const int WindowBytes = 4096;

    static SlotInfo* Make()
    {
        var table = (SlotInfo*)NativeMemory.AlignedAlloc((HeapConsts.NumSpanClasses + 2) * (nuint)sizeof(SlotInfo), 64);
        table[0] = default;
        for (int sc = 0; sc < HeapConsts.NumSpanClasses; sc++)
        {
            int c = sc >> 1;
            bool noscan = (sc & 1) != 0;
            int bytes = SizeClasses.Bytes(c);
            bool preZero = c != 0 && bytes <= (noscan ? Malloc.PreZeroNoScanBytes : Malloc.PreZeroScanBytes);
            int window = 64;
            if (preZero && bytes * 64 > WindowBytes)
                window = bytes >= WindowBytes ? 1 : WindowBytes / bytes;
            table[sc + 1] = new SlotInfo
            {
                DivMagic = SizeClasses.DivMagic(c),
                ElemBytes = (uint)bytes,
                ElemCount = (ushort)SizeClasses.ObjectsPerSpan(c, noscan),
                Kind = KindOf(c, bytes, noscan),
                PreZero = (byte)(preZero ? 1 : 0),
                WindowSlots = window,
            };
        }
        table[SpanClass.BlocksValue + 1] = new SlotInfo { Kind = SlotKind.Block };
        return table;
    }

    static SlotKind KindOf(int sizeClass, int bytes, bool noscan)
    {
        if (sizeClass == 0)
            return noscan ? SlotKind.LargeNoScan : SlotKind.Large;
        if (noscan)
            return SlotKind.NoScan;
        if (bytes == HeapConsts.PtrBytes)
            return SlotKind.Word;
        return bytes <= HeapConsts.MaxHeapBitsBytes ? SlotKind.Bits : SlotKind.Header;
    }
}

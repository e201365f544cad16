// Constants of Go's heap on linux/amd64: what the compiler must know to size an allocation, and what the runtime builds on.
//
// A number here is a fact of Go 1.27, visible to a program through sizes, counts or addresses. Nothing may be tuned.

namespace Tuza.Abi;

/// <summary>Sizes and limits of the heap that compiler and runtime share.</summary>
public static class HeapConsts
{
    public const int PtrBytes = 8;

    /// <summary>A runtime page: 8 KiB, the unit of spans. Not the page of the operating system.</summary>
    public const int PageShift = 13;
    public const int PageBytes = 1 << PageShift;

    /// <summary>Largest size that can have a size class. With the room for a header the small path ends at <see cref="MaxSmallAlloc"/>.</summary>
    public const int MaxSmallBytes = 32768;
    public const int MallocHeaderBytes = 8;

    /// <summary>Largest request that is rounded to a size class; one byte more and the object has a span of its own.</summary>
    public const int MaxSmallAlloc = MaxSmallBytes - MallocHeaderBytes;

    /// <summary>Objects with pointers up to this size keep their pointer bits at the end of the span; larger ones carry a header.</summary>
    public const int MaxHeapBitsBytes = 512;

    /// <summary>Objects without pointers below this size share blocks of this size.</summary>
    public const int TinyBytes = 16;
    public const int TinySizeClass = 2;

    public const int NumSizeClasses = 68;
    public const int NumSpanClasses = NumSizeClasses * 2;
    public const int MaxObjectsPerSpan = 1024;

    /// <summary>Room for the pointer bits of a one-page span with pointers: one bit per word.</summary>
    public const int SpanHeapBitsBytes = PageBytes / PtrBytes / 8;

    /// <summary>Room that Go keeps at the end of spans of 16 to 512 byte objects for mark bits. It decides how many objects fit.</summary>
    public const int SpanInlineMarkBytes = 128;

    public const int ArenaShift = 26;
    public const long ArenaBytes = 1L << ArenaShift;
    public const int PagesPerArena = (int)(ArenaBytes >> PageShift);

    public const int HeapAddrBits = 48;

    /// <summary>Largest size a single allocation may ask for: the address space.</summary>
    public const ulong MaxAlloc = 1UL << HeapAddrBits;

    /// <summary>Values below are never pointers.</summary>
    public const ulong MinLegalPointer = 4096;
}

// Arenas: 64 MiB of address space and its metadata, and the map from any address to its arena.
//
// A lookup costs two dependent loads, both nearly always in cache: the arena (one of few), then the page's word:
//
//   63      56 55    50 49                                 0
//   +---------+--------+-------------------------------------+
//   |   tag   |  page  |               MSpan*                |
//   +---------+--------+-------------------------------------+
//
//   tag   span class + 1 for pages of the garbage-collected heap (the class behind the last: blocks of any size); 0 for free pages and for manual spans
//   page  number of this page within a span of a size class (0 for large objects: they go through the MSpan)
//
// So class, span start and with them the slot follow from the word alone, without touching the span.
//
// Side table. Per page 128 bytes: mark bits (64 bytes: 512 slots), then alloc bits (64 bytes). The bits of a span are those of its first
// page. Spans of 8-byte slots have up to 1008: their mark bits fill all 128 bytes, their alloc bits are in the span's own tail where
// other spans have pointer bits (every 8-byte slot with pointers is one pointer).
//
// See GOROOT/src/runtime/mheap.go (heapArena). Differs from Go: the packed word; bits at a fixed place.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Metadata of one arena; about 1.1 MiB, touched where pages are in use.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HeapArena
{
    public const int SideBytes = 128;

    /// <summary>The packed words; written under the heap lock.</summary>
    public fixed ulong Pages[HeapConsts.PagesPerArena];

    /// <summary>One bit per page: first page of a span that is InUse.</summary>
    public fixed ulong PageInUse[HeapConsts.PagesPerArena / 64];

    /// <summary>One bit per page: first page of a span with specials.</summary>
    public fixed ulong PageSpecials[HeapConsts.PagesPerArena / 64];

    /// <summary>Offset in the arena from which on no page was ever used: still zero.</summary>
    public nuint ZeroedBase;
    public byte* Start;

    public bool AskedForLargePages;

    /// <summary>Pages of it were given back to the system.</summary>
    public bool HasHoles;

    /// <summary>SideBytes per page; separate so that this structure stays dense.</summary>
    public byte* Side;

    /// <summary>Before pages of it go back for the first time: from now on the system must not make large pages of what is left, which would fill the holes.</summary>
    internal static void BeginHoles(HeapArena* arena)
    {
        arena->HasHoles = true;
        if (arena->AskedForLargePages)
            MHeap.Os.SmallPages(arena->Start, (nuint)HeapConsts.ArenaBytes);
    }
}

/// <summary>The map from addresses to arenas, and the reading of page words.</summary>
public static unsafe class ArenaMap
{
    public const int Slots = 1 << (HeapConsts.HeapAddrBits - HeapConsts.ArenaShift);
    public const int TagShift = 56;
    public const int PageShift = 50;
    const ulong SpanMask = (1UL << PageShift) - 1;

    /// <summary>One entry per 64 MiB of address space; null where the heap is not. 32 MiB of address space, touched where used.</summary>
    public static HeapArena** Table;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static HeapArena* ArenaOf(nuint address)
    {
        nuint i = address >> HeapConsts.ArenaShift;
        return i < Slots ? Table[i] : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PageIndex(nuint address) => (int)(address >> HeapConsts.PageShift) & (HeapConsts.PagesPerArena - 1);

    /// <summary>The page word of an address, 0 when it is no page of ours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WordOf(nuint address)
    {
        HeapArena* arena = ArenaOf(address);
        return arena == null ? 0 : arena->Pages[PageIndex(address)];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MSpan* SpanOf(ulong word) => (MSpan*)(word & SpanMask);

    /// <summary>Span class + 1, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TagOf(ulong word) => (uint)(word >> TagShift);

    /// <summary>Number of the page within a small span.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PageOf(ulong word) => (int)(word >> PageShift) & 63;

    /// <summary>The span around an address, in any state but dead; null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MSpan* SpanOfAddress(nuint address) => SpanOf(WordOf(address));

    /// <summary>Enters a span's words. Heap lock held. The word of every page points to the span before State is set.</summary>
    public static void SetSpan(MSpan* span, bool heap)
    {
        bool large = span->Class.SizeClass == 0 || span->Class.IsBlocks;
        for (nuint i = 0; i < span->PageCount; i++)
        {
            nuint address = (nuint)span->Base + (i << HeapConsts.PageShift);
            ulong word = (ulong)span;
            if (heap)
                word |= ((ulong)span->Class.Value + 1) << TagShift | (large ? 0 : (ulong)i << PageShift);
            ArenaOf(address)->Pages[PageIndex(address)] = word;
        }
    }

    public static void ClearSpan(MSpan* span)
    {
        for (nuint i = 0; i < span->PageCount; i++)
        {
            nuint address = (nuint)span->Base + (i << HeapConsts.PageShift);
            ArenaOf(address)->Pages[PageIndex(address)] = 0;
        }
    }

    /// <summary>The side table entry of a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SideOf(HeapArena* arena, int pageIndex) => arena->Side + pageIndex * HeapArena.SideBytes;
}

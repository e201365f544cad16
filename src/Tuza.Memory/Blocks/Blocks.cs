// Blocks: memory cut into pieces of any size, as the textbook allocators do it; and how an address finds its block.
//
// A chunk is a span of 1 MiB whose tag says "blocks". It is tiled without gaps by blocks of whole granules of 16 bytes. A block begins with a word:
//
//   allocated   type descriptor / 8 (45 bits) | granules (12 bits) | size class that Go would have used (7 bits)
//   free        granules; the word behind may be a link of a free list
//
// The object begins behind that word. A block without a type holds no pointers.
//
// One bit per granule, as AllocBits and MarkBits of the span: set where an allocated block begins, or a marked one. So everything that walks over slots
// and their bits (verifier, snapshots, statistics) walks over blocks too, and an interior address finds its block by a search for the bit before
// it. FreeBits has the free blocks: the free list in the order of addresses.
//
// A page word with this tag has no slots, so the marker's fast path hands such addresses to its slow path; nothing else changes for Go's allocator.

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>What is known of a chunk beside its span. Under the lock of the <see cref="BlockHeap"/>, but for the alloc bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct BlockChunk
{
    /// <summary>Sizes from this on share a place in <see cref="From"/>.</summary>
    public const int FromSizes = 64;

    public MSpan* Span;
    public byte* Base;
    public ulong* AllocBits;
    public ulong* MarkBits;
    public ulong* FreeBits;

    /// <summary>Place in the list of chunks.</summary>
    public int Index;

    /// <summary>No free block is larger, in granules.</summary>
    public int MaxFree;

    /// <summary>Segregated fit: the block size of each run, 0 for an uncut one.</summary>
    public fixed int RunGranules[Blocks.RunsPerChunk];

    /// <summary>From[n]: no free block of n or more granules begins before this granule.</summary>
    public fixed int From[FromSizes];
}

/// <summary>Block headers, and finding.</summary>
public static unsafe class Blocks
{
    public const int GranuleShift = 4;
    public const int GranuleBytes = 1 << GranuleShift;
    public const int HeaderBytes = 8;
    public const int ChunkPages = 128;
    public const int ChunkBytes = ChunkPages * HeapConsts.PageBytes;
    public const int Granules = ChunkBytes / GranuleBytes;
    public const int Words = Granules / 64;
    public const int RunGranules = 8192;
    public const int RunsPerChunk = Granules / RunGranules;

    /// <summary>The tag of pages of chunks.</summary>
    public const uint Tag = SpanClass.BlocksValue + 1;

    const int SizeShift = 45, ClassShift = 57;
    const ulong SizeMask = (1UL << (ClassShift - SizeShift)) - 1;

    public static ulong Header(TypeDesc* t, int granules, int sizeClass) => (ulong)t >> 3 | (ulong)granules << SizeShift | (ulong)sizeClass << ClassShift;

    public static TypeDesc* TypeOf(ulong header) => (TypeDesc*)((header & ((1UL << SizeShift) - 1)) << 3);

    public static int GranulesOf(ulong header) => (int)(header >> SizeShift & SizeMask);

    public static int ClassOf(ulong header) => (int)(header >> ClassShift);

    /// <summary>Bytes of an allocated block, its header included.</summary>
    public static nuint BytesOf(byte* block) => (nuint)GranulesOf(*(ulong*)block) << GranuleShift;

    public static bool Bit(ulong* bits, int i) => (bits[i >> 6] & (1UL << (i & 63))) != 0;

    public static void Set(ulong* bits, int i) => bits[i >> 6] |= 1UL << (i & 63);

    public static void Clear(ulong* bits, int i) => bits[i >> 6] &= ~(1UL << (i & 63));

    public static BlockChunk* ChunkOf(MSpan* span) => (BlockChunk*)span->ManualFreeList;

    /// <summary>The first granule of the allocated block around an address in a chunk; false when there is none.</summary>
    public static bool Find(MSpan* span, nuint address, out int index)
    {
        int at = (int)((address - (nuint)span->Base) >> GranuleShift);
        int w = at >> 6;
        ulong bits = span->AllocBits[w] & (ulong.MaxValue >> (63 - (at & 63)));
        while (bits == 0)
        {
            if (--w < 0)
            {
                index = 0;
                return false;
            }
            bits = span->AllocBits[w];
        }
        index = (w << 6) + 63 - BitOperations.LeadingZeroCount(bits);
        return at - index < GranulesOf(*(ulong*)(span->Base + ((nuint)index << GranuleShift)));
    }

    /// <summary>The chunk's record and bits, beside a span that is being made.</summary>
    public static void InitSpan(MHeap* heap, MSpan* span)
    {
        nuint bytes = RecordBytes;
        var k = (BlockChunk*)heap->MetaAlloc(bytes);
        NativeMemory.Clear(k, bytes);
        k->Span = span;
        k->Base = span->Base;
        k->AllocBits = (ulong*)((byte*)k + HeadBytes);
        k->MarkBits = k->AllocBits + Words;
        k->FreeBits = k->MarkBits + Words;
        span->ManualFreeList = k;
        span->AllocBits = k->AllocBits;
        span->MarkBits = k->MarkBits;
        span->ElemBytes = GranuleBytes;
        span->ElemCount = Granules;
        span->DivMagic = 1u << (32 - GranuleShift);
        span->Limit = span->End;
    }

    const int HeadBytes = 512;

    static nuint RecordBytes => HeadBytes + 3 * Words * sizeof(ulong);

    public static void Release(MHeap* heap, BlockChunk* k)
    {
        MSpan* s = k->Span;
        s->ManualFreeList = null;
        heap->FreeSpan(s);
        heap->MetaFree(k, RecordBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* At(BlockChunk* k, int granule) => k->Base + ((nuint)granule << GranuleShift);

    /// <summary>Granules of the free block that begins there.</summary>
    public static int FreeAt(BlockChunk* k, int granule) => (int)*(ulong*)At(k, granule);

    public static void MakeFree(BlockChunk* k, int granule, int granules)
    {
        *(ulong*)At(k, granule) = (ulong)granules;
        Set(k->FreeBits, granule);
    }

    /// <summary>The first free block from a granule on that is large enough, or -1. Counts the blocks it looks at.</summary>
    public static int FindFree(BlockChunk* k, int from, int granules, ref long steps)
    {
        if (from >= Granules)
            return -1;
        int w = from >> 6;
        ulong bits = k->FreeBits[w] & (ulong.MaxValue << (from & 63));
        while (true)
        {
            for (; bits != 0; bits &= bits - 1)
            {
                int g = (w << 6) + BitOperations.TrailingZeroCount(bits);
                steps++;
                if (FreeAt(k, g) >= granules)
                    return g;
            }
            if (++w == Words)
                return -1;
            bits = k->FreeBits[w];
        }
    }
}

// A span: consecutive pages that hold blocks of one size class, one large object, or memory of the runtime (a stack).
//
// Bits. AllocBits has one bit per slot: set when the slot holds an object, or lies in the window of a cache (MCache). MarkBits has
// the same shape and lives in the arena's side table, at a place that follows from the page number alone, so that the marker
// never touches this structure for small objects.
//
// State. Dead -> InUse or Manual -> Dead. State is stored last when a span is born and first when it dies: the collector looks up
// arbitrary words. During marking no span goes from InUse to Dead.
//
// Sweep generation, relative to the heap's (which grows by 2 per cycle):
//   h-2 must be swept; h-1 is being swept; h swept; h+1 cached before this sweep phase began and still cached; h+3 swept, then cached.
// Acquire for sweeping is a compare-exchange from h-2 to h-1.
//
// See GOROOT/src/runtime/mheap.go. Differs from Go: no per-object free index; the window of the cache replaces it.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>What the pages of a span are for.</summary>
public enum SpanState : byte
{
    Dead = 0,
    InUse = 1,
    Manual = 2,
}

/// <summary>Size class and "holds no pointers" in one byte: 2*class + noscan.</summary>
public readonly record struct SpanClass(byte Value)
{
    public SpanClass(int sizeClass, bool noscan) : this((byte)((sizeClass << 1) | (noscan ? 1 : 0))) { }

    /// <summary>Behind the last span class: a chunk of blocks of any size. See <see cref="Tuza.Memory.Blocks"/>.</summary>
    public const byte BlocksValue = HeapConsts.NumSpanClasses;

    public bool IsBlocks => Value == BlocksValue;

    public int SizeClass => Value >> 1;
    public bool NoScan => (Value & 1) != 0;
}

/// <summary>A run of pages under one management. Two cache lines.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
public unsafe struct MSpan
{
    public const int Bytes = 128;

    /// <summary>First byte; page aligned.</summary>
    public byte* Base;

    /// <summary>End of the slots; behind it are pointer bits and waste.</summary>
    public byte* Limit;
    public nuint PageCount;

    /// <summary>One bit per slot; see the essay. In the arena's side table, or in the span's tail for 8-byte slots.</summary>
    public ulong* AllocBits;
    public ulong* MarkBits;
    public nuint ElemBytes;

    /// <summary>Large objects with pointers: the type, published after the memory is zeroed.</summary>
    public TypeDesc* LargeType;

    /// <summary>Sorted by offset, then kind; under SpecialLock.</summary>
    public Special* Specials;

    public uint DivMagic;
    public int ElemCount;      // `nelems`

    /// <summary>Slots whose AllocBits bit is set. Exact while the span is not cached.</summary>
    public int AllocCount;

    /// <summary>Slots below are not free, or are in the window of the cache that holds the span.</summary>
    public int FreeIndex;

    /// <summary>First slot of the window while cached.</summary>
    public int WindowStart;
    public int AllocCountBeforeCache;
    public uint SweepGen;
    public SpinLock32 SpecialLock;
    public SpanState State;
    public SpanClass Class;

    /// <summary>Memory of free slots may be dirty.</summary>
    public byte NeedZero;

    /// <summary>Manual spans: which counter the pages are charged to.</summary>
    public ManualKind Manual;

    /// <summary>Index in MHeap.AllSpans.</summary>
    public int Index;

    /// <summary>Free for the owner of a manual span (lists of stacks).</summary>
    public MSpan* Next;
    public MSpan* Prev;

    /// <summary>Free for the owner of a manual span (free stacks inside), or of a chunk (its record).</summary>
    public void* ManualFreeList;

    /// <summary>Spans with objects: where the next search for a special begins.</summary>
    public Special* LastSpecial
    {
        readonly get => (Special*)Prev;
        set => Prev = (MSpan*)value;
    }

    public readonly byte* End => Base + (PageCount << HeapConsts.PageShift);
    public readonly nuint SpanBytes => PageCount << HeapConsts.PageShift;
    public readonly int FreeSlots => ElemCount - AllocCount;

    /// <summary>Slot number of an address inside the slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int IndexOf(nuint address) => (int)(((ulong)(address - (nuint)Base) * DivMagic) >> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly byte* Slot(int index) => Base + (nuint)index * ElemBytes;

    public readonly bool IsAllocated(int index) => (AllocBits[index >> 6] & (1UL << (index & 63))) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsMarked(int index) => (MarkBits[index >> 6] & (1UL << (index & 63))) != 0;

    /// <summary>Takes the span for sweeping; false if it needs none or somebody else has it.</summary>
    public static bool TryAcquire(MSpan* span, uint heapSweepGen) =>
        Volatile.Read(ref span->SweepGen) == heapSweepGen - 2
        && Interlocked.CompareExchange(ref span->SweepGen, heapSweepGen - 1, heapSweepGen - 2) == heapSweepGen - 2;
}

/// <summary>Who uses the pages of a manual span.</summary>
public enum ManualKind : byte
{
    None = 0,
    Stack = 1,
    WorkBuf = 2,
}

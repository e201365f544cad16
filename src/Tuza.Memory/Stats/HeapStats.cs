// Counters of the heap. Owners: the heap lock for page counts; the P for what its cache adds (folded in when the cache is flushed).

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>The counters behind MemStats. Bytes unless the name says otherwise.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HeapStats
{
    // Pages, by what they are: InUse + Stack + WorkBuf + free + released = mapped heap.
    public long HeapInUse;
    public long StackInUse;
    public long WorkBufInUse;
    public long HeapReleased;      // scavenged or never touched
    public long HeapMapped;        // Prepared or Ready

    // Memory of the runtime itself.
    public long MSpanSys;
    public long MCacheSys;
    public long BuckHashSys;
    public long GCMiscSys;
    public long OtherSys;
    public long StackOsSys;        // thread stacks made by the runtime

    // Objects. Small: folded in by MCache.
    public fixed long SmallAllocCount[HeapConsts.NumSizeClasses];
    public fixed long SmallFreeCount[HeapConsts.NumSizeClasses];
    public long LargeAllocCount;
    public long LargeAllocBytes;
    public long LargeFreeCount;
    public long LargeFreeBytes;
    public long TinyAllocCount;

    public readonly long HeapFree => HeapMapped - HeapInUse - StackInUse - WorkBufInUse - HeapReleased;

    public readonly long MappedReady =>
        HeapMapped - HeapReleased + MSpanSys + MCacheSys + BuckHashSys + GCMiscSys + OtherSys + StackOsSys;
}

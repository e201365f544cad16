// runtime.MemStats, field for field, and how each is computed from the heap's counters.
//
// Exact identities: HeapSys = HeapInuse + HeapIdle; HeapObjects = Mallocs - Frees; Sys = the sum of the *Sys fields. A tiny object counts in Mallocs
// and at once in Frees; the block that a tiny object starts is counted by its size class.
//
// See GOROOT/src/runtime/mstats.go.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>`runtime.MemStats`, the layout of the Go structure.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MemStats
{
    public const int BySizeCount = 61;

    public ulong Alloc;
    public ulong TotalAlloc;
    public ulong Sys;
    public ulong Lookups;
    public ulong Mallocs;
    public ulong Frees;
    public ulong HeapAlloc;
    public ulong HeapSys;
    public ulong HeapIdle;
    public ulong HeapInuse;
    public ulong HeapReleased;
    public ulong HeapObjects;
    public ulong StackInuse;
    public ulong StackSys;
    public ulong MSpanInuse;
    public ulong MSpanSys;
    public ulong MCacheInuse;
    public ulong MCacheSys;
    public ulong BuckHashSys;
    public ulong GCSys;
    public ulong OtherSys;
    public ulong NextGC;
    public ulong LastGC;
    public ulong PauseTotalNs;
    public fixed ulong PauseNs[CollectorState.PauseHistory];
    public fixed ulong PauseEnd[CollectorState.PauseHistory];
    public uint NumGC;
    public uint NumForcedGC;
    public double GCCPUFraction;
    public byte EnableGC;
    public byte DebugGC;
    public BySizeArray BySize;

    /// <summary>One entry of BySize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SizeCount
    {
        public uint Size;
        public ulong Mallocs;
        public ulong Frees;
    }

    [InlineArray(BySizeCount)]
    public struct BySizeArray
    {
        SizeCount _first;
    }

    /// <summary>World stopped: flushes all caches and fills in everything. <paramref name="startNanos"/>: when the program began.</summary>
    public static void Read(MHeap* h, long startNanos, int procs, MemStats* m)
    {
        Collector.FlushAllCaches(h);
        HeapStats* s = &h->Stats;
        *m = default;
        long mallocs = s->LargeAllocCount, frees = s->LargeFreeCount;
        long total = s->LargeAllocBytes, freed = s->LargeFreeBytes;
        for (int c = 0; c < HeapConsts.NumSizeClasses; c++)
        {
            mallocs += s->SmallAllocCount[c];
            frees += s->SmallFreeCount[c];
            total += s->SmallAllocCount[c] * SizeClasses.Bytes(c);
            freed += s->SmallFreeCount[c] * SizeClasses.Bytes(c);
            if (c < BySizeCount)
            {
                m->BySize[c] = new SizeCount
                {
                    Size = (uint)SizeClasses.Bytes(c),
                    Mallocs = (ulong)s->SmallAllocCount[c],
                    Frees = (ulong)s->SmallFreeCount[c],
                };
            }
        }
        m->Mallocs = (ulong)(mallocs + s->TinyAllocCount);
        m->Frees = (ulong)(frees + s->TinyAllocCount);
        m->HeapObjects = m->Mallocs - m->Frees;
        m->TotalAlloc = (ulong)total;
        m->Alloc = m->HeapAlloc = (ulong)(total - freed);

        m->HeapInuse = (ulong)s->HeapInUse;
        m->HeapReleased = (ulong)s->HeapReleased;
        m->HeapIdle = (ulong)(s->HeapFree + s->HeapReleased);
        m->HeapSys = m->HeapInuse + m->HeapIdle;
        m->StackInuse = (ulong)s->StackInUse;
        m->StackSys = (ulong)(s->StackInUse + s->StackOsSys);
        m->MSpanInuse = (ulong)h->SpanInUseBytes;
        m->MSpanSys = (ulong)s->MSpanSys;
        m->MCacheInuse = (ulong)h->CacheInUseBytes;
        m->MCacheSys = (ulong)s->MCacheSys;
        m->BuckHashSys = (ulong)s->BuckHashSys;
        m->GCSys = (ulong)(s->GCMiscSys + s->WorkBufInUse);
        m->OtherSys = (ulong)s->OtherSys;
        m->Sys = m->HeapSys + m->StackSys + m->MSpanSys + m->MCacheSys + m->BuckHashSys + m->GCSys + m->OtherSys;

        CollectorState* gc = &h->Gc;
        m->NextGC = h->Pacer.HeapGoal == long.MaxValue ? ulong.MaxValue : (ulong)h->Pacer.HeapGoal;
        m->LastGC = (ulong)gc->LastEndUnixNanos;
        m->PauseTotalNs = (ulong)gc->PauseTotalNanos;
        for (int i = 0; i < CollectorState.PauseHistory; i++)
        {
            m->PauseNs[i] = (ulong)gc->PauseNanos[i];
            m->PauseEnd[i] = (ulong)gc->PauseEndUnixNanos[i];
        }
        m->NumGC = gc->CycleCount;
        m->NumForcedGC = gc->ForcedCount;
        double available = (double)(gc->LastEndNanos - startNanos) * procs;
        m->GCCPUFraction = gc->CycleCount == 0 || available <= 0 ? 0 : gc->GcCpuNanos / available;
        m->EnableGC = 1;
    }
}

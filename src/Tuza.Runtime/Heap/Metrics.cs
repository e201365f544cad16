// The numbers behind runtime/metrics: one array of words in the order of std/overlay/runtime/metrics.go, which knows the names.

using System;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>runtime.metricwords, and what is counted for it.</summary>
public static unsafe class Metrics
{
    /// <summary>Stops of the world: whole, and until everybody had stopped.</summary>
    public static readonly TimeHistogram PauseGc = new(), PauseOther = new(), StoppingGc = new(), StoppingOther = new();

    // The stop in which pools are cleaned is, in Go, the beginning of a cycle's first one: its time is added to that of the next cycle.
    static long s_poolsStopping, s_poolsPause;

    internal static void Stopping(StopReason reason, long nanos)
    {
        if (reason == StopReason.Pools)
            Interlocked.Add(ref s_poolsStopping, nanos);
        else
            StoppingOther.Add(nanos);
    }

    internal static void Paused(StopReason reason, long nanos)
    {
        if (reason == StopReason.Pools)
            Interlocked.Add(ref s_poolsPause, nanos);
        else
            PauseOther.Add(nanos);
    }

    internal static void Paused(in CycleStats cycle)
    {
        PauseGc.Add(cycle.FirstPauseNanos + Interlocked.Exchange(ref s_poolsPause, 0));
        PauseGc.Add(cycle.LastPauseNanos);
        StoppingGc.Add(cycle.FirstStoppingNanos + Interlocked.Exchange(ref s_poolsStopping, 0));
        StoppingGc.Add(cycle.LastStoppingNanos);
    }

    /// <summary>How long goroutines were runnable before they ran.</summary>
    public static readonly TimeHistogram Latency = new();

    /// <summary>How long goroutines have waited for mutexes, extrapolated from samples.</summary>
    public static long MutexWaitNanos;

    [GoFunc("runtime.metricwords")]
    public static void Words(G* g, void* words, void* sizes)
    {
        ulong* w = (ulong*)words;
        MHeap* h = MHeap.Current;
        HeapStats* s = &h->Stats;
        CollectorState* gc = &h->Gc;

        Scheduler(ref w);
        *w++ = gc->CycleCount;
        *w++ = gc->ForcedCount;
        *w++ = h->Pacer.GcPercent < 0 ? ulong.MaxValue : (ulong)h->Pacer.GcPercent;
        *w++ = (ulong)h->Pacer.MemoryLimit;

        long allocs = s->LargeAllocCount, frees = s->LargeFreeCount, allocBytes = s->LargeAllocBytes, freeBytes = s->LargeFreeBytes;
        for (int c = 1; c < HeapConsts.NumSizeClasses; c++)
        {
            allocs += s->SmallAllocCount[c];
            frees += s->SmallFreeCount[c];
            allocBytes += s->SmallAllocCount[c] * SizeClasses.Bytes(c);
            freeBytes += s->SmallFreeCount[c] * SizeClasses.Bytes(c);
            ((ulong*)sizes)[c] = (ulong)SizeClasses.Bytes(c);
        }
        *w++ = (ulong)allocBytes;
        *w++ = (ulong)allocs;
        *w++ = (ulong)freeBytes;
        *w++ = (ulong)frees;
        *w++ = (ulong)s->TinyAllocCount;
        *w++ = (ulong)h->Pacer.HeapGoal;
        *w++ = (ulong)h->Pacer.HeapMarked;
        *w++ = gc->Limiter.LastLimited;
        *w++ = (ulong)h->Pacer.GlobalsScan;
        *w++ = (ulong)h->Pacer.LastHeapScan;
        *w++ = (ulong)h->Pacer.LastStackScan;
        *w++ = (ulong)Stacks.StartingBytes;
        *w++ = (ulong)h->FinQueue.FinalizersQueued;
        *w++ = (ulong)h->FinQueue.FinalizersTaken;
        *w++ = (ulong)h->FinQueue.CleanupsQueued;
        *w++ = (ulong)h->FinQueue.CleanupsTaken;

        // Frees are counted when a span is swept, allocations when a cache gives it back.
        long objects = Math.Clamp(allocBytes - freeBytes, 0, s->HeapInUse);
        *w++ = (ulong)s->HeapFree;
        *w++ = (ulong)objects;
        *w++ = (ulong)s->HeapReleased;
        *w++ = (ulong)s->StackInUse;
        *w++ = (ulong)(s->HeapInUse - objects);
        *w++ = (ulong)(s->MCacheSys - h->CacheInUseBytes);
        *w++ = (ulong)h->CacheInUseBytes;
        *w++ = (ulong)(s->MSpanSys - h->SpanInUseBytes);
        *w++ = (ulong)h->SpanInUseBytes;
        *w++ = (ulong)(s->GCMiscSys + s->WorkBufInUse);
        *w++ = (ulong)s->StackOsSys;
        *w++ = (ulong)s->OtherSys;
        *w++ = (ulong)s->BuckHashSys;

        *w++ = (ulong)gc->AssistNanos;
        *w++ = (ulong)gc->DedicatedNanos;
        *w++ = (ulong)gc->IdleTotalNanos;
        *w++ = (ulong)gc->PauseCpuNanos;
        *w++ = (ulong)gc->ScavengeAssistNanos;
        *w++ = (ulong)gc->ScavengeNanos;
        long total = (Clock.Nano() - Gc.StartNanos) * MaxProcs.Value;
        *w++ = (ulong)Math.Max(0, total - Memory.World.ProcessNanos);
        *w++ = (ulong)total;
        *w++ = (ulong)MutexWaitNanos;
        *w++ = 0;

        *w++ = (ulong)s->LargeAllocCount;
        for (int c = 1; c < HeapConsts.NumSizeClasses; c++)
            *w++ = (ulong)s->SmallAllocCount[c];
        *w++ = (ulong)s->LargeFreeCount;
        for (int c = 1; c < HeapConsts.NumSizeClasses; c++)
            *w++ = (ulong)s->SmallFreeCount[c];
        foreach (TimeHistogram t in (ReadOnlySpan<TimeHistogram>)[PauseGc, PauseOther, StoppingGc, StoppingOther, Latency])
        {
            for (int i = 0; i < TimeHistogram.Counts; i++)
                *w++ = t[i];
        }
    }

    static void Scheduler(ref ulong* w)
    {
        ulong running = 0, runnable = 0, waiting = 0, away = 0;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            GState* gs = Sched.State(Sched.All(i));
            if (gs->IsSystem != 0)
                continue;
            switch (gs->Status)
            {
                case GStatus.Running:
                    running++;
                    break;
                case GStatus.Runnable:
                    runnable++;
                    break;
                case GStatus.Waiting:
                    waiting++;
                    break;
                case GStatus.Syscall:
                    away++;
                    break;
            }
        }
        *w++ = (ulong)MaxProcs.Value;
        *w++ = (ulong)Threads.Count;
        *w++ = (ulong)Sched.LiveCount;
        *w++ = (ulong)Sched.CreatedCount;
        *w++ = running;
        *w++ = runnable;
        *w++ = waiting;
        *w++ = away;
    }
}

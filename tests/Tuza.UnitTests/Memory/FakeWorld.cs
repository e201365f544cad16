// A world without goroutines: one array of words is "the stack", pushed and popped by tests.

using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.UnitTests.Memory;

sealed class FatalException(string message) : Exception(message);

/// <summary>A heap with one cache and a stack of roots. One at a time: the heap is a singleton.</summary>
sealed unsafe class FakeWorld : IWorld, IDisposable
{
    const int StackWords = 1 << 16;

    readonly nuint* _stack = (nuint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(StackWords, 8);
    int _stopped;

    public MHeap* Heap;
    public MCache* Cache;
    public int Top;
    public int Collections;
    public int FinalizerWakes;
    public bool CollectOnRequest = true;
    public CycleStats Last;
    public readonly System.Collections.Generic.List<(nuint Slot, long Bytes)> Samples = [];
    public int FreedSamples;

    public FakeWorld(IOs? os = null)
    {
        World.Current = this;
        Heap = MHeap.Create(os ?? new LinuxOs());
        Cache = Heap->NewCache();
        Heap->Pacer.Enabled = 1;
    }

    public void Dispose()
    {
        MHeap.Destroy(Heap);
        System.Runtime.InteropServices.NativeMemory.Free(_stack);
    }

    public ref nuint this[int i] => ref _stack[i];

    public int Push(void* p)
    {
        _stack[Top] = (nuint)p;
        return Top++;
    }

    public void* Get(int i) => (void*)_stack[i];

    public void Collect() => Collector.Collect(Heap, GcTrigger.Forced);

    public void CollectAndSweep() => Collector.CollectAndSweep(Heap);

    /// <summary>Is there an object at p, swept or not?</summary>
    public static bool IsAlive(void* p) => FindObject.Find((nuint)p, out FoundObject o) && o.Span->IsAllocated(o.Index);

    public void Verify() => Xunit.Assert.Null(HeapVerifier.Run(Heap));

    public MemStats Stats()
    {
        MemStats m;
        MemStats.Read(Heap, 0, 1, &m);
        return m;
    }

    public void StopTheWorld() => Xunit.Assert.Equal(1, ++_stopped);

    public void StartTheWorld() => Xunit.Assert.Equal(0, --_stopped);

    public void ScanRoots(ref Marker marker, bool later)
    {
        marker.RootRange(_stack, (nuint)Top);
        marker.StackScanBytes += Top * 8;
    }

    public void ScanRootsAgain(ref Marker marker, bool all) => ScanRoots(ref marker, later: false);

    public bool ScanStacks(ref Marker marker, int from, int to) => false;

    /// <summary>Called when marking is done, world stopped.</summary>
    public Action? BeforeMarksAreUsed;

    public void MarkingDone() => BeforeMarksAreUsed?.Invoke();

    public void AttendStop(MCache* cache) { }

    public bool Pause(MCache* cache) => false;

    public int Processors => 1;

    public int IdleProcessors => 0;

    public double MarkShare => 1;

    public void ForcedByTime() { }

    public void SampleAlloc(MCache* cache, byte* slot, long bytes) => Samples.Add(((nuint)slot, bytes));

    public void SampleFree(void* sample) => FreedSamples++;

    public void SweepDone() { }

    public void CycleStart() { }

    public void RequestCollect(MCache* cache)
    {
        if (CollectOnRequest)
            Collector.Collect(Heap, cache->Stress != 0 ? GcTrigger.Stress : GcTrigger.Heap);
    }

    public void FinalizersReady() => FinalizerWakes++;

    public void CycleDone(in CycleStats cycle)
    {
        Collections++;
        Last = cycle;
    }

    /// <summary>Time and processor time stand still at these, if set.</summary>
    public long? Clock, ProcessorClock;

    /// <summary>So much later it is at each look at the clock.</summary>
    public long ClockStep;

    public long NanoTime() => (Clock += ClockStep) ?? Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    public long ProcessorNanos() => ProcessorClock ?? World.ProcessNanos;

    public long UnixNano() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    [DoesNotReturn]
    public void Fatal(string message) => throw new FatalException(message);

    public void Explain(string text) { }
}

/// <summary>Type descriptors made by hand.</summary>
static unsafe class FakeType
{
    /// <summary>A type of <paramref name="size"/> bytes with pointers at the given words.</summary>
    public static TypeDesc* Make(nuint size, params int[] pointerWords)
    {
        var t = (TypeDesc*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc));
        t->Size = size;
        t->Align = t->FieldAlign = 8;
        t->Kind = Kind.Struct;
        var mask = (ulong*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(size / 512 + 1, 8);
        foreach (int w in pointerWords)
        {
            mask[w / 64] |= 1UL << (w % 64);
            t->PtrBytes = System.Math.Max(t->PtrBytes, (nuint)(w + 1) * 8);
        }
        t->GCData = (byte*)mask;
        return t;
    }
}

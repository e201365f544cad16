// Bugs planted on purpose, each of which a checker must find: a missed barrier, a lost mark bit, a stale pointer on a stack, a wrong pointer map.

using System;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;
using Barrier = Tuza.Memory.Barrier;

namespace Tuza.UnitTests.Memory;

[Collection("heap")]
public sealed unsafe class PlantedBugTests : IDisposable
{
    readonly FakeWorld _world = new();
    readonly TypeDesc* _node = FakeType.Make(32, 0, 1);

    public void Dispose()
    {
        Barrier.Enabled = 0;
        _world.Heap->Gc.Phase = Phase.Off;
        Barrier.Use(_world.Heap, BarrierKind.Deletion);
        _world.Dispose();
    }

    byte* New() => (byte*)Malloc.NewObject(_world.Cache, _node);

    static void Mark(byte* p)
    {
        Assert.True(FindObject.Find((nuint)p, out FoundObject o));
        o.Span->MarkBits[o.Index >> 6] |= 1UL << (o.Index & 63);
    }

    /// <summary>The middle of a cycle: black and grey are marked, grey waits in a buffer and holds the only pointer to white.</summary>
    (nint Black, nint Grey, nint White) Midway(BarrierKind kind)
    {
        byte* black = New(), grey = New(), white = New();
        *(byte**)grey = white;
        Barrier.Use(_world.Heap, kind);
        _world.Heap->Gc.Concurrent = 1;
        Collector.Begin(_world.Heap, GcTrigger.Heap);
        var marker = new Marker(_world.Heap, shared: true);
        while (_world.Heap->Gc.MarkSomeRoots(ref marker))
        {
        }
        Mark(black);
        Mark(grey);
        WorkBuf* b = _world.Heap->Gc.Work.NewBuffer();
        *WorkBuf.Items(b) = (nuint)grey;
        _world.Heap->Gc.Work.Put(b, 1, raw: false);
        Assert.Null(ColourCheck.Find(_world.Heap));
        return ((nint)black, (nint)grey, (nint)white);
    }

    [Theory]
    [InlineData(BarrierKind.Deletion)]
    [InlineData(BarrierKind.Hybrid)]
    public void AMissedDeletionBreaksTheWeakInvariant(BarrierKind kind)
    {
        var (black, grey, white) = Midway(kind);
        // Black to white alone is allowed: grey protects it.
        Barrier.WritePointer(_world.Cache, (void**)black, (void*)white);
        Assert.Null(ColourCheck.Find(_world.Heap));
        *(nint*)grey = 0;
        Assert.Contains("weak invariant", ColourCheck.Find(_world.Heap));
    }

    [Theory]
    [InlineData(BarrierKind.Deletion)]
    [InlineData(BarrierKind.Hybrid)]
    public void TheBarrierKeepsTheWeakInvariant(BarrierKind kind)
    {
        var (black, grey, white) = Midway(kind);
        Barrier.WritePointer(_world.Cache, (void**)black, (void*)white);
        Barrier.WritePointer(_world.Cache, (void**)grey, null);
        Assert.Null(ColourCheck.Find(_world.Heap));
        Collector.Complete(_world.Heap);
        Assert.Equal(1, _world.Collections);
    }

    [Fact]
    public void AMissedInsertionBreaksTheStrongInvariant()
    {
        var (black, _, white) = Midway(BarrierKind.Insertion);
        *(nint*)black = white;
        Assert.Contains("strong invariant", ColourCheck.Find(_world.Heap));
        *(nint*)black = 0;
        Assert.Null(ColourCheck.Find(_world.Heap));
        Barrier.WritePointer(_world.Cache, (void**)black, (void*)white);
        Assert.Null(ColourCheck.Find(_world.Heap));
    }

    [Theory]
    [InlineData(BarrierKind.Deletion)]
    [InlineData(BarrierKind.Insertion)]
    public void NewObjectsAreBlackOrWhiteAsTheBarrierNeeds(BarrierKind kind)
    {
        _ = Midway(kind);
        byte* fresh = New();
        Assert.True(FindObject.Find((nuint)fresh, out FoundObject o));
        Assert.Equal(kind == BarrierKind.Deletion, o.Span->IsMarked(o.Index));
        _world.Push(fresh);
        Collector.Complete(_world.Heap);
        _world.Heap->Sweeper.Finish();
        Assert.True(o.Span->IsAllocated(o.Index));
        _world.Verify();
    }

    [Theory]
    [InlineData(AllocPolicy.Go)]
    [InlineData(AllocPolicy.FirstFit)]
    public void ALostMarkBitIsFound(AllocPolicy policy)
    {
        BlockHeap.Use(_world.Heap, policy);
        _world.Cache->Blocks = policy == AllocPolicy.Go ? 0 : 1;
        byte* parent = New(), child = New();
        *(byte**)parent = child;
        _world.Push(parent);
        _world.Heap->Gc.CheckMarks = 1;
        _world.Collect();
        _world.Heap->Sweeper.Finish();
        _world.BeforeMarksAreUsed = () =>
        {
            Assert.True(FindObject.Find((nuint)child, out FoundObject o));
            o.Span->MarkBits[o.Index >> 6] &= ~(1UL << (o.Index & 63));
        };
        Assert.Contains("checkmark: reachable object", Assert.Throws<FatalException>(_world.Collect).Message);
    }

    [Fact]
    public void ARootThatWasNotScannedIsFound()
    {
        byte* p = New();
        _world.Heap->Gc.CheckMarks = 1;
        _world.BeforeMarksAreUsed = () => _world.Push(p);
        Assert.Contains("a second look at the roots", Assert.Throws<FatalException>(_world.Collect).Message);
    }

    [Theory]
    [InlineData(AllocPolicy.Go, "found pointer to free object")]
    [InlineData(AllocPolicy.FirstFit, "into a free block")]
    [InlineData(AllocPolicy.SegregatedFit, "into a free block")]
    public void AStalePointerOnTheStackIsFound(AllocPolicy policy, string message)
    {
        BlockHeap.Use(_world.Heap, policy);
        _world.Cache->Blocks = policy == AllocPolicy.Go ? 0 : 1;
        _world.Push(New());
        byte* dead = New();
        _world.Push(New());
        _world.CollectAndSweep();
        _world.Push(dead);
        Assert.Contains(message, Assert.Throws<FatalException>(_world.CollectAndSweep).Message);
    }

    [Theory]
    [InlineData(AllocPolicy.Go)]
    [InlineData(AllocPolicy.BestFit)]
    public void AMapThatCallsANumberAPointerIsFound(AllocPolicy policy)
    {
        BlockHeap.Use(_world.Heap, policy);
        _world.Cache->Blocks = policy == AllocPolicy.Go ? 0 : 1;
        byte* first = New();
        byte* p = (byte*)Malloc.NewObject(_world.Cache, FakeType.Make(32, 0, 3));
        _world.Push(first);
        _world.Push(p);
        // Word 3 is a number; that it looks like an address of the heap is chance.
        *(nuint*)(p + 24) = (nuint)p + (4 << 20);
        _world.Heap->Gc.InvalidPtrCheck = 0;
        _world.CollectAndSweep();
        Assert.Contains("which is no object", HeapVerifier.Run(_world.Heap));
    }

    [Fact]
    public void AMapThatMissesAPointerIsFoundWhenAllocationsAreTraced()
    {
        _world.Cache->Trace = 1;
        byte* right = (byte*)Malloc.NewFixed(_world.Cache, _node, 32, SizeClasses.SpanClassOf(32, noscan: false), 32, 0b11);
        _world.Push(right);
        _world.Push(Malloc.NewArray(_world.Cache, _node, 3));
        _world.CollectAndSweep();
        _world.Verify();
        byte* wrong = (byte*)Malloc.NewFixed(_world.Cache, _node, 32, SizeClasses.SpanClassOf(32, noscan: false), 32, 0b01);
        _world.Push(wrong);
        _world.CollectAndSweep();
        Assert.Contains("are not those of its type", HeapVerifier.Run(_world.Heap));
    }
}

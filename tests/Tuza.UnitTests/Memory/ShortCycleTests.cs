// Cycles that end on the thread that began them, and what barriers record meanwhile.

using System;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.UnitTests.Memory;

[Collection("heap")]
public sealed unsafe class ShortCycleTests : IDisposable
{
    readonly FakeWorld _world = new() { CollectOnRequest = false };
    readonly TypeDesc* _node = FakeType.Make(32, 0, 1);

    public ShortCycleTests() => _world.Heap->Gc.Concurrent = 1;

    public void Dispose() => _world.Dispose();

    void** NewNode() => (void**)Malloc.NewObject(_world.Cache, _node);

    long Later(long nanos) => _world.NanoTime() + nanos;

    [Fact]
    public void WhoBeginsEndsIt()
    {
        void** root = NewNode(), kept = NewNode(), dropped = NewNode();
        root[0] = kept;
        _world.Push(root);
        Collector.Begin(_world.Heap, GcTrigger.Heap);
        Assert.Equal(1, Barrier.Enabled);
        Assert.True(Collector.CompleteHere(_world.Heap, Later(60_000_000_000)));
        Assert.Equal(Phase.Off, _world.Heap->Gc.Phase);
        Assert.Equal(0, Barrier.Enabled);
        Assert.Equal(1, _world.Collections);
        _world.Heap->Sweeper.Finish();
        Assert.True(FakeWorld.IsAlive(root) && FakeWorld.IsAlive(kept));
        Assert.False(FakeWorld.IsAlive(dropped));
        _world.Verify();
    }

    [Fact]
    public void AtTheDeadlineTheRestIsLeftToOthers()
    {
        const int nodes = 100_000;
        void** first = NewNode(), last = first;
        _world.Push(first);
        for (int i = 1; i < nodes; i++)
        {
            void** next = NewNode();
            last[i & 1] = next;
            last = next;
        }
        Collector.Begin(_world.Heap, GcTrigger.Heap);
        // The clock goes on by 1 at each look: a few portions of work.
        (_world.Clock, _world.ClockStep) = (1, 1);
        Assert.False(Collector.CompleteHere(_world.Heap, Later(10)));
        (_world.Clock, _world.ClockStep) = (null, 0);
        Assert.InRange(_world.Heap->Gc.HeapScanWork, 1, (nodes - 1) * 32);
        Assert.Equal(Phase.Mark, _world.Heap->Gc.Phase);
        Assert.Equal(0, _world.Collections);
        Assert.Equal(0, _world.Heap->Gc.Work.Active);
        Collector.Complete(_world.Heap);
        Assert.Equal(Phase.Off, _world.Heap->Gc.Phase);
        _world.Heap->Sweeper.Finish();
        int count = 0;
        for (void** n = first; n != null; n = (void**)(n[0] != null ? n[0] : n[1]))
        {
            Assert.True(FakeWorld.IsAlive(n));
            count++;
        }
        Assert.Equal(nodes, count);
        _world.Verify();
    }

    [Fact]
    public void WhatASlotLosesIsKeptAndWhatIsNoObjectPassedOver()
    {
        MSpan* stack = _world.Heap->AllocManual(8, ManualKind.Stack);
        void** root = NewNode(), lost = NewNode();
        long outside = 0;
        root[0] = lost;
        root[1] = stack->Base + 100;
        _world.Push(root);
        Collector.Begin(_world.Heap, GcTrigger.Heap);
        MCache* c = _world.Cache;
        nuint* top = c->BarrierTop;
        Barrier.WritePointer(c, root, &outside);
        top = top == null ? c->BarrierTop - 1 : top;
        Barrier.WritePointer(c, root + 1, null);
        Barrier.WritePointer(c, root + 1, null);
        Barrier.WritePointer(c, root, null);
        // The nil is not recorded.
        Assert.Equal([(nuint)lost, (nuint)stack->Base + 100, (nuint)(&outside)], new Span<nuint>(top, (int)(c->BarrierTop - top)).ToArray());
        Assert.True(Collector.CompleteHere(_world.Heap, Later(60_000_000_000)));
        _world.Heap->Sweeper.Finish();
        Assert.True(FakeWorld.IsAlive(root) && FakeWorld.IsAlive(lost));
        _world.Heap->FreeManual(stack);
        _world.CollectAndSweep();
        Assert.False(FakeWorld.IsAlive(lost));
        _world.Verify();
    }
}

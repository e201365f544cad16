// The textbook allocators: what each of them chooses, and that collections leave all of them with a sound heap.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;

namespace Tuza.UnitTests.Memory;

[Collection("heap")]
public sealed unsafe class PolicyTests : IDisposable
{
    readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    void Use(AllocPolicy policy)
    {
        BlockHeap.Use(_world.Heap, policy);
        _world.Cache->Blocks = policy == AllocPolicy.Go ? 0 : 1;
    }

    public static TheoryData<AllocPolicy> Policies() => [.. Enum.GetValues<AllocPolicy>()];

    [Theory]
    [MemberData(nameof(Policies))]
    public void WhatIsReachableKeepsItsValueAndTheHeapIsSound(AllocPolicy policy)
    {
        Use(policy);
        _world.Heap->Sweeper.Poison = 1;
        var random = new Random(7);
        TypeDesc* t = FakeType.Make(24, 0, 2);
        // Slot i of the stack: an object of some size whose words are all i, and with pointers the last root at word 0.
        const int Roots = 400;
        for (int i = 0; i < Roots; i++)
            _world.Push(null);
        var sizes = new int[Roots];
        for (int step = 0; step < 30_000; step++)
        {
            int r = random.Next(Roots);
            bool pointers = random.Next(2) == 0;
            int size = random.Next(20) == 0 ? 24 * random.Next(1, 1300) : 24 * random.Next(1, 30);
            byte* p = (byte*)(pointers ? Malloc.MallocGC(_world.Cache, (nuint)size, t, true) : Malloc.NewNoScan(_world.Cache, (nuint)size));
            Assert.Equal(-1, new Span<byte>(p, size).IndexOfAnyExcept((byte)0));
            for (int at = 8; at < size; at += 24)
                *(long*)(p + at) = r;
            if (pointers)
            {
                *(nuint*)p = _world[random.Next(Roots)];
                // Chains stay short, or nothing ever dies.
                if (random.Next(4) != 0)
                    *(nuint*)p = 0;
            }
            _world[r] = random.Next(3) == 0 ? 0 : (nuint)p;
            sizes[r] = size;
            if (step % 15_000 == 14_999)
            {
                _world.CollectAndSweep();
                _world.Verify();
                for (int k = 0; k < Roots; k++)
                {
                    for (int at = 8; _world[k] != 0 && at < sizes[k]; at += 24)
                        Assert.Equal(k, *(long*)(_world[k] + (nuint)at));
                }
            }
        }
        Assert.True(_world.Collections > 2, "collections happen by themselves");
        for (int i = 0; i < Roots; i++)
            _world[i] = 0;
        _world.CollectAndSweep();
        _world.CollectAndSweep();
        Assert.Equal(0ul, _world.Stats().HeapObjects);
        if (BlockHeap.Current is { } blocks)
        {
            Assert.Equal(0, blocks.Usage.UsedBytes);
            Assert.InRange(blocks.ChunkCount, 0, 1);
            Assert.True(blocks.Usage.PlacedBytes > blocks.Usage.RequestedBytes);
        }
    }

    /// <summary>Objects of these many granules, one behind the other; those with a minus die. Returns the address of each.</summary>
    List<nuint> Layout(params int[] granules)
    {
        List<nuint> all = [];
        foreach (int n in granules)
        {
            all.Add(Request(Math.Abs(n)));
            if (n > 0)
                _world.Push((void*)all[^1]);
        }
        _world.CollectAndSweep();
        return all;
    }

    nuint Request(int granules) => (nuint)Malloc.NewNoScan(_world.Cache, (nuint)(granules * Blocks.GranuleBytes - Blocks.HeaderBytes));

    [Fact]
    public void FirstFitTakesTheFirstHole()
    {
        Use(AllocPolicy.FirstFit);
        List<nuint> at = Layout(2, -10, 2, -4, 2, -7, 2);
        Assert.Equal(at[1], Request(4));
        Assert.Equal(at[1] + 4 * Blocks.GranuleBytes, Request(5));
        Assert.Equal(at[3], Request(4));
        Assert.Equal(at[5], Request(6));
    }

    [Fact]
    public void NextFitGoesOnWhereItStopped()
    {
        Use(AllocPolicy.NextFit);
        List<nuint> at = Layout(2, -10, 2, -4, 2, -7, 2);
        nuint end = at[6] + 2 * Blocks.GranuleBytes;
        // The search before the sweep ended behind the last object: all the rest is there.
        Assert.Equal(end, Request(4));
        Assert.Equal(end + 4 * Blocks.GranuleBytes, Request(3));
        // Only what does not fit behind it starts from the head.
        for (int rest = Blocks.Granules - (int)((at[6] - at[0]) / Blocks.GranuleBytes) - 9; rest > 0;)
        {
            int n = Math.Min(rest, 2000);
            _ = Request(n);
            rest -= n;
        }
        Assert.Equal(at[1], Request(4));
        Assert.Equal(at[1] + 4 * Blocks.GranuleBytes, Request(4));
        Assert.Equal(at[3], Request(4));
    }

    [Fact]
    public void BestFitTakesTheSmallestHole()
    {
        Use(AllocPolicy.BestFit);
        List<nuint> at = Layout(2, -10, 2, -4, 2, -7, 2);
        Assert.Equal(at[3], Request(4));
        Assert.Equal(at[5], Request(5));
        Assert.Equal(at[5] + 5 * Blocks.GranuleBytes, Request(2));
        Assert.Equal(at[1], Request(3));
    }

    [Fact]
    public void BumpNeverGoesBack()
    {
        Use(AllocPolicy.Bump);
        List<nuint> at = Layout(2, -10, 2, -4);
        Assert.Equal(at[3] + 4 * Blocks.GranuleBytes, Request(4));
        // A chunk without objects is used from its start.
        _world.Top = 0;
        _world.CollectAndSweep();
        Assert.Equal(at[0], Request(1));
    }

    [Fact]
    public void SegregatedFitRoundsUpAndReusesEqualBlocks()
    {
        Use(AllocPolicy.SegregatedFit);
        List<nuint> at = Layout(9, -10, 9, 17, -20, 17);
        Assert.Equal(10u * Blocks.GranuleBytes, at[1] - at[0]);
        Assert.Equal(20u * Blocks.GranuleBytes, at[4] - at[3]);
        Assert.Equal(at[1], Request(9));
        Assert.Equal(at[4], Request(18));
        Assert.True(FindObject.Find(at[3] + 5, out FoundObject o));
        Assert.Equal(20u * Blocks.GranuleBytes, o.Bytes);
    }

    [Fact]
    public void NeighboursAreJoined()
    {
        Use(AllocPolicy.FirstFit);
        List<nuint> at = Layout(2, -3, -4, -5, 2);
        Assert.Equal(at[1], Request(12));
        _world.Verify();
    }

    [Fact]
    public void InteriorPointersFindTheirBlock()
    {
        Use(AllocPolicy.FirstFit);
        TypeDesc* t = FakeType.Make(16, 0);
        byte* outer = (byte*)Malloc.MallocGC(_world.Cache, 16 * 1500, t, true), inner = (byte*)Malloc.NewObject(_world.Cache, t);
        *(byte**)(outer + 16 * 1400) = inner;
        _world.Push(outer + 23_999);
        _world.CollectAndSweep();
        Assert.Equal(2ul, _world.Stats().HeapObjects);
        Assert.True(FindObject.Find((nuint)outer + 5000, out FoundObject o));
        Assert.True(o.Value == outer);
        _world.Verify();
    }

    [Fact]
    public void TheVerifierFindsBrokenBlocks()
    {
        Use(AllocPolicy.FirstFit);
        List<nuint> at = Layout(2, -3, 4);
        _world.Verify();
        Assert.True(FindObject.Find(at[2], out FoundObject o));
        ulong header = *(ulong*)o.Slot;
        *(ulong*)o.Slot = Blocks.Header(null, 5, Blocks.ClassOf(header));
        Assert.NotNull(HeapVerifier.Run(_world.Heap));
        *(ulong*)o.Slot = header;
        Blocks.Set(o.Span->AllocBits, o.Index + 1);
        Assert.Contains("bit inside a block", HeapVerifier.Run(_world.Heap));
        Blocks.Clear(o.Span->AllocBits, o.Index + 1);
        Blocks.Set(o.Span->MarkBits, o.Index + 1);
        Assert.Contains("mark", HeapVerifier.Run(_world.Heap));
        Blocks.Clear(o.Span->MarkBits, o.Index + 1);
        _world.Verify();
    }

    [Fact]
    public void FinalizersAndWeakHandlesWorkOnBlocks()
    {
        Use(AllocPolicy.BestFit);
        TypeDesc* t = FakeType.Make(32, 0);
        byte* p = (byte*)Malloc.NewObject(_world.Cache, t);
        _world.Push(p);
        _ = _world.Push(Specials.WeakHandle(_world.Cache, p));
        Assert.True(Specials.AddFinalizer(_world.Heap, p, null, 0, null, null));
        _world.CollectAndSweep();
        Assert.True(Specials.Strong(_world.Cache, _world.Get(1)) == p);
        _world[0] = 0;
        _world.CollectAndSweep();
        Assert.Equal(1, _world.FinalizerWakes);
        Assert.True(_world.Heap->FinQueue.TryTake(_world.Cache, out FinEntry f) && f.Argument == p);
        Assert.True(Specials.Strong(_world.Cache, _world.Get(1)) == null);
    }
}

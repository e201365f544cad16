// Collection: reachability against brute force, finalizers, cleanups, weak pointers, barriers' bulk operations, verifier.

using System;
using System.Linq;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;

namespace Tuza.UnitTests.Memory;

[Collection("heap")]
public sealed unsafe class CollectTests : IDisposable
{
    readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    sealed class Model
    {
        public nuint Address;
        public int[] Slots = [];
        public Model?[] Edges = [];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomGraphsAgainstBruteForce(int seed)
    {
        var random = new Random(seed);
        _world.CollectOnRequest = false;
        // Shapes: one word, bits, 24 and 480 bytes (straddling masks), header, multi-page classes, large, arrays.
        (nuint Size, int[] Ptrs, nuint Count)[] shapes =
        [
            (8, [0], 1), (16, [0, 1], 1), (24, [2], 1), (48, [0, 5], 1), (480, [1, 30, 59], 1), (512, [63], 1), (520, [0, 64], 1),
            (1400, [0, 174], 1), (6784, [847], 1), (16, [1], 20), (24, [0, 2], 300), (40, [3], 2000), (70000, [0, 8000, 8749], 1), (8, [0], 9000),
        ];
        var objects = new List<Model>();
        for (int i = 0; i < 4000; i++)
        {
            var (size, ptrs, count) = shapes[random.Next(i < 3900 ? 10 : shapes.Length)];
            TypeDesc* t = FakeType.Make(size, ptrs);
            byte* p = (byte*)Malloc.MallocGC(_world.Cache, size * count, t, true);
            var slots = new List<int>();
            for (int e = 0; e < (int)count; e++)
            {
                foreach (int w in ptrs)
                    slots.Add(e * (int)size + w * 8);
            }
            objects.Add(new Model { Address = (nuint)p, Slots = slots.ToArray(), Edges = new Model?[slots.Count] });
        }
        for (int round = 0; round < 4; round++)
        {
            foreach (Model m in objects)
            {
                for (int k = 0; k < m.Slots.Length; k++)
                {
                    if (random.Next(10) < 7 && k > 2 && round > 0)
                        continue;
                    Model? to = random.Next(3) == 0 ? null : objects[random.Next(objects.Count)];
                    m.Edges[k] = to;
                    // Interior pointers keep the whole object.
                    *(nuint*)(m.Address + (nuint)m.Slots[k]) = to == null ? 0 : to.Address + (nuint)random.Next(8);
                }
            }
            _world.Top = 0;
            var grey = new Stack<Model>();
            var live = new HashSet<Model>();
            for (int i = 0; i < 3; i++)
            {
                Model root = objects[random.Next(objects.Count)];
                _world.Push((void*)root.Address);
                if (live.Add(root))
                    grey.Push(root);
            }
            while (grey.TryPop(out Model? m))
            {
                foreach (Model? e in m.Edges)
                {
                    if (e != null && live.Add(e))
                        grey.Push(e);
                }
            }
            _world.Heap->Gc.VerifyAfterCycle = round & 1;
            _world.CollectAndSweep();
            long bytes = 0;
            foreach (Model m in objects)
                Assert.Equal(live.Contains(m), FakeWorld.IsAlive((void*)m.Address));
            foreach (Model m in live)
            {
                Assert.True(FindObject.Find(m.Address, out FoundObject o));
                bytes += (long)o.Span->ElemBytes;
            }
            Assert.Equal(bytes, _world.Heap->Pacer.HeapMarked);
            Assert.Equal((ulong)bytes, _world.Stats().HeapAlloc);
            objects = new List<Model>(live);
            _world.Verify();
            // Refill the holes.
            for (int i = 0; i < 1000; i++)
            {
                TypeDesc* t = FakeType.Make(48, 0, 5);
                objects.Add(new Model { Address = (nuint)Malloc.NewObject(_world.Cache, t), Slots = [0, 40], Edges = new Model?[2] });
            }
        }
    }

    [Fact]
    public void CollectionsHappenByThemselvesAndKeepWhatIsReachable()
    {
        TypeDesc* node = FakeType.Make(24, 0);
        int root = _world.Push(null);
        for (int i = 0; i < 400_000; i++)
        {
            byte* n = (byte*)Malloc.NewObject(_world.Cache, node);
            if (i % 10 == 0)
            {
                *(nuint*)n = _world[root];
                *(long*)(n + 8) = i;
                _world[root] = (nuint)n;
            }
        }
        Assert.True(_world.Collections >= 2);
        int count = 0;
        long want = 399_990;
        for (byte* n = (byte*)_world.Get(root); n != null; n = *(byte**)n, count++, want -= 10)
            Assert.Equal(want, *(long*)(n + 8));
        Assert.Equal(40_000, count);
        _world.Verify();
    }

    [Fact]
    public void StressCollectsAtEveryAllocation()
    {
        _world.Cache->Stress = 1;
        TypeDesc* node = FakeType.Make(16, 0, 1);
        int root = _world.Push(null);
        for (int i = 0; i < 300; i++)
        {
            byte* n = (byte*)Malloc.NewObject(_world.Cache, node);
            *(nuint*)n = _world[root];
            _world[root] = (nuint)n;
        }
        Assert.True(_world.Collections >= 300);
        Assert.Equal(300ul * 16, _world.Stats().HeapAlloc);
        _world.Verify();
    }

    [Fact]
    public void DataRootsAndTempRootsKeepObjects()
    {
        TypeDesc* node = FakeType.Make(64, 0);
        var data = (nuint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(4, 8);
        ulong mask = 0b0101;
        _world.Heap->Gc.AddDataRoot((byte*)data, 4, &mask);
        for (int i = 0; i < 4; i++)
            data[i] = (nuint)Malloc.NewObject(_world.Cache, node);
        void* temp = Malloc.NewObject(_world.Cache, node);
        _world.Cache->TempRoots[3] = (ulong)temp;
        _world.CollectAndSweep();
        Assert.True(FakeWorld.IsAlive((void*)data[0]) && FakeWorld.IsAlive((void*)data[2]) && FakeWorld.IsAlive(temp));
        Assert.False(FakeWorld.IsAlive((void*)data[1]) || FakeWorld.IsAlive((void*)data[3]));
    }

    [Fact]
    public void FinalizersRunInDependencyOrder()
    {
        TypeDesc* node = FakeType.Make(16, 0);
        // a -> b -> c, all with finalizers; only a is found dead first.
        var o = stackalloc byte*[3];
        for (int i = 2; i >= 0; i--)
        {
            o[i] = (byte*)Malloc.NewObject(_world.Cache, node);
            *(byte**)o[i] = i < 2 ? o[i + 1] : null;
            _world.Push(o[i]);
            Assert.True(Specials.AddFinalizer(_world.Heap, o[i], null, 0, null, null));
        }
        Assert.False(Specials.AddFinalizer(_world.Heap, o[0], null, 0, null, null));
        _world.Top = 0;
        for (int i = 0; i < 3; i++)
        {
            _world.CollectAndSweep();
            Assert.Equal(1, _world.Heap->FinQueue.Count);
            _world.CollectAndSweep();
            Assert.Equal(1, _world.Heap->FinQueue.Count);      // the queue keeps it; nothing else is found dead
            Assert.True(_world.Heap->FinQueue.TryTake(_world.Cache, out FinEntry e));
            Assert.True(e.Argument == o[i] && FakeWorld.IsAlive(o[i]));
            _world.Verify();
        }
        _world.CollectAndSweep();
        Assert.False(FakeWorld.IsAlive(o[0]) || FakeWorld.IsAlive(o[1]) || FakeWorld.IsAlive(o[2]));
        Assert.Equal(3, _world.FinalizerWakes);
    }

    [Fact]
    public void CyclesWithFinalizersAreNeverFoundDeadCyclesWithCleanupsAre()
    {
        TypeDesc* node = FakeType.Make(16, 0);
        byte* a = (byte*)Malloc.NewObject(_world.Cache, node), b = (byte*)Malloc.NewObject(_world.Cache, node);
        *(byte**)a = b;
        *(byte**)b = a;
        Specials.AddFinalizer(_world.Heap, a, null, 0, null, null);
        byte* c = (byte*)Malloc.NewObject(_world.Cache, node), d = (byte*)Malloc.NewObject(_world.Cache, node);
        *(byte**)c = d;
        *(byte**)d = c;
        void* argument = Malloc.NewObject(_world.Cache, node);
        ulong first = Specials.AddCleanup(_world.Heap, c, null, argument);
        ulong second = Specials.AddCleanup(_world.Heap, c + 8, null, argument);
        Assert.NotEqual(first, second);
        Specials.RemoveCleanup(_world.Heap, c + 8, second);
        _world.CollectAndSweep();
        Assert.True(FakeWorld.IsAlive(a) && FakeWorld.IsAlive(b));
        Assert.False(FakeWorld.IsAlive(c) || FakeWorld.IsAlive(d));
        Assert.True(_world.Heap->FinQueue.TryTake(_world.Cache, out FinEntry e));
        Assert.True(e.Kind == SpecialKind.Cleanup && e.Argument == argument && FakeWorld.IsAlive(argument));
        Assert.False(_world.Heap->FinQueue.TryTake(_world.Cache, out _));
        Specials.RemoveFinalizer(_world.Heap, a);
        _world.CollectAndSweep();
        Assert.False(FakeWorld.IsAlive(a) || FakeWorld.IsAlive(b) || FakeWorld.IsAlive(argument));
        _world.Verify();
    }

    /// <summary>Many on the objects of one span, made and taken back in any order: what is left runs, each once.</summary>
    [Fact]
    public void CleanupsInAnyOrder()
    {
        TypeDesc* node = FakeType.Make(32, 0);
        Random random = new(7);
        byte** objects = stackalloc byte*[64];
        for (int i = 0; i < 64; i++)
            _world.Push(objects[i] = (byte*)Malloc.NewObject(_world.Cache, node));
        List<(int Object, ulong Number)> left = [];
        for (int i = 0; i < 4000; i++)
        {
            if (left.Count > 0 && random.Next(5) < 2)
            {
                int k = random.Next(left.Count);
                Specials.RemoveCleanup(_world.Heap, objects[left[k].Object], left[k].Number);
                left.RemoveAt(k);
            }
            else
            {
                int k = random.Next(64);
                left.Add((k, Specials.AddCleanup(_world.Heap, objects[k], null, (void*)(nuint)(8 * (k + 1)))));
            }
            if (i % 256 == 0)
                _world.Verify();
            // Some die in between, with all they have.
            if (i == 2000)
            {
                _world.Top = 32;
                _world.CollectAndSweep();
                _world.Verify();
                int dead = left.RemoveAll(x => x.Object >= 32);
                Assert.True(dead > 100);
                Assert.Equal(dead, _world.Heap->FinQueue.Count);
                while (_world.Heap->FinQueue.TryTake(_world.Cache, out FinEntry e))
                    Assert.True((nuint)e.Argument > 8 * 32);
                for (int k = 32; k < 64; k++)
                    _world.Push(objects[k] = (byte*)Malloc.NewObject(_world.Cache, node));
            }
        }
        _world.Verify();
        int[] expected = new int[64], ran = new int[64];
        foreach ((int k, _) in left)
            expected[k]++;
        _world.Top = 0;
        _world.CollectAndSweep();
        while (_world.Heap->FinQueue.TryTake(_world.Cache, out FinEntry e))
            ran[(int)(nuint)e.Argument / 8 - 1]++;
        Assert.Equal(expected, ran);
        _world.Verify();
    }

    [Fact]
    public void SpansAreTwoCacheLines() => Assert.Equal(MSpan.Bytes, sizeof(MSpan));

    [Fact]
    public void WeakHandles()
    {
        TypeDesc* node = FakeType.Make(64, 0);
        byte* a = (byte*)Malloc.NewObject(_world.Cache, node), b = (byte*)Malloc.NewObject(_world.Cache, node);
        int root = _world.Push(a);
        _world.Push(b);
        void* ha = Specials.WeakHandle(_world.Cache, a), hb = Specials.WeakHandle(_world.Cache, b);
        void* inner = Specials.WeakHandle(_world.Cache, a + 8);
        Assert.True(ha == Specials.WeakHandle(_world.Cache, a) && ha != hb && inner != ha);
        int hRoot = _world.Push(ha);
        _world.Push(hb);
        _world.Push(inner);
        Specials.AddFinalizer(_world.Heap, b, null, 0, null, null);
        _world.Collect();
        Assert.True(Specials.Strong(_world.Cache, ha) == a);
        _world[root] = 0;
        _world[root + 1] = 0;
        _world.Collect();
        // Not swept yet: asking decides.
        Assert.True(Specials.Strong(_world.Cache, ha) == null);
        Assert.True(Specials.Strong(_world.Cache, inner) == null);
        Assert.True(Specials.Strong(_world.Cache, hb) == null);
        Assert.True(FakeWorld.IsAlive(b));               // revived for its finalizer, but the weak pointer stays nil
        Assert.Equal((nuint)ha, _world[hRoot]);
        long outside;
        void* immortal = Specials.WeakHandle(_world.Cache, &outside);
        Assert.True(immortal == Specials.WeakHandle(_world.Cache, &outside) && Specials.Strong(_world.Cache, immortal) == &outside);
        _world.Heap->Sweeper.Finish();
        _world.Verify();
    }

    [Fact]
    public void LargeObjectsAreScannedInPiecesAndGivenBack()
    {
        TypeDesc* pair = FakeType.Make(16, 1);
        TypeDesc* leaf = FakeType.Make(32, 0);
        const int n = 100_000;
        byte* big = (byte*)Malloc.NewArray(_world.Cache, pair, n);
        _world.Push(big + 12345);
        for (int i = 0; i < n; i++)
        {
            byte* l = (byte*)Malloc.NewObject(_world.Cache, leaf);
            *(byte**)(big + i * 16 + 8) = l;
            *(long*)(l + 16) = i;
        }
        _world.CollectAndSweep();
        for (int i = 0; i < n; i++)
        {
            byte* l = *(byte**)(big + i * 16 + 8);
            Assert.True(FakeWorld.IsAlive(l) && *(long*)(l + 16) == i);
        }
        _world.Verify();
        ulong inuse = _world.Stats().HeapInuse;
        Assert.True(inuse >= n * 48);
        _world.Top = 0;
        _world.CollectAndSweep();
        Assert.Equal(0ul, _world.Stats().HeapInuse);
        _world.Verify();
    }

    [Fact]
    public void OnDemandMasksOfArraysAndStructs()
    {
        TypeDesc* elem = FakeType.Make(24, 1);
        var array = (ArrayTypeDesc*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(ArrayTypeDesc));
        nuint slot = 0;
        array->Type = new TypeDesc
        {
            Size = 24 * 100,
            PtrBytes = 24 * 99 + 16,
            Kind = Kind.Array,
            TFlag = TFlag.GCMaskOnDemand,
            GCData = (byte*)&slot,
        };
        array->Elem = elem;
        array->Len = 100;
        byte* p = (byte*)Malloc.NewObject(_world.Cache, &array->Type);
        _world.Push(p);
        for (int i = 0; i < 100; i++)
            *(void**)(p + i * 24 + 8) = Malloc.NewObject(_world.Cache, elem);
        _world.CollectAndSweep();
        Assert.NotEqual((nuint)0, slot);
        Assert.Equal(101ul, _world.Stats().HeapObjects);
        _world.Verify();
    }

    [Fact]
    public void BarrierRecordsWhatBulkOperationsOverwrite()
    {
        MCache* c = _world.Cache;
        TypeDesc* t = FakeType.Make(24, 0, 2);
        TypeDesc* leaf = FakeType.Make(16, 0);
        byte* dst = (byte*)Malloc.NewArray(c, t, 3), src = (byte*)Malloc.NewArray(c, t, 3);
        for (int i = 0; i < 3; i++)
        {
            *(void**)(dst + i * 24) = Malloc.NewObject(c, leaf);
            *(void**)(src + i * 24 + 16) = Malloc.NewObject(c, leaf);
        }
        // Recorded values wait in the buffer of the cache: how many there are is where its end is.
        nuint* Top() => c->BarrierTop;
        Barrier.Enabled = 1;
        try
        {
            Barrier.WritePointer(c, (void**)dst, *(void**)dst);
            nuint* start = Top();
            Assert.Equal(2, Barrier.TypedSliceCopy(c, t, dst, 3, src, 2));
            Assert.Equal(2, Top() - start);
            Barrier.TypedMemClr(c, t, dst + 48);
            Assert.Equal(3, Top() - start);
            Barrier.MemClrHasPointers(c, src, 24);
            Assert.Equal(4, Top() - start);
            nuint word = 0;
            Barrier.WritePointer(c, (void**)&word, src);
            Assert.Equal(4, Top() - start);
        }
        finally
        {
            Barrier.Enabled = 0;
        }
        Barrier.Flush(c);
        Assert.True(Top() == null);
        Assert.Equal(1, _world.Heap->Gc.Work.Full);
        WorkBuf* b = _world.Heap->Gc.Work.Take(activate: false);
        Assert.Equal(5, b->Count);
        _world.Heap->Gc.Work.Free(b);
    }

    [Fact]
    public void ArenasThatComeWhileMarkingRunsAreNoRoots()
    {
        _world.CollectOnRequest = false;
        MHeap* h = _world.Heap;
        CollectorState* gc = &h->Gc;
        Malloc.MallocGC(_world.Cache, 1, null, true);
        gc->BeginRoots(stacksLater: false);
        var marker = new Marker(h);
        while (gc->MarkSomeRoots(ref marker))
        {
        }
        Assert.True(gc->RootsDone);
        int arenas = h->ArenaCount;
        while (h->ArenaCount == arenas)
            Malloc.MallocGC(_world.Cache, 16 << 20, null, false);
        Assert.True(gc->RootsDone);
        marker.Drain();
        marker.Dispose();
    }

    [Fact]
    public void BadPointersAreFound()
    {
        _world.Push(Malloc.NewNoScan(_world.Cache, 100000));
        _world.Collect();
        byte* p = (byte*)_world.Get(0);
        _world.Top = 0;
        _world.CollectAndSweep();
        _world.Push(p + 60000);
        Assert.Contains("found bad pointer in Go heap", Assert.Throws<FatalException>(_world.Collect).Message);
    }

    [Fact]
    public void VerifierCatchesPlantedBugs()
    {
        TypeDesc* node = FakeType.Make(16, 0, 1);
        byte* a = (byte*)Malloc.NewObject(_world.Cache, node), b = (byte*)Malloc.NewObject(_world.Cache, node);
        *(byte**)a = b;
        _world.Push(a);
        _world.CollectAndSweep();
        _world.Verify();
        Assert.True(FindObject.Find((nuint)b, out FoundObject o));
        MSpan* s = o.Span;
        ulong bit = 1UL << (o.Index & 63);

        s->AllocBits[o.Index >> 6] &= ~bit;
        Assert.Contains("AllocCount", HeapVerifier.Run(_world.Heap));
        s->AllocCount--;
        Assert.Contains("which is no object", HeapVerifier.Run(_world.Heap));
        s->AllocBits[o.Index >> 6] |= bit;
        s->AllocCount++;
        _world.Verify();

        s->MarkBits[o.Index >> 6] |= bit;
        Assert.Contains("mark in a swept span", HeapVerifier.Run(_world.Heap));
        s->MarkBits[o.Index >> 6] &= ~bit;

        ArenaMap.ArenaOf((nuint)b)->Pages[ArenaMap.PageIndex((nuint)b)] = 0;
        Assert.Contains("page word", HeapVerifier.Run(_world.Heap));
        ArenaMap.SetSpan(s, heap: true);
        _world.Heap->Stats.HeapInUse += 8192;
        Assert.NotNull(HeapVerifier.Run(_world.Heap));
        _world.Heap->Stats.HeapInUse -= 8192;
        _world.Verify();
    }

    [Fact]
    public void PoisonFillsDeadObjects()
    {
        _world.Heap->Sweeper.Poison = 1;
        byte* keep = (byte*)Malloc.NewNoScan(_world.Cache, 64), dead = (byte*)Malloc.NewNoScan(_world.Cache, 64);
        _world.Push(keep);
        _world.CollectAndSweep();
        Assert.Equal(0xdeadbeef, *(uint*)dead);
        Assert.Equal(0u, *(uint*)keep);
    }

    [Fact]
    public void CachesOfSeveralThreadsShareTheHeap()
    {
        MHeap* h = _world.Heap;
        _world.CollectOnRequest = false;
        TypeDesc* node = FakeType.Make(48, 0, 4);
        MCache* other = h->NewCache();
        for (int round = 0; round < 5; round++)
        {
            // Each thread links its objects; half of the last round's are garbage that both threads sweep while they allocate.
            var heads = new nuint[2];
            var threads = new System.Threading.Thread[2];
            for (int t = 0; t < 2; t++)
            {
                int me = t;
                threads[t] = new System.Threading.Thread(() =>
                {
                    MCache* c = me == 0 ? _world.Cache : other;
                    byte* head = null;
                    for (int i = 0; i < 60_000; i++)
                    {
                        byte* n = (byte*)Malloc.NewObject(c, node);
                        if (*(nuint*)n != 0 || *(nuint*)(n + 32) != 0)
                            return;
                        *(nuint*)(n + 8) = (nuint)i;
                        if ((i & 1) == 0)
                        {
                            *(byte**)n = head;
                            head = n;
                        }
                        Malloc.NewNoScan(c, (nuint)(i % 5000));
                    }
                    heads[me] = (nuint)head;
                });
                threads[t].Start();
            }
            foreach (var t in threads)
                t.Join();
            _world.Top = 0;
            _world.Push((void*)heads[0]);
            _world.Push((void*)heads[1]);
            _world.Verify();
            _world.Collect();
            for (int t = 0; t < 2; t++)
            {
                nuint want = 59_998;
                for (byte* n = (byte*)heads[t]; n != null; n = *(byte**)n, want -= 2)
                    Assert.Equal(want, *(nuint*)(n + 8));
                Assert.Equal(nuint.MaxValue - 1, want);
            }
        }
        h->FreeCache(other);
        _world.CollectAndSweep();
        Assert.Equal(60_000ul, _world.Stats().HeapObjects);
        _world.Verify();
    }

    [Fact]
    public void MemoryLimitCollectsAndReturnsPages()
    {
        MHeap* h = _world.Heap;
        _world.Clock = 1_000_000_000; // cycles take no time: how often they may run depends on it
        h->Pacer.SetGcPercent(-1);
        h->Pacer.SetMemoryLimit(48 << 20);
        for (int i = 0; i < 2000; i++)
            Malloc.NewNoScan(_world.Cache, (nuint)(50_000 + i * 100));
        Assert.True(_world.Collections > 3);
        Assert.True(h->Stats.MappedReady < 56 << 20, $"{h->Stats.MappedReady >> 20} MiB");
        _world.Verify();
    }

    [Fact]
    public void GoalFollowsGogcAndLimit()
    {
        MHeap* h = _world.Heap;
        _world.Push(Malloc.NewNoScan(_world.Cache, 64 << 20));
        _world.Collect();
        Assert.InRange(h->Pacer.HeapGoal, 128L << 20, 130L << 20);
        Assert.Equal(100, h->Pacer.SetGcPercent(25));
        Assert.InRange(h->Pacer.HeapGoal, 80L << 20, 81L << 20);
        h->Pacer.SetGcPercent(-1);
        Assert.Equal(ulong.MaxValue, _world.Stats().NextGC);
        Assert.Equal(Pacer.NoLimit, h->Pacer.SetMemoryLimit(100 << 20));
        Assert.InRange(h->Pacer.HeapGoal, 64L << 20, 100L << 20);
    }

    sealed class PoorOs(int mappings) : IOs
    {
        readonly LinuxOs _real = new();
        int _left = mappings;

        public byte* Reserve(byte* hint, nuint bytes) => _real.Reserve(hint, bytes);

        public bool Map(byte* address, nuint bytes) => --_left >= 0 && _real.Map(address, bytes);

        public void Used(byte* address, nuint bytes) => _real.Used(address, bytes);

        public void Unused(byte* address, nuint bytes) => _real.Unused(address, bytes);

        public bool LargePages(byte* address, nuint bytes) => true;

        public void SmallPages(byte* address, nuint bytes) { }

        public void Fault(byte* address, nuint bytes) => _real.Fault(address, bytes);

        public byte* Alloc(nuint bytes) => _real.Alloc(bytes);

        public void Free(byte* address, nuint bytes) => _real.Free(address, bytes);
    }

    static void FillUp(FakeWorld world)
    {
        while (true)
            world.Push(Malloc.NewNoScan(world.Cache, 3 << 20));
    }

    /// <summary>Reserves every arena somewhere else, with foreign memory in between, and sees to it that only the heap's own pages are given back.</summary>
    sealed class ScatteringOs : IOs
    {
        readonly LinuxOs _real = new();
        readonly System.Collections.Generic.List<(nuint From, nuint To)> _mapped = [];
        byte* _next = (byte*)0x500000000000;

        public long GivenBack { get; private set; }

        public System.Collections.Generic.HashSet<nuint> Wished { get; } = [];

        public System.Collections.Generic.List<nuint> TakenBack { get; } = [];

        public byte* Reserve(byte* hint, nuint bytes)
        {
            if (hint != null)
                return null;
            _next += bytes + (nuint)HeapConsts.ArenaBytes * 3;
            return _real.Reserve(_next, bytes);
        }

        public bool Map(byte* address, nuint bytes)
        {
            _mapped.Add(((nuint)address, (nuint)address + bytes));
            return _real.Map(address, bytes);
        }

        public void Used(byte* address, nuint bytes) => _real.Used(address, bytes);

        public void Unused(byte* address, nuint bytes)
        {
            Assert.Contains(_mapped, m => (nuint)address >= m.From && (nuint)address + bytes <= m.To);
            GivenBack += (long)bytes;
            _real.Unused(address, bytes);
        }

        public bool HasLargePages { get; init; } = true;

        public int Wishes { get; private set; }

        public bool LargePages(byte* address, nuint bytes)
        {
            Wishes++;
            _ = Wished.Add((nuint)address >> HeapConsts.ArenaShift);
            return HasLargePages;
        }

        public void SmallPages(byte* address, nuint bytes)
        {
            Assert.Equal((nuint)HeapConsts.ArenaBytes, bytes);
            TakenBack.Add((nuint)address >> HeapConsts.ArenaShift);
        }

        public void Fault(byte* address, nuint bytes) => _real.Fault(address, bytes);

        public byte* Alloc(nuint bytes) => _real.Alloc(bytes);

        public void Free(byte* address, nuint bytes) => _real.Free(address, bytes);
    }

    [Fact]
    public void MemoryBetweenArenasIsNotGivenBack()
    {
        var os = new ScatteringOs();
        using var scattered = new FakeWorld(os);
        _ = MHeap.Current->Pacer.SetGcPercent(-1);
        for (int i = 0; i < 40; i++)
            Malloc.NewNoScan(scattered.Cache, 6 << 20);
        Malloc.NewNoScan(scattered.Cache, 1 << 30); // never touched
        Malloc.NewNoScan(scattered.Cache, 6 << 20);
        Collector.CollectAndSweep(MHeap.Current);
        Collector.ReleaseFreePages(MHeap.Current);
        Assert.InRange(os.GivenBack, (1L << 30) + (40L * 6 << 20), (1L << 30) + (60L * 6 << 20));
        // Only behind the first 32 MiB large pages were asked for; each of those arenas is told once that it has holes now.
        nuint[] wished = [.. os.Wished.Where(i => ArenaMap.Table[i] != null).Order()];
        Assert.InRange(wished.Length, 1, 40);
        Assert.Equal(wished, os.TakenBack.Order());
        scattered.Verify();
        _world.Heap = MHeap.Create(new LinuxOs());      // the fixture disposes one heap of its own
        World.Current = _world;
    }

    [Theory]
    [InlineData(true, 30, 60)]
    [InlineData(false, 2, 3)]
    public void AHeapGrowsBySmallPagesForAWhileIfLargeOnesAreSlow(bool quick, int least, int most)
    {
        var os = new ScatteringOs { HasLargePages = quick };
        using var scattered = new FakeWorld(os);
        _ = MHeap.Current->Pacer.SetGcPercent(-1);
        for (int i = 0; i < 50; i++)
            Malloc.NewNoScan(scattered.Cache, 4 << 20);
        Assert.InRange(os.Wishes, least, most);
        _world.Heap = MHeap.Create(new LinuxOs());      // the fixture disposes one heap of its own
        World.Current = _world;
    }

    /// <summary>A span that is partly full costs the part that the cache gets.</summary>
    [Fact]
    public void AssistsAreOwedForTheFreePartOfSpans()
    {
        TypeDesc* t = FakeType.Make(64, [0]);
        MCache* c = _world.Cache;
        for (int i = 0; i < 4096; i++)
        {
            void* p = Malloc.NewObject(c, t);
            if ((i & 3) != 0)
                _world.Push(p);
        }
        _world.CollectAndSweep();
        c->AssistDebt = 0;
        MHeap.Current->Gc.AssistCredit = 0; // of the cycle that is over
        long live = MHeap.Current->Pacer.HeapLive;
        Barrier.Enabled = 1;
        try
        {
            for (int i = 0; i < 512; i++)
                _ = Malloc.NewObject(c, t);
        }
        finally
        {
            Barrier.Enabled = 0;
        }
        // As much as the heap counts as allocated, of which a quarter of a span's bytes is free.
        Assert.Equal(MHeap.Current->Pacer.HeapLive - live, c->AssistDebt);
        Assert.InRange(c->AssistDebt, 512 * 64 - 8192, 512 * 64 + 8192);
        c->AssistDebt = 0;
    }

    [Fact]
    public void RefusedMemoryIsOutOfMemory()
    {
        using var poor = new FakeWorld(new PoorOs(2));
        Malloc.NewNoScan(poor.Cache, 3 << 20);
        var e = Assert.Throws<FatalException>(() => FillUp(poor));
        Assert.Equal("runtime: out of memory", e.Message);
        poor.Verify();
        _world.Heap = MHeap.Create(new LinuxOs());      // the fixture disposes one heap of its own
        World.Current = _world;
    }
}

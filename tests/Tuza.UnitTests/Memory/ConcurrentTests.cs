// Marking beside running programs: threads that allocate, move pointers about and check what they reach, while cycles run one after the other.
//
// Every object carries a number and its complement. Dead objects are overwritten when they are swept (Poison), and after each marking a second
// look at all marked objects is taken (CheckMarks), so a lost object shows at once.

using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;
using Barrier = Tuza.Memory.Barrier;

namespace Tuza.UnitTests.Memory;

/// <summary>A world of threads; each has a cache and an array of roots, and looks for stops between its steps.</summary>
sealed unsafe class ThreadWorld : IWorld, IDisposable
{
    public const int RootsPerThread = 64;

    readonly Lock _stopping = new();
    readonly int _threads;
    volatile int _stop;
    int _parked, _left;
    string? _failure;

    public MHeap* Heap;
    public readonly MCache*[] Caches;
    public readonly nuint*[] Roots;
    public int Idle;
    public int Cycles;
    public long MostHeap;
    readonly bool[] _scanned;

    public ThreadWorld(int threads)
    {
        World.Current = this;
        Heap = MHeap.Create(new LinuxOs());
        Heap->Pacer.Enabled = 1;
        Heap->Gc.Concurrent = 1;
        Heap->Gc.CheckMarks = 1;
        Heap->Gc.MaxMarkers = 2;
        Heap->Sweeper.Poison = 1;
        _threads = threads;
        Caches = new MCache*[threads];
        Roots = new nuint*[threads];
        _scanned = new bool[threads];
        for (int i = 0; i < threads; i++)
        {
            Caches[i] = Heap->NewCache();
            Roots[i] = (nuint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(RootsPerThread, 8);
        }
    }

    public void Dispose()
    {
        Barrier.Use(Heap, BarrierKind.Deletion);
        MHeap.Destroy(Heap);
    }

    /// <summary>A safepoint of a thread. With the hybrid barrier it scans its own roots.</summary>
    public void Poll(int thread)
    {
        if (Caches[thread]->Grey != 0 && Heap->Gc.Barrier == BarrierKind.Hybrid && !_scanned[thread])
        {
            _scanned[thread] = true;
            Assist.BeginRoots(Caches[thread]).RootRange(Roots[thread], RootsPerThread);
            Assist.EndRoots(Caches[thread]);
            Barrier.Blacken(Caches[thread]);
        }
        Poll();
    }

    public void Poll()
    {
        if (_stop == 0)
            return;
        Interlocked.Increment(ref _parked);
        while (_stop != 0)
            Thread.Yield();
        Interlocked.Decrement(ref _parked);
    }

    /// <summary>A thread is done: it counts as stopped for ever.</summary>
    public void Leave()
    {
        Interlocked.Increment(ref _left);
        Interlocked.Increment(ref _parked);
    }

    public void StopTheWorld()
    {
        _stopping.Enter();
        _stop = 1;
        while (Volatile.Read(ref _parked) != _threads)
            Thread.Yield();
    }

    public void StartTheWorld()
    {
        _stop = 0;
        // The next stop must not count threads that are still on their way out of this one.
        while (Volatile.Read(ref _parked) > Volatile.Read(ref _left))
            Thread.Yield();
        _stopping.Exit();
    }

    public void ScanRoots(ref Marker marker, bool later)
    {
        bool hybrid = later && Heap->Gc.Barrier == BarrierKind.Hybrid;
        for (int i = 0; i < _threads; i++)
        {
            _scanned[i] = !hybrid;
            if (hybrid)
                Caches[i]->Grey = 1;
            else
                marker.RootRange(Roots[i], RootsPerThread);
        }
    }

    public void ScanRootsAgain(ref Marker marker, bool all)
    {
        for (int i = 0; i < _threads; i++)
        {
            if (all || !_scanned[i])
                marker.RootRange(Roots[i], RootsPerThread);
            _scanned[i] = true;
        }
    }

    public bool ScanStacks(ref Marker marker, int from, int to) => false;

    public void MarkingDone() { }

    public void AttendStop(MCache* cache) { }

    public bool Pause(MCache* cache)
    {
        Poll();
        Thread.Yield();
        return true;
    }

    public int Processors => 2;

    public int IdleProcessors => Idle;

    public double MarkShare => 1;

    public void ForcedByTime() { }

    public void SampleAlloc(MCache* cache, byte* slot, long bytes) { }

    public void SampleFree(void* sample) { }

    public void SweepDone() { }

    public void CycleStart() { }

    public void RequestCollect(MCache* cache) { }

    public void FinalizersReady() { }

    public void CycleDone(in CycleStats cycle)
    {
        Cycles++;
        MostHeap = Math.Max(MostHeap, cycle.HeapAtEnd);
    }

    public long NanoTime() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    public long UnixNano() => 0;

    [DoesNotReturn]
    public void Fatal(string message)
    {
        Interlocked.CompareExchange(ref _failure, message, null);
        throw new FatalException(message);
    }

    public void Explain(string text) { }

    public string? Failure => _failure;
}

[Collection("heap")]
public sealed unsafe class ConcurrentTests
{
    const int Left = 0, Right = 8, Id = 16, Check = 24, NodeBytes = 32;

    static nuint* Word(nuint node, int offset) => (nuint*)(node + (nuint)offset);

    sealed class Mutator(ThreadWorld world, int index, int seed, TypeDesc* node, TypeDesc* big)
    {
        readonly Random _random = new(seed);
        readonly MCache* _cache = world.Caches[index];
        readonly nuint* _roots = world.Roots[index];
        nuint _next = (nuint)index << 40;

        public string? Wrong;
        public long Steps;

        nuint New()
        {
            // Some nodes live in objects with a header, so that typed scans in pieces take part.
            nuint p = (nuint)(_random.Next(50) == 0 ? Malloc.MallocGC(_cache, (nuint)(NodeBytes * (20 + _random.Next(800))), big, true) : Malloc.NewObject(_cache, node));
            *Word(p, Id) = ++_next;
            *Word(p, Check) = ~_next;
            return p;
        }

        void Store(nuint node, int offset, nuint value) => Barrier.WritePointer(_cache, (void**)Word(node, offset), (void*)value);

        nuint Walk(int steps)
        {
            nuint p = _roots[_random.Next(ThreadWorld.RootsPerThread)];
            while (p != 0)
            {
                if (*Word(p, Check) != ~*Word(p, Id))
                {
                    Wrong = $"object {p:x} was lost: {*Word(p, Id):x} {*Word(p, Check):x}";
                    return 0;
                }
                nuint next = *Word(p, _random.Next(2) == 0 ? Left : Right);
                if (steps-- <= 0 || next == 0)
                    break;
                p = next;
            }
            return p;
        }

        public void Run(int steps)
        {
            try
            {
                for (int i = 0; i < steps && Wrong == null && world.Failure == null; i++)
                {
                    world.Poll(index);
                    Step();
                    Steps++;
                }
            }
            catch (Exception e)
            {
                Wrong = e.Message;
            }
            world.Leave();
        }

        void Step()
        {
            int r = _random.Next(ThreadWorld.RootsPerThread);
            switch (_random.Next(8))
            {
                case 0:
                    // Only a root knows the new node; what the root knew may die.
                    nuint fresh = New();
                    *Word(fresh, Left) = _roots[r];
                    if (_random.Next(3) == 0)
                        *Word(fresh, Left) = 0;
                    _roots[r] = fresh;
                    break;
                case 1 or 2:
                    nuint parent = Walk(_random.Next(12));
                    if (parent != 0)
                        Store(parent, _random.Next(2) == 0 ? Left : Right, New());
                    break;
                case 3 or 4:
                    // The classic: take the only pointer out of an object nobody has scanned, keep it in a root that was.
                    nuint from = Walk(_random.Next(12));
                    if (from != 0)
                    {
                        int side = _random.Next(2) == 0 ? Left : Right;
                        _roots[r] = *Word(from, side);
                        Store(from, side, 0);
                    }
                    break;
                case 5:
                    nuint a = Walk(_random.Next(12)), b = Walk(_random.Next(12));
                    if (a != 0 && b != 0)
                        Store(a, Left, b);
                    break;
                case 6:
                    nuint x = Walk(8);
                    if (x != 0)
                    {
                        nuint left = *Word(x, Left);
                        Store(x, Left, *Word(x, Right));
                        Store(x, Right, left);
                    }
                    break;
                default:
                    _ = Walk(30);
                    break;
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 0, AllocPolicy.Go, BarrierKind.Deletion)]
    [InlineData(2, 2, 0, AllocPolicy.Go, BarrierKind.Deletion)]
    [InlineData(2, 3, 2, AllocPolicy.Go, BarrierKind.Deletion)]
    [InlineData(2, 4, 0, AllocPolicy.Go, BarrierKind.Hybrid)]
    [InlineData(2, 5, 0, AllocPolicy.Go, BarrierKind.Insertion)]
    [InlineData(2, 6, 0, AllocPolicy.FirstFit, BarrierKind.Deletion)]
    [InlineData(2, 7, 0, AllocPolicy.BestFit, BarrierKind.Hybrid)]
    [InlineData(2, 8, 0, AllocPolicy.SegregatedFit, BarrierKind.Insertion)]
    public void NothingIsLostWhileMarkingRuns(int threads, int seed, int idle, AllocPolicy policy, BarrierKind barrier)
    {
        using var world = new ThreadWorld(threads) { Idle = idle };
        BlockHeap.Use(world.Heap, policy);
        Barrier.Use(world.Heap, barrier);
        for (int i = 0; i < threads; i++)
            world.Caches[i]->Blocks = policy == AllocPolicy.Go ? 0 : 1;
        bool colours = policy != AllocPolicy.Go || barrier != BarrierKind.Deletion;
        world.Heap->Gc.CheckColours = colours ? 1 : 0;
        TypeDesc* node = FakeType.Make(NodeBytes, 0, 1);
        var mutators = new Mutator[threads];
        var running = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            Mutator m = mutators[i] = new Mutator(world, i, seed * 100 + i, node, node);
            running[i] = new Thread(() => m.Run(400_000), 4 << 20);
            running[i].Start();
        }
        string? failure = null;
        try
        {
            while (Array.Exists(running, t => t.IsAlive))
            {
                Collector.CollectConcurrently(world.Heap, GcTrigger.Heap);
                while (world.Heap->Sweeper.SweepOne() >= 0)
                {
                }
            }
        }
        catch (FatalException e)
        {
            failure = e.Message;
        }
        foreach (Thread t in running)
            t.Join();
        foreach (Mutator m in mutators)
        {
            Assert.Null(m.Wrong);
            Assert.Equal(400_000, m.Steps);
        }
        Assert.Null(failure);
        Assert.Null(world.Failure);
        Assert.True(world.Cycles > (colours ? 1 : 2), $"{world.Cycles} cycles");
        Collector.CollectAndSweep(world.Heap);
        Assert.Null(HeapVerifier.Run(world.Heap));
    }

    [Fact]
    public void ALostBarrierIsNoticed()
    {
        // The check must be able to fail: a pointer is moved out of the sight of the marker with the barrier off.
        using var world = new ThreadWorld(1);
        world.Leave();
        MCache* c = world.Caches[0];
        TypeDesc* node = FakeType.Make(NodeBytes, 0, 1);
        nuint* roots = world.Roots[0];
        roots[0] = (nuint)Malloc.NewObject(c, node);
        nuint only = (nuint)Malloc.NewObject(c, node);
        *Word(roots[0], Left) = only;
        var thief = new ThiefWorld(world, () =>
        {
            roots[1] = *Word(roots[0], Left);
            *Word(roots[0], Left) = 0;
        });
        World.Current = thief;
        var e = Assert.Throws<FatalException>(() => Collector.CollectConcurrently(world.Heap, GcTrigger.Heap));
        Assert.Contains("checkmark", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Does something between the scan of the roots and the start of marking.</summary>
    sealed class ThiefWorld(ThreadWorld world, Action steal) : IWorld
    {
        int _starts;

        public void StopTheWorld() => world.StopTheWorld();

        public void StartTheWorld()
        {
            if (_starts++ == 0)
                steal();
            world.StartTheWorld();
        }

        public void ScanRoots(ref Marker marker, bool later) => world.ScanRoots(ref marker, later);

        public void ScanRootsAgain(ref Marker marker, bool all) => world.ScanRootsAgain(ref marker, all);

        public bool ScanStacks(ref Marker marker, int from, int to) => false;

        public void MarkingDone() { }

        public void AttendStop(MCache* cache) { }

        public bool Pause(MCache* cache) => false;

        public int Processors => 1;

        public int IdleProcessors => 0;

        public double MarkShare => 1;

        public void ForcedByTime() { }

        public void SampleAlloc(MCache* cache, byte* slot, long bytes) { }

        public void SampleFree(void* sample) { }

        public void SweepDone() { }

        public void CycleStart() { }

        public void RequestCollect(MCache* cache) { }

        public void FinalizersReady() { }

        public void CycleDone(in CycleStats cycle) { }

        public long NanoTime() => world.NanoTime();

        public long UnixNano() => 0;

        [DoesNotReturn]
        public void Fatal(string message) => throw new FatalException(message);

        public void Explain(string text) { }
    }
}

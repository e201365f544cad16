// All that the memory system knows of the outside: somebody can stop the world and show where the roots are.
//
// No goroutine, stack or thread appears in this project. The runtime implements IWorld; tests implement it with arrays as stacks.
//
// Contract of a collection. Collector.Collect runs on the thread that asks, at a point where every live pointer of every
// goroutine is in a place that ScanRoots shows. CollectConcurrently runs on the collector's thread and stops the others at such points. The allocator asks for a collection (RequestCollect) in its slow path, before it
// takes the new block, so an object is never lost between its birth and its first root. The runtime either collects at once, when
// its caller's pointers are in frames, or remembers the request and collects at the next safepoint.

namespace Tuza.Memory;

/// <summary>What the memory system asks of its surroundings.</summary>
public unsafe interface IWorld
{
    /// <summary>
    /// Returns when no other thread runs Go code. Calls do not nest. The caller runs Go code itself, at a safepoint, or is the collector's own thread.
    /// </summary>
    void StopTheWorld();

    void StartTheWorld();

    /// <summary>
    /// World stopped: shows every root that only the runtime knows (stacks, argument areas, its own tables) through
    /// <see cref="Marker.Root"/>, <see cref="Marker.RootBlock"/> and <see cref="Marker.RootRange"/>.
    /// Data segments, root slots and specials are not its business. later: goroutines that are not running may be shown by
    /// <see cref="ScanStacks"/>, but the latest when they run again.
    /// </summary>
    void ScanRoots(ref Marker marker, bool later);

    /// <summary>
    /// World stopped, marking seems to be done: the stacks that nobody has shown in this cycle (all: every stack), and the runtime's own tables, again.
    /// </summary>
    void ScanRootsAgain(ref Marker marker, bool all);

    /// <summary>The goroutines [from, to) that nobody has shown in this cycle, while the world runs. False when there are none from there on.</summary>
    bool ScanStacks(ref Marker marker, int from, int to);

    /// <summary>The next cycle shall be one stop, because roots are to be held back.</summary>
    bool WantsOneStop => false;

    /// <summary>
    /// In a cycle of one stop, everything found so far is marked: shows roots that <see cref="ScanRoots"/> held back. False when none are left.
    /// </summary>
    bool ScanHeldBack(ref Marker marker) => false;

    /// <summary>
    /// World stopped, marking is done.
    /// </summary>
    void MarkingDone();

    /// <summary>An allocating thread at a slow path, no lock held, while <see cref="World.StopWanted"/> is set: it stops here if it can.</summary>
    void AttendStop(MCache* cache);

    /// <summary>
    /// An allocating thread shall wait a moment for the collector, and lets the world be stopped meanwhile. False when it cannot do so here.
    /// </summary>
    bool Pause(MCache* cache);

    /// <summary>Processors that run Go code when there is enough to do, and how many of them have nothing to do at the moment.</summary>
    int Processors { get; }
    int IdleProcessors { get; }

    /// <summary>The share of a processor that the collector's thread may take now: 1 when nobody else wants it.</summary>
    double MarkShare { get; }

    /// <summary>The world calls <see cref="GcDriver.SweepLeft"/> every few milliseconds, and before it falls asleep.</summary>
    bool CallsForSweep => false;

    /// <summary>The collector's thread begins a cycle because there was none for two minutes.</summary>
    void ForcedByTime();

    /// <summary>The sweep of a cycle is complete, the world runs. On the collector's thread, or on one that is about to begin the next cycle, at its safepoint.</summary>
    void SweepDone();

    /// <summary>On the collector's thread, which has nothing to do.</summary>
    void CollectorRests() { }

    /// <summary>World stopped, a cycle begins: the runtime drops caches of its own (sync.Pool, sudogs, defers).</summary>
    void CycleStart();

    /// <summary>An object was allocated that is a sample of the heap profile. Returns what <see cref="SampleFree"/> gets when it dies (<see cref="Specials.AddProfile"/>).</summary>
    void SampleAlloc(MCache* cache, byte* slot, long bytes);

    void SampleFree(void* sample);

    /// <summary>The heap has grown to its trigger. Called by the allocator's slow path of <paramref name="cache"/>, no lock held.</summary>
    void RequestCollect(MCache* cache);

    /// <summary>The finalizer or cleanup queue is not empty any more (<see cref="FinQueue"/>). No lock held, maybe in a stop.</summary>
    void FinalizersReady();

    /// <summary>A collection has ended; <paramref name="cycle"/> is its number. World still stopped.</summary>
    void CycleDone(in CycleStats cycle);

    /// <summary>Monotonic nanoseconds.</summary>
    long NanoTime();

    /// <summary>Processor time that the process has used.</summary>
    long ProcessorNanos() => World.ProcessNanos;

    /// <summary>Nanoseconds since 1970.</summary>
    long UnixNano();

    /// <summary>A broken invariant or no memory: prints <paramref name="message"/> as Go's fatal error and never returns.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    void Fatal(string message);

    /// <summary>A line before <see cref="Fatal"/>, with details.</summary>
    void Explain(string text);
}

/// <summary>The world in use. Set once at start-up, before the first allocation.</summary>
public static class World
{
    public static IWorld Current { get; set; } = null!;

    /// <summary>User and system time of all threads.</summary>
    public static long ProcessNanos => System.Environment.CpuUsage.TotalTime.Ticks * System.TimeSpan.NanosecondsPerTick;

    /// <summary>Not 0: somebody waits for the world to stop. Loops whose bounds are known have no polls, but they may allocate.</summary>
    public static int StopWanted;
}

// Collections: when they happen, and where the roots of goroutines are.
//
// The allocator asks for a collection before it takes memory. If the running goroutine's pointers are all visible (its frames have headers, arguments
// of a C# primitive are in g->Args) it happens at once. Otherwise (NoCollect, unwinding, no goroutine) the request stays pending until the next
// prologue's slow path or the scheduler's loop.
//
// The world is stopped through Sched.StopTheWorld. Goroutines in system calls have left their frames in order and cannot come back
// before it is started again.
//
// Stacks of goroutines that have no native frames are halved when less than a quarter is in use.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.Runtime;

/// <summary>The runtime's side of the collector.</summary>
public static unsafe class Gc
{
    static bool s_finalizersReady;
    static G* s_finalizerG;
    static bool s_finalizerIdle;
    [System.Runtime.CompilerServices.FixedAddressValueType]
    static Lock32 s_finalizerLock; // the two above, and the goroutine's way to sleep
    static long s_startNanos;

    /// <summary>Above zero: C# code holds pointers nobody sees; requests stay pending.</summary>
    [System.ThreadStatic]
    internal static int NoCollect;

    /// <summary>Set after a cycle: the Go side shall drop what sync.Pool holds.</summary>
    internal static int PoolsStale;

    internal static FuncVal* PoolCleanup;

    public static long StartNanos => s_startNanos;

    /// <summary>Makes the heap and the world. Once, before anything allocates; returns the cache for the P.</summary>
    public static void* Init()
    {
        s_startNanos = Clock.Nano();
        World.Current = new RuntimeWorld();
        MHeap* h = MHeap.Create(new LinuxOs());
        BlockHeap.Use(h, MemoryPlan.Alloc);
        _ = h->Pacer.SetGcPercent(DebugFlags.GcPercent);
        if (DebugFlags.MemoryLimit != long.MaxValue)
            _ = h->Pacer.SetMemoryLimit(DebugFlags.MemoryLimit);
        h->Pacer.Enabled = 1;
        if (DebugFlags.HeapVerify)
            h->Gc.VerifyAfterCycle = 1;
        if (DebugFlags.ClobberFree)
            h->Sweeper.Poison = 1;
        if (!DebugFlags.InvalidPtr)
            h->Gc.InvalidPtrCheck = 0;
        if (DebugFlags.GcCheckMark)
            h->Gc.CheckMarks = 1;
        h->Gc.MaxMarkers = DebugFlags.Markers != 0 ? (int)DebugFlags.Markers : int.Min(MaxProcs.Cpus, MostMarkers);
        h->Gc.Concurrent = DebugFlags.GcStress != 0 || DebugFlags.GcStopTheWorld || MemoryPlan.Collector == CollectorMode.StopTheWorld ? 0 : 1;
        if (h->Gc.Concurrent != 0 && MemoryPlan.Collector == CollectorMode.Incremental)
        {
            h->Gc.Incremental = 1;
            h->Gc.MaxMarkers = 1;
        }
        Barrier.Use(h, MemoryPlan.Barrier);
        ScansNewborn = MemoryPlan.Barrier != BarrierKind.Deletion;
        GcHooks.ScanSelf = &ScanSelf;
        if (DebugFlags.CheckColours)
            h->Gc.CheckColours = h->Gc.MaxMarkers = 1;
        GcHooks.PChanged = &PChanged;
        h->Gc.AddRootSlot((void**)s_rootSlots);
        return NewCache();
    }

    /// <summary>More marking threads than this wait for each other and for memory.</summary>
    const int MostMarkers = 4;

    static void PChanged(P* p, bool inUse)
    {
        if (inUse && p->MCache == null)
            p->MCache = NewCache();
        else if (!inUse && p->MCache != null)
            MHeap.Current->RetireCache((MCache*)p->MCache);
    }


    /// <summary>The allocation cache of one more P; null in tests without a heap.</summary>
    internal static void* NewCache()
    {
        MHeap* h = MHeap.Current;
        if (h == null)
            return null;
        return NewCache(h);
    }

    static MCache* NewCache(MHeap* h)
    {
        MCache* c = h->NewCache();
        c->Stress = DebugFlags.GcStress != 0 ? 1 : 0;
        c->Trace = Snapshots.Tracing ? 1 : 0;
        c->Blocks = BlockHeap.Current != null ? 1 : 0;
        c->Measure = MemoryPlan.Measure ? 1 : 0;
        return c;
    }

    internal static void FlushCache(void* cache)
    {
        if (cache != null)
            ((MCache*)cache)->Flush();
    }

    /// <summary>Words outside the heap that C# keeps Go pointers in: 0 pool cleanup function.</summary>
    static readonly nint* s_rootSlots = (nint*)NativeMemory.AllocZeroed(8, 8);

    [GoFunc("sync.runtime_registerPoolCleanup", Safepoint = false)]
    public static void RegisterPoolCleanup(G* g, void* fn)
    {
        PoolCleanup = (FuncVal*)fn;
        s_rootSlots[0] = (nint)fn;
        s_pools = (GoSlice*)ImageLoader.FindVariable("sync", "sync.allPools");
        s_oldPools = (GoSlice*)ImageLoader.FindVariable("sync", "sync.oldPools");
    }

    // Package sync's lists of pools that hold something, and of those that did in the cycle before.
    static GoSlice* s_pools, s_oldPools;

    /// <summary>World stopped: pools have something to drop. (A package sync without these lists, of another Go, is always asked.)</summary>
    internal static bool PoolsHold => PoolCleanup != null && (s_pools == null || s_oldPools == null || s_pools->Len != 0 || s_oldPools->Len != 0);

    /// <summary>`poolcleanup() func()`: the registered function if pools are stale (always with force), else nil.</summary>
    [GoFunc("runtime.poolcleanup", Safepoint = false)]
    public static void* TakePoolCleanup(G* g, int force)
    {
        if (PoolsStale == 0 && force == 0)
            return null;
        PoolsStale = 0;
        return PoolCleanup;
    }

    /// <summary>
    /// The world stops for the cleaning of pools, whose Ps are used without a lock. The caller is pinned until <see cref="StartForPools"/>:
    /// it does not stop at safepoints itself.
    /// </summary>
    [GoFunc("runtime.stopforpools")]
    public static void StopForPools(G* g)
    {
        Sched.StopTheWorld(StopReason.Pools);
        Sched.State(g)->Locks++;
    }

    [GoFunc("runtime.startforpools", Safepoint = false)]
    public static void StartForPools(G* g)
    {
        Sched.StartTheWorld();
        Sched.State(g)->Locks--;
    }

    static bool CanCollectNow()
    {
        if (NoCollect != 0)
            return false;
        G* g = Threads.CurrentG();
        return g != null && g->Sp != null && g->Unwinding == UnwindReason.None;
    }

    internal static void Request(MCache* c)
    {
        if (MHeap.Current->Gc.Concurrent != 0)
        {
            G* running = Threads.CurrentG();
            if (MHeap.Current->Pacer.OverHardLimit && MHeap.Current->Gc.Phase == Phase.Off && CanCollectNow() && Sched.State(running)->Locks == 0)
                Collector.Collect(MHeap.Current, GcTrigger.Heap);
            else if (!CanCollectNow() || Sched.State(running)->Locks != 0 || Sched.State(running)->Status != GStatus.Running)
            {
                // Incremental: the next allocation asks again.
                if (MHeap.Current->Gc.Incremental == 0)
                    GcDriver.Request();
            }
            else if (MHeap.Current->Gc.Phase == Phase.Off)
                GcDriver.BeginHere(MHeap.Current);
            else if (MHeap.Current->Gc.Incremental != 0)
                GcDriver.EndHere(MHeap.Current);
            return;
        }
        // Who is pinned must not be stopped by others, which could happen while it waits to stop the world itself.
        if (CanCollectNow() && Sched.State(Threads.CurrentG())->Locks == 0)
        {
            Sched.GcPending = 0;
            Collector.Collect(MHeap.Current, c->Stress != 0 ? GcTrigger.Stress : GcTrigger.Heap);
            return;
        }
        Sched.GcPending = 1;
        G* g = Threads.CurrentG();
        if (g != null)
            Sysmon.Ask(g);
    }

    /// <summary>A safepoint of the running goroutine with a collection pending.</summary>
    public static void Safepoint(G* g)
    {
        Sched.GcPending = 0;
        Collector.Collect(MHeap.Current, GcTrigger.Heap);
    }

    /// <summary>The scheduler, no goroutine running.</summary>
    public static void CollectIdle(P* p)
    {
        Sched.GcPending = 0;
        if (MHeap.Current != null)
            Collector.Collect(MHeap.Current, GcTrigger.Heap);
    }

    /// <summary>Nothing to run: a little sweeping.</summary>
    public static void Idle(P* p) { }

    // ---- runtime.GC: goroutines that wait for a cycle

    [System.Runtime.CompilerServices.FixedAddressValueType]
    static Lock32 s_waitLock;
    static G* s_waiting;           // through SchedLink
    static int s_waitingCount;

    /// <summary>The collector works, or is about to: somebody waits for it, or will when finalizers run. The program is not dead.</summary>
    internal static bool IsBusy => Volatile.Read(ref s_waitingCount) != 0 || GcDriver.IsBusy;

    static Lock32* WaitLock => (Lock32*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref s_waitLock);

    [GoFunc("runtime.gcCollect", Parks = true)]
    public static void Collect(G* g) => Collect(g, release: false);

    [GoFunc("runtime/debug.freeOSMemory", Parks = true)]
    public static void FreeOSMemory(G* g) => Collect(g, release: true);

    /// <summary>A whole cycle, its sweep included; then, with release, all free pages go back to the system.</summary>
    static void Collect(G* g, bool release)
    {
        MHeap* h = MHeap.Current;
        if (h->Gc.Concurrent == 0)
        {
            Sched.GcPending = 0;
            Collector.CollectAndSweep(h);
            MemProfile.Swept();
            Sched.FreeDeadStacks();
            if (release)
                Collector.ReleaseFreePages(h);
            // As after a concurrent cycle, which the goroutine would have waited for: others run first, finalizers among them.
            Sched.Gosched(g);
            return;
        }
        GState* gs = Sched.State(g);
        gs->Scratch0 = GcDriver.RequestForced(h);
        gs->Scratch1 = release ? 1 : 0;
        s_waitLock.Enter();
        s_waitingCount++;
        gs->SchedLink = s_waiting;
        s_waiting = g;
        gs->OnWake = &AfterCycle;
        Sched.Park(g, WaitReason.GarbageCollection, WaitLock);
    }

    /// <summary>Asked before a waiter goes on.</summary>
    static bool AfterCycle(G* g)
    {
        GState* gs = Sched.State(g);
        bool release = gs->Scratch1 != 0;
        gs->Scratch0 = gs->Scratch1 = 0;
        if (release)
            MHeap.Current->ReleaseFree();
        return true;
    }

    /// <summary>A cycle and its sweep are over: see <see cref="IWorld.SweepDone"/>.</summary>
    internal static void SweepDone()
    {
        uint swept = GcDriver.Swept;
        s_waitLock.Enter();
        G* ready = null;
        for (G* g = s_waiting, last = null; g != null;)
        {
            GState* gs = Sched.State(g);
            G* next = gs->SchedLink;
            if ((int)(swept - (uint)gs->Scratch0) >= 0)
            {
                if (last == null)
                    s_waiting = next;
                else
                    Sched.State(last)->SchedLink = next;
                gs->SchedLink = ready;
                ready = g;
            }
            else
            {
                last = g;
            }
            g = next;
        }
        s_waitLock.Exit();
        while (ready != null)
        {
            G* g = ready;
            ready = Sched.State(g)->SchedLink;
            Sched.State(g)->SchedLink = null;
            if (Sched.State(g)->Bubble != null || Sched.ThisP != null)
                Sched.Ready(g);
            else
                Sched.ReadyFirst(g);
            Interlocked.Decrement(ref s_waitingCount);
        }
    }

    /// <summary>An allocating goroutine waits a moment for the markers; the world can be stopped meanwhile.</summary>
    internal static bool Pause()
    {
        if (!AttendStop())
            return false;
        Thread.Sleep(0);
        return true;
    }

    /// <summary>An allocating goroutine lets the world be stopped; false when it cannot here.</summary>
    internal static bool AttendStop()
    {
        G* g = Threads.CurrentG();
        if (!CanCollectNow() || Sched.State(g)->Locks != 0 || Sched.State(g)->Status != GStatus.Running)
            return false;
        Sched.Attend(g);
        return true;
    }

    // ---- finalizers

    /// <summary>The running goroutine makes room for the finalizer goroutine: one that only computes and allocates would starve it.</summary>
    internal static void FinalizersReady()
    {
        s_finalizersReady = true;
        if (s_finalizerG != null && !s_finalizerIdle)
            return;
        G* g = Threads.CurrentG();
        if (g == null)
        {
            Sched.WakeIdlePs();
            return;
        }
        Sched.State(g)->PreemptWanted = 1;
        Sysmon.Ask(g);
    }

    /// <summary>World stopped: pools are to be cleaned, and somebody makes room for the goroutine that does it.</summary>
    internal static void CleanPools()
    {
        PoolsStale = 1;
        for (int i = 0; i < Sched.PCount; i++)
        {
            M* m = Sched.PAt(i)->M;
            G* g = m == null ? null : m->CurG;
            if (g == null || Sched.State(g)->Status != GStatus.Running)
                continue;
            Sched.State(g)->PreemptWanted = 1;
            Sysmon.Ask(g);
            return;
        }
    }

    /// <summary>The finalizer goroutine would run if the scheduler were asked.</summary>
    internal static bool FinalizersWait => (s_finalizersReady || PoolsStale != 0) && (s_finalizerG == null || s_finalizerIdle);

    /// <summary>Wakes the finalizer goroutine if there is something for it. Called by the scheduler.</summary>
    public static bool TryWakeFinalizers()
    {
        if (!s_finalizersReady && PoolsStale == 0)
            return false;
        G* g = null;
        s_finalizerLock.Enter();
        if (s_finalizersReady || PoolsStale != 0)
        {
            if (s_finalizerG == null)
                g = s_finalizerG = Sched.NewSystemG(GoCalls.Code(GoCall.FinalizerMain));
            else if (s_finalizerIdle)
                g = s_finalizerG;
            if (g != null)
                s_finalizersReady = s_finalizerIdle = false;
        }
        s_finalizerLock.Exit();
        if (g == null)
            return false;
        Sched.Ready(g, next: false);
        return true;
    }

    [GoFunc("runtime.gconestop", Safepoint = false)]
    public static int InOneStop(G* g) => MHeap.Current->Gc.Concurrent == 0 && Sched.MaxProcsInUse > 1 ? 1 : 0;

    [GoFunc("runtime.finqueueLen", Safepoint = false)]
    public static long QueueLength(G* g) => MHeap.Current->FinQueue.Count;

    [GoFunc("runtime.finalizerIdle", Safepoint = false)]
    public static int FinalizerIdle(G* g) => (s_finalizerG == null || s_finalizerIdle) && !s_finalizersReady ? 1 : 0;

    /// <summary>Go's finEntry: see std/overlay/runtime/mfinal.go.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct GoFinEntry
    {
        public FuncVal* Fn;
        public void* Argument;
        public void* Type;
        public void* PointerType;
        public byte IsCleanup;
        public byte Valid;
    }

    /// <summary>`nextfinalizer(e *finEntry)`: parks until there is work; e is on the heap. Valid is false when only pools want cleaning.</summary>
    [GoFunc("runtime.nextfinalizer", Parks = true)]
    public static void NextFinalizer(G* g, void* entry)
    {
        if (Fetch(g, (GoFinEntry*)entry))
            return;
        Sched.State(g)->Keep0 = (byte*)entry;
        Sched.State(g)->OnWake = &AfterIdle;
        s_finalizerLock.Enter();
        s_finalizerIdle = true;
        Sched.Park(g, WaitReason.FinalizerWait, FinalizerLock);
    }

    static Lock32* FinalizerLock => (Lock32*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref s_finalizerLock);

    static bool AfterIdle(G* g)
    {
        GState* gs = Sched.State(g);
        if (Fetch(g, (GoFinEntry*)gs->Keep0))
        {
            gs->Keep0 = null;
            return true;
        }
        s_finalizerLock.Enter();
        s_finalizerIdle = true;
        Sched.ParkAgain(g, WaitReason.FinalizerWait, &AfterIdle, FinalizerLock);
        return false;
    }

    static bool Fetch(G* g, GoFinEntry* e)
    {
        *e = default;
        if (MHeap.Current->FinQueue.TryTake((MCache*)g->MCache, out FinEntry f))
        {
            e->Fn = f.Fn;
            e->Argument = f.Argument;
            e->Type = f.Type;
            e->PointerType = f.PointerType;
            e->IsCleanup = f.Kind == SpecialKind.Cleanup ? (byte)1 : (byte)0;
            e->Valid = 1;
            return true;
        }
        return PoolsStale != 0;
    }

    /// <summary>`addfinalizer(p, fn, funcType, ptrType) bool`: false if the object has one.</summary>
    [GoFunc("runtime.addfinalizer")]
    public static int AddFinalizer(G* g, void* p, void* fn, void* funcType, void* pointerType) =>
        Specials.AddFinalizer(MHeap.Current, p, (FuncVal*)fn, 0, funcType, pointerType) ? 1 : 0;

    [GoFunc("runtime.removefinalizer")]
    public static void RemoveFinalizer(G* g, void* p) => Specials.RemoveFinalizer(MHeap.Current, p);

    /// <summary>`addcleanup(p, call, arg) uint64`: 0 if p is not in the heap.</summary>
    [GoFunc("runtime.addcleanup")]
    public static ulong AddCleanup(G* g, void* p, void* call, void* arg) => Specials.AddCleanup(MHeap.Current, p, (FuncVal*)call, arg);

    [GoFunc("runtime.removecleanup")]
    public static void RemoveCleanup(G* g, ulong p, ulong number) => Specials.RemoveCleanup(MHeap.Current, (void*)p, number);

    /// <summary>`findobject(p) (base, size uintptr)`: 0 when p is not in the heap.</summary>
    [GoFunc("runtime.findobject", Safepoint = false)]
    public static ulong Find(G* g, void* p)
    {
        g->R[1] = 0;
        if (!FindObject.Find((nuint)p, out FoundObject found))
            return 0;
        g->R[1] = found.Bytes - (nuint)(found.Value - found.Slot);
        return (ulong)found.Value;
    }

    [GoFunc("runtime.sharedobject", Safepoint = false)]
    public static int IsShared(G* g, void* p) =>
        FindObject.Find((nuint)p, out FoundObject found) && found.Span->ElemBytes == HeapConsts.TinyBytes && found.Span->Class.NoScan ? 1 : 0;

    [GoFunc("runtime.refersinto", Safepoint = false)]
    public static int RefersInto(G* g, void* obj, void* target)
    {
        if (!FindObject.Find((nuint)obj, out FoundObject from) || !FindObject.Find((nuint)target, out FoundObject to) || from.Span->Class.NoScan)
            return 0;
        InSlot search = new((nuint)to.Slot, to.Span->ElemBytes);
        ObjectWalk.Pointers(ref search, from.Span, from.Slot);
        return search.Found ? 1 : 0;
    }

    struct InSlot(nuint start, nuint bytes) : IPointerVisitor
    {
        public bool Found;
        public void Visit(nuint* slot) => Found |= *slot - start < bytes;
    }

    [GoFunc("weak.runtime_registerWeakPointer")]
    public static void* RegisterWeak(G* g, void* p)
    {
        if (p == null)
            return null;
        g->Args[0] = (ulong)p;
        g->ArgCount = 1;
        void* handle = Specials.WeakHandle((MCache*)g->MCache, p);
        g->ArgCount = 0;
        return handle;
    }

    [GoFunc("weak.runtime_makeStrongFromWeak")]
    public static void* StrongFromWeak(G* g, void* handle) => Specials.Strong((MCache*)g->MCache, handle);

    // ---- roots

    /// <summary>Number of the collection whose snapshot goroutines are scanned for; changes with the world stopped.</summary>
    internal static uint ScanCycle;

    internal static void ScanRoots(ref Marker marker, bool later)
    {
        ScanCycle++;
        bool hybrid = MHeap.Current->Gc.Barrier == BarrierKind.Hybrid;
        if (later)
        {
            // The others do not run before they are scanned: see Sched.Run.
            Sched.ScanActive = 1;
            for (int i = 0; i < Sched.PCount; i++)
            {
                M* m = Sched.PAt(i)->M;
                G* g = m == null ? null : m->CurG;
                if (g == null || Sched.State(g)->Status != GStatus.Running)
                    continue;
                if (hybrid)
                    ScanLater(Sched.PAt(i), g);
                else
                    ScanOne(g, Sched.State(g), ref marker);
            }
        }
        else
        {
            LeakSearch.Begin();
            for (int i = 0; i < Sched.AllCount; i++)
            {
                G* g = Sched.All(i);
                GState* gs = Sched.State(g);
                marker.Root((nuint)g);
                if (gs->Status is not (GStatus.Dead or GStatus.Idle) && !LeakSearch.HoldsBack(gs))
                    ScanOne(g, gs, ref marker);
            }
        }
        MarkOwnObjects(ref marker);
        TypeTable.MarkRoots(ref marker);
        Timers.MarkRoots(ref marker);
    }

    /// <summary>What Ps keep for reuse: a goroutine may have had it when the cycle began, and have given it back before its stack was scanned.</summary>
    static void MarkOwnObjects(ref Marker marker)
    {
        Defers.MarkRoots(ref marker);
        Sudog.MarkRoots(ref marker);
        Sched.MarkTable(ref marker);
    }

    /// <summary>A goroutine is born with what its parent's stack held: under barriers that leave that stack grey it is scanned before it runs.</summary>
    internal static bool ScansNewborn;

    /// <summary>World stopped: the goroutine will scan its own stack at its next safepoint; until then its P is grey.</summary>
    static void ScanLater(P* p, G* g)
    {
        Sched.State(g)->ScanWanted = 1;
        if (p->MCache != null)
            ((MCache*)p->MCache)->Grey = 1;
        Sysmon.Ask(g);
    }

    /// <summary>The running goroutine, at a safepoint.</summary>
    static void ScanSelf(G* g)
    {
        GState* gs = Sched.State(g);
        gs->ScanWanted = 0;
        if (Sched.ScanActive == 0 || g->MCache == null)
            return;
        if (gs->ScanCycle != ScanCycle)
            ScanBeforeRun(g, gs);
        Barrier.Blacken((MCache*)g->MCache);
    }

    /// <summary>See <see cref="IWorld.ScanRootsAgain"/>.</summary>
    internal static void ScanRootsAgain(ref Marker marker, bool all)
    {
        s_lastStop = true;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (all)
                marker.Root((nuint)g);
            if (gs->Status is GStatus.Dead or GStatus.Idle || (!all && gs->ScanCycle == ScanCycle))
                continue;
            bool again = gs->ScanCycle == ScanCycle;
            gs->ScanCycle = ScanCycle;
            Scan(g, ref marker, again);
        }
        s_lastStop = false;
        MarkOwnObjects(ref marker);
        TypeTable.MarkRoots(ref marker);
        Timers.MarkRoots(ref marker);
    }

    internal static void ScanOne(G* g, GState* gs, ref Marker marker)
    {
        gs->ScanCycle = ScanCycle;
        if (!IsCheck && gs->NativeLive == 0 && gs->NoMove == 0 && gs->Status is GStatus.Waiting or GStatus.Runnable && g->Sp != null)
            Stacks.Shrink(g, beside: false);
        Scan(g, ref marker);
    }

    /// <summary>A part of the goroutines, while the world runs; false behind the last.</summary>
    internal static bool ScanStacks(ref Marker marker, int from, int to)
    {
        int count = Sched.AllCount;
        for (int i = from; i < to && i < count; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            marker.Root((nuint)g);
            if (gs->ScanCycle == ScanCycle || (GStatus)Volatile.Read(ref *(int*)&gs->Status) is GStatus.Dead or GStatus.Idle)
                continue;
            // Who runs was scanned when marking began, or before it ran.
            if (!Sched.TryBeginScan(g))
                continue;
            if (gs->ScanCycle != ScanCycle && gs->Status is not (GStatus.Dead or GStatus.Idle))
            {
                gs->ScanCycle = ScanCycle;
                if (gs->Keep0 == null && gs->NativeLive == 0 && gs->NoMove == 0
                    && gs->Status is GStatus.Waiting or GStatus.Runnable && g->Sp != null)
                    Stacks.Shrink(g, beside: true);
                Scan(g, ref marker);
            }
            Sched.EndScan(g);
        }
        return to < count;
    }

    /// <summary>A goroutine is about to run that nobody has scanned in this cycle. Its ScanLock is held.</summary>
    internal static void ScanBeforeRun(G* g, GState* gs)
    {
        P* p = Sched.ThisP;
        gs->ScanCycle = ScanCycle;
        MCache* c = (MCache*)p->MCache;
        Scan(g, ref Assist.BeginRoots(c));
        Assist.EndRoots(c);
    }

    internal static void MarkingDone() => Sched.ScanActive = 0;

    /// <summary>The marks are complete; roots are scanned once more to check them.</summary>
    static bool IsCheck => MHeap.Current->Gc.Phase == Phase.MarkTermination;

    static bool s_lastStop;

    /// <summary>
    /// With the insertion barrier stacks are looked at in the last stop alone: an object whose words are being set for the first time, without a barrier,
    /// must not be black already because its own stack has shown it.
    /// </summary>
    static bool StacksAreLast => MemoryPlan.Barrier == BarrierKind.Insertion && Barrier.Enabled != 0;

    /// <summary>The pacer and the starting size count every stack once in a cycle.</summary>
    static void Scan(G* g, ref Marker marker, bool again = false)
    {
        if (!StacksAreLast || s_lastStop || IsCheck)
            StackTracer.Run(g, ref marker).Dispose();
        if (g->Sp != null && !again && !IsCheck)
        {
            marker.StackScanBytes += g->StackHi - g->Sp;
            StackStats.Scanned(g->StackHi - g->Sp);
        }
    }
}

/// <summary>The world as the memory system sees it.</summary>
sealed unsafe class RuntimeWorld : IWorld
{
    // An M that has found the program dead has no P.
    static bool IsOutside => Threads.Current == null || Threads.Current->P == null;

    public void StopTheWorld()
    {
        if (IsOutside)
            Sched.StopTheWorldFromOutside();
        else
            Sched.StopTheWorld(StopReason.GcFull);
    }

    public void StartTheWorld()
    {
        if (IsOutside)
            Sched.StartTheWorldFromOutside();
        else
            Sched.StartTheWorld();
    }

    public void ScanRoots(ref Marker marker, bool later) => Gc.ScanRoots(ref marker, later);

    public void ScanRootsAgain(ref Marker marker, bool all) => Gc.ScanRootsAgain(ref marker, all);

    public bool ScanStacks(ref Marker marker, int from, int to) => Gc.ScanStacks(ref marker, from, to);

    public bool WantsOneStop => LeakSearch.Wanted;

    public bool ScanHeldBack(ref Marker marker) => LeakSearch.Next(ref marker);

    public void MarkingDone() => Gc.MarkingDone();

    public void AttendStop(MCache* cache) => Gc.AttendStop();

    public bool Pause(MCache* cache) => Gc.Pause();

    public int Processors => Sched.MaxProcsInUse;

    // The collector's own thread takes the place of one.
    public int IdleProcessors => System.Math.Max(0, Sched.IdlePs - 1);

    public double MarkShare =>
        Sched.MaxProcsInUse - Sched.IdlePs < MaxProcs.Cpus ? 1 : double.Clamp(Sched.MaxProcsInUse / 4.0, 0.25, 1);

    public bool CallsForSweep => Sysmon.IsRunning;

    public void ForcedByTime()
    {
        if (DebugFlags.GcTrace)
            Print.Text("GC forced\n");
    }

    public void CollectorRests() => Sched.CheckDead();

    public void SweepDone()
    {
        MemProfile.Swept();
        Sched.FreeDeadStacks();
        Gc.SweepDone();
    }

    public void SampleAlloc(MCache* cache, byte* slot, long bytes) => MemProfile.Alloc(cache, slot, bytes);

    public void SampleFree(void* sample) => MemProfile.Free(sample);

    public void CycleStart() { }

    public void RequestCollect(MCache* cache) => Gc.Request(cache);

    public void FinalizersReady() => Gc.FinalizersReady();

    public void CycleDone(in CycleStats cycle)
    {
        Snapshots.CycleDone(cycle.HeapMarked, cycle.InOneStop);
        MemoryReport.CycleDone(cycle);
        Timers.DropDead();
        MemProfile.NextCycle();
        StackStats.AdaptStart();
        StackAlloc.DrainCaches();
        Metrics.Paused(cycle);
        Sysmon.Start(); // it sees to what is left to sweep, and to pages of files
        if (Gc.PoolsHold && cycle.Trigger != GcTrigger.Forced)
            Gc.CleanPools();
        if (DebugFlags.GcTrace)
            GcTrace.Print(cycle, MaxProcs.Value);
    }

    public long NanoTime() => Clock.Nano();

    public long UnixNano() => Clock.UnixNano();

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void Fatal(string message) => Throw.Fatal(message);

    public void Explain(string text) => Print.Text(text);
}

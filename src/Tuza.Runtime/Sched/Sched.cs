// The scheduler: birth and death of goroutines, waiting and waking. The loop is in Loop.cs, queues in RunQueue.cs, stops in World.cs.
//
// G, M and P as in Go: an M (thread) needs a P to run goroutines; there are GOMAXPROCS Ps.
//
// Waking. Ready puts a goroutine into RunNext of the waker's P; the one that was there goes to the ring. If Ps are idle and nobody looks for
// work, a go statement wakes one as soon as the ring is not empty, Ready when two wait there. Fewer wake nobody at first: mostly their waker parks
// within microseconds, and handing them to another processor would cost more. If they do wait, the monitor notices within a millisecond and wakes a P;
// if it was RunNext (GiveNext), the P is eager for a while: it wakes an idle P with every Ready.
//
// Differs from Go there, and in that RunNext cannot be stolen.

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Goroutines and the right to run.</summary>
public static unsafe partial class Sched
{
    const int EagerReadies = 256;
    const int FreePerP = 64, FreeBatch = 32, GoidBatch = 16, FirstTable = 16;

    static Lock32 s_lock;          // global queue, lists of idle Ms and Ps, stops
    static Lock32 s_gLock;         // table of all goroutines, free ones
    static G** s_all;              // an object of the heap that grows like a slice, as Go's
    static G** s_allBefore;        // its last but one place: somebody may just have read where it was
    static int s_allCount;
    static int s_allCapacity;
    static G* s_freeG;
    static G* s_bareG; // the same without stacks
    static long s_lastGoid;
    static G* s_main;
    static bool s_mainGone;

    /// <summary>Collections asked for and not yet done: every safepoint that may collect looks here.</summary>
    public static int GcPending;

    public static int AllCount => Volatile.Read(ref s_allCount);

    public static G* All(int index) => s_all[index];

    /// <summary>Goroutines that are neither dead nor the runtime's own.</summary>
    public static int LiveCount
    {
        get
        {
            long n = s_liveElsewhere;
            for (int i = 0; i < s_psMade; i++)
                n += Volatile.Read(ref s_ps[i]->LiveDelta);
            return (int)n;
        }
    }

    static long s_liveElsewhere;

    /// <summary>Goroutines made so far: Ps take numbers in batches.</summary>
    public static long CreatedCount
    {
        get
        {
            long n = s_lastGoid;
            for (int i = 0; i < s_psMade; i++)
                n -= Volatile.Read(ref s_ps[i]->EndGoid) - Volatile.Read(ref s_ps[i]->NextGoid);
            return n;
        }
    }

    internal static void CountLive(int n)
    {
        P* p = ThisP;
        if (p != null)
            p->LiveDelta += n;
        else
            Interlocked.Add(ref s_liveElsewhere, n);
    }

    public static G* MainG => s_main;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GState* State(G* g) => (GState*)(g + 1);

    /// <summary>The P on which a running goroutine runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static P* POf(G* g) => ((M*)g->M)->P;

    // ---- birth

    /// <summary>Makes the first P. Once, before any goroutine; the allocation cache may be null in tests that do not allocate.</summary>
    public static void Init(void* mcache)
    {
        s_psMade = 0;
        s_maxProcs = 1;
        P* p = MakeP(0, mcache);
        p->Status = PStatus.Running;
    }

    internal static int GBytes => sizeof(G) + sizeof(GState);

    /// <summary>A goroutine that will call <paramref name="entry"/> (or what the caller sets up); not yet runnable.</summary>
    public static G* NewG(FuncVal* entry, G* parent)
    {
        P* p = ThisPOrFirst;
        G* g = p->FreeG;
        if (g == null && (s_freeG != null || s_bareG != null))
            g = RefillFree(p);
        if (g != null)
        {
            p->FreeG = State(g)->SchedLink;
            p->FreeGCount--;
            byte* lo = g->StackLo, hi = g->StackHi;
            int index = State(g)->Index;
            Timer* sleep = State(g)->SleepTimer;
            // A scanner that looked at the dead goroutine must have left; the clearing releases the lock.
            if (ScanActive != 0)
                TakeScanLock(State(g));
            new Span<byte>(g, GBytes).Clear();
            g->StackLo = lo;
            g->StackHi = hi;
            State(g)->Index = index;
            State(g)->SleepTimer = sleep;
            if (g->StackLo != null && g->StackHi - g->StackLo != Stacks.StartingBytes)
                Stacks.Detach(g);
            if (g->StackLo == null)
                Stacks.Attach(g, Stacks.StartingBytes);
        }
        else
        {
            g = NewBlock(p);
            Stacks.Attach(g, Stacks.MinBytes);
        }
        g->Sp = g->StackHi;
        g->StackGuard = g->StackLo + Stacks.RedZoneBytes;
        Stacks.ResetGuard(g);
        if (p->NextGoid == p->EndGoid)
        {
            p->EndGoid = Interlocked.Add(ref s_lastGoid, GoidBatch) + 1;
            p->NextGoid = p->EndGoid - GoidBatch;
        }
        g->Goid = p->NextGoid++;
        GState* gs = State(g);
        gs->Entry = entry;
        gs->ScanCycle = Gc.ScansNewborn ? 0 : Gc.ScanCycle;
        gs->StartCode = entry == null ? null : entry->Code;
        if (parent != null)
        {
            gs->ParentGoid = parent->Goid;
            gs->GoPc = FrameWalk.CallerPc(parent);
            gs->ProfLabels = State(parent)->ProfLabels;
            gs->Bubble = State(parent)->Bubble;
        }
        return g;
    }

    /// <summary>A block for a goroutine that never was; it is in the table from now on, as Idle.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static G* NewBlock(P* p)
    {
        G* g = (G*)Alloc.OwnObject(p, GBytes);
        s_gLock.Enter();
        while (s_allCount == s_allCapacity)
            GrowAll(p);
        int index = s_allCount;
        s_all[index] = g;
        State(g)->Index = index;
        Volatile.Write(ref s_allCount, index + 1);
        s_gLock.Exit();
        if (index >= Limits.GoroutineTable)
            Limits.ManyGoroutines();
        return g;
    }

    /// <summary>The table is full: a larger one, if nobody has made it meanwhile. s_gLock is held, and left for the allocation.</summary>
    static void GrowAll(P* p)
    {
        int full = s_allCapacity;
        s_gLock.Exit();
        int bytes = (int)Alloc.RoundUp((nuint)(Slices.NextCap(full + 1, Math.Max(full, FirstTable / 2)) * sizeof(nint)), noscan: false);
        // As large as one with pointers, and a header if that has one.
        var table = (G**)Alloc.OwnObject(p, bytes is > HeapConsts.MaxHeapBitsBytes and <= HeapConsts.MaxSmallAlloc ? bytes + HeapConsts.MallocHeaderBytes : bytes);
        s_gLock.Enter();
        if (s_allCapacity != full)
            return;
        new Span<nint>(s_all, full).CopyTo(new Span<nint>(table, full));
        s_allBefore = s_all;
        s_all = table;
        s_allCapacity = bytes / sizeof(nint);
    }

    /// <summary>World stopped, marking begins: the table. The goroutines in it are marked one by one.</summary>
    internal static void MarkTable(ref Memory.Marker marker)
    {
        marker.Root((nuint)s_all);
        marker.Root((nuint)s_allBefore);
    }

    static G* RefillFree(P* p)
    {
        s_gLock.Enter();
        for (int i = 0; i < FreeBatch && (s_freeG != null || s_bareG != null); i++)
        {
            ref G* list = ref s_freeG != null ? ref s_freeG : ref s_bareG;
            G* g = list;
            list = State(g)->SchedLink;
            State(g)->SchedLink = p->FreeG;
            p->FreeG = g;
            p->FreeGCount++;
        }
        s_gLock.Exit();
        return p->FreeG;
    }

    static void PutFree(P* p, G* g)
    {
        State(g)->SchedLink = p->FreeG;
        p->FreeG = g;
        if (++p->FreeGCount >= FreePerP)
            DrainFree(p, FreeBatch);
    }

    static void DrainFree(P* p, int keep)
    {
        s_gLock.Enter();
        while (p->FreeGCount > keep)
        {
            G* g = p->FreeG;
            p->FreeG = State(g)->SchedLink;
            p->FreeGCount--;
            State(g)->SchedLink = s_freeG;
            s_freeG = g;
        }
        s_gLock.Exit();
    }

    /// <summary>A collection is over: dead goroutines that no P keeps at hand lose their stacks.</summary>
    internal static void FreeDeadStacks()
    {
        G* batch = null, last = null;
        do
        {
            s_gLock.Enter();
            if (batch != null)
            {
                State(last)->SchedLink = s_bareG;
                s_bareG = batch;
            }
            batch = last = s_freeG;
            for (int i = 1; i < FreeBatch && last != null && State(last)->SchedLink != null; i++)
                last = State(last)->SchedLink;
            if (last != null)
            {
                s_freeG = State(last)->SchedLink;
                State(last)->SchedLink = null;
            }
            s_gLock.Exit();
            for (G* g = batch; g != null; g = State(g)->SchedLink)
                if (g->StackLo != null)
                    Stacks.Detach(g);
        }
        while (batch != null);
    }

    [GoFunc("runtime.newproc")]
    public static void NewProc(G* g, void* fn)
    {
        if (fn == null)
            Throw.Fatal("go of nil func value");
        G* child = NewG((FuncVal*)fn, g);
        if (State(child)->Bubble != null)
            Bubbles.Born(child, idle: false);
        P* p = POf(g);
        p->LiveDelta++;
        Ready(p, child, next: true);
        if (s_idlePCount != 0 && p->QueueTail != p->QueueHead)
            WakeP();
        Sysmon.Start();
    }

    /// <summary>A goroutine of the runtime itself: not counted, not shown, does not keep the program alive.</summary>
    public static G* NewSystemG(void* code)
    {
        G* g = NewG(null, null);
        State(g)->Inject = code;
        State(g)->IsSystem = 1;
        Sysmon.Start();
        return g;
    }

    /// <summary>Makes the main goroutine: it calls the code words one after the other (initialisers, main.main), then the process exits.</summary>
    public static G* NewMain(void** startList)
    {
        G* g = NewG(null, null);
        State(g)->StartList = startList;
        s_main = g;
        CountLive(1);
        Ready(g);
        return g;
    }

    static void Finish(P* p, G* g)
    {
        GState* gs = State(g);
        if (g == s_main)
        {
            if (gs->StartList != null && *gs->StartList == null && g->Panic == null && !s_mainGone && gs->Scratch0 != MainGoexit)
                Exit.Now(0);
            s_mainGone = true;
        }
        if (gs->IsSystem == 0)
            p->LiveDelta--;
        if (gs->Bubble != null)
            Bubbles.Died(g);
        gs->Status = GStatus.Dead;
        Stacks.Release(g);
        PutFree(p, g);
    }

    /// <summary>Value of Scratch0 of a main goroutine that ended by Goexit.</summary>
    const long MainGoexit = 0x60e817;

    /// <summary>All deferred calls have run: ends the goroutine.</summary>
    [GoFunc("runtime.goexit0", Parks = true, NoReturn = true)]
    public static void GoExit0(G* g)
    {
        if (g == s_main)
            State(g)->Scratch0 = MainGoexit;
        Trampoline.StartUnwind(g, UnwindReason.Goexit);
    }

    // ---- waiting and waking

    /// <summary>
    /// The running goroutine, whose caller's frame is g->Sp, waits until <see cref="Ready(G*, bool)"/>. The native frames return first; then
    /// <paramref name="held"/>, under which it can be found, is released.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Park(G* g, WaitReason reason, Lock32* held)
    {
        GState* gs = State(g);
        gs->WaitReason = reason;
        gs->WaitSince = Sysmon.CoarseNanos;
        if (BlockProfile.On)
            BlockProfile.Parking(gs, reason);
        gs->ParkKind = ParkKind.Wait;
        gs->ParkLock = held;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    /// <summary>The same with a function to call when the native frames are gone.</summary>
    public static void Park(G* g, WaitReason reason, delegate*<G*, bool> commit)
    {
        State(g)->ParkCommit = commit;
        Park(g, reason, (Lock32*)null);
    }

    /// <summary>For ever, or until somebody who knows the goroutine otherwise makes it ready.</summary>
    public static void Park(G* g, WaitReason reason) => Park(g, reason, (Lock32*)null);

    /// <summary>The same from an OnWake function: there are no native frames, so the lock is released at once. Return false then.</summary>
    public static void ParkAgain(G* g, WaitReason reason, delegate*<G*, bool> onWake, Lock32* held)
    {
        GState* gs = State(g);
        gs->WaitReason = reason;
        gs->OnWake = onWake;
        SetParked(g);
        held->Exit();
    }

    /// <summary>In an OnWake function: waits again, from the release of the locks on.</summary>
    internal static void SetParked(G* g)
    {
        ((M*)g->M)->CurG = null;
        Volatile.Write(ref *(int*)&State(g)->Status, (int)GStatus.Waiting);
        if (State(g)->Bubble != null)
            Bubbles.Parked(g);
    }

    /// <summary>In an OnWake function: to the end of the global queue, to be asked again.</summary>
    internal static void YieldAgain(G* g, delegate*<G*, bool> onWake)
    {
        State(g)->OnWake = onWake;
        ((M*)g->M)->CurG = null;
        Volatile.Write(ref *(int*)&State(g)->Status, (int)GStatus.Runnable);
        GlobalPut(g);
    }

    /// <summary>Makes a waiting or new goroutine runnable. From any thread.</summary>
    public static void Ready(G* g, bool next = true)
    {
        P* p = ThisPOrFirst;
        if (p != null)
        {
            Ready(p, g, next);
            return;
        }
        if (State(g)->Bubble != null && State(g)->BubbleIdle != 0)
            Bubbles.Woken(g);
        State(g)->WaitReason = WaitReason.None;
        State(g)->Status = GStatus.Runnable;
        GlobalPut(g);
        WakeP();
    }

    /// <summary>
    /// The same from a thread without a P, for who has waited for that thread's work: before all others. If no P is idle, a running goroutine makes room.
    /// </summary>
    internal static void ReadyFirst(G* g)
    {
        State(g)->WaitReason = WaitReason.None;
        State(g)->Status = GStatus.Runnable;
        s_lock.Enter();
        s_global.PushFront(g);
        Volatile.Write(ref s_urgent, 1);
        s_lock.Exit();
        if (SomeIdle)
            WakeP();
        else
            Sysmon.PreemptAny();
    }

    /// <summary>The same on the caller's P.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ready(P* p, G* g, bool next)
    {
        GState* gs = State(g);
        Debug.Assert(gs->Status is GStatus.Waiting or GStatus.Idle);
        if (gs->Bubble != null && gs->BubbleIdle != 0)
            Bubbles.Woken(g);
        gs->WaitReason = WaitReason.None;
        gs->Status = GStatus.Runnable;
        if (--p->ReadyTick < 0)
            p->MeasureLatency(gs);
        if (next)
        {
            G* old = p->RunNext;
            p->RunNext = g;
            if (old == null && p->Eager == 0)
                return;
            g = old;
        }
        ReadySlow(p, g);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void ReadySlow(P* p, G* g)
    {
        if (g != null)
            LocalPut(p, g);
        else
            p->Eager--;
        // One in the ring beside RunNext has its turn soon, unless they compute for long: the monitor sees that.
        if (s_idlePCount != 0 && (g == null || p->QueueTail - Volatile.Read(ref p->QueueHead) > 1) && Volatile.Read(ref s_spinning) == 0)
            WakeP();
    }

    // ---- yielding

    /// <summary>
    /// To the end of the global queue, as in Go, where there is one P. Ps whose goroutines yield all the time would wait for each other there: to the end of
    /// the own queue when that loses no turn to the global one; but now and then to the global one all the same, which keeps the load even.
    /// </summary>
    [GoFunc("runtime.Gosched", Parks = true)]
    public static void Gosched(G* g)
    {
        const uint GlobalEvery = 16;
        P* p = POf(g);
        bool isLocal = s_maxProcs > 1 && ++p->YieldTick % GlobalEvery != 0 && (Volatile.Read(ref s_global.Count) == 0 || p->QueueTail != Volatile.Read(ref p->QueueHead));
        State(g)->ParkKind = isLocal ? ParkKind.YieldLocal : ParkKind.Yield;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    /// <summary>A loop saw g->Preempt.</summary>
    [GoFunc("runtime.goPreempt", Parks = true)]
    public static void GoPreempt(G* g)
    {
        GState* gs = State(g);
        g->Preempt = 0;
        if (gs->Status == GStatus.Syscall)
            return;
        Stacks.ResetGuard(g);
        if (gs->Locks != 0)
            return;
        Attend(g);
        if (gs->PreemptWanted != 0)
        {
            gs->PreemptWanted = 0;
            if (HasWork(POf(g)))
                Gosched(g);
        }
    }

    /// <summary>What a running goroutine does for others at a safepoint where it can stop in place; every pointer of it is in frames or in g->Args.</summary>
    public static void Attend(G* g)
    {
        M* m = (M*)g->M;
        P* p = m->P;
        p->Preempt = 0;
        if (Volatile.Read(ref s_stopWanted) != 0)
            StopHere(m);
        if (p->RunSafePointFn != 0)
            RunSafePointFn(p);
        if (p->GiveNext != 0)
            ServeNext(p);
        if (p->ProfileTicks != 0)
            CpuProfile.Sample(g, p);
        if (GcPending != 0)
            Gc.Safepoint(g);
        if (State(g)->ScanWanted != 0 && GcHooks.ScanSelf != null)
            GcHooks.ScanSelf(g);
    }

    /// <summary>Something else could run if the current goroutine yielded.</summary>
    public static bool HasWork(P* p) =>
        p->Dying != 0 || p->RunNext != null || p->QueueHead != p->QueueTail || GlobalWaiting || Timers.IsDue(p) || NetPoll.HasWaiters
        || Gc.FinalizersWait || GcHooks.WorkerWanted != 0;

    /// <summary>The frame at which a scan of this goroutine's stack starts, and the header to use for it.</summary>
    internal static byte* TopFrame(G* g, out ulong header)
    {
        GState* gs = State(g);
        byte* sp = g->Sp;
        if (gs->Status == GStatus.Syscall && gs->Keep0 != null)
        {
            header = (ulong)gs->Scratch0;
            return gs->Keep0;
        }
        if (sp == null)
            sp = g->SavedSp;
        header = sp == g->StackHi ? 0 : *(ulong*)sp;
        return sp;
    }

    /// <summary>The goroutine that runs on the thread whose native stack this is, or null.</summary>
    internal static G* WhoRunsAt(nuint sp)
    {
        M* best = null;
        for (int i = 0; i < s_psMade; i++)
        {
            M* m = s_ps[i]->M;
            if (m != null && sp >= m->NativeLimit - Threads.NativeReserveBytes && (best == null || m->NativeLimit > best->NativeLimit))
                best = m;
        }
        return best == null || sp - best->NativeLimit >= Threads.MainStackBytes ? null : best->CurG;
    }

    // ---- start

    /// <summary>Runs the program on this thread until the process exits.</summary>
    public static void RunMain()
    {
        M* m = BeginMain();
        MakeFirstPs(MaxProcs.InUse);
        Loop(m);
    }

    static M* BeginMain()
    {
        M* m = Threads.NewM();
        s_mCount++;
        Threads.Bind(m);
        Acquire(m, s_ps[0]);
        return m;
    }

    /// <summary>Body of every further thread.</summary>
    internal static void ThreadMain(M* m)
    {
        Acquire(m, m->NextP);
        m->NextP = null;
        Loop(m);
    }

    /// <summary>For tests: runs until nothing is runnable and nobody waits for time, then returns.</summary>
    internal static void RunUntilIdle()
    {
        M* m = BeginMain();
        P* p = m->P;
        for (; ; )
        {
            Timers.Run(p);
            G* g = LocalGet(p, out bool inherits);
            if (g == null)
                g = GlobalGet(p, 1);
            if (g == null)
            {
                long next = Timers.FirstOfAll();
                if (next == long.MaxValue)
                    return;
                _ = NetPoll.Sleep();
                continue;
            }
            while (g != null)
            {
                g = Run(m, g, inherits);
                inherits = true;
            }
        }
    }
}

// The scheduler: which goroutine runs next, and where the others wait.
//
// Queues. newproc and ready put a goroutine into the P's RunNext slot; the one that was there goes to the tail of the P's queue. Yielding
// and preempted goroutines, and those coming back from system calls, go to the global queue. Every 61st round the global queue is first.
// This is the order of Go with GOMAXPROCS=1, which programs can see.
//
// Threads. One thread holds the P and runs this loop. When the P was taken away during a system call (Sysmon), the thread waits until it is
// granted again. Only the holder of the P touches queues, channels, timers and semaphores; s_lock protects what others share with it: the
// global queue, the list of idle threads and grants.
//
// Idle. With nothing to run the holder fires timers, polls the network, and waits in NetPoll.Wait until the next timer. If there is
// nothing to wait for either, all goroutines are asleep.

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Goroutines and the right to run.</summary>
public static unsafe partial class Sched
{
    const int RunningStatus = 1, IdleStatus = 0;
    const int GlobalFirstEvery = 61;

    static readonly Lock s_lock = new();
    static G** s_all;
    static int s_allCount, s_allCapacity;
    static P* s_p;
    static G* s_globalHead, s_globalTail;
    static int s_globalCount;
    static long s_lastGoid;
    static int s_live;       // goroutines that are neither dead nor system
    static int s_inSyscall;  // goroutines in system calls, under s_lock or by interlocked operations
    static G* s_main;
    static bool s_mainGone;

    /// <summary>Collections asked for and not yet done: every safepoint that may collect looks here.</summary>
    public static int GcPending;

    public static P* CurrentP => s_p;

    public static int AllCount => s_allCount;

    public static G* All(int index) => s_all[index];

    public static int LiveCount => s_live;

    public static long CreatedCount => s_lastGoid;

    internal static void CountLive(int n) => s_live += n;

    public static G* MainG => s_main;

    // ---- birth

    /// <summary>Makes the P. Once, before any goroutine; the allocation cache may be null in tests that do not allocate.</summary>
    public static void Init(void* mcache)
    {
        s_p = (P*)NativeMemory.AllocZeroed((nuint)sizeof(P));
        s_p->MCache = mcache;
        s_p->Rand = Rand.Seed();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GState* State(G* g) => (GState*)g->Runtime;

    /// <summary>A goroutine that will call <paramref name="entry"/> (or what the caller sets up); not yet runnable.</summary>
    public static G* NewG(FuncVal* entry, G* parent)
    {
        G* g = s_p->FreeG;
        if (g != null)
        {
            s_p->FreeG = State(g)->SchedLink;
            byte* lo = g->StackLo, hi = g->StackHi;
            int index = State(g)->Index;
            new Span<byte>(g, sizeof(G) + sizeof(GState)).Clear();
            g->StackLo = lo;
            g->StackHi = hi;
            g->Runtime = (byte*)g + sizeof(G);
            State(g)->Index = index;
        }
        else
        {
            g = (G*)NativeMemory.AllocZeroed((nuint)(sizeof(G) + sizeof(GState)));
            g->Runtime = (byte*)g + sizeof(G);
            if (s_allCount == s_allCapacity)
            {
                s_allCapacity = Math.Max(64, s_allCapacity * 2);
                s_all = (G**)NativeMemory.Realloc(s_all, (nuint)(s_allCapacity * sizeof(G*)));
            }
            State(g)->Index = s_allCount;
            s_all[s_allCount++] = g;
        }
        if (g->StackLo == null)
            Stacks.Attach(g, Stacks.StartingBytes);
        g->Sp = g->StackHi;
        g->StackGuard = g->StackLo + Stacks.RedZoneBytes;
        Stacks.ResetGuard(g);
        g->Goid = ++s_lastGoid;
        GState* gs = State(g);
        gs->Entry = entry;
        gs->Status = GStatus.Idle;
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

    [GoFunc("runtime.newproc")]
    public static void NewProc(G* g, void* fn)
    {
        if (fn == null)
            Throw.Fatal("go of nil func value");
        G* child = NewG((FuncVal*)fn, g);
        s_live++;
        Ready(child);
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
        s_live++;
        Ready(g);
        return g;
    }

    static void Finish(G* g)
    {
        GState* gs = State(g);
        if (g == s_main)
        {
            if (gs->StartList != null && *gs->StartList == null && g->Panic == null && !s_mainGone && gs->Scratch0 != MainGoexit)
                Exit.Now(0);
            s_mainGone = true;
        }
        if (gs->IsSystem == 0)
            s_live--;
        gs->Status = GStatus.Dead;
        Stacks.Release(g);
        gs->SchedLink = s_p->FreeG;
        s_p->FreeG = g;
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

    /// <summary>The running goroutine, whose caller's frame is g->Sp, waits until <see cref="Ready"/>. The native frames return first.</summary>
    public static void Park(G* g, WaitReason reason)
    {
        GState* gs = State(g);
        gs->Status = GStatus.Waiting;
        gs->WaitReason = reason;
        gs->WaitSince = Sysmon.CoarseNanos;
        gs->ParkKind = ParkKind.Wait;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    /// <summary>The same from an OnWake function: there are no native frames.</summary>
    public static void ParkAgain(G* g, WaitReason reason, delegate*<G*, bool> onWake)
    {
        GState* gs = State(g);
        gs->Status = GStatus.Waiting;
        gs->WaitReason = reason;
        gs->OnWake = onWake;
    }

    /// <summary>Makes a waiting or new goroutine runnable.</summary>
    public static void Ready(G* g, bool next = true)
    {
        GState* gs = State(g);
        Debug.Assert(gs->Status is GStatus.Waiting or GStatus.Idle);
        gs->Status = GStatus.Runnable;
        gs->WaitReason = WaitReason.None;
        RunQPut(s_p, g, next);
    }

    static void RunQPut(P* p, G* g, bool next)
    {
        if (next)
        {
            G* old = p->RunNext;
            p->RunNext = g;
            if (old == null)
                return;
            g = old;
        }
        State(g)->SchedLink = null;
        if (p->RunTail == null)
            p->RunHead = g;
        else
            State(p->RunTail)->SchedLink = g;
        p->RunTail = g;
        p->RunCount++;
    }

    /// <summary>Puts a goroutine at the end of the global queue; from any thread.</summary>
    static void GlobalPut(G* g)
    {
        lock (s_lock)
        {
            State(g)->SchedLink = null;
            if (s_globalTail == null)
                s_globalHead = g;
            else
                State(s_globalTail)->SchedLink = g;
            s_globalTail = g;
            Volatile.Write(ref s_globalCount, s_globalCount + 1);
        }
    }

    static G* GlobalGet()
    {
        if (Volatile.Read(ref s_globalCount) == 0)
            return null;
        lock (s_lock)
        {
            G* g = s_globalHead;
            if (g == null)
                return null;
            s_globalHead = State(g)->SchedLink;
            if (s_globalHead == null)
                s_globalTail = null;
            Volatile.Write(ref s_globalCount, s_globalCount - 1);
            State(g)->SchedLink = null;
            return g;
        }
    }

    static G* LocalGet(P* p)
    {
        G* g = p->RunNext;
        if (g != null)
        {
            p->RunNext = null;
            return g;
        }
        g = p->RunHead;
        if (g == null)
            return null;
        p->RunHead = State(g)->SchedLink;
        if (p->RunHead == null)
            p->RunTail = null;
        p->RunCount--;
        State(g)->SchedLink = null;
        return g;
    }

    /// <summary>Something else could run if the current goroutine yielded.</summary>
    public static bool HasWork(P* p) =>
        p->RunNext != null || p->RunHead != null || Volatile.Read(ref s_globalCount) != 0 || Timers.IsDue() || NetPoll.HasWaiters
        || Gc.FinalizersWait;

    internal static bool GlobalWaiting => Volatile.Read(ref s_globalCount) != 0;

    // ---- yielding

    [GoFunc("runtime.Gosched", Parks = true)]
    public static void Gosched(G* g)
    {
        State(g)->ParkKind = ParkKind.Yield;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    /// <summary>A loop saw g->Preempt.</summary>
    [GoFunc("runtime.goPreempt", Parks = true)]
    public static void GoPreempt(G* g)
    {
        GState* gs = State(g);
        g->Preempt = 0;
        Stacks.ResetGuard(g);
        if (gs->Locks != 0)
            return;
        if (GcPending != 0)
            Gc.Safepoint(g);
        if (gs->PreemptWanted != 0)
        {
            gs->PreemptWanted = 0;
            if (HasWork(s_p))
                Gosched(g);
        }
    }

    // ---- the loop

    /// <summary>Body of a thread: runs goroutines whenever it holds the P.</summary>
    static void Loop(M* m)
    {
        for (; ; )
        {
            if (m->P == null)
                Threads.WaitForGrant(m);
            P* p = m->P;
            G* g = FindRunnable(p);
            while (g != null)
                g = RunOrHandOver(m, p, g);
        }
    }

    /// <summary>Runs one goroutine; returns the one that must run next, or null.</summary>
    static G* RunOrHandOver(M* m, P* p, G* g)
    {
        GState* gs = State(g);
        if (gs->BoundM != null && gs->BoundM != m)
        {
            M* other = gs->BoundM;
            m->P = null;
            Threads.Grant(other, p);
            return null;
        }
        p->SchedTick++;
        p->M = m;
        m->CurG = g;
        g->M = m;
        g->MCache = p->MCache;
        g->Preempt = 0;
        gs->PreemptWanted = 0;
        gs->Status = GStatus.Running;
        if (gs->OnWake != null)
        {
            delegate*<G*, bool> onWake = gs->OnWake;
            gs->OnWake = null;
            if (!onWake(g))
            {
                m->CurG = null;
                return null;
            }
        }
        Stacks.ResetGuard(g);
        if (GcPending != 0)
            g->Guard = (byte*)nuint.MaxValue;
        bool alive = Trampoline.Run(g, gs);
        m->CurG = null;
        if (!alive)
        {
            Finish(g);
            return null;
        }
        switch (gs->ParkKind)
        {
            case ParkKind.Yield:
                gs->Status = GStatus.Runnable;
                GlobalPut(g);
                return null;
            case ParkKind.Switch:
                G* next = gs->SwitchTo;
                gs->SwitchTo = null;
                return next;
            case ParkKind.Wait:
            case ParkKind.Continue:
            default:
                return null;
        }
    }

    static G* FindRunnable(P* p)
    {
        for (; ; )
        {
            if (GcPending != 0)
                Gc.CollectIdle(p);
            long now = Timers.Run();
            _ = Gc.TryWakeFinalizers();
            if (p->SchedTick % GlobalFirstEvery == 0)
            {
                G* first = GlobalGet();
                if (first != null)
                {
                    p->SchedTick++;
                    return first;
                }
            }
            G* g = LocalGet(p);
            if (g == null)
                g = GlobalGet();
            if (g != null)
                return g;
            NetPoll.Poll(0);
            if (p->RunNext != null || p->RunHead != null || Volatile.Read(ref s_globalCount) != 0)
                continue;
            WaitForWork(p, now);
        }
    }

    /// <summary>Nothing to run: waits for a timer, the network, a thread coming back from a system call, or reports a deadlock.</summary>
    static void WaitForWork(P* p, long now)
    {
        long next = Timers.NextWhen;
        if (next == long.MaxValue && !NetPoll.HasWaiters && Volatile.Read(ref s_inSyscall) == 0 && !Signals.AnyoneListens)
        {
            // A thread may have come back between the look at the queue and now.
            if (Volatile.Read(ref s_globalCount) != 0)
                return;
            if (s_mainGone)
                Throw.FatalUser("no goroutines (main called runtime.Goexit) - deadlock!");
            Throw.Deadlock();
        }
        Gc.Idle(p);
        long delay = next == long.MaxValue ? -1 : Math.Max(0, next - Clock.Nano());
        if (delay != 0)
            NetPoll.Poll(delay);
    }

    // ---- system calls

    /// <summary>Leaves Go: the P may be taken away. The frame of the caller stays as it is until <see cref="ExitSyscall"/>.</summary>
    [GoFunc("runtime.entersyscall")]
    [GoFunc("syscall.runtime_entersyscall")]
    public static void EnterSyscall(G* g)
    {
        GState* gs = State(g);
        M* m = (M*)g->M;
        gs->Locks++;
        gs->Keep0 = g->Sp;
        gs->Scratch0 = *(long*)g->Sp;
        gs->Status = GStatus.Syscall;
        Interlocked.Increment(ref s_inSyscall);
        s_p->SyscallTick++;
        Volatile.Write(ref s_p->Status, 2 | m->Id << 4);
    }

    /// <summary>Back to Go: takes the P again, waiting for it if somebody else has it.</summary>
    [GoFunc("runtime.exitsyscall")]
    [GoFunc("syscall.runtime_exitsyscall")]
    public static void ExitSyscall(G* g)
    {
        GState* gs = State(g);
        M* m = (M*)g->M;
        if (Interlocked.CompareExchange(ref s_p->Status, RunningStatus, 2 | m->Id << 4) != (2 | m->Id << 4))
            Reacquire(g, gs, m);
        Interlocked.Decrement(ref s_inSyscall);
        gs->Keep0 = null;
        gs->Status = GStatus.Running;
        gs->Locks--;
        g->MCache = s_p->MCache;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Reacquire(G* g, GState* gs, M* m)
    {
        m->P = null;
        gs->BoundM = m;
        GlobalPut(g);
        NetPoll.Wake();
        Threads.WaitForGrant(m);
        gs->BoundM = null;
        s_p->M = m;
        m->CurG = g;
        s_p->SchedTick++;
    }

    /// <summary>Sysmon: takes the P from a thread that is in a system call and gives it to another thread.</summary>
    internal static void Retake(int status)
    {
        if (Interlocked.CompareExchange(ref s_p->Status, RunningStatus, status) == status)
            Threads.Grant(Threads.IdleOrNew(), s_p);
    }

    /// <summary>The frame at which a scan of this goroutine's stack starts, and the header to use for it.</summary>
    internal static byte* TopFrame(G* g, out ulong header)
    {
        GState* gs = State(g);
        byte* sp = g->Sp;
        if (gs->Keep0 != null && (gs->Status == GStatus.Syscall || gs->BoundM != null))
        {
            header = (ulong)gs->Scratch0;
            return gs->Keep0;
        }
        if (sp == null)
            sp = g->SavedSp;
        header = sp == g->StackHi ? 0 : *(ulong*)sp;
        return sp;
    }

    // ---- start

    /// <summary>Runs the program on this thread until the process exits.</summary>
    public static void RunMain()
    {
        M* m = Threads.NewM();
        Threads.Bind(m);
        m->P = s_p;
        s_p->M = m;
        s_p->Status = RunningStatus;
        Loop(m);
    }

    /// <summary>Body of every further thread.</summary>
    internal static void ThreadMain(M* m) => Loop(m);

    /// <summary>For tests: runs until nothing is runnable and nobody waits for time, then returns.</summary>
    internal static void RunUntilIdle()
    {
        M* m = Threads.NewM();
        Threads.Bind(m);
        m->P = s_p;
        s_p->M = m;
        s_p->Status = RunningStatus;
        for (; ; )
        {
            Timers.Run();
            G* g = LocalGet(s_p);
            if (g == null)
                g = GlobalGet();
            if (g == null)
            {
                long next = Timers.NextWhen;
                if (next == long.MaxValue)
                    return;
                NetPoll.Poll(Math.Max(1, next - Clock.Nano()));
                continue;
            }
            while (g != null)
                g = RunOrHandOver(m, s_p, g);
        }
    }
}

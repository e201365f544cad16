// G, M and P: the goroutine's part that emitted code does not see, the thread, and the right to run Go code.
//
// Memory. A G and its GState are one object of the heap, as large as Go's, so that counts of objects and bytes are Go's; the collector marks all of them
// (Gc.ScanStacks), so they live for ever, and dead ones are reused. An M belongs to one thread for ever. Ps lie at fixed addresses. What is "per P" is touched only by the thread that holds the P, or with the world stopped.
//
// States of a goroutine, and who changes them:
//   Idle -> Runnable      newproc
//   Runnable -> Running   the M that took it from a queue
//   Running -> Waiting    its M, when the native frames are gone; only then is the lock of what it waits for released (ParkLock), so who
//                         finds it there to wake it finds it parked
//   Waiting -> Runnable   the waker, who took it off the list it waits on: exactly one
//   Running -> Dead       its M
//   Running -> Syscall    entersyscall; back to Running if the P was not taken meanwhile, else to Runnable in the global queue, after its
//                         native frames have returned
// Plain stores are enough: at any time one thread owns the state, and hands it on through a lock or a queue. While stacks are
// scanned beside the program (Sched.ScanActive) a scanner can own it too: then changes to Running take ScanLock.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

public enum GStatus { Idle, Runnable, Running, Syscall, Waiting, Dead }

/// <summary>Why a goroutine waits. The texts are in <see cref="WaitReasons"/>.</summary>
public enum WaitReason : byte
{
    None, IOWait, ChanReceiveNilChan, ChanSendNilChan, Select, SelectNoCases, ChanReceive, ChanSend, FinalizerWait, Semacquire, Sleep,
    SyncCondWait, SyncMutexLock, SyncRWMutexRLock, SyncRWMutexLock, SyncWaitGroupWait, Coroutine, CleanupWait, TimerIdle, SynctestRun,
    SynctestWait, SynctestChanReceive, SynctestChanSend, SynctestSelect, SynctestWaitGroup, SignalWait, Preempted, GarbageCollection,
}

/// <summary>What the trampoline does when the native frames are gone and the reason is Park.</summary>
public enum ParkKind : byte
{
    /// <summary>Wait until somebody makes it ready.</summary>
    Wait,
    /// <summary>Go to the end of the global queue.</summary>
    Yield,
    /// <summary>Go to the end of the P's own queue.</summary>
    YieldLocal,
    /// <summary>Go on at once: the native stack was short, or a Go function is to be called on top (Inject).</summary>
    Continue,
    /// <summary>Hand the P directly to GState.SwitchTo.</summary>
    Switch,
}

/// <summary>The runtime's own part of a goroutine; starts right behind <see cref="G"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct GState
{
    public G* SchedLink;
    public GStatus Status;
    public WaitReason WaitReason;
    public ParkKind ParkKind;
    /// <summary>Whether its bubble counts it as durably blocked.</summary>
    public byte BubbleIdle;
    /// <summary>While above zero the goroutine is not preempted.</summary>
    public int Locks;
    /// <summary>Index in the table of all goroutines.</summary>
    public int Index;
    /// <summary>Set by sysmon with Guard and Preempt: please yield.</summary>
    public int PreemptWanted;
    /// <summary>stackstress: prologues until the next move.</summary>
    public int MovePause;
    /// <summary>The lock to release when the goroutine has parked (its native frames are gone).</summary>
    public Lock32* ParkLock;
    /// <summary>Instead of a lock: called then. False: the goroutine goes on at once.</summary>
    public delegate*<G*, bool> ParkCommit;
    /// <summary>Held by a scanner of the stack, see <see cref="Sched.ScanActive"/>.</summary>
    public int ScanLock;
    /// <summary>The goroutine shall scan its own stack at its next safepoint.</summary>
    public int ScanWanted;
    /// <summary>Number of the collection for which the stack was last scanned (or needed no scan, being new).</summary>
    public uint ScanCycle;
    /// <summary>Keep0 is an array of that many pointers; meanwhile the stack stays where it is.</summary>
    public int KeepWords;

    /// <summary>What to call when the stack is empty: a funcval without arguments, then null.</summary>
    public FuncVal* Entry;
    /// <summary>The main goroutine: code words of functions to run one after the other, null at the end.</summary>
    public void** StartList;
    /// <summary>Code word of a Go function without parameters to call on top of the innermost frame.</summary>
    public void* Inject;
    /// <summary>Two scalars for the injected function, see Std/Inject.</summary>
    public long InjectA, InjectB;
    /// <summary>Asked before a ready goroutine goes on; false means that it has parked again.</summary>
    public delegate*<G*, bool> OnWake;
    /// <summary>Bytes of stack when the trampoline last called into Go.</summary>
    public long EntryDepth;
    /// <summary>Frame base to go on at its DeferReturn site.</summary>
    public byte* RecoverFp;

    /// <summary>Sudogs this goroutine waits on, in the order of the select's cases.</summary>
    public Sudog* Waiting;
    /// <summary>The sudog through which it was woken.</summary>
    public Sudog* Woken;
    /// <summary>Set by the waker that may end a select.</summary>
    public int SelectDone;
    /// <summary>How often LockOSThread was called.</summary>
    public int LockCount;
    /// <summary>Pointers a parked primitive needs kept alive and adjusted.</summary>
    public byte* Keep0;
    public byte* Keep1;
    public long Scratch0, Scratch1;
    public G* SwitchTo;
    public Timer* SleepTimer;
    public void* Coro;

    /// <summary>LockOSThread: the only M that may run it, or null.</summary>
    public M* LockedM;
    public byte IsSystem;
    public byte FipsIndicator;
    public byte FipsBypass;
    /// <summary>A fault is a panic, see <see cref="Faults"/>.</summary>
    public byte PanicOnFault;
    /// <summary>Frames still have native frames: the stack may not be moved by others.</summary>
    public byte NativeLive;
    public byte DeadlockExempt;
    /// <summary>The last search found nothing that could wake it (<see cref="LeakSearch"/>).</summary>
    public byte Leaked;
    /// <summary>The stack stays where it is: Keep0 points to an array in it.</summary>
    public byte NoMove;

    public long WaitSince;
    /// <summary>When it parked, if waits are profiled.</summary>
    public long BlockStart;
    /// <summary>When it was made ready, for one in some (<see cref="P.ReadyTick"/>); else 0. Odd: it stands for <see cref="P.LatencyWeight"/>.</summary>
    public long ReadySince;
    /// <summary>The bubble of testing/synctest it belongs to.</summary>
    public void* Bubble;
    // Last what is seldom touched: every other goroutine shares a cache line with what another thread runs.
    public void* ProfLabels;
    public long ParentGoid;
    /// <summary>Where the go statement was (packed pc).</summary>
    public ulong GoPc;
    /// <summary>Code word of the function that was started.</summary>
    public void* StartCode;

    /// <summary>The state behind a goroutine.</summary>
    public static GState* Of(G* g) => (GState*)(g + 1);
}

/// <summary>A thread that can run Go code.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct M
{
    public int Id;
    /// <summary>What the thread sleeps on: set by who gives it something to do.</summary>
    public int Note;
    public M* IdleLink;
    public G* CurG;
    /// <summary>The P it holds; in a system call the one it held.</summary>
    public P* P;
    /// <summary>Native stack pointers below this are too deep for another call chain.</summary>
    public nuint NativeLimit;
    /// <summary>The P it gets when it is woken.</summary>
    public P* NextP;
    /// <summary>Looks for work and is counted in Sched's spinning count.</summary>
    public int Spinning;
    /// <summary>LockOSThread: the goroutine that this thread is for.</summary>
    public G* LockedG;
    /// <summary>Stopped in place with its P (StopTheWorld).</summary>
    public int StoppedHere;
    /// <summary>The P was taken while the goroutine was in a system call; its native frames are returning.</summary>
    public int LostP;
    /// <summary>What g->Args and g->MoreR of the running goroutine point to.</summary>
    public fixed ulong Args[G.MostWords];
    public fixed ulong MoreR[G.MostWords];
}

public static class PStatus
{
    public const int Idle = 0, Running = 1, Syscall = 2, Stopped = 3, Dead = 4;

    /// <summary>The word of a P whose M is in a system call: only that M may take it back without asking.</summary>
    public static unsafe int InSyscall(M* m) => Syscall | m->Id << 3;

    public static bool IsSyscall(int status) => (status & 7) == Syscall;
}

/// <summary>The right to run Go code, with what is cheap to have without locks. Unmanaged, at a fixed address for ever; see <see cref="Sched.PAt"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct P
{
    public const int QueueSize = 256;

    public int Id;
    /// <summary>See <see cref="PStatus"/>. Taken from a system call by compare-and-swap.</summary>
    public int Status;
    public M* M;
    /// <summary>The allocation cache, with the write barrier's buffer (Memory.MCache*). A running goroutine has it in g->MCache, which emitted code reads.</summary>
    public void* MCache;
    /// <summary>Owned by the collector's driver: the mark worker's state of this P.</summary>
    public void* GcWork;
    /// <summary>Not 0: somebody wants the holder to come to a safepoint soon. A mark worker (<see cref="GcHooks"/>) polls it and returns.</summary>
    public int Preempt;
    /// <summary>Not 0: the holder must run the function of <see cref="Sched.ForEachP"/>.</summary>
    /// <summary>Ticks of the CPU profile that the running goroutine has still to account for.</summary>
    public int ProfileTicks;
    public int RunSafePointFn;
    /// <summary>Counts time slices: not the switches to a goroutine that was made ready by the one before it.</summary>
    public uint SchedTick;
    /// <summary>Counts all switches.</summary>
    public uint SwitchTick;
    public uint SyscallTick;
    /// <summary>Counts down goroutines made ready here; the latency of the last is measured.</summary>
    public int ReadyTick;

    // One in 8 as in Go; after the first thousands one in 64, which then counts eight times: two readings of the clock cost as much as a switch.
    int _measured;
    const int LatencyEvery = 8, LatencyEveryLater = 64, MeasuredOften = 1024;
    public const uint LatencyWeight = LatencyEveryLater / LatencyEvery;

    /// <summary>The latency of this one is measured, from now on.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void MeasureLatency(GState* g)
    {
        bool isLater = _measured >= MeasuredOften;
        if (!isLater)
            _measured++;
        ReadyTick = (isLater ? LatencyEveryLater : LatencyEvery) - 1;
        g->ReadySince = Clock.Nano() & ~1L | (isLater ? 1L : 0);
    }

    /// <summary>Counts calls of Gosched.</summary>
    public uint YieldTick;
    /// <summary>Waits for mutexes, modulo the number of which one is timed.</summary>
    public uint MutexTick;
    public const uint MutexEvery = 8;

    /// <summary>Runs next. Only the holder touches it; who wants to have it sets <see cref="GiveNext"/>.</summary>
    public G* RunNext;
    public int GiveNext;
    /// <summary>While above 0, making a goroutine ready wakes an idle P at once, although the queue is empty.</summary>
    public int Eager;

    /// <summary>More Ps than GOMAXPROCS: the holder gives it up at the next switch.</summary>
    public int Dying;
    public P* IdleLink;

    public G* FreeG;
    public int FreeGCount;
    public Sudog* FreeSudogs;
    public int FreeSudogCount;
    /// <summary>Free records that are objects of the heap, see <see cref="Defers"/>.</summary>
    public DeferRecord* HeapDefers;
    public int HeapDeferCount;
    public PanicRecord* FreePanics;
    public ulong Rand;
    public long LiveDelta;
    public long NextGoid, EndGoid;
    public fixed ulong StackFree[StackAlloc.PooledOrders];
    public fixed int StackCount[StackAlloc.PooledOrders];

    public TimerHeap Timers;

    // ---- sysmon's notes
    public uint MonTick, MonSyscallTick, MonSwitchTick;
    public G* MonNext;
    public long MonSince, MonSyscallSince;

    // ---- the queue: the holder puts at the tail, everybody takes at the head
    public uint QueueHead;
    public uint QueueTail;
    public fixed ulong Queue[QueueSize];
}

/// <summary>The words that tracebacks show for waiting goroutines.</summary>
public static class WaitReasons
{
    public static string Text(WaitReason reason) => reason switch
    {
        WaitReason.None => "",
        WaitReason.IOWait => "IO wait",
        WaitReason.ChanReceiveNilChan => "chan receive (nil chan)",
        WaitReason.ChanSendNilChan => "chan send (nil chan)",
        WaitReason.Select => "select",
        WaitReason.SelectNoCases => "select (no cases)",
        WaitReason.ChanReceive => "chan receive",
        WaitReason.ChanSend => "chan send",
        WaitReason.FinalizerWait => "finalizer wait",
        WaitReason.Semacquire => "semacquire",
        WaitReason.Sleep => "sleep",
        WaitReason.SyncCondWait => "sync.Cond.Wait",
        WaitReason.SyncMutexLock => "sync.Mutex.Lock",
        WaitReason.SyncRWMutexRLock => "sync.RWMutex.RLock",
        WaitReason.SyncRWMutexLock => "sync.RWMutex.Lock",
        WaitReason.SyncWaitGroupWait => "sync.WaitGroup.Wait",
        WaitReason.Coroutine => "coroutine",
        WaitReason.CleanupWait => "cleanup wait",
        WaitReason.TimerIdle => "timer goroutine (idle)",
        WaitReason.SynctestRun => "synctest.Run",
        WaitReason.SynctestWait => "synctest.Wait",
        WaitReason.SynctestChanReceive => "chan receive (durable)",
        WaitReason.SynctestChanSend => "chan send (durable)",
        WaitReason.SynctestSelect => "select (durable)",
        WaitReason.SynctestWaitGroup => "sync.WaitGroup.Wait (durable)",
        WaitReason.SignalWait => "signal wait",
        WaitReason.Preempted => "preempted",
        WaitReason.GarbageCollection => "garbage collection",
    };
}

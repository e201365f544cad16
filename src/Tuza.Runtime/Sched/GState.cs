// G, M and P: the goroutine's part that emitted code does not see, the thread, and the right to run Go code.
//
// Memory. A G and its GState are one unmanaged block; blocks are never given back to the system, dead ones are reused. An M belongs to one
// thread for ever. There is one P at present: everything "per P" is written so that there can be more, but what only the holder of the
// P touches needs no lock, because only one thread holds it.
//
// States of a goroutine, and who changes them (always the holder of the P unless said otherwise):
//   Idle -> Runnable (newproc) -> Running (scheduler) -> Waiting (park) -> Runnable (ready) -> Running -> Dead -> Idle
//   Running -> Syscall (entersyscall) -> Running (exitsyscall, if nobody took the P) or Runnable with BoundM set (its native frames
//   live on that M, so running it means to hand the P to that M).

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

public enum GStatus { Idle, Runnable, Running, Syscall, Waiting, Dead }

/// <summary>Why a goroutine waits. The texts are in <see cref="WaitReasons"/>.</summary>
public enum WaitReason
{
    None, IOWait, ChanReceiveNilChan, ChanSendNilChan, Select, SelectNoCases, ChanReceive, ChanSend, FinalizerWait, Semacquire, Sleep,
    SyncCondWait, SyncMutexLock, SyncRWMutexRLock, SyncRWMutexLock, SyncWaitGroupWait, Coroutine, CleanupWait, TimerIdle, SynctestRun,
    SynctestWait, SignalWait, Preempted, GarbageCollection,
}

/// <summary>What the trampoline does when the native frames are gone and the reason is Park.</summary>
public enum ParkKind
{
    /// <summary>Wait until somebody makes it ready.</summary>
    Wait,
    /// <summary>Go to the end of the global queue.</summary>
    Yield,
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
    /// <summary>While above zero the goroutine is not preempted.</summary>
    public int Locks;
    /// <summary>Index in the table of all goroutines.</summary>
    public int Index;
    /// <summary>Set by sysmon with Guard and Preempt: please yield.</summary>
    public int PreemptWanted;

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
    /// <summary>Frame base to go on at its DeferReturn site.</summary>
    public byte* RecoverFp;

    /// <summary>Sudogs this goroutine waits on, in the order of the select's cases.</summary>
    public Sudog* Waiting;
    /// <summary>The sudog through which it was woken.</summary>
    public Sudog* Woken;
    /// <summary>Pointers a parked primitive needs kept alive and adjusted.</summary>
    public byte* Keep0;
    public byte* Keep1;
    public long Scratch0, Scratch1;
    public G* SwitchTo;
    public Timer* SleepTimer;
    public void* Coro;

    /// <summary>M whose native stack holds frames of this goroutine (it is in a system call), or null.</summary>
    public M* BoundM;
    public byte IsSystem;
    public byte FipsIndicator;
    public byte FipsBypass;
    public byte PanicOnFault;
    /// <summary>Frames still have native frames: the stack may not be moved by others.</summary>
    public byte NativeLive;
    public byte DeadlockExempt;
    /// <summary>Keep0 is an array of that many pointers; meanwhile the stack stays where it is.</summary>
    public byte NoMove;
    public int KeepWords;

    public long ParentGoid;
    /// <summary>Where the go statement was (packed pc).</summary>
    public ulong GoPc;
    /// <summary>Code word of the function that was started.</summary>
    public void* StartCode;
    public long WaitSince;
    public void* ProfLabels;
    public void* Bubble;
    /// <summary>Calls deferred by range-over-func bodies and others: owned by Panics.</summary>
    public void* Free;

    /// <summary>The state behind a goroutine.</summary>
    public static GState* Of(G* g) => (GState*)g->Runtime;
}

/// <summary>A thread that can run Go code.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct M
{
    public int Id;
    public M* IdleLink;
    public G* CurG;
    public P* P;
    /// <summary>Native stack pointers below this are too deep for another call chain.</summary>
    public nuint NativeLimit;
    /// <summary>A P was put into <see cref="GrantedP"/>; then this goroutine continues, or the scheduler if null.</summary>
    public P* GrantedP;
    public int Spinning;
    public int InSyscall;
}

/// <summary>The right to run Go code, with what is cheap to have without locks. Unmanaged, at a fixed address for ever; see <see cref="Sched.PAt"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct P
{
    public int Id;
    /// <summary>0 idle, 1 running, 2 in a system call (may be taken away by compare-and-swap to 0).</summary>
    public int Status;
    public M* M;
    /// <summary>The allocation cache, with the write barrier's buffer (Memory.MCache*). A running goroutine has it in g->MCache, which emitted code reads.</summary>
    public void* MCache;
    /// <summary>Owned by the collector's driver: the mark worker's state of this P.</summary>
    public void* GcWork;
    /// <summary>Not 0: somebody wants the holder to come to a safepoint soon. A mark worker (<see cref="GcHooks"/>) polls it and returns.</summary>
    public int Preempt;
    /// <summary>Not 0: the holder must run the function of <see cref="Sched.ForEachP"/>.</summary>
    public int RunSafePointFn;
    public uint SchedTick;
    public uint SyscallTick;
    public G* RunNext;
    public G* RunHead;
    public G* RunTail;
    public int RunCount;
    public G* FreeG;
    public Sudog* FreeSudogs;
    public ulong Rand;
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
        WaitReason.SignalWait => "signal wait",
        WaitReason.Preempted => "preempted",
        WaitReason.GarbageCollection => "garbage collection",
    };
}

// System calls that may block: the P may be taken away meanwhile, the native frames stay on the thread.
//
// EnterSyscall leaves the P in the state "in a system call of M x". ExitSyscall takes it back by compare-and-swap. If it was taken (by
// the monitor, because the call is long; by a stop of the world) an idle P will do; without one the goroutine's native frames return, the
// goroutine goes to the global queue and the thread sleeps.
//
// Between the two calls only Go code of package syscall runs: it does not allocate, and EnterSyscall has made room on the stack. A scan of
// the stack begins at the frame that called EnterSyscall, with the header it had then (Keep0, Scratch0).

using System.Runtime.CompilerServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe partial class Sched
{
    /// <summary>Stack that the Go code between enter and exit can rely on.</summary>
    const int SyscallRoomBytes = 4096;

    [GoFunc("runtime.entersyscall", Parks = true)]
    [GoFunc("syscall.runtime_entersyscall", Parks = true)]
    public static void EnterSyscall(G* g)
    {
        if (g->Sp - g->StackLo < SyscallRoomBytes)
            Stacks.EnsureRoom(g, SyscallRoomBytes);
        GState* gs = State(g);
        M* m = (M*)g->M;
        P* p = m->P;
        gs->Locks++;
        gs->Keep0 = g->Sp;
        gs->Scratch0 = *(long*)g->Sp;
        gs->Status = GStatus.Syscall;
        p->SyscallTick++;
        g->Guard = g->StackGuard;
        Volatile.Write(ref p->Status, PStatus.InSyscall(m));
        if (Volatile.Read(ref s_stopWanted) != 0)
            StopInSyscall(m, p);
        Sysmon.Start();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void StopInSyscall(M* m, P* p)
    {
        s_lock.Enter();
        if (s_stopWanted != 0 && Interlocked.CompareExchange(ref p->Status, PStatus.Stopped, PStatus.InSyscall(m)) == PStatus.InSyscall(m))
        {
            p->SyscallTick++;
            StopPLocked(p);
        }
        s_lock.Exit();
    }

    /// <summary>Back to Go.</summary>
    [GoFunc("runtime.exitsyscall", Parks = true)]
    [GoFunc("syscall.runtime_exitsyscall", Parks = true)]
    public static void ExitSyscall(G* g)
    {
        GState* gs = State(g);
        M* m = (M*)g->M;
        int mine = PStatus.InSyscall(m);
        P* p = m->P;
        if (Interlocked.CompareExchange(ref p->Status, PStatus.Running, mine) != mine)
        {
            // It was taken: any idle one will do.
            if (!TryTakeIdleP(m))
            {
                gs->Locks--;
                m->LostP = 1;
                gs->ParkKind = ParkKind.Yield;
                Trampoline.StartUnwind(g, UnwindReason.Park);
                return;
            }
            p = m->P;
        }
        if (ScanActive != 0)
            RunUnderScanLock(g, gs);
        else
            gs->Status = GStatus.Running;
        gs->Keep0 = null;
        gs->Locks--;
        g->MCache = p->MCache;
        p->SyscallTick++;
        Stacks.ResetGuard(g);
        if (p->Preempt != 0 || p->RunSafePointFn != 0 || Volatile.Read(ref s_stopWanted) != 0 || gs->PreemptWanted != 0 || gs->ScanWanted != 0)
            Sysmon.Ask(g);
    }

    /// <summary>The native frames of a goroutine that lost its P have returned: it waits in the global queue like others.</summary>
    static void LostP(M* m, G* g)
    {
        GState* gs = State(g);
        m->LostP = 0;
        m->P = null;
        m->CurG = null;
        for (; ; )
        {
            s_lock.Enter();
            if (s_stopWanted == 0)
                break;
            s_lock.Exit();
            Volatile.Write(ref *WorldWord, 1);
            if (Volatile.Read(ref s_stopWanted) != 0)
                Futex.Wait(WorldWord, 1, 1_000_000);
        }
        if (ScanActive != 0)
            TakeScanLock(gs);
        gs->Keep0 = null;
        gs->Status = GStatus.Runnable;
        if (ScanActive != 0)
            Volatile.Write(ref gs->ScanLock, 0);
        P* p = gs->LockedM == null ? IdleGetLocked() : null;
        if (p == null)
            s_global.Push(g);
        s_lock.Exit();
        if (p != null)
        {
            Acquire(m, p);
            LocalPut(p, g);
        }
        else if (s_idlePCount != 0)
        {
            WakeP();
        }
    }

    static int* WorldWord => s_notes + 8;

    static void WakeStopWaiters()
    {
        if (Volatile.Read(ref *WorldWord) == 0)
            return;
        Volatile.Write(ref *WorldWord, 0);
        Futex.Wake(WorldWord, int.MaxValue);
    }

    /// <summary>Sysmon: takes the P from a thread that is in a system call.</summary>
    internal static bool Retake(P* p, int status)
    {
        if (Interlocked.CompareExchange(ref p->Status, PStatus.Idle, status) != status)
            return false;
        p->SyscallTick++;
        p->M = null;
        HandOff(p);
        return true;
    }
}

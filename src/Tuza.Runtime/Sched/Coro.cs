// Coroutines for iter.Pull: a goroutine that runs only when its partner switches to it.
//
// A coro holds the goroutine that is not running. coroswitch exchanges it with the caller and hands the P over directly, without a pass
// through the scheduler's queues. When the coroutine's function returns, coroexit switches back for the last time.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>`coro`: Go code sees an opaque pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CoroState
{
    public G* G;
    public FuncVal* F;
}

/// <summary>iter.newcoro, iter.coroswitch.</summary>
public static unsafe class Coros
{
    /// <summary>
    /// `newcoro0(start func(), f func(*coro)) *coro` for the Go part: start is the body corostart. The block is unmanaged; what F refers to is kept
    /// alive by the goroutine.
    /// </summary>
    [GoFunc("runtime.newcoro0")]
    public static void* New(G* g, void* start, void* f)
    {
        CoroState* c = (CoroState*)NativeMemory.AllocZeroed((nuint)sizeof(CoroState));
        c->F = (FuncVal*)f;
        G* child = Sched.NewG((FuncVal*)start, g);
        GState* gs = Sched.State(child);
        gs->Status = GStatus.Waiting;
        gs->WaitReason = WaitReason.Coroutine;
        gs->Coro = c;
        if (gs->Bubble != null)
            Bubbles.Born(child, idle: true);
        Sched.CountLive(1);
        c->G = child;
        return c;
    }

    /// <summary>In the coroutine's goroutine: its coro, and its function.</summary>
    [GoFunc("runtime.mycoro", Safepoint = false)]
    public static void* Mine(G* g)
    {
        CoroState* c = (CoroState*)Sched.State(g)->Coro;
        g->R[1] = (ulong)c->F;
        return c;
    }

    [GoFunc("runtime.coroswitch", Parks = true)]
    [GoFunc("iter.coroswitch", Parks = true)]
    public static void Switch(G* g, void* coro)
    {
        CoroState* c = (CoroState*)coro;
        G* next = c->G;
        if (next == null || Sched.State(next)->Status != GStatus.Waiting)
            Throw.Fatal("coroswitch on exited coro");
        c->G = g;
        HandOver(g, next);
        Sched.State(g)->WaitReason = WaitReason.Coroutine;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    static void HandOver(G* g, G* next)
    {
        GState* gs = Sched.State(g);
        gs->ParkKind = ParkKind.Switch;
        gs->SwitchTo = next;
        Sched.State(next)->WaitReason = WaitReason.None;
    }

    /// <summary>The function of the coroutine has returned: ends its goroutine and goes on with the partner.</summary>
    [GoFunc("runtime.coroexit0", Parks = true, NoReturn = true)]
    public static void ExitCoro(G* g, void* coro)
    {
        CoroState* c = (CoroState*)coro;
        G* next = c->G;
        c->G = null;
        NativeMemoryLater(c);
        Sched.Ready(Sched.POf(g), next, next: true);
        Trampoline.StartUnwind(g, UnwindReason.Goexit);
    }

    /// <summary>The block stays until the process ends if iter still compares it; it is 16 bytes.</summary>
    static void NativeMemoryLater(CoroState* c) => c->F = null;
}

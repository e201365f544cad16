// Bubbles of testing/synctest: goroutines with a clock of their own, which stands still while any of them can run.
//
// A bubble counts its goroutines (Total) and those that are not durably blocked (Running). Durably blocked is who can only be woken from inside the
// bubble: on a channel made there, in Sleep, in a condition variable, in a wait group that belongs to the bubble. When Running falls to zero the
// goroutine in synctest.Wait goes on, or else the root, the goroutine in synctest.Run: it sets the clock to the next timer and fires
// what is due, as Go code (std/overlay/runtime/synctest.go). A timer that is due when it is set does not wait for that: who sets it fires it.
//
// GState.BubbleIdle says that a goroutine is taken off Running. It changes when the goroutine has parked, before anybody can find it (Parked), and
// when somebody makes it ready (Woken). Timers of a bubble lie in the heap of a P that is not one of the scheduler's.
//
// A bubble is never freed: channels may outlive it and refer to it.

using System.Collections.Generic;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

[StructLayout(LayoutKind.Sequential)]
public unsafe struct Bubble
{
    public Lock32 Lock;
    public int Id;
    public long Now;
    public int Total;
    public int Running;
    /// <summary>References that keep the bubble from being idle (synctest.Acquire).</summary>
    public int Active;
    public G* Root;
    /// <summary>The goroutine that runs the function given to Run.</summary>
    public G* Main;
    public G* Waiter;
    public byte RootParked;
    public byte HasWaiter;
    public byte Done;
    /// <summary>Only its timers are used.</summary>
    public P* Clock;
    public Bubble* Next;
}

/// <summary>internal/synctest.</summary>
public static unsafe class Bubbles
{
    const long StartOfTime = 946_684_800_000_000_000; // 2000-01-01

    static Lock32 s_lock;
    static Bubble* s_all;
    static int s_count;
    static readonly Dictionary<nint, nint> s_owners = [];

    public static Bubble* Of(G* g) => (Bubble*)Sched.State(g)->Bubble;

    /// <summary>The time of the goroutine: that of its bubble, or of the world.</summary>
    public static long NowOf(G* g) => Of(g) == null ? Clock.Nano() : Of(g)->Now;

    /// <summary>The P in whose heap timers made by this goroutine lie.</summary>
    public static P* TimersOf(G* g) => Of(g) == null ? Sched.POf(g) : Of(g)->Clock;

    internal static void MarkRoots(ref Marker marker)
    {
        for (Bubble* b = s_all; b != null; b = b->Next)
            for (int i = 0; i < b->Clock->Timers.Count; i++)
                marker.Root((nuint)b->Clock->Timers.Items[i].Timer);
    }

    // ---- counting

    static bool IsDurable(WaitReason reason) => reason is WaitReason.ChanReceiveNilChan or WaitReason.ChanSendNilChan or WaitReason.SelectNoCases
        or WaitReason.Sleep or WaitReason.SyncCondWait or WaitReason.Coroutine or WaitReason.SynctestRun or WaitReason.SynctestWait
        or WaitReason.SynctestChanReceive or WaitReason.SynctestChanSend or WaitReason.SynctestSelect or WaitReason.SynctestWaitGroup;

    /// <summary>A goroutine of the bubble is born; idle: it waits to be switched to.</summary>
    internal static void Born(G* g, bool idle)
    {
        GState* gs = Sched.State(g);
        Bubble* b = (Bubble*)gs->Bubble;
        gs->BubbleIdle = idle ? (byte)1 : (byte)0;
        b->Lock.Enter();
        b->Total++;
        if (!idle)
            b->Running++;
        b->Lock.Exit();
    }

    internal static void Died(G* g)
    {
        GState* gs = Sched.State(g);
        Bubble* b = (Bubble*)gs->Bubble;
        b->Lock.Enter();
        b->Total--;
        if (b->Main == g)
        {
            b->Done = 1;
            b->Main = null;
        }
        G* wake = gs->BubbleIdle == 0 ? StoppedLocked(b) : null;
        b->Lock.Exit();
        if (wake != null)
            Sched.Ready(wake);
    }

    /// <summary>The goroutine has parked for its WaitReason.</summary>
    internal static void Parked(G* g)
    {
        GState* gs = Sched.State(g);
        if (!IsDurable(gs->WaitReason))
            return;
        Bubble* b = (Bubble*)gs->Bubble;
        b->Lock.Enter();
        gs->BubbleIdle = 1;
        if (gs->WaitReason == WaitReason.SynctestRun)
            b->RootParked = 1;
        else if (gs->WaitReason == WaitReason.SynctestWait)
            b->Waiter = g;
        G* wake = StoppedLocked(b);
        b->Lock.Exit();
        if (wake != null)
            Sched.Ready(wake);
    }

    /// <summary>One goroutine fewer runs. Returns the one that is to be made ready, which counts as running already.</summary>
    static G* StoppedLocked(Bubble* b)
    {
        b->Running--;
        return PickLocked(b);
    }

    static G* PickLocked(Bubble* b)
    {
        if (b->Running != 0 || b->Active != 0)
            return null;
        G* g = b->Waiter;
        b->Waiter = null;
        if (g == null && b->RootParked != 0)
        {
            g = b->Root;
            b->RootParked = 0;
        }
        if (g != null)
        {
            b->Running++;
            Sched.State(g)->BubbleIdle = 0;
        }
        return g;
    }

    /// <summary>An idle goroutine is being made ready.</summary>
    internal static void Woken(G* g)
    {
        GState* gs = Sched.State(g);
        Bubble* b = (Bubble*)gs->Bubble;
        b->Lock.Enter();
        gs->BubbleIdle = 0;
        b->Running++;
        b->Lock.Exit();
    }

    /// <summary>A coroutine switch: one stops, one goes on.</summary>
    internal static void Switched(G* from, G* to)
    {
        GState* f = Sched.State(from), t = Sched.State(to);
        if (t->Bubble != null && t->BubbleIdle != 0)
            Woken(to);
        if (f->Bubble == null || f->BubbleIdle != 0)
            return;
        Bubble* b = (Bubble*)f->Bubble;
        b->Lock.Enter();
        f->BubbleIdle = 1;
        G* wake = StoppedLocked(b);
        b->Lock.Exit();
        if (wake != null)
            Sched.Ready(wake);
    }

    /// <summary>Ends the program if the goroutine is not in the bubble to which the object belongs.</summary>
    public static void Check(G* g, void* bubble, string message)
    {
        if (bubble != null && bubble != Sched.State(g)->Bubble)
            Throw.FatalUser(message);
    }

    // ---- Run and Wait

    [GoFunc("runtime.bubbleNew", Safepoint = false)]
    public static void New(G* g)
    {
        Bubble* b = (Bubble*)NativeMemory.AllocZeroed((nuint)sizeof(Bubble));
        b->Now = StartOfTime;
        b->Total = b->Running = 1;
        b->Root = g;
        b->Clock = (P*)NativeMemory.AllocZeroed((nuint)sizeof(P));
        b->Clock->Timers.Next = long.MaxValue;
        s_lock.Enter();
        b->Id = ++s_count;
        b->Next = s_all;
        s_all = b;
        s_lock.Exit();
        Sched.State(g)->Bubble = b;
        Sched.State(g)->BubbleIdle = 0;
    }

    [GoFunc("runtime.bubbleMain", Safepoint = false)]
    public static void Main(G* g) => Of(g)->Main = g;

    /// <summary>`bubbleWait()`: the root waits until all others are durably blocked.</summary>
    [GoFunc("runtime.bubbleWait", Parks = true)]
    public static void Wait(G* g) => Sched.Park(g, WaitReason.SynctestRun);

    /// <summary>`bubbleAdvance() bool`: sets the clock to the next timer. False: there is none, or the main goroutine is gone.</summary>
    [GoFunc("runtime.bubbleAdvance", Safepoint = false)]
    public static int Advance(G* g)
    {
        Bubble* b = Of(g);
        long next = b->Clock->Timers.Next;
        if (next == long.MaxValue || b->Done != 0)
            return 0;
        if (next > b->Now)
            b->Now = next;
        return 1;
    }

    /// <summary>`bubbleTimer(t *dueTimer) bool`: the next due timer that needs Go code; sleepers are made ready on the way.</summary>
    [GoFunc("runtime.bubbleTimer", Safepoint = false)]
    public static int DueTimer(G* g, void* due) => Timers.FetchDue(Of(g)->Clock, Of(g)->Now, due) ? 1 : 0;

    /// <summary>`bubbleEnd() (total int, done bool)`: the root leaves.</summary>
    [GoFunc("runtime.bubbleEnd", Safepoint = false)]
    public static long End(G* g)
    {
        Bubble* b = Of(g);
        b->Lock.Enter();
        long total = b->Total;
        g->R[1] = b->Done;
        b->Lock.Exit();
        Sched.State(g)->Bubble = null;
        if (total == 1)
        {
            lock (s_owners)
            {
                foreach (var (p, owner) in s_owners)
                    if (owner == (nint)b)
                        s_owners.Remove(p);
            }
        }
        return total;
    }

    /// <summary>`bubbleSettle() bool`: waits until all others of the bubble are durably blocked. False: somebody waits already.</summary>
    [GoFunc("runtime.bubbleSettle", Parks = true)]
    public static int Settle(G* g)
    {
        Bubble* b = Of(g);
        b->Lock.Enter();
        bool busy = b->HasWaiter != 0;
        b->HasWaiter = 1;
        b->Lock.Exit();
        if (busy)
            return 0;
        Sched.State(g)->OnWake = &Settled;
        Sched.Park(g, WaitReason.SynctestWait);
        return 0;
    }

    static bool Settled(G* g)
    {
        Of(g)->HasWaiter = 0;
        g->R[0] = 1;
        return true;
    }

    [GoFunc("internal/synctest.IsInBubble", Safepoint = false)]
    [GoFunc("time.runtimeIsBubbled", Safepoint = false)]
    [GoFunc("runtime.inBubble", Safepoint = false)]
    public static int IsInBubble(G* g) => Of(g) != null ? 1 : 0;

    /// <summary>`bubbleAcquire() uintptr`: a reference that keeps the bubble from being idle.</summary>
    [GoFunc("runtime.bubbleAcquire", Safepoint = false)]
    public static ulong Acquire(G* g)
    {
        Bubble* b = Of(g);
        if (b != null)
        {
            b->Lock.Enter();
            b->Active++;
            b->Lock.Exit();
        }
        return (ulong)b;
    }

    [GoFunc("runtime.bubbleRelease", Safepoint = false)]
    public static void Release(G* g, ulong bubble)
    {
        Bubble* b = (Bubble*)bubble;
        b->Lock.Enter();
        b->Active--;
        G* wake = PickLocked(b);
        b->Lock.Exit();
        if (wake != null)
            Sched.Ready(wake);
    }

    /// <summary>`bubbleEnter(bubble uintptr)`: the goroutine joins, or (0) leaves.</summary>
    [GoFunc("runtime.bubbleEnter", Safepoint = false)]
    public static void Enter(G* g, ulong bubble)
    {
        Sched.State(g)->Bubble = (void*)bubble;
        Sched.State(g)->BubbleIdle = 0;
    }

    // ---- objects that belong to a bubble

    const int Unbubbled = 0, CurrentBubble = 1, OtherBubble = 2;

    [GoFunc("internal/synctest.associate", Safepoint = false)]
    public static long Associate(G* g, void* p)
    {
        Bubble* b = Of(g);
        if (b == null || !FindObject.Find((nuint)p, out _))
            return Unbubbled; // a package variable belongs to nobody
        lock (s_owners)
        {
            if (s_owners.TryGetValue((nint)p, out nint owner))
                return owner == (nint)b ? CurrentBubble : OtherBubble;
            s_owners.Add((nint)p, (nint)b);
            return CurrentBubble;
        }
    }

    [GoFunc("internal/synctest.disassociate", Safepoint = false)]
    public static void Disassociate(G* g, void* p)
    {
        lock (s_owners)
            s_owners.Remove((nint)p);
    }

    [GoFunc("internal/synctest.isAssociated", Safepoint = false)]
    public static int IsAssociated(G* g, void* p)
    {
        lock (s_owners)
            return Of(g) != null && s_owners.TryGetValue((nint)p, out nint owner) && owner == (nint)Of(g) ? 1 : 0;
    }
}

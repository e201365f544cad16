// The search for leaked goroutines (runtime/pprof's goroutineleak profile): those that wait for something nobody else can reach.
//
// One cycle of the collector in one stop. Goroutines that wait on a channel, a mutex, a wait group or a condition are held back from the roots.
// When everything else is marked, those are roots after all that wait on something marked (or outside the heap): somebody could wake them. What they reach
// may free others, so that repeats until nobody is added. The rest is leaked. They are scanned then like the others: nothing of theirs is freed, their
// number only is the result.
//
// Records of waiting (Sudog) are no roots by themselves, so what a goroutine waits on is found through it only when it is scanned. A timer that is
// set can send: who waits for it is not leaked.

using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Goroutines that nothing can wake.</summary>
static unsafe class LeakSearch
{
    static int s_wanted;
    static bool s_searching;

    /// <summary>Somebody waits for a search.</summary>
    public static bool Wanted => Volatile.Read(ref s_wanted) != 0;

    /// <summary>How many the last search found.</summary>
    public static int Count { get; private set; }

    /// <summary>`wantleaks()`: the next cycle that can searches.</summary>
    [GoFunc("runtime.wantleaks", Safepoint = false)]
    public static void Want(G* g) => Volatile.Write(ref s_wanted, 1);

    /// <summary>`leakswanted() bool`: no cycle has searched since then.</summary>
    [GoFunc("runtime.leakswanted", Safepoint = false)]
    public static int IsWanted(G* g) => Wanted ? 1 : 0;

    [GoFunc("runtime.leakcount", Safepoint = false)]
    public static long LeakCount(G* g) => Count;

    // ---- world stopped

    /// <summary>A cycle of one stop is about to scan the goroutines.</summary>
    public static void Begin()
    {
        s_searching = Wanted;
        if (!s_searching)
            return;
        s_wanted = 0;
        Count = 0;
        for (int i = 0; i < Sched.AllCount; i++)
            Sched.State(Sched.All(i))->Leaked = 0;
    }

    /// <summary>Not a root before something is marked that it waits on.</summary>
    public static bool HoldsBack(GState* gs) =>
        s_searching && gs->Status == GStatus.Waiting && gs->IsSystem == 0 && gs->WaitReason is
            WaitReason.ChanReceiveNilChan or WaitReason.ChanSendNilChan or WaitReason.SelectNoCases
            or WaitReason.ChanReceive or WaitReason.ChanSend or WaitReason.Select
            or WaitReason.SyncCondWait or WaitReason.SyncMutexLock or WaitReason.SyncRWMutexRLock or WaitReason.SyncRWMutexLock
            or WaitReason.SyncWaitGroupWait;

    /// <summary>All is marked: scans who can be woken; if there is nobody, all that are left. False: there are none.</summary>
    public static bool Next(ref Marker marker)
    {
        if (!s_searching)
            return false;
        bool any = false;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (IsLeft(gs) && CanBeWoken(gs))
            {
                Gc.ScanOne(g, gs, ref marker);
                any = true;
            }
        }
        if (any)
            return true;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (!IsLeft(gs))
                continue;
            Gc.ScanOne(g, gs, ref marker);
            any = true;
            // A program may well keep main in select{}: that is no mistake, but what it holds is held for ever.
            if (g == Sched.MainG && gs->WaitReason == WaitReason.SelectNoCases)
                continue;
            gs->Leaked = 1;
            Count++;
        }
        s_searching = false;
        return any;
    }

    static bool IsLeft(GState* gs) => gs->ScanCycle != Gc.ScanCycle && HoldsBack(gs);

    static bool CanBeWoken(GState* gs)
    {
        for (Sudog* s = gs->Waiting; s != null; s = s->WaitLink)
        {
            if (s->C == null)
            {
                if (IsReached(s->Elem))
                    return true;
            }
            else if (IsReached((byte*)s->C) || s->C->Timer != null && s->C->Timer->Owner != null)
            {
                return true;
            }
        }
        return false;
    }

    static bool IsReached(byte* p) => !FindObject.Find((nuint)p, out FoundObject found) || found.Span->IsMarked(found.Index);
}

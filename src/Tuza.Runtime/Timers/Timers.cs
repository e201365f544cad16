// Timers: per P a heap ordered by time, with a lock; a timer knows in whose heap it is. A P looks at its heap when it looks for work; idle Ms
// look at all. An entry of the heap holds a time that is never later than its timer's: a timer that is put off keeps its place, and moves down when
// it comes to the top.
//
// Who is woken. A sleeping goroutine (Sleep) is made ready directly. The function of a time.Timer is Go code: the timer goroutine runs it
// (std/overlay/runtime/time.go), woken when the first such timer is due; it fetches due timers one by one with nexttimer.
//
// Channel timers (time.NewTimer, NewTicker) look synchronous: Stop and Reset throw away a value that was sent but not received, and a
// receive looks for due timers first. The timer goroutine does not yield between fetching a channel timer and its send. The timer of a
// channel (no ticker) comes into a heap only when somebody waits for it, blocked or because it is due: time-outs that never happen touch no heap.
// Its fields are guarded by the channel's lock, those of other timers by their own; and by the heap's while it is in one.
//
// A Go timer object is allocated by newTimer: the public words of time.Timer (C, initTimer), then the fields below. A timer in the heap
// is a root of the collector, unless it belongs to a channel: then the channel keeps it alive (HChan.Timer), and when a
// collection finds it dead it leaves the heap.

using System;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>A timer. Those of package time are Go objects with this layout; those of Sleep and deadlines are unmanaged.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Timer
{
    /// <summary>time.Timer.C and initTimer.</summary>
    public void* C;
    public byte Init;
    /// <summary>The clock of the bubble where it was made counts, not the world's. Constant.</summary>
    public byte IsFake;
    readonly ushort _pad0;
    readonly uint _pad1;
    public FuncVal* F;
    public void* ArgType;
    public void* ArgData;
    public HChan* Chan;
    public G* Sleeper;
    public delegate*<Timer*, void> Native;
    /// <summary>Native's argument. Of a channel's timer: 2 * Seq + 1 from the moment the timer goroutine has fetched it until it has sent; else 0.</summary>
    public void* NativeArg;
    /// <summary>0: stopped or fired.</summary>
    public long When;
    public long Period;
    public ulong Seq;
    /// <summary>The P in whose heap it is, or null. Who takes it out of the heap clears When before.</summary>
    public P* Owner;
    /// <summary>Index in the heap + 1; 0 = not in it. Under the heap's lock.</summary>
    public int HeapIndex;
    /// <summary>Taken by who changes it, if it has no channel.</summary>
    public Lock32 Lock;
}

/// <summary>A place in a heap of timers: its time, and whether it belongs to a channel, are at hand without a look at the timer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TimerEntry(Timer* t)
{
    readonly nuint _timer = (nuint)t | (t->Chan != null ? 1u : 0u);

    public readonly Timer* Timer => (Timer*)(_timer & ~(nuint)1);

    public readonly bool IsChannel => (_timer & 1) != 0;

    /// <summary>At most the timer's When.</summary>
    public long When = t->When;
}

/// <summary>The timers of one P.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TimerHeap
{
    public Lock32 Lock;
    public int Count;
    public int Capacity;
    public TimerEntry* Items;
    /// <summary>The time of the first entry, or long.MaxValue; no timer is due before it. Read without the lock.</summary>
    public long Next;

    readonly void Set(int i, TimerEntry e)
    {
        Items[i] = e;
        e.Timer->HeapIndex = i + 1;
    }

    /// <summary>beforeEqual: as well past those with the same time.</summary>
    readonly void Up(int i, bool beforeEqual = false)
    {
        TimerEntry* items = Items;
        TimerEntry e = items[i];
        while (i > 0)
        {
            int parent = (i - 1) / 4;
            if (items[parent].When < e.When || items[parent].When == e.When && !beforeEqual)
                break;
            Set(i, items[parent]);
            i = parent;
        }
        Set(i, e);
    }

    readonly void Down(int i)
    {
        TimerEntry* items = Items;
        TimerEntry e = items[i];
        int count = Count;
        for (; ; )
        {
            int least = i * 4 + 1;
            if (least >= count)
                break;
            int end = Math.Min(least + 4, count);
            long when = items[least].When;
            for (int c = least + 1; c < end; c++)
            {
                long w = items[c].When;
                if (w < when)
                {
                    when = w;
                    least = c;
                }
            }
            if (when >= e.When)
                break;
            Set(i, items[least]);
            i = least;
        }
        Set(i, e);
    }

    void UpdateNext() => Volatile.Write(ref Next, Count == 0 ? long.MaxValue : Items[0].When);

    public void AddLocked(Timer* t)
    {
        if (Count == Capacity)
        {
            Capacity = Math.Max(64, Capacity * 2);
            Items = (TimerEntry*)NativeMemory.Realloc(Items, (nuint)(Capacity * sizeof(TimerEntry)));
        }
        Items[Count] = new TimerEntry(t);
        // In a bubble's time many are due at one instant: as in Go their order is left to chance, so that no test comes to rely on it.
        Up(Count++, t->IsFake != 0 && Rand.Next32() % 2 == 0);
        UpdateNext();
    }

    public void RemoveLocked(Timer* t)
    {
        int i = t->HeapIndex - 1;
        t->HeapIndex = 0;
        TimerEntry last = Items[--Count];
        if (i != Count)
        {
            Set(i, last);
            Up(i);
            Down(last.Timer->HeapIndex - 1);
        }
        UpdateNext();
    }

    /// <summary>A timer in this heap has another time now: it moves at once if it is earlier, later if it is later.</summary>
    public void ChangeLocked(Timer* t, long when)
    {
        t->When = when;
        int i = t->HeapIndex - 1;
        if (when >= Items[i].When)
            return;
        Items[i].When = when;
        Up(i);
        UpdateNext();
    }

    /// <summary>The first timer if it is due at this time, else null. Timers that were put off go to their places.</summary>
    public Timer* DueLocked(long now)
    {
        while (Count != 0 && Items[0].When <= now)
        {
            Timer* t = Items[0].Timer;
            if (t->When <= now)
                return t;
            FirstChangedLocked();
        }
        return null;
    }

    /// <summary>The first timer has a later time now.</summary>
    public void FirstChangedLocked()
    {
        Items[0].When = Items[0].Timer->When;
        Down(0);
        UpdateNext();
    }
}

/// <summary>The heap of timers.</summary>
public static unsafe class Timers
{
    [System.Runtime.CompilerServices.FixedAddressValueType]
    static Lock32 s_lock; // the timer goroutine's state
    static G* s_goroutine;
    static bool s_goroutineIdle;
    static TypeDesc* s_timerType;

    /// <summary>The type of timer objects; null before the first.</summary>
    internal static TypeDesc* ObjectType => s_timerType;

    public static bool IsDue(P* p)
    {
        long next = Volatile.Read(ref p->Timers.Next);
        return next != long.MaxValue && next <= Clock.Nano();
    }

    /// <summary>When the first timer of all is due, or long.MaxValue.</summary>
    public static long FirstOfAll()
    {
        long first = long.MaxValue;
        for (int i = 0; i < Sched.PCount; i++)
            first = Math.Min(first, Volatile.Read(ref Sched.PAt(i)->Timers.Next));
        return first;
    }

    /// <summary>Puts a timer, which is in no heap, into that of this P.</summary>
    public static void Add(P* p, Timer* t)
    {
        long when = t->When;
        p->Timers.Lock.Enter();
        t->Owner = p;
        p->Timers.AddLocked(t);
        bool first = p->Timers.Items[0].Timer == t;
        p->Timers.Lock.Exit();
        if (first)
            WakeFor(when);
    }

    static void WakeFor(long when)
    {
        // An M that goes to sleep looks at all heaps after it has given its P up.
        Interlocked.MemoryBarrier();
        if (Sched.SomeIdle)
            Sched.WakePoller(when);
    }

    /// <summary>Takes a timer out of the heap it is in; false if it is in none.</summary>
    public static bool Remove(Timer* t)
    {
        for (; ; )
        {
            P* owner = (P*)Volatile.Read(ref *(nint*)&t->Owner);
            if (owner == null)
                return false;
            owner->Timers.Lock.Enter();
            bool there = t->Owner == owner;
            if (there)
                TakeLocked(owner, t);
            owner->Timers.Lock.Exit();
            if (there)
                return true;
        }
    }

    static void TakeLocked(P* owner, Timer* t)
    {
        owner->Timers.RemoveLocked(t);
        Volatile.Write(ref t->When, 0);
        Volatile.Write(ref *(nint*)&t->Owner, 0);
    }

    /// <summary>Sets a timer that is in a heap to another time, where it is; false if it is in none.</summary>
    static bool Change(Timer* t, long when, long period)
    {
        for (; ; )
        {
            P* owner = (P*)Volatile.Read(ref *(nint*)&t->Owner);
            if (owner == null)
                return false;
            owner->Timers.Lock.Enter();
            bool there = t->Owner == owner, first = false;
            if (there)
            {
                long next = owner->Timers.Next;
                t->Period = period;
                owner->Timers.ChangeLocked(t, when);
                first = owner->Timers.Next < next;
            }
            owner->Timers.Lock.Exit();
            if (first)
                WakeFor(when);
            if (there)
                return true;
        }
    }

    /// <summary>With the channel's lock: somebody waits for its timer, which comes into a heap if it is set.</summary>
    internal static void EnlistLocked(G* g, HChan* c)
    {
        Timer* t = c->Timer;
        // In this order: who takes a timer out of a heap clears When first.
        if (Volatile.Read(ref *(nint*)&t->Owner) != 0 || Volatile.Read(ref t->When) == 0)
            return;
        Add(Sched.POf(g), t);
        Sysmon.Start();
    }

    /// <summary>A P goes: its timers are another's, of a lower number.</summary>
    internal static void MoveAll(P* from, P* to)
    {
        from->Timers.Lock.Enter();
        to->Timers.Lock.Enter();
        while (from->Timers.Count != 0)
        {
            Timer* t = from->Timers.Items[from->Timers.Count - 1].Timer;
            from->Timers.RemoveLocked(t);
            Volatile.Write(ref *(nint*)&t->Owner, (nint)to);
            to->Timers.AddLocked(t);
        }
        long first = to->Timers.Next;
        to->Timers.Lock.Exit();
        from->Timers.Lock.Exit();
        Interlocked.MemoryBarrier();
        if (first != long.MaxValue && Sched.SomeIdle)
            Sched.WakePoller(first);
    }

    /// <summary>A cycle's marking is complete, nothing is swept yet: timers of channels that nobody refers to any more leave the heap.</summary>
    internal static void DropDead()
    {
        for (int k = 0; k < Sched.PCount; k++)
        {
            P* p = Sched.PAt(k);
            for (int i = p->Timers.Count - 1; i >= 0; i--)
            {
                if (!p->Timers.Items[i].IsChannel)
                    continue;
                Timer* t = p->Timers.Items[i].Timer;
                if (FindObject.Find((nuint)t, out FoundObject found) && !found.Span->IsMarked(found.Index))
                {
                    TakeLocked(p, t);
                    // The last timer of the heap has come to this place, or one from above; look at it again.
                    i = Math.Min(i + 1, p->Timers.Count);
                }
            }
        }
    }

    /// <summary>World stopped: timers of functions and of goroutines live while they are in the heap; those of channels live as long as the channel.</summary>
    internal static void MarkRoots(ref Marker marker)
    {
        for (int k = 0; k < Sched.PCount; k++)
        {
            P* p = Sched.PAt(k);
            for (int i = 0; i < p->Timers.Count; i++)
                if (!p->Timers.Items[i].IsChannel)
                    marker.Root((nuint)p->Timers.Items[i].Timer);
        }
        Bubbles.MarkRoots(ref marker);
        CpuProfile.MarkRoots(ref marker);
    }

    // ---- firing

    /// <summary>Fires what is due in a P's heap and needs no Go code, wakes the timer goroutine for the rest.</summary>
    public static void Run(P* p)
    {
        if (Volatile.Read(ref p->Timers.Next) != long.MaxValue)
            RunSlow(p);
    }

    static void RunSlow(P* p)
    {
        long now = Clock.Nano();
        while (Volatile.Read(ref p->Timers.Next) <= now)
        {
            p->Timers.Lock.Enter();
            Timer* t = p->Timers.DueLocked(now);
            if (t == null)
            {
                p->Timers.Lock.Exit();
                return;
            }
            if (t->Sleeper == null && t->Native == null)
            {
                p->Timers.Lock.Exit();
                WakeGoroutine();
                return;
            }
            FireNativeLocked(p, t);
        }
    }

    /// <summary>Fires a timer without Go code; releases the heap's lock.</summary>
    static void FireNativeLocked(P* p, Timer* t)
    {
        TakeLocked(p, t);
        G* sleeper = t->Sleeper;
        p->Timers.Lock.Exit();
        if (sleeper != null)
            Sched.Ready(sleeper);
        else
            t->Native(t);
    }

    static void WakeGoroutine()
    {
        s_lock.Enter();
        G* g = null;
        if (s_goroutine == null)
            g = s_goroutine = Sched.NewSystemG(GoCalls.Code(GoCall.TimerMain));
        else if (s_goroutineIdle)
            g = s_goroutine;
        s_goroutineIdle = false;
        s_lock.Exit();
        if (g != null)
            Sched.Ready(g);
    }

    /// <summary>Must the timer goroutine send before this channel is looked at? It has not yet fetched the timer, or not yet sent.</summary>
    public static bool ChannelDue(HChan* c)
    {
        Timer* t = c->Timer;
        if (t == null || c->Bubble != null || Volatile.Read(ref c->Count) != 0)
            return false;
        long when = Volatile.Read(ref t->When);
        return when != 0 && when <= Clock.Nano() || IsFetched(t);
    }

    /// <summary>The timer goroutine has taken it and is about to send.</summary>
    static bool IsFetched(Timer* t) => Volatile.Read(ref *(nint*)&t->NativeArg) == (nint)(t->Seq << 1 | 1);

    /// <summary>The timer goroutine, if it is not at it already, will send to this channel, in whosever heap the timer is.</summary>
    public static void ServeChannel(G* g, HChan* c)
    {
        c->Lock.Enter();
        EnlistLocked(g, c);
        c->Lock.Exit();
        P* owner = (P*)Volatile.Read(ref *(nint*)&c->Timer->Owner);
        if (owner != null)
            Run(owner);
    }

    /// <summary>
    /// `nexttimer(t *dueTimer)`: parks until a Go timer is due, then fills f, arg, seq, delta and whether it is a channel timer.
    /// Only the timer goroutine calls it; its block is on the heap.
    /// </summary>
    [GoFunc("runtime.nexttimer", Parks = true)]
    public static void NextTimer(G* g, void* due)
    {
        if (Fetch((DueTimer*)due))
            return;
        s_lock.Enter();
        if (Fetch((DueTimer*)due))
        {
            s_lock.Exit();
            return;
        }
        s_goroutineIdle = true;
        Sched.State(g)->Keep0 = (byte*)due;
        Sched.State(g)->OnWake = &AfterIdle;
        Sched.Park(g, WaitReason.TimerIdle, LockOfGoroutine);
    }

    static Lock32* LockOfGoroutine => (Lock32*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref s_lock);

    static bool AfterIdle(G* g)
    {
        GState* gs = Sched.State(g);
        if (Fetch((DueTimer*)gs->Keep0))
        {
            gs->Keep0 = null;
            return true;
        }
        s_lock.Enter();
        s_goroutineIdle = true;
        Sched.ParkAgain(g, WaitReason.TimerIdle, &AfterIdle, LockOfGoroutine);
        return false;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct DueTimer
    {
        public FuncVal* F;
        public void* ArgType;
        public void* ArgData;
        public ulong Seq;
        public long Delta;
        public byte IsChan;
    }

    /// <summary>The first due Go timer of any P, which leaves its heap or is set to its next time.</summary>
    static bool Fetch(DueTimer* due)
    {
        long now = Clock.Nano();
        for (int k = 0; k < Sched.PCount; k++)
            if (FetchDue(Sched.PAt(k), now, due))
                return true;
        return false;
    }

    /// <summary>The same for one heap and a given time.</summary>
    internal static bool FetchDue(P* p, long now, void* dueTimer)
    {
        var due = (DueTimer*)dueTimer;
        while (Volatile.Read(ref p->Timers.Next) <= now)
        {
            p->Timers.Lock.Enter();
            Timer* t = p->Timers.DueLocked(now);
            if (t == null)
            {
                p->Timers.Lock.Exit();
                break;
            }
            if (t->Sleeper != null || t->Native != null)
            {
                FireNativeLocked(p, t);
                continue;
            }
            // A channel's timer is no root: a marker may not know it yet.
            TypedMem.Shade(t);
            TypedMem.Shade(due->F);
            TypedMem.Shade(due->ArgData);
            due->F = t->F;
            due->ArgType = t->ArgType;
            due->ArgData = t->ArgData;
            due->Seq = t->Seq;
            due->Delta = now - t->When;
            due->IsChan = t->Chan != null ? (byte)1 : (byte)0;
            if (t->Chan != null)
                t->NativeArg = (void*)(t->Seq << 1 | 1);
            if (t->Period > 0)
            {
                long missed = (now - t->When) / t->Period;
                t->When += t->Period * (1 + missed);
                if (t->When < 0)
                    t->When = long.MaxValue - 1;
                p->Timers.FirstChangedLocked();
            }
            else
            {
                TakeLocked(p, t);
            }
            p->Timers.Lock.Exit();
            return true;
        }
        return false;
    }

    // ---- package time

    [GoFunc("time.Sleep", Parks = true)]
    [GoFunc("runtime.timeSleep", Parks = true)]
    public static void Sleep(G* g, long nanos)
    {
        if (nanos < 0)
            return;
        if (nanos == 0)
        {
            Sched.Gosched(g);
            return;
        }
        GState* gs = Sched.State(g);
        if (gs->SleepTimer == null)
        {
            gs->SleepTimer = (Timer*)NativeMemory.AllocZeroed((nuint)sizeof(Timer));
        }
        gs->SleepTimer->Sleeper = g;
        gs->SleepTimer->When = After(g, nanos);
        Sched.Park(g, WaitReason.Sleep, &StartSleep);
    }

    /// <summary>Parked: from now on the timer may fire.</summary>
    static bool StartSleep(G* g)
    {
        Add(Of(g, Sched.ThisP), Sched.State(g)->SleepTimer);
        return true;
    }

    static P* Of(G* g, P* p) => Bubbles.Of(g) == null ? p : Bubbles.Of(g)->Clock;

    static long After(G* g, long nanos)
    {
        long when = Bubbles.NowOf(g) + nanos;
        return when < 0 ? long.MaxValue - 1 : when;
    }

    static TypeDesc* TimerType()
    {
        if (s_timerType == null)
        {
            TypeDesc* t = (TypeDesc*)NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc) + 8);
            t->Size = (nuint)sizeof(Timer);
            t->PtrBytes = 6 * 8;
            t->Kind = Kind.Struct;
            t->Align = t->FieldAlign = 8;
            t->GCData = (byte*)(t + 1);
            *t->GCData = 0b111101; // C, F, ArgType, ArgData, Chan
            s_timerType = t;
        }
        return s_timerType;
    }

    [GoFunc("time.newTimer", Parks = true)]
    public static void* NewTimer(G* g, long when, long period, void* f, void* argType, void* argData, void* chan)
    {
        g->Args[0] = (ulong)f;
        g->Args[1] = (ulong)argData;
        g->Args[2] = (ulong)chan;
        g->ArgCount = 3;
        Timer* t = (Timer*)Alloc.New(g, (nuint)sizeof(Timer), TimerType());
        g->ArgCount = 0;
        t->F = (FuncVal*)f;
        t->ArgType = argType;
        t->ArgData = argData;
        t->Init = 1;
        t->IsFake = Bubbles.Of(g) != null ? (byte)1 : (byte)0;
        t->Period = period;
        t->When = Legal(when);
        if (chan != null)
        {
            t->Chan = (HChan*)chan;
            t->Chan->Timer = t;
            t->Chan->HasTimer = 1;
        }
        Start(g, t);
        FireInBubble(g, t, (nint)t);
        return t;
    }

    /// <summary>
    /// A timer of a bubble that is due when it is made or set fires at once, in the goroutine that set it: else it would wait until all others of the bubble
    /// are blocked. result: what the caller's caller gets when that is done.
    /// </summary>
    static void FireInBubble(G* g, Timer* t, nint result)
    {
        if (t->IsFake != 0 && t->When <= Bubbles.NowOf(g))
            Trampoline.Inject(g, GoCall.BubbleFire, result);
    }

    /// <summary>`bubbleFired(result unsafe.Pointer)`: the last that an injected bubbleFire does.</summary>
    [GoFunc("runtime.bubbleFired", Safepoint = false)]
    public static void BubbleFired(G* g, void* result) => g->R[0] = (ulong)result;

    static long Legal(long when) => when < 0 ? long.MaxValue - 1 : Math.Max(1, when);

    /// <summary>A timer with a time, in no heap; with its lock, or new. Tickers, and in a bubble all, are always in a heap.</summary>
    static void Start(G* g, Timer* t)
    {
        if (t->Chan != null && t->Period == 0 && t->Chan->RecvQ.First == null && t->IsFake == 0)
            return;
        Add(t->IsFake != 0 ? Bubbles.Of(g)->Clock : Sched.POf(g), t);
        Sysmon.Start();
    }

    static void Lock(Timer* t)
    {
        if (t->Chan != null)
            t->Chan->Lock.Enter();
        else
            t->Lock.Enter();
    }

    static void Unlock(Timer* t)
    {
        if (t->Chan != null)
            t->Chan->Lock.Exit();
        else
            t->Lock.Exit();
    }

    /// <summary>
    /// The timer is stopped or set anew: a value sent but not received is as if never sent, and one on its way will not arrive. True: there was one.
    /// </summary>
    static bool RenewLocked(Timer* t)
    {
        HChan* c = t->Chan;
        if (c == null)
        {
            t->Seq++;
            return false;
        }
        bool had = c->Count != 0 || t->Period == 0 && IsFetched(t);
        t->Seq++;
        c->Count = 0;
        c->SendIndex = c->RecvIndex = 0;
        return had;
    }

    /// <summary>Was it set? Now it is not, and in no heap.</summary>
    static bool UnsetLocked(Timer* t)
    {
        if (Remove(t))
            return true;
        bool set = t->When != 0;
        t->When = 0;
        return set;
    }

    /// <summary>The timer goroutine sends, with the channel's lock. False: the timer was stopped or set anew meanwhile, the value is dropped.</summary>
    internal static bool MaySendLocked(HChan* c)
    {
        Timer* t = c->Timer;
        if (t == null || t->NativeArg == null)
            return true;
        return IsFetched(t);
    }

    /// <summary>From now on who finds the channel empty need not wait for the timer goroutine.</summary>
    internal static void SentLocked(HChan* c)
    {
        if (c->Timer != null)
            Volatile.Write(ref *(nint*)&c->Timer->NativeArg, 0);
    }

    [GoFunc("time.stopTimer", Safepoint = false)]
    public static int StopTimer(G* g, void* timer)
    {
        Timer* t = (Timer*)timer;
        if (t->IsFake != 0 && Bubbles.Of(g) == null)
            Throw.FatalUser("stop of synctest timer from outside bubble");
        Lock(t);
        bool pending = UnsetLocked(t);
        pending |= RenewLocked(t);
        Unlock(t);
        return pending ? 1 : 0;
    }

    [GoFunc("time.resetTimer", Parks = true)]
    public static int ResetTimer(G* g, void* timer, long when, long period)
    {
        Timer* t = (Timer*)timer;
        if (t->IsFake != 0 && Bubbles.Of(g) == null)
            Throw.FatalUser("reset of synctest timer from outside bubble");
        when = Legal(when);
        Lock(t);
        // First what came before is void: once changed, the timer may fire.
        bool pending = RenewLocked(t);
        if (t->IsFake == 0 && Change(t, when, period))
        {
            pending = true;
        }
        else
        {
            pending |= UnsetLocked(t);
            pending |= RenewLocked(t);
            t->Period = period;
            t->When = when;
            Start(g, t);
        }
        Unlock(t);
        FireInBubble(g, t, pending ? 1 : 0);
        return pending ? 1 : 0;
    }
}

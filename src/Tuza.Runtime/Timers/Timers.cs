// Timers: one heap ordered by time.
//
// Who is woken. A sleeping goroutine (Sleep) is made ready directly. The function of a time.Timer is Go code: the timer goroutine runs it
// (std/overlay/runtime/time.go), woken when the first such timer is due; it fetches due timers one by one with nexttimer.
//
// Channel timers (time.NewTimer, NewTicker) look synchronous: Stop and Reset throw away a value that was sent but not received, and a
// receive looks for due timers first. The timer goroutine does not yield between fetching a channel timer and its send.
//
// A Go timer object is allocated by newTimer: the public words of time.Timer (C, initTimer), then the fields below. A timer in the heap
// is a root of the collector, unless it belongs to a channel: then the channel keeps it alive (HChan.Timer), and when a
// collection finds it dead it leaves the heap.

using System;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>A timer. Those of package time are Go objects with this layout; those of Sleep and deadlines are unmanaged.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Timer
{
    /// <summary>time.Timer.C and initTimer.</summary>
    public void* C;
    public long Init;
    public FuncVal* F;
    public void* ArgType;
    public void* ArgData;
    public HChan* Chan;
    public G* Sleeper;
    public delegate*<Timer*, void> Native;
    public void* NativeArg;
    public long When;
    public long Period;
    public ulong Seq;
    /// <summary>Index in the heap + 1; 0 = not in it.</summary>
    public int HeapIndex;
    public int Fired;
}

/// <summary>The heap of timers.</summary>
public static unsafe class Timers
{
    static Timer** s_heap;
    static int s_count, s_capacity;
    static long s_next = long.MaxValue;
    static G* s_goroutine;
    static bool s_goroutineIdle;
    static TypeDesc* s_timerType;

    /// <summary>When the first timer is due, or long.MaxValue. Other threads may look.</summary>
    public static long NextWhen => System.Threading.Volatile.Read(ref s_next);

    public static bool IsDue() => NextWhen != long.MaxValue && NextWhen <= Clock.Nano();

    // ---- the heap (4-ary)

    static void Set(int i, Timer* t)
    {
        s_heap[i] = t;
        t->HeapIndex = i + 1;
    }

    static void Up(int i)
    {
        Timer* t = s_heap[i];
        while (i > 0)
        {
            int parent = (i - 1) / 4;
            if (s_heap[parent]->When <= t->When)
                break;
            Set(i, s_heap[parent]);
            i = parent;
        }
        Set(i, t);
    }

    static void Down(int i)
    {
        Timer* t = s_heap[i];
        for (; ; )
        {
            int first = i * 4 + 1;
            if (first >= s_count)
                break;
            int least = first;
            for (int c = first + 1; c < Math.Min(first + 4, s_count); c++)
                if (s_heap[c]->When < s_heap[least]->When)
                    least = c;
            if (s_heap[least]->When >= t->When)
                break;
            Set(i, s_heap[least]);
            i = least;
        }
        Set(i, t);
    }

    static void UpdateNext() => System.Threading.Volatile.Write(ref s_next, s_count == 0 ? long.MaxValue : s_heap[0]->When);

    public static void Add(Timer* t)
    {
        if (s_count == s_capacity)
        {
            s_capacity = Math.Max(64, s_capacity * 2);
            s_heap = (Timer**)NativeMemory.Realloc(s_heap, (nuint)(s_capacity * sizeof(Timer*)));
        }
        s_heap[s_count] = t;
        Up(s_count++);
        UpdateNext();
    }

    public static bool Remove(Timer* t)
    {
        if (t->HeapIndex == 0)
            return false;
        int i = t->HeapIndex - 1;
        t->HeapIndex = 0;
        Timer* last = s_heap[--s_count];
        if (i != s_count)
        {
            Set(i, last);
            Up(i);
            Down(last->HeapIndex - 1);
        }
        UpdateNext();
        return true;
    }

    /// <summary>A cycle's marking is complete, nothing is swept yet: timers of channels that nobody refers to any more leave the heap.</summary>
    internal static void DropDead()
    {
        for (int i = s_count - 1; i >= 0; i--)
        {
            Timer* t = s_heap[i];
            if (t->Chan != null && FindObject.Find((nuint)t, out FoundObject found) && !found.Span->IsMarked(found.Index))
            {
                Remove(t);
                // The last timer of the heap has come to this place, or one from above; look at it again.
                i = Math.Min(i + 1, s_count);
            }
        }
    }

    /// <summary>World stopped: timers of functions and of goroutines live while they are in the heap; those of channels live as long as the channel.</summary>
    internal static void MarkRoots(ref Marker marker)
    {
        for (int i = 0; i < s_count; i++)
            if (s_heap[i]->Chan == null)
                marker.Root((nuint)s_heap[i]);
    }

    // ---- firing

    /// <summary>Fires what is due and needs no Go code, wakes the timer goroutine for the rest; returns the time it looked at.</summary>
    public static long Run()
    {
        if (s_next == long.MaxValue)
            return 0;
        long now = Clock.Nano();
        while (s_count > 0 && s_heap[0]->When <= now)
        {
            Timer* t = s_heap[0];
            if (t->Sleeper != null)
            {
                Remove(t);
                Sched.Ready(t->Sleeper, next: false);
            }
            else if (t->Native != null)
            {
                Remove(t);
                t->Native(t);
            }
            else
            {
                WakeGoroutine();
                break;
            }
        }
        return now;
    }

    static void WakeGoroutine()
    {
        if (s_goroutine == null)
        {
            s_goroutine = Sched.NewSystemG(GoCalls.Code(GoCall.TimerMain));
            Sched.Ready(s_goroutine);
        }
        else if (s_goroutineIdle)
        {
            s_goroutineIdle = false;
            Sched.Ready(s_goroutine);
        }
    }

    /// <summary>Must the timer goroutine send before this channel is looked at?</summary>
    public static bool ChannelDue(HChan* c) =>
        c->Timer != null && c->Timer->HeapIndex != 0 && c->Count == 0 && c->Timer->When <= Clock.Nano();

    /// <summary>
    /// `nexttimer(t *dueTimer)`: parks until a Go timer is due, then fills f, arg, seq, delta and whether it is a channel timer.
    /// Only the timer goroutine calls it; its block is on the heap.
    /// </summary>
    [GoFunc("runtime.nexttimer", Parks = true)]
    public static void NextTimer(G* g, void* due)
    {
        if (Fetch((DueTimer*)due))
            return;
        s_goroutineIdle = true;
        Sched.State(g)->Keep0 = (byte*)due;
        Sched.State(g)->OnWake = &AfterIdle;
        Sched.Park(g, WaitReason.TimerIdle);
    }

    static bool AfterIdle(G* g)
    {
        GState* gs = Sched.State(g);
        if (Fetch((DueTimer*)gs->Keep0))
        {
            gs->Keep0 = null;
            return true;
        }
        s_goroutineIdle = true;
        Sched.ParkAgain(g, WaitReason.TimerIdle, &AfterIdle);
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

    static bool Fetch(DueTimer* due)
    {
        long now = Clock.Nano();
        while (s_count > 0 && s_heap[0]->When <= now)
        {
            Timer* t = s_heap[0];
            if (t->Sleeper != null || t->Native != null)
            {
                Remove(t);
                if (t->Sleeper != null)
                    Sched.Ready(t->Sleeper, next: false);
                else
                    t->Native(t);
                continue;
            }
            due->F = t->F;
            due->ArgType = t->ArgType;
            due->ArgData = t->ArgData;
            due->Seq = t->Seq;
            due->Delta = now - t->When;
            due->IsChan = t->Chan != null ? (byte)1 : (byte)0;
            if (t->Period > 0)
            {
                long missed = (now - t->When) / t->Period;
                t->When += t->Period * (1 + missed);
                if (t->When < 0)
                    t->When = long.MaxValue - 1;
                Down(0);
                UpdateNext();
            }
            else
            {
                Remove(t);
            }
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
        gs->SleepTimer->When = After(nanos);
        Add(gs->SleepTimer);
        Sched.Park(g, WaitReason.Sleep);
    }

    static long After(long nanos)
    {
        long when = Clock.Nano() + nanos;
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

    [GoFunc("time.newTimer")]
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
        t->Period = period;
        t->When = when < 0 ? long.MaxValue - 1 : when;
        if (chan != null)
        {
            t->Chan = (HChan*)chan;
            t->Chan->Timer = t;
            t->Chan->HasTimer = 1;
        }
        Add(t);
        Sysmon.Start();
        return t;
    }

    /// <summary>A value already sent but not received is as if never sent; then the timer counts as pending.</summary>
    static bool Drain(Timer* t)
    {
        if (t->Chan == null || t->Chan->Count == 0)
            return false;
        t->Chan->Count = 0;
        t->Chan->SendIndex = t->Chan->RecvIndex = 0;
        return true;
    }

    [GoFunc("time.stopTimer", Safepoint = false)]
    public static int StopTimer(G* g, void* timer)
    {
        Timer* t = (Timer*)timer;
        bool pending = Remove(t);
        t->Seq++;
        return Drain(t) || pending ? 1 : 0;
    }

    [GoFunc("time.resetTimer", Safepoint = false)]
    public static int ResetTimer(G* g, void* timer, long when, long period)
    {
        Timer* t = (Timer*)timer;
        bool pending = Remove(t);
        pending |= Drain(t);
        t->Seq++;
        t->Period = period;
        t->When = when < 0 ? long.MaxValue - 1 : when;
        Add(t);
        return pending ? 1 : 0;
    }

    [GoFunc("time.runtimeIsBubbled", Safepoint = false)]
    public static int IsBubbled(G* g) => 0;
}

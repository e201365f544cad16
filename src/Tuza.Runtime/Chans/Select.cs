// select with several cases.
//
// The cases are looked at in a random order, and the first that can go on wins: first without locks, then only the channel that
// seems ready is locked. If none is, all are locked, in the order of their addresses, and looked at once more. Otherwise the
// goroutine waits on all channels at once and leaves the locks when it has parked. Several wakers may find it; the one that sets
// SelectDone has it, and does the transfer. When the goroutine goes on it takes itself off the other channels, one after the other.
//
// `scase` is {channel, element address}; sends come first, then receives, as the compiler sorts them. The order array has two
// halves: the order of looking and the order of locking.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>`scase`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SCase
{
    public HChan* C;
    public byte* Elem;
}

/// <summary>runtime.selectgo and reflect.rselect.</summary>
public static unsafe class Select
{
    /// <summary>Results: index of the case (-1: none, only without block), received.</summary>
    [GoFunc("runtime.selectgo", Parks = true)]
    public static long Go(G* g, void* cases, void* order, ulong unused, long sends, long receives, int block)
    {
        SCase* scases = (SCase*)cases;
        ushort* poll = (ushort*)order;
        int n = (int)(sends + receives);
        int chosen = Choose(g, scases, poll, n, (int)sends, block != 0, out int count, out bool closedSend);
        if (chosen == TimersServed)
        {
            GState* state = Sched.State(g);
            state->Keep0 = (byte*)cases;
            state->Keep1 = (byte*)order;
            state->KeepWords = 2 * n;
            state->NoMove = 1;
            state->Scratch0 = sends << 32 | receives;
            state->Scratch1 = block;
            state->OnWake = &Retry;
            state->ParkKind = ParkKind.Yield;
            Trampoline.StartUnwind(g, UnwindReason.Park);
            return 0;
        }
        if (chosen < 0 && block != 0)
        {
            ParkOnAll(g, scases, poll + n, count, (int)sends);
            return 0;
        }
        if (closedSend)
            Trampoline.Inject(g, GoCall.PanicSendClosed);
        return chosen;
    }

    /// <summary>The timers of due channels have been asked to send; to be called again after a yield.</summary>
    const int TimersServed = -2;

    /// <summary>
    /// Index of the case that went through, <see cref="TimersServed"/>, or -1: nothing is ready; if it is to block, all channels that are not nil are locked then,
    /// `count` of them, in the order of the second half of the order array. The received flag is left in R[1].
    /// </summary>
    static int Choose(G* g, SCase* scases, ushort* poll, int n, int sends, bool block, out int count, out bool closedSend)
    {
        g->R[1] = 0;
        count = NotNil(scases, poll, n);
        int chosen = TryReady(g, scases, poll, count, sends, out closedSend, out G* woken);
        if (chosen == TimerIsDue && ServeTimers(g, scases, sends, n))
            return TimersServed;
        if (chosen < 0)
        {
            ushort* locks = poll + n;
            SortLocks(scases, poll, locks, count);
            LockAll(scases, locks, count);
            chosen = TryAll(g, scases, poll, count, sends, out closedSend, out woken);
            if (chosen < 0 && block)
                return -1;
            UnlockAll(scases, locks, count);
        }
        if (woken != null)
            Sched.Ready(Sched.POf(g), woken, next: true);
        return chosen;
    }

    static void ParkOnAll(G* g, SCase* scases, ushort* locks, int count, int sends)
    {
        GState* gs = Sched.State(g);
        if (EnqueueAll(g, scases, locks, count, sends))
            gs->OnWake = &AfterSelect;
        WaitReason reason = Reason(g);
        if (count == 0)
            Sched.Park(g, reason);
        else
            Sched.Park(g, reason, &UnlockWaiting);
    }

    /// <summary>Asks the timer goroutine to send to those of the channels whose time has come; false if there are none.</summary>
    static bool ServeTimers(G* g, SCase* scases, int sends, int n)
    {
        bool any = false;
        for (int i = sends; i < n; i++)
        {
            HChan* c = scases[i].C;
            if (c == null || c->HasTimer == 0 || !Timers.ChannelDue(c))
                continue;
            Timers.ServeChannel(g, c);
            any = true;
        }
        return any;
    }

    /// <summary>In a bubble durable if every channel belongs to it.</summary>
    static WaitReason Reason(G* g)
    {
        if (Sched.State(g)->Bubble == null)
            return WaitReason.Select;
        for (Sudog* s = Sched.State(g)->Waiting; s != null; s = s->WaitLink)
        {
            if (s->C->Bubble == null)
                return WaitReason.Select;
            Bubbles.Check(g, s->C->Bubble, "select on synctest channel from outside bubble");
        }
        return WaitReason.SynctestSelect;
    }

    const int TimerIsDue = -3;

    /// <summary>Fills the order of looking with the cases whose channel is not nil; returns how many.</summary>
    static int NotNil(SCase* scases, ushort* poll, int n)
    {
        int count = 0;
        for (int i = 0; i < n; i++)
        {
            if (scases[i].C != null)
                poll[count++] = (ushort)i;
        }
        return count;
    }

    /// <summary>
    /// Shuffles the order as far as it looks, and tries the cases whose channels seem ready, each under its own lock. Results as
    /// <see cref="TryAll"/>; when nothing went through, the whole order is random. <see cref="TimerIsDue"/>: the case whose turn it is has a timer that must
    /// send first. What is not looked at is not touched: other processors write to those channels.
    /// </summary>
    static int TryReady(G* g, SCase* scases, ushort* poll, int count, int sends, out bool closedSend, out G* woken)
    {
        closedSend = false;
        woken = null;
        P* p = Sched.POf(g);
        for (int k = 0; k < count; k++)
        {
            int j = k + (int)Rand.Below(p, (uint)(count - k));
            ushort i = poll[j];
            poll[j] = poll[k];
            poll[k] = i;
            HChan* c = scases[i].C;
            if (c->HasTimer != 0 && i >= sends && Timers.ChannelDue(c))
                return TimerIsDue;
            if (i < sends ? Chan.LooksFull(c) : Chan.LooksEmpty(c))
                continue;
            c->Lock.Enter();
            int chosen = TryAll(g, scases, &i, 1, sends, out closedSend, out woken);
            c->Lock.Exit();
            if (chosen >= 0)
                return chosen;
        }
        return -1;
    }

    /// <summary>The order of locking: that of the channels' addresses.</summary>
    static void SortLocks(SCase* scases, ushort* poll, ushort* locks, int count)
    {
        if (count <= 12)
        {
            for (int i = 0; i < count; i++)
            {
                ushort x = poll[i];
                int at = i;
                for (; at > 0 && scases[locks[at - 1]].C > scases[x].C; at--)
                    locks[at] = locks[at - 1];
                locks[at] = x;
            }
            return;
        }
        for (int i = 0; i < count; i++)
            locks[i] = poll[i];
        for (int i = count / 2 - 1; i >= 0; i--)
            Sift(scases, locks, i, count);
        for (int end = count - 1; end > 0; end--)
        {
            (locks[0], locks[end]) = (locks[end], locks[0]);
            Sift(scases, locks, 0, end);
        }
    }

    static void Sift(SCase* scases, ushort* heap, int i, int count)
    {
        ushort x = heap[i];
        for (; ; )
        {
            int child = 2 * i + 1;
            if (child >= count)
                break;
            if (child + 1 < count && scases[heap[child + 1]].C > scases[heap[child]].C)
                child++;
            if (scases[heap[child]].C <= scases[x].C)
                break;
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = x;
    }

    static void LockAll(SCase* scases, ushort* locks, int count)
    {
        HChan* last = null;
        for (int i = 0; i < count; i++)
        {
            HChan* c = scases[locks[i]].C;
            if (c != last)
                c->Lock.Enter();
            last = c;
        }
    }

    static void UnlockAll(SCase* scases, ushort* locks, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            HChan* c = scases[locks[i]].C;
            if (i == 0 || scases[locks[i - 1]].C != c)
                c->Lock.Exit();
        }
    }

    /// <summary>
    /// The goroutine has parked: releases the locks in the order of its sudogs. With the first release it may be woken; but it
    /// goes through the locks in the same order before it changes the list, so what is still locked is still there.
    /// </summary>
    static bool UnlockWaiting(G* g)
    {
        Sudog* s = Sched.State(g)->Waiting;
        while (s != null)
        {
            HChan* c = s->C;
            do
                s = s->WaitLink;
            while (s != null && s->C == c);
            c->Lock.Exit();
        }
        return true;
    }

    /// <summary>Index of the case that went through, or -1. The received flag is left in R[1]. All channels are locked.</summary>
    static int TryAll(G* g, SCase* scases, ushort* poll, int count, int sends, out bool closedSend, out G* woken)
    {
        closedSend = false;
        woken = null;
        for (int k = 0; k < count; k++)
        {
            int i = poll[k];
            if (i < sends)
            {
                int r = Chan.TrySendLocked(g, scases[i].C, scases[i].Elem, out woken);
                if (r == 0)
                    continue;
                closedSend = r < 0;
                return i;
            }
            else
            {
                int r = Chan.TryRecvLocked(g, scases[i].C, scases[i].Elem, out woken);
                if (r == 0)
                    continue;
                g->R[1] = r > 0 ? 1UL : 0;
                return i;
            }
        }
        return -1;
    }

    /// <summary>A sudog on every channel, linked in the order of locking. False when all channels are nil: then nobody will ever wake it.</summary>
    static bool EnqueueAll(G* g, SCase* scases, ushort* locks, int count, int sends)
    {
        GState* gs = Sched.State(g);
        gs->SelectDone = 0;
        Sudog** link = &gs->Waiting;
        for (int k = 0; k < count; k++)
        {
            int i = locks[k];
            HChan* c = scases[i].C;
            Sudog* s = Sudog.Acquire(g);
            s->IsSelect = 1;
            s->CaseIndex = i;
            s->Elem = scases[i].Elem;
            s->C = c;
            *link = s;
            link = &s->WaitLink;
            if (i < sends)
            {
                s->IsSend = 1;
                c->SendQ.Enqueue(s);
            }
            else
            {
                c->RecvQ.Enqueue(s);
                if (c->HasTimer != 0)
                    Timers.EnlistLocked(g, c);
            }
        }
        *link = null;
        return gs->Waiting != null;
    }

    static bool AfterSelect(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* woken = gs->Woken;
        gs->Woken = null;
        g->R[0] = (ulong)woken->CaseIndex;
        g->R[1] = woken->IsSend == 0 ? woken->Success : 0UL;
        if (woken->IsSend != 0 && woken->Success == 0)
            gs->Inject = GoCalls.Code(GoCall.PanicSendClosed);
        for (Sudog* s = gs->Waiting; s != null; s = s->WaitLink)
        {
            if (s == woken)
                continue;
            HChan* c = s->C;
            c->Lock.Enter();
            if (s->Queued != 0)
            {
                WaitQ* q = s->IsSend != 0 ? &c->SendQ : &c->RecvQ;
                q->Remove(s);
            }
            c->Lock.Exit();
        }
        P* p = Sched.POf(g);
        for (Sudog* s = gs->Waiting; s != null;)
        {
            Sudog* next = s->WaitLink;
            Sudog.Release(p, s);
            s = next;
        }
        gs->Waiting = null;
        return true;
    }

    /// <summary>The due timers have been served: once more, without native frames.</summary>
    static bool Retry(G* g)
    {
        GState* gs = Sched.State(g);
        SCase* scases = (SCase*)gs->Keep0;
        ushort* poll = (ushort*)gs->Keep1;
        int sends = (int)(gs->Scratch0 >> 32);
        int n = sends + (int)gs->Scratch0;
        bool block = gs->Scratch1 != 0;
        int chosen = Choose(g, scases, poll, n, sends, block, out int count, out bool closedSend);
        if (chosen == TimersServed)
        {
            Sched.YieldAgain(g, &Retry);
            return false;
        }
        gs->Keep0 = gs->Keep1 = null;
        gs->KeepWords = 0;
        gs->NoMove = 0;
        gs->Scratch1 = 0;
        if (chosen < 0 && block)
        {
            if (EnqueueAll(g, scases, poll + n, count, sends))
                gs->OnWake = &AfterSelect;
            gs->WaitReason = Reason(g);
            Sched.SetParked(g);
            _ = UnlockWaiting(g);
            return false;
        }
        g->R[0] = (ulong)(long)chosen;
        if (closedSend)
            gs->Inject = GoCalls.Code(GoCall.PanicSendClosed);
        return true;
    }
}

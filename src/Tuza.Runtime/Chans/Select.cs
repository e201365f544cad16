// select with several cases.
//
// The cases are looked at in a random order; the first one that can go on wins. Otherwise the goroutine waits on all channels at
// once; whoever wakes it through one of them takes it off the others (WaitQ.Dequeue) and has done the transfer.
//
// `scase` is {channel, element address}; sends come first, then receives, as the compiler sorts them.

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
        g->R[1] = 0;

        bool due = false;
        for (int i = (int)sends; i < n; i++)
            due |= scases[i].C != null && scases[i].C->HasTimer != 0 && Timers.ChannelDue(scases[i].C);
        if (due)
        {
            GState* state = Sched.State(g);
            state->Keep0 = (byte*)cases;
            state->Keep1 = (byte*)order;
            state->KeepWords = 2 * n;
            state->NoMove = 1;
            state->Scratch0 = sends << 32 | receives;
            state->Scratch1 = block;
            Timers.Run();
            state->OnWake = &Retry;
            state->ParkKind = ParkKind.Yield;
            Trampoline.StartUnwind(g, UnwindReason.Park);
            return 0;
        }

        int chosen = TryAll(g, scases, poll, (int)sends, n, out bool closedSend);
        if (chosen >= 0)
        {
            if (closedSend)
                Trampoline.Inject(g, GoCall.PanicSendClosed);
            return chosen;
        }
        if (block == 0)
            return -1;
        if (EnqueueAll(g, scases, (int)sends, n))
            Sched.State(g)->OnWake = &AfterSelect;
        Sched.Park(g, WaitReason.Select);
        return 0;
    }

    /// <summary>Index of the case that went through, or -1. The received flag is left in R[1].</summary>
    static int TryAll(G* g, SCase* scases, ushort* poll, int sends, int n, out bool closedSend)
    {
        closedSend = false;
        int count = 0;
        for (int i = 0; i < n; i++)
        {
            if (scases[i].C == null)
                continue;
            int j = (int)Rand.Below((uint)count + 1);
            poll[count] = poll[j];
            poll[j] = (ushort)i;
            count++;
        }
        for (int k = 0; k < count; k++)
        {
            int i = poll[k];
            if (i < sends)
            {
                int r = Chan.TrySend(scases[i].C, scases[i].Elem);
                if (r == 0)
                    continue;
                closedSend = r < 0;
                return i;
            }
            else
            {
                int r = Chan.TryRecv(scases[i].C, scases[i].Elem);
                if (r == 0)
                    continue;
                g->R[1] = r > 0 ? 1UL : 0;
                return i;
            }
        }
        return -1;
    }

    /// <summary>False when all channels are nil: then nobody will ever wake it.</summary>
    static bool EnqueueAll(G* g, SCase* scases, int sends, int n)
    {
        GState* gs = Sched.State(g);
        Sudog** link = &gs->Waiting;
        for (int i = 0; i < n; i++)
        {
            HChan* c = scases[i].C;
            if (c == null)
                continue;
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
        Sudog* s = gs->Waiting;
        gs->Waiting = null;
        while (s != null)
        {
            Sudog* next = s->WaitLink;
            Sudog.Release(s);
            s = next;
        }
        return true;
    }

    static bool Retry(G* g)
    {
        GState* gs = Sched.State(g);
        SCase* scases = (SCase*)gs->Keep0;
        ushort* poll = (ushort*)gs->Keep1;
        int sends = (int)(gs->Scratch0 >> 32);
        int n = sends + (int)gs->Scratch0;
        bool block = gs->Scratch1 != 0;
        gs->Keep0 = gs->Keep1 = null;
        gs->KeepWords = 0;
        gs->NoMove = 0;
        gs->Scratch1 = 0;
        g->R[1] = 0;
        int chosen = TryAll(g, scases, poll, sends, n, out bool closedSend);
        if (chosen < 0 && block)
        {
            gs->Status = GStatus.Waiting;
            gs->WaitReason = WaitReason.Select;
            if (EnqueueAll(g, scases, sends, n))
                gs->OnWake = &AfterSelect;
            return false;
        }
        g->R[0] = (ulong)(long)chosen;
        if (closedSend)
            gs->Inject = GoCalls.Code(GoCall.PanicSendClosed);
        return true;
    }
}

// Snapshots: goroutines with their frames and the pointers in them.

using System;
using System.Collections.Generic;
using System.Numerics;

using Tuza.Abi;

namespace Tuza.Runtime;

sealed unsafe partial class SnapshotWriter
{
    /// <summary>Of one goroutine about so many frames are written, the innermost: a snapshot of an endless recursion should stay readable.</summary>
    const int MostFrames = 10_000;

    void Goroutines()
    {
        long now = Clock.Nano();
        Counted(() =>
        {
            int n = 0;
            for (int i = 0; i < Sched.AllCount; i++)
            {
                G* g = Sched.All(i);
                GState* gs = Sched.State(g);
                if (gs->Status is GStatus.Dead or GStatus.Idle)
                    continue;
                Goroutine(g, gs, now);
                n++;
            }
            return n;
        });
    }

    void WriteGrowth() => Counted(() =>
    {
        int n = 0;
        foreach ((ulong pc, WatchedGrowth w) in Watch.Growth)
        {
            _out.Write(StackIds.OfPc(pc));
            _out.Write(w.First);
            _out.Write(w.Last);
            _out.Write(w.Looks);
            _out.Write(w.Rises);
            _out.Write(w.Falls);
            _out.Write(Watch.NanosOf(w));
            n++;
        }
        return n;
    });

    void WriteTimers() => Counted(() =>
    {
        int n = 0;
        for (int i = 0; i < Sched.PCount; i++)
        {
            P* p = Sched.PAt(i);
            for (int k = 0; p != null && k < p->Timers.Count; k++)
            {
                Timer* t = p->Timers.Items[k].Timer;
                if (t->Sleeper != null || t->Native != null)
                    continue;
                _out.Write((ulong)t);
                _out.Write(t->Period);
                _out.Write((ulong)t->Chan);
                n++;
            }
        }
        return n;
    });

    void Goroutine(G* g, GState* gs, long now)
    {
        _out.Write(g->Goid);
        _out.Write((byte)(gs->Status switch
        {
            GStatus.Waiting => SnapshotStatus.Waiting,
            GStatus.Syscall => SnapshotStatus.SystemCall,
            GStatus.Running => SnapshotStatus.Running,
            _ => SnapshotStatus.Runnable,
        }));
        _out.Write(gs->IsSystem);
        _out.Write(Text(gs->Status == GStatus.Waiting ? WaitReasons.Text(gs->WaitReason) : ""));
        _out.Write(gs->Status == GStatus.Waiting && gs->WaitSince != 0 ? Math.Max(0, now - gs->WaitSince) : 0L);
        _out.Write(StackIds.OfPc(gs->GoPc));
        FuncDesc* start = gs->StartCode == null ? null : FuncTable.FindByCode(gs->StartCode);
        _out.Write(start == null ? 0 : Text(start->Name, start->NameLength));
        _out.Write((ulong)(g->StackHi - g->StackLo));
        (int defers, List<ulong> deferred) = Deferred(g);
        _out.Write(defers);
        _out.Write(Watch.DeferNanos(g));
        _out.Write(Watch.BusyNanos(g));
        List<ulong> waits = [];
        if (gs->Status == GStatus.Waiting)
        {
            for (Sudog* s = gs->Waiting; s != null && waits.Count < ushort.MaxValue; s = s->WaitLink)
            {
                waits.Add(s->C != null ? (ulong)s->C : (ulong)s->Elem); // a channel, or the word of a semaphore
            }
        }
        _out.Write((ushort)waits.Count);
        foreach (ulong w in waits)
            _out.Write(w);
        _out.Write(deferred.Count);
        foreach (ulong d in deferred)
            _out.Write(d);
        if (g->Sp == null || gs->Status == GStatus.Running && g->Unwinding != UnwindReason.None)
        {
            _out.Write(0);
            return;
        }
        int frames = 0;
        for (var c = new FrameCursor(g); c.Valid && frames < MostFrames; c.Next())
            frames += Pcs.Depth(c.Func, c.Site);
        _out.Write(frames);
        using var live = StackTracer.Run(g);
        for (var c = new FrameCursor(g); c.Valid && frames > 0; c.Next())
            frames -= Frames(live, c.Func, c.Site, c.Fp);
    }

    /// <summary>How many calls are pending, and where what they keep begins: of records in the heap in a row only the first is named.</summary>
    static (int Count, List<ulong> From) Deferred(G* g)
    {
        int n = 0;
        List<ulong> from = [];
        bool reached = false;
        for (var d = (DeferRecord*)g->Defer; d != null; d = d->Link)
        {
            n++;
            for (DeferRecord* h = d->Head; h != null; h = h->Link)
                n++;
            if (d->OnHeap == 0 && d->Fn != null)
                from.Add((ulong)d->Fn);
            if (d->OnHeap != 0 && !reached)
                from.Add((ulong)d);
            reached = d->OnHeap != 0;
        }
        return (n, from);
    }

    /// <summary>The logical frames of one frame; the outermost has the slots.</summary>
    int Frames(in StackTracer live, FuncDesc* func, int site, byte* fp)
    {
        int depth = Pcs.Depth(func, site);
        for (int d = 0; d < depth; d++)
        {
            Frame(Pcs.Frame(func, site, d));
            if (d < depth - 1)
                _out.Write(0);
            else
                Slots(live, func, site, (ulong*)fp);
        }
        return depth;
    }

    /// <summary>Pointers of a frame that are not nil: how many, then each.</summary>
    void Slots(in StackTracer live, FuncDesc* func, int siteId, ulong* words)
    {
        SiteDesc* site = FrameWalk.SiteOf(func, siteId);
        long count = _out.Position;
        _out.Write(0);
        int n = 0;
        for (int w = 0; w < site->PtrWordCount; w += 64)
        {
            for (ulong bits = live.LiveWords((byte*)words, site, w); bits != 0; bits &= bits - 1)
            {
                int at = w + BitOperations.TrailingZeroCount(bits);
                if (words[at] == 0)
                    continue;
                ReadOnlySpan<byte> name = ImageLoader.NameInFrame(func, siteId, at * 8);
                fixed (byte* utf8 = name)
                    _out.Write(Text(utf8, name.Length));
                _out.Write(words[at]);
                n++;
            }
        }
        _out.Patch(count, n, 4);
    }
}

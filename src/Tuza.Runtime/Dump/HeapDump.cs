// debug.WriteHeapDump: the heap in Go's own dump format, as the tools that read it expect ("go1.7 heap dump").
//
// A dump is a list of records: a number that says which, then unsigned varints; texts and memory have their length before them. A list of
// fields is pairs of 1 (a pointer) and an offset, ended by 0. The world is stopped. Written are: parameters, objects, goroutines with their frames, variables,
// finalizers, MemStats. See https://go.dev/wiki/heapdump15-through-heapdump17.

using System;
using System.Numerics;
using System.Text;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Writes one dump to a file descriptor.</summary>
sealed unsafe class HeapDump(int file)
{
    const int End = 0, Object = 1, Goroutine = 4, Frame = 5, Params = 6, Finalizer = 7, Stats = 10, Data = 12;
    const int PointerField = 1, FieldsEnd = 0;

    readonly byte[] _buffer = new byte[1 << 16];
    int _used;

    [GoFunc("runtime.writeheapdump")]
    public static void Write(G* g, ulong fd)
    {
        Sched.StopTheWorld(StopReason.Other);
        var dump = new HeapDump((int)fd);
        dump.All();
        Sched.StartTheWorld();
    }

    void All()
    {
        Bytes("go1.7 heap dump\n"u8);
        Parameters();
        Objects();
        Goroutines();
        Variables();
        Finalizers();
        MemoryStats();
        Number(End);
        Flush();
    }

    // ---- records

    void Parameters()
    {
        MHeap* h = MHeap.Current;
        ulong low = ulong.MaxValue, high = 0;
        for (int i = 0; i < h->ArenaCount; i++)
        {
            low = Math.Min(low, (ulong)h->Arena(i)->Start);
            high = Math.Max(high, (ulong)h->Arena(i)->Start + (ulong)HeapConsts.ArenaBytes);
        }
        Number(Params);
        Number(0); // little endian
        Number(HeapConsts.PtrBytes);
        Number(low);
        Number(high);
        Text("amd64");
        Text("");
        Number((ulong)MaxProcs.Cpus);
    }

    /// <summary>Writes the offsets of pointers as it is shown them.</summary>
    readonly struct FieldVisitor(HeapDump dump, nuint* start) : IPointerVisitor
    {
        public void Visit(nuint* slot) => dump.Pointer((ulong)((byte*)slot - (byte*)start));
    }

    void Objects()
    {
        MHeap* h = MHeap.Current;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s == null || s->State != SpanState.InUse)
                continue;
            bool unswept = s->SweepGen == h->SweepGen - 2 || s->SweepGen == h->SweepGen + 1;
            SlotKind kind = SlotInfo.Table[s->Class.Value + 1].Kind;
            for (int k = 0; k < s->ElemCount; k++)
            {
                if (!(unswept ? s->IsMarked(k) : s->IsAllocated(k)))
                    continue;
                TypeDesc* known = ObjectWalk.TypeOf(s, kind, s->Slot(k), out byte* start, out nuint bytes);
                Number(Object);
                Number((ulong)start);
                Memory(start, (long)bytes);
                if (!s->Class.NoScan && (kind != SlotKind.Block || known != null))
                {
                    var fields = new FieldVisitor(this, (nuint*)start);
                    ObjectWalk.Pointers(ref fields, s, s->Slot(k));
                }
                Number(FieldsEnd);
            }
        }
    }

    void Goroutines()
    {
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (gs->Status is GStatus.Dead or GStatus.Idle || g->Sp == null)
                continue;
            // Numbers of states in the format: 1 runnable, 3 in a system call, 4 waiting; the one that dumps counts as runnable.
            ulong state = gs->Status switch
            {
                GStatus.Syscall => 3,
                GStatus.Waiting => 4,
                _ => 1,
            };
            var c = new FrameCursor(g);
            Number(Goroutine);
            Number((ulong)g);
            Number(c.Valid ? (ulong)c.Fp : 0);
            Number((ulong)g->Goid);
            Number(gs->GoPc);
            Number(state);
            Number(gs->IsSystem);
            Number(0); // no background goroutine
            Number((ulong)gs->WaitSince);
            Text(gs->Status == GStatus.Waiting ? WaitReasons.Text(gs->WaitReason) : "");
            Number(0);
            Number((ulong)g->M);
            Number(0); // deferred calls and panics have no records
            Number(0);
            byte* child = null;
            for (ulong depth = 0; c.Valid; c.Next(), depth++)
            {
                FuncDesc* f = c.Func;
                ulong pc = Pcs.Pc(c.FuncId, c.Site, 0);
                Number(Frame);
                Number((ulong)c.Fp);
                Number(depth);
                Number((ulong)child);
                Memory(c.Fp, f->FrameBytes);
                Number(Pcs.Pc(c.FuncId, 0, 0));
                Number(pc);
                Number(pc);
                Number((ulong)f->NameLength);
                Bytes(new(f->Name, f->NameLength));
                SiteDesc* site = FrameWalk.SiteOf(f, c.Site);
                Fields(site->PtrMask, site->PtrWordCount);
                child = c.Fp;
            }
        }
    }

    void Variables()
    {
        foreach (DataSegment d in ImageLoader.DataSegments())
        {
            Number(Data);
            Number((ulong)d.Base);
            Memory(d.Base, d.Bytes);
            Fields(d.Mask, d.Bytes / HeapConsts.PtrBytes);
        }
    }

    void Finalizers()
    {
        MHeap* h = MHeap.Current;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s == null || s->State != SpanState.InUse)
                continue;
            for (Special* sp = s->Specials; sp != null; sp = sp->Next)
            {
                if (sp->Kind != SpecialKind.Finalizer)
                    continue;
                Number(Finalizer);
                Number((ulong)s->Base + sp->Offset);
                Number((ulong)sp->Fn);
                Number((ulong)sp->Fn->Code);
                Number(0);
                Number(0);
            }
        }
    }

    void MemoryStats()
    {
        MemStats m;
        MemStats.Read(MHeap.Current, Gc.StartNanos, MaxProcs.Value, &m);
        Number(Stats);
        ReadOnlySpan<ulong> first =
        [
            m.Alloc, m.TotalAlloc, m.Sys, m.Lookups, m.Mallocs, m.Frees, m.HeapAlloc, m.HeapSys, m.HeapIdle, m.HeapInuse, m.HeapReleased, m.HeapObjects,
            m.StackInuse, m.StackSys, m.MSpanInuse, m.MSpanSys, m.MCacheInuse, m.MCacheSys, m.BuckHashSys, m.GCSys, m.OtherSys, m.NextGC, m.LastGC, m.PauseTotalNs,
        ];
        foreach (ulong n in first)
            Number(n);
        for (int i = 0; i < CollectorState.PauseHistory; i++)
            Number(m.PauseNs[i]);
        Number(m.NumGC);
    }

    // ---- pieces

    void Fields(ulong* mask, long words)
    {
        for (long w = 0; w < words; w += 64)
            for (ulong bits = mask[w >> 6]; bits != 0; bits &= bits - 1)
            {
                long at = w + BitOperations.TrailingZeroCount(bits);
                if (at < words)
                    Pointer((ulong)at * HeapConsts.PtrBytes);
            }
        Number(FieldsEnd);
    }

    void Pointer(ulong offset)
    {
        Number(PointerField);
        Number(offset);
    }

    void Number(ulong n)
    {
        Span<byte> text = stackalloc byte[10];
        int used = 0;
        for (; n >= 0x80; n >>= 7)
            text[used++] = (byte)(n | 0x80);
        text[used++] = (byte)n;
        Bytes(text[..used]);
    }

    void Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Number((ulong)utf8.Length);
        Bytes(utf8);
    }

    void Memory(byte* start, long bytes)
    {
        Number((ulong)bytes);
        for (long at = 0; at < bytes; at += _buffer.Length)
            Bytes(new(start + at, (int)Math.Min(_buffer.Length, bytes - at)));
    }

    void Bytes(ReadOnlySpan<byte> text)
    {
        while (text.Length > _buffer.Length - _used)
        {
            int fits = _buffer.Length - _used;
            text[..fits].CopyTo(_buffer.AsSpan(_used));
            _used = _buffer.Length;
            text = text[fits..];
            Flush();
        }
        text.CopyTo(_buffer.AsSpan(_used));
        _used += text.Length;
    }

    /// <summary>What the file does not take is lost, as in Go.</summary>
    void Flush()
    {
        fixed (byte* p = _buffer)
        {
            for (int at = 0; at < _used;)
            {
                long n = Libc.Write(file, p + at, _used - at);
                if (n <= 0)
                    break;
                at += (int)n;
            }
        }
        _used = 0;
    }
}

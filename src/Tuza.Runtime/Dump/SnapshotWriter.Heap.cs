// Snapshots: spans, objects, variables, specials.

using System;
using System.Collections.Generic;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

sealed unsafe partial class SnapshotWriter
{
    /// <summary>Collects the pointer words of one object as bits.</summary>
    ref struct MaskVisitor(nuint* start, Span<ulong> mask) : IPointerVisitor
    {
        readonly Span<ulong> _mask = mask;

        public readonly void Visit(nuint* slot)
        {
            long word = slot - start;
            _mask[(int)(word >> 6)] |= 1UL << (int)(word & 63);
        }
    }

    void Spans() => Counted(() =>
    {
        MHeap* h = MHeap.Current;
        int n = 0;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s == null || s->State == SpanState.Dead)
                continue;
            _out.Write((ulong)s->Base);
            _out.Write((ulong)s->PageCount);
            _out.Write(s->Class.Value);
            _out.Write((byte)(s->State == SpanState.InUse ? SnapshotSpanState.Objects : SnapshotSpanState.Runtime));
            _out.Write(s->ElemCount);
            _out.Write(s->AllocCount);
            n++;
        }
        return n;
    });

    void Objects()
    {
        MHeap* h = MHeap.Current;
        List<nint> spans = [];
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s != null && s->State == SpanState.InUse)
                spans.Add((nint)s);
        }
        spans.Sort(static (a, b) => ((nuint)((MSpan*)a)->Base).CompareTo((nuint)((MSpan*)b)->Base));
        HashSet<nint> own = OwnObjects();
        long at = _out.Position;
        _out.Write(0L);
        foreach (nint span in spans)
        {
            var s = (MSpan*)span;
            bool unswept = s->SweepGen == h->SweepGen - 2 || s->SweepGen == h->SweepGen + 1;
            for (int i = 0; i < s->ElemCount; i++)
            {
                if ((unswept ? s->IsMarked(i) : s->IsAllocated(i)) && !own.Contains((nint)s->Slot(i)))
                    Object(s, s->Slot(i));
            }
        }
        _out.Patch(at, _objects, 8);
    }

    /// <summary>Goroutines and places on waiting lists are objects too, but not the program's.</summary>
    static HashSet<nint> OwnObjects()
    {
        HashSet<nint> own = [];
        void Add(nint o)
        {
            if (FindObject.Find((nuint)o, out FoundObject found))
                _ = own.Add((nint)found.Slot);
        }

        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            Add((nint)g);
            for (Sudog* s = Sched.State(g)->Waiting; s != null; s = s->WaitLink)
                Add((nint)s);
        }
        Sudog.VisitFree(Add);
        return own;
    }

    void Object(MSpan* s, byte* slot)
    {
        SlotKind kind = SlotInfo.Table[s->Class.Value + 1].Kind;
        TypeDesc* known = ObjectWalk.TypeOf(s, kind, slot, out byte* start, out nuint bytes);
        (uint type, uint stack, uint age) = AllocTrace.Read(slot);
        TypeDesc* t = type != 0 ? AllocTrace.TypeAt(type) : known;
        bool noscan = s->Class.NoScan || (kind == SlotKind.Block && known == null);
        _out.Write((ulong)start);
        _out.Write((ulong)bytes);
        _out.Write(TypeIndex(t));
        _out.Write(stack);
        _out.Write((byte)((noscan ? SnapshotFlags.NoScan : 0) | (_redact ? SnapshotFlags.Redacted : 0)));
        _out.Write((ushort)Math.Min(age, SnapshotFormat.UnknownAge));
        _objects++;
        _objectBytes += (long)bytes;
        if (noscan)
        {
            int kept = _redact ? 0 : (int)nuint.Min(bytes, SnapshotFormat.MostNoScanBody);
            _out.Write(kept);
            _out.Write(new ReadOnlySpan<byte>(start, kept));
            return;
        }
        int words = (int)nuint.Min(bytes / HeapConsts.PtrBytes, int.MaxValue / 8);
        Span<ulong> mask = ClearMask(words);
        MaskVisitor visitor = new((nuint*)start, mask);
        ObjectWalk.Pointers(ref visitor, s, slot);
        _out.Write(words * 8);
        MaskAndBody((ulong*)start, words, mask, _redact && !IsMapHeader(t));
    }

    Span<ulong> ClearMask(int words)
    {
        int n = (words + 63) / 64;
        if (_mask.Length < n)
            _mask = new ulong[n];
        Span<ulong> mask = _mask.AsSpan(0, n);
        mask.Clear();
        return mask;
    }

    TypeDesc* _mapHeader;

    /// <summary>A map's header: nothing in it is data of the program but the number of entries.</summary>
    bool IsMapHeader(TypeDesc* t)
    {
        if (t == null || t->Kind != Kind.Struct || t->Str == 0)
            return false;
        if (_mapHeader == null && TypeTable.TypeText(t).SequenceEqual(SnapshotFormat.MapTypeUtf8))
            _mapHeader = t;
        return t == _mapHeader;
    }

    /// <summary>Redacted bodies keep pointers and the two words behind them: lengths and capacities.</summary>
    void MaskAndBody(ulong* words, int count, ReadOnlySpan<ulong> mask, bool redact)
    {
        foreach (ulong m in mask)
            _out.Write(m);
        if (!redact)
        {
            for (long at = 0, bytes = (long)count * 8; at < bytes; at += 1 << 30)
                _out.Write(new ReadOnlySpan<byte>((byte*)words + at, (int)Math.Min(1 << 30, bytes - at)));
            return;
        }
        for (int i = 0; i < count; i++)
        {
            bool keep = false;
            for (int back = 0; back <= 2 && back <= i; back++)
                keep |= (mask[(i - back) >> 6] >> ((i - back) & 63) & 1) != 0;
            _out.Write(keep ? words[i] : 0UL);
        }
    }

    void Globals() => Counted(() =>
    {
        int n = 0;
        foreach (DataSegment d in ImageLoader.DataSegments())
        {
            List<(long Offset, string Name)> symbols = d.Symbols;
            symbols.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
            if (symbols.Count == 0 || symbols[0].Offset != 0)
                symbols.Insert(0, (0, d.Package + " (static data)"));
            for (int i = 0; i < symbols.Count; i++)
            {
                long from = symbols[i].Offset & ~7L, to = i + 1 < symbols.Count ? symbols[i + 1].Offset & ~7L : d.Bytes & ~7L;
                int words = (int)Math.Min((to - from) / 8, int.MaxValue / 8);
                if (words <= 0)
                    continue;
                Span<ulong> mask = ClearMask(words);
                bool any = false;
                for (int w = 0; w < words; w++)
                {
                    long word = from / 8 + w;
                    if ((d.Mask[word >> 6] >> (int)(word & 63) & 1) == 0)
                        continue;
                    mask[w >> 6] |= 1UL << (w & 63);
                    any = true;
                }
                if (!any)
                    continue;
                (string file, int line) = d.Places.GetValueOrDefault(symbols[i].Offset, ("", 0));
                _out.Write(Text(symbols[i].Name));
                _out.Write(Text(file));
                _out.Write(line);
                _out.Write((ulong)d.Base + (ulong)from);
                _out.Write((long)words * 8);
                MaskAndBody((ulong*)(d.Base + from), words, mask, _redact);
                PartsOf(d, from, from + words * 8L);
                n++;
            }
        }
        return n;
    });

    void PartsOf(DataSegment d, long from, long to)
    {
        int count = 0;
        foreach (VariablePart p in d.Parts)
            count += p.Offset >= from && p.Offset < to ? 1 : 0;
        _out.Write(count);
        foreach (VariablePart p in d.Parts)
        {
            if (p.Offset < from || p.Offset >= to)
                continue;
            _out.Write((int)(p.Offset - from));
            _out.Write(p.ElementBytes);
            _out.Write((byte)p.Flags);
        }
    }

    void WriteSpecials() => Counted(() =>
    {
        MHeap* h = MHeap.Current;
        int n = 0;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s == null || s->State != SpanState.InUse)
                continue;
            for (Special* sp = s->Specials; sp != null; sp = sp->Next)
            {
                _out.Write((ulong)s->Base + sp->Offset);
                _out.Write((byte)(sp->Kind switch
                {
                    SpecialKind.Finalizer => SnapshotSpecialKind.Finalizer,
                    SpecialKind.WeakHandle => SnapshotSpecialKind.WeakHandle,
                    SpecialKind.Cleanup => SnapshotSpecialKind.Cleanup,
                    _ => SnapshotSpecialKind.Other,
                }));
                FuncDesc* f = sp->Fn == null ? null : FuncTable.FindByCode(*(void**)sp->Fn);
                _out.Write(f == null ? 0 : Text(f->Name, f->NameLength));
                _out.Write((ulong)sp->Fn);
                n++;
            }
        }
        return n;
    });
}

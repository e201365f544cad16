// The heap verifier: every structure against every other, with the world stopped.
//
//   V1. page words: every page of a span points to it and says its class and page; words of other pages are 0
//   V2. page allocator: the tree agrees with the bitmaps, the bitmaps with the counters
//   V3. spans: counts against bits, no bit behind the last slot, no mark on a free slot, sweep generation legal, central sets agree
//   V4. objects: every pointer of an allocated object goes outside the heap or into an allocated slot
//   V6. when allocations are traced: the pointer bits of an object are those of its type
//   V5. after marking: an independent marking, plain and slow, finds the same objects (CheckMarksStw)
//
// Run returns what is wrong in words, or null. The collector's own code is used for nothing but ObjectWalk and the roots.

using System.Collections.Generic;
using System.Globalization;
using System.Numerics;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Checks a heap.</summary>
public static unsafe class HeapVerifier
{
    /// <summary>World stopped: fatal when something is wrong.</summary>
    public static void RunStw(MHeap* h)
    {
        string? wrong = Run(h);
        if (wrong != null)
            Fatal.Throw("heap verifier: " + wrong);
    }

    /// <summary>World stopped. Flushes the caches.</summary>
    public static string? Run(MHeap* h)
    {
        Collector.FlushAllCaches(h);
        return h->VerifyPages() ?? Spans(h) ?? PageWords(h) ?? Sets(h) ?? (h->Sweeper.IsDone ? Objects(h) : null);
    }

    static string Say(MSpan* s, string what) => string.Create(CultureInfo.InvariantCulture,
        $"{what} (span 0x{(nuint)s->Base:x}, class {s->Class.SizeClass}{(s->Class.NoScan ? " noscan" : "")}, {s->PageCount} pages)");

    // ---- V3

    static string? Spans(MHeap* h)
    {
        long inUse = 0, stack = 0, work = 0;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s->Index != i)
                return Say(s, "span table index");
            switch (s->State)
            {
                case SpanState.InUse:
                    inUse += (long)s->SpanBytes;
                    string? wrong = Slots(h, s);
                    if (wrong != null)
                        return wrong;
                    break;
                case SpanState.Manual when s->Manual == ManualKind.Stack:
                    stack += (long)s->SpanBytes;
                    break;
                case SpanState.Manual:
                    work += (long)s->SpanBytes;
                    break;
                default:
                    return Say(s, "dead span in the span table");
            }
        }
        if (inUse != h->Stats.HeapInUse || stack != h->Stats.StackInUse || work != h->Stats.WorkBufInUse)
            return "span bytes differ from the counters";
        return null;
    }

    static string? Slots(MHeap* h, MSpan* s)
    {
        if (s->Class.IsBlocks)
            return Chunk(h, s);
        int allocated = 0, words = (s->ElemCount + 63) / 64;
        bool unswept = s->SweepGen == h->SweepGen - 2;
        for (int w = 0; w < words; w++)
        {
            ulong allocs = s->AllocBits[w], marks = s->MarkBits[w];
            if (w == words - 1 && s->ElemCount % 64 != 0 && ((allocs | marks) >> (s->ElemCount % 64)) != 0)
                return Say(s, "bit behind the last slot");
            if ((marks & ~allocs) != 0)
                return Say(s, "mark on a free slot");
            if (marks != 0 && !unswept && h->Gc.Phase == Phase.Off)
                return Say(s, "mark in a swept span");
            allocated += BitOperations.PopCount(allocs);
        }
        if (allocated != s->AllocCount)
            return Say(s, "allocated slots differ from AllocCount");
        if (s->SweepGen != h->SweepGen && !unswept)
            return Say(s, "illegal sweep generation");
        if (s->Limit > s->End || (s->Class.SizeClass != 0 && s->Limit != s->Base + (nuint)s->ElemCount * s->ElemBytes))
            return Say(s, "limit");
        if (s->Class.SizeClass != 0 && ((int)s->ElemBytes != SizeClasses.Bytes(s->Class.SizeClass)
            || (int)s->PageCount != SizeClasses.Pages(s->Class.SizeClass)))
            return Say(s, "size class facts");
        for (int i = 0; i < s->FreeIndex && !unswept; i++)
        {
            if (!s->IsAllocated(i))
                return Say(s, "free slot below FreeIndex");
        }
        if (!IsList(s))
            return Say(s, "special list");
        for (Special* x = s->Specials; x != null; x = x->Next)
        {
            if (x->Offset >= (nuint)(s->Limit - s->Base))
                return Say(s, "special behind the last object");
            if (!s->IsAllocated(s->Class.SizeClass == 0 ? 0 : s->IndexOf((nuint)s->Base + x->Offset)))
                return Say(s, "special of a free slot");
        }
        return null;
    }

    static string? Chunk(MHeap* h, MSpan* s)
    {
        string? wrong = BlockHeap.Verify(s);
        if (wrong != null)
            return Say(s, wrong);
        bool unswept = s->SweepGen == h->SweepGen - 2;
        if (s->SweepGen != h->SweepGen && !unswept)
            return Say(s, "illegal sweep generation");
        for (int w = 0; w < Blocks.Words && !unswept && h->Gc.Phase == Phase.Off; w++)
        {
            if (s->MarkBits[w] != 0)
                return Say(s, "mark in a swept chunk");
        }
        if (!IsList(s))
            return Say(s, "special list");
        for (Special* x = s->Specials; x != null; x = x->Next)
        {
            if (!Blocks.Find(s, (nuint)s->Base + x->Offset, out _))
                return Say(s, "special of a free block");
        }
        return null;
    }

    /// <summary>Sorted, the same in both directions, with the place of the last search in it.</summary>
    static bool IsList(MSpan* s)
    {
        bool hasLast = s->LastSpecial == null && s->Specials == null;
        Special* before = null;
        for (Special* x = s->Specials; x != null; before = x, x = x->Next)
        {
            if (x->Previous != before || (before != null && before->Key > x->Key))
                return false;
            hasLast |= x == s->LastSpecial;
        }
        return hasLast;
    }

    // ---- V1

    static string? PageWords(MHeap* h)
    {
        long pages = 0;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            pages += (long)s->PageCount;
            for (nuint p = 0; p < s->PageCount; p++)
            {
                ulong word = ArenaMap.WordOf((nuint)s->Base + (p << HeapConsts.PageShift));
                if (ArenaMap.SpanOf(word) != s)
                    return Say(s, "page word does not point to its span");
                uint tag = s->State == SpanState.InUse ? s->Class.Value + 1u : 0;
                if (ArenaMap.TagOf(word) != tag || ArenaMap.PageOf(word) != (tag == 0 || s->Class.SizeClass == 0 || s->Class.IsBlocks ? 0 : (int)p))
                    return Say(s, "page word says another class or page");
            }
        }
        long words = 0;
        for (int a = 0; a < h->ArenaCount; a++)
        {
            for (int p = 0; p < HeapConsts.PagesPerArena; p++)
                words += h->Arena(a)->Pages[p] != 0 ? 1 : 0;
        }
        return words == pages ? null : "page words of pages that are in no span";
    }

    // ---- V3, sets

    static string? Sets(MHeap* h)
    {
        for (int i = 0; i < HeapConsts.NumSpanClasses; i++)
        {
            MCentral* c = h->Centrals + i;
            uint gen = h->SweepGen;
            for (int pass = 0; pass < 2; pass++)
            {
                SpanSet* set = pass == 0 ? c->PartialSwept(gen) : c->FullSwept(gen);
                for (int k = 0; k < set->Count; k++)
                {
                    MSpan* s = (*set)[k];
                    if (s->State != SpanState.InUse || s->Class != c->Class || s->SweepGen != gen)
                        return Say(s, "swept set holds a wrong span");
                    if (s->FreeSlots > 0 != (pass == 0))
                        return Say(s, pass == 0 ? "full span in a partial set" : "span with free slots in a full set");
                }
            }
        }
        return null;
    }

    // ---- V4

    struct EdgeCheck : IPointerVisitor
    {
        public nuint* BadSlot;

        public void Visit(nuint* slot)
        {
            nuint p = *slot;
            ulong word = ArenaMap.WordOf(p);
            if (word == 0 && ArenaMap.ArenaOf(p) == null)
                return;
            if (ArenaMap.TagOf(word) == 0)
            {
                BadSlot = slot;        // free page, or a stack: the heap never points there
                return;
            }
            if (!FindObject.Find(p, out FoundObject o) || !o.Span->IsAllocated(o.Index))
                BadSlot = slot;
        }
    }

    static string? Objects(MHeap* h)
    {
        bool traced = h->Caches != null && h->Caches->Trace != 0;
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s->State != SpanState.InUse || s->Class.NoScan)
                continue;
            for (int k = 0; k < s->ElemCount; k++)
            {
                if (!s->IsAllocated(k))
                    continue;
                if (traced && SlotInfo.Table[s->Class.Value + 1].Kind == SlotKind.Bits && !BitsFitType(s, s->Slot(k)))
                    return Say(s, string.Create(CultureInfo.InvariantCulture, $"the pointer bits of object 0x{(nuint)s->Slot(k):x} are not those of its type"));
                var check = default(EdgeCheck);
                ObjectWalk.Pointers(ref check, s, s->Slot(k));
                if (check.BadSlot != null)
                    return Say(s, string.Create(CultureInfo.InvariantCulture,
                        $"object 0x{(nuint)s->Slot(k):x} holds 0x{*check.BadSlot:x} at +{(byte*)check.BadSlot - s->Slot(k)}, which is no object"));
            }
        }
        return null;
    }

    /// <summary>The bits are those of one or more values of the traced type. True when the type is not known.</summary>
    static bool BitsFitType(MSpan* s, byte* slot)
    {
        TypeDesc* t = AllocTrace.TypeAt(AllocTrace.Read(slot).Type);
        if (t == null || t->PtrBytes == 0 || t->Size > s->ElemBytes)
            return true;
        ulong bits = HeapBits.Get(slot, (uint)(s->ElemBytes / HeapConsts.PtrBytes));
        for (uint values = 1; values <= s->ElemBytes / t->Size; values++)
        {
            if (PointerMask.Tile(t, values * (uint)t->Size) == bits)
                return true;
        }
        return false;
    }

    // ---- V5

    struct Reach(HashSet<nuint> seen, Stack<nuint> grey) : IPointerVisitor
    {
        readonly HashSet<nuint> _seen = seen;
        readonly Stack<nuint> _grey = grey;
        public string? Missing;

        public void Visit(nuint* slot)
        {
            if (!FindObject.Find(*slot, out FoundObject o) || !_seen.Add((nuint)o.Slot))
                return;
            if (!o.Span->IsMarked(o.Index))
                Missing ??= string.Create(CultureInfo.InvariantCulture, $"reachable object 0x{(nuint)o.Slot:x} is not marked (slot 0x{(nuint)slot:x})");
            _grey.Push((nuint)o.Slot);
        }
    }

    /// <summary>
    /// Marking done, bits still in place: every marked object's children are marked. With the marked set closed under reachability and all roots
    /// marked (a root scan that adds nothing), nothing reachable was missed. Managed memory is used here: a debug mode only.
    /// </summary>
    public static void CheckMarksStw(MHeap* h, IWorld world)
    {
        var reach = new Reach([], new Stack<nuint>());
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            for (int k = 0; s->State == SpanState.InUse && !s->Class.NoScan && k < s->ElemCount; k++)
            {
                if (s->IsMarked(k))
                    ObjectWalk.Pointers(ref reach, s, s->Slot(k));
            }
        }
        if (reach.Missing != null)
            Fatal.Throw("checkmark: " + reach.Missing);

        var again = new Marker(h);
        world.ScanRoots(ref again, later: false);
        again.Drain();
        long more = again.BytesMarked;
        again.Dispose();
        if (more != 0)
            Fatal.Throw("checkmark: a second look at the roots marked more objects");
    }
}

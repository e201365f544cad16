// The invariants of the three colours, checked while marking is under way: with the world stopped between two portions of work.
//
//   strong   no black object points to a white one
//   weak     a white object that a black one points to can be reached from a grey one through white objects
//
// Insertion keeps the strong one, deletion and hybrid the weak one. Either way nothing is lost. White: mark bit clear. Grey: marked, and its entry waits in a
// buffer of mark work; or recorded by a barrier and not looked at yet. Black: the other marked ones. While roots or stacks are left to scan they
// are grey too, and what they protect is not known here: then nothing is checked.
//
// A debug mode (TUZADEBUG=tricolor=1): managed memory, time in proportion to the heap.

using System.Collections.Generic;
using System.Globalization;

namespace Tuza.Memory;

/// <summary>Checks the colours in the middle of a cycle.</summary>
public static unsafe class ColourCheck
{
    static int s_checks;

    /// <summary>Checks done in this process.</summary>
    public static int Checks => s_checks;

    /// <summary>Between portions of marking, on the collector's thread; the marker keeps no work.</summary>
    public static void Run(MHeap* h, ref Marker marker)
    {
        marker.ShareAll();
        IWorld world = World.Current;
        world.StopTheWorld();
        string? wrong = Find(h);
        if (wrong != null)
            Fatal.Throw("colours: " + wrong);
        world.StartTheWorld();
    }

    /// <summary>World stopped, no marker has work of its own: what is wrong, or null.</summary>
    public static string? Find(MHeap* h)
    {
        CollectorState* gc = &h->Gc;
        for (MCache* c = h->Caches; c != null; c = c->Next)
        {
            Barrier.Flush(c);
            if (c->Grey != 0 && gc->Barrier == BarrierKind.Hybrid)
                return null;
        }
        if (!gc->RootsDone || gc->Phase != Phase.Mark)
            return null;
        Collector.FlushAllCaches(h);
        s_checks++;

        var grey = new HashSet<nuint>();
        var shaded = new HashSet<nuint>();
        for (WorkBuf* b = gc->Work.FullList; b != null; b = b->Below)
        {
            for (int i = 0; i < b->Count; i++)
            {
                // The top bit says "go on here": an object whose first part is scanned.
                nuint entry = WorkBuf.Items(b)[i] & unchecked((nuint)long.MaxValue);
                if (!FindObject.Find(entry, out FoundObject o))
                    continue;
                if (b->Raw == 0)
                    _ = grey.Add((nuint)o.Slot);
                else if (!o.Span->IsMarked(o.Index))
                    _ = shaded.Add((nuint)o.Slot);
            }
        }

        HashSet<nuint> guarded = gc->Barrier == BarrierKind.Insertion ? shaded : Guarded(grey, shaded);
        var edges = new BlackEdges(guarded);
        for (int i = 0; i < h->SpanCount; i++)
        {
            MSpan* s = h->Span(i);
            if (s->State != SpanState.InUse || s->Class.NoScan)
                continue;
            for (int k = 0; k < s->ElemCount && edges.Wrong == null; k++)
            {
                if (s->IsMarked(k) && !grey.Contains((nuint)s->Slot(k)))
                    ObjectWalk.Pointers(ref edges, s, s->Slot(k));
            }
        }
        if (edges.Wrong == null)
            return null;
        return gc->Barrier == BarrierKind.Insertion ? "strong invariant: " + edges.Wrong : "weak invariant: " + edges.Wrong + ", which no grey object protects";
    }

    /// <summary>The white objects that can be reached from grey ones through white ones.</summary>
    static HashSet<nuint> Guarded(HashSet<nuint> grey, HashSet<nuint> shaded)
    {
        var reach = new WhiteReach([.. shaded], new Stack<nuint>(shaded));
        foreach (nuint g in grey)
            Visit(ref reach, g);
        while (reach.Next.Count != 0)
            Visit(ref reach, reach.Next.Pop());
        return reach.Seen;
    }

    static void Visit(ref WhiteReach reach, nuint slot)
    {
        MSpan* span = ArenaMap.SpanOfAddress(slot);
        if (!span->Class.NoScan)
            ObjectWalk.Pointers(ref reach, span, (byte*)slot);
    }

    readonly struct WhiteReach(HashSet<nuint> seen, Stack<nuint> next) : IPointerVisitor
    {
        public readonly HashSet<nuint> Seen = seen;
        public readonly Stack<nuint> Next = next;

        public void Visit(nuint* slot)
        {
            if (FindObject.Find(*slot, out FoundObject o) && !o.Span->IsMarked(o.Index) && Seen.Add((nuint)o.Slot))
                Next.Push((nuint)o.Slot);
        }
    }

    struct BlackEdges(HashSet<nuint> guarded) : IPointerVisitor
    {
        readonly HashSet<nuint> _guarded = guarded;
        public string? Wrong;

        public void Visit(nuint* slot)
        {
            if (FindObject.Find(*slot, out FoundObject o) && !o.Span->IsMarked(o.Index) && !_guarded.Contains((nuint)o.Slot))
                Wrong ??= string.Create(CultureInfo.InvariantCulture, $"a black object points at 0x{(nuint)slot:x} to the white object 0x{(nuint)o.Slot:x}");
        }
    }
}

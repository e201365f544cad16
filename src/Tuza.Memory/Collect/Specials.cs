// Specials: facts about single objects that live beside them: finalizers, cleanups, weak handles, samples of the heap profile.
//
// A span has a list of them, in both directions, sorted by offset, then kind; the arena has a bit per span with any. They are looked at
// in two moments: as roots when marking begins (a finalizer keeps what its object refers to, not the object; a weak pointer keeps its
// handle), and when the span is swept.
//
// Sweeping a dead object: if it has a finalizer, the object is revived for one more cycle, its finalizer is queued and its weak handles are
// cleared, cleanups stay for the time it dies for good. Otherwise weak handles are cleared and cleanups queued.
//
// Invariants. I1: nobody touches the specials of a span that is not swept in this cycle. I2: a handle is zero or the address of an object not found dead.
// I3: MSpan.LastSpecial is one of the list, null only if that is empty.
//
// Dependency order of finalizers follows from marking: everything reachable from an object with a finalizer is marked, so only the object nobody
// refers to is found dead; a cycle of finalizers is never found dead. See GOROOT/src/runtime/mheap.go and mfinal.go.

using System.Numerics;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>What a special is. The order is the order in the list.</summary>
public enum SpecialKind : byte
{
    None = 0,
    Finalizer = 1,
    WeakHandle = 2,
    Cleanup = 3,
    Profile = 4,
}

/// <summary>One fact about an object.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Special
{
    public Special* Next;
    public Special* Previous;

    /// <summary>The order in the list: <see cref="Offset"/> and <see cref="Kind"/>.</summary>
    public ulong Key;

    /// <summary>Finalizer and cleanup: the function value.</summary>
    public FuncVal* Fn;

    /// <summary>Finalizer: result bytes; cleanup: its number.</summary>
    public ulong Number;

    /// <summary>Finalizer: parameter type.</summary>
    public void* Type;

    /// <summary>Finalizer: type of the pointer given to SetFinalizer. Cleanup: the argument. Weak: the handle.</summary>
    public void* Value;

    /// <summary>From the span's start; interior for weak pointers into an object.</summary>
    public readonly nuint Offset => (nuint)(Key >> 8);
    public readonly SpecialKind Kind => (SpecialKind)Key;

    /// <summary>The key of an address in a span.</summary>
    public static ulong KeyOf(MSpan* span, void* p, SpecialKind kind) => (ulong)((byte*)p - span->Base) << 8 | (byte)kind;
}

/// <summary>Adding, removing, marking and sweeping of specials.</summary>
public static unsafe class Specials
{
    static long s_cleanupNumber;

    // ---- finalizers

    /// <summary>Attaches a finalizer to the object at p; false when it has one.</summary>
    public static bool AddFinalizer(MHeap* h, void* p, FuncVal* fn, nuint resultBytes, void* parameterType, void* pointerType)
    {
        Special* s = h->NewSpecial();
        s->Fn = fn;
        s->Number = resultBytes;
        s->Type = parameterType;
        s->Value = pointerType;
        if (Add(h, p, SpecialKind.Finalizer, s, unique: true))
            return true;
        h->FreeSpecial(s);
        return false;
    }

    public static void RemoveFinalizer(MHeap* h, void* p) => Remove(h, p, SpecialKind.Finalizer, number: null);

    // ---- cleanups

    /// <summary>Attaches a cleanup; returns its number, or 0 when p is not in the heap.</summary>
    public static ulong AddCleanup(MHeap* h, void* p, FuncVal* fn, void* argument)
    {
        Special* s = h->NewSpecial();
        s->Fn = fn;
        s->Type = null;
        s->Value = argument;
        s->Number = (ulong)Interlocked.Increment(ref s_cleanupNumber);
        ulong number = s->Number;
        if (Add(h, p, SpecialKind.Cleanup, s, unique: false))
            return number;
        h->FreeSpecial(s);
        return 0;
    }

    public static void RemoveCleanup(MHeap* h, void* p, ulong number) => Remove(h, p, SpecialKind.Cleanup, &number);

    // ---- the heap profile

    /// <summary>The object at p is a sample.</summary>
    public static void AddProfile(MHeap* h, void* p, void* sample)
    {
        Special* s = h->NewSpecial();
        s->Value = sample;
        if (!Add(h, p, SpecialKind.Profile, s, unique: true))
            h->FreeSpecial(s);
    }

    // ---- weak pointers

    /// <summary>The handle of an address: the same for the same address. Objects outside the heap have handles that never clear.</summary>
    public static void* WeakHandle(MCache* c, void* p)
    {
        MHeap* h = c->Heap;
        if (!FindObject.Find((nuint)p, out FoundObject found))
            return h->Gc.ImmortalHandle(p);
        nuint* handle = FindHandle(h, found.Span, p);
        if (handle != null)
            return handle;

        // The allocation may collect; the caller keeps p alive, so its span stays.
        var fresh = (nuint*)Malloc.NewNoScan(c, HeapConsts.TinyBytes);
        Special* s = h->NewSpecial();
        s->Value = fresh;
        *fresh = (nuint)p;
        if (Add(h, p, SpecialKind.WeakHandle, s, unique: true))
        {
            Barrier.Shade(c, fresh);
            return fresh;
        }
        h->FreeSpecial(s);
        return FindHandle(h, found.Span, p);
    }

    static nuint* FindHandle(MHeap* h, MSpan* span, void* p)
    {
        Sweeper.EnsureSwept(h, span);
        span->SpecialLock.Enter(LockRank.SpanSpecials);
        Special* s = Find(span, Special.KeyOf(span, p, SpecialKind.WeakHandle), out _);
        nuint* handle = s == null ? null : (nuint*)s->Value;
        span->SpecialLock.Exit(LockRank.SpanSpecials);
        return handle;
    }

    /// <summary>The address behind a handle if the object is still alive, else null.</summary>
    public static void* Strong(MCache* c, void* handle)
    {
        if (handle == null)
            return null;
        nuint p = Volatile.Read(ref *(nuint*)handle);
        if (p == 0)
            return null;
        MSpan* span = ArenaMap.SpanOfAddress(p);
        if (span == null || span->State != SpanState.InUse)
            return (void*)p;       // immortal
        // An unswept span may hold an object that is dead but not known to be: sweeping it decides.
        Sweeper.EnsureSwept(c->Heap, span);
        p = Volatile.Read(ref *(nuint*)handle);
        Barrier.Shade(c, (void*)p);
        return (void*)p;
    }

    // ---- lists

    /// <summary>
    /// The first special with this key, or null; before: the one in front of all such, or null. Begins where the last search ended: objects get their
    /// specials in the order in which they are made, mostly. Lock held.
    /// </summary>
    static Special* Find(MSpan* span, ulong key, out Special* before)
    {
        Special* s = span->LastSpecial;
        while (s != null && s->Key >= key)
            s = s->Previous;
        Special* next = s == null ? span->Specials : s->Next;
        while (next != null && next->Key < key)
        {
            s = next;
            next = s->Next;
        }
        before = s;
        if (s != null)
            span->LastSpecial = s;
        return next != null && next->Key == key ? next : null;
    }

    static bool Add(MHeap* h, void* p, SpecialKind kind, Special* special, bool unique)
    {
        if (!FindObject.Find((nuint)p, out FoundObject found))
            return false;
        MSpan* span = found.Span;
        Sweeper.EnsureSwept(h, span);
        special->Key = Special.KeyOf(span, p, kind);
        span->SpecialLock.Enter(LockRank.SpanSpecials);
        bool clash = Find(span, special->Key, out Special* before) != null && unique;
        if (!clash)
        {
            if (span->Specials == null)
                SetSpecialsBit(span, true);
            Special* next = before == null ? span->Specials : before->Next;
            special->Next = next;
            special->Previous = before;
            *(before == null ? &span->Specials : &before->Next) = special;
            if (next != null)
                next->Previous = special;
            span->LastSpecial = special;
        }
        span->SpecialLock.Exit(LockRank.SpanSpecials);
        return !clash;
    }

    static void Remove(MHeap* h, void* p, SpecialKind kind, ulong* number)
    {
        if (!FindObject.Find((nuint)p, out FoundObject found))
            return;
        MSpan* span = found.Span;
        Sweeper.EnsureSwept(h, span);
        ulong key = Special.KeyOf(span, p, kind);
        span->SpecialLock.Enter(LockRank.SpanSpecials);
        Special* gone = Find(span, key, out _);
        while (gone != null && number != null && gone->Number != *number)
            gone = gone->Next != null && gone->Next->Key == key ? gone->Next : null;
        if (gone != null)
        {
            Special* before = gone->Previous, next = gone->Next;
            *(before == null ? &span->Specials : &before->Next) = next;
            if (next != null)
                next->Previous = before;
            span->LastSpecial = before == null ? next : before;
            if (span->Specials == null)
                SetSpecialsBit(span, false);
        }
        span->SpecialLock.Exit(LockRank.SpanSpecials);
        if (gone != null)
            h->FreeSpecial(gone);
    }

    static void SetSpecialsBit(MSpan* span, bool on)
    {
        nuint a = (nuint)span->Base;
        int page = ArenaMap.PageIndex(a);
        ulong* word = ArenaMap.ArenaOf(a)->PageSpecials + (page >> 6);
        ulong bit = 1UL << (page & 63);
        if (on)
            Interlocked.Or(ref *word, bit);
        else
            Interlocked.And(ref *word, ~bit);
    }

    // ---- the collector's side

    /// <summary>
    /// Specials of an arena's spans as roots. What is added while marking runs needs no look: it was given by a program that could reach it.
    /// </summary>
    public static void MarkRoots(MHeap* h, int index, ref Marker marker)
    {
        HeapArena* arena = h->Arena(index);
        for (int w = 0; w < HeapConsts.PagesPerArena / 64; w++)
        {
            ulong bits = arena->PageSpecials[w] & arena->PageInUse[w];
            while (bits != 0)
            {
                int page = w * 64 + BitOperations.TrailingZeroCount(bits);
                bits &= bits - 1;
                MSpan* span = ArenaMap.SpanOf(arena->Pages[page]);
                span->SpecialLock.Enter(LockRank.SpanSpecials);
                MarkSpan(span, ref marker);
                span->SpecialLock.Exit(LockRank.SpanSpecials);
            }
        }
    }

    static void MarkSpan(MSpan* span, ref Marker marker)
    {
        for (Special* s = span->Specials; s != null; s = s->Next)
        {
            switch (s->Kind)
            {
                case SpecialKind.Finalizer:
                    if (!span->Class.NoScan)
                        marker.RootContents(span, span->Slot(IndexOf(span, s)));
                    marker.Root((nuint)s->Fn);
                    marker.Root((nuint)s->Type);
                    marker.Root((nuint)s->Value);
                    break;
                case SpecialKind.WeakHandle:
                    marker.Root((nuint)s->Value);
                    break;
                case SpecialKind.Cleanup:
                    marker.Root((nuint)s->Fn);
                    marker.Root((nuint)s->Type);
                    marker.Root((nuint)s->Value);
                    break;
            }
        }
    }

    static int IndexOf(MSpan* span, Special* s) => FindObject.IndexIn(span, (nuint)span->Base + s->Offset);

    /// <summary>Called by the sweeper before the marks become alloc bits: specials of dead objects.</summary>
    public static void SweepSpan(MHeap* h, MSpan* span)
    {
        bool queued = false;
        Special* dead = null;
        span->SpecialLock.Enter(LockRank.SpanSpecials);
        Special** link = &span->Specials;
        Special* kept = null;
        while (*link != null)
        {
            int index = IndexOf(span, *link);
            if (span->IsMarked(index))
            {
                (*link)->Previous = kept;
                kept = *link;
                link = &kept->Next;
                continue;
            }
            bool revive = false;
            for (Special* s = *link; s != null && IndexOf(span, s) == index; s = s->Next)
                revive |= s->Kind == SpecialKind.Finalizer;
            if (revive)
                span->MarkBits[index >> 6] |= 1UL << (index & 63);

            while (*link != null && IndexOf(span, *link) == index)
            {
                Special* s = *link;
                if (revive && (s->Kind is SpecialKind.Cleanup or SpecialKind.Profile))
                {
                    s->Previous = kept;
                    kept = s;
                    link = &s->Next;
                    continue;
                }
                *link = s->Next;
                s->Next = dead;
                dead = s;
            }
        }
        span->LastSpecial = kept;
        if (kept == null)
            SetSpecialsBit(span, false);
        span->SpecialLock.Exit(LockRank.SpanSpecials);

        while (dead != null)
        {
            Special* s = dead;
            dead = s->Next;
            if (s->Kind == SpecialKind.WeakHandle)
            {
                Volatile.Write(ref *(nuint*)s->Value, 0);
            }
            else if (s->Kind == SpecialKind.Profile)
            {
                World.Current.SampleFree(s->Value);
            }
            else
            {
                h->FinQueue.Add(s, span->Base + s->Offset);
                queued = true;
            }
            h->FreeSpecial(s);
        }
        if (queued)
            World.Current.FinalizersReady();
    }
}

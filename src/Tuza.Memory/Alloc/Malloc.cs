// Allocation: the entry points of emitted code and of the runtime.
//
// Which way an object goes, for size bytes and a type with or without pointers:
//   size 0                          the address ZeroBase, shared by all; nothing is counted
//   noscan, size < 16               tiny: shares a 16-byte block (Malloc.Tiny)
//   size <= 32760                   small: a slot of its size class. With pointers: up to 512 bytes pointer bits in the span's tail,
//                                   above an 8-byte header with the type in front of the object
//   otherwise                       large: a span of its own
//
// Cost. NewFixed with constant arguments, inlined into emitted code: load the window's bits, test, clear the lowest, store, form the address;
// with pointers one or on the span's pointer bits. Nothing is zeroed and nothing counted there: see MCache.
//
// Collection. Only the slow paths may collect, and they do so before they take memory. So at the call every pointer the caller still needs must
// be visible to IWorld.ScanRoots (emitted code: in its frame; C#: in MCache.TempRoots), and the result must be made visible before the next call.
//
// Counting, rounding and the choice of class are facts of Go 1.27 that programs can see. See GOROOT/src/runtime/malloc.go.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>The allocator. The first parameter is always the cache of the running P.</summary>
public static unsafe partial class Malloc
{
    /// <summary>Slots up to this size are zeroed a window at a time; larger ones when they are taken.</summary>
    public const int PreZeroScanBytes = 1024;
    public const int PreZeroNoScanBytes = 128;

    /// <summary>Where all objects of size 0 are.</summary>
    public static readonly byte* ZeroBase = (byte*)NativeMemory.AlignedAlloc(64, 64);

    /// <summary>One zeroed object of a type: new(T).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void* NewObject(MCache* c, TypeDesc* t) => MallocGC(c, t->Size, t, needZero: true);

    /// <summary>
    /// One zeroed object of a type whose facts the compiler knows; all arguments but the cache and the descriptor are constants:
    /// the type's size (1 ..= 32760), <see cref="SizeClasses.SpanClassOf"/>, <see cref="SizeClasses.Bytes"/> of its class, and the type's
    /// pointer bits if it has at most 512 bytes (0 otherwise).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void* NewFixed(MCache* c, TypeDesc* t, uint size, int spanClass, uint slotBytes, ulong pointerBits)
    {
        if ((spanClass & 1) != 0 && size < HeapConsts.TinyBytes)
            return Tiny(c, size);
        AllocWindow* w = MCache.Window(c, spanClass);
        ulong free = w->Free;
        if (free == 0)
            return NewFixedSlow(c, t, size, spanClass, pointerBits);
        w->Free = free & (free - 1);
        byte* p = w->First + (nuint)((uint)BitOperations.TrailingZeroCount(free) * slotBytes);
        return Dress(c, p, t, size, spanClass, slotBytes, pointerBits);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void* NewFixedSlow(MCache* c, TypeDesc* t, uint size, int spanClass, ulong pointerBits)
    {
        if (c->Blocks != 0)
            return BlockHeap.New(c, size, (spanClass & 1) != 0 ? null : t, spanClass >> 1, needZero: true);
        byte* p = NextFree(c, spanClass);
        c->RequestedBytes += size;
        if (c->Trace != 0)
            AllocTrace.SetType(c, p, t);
        return Dress(c, p, t, size, spanClass, SlotInfo.Table[spanClass + 1].ElemBytes, pointerBits);
    }

    /// <summary>Makes a taken slot an object: zero it if the window was not, note where its pointers are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte* Dress(MCache* c, byte* p, TypeDesc* t, uint size, int spanClass, uint slotBytes, ulong pointerBits)
    {
        bool noscan = (spanClass & 1) != 0;
        if (slotBytes > (noscan ? PreZeroNoScanBytes : PreZeroScanBytes))
            ZeroSlot(c, p, spanClass, noscan ? size : slotBytes);
        if (noscan)
            return p;
        if (slotBytes > HeapConsts.MaxHeapBitsBytes)
        {
            *(TypeDesc**)p = t;
            return p + HeapConsts.MallocHeaderBytes;
        }
        if (slotBytes > HeapConsts.PtrBytes)
            HeapBits.Set(p, pointerBits, slotBytes / HeapConsts.PtrBytes);
        return p;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void ZeroSlot(MCache* c, byte* p, int spanClass, uint bytes)
    {
        if (c->SpanOf(spanClass)->NeedZero != 0)
            new Span<byte>(p, (int)bytes).Clear();
    }

    /// <summary>Pointer-free bytes; zeroed or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void* NewNoScan(MCache* c, nuint size, bool needZero = true)
    {
        if (size - 1 >= HeapConsts.MaxSmallAlloc)
            return size == 0 ? ZeroBase : Large(c, size, null, needZero);
        return size < HeapConsts.TinyBytes ? Tiny(c, (uint)size) : SmallNoScan(c, (uint)size, needZero);
    }

    /// <summary>The general entry: size bytes of values of type t (n elements if size is n * t.Size), or of no type (no pointers).</summary>
    public static void* MallocGC(MCache* c, nuint size, TypeDesc* t, bool needZero)
    {
        if (c->Trace != 0 && t != null)
            return Traced(c, size, t, needZero);
        if (t == null || t->PtrBytes == 0)
            return NewNoScan(c, size, needZero);
        return Scan(c, size, t, needZero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void* Scan(MCache* c, nuint size, TypeDesc* t, bool needZero)
    {
        if (size - 1 >= HeapConsts.MaxSmallAlloc)
            return size == 0 ? ZeroBase : Large(c, size, t, needZero);
        return size <= HeapConsts.MaxHeapBitsBytes ? SmallBits(c, (uint)size, t) : SmallHeader(c, (uint)size, t);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void* Traced(MCache* c, nuint size, TypeDesc* t, bool needZero)
    {
        void* p = t->PtrBytes == 0 ? NewNoScan(c, size, needZero) : Scan(c, size, t, needZero);
        if (t->PtrBytes != 0 || size >= HeapConsts.TinyBytes)
            AllocTrace.SetType(c, p, t);
        return p;
    }

    /// <summary>n zeroed values in a row, or null when the size overflows the address space (the caller panics).</summary>
    public static void* NewArray(MCache* c, TypeDesc* t, nuint n)
    {
        ulong high = Math.BigMul(t->Size, n, out ulong bytes);
        return high != 0 || bytes >= HeapConsts.MaxAlloc ? null : MallocGC(c, (nuint)bytes, t, needZero: true);
    }

    /// <summary>The capacity in bytes that an allocation of <paramref name="size"/> bytes really has.</summary>
    public static nuint RoundUpSize(nuint size, bool noscan) => SizeClasses.RoundUp(size, noscan);

    // ---- small

    /// <summary>The next slot of the window, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte* Take(MCache* c, int spanClass, uint slotBytes)
    {
        AllocWindow* w = MCache.Window(c, spanClass);
        ulong free = w->Free;
        if (free == 0)
            return null;
        w->Free = free & (free - 1);
        return w->First + (nuint)((uint)BitOperations.TrailingZeroCount(free) * slotBytes);
    }

    /// <summary>The window is empty: the next one of the span, or the next span. May collect.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static byte* NextFree(MCache* c, int spanClass)
    {
        if (Volatile.Read(ref World.StopWanted) != 0)
            World.Current.AttendStop(c);
        if (c->Stress != 0)
            World.Current.RequestCollect(c);
        if (c->Trace != 0 && c->Held.At[spanClass] != 0)
            return TakeTraced(c, spanClass);
        if (!c->FillWindow(spanClass))
        {
            MHeap* h = c->Heap;
            if (h->Pacer.ShouldCollect)
                World.Current.RequestCollect(c);
            if (Barrier.Enabled != 0)
                Assist.Pay(c, 0);
            c->Refill(spanClass);
        }
        return FirstOfWindow(c, spanClass);
    }

    /// <summary>The first slot of a fresh window, noted for profile and trace.</summary>
    static byte* FirstOfWindow(MCache* c, int spanClass)
    {
        AllocWindow* w = MCache.Window(c, spanClass);
        if (c->SampleNow != 0)
            c->Sample(w->First, SlotInfo.Table[spanClass + 1].ElemBytes);
        if (c->Trace != 0)
            return TakeTraced(c, spanClass);
        ulong free = w->Free;
        Debug.Assert((free & 1) != 0, "window starts with a free slot");
        w->Free = free & (free - 1);
        return w->First;
    }

    /// <summary>The next slot of a window that fast paths do not see.</summary>
    static byte* TakeTraced(MCache* c, int spanClass)
    {
        ulong free = c->Held.At[spanClass];
        c->Held.At[spanClass] = free & (free - 1);
        uint bytes = SlotInfo.Table[spanClass + 1].ElemBytes;
        byte* p = MCache.Window(c, spanClass)->First + (nuint)((uint)BitOperations.TrailingZeroCount(free) * bytes);
        AllocTrace.Born(c, p, c->TracedBytes != 0 ? c->TracedBytes : bytes);
        c->TracedBytes = 0;
        return p;
    }

    static byte* SmallNoScan(MCache* c, uint size, bool needZero)
    {
        int sizeClass = SizeClasses.ClassOf(size);
        uint slot = (uint)SizeClasses.Bytes(sizeClass);
        byte* p = Take(c, sizeClass * 2 + 1, slot);
        if (p == null)
        {
            if (c->Blocks != 0)
                return (byte*)BlockHeap.New(c, size, null, sizeClass, needZero);
            p = NextFree(c, sizeClass * 2 + 1);
            c->RequestedBytes += size;
        }
        if (needZero && slot > PreZeroNoScanBytes)
            ZeroSlot(c, p, sizeClass * 2 + 1, size);
        return p;
    }

    static byte* SmallBits(MCache* c, uint size, TypeDesc* t)
    {
        int sizeClass = SizeClasses.ClassOf(size);
        uint slot = (uint)SizeClasses.Bytes(sizeClass);
        byte* p = Take(c, sizeClass * 2, slot);
        if (p == null)
        {
            if (c->Blocks != 0)
                return (byte*)BlockHeap.New(c, size, t, sizeClass, needZero: true);
            p = NextFree(c, sizeClass * 2);
            c->RequestedBytes += size;
        }
        if (slot > HeapConsts.PtrBytes)
            HeapBits.Set(p, PointerMask.Tile(t, size), slot / HeapConsts.PtrBytes);
        return p;
    }

    static byte* SmallHeader(MCache* c, uint size, TypeDesc* t)
    {
        int sizeClass = SizeClasses.ClassOf(size + HeapConsts.MallocHeaderBytes);
        uint slot = (uint)SizeClasses.Bytes(sizeClass);
        byte* p = Take(c, sizeClass * 2, slot);
        if (p == null)
        {
            if (c->Blocks != 0)
                return (byte*)BlockHeap.New(c, size, t, sizeClass, needZero: true);
            p = NextFree(c, sizeClass * 2);
            c->RequestedBytes += size;
        }
        if (slot > PreZeroScanBytes)
            ZeroSlot(c, p, sizeClass * 2, slot);
        *(TypeDesc**)p = t;
        return p + HeapConsts.MallocHeaderBytes;
    }

    /// <summary>
    /// An object of the runtime itself, 16 ..= 32760 zeroed bytes that the collector does not look into. Neither collects nor marks, so it is allowed
    /// where locks are held.
    /// </summary>
    public static byte* NewOwn(MCache* c, uint size)
    {
        int sizeClass = SizeClasses.ClassOf(size);
        byte* p;
        if (c->Blocks != 0)
        {
            p = (byte*)BlockHeap.NewOwn(c, size, sizeClass);
        }
        else
        {
            int spanClass = sizeClass * 2 + 1;
            p = Take(c, spanClass, (uint)SizeClasses.Bytes(sizeClass));
            if (p == null)
            {
                if (!c->FillWindow(spanClass))
                    c->Refill(spanClass);
                p = FirstOfWindow(c, spanClass);
                c->RequestedBytes += size;
            }
            new Span<byte>(p, (int)size).Clear();
        }
        return p;
    }

    // ---- tiny

    /// <summary>A pointer-free object below 16 bytes: the next aligned place of the current block, or a new block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Tiny(MCache* c, uint size)
    {
        nuint align = (size & 7) == 0 ? 8u : (size & 3) == 0 ? 4u : (size & 1) == 0 ? 2u : 1u;
        nuint offset = (c->TinyOffset + align - 1) & ~(align - 1);
        if (offset + size > HeapConsts.TinyBytes || c->Tiny == null)
            return TinySlow(c, size);
        c->TinyOffset = offset + size;
        c->TinyAllocs++;
        return c->Tiny + offset;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static byte* TinySlow(MCache* c, uint size)
    {
        if (c->Blocks != 0)
            return (byte*)BlockHeap.New(c, size, null, HeapConsts.TinySizeClass, needZero: true);
        if (c->Trace != 0)
            return TinyTraced(c, size);
        byte* p = Take(c, HeapConsts.TinySizeClass * 2 + 1, HeapConsts.TinyBytes);
        if (p == null)
        {
            p = NextFree(c, HeapConsts.TinySizeClass * 2 + 1);
            c->RequestedBytes += HeapConsts.TinyBytes;
        }
        // The block with more room left becomes the current one.
        if (c->Tiny == null || size < c->TinyOffset)
        {
            c->Tiny = p;
            c->TinyOffset = size;
        }
        return p;
    }

    /// <summary>Every tiny object is noted: the current block is where the fast path does not look. Bytes are the objects' own.</summary>
    static byte* TinyTraced(MCache* c, uint size)
    {
        nuint align = (size & 7) == 0 ? 8u : (size & 3) == 0 ? 4u : (size & 1) == 0 ? 2u : 1u;
        nuint offset = (c->HeldTinyOffset + align - 1) & ~(align - 1);
        if (offset + size <= HeapConsts.TinyBytes && c->HeldTiny != null)
        {
            AllocTrace.Joined(c, size);
            c->HeldTinyOffset = offset + size;
            c->TinyAllocs++;
            return c->HeldTiny + offset;
        }
        c->TracedBytes = size;
        byte* p = NextFree(c, HeapConsts.TinySizeClass * 2 + 1);
        c->RequestedBytes += HeapConsts.TinyBytes;
        if (c->HeldTiny == null || size < c->HeldTinyOffset)
        {
            c->HeldTiny = p;
            c->HeldTinyOffset = size;
        }
        return p;
    }

    // ---- large

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void* Large(MCache* c, nuint size, TypeDesc* t, bool needZero)
    {
        MHeap* h = c->Heap;
        if (Volatile.Read(ref World.StopWanted) != 0)
            World.Current.AttendStop(c);
        if (h->Pacer.ShouldCollect || c->Stress != 0)
            World.Current.RequestCollect(c);
        if (size >= HeapConsts.MaxAlloc)
            Fatal.OutOfMemory(size, (ulong)h->Stats.HeapInUse);
        if (Barrier.Enabled != 0)
            Assist.Pay(c, (long)size);
        nuint pages = (size + (HeapConsts.PageBytes - 1)) >> HeapConsts.PageShift;
        MSpan* s = h->AllocSpan(c, pages, new SpanClass(0, noscan: t == null));
        if (s == null)
            Fatal.OutOfMemory(size, (ulong)h->Stats.HeapInUse);
        h->AddLargeAlloc((long)s->SpanBytes);
        h->Pacer.AddHeapLive((long)s->SpanBytes);
        s->AllocBits[0] = 1;
        s->AllocCount = 1;
        s->FreeIndex = 1;
        c->RequestedBytes += (long)size;
        if (h->Gc.Phase != Phase.Off && c->Grey == 0)
            Marker.MarkWindow(c, s, 0, 1);
        if (s->NeedZero != 0 && (needZero || t != null))
            NativeMemory.Clear(s->Base, s->SpanBytes);
        s->LargeType = t;
        if (c->Trace != 0)
            AllocTrace.Born(c, s->Base, (long)s->SpanBytes);
        h->Centrals[s->Class.Value].FullSwept(h->SweepGen)->Push(h, s);
        if (c->TakesSample((long)s->SpanBytes))
            c->Sample(s->Base, (long)s->SpanBytes);
        return s->Base;
    }
}

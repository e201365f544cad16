// Records of deferred calls and panics.
//
// The rules of defer, panic and recover are Go code (std/overlay/runtime/panic.go); here are the records they work on.
// A frame is named by its token, StackHi - fp, which survives moves of the stack. Records of deferred calls and their
// funcvals may lie on the goroutine's stack; they are adjusted when the stack moves, and marked as roots.
//
// A range-over-func body defers on behalf of another frame: its token is then the address of a list head (a record with Fn null), which
// was pushed for that frame by deferrangefunc; deferprocat adds to that list.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>One panic or Goexit in progress. Go sees it as `_panic`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PanicRecord
{
    public TypeDesc* ArgType;
    public void* ArgData;
    public PanicRecord* Link;
    /// <summary>Token of the gopanic (or Goexit) frame that calls the deferred functions.</summary>
    public ulong Frame;
    public byte Recovered;
    public byte Aborted;
    public byte Goexit;
    public byte Repanicked;
    /// <summary>Packed pc of the caller of panic.</summary>
    public ulong Pc;
}

/// <summary>Primitives under defer, panic, recover.</summary>
public static unsafe class Panics
{
    /// <summary>The next deferred call, lists of range-over-func bodies spliced in; nil when there is none.</summary>
    static DeferRecord* Top(G* g)
    {
        for (; ; )
        {
            DeferRecord* d = (DeferRecord*)g->Defer;
            if (d == null || d->RangeFunc == 0)
                return d;
            DeferRecord* rest = d->Link;
            DeferRecord* head = d->Head;
            Defers.Free(g, d);
            if (head == null)
            {
                g->Defer = rest;
                continue;
            }
            g->Defer = head;
            while (head->Link != null)
                head = head->Link;
            head->Link = rest;
        }
    }

    /// <summary>`topdefer() *_defer` for panics: the record stays until popdefer.</summary>
    [GoFunc("runtime.topdefer", Safepoint = false)]
    public static void* TopDefer(G* g) => Top(g);

    [GoFunc("runtime.popdefer", Safepoint = false)]
    public static void PopDefer(G* g)
    {
        DeferRecord* d = (DeferRecord*)g->Defer;
        g->Defer = d->Link;
        Defers.Free(g, d);
    }

    /// <summary>`nextdefer(frame uintptr) (fn func(), ok bool)`: takes the next call deferred by that frame; fn may be nil.</summary>
    [GoFunc("runtime.nextdefer", Safepoint = false)]
    public static void* NextDefer(G* g, ulong frame)
    {
        var d = (DeferRecord*)g->Defer;
        if (d != null && d->RangeFunc != 0)
            d = Top(g);
        g->R[1] = 0;
        if (d == null || d->Frame != frame)
            return null;
        FuncVal* fn = d->Fn;
        g->Defer = d->Link;
        Defers.Free(g, d);
        g->R[1] = 1;
        return fn;
    }

    // ---- panics

    /// <summary>`pushpanic(goexit bool, e any) *_panic`: a record for a panic of the calling Go function's frame.</summary>
    [GoFunc("runtime.pushpanic")]
    public static void* PushPanic(G* g, int goexit, void* type, void* data)
    {
        P* owner = Sched.POf(g);
        PanicRecord* p = owner->FreePanics;
        if (p != null)
        {
            owner->FreePanics = p->Link;
            *p = default;
        }
        else
        {
            p = (PanicRecord*)NativeMemory.AllocZeroed((nuint)sizeof(PanicRecord));
        }
        p->ArgType = (TypeDesc*)type;
        p->ArgData = data;
        p->Goexit = (byte)goexit;
        p->Frame = (ulong)(g->StackHi - g->Sp);
        p->Link = (PanicRecord*)g->Panic;
        var c = new FrameCursor(g);
        c.Next();
        p->Pc = c.Valid ? Pcs.Pc(c.FuncId, c.Site, 0) : 0;
        g->Panic = p;
        return p;
    }

    [GoFunc("runtime.toppanic", Safepoint = false)]
    public static void* TopPanic(G* g) => g->Panic;

    [GoFunc("runtime.poppanic", Safepoint = false)]
    public static void PopPanic(G* g)
    {
        PanicRecord* p = (PanicRecord*)g->Panic;
        g->Panic = p->Link;
        P* owner = Sched.POf(g);
        p->Link = owner->FreePanics;
        owner->FreePanics = p;
    }

    /// <summary>
    /// `gorecover() any`. The caller must have been called by the frame that runs deferred calls for the newest panic, not counting
    /// wrappers, and must not be a wrapper itself.
    /// </summary>
    [GoFunc("runtime.gorecover")]
    public static void* GoRecover(G* g)
    {
        g->R[1] = 0;
        PanicRecord* p = (PanicRecord*)g->Panic;
        if (p == null || p->Goexit != 0 || p->Recovered != 0)
            return null;
        int real = 0;
        for (var c = new FrameCursor(g); c.Valid; c.Next())
        {
            if ((ulong)(g->StackHi - c.Fp) == p->Frame)
            {
                if (real != 1)
                    return null;
                p->Recovered = 1;
                g->R[1] = (ulong)p->ArgData;
                return p->ArgType;
            }
            FuncDesc* f = c.Func;
            int depth = Pcs.Depth(f, c.Site);
            for (int d = 0; d < depth; d++)
                if ((Pcs.Frame(f, c.Site, d).Flags & FuncFlags.Wrapper) == 0)
                    real++;
            if (real > 1)
                return null;
        }
        return null;
    }

    /// <summary>`recovery(frame uintptr)`: everything above that frame is left; the frame goes on at its deferred return.</summary>
    [GoFunc("runtime.recovery", Parks = true, NoReturn = true)]
    public static void Recovery(G* g, ulong frame)
    {
        Sched.State(g)->RecoverFp = g->StackHi - frame;
        Trampoline.StartUnwind(g, UnwindReason.Recovered);
    }

    /// <summary>`regoexit(frame uintptr)`: everything above the frame of Goexit is left; it goes on running deferred calls.</summary>
    [GoFunc("runtime.regoexit", Parks = true, NoReturn = true)]
    public static void ReGoexit(G* g, ulong frame)
    {
        GState* gs = Sched.State(g);
        gs->RecoverFp = g->StackHi - frame;
        gs->Inject = GoCalls.Code(GoCall.GoexitContinue);
        Trampoline.StartUnwind(g, UnwindReason.Recovered);
    }

    /// <summary>`frametoken() uintptr`: names the frame of the calling Go function.</summary>
    [GoFunc("runtime.frametoken")]
    public static ulong FrameToken(G* g) => (ulong)(g->StackHi - g->Sp);

    /// <summary>Stack move: records of deferred calls and their funcvals may lie on the stack. The frames are at their new place.</summary>
    public static void Adjust(G* g, in StackMove move)
    {
        move.Fix((byte**)&g->Defer);
        for (DeferRecord* d = (DeferRecord*)g->Defer; d != null; d = d->Link)
        {
            move.Fix((byte**)&d->Link);
            move.Fix((byte**)&d->Fn);
            for (DeferRecord* h = d->Head; h != null; h = h->Link)
                move.Fix((byte**)&h->Fn);
        }
        for (PanicRecord* p = (PanicRecord*)g->Panic; p != null; p = p->Link)
            move.Fix((byte**)&p->ArgData);
    }
}

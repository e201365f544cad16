// The trampoline: the only place where C# calls Go.
//
// A goroutine runs by calling its entry function. When native frames have returned although the Go stack is not empty, the innermost Go
// frame is entered again through its function's resume body, then its caller, and so on until the stack is empty. What made the native
// frames return is in g->Unwinding:
//   None       the innermost function finished; its results are in g->R; go on with its caller.
//   Park       the frames are saved; ParkKind says what to do next.
//   Recovered  a deferred call recovered: the frame that deferred it goes on at its DeferReturn site.
//   Goexit     all deferred calls have run: the goroutine is finished.
//
// An exception comes from a fault of the hardware in emitted code, see Faults.
//
// Injected calls. A C# primitive may not call Go, but some must panic. Such a primitive unwinds with ParkKind.Continue and
// leaves the code word of a Go function in Inject; the trampoline calls it on top of the innermost frame as if that frame had called it.

using System;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Runs goroutines on the thread of an M.</summary>
public static unsafe class Trampoline
{
    /// <summary>Runs <paramref name="g"/> until it parks, yields or ends. False: it has ended.</summary>
    public static bool Run(G* g, GState* gs)
    {
        for (; ; )
        {
            NullReferenceException fault;
            try
            {
                return RunFrames(g, gs);
            }
            catch (NullReferenceException e)
            {
                fault = e;
            }
            // Here, not in the handler, which runs on top of the frames that are to go.
            if (!Faults.Deliver(g, gs, fault))
                ExceptionDispatchInfo.Throw(fault);
        }
    }

    static bool RunFrames(G* g, GState* gs)
    {
        gs->NativeLive = 1;
        for (; ; )
        {
            gs->EntryDepth = g->StackHi - g->Sp;
            if (gs->Inject != null)
            {
                void* code = gs->Inject;
                gs->Inject = null;
                ((delegate*<G*, void>)code)(g);
            }
            else if (g->Sp != g->StackHi)
            {
                ulong header = *(ulong*)g->Sp;
                FuncDesc* func = Pcs.Get((uint)(header >> 32));
                if (func == null || func->Resume == null)
                    Throw.Fatal("resume of a frame without function");
                func->Resume(g);
            }
            else if (gs->Entry != null)
            {
                FuncVal* entry = gs->Entry;
                gs->Entry = null;
                ((delegate*<G*, void*, void>)entry->Code)(g, entry);
            }
            else if (gs->StartList != null && *gs->StartList != null)
            {
                void* code = *gs->StartList++;
                ((delegate*<G*, void>)code)(g);
            }
            else
            {
                gs->NativeLive = 0;
                return false;
            }

            UnwindReason why = g->Unwinding;
            if (why == UnwindReason.None)
            {
                Debug.Assert(g->Sp != null);
                continue;
            }
            g->Unwinding = UnwindReason.None;
            if (why == UnwindReason.Park)
            {
                g->Sp = g->SavedSp;
                if (gs->ParkKind == ParkKind.Continue)
                    continue;
                gs->NativeLive = 0;
                return true;
            }
            if (why == UnwindReason.Recovered)
            {
                g->Sp = gs->RecoverFp;
                if (gs->Inject == null)
                    *(uint*)g->Sp = SiteDesc.DeferReturn;
                Stacks.ResetGuard(g);
                continue;
            }
            Debug.Assert(why == UnwindReason.Goexit);
            g->Sp = g->StackHi;
            gs->NativeLive = 0;
            return false;
        }
    }

    /// <summary>Makes all native frames of the running goroutine return. Called by a primitive whose caller's frame is g->Sp.</summary>
    public static void StartUnwind(G* g, UnwindReason why)
    {
        g->SavedSp = g->UnwindFp = g->Sp;
        g->Sp = null;
        g->Unwinding = why;
    }

    /// <summary>Calls a Go function without parameters on top of the frame that called the running primitive.</summary>
    public static void Inject(G* g, GoCall call, long a = 0, long b = 0)
    {
        GState* gs = GState.Of(g);
        gs->Inject = GoCalls.Code(call);
        gs->InjectA = a;
        gs->InjectB = b;
        gs->ParkKind = ParkKind.Continue;
        StartUnwind(g, UnwindReason.Park);
    }
}

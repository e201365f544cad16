// Walking Go frames with the precise maps of their sites. The collector, the stack copier and tracebacks all go through here.
//
// A frame begins with its header (site, function); its size is the function's; the caller's frame follows. The bottom is StackHi.
// A pointer word of a live slot holds a heap address, a data address, an address of the same stack, or nil. Values below 4096 other than nil
// are the mark of a wrong map or of misuse of unsafe.

using System.Diagnostics;
using System.Numerics;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>The frames of one goroutine, innermost first.</summary>
public unsafe ref struct FrameCursor
{
    readonly byte* _end;
    byte* _fp;
    ulong _header;

    public FrameCursor(G* g)
    {
        _end = g->StackHi;
        _fp = Sched.TopFrame(g, out _header);
    }

    public readonly bool Valid => _fp < _end;

    public readonly byte* Fp => _fp;

    public readonly uint FuncId => (uint)(_header >> 32);

    public readonly int Site => (int)(uint)_header;

    public readonly FuncDesc* Func
    {
        get
        {
            FuncDesc* f = Pcs.Get(FuncId);
            if (f == null)
                Throw.BadFrame(_fp, _header);
            return f;
        }
    }

    public void Next()
    {
        _fp += Func->FrameBytes;
        if (_fp < _end)
            _header = *(ulong*)_fp;
    }
}

/// <summary>Visits of the pointer words of stacks.</summary>
public static unsafe class FrameWalk
{
    /// <summary>Adjusts all pointers into the old stack; the frames are already at their new place, g->Sp too.</summary>
    public static void Adjust(G* g, in StackMove move)
    {
        for (var c = new FrameCursor(g); c.Valid; c.Next())
        {
            FuncDesc* f = c.Func;
            SiteDesc* site = SiteOf(f, c.Site);
            Adjust(c, site, site->PtrMask, move);
            // Objects also if nothing points to them: cheaper than to find out.
            if (site->ObjectCount != 0)
                Adjust(c, site, site->ObjectMask, move);
        }
        for (int i = 0; i < g->ArgCount; i++)
            move.Fix((byte**)&g->Args[i]);
        GState* gs = Sched.State(g);
        move.Fix(&gs->Keep0);
        move.Fix(&gs->Keep1);
        move.FixInclusive(&gs->RecoverFp);
        for (Sudog* s = gs->Waiting; s != null; s = s->WaitLink)
            move.Fix(&s->Elem);
        Panics.Adjust(g, in move);
    }

    static void Adjust(in FrameCursor c, SiteDesc* site, ulong* mask, in StackMove move)
    {
        byte** words = (byte**)c.Fp;
        for (int w = 0; w < site->PtrWordCount; w += 64)
            for (ulong bits = mask[w >> 6]; bits != 0; bits &= bits - 1)
            {
                byte** slot = words + w + BitOperations.TrailingZeroCount(bits);
                if ((nuint)(*slot - 1) < 4095)
                    Throw.BadPointerInFrame(c.Func, c.Site, slot);
                move.Fix(slot);
            }
    }

    public static SiteDesc* SiteOf(FuncDesc* func, int site)
    {
        if ((uint)site >= (uint)func->SiteCount)
            Throw.BadSite(func, site);
        return &func->Sites[site];
    }

    /// <summary>Packed pc of the innermost frame (the caller of a running primitive), at its innermost inlined body.</summary>
    public static ulong CallerPc(G* g)
    {
        var c = new FrameCursor(g);
        return c.Valid ? Pcs.Pc(c.FuncId, c.Site, 0) : 0;
    }

    /// <summary>
    /// Packed pcs of the logical frames after the first <paramref name="skip"/>, with the two below them that Go programs know: runtime.main,
    /// which calls main.main and the initialisers, and runtime.goexit, to which every goroutine returns.
    /// </summary>
    public static int Callers(G* g, int skip, ulong* pcs, int max)
    {
        int n = 0;
        for (var c = new FrameCursor(g); c.Valid && n < max; c.Next())
        {
            FuncDesc* f = c.Func;
            int depth = Pcs.Depth(f, c.Site);
            for (int d = 0; d < depth && n < max; d++)
            {
                FuncFlags flags = depth == 1 ? f->Flags : Pcs.Frame(f, c.Site, d).Flags;
                if ((flags & FuncFlags.Wrapper) != 0)
                    continue;
                if (skip > 0)
                {
                    skip--;
                    continue;
                }
                pcs[n++] = Pcs.Pc(c.FuncId, c.Site, d);
            }
        }
        if (g->Goid == 1)
            n = Add(GoCalls.Id("runtime.main"), ref skip, pcs, n, max);
        return Add(GoCalls.Id("runtime.goexit"), ref skip, pcs, n, max);
    }

    static int Add(int function, ref int skip, ulong* pcs, int n, int max)
    {
        if (function == 0 || n == max || skip-- > 0)
            return n;
        pcs[n] = Pcs.Pc((uint)function, 0, 0);
        return n + 1;
    }

    [Conditional("DEBUG")]
    public static void Check(G* g)
    {
        for (var c = new FrameCursor(g); c.Valid; c.Next())
            _ = SiteOf(c.Func, c.Site);
    }
}

// runtime.Caller, Callers, FuncForPC, Stack: the C# side of std/overlay/runtime/extern.go.
//
// A function's "entry" is the pc of its site 0. A *runtime.Func is the address of the function's descriptor, or of an inlined body's.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Symbols about functions and stacks.</summary>
public static unsafe class SymTab
{
    /// <summary>Counted from the function that calls it.</summary>
    [GoFunc("runtime.callers")]
    public static long Callers(G* g, long skip, void* pcs, long n) => FrameWalk.Callers(g, (int)skip, (ulong*)pcs, (int)n);

    static bool Find(ulong pc, out LogicalFrame frame, out ulong entry)
    {
        frame = default;
        entry = 0;
        if (Pcs.IsPc(pc))
        {
            FuncDesc* f = Pcs.Get(Pcs.PcFunc(pc));
            if (f == null)
                return false;
            int site = Pcs.PcSite(pc);
            if (site >= f->SiteCount)
                site = 0;
            frame = Pcs.Frame(f, site, Pcs.PcDepth(pc));
            entry = Pcs.Pc((uint)f->FuncId, 0, 0);
            return true;
        }
        FuncDesc* byCode = Pcs.ByCode((void*)pc);
        if (byCode == null)
            return false;
        frame = Pcs.Frame(byCode, 0, Pcs.Depth(byCode, 0) - 1);
        frame.Line = byCode->StartLine;
        entry = Pcs.Pc((uint)byCode->FuncId, 0, 0);
        return true;
    }

    /// <summary>`pcinfo(pc) (name, file string, line, startLine int, entry uintptr)`.</summary>
    [GoFunc("runtime.pcinfo", Safepoint = false)]
    public static void* PcInfo(G* g, ulong pc)
    {
        if (!Find(pc, out LogicalFrame f, out ulong entry))
        {
            for (int i = 1; i <= 6; i++)
                g->R[i] = 0;
            return null;
        }
        g->R[1] = (ulong)f.NameLength;
        g->R[2] = (ulong)f.File;
        g->R[3] = (ulong)f.FileLength;
        g->R[4] = (ulong)f.Line;
        g->R[5] = (ulong)f.StartLine;
        g->R[6] = entry;
        return f.Name;
    }

    /// <summary>`funcAt(pc uintptr, inlined bool) *Func`: of code words and program counters; nil for inlined bodies if they are not wanted.</summary>
    [GoFunc("runtime.funcAt", Safepoint = false)]
    public static void* FuncAt(G* g, ulong pc, int inlined)
    {
        if (!Find(pc, out LogicalFrame f, out _))
            return null;
        return !f.Inlined ? f.Func : inlined != 0 ? f.Body : null;
    }

    [GoFunc("runtime.funcEntry", Safepoint = false)]
    public static ulong FuncEntry(G* g, void* func) =>
        func == null ? 0 : Pcs.Pc((uint)(FuncTable.Contains(func) ? ((FuncDesc*)func)->FuncId : ImageLoader.FuncOf((InlineDesc*)func)), 0, 0);

    /// <summary>`funcName(f *Func) string`.</summary>
    [GoFunc("runtime.funcName", Safepoint = false)]
    public static void* FuncName(G* g, void* func)
    {
        if (FuncTable.Contains(func))
        {
            g->R[1] = (ulong)((FuncDesc*)func)->NameLength;
            return ((FuncDesc*)func)->Name;
        }
        g->R[1] = (ulong)((InlineDesc*)func)->NameLength;
        return ((InlineDesc*)func)->Name;
    }

    /// <summary>`callerName(skip int) string`: 0 is the caller of the function that calls this; wrappers count.</summary>
    [GoFunc("runtime.callerName")]
    public static void* CallerName(G* g, long skip)
    {
        g->R[1] = 0;
        var c = new FrameCursor(g);
        for (long i = 0; i <= skip && c.Valid; i++)
            c.Next();
        if (!c.Valid)
            return null;
        FuncDesc* f = c.Func;
        g->R[1] = (ulong)f->NameLength;
        return f->Name;
    }

    /// <summary>`stackText(buf *byte, n int, all bool) int`: a traceback as text.</summary>
    [GoFunc("runtime.stackText")]
    public static long StackText(G* g, void* buf, long n, int all)
    {
        if (all != 0)
            Sched.StopTheWorld(StopReason.AllStacks);
        Print.Redirect((byte*)buf, n);
        Traceback.Header(g);
        Traceback.Stack(g, 1);
        if (all != 0)
            Traceback.Others(g);
        long used = Print.EndRedirect();
        if (all != 0)
            Sched.StartTheWorld();
        return used;
    }
}

/// <summary>Profiles of goroutines.</summary>
public static unsafe class Profiles
{
    /// <summary>
    /// `goroutineStacks(pcs *uintptr, perStack, max int, labels *unsafe.Pointer, leaked bool) int`: the stacks of the goroutines that live and are not the
    /// runtime's own, or of the leaked ones; perStack words each, a shorter one ended by 0; the caller's is the first. Their labels, if wanted. Returns how many
    /// there are; nothing is written if they are more than max.
    /// </summary>
    [GoFunc("runtime.goroutineStacks")]
    public static long GoroutineStacks(G* g, void* pcs, long perStack, long max, void* labels, int leaked)
    {
        Sched.StopTheWorld(StopReason.AllStacks);
        long n = leaked != 0 ? 0 : 1;
        for (int i = 0; i < Sched.AllCount; i++)
            if (Counts(g, Sched.All(i), leaked))
                n++;
        if (n <= max)
        {
            ulong* at = (ulong*)pcs;
            void** label = (void**)labels;
            if (leaked == 0)
                One(g, ref at, perStack, ref label);
            for (int i = 0; i < Sched.AllCount; i++)
                if (Counts(g, Sched.All(i), leaked))
                    One(Sched.All(i), ref at, perStack, ref label);
        }
        Sched.StartTheWorld();
        return n;
    }

    static bool Counts(G* g, G* other, int leaked)
    {
        GState* gs = Sched.State(other);
        return other != g && (leaked == 0 || gs->Leaked != 0) && gs->Status is not (GStatus.Dead or GStatus.Idle) && gs->IsSystem == 0;
    }

    static void One(G* g, ref ulong* at, long perStack, ref void** label)
    {
        bool held = Sched.HoldStack(g);
        int k = FrameWalk.Callers(g, 0, at, (int)perStack);
        if (held)
            Sched.EndScan(g);
        if (k < perStack)
            at[k] = 0;
        at += perStack;
        if (label == null)
            return;
        void* labels = Sched.State(g)->ProfLabels;
        TypedMem.Shade(labels);
        *label++ = labels;
    }

    [GoFunc("runtime.setproflabel", Safepoint = false)]
    public static void SetLabel(G* g, void* labels) => Sched.State(g)->ProfLabels = labels;

    [GoFunc("runtime.getproflabel", Safepoint = false)]
    public static void* GetLabel(G* g) => Sched.State(g)->ProfLabels;
}

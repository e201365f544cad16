// runtime/debug and MemStats.

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Symbols of runtime/debug, and what runtime shows of the heap.</summary>
public static unsafe class DebugHooks
{
    [GoFunc("runtime.readmemstats")]
    public static void ReadMemStats(G* g, void* stats)
    {
        Sched.StopTheWorld(StopReason.MemStats);
        MemStats.Read(MHeap.Current, Gc.StartNanos, MaxProcs.Value, (MemStats*)stats);
        Sched.StartTheWorld();
    }

    [GoFunc("runtime/debug.setGCPercent", Safepoint = false)]
    public static int SetGcPercent(G* g, int percent)
    {
        int old = MHeap.Current->Pacer.SetGcPercent(percent);
        return old;
    }

    [GoFunc("runtime/debug.setMemoryLimit", Safepoint = false)]
    public static long SetMemoryLimit(G* g, long bytes) => MHeap.Current->Pacer.SetMemoryLimit(bytes);

    [GoFunc("runtime/debug.setMaxStack", Safepoint = false)]
    public static long SetMaxStack(G* g, long bytes)
    {
        long old = Stacks.MaxBytes;
        Stacks.MaxBytes = bytes;
        return old;
    }

    [GoFunc("runtime/debug.setMaxThreads", Safepoint = false)]
    public static long SetMaxThreads(G* g, long n)
    {
        long old = Threads.Max;
        Threads.Max = n;
        return old;
    }

    /// <summary>The caller goes on from its saved frames: see <see cref="Faults"/>.</summary>
    [GoFunc("runtime/debug.setPanicOnFault", Parks = true)]
    public static int SetPanicOnFault(G* g, int on)
    {
        GState* gs = Sched.State(g);
        g->R[0] = gs->PanicOnFault;
        gs->PanicOnFault = (byte)on;
        Stacks.ResetGuard(g);
        gs->ParkKind = ParkKind.Continue;
        Trampoline.StartUnwind(g, UnwindReason.Park);
        return 0;
    }

    [GoFunc("runtime/debug.SetTraceback", Safepoint = false)]
    public static void SetTraceback(G* g, void* text, long n) =>
        DebugFlags.SetTraceback(System.Text.Encoding.UTF8.GetString((byte*)text, (int)n));

    [GoFunc("runtime/debug.runtime_setCrashFD", Safepoint = false)]
    [GoFunc("runtime.setCrashFD", Safepoint = false)]
    public static ulong SetCrashFd(G* g, ulong fd)
    {
        ulong old = s_crashFd;
        s_crashFd = fd;
        return old;
    }

    static ulong s_crashFd = ulong.MaxValue;

    /// <summary>`gcstats(p *uint64, n int) int` for readGCStats: pauses, newest first; then last GC (unix), cycles, total pause. Returns words written.</summary>
    [GoFunc("runtime.gcstats", Safepoint = false)]
    public static long GcStats(G* g, void* buffer, long words)
    {
        CollectorState* gc = &MHeap.Current->Gc;
        ulong* p = (ulong*)buffer;
        long n = System.Math.Min(gc->CycleCount, CollectorState.PauseHistory);
        if (words < 2 * n + 3)
            n = (words - 3) / 2;
        for (long i = 0; i < n; i++)
        {
            int slot = (int)((gc->CycleCount - 1 - i) % CollectorState.PauseHistory);
            p[i] = (ulong)gc->PauseNanos[slot];
            p[n + i] = (ulong)gc->PauseEndUnixNanos[slot];
        }
        p[2 * n] = (ulong)gc->LastEndUnixNanos;
        p[2 * n + 1] = gc->CycleCount;
        p[2 * n + 2] = (ulong)gc->PauseTotalNanos;
        return 2 * n + 3;
    }
}

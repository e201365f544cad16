// Assists: the program marks in proportion to what it allocates while marking runs, so that the heap does not outgrow its goal.
//
// The debt belongs to the P: the free bytes of the spans that its cache took, and large objects. It is paid from the credit of the collector's
// threads; what is left the P works off with a marker of its own, in portions, and gives the rest of its work back to the pool at once. When there is
// nothing to work on, it asks the others for some and goes on with its debt until the next time. But when the heap is far over its goal, allocation
// waits for the end of the cycle. Nobody pays while the collector is limited (CpuLimiter).
//
// See GOROOT/src/runtime/mgcmark.go (gcAssistAlloc).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Memory;

/// <summary>Mark work done by those who allocate.</summary>
public static unsafe class Assist
{
    const long MinWork = 64 << 10;
    const long MaxStepWork = 1 << 20;

    /// <summary>A slow path of allocation, before it takes memory: pays for <paramref name="bytes"/>, and for what the P owes for its spans (MCache.Refill).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Pay(MCache* c, long bytes)
    {
        MHeap* h = c->Heap;
        CollectorState* gc = &h->Gc;
        c->AssistDebt += bytes;
        if (c->AssistDebt <= 0)
            return;
        h->Pacer.Revise();
        if (gc->Incremental != 0)
        {
            Step(c);
            return;
        }
        if (gc->Limiter.Check(World.Current, gc->StartedCount))
            return;
        long work = (long)(c->AssistDebt * h->Pacer.AssistWorkPerByte);
        long credit = Volatile.Read(ref gc->AssistCredit);
        if (credit > 0)
        {
            long taken = long.Min(credit, work);
            Interlocked.Add(ref gc->AssistCredit, -taken);
            work -= taken;
            c->AssistDebt -= (long)(taken * h->Pacer.AssistBytesPerWork) + 1;
            if (work <= 0)
                return;
        }
        long start = World.Current.NanoTime();
        long done = Work(c, long.Max(work, MinWork));
        c->AssistDebt -= (long)(done * h->Pacer.AssistBytesPerWork);
        long nanos = World.Current.NanoTime() - start;
        Interlocked.Add(ref gc->CycleAssistNanos, nanos);
        gc->Limiter.Spent(nanos);
        while (done == 0 && !gc->Limiter.Limiting && gc->Phase == Phase.Mark && h->Pacer.FarOverGoal && World.Current.Pause(c))
        {
        }
    }

    /// <summary>
    /// Incremental marking: what the debt of this P asks for, within bounds, roots included. Who finds nothing left ends the cycle.
    /// </summary>
    static void Step(MCache* c)
    {
        MHeap* h = c->Heap;
        CollectorState* gc = &h->Gc;
        long start = World.Current.NanoTime();
        long wanted = long.Clamp((long)(c->AssistDebt * h->Pacer.AssistWorkPerByte), MinWork, MaxStepWork), done = 0;
        gc->Work.Activate();
        Prepare(c);
        bool more = true;
        while (more && done < wanted)
        {
            more = c->Assistant->Drain(wanted - done) || gc->MarkSomeRoots(ref *c->Assistant);
            done += c->Assistant->Publish();
        }
        c->Assistant->ShareAll();
        gc->Work.Deactivate();
        // No credit for what was done beyond: near the end, when little seems to be left, it would put the rest off for ever.
        c->AssistDebt = 0;
        Interlocked.Add(ref gc->CycleAssistNanos, World.Current.NanoTime() - start);
        if (!more && gc->RootsDone && gc->Work.IsIdle())
            World.Current.RequestCollect(c);
    }

    /// <summary>Marks what the barrier of the P recorded; what is found to scan goes to the pool.</summary>
    internal static void MarkRecorded(MCache* c, nuint* items, int count)
    {
        BeginRoots(c).TakeRecorded(items, count);
        EndRoots(c);
    }

    /// <summary>A marker for the P; what it gets must be given to the pool with <see cref="EndRoots"/> at once.</summary>
    public static ref Marker BeginRoots(MCache* c)
    {
        c->Heap->Gc.Work.Activate();
        Prepare(c);
        return ref *c->Assistant;
    }

    public static void EndRoots(MCache* c)
    {
        c->Assistant->Publish();
        c->Assistant->ShareAll();
        c->Heap->Gc.Work.Deactivate();
    }

    static void Prepare(MCache* c)
    {
        if (c->Assistant == null)
            c->Assistant = (Marker*)NativeMemory.AllocZeroed((nuint)sizeof(Marker));
        if (!c->Assistant->IsReady)
            *c->Assistant = new Marker(c->Heap, shared: true);
    }

    static long Work(MCache* c, long wanted)
    {
        ref WorkPool pool = ref c->Heap->Gc.Work;
        WorkBuf* b = pool.Take(activate: true);
        SetHungry(c, b == null);
        if (b == null)
            return 0;
        Prepare(c);
        c->Assistant->Adopt(b);
        long done = 0;
        for (bool more = true; more && done < wanted;)
        {
            more = c->Assistant->Drain(long.Min(wanted - done, MarkWork.ChunkBytes));
            done += c->Assistant->Publish();
            if (pool.WantsWork)
                c->Assistant->Share();
        }
        c->Assistant->ShareAll();
        pool.Deactivate();
        return done;
    }

    /// <summary>The markers give a part of their work to the pool if somebody wants some: the P's next assist will find it.</summary>
    static void SetHungry(MCache* c, bool hungry)
    {
        if (c->AssistHungry == hungry)
            return;
        c->AssistHungry = hungry;
        c->Heap->Gc.Work.AddHungry(hungry ? 1 : -1);
    }

    /// <summary>World stopped, marking done: the buffers go back.</summary>
    public static void Rest(MCache* c)
    {
        SetHungry(c, false);
        c->AssistDebt = 0;
        if (c->Assistant != null && c->Assistant->IsReady)
        {
            c->Assistant->Dispose();
            *c->Assistant = default;
        }
    }
}

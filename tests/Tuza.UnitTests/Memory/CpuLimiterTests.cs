// The limiter's bucket: when it fills, when it empties, what follows.

using Tuza.Memory;
using Xunit;

namespace Tuza.UnitTests.Memory;

[Collection("heap")]
public sealed class CpuLimiterTests
{
    const long Window = CpuLimiter.WindowNanos;

    /// <summary>Windows of the given collector's share until the limiter's state is as wanted, at most <paramref name="most"/>.</summary>
    static int Windows(FakeWorld w, ref CpuLimiter l, double share, bool until, int most, uint cycle)
    {
        for (int n = 1; n <= most; n++)
        {
            w.Clock += Window;
            w.ProcessorClock += Window;
            l.Spent((long)(share * Window));
            if (l.Check(w, cycle) == until)
                return n;
        }
        return -1;
    }

    static FakeWorld Start(ref CpuLimiter l)
    {
        var w = new FakeWorld { Clock = 1_000_000, ProcessorClock = 1_000_000 };
        l.Settle(w, w.NanoTime(), 1);
        return w;
    }

    [Fact]
    public void HalfOfTheTimeIsNeverTooMuch()
    {
        CpuLimiter l = default;
        using FakeWorld w = Start(ref l);
        Assert.Equal(-1, Windows(w, ref l, 0.5, until: true, 1000, 2));
        Assert.Equal(0u, l.LastLimited);
        Assert.Equal(0, l.Fill);
    }

    [Fact]
    public void CollectingAllTheTimeFillsTheBucketInASecond()
    {
        CpuLimiter l = default;
        using FakeWorld w = Start(ref l);
        Assert.Equal(100, Windows(w, ref l, 1, until: true, 1000, 7));
        Assert.Equal(7u, l.LastLimited);
        Assert.Equal(CpuLimiter.CapacityPerProcessor, l.Fill);
        // The first window in which the program gets more ends it; the bucket is still nearly full.
        Assert.Equal(1, Windows(w, ref l, 0.25, until: false, 10, 8));
        Assert.Equal(7u, l.LastLimited);
        Assert.Equal(CpuLimiter.CapacityPerProcessor - Window / 2, l.Fill);
    }

    [Fact]
    public void IdleTimeIsNobodys()
    {
        CpuLimiter l = default;
        using FakeWorld w = Start(ref l);
        Windows(w, ref l, 1, until: true, 50, 2);
        long fill = l.Fill;
        Assert.Equal(50 * Window, fill);
        w.Clock += 3600_000_000_000;
        Assert.False(l.Check(w, 3));
        Assert.Equal(fill, l.Fill);
    }

    [Fact]
    public void MarkingOnIdleProcessorsIsNobodys()
    {
        CpuLimiter l = default;
        using FakeWorld w = Start(ref l);
        Windows(w, ref l, 1, until: true, 50, 2);
        w.Clock += Window;
        w.ProcessorClock += Window;
        l.IdleMarked(Window);
        Assert.False(l.Check(w, 3));
        Assert.Equal(50 * Window, l.Fill);
    }

    [Fact]
    public unsafe void NobodyAssistsWhileLimited()
    {
        using var w = new FakeWorld { Clock = 1_000_000, ProcessorClock = 1_000_000 };
        CollectorState* gc = &w.Heap->Gc;
        gc->Limiter.Settle(w, w.NanoTime(), 1);
        w.Heap->Pacer.AssistWorkPerByte = w.Heap->Pacer.AssistBytesPerWork = 1;
        Assist.Pay(w.Cache, 1 << 20);
        Assert.Equal(1 << 20, w.Cache->AssistDebt); // there is nothing to work on
        gc->AssistCredit = 64 << 20;
        Assert.NotEqual(-1, Windows(w, ref gc->Limiter, 1, until: true, 1000, 1));
        Assist.Pay(w.Cache, 1 << 20);
        Assert.Equal(64 << 20, gc->AssistCredit);
        Assert.NotEqual(-1, Windows(w, ref gc->Limiter, 0, until: false, 10, 1));
        Assist.Pay(w.Cache, 1 << 20);
        Assert.True(gc->AssistCredit < 64 << 20);
    }
}

// Goroutines, channels, select, stacks and timers over hand-made frames.

using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Runtime;
using Xunit;

namespace Tuza.UnitTests.Runtime;

[Collection("heap")]
public sealed unsafe class SchedTests : IClassFixture<RuntimeFixture>
{
    /// <summary>Counted as Go's: an object of the class of 480 bytes.</summary>
    [Fact]
    public void GoroutinesAreAsLargeAsGos() => Assert.Equal(SizeClasses.ClassOf(480), SizeClasses.ClassOf((nuint)(sizeof(G) + sizeof(GState))));

    // ---- sender and receiver over one channel

    const int Size = 48;
    static readonly int s_sendId = FakeGo.Define("test.send", Size, 0, &SendResume);
    static readonly int s_recvId = FakeGo.Define("test.recv", Size, 0, &RecvResume);
    static HChan* s_chan;
    static long s_count, s_sum, s_received;

    static void Send(G* g, void* ctx)
    {
        byte* fp = FakeGo.Enter(g, Size, out bool unwound);
        Assert.False(unwound);
        *(long*)(fp + 16) = 0;
        SendLoop(g, fp, false);
    }

    static void SendResume(G* g) => SendLoop(g, g->Sp, true);

    static void SendLoop(G* g, byte* fp, bool resumed)
    {
        if (resumed)
            *(long*)(fp + 16) += 1;
        while (*(long*)(fp + 16) < s_count)
        {
            *(long*)(fp + 32) = *(long*)(fp + 16);
            *(ulong*)fp = FakeGo.Header(s_sendId, 2);
            Chan.Send1(g, s_chan, fp + 32);
            if (g->Sp != fp)
            {
                fp = g->UnwindFp;
                g->UnwindFp = fp + Size;
                return;
            }
            *(long*)(fp + 16) += 1;
        }
        *(ulong*)fp = FakeGo.Header(s_sendId, 3);
        Chan.Close(g, s_chan);
        g->Sp = fp + Size;
    }

    static void Recv(G* g, void* ctx)
    {
        byte* fp = FakeGo.Enter(g, Size, out _);
        *(long*)(fp + 24) = 0;
        RecvLoop(g, fp, false);
    }

    static void RecvResume(G* g) => RecvLoop(g, g->Sp, true);

    static void RecvLoop(G* g, byte* fp, bool resumed)
    {
        int ok = resumed ? (int)g->R[0] : 0;
        for (bool skip = resumed; ; skip = false)
        {
            if (!skip)
            {
                *(ulong*)fp = FakeGo.Header(s_recvId, 2);
                ok = Chan.Recv2(g, s_chan, fp + 32);
                if (g->Sp != fp)
                {
                    fp = g->UnwindFp;
                    g->UnwindFp = fp + Size;
                    return;
                }
            }
            if (ok == 0)
                break;
            *(long*)(fp + 24) += *(long*)(fp + 32);
            s_received++;
        }
        s_sum = *(long*)(fp + 24);
        g->Sp = fp + Size;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void ChannelDeliversInOrderAndCloses(int size)
    {
        s_chan = FakeGo.MakeChan(size);
        s_count = 1000;
        s_sum = -1;
        s_received = 0;
        FakeGo.Go(&Send);
        FakeGo.Go(&Recv);
        Sched.RunUntilIdle();
        Assert.Equal(1000, s_received);
        Assert.Equal(999 * 1000 / 2, s_sum);
        Assert.Equal(0, s_chan->Count);
    }

    // ---- deep recursion: growth by copying, pointers into the own stack, unwinding of a native stack that runs short

    const int DeepSize = 48; // header, pointer to fp+16, variable, saved n
    static readonly int s_deepId = FakeGo.Define("test.deep", DeepSize, 1 << 1, &DeepResume);
    static long s_depth, s_result;
    static int s_unwinds;

    static long Deep(G* g, long n)
    {
        byte* fp = FakeGo.Enter(g, DeepSize, out bool unwound);
        if (unwound)
        {
            s_unwinds++;
            *(ulong*)fp = FakeGo.Header(s_deepId, SiteDesc.Entry);
            *(void**)(fp + 8) = null;
            *(long*)(fp + 24) = n;
            g->UnwindFp = fp + DeepSize;
            return 0;
        }
        return DeepBody(g, fp, n);
    }

    static long DeepBody(G* g, byte* fp, long n)
    {
        *(long*)(fp + 16) = n;
        *(byte**)(fp + 8) = fp + 16;
        long r = 0;
        if (n > 0)
        {
            *(ulong*)fp = FakeGo.Header(s_deepId, 2);
            r = Deep(g, n - 1);
            if (g->Sp != fp)
            {
                if (g->Unwinding != UnwindReason.None)
                {
                    fp = g->UnwindFp;
                    *(long*)(fp + 24) = n;
                    g->UnwindFp = fp + DeepSize;
                    return 0;
                }
                fp = g->Sp;
            }
        }
        return DeepEnd(g, fp, r);
    }

    static long DeepEnd(G* g, byte* fp, long r)
    {
        // The variable is read through the pointer, which every copy must have adjusted.
        byte* p = *(byte**)(fp + 8);
        Assert.True(p == fp + 16);
        Assert.Equal(r, *(long*)p);
        g->Sp = fp + DeepSize;
        return r + 1;
    }

    static void DeepResume(G* g)
    {
        byte* fp = g->Sp;
        long r;
        if (*(uint*)fp == SiteDesc.Entry)
        {
            r = DeepBody(g, fp, *(long*)(fp + 24));
            if (g->Unwinding != UnwindReason.None)
                return;
        }
        else
        {
            r = DeepEnd(g, fp, (long)g->R[0]);
        }
        g->R[0] = (ulong)r;
    }

    static void DeepMain(G* g, void* ctx)
    {
        byte* fp = FakeGo.Enter(g, 16, out _);
        *(ulong*)fp = FakeGo.Header(s_deepMainId, 2);
        long r = Deep(g, s_depth);
        if (g->Sp != fp)
        {
            if (g->Unwinding != UnwindReason.None)
            {
                g->UnwindFp += 16;
                return;
            }
            fp = g->Sp;
        }
        s_result = r;
        g->Sp = fp + 16;
    }

    static readonly int s_deepMainId = FakeGo.Define("test.deepMain", 16, 0, &DeepMainResume);

    static void DeepMainResume(G* g)
    {
        s_result = (long)g->R[0];
        g->Sp += 16;
    }

    [Fact]
    public void DeepRecursionGrowsTheStackAndSurvivesAShortNativeStack()
    {
        s_depth = 300_000;
        s_result = 0;
        s_unwinds = 0;
        FakeGo.Go(&DeepMain);
        Sched.RunUntilIdle();
        Assert.Equal(s_depth + 1, s_result);
        Assert.True(s_unwinds > 0, "the native stack of a test thread is too short for this without unwinding");
    }

    // ---- select and sleep

    const int SelectSize = 96; // header, cases at 16 (2 x 16), order at 48, elements at 64 and 72
    static readonly int s_selectId = FakeGo.Define("test.select", SelectSize, 0, &SelectResume);
    static readonly int s_sleepId = FakeGo.Define("test.sleep", 16, 0, &SleepResume);
    static HChan* s_a, s_b;
    static long s_chosen, s_ok, s_value;

    static void SelectMain(G* g, void* ctx)
    {
        byte* fp = FakeGo.Enter(g, SelectSize, out _);
        SCase* cases = (SCase*)(fp + 16);
        cases[0] = new SCase { C = s_a, Elem = fp + 64 };
        cases[1] = new SCase { C = s_b, Elem = fp + 72 };
        *(ulong*)fp = FakeGo.Header(s_selectId, 2);
        long chosen = Select.Go(g, cases, fp + 48, 0, 0, 2, 1);
        if (g->Sp != fp)
        {
            g->UnwindFp += SelectSize;
            return;
        }
        g->R[0] = (ulong)chosen;
        SelectResume(g);
    }

    static void SelectResume(G* g)
    {
        byte* fp = g->Sp;
        s_chosen = (long)g->R[0];
        s_ok = (long)g->R[1];
        s_value = *(long*)(fp + 64 + 8 * s_chosen);
        g->Sp = fp + SelectSize;
    }

    static void SleepMain(G* g, void* ctx)
    {
        byte* fp = FakeGo.Enter(g, 16, out _);
        *(ulong*)fp = FakeGo.Header(s_sleepId, 2);
        Timers.Sleep(g, 2_000_000);
        g->UnwindFp += 16;
    }

    static void SleepResume(G* g)
    {
        long v = 42;
        Assert.Equal(1, Chan.NbSend(g, s_b, &v));
        g->Sp += 16;
    }

    [Fact]
    public void SelectWaitsForEitherChannelAndLeavesTheOther()
    {
        s_a = FakeGo.MakeChan(0);
        s_b = FakeGo.MakeChan(0);
        s_chosen = -2;
        FakeGo.Go(&SelectMain);
        FakeGo.Go(&SleepMain);
        long start = Clock.Nano();
        Sched.RunUntilIdle();
        Assert.Equal(1, s_chosen);
        Assert.Equal(1, s_ok);
        Assert.Equal(42, s_value);
        Assert.True(s_a->RecvQ.First == null);
        Assert.True(Clock.Nano() - start >= 2_000_000);
    }

    // ---- the poller

    static int s_fired;

    /// <summary>A timer set before the sleeper can be woken (nobody calls Wake) must end its sleep all the same.</summary>
    [Fact]
    public void SleepInThePollerEndsWithTheFirstTimerThoughNobodyWakesIt()
    {
        P* p = Sched.PAt(0);
        var t = (Timer*)NativeMemory.AllocZeroed((nuint)sizeof(Timer));
        t->Native = &Fired;
        long start = Clock.Nano();
        t->When = start + 20_000_000;
        p->Timers.Lock.Enter();
        t->Owner = p;
        p->Timers.AddLocked(t);
        p->Timers.Lock.Exit();
        s_fired = 0;
        for (int i = 0; i < 100 && s_fired == 0; i++)
        {
            Assert.False(NetPoll.Sleep());
            Timers.Run(p);
        }
        Assert.Equal(1, s_fired);
        Assert.InRange(Clock.Nano() - start, 20_000_000, 10_000_000_000);
        NativeMemory.Free(t);
    }

    static void Fired(Timer* t) => s_fired++;
}

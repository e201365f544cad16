// Allocation: every size, what it costs, where it lands, what is counted.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.Memory;
using Xunit;

namespace Tuza.UnitTests.Memory;

[CollectionDefinition("heap", DisableParallelization = true)]
public class HeapCollection;

[Collection("heap")]
public sealed unsafe class AllocTests : IDisposable
{
    readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EverySizeRoundTrips(bool noscan)
    {
        TypeDesc* word = FakeType.Make(8, 0);
        var before = _world.Stats();
        long expect = 0, count = 0;
        var seen = new HashSet<nuint>();
        int step = noscan ? 1 : 8;
        for (int size = noscan ? 16 : 8; size <= 40000; size += size < 2100 ? step : 1016)
        {
            nuint n = (nuint)size;
            byte* p = (byte*)Malloc.MallocGC(_world.Cache, n, noscan ? null : word, needZero: true);
            Assert.True(seen.Add((nuint)p));
            Assert.True(new ReadOnlySpan<byte>(p, size).IndexOfAnyExcept((byte)0) < 0);
            Assert.True(FindObject.Find((nuint)p + n - 1, out FoundObject o));
            Assert.Equal((nuint)p, (nuint)o.Value);
            nuint room = Malloc.RoundUpSize(n, noscan);
            bool header = !noscan && size > 512 && size <= 32760;
            nuint slot = room + (header ? 8u : 0u);
            Assert.Equal(slot, o.Span->ElemBytes);
            if (noscan)
                new Span<byte>(p, size).Fill(0xff);
            expect += (long)slot;
            count++;
        }
        var after = _world.Stats();
        Assert.Equal(expect, (long)(after.TotalAlloc - before.TotalAlloc));
        Assert.Equal(count, (long)(after.Mallocs - before.Mallocs));
        Assert.Equal(after.HeapObjects, after.Mallocs - after.Frees);
        _world.Verify();
    }

    [Fact]
    public void SizeZeroSharesOneAddressAndIsNotCounted()
    {
        ulong before = _world.Stats().Mallocs;
        Assert.True(Malloc.MallocGC(_world.Cache, 0, null, true) == Malloc.ZeroBase);
        Assert.Equal(before, _world.Stats().Mallocs);
    }

    [Fact]
    public void TinyObjectsShareABlockAsInGo()
    {
        MCache* c = _world.Cache;
        byte* a = (byte*)Malloc.NewNoScan(c, 1);
        byte* b = (byte*)Malloc.NewNoScan(c, 2);
        byte* d = (byte*)Malloc.NewNoScan(c, 4);
        byte* e = (byte*)Malloc.NewNoScan(c, 8);
        Assert.Equal(2, b - a);
        Assert.Equal(4, d - a);
        Assert.Equal(8, e - a);
        // Full: the next one starts a block. 15 blocks of 1-byte objects cost one count each and are freed at once.
        byte* f = (byte*)Malloc.NewNoScan(c, 1);
        Assert.NotEqual((nuint)a & ~(nuint)15, (nuint)f & ~(nuint)15);
        var s = _world.Stats();
        Assert.Equal(5ul, s.Mallocs);
        Assert.Equal(3ul, s.Frees);
        Assert.Equal(32ul, s.TotalAlloc);
    }

    [Fact]
    public void AddressProperties()
    {
        MCache* c = _world.Cache;
        TypeDesc* ptr = FakeType.Make(8, 0);
        Assert.Equal(8u, (nuint)Malloc.NewArray(c, ptr, 128) % 128);
        Assert.Equal(0u, (nuint)Malloc.NewNoScan(c, 4096) % 4096);
        Assert.Equal(0u, (nuint)Malloc.NewNoScan(c, 100000) % 8192);
        Assert.Equal(0u, (nuint)Malloc.NewNoScan(c, 96) % 32);
        Assert.True(Malloc.NewArray(c, ptr, nuint.MaxValue / 4) == null);
    }

    [Fact]
    public void FixedAndGeneralPathAgree()
    {
        MCache* c = _world.Cache;
        foreach (int words in (int[])[1, 2, 3, 4, 6, 8, 10, 33, 60, 64, 65, 100, 128, 129, 500])
        {
            TypeDesc* t = FakeType.Make((nuint)words * 8, 0, words - 1);
            int sc = SizeClasses.SpanClassOf(t->Size, noscan: false);
            ulong bits = words <= 64 ? *(ulong*)t->GCData : 0;
            for (int k = 0; k < 200; k++)
            {
                byte* a = (byte*)Malloc.NewFixed(c, t, (uint)t->Size, sc, (uint)SizeClasses.Bytes(sc >> 1), bits);
                byte* b = (byte*)Malloc.NewObject(c, t);
                Assert.True(FindObject.Find((nuint)a, out FoundObject oa));
                Assert.True(FindObject.Find((nuint)b, out FoundObject ob));
                Assert.Equal(oa.Span->Class, ob.Span->Class);
                Assert.Equal(words == 1 ? [0] : new[] { 0, words - 1 }, PointersOf(oa.Slot, a, oa));
                Assert.Equal(words == 1 ? [0] : new[] { 0, words - 1 }, PointersOf(ob.Slot, b, ob));
            }
        }
        _world.Verify();
    }

    readonly struct Collect(List<nuint> slots) : IPointerVisitor
    {
        readonly List<nuint> _slots = slots;

        public void Visit(nuint* slot) => _slots.Add((nuint)slot);
    }

    static int[] PointersOf(byte* slot, byte* value, FoundObject o)
    {
        var list = new List<nuint>();
        var v = new Collect(list);
        ObjectWalk.Pointers(ref v, o.Span, slot);
        // Behind the value the mask may repeat over the rest of the slot, which is zero.
        return list.GetRange(0, Math.Min(2, list.Count)).ConvertAll(x => (int)((x - (nuint)value) / 8)).ToArray();
    }

    [Fact]
    public void ReusedMemoryIsZero()
    {
        MCache* c = _world.Cache;
        TypeDesc* t = FakeType.Make(48, 5);
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 3000; i++)
            {
                nuint size = (nuint)(16 + i * 7 % 3000);
                byte* p = (byte*)Malloc.NewNoScan(c, size);
                Assert.True(new ReadOnlySpan<byte>(p, (int)size).IndexOfAnyExcept((byte)0) < 0);
                new Span<byte>(p, (int)size).Fill(0xee);
                byte* q = (byte*)Malloc.NewObject(c, t);
                Assert.True(new ReadOnlySpan<byte>(q, 48).IndexOfAnyExcept((byte)0) < 0);
                new Span<byte>(q, 40).Fill(0xdd);
                if (i % 100 == 0)
                {
                    byte* l = (byte*)Malloc.NewNoScan(c, 50000);
                    Assert.True(new ReadOnlySpan<byte>(l, 50000).IndexOfAnyExcept((byte)0) < 0);
                    new Span<byte>(l, 50000).Fill(1);
                }
            }
            _world.Collect();
        }
        _world.CollectAndSweep();
        Assert.Equal(0ul, _world.Stats().HeapAlloc);
        _world.Verify();
    }

    [Fact]
    public void StatisticsIdentities()
    {
        var random = new Random(7);
        TypeDesc* t = FakeType.Make(32, 1, 3);
        for (int i = 0; i < 20000; i++)
            Malloc.MallocGC(_world.Cache, (nuint)(random.Next(64) * 32), random.Next(2) == 0 ? t : null, true);
        _world.CollectAndSweep();
        var s = _world.Stats();
        Assert.Equal(s.HeapSys, s.HeapInuse + s.HeapIdle);
        Assert.Equal(s.Sys, s.HeapSys + s.StackSys + s.MSpanSys + s.MCacheSys + s.BuckHashSys + s.GCSys + s.OtherSys);
        Assert.Equal(s.HeapObjects, s.Mallocs - s.Frees);
        Assert.Equal(0u, s.HeapInuse % 8192);
        Assert.True(s.HeapReleased <= s.HeapIdle);
        Assert.Equal(4ul << 20, s.NextGC);
        _world.CollectAndSweep();
        Collector.ReleaseFreePages(_world.Heap);
        s = _world.Stats();
        Assert.Equal(s.HeapIdle, s.HeapReleased);
        _world.Verify();
    }

    [Fact]
    public void ManualSpansAreCountedAsStacks()
    {
        MSpan* s = _world.Heap->AllocManual(4, ManualKind.Stack);
        Assert.Equal(32768ul, _world.Stats().StackInuse);
        _world.Push(s->Base + 100);
        _world.Collect();
        _world.Verify();
        _world.Heap->FreeManual(s);
        Assert.Equal(0ul, _world.Stats().StackInuse);
    }

    [Fact]
    public void PagesComeBackInAddressOrder()
    {
        MHeap* h = _world.Heap;
        var spans = new List<nuint>();
        for (int i = 0; i < 3000; i++)
            spans.Add((nuint)h->AllocManual((nuint)(i % 7 + 1), ManualKind.Stack));
        nuint low = (nuint)((MSpan*)spans[10])->Base;
        nuint pages = ((MSpan*)spans[10])->PageCount;
        for (int i = 10; i < 3000; i += 2)
            h->FreeManual((MSpan*)spans[i]);
        Assert.Null(h->VerifyPages());
        MSpan* again = h->AllocManual(pages, ManualKind.Stack);
        Assert.Equal(low, (nuint)again->Base);
        MSpan* big = h->AllocManual(20000, ManualKind.Stack);
        Assert.Equal(20000u, big->PageCount);
        h->FreeManual(big);
        _world.Verify();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void SamplesAreSpreadOverClassesByTheirBytes(long rate)
    {
        // Small and larger objects by turns: what is sampled of each must follow from its bytes, whatever windows they come from.
        long old = *MCache.ProfileRate;
        *MCache.ProfileRate = rate;
        try
        {
            const int Rounds = 40_000;
            for (int i = 0; i < Rounds; i++)
            {
                _ = Malloc.NewNoScan(_world.Cache, 256);
                _ = Malloc.NewNoScan(_world.Cache, 2048);
            }
            foreach (long size in (long[])[256, 2048])
            {
                double seen = _world.Samples.FindAll(s => s.Bytes == size).Count;
                double share = rate == 1 ? 1 : 1 - Math.Exp(-(double)size / rate);
                Assert.InRange(seen / share, Rounds * 0.9, Rounds * 1.1);
            }
        }
        finally
        {
            *MCache.ProfileRate = old;
        }
        Assert.Equal(80_000ul, _world.Stats().Mallocs);
        _world.CollectAndSweep();
        _world.Verify();
    }
}

using System;
using System.IO;
using System.Text;
using Tuza.Abi;
using Tuza.Inspect;
using Xunit;

namespace Tuza.UnitTests.Inspect;

/// <summary>Snapshot files, made by hand: what is read, and what a damaged one does.</summary>
public sealed class SnapshotFileTests
{
    // The heap of these tests: variable main.keep -> [1]string whose only string uses 50 bytes of a block of 1 MiB.
    const ulong Array = 0xc000010000, Block = 0xc000100000;

    /// <summary>full: also a goroutine that waits, with a deferred call and a frame; a finalizer, a timer, a span.</summary>
    internal static byte[] File(bool complete = true, bool full = false)
    {
        MemoryStream stream = new();
        BinaryWriter w = new(stream);
        w.Write(SnapshotFormat.Magic);
        w.Write(SnapshotFormat.Version);
        Section(w, SnapshotFormat.Meta, b => { b.Write(1); b.Write("program"); b.Write("test"); });
        Section(w, SnapshotFormat.Text, b => { b.Write(7); foreach (string s in (string[])["", "string", "main.keep", "main.load", "/x/load.go", "chan receive", "&head"]) b.Write(s); });
        Section(w, SnapshotFormat.Type, b =>
        {
            b.Write(1);
            b.Write(1);
            b.Write((byte)Kind.String);
            b.Write(16L);
            b.Write(8L);
            b.Write(0L);
            b.Write(0);
            b.Write(0);
            b.Write(0);
        });
        Section(w, SnapshotFormat.Stack, b => { b.Write(1); b.Write(2L); b.Write((1L << 20) + 16); b.Write((ushort)9); b.Write((ushort)1); b.Write(3); b.Write(4); b.Write(18); });
        Section(w, SnapshotFormat.Spans, b =>
        {
            b.Write(full ? 1 : 0);
            if (full)
            {
                b.Write(Block);
                b.Write(128L);
                b.Write((byte)1);
                b.Write((byte)SnapshotSpanState.Objects);
                b.Write(1);
                b.Write(1);
            }
        });
        Section(w, SnapshotFormat.Objects, b =>
        {
            b.Write(2L);
            b.Write(Array);
            b.Write(16L);
            b.Write(1); // string
            b.Write(1);
            b.Write((byte)0);
            b.Write((ushort)12); // age
            b.Write(16);
            b.Write(1UL); // mask
            b.Write(Block);
            b.Write(50L);
            b.Write(Block);
            b.Write(1L << 20);
            b.Write(0);
            b.Write(1);
            b.Write((byte)SnapshotFlags.NoScan);
            b.Write(SnapshotFormat.UnknownAge);
            b.Write(4);
            b.Write("abcd"u8);
        });
        Section(w, SnapshotFormat.Globals, b => { b.Write(1); b.Write(2); b.Write(4); b.Write(9); b.Write(0x4000000UL); b.Write(8L); b.Write(1UL); b.Write(Array); b.Write(0); });
        Section(w, SnapshotFormat.Goroutines, b =>
        {
            b.Write(full ? 1 : 0);
            if (full)
                Goroutine(b);
        });
        Section(w, SnapshotFormat.Growth, b => { b.Write(1); b.Write(1); foreach (int n in (int[])[1, 20, 8, 7, 0]) b.Write(n); b.Write(2_000_000_000L); });
        Section(w, SnapshotFormat.Specials, b =>
        {
            b.Write(full ? 1 : 0);
            if (full)
            {
                b.Write(Array);
                b.Write((byte)SnapshotSpecialKind.Finalizer);
                b.Write(3);
                b.Write(Block);
            }
        });
        Section(w, SnapshotFormat.Timers, b =>
        {
            b.Write(full ? 1 : 0);
            if (full)
            {
                b.Write(Array);
                b.Write(1_000_000_000L);
                b.Write(Block);
            }
        });
        if (complete)
            Section(w, SnapshotFormat.End, b => { b.Write(2L); b.Write((1L << 20) + 16); });
        return stream.ToArray();
    }

    static void Goroutine(BinaryWriter b)
    {
        b.Write(7L);
        b.Write((byte)SnapshotStatus.Waiting);
        b.Write((byte)0);
        b.Write(5); // "chan receive"
        b.Write(3_000_000_000L);
        b.Write(1);
        b.Write(3);
        b.Write(2048L);
        b.Write(100); // deferred calls
        b.Write(2_000_000_000L);
        b.Write(0L);
        b.Write((ushort)1);
        b.Write(Block);
        b.Write(1);
        b.Write(Array);
        b.Write(1); // frames
        b.Write(3);
        b.Write(4);
        b.Write(21);
        b.Write(1);
        b.Write(6);
        b.Write(Array);
    }

    static void Section(BinaryWriter w, string tag, Action<BinaryWriter> body)
    {
        MemoryStream payload = new();
        body(new BinaryWriter(payload));
        w.Write(Encoding.ASCII.GetBytes(tag));
        w.Write(payload.Length);
        w.Write(payload.ToArray());
    }

    static Snapshot Read(byte[] file) => SnapshotReader.Read(new MemoryStream(file));

    [Fact]
    public void ObjectsEdgesAndRoots()
    {
        Snapshot s = Read(File());
        Assert.Equal(2, s.ObjectCount);
        Assert.Equal([1], s.EdgeTo);
        Assert.Equal("main.keep", Assert.Single(s.Roots).Name);
        Assert.Equal("main.load load.go:18", s.Site(0));
        Assert.Equal(1, s.Find(Block + 12345));
        Assert.Equal(-1, s.Find(Block + (1 << 20)));
    }

    [Fact]
    public void ASubstringUsesFiftyBytesOfItsBlock()
    {
        WastedObject w = Assert.Single(Waste.Find(Read(File()), 64));
        Assert.Equal(1, w.Object);
        Assert.Equal(50, w.Reachable);
    }

    [Fact]
    public void WhyNamesTheWay()
    {
        string text = new HeapViews(Read(File())).Why(Block + 5)!;
        Assert.Contains("used: 50 B by 1 string (bytes 0-49), 1048526 B unreachable through any reference", text);
        Assert.Contains("variable main.keep", text);
        Assert.Contains("retains 1.0 MiB", text);
        Assert.Contains("0xc000010000", text);
        Assert.Contains("it would be freed if what refers to it kept a copy of its 50 bytes: strings.Clone", text);
        Assert.Contains("at 0xc000100000, retains", text); // no age, no span
        Assert.Contains("  variable main.keep  declared load.go:9\n", text);
        string full = new HeapViews(Read(File(full: true))).Why(Block)!;
        Assert.Contains("1.0 MiB at 0xc000100000, size class: large (128 pages), retains", full);
        Assert.Contains("16 B at 0xc000010000, age 12 GCs, retains", new HeapViews(Read(File())).Why(Array)!);
        Assert.Contains("it would be freed if variable main.keep no longer referred to it", new HeapViews(Read(File())).Why(Array)!);
    }

    [Fact]
    public void GrowthIsRead() => Assert.Equal(new SnapshotGrowth(1, 1, 20, 8, 7, 0, 2_000_000_000), Assert.Single(Read(File()).Growth));

    [Fact]
    public void AnIncompleteFileSaysSo()
    {
        SnapshotException e = Assert.Throws<SnapshotException>(() => Read(File(complete: false)));
        Assert.Contains("not complete", e.Message);
    }

    [Fact]
    public void GoroutinesAreReadWithTheirDeferredCalls()
    {
        Snapshot s = Read(File(full: true));
        SnapshotGoroutine g = Assert.Single(s.Goroutines);
        Assert.Equal(("chan receive", 100, "main.load"), (g.Reason, g.Defers, g.At.Function));
        Assert.Equal([0], g.Deferred);
        Assert.Equal([(0, "deferred call"), (0, "variable head (in the heap) of main.load load.go:21")], g.Root.Refs);
        Leak leak = Assert.Single(LeakFinder.Find(s), static l => l.Family == "defer/loop");
        Assert.Contains("1 goroutine has 100 deferred calls pending, many for 2.0 s", leak.Text);
        Assert.Equal("load.go:18", leak.Where);
    }

    [Fact]
    public void LeaksNameWhatKeepsThem()
    {
        Leak leak = Assert.Single(LeakFinder.Find(Read(File())));
        Assert.Equal(("retain/substring", (1L << 20) - 50, "1 string of 50 B keeps a block of 1.0 MiB", "variable main.keep -> string"), (leak.Family, leak.Bytes, leak.Text, leak.Holder));
        using var sarif = System.Text.Json.JsonDocument.Parse(FindingSarif.Write([leak], "1", "/x"));
        var run = sarif.RootElement.GetProperty("runs")[0];
        Assert.Equal("retain/substring", run.GetProperty("tool").GetProperty("driver").GetProperty("rules")[0].GetProperty("id").GetString());
        Assert.Equal((1L << 20) - 50, run.GetProperty("results")[0].GetProperty("properties").GetProperty("bytes").GetInt64());
    }

    /// <summary>All that reads a snapshot, on files with bytes changed or cut off. Rounds: TUZA_MUTATIONS, 200 without it.</summary>
    [Fact]
    public void DamagedFilesEndInOneError()
    {
        byte[][] files = [File(), File(full: true)];
        Random random = new(2);
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("TUZA_MUTATIONS"), out int n) ? n : 200;
        for (int round = 0; round < rounds; round++)
        {
            byte[] bad = (byte[])files[round / 2 % 2].Clone();
            if (round % 4 == 0)
                bad = bad[..random.Next(bad.Length)];
            for (int k = random.Next(1, 4); k > 0 && bad.Length > 0; k--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Snapshot s = Read(bad);
                HeapViews views = new(s);
                Assert.NotNull(views.Top(10, bySite: true).ToText());
                Assert.NotNull(views.Retained(10).ToJson());
                Assert.NotNull(views.Wasted(10).ToText());
                Assert.NotNull(views.Goroutines(10).ToText());
                Assert.NotNull(views.Spans().ToText());
                Assert.NotNull(LeakReport.Text(LeakFinder.Find(s), ""));
                Assert.NotNull(HeapQuery.Run(s, "select * from objects", 10).ToText());
                PprofExport.Write(s, Stream.Null);
                HeapSnapshotExport.Write(s, Stream.Null);
                RowExport.Write(s, Stream.Null, json: true);
                _ = views.Why(Block);
            }
            catch (SnapshotException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
        }
    }

    [Fact]
    public void NamesOfTheProgramDoNotReachTheTerminal()
    {
        Assert.Equal("a\\u001b[31mb", Units.Printable("a\u001b[31mb"));
        Assert.Equal("größe", Units.Printable("größe"));
    }
}

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

    internal static byte[] File(bool complete = true)
    {
        MemoryStream stream = new();
        BinaryWriter w = new(stream);
        w.Write(SnapshotFormat.Magic);
        w.Write(SnapshotFormat.Version);
        Section(w, SnapshotFormat.Meta, b => { b.Write(1); b.Write("program"); b.Write("test"); });
        Section(w, SnapshotFormat.Text, b => { b.Write(5); foreach (string s in (string[])["", "string", "main.keep", "main.load", "/x/load.go"]) b.Write(s); });
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
        Section(w, SnapshotFormat.Stack, b => { b.Write(1); b.Write(2L); b.Write((1L << 20) + 16); b.Write((ushort)1); b.Write(3); b.Write(4); b.Write(18); });
        Section(w, SnapshotFormat.Spans, b => b.Write(0));
        Section(w, SnapshotFormat.Objects, b =>
        {
            b.Write(2L);
            b.Write(Array);
            b.Write(16L);
            b.Write(1); // string
            b.Write(1);
            b.Write((byte)0);
            b.Write(16);
            b.Write(1UL); // mask
            b.Write(Block);
            b.Write(50L);
            b.Write(Block);
            b.Write(1L << 20);
            b.Write(0);
            b.Write(1);
            b.Write((byte)SnapshotFlags.NoScan);
            b.Write(4);
            b.Write("abcd"u8);
        });
        Section(w, SnapshotFormat.Globals, b => { b.Write(1); b.Write(2); b.Write(0x4000000UL); b.Write(8L); b.Write(1UL); b.Write(Array); b.Write(0); });
        Section(w, SnapshotFormat.Goroutines, b => b.Write(0));
        Section(w, SnapshotFormat.Growth, b => { b.Write(1); b.Write(1); foreach (int n in (int[])[1, 20, 8, 7, 0]) b.Write(n); b.Write(2_000_000_000L); });
        Section(w, SnapshotFormat.Specials, b => b.Write(0));
        Section(w, SnapshotFormat.Timers, b => b.Write(0));
        if (complete)
            Section(w, SnapshotFormat.End, b => { b.Write(2L); b.Write((1L << 20) + 16); });
        return stream.ToArray();
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
        Assert.Contains("used: 50 bytes of 1048576 held, by 1 string", text);
        Assert.Contains("variable main.keep", text);
        Assert.Contains("retains 1.0 MiB", text);
        Assert.Contains("0xc000010000", text);
    }

    [Fact]
    public void GrowthIsRead() => Assert.Equal(new SnapshotGrowth(1, 1, 20, 8, 7, 0, 2_000_000_000), Assert.Single(Read(File()).Growth));

    [Fact]
    public void AnIncompleteFileSaysSo()
    {
        SnapshotException e = Assert.Throws<SnapshotException>(() => Read(File(complete: false)));
        Assert.Contains("not complete", e.Message);
    }

    /// <summary>All that reads a snapshot, on files with bytes changed or cut off. Rounds: TUZA_MUTATIONS, 200 without it.</summary>
    [Fact]
    public void DamagedFilesEndInOneError()
    {
        byte[] good = File();
        Random random = new(2);
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("TUZA_MUTATIONS"), out int n) ? n : 200;
        for (int round = 0; round < rounds; round++)
        {
            byte[] bad = (byte[])good.Clone();
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

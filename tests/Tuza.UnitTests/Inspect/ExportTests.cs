using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Tuza.Inspect;
using Xunit;

namespace Tuza.UnitTests.Inspect;

/// <summary>Exports, read back by parsers that know the formats and nothing of the writers.</summary>
public sealed class ExportTests
{
    static Snapshot Sample() => SnapshotReader.Read(new MemoryStream(SnapshotFileTests.File()));

    static byte[] Written(Action<Stream> write)
    {
        MemoryStream m = new();
        write(m);
        return m.ToArray();
    }

    // ---- pprof

    /// <summary>The fields of a message: numbers, and bytes of what is nested.</summary>
    static List<(int Field, ulong Number, byte[] Bytes)> Fields(byte[] message)
    {
        List<(int, ulong, byte[])> list = [];
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Varint(message, ref at);
            if ((key & 7) == 0)
            {
                list.Add(((int)(key >> 3), Varint(message, ref at), []));
                continue;
            }
            Assert.Equal(2UL, key & 7);
            int length = (int)Varint(message, ref at);
            list.Add(((int)(key >> 3), 0, message[at..(at + length)]));
            at += length;
        }
        Assert.Equal(message.Length, at);
        return list;
    }

    static ulong Varint(byte[] b, ref int at)
    {
        ulong n = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte x = b[at++];
            n |= (ulong)(x & 0x7f) << shift;
            if (x < 0x80)
                return n;
        }
    }

    static List<ulong> Packed(byte[] b)
    {
        List<ulong> list = [];
        for (int at = 0; at < b.Length;)
            list.Add(Varint(b, ref at));
        return list;
    }

    [Fact]
    public void ProfilesHaveTheSnapshotsTotals()
    {
        Snapshot s = Sample();
        MemoryStream plain = new();
        using (GZipStream zip = new(new MemoryStream(Written(m => PprofExport.Write(s, m))), CompressionMode.Decompress))
            zip.CopyTo(plain);
        ulong objects = 0, bytes = 0;
        List<string> strings = [];
        HashSet<ulong> locations = [], functions = [], usedLocations = [], usedFunctions = [];
        foreach (var (field, _, content) in Fields(plain.ToArray()))
        {
            switch (field)
            {
                case 2:
                    var sample = Fields(content);
                    List<ulong> values = Packed(sample.Find(f => f.Field == 2).Bytes);
                    objects += values[0];
                    bytes += values[1];
                    usedLocations.UnionWith(Packed(sample.Find(f => f.Field == 1).Bytes));
                    break;
                case 4:
                    locations.Add(Fields(content).Find(f => f.Field == 1).Number);
                    usedFunctions.Add(Fields(Fields(content).Find(f => f.Field == 4).Bytes).Find(f => f.Field == 1).Number);
                    break;
                case 5: functions.Add(Fields(content).Find(f => f.Field == 1).Number); break;
                case 6: strings.Add(Encoding.UTF8.GetString(content)); break;
            }
        }
        Assert.Equal((ulong)s.ObjectCount, objects);
        Assert.Equal((ulong)s.TotalBytes, bytes);
        Assert.Equal("", strings[0]);
        Assert.Contains("inuse_space", strings);
        Assert.Contains("main.load", strings);
        Assert.Superset(usedLocations, locations);
        Assert.Superset(usedFunctions, functions);
    }

    // ---- DevTools

    static int[] Ints(JsonElement e, string name) => Array.ConvertAll<JsonElement, int>([.. e.GetProperty(name).EnumerateArray()], static x => x.GetInt32());

    [Fact]
    public void HeapSnapshotsAreWellFormed()
    {
        Snapshot s = Sample();
        using JsonDocument d = JsonDocument.Parse(Written(m => HeapSnapshotExport.Write(s, m)));
        JsonElement head = d.RootElement.GetProperty("snapshot"), meta = head.GetProperty("meta");
        int fields = meta.GetProperty("node_fields").GetArrayLength(), edgeFields = meta.GetProperty("edge_fields").GetArrayLength();
        int types = meta.GetProperty("node_types")[0].GetArrayLength(), edgeTypes = meta.GetProperty("edge_types")[0].GetArrayLength();
        int[] nodes = Ints(d.RootElement, "nodes"), edges = Ints(d.RootElement, "edges"), functions = Ints(d.RootElement, "trace_function_infos");
        int strings = d.RootElement.GetProperty("strings").GetArrayLength();
        Assert.Equal(head.GetProperty("node_count").GetInt32() * fields, nodes.Length);
        Assert.Equal(head.GetProperty("edge_count").GetInt32() * edgeFields, edges.Length);
        Assert.Equal(head.GetProperty("trace_function_count").GetInt32() * meta.GetProperty("trace_function_info_fields").GetArrayLength(), functions.Length);
        HashSet<int> traceIds = [0];
        long traced = Tree(d.RootElement.GetProperty("trace_tree"), functions.Length / 6, traceIds);
        Assert.Equal(s.TotalBytes, traced);
        long size = 0;
        int outgoing = 0;
        HashSet<int> ids = [];
        for (int n = 0; n < nodes.Length; n += fields)
        {
            Assert.InRange(nodes[n], 0, types - 1);
            Assert.InRange(nodes[n + 1], 0, strings - 1);
            Assert.True(ids.Add(nodes[n + 2]));
            Assert.Equal(1, nodes[n + 2] & 1); // even ones are the browser's own
            size += nodes[n + 3];
            outgoing += nodes[n + 4];
            Assert.Contains(nodes[n + 5], traceIds);
        }
        Assert.Equal(s.TotalBytes, size);
        Assert.Equal(edges.Length / edgeFields, outgoing);
        Assert.Equal("string", meta.GetProperty("node_types")[1].GetString());
        Assert.Equal("synthetic", meta.GetProperty("node_types")[0][nodes[0]].GetString()); // the root is the first node
        Assert.Equal(head.GetProperty("node_count").GetInt32() - 1, Reached(nodes, edges, fields, edgeFields));
        for (int e = 0; e < edges.Length; e += edgeFields)
        {
            Assert.InRange(edges[e], 0, edgeTypes - 1);
            if (edges[e] != 1)
                Assert.InRange(edges[e + 1], 0, strings - 1);
            Assert.Equal(0, edges[e + 2] % fields);
            Assert.InRange(edges[e + 2], 0, nodes.Length - fields);
        }
    }

    /// <summary>Nodes besides the first that edges lead to from it; edges stand in the order of the nodes they start at.</summary>
    static int Reached(int[] nodes, int[] edges, int fields, int edgeFields)
    {
        int[] start = new int[nodes.Length / fields + 1];
        for (int n = 0; n < start.Length - 1; n++)
            start[n + 1] = start[n] + nodes[n * fields + 4];
        HashSet<int> seen = [0];
        Stack<int> work = new([0]);
        while (work.TryPop(out int n))
        {
            for (int e = start[n]; e < start[n + 1]; e++)
            {
                int to = edges[e * edgeFields + 2] / fields;
                if (seen.Add(to))
                    work.Push(to);
            }
        }
        return seen.Count - 1;
    }

    /// <summary>Bytes of a tree of calls; notes the numbers of its nodes.</summary>
    static long Tree(JsonElement list, int functions, HashSet<int> ids)
    {
        long bytes = 0;
        Assert.Equal(0, list.GetArrayLength() % 5);
        for (int i = 0; i < list.GetArrayLength(); i += 5)
        {
            Assert.True(ids.Add(list[i].GetInt32()));
            Assert.InRange(list[i + 1].GetInt32(), 0, functions - 1);
            bytes += list[i + 3].GetInt64() + Tree(list[i + 4], functions, ids);
        }
        return bytes;
    }

    // ---- rows

    [Fact]
    public void RowsAreOneObjectALine()
    {
        Snapshot s = Sample();
        string[] csv = Encoding.UTF8.GetString(Written(m => RowExport.Write(s, m, json: false))).TrimEnd().Split("\r\n");
        string[] json = Encoding.UTF8.GetString(Written(m => RowExport.Write(s, m, json: true))).TrimEnd().Split('\n');
        Assert.Equal(s.ObjectCount + 1, csv.Length);
        Assert.Equal(s.ObjectCount, json.Length);
        Assert.Equal(csv[0].Split(',').Length, csv[1].Split(',').Length);
        using JsonDocument first = JsonDocument.Parse(json[0]);
        Assert.Equal("string", first.RootElement.GetProperty("type").GetString());
        Assert.Equal((1L << 20) + 16, first.RootElement.GetProperty("retained").GetInt64());
    }

    // ---- queries

    static string Ask(string query) => HeapQuery.Run(Sample(), query, 10).ToJson();

    [Theory]
    [InlineData("select count(*) as n from objects", "[{\"n\":2}]")]
    [InlineData("select type, sum(bytes) as b from objects where not noscan group by type", "[{\"type\":\"string\",\"b\":16}]")]
    [InlineData("select address from objects order by retained desc, address limit 1", "[{\"address\":\"0xc000010000\"}]")]
    [InlineData("select bytes / 4 + 1 as x from objects where type like 'str%' and bytes >= 16", "[{\"x\":5}]")]
    [InlineData("select name from roots where refs = 1 or name = 'nobody''s'", "[{\"name\":\"main.keep\"}]")]
    [InlineData("select max(bytes) as m from objects where site like '%load.go:__'", "[{\"m\":1048576}]")]
    [InlineData("select address from objects where address = 0xC000100000", "[{\"address\":\"0xc000100000\"}]")]
    public void QueriesAreAnswered(string query, string rows) => Assert.Contains("\"rows\":" + rows, Ask(query));

    [Theory]
    [InlineData("")]
    [InlineData("select")]
    [InlineData("select nosuch from objects")]
    [InlineData("select bytes from nowhere")]
    [InlineData("select bytes from objects where sum(bytes) > 1")]
    [InlineData("select bytes from objects limit x")]
    [InlineData("select bytes from objects where type = 'open")]
    [InlineData("select bytes from objects group by")]
    [InlineData("select f(bytes) from objects")]
    [InlineData("select bytes from objects; drop")]
    [InlineData("select b as b from objects")]
    public void WrongQueriesSaySo(string query) => Assert.StartsWith("query: ", Assert.Throws<QueryException>(() => Ask(query)).Message);

    [Fact]
    public void DeepQueriesDoNotEndTheProcess() => Assert.Throws<QueryException>(() => Ask("select " + new string('(', 100_000) + "1 from objects"));
}

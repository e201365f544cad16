using System;
using System.Collections.Generic;
using Tuza.Inspect;
using Xunit;

namespace Tuza.UnitTests.Inspect;

/// <summary>Retained sizes against their definition: what can no longer be reached when the node is taken away.</summary>
public sealed class DominatorTests
{
    static HeapGraph Random(Random random, int nodes, int edges)
    {
        long[] bytes = new long[nodes];
        for (int i = 1; i < nodes; i++)
            bytes[i] = random.Next(1, 100);
        List<(int, int)> list = [];
        for (int i = 0; i < edges; i++)
            list.Add((random.Next(nodes), random.Next(1, nodes)));
        return HeapGraph.FromEdges(bytes, list);
    }

    /// <summary>Bytes reachable from node 0 without passing through a node.</summary>
    static (long Bytes, bool[] Seen) Reach(HeapGraph g, int without)
    {
        bool[] seen = new bool[g.Count];
        Stack<int> work = new([0]);
        seen[0] = true;
        long sum = 0;
        while (work.TryPop(out int v))
        {
            sum += g.Bytes[v];
            for (int e = g.Start[v]; e < g.Start[v + 1]; e++)
            {
                int w = g.To[e];
                if (w == without || seen[w])
                    continue;
                seen[w] = true;
                work.Push(w);
            }
        }
        return (sum, seen);
    }

    [Fact]
    public void RetainedSizesEqualBruteForceOnRandomHeaps()
    {
        Random random = new(1);
        for (int round = 0; round < 1000; round++)
        {
            int nodes = random.Next(2, 40);
            HeapGraph g = Random(random, nodes, random.Next(0, 3 * nodes));
            Dominators d = Dominators.Of(g);
            (long all, bool[] seen) = Reach(g, -1);
            for (int v = 1; v < nodes; v++)
            {
                if (seen[v])
                    Assert.Equal(all - Reach(g, v).Bytes, d.Retained[v]);
                else
                    Assert.Equal(-1, d.Parent[v]);
            }
        }
    }

    [Fact]
    public void LongListsNeedNoRecursion()
    {
        const int n = 1_000_000;
        long[] bytes = new long[n];
        List<(int, int)> edges = [];
        for (int i = 1; i < n; i++)
        {
            bytes[i] = 1;
            edges.Add((i - 1, i));
        }
        Dominators d = Dominators.Of(HeapGraph.FromEdges(bytes, edges));
        Assert.Equal(n - 1, d.Retained[1]);
        Assert.Equal(1, d.Retained[n - 1]);
    }

    [Fact]
    public void PathsAreShortestOnes()
    {
        HeapGraph g = HeapGraph.FromEdges(new long[5], [(0, 1), (1, 2), (2, 3), (1, 3), (3, 4)]);
        Assert.Equal([1, 3, 4], new RootPaths(g).To(4));
    }
}

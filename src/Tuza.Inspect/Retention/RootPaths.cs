// The shortest way from a root to an object: breadth first from node 0 over the graph, remembering where each node was reached from.

using System.Collections.Generic;

namespace Tuza.Inspect;

/// <summary>Who keeps an object: one shortest path.</summary>
public sealed class RootPaths
{
    readonly int[] _from;

    /// <summary>without: nodes that are passed by.</summary>
    public RootPaths(HeapGraph g, HashSet<int>? without = null)
    {
        _from = new int[g.Count];
        System.Array.Fill(_from, -1);
        int[] queue = new int[g.Count];
        int head = 0, tail = 0;
        queue[tail++] = 0;
        _from[0] = 0;
        while (head < tail)
        {
            int v = queue[head++];
            for (int e = g.Start[v]; e < g.Start[v + 1]; e++)
            {
                int w = g.To[e];
                if (_from[w] >= 0 || without != null && without.Contains(w))
                    continue;
                _from[w] = v;
                queue[tail++] = w;
            }
        }
    }

    /// <summary>Nodes from a root (not node 0) to the node itself; empty when nothing reaches it.</summary>
    public List<int> To(int node)
    {
        List<int> path = [];
        if (_from[node] < 0)
            return path;
        for (int v = node; v != 0; v = _from[v])
            path.Add(v);
        path.Reverse();
        return path;
    }
}

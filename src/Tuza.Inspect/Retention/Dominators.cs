// Dominators and retained sizes. A node dominates another when every path from node 0 leads through it; what it dominates would be freed with it.
//
// The algorithm is Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005): semidominators with path
// compression as Lengauer and Tarjan have them, then each immediate dominator as the nearest ancestor in the tree so far that is not below the
// semidominator. All without recursion, since heaps contain lists of millions.

using System;

namespace Tuza.Inspect;

/// <summary>The dominator tree of a heap graph.</summary>
public sealed class Dominators
{
    Dominators(int[] parent, long[] retained, int[] order)
    {
        Parent = parent;
        Retained = retained;
        Order = order;
    }

    /// <summary>Immediate dominator; -1 for node 0 and for nodes that it does not reach.</summary>
    public int[] Parent { get; }

    /// <summary>Bytes of the node and of all it dominates.</summary>
    public long[] Retained { get; }

    /// <summary>Reached nodes, each after its dominator.</summary>
    public int[] Order { get; }

    public static Dominators Of(HeapGraph g)
    {
        int n = g.Count;
        // Depth first: number[v] counts from 0; node[i], father[i] by number.
        int[] number = new int[n], node = new int[n], father = new int[n];
        Array.Fill(number, -1);
        int reached = Search(g, number, node, father);
        // Predecessors by number.
        int[] predecessorStart = new int[reached + 1];
        for (int i = 0; i < reached; i++)
        {
            for (int e = g.Start[node[i]]; e < g.Start[node[i] + 1]; e++)
                predecessorStart[number[g.To[e]] + 1]++;
        }
        for (int i = 0; i < reached; i++)
            predecessorStart[i + 1] += predecessorStart[i];
        int[] predecessor = new int[predecessorStart[reached]], at = predecessorStart[..^1];
        for (int i = 0; i < reached; i++)
        {
            for (int e = g.Start[node[i]]; e < g.Start[node[i] + 1]; e++)
                predecessor[at[number[g.To[e]]]++] = i;
        }
        int[] dominator = SemiNca(reached, father, predecessorStart, predecessor);
        int[] parent = new int[n];
        Array.Fill(parent, -1);
        for (int i = 1; i < reached; i++)
            parent[node[i]] = node[dominator[i]];
        long[] retained = (long[])g.Bytes.Clone();
        for (int i = reached - 1; i > 0; i--)
            retained[parent[node[i]]] += retained[node[i]];
        return new Dominators(parent, retained, node[..reached]);
    }

    static int Search(HeapGraph g, int[] number, int[] node, int[] father)
    {
        int n = 0;
        int[] next = new int[g.Count];
        int[] stack = new int[g.Count];
        int depth = 0;
        Enter(0, 0);
        while (depth > 0)
        {
            int v = stack[depth - 1];
            if (next[v] == g.Start[v + 1])
            {
                depth--;
                continue;
            }
            int w = g.To[next[v]++];
            if (number[w] < 0)
                Enter(w, number[v]);
        }
        return n;

        void Enter(int v, int from)
        {
            number[v] = n;
            node[n] = v;
            father[n++] = from;
            next[v] = g.Start[v];
            stack[depth++] = v;
        }
    }

    static int[] SemiNca(int n, int[] father, int[] predecessorStart, int[] predecessor)
    {
        int[] semi = new int[n], label = new int[n], ancestor = new int[n], dominator = new int[n];
        for (int i = 0; i < n; i++)
        {
            semi[i] = label[i] = i;
            ancestor[i] = -1;
            dominator[i] = father[i];
        }
        int[] path = new int[64];
        for (int w = n - 1; w > 0; w--)
        {
            for (int p = predecessorStart[w]; p < predecessorStart[w + 1]; p++)
            {
                int u = Evaluate(predecessor[p]);
                if (semi[u] < semi[w])
                    semi[w] = semi[u];
            }
            label[w] = w;
            ancestor[w] = father[w];
        }
        for (int w = 1; w < n; w++)
        {
            int d = dominator[w];
            while (d > semi[w])
                d = dominator[d];
            dominator[w] = d;
        }
        return dominator;

        // The node with the least semidominator on the way from v up to, and without, the root of its tree; compresses the way.
        int Evaluate(int v)
        {
            if (ancestor[v] < 0)
                return label[v];
            int depth = 0;
            for (int u = v; ancestor[ancestor[u]] >= 0; u = ancestor[u])
            {
                if (depth == path.Length)
                    Array.Resize(ref path, depth * 2);
                path[depth++] = u;
            }
            while (depth > 0)
            {
                int u = path[--depth], a = ancestor[u];
                if (semi[label[a]] < semi[label[u]])
                    label[u] = label[a];
                ancestor[u] = ancestor[a];
            }
            return label[v];
        }
    }
}

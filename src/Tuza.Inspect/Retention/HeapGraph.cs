// The heap as a graph for questions of retention: node 0 is "the program", then the roots, then the objects.
//
// Objects that no root reaches (the runtime's own, or garbage of a snapshot that was taken without a collection before) hang on one more root.

using System.Collections.Generic;

namespace Tuza.Inspect;

/// <summary>Nodes and edges in rows (compressed sparse rows).</summary>
public sealed class HeapGraph
{
    HeapGraph(int roots, long[] bytes, int[] start, int[] to)
    {
        RootCount = roots;
        Bytes = bytes;
        Start = start;
        To = to;
    }

    /// <summary>Roots are nodes 1 .. RootCount, objects those from FirstObject on.</summary>
    public int RootCount { get; }
    public int FirstObject => RootCount + 1;
    public int Count => Bytes.Length;
    public long[] Bytes { get; }
    public int[] Start { get; }
    public int[] To { get; }

    /// <summary>Any graph; node 0 is where all begins. For tests and for other sources.</summary>
    public static HeapGraph FromEdges(long[] bytes, IReadOnlyList<(int From, int To)> edges)
    {
        int[] start = new int[bytes.Length + 1], to = new int[edges.Count];
        foreach ((int from, _) in edges)
            start[from + 1]++;
        for (int i = 0; i < bytes.Length; i++)
            start[i + 1] += start[i];
        int[] at = start[..^1];
        foreach ((int from, int target) in edges)
            to[at[from]++] = target;
        return new HeapGraph(0, bytes, start, to);
    }

    /// <summary>The graph of a snapshot; root i of it is node i + 1, the root of the unreached is the last.</summary>
    public static HeapGraph Of(Snapshot s)
    {
        int roots = s.Roots.Count + 1, first = roots + 1, count = first + s.ObjectCount;
        List<int> unreached = Unreached(s);
        int[] start = new int[count + 1];
        long rootEdges = unreached.Count;
        foreach (SnapshotRoot r in s.Roots)
            rootEdges += r.Refs.Length;
        int[] to = new int[roots + rootEdges + s.EdgeTo.Length];
        long[] bytes = new long[count];
        int at = 0;
        for (int r = 1; r <= roots; r++)
            to[at++] = r;
        for (int r = 1; r <= roots; r++)
        {
            start[r] = at;
            if (r == roots)
            {
                foreach (int o in unreached)
                    to[at++] = first + o;
                continue;
            }
            foreach ((int o, _) in s.Roots[r - 1].Refs)
                to[at++] = first + o;
        }
        for (int i = 0; i < s.ObjectCount; i++)
        {
            start[first + i] = at;
            bytes[first + i] = s.Bytes[i];
            for (int e = s.EdgeStart[i]; e < s.EdgeStart[i + 1]; e++)
                to[at++] = first + s.EdgeTo[e];
        }
        start[count] = at;
        return new HeapGraph(roots, bytes, start, to);
    }

    /// <summary>From each part of the heap that no root reaches, one object from which the rest of the part is reached.</summary>
    static List<int> Unreached(Snapshot s)
    {
        bool[] seen = new bool[s.ObjectCount];
        Stack<int> work = new();
        foreach (SnapshotRoot r in s.Roots)
        {
            foreach ((int o, _) in r.Refs)
                Push(o);
        }
        Flood();
        // Objects that others of the unreached refer to come last, so that heads are found first.
        bool[] referred = new bool[s.ObjectCount];
        for (int i = 0; i < s.ObjectCount; i++)
        {
            if (seen[i])
                continue;
            for (int e = s.EdgeStart[i]; e < s.EdgeStart[i + 1]; e++)
                referred[s.EdgeTo[e]] |= s.EdgeTo[e] != i;
        }
        List<int> heads = [];
        foreach (bool wanted in (bool[])[false, true])
        {
            for (int i = 0; i < s.ObjectCount; i++)
            {
                if (seen[i] || referred[i] != wanted)
                    continue;
                heads.Add(i);
                Push(i);
                Flood();
            }
        }
        return heads;

        void Push(int o)
        {
            if (seen[o])
                return;
            seen[o] = true;
            work.Push(o);
        }

        void Flood()
        {
            while (work.TryPop(out int o))
            {
                for (int e = s.EdgeStart[o]; e < s.EdgeStart[o + 1]; e++)
                    Push(s.EdgeTo[e]);
            }
        }
    }
}

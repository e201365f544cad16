// Who keeps an object, in one line: the root and the shortest way from it, the runtime's parts of a map told as one.

using System.Collections.Generic;
using System.Text;

namespace Tuza.Inspect;

/// <summary>Names what keeps objects. The ways from all roots are computed once. without: roots (nodes) that do not count.</summary>
public sealed class Holders(Snapshot s, HeapGraph graph, HashSet<int>? without = null)
{
    const int MostSteps = 4;

    RootPaths? _paths;

    /// <summary>Nodes from a root to an object; empty when no root reaches it.</summary>
    public List<int> PathTo(int o)
    {
        List<int> path = (_paths ??= new RootPaths(graph, without)).To(graph.FirstObject + o);
        return path.Count >= 2 && path[0] - 1 < s.Roots.Count ? path : [];
    }

    /// <summary>"variable main.seen -> []string, element 17"; "" when no root reaches it.</summary>
    public string Of(int o)
    {
        List<int> path = PathTo(o);
        if (path.Count == 0)
            return "";
        StringBuilder b = new(RootName(path[0], path[1] - graph.FirstObject));
        bool inMap = false;
        int steps = 0;
        for (int i = 1; i + 1 < path.Count; i++)
        {
            int at = path[i] - graph.FirstObject;
            bool map = IsPartOfMap(at);
            if (map && inMap)
                continue;
            inMap = map;
            if (++steps > MostSteps)
                return b.Append(" -> …").ToString();
            b.Append(" -> ").Append(map ? "map" : s.TypeName(at) + Part(at, path[i + 1] - graph.FirstObject));
        }
        return b.ToString();
    }

    bool IsPartOfMap(int o) => s.Types[s.Type[o]].Name is "maps.Map" or "map.group" or "maps.table" or "*maps.table";

    /// <summary>A root, with the place in it that refers to an object.</summary>
    public string RootName(int node, int to)
    {
        SnapshotRoot root = s.Roots[node - 1];
        string where = System.Array.Find(root.Refs, r => r.Object == to).Where ?? "";
        return (root.IsGoroutine ? "" : "variable ") + root.Name + (where == "" ? "" : root.IsGoroutine ? ", " + where : where);
    }

    /// <summary>The part of an object that refers to another: ", field left", ", element 3".</summary>
    public string Part(int from, int to)
    {
        (long element, string field) = Reference(from, to);
        return (element < 0 ? "" : $", element {element}") + (field == "" ? "" : $", field {field}");
    }

    /// <summary>The same, short: ".left", "[3]".</summary>
    public string Field(int from, int to)
    {
        (long element, string field) = Reference(from, to);
        return (element < 0 ? "" : $"[{element}]") + (field == "" || field[0] == '[' ? field : "." + field);
    }

    (long Element, string Field) Reference(int from, int to)
    {
        for (int e = s.EdgeStart[from]; e < s.EdgeStart[from + 1]; e++)
        {
            if (s.EdgeTo[e] == to)
                return FieldNames.Of(s, from, s.EdgeOffset[e]);
        }
        return (-1, "");
    }
}

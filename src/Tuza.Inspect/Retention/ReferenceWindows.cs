// Objects that are referred to by strings and slices only, with what these show of them.
//
// For each object all references are counted. Any that is not a string's or slice's, an interior pointer or one from a stack, may reach everything,
// so objects with such a reference are left out.

using System.Collections.Generic;

namespace Tuza.Inspect;

static class ReferenceWindows
{
    /// <summary>By object: every string and slice that refers to it, if nothing else does.</summary>
    public static Dictionary<int, List<SnapshotUse>> Of(Snapshot s)
    {
        int[] others = new int[s.ObjectCount];
        foreach (int to in s.EdgeTo)
            others[to]++;
        foreach (SnapshotRoot r in s.Roots)
        {
            foreach ((int o, _) in r.Refs)
                others[o]++;
        }
        int[] objects = new int[s.Uses.Count];
        for (int i = 0; i < objects.Length; i++)
        {
            objects[i] = s.Find(s.Uses[i].Address);
            if (objects[i] >= 0)
                others[objects[i]]--;
        }
        Dictionary<int, List<SnapshotUse>> windows = [];
        for (int i = 0; i < objects.Length; i++)
        {
            int o = objects[i];
            if (o < 0 || others[o] > 0)
                continue;
            if (!windows.TryGetValue(o, out List<SnapshotUse>? list))
                windows[o] = list = new List<SnapshotUse>(1);
            list.Add(s.Uses[i]);
        }
        return windows;
    }
}

// Checks a frame: at every safepoint each live pointer's home holds that pointer, on every path; stack objects lie apart from each other and
// from what is live.
//
// A forward analysis follows which local each home holds (or none, or conflicting). It knows nothing of how the frame was computed, only
// what the emitter will do: stores at the definitions listed in HomeStores, at the entry, at unlikely calls, and on the cold side of polls.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class FrameVerifier
{
    public static void Check(FrameInfo frame)
    {
        if (!frame.HasFrame)
            return;
        foreach (var s in frame.Sites)
            if (s is { Objects.Count: > 0 })
                CheckObjects(frame, s);
        int homes = 0;
        foreach (int h in frame.Home)
            homes = Math.Max(homes, h >> 3);
        var entry = new int[homes + 1];
        foreach (var l in frame.StoreAtEntry)
            entry[frame.Home[l.Id] >> 3] = l.Id + 1;
        var inState = new Dictionary<LowBlock, int[]> { [frame.Function.Entry] = entry };
        var work = new Queue<LowBlock>();
        work.Enqueue(frame.Function.Entry);
        if (frame.Function.DeferReturn is { } d)
        {
            var s = new int[homes + 1];
            foreach (var l in frame.Sites[SiteIds.DeferReturn]!.Ptrs)
                s[frame.Home[l.Id] >> 3] = l.Id + 1;
            inState[d] = s;
            work.Enqueue(d);
        }
        while (work.TryDequeue(out var b))
        {
            var state = (int[])inState[b].Clone();
            Walk(frame, b, state, false);
            foreach (var s in LowUses.Successors(b.Term))
                if (Meet(inState, s, state))
                    work.Enqueue(s);
        }
        foreach (var (b, s) in inState)
            Walk(frame, b, (int[])s.Clone(), true);
    }

    static void CheckObjects(FrameInfo frame, FrameSite site)
    {
        int end = 0;
        foreach (var (offset, size) in site.Objects)
        {
            if (offset < end || size <= 0 || offset + size > frame.FrameBytes)
                throw new InvalidOperationException($"frame of {frame.Function.LinkName}: at site {site.Id} ({site.Pos}) the object at {offset} overlaps");
            end = offset + size;
            foreach (int w in site.PtrWords)
                if (w * 8 >= offset && w * 8 < end)
                    throw new InvalidOperationException($"frame of {frame.Function.LinkName}: at site {site.Id} ({site.Pos}) word {w} is live and of an object");
        }
    }

    static bool Meet(Dictionary<LowBlock, int[]> states, LowBlock b, int[] from)
    {
        if (!states.TryGetValue(b, out var s))
        {
            states.Add(b, (int[])from.Clone());
            return true;
        }
        bool changed = false;
        for (int i = 0; i < s.Length; i++)
            if (s[i] != from[i] && s[i] != 0)
            {
                s[i] = 0;
                changed = true;
            }
        return changed;
    }

    static void Walk(FrameInfo frame, LowBlock b, int[] state, bool check)
    {
        foreach (var instr in b.Instrs)
        {
            if (frame.SiteOf.TryGetValue(instr, out var site))
                foreach (var l in site.HomesToStore)
                    state[frame.Home[l.Id] >> 3] = l.Id + 1;
            if (check && site != null)
                foreach (var l in site.Ptrs)
                    if (state[frame.Home[l.Id] >> 3] != l.Id + 1)
                        throw new InvalidOperationException(
                            $"frame of {frame.Function.LinkName}: at site {site.Id} ({instr.Pos}) the home of {l.Name}.{l.Id} does not hold it");
            switch (instr)
            {
                case LowAssign a: Def(instr, a.Local); break;
                case LowAtomic { Result: { } r }: Def(instr, r); break;
                case LowCall c:
                    foreach (var r in c.Results)
                        if (r != null)
                            Def(instr, r);
                    break;
            }
        }

        void Def(LowInstr instr, LowLocal l)
        {
            int home = frame.Home[l.Id] >> 3;
            // A definition that is not stored makes the home stale.
            if (home != 0 && state[home] == l.Id + 1)
                state[home] = 0;
            if (frame.HomeStores.Contains((instr, l)))
                state[home] = l.Id + 1;
        }
    }
}

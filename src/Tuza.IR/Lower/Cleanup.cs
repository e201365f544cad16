// The last step of lowering a function: drop unreachable blocks, join straight lines, skip empty blocks, find loop heads.

using System.Collections.Generic;

namespace Tuza.IR;

static class Cleanup
{
    public static void Run(LowFunction f)
    {
        foreach (var b in f.Blocks)
            b.Term ??= new LowUnreachable { Pos = f.Pos };
        SkipEmpty(f);
        var order = Reachable(f);
        Join(f, order);
        order = Reachable(f);
        for (int i = 0; i < order.Count; i++)
            order[i].Id = i;
        f.Blocks.Clear();
        f.Blocks.AddRange(order);
    }

    /// <summary>Jumps to blocks that only jump go to their target instead.</summary>
    static void SkipEmpty(LowFunction f)
    {
        LowBlock Final(LowBlock b)
        {
            int steps = 0;
            while (b.Instrs.Count == 0 && b.Term is LowJump j && j.Target != b && steps++ < 64)
                b = j.Target;
            return b;
        }
        foreach (var b in f.Blocks)
            switch (b.Term)
            {
                case LowJump j: j.Target = Final(j.Target); break;
                case LowBranch br:
                    br.Then = Final(br.Then);
                    br.Else = Final(br.Else);
                    if (br.Then == br.Else)
                        b.Term = new LowJump { Target = br.Then, Pos = br.Pos };
                    break;
                case LowSwitch s:
                    s.Default = Final(s.Default);
                    for (int i = 0; i < s.Targets.Count; i++)
                        s.Targets[i] = Final(s.Targets[i]);
                    break;
            }
        f.Entry = Final(f.Entry);
    }

    /// <summary>Reachable blocks in reverse postorder; marks the targets of back edges.</summary>
    static List<LowBlock> Reachable(LowFunction f)
    {
        var state = new Dictionary<LowBlock, int>(ReferenceEqualityComparer.Instance);
        var post = new List<LowBlock>();
        foreach (var b in f.Blocks)
            b.LoopHeader = false;
        void Visit(LowBlock root)
        {
            if (state.ContainsKey(root))
                return;
            var stack = new Stack<(LowBlock Block, List<LowBlock> Next, int At)>();
            state[root] = 1;
            stack.Push((root, Successors(root), 0));
            while (stack.Count > 0)
            {
                var (b, next, at) = stack.Pop();
                if (at == next.Count)
                {
                    state[b] = 2;
                    post.Add(b);
                    continue;
                }
                stack.Push((b, next, at + 1));
                var t = next[at];
                if (!state.TryGetValue(t, out int s))
                {
                    state[t] = 1;
                    stack.Push((t, Successors(t), 0));
                }
                else if (s == 1)
                    t.LoopHeader = true;
            }
        }
        if (f.DeferReturn != null)
            Visit(f.DeferReturn);
        Visit(f.Entry);
        post.Reverse();
        return post;
    }

    /// <summary>In reverse: the last successor is visited first, so that the first one directly follows in the final order.</summary>
    static List<LowBlock> Successors(LowBlock b)
    {
        var list = new List<LowBlock>();
        switch (b.Term)
        {
            case LowJump j: list.Add(j.Target); break;
            case LowBranch br:
                if (br.ThenUnlikely)
                {
                    list.Add(br.Then);
                    list.Add(br.Else);
                }
                else
                {
                    list.Add(br.Else);
                    list.Add(br.Then);
                }
                break;
            case LowSwitch s:
                list.Add(s.Default);
                for (int i = s.Targets.Count - 1; i >= 0; i--)
                    list.Add(s.Targets[i]);
                break;
        }
        return list;
    }

    /// <summary>A block with one predecessor that only jumps to it is appended to that.</summary>
    static void Join(LowFunction f, List<LowBlock> order)
    {
        var preds = new Dictionary<LowBlock, int>(ReferenceEqualityComparer.Instance);
        foreach (var b in order)
            foreach (var s in Successors(b))
                preds[s] = preds.GetValueOrDefault(s) + 1;
        var gone = new HashSet<LowBlock>(ReferenceEqualityComparer.Instance);
        foreach (var b in order)
        {
            if (gone.Contains(b))
                continue;
            while (b.Term is LowJump { Target: var t } && t != b && t != f.Entry && t != f.DeferReturn && preds[t] == 1)
            {
                b.Instrs.AddRange(t.Instrs);
                b.Term = t.Term;
                gone.Add(t);
            }
        }
    }
}

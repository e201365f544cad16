// The order of the analysis: groups of mutually referring functions, callees first.
//
// Tarjan's algorithm over references (a call or any other mention). A literal that captures something never is the root of a component, so
// that it shares the batch of the function around it.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

public static class Batches
{
    public static List<List<Function>> BottomUp(IReadOnlyList<Function> functions)
    {
        var visit = new Visitor(functions);
        foreach (var f in functions)
            if (!Captures(f))
                visit.Visit(f);
        foreach (var f in functions) // a capturing literal of a function that is not in the list (should not be) gets its own batch
            visit.Visit(f);
        return visit.Result;
    }

    /// <summary>The literal belongs to the function around it. Those in instances of generic functions do in any case: gc gives them the types.</summary>
    public static bool Captures(Function f) => f.IsClosure && f.Outer != null && (f.ClosureVars.Count > 0 || f.IsInstance && !f.IsWrapper);

    /// <summary>Local functions that f mentions, literals included, in order.</summary>
    public static void References(Function f, Action<Function> found)
    {
        if (f.Body == null)
            return;
        Walk.Preorder(f.Body, n =>
        {
            switch (n)
            {
                case FuncNode fn:
                    found(fn.Func);
                    break;
                case ClosureNode c:
                    found(c.Func);
                    break;
                case MethodValueNode mv:
                    if (mv.Method != null)
                        found(mv.Method); // the wrapper comes later: it only calls the method
                    break;
            }
            return true;
        }, null);
    }

    sealed class Visitor(IReadOnlyList<Function> functions)
    {
        readonly HashSet<Function> _local = [.. functions];
        readonly Dictionary<Function, int> _low = [];
        readonly List<Function> _stack = [];
        int _next;

        public List<List<Function>> Result { get; } = [];

        sealed class Frame
        {
            public required Function F;
            public required List<Function> Refs;
            public int At;
            public int Id, Min;
        }

        /// <summary>Iterative: call chains of generated code can be deep.</summary>
        public void Visit(Function root)
        {
            if (_low.ContainsKey(root))
                return;
            var frames = new Stack<Frame>();
            frames.Push(Enter(root));
            while (frames.TryPeek(out var fr))
            {
                if (fr.At < fr.Refs.Count)
                {
                    var callee = fr.Refs[fr.At++];
                    if (!_local.Contains(callee))
                        continue;
                    if (_low.TryGetValue(callee, out int known))
                        fr.Min = Math.Min(fr.Min, known);
                    else
                        frames.Push(Enter(callee));
                    continue;
                }
                frames.Pop();
                if (fr.Min == fr.Id && !Captures(fr.F) || fr.Min == fr.Id && frames.Count == 0)
                    Pop(fr.F);
                else if (fr.Min == fr.Id && Captures(fr.F) && frames.TryPeek(out var up))
                    fr.Min = up.Id; // stays with whoever contains it
                if (frames.TryPeek(out var parent))
                    parent.Min = Math.Min(parent.Min, fr.Min);
            }
        }

        Frame Enter(Function f)
        {
            int id = ++_next;
            _low[f] = id;
            _stack.Add(f);
            var refs = new List<Function>();
            References(f, refs.Add);
            return new Frame { F = f, Refs = refs, Id = id, Min = id };
        }

        void Pop(Function f)
        {
            int i = _stack.LastIndexOf(f);
            var batch = _stack.GetRange(i, _stack.Count - i);
            _stack.RemoveRange(i, _stack.Count - i);
            foreach (var g in batch)
                _low[g] = int.MaxValue;
            Result.Add(batch);
        }
    }
}

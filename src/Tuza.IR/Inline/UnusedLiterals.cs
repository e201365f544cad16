// Function literals that nobody makes any more, because all their calls were inlined and no variable needs them. One that captures has no
// meaning alone, so it is dropped; one that captures nothing is an ordinary function and stays, as in gc.

using System.Collections.Generic;

namespace Tuza.IR;

static class UnusedLiterals
{
    /// <summary>The functions without such literals, which lose their bodies.</summary>
    public static List<Function> Drop(IReadOnlyList<Function> functions)
    {
        var used = new HashSet<Function>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<Function>();
        foreach (var f in functions)
            if (!Captures(f))
                pending.Push(f);
        while (pending.TryPop(out var f))
            Batches.References(f, g =>
            {
                if (g.IsClosure && used.Add(g))
                    pending.Push(g);
            });
        var left = new List<Function>(functions.Count);
        foreach (var f in functions)
            if (Captures(f) && !used.Contains(f))
                f.Body = null;
            else
                left.Add(f);
        return left;
    }

    static bool Captures(Function f) => f is { IsClosure: true, Outer: not null, ClosureVars.Count: > 0 };
}

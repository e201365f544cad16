// Collections: when they happen and what the roots are.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>The runtime's side of the collector.</summary>
public static unsafe class Gc
{
    public static void Safepoint(G* g) => Sched.GcPending = 0;

    public static void CollectIdle(P* p) => Sched.GcPending = 0;

    public static void Idle(P* p) { }

    public static bool TryWakeFinalizers() => false;
}

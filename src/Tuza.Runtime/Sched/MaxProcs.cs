// GOMAXPROCS and NumCPU.

using System.Numerics;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>The number of processors.</summary>
public static unsafe class MaxProcs
{
    static int s_value;
    static int s_cpus;

    public static int Value => s_value != 0 ? s_value : s_value = DebugFlags.MaxProcs != 0 ? DebugFlags.MaxProcs : Cpus;

    /// <summary>How many Ps there shall really be: one in the deterministic mode.</summary>
    internal static int InUse => DebugFlags.HasSeed || !DebugFlags.Parallel ? 1 : Value;

    internal static int Cpus
    {
        get
        {
            if (s_cpus == 0)
            {
                const int Bytes = 1024;
                byte* mask = stackalloc byte[Bytes];
                for (int i = 0; i < Bytes; i++)
                    mask[i] = 0;
                int n = 0;
                if (Libc.SchedGetAffinity(0, Bytes, mask) == 0)
                    for (int i = 0; i < Bytes; i++)
                        n += BitOperations.PopCount(mask[i]);
                s_cpus = n > 0 ? n : 1;
            }
            return s_cpus;
        }
    }

    [GoFunc("runtime.GOMAXPROCS")]
    public static long Set(G* g, long n)
    {
        int old = Value;
        if (n > 0)
        {
            s_value = (int)System.Math.Min(n, 1024);
            Sched.SetMaxProcs(InUse);
            g->MCache = Sched.POf(g)->MCache;
        }
        return old;
    }

    [GoFunc("runtime.NumCPU", Safepoint = false)]
    public static long NumCpu(G* g) => Cpus;

    [GoFunc("runtime.NumGoroutine", Safepoint = false)]
    public static long NumGoroutine(G* g) => Sched.LiveCount;
}

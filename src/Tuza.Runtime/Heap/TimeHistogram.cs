// Histograms of times as runtime/metrics shows them: 40 powers of two from 256 ns, each in four steps, what is below in steps of 64 ns, and one
// count each for what is negative or too long.

using System.Numerics;
using System.Threading;

namespace Tuza.Runtime;

/// <summary>Counts of durations by size.</summary>
public sealed class TimeHistogram
{
    const int FirstBits = 9, Powers = 40, Steps = 4, StepBits = 2;

    /// <summary>Below zero, the buckets, too long.</summary>
    public const int Counts = Powers * Steps + 2;

    readonly ulong[] _counts = new ulong[Counts];

    public ulong this[int index] => Volatile.Read(ref _counts[index]);

    /// <summary>count: how many this one stands for.</summary>
    public void Add(long nanos, uint count = 1)
    {
        int index;
        if (nanos < 0)
        {
            index = 0;
        }
        else
        {
            int bits = 64 - BitOperations.LeadingZeroCount((ulong)nanos);
            int power = bits < FirstBits ? 0 : bits - FirstBits + 1;
            if (bits < FirstBits)
                bits = FirstBits;
            index = power >= Powers ? Counts - 1 : 1 + power * Steps + (int)(nanos >> (bits - 1 - StepBits)) % Steps;
        }
        Interlocked.Add(ref _counts[index], count);
    }
}

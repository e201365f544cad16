// Does it rise? A series over time is judged by the second half, when a program has come into its stride: pairs of values that grow against pairs that
// shrink (Mann and Kendall), and the median of the slopes between them (Theil and Sen). One spike does not move either.

using System;
using System.Collections.Generic;

namespace Tuza.Inspect;

/// <summary>PerSecond: the median slope. From, To: the first value that was judged, and the last.</summary>
public readonly record struct MemoryTrend(bool Rises, double PerSecond, double From, double To, double Seconds, int Count)
{
    const int Least = 6, MostJudged = 400;
    const double Significance = 1.96, LeastGrowth = 0.05;

    /// <summary>least: growth below that is not worth a word. Values that repeat the one before are looks at the same thing, and count.</summary>
    public static MemoryTrend Of(IReadOnlyList<(double Seconds, double Value)> series, double least)
    {
        int start = series.Count / 2;
        if (series.Count - start < Least)
            start = Math.Max(0, series.Count - Least);
        int step = Math.Max(1, (series.Count - start) / MostJudged);
        List<(double Seconds, double Value)> s = [];
        for (int i = start; i < series.Count; i += step)
            s.Add(series[i]);
        if (s.Count < 2)
            return default;
        long sign = 0;
        List<double> slopes = [];
        Dictionary<double, int> ties = [];
        for (int i = 0; i < s.Count; i++)
        {
            ties[s[i].Value] = ties.GetValueOrDefault(s[i].Value) + 1;
            for (int j = i + 1; j < s.Count; j++)
            {
                sign += Math.Sign(s[j].Value - s[i].Value);
                if (s[j].Seconds > s[i].Seconds)
                    slopes.Add((s[j].Value - s[i].Value) / (s[j].Seconds - s[i].Seconds));
            }
        }
        slopes.Sort();
        double n = s.Count, variance = n * (n - 1) * (2 * n + 5);
        foreach (int t in ties.Values)
            variance -= t * (t - 1.0) * (2.0 * t + 5);
        double z = variance <= 0 ? 0 : (sign - Math.Sign(sign)) / Math.Sqrt(variance / 18);
        double slope = slopes.Count == 0 ? 0 : slopes[slopes.Count / 2], seconds = s[^1].Seconds - s[0].Seconds;
        bool rises = s.Count >= Least && z > Significance && slope * seconds > Math.Max(least, LeastGrowth * s[0].Value);
        return new MemoryTrend(rises, slope, s[0].Value, s[^1].Value, seconds, s.Count);
    }
}

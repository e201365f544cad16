using System;
using System.Collections.Generic;
using Tuza.Inspect;
using Xunit;

namespace Tuza.UnitTests.Inspect;

/// <summary>What counts as rising.</summary>
public sealed class MemoryTrendTests
{
    const double Mega = 1 << 20;

    static MemoryTrend Of(Func<int, double> value, int count = 40)
    {
        List<(double, double)> series = [];
        for (int i = 0; i < count; i++)
            series.Add((i, value(i)));
        return MemoryTrend.Of(series, 64 << 10);
    }

    [Fact]
    public void ALineRisesWithItsSlope()
    {
        MemoryTrend t = Of(static i => Mega * (10 + i));
        Assert.True(t.Rises);
        Assert.Equal(Mega, t.PerSecond, 1);
        Assert.Equal(30 * Mega, t.From);
        Assert.Equal(49 * Mega, t.To);
    }

    [Fact]
    public void NoiseOnALineStillRises()
    {
        Random random = new(1);
        Assert.True(Of(i => Mega * (10 + i + 3 * random.NextDouble())).Rises);
    }

    [Fact]
    public void AWarmUpIsNoRise() => Assert.False(Of(static i => Mega * Math.Min(50, 5 * i)).Rises);

    [Fact]
    public void ASawIsNoRise() => Assert.False(Of(static i => Mega * (10 + i % 7)).Rises);

    [Fact]
    public void ASpikeIsNoRise() => Assert.False(Of(static i => i == 38 ? 500 * Mega : 10 * Mega).Rises);

    [Fact]
    public void NoiseRisesOnceInAWhileOnly()
    {
        Random random = new(7);
        int risen = 0;
        for (int round = 0; round < 200; round++)
            risen += Of(_ => Mega * (10 + random.NextDouble())).Rises ? 1 : 0;
        Assert.InRange(risen, 0, 10);
    }

    [Fact]
    public void FallingAndTooShortDoNotRise()
    {
        Assert.False(Of(static i => Mega * (100 - i)).Rises);
        Assert.False(Of(static i => Mega * i, 4).Rises);
        Assert.False(MemoryTrend.Of([], 1).Rises);
    }

    [Fact]
    public void LittleIsNotWorthAWord() => Assert.False(Of(static i => 10 * Mega + i * 100).Rises);
}

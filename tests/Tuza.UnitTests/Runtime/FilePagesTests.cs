using System;
using System.Globalization;
using System.IO;

using Tuza.Runtime;

using Xunit;

namespace Tuza.UnitTests;

/// <summary>Pages of files that are not used any more leave the process, and come back.</summary>
public sealed class FilePagesTests
{
    static long ResidentOfFiles()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("RssFile:", StringComparison.Ordinal))
                return long.Parse(line.AsSpan(8).Trim(" \tkB"), NumberStyles.None, CultureInfo.InvariantCulture);
        }
        throw new InvalidDataException("no RssFile in /proc/self/status");
    }

    [Fact]
    public void MappingsSeenTwiceShedTheirPages()
    {
        if (!OperatingSystem.IsLinux())
            return;
        FilePages.Look();
        long before = ResidentOfFiles();
        FilePages.Look();
        long after = ResidentOfFiles();
        Assert.InRange(after, 0, before * 3 / 4);
        // What is needed again is there again: this test goes on, and the library's code with it.
        Assert.Equal("1.5e+02", (150.0).ToString("0.0e+00", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void SmallShortProgramsAreLeftAlone()
    {
        const long Second = 1_000_000_000, MiB = 1 << 20;
        LookTimes times = new();
        for (long age = 0; age < 3 * Second; age += Second / 10)
            Assert.False(times.IsDue(age, 20 * MiB));
        // Long: one look to note, one to give back, then when it is twice as old.
        Assert.True(times.IsDue(3 * Second, 20 * MiB));
        Assert.True(times.IsDue(3 * Second, 20 * MiB));
        Assert.False(times.IsDue(3 * Second, 20 * MiB));
        Assert.False(times.IsDue(5 * Second, 20 * MiB));
        Assert.True(times.IsDue(6 * Second, 20 * MiB));
        Assert.False(times.IsDue(7 * Second, 20 * MiB));
    }

    [Fact]
    public void GrowingHeapsAreLookedAtWhenTheyHaveDoubled()
    {
        const long MiB = 1 << 20;
        LookTimes times = new();
        Assert.False(times.IsDue(1, 31 * MiB));
        Assert.True(times.IsDue(2, 33 * MiB));
        Assert.True(times.IsDue(3, 34 * MiB));
        Assert.False(times.IsDue(4, 67 * MiB));
        Assert.True(times.IsDue(5, 68 * MiB));
        Assert.False(times.IsDue(6, 40 * MiB));
        Assert.True(times.IsDue(7, 200 * MiB));
    }
}

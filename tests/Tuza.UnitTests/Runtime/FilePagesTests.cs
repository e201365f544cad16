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
}

using System;
using System.IO;
using Tuza.Emit;
using Xunit;

namespace Tuza.UnitTests.Emit;

/// <summary>The queue of images that want machine code.</summary>
public sealed class PrecompileOrdersTests : IDisposable
{
    readonly string _cache = Directory.CreateTempSubdirectory("tuza-test").FullName;

    string Ahead => Path.Combine(_cache, "ahead");

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    string Order(string text, string? toolchain = null)
    {
        text = "=" + (toolchain ?? Precompiler.Toolchain()) + "\n" + text;
        Directory.CreateDirectory(Ahead);
        string file = Path.Combine(Ahead, "1.order");
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>A compiler that does nothing but note that it was called; null where the shell is missing.</summary>
    Precompiler Tool(out string calls)
    {
        calls = Path.Combine(_cache, "calls");
        string tool = Path.Combine(_cache, "tool");
        File.WriteAllText(tool, $"#!/bin/sh\necho \"$@\" >> '{calls}'\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return Precompiler.At(tool);
    }

    [Fact]
    public void OrdersForImagesThatAreGoneAreDropped()
    {
        string order = Order("+fmt\t" + Path.Combine(_cache, "gone.dll") + "\n");
        new PrecompileOrders(_cache).Work(Tool(out string calls));
        Assert.False(File.Exists(order));
        Assert.False(File.Exists(calls));
    }

    [Fact]
    public void FilesThatAreNoImagesNeedNothing()
    {
        string image = Path.Combine(_cache, "x.dll");
        File.WriteAllText(image, "not an image");
        string order = Order("+fmt\t" + image + "\n");
        new PrecompileOrders(_cache).Work(Tool(out string calls));
        Assert.False(File.Exists(order));
        Assert.False(File.Exists(calls));
        Assert.Equal("not an image", File.ReadAllText(image));
    }

    [Fact]
    public void OneProcessPerCache()
    {
        string order = Order("");
        using (new FileStream(Path.Combine(Ahead, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            new PrecompileOrders(_cache).Work(Tool(out _));
        Assert.True(File.Exists(order));
        new PrecompileOrders(_cache).Work(Tool(out _));
        Assert.False(File.Exists(order));
    }

    /// <summary>What crossgen2 would inline is not what the images were compiled for.</summary>
    [Fact]
    public void OrdersOfAnotherBuildWaitForADay()
    {
        string order = Order("", toolchain: "another");
        new PrecompileOrders(_cache).Work(Tool(out string calls));
        Assert.True(File.Exists(order));
        File.SetLastWriteTimeUtc(order, DateTime.UtcNow.AddDays(-2));
        new PrecompileOrders(_cache).Work(Tool(out _));
        Assert.False(File.Exists(order));
        Assert.False(File.Exists(calls));
    }
}

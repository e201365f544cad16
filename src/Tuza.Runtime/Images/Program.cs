// From loaded images to a running program: heap, scheduler, arguments, images, initialisers, main.main.

using System.Collections.Generic;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>What to run.</summary>
public sealed class ProgramSpec
{
    /// <summary>File (or, if null, the bytes) of each image, dependencies first.</summary>
    public required IReadOnlyList<(string? Path, byte[]? Bytes)> Images { get; init; }
    /// <summary>os.Args.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }
    public string Goroot { get; init; } = "";
    /// <summary>The program's file, and how it is made if it does not exist.</summary>
    public string Executable { get; init; } = "";
    public System.Action<string>? WriteExecutable { get; init; }
    public string Version { get; init; } = "";
    public SnapshotPlan? Snapshots { get; init; }
}

/// <summary>The process as a Go program. Once per process.</summary>
public static unsafe class Program
{
    /// <summary>Runs to the end; usually the process exits and this does not return.</summary>
    public static void Run(ProgramSpec spec)
    {
        KernelMemory.FailAt(DebugFlags.FailMap);
        Snapshots.Init(spec.Snapshots);
        var cache = (MCache*)Gc.Init();
        s_cache = cache;
        Sched.Init(cache);
        Executable.Init(spec.Executable, spec.WriteExecutable);
        Signals.Init();
        Args.Init(spec.Arguments, Args.Environment(), spec.Goroot, spec.Version);
        ImageLoader.AddDataRoot = &AddDataRoot;
        Barrier.EnabledForCode = (int*)DataMemory.Alloc(sizeof(int)); // a cache line of its own
        var images = new List<LoadedImage>();
        foreach (var (path, bytes) in spec.Images)
            images.Add(ImageLoader.Load(path, bytes));
        ImageLoader.Finish();
        // What go's linker writes into test programs.
        if (ImageLoader.IsLoaded("testing/internal/testdeps"))
            ImageLoader.SetString("testing.testBinary", "1");
        foreach (LoadedImage image in images)
        {
            if (image.Main != 0)
                ImageLoader.SetString("runtime.godebugSettings", image.Godebug);
        }
        Sched.NewMain(StartList(images));
        MemoryReport.Start();
        Limits.Start(spec.Snapshots?.Limits);
        Watch.Start(spec.Snapshots);
        Control.Start(spec.Snapshots);
        _ = Libc.MallocTrim(0); // loading is over: what it took goes back
        Threads.RunOnBigStack(Sched.RunMain);
    }

    static MCache* s_cache;

    static void AddDataRoot(byte* start, nuint words, ulong* mask) => s_cache->Heap->Gc.AddDataRoot(start, words, mask);

    /// <summary>Code words of all initialisers in order, then main.main, what comes behind it, then null.</summary>
    static void** StartList(List<LoadedImage> images)
    {
        var ids = new List<int>();
        int main = 0;
        foreach (var image in images)
        {
            foreach (int id in image.Inits)
                ids.Add(id);
            if (image.Main != 0)
                main = image.Main;
        }
        if (main == 0)
            Throw.Fatal("function main is undeclared in the main package");
        ids.Add(main);
        ids.Add(GoCalls.Id("runtime.mainExit"));
        var list = (void**)NativeMemory.AllocZeroed((nuint)ids.Count + 1, (nuint)sizeof(void*));
        for (int i = 0; i < ids.Count; i++)
            list[i] = FuncTable.EntryOf(ids[i]);
        return list;
    }
}

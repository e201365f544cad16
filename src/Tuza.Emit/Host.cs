// The way in to running: images of a program, dependencies first.

using System;
using System.Collections.Generic;

using Tuza.Runtime;

namespace Tuza.Emit;

public static class Host
{
    /// <summary>Set before Run: heap snapshots to take; null for none.</summary>
    public static SnapshotPlan? Snapshots { get; set; }

    /// <summary>
    /// Runs a program in this process, which it ends with its exit code. Images are in dependency order; the one with main.main is last.
    /// arguments: os.Args, the program's file first; writeExecutable makes that file when it is wanted and does not exist.
    /// </summary>
    public static int Run(IReadOnlyList<ImageReader> images, IReadOnlyList<string> arguments, string goroot = "", Action<string>? writeExecutable = null)
    {
        var list = new List<(string?, byte[]?)>();
        foreach (var i in images)
            list.Add((i.FilePath, i.Assembly));
        return Run(list, arguments, goroot, writeExecutable);
    }

    /// <summary>The same for image files that were not opened.</summary>
    public static int Run(IReadOnlyList<string> files, IReadOnlyList<string> arguments, string goroot = "", Action<string>? writeExecutable = null)
    {
        var list = new List<(string?, byte[]?)>();
        foreach (string file in files)
            list.Add((file, null));
        return Run(list, arguments, goroot, writeExecutable);
    }

    static int Run(List<(string?, byte[]?)> list, IReadOnlyList<string> arguments, string goroot, Action<string>? writeExecutable)
    {
        // .NET keeps two descriptors of each assembly. This one would be loaded when hot methods are compiled anew: a program that counts its descriptors
        // would see them come.
        _ = System.Reflection.Assembly.Load("System.Memory");
        ImageLoader.NativeCode = static symbol => NativeSymbols.Find(symbol)?.Method.MethodHandle.GetFunctionPointer() ?? 0;
        Program.Run(new ProgramSpec
        {
            Images = list,
            Arguments = arguments,
            Goroot = goroot,
            Version = "go1.27",
            Executable = ImageCache.FullPath(arguments[0]),
            WriteExecutable = writeExecutable,
            Snapshots = Snapshots,
        });
        return 0;
    }
}

// The way in to running: images of a program, dependencies first.

using System.Collections.Generic;
using Tuza.Runtime;

namespace Tuza.Emit;

public static class Host
{
    /// <summary>
    /// Runs a program in this process, which it ends with its exit code. Images are in dependency order; the one with main.main is last.
    /// arguments: os.Args, the program's name first.
    /// </summary>
    public static int Run(IReadOnlyList<ImageReader> images, IReadOnlyList<string> arguments, string goroot = "", string version = "go1.27")
    {
        var list = new List<(string?, byte[]?)>();
        foreach (var i in images)
            list.Add((i.FilePath, i.Assembly));
        return Run(list, arguments, goroot, version);
    }

    /// <summary>The same for image files that were not opened.</summary>
    public static int Run(IReadOnlyList<string> files, IReadOnlyList<string> arguments, string goroot = "", string version = "go1.27")
    {
        var list = new List<(string?, byte[]?)>();
        foreach (string file in files)
            list.Add((file, null));
        return Run(list, arguments, goroot, version);
    }

    static int Run(List<(string?, byte[]?)> list, IReadOnlyList<string> arguments, string goroot, string version)
    {
        ImageLoader.NativeCode = static symbol => NativeSymbols.Find(symbol)?.Method.MethodHandle.GetFunctionPointer() ?? 0;
        Program.Run(new ProgramSpec { Images = list, Arguments = arguments, Goroot = goroot, Version = version });
        return 0;
    }
}

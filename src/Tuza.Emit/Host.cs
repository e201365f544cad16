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
        ImageLoader.NativeCode = static symbol => NativeSymbols.Find(symbol)?.Method.MethodHandle.GetFunctionPointer() ?? 0;
        Program.Run(new ProgramSpec { Images = list, Arguments = arguments, Goroot = goroot, Version = version });
        return 0;
    }
}

// The second half of the way: typed packages to images, and images to a running program.

using System;
using System.Collections.Generic;
using Tuza.Load;

namespace Tuza.Cli;

static class Backend
{
    public static int Run(Compilation compilation, LoadedPackage program, List<string> args) => Missing();

    public static int Build(Compilation compilation, LoadedPackage program, string output) => Missing();

    /// <summary>Compiles without linking, for errors and -m. program: the package compiled alone, or null for all roots.</summary>
    public static int CompileOnly(Compilation compilation, LoadedPackage? package) => 0;

    static int Missing()
    {
        Console.Error.WriteLine("tuza: this build has no code generator");
        return 3;
    }
}

// tuza precompile: carries out the orders that builds left in the cache. Started by them, in the background; not for people, who may call it
// all the same to have it done now.

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using Tuza.Emit;

namespace Tuza.Cli;

static class PrecompileCommand
{
    public const string Name = "precompile";

    public static int Run(List<string> args)
    {
        if (args.Count > 0)
            throw new UsageException("usage: tuza precompile");
        if (Precompiler.Find() is not { } tool)
            throw new ExitException(1, "tuza: precompile: crossgen2 is not part of this build of tuza: build it with ./tuza");
        new PrecompileOrders(ImageCache.DefaultFolder()).Work(tool);
        return 0;
    }

    /// <summary>Leaves an order and a process that carries it out: of lowest priority, in a session of its own, silent. TUZAAHEAD=0 leaves
    /// images as they are, TUZAAHEAD=wait does it here and now.</summary>
    public static void Order(Precompiler tool, List<ImageReader> wanted, List<ImageReader> all)
    {
        string mode = Environment.GetEnvironmentVariable("TUZAAHEAD") ?? "";
        if (mode == "0")
            return;
        try
        {
            PrecompileOrders orders = new(ImageCache.DefaultFolder());
            orders.Add(wanted, all);
            if (mode == "wait")
            {
                orders.Work(tool);
                return;
            }
            ProcessStartInfo start = new("/bin/sh");
            foreach (string a in (string[])["-c", "setsid nice -n 19 \"$@\" </dev/null >/dev/null 2>&1 &", "tuza", Environment.ProcessPath!])
                start.ArgumentList.Add(a);
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
                start.ArgumentList.Add(typeof(PrecompileCommand).Assembly.Location);
            start.ArgumentList.Add(Name);
            using Process? shell = Process.Start(start);
            shell?.WaitForExit();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception)
        {
            // A cache that cannot be written has nothing to precompile.
        }
    }
}

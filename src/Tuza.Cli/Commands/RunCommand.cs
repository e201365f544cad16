// tuza run: compile a program and run it; the exit code is the program's.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Tuza.Load;

namespace Tuza.Cli;

static class RunCommand
{
    internal static Flags Register(Flags flags, BuildFlags build, SnapshotFlags snapshots) => MemoryFlags.Register(snapshots.Register(build.Register(flags)))
        .Bool("gostatus", static b => Runtime.Exit.LikeGo = b, "as go run: say the program's status, and exit with 1 if it is not 0");

    public static int Run(List<string> args)
    {
        BuildFlags build = new();
        SnapshotFlags snapshots = new();
        return Run(args, Register(new Flags("run"), build, snapshots).Text("exec", _ => { }, "").Parse(args), build, snapshots);
    }

    /// <summary>
    /// A call without flags of which there is a plan: nothing of the compiler, and of the command line's reading, is touched. args: with the command's name.
    /// </summary>
    internal static bool Quick(string[] args, out int code)
    {
        code = 0;
        if (args.Length < 2 || args[1].StartsWith('-') || Environment.GetEnvironmentVariable("TUZAFLAGS") is { Length: > 0 })
            return false;
        ReadOnlySpan<string> rest = args.AsSpan(1);
        int n = Named(rest);
        if (RunPlan.Of(rest[..n]).Find() is not { } plan)
            return false;
        code = Backend.Run(plan, rest[n..]);
        return true;
    }

    /// <summary>How many of the arguments, of which there are some, name what is to run: one package, or all Go files at the start.</summary>
    static int Named(ReadOnlySpan<string> rest)
    {
        int n = 0;
        while (n < rest.Length && rest[n].EndsWith(".go", StringComparison.Ordinal))
            n++;
        return Math.Max(n, 1);
    }

    /// <summary>rest: the package and the program's arguments.</summary>
    internal static int Run(List<string> args, List<string> rest, BuildFlags build, SnapshotFlags snapshots)
    {
        if (rest.Count == 0)
            throw new ExitException(1, "go: no go files listed");
        int n = Named(CollectionsMarshal.AsSpan(rest));
        if (rest[..n].Find(static f => f.EndsWith("_test.go", StringComparison.Ordinal)) is { } test)
            throw new ExitException(1, $"go: cannot run *_test.go files ({test})");
        Session session = Session.Start(build);
        snapshots.Apply(rest[n - 1], rest[n..], session.Goroot);
        session.Plan = RunPlan.For(build, args[..(args.Count - rest.Count + n)]);
        if (session.Plan?.Find() is { } plan)
        {
            session.Steps.Done("nothing changed since the last run");
            Terminal.End();
            return Backend.Run(plan, CollectionsMarshal.AsSpan(rest)[n..]);
        }
        Loader loader = session.NewLoader();
        LoadResult loaded = loader.Load(rest[..n]);
        if (Session.Report(loaded, loader))
            return 1;
        LoadedPackage root = Driver.ProgramOf(loaded);
        if (Driver.Check(session, loaded.Roots, loaded.Packages) is not { } compilation)
            return 1;
        return Backend.Run(compilation, root, rest[n..]);
    }
}

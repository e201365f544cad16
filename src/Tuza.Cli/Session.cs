// One invocation: the folder it works in, the Go installation, the loader made from the flags.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Load;

namespace Tuza.Cli;

/// <summary>A failure that has its whole message and exit code; printed as it is.</summary>
sealed class ExitException(int code, string message) : Exception(message)
{
    public int Code { get; } = code;
}

/// <summary>What every command that loads packages starts with.</summary>
sealed class Session
{
    Session(BuildFlags flags, string workDir, string goroot, List<string> gorootDependsOn)
    {
        GorootDependsOn = gorootDependsOn;
        Flags = flags;
        WorkDir = workDir;
        Goroot = goroot;
        Steps = new Steps(flags.Verbose);
    }

    public BuildFlags Flags { get; }
    public string WorkDir { get; }
    public string Goroot { get; }
    public List<string> GorootDependsOn { get; }
    public Steps Steps { get; }
    public DateTime Started { get; } = DateTime.UtcNow;

    /// <summary>Where `run` remembers what it did; null for other commands.</summary>
    public RunPlan? Plan { get; set; }
    public static Overlay Overlay { get; } = Overlay.Find();

    public static Session Start(BuildFlags flags)
    {
        if (flags.Folder != "")
        {
            if (!Directory.Exists(flags.Folder))
                throw new ExitException(1, $"tuza: chdir {flags.Folder}: no such file or directory");
            Directory.SetCurrentDirectory(flags.Folder);
        }
        List<string> looked = [];
        string? goroot = GorootFinder.Find(flags.Goroot, Environment.GetEnvironmentVariable, out string reason, looked);
        if (goroot == null)
            throw new ExitException(1, reason);
        if (Overlay.Root == null)
            throw new ExitException(3, $"tuza: {AppContext.BaseDirectory}std/overlay is missing: install tuza again, or copy its whole folder");
        Terminal.Begin("loading");
        return new Session(flags, Directory.GetCurrentDirectory(), goroot, looked);
    }

    public Loader NewLoader(bool tests = false, bool compileOnly = false) =>
        new(new LoadOptions(WorkDir, Goroot, Overlay, new BuildContext(Flags.Tags), Environment.GetEnvironmentVariable)
        {
            Mod = Flags.Mod,
            Tests = tests,
            CompileOnly = compileOnly,
            Implicit = compileOnly ? [] : ["runtime"],
        });

    /// <summary>A loader for commands that look at programs for some GOARCH instead of compiling them.</summary>
    public Loader NewReader(string goarch) =>
        new(new LoadOptions(WorkDir, Goroot, new Overlay(null), BuildContext.ForReading(goarch, Flags.Tags), Environment.GetEnvironmentVariable)
        {
            Mod = Flags.Mod,
            Implicit = [],
        });

    /// <summary>Prints the errors of a load, as go build does; true when there were any.</summary>
    public static bool Report(LoadResult result, Loader loader)
    {
        foreach (string warning in loader.Warnings)
            Console.Error.WriteLine(warning);
        foreach (string error in result.Errors)
            Console.Error.WriteLine(error);
        return result.Errors.Count > 0;
    }
}

// tuza version and tuza env.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Tuza.Load;
using Tuza.Syntax;

namespace Tuza.Cli;

static class VersionCommand
{
    public const string Version = "0.1";

    public static int Run()
    {
        Console.WriteLine($"tuza version {Version} go1.{BuildContext.GoMinor} linux/amd64");
        return 0;
    }
}

static class EnvCommand
{
    public static int Run(List<string> args)
    {
        bool json = false;
        BuildFlags build = new();
        List<string> names = build.Register(new Flags("env")).Bool("json", b => json = b, "print a JSON object").Parse(args);
        SortedDictionary<string, string> values = Values(build);
        if (json)
        {
            StringBuilder b = new("{\n");
            List<string> lines = [];
            foreach (string name in names.Count > 0 ? (IEnumerable<string>)names : values.Keys)
                lines.Add($"\t{GoText.Quote(name)}: {GoText.Quote(values.GetValueOrDefault(name, ""))}");
            Console.WriteLine(b.Append(string.Join(",\n", lines)).Append("\n}").ToString());
            return 0;
        }
        if (names.Count > 0)
        {
            foreach (string name in names)
                Console.WriteLine(values.GetValueOrDefault(name, ""));
            return 0;
        }
        foreach ((string name, string value) in values)
            Console.WriteLine($"{name}='{value}'");
        return 0;
    }

    static SortedDictionary<string, string> Values(BuildFlags build)
    {
        string Get(string name, string other = "") => Environment.GetEnvironmentVariable(name) is { Length: > 0 } v ? v : other;
        string home = Get("HOME", "/root");
        string gopath = Get("GOPATH", Path.Combine(home, "go"));
        string goroot = GorootFinder.Find(build.Goroot, Environment.GetEnvironmentVariable, out _) ?? "";
        ModuleGraph modules = ModuleGraph.Load(Directory.GetCurrentDirectory(), Environment.GetEnvironmentVariable, p => p);
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["CGO_ENABLED"] = "0",
            ["GO111MODULE"] = Get("GO111MODULE"),
            ["GOAMD64"] = "v1",
            ["GOARCH"] = "amd64",
            ["GOCACHE"] = Caches.Folder,
            ["GOEXE"] = "",
            ["GOEXPERIMENT"] = "",
            ["GOFLAGS"] = Get("GOFLAGS"),
            ["GOHOSTARCH"] = "amd64",
            ["GOHOSTOS"] = "linux",
            ["GOMOD"] = modules.RootFile.EndsWith("go.mod", StringComparison.Ordinal) ? modules.RootFile : modules.HasModules ? "" : "/dev/null",
            ["GOMODCACHE"] = Get("GOMODCACHE", Path.Combine(gopath.Split(':')[0], "pkg", "mod")),
            ["GOOS"] = "linux",
            ["GOPATH"] = gopath,
            ["GOROOT"] = goroot,
            ["GOTOOLCHAIN"] = "local",
            ["GOVERSION"] = "go1." + BuildContext.GoMinor,
            ["GOWORK"] = modules.RootFile.EndsWith("go.work", StringComparison.Ordinal) ? modules.RootFile : "",
            ["TUZACACHE"] = Caches.Folder,
            ["TUZADEBUG"] = Get("TUZADEBUG"),
            ["TUZAFLAGS"] = Get("TUZAFLAGS"),
        };
    }
}

/// <summary>Where compiled packages are kept between invocations.</summary>
static class Caches
{
    public static string Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("TUZACACHE") is { Length: > 0 } own)
                return own;
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
                return Path.Combine(xdg, "tuza");
            return Path.Combine(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : Path.GetTempPath(), ".cache", "tuza");
        }
    }
}

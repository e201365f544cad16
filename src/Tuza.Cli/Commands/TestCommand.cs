// tuza test: builds the test program of each package, runs it in a process of its own, and says ok or FAIL as go test does.
//
// The process is this command again (`test -worker`), because a Go program ends the process it runs in. The worker reports through a
// status file whether it came as far as starting the program.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Tuza.Load;

namespace Tuza.Cli;

static class TestCommand
{
    const string Worker = "-worker";

    /// <summary>The flags of package testing, with true for those that take no argument.</summary>
    static readonly Dictionary<string, bool> s_testFlags = new(StringComparer.Ordinal)
    {
        ["bench"] = false,
        ["benchmem"] = true,
        ["benchtime"] = false,
        ["blockprofile"] = false,
        ["blockprofilerate"] = false,
        ["count"] = false,
        ["cpu"] = false,
        ["cpuprofile"] = false,
        ["failfast"] = true,
        ["fullpath"] = true,
        ["fuzz"] = false,
        ["fuzzminimizetime"] = false,
        ["fuzztime"] = false,
        ["list"] = false,
        ["memprofile"] = false,
        ["memprofilerate"] = false,
        ["mutexprofile"] = false,
        ["mutexprofilefraction"] = false,
        ["outputdir"] = false,
        ["parallel"] = false,
        ["run"] = false,
        ["short"] = true,
        ["shuffle"] = false,
        ["skip"] = false,
        ["timeout"] = false,
        ["trace"] = false,
        ["v"] = true,
        ["artifacts"] = true,
    };

    public static IEnumerable<string> TestingFlags => s_testFlags.Keys;

    internal sealed class Options
    {
        public BuildFlags Build { get; } = new();
        public List<string> BuildArgs { get; } = [];
        public List<string> Packages { get; } = [];
        public List<string> TestArgs { get; } = [];
        public bool Verbose, Json, CompileOnly, Leaks, Exit;
        public AllocBudget? Budget;
        /// <summary>The output is asked for even if all passes.</summary>
        public bool Shown;
        public bool IsBench;
        public bool Streamed => Verbose || Shown || Packages.Count == 0;
        public TimeSpan Timeout = TimeSpan.FromMinutes(10);
        public bool HasTimeout;
    }

    public static int Run(List<string> args)
    {
        if (args.Count > 1 && args[0] == Worker)
            return RunWorker(args[1], args[2..]);
        Options o = ParseArgs(args);
        Session session = Session.Start(o.Build);
        Loader loader = session.NewLoader(tests: true);
        LoadResult loaded = loader.Load(o.Packages);
        bool listErrors = loaded.Roots.Count == 0 && Session.Report(loaded, loader);
        if (listErrors)
            return 1;
        bool failed = false;
        foreach (LoadedPackage p in loaded.Roots)
            failed |= !TestPackage(o, p);
        foreach (string unused in o.Budget?.Unmet() ?? [])
        {
            Console.Error.WriteLine(unused);
            failed = true;
        }
        if (failed && !o.Json && o.Packages.Count > 0)
            Console.WriteLine("FAIL");
        return failed ? 1 : 0;
    }

    // ---- arguments

    public static Flags Register(Options o) => o.Build.Register(new Flags("test"))
        .Bool("json", b => o.Json = b, "print events as JSON")
        .Bool("c", b => o.CompileOnly = b, "compile only")
        .Bool("leaks", b => o.Leaks = b, "when the tests of a package have ended, say what is held for nothing")
        .Bool("exit", b => o.Exit = b, "with -leaks: a package with leaks fails")
        .Text("allocbudget", f => o.Budget = AllocBudget.Read(f), "run the benchmarks of this file; fail if one allocates more than it allows")
        .Bool("cover", _ => { }, "").Text("covermode", _ => { }, "").Text("coverpkg", _ => { }, "").Text("coverprofile", _ => { }, "")
        .Text("exec", _ => { }, "");

    static Options ParseArgs(List<string> args)
    {
        Options o = new();
        Flags build = Register(o);
        bool packagesDone = false;
        for (int i = 0; i < args.Count;)
        {
            string arg = args[i];
            if (arg is "-args" or "--args")
            {
                o.TestArgs.AddRange(args[(i + 1)..]);
                break;
            }
            if (arg.Length < 2 || arg[0] != '-')
            {
                if (packagesDone)
                {
                    o.TestArgs.AddRange(args[i..]);
                    break;
                }
                while (i < args.Count && (args[i].Length < 2 || args[i][0] != '-'))
                    o.Packages.Add(args[i++]);
                packagesDone = true;
                continue;
            }
            if (TestFlag(o, args, ref i))
                continue;
            int before = i;
            try
            {
                build.TryFlag(args, ref i);
                o.BuildArgs.AddRange(args[before..i]);
            }
            catch (UsageException) when (o.Packages.Count > 0)
            {
                o.TestArgs.Add(arg); // a flag of the test itself
                i = before + 1;
            }
        }
        if (o.Budget is { } budget)
        {
            o.IsBench = true;
            o.TestArgs.AddRange(budget.TestFlags(o.TestArgs));
        }
        return o;
    }

    static bool TestFlag(Options o, List<string> args, ref int i)
    {
        string name = args[i].TrimStart('-');
        string? value = null;
        int equals = name.IndexOf('=');
        if (equals >= 0)
            (name, value) = (name[..equals], name[(equals + 1)..]);
        if (name.StartsWith("test.", StringComparison.Ordinal))
            name = name[5..];
        if (!s_testFlags.TryGetValue(name, out bool isBool))
            return false;
        i++;
        if (value == null && !isBool)
        {
            if (i >= args.Count)
                throw new UsageException($"flag needs an argument: -{name}\nRun 'tuza help test' for details.");
            value = args[i++];
        }
        value ??= "true";
        if (name == "v")
            o.Verbose = value != "false";
        o.Shown |= name is "bench" or "list";
        o.IsBench |= name == "bench";
        if (name == "timeout")
        {
            o.HasTimeout = true;
            o.Timeout = Duration(value) ?? throw new UsageException($"invalid value \"{value}\" for flag -timeout: parse error\nRun 'tuza help test' for details.");
        }
        o.TestArgs.Add($"-test.{name}={value}");
        return true;
    }

    /// <summary>A Go duration such as 1m30s; a plain 0 is none.</summary>
    static TimeSpan? Duration(string s)
    {
        if (s == "0")
            return TimeSpan.Zero;
        double seconds = 0;
        int i = 0;
        while (i < s.Length)
        {
            int start = i;
            while (i < s.Length && (char.IsAsciiDigit(s[i]) || s[i] == '.'))
                i++;
            if (!double.TryParse(s.AsSpan(start, i - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n))
                return null;
            start = i;
            while (i < s.Length && !char.IsAsciiDigit(s[i]) && s[i] != '.')
                i++;
            double unit = s[start..i] switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "us" or "µs" => 1e-6, "ns" => 1e-9, _ => -1 };
            if (unit < 0)
                return null;
            seconds += n * unit;
        }
        return s == "" ? null : TimeSpan.FromSeconds(seconds);
    }

    // ---- one package

    static bool TestPackage(Options o, LoadedPackage p)
    {
        string name = p.ImportPath;
        TestEvents? events = o.Json ? new TestEvents(name) : null;
        events?.Start();
        if (p.TestFiles.Count + p.ExternalTestFiles.Count == 0 && p.Error == null)
        {
            Say($"?   \t{name}\t[no test files]\n");
            events?.End("skip", 0);
            return true;
        }
        if (p.Error != null && p.TestFiles.Count + p.ExternalTestFiles.Count == 0)
        {
            Console.Error.WriteLine($"# {name}\n{p.Error}");
            Say($"FAIL\t{name} [setup failed]\n");
            events?.End("fail", 0);
            return false;
        }
        string status = Path.GetTempFileName();
        try
        {
            Stopwatch watch = Stopwatch.StartNew();
            (int code, string output, bool timedOut) = RunProcess(o, p, status, events);
            double seconds = watch.Elapsed.TotalSeconds;
            string reached = File.ReadAllText(status);
            if (reached is "build failed" or "setup failed")
            {
                Console.Error.Write(output);
                Say($"FAIL\t{name} [{reached}]\n");
                events?.End("fail", 0);
                return false;
            }
            if (o.CompileOnly)
                return code == 0;
            bool ok = code == 0 && !timedOut;
            string after = Leaked(o, status);
            if (after != "" && o.Exit)
                ok = false;
            if (o.Budget?.Check(name, output) is { Length: > 0 } over)
            {
                after += over;
                ok = false;
            }
            if (!ok && events == null && !o.Streamed)
                Driver.Write(Console.Out, output);
            if (timedOut)
                Say($"*** Test killed: ran too long ({o.Timeout + TimeSpan.FromMinutes(1)}).\n");
            else if (code != 0 && (output.Length == 0 || o.Packages.Count == 0 || o.IsBench))
                Say($"exit status {code}\n");
            if (after != "")
                Say(after);
            string noTests = output.Contains("testing: warning: no tests to run", StringComparison.Ordinal) ? " [no tests to run]" : "";
            string time = seconds.ToString("0.000", CultureInfo.InvariantCulture) + "s";
            Say(ok ? $"ok  \t{name}\t{time}{noTests}\n" : $"FAIL\t{name}\t{time}\n");
            events?.End(ok ? "pass" : "fail", seconds);
            return ok;
        }
        finally
        {
            File.Delete(status);
            File.Delete(status + LeakReport);
        }

        void Say(string text)
        {
            if (events != null)
                events.Output(text);
            else
                Driver.Write(Console.Out, text);
        }
    }

    /// <summary>Beside the status file: what the tests left; the worker writes it when there is something.</summary>
    const string LeakReport = ".leaks";

    static string Leaked(Options o, string status) => o.Leaks && File.Exists(status + LeakReport) ? File.ReadAllText(status + LeakReport) : "";

    static (int Code, string Output, bool TimedOut) RunProcess(Options o, LoadedPackage p, string status, TestEvents? events)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        string self = typeof(TestCommand).Assembly.Location;
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
            start.ArgumentList.Add(self);
        foreach (string a in new[] { "test", Worker, status })
            start.ArgumentList.Add(a);
        foreach (string a in o.BuildArgs)
            start.ArgumentList.Add(a);
        if (o.CompileOnly)
            start.ArgumentList.Add("-c");
        if (o.Leaks)
            start.ArgumentList.Add($"-leak-file={Path.GetFullPath($"{Path.GetFileName(p.ImportPath)}.test.{Environment.ProcessId}.tuza")}");
        start.ArgumentList.Add(p.IsStd ? p.ImportPath : p.Dir);
        start.ArgumentList.Add("-test.paniconexit0");
        if (!o.HasTimeout)
            start.ArgumentList.Add("-test.timeout=10m0s");
        foreach (string a in o.TestArgs)
            start.ArgumentList.Add(events != null && a.StartsWith("-test.v=", StringComparison.Ordinal) ? "-test.v=test2json" : a);
        if (events != null && !o.Verbose)
            start.ArgumentList.Add("-test.v=test2json");

        Terminal.End(); // what the tests print is not ours to redraw
        using Process process = Process.Start(start)!;
        StringBuilder output = new();
        Lock gate = new();
        void Received(string? line)
        {
            if (line == null)
                return;
            lock (gate)
            {
                output.Append(line).Append('\n');
                if (events != null)
                    events.Line(line);
                else if (o.Streamed)
                    Console.Out.WriteLine(line);
            }
        }

        process.OutputDataReceived += (_, e) => Received(e.Data);
        process.ErrorDataReceived += (_, e) => Received(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        TimeSpan limit = o.Timeout == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : o.Timeout + TimeSpan.FromMinutes(1);
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return (-1, output.ToString(), true);
        }
        process.WaitForExit(); // until the output is read
        return (process.ExitCode, output.ToString(), false);
    }

    // ---- the worker

    static int RunWorker(string status, List<string> args)
    {
        BuildFlags build = new();
        bool compileOnly = false;
        string leakFile = "";
        List<string> rest = build.Register(new Flags("test")).Bool("leaks", _ => { }, "").Bool("exit", _ => { }, "").Text("allocbudget", _ => { }, "").Text("leak-file", f => leakFile = f, "").Bool("json", _ => { }, "").Bool("c", b => compileOnly = b, "").Bool("cover", _ => { }, "")
            .Text("covermode", _ => { }, "").Text("coverpkg", _ => { }, "").Text("coverprofile", _ => { }, "").Text("exec", _ => { }, "").Parse(args);
        Session session = Session.Start(build);
        string folder = Patterns.IsLocal(rest[0]) ? rest[0] : Path.Combine(session.Goroot, "src", rest[0]);
        if (leakFile != "")
            SnapshotFlags.ForTests(leakFile, status + LeakReport).Apply(rest[0], rest[1..], session.Goroot);
        session.Plan = RunPlan.For(build, ["test", .. args[..(args.Count - rest.Count + 1)]]);
        if (!compileOnly && session.Plan?.Find() is { } plan)
        {
            File.WriteAllText(status, "started");
            Directory.SetCurrentDirectory(folder);
            Terminal.End();
            return Backend.Run(plan, CollectionsMarshal.AsSpan(rest)[1..]);
        }
        Loader loader = session.NewLoader(tests: true);
        LoadResult loaded = loader.Load([rest[0]]);
        TestProgram program = loader.TestOf(loaded.Roots[0]);
        if (program.Errors.Count > 0 || program.Main == null)
        {
            File.WriteAllText(status, "setup failed");
            Console.Error.WriteLine($"# {loaded.Roots[0].ImportPath}");
            foreach (string error in program.Errors)
                Console.Error.WriteLine(error);
            return 1;
        }
        if (Driver.Check(session, [program.Main], program.Packages) is not { } compilation)
        {
            File.WriteAllText(status, "build failed");
            return 1;
        }
        File.WriteAllText(status, "started");
        if (compileOnly)
            return 0;
        Directory.SetCurrentDirectory(folder);
        return Backend.Run(compilation, program.Main, rest[1..]);
    }
}

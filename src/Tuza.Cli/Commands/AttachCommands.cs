// tuza snapshot, tuza leaks, tuza stat: look at a program that runs (tuza run -attach, -leaks, -snapshot-at or -monitor).

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using Tuza.Inspect;

namespace Tuza.Cli;

static class SnapshotCommand
{
    public static Flags Register(Flags flags, Action<string> output, Action<string> format, Action<bool> redact, Action<bool> force) => flags
        .Text("o", output, "the file (default PROGRAM.PID.tuza; - is standard output)")
        .Text("format", format, "tuza, or pprof or heapsnapshot for other tools")
        .Bool("redact", redact, "pointers and lengths only, no data")
        .Bool("f", force, "overwrite it");

    public static int Run(List<string> args)
    {
        if (!args.Exists(static a => ControlClient.IsPid(a, out _)) && args.Count > 0)
            return OfProgram(args);
        string output = "", format = "tuza";
        bool redact = false, force = false;
        List<string> words = Register(new Flags("snapshot"), o => output = o, f => format = f, b => redact = b, b => force = b).ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("snapshot") + "Run 'tuza help snapshot' for details.");
        if (format is not ("tuza" or "pprof" or "heapsnapshot"))
            throw new UsageException($"invalid value \"{format}\" for flag -format: tuza, pprof or heapsnapshot\nRun 'tuza help snapshot' for details.");
        if (format != "tuza")
            return TakeFor(pid, format, output, redact, force);
        if (output == "-")
            return InTemporary(pid, redact, ToOutput);
        string path = Path.GetFullPath(output != "" ? output : $"{ControlClient.NameOf(pid)}{pid}.tuza");
        SnapshotFlags.CheckPlace(path);
        if (File.Exists(path) && !force)
            throw new ExitException(2, $"tuza: {path} exists: choose another file with -o, or overwrite it with -f");
        Take(pid, path, redact);
        Driver.Write(Console.Error, $"tuza: heap snapshot {path} ({Units.Bytes(new FileInfo(path).Length)})\ntuza: next: tuza heap {path} top\n");
        return 0;
    }

    /// <summary>Runs a program and writes its heap when it ends.</summary>
    static int OfProgram(List<string> args)
    {
        BuildFlags build = new();
        SnapshotFlags snapshots = new();
        Flags flags = snapshots.RegisterSnapshot(RunCommand.Register(new Flags("snapshot"), build, snapshots));
        List<string> rest = flags.Parse(args);
        return RunCommand.Run(args, rest, build, snapshots.AtLeastAtExit());
    }

    static int TakeFor(int pid, string format, string output, bool redact, bool force) => InTemporary(pid, redact, file =>
        HeapCommand.Export(HeapCommand.Read(file), $"{ControlClient.NameOf(pid)}{pid}.tuza", format, output, force));

    internal static int ToOutput(string file)
    {
        using FileStream from = File.OpenRead(file);
        using Stream to = Console.OpenStandardOutput();
        from.CopyTo(to);
        return 0;
    }

    internal static int InTemporary(int pid, bool redact, Func<string, int> use)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tuza-");
        try
        {
            string file = Path.Combine(folder.FullName, "heap.tuza");
            Take(pid, file, redact);
            return use(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static void Take(int pid, string path, bool redact)
    {
        if (path.Contains('\t', StringComparison.Ordinal) || path.Contains('\n', StringComparison.Ordinal))
            throw new ExitException(2, "tuza: a file's name may not have tabs or line ends here");
        ControlClient.Ask(pid, $"snapshot\t{path}\t{(redact ? 1 : 0)}");
    }
}

static class LeaksCommand
{
    public static int Run(List<string> args)
    {
        LeakOptions options = new();
        if (args.Count > 0 && (!args.Exists(static a => ControlClient.IsPid(a, out _)) || args.Exists(static a => a.EndsWith(".go", StringComparison.Ordinal))))
        {
            BuildFlags build = new();
            SnapshotFlags snapshots = new(options);
            List<string> rest = options.RegisterRun(RunCommand.Register(new Flags("leaks"), build, snapshots)).Parse(args);
            return RunCommand.Run(args, rest, build, snapshots);
        }
        List<string> words = options.Register(new Flags("leaks")).Bool("f", b => options.Force = b, "overwrite the file of -sarif").ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("leaks") + "Run 'tuza help leaks' for details.");
        OutputFile.Check(options.Sarif, options.Force, "-sarif");
        return SnapshotCommand.InTemporary(pid, redact: false, file =>
        {
            List<Leak> leaks = LeakFinder.Find(HeapCommand.Read(file));
            options.Tell(leaks, Console.Out, $"tuza snapshot {pid}");
            return options.Exit && leaks.Count > 0 ? 1 : 0;
        });
    }
}

static class StatCommand
{
    internal sealed class Options
    {
        public bool OpenMetrics;
        public JsonMode Json;
        public string Every = "";
    }

    public static Flags Register(Flags flags, Options o) => flags
        .Text("every", t => o.Every = t, "look again after this time, as 1s, until the program ends")
        .Json(m => o.Json = m, "one object a look")
        .Bool("openmetrics", b => o.OpenMetrics = b, "as text for Prometheus and its kin");

    public static int Run(List<string> args)
    {
        Options o = new();
        List<string> words = Register(new Flags("stat"), o).ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("stat") + "Run 'tuza help stat' for details.");
        TimeSpan pause = o.Every == "" ? TimeSpan.Zero : SnapshotFlags.Duration(o.Every) ?? throw new UsageException($"invalid value \"{o.Every}\" for flag -every: a time like 1s\nRun 'tuza help stat' for details.");
        for (; ; )
        {
            List<(long Bytes, string Use)> rows = Rows(ControlClient.Ask(pid, "stat"), pid);
            Driver.Write(Console.Out, o.OpenMetrics ? Metrics(rows) : o.Json != JsonMode.None ? Table(rows).ToJson(o.Json == JsonMode.Stream) : Table(rows).ToText(Terminal.Out));
            if (o.Every == "")
                return 0;
            Thread.Sleep(pause);
            if (!File.Exists(ControlClient.PathOf(pid)))
                return 0;
        }
    }

    /// <summary>One family, a gauge; the total is that of the system, so it has a name of its own.</summary>
    static string Metrics(List<(long Bytes, string Use)> rows)
    {
        StringBuilder b = new("# TYPE tuza_resident_bytes gauge\n# UNIT tuza_resident_bytes bytes\n# HELP tuza_resident_bytes Resident memory by what it is for.\n");
        foreach ((long bytes, string use) in rows[..^1])
            b.Append(CultureInfo.InvariantCulture, $"tuza_resident_bytes{{use=\"{Units.Printable(use).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"}} {bytes}\n");
        b.Append("# TYPE process_resident_memory_bytes gauge\n# UNIT process_resident_memory_bytes bytes\n# HELP process_resident_memory_bytes Resident memory of the process.\n");
        return b.Append(CultureInfo.InvariantCulture, $"process_resident_memory_bytes {rows[^1].Bytes}\n# EOF\n").ToString();
    }

    static List<(long Bytes, string Use)> Rows(string answer, int pid)
    {
        List<(long Bytes, string Use)> rows = [];
        foreach (string line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('\t');
            if (parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
                rows.Add((bytes, parts[1]));
        }
        return rows.Count > 0 && rows[^1].Bytes > 0 ? rows : throw new ExitException(1, $"tuza: process {pid}: its memory cannot be read" + (rows.Count > 0 ? ": " + rows[^1].Use : ""));
    }

    internal static ReportTable Table(List<(long Bytes, string Use)> rows)
    {
        ReportTable t = new("stat", ("resident", ColumnKind.Bytes), ("bytes", ColumnKind.Count), ("share", ColumnKind.Percent), ("what", ColumnKind.Words));
        foreach ((long bytes, string use) in rows)
            t.Add(bytes, bytes, 100.0 * bytes / rows[^1].Bytes, use);
        return t;
    }
}

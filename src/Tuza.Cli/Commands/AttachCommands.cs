// tuza snapshot, tuza leaks, tuza stat: look at a program that runs (tuza run -attach, -leaks, -snapshot-at or -monitor).

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using Tuza.Inspect;

namespace Tuza.Cli;

static class SnapshotCommand
{
    public static int Run(List<string> args)
    {
        string output = "";
        bool redact = false, force = false;
        List<string> words = new Flags("snapshot").Text("o", o => output = o, "the file (default PID.tuza)").Bool("redact", b => redact = b, "pointers and lengths only, no data").Bool("f", b => force = b, "overwrite it").ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("snapshot") + "Run 'tuza help snapshot' for details.");
        string path = Path.GetFullPath(output != "" ? output : $"{pid}.tuza");
        if (File.Exists(path) && !force)
            throw new ExitException(2, $"tuza: {path} exists: choose another file with -o, or overwrite it with -f");
        Take(pid, path, redact);
        Driver.Write(Console.Error, $"tuza: heap snapshot {path} ({Units.Bytes(new FileInfo(path).Length)})\ntuza: next: tuza heap {path} top\n");
        return 0;
    }

    internal static void Take(int pid, string path, bool redact)
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
        bool json = false, exit = false;
        // Of a program to be run, the flags are those of tuza run.
        if (args.Count == 0 || !args.Exists(static a => ControlClient.IsPid(a, out _)) || args.Exists(static a => a.EndsWith(".go", StringComparison.Ordinal)))
            return args.Count == 0 ? throw new UsageException(HelpCommand.Usage("leaks") + "Run 'tuza help leaks' for details.") : RunCommand.Run(["-leaks", .. args]);
        List<string> words = new Flags("leaks").Bool("json", b => json = b, "for programs").Bool("exit", b => exit = b, "exit with 1 if there are leaks").ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("leaks") + "Run 'tuza help leaks' for details.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tuza-");
        try
        {
            string file = Path.Combine(folder.FullName, "heap.tuza");
            SnapshotCommand.Take(pid, file, redact: false);
            List<Leak> leaks = LeakFinder.Find(HeapCommand.Read(file));
            Driver.Write(Console.Out, json ? LeakReport.Table(leaks).ToJson() : LeakReport.Text(leaks, $"tuza snapshot {pid}"));
            return exit && leaks.Count > 0 ? 1 : 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

static class StatCommand
{
    public static int Run(List<string> args)
    {
        bool json = false;
        string every = "";
        List<string> words = new Flags("stat").Bool("json", b => json = b, "one object a look").Text("every", t => every = t, "look again after this time, as 1s, until it ends").ParseAnywhere(args);
        if (words.Count != 1 || !ControlClient.IsPid(words[0], out int pid))
            throw new UsageException(HelpCommand.Usage("stat") + "Run 'tuza help stat' for details.");
        TimeSpan pause = every == "" ? TimeSpan.Zero : SnapshotFlags.Duration(every) ?? throw new UsageException($"invalid value \"{every}\" for flag -every: a time like 1s\nRun 'tuza help stat' for details.");
        for (; ; )
        {
            Driver.Write(Console.Out, Table(ControlClient.Ask(pid, "stat"), pid) is var t && json ? t.ToJson() : t.ToText());
            if (every == "")
                return 0;
            Thread.Sleep(pause);
            if (!File.Exists(ControlClient.PathOf(pid)))
                return 0;
        }
    }

    static ReportTable Table(string answer, int pid)
    {
        ReportTable t = new("stat", ("resident", ColumnKind.Bytes), ("bytes", ColumnKind.Count), ("share", ColumnKind.Percent), ("what", ColumnKind.Words));
        List<(long Bytes, string Use)> rows = [];
        foreach (string line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('\t');
            if (parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
                rows.Add((bytes, parts[1]));
        }
        if (rows.Count == 0 || rows[^1].Bytes == 0)
            throw new ExitException(1, $"tuza: process {pid}: its memory cannot be read" + (rows.Count > 0 ? ": " + rows[^1].Use : ""));
        foreach ((long bytes, string use) in rows)
            t.Add(bytes, bytes, 100.0 * bytes / rows[^1].Bytes, use);
        return t;
    }
}

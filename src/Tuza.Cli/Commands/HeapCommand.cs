// tuza heap: reads a snapshot and answers questions about it.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Inspect;

namespace Tuza.Cli;

static class HeapCommand
{
    const string Usage = "usage: tuza heap FILE top | sites | type NAME | why ADDRESS | retained | waste | dups | diff OLDER | leaks | goroutines | spans | query 'select …'\n       [-n ROWS] [-json]\n       tuza heap FILE export -format pprof | heapsnapshot | ndjson | csv [-o OUTPUT] [-f]";

    static readonly string[] s_views = ["top", "sites", "type", "why", "retained", "waste", "dups", "diff", "leaks", "goroutines", "spans", "query", "export"];

    public static IReadOnlyList<string> Views => s_views;

    internal sealed class Options
    {
        public int Rows = 20;
        public bool Force;
        public JsonMode Json;
        public string Format = "", Output = "";
    }

    public static Flags Register(Flags flags, Options o) => flags
        .Number("n", n => o.Rows = n, "rows at the most")
        .Json(m => o.Json = m, "for programs")
        .Text("format", f => o.Format = f, "of an export: pprof, heapsnapshot, ndjson or csv")
        .Text("o", f => o.Output = f, "file of an export; - is standard output")
        .Bool("f", b => o.Force = b, "overwrite it");

    public static int Run(List<string> args)
    {
        Options o = new();
        // Flags may stand anywhere: people add them to the end of the last command.
        List<string> words = Register(new Flags("heap"), o).ParseAnywhere(args);
        (int rows, bool json) = (o.Rows, o.Json != JsonMode.None);
        if (words.Count > 1 && Array.IndexOf(s_views, words[0]) >= 0 && !File.Exists(words[0]))
            (words[0], words[1]) = (words[1], words[0]);
        if (words.Count < 2)
            throw new UsageException(Usage);
        Snapshot snapshot = Read(words[0]);
        HeapViews views = new(snapshot);
        ReportTable? table = null;
        string text = "";
        switch (words[1])
        {
            case "top": table = views.Top(rows, bySite: false); break;
            case "sites": table = views.Top(rows, bySite: true); break;
            case "type": table = views.OfType(Word(words, 2), rows); break;
            case "retained": table = views.Retained(rows); break;
            case "waste": table = views.Wasted(rows); break;
            case "dups": table = views.EqualStrings(rows); break;
            case "diff": table = views.Since(Read(Word(words, 2)), rows); break;
            case "goroutines": table = views.Goroutines(rows); break;
            case "leaks":
                List<Leak> leaks = LeakFinder.Find(snapshot);
                table = json ? LeakReport.Table(leaks) : null;
                text = LeakReport.Text(leaks, "", Terminal.Out);
                break;
            case "spans": table = views.Spans(); break;
            case "why":
                ulong address = Address(Word(words, 2));
                text = views.Why(address) ?? throw new ExitException(1, $"tuza: heap: no object at 0x{address:x} in {words[0]}");
                break;
            case "query": table = Query(snapshot, Word(words, 2), rows); break;
            case "export": return Export(snapshot, words[0], o.Format, o.Output, o.Force);
            default:
                throw new UsageException($"tuza heap: unknown view {words[1]}\n{Usage}");
        }
        Driver.Write(Console.Out, table == null ? text : json ? table.ToJson(o.Json == JsonMode.Stream) : table.ToText(Terminal.Out));
        return 0;
    }

    static ReportTable Query(Snapshot s, string text, int rows)
    {
        try
        {
            return HeapQuery.Run(s, text, rows);
        }
        catch (QueryException e)
        {
            throw new UsageException("tuza heap: " + Units.Printable(e.Message) + "\nTables: objects, roots, goroutines, spans. As in: query 'select type, count(*), sum(bytes) from objects group by type order by sum(bytes) desc limit 10'");
        }
    }

    internal static int Export(Snapshot s, string file, string format, string output, bool force)
    {
        (string ending, Action<Stream> write) = format switch
        {
            "pprof" => (".pb.gz", to => PprofExport.Write(s, to)),
            "heapsnapshot" => (".heapsnapshot", to => HeapSnapshotExport.Write(s, to)),
            "ndjson" => (".ndjson", to => RowExport.Write(s, to, json: true)),
            "csv" => (".csv", (Action<Stream>)(to => RowExport.Write(s, to, json: false))),
            _ => throw new UsageException($"tuza heap: {(format == "" ? "export needs -format" : "unknown format " + format)}: pprof, heapsnapshot, ndjson or csv"),
        };
        if (output == "-")
        {
            using Stream standard = Console.OpenStandardOutput();
            write(standard);
            return 0;
        }
        if (output == "")
            output = Path.ChangeExtension(file, null) + ending;
        if (File.Exists(output) && !force)
            throw new ExitException(2, $"tuza: {output} exists: choose another file with -o, or overwrite it with -f");
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using FileStream to = new(output, options);
            write(to);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExitException(1, $"tuza: {output}: {e.Message}");
        }
        Driver.Write(Console.Error, $"tuza: {output}\n" + (format == "pprof" ? $"tuza: next: go tool pprof -top {output}\n" : format == "heapsnapshot" ? "tuza: next: DevTools of a Chromium, Memory, Load profile\n" : ""));
        return 0;
    }

    static string Word(List<string> words, int i) => i < words.Count ? words[i] : throw new UsageException(Usage);

    static ulong Address(string text)
    {
        string digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong a) ? a : throw new UsageException($"tuza heap: {text} is not an address\n{Usage}");
    }

    internal static Snapshot Read(string path)
    {
        try
        {
            return SnapshotReader.Read(path);
        }
        catch (SnapshotException e)
        {
            throw new ExitException(1, $"tuza: {path}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExitException(1, $"tuza: {path}: {e.Message}");
        }
    }
}

// tuza heap: reads a snapshot and answers questions about it.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Inspect;

namespace Tuza.Cli;

static class HeapCommand
{
    const string Usage = "usage: tuza heap FILE top | sites | type NAME | why ADDRESS | retained | waste | dups | diff OLDER | leaks | goroutines | spans  [-n ROWS] [-json]";

    public static int Run(List<string> args)
    {
        int rows = 20;
        bool json = false;
        Flags flags = new Flags("heap").Number("n", n => rows = n, "rows at the most").Bool("json", b => json = b, "for programs");
        // Flags may stand anywhere: people add them to the end of the last command.
        List<string> words = [], left = args;
        while ((left = flags.Parse(left)).Count > 0)
        {
            words.Add(left[0]);
            left = left[1..];
        }
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
            case "dups": table = views.Duplicates(words[0], rows); break;
            case "diff": table = views.Since(Read(Word(words, 2)), rows); break;
            case "goroutines": table = views.Goroutines(); break;
            case "leaks":
                List<Leak> leaks = LeakFinder.Find(snapshot);
                table = json ? LeakReport.Table(leaks) : null;
                text = LeakReport.Text(leaks, "");
                break;
            case "spans": table = views.Spans(); break;
            case "why":
                ulong address = Address(Word(words, 2));
                text = views.Why(address) ?? throw new ExitException(1, $"tuza: heap: no object at 0x{address:x} in {words[0]}");
                break;
            default:
                throw new UsageException($"tuza heap: unknown view {words[1]}\n{Usage}");
        }
        Driver.Write(Console.Out, table == null ? text : json ? table.ToJson() : table.ToText());
        return 0;
    }

    static string Word(List<string> words, int i) => i < words.Count ? words[i] : throw new UsageException(Usage);

    static ulong Address(string text)
    {
        string digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong a) ? a : throw new UsageException($"tuza heap: {text} is not an address\n{Usage}");
    }

    static Snapshot Read(string path)
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

// tuza explain: runs a program under several ways to manage memory, and puts side by side what each cost.
//
// Every run is a process of its own (`tuza run` with the choice), so that no run sees another's heap. The answers are compared: a choice that changes
// what a program prints is a mistake of ours. Go's allocator does not know what was asked for, only what it gave: its internal fragmentation comes from
// a second, slow run that adds that up.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using Tuza.Inspect;
using Tuza.Memory;

namespace Tuza.Cli;

static class ExplainCommand
{
    const string Usage = "usage: tuza explain alloc|gc [-alloc list] [-gc list] [-barrier list] [-runs n] [-json] package [arguments]";

    sealed record Choice(string Alloc, string Gc, string Barrier);

    /// <summary>What one run said of itself, and what the program printed.</summary>
    sealed record Outcome(int Code, string Output, string Errors, Dictionary<string, long> Facts)
    {
        public long this[string fact] => Facts.GetValueOrDefault(fact);
    }

    public static int Run(List<string> args)
    {
        List<string> allocs = [], collectors = [], barriers = [];
        bool json = false;
        int runs = 1;
        Flags flags = new Flags("explain")
            .Text("alloc", t => allocs = List("alloc", MemoryFlags.Policies, t), "allocators, with commas")
            .Text("gc", t => collectors = List("gc", MemoryFlags.Collectors, t), "modes of the collector, with commas")
            .Text("barrier", t => barriers = List("barrier", MemoryFlags.Barriers, t), "write barriers, with commas")
            .Number("runs", n => runs = Math.Max(1, n), "runs of each; the fastest counts")
            .Bool("json", b => json = b, "for programs");
        if (args.Count == 0 || args[0] is not ("alloc" or "gc"))
            throw new UsageException(Usage);
        List<string> program = flags.Parse(args[1..]);
        if (program.Count == 0)
            throw new UsageException(Usage);

        List<Choice> choices = [];
        if (allocs.Count + collectors.Count + barriers.Count == 0)
            choices = args[0] == "alloc" ? [.. EveryAllocator()] : EveryCollector();
        foreach (string a in allocs.Count == 0 ? ["go"] : allocs)
        {
            foreach (string g in collectors.Count == 0 ? ["concurrent"] : collectors)
            {
                foreach (string b in barriers.Count == 0 ? ["deletion"] : barriers)
                {
                    if (allocs.Count + collectors.Count + barriers.Count != 0)
                        choices.Add(new Choice(a, g, b));
                }
            }
        }
        return Compare(args[0], choices, program, runs, json);
    }

    static List<string> List<T>(string flag, Dictionary<string, T> known, string text)
    {
        List<string> names = [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        foreach (string name in names)
            _ = MemoryFlags.Choice(flag, known, name);
        return names;
    }

    static IEnumerable<Choice> EveryAllocator()
    {
        foreach (string name in MemoryFlags.Policies.Keys)
            yield return new Choice(name, "concurrent", "deletion");
    }

    static List<Choice> EveryCollector()
    {
        List<Choice> choices = [];
        foreach (string gc in (string[])["concurrent", "incremental"])
        {
            foreach (string barrier in MemoryFlags.Barriers.Keys)
                choices.Add(new Choice("go", gc, barrier));
        }
        choices.Add(new Choice("go", "stw", "deletion"));
        return choices;
    }

    static int Compare(string subject, List<Choice> choices, List<string> program, int runs, bool json)
    {
        ReportTable table = new("explain." + subject, ("alloc", ColumnKind.Words), ("gc", ColumnKind.Words), ("barrier", ColumnKind.Words), ("time", ColumnKind.Nanos),
            ("cycles", ColumnKind.Count), ("pauses", ColumnKind.Nanos), ("longest", ColumnKind.Nanos), ("internal", ColumnKind.Percent), ("external", ColumnKind.Percent),
            ("peak heap", ColumnKind.Bytes), ("peak resident", ColumnKind.Bytes), ("looks/object", ColumnKind.Ratio), ("answer", ColumnKind.Words));
        string? expected = null;
        double goInternal = -1;
        bool bad = false;
        foreach (Choice choice in choices)
        {
            Outcome best = One(choice, program, measure: false);
            for (int i = 1; i < runs && best.Code == 0; i++)
            {
                Outcome next = One(choice, program, measure: false);
                if (next.Code != 0 || next["nanos"] < best["nanos"])
                    best = next;
            }
            if (best.Facts.Count == 0)
            {
                // Not even the first run came to its end: the program, or what it is made of, is at fault.
                Driver.Write(Console.Error, best.Errors);
                if (expected == null)
                    return best.Code == 0 ? 1 : best.Code;
                bad = true;
                continue;
            }
            expected ??= best.Output;
            bool same = best.Output == expected;
            bad |= !same;
            double inside = Part(best["placed"] - best["requested"], best["placed"]);
            if (MemoryFlags.Policies[choice.Alloc] == AllocPolicy.Go)
            {
                if (goInternal < 0)
                {
                    Outcome slow = One(choice, program, measure: true);
                    goInternal = Part(slow["placed"] - slow["requested"], slow["placed"]);
                }
                inside = goInternal;
            }
            table.Add(choice.Alloc, choice.Gc, choice.Gc == "stw" ? "none" : choice.Barrier, best["nanos"], best["cycles"], best["pauseTotal"], best["pauseLongest"], inside,
                Part(best["held"] - best["used"], best["held"]), best["held"], best["resident"], best["objects"] == 0 ? 0.0 : (double)best["steps"] / best["objects"],
                !same ? "DIFFERS" : best.Code == 0 ? "same" : string.Create(CultureInfo.InvariantCulture, $"same, exit code {best.Code}"));
        }
        Driver.Write(Console.Out, json ? table.ToJson() : table.ToText(Terminal.Out));
        return bad ? 1 : 0;
    }

    static double Part(long part, long whole) => whole <= 0 ? 0 : 100.0 * part / whole;

    static Outcome One(Choice choice, List<string> program, bool measure)
    {
        string report = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1 };
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
                start.ArgumentList.Add(typeof(ExplainCommand).Assembly.Location);
            foreach (string a in (string[])["run", "-alloc=" + choice.Alloc, "-gc=" + choice.Gc, "-barrier=" + choice.Barrier, "-memory-report=" + report])
                start.ArgumentList.Add(a);
            if (measure)
                start.ArgumentList.Add("-memory-measure");
            foreach (string a in program)
                start.ArgumentList.Add(a);
            using Process p = Process.Start(start)!;
            Task<string> errors = p.StandardError.ReadToEndAsync();
            string output = p.StandardOutput.ReadToEnd();
            p.WaitForExit();
            Dictionary<string, long> facts = [];
            foreach (string line in File.ReadAllLines(report))
            {
                int blank = line.IndexOf(' ');
                if (blank > 0 && long.TryParse(line.AsSpan(blank + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
                    facts[line[..blank]] = value;
            }
            return new Outcome(p.ExitCode, output, errors.Result, facts);
        }
        finally
        {
            File.Delete(report);
        }
    }
}

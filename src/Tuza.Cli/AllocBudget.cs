// `tuza test -allocbudget FILE`: how much benchmarks may allocate.
//
// A line of the file: a benchmark, allocations an operation, and, if wanted, bytes an operation. The name may have the package before it, and sub-benchmarks have
// theirs behind a slash. What stands behind # is a remark.
//
//   BenchmarkEncode                          2  128
//   example.com/app/store.BenchmarkPut/large  0
//
// The counts are those that package testing prints: whole numbers an operation, the same in every run of a program that does the same.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

namespace Tuza.Cli;

sealed class AllocBudget
{
    sealed class Line(string where, string package, string benchmark, long allocs, long bytes)
    {
        public string Where => where;
        public string Package => package;
        public string Benchmark => benchmark;
        public long Allocs => allocs;
        public long Bytes => bytes;
        public bool Met { get; set; }
    }

    readonly List<Line> _lines = [];

    public static AllocBudget Read(string file)
    {
        try
        {
            return Parse(file, File.ReadAllLines(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExitException(1, $"tuza: {file}: {e.Message}");
        }
    }

    internal static AllocBudget Parse(string file, string[] lines)
    {
        AllocBudget b = new();
        for (int i = 0; i < lines.Length; i++)
        {
            int remark = lines[i].IndexOf('#', StringComparison.Ordinal);
            string[] words = (remark < 0 ? lines[i] : lines[i][..remark]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                continue;
            long bytes = long.MaxValue;
            if (words.Length > 3 || words.Length < 2 || !Count(words[1], out long allocs) || words.Length == 3 && !Count(words[2], out bytes))
                throw new ExitException(1, $"tuza: {file}:{i + 1}: a budget is a benchmark, allocations an operation, and perhaps bytes an operation");
            int start = words[0].StartsWith("Benchmark", StringComparison.Ordinal) ? 0 : words[0].IndexOf(".Benchmark", StringComparison.Ordinal) + 1;
            if (start == 0 && words[0][0] != 'B')
                throw new ExitException(1, $"tuza: {file}:{i + 1}: {words[0]} is no benchmark: BenchmarkName or import/path.BenchmarkName");
            b._lines.Add(new Line($"{file}:{i + 1}", start == 0 ? "" : words[0][..(start - 1)], words[0][start..], allocs, bytes));
        }
        return b;
    }

    static bool Count(string word, out long n) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out n);

    /// <summary>What makes package testing run these benchmarks; given: flags that stand already, which win.</summary>
    public List<string> TestFlags(List<string> given)
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (Line l in _lines)
            names.Add(Regex.Escape(l.Benchmark.Split('/')[0]));
        List<string> flags = ["-test.benchmem=true"];
        if (!given.Exists(static a => a.StartsWith("-test.bench=", StringComparison.Ordinal)))
            flags.Add($"-test.bench=^({string.Join('|', names)})$");
        if (!given.Exists(static a => a.StartsWith("-test.benchtime=", StringComparison.Ordinal)))
            flags.Add("-test.benchtime=100x");
        return flags;
    }

    /// <summary>What benchmarks of a package allocated too much, a line each; "" for nothing.</summary>
    public string Check(string package, string output)
    {
        StringBuilder b = new();
        foreach (string text in output.Split('\n'))
        {
            // BenchmarkName-8  100  1234 ns/op  16 B/op  1 allocs/op
            string[] parts = text.Split('\t', StringSplitOptions.TrimEntries);
            if (!parts[0].StartsWith("Benchmark", StringComparison.Ordinal) || Of(parts, " allocs/op") is not { } allocs || Of(parts, " B/op") is not { } bytes)
                continue;
            string name = Regex.Replace(parts[0], "-[0-9]+$", "");
            foreach (Line l in _lines)
            {
                if (l.Benchmark != name && l.Benchmark != parts[0] || l.Package != "" && l.Package != package)
                    continue;
                l.Met = true;
                if (allocs > l.Allocs)
                    b.Append(CultureInfo.InvariantCulture, $"{l.Where}: {name}: {allocs} allocs/op, the budget is {l.Allocs}\n");
                if (bytes > l.Bytes)
                    b.Append(CultureInfo.InvariantCulture, $"{l.Where}: {name}: {bytes} B/op, the budget is {l.Bytes}\n");
            }
        }
        return b.ToString();
    }

    static long? Of(string[] parts, string unit)
    {
        string? part = Array.Find(parts, p => p.EndsWith(unit, StringComparison.Ordinal));
        return part != null && Count(part[..^unit.Length].Trim(), out long n) ? n : null;
    }

    /// <summary>Lines for which no benchmark ran.</summary>
    public List<string> Unmet()
    {
        List<string> list = [];
        foreach (Line l in _lines)
        {
            if (!l.Met)
                list.Add($"{l.Where}: {l.Benchmark}: no such benchmark ran");
        }
        return list;
    }
}

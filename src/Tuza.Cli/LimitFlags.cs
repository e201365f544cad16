// The flags of `tuza run` that say how far a program may go: -mem, -time, -goroutines; and what is said when it goes farther.

using System;
using System.Globalization;
using System.Text;
using Tuza.Inspect;
using Tuza.Runtime;

namespace Tuza.Cli;

sealed class LimitFlags
{
    const int MostHolders = 3;

    string _memory = "", _time = "";
    int _goroutines;

    public bool Any => _memory != "" || _time != "" || _goroutines > 0;

    public Flags Register(Flags flags) => flags
        .Text("mem", t => _memory = t, "end the program, exit code 4, when its live objects and stacks take more, as 512MiB")
        .Text("time", t => _time = t, "end it after this time, as 30s")
        .Number("goroutines", n => _goroutines = n, "end it when it has more goroutines at one time");

    public RunLimits? Plan()
    {
        if (_goroutines < 0)
            throw Wrong("goroutines", _goroutines.ToString(CultureInfo.InvariantCulture), "a number");
        return !Any ? null : new RunLimits
        {
            Memory = _memory == "" ? 0 : Bytes(_memory) ?? throw Wrong("mem", _memory, "a size like 512MiB"),
            Time = _time == "" ? null : SnapshotFlags.Duration(_time) ?? throw Wrong("time", _time, "a time like 30s"),
            Goroutines = _goroutines,
            Describe = Describe,
        };
    }

    static UsageException Wrong(string flag, string text, string form) => new($"invalid value \"{text}\" for flag -{flag}: {form}\nRun 'tuza help run' for details.");

    /// <summary>A size with the units of GOMEMLIMIT, or in bytes; null for anything else.</summary>
    internal static long? Bytes(string text)
    {
        (string Suffix, long Unit)[] units = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("B", 1), ("", 1)];
        foreach ((string suffix, long unit) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
                return long.TryParse(text[..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n > 0 && n <= long.MaxValue / unit ? n * unit : null;
        }
        return null;
    }

    string Describe(LimitReached r)
    {
        string has = $"heap {Units.Bytes(r.Heap)}, stacks {Units.Bytes(r.Stacks)}";
        StringBuilder b = new("fatal error: ");
        b.Append(r.Kind switch
        {
            LimitKind.Memory => $"out of memory: limit {Units.Bytes(Bytes(_memory)!.Value)} (tuza run -mem), {has}",
            LimitKind.Time => $"out of time: limit {_time} (tuza run -time), {r.Goroutines} goroutine{(r.Goroutines == 1 ? "" : "s")}, {has}",
            _ => $"too many goroutines: limit {_goroutines} (tuza run -goroutines), {r.Goroutines} goroutines, {has}",
        });
        b.Append('\n');
        if (r.Snapshot == "")
            return b.Append("(the program came to no safe point: who holds what is not known)\n").ToString();
        try
        {
            Snapshot s = SnapshotReader.Read(r.Snapshot);
            foreach (string line in r.Kind == LimitKind.Goroutines ? Largest.Goroutines(s, MostHolders) : Largest.Holders(s, MostHolders))
                b.Append(line).Append('\n');
        }
        catch (SnapshotException e)
        {
            b.Append("(who holds what is not known: ").Append(e.Message).Append(")\n");
        }
        return b.ToString();
    }
}

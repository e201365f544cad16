// A table of a report: rows of numbers and words, rendered as text for people and as JSON for programs. One description, both forms.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tuza.Inspect;

/// <summary>What a column holds: bytes are shown with a unit, counts as they are, times are nanoseconds, ratios have two digits, words are left-aligned.</summary>
public enum ColumnKind { Bytes, Count, Percent, Address, Words, Nanos, Ratio }

public sealed class ReportTable(string kind, params (string Name, ColumnKind Kind)[] columns)
{
    readonly List<object[]> _rows = [];

    /// <summary>The word for this table in JSON.</summary>
    public string Kind { get; } = kind;

    /// <summary>Lines before and after the rows.</summary>
    public List<string> Head { get; } = [];
    public List<string> Tail { get; } = [];

    public int RowCount => _rows.Count;

    /// <summary>Values in the columns' order: long, ulong (addresses), double (percent), string.</summary>
    public void Add(params object[] row) => _rows.Add(row);

    public string ToText(Paint paint = default)
    {
        StringBuilder b = new();
        foreach (string line in Head)
            b.Append(line).Append('\n');
        string[][] cells = new string[_rows.Count][];
        int[] width = new int[columns.Length];
        for (int c = 0; c < columns.Length; c++)
            width[c] = columns[c].Name.Length;
        for (int r = 0; r < cells.Length; r++)
        {
            cells[r] = new string[columns.Length];
            for (int c = 0; c < columns.Length; c++)
            {
                cells[r][c] = Cell(columns[c].Kind, _rows[r][c]);
                width[c] = Math.Max(width[c], cells[r][c].Length);
            }
        }
        if (cells.Length > 0)
            Line(b, width, Array.ConvertAll(columns, static c => c.Name), paint.Head);
        foreach (string[] row in cells)
            Line(b, width, row);
        foreach (string line in Tail)
            b.Append(line).Append('\n');
        return b.ToString();
    }

    void Line(StringBuilder b, int[] width, string[] cells, Func<string, string>? paint = null)
    {
        int start = b.Length;
        for (int c = 0; c < cells.Length; c++)
        {
            if (c > 0)
                b.Append("  ");
            b.Append(columns[c].Kind == ColumnKind.Words ? cells[c].PadRight(width[c]) : cells[c].PadLeft(width[c]));
        }
        while (b.Length > start && b[^1] == ' ')
            b.Length--;
        if (paint != null)
        {
            string line = b.ToString(start, b.Length - start);
            b.Length = start;
            b.Append(paint(line));
        }
        b.Append('\n');
    }

    static string Cell(ColumnKind kind, object value) => kind switch
    {
        ColumnKind.Bytes => Units.Bytes((long)value),
        ColumnKind.Count => value is double d ? d.ToString("0.###", CultureInfo.InvariantCulture) : ((long)value).ToString(CultureInfo.InvariantCulture),
        ColumnKind.Percent => ((double)value).ToString("0.0", CultureInfo.InvariantCulture) + "%",
        ColumnKind.Nanos => ((long)value / 1e6).ToString((long)value >= 100_000_000 ? "0" : (long)value >= 1_000_000 ? "0.0" : "0.000", CultureInfo.InvariantCulture) + " ms",
        ColumnKind.Ratio => ((double)value).ToString("0.00", CultureInfo.InvariantCulture),
        ColumnKind.Address => "0x" + ((ulong)value).ToString("x", CultureInfo.InvariantCulture),
        _ => Units.Printable((string)value),
    };

    /// <summary>{"v":1,"kind":…,"rows":[{…}]}; bytes and counts are numbers, addresses strings. stream: a row a line, each with v and kind.</summary>
    public string ToJson(bool stream = false)
    {
        using System.IO.MemoryStream text = new();
        if (stream)
        {
            foreach (object[] row in _rows)
            {
                using (Utf8JsonWriter w = new(text))
                    WriteRow(w, row, alone: true);
                text.WriteByte((byte)'\n');
            }
            return Encoding.UTF8.GetString(text.ToArray());
        }
        using (Utf8JsonWriter w = new(text))
        {
            w.WriteStartObject();
            w.WriteNumber("v", 1);
            w.WriteString("kind", Kind);
            w.WriteStartArray("rows");
            foreach (object[] row in _rows)
                WriteRow(w, row, alone: false);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    void WriteRow(Utf8JsonWriter w, object[] row, bool alone)
    {
        w.WriteStartObject();
        if (alone)
        {
            w.WriteNumber("v", 1);
            w.WriteString("kind", Kind);
        }
        for (int c = 0; c < columns.Length; c++)
        {
            switch (row[c])
            {
                case long n: w.WriteNumber(columns[c].Name, n); break;
                case double d: w.WriteNumber(columns[c].Name, Math.Round(d, 3)); break;
                case ulong a: w.WriteString(columns[c].Name, "0x" + a.ToString("x", CultureInfo.InvariantCulture)); break;
                default: w.WriteString(columns[c].Name, (string)row[c]); break;
            }
        }
        w.WriteEndObject();
    }

    /// <summary>"heap.types: bytes number, share number, …": what a row has.</summary>
    public string Schema() =>
        Kind + ": " + string.Join(", ", Array.ConvertAll(columns, static c => $"\"{c.Name}\" {(c.Kind is ColumnKind.Words ? "text" : c.Kind is ColumnKind.Address ? "address" : "number")}"));
}

/// <summary>How numbers and names are shown.</summary>
public static class Units
{
    public static string Bytes(long n)
    {
        double d = n;
        foreach (string unit in (string[])["B", "KiB", "MiB", "GiB"])
        {
            if (Math.Abs(d) < 1024 || unit == "GiB")
                return unit == "B" ? $"{n} B" : d.ToString("0.0", CultureInfo.InvariantCulture) + " " + unit;
            d /= 1024;
        }
        return "";
    }

    /// <summary>Names come from the program: control characters must not reach a terminal.</summary>
    public static string Printable(string s)
    {
        StringBuilder? b = null;
        for (int i = 0; i < s.Length; i++)
        {
            bool bad = char.IsControl(s[i]) || char.GetUnicodeCategory(s[i]) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            if (bad)
                (b ??= new StringBuilder(s, 0, i, s.Length + 8)).Append(CultureInfo.InvariantCulture, $"\\u{(int)s[i]:x4}");
            else
                b?.Append(s[i]);
        }
        return b?.ToString() ?? s;
    }
}

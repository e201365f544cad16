// A snapshot's objects one a line, for databases and spreadsheets: NDJSON or CSV, the same columns in both.

using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Tuza.Inspect;

public static class RowExport
{
    static readonly string[] s_columns = ["address", "bytes", "retained", "type", "site", "references", "flags"];

    public static void Write(Snapshot s, Stream to, bool json)
    {
        HeapGraph graph = HeapGraph.Of(s);
        Dominators tree = Dominators.Of(graph);
        using StreamWriter w = new(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = json ? "\n" : "\r\n" };
        if (!json)
            w.WriteLine(string.Join(',', s_columns));
        for (int i = 0; i < s.ObjectCount; i++)
        {
            string address = "0x" + s.Address[i].ToString("x", CultureInfo.InvariantCulture);
            long retained = tree.Retained[graph.FirstObject + i];
            int references = s.EdgeStart[i + 1] - s.EdgeStart[i];
            string type = s.TypeName(i), site = s.Site(i), flags = s.Flags[i].ToString();
            w.WriteLine(json
                ? FormattableString.Invariant($"{{\"v\":1,\"kind\":\"object\",\"address\":\"{address}\",\"bytes\":{s.Bytes[i]},\"retained\":{retained},\"type\":{Json(type)},\"site\":{Json(site)},\"references\":{references},\"flags\":{Json(flags)}}}")
                : FormattableString.Invariant($"{address},{s.Bytes[i]},{retained},{Csv(type)},{Csv(site)},{references},{Csv(flags)}"));
        }
    }

    static string Json(string s) => JsonSerializer.Serialize(s, ExportJson.Default.String);

    /// <summary>In quotes where needed. What spreadsheets would take for a formula gets an apostrophe.</summary>
    static string Csv(string s)
    {
        s = Units.Printable(s);
        if (s != "" && s[0] is '=' or '+' or '-' or '@')
            s = "'" + s;
        return s.AsSpan().IndexOfAny(',', '"') >= 0 ? "\"" + s.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : s;
    }
}

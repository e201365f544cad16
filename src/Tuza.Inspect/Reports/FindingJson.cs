// Findings as JSON in the shape of go vet -json: package → analyzer → list of posn, end, message, suggested fixes, related places.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tuza.Syntax;

namespace Tuza.Inspect;

/// <summary>Writes the JSON form.</summary>
public static class FindingJson
{
    public static string Write(IReadOnlyList<(string Package, IReadOnlyList<Finding> Findings)> packages)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            w.WriteStartObject();
            foreach ((string package, IReadOnlyList<Finding> findings) in packages)
            {
                if (findings.Count == 0)
                    continue;
                w.WriteStartObject(package);
                SortedDictionary<string, List<Finding>> byRule = new(StringComparer.Ordinal);
                foreach (Finding f in findings)
                {
                    if (!byRule.TryGetValue(f.Category, out List<Finding>? list))
                        byRule[f.Category] = list = [];
                    list.Add(f);
                }
                foreach ((string category, List<Finding> list) in byRule)
                {
                    w.WriteStartArray(category);
                    foreach (Finding f in list)
                        One(w, f);
                    w.WriteEndArray();
                }
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static void One(Utf8JsonWriter w, Finding f)
    {
        w.WriteStartObject();
        w.WriteString("posn", Posn(f.Pos));
        w.WriteString("end", Posn(f.End));
        w.WriteString("message", f.Message);
        w.WriteString("rule", f.Rule);
        w.WriteString("severity", f.Severity == Severity.Note ? "note" : "warning");
        if (f.Advice != null)
            w.WriteString("advice", f.Advice);
        if (f.Fix is { } fix)
        {
            w.WriteStartArray("suggested_fixes");
            w.WriteStartObject();
            w.WriteString("message", fix.Message);
            w.WriteStartArray("edits");
            foreach (TextEdit e in fix.Edits)
            {
                w.WriteStartObject();
                w.WriteString("filename", e.File.Path);
                w.WriteNumber("start", e.Start);
                w.WriteNumber("end", e.End);
                w.WriteString("new", e.NewText);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteEndArray();
        }
        if (f.Related.Count > 0)
        {
            w.WriteStartArray("related");
            foreach (Related r in f.Related)
            {
                w.WriteStartObject();
                w.WriteString("posn", Posn(r.Pos));
                w.WriteString("message", r.Message);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    /// <summary>The full path, as go vet -json gives it.</summary>
    static string Posn(Pos pos) => pos.File is { } file ? $"{file.Path}:{pos.Line}:{pos.Column}" : "";
}

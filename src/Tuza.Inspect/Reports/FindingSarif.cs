// Findings as SARIF 2.1.0, for code hosts and editors. Paths are relative to the working folder; columns count UTF-16 units, as SARIF wants it.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tuza.Syntax;

namespace Tuza.Inspect;

/// <summary>Writes SARIF logs.</summary>
public static class FindingSarif
{
    public static string Write(IReadOnlyList<Finding> findings, IReadOnlyList<(string Rule, string Category, string Help)> rules, string version, string workDir) => Log(rules, version, w =>
    {
        foreach (Finding f in findings)
            Result(w, f, rules, workDir);
    });

    /// <summary>Leaks of a run: their families are the rules.</summary>
    public static string Write(IReadOnlyList<Leak> leaks, string version, string workDir)
    {
        List<(string Rule, string Category, string Help)> rules = [];
        foreach (Leak l in leaks)
        {
            if (!rules.Exists(r => r.Rule == l.Family))
                rules.Add((l.Family, l.Family, l.Fix));
        }
        return Log(rules, version, w =>
        {
            foreach (Leak l in leaks)
                Result(w, l, rules.FindIndex(r => r.Rule == l.Family), workDir);
        });
    }

    static string Log(IReadOnlyList<(string Rule, string Category, string Help)> rules, string version, Action<Utf8JsonWriter> results)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            w.WriteStartObject();
            w.WriteString("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
            w.WriteString("version", "2.1.0");
            w.WriteStartArray("runs");
            w.WriteStartObject();
            w.WriteStartObject("tool");
            w.WriteStartObject("driver");
            w.WriteString("name", "tuza");
            w.WriteString("version", version);
            w.WriteStartArray("rules");
            foreach ((string rule, string category, string help) in rules)
            {
                w.WriteStartObject();
                w.WriteString("id", rule);
                if (category != rule)
                    w.WriteString("name", category);
                Message(w, "shortDescription", help);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteString("columnKind", "utf16CodeUnits");
            w.WriteStartArray("results");
            results(w);
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static void Message(Utf8JsonWriter w, string name, string text)
    {
        w.WriteStartObject(name);
        w.WriteString("text", text);
        w.WriteEndObject();
    }

    static void Result(Utf8JsonWriter w, Leak l, int rule, string workDir)
    {
        w.WriteStartObject();
        w.WriteString("ruleId", l.Family);
        w.WriteNumber("ruleIndex", rule);
        w.WriteString("level", "warning");
        Message(w, "message", $"{Units.Printable(l.Text)}, {Units.Bytes(l.Bytes)} held for nothing{(l.Holder == "" ? "" : ", kept by " + Units.Printable(l.Holder))}. Mend: {l.Fix}");
        if (l.At.Function != null && l.At.File != "")
        {
            w.WriteStartArray("locations");
            w.WriteStartObject();
            w.WriteStartObject("physicalLocation");
            Artifact(w, l.At.File, workDir);
            w.WriteStartObject("region");
            w.WriteNumber("startLine", Math.Max(l.At.Line, 1));
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndArray();
        }
        w.WriteStartObject("properties");
        w.WriteNumber("bytes", l.Bytes);
        w.WriteNumber("count", l.Count);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    static void Result(Utf8JsonWriter w, Finding f, IReadOnlyList<(string Rule, string Category, string Help)> rules, string workDir)
    {
        w.WriteStartObject();
        w.WriteString("ruleId", f.Rule);
        for (int i = 0; i < rules.Count; i++)
        {
            if (rules[i].Rule == f.Rule)
                w.WriteNumber("ruleIndex", i);
        }
        w.WriteString("level", f.Severity == Severity.Note ? "note" : "warning");
        Message(w, "message", f.Message + (f.Fix?.Message ?? f.Advice) switch { null => "", string advice => ". Fix: " + advice });
        w.WriteStartArray("locations");
        Location(w, f.Pos, f.End, null, workDir);
        w.WriteEndArray();
        if (f.Related.Count > 0)
        {
            w.WriteStartArray("relatedLocations");
            foreach (Related r in f.Related)
                Location(w, r.Pos, r.Pos, r.Message, workDir);
            w.WriteEndArray();
        }
        if (f.Fix is { } fix)
            Fixes(w, fix, workDir);
        w.WriteEndObject();
    }

    static void Location(Utf8JsonWriter w, Pos pos, Pos end, string? message, string workDir)
    {
        w.WriteStartObject();
        w.WriteStartObject("physicalLocation");
        Artifact(w, pos.File?.Path ?? "", workDir);
        w.WriteStartObject("region");
        w.WriteNumber("startLine", Math.Max(pos.Line, 1));
        w.WriteNumber("startColumn", Column(pos));
        if (end > pos && end.FileId == pos.FileId)
        {
            w.WriteNumber("endLine", end.Line);
            w.WriteNumber("endColumn", Column(end));
        }
        w.WriteEndObject();
        w.WriteEndObject();
        if (message != null)
            Message(w, "message", message);
        w.WriteEndObject();
    }

    static void Artifact(Utf8JsonWriter w, string path, string workDir)
    {
        w.WriteStartObject("artifactLocation");
        string relative = Path.IsPathRooted(path) ? Path.GetRelativePath(workDir, path) : path;
        w.WriteString("uri", relative.StartsWith("..", StringComparison.Ordinal) && Path.IsPathRooted(path) ? new Uri(path).AbsoluteUri : Uri.EscapeDataString(relative).Replace("%2F", "/", StringComparison.Ordinal));
        w.WriteEndObject();
    }

    static int Column(Pos pos)
    {
        if (pos.File is not { } file || pos.Column <= 1)
            return 1;
        int at = 0;
        for (int line = 1; line < pos.Line && at < file.Text.Length; at++)
            line += file.Text[at] == '\n' ? 1 : 0;
        int length = Math.Min(pos.Column - 1, file.Text.Length - at);
        return Encoding.UTF8.GetCharCount(file.Text, at, Math.Max(length, 0)) + 1;
    }

    static void Fixes(Utf8JsonWriter w, Fix fix, string workDir)
    {
        w.WriteStartArray("fixes");
        w.WriteStartObject();
        Message(w, "description", fix.Message);
        w.WriteStartArray("artifactChanges");
        List<SourceFile> files = [];
        foreach (TextEdit e in fix.Edits)
        {
            if (!files.Contains(e.File))
                files.Add(e.File);
        }
        foreach (SourceFile file in files)
        {
            w.WriteStartObject();
            Artifact(w, file.Path, workDir);
            w.WriteStartArray("replacements");
            foreach (TextEdit e in fix.Edits)
            {
                if (e.File != file)
                    continue;
                w.WriteStartObject();
                w.WriteStartObject("deletedRegion");
                w.WriteNumber("byteOffset", e.Start);
                w.WriteNumber("byteLength", e.End - e.Start);
                w.WriteEndObject();
                Message(w, "insertedContent", e.NewText);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        w.WriteEndArray();
        w.WriteEndObject();
        w.WriteEndArray();
    }
}

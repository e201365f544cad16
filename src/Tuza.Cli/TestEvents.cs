// The event stream of `tuza test -json`: the lines that package testing prints with -test.v=test2json, as JSON objects.
//
// Lines that begin with a control character (0x16) are framing: `=== RUN`, `--- PASS:` and so on name the test that the output after them
// belongs to. All lines are passed on as output events too.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;

namespace Tuza.Cli;

sealed class TestEvents(string package)
{
    const char Marker = '\x16';

    static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    string _test = "";

    void Emit(string action, string? test = null, string? output = null, double? elapsed = null, bool frame = false)
    {
        Dictionary<string, object> e = new() { ["Time"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture), ["Action"] = action, ["Package"] = package };
        if (!string.IsNullOrEmpty(test))
            e["Test"] = test;
        if (elapsed != null)
            e["Elapsed"] = Math.Round(elapsed.Value, 3);
        if (output != null)
            e["Output"] = output;
        if (frame)
            e["OutputType"] = "frame";
        Console.Out.WriteLine(JsonSerializer.Serialize(e, s_json));
    }

    public void Start() => Emit("start");

    public void Output(string text) => Emit("output", null, text);

    public void End(string action, double seconds) => Emit(action, elapsed: seconds);

    public void Line(string line)
    {
        int at = line.IndexOf(Marker);
        if (at > 0)
        {
            Emit("output", _test, line[..at]);
            line = line[at..];
        }
        bool framed = line.StartsWith(Marker);
        string text = framed ? line[1..] : line;
        if (framed && text.StartsWith("=== ", StringComparison.Ordinal))
        {
            string[] words = text[4..].Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            string name = words.Length > 1 ? words[1].Trim() : "";
            _test = name;
            string? action = words[0] switch { "RUN" => "run", "PAUSE" => "pause", "CONT" => "cont", _ => null };
            // A pause is announced behind its line, the others before.
            if (action is not (null or "pause"))
                Emit(action, name);
            if (words[0] != "NAME")
                Emit("output", name, text + "\n", frame: true);
            if (action == "pause")
                Emit(action, name);
            return;
        }
        string trimmed = text.TrimStart(' ');
        if (framed && trimmed.StartsWith("--- ", StringComparison.Ordinal) && Result(trimmed) is { } result)
        {
            _test = result.Name;
            Emit("output", result.Name, text + "\n", frame: true);
            Emit(result.Action, result.Name, elapsed: result.Seconds);
            return;
        }
        bool verdict = text is "PASS" or "FAIL";
        if (verdict)
            _test = "";
        Emit("output", _test, text + "\n", frame: verdict);
    }

    /// <summary>`--- PASS: TestX (0.01s)`.</summary>
    static (string Action, string Name, double Seconds)? Result(string line)
    {
        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        int open = line.LastIndexOf(" (", StringComparison.Ordinal);
        if (colon < 0 || open < colon || !line.EndsWith("s)", StringComparison.Ordinal))
            return null;
        string? action = line[4..colon] switch { "PASS" => "pass", "FAIL" => "fail", "SKIP" => "skip", "BENCH" => "bench", _ => null };
        return action != null && double.TryParse(line.AsSpan(open + 2, line.Length - open - 4), CultureInfo.InvariantCulture, out double seconds)
            ? (action, line[(colon + 2)..open], seconds) : null;
    }
}

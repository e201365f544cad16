// The language server's protocol: which message does what.
//
// Opening or saving a file analyses its folder and publishes diagnostics of all its files: errors of the compiler, findings of vet (warnings, with the proof as related
// information), what goes to the heap (hints, with the way). Hovers show layouts and escapes, code actions are vet's fixes. All of it speaks of the text on the disk: of a file
// that was changed since, positions may be off and edits would be wrong, so it gets neither hovers nor actions until it is saved.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;

namespace Tuza.Cli;

sealed class LspServer(LspConnection connection)
{
    const int ParseError = -32700, InvalidRequest = -32600, MethodNotFound = -32601, InvalidParams = -32602, InternalError = -32603, NotInitialized = -32002;
    const int Warning = 2;

    readonly Dictionary<string, LspAnalysis> _folders = new(StringComparer.Ordinal);
    readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    bool _initialized, _shutDown;

    /// <summary>Serves until the client says exit or is gone; the exit code.</summary>
    public int Run()
    {
        while (connection.Read() is { } message)
        {
            if (message.Body is not { } body)
            {
                connection.Refuse(null, ParseError, "not a JSON object");
                continue;
            }
            JsonNode? id = body["id"];
            if (Text(body["method"]) is not { } method)
            {
                if (body["result"] == null && body["error"] == null)
                    connection.Refuse(id, InvalidRequest, "no method");
                continue;
            }
            if (method == "exit")
                return _shutDown ? 0 : 1;
            try
            {
                if (id == null)
                    Notified(method, body["params"] as JsonObject ?? []);
                else
                    Asked(id, method, body["params"] as JsonObject ?? []);
            }
            catch (Exception e)
            {
                InternalErrors.Report(["lsp", method], e);
                Log($"tuza: internal error: {e.Message}");
                if (id != null)
                    connection.Refuse(id, InternalError, e.Message);
            }
        }
        return _shutDown ? 0 : 1;
    }

    void Log(string text) => connection.Notify("window/logMessage", new JsonObject { ["type"] = Warning, ["message"] = text });

    static string? Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? s) ? s : null;

    static int? Number(JsonNode? node) => node is JsonValue v && v.TryGetValue(out int n) ? n : null;

    /// <summary>The path of a message's document; null for others than files.</summary>
    static string? Document(JsonObject parameters) =>
        Text((parameters["textDocument"] as JsonObject)?["uri"]) is { } text && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.IsFile ? uri.LocalPath : null;

    void Notified(string method, JsonObject parameters)
    {
        if (!_initialized || Document(parameters) is not { } file || !file.EndsWith(".go", StringComparison.Ordinal))
            return;
        switch (method)
        {
            case "textDocument/didOpen" or "textDocument/didSave":
                _changed.Remove(file);
                Analyse(Path.GetDirectoryName(file)!);
                break;
            case "textDocument/didChange":
                _changed.Add(file);
                break;
            case "textDocument/didClose":
                _changed.Remove(file);
                break;
        }
    }

    void Asked(JsonNode id, string method, JsonObject parameters)
    {
        switch (method)
        {
            case "initialize":
                _initialized = true;
                connection.Answer(id, Capabilities());
                return;
            case var _ when !_initialized:
                connection.Refuse(id, NotInitialized, "initialize comes first");
                return;
            case "shutdown":
                _shutDown = true;
                connection.Answer(id, null);
                return;
            case "textDocument/hover":
                if (Place(parameters["position"] as JsonObject) is not { } at || Document(parameters) is not { } file)
                    connection.Refuse(id, InvalidParams, "a hover needs a document and a position");
                else
                    connection.Answer(id, Hover(file, at.Line, at.Character));
                return;
            case "textDocument/codeAction":
                if (parameters["range"] is not JsonObject range || Place(range["start"] as JsonObject) is not { } first || Place(range["end"] as JsonObject) is not { } last || Document(parameters) is not { } document)
                    connection.Refuse(id, InvalidParams, "a code action needs a document and a range");
                else
                    connection.Answer(id, Actions(document, first.Line, last.Line));
                return;
            default:
                connection.Refuse(id, MethodNotFound, $"{method} is not served");
                return;
        }
    }

    static (int Line, int Character)? Place(JsonObject? position) =>
        position != null && Number(position["line"]) is >= 0 and var line && Number(position["character"]) is >= 0 and var character ? (line, character) : null;

    static JsonObject Capabilities() => new()
    {
        ["capabilities"] = new JsonObject
        {
            ["positionEncoding"] = "utf-16",
            ["textDocumentSync"] = new JsonObject { ["openClose"] = true, ["change"] = 2, ["save"] = new JsonObject { ["includeText"] = false } },
            ["hoverProvider"] = true,
            ["codeActionProvider"] = new JsonObject { ["codeActionKinds"] = new JsonArray("quickfix") },
        },
        ["serverInfo"] = new JsonObject { ["name"] = "tuza", ["version"] = VersionCommand.Version },
    };

    void Analyse(string folder)
    {
        LspAnalysis a = LspAnalysis.Of(folder);
        _folders.Remove(folder, out LspAnalysis? before);
        _folders[folder] = a;
        foreach (string problem in a.Problems)
            Log(problem);
        foreach (string file in before?.Diagnostics.Keys ?? Enumerable.Empty<string>())
            a.Diagnostics.TryAdd(file, []);
        foreach ((string file, JsonArray diagnostics) in a.Diagnostics)
            connection.Notify("textDocument/publishDiagnostics", new JsonObject { ["uri"] = UriOf(file), ["diagnostics"] = diagnostics.DeepClone() });
    }

    JsonObject? Hover(string file, int line, int character)
    {
        if (!IsKnown(file, out LspAnalysis? a) || ColumnOf(file, line, character) is not { } column || a!.About(file, line + 1, column) is not { Length: > 0 } text)
            return null;
        return new JsonObject { ["contents"] = new JsonObject { ["kind"] = "markdown", ["value"] = "```text\n" + text.TrimEnd().Replace("```", "'''", StringComparison.Ordinal) + "\n```" } };
    }

    JsonArray Actions(string file, int first, int last)
    {
        JsonArray list = [];
        if (!IsKnown(file, out LspAnalysis? a))
            return list;
        foreach (LspFix fix in a!.Fixes)
        {
            if (fix.File == file && fix.FirstLine <= last && fix.LastLine >= first && !fix.Files.Overlaps(_changed))
                list.Add(fix.Action.DeepClone());
        }
        return list;
    }

    /// <summary>The file was analysed, and is as it was then.</summary>
    bool IsKnown(string file, out LspAnalysis? a)
    {
        a = null;
        return !_changed.Contains(file) && _folders.TryGetValue(Path.GetDirectoryName(file) ?? "", out a);
    }

    internal static string UriOf(string path) => new Uri(path).AbsoluteUri;

    /// <summary>The column in bytes, from 1; null when the file has no such line.</summary>
    static int? ColumnOf(string file, int line, int character)
    {
        try
        {
            foreach (string text in File.ReadLines(file))
            {
                if (line-- == 0)
                    return Encoding.UTF8.GetByteCount(text.AsSpan(0, Math.Min(character, text.Length))) + 1;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        return null;
    }
}

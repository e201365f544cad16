// tuza lsp, spoken to as an editor does: through its standard input and output.

using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Tuza.FileTests;

public sealed class LanguageServerTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("tuza-lsp-").FullName;
    readonly Process _server = TuzaCommand.Start(["lsp"]);
    int _id;

    public void Dispose()
    {
        if (!_server.HasExited)
            _server.Kill();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    void Send(byte[] body)
    {
        Stream to = _server.StandardInput.BaseStream;
        to.Write(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"));
        to.Write(body);
        to.Flush();
    }

    void Send(string method, JsonObject? parameters = null, int? id = null)
    {
        JsonObject m = new() { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters ?? [] };
        if (id != null)
            m["id"] = id;
        Send(Encoding.UTF8.GetBytes(m.ToJsonString()));
    }

    JsonObject Receive()
    {
        Stream from = _server.StandardOutput.BaseStream;
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int b = from.ReadByte();
            Assert.True(b >= 0, "the server is gone: " + head);
            head.Append((char)b);
        }
        byte[] body = new byte[int.Parse(head.ToString().AsSpan("Content-Length: ".Length).Trim(), CultureInfo.InvariantCulture)];
        from.ReadExactly(body);
        return (JsonObject)JsonNode.Parse(body)!;
    }

    JsonObject Ask(string method, JsonObject? parameters = null)
    {
        Send(method, parameters, ++_id);
        JsonObject answer = Receive();
        Assert.Equal(_id, (int)answer["id"]!);
        return answer;
    }

    string Write(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "go.mod"), "module example.com/served\n\ngo 1.27\n");
        string file = Path.Combine(_folder, "x.go");
        File.WriteAllText(file, text);
        return new Uri(file).AbsoluteUri;
    }

    static JsonObject Document(string uri) => new() { ["textDocument"] = new JsonObject { ["uri"] = uri } };

    static JsonObject Point(int line, int character) => new() { ["line"] = line, ["character"] = character };

    static JsonObject With(JsonObject o, string name, JsonNode value)
    {
        o[name] = value;
        return o;
    }

    [Fact]
    public void DiagnosticsHoversAndActions()
    {
        Assert.Equal(-32002, (int)Ask("textDocument/hover")["error"]!["code"]!);
        Assert.True((bool)Ask("initialize")["result"]!["capabilities"]!["hoverProvider"]!);
        string uri = Write("package served\n\nvar keep string\n\ntype pair struct {\n\ta bool\n\tb int64\n}\n\nfunc F(ü *pair) *int {\n\ts := string(make([]byte, 1<<20)); keep = s[:10]\n\tn := 1\n\treturn &n\n}\n");

        Send("textDocument/didOpen", Document(uri));
        JsonObject published = Receive();
        Assert.Equal("textDocument/publishDiagnostics", (string)published["method"]!);
        var diagnostics = published["params"]!["diagnostics"]!.AsArray();
        JsonNode leak = Assert.Single(diagnostics, static d => (string?)d!["code"] == "retain/substring")!;
        Assert.Equal((2, 10), ((int)leak["severity"]!, (int)leak["range"]!["start"]!["line"]!));
        JsonNode moved = Assert.Single(diagnostics, static d => ((string)d!["message"]!).StartsWith("moved to heap: n", StringComparison.Ordinal))!;
        Assert.Equal((4, 11, 1), ((int)moved["severity"]!, (int)moved["range"]!["start"]!["line"]!, (int)moved["range"]!["start"]!["character"]!));

        string hover = (string)Ask("textDocument/hover", With(Document(uri), "position", Point(9, 7)))["result"]!["contents"]!["value"]!;
        Assert.Contains("pair  amd64  16 B, class 16", hover);
        Assert.Contains("n is moved to the heap (8 B, size class 8)", (string)Ask("textDocument/hover", With(Document(uri), "position", Point(11, 1)))["result"]!["contents"]!["value"]!);
        Assert.Null(Ask("textDocument/hover", With(Document(uri), "position", Point(900, 1)))["result"]);

        JsonObject range = With(Document(uri), "range", new JsonObject { ["start"] = Point(10, 0), ["end"] = Point(10, 3) });
        JsonNode action = Assert.Single(Ask("textDocument/codeAction", (JsonObject)range.DeepClone())["result"]!.AsArray())!;
        var texts = action["edit"]!["changes"]![uri]!.AsArray().Select(static e => (string)e!["newText"]!);
        Assert.Contains("strings.Clone(", texts);

        // Positions of a changed text are not known.
        Send("textDocument/didChange", Document(uri));
        Assert.Empty(Ask("textDocument/codeAction", (JsonObject)range.DeepClone())["result"]!.AsArray());

        Write("package served\n\nfunc F() { s := \"ü\"; return 1 }\n");
        Send("textDocument/didSave", Document(uri));
        var errors = Receive()["params"]!["diagnostics"]!.AsArray();
        Assert.Equal(["too many return values\n\thave (number)\n\twant ()", "declared and not used: s"], errors.Select(static d => (string)d!["message"]!));
        Assert.Equal((1, 28), ((int)errors[0]!["severity"]!, (int)errors[0]!["range"]!["start"]!["character"]!));

        Write("package served\n");
        Send("textDocument/didSave", Document(uri));
        Assert.Empty(Receive()["params"]!["diagnostics"]!.AsArray());

        Assert.Null(Ask("shutdown")["result"]);
        Send("exit");
        Assert.True(_server.WaitForExit(20_000));
        Assert.Equal(0, _server.ExitCode);
    }

    [Fact]
    public void WhatIsNoMessageGetsAnErrorOrTheEnd()
    {
        Send("{x}"u8.ToArray());
        Assert.Equal(-32700, (int)Receive()["error"]!["code"]!);
        Send("[1, 2]"u8.ToArray());
        Assert.Equal(-32700, (int)Receive()["error"]!["code"]!);
        Send("{}"u8.ToArray());
        Assert.Equal(-32600, (int)Receive()["error"]!["code"]!);
        _ = Ask("initialize");
        Assert.Equal(-32601, (int)Ask("nothing/known")["error"]!["code"]!);
        Assert.Equal(-32602, (int)Ask("textDocument/hover", With(Document("untitled:1"), "position", new JsonObject { ["line"] = -1 }))["error"]!["code"]!);
        Send("textDocument/didOpen", new JsonObject { ["textDocument"] = 7 });
        _server.StandardInput.BaseStream.Write("Content-Length: 99999999999\r\n\r\n"u8);
        _server.StandardInput.BaseStream.Flush();
        Assert.True(_server.WaitForExit(20_000));
        Assert.Equal(1, _server.ExitCode);
    }
}

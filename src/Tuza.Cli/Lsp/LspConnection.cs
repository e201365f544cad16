// JSON-RPC 2.0 over two streams, framed as the language server protocol says: header lines, an empty line, as many bytes of JSON as Content-Length says.
//
// What the other side sends is not trusted: a header that is no header ends the connection, a body that is no JSON gets an error and the next message is read.

using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tuza.Cli;

/// <summary>A message that came; Body is null when it was no JSON object.</summary>
sealed record LspMessage(JsonObject? Body);

sealed class LspConnection(Stream input, Stream output)
{
    const int MostBytes = 64 << 20, MostHeaderBytes = 4096;

    /// <summary>The next message; null at the end of the input, or when it is not framed.</summary>
    public LspMessage? Read()
    {
        long length = -1;
        for (; ; )
        {
            if (Line() is not { } line)
                return null;
            if (line == "")
                break;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                return null;
            if (line[..colon].Trim().Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                && (!long.TryParse(line[(colon + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > MostBytes))
                return null;
        }
        if (length < 0)
            return null;
        byte[] body = new byte[length];
        if (input.ReadAtLeast(body, body.Length, throwOnEndOfStream: false) < body.Length)
            return null;
        try
        {
            return new LspMessage(JsonNode.Parse(body) as JsonObject);
        }
        catch (JsonException)
        {
            return new LspMessage(null);
        }
    }

    /// <summary>A header line without its end; null at the end of the input and when it is too long.</summary>
    string? Line()
    {
        StringBuilder line = new();
        for (; ; )
        {
            int b = input.ReadByte();
            if (b < 0 || line.Length > MostHeaderBytes)
                return null;
            if (b == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append((char)b);
        }
    }

    void Write(JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        byte[] body = Encoding.UTF8.GetBytes(message.ToJsonString());
        output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n")));
        output.Write(body);
        output.Flush();
    }

    public void Answer(JsonNode? id, JsonNode? result) => Write(new JsonObject { ["id"] = id?.DeepClone(), ["result"] = result });

    public void Refuse(JsonNode? id, int code, string message) =>
        Write(new JsonObject { ["id"] = id?.DeepClone(), ["error"] = new JsonObject { ["code"] = code, ["message"] = message } });

    public void Notify(string method, JsonObject parameters) => Write(new JsonObject { ["method"] = method, ["params"] = parameters });
}

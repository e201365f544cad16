// Explanations of escape decisions as text, as JSON, and as a picture of the way from where a value is made to the heap.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using Tuza.Syntax;

namespace Tuza.Vet;

public static class EscapeReports
{
    static string Place(Pos p) => p.IsKnown ? Positions.Text(p) : "";

    static string Cost(EscapeExplanation x)
    {
        string size = x.Bytes < 0 ? "size known at run time" : x.Bytes == 0 ? "no bytes"
            : x.ClassBytes > Abi.HeapConsts.MaxSmallBytes ? $"{x.Bytes} B, {x.ClassBytes / Abi.HeapConsts.PageBytes} pages" : $"{x.Bytes} B, size class {x.ClassBytes}";
        if (x.Made < 0)
            return size;
        string times = x.Made == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{x.Made} times");
        return size + (x.Made == 0 ? "; not made in that run" : string.Create(CultureInfo.InvariantCulture, $"; made {times} in that run, {x.MadeBytes} B{(x.MadeTogether ? ", with the others of this line" : "")}"));
    }

    // ---- text

    public static string Text(IReadOnlyList<EscapeExplanation> list)
    {
        StringBuilder b = new();
        foreach (EscapeExplanation x in list)
        {
            if (!x.OnHeap)
            {
                b.Append(CultureInfo.InvariantCulture, $"{Place(x.Pos)}  {x.Name} stays in the frame of {x.Function}\n");
                continue;
            }
            b.Append(CultureInfo.InvariantCulture, $"{Place(x.Pos)}  {x.Name} {(x.IsVariable ? "is moved to the heap" : "is made on the heap")} ({Cost(x)}), because\n");
            int wide = 0;
            foreach (EscapeWord w in x.Words)
                wide = Math.Max(wide, w.Pos.IsKnown ? Math.Min(100, w.Text.Length + 2 * w.Depth) : 0);
            foreach (EscapeWord w in x.Words)
            {
                b.Append(' ', 2 + 2 * w.Depth).Append(w.Text);
                if (w.Pos.IsKnown)
                    b.Append(' ', Math.Max(2, wide - w.Text.Length - 2 * w.Depth + 2)).Append(Place(w.Pos));
                b.Append('\n');
            }
            if (x.Change != "")
                b.Append("smallest change: ").Append(x.Change).Append('\n');
            b.Append("the compiler says: ").Append(x.Compiler).Append("\n\n");
        }
        return b.ToString();
    }

    /// <summary>A line each, as -m prints them.</summary>
    public static string Messages(IReadOnlyList<EscapeExplanation> list)
    {
        StringBuilder b = new();
        foreach (EscapeExplanation x in list)
            b.Append(Place(x.Pos)).Append(": ").Append(x.Compiler).Append('\n');
        return b.ToString();
    }

    // ---- JSON

    public static string Json(IReadOnlyList<EscapeExplanation> list)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream, new JsonWriterOptions { Indented = true }))
        {
            w.WriteStartObject();
            w.WriteNumber("v", 1);
            w.WriteString("kind", "escapes");
            w.WriteStartArray("escapes");
            foreach (EscapeExplanation x in list)
            {
                w.WriteStartObject();
                w.WriteString("pos", Place(x.Pos));
                w.WriteString("name", x.Name);
                w.WriteString("function", x.Function);
                w.WriteString("type", x.Type);
                w.WriteBoolean("heap", x.OnHeap);
                w.WriteBoolean("variable", x.IsVariable);
                w.WriteNumber("bytes", x.Bytes);
                w.WriteNumber("block", x.ClassBytes);
                if (x.Made >= 0)
                {
                    w.WriteNumber("made", x.Made);
                    w.WriteNumber("madeBytes", x.MadeBytes);
                    w.WriteBoolean("madeTogether", x.MadeTogether);
                }
                w.WriteStartArray("because");
                foreach (EscapeWord word in x.Words)
                {
                    w.WriteStartObject();
                    w.WriteString("text", word.Text);
                    w.WriteString("pos", Place(word.Pos));
                    w.WriteNumber("depth", word.Depth);
                    w.WriteEndObject();
                }
                w.WriteEndArray();
                w.WriteString("change", x.Change);
                w.WriteString("compiler", x.Compiler);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    // ---- picture

    const int BoxHigh = 40, Gap = 22, Wide = 760, CharWide = 7;

    /// <summary>One column per decision: the value at the top, a box per step, the heap at the bottom; calls are indented.</summary>
    public static string Svg(IReadOnlyList<EscapeExplanation> list)
    {
        StringBuilder body = new();
        int y = 10;
        foreach (EscapeExplanation x in list)
        {
            if (!x.OnHeap)
            {
                Box(body, 10, y, $"{x.Name} stays in the frame of {x.Function}", Place(x.Pos), "#d5ecd4");
                y += BoxHigh + 30;
                continue;
            }
            Box(body, 10, y, $"{x.Name}  ({Cost(x)})", Place(x.Pos), "#cfe3f7");
            foreach (EscapeWord w in x.Words)
            {
                y += BoxHigh;
                Arrow(body, 40, y);
                y += Gap;
                Box(body, 10 + 30 * w.Depth, y, w.Text, Place(w.Pos), "#ffffff");
            }
            y += BoxHigh;
            Arrow(body, 40, y);
            y += Gap;
            Box(body, 10, y, "the heap", x.Change == "" ? "" : "smallest change: " + x.Change, "#f6d3dc");
            y += BoxHigh + 30;
        }
        return string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Wide + 20}\" height=\"{y}\" viewBox=\"0 0 {Wide + 20} {y}\" font-family=\"sans-serif\" font-size=\"13\">\n{body}</svg>\n");
    }

    static void Box(StringBuilder b, int x, int y, string title, string below, string fill)
    {
        b.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"{y}\" width=\"{Wide - x}\" height=\"{BoxHigh}\" rx=\"5\" fill=\"{fill}\" stroke=\"#444\"/>");
        b.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 10}\" y=\"{y + 17}\">{Escaped(title)}</text>");
        b.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 10}\" y=\"{y + 33}\" fill=\"#555\" font-size=\"11\">{Escaped(below)}</text>\n");
    }

    static void Arrow(StringBuilder b, int x, int y) => b.Append(CultureInfo.InvariantCulture, $"<path d=\"M{x} {y}v{Gap - 5}m-4 -6l4 6l4 -6\" fill=\"none\" stroke=\"#444\"/>\n");

    static string Escaped(string s)
    {
        if (s.Length > Wide / CharWide)
            s = s[..(Wide / CharWide)] + "…";
        return s.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
    }
}

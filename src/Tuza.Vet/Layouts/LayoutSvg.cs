// A picture of a type's bytes: one row per eight bytes, a box per field, gaps hatched, words that hold pointers with a thick left edge.
//
// The block on the heap is drawn to its end, so that what the size class wastes is seen as a gap too. Long types are cut after a
// number of rows, which the last row says. Meaning is never by colour alone: boxes carry names, gaps are hatched, pointers say P.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Tuza.Vet;

/// <summary>Draws layouts as SVG.</summary>
public static class LayoutSvg
{
    const int RowBytes = 8, CellWide = 44, CellHigh = 34, Left = 64, Top = 56, MaxRows = 256;

    static readonly string[] s_colours = ["#cfe3f7", "#fde3c2", "#d5efd4", "#f6d3dc", "#e2d9f3", "#fff3b8", "#d0eeee", "#e9e1d6"];

    readonly record struct Part(long Start, long End, string Label, string Fill, bool IsGap, string Pointers);

    public static string Write(IReadOnlyList<TypeLayout> layouts)
    {
        StringBuilder body = new();
        int y = 0, wide = Left + RowBytes * CellWide + 24;
        foreach (TypeLayout t in layouts)
            y += Draw(body, t, y) + 24;
        StringBuilder b = new();
        b.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{y}\" viewBox=\"0 0 {wide} {y}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        b.Append("<defs><pattern id=\"gap\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff\"/><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"#999\" stroke-width=\"2\"/></pattern></defs>\n");
        b.Append(body).Append("</svg>\n");
        return b.ToString();
    }

    static int Draw(StringBuilder b, TypeLayout t, int y)
    {
        Text(b, 8, y + 18, $"{t.Name}   {t.Arch}   {t.Size} B in a block of {t.BlockBytes} B, align {t.Align}", "font-weight=\"bold\"");
        for (int i = 0; i < RowBytes; i++)
            Text(b, Left + i * CellWide + CellWide / 2, y + Top - 8, "+" + i, "text-anchor=\"middle\" fill=\"#555\"");
        List<Part> parts = PartsOf(t);
        long rows = Math.Min((Math.Max(t.BlockBytes, t.Size) + RowBytes - 1) / RowBytes, MaxRows);
        for (long r = 0; r < rows; r++)
            Text(b, Left - 8, (int)(y + Top + r * CellHigh + CellHigh / 2 + 4), (r * RowBytes).ToString(CultureInfo.InvariantCulture), "text-anchor=\"end\" fill=\"#555\"");
        foreach (Part p in parts)
            Box(b, t, p, y + Top, rows);
        if (rows == MaxRows)
            Text(b, Left, (int)(y + Top + rows * CellHigh + 16), $"… {t.Size - rows * RowBytes} more bytes", "fill=\"#555\"");
        return (int)(Top + rows * CellHigh + 20);
    }

    static List<Part> PartsOf(TypeLayout t)
    {
        List<Part> parts = [];
        long end = 0;
        foreach (LayoutField f in t.Fields)
        {
            if (f.Offset > end)
                parts.Add(new(end, f.Offset, "padding", "url(#gap)", true, ""));
            if (f.Size > 0)
                parts.Add(new(f.Offset, f.Offset + f.Size, f.Name, s_colours[f.Index % s_colours.Length], false, f.PtrMap));
            end = f.Offset + f.Size;
        }
        if (t.Fields.Count == 0 && t.Size > 0)
        {
            parts.Add(new(0, t.Size, t.Name, s_colours[0], false, ""));
            end = t.Size;
        }
        if (t.Size > end)
            parts.Add(new(end, t.Size, "padding", "url(#gap)", true, ""));
        if (t.ClassWaste > 0)
            parts.Add(new(t.Size, t.BlockBytes, "lost to class", "url(#gap)", true, ""));
        return parts;
    }

    /// <summary>A part may go over several rows: one rectangle for each.</summary>
    static void Box(StringBuilder b, TypeLayout t, Part p, int top, long rows)
    {
        bool labelled = false;
        for (long row = p.Start / RowBytes; row < rows && row * RowBytes < p.End; row++)
        {
            long from = Math.Max(p.Start, row * RowBytes), to = Math.Min(p.End, (row + 1) * RowBytes);
            int x = (int)(Left + from % RowBytes * CellWide), w = (int)((to - from) * CellWide), yy = (int)(top + row * CellHigh);
            b.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"{yy}\" width=\"{w}\" height=\"{CellHigh - 4}\" fill=\"{p.Fill}\" stroke=\"#333\"><title>{Escape(p.Label)}: bytes {p.Start} to {p.End - 1}</title></rect>\n");
            for (long word = from / t.Sizes.WordBytes; word * t.Sizes.WordBytes < to; word++)
            {
                long at = word * t.Sizes.WordBytes - p.Start;
                int index = (int)(at / t.Sizes.WordBytes);
                if (at < 0 || index >= p.Pointers.Length || p.Pointers[index] != 'P' || word * t.Sizes.WordBytes < from)
                    continue;
                int px = (int)(Left + word * t.Sizes.WordBytes % RowBytes * CellWide);
                b.Append(CultureInfo.InvariantCulture, $"<rect x=\"{px}\" y=\"{yy}\" width=\"4\" height=\"{CellHigh - 4}\" fill=\"#222\"/>");
                Text(b, px + 8, yy + CellHigh - 10, "P", "fill=\"#222\" font-size=\"10\"");
            }
            if (labelled)
                continue;
            Text(b, x + w / 2, yy + CellHigh / 2 + 2, Fit(p.Label, w), "text-anchor=\"middle\"" + (p.IsGap ? " fill=\"#666\"" : ""));
            labelled = true;
        }
    }

    static string Fit(string s, int width) => s.Length * 7 <= width ? s : width < 28 ? s[..1] : s[..Math.Max(1, Math.Min(s.Length, width / 7 - 1))] + "…";

    static void Text(StringBuilder b, int x, int y, string text, string attributes) =>
        b.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\" {attributes}>{Escape(text)}</text>\n");

    static string Escape(string s) => LayoutText.Escaped(s).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}

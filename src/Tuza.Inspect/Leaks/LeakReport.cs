// Leaks as sentences for people and as a table for programs.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Tuza.Inspect;

public static class LeakReport
{
    /// <summary>next: the command that shows more; "" for none.</summary>
    public static string Text(List<Leak> leaks, string next, Paint paint = default)
    {
        if (leaks.Count == 0)
            return "tuza: no leaks found\n";
        long bytes = 0;
        foreach (Leak l in leaks)
            bytes += l.Bytes;
        StringBuilder b = new();
        b.Append(CultureInfo.InvariantCulture, $"{paint.Head($"tuza: {leaks.Count} leak{(leaks.Count == 1 ? "" : "s")}, {Units.Bytes(bytes)} held for nothing")}\n");
        for (int i = 0; i < leaks.Count; i++)
        {
            Leak l = leaks[i];
            b.Append(CultureInfo.InvariantCulture, $"{i + 1,3}. {Units.Bytes(l.Bytes),10}  {paint.Alarm(l.Family)}{new string(' ', Math.Max(0, 17 - l.Family.Length))}  {Units.Printable(l.Text)}");
            if (l.Where != "")
                b.Append("  ").Append(paint.Place(Units.Printable(l.Where)));
            b.Append('\n');
            if (l.Holder != "")
                b.Append("                  kept by: ").Append(Units.Printable(l.Holder)).Append('\n');
            b.Append("                  mend: ").Append(paint.Mend(l.Fix)).Append('\n');
        }
        if (next != "")
            b.Append("  next: ").Append(next).Append('\n');
        return b.ToString();
    }

    public static ReportTable Table(List<Leak> leaks)
    {
        ReportTable t = new("leaks", ("bytes", ColumnKind.Bytes), ("family", ColumnKind.Words), ("count", ColumnKind.Count), ("what", ColumnKind.Words), ("where", ColumnKind.Words), ("kept by", ColumnKind.Words), ("mend", ColumnKind.Words), ("example", ColumnKind.Address));
        foreach (Leak l in leaks)
            t.Add(l.Bytes, l.Family, l.Count, l.Text, l.Where, l.Holder, l.Fix, l.Example);
        return t;
    }
}

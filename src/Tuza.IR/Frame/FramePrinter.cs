// Frames as text, for -d=frames.
//
//   frame main.f 64 bytes
//     home 8 p, q
//     slot 24 x 16 bytes, zeroed
//     site 2 call main.g prog.go:12 moves: pointers 8 words 3 saved i, n

using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Tuza.Syntax;

namespace Tuza.IR;

public static class FramePrinter
{
    public static string Print(FrameInfo frame)
    {
        var sb = new StringBuilder();
        var f = frame.Function;
        if (!frame.HasFrame)
            return sb.Append("frame ").Append(f.LinkName).Append(frame.IsPure ? " none, pure\n" : " none\n").ToString();
        sb.Append(CultureInfo.InvariantCulture, $"frame {f.LinkName} {frame.FrameBytes} bytes\n");
        var homes = new SortedDictionary<int, List<LowLocal>>();
        foreach (var l in f.Locals)
            if (l.Id < frame.Home.Length && frame.Home[l.Id] is var h and > 0)
            {
                if (!homes.TryGetValue(h, out var list))
                    homes.Add(h, list = []);
                list.Add(l);
            }
        foreach (var (at, list) in homes)
            sb.Append(CultureInfo.InvariantCulture, $"  home {at} {Names(list)}\n");
        foreach (var s in f.Slots)
            if (frame.SlotOffset[s.Id] is var at and > 0)
                sb.Append(CultureInfo.InvariantCulture, $"  slot {at} {s.Name ?? $"s{s.Id}"} {s.Size} bytes{(s.AddrTaken ? ", address taken" : "")}\n");
        foreach (var (at, size) in frame.ZeroAtEntry)
            sb.Append(CultureInfo.InvariantCulture, $"  zeroed at entry {at} {size} bytes\n");
        if (frame.StoreAtEntry.Count > 0)
            sb.Append(CultureInfo.InvariantCulture, $"  stored at entry {Names(frame.StoreAtEntry)}\n");
        foreach (var s in frame.Sites)
            if (s != null)
                Site(sb, s);
        return sb.ToString();
    }

    static void Site(StringBuilder sb, FrameSite s)
    {
        string what = s.Call is { } c ? $"{s.Kind} {c.Func?.LinkName ?? c.Symbol ?? c.Kind.ToString()}" : s.Kind.ToString();
        sb.Append(CultureInfo.InvariantCulture, $"  site {s.Id} {what} line {Positions.Resolve(s.Pos).Line} {s.Effect}");
        if (s.PtrWords.Count > 0)
            sb.Append(": pointer words ").AppendJoin(' ', s.PtrWords);
        foreach (var (at, size) in s.Objects)
            sb.Append(CultureInfo.InvariantCulture, $"; object {at} {size} bytes");
        if (s.Scalars.Count > 0)
            sb.Append("; saved ").Append(Names(s.Scalars));
        sb.Append('\n');
    }

    static string Names(List<LowLocal> list) =>
        string.Join(", ", list.ConvertAll(static l => $"{l.Name ?? "v"}.{l.Id.ToString(CultureInfo.InvariantCulture)}"));
}

// Costs of the inlinable functions of a package, as they stand in its image.

using System.Collections.Generic;
using System.IO;

namespace Tuza.IR;

/// <summary>Read from one image.</summary>
public sealed class InlineFacts
{
    readonly Dictionary<string, byte> _costs = [];

    public InlineFacts(byte[] bytes)
    {
        var r = new BinaryReader(new MemoryStream(bytes));
        while (r.BaseStream.Position < bytes.Length)
        {
            string name = r.ReadString();
            _costs[name] = r.ReadByte();
        }
    }

    public int? CostOf(string linkName) => _costs.TryGetValue(linkName, out byte cost) ? cost : null;

    internal static byte[] Write(Dictionary<Function, InlineInfo> infos, HashSet<Function> own)
    {
        var stream = new MemoryStream();
        var w = new BinaryWriter(stream);
        var all = new List<(string Name, int Cost)>();
        foreach (var (f, info) in infos)
            if (info.CanInline && own.Contains(f) && !f.IsClosure && !f.IsInstance && f.Obj != null)
                all.Add((f.LinkName, info.Cost));
        all.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var (name, cost) in all)
        {
            w.Write(name);
            w.Write((byte)cost); // at most the budget
        }
        w.Flush();
        return stream.ToArray();
    }
}

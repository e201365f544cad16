// Where strings and slices lie in values of a type: computed once per type, applied to every body.

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>Finds values that know how much of their memory they use.</summary>
sealed class ValueParts(List<SnapshotType> types)
{
    public readonly record struct Part(int Offset, long ElementBytes, bool IsString, bool Pointers);

    /// <summary>More parts than this in one value are not looked for (large arrays of structures).</summary>
    const int MostParts = 4096, MostDepth = 64;

    readonly Dictionary<int, Part[]> _parts = [];

    /// <summary>The strings and slices in a body that holds one or several values of the type.</summary>
    public void Collect(ReadOnlySpan<byte> body, int type, List<SnapshotUse> uses)
    {
        Part[] parts = PartsOf(type);
        long size = types[type].Bytes;
        if (parts.Length == 0 || size <= 0)
            return;
        for (long start = 0; start + size <= body.Length; start += size)
        {
            foreach (Part p in parts)
                Add(body, start + p.Offset, p, uses);
        }
    }

    /// <summary>The string or slice at an offset of a body, if it is one and not nil.</summary>
    public static void Add(ReadOnlySpan<byte> body, long at, Part p, List<SnapshotUse> uses)
    {
        if (at < 0 || at + (p.IsString ? 16 : 24) > body.Length)
            return;
        ulong address = Word(body, at), length = Word(body, at + 8), capacity = p.IsString ? length : Word(body, at + 16);
        if (address != 0 && length <= capacity && capacity <= 1UL << 47 && (p.ElementBytes <= 0 || capacity <= (1UL << 47) / (ulong)p.ElementBytes))
            uses.Add(new SnapshotUse(address, (long)length * p.ElementBytes, (long)capacity * p.ElementBytes, p.IsString, p.Pointers));
    }

    static ulong Word(ReadOnlySpan<byte> body, long at) => BinaryPrimitives.ReadUInt64LittleEndian(body[(int)at..]);

    Part[] PartsOf(int type)
    {
        if (!_parts.TryGetValue(type, out Part[]? parts))
        {
            List<Part> list = [];
            Walk(type, 0, list, 0);
            _parts[type] = parts = [.. list];
        }
        return parts;
    }

    void Walk(int type, long offset, List<Part> list, int depth)
    {
        if (depth > MostDepth || list.Count >= MostParts || offset > int.MaxValue)
            return;
        SnapshotType t = types[type];
        switch (t.Kind)
        {
            case Kind.String:
                list.Add(new Part((int)offset, 1, IsString: true, Pointers: false));
                break;
            case Kind.Slice:
                list.Add(new Part((int)offset, types[t.Elem].Bytes, IsString: false, types[t.Elem].PointerBytes > 0));
                break;
            case Kind.Struct:
                foreach (SnapshotField f in t.Fields)
                    Walk(f.Type, offset + f.Offset, list, depth + 1);
                break;
            case Kind.Array:
                for (long i = 0; i < t.Length && list.Count < MostParts && types[t.Elem].Bytes > 0; i++)
                {
                    int before = list.Count;
                    Walk(t.Elem, offset + i * types[t.Elem].Bytes, list, depth + 1);
                    if (list.Count == before)
                        break; // elements without parts
                }
                break;
            default:
                break;
        }
    }
}

// Strings whose bytes are equal but lie in several objects: all but one could go.
//
// Counted are strings that fill at least half of their object: of others the object stays for something else. The bytes are read from the file, in
// order of address, which is the file's order, so that it is read once from front to back.

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>Objects with equal strings. Example: one of them. Text: its beginning, in quotes.</summary>
public sealed record EqualStrings(long Copies, long Bytes, string Text, int Example)
{
    public long Wasted => Bytes - Bytes / Copies;
}

public static class Duplicates
{
    const int BufferBytes = 256 << 10, MostShown = 40;

    /// <summary>Most wasted first; empty when the snapshot has no data.</summary>
    public static List<EqualStrings> Find(Snapshot s)
    {
        if (s.File == "" || s.Meta.ContainsKey("redacted"))
            return [];
        List<(int Object, int Bytes)> strings = Candidates(s);
        Dictionary<(ulong, ulong, int), (long Copies, long Bytes, int Example)> sums = [];
        using FileStream file = new(s.File, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
        byte[] buffer = new byte[SnapshotFormat.MostNoScanBody];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        foreach ((int o, int bytes) in strings)
        {
            ReadOnlySpan<byte> text = Read(file, s.BodyOffset[o], buffer.AsSpan(0, bytes));
            SHA256.HashData(text, hash);
            var key = (BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), bytes);
            var v = sums.TryGetValue(key, out var before) ? before : (0, 0, o);
            sums[key] = (v.Copies + 1, v.Bytes + s.Bytes[o], v.Example);
        }
        List<(long Copies, long Bytes, int Length, int Example)> equal = [];
        foreach (((_, _, int length), var v) in sums)
        {
            if (v.Copies > 1)
                equal.Add((v.Copies, v.Bytes, length, v.Example));
        }
        List<EqualStrings> list = [];
        foreach (var v in equal)
            list.Add(new EqualStrings(v.Copies, v.Bytes, Shown(Read(file, s.BodyOffset[v.Example], buffer.AsSpan(0, v.Length))), v.Example));
        // Equals by text: where they lie differs from run to run.
        list.Sort((a, b) => a.Wasted != b.Wasted ? b.Wasted.CompareTo(a.Wasted) : string.CompareOrdinal(a.Text, b.Text));
        return list;
    }

    static List<(int Object, int Bytes)> Candidates(Snapshot s)
    {
        Dictionary<int, int> longest = [];
        foreach (SnapshotUse u in s.Uses)
        {
            if (!u.IsString || u.Bytes is 0 or > SnapshotFormat.MostNoScanBody || s.Find(u.Address) is not (>= 0 and var o) || u.Address != s.Address[o]
                || s.BodyOffset[o] == 0 || u.Bytes * 2 < s.Bytes[o] || u.Bytes > s.Bytes[o])
                continue;
            longest[o] = Math.Max(longest.GetValueOrDefault(o), (int)u.Bytes);
        }
        List<(int Object, int Bytes)> list = [];
        foreach ((int o, int bytes) in longest)
            list.Add((o, bytes));
        list.Sort();
        return list;
    }

    static ReadOnlySpan<byte> Read(FileStream file, long at, Span<byte> into)
    {
        file.Position = at;
        return file.ReadAtLeast(into, into.Length, throwOnEndOfStream: false) == into.Length ? into : throw new SnapshotException("the file is cut off");
    }

    static string Shown(ReadOnlySpan<byte> text)
    {
        string shown = System.Text.Encoding.UTF8.GetString(text[..Math.Min(MostShown, text.Length)]);
        return "\"" + shown + "\"" + (text.Length > MostShown ? $"… ({text.Length} bytes)" : "");
    }
}

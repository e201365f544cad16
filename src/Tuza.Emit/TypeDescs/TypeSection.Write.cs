// Names, masks, and the bytes of the section.

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Tuza.Abi;
using Tuza.Types;

namespace Tuza.Emit;

public sealed partial class TypeSection
{
    readonly MemoryStream _names = new();
    readonly Dictionary<(string, bool, string, bool, string?), uint> _nameIds = [];
    readonly List<(uint At, uint Name)> _nameRelocs = [];
    readonly MemoryStream _masks = new();
    readonly Dictionary<string, uint> _maskIds = [];

    /// <summary>Adds an `abi.Name`: flags, length, text, tag, place for the package path.</summary>
    uint Name(string text, bool exported, string tag = "", bool embedded = false, string? pkgPath = null)
    {
        var key = (text, exported, tag, embedded, pkgPath);
        if (_nameIds.TryGetValue(key, out uint id))
            return id;
        uint pkg = pkgPath != null ? Name(pkgPath, false) : 0;
        id = (uint)_names.Length;
        _nameIds.Add(key, id);
        _names.WriteByte((byte)((exported ? 1 : 0) | (tag != "" ? 2 : 0) | (pkgPath != null ? 4 : 0) | (embedded ? 8 : 0)));
        WriteText(text);
        if (tag != "")
            WriteText(tag);
        if (pkgPath != null)
        {
            _nameRelocs.Add(((uint)_names.Length, pkg));
            _names.Write(stackalloc byte[4]);
        }
        return id;
    }

    void WriteText(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        uint n = (uint)utf8.Length;
        for (; n >= 0x80; n >>= 7)
            _names.WriteByte((byte)(n | 0x80));
        _names.WriteByte((byte)n);
        _names.Write(utf8);
    }

    uint Mask(bool[] words, int count)
    {
        var bytes = new byte[((count + 7) / 8 + 7) & ~7];
        for (int i = 0; i < count; i++)
            if (words[i])
                bytes[i / 8] |= (byte)(1 << (i % 8));
        string key = Convert.ToHexString(bytes);
        if (!_maskIds.TryGetValue(key, out uint id))
        {
            id = (uint)_masks.Length;
            _maskIds.Add(key, id);
            _masks.Write(bytes);
        }
        return id;
    }

    /// <summary>The finished section.</summary>
    public byte[] ToBytes()
    {
        var links = new MemoryStream();
        var records = new MemoryStream();
        foreach (var spec in _specs)
        {
            byte[] link = Encoding.UTF8.GetBytes(spec.Link);
            ref TypeRecord r = ref spec.Record;
            r.LinkOffset = (uint)links.Length;
            r.LinkLength = (uint)link.Length;
            r.LinkHash = TypeWriter.LinkHash(link);
            r.Hash = TypeWriter.TypeHash(link);
            r.Extern = (byte)(spec.Extern ? 1 : 0);
            r.TailBytes = (uint)spec.Tail.Length * 4;
            if (spec.Extern)
                r.Mask = r.EqualCode = TypeSectionFormat.NoRef;
            links.Write(link);
            records.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<TypeRecord>(ref r)));
            records.Write(MemoryMarshal.AsBytes<uint>(spec.Tail));
        }
        Pad(_names, 4);
        Pad(links, 4);
        var all = new MemoryStream();
        var w = new BinaryWriter(all);
        w.Write(_specs.Count);
        w.Write(_itabPairs.Count);
        w.Write((uint)_names.Length);
        w.Write((uint)_masks.Length);
        w.Write(_nameRelocs.Count);
        w.Write((uint)links.Length);
        w.Write(_names.ToArray());
        w.Write(_masks.ToArray());
        w.Write(links.ToArray());
        foreach (var (at, name) in _nameRelocs)
        {
            w.Write(at);
            w.Write(name);
        }
        w.Write(records.ToArray());
        foreach (var (inter, type) in _itabPairs)
        {
            w.Write(inter);
            w.Write(type);
        }
        return all.ToArray();
    }

    static void Pad(MemoryStream s, int align)
    {
        while (s.Length % align != 0)
            s.WriteByte(0);
    }
}

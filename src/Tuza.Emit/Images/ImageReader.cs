// What the compiler wants to know of an image compiled before: its symbols, its summary. Reads the file without loading the assembly.

using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Tuza.Abi;

namespace Tuza.Emit;

public sealed class ImageReader
{
    readonly byte[] _resource;
    readonly ImageHeader _header;

    /// <summary>Where the image lies; null for one in memory only.</summary>
    public string? FilePath { get; }
    /// <summary>The whole assembly, for images that are in memory only.</summary>
    public byte[]? Assembly { get; }
    public string Package { get; }
    public string Key { get; }
    /// <summary>True if the file holds machine code beside its IL.</summary>
    public bool IsPrecompiled { get; }
    /// <summary>Packages that must be loaded before.</summary>
    public IReadOnlyList<string> Dependencies { get; }

    public ImageReader(string path) : this(File.ReadAllBytes(path), path) { }

    public ImageReader(byte[] assembly, string? path = null)
    {
        FilePath = path;
        Assembly = path == null ? assembly : null;
        using var pe = new PEReader(new MemoryStream(assembly, false));
        var header = pe.PEHeaders.CorHeader ?? throw new InvalidDataException("not an image");
        IsPrecompiled = header.ManagedNativeHeaderDirectory.Size != 0;
        var directory = header.ResourcesDirectory;
        var block = pe.GetSectionData(directory.RelativeVirtualAddress);
        var reader = block.GetReader();
        reader.Offset = 12;
        _resource = reader.ReadBytes(reader.ReadInt32());
        _header = MemoryMarshal.Read<ImageHeader>(_resource);
        if (_header.Magic != ImageFormat.Magic || _header.Version != ImageFormat.Version)
            throw new InvalidDataException("not an image of this version");
        var info = new BinaryReader(new MemoryStream(Section(ImageSection.Info).ToArray()));
        var strings = new string[info.ReadInt32()];
        for (int i = 0; i < strings.Length; i++)
            strings[i] = Encoding.UTF8.GetString(info.ReadBytes(info.ReadInt32()));
        Package = strings[0];
        Key = strings[2];
        Dependencies = strings[3..];
    }

    IR.InlineFacts? _inlinable;

    public IR.InlineFacts Inlinable => _inlinable ??= new IR.InlineFacts(Section(ImageSection.Inlinable).ToArray());
    public byte[] Summary => Section(ImageSection.Summary).ToArray();
    public bool HasMain => _header.MainFunc >= 0;

    ReadOnlySpan<byte> Section(ImageSection s)
    {
        var words = MemoryMarshal.Cast<byte, long>(_resource.AsSpan(Unsafe.SizeOf<ImageHeader>() - 16 * (int)ImageSection.Count));
        return _resource.AsSpan((int)words[2 * (int)s], (int)words[2 * (int)s + 1]);
    }

    ReadOnlySpan<byte> TextOf(TextRef r) => Section(ImageSection.Text).Slice(r.Offset, r.Length);

    bool Find(string name, out SymbolRecord record)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        var table = MemoryMarshal.Cast<byte, SymbolRecord>(Section(ImageSection.Symbols));
        for (int i = (int)ImageWriter.SymbolHash(utf8) & (table.Length - 1); ; i = (i + 1) & (table.Length - 1))
        {
            record = table[i];
            if (record.Kind == SymbolKind.None)
                return false;
            if (TextOf(record.Name).SequenceEqual(utf8))
                return true;
        }
    }

    /// <summary>Index of the function that defines the symbol, or -1.</summary>
    public int FindFunc(string symbol) => Find(symbol, out var r) && r.Kind == SymbolKind.Func ? (int)r.Value : -1;

    public (string Name, string Signature, FuncFacts Facts) Func(int index)
    {
        var f = MemoryMarshal.Cast<byte, FuncRecord>(Section(ImageSection.Funcs))[index];
        return (Encoding.UTF8.GetString(TextOf(f.Name)), Encoding.UTF8.GetString(TextOf(f.Signature)), f.Facts);
    }
}

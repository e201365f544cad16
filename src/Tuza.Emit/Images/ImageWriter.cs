// Serialises a finished ImageBuilder: the resource (Abi/ImageFormat) and the assembly around it.

using System;
using System.Collections.Generic;
using System.IO;
using System.Numerics;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Syntax;

namespace Tuza.Emit;

sealed class ImageWriter(ImageBuilder image)
{
    /// <summary>Until all sections have their places, distances count from the beginning of the other section.</summary>
    readonly List<SiteDesc> _sites = [];
    readonly List<InlineDesc> _inlines = [];
    readonly List<ushort> _columns = [];
    readonly List<FrameName> _names = [];
    /// <summary>Of the function being written: numbers of the bodies inlined into it.</summary>
    readonly Dictionary<InlinedCall, int> _inlineIds = new(ReferenceEqualityComparer.Instance);
    readonly List<ulong> _masks = [0];
    readonly Dictionary<string, int> _maskIds = [];

    public byte[] Write()
    {
        byte[] resource = Resource();
        return Assembly(resource);
    }

    // ---- the resource

    byte[] Resource()
    {
        var funcs = new List<FuncRecord>();
        foreach (var f in image.Funcs)
            funcs.Add(FuncOf(f));
        var sections = new byte[(int)ImageSection.Count][];
        sections[(int)ImageSection.Funcs] = Bytes(funcs);
        sections[(int)ImageSection.Sites] = Bytes(_sites);
        sections[(int)ImageSection.Masks] = Bytes(_masks);
        sections[(int)ImageSection.Inlines] = Bytes(_inlines);
        sections[(int)ImageSection.Columns] = Bytes(_columns);
        sections[(int)ImageSection.FrameNames] = Bytes(_names);
        DataSections(sections);
        sections[(int)ImageSection.Relocs] = Bytes(image.Relocs);
        sections[(int)ImageSection.Imports] = Bytes(image.Imports);
        sections[(int)ImageSection.FuncVals] = Bytes(image.FuncVals);
        sections[(int)ImageSection.Types] = image.Input.Types?.ToBytes() ?? [];
        sections[(int)ImageSection.TypeCode] = Bytes(image.TypeCode);
        int main = -1;
        var inits = new List<int>();
        foreach (var f in image.Funcs)
            if (f.Low.LinkName == "main.main" && image.Input.Pkg.Name == "main")
                main = f.Index;
        foreach (string name in image.Input.Inits)
            inits.Add(image.Funcs.Find(f => f.Low.LinkName == name)?.Index ?? throw new InvalidOperationException($"image: no initialiser {name}"));
        sections[(int)ImageSection.Inits] = Bytes(inits);
        sections[(int)ImageSection.Symbols] = Bytes(Symbols());
        sections[(int)ImageSection.Parts] = Bytes(image.Parts);
        sections[(int)ImageSection.Places] = Bytes(image.Places);
        sections[(int)ImageSection.Summary] = image.Input.Summary;
        sections[(int)ImageSection.Inlinable] = image.Input.Inlinable;
        sections[(int)ImageSection.Info] = Info();
        sections[(int)ImageSection.Text] = [.. image.TextBytes];

        var header = new ImageHeader { Magic = ImageFormat.Magic, Version = ImageFormat.Version, MainFunc = main, DataBytes = (image.DataBytes + 15) & -16 };
        int at = Up(Unsafe.SizeOf<ImageHeader>());
        for (int i = 0; i < sections.Length; i++)
        {
            SetSection(ref header, i, at, sections[i].Length);
            at = Up(at + sections[i].Length);
        }
        var all = new byte[at];
        MemoryMarshal.Write(all, in header);
        for (int i = 0; i < sections.Length; i++)
            sections[i].CopyTo(all, PlaceOf(all, (ImageSection)i));
        Distances(all);
        return all;
    }

    static int PlaceOf(byte[] resource, ImageSection section) =>
        (int)MemoryMarshal.Cast<byte, long>(resource.AsSpan(Unsafe.SizeOf<ImageHeader>() - 16 * (int)ImageSection.Count))[2 * (int)section];

    /// <summary>The sections have their places: distances from descriptors to masks and texts.</summary>
    void Distances(byte[] resource)
    {
        int at = PlaceOf(resource, ImageSection.Sites), other = PlaceOf(resource, ImageSection.Masks);
        foreach (ref SiteDesc s in MemoryMarshal.Cast<byte, SiteDesc>(resource.AsSpan(at, _sites.Count * Unsafe.SizeOf<SiteDesc>())))
        {
            s.MaskDistance += other - at;
            at += Unsafe.SizeOf<SiteDesc>();
        }
        at = PlaceOf(resource, ImageSection.Inlines);
        other = PlaceOf(resource, ImageSection.Text);
        foreach (ref InlineDesc d in MemoryMarshal.Cast<byte, InlineDesc>(resource.AsSpan(at, _inlines.Count * Unsafe.SizeOf<InlineDesc>())))
        {
            d.NameDistance += other - at;
            d.FileDistance += other - at;
            at += Unsafe.SizeOf<InlineDesc>();
        }
    }

    static int Up(int n) => (n + 15) & ~15;

    static void SetSection(ref ImageHeader header, int i, long at, long length)
    {
        var words = MemoryMarshal.Cast<ImageHeader, long>(new Span<ImageHeader>(ref header));
        int first = words.Length - 2 * (int)ImageSection.Count;
        words[first + 2 * i] = at;
        words[first + 2 * i + 1] = length;
    }

    static byte[] Bytes<T>(List<T> records) where T : unmanaged => MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(records)).ToArray();

    byte[] Info()
    {
        var m = new MemoryStream();
        var w = new BinaryWriter(m);
        var strings = new List<string> { image.Input.Pkg.Path, image.Input.Godebug, image.Input.Key };
        foreach (var d in image.Input.Dependencies)
            strings.Add(d.Package);
        w.Write(strings.Count);
        foreach (string s in strings)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(s);
            w.Write(utf8.Length);
            w.Write(utf8);
        }
        return m.ToArray();
    }

    FuncRecord FuncOf(FuncEntry f)
    {
        var frame = f.Frame!;
        string file = Positions.AtRunTime(f.Low.Pos).File;
        var r = new FuncRecord
        {
            Name = image.Text(f.Low.DisplayName ?? f.Low.LinkName),
            File = image.Text(file),
            Signature = image.Text(f.Signature),
            StartLine = LineOf(f.Low.Pos),
            FrameBytes = frame.FrameBytes,
            FirstSite = _sites.Count,
            FirstInline = _inlines.Count,
            Token = f.Token,
            ResumeToken = f.ResumeIndex < 0 ? 0 : MetadataTokens.GetToken(MetadataTokens.MethodDefinitionHandle(FirstResumeRow + f.ResumeIndex)),
            Flags = (f.Low.IsWrapper ? FuncFlags.Wrapper : 0) | (f.Low.DeferReturn != null ? FuncFlags.HasDefer : 0),
            Facts = frame.IsPure ? FuncFacts.Pure : 0,
        };
        _inlineIds.Clear();
        foreach (var s in frame.Sites)
        {
            _columns.Add((ushort)(s is { Pos.IsKnown: true } ? Math.Min(s.Pos.Innermost.Column, ushort.MaxValue) : 0));
            _sites.Add(s == null ? new SiteDesc { Inline = -1, Line = LineOf(f.Low.Pos) } : SiteOf(s, f, file, r.FirstInline));
        }
        r.SiteCount = _sites.Count - r.FirstSite;
        r.InlineCount = _inlines.Count - r.FirstInline;
        Names(f);
        return r;
    }

    /// <summary>
    /// Where the variables with pointers are, by site. One that is not live for some sites while nobody else has its place is taken to be there all the time: that
    /// makes one record of most.
    /// </summary>
    void Names(FuncEntry f)
    {
        FrameInfo frame = f.Frame!;
        if (!frame.HasFrame)
            return;
        Dictionary<int, LowSlot> objects = [];
        foreach (LowSlot s in f.Low.Slots)
        {
            if (s.AddrTaken && frame.SlotOffset[s.Id] != 0)
                objects.TryAdd((int)frame.SlotOffset[s.Id], s);
        }
        Dictionary<int, int> last = []; // by offset: the latest record
        for (int id = 0; id < frame.Sites.Count; id++)
        {
            if (frame.Sites[id] is not { } site)
                continue;
            foreach (LowLocal l in site.Ptrs)
                Add(id, frame.Home[l.Id], 8, l.Name);
            foreach (LowSlot s in site.Slots)
            {
                if (s.PtrWords != null)
                    Add(id, (int)frame.SlotOffset[s.Id], (int)s.Size, s.Name);
            }
            foreach ((int offset, int size) in site.Objects)
                Add(id, offset, size, objects.GetValueOrDefault(offset)?.Name);
        }

        void Add(int site, int offset, int bytes, string? name)
        {
            // What the compiler made has no name in the source; still, it has the place now.
            TextRef text = name is not { Length: > 0 } || name[0] is '.' or '~' or '#' ? default : image.Text(name);
            if (last.TryGetValue(offset, out int i) && _names[i].Bytes == bytes && _names[i].Name.Offset == text.Offset && _names[i].Name.Length == text.Length)
            {
                _names[i] = _names[i] with { LastSite = site };
                return;
            }
            foreach ((int at, int record) in last)
            {
                if (at < offset + bytes && offset < at + _names[record].Bytes)
                    last.Remove(at);
            }
            last[offset] = _names.Count;
            _names.Add(new FrameName { Func = f.Index, FirstSite = site, LastSite = site, Offset = offset, Bytes = bytes, Name = text });
        }
    }

    /// <summary>The record for a site that lies in another file than its function begins in: //line directives, package initialisers.</summary>
    int OtherFile(FuncEntry f, string file, int first, int parent)
    {
        TextRef text = image.Text(file);
        for (int i = first; i < _inlines.Count; i++)
        {
            if (_inlines[i].Flags == FuncFlags.OtherFile && _inlines[i].Parent == parent && _inlines[i].FileDistance == text.Offset)
                return i - first;
        }
        _inlines.Add(new InlineDesc { Flags = FuncFlags.OtherFile, Func = f.Index, FileDistance = text.Offset, FileLength = text.Length, Parent = parent });
        return _inlines.Count - 1 - first;
    }

    static int LineOf(Pos pos) => Positions.Resolve(pos).Line;

    SiteDesc SiteOf(FrameSite s, FuncEntry f, string funcFile, int firstInline)
    {
        var words = s.PtrWords;
        var pos = s.Pos.IsKnown ? s.Pos : f.Low.Pos;
        var r = new SiteDesc { Line = LineOf(pos), Inline = PlaceOf(pos, f, funcFile, firstInline) };
        if (words.Count == 0 && s.Objects.Count == 0)
            return r;
        r.PtrWordCount = 1 + Math.Max(words.Count > 0 ? words[^1] : 0, s.ObjectWords.Count > 0 ? s.ObjectWords[^1] : 0);
        r.ObjectCount = s.Objects.Count;
        string key = string.Join(',', words) + ";" + string.Join(',', s.ObjectWords) + ";" + string.Join(',', s.Objects);
        if (!_maskIds.TryGetValue(key, out int first))
        {
            first = _masks.Count;
            _maskIds.Add(key, first);
            _masks.AddRange(MaskOf(words, r.PtrWordCount));
            if (r.ObjectCount > 0)
                _masks.AddRange(MaskOf(s.ObjectWords, r.PtrWordCount));
            foreach (var (offset, size) in s.Objects)
                _masks.Add((ulong)offset << 32 | (uint)size);
        }
        r.MaskDistance = sizeof(ulong) * first;
        return r;
    }

    static ulong[] MaskOf(List<int> words, int count)
    {
        var mask = new ulong[(count + 63) / 64];
        foreach (int w in words)
            mask[w >> 6] |= 1UL << w;
        return mask;
    }

    /// <summary>The inlined body that a position lies in, as its number within the function, or -1.</summary>
    int PlaceOf(Pos pos, FuncEntry f, string funcFile, int first)
    {
        int inline = InlineOf(pos, f, funcFile, first);
        string file = Positions.AtRunTime(pos).File;
        return file == (pos.Inlined is { } call ? Positions.AtRunTime(call.Start).File : funcFile) ? inline : OtherFile(f, file, first, inline);
    }

    int InlineOf(Pos pos, FuncEntry f, string funcFile, int first)
    {
        if (pos.Inlined is not { } call)
            return -1;
        if (_inlineIds.TryGetValue(call, out int id))
            return id;
        int parent = call.At.IsKnown ? PlaceOf(call.At, f, funcFile, first) : -1;
        id = _inlines.Count - first;
        _inlineIds.Add(call, id);
        TextRef name = image.Text(call.Function), file = image.Text(Positions.AtRunTime(call.Start).File);
        _inlines.Add(new InlineDesc
        {
            Func = f.Index,
            NameDistance = name.Offset,
            NameLength = name.Length,
            FileDistance = file.Offset,
            FileLength = file.Length,
            Parent = parent,
            CallLine = LineOf(call.At.IsKnown ? call.At : f.Low.Pos),
            StartLine = LineOf(call.Start),
            Flags = call.IsWrapper ? FuncFlags.Wrapper : 0,
        });
        return id;
    }

    void DataSections(byte[][] sections)
    {
        var runs = new List<DataRun>();
        var bytes = new MemoryStream();
        foreach (var (at, b) in image.Runs)
        {
            if (runs.Count > 0 && runs[^1].Offset + runs[^1].Bytes == at)
                runs[^1] = new DataRun { Offset = runs[^1].Offset, Bytes = runs[^1].Bytes + b.Length };
            else
                runs.Add(new DataRun { Offset = at, Bytes = b.Length });
            bytes.Write(b);
        }
        var mask = new List<ulong>();
        for (long i = 0; i < (image.DataBytes + 511) / 512; i++)
            mask.Add(0);
        foreach (long w in image.PtrWords)
            mask[(int)(w >> 6)] |= 1UL << (int)(w & 63);
        sections[(int)ImageSection.DataRuns] = Bytes(runs);
        sections[(int)ImageSection.DataBytes] = bytes.ToArray();
        sections[(int)ImageSection.DataMask] = Bytes(mask);
    }

    List<SymbolRecord> Symbols()
    {
        var list = new List<(string Name, SymbolRecord Record)>();
        var seen = new HashSet<string>();
        void Add(string name, SymbolKind kind, long value)
        {
            if (seen.Add(name))
                list.Add((name, new SymbolRecord { Name = image.Text(name), Kind = kind, Value = value }));
        }
        foreach (var f in image.Funcs)
            Add(f.Low.LinkName, SymbolKind.Func, f.Index);
        foreach (var (name, f) in image.Pushed)
            Add(name, SymbolKind.Func, f.Index);
        foreach (var (name, at) in image.GlobalsByName)
            Add(name, SymbolKind.Global, at);
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * list.Count, 2));
        var table = new SymbolRecord[size];
        foreach (var (name, record) in list)
        {
            int i = (int)SymbolHash(Encoding.UTF8.GetBytes(name)) & (size - 1);
            while (table[i].Kind != SymbolKind.None)
                i = (i + 1) & (size - 1);
            table[i] = record;
        }
        return [.. table];
    }

    public static uint SymbolHash(ReadOnlySpan<byte> name)
    {
        uint h = 2166136261;
        foreach (byte b in name)
            h = (h ^ b) * 16777619;
        return h;
    }

    // ---- the assembly

    byte[] Assembly(byte[] resource)
    {
        var meta = image.Meta;
        var md = meta.Builder;
        string name = ImageFormat.AssemblyName(image.Input.Pkg.Path);
        md.AddModule(0, md.GetOrAddString(name + ".dll"), md.GetOrAddGuid(Id(resource)), default, default);
        md.AddAssembly(md.GetOrAddString(name), new Version(0, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.None);
        meta.AllowInternals([.. NativeSymbols.Assemblies, "Tuza.Abi"]);
        md.AddTypeDefinition(default, default, md.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        TypeDefinitionHandle go = md.AddTypeDefinition(TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit, default,
            md.GetOrAddString(ImageFormat.ClassName), meta.TypeRef(typeof(object)), MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        if (MetadataTokens.GetToken(go) != ImageFormat.ClassToken)
            throw new InvalidOperationException("the loader does not find the static class of " + name);
        md.AddTypeDefinition(TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit, default,
            md.GetOrAddString(ImageMetadata.ResumeClassName), meta.TypeRef(typeof(object)), MetadataTokens.FieldDefinitionHandle(5), MetadataTokens.MethodDefinitionHandle(FirstResumeRow));
        Fields(md);
        var il = new BlobBuilder();
        var bodies = new MethodBodyStreamEncoder(il);
        Methods(md, bodies, image.Methods);
        StaticConstructor(md, bodies);
        Methods(md, bodies, image.ResumeMethods);
        var resources = new BlobBuilder();
        resources.WriteBytes(0, 12);
        resources.WriteInt32(resource.Length);
        resources.WriteBytes(resource);
        resources.Align(8);
        md.AddManifestResource(ManifestResourceAttributes.Public, md.GetOrAddString(ImageFormat.ResourceName), default, 12);
        var pe = new ManagedPEBuilder(PEHeaderBuilder.CreateLibraryHeader(), new MetadataRootBuilder(md), il, managedResources: resources,
            deterministicIdProvider: _ => new BlobContentId(Id(resource), 0x8000_0000));
        var blob = new BlobBuilder();
        pe.Serialize(blob);
        return blob.ToArray();
    }

    static Guid Id(byte[] resource) => new(SHA256.HashData(resource).AsSpan(0, 16));

    static void Fields(MetadataBuilder md)
    {
        foreach (var (name, wide) in ((string, bool)[])[(ImageFormat.HeaderField, true), (ImageFormat.DataField, false), (ImageFormat.ImportsField, false), (ImageFormat.BarrierField, false)])
        {
            var sig = new BlobBuilder();
            var e = new BlobEncoder(sig).Field().Type();
            if (wide)
                e.Int64();
            else
                e.IntPtr();
            md.AddFieldDefinition(FieldAttributes.Public | FieldAttributes.Static | FieldAttributes.InitOnly, md.GetOrAddString(name), md.GetOrAddBlob(sig));
        }
    }

    /// <summary>Behind all other methods and the class constructor.</summary>
    int FirstResumeRow => image.Methods.Count + 2;

    void Methods(MetadataBuilder md, MethodBodyStreamEncoder bodies, List<MethodRow> rows)
    {
        var impl = MethodImplAttributes.IL | (image.Options.OptimiseAtOnce ? MethodImplAttributes.AggressiveOptimization : 0);
        foreach (var m in rows)
        {
            var code = m.Code ?? throw new InvalidOperationException($"image: method {m.Name} has no body");
            int offset = AddBody(bodies, code.Il, code.MaxStack, image.Meta.Locals(code.LocalTypes));
            md.AddMethodDefinition(MethodAttributes.Public | MethodAttributes.Static | MethodAttributes.HideBySig, m.Inline ? impl | MethodImplAttributes.AggressiveInlining : m.Never ? impl | MethodImplAttributes.NoInlining : impl,
                md.GetOrAddString(m.Name), image.Meta.GoSignature(m.Signature), offset, default);
        }
    }

    static int AddBody(MethodBodyStreamEncoder bodies, byte[] code, int maxStack, StandaloneSignatureHandle locals)
    {
        var body = bodies.AddMethodBody(code.Length, Math.Max(maxStack, 1), 0, false, locals, MethodBodyAttributes.None);
        new BlobWriter(body.Instructions).WriteBytes(code);
        return body.Offset;
    }

    /// <summary>The read-only fields take their values from ImageStatics.</summary>
    void StaticConstructor(MetadataBuilder md, MethodBodyStreamEncoder bodies)
    {
        var il = new IlWriter(".cctor", false);
        int take = image.Meta.Member(typeof(ImageStatics).GetMethod(nameof(ImageStatics.Take))!);
        int[] fields = [image.HeaderBaseField, image.DataField, image.ImportsField, image.BarrierField];
        for (int i = 0; i < fields.Length; i++)
        {
            il.LdcI4(i);
            il.Token(ILOpCode.Call, take, 1, 1, "Take");
            if (i == 0)
                il.Unary(ILOpCode.Conv_i8);
            il.Token(ILOpCode.Stsfld, fields[i], 1, 0, "");
        }
        il.Ret(0);
        int offset = AddBody(bodies, il.Finish(), il.MaxStack, default);
        var sig = new BlobBuilder();
        new BlobEncoder(sig).MethodSignature().Parameters(0, static r => r.Void(), static _ => { });
        md.AddMethodDefinition(MethodAttributes.Private | MethodAttributes.Static | MethodAttributes.HideBySig | MethodAttributes.SpecialName | MethodAttributes.RTSpecialName,
            MethodImplAttributes.IL, md.GetOrAddString(".cctor"), md.GetOrAddBlob(sig), offset, default);
    }
}

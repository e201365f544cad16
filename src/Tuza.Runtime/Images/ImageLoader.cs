// Brings package images into the process (Abi/ImageFormat).
//
// Load, per image, dependencies first: load the assembly; give out function ids; fill descriptors; allocate the data segment and copy
// its runs; run the class constructor, which takes the addresses over; load type descriptors; fill the import table and relocations as
// far as already loaded images can say; store code words into static func values.
// Finish, once all images are there: late-bound imports, by symbol over all images.
//
// Code addresses come from RuntimeMethodHandle.GetFunctionPointer: a stub that compiles the method when it is first called.
// Memory of images is never given back. The resource stays mapped; texts, sites and masks are used in place.

using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>A package that has been loaded.</summary>
public sealed unsafe class LoadedImage
{
    internal ModuleHandle Module;
    internal ImageHeader* Header;
    internal byte* Text;
    internal int FirstFunc;
    internal byte* Data;
    internal nint* Imports;
    public required string Package { get; init; }
    /// <summary>Of the program: GODEBUG without the environment.</summary>
    public required string Godebug { get; init; }

    /// <summary>Not generic: .NET would have no code in advance for it.</summary>
    internal byte* Section(ImageSection s, int elementBytes, out int count)
    {
        count = (int)(Header->Sections[2 * (int)s + 1] / elementBytes);
        return (byte*)Header + Header->Sections[2 * (int)s];
    }

    internal string TextOf(TextRef r) => Utf8Text.Of(Text + r.Offset, r.Length);

    internal nint Code(int token) => Module.ResolveMethodHandle(token).GetFunctionPointer();

    internal bool Find(ReadOnlySpan<byte> name, out SymbolRecord record)
    {
        SymbolRecord* table = (SymbolRecord*)Section(ImageSection.Symbols, sizeof(SymbolRecord), out int size);
        uint h = 2166136261;
        foreach (byte b in name)
            h = (h ^ b) * 16777619;
        for (int i = (int)h & (size - 1); ; i = (i + 1) & (size - 1))
        {
            record = table[i];
            if (record.Kind == SymbolKind.None)
                return false;
            if (new ReadOnlySpan<byte>(Text + record.Name.Offset, record.Name.Length).SequenceEqual(name))
                return true;
        }
    }

    /// <summary>Ids of the initialisers, in order.</summary>
    public int[] Inits
    {
        get
        {
            int* p = (int*)Section(ImageSection.Inits, sizeof(int), out int n);
            var ids = new int[n];
            for (int i = 0; i < n; i++)
                ids[i] = FirstFunc + p[i];
            return ids;
        }
    }

    /// <summary>Id of main.main, or 0.</summary>
    public int Main => Header->MainFunc < 0 ? 0 : FirstFunc + Header->MainFunc;
}

/// <summary>The variables of one package: their memory, one bit per word that may hold a pointer, and where each begins.</summary>
sealed unsafe class DataSegment
{
    public required string Package { get; init; }
    public byte* Base;
    public long Bytes;
    public ulong* Mask;
    public List<(long Offset, string Name)> Symbols { get; } = [];
    public VariablePart[] Parts { get; set; } = [];
    /// <summary>By offset: where it is declared.</summary>
    public Dictionary<long, (string File, int Line)> Places { get; } = [];
}

/// <summary>All images of the process.</summary>
public static unsafe class ImageLoader
{
    static readonly List<LoadedImage> s_images = [];
    static readonly Dictionary<string, LoadedImage> s_byPackage = [];
    static readonly Dictionary<string, Assembly> s_assemblies = [];
    static readonly List<LoadedImage> s_lateImages = [];
    static readonly List<int> s_lateImports = []; // of the image at the same place
    static readonly Lock s_lock = new();
    static Dictionary<nint, int>? s_byCode;
    static readonly AssemblyLoadContext s_context = MakeContext();

    /// <summary>Finds the C# method bound to a symbol (for code asked for by name): its address, or 0.</summary>
    public static Func<string, nint> NativeCode { get; set; } = static _ => 0;

    /// <summary>Called with each data segment: start, words, mask.</summary>
    public static delegate*<byte*, nuint, ulong*, void> AddDataRoot { get; set; }

    static AssemblyLoadContext MakeContext()
    {
        var context = new AssemblyLoadContext("go");
        context.Resolving += static (_, name) => s_assemblies.GetValueOrDefault(name.Name ?? "");
        FuncTable.Binder = Bind;
        FuncTable.Finder = static code => FindByCode(code);
        FuncTable.ByName = FindByName;
        ImageStatics.Missing = Throw.Fatal;
        return context;
    }

    /// <summary>Loads an image from its file (or, path null, from memory). What it depends on must be loaded already.</summary>
    public static LoadedImage Load(string? path, byte[]? bytes)
    {
        lock (s_lock)
        {
            var assembly = path != null ? s_context.LoadFromAssemblyPath(path) : s_context.LoadFromStream(new MemoryStream(bytes!));
            if (assembly.GetManifestResourceStream(ImageFormat.ResourceName) is not UnmanagedMemoryStream stream)
                throw new InvalidDataException($"{path}: not an image");
            var header = (ImageHeader*)stream.PositionPointer;
            if (header->Magic != ImageFormat.Magic || header->Version != ImageFormat.Version)
                throw new InvalidDataException($"{path}: not an image of this version");
            byte* info = (byte*)header + header->Sections[2 * (int)ImageSection.Info];
            int nameBytes = *(int*)(info + 4);
            byte* godebug = info + 8 + nameBytes;
            var image = new LoadedImage
            {
                Package = Utf8Text.Of(info + 8, nameBytes),
                Godebug = Utf8Text.Of(godebug + 4, *(int*)godebug),
                Header = header,
                Text = (byte*)header + header->Sections[2 * (int)ImageSection.Text],
                Module = assembly.ManifestModule.ModuleHandle,
            };
            s_images.Add(image);
            s_byPackage.Add(image.Package, image);
            s_assemblies[ImageFormat.AssemblyName(image.Package)] = assembly;
            s_byCode = null;
            Functions(image);
            Data(image);
            image.Section(ImageSection.Imports, sizeof(ImportRecord), out int imports);
            image.Imports = (nint*)DataMemory.Alloc(8 * (imports + 1L));
            nint* statics = stackalloc nint[4] { (nint)((long)image.FirstFunc << 32), (nint)image.Data, (nint)image.Imports, (nint)Tuza.Memory.Barrier.EnabledForCode };
            ImageStatics.Next = statics;
            RuntimeHelpers.RunClassConstructor(image.Module.ResolveTypeHandle(ImageFormat.ClassToken));
            Imports(image);
            FuncVals(image);
            Relocate(image);
            return image;
        }
    }

    /// <summary>All images are loaded: binds what is bound by name only.</summary>
    public static void Finish()
    {
        lock (s_lock)
        {
            for (int k = 0; k < s_lateImages.Count; k++)
            {
                LoadedImage image = s_lateImages[k];
                int i = s_lateImports[k];
                ImportRecord* r = (ImportRecord*)image.Section(ImageSection.Imports, sizeof(ImportRecord), out _) + i;
                image.Imports[i] = r->Kind == ImportKind.Code ? Late(image, r) : Variable(image, r, true);
            }
            foreach (var image in s_images)
                RelocateImports(image, onlyLate: true);
            s_lateImages.Clear();
            s_lateImports.Clear();
        }
    }

    public static bool IsLoaded(string package)
    {
        lock (s_lock)
            return s_byPackage.ContainsKey(package);
    }

    /// <summary>Sets a string variable before the program starts.</summary>
    public static void SetString(string variable, string value)
    {
        ReadOnlySpan<byte> name = Utf8Text.Bytes(variable);
        lock (s_lock)
        {
            foreach (LoadedImage image in s_images)
            {
                if (!image.Find(name, out var s) || s.Kind != SymbolKind.Global)
                    continue;
                byte* text = Utf8Text.Native(value, out int bytes);
                *(GoString*)(image.Data + s.Value) = new GoString { Ptr = text, Len = bytes };
                return;
            }
        }
    }

    /// <summary>Address of a variable, by link name, or null.</summary>
    internal static byte* FindVariable(string package, string variable)
    {
        lock (s_lock)
            return s_byPackage.TryGetValue(package, out LoadedImage? image) && image.Find(Utf8Text.Bytes(variable), out SymbolRecord s) && s.Kind == SymbolKind.Global ? image.Data + s.Value : null;
    }

    // ---- functions

    static void Functions(LoadedImage image)
    {
        FuncRecord* funcs = (FuncRecord*)image.Section(ImageSection.Funcs, sizeof(FuncRecord), out int count);
        var sites = (SiteDesc*)image.Section(ImageSection.Sites, sizeof(SiteDesc), out _);
        var inlines = (InlineDesc*)image.Section(ImageSection.Inlines, sizeof(InlineDesc), out _);
        bool bridges = image.Package is "reflect" or "runtime";
        image.FirstFunc = FuncTable.Reserve(count);
        for (int i = 0; i < count; i++)
        {
            FuncRecord* r = &funcs[i];
            FuncDesc* d = FuncTable.Get(image.FirstFunc + i);
            d->Resume = r->ResumeToken != 0 ? FuncTable.ResumeStub : null;
            d->FrameBytes = r->FrameBytes;
            d->SiteCount = r->SiteCount;
            d->Sites = sites + r->FirstSite;
            d->Name = image.Text + r->Name.Offset;
            d->NameLength = r->Name.Length;
            d->File = image.Text + r->File.Offset;
            d->FileLength = r->File.Length;
            d->StartLine = r->StartLine;
            d->Flags = r->Flags;
            if (bridges && IsBridge(new(d->Name, d->NameLength)))
                d->Flags |= FuncFlags.Wrapper;
            d->ImageId = s_images.Count - 1;
            d->Inlines = r->InlineCount != 0 ? inlines + r->FirstInline : null;
            d->FuncId = image.FirstFunc + i;
        }
    }

    /// <summary>Id of the function that a body was inlined into.</summary>
    internal static int FuncOf(InlineDesc* inline)
    {
        lock (s_lock)
        {
            foreach (LoadedImage image in s_images)
            {
                var inlines = (InlineDesc*)image.Section(ImageSection.Inlines, sizeof(InlineDesc), out int count);
                if (inline >= inlines && inline < inlines + count)
                    return image.FirstFunc + inline->Func;
            }
        }
        throw new InvalidOperationException("a descriptor of an inlined body that no image has");
    }

    /// <summary>Functions between a caller and what reflection or a return calls for it: recover and tracebacks look through them.</summary>
    static bool IsBridge(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("reflect.callReflect"u8) || name.SequenceEqual("reflect.callMethod"u8) || name.SequenceEqual("runtime.reflect_callTyped"u8)
        || name.SequenceEqual("runtime.reflectDynStub"u8) || name.SequenceEqual("runtime.reflectDynMethodStub"u8) || name.SequenceEqual("runtime.deferreturn"u8);

    /// <summary>The column of a site, in the innermost inlined body; 0 if not known.</summary>
    internal static int ColumnOf(FuncDesc* func, int site)
    {
        LoadedImage image = ImageOf(func->FuncId);
        var columns = (ushort*)image.Section(ImageSection.Columns, sizeof(ushort), out int count);
        long i = func->Sites + site - (SiteDesc*)image.Section(ImageSection.Sites, sizeof(SiteDesc), out _);
        return i >= 0 && i < count ? columns[i] : 0;
    }

    /// <summary>The name of the variable at an offset in the frame of a function that is at a site: UTF-8, empty for the compiler's own values.</summary>
    internal static ReadOnlySpan<byte> NameInFrame(FuncDesc* func, int site, int offset)
    {
        LoadedImage image = ImageOf(func->FuncId);
        var names = (FrameName*)image.Section(ImageSection.FrameNames, sizeof(FrameName), out int count);
        int index = func->FuncId - image.FirstFunc, lo = 0, hi = count;
        while (lo < hi)
        {
            int mid = (lo + hi) >>> 1;
            if (names[mid].Func < index)
                lo = mid + 1;
            else
                hi = mid;
        }
        // The smallest part around the offset: places of several variables may overlap, at other sites.
        FrameName* best = null;
        for (; lo < count && names[lo].Func == index; lo++)
        {
            FrameName* n = &names[lo];
            if (site >= n->FirstSite && site <= n->LastSite && offset >= n->Offset && offset - n->Offset < n->Bytes && (best == null || n->Bytes < best->Bytes))
                best = n;
        }
        return best == null ? default : new(image.Text + best->Name.Offset, best->Name.Length);
    }

    static LoadedImage ImageOf(int func) => s_images[FuncTable.Get(func)->ImageId];

    static nint Bind(int func, bool resume)
    {
        var image = ImageOf(func);
        FuncRecord* r = (FuncRecord*)image.Section(ImageSection.Funcs, sizeof(FuncRecord), out _) + (func - image.FirstFunc);
        return image.Code(resume ? r->ResumeToken : r->Token);
    }

    /// <summary>The function whose body (or, then entered is true, resume body) this method is; 0 if none.</summary>
    internal static int FunctionOf(System.Reflection.MethodBase method, out bool entered)
    {
        entered = false;
        lock (s_lock)
        {
            foreach (LoadedImage image in s_images)
            {
                if (!image.Module.Equals(method.Module.ModuleHandle))
                    continue;
                int token = method.MetadataToken;
                FuncRecord* r = (FuncRecord*)image.Section(ImageSection.Funcs, sizeof(FuncRecord), out int count);
                for (int i = 0; i < count; i++)
                    if (r[i].Token == token || r[i].ResumeToken == token)
                    {
                        entered = r[i].Token != token;
                        return image.FirstFunc + i;
                    }
            }
        }
        return 0;
    }

    static int FindByName(string name)
    {
        ReadOnlySpan<byte> utf8 = Utf8Text.Bytes(name);
        lock (s_lock)
        {
            foreach (var image in s_images)
                if (image.Find(utf8, out var s) && s.Kind == SymbolKind.Func)
                    return image.FirstFunc + (int)s.Value;
            return 0;
        }
    }

    /// <summary>Code words of static func values (thunks, closure bodies) and of functions whose entry was asked for.</summary>
    static int FindByCode(nint code)
    {
        lock (s_lock)
        {
            if (s_byCode == null)
            {
                s_byCode = [];
                foreach (var image in s_images)
                {
                    FuncValRecord* vals = (FuncValRecord*)image.Section(ImageSection.FuncVals, sizeof(FuncValRecord), out int n);
                    for (int i = 0; i < n; i++)
                        s_byCode[*(nint*)(image.Data + vals[i].Offset)] = vals[i].Func >= 0 ? image.FirstFunc + vals[i].Func : FindByName(image.TextOf(vals[i].Name));
                }
            }
            if (s_byCode.TryGetValue(code, out int id))
                return id;
            // Closures made at run time and methods: compare with every entry; the answer is kept.
            for (int i = 1; i < FuncTable.Count; i++)
                if (FuncTable.Get(i)->FuncId == i)
                    s_byCode.TryAdd((nint)FuncTable.EntryOf(i), i);
            return s_byCode.GetValueOrDefault(code);
        }
    }

    // ---- data

    /// <summary>The variables of all packages, for snapshots.</summary>
    internal static IEnumerable<DataSegment> DataSegments()
    {
        foreach (LoadedImage image in s_images)
            yield return Segment(image);
    }

    static DataSegment Segment(LoadedImage image)
    {
        DataSegment d = new() { Package = image.Package, Base = image.Data, Bytes = image.Header->DataBytes, Mask = (ulong*)image.Section(ImageSection.DataMask, sizeof(ulong), out _) };
        VariablePart* parts = (VariablePart*)image.Section(ImageSection.Parts, sizeof(VariablePart), out int partCount);
        d.Parts = new ReadOnlySpan<VariablePart>(parts, partCount).ToArray();
        VariablePlace* places = (VariablePlace*)image.Section(ImageSection.Places, sizeof(VariablePlace), out int placeCount);
        for (int i = 0; i < placeCount; i++)
            d.Places[places[i].Offset] = (image.TextOf(places[i].File), places[i].Line);
        SymbolRecord* table = (SymbolRecord*)image.Section(ImageSection.Symbols, sizeof(SymbolRecord), out int size);
        for (int i = 0; i < size; i++)
        {
            if (table[i].Kind == SymbolKind.Global)
                d.Symbols.Add((table[i].Value, image.TextOf(table[i].Name)));
        }
        return d;
    }

    static void Data(LoadedImage image)
    {
        long bytes = image.Header->DataBytes;
        image.Data = DataMemory.Alloc(bytes + 64);
        DataRun* runs = (DataRun*)image.Section(ImageSection.DataRuns, sizeof(DataRun), out int n);
        byte* from = image.Section(ImageSection.DataBytes, sizeof(byte), out _);
        for (int i = 0; i < n; i++)
        {
            Buffer.MemoryCopy(from, image.Data + runs[i].Offset, runs[i].Bytes, runs[i].Bytes);
            from += runs[i].Bytes;
        }
        ulong* mask = (ulong*)image.Section(ImageSection.DataMask, sizeof(ulong), out _);
        if (AddDataRoot != null)
            AddDataRoot(image.Data, (nuint)bytes / 8, mask);
    }

    static void FuncVals(LoadedImage image)
    {
        FuncValRecord* vals = (FuncValRecord*)image.Section(ImageSection.FuncVals, sizeof(FuncValRecord), out int n);
        for (int i = 0; i < n; i++)
            *(nint*)(image.Data + vals[i].Offset) = image.Code(vals[i].Token);
    }

    static void Relocate(LoadedImage image)
    {
        RelocRecord* relocs = (RelocRecord*)image.Section(ImageSection.Relocs, sizeof(RelocRecord), out int n);
        for (int i = 0; i < n; i++)
            if (relocs[i].Import < 0)
                *(byte**)(image.Data + relocs[i].Offset) = image.Data + relocs[i].Addend;
        RelocateImports(image, onlyLate: false);
    }

    static void RelocateImports(LoadedImage image, bool onlyLate)
    {
        RelocRecord* relocs = (RelocRecord*)image.Section(ImageSection.Relocs, sizeof(RelocRecord), out int n);
        for (int i = 0; i < n; i++)
            if (relocs[i].Import is var import and >= 0 && image.Imports[import] != 0 && (!onlyLate || *(nint*)(image.Data + relocs[i].Offset) == 0))
                *(nint*)(image.Data + relocs[i].Offset) = image.Imports[import] + (nint)relocs[i].Addend;
    }

    static void Imports(LoadedImage image)
    {
        byte* section = image.Section(ImageSection.Types, sizeof(byte), out int bytes);
        void** types = null, itabs = null;
        if (bytes > 0)
        {
            image.Section(ImageSection.TypeCode, sizeof(CodeRecord), out int codes);
            int codeBase = CodeTable.Register(codes, i => TypeCode(image, i));
            var (t, it) = TypeTable.Counts(section);
            types = (void**)NativeMemory.Alloc((nuint)t + 1, (nuint)sizeof(void*));
            itabs = (void**)NativeMemory.Alloc((nuint)it + 1, (nuint)sizeof(void*));
            TypeTable.Load(section, codeBase, types, itabs);
        }
        ImportRecord* records = (ImportRecord*)image.Section(ImageSection.Imports, sizeof(ImportRecord), out int n);
        for (int i = 0; i < n; i++)
        {
            ImportRecord* r = &records[i];
            image.Imports[i] = r->Kind switch
            {
                ImportKind.Type => (nint)types[r->Index],
                ImportKind.Itab => (nint)itabs[r->Index],
                ImportKind.Global => Variable(image, r, false),
                _ => 0,
            };
            if (image.Imports[i] != 0)
                continue;
            s_lateImages.Add(image);
            s_lateImports.Add(i);
        }
    }

    static nint TypeCode(LoadedImage image, int index)
    {
        CodeRecord* r = (CodeRecord*)image.Section(ImageSection.TypeCode, sizeof(CodeRecord), out _) + index;
        if (r->Token >> 24 == 0x06)
            return image.Code(r->Token);
        nint code = r->Func == CodeRecord.Native ? NativeCode(image.TextOf(r->Name)) : Named(image, r->Name, r->Package);
        return code != 0 ? code : throw new MissingMethodException($"method {image.TextOf(r->Name)} is in no image of the program");
    }

    static nint Named(LoadedImage image, TextRef name, TextRef package)
    {
        var utf8 = new ReadOnlySpan<byte>(image.Text + name.Offset, name.Length);
        if (s_byPackage.TryGetValue(image.TextOf(package), out var owner) && owner.Find(utf8, out var s) && s.Kind == SymbolKind.Func)
            return (nint)FuncTable.EntryOf(owner.FirstFunc + (int)s.Value);
        foreach (var other in s_images)
            if (other.Find(utf8, out s) && s.Kind == SymbolKind.Func)
                return (nint)FuncTable.EntryOf(other.FirstFunc + (int)s.Value);
        return 0;
    }

    static nint Late(LoadedImage image, ImportRecord* r)
    {
        nint code = Named(image, r->Name, r->Package);
        return code != 0 ? code : image.Code(r->Token);
    }

    /// <summary>Address of a variable of another image; at the end, one that nobody defines gets zeroed memory.</summary>
    static nint Variable(LoadedImage image, ImportRecord* r, bool last)
    {
        var utf8 = new ReadOnlySpan<byte>(image.Text + r->Name.Offset, r->Name.Length);
        if (utf8.SequenceEqual("runtime.zerobase"u8))
            return (nint)Alloc.ZeroBase;
        if (s_byPackage.TryGetValue(image.TextOf(r->Package), out var owner) && owner.Find(utf8, out var s) && s.Kind == SymbolKind.Global)
            return (nint)(owner.Data + s.Value);
        foreach (var other in s_images)
            if (other.Find(utf8, out s) && s.Kind == SymbolKind.Global)
                return (nint)(other.Data + s.Value);
        const nuint UndefinedBytes = 4096;
        return last ? (nint)NativeMemory.AllocZeroed(UndefinedBytes) : 0;
    }
}

// The data segment and the import table of an image under construction.
//
// One segment holds everything: variables, read-only tables, string bytes, static func values. Offsets are given out on first use, in
// order; a bit mask says which words may hold heap pointers. Read-only data has no mask bits: it can only point to static things.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

sealed partial class ImageBuilder
{
    readonly Dictionary<Global, long> _globals = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<string, long> _globalsByName = [];
    readonly Dictionary<string, long> _strings = [];
    readonly Dictionary<string, long> _funcVals = [];
    readonly Dictionary<(ImportKind, object), int> _importIds = [];
    readonly Queue<(StaticData Data, long At)> _pendingRelocs = new();

    public long DataBytes { get; private set; } = 16; // offset 0 is no place
    public List<(long At, byte[] Bytes)> Runs { get; } = [];
    public List<long> PtrWords { get; } = [];
    public List<RelocRecord> Relocs { get; } = [];
    public List<ImportRecord> Imports { get; } = [];
    public List<FuncValRecord> FuncVals { get; } = [];
    public Dictionary<string, long> GlobalsByName => _globalsByName;

    long Reserve(long size, long align)
    {
        // A place of its own, and room behind the last byte, so that one-past-the-end addresses stay inside.
        long at = (DataBytes + align - 1) & -align;
        DataBytes = at + Math.Max(size, 1);
        return at;
    }

    /// <summary>Offset in the data segment of a variable defined here, or -1.</summary>
    public long GlobalOffset(Global g)
    {
        if (_globals.TryGetValue(g, out long at))
            return at;
        // Other packages of this process have set Defined on their variables, too: what counts is our own list.
        if (Defined(g.LinkName) is not { } own)
            return -1;
        if (!ReferenceEquals(own, g))
            return _globals[g] = GlobalOffset(own);
        var flat = Flatten.Of(g.Type);
        long size = Math.Max(flat.Size, g.Init?.Size ?? 0);
        if (size == 0)
            return _globals[g] = -1; // all of them lie at runtime.zerobase
        at = Reserve(size, size >= 16 ? 16 : Math.Max(flat.Align, size >= 8 ? 8 : 1));
        _globals.Add(g, at);
        _globalsByName.Add(g.LinkName, at);
        if (!g.ReadOnly && flat.PtrWords is { } words)
            for (int i = 0; i < words.Length; i++)
                if (words[i])
                    PtrWords.Add((at >> 3) + i);
        if (!g.ReadOnly)
        {
            AddParts(g.Type, at);
            AddPlace(g, at);
        }
        if (g.Init is { } init)
        {
            if (init.Bytes.Length > 0)
                Runs.Add((at, init.Bytes));
            if (init.Relocs.Count > 0)
                _pendingRelocs.Enqueue((init, at));
        }
        return at;
    }

    Dictionary<string, Global>? _defined;
    int _definedCount;

    /// <summary>The variable defined here under this name, if any.</summary>
    Global? Defined(string linkName)
    {
        _defined ??= [];
        for (; _definedCount < _input.Globals.Count; _definedCount++)
            if (_input.Globals[_definedCount] is { Defined: true } g)
                if (!_defined.TryAdd(g.LinkName, g) && !ReferenceEquals(_defined[g.LinkName], g))
                    throw new InvalidOperationException($"image: two variables are called {g.LinkName}");
        return _defined.GetValueOrDefault(linkName);
    }

    /// <summary>Relocations of placed data; they may place more.</summary>
    bool DrainData()
    {
        bool any = false;
        for (; _pendingRelocs.TryDequeue(out var p); any = true)
            foreach (var r in p.Data.Relocs)
            {
                var record = new RelocRecord { Offset = p.At + r.Offset, Addend = r.Addend, Import = -1 };
                switch (r.Target)
                {
                    case Global g:
                        long at = GlobalOffset(g);
                        if (at >= 0)
                            record.Addend += at;
                        else
                            record.Import = ImportGlobal(g);
                        break;
                    case Function f: record.Addend += FuncValOffset(f); break;
                    case StringBytes s: record.Addend += StringOffset(s); break;
                    case GoType t: record.Import = ImportType(t); break;
                    case ItabKey k: record.Import = ImportItab(k); break;
                    default: throw new InvalidOperationException($"image: relocation to a {r.Target.GetType().Name}");
                }
                Relocs.Add(record);
            }
        return any;
    }

    public long StringOffset(StringBytes s)
    {
        string key = System.Text.Encoding.Latin1.GetString(s.Bytes);
        if (!_strings.TryGetValue(key, out long at))
        {
            at = Reserve(s.Bytes.Length, s.Bytes.Length >= 16 ? 8 : 1);
            _strings.Add(key, at);
            if (s.Bytes.Length > 0)
                Runs.Add((at, s.Bytes));
        }
        return at;
    }

    /// <summary>Offset of the static func value of a function.</summary>
    public long FuncValOffset(Function f)
    {
        if (_funcVals.TryGetValue(f.LinkName, out long at))
            return at;
        at = Reserve(8, 8);
        _funcVals.Add(f.LinkName, at);
        int token = FuncValueToken(f);
        FuncVals.Add(new FuncValRecord { Offset = at, Name = Text(f.LinkName), Token = token, Func = _functions.TryGetValue(f.LinkName, out var e) ? e.Index : -1 });
        return at;
    }

    // ---- imports

    int Import(ImportKind kind, object key, Func<ImportRecord> make)
    {
        if (!_importIds.TryGetValue((kind, key), out int id))
        {
            var record = make();
            id = Imports.Count;
            _importIds.Add((kind, key), id);
            Imports.Add(record);
        }
        return id;
    }

    TypeSection Types => _input.Types ?? throw new InvalidOperationException("image: no type section");

    public int ImportType(GoType t)
    {
        int index = Types.IndexOf(t);
        return Import(ImportKind.Type, index, () => new ImportRecord { Kind = ImportKind.Type, Index = index });
    }

    public int ImportItab(ItabKey key)
    {
        int index = Types.ItabIndexOf(key);
        return Import(ImportKind.Itab, index, () => new ImportRecord { Kind = ImportKind.Itab, Index = index });
    }

    public int ImportGlobal(Global g)
    {
        string package = g.Obj?.Pkg?.Path ?? "";
        if (Flatten.SizeOf(g.Type) == 0)
            return Import(ImportKind.Global, ImageFormat.ZeroBase, () => new ImportRecord { Kind = ImportKind.Global, Name = Text(ImageFormat.ZeroBase), Package = Text("runtime") });
        return Import(ImportKind.Global, g.LinkName, () => new ImportRecord { Kind = ImportKind.Global, Name = Text(g.LinkName), Package = Text(package) });
    }

    public int ImportCode(string symbol, string signature, Package package) =>
        Import(ImportKind.Code, symbol, () => new ImportRecord { Kind = ImportKind.Code, Name = Text(symbol), Package = Text(package.Path), Token = MissingStub(symbol, signature) });
}

// Writes the heap as a file: objects with their types and the stacks that made them, what refers to them, goroutines, spans.
//
// World stopped, after a collection or at the end of marking: then an object is live when its mark bit (span not swept yet) or its alloc bit
// (swept) is set. Types and stacks are known for objects that were made while allocations were traced (AllocTrace); without, large objects and
// those with a header still know their type. The file gets its name when it is complete.
//
// The format is in Abi/SnapshotFormat.cs.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

using Tuza.Abi;

namespace Tuza.Runtime;

sealed unsafe partial class SnapshotWriter
{
    readonly SnapshotOutput _out;
    readonly bool _redact;
    readonly Dictionary<string, uint> _texts = new(StringComparer.Ordinal) { [""] = 0 };
    readonly List<string> _textList = [""];
    readonly Dictionary<(nint Address, int Length), uint> _known = [];
    readonly Dictionary<nint, uint> _types = [];
    readonly List<nint> _typeList = [0];
    long _objects, _objectBytes;
    ulong[] _mask = new ulong[64];

    SnapshotWriter(Stream file, bool redact)
    {
        _out = new SnapshotOutput(file);
        _redact = redact;
    }

    /// <summary>World stopped. Throws IOException when the file cannot be written.</summary>
    public static void Write(string path, bool redact, IReadOnlyList<(string Key, string Value)> meta)
    {
        string temp = path + ".part";
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (FileStream file = new(temp, options))
            new SnapshotWriter(file, redact).WriteAll(meta);
        File.Move(temp, path, overwrite: true);
    }

    void WriteAll(IReadOnlyList<(string Key, string Value)> meta)
    {
        _out.Write(SnapshotFormat.Magic);
        _out.Write(SnapshotFormat.Version);
        Section(SnapshotFormat.Meta, () =>
        {
            _out.Write(meta.Count);
            foreach ((string key, string value) in meta)
            {
                _out.Write(key);
                _out.Write(value);
            }
        });
        Section(SnapshotFormat.Spans, Spans);
        Section(SnapshotFormat.Objects, Objects);
        Section(SnapshotFormat.Globals, Globals);
        Section(SnapshotFormat.Goroutines, Goroutines);
        Section(SnapshotFormat.Growth, WriteGrowth);
        Section(SnapshotFormat.Specials, WriteSpecials);
        Section(SnapshotFormat.Timers, WriteTimers);
        Section(SnapshotFormat.Stack, Stacks);
        Section(SnapshotFormat.Type, Types);
        Section(SnapshotFormat.Text, Texts);
        Section(SnapshotFormat.End, () =>
        {
            _out.Write(_objects);
            _out.Write(_objectBytes);
        });
        _out.Flush();
    }

    void Section(string tag, Action body)
    {
        foreach (char c in tag)
            _out.Write((byte)c);
        long at = _out.Position;
        _out.Write(0L);
        body();
        _out.Patch(at, _out.Position - at - 8, 8);
    }

    /// <summary>A section's records behind their number, which is patched in when it is known.</summary>
    void Counted(Func<int> body)
    {
        long at = _out.Position;
        _out.Write(0);
        _out.Patch(at, body(), 4);
    }

    // ---- texts, types, stacks

    uint Text(string s)
    {
        if (!_texts.TryGetValue(s, out uint i))
        {
            _texts[s] = i = (uint)_textList.Count;
            _textList.Add(s);
        }
        return i;
    }

    /// <summary>Names of functions and files lie in memory that does not move: most of them were met before.</summary>
    uint Text(byte* utf8, int length)
    {
        if (!_known.TryGetValue(((nint)utf8, length), out uint i))
            _known[((nint)utf8, length)] = i = Text(length == 0 ? "" : Encoding.UTF8.GetString(utf8, length));
        return i;
    }

    uint TypeIndex(TypeDesc* t)
    {
        if (t == null)
            return 0;
        if (!_types.TryGetValue((nint)t, out uint i))
        {
            _types[(nint)t] = i = (uint)_typeList.Count;
            _typeList.Add((nint)t);
        }
        return i;
    }

    void Texts()
    {
        _out.Write(_textList.Count);
        foreach (string s in _textList)
            _out.Write(s);
    }

    void Types() => Counted(() =>
    {
        for (int i = 1; i < _typeList.Count; i++) // grows as types name others
            Type((TypeDesc*)_typeList[i]);
        return _typeList.Count - 1;
    });

    void Type(TypeDesc* t)
    {
        // The runtime's own objects (channels, timers) have descriptors with sizes and pointers only.
        bool described = t->Str != 0;
        _out.Write(Text(described ? TypeTable.TypeString(t) : t == Chan.ObjectType ? "chan" : t == Timers.ObjectType ? "time.Timer" : t == Defers.ObjectType ? "defer" : "(runtime)"));
        _out.Write((byte)(described ? t->Kind : Kind.Invalid));
        _out.Write((ulong)t->Size);
        _out.Write((ulong)t->PtrBytes);
        _out.Write(described && t->Kind == Kind.Array ? (ulong)((ArrayTypeDesc*)t)->Len : 0);
        _out.Write(!described ? 0u : t->Kind switch
        {
            Kind.Array => TypeIndex(((ArrayTypeDesc*)t)->Elem),
            Kind.Slice => TypeIndex(((SliceTypeDesc*)t)->Elem),
            Kind.Pointer => TypeIndex(((PtrTypeDesc*)t)->Elem),
            Kind.Chan => TypeIndex(((ChanTypeDesc*)t)->Elem),
            Kind.Map => TypeIndex(((MapTypeDesc*)t)->Elem),
            _ => 0u,
        });
        _out.Write(described && t->Kind == Kind.Map ? TypeIndex(((MapTypeDesc*)t)->Key) : 0u);
        if (!described || t->Kind != Kind.Struct)
        {
            _out.Write(0);
            return;
        }
        GoSlice fields = ((StructTypeDesc*)t)->Fields;
        _out.Write((int)fields.Len);
        for (nint i = 0; i < fields.Len; i++)
        {
            StructFieldDesc* f = (StructFieldDesc*)fields.Array + i;
            _out.Write(Text(Encoding.UTF8.GetString(TypeTable.NameText(f->Name))));
            _out.Write(TypeIndex(f->Type));
            _out.Write((ulong)f->Offset);
        }
    }

    void Stacks()
    {
        int n = StackIds.Count;
        _out.Write(n);
        for (uint id = 1; id <= n; id++)
        {
            ReadOnlySpan<ulong> frames = StackIds.Frames(id);
            List<LogicalFrame> logical = [];
            int column = -1;
            foreach (ulong header in frames)
            {
                int before = logical.Count;
                FuncDesc* func = Pcs.Get((uint)(header >> 32));
                AddLogical(logical, func, (int)(uint)header);
                for (int i = before; column < 0 && i < logical.Count; i++)
                {
                    ReadOnlySpan<byte> name = new(logical[i].Name, logical[i].NameLength);
                    if (!name.StartsWith("runtime."u8) && !name.StartsWith("internal/runtime/"u8))
                        column = i == before ? ImageLoader.ColumnOf(func, (int)(uint)header) : 0; // around an inlined body of the runtime the call's column is not known
                }
            }
            (long made, long bytes) = StackIds.MadeBy(id);
            _out.Write(made);
            _out.Write(bytes);
            _out.Write((ushort)Math.Max(column, 0));
            _out.Write((ushort)logical.Count);
            foreach (LogicalFrame f in logical)
                Frame(f);
        }
    }

    static void AddLogical(List<LogicalFrame> list, FuncDesc* func, int site)
    {
        if (func == null)
            return;
        for (int d = 0, depth = Pcs.Depth(func, site); d < depth && list.Count < ushort.MaxValue; d++)
        {
            LogicalFrame f = Pcs.Frame(func, site, d);
            if ((f.Flags & FuncFlags.Wrapper) == 0)
                list.Add(f);
        }
    }

    void Frame(in LogicalFrame f)
    {
        _out.Write(Text(f.Name, f.NameLength));
        _out.Write(Text(f.File, f.FileLength));
        _out.Write(f.Line);
    }
}

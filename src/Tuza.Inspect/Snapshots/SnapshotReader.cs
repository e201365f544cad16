// From a snapshot file to a Snapshot. The sections are found first, then read in the order that suits: texts and types before objects, so that
// bodies become edges and uses as they pass by and need not be kept.
//
// Invariant: whatever the file holds, the result is a Snapshot or a SnapshotException; memory stays in proportion to the file.

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Numerics;
using Tuza.Abi;

namespace Tuza.Inspect;

public sealed class SnapshotReader
{
    readonly Stream _file;
    readonly Snapshot _snapshot = new();
    readonly Dictionary<string, (long Offset, long Length)> _sections = new(StringComparer.Ordinal);
    string[] _texts = [""];
    readonly List<ulong> _targets = [];
    readonly List<int> _offsets = [];
    ulong[] _mask = new ulong[64];

    SnapshotReader(Stream file) => _file = file;

    /// <summary>Reads a whole file. Throws SnapshotException, or IOException when the file cannot be read at all.</summary>
    public static Snapshot Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        Snapshot s = Read(file);
        s.File = path;
        return s;
    }

    public static Snapshot Read(Stream file)
    {
        SnapshotReader r = new(file);
        r.FindSections();
        r.ReadMeta();
        r.ReadTexts();
        r.ReadTypes();
        r.ReadStacks();
        r.ReadSpans();
        r.ReadObjects();
        r.ReadGlobals();
        r.ReadGoroutines();
        r.ReadGrowth();
        r.ReadSpecials();
        r.ReadTimers();
        return r._snapshot;
    }

    void FindSections()
    {
        Span<byte> head = stackalloc byte[12];
        if (_file.ReadAtLeast(head, 12, throwOnEndOfStream: false) < 12 || BinaryPrimitives.ReadUInt64LittleEndian(head) != SnapshotFormat.Magic)
            throw new SnapshotException("not a heap snapshot of Tuza");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(head[8..]);
        if (version != SnapshotFormat.Version)
            throw new SnapshotException($"version {version} of the format; this tuza reads version {SnapshotFormat.Version}");
        long length = _file.Length;
        string tag = "";
        for (long at = 12; at < length;)
        {
            _file.Position = at;
            if (length - at < 12 || _file.ReadAtLeast(head, 12, throwOnEndOfStream: false) < 12)
                throw new SnapshotException("the file is cut off");
            tag = System.Text.Encoding.ASCII.GetString(head[..4]);
            long bytes = BinaryPrimitives.ReadInt64LittleEndian(head[4..]);
            if (bytes < 0 || bytes > length - at - 12)
                throw new SnapshotException("the file is cut off or damaged");
            if (!_sections.TryAdd(tag, (at + 12, bytes)))
                throw new SnapshotException("the file is damaged: a section is there twice");
            at += 12 + bytes;
        }
        if (tag != SnapshotFormat.End)
            throw new SnapshotException("the file is not complete: its writer did not come to the end");
    }

    SnapshotSource Section(string tag) => _sections.TryGetValue(tag, out var s) ? new SnapshotSource(_file, tag, s.Offset, s.Length) : throw new SnapshotException($"section {tag} is missing");

    void ReadMeta()
    {
        SnapshotSource s = Section(SnapshotFormat.Meta);
        for (int n = s.Count(2); n > 0; n--)
        {
            string key = s.Text();
            _snapshot.Meta[key] = s.Text();
        }
    }

    void ReadTexts()
    {
        SnapshotSource s = Section(SnapshotFormat.Text);
        _texts = new string[Math.Max(1, s.Count(1))];
        _texts[0] = "";
        for (int i = 0; i < _texts.Length && s.Left > 0; i++)
            _texts[i] = s.Text();
        for (int i = 0; i < _texts.Length; i++)
            _texts[i] ??= "";
    }

    string Text(SnapshotSource s) => _texts[s.Index(_texts.Length, "text")];

    void ReadTypes()
    {
        SnapshotSource s = Section(SnapshotFormat.Type);
        int count = s.Count(41), bound = count + 1;
        for (int i = 0; i < count; i++)
        {
            string name = Text(s);
            var kind = (Kind)s.U8();
            long bytes = s.Size(), pointers = s.Size(), length = s.Size();
            int elem = s.Index(bound, "type"), key = s.Index(bound, "type");
            var fields = new SnapshotField[s.Count(16)];
            for (int f = 0; f < fields.Length; f++)
            {
                string field = Text(s);
                int type = s.Index(bound, "type");
                fields[f] = new SnapshotField(field, type, s.Size());
            }
            _snapshot.Types.Add(new SnapshotType(name, kind, bytes, pointers, length, elem, key, fields));
        }
        _parts = new ValueParts(_snapshot.Types);
    }

    ValueParts _parts = null!;

    SnapshotFrame Frame(SnapshotSource s)
    {
        string function = Text(s), file = Text(s);
        return new SnapshotFrame(function, file, s.I32());
    }

    void ReadStacks()
    {
        SnapshotSource s = Section(SnapshotFormat.Stack);
        int count = s.Count(20);
        for (int i = 0; i < count; i++)
        {
            long made = s.Size(), bytes = s.Size();
            _snapshot.Made.Add((made, bytes));
            _snapshot.MakerColumn.Add(s.U16());
            int n = s.U16();
            if (n * 12L > s.Left)
                throw new SnapshotException("section STCK is damaged: a stack is longer than the section");
            var frames = new SnapshotFrame[n];
            for (int f = 0; f < n; f++)
                frames[f] = Frame(s);
            _snapshot.Stacks.Add(frames);
        }
    }

    void ReadSpans()
    {
        SnapshotSource s = Section(SnapshotFormat.Spans);
        for (int n = s.Count(26); n > 0; n--)
        {
            ulong address = s.U64();
            long pages = s.Size();
            int spanClass = s.U8();
            if (spanClass >= HeapConsts.NumSpanClasses)
                throw new SnapshotException($"section SPAN is damaged: class {spanClass}");
            var state = (SnapshotSpanState)s.U8();
            int slots = s.I32();
            _snapshot.Spans.Add(new SnapshotSpan(address, pages, spanClass, state, slots, s.I32()));
        }
    }

    // ---- objects

    void ReadObjects()
    {
        SnapshotSource s = Section(SnapshotFormat.Objects);
        int n = s.Count64(31);
        Snapshot p = _snapshot;
        p.Address = new ulong[n];
        p.Bytes = new long[n];
        p.Type = new int[n];
        p.Stack = new int[n];
        p.Flags = new SnapshotFlags[n];
        p.Age = new ushort[n];
        p.BodyOffset = new long[n];
        int[] start = new int[n + 1];
        ulong end = 0;
        for (int i = 0; i < n; i++)
        {
            p.Address[i] = s.U64();
            p.Bytes[i] = s.Size();
            if (p.Address[i] < end || p.Bytes[i] == 0)
                throw new SnapshotException("section OBJS is damaged: objects overlap");
            end = p.Address[i] + (ulong)p.Bytes[i];
            p.Type[i] = s.Index(p.Types.Count, "type");
            p.Stack[i] = s.Index(p.Stacks.Count, "stack");
            p.Flags[i] = (SnapshotFlags)s.U8();
            p.Age[i] = (ushort)s.U16();
            p.TotalBytes += p.Bytes[i];
            int body = s.I32();
            if (body < 0 || body > p.Bytes[i])
                throw new SnapshotException("section OBJS is damaged: a body is larger than its object");
            if ((p.Flags[i] & SnapshotFlags.NoScan) != 0)
            {
                p.BodyOffset[i] = body == 0 ? 0 : s.FileOffset;
                s.Skip(body);
            }
            else
            {
                ReadOnlySpan<byte> words = Body(s, body, p.Type[i]);
                if (MapUsed(p.Type[i]) is >= 0 and var used && used + 8 <= words.Length && p.Bytes[i] < 2 * p.Types[p.Type[i]].Bytes)
                    p.Maps.Add((i, BinaryPrimitives.ReadInt64LittleEndian(words[used..])));
            }
            start[i + 1] = _targets.Count;
        }
        p.ObjectCount = n;
        Resolve(start);
    }

    readonly Dictionary<int, int> _mapUsed = [];

    /// <summary>Where in an object of a type the number of a map's entries is; -1 for other types.</summary>
    int MapUsed(int type)
    {
        if (!_mapUsed.TryGetValue(type, out int at))
        {
            SnapshotType t = _snapshot.Types[type];
            int field = t.Name == SnapshotFormat.MapType ? Array.FindIndex(t.Fields, static f => f.Name == "used") : -1;
            _mapUsed[type] = at = field < 0 || t.Fields[field].Offset > 1024 ? -1 : (int)t.Fields[field].Offset;
        }
        return at;
    }

    /// <summary>Mask and body of something with pointers: notes targets, offsets and uses. The body is valid until the next read.</summary>
    ReadOnlySpan<byte> Body(SnapshotSource s, int bytes, int type)
    {
        int words = bytes / 8, maskWords = (words + 63) / 64;
        if (maskWords * 8L + bytes > s.Left)
            throw new SnapshotException("a body is longer than its section");
        if (_mask.Length < maskWords)
            _mask = new ulong[maskWords];
        for (int i = 0; i < maskWords; i++)
            _mask[i] = s.U64();
        ReadOnlySpan<byte> body = s.Bytes(bytes);
        for (int i = 0; i < maskWords; i++)
        {
            for (ulong bits = _mask[i]; bits != 0; bits &= bits - 1)
            {
                int at = (i * 64 + BitOperations.TrailingZeroCount(bits)) * 8;
                if (at + 8 > bytes)
                    break;
                ulong target = BinaryPrimitives.ReadUInt64LittleEndian(body[at..]);
                if (target == 0)
                    continue;
                _targets.Add(target);
                _offsets.Add(at);
            }
        }
        if (type != 0)
            _parts.Collect(body, type, _snapshot.Uses);
        return body;
    }

    /// <summary>Addresses become object numbers; those outside the heap are dropped.</summary>
    void Resolve(int[] start)
    {
        Snapshot p = _snapshot;
        int[] to = new int[_targets.Count], offsets = new int[_targets.Count];
        int kept = 0, first = 0;
        for (int i = 0; i < p.ObjectCount; i++)
        {
            int end = start[i + 1];
            start[i] = kept;
            for (int e = first; e < end; e++)
            {
                int target = p.Find(_targets[e]);
                if (target < 0)
                    continue;
                to[kept] = target;
                offsets[kept++] = _offsets[e];
            }
            first = end;
        }
        start[p.ObjectCount] = kept;
        p.EdgeStart = start;
        p.EdgeTo = to.AsSpan(0, kept).ToArray();
        p.EdgeOffset = offsets.AsSpan(0, kept).ToArray();
        _targets.Clear();
        _offsets.Clear();
        _targets.TrimExcess();
        _offsets.TrimExcess();
    }

    // ---- roots

    SnapshotFrame Declaration(SnapshotSource s)
    {
        string file = Text(s);
        int line = s.I32();
        return file == "" || line <= 0 ? default : new SnapshotFrame("", file, line);
    }

    void ReadGlobals()
    {
        SnapshotSource s = Section(SnapshotFormat.Globals);
        List<(ulong To, string From)> outside = [];
        List<(ulong Address, long Bytes, SnapshotRoot Root)> values = [];
        for (int n = s.Count(32); n > 0; n--)
        {
            SnapshotRoot root = new() { Variable = Text(s), Declared = Declaration(s) };
            List<(int, string)> refs = [];
            ulong address = s.U64();
            long bytes = s.Size();
            if (bytes > s.Left)
                throw new SnapshotException("section GLOB is damaged: a variable is longer than the section");
            byte[] body = Body(s, (int)Math.Min(bytes, int.MaxValue & ~7), 0).ToArray();
            for (int parts = s.Count(9); parts > 0; parts--)
            {
                int at = s.I32(), element = s.I32();
                var flags = (PartFlags)s.U8();
                ValueParts.Add(body, at, new ValueParts.Part(at, element, (flags & PartFlags.IsString) != 0, (flags & PartFlags.HasPointers) != 0), _snapshot.Uses);
            }
            for (int i = 0; i < _targets.Count; i++)
            {
                if (_snapshot.Find(_targets[i]) is >= 0 and var target)
                    refs.Add((target, _offsets[i] == 0 ? "" : $"+{_offsets[i]}"));
                else if (!root.Variable.Contains(StaticValue, StringComparison.Ordinal))
                    outside.Add((_targets[i], root.Variable));
            }
            if (root.Variable.Contains(StaticValue, StringComparison.Ordinal))
                values.Add((address, bytes, root));
            _targets.Clear();
            _offsets.Clear();
            root.Refs = [.. refs];
            if (refs.Count > 0)
                _snapshot.AddRoot(root);
        }
        NameStaticValues(outside, values);
    }

    /// <summary>In the names of values without one, that variables are initialized with.</summary>
    const string StaticValue = "..stmp_";

    /// <summary>What `var cache = &amp;table{…}` points to is called *cache.</summary>
    static void NameStaticValues(List<(ulong To, string From)> outside, List<(ulong Address, long Bytes, SnapshotRoot Root)> values)
    {
        outside.Sort(static (a, b) => a.To.CompareTo(b.To));
        foreach ((ulong address, long bytes, SnapshotRoot root) in values)
        {
            int i = outside.BinarySearch((address, ""), Comparer<(ulong To, string From)>.Create(static (a, b) => a.To.CompareTo(b.To)));
            if (i < 0)
                i = ~i;
            if (i < outside.Count && outside[i].To - address < (ulong)bytes)
                root.Variable = "*" + outside[i].From;
        }
    }

    void ReadGoroutines()
    {
        SnapshotSource s = Section(SnapshotFormat.Goroutines);
        Dictionary<(SnapshotFrame, string), string> places = [];
        List<(int, string)> refs = [];
        List<SnapshotFrame> frames = [];
        SnapshotFrame[] last = [];
        for (int n = s.Count(68); n > 0; n--)
        {
            long id = s.Size();
            var status = (SnapshotStatus)s.U8();
            bool system = s.U8() != 0;
            string reason = Text(s);
            long wait = s.Size();
            int created = s.Index(_snapshot.Stacks.Count, "stack");
            string start = Text(s);
            long stack = s.Size();
            int defers = s.I32();
            long deferNanos = s.Size(), busyNanos = s.Size();
            int waits = s.U16();
            if (waits * 8L > s.Left)
                throw new SnapshotException("section GORO is damaged: it ends too early");
            ulong[] waitsOn = waits == 0 ? [] : new ulong[waits];
            for (int w = 0; w < waits; w++)
                waitsOn[w] = s.U64();
            refs.Clear();
            frames.Clear();
            List<int> deferred = [];
            for (int d = s.Count(8); d > 0; d--)
            {
                if (_snapshot.Find(s.U64()) is not (>= 0 and var target))
                    continue;
                deferred.Add(target);
                refs.Add((target, "deferred call"));
            }
            for (int f = s.Count(16); f > 0; f--)
            {
                SnapshotFrame frame = Frame(s);
                frames.Add(frame);
                for (int slots = s.Count(12); slots > 0; slots--)
                {
                    string variable = Text(s);
                    if (_snapshot.Find(s.U64()) is not (>= 0 and var target))
                        continue;
                    if (!places.TryGetValue((frame, variable), out string? place))
                        places[(frame, variable)] = place = InFrame(variable) + Snapshot.Describe(frame);
                    refs.Add((target, place));
                }
            }
            if (!System.Runtime.InteropServices.CollectionsMarshal.AsSpan(frames).SequenceEqual(last))
                last = [.. frames];
            SnapshotRoot root = new() { Goroutine = id, Refs = [.. refs] };
            _snapshot.Goroutines.Add(new SnapshotGoroutine
            {
                Id = id,
                Status = status,
                IsSystem = system,
                Reason = reason,
                WaitNanos = wait,
                Created = created,
                Start = start,
                StackBytes = stack,
                Defers = defers,
                DeferNanos = deferNanos,
                BusyNanos = busyNanos,
                WaitsOn = waitsOn,
                Deferred = [.. deferred],
                Frames = last,
                Root = root,
            });
            _snapshot.AddRoot(root);
        }
    }

    static string InFrame(string variable) => variable switch
    {
        "" => "",
        ['&', .. var moved] => $"variable {moved} (in the heap) of ",
        _ => $"variable {variable} of ",
    };

    void ReadGrowth()
    {
        SnapshotSource s = Section(SnapshotFormat.Growth);
        for (int n = s.Count(32); n > 0; n--)
        {
            int stack = s.Index(_snapshot.Stacks.Count, "stack"), first = s.I32(), last = s.I32(), seen = s.I32(), rises = s.I32(), falls = s.I32();
            _snapshot.Growth.Add(new SnapshotGrowth(stack, first, last, seen, rises, falls, s.Size()));
        }
    }

    void ReadTimers()
    {
        SnapshotSource s = Section(SnapshotFormat.Timers);
        for (int n = s.Count(24); n > 0; n--)
        {
            ulong address = s.U64();
            long period = s.Size();
            _snapshot.Timers.Add(new SnapshotTimer(address, period, s.U64()));
        }
    }

    void ReadSpecials()
    {
        SnapshotSource s = Section(SnapshotFormat.Specials);
        List<(int, string)> refs = [];
        for (int n = s.Count(21); n > 0; n--)
        {
            ulong address = s.U64();
            var kind = (SnapshotSpecialKind)s.U8();
            string function = Text(s);
            if (_snapshot.Find(s.U64()) is >= 0 and var closure)
                refs.Add((closure, function));
            _snapshot.Specials.Add(new SnapshotSpecial(address, kind, function));
        }
        if (refs.Count > 0)
            _snapshot.AddRoot(new SnapshotRoot { Variable = "(finalizers and cleanups)", Refs = [.. refs] });
    }
}

// A heap snapshot in memory: what the file says, with references as object numbers.
//
// Objects are in order of address; arrays are parallel, index = object number. Outside the objects are roots: variables and goroutines. Bodies are
// not kept: while the file is read, pointers become edges and values that have a length (strings, slices) become Uses.

using System;
using System.Collections.Generic;
using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>A field of a structure type.</summary>
public readonly record struct SnapshotField(string Name, int Type, long Offset);

/// <summary>A Go type. Elem, Key: indices of types, 0 for none.</summary>
public sealed record SnapshotType(string Name, Kind Kind, long Bytes, long PointerBytes, long Length, int Elem, int Key, SnapshotField[] Fields);

/// <summary>A place in the program.</summary>
public readonly record struct SnapshotFrame(string Function, string File, int Line);

/// <summary>Something outside the heap that refers to objects.</summary>
public sealed class SnapshotRoot
{
    /// <summary>A variable's name; "" for a goroutine's root.</summary>
    public string Variable { get; internal set; } = "";
    /// <summary>Where a variable is declared; line 0: not known.</summary>
    public SnapshotFrame Declared { get; init; }
    public long Goroutine { get; init; }
    public bool IsGoroutine => Goroutine != 0;
    public string Name => IsGoroutine ? $"goroutine {Goroutine}" : Variable;
    /// <summary>Its place in Snapshot.Roots.</summary>
    public int Index { get; internal set; } = -1;
    /// <summary>Objects it refers to, with the place: a variable's word, a frame's.</summary>
    public (int Object, string Where)[] Refs { get; set; } = [];
}

public sealed class SnapshotGoroutine
{
    public long Id { get; init; }
    public SnapshotStatus Status { get; init; }
    public bool IsSystem { get; init; }
    public string Reason { get; init; } = "";
    public long WaitNanos { get; init; }
    /// <summary>Stack (index) of the go statement; 0 unknown.</summary>
    public int Created { get; init; }
    public string Start { get; init; } = "";
    public long StackBytes { get; init; }
    public int Defers { get; init; }
    /// <summary>How long it has had many deferred calls; 0 unknown.</summary>
    public long DeferNanos { get; init; }
    /// <summary>How long it has run, or could have, without waiting; 0 unknown.</summary>
    public long BusyNanos { get; init; }
    /// <summary>Objects from which all that its deferred calls keep is reached.</summary>
    public int[] Deferred { get; init; } = [];
    /// <summary>Addresses of the channels, or of the semaphore's word, it waits on.</summary>
    public ulong[] WaitsOn { get; init; } = [];
    /// <summary>Innermost first. Equal stacks are one array.</summary>
    public SnapshotFrame[] Frames { get; init; } = [];

    /// <summary>The innermost frame outside the runtime.</summary>
    public SnapshotFrame At => System.Array.Find(Frames, static f => !f.Function.StartsWith("runtime.", StringComparison.Ordinal));

    public SnapshotRoot Root { get; set; } = null!;
}

public readonly record struct SnapshotSpecial(ulong Address, SnapshotSpecialKind Kind, string Function);

public readonly record struct SnapshotTimer(ulong Address, long PeriodNanos, ulong Channel);

/// <summary>Goroutines of one go statement (stack), seen several times: at first, at last, how often more than before, how often fewer.</summary>
public readonly record struct SnapshotGrowth(int Created, int First, int Last, int Seen, int Rises, int Falls, long Nanos);

public readonly record struct SnapshotSpan(ulong Address, long Pages, int Class, SnapshotSpanState State, int Slots, int Used);

/// <summary>A string or slice somewhere: Bytes from Address on are used, Capacity bytes could be. Pointers: its elements hold some.</summary>
public readonly record struct SnapshotUse(ulong Address, long Bytes, long Capacity, bool IsString, bool Pointers);

public sealed class Snapshot
{
    /// <summary>Where it was read from; "" when that is no file.</summary>
    public string File { get; internal set; } = "";
    public Dictionary<string, string> Meta { get; } = new(StringComparer.Ordinal);
    public List<SnapshotType> Types { get; } = [new("", Kind.Invalid, 0, 0, 0, 0, 0, [])];
    public List<SnapshotFrame[]> Stacks { get; } = [[]];
    /// <summary>By stack: how many objects it made while allocations were traced, dead ones too, and their bytes; of tiny objects their own, not those of the blocks they share.</summary>
    public List<(long Count, long Bytes)> Made { get; } = [(0, 0)];
    /// <summary>By stack: the column of its Maker; 0 if not known.</summary>
    public List<int> MakerColumn { get; } = [0];
    public List<SnapshotRoot> Roots { get; } = [];

    internal void AddRoot(SnapshotRoot root)
    {
        root.Index = Roots.Count;
        Roots.Add(root);
    }

    public List<SnapshotGoroutine> Goroutines { get; } = [];
    public List<SnapshotGrowth> Growth { get; } = [];
    public List<SnapshotSpecial> Specials { get; } = [];
    public List<SnapshotTimer> Timers { get; } = [];
    public List<SnapshotSpan> Spans { get; } = [];

    /// <summary>Map headers with their numbers of entries.</summary>
    public List<(int Object, long Entries)> Maps { get; } = [];

    public int ObjectCount { get; internal set; }
    public ulong[] Address { get; internal set; } = [];
    public long[] Bytes { get; internal set; } = [];
    public int[] Type { get; internal set; } = [];
    public int[] Stack { get; internal set; } = [];
    public SnapshotFlags[] Flags { get; internal set; } = [];
    /// <summary>How many collections it has outlived; SnapshotFormat.UnknownAge.</summary>
    public ushort[] Age { get; internal set; } = [];

    /// <summary>Where in the file the first bytes of an object without pointers are; 0 if they are not.</summary>
    public long[] BodyOffset { get; internal set; } = [];

    /// <summary>Edges in rows: those of object i are EdgeTo[EdgeStart[i] .. EdgeStart[i + 1]], from the words EdgeOffset.</summary>
    public int[] EdgeStart { get; internal set; } = [];
    public int[] EdgeTo { get; internal set; } = [];
    public int[] EdgeOffset { get; internal set; } = [];

    /// <summary>All strings and slices whose memory is in the heap.</summary>
    public List<SnapshotUse> Uses { get; } = [];

    public long TotalBytes { get; internal set; }

    /// <summary>The object around an address, or -1.</summary>
    public int Find(ulong address)
    {
        int i = Array.BinarySearch(Address, 0, ObjectCount, address);
        if (i < 0)
            i = ~i - 1;
        return i >= 0 && address - Address[i] < (ulong)Bytes[i] ? i : -1;
    }

    /// <summary>The type's name, with [n] before it when several values lie in a row, or the kind of memory when the type is not known.</summary>
    public string TypeName(int i)
    {
        SnapshotType t = Types[Type[i]];
        if (Type[i] == 0)
            return (Flags[i] & SnapshotFlags.NoScan) != 0 ? Bytes[i] <= 16 ? "(tiny block)" : "(bytes)" : "(unknown)";
        return IsArray(i) ? $"[]{t.Name}" : t.Name;
    }

    /// <summary>Several values in a row. A value alone fills more than half of its size class.</summary>
    public bool IsArray(int i) => Types[Type[i]].Bytes is > 0 and var one && Bytes[i] >= 2 * one;

    /// <summary>Where an object was made: the innermost frame outside the runtime, and, when that is in the library, the user's frame that called; or "".</summary>
    public string Site(int i) => SiteOf(Stack[i]);

    public string SiteOf(int stack)
    {
        SnapshotFrame[] frames = Stacks[stack];
        int first = Array.FindIndex(frames, static f => !IsRuntime(f));
        if (first < 0)
            return frames.Length == 0 ? "" : Describe(frames[0]);
        int user = Array.FindIndex(frames, first, f => !IsLibrary(f));
        return user <= first ? Describe(frames[first]) : $"{frames[first].Function} <- {Describe(frames[user])}";
    }

    /// <summary>The innermost frame outside the runtime: its line asked for the memory.</summary>
    public SnapshotFrame Maker(int stack) => Array.Find(Stacks[stack], static f => !IsRuntime(f));

    /// <summary>The innermost frame of the user's; its Function is null if there is none.</summary>
    public SnapshotFrame UserFrame(int stack) => Array.Find(Stacks[stack], f => !IsLibrary(f));

    internal static bool IsRuntime(SnapshotFrame f) =>
        f.Function.StartsWith("runtime.", StringComparison.Ordinal) || f.Function.StartsWith("internal/runtime/", StringComparison.Ordinal);

    internal bool IsLibrary(SnapshotFrame f) =>
        IsRuntime(f) || Meta.TryGetValue("goroot", out string? root) && root != "" && f.File.StartsWith(root, StringComparison.Ordinal);

    public static string Describe(SnapshotFrame f) => $"{f.Function} {FileName(f.File)}:{f.Line}";

    static readonly string s_folder = System.IO.Directory.GetCurrentDirectory().TrimEnd('/') + "/";

    /// <summary>A file as it is shown: its path from the current folder if it lies below that, else its name.</summary>
    internal static string FileName(string path) => path.StartsWith(s_folder, StringComparison.Ordinal) ? path[s_folder.Length..] : System.IO.Path.GetFileName(path);
}

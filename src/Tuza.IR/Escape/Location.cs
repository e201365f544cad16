// The data of escape analysis: locations, edges, holes, leaks.
//
// A location is a place that can hold a pointer or be pointed to: a variable, an allocating expression, a temporary. An edge `dst <- src` with d
// derefs says that the value in dst may be: -1 the address of src, 0 the value of src, 1 what src points to, and so on. A hole is where the
// value of an expression goes. See
// GOROOT/src/cmd/compile/internal/escape for the origin of the model.

using System;
using System.Collections.Generic;

namespace Tuza.IR;

[Flags]
enum Attrs : byte
{
    None = 0,
    /// <summary>Must be on the heap.</summary>
    Escapes = 1,
    /// <summary>Its storage must outlive the statement.</summary>
    Persists = 2,
    /// <summary>Memory reachable from its value may be written.</summary>
    Mutates = 4,
    /// <summary>A function reachable from it may be called and the results are lost track of.</summary>
    Calls = 8,
    All = 15,
}

/// <summary>Notes: why the value flows, for explanations; null unless they are wanted.</summary>
readonly record struct Edge(Location Src, int Derefs, Note? Notes);

/// <summary>One step of a flow inside a statement. Where: an ExprNode, a StmtNode, a CaseNode, or a captured Local.</summary>
sealed record Note(Note? Next, object Where, string Why);

sealed class Location
{
    /// <summary>The allocating expression, or the variable; both null for temporaries.</summary>
    public ExprNode? Node;
    public Local? Local;
    public Function? Owner;
    public int Depth;
    public List<Edge> Edges = [];
    /// <summary>1.. for results, 0 otherwise.</summary>
    public int ResultIndex;
    public bool IsParam;
    public Attrs Attrs;
    public Leaks Leaks = Leaks.None;
    public bool Captured, Reassigned, AddrTaken;
    /// <summary>No message mentions it: generated code, instances that another one stands for.</summary>
    public bool Unreported;
    public bool IsHeap;

    // ---- solver state
    public int WalkGeneration;
    public int Distance;
    public bool InQueue;
    /// <summary>In the queue of the walk with this generation.</summary>
    public int QueuedGeneration;
    /// <summary>The step towards the root of the last walk: edge number DstEdge of Dst.</summary>
    public Location? Dst;
    public int DstEdge;

    public bool Escapes => (Attrs & Attrs.Escapes) != 0;
}

/// <summary>Where an expression's value goes.</summary>
readonly record struct Hole(Location Dst, int Derefs, bool AddrTaken, Note? Notes = null)
{
    /// <summary>Adds derefs (not negative).</summary>
    public Hole Plus(int derefs) => new(Dst, Derefs + derefs, false, Notes);
}

/// <summary>How a parameter's value leaves the function: for each of heap, mutator, callee and the first five results the smallest number of
/// derefs, or -1 for never.</summary>
public readonly struct Leaks : IEquatable<Leaks>
{
    public const int Heap = 0, Mutator = 1, Callee = 2, FirstResult = 3, Count = 8, MaxResults = Count - FirstResult;

    // Each byte is value + 1; 0 = never, 255 = 254 or more.
    readonly ulong _bits;

    Leaks(ulong bits) => _bits = bits;

    public static readonly Leaks None = new(0);
    /// <summary>The value itself goes to the heap: what must be assumed of an unknown function.</summary>
    public static readonly Leaks ToHeap = new(1);
    /// <summary>What `//go:noescape` promises.</summary>
    public static readonly Leaks Noescape = None.With(Mutator, 0).With(Callee, 0);

    public int this[int i] => (int)((_bits >> (8 * i)) & 0xFF) - 1;

    public Leaks With(int i, int derefs)
    {
        int old = this[i];
        if (old >= 0 && old <= derefs)
            return this;
        ulong value = (ulong)Math.Min(derefs + 1, 255);
        return new((_bits & ~(0xFFul << (8 * i))) | (value << (8 * i)));
    }

    /// <summary>Drops what the heap entry implies.</summary>
    public Leaks Optimized()
    {
        int heap = this[Heap];
        if (heap < 0)
            return this;
        ulong bits = _bits;
        for (int i = 1; i < Count; i++)
            if (this[i] >= heap)
                bits &= ~(0xFFul << (8 * i));
        return new(bits);
    }

    public ulong ToBits() => _bits;
    public static Leaks FromBits(ulong bits) => new(bits);
    public bool Equals(Leaks other) => _bits == other._bits;
    public override bool Equals(object? obj) => obj is Leaks l && Equals(l);
    public override int GetHashCode() => _bits.GetHashCode();
}

/// <summary>What callers of a function need to know: one entry per parameter, receiver first.</summary>
public sealed record EscapeTags(Leaks[] Params);

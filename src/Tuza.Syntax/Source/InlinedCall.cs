// Positions in inlined code. A copied node lies at a place in its own source text and, as a copy, at a call in another function.
//
// Both fit into a Pos: file ids with the top bit stand for a pair (file, inlined call). Such a Pos answers File, Line and Column as the
// original does; Inlined leads to the call, whose own position may be inlined in turn. So tables for tracebacks need nothing beside the
// position, and messages, which gc prints at the outermost call, ask for Outermost.

using System.Collections.Generic;
using System.Threading;

namespace Tuza.Syntax;

/// <summary>One inlined call: where it stood, and what was called.</summary>
public sealed class InlinedCall(Pos at, string function, Pos start, bool isWrapper)
{
    internal const int Bit = 1 << 23;

    static (SourceFile File, InlinedCall Call)[] s_places = new (SourceFile, InlinedCall)[1024];
    static int s_count;
    static readonly Lock s_lock = new();

    readonly Dictionary<int, int> _ids = [];
    readonly Dictionary<InlinedCall, InlinedCall> _inner = new(ReferenceEqualityComparer.Instance);

    public Pos At { get; } = at;
    /// <summary>Symbol of the function whose body was copied.</summary>
    public string Function { get; } = function;
    public Pos Start { get; } = start;
    public bool IsWrapper { get; } = isWrapper;

    /// <summary>A position in the function's body as a position in this copy.</summary>
    public Pos Place(Pos p)
    {
        if (!p.IsKnown)
            return p;
        if (p.Inlined is { } inner)
        {
            // The body had calls inlined into it already.
            if (!_inner.TryGetValue(inner, out var copy))
                _inner.Add(inner, copy = new InlinedCall(Place(inner.At), inner.Function, inner.Start, inner.IsWrapper));
            return copy.Place(Pos.Make(p.File!.Id, p.Line, p.Column));
        }
        if (!_ids.TryGetValue(p.FileId, out int id))
            _ids.Add(p.FileId, id = Add(p.File!, this));
        return Pos.Make(id, p.Line, p.Column);
    }

    static int Add(SourceFile file, InlinedCall call)
    {
        lock (s_lock)
        {
            if (s_count == s_places.Length)
            {
                var more = new (SourceFile, InlinedCall)[2 * s_count];
                s_places.CopyTo(more, 0);
                Volatile.Write(ref s_places, more);
            }
            s_places[s_count] = (file, call);
            return s_count++ | Bit;
        }
    }

    internal static int Count
    {
        get
        {
            lock (s_lock)
                return s_count;
        }
    }

    internal static void CutTo(int count)
    {
        lock (s_lock)
        {
            System.Array.Clear(s_places, count, s_count - count);
            s_count = count;
        }
    }

    internal static (SourceFile File, InlinedCall Call) Find(int id) => Volatile.Read(ref s_places)[id & ~Bit];
}

// Positions. A Pos is one 64-bit word: file number, line and column (in bytes, from 1), so that no table is needed to print it.
//
//   63          40 39          20 19            0
//   [   file id   ][    line     ][   column    ]
//
// Invariant: the zero Pos is "no position"; file ids start at 1 and are never reused (but see SourceMark); those with the top bit are inlined code (InlinedCall). Comparing two Pos of one file compares
// their places in the text.

using System;
using System.Collections.Generic;
using System.Threading;

namespace Tuza.Syntax;

/// <summary>A place in a source file.</summary>
public readonly record struct Pos(ulong Bits) : IComparable<Pos>
{
    const int MaxLine = (1 << 20) - 1, MaxColumn = (1 << 20) - 1;

    public static readonly Pos None;

    public static Pos Make(int fileId, int line, int column) =>
        new(((ulong)(uint)fileId << 40) | ((ulong)Math.Min(line, MaxLine) << 20) | (uint)Math.Min(column, MaxColumn));

    public int FileId => (int)(Bits >> 40);
    public int Line => (int)((Bits >> 20) & MaxLine);
    public int Column => (int)(Bits & MaxColumn);
    public bool IsKnown => Bits != 0;

    /// <summary>The file, or null for the zero position.</summary>
    public SourceFile? File => FileId == 0 ? null : SourceFile.ById(FileId);

    /// <summary>The inlined call that put the code here, or null.</summary>
    public InlinedCall? Inlined => (FileId & InlinedCall.Bit) == 0 ? null : InlinedCall.Find(FileId).Call;

    /// <summary>The call in the function itself that brought inlined code here: where messages about it are printed.</summary>
    public Pos Outermost
    {
        get
        {
            var p = this;
            while (p.Inlined is { } call)
                p = call.At;
            return p;
        }
    }

    /// <summary>The place in the source text alone.</summary>
    public Pos Innermost => (FileId & InlinedCall.Bit) == 0 ? this : Make(File!.Id, Line, Column);

    public int CompareTo(Pos other) => Bits.CompareTo(other.Bits);
    public static bool operator <(Pos a, Pos b) => a.Bits < b.Bits;
    public static bool operator >(Pos a, Pos b) => a.Bits > b.Bits;
    public static bool operator <=(Pos a, Pos b) => a.Bits <= b.Bits;
    public static bool operator >=(Pos a, Pos b) => a.Bits >= b.Bits;

    public override string ToString() => File is { } f ? $"{f.Name}:{Line}:{Column}" : "-";
}

/// <summary>One source text. <see cref="Name"/> is what diagnostics print; <see cref="Path"/> is where it lies.</summary>
public sealed class SourceFile
{
    static readonly List<SourceFile> s_files = [null!];
    static readonly Lock s_lock = new();

    public SourceFile(string path, string name, byte[] text)
    {
        Path = path;
        Name = name;
        Text = text;
        lock (s_lock)
        {
            Id = s_files.Count;
            s_files.Add(this);
        }
    }

    public int Id { get; }
    public string Path { get; }

    /// <summary>The name to print; the driver may shorten it relative to the working folder before reporting.</summary>
    public string Name { get; set; }
    public byte[] Text { get; }

    /// <summary>`//line` directives in text order: from (Line, Column) on, positions print as (Name, NewLine, NewColumn).</summary>
    public List<LineDirective> LineDirectives { get; } = [];

    internal static int Count
    {
        get
        {
            lock (s_lock)
                return s_files.Count;
        }
    }

    internal static void CutTo(int count)
    {
        lock (s_lock)
            s_files.RemoveRange(count, s_files.Count - count);
    }

    public static SourceFile ById(int id)
    {
        if ((id & InlinedCall.Bit) != 0)
            return InlinedCall.Find(id).File;
        lock (s_lock)
            return s_files[id];
    }
}

/// <summary>A moment between two readings of sources, for programs that read again and again.</summary>
public readonly record struct SourceMark
{
    readonly int _files, _calls;

    SourceMark(int files, int calls) => (_files, _calls) = (files, calls);

    public static SourceMark Now => new(SourceFile.Count, InlinedCall.Count);

    /// <summary>Drops all files, and inlined calls, since the mark: their numbers are given out again, so no position in them may be used any more. Nothing else reads sources meanwhile.</summary>
    public void Forget()
    {
        SourceFile.CutTo(_files);
        InlinedCall.CutTo(_calls);
    }
}

/// <summary>A `//line file:line[:col]` directive. NewColumn 0 means that columns are unknown from here on.</summary>
public readonly record struct LineDirective(int Line, int Column, string Name, int NewLine, int NewColumn);

// The record of a deferred call. CONTRACT FILE: emitted code fills records in its frames, the runtime those of the heap; Go sees them as `_defer`.
//
// A statement that runs at most once has its record in its frame, one in a loop gets an object of the heap for each run (Runtime/Panics/Defers). The list begins at G.Defer,
// last first; it is a root, and words of it that point into the stack are mended when the stack moves.

using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>One deferred call.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct DeferRecord
{
    public DeferRecord* Link;
    public FuncVal* Fn;
    /// <summary>Token of the frame that deferred it.</summary>
    public ulong Frame;
    /// <summary>The panic that runs it; undefined before Started.</summary>
    public void* Panic;
    /// <summary>Calls deferred by bodies of range-over-func for this frame, last first.</summary>
    public DeferRecord* Head;
    public byte Started;
    public byte RangeFunc;
    /// <summary>An object of the heap; otherwise the record lies in its frame.</summary>
    public byte OnHeap;
}

/// <summary>Where emitted code writes. State: the word with the three bytes.</summary>
public static unsafe class DeferLayout
{
    public const int Size = 48;
    public static readonly int InG, Link, Fn, Frame, Head, State;

    static DeferLayout()
    {
        G g;
        DeferRecord d;
        InG = (int)((byte*)&g.Defer - (byte*)&g);
        Link = (int)((byte*)&d.Link - (byte*)&d);
        Fn = (int)((byte*)&d.Fn - (byte*)&d);
        Frame = (int)((byte*)&d.Frame - (byte*)&d);
        Head = (int)((byte*)&d.Head - (byte*)&d);
        State = (int)(&d.Started - (byte*)&d);
    }
}

// The mark stack: buffers of one page, chained. A full buffer is the unit in which work would be handed to another marker.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>A page of mark work. Entries are addresses; the top bit says "continue scanning a big object here".</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct WorkBuf
{
    public const int Bytes = HeapConsts.PageBytes;
    public const int HeaderBytes = 16;

    public WorkBuf* Below;
    public MSpan* Span;

    public static nuint* Items(WorkBuf* b) => (nuint*)(b + 1);

    public static WorkBuf* Of(nuint* item) => (WorkBuf*)((nuint)item & ~(nuint)(Bytes - 1));
}

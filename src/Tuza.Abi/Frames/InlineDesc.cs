// Inlined calls at a safepoint. CONTRACT FILE.
//
// SiteDesc.Line is the line in the innermost inlined body. SiteDesc.Inline is the index of that body in FuncDesc.Inlines, or -1. A body's
// Parent is the body that encloses it, or -1 for the function itself; CallLine is the line of the call in the parent.
//
// A record with the flag OtherFile is no body: it says that the site lies in File, because of a //line directive or because the function is
// a package initialiser. It is only ever the innermost record of a site.
//
// Descriptors lie in the image, and the distances to their texts count from the descriptor itself: they are never copied.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tuza.Abi;

[StructLayout(LayoutKind.Sequential)]
public unsafe struct InlineDesc
{
    public int Parent;
    public int CallLine;
    public int StartLine;
    public FuncFlags Flags;
    /// <summary>The function that this is part of: its number within the image.</summary>
    public int Func;
    public int NameDistance, NameLength;
    public int FileDistance, FileLength;

    public readonly byte* Name => Here + NameDistance;

    public readonly byte* File => Here + FileDistance;

    readonly byte* Here => (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in this));
}

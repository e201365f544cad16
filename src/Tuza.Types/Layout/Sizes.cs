namespace Tuza.Types;
using System; using System.Collections.Generic;
public sealed class Sizes
{
    public int WordBytes; public int MaxAlign;
    /// <summary>null for an unknown GOARCH.</summary>
    public static Sizes? ForArch(string goarch) => throw new NotImplementedException();
    /// <summary>-1 when the type is too large.</summary>
    public long Sizeof(GoType t) => throw new NotImplementedException();
    public long Alignof(GoType t) => throw new NotImplementedException();
    /// <summary>Byte offset of every field.</summary>
    public long[] Offsetsof(StructType t) => throw new NotImplementedException();
    /// <summary>Offset of the field at the end of an index path without pointers; -1 when too large.</summary>
    public long Offsetof(GoType t, IReadOnlyList<int> index) => throw new NotImplementedException();
}

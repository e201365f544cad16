// From any address, interior ones too, to the object around it.

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>An object found by an address inside it.</summary>
public readonly unsafe struct FoundObject(MSpan* span, byte* slot, int index)
{
    public MSpan* Span => span;

    /// <summary>Start of the slot; the value begins 8 bytes later when there is a header.</summary>
    public byte* Slot => slot;
    public int Index => index;

    /// <summary>Bytes of the slot.</summary>
    public nuint Bytes => span->Class.IsBlocks ? Blocks.BytesOf(slot) : span->ElemBytes;

    /// <summary>Start of the value, as the program sees it.</summary>
    public byte* Value => SlotInfo.Table[span->Class.Value + 1].Kind is SlotKind.Header or SlotKind.Block ? slot + HeapConsts.MallocHeaderBytes : slot;
}

/// <summary>Lookup by address.</summary>
public static unsafe class FindObject
{
    /// <summary>False when the address is in no slot of the garbage-collected heap. Does not ask whether the slot is allocated.</summary>
    public static bool Find(nuint address, out FoundObject found)
    {
        ulong word = ArenaMap.WordOf(address);
        MSpan* span = ArenaMap.SpanOf(word);
        if (ArenaMap.TagOf(word) == 0 || span->State != SpanState.InUse || address >= (nuint)span->Limit)
        {
            found = default;
            return false;
        }
        int index = 0;
        if (span->Class.IsBlocks)
        {
            if (!Blocks.Find(span, address, out index))
            {
                found = default;
                return false;
            }
        }
        else if (span->Class.SizeClass != 0)
        {
            index = span->IndexOf(address);
        }
        found = new FoundObject(span, span->Slot(index), index);
        return true;
    }

    /// <summary>The slot number of an address inside a live object of the span.</summary>
    public static int IndexIn(MSpan* span, nuint address)
    {
        if (span->Class.IsBlocks)
        {
            if (!Blocks.Find(span, address, out int index))
                Fatal.Throw("heap of blocks: an address that must be in a block is in none");
            return index;
        }
        return span->Class.SizeClass == 0 ? 0 : span->IndexOf(address);
    }
}

// Copies and clears of typed memory.

using System;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>typedmemmove and relatives.</summary>
public static unsafe class TypedMem
{
    public static void Move(TypeDesc* type, void* dst, void* src) => Buffer.MemoryCopy(src, dst, type->Size, type->Size);

    public static void Clear(TypeDesc* type, void* p) => ClearBytes((byte*)p, type->Size);

    public static void ClearBytes(byte* p, nuint bytes)
    {
        for (; bytes > int.MaxValue; p += 1 << 30, bytes -= 1 << 30)
            new Span<byte>(p, 1 << 30).Clear();
        new Span<byte>(p, (int)bytes).Clear();
    }
}

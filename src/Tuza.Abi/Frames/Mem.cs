// Memory operations of emitted code for which IL has no instruction.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Abi;

public static unsafe class Mem
{
    /// <summary>Copies n bytes; the ranges may overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Move(void* dst, void* src, ulong n) => Buffer.MemoryCopy(src, dst, n, n);

    public static void Zero(void* p, ulong n) => NativeMemory.Clear(p, (nuint)n);

    /// <summary>Atomic AND of a byte; returns the old value.</summary>
    public static int And8(byte* p, int mask)
    {
        for (byte old = Volatile.Read(ref *p); ;)
        {
            byte seen = Interlocked.CompareExchange(ref *p, (byte)(old & mask), old);
            if (seen == old)
                return old;
            old = seen;
        }
    }

    /// <summary>Atomic OR of a byte; returns the old value.</summary>
    public static int Or8(byte* p, int mask)
    {
        for (byte old = Volatile.Read(ref *p); ;)
        {
            byte seen = Interlocked.CompareExchange(ref *p, (byte)(old | mask), old);
            if (seen == old)
                return old;
            old = seen;
        }
    }
}

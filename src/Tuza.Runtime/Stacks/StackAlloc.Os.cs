// Where stack blocks come from.

using System.Runtime.InteropServices;

namespace Tuza.Runtime;

public static unsafe partial class StackAlloc
{
    static byte* AllocSpan(long bytes) => (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 4096);

    static void FreeSpan(byte* p, long bytes) => NativeMemory.AlignedFree(p);
}

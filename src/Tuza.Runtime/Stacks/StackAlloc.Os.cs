// Where stack blocks come from: manual spans of the heap, so that StackInuse counts them and the marker knows they are no objects.

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

public static unsafe partial class StackAlloc
{
    static byte* AllocSpan(long bytes)
    {
        MSpan* s = MHeap.Current->AllocManual((nuint)bytes >> HeapConsts.PageShift, ManualKind.Stack);
        if (s == null)
            Throw.Fatal("out of memory (stack)");
        return s->Base;
    }

    static void FreeSpan(byte* p, long bytes) => MHeap.Current->FreeManual(ArenaMap.SpanOfAddress((nuint)p));
}

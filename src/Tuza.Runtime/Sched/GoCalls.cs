// Go functions the runtime has called for it (through the trampoline, never directly), and how their code is found.

using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Go functions without parameters of package runtime that C# primitives can have called.</summary>
public enum GoCall
{
    PanicSendClosed, PanicCloseNil, PanicCloseClosed, PanicMakeChanSize, PanicMakeSliceLen, PanicMakeSliceCap, PanicGrowSlice, PanicMem,
    PanicUnsafeSliceLen, PanicUnsafeSliceNil, GoexitContinue, AllocTooLarge, PanicDivide, PanicNegativeShift, PanicCoro, PanicFault,
    TimerMain, FinalizerMain, PanicSelfDeadlock, Unreachable, BubbleFire,
}

/// <summary>Resolves <see cref="GoCall"/>s to code words.</summary>
public static unsafe class GoCalls
{
    static readonly string[] s_symbols =
    [
        "runtime.panicSendClosed", "runtime.panicCloseNil", "runtime.panicCloseClosed", "runtime.panicMakeChanSize", "runtime.panicmakeslicelen",
        "runtime.panicmakeslicecap", "runtime.panicGrowSlice", "runtime.sigpanic", "runtime.panicunsafeslicelen", "runtime.panicunsafeslicenilptr",
        "runtime.goexitContinue", "runtime.panicAllocTooLarge", "runtime.panicdivide", "runtime.panicshift", "runtime.panicCoro", "runtime.panicFault",
        "runtime.timerMain", "runtime.finalizerMain", "runtime.panicSelfDeadlock", "runtime.unreachable", "runtime.bubbleFire",
    ];

    static readonly nint[] s_code = new nint[s_symbols.Length];

    public static void* Code(GoCall call)
    {
        nint code = Volatile.Read(ref s_code[(int)call]);
        if (code == 0)
        {
            int id = FuncTable.ByName(s_symbols[(int)call]);
            if (id == 0)
                Throw.Fatal("no Go function " + s_symbols[(int)call]);
            code = (nint)FuncTable.EntryOf(id);
            Volatile.Write(ref s_code[(int)call], code);
        }
        return (void*)code;
    }

    static readonly Dictionary<string, int> s_ids = [];

    /// <summary>The function id of a symbol, or 0.</summary>
    public static int Id(string symbol)
    {
        lock (s_ids)
        {
            if (!s_ids.TryGetValue(symbol, out int id))
                s_ids[symbol] = id = FuncTable.ByName(symbol);
            return id;
        }
    }

    /// <summary>The two scalars of an injected call.</summary>
    [GoFunc("runtime.injectA", Safepoint = false)]
    public static long InjectA(G* g) => GState.Of(g)->InjectA;

    [GoFunc("runtime.injectB", Safepoint = false)]
    public static long InjectB(G* g) => GState.Of(g)->InjectB;
}

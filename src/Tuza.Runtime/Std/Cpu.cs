// What a program may ask of the processor: golang.org/x/sys/cpu.

using System.Runtime.Intrinsics.X86;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Symbols of vendor/golang.org/x/sys/cpu.</summary>
public static unsafe class Cpu
{
    /// <summary>`cpuid(eax, ecx uint32) (eax, ebx, ecx, edx uint32)`.</summary>
    [GoFunc("vendor/golang.org/x/sys/cpu.cpuid", Safepoint = false)]
    [GoFunc("golang.org/x/sys/cpu.cpuid", Safepoint = false)]
    public static uint CpuId(G* g, uint eax, uint ecx)
    {
        g->R[1] = g->R[2] = g->R[3] = 0;
        if (!X86Base.IsSupported)
            return 0;
        var (a, b, c, d) = X86Base.CpuId((int)eax, (int)ecx);
        g->R[1] = (uint)b;
        g->R[2] = (uint)c;
        g->R[3] = (uint)d;
        return (uint)a;
    }

    const uint SseState = 6, AvxOpmaskState = 0xe0;

    /// <summary>`xgetbv() (eax, edx uint32)`: the register states that the system saves, as far as the .NET runtime has found them usable.</summary>
    [GoFunc("vendor/golang.org/x/sys/cpu.xgetbv", Safepoint = false)]
    [GoFunc("golang.org/x/sys/cpu.xgetbv", Safepoint = false)]
    public static uint XGetBv(G* g)
    {
        g->R[1] = 0;
        return Avx512F.IsSupported ? SseState | AvxOpmaskState : Avx.IsSupported ? SseState : 0;
    }
}

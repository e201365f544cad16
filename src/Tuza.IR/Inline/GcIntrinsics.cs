// The functions that gc turns into machine instructions on amd64: to its inliner a call of them costs nothing and is no call.
//
// What Tuza itself turns into instructions is another list (Lower/Intrinsics).

using System.Collections.Generic;

namespace Tuza.IR;

static class GcIntrinsics
{
    static readonly HashSet<string> s_names = Names();

    public static bool Contains(string linkName) => s_names.Contains(linkName);

    /// <summary>Written in assembly for gc, so never inlined; here it has a body.</summary>
    public static bool IsAssembly(string linkName) =>
        linkName is "internal/bytealg.Compare" or "internal/bytealg.Count" or "internal/bytealg.CountString" or "internal/bytealg.Index" or "internal/bytealg.IndexString"
            or "internal/bytealg.IndexByte" or "internal/bytealg.IndexByteString";

    /// <summary>What of gc's package runtime other packages can inline, at which cost; ours is written differently.</summary>
    static readonly Dictionary<string, int> s_runtime = new()
    {
        ["runtime.(*MemProfileRecord).InUseBytes"] = 6,
        ["runtime.(*MemProfileRecord).InUseObjects"] = 6,
        ["runtime.(*MemProfileRecord).Stack"] = 24,
        ["runtime.(*PanicNilError).Error"] = 2,
        ["runtime.(*PanicNilError).RuntimeError"] = 0,
        ["runtime.(*StackRecord).Stack"] = 20,
        ["runtime.(*TypeAssertionError).RuntimeError"] = 0,
        ["runtime.Breakpoint"] = 59,
        ["runtime.CPUProfile"] = 3,
        ["runtime.Callers"] = 69,
        ["runtime.CallersFrames"] = 18,
        ["runtime.GOROOT"] = 72,
        ["runtime.Gosched"] = 62,
        ["runtime.NumCPU"] = 3,
        ["runtime.NumCgoCall"] = 32,
        ["runtime.NumGoroutine"] = 57,
        ["runtime.SetMutexProfileFraction"] = 21,
        ["runtime.StopTrace"] = 60,
        ["runtime.UnlockOSThread"] = 48,
        ["runtime.Version"] = 2,
    };

    public static int? CostInRuntime(string linkName) => s_runtime.TryGetValue(linkName, out int cost) ? cost : null;

    static HashSet<string> Names()
    {
        var set = new HashSet<string>();
        void Add(string package, string names)
        {
            foreach (string n in names.Split(' '))
                set.Add(package + "." + n);
        }
        Add("crypto/internal/constanttime", "Select boolToUint8");
        Add("internal/runtime/atomic", "And And32 And64 And8 Cas Cas64 CasRel Casint32 Casint64 Casp1 Casuintptr Load Load64 Load8 LoadAcq LoadAcq64 "
            + "LoadAcquintptr Loadint32 Loadint64 Loadp Loaduint Loaduintptr Or Or32 Or64 Or8 Store Store64 Store8 StoreRel "
            + "StoreRel64 StoreReluintptr Storeint32 Storeint64 StorepNoWB Storeuintptr Xadd Xadd64 Xaddint32 Xaddint64 Xadduintptr "
            + "Xchg Xchg64 Xchg8 Xchgint32 Xchgint64 Xchguintptr");
        Add("internal/runtime/maps", "bitsetFirst bitsetLowestSet bitsetRemoveBelow bitsetShiftOutLowest ctrlGroupMatchEmpty ctrlGroupMatchEmptyOrDeleted "
            + "ctrlGroupMatchFull ctrlGroupMatchH2");
        Add("internal/runtime/math", "Add64 MulUintptr");
        Add("internal/runtime/sys", "Bswap32 Bswap64 GetCallerPC GetCallerSP GetClosurePtr Len64 Len8 OnesCount64 Prefetch PrefetchStreamed TrailingZeros32 "
            + "TrailingZeros64 TrailingZeros8");
        Add("math", "Ceil FMA Floor RoundToEven Trunc sqrt");
        Add("math/big", "mulWW");
        Add("math/bits", "Add Add64 Div Div64 Len Len16 Len32 Len64 Len8 Mul Mul64 OnesCount OnesCount16 OnesCount32 OnesCount64 ReverseBytes32 "
            + "ReverseBytes64 RotateLeft RotateLeft16 RotateLeft32 RotateLeft64 RotateLeft8 Sub Sub64 TrailingZeros16 TrailingZeros32 "
            + "TrailingZeros64 TrailingZeros8");
        Add("runtime", "KeepAlive slicebytetostringtmp");
        Add("sync/atomic", "AddInt32 AddInt64 AddUint32 AddUint64 AddUintptr AndInt32 AndInt64 AndUint32 AndUint64 AndUintptr CompareAndSwapInt32 "
            + "CompareAndSwapInt64 CompareAndSwapUint32 CompareAndSwapUint64 CompareAndSwapUintptr LoadInt32 LoadInt64 LoadPointer "
            + "LoadUint32 LoadUint64 LoadUintptr OrInt32 OrInt64 OrUint32 OrUint64 OrUintptr StoreInt32 StoreInt64 StoreUint32 "
            + "StoreUint64 StoreUintptr SwapInt32 SwapInt64 SwapUint32 SwapUint64 SwapUintptr");
        return set;
    }
}

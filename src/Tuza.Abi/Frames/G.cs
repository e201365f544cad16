// The goroutine as emitted code sees it, and function descriptors. CONTRACT FILE: the only declaration of the frame protocol's data
// (docs/ARCHITECTURE.md section 3). Emitted code names these fields; their order is chosen for cache lines, nothing depends on offsets.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tuza.Abi;

/// <summary>Why native frames are returning to the trampoline.</summary>
public enum UnwindReason : long { None = 0, Park = 1, Recovered = 2, Goexit = 3 }

[StructLayout(LayoutKind.Sequential)]
public unsafe struct G
{
    // ---- first cache line: touched by every call
    /// <summary>Frame base of the running function; null while unwinding.</summary>
    public byte* Sp;
    /// <summary>Prologues go the slow way when their new Sp is below this. Raised to the top by whoever wants attention.</summary>
    public byte* Guard;
    public UnwindReason Unwinding;
    /// <summary>While unwinding: the frame base of the function that is about to return next.</summary>
    public byte* UnwindFp;
    /// <summary>Loops without calls poll this at the back edge.</summary>
    public int Preempt;
    /// <summary>Words in <see cref="Args"/>.</summary>
    public int ArgCount;
    /// <summary>This P's allocation cache (Memory.MCache*).</summary>
    public void* MCache;
    /// <summary>Sp at the moment unwinding began.</summary>
    public byte* SavedSp;
    public void* M;

    /// <summary>Results kept in the goroutine; those behind them are in <see cref="MoreR"/>.</summary>
    public const int InlineResults = 8;

    /// <summary>Words in MoreR, counted from result 0, and in Args: more than any function has.</summary>
    public const int MostWords = 256;

    // ---- results: R[0] only used by resume; R[1..] by every call with several results. Floats as bits (F32: bits of the float in the low half).
    public fixed ulong R[InlineResults];
    /// <summary>Results from <see cref="InlineResults"/> on, by the same index. Belongs to the thread, so nothing is in it while the goroutine is parked.</summary>
    public ulong* MoreR;
    /// <summary>
    /// Pointer parameters handed over in the prologue's slow path; visible to the collector and the stack copier. Belongs to the
    /// thread: ArgCount is 0 while the goroutine is parked.
    /// </summary>
    public ulong* Args;

    // ---- the stack
    public byte* StackLo;
    public byte* StackHi;
    /// <summary>Guard's true value when nobody wants attention.</summary>
    public byte* StackGuard;

    // ---- panics and defers; owned by Go code of package runtime
    public void* Defer;
    public void* Panic;

    // ---- runtime's own part follows in memory: Runtime.GState starts right behind, see Runtime/Sched/GState.cs
    public long Goid;

    /// <summary>Where result k is.</summary>
    public static ulong* Result(G* g, int k) => k < InlineResults ? &g->R[k] : &g->MoreR[k];
}

/// <summary>What the run-time floor knows of a function. Unmanaged, immutable, written by the loader from the image.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FuncDesc
{
    /// <summary>Resumes the function at the site in its frame header: void Resume(G*). Null: not resumable (has no frame).</summary>
    public delegate*<G*, void> Resume;
    /// <summary>Native entry (code word), or null until someone asked.</summary>
    public void* Entry;
    public int FrameBytes;
    public int SiteCount;
    public SiteDesc* Sites;
    /// <summary>UTF-8 link name and file name.</summary>
    public byte* Name;
    public int NameLength;
    public int StartLine;
    public byte* File;
    public int FileLength;
    public FuncFlags Flags;
    public int FuncId;
    public int ImageId;
    /// <summary>Bodies inlined into this function, see <see cref="InlineDesc"/>; null if there are none.</summary>
    public InlineDesc* Inlines;
}

[System.Flags]
public enum FuncFlags { None = 0, Wrapper = 1, HasDefer = 2, TopOfStack = 4, OtherFile = 8 }

/// <summary>One safepoint. Site 0 is the entry; DeferReturnSite is <see cref="SiteDesc.DeferReturn"/>. Used where the image has it: never copied.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct SiteDesc
{
    public const int Entry = 0;
    public const int DeferReturn = 1;
    public const int FirstCall = 2;

    public int Line;
    /// <summary>Innermost inlined body at this site: index into FuncDesc.Inlines, or -1.</summary>
    public int Inline;
    /// <summary>Bytes from this descriptor to PtrMask.</summary>
    public int MaskDistance;
    public int PtrWordCount;
    /// <summary>Parts of the frame that are live if a live pointer leads to them. They are disjoint.</summary>
    public int ObjectCount;

    /// <summary>
    /// Live pointer words of the frame, bit i = word at fp + 8*i; PtrWordCount bits. With objects another such mask follows, of the pointer words in them, and
    /// then a word per object, by offset: offset from fp (high half) and size.
    /// </summary>
    public readonly ulong* PtrMask => (ulong*)((byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in this)) + MaskDistance);

    public readonly int MaskWords => (PtrWordCount + 63) >> 6;
    public readonly ulong* ObjectMask => PtrMask + MaskWords;
    public readonly ulong* Objects => PtrMask + 2 * MaskWords;
}

// The low level of the IR: blocks of instructions over scalar locals and frame slots. CONTRACT FILE: Lower writes it, Frame and Emit read it.
//
// Terms. scalar local: lives in an IL local; Ptr locals are tracked by the collector. slot: memory on the Go stack, addressed by LowSlotAddr.
// Invariants (LowVerifier): every local is assigned before use on every path, operand types match, expressions are pure (they may read
// memory, never write it, call, or fault except by LowLoad from a pointer proven non-nil by an earlier check), each block ends in one terminator.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Machine types of scalars. Sub-word integers are kept extended to 32 bits as their signedness says. Ptr is collector-visible.</summary>
public enum LowType : byte { I8, U8, I16, U16, I32, U32, I64, U64, F32, F64, Ptr }

public sealed class LowLocal
{
    public int Id;
    public LowType Type;
    public string? Name;
    /// <summary>Index in the flattened parameter list, or -1.</summary>
    public int Param = -1;
    /// <summary>Ptr that can never point into a Go stack nor into the heap (static data, type words): needs no slot.</summary>
    public bool NotTracked;
    /// <summary>Always a length or capacity of a slice or string: not negative, and no larger than memory.</summary>
    public bool IsLength;
}

/// <summary>Memory in the Go frame. PtrWords: one flag per word, null = no pointers. Zeroed where LowZeroSlot says so.</summary>
public sealed class LowSlot
{
    public int Id;
    public string? Name;
    public long Size;
    public int Align = 8;
    public bool[]? PtrWords;
    /// <summary>Address escapes into pointer locals: has memory of its own, and lives while it is mentioned or a pointer to it lives.</summary>
    public bool AddrTaken;
}

// ---- expressions (pure)

public abstract class LowExpr { public LowType Type; }
/// <summary>Integers, nil (Ptr with Bits 0); F32 and F64 as the bits of a double in Bits.</summary>
public sealed class LowConst : LowExpr { public long Bits; }
public sealed class LowLocalRef : LowExpr { public required LowLocal Local; }
public enum LowOp : byte
{
    Add, Sub, Mul, DivS, DivU, RemS, RemU, And, Or, Xor, AndNot,
    /// <summary>Shift counts are already proven less than the width or masked by lowering.</summary>
    Shl, ShrS, ShrU,
    Eq, Ne, LtS, LeS, GtS, GeS, LtU, LeU, GtU, GeU, // result I32 0/1; floats use the S forms with Go's NaN rules
    /// <summary>High word of a 64×64 product.</summary>
    MulHiU, MulHiS,
    RotL,
    Neg, Not /* bitwise */,
    Sqrt, Floor, Ceil, Trunc, RoundEven, Abs, CopySign, Fma3,
    Lzcnt, Tzcnt, Popcnt, Bswap,
    MinF, MaxF,
}
/// <summary>Result is normalised to Type (wrap-around and extension of sub-word types is Emit's duty). Operand type is A.Type. C only for Fma3.</summary>
public sealed class LowBin : LowExpr { public LowOp Op; public required LowExpr A; public LowExpr? B; public LowExpr? C; }
/// <summary>Numeric conversion with Go's semantics on amd64 (float to int of out-of-range values gives what gc gives); Ptr ↔ U64 reinterprets; BitCast: float bits.</summary>
public sealed class LowConv : LowExpr { public required LowExpr A; public bool BitCast; }
public sealed class LowLoad : LowExpr { public required LowExpr Addr; public long Offset; public bool Volatile; }
public sealed class LowSlotAddr : LowExpr { public required LowSlot Slot; public long Offset; }
public sealed class LowGlobalAddr : LowExpr { public required Global Global; public long Offset; }
/// <summary>Address of the bytes of a string constant.</summary>
public sealed class LowStringAddr : LowExpr { public required StringBytes Bytes; }
/// <summary>Address of the type descriptor.</summary>
public sealed class LowTypeAddr : LowExpr { public required GoType GoType; }
public sealed class LowItabAddr : LowExpr { public required ItabKey Key; }
/// <summary>Address of the static funcval of a function (thunk with ctx).</summary>
public sealed class LowFuncVal : LowExpr { public required Function Func; }
/// <summary>Native code pointer: of a closure body (for word 0 of a funcval made at run time). </summary>
public sealed class LowCodePtr : LowExpr { public required Function Func; }
/// <summary>Cond ? A : B, both pure.</summary>
public sealed class LowSelect : LowExpr { public required LowExpr Cond, A, B; }
/// <summary>The closure context parameter.</summary>
public sealed class LowCtx : LowExpr;
/// <summary>`g->StackHi - fp` as U64: names this frame for the time of its life, also when the stack moves.</summary>
public sealed class LowFrameToken : LowExpr;
/// <summary>The G pointer (Ptr, not tracked).</summary>
public sealed class LowG : LowExpr;

// ---- instructions

public abstract class LowInstr { public Pos Pos; }
public sealed class LowAssign : LowInstr { public required LowLocal Local; public required LowExpr Value; }
/// <summary>Store of one scalar; StoreType gives the memory width. Barrier: heap pointer store needing the write barrier.</summary>
public sealed class LowStore : LowInstr { public LowType StoreType; public required LowExpr Addr; public long Offset; public required LowExpr Value; public bool Barrier; public bool Volatile; }
/// <summary>Memory copy (may overlap if MayOverlap). BarrierType: heap destination with pointers: typed copy.</summary>
public sealed class LowCopy : LowInstr { public required LowExpr Dst, Src; public required LowExpr Size; public bool MayOverlap; public GoType? BarrierType; }
public sealed class LowZero : LowInstr { public required LowExpr Dst; public required LowExpr Size; public GoType? BarrierType; }
/// <summary>Zeroes a slot and begins its life.</summary>
public sealed class LowZeroSlot : LowInstr { public required LowSlot Slot; }
/// <summary>Faults unless the pointer is non-nil: on nil calls runtime.sigpanic (a cold block made by Emit).</summary>
public sealed class LowNilCheck : LowInstr { public required LowExpr Ptr; }
/// <summary>If Cond is false, call the no-return runtime function Panic with Args (cold block).</summary>
public sealed class LowCheck : LowInstr { public required LowExpr Cond; public required string Panic; public List<LowExpr> Args = []; }

/// <summary>Atomic read-modify-write: compiled to Interlocked / Volatile. Kind: Xchg, Xadd (old or new value by ReturnsNew), Cas, And, Or.</summary>
public enum LowAtomicKind : byte { Xchg, Xadd, Cas, And, Or }
public sealed class LowAtomic : LowInstr { public LowAtomicKind Kind; public LowType MemType; public required LowExpr Addr; public List<LowExpr> Args = []; public LowLocal? Result; public bool ReturnsNew; }

public enum LowCallKind : byte { Direct, Closure, CodePtr, Runtime }
/// <summary>
/// Direct: Func. Closure: Target is the funcval pointer (checked non-nil before), ctx passed; Func, if set, is the body it is known to have. CodePtr: Target is a native code pointer (itab method), no ctx.
/// Runtime: Symbol of RuntimeFn. Args are flattened (hidden result pointers first); Results take the scalars (null = ignored).
/// </summary>
public sealed class LowCall : LowInstr
{
    public LowCallKind Kind;
    public Function? Func;
    public LowExpr? Target;
    public string? Symbol;
    public List<LowExpr> Args = [];
    /// <summary>The first MemResults arguments are hidden result pointers (the callee overwrites all of that memory, and reads none).</summary>
    public int MemResults;
    public List<LowType> ResultTypes = [];
    public List<LowLocal?> Results = [];
    public bool NoReturn;
    /// <summary>Last call of its function, which returns the results as they are: may be made without a frame.</summary>
    public bool Tail;
}

// ---- terminators

public abstract class LowTerm { public Pos Pos; }
public sealed class LowJump : LowTerm { public required LowBlock Target; }
public sealed class LowBranch : LowTerm { public required LowExpr Cond; public required LowBlock Then, Else; public bool ThenUnlikely; }
/// <summary>Dense jump table on an integer; Default otherwise.</summary>
public sealed class LowSwitch : LowTerm { public required LowExpr Value; public List<LowBlock> Targets = []; public required LowBlock Default; }
public sealed class LowReturn : LowTerm { public List<LowExpr> Values = []; }
public sealed class LowUnreachable : LowTerm;

public sealed class LowBlock
{
    public int Id;
    public List<LowInstr> Instrs = [];
    public LowTerm Term = null!;
    /// <summary>While lowering: target of a back edge. Afterwards: Emit inserts a preemption poll (see Loops).</summary>
    public bool LoopHeader;
    /// <summary>Head of a loop that runs no longer than some array, slice or string is long: needs no poll.</summary>
    public bool Bounded;
}

public sealed class LowFunction
{
    /// <summary>Link name and position; null Tree for runtime-made helpers (equality, hash, wrappers, invokers).</summary>
    public required string LinkName;
    /// <summary>Name in tracebacks, if it is not the link name.</summary>
    public string? DisplayName;
    public Function? Tree;
    public required Package Pkg;
    public Pos Pos;
    /// <summary>Takes ctx (called through func values).</summary>
    public bool HasCtx;
    public List<LowType> ParamTypes = [];
    public List<LowLocal> ParamLocals = [];
    public List<LowType> ResultTypes = [];
    public List<LowLocal> Locals = [];
    public List<LowSlot> Slots = [];
    public List<LowBlock> Blocks = [];
    public LowBlock Entry = null!;
    /// <summary>Where a recovered panic resumes (runs remaining deferred calls, loads results, returns); null without defer.</summary>
    public LowBlock? DeferReturn;
    public bool Nosplit;
    /// <summary>Bytes of stack that must be there below the frame: addresses of the frame are passed as numbers, so the stack must not move.</summary>
    public int Room;
    /// <summary>Functions that tracebacks and recover must not count (wrappers).</summary>
    public bool IsWrapper;

    public LowLocal NewLocal(LowType type, string? name = null)
    {
        var l = new LowLocal { Id = Locals.Count, Type = type, Name = name };
        Locals.Add(l);
        return l;
    }

    public LowSlot NewSlot(long size, int align, bool[]? ptrWords, string? name = null)
    {
        var s = new LowSlot { Id = Slots.Count, Size = size, Align = align, PtrWords = ptrWords, Name = name };
        Slots.Add(s);
        return s;
    }

    public LowBlock NewBlock()
    {
        var b = new LowBlock { Id = Blocks.Count };
        Blocks.Add(b);
        return b;
    }
}

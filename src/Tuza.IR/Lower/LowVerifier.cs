// The rules of low functions, checked.
//
//   - every block ends in a terminator that leads to blocks of the function
//   - operand types match: arithmetic in one type; shift counts and rotations I32; pointer + I64 or U64; comparisons give I32 (or stand for U8)
//   - a call's arguments and results are those of the callee's flattened signature
//   - temporaries are assigned before use on every path

using System.Collections.Generic;
using Tuza.Abi;

namespace Tuza.IR;

public sealed class LowVerifier
{
    readonly LowFunction _f;
    readonly List<string> _errors = [];
    LowBlock? _block;

    LowVerifier(LowFunction f) => _f = f;

    /// <summary>Errors, empty when the function is right.</summary>
    public static List<string> Check(LowFunction f)
    {
        var v = new LowVerifier(f);
        v.Run();
        return v._errors;
    }

    void Error(string what)
    {
        if (_errors.Count < 10)
            _errors.Add($"{_f.LinkName} b{_block?.Id}: {what}");
    }

    void Run()
    {
        var known = new HashSet<LowBlock>(_f.Blocks, ReferenceEqualityComparer.Instance);
        foreach (var b in _f.Blocks)
        {
            _block = b;
            foreach (var i in b.Instrs)
                Instr(i);
            Term(b.Term);
            foreach (var s in LowUses.Successors(b.Term))
                if (!known.Contains(s))
                    Error("leads to a block outside");
        }
        Assigned();
    }

    static bool Fits(LowType want, LowExpr e) =>
        e.Type == want || (want == LowType.U8 && e is LowBin b && L.IsCompare(b.Op)) || (want == LowType.U8 && e is LowBin { Op: LowOp.And or LowOp.Or, Type: LowType.I32 })
        || (want == LowType.I32 && e is LowConst { Type: LowType.U8 });

    void Want(LowType want, LowExpr e, string where)
    {
        if (!Fits(want, e))
            Error($"{where}: want {want}, have {e.Type} in {LowPrinter.Print(e)}");
        Expr(e);
    }

    void WantCond(LowExpr e, string where)
    {
        if (L.IsFloat(e.Type) || e.Type is LowType.Ptr or LowType.I64 or LowType.U64)
            Error($"{where}: condition of type {e.Type}");
        Expr(e);
    }

    void WantSize(LowExpr e)
    {
        if (e.Type is not (LowType.I64 or LowType.U64))
            Error($"size of type {e.Type}");
        Expr(e);
    }

    void Instr(LowInstr i)
    {
        switch (i)
        {
            case LowAssign a: Want(a.Local.Type, a.Value, "assign"); break;
            case LowStore s:
                Want(LowType.Ptr, s.Addr, "store address");
                Want(s.StoreType, s.Value, "store value");
                if (s.Barrier && s.StoreType != LowType.Ptr)
                    Error("barrier on a store of " + s.StoreType);
                break;
            case LowCopy c:
                Want(LowType.Ptr, c.Dst, "copy");
                Want(LowType.Ptr, c.Src, "copy");
                WantSize(c.Size);
                break;
            case LowZero z:
                Want(LowType.Ptr, z.Dst, "zero");
                WantSize(z.Size);
                break;
            case LowZeroSlot: break;
            case LowNilCheck n: Want(LowType.Ptr, n.Ptr, "nilcheck"); break;
            case LowCheck c:
                WantCond(c.Cond, "check");
                foreach (var a in c.Args)
                    Expr(a);
                CheckRuntime(c.Panic, c.Args, []);
                break;
            case LowAtomic a:
                Want(LowType.Ptr, a.Addr, "atomic");
                foreach (var x in a.Args)
                {
                    Expr(x);
                    if (!Fits(a.MemType, x) && !(a.Kind == LowAtomicKind.Xadd && L.Bits(x.Type) == L.Bits(a.MemType)))
                        Error($"atomic {a.Kind} of {a.MemType} with {x.Type}");
                }
                break;
            case LowCall c: Call(c); break;
            default: Error("unknown instruction " + i.GetType().Name); break;
        }
    }

    void Call(LowCall c)
    {
        foreach (var a in c.Args)
            Expr(a);
        if (c.Target != null)
            Want(LowType.Ptr, c.Target, "call target");
        if (c.Results.Count != c.ResultTypes.Count)
            Error("result lists differ");
        for (int i = 0; i < c.Results.Count && i < c.ResultTypes.Count; i++)
            if (c.Results[i] is { } r && r.Type != c.ResultTypes[i])
                Error($"result {i} of type {c.ResultTypes[i]} into {r.Type}");
        if (c.Kind == LowCallKind.Runtime)
            CheckRuntime(c.Symbol!, c.Args, c.ResultTypes);
        else if (c.Kind == LowCallKind.Direct)
            CheckShape(c.Func!.LinkName, CallConv.Of(c.Func), c.Args, c.ResultTypes);
    }

    void CheckRuntime(string symbol, List<LowExpr> args, List<LowType> results)
    {
        if (!RuntimeFn.All.TryGetValue(symbol, out var sig))
            Error("unknown runtime function " + symbol);
        else
            CheckShape(symbol, CallConv.Of(sig), args, results);
    }

    void CheckShape(string name, CallShape shape, List<LowExpr> args, List<LowType> results)
    {
        if (args.Count != shape.Params.Count)
        {
            Error($"{name}: {args.Count} arguments, want {shape.Params.Count}");
            return;
        }
        for (int i = 0; i < args.Count; i++)
            if (!Fits(shape.Params[i], args[i]))
                Error($"{name}: argument {i} is {args[i].Type}, want {shape.Params[i]}: {LowPrinter.Print(args[i])}");
        if (results.Count != 0 && results.Count != shape.Results.Count)
            Error($"{name}: {results.Count} results, want {shape.Results.Count}");
        else
            for (int i = 0; i < results.Count; i++)
                if (results[i] != shape.Results[i])
                    Error($"{name}: result {i} is {results[i]}, want {shape.Results[i]}");
    }

    void Term(LowTerm t)
    {
        switch (t)
        {
            case LowBranch b: WantCond(b.Cond, "branch"); break;
            case LowSwitch s: Expr(s.Value); break;
            case LowReturn r:
                if (r.Values.Count != _f.ResultTypes.Count)
                    Error($"returns {r.Values.Count} values, want {_f.ResultTypes.Count}");
                else
                    for (int i = 0; i < r.Values.Count; i++)
                        Want(_f.ResultTypes[i], r.Values[i], "return");
                break;
            case null: Error("no terminator"); break;
        }
    }

    void Expr(LowExpr e)
    {
        switch (e)
        {
            case LowBin b:
                Expr(b.A);
                if (b.B != null)
                    Expr(b.B);
                if (b.C != null)
                    Expr(b.C);
                Bin(b);
                break;
            case LowConv c:
                Expr(c.A);
                if (c.BitCast && L.Bits(c.Type) != L.Bits(c.A.Type))
                    Error($"bit cast from {c.A.Type} to {c.Type}");
                else if (!c.BitCast && c.Type == LowType.Ptr != (c.A.Type == LowType.Ptr) && c.Type is not (LowType.Ptr or LowType.I64 or LowType.U64))
                    Error($"conversion from {c.A.Type} to {c.Type}");
                break;
            case LowLoad l: Want(LowType.Ptr, l.Addr, "load"); break;
            case LowSelect s:
                WantCond(s.Cond, "select");
                Want(s.Type, s.A, "select");
                Want(s.Type, s.B, "select");
                break;
        }
    }

    void Bin(LowBin b)
    {
        var (a, t) = (b.A.Type, b.Type);
        bool ok = b.Op switch
        {
            LowOp.Add when t == LowType.Ptr => a == LowType.Ptr && b.B!.Type is LowType.I64 or LowType.U64,
            LowOp.Shl or LowOp.ShrS or LowOp.ShrU or LowOp.RotL => a == t && b.B!.Type == LowType.I32,
            LowOp.Lzcnt or LowOp.Tzcnt or LowOp.Popcnt => t == LowType.I32 && b.B == null,
            >= LowOp.Eq and <= LowOp.GeU => t == LowType.I32 && (b.B!.Type == a || Fits(a, b.B) || Fits(b.B.Type, b.A) || (IsWord(a) && IsWord(b.B.Type))),
            LowOp.Neg or LowOp.Not or LowOp.Bswap or (>= LowOp.Sqrt and <= LowOp.Abs) => a == t && b.B == null,
            LowOp.And or LowOp.Or when t is LowType.I32 or LowType.U8 => IsBool(b.A) && IsBool(b.B!) || (a == t && b.B!.Type == t),
            _ => a == t && b.B!.Type == t,
        };
        if (!ok)
            Error($"operands of {LowPrinter.Print(b)}: {t} from {a}, {b.B?.Type}");
    }

    static bool IsBool(LowExpr e) => e.Type is LowType.U8 or LowType.I32;
    static bool IsWord(LowType t) => t is LowType.I64 or LowType.U64;

    // ---- definite assignment of temporaries

    void Assigned()
    {
        int n = _f.Locals.Count;
        var at = new Dictionary<LowBlock, BitSet>(ReferenceEqualityComparer.Instance);
        foreach (var b in _f.Blocks)
        {
            var s = new BitSet(n + 1);
            s.Fill();
            at[b] = s;
        }
        var entry = new BitSet(n + 1);
        foreach (var l in _f.Locals)
            if (l.Name != null || l.Param >= 0)
                entry.Add(l.Id);
        at[_f.Entry].Set(entry);
        if (_f.DeferReturn != null)
            at[_f.DeferReturn].Set(entry);
        var u = new LowUses(n + 1) { Ctx = new LowLocal { Id = n } };
        entry.Add(n);
        var now = new BitSet(n + 1);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var b in _f.Blocks)
            {
                now.Set(at[b]);
                foreach (var i in b.Instrs)
                {
                    u.Of(i);
                    foreach (var d in u.Defs)
                        now.Add(d.Id);
                }
                foreach (var s in LowUses.Successors(b.Term))
                {
                    var before = at[s].Copy();
                    at[s].And(now);
                    changed |= !before.SameAs(at[s]);
                }
            }
        }
        foreach (var b in _f.Blocks)
        {
            _block = b;
            now.Set(at[b]);
            foreach (var i in b.Instrs)
            {
                u.Of(i);
                Uses(u, now, LowPrinter.Print(i));
                foreach (var d in u.Defs)
                    now.Add(d.Id);
            }
            u.Of(b.Term);
            Uses(u, now, "terminator");
        }
    }

    void Uses(LowUses u, BitSet now, string where)
    {
        foreach (int v in u.Uses)
            if (v < _f.Locals.Count && !now[v])
                Error($"v{v} used before assignment in {where}");
    }
}

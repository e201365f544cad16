// Low functions as text, for -d=low and tests.
//
//   func main.f(x i64, p ptr) i64
//   b0:
//     v3 = load.i64 [p+8]
//     nilcheck p
//     check ltu(x, v3) else runtime.panicIndex(x, v3)
//     br eq(x, 0) ? b1 : b2

using System;
using System.Globalization;
using System.Text;

namespace Tuza.IR;

public sealed class LowPrinter
{
    readonly StringBuilder _sb = new();

    public static string Print(LowFunction f)
    {
        var p = new LowPrinter();
        p.Function(f);
        return p._sb.ToString();
    }

    public static string Print(LowExpr e)
    {
        var p = new LowPrinter();
        p.Expr(e);
        return p._sb.ToString();
    }

    public static string Print(LowInstr i)
    {
        var p = new LowPrinter();
        p.Instr(i);
        return p._sb.ToString();
    }

    void Function(LowFunction f)
    {
        _sb.Append("func ").Append(f.LinkName).Append('(');
        if (f.HasCtx)
            _sb.Append("ctx").Append(f.ParamLocals.Count > 0 ? ", " : "");
        for (int i = 0; i < f.ParamLocals.Count; i++)
            _sb.Append(i > 0 ? ", " : "").Append(Name(f.ParamLocals[i])).Append(' ').Append(Type(f.ParamLocals[i].Type));
        _sb.Append(')');
        foreach (var r in f.ResultTypes)
            _sb.Append(' ').Append(Type(r));
        _sb.Append('\n');
        foreach (var s in f.Slots)
        {
            _sb.Append("  slot ").Append(Name(s)).Append(' ').Append(s.Size);
            if (s.PtrWords != null)
            {
                _sb.Append(" ptrs ");
                foreach (bool b in s.PtrWords)
                    _sb.Append(b ? '1' : '0');
            }
            _sb.Append(s.AddrTaken ? " addressed\n" : "\n");
        }
        foreach (var b in f.Blocks)
        {
            _sb.Append('b').Append(b.Id).Append(':');
            if (b.LoopHeader)
                _sb.Append(" loop");
            if (b == f.DeferReturn)
                _sb.Append(" deferreturn");
            _sb.Append('\n');
            foreach (var i in b.Instrs)
            {
                _sb.Append("  ");
                Instr(i);
                _sb.Append('\n');
            }
            _sb.Append("  ");
            Term(b.Term);
            _sb.Append('\n');
        }
    }

    static string Name(LowLocal l) => l.Name == null ? "v" + l.Id : $"{l.Name}.{l.Id}";
    static string Name(LowSlot s) => s.Name == null ? "s" + s.Id : $"{s.Name}.s{s.Id}";
    static string Type(LowType t) => t.ToString().ToLowerInvariant();

    void Instr(LowInstr instr)
    {
        switch (instr)
        {
            case LowAssign a:
                _sb.Append(Name(a.Local)).Append(" = ");
                Expr(a.Value);
                break;
            case LowStore s:
                _sb.Append(s.Volatile ? "vstore." : "store.").Append(Type(s.StoreType)).Append(' ');
                Address(s.Addr, s.Offset);
                _sb.Append(" = ");
                Expr(s.Value);
                if (s.Barrier)
                    _sb.Append(" barrier");
                break;
            case LowCopy c:
                _sb.Append(c.MayOverlap ? "move " : "copy ");
                List(c.Dst, c.Src, c.Size);
                if (c.BarrierType != null)
                    _sb.Append(" barrier ").Append(c.BarrierType);
                break;
            case LowZero z:
                _sb.Append("zero ");
                List(z.Dst, z.Size);
                if (z.BarrierType != null)
                    _sb.Append(" barrier ").Append(z.BarrierType);
                break;
            case LowZeroSlot z: _sb.Append("zeroslot ").Append(Name(z.Slot)); break;
            case LowNilCheck n:
                _sb.Append("nilcheck ");
                Expr(n.Ptr);
                break;
            case LowCheck c:
                _sb.Append("check ");
                Expr(c.Cond);
                _sb.Append(" else ").Append(c.Panic).Append('(');
                List([.. c.Args]);
                _sb.Append(')');
                break;
            case LowAtomic a:
                if (a.Result != null)
                    _sb.Append(Name(a.Result)).Append(" = ");
                _sb.Append("atomic.").Append(a.Kind.ToString().ToLowerInvariant()).Append('.').Append(Type(a.MemType)).Append(' ');
                Address(a.Addr, 0);
                _sb.Append(' ');
                List([.. a.Args]);
                if (a.ReturnsNew)
                    _sb.Append(" new");
                break;
            case LowCall c: Call(c); break;
            default: _sb.Append(instr.GetType().Name); break;
        }
    }

    void Call(LowCall c)
    {
        for (int i = 0; i < c.Results.Count; i++)
            _sb.Append(i > 0 ? ", " : "").Append(c.Results[i] is { } r ? Name(r) : "_");
        if (c.Results.Count > 0)
            _sb.Append(" = ");
        switch (c.Kind)
        {
            case LowCallKind.Direct: _sb.Append("call ").Append(c.Func!.LinkName); break;
            case LowCallKind.Runtime: _sb.Append("call ").Append(c.Symbol); break;
            default:
                _sb.Append(c.Kind == LowCallKind.Closure ? "callclosure " : "callcode ");
                Expr(c.Target!);
                break;
        }
        _sb.Append('(');
        List([.. c.Args]);
        _sb.Append(')');
        if (c.MemResults > 0)
            _sb.Append(" memresults ").Append(c.MemResults);
    }

    void Term(LowTerm t)
    {
        switch (t)
        {
            case LowJump j: _sb.Append("jump b").Append(j.Target.Id); break;
            case LowBranch b:
                _sb.Append("br ");
                Expr(b.Cond);
                _sb.Append(" ? b").Append(b.Then.Id).Append(b.ThenUnlikely ? " (unlikely)" : "").Append(" : b").Append(b.Else.Id);
                break;
            case LowSwitch s:
                _sb.Append("switch ");
                Expr(s.Value);
                foreach (var x in s.Targets)
                    _sb.Append(" b").Append(x.Id);
                _sb.Append(" default b").Append(s.Default.Id);
                break;
            case LowReturn r:
                _sb.Append("return ");
                List([.. r.Values]);
                break;
            default: _sb.Append("unreachable"); break;
        }
    }

    void List(params LowExpr[] list)
    {
        for (int i = 0; i < list.Length; i++)
        {
            if (i > 0)
                _sb.Append(", ");
            Expr(list[i]);
        }
    }

    void Address(LowExpr addr, long offset)
    {
        _sb.Append('[');
        Expr(addr);
        if (offset != 0)
            _sb.Append(CultureInfo.InvariantCulture, $"{offset:+0;-0}");
        _sb.Append(']');
    }

    void Expr(LowExpr e)
    {
        switch (e)
        {
            case LowConst c:
                if (c.Type is LowType.F32 or LowType.F64)
                    _sb.Append(BitConverter.Int64BitsToDouble(c.Bits).ToString("R", CultureInfo.InvariantCulture)).Append('f');
                else if (c.Type == LowType.Ptr)
                    _sb.Append(c.Bits == 0 ? "nil" : "ptr:" + c.Bits);
                else
                    _sb.Append(c.Type is LowType.U64 ? ((ulong)c.Bits).ToString(CultureInfo.InvariantCulture) : c.Bits.ToString(CultureInfo.InvariantCulture));
                break;
            case LowLocalRef l: _sb.Append(Name(l.Local)); break;
            case LowBin b:
                _sb.Append(b.Op.ToString().ToLowerInvariant());
                if (!L.IsCompare(b.Op))
                    _sb.Append('.').Append(Type(b.Type));
                _sb.Append('(');
                Expr(b.A);
                if (b.B != null)
                {
                    _sb.Append(", ");
                    Expr(b.B);
                }
                if (b.C != null)
                {
                    _sb.Append(", ");
                    Expr(b.C);
                }
                _sb.Append(')');
                break;
            case LowConv c:
                _sb.Append(c.BitCast ? "bits." : "conv.").Append(Type(c.Type)).Append('(');
                Expr(c.A);
                _sb.Append(')');
                break;
            case LowLoad l:
                _sb.Append(l.Volatile ? "vload." : "load.").Append(Type(l.Type)).Append(' ');
                Address(l.Addr, l.Offset);
                break;
            case LowSlotAddr s:
                _sb.Append('&').Append(Name(s.Slot));
                if (s.Offset != 0)
                    _sb.Append('+').Append(s.Offset);
                break;
            case LowGlobalAddr g:
                _sb.Append('&').Append(g.Global.LinkName);
                if (g.Offset != 0)
                    _sb.Append('+').Append(g.Offset);
                break;
            case LowStringAddr s: _sb.Append('"').Append(Encoding.UTF8.GetString(s.Bytes.Bytes).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"'); break;
            case LowTypeAddr t: _sb.Append("type:").Append(t.GoType); break;
            case LowItabAddr i: _sb.Append("itab:").Append(i.Key.Concrete).Append(',').Append(i.Key.Interface); break;
            case LowFuncVal f: _sb.Append("func:").Append(f.Func.LinkName); break;
            case LowCodePtr f: _sb.Append("code:").Append(f.Func.LinkName); break;
            case LowSelect s:
                _sb.Append("select(");
                List(s.Cond, s.A, s.B);
                _sb.Append(')');
                break;
            case LowCtx: _sb.Append("ctx"); break;
            case LowFrameToken: _sb.Append("frametoken"); break;
            case LowG: _sb.Append('g'); break;
            default: _sb.Append(e.GetType().Name); break;
        }
    }
}

// Comparisons of all types, and conditions as control flow.
//
// EqualTo is the general equality: it jumps to a block on the first difference and goes on in the current one. Strings compare lengths first, then
// bytes; interfaces compare type words, then ask the runtime; memory without gaps is compared as bytes; other memory by the type's
// equality function. In a struct the cheap parts come first: what a string or a longer run of memory holds is looked at when the rest
// is equal, but before the next interface, whose comparison may panic.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>Evaluates a condition as control flow, ordering each part where it is evaluated.</summary>
    void Condition(ExprNode e, LowBlock then, LowBlock @else, bool thenUnlikely = false)
    {
        var save = _pos;
        if (e.Pos.IsKnown)
            _pos = e.Pos;
        switch (e)
        {
            case LogicalNode l when !_done.ContainsKey(e):
                {
                    RunInit(e);
                    var second = NewBlock();
                    if (l.IsAnd)
                        Condition(l.X, second, @else);
                    else
                        Condition(l.X, then, second);
                    _cur = second;
                    Condition(l.Y, then, @else);
                    break;
                }
            case UnaryNode { Op: Token.Not } u when !_done.ContainsKey(e):
                RunInit(e);
                Condition(u.X, @else, then);
                break;
            case ConvNode { Kind: ConvKind.Nop } c when !_done.ContainsKey(e):
                RunInit(e);
                Condition(c.X, then, @else);
                break;
            case CompareNode c when !_done.ContainsKey(e) && !IsScalarCompare(c):
                Order(e);
                CompareTo(c, then, @else);
                break;
            default:
                Order(e);
                Branch(One(e), then, @else, thenUnlikely);
                break;
        }
        _pos = save;
    }

    /// <summary>A logical or complicated comparison as a value.</summary>
    LowExpr BoolValue(ExprNode e)
    {
        if (e is LogicalNode l && !HasEffects(l) && IsCheap(l.X) && IsCheap(l.Y))
        {
            var x = One(l.X);
            var y = One(l.Y);
            return L.Bin(l.IsAnd ? LowOp.And : LowOp.Or, LowType.U8, x, y);
        }
        var r = NewTemp(LowType.U8);
        var yes = NewBlock();
        var no = NewBlock();
        var done = NewBlock();
        Condition(e, yes, no);
        _cur = yes;
        Assign(r, L.True);
        Jump(done);
        _cur = no;
        Assign(r, L.False);
        Start(done);
        return L.Ref(r);
    }

    /// <summary>Cheaper to evaluate than to jump around: reads locals only and cannot panic.</summary>
    bool IsCheap(ExprNode e) => e switch
    {
        ConstNode or NilNode => true,
        LocalNode l => HomeOf(l.Local) is { Scalars.Length: 1 },
        CompareNode c => IsScalarCompare(c) && IsCheap(c.X) && IsCheap(c.Y),
        UnaryNode { Op: Token.Not } u => IsCheap(u.X),
        _ => false,
    };

    static bool IsNilOperand(ExprNode e) => e is NilNode || (e is ConvNode { Kind: ConvKind.Nop } c && IsNilOperand(c.X));

    /// <summary>Comparable as one pure expression.</summary>
    static bool IsScalarCompare(CompareNode c)
    {
        if (IsNilOperand(c.X) || IsNilOperand(c.Y))
            return true;
        return c.X.Type.Underlying switch
        {
            BasicType b => b.Kind is not (BasicKind.String or BasicKind.UntypedString) || EmptyConst(c.X) || EmptyConst(c.Y) && c.Op is Token.Eql or Token.Neq,
            PointerType or ChanType or MapType or Signature => true,
            _ => false,
        };
    }

    static bool EmptyConst(ExprNode e) => e is ConstNode { Value: StringConstant { Value.Length: 0 } };

    LowExpr Compare(CompareNode c)
    {
        if (!IsScalarCompare(c))
            return BoolValue(c);
        if (IsNilOperand(c.X) || IsNilOperand(c.Y))
        {
            // The first word decides: pointer, slice pointer, type word.
            var v = IsNilOperand(c.X) ? Scalars(c.Y) : Scalars(c.X);
            return L.Cmp(CompareOp(c.Op, LowType.Ptr), v[0], L.Nil);
        }
        if (Predicates.IsString(c.X.Type) && (EmptyConst(c.X) || EmptyConst(c.Y)))
        {
            var s = Scalars(c.X);
            var t = Scalars(c.Y);
            if (c.Op is Token.Eql or Token.Neq)
                return L.Cmp(CompareOp(c.Op, LowType.I64), s[1], t[1]);
            return L.Cmp(CompareOp(c.Op, LowType.I64), s[1], t[1]); // the empty string orders by length
        }
        var x = Scalars(c.X);
        var y = Scalars(c.Y);
        if (x.Length == 2)
        {
            var both = L.Bin(LowOp.And, LowType.I32, L.Cmp(LowOp.Eq, x[0], y[0]), L.Cmp(LowOp.Eq, x[1], y[1]));
            return c.Op == Token.Eql ? both : L.Not(both);
        }
        return L.Cmp(CompareOp(c.Op, x[0].Type), x[0], y[0]);
    }

    static LowOp CompareOp(Token op, LowType type)
    {
        bool signed = L.IsSigned(type) || L.IsFloat(type);
        return op switch
        {
            Token.Eql => LowOp.Eq,
            Token.Neq => LowOp.Ne,
            Token.Lss => signed ? LowOp.LtS : LowOp.LtU,
            Token.Leq => signed ? LowOp.LeS : LowOp.LeU,
            Token.Gtr => signed ? LowOp.GtS : LowOp.GtU,
            Token.Geq => signed ? LowOp.GeS : LowOp.GeU,
            _ => throw Bug($"comparison {op}"),
        };
    }

    /// <summary>Comparisons that need control flow or calls.</summary>
    void CompareTo(CompareNode c, LowBlock then, LowBlock @else)
    {
        RunInit(c);
        if (c.Op is not (Token.Eql or Token.Neq))
        {
            var s = Text(c.X);
            var t = Text(c.Y);
            var order = CallRuntime1("runtime.cmpstring", s[0], s[1], t[0], t[1]);
            Branch(L.Cmp(CompareOp(c.Op, LowType.I64), order, L.I64(0)), then, @else);
            return;
        }
        var (yes, no) = c.Op == Token.Eql ? (then, @else) : (@else, then);
        if (Predicates.IsInterface(c.X.Type))
        {
            if (Boxed(c.X) is { } x && !_done.ContainsKey(c.X))
                CompareBoxed(c.Y, c.X.Type, x, no);
            else if (Boxed(c.Y) is { } y && !_done.ContainsKey(c.Y))
                CompareBoxed(c.X, c.X.Type, y, no);
            else
                EqualTo(c.X.Type, Value(c.X), Value(c.Y), no);
        }
        else if (Predicates.IsString(c.X.Type))
            EqualText(Text(c.X), Text(c.Y), no);
        else
            EqualTo(c.X.Type, Value(c.X), Value(c.Y), no);
        Jump(yes);
    }

    /// <summary>The concrete operand of a conversion to interface.</summary>
    static ExprNode? Boxed(ExprNode e) => e is ConvNode { Kind: ConvKind.ToInterface } c && !Predicates.IsInterface(c.X.Type) ? c.X : null;

    /// <summary>interface == concrete: the type word must be the concrete type's, then the values are compared; nothing is boxed.</summary>
    void CompareBoxed(ExprNode iface, GoType ifaceType, ExprNode concrete, LowBlock no)
    {
        var i = UseAll(Scalars(iface));
        var v = Value(concrete);
        var t = concrete.Type;
        BranchUnless(L.Cmp(LowOp.Eq, i[0], TypeWord(t, ifaceType)), no);
        if (Flatten.IsDirectIface(t))
            BranchUnless(L.Cmp(LowOp.Eq, i[1], ScalarsOf(v, t)[0]), no);
        else
            EqualTo(t, Val.At(new Addr(i[1], AddrKind.Heap)), v, no);
    }

    /// <summary>Goes on if the condition holds, else to the block.</summary>
    void BranchUnless(LowExpr cond, LowBlock no)
    {
        if (cond is LowConst { Bits: not 0 })
            return;
        var next = NewBlock();
        Branch(cond, next, no);
        _cur = next;
    }

    /// <summary>Compares two values of the type; jumps to <paramref name="no"/> if they differ, else goes on.</summary>
    void EqualTo(GoType type, Val a, Val b, LowBlock no)
    {
        var flat = Flatten.Of(type);
        if (flat.IsMemory)
        {
            EqualMemory(type, a.Mem, b.Mem, no);
            return;
        }
        EqualScalars(type, UseAll(ScalarsOf(a, type)), UseAll(ScalarsOf(b, type)), 0, no);
    }

    void EqualScalars(GoType type, LowExpr[] a, LowExpr[] b, int at, LowBlock no)
    {
        switch (type.Underlying)
        {
            case BasicType { Kind: BasicKind.String or BasicKind.UntypedString }:
                EqualText([a[at], a[at + 1]], [b[at], b[at + 1]], no);
                break;
            case InterfaceType i:
                EqualIface(i, [a[at], a[at + 1]], [b[at], b[at + 1]], no);
                break;
            case StructType s:
                var flat = Flatten.Of(type);
                CheapFirst(() =>
                {
                    for (int f = 0; f < s.Fields.Count; f++)
                        if (s.Fields[f].Name != "_")
                            EqualScalars(s.Fields[f].Type, a, b, at + flat.FieldScalars[f], no);
                });
                break;
            case ArrayType arr:
                if (arr.Len == 1)
                    EqualScalars(arr.Elem, a, b, at, no);
                break;
            default:
                for (int k = 0; k < Flatten.Of(type).Scalars.Length; k++)
                    BranchUnless(L.Cmp(LowOp.Eq, a[at + k], b[at + k]), no);
                break;
        }
    }

    /// <summary>Comparisons put off until the cheap ones are made; null outside structs.</summary>
    List<Action>? _costly;

    void CheapFirst(Action comparisons)
    {
        if (_costly != null)
        {
            comparisons();
            return;
        }
        _costly = [];
        comparisons();
        CompareCostly();
        _costly = null;
    }

    void CompareCostly()
    {
        foreach (var compare in _costly ?? [])
            compare();
        _costly?.Clear();
    }

    void Costly(Action compare)
    {
        if (_costly != null)
            _costly.Add(compare);
        else
            compare();
    }

    void EqualIface(InterfaceType type, LowExpr[] a, LowExpr[] b, LowBlock no)
    {
        CompareCostly();
        a = UseAll(a);
        b = UseAll(b);
        BranchUnless(L.Cmp(LowOp.Eq, a[0], b[0]), no);
        bool empty = type.TypeSet.Methods.Count == 0;
        BranchUnless(CallRuntime1(empty ? "runtime.efaceeq" : "runtime.ifaceeq", a[0], a[1], b[1]), no);
    }

    void EqualMemory(GoType type, Addr a, Addr b, LowBlock no)
    {
        long size = Flatten.SizeOf(type);
        if (TypeFuncs.IsPlainMemory(type))
        {
            if (size is 8 or 4 or 2 or 1)
            {
                var t = size switch { 8 => LowType.U64, 4 => LowType.U32, 2 => LowType.U16, _ => LowType.U8 };
                BranchUnless(L.Cmp(LowOp.Eq, LoadScalar(a, t), LoadScalar(b, t)), no);
            }
            else
                Costly(() => BranchUnless(CallRuntime1("runtime.memequal", a.Expr, b.Expr, L.U64((ulong)size)), no));
            return;
        }
        CompareCostly();
        var r = NewTemp(LowType.U8);
        Emit(new LowCall
        {
            Kind = LowCallKind.Direct,
            Func = _lowerer.TypeFuncs.EqualRef(type),
            Args = [a.Expr, b.Expr],
            ResultTypes = [LowType.U8],
            Results = [r],
        });
        BranchUnless(L.Ref(r), no);
    }

    /// <summary>Short constants are compared word by word, without a call.</summary>
    void EqualText(LowExpr[] a, LowExpr[] b, LowBlock no)
    {
        if (a[0] is LowStringAddr)
            (a, b) = (b, a);
        if (b[0] is LowStringAddr k)
        {
            byte[] bytes = k.Bytes.Bytes;
            var p = Use(a[0]);
            BranchUnless(L.Cmp(LowOp.Eq, a[1], b[1]), no);
            if (bytes.Length <= 16)
                EqualBytes(p, bytes, no);
            else
                BranchUnless(CallRuntime1("runtime.memequal", p, b[0], L.U64((ulong)bytes.Length)), no);
            return;
        }
        a = UseAll(a);
        b = UseAll(b);
        BranchUnless(L.Cmp(LowOp.Eq, a[1], b[1]), no);
        if (a[1] is LowConst { Bits: 0 } || b[1] is LowConst { Bits: 0 })
            return;
        Costly(() => BranchUnless(CallRuntime1("runtime.memequal", a[0], b[0], L.Conv(LowType.U64, a[1])), no));
    }

    /// <summary>Compares memory with a constant by loads of up to 8 bytes.</summary>
    void EqualBytes(LowExpr p, byte[] bytes, LowBlock no)
    {
        int at = 0;
        LowExpr? all = null;
        while (at < bytes.Length)
        {
            int n = bytes.Length - at >= 8 ? 8 : bytes.Length - at >= 4 ? 4 : bytes.Length - at >= 2 ? 2 : 1;
            ulong v = 0;
            for (int i = n - 1; i >= 0; i--)
                v = (v << 8) | bytes[at + i];
            var t = n switch { 8 => LowType.U64, 4 => LowType.U32, 2 => LowType.U16, _ => LowType.U8 };
            var eq = L.Cmp(LowOp.Eq, L.Load(t, p, at), L.Int(t, (long)v));
            all = all == null ? eq : L.Bin(LowOp.And, LowType.I32, all, eq);
            at += n;
        }
        if (all != null)
            BranchUnless(all, no);
    }
}

// Strings: concatenation, conversions, and views of byte slices that need no copy.

using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>Pointer and length of a string that is only looked at: string(bytes) is not copied.</summary>
    LowExpr[] Text(ExprNode e)
    {
        if (e is ConvNode { Kind: ConvKind.BytesToString } c && !_done.ContainsKey(e))
        {
            RunInit(e);
            var s = Scalars(c.X);
            return [s[0], s[1]];
        }
        return Scalars(e);
    }

    LowExpr[] Concat(AddStringNode a)
    {
        // With a non-empty constant among the parts the result never is one of the parts, so byte slices need not be copied first.
        bool hasConst = a.List.Exists(static x => x is ConstNode { Value: StringConstant { Value.Length: > 0 } });
        var parts = new System.Collections.Generic.List<LowExpr[]>();
        foreach (var x in a.List)
        {
            if (EmptyConst(x))
                continue;
            parts.Add(hasConst ? Text(x) : Scalars(x));
        }
        return ConcatParts(parts);
    }

    LowExpr[] ConcatParts(System.Collections.Generic.List<LowExpr[]> parts)
    {
        if (parts.Count == 0)
            return [L.Nil, L.I64(0)];
        if (parts.Count == 1)
            return parts[0];
        var slot = TempSlot(StringArray(parts.Count));
        var dst = new Addr(L.SlotAddr(slot), AddrKind.Stack);
        var flat = Flatten.Of(Universe.String);
        for (int i = 0; i < parts.Count; i++)
            StoreScalars(dst.Plus(16 * i), flat, [.. parts[i]]);
        return CallRuntime("runtime.concatstrings", L.SlotAddr(slot), L.I64(parts.Count));
    }

    static readonly ArrayType[] s_stringArrays = new ArrayType[64];

    static ArrayType StringArray(int n)
    {
        if (n >= s_stringArrays.Length)
            return new ArrayType(Universe.String, n);
        return s_stringArrays[n] ??= new ArrayType(Universe.String, n);
    }

    LowExpr[] BytesToString(ConvNode c)
    {
        var s = Scalars(c.X);
        return CallRuntime("runtime.slicebytetostring", s[0], s[1]);
    }

    LowExpr[] StringToBytes(ConvNode c)
    {
        var s = Scalars(c.X);
        return CallRuntime("runtime.stringtoslicebyte", s[0], s[1]);
    }
}

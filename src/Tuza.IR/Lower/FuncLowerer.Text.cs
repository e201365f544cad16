// Strings: concatenation, conversions, and views of byte slices that need no copy.
//
// A result that does not escape goes into a small buffer of the frame if it is short enough; the runtime decides, and is told the buffer's
// address (nil for none). Bytes of a string that are never written are the string's own.

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
        return ConcatParts(Parts(a, hasConst), FitsBuffer(a) ? Buffer(a) : L.Nil);
    }

    System.Collections.Generic.List<LowExpr[]> Parts(AddStringNode a, bool asText)
    {
        var parts = new System.Collections.Generic.List<LowExpr[]>();
        foreach (var x in a.List)
            if (!EmptyConst(x))
                parts.Add(asText ? Text(x) : Scalars(x));
        return parts;
    }

    /// <summary>The constant parts leave room in a buffer.</summary>
    static bool FitsBuffer(AddStringNode a)
    {
        long constant = 0;
        foreach (var x in a.List)
            if (x is ConstNode { Value: StringConstant s })
                constant += s.Value.Length;
        return constant < BufferBytes;
    }

    const int BufferBytes = 32;

    /// <summary>A buffer in the frame for the result of n; nil if it escapes.</summary>
    LowExpr Buffer(ExprNode n, long bytes = BufferBytes) => Escapes(n) ? L.Nil : L.SlotAddr(AddressedSlot(bytes, 8, null, ".buf"));

    LowExpr[] ConcatParts(System.Collections.Generic.List<LowExpr[]> parts, LowExpr buffer)
    {
        if (parts.Count == 0)
            return [L.Nil, L.I64(0)];
        if (parts.Count == 1)
            return parts[0];
        return CallRuntime("runtime.concatstrings", buffer, StringsInFrame(parts), L.I64(parts.Count));
    }

    LowExpr StringsInFrame(System.Collections.Generic.List<LowExpr[]> parts)
    {
        var slot = TempSlot(StringArray(parts.Count));
        var dst = new Addr(L.SlotAddr(slot), AddrKind.Stack);
        var flat = Flatten.Of(Universe.String);
        for (int i = 0; i < parts.Count; i++)
            StoreScalars(dst.Plus(16 * i), flat, [.. parts[i]]);
        return L.SlotAddr(slot);
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
        return CallRuntime("runtime.slicebytetostring", Buffer(c), s[0], s[1]);
    }

    LowExpr[] StringToBytes(ConvNode c)
    {
        if (c.ZeroCopy && !Escapes(c))
        {
            // Never nil, not even for the empty string.
            var text = UseAll(Scalars(c.X));
            return [L.Select(L.Cmp(LowOp.Ne, text[0], L.Nil), text[0], L.GlobalAddr(ZeroBase)), text[1], text[1]];
        }
        if (c.X is ConstNode { Value: StringConstant { Value: var bytes } })
        {
            var array = new ArrayType(Universe.Byte, bytes.Length);
            var n = L.I64(bytes.Length);
            if (bytes.Length == 0)
                return [L.GlobalAddr(ZeroBase), n, n];
            bool inFrame = !Escapes(c) && bytes.Length <= MaxStackArray;
            var p = inFrame ? L.SlotAddr(AddressedSlot(array, null)) : NewObject(array);
            p = Use(p);
            Emit(new LowCopy { Dst = p, Src = Scalars(c.X)[0], Size = n });
            return [p, n, n];
        }
        if (c.X is AddStringNode a && !_done.ContainsKey(a))
        {
            RunInit(a);
            var parts = Parts(a, true);
            if (parts.Count > 1)
                return CallRuntime("runtime.concatbytes", Buffer(c), StringsInFrame(parts), L.I64(parts.Count));
            return CallRuntime("runtime.stringtoslicebyte", Buffer(c), parts[0][0], parts[0][1]);
        }
        var s = Scalars(c.X);
        return CallRuntime("runtime.stringtoslicebyte", Buffer(c), s[0], s[1]);
    }
}

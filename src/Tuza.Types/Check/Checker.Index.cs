// Index and slice expressions.

using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Checks `x[i]`. Returns true if x is a generic function, whose instantiation is left to the caller.</summary>
    bool Index(Operand x, IndexExpr e)
    {
        ExprOrType(x, e.X, true);
        switch (x.Mode)
        {
            case OperandMode.Invalid:
                Use(e.Indices);
                return false;
            case OperandMode.TypeExpr:
                // A generic type: check the whole as a type.
                x.Invalidate();
                x.Type = VarType(e);
                if (Predicates.IsValid(x.Type))
                    x.Mode = OperandMode.TypeExpr;
                return false;
            case OperandMode.Value:
                if (x.Type.Underlying is Signature { TypeParams.Count: > 0 })
                    return true;
                break;
        }
        NonGeneric(null, x);
        if (!x.IsValid)
            return false;
        if (!IsComplete(x.Type) || x.Type.Underlying is PointerType ptr && !IsComplete(ptr.Elem))
        {
            x.Invalidate();
            return false;
        }

        bool valid = false;
        long length = -1;
        GoType? mapKey = null;
        GoType? elem = null;
        switch (x.Type.Underlying)
        {
            case BasicType t when Predicates.IsString(t):
                valid = true;
                if (x.Mode == OperandMode.Constant)
                    length = ConstantOps.StringBytes(x.Value!).Length;
                // A byte of a constant string is not constant.
                x.Mode = OperandMode.Value;
                elem = Universe.Byte;
                break;
            case ArrayType t:
                valid = true;
                length = t.Len;
                if (x.Mode != OperandMode.Variable)
                    x.Mode = OperandMode.Value;
                elem = t.Elem;
                break;
            case PointerType { Elem: var pointee } when pointee.Underlying is ArrayType t:
                valid = true;
                length = t.Len;
                x.Mode = OperandMode.Variable;
                elem = t.Elem;
                break;
            case SliceType t:
                valid = true;
                x.Mode = OperandMode.Variable;
                elem = t.Elem;
                break;
            case MapType t:
                mapKey = t.Key;
                elem = t.Elem;
                break;
            case InterfaceType when Predicates.IsTypeParam(x.Type):
                valid = IndexTypeParam(x, out mapKey, out elem, out length);
                break;
        }
        if (mapKey != null)
        {
            if (SingleIndex(e) is not { } keyExpr)
            {
                x.Invalidate();
                return false;
            }
            var key = new Operand();
            GenericExpr(key, keyExpr, null);
            Assignment(key, mapKey, "map index");
            // The result stands even when the key is wrong.
            x.Mode = OperandMode.MapIndex;
            x.Type = elem!;
            x.Expr = e;
            return false;
        }
        if (!valid)
        {
            Error(e.Pos, "cannot index %s", x);
            Use(e.Indices);
            x.Invalidate();
            return false;
        }
        x.Type = elem!;
        if (SingleIndex(e) is not { } index)
        {
            x.Invalidate();
            return false;
        }
        IndexValue(index, length, out _);
        return false;
    }

    /// <summary>Indexing a value of type parameter type: all types must be indexable with one element type.</summary>
    static bool IndexTypeParam(Operand x, out GoType? mapKey, out GoType? elem, out long length)
    {
        GoType? key = null, common = null;
        long minLen = -1;
        OperandMode mode = OperandMode.Variable;
        bool ok = Predicates.UnderIs(x.Type, u =>
        {
            long len = -1;
            GoType? k = null, e = null;
            switch (u)
            {
                case BasicType t when Predicates.IsString(t):
                    e = Universe.Byte;
                    mode = OperandMode.Value;
                    break;
                case ArrayType t:
                    (len, e) = (t.Len, t.Elem);
                    if (x.Mode != OperandMode.Variable)
                        mode = OperandMode.Value;
                    break;
                case PointerType { Elem: var pointee } when pointee.Underlying is ArrayType t:
                    (len, e) = (t.Len, t.Elem);
                    break;
                case SliceType t:
                    e = t.Elem;
                    break;
                case MapType t:
                    (k, e) = (t.Key, t.Elem);
                    break;
            }
            if (e == null)
                return false;
            if (common == null)
            {
                (minLen, key, common) = (len, k, e);
                return true;
            }
            // All maps, or no maps, and the same key and element types.
            if ((key == null) != (k == null) || key != null && !Identical.Same(key, k) || !Identical.Same(common, e))
                return false;
            if (len >= 0 && (len < minLen || minLen < 0))
                minLen = len;
            return true;
        });
        (mapKey, elem, length) = (key, common, minLen);
        if (!ok)
        {
            mapKey = null;
            return false;
        }
        if (key == null)
            x.Mode = mode;
        return true;
    }

    void CheckSliceExpr(Operand x, SliceExpr e)
    {
        CheckExpr(null, x, e.X);
        if (!x.IsValid)
        {
            foreach (Expr? i in (Expr?[])[e.Lo, e.Hi, e.Max])
                if (i != null)
                    Use(i);
            return;
        }
        GoType? under = SliceUnder(x);
        if (under == null)
        {
            x.Invalidate();
            return;
        }
        if (x.Type.Underlying is PointerType p && !IsComplete(p.Elem))
        {
            x.Invalidate();
            return;
        }

        bool valid = false;
        long length = -1;
        switch (under)
        {
            case BasicType u when Predicates.IsString(u):
                if (e.Full)
                {
                    Error(e.Max ?? e, InvalidOp + "3-index slice of string");
                    x.Invalidate();
                    return;
                }
                valid = true;
                if (x.Mode == OperandMode.Constant)
                    length = ConstantOps.StringBytes(x.Value!).Length;
                if (Predicates.IsUntyped(x.Type))
                    x.Type = Universe.String;
                break;
            case ArrayType u:
                valid = true;
                length = u.Len;
                if (x.Mode != OperandMode.Variable)
                {
                    Error(x, "cannot slice unaddressable value %s", x);
                    x.Invalidate();
                    return;
                }
                x.Type = new SliceType(u.Elem);
                break;
            case PointerType { Elem: var pointee } when pointee.Underlying is ArrayType a:
                valid = true;
                length = a.Len;
                x.Type = new SliceType(a.Elem);
                break;
            case SliceType:
                valid = true;
                break;
        }
        if (!valid)
        {
            Error(x, "cannot slice %s", x);
            x.Invalidate();
            return;
        }
        x.Mode = OperandMode.Value;
        if (e.Full && (e.Hi == null || e.Max == null))
        {
            x.Invalidate(); // reported by the parser
            return;
        }
        CheckBounds(e, length);
    }

    /// <summary>The underlying type to slice by; strings count as byte slices when types are mixed.</summary>
    GoType? SliceUnder(Operand x)
    {
        GoType? ct = null, cu = null;
        bool hasString = false;
        Predicates.All(x.Type, (t, u) =>
        {
            if (u == null)
            {
                Error(x, "cannot slice %s: no specific type in %s", x, x.Type);
                cu = null;
                return false;
            }
            if (Predicates.IsString(u))
            {
                u = new SliceType(Universe.Byte);
                hasString = true;
            }
            if (cu == null)
            {
                (ct, cu) = (t, u);
                return true;
            }
            if (Identical.Same(cu, u))
                return true;
            Error(x, "cannot slice %s: %s and %s have different underlying types", x, ct, t);
            cu = null;
            return false;
        });
        if (hasString && cu != null)
            cu = Predicates.IsTypeParam(x.Type) ? Universe.String : x.Type.Underlying;
        return cu;
    }

    void CheckBounds(SliceExpr e, long length)
    {
        Expr?[] bounds = [e.Lo, e.Hi, e.Max];
        long[] known = new long[3];
        for (int i = 0; i < 3; i++)
        {
            known[i] = -1;
            if (bounds[i] is { } b)
            {
                IndexValue(b, length >= 0 ? length + 1 : -1, out long v);
                known[i] = v;
            }
            else if (i == 0)
                known[i] = 0;
            else if (length >= 0)
                known[i] = length;
        }
        // Constant bounds must be in order; one error is enough.
        for (int i = 0; i < 2; i++)
            for (int j = i + 1; j < 3; j++)
                if (known[i] > 0 && known[j] >= 0 && known[j] < known[i] && bounds[j] != null)
                {
                    Error(bounds[j]!, "invalid slice indices: %d < %d", known[j], known[i]);
                    return;
                }
    }

    Expr? SingleIndex(IndexExpr e)
    {
        if (e.Indices.Count == 0)
        {
            Error(e, "invalid syntax tree: missing index for %s", e.X);
            return null;
        }
        if (e.Indices.Count > 1)
            Error(e.Indices[1], InvalidOp + "more than one index");
        return e.Indices[0];
    }

    /// <summary>Checks an index against the exclusive bound max (-1: none); value is the constant, or -1.</summary>
    GoType IndexValue(Expr index, long max, out long value)
    {
        value = -1;
        var x = new Operand();
        CheckExpr(null, x, index);
        if (!ValidIndex(x, "index", false))
            return Universe.Invalid;
        if (x.Mode != OperandMode.Constant)
            return x.Type;
        if (x.Value!.Kind == ConstantKind.Unknown)
            return Universe.Invalid;
        ConstantOps.ToInt64(x.Value, out long v);
        if (max >= 0 && v >= max)
        {
            Error(x, InvalidArg + "index %s out of bounds [0:%d]", ConstantOps.String(x.Value), max);
            return Universe.Invalid;
        }
        value = v;
        return x.Type;
    }

    bool ValidIndex(Operand x, string what, bool allowNegative)
    {
        if (!x.IsValid)
            return false;
        ConvertUntyped(x, Universe.Int);
        if (!x.IsValid)
            return false;
        if (!Predicates.AllInteger(x.Type))
        {
            Error(x, InvalidArg + "%s %s must be integer", what, x);
            return false;
        }
        if (x.Mode != OperandMode.Constant || x.Value!.Kind == ConstantKind.Unknown)
            return true;
        if (!allowNegative && ConstantOps.Sign(x.Value) < 0)
        {
            Error(x, InvalidArg + "%s %s must not be negative", what, x);
            return false;
        }
        if (!Relations.Representable(x.Value, Universe.Int, Env.Sizes, out Constant rounded))
        {
            Error(x, InvalidArg + "%s %s overflows int", what, x);
            return false;
        }
        x.Value = rounded;
        return true;
    }
}

// Literals: basic, function and composite.

using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    bool Literal(Operand x, BasicLit e)
    {
        if (e.Kind is LitKind.Int or LitKind.Float or LitKind.Imaginary)
        {
            LiteralVersion(e);
            const int limit = 10000;
            if (e.Text.Length > limit)
            {
                Error(e, "excessively long constant: %s... (%d chars)", e.Text[..10], e.Text.Length);
                return false;
            }
        }
        x.SetLiteral(e.Kind, e.Text);
        if (!x.IsValid)
        {
            Error(e, "malformed constant: %s", e.Text);
            return false;
        }
        x.Expr = e;
        Overflow(x, StartPos(e));
        return x.IsValid;
    }

    /// <summary>The number syntax of Go 1.13.</summary>
    void LiteralVersion(BasicLit e)
    {
        string s = e.Text;
        if (s.Length <= 2 || AllowVersion(13))
            return;
        Pos pos = StartPos(e);
        if (s.Contains('_'))
            VersionError(pos, 13, "underscore in numeric literal");
        else if (s[0] != '0')
            return;
        else if (s[1] is 'b' or 'B')
            VersionError(pos, 13, "binary literal");
        else if (s[1] is 'o' or 'O')
            VersionError(pos, 13, "0o/0O-style octal literal");
        else if (e.Kind != LitKind.Int && s[1] is 'x' or 'X' && e.Kind != LitKind.Int)
            VersionError(pos, 13, "hexadecimal floating-point literal");
    }

    void CheckFuncLit(Operand x, FuncLit e)
    {
        if (Typ(e.Type) is not Signature sig)
        {
            x.Invalidate();
            return;
        }
        Scope scope = _funcScopes[sig];
        scope.Pos = e.Pos;
        scope.End = Positions.End(e);
        if (e.Body != null!)
        {
            // The body is checked when the enclosing statement is done, so that it sees complete types; it belongs to the same
            // declaration, and iota keeps its value in it.
            DeclInfo? decl = _env.Decl;
            Constant? iota = _env.Iota;
            LaterBody(_bodyOwner, () => FuncBody(decl, sig, scope, e.Body, iota));
        }
        x.Mode = OperandMode.Value;
        x.Type = sig;
    }

    void CheckCompositeLit(Operand x, CompositeLit e, GoType? hint)
    {
        GoType type, baseType;
        bool isElem = false;
        bool openArray = false;
        if (e.Type != null)
        {
            if (e.Type is ArrayTypeExpr { Len: null } array)
            {
                openArray = true;
                type = new ArrayType(VarType(array.Elem), -1);
            }
            else
                type = Typ(e.Type);
            baseType = type;
        }
        else if (hint != null)
        {
            // An element without a type: it has the element type, or points to it.
            type = baseType = hint;
            if (Predicates.CommonUnder(hint) is { } u && u.Unalias is PointerType p)
                baseType = p.Elem;
            isElem = true;
        }
        else
        {
            Error(e, "missing type in composite literal");
            type = baseType = Universe.Invalid;
        }
        if (!IsComplete(baseType))
        {
            x.Invalidate();
            return;
        }
        GoType? under = Predicates.CommonUnder(baseType);
        switch (under)
        {
            case StructType st:
                StructLit(x, e, st, baseType);
                break;
            case ArrayType at:
                long n = IndexedElems(e.Elems, at.Elem, at.Len);
                if (openArray)
                {
                    type = new ArrayType(at.Elem, n);
                    RecordTypeAndValue(e.Type!, OperandMode.TypeExpr, type, null);
                }
                break;
            case SliceType sl:
                IndexedElems(e.Elems, sl.Elem, -1);
                break;
            case MapType mt:
                MapLit(x, e, mt);
                break;
            default:
                foreach (Expr elem in e.Elems)
                    Use(elem is KeyValueExpr kv ? kv.Value : elem);
                if (under == null || Predicates.IsValid(under))
                {
                    Error(e, "invalid composite literal%s type %s%s", isElem ? " element" : "", type, under == null ? " (no common underlying type)" : "");
                    x.Invalidate();
                    return;
                }
                break;
        }
        x.Mode = OperandMode.Value;
        x.Type = type;
    }

    void StructLit(Operand x, CompositeLit e, StructType st, GoType baseType)
    {
        if (e.Elems.Count == 0)
            return;
        if (e.Elems[0] is KeyValueExpr)
        {
            var visited = new List<(int[] Index, Var Field)>();
            foreach (Expr elem in e.Elems)
                if (elem is KeyValueExpr kv)
                    StructField(x, kv, st, baseType, visited);
                else
                    Error(elem, "mixture of field:value and value elements in struct literal");
            return;
        }
        for (int i = 0; i < e.Elems.Count; i++)
        {
            Expr elem = e.Elems[i];
            if (elem is KeyValueExpr kv)
            {
                Error(kv, "mixture of field:value and value elements in struct literal");
                continue;
            }
            GenericExpr(x, elem, null);
            if (i >= st.Fields.Count)
            {
                Error(x, "too many values in struct literal of type %s", baseType);
                break;
            }
            Var field = st.Fields[i];
            if (!field.Exported && !ReferenceEquals(field.Pkg, _pkg))
            {
                Error(x, "implicit assignment to unexported field %s in struct literal of type %s", field.Name, baseType);
                continue;
            }
            Assignment(x, field.Type, "struct literal");
        }
        if (e.Elems.Count < st.Fields.Count)
        {
            bool hidden = st.Fields.Exists(f => !f.Exported && !ReferenceEquals(f.Pkg, _pkg));
            Error(e.Rbrace, "too few values in struct literal of type %s%s", baseType, hidden ? " (type has unexported fields - use key:value pairs)" : "");
        }
    }

    void StructField(Operand x, KeyValueExpr kv, StructType st, GoType baseType, List<(int[] Index, Var Field)> visited)
    {
        GenericExpr(x, kv.Value, null);
        if (kv.Key is not Ident key)
        {
            Error(kv, "invalid field name %s in struct literal", kv.Key);
            return;
        }
        LookupResult found = Lookup.FieldOrMethod(st, false, _pkg, key.Name);
        if (found.Obj == null)
        {
            Obj? alt = Lookup.FieldOrMethod(st, false, _pkg, key.Name, true).Obj;
            Error(kv.Key, "%s", LookupError(baseType, key.Name, alt, true));
            return;
        }
        if (found.Obj is not Var field)
        {
            Error(kv.Key, "%s is not a field", kv.Key);
            return;
        }
        int[] index = found.Index!;
        if (index.Length > 1 && !AllowVersion(27))
        {
            VersionError(StartPos(kv.Key), 27, "use of promoted field %s in struct literal of type %s", Lookup.FieldPath(st, index), baseType);
            return;
        }
        if (found.Indirect)
        {
            Error(kv.Key, "invalid implicit pointer indirection to reach %s", kv.Key);
            return;
        }
        _info.Uses[key] = field;
        Assignment(x, field.Type, "struct literal");

        foreach ((int[] other, Var alt) in visited)
        {
            int common = 0;
            while (common < index.Length && common < other.Length && index[common] == other[common])
                common++;
            if (common < index.Length && common < other.Length)
                continue;
            if (index.Length == other.Length)
                Error(kv, "duplicate field name %s in struct literal", field.Name);
            else if (other.Length < index.Length)
                Error(kv, "cannot specify promoted field %s and enclosing embedded field %s", field.Name, alt.Name);
            else
                Error(kv, "cannot specify embedded field %s and enclosed promoted field %s", field.Name, alt.Name);
            return;
        }
        visited.Add((index, field));
    }

    void MapLit(Operand x, CompositeLit e, MapType mt)
    {
        // Constant keys of an interface-keyed map differ if their types differ.
        bool keyIsInterface = Predicates.IsNonTypeParamInterface(mt.Key);
        var visited = new Dictionary<string, List<GoType>>();
        foreach (Expr elem in e.Elems)
        {
            if (elem is not KeyValueExpr kv)
            {
                Error(elem, "missing key in map literal");
                continue;
            }
            GenericExpr(x, kv.Key, mt.Key);
            Assignment(x, mt.Key, "map literal");
            if (!x.IsValid)
                continue;
            if (x.Mode == OperandMode.Constant)
            {
                string key = ConstantKey(x.Value!);
                if (!visited.TryGetValue(key, out List<GoType>? types))
                    visited.Add(key, types = []);
                GoType keyType = x.Type;
                bool duplicate = types.Count > 0 && (!keyIsInterface || types.Exists(t => Identical.Same(t, keyType)));
                types.Add(keyType);
                if (duplicate)
                {
                    Error(x, "duplicate key %s in map literal", ConstantOps.String(x.Value!));
                    continue;
                }
            }
            GenericExpr(x, kv.Value, mt.Elem);
            Assignment(x, mt.Elem, "map literal");
        }
    }

    /// <summary>A text that is equal for equal constants of comparable kinds.</summary>
    static string ConstantKey(Constant value)
    {
        switch (value)
        {
            case StringConstant s:
                return "s" + Encoding.Latin1.GetString(s.Value);
            case BoolConstant b:
                return b.Value ? "true" : "false";
            case UnknownConstant:
                return "?";
            default:
                Constant i = ConstantOps.ToInt(value);
                if (i.Kind == ConstantKind.Int)
                    return ConstantOps.ExactString(i);
                Constant f = ConstantOps.ToFloat(value);
                if (f.Kind is ConstantKind.Float or ConstantKind.Int)
                    return ConstantOps.ToDouble(f).ToString("R");
                return ConstantOps.ExactString(value);
        }
    }

    /// <summary>Checks the elements of an array or slice literal; returns the length they need.</summary>
    long IndexedElems(List<Expr> elems, GoType type, long length)
    {
        HashSet<long>? visited = null;
        bool keyed = elems.Exists(e => e is KeyValueExpr);
        if (keyed)
            visited = [];
        long index = 0, max = 0;
        foreach (Expr e in elems)
        {
            bool validIndex = false;
            Expr value = e;
            if (e is KeyValueExpr kv)
            {
                if (Predicates.IsValid(IndexValue(kv.Key, length, out long i)))
                    if (i >= 0)
                    {
                        index = i;
                        validIndex = true;
                    }
                    else
                        Error(e, "index %s must be integer constant", kv.Key);
                value = kv.Value;
            }
            else if (length >= 0 && index >= length)
                Error(e, "index %d is out of bounds (>= %d)", index, length);
            else
                validIndex = true;

            if (validIndex && visited != null && !visited.Add(index))
                Error(e, "duplicate index %d in array or slice literal", index);
            index++;
            if (index > max)
                max = index;

            var x = new Operand();
            GenericExpr(x, value, type);
            Assignment(x, type, "array or slice literal");
        }
        return max;
    }
}

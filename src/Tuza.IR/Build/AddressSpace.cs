// Array types that no address space can hold: an error wherever a declaration mentions one, even behind a pointer.

using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

static class AddressSpace
{
    const long Limit = 1L << 50;

    /// <summary>Reports the first array type in t that is too large. Named types report at their own declaration.</summary>
    public static bool Check(PackageIR ir, GoType t, Pos pos)
    {
        if (FindIn(t) is not { } large)
            return true;
        ir.Errors.Add(new Diagnostic(pos, $"type {large} larger than address space"));
        return false;
    }

    static ArrayType? FindIn(GoType t)
    {
        switch (t)
        {
            case ArrayType a:
                if (FindIn(a.Elem) is { } inner)
                    return inner;
                return a.Len > 0 && !HasParams(a.Elem) && Flatten.Sizes.Sizeof(a.Elem) is var size and not 0 && (size < 0 || a.Len > (Limit - 1) / size) ? a : null;
            case PointerType p: return FindIn(p.Elem);
            case SliceType s: return FindIn(s.Elem);
            case ChanType c: return FindIn(c.Elem);
            case MapType m: return FindIn(m.Key) ?? FindIn(m.Elem);
            case StructType s:
                foreach (var f in s.Fields)
                    if (FindIn(f.Type) is { } found)
                        return found;
                return null;
            case Signature sig: return FindIn(sig.Params) ?? FindIn(sig.Results);
            case TupleType tuple:
                foreach (var v in tuple.Vars)
                    if (FindIn(v.Type) is { } found)
                        return found;
                return null;
            default: return null;
        }
    }

    static bool HasParams(GoType t) => t switch
    {
        TypeParam => true,
        NamedType n => n.TypeArgs.Count > 0 || n.TypeParams.Count > 0,
        ArrayType a => HasParams(a.Elem),
        StructType s => s.Fields.Exists(static f => HasParams(f.Type)),
        _ => false,
    };
}

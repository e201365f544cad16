// What all dialects of types as text share: pointers, arrays, slices, maps and channels are written alike wherever types are printed.

using System;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public static class TypeShapes
{
    /// <summary>
    /// Writes a type that is a shape around other types, which <paramref name="inner"/> writes; false if it is none. With
    /// <paramref name="seesAliases"/> an alias is printed by its name, so that `chan A` needs no parentheses even if A is `&lt;-chan int`.
    /// </summary>
    public static bool Write(StringBuilder b, GoType type, Action<GoType> inner, bool seesAliases)
    {
        switch (type)
        {
            case ArrayType t:
                b.Append('[').Append(t.Len).Append(']');
                inner(t.Elem);
                return true;
            case SliceType t:
                b.Append("[]");
                inner(t.Elem);
                return true;
            case PointerType t:
                b.Append('*');
                inner(t.Elem);
                return true;
            case MapType t:
                b.Append("map[");
                inner(t.Key);
                b.Append(']');
                inner(t.Elem);
                return true;
            case ChanType t:
                b.Append(t.Dir switch { ChanDir.Both => "chan ", ChanDir.Send => "chan<- ", ChanDir.Recv => "<-chan " });
                GoType elem = seesAliases ? t.Elem : t.Elem.Unalias;
                bool parens = t.Dir == ChanDir.Both && elem is ChanType { Dir: ChanDir.Recv };
                b.Append(parens ? "(" : "");
                inner(t.Elem);
                b.Append(parens ? ")" : "");
                return true;
            default:
                return false;
        }
    }
}

// The predeclared names and package unsafe.

using System.Collections.Generic;

namespace Tuza.Types;

public static class Universe
{
    public static readonly Scope Scope = new(null, default, default, "universe");
    static readonly BasicType[] s_basic = MakeBasics();

    public static BasicType Basic(BasicKind kind) => s_basic[(int)kind];
    public static readonly BasicType Invalid = Basic(BasicKind.Invalid);
    public static readonly BasicType Bool = Basic(BasicKind.Bool);
    public static readonly BasicType Int = Basic(BasicKind.Int);
    public static readonly BasicType String = Basic(BasicKind.String);
    public static readonly BasicType Uintptr = Basic(BasicKind.Uintptr);
    public static readonly BasicType UnsafePointer = Basic(BasicKind.UnsafePointer);

    static BasicType[] MakeBasics()
    {
        string[] names =
        [
            "invalid type", "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
            "float32", "float64", "complex64", "complex128", "string", "unsafe.Pointer",
            "untyped bool", "untyped int", "untyped rune", "untyped float", "untyped complex", "untyped string", "untyped nil",
        ];
        var all = new List<BasicType>();
        for (int i = 0; i < names.Length; i++)
            all.Add(new BasicType((BasicKind)i, names[i]));
        return [.. all];
    }
}

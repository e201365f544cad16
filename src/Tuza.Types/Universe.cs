// The predeclared names and package unsafe.
//
// One BasicType object per kind; byte and rune have objects of their own (identical to uint8 and int32) so that messages print what
// was written. any is an alias of the empty interface; error and comparable are defined interface types.

using System.Collections.Generic;
using System.Numerics;

namespace Tuza.Types;

public static class Universe
{
    static readonly string[] s_basicNames =
    [
        "invalid type", "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
        "float32", "float64", "complex64", "complex128", "string", "unsafe.Pointer",
        "untyped bool", "untyped int", "untyped rune", "untyped float", "untyped complex", "untyped string", "untyped nil",
    ];

    /// <summary>In the order of <see cref="BuiltinId"/>.</summary>
    static readonly string[] s_builtinNames =
    [
        "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min", "new", "panic", "print",
        "println", "real", "recover",
        "Add", "Alignof", "Offsetof", "Sizeof", "Slice", "SliceData", "String", "StringData",
    ];

    public static readonly Scope Scope = new(null, default, default, "universe");
    static readonly BasicType[] s_basic = MakeBasics();

    public static BasicType Basic(BasicKind kind) => s_basic[(int)kind];
    public static string BuiltinName(BuiltinId id) => s_builtinNames[(int)id];

    public static readonly BasicType Invalid = Basic(BasicKind.Invalid);
    /// <summary>What an alias stands for while it is being declared; no other type is this object.</summary>
    public static readonly BasicType Pending = new(BasicKind.Invalid, "invalid type");
    public static readonly BasicType Bool = Basic(BasicKind.Bool);
    public static readonly BasicType Int = Basic(BasicKind.Int);
    public static readonly BasicType Int32 = Basic(BasicKind.Int32);
    public static readonly BasicType Int64 = Basic(BasicKind.Int64);
    public static readonly BasicType Uint = Basic(BasicKind.Uint);
    public static readonly BasicType Uint8 = Basic(BasicKind.Uint8);
    public static readonly BasicType Float32 = Basic(BasicKind.Float32);
    public static readonly BasicType Float64 = Basic(BasicKind.Float64);
    public static readonly BasicType Complex64 = Basic(BasicKind.Complex64);
    public static readonly BasicType Complex128 = Basic(BasicKind.Complex128);
    public static readonly BasicType String = Basic(BasicKind.String);
    public static readonly BasicType Uintptr = Basic(BasicKind.Uintptr);
    public static readonly BasicType UnsafePointer = Basic(BasicKind.UnsafePointer);
    public static readonly BasicType UntypedBool = Basic(BasicKind.UntypedBool);
    public static readonly BasicType UntypedInt = Basic(BasicKind.UntypedInt);
    public static readonly BasicType UntypedRune = Basic(BasicKind.UntypedRune);
    public static readonly BasicType UntypedFloat = Basic(BasicKind.UntypedFloat);
    public static readonly BasicType UntypedComplex = Basic(BasicKind.UntypedComplex);
    public static readonly BasicType UntypedString = Basic(BasicKind.UntypedString);
    public static readonly BasicType UntypedNil = Basic(BasicKind.UntypedNil);

    /// <summary>The names byte and rune.</summary>
    public static readonly BasicType Byte = new(BasicKind.Uint8, "byte");
    public static readonly BasicType Rune = new(BasicKind.Int32, "rune");

    public static readonly InterfaceType EmptyInterface = new();
    public static readonly TypeName AnyName = new() { Name = "any", IsAlias = true };
    public static readonly AliasType Any = new() { Obj = AnyName, FromRhs = EmptyInterface, Actual = EmptyInterface };
    public static readonly TypeName ErrorName = new() { Name = "error" };
    public static readonly NamedType Error = new() { Obj = ErrorName };
    /// <summary>The method Error of type error.</summary>
    public static readonly Func ErrorMethod = new() { Name = "Error", IsInterfaceMethod = true };
    public static readonly TypeName ComparableName = new() { Name = "comparable" };
    public static readonly NamedType Comparable = new() { Obj = ComparableName };

    /// <summary>The constant iota; its value is that of the checker's current constant declaration.</summary>
    public static readonly Const Iota = new() { Name = "iota", Type = UntypedInt, Value = new IntConstant(BigInteger.Zero) };
    public static readonly Const True = new() { Name = "true", Type = UntypedBool, Value = new BoolConstant(true) };
    public static readonly Const False = new() { Name = "false", Type = UntypedBool, Value = new BoolConstant(false) };
    public static readonly Nil Nil = new() { Name = "nil", Type = UntypedNil };

    public static readonly Package UnsafePackage = MakeAll();

    static BasicType[] MakeBasics()
    {
        var all = new BasicType[s_basicNames.Length];
        for (int i = 0; i < all.Length; i++)
            all[i] = new BasicType((BasicKind)i, s_basicNames[i]);
        return all;
    }

    static Package MakeAll()
    {
        for (var k = BasicKind.Bool; k <= BasicKind.String; k++)
            DeclareType(Basic(k));
        DeclareType(Byte);
        DeclareType(Rune);

        AnyName.Type = Any;
        Scope.Insert(AnyName);

        ErrorName.Type = Error;
        var recv = new Var { Type = Error, IsParam = true };
        var result = new Var { Type = String, IsParam = true };
        ErrorMethod.Type = new Signature { Recv = recv, Results = new TupleType([result]) };
        Error.FromRhs = Error.UnderlyingOrNull = new InterfaceType { Methods = [ErrorMethod] };
        Scope.Insert(ErrorName);

        ComparableName.Type = Comparable;
        Comparable.FromRhs = Comparable.UnderlyingOrNull = new InterfaceType { TypeSetCache = TypeSet.ComparableSet };
        Scope.Insert(ComparableName);

        foreach (Obj o in new List<Obj> { Iota, True, False, Nil })
            Scope.Insert(o);

        var pkg = new Package("unsafe", "unsafe") { IsStd = true };
        var pointer = new TypeName { Name = "Pointer", Pkg = pkg, Type = UnsafePointer };
        pkg.Scope.Insert(pointer);
        for (var id = BuiltinId.Append; id <= BuiltinId.UnsafeStringData; id++)
        {
            bool isUnsafe = id >= BuiltinId.UnsafeAdd;
            var builtin = new Builtin { Name = BuiltinName(id), Id = id, Type = Invalid, Pkg = isUnsafe ? pkg : null };
            (isUnsafe ? pkg.Scope : Scope).Insert(builtin);
        }
        return pkg;
    }

    static void DeclareType(BasicType type) =>
        Scope.Insert(new TypeName { Name = type.Name, Type = type, IsAlias = type == Byte || type == Rune });
}

// The types of Go. CONTRACT FILE: the checker makes them, IR and layout read them.
//
// Words are those of go/types. Every type expression makes a type object; identity is decided by Identical.Same, not by reference,
// except for NamedType and TypeParam, which have identity. A type is complete once the checker has returned; NamedType resolves
// its underlying type lazily (instances expand on first use, under a lock, because packages are compiled in parallel).

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public abstract class GoType
{
    /// <summary>The underlying type; a type parameter's is its constraint interface.</summary>
    public virtual GoType Underlying => this;

    /// <summary>The type without alias names.</summary>
    public virtual GoType Unalias => this;

    /// <summary>As gc prints it in messages, package names qualified relative to <paramref name="relativeTo"/>.</summary>
    public string ToString(Package? relativeTo) => TypeWriter.Write(this, relativeTo);
    public override string ToString() => TypeWriter.Write(this, null);

    /// <summary>Slot for layout, descriptor and other per-type results of later rooms.</summary>
    public object? Cache;
    /// <summary>Kept by TypeWriter.LinkName.</summary>
    internal string? LinkNameCache;
    /// <summary>Slot of Flatten (IR).</summary>
    public object? FlatCache;
}

public enum BasicKind : byte
{
    Invalid,
    Bool, Int, Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64, Uintptr,
    Float32, Float64, Complex64, Complex128, String, UnsafePointer,
    UntypedBool, UntypedInt, UntypedRune, UntypedFloat, UntypedComplex, UntypedString, UntypedNil,
}

/// <summary>A predeclared basic type; one object per kind (Universe), byte and rune have objects of their own that are identical.</summary>
public sealed class BasicType(BasicKind kind, string name) : GoType
{
    public BasicKind Kind { get; } = kind;
    public string Name { get; } = name;
}

public sealed class ArrayType(GoType elem, long len) : GoType
{
    public GoType Elem { get; } = elem;
    /// <summary>-1 when the length is unknown because of an error.</summary>
    public long Len { get; } = len;
}

public sealed class SliceType(GoType elem) : GoType { public GoType Elem { get; } = elem; }
public sealed class PointerType(GoType elem) : GoType { public GoType Elem { get; } = elem; }
public sealed class MapType(GoType key, GoType elem) : GoType { public GoType Key { get; } = key; public GoType Elem { get; } = elem; }
public sealed class ChanType(ChanDir dir, GoType elem) : GoType { public ChanDir Dir { get; } = dir; public GoType Elem { get; } = elem; }

/// <summary>Fields and tags (tags unquoted; "" when absent; the list may be shorter than Fields).</summary>
public sealed class StructType(List<Var> fields, List<string> tags) : GoType
{
    public List<Var> Fields { get; } = fields;
    public List<string> Tags { get; } = tags;
    public string Tag(int i) => i < Tags.Count ? Tags[i] : "";
}

/// <summary>Parameters or results, or the type of a call with several results. Never the type of a value.</summary>
public sealed class TupleType(List<Var> vars) : GoType
{
    public static readonly TupleType Empty = new([]);
    public List<Var> Vars { get; } = vars;
    public int Count => Vars.Count;
    public GoType At(int i) => Vars[i].Type;
}

public sealed class Signature : GoType
{
    public Var? Recv;
    /// <summary>Type parameters of a generic function or method (not the receiver's).</summary>
    public List<TypeParam> TypeParams = [];
    /// <summary>The receiver's own type parameters, for methods of generic types.</summary>
    public List<TypeParam> RecvTypeParams = [];
    public TupleType Params = TupleType.Empty;
    public TupleType Results = TupleType.Empty;
    /// <summary>The last parameter is `...T`; its type here is []T (or string for append's special case).</summary>
    public bool Variadic;
}

public sealed class InterfaceType : GoType
{
    /// <summary>Explicitly declared methods, sorted as in type sets.</summary>
    public List<Func> Methods = [];
    /// <summary>Embedded elements: interfaces, unions, other types; with their positions.</summary>
    public List<GoType> Embeddeds = [];
    public List<Pos> EmbedPos = [];
    /// <summary>The wrapper of a constraint written without `interface{}`.</summary>
    public bool Implicit;
    /// <summary>Set by the checker while methods and embedded elements are still being collected: there is no type set yet.</summary>
    public bool Incomplete;
    /// <summary>Computed on demand by TypeSet.Of: all methods and the union of terms.</summary>
    public TypeSet? TypeSetCache;
    public TypeSet TypeSet => TypeSet.Of(this);
}

/// <summary>`~A | B`: only inside constraint interfaces.</summary>
public sealed class UnionType(List<UnionTerm> terms) : GoType { public List<UnionTerm> Terms { get; } = terms; }
public readonly record struct UnionTerm(bool Tilde, GoType Type);

/// <summary>A defined type: declared, or an instance of a generic one (Origin and TypeArgs set).</summary>
public sealed class NamedType : GoType
{
    public TypeName Obj = null!;
    public List<TypeParam> TypeParams = [];
    /// <summary>Generic type this is an instance of; itself when not an instance.</summary>
    public NamedType Origin;
    public List<GoType> TypeArgs = [];
    /// <summary>Declared methods in source order (for instances: expanded through <see cref="Method(int)"/>).</summary>
    public List<Func> DeclaredMethods = [];

    /// <summary>Set by the checker when the declaration is resolved; instances compute it. Never a NamedType.</summary>
    public GoType? UnderlyingOrNull;
    /// <summary>Right-hand side as written, before taking its underlying type.</summary>
    public GoType? FromRhs;

    public NamedType() => Origin = this;
    public bool IsInstance => TypeArgs.Count > 0;
    public override GoType Underlying => NamedResolver.Underlying(this);

    public int MethodCount => Origin.DeclaredMethods.Count;
    /// <summary>The i-th declared method, with the receiver type arguments substituted for instances (cached).</summary>
    public Func Method(int i) => NamedResolver.Method(this, i);
    /// <summary>Cache of expanded methods of an instance.</summary>
    public Func?[]? ExpandedMethods;

    /// <summary>For a type declared in a generic function, copied for one instance of it: the function's type arguments, and the declared type.</summary>
    public List<GoType>? LocalArgs;
    public NamedType? LocalOrigin;
    /// <summary>The instances of this type by arguments; owned by Instances, under its lock.</summary>
    internal object? InstanceTable;
}

/// <summary>`type A = T`, possibly generic.</summary>
public sealed class AliasType : GoType
{
    public TypeName Obj = null!;
    public List<TypeParam> TypeParams = [];
    public AliasType? Origin;
    public List<GoType> TypeArgs = [];
    public GoType? FromRhs;
    public GoType? Actual;
    /// <summary>Follows FromRhs until Actual is set. An alias that is still being declared has no right-hand side: it is Pending, which
    /// is not Invalid, so that `*A` inside the declaration of A is no error.</summary>
    public override GoType Unalias => (Actual ?? FromRhs ?? Universe.Pending).Unalias;
    public override GoType Underlying => Unalias.Underlying;
}

public sealed class TypeParam : GoType
{
    public TypeName Obj = null!;
    public int Index;
    /// <summary>The constraint as written; any type (a non-interface is wrapped on demand by Iface).</summary>
    public GoType Bound = null!;
    public int Id;
    /// <summary>The declared parameter that this is a renamed copy of, else itself.</summary>
    public TypeParam Canonical => CanonicalOrNull ?? this;
    public TypeParam? CanonicalOrNull;
    public override GoType Underlying => Iface;
    /// <summary>The constraint as an interface.</summary>
    public InterfaceType Iface => NamedResolver.ConstraintInterface(this);
}

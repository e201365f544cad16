// The names that gc's messages use inside instances of generic functions.
//
// gc compiles one body per *shape*: type arguments with the same underlying type share it, and all pointers do when the constraint has only
// methods. Its messages therefore speak of go.shape.int, and each shape is reported once. Here every instance has a body of its own with
// its real types; beside it goes a second substitution, type parameters to shapes, that is only for text: names of functions
// (Function.MessageName), types of nodes (ExprNode.ShapeType), and which instances stay silent because another one of their shape speaks.
//
// An instance made inside another one gets its shape from the shapes there, so shapes nest: go.shape.[]go.shape.string.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

public sealed partial class PackageBuilder
{
    readonly Dictionary<string, NamedType> _shapes = [];
    readonly HashSet<string> _spokenFor = [];

    /// <summary>The shape of a type argument for a type parameter.</summary>
    NamedType ShapeOf(GoType arg, TypeParam param)
    {
        arg = arg.Unalias;
        if (arg is NamedType known && IsShape(known))
            return known;
        GoType under = arg.Underlying;
        if (arg is PointerType && param.Bound.Underlying is InterfaceType { TypeSet.IsMethodSet: true })
            under = s_bytePointer;
        string name = "go.shape." + TypeWriter.LinkName(under);
        if (!_shapes.TryGetValue(name, out var shape))
            _shapes.Add(name, shape = new NamedType { Obj = new TypeName { Name = name }, FromRhs = under, UnderlyingOrNull = under });
        return shape;
    }

    static readonly PointerType s_bytePointer = new(Universe.Uint8);

    static bool IsPlain(IReadOnlyList<GoType> args)
    {
        foreach (var t in args)
            if (TypeWriter.LinkName(t).Contains("go.shape.", System.StringComparison.Ordinal))
                return false;
        return true;
    }

    internal static bool IsShape(NamedType t) => t.Obj.Pkg == null && t.Obj.Name.StartsWith("go.shape.", System.StringComparison.Ordinal);

    /// <summary>Names a new instance by its shapes. args: receiver's and own type arguments, perhaps shapes already.</summary>
    Specialiser NameByShape(Function made, Func origin, IReadOnlyList<GoType> recvArgs, IReadOnlyList<GoType> args)
    {
        List<GoType> recv = Of(origin.Sig.RecvTypeParams, recvArgs), own = Of(origin.Sig.TypeParams, args);
        string prefix = Names.Prefix(origin.Pkg!) + ".";
        string full = Names.OfFunc(origin, recv, own);
        made.MessageName = full.StartsWith(prefix, System.StringComparison.Ordinal) ? full[prefix.Length..] : full;
        made.IsUnreported = !_spokenFor.Add(full);
        made.HasPlainName = IsPlain(recvArgs) && IsPlain(args);
        return new Specialiser(Ctx, origin, recv, own);

        List<GoType> Of(List<TypeParam> parameters, IReadOnlyList<GoType> list)
        {
            var shapes = new List<GoType>();
            for (int i = 0; i < list.Count; i++)
                shapes.Add(i < parameters.Count ? ShapeOf(list[i], parameters[i]) : list[i]);
            return shapes;
        }
    }
}

sealed partial class Builder
{
    /// <summary>Type parameters to shapes; null outside of instances.</summary>
    readonly Specialiser? _shapeEnv;

    /// <summary>Gives a node the type that messages show for it.</summary>
    ExprNode Shaped(ExprNode n, GoType raw)
    {
        if (_shapeEnv != null && _shapeEnv.Of(raw) is var shape && !ReferenceEquals(shape, n.Type))
            n.ShapeType = shape;
        return n;
    }

    /// <summary>Type arguments as messages know them.</summary>
    List<GoType> ShapesOf(IReadOnlyList<GoType> raw) => _shapeEnv != null ? _shapeEnv.Of(raw) : _env.Of(raw);

    /// <summary>The type of an expression as the checker knows it: with type parameters.</summary>
    GoType? RawTypeOf(Syntax.Expr e)
    {
        e = Unparen(e);
        if (_info.Types.TryGetValue(e, out var tv))
            return tv.Type;
        return e is Syntax.Ident id ? (_info.Defs.GetValueOrDefault(id) ?? _info.Uses.GetValueOrDefault(id))?.Type : null;
    }

    /// <summary>Type arguments of the type that declares a method, found at the end of a path of embedded fields from an operand of type raw.</summary>
    List<GoType>? ReceiverShapes(GoType? raw, int[] index)
    {
        if (_shapeEnv == null || raw == null)
            return null;
        GoType t = _shapeEnv.Of(raw);
        for (int i = 0; i < index.Length - 1; i++)
        {
            var u = t.Underlying is PointerType p ? p.Elem.Underlying : t.Underlying;
            if (u is not StructType s || index[i] >= s.Fields.Count)
                return null;
            t = s.Fields[index[i]].Type.Unalias;
        }
        if (t is PointerType ptr)
            t = ptr.Elem.Unalias;
        return t is NamedType { TypeArgs.Count: > 0 } n ? n.TypeArgs : null;
    }
}

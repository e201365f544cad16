// Types as text. Three dialects:
//   messages     as the type checker prints them: struct{x int}, interface{m()}, names qualified by a function of the package;
//   link names   unique in the whole program, equal exactly for identical types: full paths, `·N` for types local to functions;
//   reflect      what reflect.Type.String answers: package names, spaces inside braces, type arguments as link names.

using System;
using System.Collections.Generic;
using System.Text;

namespace Tuza.Types;

public sealed class TypeWriter
{
    readonly StringBuilder _b = new();
    readonly HashSet<GoType> _seen = new(ReferenceEqualityComparer.Instance);

    /// <summary>The prefix for names of a package ("" for none); null: the full path.</summary>
    public Func<Package, string>? Qualifier;
    public bool ParamNames = true;
    /// <summary>Marks the first unexported field of a struct with its package.</summary>
    public bool PackageInfo;

    public override string ToString() => _b.ToString();

    // ---- the other dialects and objects

    /// <summary>As in messages, names qualified by package name except in <paramref name="relativeTo"/>.</summary>
    public static string Write(GoType type, Package? relativeTo) =>
        new TypeWriter { Qualifier = p => ReferenceEquals(p, relativeTo) ? "" : p.Name }.Type(type).ToString();

    /// <summary>As in messages, with full package paths everywhere (gc prints terms of unions so).</summary>
    public static string FullText(GoType type) => new TypeWriter().Type(type).ToString();

    /// <summary>Unique over the whole program: full package paths, local types disambiguated by `·N`.</summary>
    public static string LinkName(GoType type) => LinkWriter.LinkName(type);

    /// <summary>FNV-1a of a link name, by which the table of types finds it.</summary>
    public static ulong LinkHash(ReadOnlySpan<byte> link)
    {
        ulong h = 14695981039346656037;
        foreach (byte b in link)
            h = (h ^ b) * 1099511628211;
        return h;
    }

    /// <summary>The hash that a type's descriptor and its itabs hold.</summary>
    public static uint TypeHash(ReadOnlySpan<byte> link)
    {
        ulong h = LinkHash(link);
        return (uint)(h ^ (h >> 32));
    }

    /// <summary>As reflect.Type.String prints it.</summary>
    public static string ReflectName(GoType type) => LinkWriter.ReflectName(type);

    /// <summary>`func (T).m()`, `var x int`, `type T struct{}`, as the checker prints objects.</summary>
    public static string ObjectString(Obj obj, Func<Package, string>? qualifier)
    {
        var w = new TypeWriter { Qualifier = qualifier };
        w.Object(obj);
        return w.ToString();
    }

    void Object(Obj obj)
    {
        GoType? type = obj.Type;
        switch (obj)
        {
            case PkgName p:
                _b.Append("package ").Append(p.Name);
                if (p.Imported.Path != "" && p.Imported.Path != p.Name)
                    _b.Append(" (\"").Append(p.Imported.Path).Append("\")");
                return;
            case Const:
                _b.Append("const");
                break;
            case TypeName:
                _b.Append(type is TypeParam ? "type parameter" : "type");
                break;
            case Var v:
                _b.Append(v.IsField ? "field" : "var");
                break;
            case Func f:
                _b.Append("func ");
                FuncName(f);
                if (type != null)
                    Signature(f.Sig);
                return;
            case Label:
                _b.Append("label");
                type = null;
                break;
            case Builtin:
                _b.Append("builtin");
                type = null;
                break;
            case Nil:
                _b.Append("nil");
                return;
        }
        _b.Append(' ');
        if (obj.Pkg != null && obj.Pkg.Scope.Lookup(obj.Name) == obj)
            Prefix(obj.Pkg);
        _b.Append(obj.Name);
        if (type == null)
            return;
        if (obj is TypeName tn)
        {
            if (type is BasicType)
                return;
            List<TypeParam> tparams = type is NamedType n ? n.TypeParams : type is AliasType a ? a.TypeParams : [];
            if (tparams.Count > 0)
                TypeParams(tparams);
            if (tn.IsAlias)
            {
                _b.Append(" =");
                type = (type as AliasType)?.FromRhs ?? type;
            }
            else
                type = type is TypeParam p ? p.Bound : type.Underlying;
        }
        _b.Append(' ');
        Type(type);
    }

    void FuncName(Func f)
    {
        if (f.Type is Signature { Recv: { } recv })
        {
            _b.Append('(');
            if (recv.Type is InterfaceType)
                _b.Append("interface");
            else
                Type(recv.Type);
            _b.Append(").");
        }
        else if (f.Type != null && f.Pkg != null)
            Prefix(f.Pkg);
        _b.Append(f.Name);
    }

    // ---- types

    void Prefix(Package? pkg)
    {
        if (pkg == null)
            return;
        string s = Qualifier != null ? Qualifier(pkg) : pkg.Path;
        if (s != "")
            _b.Append(s).Append('.');
    }

    public TypeWriter Text(string s)
    {
        _b.Append(s);
        return this;
    }

    public TypeWriter Type(GoType? type)
    {
        if (type == null)
            return Text("<nil>");
        if (!_seen.Add(type))
            return Text("<cycle to " + CycleName(type) + ">");
        switch (type)
        {
            case BasicType t:
                if (t.Kind == BasicKind.UnsafePointer)
                {
                    Prefix(Universe.UnsafePackage);
                    _b.Append("Pointer");
                }
                else
                    _b.Append(t.Name);
                break;
            case StructType t:
                Struct(t);
                break;
            case TupleType t:
                Tuple(t, false);
                break;
            case Signature t:
                _b.Append("func");
                Signature(t);
                break;
            case UnionType t:
                for (int i = 0; i < t.Terms.Count; i++)
                {
                    _b.Append(i > 0 ? " | " : "").Append(t.Terms[i].Tilde ? "~" : "");
                    Type(t.Terms[i].Type);
                }
                break;
            case InterfaceType t:
                Interface(t);
                break;
            case NamedType t:
                Prefix(t.Obj.Pkg);
                _b.Append(t.Obj.Name);
                if (t.TypeArgs.Count > 0)
                    List(t.TypeArgs);
                else if (t.TypeParams.Count > 0)
                    TypeParams(t.TypeParams);
                break;
            case AliasType t:
                Prefix(t.Obj.Pkg);
                _b.Append(t.Obj.Name);
                if (t.TypeArgs.Count > 0)
                    List(t.TypeArgs);
                else if (t.TypeParams.Count > 0)
                    TypeParams(t.TypeParams);
                break;
            case TypeParam t:
                _b.Append(t.Obj.Name);
                if (Universe.Scope.Lookup(t.Obj.Name) != null)
                    _b.Append(" /* with ").Append(t.Obj.Name).Append(" declared at ").Append(t.Obj.Pos.ToString()).Append(" */");
                break;
            default:
                if (!TypeShapes.Write(_b, type, t => Type(t), seesAliases: true))
                    throw new InvalidOperationException("TypeWriter: unknown type " + type.GetType().Name);
                break;
        }
        _seen.Remove(type);
        return this;
    }

    static string CycleName(GoType type) => type switch
    {
        NamedType => "Named",
        InterfaceType => "Interface",
        StructType => "Struct",
        Tuza.Types.Signature => "Signature",
        _ => type.GetType().Name.Replace("Type", "", StringComparison.Ordinal),
    };

    void Struct(StructType t)
    {
        _b.Append("struct{");
        for (int i = 0; i < t.Fields.Count; i++)
        {
            var f = t.Fields[i];
            _b.Append(i > 0 ? "; " : "");
            bool annotate = Qualifier == null && PackageInfo && !f.Exported;
            if (annotate)
                PackageInfo = false;
            if (!f.Embedded)
                _b.Append(f.Name).Append(' ');
            Type(f.Type);
            if (annotate)
                _b.Append(" /* package ").Append(f.Pkg?.Path).Append(" */ ");
            if (t.Tag(i) is { Length: > 0 } tag)
                _b.Append(' ').Append(ConstantOps.Quote(Encoding.UTF8.GetBytes(tag)));
        }
        _b.Append('}');
    }

    void Interface(InterfaceType t)
    {
        if (ReferenceEquals(t, Universe.Comparable.UnderlyingOrNull))
        {
            _b.Append("interface{comparable}");
            return;
        }
        if (t.Implicit)
        {
            if (t.Methods.Count == 0 && t.Embeddeds.Count == 1)
            {
                Type(t.Embeddeds[0]);
                return;
            }
            _b.Append("/* implicit */ ");
        }
        _b.Append("interface{");
        bool first = true;
        foreach (var m in t.Methods)
        {
            _b.Append(first ? "" : "; ").Append(m.Name);
            first = false;
            Signature(m.Sig);
        }
        foreach (var e in t.Embeddeds)
        {
            _b.Append(first ? "" : "; ");
            first = false;
            Type(e);
        }
        _b.Append('}');
    }

    void List(List<GoType> list)
    {
        _b.Append('[');
        for (int i = 0; i < list.Count; i++)
        {
            _b.Append(i > 0 ? ", " : "");
            Type(list[i]);
        }
        _b.Append(']');
    }

    /// <summary>`[P, Q any, R I]`: a bound is written once for neighbours that share it.</summary>
    void TypeParams(List<TypeParam> list)
    {
        _b.Append('[');
        GoType? previous = null;
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
            {
                if (!ReferenceEquals(list[i].Bound, previous))
                {
                    _b.Append(' ');
                    Type(previous);
                }
                _b.Append(", ");
            }
            previous = list[i].Bound;
            Type(list[i]);
        }
        if (previous != null)
        {
            _b.Append(' ');
            Type(previous);
        }
        _b.Append(']');
    }

    void Tuple(TupleType t, bool variadic)
    {
        _b.Append('(');
        for (int i = 0; i < t.Count; i++)
        {
            _b.Append(i > 0 ? ", " : "");
            var v = t.Vars[i];
            if (ParamNames && v.Name != "")
                _b.Append(v.Name).Append(' ');
            if (variadic && i == t.Count - 1)
            {
                if (v.Type is SliceType s)
                {
                    _b.Append("...");
                    Type(s.Elem);
                }
                else
                {
                    Type(v.Type);
                    _b.Append("...");
                }
            }
            else
                Type(v.Type);
        }
        _b.Append(')');
    }

    /// <summary>`(x int, y string) error`, without the word func.</summary>
    public TypeWriter Signature(Signature s)
    {
        if (s.TypeParams.Count > 0)
            TypeParams(s.TypeParams);
        Tuple(s.Params, s.Variadic);
        if (s.Results.Count == 0)
            return this;
        _b.Append(' ');
        if (s.Results.Count == 1 && s.Results.Vars[0].Name == "")
            return Type(s.Results.At(0));
        Tuple(s.Results, false);
        return this;
    }
}

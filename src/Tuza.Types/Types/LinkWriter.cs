// Link names and reflect names of types.
//
// A link name is the identity of a type as text: two types are identical exactly if their link names are equal. It names descriptors,
// equality functions, instances of generic functions; packages compiled at different times agree on it. So it may depend on nothing but
// declarations: full package paths, and for a type declared in a function a number counted over the package in source order.
//
// Recursive interface literals without a name in the cycle are cut by a reference to the position where the type began.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tuza.Types;

sealed class LinkWriter(bool reflect)
{
    static readonly ConditionalWeakTable<Package, Dictionary<TypeName, int>> s_localNumbers = [];

    readonly StringBuilder _b = new();
    readonly Dictionary<GoType, int> _open = new(ReferenceEqualityComparer.Instance);

    public static string LinkName(GoType type)
    {
        type = type.Unalias;
        if (type.LinkNameCache is { } known)
            return known;
        var w = new LinkWriter(false);
        w.Type(type);
        return type.LinkNameCache = w._b.ToString();
    }

    public static string ReflectName(GoType type)
    {
        var w = new LinkWriter(true);
        w.Type(type);
        return w._b.ToString();
    }

    /// <summary>A package path as it appears in symbols: dots after the last slash, quotes, percent signs, spaces and the like escaped.</summary>
    public static string PathPrefix(string path)
    {
        int slash = path.LastIndexOf('/');
        StringBuilder? b = null;
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte c = bytes[i];
            if (c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7F)
            {
                b ??= new StringBuilder().Append(Encoding.UTF8.GetString(bytes, 0, i));
                b.Append('%').Append("0123456789abcdef"[c >> 4]).Append("0123456789abcdef"[c & 15]);
            }
            else
                b?.Append((char)c);
        }
        return b?.ToString() ?? path;
    }

    void Package(Package? pkg)
    {
        if (pkg != null)
            _b.Append(reflect ? pkg.Name : PathPrefix(pkg.Path)).Append('.');
    }

    void Type(GoType type)
    {
        type = type.Unalias;
        switch (type)
        {
            case BasicType t:
                _b.Append(Universe.Basic(t.Kind).Name);
                return;
            case NamedType t:
                Named(t);
                return;
            case TypeParam t:
                _b.Append('$').Append(t.Obj.Name).Append(t.Canonical.Id);
                return;
        }
        if (_open.TryGetValue(type, out int start))
        {
            _b.Append('@').Append(start);
            return;
        }
        _open.Add(type, _b.Length);
        switch (type)
        {
            case StructType t:
                Struct(t);
                break;
            case InterfaceType t:
                Interface(t);
                break;
            case Signature t:
                _b.Append("func");
                Signature(t);
                break;
            case TupleType t:
                Tuple(t, false);
                break;
            case UnionType t:
                for (int i = 0; i < t.Terms.Count; i++)
                {
                    _b.Append(i > 0 ? " | " : "").Append(t.Terms[i].Tilde ? "~" : "");
                    Type(t.Terms[i].Type);
                }
                break;
            default:
                if (!TypeShapes.Write(_b, type, Type, seesAliases: false))
                    throw new InvalidOperationException("LinkWriter: unknown type " + type.GetType().Name);
                break;
        }
        _open.Remove(type);
    }

    void Named(NamedType t)
    {
        var obj = t.Obj;
        Package(obj.Pkg);
        _b.Append(obj.Name);
        var localArgs = t.LocalArgs ?? t.Origin.LocalArgs;
        if (t.TypeArgs.Count > 0 || localArgs != null)
        {
            // Arguments are written in full in both dialects; those of the enclosing function come first.
            _b.Append('[');
            int n = 0;
            foreach (var arg in localArgs ?? [])
                _b.Append(n++ > 0 ? "," : "").Append(LinkName(arg));
            for (int i = 0; i < t.TypeArgs.Count; i++)
                _b.Append(n++ == 0 ? "" : i == 0 ? ";" : ",").Append(LinkName(t.TypeArgs[i]));
            _b.Append(']');
        }
        if (!reflect && Subst.IsLocal(obj))
            _b.Append('·').Append(LocalNumber(obj));
    }

    /// <summary>1, 2, … among the local types of the package, in source order.</summary>
    static int LocalNumber(TypeName obj)
    {
        var numbers = s_localNumbers.GetValue(obj.Pkg!, NumberLocals);
        return numbers.TryGetValue(obj, out int n) ? n : (int)(obj.Pos.Bits & 0x7FFFFFFF);
    }

    static Dictionary<TypeName, int> NumberLocals(Package pkg)
    {
        var order = new Dictionary<int, int>();
        foreach (var file in pkg.Files)
            order.TryAdd(file.Source.Id, order.Count);
        var all = new List<TypeName>();
        foreach (var def in pkg.Info.Defs.Values)
            if (def is TypeName { Type: NamedType } t && Subst.IsLocal(t))
                all.Add(t);
        int FileOf(TypeName t) => order.GetValueOrDefault(t.Pos.FileId, int.MaxValue);
        all.Sort((a, b) => FileOf(a) != FileOf(b) ? FileOf(a).CompareTo(FileOf(b)) : a.Pos.CompareTo(b.Pos));
        var numbers = new Dictionary<TypeName, int>(ReferenceEqualityComparer.Instance);
        foreach (var t in all)
            numbers.Add(t, numbers.Count + 1);
        return numbers;
    }

    void Struct(StructType t)
    {
        _b.Append("struct {");
        for (int i = 0; i < t.Fields.Count; i++)
        {
            var f = t.Fields[i];
            _b.Append(i > 0 ? "; " : " ");
            if (!f.Embedded)
                FieldName(f);
            else if (!reflect && !NamedAfterType(f))
            {
                // Embedded under the name of an alias: part of the identity, with no Go syntax of its own.
                FieldName(f);
                _b.Append("= ");
            }
            Type(f.Type);
            if (t.Tag(i) is { Length: > 0 } tag)
                _b.Append(' ').Append(ConstantOps.Quote(Encoding.UTF8.GetBytes(tag)));
        }
        _b.Append(t.Fields.Count > 0 ? " }" : "}");
    }

    void FieldName(Var f)
    {
        if (!reflect && !f.Exported)
            Package(f.Pkg);
        _b.Append(f.Name).Append(' ');
    }

    static bool NamedAfterType(Var f)
    {
        var t = Lookup.Deref(f.Type, out _).Unalias;
        return t switch
        {
            NamedType n => !n.IsInstance && n.LocalArgs == null && n.Obj.Name == f.Name && (f.Exported || Predicates.SamePkg(n.Obj.Pkg, f.Pkg)),
            _ => false,
        };
    }

    void Interface(InterfaceType t)
    {
        var set = t.TypeSet;
        _b.Append("interface {");
        bool first = true;
        foreach (var m in set.Methods)
        {
            _b.Append(first ? " " : "; ");
            first = false;
            if (!m.Exported)
                Package(m.Pkg);
            _b.Append(m.Name);
            Signature(m.Sig);
        }
        if (set.ComparableOnly)
        {
            _b.Append(first ? " comparable" : "; comparable");
            first = false;
        }
        if (!set.Terms.IsAll)
        {
            var terms = new List<string>();
            foreach (var term in set.Terms.Items)
                terms.Add((term.Tilde ? "~" : "") + LinkName(term.Type));
            terms.Sort(string.CompareOrdinal);
            _b.Append(first ? " " : "; ").Append(string.Join(" | ", terms));
            first = false;
        }
        _b.Append(first ? "}" : " }");
    }

    void Tuple(TupleType t, bool variadic)
    {
        _b.Append('(');
        for (int i = 0; i < t.Count; i++)
        {
            _b.Append(i > 0 ? ", " : "");
            if (variadic && i == t.Count - 1 && t.At(i) is SliceType s)
            {
                _b.Append("...");
                Type(s.Elem);
            }
            else
                Type(t.At(i));
        }
        _b.Append(')');
    }

    void Signature(Signature s)
    {
        if (s.TypeParams.Count > 0)
            _b.Append('[').Append(s.TypeParams.Count).Append(']');
        Tuple(s.Params, s.Variadic);
        if (s.Results.Count == 0)
            return;
        _b.Append(' ');
        if (s.Results.Count == 1)
            Type(s.Results.At(0));
        else
            Tuple(s.Results, false);
    }
}

// Types as gc's messages print them: `[]pkg.T`, `func(int, ...string) (bool, error)`, `struct { a int }`, `interface {}` but `any` where any was written.
// Names of the package being compiled stand alone; arguments of generic types are link names.

using System.Collections.Generic;
using System.Text;
using Tuza.Types;

namespace Tuza.IR;

sealed class GcTypeText
{
    readonly StringBuilder _b = new();
    readonly Package _local;
    readonly Dictionary<GoType, int> _open = new(ReferenceEqualityComparer.Instance);

    GcTypeText(Package local) => _local = local;

    public static string Write(GoType t, Package local)
    {
        var w = new GcTypeText(local);
        w.Type(t);
        return w._b.ToString();
    }

    void Type(GoType t)
    {
        if (ReferenceEquals(t.Unalias, Universe.EmptyInterface))
        {
            _b.Append("any");
            return;
        }
        t = t.Unalias;
        switch (t)
        {
            case BasicType b:
                _b.Append(b.Name);
                return;
            case NamedType n:
                Named(n);
                return;
        }
        if (_open.TryGetValue(t, out int at))
        {
            _b.Append('@').Append(at);
            return;
        }
        _open.Add(t, _b.Length);
        switch (t)
        {
            case InterfaceType i:
                Interface(i);
                break;
            case Signature s:
                _b.Append("func");
                Signature(s);
                break;
            case StructType s:
                Struct(s);
                break;
            default:
                if (!TypeShapes.Write(_b, t, Type, seesAliases: false))
                    _b.Append(TypeWriter.Write(t, _local));
                break;
        }
        _open.Remove(t);
    }

    void Named(NamedType n)
    {
        if (n.Obj.Pkg is { } pkg && !ReferenceEquals(pkg, _local))
            _b.Append(pkg.Name).Append('.');
        _b.Append(n.Obj.Name);
        List<GoType> args = [.. n.LocalArgs ?? n.Origin.LocalArgs ?? [], .. n.TypeArgs];
        if (args.Count == 0)
            return;
        _b.Append('[');
        for (int i = 0; i < args.Count; i++)
            _b.Append(i > 0 ? "," : "").Append(TypeWriter.LinkName(args[i]));
        _b.Append(']');
    }

    void Interface(InterfaceType i)
    {
        _b.Append("interface {");
        bool first = true;
        foreach (var m in i.TypeSet.Methods)
        {
            _b.Append(first ? " " : "; ");
            first = false;
            if (!m.Exported && m.Pkg != null)
                _b.Append(Names.Prefix(m.Pkg)).Append('.');
            _b.Append(m.Name);
            Signature(m.Sig);
        }
        _b.Append(first ? "}" : " }");
    }

    void Signature(Signature s)
    {
        Tuple(s.Params, s.Variadic);
        if (s.Results.Count == 0)
            return;
        _b.Append(' ');
        if (s.Results.Count == 1)
            Type(s.Results.At(0));
        else
            Tuple(s.Results, false);
    }

    void Tuple(TupleType t, bool variadic)
    {
        _b.Append('(');
        for (int i = 0; i < t.Count; i++)
        {
            _b.Append(i > 0 ? ", " : "");
            if (variadic && i == t.Count - 1 && t.At(i).Underlying is SliceType s)
            {
                _b.Append("...");
                Type(s.Elem);
            }
            else
            {
                Type(t.At(i));
            }
        }
        _b.Append(')');
    }

    void Struct(StructType s)
    {
        _b.Append("struct {");
        for (int i = 0; i < s.Fields.Count; i++)
        {
            var f = s.Fields[i];
            _b.Append(i > 0 ? "; " : " ");
            if (!f.Embedded)
            {
                if (!f.Exported && f.Pkg != null && !ReferenceEquals(f.Pkg, _local))
                    _b.Append(f.Pkg.Name).Append('.');
                _b.Append(f.Name).Append(' ');
            }
            Type(f.Type);
            if (s.Tag(i) is { Length: > 0 } tag)
                _b.Append(' ').Append(ConstantOps.Quote(Encoding.UTF8.GetBytes(tag)));
        }
        _b.Append(s.Fields.Count > 0 ? " }" : "}");
    }
}

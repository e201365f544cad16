// Instances that nobody calls but gc compiles and reports: the methods of every instantiated type that the package's text leads to.
//
// gc reads the types of the objects that a package mentions with all they consist of: fields, elements, parameters of methods. Each
// instance of a generic type met on the way gets its methods. They matter only for what -m prints.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

public sealed partial class PackageBuilder
{
    /// <summary>Adds the methods of all instantiated types within reach to the package.</summary>
    public void BuildMentioned()
    {
        var seen = new HashSet<GoType>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<GoType>();
        var instances = new List<NamedType>();
        foreach (var tv in Pkg.Info.Types.Values)
            if (tv.Type != null)
                pending.Push(tv.Type);
        foreach (var def in Pkg.Info.Defs.Values)
            if (def?.Type != null)
                pending.Push(def.Type);
        while (pending.TryPop(out var t))
        {
            t = t.Unalias;
            if (!seen.Add(t))
                continue;
            switch (t)
            {
                case NamedType n:
                    if (n.TypeParams.Count > 0 && !n.IsInstance || Subst.HasTypeParam(n))
                        break;
                    pending.Push(n.Underlying);
                    if (n.IsInstance && n.Underlying is not InterfaceType)
                        instances.Add(n);
                    if (n.Underlying is not InterfaceType)
                        for (int i = 0; i < n.MethodCount; i++)
                            pending.Push(n.Method(i).Sig);
                    break;
                case PointerType p:
                    pending.Push(p.Elem);
                    break;
                case SliceType s:
                    pending.Push(s.Elem);
                    break;
                case ArrayType a:
                    pending.Push(a.Elem);
                    break;
                case ChanType c:
                    pending.Push(c.Elem);
                    break;
                case MapType m:
                    pending.Push(m.Key);
                    pending.Push(m.Elem);
                    break;
                case StructType s:
                    foreach (var f in s.Fields)
                        pending.Push(f.Type);
                    break;
                case TupleType tuple:
                    foreach (var v in tuple.Vars)
                        pending.Push(v.Type);
                    break;
                case Signature s when s.TypeParams.Count == 0:
                    pending.Push(s.Params);
                    pending.Push(s.Results);
                    break;
                case InterfaceType i:
                    foreach (var m in i.TypeSet.Methods)
                        pending.Push(m.Sig);
                    break;
            }
        }
        foreach (var n in instances)
            for (int i = 0; i < n.MethodCount; i++)
                if (n.Method(i) is { } method && method.Origin.Sig.TypeParams.Count == 0)
                    FunctionFor(method, n.TypeArgs, []);
        BuildPending();
    }
}

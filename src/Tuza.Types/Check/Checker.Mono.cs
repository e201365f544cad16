// Instantiation cycles: generic code that would need infinitely many instances.
//
// Idea. Vertices are type parameters (and types declared inside generic functions); an edge from Q to P says that P is instantiated with a
// type that contains Q: weight 0 if it is Q itself, 1 if Q is wrapped in something. A cycle of positive weight grows for ever. The heaviest paths are
// found as in Bellman-Ford: a path as long as there are vertices contains such a cycle. See GOROOT/src/cmd/compile/internal/types2/mono.go.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    sealed class MonoVertex
    {
        public int Weight, Pre, Len;
        public required TypeName Obj;
    }

    readonly record struct MonoEdge(int Dst, int Src, int Weight, Pos Pos, GoType Type);

    readonly List<MonoVertex> _monoVertices = [];
    readonly List<MonoEdge> _monoEdges = [];
    readonly Dictionary<TypeParam, TypeParam> _monoCanon = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<TypeName, int> _monoIndex = new(ReferenceEqualityComparer.Instance);

    /// <summary>A receiver's type parameter stands for the one of the type's declaration.</summary>
    void MonoCanon(TypeParam recv, TypeParam declared) => _monoCanon[recv] = declared;

    void MonoRecord(Pos pos, List<TypeParam> tparams, List<GoType> targs, List<Expr> exprs)
    {
        for (int i = 0; i < tparams.Count && i < targs.Count; i++)
            if (ReferenceEquals(tparams[i].Obj.Pkg, _pkg))
                MonoAssign(i < exprs.Count ? StartPos(exprs[i]) : pos, tparams[i], targs[i]);
    }

    void MonoAssign(Pos pos, TypeParam param, GoType arg) => MonoWalk(arg, (src, type) =>
        _monoEdges.Add(new MonoEdge(MonoVertexOf(param), src, ReferenceEquals(type, arg) ? 0 : 1, pos, arg)));

    void MonoWalk(GoType type, System.Action<int, GoType> flow)
    {
        switch (type.Unalias)
        {
            case TypeParam t:
                flow(MonoVertexOf(t), t);
                break;
            case NamedType t:
                int local = LocalTypeVertex(t.Origin);
                if (local >= 0)
                    flow(local, t);
                foreach (GoType a in t.TypeArgs)
                    MonoWalk(a, flow);
                break;
            case ArrayType t:
                MonoWalk(t.Elem, flow);
                break;
            case ChanType t:
                MonoWalk(t.Elem, flow);
                break;
            case MapType t:
                MonoWalk(t.Key, flow);
                MonoWalk(t.Elem, flow);
                break;
            case PointerType t:
                MonoWalk(t.Elem, flow);
                break;
            case SliceType t:
                MonoWalk(t.Elem, flow);
                break;
            case InterfaceType t:
                foreach (Func m in t.TypeSet.Methods)
                    MonoWalk(m.Sig, flow);
                break;
            case Signature t:
                foreach (Var v in t.Params.Vars)
                    MonoWalk(v.Type, flow);
                foreach (Var v in t.Results.Vars)
                    MonoWalk(v.Type, flow);
                break;
            case StructType t:
                foreach (Var f in t.Fields)
                    MonoWalk(f.Type, flow);
                break;
        }
    }

    /// <summary>A type declared in a generic function depends on the type parameters around it.</summary>
    int LocalTypeVertex(NamedType named)
    {
        TypeName obj = named.Obj;
        if (!ReferenceEquals(obj.Pkg, _pkg) || obj.Parent == null || ReferenceEquals(obj.Parent, _pkg.Scope))
            return -1;
        if (_monoIndex.TryGetValue(obj, out int index))
            return index;
        index = -1;
        for (Scope? scope = obj.Parent; scope != null && !ReferenceEquals(scope, _pkg.Scope); scope = scope.Parent)
            foreach (Obj elem in scope.Elems.Values)
                if (elem is TypeName { Type: TypeParam tp } && elem.Pos < obj.Pos)
                {
                    if (index < 0)
                    {
                        index = _monoVertices.Count;
                        _monoVertices.Add(new MonoVertex { Obj = obj });
                    }
                    _monoEdges.Add(new MonoEdge(index, MonoVertexOf(tp), 1, obj.Pos, tp));
                }
        _monoIndex[obj] = index;
        return index;
    }

    int MonoVertexOf(TypeParam tp)
    {
        if (_monoCanon.TryGetValue(tp, out TypeParam? canon))
            tp = canon;
        if (_monoIndex.TryGetValue(tp.Obj, out int index))
            return index;
        index = _monoVertices.Count;
        _monoVertices.Add(new MonoVertex { Obj = tp.Obj });
        _monoIndex[tp.Obj] = index;
        return index;
    }

    void Monomorph()
    {
        bool again = true;
        while (again)
        {
            again = false;
            for (int i = 0; i < _monoEdges.Count; i++)
            {
                MonoEdge edge = _monoEdges[i];
                MonoVertex src = _monoVertices[edge.Src], dst = _monoVertices[edge.Dst];
                int w = src.Weight + edge.Weight;
                if (w <= dst.Weight)
                    continue;
                dst.Pre = i;
                dst.Len = src.Len + 1;
                if (dst.Len == _monoVertices.Count)
                {
                    ReportInstanceLoop(edge.Dst);
                    return;
                }
                dst.Weight = w;
                again = true;
            }
        }
    }

    void ReportInstanceLoop(int v)
    {
        var stack = new List<int>();
        var seen = new bool[_monoVertices.Count];
        while (!seen[v])
        {
            stack.Add(v);
            seen[v] = true;
            v = _monoEdges[_monoVertices[v].Pre].Src;
        }
        stack.RemoveRange(0, stack.IndexOf(v));

        ErrorDesc err = NewError();
        err.Add(_monoVertices[v].Obj.Pos, "instantiation cycle:");
        foreach (int i in stack)
        {
            MonoEdge edge = _monoEdges[_monoVertices[i].Pre];
            TypeName obj = _monoVertices[edge.Dst].Obj;
            err.Add(edge.Pos, obj.Type is TypeParam ? "%s instantiated as %s" : "%s implicitly parameterized by %s", obj.Name, edge.Type);
        }
        err.Report();
    }
}

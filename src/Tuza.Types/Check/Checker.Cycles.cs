// Cycles of declarations, and the texts that explain them.
//
// Four kinds: a name that is an alias of itself by syntax alone (DirectCycles, before anything is typed); an object met again while it
// is being typed (ValidCycle); a type that is used for its structure before it is complete (IsComplete); and a type that would contain
// itself and so have infinite size (ValidType, after all types are known).

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>Finds `type A B; type B A` without typing anything.</summary>
    void DirectCycles()
    {
        var done = new Dictionary<TypeName, int>(ReferenceEqualityComparer.Instance);
        foreach (Obj obj in _objList)
            if (obj is TypeName name)
                DirectCycle(name, done);
    }

    void DirectCycle(TypeName name, Dictionary<TypeName, int> pathIndex)
    {
        var path = new List<TypeName>();
        while (true)
        {
            if (pathIndex.TryGetValue(name, out int start))
            {
                if (start >= 0)
                {
                    name.Type = Universe.Invalid;
                    var cycle = new List<Obj>(path.GetRange(start, path.Count - start));
                    CycleError(cycle, FirstInSource(cycle));
                }
                break;
            }
            pathIndex[name] = path.Count;
            path.Add(name);
            if (_objMap[name].TypeDecl!.Type is not Ident rhs || _pkg.Scope.Lookup(rhs.Name) is not TypeName next || !_objMap.ContainsKey(next))
                break;
            name = next;
        }
        foreach (TypeName t in path)
            pathIndex[t] = -1;
    }

    bool ValidCycle(Obj obj)
    {
        List<Obj> cycle = _path.GetRange(_pathIndex[obj], _path.Count - _pathIndex[obj]);
        int values = 0, defs = 0;
        foreach (Obj o in cycle)
            switch (o)
            {
                case Const or Var:
                    values++;
                    break;
                case TypeName t:
                    // A generic type may mention itself in its own constraints.
                    if (_env.InTypeParams && t.Type != null! && Predicates.IsGeneric(t.Type))
                        return true;
                    if (!t.IsAlias)
                        defs++;
                    break;
            }
        // Cycles of values alone are found, or allowed, by the initialisation order; cycles of types are fine through a definition.
        if (values == cycle.Count || values == 0 && defs > 0)
            return true;
        CycleError(cycle, FirstInSource(cycle));
        return false;
    }

    string CycleName(Obj obj)
    {
        if (obj.Type is NamedType { IsInstance: true } named)
            return Str(named);
        return obj.Pkg != null && !ReferenceEquals(obj.Pkg, _pkg) ? obj.Pkg.Name + "." + obj.Name : obj.Name;
    }

    void CycleError(List<Obj> cycle, int start)
    {
        Obj obj = cycle[start];
        var type = obj as TypeName;
        if (type?.Type is AliasType alias)
            alias.FromRhs = alias.Actual = Universe.Invalid;

        if (cycle.Count == 1)
        {
            Error(obj, type != null ? "invalid recursive type: %s refers to itself" : "invalid cycle in declaration: %s refers to itself", CycleName(obj));
            return;
        }
        ErrorDesc err = NewError();
        err.Add(obj.Pos, type != null ? "invalid recursive type %s" : "invalid cycle in declaration of %s", CycleName(obj));
        for (int i = 0; i < cycle.Count; i++)
        {
            Obj next = cycle[(start + i + 1) % cycle.Count];
            err.Add(obj.Pos, "%s refers to %s", CycleName(obj), CycleName(next));
            obj = next;
        }
        err.Report();
    }

    static int FirstInSource(List<Obj> path)
    {
        int first = 0;
        for (int i = 1; i < path.Count; i++)
            if (path[i].Pos < path[first].Pos)
                first = i;
        return first;
    }

    /// <summary>Reports a cycle if the structure of t is needed while t is still being declared.</summary>
    bool IsComplete(GoType type)
    {
        while (true)
        {
            TypeName obj;
            GoType? rhs;
            if (type is AliasType alias)
                (obj, rhs) = (alias.Obj, alias.FromRhs);
            else if (type is NamedType named)
                (obj, rhs) = (named.Obj, named.FromRhs);
            else
                return true;
            if (_path.Count > 0 && _pathIndex.TryGetValue(obj, out int i))
            {
                List<Obj> cycle = _path.GetRange(i, _path.Count - i);
                CycleError(cycle, FirstInSource(cycle));
                return false;
            }
            if (rhs == null)
                return true;
            type = rhs;
        }
    }

    /// <summary>Reports a type that contains itself.</summary>
    void ValidType(NamedType type) => ValidType0(type, [], []);

    bool ValidType0(GoType? type, List<NamedType> nest, List<NamedType> path)
    {
        switch (type?.Unalias)
        {
            case ArrayType t:
                return ValidType0(t.Elem, nest, path);
            case StructType t:
                foreach (Var f in t.Fields)
                    if (!ValidType0(f.Type, nest, path))
                        return false;
                return true;
            case UnionType t:
                foreach (UnionTerm term in t.Terms)
                    if (!ValidType0(term.Type, nest, path))
                        return false;
                return true;
            case InterfaceType t:
                foreach (GoType e in t.Embeddeds)
                    if (!ValidType0(e, nest, path))
                        return false;
                return true;
            case NamedType t:
                return ValidNamed(t, nest, path);
            case TypeParam t:
                return ValidParam(t, nest, path);
            default:
                return true;
        }
    }

    readonly HashSet<NamedType> _validTypes = new(ReferenceEqualityComparer.Instance);

    bool ValidNamed(NamedType t, List<NamedType> nest, List<NamedType> path)
    {
        // Types of other packages are valid, and cannot contain ours except through type arguments.
        if (!t.IsInstance && (_validTypes.Contains(t) || !ReferenceEquals(t.Obj.Pkg, _pkg)))
            return true;
        // Reported before: silent from now on.
        if (t.Origin.FromRhs is BasicType { Kind: BasicKind.Invalid })
            return true;
        foreach (NamedType e in nest)
        {
            if (!Identical.Same(e, t))
                continue;
            t.Origin.FromRhs = t.Origin.UnderlyingOrNull = Universe.Invalid;
            for (int start = 0; start < path.Count; start++)
                if (Identical.Same(path[start], t))
                {
                    var cycle = new List<Obj>();
                    foreach (NamedType p in path.GetRange(start, path.Count - start))
                        cycle.Add(InstanceObj(p));
                    CycleError(cycle, 0);
                    return false;
                }
            return false;
        }
        nest.Add(t);
        path.Add(t);
        bool ok = ValidType0(t.Origin.FromRhs ?? t.Origin.Underlying, nest, path);
        nest.RemoveAt(nest.Count - 1);
        path.RemoveAt(path.Count - 1);
        if (ok && !t.IsInstance && t.TypeParams.Count == 0)
            _validTypes.Add(t);
        return ok;
    }

    /// <summary>Where an instance was first written; errors about it are reported there.</summary>
    readonly Dictionary<NamedType, Pos> _instancePos = new(ReferenceEqualityComparer.Instance);

    /// <summary>An object that prints as the instance itself.</summary>
    TypeName InstanceObj(NamedType t) => t.IsInstance
        ? new TypeName { Name = t.Obj.Name, Pos = _instancePos.GetValueOrDefault(t, t.Obj.Pos), Pkg = t.Obj.Pkg, Type = t }
        : t.Obj;

    /// <summary>A type parameter stands for the type argument of the innermost instance that declares it.</summary>
    bool ValidParam(TypeParam t, List<NamedType> nest, List<NamedType> path)
    {
        if (nest.Count == 0)
            return true;
        NamedType inst = nest[^1];
        int i = inst.Origin.TypeParams.IndexOf(t);
        if (i < 0 || i >= inst.TypeArgs.Count)
            return true;
        nest.RemoveAt(nest.Count - 1);
        bool ok = ValidType0(inst.TypeArgs[i], nest, path);
        nest.Add(inst);
        return ok;
    }

    /// <summary>The named types whose size is being asked for, outermost first.</summary>
    readonly List<NamedType> _sizing = [];

    /// <summary>The size of t depends on type parameters, so unsafe.Sizeof of it is no constant.</summary>
    bool HasVarSize(GoType type)
    {
        switch (type.Unalias)
        {
            case NamedType t:
                if (_pathIndex.Count > 0 && !t.IsInstance && _pathIndex.TryGetValue(t.Obj, out int i))
                {
                    List<Obj> cycle = _path.GetRange(i, _path.Count - i);
                    CycleError(cycle, FirstInSource(cycle));
                    return true;
                }
                if (!t.IsInstance && !ReferenceEquals(t.Obj.Pkg, _pkg))
                    return false;
                int start = _sizing.IndexOf(t);
                if (start >= 0)
                {
                    List<Obj> cycle = _sizing.GetRange(start, _sizing.Count - start).ConvertAll<Obj>(InstanceObj);
                    CycleError(cycle, FirstInSource(cycle));
                    return true;
                }
                _sizing.Add(t);
                bool result = HasVarSize(t.IsInstance ? t.Underlying : t.FromRhs ?? Universe.Invalid);
                _sizing.RemoveAt(_sizing.Count - 1);
                return result;
            case ArrayType t:
                return HasVarSize(t.Elem);
            case StructType t:
                foreach (Var f in t.Fields)
                    if (HasVarSize(f.Type))
                        return true;
                return false;
            case TypeParam:
                return true;
            default:
                return false;
        }
    }
}

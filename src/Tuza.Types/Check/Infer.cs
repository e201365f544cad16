// Type inference for calls of generic functions.
//
// Steps.
//   1. Unify the types of typed arguments with their parameters' types.
//   2. Use the constraints: unify each parameter's type with the core type of its constraint, and its methods with the constraint's,
//      until nothing new is learned.
//   3. Parameters still unknown that untyped constants were passed for get the default type of the largest constant kind.
//   4. Inferred types may mention type parameters of the same list: substitute until none is left. Cycles are cut first (a parameter
//      whose type would contain itself is not inferred).
//
// See GOROOT/src/cmd/compile/internal/types2/infer.go.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public static class Infer
{
    /// <summary>All type arguments, given and inferred, or null after report(pos, message) — null without a report when an argument is invalid.
    /// targs may be shorter than tparams and hold nulls. Reverse: the call is synthetic (assignment of a generic function).</summary>
    public static List<GoType>? TypeArgs(TypeEnv env, Pos pos, List<TypeParam> tparams, IReadOnlyList<GoType?> targs, TupleType pars,
        IReadOnlyList<Operand> args, bool reverse, Action<Pos, string> report) =>
        new Solver(env, pos, tparams, targs, reverse, report).Run(pars, args);

    /// <summary>"P", "P and Q", "P, Q, and R".</summary>
    public static string Names(List<TypeParam> list) => list.Count switch
    {
        0 => "",
        1 => list[0].Obj.Name,
        2 => list[0].Obj.Name + " and " + list[1].Obj.Name,
        _ => string.Join(", ", list.GetRange(0, list.Count - 1).ConvertAll(p => p.Obj.Name)) + ", and " + list[^1].Obj.Name,
    };

    sealed class Solver
    {
        readonly TypeEnv _env;
        static Pos StartOf(Operand x) => x.Expr == null ? default : Positions.Start(x.Expr);

        readonly Pos _pos;
        readonly List<TypeParam> _tparams;
        readonly List<GoType?> _targs = [];
        readonly bool _reverse;
        readonly Action<Pos, string> _report;
        readonly Unifier _u;

        public Solver(TypeEnv env, Pos pos, List<TypeParam> tparams, IReadOnlyList<GoType?> targs, bool reverse, Action<Pos, string> report)
        {
            _env = env;
            _pos = pos;
            _tparams = tparams;
            for (int i = 0; i < tparams.Count; i++)
                _targs.Add(i < targs.Count ? targs[i] : null);
            _reverse = reverse;
            _report = report;
            _u = new Unifier(tparams, _targs, env.AllowVersion(21));
        }

        public List<GoType>? Run(TupleType pars, IReadOnlyList<Operand> args)
        {
            if (!_targs.Contains(null))
                return _targs.ConvertAll(t => t!);
            foreach (var a in args)
                if (!a.IsValid)
                    return null;
            if (pars.Count > 0)
                pars = (TupleType)Subst.Apply(pars, new SubstMap(_tparams, _targs));

            var untyped = new List<int>();
            if (!UseArguments(pars, args, untyped) || !UseConstraints() || !UseUntyped(pars, args, untyped))
                return null;
            return Simplify();
        }

        bool UseArguments(TupleType pars, IReadOnlyList<Operand> args, List<int> untyped)
        {
            for (int i = 0; i < args.Count; i++)
            {
                var arg = args[i];
                var par = pars.At(i);
                if (!Subst.IsParameterized(_tparams, par) && !Subst.IsParameterized(_tparams, arg.Type))
                    continue;
                if (Predicates.IsTyped(arg.Type))
                {
                    if (_u.Unify(par, arg.Type, UnifyMode.Assign))
                        continue;
                    Mismatch(par, arg);
                    return false;
                }
                if (par is TypeParam && !arg.IsNil)
                    untyped.Add(i);
            }
            return true;
        }

        void Mismatch(GoType par, Operand arg)
        {
            string type = _env.Text(arg.Type), expr = arg.Expr != null ? ExprText.Of(arg.Expr) : "";
            var known = _u.Inferred(_tparams);
            if (known.TrueForAll(t => t == null))
            {
                _report(StartOf(arg), $"type {type} of {expr} does not match {_env.Text(par)} (cannot infer {Names(_tparams)})");
                return;
            }
            var inferred = Subst.Apply(par, new SubstMap(_tparams, known));
            if (ReferenceEquals(inferred, par))
                _report(StartOf(arg), $"type {type} of {expr} does not match {_env.Text(par)}");
            else if (_reverse)
                _report(StartOf(arg), $"inferred type {_env.Text(inferred)} for {_env.Text(par)} does not match type {type} of {expr}");
            else
                _report(StartOf(arg), $"type {type} of {expr} does not match inferred type {_env.Text(inferred)} for {_env.Text(par)}");
        }

        bool UseConstraints()
        {
            while (true)
            {
                int before = _u.Unknowns;
                foreach (var p in _tparams)
                {
                    var tx = _u.At(p);
                    if (CoreTerm(p, out bool single) is { } core)
                    {
                        if (tx != null)
                        {
                            if (!_u.Unify(tx, core.Type, UnifyMode.Inexact))
                            {
                                _report(_pos, $"{_env.Text(p)} (type {_env.Text(tx)}) does not satisfy {_env.Text(p.Bound)}");
                                return false;
                            }
                        }
                        else if (single && !core.Tilde)
                            _u.Set(p, core.Type);
                    }
                    if (tx == null || Subst.IsParameterized(_tparams, tx))
                        continue;
                    if (!Relations.HasAllMethods(_env, tx, p.Iface, true, (x, y) => _u.Unify(x, y, UnifyMode.Exact), out string cause))
                    {
                        _report(_pos, $"{_env.Text(p)} (type {_env.Text(tx)}) does not satisfy {_env.Text(p.Bound)} {cause}");
                        return false;
                    }
                }
                if (_u.Unknowns == before)
                    return true;
            }
        }

        /// <summary>The single specific term of the constraint, or its core type (with a tilde if any term has one), or null.</summary>
        static Term? CoreTerm(TypeParam p, out bool single)
        {
            int n = 0;
            Term? last = null;
            bool tilde = false;
            p.Iface.TypeSet.Is(t =>
            {
                if (t == null)
                    return false;
                n++;
                last = t;
                tilde |= t.Tilde;
                return true;
            });
            single = n == 1;
            if (single)
                return last;
            return Predicates.CommonUnder(p) is { } core ? new Term(tilde, core) : null;
        }

        bool UseUntyped(TupleType pars, IReadOnlyList<Operand> args, List<int> untyped)
        {
            var max = new Dictionary<TypeParam, GoType>(ReferenceEqualityComparer.Instance);
            foreach (int i in untyped)
            {
                var p = (TypeParam)pars.At(i);
                if (_u.At(p) != null)
                    continue;
                var type = args[i].Type;
                if (max.TryGetValue(p, out var so))
                {
                    if (Predicates.MaxType(so, type) is not { } larger)
                    {
                        _report(StartOf(args[i]), $"mismatched types {_env.Text(so)} and {_env.Text(type)} (cannot infer {_env.Text(p)})");
                        return false;
                    }
                    type = larger;
                }
                max[p] = type;
            }
            foreach (var (p, type) in max)
                _u.Set(p, Predicates.Default(type));
            return true;
        }

        List<GoType>? Simplify()
        {
            var inferred = _u.Inferred(_tparams);
            new CycleFinder(_tparams, inferred).Run();

            var dirty = new List<int>();
            for (int i = 0; i < inferred.Count; i++)
                if (inferred[i] != null && _targs[i] == null)
                    dirty.Add(i);
            while (dirty.Count > 0)
            {
                var map = new SubstMap(_tparams, inferred);
                var next = new List<int>();
                foreach (int i in dirty)
                {
                    var old = inferred[i]!;
                    var t = Subst.Apply(old, map);
                    if (ReferenceEquals(t, old))
                        continue;
                    // A generic function argument that is now fully known is generic no more.
                    if (t is Signature { TypeParams.Count: > 0 } sig && !Subst.IsParameterized(_tparams, sig))
                    {
                        sig = Subst.Clone(sig);
                        sig.TypeParams = [];
                        t = sig;
                    }
                    inferred[i] = t;
                    next.Add(i);
                }
                dirty = next;
            }

            var result = new List<GoType>();
            for (int i = 0; i < inferred.Count; i++)
            {
                if (inferred[i] is not { } t || Subst.IsParameterized(_tparams, t))
                {
                    var obj = _tparams[i].Obj;
                    _report(_pos, $"cannot infer {obj.Name} (declared at {obj.Pos})");
                    return null;
                }
                result.Add(t);
            }
            return result;
        }
    }

    /// <summary>Sets the inferred type of every parameter that is reachable from itself to null: substitution would never end.</summary>
    sealed class CycleFinder(List<TypeParam> tparams, List<GoType?> inferred)
    {
        readonly HashSet<GoType> _path = new(ReferenceEqualityComparer.Instance);

        public void Run()
        {
            foreach (var p in tparams)
                Type(p);
        }

        void Type(GoType type)
        {
            type = type.Unalias;
            if (type is BasicType)
                return;
            if (!_path.Add(type))
            {
                if (type is TypeParam p && tparams.IndexOf(p) is >= 0 and var i)
                    inferred[i] = null;
                return;
            }
            switch (type)
            {
                case ArrayType t: Type(t.Elem); break;
                case SliceType t: Type(t.Elem); break;
                case PointerType t: Type(t.Elem); break;
                case ChanType t: Type(t.Elem); break;
                case MapType t: Type(t.Key); Type(t.Elem); break;
                case StructType t: Vars(t.Fields); break;
                case TupleType t: Vars(t.Vars); break;
                case Signature t: Vars(t.Params.Vars); Vars(t.Results.Vars); break;
                case UnionType t: t.Terms.ForEach(x => Type(x.Type)); break;
                case InterfaceType t:
                    t.Methods.ForEach(m => Type(m.Sig));
                    t.Embeddeds.ForEach(Type);
                    break;
                case NamedType t: t.TypeArgs.ForEach(Type); break;
                case TypeParam t:
                    if (tparams.IndexOf(t) is >= 0 and var i && inferred[i] is { } known)
                        Type(known);
                    break;
                default:
                    throw new InvalidOperationException("Infer: unknown type " + type.GetType().Name);
            }
            _path.Remove(type);
        }

        void Vars(List<Var> list)
        {
            foreach (var v in list)
                Type(v.Type);
        }
    }
}

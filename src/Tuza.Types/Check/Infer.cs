namespace Tuza.Types;
using System; using System.Collections.Generic; using Tuza.Syntax;
public static class Infer
{
    /// <summary>All type arguments, given and inferred, or null after report(pos, message) — null without a report when an argument is invalid.
    /// targs may be shorter than tparams and hold nulls. Reverse: the call is synthetic (assignment of a generic function).</summary>
    public static List<GoType>? TypeArgs(TypeEnv env, Pos pos, List<TypeParam> tparams, IReadOnlyList<GoType?> targs, TupleType pars,
        IReadOnlyList<Operand> args, bool reverse, Action<Pos, string> report) => throw new NotImplementedException();
    /// <summary>"P", "P and Q", "P, Q, and R".</summary>
    public static string Names(List<TypeParam> list) => throw new NotImplementedException();
}

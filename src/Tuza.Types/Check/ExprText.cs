namespace Tuza.Types;
using System; using Tuza.Syntax;
/// <summary>Expressions as gc prints them in messages.</summary>
public static class ExprText
{
    public static string Of(Expr e) => throw new NotImplementedException();
}

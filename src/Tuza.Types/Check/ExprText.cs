// Expressions as gc prints them in messages.

using Tuza.Syntax;

namespace Tuza.Types;

public static class ExprText
{
    public static string Of(Expr e) => ExprPrinter.Text(e);
}

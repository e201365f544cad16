// Names in messages about inlining: bare for functions of the package itself, with the package's name for others.

using Tuza.Types;

namespace Tuza.IR;

static class InlineText
{
    public static string Name(Function f, Package local) => ReferenceEquals(f.Pkg, local) ? f.ShortName : f.Pkg.Name + "." + f.ShortName;

    public static string Body(Function f, Package local) => Type(Builder.FuncType(f), local) + " { " + string.Join("; ", f.Body!.ConvertAll(static s => Printer.Print(s).Replace('\n', ' ').Trim())) + " }";

    public static string Expr(ExprNode e) => Printer.Print(e);

    public static string Type(GoType t, Package local) => new TypeEnv(local, Flatten.Sizes).Text(t);
}

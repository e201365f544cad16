// Texts of messages about inlining.

using Tuza.Types;

namespace Tuza.IR;

static class InlineText
{
    /// <summary>Bare for functions of the package itself, with the package's name for others.</summary>
    public static string Name(Function f, Package local) => new NodeText(local).Symbol(f);

    /// <summary>Type and body of an inlinable function.</summary>
    public static string Body(Function f, Package local)
    {
        var text = new NodeText(local);
        bool isMethod = f.Params.Count > f.Sig.Params.Count;
        string type = text.Of(new Signature { Params = f.Sig.Params, Results = f.Sig.Results, Variadic = f.Sig.Variadic });
        string body = string.Join("; ", f.Body!.ConvertAll(text.Of));
        return $"{(isMethod ? $"method({text.Of(f.Params[0].Type)}) " : "")}{type} {(body == "" ? "{  }" : $"{{ {body} }}")}";
    }

    public static string Expr(ExprNode e, Package local) => new NodeText(local).Of(e);

    public static string Type(GoType t, Package local) => new NodeText(local).Of(t);
}

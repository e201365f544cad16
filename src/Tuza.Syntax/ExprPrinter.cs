// Expressions and simple statements on one line, exactly as gc prints them inside messages.
//
// The short form: function bodies and composite literals are `{…}`, binary operators always have blanks around them, and only the
// parentheses that the tree kept are printed. Printer.cs builds the full source form on top of this.

using System;
using System.Collections.Generic;
using System.Text;

namespace Tuza.Syntax;

/// <summary>Prints expressions for messages.</summary>
public abstract class ExprPrinter
{
    sealed class Short : ExprPrinter
    {
        protected override void FuncBody(BlockStmt body) => Out.Append(body.List.Count > 0 ? "{…}" : "{}");
        protected override void Elements(CompositeLit lit) => Out.Append(lit.Elems.Count > 0 ? "{…}" : "{}");
        protected override void FieldBreak() => Out.Append("; ");
    }

    protected readonly StringBuilder Out = new();

    /// <summary>An expression as gc's messages show it.</summary>
    public static string Text(Expr x)
    {
        if (x is Ident name)
            return name.Name;
        Short p = new();
        p.Expr(x);
        return p.Out.ToString();
    }

    /// <summary>A comma-separated list.</summary>
    public static string Text(List<Expr> list)
    {
        Short p = new();
        p.Exprs(list);
        return p.Out.ToString();
    }

    /// <summary>A statement that can stand in the header of a control statement.</summary>
    public static string Text(Stmt s)
    {
        Short p = new();
        p.SimpleStmt(s);
        return p.Out.ToString();
    }

    protected abstract void FuncBody(BlockStmt body);
    protected abstract void Elements(CompositeLit lit);
    protected abstract void FieldBreak();

    protected virtual void OpenFields(bool method) => Out.Append('{');
    protected virtual void CloseFields(bool method) => Out.Append('}');

    /// <summary>The operand of a unary operator; the full form may have to set it apart.</summary>
    protected virtual void UnaryOperand(Token op, Expr x) => Expr(x);

    /// <summary>Between a last argument and its `...`.</summary>
    protected virtual void BeforeDots(Expr last)
    {
    }

    protected void Exprs(List<Expr> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
                Out.Append(", ");
            Expr(list[i]);
        }
    }

    protected void Expr(Expr x)
    {
        switch (x)
        {
            case BadExpr: Out.Append("<bad expr>"); break;
            case Ident i: Out.Append(i.Name); break;
            case BasicLit l: Out.Append(l.Text); break;
            case FuncLit f:
                Expr(f.Type);
                Out.Append(' ');
                FuncBody(f.Body);
                break;
            case CompositeLit c:
                if (c.Type != null)
                    Expr(c.Type);
                Elements(c);
                break;
            case ParenExpr p:
                Out.Append('(');
                Nested(p.X);
                Out.Append(')');
                break;
            case SelectorExpr s:
                Expr(s.X);
                Out.Append('.').Append(s.Sel.Name);
                break;
            case IndexExpr i:
                Expr(i.X);
                Out.Append('[');
                Exprs(i.Indices);
                Out.Append(']');
                break;
            case SliceExpr s:
                Slice(s);
                break;
            case TypeAssertExpr a:
                if (a.GuardName != null)
                    Out.Append(a.GuardName.Name).Append(" := ");
                Expr(a.X);
                Out.Append(".(");
                if (a.Type != null)
                    Expr(a.Type);
                else
                    Out.Append("type");
                Out.Append(')');
                break;
            case CallExpr c:
                Expr(c.Fun);
                Out.Append('(');
                Exprs(c.Args);
                if (c.HasDots)
                {
                    BeforeDots(c.Args[^1]);
                    Out.Append("...");
                }
                Out.Append(')');
                break;
            case StarExpr s:
                Out.Append('*');
                Expr(s.X);
                break;
            case UnaryExpr u:
                Out.Append(Tokens.Text(u.Op));
                UnaryOperand(u.Op, u.X);
                break;
            case BinaryExpr b:
                Binary(b);
                break;
            case KeyValueExpr kv:
                Expr(kv.Key);
                Out.Append(": ");
                Expr(kv.Value);
                break;
            default:
                TypeExpr(x);
                break;
        }
    }

    /// <summary>Between brackets of any kind the rules of statement headers do not apply.</summary>
    protected virtual void Nested(Expr x) => Expr(x);

    /// <summary>Left-deep chains, like long concatenations, are printed by a loop.</summary>
    void Binary(BinaryExpr b)
    {
        Stack<BinaryExpr> chain = [];
        Expr x = b;
        while (x is BinaryExpr inner)
        {
            chain.Push(inner);
            x = inner.X;
        }
        Expr(x);
        foreach (BinaryExpr op in chain)
        {
            Out.Append(' ').Append(Tokens.Text(op.Op)).Append(' ');
            Expr(op.Y);
        }
    }

    void Slice(SliceExpr s)
    {
        Expr(s.X);
        Out.Append('[');
        if (s.Lo != null)
            Expr(s.Lo);
        Out.Append(':');
        if (s.Hi != null)
            Expr(s.Hi);
        if (s.Max != null)
        {
            Out.Append(':');
            Expr(s.Max);
        }
        Out.Append(']');
    }

    void TypeExpr(Expr x)
    {
        switch (x)
        {
            case ArrayTypeExpr a:
                Out.Append('[');
                if (a.Len != null)
                    Nested(a.Len);
                else
                    Out.Append("...");
                Out.Append(']');
                Expr(a.Elem);
                break;
            case SliceTypeExpr s:
                Out.Append("[]");
                Expr(s.Elem);
                break;
            case EllipsisExpr e:
                Out.Append("...");
                Expr(e.Elem);
                break;
            case MapTypeExpr m:
                Out.Append("map[");
                Expr(m.Key);
                Out.Append(']');
                Expr(m.Value);
                break;
            case ChanTypeExpr c:
                Out.Append(c.Dir switch { ChanDir.Recv => "<-chan ", ChanDir.Send => "chan<- ", ChanDir.Both => "chan " });
                if (c is { Dir: ChanDir.Both, Elem: ChanTypeExpr { Dir: ChanDir.Recv } })
                {
                    Out.Append('(');
                    Expr(c.Elem);
                    Out.Append(')');
                }
                else
                {
                    Expr(c.Elem);
                }

                break;
            case FuncTypeExpr f:
                Out.Append("func");
                Signature(f);
                break;
            case StructTypeExpr s:
                Out.Append("struct");
                StructFields(s.Fields);
                break;
            case InterfaceTypeExpr i:
                Out.Append("interface");
                InterfaceElems(i.Elems);
                break;
            default:
                throw new InvalidOperationException("ExprPrinter: unhandled node " + x.GetType().Name);
        }
    }

    void StructFields(List<Field> fields)
    {
        if (fields.Count == 0)
        {
            Out.Append("{}");
            return;
        }
        OpenFields(method: false);
        for (int i = 0; i < fields.Count; i++)
        {
            Field f = fields[i];
            if (i > 0)
                FieldBreak();
            if (f.Name != null)
            {
                Out.Append(f.Name.Name);
                while (i + 1 < fields.Count && fields[i + 1].Name is { } next && fields[i + 1].Type == f.Type)
                {
                    Out.Append(", ").Append(next.Name);
                    i++;
                }
                Out.Append(' ');
            }
            Expr(f.Type);
            if (f.Tag != null)
                Out.Append(' ').Append(f.Tag.Text);
        }
        CloseFields(method: false);
    }

    void InterfaceElems(List<Field> elems)
    {
        bool multiline = elems.Count > 1;
        if (multiline)
            OpenFields(method: true);
        else
            Out.Append('{');
        for (int i = 0; i < elems.Count; i++)
        {
            if (i > 0)
                FieldBreak();
            if (elems[i].Name is { } name && elems[i].Type is FuncTypeExpr signature)
            {
                Out.Append(name.Name);
                Signature(signature);
            }
            else
            {
                Expr(elems[i].Type);
            }
        }
        if (multiline)
            CloseFields(method: true);
        else
            Out.Append('}');
    }

    protected void Signature(FuncTypeExpr f)
    {
        Out.Append('(');
        Params(f.Params);
        Out.Append(')');
        if (f.Results.Count == 0)
            return;
        Out.Append(' ');
        if (f.Results.Count == 1 && f.Results[0].Name == null)
        {
            Expr(f.Results[0].Type);
            return;
        }
        Out.Append('(');
        Params(f.Results);
        Out.Append(')');
    }

    protected void Params(List<Field> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            Field f = list[i];
            if (i > 0)
                Out.Append(", ");
            if (f.Name != null)
            {
                Out.Append(f.Name.Name);
                if (i + 1 < list.Count && list[i + 1].Name != null && list[i + 1].Type == f.Type)
                    continue;
                Out.Append(' ');
            }
            Expr(f.Type);
        }
    }

    protected void SimpleStmt(Stmt s)
    {
        switch (s)
        {
            case EmptyStmt: break;
            case ExprStmt e: Expr(e.X); break;
            case SendStmt c:
                Expr(c.Chan);
                Out.Append(" <- ");
                Expr(c.Value);
                break;
            case IncDecStmt i:
                Expr(i.X);
                Out.Append(i.Op == Token.Add ? "++" : "--");
                break;
            case AssignStmt a:
                Exprs(a.Lhs);
                Out.Append(' ').Append(a.Define ? ":" : a.Op == Token.None ? "" : Tokens.Text(a.Op)).Append("= ");
                Exprs(a.Rhs);
                break;
            case RangeStmt r:
                if (r.Key != null)
                {
                    Expr(r.Key);
                    if (r.Value != null)
                    {
                        Out.Append(", ");
                        Expr(r.Value);
                    }
                    if (r.Extra != null)
                    {
                        Out.Append(", ");
                        Expr(r.Extra);
                    }
                    Out.Append(r.Define ? " := " : " = ");
                }
                Out.Append("range ");
                Expr(r.X);
                break;
            default:
                throw new InvalidOperationException("ExprPrinter: unhandled statement " + s.GetType().Name);
        }
    }
}

// A whole file as source text again: what the parser made of it, one statement a line, without comments.
//
// The text parses to the same tree. Two places need care, because the parser drops parentheses there: the operand of `&` when it is a
// composite literal in the header of a control statement, and a lone type parameter that would read as an array length.

using System;
using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Prints trees as source.</summary>
public sealed class Printer : ExprPrinter
{
    int _indent;
    bool _inHeader;

    public static string Text(FileNode file)
    {
        Printer p = new();
        p.Out.Append("package ").Append(file.PackageName.Name).Append('\n');
        for (int i = 0; i < file.Decls.Count;)
        {
            p.Out.Append('\n');
            i = p.DeclGroup(file.Decls, i);
            p.Out.Append('\n');
        }
        return p.Out.ToString();
    }

    public static string Text(Stmt s, int indent = 0)
    {
        Printer p = new() { _indent = indent };
        p.Statement(s);
        return p.Out.ToString();
    }

    void NewLine() => Out.Append('\n').Append('\t', _indent);

    protected override void Nested(Expr x)
    {
        bool outer = _inHeader;
        _inHeader = false;
        Expr(x);
        _inHeader = outer;
    }

    protected override void BeforeDots(Expr last)
    {
        if (last is BasicLit)
            Out.Append(' ');
    }

    protected override void UnaryOperand(Token op, Expr x)
    {
        bool paren = op == Token.And && _inHeader && x is CompositeLit;
        if (x is UnaryExpr u && u.Op == op)
            Out.Append(' '); // two of them would be one token
        if (paren)
            Out.Append('(');
        Expr(x);
        if (paren)
            Out.Append(')');
    }

    protected override void FuncBody(BlockStmt body)
    {
        bool outer = _inHeader;
        _inHeader = false;
        Block(body);
        _inHeader = outer;
    }

    protected override void Elements(CompositeLit lit)
    {
        bool outer = _inHeader;
        _inHeader = false;
        Out.Append('{');
        if (lit.KeyCount > 0 && lit.KeyCount == lit.Elems.Count)
        {
            _indent++;
            foreach (Expr e in lit.Elems)
            {
                NewLine();
                Expr(e);
                Out.Append(',');
            }
            _indent--;
            NewLine();
        }
        else
        {
            Exprs(lit.Elems);
        }

        Out.Append('}');
        _inHeader = outer;
    }

    protected override void OpenFields(bool method)
    {
        Out.Append(" {");
        _indent++;
        NewLine();
    }

    protected override void FieldBreak() => NewLine();

    protected override void CloseFields(bool method)
    {
        _indent--;
        NewLine();
        Out.Append('}');
    }

    // ---- declarations

    static object? GroupOf(Decl d) => d switch
    {
        ImportDecl i => i.Group,
        ConstDecl c => c.Group,
        VarDecl v => v.Group,
        TypeDecl t => t.Group,
        _ => null,
    };

    /// <summary>Prints the declaration at i, with all of its group, and returns the index after it.</summary>
    int DeclGroup(List<Decl> decls, int i)
    {
        string keyword = decls[i] switch { ImportDecl => "import ", ConstDecl => "const ", VarDecl => "var ", TypeDecl => "type ", _ => "" };
        Out.Append(keyword);
        object? group = GroupOf(decls[i]);
        if (group == null)
        {
            Spec(decls[i]);
            return i + 1;
        }
        Out.Append('(');
        _indent++;
        for (; i < decls.Count && GroupOf(decls[i]) == group; i++)
        {
            NewLine();
            Spec(decls[i]);
        }
        _indent--;
        NewLine();
        Out.Append(')');
        return i;
    }

    void Spec(Decl d)
    {
        switch (d)
        {
            case ImportDecl i:
                if (i.Name != null)
                    Out.Append(i.Name.Name).Append(' ');
                Out.Append(i.Path.Text);
                break;
            case ConstDecl c:
                Names(c.Names, c.Type, c.Values);
                break;
            case VarDecl v:
                Names(v.Names, v.Type, v.Values);
                break;
            case TypeDecl t:
                Out.Append(t.Name.Name);
                if (t.TypeParams.Count > 0)
                    TypeParams(t.TypeParams, isType: true);
                Out.Append(t.IsAlias ? " = " : " ");
                Expr(t.Type);
                break;
            case FuncDecl f:
                Function(f);
                break;
            case BadDecl:
                break;
            default:
                throw new InvalidOperationException("Printer: unhandled declaration " + d.GetType().Name);
        }
    }

    void Names(List<Ident> names, Expr? type, List<Expr> values)
    {
        for (int i = 0; i < names.Count; i++)
            Out.Append(i > 0 ? ", " : "").Append(names[i].Name);
        if (type != null)
        {
            Out.Append(' ');
            Expr(type);
        }
        if (values.Count > 0)
        {
            Out.Append(" = ");
            Exprs(values);
        }
    }

    void TypeParams(List<Field> list, bool isType)
    {
        Out.Append('[');
        Params(list);
        if (isType && list.Count == 1 && CombinesWithName(list[0].Type))
            Out.Append(',');
        Out.Append(']');
    }

    /// <summary>True if `name x` would read as a value expression.</summary>
    static bool CombinesWithName(Expr x) => x switch
    {
        StarExpr s => !Parser.IsTypeElem(s.X),
        BinaryExpr b => CombinesWithName(b.X) && !Parser.IsTypeElem(b.Y),
        ParenExpr p => !Parser.IsTypeElem(p.X),
        _ => false,
    };

    void Function(FuncDecl f)
    {
        Out.Append("func ");
        if (f.Recv != null)
        {
            Out.Append('(');
            Params([f.Recv]);
            Out.Append(") ");
        }
        Out.Append(f.Name.Name);
        if (f.TypeParams.Count > 0)
            TypeParams(f.TypeParams, isType: false);
        Signature(f.Type);
        if (f.Body == null)
            return;
        Out.Append(' ');
        Block(f.Body);
    }

    // ---- statements

    void Block(BlockStmt b)
    {
        Out.Append('{');
        if (b.List.Count > 0)
        {
            Body(b.List);
            NewLine();
        }
        Out.Append('}');
    }

    void Body(List<Stmt> list)
    {
        _indent++;
        foreach (Stmt s in list)
        {
            NewLine();
            Statement(s);
        }
        _indent--;
    }

    void Header(string keyword, Stmt? init, Expr? cond)
    {
        Out.Append(keyword).Append(' ');
        bool outer = _inHeader;
        _inHeader = true;
        if (init != null)
        {
            SimpleStmt(init);
            Out.Append("; ");
        }
        if (cond != null)
        {
            Expr(cond);
            Out.Append(' ');
        }
        _inHeader = outer;
    }

    void Statement(Stmt s)
    {
        switch (s)
        {
            case BadStmt: break;
            case EmptyStmt: Out.Append(';'); break;
            case BlockStmt b: Block(b); break;
            case DeclStmt d:
                for (int i = 0; i < d.Decls.Count;)
                    i = DeclGroup(d.Decls, i);
                break;
            case LabeledStmt l:
                Out.Append(l.Label.Name).Append(':');
                NewLine();
                Statement(l.Stmt);
                break;
            case BranchStmt b:
                Out.Append(Tokens.Text(b.Tok));
                if (b.Label != null)
                    Out.Append(' ').Append(b.Label.Name);
                break;
            case GoStmt g:
                Out.Append("go ");
                Expr(g.Call);
                break;
            case DeferStmt d:
                Out.Append("defer ");
                Expr(d.Call);
                break;
            case ReturnStmt r:
                Out.Append("return");
                if (r.Results.Count > 0)
                {
                    Out.Append(' ');
                    Exprs(r.Results);
                }
                break;
            case IfStmt i: If(i); break;
            case ForStmt f: For(f); break;
            case RangeStmt r:
                Out.Append("for ");
                bool outer = _inHeader;
                _inHeader = true;
                SimpleStmt(r);
                _inHeader = outer;
                Out.Append(' ');
                Block(r.Body);
                break;
            case SwitchStmt sw:
                Header("switch", sw.Init, sw.Tag);
                Cases(sw.Cases);
                break;
            case TypeSwitchStmt ts:
                Header("switch", ts.Init, new TypeAssertExpr { X = ts.X, GuardName = ts.Name });
                Cases(ts.Cases);
                break;
            case SelectStmt sel:
                Out.Append("select {");
                foreach (CommClause c in sel.Cases)
                {
                    NewLine();
                    if (c.Comm != null)
                    {
                        Out.Append("case ");
                        SimpleStmt(c.Comm);
                    }
                    else
                    {
                        Out.Append("default");
                    }

                    Out.Append(':');
                    Body(c.Body);
                }
                NewLine();
                Out.Append('}');
                break;
            default:
                SimpleStmt(s);
                break;
        }
    }

    void If(IfStmt s)
    {
        while (true)
        {
            Header("if", s.Init, s.Cond);
            Block(s.Then);
            if (s.Else == null)
                return;
            Out.Append(" else ");
            if (s.Else is IfStmt next)
            {
                s = next;
                continue;
            }
            Statement(s.Else);
            return;
        }
    }

    void For(ForStmt f)
    {
        Out.Append("for ");
        bool outer = _inHeader;
        _inHeader = true;
        if (f.Init == null && f.Post == null)
        {
            if (f.Cond != null)
            {
                Expr(f.Cond);
                Out.Append(' ');
            }
        }
        else
        {
            if (f.Init != null)
                SimpleStmt(f.Init);
            Out.Append("; ");
            if (f.Cond != null)
                Expr(f.Cond);
            Out.Append("; ");
            if (f.Post != null)
            {
                SimpleStmt(f.Post);
                Out.Append(' ');
            }
        }
        _inHeader = outer;
        Block(f.Body);
    }

    void Cases(List<CaseClause> cases)
    {
        Out.Append('{');
        foreach (CaseClause c in cases)
        {
            NewLine();
            if (c.Exprs != null)
            {
                Out.Append("case ");
                Exprs(c.Exprs);
            }
            else
            {
                Out.Append("default");
            }

            Out.Append(':');
            Body(c.Body);
        }
        NewLine();
        Out.Append('}');
    }
}

// Trees as text, for people: Go-like, fully parenthesised, conversions and implicit operations visible. `-d=ir` prints it.

using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public static class Printer
{
    public static string Print(Function f)
    {
        var p = new Writer();
        p.Function(f);
        return p.ToString();
    }

    public static string Print(ExprNode e) => new Writer().Expr(e);

    public static string Print(StmtNode s)
    {
        var p = new Writer();
        p.Stmt(s);
        return p.ToString();
    }

    sealed class Writer
    {
        readonly StringBuilder _sb = new();
        int _indent;

        public override string ToString() => _sb.ToString();

        void Line(string s) => _sb.Append(' ', _indent * 4).Append(s).Append('\n');

        public void Function(Function f)
        {
            var head = new StringBuilder("func ").Append(f.LinkName).Append('(');
            for (int i = 0; i < f.Params.Count; i++)
                head.Append(i > 0 ? ", " : "").Append(f.Params[i].Name).Append(' ').Append(f.Params[i].Type);
            head.Append(')');
            foreach (var r in f.Results)
                head.Append(' ').Append(r.Name).Append(' ').Append(r.Type);
            if (f.LinknameRemote != null)
                head.Append(" linkname ").Append(f.LinknameRemote);
            if (f.Pragma != Pragma.None)
                head.Append(" // ").Append(f.Pragma);
            if (f.Body == null)
            {
                Line(head.Append(" // no body").ToString());
                return;
            }
            Line(head.Append(" {").ToString());
            _indent++;
            if (f.ClosureVars.Count > 0)
                Line("captures " + string.Join(", ", f.ClosureVars.ConvertAll(v => (v.ByValue ? "" : "&") + v.Name + " " + v.Type)));
            Block(f.Body);
            _indent--;
            Line("}");
        }

        void Block(List<StmtNode> list)
        {
            foreach (var s in list)
                Stmt(s);
        }

        void Body(string head, List<StmtNode> list, string tail = "}")
        {
            Line(head + " {");
            _indent++;
            Block(list);
            _indent--;
            Line(tail);
        }

        public void Stmt(StmtNode s)
        {
            if (s.Init != null)
            {
                foreach (var i in s.Init)
                    Stmt(i);
            }
            switch (s)
            {
                case DeclNode d: Line($"var {d.Local.Name} {d.Local.Type}"); break;
                case AssignNode a: Line($"{Target(a.X)} {(a.Define ? ":=" : "=")} {Expr(a.Y)}"); break;
                case Assign2Node a: Line($"{Targets(a.X)} {(a.Define ? ":=" : "=")} {List(a.Y)}"); break;
                case AssignCallNode a: Line($"{Targets(a.X)} {(a.Define ? ":=" : "=")} {Expr(a.Call)}"); break;
                case AssignOkNode a: Line($"{Target(a.X)}, {Target(a.Ok)} {(a.Define ? ":=" : "=")} {Expr(a.Y)}"); break;
                case AssignOpNode a: Line($"{Expr(a.X)} {Tokens.Text(a.Op)}= {Expr(a.Y)}"); break;
                case ExprStmtNode e: Line(Expr(e.X)); break;
                case SendNode c: Line($"{Expr(c.Chan)} <- {Expr(c.Value)}"); break;
                case GoNode g: Line("go " + Expr(g.Call)); break;
                case DeferNode d: Line("defer " + Expr(d.Call) + (d.InLoop ? " // in loop" : "") + (d.At != null ? " at " + Expr(d.At) : "")); break;
                case ReturnNode r: Line(("return " + List(r.Values)).TrimEnd()); break;
                case IfNode i:
                    Body("if " + Expr(i.Cond), i.Then, i.Else.Count > 0 ? "} else {" : "}");
                    if (i.Else.Count > 0)
                    {
                        _indent++;
                        Block(i.Else);
                        _indent--;
                        Line("}");
                    }
                    break;
                case ForNode f:
                    Line($"for {Opt(f.Cond)} {{{(f.PerIteration.Count > 0 ? " // per iteration: " + string.Join(", ", f.PerIteration) : "")}");
                    _indent++;
                    Block(f.Body);
                    _indent--;
                    if (f.Post.Count > 0)
                    {
                        Line("} post {");
                        _indent++;
                        Block(f.Post);
                        _indent--;
                    }
                    Line("}");
                    break;
                case RangeNode r: Body($"for {Target(r.Key)}, {Target(r.Value)} {(r.Define ? ":=" : "=")} range {Expr(r.X)}", r.Body); break;
                case SwitchNode sw:
                    Line($"switch {Opt(sw.Tag)} {{");
                    foreach (var c in sw.Cases)
                        Body(c.IsDefault ? "default:" : "case " + List(c.Exprs), c.Body, c.Fallthrough ? "} fallthrough" : "}");
                    Line("}");
                    break;
                case TypeSwitchNode ts:
                    Line($"switch type {Expr(ts.X)} {{");
                    foreach (var c in ts.Cases)
                        Body((c.IsDefault ? "default" : "case " + string.Join(", ", c.Types.ConvertAll(t => t?.ToString() ?? "nil"))) + (c.Var != null ? $" {c.Var.Name} {c.Var.Type}" : ""), c.Body);
                    Line("}");
                    break;
                case SelectNode sel:
                    Line("select {");
                    foreach (var c in sel.Cases)
                    {
                        Line(c.Comm == null ? "default:" : "case:");
                        _indent++;
                        if (c.Comm != null)
                            Stmt(c.Comm);
                        Body("do", c.Body);
                        _indent--;
                    }
                    Line("}");
                    break;
                case BlockNode b: Body("", b.List); break;
                case LabelNode l: Line(l.Label + ":"); break;
                case GotoNode g: Line("goto " + g.Label); break;
                case BranchNode b: Line(((b.IsContinue ? "continue " : "break ") + b.Label).TrimEnd()); break;
                case CheckNilNode c: Line($"checknil({Expr(c.X)})"); break;
                case InlineMarkNode m: Line("// inlined " + m.Callee.LinkName); break;
                default: Line(s.GetType().Name); break;
            }
        }

        string Target(ExprNode? e) => e == null ? "_" : Expr(e);
        string Targets(List<ExprNode?> list) => string.Join(", ", list.ConvertAll(Target));
        string Opt(ExprNode? e) => e == null ? "" : Expr(e);
        string List(List<ExprNode> list) => string.Join(", ", list.ConvertAll(Expr));

        public string Expr(ExprNode e)
        {
            string text = Core(e);
            if (e.Init is not { Count: > 0 })
                return text;
            var inner = new Writer();
            foreach (var s in e.Init)
                inner.Stmt(s);
            return $"({inner.ToString().Trim().Replace("\n", "; ", System.StringComparison.Ordinal)}; {text})";
        }

        string Core(ExprNode e)
        {
            switch (e)
            {
                case ConstNode c: return Const(c);
                case NilNode: return "nil";
                case ZeroNode z: return $"zero({z.Type})";
                case LocalNode l: return l.Local.Class == LocalClass.Captured ? "^" + l.Local.Name : l.Local.Name;
                case GlobalNode g: return g.Global.LinkName;
                case FuncNode f: return f.Func.LinkName;
                case AddrNode a: return "&" + Expr(a.X);
                case DerefNode d: return "(*" + Expr(d.X) + ")";
                case FieldNode f: return Expr(f.X) + (f.ThroughPtr ? "->" : ".") + f.FieldVar.Name;
                case IndexNode i: return $"{Expr(i.X)}[{Expr(i.Index)}]";
                case MapIndexNode m: return $"{Expr(m.Map)}[{Expr(m.Key)}]";
                case SliceNode s: return $"{Expr(s.X)}[{Opt(s.Lo)}:{Opt(s.Hi)}{(s.Max != null ? ":" + Expr(s.Max) : "")}]";
                case TypeAssertNode t: return $"{Expr(t.X)}.({t.Type})";
                case UnaryNode u: return $"({Tokens.Text(u.Op)}{Expr(u.X)})";
                case BinaryNode b: return $"({Expr(b.X)} {Tokens.Text(b.Op)} {Expr(b.Y)})";
                case CompareNode c: return $"({Expr(c.X)} {Tokens.Text(c.Op)} {Expr(c.Y)})";
                case LogicalNode l: return $"({Expr(l.X)} {(l.IsAnd ? "&&" : "||")} {Expr(l.Y)})";
                case AddStringNode s: return "(" + string.Join(" + ", s.List.ConvertAll(Expr)) + ")";
                case ConvNode c: return $"{c.Type}<{c.Kind}>({Expr(c.X)})";
                case RecvNode r: return "<-" + Expr(r.Chan);
                case NewNode n: return $"new({n.Type})";
                case MakeSliceNode m: return $"make({m.Type}, {Expr(m.Len)}{(m.Cap != null ? ", " + Expr(m.Cap) : "")})";
                case MakeMapNode m: return $"make({m.Type}{(m.Hint != null ? ", " + Expr(m.Hint) : "")})";
                case MakeChanNode m: return $"make({m.Type}{(m.Size != null ? ", " + Expr(m.Size) : "")})";
                case CompositeNode c: return $"{c.Type}{(c.Image != null ? "=" + c.Image.LinkName : "")}{{{string.Join(", ", c.Elems.ConvertAll(x => $"{x.Index}: {Expr(x.Value)}"))}}}";
                case MapLitNode m: return $"{m.Type}{{{string.Join(", ", m.Entries.ConvertAll(x => $"{Expr(x.Key)}: {Expr(x.Value)}"))}}}";
                case ClosureNode c: return "closure(" + c.Func.LinkName + ")";
                case MethodValueNode m: return $"{Expr(m.X)}.{m.Obj.Name}<{m.Wrapper.LinkName}>";
                case CallNode c: return c.Iface != null ? $"{Expr(c.Iface)}.{c.Method!.Name}({List(c.Args)})" : $"{Expr(c.Fun!)}({List(c.Args)})";
                case BuiltinNode b: return $"{b.Op}({List(b.Args)}{(b.HasDots ? "..." : "")})";
                case InlinedCallNode i:
                    {
                        var inner = new Writer();
                        inner.Block(i.Body);
                        return $"inlined {i.Callee.LinkName} {{ {inner.ToString().Trim().Replace("\n", "; ", System.StringComparison.Ordinal)} }} => {string.Join(", ", i.Results)}";
                    }
                default: return e.GetType().Name;
            }
        }

        static string Const(ConstNode c)
        {
            if (c.Value is StringConstant s)
                return "\"" + Encoding.Latin1.GetString(s.Value).Replace("\n", "\\n", System.StringComparison.Ordinal) + "\"";
            string text = ConstantOps.String(c.Value);
            return c.Type is BasicType { Kind: BasicKind.Int or BasicKind.Bool } ? text : $"{c.Type}:{text}";
        }
    }
}

// Trees as gc's messages print them: Go-like, short, implicit operations left out. -m shows these texts for allocation sites, -m=2 also for
// statements. (Printer.cs prints the same trees in full, for people who debug passes.)
//
// Precedences are gc's. A node that has none there counts as 0 and is put in parentheses wherever it is an operand.

using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public sealed class NodeText(Package local)
{
    const int Postfix = 8, Prefix = 7;

    readonly StringBuilder _b = new();

    public string Of(ExprNode n)
    {
        int start = _b.Length;
        Expr(n, 0);
        string s = _b.ToString(start, _b.Length - start);
        _b.Length = start;
        return s;
    }

    public string Of(StmtNode s)
    {
        int start = _b.Length;
        Stmt(s);
        string text = _b.ToString(start, _b.Length - start);
        _b.Length = start;
        return text;
    }

    public string Of(CaseNode c)
    {
        int start = _b.Length;
        if (c.IsDefault)
        {
            Put("default");
        }
        else
        {
            Put("case ").Put(string.Join(", ", c.Types.ConvertAll(t => t == null ? "nil" : Of(t))));
            List(c.Exprs);
        }
        Put(": ");
        Stmts(c.Body);
        string text = _b.ToString(start, _b.Length - start);
        _b.Length = start;
        return text;
    }

    public string Of(GoType t) => GcTypeText.Write(t, local);

    public string Of(Local l)
    {
        var home = l.HomePkg ?? l.Owner.Pkg;
        return l.IsTemp || ReferenceEquals(home, local) || l.Name.StartsWith('~') && l.Class == LocalClass.Auto ? l.Name : home.Name + "." + l.Name;
    }

    /// <summary>A function as a symbol: qualified when it belongs to another package.</summary>
    public string Symbol(Function f) => ReferenceEquals(f.Pkg, local) ? Name(f) : f.Pkg.Name + "." + Name(f);

    /// <summary>Without package.</summary>
    public static string Name(Function f) => f.MessageName ?? (f.ShortName != "" ? f.ShortName : f.LinkName);

    string TypeText(ExprNode n) => Of(n.ShapeType ?? n.Type);

    NodeText Put(string s)
    {
        _b.Append(s);
        return this;
    }

    static bool IsSkipped(ExprNode n, out ExprNode inner)
    {
        switch (n)
        {
            case AddrNode { Implicit: true, IsPtrLit: false } a:
                inner = a.X;
                return true;
            case DerefNode { Implicit: true } d:
                inner = d.X;
                return true;
            case ConvNode { Implicit: true, Kind: ConvKind.Nop or ConvKind.Numeric or ConvKind.ToInterface or ConvKind.PointerToUintptr or ConvKind.UintptrToPointer or ConvKind.UnsafePointer } c:
                inner = c.X;
                return true;
            default:
                inner = n;
                return false;
        }
    }

    static int Precedence(ExprNode n) => n switch
    {
        BuiltinNode { Op: BuiltinOp.Recover or BuiltinOp.Complex or BuiltinOp.Real or BuiltinOp.Imag or BuiltinOp.GetClosurePtr } => 0,
        InlinedCallNode or ClosureNode or AddStringNode or AddrNode { IsPtrLit: true } => 0,
        UnaryNode or AddrNode or DerefNode or RecvNode => Prefix,
        BinaryNode b => b.Op switch
        {
            Token.Add or Token.Sub or Token.Or or Token.Xor => 5,
            _ => 6,
        },
        CompareNode => 4,
        LogicalNode l => l.IsAnd ? 2 : 1,
        _ => Postfix,
    };

    void Expr(ExprNode n, int outer)
    {
        while (IsSkipped(n, out var inner))
            n = inner;
        int prec = Precedence(n);
        if (outer > prec)
        {
            _b.Append('(');
            Expr(n, 0);
            _b.Append(')');
            return;
        }
        switch (n)
        {
            case ConstNode c:
                Constant(c);
                break;
            case NilNode:
                Put("nil");
                break;
            case ZeroNode:
                Put("<nil>");
                break;
            case LocalNode l:
                Put(Of(l.Local));
                break;
            case GlobalNode g:
                Global(g.Global);
                break;
            case FuncNode f:
                Func(f.Func);
                break;
            case ClosureNode:
                Put("func literal");
                break;
            case AddrNode { IsPtrLit: true } a:
                Put("&");
                Expr(a.X, 0);
                break;
            case AddrNode a:
                Put(a.X is AddrNode { IsPtrLit: false } ? "& " : "&");
                Expr(a.X, prec + 1);
                break;
            case DerefNode d:
                Put("*");
                Expr(d.X, prec + 1);
                break;
            case UnaryNode u:
                Put(Op(u.Op));
                if (u.X is UnaryNode inner && inner.Op == u.Op)
                    Put(" ");
                Expr(u.X, prec + 1);
                break;
            case RecvNode r:
                Put(r.Chan is RecvNode ? "<- " : "<-");
                Expr(r.Chan, prec + 1);
                break;
            case CompositeNode { Implicit: true }:
                Put("... argument");
                break;
            case CompositeNode c:
                Put(TypeText(n)).Put(c.Elems.Count > 0 ? "{...}" : "{}");
                break;
            case MapLitNode m:
                Put(TypeText(n)).Put(m.Entries.Count > 0 ? "{...}" : "{}");
                break;
            case FieldNode f:
                Expr(f.X, prec);
                Put(".").Put(f.FieldVar.Name);
                break;
            case MethodValueNode m:
                Expr(m.X, prec);
                Put(".").Put(m.Obj.Name);
                break;
            case TypeAssertNode { ShapeType: not null }:
                Put("<node DYNAMICDOTTYPE>");
                break;
            case TypeAssertNode t:
                Expr(t.X, prec);
                Put(".(").Put(TypeText(n)).Put(")");
                break;
            case IndexNode i:
                Expr(i.X, prec);
                Put("[");
                Expr(i.Index, 0);
                Put("]");
                break;
            case MapIndexNode m:
                Expr(m.Map, prec);
                Put("[");
                Expr(m.Key, 0);
                Put("]");
                break;
            case SliceNode s:
                Expr(s.X, prec);
                Put("[");
                Opt(s.Lo);
                Put(":");
                Opt(s.Hi);
                if (s.Full || s.Max != null)
                {
                    Put(":");
                    Opt(s.Max);
                }
                Put("]");
                break;
            case ConvNode c:
                bool named = c.Type is BasicType or NamedType || ReferenceEquals(c.Type, Universe.EmptyInterface);
                Put(named ? "" : "(").Put(TypeText(n)).Put(named ? "(" : ")(");
                Expr(c.X, 0);
                Put(")");
                break;
            case NewNode:
                Put("new(").Put(n.ShapeType != null ? "<node DYNAMICTYPE>" : Of(((PointerType)n.Type.Underlying).Elem)).Put(")");
                break;
            case MakeSliceNode m:
                Put("make(").Put(TypeText(n)).Put(", ");
                Expr(m.Len, 0);
                if (m.Cap != null)
                {
                    Put(", ");
                    Expr(m.Cap, 0);
                }
                Put(")");
                break;
            case MakeMapNode m:
                Make(n, m.Hint);
                break;
            case MakeChanNode m:
                Make(n, m.Size);
                break;
            case CallNode c:
                Call(c, prec);
                break;
            case BuiltinNode b:
                Put(BuiltinName(b.Op)).Put("(");
                List(b.Args);
                Put(b.HasDots ? "...)" : ")");
                break;
            case BinaryNode b:
                Binary(b.X, Op(b.Op), b.Y, prec);
                break;
            case CompareNode c:
                Binary(c.X, Op(c.Op), c.Y, prec);
                break;
            case LogicalNode l:
                Binary(l.X, l.IsAnd ? "&&" : "||", l.Y, prec);
                break;
            case AddStringNode a:
                for (int i = 0; i < a.List.Count; i++)
                {
                    if (i > 0)
                        Put(" + ");
                    Expr(a.List[i], prec);
                }
                break;
            case InlinedCallNode c:
                if (c.Results.Count == 1)
                    Put(Of(c.Results[0]));
                else
                    Put("(.[").Put(string.Join(" ", c.Results.ConvertAll(Of))).Put("])");
                break;
            default:
                Put("<node " + n.GetType().Name + ">");
                break;
        }
    }

    void Binary(ExprNode x, string op, ExprNode y, int prec)
    {
        Expr(x, prec);
        Put(" ").Put(op).Put(" ");
        Expr(y, prec + 1);
    }

    void Opt(ExprNode? n)
    {
        if (n != null)
            Expr(n, 0);
    }

    void List(List<ExprNode> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
                Put(", ");
            Expr(list[i], 0);
        }
    }

    void Targets(List<ExprNode?> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
                Put(", ");
            Target(list[i]);
        }
    }

    void Target(ExprNode? n)
    {
        if (n == null)
            Put("_");
        else
            Expr(n, 0);
    }

    void Make(ExprNode n, ExprNode? size)
    {
        Put("make(").Put(TypeText(n));
        if (size != null)
        {
            Put(", ");
            Expr(size, 0);
        }
        Put(")");
    }

    void Call(CallNode c, int prec)
    {
        if (c.Iface != null)
        {
            Expr(c.Iface, prec);
            Put(".").Put(c.Method!.Name);
        }
        else
        {
            Expr(c.Fun!, prec);
        }
        Put("(");
        List(c.Args);
        Put(c.HasDots ? "...)" : ")");
    }

    void Global(Global g)
    {
        if (g.Obj is { } v)
            Put(v.Pkg == null || ReferenceEquals(v.Pkg, local) ? v.Name : v.Pkg.Name + "." + v.Name);
        else
            Put(g.LinkName);
    }

    void Func(Function f)
    {
        if (f.Obj?.Sig.Recv == null || f.Params.Count == 0)
        {
            Put(Symbol(f));
            return;
        }
        var recv = f.Params[0].Type;
        bool ptr = recv is PointerType;
        Put(ptr ? "(" : "").Put(Of(recv)).Put(ptr ? ")." : ".").Put(f.Obj.Name);
    }

    void Constant(ConstNode c)
    {
        if (ReferenceEquals(c.Type, Universe.Rune) && c.Value is IntConstant r && r.Value >= 0 && r.Value <= 0x10FFFF)
        {
            Put(QuoteRune((int)r.Value));
            return;
        }
        string text = ConstantOps.String(c.Value);
        bool plain = c.Type is BasicType t && (t.Kind, c.Value) is (BasicKind.Bool, BoolConstant) or (BasicKind.String, StringConstant) or (BasicKind.Int, IntConstant)
            or (BasicKind.Float64, FloatConstant) or (BasicKind.Complex128, ComplexConstant);
        if (plain)
            Put(text);
        else
            Put(TypeText(c)).Put("(").Put(text).Put(")");
    }

    static string QuoteRune(int r)
    {
        if (r == '\'')
            return "'\\''";
        if (r == '"')
            return "'\"'";
        if (!Rune.IsValid(r))
            r = 0xFFFD;
        string q = ConstantOps.Quote(Encoding.UTF8.GetBytes(char.ConvertFromUtf32(r)));
        return "'" + q[1..^1] + "'";
    }

    static string BuiltinName(BuiltinOp op) => op switch
    {
        BuiltinOp.UnsafeAdd => "unsafe.Add",
        BuiltinOp.UnsafeSlice => "unsafe.Slice",
        BuiltinOp.UnsafeSliceData => "unsafe.SliceData",
        BuiltinOp.UnsafeString => "unsafe.String",
        BuiltinOp.UnsafeStringData => "unsafe.StringData",
        _ => op.ToString().ToLowerInvariant(),
    };

    /// <summary>The complement is a tilde inside the compiler.</summary>
    static string Op(Token t) => t == Token.Tilde ? "^" : Tokens.Text(t);

    // ---- statements

    void Stmts(List<StmtNode> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
                Put("; ");
            Stmt(list[i]);
        }
    }

    void Stmt(StmtNode s)
    {
        switch (s)
        {
            case DeclNode d:
                Put("var ").Put(Of(d.Local)).Put(" ").Put(Of(d.Local.Type));
                break;
            case AssignNode a:
                Target(a.X);
                Put(a.Define ? " := " : " = ");
                Expr(a.Y, 0);
                break;
            case Assign2Node a:
                Targets(a.X);
                Put(a.Define ? " := " : " = ");
                List(a.Y);
                break;
            case AssignCallNode a:
                Targets(a.X);
                Put(a.Define ? " := " : " = ");
                Expr(a.Call, 0);
                break;
            case AssignOkNode a:
                Targets([a.X, a.Ok]);
                Put(a.Define ? " := " : " = ");
                Expr(a.Y, 0);
                break;
            case AssignOpNode a:
                Expr(a.X, 0);
                if (a.IncDec)
                {
                    Put(a.Op == Token.Add ? "++" : "--");
                    break;
                }
                Put(" ").Put(Op(a.Op)).Put("= ");
                Expr(a.Y, 0);
                break;
            case ExprStmtNode e:
                Expr(e.X, 0);
                break;
            case SendNode c:
                Expr(c.Chan, 3);
                Put(" <- ");
                Expr(c.Value, 4);
                break;
            case GoNode g:
                Put("go ");
                Expr(g.Call, 0);
                break;
            case DeferNode d:
                Put("defer ");
                Expr(d.Call, 0);
                break;
            case ReturnNode r:
                Put("return ");
                List(r.Values);
                break;
            case IfNode i:
                Put("if ");
                Expr(i.Cond, 0);
                Put(" { ");
                Stmts(i.Then);
                Put(" }");
                if (i.Else.Count > 0)
                {
                    Put(" else { ");
                    Stmts(i.Else);
                    Put(" }");
                }
                break;
            case ForNode or RangeNode:
                Put("for loop");
                break;
            case SwitchNode or TypeSwitchNode:
                Put("switch statement");
                break;
            case SelectNode:
                Put("select statement");
                break;
            case BlockNode b:
                Stmts(b.List);
                break;
            case LabelNode l:
                Put(l.Label).Put(": ");
                break;
            case GotoNode g:
                Put("goto ").Put(g.Label);
                break;
            case BranchNode b:
                Put(b.IsContinue ? "continue" : "break").Put(b.Label == null ? "" : " " + b.Label);
                break;
            case CheckNilNode c:
                Put("<node CHECKNIL>");
                break;
            case InlineMarkNode:
                Put("inlmark");
                break;
            default:
                Put("<node " + s.GetType().Name + ">");
                break;
        }
    }
}

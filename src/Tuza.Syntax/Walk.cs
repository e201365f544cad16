// The children of a node, in the order of the text.

using System;
using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Generic traversal.</summary>
public static class Walk
{
    /// <summary>Calls visit for each direct child. A type shared by the fields `a, b T` is seen below each of them.</summary>
    public static void Children(Node node, Action<Node> visit)
    {
        switch (node)
        {
            case BadExpr or Ident or BasicLit or BadStmt or EmptyStmt or BadDecl: break;
            case CompositeLit c: One(c.Type); All(c.Elems); break;
            case KeyValueExpr kv: One(kv.Key); One(kv.Value); break;
            case FuncLit f: One(f.Type); One(f.Body); break;
            case ParenExpr p: One(p.X); break;
            case SelectorExpr s: One(s.X); One(s.Sel); break;
            case IndexExpr i: One(i.X); All(i.Indices); break;
            case SliceExpr s: One(s.X); One(s.Lo); One(s.Hi); One(s.Max); break;
            case TypeAssertExpr a: One(a.GuardName); One(a.X); One(a.Type); break;
            case CallExpr c: One(c.Fun); All(c.Args); break;
            case StarExpr s: One(s.X); break;
            case UnaryExpr u: One(u.X); break;
            case BinaryExpr b: One(b.X); One(b.Y); break;
            case ArrayTypeExpr a: One(a.Len); One(a.Elem); break;
            case SliceTypeExpr s: One(s.Elem); break;
            case EllipsisExpr e: One(e.Elem); break;
            case MapTypeExpr m: One(m.Key); One(m.Value); break;
            case ChanTypeExpr c: One(c.Elem); break;
            case StructTypeExpr s: All(s.Fields); break;
            case InterfaceTypeExpr i: All(i.Elems); break;
            case FuncTypeExpr f: All(f.Params); All(f.Results); break;
            case Field f: One(f.Name); One(f.Type); One(f.Tag); break;
            case BlockStmt b: All(b.List); break;
            case ExprStmt e: One(e.X); break;
            case SendStmt s: One(s.Chan); One(s.Value); break;
            case AssignStmt a: All(a.Lhs); All(a.Rhs); break;
            case IncDecStmt i: One(i.X); break;
            case LabeledStmt l: One(l.Label); One(l.Stmt); break;
            case BranchStmt b: One(b.Label); break;
            case GoStmt g: One(g.Call); break;
            case DeferStmt d: One(d.Call); break;
            case ReturnStmt r: All(r.Results); break;
            case IfStmt i: One(i.Init); One(i.Cond); One(i.Then); One(i.Else); break;
            case ForStmt f: One(f.Init); One(f.Cond); One(f.Post); One(f.Body); break;
            case RangeStmt r: One(r.Key); One(r.Value); One(r.Extra); One(r.X); One(r.Body); break;
            case SwitchStmt s: One(s.Init); One(s.Tag); All(s.Cases); break;
            case TypeSwitchStmt s: One(s.Init); One(s.Name); One(s.X); All(s.Cases); break;
            case CaseClause c: All(c.Exprs); All(c.Body); break;
            case SelectStmt s: All(s.Cases); break;
            case CommClause c: One(c.Comm); All(c.Body); break;
            case DeclStmt d: All(d.Decls); break;
            case ImportDecl i: One(i.Name); One(i.Path); break;
            case ConstDecl c: All(c.Names); One(c.Type); All(c.Values); break;
            case VarDecl v: All(v.Names); One(v.Type); All(v.Values); break;
            case TypeDecl t: One(t.Name); All(t.TypeParams); One(t.Type); break;
            case FuncDecl f: One(f.Recv); One(f.Name); All(f.TypeParams); One(f.Type); One(f.Body); break;
            case FileNode f: One(f.PackageName); All(f.Decls); break;
            default: throw new InvalidOperationException("Walk.Children: unhandled node " + node.GetType().Name);
        }

        void One(Node? n)
        {
            if (n != null)
                visit(n);
        }

        void All<T>(List<T>? list) where T : Node
        {
            if (list == null)
                return;
            foreach (T n in list)
                visit(n);
        }

    }

    /// <summary>Visits node and everything below it, parents first; visit returns false to leave out what is below.</summary>
    public static void Tree(Node node, Func<Node, bool> visit)
    {
        if (visit(node))
            Children(node, child => Tree(child, visit));
    }
}

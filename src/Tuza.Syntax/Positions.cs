// Where nodes begin and end in the text, and what a position prints as under `//line` directives.
//
// Start is exact for expressions. End is approximate, as in gc: for blocks and literals the place of the closing brace, for names and
// literals just behind them, for calls the end of the last argument; good enough for the extent of a scope.

using System.Collections.Generic;
using System.Text;

namespace Tuza.Syntax;

/// <summary>Extents of nodes, and printable positions.</summary>
public static class Positions
{
    /// <summary>The leftmost place of a node.</summary>
    public static Pos Start(Node n)
    {
        while (true)
        {
            switch (n)
            {
                case FileNode f: return Pos.Make(f.Source.Id, 1, 1);
                case CompositeLit { Type: { } type }: n = type; break;
                case KeyValueExpr kv: n = kv.Key; break;
                case SelectorExpr s: n = s.X; break;
                case IndexExpr i: n = i.X; break;
                case TypeAssertExpr { GuardName: { } name }: n = name; break;
                case TypeAssertExpr a: n = a.X; break;
                case BinaryExpr b: n = b.X; break;
                case CallExpr c: n = c.Fun; break;
                case SendStmt s: n = s.Chan; break;
                case AssignStmt a: n = a.Lhs[0]; break;
                case IncDecStmt i: n = i.X; break;
                default: return n.Pos;
            }
        }
    }

    /// <summary>The approximate end of a node.</summary>
    public static Pos End(Node n)
    {
        while (true)
        {
            Node? next = null;
            switch (n)
            {
                case FileNode f: return f.EndPos;
                case Ident i: return Behind(i.Pos, Encoding.UTF8.GetByteCount(i.Name));
                case BasicLit l: return Behind(l.Pos, Encoding.UTF8.GetByteCount(l.Text));
                case CompositeLit c: return c.Rbrace;
                case KeyValueExpr kv: next = kv.Value; break;
                case FuncLit f: next = f.Body; break;
                case ParenExpr p: next = p.X; break;
                case SelectorExpr s: next = s.Sel; break;
                case IndexExpr i: next = i.Indices[^1]; break;
                case SliceExpr s: next = s.X; break;
                case TypeAssertExpr a: next = a.Type ?? a.X; break;
                case StarExpr s: next = s.X; break;
                case UnaryExpr u: next = u.X; break;
                case BinaryExpr b: next = b.Y; break;
                case CallExpr c: next = Last(c.Args) ?? c.Fun; break;
                case ArrayTypeExpr a: next = a.Elem; break;
                case SliceTypeExpr s: next = s.Elem; break;
                case EllipsisExpr e: next = e.Elem; break;
                case MapTypeExpr m: next = m.Value; break;
                case ChanTypeExpr c: next = c.Elem; break;
                case StructTypeExpr s: next = Last(s.Fields); break;
                case InterfaceTypeExpr i: next = Last(i.Elems); break;
                case FuncTypeExpr f: next = Last(f.Results) ?? Last(f.Params); break;
                case Field f: next = f.Type ?? (Node?)f.Name; break;
                case BlockStmt b: return b.Rbrace;
                case SwitchStmt s: return s.Rbrace;
                case TypeSwitchStmt s: return s.Rbrace;
                case SelectStmt s: return s.Rbrace;
                case ExprStmt e: next = e.X; break;
                case SendStmt s: next = s.Value; break;
                case AssignStmt a: next = Last(a.Rhs); break;
                case IncDecStmt i: return Behind(End(i.X), 2);
                case LabeledStmt l: next = l.Stmt; break;
                case BranchStmt b: next = b.Label; break;
                case GoStmt g: next = g.Call; break;
                case DeferStmt d: next = d.Call; break;
                case ReturnStmt r: next = Last(r.Results); break;
                case IfStmt i: next = i.Else ?? i.Then; break;
                case ForStmt f: next = f.Body; break;
                case RangeStmt r: next = r.Body; break;
                case CaseClause c:
                    if (c.Body.Count == 0)
                        return c.Colon;
                    next = c.Body[^1];
                    break;
                case CommClause c:
                    if (c.Body.Count == 0)
                        return c.Colon;
                    next = c.Body[^1];
                    break;
                case DeclStmt d: next = Last(d.Decls); break;
                case ImportDecl i: next = i.Path; break;
                case ConstDecl c: next = Last(c.Values) ?? c.Type ?? Last(c.Names); break;
                case VarDecl v: next = Last(v.Values) ?? v.Type ?? Last(v.Names); break;
                case TypeDecl t: next = t.Type; break;
                case FuncDecl f: next = f.Body ?? (Node)f.Type; break;
            }
            if (next == null)
                return n.Pos;
            n = next;
        }
    }

    static Node? Last<T>(List<T> list) where T : Node => list.Count > 0 ? list[^1] : null;

    static Pos Behind(Pos pos, int columns) => Pos.Make(pos.FileId, pos.Line, pos.Column + columns);

    /// <summary>What a position prints as: `//line` directives applied. Column 0: not known.</summary>
    public static (string Name, int Line, int Column) Resolve(Pos pos)
    {
        SourceFile? file = pos.File;
        if (file == null)
            return ("", 0, 0);
        List<LineDirective> directives = file.LineDirectives;
        for (int i = directives.Count - 1; i >= 0; i--)
        {
            LineDirective d = directives[i];
            if (pos.Line < d.Line || (pos.Line == d.Line && pos.Column < d.Column))
                continue;
            int column = d.NewColumn == 0 ? 0 : pos.Line == d.Line ? d.NewColumn + pos.Column - d.Column : pos.Column;
            return (d.Name, d.NewLine + pos.Line - d.Line, column);
        }
        return (file.Name, pos.Line, pos.Column);
    }

    /// <summary>
    /// File and line as a running program sees them (tracebacks, runtime.Caller): `//line` applied, its path relative to the source file's folder.
    /// </summary>
    public static (string File, int Line) AtRunTime(Pos pos)
    {
        (string name, int line, _) = Resolve(pos);
        if (pos.File is not { } file)
            return ("", 0);
        return (name == file.Name ? file.Path : name == "" ? name : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(file.Path) ?? "", name), line);
    }

    /// <summary>`name:line:col` as diagnostics print it.</summary>
    public static string Text(Pos pos)
    {
        (string name, int line, int column) = Resolve(pos);
        return line == 0 ? name == "" ? "<unknown position>" : name : column == 0 ? $"{name}:{line}" : $"{name}:{line}:{column}";
    }

    /// <summary>`name:line:col`, followed by the real place in brackets when a `//line` directive hides it: the form for messages.</summary>
    public static string TextWithOrigin(Pos pos)
    {
        string shown = Text(pos);
        string real = pos.ToString();
        return shown == real || !pos.IsKnown ? shown : shown + "[" + real + "]";
    }
}

// Byte offsets of nodes: what edits need and the tree does not keep.
//
// Positions.End is approximate for nodes that end in a bracket which the tree does not record. Here the text decides: from the end of the
// last child on, blanks, comments and a trailing comma are passed until the bracket stands there.

using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Vet;

/// <summary>One file as bytes with a table of its lines.</summary>
public sealed class SourceText
{
    static readonly ConditionalWeakTable<SourceFile, SourceText> s_known = [];

    readonly byte[] _text;
    readonly List<int> _lines = [0];

    SourceText(SourceFile file)
    {
        File = file;
        _text = file.Text;
        for (int i = 0; i < _text.Length; i++)
        {
            if (_text[i] == '\n')
                _lines.Add(i + 1);
        }
    }

    public SourceFile File { get; }

    public static SourceText Of(SourceFile file) => s_known.GetValue(file, f => new SourceText(f));

    /// <summary>The text around a node; null for nodes without a place.</summary>
    public static SourceText? Of(Node n) => n.Pos.File is { } f ? Of(f) : null;

    public int Length => _text.Length;
    public int LineCount => _lines.Count;

    /// <summary>Offset of a place; lines and columns count from 1.</summary>
    public int Offset(Pos pos) => pos.Line >= 1 && pos.Line <= _lines.Count ? System.Math.Min(_lines[pos.Line - 1] + pos.Column - 1, _text.Length) : _text.Length;

    public int LineStart(int line) => line <= _lines.Count ? _lines[line - 1] : _text.Length;

    /// <summary>Behind the line's newline.</summary>
    public int LineEnd(int line) => line < _lines.Count ? _lines[line] : _text.Length;

    public Pos PosAt(int offset)
    {
        int i = _lines.BinarySearch(offset);
        if (i < 0)
            i = ~i - 1;
        return Pos.Make(File.Id, i + 1, offset - _lines[i] + 1);
    }

    public string Slice(int start, int end) => Encoding.UTF8.GetString(_text, start, end - start);

    /// <summary>The text of an expression.</summary>
    public string Text(Node n) => Slice(Start(n), End(n));

    public byte this[int offset] => offset < _text.Length ? _text[offset] : (byte)0;

    /// <summary>The leading blanks of the line of a place.</summary>
    public string Indent(Pos pos)
    {
        int start = LineStart(pos.Line), end = start;
        while (this[end] is (byte)' ' or (byte)'\t')
            end++;
        return Slice(start, end);
    }

    /// <summary>An edit that puts a line behind the statement that ends at an offset, with the statement's indentation; a comment behind it stays its own.</summary>
    public TextEdit LineAfter(int end, string indent, string line)
    {
        int number = PosAt(end).Line;
        string rest = Slice(end, LineEnd(number)).Trim();
        return rest == "" || rest.StartsWith("//", System.StringComparison.Ordinal) && LineEnd(number) > 0 && this[LineEnd(number) - 1] == '\n'
            ? new TextEdit(File, LineEnd(number), LineEnd(number), indent + line + "\n")
            : new TextEdit(File, end, end, "\n" + indent + line);
    }

    /// <summary>An edit that writes other lines for a statement, which gets a line of its own if it has none. The first line stands at the statement's indentation, the others say their own.</summary>
    public TextEdit Lines(Stmt stmt, System.Func<string, string> lines)
    {
        int start = Start(stmt), end = End(stmt);
        string indent = Indent(stmt.Pos);
        string before = "", after = "";
        if (Slice(LineStart(PosAt(start).Line), start).Trim() != "")
        {
            before = "\n" + indent + "\t";
            while (this[start - 1] is (byte)' ' or (byte)'\t')
                start--;
        }
        int next = end;
        while (this[next] is (byte)' ' or (byte)'\t' or (byte)';')
            next++;
        if (this[next] is (byte)'}' || next > end && this[next] is not ((byte)'\n' or (byte)'/'))
        {
            after = "\n" + indent + (this[next] is (byte)'}' ? "" : "\t");
            end = next;
        }
        return new TextEdit(File, start, end, before + lines(before == "" ? indent : indent + "\t") + after);
    }

    public int Start(Node n) => Offset(StartPos(n));

    /// <summary>The first place of a node; exact for slice expressions too.</summary>
    public static Pos StartPos(Node n)
    {
        while (true)
        {
            switch (n)
            {
                case SliceExpr s: n = s.X; break;
                case SelectorExpr s: n = s.X; break;
                case IndexExpr i: n = i.X; break;
                case CallExpr c: n = c.Fun; break;
                case BinaryExpr b: n = b.X; break;
                case TypeAssertExpr { GuardName: null } a: n = a.X; break;
                case KeyValueExpr kv: n = kv.Key; break;
                case CompositeLit { Type: { } t }: n = t; break;
                case SendStmt s: n = s.Chan; break;
                case IncDecStmt i: n = i.X; break;
                case AssignStmt a: n = a.Lhs[0]; break;
                case ExprStmt e: n = e.X; break;
                default: return Positions.Start(n);
            }
        }
    }

    public Pos EndPos(Node n) => PosAt(End(n));

    /// <summary>The offset behind the last byte of a node.</summary>
    public int End(Node n)
    {
        switch (n)
        {
            case Ident i: return Offset(i.Pos) + Encoding.UTF8.GetByteCount(i.Name);
            case BasicLit l: return Offset(l.Pos) + Encoding.UTF8.GetByteCount(l.Text);
            case CompositeLit c: return Offset(c.Rbrace) + 1;
            case FuncLit f: return Offset(f.Body.Rbrace) + 1;
            case CallExpr c: return Offset(c.Rparen) + 1;
            case ParenExpr p: return Behind(End(p.X), ')');
            case IndexExpr i: return Behind(End(i.Indices[^1]), ']');
            case SliceExpr s: return Behind(End(s.Max ?? s.Hi ?? s.Lo ?? s.X), ']');
            case TypeAssertExpr a: return Behind(End(a.Type ?? a.X), ')');
            case SelectorExpr s: return End(s.Sel);
            case StarExpr s: return End(s.X);
            case UnaryExpr u: return End(u.X);
            case BinaryExpr b: return End(b.Y);
            case KeyValueExpr kv: return End(kv.Value);
            case ArrayTypeExpr a: return End(a.Elem);
            case SliceTypeExpr s: return End(s.Elem);
            case EllipsisExpr e: return End(e.Elem);
            case MapTypeExpr m: return End(m.Value);
            case ChanTypeExpr c: return End(c.Elem);
            case StructTypeExpr s: return Offset(s.Rbrace) + 1;
            case InterfaceTypeExpr i: return Offset(i.Rbrace) + 1;
            case BlockStmt b: return Offset(b.Rbrace) + 1;
            case SwitchStmt s: return Offset(s.Rbrace) + 1;
            case TypeSwitchStmt s: return Offset(s.Rbrace) + 1;
            case SelectStmt s: return Offset(s.Rbrace) + 1;
            case ForStmt f: return End(f.Body);
            case RangeStmt r: return End(r.Body);
            case IfStmt i: return End(i.Else ?? i.Then);
            case ExprStmt e: return End(e.X);
            case AssignStmt a: return a.Rhs.Count > 0 ? End(a.Rhs[^1]) : End(a.Lhs[^1]);
            case SendStmt s: return End(s.Value);
            case DeferStmt d: return End(d.Call);
            case GoStmt g: return End(g.Call);
            case DeclStmt { Decls: [.., var last] }: return End(last);
            case VarDecl { Group: null } d: return End(d.Values.Count > 0 ? d.Values[^1] : d.Type ?? d.Names[^1]);
            case ReturnStmt r: return r.Results.Count > 0 ? End(r.Results[^1]) : Offset(r.Pos) + "return".Length;
            case FuncDecl { Body: { } body }: return End(body);
            default: return Offset(Positions.End(n));
        }
    }

    /// <summary>Behind the next closing bracket; between at and it stand only blanks, comments, colons and commas.</summary>
    int Behind(int at, char bracket)
    {
        while (at < _text.Length)
        {
            byte c = _text[at];
            if (c == bracket)
                return at + 1;
            if (c == '/' && this[at + 1] == '/')
                while (at < _text.Length && _text[at] != '\n')
                    at++;
            else if (c == '/' && this[at + 1] == '*')
            {
                at += 2;
                while (at < _text.Length && !(_text[at] == '*' && this[at + 1] == '/'))
                    at++;
                at += 2;
            }
            else
                at++;
        }
        return at;
    }
}

// Reorders the fields of a struct declaration in the text, comments included.
//
// The text between the braces is cut into pieces, one for each line of fields: the comments above it, its names, type and tag, the comment behind
// it. `a, b T` stays one piece. Pieces are put in the order of the best layout (a piece of several names stands where its first name
// would). Blank lines before a piece go with it, except at the top. A struct written on one line is cut at its semicolons.
//
// A reordering changes more than the layout where the order of fields is seen: literals without field names, conversions between struct types,
// encoders that write fields in order, pointers made by unsafe, //go:embed of C layouts. Blockers says which of these hold.

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>Edits of struct types.</summary>
public static class StructRewriter
{
    /// <summary>The edit that puts the fields of a struct type expression in an order; null when there is nothing to do or the text is too odd.</summary>
    public static TextEdit? Reorder(StructTypeExpr node, IReadOnlyList<int> order)
    {
        if (node.Pos.File is not { } file || node.Fields.Count < 2)
            return null;
        SourceText text = SourceText.Of(file);
        // Pieces: fields that share one type node are one piece.
        List<(int First, int Count)> pieces = [];
        for (int i = 0; i < node.Fields.Count; i++)
        {
            if (i > 0 && ReferenceEquals(node.Fields[i].Type, node.Fields[i - 1].Type) && node.Fields[i].Name != null)
                pieces[^1] = (pieces[^1].First, pieces[^1].Count + 1);
            else
                pieces.Add((i, 1));
        }
        List<int> rank = [];
        foreach (int i in order)
        {
            int p = pieces.FindIndex(x => i >= x.First && i < x.First + x.Count);
            if (!rank.Contains(p))
                rank.Add(p);
        }
        bool same = true;
        for (int i = 0; i < rank.Count; i++)
            same &= rank[i] == i;
        if (same)
            return null;
        int open = text.Start(node);
        while (text[open] != '{')
            open++;
        int close = text.Offset(node.Rbrace);
        return Lines(text, node, pieces, rank, open + 1, close) ?? OneLine(text, node, pieces, rank, open + 1, close);
    }

    static (int Start, int End) Extent(SourceText text, StructTypeExpr node, (int First, int Count) piece)
    {
        Field first = node.Fields[piece.First], last = node.Fields[piece.First + piece.Count - 1];
        int start = first.Name != null ? text.Start(first.Name) : text.Start(first.Type);
        int end = last.Tag != null ? text.End(last.Tag) : text.End(last.Type);
        return (start, end);
    }

    /// <summary>One field per line: whole lines move.</summary>
    static TextEdit? Lines(SourceText text, StructTypeExpr node, List<(int First, int Count)> pieces, List<int> rank, int from, int to)
    {
        int line = text.PosAt(from).Line + 1;
        int lastLine = text.PosAt(to).Line;
        if (text.Slice(from, text.LineEnd(line - 1)).Trim() != "")
            return null; // something stands behind the opening brace
        List<(int Start, int End)> chunks = [];
        foreach (var piece in pieces)
        {
            (int start, int end) = Extent(text, node, piece);
            int first = text.PosAt(start).Line, last = text.PosAt(end).Line;
            if (first < line || last >= lastLine)
                return null; // two fields on one line
            // A comment that begins behind the field and goes on over lines is not followed.
            string rest = text.Slice(end, text.LineEnd(last)).Trim();
            if (rest is not "" and not ";" && !rest.StartsWith("//", StringComparison.Ordinal) && !(rest.StartsWith("/*", StringComparison.Ordinal) && rest.EndsWith("*/", StringComparison.Ordinal)))
                return null;
            chunks.Add((text.LineStart(line), text.LineEnd(last)));
            line = last + 1;
        }
        int top = chunks[0].Start, bottom = chunks[^1].End;
        StringBuilder b = new();
        for (int i = 0; i < rank.Count; i++)
        {
            string chunk = text.Slice(chunks[rank[i]].Start, chunks[rank[i]].End);
            b.Append(i == 0 ? chunk.TrimStart('\n', '\r') : chunk);
        }
        return new TextEdit(text.File, top, bottom, b.ToString());
    }

    static TextEdit? OneLine(SourceText text, StructTypeExpr node, List<(int First, int Count)> pieces, List<int> rank, int from, int to)
    {
        if (text.PosAt(from).Line != text.PosAt(to).Line || text.Slice(from, to).Contains("/*", StringComparison.Ordinal))
            return null;
        StringBuilder b = new(" ");
        for (int i = 0; i < rank.Count; i++)
        {
            (int start, int end) = Extent(text, node, pieces[rank[i]]);
            b.Append(i > 0 ? "; " : "").Append(text.Slice(start, end));
        }
        return new TextEdit(text.File, from, to, b.Append(' ').ToString());
    }

    // ---- what forbids it

    /// <summary>Why the order of fields of a declared struct type must stay, one reason per line with its place; empty when it may change.</summary>
    public static List<string> Blockers(VetProgram program, NamedType type)
    {
        List<string> reasons = [];
        if (type.Underlying is not StructType s)
            return ["it is no struct"];
        for (int i = 0; i < s.Fields.Count; i++)
        {
            if (s.Tag(i) != "")
                reasons.Add($"field {s.Fields[i].Name} has a tag: an encoder may write fields in their order");
            if (s.Fields[i].Name == "_")
                reasons.Add("a field is blank: the layout is on purpose");
            if (s.Fields[i].Type.Underlying is ArrayType { Len: 0 })
                reasons.Add("an array of length zero marks a place");
            if (s.Fields[i].Type is NamedType { Obj: { Name: "HostLayout", Pkg.Path: "structs" } })
                reasons.Add("structs.HostLayout fixes the layout");
            if (reasons.Count > 0)
                break;
        }
        foreach (VetPackage p in program.Packages)
        {
            foreach (FileNode file in p.Pkg.Files)
                Walk.Tree(file, n => Look(p, n));
        }
        return reasons;

        bool Look(VetPackage p, Node n)
        {
            if (reasons.Count > 0)
                return false;
            switch (n)
            {
                case CompositeLit { KeyCount: 0, Elems.Count: > 0 } lit when Is(p.Info.Types.GetValueOrDefault(lit).Type):
                    reasons.Add($"{Positions.Text(lit.Pos)}: a literal without field names");
                    break;
                case CallExpr { Args: [var arg] } call when p.Info.Types.TryGetValue(call.Fun, out var fun) && fun.IsType:
                    GoType from = p.Info.Types.GetValueOrDefault(arg).Type;
                    if (from != null && !SameNamed(from, fun.Type) && (Is(Base(fun.Type)) || Is(Base(from))) && !Predicates.IsInterface(fun.Type) && !Predicates.IsInterface(from))
                        reasons.Add($"{Positions.Text(call.Pos)}: converted between types");
                    break;
                case CallExpr { Fun: SelectorExpr { Sel: var sel } } call when p.Info.Uses.GetValueOrDefault(sel) is { Pkg: { } owner } && IsEncoder(owner.Path):
                    foreach (Expr a in call.Args)
                    {
                        if (p.Info.Types.TryGetValue(a, out var tv) && Reaches(tv.Type, 0))
                            reasons.Add($"{Positions.Text(call.Pos)}: given to package {owner.Path}");
                    }
                    break;
                case CallExpr { Fun: SelectorExpr { X: Ident { Name: "unsafe" }, Sel.Name: "Offsetof" }, Args: [SelectorExpr { X: var x }] } call when Is(Base(p.Info.Types.GetValueOrDefault(x).Type)):
                    reasons.Add($"{Positions.Text(call.Pos)}: unsafe.Offsetof");
                    break;
            }
            return true;
        }

        bool Is(GoType? t) => t != null && t.Unalias is NamedType n && ReferenceEquals(n.Origin, type.Origin);
        static GoType? Base(GoType? t) => t?.Unalias is PointerType p ? p.Elem : t;
        static bool SameNamed(GoType a, GoType b) => Identical.Same(a, b);

        bool Reaches(GoType t, int depth) => depth < 6 && (Is(t) || t.Underlying switch
        {
            PointerType p => Reaches(p.Elem, depth + 1),
            SliceType sl => Reaches(sl.Elem, depth + 1),
            ArrayType a => Reaches(a.Elem, depth + 1),
            MapType m => Reaches(m.Elem, depth + 1) || Reaches(m.Key, depth + 1),
            StructType st => st.Fields.Exists(f => Reaches(f.Type, depth + 1)),
            _ => false,
        });
    }

    static bool IsEncoder(string path) => path.StartsWith("encoding/", StringComparison.Ordinal) || path is "reflect" or "syscall" or "text/template" or "html/template";
}

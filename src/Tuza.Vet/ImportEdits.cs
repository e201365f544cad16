// The name under which a file can use a package, and the edit that imports it when it does not yet.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

static class ImportEdits
{
    /// <summary>Null when the name is taken by something else in the file or the function.</summary>
    public static (string Name, TextEdit? Edit)? Use(FuncView v, string path)
    {
        FileNode? file = v.Package.Pkg.Files.Find(f => f.Source.Id == v.Root.Pos.FileId);
        if (file == null)
            return null;
        string name = path[(path.LastIndexOf('/') + 1)..];
        ImportDecl? last = null;
        foreach (Decl d in file.Decls)
        {
            if (d is not ImportDecl i)
                continue;
            if (i.Path.Text.Trim('"', '`') == path)
            {
                if (i.Name == null || i.Name.Name is not ("_" or "."))
                    return Shadowed(i.Name?.Name ?? name) ? null : (i.Name?.Name ?? name, null);
            }
            last = i;
        }
        if (Shadowed(name) || v.Package.Pkg.Scope.Lookup(name) != null || v.Info.Scopes.TryGetValue(file, out Scope? scope) && scope.Lookup(name) != null)
            return null;
        SourceText text = SourceText.Of(file.Source);
        if (last == null)
        {
            int at = text.End(file.PackageName);
            return (name, new TextEdit(file.Source, at, at, $"\n\nimport \"{path}\""));
        }
        int end = text.End(last.Path);
        bool grouped = text.Slice(text.LineStart(last.Path.Pos.Line), text.Offset(last.Path.Pos)).IndexOf("import", StringComparison.Ordinal) < 0;
        if (!grouped)
            return (name, new TextEdit(file.Source, text.LineEnd(last.Path.Pos.Line), text.LineEnd(last.Path.Pos.Line), $"import \"{path}\"\n"));
        // Into the group, in the order of paths where the imports around are sorted.
        foreach (Decl d in file.Decls)
        {
            if (d is ImportDecl i && ReferenceEquals(i.Group, last.Group) && string.CompareOrdinal(i.Path.Text.Trim('"', '`'), path) > 0 && !i.Path.Text.Contains('.', StringComparison.Ordinal))
            {
                int line = text.LineStart(i.Path.Pos.Line);
                if (text.Slice(line, text.Offset(i.Name?.Pos ?? i.Path.Pos)).Trim() != "")
                    break;
                return (name, new TextEdit(file.Source, line, line, $"\t\"{path}\"\n"));
            }
        }
        return (name, new TextEdit(file.Source, end, end, $"\n\t\"{path}\""));

        bool Shadowed(string n)
        {
            foreach (Node x in v.Nodes)
            {
                if (x is Ident i && i.Name == n && v.Info.Defs.TryGetValue(i, out Obj? o) && o is not Var { IsField: true })
                    return true;
            }
            return false;
        }
    }

    /// <summary>Replaces an expression by a call with the expression as its argument.</summary>
    public static Fix? CallAround(FuncView v, Expr e, string path, string function, string after = "")
    {
        if (Use(v, path) is not { } import)
            return null;
        SourceText text = SourceText.Of(e)!;
        int start = text.Start(e), end = text.End(e);
        List<TextEdit> edits = [new(text.File, start, start, $"{import.Name}.{function}("), new(text.File, end, end, after + ")")];
        if (import.Edit != null)
            edits.Add(import.Edit);
        return new Fix($"{import.Name}.{function}({text.Slice(start, end)}{after})", edits);
    }
}

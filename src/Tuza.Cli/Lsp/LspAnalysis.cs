// What the language server knows of one folder of Go files, as it is on the disk: errors of the compiler; findings of vet with their fixes; what is on the heap and why;
// the types, for their layout. Made anew when a file of the folder is opened or saved.
//
// Everything is kept in the protocol's form: positions of the compiler are valid only while an analysis runs, since what it has read is forgotten at its end. So a server that
// serves for days holds the last analysis of each folder, and nothing else.

using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json.Nodes;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;
using Tuza.Vet;

namespace Tuza.Cli;

/// <summary>An edit that mends a finding. Lines: of the finding, from 0. Files: that it changes.</summary>
sealed record LspFix(string File, int FirstLine, int LastLine, HashSet<string> Files, JsonObject Action);

sealed class LspAnalysis
{
    const string Arch = "amd64";
    const int SeverityError = 1, SeverityWarning = 2, SeverityInformation = 3, SeverityHint = 4;

    /// <summary>Where a name with a layout stands: its bytes of the line, from 1.</summary>
    readonly record struct Mention(int From, int To, GoType Type, Package Pkg);

    readonly Dictionary<(string File, int Line), List<Mention>> _mentions = [];
    readonly Dictionary<(string File, int Line), string> _escapes = [];

    /// <summary>Messages of the loader: of modules, imports, build constraints.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>By file, also of files about which there is nothing to say.</summary>
    public Dictionary<string, JsonArray> Diagnostics { get; } = new(StringComparer.Ordinal);

    public List<LspFix> Fixes { get; } = [];

    public static LspAnalysis Of(string folder)
    {
        LspAnalysis a = new();
        BuildFlags build = new();
        _ = build.Register(new Flags("lsp")).Parse(["-C", folder]);
        SourceMark mark = SourceMark.Now;
        try
        {
            a.Look(Session.Start(build));
        }
        catch (Exception e) when (e is ExitException or UsageException)
        {
            a.Problems.Add(e.Message);
        }
        finally
        {
            mark.Forget();
        }
        return a;
    }

    void Look(Session session)
    {
        Loader loader = session.NewReader(Arch);
        LoadResult loaded = loader.Load(["."]);
        Problems.AddRange(loaded.Errors);
        HashSet<LoadedPackage> roots = [.. loaded.Roots];
        List<CheckedPackage> all = Reading.Check(loaded, roots, Arch, bodies: true);
        bool failed = loaded.Errors.Count > 0;
        foreach (CheckedPackage c in all)
        {
            failed |= c.Failed;
            if (!roots.Contains(c.Loaded))
                continue;
            foreach (FileNode file in c.Package?.Files ?? [])
                Diagnostics.TryAdd(file.Source.Path, []);
            foreach (Diagnostic d in c.Sink.List)
                Add(d.Pos, Pos.None, SeverityError, "compiler", d.Code, d.Text, []);
            if (!c.Failed)
                Mentions(c.Package!);
        }
        if (failed)
            return;
        Reading reading = new(all, roots, Broken: false);
        foreach (var (_, findings) in Rules.Run(reading.ToProgram(), Rules.All, VetCommand.Promises(session, reading, ["."])))
        {
            foreach (Finding f in findings)
                Add(f);
        }
        foreach (EscapeExplanation x in EscapeCommand.Explain(session, ["."]) ?? [])
        {
            if (x.OnHeap)
                Add(x);
        }
    }

    /// <summary>Names of types, and of variables whose type has a layout that tells something.</summary>
    void Mentions(Package p)
    {
        foreach ((Ident i, Obj? o) in p.Info.Defs)
            Note(i, o);
        foreach ((Ident i, Obj o) in p.Info.Uses)
            Note(i, o);

        void Note(Ident i, Obj? o)
        {
            GoType? t = o is TypeName or Var ? o.Type?.Unalias : null;
            while (t is PointerType pointer)
                t = pointer.Elem.Unalias;
            if (t?.Underlying is not StructType || t is NamedType { TypeParams.Count: > 0, TypeArgs.Count: 0 } || Subst.HasTypeParam(t) || i.Pos.File is not { } file)
                return;
            if (!_mentions.TryGetValue((file.Path, i.Pos.Line), out List<Mention>? list))
                _mentions[(file.Path, i.Pos.Line)] = list = [];
            list.Add(new Mention(i.Pos.Column, i.Pos.Column + Encoding.UTF8.GetByteCount(i.Name), t, p));
        }
    }

    /// <summary>What there is to say about a place (line and bytes from 1): the layout of the type that is named there, or of what is; what is made on the line.</summary>
    public string About(string file, int line, int column)
    {
        StringBuilder b = new();
        foreach (Mention m in _mentions.GetValueOrDefault((file, line)) ?? [])
        {
            if (m.From <= column && column <= m.To)
            {
                b.Append(LayoutText.Write(TypeLayout.Of(m.Type.ToString(m.Pkg), m.Type, Arch), [], Arch.Length, m.Pkg));
                break;
            }
        }
        if (_escapes.TryGetValue((file, line), out string? made))
            b.Append(b.Length > 0 ? "\n" : "").Append(made);
        return b.ToString();
    }

    // ---- into the protocol's form

    void Add(Finding f)
    {
        Add(f.Pos, f.End, f.Severity == Severity.Note ? SeverityInformation : SeverityWarning, "vet", f.Category, f.Message + (f.Advice is { } advice ? $"\n{advice}" : ""), f.Related);
        if (f.Fix is not { } fix || f.Pos.File is not { } file)
            return;
        JsonObject changes = [];
        HashSet<string> files = new(StringComparer.Ordinal);
        foreach (TextEdit e in fix.Edits)
        {
            files.Add(e.File.Path);
            string uri = LspServer.UriOf(e.File.Path);
            if (changes[uri] is not JsonArray edits)
                changes[uri] = edits = [];
            SourceText text = SourceText.Of(e.File);
            edits.Add(new JsonObject { ["range"] = Range(text.PosAt(e.Start), text.PosAt(e.End)), ["newText"] = e.NewText });
        }
        JsonObject action = new() { ["title"] = fix.Message, ["kind"] = "quickfix", ["edit"] = new JsonObject { ["changes"] = changes } };
        Fixes.Add(new LspFix(file.Path, f.Pos.Line - 1, Math.Max(f.Pos.Line, f.End.Line) - 1, files, action));
    }

    void Add(EscapeExplanation x)
    {
        List<Related> way = [];
        foreach (EscapeWord w in x.Words)
        {
            if (w.Pos.IsKnown)
                way.Add(new Related(w.Pos, w.Text));
        }
        Add(x.Pos, Pos.None, SeverityHint, "escape", "", x.Compiler + (x.Change == "" ? "" : $"\nsmallest change: {x.Change}"), way);
        if (x.Pos.File is { } file)
            _escapes[(file.Path, x.Pos.Line)] = (_escapes.TryGetValue((file.Path, x.Pos.Line), out string? before) ? before + "\n" : "") + EscapeReports.Text([x]).TrimEnd() + "\n";
    }

    void Add(Pos pos, Pos end, int severity, string source, string code, string text, IReadOnlyList<Related> related)
    {
        if (pos.File is not { } file)
            return;
        if (!Diagnostics.TryGetValue(file.Path, out JsonArray? list))
            Diagnostics[file.Path] = list = [];
        JsonObject d = new() { ["range"] = Range(pos, end), ["severity"] = severity, ["source"] = "tuza " + source, ["message"] = text };
        if (code != "")
            d["code"] = code;
        JsonArray more = [];
        foreach (Related r in related)
        {
            if (r.Pos.File is { } other)
                more.Add(new JsonObject { ["location"] = new JsonObject { ["uri"] = LspServer.UriOf(other.Path), ["range"] = Range(r.Pos, Pos.None) }, ["message"] = r.Message });
        }
        if (more.Count > 0)
            d["relatedInformation"] = more;
        list.Add(d);
    }

    /// <summary>Lines and UTF-16 units from 0.</summary>
    static JsonObject Range(Pos from, Pos to) => new() { ["start"] = Point(from), ["end"] = Point(to.IsKnown && to.FileId == from.FileId ? to : from) };

    static JsonObject Point(Pos pos)
    {
        int character = Math.Max(0, pos.Column - 1);
        if (pos.File is { } file)
        {
            SourceText text = SourceText.Of(file);
            int start = text.LineStart(pos.Line);
            character = text.Slice(start, Math.Max(start, text.Offset(pos))).Length;
        }
        return new JsonObject { ["line"] = Math.Max(0, pos.Line - 1), ["character"] = character };
    }
}

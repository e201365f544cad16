// tuza escape: why values are on the heap, in words; with a snapshot of a traced run, how often each place made one.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Tuza.Abi;
using Tuza.Inspect;
using Tuza.IR;
using Tuza.Load;
using Tuza.Vet;

namespace Tuza.Cli;

static class EscapeCommand
{
    internal sealed class Options
    {
        public string At = "", Graph = "", With = "";
        public bool Json, All, Messages, Force;
    }

    public static Flags Register(BuildFlags build, Options o) => build.Register(new Flags("escape"))
        .Text("at", s => o.At = s, "only what is made at file:line or file:line:column, also what stays in the frame")
        .Bool("json", b => o.Json = b, "print one JSON object")
        .Text("graph", s => o.Graph = s, "svg: print a picture of the ways (to a file with -o)")
        .Text("with", s => o.With = s, "a snapshot of a run: how often and how many bytes each place made")
        .Bool("f", b => o.Force = b, "overwrite the file of -o")
        .Bool("all", b => o.All = b, "also what stays in the frame")
        .Bool("m", b => o.Messages = b, "the compiler's own words instead, as tuza build -gcflags=-m prints them");

    public static int Run(List<string> args)
    {
        Options o = new();
        BuildFlags build = new();
        List<string> rest = Register(build, o).ParseAnywhere(args);
        if (o.Graph is not ("" or "svg"))
            throw new UsageException($"tuza escape: unknown format {o.Graph} of -graph: svg\nRun 'tuza help escape' for details.");
        (string file, int line, int column) = At(o.At);
        if (file.Contains('/', StringComparison.Ordinal) && !File.Exists(file))
            throw new ExitException(1, $"stat {file}: no such file or directory");
        if (rest.Count == 0 && file != "" && File.Exists(file))
            rest.Add(Folder(file));
        Session session = Session.Start(build);
        OutputFile.Check(build.Output, o.Force);
        if (Explain(session, rest) is not { } list)
            return 1;
        if (o.With != "")
            Count(list, HeapCommand.Read(o.With));
        if (file != "")
        {
            List<EscapeExplanation> here = list.FindAll(x => IsAt(x.Pos));
            // Nothing is made there: what only passes there.
            list = here.Count > 0 ? here : list.FindAll(x => x.OnHeap && x.Words.Exists(w => IsAt(w.Pos)));
        }
        else if (!o.All)
            list.RemoveAll(static x => !x.OnHeap);
        if (file != "" && list.Count == 0)
            throw new ExitException(1, $"tuza escape: nothing is made at {o.At}, and nothing on the heap passes there: no variable whose address is taken, no allocating expression");
        string text = o.Messages ? EscapeReports.Messages(list) : o.Json ? EscapeReports.Json(list) : o.Graph != "" ? EscapeReports.Svg(list) : EscapeReports.Text(list);
        OutputFile.Write(build.Output, text, o.Force);
        return 0;

        bool IsAt(Syntax.Pos pos) => pos.IsKnown && pos.Line == line && (column == 0 || pos.Column == column) && SameFile(pos.File?.Path ?? "", file);
    }

    /// <summary>All decisions about the packages; null after errors, which are printed.</summary>
    internal static List<EscapeExplanation>? Explain(Session session, List<string> arguments)
    {
        Loader loader = session.NewLoader();
        LoadResult loaded = loader.Load(arguments);
        if (Session.Report(loaded, loader))
            return null;
        HashSet<LoadedPackage> roots = [.. loaded.Roots];
        List<CheckedPackage> packages = Checking.Run(loaded.Packages, p => new Types.CheckOptions { GoVersion = p.GoVersion, IsStd = p.IsStd, Complete = !p.HasAsm }, p => p.LinkPath);
        bool failed = false;
        foreach (CheckedPackage c in packages)
        {
            if (!c.Sink.HasErrors)
                continue;
            failed = true;
            Driver.Write(Console.Error, Driver.Header(c.Loaded) + "\n" + CompileErrors.Format(c.Sink.List, all: false));
        }
        if (failed)
            return null;
        session.Steps.Done("checked");
        List<PackageIR> trees = Backend.Trees(new Compilation(session, packages, roots), p => roots.Contains(p) || p.Module is { IsMain: true }, stories: true);
        session.Steps.Done("analysed");
        HashSet<string> wanted = [];
        foreach (CheckedPackage c in packages)
        {
            if (roots.Contains(c.Loaded))
                wanted.Add(c.Package!.Path);
        }
        return EscapeExplainer.Explain(trees, p => wanted.Contains(p.Pkg.Path));
    }

    static string Folder(string file) => Path.GetDirectoryName(file) is { Length: > 0 } d ? Path.IsPathRooted(d) ? d : "./" + d : ".";

    static (string File, int Line, int Column) At(string at)
    {
        if (at == "")
            return ("", 0, 0);
        string[] parts = at.Split(':');
        int column = 0;
        if (parts.Length is not (2 or 3) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int line)
            || parts.Length == 3 && !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out column))
            throw new UsageException($"invalid value \"{at}\" for flag -at: file:line or file:line:column\nRun 'tuza help escape' for details.");
        return (parts[0], line, column);
    }

    static bool SameFile(string path, string asked) =>
        Path.GetFullPath(path) == Path.GetFullPath(asked) || !asked.Contains('/', StringComparison.Ordinal) && Path.GetFileName(path) == asked;

    /// <summary>
    /// Allocations by the place that made them: line and column of the innermost frame outside the runtime. What a line makes at columns where no value is known
    /// is counted for all values of that line that have no count of their own.
    /// </summary>
    static void Count(List<EscapeExplanation> list, Snapshot s)
    {
        Dictionary<(string File, int Line, int Column), (long Count, long Bytes)> made = [];
        for (int i = 1; i < s.Stacks.Count; i++)
        {
            SnapshotFrame f = s.Maker(i);
            if (f.Function == null)
                continue;
            var key = (Path.GetFullPath(f.File), f.Line, s.MakerColumn[i]);
            (long count, long bytes) = made.GetValueOrDefault(key);
            made[key] = (count + s.Made[i].Count, bytes + s.Made[i].Bytes);
        }
        Dictionary<(string, int), List<EscapeExplanation>> without = [];
        foreach (EscapeExplanation x in list)
        {
            if (!x.OnHeap)
                continue;
            string file = Path.GetFullPath(x.Pos.File?.Path ?? "");
            if (made.Remove((file, x.Pos.Line, x.Pos.Column), out (long Count, long Bytes) own))
            {
                (x.Made, x.MadeBytes) = own;
                continue;
            }
            if (!without.TryGetValue((file, x.Pos.Line), out List<EscapeExplanation>? others))
                without[(file, x.Pos.Line)] = others = [];
            others.Add(x);
        }
        Dictionary<(string, int), (long Count, long Bytes)> left = [];
        foreach (var ((file, line, _), (count, bytes)) in made)
        {
            (long c, long b) = left.GetValueOrDefault((file, line));
            left[(file, line)] = (c + count, b + bytes);
        }
        foreach (var (line, others) in without)
        {
            foreach (EscapeExplanation x in others)
            {
                (x.Made, x.MadeBytes) = left.GetValueOrDefault(line);
                x.MadeTogether = others.Count > 1 && x.Made > 0;
            }
        }
        Shared(list);
    }

    /// <summary>Small variables without pointers that are declared in a row are one object, made where the first is: what it takes beyond that one is theirs.</summary>
    static void Shared(List<EscapeExplanation> list)
    {
        EscapeExplanation? first = null;
        foreach (EscapeExplanation x in list)
        {
            if (x is not { OnHeap: true, IsVariable: true, Bytes: > 0 and < HeapConsts.TinyBytes })
                continue;
            if (x.Made > 0)
                first = x;
            else if (x.Made == 0 && first != null && first.Function == x.Function && first.MadeBytes - first.Made * first.Bytes >= first.Made * x.Bytes)
            {
                x.Made = first.Made;
                x.MadeBytes = first.Made * x.Bytes;
                first.MadeBytes -= x.MadeBytes;
            }
        }
    }
}

// The generated main package of a test program: tables of the tests, benchmarks, fuzz targets and examples, given to testing.MainStart.
//
// A function counts by its name (Test, then nothing or not a lower-case letter) and its one parameter. Examples count when their last
// comment begins with `Output:` or `Unordered output:`.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>Writes `_testmain.go`.</summary>
sealed class TestMain
{
    readonly StringBuilder _tests = new(), _benchmarks = new(), _fuzz = new(), _examples = new();
    readonly List<string> _errors;
    string? _main;
    bool _needTest, _needExternal;

    TestMain(List<string> errors) => _errors = errors;

    public static LoadedPackage Generate(LoadedPackage tested, LoadedPackage? external, LoadedPackage original, List<string> errors)
    {
        TestMain t = new(errors);
        foreach (FileNode f in original.TestFiles)
            t.Collect(f, "_test", ref t._needTest);
        if (external != null)
        {
            foreach (FileNode f in external.Files)
                t.Collect(f, "_xtest", ref t._needExternal);
        }
        string path = Path.Combine(original.Dir, "_testmain.go");
        SourceFile source = new(path, "_testmain.go", Encoding.UTF8.GetBytes(t.Text(tested, external)));
        LoadedPackage main = new()
        {
            ImportPath = original.ImportPath + ".test",
            Name = "main",
            Dir = original.Dir,
            IsStd = true, // it may import internal packages of testing
        };
        main.Files.Add(Parser.Parse(source, main.Diagnostics, new ParseOptions(IsStd: true)));
        return main;
    }

    string Text(LoadedPackage tested, LoadedPackage? external)
    {
        StringBuilder b = new("package main\n\nimport (\n\t\"os\"\n");
        if (_main != null)
            b.Append("\t\"reflect\"\n");
        b.Append("\t\"testing\"\n\t\"testing/internal/testdeps\"\n");
        if (tested.ForTest != "" || external == null)
            b.Append('\t').Append(_needTest ? "_test " : "_ ").Append(GoText.Quote(tested.ImportPath)).Append('\n');
        if (external != null)
            b.Append('\t').Append(_needExternal ? "_xtest " : "_ ").Append(GoText.Quote(external.ImportPath)).Append('\n');
        b.Append(")\n\nvar tests = []testing.InternalTest{\n").Append(_tests);
        b.Append("}\n\nvar benchmarks = []testing.InternalBenchmark{\n").Append(_benchmarks);
        b.Append("}\n\nvar fuzzTargets = []testing.InternalFuzzTarget{\n").Append(_fuzz);
        b.Append("}\n\nvar examples = []testing.InternalExample{\n").Append(_examples);
        b.Append("}\n\nfunc init() {\n\ttestdeps.ModulePath = ").Append(GoText.Quote(tested.Module?.Path ?? ""));
        b.Append("\n\ttestdeps.ImportPath = ").Append(GoText.Quote(tested.ImportPath));
        b.Append("\n}\n\nfunc main() {\n\tm := testing.MainStart(testdeps.TestDeps{}, tests, benchmarks, fuzzTargets, examples)\n");
        if (_main != null)
            b.Append('\t').Append(_main).Append("(m)\n\tos.Exit(int(reflect.ValueOf(m).Elem().FieldByName(\"exitCode\").Int()))\n}\n");
        else
            b.Append("\tos.Exit(m.Run())\n}\n");
        return b.ToString();
    }

    void Collect(FileNode f, string package, ref bool needed)
    {
        foreach (Decl d in f.Decls)
        {
            if (d is not FuncDecl { Recv: null } fn)
                continue;
            string name = fn.Name.Name;
            if (name == "TestMain")
            {
                if (HasParameter(fn, "T"))
                {
                    Add(_tests, ref needed);
                    continue;
                }
                if (!Check(fn, "M", "m"))
                    continue;
                if (_main != null)
                    _errors.Add("multiple definitions of TestMain");
                _main = package + ".TestMain";
                needed = true;
            }
            else if (IsTest(name, "Test"))
            {
                if (Check(fn, "T", "t"))
                    Add(_tests, ref needed);
            }
            else if (IsTest(name, "Benchmark"))
            {
                if (Check(fn, "B", "b"))
                    Add(_benchmarks, ref needed);
            }
            else if (IsTest(name, "Fuzz"))
            {
                if (Check(fn, "F", "f"))
                    Add(_fuzz, ref needed);
            }
            else if (IsTest(name, "Example") && fn is { Body: not null, TypeParams.Count: 0, Type.Params.Count: 0, Type.Results.Count: 0 })
            {
                if (ExampleOutput(f, fn.Body) is not { } example)
                    continue;
                _examples.Append($"\t{{{GoText.Quote(name)}, {package}.{name}, {GoText.Quote(example.Output)}, {(example.Unordered ? "true" : "false")}}},\n");
                needed = true;
            }

            void Add(StringBuilder table, ref bool need)
            {
                table.Append($"\t{{{GoText.Quote(name)}, {package}.{name}}},\n");
                need = true;
            }
        }
    }

    static bool IsTest(string name, string prefix)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
            return false;
        return name.Length == prefix.Length || !Rune.TryGetRuneAt(name, prefix.Length, out Rune r) || !Rune.IsLower(r);
    }

    bool Check(FuncDecl fn, string type, string arg)
    {
        string? problem = !HasParameter(fn, type) ? $"must be: func {fn.Name.Name}({arg} *testing.{type})"
            : fn.TypeParams.Count > 0 ? "test functions cannot have type parameters" : null;
        if (problem == null)
            return true;
        SourceFile file = fn.Pos.File!;
        _errors.Add($"{file.Name}:{fn.Pos.Line}:{Math.Max(fn.Pos.Column - 5, 1)}: wrong signature for {fn.Name.Name}, {problem}");
        return false;
    }

    static bool HasParameter(FuncDecl fn, string type) =>
        fn.Type is { Results.Count: 0, Params.Count: 1 } && fn.Type.Params[0].Type is StarExpr star
        && (star.X is Ident name ? name.Name == type : star.X is SelectorExpr s && s.Sel.Name == type);

    // ---- examples

    static (string Output, bool Unordered)? ExampleOutput(FileNode f, BlockStmt body)
    {
        int last = -1;
        for (int i = 0; i < f.Comments.Count; i++)
        {
            if (f.Comments[i].Pos > body.Pos && f.Comments[i].Pos < body.Rbrace)
                last = i;
        }
        if (last < 0)
            return null;
        int first = last;
        while (first > 0 && OnOwnLine(f, f.Comments[first - 1]) && f.Comments[first - 1].Pos > body.Pos
            && f.Comments[first - 1].End.Line + 1 == f.Comments[first].Pos.Line && OnOwnLine(f, f.Comments[first]))
            first--;
        string text = CommentText(f.Comments.GetRange(first, last - first + 1));
        Match m = Regex.Match(text, @"^\s*(unordered )?output:", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        if (!m.Success)
            return null;
        string output = text[m.Length..].TrimStart(' ');
        return (output.StartsWith('\n') ? output[1..] : output, m.Groups[1].Success);
    }

    static bool OnOwnLine(FileNode f, Comment c)
    {
        // The bytes before the comment on its line: find the line by counting.
        byte[] text = f.Source.Text;
        int at = 0;
        for (int line = 1; line < c.Pos.Line; line++)
            at = Array.IndexOf(text, (byte)'\n', at) + 1;
        for (int i = at; i < at + c.Pos.Column - 1; i++)
        {
            if (text[i] is not ((byte)' ' or (byte)'\t'))
                return false;
        }
        return true;
    }

    /// <summary>The text of a comment group without its markers; blank lines at both ends are dropped, inner ones collapse.</summary>
    static string CommentText(List<Comment> group)
    {
        List<string> lines = [];
        foreach (Comment c in group)
        {
            string text = c.Text;
            if (text.StartsWith("//", StringComparison.Ordinal))
            {
                text = text[2..];
                if (text.StartsWith(' '))
                    text = text[1..];
                else if (Regex.IsMatch(text, "^(line |[a-z0-9]+:[a-z0-9])", RegexOptions.CultureInvariant))
                    continue;
            }
            else
                text = text[2..^2];
            foreach (string line in text.Split('\n'))
                lines.Add(line.TrimEnd(' ', '\t', '\r'));
        }
        StringBuilder b = new();
        bool blank = false, any = false;
        foreach (string line in lines)
        {
            if (line == "")
            {
                blank = any;
                continue;
            }
            if (blank)
                b.Append('\n');
            blank = false;
            any = true;
            b.Append(line).Append('\n');
        }
        return b.ToString();
    }
}

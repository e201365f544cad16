// Spoilt source files: whatever the text, the compiler answers with diagnostics or an image. It never throws, and it ends.
//
// Sources are the programs of tests/data and, where a Go installation has them, of GOROOT/test. Each mutation is reproducible: it depends on its
// number alone. TUZA_MUTATIONS says how many (a sample otherwise); what fails is written to the folder TUZA_MUTANTS, if that is set.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Tuza.Cli;
using Tuza.Emit;
using Tuza.IR;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;
using Xunit;

namespace Tuza.UnitTests.Robustness;

public sealed class MutationTests
{
    const int Sample = 300;
    const long MaxMilliseconds = 10_000;
    const long MaxBytes = 1L << 30;
    const int StackBytes = 512 << 20;

    static readonly string[] s_inserts =
    [
        "{", "}", "(", ")", "[", "]", ";", ",", ":=", "=", "<-", "...", "func", "type", "struct{}", "interface{", "map[", "chan ", "*", "&", "!", "go ", "defer ",
        "return", "range ", "switch ", "case ", "goto x", "break", "fallthrough", "[T any]", "~int|string", "any", "nil", "iota", "_", "\"", "`", "'", "/*", "//",
        "0x", "1e", "1e999999999", "0b2", "08", "1_", "'\\x'", "\"\\u12\"", "\uFEFF", "\0", "\u00ff", "\ud7ff", "999999999999999999999999999999", ".(type)", "<<1<<1<<1", "1<<100000",
        "//line x:0:0\n", "/*line :1:1*/", "//go:embed *\n", "//go:linkname a b\n", "//go:build ignore\n", "unsafe.Sizeof(", "len(", "make(", "append(", "recover()", "x.y.z", "-", "^",
    ];

    [Fact]
    public void SpoiltSourcesAreAnswered()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("TUZA_MUTATIONS"), CultureInfo.InvariantCulture, out int n) ? n : Sample;
        List<string> sources = Sources();
        Assert.NotEmpty(sources);
        var failures = new List<string>();
        for (int i = 0; i < count; i++)
        {
            byte[] text = Mutant(sources, i, out string origin);
            if (Compile(text) is not { } problem)
                continue;
            failures.Add($"mutation {i} of {origin}: {problem}");
            if (Environment.GetEnvironmentVariable("TUZA_MUTANTS") is { Length: > 0 } folder)
                File.WriteAllBytes(Path.Combine(folder, $"mutant{i}.go"), text);
        }
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    [Theory]
    [InlineData("parentheses", "package p\nvar x = ", "(", "1", ")")]
    [InlineData("blocks", "package p\nfunc f() ", "{", "", "}")]
    [InlineData("literals", "package p\ntype T []T\nvar x = T", "{", "", "}")]
    [InlineData("types", "package p\nvar x ", "[]", "int", "")]
    [InlineData("structs", "package p\nvar x ", "struct{ a ", "int", "}")]
    [InlineData("calls", "package p\nfunc f(int) int\nvar x = ", "f(", "1", ")")]
    [InlineData("sums", "package p\nvar y int\nvar x = y", "+y", "", "")]
    [InlineData("strings", "package p\nvar y string\nvar x = y", "+y", "", "")]
    [InlineData("selectors", "package p\ntype T struct{ n *T }\nvar t *T\nvar x = t", ".n", "", "")]
    [InlineData("digits", "package p\nconst x = 1", "0", "", "")]
    public void DeepNestingIsAnswered(string what, string head, string open, string middle, string close)
    {
        const int Depth = 20_000;
        var b = new StringBuilder(head);
        for (int i = 0; i < Depth; i++)
            b.Append(open);
        b.Append(middle);
        for (int i = 0; i < Depth; i++)
            b.Append(close);
        string? problem = Compile(Encoding.UTF8.GetBytes(b.Append('\n').ToString()));
        Assert.True(problem == null, $"{what}: {problem}");
    }

    static List<string> Sources()
    {
        var list = new List<string>();
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d != null && list.Count == 0; d = d.Parent)
            if (Directory.Exists(Path.Combine(d.FullName, "tests", "data", "run")))
                list.AddRange(Directory.GetFiles(Path.Combine(d.FullName, "tests", "data"), "*.go", SearchOption.AllDirectories));
        if (GorootFinder.Find(null, Environment.GetEnvironmentVariable, out _) is { } root && Directory.Exists(Path.Combine(root, "test")))
            list.AddRange(Directory.GetFiles(Path.Combine(root, "test"), "*.go", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length < 60_000));
        list.Sort(StringComparer.Ordinal);
        return list;
    }

    static byte[] Mutant(List<string> sources, int number, out string origin)
    {
        var random = new Random(number);
        origin = sources[random.Next(sources.Count)];
        var text = new List<byte>(File.ReadAllBytes(origin));
        int changes = 1 + random.Next(4);
        for (int i = 0; i < changes; i++)
            Change(text, random);
        return [.. text];
    }

    static void Change(List<byte> text, Random random)
    {
        if (text.Count < 2)
            return;
        (int at, int length) = Word(text, random);
        switch (random.Next(9))
        {
            case 0: text.RemoveRange(at, length); break;
            case 1: text.InsertRange(at, text.GetRange(at, length)); break;
            case 2:
                {
                    (int to, int n) = Word(text, random);
                    byte[] one = [.. text.GetRange(at, length)], other = [.. text.GetRange(to, n)];
                    if (at + length <= to)
                    {
                        text.RemoveRange(to, n);
                        text.InsertRange(to, one);
                        text.RemoveRange(at, length);
                        text.InsertRange(at, other);
                    }
                    break;
                }
            case 3: text.RemoveRange(at, text.Count - at); break;
            case 4: text.InsertRange(at, Encoding.UTF8.GetBytes(s_inserts[random.Next(s_inserts.Length)])); break;
            case 5: text[at] = (byte)random.Next(256); break;
            case 6:
                {
                    string open = s_inserts[random.Next(s_inserts.Length)];
                    text.InsertRange(at, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(open, 1 << random.Next(10)))));
                    break;
                }
            case 7:
                {
                    // A word replaced by another one of the same file: often the right shape with the wrong meaning.
                    (int to, int n) = Word(text, random);
                    byte[] other = [.. text.GetRange(to, n)];
                    text.RemoveRange(at, length);
                    text.InsertRange(at, other);
                    break;
                }
            default:
                {
                    // A line somewhere else.
                    int end = text.IndexOf((byte)'\n', at);
                    if (end < 0)
                        break;
                    byte[] line = [.. text.GetRange(at, end - at + 1)];
                    text.RemoveRange(at, line.Length);
                    int to = text.Count == 0 ? 0 : text.IndexOf((byte)'\n', random.Next(text.Count)) + 1;
                    text.InsertRange(to, line);
                    break;
                }
        }
    }

    /// <summary>A run of letters and digits, or one other byte.</summary>
    static (int At, int Length) Word(List<byte> text, Random random)
    {
        int at = random.Next(text.Count), end = at + 1;
        if (IsLetter(text[at]))
        {
            while (at > 0 && IsLetter(text[at - 1]))
                at--;
            while (end < text.Count && IsLetter(text[end]))
                end++;
        }
        return (at, end - at);
    }

    static bool IsLetter(byte c) => char.IsAsciiLetterOrDigit((char)c) || c == '_';

    /// <summary>What went wrong, or null. The file is a package of its own; only unsafe can be imported.</summary>
    static string? Compile(byte[] text)
    {
        string? problem = null;
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        // What this thread allocates: the process's heap holds other tests' garbage too.
        long bytes = 0;
        var thread = new Thread(Run, StackBytes) { IsBackground = true };
        thread.Start();
        // Processor time, of other tests beside this one too: the machine may have other work.
        while (!thread.Join(1000))
        {
            if (Milliseconds() > 6 * MaxMilliseconds)
                return "does not end";
        }
        if (problem == null && Milliseconds() > 3 * MaxMilliseconds)
            return $"takes {Milliseconds()} ms";
        return problem ?? (bytes > MaxBytes ? $"allocates {bytes >> 20} MiB" : null);

        void Run()
        {
            problem = Attempt(text);
            bytes = GC.GetAllocatedBytesForCurrentThread();
        }

        double Milliseconds()
        {
            process.Refresh();
            return (process.TotalProcessorTime - before).TotalMilliseconds;
        }
    }

    static string? Attempt(byte[] text)
    {
        try
        {
            var sink = new DiagnosticSink();
            var file = Parser.Parse(new SourceFile("m.go", "/m.go", text), sink);
            if (!CompileErrors.HasSyntaxError(sink))
            {
                var pkg = Checker.Check("p", [file], new CheckOptions { Complete = false }, sink);
                if (!sink.HasErrors)
                    Pragmas.Check(file, sink);
                if (!sink.HasErrors)
                {
                    PackageIR ir = PackageBuilder.Build(pkg, new Tuza.IR.BuildContext(Flatten.Sizes));
                    if (ir.Errors.Count == 0)
                        return PackageCompiler.Compile(ir, [], "mutation", new CompileOptions()).Length > 0 ? null : "no image";
                    sink.List.AddRange(ir.Errors);
                }
            }
            return CompileErrors.Format(sink.List, all: true).Length > 0 ? null : "neither errors nor an image";
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }
}

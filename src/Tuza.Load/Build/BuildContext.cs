// Which files belong to a build: file names, build tags, constraints.
//
// A build that runs is always linux/amd64 without cgo. A package can be selected as for an unknown architecture instead: then neither the tag
// amd64 nor the suffix _amd64 holds, and portable Go files take the place of assembly (Goroot/Selections.cs says for which packages).
//
// A context made by ForReading chooses files exactly as the go command does for linux and some GOARCH: for tools that look at programs
// (layout, vet) instead of running them. It has no tags of our own, and Selections and patches do not apply.

using System;
using System.Collections.Generic;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>The tags and names that a build satisfies.</summary>
public sealed class BuildContext
{
    /// <summary>The N of the Go 1.N that this toolchain implements.</summary>
    public const int GoMinor = 27;

    static readonly HashSet<string> s_systems = ["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
        "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"];

    static readonly HashSet<string> s_machines = ["386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64",
        "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm"];

    static readonly HashSet<string> s_tags = ["linux", "unix", "gc", "purego", "goexperiment.jsonv2"];

    static readonly HashSet<string> s_readingTags = ["linux", "unix", "gc", "goexperiment.dwarf5", "goexperiment.jsonv2", "goexperiment.greenteagc",
        "goexperiment.randomizedheapbase64", "goexperiment.sizespecializedmalloc"];

    readonly HashSet<string> _extra;

    public BuildContext(IEnumerable<string>? extraTags = null)
    {
        _extra = [.. extraTags ?? []];
    }

    /// <summary>As the go command would build for linux and goarch.</summary>
    public static BuildContext ForReading(string goarch, IEnumerable<string>? extraTags = null) => new(extraTags) { GoArch = goarch, IsReading = true };

    public string GoArch { get; private init; } = "amd64";

    /// <summary>Linux, but for the machine that has none.</summary>
    string GoOs => GoArch == "wasm" ? "js" : "linux";

    /// <summary>The files are looked at, not compiled: no tag and no selection of our own.</summary>
    public bool IsReading { get; private init; }

    public IEnumerable<string> ExtraTags => _extra;

    public bool Satisfies(string tag, bool unknownArch)
    {
        if (tag == GoArch || tag == "amd64.v1" && GoArch == "amd64")
            return !unknownArch;
        if (IsReading && tag is "goexperiment.regabiwrappers" or "goexperiment.regabiargs")
            return GoArch is "amd64" or "arm64" or "loong64" or "ppc64" or "ppc64le" or "riscv64" or "s390x";
        if (tag == GoOs)
            return true;
        if (GoOs != "linux" && tag is ("linux" or "unix"))
            return false;
        if ((IsReading ? s_readingTags : s_tags).Contains(tag) || _extra.Contains(tag))
            return true;
        return tag.StartsWith("go1.", StringComparison.Ordinal) && int.TryParse(tag.AsSpan(4), out int n) && n is >= 1 and <= GoMinor;
    }

    /// <summary>False when the suffix of a file name (`_linux`, `_amd64`, `_linux_amd64`, before `_test`) names another target.</summary>
    public bool MatchesName(string name, bool unknownArch)
    {
        int dot = name.IndexOf('.');
        if (dot >= 0)
            name = name[..dot];
        int first = name.IndexOf('_');
        if (first < 0)
            return true;
        string[] parts = name[first..].Split('_');
        int n = parts.Length;
        if (n > 0 && parts[n - 1] == "test")
            n--;
        if (n >= 2 && s_systems.Contains(parts[n - 2]) && s_machines.Contains(parts[n - 1]))
            return parts[n - 2] == GoOs && parts[n - 1] == GoArch && !unknownArch;
        if (n >= 1 && s_systems.Contains(parts[n - 1]))
            return parts[n - 1] == GoOs;
        return n < 1 || !s_machines.Contains(parts[n - 1]) || (parts[n - 1] == GoArch && !unknownArch);
    }

    /// <summary>Evaluates the constraint lines before the package clause. error: a `//go:build` line that cannot be parsed.</summary>
    public bool MatchesConstraints(ReadOnlySpan<byte> text, bool unknownArch, out string? error)
    {
        error = null;
        (string? goBuild, List<string> plusBuild) = ConstraintLines(text);
        if (goBuild != null)
        {
            BuildConstraint? x = BuildConstraint.Parse(goBuild, out string? why);
            if (x == null)
            {
                error = "parsing //go:build line: " + why;
                return false;
            }
            return x.Eval(tag => Satisfies(tag, unknownArch));
        }
        foreach (string line in plusBuild)
        {
            if (BuildConstraint.Parse(line, out _) is { } x && !x.Eval(tag => Satisfies(tag, unknownArch)))
                return false;
        }
        return true;
    }

    /// <summary>The first `//go:build` line, and the `// +build` lines that a blank line follows, in the leading comments of a file.</summary>
    static (string? GoBuild, List<string> PlusBuild) ConstraintLines(ReadOnlySpan<byte> text)
    {
        string? goBuild = null;
        List<string> plus = [];
        int plusBeforeBlank = 0;
        bool inBlock = false;
        if (text.StartsWith("\ufeff"u8))
            text = text[3..];
        while (text.Length > 0)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = Trim(end < 0 ? text : text[..end]);
            text = end < 0 ? default : text[(end + 1)..];
            if (inBlock)
            {
                int close = line.IndexOf("*/"u8);
                if (close < 0)
                    continue;
                inBlock = false;
                line = Trim(line[(close + 2)..]);
                if (line.Length == 0)
                    continue;
            }
            if (line.Length == 0)
            {
                plusBeforeBlank = plus.Count;
                continue;
            }
            while (line.StartsWith("/*"u8))
            {
                int close = line[2..].IndexOf("*/"u8);
                if (close < 0)
                {
                    inBlock = true;
                    line = default;
                    break;
                }
                line = Trim(line[(close + 4)..]);
            }
            if (line.Length == 0)
                continue;
            if (!line.StartsWith("//"u8))
                break;
            if (line.StartsWith("//go:build"u8) || line.IndexOf("+build"u8) >= 0)
            {
                string s = Encoding.UTF8.GetString(line);
                if (BuildConstraint.IsGoBuildLine(s))
                    goBuild ??= s;
                else if (BuildConstraint.IsPlusBuildLine(s))
                    plus.Add(s);
            }
        }
        plus.RemoveRange(plusBeforeBlank, plus.Count - plusBeforeBlank);
        return (goBuild, plus);
    }

    static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.Trim(" \t\r"u8);
}

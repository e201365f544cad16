// The flags that run, build, test and list share, and the compiler flags inside -gcflags.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using Tuza.Load;

namespace Tuza.Cli;

/// <summary>Compiler flags of one package. Names are those of gc's compiler.</summary>
sealed class GcFlags
{
    public bool AllErrors { get; private set; }         // -e: no limit of ten
    public int Optimizations { get; private set; }      // -m, -m=2: print escape and inlining decisions
    public int NoInline { get; private set; }           // -l: 1 disables inlining, 4 makes it aggressive
    public bool NoOptimize { get; private set; }        // -N
    public bool NoBounds { get; private set; }          // -B
    public bool Complete { get; private set; }          // -complete: all functions have bodies
    public bool SmallFrames { get; private set; }
    public string Lang { get; private set; } = "";
    public string PackagePath { get; private set; } = "";   // -p
    public List<string> Debug { get; } = [];            // -d=...

    public void Add(string text)
    {
        List<string> words = Split(text);
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (!word.StartsWith('-') || word.Length < 2)
                throw new UsageException($"usage: compile [options] file.go...\n(in -gcflags: {word} is no flag)");
            string name = word.TrimStart('-');
            int equals = name.IndexOf('=');
            string? value = equals < 0 ? null : name[(equals + 1)..];
            if (equals >= 0)
                name = name[..equals];
            Set(name, value, () => value ?? (++i < words.Count ? words[i] : throw new UsageException($"flag needs an argument: -{name}")));
        }
    }

    void Set(string name, string? value, Func<string> argument)
    {
        switch (name)
        {
            case "e": AllErrors = Number(value) != 0; break;
            case "m": Optimizations = value == null ? Optimizations + 1 : Number(value); break;
            case "l": NoInline = value == null ? NoInline + 1 : Number(value); break;
            case "N": NoOptimize = Number(value) != 0; break;
            case "B": NoBounds = Number(value) != 0; break;
            case "complete": Complete = Number(value) != 0; break;
            case "smallframes": SmallFrames = true; break;
            case "lang": Lang = argument(); break;
            case "p": PackagePath = argument(); break;
            case "d": Debug.AddRange(argument().Split(',', StringSplitOptions.RemoveEmptyEntries)); break;
            case "c" or "o" or "I" or "D" or "importcfg" or "trimpath" or "buildid" or "asmhdr" or "symabis" or "spectre" or "pgoprofile" or "json":
                argument();
                break;
            case "S" or "v" or "w" or "W" or "h" or "j" or "K" or "L" or "r" or "t" or "u" or "x" or "E" or "C" or "std" or "+" or "pack" or "live" or "race"
                or "msan" or "asan" or "shared" or "dynlink" or "nolocalimports" or "dwarf" or "dwarflocationlists" or "errorurl" or "wb" or "unsafe" or "linkshared":
                break;
            default:
                throw new UsageException($"flag provided but not defined: -{name}\nusage: compile [options] file.go...");
        }
    }

    static int Number(string? value) => value switch
    {
        null or "true" => 1,
        "false" => 0,
        _ => int.TryParse(value, out int n) ? n : 1,
    };

    /// <summary>Splits at blanks, honouring quotes.</summary>
    internal static List<string> Split(string s)
    {
        List<string> words = [];
        int i = 0;
        while (i < s.Length)
        {
            if (char.IsWhiteSpace(s[i]))
            {
                i++;
                continue;
            }
            if (s[i] is '"' or '\'')
            {
                int end = s.IndexOf(s[i], i + 1);
                if (end < 0)
                    throw new UsageException("unterminated " + s[i] + " string");
                words.Add(s[(i + 1)..end]);
                i = end + 1;
                continue;
            }
            int start = i;
            while (i < s.Length && !char.IsWhiteSpace(s[i]))
                i++;
            words.Add(s[start..i]);
        }
        return words;
    }
}

/// <summary>Flags of all commands that load packages.</summary>
sealed class BuildFlags
{
    readonly List<(string Pattern, string Flags)> _gcflags = [];
    readonly ConcurrentDictionary<string, GcFlags> _byPackage = new(StringComparer.Ordinal); // packages are checked and compiled in parallel

    public string Output { get; private set; } = "";
    public string Folder { get; private set; } = "";
    public string Goroot { get; private set; } = "";
    public string Mod { get; private set; } = "";
    public bool Json { get; private set; }
    public bool Verbose { get; private set; }
    public bool Rebuild { get; private set; }
    public List<string> Tags { get; } = [];

    public Flags Register(Flags flags) => flags
        .Text("C", s => Folder = s, "change to this folder first")
        .Text("o", s => Output = s, "where to write the result")
        .Text("tags", s => Tags.AddRange(s.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)), "build tags, separated by commas")
        .Text("gcflags", AddGcFlags, "compiler flags: -e -m -l -N -lang -d=...; may begin with a package pattern and =")
        .Text("goroot", s => Goroot = s, "the Go installation whose standard library is compiled")
        .Text("mod", s => Mod = s, "vendor, mod or readonly")
        .Bool("a", b => Rebuild = b, "compile everything anew, ignoring the cache")
        .Bool("x", b => Verbose |= b, "print what is done")
        .Ignored(true, "trimpath", "n", "race", "msan", "asan", "work", "modcacherw", "linkshared", "buildvcs")
        .Ignored(false, "p", "ldflags", "asmflags", "buildmode", "compiler", "gccgoflags", "installsuffix", "pkgdir", "modfile", "overlay", "pgo", "toolexec", "vet");

    void AddGcFlags(string text)
    {
        text = text.Trim();
        int equals = text.IndexOf('=');
        bool hasPattern = text.Length > 0 && text[0] != '-' && equals > 0;
        _gcflags.Add(hasPattern ? (text[..equals], text[(equals + 1)..]) : ("", text));
        new GcFlags().Add(_gcflags[^1].Flags); // complain now, not at the first package
    }

    /// <summary>The compiler flags of a package: without a pattern they are for what the command line names, `all` is everything.</summary>
    public GcFlags For(LoadedPackage p, bool isRoot)
    {
        string key = p.ImportPath + (isRoot ? " root" : "");
        if (_byPackage.TryGetValue(key, out GcFlags? known))
            return known;
        GcFlags flags = new();
        string? last = null;
        foreach ((string pattern, string text) in _gcflags)
        {
            bool applies = pattern switch
            {
                "" => isRoot,
                "all" => true,
                "std" => p.IsStd,
                "./..." => isRoot || p.Module is { IsMain: true },
                "." => isRoot,
                _ => PatternMatches(pattern, p.ImportPath),
            };
            if (applies)
                last = text; // the last one that matches wins, as in go
        }
        if (last != null)
            flags.Add(last);
        return _byPackage[key] = flags;
    }

    /// <summary>Flags of the packages below p that change which of their functions can be inlined; empty as a rule.</summary>
    public string InliningBelow(LoadedPackage p, Func<LoadedPackage, bool> isRoot)
    {
        if (_gcflags.Count == 0)
            return "";
        List<string> odd = [];
        HashSet<LoadedPackage> seen = [];
        Visit(p);
        odd.Sort(StringComparer.Ordinal);
        return string.Join(' ', odd);

        void Visit(LoadedPackage q)
        {
            foreach (LoadedPackage import in q.Imports.Values)
            {
                if (!seen.Add(import))
                    continue;
                if (For(import, isRoot(import)).NoInline is not 0 and int level)
                    odd.Add($"{import.ImportPath}={level}");
                Visit(import);
            }
        }
    }

    /// <summary>The flags given without a pattern, for what is decided before packages are known.</summary>
    public GcFlags ForRoots()
    {
        GcFlags flags = new();
        foreach ((string pattern, string text) in _gcflags)
        {
            if (pattern == "")
                flags.Add(text);
        }
        return flags;
    }

    static bool PatternMatches(string pattern, string path)
    {
        if (pattern.EndsWith("/...", StringComparison.Ordinal))
            return path == pattern[..^4] || path.StartsWith(pattern[..^3], StringComparison.Ordinal);
        return path == pattern;
    }
}

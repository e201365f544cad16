// go.mod and go.work: lines of words, with blocks in parentheses.
//
// Only what decides about a build is kept: module, go, require, replace, exclude, use. Other known verbs are skipped, unknown ones are errors.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Syntax;

namespace Tuza.Load;

/// <summary>A module and its version; the version of a local replacement or a main module is "".</summary>
public readonly record struct ModuleVersion(string Path, string Version)
{
    public override string ToString() => Version == "" ? Path : Path + "@" + Version;
}

/// <summary>A parsed go.mod or go.work.</summary>
public sealed class ModFile
{
    public string File { get; private init; } = "";
    public string Dir => Path.GetDirectoryName(File)!;
    public string Module { get; private set; } = "";

    /// <summary>"1.21", or "" without a go line.</summary>
    public string Go { get; private set; } = "";
    public List<ModuleVersion> Require { get; } = [];
    public HashSet<ModuleVersion> Exclude { get; } = [];

    /// <summary>Keyed by path and version, or path and "" for all versions.</summary>
    public Dictionary<ModuleVersion, ModuleVersion> Replace { get; } = [];
    public List<string> Use { get; } = [];
    /// <summary>`key=value` of the godebug lines.</summary>
    public List<string> Godebug { get; } = [];
    public List<string> Errors { get; } = [];

    /// <summary>The language version of packages of this module: go1.16 without a go line.</summary>
    public string LangVersion => LangOf(Go);

    internal static string LangOf(string go) => SemVer.GoMinor(go) is >= 0 and int minor ? "go1." + minor : "go1.16";

    public static ModFile Read(string file, string displayName) => Parse(file, displayName, System.IO.File.ReadAllText(file));

    public static ModFile Parse(string file, string displayName, string text)
    {
        ModFile m = new() { File = file };
        string block = "";
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            List<string>? words = Words(raw);
            if (words == null)
            {
                m.Errors.Add($"{displayName}:{number}: invalid quoted string");
                continue;
            }
            if (words.Count == 0)
                continue;
            if (block != "")
            {
                if (words[0] == ")")
                    block = "";
                else
                    m.Line(block, words, $"{displayName}:{number}");
            }
            else if (words.Count == 2 && words[1] == "(")
                block = words[0];
            else
                m.Line(words[0], words.GetRange(1, words.Count - 1), $"{displayName}:{number}");
        }
        return m;
    }

    static List<string>? Words(string line)
    {
        List<string> words = [];
        for (int i = 0; i < line.Length;)
        {
            char c = line[i];
            if (c is ' ' or '\t' or '\r')
            {
                i++;
                continue;
            }
            if (c == '/' && i + 1 < line.Length && line[i + 1] == '/')
                break;
            int start = i;
            if (c is '"' or '`')
            {
                i++;
                while (i < line.Length && line[i] != c)
                    i += line[i] == '\\' && c == '"' ? 2 : 1;
                if (i >= line.Length || GoText.Unquote(line[start..(i + 1)]) is not { } s)
                    return null;
                words.Add(s);
                i++;
                continue;
            }
            if (c is '(' or ')' or ',' or '[' or ']')
            {
                words.Add(c.ToString());
                i++;
                continue;
            }
            while (i < line.Length && line[i] is not (' ' or '\t' or '\r' or '(' or ')' or ',') && !(line[i] == '/' && i + 1 < line.Length && line[i + 1] == '/' && line[i - 1] != ':'))
                i++;
            words.Add(line[start..i]);
        }
        return words;
    }

    void Line(string verb, List<string> args, string at)
    {
        switch (verb)
        {
            case "module" when args.Count == 1:
                Module = args[0];
                break;
            case "go" when args.Count == 1:
                if (SemVer.GoMinor(args[0]) < 0)
                    Errors.Add($"{at}: invalid go version '{args[0]}': must match format 1.23");
                else
                    Go = args[0];
                break;
            case "require" when args.Count == 2:
                Require.Add(new ModuleVersion(args[0], args[1]));
                break;
            case "exclude" when args.Count == 2:
                Exclude.Add(new ModuleVersion(args[0], args[1]));
                break;
            case "use" when args.Count == 1:
                Use.Add(args[0]);
                break;
            case "replace":
                ReplaceLine(args, at);
                break;
            case "godebug" when args.Count == 1 && args[0].Contains('=', System.StringComparison.Ordinal):
                Godebug.Add(args[0]);
                break;
            case "toolchain" or "retract" or "godebug" or "tool" or "ignore":
                break;
            default:
                Errors.Add(verb is "module" or "go" or "require" or "exclude" or "use" ? $"{at}: usage: {verb} with {args.Count} arguments" : $"{at}: unknown directive: {verb}");
                break;
        }
    }

    void ReplaceLine(List<string> args, string at)
    {
        int arrow = args.IndexOf("=>");
        int right = args.Count - arrow - 1;
        if (arrow is not (1 or 2) || right is not (1 or 2))
        {
            Errors.Add($"{at}: usage: replace module/path [v1.2.3] => other/module v1.4\n\t or replace module/path [v1.2.3] => ../local/directory");
            return;
        }
        string target = args[arrow + 1];
        if (right == 1 && !IsLocal(target))
        {
            Errors.Add($"{at}: replacement module without version must be directory path (rooted or starting with . or ..)");
            return;
        }
        Replace[new ModuleVersion(args[0], arrow == 2 ? args[1] : "")] = new ModuleVersion(target, right == 2 ? args[arrow + 2] : "");
    }

    internal static bool IsLocal(string path) => path is "." or ".." || path.StartsWith("./", StringComparison.Ordinal)
        || path.StartsWith("../", StringComparison.Ordinal) || path.StartsWith('/');

    /// <summary>What replaces a module, if anything does.</summary>
    public bool Replacement(ModuleVersion m, out ModuleVersion with) => Replace.TryGetValue(m, out with) || Replace.TryGetValue(m with { Version = "" }, out with);
}

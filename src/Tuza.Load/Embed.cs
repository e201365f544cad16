// The files of `//go:embed` patterns.
//
// A pattern is a path with *, ? and [classes], relative to the package's folder. A matched folder stands for all files below it except
// those whose names begin with . or _ (with the prefix `all:` also those), and never across the border of another module.

using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;

namespace Tuza.Load;

/// <summary>Resolves embed patterns.</summary>
public static class Embed
{
    static readonly SearchValues<char> s_badCharacters = SearchValues.Create("\\:*<>?`'\"|");

    /// <summary>The matching files, as sorted slash paths relative to the folder, or null with the reason.</summary>
    public static List<string>? Resolve(string folder, string pattern, out string error)
    {
        error = "";
        bool all = pattern.StartsWith("all:", StringComparison.Ordinal);
        string glob = all ? pattern[4..] : pattern;
        if (!IsValid(glob))
        {
            error = "invalid pattern syntax";
            return null;
        }
        List<string> matches = [];
        Match(folder, "", glob == "." ? [] : glob.Split('/'), 0, matches);
        SortedSet<string> files = new(StringComparer.Ordinal);
        foreach (string rel in matches)
        {
            string path = rel == "" ? folder : Path.Combine(folder, rel);
            bool isFolder = Directory.Exists(path);
            if (Misplaced(folder, rel, isFolder ? "directory" : "file") is { } why)
            {
                error = why;
                return null;
            }
            FileAttributes kind = File.GetAttributes(path);
            if (isFolder && (kind & FileAttributes.ReparsePoint) == 0)
            {
                int before = files.Count;
                Collect(path, rel, all, files);
                if (files.Count == before)
                {
                    error = $"cannot embed directory {(rel == "" ? "." : rel)}: contains no embeddable files";
                    return null;
                }
            }
            else if ((kind & FileAttributes.ReparsePoint) != 0 || isFolder)
            {
                error = $"cannot embed irregular file {rel}";
                return null;
            }
            else
                files.Add(rel);
        }
        if (files.Count == 0)
        {
            error = "no matching files found";
            return null;
        }
        return [.. files];
    }

    static bool IsValid(string glob)
    {
        if (glob == ".")
            return true;
        foreach (string part in glob.Split('/'))
        {
            if (part is "" or "." or "..")
                return false;
            int open = part.IndexOf('[');
            if ((open >= 0 && part.IndexOf(']', open) < 0) || part.EndsWith('\\'))
                return false;
        }
        return true;
    }

    static bool IsBadName(string name) => name is "" or ".bzr" or ".hg" or ".git" or ".svn" || name.AsSpan().IndexOfAny(s_badCharacters) >= 0;

    static string? Misplaced(string folder, string rel, string what)
    {
        for (string r = rel; r != "";)
        {
            if (Directory.Exists(Path.Combine(folder, r)) && File.Exists(Path.Combine(folder, r, "go.mod")))
                return $"cannot embed {what} {rel}: in different module";
            string name = Path.GetFileName(r);
            if (IsBadName(name))
                return r == rel ? $"cannot embed {what} {rel}: invalid name {name}" : $"cannot embed {what} {rel}: in invalid directory {name}";
            r = Path.GetDirectoryName(r) ?? "";
        }
        return null;
    }

    static void Match(string folder, string rel, string[] parts, int i, List<string> matches)
    {
        if (i == parts.Length)
        {
            matches.Add(rel);
            return;
        }
        string dir = rel == "" ? folder : Path.Combine(folder, rel);
        if (!Directory.Exists(dir))
            return;
        List<string> names = [];
        if (parts[i].AsSpan().IndexOfAny("*?[\\") < 0)
        {
            string path = Path.Combine(dir, parts[i]);
            if (File.Exists(path) || Directory.Exists(path))
                names.Add(parts[i]);
        }
        else
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(dir))
            {
                string name = Path.GetFileName(entry);
                if (GlobMatch(parts[i], name))
                    names.Add(name);
            }
            names.Sort(StringComparer.Ordinal);
        }
        foreach (string name in names)
            Match(folder, rel == "" ? name : rel + "/" + name, parts, i + 1, matches);
    }

    static void Collect(string path, string rel, bool all, SortedSet<string> into)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            string name = Path.GetFileName(entry);
            if (IsBadName(name) || (name[0] is '.' or '_' && !all))
                continue;
            string at = rel == "" ? name : rel + "/" + name;
            if ((File.GetAttributes(entry) & FileAttributes.ReparsePoint) != 0)
                continue;
            if (!Directory.Exists(entry))
                into.Add(at);
            else if (!File.Exists(Path.Combine(entry, "go.mod")))
                Collect(entry, at, all, into);
        }
    }

    /// <summary>Go's path.Match for one path element.</summary>
    internal static bool GlobMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (pattern.Length > 0)
        {
            switch (pattern[0])
            {
                case '*':
                    for (int skip = 0; skip <= name.Length; skip++)
                    {
                        if (GlobMatch(pattern[1..], name[skip..]))
                            return true;
                    }
                    return false;
                case '?':
                    if (name.Length == 0)
                        return false;
                    break;
                case '[':
                    int close = pattern[1..].IndexOf(']') + 1;
                    if (close <= 0 || name.Length == 0 || !InClass(pattern[1..close], name[0]))
                        return false;
                    pattern = pattern[close..];
                    break;
                case '\\' when pattern.Length > 1:
                    pattern = pattern[1..];
                    if (name.Length == 0 || name[0] != pattern[0])
                        return false;
                    break;
                default:
                    if (name.Length == 0 || name[0] != pattern[0])
                        return false;
                    break;
            }
            pattern = pattern[1..];
            name = name[1..];
        }
        return name.Length == 0;
    }

    static bool InClass(ReadOnlySpan<char> set, char c)
    {
        bool negate = set.Length > 0 && set[0] == '^';
        if (negate)
            set = set[1..];
        bool found = false;
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
                found |= c == set[i];
        }
        return found != negate;
    }
}

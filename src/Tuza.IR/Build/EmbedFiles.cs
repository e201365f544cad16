// Expands `//go:embed` patterns over the folder of the source file: the default resolver of BuildContext.
//
// A pattern is a path with * ? [..] within elements. A folder stands for its files, recursively, without those whose names begin with
// '.' or '_' unless the pattern begins with "all:". Every pattern must match something.

using System;
using System.Collections.Generic;
using System.IO;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

static class EmbedFiles
{
    public static List<EmbedFile>? Resolve(Package pkg, SourceFile file, IReadOnlyList<string> patterns, out string error)
    {
        error = "";
        string root = Path.GetDirectoryName(Path.GetFullPath(file.Path)) ?? "/";
        var found = new SortedDictionary<string, EmbedFile>(StringComparer.Ordinal);
        foreach (var written in patterns)
        {
            bool all = written.StartsWith("all:", StringComparison.Ordinal);
            string pattern = all ? written[4..] : written;
            if (pattern.Length == 0 || pattern[0] == '/' || pattern != "." && Array.Exists(pattern.Split('/'), e => e is "" or "." or ".."))
            {
                error = $"pattern {written}: invalid pattern syntax";
                return null;
            }
            int before = found.Count;
            bool any = false;
            foreach (var path in Expand(root, pattern))
            {
                any = true;
                string full = Path.Combine(root, path);
                if (File.Exists(full))
                    found[path] = new EmbedFile(path, File.ReadAllBytes(full));
                else
                    AddFolder(root, path == "." ? "" : path, all, found);
            }
            if (!any)
                error = $"pattern {written}: no matching files found";
            else if (found.Count == before && found.Count == 0)
                error = $"pattern {written}: cannot embed directory {pattern}: contains no embeddable files";
            if (error != "")
                return null;
        }
        return [.. found.Values];
    }

    static List<string> Expand(string root, string pattern)
    {
        if (pattern == ".")
            return ["."];
        var paths = new List<string> { "" };
        foreach (var element in pattern.Split('/'))
        {
            var next = new List<string>();
            foreach (var dir in paths)
            {
                string full = Path.Combine(root, dir);
                if (!Directory.Exists(full))
                    continue;
                foreach (var entry in Directory.EnumerateFileSystemEntries(full))
                {
                    string name = Path.GetFileName(entry);
                    if (Match(element, name))
                        next.Add(dir == "" ? name : dir + "/" + name);
                }
            }
            next.Sort(StringComparer.Ordinal);
            paths = next;
        }
        return paths;
    }

    static void AddFolder(string root, string dir, bool all, SortedDictionary<string, EmbedFile> found)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(Path.Combine(root, dir)))
        {
            string name = Path.GetFileName(entry);
            if (!all && name[0] is '.' or '_' && !all || name is ".git" or ".hg" or ".svn" or ".bzr")
                continue;
            string path = dir == "" ? name : dir + "/" + name;
            if (Directory.Exists(entry))
            {
                if (!File.Exists(Path.Combine(entry, "go.mod")))
                    AddFolder(root, path, all, found);
            }
            else
            {
                found[path] = new EmbedFile(path, File.ReadAllBytes(entry));
            }
        }
    }

    /// <summary>Shell pattern match of one path element, as Go's path.Match.</summary>
    internal static bool Match(string pattern, string name) => Match(pattern.AsSpan(), name.AsSpan());

    static bool Match(ReadOnlySpan<char> p, ReadOnlySpan<char> s)
    {
        while (p.Length > 0)
        {
            switch (p[0])
            {
                case '*':
                    for (int i = 0; i <= s.Length; i++)
                        if (Match(p[1..], s[i..]))
                            return true;
                    return false;
                case '[':
                {
                    int end = p[1..].IndexOf(']') + 1;
                    if (s.Length == 0 || end <= 0)
                        return false;
                    var set = p[1..end];
                    bool negated = set.Length > 0 && set[0] == '^', hit = false;
                    for (int i = negated ? 1 : 0; i < set.Length; i++)
                    {
                        if (set[i] == '\\' && i + 1 < set.Length)
                            i++;
                        char lo = set[i], hi = lo;
                        if (i + 2 < set.Length && set[i + 1] == '-')
                        {
                            hi = set[i + 2];
                            i += 2;
                        }
                        hit |= s[0] >= lo && s[0] <= hi;
                    }
                    if (hit == negated)
                        return false;
                    p = p[(end + 1)..];
                    s = s[1..];
                    continue;
                }
                case '\\' when p.Length > 1:
                    p = p[1..];
                    break;
            }
            if (s.Length == 0 || p[0] != '?' && p[0] != s[0])
                return false;
            p = p[1..];
            s = s[1..];
        }
        return s.Length == 0;
    }
}

// Package arguments: import paths, folders, `...` patterns, std.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

namespace Tuza.Load;

/// <summary>Expands package patterns.</summary>
public static class Patterns
{
    /// <summary>True for arguments that name folders, not import paths.</summary>
    public static bool IsLocal(string pattern) => pattern is "." or ".." || pattern.StartsWith("./", StringComparison.Ordinal)
        || pattern.StartsWith("../", StringComparison.Ordinal) || pattern.StartsWith('/');

    /// <summary>The folders below root that may hold packages: no testdata, no names that begin with . or _, no other module.</summary>
    internal static IEnumerable<string> PackageFolders(string root, bool isStd)
    {
        if (ModuleGraph.HasGoFiles(root))
            yield return root;
        List<string> children = [.. Directory.EnumerateDirectories(root)];
        children.Sort(StringComparer.Ordinal);
        foreach (string dir in children)
        {
            string name = Path.GetFileName(dir);
            if (name[0] is '.' or '_' || name == "testdata" || (name == "vendor" && !isStd))
                continue;
            if (File.Exists(Path.Combine(dir, "go.mod")) || (File.GetAttributes(dir) & FileAttributes.ReparsePoint) != 0)
                continue;
            foreach (string d in PackageFolders(dir, isStd))
                yield return d;
        }
    }

    /// <summary>True for paths that a `...` pattern matches; `x/...` matches x too.</summary>
    internal static Func<string, bool> Matcher(string pattern)
    {
        string re = Regex.Escape(pattern).Replace(@"\.\.\.", ".*", StringComparison.Ordinal);
        if (re.EndsWith("/.*", StringComparison.Ordinal))
            re = re[..^3] + "(/.*)?";
        Regex regex = new("^" + re + "$", RegexOptions.CultureInvariant);
        return path => regex.IsMatch(path);
    }
}

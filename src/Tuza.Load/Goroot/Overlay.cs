// Packages of the standard library that are replaced: those with a folder std/overlay/<import path>.
//
// A package is replaced wholly or not at all. The folder is found beside the program, or above it in a source tree.

using System;
using System.Collections.Generic;
using System.IO;

namespace Tuza.Load;

/// <summary>The table of replaced packages.</summary>
public sealed class Overlay
{
    readonly Lazy<Dictionary<string, string>> _dirs;

    public Overlay(string? root)
    {
        Root = root;
        _dirs = new(() => FoldersOf(root));
    }

    static Dictionary<string, string> FoldersOf(string? root)
    {
        Dictionary<string, string> dirs = [];
        if (root == null || !Directory.Exists(root))
            return dirs;
        foreach (string dir in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories))
        {
            foreach (string _ in Directory.EnumerateFiles(dir, "*.go"))
            {
                dirs[Path.GetRelativePath(root, dir).Replace('\\', '/')] = dir;
                break;
            }
        }
        return dirs;
    }

    public string? Root { get; }

    public string? FolderOf(string importPath) => _dirs.Value.GetValueOrDefault(importPath);

    /// <summary>std/overlay beside the program, or in the source tree that it was built in.</summary>
    public static Overlay Find()
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "std", "overlay");
        if (Directory.Exists(beside))
            return new Overlay(beside);
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d != null; d = d.Parent)
        {
            string inTree = Path.Combine(d.FullName, "std", "overlay");
            if (File.Exists(Path.Combine(d.FullName, "Tuza.slnx")))
                return new Overlay(Directory.Exists(inTree) ? inTree : null);
        }
        return new Overlay(null);
    }
}

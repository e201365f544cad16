// Paths as the go command prints them: relative to the working folder where that is shorter.

using System.IO;

namespace Tuza.Load;

/// <summary>Shortens paths for messages.</summary>
public sealed class DisplayPaths(string workDir)
{
    public string WorkDir { get; } = Path.GetFullPath(workDir);

    /// <summary>`x.go`, `sub/x.go`, `../x.go` or the path itself.</summary>
    public string Short(string path)
    {
        string rel = Path.GetRelativePath(WorkDir, path);
        return rel.Length < path.Length ? rel : path;
    }

    /// <summary>As Short, but a file of the working folder itself begins with `./`: the form of compiler messages.</summary>
    public string ForMessage(string path)
    {
        string s = Short(path);
        return s.Contains('/') ? s : "./" + s;
    }
}

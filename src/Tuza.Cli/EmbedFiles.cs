// The files of `//go:embed` directives, for the compiler.

using System.Collections.Generic;
using System.IO;
using Tuza.IR;
using Tuza.Load;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Cli;

static class EmbedFiles
{
    /// <summary>Reads what the patterns match below the folder of the file that has the directive.</summary>
    public static List<EmbedFile>? Resolve(Package package, SourceFile file, IReadOnlyList<string> patterns, out string error)
    {
        string folder = Path.GetDirectoryName(file.Path)!;
        SortedDictionary<string, EmbedFile> files = new(System.StringComparer.Ordinal);
        foreach (string pattern in patterns)
        {
            if (Embed.Resolve(folder, pattern, out string why) is not { } names)
            {
                error = $"pattern {pattern}: {why}";
                return null;
            }
            foreach (string name in names)
                files[name] = new EmbedFile(name, File.ReadAllBytes(Path.Combine(folder, name)));
        }
        error = "";
        return [.. files.Values];
    }
}

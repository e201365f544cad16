// What the checker is told from outside: options, and where imported packages come from.

namespace Tuza.Types;

/// <summary>Finds packages by import path.</summary>
public interface IImporter
{
    /// <summary>Returns the package that <paramref name="path"/> means inside <paramref name="from"/>, or null with the reason why it
    /// cannot be had. The package's declarations must be checked; its function bodies need not be.</summary>
    Package? Import(string path, Package from, out string error);
}

public sealed class CheckOptions
{
    public IImporter? Importer;
    /// <summary>Language version of the package ("go1.27"); "" allows everything.</summary>
    public string GoVersion = "go1.27";
    /// <summary>Stop after the declarations: bodies are checked by CheckBody or CheckBodies of its Checker.</summary>
    public bool IgnoreFuncBodies;
    /// <summary>A package of the standard library: some directives are allowed only there.</summary>
    public bool IsStd;
    /// <summary>The package consists of Go files alone, so a function without a body (and without a linkname) is an error.</summary>
    public bool Complete = true;
    /// <summary>Decides sizes, alignments, and the range of int, uint and uintptr.</summary>
    public string GoArch = "amd64";
}

/// <summary>Language versions: only the N of "go1.N" matters. 0 is "unknown": everything is allowed.</summary>
readonly record struct LangVersion(int Minor)
{
    /// <summary>The newest language this checker knows.</summary>
    public const int Current = 27;

    public static readonly LangVersion Unknown;
    public bool IsValid => Minor > 0;

    public static LangVersion Parse(string text)
    {
        if (!text.StartsWith("go1", System.StringComparison.Ordinal))
            return Unknown;
        if (text.Length == 3)
            return new LangVersion(1);
        if (text[3] != '.')
            return Unknown;
        int minor = 0, i = 4;
        for (; i < text.Length && text[i] is >= '0' and <= '9'; i++)
            minor = minor < 100000 ? minor * 10 + (text[i] - '0') : minor;
        return i == 4 ? Unknown : new LangVersion(minor);
    }

    public override string ToString() => IsValid ? $"go1.{Minor}" : "";
}

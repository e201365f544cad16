// Where Go's own sources lie: what the user says, the environment, a go command in PATH, the usual folders.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace Tuza.Load;

/// <summary>Finds the Go installation whose standard library is compiled.</summary>
public static class GorootFinder
{
    static readonly string[] s_usual =
    [
        "/usr/lib/go-1." + Minor, "/usr/share/go-1." + Minor, "/usr/local/go", "/usr/lib/go", "/usr/lib64/go", "/usr/lib/golang", "/usr/share/go", "/opt/go",
    ];

    static string Minor => BuildContext.GoMinor.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// The folder and why it was chosen, or null with one line that says what to do. looked: takes the paths whose being there, or change, would change
    /// the answer.
    /// </summary>
    public static string? Find(string? flag, Func<string, string?> environment, out string reason, List<string>? looked = null)
    {
        looked ??= [];
        if (!string.IsNullOrEmpty(flag))
            return Check(flag, "-goroot", looked, out reason);
        if (environment("GOROOT") is { Length: > 0 } root)
            return Check(root, "GOROOT", looked, out reason);
        List<string> old = [];
        foreach (string candidate in Candidates(environment, looked))
        {
            looked.Add(Path.Combine(Path.GetFullPath(candidate), "src", "fmt"));
            looked.Add(Path.Combine(Path.GetFullPath(candidate), "VERSION"));
            if (!IsGoroot(candidate))
                continue;
            int minor = VersionOf(candidate);
            if (minor == BuildContext.GoMinor)
            {
                reason = "found";
                return Path.GetFullPath(candidate);
            }
            old.Add($"{candidate} (go1.{minor})");
        }
        reason = $"tuza: cannot find the sources of Go 1.{Minor}"
            + (old.Count > 0 ? ", only " + string.Join(", ", old) : "")
            + $"; install golang-1.{Minor}-src, or set GOROOT, or use -goroot";
        return null;
    }

    static string? Check(string dir, string source, List<string> looked, out string reason)
    {
        dir = Path.GetFullPath(dir);
        looked.Add(Path.Combine(dir, "VERSION"));
        if (!IsGoroot(dir))
        {
            reason = $"tuza: {source} {dir} holds no Go sources (no src/fmt there)";
            return null;
        }
        int minor = VersionOf(dir);
        if (minor != BuildContext.GoMinor)
        {
            reason = $"tuza: {source} {dir} is Go 1.{minor}; this is a toolchain for Go 1.{Minor}";
            return null;
        }
        reason = source;
        return dir;
    }

    static bool IsGoroot(string dir) => Directory.Exists(Path.Combine(dir, "src", "fmt")) && Directory.Exists(Path.Combine(dir, "src", "runtime"));

    /// <summary>The minor version, from the VERSION file or else the newest entry of doc or api.</summary>
    static int VersionOf(string dir)
    {
        string path = Path.Combine(dir, "VERSION");
        if (File.Exists(path))
        {
            string text = System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(path)); // every start does this: no stream, no reader
            if (text.StartsWith("go1.", StringComparison.Ordinal))
            {
                int end = 4;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                    end++;
                if (int.TryParse(text.AsSpan(4, end - 4), out int minor))
                    return minor;
            }
        }
        return File.Exists(Path.Combine(dir, "src", "internal", "goversion", "goversion.go")) ? FromSource(dir) : 0;
    }

    static int FromSource(string dir)
    {
        foreach (string line in File.ReadLines(Path.Combine(dir, "src", "internal", "goversion", "goversion.go")))
        {
            if (line.StartsWith("const Version = ", StringComparison.Ordinal) && int.TryParse(line.AsSpan("const Version = ".Length).Trim(), out int minor))
                return minor;
        }
        return 0;
    }

    static IEnumerable<string> Candidates(Func<string, string?> environment, List<string> looked)
    {
        string? go = null;
        foreach (string folder in (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            go = Path.Combine(folder, "go");
            looked.Add(Path.GetFullPath(go));
            if (File.Exists(go))
                break;
            go = null;
        }
        if (go != null && Owner(go) is { } owner)
            yield return owner;
        foreach (string dir in s_usual)
            yield return dir;
        if (environment("HOME") is { Length: > 0 } home)
        {
            yield return Path.Combine(home, "go", "go");
            yield return Path.Combine(home, "sdk", "go1." + Minor);
        }
        if (go != null && environment(Asking) is null or "" && AskGo(go) is { } root)
            yield return root;
    }

    /// <summary>Set while a go command is asked: it may be this program under another name, which must not ask in turn.</summary>
    const string Asking = "TUZA_ASKING_GO";

    /// <summary>A go command usually lies in GOROOT/bin, maybe behind links.</summary>
    static string? Owner(string go)
    {
        try
        {
            string real = new FileInfo(go).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(go);
            string? root = Path.GetDirectoryName(Path.GetDirectoryName(real));
            return root != null && IsGoroot(root) ? root : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static string? AskGo(string go)
    {
        try
        {
            ProcessStartInfo start = new(go, "env GOROOT") { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment[Asking] = "1";
            using Process p = Process.Start(start)!;
            string output = p.StandardOutput.ReadToEnd().Trim();
            p.WaitForExit(10_000);
            return p.HasExited && p.ExitCode == 0 && output != "" ? output : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}

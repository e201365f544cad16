// Files that a flag names: `-` is standard output, what is there is overwritten with -f only, and nobody else may read what is written. Devices are written to.

using System;
using System.IO;

namespace Tuza.Cli;

static class OutputFile
{
    /// <summary>flag: by which another file is chosen.</summary>
    public static void Write(string path, string text, bool force, string flag = "-o")
    {
        if (path is "" or "-")
        {
            Driver.Write(Console.Out, text);
            return;
        }
        Check(path, force, flag);
        try
        {
            FileStreamOptions options = new() { Mode = IsDevice(path) ? FileMode.Open : FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows() && !IsDevice(path))
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using StreamWriter to = new(path, options);
            to.Write(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExitException(1, $"tuza: {path}: {e.Message}");
        }
    }

    /// <summary>Also before the work is done whose result is to be written.</summary>
    public static void Check(string path, bool force, string flag = "-o")
    {
        if (path is not ("" or "-") && !force && !IsDevice(path) && File.Exists(path))
            throw new ExitException(2, $"tuza: {path} exists: choose another file with {flag}, or overwrite it with -f");
    }

    static bool IsDevice(string path) => path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal);
}

// tuza exec: what the executables made by `tuza build` call. Not for people.
//
// An executable is a shell script: two lines of shell, then the Go installation and the paths of the images, one a line.

using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Tuza.Emit;

namespace Tuza.Cli;

static class ExecCommand
{
    public const string Name = "exec";

    const string Marker = "# images";

    /// <summary>A name for a program without a file of its own, as go gives it, and how its file is written.</summary>
    public static string TemporaryName(string name, bool isTest) =>
        string.Concat(Path.GetTempPath(), "go-build", System.Environment.ProcessId.ToString(CultureInfo.InvariantCulture), isTest ? "/" : "/exe/") + name;

    public static void WriteLauncher(string output, List<string> images, string goroot, string program)
    {
        string self = Path.Combine(System.AppContext.BaseDirectory, "tuza.dll");
        StringBuilder b = new("#!/bin/sh\n");
        b.Append("# ").Append(program).Append(", built by tuza ").Append(VersionCommand.Version).Append('\n');
        b.Append("exec dotnet ").Append(Quoted(self)).Append(' ').Append(Name).Append(" \"$0\" \"$@\"\n");
        b.Append(Marker).Append('\n').Append(goroot).Append('\n');
        foreach (string image in images)
            b.Append(image).Append('\n');
        string temp = output + "." + System.Environment.ProcessId;
        File.WriteAllText(temp, b.ToString());
        if (!System.OperatingSystem.IsWindows())
            File.SetUnixFileMode(temp, (UnixFileMode)0b111_101_101);
        File.Move(temp, output, overwrite: true);
    }

    static string Quoted(string s) => "'" + s.Replace("'", "'\\''", System.StringComparison.Ordinal) + "'";

    public static int Run(List<string> args)
    {
        if (args.Count == 0)
            throw new UsageException("usage: tuza exec launcher [arguments]");
        List<string> lines = [.. File.ReadLines(args[0])];
        int at = lines.IndexOf(Marker);
        if (at < 0 || at + 2 >= lines.Count)
            throw new ExitException(3, $"tuza: {args[0]} is not an executable made by tuza");
        List<string> images = lines[(at + 2)..];
        foreach (string image in images)
        {
            if (!File.Exists(image))
                throw new ExitException(3, $"tuza: {args[0]}: image {image} is gone; build the program again");
        }
        return Host.Run(images, args, lines[at + 1]);
    }
}

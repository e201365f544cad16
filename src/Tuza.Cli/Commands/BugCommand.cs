// tuza bug: what a report about Tuza should say, as one text: versions, the machine, the variables that matter, reports of internal errors, and
// files of the user's, of which each is asked for first. Nothing is sent anywhere. The user's home folder is written ~.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Tuza.Load;

namespace Tuza.Cli;

static class BugCommand
{
    const int MostErrors = 3;
    const long LargestFile = 1 << 20;

    internal sealed class Options
    {
        public string Output = "";
        public bool Yes, Force;
    }

    public static Flags Register(Flags flags, Options o) => flags
        .Text("o", f => o.Output = f, "the report's file (default standard output)")
        .Bool("y", b => o.Yes = b, "take the named files in without asking")
        .Bool("f", b => o.Force = b, "overwrite the file");

    public static int Run(List<string> args)
    {
        Options o = new();
        List<string> files = Register(new Flags("bug"), o).ParseAnywhere(args);
        OutputFile.Check(o.Output, o.Force);
        StringBuilder b = new("# Report about tuza\n\nWhat did you do? What did you expect? What happened?\n\n");
        Machine(b);
        Variables(b);
        Errors(b);
        foreach (string file in files)
            Take(b, file, o);
        if (files.Count == 0)
            b.Append("\n(no source included: tuza bug FILE takes files in, and asks before)\n");
        string text = WithoutHome(b.ToString(), Environment.GetEnvironmentVariable("HOME"));
        OutputFile.Write(o.Output, text, o.Force);
        if (o.Output is not ("" or "-"))
            Driver.Write(Console.Error, $"tuza: {o.Output}: read it before you send it\n");
        return 0;
    }

    static void Machine(StringBuilder b)
    {
        string goroot = GorootFinder.Find("", Environment.GetEnvironmentVariable, out string reason) ?? reason;
        string version = Path.Combine(goroot, "VERSION");
        b.Append("## Versions\n\n");
        b.Append(CultureInfo.InvariantCulture, $"tuza     {VersionCommand.Version}, {File.GetLastWriteTimeUtc(typeof(BugCommand).Assembly.Location):yyyy-MM-dd HH:mm}\n");
        b.Append(CultureInfo.InvariantCulture, $"GOROOT   {goroot}{(File.Exists(version) ? ", " + File.ReadAllLines(version)[0] : "")}\n");
        b.Append(CultureInfo.InvariantCulture, $".NET     {RuntimeInformation.FrameworkDescription}\n");
        b.Append(CultureInfo.InvariantCulture, $"system   {RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} processors, {Inspect.Units.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)}\n");
        b.Append(CultureInfo.InvariantCulture, $"cache    {Caches.Folder}\n");
    }

    static void Variables(StringBuilder b)
    {
        SortedDictionary<string, string> mine = new(StringComparer.Ordinal);
        foreach (DictionaryEntry e in Environment.GetEnvironmentVariables())
        {
            string name = (string)e.Key;
            if (name.StartsWith("GO", StringComparison.Ordinal) || name.StartsWith("TUZA", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal) || name == "CGO_ENABLED")
                mine[name] = (string?)e.Value ?? "";
        }
        b.Append("\n## Variables\n\n");
        foreach ((string name, string value) in mine)
            b.Append(name).Append('=').Append(IsSecret(name) ? "(not shown)" : Inspect.Units.Printable(value)).Append('\n');
        if (mine.Count == 0)
            b.Append("(none)\n");
    }

    /// <summary>Proxies may have a password in their address, and names tell the rest.</summary>
    static bool IsSecret(string name) => name.Contains("PROXY", StringComparison.Ordinal) || name.Contains("AUTH", StringComparison.Ordinal) || name.Contains("TOKEN", StringComparison.Ordinal)
        || name.Contains("SECRET", StringComparison.Ordinal) || name.Contains("PASSW", StringComparison.Ordinal) || name.Contains("KEY", StringComparison.Ordinal);

    static void Errors(StringBuilder b)
    {
        List<string> reports = InternalErrors.Latest(MostErrors);
        if (reports.Count == 0)
            return;
        b.Append("\n## Internal errors of the last days\n");
        foreach (string file in reports)
            b.Append('\n').Append(File.ReadAllText(file));
    }

    static void Take(StringBuilder b, string file, Options o)
    {
        if (!File.Exists(file))
            throw new ExitException(1, $"tuza: bug: {file}: no such file");
        if (new FileInfo(file).Length > LargestFile)
            throw new ExitException(1, $"tuza: bug: {file} is larger than {Inspect.Units.Bytes(LargestFile)}");
        if (!o.Yes)
        {
            Driver.Write(Console.Error, $"tuza: take {file} into the report? [y/N] ");
            string answer = Console.In.ReadLine() ?? "";
            if (answer.Trim() is not ("y" or "Y" or "yes"))
            {
                b.Append("\n## ").Append(Path.GetFileName(file)).Append("\n\n(not included)\n");
                return;
            }
        }
        b.Append("\n## ").Append(Path.GetFileName(file)).Append("\n\n").Append(File.ReadAllText(file).TrimEnd()).Append('\n');
    }

    /// <summary>The home folder at the start of a path becomes ~: what stands before it is no part of a path, and behind it the path ends or goes on with a slash.</summary>
    internal static string WithoutHome(string text, string? home)
    {
        home = home?.TrimEnd('/');
        if (home is not { Length: > 1 } || home[0] != '/')
            return text;
        StringBuilder b = new();
        int from = 0;
        for (int at = text.IndexOf(home, StringComparison.Ordinal); at >= 0; at = text.IndexOf(home, at + 1, StringComparison.Ordinal))
        {
            int end = at + home.Length;
            if (at < from || at > 0 && IsOfPath(text[at - 1]) || end < text.Length && IsOfPath(text[end]) && text[end] != '/')
                continue;
            b.Append(text, from, at - from).Append('~');
            from = end;
        }
        return b.Append(text, from, text.Length - from).ToString();

        static bool IsOfPath(char c) => char.IsLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '~' or '+' or '@' or '%';
    }
}

/// <summary>Failures of Tuza itself: each leaves a text in the cache.</summary>
static class InternalErrors
{
    const int KeptDays = 14;

    static string Folder => Path.Combine(Caches.Folder, "errors");

    /// <summary>Writes the report and returns its path; "" when it cannot be written.</summary>
    public static string Report(IReadOnlyList<string> args, Exception e)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            string file = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}.txt"));
            File.WriteAllText(file, $"tuza {VersionCommand.Version}: tuza {string.Join(' ', args)}\n{e}\n");
            return file;
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The newest reports, oldest of them first; what is older than some days goes.</summary>
    public static List<string> Latest(int most)
    {
        List<string> files = [];
        try
        {
            if (!Directory.Exists(Folder))
                return files;
            foreach (string file in Directory.GetFiles(Folder, "*.txt"))
            {
                if (File.GetLastWriteTimeUtc(file) < DateTime.UtcNow.AddDays(-KeptDays))
                    File.Delete(file);
                else
                    files.Add(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return files;
        }
        files.Sort(StringComparer.Ordinal);
        return files.Count > most ? files[^most..] : files;
    }
}

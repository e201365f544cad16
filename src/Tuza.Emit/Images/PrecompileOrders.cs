// What is to be precompiled, as files in the cache: folder `ahead`, one file per order, lines `package path <tab> image file`, with a leading `+`
// for those that want machine code; the others are what these depend on. The first line, after `=`, is the build of the toolchain that ordered.
// Whoever holds the lock works through all orders of its own build; others wait for a day.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Tuza.Emit;

/// <summary>The queue between programs that compiled packages and the process that precompiles them.</summary>
public sealed class PrecompileOrders(string cacheFolder)
{
    readonly string _folder = Path.Combine(cacheFolder, "ahead");

    /// <summary>Leaves an order. all: dependencies included.</summary>
    public void Add(IReadOnlyCollection<ImageReader> wanted, IReadOnlyList<ImageReader> all)
    {
        StringBuilder text = new("=" + Precompiler.Toolchain() + "\n");
        HashSet<ImageReader> set = [.. wanted];
        foreach (ImageReader i in all)
        {
            if (i.FilePath != null)
                text.Append(set.Contains(i) ? "+" : "").Append(i.Package).Append('\t').Append(i.FilePath).Append('\n');
        }
        Directory.CreateDirectory(_folder);
        string file = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        File.WriteAllText(file + ".new", text.ToString());
        File.Move(file + ".new", file + ".order");
    }

    /// <summary>Carries out all orders; returns at once when another process is at it.</summary>
    public void Work(Precompiler tool)
    {
        if (!Directory.Exists(_folder))
            return;
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(_folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return;
        }
        using (held)
        {
            string mine = "=" + Precompiler.Toolchain();
            HashSet<string> others = [];
            while (Array.FindAll(Directory.GetFiles(_folder, "*.order"), f => !others.Contains(f)) is { Length: > 0 } files)
            {
                foreach (string file in files)
                {
                    bool isMine = FirstLine(file) == mine;
                    if (!isMine && File.GetLastWriteTimeUtc(file) > DateTime.UtcNow.AddDays(-1))
                    {
                        others.Add(file);
                        continue;
                    }
                    if (isMine)
                        Carry(tool, file);
                    File.Delete(file);
                }
            }
        }
    }

    static string FirstLine(string file)
    {
        foreach (string line in File.ReadLines(file))
            return line;
        return "";
    }

    static void Carry(Precompiler tool, string order)
    {
        List<string> wanted = [];
        Dictionary<string, string> all = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(order))
        {
            int tab = line.IndexOf('\t');
            if (tab < 1)
                continue;
            bool isWanted = line[0] == '+';
            string package = line[(isWanted ? 1 : 0)..tab], file = line[(tab + 1)..];
            if (!File.Exists(file))
                return; // the cache was cleared
            all[package] = file;
            if (isWanted && !IsDone(file))
                wanted.Add(package);
        }
        tool.Run(wanted, all);
    }

    /// <summary>Another order may have asked for the same; a file that cannot be read needs nothing either.</summary>
    static bool IsDone(string file)
    {
        try
        {
            return new ImageReader(file).IsPrecompiled;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or UnauthorizedAccessException or InvalidOperationException)
        {
            return true;
        }
    }
}

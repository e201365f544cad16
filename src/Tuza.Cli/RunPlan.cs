// What `tuza run` did the last time it was called like this, so that it can skip everything when nothing has changed.
//
// A plan is a small file in the cache, named by a hash of the call: working folder, arguments before those of the program, the variables
// that matter, the toolchain itself. It lists every file and folder that the build looked at, with size and time of change, the folders
// where a go.mod or go.work could appear, and the images in order. Folders are listed because a new file changes a package too.
//
// Invariant: a plan is used only if every line of it still holds; anything else counts as no plan.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Tuza.Emit;
using Tuza.Load;
using Tuza.Syntax;

namespace Tuza.Cli;

/// <summary>Images of a program and its os.Args[0].</summary>
sealed record PlannedRun(List<string> Images, string Name);

/// <summary>The plan of one way to call `tuza run`.</summary>
sealed class RunPlan
{
    static readonly string[] s_assemblies = ["tuza", "Tuza.Abi", "Tuza.Syntax", "Tuza.Types", "Tuza.Load", "Tuza.IR", "Tuza.Memory", "Tuza.Runtime", "Tuza.Emit"];
    static readonly string[] s_variables = ["GO111MODULE", "GOFLAGS", "GOMODCACHE", "GOPATH", "GOROOT", "GOWORK", "HOME", "TUZAFLAGS"];

    readonly string _file, _call;

    RunPlan(string file, string call) => (_file, _call) = (file, call);

    /// <summary>Null when the flags ask for something that happens while compiling.</summary>
    public static RunPlan? For(Session session, List<string> call)
    {
        if (session.Flags.Rebuild || call.Exists(a => a.TrimStart('-').StartsWith("gcflags", StringComparison.Ordinal)))
            return null;
        StringBuilder key = new();
        Add(Abi.CpuFeatures.Text);
        Add(session.WorkDir);
        Add(session.Goroot);
        Add(Session.Overlay.Root!);
        foreach (string name in s_variables)
            Add(Environment.GetEnvironmentVariable(name) ?? "");
        foreach (string a in call)
            Add(a);
        // The toolchain is its assemblies.
        foreach (string name in s_assemblies)
            Add(FileStamp(AppContext.BaseDirectory + name + ".dll"));
        string text = key.ToString();
        return new RunPlan(Path.Combine(ImageCache.DefaultFolder(), "plans", HashOf(text).ToString("x16", CultureInfo.InvariantCulture)), text);

        void Add(string part) => key.Append(part.Length).Append(' ').Append(part.Replace('\n', ' ')).Append(' ');
    }

    /// <summary>Names the file only: two calls with one hash forget each other's plan. (A cryptographic hash costs more than all else here.)</summary>
    static ulong HashOf(string text)
    {
        ulong h = 14695981039346656037;
        foreach (char c in text)
            h = (h ^ c) * 1099511628211;
        return h;
    }

    /// <summary>The images, if nothing that they depend on has changed.</summary>
    public PlannedRun? Find()
    {
        try
        {
            if (!File.Exists(_file))
                return null;
            List<string> images = [];
            string name = "";
            bool ended = false, mine = false;
            foreach (string line in Encoding.UTF8.GetString(File.ReadAllBytes(_file)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string text = line[2..];
                switch (line[0])
                {
                    case 'c': mine = text == _call; break;
                    case 'n': name = text; break;
                    case 'i': images.Add(text); break;
                    case 'e': ended = true; break;
                    case '-' when !File.Exists(text): break;
                    case 'f' when Holds(text, FileStamp): break;
                    case 'd' when Holds(text, FolderStamp): break;
                    default: return null;
                }
            }
            return ended && mine && images.TrueForAll(File.Exists) ? new PlannedRun(images, name) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    static bool Holds(string text, Func<string, string> stampOf)
    {
        int blank = text.IndexOf(' ');
        return blank > 0 && stampOf(text[(blank + 1)..]) == text[..blank];
    }

    static string FileStamp(string path)
    {
        FileInfo f = new(path);
        return f.Exists ? string.Create(CultureInfo.InvariantCulture, $"{f.LastWriteTimeUtc.Ticks}.{f.Length}") : "-";
    }

    static string FolderStamp(string path) => Directory.Exists(path) ? Directory.GetLastWriteTimeUtc(path).Ticks.ToString(CultureInfo.InvariantCulture) : "-";

    public void Save(Compilation compilation, List<ImageReader> images, string name)
    {
        StringBuilder b = new("c " + _call + "\n");
        bool changedMeanwhile = false; // a file that was touched after the start may not be what was compiled
        HashSet<string> folders = [];
        foreach (CheckedPackage c in compilation.Packages)
        {
            LoadedPackage p = c.Loaded;
            if (!p.IsCommandLine && folders.Add(p.Dir))
                b.Append("d ").Append(FolderStamp(p.Dir)).Append(' ').Append(p.Dir).Append('\n');
            foreach (FileNode f in p.Files)
                AddFile(f.Source.Path);
            foreach (List<string> files in p.Embeds.Values)
            {
                foreach (string file in files)
                    AddFile(Path.Combine(p.Dir, file));
            }
            if (p.Embeds.Count > 0)
                return; // which files a pattern matches is not followed
        }
        for (DirectoryInfo? d = new(compilation.Session.WorkDir); d != null; d = d.Parent)
        {
            foreach (string file in new[] { "go.mod", "go.work" })
            {
                string path = Path.Combine(d.FullName, file);
                if (File.Exists(path))
                    AddFile(path);
                else
                    b.Append("- ").Append(path).Append('\n');
            }
        }
        foreach (LoadedPackage p in compilation.Roots)
        {
            if (p.Module is { Dir: { } dir } && File.Exists(Path.Combine(dir, "vendor", "modules.txt")))
                AddFile(Path.Combine(dir, "vendor", "modules.txt"));
        }
        b.Append("n ").Append(name).Append('\n');
        foreach (ImageReader image in images)
        {
            if (image.FilePath == null)
                return;
            b.Append("i ").Append(image.FilePath).Append('\n');
        }
        b.Append("e \n");
        if (changedMeanwhile)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            string temp = _file + "." + Environment.ProcessId;
            File.WriteAllText(temp, b.ToString());
            File.Move(temp, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a plan the next run is only slower.
        }

        void AddFile(string path)
        {
            changedMeanwhile |= File.GetLastWriteTimeUtc(path) >= compilation.Session.Started;
            b.Append("f ").Append(FileStamp(path)).Append(' ').Append(path).Append('\n');
        }
    }
}

// What `tuza run` did the last time it was called like this, so that it can skip everything when nothing has changed.
//
// A plan is a small file in the cache, named by a hash of the call: working folder, arguments before those of the program, the variables
// that matter. It lists every file and folder that the build looked at, the toolchain's own among them, with size and time of change, the names at
// which nothing was found but something could appear (a go.mod, another Go), and the images in order. Folders are listed because a new file
// changes a package too. It is looked up before anything else is loaded, so it is read where it lies: no strings, no streams.
//
// Invariant: a plan is used only if every line of it still holds; anything else counts as no plan.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Tuza.Emit;
using Tuza.Load;
using Tuza.Runtime;
using Tuza.Syntax;

namespace Tuza.Cli;

/// <summary>Images of a program, its os.Args[0], and where Go's sources are.</summary>
sealed record PlannedRun(List<string> Images, string Name, string Goroot);

/// <summary>The plan of one way to call `tuza run`.</summary>
sealed unsafe class RunPlan
{
    static readonly string[] s_assemblies = ["tuza", "Tuza.Abi", "Tuza.Syntax", "Tuza.Types", "Tuza.Load", "Tuza.IR", "Tuza.Memory", "Tuza.Runtime", "Tuza.Emit"];
    static readonly string[] s_variables = ["GO111MODULE", "GOFLAGS", "GOMODCACHE", "GOPATH", "GOROOT", "GOWORK", "HOME", "PATH", "TUZAFLAGS"];

    readonly string _file, _call;

    RunPlan(string file, string call) => (_file, _call) = (file, call);

    /// <summary>Null when the flags ask for something that happens while compiling.</summary>
    public static RunPlan? For(BuildFlags flags, List<string> call) =>
        flags.Rebuild || call.Exists(a => a.TrimStart('-').StartsWith("gcflags", StringComparison.Ordinal)) ? null : Of(CollectionsMarshal.AsSpan(call));

    /// <summary>Of these words of a command line, in this folder.</summary>
    public static RunPlan Of(ReadOnlySpan<string> call)
    {
        string text = "";
        text = Add(text, Abi.CpuFeatures.Text);
        text = Add(text, Environment.CurrentDirectory);
        text = Add(text, AppContext.BaseDirectory);
        foreach (string name in s_variables)
            text = Add(text, Environment.GetEnvironmentVariable(name) ?? "");
        foreach (string a in call)
            text = Add(text, a);
        return new RunPlan(string.Concat(ImageCache.DefaultFolder(), "/plans/", HashOf(text).ToString("x16", CultureInfo.InvariantCulture)), text);

        // Lengths keep two calls apart whose words run together; no part may end the line.
        static string Add(string to, string part) => string.Concat(to, part.Length.ToString(CultureInfo.InvariantCulture), " ", part.Replace('\n', '\r')) + " ";
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
        byte[] name = Encoding.UTF8.GetBytes(_file + "\0");
        byte* text;
        nint bytes;
        fixed (byte* path = name)
            text = RawFiles.ReadAll(path, out bytes);
        if (text == null)
            return null;
        PlannedRun? plan = Read(text, text + bytes);
        NativeMemory.Free(text);
        return plan;
    }

    /// <summary>Lines are a letter, a blank, and for files and folders "changed size path".</summary>
    PlannedRun? Read(byte* at, byte* end)
    {
        List<string> images = [];
        string name = "", goroot = "";
        bool ended = false, mine = false;
        while (at < end)
        {
            byte* line = at;
            nint length = new ReadOnlySpan<byte>(at, (int)(end - at)).IndexOf((byte)'\n');
            if (length < 2)
                return null;
            line[length] = 0;
            at = line + length + 1;
            byte* rest = line + 2;
            switch ((char)*line)
            {
                case 'c': mine = Text(rest) == _call; break;
                case 'n': name = Text(rest); break;
                case 'g': goroot = Text(rest); break;
                case 'i' when RawFiles.Stat(rest, out _, out _): images.Add(Text(rest)); break;
                case 'e': ended = true; break;
                case '-' when !RawFiles.Stat(rest, out _, out _): break;
                case 'f' when Holds(rest): break;
                default: return null;
            }
        }
        return ended && mine ? new PlannedRun(images, name, goroot) : null;
    }

    static string Text(byte* zeroEnded) => Marshal.PtrToStringUTF8((nint)zeroEnded)!;

    static bool Holds(byte* line)
    {
        long changed = Number(ref line), size = Number(ref line);
        return RawFiles.Stat(line, out long isChanged, out long isSize) && isChanged == changed && isSize == size;
    }

    /// <summary>Decimal digits, maybe a minus before them, and a blank.</summary>
    static long Number(ref byte* at)
    {
        bool minus = *at == '-';
        if (minus)
            at++;
        long n = 0;
        for (; *at is >= (byte)'0' and <= (byte)'9'; at++)
            n = n * 10 + (*at - '0');
        if (*at == ' ')
            at++;
        return minus ? -n : n;
    }

    /// <summary>Size and time of change as lines have them; null for nothing of that name.</summary>
    static string? Stamp(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0"))
            return RawFiles.Stat(p, out long changed, out long size) ? string.Create(CultureInfo.InvariantCulture, $"{changed} {size}") : null;
    }

    public void Save(Compilation compilation, List<ImageReader> images, string name)
    {
        StringBuilder b = new("c " + _call + "\n");
        bool useless = false; // a file that was touched after the start may not be what was compiled
        HashSet<string> folders = [];
        foreach (string assembly in s_assemblies)
            AddFile(AppContext.BaseDirectory + assembly + ".dll");
        foreach (string path in compilation.Session.GorootDependsOn)
            AddFile(path);
        foreach (CheckedPackage c in compilation.Packages)
        {
            LoadedPackage p = c.Loaded;
            if (!p.IsCommandLine && folders.Add(p.Dir))
                AddLine(p.Dir);
            foreach (FileNode f in p.Files)
                AddFile(f.Source.Path);
            if (p.Embeds.Count > 0)
                return; // which files a pattern matches is not followed
        }
        for (DirectoryInfo? d = new(compilation.Session.WorkDir); d != null; d = d.Parent)
        {
            AddFile(Path.Combine(d.FullName, "go.mod"));
            AddFile(Path.Combine(d.FullName, "go.work"));
        }
        foreach (LoadedPackage p in compilation.Roots)
        {
            if (p.Module is { Dir: { } dir })
                AddFile(Path.Combine(dir, "vendor", "modules.txt"));
        }
        b.Append("n ").Append(name).Append('\n');
        b.Append("g ").Append(compilation.Session.Goroot).Append('\n');
        foreach (ImageReader image in images)
        {
            if (image.FilePath == null)
                return;
            b.Append("i ").Append(image.FilePath).Append('\n');
        }
        b.Append("e \n");
        if (useless)
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
            useless |= File.Exists(path) && File.GetLastWriteTimeUtc(path) >= compilation.Session.Started;
            AddLine(path);
        }

        void AddLine(string path)
        {
            useless |= path.Contains('\n');
            if (Stamp(path) is { } stamp)
                b.Append("f ").Append(stamp).Append(' ').Append(path).Append('\n');
            else
                b.Append("- ").Append(path).Append('\n');
        }
    }
}

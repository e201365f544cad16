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
using Tuza.Abi;
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

    readonly string _file;
    readonly byte[] _call;

    RunPlan(string file, byte[] call) => (_file, _call) = (file, call);

    /// <summary>Null when the flags ask for something that happens while compiling.</summary>
    public static RunPlan? For(BuildFlags flags, List<string> call) =>
        flags.Rebuild || call.Exists(a => a.TrimStart('-').StartsWith("gcflags", StringComparison.Ordinal)) ? null : Of(CollectionsMarshal.AsSpan(call));

    /// <summary>Of these words of a command line, in this folder.</summary>
    public static RunPlan Of(ReadOnlySpan<string> call)
    {
        CallText text = new();
        foreach (string feature in CpuFeatures.All)
            text.Add(CpuFeatures.Has(feature) ? feature : "");
        text.Add(RawFiles.CurrentFolder());
        text.Add(AppContext.BaseDirectory);
        foreach (string name in s_variables)
            text.Add(Environment.GetEnvironmentVariable(name) ?? "");
        foreach (string a in call)
            text.Add(a);
        return new RunPlan(string.Concat(ImageCache.DefaultFolder(), "/plans/", Hexadecimal(HashOf(text.Bytes))), text.Bytes.ToArray());
    }

    /// <summary>
    /// Words of UTF-8, each behind its length, that no two different lists of words share and that stay on one line. (Formatting by .NET, and joining
    /// its strings, would take longer than reading the plan: it loads what knows of cultures first.)
    /// </summary>
    struct CallText()
    {
        byte[] _bytes = new byte[4096];
        int _length;

        public readonly ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

        public void Add(string word)
        {
            byte[] utf8 = Utf8Text.ZeroEnded(word);
            const int MostDigits = 16;
            if (_bytes.Length - _length < utf8.Length + MostDigits)
                Array.Resize(ref _bytes, 2 * (_bytes.Length + utf8.Length));
            int number = utf8.Length - 1, digits = 1;
            for (int rest = number; rest >= 10; rest /= 10)
                digits++;
            for (int i = digits; i > 0; number /= 10)
                _bytes[_length + --i] = (byte)('0' + number % 10);
            _length += digits;
            _bytes[_length++] = (byte)' ';
            for (int i = 0; i < utf8.Length - 1; i++)
                _bytes[_length++] = utf8[i] == '\n' ? (byte)'\r' : utf8[i];
            _bytes[_length++] = (byte)' ';
        }
    }

    /// <summary>Names the file only: two calls with one hash forget each other's plan. (A cryptographic hash costs more than all else here.)</summary>
    static ulong HashOf(ReadOnlySpan<byte> text)
    {
        ulong h = 14695981039346656037;
        foreach (byte c in text)
            h = (h ^ c) * 1099511628211;
        return h;
    }

    static string Hexadecimal(ulong n)
    {
        char* digits = stackalloc char[16];
        for (int i = 15; i >= 0; i--, n >>= 4)
            digits[i] = "0123456789abcdef"[(int)(n & 15)];
        return new string(digits, 0, 16);
    }

    /// <summary>The images, if nothing that they depend on has changed.</summary>
    public PlannedRun? Find()
    {
        byte[] name = Utf8Text.ZeroEnded(_file);
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
            nint length = 0;
            while (line + length < end && line[length] != '\n')
                length++;
            if (length < 2 || line + length == end)
                return null;
            line[length] = 0;
            at = line + length + 1;
            byte* rest = line + 2;
            switch ((char)*line)
            {
                case 'c': mine = new ReadOnlySpan<byte>(rest, (int)length - 2).SequenceEqual(_call); break;
                case 'n': name = Utf8Text.Of(rest); break;
                case 'g': goroot = Utf8Text.Of(rest); break;
                case 'i' when RawFiles.Stat(rest, out _, out _): images.Add(Utf8Text.Of(rest)); break;
                case 'e': ended = true; break;
                case '-' when !RawFiles.Stat(rest, out _, out _): break;
                case 'f' when Holds(rest): break;
                default: return null;
            }
        }
        return ended && mine ? new PlannedRun(images, name, goroot) : null;
    }

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
        fixed (byte* p = Utf8Text.ZeroEnded(path))
            return RawFiles.Stat(p, out long changed, out long size) ? string.Create(CultureInfo.InvariantCulture, $"{changed} {size}") : null;
    }

    public void Save(Compilation compilation, List<ImageReader> images, string name)
    {
        StringBuilder b = new("c " + Encoding.UTF8.GetString(_call) + "\n");
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

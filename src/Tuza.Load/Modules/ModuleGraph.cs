// The modules of a build and where their packages lie.
//
// Main modules come from go.mod, or from go.work with its `use` lines. The others are chosen by minimal version selection: of every
// module reachable through requirements the highest version asked for. Nothing is downloaded: go.mod files and sources come from the
// module cache, from local replacements, or from the vendor folder. A go.mod that is missing in the cache only means that its
// requirements are not followed; the main module lists all that its packages need since Go 1.17.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Tuza.Load;

/// <summary>A module with the folder of its sources (null when the cache lacks it).</summary>
public sealed record Module(string Path, string Version, string? Dir, string LangVersion, bool IsMain);

/// <summary>The build list.</summary>
public sealed class ModuleGraph
{
    readonly List<Module> _modules = [];
    readonly Dictionary<string, (string Dir, Module Module)> _vendored = [];
    readonly Func<string, string> _display;
    readonly string _cache;
    string? _vendorDir;

    ModuleGraph(Func<string, string> display, string cache)
    {
        _display = display;
        _cache = cache;
    }

    public List<Module> Main { get; } = [];
    public IReadOnlyList<Module> All => _modules;
    public List<string> Errors { get; } = [];
    public bool HasModules => Main.Count > 0;

    /// <summary>For messages: where packages may come from.</summary>
    public string Named => RootFile.EndsWith(".work", StringComparison.Ordinal) ? "modules listed in go.work or their selected dependencies" : "main module or its selected dependencies";

    /// <summary>The go.mod or go.work that rules, or "".</summary>
    public string RootFile { get; private set; } = "";

    /// <summary>Settings of GODEBUG that programs start with: `default=go1.N` for the language version that decides the rest, then lines of the module.</summary>
    public List<string> Godebug { get; private set; } = [];

    /// <summary>Reads the module that contains a folder. mod: the value of -mod, or "".</summary>
    public static ModuleGraph Load(string folder, Func<string, string?> environment, Func<string, string> display, string mod = "")
    {
        string gopath = environment("GOPATH") is { Length: > 0 } g ? g.Split(':')[0] : Path.Combine(environment("HOME") ?? "/root", "go");
        ModuleGraph graph = new(display, environment("GOMODCACHE") is { Length: > 0 } c ? c : Path.Combine(gopath, "pkg", "mod"));
        if (environment("GO111MODULE") == "off")
            return graph;
        string? goMod = Upwards(folder, "go.mod");
        string? goWork = environment("GOWORK") switch { "off" => null, { Length: > 0 } file => file, _ => Upwards(folder, "go.work") };
        if (goWork != null && File.Exists(goWork))
            graph.LoadWorkspace(goWork, mod);
        else if (goMod != null)
            graph.LoadModule(goMod, mod);
        return graph;
    }

    static string? Upwards(string folder, string name)
    {
        for (DirectoryInfo? d = new(folder); d != null; d = d.Parent)
        {
            string file = Path.Combine(d.FullName, name);
            if (File.Exists(file))
                return file;
        }
        return null;
    }

    ModFile Read(string file)
    {
        ModFile m = ModFile.Read(file, _display(file));
        if (m.Errors.Count > 0)
        {
            Errors.Add("go: errors parsing " + _display(file) + ":\n" + string.Join("\n", m.Errors));
        }
        else if (SemVer.GoMinor(m.Go) > BuildContext.GoMinor)
            Errors.Add($"go: {_display(file)} requires go >= {m.Go} (running go 1.{BuildContext.GoMinor}; GOTOOLCHAIN=local)");
        return m;
    }

    void LoadModule(string goMod, string mod)
    {
        RootFile = goMod;
        ModFile main = Read(goMod);
        SetGodebug(main);
        if (Errors.Count > 0)
            return;
        if (main.Module == "")
        {
            Errors.Add($"go: error reading {_display(goMod)}: missing module declaration. To specify the module path:\n\tgo mod edit -module=example.com/mod");
            return;
        }
        AddMain(main);
        string vendor = Path.Combine(main.Dir, "vendor");
        bool vendoring = mod == "vendor" || (mod == "" && SemVer.GoMinor(main.Go) >= 14 && File.Exists(Path.Combine(vendor, "modules.txt")));
        if (vendoring)
            LoadVendor(vendor, [main], main);
        else
            Select([main], main);
    }

    void LoadWorkspace(string goWork, string mod)
    {
        RootFile = goWork;
        ModFile work = Read(goWork);
        SetGodebug(work);
        List<ModFile> mains = [];
        foreach (string use in work.Use)
        {
            string file = Path.GetFullPath(Path.Combine(work.Dir, use, "go.mod"));
            if (!File.Exists(file))
            {
                Errors.Add($"go: cannot load module {use} listed in go.work file: open {_display(file)}: no such file or directory");
                continue;
            }
            ModFile m = Read(file);
            mains.Add(m);
            AddMain(m);
        }
        if (Errors.Count > 0)
            return;
        string vendor = Path.Combine(work.Dir, "vendor");
        bool vendoring = mod == "vendor" || (mod == "" && SemVer.GoMinor(work.Go) >= 22 && File.Exists(Path.Combine(vendor, "modules.txt")));
        if (vendoring)
            LoadVendor(vendor, mains, work);
        else
            Select(mains, work);
    }

    void SetGodebug(ModFile root) => Godebug = ["default=go" + (root.Go == "" ? "1.16" : root.Go), .. root.Godebug];

    void AddMain(ModFile m)
    {
        Module module = new(m.Module, "", m.Dir, m.LangVersion, IsMain: true);
        Main.Add(module);
        _modules.Add(module);
    }

    // ---- minimal version selection

    void Select(List<ModFile> mains, ModFile root)
    {
        Dictionary<string, string> selected = [];
        HashSet<ModuleVersion> seen = [];
        Queue<ModuleVersion> queue = new();
        foreach (ModFile main in mains)
            Require(main);
        while (queue.Count > 0)
        {
            if (ModFileOf(queue.Dequeue()) is { } m)
                Require(m);
        }
        foreach ((string path, string version) in selected)
            _modules.Add(Located(new ModuleVersion(path, version)));

        void Require(ModFile m)
        {
            foreach (ModuleVersion r in m.Require)
            {
                if (Main.Exists(x => x.Path == r.Path) || root.Exclude.Contains(r))
                    continue;
                if (!selected.TryGetValue(r.Path, out string? have) || SemVer.Compare(have, r.Version) < 0)
                    selected[r.Path] = r.Version;
                if (seen.Add(r))
                    queue.Enqueue(r);
            }
        }

        (ModuleVersion With, string? Dir, string? File) Place(ModuleVersion m)
        {
            bool replaced = root.Replacement(m, out ModuleVersion with);
            string relativeTo = root.Dir;
            if (!replaced)
            {
                // In a workspace each module's own replacements count too.
                foreach (ModFile main in mains)
                {
                    if (main.Replacement(m, out with))
                    {
                        replaced = true;
                        relativeTo = main.Dir;
                        break;
                    }
                }
            }
            if (replaced && with.Version == "")
            {
                string dir = Path.GetFullPath(Path.Combine(relativeTo, with.Path));
                return (with, dir, Path.Combine(dir, "go.mod"));
            }
            ModuleVersion source = replaced ? with : m;
            string folder = Path.Combine(_cache, Escape(source.Path) + "@" + Escape(source.Version));
            string file = Path.Combine(_cache, "cache", "download", Escape(source.Path), "@v", Escape(source.Version) + ".mod");
            if (!File.Exists(file))
                file = Path.Combine(folder, "go.mod");
            return (source, Directory.Exists(folder) ? folder : null, file);
        }

        ModFile? ModFileOf(ModuleVersion m)
        {
            string? file = Place(m).File;
            return file != null && File.Exists(file) ? ModFile.Read(file, _display(file)) : null;
        }

        Module Located(ModuleVersion m)
        {
            (_, string? dir, _) = Place(m);
            if (dir != null && !Directory.Exists(dir))
            {
                Errors.Add($"go: {m.Path}@{m.Version}: replacement directory {dir} does not exist");
                dir = null;
            }
            return new Module(m.Path, m.Version, dir, ModFileOf(m)?.LangVersion ?? "go1.16", IsMain: false);
        }
    }

    /// <summary>Upper-case letters are written `!x` in the module cache, so that it works on any file system.</summary>
    static string Escape(string path)
    {
        StringBuilder b = new();
        foreach (char c in path)
        {
            if (char.IsAsciiLetterUpper(c))
                b.Append('!').Append(char.ToLowerInvariant(c));
            else
                b.Append(c);
        }
        return b.ToString();
    }

    // ---- vendor

    void LoadVendor(string vendor, List<ModFile> mains, ModFile root)
    {
        _vendorDir = vendor;
        string file = Path.Combine(vendor, "modules.txt");
        if (!File.Exists(file))
        {
            Errors.Add("go: inconsistent vendoring: " + _display(file) + " is missing");
            return;
        }
        Module? current = null;
        ModuleVersion version = default;
        VendorCheck check = new(mains, root);
        foreach (string line in File.ReadLines(file))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                if (Array.Exists(line[3..].Split(';'), s => s.Trim() == "explicit"))
                    check.Explicit.Add(version);
                int at = line.IndexOf("go ", StringComparison.Ordinal);
                if (current != null && at > 0)
                {
                    current = current with { LangVersion = ModFile.LangOf(line[(at + 3)..].Split(';', ' ')[0]) };
                    _modules[^1] = current;
                }
            }
            else if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                string[] words = line[2..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                current = null;
                int arrow = Array.IndexOf(words, "=>");
                version = new ModuleVersion(words[0], arrow == 1 || words.Length < 2 ? "" : words[1]);
                check.Listed.Add(version);
                if (arrow > 0 && arrow + 1 < words.Length)
                    check.Replaced[version] = new ModuleVersion(words[arrow + 1], arrow + 2 < words.Length ? words[arrow + 2] : "");
                if (version.Version == "")
                    continue;
                current = new Module(words[0], words[1], vendor, "go1.16", IsMain: false);
                _modules.Add(current);
            }
            else if (current != null && line.Trim() is { Length: > 0 } package && !line.StartsWith('#'))
                _vendored[package] = (Path.Combine(vendor, package), current);
        }
        if (SemVer.GoMinor(mains[0].Go) >= 14 && check.Findings() is { Length: > 0 } findings)
        {
            string sync = root.Use.Count > 0 ? "work" : "mod";
            Errors.Add($"go: inconsistent vendoring in {Path.GetDirectoryName(vendor)}:{findings}\n\n\tTo ignore the vendor directory, use -mod=readonly or -mod=mod.\n"
                + $"\tTo sync the vendor directory, run:\n\t\tgo {sync} vendor");
        }
    }

    // ---- packages

    /// <summary>The main module that contains a folder, and the folder's path in it ("" for its root).</summary>
    public (Module Module, string Rel)? MainModuleOf(string dir)
    {
        Module? best = null;
        foreach (Module m in Main)
        {
            if (IsUnder(dir, m.Dir!) && (best == null || m.Dir!.Length > best.Dir!.Length))
                best = m;
        }
        if (best == null)
            return null;
        string rel = Path.GetRelativePath(best.Dir!, dir).Replace('\\', '/');
        return (best, rel == "." ? "" : rel);
    }

    internal static bool IsUnder(string dir, string root) => dir == root || dir.StartsWith(root.EndsWith('/') ? root : root + "/", StringComparison.Ordinal);

    /// <summary>The folder of a package of one of the modules, or null with the error in go's words.</summary>
    public (string Dir, Module Module)? Find(string importPath, out string error)
    {
        error = "";
        if (_vendorDir != null)
        {
            foreach (Module m in Main)
            {
                if (InModule(m, importPath) is { } dir && HasGoFiles(dir))
                    return (dir, m);
            }
            if (_vendored.TryGetValue(importPath, out (string Dir, Module Module) v))
                return v;
            error = $"cannot find module providing package {importPath}: import lookup disabled by -mod=vendor";
            return null;
        }
        (string Dir, Module Module)? best = null;
        Module? lacking = null;
        foreach (Module m in _modules)
        {
            if (!HasPrefix(importPath, m.Path))
                continue;
            if (m.Dir == null)
            {
                lacking = m;
                continue;
            }
            if (InModule(m, importPath) is { } dir && HasGoFiles(dir) && (best == null || m.Path.Length > best.Value.Module.Path.Length))
                best = (dir, m);
        }
        if (best != null)
            return best;
        if (lacking != null)
            error = $"{lacking.Path}@{lacking.Version}: not in the module cache {_cache}; tuza does not download modules, run: go mod download {lacking.Path}";
        return null;
    }

    static bool HasPrefix(string importPath, string module) => importPath == module || importPath.StartsWith(module + "/", StringComparison.Ordinal);

    static string? InModule(Module m, string importPath)
    {
        if (!HasPrefix(importPath, m.Path) || m.Dir == null)
            return null;
        string dir = importPath == m.Path ? m.Dir : Path.Combine(m.Dir, importPath[(m.Path.Length + 1)..]);
        // A nested go.mod begins another module.
        for (string d = dir; d.Length > m.Dir.Length; d = Path.GetDirectoryName(d)!)
        {
            if (File.Exists(Path.Combine(d, "go.mod")))
                return null;
        }
        return dir;
    }

    internal static bool HasGoFiles(string dir)
    {
        if (!Directory.Exists(dir))
            return false;
        foreach (string _ in Directory.EnumerateFiles(dir, "*.go"))
            return true;
        return false;
    }
}

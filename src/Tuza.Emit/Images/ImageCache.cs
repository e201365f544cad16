// Images on disk, by content key: TUZACACHE, else $XDG_CACHE_HOME/tuza, else ~/.cache/tuza.
//
// A key is a hash of everything an image depends on: the compiler itself, the options, the texts of the files, the keys of the imports. A file is
// written under a name of its own and then renamed, so that other processes see all of it or nothing. Nothing is ever changed in place;
// a damaged or foreign file counts as absent.

using System;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Tuza.IR;
using Tuza.Runtime;
using Tuza.Types;

namespace Tuza.Emit;

public sealed class ImageCache
{
    readonly string _folder;

    public ImageCache(string? folder = null)
    {
        _folder = folder ?? DefaultFolder();
        Directory.CreateDirectory(_folder);
    }

    public string Folder => _folder;

    public static string DefaultFolder()
    {
        string? set = Environment.GetEnvironmentVariable("TUZACACHE");
        if (!string.IsNullOrEmpty(set))
            return FullPath(set);
        string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string root = !string.IsNullOrEmpty(xdg) ? xdg : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? Path.GetTempPath(), ".cache");
        return Path.Combine(root, "tuza");
    }

    /// <summary>The absolute path. .NET's code for that is only loaded when there is something to work out: a start is short.</summary>
    public static string FullPath(string path) => IsPlain(path) ? path : Path.GetFullPath(path);

    /// <summary>From the root, without dots or empty parts.</summary>
    static bool IsPlain(string path)
    {
        if (path is not ['/', ..] || path[^1] == '/')
            return false;
        for (int i = 1; i < path.Length; i++)
        {
            if (path[i - 1] == '/' && path[i] is '/' or '.')
                return false;
        }
        return true;
    }

    string PathOf(string key) => Path.Combine(_folder, key[..2], key + ".dll");

    /// <summary>True if there is a file for this key; it may still turn out to be damaged.</summary>
    public bool Has(string key) => File.Exists(PathOf(key));

    /// <summary>The image with this key, or null.</summary>
    public ImageReader? Find(string key)
    {
        string path = PathOf(key);
        try
        {
            if (!File.Exists(path))
                return null;
            var image = new ImageReader(path);
            return image.Key == key ? image : null;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Stores an image; if that fails it stays in memory, which is only slower.</summary>
    public ImageReader Add(string key, byte[] assembly)
    {
        string path = PathOf(key);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string temp = path + "." + Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "." + Guid.NewGuid().ToString("N")[..8];
            File.WriteAllBytes(temp, assembly);
            File.Move(temp, path, overwrite: true);
            return new ImageReader(assembly, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ImageReader(assembly);
        }
    }

    /// <summary>Text that was printed while an image was made; <paramref name="what"/> tells texts of one image apart.</summary>
    public string? FindText(string key, string what)
    {
        try
        {
            string path = TextPathOf(key, what);
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void AddText(string key, string what, string text)
    {
        string path = TextPathOf(key, what);
        try
        {
            string temp = path + "." + Guid.NewGuid().ToString("N")[..8];
            File.WriteAllText(temp, text);
            File.Move(temp, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Printed again by compiling again.
        }
    }

    string TextPathOf(string key, string what) =>
        Path.Combine(_folder, key[..2], key + "." + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)).AsSpan(0, 6)) + ".txt");

    /// <summary>Puts a finished file in the place of an image, whole or not at all.</summary>
    public static void Replace(string image, string file)
    {
        string temp = image + "." + Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + ".r";
        File.Copy(file, temp, overwrite: true);
        File.Move(temp, image, overwrite: true);
    }

    /// <summary>A key under construction.</summary>
    public sealed class KeyBuilder
    {
        readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public KeyBuilder()
        {
            // The compiler is its assemblies.
            foreach (var type in (Type[])[typeof(Abi.G), typeof(Syntax.Pos), typeof(Package), typeof(LowFunction), typeof(Memory.Barrier), typeof(Sched), typeof(ImageCache)])
                Add(type.Module.ModuleVersionId.ToString());
            Add(Abi.CpuFeatures.Text);
        }

        public KeyBuilder Add(string text) => Add(Encoding.UTF8.GetBytes(text));

        public KeyBuilder Add(byte[] bytes)
        {
            _hash.AppendData(BitConverter.GetBytes(bytes.Length));
            _hash.AppendData(bytes);
            return this;
        }

        public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset().AsSpan(0, 20));
    }
}

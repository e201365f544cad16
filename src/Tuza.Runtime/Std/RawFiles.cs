// Files at the start of a program: what decides in microseconds whether it has to be compiled at all. .NET's streams and file information would
// cost more than all else there (they are compiled, and their types loaded, first).

using System;
using System.IO;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Size and time of change of files, and their bytes, by single system calls. On other systems than Linux, by .NET.</summary>
public static unsafe class RawFiles
{
    const int SysStatx = 332, SysGetcwd = 79, AtFdCwd = -100;
    const uint StatxBasic = 0x7ff;
    const int StatxBytes = 256, ModeAt = 28, SizeAt = 40, ChangedAt = 112;
    const int ModeMask = 0xf000, ModeFolder = 0x4000;
    const long TicksPerSecond = 10_000_000, NanosPerTick = 100;

    public static bool Exists(string path)
    {
        fixed (byte* p = Utf8Text.ZeroEnded(path))
            return Stat(p, out _, out _);
    }

    /// <summary>The working folder.</summary>
    public static string CurrentFolder()
    {
        const int MostBytes = 4096;
        byte* path = stackalloc byte[MostBytes];
        return Direct && Libc.Syscall(SysGetcwd, (nint)path, MostBytes, 0, 0, 0, 0) > 0 && *path == '/' ? Utf8Text.Of(path) : Environment.CurrentDirectory;
    }

    static bool Direct => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>False if there is nothing of that name. path ends with a zero. changed: in units of 100 ns since 1970; size: -1 for folders.</summary>
    public static bool Stat(byte* path, out long changed, out long size)
    {
        if (!Direct)
            return StatSlow(path, out changed, out size);
        byte* s = stackalloc byte[StatxBytes];
        changed = size = 0;
        if (Libc.Syscall(SysStatx, AtFdCwd, (nint)path, 0, (nint)StatxBasic, (nint)s, 0) != 0)
            return false;
        size = (*(ushort*)(s + ModeAt) & ModeMask) == ModeFolder ? -1 : *(long*)(s + SizeAt);
        changed = *(long*)(s + ChangedAt) * TicksPerSecond + *(uint*)(s + ChangedAt + 8) / NanosPerTick;
        return true;
    }

    static bool StatSlow(byte* path, out long changed, out long size)
    {
        changed = size = 0;
        string name = Utf8Text.Of(path);
        FileSystemInfo info = Directory.Exists(name) ? new DirectoryInfo(name) : new FileInfo(name);
        if (!info.Exists)
            return false;
        size = info is FileInfo file ? file.Length : -1;
        changed = (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks;
        return true;
    }

    /// <summary>All bytes of a file in native memory, a zero behind them; null if it cannot be read. To be freed by <see cref="NativeMemory.Free"/>.</summary>
    public static byte* ReadAll(byte* path, out nint bytes)
    {
        bytes = 0;
        if (!Stat(path, out _, out long size) || size is < 0 or > int.MaxValue)
            return null;
        if (!Direct)
            return ReadSlow(Utf8Text.Of(path), out bytes);
        byte* text = (byte*)NativeMemory.Alloc((nuint)size + 1);
        long fd = Libc.Syscall(Libc.SysOpen, (nint)path, Libc.OpenReadCloseOnExec, 0, 0, 0, 0);
        for (long n = fd < 0 ? 0 : 1; n > 0 && bytes < size;)
        {
            n = Libc.Syscall(Libc.SysRead, (nint)fd, (nint)(text + bytes), (nint)(size - bytes), 0, 0, 0);
            bytes += (nint)Math.Max(n, 0);
        }
        if (fd >= 0)
            _ = Libc.Syscall(Libc.SysClose, (nint)fd, 0, 0, 0, 0, 0);
        text[bytes] = 0;
        return text;
    }

    static byte* ReadSlow(string path, out nint bytes)
    {
        bytes = 0;
        try
        {
            byte[] all = File.ReadAllBytes(path);
            byte* text = (byte*)NativeMemory.Alloc((nuint)all.Length + 1);
            bytes = all.Length;
            Marshal.Copy(all, 0, (nint)text, all.Length);
            text[bytes] = 0;
            return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

// The program as a file.
//
// The process is the .NET host, so /proc/self/exe does not lead to the program. A program that was started from a file (an executable of `tuza
// build`) names that file. For `tuza run` and `tuza test` there is a name, and a file comes into being when somebody asks for the path of the
// executable or starts a process with the name; it is removed when the process exits.

using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>os.Executable, and processes that start themselves again.</summary>
public static unsafe class Executable
{
    static readonly Lock s_lock = new();
    static string s_path = "";
    static Action<string>? s_write;
    static bool s_written;
    static byte[] s_utf8 = [0];
    static byte* s_text;

    /// <summary>Before the program starts. <paramref name="write"/>: makes the file; null when it is there already or cannot be made.</summary>
    public static void Init(string path, Action<string>? write)
    {
        s_path = path;
        s_write = write;
        s_utf8 = Utf8Text.ZeroEnded(path);
    }

    static bool Ensure()
    {
        lock (s_lock)
        {
            if (s_write == null || s_written)
                return File.Exists(s_path);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(s_path)!);
                s_write(s_path);
                s_written = true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
            return true;
        }
    }

    /// <summary>The process ends.</summary>
    internal static void Remove()
    {
        if (!s_written)
            return;
        try
        {
            File.Delete(s_path);
            Directory.Delete(Path.GetDirectoryName(s_path)!);
            Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(s_path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else uses the folder.
        }
    }

    [GoFunc("os.runtime_executable", Safepoint = false)]
    public static void* PathOf(G* g)
    {
        g->R[1] = 0;
        if (s_path == "" || !Ensure())
            return null;
        if (s_text == null)
        {
            byte* p = (byte*)NativeMemory.Alloc((nuint)s_utf8.Length);
            Marshal.Copy(s_utf8, 0, (nint)p, s_utf8.Length);
            s_text = p;
        }
        g->R[1] = (ulong)(s_utf8.Length - 1);
        return s_text;
    }

    /// <summary>`forkExecutable(argv0 *byte)`: a process is about to be started from this file.</summary>
    [GoFunc("syscall.forkExecutable", Safepoint = false)]
    public static void Starting(G* g, void* argv0)
    {
        if (s_write != null && !s_written && MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)argv0).SequenceEqual(s_utf8.AsSpan(0, s_utf8.Length - 1)))
            Ensure();
    }
}

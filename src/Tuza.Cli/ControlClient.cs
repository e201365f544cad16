// Asks a running program (Runtime/Dump/Control). Sockets lie in a folder of the user: $XDG_RUNTIME_DIR/tuza, else run in the cache's folder.

using System;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace Tuza.Cli;

static class ControlClient
{
    const int AnswerMillis = 150_000;

    /// <summary>Longer paths do not fit into a socket's address.</summary>
    const int LongestPath = 107;

    public static string PathOf(int pid)
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string folder = runtime is { Length: > 0 } && Path.IsPathRooted(runtime) && Directory.Exists(runtime) ? Path.Combine(runtime, "tuza") : Path.Combine(Emit.ImageCache.DefaultFolder(), "run");
        string path = Path.Combine(folder, pid.ToString(CultureInfo.InvariantCulture) + ".sock");
        return Encoding.UTF8.GetByteCount(path) > LongestPath ? "" : path;
    }

    public static bool IsPid(string word, out int pid) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out pid) && pid > 0;

    /// <summary>"PROGRAM." for the names of files; "" when the program, of an older build, does not say.</summary>
    public static string NameOf(int pid)
    {
        try
        {
            string name = Ask(pid, "name").Trim();
            return name is "" or "." or ".." || name.IndexOfAny(['/', '\t', '\n', '\0']) >= 0 ? "" : name + ".";
        }
        catch (ExitException)
        {
            return "";
        }
    }

    /// <summary>The answer without its first line.</summary>
    public static string Ask(int pid, string question)
    {
        string path = PathOf(pid);
        if (path == "" || !File.Exists(path))
            throw new ExitException(1, $"tuza: no Go program with process number {pid} lets itself be asked: start it with tuza run -attach, -leaks or -monitor");
        try
        {
            using Socket s = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = AnswerMillis };
            s.Connect(new UnixDomainSocketEndPoint(path));
            s.Send(Encoding.UTF8.GetBytes(question + "\n"));
            using NetworkStream stream = new(s);
            using StreamReader reader = new(stream, Encoding.UTF8);
            string answer = reader.ReadToEnd();
            int line = answer.IndexOf('\n', StringComparison.Ordinal);
            if (line < 0 || answer[..line] != "ok")
                throw new ExitException(1, "tuza: process " + pid + ": " + (line < 0 ? "no answer: it has ended" : Inspect.Units.Printable(answer[..line])));
            return answer[(line + 1)..];
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new ExitException(1, $"tuza: process {pid}: {e.Message}: it has ended, or does not answer");
        }
    }
}

// Questions from other processes of the same user: `tuza snapshot PID`, `tuza leaks PID`, `tuza stat PID`.
//
// A Unix domain socket, 0600, in a folder that belongs to the user (0700). One question a connection, one line: words separated by tabs. The answer
// ends with the connection; its first line is "ok" or "error: …".
//
//   snapshot  file  redact (0 or 1)   collects, writes a snapshot
//   stat                              resident memory by what it is for, a line each: bytes, tab, words
//
// The socket is opened before the program runs and removed when it ends; one that a killed program left is replaced.

using System;
using System.IO;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Threading;

namespace Tuza.Runtime;

static class Control
{
    const int LongestQuestion = 8192;

    static string s_path = "";

    internal static void Start(SnapshotPlan? plan)
    {
        if (plan is { Control: { Length: > 0 } path } && !OperatingSystem.IsWindows())
            Listen(path);
    }

    [UnsupportedOSPlatform("windows")]
    static void Listen(string path)
    {
        try
        {
            string folder = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if ((File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                throw new IOException("others can write to " + folder);
            File.Delete(path);
            Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(4);
            s_path = path;
            new Thread(() => Serve(listener)) { IsBackground = true, Name = "control" }.Start();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
        {
            Print.Text("tuza: " + path + ": " + e.Message + ": other processes cannot ask this one\n");
        }
    }

    /// <summary>The process ends.</summary>
    internal static void Stop()
    {
        if (Interlocked.Exchange(ref s_path, "") is not { Length: > 0 } path)
            return;
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next program with this number replaces it.
        }
    }

    static void Serve(Socket listener)
    {
        for (; ; )
        {
            try
            {
                using Socket peer = listener.Accept();
                peer.ReceiveTimeout = peer.SendTimeout = 5000;
                peer.Send(Encoding.UTF8.GetBytes(Answer(Question(peer))));
            }
            catch (SocketException)
            {
                // The asker is gone: the next one.
            }
        }
    }

    static string Question(Socket peer)
    {
        byte[] line = new byte[LongestQuestion];
        int n = 0;
        while (n < line.Length && Array.IndexOf(line, (byte)'\n', 0, n) < 0)
        {
            int more = peer.Receive(line.AsSpan(n));
            if (more == 0)
                break;
            n += more;
        }
        int end = Array.IndexOf(line, (byte)'\n', 0, n);
        return end < 0 ? "" : Encoding.UTF8.GetString(line, 0, end);
    }

    static string Answer(string question)
    {
        string[] words = question.Split('\t');
        switch (words[0])
        {
            case "snapshot" when words.Length == 3 && Path.IsPathRooted(words[1]):
                return Snapshots.Take(words[1], words[2] == "1") is { } error ? "error: " + error + "\n" : "ok\n";
            case "name" when words.Length == 1:
                return "ok\n" + Snapshots.ProgramName + "\n";
            case "stat" when words.Length == 1:
                return "ok\n" + Residency.Report();
            default:
                return "error: this program does not know the question\n";
        }
    }
}

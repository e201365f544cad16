// What the terminal is told: colours, and one line of progress.
//
// Colours: -color=always and -color=never decide; else NO_COLOR (not empty) switches them off, CLICOLOR_FORCE or FORCE_COLOR (not empty, not 0) switches them on, and otherwise a
// stream has them if it is a terminal that is not dumb. They mean nothing that the words do not say; JSON never has any.
//
// Progress: one line on standard error when it is a terminal and a build takes longer than a moment; it is drawn anew, and gone before anything else is printed. -q: none.

using System;
using System.IO;
using System.Text;
using System.Threading;
using Tuza.Inspect;

namespace Tuza.Cli;

static class Terminal
{
    const int PatienceMillis = 300;

    static string s_color = "auto";
    static readonly Lock s_lock = new();
    static Timer? s_timer;
    static TextWriter? s_error;
    static string s_doing = "", s_shown = "";

    /// <summary>-q.</summary>
    public static bool Quiet { get; set; }

    /// <summary>False for words that -color does not know.</summary>
    public static bool SetColor(string when)
    {
        if (when is not ("auto" or "always" or "never"))
            return false;
        s_color = when;
        return true;
    }

    public static Paint Out => new(HasColor(s_color, Environment.GetEnvironmentVariable, !Console.IsOutputRedirected));
    public static Paint Error => new(HasColor(s_color, Environment.GetEnvironmentVariable, !Console.IsErrorRedirected));

    internal static bool HasColor(string when, Func<string, string?> variable, bool isTerminal)
    {
        if (when != "auto")
            return when == "always";
        if (variable("NO_COLOR") is { Length: > 0 })
            return false;
        if (variable("CLICOLOR_FORCE") is { Length: > 0 } and not "0" || variable("FORCE_COLOR") is { Length: > 0 } and not "0")
            return true;
        return isTerminal && variable("TERM") is not "dumb";
    }

    // ---- progress

    /// <summary>From now on, what is done is shown if it takes long.</summary>
    public static void Begin(string doing)
    {
        if (Quiet || s_timer != null || Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") is "dumb" or "" or null)
            return;
        s_doing = doing;
        s_error = Console.Error;
        Console.SetError(new Behind(s_error));
        s_timer = new Timer(static _ => Draw(), null, PatienceMillis, PatienceMillis);
    }

    public static void Doing(string what) => s_doing = what;

    static void Draw()
    {
        lock (s_lock)
        {
            if (s_timer == null || s_shown == s_doing)
                return;
            s_shown = s_doing;
            s_error!.Write($"\r\u001b[K{s_shown} …");
            s_error.Flush();
        }
    }

    static void Erase()
    {
        if (s_shown == "")
            return;
        s_shown = "";
        s_error!.Write("\r\u001b[K");
        s_error.Flush();
    }

    /// <summary>The line is gone, and stays so: before a program runs, and at the end.</summary>
    public static void End()
    {
        lock (s_lock)
        {
            if (s_timer == null)
                return;
            s_timer.Dispose();
            s_timer = null;
            Erase();
            Console.SetError(s_error!);
        }
    }

    /// <summary>What is printed takes the place of the line.</summary>
    sealed class Behind(TextWriter to) : TextWriter
    {
        public override Encoding Encoding => to.Encoding;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (s_lock)
            {
                Erase();
                to.Write(value);
            }
        }

        public override void WriteLine(string? value) => Write(value + to.NewLine);

        public override void Flush() => to.Flush();
    }
}

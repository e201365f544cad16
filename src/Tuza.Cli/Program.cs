// The front door: opens the floors in order and owns the console.
//
// Exit codes: 0 done, 1 the user's program has errors, 2 wrong usage, 3 a failure of Tuza itself, 4 a limit ended the program; `tuza run` gives the program's own.

using System;
using System.Collections.Generic;
using System.Threading;

namespace Tuza.Cli;

static class Program
{
    /// <summary>Trees of source text are walked recursively: the initial thread's stack is too small for long chains.</summary>
    const int StackBytes = 1 << 30;

    const int NotQuick = -1;

    static int Main(string[] args)
    {
        // Nothing is compiled that way: the initial thread's stack is enough.
        if (args.Length > 0 && args[0] == "run" && Guarded(args, quick: true) is var quick and not NotQuick)
            return quick;
        return OnLargeStack(args);
    }

    static int OnLargeStack(string[] args)
    {
        int code = 0;
        Thread main = new(() => code = Guarded(args, quick: false), StackBytes);
        main.Start();
        main.Join();
        return code;
    }

    /// <summary>quick: the program runs if nothing has changed since it last did, otherwise nothing happens (NotQuick).</summary>
    static int Guarded(string[] args, bool quick)
    {
        try
        {
            if (quick)
                return RunCommand.Quick(args, out int ended) ? ended : NotQuick;
            int code = Dispatch(args);
            Terminal.End();
            return code;
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
        catch (ExitException e)
        {
            Console.Error.WriteLine(e.Message);
            return e.Code;
        }
        catch (Exception e)
        {
            string report = InternalErrors.Report(args, e);
            Console.Error.WriteLine("tuza: internal error: " + e + (report == "" ? "" : $"\ntuza: this is in {report}; tuza bug makes a report of it"));
            return 3;
        }
    }

    static int Dispatch(string[] args)
    {
        if (args.Length == 0)
            throw new UsageException(HelpCommand.Overview);
        List<string> rest = [.. args[1..]];
        if (Environment.GetEnvironmentVariable("TUZAFLAGS") is { Length: > 0 } flags && args[0] is "run" or "build" or "test" or "list")
            rest.InsertRange(0, GcFlags.Split(flags));
        switch (args[0])
        {
            case "run": return RunCommand.Run(rest);
            case "build": return BuildCommand.Run(rest);
            case "test": return TestCommand.Run(rest);
            case "layout": return LayoutCommand.Run(rest);
            case "escape": return EscapeCommand.Run(rest);
            case "vet": return VetCommand.Run(rest);
            case "list": return ListCommand.Run(rest);
            case ExecCommand.Name: return ExecCommand.Run(rest);
            case PrecompileCommand.Name: return PrecompileCommand.Run(rest);
            case "explain": return ExplainCommand.Run(rest);
            case "snapshot": return SnapshotCommand.Run(rest);
            case "leaks": return LeaksCommand.Run(rest);
            case "stat": return StatCommand.Run(rest);
            case "heap": return HeapCommand.Run(rest);
            case "lsp": return LspCommand.Run(rest);
            case "env": return EnvCommand.Run(rest);
            case "completion": return CompletionCommand.Run(rest);
            case "bug": return BugCommand.Run(rest);
            case "version" or "-version" or "--version": return VersionCommand.Run();
            case "help": return HelpCommand.Run(rest);
            case "-h" or "-help" or "--help":
                Console.Error.WriteLine(HelpCommand.Overview);
                return 2;
            default:
                throw new UsageException($"tuza {args[0]}: unknown command{Nearest(args[0])}\nRun 'tuza help' for usage.");
        }
    }

    /// <summary>The command that was probably meant.</summary>
    static string Nearest(string word)
    {
        string best = "";
        int least = 3;
        foreach (string command in HelpCommand.Commands)
        {
            int d = Distance(word, command);
            if (d < least)
                (least, best) = (d, command);
        }
        return best == "" ? "" : $"; did you mean {best}?";
    }

    static int Distance(string a, string b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}

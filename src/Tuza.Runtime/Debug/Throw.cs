// Ends of the process: fatal errors, deadlock, exit.
//
// With a plan for snapshots the heap is looked at before anything is printed, and what it says is told behind the message (Snapshots.LastLook, Tell).
// That needs a safepoint: panics, the program's own fatal errors and deadlocks have one; failures inside the runtime do not, and are told without.

using System;
using System.Diagnostics.CodeAnalysis;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Leaving the process.</summary>
public static unsafe class Exit
{
    /// <summary>The code is 1 for every one but 0, which is said on standard error: as go run does it.</summary>
    public static bool LikeGo { get; set; }

    /// <summary>Tests set this to see the exit instead of suffering it.</summary>
    public static Action<int>? Override { get; set; }

    [DoesNotReturn]
    public static void Now(int code)
    {
        Print.Flush();
        StackStats.Print();
        if (Throw.IsDying == 0)
        {
            MemoryReport.AtExit();
            Snapshots.LastLook("exit");
        }
        Snapshots.Tell();
        WithoutMore(Throw.IsDying == 0 ? Snapshots.CodeFor(code) : code);
    }

    /// <summary>From wherever it may be, also with the world stopped: nothing is asked or written any more.</summary>
    [DoesNotReturn]
    internal static void WithoutMore(int code)
    {
        if (LikeGo && code != 0)
        {
            Print.Text($"exit status {code}\n");
            code = 1;
        }
        Print.Flush();
        Leave();
        Override?.Invoke(code);
        Libc.ExitGroup(code);
        throw new InvalidOperationException("exit returned");
    }

    /// <summary>What the process leaves in the file system goes.</summary>
    internal static void Leave()
    {
        Control.Stop();
        Executable.Remove();
    }
}

/// <summary>Fatal errors. What can go wrong in a correct program is "user" and shows only its goroutine; broken invariants show all.</summary>
public static unsafe class Throw
{
    static int s_dying, s_dyingThread;

    internal static int IsDying => s_dying;

    /// <summary>`throw`: prints "fatal error: " and the stacks, exits with 2.</summary>
    [DoesNotReturn]
    public static void Fatal(string message) => Die(message, null, 0, system: true);

    /// <summary>`fatal`: the program's own mistake.</summary>
    [DoesNotReturn]
    public static void FatalUser(string message) => Die(message, null, 0, system: false);

    /// <summary>The same, where all that the program holds can be seen.</summary>
    [DoesNotReturn]
    internal static void FatalAtSafepoint(string message) => Die(message, null, 0, system: false, look: true);

    [DoesNotReturn]
    public static void FatalBytes(byte* text, long length, bool system, bool signal) => Die(null, text, length, system, signal, look: true);

    /// <summary>SIGQUIT: all stacks.</summary>
    [DoesNotReturn]
    internal static void Quit()
    {
        if (Interlocked.Exchange(ref s_dying, 1) != 0)
            Exit.Now(DebugFlags.ExitCodeDying);
        Snapshots.LookBeforeQuit();
        Sched.Freeze();
        Print.TakeOver();
        Print.Begin();
        Print.Text("SIGQUIT: quit\nPC=0x0 m=0 sigcode=0\n");
        Traceback.Fatal(null, system: true);
        Print.Text("\n");
        Print.End();
        Exit.Now(2);
    }

    [DoesNotReturn]
    internal static void FatalFault(G* g) => Die("fault", null, 0, system: false, signal: true, g);

    [DoesNotReturn]
    public static void Deadlock() => FatalAtSafepoint("all goroutines are asleep - deadlock!");

    [DoesNotReturn]
    static void Die(string? message, byte* text, long length, bool system, bool signal = false, G* g = null, bool look = false)
    {
        if (Interlocked.Exchange(ref s_dying, 1) != 0)
        {
            // A second error while dying: the first one is enough.
            if (look && s_dyingThread != Environment.CurrentManagedThreadId)
                Sched.AwaitEnd();
            Exit.Now(DebugFlags.ExitCodeDying);
        }
        s_dyingThread = Environment.CurrentManagedThreadId;
        if (look)
            Snapshots.LastLook("a fatal error");
        Sched.Freeze();
        Print.TakeOver();
        Print.Begin();
        Print.Text("fatal error: ");
        if (message != null)
            Print.Text(message);
        else
            Indented(text, length);
        Print.Text("\n");
        if (signal)
            Faults.SignalLine(g);
        Traceback.Fatal(g == null ? Threads.CurrentG() : g, system);
        Print.End();
        Exit.Now(2);
    }

    /// <summary>Further lines of a message begin with a tab.</summary>
    static void Indented(byte* text, long length)
    {
        for (long i = 0; i < length; i++)
        {
            Print.Bytes(text + i, 1);
            if (text[i] == (byte)'\n')
                Print.Text("\t");
        }
    }

    [DoesNotReturn]
    public static void BadFrame(byte* fp, ulong header)
    {
        Print.Begin();
        Print.Text("runtime: bad frame header ");
        Print.Hex(header);
        Print.Text(" at ");
        Print.Hex((ulong)fp);
        Print.Text("\n");
        Print.End();
        s_dying = 1;
        Print.Text("fatal error: unknown function in stack frame\n");
        Exit.Now(2);
    }

    [DoesNotReturn]
    public static void BadSite(FuncDesc* func, int site)
    {
        Print.Begin();
        Print.Text("runtime: ");
        Print.Bytes(func->Name, func->NameLength);
        Print.Text(" has no site ");
        Print.Int(site);
        Print.Text("\n");
        Print.End();
        s_dying = 1;
        Print.Text("fatal error: unknown site in stack frame\n");
        Exit.Now(2);
    }

    [DoesNotReturn]
    public static void BadPointerInFrame(FuncDesc* func, int site, byte** slot)
    {
        Print.Begin();
        Print.Text("runtime: bad pointer in frame ");
        Print.Bytes(func->Name, func->NameLength);
        Print.Text(" at ");
        Print.Hex((ulong)slot);
        Print.Text(" (site ");
        Print.Int(site);
        Print.Text("): ");
        Print.Hex((ulong)*slot);
        Print.Text("\n");
        Print.End();
        s_dying = 1;
        Print.Text("fatal error: invalid pointer found on stack\n");
        Exit.Now(2);
    }
}

// Tracebacks in Go's format.
//
//   goroutine 1 [running]:
//   main.f(...)
//           /path/file.go:12 +0x1d
//   created by main.main in goroutine 1
//           /path/file.go:20 +0x5f
//
// Functions of the runtime are hidden unless GOTRACEBACK asks for them. Arguments are not known here: inlined bodies show (...), others ().

using System;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Prints stacks of goroutines.</summary>
public static unsafe class Traceback
{
    const int MaxHalf = 50;

    /// <summary>After a fatal error or panic on <paramref name="g"/> (may be null).</summary>
    public static void Fatal(G* g, bool system)
    {
        int level = DebugFlags.TracebackLevel;
        if (level == 0)
            return;
        bool all = DebugFlags.TracebackAll || g == null || system;
        if (g != null)
        {
            Print.Text("\n");
            Header(g);
            Stack(g, 0);
        }
        if (all || g == null)
            Others(g);
    }

    /// <summary>`dopanic(signal bool)`: the end of an unrecovered panic, its message is printed. Exits.</summary>
    [GoFunc("runtime.dopanic", NoReturn = true)]
    public static void DoPanic(G* g, int signal)
    {
        Snapshots.LastLook("a panic");
        Sched.Freeze();
        Print.Begin();
        if (signal != 0)
            Faults.SignalLine(g);
        Fatal(g, system: false);
        Print.End();
        Exit.Now(2);
    }

    /// <summary>The first few goroutines, and how many there are besides.</summary>
    internal static void Some(int most)
    {
        int left = DebugFlags.TracebackLevel == 0 ? 0 : Others(null, most);
        if (left > 0)
            Print.Text($"\n...and {left} more goroutines\n");
    }

    public static void Others(G* but) => Others(but, int.MaxValue);

    /// <summary>Returns how many were left out.</summary>
    static int Others(G* but, int most)
    {
        int shown = 0, left = 0;
        for (int i = 0; i < Sched.AllCount; i++)
        {
            G* g = Sched.All(i);
            GState* gs = Sched.State(g);
            if (g == but || gs->Status is GStatus.Dead or GStatus.Idle || gs->IsSystem != 0 && DebugFlags.TracebackLevel < 2)
                continue;
            if (shown++ >= most)
            {
                left++;
                continue;
            }
            Print.Text("\n");
            bool held = Sched.TryHoldStack(g);
            Header(g);
            if (Sched.RunsElsewhere(g))
                Print.Text("\tgoroutine running on other thread; stack unavailable\n");
            else
                Stack(g, 0);
            if (held)
                Sched.EndScan(g);
        }
        return left;
    }

    static string StatusText(GState* gs) => gs->Status switch
    {
        GStatus.Idle => "idle",
        GStatus.Runnable => "runnable",
        GStatus.Running => "running",
        GStatus.Syscall => "syscall",
        GStatus.Waiting => gs->WaitReason == WaitReason.None ? "waiting" : WaitReasons.Text(gs->WaitReason),
        GStatus.Dead => "dead",
    };

    public static void Header(G* g)
    {
        GState* gs = Sched.State(g);
        Print.Text("goroutine ");
        Print.Int(g->Goid);
        Print.Text(" [");
        Print.Text(StatusText(gs));
        if (gs->Leaked != 0 && gs->Status == GStatus.Waiting)
            Print.Text(" (leaked)");
        if (gs->Status is GStatus.Waiting or GStatus.Syscall && gs->WaitSince != 0)
        {
            long minutes = (Clock.Nano() - gs->WaitSince) / 60_000_000_000;
            if (minutes >= 1)
            {
                Print.Text(", ");
                Print.Int(minutes);
                Print.Text(" minutes");
            }
        }
        if (gs->LockedM != null)
            Print.Text(", locked to thread");
        Print.Text("]");
        GoroutineLabels.Write(gs);
        Print.Text(":\n");
    }

    /// <summary>All frames after <paramref name="skip"/> shown ones: the first and last 50.</summary>
    public static void Stack(G* g, int skip)
    {
        int total = 0;
        Visit(g, skip, int.MaxValue, 0, ref total, print: false);
        int shown = 0;
        if (total <= 2 * MaxHalf)
        {
            Visit(g, skip, int.MaxValue, 0, ref shown, print: true);
        }
        else
        {
            Visit(g, skip, MaxHalf, 0, ref shown, print: true);
            Print.Text("...");
            Print.Int(total - 2 * MaxHalf);
            Print.Text(" frames elided...\n");
            shown = 0;
            Visit(g, skip, int.MaxValue, total - MaxHalf, ref shown, print: true);
        }
        CreatedBy(g);
    }

    static void Visit(G* g, int skip, int max, int from, ref int count, bool print)
    {
        bool seenUser = false;
        for (var c = new FrameCursor(g); c.Valid && count < max; c.Next())
        {
            FuncDesc* f = c.Func;
            int depth = Pcs.Depth(f, c.Site);
            for (int d = 0; d < depth && count < max; d++)
            {
                LogicalFrame frame = Pcs.Frame(f, c.Site, d);
                if (!Show(frame, seenUser))
                    continue;
                seenUser = true;
                if (skip > 0)
                {
                    skip--;
                    continue;
                }
                if (count >= from && print)
                    One(frame, c.Site);
                count++;
            }
        }
    }

    static bool Show(in LogicalFrame frame, bool seenUser)
    {
        if (DebugFlags.TracebackLevel > 1)
            return true;
        if ((frame.Flags & FuncFlags.Wrapper) != 0)
            return false;
        ReadOnlySpan<byte> name = frame.NameText;
        if (name.SequenceEqual("runtime.gopanic"u8))
            return seenUser;
        if (!name.StartsWith("runtime."u8))
            return name.Contains((byte)'.');
        // Exported functions of the runtime are the program's own calls.
        return name.Length > 8 && name[8] >= 'A' && name[8] <= 'Z';
    }

    static void One(in LogicalFrame frame, int site)
    {
        Name(frame.NameText);
        Print.Text(frame.Inlined ? "(...)\n\t" : "()\n\t");
        Print.Bytes(frame.FileText);
        Print.Text(":");
        Print.Int(frame.Line);
        if (!frame.Inlined)
        {
            Print.Text(" +");
            Print.Hex((ulong)(site + 1) * 8 + 5);
        }
        Print.Text("\n");
    }

    static void Name(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("runtime.gopanic"u8))
            Print.Text("panic");
        else
            Print.Bytes(name);
    }

    static void CreatedBy(G* g)
    {
        GState* gs = Sched.State(g);
        if (gs->GoPc == 0)
            return;
        FuncDesc* f = Pcs.Get(Pcs.PcFunc(gs->GoPc));
        if (f == null)
            return;
        LogicalFrame frame = Pcs.Frame(f, Pcs.PcSite(gs->GoPc), 0);
        Print.Text("created by ");
        Print.Bytes(frame.NameText);
        Print.Text(" in goroutine ");
        Print.Int(gs->ParentGoid);
        Print.Text("\n\t");
        Print.Bytes(frame.FileText);
        Print.Text(":");
        Print.Int(frame.Line);
        Print.Text(" +");
        Print.Hex((ulong)(Pcs.PcSite(gs->GoPc) + 1) * 8 + 5);
        Print.Text("\n");
    }
}

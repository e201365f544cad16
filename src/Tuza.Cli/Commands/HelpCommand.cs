// tuza help: what the commands do.

using System;
using System.Collections.Generic;

namespace Tuza.Cli;

static class HelpCommand
{
    static readonly SortedDictionary<string, (string Usage, string Short, string Long)> s_topics = new(StringComparer.Ordinal)
    {
        ["run"] = ("tuza run [build flags] package [arguments]", "compile and run a Go program",
            "The package is a list of .go files, a folder or an import path. The exit code is the program's own: 2 after a panic or a fatal error, 4 when -mem, -time or -goroutines\nended it.\n\n"
            + "-alloc, -gc and -barrier choose how memory is managed. bump never uses again but whole empty chunks; the -fit allocators cut free blocks; go has size classes. Collections run beside the program\n"
            + "(concurrent), in steps of those who allocate (incremental) or in one stop (stw). See tuza help explain."),
        ["build"] = ("tuza build [-o output] [build flags] [packages]", "compile packages",
            "A program becomes an executable. -gcflags=-m prints what escapes to the heap and what is inlined."),
        ["test"] = ("tuza test [build flags] [packages] [test flags]", "run the tests of packages",
            "Test flags are those of go test: -run, -v, -short, -count, -timeout, -bench, -json and the others of package testing.\n\n"
            + "-leaks judges each package when its tests have ended, as tuza leaks does. A line of the -allocbudget file is a benchmark, allocations an operation, and, if wanted, bytes\n"
            + "an operation: \"BenchmarkEncode 2 128\", \"example.com/store.BenchmarkPut/large 0\"; # begins a remark."),
        ["explain"] = ("tuza explain alloc|gc [-alloc list] [-gc list] [-barrier list] [-runs n] [-json] package [arguments]", "run a program under several ways to manage memory, side by side",
            "alloc compares the allocators, gc the modes of the collector and its write barriers; lists choose, and combine.\n\n"
            + "\ttime           of the program, without compilation\n\tcycles         collections\n\tpauses         their sum; longest: one\n\tinternal       of what objects took, what nobody asked for: rounding and headers\n"
            + "\texternal       of what the heap held when it was largest, what was in no object\n\tlooks/object   free blocks that were looked at to place an object\n\tanswer         what the program printed, against the first run"),
        ["heap"] = ("tuza heap file view [-n rows] [-json] | tuza heap view file", "answer questions about a heap snapshot",
            "Snapshots are written by tuza run -snapshot-at exit|peak|signal|5s. The views:\n\n\ttop          bytes and objects by type\n\tsites        by place of allocation\n\ttype NAME    the objects of a type\n\twhy ADDRESS  "
            + "who keeps an object alive\n\tretained     what would be freed without each\n\twaste        blocks that strings and slices keep for a part of them\n\tdups         equal strings in several blocks\n\t"
            + "leaks        what is held for nothing, with the way to mend it\n\tdiff OLDER   growth since another snapshot\n\tgoroutines   what they wait for, since when\n\tspans        how full the size classes are\n\t"
            + "query 'SQL'  select … from objects, roots, goroutines, spans where … group by … order by … limit …\n\texport       -format pprof|heapsnapshot|ndjson|csv [-o FILE] [-f], for go tool pprof, DevTools, databases"),
        ["escape"] = ("tuza escape [-at file:line] [-with snapshot] [-json | -graph svg | -m] [-o file] [packages]", "explain why values are on the heap",
            "For each value: the way it takes from where it is made to where no frame can hold it, call by call; what it costs; the smallest change that\nkeeps it in the frame. -gcflags=-m=2 of tuza build has the compiler's own words."),
        ["layout"] = ("tuza layout [-arch amd64,386] [-fix] [-svg] [-json] [packages] [pkg.]Type ... | tuza layout -all [-waste N] [packages]", "show how types lie in memory",
            "Offsets, sizes, padding, pointers, the size class and what it wastes, the best order of fields, 64-bit atomics on 32-bit machines."),
        ["vet"] = ("tuza vet [-fix | -diff] [-json | -sarif file] [-only rules] [packages]", "find leaks and wasted memory in the source",
            "Rules: SUBSTR, SUBSLICE, LOSTPTR, GOLEAK, TICKER, FINCYCLE, DEFERLOOP, ATOMIC32, PADDING, and the check of //tuza:noalloc functions.\n"
            + "A comment //tuza:ignore retain/substring REASON on the line, or on the line above, silences a finding."),
        ["snapshot"] = ("tuza snapshot [-o file] [-f] [-redact] [-format name] PID | tuza snapshot [run flags] package [arguments]", "write the heap of a program to a file",
            "Of a running program: it must have been started with tuza run -attach, -leaks, -snapshot-at or -monitor. Of a package: run it and write the heap at its end, as tuza run -snapshot-at exit.\n"
            + "Read the file with tuza heap."),
        ["leaks"] = ("tuza leaks [-json | -sarif file] [-exit] PID | tuza leaks [-for time] [-json | -sarif file] [-exit] [run flags] package [arguments]", "say what a program holds for nothing",
            "Of a running program (tuza run -attach): now. Of a package: run it, judge when it ends, when it is interrupted (Ctrl-C), or after the time of -for. The families:\n\n"
            + "\tretain/substring    a string keeps a block of which it uses a part; retain/subslice: a slice does\n\tretain/lostelems    pointers in elements that no slice shows\n"
            + "\tgoroutine/blocked   waits for what nobody can do any more\n\tgoroutine/growing   of one go statement more and more, none ends\n\tgoroutine/busy      runs without ever waiting\n"
            + "\ttimer/ticker        not stopped, and nobody waits for it\n\tfinalizer/cycle     an object with a finalizer reaches itself\n\tdefer/loop          many deferred calls pending\n"
            + "\tmap/room            a map far larger than its entries need\n\tretain/duplicate    one text many times"),
        ["stat"] = ("tuza stat [-every 1s] [-json | -openmetrics] PID", "account for the resident memory of a running program",
            "Every resident page is counted once; the rows add up to what the system says."),
        ["list"] = ("tuza list [-f format] [-deps] [-json] [packages]", "list packages", "One line per package: its import path, or what -f says."),
        ["bug"] = ("tuza bug [-o file] [-y] [files]", "write a report about Tuza itself",
            "Versions, the machine, the variables that matter, internal errors of the last days; and the files that are named, each of which is asked for first. Nothing is sent."),
        ["completion"] = ("tuza completion bash|zsh|fish|pwsh", "print a script that completes commands and flags in a shell",
            "\tbash   source <(tuza completion bash)\n\tzsh    tuza completion zsh > \"${fpath[1]}/_tuza\"\n\tfish   tuza completion fish > ~/.config/fish/completions/tuza.fish\n\tpwsh   tuza completion pwsh | Out-String | Invoke-Expression"),
        ["lsp"] = ("tuza lsp", "serve an editor: diagnostics, hovers, code actions",
            "A language server on standard input and output. Opening or saving a Go file analyses its folder: errors of the compiler, findings of vet, and, as hints, what goes to the heap and why. A hover\n"
            + "shows the layout of a type and the way of what is made on the line; code actions are the fixes of vet. In Vim, Emacs, VS Code and others: a server for Go files with the command tuza lsp."),
        ["env"] = ("tuza env [-json] [names]", "print what the build depends on", "GOROOT is the Go installation whose standard library is compiled."),
        ["version"] = ("tuza version", "print the version", ""),
        ["help"] = ("tuza help [command]", "explain a command", ""),
    };

    public static IEnumerable<string> Commands => s_topics.Keys;

    public static string Overview
    {
        get
        {
            List<string> lines = ["Tuza compiles and runs Go programs, and shows what they do with memory.", "", "Usage:", "", "\ttuza <command> [arguments]", "", "The commands are:", ""];
            foreach ((string name, (_, string text, _)) in s_topics)
                lines.Add($"\t{name,-12}{text}");
            lines.Add("");
            lines.Add("Use \"tuza help <command>\" for more about a command, \"tuza help json\" for what programs can read.");
            return string.Join("\n", lines);
        }
    }

    /// <summary>What a command does, in a few words.</summary>
    public static string Short(string command) => s_topics[command].Short;

    /// <summary>The line about how a command is called.</summary>
    public static string Usage(string command) => s_topics.TryGetValue(command, out var t) ? "usage: " + t.Usage + "\n" : "";

    public static string Text(string command)
    {
        if (!s_topics.TryGetValue(command, out (string Usage, string Short, string Long) t))
            return Overview;
        string text = "usage: " + t.Usage + "\n" + (t.Long == "" ? "" : "\n" + t.Long + "\n");
        if (FlagsOf(command) is { } flags)
            text += "\nFlags:\n" + flags.Describe() + "\n";
        return text.TrimEnd('\n');
    }

    /// <summary>The flags that a command reads; null for none.</summary>
    internal static Flags? FlagsOf(string command) => command switch
    {
        "run" => RunCommand.Register(new Flags(command), new BuildFlags(), new SnapshotFlags()),
        "leaks" => new LeakOptions().RegisterRun(RunCommand.Register(new Flags(command), new BuildFlags(), new SnapshotFlags())),
        "snapshot" => SnapshotCommand.Register(new Flags(command), static _ => { }, static _ => { }, static _ => { }, static _ => { }),
        "stat" => StatCommand.Register(new Flags(command), new StatCommand.Options()),
        "heap" => HeapCommand.Register(new Flags(command), new HeapCommand.Options()),
        "layout" => LayoutCommand.Register(new BuildFlags(), _ => { }, _ => { }, _ => { }, _ => { }, _ => { }, _ => { }, _ => { }),
        "escape" => EscapeCommand.Register(new BuildFlags(), new EscapeCommand.Options()),
        "vet" => VetCommand.Register(new BuildFlags(), new VetCommand.Options()),
        "test" => TestCommand.Register(new TestCommand.Options()),
        "lsp" => LspCommand.Register(new Flags(command)),
        "bug" => BugCommand.Register(new Flags(command), new BugCommand.Options()),
        "build" or "list" => new BuildFlags().Register(new Flags(command)),
        _ => null,
    };

    public static int Run(List<string> args)
    {
        if (args.Count > 0 && args[0] == JsonTopic.Name)
        {
            Console.WriteLine(JsonTopic.Text());
            return 0;
        }
        if (args.Count > 0 && !s_topics.ContainsKey(args[0]))
            throw new UsageException($"tuza help {args[0]}: unknown help topic. Run 'tuza help'.");
        Console.WriteLine(args.Count == 0 ? Overview : Text(args[0]));
        return 0;
    }
}

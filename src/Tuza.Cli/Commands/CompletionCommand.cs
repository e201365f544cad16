// tuza completion: scripts that let a shell complete commands, flags and views. They are made from the same tables as the help, so what they
// offer exists; they hold words only and call nothing.

using System;
using System.Collections.Generic;
using System.Text;

namespace Tuza.Cli;

static class CompletionCommand
{
    static readonly string[] s_shells = ["bash", "zsh", "fish", "pwsh"];

    public static int Run(List<string> args)
    {
        List<string> words = new Flags("completion").Parse(args);
        string shell = words.Count == 1 ? words[0] : "";
        Driver.Write(Console.Out, shell switch
        {
            "bash" => Bash(),
            "zsh" => Zsh(),
            "fish" => Fish(),
            "pwsh" => PowerShell(),
            _ => throw new UsageException($"{HelpCommand.Usage("completion")}Run 'tuza help completion' for details."),
        });
        return 0;
    }

    /// <summary>Words, besides flags and files, that may follow a command.</summary>
    static IReadOnlyList<string> WordsAfter(string command) => command switch
    {
        "completion" => s_shells,
        "explain" => ["alloc", "gc"],
        "heap" => HeapCommand.Views,
        "help" => [.. HelpCommand.Commands, JsonTopic.Name],
        _ => [],
    };

    static IEnumerable<(string Name, string Help)> FlagsOf(string command)
    {
        foreach ((string, string) flag in HelpCommand.FlagsOf(command)?.All ?? [])
            yield return flag;
        foreach (string name in command == "test" ? TestCommand.TestingFlags : [])
            yield return (name, "of package testing");
    }

    static string FlagNames(string command)
    {
        List<string> names = [];
        foreach ((string name, _) in FlagsOf(command))
            names.Add("-" + name);
        return string.Join(' ', names);
    }

    static string Bash()
    {
        StringBuilder b = new("# bash completion of tuza: source <(tuza completion bash)\n_tuza() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words=\n    COMPREPLY=()\n"
            + "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
        b.Append(string.Join(' ', HelpCommand.Commands)).Append("'\n    elif [[ $cur == -* ]]; then\n        case ${COMP_WORDS[1]} in\n");
        foreach (string command in HelpCommand.Commands)
        {
            if (FlagNames(command) is { Length: > 0 } names)
                b.Append("            ").Append(command).Append(") words='").Append(names).Append("' ;;\n");
        }
        b.Append("        esac\n    else\n        case ${COMP_WORDS[1]} in\n");
        foreach (string command in HelpCommand.Commands)
        {
            if (WordsAfter(command) is { Count: > 0 } after)
                b.Append("            ").Append(command).Append(") words='").Append(string.Join(' ', after)).Append("' ;;\n");
        }
        return b.Append("        esac\n    fi\n    [ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -o bashdefault -F _tuza tuza\n").ToString();
    }

    static string Zsh()
    {
        StringBuilder b = new("#compdef tuza\n# zsh completion of tuza: put it into a folder of $fpath as _tuza\n_tuza() {\n    local -a commands flags words\n    commands=(\n");
        foreach (string command in HelpCommand.Commands)
            b.Append("        ").Append(Quoted(command + ":" + HelpCommand.Short(command).Replace(":", "\\:", StringComparison.Ordinal), "'\\''")).Append('\n');
        b.Append("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n    case $words[2] in\n");
        b.Replace("local -a commands flags words", "local -a commands flags after");
        foreach (string command in HelpCommand.Commands)
        {
            b.Append("        ").Append(command).Append(")\n            flags=(\n");
            foreach ((string name, string help) in FlagsOf(command))
                b.Append("                ").Append(Quoted($"-{name}:{help.Replace(":", "\\:", StringComparison.Ordinal)}", "'\\''")).Append('\n');
            b.Append("            )\n            after=(").Append(string.Join(' ', WordsAfter(command))).Append(") ;;\n");
        }
        return b.Append("    esac\n    if [[ $PREFIX == -* ]]; then\n        _describe -o flag flags\n    else\n        (( $#after )) && compadd -a after\n        _files\n    fi\n}\nif [ \"$funcstack[1]\" = _tuza ]; then\n    _tuza \"$@\"\nelse\n    compdef _tuza tuza\nfi\n").ToString();
    }

    static string Fish()
    {
        StringBuilder b = new("# fish completion of tuza: tuza completion fish > ~/.config/fish/completions/tuza.fish\n");
        foreach (string command in HelpCommand.Commands)
            b.Append("complete -c tuza -n __fish_use_subcommand -f -a ").Append(command).Append(" -d ").Append(Quoted(HelpCommand.Short(command), "\\'")).Append('\n');
        foreach (string command in HelpCommand.Commands)
        {
            string when = $"complete -c tuza -n '__fish_seen_subcommand_from {command}'";
            foreach ((string name, string help) in FlagsOf(command))
                b.Append(when).Append(name.Length == 1 ? " -s " : " -o ").Append(name).Append(" -d ").Append(Quoted(help, "\\'")).Append('\n');
            if (WordsAfter(command) is { Count: > 0 } after)
                b.Append(when).Append(" -a ").Append(Quoted(string.Join(' ', after), "\\'")).Append('\n');
        }
        return b.ToString();
    }

    static string PowerShell()
    {
        StringBuilder b = new("# PowerShell completion of tuza: tuza completion pwsh | Out-String | Invoke-Expression\nRegister-ArgumentCompleter -Native -CommandName tuza -ScriptBlock {\n    param($word, $ast, $position)\n    $words = @{\n");
        foreach (string command in HelpCommand.Commands)
            b.Append("        ").Append(Quoted(command, "''")).Append(" = ").Append(Quoted((FlagNames(command) + " " + string.Join(' ', WordsAfter(command))).Trim(), "''")).Append('\n');
        b.Append("    }\n    $before = @($ast.CommandElements | ForEach-Object { $_.ToString() })\n    if ($before.Count -lt 2 -or ($before.Count -eq 2 -and $word -ne '')) {\n        $offered = ").Append(Quoted(string.Join(' ', HelpCommand.Commands), "''"));
        return b.Append("\n    } else {\n        $offered = $words[$before[1]]\n    }\n    -split $offered | Where-Object { $_ -like \"$word*\" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }\n}\n").ToString();
    }

    /// <summary>In single quotes; quote: how the shell writes one inside.</summary>
    static string Quoted(string s, string quote) => "'" + s.Replace("'", quote, StringComparison.Ordinal) + "'";
}

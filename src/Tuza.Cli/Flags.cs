// Command-line flags as the go command reads them: -name, --name, -name=value, -name value; the first argument that is no flag ends them.

using System;
using System.Collections.Generic;
using System.Globalization;

namespace Tuza.Cli;

/// <summary>A wrong command line: Message goes to standard error, the exit code is 2.</summary>
sealed class UsageException(string message) : Exception(message);

/// <summary>-json, -json=stream.</summary>
enum JsonMode { None, Object, Stream }

/// <summary>The flags of one command.</summary>
sealed class Flags(string command)
{
    sealed record Flag(bool IsBool, Action<string> Set, string Help);

    readonly Dictionary<string, Flag> _flags = new(StringComparer.Ordinal);

    /// <summary>Flags of every command.</summary>
    static readonly (string Name, Flag Flag)[] s_common =
    [
        ("color", new Flag(false, static when =>
        {
            if (!Terminal.SetColor(when))
                throw new UsageException($"invalid value \"{when}\" for flag -color: auto, always or never");
        }, "auto, always or never: colours of text for people")),
        ("q", new Flag(true, static _ => Terminal.Quiet = true, "do not show progress")),
    ];

    public Flags Bool(string name, Action<bool> set, string help)
    {
        _flags[name] = new Flag(true, text => set(ParseBool(name, text)), help);
        return this;
    }

    public Flags Text(string name, Action<string> set, string help)
    {
        _flags[name] = new Flag(false, set, help);
        return this;
    }

    public Flags Number(string name, Action<int> set, string help)
    {
        _flags[name] = new Flag(false, text =>
        {
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n))
                throw new UsageException($"invalid value \"{text}\" for flag -{name}: parse error\n{Hint}");
            set(n);
        }, help);
        return this;
    }

    /// <summary>-json of commands that print tables.</summary>
    public Flags Json(Action<JsonMode> set, string help)
    {
        _flags["json"] = new Flag(true, text => set(text == "stream" ? JsonMode.Stream : ParseBool("json", text) ? JsonMode.Object : JsonMode.None), help + "; -json=stream: a row a line");
        return this;
    }

    /// <summary>Accepted and without effect here.</summary>
    public Flags Ignored(bool isBool, params string[] names)
    {
        foreach (string name in names)
            _flags[name] = new Flag(isBool, _ => { }, "");
        return this;
    }

    string Hint => $"Run 'tuza help {command}' for details.";

    bool ParseBool(string name, string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw new UsageException($"invalid boolean value \"{text}\" for -{name}: parse error\n{Hint}"),
    };

    /// <summary>Sets the flags and returns the arguments after them.</summary>
    public List<string> Parse(IReadOnlyList<string> args)
    {
        int i = 0;
        while (i < args.Count && TryFlag(args, ref i))
        {
        }
        List<string> rest = [];
        for (; i < args.Count; i++)
            rest.Add(args[i]);
        return rest;
    }

    /// <summary>As Parse, but flags may also stand between and behind the arguments.</summary>
    public List<string> ParseAnywhere(IReadOnlyList<string> args)
    {
        List<string> words = [], left = Parse(args);
        while (left.Count > 0)
        {
            words.Add(left[0]);
            left = Parse(left[1..]);
        }
        return words;
    }

    /// <summary>Reads one flag at i and moves past it; false when there is none.</summary>
    public bool TryFlag(IReadOnlyList<string> args, ref int i)
    {
        string arg = args[i];
        if (arg.Length < 2 || arg[0] != '-')
            return false;
        if (arg == "--")
        {
            i++;
            return false;
        }
        string name = arg[(arg[1] == '-' ? 2 : 1)..];
        if (name == "" || name[0] is '-' or '=')
            throw new UsageException($"bad flag syntax: {arg}\n{Hint}");
        string? value = null;
        int equals = name.IndexOf('=');
        if (equals >= 0)
        {
            value = name[(equals + 1)..];
            name = name[..equals];
        }
        if ((_flags.GetValueOrDefault(name) ?? Array.Find(s_common, c => c.Name == name).Flag) is not { } flag)
        {
            if (name is "h" or "help")
                throw new UsageException(HelpCommand.Text(command));
            throw new UsageException($"flag provided but not defined: -{name}\n{HelpCommand.Usage(command)}{Hint}");
        }
        i++;
        if (value == null && flag.IsBool)
            value = "true";
        if (value == null)
        {
            if (i >= args.Count)
                throw new UsageException($"flag needs an argument: -{name}\n{Hint}");
            value = args[i++];
        }
        flag.Set(value);
        return true;
    }

    /// <summary>Flags that do something, with what help says of them.</summary>
    public IEnumerable<(string Name, string Help)> All
    {
        get
        {
            foreach ((string name, Flag flag) in _flags)
            {
                if (flag.Help != "")
                    yield return (name, flag.Help);
            }
            foreach ((string name, Flag flag) in s_common)
            {
                if (!_flags.ContainsKey(name))
                    yield return (name, flag.Help);
            }
        }
    }

    /// <summary>One line per flag.</summary>
    public string Describe()
    {
        List<string> lines = [];
        foreach ((string name, string help) in All)
            lines.Add($"  -{name,-14} {help}");
        return string.Join("\n", lines);
    }
}

// Errors of the checker: where, and in which words.
//
// A message is a format with %s (any operand, type, expression, object, position), %d and %q. An error about a node is reported at the
// node's leftmost position, as gc does. Messages that mention an invalid operand or type are follow-ups of an error reported before
// and are dropped.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    static readonly Regex s_versionError = new("requires go[0-9]+\\.[0-9]+ or later");

    const string InvalidArg = "invalid argument: ";
    const string InvalidOp = "invalid operation: ";

    /// <summary>An error in the making: a first line and further lines, each with a position of its own or none.</summary>
    sealed class ErrorDesc(Checker check)
    {
        readonly List<(Pos Pos, string Text)> _lines = [];

        public bool IsEmpty => _lines.Count == 0;
        public Pos Pos => _lines[0].Pos;

        public ErrorDesc Add(Pos at, string format, params object?[] args)
        {
            _lines.Add((at, check.Sprintf(format, args)));
            return this;
        }

        public ErrorDesc Add(Node at, string format, params object?[] args) => Add(StartPos(at), format, args);

        public void AddOther(Obj obj)
        {
            if (obj.Pos.IsKnown)
                Add(obj.Pos, "other declaration of %s", obj.Name);
        }

        public string Text
        {
            get
            {
                var text = new StringBuilder(_lines[0].Text);
                for (int i = 1; i < _lines.Count; i++)
                {
                    text.Append("\n\t");
                    if (_lines[i].Pos.IsKnown)
                        text.Append(_lines[i].Pos.ToString()).Append(": ");
                    text.Append(_lines[i].Text);
                }
                return text.ToString();
            }
        }

        public void Report()
        {
            if (!IsEmpty)
                check.Report(Pos, _lines[0].Text, Text, false);
        }
    }

    ErrorDesc NewError() => new(this);

    void Report(Pos pos, string first, string text, bool soft)
    {
        if (_errors && (first.IndexOf("invalid operand", StringComparison.Ordinal) > 0 || first.IndexOf("invalid type", StringComparison.Ordinal) > 0))
            return;
        if (_env.ErrPos.IsKnown)
            pos = _env.ErrPos;
        if (text.Contains("requires go1.", StringComparison.Ordinal) && s_versionError.IsMatch(text))
            text += VersionNote(pos);
        _errors = true;
        if (soft)
            _sink.Soft(pos, text);
        else
            _sink.Error(pos, text);
    }

    void Error(Pos at, string format, params object?[] args)
    {
        string text = Sprintf(format, args);
        Report(at, text, text, false);
    }

    void Error(Node at, string format, params object?[] args) => Error(StartPos(at), format, args);
    void Error(Obj at, string format, params object?[] args) => Error(at.Pos, format, args);
    void Error(Operand at, string format, params object?[] args) => Error(PosOf(at), format, args);

    void SoftError(Pos at, string format, params object?[] args)
    {
        string text = Sprintf(format, args);
        Report(at, text, text, true);
    }

    void SoftError(Node at, string format, params object?[] args) => SoftError(StartPos(at), format, args);
    void SoftError(Operand at, string format, params object?[] args) => SoftError(PosOf(at), format, args);

    void VersionError(Pos at, int minor, string what, params object?[] args)
    {
        string text = Sprintf(what, args) + $" requires go1.{minor} or later";
        Report(at, text, text, false);
    }

    /// <summary>Where the language version in force comes from, in gc's words.</summary>
    string VersionNote(Pos at)
    {
        foreach (FileNode file in _pkg.Files)
            if (file.Source.Id == at.FileId && _versions.TryGetValue(file, out LangVersion v))
            {
                if (file.GoVersion == v.ToString())
                    return $" (file declares //go:build {v})";
                break;
            }
        return $" (-lang was set to {_options.GoVersion}; check go.mod)";
    }

    /// <summary>Reports that a construct needs a newer language, if it does.</summary>
    bool VerifyVersion(Pos at, int minor, string what, params object?[] args)
    {
        if (AllowVersion(minor))
            return true;
        VersionError(at, minor, what, args);
        return false;
    }

    bool VerifyVersion(Node at, int minor, string what, params object?[] args) =>
        AllowVersion(minor) || VerifyVersion(StartPos(at), minor, what, args);

    static Pos StartPos(Node node) => Positions.Start(node);

    static Pos PosOf(Operand x) => x.Expr == null ? default : StartPos(x.Expr);

    static string ExprString(Expr e) => ExprText.Of(e);

    string Str(GoType? type) => _typeEnv.Text(type);

    string Sprintf(string format, params object?[] args)
    {
        if (args.Length == 0)
            return format;
        var text = new StringBuilder();
        int arg = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            i++;
            if (format[i] == '%')
                text.Append('%');
            else if (format[i] == 'q')
                text.Append('"').Append(args[arg++]).Append('"');
            else
                text.Append(Text(args[arg++]));
        }
        return text.ToString();
    }

    string Text(object? arg) => arg switch
    {
        null => "<nil>",
        string s => s,
        Operand x => x.ToString(_typeEnv),
        GoType t => Str(t),
        Expr e => ExprString(e),
        Token op => Tokens.Text(op),
        IEnumerable<GoType> types => "[" + Join(types) + "]",
        IEnumerable<Expr> exprs => "[" + JoinExprs(exprs) + "]",
        Obj obj => ObjText(obj),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => arg.ToString() ?? "",
    };

    string Join(IEnumerable<GoType> types)
    {
        var parts = new List<string>();
        foreach (GoType t in types)
            parts.Add(Str(t));
        return string.Join(", ", parts);
    }

    static string JoinExprs(IEnumerable<Expr> exprs)
    {
        var parts = new List<string>();
        foreach (Expr e in exprs)
            parts.Add(ExprString(e));
        return string.Join(", ", parts);
    }

    string ObjText(Obj obj) => _typeEnv.Text(obj);
}

// Applies edits to files, and shows them as a unified diff.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Vet;

/// <summary>Edits of several files.</summary>
public static class Edits
{
    /// <summary>The new text of each changed file. Edits that overlap an earlier one are left out; equal ones count once.</summary>
    public static List<(SourceFile File, byte[] Text)> Results(IEnumerable<TextEdit> edits)
    {
        Dictionary<SourceFile, List<TextEdit>> byFile = [];
        List<SourceFile> order = [];
        foreach (TextEdit e in edits)
        {
            if (!byFile.TryGetValue(e.File, out List<TextEdit>? list))
            {
                byFile[e.File] = list = [];
                order.Add(e.File);
            }
            if (!list.Contains(e))
                list.Add(e);
        }
        List<(SourceFile, byte[])> results = [];
        foreach (SourceFile file in order)
        {
            List<TextEdit> list = byFile[file];
            list.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
            MemoryStream text = new();
            int at = 0;
            foreach (TextEdit e in list)
            {
                if (e.Start < at)
                    continue;
                text.Write(file.Text, at, e.Start - at);
                text.Write(Encoding.UTF8.GetBytes(e.NewText));
                at = e.End;
            }
            text.Write(file.Text, at, file.Text.Length - at);
            results.Add((file, text.ToArray()));
        }
        return results;
    }

    /// <summary>Does one of the new edits touch an accepted one (other than by being the same)?</summary>
    public static bool Overlap(IReadOnlyList<TextEdit> accepted, IReadOnlyList<TextEdit> more)
    {
        foreach (TextEdit a in accepted)
        {
            foreach (TextEdit b in more)
            {
                if (a != b && ReferenceEquals(a.File, b.File) && a.Start < b.End && b.Start < a.End)
                    return true;
            }
        }
        return false;
    }

    /// <summary>Writes the files anew, each as a whole; a file that is no regular file is never replaced.</summary>
    public static void Apply(IEnumerable<TextEdit> edits)
    {
        foreach ((SourceFile file, byte[] text) in Results(edits))
            File.WriteAllBytes(file.Path, text);
    }

    // ---- diff

    const int ContextLines = 3;

    /// <summary>Larger differences are shown as a whole: old text, new text.</summary>
    const int MaxCells = 16 << 20;

    /// <summary>A unified diff of one file; "" when nothing changed. Lines are compared by the longest common subsequence around the edits.</summary>
    public static string Diff(string name, byte[] oldText, byte[] newText)
    {
        string[] a = Lines(oldText), b = Lines(newText);
        int head = 0, tail = 0;
        while (head < a.Length && head < b.Length && a[head] == b[head])
            head++;
        while (tail < a.Length - head && tail < b.Length - head && a[^(tail + 1)] == b[^(tail + 1)])
            tail++;
        if (head == a.Length && head == b.Length)
            return "";
        List<(char Kind, string Line)> script = Script(a.AsSpan(head, a.Length - head - tail), b.AsSpan(head, b.Length - head - tail));
        for (int i = Math.Max(0, head - ContextLines); i < head; i++)
            script.Insert(i - Math.Max(0, head - ContextLines), (' ', a[i]));
        int first = Math.Max(0, head - ContextLines);
        for (int i = 0; i < Math.Min(tail, ContextLines); i++)
            script.Add((' ', a[a.Length - tail + i]));
        StringBuilder text = new($"--- {name}\n+++ {name}\n");
        Hunks(text, script, first + 1);
        return text.ToString();
    }

    static string[] Lines(byte[] text)
    {
        string s = Encoding.UTF8.GetString(text);
        string[] lines = s.Split('\n');
        return s.EndsWith('\n') ? lines[..^1] : lines;
    }

    static List<(char, string)> Script(ReadOnlySpan<string> a, ReadOnlySpan<string> b)
    {
        List<(char, string)> script = [];
        if ((long)a.Length * b.Length > MaxCells)
        {
            foreach (string line in a)
                script.Add(('-', line));
            foreach (string line in b)
                script.Add(('+', line));
            return script;
        }
        var length = new int[a.Length + 1, b.Length + 1];
        for (int i = a.Length - 1; i >= 0; i--)
        {
            for (int j = b.Length - 1; j >= 0; j--)
                length[i, j] = a[i] == b[j] ? length[i + 1, j + 1] + 1 : Math.Max(length[i + 1, j], length[i, j + 1]);
        }
        int x = 0, y = 0;
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
            {
                script.Add((' ', a[x++]));
                y++;
            }
            else if (y == b.Length || (x < a.Length && length[x + 1, y] >= length[x, y + 1]))
                script.Add(('-', a[x++]));
            else
                script.Add(('+', b[y++]));
        }
        return script;
    }

    /// <summary>Splits where more than twice the context is equal.</summary>
    static void Hunks(StringBuilder text, List<(char Kind, string Line)> script, int line)
    {
        int i = 0, oldLine = line, newLine = line;
        while (i < script.Count)
        {
            int start = i;
            while (start < script.Count && script[start].Kind == ' ')
                start++;
            if (start == script.Count)
                return;
            int from = Math.Max(i, start - ContextLines), end = start, equal = 0;
            for (int k = start; k < script.Count && equal <= 2 * ContextLines; k++)
            {
                equal = script[k].Kind == ' ' ? equal + 1 : 0;
                if (equal == 0)
                    end = k + 1;
            }
            int to = Math.Min(script.Count, end + ContextLines);
            oldLine += from - i;
            newLine += from - i;
            int oldCount = 0, newCount = 0;
            StringBuilder body = new();
            for (int k = from; k < to; k++)
            {
                oldCount += script[k].Kind != '+' ? 1 : 0;
                newCount += script[k].Kind != '-' ? 1 : 0;
                body.Append(script[k].Kind).Append(script[k].Line).Append('\n');
            }
            text.Append($"@@ -{oldLine},{oldCount} +{newLine},{newCount} @@\n").Append(body);
            oldLine += oldCount;
            newLine += newCount;
            i = to;
        }
    }
}

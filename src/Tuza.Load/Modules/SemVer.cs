// Versions of modules (v1.2.3-pre+meta) and of Go (1.21.3, 1.22rc1), compared as the go command does.

using System;

namespace Tuza.Load;

/// <summary>Compares versions.</summary>
static class SemVer
{
    /// <summary>Compares two module versions; an empty version is the smallest.</summary>
    public static int Compare(string a, string b)
    {
        if (a == b)
            return 0;
        if (a == "" || b == "")
            return a == "" ? -1 : 1;
        (string coreA, string preA) = Split(a);
        (string coreB, string preB) = Split(b);
        string[] x = coreA.Split('.'), y = coreB.Split('.');
        for (int i = 0; i < 3; i++)
        {
            int c = CompareNumbers(i < x.Length ? x[i] : "0", i < y.Length ? y[i] : "0");
            if (c != 0)
                return c;
        }
        return ComparePrerelease(preA, preB);
    }

    static (string Core, string Prerelease) Split(string v)
    {
        v = v.TrimStart('v');
        int plus = v.IndexOf('+');
        if (plus >= 0)
            v = v[..plus];
        int dash = v.IndexOf('-');
        return dash < 0 ? (v, "") : (v[..dash], v[(dash + 1)..]);
    }

    static int CompareNumbers(string a, string b)
    {
        a = a.TrimStart('0');
        b = b.TrimStart('0');
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);
    }

    static int ComparePrerelease(string a, string b)
    {
        if (a == b)
            return 0;
        if (a == "" || b == "")
            return a == "" ? 1 : -1; // a release is newer than its candidates
        string[] x = a.Split('.'), y = b.Split('.');
        for (int i = 0; i < Math.Min(x.Length, y.Length); i++)
        {
            if (x[i] == y[i])
                continue;
            bool nx = IsNumber(x[i]), ny = IsNumber(y[i]);
            if (nx != ny)
                return nx ? -1 : 1;
            return nx ? CompareNumbers(x[i], y[i]) : string.CompareOrdinal(x[i], y[i]);
        }
        return x.Length.CompareTo(y.Length);
    }

    static bool IsNumber(string s)
    {
        foreach (char c in s)
        {
            if (!char.IsAsciiDigit(c))
                return false;
        }
        return s != "";
    }

    /// <summary>The minor of a Go version: 21 of "1.21", "1.21.3" or "1.21rc1"; -1 when it is none.</summary>
    public static int GoMinor(string version)
    {
        if (!version.StartsWith("1.", StringComparison.Ordinal))
            return version == "1" ? 0 : -1;
        int end = 2;
        while (end < version.Length && char.IsAsciiDigit(version[end]))
            end++;
        return int.TryParse(version.AsSpan(2, end - 2), out int minor) ? minor : -1;
    }
}

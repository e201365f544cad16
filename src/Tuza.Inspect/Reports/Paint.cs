// Colours of text for people. What is painted reads the same without them.

namespace Tuza.Inspect;

/// <summary>Paints, or does not.</summary>
public readonly struct Paint(bool on)
{
    public string Head(string s) => In("1", s);
    public string Place(string s) => In("36", s);
    public string Alarm(string s) => In("1;31", s);
    public string Mend(string s) => In("32", s);

    string In(string code, string s) => on && s != "" ? $"\u001b[{code}m{s}\u001b[0m" : s;
}

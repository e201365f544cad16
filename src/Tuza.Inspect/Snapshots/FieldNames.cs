// What the words of an object are called: element and field, from the object's type.

using Tuza.Abi;

namespace Tuza.Inspect;

/// <summary>Names places inside objects.</summary>
public static class FieldNames
{
    const int MostDepth = 8;

    /// <summary>The element (-1 when the object is one value) and the field ("" when it has none) at an offset.</summary>
    public static (long Element, string Field) Of(Snapshot s, int o, long offset)
    {
        SnapshotType t = s.Types[s.Type[o]];
        long element = -1;
        if (t.Bytes > 0 && s.IsArray(o))
        {
            element = offset / t.Bytes;
            offset %= t.Bytes;
        }
        return (element, In(s, t, offset, 0));
    }

    static string In(Snapshot s, SnapshotType t, long offset, int depth)
    {
        if (depth > MostDepth)
            return "";
        if (t.Kind == Kind.Array && s.Types[t.Elem].Bytes > 0)
        {
            SnapshotType elem = s.Types[t.Elem];
            string inner = In(s, elem, offset % elem.Bytes, depth + 1);
            return $"[{offset / elem.Bytes}]" + (inner == "" || inner[0] == '[' ? inner : "." + inner);
        }
        if (t.Kind != Kind.Struct)
            return "";
        for (int i = t.Fields.Length - 1; i >= 0; i--)
        {
            SnapshotField f = t.Fields[i];
            if (f.Offset > offset)
                continue;
            string inner = In(s, s.Types[f.Type], offset - f.Offset, depth + 1);
            return inner == "" || inner[0] == '[' ? f.Name + inner : f.Name + "." + inner;
        }
        return "";
    }
}

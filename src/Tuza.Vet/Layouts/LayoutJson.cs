// Layouts as JSON: one object per call of the command.

using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Tuza.Vet;

/// <summary>Writes `tuza layout -json`.</summary>
public static class LayoutJson
{
    public static string Write(IReadOnlyList<TypeLayout> layouts, IReadOnlyList<AtomicUse> atomics)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            w.WriteStartObject();
            w.WriteNumber("v", 1);
            w.WriteString("kind", "layout");
            w.WriteStartArray("types");
            foreach (TypeLayout t in layouts)
                One(w, t, atomics);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    static void One(Utf8JsonWriter w, TypeLayout t, IReadOnlyList<AtomicUse> atomics)
    {
        w.WriteStartObject();
        w.WriteString("type", t.Name);
        w.WriteString("arch", t.Arch);
        w.WriteNumber("size", t.Size);
        w.WriteNumber("align", t.Align);
        w.WriteNumber("pointerBytes", t.PtrBytes);
        w.WriteNumber("block", t.BlockBytes);
        w.WriteNumber("classWaste", t.ClassWaste);
        w.WriteNumber("padding", t.PaddingBytes);
        w.WriteBoolean("tiny", t.IsTiny);
        w.WriteStartArray("fields");
        foreach (LayoutField f in t.Fields)
        {
            w.WriteStartObject();
            w.WriteString("name", f.Name);
            w.WriteString("type", f.Var.Type.ToString());
            if (f.Var.Embedded)
                w.WriteBoolean("embedded", true);
            w.WriteNumber("offset", f.Offset);
            w.WriteNumber("size", f.Size);
            w.WriteNumber("align", f.Align);
            w.WriteString("pointers", f.PtrMap);
            if (t.Sizes.WordBytes == 4 && f.Offset % 8 != 0 && LayoutText.Is64(f.Var.Type))
                w.WriteBoolean("atomic64Aligned", false);
            w.WriteEndObject();
        }
        w.WriteEndArray();
        if (t.Best is { } best)
        {
            w.WriteStartObject("best");
            w.WriteStartArray("order");
            foreach (int i in best.Order)
                w.WriteStringValue(t.Fields[i].Name);
            w.WriteEndArray();
            w.WriteNumber("size", best.Size);
            w.WriteNumber("block", best.BlockBytes);
            w.WriteNumber("pointerBytes", best.PtrBytes);
            w.WriteEndObject();
        }
        w.WriteStartArray("atomics");
        foreach (AtomicUse a in atomics)
        {
            if (t.Fields.Exists(f => ReferenceEquals(f.Var.Origin, a.Field.Origin)))
                w.WriteStringValue(a.Pos.ToString() + ": " + a.Call);
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }
}

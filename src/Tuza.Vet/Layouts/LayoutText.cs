// Layouts as text, the contract of `tuza layout`: one header line, one line per field and gap, the best order, what 64-bit atomics meet.

using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>A 64-bit function of sync/atomic on a field. Call: as written, for messages.</summary>
public sealed record AtomicUse(Pos Pos, string Call, Var Field);

/// <summary>Prints layouts.</summary>
public static class LayoutText
{
    /// <summary>arch is padded to archWidth, so that the headers of several machines stand below each other.</summary>
    public static string Write(TypeLayout t, IReadOnlyList<AtomicUse> atomics, int archWidth, Package? from)
    {
        StringBuilder b = new();
        b.Append(CultureInfo.InvariantCulture, $"{Escaped(t.Name)}  {t.Arch.PadRight(archWidth)}  {t.Size} B, {Class(t)}, align {t.Align}, ");
        b.Append(t.PtrBytes == 0 ? "no pointers" : $"pointers end at {t.PtrBytes} of {t.Size}").Append('\n');
        if (t.Fields.Count > 0)
            Rows(b, t, from);
        if (t.Best is { } best)
            BestOrder(b, t, best);
        Atomics(b, t, atomics);
        return b.ToString();
    }

    static string Class(TypeLayout t)
    {
        if (t.Size == 0)
            return "no block";
        if (t.IsTiny)
            return "shares a block of 16 B";
        string block = t.IsLarge ? $"{t.BlockBytes / Abi.HeapConsts.PageBytes} pages" : $"class {t.BlockBytes}";
        return t.ClassWaste == 0 ? block : t.IsLarge ? $"{block} ({t.ClassWaste} B lost to pages)" : $"{block} ({t.ClassWaste} B lost to class)";
    }

    static void Rows(StringBuilder b, TypeLayout t, Package? from)
    {
        b.Append("  off size  field\n");
        long end = 0;
        foreach (LayoutField f in t.Fields)
        {
            Gap(f.Offset);
            string type = f.Var.Type.ToString(from);
            string name = f.Var.Embedded ? type : f.Name + " " + type;
            b.Append(CultureInfo.InvariantCulture, $"{f.Offset,5}{f.Size,5}  {Escaped(name)}");
            if (f.PtrMap != "")
                b.Append("   ").Append(f.PtrMap);
            b.Append('\n');
            end = f.Offset + f.Size;
        }
        Gap(t.Size);

        void Gap(long to)
        {
            if (to > end)
                b.Append(CultureInfo.InvariantCulture, $"{end,5}{to - end,5}  ...... padding\n");
        }
    }

    static void BestOrder(StringBuilder b, TypeLayout t, FieldOrder best)
    {
        if (best.Size == t.Size && best.PtrBytes == t.PtrBytes)
            return;
        b.Append("  best order");
        foreach (int i in best.Order)
            b.Append(' ').Append(Escaped(t.Fields[i].Name));
        b.Append(CultureInfo.InvariantCulture, $": {best.Size} B, class {best.BlockBytes} ({Saves(t, best)})          tuza layout -fix {t.Name}\n");
    }

    /// <summary>What an order is better in.</summary>
    public static string Saves(TypeLayout t, FieldOrder best)
    {
        if (best.BlockBytes < t.BlockBytes)
            return $"saves {t.BlockBytes - best.BlockBytes} B = {100 * (t.BlockBytes - best.BlockBytes) / t.BlockBytes} %";
        if (best.Size < t.Size)
            return $"saves {t.Size - best.Size} B in arrays and other structs; a block of its own stays the same";
        return $"saves no bytes, pointers end at {best.PtrBytes} instead of {t.PtrBytes}";
    }

    static void Atomics(StringBuilder b, TypeLayout t, IReadOnlyList<AtomicUse> atomics)
    {
        if (t.Sizes.WordBytes != 4)
            return;
        foreach (LayoutField f in t.Fields)
        {
            if (f.Offset % 8 == 0 || !Is64(f.Var.Type))
                continue;
            AtomicUse? use = null;
            foreach (AtomicUse a in atomics)
            {
                if (ReferenceEquals(a.Field.Origin, f.Var.Origin) || SameField(a.Field, f.Var))
                    use ??= a;
            }
            b.Append(use != null
                ? $"  {f.Name} at offset {f.Offset}: NOT 8-aligned, {use.Call} would panic  ({Place(use.Pos)})\n"
                : $"  {f.Name} at offset {f.Offset}: not 8-aligned, a 64-bit atomic operation on it would panic; atomic.{(IsUnsigned(f.Var.Type) ? "Uint64" : "Int64")} is always aligned\n");
        }
    }

    /// <summary>The same declaration read for another machine.</summary>
    static bool SameField(Var a, Var b) => a.Name == b.Name && a.Pos.Line == b.Pos.Line && a.Pos.Column == b.Pos.Column && a.Pos.File?.Path == b.Pos.File?.Path;

    internal static bool Is64(GoType t) => t.Underlying is BasicType { Kind: BasicKind.Int64 or BasicKind.Uint64 };
    static bool IsUnsigned(GoType t) => t.Underlying is BasicType { Kind: BasicKind.Uint64 };

    static string Place(Pos pos) => System.IO.Path.GetFileName(Positions.Resolve(pos).Name) + ":" + Positions.Resolve(pos).Line.ToString(CultureInfo.InvariantCulture);

    /// <summary>Names of a program may hold anything; control characters do not reach a terminal.</summary>
    internal static string Escaped(string s)
    {
        foreach (char c in s)
        {
            if (char.IsControl(c) || c is '\u202e' or '\u202d' or '\u2066' or '\u2067' or '\u2068')
                return GoText.Quote(s)[1..^1];
        }
        return s;
    }

    /// <summary>One line for a list of many types: waste first.</summary>
    public static string Line(TypeLayout t) => string.Create(CultureInfo.InvariantCulture,
        $"{t.Waste,5} B  {t.Size,5} B  class {t.BlockBytes,5}  padding {t.PaddingBytes,3}  best {t.Best?.Size ?? t.Size,5} B  {Escaped(t.Name)}");
}

// The flattened form of types that exist at run time only (reflect.FuncOf, StructOf, ArrayOf).
//
// The rules are those of the compiler (docs/ARCHITECTURE.md section 2): a value is at most four scalars, or it is memory. Both sides must agree,
// because functions compiled for a shape are called through bridges made here.

using System.Collections.Generic;
using System.Text;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>One scalar: its place in memory, its size there, and how a call carries it.</summary>
public readonly record struct FlatScalar(int Offset, int Size, char Letter, bool Signed, bool Tracked)
{
    /// <summary>Letters: p pointer, l 64 bits, w up to 32 bits, d float64, f float32.</summary>
    public const char Pointer = 'p', Long = 'l', Word = 'w', Double = 'd', Float = 'f';

    public FlatScalar At(long offset) => this with { Offset = Offset + (int)offset };
}

/// <summary>One parameter or result in an argument frame.</summary>
public sealed unsafe class FlatPart
{
    public required TypeDesc* Type { get; init; }
    public required int Offset { get; init; }
    public required bool IsMemory { get; init; }
    /// <summary>With offsets in the argument frame.</summary>
    public required List<FlatScalar> Scalars { get; init; }
}

/// <summary>A function type as a call sees it.</summary>
public sealed unsafe class FlatShape
{
    const int MaxScalars = 4;

    public List<FlatPart> Params { get; } = [];
    public List<FlatPart> Results { get; } = [];
    /// <summary>Bytes of the argument frame: arguments, then 8-aligned results.</summary>
    public int FrameBytes { get; }
    public int MemoryResults { get; }
    public int ScalarResults { get; }
    /// <summary>Everything that code for the shape depends on.</summary>
    public string Key { get; }
    /// <summary>The frame as an object of the heap.</summary>
    public TypeDesc* FrameType { get; }

    public FlatShape(FuncTypeDesc* f, bool method)
    {
        const int Variadic = 0x8000;
        int at = method ? sizeof(void*) : 0;
        TypeDesc** types = TypesOf(f);
        var key = new StringBuilder();
        for (int i = 0; i < f->InCount; i++)
            Add(Params, types[i], ref at, key);
        at = Align(at, 8);
        key.Append(':');
        for (int i = 0; i < (f->OutCount & ~Variadic); i++)
            Add(Results, types[f->InCount + i], ref at, key);
        FrameBytes = Align(at, 8);
        foreach (FlatPart r in Results)
        {
            MemoryResults += r.IsMemory ? 1 : 0;
            ScalarResults += r.Scalars.Count;
        }
        Key = key.ToString();
        FrameType = MakeFrameType();
    }

    static TypeDesc** TypesOf(FuncTypeDesc* f)
    {
        byte* p = (byte*)f + ((sizeof(FuncTypeDesc) + 7) & ~7);
        if ((f->Type.TFlag & TFlag.Uncommon) != 0)
            p += sizeof(UncommonTypeDesc);
        return (TypeDesc**)p;
    }

    static int Align(int n, int align) => align <= 1 ? n : (n + align - 1) & -align;

    static void Add(List<FlatPart> parts, TypeDesc* t, ref int at, StringBuilder key)
    {
        at = Align(at, t->Align);
        var scalars = new List<FlatScalar>();
        bool memory = !Flatten(t, at, scalars);
        if (memory)
            scalars.Clear();
        parts.Add(new FlatPart { Type = t, Offset = at, IsMemory = memory, Scalars = scalars });
        key.Append(at).Append(memory ? "m" : "");
        foreach (FlatScalar s in scalars)
            key.Append('+').Append(s.Offset).Append(s.Letter).Append(s.Size).Append(s.Signed ? "s" : "").Append(s.Tracked ? "!" : "");
        key.Append(',');
        at += (int)t->Size;
    }

    /// <summary>Appends the scalars of a value at the offset; false: the type is memory.</summary>
    static bool Flatten(TypeDesc* t, long offset, List<FlatScalar> to)
    {
        int before = to.Count;
        switch (t->Kind)
        {
            case Kind.Array:
                var a = (ArrayTypeDesc*)t;
                return t->Size == 0 || (a->Len == 1 && Flatten(a->Elem, offset, to));
            case Kind.Struct:
                GoSlice fields = ((StructTypeDesc*)t)->Fields;
                for (nint i = 0; i < fields.Len; i++)
                {
                    StructFieldDesc* f = (StructFieldDesc*)fields.Array + i;
                    if (!Flatten(f->Type, offset + (long)f->Offset, to) || to.Count - before > MaxScalars)
                        return false;
                }
                return true;
            default:
                foreach (FlatScalar s in Scalars(t->Kind, (int)t->Size))
                    to.Add(s.At(offset));
                return true;
        }
    }

    static FlatScalar[] Scalars(Kind kind, int size)
    {
        FlatScalar pointer = new(0, 8, FlatScalar.Pointer, false, true);
        FlatScalar Long(int offset) => new(offset, 8, FlatScalar.Long, false, false);
        return kind switch
        {
            Kind.Bool or Kind.Uint8 or Kind.Uint16 or Kind.Uint32 => [new(0, size, FlatScalar.Word, false, false)],
            Kind.Int8 or Kind.Int16 or Kind.Int32 => [new(0, size, FlatScalar.Word, true, false)],
            Kind.Float32 => [new(0, 4, FlatScalar.Float, false, false)],
            Kind.Float64 => [new(0, 8, FlatScalar.Double, false, false)],
            Kind.Complex64 => [new(0, 4, FlatScalar.Float, false, false), new(4, 4, FlatScalar.Float, false, false)],
            Kind.Complex128 => [new(0, 8, FlatScalar.Double, false, false), new(8, 8, FlatScalar.Double, false, false)],
            Kind.String => [pointer, Long(8)],
            Kind.Slice => [pointer, Long(8), Long(16)],
            Kind.Interface => [pointer with { Tracked = false }, pointer.At(8)],
            Kind.Pointer or Kind.Map or Kind.Chan or Kind.Func or Kind.UnsafePointer => [pointer],
            _ => [Long(0)],
        };
    }

    // ---- the frame's pointers

    TypeDesc* MakeFrameType()
    {
        int words = FrameBytes / 8;
        byte* mask = (byte*)DataMemory.Alloc((words / 8) + 8);
        int last = 0;
        foreach (List<FlatPart> parts in (List<FlatPart>[])[Params, Results])
            foreach (FlatPart p in parts)
                MarkPointers(p.Type, p.Offset, mask, ref last);
        var t = (TypeDesc*)DataMemory.Alloc(sizeof(TypeDesc));
        t->Size = (nuint)FrameBytes;
        t->PtrBytes = (nuint)last;
        t->Align = t->FieldAlign = 8;
        t->Kind = Kind.Struct;
        t->GCData = mask;
        return t;
    }

    static void MarkPointers(TypeDesc* t, long offset, byte* mask, ref int last)
    {
        if (t->PtrBytes == 0)
            return;
        switch (t->Kind)
        {
            case Kind.Array:
                var a = (ArrayTypeDesc*)t;
                for (nuint i = 0; i < a->Len; i++)
                    MarkPointers(a->Elem, offset + (long)(i * a->Elem->Size), mask, ref last);
                break;
            case Kind.Struct:
                GoSlice fields = ((StructTypeDesc*)t)->Fields;
                for (nint i = 0; i < fields.Len; i++)
                {
                    StructFieldDesc* f = (StructFieldDesc*)fields.Array + i;
                    MarkPointers(f->Type, offset + (long)f->Offset, mask, ref last);
                }
                break;
            default:
                foreach (FlatScalar s in Scalars(t->Kind, (int)t->Size))
                {
                    if (!s.Tracked)
                        continue;
                    long word = (offset + s.Offset) / 8;
                    mask[word / 8] |= (byte)(1 << (int)(word % 8));
                    last = System.Math.Max(last, (int)(word + 1) * 8);
                }
                break;
        }
    }
}

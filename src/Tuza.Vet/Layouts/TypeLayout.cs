// How a type lies in memory on one GOARCH: fields, padding, pointers, the block it gets on the heap, and the best order of its fields.
//
// Terms. padding: bytes that no field covers, between fields and at the end. block: what an allocation of one value takes, its size class, or
// whole pages for large values; objects with pointers above 512 bytes (128 on 32-bit machines) carry a header of 8 bytes that counts. waste:
// padding plus what the class rounds up.
//
// The best order sorts by alignment, descending, so that no gap arises between fields (each size is a multiple of its alignment); fields of size
// zero come first, where they cost nothing; of equal alignment, fields with pointers come first, those with the shorter tail behind their
// last pointer last, so that the collector stops scanning early. It is minimal in size. When ascending alignment gives the same size and keeps more
// of the order as written, it is preferred.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>One field. PtrWords: offsets in words, relative to the field, that hold pointers (at most the first 64 words are listed).</summary>
public sealed record LayoutField(string Name, Var Var, int Index, long Offset, long Size, long Align, long PtrBytes, string PtrMap);

/// <summary>Another order of the fields and what it costs. Order holds field numbers.</summary>
public sealed record FieldOrder(IReadOnlyList<int> Order, long Size, long PtrBytes, long BlockBytes);

/// <summary>The layout of one type on one machine.</summary>
public sealed class TypeLayout
{
    /// <summary>Objects with more bytes of pointers keep their type in a header.</summary>
    const int MaxWordsOfHeapBits64 = 512, MaxWordsOfHeapBits32 = 128, HeaderBytes = 8, TinyBytes = 16, MapWords = 64;

    TypeLayout(string name, GoType type, string arch, Sizes sizes)
    {
        Name = name;
        Type = type;
        Arch = arch;
        Sizes = sizes;
        Size = sizes.Sizeof(type);
        Align = sizes.Alignof(type);
        PtrBytes = sizes.PtrBytes(type);
        BlockBytes = BlockOf(Size, PtrBytes > 0, sizes.WordBytes);
        long end = 0;
        if (type.Underlying is StructType s)
        {
            long[] offsets = sizes.Offsetsof(s);
            for (int i = 0; i < offsets.Length; i++)
            {
                GoType t = s.Fields[i].Type;
                var f = new LayoutField(s.Fields[i].Name, s.Fields[i], i, offsets[i], sizes.Sizeof(t), sizes.Alignof(t), sizes.PtrBytes(t), MapOf(t));
                PaddingBytes += f.Offset - end;
                end = f.Offset + f.Size;
                Fields.Add(f);
            }
            PaddingBytes += Size - end;
            Best = BestOrder(s, sizes, null);
        }
    }

    public string Name { get; }
    public GoType Type { get; }
    public string Arch { get; }
    public Sizes Sizes { get; }
    public long Size { get; }
    public long Align { get; }
    public long PtrBytes { get; }
    public long BlockBytes { get; }
    public long PaddingBytes { get; }
    public List<LayoutField> Fields { get; } = [];
    /// <summary>Null for types that are no structs.</summary>
    public FieldOrder? Best { get; set; }

    /// <summary>Without pointers and below 16 bytes: shares a block with others.</summary>
    public bool IsTiny => PtrBytes == 0 && Size is > 0 and < TinyBytes;
    public bool IsLarge => BlockBytes > 0 && BlockBytes % HeapConsts.PageBytes == 0 && Size > HeapConsts.MaxSmallAlloc;
    public long ClassWaste => IsTiny ? 0 : BlockBytes - Size;
    public long Waste => PaddingBytes + ClassWaste;

    public static TypeLayout Of(string name, GoType type, string arch) =>
        new(name, type, arch, Sizes.ForArch(arch) ?? throw new ArgumentException("TypeLayout.Of: unknown GOARCH " + arch));

    /// <summary>The bytes that one allocation of size bytes occupies.</summary>
    public static long BlockOf(long size, bool pointers, int wordBytes)
    {
        if (size <= 0)
            return 0;
        long need = size + (pointers && size > (wordBytes == 8 ? MaxWordsOfHeapBits64 : MaxWordsOfHeapBits32) ? HeaderBytes : 0);
        if (size > HeapConsts.MaxSmallAlloc || need > HeapConsts.MaxSmallBytes)
            return (size + HeapConsts.PageBytes - 1) / HeapConsts.PageBytes * HeapConsts.PageBytes;
        return SizeClasses.Bytes(SizeClasses.ClassOf((nuint)need));
    }

    /// <summary>One character per word: P for a pointer.</summary>
    string MapOf(GoType t)
    {
        long words = Math.Min((Sizes.PtrBytes(t) + Sizes.WordBytes - 1) / Sizes.WordBytes, MapWords);
        if (words == 0)
            return "";
        long all = Sizes.Sizeof(t) / Sizes.WordBytes;
        char[] map = new char[Math.Min(all, MapWords)];
        Array.Fill(map, '.');
        Mark(t, 0);
        return new string(map) + (all > MapWords ? "…" : "");

        // Arrays may be huge: only what falls into the map is looked at.
        void Mark(GoType x, long at)
        {
            if (at / Sizes.WordBytes >= map.Length || Sizes.PtrBytes(x) == 0)
                return;
            switch (x.Underlying)
            {
                case ArrayType a:
                    for (long i = 0; i < a.Len && (at + i * Sizes.Sizeof(a.Elem)) / Sizes.WordBytes < map.Length; i++)
                        Mark(a.Elem, at + i * Sizes.Sizeof(a.Elem));
                    break;
                case StructType s:
                    long[] offsets = Sizes.Offsetsof(s);
                    for (int i = 0; i < offsets.Length; i++)
                        Mark(s.Fields[i].Type, at + offsets[i]);
                    break;
                default:
                    Sizes.ForEachPointer(x, at, o => map[o / Sizes.WordBytes] = 'P');
                    break;
            }
        }
    }

    // ---- the best order

    /// <summary>first: fields that must lie at multiples of eight on all machines (64-bit atomics); they come before all others.</summary>
    public static FieldOrder BestOrder(StructType s, Sizes sizes, Predicate<Var>? first)
    {
        int n = s.Fields.Count;
        if (first != null && !s.Fields.Exists(first))
            first = null;
        var order = new int[n];
        for (int i = 0; i < n; i++)
            order[i] = i;
        Array.Sort(order, (a, b) => Compare(s.Fields[a], s.Fields[b]) is not 0 and int c ? c : a.CompareTo(b));
        var best = Measure(s, sizes, order);
        var rising = new int[n];
        for (int i = 0; i < n; i++)
            rising[i] = i;
        Array.Sort(rising, (a, b) => CompareRising(s.Fields[a], s.Fields[b]) is not 0 and int c ? c : a.CompareTo(b));
        var other = Measure(s, sizes, rising);
        if (first == null && other.Size == best.Size && other.PtrBytes == best.PtrBytes && Inversions(rising) < Inversions(order))
            best = other;
        var given = new int[n];
        for (int i = 0; i < n; i++)
            given[i] = i;
        var now = Measure(s, sizes, given);
        // The order as written is kept unless the other one is better in something and worse in nothing.
        bool better = best.Size < now.Size || (best.Size == now.Size && best.PtrBytes < now.PtrBytes);
        return better ? best : now;

        int CompareRising(Var a, Var b)
        {
            long sizeA = sizes.Sizeof(a.Type), sizeB = sizes.Sizeof(b.Type);
            return sizeA == 0 != (sizeB == 0) ? (sizeA == 0 ? -1 : 1) : sizes.Alignof(a.Type).CompareTo(sizes.Alignof(b.Type));
        }

        int Compare(Var a, Var b)
        {
            long sizeA = sizes.Sizeof(a.Type), sizeB = sizes.Sizeof(b.Type);
            if (sizeA == 0 != (sizeB == 0))
                return sizeA == 0 ? -1 : 1;
            if (first != null && first(a) != first(b))
                return first(a) ? -1 : 1;
            long alignA = sizes.Alignof(a.Type), alignB = sizes.Alignof(b.Type);
            if (alignA != alignB)
                return alignB.CompareTo(alignA);
            long ptrsA = sizes.PtrBytes(a.Type), ptrsB = sizes.PtrBytes(b.Type);
            if (ptrsA == 0 != (ptrsB == 0))
                return ptrsA == 0 ? 1 : -1;
            if (ptrsA > 0 && sizeA - ptrsA != sizeB - ptrsB)
                return (sizeA - ptrsA).CompareTo(sizeB - ptrsB);
            return sizeB.CompareTo(sizeA);
        }
    }

    /// <summary>Pairs that changed sides.</summary>
    static int Inversions(int[] order)
    {
        int n = 0;
        for (int i = 0; i < order.Length; i++)
        {
            for (int j = i + 1; j < order.Length; j++)
                n += order[i] > order[j] ? 1 : 0;
        }
        return n;
    }

    /// <summary>What an order costs.</summary>
    public static FieldOrder Measure(StructType s, Sizes sizes, IReadOnlyList<int> order)
    {
        long at = 0, align = 1, ptrs = 0, last = 0;
        foreach (int i in order)
        {
            GoType t = s.Fields[i].Type;
            long a = sizes.Alignof(t);
            align = Math.Max(align, a);
            at = (at + a - 1) / a * a;
            if (sizes.PtrBytes(t) is > 0 and var p)
                ptrs = at + p;
            last = sizes.Sizeof(t);
            at += last;
        }
        if (at > 0 && last == 0)
            at++;
        long size = (at + align - 1) / align * align;
        return new FieldOrder(order, size, ptrs, BlockOf(size, ptrs > 0, sizes.WordBytes));
    }
}
